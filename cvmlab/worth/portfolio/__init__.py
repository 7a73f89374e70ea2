"""Who brings the profit: whale curve, concentration curve, and what acting on the worst would bring (S12).

With profit per customer the cumulative curve rises above 100% and comes back: a whale curve. From revenue
alone it is a concentration curve (a Lorenz curve drawn from the top) and never exceeds 100%.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""Who brings the profit: whale curve, concentration curve, and what acting on the worst would bring (S12).

With profit a customer the cumulative curve rises above 100% and comes back: a whale curve. From revenue
alone it is a concentration curve (a Lorenz curve drawn from the top) and never exceeds 100%: the two have
two functions and two names. What dissolving, repricing or serving the worst customers more cheaply would
bring is computed in `cvmlab.portfolio`, whose functions can be called from here as well.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""Labels that managers already know: RFM, as a bridge to the value matrix (S17).

RFM looks back at recency, frequency and money; the value matrix looks ahead at current value and growth
potential. The bridge shows which type each label corresponds to.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

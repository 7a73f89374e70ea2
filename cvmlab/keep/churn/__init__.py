"""Why customers leave, who is likely to, and whom an offer keeps (S21, S22)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

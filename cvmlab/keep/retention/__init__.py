"""How long customers stay: retention rates and hazards with intervals, from a table of subscribers (S20)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

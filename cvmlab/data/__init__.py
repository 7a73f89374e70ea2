"""From files and frames to the tables of the course."""

import lazy_loader

_ROOMS = ["aggregate", "datasets", "reading", "subscribers", "tables"]
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, _ROOMS)

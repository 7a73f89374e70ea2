"""Part C of the course: knowing, serving and keeping customers (S16–S22)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ["churn", "retention", "segments"])

"""Part B of the course: what a customer is worth (S07–S15)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, ["buying", "factors", "ledger", "matrix", "portfolio", "value"]
)

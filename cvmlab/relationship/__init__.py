"""Part A of the course: the relationship over time (S01–S06)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, ["lifecycle", "patterns", "pipeline", "simulated", "stages"]
)

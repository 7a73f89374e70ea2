"""What every room needs: words and errors, scenarios, periods, discounting, checks, files."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ["scenario"])

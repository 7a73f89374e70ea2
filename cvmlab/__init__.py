"""cvmlab: a teaching and case toolkit for customer value management.

>>> import cvmlab as cvm
>>> cvm.use(language="en")
>>> cvm.term("whale_curve")
'whale curve'

Modules are loaded when they are first used, so that ``import cvmlab`` stays light.
"""

import lazy_loader

from cvmlab.core import leaving as _leaving  # noqa: F401 (it registers what is done at the end of Python)

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = "0.1.0"

"""The four patterns of the life curve: in which stage a relationship was left, and why (S04).

==  ==================  =================================================================
I   early failure       left in exploration
II  midway end          left in formation
III early exit          left in stability, after less than twelve months of it
IV  long-lasting        left in stability, after twelve months of it or more
==  ==================  =================================================================

A relationship that is still alive has no pattern yet: it is undecided, whatever it looks like.

>>> from cvmlab import patterns
>>> patterns.ending(patterns.Story(setback_month=3)).pattern
'I'
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

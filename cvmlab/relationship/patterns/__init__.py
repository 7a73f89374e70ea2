"""The four patterns of the life curve: in which stage a relationship was left, and why (S04).

===  ==============  =================================================================
I    early failure   left in exploration
II   midway end      left in formation
III  early exit      left in stability, after less than twelve months of it
IV   long-lasting    left in stability, after twelve months of it or more
===  ==============  =================================================================

Active relationships have no final pattern yet: they are undecided, whatever they look like. Every function that takes
paths through the stages raises `CvmError` for other codes than 0 to 5, another shape, or paths without a period.

>>> from cvmlab import patterns
>>> patterns.ending(patterns.Story(setback_month=3)).pattern
'I'
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

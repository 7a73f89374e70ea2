"""The four patterns of the life curve: in which stage a relationship was left, and why (S04).

===  ==============  =================================================================
I    early failure   left in exploration
II   midway end      left in formation
III  early exit      left in stability, after less than twelve months of it
IV   long-lasting    twelve months of stability or more, whether it has ended or not
===  ==============  =================================================================

The highest stage reached decides. An end is needed to know I, II and III: active relationships that have not outlived
early stability are undecided, whatever they look like. Every function that takes paths through the stages raises
`CvmError` for other codes than 0 to 5, another shape, or paths without a period.

>>> from cvmlab import patterns
>>> patterns.ending(patterns.Story(setback_month=3)).pattern
'I'
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

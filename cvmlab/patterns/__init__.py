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

from __future__ import annotations

from .classifying import calibration, classify, grade, pattern_shares
from .paths import (
    LATE_MONTHS,
    PATTERNS,
    STAGE_LEFT,
    UNDECIDED,
    causes,
    fate_of_the_living,
    last_periods,
    late_formation,
    pattern_of_paths,
)
from .profit import UNNAMED, lost_profit, profit_by_pattern, typical_curves, unnamed_in_order
from .shuffling import shuffle_months, stages_against_shuffled
from .story import Ending, Story, ending, last_month_to_repair, live

__all__ = [
    "LATE_MONTHS",
    "PATTERNS",
    "STAGE_LEFT",
    "UNDECIDED",
    "UNNAMED",
    "Ending",
    "Story",
    "calibration",
    "causes",
    "classify",
    "ending",
    "fate_of_the_living",
    "grade",
    "last_month_to_repair",
    "last_periods",
    "late_formation",
    "live",
    "lost_profit",
    "pattern_of_paths",
    "pattern_shares",
    "profit_by_pattern",
    "shuffle_months",
    "stages_against_shuffled",
    "typical_curves",
    "unnamed_in_order",
]

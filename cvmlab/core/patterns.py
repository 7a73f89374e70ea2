"""The rule that names the pattern of a relationship (S04): one for paths, simulated truth and the market alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

PATTERNS = ("I", "II", "III", "IV")
#: Months of stability from which it is called late: ours, the source gives no number.
LATE_MONTHS = 12
_STABILITY = 3


def pattern_of_life(reached: Any, stable_months: Any, is_over: Any, late_months: float = LATE_MONTHS) -> NDArray[Any]:
    """Return the pattern (0 undecided, 1–4) from the highest stage reached, months of stability, and whether it ended.

    By the book II is a relationship that never reached stability: whoever reached it is III or IV, whatever the way to
    the end. IV is to last in stability, so those who have outlived its early part are IV, ended or not.
    """
    has_lasted = (np.asarray(reached) == _STABILITY) & (np.asarray(stable_months) >= late_months)
    ended = np.where(is_over, np.clip(reached, 1, _STABILITY), 0)
    return np.where(has_lasted, len(PATTERNS), ended).astype(np.uint8)

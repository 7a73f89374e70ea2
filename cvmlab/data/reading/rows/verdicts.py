"""The verdicts in the table ``log``: a code for each reason, and how later judgements change it."""

from __future__ import annotations

from typing import Any

from ..quality import OUTSIDE, REASONS, USED

REASON_CODES = {reason: code for code, reason in enumerate((USED, *REASONS, *OUTSIDE))}
USED_ROWS = f"reason = {REASON_CODES[USED]}"
#: All but totals and repeated heads, used or not.
DATA_ROWS = f"reason NOT IN ({', '.join(str(REASON_CODES[reason]) for reason in OUTSIDE)})"


def set_aside(connection: Any, reason: str, which: str) -> int:
    """Give the used rows for which an SQL condition holds a reason; return how many there were."""
    changed = connection.execute(
        f"UPDATE log SET reason = {REASON_CODES[reason]} WHERE {USED_ROWS} AND ({which})"
    ).fetchone()
    return int(changed[0]) if changed else 0

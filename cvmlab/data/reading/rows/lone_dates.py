"""Lone dates far from all others, most often a slip of the pen: one row dated years later makes everybody silent.

At either end of the log, at most `LONE_ROWS` rows and one in a hundred are lone if no other row lies within half a
year of them, nor within three times the longest pause that the business takes otherwise. So is a single day five years
away with up to a fifth of the rows: systems write 1900-01-01 where they know no date.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from .verdicts import USED_ROWS, set_aside

LONE_ROWS = 3
_LONE_SHARE = 0.01
_FAR_DAYS, _PAUSES = 182, 3
_FAR_DAY, _DAY_SHARE = 1826, 0.2
_FEWEST_ROWS = 20
# the first day that a system, a database or a spreadsheet can write
_EMPTY = frozenset(dt.date(*day) for day in ((1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (1970, 1, 1)))

Days = Sequence[tuple[dt.date, int]]


def set_lone_dates_aside(connection: Any, *, late: bool) -> None:
    """Give rows with a lone far date the reason ``lone_far_date``, those at the end of the log only if ``late``."""
    days = connection.execute(
        f"SELECT date, count(*) FROM log WHERE {USED_ROWS} GROUP BY date ORDER BY date"
    ).fetchall()
    lone = lone_days(days)
    lone = [day for day in lone if late or day < days[len(days) // 2][0]]
    if lone:
        listed = ", ".join(f"DATE '{day.isoformat()}'" for day in lone)
        set_aside(connection, "lone_far_date", f"date IN ({listed})")


def lone_days(days: Days) -> list[dt.date]:
    """Return which of the days of a log, in order and each with its rows, are lone and far from the others."""
    rows = sum(count for _, count in days)
    most = min(LONE_ROWS, max(1, int(_LONE_SHARE * rows)))
    low, high = 0, len(days)
    while high - low > 1 and days[low][0] in _EMPTY and _years_apart(days[low + 1], days[low]):
        low += 1
    if rows < _FEWEST_ROWS:
        return [day for day, _ in days[:low]]
    while high - low > 1 and _is_far_day(days[high - 2], days[high - 1], rows):
        high -= 1
    while high - low > 1 and _is_far_day(days[low + 1], days[low], rows):
        low += 1
    begin, end = low + _outer(days[low:high], most), high - _outer(days[low:high][::-1], most)
    pause = max((_between(days, place) for place in range(begin + 1, end)), default=0)
    far = max(_FAR_DAYS, _PAUSES * pause)
    # from the middle outwards: all beyond the first far step is lone
    high = next((place for place in range(max(end, 1), high) if _between(days, place) > far), high)
    low = next((place for place in range(begin, low, -1) if _between(days, place) > far), low)
    return [day for day, _ in (*days[:low], *days[high:])]


def _is_far_day(near: tuple[dt.date, int], far: tuple[dt.date, int], rows: int) -> bool:
    return _years_apart(near, far) and far[1] <= _DAY_SHARE * rows


def _years_apart(one: tuple[dt.date, int], other: tuple[dt.date, int]) -> bool:
    return abs((one[0] - other[0]).days) > _FAR_DAY


def _outer(days: Days, most: int) -> int:
    """Return how many of the first days together hold at most so many rows."""
    taken = 0
    for place, (_, count) in enumerate(days):
        taken += count
        if taken > most:
            return place
    return len(days)


def _between(days: Days, place: int) -> int:
    return (days[place][0] - days[place - 1][0]).days

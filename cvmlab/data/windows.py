"""Windows of time on a log of transactions, on the engine it came from."""

from __future__ import annotations

from datetime import date
from typing import Any

import narwhals as nw

from cvmlab.data.tables import DATE


def months_before(day: date, months: int) -> date:
    """Return the date ``months`` earlier, the last day of that month where it is shorter."""
    import calendar

    index = day.year * 12 + day.month - 1 - months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def between(transactions: Any, after: date, until: date) -> Any:
    """Return the transactions later than ``after`` and not later than ``until``, on their own engine."""
    day = nw.col(DATE).cast(nw.Date)
    return nw.from_native(transactions).filter(day > after, day <= until).to_native()


def any_between(transactions: Any, after: date, until: date) -> bool:
    """Return whether there is any transaction later than ``after`` and not later than ``until``."""
    rows = nw.from_native(between(transactions, after, until)).head(1)
    return len(nw.to_native(rows.collect() if isinstance(rows, nw.LazyFrame) else rows)) > 0

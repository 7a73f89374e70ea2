"""Windows of time on a log of transactions, on the engine it came from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import narwhals as nw

from cvmlab.data.tables import AMOUNT, CUSTOMER_ID, DATE


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


def of_each_up_to_the_last_purchase(transactions: Any, customers: Sequence[str], months: int) -> Any:
    """Return what customers bought in the months up to the own last purchase, and gave back since, on their engine."""
    day = nw.col(DATE).cast(nw.Date)
    last = nw.when(nw.col(AMOUNT) > 0).then(day).max().over(CUSTOMER_ID)
    theirs = nw.from_native(transactions).filter(nw.col(CUSTOMER_ID).is_in(list(customers)))
    return theirs.filter(day > last.dt.offset_by(f"-{months}mo")).to_native()


def any_between(transactions: Any, after: date, until: date) -> bool:
    """Return whether there is any transaction later than ``after`` and not later than ``until``."""
    rows = nw.from_native(between(transactions, after, until)).head(1)
    return len(nw.to_native(rows.collect() if isinstance(rows, nw.LazyFrame) else rows)) > 0

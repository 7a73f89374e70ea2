"""Calendar periods: months, quarters, half-years and years, as dates and as expressions on any engine."""

from __future__ import annotations

import datetime as dt
from typing import Any

import narwhals as nw

from .words import CvmError

PERIOD_LENGTHS = (1, 3, 6, 12)
#: Days of an average year, leap years counted, and of an average month: what a rate is per.
DAYS_A_YEAR = 365.25
DAYS_A_MONTH = DAYS_A_YEAR / 12


def as_date(value: Any) -> dt.date:
    """Return a date given as one, or as ISO text; raise `CvmError` for anything else."""
    if isinstance(value, dt.datetime):
        return dt.date(value.year, value.month, value.day)
    if isinstance(value, dt.date):
        return value
    try:
        return dt.datetime.fromisoformat(str(value).strip()).date()
    except ValueError:
        raise CvmError("aggregate.not_a_date", value=value) from None


def check_months(months: int) -> None:
    """Raise `CvmError` unless ``months`` is the length of a calendar period."""
    if months not in PERIOD_LENGTHS:
        raise CvmError("aggregate.period_length", months=months, lengths=", ".join(map(str, PERIOD_LENGTHS)))


def period_start(day: nw.Expr, months: int) -> nw.Expr:
    """Return an expression for the first day of the calendar period of a day."""
    year = day.dt.truncate("1y")
    if months == 6:
        # Not every engine truncates to six months. 182 days into a year is 1 or 2 July.
        july = year.dt.offset_by("182d").dt.truncate("1mo")
        return nw.when(day.dt.month() > 6).then(july).otherwise(year)
    return year if months == 12 else day.dt.truncate("1q" if months == 3 else "1mo")


def end_of_grid(as_of: dt.date, months: int, complete_only: bool) -> dt.date:
    """Return the day after the last period that counts."""
    start = dt.date(as_of.year, (as_of.month - 1) // months * months + 1, 1)
    after = months_later(start, months)
    is_complete = after - dt.timedelta(days=1) == as_of
    return start if complete_only and not is_complete else after


def months_later(start: dt.date, months: int) -> dt.date:
    """Return the first day of the month so many months after ``start``, itself a first day."""
    month = start.month - 1 + months
    return dt.date(start.year + month // 12, month % 12 + 1, 1)


def day_number(column: str) -> nw.Expr:
    """Return `datetime.date.toordinal` of a column of dates; engines differ in subtracting dates."""
    day = nw.col(column)
    years = day.dt.year() - 1
    leap_days = (years / 4).floor() - (years / 100).floor() + (years / 400).floor()
    return years * 365 + leap_days + day.dt.ordinal_day()


def shown_date(value: object) -> str:
    """Return a date as ISO text for a message, a missing one as a dash."""
    if value is None or value != value:
        return "–"
    return f"{value:%Y-%m-%d}" if isinstance(value, dt.date) else str(value)

"""The order of day, month and year where dates are three plain numbers, decided on the whole column of each part.

An order fits if it makes a date of every row of which any order does. Where several fit and give different dates, the
user is asked; files of one export are written alike, so those that are clear speak for the others.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cvmlab.core.words import CvmError, say

from .values import DATA, with_day_text

#: Kind → pattern of the three numbers. 15/02/2024, 24-02-15, 15022024, 240215
KINDS = {
    "day_month": r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:$|[\s,T])",
    "short": r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{2})(?:$|[\s,T])",
    "eight": r"^(\d{2})(\d{2})(\d{4})(?:\d{4}|\d{6})?(?:$|[\s,T])",
    "six": r"^(\d{2})(\d{2})(\d{2})$",
}
_PLACES = {"dmy": (3, 2, 1), "mdy": (3, 1, 2), "ymd": (1, 2, 3)}
_TWO_DIGIT_YEARS = ("short", "six")


@dataclass(frozen=True)
class _Column:
    """How many different days of a column each order can read, and examples that tell two orders apart."""

    days: int
    valid: Mapping[str, int]
    future: Mapping[str, int]
    dotted: bool
    # for each pair of orders a text that they read differently, if there is one
    apart: Mapping[frozenset[str], str]
    # one text that only the first, and one that only the second order can read
    only: Mapping[str, str]


def order_sql(kind: str, order: str, text: str = "day_text") -> str:
    """Return the expression that reads three numbers in one order; NULL where they are no date."""
    year, month, day = (f"regexp_extract({text}, '{KINDS[kind]}', {place})" for place in _PLACES[order])
    return f"TRY_CAST(full_year(part, {year}) || '-' || {month} || '-' || {day} AS DATE)"


def decide_orders(
    connection: Any,
    found: Collection[tuple[int, str]],
    names: Mapping[int, tuple[str, str]],
    *,
    day_first: bool | None,
    year_first: bool | None,
    today: dt.date | None,
) -> dict[tuple[int, str], str]:
    """Return the order of each part and kind that occur (`KINDS`); raise `CvmError` where it is not clear."""
    columns = {(part, kind): _look(connection, part, kind, today) for part, kind in sorted(found)}
    fitting = {}
    for (part, kind), column in columns.items():
        if not column.days:
            continue
        orders = _allowed(kind, day_first, year_first)
        fits = [order for order in orders if column.valid[order] == column.days]
        if not fits and (len(orders) == 1 or day_first is not None):
            fits = [max(orders, key=lambda order: column.valid[order])]
        if not fits:
            source, name = names[part]
            value = ", ".join(dict.fromkeys(column.only.values()))
            raise CvmError("reading.mixed_day_month", source=source, column=name, value=value)
        fitting[part, kind] = _narrowed(fits, column, day_first)
    return _agreed(fitting, columns, names)


def _allowed(kind: str, day_first: bool | None, year_first: bool | None) -> list[str]:
    two_digits = kind in _TWO_DIGIT_YEARS
    if two_digits and year_first:
        return ["ymd"]
    years = ["ymd"] if two_digits and year_first is None else []
    if day_first is None:
        return ["dmy", "mdy", *years]
    return ["dmy"] if day_first else ["mdy", *years]


def _narrowed(fits: list[str], column: _Column, day_first: bool | None) -> list[str]:
    """Drop orders that nobody means: years to come, months before days between points."""
    # 31.12.2019 with points is written day first wherever it is written at all
    if column.dotted and {"dmy", "mdy"} <= {*fits}:
        fits = [order for order in fits if order != "mdy"]
    if "ymd" in fits and len(fits) > 1:
        past = [order for order in fits if not column.future[order]]
        if past and ("ymd" not in past or past == ["ymd"]):
            fits = past
    return fits[:1] if day_first is not None else fits


def _agreed(
    fitting: Mapping[tuple[int, str], list[str]],
    columns: Mapping[tuple[int, str], _Column],
    names: Mapping[int, tuple[str, str]],
) -> dict[tuple[int, str], str]:
    def unclear(place: tuple[int, str]) -> str:
        pairs = columns[place].apart.items()
        return next((text for pair, text in pairs if pair <= {*fitting[place]}), "")

    decided = {place: fits[0] for place, fits in fitting.items() if len(fits) == 1}
    for place, fits in fitting.items():
        if place in decided:
            continue
        same_part = {order for (part, _), order in decided.items() if part == place[0]} & {*fits}
        votes = same_part or {order for (_, kind), order in decided.items() if kind == place[1]}
        if len(votes) == 1 and votes <= {*fits}:
            decided[place] = votes.pop()
        elif not unclear(place):
            decided[place] = fits[0]
        else:
            source, name = names[place[0]]
            text = unclear(place)
            readings = _readings(text, place[1], fits)
            raise CvmError("reading.unclear_day_month", source=source, column=name, value=text, readings=readings)
    return decided


def _readings(text: str, kind: str, orders: Iterable[str]) -> str:
    """Return a date in each reading, with the option that chooses it."""
    import re

    numbers = re.match(KINDS[kind], text)
    assert numbers is not None
    said = []
    for order in orders:
        year, month, day = (numbers[place] for place in _PLACES[order])
        full = year if len(year) == 4 else f"{'20' if year < '70' else '19'}{year}"
        said.append(say(f"reading.order_{order}", date=f"{full}-{int(month):02d}-{int(day):02d}"))
    return " / ".join(said)


def _look(connection: Any, part: int, kind: str, today: dt.date | None) -> _Column:
    """Count the different days of a column by the orders that can read them."""
    orders = [order for order in _PLACES if order != "ymd" or kind in _TWO_DIGIT_YEARS]
    reading = ", ".join(f"{order_sql(kind, order, 'day')} AS {order}" for order in orders)
    pairs = [(one, two) for at, one in enumerate(orders) for two in orders[at + 1 :]]
    future = f"DATE '{(today or dt.date.max).isoformat()}'"
    counts = [f"count({order})" for order in orders] + [f"count(*) FILTER ({order} > {future})" for order in orders]
    apart = [f"min(day) FILTER ({one} <> {two})" for one, two in pairs]
    only = [f"min(day) FILTER ({order} IS NOT NULL AND coalesce({_rest(order, orders)}) IS NULL)" for order in orders]
    texts = f"{with_day_text('stage')} WHERE part = {part} AND kind = {DATA} AND fast_date(date_text) IS NULL"
    # all of it: a result left open would be in the way of the next query
    [row] = connection.execute(
        f"""SELECT count(*), bool_or(contains(day, '.')), {", ".join([*counts, *apart, *only])} FROM (
            SELECT *, {reading} FROM (
                SELECT DISTINCT part, trim(regexp_extract(day_text, '{KINDS[kind]}'), ' ,T') AS day
                FROM {texts}) WHERE day <> '')
        WHERE coalesce({", ".join(orders)}) IS NOT NULL"""
    ).fetchall()
    size = len(orders)
    days, dotted, values = row[0], row[1], row[2:]
    return _Column(
        days,
        dict(zip(orders, values[:size], strict=True)),
        dict(zip(orders, values[size : 2 * size], strict=True)),
        bool(dotted),
        {frozenset(pair): text for pair, text in zip(pairs, values[2 * size : -size], strict=True) if text},
        {order: text for order, text in zip(orders, values[-size:], strict=True) if text},
    )


def _rest(order: str, orders: Iterable[str]) -> str:
    return ", ".join(other for other in orders if other != order)

"""Discounts written as a share: ``10%``, ``0.1``, ``-10`` and ``9折`` take a tenth off; no discount adds to a price.

What a bare number means is decided on the whole column: a share, or percent where one is above 1. A column such as 折扣
without any zero, in which nothing is below a half, says what is paid: 0.9 is 9折.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cvmlab.core.words import CvmError

from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable, quoted
from ..roles import DISCOUNT_RATE
from .values import DATA

_NUMBER = "DECIMAL(12, 6)"
_FORM = quoted(r"^[+]?(-?\d*[.,]?\d+)\s*([%折]?)(?i:\s*off)?$")
# where all shares are as large as this, they are what is paid
_MOST_IS_PAID = 0.5


@dataclass(frozen=True)
class RateForm:
    """What the bare numbers of a column mean: how many make the whole, and whether they say what is paid.

    ``clear`` is False where they may as well mean something else.
    """

    whole: int = 1
    paid: bool = False
    clear: bool = True


def number_sql(cell: str) -> str:
    """Return the expression of the number in a cell with a share, NULL where there is none."""
    return f"TRY_CAST(replace(regexp_extract(evened({cell}), {_FORM}, 1), ',', '.') AS {_NUMBER})"


def share_sql(cell: str, form: RateForm) -> str:
    """Return the expression of the share that a cell takes off, NULL where it cannot be read or is above 1."""
    number = f"({number_sql(cell)})::DOUBLE"
    bare, percent = (f"{number} / {form.whole}", f"{number} / 100")
    bare, percent = (f"1 - {bare}", f"1 - {percent}") if form.paid else (f"abs({bare})", f"abs({percent})")
    share = f"""CASE WHEN contains({cell}, '折') THEN 1 - {number} / if({number} <= 10, 10, 100)
        WHEN contains(evened({cell}), '%') THEN {percent} ELSE {bare} END"""
    return f"(SELECT CASE WHEN share BETWEEN 0 AND 1 THEN share END FROM (SELECT {share} AS share))"


def look_at_rates(connection: Any, part: int, column: str, cell: str) -> RateForm:
    """Return what the bare numbers of a column mean."""
    low, high, others, percents = connection.execute(
        f"""SELECT min(number), max(abs(number)) FILTER (NOT percent), count(*) FILTER (number <= 0),
            count(*) FILTER (percent)
        FROM (SELECT {number_sql(cell)} AS number, contains(evened({cell}), '%') AS percent
            FROM stage WHERE part = {part} AND kind = {DATA} AND NOT contains({cell}, '折'))"""
    ).fetchone()
    if low is None:
        return RateForm()
    bare = 1 if high is None or high <= 1 else 100
    if others:
        # of nothing but 0 and 1, the latter may be one percent or all
        return RateForm(bare, clear=bool(percents) or high != 1 or _has_shares(connection, part, cell))
    named = "折" in column or "扣率" in column
    if named and bare == 100 and not percents and "%" not in column and low >= 3 and high <= 10:
        # 10 is no discount where 9 is 9折
        return RateForm(10, paid=True) if high == 10 else RateForm(100, clear=False)
    lowest = _MOST_IS_PAID * (100 if percents and high is None else bare)
    if float(low) < lowest:
        return RateForm(bare)
    return RateForm(bare, paid=True) if named else RateForm(bare, clear=high not in (1, 100))


def _has_shares(connection: Any, part: int, cell: str) -> bool:
    (found,) = connection.execute(
        f"SELECT count(*) FILTER (abs({number_sql(cell)}) BETWEEN 0.000001 AND 0.999999) FROM stage WHERE part = {part}"
    ).fetchone()
    return bool(found)


def rate_forms(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> dict[int, RateForm]:
    """Return what the shares of each part mean; raise `CvmError` where that is not clear."""
    forms = {}
    for part, mapping in enumerate(mappings):
        if DISCOUNT_RATE not in mapping:
            continue
        column = mapping[DISCOUNT_RATE]
        forms[part] = look_at_rates(connection, part, column, DISCOUNT_RATE)
        if not forms[part].clear:
            (value,) = connection.execute(
                f"SELECT max({DISCOUNT_RATE}) FROM stage WHERE part = {part} AND kind = {DATA}"
            ).fetchone()
            raise CvmError("reading.unclear_rate", source=stage[part].name, column=column, value=value)
    return forms


def rate_notes(connection: Any, forms: dict[int, RateForm], mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Say which shares are read as what is paid, and how many have a minus that is not taken for a surcharge."""
    notes = []
    for part, form in forms.items():
        column, number = mappings[part][DISCOUNT_RATE], number_sql(DISCOUNT_RATE)
        rows, example, others, paid = connection.execute(
            f"""SELECT count(*) FILTER ({number} < 0), min({DISCOUNT_RATE}) FILTER ({number} < 0),
                count(*) FILTER ({number} > 0),
                min({DISCOUNT_RATE}) FILTER ({number} > 0)
            FROM stage WHERE part = {part} AND kind = {DATA}"""
        ).fetchone()
        if form.paid:
            notes.append(Note("rates_paid", {"column": column, "value": paid}, "warning"))
        elif rows:
            said = {"column": column, "rows": f"{rows:,}", "value": example}
            notes.append(Note("negative_discounts", said, "warning" if others else "note"))
    return notes

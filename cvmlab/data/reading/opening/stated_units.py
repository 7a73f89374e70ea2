"""The unit of the money where no column states it: in a title above the header, or in a row of units below it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cvmlab.data import tables

from ..cells.units import header_unit, unit_stated
from ..columns import ColumnMapping
from ..roles import UNIT_PRICE


def stated_unit(rows: Sequence[Sequence[str]], header: int | None, names: Sequence[str], mapping: ColumnMapping) -> str:
    """Return the unit of money, such as 万元, that stands above or below the header; an empty text if there is none."""
    if header is None:
        return ""
    money = mapping.get(tables.AMOUNT) or mapping.get(UNIT_PRICE) or ""
    below = (
        unit for unit in _below(rows[header + 1 : header + 2], names, money) if header_unit(f"{money} ({unit})").power
    )
    above = (unit for row in rows[:header] for cell in row if (unit := unit_stated(cell, money)))
    return next(below, "") or next(above, "")


def _below(rows: Sequence[Sequence[str]], names: Sequence[str], money: str) -> Iterator[str]:
    """Yield what a row without any digit, but those of USD '000, says in the column of the money."""
    for row in rows:
        cells = dict(zip(names, row, strict=False))
        if money in cells and not re.search(r"\d", re.sub(r"(?<!\d)['’‘]?000s?\b", "", " ".join(row))):
            yield cells[money].strip(" ()[]（）")

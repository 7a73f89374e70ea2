"""The unit of the money where no column states it: in a title above the header, or in a row of units below it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from cvmlab.data import tables

from ..cells.units import header_unit
from ..columns import ColumnMapping
from ..roles import UNIT_PRICE

# 单位：万元; (in k€), [TEUR]; Amounts in thousands of euros
_STATED = (
    r"单位\s*[:：]?\s*(?:人民币)?\s*(\w+)",
    r"[(\[【]\s*(?:(?:all )?(?:amounts?|figures|values|beträge|angaben) )?(?:in )?([^()\[\]【】]{2,25}?)\s*[)\]】]",
    r"\b(?:amounts?|figures|values|sales|beträge|angaben|werte)\b.*?\bin\s+([^,;()]{2,25})$",
)


def stated_unit(rows: Sequence[Sequence[str]], header: int | None, names: Sequence[str], mapping: ColumnMapping) -> str:
    """Return the unit of money, such as 万元, that stands above or below the header; an empty text if there is none."""
    if header is None:
        return ""
    money = mapping.get(tables.AMOUNT) or mapping.get(UNIT_PRICE) or ""
    stated = [*_below(rows[header + 1 : header + 2], names, money), *_above(rows[:header])]
    return next((unit for unit in stated if header_unit(f"{money} ({unit})").power), "")


def _above(titles: Sequence[Sequence[str]]) -> Iterator[str]:
    for cell in (unicodedata.normalize("NFKC", cell).strip().lower() for row in titles for cell in row):
        yield from (found[1].strip() for pattern in _STATED for found in re.finditer(pattern, cell))


def _below(rows: Sequence[Sequence[str]], names: Sequence[str], money: str) -> Iterator[str]:
    """Yield what a row without any digit says in the column of the money."""
    for row in rows:
        cells = dict(zip(names, row, strict=False))
        if money in cells and not any(sign.isdigit() for cell in row for sign in cell):
            yield cells[money].strip(" ()[]（）")

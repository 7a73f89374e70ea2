"""Footnotes below the rows that state the unit of all money, such as 单位：万元: they are no purchases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cvmlab.data import tables

from ..columns import ColumnMapping
from ..raw import quoted
from ..roles import UNIT_PRICE
from .units import unit_stated
from .values import BLANK

#: More rows without a date and an amount than this are no footnotes.
_MOST = 50


def take_footnotes(connection: Any, mappings: Sequence[ColumnMapping]) -> list[ColumnMapping]:
    """Return the mappings with the unit that a footnote states where no title does; its row counts as blank."""
    found = list(mappings)
    for part, mapping in enumerate(mappings):
        texts = connection.execute(
            f"SELECT DISTINCT footnote FROM stage WHERE part = {part} AND footnote <> '' ORDER BY 1 LIMIT {_MOST}"
        ).fetchall()
        money = mapping.get(tables.AMOUNT) or mapping[UNIT_PRICE]
        units = {text: unit for (text,) in texts if (unit := unit_stated(text, money))}
        if not units:
            continue
        found[part] = replace(mapping, unit=mapping.unit or next(iter(units.values())))
        said = ", ".join(map(quoted, units))
        connection.execute(
            f"UPDATE stage SET kind = {BLANK}, customer_id = NULL WHERE part = {part} AND footnote IN ({said})"
        )
    return found

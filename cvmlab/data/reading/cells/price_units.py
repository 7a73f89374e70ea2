"""A column that says for how many pieces the unit price is: 100 where a hundred cost 12.50, as in SAP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable
from ..roles import PRICE_UNIT, UNIT_PRICE
from .values import DATA, EXACT


def per_piece(
    connection: Any, numbers: Mapping[str, str], stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]
) -> tuple[dict[str, str], list[Note]]:
    """Return the expressions with the unit price per piece, and what should be known of it; an empty cell means 1."""
    parts, notes = [], []
    pieces = f"nullif(TRY_CAST({PRICE_UNIT} AS DECIMAL(13, 3)), 0)"
    for part, mapping in enumerate(mappings):
        if PRICE_UNIT not in mapping.items:
            continue
        (most,) = connection.execute(
            f"SELECT max({pieces}) FROM stage WHERE part = {part} AND kind = {DATA}"
        ).fetchone()
        if most is not None and most > 1:
            parts.append(part)
            said = {"column": mapping.items[PRICE_UNIT], "price": mapping[UNIT_PRICE], "pieces": f"{most:,.0f}"}
            notes.append(Note("price_unit", {"source": stage[part].name, **said}))
    if not parts:
        return dict(numbers), []
    here = f"part IN ({', '.join(map(str, parts))}) AND {PRICE_UNIT} IS NOT NULL"
    price = (
        f"CASE WHEN {here} THEN TRY_CAST(({numbers[UNIT_PRICE]}) / {pieces} AS {EXACT}) ELSE {numbers[UNIT_PRICE]} END"
    )
    return {**numbers, UNIT_PRICE: price}, notes

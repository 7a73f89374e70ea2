"""Rows whose quantity has a minus and whose amount has none: returns, perhaps, that are counted as sales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmlab.data import tables

from ..columns import ColumnMapping
from ..notes import Note
from ..roles import ITEM_QUANTITY
from .verdicts import USED_ROWS


def sign_notes(connection: Any, mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Warn of such rows, unless most are like that, as they are in the books of a warehouse."""
    notes = []
    for part, mapping in enumerate(mappings):
        if ITEM_QUANTITY not in mapping.items or tables.AMOUNT not in mapping:
            continue
        rows, amount, all_rows = connection.execute(
            f"""SELECT count(*) FILTER (back), coalesce(sum(exact) FILTER (back), 0), count(*)
            FROM (SELECT exact, coalesce(TRY_CAST({ITEM_QUANTITY} AS DOUBLE) < 0, false) AS back
                FROM log JOIN (SELECT rowid AS spot, {ITEM_QUANTITY} FROM stage) USING (spot)
                WHERE part = {part} AND {USED_ROWS} AND exact > 0)"""
        ).fetchone()
        if 0 < 2 * rows <= all_rows:
            said = {"quantity": mapping.items[ITEM_QUANTITY], "column": mapping[tables.AMOUNT]}
            notes.append(
                Note("quantity_negative", {**said, "rows": f"{rows:,}", "amount": f"{amount:,.2f}"}, "warning")
            )
    return notes

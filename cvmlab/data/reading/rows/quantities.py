"""An amount that may be a quantity: beside a unit price and without a quantity, it is below the price of one piece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..cells.plain_numbers import plain_number
from ..columns import ColumnMapping
from ..raw import RawTable
from ..roles import ITEM_PRICE, ITEM_QUANTITY
from .verdicts import USED_ROWS


def check_amounts(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> None:
    """Raise `CvmError` where most amounts are below the price of a piece, unless the user named the amount."""
    for part, mapping in enumerate(mappings):
        items = mapping.items
        if ITEM_PRICE not in items or ITEM_QUANTITY in items or tables.AMOUNT in mapping.chosen:
            continue
        rows, below = connection.execute(
            f"""SELECT count(*), count(*) FILTER (exact < price AND exact = floor(exact))
            FROM (SELECT exact, {plain_number(ITEM_PRICE)} AS price
                FROM log JOIN (SELECT rowid AS spot, {ITEM_PRICE} FROM stage) USING (spot)
                WHERE part = {part} AND {USED_ROWS} AND exact > 0)
            WHERE price > 0"""
        ).fetchone()
        if 2 * below > rows:
            said = {"column": mapping[tables.AMOUNT], "price": items[ITEM_PRICE], "count": f"{below:,}"}
            raise CvmError("reading.amount_or_quantity", source=stage[part].name, rows=f"{rows:,}", **said)

"""The head of an order that stands among its lines with their sum, as ERP systems export it: it is no further line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmlab.data import tables

from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable
from .verdicts import REASON_CODES, USED_ROWS

# Orders that show it, and their share of the orders with as many lines, from which this is no coincidence.
_FEWEST, _NEARLY_ALL = 3, 0.9
_CENTS = "0.02"


def set_heads_aside(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Leave out the row of an order that is the sum of all its others, where nearly all orders have one."""
    notes = []
    for part, mapping in enumerate(mappings):
        if tables.ORDER_ID not in mapping:
            continue
        connection.execute(
            f"""CREATE OR REPLACE TEMP TABLE heads AS
            SELECT arg_max(spot, exact) AS spot, max(exact) AS exact, 2 * max(exact) - sum(exact) AS apart, order_id
            FROM log WHERE part = {part} AND {USED_ROWS} AND order_id IS NOT NULL
            GROUP BY customer_id, order_id HAVING count(*) > 2 AND min(exact) > 0"""
        )
        is_head = f"abs(apart) <= {_CENTS}"
        several, found, amount, order, first = connection.execute(
            f"""SELECT count(*), coalesce(count_if({is_head}), 0), sum(exact) FILTER ({is_head}),
                arg_min(order_id, spot) FILTER ({is_head}), arg_min(exact, spot) FILTER ({is_head}) FROM heads"""
        ).fetchone()
        if found < _FEWEST or found < _NEARLY_ALL * several:
            continue
        connection.execute(
            f"""UPDATE log SET reason = {REASON_CODES["total_row"]}
            WHERE spot IN (SELECT spot FROM heads WHERE {is_head})"""
        )
        said = {"count": f"{found:,}", "amount": f"{amount:,.2f}", "order": order, "first": f"{first:,.2f}"}
        notes.append(Note("order_heads", {"source": stage[part].name, **said}, "warning"))
    return notes

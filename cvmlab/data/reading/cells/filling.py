"""Customers that stand only in the first row of their block: filled down if the user says so, never in silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable
from .values import DATA

# cells that belong to the block as its customer does
_WITH = (tables.CUSTOMER_NAME, tables.PHONE, tables.OWNER, tables.ORDER_ID, "date_text", "date_value")
#: Fewer rows than this, or than this share, without a customer are single gaps.
_FEWEST, _GAPS = 2, 1 / 3


def fill_down(
    connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping], wanted: bool | None
) -> list[Note]:
    """Fill customers down in ``stage``, or ask where they seem to be written once a block."""
    if wanted is False:
        return []
    found = connection.execute(
        f"""SELECT part, count(*), count(*) FILTER (customer_id IS NULL), first(customer_id ORDER BY rowid)
        FROM stage WHERE kind = {DATA} GROUP BY part ORDER BY part"""
    ).fetchall()
    notes = []
    for part, rows, empty, first in found:
        column = mappings[part][tables.CUSTOMER_ID]
        if wanted and empty:
            filled = _fill(connection, part)
            notes.append(Note("filled_down", {"column": column, "rows": f"{filled:,}"}, "warning"))
        elif first is not None and empty >= max(_FEWEST, _GAPS * rows) and _in_blocks(connection, part):
            raise CvmError(
                "reading.blocks",
                source=stage[part].name,
                column=column,
                empty=f"{empty:,}",
                rows=f"{rows:,}",
                first=first,
            )
    return notes


def _in_blocks(connection: Any, part: int) -> bool:
    """Return whether each customer is written once for the rows below: no order of its own, no customer twice.

    Rows without a number of an order and without a date belong to the document above them, whoever comes next.
    """
    repeated, own, empty, bare, numbered = connection.execute(
        f"""SELECT count(*) FILTER (customer_id = before), count(*) FILTER (customer_id IS NULL AND order_id IS NOT NULL
                AND order_id IS DISTINCT FROM order_before), count(*) FILTER (customer_id IS NULL),
            count(*) FILTER (customer_id IS NULL AND order_id IS NULL AND date_text IS NULL AND date_value IS NULL),
            count(*) FILTER (customer_id IS NOT NULL AND order_id IS NOT NULL)
        FROM (SELECT customer_id, order_id, date_text, date_value, lag(order_id) OVER (ORDER BY rowid) AS order_before,
                lag(customer_id IGNORE NULLS) OVER (ORDER BY rowid) AS before
            FROM stage WHERE part = {part} AND kind = {DATA})"""
    ).fetchone()
    return bool((not repeated and 2 * own < empty) or (numbered and bare == empty))


def _fill(connection: Any, part: int) -> int:
    filled = ", ".join(
        f"coalesce({name}, last_value({name} IGNORE NULLS) OVER rows_above) AS {name}"
        for name in (tables.CUSTOMER_ID, *_WITH)
    )
    taken = ", ".join(f"{name} = filled.{name}" for name in (tables.CUSTOMER_ID, *_WITH))
    # equal lines of two documents are no repeats
    own = ", ".join(f"filled.{name}" for name in (tables.CUSTOMER_ID, tables.ORDER_ID, "date_text", "date_value"))
    changed = connection.execute(
        f"""UPDATE stage SET {taken}, hash = CASE WHEN stage.hash IS NOT NULL
            THEN hash(stage.hash, {own}) END FROM (
            SELECT rowid AS spot, customer_id IS NULL AS empty, {filled} FROM stage
            WHERE part = {part} AND kind = {DATA} WINDOW rows_above AS (ORDER BY rowid)
        ) AS filled WHERE stage.rowid = filled.spot AND filled.empty AND filled.customer_id IS NOT NULL"""
    ).fetchone()
    return int(changed[0])

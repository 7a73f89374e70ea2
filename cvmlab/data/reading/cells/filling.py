"""Customers that stand only in the first row of their block: filled down if the user says so, never in silence.

A ditto mark says so itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable, quoted
from .values import DATA

# cells that belong to the block as its customer does
_WITH = (tables.CUSTOMER_NAME, tables.PHONE, tables.OWNER, tables.ORDER_ID, "date_text", "date_value")
_DOCUMENT = (tables.CUSTOMER_ID, tables.ORDER_ID, "date_text", "date_value")
#: Fewer rows than this, or than this share, without a customer are single gaps.
_FEWEST, _GAPS = 2, 1 / 3
#: Fewer customers than these may by chance have bought once each.
_SOME = 3
#: In one list, numbers rise as often from row to row whoever buys; those of blocks begin anew with each customer.
_ANEW = 0.5
#: What stands for the cell above in a list that is kept by hand.
_DITTO = ('"', "''", "″", "”", "“", "„", "〃", "々", '-"-', '- " -', "—“—", "-〃-", "ditto", "dito", "do.", "idem",
          "同上", "同前", "同上行")  # fmt: skip
_MARKS = ", ".join(map(quoted, _DITTO))


def fill_down(
    connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping], wanted: bool | None
) -> list[Note]:
    """Fill customers down in ``stage``, or ask where they seem to be written once a block."""
    notes = _above(connection, stage)
    if wanted is False:
        return notes
    found = connection.execute(
        f"""SELECT part, count(*), count(*) FILTER (customer_id IS NULL), first(customer_id ORDER BY rowid)
        FROM stage WHERE kind = {DATA} GROUP BY part ORDER BY part"""
    ).fetchall()
    for part, rows, empty, first in found:
        column = mappings[part][tables.CUSTOMER_ID]
        if wanted and empty:
            filled = _fill(connection, part, (tables.CUSTOMER_ID, *_WITH), "{name} IS NULL", "customer_id IS NULL")
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


def _above(connection: Any, stage: Sequence[RawTable]) -> list[Note]:
    """Put in place of each ditto mark what it stands for, and say in how many rows."""
    columns = (tables.CUSTOMER_ID, *(name for name in _WITH if name != "date_value"))
    marked = " OR ".join(f"lower({name}) IN ({_MARKS})" for name in columns)
    found = connection.execute(
        f"SELECT part, count(*) FROM stage WHERE kind = {DATA} AND ({marked}) GROUP BY part ORDER BY part"
    ).fetchall()
    for part, _ in found:
        _fill(connection, part, columns, f"lower({{name}}) IN ({_MARKS})", marked)
    return [Note("ditto_marks", {"source": stage[part].name, "rows": f"{rows:,}"}) for part, rows in found]


def _in_blocks(connection: Any, part: int) -> bool:
    """Return whether each customer is written once for the rows below: no order of its own, no customer twice.

    Rows without a number of an order and without a date belong to the document above them, whoever comes next; numbers
    that begin anew with each customer are those of a block; and where nobody comes twice in the whole file, those who
    do not give their name would be the only ones to return.
    """
    repeated, once, own, empty, bare, numbered, inside, between = connection.execute(
        f"""SELECT count(*) FILTER (customer_id = before),
            count(DISTINCT customer_id) = greatest(count(customer_id), {_SOME}),
            count(*) FILTER (customer_id IS NULL AND order_id IS NOT NULL
                AND order_id IS DISTINCT FROM order_before), count(*) FILTER (customer_id IS NULL),
            count(*) FILTER (customer_id IS NULL AND order_id IS NULL AND date_text IS NULL AND date_value IS NULL),
            count(*) FILTER (customer_id IS NOT NULL AND order_id IS NOT NULL),
            avg(up::INT) FILTER (customer_id IS NULL), avg(up::INT) FILTER (customer_id IS NOT NULL)
        FROM (SELECT customer_id, order_id, date_text, date_value, order_before, before, CASE
                WHEN order_id <> number_before
                THEN (length(order_id), order_id) > (length(number_before), number_before) END AS up
            FROM (SELECT *, lag(order_id) OVER (ORDER BY rowid) AS order_before,
                lag(order_id IGNORE NULLS) OVER (ORDER BY rowid) AS number_before,
                lag(customer_id IGNORE NULLS) OVER (ORDER BY rowid) AS before
            FROM stage WHERE part = {part} AND kind = {DATA}))"""
    ).fetchone()
    anew = inside is not None and between is not None and abs(inside - between) > _ANEW
    return bool((not repeated and (anew or once or 2 * own < empty)) or (numbered and bare == empty))


def _fill(connection: Any, part: int, names: Sequence[str], empty: str, which: str) -> int:
    """Take from above what is ``empty``, a condition on ``{name}``, in the rows for which ``which`` holds."""
    filled = ", ".join(
        f"""CASE WHEN {empty} THEN last_value(CASE WHEN {empty} THEN NULL ELSE {name} END IGNORE NULLS) OVER rows_above
            ELSE {name} END AS {name}""".format(name=name)
        for name in names
    )
    taken = ", ".join(f"{name} = filled.{name}" for name in names)
    # equal lines of two documents are no repeats
    own = ", ".join(f"filled.{name}" for name in names if name in _DOCUMENT)
    changed = connection.execute(
        f"""UPDATE stage SET {taken}, hash = CASE WHEN stage.hash IS NOT NULL
            THEN hash(stage.hash, {own}) END FROM (
            SELECT rowid AS spot, {which} AS which, {filled} FROM stage
            WHERE part = {part} AND kind = {DATA} WINDOW rows_above AS (ORDER BY rowid)
        ) AS filled WHERE stage.rowid = filled.spot AND filled.which AND filled.customer_id IS NOT NULL"""
    ).fetchone()
    return int(changed[0])

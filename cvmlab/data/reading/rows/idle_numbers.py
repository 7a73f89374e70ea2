"""Columns of numbers without a role, by what stands in the rows that count: other sums of money, numbers of orders.

A sum of money of the size of the amounts may be what the sales should be counted by. A number that several rows of a
customer on one day share, and no other customer or day, is that of an order, whatever it is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmlab.data import tables

from ..cells.values import EXACT
from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable
from ..roles import QUANTITY, UNIT_PRICE, option
from .verdicts import USED_ROWS

#: Sums of the same size: at most so many times more or less, in at least so many of the rows.
_TIMES, _FILLED = 5, 0.5
#: Where the amount is a whole number of times the sum in so many of the rows, that is the price of one piece.
_PIECES = 0.95
#: Numbers of orders: filled in so many of the rows, for one customer and day in so many of the orders, so many of
#: which have several rows, and so many customers who came on several days.
_ALL, _OWN, _SEVERAL, _RETURNING = 0.95, 0.98, 0.1, 3


def number_notes(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Name the columns that may be other sums of money, with their totals, and the one that may number the orders."""
    notes = []
    for part, (table, mapping) in enumerate(zip(stage, mappings, strict=True)):
        # who named the amount has chosen among the sums
        chosen = {tables.AMOUNT, QUANTITY, UNIT_PRICE} & mapping.chosen
        sums = {
            column.name: found
            for place, column in enumerate(table.idle)
            if column.kind == "money" and not chosen and (found := _money(connection, part, place))
        }
        if sums:
            named = ", ".join(f"'{name}' ({total:,.2f})" for name, (total, _) in sums.items())
            said = {"source": table.name, "columns": named, "amount": mapping.amount_named(), "role": tables.AMOUNT}
            said |= {"total": f"{next(iter(sums.values()))[1]:,.2f}", "column": next(iter(sums))}
            notes.append(Note("money_unused", {**said, "option": option(tables.AMOUNT)}))
        orders = (
            _orders(connection, part, place, table)
            for place, column in enumerate(table.idle)
            if column.kind == "orders"
        )
        notes += [note for note in orders if note][:1]
    return notes


def _values(part: int, place: int) -> str:
    return f"log JOIN (SELECT rowid AS spot, idle{place} AS cell FROM stage WHERE part = {part}) USING (spot)"


def _money(connection: Any, part: int, place: int) -> tuple[Any, Any] | None:
    """Return the sum of a column in the used rows, and theirs, where these differ but are of one size."""
    rows, filled, total, whole, other, pieces, both = connection.execute(
        f"""SELECT count(*), count(value), coalesce(sum(value), 0), sum(exact),
            count(*) FILTER (value <> exact),
            count(*) FILTER (value <> 0 AND abs(exact / value - round(exact / value)) < 0.005 AND exact <> value),
            count(*) FILTER (value <> 0 AND exact <> value)
        FROM (SELECT exact::DOUBLE AS exact, TRY_CAST(cell AS {EXACT})::DOUBLE AS value FROM {_values(part, place)}
            WHERE {USED_ROWS})"""
    ).fetchone()
    if not rows or filled < _FILLED * rows or not other or not whole or not total:
        return None
    if abs(total) > _TIMES * abs(whole) or _TIMES * abs(total) < abs(whole):
        return None
    return None if pieces >= _PIECES * both else (total, whole)


def _orders(connection: Any, part: int, place: int, table: RawTable) -> Note | None:
    """Return the note on a column whose every number stands for one customer and day, and often for several rows."""
    rows, filled, orders, own, several, of_these = connection.execute(
        f"""SELECT sum(rows), sum(rows) FILTER (cell IS NOT NULL), count(cell),
            count(*) FILTER (cell IS NOT NULL AND customers = 1 AND days = 1),
            count(*) FILTER (cell IS NOT NULL AND customers = 1 AND days = 1 AND rows > 1),
            coalesce(sum(rows) FILTER (cell IS NOT NULL AND rows > 1), 0)
        FROM (SELECT cell, count(*) AS rows, count(DISTINCT customer_id) AS customers, count(DISTINCT date) AS days
            FROM {_values(part, place)} WHERE {USED_ROWS} GROUP BY cell)"""
    ).fetchone()
    if not rows or (filled or 0) < _ALL * rows or own < _OWN * orders or several < max(_RETURNING, _SEVERAL * orders):
        return None
    (returning,) = connection.execute(
        f"""SELECT count(*) FROM (SELECT customer_id FROM log WHERE part = {part} AND {USED_ROWS}
            GROUP BY customer_id HAVING count(DISTINCT date) > 1)"""
    ).fetchone()
    if returning < _RETURNING:
        return None
    name = table.idle[place].name
    said = {"source": table.name, "column": name, "rows": f"{rows:,}", "count": f"{orders:,}", "part": f"{of_these:,}"}
    return Note("order_numbers_unused", {**said, "role": tables.ORDER_ID, "option": option(tables.ORDER_ID)})

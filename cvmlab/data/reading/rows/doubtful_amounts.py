"""Amounts that read well and may mean something else: an order's total on each of its lines, and cents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmlab.data import tables

from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable
from .verdicts import USED_ROWS

#: So many days of a customer with several products, nearly all of them at one amount, and this at many amounts, are no
#: coincidence.
_FEWEST, _NEARLY_ALL, _MANY = 8, 0.95, 0.5
#: Columns of a payment service whose interface gives whole numbers of the smallest coin.
_SERVICE = frozenset({"amount_refunded", "amount_captured", "amount_due", "amount_paid", "amount_total"})
_ROWS = 3


def amounts_in_doubt(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Name the columns of amounts that may be totals of orders without a number, or cents."""
    notes = []
    for part, (table, mapping) in enumerate(zip(stage, mappings, strict=True)):
        if tables.AMOUNT not in mapping:
            continue
        said = {"source": table.name, "column": mapping[tables.AMOUNT]}
        if tables.PRODUCT in mapping and tables.ORDER_ID not in mapping:
            notes += _day_totals(connection, part, said)
        if _SERVICE & set(table.columns):
            notes += _cents(connection, part, said)
    return notes


def _day_totals(connection: Any, part: int, said: dict[str, str]) -> list[Note]:
    days, equal, amounts, rows, once = connection.execute(
        f"""SELECT count(*), count(*) FILTER (least = most), count(DISTINCT least) FILTER (least = most),
            coalesce(sum(amount) FILTER (least = most), 0), coalesce(sum(least) FILTER (least = most), 0)
        FROM (SELECT min(exact) AS least, max(exact) AS most, sum(exact) AS amount FROM log
            WHERE part = {part} AND {USED_ROWS} AND exact > 0 GROUP BY customer_id, date
            HAVING count(*) > 1 AND count(DISTINCT product) > 1)"""
    ).fetchone()
    if days < _FEWEST or equal < _NEARLY_ALL * days or amounts < _MANY * equal:
        return []
    said = {**said, "days": f"{days:,}", "equal": f"{equal:,}", "amount": f"{rows:,.2f}", "once": f"{once:,.2f}"}
    return [Note("day_totals", said, "warning")]


def _cents(connection: Any, part: int, said: dict[str, str]) -> list[Note]:
    rows, broken, amount = connection.execute(
        f"""SELECT count(*), count(*) FILTER (exact <> floor(exact)), coalesce(sum(exact), 0) FROM log
        WHERE part = {part} AND {USED_ROWS} AND exact <> 0"""
    ).fetchone()
    if rows < _ROWS or broken:
        return []
    return [Note("maybe_cents", {**said, "amount": f"{amount:,.2f}"}, "warning")]

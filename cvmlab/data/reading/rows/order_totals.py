"""The total of an order that is repeated on each of its lines: it counts once.

Item price × quantity beside the amount decide, then the name of the amount where the amounts agree with it. Where only
the amounts speak, the user is asked: two lines of 10 each are as good an order as one of 10 with two lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..cells.plain_numbers import plain_number
from ..cells.values import EXACT
from ..columns import ColumnMapping
from ..notes import Note, listed
from ..raw import RawTable
from ..role_names import plain_name, rule_of
from ..roles import ITEM_PRICE, ITEM_QUANTITY
from .verdicts import USED_ROWS, set_aside

#: Share of the orders of several lines with one amount from which this is no coincidence, and from which it is
#: where the amount is called an order's.
_NEARLY_ALL, _MOST = 0.95, 0.5
#: Fewer orders of several lines than this show nothing where the amount is called neither an order's nor a line's.
_FEWEST = 3
_CENTS = "0.02"
#: Lines of an order that are no further apart than this are those of one total; an instalment comes later.
_DAYS = 14

_WHOLE_ORDER = "customer_id, order_id, date"
# what is called an order's total stands on each of its deliveries
_SEVERAL_DAYS = "customer_id, order_id"
# what was refunded or discounted stands on one line or on several
_OFF = ("refunded", "discounted")
_GROSS = "(exact + refunded + discounted)"


@dataclass(frozen=True)
class _Orders:
    """The orders of several lines in a part, and those of them that have one amount on all their lines."""

    several: int
    equal: int
    # different amounts among these
    amounts: int

    @property
    def share(self) -> float:
        return self.equal / self.several if self.several else 0.0


def count_totals_once(
    connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping], wanted: str | None
) -> tuple[set[int], list[Note]]:
    """Let the first line of an order carry its total where this is repeated on the others; ask where that is unclear.

    Return the parts where that was done, and what it takes off.
    ``wanted`` is what the user said: the amounts are those of a ``"line"`` or of an ``"order"``.
    """
    if wanted not in (None, "line", "order"):
        raise CvmError("reading.unknown_amount_per", value=str(wanted))
    parts = [
        part for part, mapping in enumerate(mappings) if tables.ORDER_ID in mapping and tables.AMOUNT in mapping.columns
    ]
    if wanted == "order" and not parts:
        raise CvmError("reading.amount_per_needs_order", source=stage[0].name)
    if wanted == "line":
        return set(), []
    repeated = {
        part for part in parts if wanted == "order" or _is_repeated(connection, part, stage[part].name, mappings[part])
    }
    notes = [_count_once(connection, part, mappings[part][tables.AMOUNT]) for part in sorted(repeated)]
    return repeated, [note for found in notes for note in found]


def _is_repeated(connection: Any, part: int, source: str, mapping: ColumnMapping) -> bool:
    """Return whether the total of an order stands on each of its lines; raise `CvmError` where that is unclear."""
    column = mapping[tables.AMOUNT]
    rank = rule_of(plain_name(column), "order_amount")
    if rule_of(plain_name(column), "line_amount") is not None:
        return False
    orders = _look_at_orders(connection, part, _SEVERAL_DAYS if rank == 1 else _WHOLE_ORDER)
    if orders.share < (_MOST if rank == 1 else _NEARLY_ALL):
        return False
    by_items = _by_items(connection, part, orders) if ITEM_PRICE in mapping.items else None
    if by_items is not None:
        return by_items
    if rank == 1 and orders.share >= _NEARLY_ALL and orders.amounts > 1 and orders.equal > 1:
        return True
    if rank is None and (orders.equal < _FEWEST or orders.amounts < 2):
        return False
    raise _unclear(connection, part, source, column, orders)


def _look_at_orders(connection: Any, part: int, order: str) -> _Orders:
    found = connection.execute(
        f"""SELECT count(*), count(*) FILTER (equal), count(DISTINCT amount) FILTER (equal) FROM (
            SELECT min({_GROSS}) AS amount, min({_GROSS}) = max({_GROSS}) AS equal FROM log
            WHERE {_lines(part)} GROUP BY {order} HAVING count(*) > 1 AND max(date) - min(date) <= {_DAYS})"""
    ).fetchone()
    return _Orders(*found)


def _lines(part: int) -> str:
    # a row that stands there twice is no further line
    return f"""part = {part} AND {USED_ROWS} AND {_GROSS} > 0 AND order_id IS NOT NULL
        AND spot NOT IN (SELECT spot FROM again)"""


def _by_items(connection: Any, part: int, orders: _Orders) -> bool | None:
    """Return what item price × quantity show: the sum of the lines (True), each line (False), neither (None)."""
    price, quantity = (plain_number(role) for role in (ITEM_PRICE, ITEM_QUANTITY))
    known, wholes, lines = connection.execute(
        f"""SELECT count(*),
            count(*) FILTER (abs(items - amount) <= {_CENTS} * lines OR abs(prices - amount) <= {_CENTS}),
            count(*) FILTER (apart <= {_CENTS})
        FROM (SELECT min(exact) AS amount, count(*) AS lines, sum(price) AS prices, sum(price * quantity) AS items,
                max(abs(price * quantity - exact)) AS apart
            FROM (SELECT {_WHOLE_ORDER}, {_GROSS} AS exact, {price}::DOUBLE AS price,
                    (CASE WHEN {ITEM_QUANTITY} IS NULL THEN 1 ELSE {quantity} END)::DOUBLE AS quantity
                FROM log JOIN (SELECT rowid AS spot, {ITEM_PRICE}, {ITEM_QUANTITY} FROM stage) USING (spot)
                WHERE {_lines(part)})
            GROUP BY {_WHOLE_ORDER}
            HAVING count(*) > 1 AND min(exact) = max(exact) AND count(price * quantity) = count(*))"""
    ).fetchone()
    if 2 * known < orders.equal or not known:
        return None
    if lines >= _NEARLY_ALL * known:
        return False
    return True if wholes >= _NEARLY_ALL * known else None


def _unclear(connection: Any, part: int, source: str, column: str, orders: _Orders) -> CvmError:
    order, lines, amount, items = connection.execute(
        f"""SELECT order_id, count(*), min({_GROSS}), list(DISTINCT product ORDER BY product)
        FROM log WHERE {_lines(part)} GROUP BY {_WHOLE_ORDER}
        HAVING count(*) > 1 AND min({_GROSS}) = max({_GROSS}) ORDER BY min(spot) LIMIT 1"""
    ).fetchone()
    return CvmError(
        "reading.unclear_order_total",
        source=source,
        column=column,
        count=f"{orders.equal:,}",
        several=f"{orders.several:,}",
        order=order,
        lines=lines,
        amount=f"{amount:,.2f}",
        total=f"{lines * Decimal(amount):,.2f}",
        items=f" ({listed([item for item in items if item], 5)})" if any(items) else "",
    )


def _count_once(connection: Any, part: int, column: str) -> list[Note]:
    """Set the amount to 0 on all lines of an order but the first with this amount; say what that takes off."""
    money = [name for name in (tables.PROFIT, tables.COST) if _is_equal_too(connection, part, name)]
    _gather_totals(connection, part)
    total = f"SELECT coalesce(sum(exact), 0) FROM log WHERE part = {part} AND {USED_ROWS}"
    (before,) = connection.execute(total).fetchone()
    further = "SELECT spot FROM totals WHERE nth > 1"
    (rows,) = connection.execute(f"SELECT count(*) FROM log WHERE {USED_ROWS} AND spot IN ({further})").fetchone()
    zeroed = ", ".join(f"{name} = 0" for name in ("exact", *_OFF, *money))
    connection.execute(f"UPDATE log SET {zeroed} WHERE spot IN ({further})")
    connection.execute(
        """UPDATE log SET exact = gross - less - back, refunded = back, discounted = less FROM totals
        WHERE log.spot = totals.spot AND nth = 1 AND log.exact <> 0
            AND (back, less) <> (log.refunded, log.discounted)"""
    )
    set_aside(connection, "cancelled", f"part = {part} AND refunded <> 0 AND exact = 0")
    (after,) = connection.execute(total).fetchone()
    said = {"column": column, "rows": f"{rows:,}", "amount": f"{before - after:,.2f}"}
    return [Note("totals_counted_once", said, "warning")] if rows else []


def _gather_totals(connection: Any, part: int) -> None:
    """Make the table ``totals`` of the lines with an order's total: its first line, and what was taken off it.

    The refunds or discounts of several lines add up, unless each line repeats the same one or they are more than the
    total. An order that is shipped on several days has its total on each of them.
    """
    whole = f"({USED_ROWS} OR (refunded <> 0 AND exact = 0))"
    refund, discount = (
        f"""CASE WHEN min({off}) OVER lines = max({off}) OVER lines OR sum({off}) OVER lines > gross
                THEN max({off}) OVER lines ELSE sum({off}) OVER lines END::{EXACT}"""
        for off in _OFF
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE totals AS
        SELECT spot, gross, row_number() OVER (lines ORDER BY exact = 0, spot) AS nth,
            {refund} AS back, {discount} AS less
        FROM (SELECT *, CASE WHEN gross > 0 AND date <= min(date) OVER same + {_DAYS} THEN min(date) OVER same
                ELSE date END AS day
            FROM (SELECT spot, customer_id, order_id, date, exact, refunded, discounted, {_GROSS} AS gross,
                    CASE WHEN {whole} THEN 0 ELSE reason END AS state
                FROM log WHERE part = {part} AND order_id IS NOT NULL AND {_GROSS} <> 0)
            WINDOW same AS (PARTITION BY customer_id, order_id, gross, state))
        WINDOW lines AS (PARTITION BY customer_id, order_id, gross, state, day)"""
    )


def _is_equal_too(connection: Any, part: int, name: str) -> bool:
    """Return whether the profit or cost of an order is repeated on its lines as the amount is."""
    several, equal = connection.execute(
        f"""SELECT count(*), count(*) FILTER (min_value = max_value) FROM (
            SELECT min({name}) AS min_value, max({name}) AS max_value FROM log
            WHERE {_lines(part)} GROUP BY {_WHOLE_ORDER} HAVING count(*) > 1 AND count({name}) = count(*))"""
    ).fetchone()
    return bool(several) and equal >= _NEARLY_ALL * several

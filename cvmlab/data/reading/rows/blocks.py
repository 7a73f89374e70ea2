"""Subtotals that carry the name of a customer, or one of their own, and a date: known by their sums alone.

A file that splits to its very end into blocks of rows, each ended or each begun by the sum of its rows, is a list with
subtotals; and rows of names of their own at the end that together repeat all rows above them are sums as well ("Q1",
"Q2"). So is each row of a customer whose every row is the sum of those since the one before, as a label that no rule
knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from .verdicts import DATA_ROWS

_DATA = f"exact <> 0 AND {DATA_ROWS}"
#: A first block is looked for among so many rows.
_PROBE = 500
#: Blocks of several rows each that a file must have; a row that repeats the one above it is no sum yet.
_BLOCKS = 3
#: Rows at the end that together may repeat all above them, and how many there must be above, at least and for each:
#: a dozen who bought once at one price may follow a dozen others.
_LAST, _ABOVE, _FOR_EACH = 60, 10, 3

# place (``spot``), amount, customer
Row = tuple[int, Decimal, str | None]


def sums_of_blocks(connection: Any, part: int) -> list[Row]:
    """Return the rows of a part that are sums of the blocks above or below them, or together of all rows above."""
    return (
        _sums_seen(connection, part, "ASC")
        or _sums_seen(connection, part, "DESC")
        or _repeated_at_the_end(connection, part)
        or _one_label(connection, part)
    )


def _sums_seen(connection: Any, part: int, order: str) -> list[Row]:
    """Return the sums that follow their blocks, as seen from the first row (``ASC``) or from the last (``DESC``)."""
    # what stands above the rows of an order is its head, see `order_heads`
    if order == "DESC" and _has_orders(connection, part):
        return []
    rows = _rows(connection, part, f"{order} LIMIT {_PROBE}")
    begins = _ends([row[1] for row in rows])
    if not any(end - begin > 2 for end, begin in begins.items()):
        return []
    if len(rows) == _PROBE and max(begins) > _PROBE / 2:
        rows = _rows(connection, part, order)
    return _split(rows)


def _has_orders(connection: Any, part: int) -> bool:
    (orders,) = connection.execute(
        f"SELECT count(*) = count(order_id) FROM log WHERE part = {part} AND {_DATA}"
    ).fetchone()
    return bool(orders)


def _rows(connection: Any, part: int, order: str) -> list[Row]:
    found: list[Row] = connection.execute(
        f"SELECT spot, exact, customer_id FROM log WHERE part = {part} AND {_DATA} ORDER BY spot {order}"
    ).fetchall()
    return found


def _ends(amounts: Sequence[Decimal]) -> Mapping[int, int]:
    """Return for each place where a block may end where it may begin, all places before it being blocks as well."""
    begins: dict[int, int] = {}
    above = Decimal(0)
    # sum of all rows before a place that begins a block
    open_at = {above: 0}
    for place, amount in enumerate(amounts):
        begin = open_at.get(above - amount)
        above += amount
        if begin is not None and begin < place:
            begins[place + 1] = begin
            open_at.setdefault(above, place + 1)
    return begins


def _split(rows: Sequence[Row]) -> list[Row]:
    """Return the sums of a part that consists of blocks; the last row may be the sum of all."""
    amounts = [row[1] for row in rows]
    begins = _ends(amounts)
    for end in (len(rows), len(rows) - 1):
        ends = []
        while end in begins:
            ends.append(end)
            end = begins[end]
        sums = [rows[end - 1] for end in ends]
        if end or (len(rows) not in ends and amounts[-1] != sum(row[1] for row in sums)):
            continue
        blocks = [rows[begins[end] : end] for end in ends]
        if sum(map(_is_sum, blocks)) >= _BLOCKS and all(map(_may_be_sum, blocks)):
            return [*sums, *([] if len(rows) in ends else rows[-1:])]
    return []


def _is_sum(block: Sequence[Row]) -> bool:
    """Return whether the last row is more than each of several others: 100, -100, 100 are no block."""
    *lines, last = (abs(row[1]) for row in block)
    return len(lines) > 1 and last > max(lines)


def _may_be_sum(block: Sequence[Row]) -> bool:
    """Return whether the last row has the name that all others have, or one that none of them has."""
    *lines, last = (row[2] for row in block)
    return last not in lines or len(set(lines)) == 1


def _repeated_at_the_end(connection: Any, part: int) -> list[Row]:
    """Return the rows at the end, of customers with no other row, that together make half of all."""
    size, whole = connection.execute(f"SELECT count(*), sum(exact) FROM log WHERE part = {part} AND {_DATA}").fetchone()
    last = _rows(connection, part, f"DESC LIMIT {_LAST}")
    halves = [count for count in range(2, len(last) + 1) if 2 * sum(row[1] for row in last[:count]) == whole]
    # nothing is half of nothing, as where returns undo all sales
    if not whole or not halves or size - halves[0] < max(_ABOVE, _FOR_EACH * halves[0]):
        return []
    found = last[: halves[0]]
    names = [row[2] for row in found]
    (rows,) = connection.execute(
        f"SELECT count(*) FROM log WHERE part = {part} AND {_DATA} AND customer_id IN (SELECT unnest(?))", [names]
    ).fetchone()
    return found if rows == len(set(names)) == len(found) else []


def _one_label(connection: Any, part: int) -> list[Row]:
    """Return the rows of a name that always stands below the rows that it sums, and never elsewhere."""
    # the first rows tell whether there is one
    return _labels(connection, part, f"LIMIT {_PROBE}") and _labels(connection, part)


def _labels(connection: Any, part: int, limit: str = "") -> list[Row]:
    found: list[Row] = connection.execute(
        f"""WITH seen AS (
            SELECT spot, exact, customer_id, sum(exact) OVER down AS above, row_number() OVER down AS place
            FROM (SELECT * FROM log WHERE part = {part} AND {_DATA} ORDER BY spot {limit})
            WINDOW down AS (ORDER BY spot)
        ), blocks AS (
            SELECT *, above - exact - lag(above, 1, 0) OVER own AS between,
                place - 1 - lag(place, 1, 0) OVER own AS rows
            FROM seen WINDOW own AS (PARTITION BY customer_id ORDER BY spot)
        ), labels AS (
            SELECT customer_id FROM blocks GROUP BY customer_id
            HAVING count(*) >= {_BLOCKS} AND bool_and(between = exact) AND count(*) FILTER (rows > 1) >= {_BLOCKS}
        )
        SELECT spot, exact, customer_id FROM blocks SEMI JOIN labels USING (customer_id) ORDER BY spot"""
    ).fetchall()
    return found

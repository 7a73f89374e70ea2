"""Equal rows: the same row exported twice, or two purchases that look alike.

With an order id, equal rows are one row exported twice, and are dropped. Without one they stay, since they may be two
purchases, and are counted. Where nearly every row stands there twice, or one file or sheet holds the rows of another,
the user is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..cells.values import DATA
from ..columns import ColumnMapping
from ..notes import Note
from ..quality import USED
from ..raw import Source
from .verdicts import REASON_CODES, USED_ROWS, set_aside

# Share of the rows, and number of them, from which repeats are no coincidence.
_DOUBLED, _SHARED = 0.9, 0.2
_FEWEST = 3
# Share of a sheet's rows that are sums of several rows, from which it is one of totals.
_SUMMED = 0.3

# Lines that repeat one of their own order: so many, in so many orders, with this share of the money, are no mistake.
_LINES, _ORDERS, _WEIGHS = 10, 5, 0.05
# Share of the orders of a part that another part has too, in other rows.
_SEEN = 0.5

_ROWS = f"kind = {DATA} AND hash IS NOT NULL"


def look_for_repeats(connection: Any, mappings: Sequence[ColumnMapping], drop: bool | None) -> None:
    """Make the table ``again`` of rows equal to an earlier one, with whether they are to be dropped."""
    named = [str(part) for part, mapping in enumerate(mappings) if tables.ORDER_ID in mapping]
    is_dropped = f"part IN ({', '.join(named) or 'NULL'})" if drop is None else str(drop)
    # only the few hashes that occur twice are sorted
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE again AS
        SELECT spot, part, first, coalesce({is_dropped}, false) AS dropped, copies FROM (
            SELECT rowid AS spot, part, row_number() OVER copy AS copy, count(*) OVER (PARTITION BY hash) AS copies,
                first_value(part) OVER copy AS first
            FROM stage
            WHERE {_ROWS} AND hash IN (SELECT hash FROM stage WHERE {_ROWS} GROUP BY hash HAVING count(*) > 1)
            WINDOW copy AS (PARTITION BY hash ORDER BY rowid)
        ) WHERE copy > 1"""
    )


def judge_repeats(connection: Any, parts: Sequence[Source], drop: bool | None) -> list[Note]:
    """Drop the rows of a part that another one has, ask where that may be meant; return what is said of equal rows."""
    if drop is None:
        _ask_of_doubled_rows(connection, parts)
        _ask_of_receipts(connection, parts)
        if len(parts) > 1:
            _ask_of_sums(connection, parts)
    if drop is not False and len(parts) > 1:
        _judge_shared_rows(connection, parts, drop)
        if drop is None:
            _ask_of_orders_seen(connection, parts)
    rows, amount = connection.execute(
        f"""SELECT count(*), coalesce(sum(exact), 0) FROM log
        WHERE {USED_ROWS} AND spot IN (SELECT spot FROM again WHERE NOT dropped)"""
    ).fetchone()
    return [Note("equal_rows_kept", {"count": f"{rows:,}", "amount": f"{amount:,.2f}"})] if rows else []


def _ask_of_doubled_rows(connection: Any, parts: Sequence[Source]) -> None:
    """Raise `CvmError` where nearly all rows of a part without an order id stand there exactly twice."""
    found = connection.execute(
        f"""SELECT part, count(*), sum(exact), min(customer_id || ' · ' || date || ' · ' || exact::DOUBLE)
        FROM log JOIN again USING (spot, part)
        WHERE {USED_ROWS} AND NOT dropped AND part = first AND copies = 2 GROUP BY part ORDER BY part"""
    ).fetchall()
    for part, doubled, amount, example in found:
        (rows,) = connection.execute(f"SELECT count(*) FROM log WHERE {USED_ROWS} AND part = {part}").fetchone()
        if doubled >= _FEWEST and 2 * doubled >= _DOUBLED * rows:
            said = {
                "source": parts[part].name,
                "rows": f"{rows:,}",
                "count": f"{doubled:,}",
                "amount": f"{amount:,.2f}",
            }
            raise CvmError("reading.doubled_rows", example=example, **said)


def _ask_of_receipts(connection: Any, parts: Sequence[Source]) -> None:
    """Raise `CvmError` where equal lines within many orders make much of the money: an article scanned twice."""
    found = connection.execute(
        f"""WITH lines AS (
            SELECT log.part, order_id, exact, coalesce(dropped AND again.part = first, false) AS is_again, copies
            FROM log LEFT JOIN again USING (spot)
            WHERE reason IN ({REASON_CODES[USED]}, {REASON_CODES["duplicate_row"]}) AND order_id IS NOT NULL
        )
        SELECT part, count(*) FILTER (is_again) AS lines, count(DISTINCT order_id) FILTER (is_again) AS orders,
            sum(exact) FILTER (is_again) AS amount, count(DISTINCT order_id), count(*)
        FROM lines GROUP BY part
        HAVING lines >= {_LINES} AND orders >= {_ORDERS} AND amount >= {_WEIGHS} * sum(abs(exact))
            AND (2 * lines < {_DOUBLED} * count(*) OR max(copies) > 2)
        ORDER BY part LIMIT 1"""
    ).fetchone()
    if found:
        part, lines, orders, amount, *_ = found
        said = {"source": parts[part].name, "count": f"{lines:,}", "orders": f"{orders:,}"}
        raise CvmError("reading.lines_again", amount=f"{amount:,.2f}", **said)


def _ask_of_orders_seen(connection: Any, parts: Sequence[Source]) -> None:
    """Raise `CvmError` where two parts have the same orders of the same customers and days, in other rows."""
    found = connection.execute(
        f"""WITH orders AS (
            SELECT part, customer_id, order_id, date, sum(exact) AS amount FROM log
            WHERE {USED_ROWS} AND order_id IS NOT NULL GROUP BY ALL HAVING amount > 0
        ), sizes AS (SELECT part, count(*) AS size FROM orders GROUP BY part)
        SELECT one.part, other.part, count(*) AS alike, any_value(size), sum(one.amount), sum(other.amount)
        FROM orders AS one JOIN sizes ON sizes.part = one.part
            JOIN orders AS other USING (customer_id, order_id, date)
        WHERE one.part <> other.part
        GROUP BY ALL HAVING alike >= {_FEWEST} AND alike >= {_SEEN} * any_value(size)
        ORDER BY alike DESC, 1, 2 LIMIT 1"""
    ).fetchone()
    if found:
        part, other, alike, size, own, others = found
        said = {"source": parts[part].name, "other": parts[other].name, "count": f"{alike:,}", "rows": f"{size:,}"}
        raise CvmError("reading.orders_seen", amount=f"{own:,.2f}", other_amount=f"{others:,.2f}", **said)


def _ask_of_sums(connection: Any, parts: Sequence[Source]) -> None:
    """Raise `CvmError` where a part has one row a customer, with the sum of that customer in another part."""
    found = connection.execute(
        f"""WITH sums AS (
            SELECT part, customer_id, sum(exact) AS amount, count(*) AS rows FROM log WHERE {USED_ROWS} GROUP BY ALL
        ), short AS (SELECT part, count(*) AS size FROM sums GROUP BY part HAVING max(rows) = 1)
        SELECT one.part, other.part, size, count(*) AS alike, sum(one.amount)
        FROM sums AS one JOIN short USING (part) JOIN sums AS other
            ON one.customer_id = other.customer_id AND one.part <> other.part AND one.amount = other.amount
        GROUP BY ALL HAVING alike >= {_DOUBLED} * size AND count(*) FILTER (other.rows > 1) >= {_SUMMED} * size
        ORDER BY 1, 2 LIMIT 1"""
    ).fetchone()
    if found is not None and found[2] > 1:
        part, other, size, alike, amount = found
        said = {"source": parts[part].name, "other": parts[other].name, "sheet": parts[other].sheet or "NAME"}
        raise CvmError("reading.customer_sums", rows=f"{size:,}", count=f"{alike:,}", amount=f"{amount:,.2f}", **said)


def _judge_shared_rows(connection: Any, parts: Sequence[Source], drop: bool | None) -> None:
    """Drop the rows that an earlier part has too, compared as they were read; or ask."""
    seen = "hash(customer_id, date, exact, order_id, product)"
    # two equal rows of one part are repeated by two of another
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE shared AS
        WITH twice AS (SELECT {seen} AS seen FROM log WHERE {USED_ROWS} GROUP BY 1 HAVING min(part) < max(part)),
        counted AS (
            SELECT spot, part, {seen} AS seen, row_number() OVER (PARTITION BY part, {seen} ORDER BY spot) AS copy
            FROM log WHERE {USED_ROWS} AND {seen} IN (SELECT seen FROM twice)
        )
        SELECT spot, part, first_value(part) OVER beside AS first FROM counted
        WINDOW beside AS (PARTITION BY seen, copy ORDER BY part) QUALIFY row_number() OVER beside > 1"""
    )
    if drop:
        set_aside(connection, "duplicate_row", "spot IN (SELECT spot FROM shared)")
        return
    sizes = dict(connection.execute(f"SELECT part, count(*) FROM log WHERE {USED_ROWS} GROUP BY part").fetchall())
    found = connection.execute(
        """SELECT part, first, count(*), sum(exact) FROM shared JOIN log USING (spot, part)
        GROUP BY part, first ORDER BY count(*) DESC, part, first"""
    ).fetchall()
    for part, first, rows, amount in found:
        if rows >= _FEWEST and rows >= _SHARED * min(sizes[part], sizes[first]):
            said = {"source": parts[part].name, "other": parts[first].name, "rows": f"{sizes[part]:,}"}
            raise CvmError("reading.shared_rows", count=f"{rows:,}", amount=f"{Decimal(amount):,.2f}", **said)

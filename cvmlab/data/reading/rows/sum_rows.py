"""Total rows that no word gives away: a row whose amount is the sum of the rows above it, or of its block of them.

Only rows without a customer or a date, and customers with a single row, are looked at (`blocks` looks at the others);
and their sums must account for the whole file: one row that equals all others, or subtotals that follow one another to
its end. A purchase that happens to equal the sum of a few rows before it stays a purchase; "C07 subtotal" below a row
of C07 needs no block.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from ..cells.deductions import is_said
from ..notes import Note
from ..raw import Source
from .blocks import sums_of_blocks
from .verdicts import DATA_ROWS, REASON_CODES

_TOTAL = REASON_CODES["total_row"]
_MOST = 20_000
# Rows in a block, and in the whole, before a complete row may be their sum.
_BLOCK, _WHOLE = 3, 5
_COVERED = 0.8
# Unconfirmed total rows of more money than this, beside that of all rows, are a warning.
_WEIGHS = Decimal("0.01")


class _Row(NamedTuple):
    part: int
    spot: int
    exact: Decimal
    by_word: bool
    # a customer and a date of its own, and no name of a total, or made of that of the customer above
    complete: bool
    # sum and number of the rows of data between it and the row before it here
    between: Decimal
    rows: int


def find_sum_rows(connection: Any, parts: Sequence[Source]) -> list[Note]:
    """Give rows that are sums of others the reason ``total_row``; return what is to be said of total rows."""
    whole = {
        part: (rows, amount)
        for part, rows, amount in connection.execute(
            f"SELECT part, count(*), coalesce(sum(exact), 0) FROM log WHERE {DATA_ROWS} GROUP BY part"
        ).fetchall()
    }
    found: list[_Row] = []
    odd: list[_Row] = []
    _gather_candidates(connection)
    candidates = _candidates(connection)
    for part, rows in groupby(candidates, key=lambda row: row.part):
        sums, words = _sums_among(list(rows), *whole.get(part, (0, Decimal(0))))
        found += sums
        odd += words
    # a list may have its sums above what they sum
    if candidates and not found:
        for part, rows in groupby(_candidates(connection, upwards=True), key=lambda row: row.part):
            found += _sums_among(list(rows), *whole.get(part, (0, Decimal(0))))[0]
    # a part without any such row may yet consist of blocks
    for part in whole.keys() - {row.part for row in found}:
        blocks = sums_of_blocks(connection, part)
        found += [_Row(part, spot, exact, False, True, exact, 1) for spot, exact, _ in blocks]
    found.sort(key=lambda row: row.spot)
    if found:
        spots = ", ".join(str(row.spot) for row in found)
        connection.execute(f"UPDATE log SET reason = {_TOTAL} WHERE spot IN ({spots})")
    money = sum((abs(amount) for _, amount in whole.values()), Decimal(0))
    return [
        _remark(connection, parts, key, rows)
        for key, rows in (("sum_rows", found), ("odd_totals", odd))
        if rows and sum(abs(row.exact) for row in rows) > _WEIGHS * money
    ]


def _gather_candidates(connection: Any) -> None:
    """Make the table ``candidates`` of the rows that may be sums and those that a word has given away."""
    named = is_said("customer_id", "total_row", "all_row")
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE candidates AS
        WITH once AS (
            SELECT customer_id FROM log WHERE {DATA_ROWS} GROUP BY customer_id HAVING count(*) = 1 OR {named}
        ),
        whole AS (SELECT part, sum(exact) AS amount FROM log WHERE {DATA_ROWS} GROUP BY part),
        rows AS (
            SELECT part, spot, customer_id, exact, reason = {_TOTAL} AS by_word,
                customer_id IS NOT NULL AND date IS NOT NULL AND NOT {named} AS complete
            FROM log WHERE exact <> 0 AND (reason = {_TOTAL} OR {DATA_ROWS} AND (
                customer_id IS NULL OR date IS NULL OR customer_id IN (SELECT customer_id FROM once)))
        )
        SELECT rows.*, 2 * exact = amount AS is_half FROM rows LEFT JOIN whole USING (part)"""
    )
    (count,) = connection.execute("SELECT count(*) FROM candidates").fetchone()
    if count > _MOST:
        connection.execute("DELETE FROM candidates WHERE NOT by_word AND NOT is_half")


def _candidates(connection: Any, *, upwards: bool = False) -> list[_Row]:
    """Return the candidates in order, with what lies between them.

    ``upwards`` is from the last row to the first, so that what lies between them is below each.
    """
    order, side, last = ("DESC", ">", "arg_min") if upwards else ("ASC", "<", "arg_max")
    found = connection.execute(
        f"""SELECT c.part, c.spot, any_value(c.exact), any_value(by_word),
            any_value(complete)
                AND NOT coalesce(contains(any_value(c.customer_id), {last}(l.customer_id, l.spot)), false),
            coalesce(sum(l.exact), 0), count(l.spot)
        FROM candidates AS c LEFT JOIN (
            SELECT l.spot, l.exact, l.customer_id, c.part, c.spot AS next FROM log AS l ASOF JOIN candidates AS c
                ON l.part = c.part AND l.spot {side} c.spot
            WHERE {DATA_ROWS}
        ) AS l ON l.part = c.part AND l.next = c.spot
        GROUP BY c.part, c.spot ORDER BY c.part, c.spot {order}"""
    ).fetchall()
    return [_Row(*row) for row in found]


def _sums_among(rows: Sequence[_Row], size: int, amount: Decimal) -> tuple[list[_Row], list[_Row]]:
    """Return the rows that are sums, and those that a word gives away although they are no sum of rows above them."""
    half = [
        row for row in rows if not row.by_word and 2 * row.exact == amount and size > (_WHOLE if row.complete else 2)
    ]
    if len(half) == 1:
        return half, []
    above, count, taken = Decimal(0), 0, 0
    # sum and number of the rows above the total rows so far, from the beginning on
    ends: dict[Decimal, int] = {Decimal(0): 0}
    found, odd = [], []
    for row in rows:
        above += row.between
        count += row.rows
        begin = ends.get(above - row.exact)
        block = 0 if begin is None else count - begin
        is_sum = not row.by_word and block >= (_BLOCK if row.complete else 1)
        if row.by_word and not block and row.exact != amount:
            odd.append(row)
        if row.by_word or is_sum:
            ends.setdefault(above, count)
            taken = max(taken, count)
        if is_sum:
            found.append(row)
            # counted among the rows of data below it, which it is not
            above -= row.exact
            count -= 1
    # one row alone that is no half of the whole may be a coincidence
    is_covered = len(found) > 1 and taken >= _COVERED * (size - len(found))
    return found if is_covered else [], odd


def _remark(connection: Any, parts: Sequence[Source], key: str, rows: Sequence[_Row]) -> Note:
    (customer,) = connection.execute("SELECT customer_id FROM log WHERE spot = ?", [rows[0].spot]).fetchone()
    said = {
        "count": f"{len(rows):,}",
        "amount": f"{sum((row.exact for row in rows), Decimal(0)):,.2f}",
        "source": parts[rows[0].part].name,
        "customer": customer or "–",
        "first": f"{rows[0].exact:,.2f}",
    }
    return Note(key, said, "warning")

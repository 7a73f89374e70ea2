"""Rows that are no sales by their word, and the negative ones among them with which a cancellation is booked.

Where negative rows cancel a fair part of these sales (same customer and amount, or same order), both stay and net out,
and only sales that nothing cancels are left out. Elsewhere all are left out, but a negative row that cancels a sale
which counts.
"""

from __future__ import annotations

from typing import Any

from cvmlab.core.words import CvmError

from ..columns import ColumnMapping
from ..roles import option
from .verdicts import USED_ROWS

#: Share of the cancelled money that negative rows must cancel, in a part and in an order, before they book it; and
#: that negative rows which cancel nothing may have before they are asked about.
_FAIR, _LITTLE = 0.5, 0.05


def gather_closed(connection: Any, which: str, word: str) -> None:
    """Make the table ``closed`` of the used rows for which a condition holds: whether each is ``out``, or ``loose``.

    A loose row is negative, and cancels no sale.
    """
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE closed AS
        SELECT part, spot, customer_id, order_id, exact, {word} AS word, false AS matched, false AS sold,
            row_number() OVER (PARTITION BY part, customer_id, exact ORDER BY spot) AS nth
        FROM log WHERE {USED_ROWS} AND ({which})"""
    )
    if connection.execute("SELECT bool_or(exact < 0) FROM closed").fetchone()[0]:
        _match(connection)
    booked = f"""(bool_or(exact < 0) OVER parts AND coalesce(sum(exact) FILTER (exact > 0 AND matched) OVER parts, 0)
        >= {_FAIR} * coalesce(sum(exact) FILTER (exact > 0) OVER parts, 0))"""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE closed AS SELECT *,
            CASE WHEN booked THEN exact > 0 AND NOT matched ELSE exact >= 0 OR matched OR NOT sold END AS out,
            NOT booked AND exact < 0 AND NOT matched AND NOT sold AS loose
        FROM (SELECT *, {booked} AS booked FROM closed WINDOW parts AS (PARTITION BY part))"""
    )


def _match(connection: Any) -> None:
    """Say which rows cancel one another, and which negative ones cancel a sale that counts."""
    pairs = "SELECT (part, customer_id, -exact, nth) FROM closed"
    orders = f"""SELECT (part, customer_id, order_id) FROM closed WHERE order_id IS NOT NULL GROUP BY ALL
        HAVING -sum(exact) FILTER (exact < 0) >= {_FAIR} * sum(exact) FILTER (exact > 0)"""
    connection.execute(
        f"""UPDATE closed SET matched = exact <> 0 AND ((part, customer_id, exact, nth) IN ({pairs})
            OR coalesce((part, customer_id, order_id) IN ({orders}), false))"""
    )
    sales = f"""FROM log WHERE {USED_ROWS} AND exact > 0 AND customer_id IN (SELECT customer_id FROM closed
        WHERE exact < 0) AND spot NOT IN (SELECT spot FROM closed)"""
    connection.execute(
        f"""UPDATE closed SET sold = exact < 0 AND ((part, customer_id, -exact) IN
                (SELECT (part, customer_id, exact) {sales})
            OR (order_id IS NOT NULL AND (part, customer_id, order_id) IN
                (SELECT (part, customer_id, order_id) {sales} AND order_id IS NOT NULL)))"""
    )


def check_loose(connection: Any, part: int, mapping: ColumnMapping, role: str, column: str, confirmed: str) -> None:
    """Raise `CvmError` where much of what is left out is negative and cancels nothing, unless the user said so."""
    rows, amount, loose, minus, words = connection.execute(
        """SELECT count(*) FILTER (exact > 0), sum(exact) FILTER (exact > 0), count(*) FILTER (loose),
            sum(exact) FILTER (loose), string_agg(DISTINCT word, ', ' ORDER BY word)
        FROM closed WHERE part = ? AND out""",
        [part],
    ).fetchone()
    if role in mapping.chosen or not loose or -float(minus) <= _LITTLE * float(amount):
        return
    said = {"column": column, "words": words, "rows": f"{rows:,}", "amount": f"{amount:,.2f}"}
    said |= {"count": f"{loose:,}", "minus": f"{minus:,.2f}", "role": role, "option": option(role)}
    raise CvmError("reading.unclear_cancellations", confirmed=confirmed, **said)

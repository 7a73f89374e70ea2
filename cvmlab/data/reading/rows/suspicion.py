"""Ids that may not be customers: by name, as a blank that many share, or by their weight in rows and money.

A large share alone says nothing: it may be the best customer. A collective id serves many people a day, so it has both
far more rows or money than an ordinary customer, and more orders a day; such an id is left out. Where only one of these
is seen, or where the money of one id weighs too much for it to be wrong, the id is shown and stays in.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ..notes import Note
from ..quality import SuspiciousCustomer
from ..raw import quoted
from ..role_names import row_pattern
from .verdicts import USED_ROWS

SHARE = 0.05
FEWEST_CUSTOMERS = 50
FEWEST_ROWS = 30
# Share of all money above which an id is shown, and above which a single row is no purchase, the latter in a log of so
# many customers at least.
_MONEY_SHOWN, _ONE_ROW, _ONE_ROW_CUSTOMERS = 0.25, 1 / 3, 20
# Where more customers than this, and more than half, have names such as "Guest 17", the log is an anonymised one.
SCHEME_CUSTOMERS, _SCHEME_SHARE = 20, 0.5
# In a smaller log, the id with most rows is shown where it has twice those of the next one, and more orders on one day
# than all others together.
_CROWD_CUSTOMERS, _CROWD_ROWS = 10, 15
_LISTED = 5  # suspicious customers that get a sentence of their own
_ORDERS = "CASE WHEN count(order_id) = 0 THEN count(*) ELSE count(DISTINCT order_id) END"


def find_suspicious(connection: Any, *, excluded: bool) -> tuple[SuspiciousCustomer, ...]:
    """Return the ids in ``log`` that may not be customers, those with most rows first."""
    name, blank = (quoted(rf"(?i)\s*(?:{row_pattern(role)})\s*") for role in ("suspicious_customer", "blank_customer"))
    found = connection.execute(
        f"""WITH counted AS (
            SELECT customer_id, count(*) AS rows, sum(exact) AS amount, max(customer_name) AS name,
                {_ORDERS} / count(DISTINCT date) AS day_orders, {_ORDERS} - count(DISTINCT date) AS spare,
                regexp_full_match(customer_id, {name})
                OR bool_or(coalesce(regexp_full_match(customer_name, {name}), false)) AS named,
                regexp_full_match(customer_id, {blank}) AS blank
            FROM log WHERE {USED_ROWS} GROUP BY customer_id
        ), shared AS (
            SELECT *, count(*) OVER () AS customers, row_number() OVER (ORDER BY rows DESC, customer_id) AS place,
                lead(rows) OVER (ORDER BY rows DESC, customer_id) AS next_rows,
                sum(greatest(spare, 0)) OVER () - greatest(spare, 0) AS others_spare, rows / sum(rows) OVER () AS share,
                greatest(amount, 0)::DOUBLE / nullif(sum(greatest(amount, 0)) OVER (), 0)::DOUBLE AS money,
                named AND (count(*) FILTER (named) OVER () <= {SCHEME_CUSTOMERS}
                    OR count(*) FILTER (named) OVER () <= {_SCHEME_SHARE} * count(*) OVER ()) AS by_name
            FROM counted
        ), ordinary AS (
            SELECT max(rows) AS rows, max(amount) AS amount, quantile_cont(day_orders, 0.99) AS day_orders,
                quantile_cont(rows, 0.99) AS most_rows
            FROM shared WHERE share <= {SHARE} AND coalesce(money, 0) <= {SHARE} AND NOT by_name AND NOT blank
        ), judged AS (
            SELECT s.*, coalesce(s.money, 0) AS money_share, s.day_orders >= 2 * o.day_orders AS busy,
                s.rows >= 2 * o.rows OR s.amount >= 2 * o.amount AS outgrown,
                s.rows >= 2 * o.most_rows OR greatest(share, coalesce(money, 0)) > {SHARE} AS stands_out,
                customers >= {FEWEST_CUSTOMERS} AND s.rows >= {FEWEST_ROWS}
                    AND greatest(share, coalesce(money, 0)) > {SHARE} AS heavy
            FROM shared AS s, ordinary AS o
        ), reasons AS (
            SELECT *, CASE WHEN by_name THEN 'name'
                WHEN blank AND stands_out THEN 'blank'
                WHEN heavy AND busy THEN 'share'
                WHEN s.rows = 1 AND money_share > {_ONE_ROW} AND customers >= {_ONE_ROW_CUSTOMERS} THEN 'one_row'
                WHEN money_share > {_MONEY_SHOWN} AND customers >= {FEWEST_CUSTOMERS} THEN 'money'
                WHEN place = 1 AND customers >= {_CROWD_CUSTOMERS} AND s.rows >= {_CROWD_ROWS}
                    AND s.rows >= 2 * next_rows AND spare >= 2 AND spare >= 2 * others_spare THEN 'crowd' END AS why
            FROM judged AS s
        )
        SELECT customer_id, coalesce(name, ''), why, rows, share, money_share, amount,
            why IN ('name', 'one_row') OR (why IN ('share', 'blank') AND busy AND outgrown)
        FROM reasons WHERE why IS NOT NULL ORDER BY rows DESC, customer_id"""
    ).fetchall()
    return tuple(
        SuspiciousCustomer(customer, known, why, rows, share, Decimal(amount), excluded and bool(clear), money)
        for customer, known, why, rows, share, money, amount, clear in found
    )


def suspicion_notes(suspicious: Sequence[SuspiciousCustomer], *, asked: bool) -> list[Note]:
    """Return what is said of suspicious ids; ``asked`` whether they were to be included."""
    notes = [
        Note(
            "suspicious_excluded" if customer.excluded else "suspicious_included" if asked else "suspicious_shown",
            {
                "customer": customer.customer_name or customer.customer_id,
                "why": f"why_{customer.why}",
                "rows": f"{customer.rows:,}",
                "share": f"{100 * customer.share:.1f}",
                "amount": f"{customer.amount:,.2f}",
                "money_share": f"{100 * customer.money_share:.1f}",
            },
            "warning",
        )
        for customer in suspicious[:_LISTED]
    ]
    rest = suspicious[_LISTED:]
    if rest:
        rows, amount = sum(customer.rows for customer in rest), sum(customer.amount for customer in rest)
        said = {"count": len(rest), "rows": f"{rows:,}", "amount": f"{amount:,.2f}"}
        notes.append(Note("suspicious_more", said, "warning"))
    return notes

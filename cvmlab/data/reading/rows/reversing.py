"""Purchases that were taken back: a sale and its reversal are no purchase, so the rows of both are set aside.

A row takes back a purchase of the same customer with the opposite amount and the same product, where there is one, made
at most `RETURN_DAYS` before: the latest one that no other row has taken back. An order of returns likewise takes
back an order with the same total. Rows of one order id that sum to nothing take back each other, whenever that was.
"""

from __future__ import annotations

from typing import Any

from ..notes import Note
from .verdicts import REASON_CODES, USED_ROWS, set_aside

# A week is what shops commonly give for a change of mind.
RETURN_DAYS = 7

_NOTHING = f"""SELECT spot FROM log JOIN (
        SELECT customer_id, order_id FROM log
        WHERE {USED_ROWS} AND (customer_id, order_id) IN
            (SELECT (customer_id, order_id) FROM log WHERE {USED_ROWS} AND exact < 0 AND order_id IS NOT NULL)
        GROUP BY customer_id, order_id HAVING sum(exact) = 0
    ) USING (customer_id, order_id)"""

_ROWS = f"""SELECT spot AS id, customer_id, coalesce(product, '') AS thing, abs(exact) AS size, date,
        exact > 0 AS bought
    FROM log SEMI JOIN (
        SELECT customer_id, coalesce(product, '') AS thing, -exact AS size FROM log WHERE {USED_ROWS} AND exact < 0
    ) AS returned
    ON log.customer_id = returned.customer_id AND coalesce(product, '') = thing AND abs(exact) = size
    WHERE {USED_ROWS}"""

# Returns of one row with a product have been looked for among the rows. Few orders sum to what another gave back, and
# the rows of these alone are listed.
_ORDERS = f"""CREATE OR REPLACE TEMP TABLE orders AS
    WITH given_back AS (
        SELECT customer_id, order_id, -sum(exact) AS size FROM log WHERE {USED_ROWS} AND (customer_id, order_id) IN
            (SELECT (customer_id, order_id) FROM log WHERE {USED_ROWS} AND exact < 0 AND order_id IS NOT NULL)
        GROUP BY customer_id, order_id HAVING max(exact) <= 0 AND (count(*) > 1 OR count(product) = 0)
    ), sold AS (
        SELECT customer_id, order_id, sum(exact) AS size FROM log
        WHERE {USED_ROWS} AND order_id IS NOT NULL AND customer_id IN (SELECT customer_id FROM given_back)
        GROUP BY customer_id, order_id HAVING min(exact) >= 0
    ), pairs AS (
        SELECT *, false AS bought FROM given_back SEMI JOIN sold USING (customer_id, size)
        UNION ALL SELECT *, true FROM sold SEMI JOIN given_back USING (customer_id, size)
    )
    SELECT row_number() OVER () AS id, customer_id, '' AS thing, size, min(date) AS date, bought, list(spot) AS spots,
        list_sort(list(DISTINCT product) FILTER (product IS NOT NULL)) AS products
    FROM log JOIN pairs USING (customer_id, order_id) WHERE {USED_ROWS}
    GROUP BY customer_id, order_id, size, bought"""


def _pairs(events: str) -> str:
    """Return the query of purchases and the returns that take them back, matched as brackets are, in one sort."""
    return f"""WITH nested AS (
            SELECT *, sum(CASE WHEN bought THEN 1 ELSE -1 END) OVER (
                PARTITION BY customer_id, thing, size ORDER BY date, NOT bought, id ROWS UNBOUNDED PRECEDING
            ) + (NOT bought)::INTEGER AS depth
            FROM ({events})
        ), beside AS (
            SELECT id, bought, date, lag(id) OVER pairs AS bought_id, lag(bought) OVER pairs AS opens,
                lag(date) OVER pairs AS bought_date
            FROM nested WINDOW pairs AS (
                PARTITION BY customer_id, thing, size, depth ORDER BY date, NOT bought, id)
        )
        SELECT bought_id, id FROM beside WHERE NOT bought AND opens AND date - bought_date <= {RETURN_DAYS}"""


def set_reversals_aside(connection: Any) -> list[Note]:
    """Give purchases and the returns that take them back whole the reason ``reversed``; return a remark."""
    if not connection.execute(f"SELECT 1 FROM log WHERE {USED_ROWS} AND exact < 0 LIMIT 1").fetchone():
        return []
    rows = set_aside(connection, "reversed", f"spot IN ({_NOTHING})")
    rows += set_aside(connection, "reversed", f"spot IN (SELECT unnest([bought_id, id]) FROM ({_pairs(_ROWS)}))")
    connection.execute(_ORDERS)
    whole = f"""SELECT unnest(list_concat(sale.spots, back.spots))
        FROM ({_pairs("FROM orders")}) AS pair JOIN orders AS sale ON sale.id = bought_id
            JOIN orders AS back ON back.id = pair.id
        WHERE back.products IS NULL OR back.products = sale.products"""
    rows += set_aside(connection, "reversed", f"spot IN ({whole})")
    if not rows:
        return []
    (amount,) = connection.execute(
        f"SELECT sum(exact) FROM log WHERE reason = {REASON_CODES['reversed']} AND exact > 0"
    ).fetchone()
    return [Note("reversed", {"rows": f"{rows:,}", "amount": float(amount), "days": RETURN_DAYS})]

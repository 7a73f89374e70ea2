"""Which customers stopped buying a product while they still buy others.

Bought regularly means: on several days. That a product is missing since then may be chance, so a customer is named only
where chance makes it unlikely. If the n − 1 purchases of a product after the first could as well have fallen on any of
the customer's later purchase days, all of them lie in the earlier part w₀ of these days with probability
(w₀/(w₀ + w₁))^(n − 1). A day counts as much as the product was bought by all customers in that month, so that neither
the end of a season nor a product that loses all its buyers looks like a customer's own decision.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from cvmlab.data import windows
from cvmlab.data.tables import AMOUNT, CUSTOMER_ID, DATE, PRODUCT
from cvmlab.worth.buying.gap_rule import GAPS

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

#: Named is whose silence in a product chance explains with less than this probability, after so many purchases (ours).
CHANCE, LEAST_PURCHASES = 0.01, 4
#: What was bought so many months back shows the habit; a product last bought in the first third was dropped long ago.
_MONTHS, _RECENT = 36, 24


def find_dropped(transactions: Any, products: Collection[str], as_of: date) -> pd.DataFrame:
    """Return who dropped which of these products: ``customer_id``, ``product``, ``last_bought``, ``bought_before``.

    ``bought_before`` is the revenue with the product in the 12 months up to its last purchase; the largest come first.
    """
    rows = windows.between(transactions, windows.months_before(as_of, _MONTHS), as_of)
    found: pd.DataFrame = rows.query("rows_of_the_window", _sql(products, as_of)).df()
    order = {"bought_before": False, CUSTOMER_ID: True, "product": True}
    return found.sort_values(list(order), ascending=list(order.values()), ignore_index=True)


def _sql(products: Collection[str], as_of: date) -> str:
    recent = windows.months_before(as_of, _RECENT)
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in products) or "NULL"
    return f"""
    WITH line AS (
        SELECT {CUSTOMER_ID}, CAST({PRODUCT} AS VARCHAR) AS product, CAST({DATE} AS DATE) AS day, {AMOUNT} AS amount
        FROM rows_of_the_window
    ), bought AS (
        SELECT DISTINCT {CUSTOMER_ID}, product, day, date_trunc('month', day) AS month
        FROM line WHERE amount > 0 AND product IN ({names})
    ), visit AS (
        SELECT DISTINCT {CUSTOMER_ID}, day FROM line WHERE amount > 0
    ), visits AS (
        SELECT {CUSTOMER_ID}, date_trunc('month', day) AS month, count(*) AS days FROM visit GROUP BY ALL
    ), still AS (
        SELECT {CUSTOMER_ID} FROM visit GROUP BY ALL
        HAVING (DATE '{as_of:%Y-%m-%d}' - max(day)) * (count(*) - 1) <= {GAPS:g} * (max(day) - min(day))
    ), share AS (
        SELECT product, month, count(*) / any_value(days) AS share
        FROM bought JOIN (SELECT month, sum(days) AS days FROM visits GROUP BY ALL) USING (month) GROUP BY ALL
    ), pair AS (
        SELECT {CUSTOMER_ID}, product, count(*) AS times, min(month) AS first, max(month) AS last, max(day) AS last_day
        FROM bought SEMI JOIN still USING ({CUSTOMER_ID}) GROUP BY ALL
        HAVING times >= {LEAST_PURCHASES} AND last_day > DATE '{recent:%Y-%m-%d}'
            AND last < date_trunc('month', DATE '{as_of:%Y-%m-%d}')
    ), weighed AS (
        SELECT {CUSTOMER_ID}, product, times, last_day,
            sum(days * share) FILTER (month <= last) AS earlier, sum(days * share) AS all_days
        FROM pair JOIN visits USING ({CUSTOMER_ID}) JOIN share USING (product, month)
        WHERE month >= first GROUP BY ALL HAVING pow(earlier / all_days, times - 1) < {CHANCE}
    )
    SELECT {CUSTOMER_ID}, product, CAST(last_day AS TIMESTAMP) AS last_bought, sum(amount) AS bought_before
    FROM weighed JOIN line USING ({CUSTOMER_ID}, product)
    WHERE day > last_day - INTERVAL 12 MONTH GROUP BY ALL HAVING bought_before > 0
    """

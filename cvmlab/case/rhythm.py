"""How regularly customers buy: like clockwork, or at random as the models of buying suppose."""

from __future__ import annotations

from typing import Any

from cvmlab.data.tables import CUSTOMER_ID, DATE

# Gaps of purchases at random vary by as much as they are long; below half of that a customer keeps intervals (ours).
_REGULAR, _LEAST_GAPS = 0.5, 5


def buys_at_intervals(transactions: Any) -> bool:
    """Return whether the gaps of most customers vary little, by the median of their deviation over their mean."""
    days = f"SELECT DISTINCT {CUSTOMER_ID}, CAST({DATE} AS DATE) AS day FROM rows_of_the_rhythm"
    gaps = f"SELECT {CUSTOMER_ID}, day - lag(day) OVER (PARTITION BY {CUSTOMER_ID} ORDER BY day) AS gap FROM ({days})"
    own = (
        f"SELECT stddev_samp(gap) / avg(gap) AS variation FROM ({gaps}) "
        f"GROUP BY {CUSTOMER_ID} HAVING count(gap) >= {_LEAST_GAPS}"
    )
    ((typical,),) = transactions.query("rows_of_the_rhythm", f"SELECT median(variation) FROM ({own})").fetchall()
    return typical is not None and typical < _REGULAR

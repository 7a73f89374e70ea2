"""One row per customer: chance of being a customer, purchases and spend to expect (S09 Beyond)."""

from __future__ import annotations

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.guarding import public
from cvmlab.data.tables import CUSTOMER_ID, check_columns

from .fit_input import read_summary, rows_of
from .gamma_gamma import GammaGamma, own_spend
from .purchase_model import DAYS_PER_YEAR, PurchaseModel

Array = NDArray[np.float64]


@public
def score_customers(
    customers: AnyFrame, model: PurchaseModel, gamma_gamma: GammaGamma | None, *, days: float = DAYS_PER_YEAR
) -> pd.DataFrame:
    """Return what the two models expect of each customer, beside the observed silence.

    Parameters
    ----------
    customers, days
        Frame with ``customer_id`` (each once), ``frequency``, ``recency``, ``age`` (days) and ``monetary_value``
        (money, at least 0); length of the future, in days.
    model, gamma_gamma
        A model of buying, such as `fit_mbg_nbd` gives, and the spend of `fit_gamma_gamma`. None where no spend model
        can be fitted: then a customer's expected spend is the own mean repeat spend, and for customers without one
        the mean of all repeat purchases.

    Returns
    -------
    pandas.DataFrame
        One row per customer, in the order given: ``customer_id``; observed: ``usual_gap_days`` (mean days
        between purchase days, NaN without repeat purchase), ``silent_days`` (since the last purchase);
        estimated: ``p_alive`` (of a BG/NBD model 1 where there is no repeat purchase, see `BgNbd.p_alive`),
        ``expected_orders`` (purchase days in the next ``days``), ``expected_spend`` (money per purchase day),
        ``expected_revenue`` (their product, money in the next ``days``, not discounted).

    Examples
    --------
    >>> from cvmlab.worth.buying import BgNbd
    >>> customers = pd.DataFrame({
    ...     "customer_id": ["007", "008"], "frequency": [9, 9], "recency": [270, 120],
    ...     "age": [272, 272], "monetary_value": [22.0, 22.0]})
    >>> score_customers(
    ...     customers, BgNbd(0.243, 4.414, 0.793, 2.426), GammaGamma(6.25, 3.74, 15.44), days=365
    ... ).round(2).T
                           0      1
    customer_id          007    008
    p_alive             0.93   0.02
    expected_orders     7.67   0.17
    expected_spend     22.61  22.61
    usual_gap_days      30.0  13.33
    silent_days          2.0  152.0
    expected_revenue  173.49   3.85
    """
    check_columns(customers, (CUSTOMER_ID,))
    # of the caller's own kind again: the models check what they are given as everybody's
    rows = rows_of(customers).to_native()
    summary = read_summary(rows)
    with np.errstate(invalid="ignore"):
        usual_gap = np.where(summary.frequency > 0, summary.recency / summary.frequency, np.nan)
    orders = model.expected_purchases(rows, days)
    spend = own_spend(rows) if gamma_gamma is None else gamma_gamma.expected_spend(rows)
    scores = {
        CUSTOMER_ID: nw.from_native(rows, eager_only=True)[CUSTOMER_ID].to_numpy(),
        "p_alive": model.p_alive(rows),
        "expected_orders": orders,
        "expected_spend": spend,
        "usual_gap_days": usual_gap,
        "silent_days": summary.age - summary.recency,
        "expected_revenue": orders * spend,
    }
    return pd.DataFrame(scores)

"""The backtest: cut off the last months, judge as of then, compare with what really happened.

A report that calls customers silent or valuable must show how often it would have been right. The model's rival is
the simplest rule there is, last year's revenue.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.checking import check_count, check_lengths, check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.periods import DAYS_A_YEAR, as_date
from cvmlab.core.statistics import total_of, wilson_interval
from cvmlab.core.words import CvmError
from cvmlab.data.tables import AMOUNT, CUSTOMER_ID, DATE, check_columns, check_one_row_each, numbers

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Alarms", "alarms", "calibration", "captured_share", "gain_curves", "outcomes", "values_before"]


def __dir__() -> list[str]:
    return __all__


# More bands than this are no summary.
_MOST_BANDS = 1000


@public
@dataclass(frozen=True)
class Alarms:
    """How the warning "this customer is silent" fared in the months that were cut off.

    Attributes
    ----------
    silent_and_gone, silent_but_bought, active_and_bought, active_but_gone
        Customers by what they were called and did; ``silent_but_bought`` are false alarms, ``active_but_gone`` missed.
    """

    silent_and_gone: int
    silent_but_bought: int
    active_and_bought: int
    active_but_gone: int

    @property
    def silent(self) -> int:
        """Number of customers that were called silent."""
        return self.silent_and_gone + self.silent_but_bought

    @property
    def false_alarm_share(self) -> float:
        """Share of the customers called silent that bought after all; NaN if none was called silent."""
        return self.silent_but_bought / self.silent if self.silent else math.nan

    @property
    def found_share(self) -> float:
        """Share of the customers that really did not buy which had been called silent; NaN if all bought."""
        gone = self.silent_and_gone + self.active_but_gone
        return self.silent_and_gone / gone if gone else math.nan


@public
def alarms(silent: NDArray[np.bool_], bought: NDArray[np.bool_]) -> Alarms:
    """Count right and wrong warnings.

    Parameters
    ----------
    silent, bought
        Whether each customer was called silent as of the cut, and bought after it; shape (customers,).

    Examples
    --------
    >>> alarms(np.array([True, True, False]), np.array([False, True, True])).false_alarm_share
    0.5
    """
    check_lengths(silent=silent, bought=bought)
    return Alarms(
        silent_and_gone=int(np.sum(silent & ~bought)),
        silent_but_bought=int(np.sum(silent & bought)),
        active_and_bought=int(np.sum(~silent & bought)),
        active_but_gone=int(np.sum(~silent & ~bought)),
    )


@public
def captured_share(score: NDArray[np.float64], actual: NDArray[np.float64], share: float = 0.2) -> float:
    """Return the share of the actual amount that the top customers by score brought; NaN if there was none.

    Parameters
    ----------
    score, actual
        What a method expected of each customer, and what came; shape (customers,). Equal scores keep their order.
    share
        Share of customers at the top, between 0 and 1; at least one customer.

    Examples
    --------
    >>> captured_share(np.array([3.0, 2, 1, 0, 0]), np.array([50.0, 10, 40, 0, 0]))
    0.5
    """
    check_lengths(score=score, actual=actual)
    check_parameter("share", share, 0, 1)
    total = total_of(actual)
    if total <= 0:
        return math.nan
    count = max(1, round(share * len(score)))
    top = np.argsort(-score, kind="stable")[:count]
    return float(actual[top].sum()) / total


@public
def gain_curves(customers: pd.DataFrame, methods: dict[str, str], actual: str) -> pd.DataFrame:
    """Return, for every method, what share of the actual amount its best customers brought.

    Parameters
    ----------
    customers
        One row per customer with the columns named in ``methods`` and ``actual``.
    methods, actual
        Name of a method to the column of its score; column with the amount of the months cut off.

    Returns
    -------
    pandas.DataFrame
        ``method``, ``customer_share`` and ``captured_share`` (both 0 to 1, 101 points per method); the method
        ``ideal`` ranks by the actual amount and is the most anyone could have captured. NaN if nothing came.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"score": [2.0, 1.0], "brought": [9.0, 1.0]})
    >>> curves = gain_curves(frame, {"model": "score"}, "brought")
    >>> curves.query("method == 'model' and customer_share == 0.5")["captured_share"].tolist()
    [0.9]
    """
    import pandas as pd

    brought = numbers(customers, actual)
    total = total_of(brought)
    shares = np.linspace(0, 1, 101)
    counts = np.round(shares * len(brought)).astype(int)
    curves = []
    for method, column in {**methods, "ideal": actual}.items():
        order = np.argsort(-numbers(customers, column), kind="stable")
        reached = np.concatenate([[0.0], np.cumsum(brought[order])])[counts]
        captured = reached / total if total > 0 else np.full_like(reached, np.nan)
        curves.append(pd.DataFrame({"method": method, "customer_share": shares, "captured_share": captured}))
    return pd.concat(curves, ignore_index=True)


@public
def calibration(predicted: NDArray[np.float64], happened: NDArray[np.bool_], bands: int = 10) -> pd.DataFrame:
    """Compare predicted probabilities with what happened, in bands of equal width.

    Parameters
    ----------
    predicted, happened
        Probability of the event for each customer, 0 to 1, and whether it happened; shape (customers,).
    bands
        Number of bands between 0 and 1; empty ones are left out.

    Returns
    -------
    pandas.DataFrame
        ``predicted`` (mean in the band), ``observed`` (share that happened), ``low`` and ``high`` (95%
        Wilson interval of the observed share), ``customers`` (number in the band).

    Examples
    --------
    >>> calibration(np.array([0.12, 0.18, 0.9]), np.array([False, False, True]))["customers"].tolist()
    [2, 1]
    """
    import pandas as pd

    check_lengths(predicted=predicted, happened=happened)
    check_parameter("predicted", predicted, 0, 1)
    check_count("bands", bands, 1, _MOST_BANDS)
    band = np.minimum((predicted * bands).astype(int), bands - 1)
    count = np.bincount(band, minlength=bands)
    used = count > 0
    customers = count[used]
    observed = np.bincount(band, weights=happened, minlength=bands)[used] / customers
    low, high = wilson_interval(observed, customers)
    mean = np.bincount(band, weights=predicted, minlength=bands)[used] / customers
    return pd.DataFrame({"predicted": mean, "observed": observed, "low": low, "high": high, "customers": customers})


@public
def outcomes(customers: pd.DataFrame, later: pd.DataFrame) -> pd.DataFrame:
    """Put what customers did afterwards beside what was known of them as of the cut.

    Parameters
    ----------
    customers
        One row per customer known as of the cut; ``customer_id`` and any columns.
    later
        Summary of the months that were cut off: ``customer_id``, ``orders``, ``revenue``; later customers are
        left out, nobody could have judged them.

    Returns
    -------
    pandas.DataFrame
        ``customers`` with ``later_orders``, ``later_revenue`` (0 where nothing was bought) and ``bought``.

    Examples
    --------
    >>> import pandas as pd
    >>> known = pd.DataFrame({"customer_id": ["a", "b"]})
    >>> later = pd.DataFrame({"customer_id": ["b", "c"], "orders": [2, 1], "revenue": [30.0, 5.0]})
    >>> outcomes(known, later)["later_revenue"].tolist()
    [0.0, 30.0]
    """
    check_columns(customers, [CUSTOMER_ID])
    check_columns(later, [CUSTOMER_ID, "orders", "revenue"], "later")
    # nobody known, or nobody who came later, is an answer too
    for frame in (customers, later):
        if len(frame):
            check_one_row_each(frame)
    for column in ("orders", "revenue") if len(later) else ():
        numbers(later, column)
    found = later.set_index(CUSTOMER_ID).reindex(customers[CUSTOMER_ID])
    later_orders = found["orders"].fillna(0).to_numpy(int)
    later_revenue = found["revenue"].fillna(0.0).to_numpy(float)
    return customers.assign(later_orders=later_orders, later_revenue=later_revenue, bought=later_orders > 0)


@public
def values_before(transactions: pd.DataFrame, *, cut: dt.date | str, discount_rate: float = 0.1) -> pd.DataFrame:
    """Return what four methods said of each customer on a day, beside what the customer bought after it.

    All know the log up to the cut only. A period is as long as the time after the cut. Revenue stands for profit,
    which ranks customers alike where everybody's margin is the same share.

    Parameters
    ----------
    transactions
        A pandas frame with ``customer_id``, ``date`` and ``amount``.
    cut
        The last day that the methods see.
    discount_rate
        A year's.

    Returns
    -------
    pandas.DataFrame
        One row per customer known at the cut: ``customer_id``, ``past_revenue`` (all so far), ``latest_revenue`` (of
        the latest period), ``textbook_value`` (that × expected remaining lifetime × overall discount rate, as
        `cvmlab.value.textbook_current_value`, with the customer's own lifetime within ten years), ``model_value``
        (expected revenue of the next period by the model of buying that explains the log best), ``later_revenue``
        (what came), all money.

    Raises
    ------
    CvmError
        Where nothing was bought up to the cut, or nothing after it, or too little for a model.

    Examples
    --------
    >>> from cvmlab.data import datasets
    >>> log = datasets.load("packaging_leads").query("product == 'film_and_bags'")
    >>> said = values_before(log, cut="2025-06-30")
    >>> captured_share(said["model_value"].to_numpy(), said["later_revenue"].to_numpy()).__round__(2)
    0.44
    """
    import pandas as pd

    from cvmlab.data import aggregate
    from cvmlab.worth import buying, value
    from cvmlab.worth.buying.fitting import LEAST_REPEATERS

    from .spending import spend_model

    check_columns(transactions, (CUSTOMER_ID, DATE, AMOUNT), "transactions")
    dates = pd.to_datetime(transactions[DATE]).dt.tz_localize(None)
    last = pd.Timestamp(as_date(cut))
    later = (dates >= last + pd.Timedelta(days=1)).to_numpy()
    for part, key in ((~later, "buying.nothing_before"), (later, "buying.nothing_after")):
        if not part.any():
            raise CvmError(key, cut=last.date())
    days = (dates.max().normalize() - last).days
    latest = ~later & (dates >= last - pd.Timedelta(days=days - 1)).to_numpy()
    customers = aggregate.summarise_customers(transactions[~later], as_of=last.date())
    model = buying.best_explained(buying.fit_family(customers))
    if model is None:
        repeaters = int((customers["frequency"] > 0).sum())
        raise CvmError("buying.too_few_repeaters", repeaters=repeaters, least=LEAST_REPEATERS)
    periods = DAYS_A_YEAR / days
    lifetime = value.lifetime_of_buyers(customers, model)["expected_years"].to_numpy() * periods
    ids = transactions[CUSTOMER_ID].astype("str")
    revenue = {
        name: transactions[AMOUNT].where(rows, 0).groupby(ids).sum()[customers[CUSTOMER_ID]].to_numpy(float)
        for name, rows in {"latest": latest, "later": later}.items()
    }
    expected = buying.score_customers(customers, model, spend_model(customers), days=days)
    return pd.DataFrame(
        {
            CUSTOMER_ID: customers[CUSTOMER_ID],
            "past_revenue": customers["revenue"],
            "latest_revenue": revenue["latest"],
            "textbook_value": value.textbook_current_value(revenue["latest"], lifetime, discount_rate, periods),
            "model_value": expected["expected_revenue"],
            "later_revenue": revenue["later"],
        }
    )

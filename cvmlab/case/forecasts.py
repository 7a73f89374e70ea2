"""What is expected month by month: the purchases of each customer, the next one, and the base beside what came."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.data.tables import AMOUNT, CUSTOMER_ID, DATE
from cvmlab.data.windows import months_before

from .expectations import Models

_MONTHS = 12
# points between which the expectation of new customers is taken as a straight line
_POINTS = 200


def month_ends(after: date, months: int = _MONTHS) -> list[date]:
    """Return the last days of the months that lie after a day: the rest of its own month first, if there is any."""
    begin = after + timedelta(days=1)
    first = date(begin.year, begin.month, 1)
    return [months_before(first, -place) - timedelta(days=1) for place in range(1, months + 1)]


def expected_by_month(customers: pd.DataFrame, models: Models, as_of: date, months: int = _MONTHS) -> pd.DataFrame:
    """Return ``customer_id`` and the expected purchase days of each month to come, columns such as ``2024-03``."""
    ends = month_ends(as_of, months)
    assert models.buying is not None
    reached = models.buying.purchases_by(models.seen(customers), [models.days(as_of, end) for end in ends])
    within = models.level * np.diff(reached, axis=1, prepend=0.0)
    # who has left by recorded dates buys no more, whatever the purchases say
    within[customers["expected_orders"].to_numpy(float) == 0] = 0.0
    frame = pd.DataFrame(within, columns=[f"{end:%Y-%m}" for end in ends])
    frame.insert(0, CUSTOMER_ID, customers[CUSTOMER_ID].to_numpy())
    return frame


def expected_money(customers: pd.DataFrame, models: Models, as_of: date, months: int = _MONTHS) -> pd.DataFrame:
    """Return ``period`` (first day of each whole month to come) and ``expected``: the contribution of all customers."""
    whole = as_of == month_ends(as_of - timedelta(days=1), 1)[0]
    purchases = expected_by_month(customers, models, as_of, months if whole else months + 1)
    later = purchases.drop(columns=CUSTOMER_ID).iloc[:, 0 if whole else 1 :]
    expected = customers["expected_orders"].to_numpy(float)
    contribution = customers["expected_contribution"].to_numpy(float)
    each = np.divide(contribution, expected, out=np.zeros_like(expected), where=expected > 0)
    return pd.DataFrame({"period": pd.to_datetime(later.columns), "expected": each @ later.to_numpy(float)})


def next_purchase(customers: pd.DataFrame, models: Models, as_of: date) -> NDArray[np.object_]:
    """Return the month by whose end each customer has rather bought than not, as ``2024-03``; None if none of 12."""
    if models.buying is None:
        return np.full(len(customers), None, dtype=object)
    seen, ends = models.seen(customers), month_ends(as_of)
    likely = np.column_stack([models.buying.chance_to_buy(seen, models.days(as_of, end)) >= 0.5 for end in ends])
    names = np.array([f"{end:%Y-%m}" for end in ends], dtype=object)
    found: NDArray[np.object_] = names[likely.argmax(axis=1)]
    # nor of those who have left by recorded dates, whatever the purchases say
    found[~likely.any(axis=1) | (customers["expected_orders"].to_numpy(float) == 0)] = None
    return found


def tracking(
    transactions: Any, known: pd.DataFrame, there: pd.DataFrame, models: Models, cut: date, as_of: date
) -> pd.DataFrame:
    """Return the repeat purchases of the customers known at a cut, month by month, beside what the model expects.

    Parameters
    ----------
    transactions, known, there, models
        The log; customers summarised as of the cut, with ``first_date``; those of them who had not left by recorded
        dates; what was fitted on all.

    Returns
    -------
    pandas.DataFrame
        ``period`` (first day of a complete month), ``actual`` and ``expected`` (numbers of purchase days after a
        customer's first), ``after_cut`` (1 for a month that lies after it as a whole). Up to the cut the expectation
        knows only when each customer came, after it also what each has done.
    """
    actual = _repeats(transactions, cut, as_of)
    first = pd.Timestamp(known["first_date"].min()).date()
    begin = first if first.day == 1 else month_ends(first, 1)[0] + timedelta(days=1)
    starts = pd.date_range(begin, as_of, freq="MS")
    ends = [month_ends(start.date() - timedelta(days=1), 1)[0] for start in starts]
    whole = [(start, end) for start, end in zip(starts, ends, strict=True) if end <= as_of]
    before, after = _expected_before(known, models, cut), _expected_after(there, models, cut)
    rows = []
    for start, end in whole:
        eve = start.date() - timedelta(days=1)
        # of the month of the cut, either function expects its own part
        known_part = before(eve, min(end, cut)) if eve < cut else 0.0
        later_part = after(max(eve, cut), end) if end > cut else 0.0
        rows.append((start, actual.get(start, 0), known_part + later_part, int(eve >= cut)))
    return pd.DataFrame(rows, columns=["period", "actual", "expected", "after_cut"])


def _expected_before(known: pd.DataFrame, models: Models, cut: date) -> Any:
    """Return a function of two days: the purchases expected between them of customers who came when these did."""
    assert models.buying is not None
    first, customers = np.unique(known["first_date"].to_numpy("datetime64[D]"), return_counts=True)
    came = pd.DataFrame({"first_date": first, "last_date": first, "frequency": 0})

    def ages_on(day: date) -> NDArray[np.float64]:
        age = np.maximum((np.datetime64(day) - first).astype(float), 0)
        return models.seen(came.assign(age=age))["age"].to_numpy(float)

    ages = np.linspace(0, max(float(ages_on(cut).max()), 1.0), _POINTS)
    reached = models.buying.expected_purchases_new(ages)

    def until(day: date) -> float:
        return float(customers @ np.interp(ages_on(day), ages, reached))

    return lambda after, end: until(end) - until(after)


def _expected_after(known: pd.DataFrame, models: Models, cut: date) -> Any:
    """Return a function of two days after the cut: the purchases expected between them of the customers as they are."""
    assert models.buying is not None
    seen, model = models.seen(known), models.buying

    def until(day: date) -> float:
        return 0.0 if day <= cut else float(model.purchases_by(seen, models.days(cut, day)).sum())

    return lambda after, end: until(end) - until(after)


def _repeats(transactions: Any, cut: date, as_of: date) -> dict[pd.Timestamp, int]:
    """Return the purchase days after the first of each customer known at the cut, counted by month."""
    day = nw.col(DATE).cast(nw.Date)
    bought = (
        nw.from_native(transactions)
        .lazy()
        .filter(nw.col(AMOUNT) > 0, day <= as_of)
        .select(CUSTOMER_ID, day.alias("day"))
        .unique([CUSTOMER_ID, "day"])
    )
    first = bought.group_by(CUSTOMER_ID).agg(nw.col("day").min().alias("first")).filter(nw.col("first") <= cut)
    counted = (
        bought.join(first, on=CUSTOMER_ID)
        .filter(nw.col("day") > nw.col("first"))
        .with_columns(nw.col("day").dt.truncate("1mo").alias("month"))
        .group_by("month")
        .agg(nw.len().alias("purchases"))
        .collect("pandas")
        .to_native()
    )
    return dict(zip(pd.to_datetime(counted["month"]), counted["purchases"].astype(int), strict=True))

"""What a ledger says: the relationship value of each customer, and what each activity costs (S08)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_parameter
from cvmlab.core.discounting import discount_factor
from cvmlab.core.guarding import public
from cvmlab.core.periods import DAYS_A_YEAR, as_date
from cvmlab.core.words import CvmError
from cvmlab.data.tables import (
    ACTIVITY,
    COST,
    CUSTOMER_ID,
    DATE,
    LEDGER,
    TIMES,
    VALUE,
    Table,
    check_columns,
    check_present,
    check_table,
    check_text_ids,
    numbers,
    numbers_between,
    without_id,
)

# money is entered with so many decimals at most: what sums of floats leave beyond them is rounding
_DECIMALS = 6
# the columns that every use of a ledger needs; those of money are looked at by name
_WHO_AND_WHAT = Table(LEDGER.name, tuple(c for c in LEDGER.columns if c.name in (CUSTOMER_ID, DATE, ACTIVITY)))


@public
def relationship_value(
    ledger: pd.DataFrame,
    discount_rate: float,
    *,
    as_of: dt.date | str | None = None,
    goods: Sequence[str] = (),
    cost: str = COST,
) -> pd.DataFrame:
    """Return what each customer has brought the firm over the relationship: value, cost to serve and net value.

    Each entry counts at its own date, so there is no ``first``: an amount is worth amount · (1 + d)^y on the day
    ``as_of``, with the y years from its entry to that day, as if it had been lent or borrowed meanwhile. It is the
    established value (S07), known and past; what is still to come is a matter of `cvmlab.value`.

    Parameters
    ----------
    ledger
        ``customer_id``, ``date``, ``activity``, ``value`` and the cost column (money; no cost below zero). Equal rows
        count as often as they are there.
    discount_rate
        Yearly, above −1; 0 adds the amounts up as they were entered.
    as_of
        The day for which the values hold; that of the last entry if left out.
    goods
        Activities whose cost is that of what was sold, such as ``("sale",)``; all other cost is cost to serve.
    cost
        The cost column, for example ``"assumed_cost"`` of `assume_costs`.

    Returns
    -------
    pandas.DataFrame
        One row per customer, by id: ``customer_id``, ``first_date``, ``last_date`` (of an entry), ``value``,
        ``cost_of_goods``, ``cost_to_serve``, ``net_value`` (money at ``as_of``: value − both costs).

    Notes
    -----
    Source: CVM-CRM §1; cost to serve by activity: Kaplan & Narayanan 2001.

    Examples
    --------
    >>> ledger = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"], "date": pd.to_datetime(["2023-01-01", "2024-01-01", "2024-01-01"]),
    ...     "activity": ["sale", "call", "sale"], "value": [100.0, 0.0, 100.0], "cost": [60.0, 10.0, 60.0]})
    >>> relationship_value(ledger, 0, goods=["sale"])[["value", "cost_to_serve", "net_value"]].values.tolist()
    [[100.0, 10.0, 30.0], [100.0, 0.0, 40.0]]
    >>> relationship_value(ledger, 0.10, goods=["sale"])["net_value"].round(1).tolist()
    [34.0, 40.0]
    """
    rows = _checked(ledger, (VALUE, cost))
    spent = numbers_between(ledger, cost, 0, np.inf, LEDGER.name)
    is_goods = rows[ACTIVITY].isin(_known(goods, rows)).to_numpy()
    end = rows[DATE].max() if as_of is None else pd.Timestamp(as_date(as_of))
    years = (end - rows[DATE]).dt.days.to_numpy() / DAYS_A_YEAR
    with np.errstate(over="ignore"):
        factor = discount_factor(discount_rate, -years)
    check_parameter("compounding", factor)
    by_customer = rows.assign(
        value=numbers(ledger, VALUE, LEDGER.name) * factor,
        cost_of_goods=np.where(is_goods, spent, 0.0) * factor,
        cost_to_serve=np.where(is_goods, 0.0, spent) * factor,
    ).groupby(CUSTOMER_ID, observed=True, sort=True)
    sums = by_customer[["value", "cost_of_goods", "cost_to_serve"]].sum().round(_DECIMALS)
    held: pd.DataFrame = by_customer[DATE].agg(first_date="min", last_date="max").join(sums)
    net = (held["value"] - held["cost_of_goods"] - held["cost_to_serve"]).round(_DECIMALS)
    return held.assign(net_value=net).reset_index()


@public
def cost_to_serve(ledger: pd.DataFrame, *, goods: Sequence[str] = (), cost: str = COST) -> pd.DataFrame:
    """Return what each activity costs: how often it was done, in all, each time, per customer, and its share.

    Parameters
    ----------
    ledger
        ``customer_id``, ``date``, ``activity``, the cost column (money, not below zero) [, ``times``: how often the
        activity was done, once per row if there is no such column].
    goods
        Activities that are left out because their cost is that of what was sold, not of serving.
    cost
        The cost column, for example ``"assumed_cost"`` of `assume_costs`.

    Returns
    -------
    pandas.DataFrame
        One row per activity, the costliest first: ``activity``, ``times``, ``served`` (customers who had it), ``cost``
        (money), ``cost_each_time`` (money; 0 for an activity that was done 0 times), ``cost_per_customer`` (money, over
        all customers of the ledger), ``cost_share`` (of the total, 0 where nothing cost anything).

    Examples
    --------
    >>> ledger = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"], "date": pd.Timestamp(2024, 1, 1), "activity": ["call", "visit", "call"],
    ...     "cost": [10.0, 70.0, 20.0]})
    >>> cost_to_serve(ledger)[["activity", "times", "cost", "cost_per_customer", "cost_share"]].values.tolist()
    [['visit', 1.0, 70.0, 35.0, 0.7], ['call', 2.0, 30.0, 15.0, 0.3]]
    """
    served = _served(ledger, goods, cost)
    by_activity = served.groupby(ACTIVITY, observed=True)
    sums = by_activity[[TIMES, "cost"]].sum().round(_DECIMALS)
    total, customers = sums["cost"].sum(), ledger[CUSTOMER_ID].nunique()
    found = sums.assign(
        served=by_activity[CUSTOMER_ID].nunique(),
        cost_each_time=_over(sums["cost"], sums[TIMES]),
        cost_per_customer=sums["cost"] / customers,
        cost_share=_over(sums["cost"], np.full(len(sums), total)),
    ).reset_index()
    columns = [ACTIVITY, TIMES, "served", "cost", "cost_each_time", "cost_per_customer", "cost_share"]
    return found[columns].sort_values(["cost", ACTIVITY], ascending=[False, True], ignore_index=True)


@public
def costs_by_customer(ledger: pd.DataFrame, *, goods: Sequence[str] = (), cost: str = COST) -> pd.DataFrame:
    """Return what each activity costs with each customer; the frames are those of `cost_to_serve`.

    Returns
    -------
    pandas.DataFrame
        One row per customer and activity, by id, the costliest first: ``customer_id``, ``activity``, ``times``,
        ``cost`` (money), ``cost_share`` (of the customer's cost to serve, 0 where nothing cost anything).

    Examples
    --------
    >>> ledger = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"], "date": pd.Timestamp(2024, 1, 1), "activity": ["call", "visit", "call"],
    ...     "cost": [30.0, 70.0, 20.0]})
    >>> costs_by_customer(ledger)[["customer_id", "activity", "cost_share"]].values.tolist()
    [['a', 'visit', 0.7], ['a', 'call', 0.3], ['b', 'call', 1.0]]
    """
    sums = _served(ledger, goods, cost).groupby([CUSTOMER_ID, ACTIVITY], observed=True)[[TIMES, "cost"]].sum()
    found = sums.round(_DECIMALS).reset_index()
    total = found.groupby(CUSTOMER_ID)["cost"].transform("sum")
    found = found.assign(cost_share=_over(found["cost"], total))
    return found.sort_values([CUSTOMER_ID, "cost", ACTIVITY], ascending=[True, False, True], ignore_index=True)


@public
def assume_costs(ledger: pd.DataFrame, assumed_unit_cost: Mapping[str, float]) -> pd.DataFrame:
    """Add the cost that follows from a stated cost of each activity: activity-based, assumed and named so.

    Formula: unit cost of the activity · times. It is right as far as the cost of an activity follows the number of
    times it is done; where it follows the size of the order, sharing cost out by value is nearer the truth.

    Parameters
    ----------
    ledger
        ``customer_id``, ``date``, ``activity`` [, ``times``: how often, once per row if there is no such column].
    assumed_unit_cost
        Activity to what it costs each time, in money, at least 0. Every activity of the ledger must be named.

    Returns
    -------
    pandas.DataFrame
        The ledger with ``assumed_cost`` (money).

    Examples
    --------
    >>> counted = pd.DataFrame({
    ...     "customer_id": ["a", "b"], "date": pd.Timestamp(2024, 1, 1), "activity": ["call", "visit"],
    ...     "times": [3.0, 1.0]})
    >>> assume_costs(counted, {"call": 15, "visit": 120})["assumed_cost"].tolist()
    [45.0, 120.0]
    """
    rows = _checked(ledger, ())
    stated = dict(assumed_unit_cost)
    for activity in rows[ACTIVITY].unique():
        if activity not in stated:
            near = get_close_matches(activity, map(str, stated), n=1, cutoff=0.5)
            key = "unit_cost_near" if near else "no_unit_cost"
            raise CvmError(f"ledger.{key}", activity=activity, nearest="".join(near))
        check_parameter("assumed_unit_cost", stated[activity], 0)
        if np.ndim(stated[activity]):
            raise CvmError("ledger.one_unit_cost", activity=activity)
    unit = rows[ACTIVITY].map(stated).to_numpy(dtype=np.float64)
    return ledger.assign(assumed_cost=np.round(unit * _times(ledger), _DECIMALS))


def _checked(ledger: pd.DataFrame, money: Sequence[str]) -> pd.DataFrame:
    """Return customer, day and activity of each entry, or raise `CvmError` with what is wrong."""
    check_columns(ledger, [CUSTOMER_ID, DATE, ACTIVITY, *money], LEDGER.name)
    if not len(ledger):
        raise CvmError("tables.no_rows", table=LEDGER.name)
    check_table(ledger, _WHO_AND_WHAT)
    rows = ledger[[CUSTOMER_ID, DATE, ACTIVITY]].reset_index(drop=True)
    for name in rows:
        check_present(rows[name].isna().to_numpy() if name == DATE else without_id(rows[name]), str(name), LEDGER.name)
    check_text_ids(rows, LEDGER.name)
    days = rows[DATE].astype("datetime64[us]").dt.floor("D")
    return rows.assign(customer_id=rows[CUSTOMER_ID].astype("str"), activity=rows[ACTIVITY].astype("str"), date=days)


def _times(ledger: pd.DataFrame) -> NDArray[np.float64]:
    return numbers_between(ledger, TIMES, 0, np.inf, LEDGER.name) if TIMES in ledger else np.ones(len(ledger))


def _served(ledger: pd.DataFrame, goods: Sequence[str], cost: str) -> pd.DataFrame:
    """Return customer, activity, times and cost of each entry whose cost is one of serving."""
    rows = _checked(ledger, (cost,))
    spent = numbers_between(ledger, cost, 0, np.inf, LEDGER.name)
    named = _known(goods, rows)
    served = rows.assign(**{TIMES: _times(ledger), "cost": spent})[~rows[ACTIVITY].isin(named)]
    if not len(served):
        raise CvmError("ledger.goods_only", goods=", ".join(named))
    return served


def _known(goods: Sequence[str], rows: pd.DataFrame) -> Sequence[str]:
    """Return the activities of goods, or raise `CvmError` for one that the ledger does not have."""
    known = rows[ACTIVITY].unique()
    for name in goods:
        if name not in known:
            raise CvmError("ledger.unknown_goods", name=name, activities=", ".join(known))
    return goods


def _over(part: pd.Series, whole: pd.Series | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return part/whole, 0 where the whole is."""
    below = np.asarray(whole, dtype=np.float64)
    over: NDArray[np.float64] = np.zeros(len(below))
    np.divide(part.to_numpy(dtype=np.float64), below, out=over, where=below > 0)
    return over

"""Value migration: which customers moved between the types of the matrix, why, and which slide (S11).

Changes of value show changes of behaviour early (CVM-ENC §3). The two frames compared must come from windows of
the same length and be classified with the *same* thresholds; otherwise the border moves and not the customer.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError
from cvmlab.data.tables import CUSTOMER_ID, REVENUE, check_columns, check_known, check_one_row_each, numbers

VALUE_TYPE = "value_type"
# The rank of value, the highest first.
VALUE_TYPES = ("IV", "III", "II", "I")
VALUABLE = ("IV", "III")
NEW = "new"
GONE = "gone"


def check_types(customers: pd.DataFrame) -> None:
    """Raise `CvmError` unless the customers are classified, one row each."""
    check_columns(customers, [VALUE_TYPE])
    check_one_row_each(customers)
    unknown = ~customers[VALUE_TYPE].isin(VALUE_TYPES).to_numpy()
    if unknown.any():
        row = int(unknown.argmax())
        raise CvmError("matrix.unknown_type", column=VALUE_TYPE, value=customers[VALUE_TYPE].iloc[row], row=row + 1)


@public
def migration(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return from which type each customer came and where the customer is now.

    Parameters
    ----------
    before, after
        Classified customers: ``customer_id``, ``value_type`` [, ``revenue`` (money in the window)].

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``from_type``, ``to_type`` [, ``revenue_before``, ``revenue_after`` (money) where
        both have revenue], a row for each customer of either frame, by id. A customer only in ``after``
        comes from ``"new"``, one only in ``before`` goes to ``"gone"``.

    Examples
    --------
    >>> before = pd.DataFrame({"customer_id": ["1", "2"], "value_type": ["IV", "II"]})
    >>> after = pd.DataFrame({"customer_id": ["1", "3"], "value_type": ["I", "II"]})
    >>> migration(before, after).values.tolist()
    [['1', 'IV', 'I'], ['2', 'II', 'gone'], ['3', 'new', 'II']]
    """
    carried = [REVENUE] if REVENUE in before.columns and REVENUE in after.columns else []
    return _moves(before, after, carried)


def _check_ids_alike(before: pd.DataFrame, after: pd.DataFrame) -> None:
    """Raise `CvmError` where the ids of one frame are numbers and those of the other are text: 7 is not "007"."""
    kinds = [pd.api.types.is_numeric_dtype(customers[CUSTOMER_ID]) for customers in (before, after)]
    if kinds[0] != kinds[1]:
        number, text = (before, after) if kinds[0] else (after, before)
        ids = {"number": number[CUSTOMER_ID].iloc[0], "text": text[CUSTOMER_ID].iloc[0]}
        raise CvmError("matrix.ids_differ", **ids)


def _moves(before: pd.DataFrame, after: pd.DataFrame, carried: Iterable[str]) -> pd.DataFrame:
    columns = list(carried)
    for customers in (before, after):
        check_types(customers)
        for column in columns:
            numbers(customers, column)
    _check_ids_alike(before, after)
    kept = [CUSTOMER_ID, VALUE_TYPE, *columns]
    both = before[kept].merge(after[kept], on=CUSTOMER_ID, how="outer", suffixes=("_before", "_after"), sort=True)
    moves = {
        CUSTOMER_ID: both[CUSTOMER_ID],
        "from_type": both["value_type_before"].astype(object).fillna(NEW),
        "to_type": both["value_type_after"].astype(object).fillna(GONE),
    }
    amounts = [f"{column}_{when}" for column in columns for when in ("before", "after")]
    return pd.DataFrame(moves | {name: both[name].fillna(0.0) for name in amounts})


@public
def migration_counts(moves: pd.DataFrame) -> pd.DataFrame:
    """Return how many customers of a frame from `migration` moved from each type to each type.

    Returns
    -------
    pandas.DataFrame
        ``from_type``, ``to_type``, ``customers``, ``share_of_from`` (share of 1; NaN if nobody was
        there) [, ``revenue_change`` (money)]. All 16 cells in the rank of value, then ``new`` and
        ``gone`` where they occur; cells without a customer hold 0.

    Examples
    --------
    >>> moves = pd.DataFrame({"customer_id": ["1", "2"], "from_type": ["IV", "IV"], "to_type": ["IV", "I"]})
    >>> migration_counts(moves).iloc[[0, 3]].values.tolist()
    [['IV', 'IV', 1, 0.5], ['IV', 'I', 1, 0.5]]
    """
    amounts = [f"{REVENUE}_{when}" for when in ("before", "after")]
    has_revenue = any(name in moves.columns for name in amounts)
    check_columns(moves, [CUSTOMER_ID, "from_type", "to_type", *(amounts if has_revenue else [])], table="moves")
    check_one_row_each(moves, "moves")
    check_known(moves["from_type"], "from_type", (*VALUE_TYPES, NEW))
    check_known(moves["to_type"], "to_type", (*VALUE_TYPES, GONE))
    for name in amounts if has_revenue else []:
        numbers(moves, name, "moves")
    rows = [*VALUE_TYPES, *([NEW] if (moves["from_type"] == NEW).any() else [])]
    columns = [*VALUE_TYPES, *([GONE] if (moves["to_type"] == GONE).any() else [])]
    cells = pd.MultiIndex.from_product([rows, columns], names=["from_type", "to_type"])
    by_cell = moves.groupby(["from_type", "to_type"], observed=True)
    counts = by_cell.size().reindex(cells, fill_value=0).rename("customers").reset_index()
    in_row = counts.groupby("from_type")["customers"].transform("sum").to_numpy(dtype=np.float64)
    here = counts["customers"].to_numpy(dtype=np.float64)
    counts["share_of_from"] = np.divide(here, in_row, out=np.full(len(counts), np.nan), where=in_row > 0)
    if has_revenue:
        change = by_cell["revenue_after"].sum() - by_cell["revenue_before"].sum()
        counts["revenue_change"] = change.reindex(cells, fill_value=0.0).to_numpy()
    return counts


@public
def why_moved(before: pd.DataFrame, after: pd.DataFrame, *, small_change: float = 0.05) -> pd.DataFrame:
    """Return for each customer who moved how much of the change of revenue is due to frequency and to size.

    Revenue = orders × mean order size. The logarithmic mean L = (r₁ − r₀)/ln(r₁/r₀) shares the change
    out without a remainder: L · ln(o₁/o₀) is due to the number of orders and L · ln(s₁/s₀) to their size
    (Ang 2005, The LMDI approach to decomposition analysis, Energy Policy 33). Where refunds leave revenue at or
    below zero the logarithm fails and the change is shared out at the mean of before and after:
    (o₁ − o₀) · (s₀ + s₁)/2. Without any order in one of the windows all of it is due to the number of orders.
    The reason names the larger part: it describes the change of revenue, it does not prove a cause.

    Parameters
    ----------
    before, after
        Classified customers: ``customer_id``, ``value_type``, ``revenue`` (money), ``orders``.
    small_change
        A change up to this share of the larger revenue is called none.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``from_type``, ``to_type``, ``revenue_before``, ``revenue_after``,
        ``revenue_change``, ``change_by_orders``, ``change_by_order_size`` (money; the two add up to the
        change), ``reason``: ``started``, ``stopped``, ``more_orders``, ``fewer_orders``, ``larger_orders``,
        ``smaller_orders``, ``refunds_only``, ``not_revenue``, worded by ``term("matrix.reason_" + reason)``.

    Examples
    --------
    >>> before = pd.DataFrame({"customer_id": ["1"], "value_type": ["IV"], "revenue": [400.0], "orders": [4]})
    >>> after = pd.DataFrame({"customer_id": ["1"], "value_type": ["II"], "revenue": [100.0], "orders": [1]})
    >>> why_moved(before, after)[["revenue_change", "change_by_orders", "reason"]].values.tolist()
    [[-300.0, -300.0, 'fewer_orders']]
    """
    check_parameter("small_change", small_change, 0, 1)
    moves = _moves(before, after, [REVENUE, "orders"])
    moved = moves[moves["from_type"] != moves["to_type"]].reset_index(drop=True)
    change = (moved["revenue_after"] - moved["revenue_before"]).to_numpy(dtype=np.float64)
    columns = ("revenue_before", "revenue_after", "orders_before", "orders_after")
    by_orders = _change_by_orders(*(moved[column].to_numpy(dtype=np.float64) for column in columns))
    explained = moved.assign(revenue_change=change, change_by_orders=by_orders, change_by_order_size=change - by_orders)
    return explained.assign(reason=_reason(explained, small_change)).drop(columns=["orders_before", "orders_after"])


def _change_by_orders(
    revenue_before: NDArray[np.float64],
    revenue_after: NDArray[np.float64],
    orders_before: NDArray[np.float64],
    orders_after: NDArray[np.float64],
) -> NDArray[np.float64]:
    change = revenue_after - revenue_before
    bought = (orders_before > 0) & (orders_after > 0)
    # a log of 1 stands in where it is not defined; the result is not used there
    logs = bought & (revenue_before > 0) & (revenue_after > 0)
    revenue_ratio = np.log(np.divide(revenue_after, revenue_before, out=np.ones_like(change), where=logs))
    orders_ratio = np.log(np.divide(orders_after, orders_before, out=np.ones_like(change), where=logs))
    uneven = np.abs(revenue_ratio) > 1e-9
    log_mean = np.divide(change, revenue_ratio, out=revenue_before.copy(), where=uneven)
    size_before = np.divide(revenue_before, orders_before, out=np.zeros_like(change), where=bought)
    size_after = np.divide(revenue_after, orders_after, out=np.zeros_like(change), where=bought)
    at_mean_size = (orders_after - orders_before) * (size_before + size_after) / 2
    any_orders = (orders_before > 0) | (orders_after > 0)
    return np.select([logs, bought, any_orders], [log_mean * orders_ratio, at_mean_size, change], default=0.0)


def _reason(explained: pd.DataFrame, small_change: float) -> NDArray[np.object_]:
    change = explained["revenue_change"]
    larger = explained[["revenue_before", "revenue_after"]].abs().max(axis=1)
    more_by_orders = explained["change_by_orders"].abs() >= explained["change_by_order_size"].abs()
    reasons = {
        "stopped": (explained["orders_before"] > 0) & (explained["orders_after"] == 0),
        "started": (explained["orders_before"] == 0) & (explained["orders_after"] > 0),
        "refunds_only": (explained["orders_before"] == 0) & (explained["orders_after"] == 0) & (change != 0),
        "not_revenue": change.abs() <= small_change * larger,
        "more_orders": more_by_orders & (change > 0),
        "fewer_orders": more_by_orders & (change < 0),
        "larger_orders": change > 0,
        "smaller_orders": change < 0,
    }
    chosen = np.select([where.to_numpy() for where in reasons.values()], list(reasons), default="not_revenue")
    return chosen.astype(object)


@public
def value_at_risk(before: pd.DataFrame, after: pd.DataFrame, value: str = "current_value") -> pd.DataFrame:
    """Return the valuable customers who slide: from type III or IV to I or II, or gone.

    Parameters
    ----------
    before, after, value
        Classified customers with ``customer_id``, ``value_type`` and the value column (money), and its name.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``from_type``, ``to_type``, ``value_before``, ``value_after`` (0 if gone),
        ``value_at_risk`` (money, before − after, at least 0), the largest first.

    Examples
    --------
    >>> before = pd.DataFrame({
    ...     "customer_id": ["1", "2"], "value_type": ["IV", "III"], "current_value": [90.0, 50.0]})
    >>> after = pd.DataFrame({
    ...     "customer_id": ["1", "2"], "value_type": ["II", "III"], "current_value": [10.0, 45.0]})
    >>> value_at_risk(before, after)[["customer_id", "to_type", "value_at_risk"]].values.tolist()
    [['1', 'II', 80.0]]
    """
    moves = _moves(before, after, [value])
    slid = moves[moves["from_type"].isin(VALUABLE) & ~moves["to_type"].isin(VALUABLE)]
    alert = slid.rename(columns={f"{value}_before": "value_before", f"{value}_after": "value_after"})
    lost = np.maximum(alert["value_before"] - alert["value_after"], 0)
    return alert.assign(value_at_risk=lost).sort_values(
        ["value_at_risk", CUSTOMER_ID], ascending=[False, True], ignore_index=True
    )

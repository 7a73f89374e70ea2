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
def migration(before: pd.DataFrame, after: pd.DataFrame, value: str | None = None) -> pd.DataFrame:
    """Return from which type each customer came and where the customer is now.

    Parameters
    ----------
    before, after
        Classified customers: ``customer_id``, ``value_type`` [, ``revenue`` (money in the window)].
    value
        Column in money of both frames to follow, such as ``"current_value"``.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``from_type``, ``to_type`` [, ``revenue_before``, ``revenue_after`` (money) where
        both have revenue] [, ``value_before``, ``value_after`` (money) with ``value``], a row for each customer of
        either frame, by id. A customer only in ``after`` comes from ``"new"`` with 0 before, one only in ``before``
        goes to ``"gone"`` with 0 after.

    Examples
    --------
    >>> before = pd.DataFrame({"customer_id": ["1", "2"], "value_type": ["IV", "II"]})
    >>> after = pd.DataFrame({"customer_id": ["1", "3"], "value_type": ["I", "II"]})
    >>> migration(before, after).values.tolist()
    [['1', 'IV', 'I'], ['2', 'II', 'gone'], ['3', 'new', 'II']]
    """
    carried = [REVENUE] if REVENUE in before.columns and REVENUE in after.columns else []
    moves = _moves(before, after, dict.fromkeys([*carried, *([value] if value is not None else [])]))
    if value is None:
        return moves
    followed = {f"value_{when}": moves[f"{value}_{when}"] for when in ("before", "after")}
    return moves[["customer_id", "from_type", "to_type"]].assign(
        **{f"{name}_{when}": moves[f"{name}_{when}"] for name in carried for when in ("before", "after")}, **followed
    )


def check_ids_alike(before: pd.DataFrame, after: pd.DataFrame) -> None:
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
    check_ids_alike(before, after)
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
    """Return how many customers of a frame from `migration` moved from each type to each type, and with what value.

    Returns
    -------
    pandas.DataFrame
        ``from_type``, ``to_type``, ``customers``, ``share_of_from`` (share of 1; NaN if nobody was
        there) [, ``revenue_change`` (money)]. All 16 cells in the rank of value, then ``new`` and
        ``gone`` where they occur; cells without a customer hold 0. Where the moves have a value, also
        ``value_before``, ``value_after``, ``value_gained`` (by those whose value rose), ``value_lost`` (by those whose
        value fell), ``value_change`` (money, gained − lost = after − before). Those who stayed, came and went have a
        cell of their own, so that the changes add up to that of the total, to the last bit: values are taken to a
        grid so fine (about 1e-16 of the total) that their sums have no rounding.

    Examples
    --------
    >>> before = pd.DataFrame({"customer_id": ["1", "2"], "value_type": ["IV", "IV"], "current_value": [90.0, 80.0]})
    >>> after = pd.DataFrame({"customer_id": ["1", "3"], "value_type": ["I", "II"], "current_value": [20.0, 15.0]})
    >>> counts = migration_counts(migration(before, after, "current_value")).query("customers > 0")
    >>> counts[["from_type", "to_type", "value_gained", "value_lost"]].values.tolist()
    [['IV', 'I', 0.0, 70.0], ['IV', 'gone', 0.0, 80.0], ['new', 'II', 15.0, 0.0]]
    """
    followed = [name for name in (REVENUE, "value") if {f"{name}_before", f"{name}_after"} & set(moves.columns)]
    amounts = [f"{name}_{when}" for name in followed for when in ("before", "after")]
    check_columns(moves, [CUSTOMER_ID, "from_type", "to_type", *amounts], table="moves")
    check_one_row_each(moves, "moves")
    check_known(moves["from_type"], "from_type", (*VALUE_TYPES, NEW))
    check_known(moves["to_type"], "to_type", (*VALUE_TYPES, GONE))
    money = {name: numbers(moves, name, "moves") for name in amounts}
    rows = [*VALUE_TYPES, *([NEW] if (moves["from_type"] == NEW).any() else [])]
    columns = [*VALUE_TYPES, *([GONE] if (moves["to_type"] == GONE).any() else [])]
    cells = pd.MultiIndex.from_product([rows, columns], names=["from_type", "to_type"])
    by_cell = ["from_type", "to_type"]
    counts = moves.groupby(by_cell, observed=True).size().reindex(cells, fill_value=0).rename("customers").reset_index()
    in_row = counts.groupby("from_type")["customers"].transform("sum").to_numpy(dtype=np.float64)
    here = counts["customers"].to_numpy(dtype=np.float64)
    counts["share_of_from"] = np.divide(here, in_row, out=np.full(len(counts), np.nan), where=in_row > 0)
    sums: dict[str, NDArray[np.float64]] = {}
    for name in followed:
        before, after = _addable(money[f"{name}_before"], money[f"{name}_after"])
        change = after - before
        sums |= {f"{name}_before": before, f"{name}_after": after, f"{name}_gained": np.maximum(change, 0)}
        sums |= {f"{name}_lost": np.maximum(-change, 0), f"{name}_change": change}
    kept = [name for name in sums if name.startswith("value_") or name == f"{REVENUE}_change"]
    added = pd.DataFrame(sums, index=moves.index)[kept].groupby([moves[name] for name in by_cell], observed=True).sum()
    return counts.join(added.reindex(cells, fill_value=0.0).reset_index(drop=True))


def _addable(*amounts: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return amounts on a grid of powers of two so fine that no sum of any of them is ever rounded."""
    grid = 2 * np.spacing(sum(np.abs(each).sum() for each in amounts))
    return [np.rint(each / grid) * grid for each in amounts]


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
        ``smaller_orders``, ``refunds_only``, ``not_revenue``, worded by ``term("codes." + reason)``.

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
    by_orders = change_by_count(*(moved[column].to_numpy(dtype=np.float64) for column in columns))
    explained = moved.assign(revenue_change=change, change_by_orders=by_orders, change_by_order_size=change - by_orders)
    return explained.assign(reason=_reason(explained, small_change)).drop(columns=["orders_before", "orders_after"])


def change_by_count(
    revenue_before: NDArray[np.float64],
    revenue_after: NDArray[np.float64],
    orders_before: NDArray[np.float64],
    orders_after: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return how much of a change is due to the number of orders, or of months with one; see `why_moved`."""
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

    Some slide by chance alone: `falls_by_chance` says how many, and `value_alerts` whom to look after first.

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

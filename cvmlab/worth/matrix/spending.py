"""The budget of the matrix: the textbook's ranks as a heuristic, and the split that pays most (S11).

What spending brings has diminishing returns: spending x on a customer wins or saves the share c · (1 − exp(−k·x)) of
what is at stake, with the ceiling c and the steepness k (Blattberg & Deighton 1996, Manage marketing by the customer
equity test, Harvard Business Review 74(4)). Both are assumed until a test with a hold-out has measured them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cvmlab.core.checking import check_lengths, check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, read_table
from cvmlab.data.tables import numbers

from .moves import VALUE_TYPE, VALUE_TYPES, check_types
from .types import rank_code, sums


@public
def budget(
    customers: pd.DataFrame, total: float, weights: Mapping[str, float] | None = None, basis: str | None = None
) -> pd.DataFrame:
    """Return a budget shared out among the types by stated weights.

    The textbook ranks the resources (none, moderate, heavy, heaviest) and gives no figures: the default
    weights 0, 1, 2, 3 per customer for I, II, III, IV are ours and meant to be discussed. It also calls
    growth potential the main basis of the budget: ``basis="headroom"`` shares out by weight × headroom.

    Parameters
    ----------
    customers, total
        From `classify`; money to share out, at least 0.
    weights, basis
        Type to weight, at least 0 (types left out get nothing); column in money to weigh by instead of the
        number of customers, where a negative sum counts as 0.

    Returns
    -------
    pandas.DataFrame
        A row per type in the rank of value: ``value_type``, ``customers``, ``weight``, ``budget`` (money),
        ``budget_share`` (of the total), ``budget_per_customer`` (money, 0 without customers). Adds up to
        the total. Refused if no type with a weight has customers, or a positive sum of ``basis``.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": list("abcd"), "value_type": ["IV", "III", "II", "I"]})
    >>> budget(customers, 600)["budget"].tolist()
    [300.0, 200.0, 100.0, 0.0]
    """
    check_parameter("total", total, 0)
    weight = _weights(weights)
    check_types(customers)
    code = rank_code(customers[VALUE_TYPE].to_numpy())
    count = sums(code)
    amount = count if basis is None else sums(code, numbers(customers, basis))
    claim = weight * np.maximum(amount, 0)
    if total and not (weight * count).any():
        there = [name for name, customers_there in zip(VALUE_TYPES, count, strict=True) if customers_there]
        raise CvmError("matrix.no_weight", types=", ".join(there))
    if total and not claim.any():
        raise CvmError("matrix.no_claim", column=basis)
    share = claim / claim.sum() if claim.any() else np.zeros(len(claim))
    table = {
        VALUE_TYPE: list(VALUE_TYPES),
        "customers": count,
        "weight": weight,
        "budget": total * share,
        "budget_share": share,
        "budget_per_customer": np.divide(total * share, count, out=np.zeros(len(count)), where=count > 0),
    }
    return pd.DataFrame(table)


def _weights(weights: Mapping[str, float] | None) -> NDArray[np.float64]:
    if weights is None:
        weights = {row[VALUE_TYPE]: float(row["resources_weight"]) for row in read_table("rules/strategies")}
    for name in weights:
        if name not in VALUE_TYPES:
            raise CvmError("matrix.unknown_weight", value=name)
    stated = np.array([weights.get(name, 0.0) for name in VALUE_TYPES], dtype=np.float64)
    check_parameter("weights", stated, 0)
    return stated


@public
def steepness_from(spend: float, response: float, assumed_ceiling: float) -> float:
    """Return the steepness of the response that a manager's two judgements stand for.

    Formula: k = −ln(1 − response/ceiling)/spend, so that c · (1 − exp(−k · spend)) is the response given
    (Blattberg & Deighton 1996).

    Parameters
    ----------
    spend, response
        Money per customer that is spent now, above 0; the share won or saved by it, below the ceiling.
    assumed_ceiling
        The share that would be won or saved if money played no part, above 0 and at most 1.

    Examples
    --------
    >>> round(steepness_from(50, 0.2, assumed_ceiling=0.4), 4)
    0.0139
    """
    check_parameter("spend", spend, 0, open_minimum=True)
    check_parameter("assumed_ceiling", assumed_ceiling, 0, 1, open_minimum=True)
    check_parameter("response", response, 0, open_minimum=True)
    if response >= assumed_ceiling:
        raise CvmError("matrix.above_ceiling", response=f"{response:g}", ceiling=f"{assumed_ceiling:g}")
    steepness = -math.log1p(-response / assumed_ceiling) / spend
    check_parameter("assumed_steepness", steepness, 0, open_minimum=True)
    return steepness


@public
def best_spend(value: ArrayLike, assumed_ceiling: ArrayLike, assumed_steepness: ArrayLike) -> NDArray[np.float64]:
    """Return how much it pays to spend on a customer when the budget sets no limit.

    Formula: A* = ln(k·c·V)/k, and 0 where k·c·V ≤ 1, since then not even the first unit of money comes back. At A* the
    marginal cost of one customer more, 1/(k·c·exp(−k·A)), equals the value V (Blattberg & Deighton 1996).

    Parameters
    ----------
    value
        Money at stake per customer: what is won, or not lost, if the spending succeeds.
    assumed_ceiling, assumed_steepness
        Share won or saved at most, 0 to 1; how fast it is reached, per unit of money per customer, above 0. The
        three are numbers or arrays that broadcast against each other.

    Returns
    -------
    ndarray
        Money per customer.

    Examples
    --------
    >>> best_spend([500, 20], assumed_ceiling=0.4, assumed_steepness=0.05).round(2)
    array([46.05,  0.  ])
    """
    stake, ceiling, steepness = _responses(value, assumed_ceiling, assumed_steepness)
    first = steepness * ceiling * stake
    return np.asarray(np.log(np.maximum(first, 1)) / steepness)


@public
def split_budget(
    value: ArrayLike,
    total: float,
    *,
    assumed_ceiling: ArrayLike,
    assumed_steepness: ArrayLike,
    customers: ArrayLike = 1,
) -> NDArray[np.float64]:
    """Return the split of a budget among customers, or groups of equal ones, that pays most.

    Maximises Σ n·(V·c·(1 − exp(−k·x)) − x) under Σ n·x ≤ total and x ≥ 0. The solution is exact: all who get money have
    the same marginal return V·c·k·exp(−k·x), at least 1; those whose first unit of money returns less than that get
    none. What would not come back stays unspent.

    Parameters
    ----------
    value, total
        Money at stake per customer; money to share out, at least 0.
    assumed_ceiling, assumed_steepness
        Those of `best_spend`.
    customers
        Number of customers in each group, at least 0. The four are numbers or arrays of one length.

    Returns
    -------
    ndarray
        Money per customer, shape (groups,).

    Examples
    --------
    >>> split_budget([500, 100], 60, assumed_ceiling=0.4, assumed_steepness=0.05).round(2)
    array([46.05, 13.86])
    >>> split_budget([500, 100], 40, assumed_ceiling=0.4, assumed_steepness=0.05).round(2)
    array([36.09,  3.91])
    """
    check_parameter("total", total, 0)
    count = np.asarray(customers, dtype=np.float64)
    check_parameter("customers", count, 0)
    stake, ceiling, steepness = _responses(value, assumed_ceiling, assumed_steepness)
    try:
        stake, ceiling, steepness, count = (
            np.atleast_1d(each) for each in np.broadcast_arrays(stake, ceiling, steepness, count)
        )
    except ValueError:
        raise CvmError("matrix.groups_differ") from None
    check_lengths(value=stake)
    return _equal_returns(stake, ceiling, steepness, count, total)


def _responses(*given: ArrayLike) -> list[NDArray[np.float64]]:
    """Return value at stake, ceiling and steepness as arrays of one shape, checked."""
    value, ceiling, steepness = (np.asarray(each, dtype=np.float64) for each in given)
    check_parameter("value", value)
    check_parameter("assumed_ceiling", ceiling, 0, 1)
    check_parameter("assumed_steepness", steepness, 0, open_minimum=True)
    try:
        return list(np.broadcast_arrays(value, ceiling, steepness))
    except ValueError:
        raise CvmError("matrix.groups_differ") from None


def _equal_returns(
    value: NDArray[np.float64],
    ceiling: NDArray[np.float64],
    steepness: NDArray[np.float64],
    count: NDArray[np.float64],
    total: float,
) -> NDArray[np.float64]:
    """Return the spend per customer at which marginal returns are equal, found by filling up from the highest one."""
    spend = np.zeros(len(value))
    first = steepness * ceiling * value
    paying = np.flatnonzero((first > 1) & (count > 0))
    if not len(paying) or not total:
        return spend
    order = paying[np.argsort(-first[paying], kind="stable")]
    log_first = np.log(first[order])
    # how far the log of the first return lies below the highest, and how much money lowers all returns by one such unit
    below, width = log_first[0] - log_first, count[order] / steepness[order]
    widths, filled = np.cumsum(width), np.cumsum(width * below)
    # the money spent before the next group gets any
    entry = np.maximum.accumulate(widths * below - filled)
    last = np.searchsorted(entry, total, side="left") - 1
    depth = min((total + filled[last]) / widths[last], log_first[0])
    spend[order] = np.maximum(depth - below, 0) / steepness[order]
    return spend


@public
def compare_budgets(
    customers: pd.DataFrame,
    total: float,
    at_stake: str,
    *,
    assumed_ceiling: float | Mapping[str, float],
    assumed_steepness: float | Mapping[str, float],
    weights: Mapping[str, float] | None = None,
    basis: str | None = None,
    alike: Literal["type", "customer"] = "type",
) -> pd.DataFrame:
    """Return what Table 3-2 as a heuristic and the optimal split make of the same budget, and the profit between them.

    Expected profit of a split: Σ V·c·(1 − exp(−k·x)) − x over the customers of a type, V being at stake and x the spend
    per customer. It rests on the assumed response as much as the optimal split does, so try other figures.

    Parameters
    ----------
    customers, total, weights, basis
        Those of `budget`, the heuristic.
    at_stake
        Column in money: what spending could win or save of each customer, such as ``"growth_potential"``, or the sum of
        it and a current value that may be lost.
    assumed_ceiling, assumed_steepness
        Share of what is at stake that is won or saved at most, 0 to 1; how fast, per unit of money per customer, above
        0: a number, or one per type, see `steepness_from`.
    alike
        In the optimal split, ``"type"``: the customers of a type get the same each, as in the heuristic;
        ``"customer"``: each gets what pays.

    Returns
    -------
    pandas.DataFrame
        A row per type in the rank of value: ``value_type``, ``customers``, ``at_stake`` (money), ``heuristic_budget``,
        ``optimal_budget`` (money; the second adds up to less than the total where more would not come back),
        ``heuristic_profit``, ``optimal_profit`` (money, after the spending), ``profit_gap`` (money, optimal −
        heuristic; at least 0 in the sum, not in each type).

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "customer_id": list("abcd"), "value_type": ["IV", "III", "II", "I"],
    ...     "growth_potential": [900.0, 50, 600, 20]})
    >>> both = compare_budgets(customers, 120, "growth_potential", assumed_ceiling=0.4, assumed_steepness=0.05)
    >>> both[["heuristic_budget", "optimal_budget"]].round(1).values.tolist()
    [[60.0, 57.8], [40.0, 0.0], [20.0, 49.7], [0.0, 0.0]]
    >>> both[["heuristic_profit", "optimal_profit"]].sum().round(1).tolist()
    [391.1, 452.5]
    """
    heuristic = budget(customers, total, weights, basis)
    code = rank_code(customers[VALUE_TYPE].to_numpy())
    count, stake = sums(code), numbers(customers, at_stake)
    check_parameter("at_stake", stake)
    ceiling = _of_each_type("assumed_ceiling", assumed_ceiling, count)
    steepness = _of_each_type("assumed_steepness", assumed_steepness, count)
    check_parameter("assumed_ceiling", ceiling, 0, 1)
    check_parameter("assumed_steepness", steepness, 0, open_minimum=True)
    in_type = sums(code, stake)
    if alike == "customer":
        spend = _equal_returns(stake, ceiling[code], steepness[code], np.ones(len(code)), total)
    else:
        mean = np.divide(in_type, count, out=np.zeros(len(count)), where=count > 0)
        spend = _equal_returns(mean, ceiling, steepness, count.astype(np.float64), total)[code]
    given = heuristic["budget_per_customer"].to_numpy(dtype=np.float64)[code]
    profit = {
        name: sums(code, stake * ceiling[code] * -np.expm1(-steepness[code] * spent) - spent)
        for name, spent in (("heuristic", given), ("optimal", spend))
    }
    table = {
        VALUE_TYPE: list(VALUE_TYPES),
        "customers": count,
        "at_stake": in_type,
        "heuristic_budget": heuristic["budget"],
        "optimal_budget": sums(code, spend),
        "heuristic_profit": profit["heuristic"],
        "optimal_profit": profit["optimal"],
        "profit_gap": profit["optimal"] - profit["heuristic"],
    }
    return pd.DataFrame(table)


def _of_each_type(name: str, given: float | Mapping[str, float], count: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return an assumption for each type; one without customers needs none."""
    if not isinstance(given, Mapping):
        return np.full(len(VALUE_TYPES), given, dtype=np.float64)
    for value_type in given:
        if value_type not in VALUE_TYPES:
            raise CvmError("matrix.unknown_assumption", name=name, value=value_type)
    for value_type, here in zip(VALUE_TYPES, count, strict=True):
        if here and value_type not in given:
            raise CvmError("matrix.no_assumption", name=name, type=value_type)
    # any figure does for a type without customers
    return np.array([given.get(value_type, 1.0) for value_type in VALUE_TYPES], dtype=np.float64)

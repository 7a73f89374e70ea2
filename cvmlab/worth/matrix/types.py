"""The four types of the value matrix, their strategies, and how firm the border lines are (S11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.statistics import total_of
from cvmlab.core.words import CvmError, read_rules, read_table, term
from cvmlab.data.tables import PROFIT, REVENUE, check_one_row_each, numbers

from .moves import VALUE_TYPE, VALUE_TYPES, check_types
from .thresholds import CURRENT_VALUE, GROWTH_POTENTIAL, HEADROOM, Thresholds

MEASURES = (REVENUE, PROFIT, "assumed_profit", CURRENT_VALUE, HEADROOM, GROWTH_POTENTIAL)
AXES = ("both", CURRENT_VALUE, GROWTH_POTENTIAL)


@public
def classify(
    customers: pd.DataFrame, thresholds: Thresholds, value: str = CURRENT_VALUE, potential: str = HEADROOM
) -> pd.DataFrame:
    """Add each customer's type in the value matrix (CRM3 §3.2.2).

    Parameters
    ----------
    customers, value, potential
        ``customer_id`` and the two columns (money), with their names; potential is ``"headroom"``, or
        ``"growth_potential"`` where the wallet is known.
    thresholds
        A figure above is high, one at or below is low.

    Returns
    -------
    pandas.DataFrame
        The customers with ``value_type`` (text): I low/low, II low value and high potential, III high
        value and low potential, IV high/high.

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "customer_id": list("abcd"),
    ...     "current_value": [1.0, 1.0, 9.0, 9.0], "headroom": [1.0, 9.0, 1.0, 9.0]})
    >>> classify(customers, Thresholds(5, 5))["value_type"].tolist()
    ['I', 'II', 'III', 'IV']
    """
    check_one_row_each(customers)
    return customers.assign(value_type=_types(numbers(customers, value), numbers(customers, potential), thresholds))


def _types(value: NDArray[np.float64], potential: NDArray[np.float64], thresholds: Thresholds) -> NDArray[np.object_]:
    names = np.array(["I", "II", "III", "IV"], dtype=object)
    high_value = (value > thresholds.current_value).astype(np.intp)
    high_potential = (potential > thresholds.growth_potential).astype(np.intp)
    return np.asarray(names[2 * high_value + high_potential])


@public
def strategies(language: str | None = None) -> pd.DataFrame:
    """Return the rule table: which resources and strategy each type gets (CRM3 Table 3-2).

    The signs, first steps and cautions are ours; ``language`` is ``"en"``, ``"zh"`` or the one in force.

    Returns
    -------
    pandas.DataFrame
        A row per type in the rank of value: ``value_type``, ``rank``, ``current_value``, ``growth_potential``
        (low or high), ``name``, ``resources``, ``strategy``, ``lifecycle``, ``signs``, ``first_step``,
        ``caution`` (texts), ``resources_weight`` (ours, see `budget`).

    Examples
    --------
    >>> strategies()[["value_type", "resources"]].values.tolist()
    [['IV', 'heaviest'], ['III', 'heavy'], ['II', 'moderate'], ['I', 'none']]
    """
    texts = ("name", "resources", "strategy", "lifecycle", "signs", "first_step", "caution")
    rows = [
        {
            VALUE_TYPE: row[VALUE_TYPE],
            "rank": int(row["rank"]),
            CURRENT_VALUE: term(f"matrix.{row[CURRENT_VALUE]}", language),
            GROWTH_POTENTIAL: term(f"matrix.{row[GROWTH_POTENTIAL]}", language),
            **{text: row[text] for text in texts},
            "resources_weight": float(row["resources_weight"]),
        }
        for row in read_rules("strategies", language)
    ]
    return pd.DataFrame(rows).sort_values("rank", ignore_index=True)


@public
def summarise_types(customers: pd.DataFrame, measures: Sequence[str] | None = None) -> pd.DataFrame:
    """Return how many customers each type has and what they bring.

    Parameters
    ----------
    customers, measures
        From `classify`; columns in money to add up, by default those of revenue, profit, assumed_profit,
        current_value, headroom and growth_potential that are there.

    Returns
    -------
    pandas.DataFrame
        A row per type in the rank of value, types without customers too: ``value_type``, ``customers``,
        ``customer_share``, and for each measure its sum and ``<measure>_share`` (share of 1 of the total;
        NaN where the total is zero or negative).

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "customer_id": list("abc"), "value_type": ["IV", "I", "I"], "revenue": [80.0, 15.0, 5.0]})
    >>> summarise_types(customers).iloc[[0, 3]].round(2).values.tolist()
    [['IV', 1, 0.33, 80.0, 0.8], ['I', 2, 0.67, 20.0, 0.2]]
    """
    check_types(customers)
    chosen = [name for name in MEASURES if name in customers.columns] if measures is None else list(measures)
    code = _rank_code(customers[VALUE_TYPE].to_numpy())
    count = _sums(code)
    summary = {VALUE_TYPE: list(VALUE_TYPES), "customers": count, "customer_share": count / len(customers)}
    for measure in chosen:
        amounts = numbers(customers, measure)
        amount, total = _sums(code, amounts), total_of(amounts)
        share = amount / total if total > 0 else np.full(len(amount), np.nan)
        summary |= {measure: amount, f"{measure}_share": share}
    return pd.DataFrame(summary)


def _rank_code(types: NDArray[np.object_]) -> NDArray[np.intp]:
    return pd.Categorical(types, categories=list(VALUE_TYPES)).codes.astype(np.intp)


def _sums(code: NDArray[np.intp], weights: NDArray[np.float64] | None = None) -> NDArray[Any]:
    """Return the number of customers, or the sum of a measure, of each type in the rank of value."""
    return np.bincount(code, weights=weights, minlength=len(VALUE_TYPES))


@public
def sensitivity(
    customers: pd.DataFrame,
    thresholds: Thresholds,
    factors: Sequence[float] = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0),
    *,
    axis: str = "both",
    value: str = CURRENT_VALUE,
    potential: str = HEADROOM,
) -> pd.DataFrame:
    """Return how counts and value of the types change as the thresholds move.

    A threshold t moves to ``t + (factor − 1)·|t|``, which is factor × t for a positive one. A threshold of
    exactly 0 has no factor; it moves by (factor − 1) × the median size of the figures on its axis.

    Parameters
    ----------
    customers, value, potential
        ``customer_id`` and the two columns (money), with their names.
    thresholds, factors
        Where they stand at factor 1; at least one factor, each above 0.
    axis
        ``"both"`` thresholds move, or only ``"current_value"`` or ``"growth_potential"``.

    Returns
    -------
    pandas.DataFrame
        A row per factor and type: ``factor``, ``current_value_threshold``, ``growth_potential_threshold``
        (money), ``value_type``, ``customers``, ``customer_share``, ``current_value`` (money) and
        ``moved_share``: share of all customers whose type differs from that at factor 1.

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "customer_id": list("abcd"), "current_value": [1.0, 4.0, 6.0, 9.0], "headroom": [0.0] * 4})
    >>> moved = sensitivity(customers, Thresholds(5, 5), factors=[1, 1.5])
    >>> moved[moved["value_type"] == "III"][["factor", "customers", "moved_share"]].values.tolist()
    [[1.0, 2.0, 0.0], [1.5, 1.0, 0.25]]
    """
    if axis not in AXES:
        raise CvmError("matrix.unknown_axis", value=axis, choices=", ".join(AXES))
    if not len(factors):
        raise CvmError("matrix.no_factors")
    check_parameter("factors", factors, 0, open_minimum=True)
    check_one_row_each(customers)
    worth, could_bring = numbers(customers, value), numbers(customers, potential)
    here = _types(worth, could_bring, thresholds)
    tables = []
    for factor in factors:
        moved = thresholds.replace(
            current_value=_moved(thresholds.current_value, worth, factor if axis != GROWTH_POTENTIAL else 1),
            growth_potential=_moved(thresholds.growth_potential, could_bring, factor if axis != CURRENT_VALUE else 1),
        )
        there = _types(worth, could_bring, moved)
        code = _rank_code(there)
        count = _sums(code)
        table = {
            "factor": float(factor),
            "current_value_threshold": moved.current_value,
            "growth_potential_threshold": moved.growth_potential,
            VALUE_TYPE: list(VALUE_TYPES),
            "customers": count,
            "customer_share": count / len(customers),
            CURRENT_VALUE: _sums(code, worth),
            "moved_share": float((there != here).mean()),
        }
        tables.append(pd.DataFrame(table))
    return pd.concat(tables, ignore_index=True)


def _moved(threshold: float, figures: NDArray[np.float64], factor: float) -> float:
    size = abs(threshold) if threshold else float(np.median(np.abs(figures)))
    return threshold + (factor - 1) * size


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
    code = _rank_code(customers[VALUE_TYPE].to_numpy())
    count = _sums(code)
    amount = count if basis is None else _sums(code, numbers(customers, basis))
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

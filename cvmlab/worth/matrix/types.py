"""The four types of the value matrix, their strategies, and how firm the border lines are (S11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.statistics import total_of
from cvmlab.core.words import CvmError, read_rules, term
from cvmlab.data.tables import PROFIT, REVENUE, check_one_row_each, numbers

from .moves import VALUE_TYPE, VALUE_TYPES, check_types
from .thresholds import CURRENT_VALUE, GROWTH_POTENTIAL, HEADROOM, Thresholds

MEASURES = (REVENUE, PROFIT, "assumed_profit", CURRENT_VALUE, HEADROOM, GROWTH_POTENTIAL)
AXES = ("both", CURRENT_VALUE, GROWTH_POTENTIAL)
# what the rule table says beyond Table 3-2
OURS = ("rank", "name", "first_step", "caution", "resources_weight")


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
        A figure above is high; one exactly at the threshold is low, however many customers share it. The rule is ours:
        the book leaves ties open, and a customer who just breaks even brings nothing yet.

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
def strategies(language: str | None = None, *, ours: bool = True) -> pd.DataFrame:
    """Return the rule table: which resources and strategy each type gets (CRM3 Table 3-2).

    ``language`` is ``"en"``, ``"zh"`` or the one in force. With ``ours=False`` the table is the textbook's, whole, for
    `cvmlab.in_words` to show.

    Returns
    -------
    pandas.DataFrame
        A row per type: ``value_type``, ``current_value_level``, ``growth_potential_level`` (low or high),
        ``resources``, ``strategy``, ``lifecycle``, ``typical`` (texts), from I to IV. With what is ours, in the rank of
        value: also ``rank``, ``name``, ``first_step``, ``caution``, ``resources_weight`` (see `budget`). The book ranks
        the types; the names, steps, cautions and weights are ours.

    Examples
    --------
    >>> strategies()[["value_type", "resources"]].values.tolist()
    [['IV', 'heaviest'], ['III', 'heavy'], ['II', 'moderate'], ['I', 'none']]
    >>> strategies("zh", ours=False).iloc[0, :5].tolist()
    ['I', '低', '低', '不投入', '关系解除']
    """
    rows = [
        {
            VALUE_TYPE: row[VALUE_TYPE],
            **{f"{axis}_level": term(f"matrix.{row[axis]}", language) for axis in (CURRENT_VALUE, GROWTH_POTENTIAL)},
            **{text: row[text] for text in ("resources", "strategy", "lifecycle", "typical")},
            "rank": int(row["rank"]),
            **{text: row[text] for text in ("name", "first_step", "caution")},
            "resources_weight": float(row["resources_weight"]),
        }
        for row in read_rules("strategies", language)
    ]
    table = pd.DataFrame(rows).sort_values("rank", ascending=ours, ignore_index=True)
    return table if ours else table.drop(columns=list(OURS))


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
    code = rank_code(customers[VALUE_TYPE].to_numpy())
    count = sums(code)
    summary = {VALUE_TYPE: list(VALUE_TYPES), "customers": count, "customer_share": count / len(customers)}
    for measure in chosen:
        amounts = numbers(customers, measure)
        amount, total = sums(code, amounts), total_of(amounts)
        share = amount / total if total > 0 else np.full(len(amount), np.nan)
        summary |= {measure: amount, f"{measure}_share": share}
    return pd.DataFrame(summary)


def rank_code(types: NDArray[np.object_]) -> NDArray[np.intp]:
    """Return the place of each type in the rank of value."""
    return pd.Categorical(types, categories=list(VALUE_TYPES)).codes.astype(np.intp)


def sums(code: NDArray[np.intp], weights: NDArray[np.float64] | None = None) -> NDArray[Any]:
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
        code = rank_code(there)
        count = sums(code)
        table = {
            "factor": float(factor),
            "current_value_threshold": moved.current_value,
            "growth_potential_threshold": moved.growth_potential,
            VALUE_TYPE: list(VALUE_TYPES),
            "customers": count,
            "customer_share": count / len(customers),
            CURRENT_VALUE: sums(code, worth),
            "moved_share": float((there != here).mean()),
        }
        tables.append(pd.DataFrame(table))
    return pd.concat(tables, ignore_index=True)


def _moved(threshold: float, figures: NDArray[np.float64], factor: float) -> float:
    size = abs(threshold) if threshold else float(np.median(np.abs(figures)))
    return threshold + (factor - 1) * size

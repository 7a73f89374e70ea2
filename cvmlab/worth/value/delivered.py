"""Customer delivered value 客户让渡价值: what the customer gets less what it costs the customer, by firm (S08)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.statistics import wilson_interval
from cvmlab.core.words import CvmError
from cvmlab.data.tables import CUSTOMER_ID, check_columns, check_present, numbers, numbers_between, without_id

FIRM = "firm"
#: The parts of total value and of total cost, as the textbook names them.
VALUE_PARTS = ("product_value", "service_value", "personnel_value", "image_value")
COST_PARTS = ("money_cost", "time_cost", "energy_cost", "psychic_cost")
_PARTS = (*VALUE_PARTS, *COST_PARTS)
_TOTALS = ("total_value", "total_cost", "delivered_value")
_TABLE = "survey"
# sums of ratings or money are equal where they differ by less than rounding
_ROUNDING = 1e-9


@public
def delivered_value(
    survey: pd.DataFrame,
    *,
    scale: Sequence[float] | None = None,
    assumed_weights: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Return the customer delivered value of each firm for each customer, with its parts.

    Formula: (product + service + personnel + image value) − (money + time + energy + psychic cost).

    All eight parts must be in one unit, as values and costs are added up: either what each is worth to the customer in
    money, or ratings on one scale. Ratings of parts that do not matter alike, or money beside ratings, are brought to
    one unit by weights; these are assumed, not known.

    Parameters
    ----------
    survey
        One row per customer and firm: ``customer_id``, ``firm`` (text), ``product_value``, ``service_value``,
        ``personnel_value``, ``image_value``, ``money_cost``, ``time_cost``, ``energy_cost``, ``psychic_cost``
        (at least 0; a higher cost is a heavier burden).
    scale
        Lowest and highest rating, such as ``(1, 7)``, where the parts are ratings; a figure outside is refused, as it
        is in another unit. Money if left out.
    assumed_weights
        Part to what one unit of it counts for, at least 0, such as money per point; 1 for a part that is left out.

    Returns
    -------
    pandas.DataFrame
        One row per customer and firm, in the order of the survey: ``customer_id``, ``firm``, the eight parts (times
        their weights), ``total_value``, ``total_cost``, ``delivered_value``, all in the one unit.

    Notes
    -----
    Source: CVM-CRM §1. It is the customer's view, close to perceived performance; what the customer is worth to the
    firm is `cvmlab.ledger.relationship_value`.

    Examples
    --------
    >>> survey = pd.DataFrame({
    ...     "customer_id": ["a", "a"], "firm": ["ours", "theirs"], "product_value": [6, 6], "service_value": [6, 4],
    ...     "personnel_value": [5, 4], "image_value": [4, 6], "money_cost": [5, 3], "time_cost": [2, 4],
    ...     "energy_cost": [2, 3], "psychic_cost": [1, 3]})
    >>> delivered_value(survey, scale=(1, 7))[["firm", "total_value", "total_cost", "delivered_value"]].values.tolist()
    [['ours', 21.0, 10.0, 11.0], ['theirs', 20.0, 13.0, 7.0]]
    """
    _check_rows(survey, _PARTS)
    lowest, highest = _bounds(scale)
    weights = _weights(assumed_weights)
    found = survey[[CUSTOMER_ID, FIRM]].reset_index(drop=True)
    for part in _PARTS:
        found[part] = numbers_between(survey, part, lowest, highest, _TABLE) * weights[part]
    total_value, total_cost = found[list(VALUE_PARTS)].sum(axis=1), found[list(COST_PARTS)].sum(axis=1)
    return found.assign(total_value=total_value, total_cost=total_cost, delivered_value=total_value - total_cost)


@public
def delivered_by_firm(delivered: pd.DataFrame) -> pd.DataFrame:
    """Return each firm's mean delivered value and the means of its parts.

    Parameters
    ----------
    delivered
        From `delivered_value`.

    Returns
    -------
    pandas.DataFrame
        One row per firm, the highest delivered value first: ``firm``, ``customers`` (number who judged it), the eight
        parts, ``total_value``, ``total_cost``, ``delivered_value`` (means, in the unit of ``delivered``).

    Examples
    --------
    >>> parts = {part: [1.0, 2.0] for part in (*VALUE_PARTS, "money_cost")}
    >>> others = {part: 0.0 for part in ("time_cost", "energy_cost", "psychic_cost")}
    >>> survey = pd.DataFrame({"customer_id": ["a", "b"], "firm": ["ours", "theirs"], **parts, **others})
    >>> delivered_by_firm(delivered_value(survey))[["firm", "customers", "delivered_value"]].values.tolist()
    [['theirs', 1, 6.0], ['ours', 1, 3.0]]
    """
    columns = [*_PARTS, *_TOTALS]
    _check_rows(delivered, columns)
    figures = pd.DataFrame({name: numbers(delivered, name, _TABLE) for name in columns})
    by_firm = figures.groupby(delivered[FIRM].astype("str").to_numpy())
    means = by_firm.mean().rename_axis(FIRM).reset_index()
    means.insert(1, "customers", by_firm.size().to_numpy())
    return means.sort_values(["delivered_value", FIRM], ascending=[False, True], ignore_index=True)


@public
def difference_by_part(delivered: pd.DataFrame, own: str, rival: str) -> pd.DataFrame:
    """Return how each part contributes to the difference in delivered value between two firms.

    A contribution is own − rival for a part of value and rival − own for a part of cost, in the mean of the customers
    who judged both; the eight add up to the difference.

    Parameters
    ----------
    delivered
        From `delivered_value`.
    own, rival
        Names of the two firms.

    Returns
    -------
    pandas.DataFrame
        One row per part, what speaks most for the own firm first: ``part`` (code), ``own``, ``rival`` (means),
        ``contribution`` (to own − rival), all in the unit of ``delivered``.

    Examples
    --------
    >>> survey = pd.DataFrame({
    ...     "customer_id": ["a", "a"], "firm": ["ours", "theirs"], "product_value": [6, 6], "service_value": [6, 4],
    ...     "personnel_value": [5, 5], "image_value": [4, 4], "money_cost": [5, 2], "time_cost": [2, 2],
    ...     "energy_cost": [2, 2], "psychic_cost": [1, 1]})
    >>> parts = difference_by_part(delivered_value(survey, scale=(1, 7)), "ours", "theirs")
    >>> parts[["part", "contribution"]].iloc[[0, -1]].values.tolist()
    [['service_value', 2.0], ['money_cost', -3.0]]
    """
    ours, theirs = _pairs(delivered, own, rival, _PARTS)
    means = pd.DataFrame({"part": _PARTS, "own": ours.mean().to_numpy(), "rival": theirs.mean().to_numpy()})
    sign = np.where(means["part"].isin(COST_PARTS), -1.0, 1.0)
    # + 0 so that no part contributes −0
    parts = means.assign(contribution=sign * (means["own"] - means["rival"]) + 0.0)
    return parts.sort_values("contribution", ascending=False, kind="stable", ignore_index=True)


@public
def share_delivered_more(delivered: pd.DataFrame, own: str, rival: str) -> pd.DataFrame:
    """Return for which share of the customers the own firm delivers more than a rival, with its uncertainty.

    The means of two firms do not say it: a few customers to whom much is delivered can carry the mean while most
    choose the rival.

    Parameters
    ----------
    delivered
        From `delivered_value`.
    own, rival
        Names of the two firms. Only customers who judged both count.

    Returns
    -------
    pandas.DataFrame
        One row: ``customers`` (who judged both), ``more``, ``equal``, ``less`` (numbers of customers to whom the own
        firm delivers more, as much, less), ``share_more`` (of customers; equal is not more), ``low``, ``high`` (95%
        interval of the share, Wilson 1927, for customers drawn at random), ``unpaired`` (customers who judged only one
        of the two firms and are left out).

    Examples
    --------
    >>> delivered = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b", "b"], "firm": ["ours", "theirs"] * 2,
    ...     "delivered_value": [5.0, 3.0, 2.0, 4.0]})
    >>> share_delivered_more(delivered, "ours", "theirs").round(3).values.tolist()
    [[2.0, 1.0, 0.0, 1.0, 0.5, 0.095, 0.905, 0.0]]
    """
    ours, theirs = _pairs(delivered, own, rival, ["delivered_value"])
    gap = (ours - theirs)["delivered_value"].to_numpy()
    more, less = int((gap > _ROUNDING).sum()), int((gap < -_ROUNDING).sum())
    share = np.array([more / len(gap)])
    low, high = wilson_interval(share, np.array([len(gap)]))
    judged = delivered.loc[delivered[FIRM].isin([own, rival]), CUSTOMER_ID].nunique()
    counts = {"customers": len(gap), "more": more, "equal": len(gap) - more - less, "less": less}
    # a share of 0 or 1 leaves rounding beyond its bound
    interval = {"share_more": share, "low": np.clip(low, 0, 1), "high": np.clip(high, 0, 1)}
    return pd.DataFrame({**counts, **interval, "unpaired": judged - len(gap)})


def _check_rows(survey: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise `CvmError` unless there is one row per customer and firm, with all columns."""
    check_columns(survey, [CUSTOMER_ID, FIRM, *columns], _TABLE)
    if not len(survey):
        raise CvmError("tables.no_rows", table=_TABLE)
    for name in (CUSTOMER_ID, FIRM):
        check_present(without_id(survey[name]), name, _TABLE)
        if pd.api.types.infer_dtype(survey[name]) not in ("string", "categorical"):
            raise CvmError("value.survey_text", column=name)
    repeated = survey[[CUSTOMER_ID, FIRM]].duplicated().to_numpy()
    if repeated.any():
        row = int(repeated.argmax())
        customer, firm = survey[CUSTOMER_ID].iloc[row], survey[FIRM].iloc[row]
        raise CvmError("value.judged_twice", customer=customer, firm=firm, row=row + 1)


def _bounds(scale: Sequence[float] | None) -> tuple[float, float]:
    if scale is None:
        return 0.0, np.inf
    check_parameter("scale", np.asarray(scale), 0)
    if len(scale) != 2 or not scale[0] < scale[1]:
        raise CvmError("value.no_scale", scale=", ".join(f"{bound:g}" for bound in scale))
    return float(scale[0]), float(scale[1])


def _weights(stated: Mapping[str, float] | None) -> dict[str, float]:
    given = dict(stated or {})
    for part, weight in given.items():
        if part not in _PARTS:
            raise CvmError("value.unknown_part", part=part, parts=", ".join(_PARTS))
        if np.ndim(weight):
            raise CvmError("checking.not_finite", label="assumed_weights", name=part, value=weight)
        check_parameter("assumed_weights", weight, 0)
    return {part: float(given.get(part, 1.0)) for part in _PARTS}


def _pairs(delivered: pd.DataFrame, own: str, rival: str, columns: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of two firms, one below the other alike: those of the customers who judged both."""
    _check_rows(delivered, columns)
    figures = pd.DataFrame({name: numbers(delivered, name, _TABLE) for name in columns})
    figures.index = pd.Index(delivered[CUSTOMER_ID].astype("str"))
    firms = delivered[FIRM].astype("str").to_numpy()
    for firm in (own, rival):
        if firm not in firms:
            raise CvmError("value.unknown_firm", firm=firm, firms=", ".join(dict.fromkeys(firms)))
    if own == rival:
        raise CvmError("value.one_firm", firm=own)
    ours, theirs = figures[firms == own], figures[firms == rival]
    both = ours.index.intersection(theirs.index)
    if not len(both):
        raise CvmError("value.judged_neither", own=own, rival=rival)
    return ours.loc[both], theirs.loc[both]

"""A score of each relationship (S22): indicators summed as in the book, with the strongest and weakest parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.refusing import brief
from cvmlab.core.words import CvmError
from cvmlab.data.tables import CUSTOMER_ID, check_columns, check_one_row_each, numbers_between

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STANDINGS = ("easy_to_accept", "in_between", "to_strengthen")
_SAME = 1e-9


@public
@dataclass(frozen=True)
class RelationshipScore:
    """Scores of relationships and of their parts.

    Attributes
    ----------
    customers
        One row per customer, the best relationship first: ``customer_id``, ``score`` (points), ``score_share`` (share
        of the way from the lowest to the highest possible score), ``strongest`` and ``weakest`` (indicators, several
        with "; " between them, empty if all parts are alike) and ``standing`` (``easy_to_accept``, ``in_between`` or
        ``to_strengthen``).
    parts
        One row per indicator, the weakest first: ``indicator``, ``weight`` (share of 1), ``mean`` (points), ``low``,
        ``high`` (its 95% interval, NaN with fewer than two customers) and ``to_gain`` (points that the mean score would
        gain if everybody gave the highest mark).
    lowest, highest
        Ends of the scale of a mark.
    """

    customers: pd.DataFrame
    parts: pd.DataFrame
    lowest: float
    highest: float


@public
def relationship_score(
    answers: pd.DataFrame,
    *,
    indicators: Sequence[str],
    weights: Mapping[str, float] | None = None,
    lowest: float = 1,
    highest: float = 5,
    easy_from: float = 0.75,
    strengthen_below: float = 0.5,
) -> RelationshipScore:
    """Return the score of each relationship, its strongest and weakest parts, and which are easy and which need work.

    Parameters
    ----------
    answers
        One row per customer: ``customer_id`` and a column of marks per indicator, for example trust in us, our
        responsiveness, common interests. No mark may be missing.
    indicators
        The columns to score, at least two.
    weights
        Share of each indicator in the score, together 1; equal if left out.
    lowest, highest
        Ends of the scale of a mark; the higher, the better the relationship.
    easy_from, strengthen_below
        From which share of the possible score a relationship is easy to accept, and below which it needs to be
        strengthened (shares of 1).

    Returns
    -------
    RelationshipScore
        ``customers`` and ``parts``, two frames. ``low`` and ``high`` are NaN with one customer.

    Raises
    ------
    CvmError
        For missing columns or marks, marks outside the scale, weights that do not sum to 1 (the error says to what they
        sum) or are given for other columns, and customers in several rows.

    Notes
    -----
    score = number of indicators × Σ weight × mark: with equal weights the sum of the marks, as in CRM3 §3.2.4. Weights
    and the two limits are ours. *Assumed*: a step of one mark means the same everywhere on the scale and for every
    indicator. Customers who answer are not those who do not: the dissatisfied often stay silent.

    Examples
    --------
    >>> import pandas as pd
    >>> answers = pd.DataFrame({"customer_id": ["A", "B"], "trust": [5, 3], "response": [4, 1], "interests": [5, 2]})
    >>> found = relationship_score(answers, indicators=["trust", "response", "interests"])
    >>> found.customers[["customer_id", "score", "weakest", "standing"]].values.tolist()
    [['A', 14.0, 'response', 'easy_to_accept'], ['B', 6.0, 'response', 'to_strengthen']]
    >>> found.parts["indicator"].tolist()
    ['response', 'interests', 'trust']
    """
    import pandas as pd

    _check_scale(lowest, highest, easy_from, strengthen_below)
    check_one_row_each(answers, "answers")
    columns = _columns(answers, indicators)
    share = _weights(columns, weights)
    marks = np.column_stack([numbers_between(answers, name, lowest, highest, "answers") for name in columns])
    score = len(columns) * (marks @ share)
    reached = np.clip((score / len(columns) - lowest) / (highest - lowest), 0, 1)
    limits = [reached >= easy_from - _SAME, reached < strengthen_below - _SAME]
    customers = pd.DataFrame(
        {
            CUSTOMER_ID: answers[CUSTOMER_ID].to_numpy(),
            "score": score,
            "score_share": reached,
            "strongest": _extreme(marks, columns, marks.max(axis=1)),
            "weakest": _extreme(marks, columns, marks.min(axis=1)),
            "standing": np.select(limits, [STANDINGS[0], STANDINGS[2]], STANDINGS[1]),
        }
    ).sort_values("score", ascending=False, kind="stable", ignore_index=True)
    return RelationshipScore(customers, _parts(marks, columns, share, highest), lowest, highest)


def _check_scale(lowest: float, highest: float, easy_from: float, strengthen_below: float) -> None:
    if not lowest < highest:
        raise CvmError("reasons.scale_upside_down", lowest=f"{lowest:g}", highest=f"{highest:g}")
    for name, limit in (("easy_from", easy_from), ("strengthen_below", strengthen_below)):
        check_parameter(name, limit, 0, 1)
    if strengthen_below > easy_from:
        raise CvmError("reasons.limits_crossed", easy=f"{easy_from:g}", strengthen=f"{strengthen_below:g}")


def _columns(answers: pd.DataFrame, indicators: Sequence[str]) -> list[str]:
    columns = list(indicators)
    check_columns(answers, columns, "answers")
    if len(columns) < 2 or len(set(columns)) < len(columns) or CUSTOMER_ID in columns:
        raise CvmError("reasons.few_indicators", indicators=", ".join(columns) or "–")
    return columns


def _weights(columns: list[str], weights: Mapping[str, float] | None) -> Floats:
    """Return the share of each indicator, or raise `CvmError` that says to what the weights sum."""
    if weights is None:
        return np.full(len(columns), 1 / len(columns))
    given = dict(weights)
    if set(given) != set(columns):
        other = sorted(map(str, set(given) ^ set(columns)))
        raise CvmError("reasons.other_weights", columns=", ".join(columns), other=", ".join(other))
    for name, weight in given.items():
        is_number = isinstance(weight, (int, float, np.integer, np.floating)) and not isinstance(weight, bool)
        if not is_number or not 0 <= weight <= 1:
            raise CvmError("reasons.no_weight", name=name, value=brief(weight))
    share = np.array([float(given[name]) for name in columns])
    if abs(share.sum() - 1) > 1e-6:
        raise CvmError("reasons.weights_not_one", total=f"{share.sum():.4g}")
    return share / float(share.sum())


def _extreme(marks: Floats, columns: list[str], level: Floats) -> list[str]:
    """Return which indicators have the customer's highest or lowest mark, none where all are alike."""
    alike = np.ptp(marks, axis=1) <= _SAME
    return [
        "" if same else "; ".join(name for name, mark in zip(columns, row, strict=True) if abs(mark - one) <= _SAME)
        for row, one, same in zip(marks, level, alike, strict=True)
    ]


def _parts(marks: Floats, columns: list[str], share: Floats, highest: float) -> pd.DataFrame:
    """Return mean and interval of each indicator, the weakest first."""
    import pandas as pd
    from scipy.stats import t

    size, mean = len(marks), marks.mean(axis=0)
    spread = np.full(len(columns), np.nan)
    if size > 1:
        spread = float(t.ppf(0.975, size - 1)) * marks.std(axis=0, ddof=1) / np.sqrt(size)
    table = {"indicator": columns, "weight": share, "mean": mean, "low": mean - spread, "high": mean + spread}
    table["to_gain"] = len(columns) * share * (highest - mean)
    return pd.DataFrame(table).sort_values("mean", kind="stable", ignore_index=True)

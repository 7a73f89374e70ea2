"""What the patterns of the life curve cost, against pattern IV (S04): assumed curves, and what data say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.discounting import First, present_value
from cvmlab.core.guarding import public
from cvmlab.core.patterns import LATE_MONTHS, PATTERNS
from cvmlab.core.words import CvmError
from cvmlab.data.panels import Panel
from cvmlab.data.tables import CUSTOMER_ID, PERIOD, PROFIT, check_columns, check_one_row_each
from cvmlab.relationship.lifecycle import DECLINE, STABILITY, STAGES, Relationship, level_path, stage_path, variables

from .paths import UNDECIDED, check_patterns

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

#: Patterns of the curves A, B, C, D that students sort: key of the curve → pattern.
UNNAMED = {"patterns.curve_A": "III", "patterns.curve_B": "I", "patterns.curve_C": "IV", "patterns.curve_D": "II"}


@public
def typical_curves(relationship: Relationship | None = None) -> pd.DataFrame:
    """Return the four life curves of figure 3-2: one relationship, left in four stages.

    Up to the month in which it is left, a curve is the typical one. I is left in the middle of exploration, II in
    the middle of formation, III after six months of stability, IV at its full length. Then the level falls as
    in the typical decline, from where it stands; a thin tie breaks sooner: months of decline are those of
    the relationship times the level at which it is left, at least one (ours).

    Parameters
    ----------
    relationship
        The relationship if it lasts; the default of `Relationship` if left out.

    Returns
    -------
    pandas.DataFrame
        A row per pattern and month: ``pattern``, ``period`` (from 0), ``stage``, ``level`` (0 to 1), ``revenue``,
        ``profit`` (money per month). A curve stops with the relationship.

    Raises
    ------
    CvmError
        If stability lasts less than twelve months: then there is no pattern IV.

    Examples
    --------
    >>> typical_curves().groupby("pattern")["period"].count().to_dict()
    {'I': 4, 'II': 22, 'III': 42, 'IV': 96}
    """
    import pandas as pd

    relationship = (relationship or Relationship()).replace(repaired_after=0)
    if relationship.stability_months < LATE_MONTHS:
        raise CvmError("patterns.no_late_stability", months=relationship.stability_months, late_months=LATE_MONTHS)
    found = []
    for pattern, months in _left_after(relationship).items():
        level, code = _left(relationship, months)
        brought = variables(level, relationship)
        curve = {
            "pattern": pattern,
            PERIOD: np.arange(len(level)),
            "stage": np.array(["", *STAGES], dtype=object)[code],
            "level": level,
            "revenue": brought["revenue"],
            PROFIT: brought[PROFIT],
        }
        found.append(pd.DataFrame(curve))
    return pd.concat(found, ignore_index=True)


def _left_after(relationship: Relationship) -> dict[str, int]:
    """Return the month in which each pattern begins to decline."""
    exploration, formation = relationship.exploration_months, relationship.formation_months
    return {
        "I": max(exploration // 2, 1),
        "II": exploration + max(formation // 2, 1),
        "III": exploration + formation + LATE_MONTHS // 2,
        "IV": exploration + formation + relationship.stability_months,
    }


def _left(relationship: Relationship, months: int) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Return level and stage of the relationship if it is left after some months."""
    path, stage = level_path(relationship), stage_path(relationship)
    decline = relationship.decline_months
    top = path[months - 1]
    fall = path[-decline:] / path[-decline - 1]
    length = max(round(decline * float(top)), 1)
    # the same fall in fewer months
    places = np.linspace(0, decline, length + 1)[1:]
    falling = top * np.interp(places, np.arange(decline + 1), np.concatenate(([1.0], fall)))
    level = np.concatenate((path[:months], falling))
    return level, np.concatenate((stage[:months], np.full(length, DECLINE, dtype=np.uint8)))


#: Four customers of different pace and size, so that neither length nor height tells the pattern (ours).
_UNALIKE = {
    "I": Relationship(exploration_months=40, formation_months=18, largest_volume=650.0),
    "II": Relationship(exploration_months=20, explored=0.06, formation_months=64, largest_volume=110.0),
    "III": Relationship(exploration_months=4, formation_months=14, decline_months=8, largest_volume=60.0),
    "IV": Relationship(
        exploration_months=3, formation_months=5, stability_months=40, decline_months=6, largest_volume=40.0
    ),
}


@public
def unnamed_curves() -> pd.DataFrame:
    """Return one life curve per pattern of four customers of different pace and size, for students to sort.

    Neither the length of a curve nor its height tells its pattern, only its shape does.

    Returns
    -------
    pandas.DataFrame
        As `typical_curves`.

    Examples
    --------
    >>> unnamed_curves().groupby("pattern")["period"].count().to_dict()
    {'I': 21, 'II': 58, 'III': 32, 'IV': 54}
    """
    import pandas as pd

    curves = [(pattern, typical_curves(relationship)) for pattern, relationship in _UNALIKE.items()]
    own = [curve[curve["pattern"] == pattern] for pattern, curve in curves]
    return pd.concat(own, ignore_index=True)


@public
def unnamed_in_order() -> list[str]:
    """Return the curves A to D from pattern I to IV, as keys of the vocabulary: the answer of the sorting exercise.

    Examples
    --------
    >>> sorted(unnamed_in_order()) == list(UNNAMED)
    True
    """
    return sorted(UNNAMED, key=lambda curve: PATTERNS.index(UNNAMED[curve]))


@public
def lost_profit(
    relationship: Relationship | None = None, *, discount_rate: float = 0.1, first: First = "now"
) -> pd.DataFrame:
    """Return what each pattern costs: profit that the same customer would have brought as pattern IV.

    Assumed profit: it follows from the stated relationship, not from data.

    Parameters
    ----------
    relationship
        The relationship if it lasts; the default of `Relationship` if left out.
    discount_rate
        Per year, converted to months.
    first
        Whether the first month counts ``"now"`` or after a month (``"next"``); seen from the first month.

    Returns
    -------
    pandas.DataFrame
        A row per pattern: ``pattern``, ``months`` lived, ``profit`` (money, sum over the life), ``present_value``
        (money), ``lost`` (present value of IV less that of the pattern, money), ``lost_share`` (of IV's
        present value; NaN where that is not positive).

    Raises
    ------
    CvmError
        Where `typical_curves` does, and for a discount rate or a ``first`` that `present_value` refuses.

    Examples
    --------
    >>> lost_profit()[["pattern", "months", "lost_share"]].round(1).values.tolist()
    [['I', 4, 1.0], ['II', 22, 1.0], ['III', 42, 0.7], ['IV', 96, 0.0]]
    """
    import pandas as pd

    curves = typical_curves(relationship)
    rows = []
    for pattern, curve in curves.groupby("pattern", sort=False):
        profit = curve[PROFIT].to_numpy()
        worth = float(present_value(profit, discount_rate, 12, first))
        rows.append({"pattern": pattern, "months": len(curve), PROFIT: float(profit.sum()), "present_value": worth})
    frame = pd.DataFrame(rows)
    best = frame["present_value"].iloc[-1]
    frame["lost"] = best - frame["present_value"]
    frame["lost_share"] = frame["lost"] / best if best > 0 else np.nan
    return frame


@public
def share_by_month_left(
    months: Sequence[int],
    relationship: Relationship | None = None,
    *,
    discount_rate: float = 0.1,
    first: First = "now",
) -> pd.DataFrame:
    """Return the share of pattern IV's present value that the same relationship brings if it is left in other months.

    Parameters
    ----------
    months
        Months in which decline begins, from 1 to the last month of stability.
    relationship, discount_rate, first
        As in `lost_profit`.

    Returns
    -------
    pandas.DataFrame
        A row per month: ``left_in`` (month), ``stage`` it is left in, ``pattern`` (III below `LATE_MONTHS` of
        stability), ``share`` (of IV's present value; NaN where that is not positive).

    Raises
    ------
    CvmError
        Where `lost_profit` does, and for a month outside the relationship.

    Examples
    --------
    >>> share_by_month_left([15, 35, 36])[["pattern", "share"]].round(2).values.tolist()
    [['II', 0.04], ['III', 0.36], ['IV', 0.37]]
    """
    import pandas as pd

    relationship = (relationship or Relationship()).replace(repaired_after=0)
    best = float(lost_profit(relationship, discount_rate=discount_rate, first=first)["present_value"].iloc[-1])
    stages = stage_path(relationship)
    grown = int((stages < STABILITY).sum())
    last = grown + relationship.stability_months
    rows = []
    for month in months:
        if not 1 <= month <= last:
            raise CvmError("patterns.month_left", month=month, last=last)
        stage = int(stages[month - 1])
        pattern = PATTERNS[stage - 1 if stage < STABILITY or month - grown < LATE_MONTHS else stage]
        profit = variables(_left(relationship, month)[0], relationship)[PROFIT]
        worth = float(present_value(profit, discount_rate, 12, first))
        share = worth / best if best > 0 else np.nan
        rows.append({"left_in": month, "stage": STAGES[stage - 1], "pattern": pattern, "share": share})
    return pd.DataFrame(rows)


@public
def profit_by_pattern(panel: Panel, classified: pd.DataFrame, *, measure: str = PROFIT) -> pd.DataFrame:
    """Return the mean profit of a relationship by pattern, from data.

    Nothing is made comparable: customers of different patterns may differ in size, and those who lasted had
    longer to bring it. Of active customers (IV and the undecided) it is the profit so far. It says what was, not what a
    longer life would have brought.

    Parameters
    ----------
    panel
        With the measure; profit of all periods of a customer is summed, undiscounted.
    classified
        ``customer_id`` and ``pattern`` of every customer of the panel, from `classify` or the truth.
    measure
        What is summed: ``"profit"``, or ``"revenue"`` where profit is not known.

    Returns
    -------
    pandas.DataFrame
        Five rows, I–IV and "" for undecided: ``pattern``, ``customers``, ``mean`` (money per
        relationship), ``low`` and ``high`` (95% interval of the mean by Student's t; NaN for fewer than
        two), ``lost`` (mean of IV less the pattern's mean, NaN for the undecided).

    Raises
    ------
    CvmError
        If the panel lacks the measure or it holds a figure that is not finite, for a missing column, an unknown
        pattern, a customer in more than one row, or a customer of the panel without a pattern.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=300, periods=60, seed=1)
    >>> mean = profit_by_pattern(known.panel, known.truth).set_index("pattern")["mean"]
    >>> bool(mean["IV"] > mean["III"] > mean["I"])
    True
    """
    import pandas as pd

    from cvmlab.relationship.stages.evidence import check_finite

    measures = tuple(panel.values)
    if measure not in measures:
        raise CvmError("tables.missing_column", table="panel", column=measure, columns=", ".join(measures))
    check_finite(panel, [measure])
    check_columns(classified, [CUSTOMER_ID], "classified")
    check_patterns(classified, "classified")
    check_one_row_each(classified)
    pattern = classified.set_index(CUSTOMER_ID)["pattern"].reindex(panel.customer_id)
    if pattern.isna().any():
        raise CvmError("patterns.no_pattern", customer=pattern.index[pattern.isna()][0])
    brought = panel[measure].sum(axis=0)
    rows = []
    for name in (*PATTERNS, UNDECIDED):
        sums = brought[(pattern == name).to_numpy()]
        low, high = _mean_interval(sums)
        mean = float(sums.mean()) if len(sums) else np.nan
        rows.append({"pattern": name, "customers": len(sums), "mean": mean, "low": low, "high": high})
    frame = pd.DataFrame(rows)
    best = frame["mean"].iloc[len(PATTERNS) - 1]
    frame["lost"] = np.where(frame["pattern"] == UNDECIDED, np.nan, best - frame["mean"])
    return frame


def _mean_interval(sums: NDArray[np.float64]) -> tuple[float, float]:
    from scipy.stats import t

    if len(sums) < 2:
        return np.nan, np.nan
    half = float(t.ppf(0.975, len(sums) - 1)) * float(sums.std(ddof=1)) / len(sums) ** 0.5
    return float(sums.mean()) - half, float(sums.mean()) + half

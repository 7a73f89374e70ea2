"""The life of a relationship as a model: its level, the variables that follow it, the typical life curve (S01–S03).

One hidden quantity drives everything: the relationship level, from 0 (strangers) to 1 (the highest). Volume follows
it at once; price, cost per unit and indirect benefit follow with a lag. `variables` turns any level into money, a
smooth one of `level_path` or a noisy one of a hundred thousand customers. Everything here is assumed, nothing
estimated: a `Relationship` is a set of assumptions.

>>> life_curve(Relationship()).iloc[[0, 83]][["stage", "volume", "price", "cost"]].round(1).values.tolist()
[['exploration', 1.1, 100.0, 90.0], ['stability', 100.0, 110.0, 78.0]]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cvmlab.core.guarding import public
from cvmlab.core.scenario import Limits, Scenario, checked, number
from cvmlab.core.words import CvmError
from cvmlab.data.tables import COST, PERIOD, PROFIT, REVENUE, VOLUME

STAGES = ("exploration", "formation", "stability", "decline")
#: Codes: 0 is no relationship, 1 to 4 are the stages in their order, 5 is ended.
EXPLORATION, FORMATION, STABILITY, DECLINE, ENDED = 1, 2, 3, 4, 5

STAGE = "stage"
LEVEL = "level"
PRICE = "price"
INDIRECT_BENEFIT = "indirect_benefit"
TOTAL_COST = "total_cost"

Figures = NDArray[np.float64]


def months_field(default: int, name: str, *, minimum: int = 1, maximum: int = 120) -> Any:
    """Return a field of whole months, named in ``words/lifecycle.csv``."""
    word = f"lifecycle.{name}"
    return number(default, word=word, minimum=minimum, maximum=maximum, step=1, unit="months", whole=True)


@public
@dataclass(frozen=True)
class Relationship(Scenario):
    """The relationship with one customer: how long its stages last and what it brings, all of it assumed.

    The defaults describe one business customer of a supplier of parts; they meet the textbook's conditions. The labels
    of the fields say what each is; money is in currency units, a lag is the time constant of `lagged`.

    Levels are those at the end of a stage; stability ends at 1. After ``repaired_after`` months of decline, unless 0,
    the relationship climbs back (called formation again) and is stable once more before the last decline. Premium,
    saving and indirect benefit (acquisition cost saved by recommendations) are those at level 1, prices and costs of a
    unit otherwise those of a stranger. Bad word of mouth is lost per month when the whole level is lost. The fixed cost
    is due whatever is bought. The acquisition cost counts in the first month; 0 leaves it out, as the textbook does.

    Examples
    --------
    >>> Relationship().replace(repaired_after=12)
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: The repair comes too late: repaired_after is 12, but decline_months is only 12. ...
    """

    exploration_months: int = months_field(6, "exploration_months")
    formation_months: int = months_field(18, "formation_months")
    stability_months: int = months_field(60, "stability_months", maximum=360)
    decline_months: int = months_field(12, "decline_months")
    repaired_after: int = months_field(0, "repaired_after", minimum=0)
    repair_months: int = months_field(6, "repair_months")
    regained_months: int = months_field(24, "regained_months", maximum=360)
    explored: float = number(0.1, word="lifecycle.explored", minimum=0.01, maximum=0.5, step=0.01)
    formed: float = number(0.95, word="lifecycle.formed", minimum=0.5, maximum=1, step=0.01)
    left_at: float = number(0.15, word="lifecycle.left_at", minimum=0, maximum=1, step=0.01)
    largest_volume: float = number(100.0, word="lifecycle.largest_volume", minimum=0, step=5, unit="per_month")
    base_price: float = number(100.0, word="lifecycle.base_price", minimum=0, step=1, unit="money")
    price_premium: float = number(0.1, word="lifecycle.price_premium", minimum=-0.5, maximum=1, step=0.01, unit="share")
    price_lag: float = number(6.0, word="lifecycle.price_lag", minimum=0, maximum=120, step=1, unit="months")
    product_cost: float = number(70.0, word="lifecycle.product_cost", minimum=0, step=1, unit="money")
    service_cost: float = number(20.0, word="lifecycle.service_cost", minimum=0, step=1, unit="money")
    cost_saving: float = number(0.6, word="lifecycle.cost_saving", minimum=0, maximum=1, step=0.05, unit="share")
    cost_lag: float = number(6.0, word="lifecycle.cost_lag", minimum=0, maximum=120, step=1, unit="months")
    largest_benefit: float = number(1_800.0, word="lifecycle.largest_benefit", minimum=0, step=50, unit="money")
    recommends_from: float = number(0.5, word="lifecycle.recommends_from", minimum=0, maximum=0.99, step=0.05)
    benefit_lag: float = number(15.0, word="lifecycle.benefit_lag", minimum=0, maximum=120, step=1, unit="months")
    bad_word_of_mouth: float = number(0.0, word="lifecycle.bad_word_of_mouth", minimum=0, step=50, unit="money")
    fixed_cost: float = number(0.0, word="lifecycle.fixed_cost", minimum=0, step=50, unit="money")
    acquisition_cost: float = number(0.0, word="acquisition_cost", minimum=0, step=500, unit="money")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.repaired_after >= self.decline_months:
            raise CvmError("lifecycle.repaired_too_late", months=self.repaired_after, decline=self.decline_months)

    def spells(self) -> list[tuple[int, int, float]]:
        """Return the spells of the life in order: stage code, months, level at the end of the last month.

        Examples
        --------
        >>> Relationship().spells()
        [(1, 6, 0.1), (2, 18, 0.95), (3, 60, 1.0), (4, 12, 0.15)]
        """
        rise = [
            (EXPLORATION, self.exploration_months, self.explored),
            (FORMATION, self.formation_months, self.formed),
            (STABILITY, self.stability_months, 1.0),
        ]
        last = (DECLINE, self.decline_months, self.left_at)
        if not self.repaired_after:
            return [*rise, last]
        fallen = 1 - (1 - self.left_at) * self.repaired_after / self.decline_months
        return [
            *rise,
            (DECLINE, self.repaired_after, fallen),
            (FORMATION, self.repair_months, max(self.formed, fallen)),
            (STABILITY, self.regained_months, 1.0),
            last,
        ]


@public
def stage_path(relationship: Relationship) -> NDArray[np.uint8]:
    """Return the stage of every month of a relationship's life, as a code from 1 to 4.

    Examples
    --------
    >>> stage_path(Relationship(exploration_months=2, formation_months=1, stability_months=3, decline_months=1))
    array([1, 1, 2, 3, 3, 3, 4], dtype=uint8)
    """
    codes, months, _ = zip(*relationship.spells(), strict=True)
    return np.repeat(np.array(codes, dtype=np.uint8), months)


@public
def level_path(relationship: Relationship) -> Figures:
    """Return the relationship level at the end of every month, from 0 (strangers) to 1.

    A smooth curve, shape (months,), without bumps (monotone cubic, Fritsch & Carlson 1980) through 0 at the start
    and the level at the end of each stage: slow, fast, then ever slower rise, and a fall that gathers speed. The
    shape is the textbook's (CRM3 §3.1.3), the figures are ours.

    Examples
    --------
    >>> level_path(Relationship())[[5, 23, 83, 95]].round(2)
    array([0.1 , 0.95, 1.  , 0.15])
    """
    from scipy.interpolate import PchipInterpolator

    _, months, levels = zip(*relationship.spells(), strict=True)
    ends = np.cumsum([0, *months])
    path = PchipInterpolator(ends, [0.0, *levels])(np.arange(1, ends[-1] + 1))
    # rounding of the cubic may leave the bounds by 1e-17
    return np.clip(path, 0, 1)


@public
def lagged(figures: ArrayLike, months: float) -> Figures:
    """Return what follows some figures with a lag, month after month along axis 0.

    Formula: y_t = y_{t−1} + (1 − e^{−1/τ})·(x_t − y_{t−1}) with y = 0 before the first month; τ months
    later it has followed a step by 63%. No lag (τ = 0) returns the figures.

    Parameters
    ----------
    figures
        Finite numbers, one row per month, shape (periods,) or (periods, customers), otherwise refused.
    months
        The time constant τ, at least 0.

    Returns
    -------
    ndarray
        float64, of the same shape.

    Examples
    --------
    >>> lagged([1, 1, 1, 1], months=2).round(3)
    array([0.393, 0.632, 0.777, 0.865])
    """
    checked("months", months, Limits("lifecycle.lag", minimum=0, unit="months"))
    given = _numbers(figures, "lifecycle.not_figures")
    unknown = ~np.isfinite(given)
    if unknown.any():
        place = int(unknown.argmax())
        raise CvmError("lifecycle.not_finite", value=f"{given.flat[place]:g}", month=place // given[0].size)
    return _followed(given, months)


def _followed(figures: Figures, months: float) -> Figures:
    if months == 0:
        return figures
    step = -np.expm1(-1 / months)
    followed = np.empty_like(figures)
    before = np.zeros(figures.shape[1:])
    for month, figure in enumerate(figures):
        before = before + step * (figure - before)
        followed[month] = before
    return followed


@public
def volume(level: ArrayLike, relationship: Relationship) -> Figures:
    """Return monthly units, for a level as in `variables`: volume follows it at once (CRM3 §3.1.3).

    Formula: largest volume · level.

    Examples
    --------
    >>> volume([0.1, 0.5, 1], Relationship(largest_volume=200))
    array([ 20., 100., 200.])
    """
    return relationship.largest_volume * checked_level(level)


@public
def price(level: ArrayLike, relationship: Relationship) -> Figures:
    """Return the price of a unit (money), for a level as in `variables`.

    It rises as the firm learns what the customer needs (CRM3 §3.1.3).
    Formula: base price · (1 + premium · lagged level).

    Examples
    --------
    >>> price([1, 1, 1], Relationship(price_lag=2)).round(1)
    array([103.9, 106.3, 107.8])
    """
    paid_for = _followed(checked_level(level), relationship.price_lag)
    return relationship.base_price * (1 + relationship.price_premium * paid_for)


@public
def cost_per_unit(level: ArrayLike, relationship: Relationship) -> Figures:
    """Return the cost of a unit (money), for a level as in `variables`.

    Routine and trust save service and transaction cost; a lost level brings it back (CRM3 §3.1.3).
    Formula: product cost + service cost · (1 − saving · lagged level).

    Examples
    --------
    >>> cost_per_unit([0, 0.5, 1], Relationship(cost_lag=0))
    array([90., 84., 78.])
    """
    learned = _followed(checked_level(level), relationship.cost_lag)
    return relationship.product_cost + relationship.service_cost * (1 - relationship.cost_saving * learned)


@public
def indirect_benefit(level: ArrayLike, relationship: Relationship) -> Figures:
    """Return the monthly indirect benefit (money), for a level as in `variables`: loyal customers recruit for free.

    Formula: lagged(largest benefit · max(0, level − from)/(1 − from)) − bad word of mouth · lost level, where "from"
    is the level from which the customer recommends and the lost level is the highest one so far less that of the
    month, 0 once the relationship has ended. Recommendations take their time, complaints spread at once.
    Source of the movement: CRM3 Table 3-1; the formula is ours.

    Examples
    --------
    >>> told = Relationship(largest_benefit=1_000, benefit_lag=0, bad_word_of_mouth=500)
    >>> indirect_benefit([0.4, 0.8, 1, 0.4, 0], told)
    array([   0.,  600., 1000., -300.,    0.])
    """
    level = checked_level(level)
    threshold = relationship.recommends_from
    recommended = relationship.largest_benefit * np.maximum(level - threshold, 0) / (1 - threshold)
    benefit = _followed(recommended, relationship.benefit_lag)
    if relationship.bad_word_of_mouth:
        lost = (np.maximum.accumulate(level, axis=0) - level) * (level > 0)
        benefit = benefit - relationship.bad_word_of_mouth * lost
    return benefit


@public
def variables(level: ArrayLike, relationship: Relationship) -> dict[str, Figures]:
    """Return the variables of Table 3-1 that a relationship level brings with it.

    `volume`, `price`, `cost_per_unit` and `indirect_benefit` take the same level, refuse the same, and return one each.

    Parameters
    ----------
    level
        From 0 to 1, one row per month, shape (periods,) or (periods, customers). 0 is no relationship, so that
        customers may start and end in any month.
    relationship
        What a level means in units and money.

    Returns
    -------
    dict
        Arrays of the same shape: ``volume`` (monthly units), ``price`` and ``cost`` (money per unit),
        ``indirect_benefit``, ``revenue``, ``total_cost`` and ``profit`` (monthly money).

    Raises
    ------
    CvmError
        For an array of another shape, without a month, or with a level that is not from 0 to 1.

    Notes
    -----
    revenue = volume · price; total cost = volume · cost + fixed cost in months with a level above 0, and the
    acquisition cost in the first of them; profit = revenue − total cost + indirect benefit. Word of mouth may outlast
    the relationship: indirect benefit fades after the level has fallen to 0. Source: CRM3 Table 3-1 and §3.1.3.

    Examples
    --------
    >>> month = variables([0.2, 0.6, 1.0], Relationship(price_lag=0, cost_lag=0, benefit_lag=0))
    >>> month["price"], month["cost"], month["profit"].round()
    (array([102., 106., 110.]), array([87.6, 82.8, 78. ]), array([ 288., 1752., 5000.]))
    """
    level = checked_level(level)
    units, each, spent = volume(level, relationship), price(level, relationship), cost_per_unit(level, relationship)
    benefit = indirect_benefit(level, relationship)
    revenue = units * each
    total_cost = units * spent + relationship.fixed_cost * (level > 0)
    if relationship.acquisition_cost:
        total_cost = total_cost + relationship.acquisition_cost * first_month(level)
    return {
        VOLUME: units,
        PRICE: each,
        COST: spent,
        INDIRECT_BENEFIT: benefit,
        REVENUE: revenue,
        TOTAL_COST: total_cost,
        PROFIT: revenue - total_cost + benefit,
    }


def checked_level(level: ArrayLike) -> Figures:
    """Return a level as float64; raise `CvmError` unless it has months and lies between 0 and 1 throughout."""
    figures = _numbers(level, "lifecycle.not_a_level")
    # NaN is neither: two passes without a copy, as the level may be that of a hundred thousand customers
    if not (figures.min() >= 0 and figures.max() <= 1):
        place = int((~((figures >= 0) & (figures <= 1))).argmax())
        raise CvmError("lifecycle.level_outside", value=f"{figures.flat[place]:g}", month=place // figures[0].size)
    return figures


def _numbers(given: ArrayLike, key: str) -> Figures:
    """Return numbers with one row per month as float64; the key is that of the sentence for anything else."""
    try:
        figures = np.asarray(given)
    except ValueError:
        # rows of unequal length
        raise CvmError(key, shape="–", dtype=type(given).__name__) from None
    if figures.dtype.kind not in "iufb" or figures.ndim not in (1, 2) or not figures.size:
        raise CvmError(key, shape=str(figures.shape), dtype=str(figures.dtype))
    return figures.astype(np.float64, copy=False)


def first_month(level: Figures) -> NDArray[np.bool_]:
    """Return where each relationship begins: the first month with a level above 0."""
    alive = level > 0
    begins: NDArray[np.bool_] = alive & (np.cumsum(alive, axis=0) == 1)
    return begins


@public
def life_curve(relationship: Relationship) -> pd.DataFrame:
    """Return the typical life curve, month by month (CRM3 figure 3-1: revenue is curve I, profit curve II).

    Returns
    -------
    pandas.DataFrame
        One row per month: ``period`` (from 0), ``stage`` (text), ``level`` (0 to 1), and those of `variables`.

    Examples
    --------
    >>> life_curve(Relationship()).iloc[83][["stage", "revenue", "profit"]].tolist()[0]
    'stability'
    """
    level = level_path(relationship)
    return pd.DataFrame({
        PERIOD: np.arange(len(level)),
        STAGE: np.array(["", *STAGES], dtype=object)[stage_path(relationship)],
        LEVEL: level,
        **variables(level, relationship),
    })  # fmt: skip


@public
def profit_by_source(relationship: Relationship) -> pd.DataFrame:
    """Return where each month's profit comes from (CRM3 §3.1.3).

    Formula: profit = volume · (base price − first cost) + volume · (price − base price) + volume · (first cost − cost)
    + indirect benefit − fixed cost − acquisition cost, where the first cost is that of a unit with a stranger.

    Returns
    -------
    pandas.DataFrame
        One row per month: ``period``, ``stage``, then monthly money that adds up to the profit of `life_curve`:
        ``base_profit``, ``price_premium``, ``cost_saved``, ``indirect_benefit``, ``fixed_cost``, ``acquisition_cost``
        (the last two at most 0).

    Examples
    --------
    >>> profit_by_source(Relationship()).iloc[83, 2:].astype(float).round().to_dict()
    {'base_profit': 1000.0, 'price_premium': 999.0, 'cost_saved': 1199.0, 'indirect_benefit': 1764.0, ...}
    """
    curve = life_curve(relationship)
    first_cost = relationship.product_cost + relationship.service_cost
    level = curve[LEVEL].to_numpy()
    return pd.DataFrame({
        PERIOD: curve[PERIOD],
        STAGE: curve[STAGE],
        "base_profit": curve[VOLUME] * (relationship.base_price - first_cost),
        "price_premium": curve[VOLUME] * (curve[PRICE] - relationship.base_price),
        "cost_saved": curve[VOLUME] * (first_cost - curve[COST]),
        INDIRECT_BENEFIT: curve[INDIRECT_BENEFIT],
        "fixed_cost": 0.0 - relationship.fixed_cost * (level > 0),
        "acquisition_cost": 0.0 - relationship.acquisition_cost * first_month(level),
    })  # fmt: skip

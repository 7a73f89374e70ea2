"""The life of a relationship as a model: its level, the variables that follow it, the typical life curve (S01–S03).

One hidden quantity drives everything: the relationship level, from 0 (strangers) to 1 (the highest).
Volume follows it at once; price, cost per unit and indirect benefit follow it with a lag. `variables` turns
any level into money, the smooth one of `level_path` or a noisy one of a hundred thousand customers.
What the textbook says about the variables, and when it holds, is told in `cvmlab.lifecycle`.

Everything here is assumed: a `Relationship` is a set of assumptions, and no figure in it was estimated.

>>> life_curve(Relationship()).iloc[[0, 83]][["stage", "volume", "price", "cost"]].round(1).values.tolist()
[['exploration', 1.1, 100.0, 90.0], ['stability', 100.0, 110.0, 78.0]]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

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


@dataclass(frozen=True)
class Relationship(Scenario):
    """The relationship with one customer: how long its stages last and what it brings, all of it assumed.

    The defaults describe one business customer of a supplier of parts; they meet the textbook's conditions.
    Money is in the data's own currency, a month or a unit; volume is in units a month; a lag is the time
    constant of `lagged`.

    Attributes
    ----------
    exploration_months, formation_months, stability_months, decline_months
        Months in each stage, at least 1.
    repaired_after, regained_months
        Months of decline after which the relationship is repaired, 0 for never; it then climbs back over
        ``repair_months`` (called formation again) and stays stable for ``regained_months`` before the last decline.
    repair_months
        Months of the climb back.
    explored, formed, left_at
        Level at the end of exploration, formation and decline; it ends stability at 1.
    largest_volume
        Units a month at level 1.
    base_price, price_premium
        Price of a unit to a stranger (money), and the share added at level 1.
    price_lag, cost_lag, benefit_lag
        Months by which price, cost per unit and indirect benefit lag the level, 0 for none.
    product_cost
        Cost of a unit that stays about level: product and marketing (money).
    service_cost, cost_saving
        Service and transaction cost of a unit with a stranger (money), and the share saved at level 1.
    largest_benefit
        Indirect benefit a month at level 1: acquisition cost saved by recommendations (money).
    recommends_from
        Level from which the customer recommends.
    bad_word_of_mouth
        Indirect benefit lost a month when the whole level is lost (money), 0 for none.
    fixed_cost
        Cost to serve a month, whatever is bought (money).
    acquisition_cost
        Cost of winning the customer, counted in the first month (money). The default 0 leaves it out, as
        the textbook's table does.

    Raises
    ------
    CvmError
        For a value out of bounds, or a repair that would come after the end of decline.

    Examples
    --------
    >>> Relationship().replace(repaired_after=12)
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: The repair comes too late: repaired_after is 12, but decline_months is only 12. ...
    """

    exploration_months: int = number(
        6, word="lifecycle.exploration_months", minimum=1, maximum=120, step=1, unit="months", whole=True
    )
    formation_months: int = number(
        18, word="lifecycle.formation_months", minimum=1, maximum=120, step=1, unit="months", whole=True
    )
    stability_months: int = number(
        60, word="lifecycle.stability_months", minimum=1, maximum=360, step=1, unit="months", whole=True
    )
    decline_months: int = number(
        12, word="lifecycle.decline_months", minimum=1, maximum=120, step=1, unit="months", whole=True
    )
    repaired_after: int = number(
        0, word="lifecycle.repaired_after", minimum=0, maximum=120, step=1, unit="months", whole=True
    )
    repair_months: int = number(
        6, word="lifecycle.repair_months", minimum=1, maximum=120, step=1, unit="months", whole=True
    )
    regained_months: int = number(
        24, word="lifecycle.regained_months", minimum=1, maximum=360, step=1, unit="months", whole=True
    )
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
        """Return the spells of the life in their order: stage code, months, level at the end of the last month.

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


def stage_path(relationship: Relationship) -> NDArray[np.uint8]:
    """Return the stage of every month of a relationship's life, as a code from 1 to 4.

    Examples
    --------
    >>> stage_path(Relationship(exploration_months=2, formation_months=1, stability_months=3, decline_months=1))
    array([1, 1, 2, 3, 3, 3, 4], dtype=uint8)
    """
    codes, months, _ = zip(*relationship.spells(), strict=True)
    return np.repeat(np.array(codes, dtype=np.uint8), months)


def level_path(relationship: Relationship) -> Figures:
    """Return the relationship level at the end of every month, from 0 (strangers) to 1.

    A smooth curve without bumps (monotone cubic, Fritsch & Carlson 1980) through 0 at the start and the
    level at the end of each stage: slow, fast, then ever slower rise, and a fall that gathers speed. The
    shape is the textbook's (CRM3 §3.1.3), the figures are ours.

    Returns
    -------
    ndarray
        Shape (months,).

    Examples
    --------
    >>> level_path(Relationship())[[5, 23, 83, 95]].round(2)
    array([0.1 , 0.95, 1.  , 0.15])
    """
    from scipy.interpolate import PchipInterpolator

    _, months, levels = zip(*relationship.spells(), strict=True)
    ends = np.cumsum([0, *months])
    path: Figures = PchipInterpolator(ends, [0.0, *levels])(np.arange(1, ends[-1] + 1))
    # rounding of the cubic may leave the bounds by 1e-17
    return np.clip(path, 0, 1)


def lagged(figures: ArrayLike, months: float) -> Figures:
    """Return figures as they are followed by something slower, month after month along axis 0.

    Formula: y_t = y_{t−1} + (1 − e^{−1/τ})·(x_t − y_{t−1}) with y = 0 before the first month; τ months
    later a step has been followed by 63%. No lag (τ = 0) returns the figures.

    Parameters
    ----------
    figures
        Finite numbers, shape (periods,) or (periods, customers); a row a month.
    months
        The time constant τ, at least 0.

    Returns
    -------
    ndarray
        float64, of the same shape.

    Raises
    ------
    CvmError
        For figures that are no finite numbers or have another shape, or a time constant below 0.

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


def volume(level: ArrayLike, relationship: Relationship) -> Figures:
    """Return units a month: volume follows the level at once (CRM3 §3.1.3).

    Formula: largest volume · level.

    Parameters
    ----------
    level, relationship
        As in `variables`.

    Returns
    -------
    ndarray
        Units a month, of the shape of the level.

    Raises
    ------
    CvmError
        As `variables`.

    Examples
    --------
    >>> volume([0.1, 0.5, 1], Relationship(largest_volume=200))
    array([ 20., 100., 200.])
    """
    return relationship.largest_volume * checked_level(level)


def price(level: ArrayLike, relationship: Relationship) -> Figures:
    """Return the price of a unit: it rises as the firm learns what the customer needs (CRM3 §3.1.3).

    Formula: base price · (1 + premium · lagged level).

    Parameters
    ----------
    level, relationship
        As in `variables`.

    Returns
    -------
    ndarray
        Money a unit, of the shape of the level.

    Raises
    ------
    CvmError
        As `variables`.

    Examples
    --------
    >>> price([1, 1, 1], Relationship(price_lag=2)).round(1)
    array([103.9, 106.3, 107.8])
    """
    paid_for = _followed(checked_level(level), relationship.price_lag)
    return relationship.base_price * (1 + relationship.price_premium * paid_for)


def cost_per_unit(level: ArrayLike, relationship: Relationship) -> Figures:
    """Return the cost of a unit: routine and trust save service and transaction cost (CRM3 §3.1.3).

    Formula: product cost + service cost · (1 − saving · lagged level). The floor is reached at level 1;
    a lost level brings the cost back.

    Parameters
    ----------
    level, relationship
        As in `variables`.

    Returns
    -------
    ndarray
        Money a unit, of the shape of the level.

    Raises
    ------
    CvmError
        As `variables`.

    Examples
    --------
    >>> cost_per_unit([0, 0.5, 1], Relationship(cost_lag=0))
    array([90., 84., 78.])
    """
    learned = _followed(checked_level(level), relationship.cost_lag)
    return relationship.product_cost + relationship.service_cost * (1 - relationship.cost_saving * learned)


def indirect_benefit(level: ArrayLike, relationship: Relationship) -> Figures:
    """Return the indirect benefit a month: acquisition cost saved, as loyal customers recruit for free.

    Formula: lagged(largest benefit · max(0, level − from)/(1 − from)) − bad word of mouth · lost level, where
    "from" is the level from which the customer recommends and the lost level is the highest one so far less
    that of the month, 0 once the relationship has ended. Recommendations take their time, complaints are
    told at once. Source of the movement: CRM3 Table 3-1; the formula is ours.

    Parameters
    ----------
    level, relationship
        As in `variables`.

    Returns
    -------
    ndarray
        Money a month, of the shape of the level.

    Raises
    ------
    CvmError
        As `variables`.

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


def variables(level: ArrayLike, relationship: Relationship) -> dict[str, Figures]:
    """Return the variables of Table 3-1 that a relationship level brings with it.

    Parameters
    ----------
    level
        From 0 to 1, shape (periods,) or (periods, customers); a row a month. 0 is no relationship, so that
        customers may start and end in any month.
    relationship
        What a level means in units and money.

    Returns
    -------
    dict
        Arrays of the same shape: ``volume`` (units a month), ``price`` and ``cost`` (money a unit),
        ``indirect_benefit``, ``revenue``, ``total_cost`` and ``profit`` (money a month).

    Raises
    ------
    CvmError
        For an array of another shape, without a month, or with a level that is not from 0 to 1.

    Notes
    -----
    revenue = volume · price; total cost = volume · cost + fixed cost in months with a level above 0, and the
    acquisition cost in the first of them; profit = revenue − total cost + indirect benefit. Word of mouth
    may outlast the relationship: indirect benefit fades, but does not stop, when the level falls to 0.
    Source: CRM3 Table 3-1 and §3.1.3.

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
    """Return a level as a float64 array, or raise `CvmError`.

    Raises
    ------
    CvmError
        For an array of another shape, without a month, or with a level that is not from 0 to 1.

    Examples
    --------
    >>> checked_level([0.2, 1.7])
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: The relationship level is 1.7 in month 1; ...
    """
    figures = _numbers(level, "lifecycle.not_a_level")
    # NaN is neither: two passes without a copy, as the level may be that of a hundred thousand customers
    if not (figures.min() >= 0 and figures.max() <= 1):
        place = int((~((figures >= 0) & (figures <= 1))).argmax())
        raise CvmError("lifecycle.level_outside", value=f"{figures.flat[place]:g}", month=place // figures[0].size)
    return figures


def _numbers(given: ArrayLike, key: str) -> Figures:
    """Return numbers of a row a month as float64; the key is that of the sentence for anything else."""
    try:
        figures = np.asarray(given)
    except ValueError:
        # rows of unequal length
        raise CvmError(key, shape="–", dtype=type(given).__name__) from None
    if figures.dtype.kind not in "iufb" or figures.ndim not in (1, 2) or not figures.size:
        raise CvmError(key, shape=str(figures.shape), dtype=str(figures.dtype))
    return figures.astype(np.float64, copy=False)


def first_month(level: Figures) -> NDArray[np.bool_]:
    """Return where each relationship begins: the first month with a level above 0.

    Examples
    --------
    >>> first_month(np.array([0, 0.1, 0, 0.3]))
    array([False,  True, False, False])
    """
    alive = level > 0
    begins: NDArray[np.bool_] = alive & (np.cumsum(alive, axis=0) == 1)
    return begins


def life_curve(relationship: Relationship) -> pd.DataFrame:
    """Return the typical life curve, month by month (CRM3 figure 3-1: revenue is curve I, profit curve II).

    Returns
    -------
    pandas.DataFrame
        A row a month: ``period`` (from 0), ``stage`` (text), ``level`` (0 to 1), ``volume`` (units), ``price``,
        ``cost`` (money a unit), ``indirect_benefit``, ``revenue``, ``total_cost``, ``profit`` (money a month).

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


def profit_by_source(relationship: Relationship) -> pd.DataFrame:
    """Return where each month's profit comes from (CRM3 §3.1.3).

    Formula: profit = volume · (base price − first cost) + volume · (price − base price) + volume · (first
    cost − cost) + indirect benefit − fixed cost − acquisition cost, with the cost of a unit with a stranger
    as first cost.

    Returns
    -------
    pandas.DataFrame
        A row a month: ``period``, ``stage``, then money a month: ``base_profit``, ``price_premium``,
        ``cost_saved``, ``indirect_benefit``, ``fixed_cost``, ``acquisition_cost`` (the last two at most 0).
        The six add up to the profit of `life_curve`.

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

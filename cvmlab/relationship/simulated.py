"""Relationships with known truth, for grading the recovery of stages and patterns.

The two generators are independent: `simulate_relationships` walks every customer through the stages and lets
`cvmlab.lifecycle.variables` turn the level into money; `from_market` reads the relationships of one carrier out of the
market engine, where a stage is only a name for a level that satisfaction moves.

>>> known = simulate_relationships(Population(), customers=200, periods=36, seed=1)
>>> known.panel["revenue"].shape, known.truth.columns.tolist()[:4]
((36, 200), ['customer_id', 'start', 'pattern', 'stage_left'])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_count
from cvmlab.core.guarding import public
from cvmlab.core.random import draws
from cvmlab.core.random.elementary import exp
from cvmlab.core.scenario import Scenario, number
from cvmlab.core.words import CvmError
from cvmlab.data.panels import Panel
from cvmlab.data.tables import BREADTH, COST, CUSTOMER_ID, PROFIT, REVENUE, VOLUME

from .lifecycle import DECLINE, ENDED, EXPLORATION, FORMATION, STABILITY, Relationship, variables
from .patterns import PATTERNS, UNDECIDED, pattern_of_paths
from .patterns.paths import last_relationship

if TYPE_CHECKING:
    from cvmlab.market import Result

__all__ = ["Population", "Relationships", "from_market", "simulate_relationships"]


def __dir__() -> list[str]:
    return __all__


_Floats = NDArray[np.float64]
_Codes = NDArray[np.uint8]

_FIRST_MONTH = np.datetime64("2015-01")


def _chance(default: float, name: str, step: float = 0.01) -> Any:
    return number(default, word=f"stages.{name}", minimum=0, maximum=1, step=step, unit="per_month")


def _mean_months(default: float, name: str) -> Any:
    return number(default, word=f"stages.{name}", minimum=1, maximum=120, step=1, unit="months")


@public
@dataclass(frozen=True)
class Population(Scenario):
    """Many relationships that differ: how fast, how large, how noisy, and how likely they are to end.

    All figures are assumptions; the labels of the fields say what each is. A spread is the σ of a logarithm, that of
    ``gaps`` one of logits. A `cvmlab.lifecycle.Relationship` says what a level means in units and money.

    Relationships from before the first month began up to ``months_before`` earlier and have lasted until then; the rest
    begin in any month, evenly. ``exploration_months`` and ``formation_months`` are means, if no decline comes first;
    ``decline_months`` are those from the highest level to 15% of it. A repair leads back to exploration if the decline
    began there, otherwise to a climb that is called formation again, and then to stability. A relationship that is won
    back begins anew with exploration. The season is highest in December. ``gaps`` is the share of months without a
    purchase in a stable relationship; a month that is left out is not made up for.
    """

    customers_before: float = number(0.3, word="stages.customers_before", minimum=0, maximum=1, step=0.05, unit="share")
    months_before: int = number(
        60, word="stages.months_before", minimum=0, maximum=600, step=6, unit="months", whole=True
    )
    exploration_months: float = _mean_months(6.0, "exploration_months")
    formation_months: float = _mean_months(18.0, "formation_months")
    decline_months: float = _mean_months(12.0, "decline_months")
    speed_spread: float = number(0.35, word="stages.speed_spread", minimum=0, maximum=2, step=0.05)
    exploration_decline: float = _chance(0.03, "exploration_decline")
    formation_decline: float = _chance(0.015, "formation_decline", step=0.005)
    stability_decline: float = _chance(0.015, "stability_decline", step=0.005)
    exploration_end: float = _chance(0.03, "exploration_end")
    formation_end: float = _chance(0.004, "formation_end", step=0.001)
    stability_end: float = _chance(0.003, "stability_end", step=0.001)
    decline_end: float = _chance(0.08, "decline_end")
    repair: float = _chance(0.08, "repair")
    win_back: float = _chance(0.0, "win_back", step=0.005)
    size_spread: float = number(1.0, word="stages.size_spread", minimum=0, maximum=4, step=0.1)
    noise: float = number(0.2, word="stages.noise", minimum=0, maximum=2, step=0.05)
    margin_noise: float = number(0.03, word="stages.margin_noise", minimum=0, maximum=1, step=0.01)
    price_spread: float = number(0.03, word="stages.price_spread", minimum=0, maximum=1, step=0.01)
    season: float = number(0.0, word="stages.season", minimum=0, maximum=0.9, step=0.05, unit="share")
    gaps: float = number(0.05, word="stages.gaps", minimum=0, maximum=0.95, step=0.05, unit="share")
    gaps_spread: float = number(0.5, word="stages.gaps_spread", minimum=0, maximum=3, step=0.1)
    largest_breadth: float = number(6.0, word="stages.largest_breadth", minimum=0, maximum=1000, step=1)


@public
@dataclass(frozen=True)
class Relationships:
    """Histories with the truth behind them.

    Attributes
    ----------
    panel
        Monthly histories as a firm would see them: ``revenue``, ``profit``, ``volume`` … by generator.
    stage
        True codes, shape (periods, customers), uint8: 0 none, 1 exploration, 2 formation, 3 stability, 4 decline,
        5 ended.
    truth
        One row per customer, of the last relationship if there were several: ``customer_id``, ``start`` (first row with
        a relationship), ``pattern`` (``"I"`` to ``"IV"``; while active ``"IV"`` from twelve months of stability on,
        else empty), ``stage_left`` (code of the stage from which it last fell or ended, 0 while alive: after a repair
        it may be lower than the highest stage, which names the pattern), ``ended`` (first row after the end, −1 while
        alive), ``repaired`` (how often a decline was overcome), ``stable_months``.
    """

    panel: Panel
    stage: _Codes
    truth: pd.DataFrame


# what a draw is for; draws of a month are keyed by the month as well
_BEGINS, _BEGINS_WHEN, _SPEED_UP, _SPEED_FORM, _SPEED_DOWN, _SIZE, _GAPS, _PRICE = range(8)
_FATE, _VOLUME, _COST, _BUYS, _BREADTH, _REFERRED = range(16, 22)
_ONCE = 2**31
_TRIAL_SHARE, _LEFT_AT, _STABLE_STEP = 0.4, 0.15, 0.08
_REFERRAL_MONTHS = 0.5


@public
def simulate_relationships(
    population: Population, customers: int, periods: int, seed: int, *, relationship: Relationship | None = None
) -> Relationships:
    """Simulate relationships month by month, all customers at once.

    Level: from 40% of the relationship's ``explored`` up to it in exploration; then a smooth step to ``formed``; in
    stability it nears 1 by 8% of the rest per month; in decline it falls exponentially. Volume and unit cost are
    multiplied by lognormal variation of mean 1. Indirect benefit comes in whole referrals (Poisson), each worth half a
    month's largest benefit; ``profit`` = revenue − volume · cost − fixed cost + indirect benefit. The first month
    always sees a purchase.

    Parameters
    ----------
    population
        How relationships begin, move and end.
    customers, periods
        How many, whole numbers from 1; a period is a month.
    seed
        A whole number from 0. Customer i has the same history for any number of customers.
    relationship
        What a level means in units and money; its months do not count, those of the population do. The default
        `Relationship` if left out.

    Returns
    -------
    Relationships
        Its panel has ``revenue``, ``profit``, ``volume``, ``price``, ``cost`` (per unit), ``indirect_benefit`` and
        ``breadth``.

    Examples
    --------
    >>> few = simulate_relationships(Population(), customers=3, periods=12, seed=5)
    >>> more = simulate_relationships(Population(), customers=30, periods=12, seed=5)
    >>> bool((few.stage == more.stage[:, :3]).all())
    True
    """
    figures = relationship or Relationship()
    check_count("customers", customers)
    check_count("periods", periods, 1, 1200)
    stage, level, begins = _walk(population, figures, customers, periods, seed)
    values = _seen(population, figures, level, seed, begins)
    seen = slice(population.months_before, None)
    stage = stage[seen]
    values = {name: array[seen] for name, array in values.items()}
    panel = Panel(_ids(customers), _months(periods), 1, values, _first_rows(values[REVENUE], stage))
    return Relationships(panel, stage, _truth(panel.customer_id, stage))


def _ids(customers: int) -> NDArray[np.object_]:
    width = len(str(customers - 1))
    return np.array([f"{number:0{width}d}" for number in range(customers)], dtype=object)


def _months(periods: int) -> NDArray[np.datetime64]:
    months: NDArray[np.datetime64] = (_FIRST_MONTH + np.arange(periods)).astype("datetime64[D]")
    return months


def _walk(
    it: Population, figures: Relationship, customers: int, periods: int, seed: int
) -> tuple[_Codes, _Floats, NDArray[np.int64]]:
    """Return stage and level of every month, those before the first included, and the month of the beginning."""
    before = it.months_before

    def once(draw: Any, purpose: int) -> _Floats:
        return draws.of_everyone(draw, seed, customers, _ONCE, purpose)

    def speed(purpose: int) -> _Floats:
        return exp(it.speed_spread * once(draws.normal, purpose))

    when = once(draws.uniform, _BEGINS_WHEN)
    is_before = once(draws.uniform, _BEGINS) < it.customers_before
    begins = np.where(is_before & (before > 0), np.floor(when * before), before + np.floor(when * periods))
    begins = begins.astype(np.int64)
    explores = np.maximum(1, np.round(it.exploration_months * speed(_SPEED_UP)))
    forms = np.maximum(1, np.round(it.formation_months * speed(_SPEED_FORM)))
    falls = np.log(_LEFT_AT) / (it.decline_months * speed(_SPEED_DOWN))

    code = np.zeros(customers, np.uint8)
    level, base = np.zeros(customers), np.zeros(customers)
    spent = np.zeros(customers)
    origin = np.zeros(customers, np.uint8)
    stages = np.zeros((before + periods, customers), np.uint8)
    levels = np.zeros((before + periods, customers))
    leave = np.array([0, it.exploration_end, it.formation_end, it.stability_end, it.decline_end, 0])
    fall = np.array([0, it.exploration_decline, it.formation_decline, it.stability_decline, 0, 0])
    for month in range(before + periods):
        fate = draws.of_everyone(draws.uniform, seed, customers, month, _FATE)
        # relationships from before the first month are those that have lasted
        counts = month >= before
        ends = (fate < leave[code]) & counts
        sinks = ~ends & (fate < leave[code] + fall[code]) & counts
        mends = ~ends & (code == DECLINE) & (fate < it.decline_end + it.repair) & counts
        grows = ~ends & ~sinks & ((code == EXPLORATION) & (spent >= explores) | (code == FORMATION) & (spent >= forms))
        returns = (code == ENDED) & (fate < it.win_back) & counts
        starts = (begins == month) | returns

        origin = np.where(sinks, code, origin).astype(np.uint8)
        code = np.where(mends, np.minimum(origin, FORMATION), code)
        code = np.where(grows, code + 1, code)
        code = np.where(sinks, DECLINE, code)
        code = np.where(ends, ENDED, code)
        code = np.where(starts, EXPLORATION, code).astype(np.uint8)
        entered = ends | sinks | mends | grows | starts
        spent = np.where(entered, 1, spent + 1)
        base = np.where(entered, level, base)
        level = _moved(code, level, base, spent, explores, forms, falls, figures)
        stages[month], levels[month] = code, level
    return stages, levels, begins


def _moved(code: Any, level: Any, base: Any, spent: Any, explores: Any, forms: Any, falls: Any, figures: Any) -> Any:
    trial = np.maximum(base, _TRIAL_SHARE * figures.explored)
    explored = trial + (np.maximum(figures.explored, trial) - trial) * np.minimum(spent / explores, 1)
    share = np.minimum(spent / forms, 1)
    formed = base + (np.maximum(figures.formed, base) - base) * share * share * (3 - 2 * share)
    stable = level + _STABLE_STEP * (1 - level)
    fallen = level * np.exp(falls)
    return np.choose(code, [np.zeros_like(level), explored, formed, stable, fallen, np.zeros_like(level)])


def _seen(
    population: Population, figures: Relationship, level: _Floats, seed: int, begins: NDArray[np.int64]
) -> dict[str, _Floats]:
    """Return what the firm records: the variables of the level with chance, season, gaps, breadth and referrals."""
    months, customers = level.shape

    def once(purpose: int) -> _Floats:
        return draws.of_everyone(draws.normal, seed, customers, _ONCE, purpose)

    def monthly(draw: Any, purpose: int) -> _Floats:
        return np.stack([draws.of_everyone(draw, seed, customers, month, purpose) for month in range(months)])

    def chance(purpose: int, spread: float) -> _Floats:
        if spread == 0:
            return np.ones(level.shape)
        return exp(spread * monthly(draws.normal, purpose) - spread**2 / 2)

    known = variables(level, figures)
    size = exp(population.size_spread * once(_SIZE))
    buys = _buys(population, level, begins, once(_GAPS), monthly(draws.uniform, _BUYS))
    season = 1 + population.season * np.cos(2 * np.pi * (np.arange(months) - population.months_before - 11) / 12)
    volume = known[VOLUME] * size * season[:, None] * chance(_VOLUME, population.noise) * buys
    price = known["price"] * exp(population.price_spread * once(_PRICE))
    cost = known[COST] * chance(_COST, population.margin_noise)
    per_referral = _REFERRAL_MONTHS * figures.largest_benefit
    referrals = np.zeros(level.shape)
    if per_referral > 0:
        expected = known["indirect_benefit"] / per_referral
        referrals = np.sign(expected) * _poisson(np.abs(expected), monthly(draws.uniform, _REFERRED))
    # word of mouth outlasts the relationship, but a firm can no longer trace it to the customer
    benefit = per_referral * referrals * size * (level > 0)
    breadth = np.where(buys, 1 + _poisson(population.largest_breadth * level, monthly(draws.uniform, _BREADTH)), 0.0)
    revenue = volume * price
    profit = revenue - volume * cost - figures.fixed_cost * (level > 0) + benefit
    return {
        REVENUE: revenue, PROFIT: profit, VOLUME: volume, "price": price, COST: cost,
        "indirect_benefit": benefit, BREADTH: breadth,
    }  # fmt: skip


def _buys(population: Population, level: _Floats, begins: Any, habit: _Floats, chance: _Floats) -> Any:
    """Return the months with a purchase: gaps are twice as likely at the lowest level as at the highest."""
    if population.gaps == 0:
        return level > 0
    odds = population.gaps / (1 - population.gaps) * exp(population.gaps_spread * habit)
    gap = odds / (1 + odds)
    buys = (level > 0) & (chance >= np.minimum(gap * (2 - level), 0.98))
    first = begins < len(level)
    buys[begins[first], np.flatnonzero(first)] = True
    return buys


def _poisson(mean: _Floats, chance: _Floats) -> _Floats:
    """Return Poisson draws by inversion."""
    count = np.zeros(mean.shape)
    share = np.exp(-mean)
    total = share.copy()
    for n in range(1, 4 + int(mean.max() + 8 * np.sqrt(mean.max() + 1))):
        count += chance > total
        share = share * mean / n
        total += share
    return count


@public
def from_market(result: Result, carrier: str) -> Relationships:
    """Return one carrier's customers of a simulated market, with the engine's own stages as the truth.

    Parameters
    ----------
    result, carrier
        From `cvmlab.market.simulate`, with its panel kept; name of a carrier that ever has a customer.

    Returns
    -------
    Relationships
        One column per relationship: a customer who left and came back later counts twice (``customer_id`` and, from the
        second on, ``-2``, ``-3`` …). The panel has ``revenue`` and ``profit``. Relationships of the first month began
        before it.

    Examples
    --------
    >>> from cvmlab import market
    >>> result = market.simulate(customers=500, periods=12, seed=2)
    >>> from_market(result, "Unicom").panel["revenue"].shape[0]
    12
    """
    if carrier not in result.carriers:
        raise CvmError("stages.unknown_carrier", name=carrier, names=", ".join(result.carriers))
    spells = result.spells()
    spells = spells[spells["carrier"] == carrier].reset_index(drop=True)
    if spells.empty:
        raise CvmError("stages.nobody_at_carrier", name=carrier)
    assert result.panel is not None
    column = pd.Index(result.customer_id()).get_indexer(pd.Index(spells[CUSTOMER_ID]))
    first, last = spells["first_period"].to_numpy(np.int64), spells["last_period"].to_numpy(np.int64)
    row = np.arange(result.periods)[:, None]
    inside = (row >= first) & (row <= last)
    stage = np.where(inside, result.panel.stage[:, column], 0).astype(np.uint8)
    stage[row > last] = ENDED
    values = {
        name: np.where(inside, array[:, column] / 100, 0.0)
        for name, array in ((REVENUE, result.panel.revenue), (PROFIT, result.panel.profit))
    }
    times = spells.groupby(CUSTOMER_ID).cumcount().to_numpy() + 1
    ids = [f"{name}-{n}" if n > 1 else name for name, n in zip(spells[CUSTOMER_ID], times, strict=True)]
    panel = Panel(np.array(ids, dtype=object), _months(result.periods), 1, values, _first_rows(values[REVENUE], stage))
    return Relationships(panel, stage, _truth(panel.customer_id, stage))


def _first_rows(revenue: _Floats, stage: _Codes) -> NDArray[np.int64]:
    """Return where each grid begins: the first month with revenue, else with a relationship, else the last."""
    has = np.where((revenue != 0).any(axis=0), revenue != 0, (stage > 0) & (stage < ENDED))
    has[-1] |= ~has.any(axis=0)
    first: NDArray[np.int64] = has.argmax(axis=0)
    return first


def _truth(customer_id: NDArray[np.object_], stage: _Codes) -> pd.DataFrame:
    stage = last_relationship(stage)
    alive = (stage >= EXPLORATION) & (stage <= DECLINE)
    # a customer who left in the very first month was never seen
    over = (stage == ENDED).any(axis=0) & alive.any(axis=0)
    rising = (stage >= EXPLORATION) & (stage <= STABILITY)
    last_rising = len(stage) - 1 - rising[::-1].argmax(axis=0)
    customers = np.arange(stage.shape[1])
    # a customer who declines from the first month on has still been in exploration
    left = np.where(rising.any(axis=0), stage[last_rising, customers], EXPLORATION)
    return pd.DataFrame({
        CUSTOMER_ID: customer_id,
        "start": np.where(alive.any(axis=0), alive.argmax(axis=0), len(stage)),
        "pattern": np.array([UNDECIDED, *PATTERNS], dtype=object)[pattern_of_paths(stage)],
        "stage_left": np.where(over, left, 0).astype(np.int64),
        "ended": np.where(over, (stage == ENDED).argmax(axis=0), -1),
        "repaired": ((stage[:-1] == DECLINE) & rising[1:]).sum(axis=0),
        "stable_months": (stage == STABILITY).sum(axis=0),
    })  # fmt: skip

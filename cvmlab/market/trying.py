"""Trying a carrier's measures in the market before they are recommended: profit with and without (S26)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cvmlab.core.checking import check_count, check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError

from .carrier import AS_BEFORE, CARRIERS, INCUMBENT, MARKET, RIVALS
from .customers import make_customers
from .plan import Decisions, in_force, schedule
from .scenario import Carrier, Decision, MarketScenario
from .simulation import simulate

if TYPE_CHECKING:
    import pandas as pd

    Floats = NDArray[np.float64]

Dated = Mapping[int, Decision]

#: The rows after the measures: their single effects added up, and all of them at once.
SUM_OF_SINGLES, TOGETHER = "sum_of_singles", "all_together"
#: What is paid in money: its effect depends on the money over the response scale alone.
PAID = (
    "acquisition", "care", "handset_subsidy", "group_offer", "win_back_offer", "resources_I", "resources_II",
    "resources_III", "resources_IV",
)  # fmt: skip
_COUNTED = ("left", "won_back", "customers", "joined")
_MOST_MEASURES, _MOST_SEEDS, _MOST_MONTHS = 40, 1_000, 600


@public
def try_measures(
    plan: Mapping[str, Mapping[str, object]],
    *,
    base: Decision | Mapping[int, Decision] = AS_BEFORE,
    start: int = 24,
    months: int = 36,
    customers: int = 5_000,
    seeds: int = 8,
    seed: int = 1,
    discount_rate: float = 0.1,
    together: bool = True,
    carrier: str = INCUMBENT,
    carriers: Mapping[str, Carrier] = CARRIERS,
    rivals: Decisions = RIVALS,
    scenario: MarketScenario = MARKET,
) -> pd.DataFrame:
    """Return what each measure of a plan costs and brings, tried in the market with it and without it.

    Parameters
    ----------
    plan
        Name of a measure → fields of `Decision` that it changes, and their new values, from ``start`` on. Fields not
        named stay as in ``base``.
    base
        What the carrier does without the plan: a `Decision`, or period → `Decision`. The default, nothing new; what
        the incumbent of the case did is `cvmlab.market.carrier.LATE_ANSWER`.
    start, months
        Period from which the plan holds, 24 is January 2011; months counted from then on.
    customers, seeds, seed
        Customers of all carriers in each market; how many markets are drawn, 2 to 1,000; seed of the first, the others
        follow.
    discount_rate
        Per year; the profit of the month ``start`` counts in full.
    together
        Whether to try all measures at once as well. No two of them may then change the same field.
    carrier, carriers, rivals, scenario
        Whose plan it is; the market of the carrier case. Rivals do as they do without the plan.

    Returns
    -------
    pandas.DataFrame
        One row per measure in the order of the plan, then, if there are several, ``sum_of_singles`` (their effects
        added up) and ``all_together`` (all at once): ``measure``, ``kind`` (``prevention``; ``win_back`` where a
        win-back offer is changed; ``both``), ``cost`` (what is paid or given away beyond the base), ``profit_without``,
        ``profit_with`` (after that cost), ``difference``, ``low``, ``high`` (95% interval of the difference),
        ``per_customer`` (difference per customer of ours at the start), ``leavers_prevented``, ``came_back`` (more than
        without), ``customers_more`` (at the end). Present values in money, and customers, per market: means over the
        seeds. Fewer leavers may be prevented than none: a customer who came back may leave again.

    Raises
    ------
    CvmError
        For a plan without measures, an unknown field, a value out of bounds, a field changed twice, a tariff of 0, and
        what `simulate` refuses.

    Notes
    -----
    Both worlds of a seed have the same customers with the same luck (common random numbers), so that their difference
    is the measure's doing. Interval: mean ± t · s / √seeds of the differences; it holds the luck of the draw, not the
    doubt whether the assumptions of `MarketScenario` are right. *Assumed*: rivals do not react, and what comes after
    the last month counts nothing, which blames measures that pay late.

    The cost is what is paid for care, offers, subsidies and resources, the network beyond the old one, and the revenue
    times (old tariff / new − 1) that a lower tariff gives away; a higher tariff costs nothing here. It is in the
    profit already. Single effects need not add up: a measure that everybody gets is also given to those whom another
    measure keeps, and one measure can help another.

    Examples
    --------
    >>> plan = {"speed": {"network_quality": 1.6}, "offer": {"win_back_offer": 40}}
    >>> tried = try_measures(plan, customers=2_000, months=12, seeds=4)
    >>> tried["measure"].tolist()
    ['speed', 'offer', 'sum_of_singles', 'all_together']
    >>> bool((tried["profit_with"] - tried["profit_without"] - tried["difference"]).abs().max() < 0.01)
    True
    """
    import pandas as pd

    check_count("seeds", seeds, 2, _MOST_SEEDS)
    check_parameter("discount_rate", discount_rate, -1, open_minimum=True)
    changes = _changes(plan, together)
    trial = _Trial(scenario, carriers, rivals, carrier, base, start, months, customers)
    lived = trial.live([{}, *changes.values()], seeds, seed)
    weight = (1 + discount_rate) ** (-np.arange(months) / 12)
    sums = np.einsum("wsmf,m->wsf", lived[..., :2], weight), lived[..., 2:4].sum(axis=2), lived[:, :, -1, 4:5]
    totals = np.concatenate(sums, axis=-1)
    without, effects = totals[0], totals[1:] - totals[0]
    names = list(changes)
    if TOGETHER in changes:
        effects = np.insert(effects, -1, effects[:-1].sum(axis=0), axis=0)
        names.insert(-1, SUM_OF_SINGLES)
    profit, cost, left, back, at_end = np.moveaxis(effects, -1, 0)
    half = half_width(profit)
    difference = profit.mean(axis=1)
    at_start = (lived[0, :, 0, 4] + lived[0, :, 0, 2] - lived[0, :, 0, 5]).mean()
    return pd.DataFrame(
        {
            "measure": names,
            "kind": [_kind(changes.get(name, changes.get(TOGETHER, {}))) for name in names],
            "cost": cost.mean(axis=1),
            "profit_without": without[:, 0].mean(),
            "profit_with": without[:, 0].mean() + difference,
            "difference": difference,
            "low": difference - half,
            "high": difference + half,
            "per_customer": difference / max(at_start, 1),
            "leavers_prevented": -left.mean(axis=1),
            "came_back": back.mean(axis=1),
            "customers_more": at_end.mean(axis=1),
        }
    )


@public
def follow_plan(
    changes: Mapping[str, object],
    *,
    base: Decision | Mapping[int, Decision] = AS_BEFORE,
    start: int = 24,
    months: int = 36,
    customers: int = 5_000,
    seeds: int = 8,
    seed: int = 1,
    carrier: str = INCUMBENT,
    carriers: Mapping[str, Carrier] = CARRIERS,
    rivals: Decisions = RIVALS,
    scenario: MarketScenario = MARKET,
) -> pd.DataFrame:
    """Return month by month what happens in each market with a plan and without it.

    Parameters
    ----------
    changes
        Fields of `Decision` that the plan changes, and their new values, from ``start`` on.
    base, start, months, customers, seeds, seed, carrier, carriers, rivals, scenario
        As in `try_measures`; one market is enough.

    Returns
    -------
    pandas.DataFrame
        One row per seed and month: ``seed``, ``period``, and each of ``customers`` (at the end of the month), ``left``,
        ``came_back`` and ``profit`` (money of the month, not discounted) as ``…_without`` and ``…_with``; ``cost``
        (what is paid and given away beyond the base; it is in ``profit_with``).

    Raises
    ------
    CvmError
        As in `try_measures`.

    Examples
    --------
    >>> months = follow_plan({"network_quality": 1.6}, customers=1_000, months=6, seeds=2)
    >>> len(months), months.columns[2:4].tolist()
    (12, ['customers_without', 'customers_with'])
    """
    import pandas as pd

    check_count("seeds", seeds, 1, _MOST_SEEDS)
    trial = _Trial(scenario, carriers, rivals, carrier, base, start, months, customers)
    without, with_plan = np.moveaxis(trial.live([{}, changes], seeds, seed), -1, 1)
    luck = [(seed + number) % 2**64 for number in range(seeds)]
    columns = {
        "seed": np.repeat(np.array(luck, np.uint64), months),
        "period": np.tile(np.arange(months) + start, seeds),
    }
    for name, place in {"customers": 4, "left": 2, "came_back": 3, "profit": 0}.items():
        kind = np.float64 if name == "profit" else np.int64
        columns[f"{name}_without"] = without[place].ravel().astype(kind)
        columns[f"{name}_with"] = with_plan[place].ravel().astype(kind)
    return pd.DataFrame(columns | {"cost": (with_plan[1] - without[1]).ravel()})


def _changes(plan: Mapping[str, Mapping[str, object]], together: bool) -> dict[str, dict[str, object]]:
    """Return what each measure changes, all at once in the last place if they are to be tried together."""
    if not 1 <= len(plan) <= _MOST_MEASURES:
        raise CvmError("market.no_measures", count=len(plan), most=_MOST_MEASURES)
    changes: dict[str, dict[str, object]] = {}
    joint: dict[str, object] = {}
    whose: dict[str, str] = {}
    for name, fields in plan.items():
        if name in (SUM_OF_SINGLES, TOGETHER):
            raise CvmError("market.measure_taken", name=name)
        for field in fields:
            if together and field in whose:
                raise CvmError("market.changed_twice", field=field, first=whose[field], second=name)
            whose[field] = name
        changes[name] = dict(fields)
        joint |= fields
    return changes | ({TOGETHER: joint} if together and len(plan) > 1 else {})


def _kind(changes: Mapping[str, object]) -> str:
    wins_back = "win_back_offer" in changes
    return "both" if wins_back and len(changes) > 1 else "win_back" if wins_back else "prevention"


@dataclass(frozen=True)
class _Trial:
    """What all worlds of a trial share."""

    scenario: MarketScenario
    carriers: Mapping[str, Carrier]
    rivals: Decisions
    carrier: str
    base: Decision | Mapping[int, Decision]
    start: int
    months: int
    customers: int

    def live(self, changes: Sequence[Mapping[str, object]], seeds: int, seed: int) -> Floats:
        """Return profit, cost, leavers, those who came back, customers and those who joined, by month.

        Shape (worlds, seeds, months, 6), a world for each of the changes.
        """
        check_count("start", self.start, 0, _MOST_MONTHS)
        check_count("months", self.months, 1, _MOST_MONTHS)
        periods = self.start + self.months
        before = schedule({self.carrier: self.base}, self.carriers, periods)[self.carrier]
        held = {**before, self.start: in_force(before, periods)[self.start]}
        worlds = [
            {period: one.replace(**change) if period >= self.start else one for period, one in held.items()}
            for change in changes
        ]
        luck = [(seed + number) % 2**64 for number in range(seeds)]
        return np.array([[self._lived(world, held, one) for one in luck] for world in worlds])

    def _lived(self, world: Dated, without: Dated, seed: int) -> Floats:
        month = self._summed(world, seed)
        # the same behaviour for a part of the money: what the profit differs by is the other part
        part = 0.25 if self.scenario.response_scale >= 0.04 else 4.0
        paid = (self._summed(world, seed, part)["result"] - month["result"]) / (1 - part)
        old, new = (
            np.array([one.price for one in in_force(dated, self.start + self.months)[self.start :]])
            for dated in (without, world)
        )
        if (new == 0).any():
            raise CvmError("market.free_tariff")
        # what a tariff below the old one gives away to those who pay it
        cost = paid + month["fixed_cost"] + month["revenue"] * np.maximum(old / new - 1, 0)
        return np.column_stack([month["result"], cost, *(month[name] for name in _COUNTED)])

    def _summed(self, world: Dated, seed: int, part: float = 1.0) -> dict[str, Floats]:
        """Return the carrier's sums by month from the start on; offers, care and resources at a part of their money."""
        periods, scenario = self.start + self.months, self.scenario
        decisions: dict[str, Any] = {**self.rivals, self.carrier: world}
        if part != 1:
            dated = schedule(decisions, self.carriers, periods)
            decisions = {name: {t: _for_part(one, part) for t, one in held.items()} for name, held in dated.items()}
            scenario = scenario.replace(response_scale=part * scenario.response_scale)
        drawn = make_customers(self.scenario, self.carriers, self.customers, seed)
        summary = simulate(scenario, self.carriers, decisions, drawn, periods, seed, panel=False).summary()
        ours = summary[(summary["carrier"] == self.carrier) & (summary["period"] >= self.start)]
        return {name: ours[name].to_numpy(np.float64) for name in ("result", "fixed_cost", "revenue", *_COUNTED)}


def _for_part(decision: Decision, part: float) -> Decision:
    return decision.replace(**{name: part * getattr(decision, name) for name in PAID})


def half_width(differences: Floats) -> Floats:
    """Return half the width of the 95% interval of a mean over seeds (Student's t), shape (worlds,)."""
    from scipy.stats import t

    seeds = differences.shape[1]
    return np.asarray(t.ppf(0.975, seeds - 1) * differences.std(axis=1, ddof=1) / np.sqrt(seeds))

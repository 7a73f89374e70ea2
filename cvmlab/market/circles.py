"""Contagion: leaving by what one's circle did, and what of it the circle really caused (S26, story Y)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cvmlab.core.checking import check_count
from cvmlab.core.guarding import public
from cvmlab.core.statistics import wilson_interval
from cvmlab.core.words import CvmError

from .carrier import AS_BEFORE, CARRIERS, INCUMBENT, LAUNCH_MONTH, MARKET, RIVALS
from .plan import schedule
from .result import Result
from .scenario import MarketScenario
from .simulation import extend, simulate
from .trying import half_width

if TYPE_CHECKING:
    import pandas as pd

#: Of the others in the circle this many or more are one group.
MOST_OTHERS = 4


@public
def leaving_by_circle(result: Result, *, carrier: str = INCUMBENT, months: int = 3, start: int = 0) -> pd.DataFrame:
    """Return the rate at which customers leave by how many of their circle have just left.

    Parameters
    ----------
    result
        From `simulate`, with its panel.
    carrier
        Whose customers.
    months
        How far back "just" reaches.
    start
        First period in which leaving counts; those before it are read for who has just left.

    Returns
    -------
    pandas.DataFrame
        One row per group, 0 to 4 (4 or more): ``others_left`` (of the others in the circle, in the ``months`` before),
        ``share_left`` (their mean share of the others), ``customer_months`` (at risk), ``left``, ``hazard``,
        ``hazard_low``, ``hazard_high`` (share that left in the month, 95% interval of Wilson).

    Notes
    -----
    The circles are those of the market engine: consecutive customers, ``circle_size`` of them. A rate that rises with
    the others who left is what a firm would see; it proves no contagion, since the same launch draws all of them. The
    intervals take months of the same circle as independent and so are somewhat too narrow.

    Examples
    --------
    >>> table = leaving_by_circle(simulate(customers=2_000, periods=24, seed=1))
    >>> table["others_left"].tolist(), int(table["customer_months"].max()) > 1_000
    ([0, 1, 2, 3, 4], True)
    """
    return _rates(*_counts(result, _number(result, carrier), months, start))


@public
def contagion_effect(
    *,
    scenario: MarketScenario = MARKET,
    carrier: str = INCUMBENT,
    start: int = LAUNCH_MONTH,
    months: int = 16,
    customers: int = 5_000,
    seeds: int = 8,
    seed: int = 1,
) -> pd.DataFrame:
    """Return how many left because of their circle: what a comparison of customers claims, and the truth.

    Parameters
    ----------
    scenario, carrier
        A market with contagion; the three carriers and the rivals of the case, nothing new by the carrier.
    start, months
        Period from which one of the worlds goes on without contagion, the launch if left out; months from then on.
    customers, seeds, seed
        Customers of all carriers in each market; how many markets are drawn, at least 2; seed of the first.

    Returns
    -------
    pandas.DataFrame
        Two rows, ``world`` = ``with_contagion`` and ``without_contagion``: ``left`` (customers per market),
        ``hazard_none`` and ``hazard_some`` (monthly rate of those of whose circle nobody, or somebody, had left in the
        three months before), ``months_none`` and ``months_some`` (customer-months of either, per market), ``blamed``
        (leavers above the rate of the former among the latter, per market: what a comparison of customers says the
        circle caused), ``caused`` (left − left without contagion: the whole effect of the circle, what it draws away
        less what it holds), ``low``, ``high`` (its 95% interval over the seeds).

    Notes
    -----
    Both worlds of a seed share their customers, their luck and everything before ``start``. Without contagion neither
    the circle's choice of carrier nor its handsets matter. A circle holds as well as it draws: while most of it is
    still with the carrier, those who stay keep more customers than those who left take along, and the truth is below
    the claim, even below zero. Its sign follows from the carrier's share and the assumed pull; how many *one more*
    leaver takes along is another question.

    Examples
    --------
    >>> effect = contagion_effect(customers=1_000, months=6, seeds=2)
    >>> effect["world"].tolist(), float(effect["caused"].iloc[1])
    (['with_contagion', 'without_contagion'], 0.0)
    """
    import pandas as pd

    check_count("start", start, 1, 600)
    check_count("months", months, 1, 600)
    check_count("seeds", seeds, 2, 1_000)
    if not scenario.contagion:
        raise CvmError("market.no_contagion")
    dated = schedule({**RIVALS, carrier: AS_BEFORE}, CARRIERS, start + months)
    before, later = (
        {name: {t: one for t, one in held.items() if (t >= start) is after} for name, held in dated.items()}
        for after in (False, True)
    )
    left, counts = np.zeros((2, seeds)), np.zeros((2, 2, MOST_OTHERS + 1))
    for place in range(seeds):
        luck = (seed + place) % 2**64
        begun = simulate(scenario, CARRIERS, before, customers, start, luck)
        for world, acts in enumerate((True, False)):
            changed = dataclasses.replace(begun, scenario=scenario.replace(contagion=acts))
            after = extend(changed, months, later)
            at_risk, gone, _ = _counts(after, _number(after, carrier), 3, start)
            left[world, place] = gone.sum()
            counts[world] += np.stack([at_risk, gone])
    none = counts[:, 1, 0] / np.maximum(counts[:, 0, 0], 1)
    at_risk, gone = counts[:, :, 1:].sum(axis=2).T
    caused = left - left[1]
    half = half_width(caused)
    return pd.DataFrame(
        {
            "world": ["with_contagion", "without_contagion"],
            "left": left.mean(axis=1),
            "hazard_none": none,
            "hazard_some": gone / np.maximum(at_risk, 1),
            "months_none": counts[:, 0, 0] / seeds,
            "months_some": at_risk / seeds,
            "blamed": (gone - none * at_risk) / seeds,
            "caused": caused.mean(axis=1),
            "low": caused.mean(axis=1) - half,
            "high": caused.mean(axis=1) + half,
        }
    )


def _number(result: Result, carrier: str) -> int:
    """Return the carrier's number in the arrays."""
    names = result.names()
    if carrier not in names[1:]:
        raise CvmError("market.unknown_carrier", name=carrier, names=", ".join(names[1:]))
    return names.index(carrier)


def _counts(
    result: Result, carrier: int, months: int, start: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return customers at risk, leavers and the sum of the shares that had left, by the number of others who had."""
    check_count("months", months, 1, 600)
    check_count("start", start, 0, 600)
    panel = result._panel()
    here = panel.carrier == carrier
    left = np.zeros(here.shape, bool)
    left[1:] = here[:-1] & (panel.cause[1:] > 0)
    customers = here.shape[1]
    circle = np.arange(customers) // result.scenario.circle_size
    others = np.bincount(circle)[circle] - 1
    at_risk, gone, share = np.zeros((3, MOST_OTHERS + 1))
    for t in range(max(start, 1), result.periods):
        own = left[max(t - months, 0) : t].sum(axis=0)
        just = np.bincount(circle, own)[circle] - own
        of = here[t - 1] & (others > 0)
        group = np.minimum(just[of], MOST_OTHERS).astype(np.int64)
        at_risk += np.bincount(group, minlength=MOST_OTHERS + 1)
        gone += np.bincount(group, left[t, of], MOST_OTHERS + 1)
        # who left twice counts once more than there are others
        share += np.bincount(group, np.minimum(just[of] / others[of], 1), MOST_OTHERS + 1)
    return at_risk, gone, share


def _rates(at_risk: NDArray[np.float64], gone: NDArray[np.float64], share: NDArray[np.float64]) -> pd.DataFrame:
    import pandas as pd

    seen = np.maximum(at_risk, 1)
    hazard = np.where(at_risk > 0, gone / seen, np.nan)
    low, high = wilson_interval(hazard, seen.astype(np.int64))
    return pd.DataFrame(
        {
            "others_left": np.arange(MOST_OTHERS + 1),
            "share_left": np.where(at_risk > 0, share / seen, np.nan),
            "customer_months": at_risk.astype(np.int64),
            "left": gone.astype(np.int64),
            "hazard": hazard,
            "hazard_low": low,
            "hazard_high": high,
        }
    )

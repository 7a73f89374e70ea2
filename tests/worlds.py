"""Worlds whose truth is known: customers drawn one by one, by rules that are none of cvmlab's models.

Each world has three years of purchases that a firm has seen (2021 to 2023) and a fourth that it has not (2024).
Rates, sizes and lifetimes are log-normal or Weibull, gaps gamma distributed around the customer's own mean:

* ``free``: buys as it likes and may leave after any purchase; some one in eight at the first already
* ``drifting``: leaves at a moment of its own, not at a purchase; Weibull lifetimes, many leave early
* ``once``: seven in ten never come again after the first purchase; the others leave after one in seventeen
* ``steady``: buys at nearly equal gaps of one to three months, leaves by chance
* ``business``: forty firms of very different size, steady, growing and few
* ``season``: like ``free``, but one May is worth six Februaries
* ``christmas``: like ``drifting``, but December brings three times a usual month
* ``monthly``: a monthly fee, 4% leave a month in the first half year, 1% later; one payment in fifty comes late
* ``quarterly``: a fee every three months, 6% leave a quarter
* ``returns``: like ``free``, and a third of the purchases is given back by half
* ``growing``: ``drifting`` customers most of whom came in the last year
* ``fading``: nobody leaves at once; every customer buys more and more rarely
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

SEEN, WHOLE = 1095, 1460
FIRST, AS_OF = np.datetime64("2021-01-01"), date(2023, 12, 31)

Array = NDArray[np.float64]
# one customer's purchase days from the first on, and the day of leaving (infinity: never)
Life = tuple[Array, float]


@dataclass(frozen=True)
class World:
    """What a firm sees, and what only the world knows.

    ``log``: ``customer_id``, ``date``, ``revenue``; ``truth``: ``customer_id``, ``alive`` at the end of what is seen,
    ``later_revenue`` (money of the year after) and ``bought`` in it; only customers that the log shows.
    """

    name: str
    log: pd.DataFrame
    truth: pd.DataFrame


def make_world(name: str, seed: int) -> World:
    """Draw a world by its name."""
    draw = np.random.default_rng([seed, *name.encode()])
    return WORLDS[name](name, draw)


def _world(
    name: str, draw: Generator, customers: int, begins: Array, live: Callable[[float], Life], *,
    size: Callable[[], Callable[[int], Array]], thin: Callable[[Array], Array] | None = None, returned: float = 0.0,
) -> World:  # fmt: skip
    days, amounts, owner, leaves = [], [], [], np.empty(customers)
    for place in range(customers):
        bought, leaves[place] = live(float(begins[place]))
        if thin is not None and len(bought):
            # the first purchase is kept: without it there is no customer
            bought = np.append(bought[:1], bought[1:][draw.random(len(bought) - 1) < thin(bought[1:])])
        bought = np.unique(np.floor(bought[bought < WHOLE]))
        days.append(bought)
        amounts.append(size()(len(bought)))
        owner.append(np.full(len(bought), place))
    day, amount, who = map(np.concatenate, (days, amounts, owner))
    if returned:
        back = draw.random(len(day)) < returned
        late = day[back] + draw.integers(2, 12, back.sum())
        day, amount, who = np.append(day, late), np.append(amount, -amount[back] / 2), np.append(who, who[back])
    frame = pd.DataFrame({"who": who.astype(int), "day": day, "revenue": amount.round(2)})
    seen = frame[frame["day"] < SEEN]
    later = frame[(frame["day"] >= SEEN) & (frame["day"] < WHOLE)]
    known = np.unique(seen["who"])
    bought_later = later[later["revenue"] > 0].groupby("who").size().reindex(known).fillna(0) > 0
    truth = pd.DataFrame(
        {
            "customer_id": _ids(known),
            "alive": leaves[known] >= SEEN,
            "later_revenue": later.groupby("who")["revenue"].sum().reindex(known).fillna(0.0).to_numpy(),
            "bought": bought_later.to_numpy(),
        }
    )
    order = np.lexsort((seen["who"], seen["day"]))
    log = pd.DataFrame(
        {
            "customer_id": _ids(seen["who"].to_numpy()[order]),
            "date": (FIRST + seen["day"].to_numpy()[order].astype("timedelta64[D]")).astype("datetime64[us]"),
            "revenue": seen["revenue"].to_numpy()[order],
        }
    )
    return World(name, log, truth)


def _ids(places: NDArray[np.int64]) -> NDArray[np.object_]:
    return np.array([f"c{place:04d}" for place in places], dtype=object)


def _until_left(draw: Generator, begin: float, gap: float, evenness: float, leave_chance: float, first: float) -> Life:
    """Gaps are gamma distributed with mean ``gap``; the customer may leave after every purchase."""
    days, day, chance = [], begin, first
    while day < WHOLE:
        days.append(day)
        if draw.random() < chance:
            return np.array(days), day
        chance = leave_chance
        day += draw.gamma(evenness, gap / evenness)
    return np.array(days), np.inf


def _within(draw: Generator, begin: float, gap: float, evenness: float, lifetime: float) -> Life:
    """The customer leaves at a moment of its own."""
    many = int((WHOLE - begin) / gap * 3) + 40
    days = begin + np.append(0.0, np.cumsum(draw.gamma(evenness, gap / evenness, many)))
    return days[days < begin + lifetime], begin + lifetime


def _spend(draw: Generator, typical: float, between: float, within: float) -> Callable[[], Callable[[int], Array]]:
    def own() -> Callable[[int], Array]:
        mean = draw.normal(np.log(typical), between)
        return lambda purchases: np.exp(draw.normal(mean, within, purchases))

    return own


def _free(
    name: str, draw: Generator, thin: Callable[[Array], Array] | None = None, more: float = 1, returned: float = 0
) -> World:
    def live(begin: float) -> Life:
        gap = np.exp(draw.normal(np.log(45), 0.9)) / more
        leave = 1 / (1 + np.exp(-draw.normal(-2.2 - np.log(more), 0.9)))
        return _until_left(draw, begin, gap, 1.0, leave, leave)

    begins = draw.uniform(0, 1000, 500)
    return _world(name, draw, 500, begins, live, size=_spend(draw, 60, 0.6, 0.5), thin=thin, returned=returned)


def _drifting(
    name: str, draw: Generator, thin: Callable[[Array], Array] | None = None, more: float = 1, young: bool = False
) -> World:
    def live(begin: float) -> Life:
        gap = np.exp(draw.normal(np.log(60), 0.8)) / more
        return _within(draw, begin, gap, 1.0, 600 * draw.weibull(0.6))

    begins = 1080 * draw.random(500) ** (0.3 if young else 0.9)
    return _world(name, draw, 500, begins, live, size=_spend(draw, 80, 0.5, 0.6), thin=thin)


def _once(name: str, draw: Generator) -> World:
    def live(begin: float) -> Life:
        if draw.random() < 0.7:
            return np.array([begin]), begin
        gap = np.exp(draw.normal(np.log(70), 0.7))
        return _until_left(draw, begin, gap, 1.0, 0.06, 0.0)

    return _world(name, draw, 600, draw.uniform(0, 1060, 600), live, size=_spend(draw, 40, 0.5, 0.4))


def _steady(name: str, draw: Generator) -> World:
    def live(begin: float) -> Life:
        return _within(draw, begin, draw.uniform(25, 90), 8.0, draw.exponential(900))

    return _world(name, draw, 400, draw.uniform(0, 800, 400), live, size=_spend(draw, 300, 0.8, 0.3))


def _business(name: str, draw: Generator) -> World:
    def live(begin: float) -> Life:
        return _within(draw, begin, draw.uniform(14, 60), 5.0, 2000 * draw.weibull(1.0))

    return _world(name, draw, 40, draw.uniform(0, 500, 40), live, size=_spend(draw, 1500, 1.6, 0.3))


def _monthly_factors(factors: list[float]) -> Callable[[Array], Array]:
    share = np.array(factors) / max(factors)

    def thin(day: Array) -> Array:
        month = (FIRST + day.astype("timedelta64[D]")).astype("datetime64[M]").astype(int) % 12
        return share[month]

    return thin


def _season(name: str, draw: Generator) -> World:
    thin = _monthly_factors([0.6, 0.5, 1, 1.8, 3, 1.8, 1, 0.7, 0.6, 0.5, 0.5, 0.5])
    return _free(name, draw, thin, more=3)


def _christmas(name: str, draw: Generator) -> World:
    return _drifting(name, draw, _monthly_factors([1, 0.8, 0.9, 1, 1, 0.9, 0.8, 0.8, 1, 1.1, 1.6, 3]), more=2.6)


def _fees(name: str, draw: Generator, months: int, early: float, later: float, change_after: int) -> World:
    def live(begin: float) -> Life:
        days, period = [], 0
        while (day := begin + period * months * 30.4375) < WHOLE:
            days.append(day + (draw.integers(5, 25) if draw.random() < 0.02 else 0))
            period += 1
            if draw.random() < (early if period <= change_after else later):
                # paid until the next one would have been due
                return np.array(days), day + months * 30.4375
        return np.array(days), np.inf

    def own() -> Callable[[int], Array]:
        fee = draw.choice([9.9, 19.9, 39.9])
        return lambda payments: np.full(payments, fee)

    return _world(name, draw, 500, draw.uniform(0, 1040, 500), live, size=own)


def _fading(name: str, draw: Generator) -> World:
    def live(begin: float) -> Life:
        gap, half = np.exp(draw.normal(np.log(25), 0.6)), draw.uniform(150, 900)
        days, day = [], begin
        while day < WHOLE:
            days.append(day)
            day += draw.exponential(gap * 2 ** ((day - begin) / half))
        return np.array(days), np.inf

    return _world(name, draw, 400, draw.uniform(0, 1000, 400), live, size=_spend(draw, 50, 0.6, 0.4))


WORLDS: dict[str, Callable[[str, Generator], World]] = {
    "free": _free,
    "drifting": _drifting,
    "once": _once,
    "steady": _steady,
    "business": _business,
    "season": _season,
    "christmas": _christmas,
    "monthly": lambda name, draw: _fees(name, draw, 1, 0.04, 0.01, 6),
    "quarterly": lambda name, draw: _fees(name, draw, 3, 0.06, 0.06, 0),
    "returns": lambda name, draw: _free(name, draw, returned=0.33),
    "growing": lambda name, draw: _drifting(name, draw, young=True),
    "fading": _fading,
}

"""A pipeline whose rates are known: the truth for grading estimates, and the scenario of the what-if."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cvmlab.core.checking import check_count
from cvmlab.core.guarding import public
from cvmlab.core.periods import DAYS_A_MONTH, as_date
from cvmlab.core.scenario import Scenario, number
from cvmlab.core.words import CvmError
from cvmlab.data.tables import COST, CUSTOMER_ID, DATE, check_columns, numbers

from .events import STATE, STATES, VALUE
from .inputs import Floats, Whole, check_states, pandas_frame
from .rates import checked_rates, generator, rate_matrix

ENTRY, DWELL, GOAL = range(1_100, 1_103)
#: Monthly calls that a customer in each state is given (ours).
CALLS = {"target": 0.5, "prospect": 1.0, "opportunity": 3.0, "order": 2.0, "user": 0.3, "dormant": 0.3}


def _rate(default: float, name: str, maximum: float = 0.5, step: float = 0.005) -> Any:
    return number(default, word=f"pipeline.{name}", minimum=0, maximum=maximum, step=step, unit="share")


def _money(default: float, name: str, maximum: float, step: float, minimum: float = 0) -> Any:
    return number(default, word=f"pipeline.{name}", minimum=minimum, maximum=maximum, step=step, unit="money")


@public
@dataclass(frozen=True)
class PipelineRates(Scenario):
    """The monthly rates of a pipeline and the money in it; the defaults are Linhe Packaging (ours).

    The labels of the fields say what each is. A rate is a share of 1 per month and not a probability: of 100 customers
    with a rate of 0.9, 59 move within a month. Moves that are not listed do not occur. ``user_margin`` is before the
    cost of calls: film, bags, boxes. ``device_margin`` and ``setup_cost`` (delivery, installation,
    training) come once, at the order. `CALLS` says how many calls there are. ``action_cost`` is what an improvement
    costs for 100 targets, as of today; `rewards` leaves it out.

    Examples
    --------
    >>> PipelineRates().frame().head(2)
      from_state to_state  rate
    0     target prospect  0.12
    1     target     lost  0.03
    """

    target_prospect: float = _rate(0.12, "target_prospect")
    target_lost: float = _rate(0.03, "target_lost")
    prospect_opportunity: float = _rate(0.08, "prospect_opportunity")
    prospect_lost: float = _rate(0.02, "prospect_lost")
    opportunity_order: float = _rate(0.15, "opportunity_order")
    opportunity_prospect: float = _rate(0.18, "opportunity_prospect")
    opportunity_lost: float = _rate(0.07, "opportunity_lost")
    order_user: float = _rate(0.9, "order_user", maximum=3, step=0.05)
    order_lost: float = _rate(0.04, "order_lost")
    user_dormant: float = _rate(0.035, "user_dormant", maximum=0.2)
    user_lost: float = _rate(0.006, "user_lost", maximum=0.1, step=0.001)
    dormant_user: float = _rate(0.06, "dormant_user", maximum=0.3)
    dormant_lost: float = _rate(0.025, "dormant_lost", maximum=0.3)
    user_margin: float = _money(500.0, "user_margin", maximum=3_000, step=20)
    device_margin: float = _money(100.0, "device_margin", minimum=-3_000, maximum=3_000, step=100)
    setup_cost: float = _money(800.0, "setup_cost", maximum=3_000, step=50)
    call_cost: float = _money(100.0, "call_cost", maximum=300, step=5)
    action_cost: float = _money(0.0, "action_cost", maximum=200_000, step=5_000)
    discount_rate: float = number(0.10, word="discount_rate", minimum=0, maximum=0.5, step=0.01, unit="share")

    @classmethod
    def moves(cls) -> list[tuple[str, str, str]]:
        """Return field, from-state and to-state of each rate.

        Examples
        --------
        >>> PipelineRates.moves()[0]
        ('target_prospect', 'target', 'prospect')
        """
        pairs = ((name, *name.split("_")) for name in cls.limits())
        return [(pair[0], pair[1], pair[2]) for pair in pairs if pair[1] in STATES and pair[2] in STATES]

    def frame(self) -> pd.DataFrame:
        """Return the rates as `transition_rates` does: ``from_state``, ``to_state``, ``rate`` (per month)."""
        rows = [(before, after, getattr(self, name)) for name, before, after in self.moves()]
        return pd.DataFrame(rows, columns=["from_state", "to_state", "rate"])

    def rewards(self) -> dict[str, float]:
        """Return the monthly money in each state: margin less calls; one-off money is spread over the stay.

        Examples
        --------
        >>> PipelineRates(call_cost=200).rewards()["user"]
        440.0
        """
        money = {state: -calls * self.call_cost for state, calls in CALLS.items()}
        money["user"] += self.user_margin
        money["order"] += (self.device_margin - self.setup_cost) * (self.order_user + self.order_lost)
        return money

    def generator(self) -> Floats:
        """Return the monthly rates as a matrix over `STATES` whose rows add up to zero, shape (7, 7).

        Examples
        --------
        >>> float(PipelineRates(user_lost=0.02).generator()[STATES.index("user"), STATES.index("lost")])
        0.02
        """
        names, before, after = zip(*self.moves(), strict=True)
        places = [np.array([STATES.index(state) for state in states]) for states in (before, after)]
        return rate_matrix(places[0], places[1], np.array([getattr(self, name) for name in names]))

    @classmethod
    def from_log(cls, rates: pd.DataFrame, money: pd.DataFrame | None = None, *, decimals: int = 12) -> PipelineRates:
        """Return the scenario with the rates, and the money, estimated from a log.

        Parameters
        ----------
        rates
            From `transition_rates`; moves that are not a field are left out, those not observed have a rate of 0.
        money
            From `money_by_state`, rounded to whole units of money; the defaults if left out. The cost of a call is that
            of all states but ``order`` over the calls that `CALLS` plans; margin and set-up cost of an order are spread
            over the orders that came to an end. An amount or rate beyond the bounds of its field is refused.
        decimals
            Decimals of the rates; 3 gives tenths of a point, as sliders show them.

        Examples
        --------
        >>> PipelineRates.from_log(PipelineRates(user_lost=0.02).frame()).user_lost
        0.02
        """
        rates = checked_rates(rates)
        found = generator(rates)
        places = {name: (STATES.index(before), STATES.index(after)) for name, before, after in cls.moves()}
        moved = cls().replace(**{name: round(float(found[place]), decimals) for name, place in places.items()})
        return moved if money is None else moved.replace(**_money_of_log(rates, money))


def _money_of_log(rates: pd.DataFrame, money: pd.DataFrame) -> dict[str, float]:
    money = pandas_frame(money, "money")
    check_columns(money, [STATE], "money")
    check_states(money, STATE, "money", STATES)
    given = pd.DataFrame({name: numbers(money, name, "money") for name in ("exposure", VALUE, COST)})
    given = given.groupby(money[STATE].to_numpy(object)).sum().reindex(STATES, fill_value=0)
    months, value, cost = (given[name].to_numpy() for name in given)
    planned = months * np.array([CALLS.get(state, 0.0) for state in STATES])
    order, user = STATES.index("order"), STATES.index("user")
    others = np.arange(len(STATES)) != order
    call_cost = cost[others].sum() / max(planned[others].sum(), 1e-9)
    counts = numbers(rates, "count", "rates") if len(rates) else np.zeros(0)
    ended = max(float(counts[rates["from_state"].to_numpy() == "order"].sum()), 1.0)
    found = {
        "user_margin": value[user] / max(months[user], 1e-9),
        "device_margin": value[order] / ended,
        "setup_cost": max((cost[order] - planned[order] * call_cost) / ended, 0.0),
        "call_cost": call_cost,
    }
    return {name: float(round(amount)) for name, amount in found.items()}


@public
@dataclass(frozen=True)
class SimulatedPipeline:
    """A log with known truth.

    Attributes
    ----------
    events
        ``customer_id``, ``date``, ``state``: each state a customer entered up to the as-of day.
    truth
        One row per customer: ``customer_id``, ``state`` (on the as-of day), ``next_state`` and ``next_date`` (those
        that would have come next if the log had been kept longer; empty for ``lost``).
    as_of
        Last day observed.
    """

    events: pd.DataFrame
    truth: pd.DataFrame
    as_of: dt.date


@public
def simulate_pipeline(
    truth: PipelineRates, customers: int, seed: int, *, months: int = 48, first_day: dt.date | str = "2010-01-01"
) -> SimulatedPipeline:
    """Return customers who enter as targets on any day of the span and move by constant rates.

    Time runs in days: on each day a customer moves with the chance rate/30.4375, at most once, and never on the first
    day in a state. So `transition_rates` estimates the rates without bias.

    Parameters
    ----------
    truth
        The rates; refused if so high that customers would move every day.
    customers, months
        How many, and length of the log: whole numbers from 1.
    seed
        A whole number from 0; customers keep their draws when others are added.
    first_day
        First day of the log.

    Returns
    -------
    SimulatedPipeline
        Log and truth.

    Examples
    --------
    >>> made = simulate_pipeline(PipelineRates(), customers=50, seed=1, months=12)
    >>> made.events["state"].iloc[0], len(made.truth), made.as_of
    ('target', 50, datetime.date(2010, 12, 31))
    """
    # draws are compiled: reading a log should not wait for that
    from cvmlab.core.random import draws
    from cvmlab.core.random.elementary import log

    check_count("customers", customers)
    check_count("months", months, 1, 1200)
    first = np.datetime64(as_date(first_day), "D")
    end = round(months * DAYS_A_MONTH)
    chance = np.clip(truth.generator(), 0, None) / DAYS_A_MONTH
    leaves = chance.sum(axis=1)
    if (leaves >= 1).any():
        raise CvmError("pipeline.too_fast", state=STATES[int(leaves.argmax())], rate=f"{DAYS_A_MONTH:g}")
    # days until a move are geometric: an exponential draw over the day's hazard, rounded up
    hazard = -log(1 - leaves)
    limits = np.cumsum(np.divide(chance, leaves[:, None], out=np.zeros_like(chance), where=leaves[:, None] > 0), axis=1)

    who = np.arange(customers)
    day = (end * draws.uniform(seed, who, 0, ENTRY)).astype(np.int64)
    state = np.zeros(customers, dtype=np.int64)
    seen = [(who, day, state)]
    held, coming, then = state.copy(), np.full(customers, -1, dtype=np.int64), np.zeros(customers, dtype=np.int64)
    move = 0
    while len(who):
        held[who] = state
        moves_on = leaves[state] > 0
        who, day, state = who[moves_on], day[moves_on], state[moves_on]
        move += 1
        wait = np.ceil(draws.exponential(seed, who, move, DWELL) / hazard[state]).astype(np.int64)
        luck = draws.uniform(seed, who, move, GOAL)
        day = day + np.maximum(wait, 1)
        state = (luck[:, None] >= limits[state]).sum(axis=1).clip(0, len(STATES) - 1)
        inside = day < end
        coming[who[~inside]], then[who[~inside]] = state[~inside], day[~inside]
        who, day, state = who[inside], day[inside], state[inside]
        seen.append((who, day, state))
    return _simulated(seen, held, coming, then, first, end)


def _simulated(
    seen: Sequence[tuple[Whole, ...]], held: Whole, coming: Whole, then: Whole, first: np.datetime64, end: int
) -> SimulatedPipeline:
    who, day, state = (np.concatenate(parts) for parts in zip(*seen, strict=True))
    order = np.lexsort((day, who))
    width = max(4, len(str(len(held))))
    ids = np.array([f"L{customer + 1:0{width}d}" for customer in range(len(held))], dtype=object)
    names = np.array([*STATES, ""], dtype=object)
    dates = (first + day[order]).astype("datetime64[us]")
    ahead = np.where(coming >= 0, (first + then).astype("datetime64[us]"), np.datetime64("NaT", "us"))
    return SimulatedPipeline(
        events=pd.DataFrame({CUSTOMER_ID: ids[who[order]], DATE: dates, STATE: names[state[order]]}),
        truth=pd.DataFrame({CUSTOMER_ID: ids, STATE: names[held], "next_state": names[coming], "next_date": ahead}),
        as_of=as_date(str(first + (end - 1))),
    )  # fmt: skip

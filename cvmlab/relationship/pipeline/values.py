"""What a customer in each state is worth, and which step of the pipeline is worth improving."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.checking import check_count, check_parameter
from cvmlab.core.discounting import First, counts_now, period_rate
from cvmlab.core.guarding import public
from cvmlab.core.periods import DAYS_A_MONTH
from cvmlab.core.words import CvmError
from cvmlab.data.tables import COST, check_columns, numbers_between

from .events import EVENTS, LOST, STATE, STATES, VALUE, check_events, place_of, spells
from .inputs import Floats, by_state, pandas_frame
from .rates import checked_rates, generator

TakenFrom = Literal["staying", "lost"]


@public
def money_by_state(events: AnyFrame, *, as_of: dt.date | str | None = None) -> pd.DataFrame:
    """Return what a customer brings and costs per month spent in each state, from the log.

    An event counts for the state that its row names; the money of the day on which a state is entered belongs to that
    state. The reward is an average: it assumes that money does not depend on how long a customer has been there.

    Parameters
    ----------
    events
        An event log as `check_events` describes it, with ``value`` (money, margin of the event before the cost of the
        contact; a gap is no money) and ``cost`` (money); anything else is refused.
    as_of
        Last day observed; the last day of the log if left out.

    Returns
    -------
    pandas.DataFrame
        ``state``, ``exposure`` (customer-months), ``value``, ``cost`` (total money), ``reward`` (monthly money:
        (value − cost)/exposure; NaN if nobody spent time there): one row for each of `STATES`.

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["a", "a"], "state": ["user", "user"], "value": [0.0, 90.0], "cost": [10.0, 0.0],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-03-01"])})
    >>> money_by_state(log, as_of="2025-01-01").set_index("state").loc["user"].round(2).tolist()
    [12.02, 90.0, 10.0, 6.65]
    """
    log = pandas_frame(events, EVENTS.name)
    check_events(log, as_of=as_of)
    check_columns(log, [VALUE, COST], EVENTS.name)
    stays = spells(log, as_of=as_of)
    months = stays.groupby(STATE)["days"].sum().reindex(STATES, fill_value=0).to_numpy(np.float64) / DAYS_A_MONTH
    money = log.groupby(log[STATE].to_numpy(object))[[VALUE, COST]].sum().reindex(STATES, fill_value=0)
    value, cost = (money[name].to_numpy(np.float64) for name in (VALUE, COST))
    reward = np.divide(value - cost, months, out=np.full(len(STATES), np.nan), where=months > 0)
    return pd.DataFrame({STATE: list(STATES), "exposure": months, VALUE: value, COST: cost, "reward": reward})


@public
def expected_rewards(
    rates: pd.DataFrame, rewards: Mapping[str, float], *, discount_rate: float = 0.0, months: float = 1
) -> dict[str, float]:
    """Return what a customer is expected to bring within the coming month, by current state.

    A customer who is an opportunity today may be a user in two weeks, so the month brings a little of both. Formula:
    ∫ exp((Q − ρ)s)·r ds over the month, with ρ the discount rate of one moment: money is discounted to the start.

    Parameters
    ----------
    rates, rewards
        Monthly rates and money by state, as in `value_of_prospect`.
    discount_rate, months
        Rate per year, above −1; length of the period, above 0.

    Returns
    -------
    dict
        State to money per period, for `state_values` beside `transition_matrix` of the same length.

    Examples
    --------
    >>> rates = pd.DataFrame({"from_state": ["order"], "to_state": ["user"], "rate": [0.9]})
    >>> expected = expected_rewards(rates, {"user": 100.0})
    >>> round(expected["user"], 1), round(expected["order"], 1)
    (100.0, 34.1)
    """
    from scipy.linalg import expm

    check_parameter("discount_rate", discount_rate, -1, open_minimum=True)
    check_parameter("months", months, 0, open_minimum=True)
    size = len(STATES)
    # Van Loan (1978): the integral stands in the corner of one larger exponential
    block = np.zeros((size + 1, size + 1))
    block[:size, :size] = generator(rates) - np.log1p(discount_rate) / 12 * np.eye(size)
    block[:size, size] = by_state(rewards, "rewards", STATES)
    return dict(zip(STATES, expm(block * months)[:size, size].tolist(), strict=True))


@public
def state_values(
    matrix: pd.DataFrame,
    rewards: Mapping[str, float],
    *,
    discount_rate: float,
    periods_per_year: float = 12,
    first: First = "now",
    periods: int | None = None,
) -> pd.DataFrame:
    """Return the present value of a customer in each state: a Markov reward.

    Formula: V = (I − P/(1+i))⁻¹ R with the discount rate i of a period. The reward of the current state is counted at
    once for ``first="now"``; for ``first="next"`` the first reward is that of the state reached after one period.

    Parameters
    ----------
    matrix
        ``state`` and a column for each state: probabilities of one period, rows adding up to 1. States may have any
        names.
    rewards
        State to money per period; a state left out brings nothing.
    discount_rate, periods_per_year
        Rate per year, and number of periods in a year.
    first
        ``"now"`` or ``"next"``.
    periods
        Number of rewards counted, a whole number from 1; without end if left out.

    Returns
    -------
    pandas.DataFrame
        ``state``, ``value`` (money), in the order of the matrix.

    Raises
    ------
    CvmError
        For a row that does not add up to 1, a probability that is not a number from 0 to 1, rewards that are not
        numbers by state, or a value without end (a discount rate of zero where customers stay for ever).

    References
    ----------
    Pfeifer & Carraway (2000), Modeling customer relationships as Markov chains, Journal of Interactive Marketing 14.

    Examples
    --------
    >>> matrix = pd.DataFrame({"state": ["user", "lost"], "user": [0.8, 0.0], "lost": [0.2, 1.0]})
    >>> values = state_values(matrix, {"user": 100.0}, discount_rate=0.1, periods_per_year=1)
    >>> values["value"].round(2).tolist()
    [366.67, 0.0]
    """
    names, chances = _checked_matrix(matrix)
    reward = by_state(rewards, "rewards", names)
    now = counts_now(first)
    rate = period_rate(discount_rate, periods_per_year)
    kept = chances / (1 + rate)
    if periods is None:
        value = _without_end(kept, reward, rate)
    else:
        check_count("periods", periods, 1, 1200)
        value = _over(kept, reward, int(periods) + (not now))
    return pd.DataFrame({STATE: names, "value": value if now else value - reward})


def _without_end(kept: Floats, reward: Floats, rate: float) -> Floats:
    # a state that nobody leaves and that brings nothing is worth nothing, whatever the rate
    idle = (kept * (1 + rate) * ~np.eye(len(kept), dtype=bool)).sum(axis=1) < 1e-15
    open_states = ~(idle & (reward == 0))
    value = np.zeros(len(kept))
    inside = kept[np.ix_(open_states, open_states)]
    if inside.size and np.abs(np.linalg.eigvals(inside)).max() >= 1 - 1e-12:
        raise CvmError("pipeline.endless_value", rate=f"{rate:g}")
    value[open_states] = np.linalg.solve(np.eye(len(inside)) - inside, reward[open_states])
    return value


def _over(kept: Floats, reward: Floats, periods: int) -> Floats:
    value = np.zeros(len(reward))
    for _ in range(periods):
        value = reward + kept @ value
    return value


def _checked_matrix(matrix: pd.DataFrame) -> tuple[list[str], Floats]:
    matrix = pandas_frame(matrix, "matrix")
    check_columns(matrix, [STATE], "matrix")
    if not len(matrix):
        raise CvmError("tables.no_rows", table="matrix")
    names = [str(name) for name in matrix[STATE]]
    check_columns(matrix, names, "matrix")
    chances = np.column_stack([numbers_between(matrix, name, 0, 1, "matrix") for name in names])
    off = np.abs(chances.sum(axis=1) - 1) > 1e-6
    if off.any():
        place = int(off.argmax())
        raise CvmError("pipeline.row_sum", state=names[place], sum=f"{chances[place].sum():.6g}")
    return names, chances


@public
def mailing_example() -> pd.DataFrame:
    """Return the transition matrix of the published example: customers by years since the last purchase.

    A customer buys with probability 0.3, 0.2, 0.15 or 0.05 one to four years after the last purchase, and is no longer
    mailed afterwards. With a margin of 40, a mailing of 4 and 20% per year `state_values` gives the article's figures.

    Returns
    -------
    pandas.DataFrame
        ``state`` (years since the last purchase, or ``former``) and a column for each state; rows add up to 1.

    References
    ----------
    Pfeifer & Carraway (2000), Modeling customer relationships as Markov chains, Journal of Interactive Marketing 14.

    Examples
    --------
    >>> rewards = {"1": 36.0, "2": -4.0, "3": -4.0, "4": -4.0}
    >>> values = state_values(mailing_example(), rewards, discount_rate=0.2, periods_per_year=1)
    >>> values["value"].round(2).tolist()
    [52.32, 5.55, 1.25, -1.82, 0.0]
    """
    states = ["1", "2", "3", "4", "former"]
    chances = np.zeros((5, 5))
    for place, buys in enumerate((0.3, 0.2, 0.15, 0.05)):
        chances[place, 0], chances[place, place + 1] = buys, 1 - buys
    chances[4, 4] = 1
    return pd.DataFrame({STATE: states} | {name: chances[:, i] for i, name in enumerate(states)})


@public
def value_of_prospect(
    rates: pd.DataFrame, rewards: Mapping[str, float], *, discount_rate: float, start: str = "prospect"
) -> float:
    """Return what a customer in a state is worth today, including everything still to come.

    Formula: V = (ρ − Q)⁻¹ r, with the rates Q, the monthly money r in each state and ρ = ln(1+d)/12: the Markov reward
    of `state_values` for steps so short that nothing happens twice in one. The monthly matrix with `expected_rewards`
    gives the same figure.

    Parameters
    ----------
    rates
        ``from_state``, ``to_state``, ``rate`` (per month), from `transition_rates`.
    rewards
        State to monthly money, for example ``reward`` of `money_by_state`; a state left out brings nothing.
    discount_rate
        Per year, at least 0.
    start
        The current state, one of `STATES`.

    Returns
    -------
    float
        Money. What was spent to get the customer there is not included: it is gone.

    Raises
    ------
    CvmError
        For rates, rewards or a rate per year that are not as above, an unknown start, or a value without end.

    Examples
    --------
    >>> rates = pd.DataFrame({
    ...     "from_state": ["prospect", "user"], "to_state": ["user", "lost"], "rate": [0.1, 0.02]})
    >>> round(value_of_prospect(rates, {"prospect": -50, "user": 200}, discount_rate=0.1))
    6168
    """
    values = values_of(generator(rates), by_state(rewards, "rewards", STATES), discount_rate)
    return float(values[place_of(start)])


@public
def value_by_state(rates: pd.DataFrame, rewards: Mapping[str, float], *, discount_rate: float) -> pd.DataFrame:
    """Return what a customer in each state is worth today: `value_of_prospect` for all states.

    Parameters
    ----------
    rates, rewards, discount_rate
        Monthly rates and money by state, rate per year, as in `value_of_prospect`.

    Returns
    -------
    pandas.DataFrame
        ``state``, ``value`` (money): one row for each of `STATES`.

    Examples
    --------
    >>> rates = pd.DataFrame({
    ...     "from_state": ["prospect", "user"], "to_state": ["user", "lost"], "rate": [0.1, 0.02]})
    >>> worth = value_by_state(rates, {"prospect": -50, "user": 200}, discount_rate=0.1).set_index("state")["value"]
    >>> worth[["prospect", "user", "lost"]].round().tolist()
    [6168.0, 7158.0, 0.0]
    """
    values = values_of(generator(rates), by_state(rewards, "rewards", STATES), discount_rate)
    return pd.DataFrame({STATE: list(STATES), "value": values})


def values_of(moves: Floats, reward: Floats, discount_rate: float, months: float | None = None) -> Floats:
    """Return the value of a customer in each of `STATES`, shape (7,); only the money of so many months if given."""
    from scipy.linalg import expm

    value = months_spent(moves, discount_rate, reward) @ reward
    if months is None:
        return value
    # less what is still to come at the end
    later: Floats = expm(months * (moves - np.log1p(discount_rate) / 12 * np.eye(len(moves)))) @ value
    return value - later


@public
def effect_of_rate(
    rates: pd.DataFrame,
    rewards: Mapping[str, float],
    *,
    discount_rate: float,
    start: str | Mapping[str, float] = "prospect",
    points: float = 0.01,
    relative: float = 0.1,
    taken_from: TakenFrom = "staying",
    months: float | None = None,
) -> pd.DataFrame:
    """Return what a better rate at each step adds to the value of customers: which step to improve.

    A step that leads to more value is better when its rate is higher, one that leads to less when it is lower. Formula
    of the slope: ∂V/∂λ = M·(V_to − V_from), with M the discounted months that a customer from ``start`` spends in
    ``from_state``. The figures say what a better rate is *worth*, not what it costs, nor whether it can be achieved.

    Parameters
    ----------
    rates, rewards, discount_rate
        Monthly rates and money by state, rate per year, as in `value_of_prospect`.
    start
        The current state of one customer, or states to the number of customers who are there now, at least 0.
    points, relative
        Changes of a rate from 0 to 1: 0.01 of 1 per month is one point, 0.1 of the rate itself is a tenth.
    taken_from
        ``"staying"``: customers who move would otherwise have stayed, so they leave the state sooner. ``"lost"``: they
        would otherwise have been lost, so the months in the state remain the same; then only steps up are shown, and
        V_from in the slope is the value of ``lost``.
    months
        Show beside all the money to come how much of it comes within so many months, above 0.

    Returns
    -------
    pandas.DataFrame
        ``step`` (from_to, worded by ``codes.csv``), ``from_state``, ``to_state``, ``rate`` (per month), ``months``
        (discounted, in from_state), ``gain`` (money: value after the step less value without it), ``by_points``,
        ``by_share`` (money: exact change of the value of the customers for a better rate; NaN where the rate is too low
        to be lowered, or too few are lost to be won over, by so much), with ``months`` also ``by_points_within`` and
        ``by_share_within`` (the part of it within the months); the largest ``by_points`` first.

    Examples
    --------
    >>> rates = pd.DataFrame({
    ...     "from_state": ["prospect", "user"], "to_state": ["user", "lost"], "rate": [0.1, 0.02]})
    >>> effect = effect_of_rate(rates, {"prospect": -50, "user": 200}, discount_rate=0.1)
    >>> effect[["from_state", "by_points", "by_share"]].round(0).values.tolist()
    [['user', 3696.0, 511.0], ['prospect', 84.0, 84.0]]
    """
    check_parameter("points", points, 0, 1, open_minimum=True)
    check_parameter("relative", relative, 0, 1, open_minimum=True)
    if taken_from not in ("staying", "lost"):
        raise CvmError("pipeline.taken_from", value=taken_from)
    rates = checked_rates(rates)
    reward, moves = by_state(rewards, "rewards", STATES), generator(rates)
    if months is not None:
        check_parameter("months", months, 0, open_minimum=True)
    customers = {STATES[place_of(start)]: 1.0} if isinstance(start, str) else start
    there = by_state(customers, "customers", STATES, minimum=0)
    spent = months_spent(moves, discount_rate, reward)
    value, spans = spent @ reward, (None,) if months is None else (None, months)
    rows = []
    for before, after, rate in rates[["from_state", "to_state", "rate"]].itertuples(index=False):
        i, j = STATES.index(before), STATES.index(after)
        if i == j or rate == 0 or (taken_from == "lost" and after == LOST):
            continue
        other = STATES.index(LOST) if taken_from == "lost" else i
        gain = value[j] - value[other]
        better = [by if gain >= 0 else -by for by in (points, relative * rate)]
        changes = [there @ _change(moves, reward, discount_rate, (i, j, other), by, span)
                   for span in spans for by in better]  # fmt: skip
        rows.append((before, after, rate, abs(there @ spent[:, i]), gain, *changes))
    columns = ["from_state", "to_state", "rate", "months", "gain", "by_points", "by_share"]
    columns += ["by_points_within", "by_share_within"] if months else []
    shown = pd.DataFrame(rows, columns=columns)
    shown.insert(0, "step", shown["from_state"] + "_" + shown["to_state"])
    return shown.sort_values("by_points", ascending=False, ignore_index=True, kind="stable")


def _change(
    moves: Floats, reward: Floats, discount_rate: float, step: tuple[int, int, int], by: float, months: float | None
) -> Floats:
    """Return the exact change of each state's value when the rate i → j rises by so much at the expense of another."""
    i, j, other = step
    changed = moves.copy()
    changed[i, j] += by
    changed[i, other] -= by
    if min(changed[i, j], changed[i, other] if other != i else 0.0) < -1e-12:
        return np.full(len(moves), np.nan)
    return values_of(changed, reward, discount_rate, months) - values_of(moves, reward, discount_rate, months)


def months_spent(moves: Floats, discount_rate: float, reward: Floats) -> Floats:
    """Return the discounted months spent in each state (columns), from each state (rows)."""
    check_parameter("discount_rate", discount_rate, 0)
    # where nobody leaves and nothing is earned, months have no end at a rate of 0 and are not counted
    rate = float(np.log1p(discount_rate) / 12)
    counted = ~((np.diag(moves) == 0) & (reward == 0))
    months = np.zeros_like(moves)
    inside = rate * np.eye(int(counted.sum())) - moves[np.ix_(counted, counted)]
    if inside.size and np.linalg.cond(inside) > 1e12:
        raise CvmError("pipeline.endless_value", rate=f"{discount_rate:g}")
    months[np.ix_(counted, counted)] = np.linalg.inv(inside)
    return months

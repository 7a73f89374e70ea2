"""How fast customers move between the states, how long they stay, and how far they come.

All rates are per month of `DAYS_A_MONTH` days, the average one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.periods import DAYS_A_MONTH as DAYS_A_MONTH
from cvmlab.core.words import CvmError
from cvmlab.data.tables import check_columns, numbers_between

from .events import STATE, STATES, checked_stays, place_of, state_codes
from .inputs import Floats, Whole, by_state, check_states, pandas_frame


@public
def transition_rates(stays: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Return the monthly rate of each observed move, with its interval.

    Formula: rate = moves / customer-months spent in the state. A stay that still lasts counts as exposure without a
    move, so open customers are not failures. The interval is the exact Poisson one: never below zero, valid for few
    moves. Assumptions: within a state the rate does not change with time, and all customers have the same one (check it
    with `time_in_state`). A rate is not a probability and may exceed 1; `transition_matrix` gives probabilities.

    Parameters
    ----------
    stays
        ``state``, ``next_state``, ``days``, ``censored``, from `spells`.
    confidence
        Level of the interval, between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        ``from_state``, ``to_state``, ``count`` (moves), ``exposure`` (customer-months in from_state), ``rate``,
        ``low``, ``high`` (per month); in the order of `STATES`, only observed moves.

    Raises
    ------
    CvmError
        For no rows, a missing column, an unknown state, days below 0 or without an end, a stay that ended after
        0 days, a stay that occurs twice (same customer, state and start), or a confidence outside 0 to 1.

    References
    ----------
    Garwood (1936), Fiducial limits for the Poisson distribution, Biometrika 28.

    Examples
    --------
    >>> stays = pd.DataFrame({
    ...     "state": ["target", "target"], "next_state": ["prospect", ""], "days": [60, 62], "censored": [False, True]})
    >>> transition_rates(stays)[["count", "exposure", "rate", "low", "high"]].round(3).values.tolist()
    [[1.0, 4.008, 0.249, 0.006, 1.39]]
    """
    from scipy.special import gammaincinv

    stays = checked_stays(stays, "next_state", "days", "censored")
    check_parameter("confidence", confidence, 0, 1)
    months = pd.Series(stays["days"].to_numpy(np.float64)).groupby(stays[STATE].to_numpy()).sum() / DAYS_A_MONTH
    moves = stays.loc[~stays["censored"].to_numpy(dtype=bool)]
    cells = pd.MultiIndex.from_product([STATES, STATES])
    counts = moves.groupby([STATE, "next_state"]).size().reindex(cells, fill_value=0)
    seen = counts[counts > 0]
    count = seen.to_numpy(np.int64)
    exposure = months.reindex(seen.index.get_level_values(0)).to_numpy(np.float64)
    tail = (1 - confidence) / 2
    return pd.DataFrame({
        "from_state": seen.index.get_level_values(0).to_numpy(object),
        "to_state": seen.index.get_level_values(1).to_numpy(object),
        "count": count,
        "exposure": exposure,
        "rate": count / exposure,
        "low": gammaincinv(count, tail) / exposure,
        "high": gammaincinv(count + 1, 1 - tail) / exposure,
    })  # fmt: skip


@public
def transition_matrix(rates: pd.DataFrame, *, months: float = 1) -> pd.DataFrame:
    """Return the probabilities of being in each state after some months, from the rates.

    Formula: P = exp(Q·months), the matrix exponential of the rates, each row of Q adding up to zero. Counting where
    everybody stands at the ends of months would miss moves on any day, twice within a month or in an incomplete month;
    the exponential does not. A state that nobody was seen to leave keeps its customers: usually ``lost``. A customer
    who said no and became a prospect again is not lost: not buying once is not never buying.

    Parameters
    ----------
    rates
        ``from_state``, ``to_state``, ``rate`` (per month), from `transition_rates`.
    months
        Length of a step, at least 0.

    Returns
    -------
    pandas.DataFrame
        ``state`` and a column for each of `STATES`; each row adds up to 1.

    Raises
    ------
    CvmError
        For a missing column, an unknown state, a rate that is not a number of at least 0, a move that occurs in more
        than one row, or months below 0.

    Examples
    --------
    >>> rates = pd.DataFrame({"from_state": ["user"], "to_state": ["lost"], "rate": [0.5]})
    >>> transition_matrix(rates).set_index("state").loc[["user", "lost"], "user"].round(4).tolist()
    [0.6065, 0.0]
    """
    from scipy.linalg import expm

    check_parameter("months", months, 0)
    chances = np.clip(expm(generator(rates) * months), 0, None)
    chances /= chances.sum(axis=1, keepdims=True)
    return pd.DataFrame({STATE: list(STATES)} | {name: chances[:, i] for i, name in enumerate(STATES)})


def generator(rates: pd.DataFrame) -> Floats:
    """Return monthly rates, checked, as a matrix over `STATES` whose rows add up to zero."""
    rates = checked_rates(rates)
    return rate_matrix(
        state_codes(rates["from_state"]), state_codes(rates["to_state"]), rates["rate"].to_numpy(dtype=np.float64)
    )


def rate_matrix(before: Whole, after: Whole, rates: Floats) -> Floats:
    """Return the rates of moves between places in `STATES` as a matrix whose rows add up to zero."""
    matrix = np.zeros((len(STATES), len(STATES)))
    np.add.at(matrix, (before, after), rates)
    np.fill_diagonal(matrix, 0)
    np.fill_diagonal(matrix, -matrix.sum(axis=1))
    return matrix


def checked_rates(rates: pd.DataFrame) -> pd.DataFrame:
    """Return rates as a frame of pandas; raise `CvmError` with the row of a wrong one. It may have no rows."""
    rates = pandas_frame(rates, "rates")
    check_columns(rates, ["from_state", "to_state", "rate"], "rates")
    for column in ("from_state", "to_state"):
        check_states(rates, column, "rates", STATES)
    if len(rates):
        numbers_between(rates, "rate", 0, np.inf, "rates")
    repeated = rates.duplicated(["from_state", "to_state"]).to_numpy()
    if repeated.any():
        row = int(repeated.argmax())
        before, after = rates["from_state"].iloc[row], rates["to_state"].iloc[row]
        raise CvmError("pipeline.repeated_rate", before=before, after=after, row=row + 1)
    return rates


@public
def time_in_state(stays: pd.DataFrame) -> pd.DataFrame:
    """Return how long customers stay in each state, and where they go from there.

    The stays are those of `spells`, refused where `transition_rates` refuses them. The median comes from the
    Kaplan–Meier curve, where a stay that still lasts counts for as long as it was observed. Do not trust the mean of
    the finished stays: long stays are the ones that have not finished yet, so it is too short.

    Returns
    -------
    pandas.DataFrame
        ``state``, ``stays``, ``censored`` (stays that last), ``mean_finished_days`` (biased; NaN if none finished),
        ``median_days`` (infinite if fewer than half are seen to leave), ``constant_rate_median_days`` (ln 2 / rate of
        leaving: if far from the median, the rate is not constant), and for each state ``to_…`` the share of the
        finished stays that went there; in the order of `STATES`, only states that occur.

    References
    ----------
    Kaplan & Meier (1958), Nonparametric estimation from incomplete observations, JASA 53.

    Examples
    --------
    >>> stays = pd.DataFrame({
    ...     "state": ["target"] * 3, "next_state": ["prospect", "", ""], "days": [10, 20, 90],
    ...     "censored": [False, True, True]})
    >>> time_in_state(stays)[["stays", "censored", "mean_finished_days", "median_days"]].values.tolist()
    [[3.0, 2.0, 10.0, inf]]
    """
    stays = checked_stays(stays, "next_state", "days", "censored")
    rows = [_time_of(state, stays[stays[STATE] == state]) for state in STATES if (stays[STATE] == state).any()]
    return pd.DataFrame(rows)


def _time_of(state: str, stays: pd.DataFrame) -> dict[str, object]:
    length = stays["days"].to_numpy(np.float64)
    ended = ~stays["censored"].to_numpy(dtype=bool)
    curve = kaplan_meier(length, ended)
    below = np.flatnonzero(curve["staying"].to_numpy() <= 0.5)
    finished = int(ended.sum())
    went = stays.loc[ended, "next_state"].value_counts()
    return {
        STATE: state,
        "stays": len(stays),
        "censored": int((~ended).sum()),
        "mean_finished_days": length[ended].mean() if finished else np.nan,
        "median_days": float(curve["days"].iloc[below[0]]) if len(below) else np.inf,
        "constant_rate_median_days": float(np.log(2) * length.sum() / finished) if finished else np.inf,
    } | {f"to_{name}": went.get(name, 0) / finished if finished else np.nan for name in STATES}


@public
def staying_curve(stays: pd.DataFrame, state: str) -> pd.DataFrame:
    """Return the Kaplan–Meier curve of the stays in one state: what share is still there after so many days.

    The stays are those of `spells`, refused where `transition_rates` refuses them, as is a state in which nobody is.

    Returns
    -------
    pandas.DataFrame
        ``days`` (0 first, then each day on which somebody left), ``staying`` (share of 1), ``at_risk`` (stays observed
        that long).

    Examples
    --------
    >>> stays = pd.DataFrame({
    ...     "state": ["user"] * 2, "next_state": ["lost", ""], "days": [30, 60], "censored": [False, True]})
    >>> staying_curve(stays, "user").values.tolist()
    [[0.0, 1.0, 2.0], [30.0, 0.5, 2.0]]
    """
    stays = checked_stays(stays, "next_state", "days", "censored")
    mine = stays[stays[STATE] == state]
    if not len(mine):
        raise CvmError("pipeline.nobody_there", state=state, states=", ".join(sorted(set(stays[STATE]))))
    return kaplan_meier(mine["days"].to_numpy(np.float64), ~mine["censored"].to_numpy(dtype=bool))


def kaplan_meier(length: NDArray[np.number[Any]], ended: NDArray[np.bool_]) -> pd.DataFrame:
    """Return the Kaplan–Meier curve of lengths in days, some still open: ``days``, ``staying``, ``at_risk``."""
    # scipy.stats.ecdf gives the same within 1e-16, but takes 2 s to import, 4 to 14 times as long, and hides at_risk
    at, left = np.unique(length[ended], return_counts=True)
    at_risk = len(length) - np.searchsorted(np.sort(length), at, side="left")
    staying = np.cumprod(1 - left / at_risk)
    return pd.DataFrame({
        "days": np.append(0.0, at),
        "staying": np.append(1.0, staying),
        "at_risk": np.append(len(length), at_risk),
    })  # fmt: skip


@public
def chance_of_reaching(rates: pd.DataFrame, state: str) -> pd.DataFrame:
    """Return the chance ever to reach a state, from each of the states, if the rates stay as they are.

    Formula: the chances h solve Q·h = 0 at every state, with h = 1 at the state itself and h = 0 where nobody leaves.
    Rates that `transition_matrix` refuses are refused, as is a state that is not one of `STATES`.

    Returns
    -------
    pandas.DataFrame
        ``state``, ``chance`` (share of 1): one row for each of `STATES`.

    Examples
    --------
    >>> rates = pd.DataFrame({
    ...     "from_state": ["target"] * 2, "to_state": ["prospect", "lost"], "rate": [0.12, 0.03]})
    >>> float(chance_of_reaching(rates, "prospect")["chance"].iloc[0])
    0.8
    """
    goal = place_of(state)
    return pd.DataFrame({STATE: list(STATES), "chance": chances_of(generator(rates), goal)})


def chances_of(moves: Floats, goal: int) -> Floats:
    """Return the chance ever to reach the state in place ``goal``, from each state."""
    chance = np.zeros(len(STATES))
    chance[goal] = 1
    # only those from whom a path leads to the goal have a chance; without the others the system can be solved
    inside = [place for place in np.flatnonzero(_leads_to(moves, goal)) if place != goal]
    if inside:
        chance[inside] = np.linalg.solve(-moves[np.ix_(inside, inside)], moves[inside, goal])
    return chance.round(12)


def _leads_to(moves: Floats, goal: int) -> NDArray[np.bool_]:
    step = moves > 0
    found: NDArray[np.bool_] = np.arange(len(moves)) == goal
    for _ in range(len(moves)):
        found = found | (step & found).any(axis=1)
    return found


@public
def whereabouts(rates: pd.DataFrame, customers: Mapping[str, float], months: float) -> pd.DataFrame:
    """Return how many customers are expected to be in each state after some months.

    Rates and months are those of `transition_matrix`. ``customers`` maps states to the number there now, at least 0;
    states left out hold nobody.

    Returns
    -------
    pandas.DataFrame
        ``state``, ``customers`` (expected number): one row for each of `STATES`.

    Examples
    --------
    >>> rates = pd.DataFrame({"from_state": ["user"], "to_state": ["lost"], "rate": [0.5]})
    >>> whereabouts(rates, {"user": 100}, months=1).set_index("state")["customers"].round(1)[["user", "lost"]].tolist()
    [60.7, 39.3]
    """
    now = by_state(customers, "customers", STATES, minimum=0)
    return pd.DataFrame({
        STATE: list(STATES),
        "customers": now @ transition_matrix(rates, months=months)[list(STATES)].to_numpy(),
    })  # fmt: skip

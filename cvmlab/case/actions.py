"""From figures to what somebody does on Monday: whom to call and why, what it may cost, how to learn from it.

Everything here is a recommendation under stated assumptions, not a decision. Transactions do not show what a call
*changes*; so every list has a random hold-out, and every action states the success rate at which it breaks even.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.checking import check_lengths, check_parameter
from cvmlab.core.guarding import public
from cvmlab.data.tables import CUSTOMER_ID, check_columns, check_present, numbers, numbers_between
from cvmlab.worth.matrix.moves import check_types

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_DRAWS = 4000
_FOR_A_COMPARISON = 20
# Nobody is left alone who brings so large a part of the money of all that an action is meant for.
_TOO_LARGE_TO_LEAVE = 0.05
# Standard deviation by which the log-odds that silent customers return differ from one year to the next.
_YEARS_DIFFER = 0.5
# So many customers are drawn one by one; what the others lose is a sum of many small amounts, so nearly normal.
_ONE_BY_ONE = 300

ACTION_OF_TYPE = {"IV": "develop", "II": "develop", "III": "maintain", "I": "simplify"}
ACTIONS = ("win_back", "develop", "maintain", "simplify")

__all__ = [
    "ACTIONS",
    "ACTION_OF_TYPE",
    "assign_actions",
    "break_even_rate",
    "corrected_chance",
    "hold_out",
    "lost_money",
    "reach_interval",
    "recommend",
    "silent_valuable",
]


def __dir__() -> list[str]:
    return __all__


@public
def hold_out(customer_id: NDArray[np.object_], share: float, seed: int) -> NDArray[np.bool_]:
    """Choose at random the customers that an action leaves alone, so that its effect can be measured.

    The draw depends on the seed and the ids alone, not on their order.

    Parameters
    ----------
    customer_id, share, seed
        Ids of the customers an action is meant for, shape (customers,); share held out, 0 to 1; an integer.

    Examples
    --------
    >>> ids = np.array([f"c{i}" for i in range(50)], dtype=object)
    >>> int(hold_out(ids, share=0.2, seed=1).sum())
    10
    """
    from pandas.util import hash_array

    check_parameter("share", share, 0, 1)
    check_lengths(customer_id=customer_id)
    draw = hash_array(customer_id.astype(object), hash_key=f"{seed % 10**16:016d}")
    count = round(share * len(customer_id))
    chosen = np.zeros(len(customer_id), dtype=bool)
    chosen[np.argsort(draw, kind="stable")[:count]] = True
    return chosen


@public
def silent_valuable(customers: pd.DataFrame, silent_below: float, worth_from: float) -> pd.DataFrame:
    """Return the customers who brought much and have gone unusually quiet, the most valuable first.

    Parameters
    ----------
    customers
        ``customer_id``, ``orders``, ``p_alive`` (0 to 1), ``yearly_contribution`` (money of the last 12 months),
        ``last_active_year`` (money of the 12 months up to the customer's last purchase), ``usual_gap_days`` (NaN for
        one purchase), ``silent_days`` and any further columns.
    silent_below, worth_from
        ``p_alive`` below which a customer is called silent; money of a year that is worth a call.

    Returns
    -------
    pandas.DataFrame
        The customers that are both, with at least two orders (one purchase has no rhythm to break), who brought
        something in the last 12 months: whoever left earlier has long been missed. What is worth a call, and comes
        first, is what a customer brought before the silence, not the year that holds the silence.

    Examples
    --------
    >>> import pandas as pd
    >>> customers = pd.DataFrame({
    ...     "customer_id": ["a", "b"], "orders": [9, 9], "p_alive": [0.2, 0.9],
    ...     "yearly_contribution": [300.0, 900.0], "last_active_year": [500.0, 900.0],
    ...     "usual_gap_days": [21, 30], "silent_days": [74, 12],
    ... })
    >>> silent_valuable(customers, silent_below=0.5, worth_from=100)["customer_id"].tolist()
    ['a']
    """
    years = ["yearly_contribution", "last_active_year"]
    check_columns(customers, [CUSTOMER_ID, "orders", "p_alive", *years, "usual_gap_days", "silent_days"])
    if not len(customers):
        return customers.copy()
    alive, (yearly, before) = numbers_between(customers, "p_alive", 0, 1), (numbers(customers, name) for name in years)
    regular = numbers(customers, "orders") >= 2
    called = customers.loc[(alive < silent_below) & (before >= worth_from) & (yearly > 0) & (before > 0) & regular]
    return called.sort_values(["last_active_year", CUSTOMER_ID], ascending=[False, True], ignore_index=True)


@public
def reach_interval(headroom: NDArray[np.float64], reach: float) -> tuple[float, float, float]:
    """Return what reaching a share of the headroom would bring, and what half or half as much again would.

    The share is assumed, so the bounds show how much the assumption matters, not a chance.

    Examples
    --------
    >>> reach_interval(np.array([60.0, 40.0]), reach=0.2)
    (20.0, 10.0, 30.0)
    """
    check_parameter("reach", reach, 0, 1)
    total = reach * float(headroom.sum())
    return total, 0.5 * total, 1.5 * total


@public
def break_even_rate(contact_cost: float, gain: float) -> float:
    """Return the success rate from which contacting a customer pays: cost of a contact / gain of a success.

    Above 1 it never pays; NaN where there is nothing to gain.

    Examples
    --------
    >>> break_even_rate(contact_cost=15, gain=300)
    0.05
    """
    return contact_cost / gain if gain > 0 else math.nan


@public
def corrected_chance(
    chance_gone: NDArray[np.float64],
    *,
    earlier_chance: NDArray[np.float64] | None = None,
    earlier_gone: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Return each customer's probability to be gone as those of whom the same was said in the backtest correct it.

    Parameters
    ----------
    chance_gone, earlier_chance, earlier_gone
        Those of `lost_money`, whose mean is the sum of these probabilities times the money.

    Examples
    --------
    >>> corrected_chance(np.array([0.9]), earlier_chance=np.full(200, 0.9), earlier_gone=np.arange(200) < 100).round(1)
    array([0.5])
    """
    check_lengths(chance_gone=chance_gone)
    check_parameter("chance_gone", chance_gone, 0, 1)
    shift, weight = _shifts(earlier_chance, earlier_gone)
    return np.asarray(_chance(_log_odds(chance_gone)[:, None] + shift) @ weight)


@public
def lost_money(
    chance_gone: NDArray[np.float64],
    amount: NDArray[np.float64],
    *,
    earlier_chance: NDArray[np.float64] | None = None,
    earlier_gone: NDArray[np.bool_] | None = None,
    seed: int = 1,
) -> tuple[float, float, float]:
    """Return the money expected to be lost with a list of customers, and its 80% interval, corrected by the backtest.

    A model of buying may be too sure, or not sure enough, that a silent customer is gone. Customers of whom the
    same was said in the backtest show by how much: on the scale of log-odds one shift for all, with a normal prior
    of mean 0 and standard deviation 2, and a standard deviation of 0.5 from that year to this (both ours). Money is
    counted, not heads: 4,000 draws of the shift, and under it of who goes, so that a list with one large customer
    has a wide interval. Of more than 300 customers the largest 300 are drawn one by one, the sum of the others as a
    normal one.

    Parameters
    ----------
    chance_gone, amount
        Each customer's probability not to buy in the months ahead, and the money that then does not come; shape
        (customers,).
    earlier_chance, earlier_gone
        The same probability of customers called silent in the backtest, and whether they did not buy; shape (earlier,).
    seed
        A whole number.

    Returns
    -------
    tuple of float
        Mean, and the bounds that leave out the lowest and the highest tenth of the draws; of very few customers the
        bounds may be one and the same sum, and then so is the mean.

    Examples
    --------
    >>> two = np.array([0.9, 0.9]), np.array([900.0, 100.0])
    >>> mean, low, high = lost_money(*two)
    >>> low < mean < high, high
    (True, 1000.0)
    >>> often_back = lost_money(*two, earlier_chance=np.full(200, 0.9), earlier_gone=np.arange(200) < 100)
    >>> 450 < often_back[0] < 550
    True
    """
    check_lengths(chance_gone=chance_gone, amount=amount)
    check_parameter("chance_gone", chance_gone, 0, 1)
    if not len(amount):
        return 0.0, 0.0, 0.0
    draw = np.random.default_rng(seed)
    shift, weight = _shifts(earlier_chance, earlier_gone)
    odds, shifts = _log_odds(chance_gone), draw.choice(shift, _DRAWS, p=weight)
    largest_first = np.argsort(-np.abs(amount), kind="stable")
    large, small = largest_first[:_ONE_BY_ONE], largest_first[_ONE_BY_ONE:]
    total = _normal_sums(odds[small], amount[small], shifts, draw)
    # a customer at a time: the draws of all at once would fill the memory
    for own, money in zip(odds[large], amount[large], strict=True):
        total += money * (draw.random(len(shifts)) < _chance(own + shifts))
    low, high = np.quantile(total, [0.1, 0.9])
    return float(np.clip(total.mean(), low, high)), float(low), float(high)


def _normal_sums(
    odds: NDArray[np.float64], amount: NDArray[np.float64], shifts: NDArray[np.float64], draw: np.random.Generator
) -> NDArray[np.float64]:
    """Draw, for each shift, the sum that many customers lose."""
    if not len(odds):
        return np.zeros(len(shifts))
    each, which = np.unique(shifts, return_inverse=True)
    gone = [_chance(odds + shift) for shift in each]
    mean = np.array([chance @ amount for chance in gone])
    spread = np.sqrt([(chance * (1 - chance)) @ amount**2 for chance in gone])
    return np.asarray(mean[which] + spread[which] * draw.standard_normal(len(shifts)))


def _chance(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def _log_odds(chance: NDArray[np.float64]) -> NDArray[np.float64]:
    # nothing is certain
    kept = np.clip(chance, 0.005, 0.995)
    return np.log(kept / (1 - kept))


def _shifts(
    chance: NDArray[np.float64] | None, gone: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return by how much a model's log-odds may be off, and how likely each is after what earlier customers did."""
    shift = np.linspace(-5, 5, 401)
    log_weight = -(shift**2) / 8
    if chance is not None and gone is not None and len(chance):
        check_lengths(earlier_chance=chance, earlier_gone=gone)
        check_parameter("earlier_chance", chance, 0, 1)
        # customers whose odds are alike together: each alone would fill the memory
        odds, which = np.unique(np.round(_log_odds(chance), 2), return_inverse=True)
        went, stayed = np.bincount(which[gone], minlength=len(odds)), np.bincount(which[~gone], minlength=len(odds))
        shifted = odds[:, None] + shift
        log_weight -= went @ np.logaddexp(0, -shifted) + stayed @ np.logaddexp(0, shifted)
        # that year is not this one
        likelihood, between_years = np.exp(log_weight - log_weight.max()), np.exp(-((shift / _YEARS_DIFFER) ** 2) / 2)
        # far out nothing is likely at all
        with np.errstate(divide="ignore"):
            log_weight = np.log(np.convolve(likelihood, between_years, "same"))
    weight = np.exp(log_weight - log_weight.max())
    return shift, weight / weight.sum()


@public
def assign_actions(
    customers: pd.DataFrame, silent: NDArray[np.object_], hold_out_share: float, seed: int
) -> pd.DataFrame:
    """Give each customer one action, and hold a random part of each action's customers out.

    Parameters
    ----------
    customers, silent
        ``customer_id``, ``value_type`` and, where known, ``current_value`` and ``yearly_contribution`` (money); ids
        of the silent valuable customers, from `silent_valuable`.
    hold_out_share, seed
        Those of `hold_out`.

    Returns
    -------
    pandas.DataFrame
        The customers with ``action``: ``win_back`` for the silent ones, otherwise ``develop`` (types IV and II),
        ``maintain`` (III) or ``simplify`` (I, and all with a negative current value, where selling more would
        lose more); and ``hold_out`` (True: leave alone). Of fewer than twenty customers nobody is held out, as one
        or two compare with nothing, and never one who brings over a twentieth of what all those of the action bring.

    Examples
    --------
    >>> import pandas as pd
    >>> customers = pd.DataFrame({"customer_id": ["a", "b", "c"], "value_type": ["IV", "III", "I"]})
    >>> assign_actions(customers, np.array(["b"], dtype=object), 0.0, seed=1)["action"].tolist()
    ['develop', 'win_back', 'simplify']
    """
    check_types(customers)
    ids = customers[CUSTOMER_ID].to_numpy(object)
    by_type = customers["value_type"].map(ACTION_OF_TYPE).to_numpy(object)
    if "current_value" in customers.columns:
        by_type = np.where(numbers(customers, "current_value") < 0, "simplify", by_type)
    action = np.where(customers[CUSTOMER_ID].isin(silent), "win_back", by_type)
    known = "yearly_contribution" in customers.columns
    brings = np.maximum(numbers(customers, "yearly_contribution"), 0) if known else np.ones(len(ids))
    held = np.zeros(len(ids), dtype=bool)
    for name in ACTIONS:
        meant = action == name
        held[meant] = left_alone(ids[meant], brings[meant], hold_out_share, seed)
    return customers.assign(action=action, hold_out=held)


def left_alone(
    customer_id: NDArray[np.object_], brings: NDArray[np.float64], share: float, seed: int
) -> NDArray[np.bool_]:
    """Return the hold-out of one action: nobody of a few customers, and never one who brings much of the whole."""
    chosen = brings <= _TOO_LARGE_TO_LEAVE * brings.sum()
    held = np.zeros(len(customer_id), dtype=bool)
    if chosen.sum() >= _FOR_A_COMPARISON:
        held[chosen] = hold_out(customer_id[chosen], share, seed)
    return held


@public
def recommend(
    customers: pd.DataFrame,
    win_back_loss: tuple[float, float, float],
    maintain_loss: tuple[float, float, float],
    contact_cost: float,
    reach: float,
) -> pd.DataFrame:
    """Return one row per recommended action: for whom, what is at stake, and from when it pays.

    Parameters
    ----------
    customers
        All customers: ``action``, ``hold_out``, ``yearly_contribution``, ``headroom`` (money), and
        ``last_active_year`` (money) for what a customer won back brings.
    win_back_loss, maintain_loss
        Yearly money expected to be lost with the silent customers, and with those to maintain, each with its 80%
        interval; from `lost_money`.
    contact_cost, reach
        Cost of contacting one customer, money; share of the headroom that a success is assumed to bring, 0 to 1.

    Returns
    -------
    pandas.DataFrame
        ``action``, ``customers`` and ``held_out`` (numbers), ``at_stake`` with ``low`` and ``high`` (money), ``gain``
        (money of a year per success, mean over the customers), ``break_even_rate``. At stake are: for ``win_back`` and
        ``maintain`` the loss given; ``develop`` headroom × reach (bounds: half the reach, half as much again);
        ``simplify`` nothing, it saves cost.

    Examples
    --------
    >>> import pandas as pd
    >>> customers = pd.DataFrame({
    ...     "action": ["develop", "win_back"], "hold_out": [False, False],
    ...     "yearly_contribution": [90.0, 60.0], "last_active_year": [90.0, 100.0], "headroom": [50.0, 0.0]})
    >>> table = recommend(customers, (40.0, 30.0, 50.0), (0.0, 0.0, 0.0), contact_cost=5, reach=0.2)
    >>> table["break_even_rate"].tolist()
    [0.05, 0.5, nan, nan]
    """
    import pandas as pd

    money = ["yearly_contribution", "last_active_year", "headroom"]
    check_columns(customers, ["action", "hold_out", *money])
    for column in money:
        numbers(customers, column)
    check_present(customers["hold_out"].isna().to_numpy(), "hold_out", "customers")
    group = {name: customers.loc[customers["action"] == name] for name in ACTIONS}
    headroom = group["develop"]["headroom"].to_numpy(float)
    won_back = _mean(group["win_back"]["last_active_year"].to_numpy(float))
    kept = _mean(group["maintain"]["yearly_contribution"].to_numpy(float))
    stakes = {
        "win_back": (*win_back_loss, won_back),
        "develop": (*reach_interval(headroom, reach), reach * _mean(headroom)),
        "maintain": (*maintain_loss, kept),
        "simplify": (0.0, math.nan, math.nan, 0.0),
    }
    rows = [(name, len(group[name]), int(group[name]["hold_out"].sum()), *stakes[name]) for name in ACTIONS]
    columns = ["action", "customers", "held_out", "at_stake", "low", "high", "gain"]
    table = pd.DataFrame(rows, columns=columns)
    table["break_even_rate"] = [break_even_rate(contact_cost, gain) for gain in table["gain"]]
    return table


def _mean(amount: NDArray[np.float64]) -> float:
    return float(amount.mean()) if len(amount) else 0.0

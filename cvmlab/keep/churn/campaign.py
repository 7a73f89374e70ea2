"""Whom to call with an offer that keeps customers, in order of expected profit instead of risk (S22, Beyond)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.annotations import LARGEST
from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.data.tables import CUSTOMER_ID, check_columns, check_one_row_each, numbers_between

from .calling import Offer
from .features import yes_or_no

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

#: Ways to choose, the simplest first.
RULES = ("nobody", "everybody", "likely_leavers", "best_f1", "expected_profit")
_POINTS, _DRAWS, _MOST_CELLS = 100, 400, 20_000_000


@dataclass(frozen=True)
class CampaignProfit:
    """What a campaign brings by the number of customers called; see `campaign_profit`."""

    customers: pd.DataFrame
    curve: pd.DataFrame
    rules: pd.DataFrame
    called: int
    break_even_probability: float
    break_even_acceptance: float


@public
def campaign_profit(
    scores: pd.DataFrame,
    *,
    profit_if_kept: float | str,
    contact_cost: float,
    offer_cost: float | str,
    acceptance: float,
    stayers_take: float = 1,
    seed: int = 1,
) -> CampaignProfit:
    """Return what a campaign brings by the number of customers called, and how many to call.

    Parameters
    ----------
    scores
        One row per customer: ``customer_id``, ``churn_probability`` (share of 1), and ``left`` if it is known who left
        without a campaign, as in the ``scores`` of `score_churn`.
    profit_if_kept
        Profit from a customer who would have left and is kept (currency units), or the column that holds it.
    contact_cost, offer_cost
        Cost of calling one customer, and of an offer that is taken, or the column of the latter (currency units).
    acceptance
        Share of those who would leave that the offer keeps (share of 1).
    stayers_take
        Share of customers who would have stayed anyway that take the offer as well (share of 1).
    seed
        Fixes the intervals.

    Returns
    -------
    CampaignProfit
        ``customers``: ``customer_id``, ``churn_probability``, ``expected_profit`` of a call, ``place`` (1 is called
        first) and ``call``, in the order of the customers.
        ``curve``: about 100 rows: ``called``, ``expected_profit`` of calling so many, and, with ``left``, ``profit``
        with what these customers did, ``profit_low``, ``profit_high`` (95%).
        ``rules``: a row per way to choose: ``rule``, ``called``, ``expected_profit`` and the same three.
        ``nobody``, ``everybody``, ``likely_leavers`` (50% and more: the highest accuracy), ``best_f1`` (the cut-off
        with the highest F1, if ``left`` is given), ``expected_profit`` (all calls that pay).
        ``called``: number of calls that pay. ``break_even_probability``: from which a call pays, for the average
        ``profit_if_kept`` and ``offer_cost``; NaN if none does. ``break_even_acceptance``: below it nobody is
        worth a call; NaN if no acceptance is enough.

    Raises
    ------
    CvmError
        For missing columns or figures, shares outside 0 to 1 and costs below 0.

    Notes
    -----
    Expected profit of a call = p·a·(v − o) − (1 − p)·o·t − c, where p is the probability of leaving, a the acceptance,
    v the profit if kept, o the cost of the offer, c that of the call, t the share of stayers who take the offer.
    *Assumed*: the acceptance is the same for all who would leave, whatever their risk; those who leave all the same do
    not take the offer; a call annoys nobody. An experiment tells whether this is so: see `uplift`. Intervals are
    bootstrapped over customers (400 draws); what is uncertain in the acceptance is not in them.
    Neslin et al. (2006) and Lemmens & Gupta (2020) choose by profit, not by risk.

    Examples
    --------
    >>> import pandas as pd
    >>> scores = pd.DataFrame({"customer_id": ["a", "b", "c"], "churn_probability": [0.8, 0.3, 0.05]})
    >>> found = campaign_profit(scores, profit_if_kept=100, contact_cost=1, offer_cost=10, acceptance=0.5)
    >>> found.called, found.customers["expected_profit"].round(2).tolist(), round(found.break_even_probability, 3)
    (2, [33.0, 5.5, -8.25], 0.2)
    """
    check_parameter("contact_cost", contact_cost, 0)
    for name, share in (("acceptance", acceptance), ("stayers_take", stayers_take)):
        check_parameter(name, share, 0, 1)
    check_one_row_each(scores, "scores")
    chance = numbers_between(scores, "churn_probability", 0, 1, "scores")
    value = _values(scores, "profit_if_kept", profit_if_kept)
    cost = _values(scores, "offer_cost", offer_cost, 0)
    offer = Offer(contact_cost, cost, value, acceptance, stayers_take)
    usual = Offer(contact_cost, cost.mean(keepdims=True), value.mean(keepdims=True), acceptance, stayers_take)
    expected = offer.expected_profit(chance)
    order = np.argsort(-expected, kind="stable")
    call = expected > 0
    gone = yes_or_no(scores, "left") if "left" in scores else None
    actual = None if gone is None else offer.expected_profit(gone.astype(np.float64))
    return CampaignProfit(
        customers=_customers(scores, chance, expected, order),
        curve=_curve(expected, actual, order, int(call.sum()), seed),
        rules=_rules(chance, expected, actual, gone, seed),
        called=int(call.sum()),
        break_even_probability=_possible(usual.break_even_chance()),
        break_even_acceptance=_possible(offer.break_even_acceptance(chance)),
    )


def _values(scores: pd.DataFrame, name: str, given: float | str, least: float = -LARGEST) -> Floats:
    """Return a figure for each customer: the column that was named, or the same for all."""
    if isinstance(given, str):
        check_columns(scores, [given], "scores")
        return numbers_between(scores, given, least, LARGEST, "scores")
    check_parameter(name, given, least)
    return np.full(len(scores), float(given))


def _customers(scores: pd.DataFrame, chance: Floats, expected: Floats, order: NDArray[np.int64]) -> pd.DataFrame:
    import pandas as pd

    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(1, len(order) + 1)
    ids = scores[CUSTOMER_ID].astype("str").to_numpy()
    columns = {"churn_probability": chance, "expected_profit": expected, "place": place, "call": expected > 0}
    return pd.DataFrame({CUSTOMER_ID: ids, **columns})


def _curve(expected: Floats, actual: Floats | None, order: NDArray[np.int64], best: int, seed: int) -> pd.DataFrame:
    """Return the profit of calling the first so many, with the best number among them."""
    import pandas as pd

    called = np.unique(np.append(np.linspace(0, len(order), _POINTS + 1).round().astype(np.int64), best))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    chosen = place[:, None] < called
    sums = np.append(0.0, expected[order].cumsum())[called]
    return pd.DataFrame({"called": called, "expected_profit": sums, **_realised(chosen, actual, seed)})


def _rules(chance: Floats, expected: Floats, actual: Floats | None, gone: Flags | None, seed: int) -> pd.DataFrame:
    import pandas as pd

    by_rule = {
        "nobody": np.zeros(len(chance), dtype=bool),
        "everybody": np.ones(len(chance), dtype=bool),
        "likely_leavers": chance >= 0.5,
        "expected_profit": expected > 0,
    }
    if gone is not None:
        by_rule["best_f1"] = chance >= _best_f1(chance, gone)
    rules = [rule for rule in RULES if rule in by_rule]
    chosen = np.column_stack([by_rule[rule] for rule in rules])
    columns = {"rule": rules, "called": chosen.sum(0), "expected_profit": expected @ chosen}
    return pd.DataFrame({**columns, **_realised(chosen, actual, seed)})


def _best_f1(chance: Floats, gone: Flags) -> float:
    """Return the cut-off with the highest F1; nobody is called if nobody left."""
    order = np.argsort(-chance, kind="stable")
    sorted_chance = chance[order]
    f1 = 2 * np.cumsum(gone[order]) / (np.arange(1, len(order) + 1) + gone.sum())
    # a cut-off falls between two different scores
    f1[:-1][sorted_chance[1:] == sorted_chance[:-1]] = -1
    return float(sorted_chance[f1.argmax()]) if gone.any() else np.inf


def _realised(chosen: Flags, actual: Floats | None, seed: int) -> dict[str, Floats]:
    """Return what was earned with those chosen in each column, and 95% of what such customers would bring."""
    if actual is None:
        return {}
    profits = actual[:, None] * chosen
    draw = np.random.default_rng(seed)
    customers = len(actual)
    draws = int(np.clip(_MOST_CELLS // customers, 50, _DRAWS))
    even = np.full(customers, 1 / customers)
    totals = np.array([draw.multinomial(customers, even) @ profits for _ in range(draws)])
    low, high = np.quantile(totals, (0.025, 0.975), axis=0)
    return {"profit": profits.sum(0), "profit_low": low, "profit_high": high}


def _possible(shares: Floats) -> float:
    """Return the smallest share, NaN if it is above 1."""
    least = float(np.min(shares, initial=np.inf))
    return least if least <= 1 else float("nan")

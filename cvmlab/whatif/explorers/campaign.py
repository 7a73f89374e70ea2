"""The what-if of a campaign that keeps customers: how many to call, and what it brings (S22, Beyond)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.charts import style
from cvmlab.core import formats
from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario, number
from cvmlab.core.words import say, term
from cvmlab.data.tables import CUSTOMER_ID, check_one_row_each, numbers_between
from cvmlab.keep import churn

from ..measures import Measure
from ..widget import WhatIf

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..guessing import Guess

#: The picture reaches this many times as high, and as low, as the most that the baseline brings.
_ROOM = 2.5


@dataclass(frozen=True)
class _Campaign(Scenario):
    """Who is called, what a call and an offer cost, and what they keep; money in currency units."""

    share_called: float = number(0.3, word="campaign.share_called", minimum=0, maximum=1, step=0.01, unit="share")
    contact_cost: float = number(2, word="campaign.contact_cost", minimum=0, maximum=50, step=0.5, unit="money")
    offer_cost: float = number(72, word="campaign.offer_cost", minimum=0, maximum=200, step=1, unit="money")
    acceptance: float = number(0.13, word="campaign.acceptance", minimum=0, maximum=1, step=0.01, unit="share")
    profit_if_kept: float = number(
        1_000, word="campaign.profit_if_kept", minimum=0, maximum=5_000, step=50, unit="money"
    )
    stayers_take: float = number(1, word="campaign.stayers_take", minimum=0, maximum=1, step=0.05, unit="share")


@public
def campaign_cut_off(scores: pd.DataFrame, *, currency: str = "", after: Guess | None = None) -> WhatIf:
    """Return the what-if of a campaign: how many customers to call with an offer, and what the calls bring.

    Parameters
    ----------
    scores
        One row per customer: ``customer_id`` and ``churn_probability`` (share of 1), as in the ``scores`` of
        `cvmlab.churn.score_churn` and the ``customers`` of `cvmlab.churn.uplift`. Further columns are not looked at.
    currency
        Sign of the currency.
    after
        A guess to be committed first (`WhatIf`).

    Raises
    ------
    CvmError
        For missing columns, chances outside 0 to 1 and customers in several rows.

    Notes
    -----
    Computed by `cvmlab.churn.campaign_profit`, whose *assumptions* hold: the offer keeps the same share of those who
    would leave, whatever their risk. Customers are called in order of their chance of leaving; the cut-off is the share
    called. The curve shows the expected profit of calling so many, the diamond where it is highest.

    The result is a dict: ``called`` (array of numbers of calls) with ``profits`` (expected, currency units);
    ``calls``, ``profit``, ``kept`` (customers), ``given_away`` (currency units, to customers who would have stayed)
    and ``last_chance`` (of the last customer called) at the cut-off; ``best_calls``, ``best_profit``, ``break_even``
    (chance of leaving from which a call pays, NaN if none does), ``highest`` (chance), ``customers``.

    Examples
    --------
    >>> import pandas as pd
    >>> scores = pd.DataFrame({"customer_id": list("abcde"), "churn_probability": [0.6, 0.3, 0.2, 0.05, 0.01]})
    >>> what_if = campaign_cut_off(scores)
    >>> what_if.result["calls"], what_if.result["best_calls"], round(what_if.result["break_even"], 3)
    (2, 1, 0.384)
    >>> what_if.set(offer_cost=0, contact_cost=0)
    >>> what_if.result["best_calls"]
    5
    """

    def frame(ax: Axes, baseline: dict[str, Any]) -> None:
        most = max(baseline["best_profit"], float(np.abs(baseline["profits"]).max()) / _ROOM, 1.0)
        ax.axhline(0, color=style.INK, linewidth=0.8)
        # room for both ends' marks
        ax.set_xlim(-0.02 * baseline["customers"], 1.02 * baseline["customers"])
        # not limits: a dear offer needs more room
        ax.update_datalim([(0, -_ROOM * most), (0, _ROOM * most)])
        style.count_axis(ax.xaxis, term("campaign.called_x"))
        style.money_axis(ax.yaxis, term("campaign.profit_y"), currency)

    check_one_row_each(scores, "scores")
    numbers_between(scores, "churn_probability", 0, 1, "scores")
    chances = scores[[CUSTOMER_ID, "churn_probability"]]
    return WhatIf(
        _Campaign(),
        partial(_campaign, chances),
        _draw_campaign,
        frame=frame,
        measures=[
            Measure("profit", "campaign.profit", "money"),
            Measure("kept", "campaign.kept", "customers"),
            Measure("given_away", "campaign.given_away", "money"),
            Measure("best_calls", "campaign.best_calls", "customers"),
            Measure("best_profit", "campaign.best_profit", "money"),
            Measure("break_even", "campaign.break_even", "share"),
        ],
        sentence=partial(_say_campaign, currency=currency),
        title="campaign.title",
        only=("share_called", "offer_cost", "acceptance", "stayers_take", "profit_if_kept"),
        more=("contact_cost",),
        presets={
            "campaign.everybody": {"share_called": 1},
            "campaign.cheap": {"offer_cost": 20, "acceptance": 0.2},
            "campaign.leavers_only": {"stayers_take": 0},
            "campaign.one_year": {"profit_if_kept": 300},
        },
        after=after,
        currency=currency,
        height=290,
    )


def _campaign(scores: pd.DataFrame, scenario: _Campaign) -> dict[str, Any]:
    found = churn.campaign_profit(
        scores,
        profit_if_kept=scenario.profit_if_kept,
        contact_cost=scenario.contact_cost,
        offer_cost=scenario.offer_cost,
        acceptance=scenario.acceptance,
        stayers_take=scenario.stayers_take,
    )
    by_risk = found.customers.sort_values("churn_probability", ascending=False, kind="stable")
    chance = by_risk["churn_probability"].to_numpy(float)
    sums = np.append(0.0, by_risk["expected_profit"].to_numpy(float).cumsum())
    calls = round(scenario.share_called * len(chance))
    places = np.unique(np.append(np.linspace(0, len(chance), 101).round().astype(int), found.called))
    return {
        "called": places,
        "profits": sums[places],
        "calls": calls,
        "profit": float(sums[calls]),
        "kept": float(scenario.acceptance * chance[:calls].sum()),
        "given_away": float(scenario.stayers_take * scenario.offer_cost * (1 - chance[:calls]).sum()),
        "last_chance": float(chance[max(calls, 1) - 1]),
        "best_calls": found.called,
        "best_profit": float(sums[found.called]),
        "break_even": found.break_even_probability,
        "highest": float(chance[0]),
        "customers": len(chance),
    }


def _draw_campaign(ax: Axes, result: dict[str, Any]) -> None:
    ax.plot(result["called"], result["profits"], color=style.BLUE, linewidth=2)
    ax.axvline(result["calls"], color=style.QUIET, linewidth=1.2, linestyle=(0, (4, 1.5)))
    ax.plot(result["calls"], result["profit"], "o", color=style.BLUE, markersize=9)
    ax.plot(result["best_calls"], result["best_profit"], "D", color=style.VERMILION, markersize=7)
    high = max(ax.get_ylim()[1], result["best_profit"])
    share = result["best_calls"] / result["customers"]
    text = say("campaign.best", calls=formats.grouped(result["best_calls"], 0))
    align = "right" if share > 0.8 else "left" if share < 0.2 else "center"
    style.write(ax, result["best_calls"], result["best_profit"] + 0.08 * high, text, ha=align, va="bottom")
    right = result["calls"] > 0.6 * result["customers"]
    here = result["calls"] + (-1 if right else 1) * 0.015 * result["customers"]
    text = say("campaign.cut_off", chance=formats.percent(result["last_chance"]))
    style.write(ax, here, -0.08 * high, text, ha="right" if right else "left", va="top", bbox=style.BEHIND)


def _say_campaign(_: dict[str, Any], now: dict[str, Any], *, currency: str) -> str:
    amounts = {
        name: formats.in_currency(formats.grouped(now[key], 0), currency)
        for name, key in {"profit": "profit", "most": "best_profit"}.items()
    }
    counts = {name: formats.grouped(now[name], 0) for name in ("calls", "customers", "best_calls")}
    chances = {name: formats.percent(now[name]) for name in ("last_chance", "highest", "break_even")}
    if not now["calls"]:
        key = "none_sentence"
    elif not now["best_calls"]:
        key = "no_chance_sentence" if np.isnan(now["break_even"]) else "nobody_sentence"
    else:
        key = "best_sentence" if now["calls"] == now["best_calls"] else "sentence"
    return say(f"campaign.{key}", **amounts, **counts, **chances)

"""The what-if of silence: after how many days to call a customer who has no contract (S09, Beyond)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.charts import style
from cvmlab.core import formats
from cvmlab.core.guarding import public
from cvmlab.core.periods import DAYS_A_MONTH
from cvmlab.core.scenario import Scenario, number
from cvmlab.core.words import say, term

from ..measures import Measure
from ..widget import WhatIf

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..guessing import Guess

#: Orders that the money is counted for, and the days of silence that are looked at.
ORDERS, DAYS = 100, np.arange(366)
#: Money below which the picture shows no smaller differences.
LEAST_SEEN = 1_000.0
SLIDERS = ("silence", "usual_gap", "call_cost", "won_share", "worth")
FOLDED = ("last_share", "too_late")


@dataclass(frozen=True)
class _Silence(Scenario):
    """When to call, what a call costs and what it can bring; a silence begins with each order."""

    silence: float = number(90, word="contractual.silence", minimum=1, maximum=365, step=1, unit="days", whole=True)
    usual_gap: float = number(50, word="usual_gap", minimum=5, maximum=180, step=5, unit="days")
    call_cost: float = number(100, word="contractual.call_cost", minimum=0, maximum=500, step=10, unit="money")
    won_share: float = number(0.1, word="contractual.won_share", minimum=0, maximum=0.5, step=0.01, unit="share")
    worth: float = number(9_700, word="contractual.worth", minimum=0, maximum=30_000, step=100, unit="money")
    last_share: float = number(0.06, word="contractual.last_share", minimum=0, maximum=0.5, step=0.01, unit="share")
    too_late: float = number(0.085, word="contractual.too_late", minimum=0, maximum=0.5, step=0.005, unit="share")


@public
def silence_to_call(*, currency: str = "", after: Guess | None = None) -> WhatIf:
    """Return the what-if of silence: what is left over of 100 orders if silent customers are called on a day.

    Parameters
    ----------
    currency
        Sign of the currency.
    after
        A guess to be committed first (`WhatIf`).

    Notes
    -----
    After an order a customer stops with the chance ``last_share`` (q), or goes on, and is then silent for s days with
    the chance e^(−s / ``usual_gap``). Whoever is silent for ``silence`` days is called once. Of those who have
    stopped, a share ``won_share`` is won back and brings ``worth``; each month ``too_late`` of them can no longer be
    won, for they have gone elsewhere or come back without a call. What is *assumed*, not estimated: all of it.

    The result is a dict: ``days`` and ``left`` (money of 100 orders, for a call on each day), ``silence`` (days),
    ``left_over`` (money), ``best_day`` (None where a call pays on no day), ``best_left``, ``calls``, ``won`` (of 100
    orders), ``alive`` (share of the called who are customers anyway).

    Examples
    --------
    >>> what_if = silence_to_call()
    >>> what_if.result["best_day"], round(what_if.result["alive"], 2)
    (142, 0.72)
    """

    def frame(ax: Axes, _: dict[str, Any]) -> None:
        ax.set_xlim(0, DAYS[-1])
        ax.set_xlabel(term("contractual.silence_x"))
        style.money_axis(ax.yaxis, say("contractual.left_of", orders=ORDERS), currency)
        ax.axhline(0, color=style.INK, linewidth=0.8)

    return WhatIf(
        _Silence(),
        _compute,
        _draw,
        frame=frame,
        measures=[
            Measure("left_over", say("contractual.left_of", orders=ORDERS), "money"),
            Measure("calls", say("contractual.calls_of", orders=ORDERS)),
            Measure("alive", "contractual.alive_called", "share"),
            Measure("best_day", "contractual.best_day", "days"),
        ],
        sentence=partial(_sentence, currency=currency),
        title="contractual.what_if",
        only=SLIDERS,
        more=FOLDED,
        presets={
            "contractual.one_gap": {"silence": 50},
            "contractual.three_gaps": {"silence": 150},
            "contractual.slow_shop": {"usual_gap": 90},
            "contractual.visit": {"call_cost": 400, "won_share": 0.2},
        },
        after=after,
        currency=currency,
        height=330,
    )


def _compute(scenario: _Silence) -> dict[str, Any]:
    stopped = scenario.last_share
    going_on = (1 - stopped) * np.exp(-DAYS / scenario.usual_gap)
    called = going_on + stopped
    won = stopped * scenario.won_share * np.exp(-scenario.too_late * DAYS / DAYS_A_MONTH)
    left = ORDERS * (won * scenario.worth - called * scenario.call_cost)
    day, best = round(scenario.silence), 1 + int(np.argmax(left[1:]))
    return {
        "days": DAYS,
        "left": left,
        "silence": day,
        "left_over": float(left[day]),
        "best_day": best if left[best] > 0 else None,
        "best_left": float(left[best]),
        "calls": float(ORDERS * called[day]),
        "won": float(ORDERS * won[day]),
        "alive": float(going_on[day] / called[day]) if called[day] else 0.0,
    }


def _draw(ax: Axes, result: dict[str, Any]) -> None:
    # a call in the first days costs so much that the rest of the curve would look flat beside it
    best = result["best_left"]
    seen = (result["days"] >= result["silence"]) | (result["left"] >= best - 2.5 * max(abs(best), LEAST_SEEN))
    ax.plot(result["days"][seen], result["left"][seen], color=style.BLUE, linewidth=2.2)
    looks: dict[str, Any] = {"markersize": 9, "linestyle": "none", "clip_on": False}
    pays = result["best_day"] is not None
    if pays:
        ax.plot([result["best_day"]], [best], "D", color=style.GREEN, **looks)
    ax.plot([result["silence"]], [result["left_over"]], "o", color=style.VERMILION, **looks)
    marks = term("contractual.marks" if pays else "contractual.mark")
    style.write(ax, 0.98, 0.1, marks, transform=ax.transAxes, ha="right")


def _sentence(_: dict[str, Any], now: dict[str, Any], *, currency: str) -> str:
    amounts = {
        name: formats.in_currency(formats.grouped(now[name], 0), currency) for name in ("left_over", "best_left")
    }
    counts = {"silence": now["silence"], "best_day": now["best_day"], "orders": ORDERS}
    alive = formats.percent(round(now["alive"], 2))
    key = "never" if now["best_day"] is None else "wait" if now["best_day"] == DAYS[-1] else "call"
    return say(f"contractual.{key}_sentence", alive=alive, **counts, **amounts)

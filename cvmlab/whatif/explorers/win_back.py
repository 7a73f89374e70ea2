"""The what-if of a win-back offer: whom of those who left to call, with which offer, and how many must come back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cvmlab.charts import style
from cvmlab.core import formats
from cvmlab.core.discounting import First
from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario, choice, number
from cvmlab.core.words import say, term
from cvmlab.keep import retention

from ..measures import Measure
from ..widget import WhatIf

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ..guessing import Guess

#: Customers who left, all of whom could be called.
LOST = 1_000
CALL, GIFT = "call", "gift"
BEST = "best_for_each"
#: Money up to which the axis reaches at first.
ROOM = 110_000
#: How the curves are drawn, the best offer for each customer first; a pale line leaves no ghost.
CURVES = (
    (BEST, "win_back.best", style.SERIES[0], 2.4, 1.0),
    (GIFT, "win_back.only_gift", style.SERIES[1], 2.0, 0.49),
    (CALL, "win_back.only_call", style.SERIES[2], 2.0, 0.49),
)


@dataclass(frozen=True)
class _WinBack(Scenario):
    """What calling costs and what it brings, with a gift and without; rates per year, money per customer."""

    contact_cost: float = number(15, word="win_back.contact_cost", minimum=0, maximum=60, step=1, unit="money")
    gift: float = number(150, word="win_back.gift", minimum=0, maximum=500, step=10, unit="money")
    acceptance_gift: float = number(
        0.1, word="win_back.acceptance_gift", minimum=0, maximum=0.5, step=0.01, unit="share"
    )
    retention_gift: float = number(
        0.65, word="win_back.retention_gift", minimum=0, maximum=0.95, step=0.05, unit="share"
    )
    back_anyway: float = number(0.44, word="win_back.back_anyway", minimum=0, maximum=0.9, step=0.02, unit="share")
    removed_share: float = number(0.3, word="win_back.removed_share", minimum=0, maximum=1, step=0.05, unit="share")
    acceptance_call: float = number(
        0.05, word="win_back.acceptance_call", minimum=0, maximum=0.5, step=0.01, unit="share"
    )
    retention_call: float = number(
        0.75, word="win_back.retention_call", minimum=0, maximum=0.95, step=0.05, unit="share"
    )
    removed_factor: float = number(2, word="win_back.removed_factor", minimum=1, maximum=2, step=0.1, unit="multiple")
    margin: float = number(300, word="win_back.margin", minimum=50, maximum=1_000, step=10, unit="money")
    discount_rate: float = number(0.1, word="discount_rate", minimum=0.02, maximum=0.3, step=0.01, unit="share")
    first: str = choice("now", word="worth.first", choices=("now", "next"))


@public
def win_back_offer(*, currency: str = "", after: Guess | None = None) -> WhatIf:
    """Return the what-if of a win-back offer: whom of those who left to call, with which offer, and what it brings.

    Parameters
    ----------
    currency
        Sign of the currency.
    after
        A guess to be committed first (`WhatIf`).

    Notes
    -----
    1,000 customers have left. Each can be called, called with a gift for coming back, or left alone; the best of the
    three is chosen for each by `cvmlab.retention.value_of_win_back` and `cvmlab.retention.whom_to_win_back`. *Assumed*
    are all settings, and that the yearly profit these customers brought is spread as an exponential distribution with
    the mean of the slider: many small, few large. Those who left for a cause that the firm has removed since are as
    many among the small as among the large, and come back ``removed_factor`` times as often. Counted is who comes back
    *because* of the call; those who come back ``back_anyway`` take the gift too where they were offered it, so that
    each call with the gift costs that share of it more. Only a group drawn at random and not called can show how many
    these are.

    The curves show the expected profit of calling the most profitable customers first: with the best offer for each,
    with the gift for all, with the call alone. The peak of the first says how many to call. Calling them breaks even
    when the share who come back is their share now · cost / (expected profit + cost); the gifts to those who come
    back anyway are in the cost.

    The result is a dict: ``curves`` (by ``best_for_each``, ``gift``, ``call``: expected profit of the first 0, 1, …
    1,000 customers, money), ``called``, ``with_gift``, ``back`` (customers: to be called, those of them with the gift,
    expected to come back), ``back_share`` and ``must_come_back`` (shares of those called), ``profit``, ``gift_to_all``
    (expected profit, money: of those called; if all who left were called with the gift), ``from_other``,
    ``from_removed`` (smallest yearly profit called, money, by whether the cause was removed; infinite where nobody
    is), and ``contact_cost``.

    Examples
    --------
    >>> what_if = win_back_offer()
    >>> [round(what_if.result[name]) for name in ("called", "with_gift", "back")]
    [764, 79, 57]
    >>> round(what_if.result["back_share"], 3), round(what_if.result["must_come_back"], 3)
    (0.075, 0.018)
    >>> what_if.set(contact_cost=60)
    >>> round(what_if.result["called"])
    355
    """

    def frame(ax: Axes, _: dict[str, Any]) -> None:
        from matplotlib.lines import Line2D

        ax.axhline(0, color=style.INK, linewidth=0.8)
        ax.set_xlim(0, LOST)
        # room for what most settings bring, so that the axis and its labels seldom change
        ax.update_datalim([(0, -ROOM / 20), (0, ROOM)])
        style.count_axis(ax.xaxis, say("win_back.called_x", lost=formats.grouped(LOST, 0)))
        style.money_axis(ax.yaxis, term("win_back.profit_y"), currency)
        lines = [
            Line2D(
                [],
                [],
                color=mark.color,
                linestyle=cast("Any", mark.line),
                linewidth=width,
                alpha=alpha,
                label=term(name),
            )
            for _, name, mark, width, alpha in CURVES
        ]
        style.legend(ax, handles=lines, loc="upper left")

    return WhatIf(
        _WinBack(),
        _won_back,
        _draw_curves,
        frame=frame,
        measures=[
            Measure("called", "win_back.called", "customers"),
            Measure("with_gift", "win_back.with_gift", "customers"),
            Measure("back_share", "win_back.back_share", "share"),
            Measure("must_come_back", "win_back.must_come_back", "share"),
            Measure("profit", "win_back.profit", "money"),
            Measure("gift_to_all", "win_back.gift_to_all", "money"),
        ],
        sentence=partial(_say_won_back, currency=currency),
        title="win_back.title",
        only=("contact_cost", "gift", "acceptance_gift", "retention_gift", "back_anyway", "removed_share"),
        more=("acceptance_call", "retention_call", "removed_factor", "margin", "discount_rate", "first"),
        presets={
            "win_back.dear_call": {"contact_cost": 60},
            "win_back.half": {"acceptance_gift": 0.05, "acceptance_call": 0.025},
            "win_back.soon_gone": {"retention_gift": 0.4},
            "win_back.large_gift": {"gift": 300, "acceptance_gift": 0.15},
            "win_back.nobody_anyway": {"back_anyway": 0},
            "win_back.no_cause": {"removed_share": 0},
        },
        after=after,
        currency=currency,
        height=310,
    )


def _lost(scenario: _WinBack) -> pd.DataFrame:
    """Return the customers who left, the smallest first, and who of them left for a cause that was removed."""
    import pandas as pd

    rank = (np.arange(LOST) + 0.5) / LOST
    removed = np.diff(np.floor(np.arange(LOST + 1) * scenario.removed_share + 1e-9)) > 0
    return pd.DataFrame({
        "customer_id": np.arange(LOST), "profit_per_period": -scenario.margin * np.log1p(-rank), "removed": removed,
        "factor": np.where(removed, scenario.removed_factor, 1.0),
    })  # fmt: skip


def _won_back(scenario: _WinBack) -> dict[str, Any]:
    import pandas as pd

    it, lost = scenario, _lost(scenario)
    costs = {CALL: it.contact_cost, GIFT: it.contact_cost + it.back_anyway * it.gift}
    offers = pd.DataFrame({
        "offer": list(costs), "contact_cost": list(costs.values()), "gift": [0.0, it.gift],
        "acceptance": [it.acceptance_call, it.acceptance_gift],
        "retention_rate": [it.retention_call, it.retention_gift],
    })  # fmt: skip
    values = retention.value_of_win_back(
        lost, offers, discount_rate=it.discount_rate, first=cast("First", it.first), acceptance_factor="factor"
    )
    called = retention.whom_to_win_back(values)
    compared = retention.compare_offers(values).set_index("offer")
    each = {offer: rows["expected_profit"].to_numpy() for offer, rows in values.groupby("offer")}
    back, profit = float(called["assumed_acceptance"].sum()), float(called["expected_profit"].sum())
    cost = sum(costs[offer] for offer in called["offer"])
    chosen = lost.set_index("customer_id").loc[called["customer_id"]]
    brought, removed = (chosen[name].to_numpy() for name in ("profit_per_period", "removed"))
    return {
        "curves": {BEST: _summed(np.maximum(each[CALL], each[GIFT])), **{name: _summed(each[name]) for name in each}},
        "called": len(called),
        "with_gift": int((called["offer"] == GIFT).sum()),
        "back": back,
        "back_share": back / max(len(called), 1),
        "must_come_back": back / len(called) * cost / (profit + cost) if len(called) else 0.0,
        "profit": profit,
        "gift_to_all": float(compared["profit_of_all"][GIFT]),
        "from_other": float(np.min(brought[~removed], initial=math.inf)),
        "from_removed": float(np.min(brought[removed], initial=math.inf)),
        "contact_cost": it.contact_cost,
    }


def _summed(profit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the profit of the first 0, 1, … customers, the most profitable first."""
    return np.append(0.0, np.cumsum(np.sort(profit)[::-1]))


def _draw_curves(ax: Axes, result: dict[str, Any]) -> None:
    number_called = np.arange(LOST + 1)
    for name, _, mark, width, alpha in reversed(CURVES):
        ax.plot(
            number_called, result["curves"][name], color=mark.color, linestyle=mark.line, linewidth=width, alpha=alpha
        )
    ax.plot(result["called"], result["profit"], style.SERIES[0].marker, color=style.SERIES[0].color, markersize=8)


def _say_won_back(_: dict[str, Any], now: dict[str, Any], *, currency: str) -> str:
    def money(amount: float) -> str:
        return formats.in_currency(formats.grouped(amount, 0), currency)

    counts = {name: formats.grouped(now[name], 0) for name in ("called", "with_gift", "back")}
    counts["lost"] = formats.grouped(LOST, 0)
    if not now["called"]:
        return say("win_back.nobody_sentence", cost=money(now["contact_cost"]), **counts)
    shares = {"share": f"{100 * now['back_share']:.1f}%", "must": f"{100 * now['must_come_back']:.1f}%"}
    other, removed = now["from_other"], now["from_removed"]
    if math.isinf(removed):
        whom = say("win_back.from_other", other=money(other))
    elif math.isinf(other):
        whom = say("win_back.from_removed", removed=money(removed))
    else:
        whom = say("win_back.from_both", other=money(other), removed=money(removed))
    return say("win_back.sentence", whom=whom, profit=money(now["profit"]), **counts, **shares)

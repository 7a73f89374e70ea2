"""The what-if of the whale curve: what to do with the worst customers (S12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.charts import style
from cvmlab.core import formats
from cvmlab.core.guarding import public
from cvmlab.core.scenario import number
from cvmlab.core.words import say, term
from cvmlab.data.tables import CUSTOMER_ID, PROFIT, REVENUE, check_columns
from cvmlab.worth import portfolio

from ..measures import Measure
from ..picture import grown
from ..widget import WhatIf

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ..guessing import Guess

#: Settings on first sight: what is done. What is assumed of cost and chance is folded.
ACTIONS = ("share", "stay_share", "price_change", "saving", "cost_each")
ASSUMED = ("fixed_cost_share", "persistence")


@dataclass(frozen=True)
class _Action(portfolio.WorstCustomers):
    """What is done to the worst customers, and what doing it costs for each of them (money)."""

    cost_each: float = number(0, minimum=0, word="whatif.cost_each", unit="money")


@public
def whale_curve(
    customers: pd.DataFrame,
    scenario: portfolio.WorstCustomers | None = None,
    *,
    service: str | None = None,
    profit: str = PROFIT,
    revenue: str = REVENUE,
    currency: str = "",
    after: Guess | None = None,
) -> WhatIf:
    """Return the what-if of the whale curve: the worst customers dissolved, repriced or served cheaper.

    The curve is this year's profit, from the best customer to the worst. Its end is the profit of all.
    Three lines beside it say what is to be expected after acting on the worst: as hoped, with fixed cost staying,
    and with chance evening out as well (`cvmlab.portfolio.after_acting`), each after the cost of the action.
    The curve is drawn to the first and the last of these ends, the change laid on the worst as their profit is large.

    Parameters
    ----------
    customers
        ``customer_id``, the profit and the revenue column (money per year).
    scenario
        Where the sliders start; by default nothing is done yet.
    service, profit, revenue
        Columns; ``service`` is the cost to serve, None where it is not known apart: all cost then counts as it;
        ``profit="assumed_profit"`` where profit follows from a stated margin.
    currency
        Sign of the currency.
    after
        A guess to be committed first (`WhatIf`).

    Notes
    -----
    The scenario has one field more than `cvmlab.portfolio.WorstCustomers`: ``cost_each``, what the action costs for
    each customer acted on (money, once), 0 at the start.

    The result is a dict: ``as_is``, ``hoped``, ``fixed_cost_stays``, ``chance_evens_out`` (money per year, less the
    cost of the action), ``cost`` (money), ``acted_on`` (customers), ``share``.

    Examples
    --------
    >>> import pandas as pd
    >>> customers = pd.DataFrame({
    ...     "customer_id": list("abcd"), "revenue": [100.0] * 4, "profit": [60.0, 40.0, 20.0, -40.0],
    ... })
    >>> what_if = whale_curve(customers)
    >>> what_if.set(share=0.25, stay_share=0)
    >>> print(what_if.sentence)
    Compared with leaving things as they are, acting on the worst 25% of customers promises 40 more in profit per year.
    ... expect 7.2 less in profit per year.
    >>> what_if.set(cost_each=5)
    >>> what_if.result["cost"], what_if.result["hoped"]
    (5.0, 115.0)
    """
    columns = [CUSTOMER_ID, profit, revenue, *([] if service is None else [service])]
    check_columns(customers, columns)
    curve = portfolio.whale_curve(customers, profit)
    share = np.concatenate(([0.0], curve["customer_share"].to_numpy()))
    cumulative = np.concatenate(([0.0], curve["cumulative"].to_numpy()))
    rows = style.thinned(len(share), 1_000)
    label = term("assumed_profit" if profit == "assumed_profit" else "profit")
    # one figure is enough for the ends of a slider
    typical = float(f"{customers[profit].abs().mean():.1g}") or 1.0
    needed = customers[columns]

    def compute(action: _Action) -> dict[str, Any]:
        steps = portfolio.after_acting(needed, action, service=service, profit=profit, revenue=revenue)
        found: dict[str, Any] = dict(zip(steps["step"], steps["profit"].astype(float), strict=True))
        acted_on = round(action.share * len(needed))
        cost = action.cost_each * acted_on
        after = {step: amount - cost for step, amount in found.items() if step != "as_is"}
        return {**found, **after, "cost": cost, "share": action.share, "acted_on": acted_on}

    def frame(ax: Axes, _: dict[str, Any]) -> None:
        ax.fill_between(share[rows], cumulative[rows], color=style.BLUE, alpha=0.08, linewidth=0)
        # below the ghost, which lies on it
        ax.plot(share[rows], cumulative[rows], color=style.BLUE, linewidth=2.2, zorder=1.7)
        ax.axhline(cumulative[-1], color=style.GRID, linewidth=1.2)
        ax.set_xlim(0, 1.75)
        ax.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
        style.percent_axis(ax.xaxis, term("charts.share_of_customers_by_profit"))
        style.money_axis(ax.yaxis, say("charts.cumulative_of", value=label), currency)
        # room for what acting may bring, so that the axes seldom have to grow
        ax.margins(y=0.12)

    def draw(ax: Axes, result: dict[str, Any]) -> None:
        left = 1 - result["share"]
        inside = share[rows] >= left - 1e-12
        x = np.concatenate(([left], share[rows][inside]))
        y = np.concatenate(([np.interp(left, share, cumulative)], cumulative[rows][inside]))
        ax.fill_between(x, y, color=style.VERMILION, alpha=0.3, linewidth=0)
        moved = _part_of_change(y)
        for step in ("hoped", "chance_evens_out"):
            bent = y + (result[step] - result["as_is"]) * moved
            ax.plot(x, bent, color=_LEVELS[step], linewidth=_WIDTHS[step])
        _draw_levels(ax, result, currency)

    def sentence(_: dict[str, Any], now: dict[str, Any]) -> str:
        return say(
            "whatif.whale_sentence",
            share=formats.percent(now["share"]),
            hoped=_gain(now["hoped"] - now["as_is"], currency),
            likely=_gain(now["chance_evens_out"] - now["as_is"], currency),
        )

    return WhatIf(
        _Action(**(scenario or portfolio.WorstCustomers()).values()),
        compute,
        draw,
        frame=frame,
        measures=[
            Measure("acted_on", "whatif.acted_on", "customers"),
            Measure("cost", "whatif.action_cost", "money"),
            *map(_net_profit, list(_LEVELS)[1:]),
        ],
        sentence=sentence,
        title="whatif.whale_title",
        presets={
            "whatif.dissolve": {"stay_share": 0.0, "price_change": 0.0, "saving": 0.0},
            "whatif.reprice": {"stay_share": 0.8, "price_change": 0.1, "saving": 0.0},
            "whatif.cheaper": {"stay_share": 0.9, "price_change": 0.0, "saving": 0.2},
        },
        # what is assumed, and of how many, is asked of every action
        keeps=("share", *ASSUMED),
        only=ACTIONS,
        more=ASSUMED,
        ranges={
            "price_change": (-0.5, 0.5, 0.01),
            "cost_each": (0.0, 2 * typical, typical / 20),
            # a share that was estimated is seldom a multiple of 5%
            "persistence": (0.0, 1.0, 0.01),
        },
        after=after,
        currency=currency,
        height=430,
    )


_LEVELS = {"as_is": style.QUIET, "hoped": style.SKY, "fixed_cost_stays": style.ORANGE, "chance_evens_out": style.INK}
_WIDTHS = {"as_is": 1.8, "hoped": 1.8, "fixed_cost_stays": 1.8, "chance_evens_out": 2.6}


def _part_of_change(cumulative: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much of the change of the end each point of the curve takes, from 0 to 1, by the size of profits."""
    sizes = np.abs(np.diff(cumulative, prepend=cumulative[0])).cumsum()
    return sizes / sizes[-1] if sizes[-1] else np.linspace(0, 1, len(sizes))


def _draw_levels(ax: Axes, result: dict[str, Any], currency: str) -> None:
    """Draw beside the curve the profit of all customers after each step, its names moved apart."""
    from matplotlib.collections import LineCollection

    for step, color in _LEVELS.items():
        ax.plot([1.0, 1.04], [result[step]] * 2, color=color, linewidth=_WIDTHS[step])
    leads = []
    bottom, top = ax.get_ylim()
    ends = [result[step] for step in _LEVELS]
    # the limits that the axes will have
    bottom, top = grown(bottom, top, *ax.dataLim.intervaly) or (bottom, top)
    # levels that are equal but for rounding keep their order, the first on top
    heights = [round((end - bottom) / (top - bottom), 6) for end in ends][::-1]
    for step, height in zip(_LEVELS, style.spread(heights, 0.07, 0.03, 0.97)[::-1], strict=True):
        beside = bottom + height * (top - bottom)
        leads.append([(1.045, result[step]), (1.075, beside)])
        said = f"{term(f'portfolio.{step}')} {formats.in_currency(formats.money(result[step]), currency)}"
        style.write(ax, 1.085, beside, said, va="center", size=8)
    # a collection leaves no ghost, and is drawn ten times faster than the arrows of annotations; it makes no axes grow
    ax.add_collection(LineCollection(leads, colors=list(_LEVELS.values()), linewidths=0.8), autolim=False)


def _net_profit(step: str) -> Measure:
    return Measure(step, say("whatif.net_profit", step=term(f"portfolio.{step}")), "money")


def _gain(change: float, currency: str) -> str:
    text = formats.money(abs(change))
    if text == "0":
        return term("whatif.no_change")
    return say("whatif.gain" if change > 0 else "whatif.loss", amount=formats.in_currency(text, currency))

"""Two finished what-ifs: where to draw the lines of the value matrix, what to do with the worst customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.charts import matrix as value_types
from cvmlab.charts import style
from cvmlab.core import formats
from cvmlab.core.scenario import Scenario, number
from cvmlab.core.words import say, term
from cvmlab.data.tables import CUSTOMER_ID, PROFIT, REVENUE, check_one_row_each, numbers
from cvmlab.worth import matrix, portfolio
from cvmlab.worth.matrix.thresholds import CURRENT_VALUE, GROWTH_POTENTIAL, HEADROOM

from ..measures import Measure
from ..widget import WhatIf

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ..guessing import Guess

#: More points than this are thinned to every n-th customer.
POINTS = 5_000


@dataclass(frozen=True)
class MatrixLines(Scenario):
    """Where the value matrix draws its lines, and what there is to spend.

    Attributes
    ----------
    current_value, growth_potential
        Thresholds: a customer above is high (money).
    budget
        Money to share out by the weights of `cvmlab.matrix.budget`.
    """

    current_value: float = number(0.0, word="matrix.current_value_threshold", unit="money")
    growth_potential: float = number(0.0, word="matrix.growth_potential_threshold", unit="money")
    budget: float = number(10_000.0, minimum=0, word="whatif.budget", unit="money")


@dataclass(frozen=True)
class HeadroomLines(MatrixLines):
    """The same where the second axis is headroom, which is not called potential."""

    growth_potential: float = number(0.0, word="whatif.headroom_threshold", unit="money")


def value_matrix(
    customers: pd.DataFrame,
    thresholds: matrix.Thresholds | None = None,
    *,
    value: str = CURRENT_VALUE,
    potential: str = HEADROOM,
    budget: float = 10_000.0,
    currency: str = "",
    after: Guess | None = None,
) -> WhatIf:
    """Return the what-if of the value matrix: how number, value and budget of the types follow the lines.

    Parameters
    ----------
    customers
        ``customer_id`` and the columns named by ``value`` and ``potential`` (money).
    thresholds
        Where the sliders start; the medians, rounded to a step of the slider, if left out.
    value, potential
        Columns, as in `cvmlab.matrix.classify`.
    budget
        Money to share out (`cvmlab.matrix.budget`, whose weights are ours).
    currency, after
        As in `WhatIf`.

    Notes
    -----
    The result is a dict: ``IV_customers``, ``IV_value`` (money), ``IV_budget`` (money) and so on for each
    type, and ``types``, the type of each customer. Sliders span the customers up to the 99% quantile.

    Examples
    --------
    >>> import pandas as pd
    >>> customers = pd.DataFrame({
    ...     "customer_id": list("abcd"), "current_value": [1.0, 4.0, 6.0, 9.0], "headroom": [1.0, 9.0, 1.0, 9.0]})
    >>> what_if = value_matrix(customers, matrix.Thresholds(current_value=5, growth_potential=5))
    >>> what_if.set(current_value=3)
    >>> print(what_if.sentence)
    1 of 4 customers have changed type. Customers in types III and IV: 3 (+1), with 95% of current value.
    """
    check_one_row_each(customers)
    worth, could_bring = numbers(customers, value), numbers(customers, potential)
    if thresholds is None:
        thresholds = matrix.Thresholds(_round_median(worth), _round_median(could_bring))
    kind = HeadroomLines if potential == HEADROOM else MatrixLines
    start = kind(thresholds.current_value, thresholds.growth_potential, budget)
    value_label = "current_value_axis" if value == CURRENT_VALUE else value
    # only what the types are made from, so that a slider waits for nothing else
    needed = customers[[CUSTOMER_ID, value, potential]]

    def compute(lines: MatrixLines) -> dict[str, Any]:
        chosen = matrix.Thresholds(lines.current_value, lines.growth_potential)
        typed = matrix.classify(needed, chosen, value, potential)
        spent = matrix.budget(typed, lines.budget)["budget"].to_numpy(float)
        summary = matrix.summarise_types(typed, [value])
        result: dict[str, Any] = {"lines": lines, "types": typed[matrix.VALUE_TYPE].to_numpy()}
        # both tables have a row a type, in the order of VALUE_TYPES
        counts, sums = summary["customers"].to_numpy(int), summary[value].to_numpy(float)
        for name, count, amount, share in zip(matrix.VALUE_TYPES, counts, sums, spent, strict=True):
            result |= {f"{name}_customers": int(count), f"{name}_value": float(amount), f"{name}_budget": float(share)}
        return result

    def frame(ax: Axes, baseline: dict[str, Any]) -> None:
        _scatter(ax, worth, could_bring, baseline["lines"])
        ax.set_xlabel(formats.in_money(term(value_label), currency))
        shown = "growth_potential_axis" if potential == GROWTH_POTENTIAL else potential
        ax.set_ylabel(formats.in_money(term(shown), currency))

    def sentence(before: dict[str, Any], now: dict[str, Any]) -> str:
        high = {result_id: _valuable(result) for result_id, result in (("before", before), ("now", now))}
        moved = int((before["types"] != now["types"]).sum())
        count = Measure("", unit="customers")
        total = sum(now[f"{name}_value"] for name in matrix.VALUE_TYPES)
        return say(
            "whatif.matrix_sentence",
            moved=f"{moved:,}",
            customers=f"{len(worth):,}",
            count=f"{high['now'][0]:,}",
            difference=count.difference(high["before"][0], high["now"][0]),
            share=formats.percent(high["now"][1] / total if total > 0 else float("nan")),
            value=term(value_label),
        )

    return WhatIf(
        start,
        compute,
        _draw_lines,
        frame=frame,
        measures=_matrix_measures(value_label),
        sentence=sentence,
        title="whatif.matrix_title",
        ranges={
            "current_value": _span(worth, thresholds.current_value),
            "growth_potential": _span(could_bring, thresholds.growth_potential),
            "budget": (0.0, max(4 * budget, 1.0), max(budget, 1.0) / 20),
        },
        after=after,
        currency=currency,
        height=430,
    )


def _valuable(result: dict[str, Any]) -> tuple[int, float]:
    return (
        result["III_customers"] + result["IV_customers"],
        result["III_value"] + result["IV_value"],
    )


def _matrix_measures(value_label: str) -> list[Measure]:
    made = []
    for name in matrix.VALUE_TYPES:
        shown = term(f"charts.type_{name}")
        made += [
            Measure(f"{name}_customers", say("whatif.type_customers", type=shown), "customers"),
            Measure(f"{name}_value", say("whatif.type_value", type=shown, value=term(value_label)), "money"),
            Measure(f"{name}_budget", say("whatif.type_budget", type=shown), "money"),
        ]
    return made


def _scatter(ax: Axes, worth: NDArray[np.float64], could_bring: NDArray[np.float64], lines: MatrixLines) -> None:
    value_types.heavy_tailed(ax, "x", worth, lines.current_value)
    value_types.heavy_tailed(ax, "y", could_bring, lines.growth_potential)
    step = -(-len(worth) // POINTS)
    size = float(np.clip(9_000 / max(len(worth) // step, 1), 4, 30))
    ax.scatter(worth[::step], could_bring[::step], s=size, color="#777777", alpha=0.55, linewidths=0)
    if step > 1:
        ax.annotate(
            say("whatif.every_step", step=step),
            xy=(1, 0),
            xycoords="axes fraction",
            xytext=(0, -22),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=8,
            color=style.QUIET,
        )


def _draw_lines(ax: Axes, result: dict[str, Any]) -> None:
    lines: MatrixLines = result["lines"]
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    corners = {
        "II": (left, lines.growth_potential, lines.current_value, high),
        "IV": (lines.current_value, lines.growth_potential, right, high),
        "I": (left, low, lines.current_value, lines.growth_potential),
        "III": (lines.current_value, low, right, lines.growth_potential),
    }
    for name, (x0, y0, x1, y1) in corners.items():
        ax.fill([x0, x1, x1, x0], [y0, y0, y1, y1], color=style.TYPES[name].color, alpha=0.16, linewidth=0)
    ax.plot([lines.current_value] * 2, [low, high], color=style.INK, linewidth=1.4)
    ax.plot([left, right], [lines.growth_potential] * 2, color=style.INK, linewidth=1.4)
    for name, (across, up) in {"II": (0, 1), "IV": (1, 1), "I": (0, 0), "III": (1, 0)}.items():
        count = result[f"{name}_customers"]
        said = "charts.matrix_label_one" if count == 1 else "charts.matrix_label"
        ax.text(
            0.99 if across else 0.01,
            0.98 if up else 0.02,
            say(said, type=term(f"charts.type_{name}"), customers=f"{count:,}"),
            transform=ax.transAxes,
            ha="right" if across else "left",
            va="top" if up else "bottom",
            fontsize=style.LABEL_SIZE,
            color=style.INK,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2},
        )


def _span(amounts: NDArray[np.float64], threshold: float) -> tuple[float, float, float]:
    low = min(0.0, float(np.quantile(amounts, 0.01)), threshold)
    high = max(float(np.quantile(amounts, 0.99)), threshold)
    step = _round_step((high - low) / 100)
    return float(np.floor(low / step) * step), float(np.ceil(high / step) * step), step


def _round_median(amounts: NDArray[np.float64]) -> float:
    median = float(np.median(amounts))
    _, _, step = _span(amounts, median)
    return round(median / step) * step


def _round_step(size: float) -> float:
    """Return 1, 2 or 5 times a power of ten, near ``size``.

    >>> _round_step(3.7), _round_step(0.012)
    (5.0, 0.01)
    """
    if size <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(size))
    return float(f"{min((1, 2, 5, 10), key=lambda digit: abs(digit * power - size)) * power:.6g}")


def whale_curve(
    customers: pd.DataFrame,
    scenario: portfolio.WorstCustomers | None = None,
    *,
    profit: str = PROFIT,
    revenue: str = REVENUE,
    currency: str = "",
    after: Guess | None = None,
) -> WhatIf:
    """Return the what-if of the whale curve: the worst customers dissolved, repriced or served cheaper.

    The curve is this year's profit, from the best customer to the worst. Its end is the profit of all.
    Three lines say what is to be expected after acting on the worst: as hoped, with fixed cost staying,
    and with chance evening out as well (`cvmlab.portfolio.after_acting`).

    Parameters
    ----------
    customers
        ``customer_id``, the profit and the revenue column (money a year).
    scenario
        Where the sliders start; by default nothing is done yet.
    profit, revenue
        Columns; ``profit="assumed_profit"`` where profit follows from a stated margin.
    currency, after
        As in `WhatIf`.

    Examples
    --------
    >>> import pandas as pd
    >>> customers = pd.DataFrame({
    ...     "customer_id": list("abcd"), "revenue": [100.0] * 4, "profit": [60.0, 40.0, 20.0, -40.0],
    ... })
    >>> what_if = whale_curve(customers)
    >>> what_if.set(share=0.25, stay_share=0)
    >>> print(what_if.sentence)
    Acting on the worst 25% of customers promises 40 more in profit per year. ... expect 7.2 less in profit per year.
    """
    curve = portfolio.whale_curve(customers, profit)
    share = np.concatenate(([0.0], curve["customer_share"].to_numpy()))
    cumulative = np.concatenate(([0.0], curve["cumulative"].to_numpy()))
    rows = style.thinned(len(share), 1_000)
    label = term("assumed_profit" if profit == "assumed_profit" else "profit")
    needed = customers[[CUSTOMER_ID, profit, revenue]]

    def compute(action: portfolio.WorstCustomers) -> dict[str, Any]:
        steps = portfolio.after_acting(needed, action, profit=profit, revenue=revenue)
        found: dict[str, Any] = dict(zip(steps["step"], steps["profit"].astype(float), strict=True))
        return {**found, "share": action.share, "acted_on": round(action.share * len(needed))}

    def frame(ax: Axes, _: dict[str, Any]) -> None:
        ax.fill_between(share[rows], cumulative[rows], color=style.BLUE, alpha=0.08, linewidth=0)
        ax.plot(share[rows], cumulative[rows], color=style.BLUE, linewidth=2.2)
        ax.axhline(cumulative[-1], color=style.GRID, linewidth=1.2)
        ax.set_xlim(0, 1.6)
        ax.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
        ax.set_xlabel(term("charts.share_of_customers_by_profit"))
        ax.set_ylabel(formats.in_money(say("charts.cumulative_of", value=label), currency))
        style.percent_axis(ax.xaxis)
        style.money_axis(ax.yaxis)
        # room for what acting may bring, so that the axes seldom have to grow
        ax.margins(y=0.12)

    def draw(ax: Axes, result: dict[str, Any]) -> None:
        left = 1 - result["share"]
        inside = share[rows] >= left - 1e-12
        x = np.concatenate(([left], share[rows][inside]))
        y = np.concatenate(([np.interp(left, share, cumulative)], cumulative[rows][inside]))
        ax.fill_between(x, y, color=style.VERMILION, alpha=0.3, linewidth=0)
        ax.plot(x, y, color=style.VERMILION, linewidth=2.6)
        _draw_levels(ax, result)

    def sentence(_: dict[str, Any], now: dict[str, Any]) -> str:
        return say(
            "whatif.whale_sentence",
            share=formats.percent(now["share"]),
            hoped=_gain(now["hoped"] - now["as_is"]),
            likely=_gain(now["chance_evens_out"] - now["as_is"]),
        )

    return WhatIf(
        scenario or portfolio.WorstCustomers(),
        compute,
        draw,
        frame=frame,
        measures=[
            Measure("acted_on", "whatif.acted_on", "customers"),
            *(
                Measure(step, say("whatif.net_profit", step=term(f"portfolio.{step}")), "money")
                for step in ("hoped", "fixed_cost_stays", "chance_evens_out")
            ),
        ],
        sentence=sentence,
        title="whatif.whale_title",
        presets={
            "whatif.dissolve": {"stay_share": 0.0, "price_change": 0.0, "saving": 0.0},
            "whatif.reprice": {"stay_share": 0.8, "price_change": 0.1, "saving": 0.0},
            "whatif.cheaper": {"stay_share": 0.9, "price_change": 0.0, "saving": 0.2},
        },
        ranges={"price_change": (-0.5, 0.5, 0.01)},
        after=after,
        currency=currency,
        height=430,
    )


_LEVELS = {"as_is": style.QUIET, "hoped": style.SKY, "fixed_cost_stays": style.ORANGE, "chance_evens_out": style.INK}


def _draw_levels(ax: Axes, result: dict[str, Any]) -> None:
    for step, color in _LEVELS.items():
        wide = 2.6 if step == "chance_evens_out" else 1.8
        ax.plot([1.0, 1.04], [result[step]] * 2, color=color, linewidth=wide)
    bottom, top = ax.get_ylim()
    steps = list(_LEVELS)
    heights = [(result[step] - bottom) / (top - bottom) for step in steps]
    for step, height in zip(steps, style.spread(heights, 0.07, 0.03, 0.97), strict=True):
        # a plain line is drawn ten times faster than the arrow of an annotation
        beside = bottom + height * (top - bottom)
        ax.plot([1.045, 1.075], [result[step], beside], color=_LEVELS[step], linewidth=0.8)
        ax.text(
            1.085,
            beside,
            f"{term(f'portfolio.{step}')} {formats.money(result[step])}",
            va="center",
            fontsize=8,
            color=style.INK,
        )


def _gain(change: float) -> str:
    text = formats.money(abs(change))
    if text == "0":
        return term("whatif.no_change")
    return say("whatif.gain" if change > 0 else "whatif.loss", amount=text)

"""The what-if of matrix and budget: where the lines are, and what a budget brings on both sides of them (S11)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.charts import style
from cvmlab.charts.matrix import CORNERS
from cvmlab.core import formats
from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario, number
from cvmlab.core.words import say, term
from cvmlab.data.tables import CUSTOMER_ID, check_one_row_each, numbers
from cvmlab.worth import matrix

from ..measures import Measure
from ..widget import WhatIf

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..guessing import Guess

#: Cost of a strategy per customer: what a slider says about the response is said of this amount.
COST = 4_000.0
#: Weights that leave out type I and give every other customer the same.
WITHOUT_TYPE_ONE = {"II": 1.0, "III": 1.0, "IV": 1.0}
CURRENT_VALUE, COULD_WIN = "current_value", "could_win"
#: Places of the matrix and of the budgets in the picture: left, bottom, width, height.
MATRIX, BUDGETS = (0.09, 0.13, 0.41, 0.76), (0.68, 0.13, 0.31, 0.76)
LOOKS: dict[str, dict[str, Any]] = {
    "heuristic": {"facecolor": style.PALE, "hatch": "///"},
    "optimal": {"facecolor": style.BLUE},
}


@dataclass(frozen=True)
class _Lines(Scenario):
    """Where the matrix draws its lines, what there is to spend, and what spending does."""

    current_value: float = number(
        8_000, word="matrix.current_value_threshold", minimum=0, maximum=20_000, step=500, unit="money"
    )
    growth_potential: float = number(
        4_000, word="matrix.growth_potential_threshold", minimum=0, maximum=12_000, step=500, unit="money"
    )
    budget: float = number(24_000, word="whatif.budget", minimum=1_000, maximum=48_000, step=1_000, unit="money")
    leaving: float = number(0.2, word="matrix.leaving", minimum=0, maximum=0.5, step=0.05, unit="share")
    won: float = number(0.8, word="matrix.won", minimum=0.3, maximum=0.95, step=0.05, unit="share")


@public
def matrix_and_budget(customers: pd.DataFrame, *, currency: str = "", after: Guess | None = None) -> WhatIf:
    """Return the what-if of matrix and budget: the matrix beside Table 3-2 and the best split of the same budget.

    Parameters
    ----------
    customers
        ``customer_id``, ``current_value`` and ``could_win`` (money): what a customer is worth, and what developing
        them would bring at most, before any cost.
    currency
        Sign of the currency.
    after
        A guess to be committed first (`WhatIf`).

    Notes
    -----
    Spending x on a customer wins or keeps the share 1 − (1 − ``won``)^(x/4,000) of what is at stake: ``could_win``,
    and current value × ``leaving`` / (1 − ``leaving``), what a customer sure to stay this year is worth on top
    (current value reckons with ``leaving`` from this year on, as `cvmlab.value.margin_multiple` does). Growth
    potential = ``won`` × ``could_win`` − 4,000, not below 0. Table 3-2 by `cvmlab.matrix.budget`, whose weights are
    ours; beside it, the same for all, and the same for all but type I, which needs no weights. What is *assumed*, not
    estimated: all of it.

    The result is a dict: ``types`` (of each customer), ``growth_potential`` (money of each), ``shares`` (of the budget,
    by split, a figure per type), ``table_profit``, ``same_profit``, ``rest_profit`` (without type I),
    ``best_profit`` (money, after the spending).

    Examples
    --------
    >>> import pandas as pd
    >>> shops = pd.DataFrame({
    ...     "customer_id": list("abcd"), "current_value": [24e3, 19e3, 4e3, 1e3], "could_win": [16e3, 8e3, 22e3, 2e3]})
    >>> result = matrix_and_budget(shops).result
    >>> result["types"].tolist(), round(result["best_profit"]) > round(result["table_profit"])
    (['IV', 'III', 'II', 'I'], True)
    """
    check_one_row_each(customers)
    worth, could_win = numbers(customers, CURRENT_VALUE), numbers(customers, COULD_WIN)
    shops = customers[[CUSTOMER_ID]].assign(current_value=worth)
    (low, most), (bottom, top) = _limits(worth), _limits(np.maximum(could_win - COST, 0))
    # room for the names of the lower types
    bottom -= 0.1 * (top - bottom)

    def compute(lines: _Lines) -> dict[str, Any]:
        # sure to stay this year, a customer is worth current value / (1 − leaving)
        at_stake = could_win + lines.leaving / (1 - lines.leaving) * worth
        known = shops.assign(growth_potential=np.maximum(lines.won * could_win - COST, 0), at_stake=at_stake)
        thresholds = matrix.Thresholds(lines.current_value, lines.growth_potential)
        typed = matrix.classify(known, thresholds, potential="growth_potential")
        steep = matrix.steepness_from(COST, lines.won, assumed_ceiling=1)
        response: dict[str, Any] = {"assumed_ceiling": 1, "assumed_steepness": steep}
        both = matrix.compare_budgets(typed, lines.budget, "at_stake", **response)
        rest = matrix.compare_budgets(typed, lines.budget, "at_stake", weights=WITHOUT_TYPE_ONE, **response)
        same = lines.budget / len(typed)
        return {
            "lines": lines,
            "budget": lines.budget,
            "types": typed[matrix.VALUE_TYPE].to_numpy(),
            "growth_potential": typed["growth_potential"].to_numpy(),
            "shares": {split: both[f"{split}_budget"].to_numpy() / lines.budget for split in LOOKS},
            "table_profit": float(both["heuristic_profit"].sum()),
            "rest_profit": float(rest["heuristic_profit"].sum()),
            "best_profit": float(both["optimal_profit"].sum()),
            "same_profit": float((at_stake * -np.expm1(-steep * same) - same).sum()),
        }

    def frame(ax: Axes, baseline: dict[str, Any]) -> None:
        ax.set_axis_off()
        ax.set(xlim=(0, 1), ylim=(0, 1))
        # below the ghost
        left, right = (style.dressed(ax.inset_axes(place, zorder=1)) for place in (MATRIX, BUDGETS))
        left.set(xlim=(low, most), ylim=(bottom, top))
        style.money_axis(left.xaxis, term("current_value_axis"), currency)
        style.money_axis(left.yaxis, term("growth_potential_axis"), currency)
        left.locator_params(nbins=5)
        for name, (across, up) in CORNERS.items():
            corner: dict[str, Any] = {"ha": "right" if across else "left", "va": "top" if up else "bottom"}
            label = term(f"charts.type_{name}")
            style.write(left, 0.02 + 0.96 * across, 0.02 + 0.96 * up, label, transform=left.transAxes, **corner)
        right.set_xlim(-0.6, 3.6)
        right.set_ylim(0, 1)
        right.set_xticks(range(4), [term(f"charts.type_{name}") for name in matrix.VALUE_TYPES])
        right.grid(visible=False, axis="x")
        right.yaxis.set_major_formatter(lambda share, _: formats.percent(share))
        right.set_ylabel(term("matrix.share_y"))
        style.write(ax, 0.99, 0.93, term("matrix.table_marks"), ha="right", va="bottom")

    def draw(ax: Axes, result: dict[str, Any]) -> None:
        # a trial before the frame is drawn has no places yet
        left, right = (each.transData for each in ax.child_axes or (ax, ax))
        across, up = min(result["lines"].current_value, most), min(result["lines"].growth_potential, top)
        ax.plot([across] * 2, [bottom, top], color=style.INK, linewidth=1.4, transform=left)
        ax.plot([low, most], [up] * 2, color=style.INK, linewidth=1.4, transform=left)
        for name in matrix.VALUE_TYPES:
            here, mark = result["types"] == name, style.TYPES[name]
            look: dict[str, Any] = {"color": mark.color, "marker": mark.marker, "markersize": 6, "linestyle": "none"}
            ax.plot(worth[here], result["growth_potential"][here], transform=left, **look)
        for side, (split, look) in zip((-0.4, 0.02), LOOKS.items(), strict=True):
            for place, share in enumerate(result["shares"][split]):
                _bar(ax, (place + side, share), right, look)

    return WhatIf(
        _Lines(),
        compute,
        draw,
        frame=frame,
        measures=[
            Measure("table_profit", "matrix.by_table", "money"),
            Measure("same_profit", "matrix.by_same", "money"),
            Measure("rest_profit", "matrix.by_rest", "money"),
            Measure("best_profit", "matrix.by_type", "money"),
        ],
        sentence=partial(_sentence, currency=currency),
        title="matrix.what_if",
        presets={
            "matrix.lines_up": {"current_value": 12_000, "growth_potential": 6_000},
            "matrix.more_leave": {"leaving": 0.4},
            "matrix.half_budget": {"budget": 12_000},
            "matrix.wins_less": {"won": 0.6},
        },
        after=after,
        currency=currency,
        height=310,
    )


def _limits(amounts: Any) -> tuple[float, float]:
    """Return the limits of an axis: all amounts, zero, and room for their marks."""
    low, high = min(float(amounts.min()), 0.0), max(float(amounts.max()), 1.0)
    return low - 0.05 * (high - low), high + 0.05 * (high - low)


def _bar(ax: Axes, end: tuple[float, float], transform: Any, look: dict[str, Any]) -> None:
    from matplotlib.patches import Rectangle

    (x, share), width = end, 0.38
    ax.add_patch(Rectangle((x, 0), width, share, edgecolor=style.INK, linewidth=0.6, transform=transform, **look))


def _sentence(before: dict[str, Any], now: dict[str, Any], *, currency: str) -> str:
    names = {
        "budget": "budget",
        "table": "table_profit",
        "same": "same_profit",
        "rest": "rest_profit",
        "best": "best_profit",
    }
    amounts = {
        name: formats.in_currency(formats.grouped(round(now[key], -1), 0), currency) for name, key in names.items()
    }
    moved = int((before["types"] != now["types"]).sum())
    return say("matrix.budget_sentence", moved=moved, customers=len(now["types"]), **amounts)

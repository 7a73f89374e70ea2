"""The what-if of the value matrix: where to draw its lines (S11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.charts import matrix as value_types
from cvmlab.charts import style
from cvmlab.core import formats
from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario, number
from cvmlab.core.words import say, term
from cvmlab.data.tables import CUSTOMER_ID, check_one_row_each, numbers
from cvmlab.worth import matrix
from cvmlab.worth.matrix.thresholds import CURRENT_VALUE, GROWTH_POTENTIAL, HEADROOM

from ..measures import Measure
from ..widget import WhatIf

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ..guessing import Guess

#: More customers than this are thinned to every n-th.
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


@public
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
        Names of the two columns.
    budget
        Money to share out (`cvmlab.matrix.budget`, whose weights are ours).
    currency
        Sign of the currency.
    after
        A guess to be committed first (`WhatIf`).

    Notes
    -----
    The result is a dict: ``IV_customers``, ``IV_value`` (money), ``IV_budget`` (money) and so on for each
    type, and ``types``, the type of each customer. The budget is money spent on them: what it brings is not
    modelled, so nothing is promised for it. Sliders span the customers up to the 99% quantile.

    Examples
    --------
    >>> import pandas as pd
    >>> customers = pd.DataFrame({
    ...     "customer_id": list("abcd"), "current_value": [1.0, 4.0, 6.0, 9.0], "headroom": [1.0, 9.0, 1.0, 9.0]})
    >>> what_if = value_matrix(customers, matrix.Thresholds(current_value=5, growth_potential=5))
    >>> what_if.set(current_value=3)
    >>> print(what_if.sentence)
    1 of 4 customers has changed type. Types III and IV: 3 customers (+1), with 95% of current value.
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
        # where all are of type I, which has no weight, the budget stays unspent
        shared = lines.budget if typed[matrix.VALUE_TYPE].ne("I").any() else 0
        spent = matrix.budget(typed, shared)["budget"].to_numpy(float)
        summary = matrix.summarise_types(typed, [value])
        result: dict[str, Any] = {"lines": lines, "types": typed[matrix.VALUE_TYPE].to_numpy()}
        # both tables have one row per type, in the order of VALUE_TYPES
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
        was, count = (result["III_customers"] + result["IV_customers"] for result in (before, now))
        total = sum(now[f"{name}_value"] for name in matrix.VALUE_TYPES)
        share = (now["III_value"] + now["IV_value"]) / total if total > 0 else float("nan")
        return say(
            "whatif.matrix_sentence",
            moved=formats.count((before["types"] != now["types"]).sum()),
            customers=formats.count(len(worth)),
            count=formats.count(count),
            difference=Measure("", unit="customers").difference(was, count),
            share=formats.percent(share),
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


def _matrix_measures(value_label: str) -> list[Measure]:
    """Return number, value and budget of each type."""
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
    """Draw the customers and the scales they ask for."""
    value_types.heavy_tailed(ax, "x", worth, lines.current_value)
    value_types.heavy_tailed(ax, "y", could_bring, lines.growth_potential)
    step = -(-len(worth) // POINTS)
    size = float(np.clip(9_000 / max(len(worth) // step, 1), 4, 30))
    ax.scatter(worth[::step], could_bring[::step], s=size, color="#777777", alpha=0.55, linewidths=0)
    value_types.say_thinned(ax, step, -22)


def _draw_lines(ax: Axes, result: dict[str, Any]) -> None:
    """Draw the lines of the matrix, its four fields, and the number of customers in each."""
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
    looks = {"transform": ax.transAxes, "bbox": {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2}}
    for name, (across, up) in value_types.CORNERS.items():
        x, y = 0.99 if across else 0.01, 0.98 if up else 0.02
        corner: dict[str, Any] = {"ha": "right" if across else "left", "va": "top" if up else "bottom", **looks}
        said = value_types.type_count(name, result[f"{name}_customers"])
        style.write(ax, x, y, said, size=style.LABEL_SIZE, **corner)


def _span(amounts: NDArray[np.float64], threshold: float) -> tuple[float, float, float]:
    """Return lowest and highest value and step of a slider that spans all but the outermost customers."""
    low = min(0.0, float(np.quantile(amounts, 0.01)), threshold)
    high = max(float(np.quantile(amounts, 0.99)), threshold)
    step = _round_step((high - low) / 100)
    return float(np.floor(low / step) * step), float(np.ceil(high / step) * step), step


def _round_median(amounts: NDArray[np.float64]) -> float:
    median = float(np.median(amounts))
    _, _, step = _span(amounts, median)
    return round(median / step) * step


def _round_step(size: float) -> float:
    """Return 1, 2 or 5 times a power of ten, near ``size``."""
    if size <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(size))
    return float(f"{min((1, 2, 5, 10), key=lambda digit: abs(digit * power - size)) * power:.6g}")

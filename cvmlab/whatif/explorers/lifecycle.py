"""The what-if of the life curve: how long the stages last, what lags, what it costs to serve (S02, S03)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.charts import lifecycle as life
from cvmlab.charts import style
from cvmlab.core import formats
from cvmlab.core.checking import check_parameter
from cvmlab.core.discounting import present_value
from cvmlab.core.formats import listed
from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario
from cvmlab.core.words import say, term
from cvmlab.relationship import lifecycle
from cvmlab.relationship.lifecycle import Relationship
from cvmlab.relationship.lifecycle.claims import broken_claims

from ..controls import Range
from ..measures import Measure
from ..widget import WhatIf

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ..guessing import Guess

#: Fields that get a slider unless others are asked for.
SLIDERS = (
    "exploration_months",
    "formation_months",
    "stability_months",
    "price_lag",
    "benefit_lag",
    "fixed_cost",
    "bad_word_of_mouth",
    "acquisition_cost",
)
PRESETS: dict[str, dict[str, Any]] = {
    "lifecycle.shorten_exploration": {"exploration_months": 3},
    "lifecycle.cost_to_serve": {"fixed_cost": 1_000},
    "lifecycle.disappoint": {"bad_word_of_mouth": 2_000},
}
#: Claims the sentence names; the table counts all.
NAMED = 2


@public
def life_curve(
    relationship: Relationship | None = None,
    *,
    sliders: Sequence[str] = SLIDERS,
    as_share: bool = False,
    discount_rate: float = 0.10,
    currency: str = "",
    after: Guess | None = None,
) -> WhatIf:
    """Return the what-if of the life curve: revenue and profit of one relationship, month by month.

    Parameters
    ----------
    relationship
        Where the sliders start; the textbook life of `Relationship` if left out.
    sliders
        Fields that get a slider. A preset is offered if its field has one.
    as_share
        Whether each curve is drawn as a share of its own highest value.
    discount_rate
        Annual, for the present value; the first month counts at once.
    currency
        Sign of the currency.
    after
        A guess to be committed first (`WhatIf`).

    Raises
    ------
    CvmError
        For a slider that is not a field of `Relationship`, or a discount rate of −1 or less.

    Notes
    -----
    The result is a dict: ``curve`` (`cvmlab.lifecycle.life_curve`), ``profit`` and ``present_value`` of the
    whole life (money), ``payback_month`` (the month, counted from 1, from which the profit so far stays
    positive; 0 if it is from the first one on, so that there is nothing to pay back, NaN if it never is),
    ``unpaid_months`` (months before that one, all if it never comes), ``loss_months``, ``revenue_month`` and
    ``profit_month`` (with the highest figure), ``broken`` (claims of Table 3-1 and of the two differences that
    do not hold), ``too_late`` (whether the repair would come after the end).

    Sliders move one by one, so a repair may be asked for after the end of decline. `Relationship` refuses
    that; here such a life is one without a repair, and the sentence says so.

    Examples
    --------
    >>> what_if = life_curve()
    >>> what_if.set(fixed_cost=1_000)
    >>> what_if.result["profit"] < what_if.baseline["profit"], what_if.result["broken"]
    (True, 2)
    """
    check_parameter("discount_rate", discount_rate, -1, open_minimum=True)
    start = _Moved(**(relationship or Relationship()).values())

    def compute(chosen: _Moved) -> dict[str, Any]:
        return _figures(chosen, discount_rate)

    def frame(ax: Axes, baseline: dict[str, Any]) -> None:
        highest = 1.0 if as_share else float(baseline["curve"]["revenue"].max())
        ax.set_xlim(0, 1.2 * len(baseline["curve"]))
        ax.set_ylim(-0.3 * highest, 1.25 * highest)
        ax.axhline(0, color=style.QUIET, linewidth=0.8)
        life.label_curve_axes(ax, currency, as_share=as_share)

    def draw(ax: Axes, result: dict[str, Any]) -> None:
        curve = result["curve"]
        life.draw_curves(ax, curve, as_share=as_share)
        _mark_stages(ax, curve["stage"])
        _label_curves(ax, curve, as_share=as_share)

    return WhatIf(
        start,
        compute,
        draw,
        frame=frame,
        measures=_measures(discount_rate),
        sentence=_sentence,
        title="lifecycle.what_if_title",
        only=list(sliders),
        ranges={name: span for name, span in _ranges(start).items() if name in sliders},
        presets={word: changes for word, changes in PRESETS.items() if set(changes) <= set(sliders)},
        after=after,
        currency=currency,
    )


@dataclass(frozen=True)
class _Moved(Relationship):
    """A relationship while its sliders are moved: one may have passed another that is to follow."""

    def __post_init__(self) -> None:
        Scenario.__post_init__(self)

    @property
    def too_late(self) -> bool:
        return self.repaired_after >= self.decline_months

    def settled(self) -> Relationship:
        return Relationship(**self.values() | ({"repaired_after": 0} if self.too_late else {}))


def _measures(discount_rate: float) -> list[Measure]:
    discounted = say("lifecycle.life_present_value", rate=formats.percent(discount_rate))
    return [
        Measure("profit", "lifecycle.life_profit", "money"),
        Measure("present_value", discounted, "money"),
        *(
            Measure(name, f"lifecycle.{name}", "times")
            for name in ("unpaid_months", "loss_months", "revenue_month", "profit_month", "broken")
        ),
    ]


def _figures(moved: _Moved, discount_rate: float) -> dict[str, Any]:
    relationship = moved.settled()
    curve = lifecycle.life_curve(relationship)
    profit, revenue = curve["profit"].to_numpy(), curve["revenue"].to_numpy()
    broken = broken_claims(relationship)
    unpaid = _unpaid_months(profit)
    return {
        "curve": curve,
        "profit": float(profit.sum()),
        "present_value": float(present_value(profit, discount_rate, 12, first="now")),
        "payback_month": _payback(unpaid, len(profit)),
        "unpaid_months": unpaid,
        "loss_months": int((profit < 0).sum()),
        "revenue_month": int(revenue.argmax()) + 1,
        "profit_month": int(profit.argmax()) + 1,
        "broken": len(broken),
        "claims": broken,
        "too_late": moved.too_late,
        "repaired_after": moved.repaired_after,
    }


def _unpaid_months(profit: NDArray[np.float64]) -> int:
    short = np.flatnonzero(np.cumsum(profit) <= 0)
    return int(short[-1]) + 1 if len(short) else 0


def _payback(unpaid: int, months: int) -> float:
    if not unpaid:
        return 0.0
    return unpaid + 1.0 if unpaid < months else float("nan")


def _ranges(start: Relationship) -> dict[str, Range]:
    highest = start.largest_volume * start.base_price
    money = max(float(f"{highest / 5:.1g}"), 1.0)
    return {
        "exploration_months": (1, 18, 1),
        "formation_months": (1, 36, 1),
        "stability_months": (1, 84, 1),
        "decline_months": (1, 36, 1),
        "repaired_after": (0, max(start.decline_months - 1, 1), 1),
        "price_lag": (0, 24, 1),
        "cost_lag": (0, 24, 1),
        "benefit_lag": (0, 24, 1),
        "fixed_cost": (0.0, money, money / 40),
        "bad_word_of_mouth": (0.0, 2 * money, money / 20),
        "largest_benefit": (0.0, 2 * money, money / 20),
        "acquisition_cost": (0.0, 15 * money, money / 4),
    }


def _mark_stages(ax: Axes, stage: pd.Series[str]) -> None:
    spells = life.spells_of(stage)
    low, high = ax.get_ylim()
    # a collection leaves no ghost behind
    starts = [start for _, start, _ in spells[1:]]
    ax.vlines(starts, low, high, colors=style.QUIET, linestyles=":", linewidth=0.9)
    for row, (name, start, _) in enumerate(spells):
        # every second name stands lower, so that short stages do not write over each other
        style.note(ax, term(name), (start, high), (3, -12 - 12 * (row % 2)), color=style.QUIET)


def _label_curves(ax: Axes, curve: pd.DataFrame, *, as_share: bool) -> None:
    """Name each curve in the last month of its last stability."""
    month = int(np.flatnonzero(curve["stage"] == "stability")[-1])
    lifts = {"revenue": 5, "profit": -14 if as_share else 5}
    for name, heights in life.curves(curve, as_share=as_share).items():
        style.note(ax, term(f"{name}_curve"), (month + 1.0, float(heights[month])), (0, lifts[name]), ha="right")


def _sentence(before: dict[str, Any], now: dict[str, Any]) -> str:
    change = now["profit"] - before["profit"]
    difference = ("−" if change < 0 else "+") + formats.money(abs(change))
    parts = [say("lifecycle.sentence_profit", profit=formats.money(now["profit"]), difference=difference)]
    parts.append(_payback_in_words(now["payback_month"]))
    if now["too_late"]:
        parts.append(say("lifecycle.sentence_repair_too_late", months=now["repaired_after"]))
    if claims := now["claims"]:
        named = listed(claims[:NAMED], apart=True)
        parts.append(say("lifecycle.sentence_broken", count=len(claims), claims=named))
    else:
        parts.append(term("lifecycle.sentence_textbook"))
    return "".join(parts) if parts[0].endswith("。") else " ".join(parts)


def _payback_in_words(month: float) -> str:
    if np.isnan(month):
        return term("lifecycle.sentence_never")
    if not month:
        return term("lifecycle.sentence_nothing_to_pay_back")
    return say("lifecycle.sentence_payback", month=int(month))

"""The what-if of the life curve: when a customer has paid back, and what that takes (S02, S03)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from cvmlab.charts import lifecycle as life
from cvmlab.charts import style
from cvmlab.core import formats
from cvmlab.core.checking import check_parameter
from cvmlab.core.discounting import present_value
from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario
from cvmlab.core.words import say, term
from cvmlab.relationship import lifecycle
from cvmlab.relationship.lifecycle import Relationship
from cvmlab.relationship.lifecycle.curve import months_field

from ..controls import Range
from ..measures import Measure
from ..playing import Unfold
from ..widget import WhatIf

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ..guessing import Guess

#: Fields that get a slider on first sight, and those folded away, unless others are asked for.
SLIDERS = ("exploration_months", "stability_months", "acquisition_cost", "fixed_cost", "bad_word_of_mouth")
MORE = ("formation_months", "decline_months", "price_lag", "benefit_lag")
#: What helping a new customer with its test costs in the preset (money); ours.
HELP = 2_000


@public
def life_curve(
    relationship: Relationship | None = None,
    *,
    sliders: Sequence[str] = SLIDERS,
    more: Sequence[str] = MORE,
    discount_rate: float = 0.10,
    currency: str = "",
    after: Guess | None = None,
) -> WhatIf:
    """Return the what-if of the life curve: revenue and profit of one relationship, month by month.

    Parameters
    ----------
    relationship
        Where the sliders start; the textbook life of `Relationship` if left out.
    sliders, more
        Fields that get a slider: on first sight, and folded away.
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
    ``early_loss`` (money lost if the customer leaves after exploration; 0 if nothing is), ``loss_months``, ``too_late``
    (whether the repair would come after the end).

    Longer exploration or formation takes its months from stability (at least one is left), so that the life stays as
    long: otherwise a customer who tests for longer would also stay for longer. Set ``stability_months`` beside them
    for another length. The preset that helps with the test halves exploration and adds the cost of the help (2,000,
    ours) to the acquisition cost.

    Sliders move one by one, so a repair may be asked for after the end of decline. `Relationship` refuses
    that; here such a life is one without a repair, and the sentence says so.

    Examples
    --------
    >>> what_if = life_curve(Relationship(acquisition_cost=8_000))
    >>> what_if.set(fixed_cost=1_000)
    >>> what_if.baseline["payback_month"], what_if.result["payback_month"]
    (18.0, 28.0)
    """
    check_parameter("discount_rate", discount_rate, -1, open_minimum=True)
    start = _Moved(**(relationship or Relationship()).values())

    def compute(chosen: _Moved) -> dict[str, Any]:
        return _figures(chosen, discount_rate)

    def frame(ax: Axes, baseline: dict[str, Any]) -> None:
        highest, start = float(baseline["curve"]["revenue"].max()), float(baseline["curve"]["profit"].iloc[0])
        ax.set_xlim(0, 1.2 * len(baseline["curve"]))
        # low enough for what the customer begins with, and for the preset that adds to it
        ax.set_ylim(min(-0.3 * highest, 1.3 * start), 1.25 * highest)
        ax.axhline(0, color=style.QUIET, linewidth=0.8)
        life.label_curve_axes(ax, currency, as_share=False)

    def draw(ax: Axes, result: dict[str, Any]) -> None:
        shown = result["curve"].iloc[: result.get("until")]
        life.draw_curves(ax, shown)
        _mark_stages(ax, shown["stage"])
        life.name_curves(ax, shown)
        _mark_payback(ax, shown["profit"].to_numpy(), result["payback_month"], currency)

    asked = [*sliders, *more]
    return WhatIf(
        start,
        compute,
        draw,
        frame=frame,
        measures=_measures(discount_rate),
        sentence=partial(_sentence, currency),
        title="lifecycle.what_if_title",
        only=list(sliders),
        more=list(more),
        ranges={name: span for name, span in _ranges(start).items() if name in asked},
        presets=_presets(start),
        play=Unfold(lambda result: len(result["curve"])),
        after=after,
        currency=currency,
    )


def _presets(start: Relationship) -> Mapping[str, Mapping[str, Any]]:
    sooner = start.exploration_months - start.exploration_months // 2
    helped = {
        "exploration_months": start.exploration_months - sooner,
        "acquisition_cost": start.acquisition_cost + HELP,
    }
    return {
        **({"lifecycle.help_with_test": helped} if helped["exploration_months"] else {}),
        "lifecycle.cost_to_serve": {"fixed_cost": 1_000},
        "lifecycle.disappoint": {"bad_word_of_mouth": 2_000},
    }


@dataclass(frozen=True)
class _Moved(Relationship):
    """A relationship while its sliders are moved: one may have passed another that is to follow.

    The labels say what each slider does to the length of the life.
    """

    exploration_months: int = months_field(6, "exploration_from_stability")
    formation_months: int = months_field(18, "formation_from_stability")
    stability_months: int = months_field(60, "stability_added", maximum=360)

    def __post_init__(self) -> None:
        Scenario.__post_init__(self)

    def replace(self, **changes: object) -> Self:
        """Return the relationship with some fields changed, as long as before where its rise takes longer."""
        moved = super().replace(**changes)
        later = moved.risen_after - self.risen_after
        if not later or "stability_months" in changes:
            return moved
        return super().replace(**changes, stability_months=max(self.stability_months - later, 1))

    @property
    def risen_after(self) -> int:
        return self.exploration_months + self.formation_months

    @property
    def too_late(self) -> bool:
        return self.repaired_after >= self.decline_months

    def settled(self) -> Relationship:
        return Relationship(**self.values() | ({"repaired_after": 0} if self.too_late else {}))


def _measures(discount_rate: float) -> list[Measure]:
    discounted = say("lifecycle.life_present_value", rate=formats.percent(discount_rate))
    return [
        Measure("payback_month", "lifecycle.payback_month", "months"),
        Measure("early_loss", "lifecycle.early_loss", "money"),
        Measure("profit", "lifecycle.life_profit", "money"),
        Measure("present_value", discounted, "money"),
        Measure("loss_months", "lifecycle.loss_months", "months"),
    ]


def _figures(moved: _Moved, discount_rate: float) -> dict[str, Any]:
    curve = lifecycle.life_curve(moved.settled())
    profit = curve["profit"].to_numpy()
    return {
        "curve": curve,
        "profit": float(profit.sum()),
        "present_value": float(present_value(profit, discount_rate, 12, first="now")),
        "payback_month": _payback(_unpaid_months(profit), len(profit)),
        "early_loss": max(-float(profit[: moved.exploration_months].sum()), 0.0),
        "loss_months": int((profit < 0).sum()),
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


def _mark_payback(ax: Axes, profit: NDArray[np.float64], month: float, currency: str) -> None:
    """Mark with what loss the customer begins, and on the line of zero the month that has paid it back."""
    looks: dict[str, Any] = {"linestyle": "none", "color": style.QUIET, "markersize": 7, "zorder": 3}
    box = {"facecolor": "white", "edgecolor": "none", "boxstyle": "round,pad=0.1"}
    if profit[0] < 0:
        lowest = 0.96 * ax.get_ylim()[0]
        is_below = profit[0] < lowest
        place = (1.0, lowest if is_below else float(profit[0]))
        ax.plot(*place, marker="v" if is_below else "o", **looks)
        amount = formats.in_currency(formats.whole_money(float(profit[0])), currency)
        style.note(ax, say("lifecycle.mark_start", profit=amount), place, (8, -4), color=style.QUIET, bbox=box)
    if 0 < month <= len(profit):
        ax.plot(month, 0, marker="D", **looks)
        words = say("lifecycle.mark_payback", month=int(month))
        style.note(ax, words, (month, 0), (6, -15), color=style.QUIET, bbox=box)


def _mark_stages(ax: Axes, stage: pd.Series[str]) -> None:
    spells = life.spells_of(stage)
    low, high = ax.get_ylim()
    # a collection leaves no ghost behind
    starts = [start for _, start, _ in spells[1:]]
    ax.vlines(starts, low, high, colors=style.QUIET, linestyles=":", linewidth=0.9)
    for row, (name, start, _) in enumerate(spells):
        # every second name stands lower, so that short stages do not write over each other
        style.note(ax, term(name), (start, high), (3, -12 - 12 * (row % 2)), color=style.QUIET)


def _sentence(currency: str, before: dict[str, Any], now: dict[str, Any]) -> str:
    change = now["profit"] - before["profit"]
    difference = formats.in_currency(("+" if change >= 0 else "") + formats.whole_money(change), currency)
    profit = formats.in_currency(formats.whole_money(now["profit"]), currency)
    parts = [say("lifecycle.sentence_profit", months=len(now["curve"]), profit=profit, difference=difference)]
    parts.append(_payback_in_words(now["payback_month"]))
    if now["too_late"]:
        parts.append(say("lifecycle.sentence_repair_too_late", months=now["repaired_after"]))
    if now["early_loss"] != before["early_loss"]:
        parts.append(
            say(
                "lifecycle.sentence_early_loss",
                loss=formats.in_currency(formats.whole_money(now["early_loss"]), currency),
            )
        )
    return "".join(parts) if parts[0].endswith("。") else " ".join(parts)


def _payback_in_words(month: float) -> str:
    if np.isnan(month):
        return term("lifecycle.sentence_never")
    if not month:
        return term("lifecycle.sentence_nothing_to_pay_back")
    return say("lifecycle.sentence_payback", month=int(month))

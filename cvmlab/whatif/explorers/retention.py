"""The what-ifs of keeping customers: five points fewer lost, and complaints resolved quickly (S20)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cvmlab.charts import style
from cvmlab.core import formats
from cvmlab.core.discounting import First
from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario, choice, number
from cvmlab.core.words import language, say, term
from cvmlab.keep import retention
from cvmlab.worth.value import margin_multiple

from ..measures import Measure
from ..widget import WhatIf

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..guessing import Guess

#: Retention rates that are drawn, and the range of the claim.
RATES = np.arange(0.5, 0.951, 0.01)
CLAIMED = (0.25, 0.85)
#: How customers are drawn who complained, and what their part of a bar is called.
LOOKS = {
    "claims.anyway": (style.PALE, ""),
    "claims.kept_because": (style.BLUE, ""),
    "claims.lost_because": (style.ORANGE, "..."),
    "claims.left": ("white", "///"),
}


@dataclass(frozen=True)
class _Fewer(Scenario):
    """How many stay, how many more a programme keeps, and what it costs; rates per year, money per year."""

    retention_rate: float = number(
        0.8, word="claims.retention_rate", minimum=0.5, maximum=0.95, step=0.01, unit="share"
    )
    # no more than 5: from 95% on more than everybody would stay
    points: float = number(5, word="claims.points_field", minimum=0, maximum=5, step=0.5, unit="percentage_points")
    discount_rate: float = number(0.1, word="discount_rate", minimum=0.02, maximum=0.3, step=0.01, unit="share")
    margin: float = number(300, word="claims.margin", minimum=100, maximum=1_000, step=10, unit="money")
    cost: float = number(40, word="claims.care_cost", minimum=0, maximum=100, step=5, unit="money")
    first: str = choice("next", word="worth.first", choices=("now", "next"))


@public
def fewer_defections(*, currency: str = "", after: Guess | None = None) -> WhatIf:
    """Return the what-if of fewer defections: what a customer is worth with a programme, and what it may cost.

    Parameters
    ----------
    currency
        Sign of the currency.
    after
        A guess to be committed first (`WhatIf`).

    Notes
    -----
    Value is margin · `cvmlab.value.margin_multiple`. The programme is paid for every customer at the start of every
    year: cost · (1 + multiple of the first profit next year) in all. It breaks even at margin · Δ / (1 + i − r),
    whenever the first profit counts. The lines show the gain at every retention rate now, before the cost and with it.

    The result is a dict: ``rates``, ``gross``, ``net`` (gain as a share, at each rate), ``retention_rate``,
    ``value_before``, ``value_after`` (money, the cost paid), ``gain`` (before the cost) and ``net_gain`` (shares),
    ``break_even``, ``cost`` (money per customer and year).

    Examples
    --------
    >>> what_if = fewer_defections()
    >>> [round(what_if.result[name], 3) for name in ("gain", "net_gain", "break_even")]
    [0.275, 0.055, 50.0]
    >>> what_if.set(points=1)
    >>> round(what_if.result["gain"], 3), round(what_if.result["break_even"])
    (0.047, 10)
    """

    def frame(ax: Axes, _: dict[str, Any]) -> None:
        ax.axhspan(*CLAIMED, facecolor="none", hatch="..", edgecolor=style.PALE, linewidth=0)
        style.write(ax, 0.51, CLAIMED[1] - 0.02, term("claims.band"), va="top")
        ax.axhline(0, color=style.INK, linewidth=0.8)
        # room for a mark at either end
        ax.set_xlim(RATES[0] - 0.01, RATES[-1] + 0.01)
        # not limits: where a customer is worth little, a dear programme costs more than it
        ax.update_datalim([(RATES[0], -0.5), (RATES[0], 1)])
        style.percent_axis(ax.xaxis, term("claims.rate_x"))
        style.percent_axis(ax.yaxis, term("claims.gain_y"))
        # where it stays when the figures beside it grow wider
        ax.yaxis.set_label_coords(-0.135, 0.5)

    return WhatIf(
        _Fewer(),
        _worth_with,
        _draw_gains,
        frame=frame,
        measures=[
            Measure("break_even", "claims.break_even", "money"),
            Measure("value_before", "claims.value_before", "money"),
            Measure("value_after", "claims.value_after", "money"),
            Measure("gain", "claims.gain", "share"),
            Measure("net_gain", "claims.net_gain", "share"),
        ],
        sentence=partial(_say_worth, currency=currency),
        title="claims.what_if_fewer",
        only=("retention_rate", "points", "discount_rate", "cost", "first"),
        more=("margin",),
        presets={
            "claims.percent_button": {"points": 1},
            "claims.ninety": {"retention_rate": 0.9},
            "claims.mobile": {"retention_rate": 0.78},
            "claims.dear_money": {"discount_rate": 0.2},
            "worth.at_once": {"first": "now"},
        },
        after=after,
        currency=currency,
        height=310,
    )


def _worth_with(scenario: _Fewer) -> dict[str, Any]:
    rates = np.append(RATES, scenario.retention_rate)
    # 95% and 5 points are 100%, but for a rounding
    kept = np.minimum(rates + scenario.points / 100, 1)
    first = cast("First", scenario.first)
    before, after = (
        scenario.margin * np.asarray(margin_multiple(stay, scenario.discount_rate, first=first))
        for stay in (rates, kept)
    )
    paid = after - scenario.cost * (1 + np.asarray(margin_multiple(kept, scenario.discount_rate)))
    gross, net = after / before - 1, paid / before - 1
    costs = retention.break_even_cost_of_keeping(
        float(rates[-1]), float(kept[-1]), profit_per_period=scenario.margin, discount_rate=scenario.discount_rate
    )
    return {
        "rates": RATES,
        "gross": gross[:-1],
        "net": net[:-1],
        "retention_rate": scenario.retention_rate,
        "value_before": float(before[-1]),
        "value_after": float(paid[-1]),
        "gain": float(gross[-1]),
        "net_gain": float(net[-1]),
        "break_even": float(costs["cost_per_year"].iloc[0]),
        "cost": scenario.cost,
    }


def _draw_gains(ax: Axes, result: dict[str, Any]) -> None:
    drawn = (("gross", "gain", style.SERIES[0]), ("net", "net_gain", style.SERIES[1]))
    for line, point, mark in drawn:
        ax.plot(result["rates"], result[line], color=mark.color, linestyle=mark.line, linewidth=2)
        ax.plot(result["retention_rate"], result[point], mark.marker, color=mark.color, markersize=8)
    # beside the line that ends lower, below it
    for line, word, va in (("gross", "claims.before_cost", "bottom"), ("net", "claims.after_cost", "top")):
        place = 8
        style.write(
            ax, result["rates"][place], result[line][place] + (0.03 if va == "bottom" else -0.03), term(word), va=va
        )


def _say_worth(_: dict[str, Any], now: dict[str, Any], *, currency: str) -> str:
    won = now["break_even"] - now["cost"]
    key = "breaks_even" if abs(won) < 1e-9 else "pays" if won > 0 else "does_not_pay"
    # two that differ are not written alike
    alike = abs(now["value_after"] - now["value_before"]) < 1
    decimals = 2 if alike and key != "breaks_even" else 0
    amounts = {name: _amount(now[name], currency, decimals) for name in ("value_before", "value_after")}
    costs = {name: _amount(now[name], currency) for name in ("break_even", "cost")}
    return say(f"claims.{key}_sentence", gain=f"{100 * now['gain']:.1f}%", **amounts, **costs)


def _amount(amount: float, currency: str, decimals: int | None = None) -> str:
    """Return money in words, with decimals only where it is not whole."""
    if decimals is None:
        decimals = 0 if abs(amount - round(amount)) < 1e-6 else 2
    return formats.in_currency(formats.grouped(amount, decimals), currency)


@public
def complaints_resolved(*, currency: str = "", after: Guess | None = None) -> WhatIf:
    """Return the what-if of complaints: who is kept because a complaint was resolved quickly, and at what cost.

    Parameters
    ----------
    currency
        Sign of the currency.
    after
        A guess to be committed first (`WhatIf`).

    Notes
    -----
    Computed by `cvmlab.retention.complaint_recovery`; the settings are those of `cvmlab.retention.Recovery`. All
    shares are *assumed*: no complaint of the carrier was resolved at random. Both bars are the same complaints, those
    resolved quickly: how they end, and how they would end if they were not. Also assumed: whoever stays in the case
    in which fewer stay would stay in the other too.

    The result is a dict of the figures of `cvmlab.retention.Recovered`, customers as whole numbers, and
    ``left_resolved``, ``left_unresolved`` (of those resolved quickly: who leaves, who would leave if they were not;
    per year), ``cost`` (money per complaint resolved).

    Examples
    --------
    >>> what_if = complaints_resolved()
    >>> round(what_if.result["kept"]), round(what_if.result["break_even"])
    (96, 200)
    >>> what_if.set(stay_unresolved=0)
    >>> round(what_if.result["break_even"])
    700
    """

    def frame(ax: Axes, _: dict[str, Any]) -> None:
        # not limits: more complaints, or more of them resolved, make longer bars
        ax.update_datalim([(0, 0), (1_200, 0)])
        ax.set_ylim(-0.6, 1.9)
        ax.set_yticks([1, 0], [term("claims.resolved"), term("claims.unresolved")])
        ax.grid(visible=False, axis="y")
        ax.set_xlabel(term("claims.complaints_x"))
        ax.xaxis.set_major_formatter(lambda count, _: f"{count:,.0f}")

    return WhatIf(
        retention.Recovery(),
        _recovered,
        _draw_complaints,
        frame=frame,
        measures=[
            Measure("break_even", "claims.break_even_each", "money"),
            Measure("stayed", "claims.stayed", "customers"),
            Measure("anyway", "claims.stayed_otherwise", "customers"),
            Measure("kept", "claims.kept", "customers"),
            Measure("worth_each", "claims.worth_each", "money"),
            Measure("gain", "claims.yearly_gain", "money"),
        ],
        sentence=partial(_say_recovered, currency=currency),
        title="claims.what_if_complaints",
        only=("resolved_share", "stay_resolved", "stay_unresolved", "retention_rate", "cost"),
        more=("margin", "discount_rate"),
        presets={
            "claims.nobody_anyway": {"stay_unresolved": 0},
            "claims.easier_ones": {"stay_unresolved": 0.65},
            "claims.one_year": {"retention_rate": 0},
            "claims.resolve_all": {"resolved_share": 1},
        },
        after=after,
        currency=currency,
        height=250,
    )


def _recovered(scenario: retention.Recovery) -> dict[str, Any]:
    found = retention.complaint_recovery(scenario)
    # whole customers, so that the parts of a bar, the sentence and the table add up
    resolved, stayed, anyway = (round(count, 6) for count in (found.resolved, found.stayed, found.anyway))
    resolved, stayed, anyway = round(resolved), round(stayed), round(anyway)
    return {
        **vars(found),
        "resolved": resolved,
        "stayed": stayed,
        "anyway": anyway,
        "kept": stayed - anyway,
        "left_resolved": resolved - stayed,
        "left_unresolved": resolved - anyway,
        "cost": scenario.cost,
    }


def _draw_complaints(ax: Axes, result: dict[str, Any]) -> None:
    from matplotlib.patches import Patch

    either = min(result["anyway"], result["stayed"])
    bars = (
        (1, (either, result["stayed"] - either, 0, result["left_resolved"])),
        (0, (either, 0, result["anyway"] - either, result["left_unresolved"])),
    )
    seen = set()
    for place, counts in bars:
        start = 0
        for count, (word, (color, hatch)) in zip(counts, LOOKS.items(), strict=True):
            ax.barh(place, count, 0.6, left=start, color=color, hatch=hatch, edgecolor=style.INK, linewidth=0.6)
            if count:
                seen.add(word)
            # no figure into a sliver
            if count > 0.04 * ax.get_xlim()[1]:
                ink = "white" if color == style.BLUE else style.INK
                box = {"facecolor": "white", "edgecolor": "none", "pad": 1} if hatch else None
                style.write(
                    ax, start + count / 2, place, f"{count:,.0f}", ha="center", va="center", bbox=box, color=ink
                )
            start += count
    # only what there is: with everybody leaving, nobody stays either way
    patches = [
        Patch(facecolor=color, hatch=hatch, edgecolor=style.INK, linewidth=0.6, label=term(word))
        for word, (color, hatch) in LOOKS.items()
        if word in seen
    ]
    if patches:
        style.legend(ax, handles=patches, loc="upper center", ncols=len(patches))


def _say_recovered(_: dict[str, Any], now: dict[str, Any], *, currency: str) -> str:
    counts = {name: formats.grouped(abs(now[name]), 0) for name in ("resolved", "stayed", "anyway", "kept")}
    most, cost = (_amount(now[name], currency) for name in ("break_even", "cost"))
    kept = _by_sign(now["kept"], "kept_more", "kept_fewer", "kept_none")
    money = _by_sign(now["break_even"], "may_cost", "costs_free", "brings_nothing")
    said = [say(f"claims.{kept if now['resolved'] else 'none_resolved'}", **counts), say(f"claims.{money}", most=most)]
    if now["resolved"]:
        won = _by_sign(now["gain"], "yearly_won", "yearly_lost", "yearly_even")
        said.append(say(f"claims.{won}", cost=cost, gain=_amount(abs(now["gain"]), currency, 0)))
    return ("" if language() == "zh" else " ").join(said)


def _by_sign(number: float, above: str, below: str, at: str) -> str:
    return at if abs(number) < 1e-6 else above if number > 0 else below

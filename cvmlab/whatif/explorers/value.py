"""The what-ifs of what a customer is worth: current value year by year, growth potential by its sources (S09, S10)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cvmlab.charts import style
from cvmlab.core import formats
from cvmlab.core.discounting import discount_factor
from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario, choice, number
from cvmlab.core.words import say, term
from cvmlab.worth import value

from ..measures import Measure
from ..widget import WhatIf

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..guessing import Guess

#: The most years that are drawn, the most profit of one of them, and what it costs to win a customer.
MOST_YEARS, MOST_PROFIT, COST_TO_WIN = 20, 12_000, 8_000
#: Profit and chance to stay of two other shops of lesson 05.
FOOD_SHOP, CANTEEN = {"profit": 4_200, "retention_rate": 0.9}, {"profit": 8_400, "retention_rate": 0.6}
#: What is assumed of every customer of the second what-if: margin, level at which nothing changes, money of another
#: product per year and its margin, share of those referred who come anyway, cost saved by one of them.
MARGIN, NEUTRAL, PRODUCT, PRODUCT_MARGIN, ANYWAY, SAVED = 0.42, 0.4, 4_000, 0.25, 0.5, 7_015
#: What a strategy brings, and what comes without one.
BROUGHT = ("up_buying", "cross_buying", "referral")
SOURCES = ("growth_of_business", *BROUGHT)
LOOKS = ((style.BLUE, ""), (style.SKY, "..."), (style.GREEN, "///"), (style.ORANGE, "xx"))


@dataclass(frozen=True)
class _Worth(Scenario):
    """What a customer brings per year, how likely they stay, and how far somebody counts."""

    profit: float = number(6_300, word="worth.profit", minimum=0, maximum=MOST_PROFIT, step=100, unit="money")
    retention_rate: float = number(0.8, word="worth.retention", minimum=0.05, maximum=0.95, step=0.01, unit="share")
    discount_rate: float = number(0.1, word="discount_rate", minimum=0, maximum=0.3, step=0.01, unit="share")
    years: float = number(
        MOST_YEARS, word="worth.years", minimum=1, maximum=MOST_YEARS, step=1, unit="years", whole=True
    )
    first: str = choice("next", word="worth.first", choices=("now", "next"))
    cost_to_win: float = number(
        COST_TO_WIN, word="worth.cost_to_win", minimum=0, maximum=40_000, step=500, unit="money"
    )


@public
def current_value(*, currency: str = "", after: Guess | None = None) -> WhatIf:
    """Return the what-if of current value: what each year to come is worth now, by the rule and as expected.

    Parameters
    ----------
    currency
        Sign of the currency.
    after
        A guess to be committed first (`WhatIf`).

    Notes
    -----
    Filled bars show what each year is expected to bring, S(t)·m/(1+i)^t with S(t) = r^t. Outlines show what a customer
    would bring who is sure to stay as long as the mean, m/(1+i)^t; the textbook's rule adds these up.

    The result is a dict: ``when`` (years from now), ``expected`` and ``certain`` (money of each of them),
    ``textbook_value``, ``present_value`` (without end), ``within`` (within ``years``), ``error_share`` (of the rule, of
    the expected present value), ``payback`` (years until the cost of winning is back, NaN if it never is).

    Examples
    --------
    >>> result = current_value().result
    >>> round(result["textbook_value"]), round(result["present_value"]), round(result["error_share"], 2)
    (19970, 16800, 0.19)
    """

    def frame(ax: Axes, _: dict[str, Any]) -> None:
        ax.set_xlim(-0.7, MOST_YEARS + 0.7)
        ax.set_xticks(range(0, MOST_YEARS + 1, 2))
        ax.set_xlabel(term("worth.years_x"))
        style.money_axis(ax.yaxis, term("worth.present_y"), currency)
        ax.set_ylim(0, 1.02 * MOST_PROFIT)

    return WhatIf(
        _Worth(),
        _worth_of,
        _draw_years,
        frame=frame,
        measures=[
            Measure("textbook_value", "worth.by_rule", "money"),
            Measure("present_value", "charts.expected_present_value", "money"),
            Measure("error_share", "worth.too_much", "share"),
            Measure("within", "worth.within", "money"),
        ],
        sentence=partial(_say_worth, currency=currency),
        title="worth.what_if_current",
        only=("profit", "retention_rate", "discount_rate", "years", "first"),
        more=("cost_to_win",),
        presets={
            "worth.food_shop": FOOD_SHOP,
            "worth.canteen": CANTEEN,
            "worth.at_once": {"first": "now"},
            "worth.five_years": {"years": 5},
            "worth.food_shop_five": {**FOOD_SHOP, "years": 5},
            "worth.canteen_five": {**CANTEEN, "years": 5},
        },
        after=after,
        currency=currency,
        height=310,
    )


def _worth_of(scenario: _Worth) -> dict[str, Any]:
    found = value.compare_present_values(
        scenario.profit,
        scenario.retention_rate,
        scenario.discount_rate,
        first=scenario.first,  # type: ignore[arg-type]
    ).iloc[0]
    start, lifetime = int(scenario.first == "next"), float(found["expected_lifetime"])
    when = np.arange(start, MOST_YEARS + 1.0)
    each = scenario.profit * discount_factor(scenario.discount_rate, when)
    expected = each * scenario.retention_rate**when
    annuity = value.textbook_current_value(
        scenario.profit, np.minimum(when + 1 - start, lifetime), scenario.discount_rate,
        first=scenario.first,  # type: ignore[arg-type]
    )  # fmt: skip
    seen = when <= scenario.years
    back = np.flatnonzero(np.cumsum(expected) >= scenario.cost_to_win)
    return {
        "when": when,
        "expected": np.where(seen, expected, 0.0),
        # what each year adds to the annuity; the last of the mean's years counts in part
        "certain": np.diff(annuity, prepend=0.0),
        "textbook_value": float(found["textbook_value"]),
        "present_value": float(found["expected_present_value"]),
        "error_share": float(found["error_share"]),
        "within": float(expected[seen].sum()),
        "payback": float(when[back[0]]) if back.size else np.nan,
        "cost_to_win": scenario.cost_to_win,
        "years": scenario.years,
    }


def _draw_years(ax: Axes, result: dict[str, Any]) -> None:
    looks: dict[str, Any] = {"edgecolor": style.VERMILION, "linewidth": 1.6}
    ax.bar(result["when"], result["expected"], 0.55, color=style.BLUE, edgecolor=style.INK, linewidth=0.6)
    sure = result["certain"] > 0
    ax.bar(result["when"][sure], result["certain"][sure], 0.85, facecolor="none", **looks)
    style.write(ax, 0.98, 0.95, term("worth.marks"), transform=ax.transAxes, ha="right", va="top")


def _say_worth(_: dict[str, Any], now: dict[str, Any], *, currency: str) -> str:
    if not now["present_value"]:
        return term("worth.no_profit_sentence")
    # what comes within some years is compared with the table beside it, to the unit
    rounded = {name: round(now[name], -1) for name in ("textbook_value", "present_value", "cost_to_win")}
    amounts = {
        name: formats.in_currency(formats.grouped(amount, 0), currency)
        for name, amount in {**rounded, "within": now["within"]}.items()
    }
    years = int(now["years"])
    said = say("worth.expected_sentence", error=formats.percent(round(now["error_share"], 2)), **amounts)
    if years < MOST_YEARS:
        said = say("worth.within_sentence", said=said, years=years, **amounts)
    if not now["cost_to_win"]:
        return said
    back = 0 if np.isnan(now["payback"]) else int(now["payback"])
    return say(f"worth.{_back(now)}_sentence", said=said, years=years, payback=back, **amounts)


def _back(now: dict[str, Any]) -> str:
    """Return when the cost of winning is back: never, later than is counted, at once, in a year."""
    if np.isnan(now["payback"]):
        return "back_never"
    if now["payback"] > now["years"]:
        return "back_later"
    return "back_in_year" if now["payback"] else "back_at_once"


@dataclass(frozen=True)
class _Growth(Scenario):
    """What is known of a customer's business elsewhere, of the relationship, and of the strategy."""

    share: float = number(0.3, word="share_of_wallet", minimum=0, maximum=1, step=0.05, unit="share")
    wallet: float = number(50_000, word="worth.wallet", minimum=0, maximum=100_000, step=1_000, unit="money")
    level: float = number(0.55, word="relationship_level", minimum=0, maximum=1, step=0.05)
    products: float = number(1, word="worth.products", minimum=0, maximum=6, step=1, whole=True)
    retention_rate: float = number(0.8, word="worth.retention", minimum=0, maximum=1, step=0.05, unit="share")
    cost: float = number(3_000, word="checking.strategy_cost", minimum=0, maximum=10_000, step=500, unit="money")
    referrals: float = number(0.2, word="worth.referrals", minimum=0, maximum=2, step=0.1)
    wallet_growth: float = number(0, word="worth.wallet_growth", minimum=-0.1, maximum=0.3, step=0.01, unit="share")
    years: float = number(3, word="worth.plan_years", minimum=1, maximum=10, step=1, unit="years", whole=True)


@public
def growth_potential(*, currency: str = "", after: Guess | None = None) -> WhatIf:
    """Return the what-if of growth potential: its sources stacked, less the cost of the strategy.

    Parameters
    ----------
    currency
        Sign of the currency.
    after
        A guess to be committed first (`WhatIf`).

    Notes
    -----
    Computed by `cvmlab.value.growth_potential`, present values at 10% per year, each year as far as the customer is
    still there. *Assumed*: a margin of 42% (25% of other products), a neutral relationship level of 0.4, 4,000 per year
    and product, a chance of stability that is 0 at the neutral level and rises evenly to 1; half of those referred
    would have come anyway, and save 7,015 each. What the others are worth is in their own value and is not counted.

    A strategy that would bring less than it costs is not started: it is drawn pale, and only the growth of their own
    business is left of the potential.

    The result is a dict, all money: ``up_buying``, ``growth_of_business``, ``cross_buying``, ``referral``, ``brought``
    (what the strategy brings, and so may cost at most), ``cost``, ``growth_potential``.

    Examples
    --------
    >>> what_if = growth_potential()
    >>> round(what_if.result["up_buying"]), round(what_if.result["growth_potential"])
    (4221, 1919)
    >>> what_if.set(share=1)
    >>> round(what_if.result["up_buying"])
    0
    """

    def frame(ax: Axes, baseline: dict[str, Any]) -> None:
        names = [term(name) for name in ("worth.own_growth", "up_buying", "cross_buying", "worth.referral")]
        names += [term("worth.cost"), term("growth_potential")]
        ax.set_xlim(-0.6, len(names) - 0.4)
        ax.set_xticks(range(len(names)), [name.replace(" ", "\n") for name in names])
        style.money_axis(ax.yaxis, term("present_value"), currency)
        ax.axhline(0, color=style.INK, linewidth=0.8)
        brought, loss = (sum(max(sign * baseline[name], 0) for name in SOURCES) for sign in (1, -1))
        size = max(brought, loss + baseline["cost"], 1.0)
        ax.set_ylim(-1.2 * size, 2.5 * size)

    return WhatIf(
        _Growth(),
        _growth_of,
        partial(_draw_sources, currency=currency),
        frame=frame,
        measures=[
            Measure("up_buying", "up_buying", "money"),
            Measure("cross_buying", "cross_buying", "money"),
            Measure("referral", "referral", "money"),
            Measure("brought", "worth.brought", "money"),
            Measure("growth_of_business", "worth.own_growth_row", "money"),
            Measure("growth_potential", "growth_potential", "money"),
        ],
        sentence=partial(_say_growth, currency=currency),
        title="worth.what_if_growth",
        only=("share", "wallet", "level", "retention_rate", "cost"),
        more=("products", "referrals", "wallet_growth", "years"),
        presets={
            "worth.all_of_it": {"share": 1},
            "worth.closer": {"level": 0.7},
            "worth.too_cool": {"level": 0.3},
            "worth.sure_to_stay": {"retention_rate": 1},
            "worth.their_growth": {"share": 1, "wallet_growth": 0.1},
        },
        after=after,
        currency=currency,
        height=310,
    )


def _growth_of(scenario: _Growth) -> dict[str, Any]:
    customer = {
        "wallet": scenario.wallet, "value_per_year": scenario.share * scenario.wallet,
        "relationship_level": scenario.level, "products_not_bought": scenario.products, "revenue_per_product": PRODUCT,
        "chance_of_stability": max(scenario.level - NEUTRAL, 0) / (1 - NEUTRAL), "share_anyway": ANYWAY,
        "referrals_per_year": scenario.referrals, "acquisition_cost": SAVED, "referred_value": 0,
        "retention_rate": scenario.retention_rate,
    }  # fmt: skip
    found = value.growth_potential(
        pd.DataFrame([customer]), margin=MARGIN, cross_margin=PRODUCT_MARGIN, strategy_cost=scenario.cost,
        years=round(scenario.years), neutral_level=NEUTRAL, wallet_growth=scenario.wallet_growth,
        retention_rate="retention_rate",
    ).iloc[0]  # fmt: skip
    result = {name: float(found[name]) for name in (*SOURCES, "growth_potential")}
    # a business that shrinks is not taken from the potential
    result["growth_of_business"] = max(result["growth_of_business"], 0.0)
    return {**result, "brought": sum(result[name] for name in BROUGHT), "cost": float(scenario.cost)}


def _draw_sources(ax: Axes, result: dict[str, Any], *, currency: str) -> None:
    heights = [*(result[name] for name in SOURCES), -result["cost"]]
    starts = np.concatenate([[0.0], np.cumsum(heights)[:-1]])
    started = _pays(result)
    for place, (height, start) in enumerate(zip(heights, starts, strict=True)):
        color, hatch = LOOKS[place] if place < len(LOOKS) else (style.VERMILION, "\\\\\\")
        counted = started or not place
        looks: dict[str, Any] = {"linewidth": 0.6} if counted else {"linewidth": 1, "linestyle": ":", "alpha": 0.3}
        ax.bar(place, height, 0.6, bottom=start, color=color, hatch=hatch, edgecolor=style.INK, **looks)
        if started:
            ax.plot([place - 0.3, place + 1.3], [start + height] * 2, color=style.QUIET, linewidth=0.8)
    ax.bar(len(heights), result["growth_potential"], 0.6, color=style.INK)

    def amount(name: str) -> str:
        return formats.in_currency(formats.grouped(round(result[name], -1), 0), currency)

    top = max(starts[-1], 0.0) if started else max(*starts, 0.0)
    told = say("worth.at_most", amount=amount("brought")) if started else term("worth.not_started")
    _write_above(ax, 3 if started else 2.5, top, told)
    _write_above(ax, len(heights), result["growth_potential"], amount("growth_potential"))


def _write_above(ax: Axes, place: float, top: float, text: str) -> None:
    """Write above a bar; where it runs out of the axes, at their top, with an arrow."""
    low, high = ax.get_ylim()
    edge = high - 0.08 * (high - low)
    style.write(ax, place, min(top + 0.02 * (high - low), edge), text if top <= high else f"↑ {text}", ha="center")


def _pays(result: dict[str, Any]) -> bool:
    return bool(result["brought"] > result["cost"])


def _say_growth(_: dict[str, Any], now: dict[str, Any], *, currency: str) -> str:
    brought, own = now["brought"], now["growth_of_business"]
    amounts = {
        name: formats.in_currency(formats.grouped(round(amount, -1), 0), currency)
        for name, amount in {
            "brought": brought, "lost": -brought, "cost": now["cost"], "left": brought - now["cost"], "own": own,
        }.items()
    }  # fmt: skip
    key = "growth" if _pays(now) else "no_growth" if brought >= 0 else "loss"
    said = say(f"worth.{key}_sentence", **amounts)
    return say("worth.own_sentence", said=said, **amounts) if own > 0 else said

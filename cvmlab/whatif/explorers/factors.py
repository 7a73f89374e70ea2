"""The what-if of purchase factors: a price cut against a better relationship, segment by segment (S14)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.charts import style
from cvmlab.core import formats
from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario, number
from cvmlab.core.words import CvmError, say, term
from cvmlab.data.tables import CUSTOMER_ID, check_columns, numbers_between
from cvmlab.worth import factors
from cvmlab.worth.factors.choice_sets import read_attributes, read_sets

from ..measures import Measure
from ..widget import WhatIf

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from matplotlib.axes import Axes

    from ..guessing import Guess

PRICE, TRUST = "price", "trust"
ATTRIBUTES = (PRICE, TRUST, "innovation")
#: What each way changes the profit of a segment by, and how its bars look.
LOOKS: dict[str, dict[str, Any]] = {
    "by_cut": {"facecolor": style.PALE, "hatch": "///"},
    "by_trust": {"facecolor": style.BLUE},
}


@dataclass(frozen=True)
class _Offer(Scenario):
    """A price cut, what rivals do about it, and what a better relationship costs."""

    cut: float = number(0.05, word="whales.cut", minimum=0, maximum=0.2, step=0.01, unit="share")
    follow: float = number(0, word="whales.follow", minimum=0, maximum=1, step=0.1, unit="share")
    margin: float = number(0.3, word="whales.margin", minimum=0.05, maximum=0.6, step=0.05, unit="share")
    trust: float = number(0.5, word="whales.trust", minimum=0, maximum=1.5, step=0.1, unit="points")
    cost_each: float = number(400, word="whales.cost_each", minimum=0, maximum=3_000, step=100, unit="money")


@public
def price_or_relationship(
    choices: pd.DataFrame,
    *,
    alternative: str = "linhe",
    by: str = "segment",
    spend: str = "spend",
    currency: str = "",
    after: Guess | None = None,
) -> WhatIf:
    """Return the what-if of price against relationship: what each wins in every segment, and what it costs.

    Parameters
    ----------
    choices
        ``customer_id``, ``choice_id``, ``alternative``, ``chosen``, ``price``, ``trust`` (points), ``innovation``, the
        columns of the segments and of the spend: what is bought in a year in such a choice (money).
    alternative, by, spend
        Our own supplier in the column ``alternative``; the two columns.
    currency
        Sign of the currency.
    after
        A guess to be committed first (`WhatIf`).

    Notes
    -----
    The weights are fitted in each segment (`cvmlab.factors.fit_choices`); shares of spend follow the choices. Rivals
    match the share ``follow`` of our cut. More trust costs ``cost_each`` for every buyer of the segment, who buys from
    us or not. What is *assumed*: margin, reaction, the points of trust and their cost; the quantity bought stays.

    The result is a dict: ``by_cut`` and ``by_trust`` (change of yearly profit, an array by segment in alphabetical
    order), ``worth_each`` (what more trust may cost per buyer and year, an array too), and, over the segments in which
    something else than price decides, ``won``, ``given_away``, ``cut_profit``, ``trust_profit`` (yearly money);
    ``price_profit``, what the cut changes where price decides; ``cut`` and ``trust``.

    Examples
    --------
    >>> import cvmlab as cvm
    >>> choices = cvm.datasets.load("packaging_choices")
    >>> choices["spend"] /= 4  # each spend stands beside four choices
    >>> what_if = price_or_relationship(choices)
    >>> what_if.set(cut=0.1)
    >>> result = what_if.result
    >>> result["cut_profit"] < 0 < result["trust_profit"]
    True
    """
    check_columns(choices, (CUSTOMER_ID, by, "alternative"))
    if not (choices["alternative"] == alternative).any():
        known = ", ".join(map(str, choices["alternative"].unique()[:20]))
        raise CvmError("factors.no_such_alternative", alternative=alternative, known=known)
    weights = factors.weights_by(choices, ATTRIBUTES, by)
    names = list(dict.fromkeys(weights[by]))
    if len(names) > 6:
        raise CvmError("charts.too_many_kinds", column=by, found=len(names), most=6)
    first = weights[weights["place"] == 1].set_index(by)["attribute"]
    by_price = np.array([first[name] == PRICE for name in names])
    parts = [choices[choices[by] == name] for name in names]
    buyers = np.array([part[CUSTOMER_ID].nunique() for part in parts])
    sales_in = [_sales(part, alternative, spend) for part in parts]
    sold = np.array([sales(0.0, 0.0, 0.0) for sales in sales_in])

    def compute(offer: _Offer) -> dict[str, Any]:
        cheaper = np.array([sales(offer.cut, offer.cut * offer.follow, 0.0) for sales in sales_in])
        trusted = np.array([sales(0.0, 0.0, offer.trust) for sales in sales_in])
        by_cut = cheaper * (offer.margin - offer.cut) - sold * offer.margin
        by_trust = (trusted - sold) * offer.margin - offer.cost_each * buyers
        worth_each = (trusted - sold) * offer.margin / buyers
        won = (1 - offer.cut) * (cheaper - sold)
        result: dict[str, Any] = {
            "cut": offer.cut, "trust": offer.trust, "by_cut": by_cut, "by_trust": by_trust, "worth_each": worth_each,
            "won": float(won[~by_price].sum()), "given_away": float(offer.cut * sold[~by_price].sum()),
            "cut_profit": float(by_cut[~by_price].sum()), "trust_profit": float(by_trust[~by_price].sum()),
            "price_profit": float(by_cut[by_price].sum()),
        }  # fmt: skip
        return result

    def frame(ax: Axes, _: dict[str, Any]) -> None:
        reach = 0.09 * float(sold.max())
        ax.set_xlim(-0.6, len(names) - 0.4)
        # not limits: a deep cut at a small margin needs more room
        ax.update_datalim([(0, -reach), (0, reach)])
        labels = [f"{formats.named(name, 'codes.')}\n{_decides(first[name])}" for name in names]
        ax.set_xticks(range(len(names)), labels)
        ax.grid(visible=False, axis="x")
        ax.axhline(0, color=style.INK, linewidth=1)
        style.money_axis(ax.yaxis, term("whales.change_axis"), currency)
        marks = f"{term('whales.marks')}\n{term('whales.marks_below')}"
        style.write(ax, 0.99, 0.98, marks, transform=ax.transAxes, ha="right", va="top")

    def draw(ax: Axes, result: dict[str, Any]) -> None:
        _draw(ax, result)
        for place, each in enumerate(result["worth_each"]):
            said = say("whales.worth_each", money=formats.in_currency(formats.whole_money(round(each, -1)), currency))
            style.write(ax, place, 0.03, said, transform=ax.get_xaxis_transform(), ha="center", size=8)

    return WhatIf(
        _Offer(),
        compute,
        draw,
        frame=frame,
        measures=[
            Measure("won", "whales.won", "money"),
            Measure("given_away", "whales.given_away", "money"),
            Measure("cut_profit", "whales.cut_profit", "money"),
            Measure("trust_profit", "whales.trust_profit", "money"),
            Measure("price_profit", "whales.price_profit", "money"),
        ],
        sentence=partial(_sentence, currency=currency),
        title="whales.what_if",
        presets={
            "whales.cut_twice": {"cut": 0.1},
            "whales.rivals_follow": {"follow": 0.5},
            "whales.lean": {"margin": 0.2},
            "whales.more_trust": {"trust": 1.0, "cost_each": 1_000},
        },
        after=after,
        currency=currency,
        height=350,
    )


def _sales(part: pd.DataFrame, alternative: str, spend: str) -> Callable[[float, float, float], float]:
    """Return a function of our cut, that of rivals and trust gained to our yearly sales in a segment, at old prices."""
    weights = np.array(list(factors.fit_choices(part, ATTRIBUTES).weight.values()))
    sets = read_sets(part)
    ours = (part["alternative"] == alternative).to_numpy()[sets.order]
    money = numbers_between(part, spend, 0, np.inf, "choices")[sets.order] * ours
    offers = read_attributes(part, ATTRIBUTES)[sets.order]

    def sales(cut: float, rivals_cut: float, gained: float) -> float:
        now = offers.copy()
        now[:, ATTRIBUTES.index(PRICE)] *= np.where(ours, 1 - cut, 1 - rivals_cut)
        now[:, ATTRIBUTES.index(TRUST)] += gained * ours
        return float(money @ sets.shares(now @ weights))

    return sales


def _decides(factor: str) -> str:
    return say("whales.decides", factor=formats.named(factor, "codes."))


def _draw(ax: Axes, result: dict[str, Any]) -> None:
    for side, (way, look) in zip((-0.4, 0.02), LOOKS.items(), strict=True):
        places = np.arange(len(result[way])) + side
        ax.bar(places, result[way], width=0.38, align="edge", edgecolor=style.INK, linewidth=0.6, **look)
        for place, change in zip(places, result[way], strict=True):
            said = ("+" if round(change) > 0 else "") + formats.money(change)
            above, offset = ("bottom", 2) if change >= 0 else ("top", -2)
            style.note(ax, said, (place + 0.19, change), (0, offset), ha="center", va=above, size=8)


def _sentence(_: dict[str, Any], now: dict[str, Any], *, currency: str) -> str:
    def money(name: str) -> str:
        amount = round(now[name], -2)
        sign = "" if name in ("won", "given_away") else "+" if amount >= 0 else "−"
        return formats.in_currency(sign + formats.grouped(abs(amount), 0), currency)

    amounts = {name: money(name) for name in ("given_away", "cut_profit", "trust_profit")}
    # a hundredth of what it gives away is no gain to speak of
    is_little = now["won"] <= 0.01 * now["given_away"]
    wins = term("whales.wins_nothing") if is_little else say("whales.wins", won=money("won"))
    return say("whales.sentence", cut=formats.percent(now["cut"]), trust=f"{now['trust']:g}", wins=wins, **amounts)

"""The what-if of the carrier's plan: five ways to keep customers and one to win them back, tried at once (S26)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.charts import style
from cvmlab.core import formats
from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario, number, switch
from cvmlab.core.words import say, term
from cvmlab.market import compile_engine, follow_plan, make_customers
from cvmlab.market.carrier import AS_BEFORE, CARRIERS, FIRST_MONTH, MARKET

from ..measures import Measure
from ..playing import Unfold, until
from ..widget import WhatIf
from .market import waiting_for_the_engine

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..guessing import Guess

START, MONTHS, SEEDS = 24, 36, 4
DISCOUNT_RATE = 0.1
#: As the rival's.
CONTRACT_MONTHS = 24
#: t of Student for the 95% interval of a mean of so many markets.
_T = 3.182


@public
@dataclass(frozen=True)
class CarrierPlan(Scenario):
    """What the incumbent's plan sets from January 2011 on; the defaults are what it did before.

    Attributes
    ----------
    price
        Its tariff, 1 is the reference.
    handset_offered, handset_subsidy
        Whether it sells the handset, with a contract of 24 months, which new customers sign too, as the rival does;
        what it adds to each handset (money). With a subsidy it sells the handset in any case.
    network_quality
        Data speed of its network; 1 is the old one, the fastest rival has 1.6.
    group_offer
        Rebate for members of group networks (money per month).
    care
        Care (money per customer and month).
    win_back_offer
        Offer to a customer who left within the year and comes back (money).
    """

    price: float = number(1.0, word="launch.price", minimum=0.7, maximum=1.2, step=0.01, unit="share")
    handset_offered: bool = switch(False, word="plan.handset_offered")
    handset_subsidy: float = number(0.0, word="plan.handset", minimum=0, maximum=1_500, step=50, unit="money")
    network_quality: float = number(1.0, word="launch.network_quality", minimum=1, maximum=3, step=0.1, unit="share")
    group_offer: float = number(0.0, word="launch.group_offer", minimum=0, maximum=30, step=1, unit="money")
    care: float = number(AS_BEFORE.care, word="plan.care", minimum=0, maximum=15, step=0.5, unit="money")
    win_back_offer: float = number(0.0, word="plan.win_back_offer", minimum=0, maximum=300, step=10, unit="money")

    def changes(self) -> dict[str, object]:
        """Return the fields of `cvmlab.market.Decision` that the plan sets, as `cvmlab.market.try_measures` takes them.

        Examples
        --------
        >>> CarrierPlan(price=0.9).changes()["price"]
        0.9
        """
        sold = self.handset_offered or self.handset_subsidy > 0
        return {**self.values(), "handset_offered": sold} | ({"contract_months": CONTRACT_MONTHS} if sold else {})


@public
def carrier_plan(
    plan: CarrierPlan | None = None,
    *,
    customers: int = 2_000,
    seed: int = 1,
    currency: str = "",
    after: Guess | None = None,
) -> WhatIf:
    """Return the what-if of the carrier's plan: profit by month with it and without, over three years.

    Parameters
    ----------
    plan
        Where the sliders start; nothing new if left out.
    customers
        Customers of all carriers in each of four markets; few, so that it answers at once. For a plan to be
        recommended use `cvmlab.market.try_measures`, with more of them and more markets.
    seed
        Of the first market; the others follow.
    currency
        Sign of the currency.
    after
        A guess to be committed first (`WhatIf`).

    Notes
    -----
    Each market is lived through with the plan and without it, with the same luck; all figures are means over the four
    markets. The result is a dict: ``profits`` (per month, shape (36,)), ``profit`` (present value at 10% per year, what
    the plan costs taken off), ``gain``, ``gain_low``, ``gain_high`` (of it, against nothing new, with the 95% interval
    over the markets), ``cost`` (money, present value), ``customers`` at the end, ``left`` and ``came_back``. Rivals do
    not react, and what comes after December 2013 is not counted: both are assumptions.

    Examples
    --------
    >>> what_if = carrier_plan(customers=1_000)
    >>> what_if.set(network_quality=1.6)
    >>> what_if.result["gain"] > 0, what_if.baseline["gain"]
    (True, 0.0)
    """
    with waiting_for_the_engine():
        # so that a wrong number of customers is refused before the wait
        make_customers(MARKET, CARRIERS, customers, seed)
        compile_engine()
    months = (FIRST_MONTH + START + np.arange(MONTHS)).astype("datetime64[M]")

    def compute(chosen: CarrierPlan) -> dict[str, Any]:
        lived = follow_plan(chosen.changes(), start=START, months=MONTHS, customers=customers, seeds=SEEDS, seed=seed)
        return _figures({str(name): lived[name].to_numpy(float).reshape(SEEDS, MONTHS) for name in lived})

    def frame(ax: Axes, baseline: dict[str, Any]) -> None:
        style.month_axis(ax, months)
        # room for the dearest tariff
        top = 1.7 * float(max(baseline["profits"].max(), 1))
        ax.set_ylim(0, top)
        ax.set_xlabel(say("plan.month_axis", markets=SEEDS, customers=f"{customers:,}"))
        style.money_axis(ax.yaxis, term("plan.profit_axis"), currency)

    def draw(ax: Axes, result: dict[str, Any]) -> None:
        shown = result["profits"][: result.get("until")]
        ax.plot(style.days_since_epoch(months)[: len(shown)], shown, color=style.BLUE, linewidth=2.4)

    return WhatIf(
        plan or CarrierPlan(),
        compute,
        draw,
        frame=frame,
        measures=[
            *(Measure(name, f"plan.{name}", "customers") for name in ("customers", "left", "came_back")),
            *(Measure(name, f"plan.{name}", "money") for name in ("cost", "profit")),
        ],
        sentence=partial(_sentence, currency=currency),
        title="plan.title",
        only=("price", "handset_offered", "handset_subsidy", "network_quality", "win_back_offer"),
        more=("group_offer", "care"),
        presets={
            "plan.speed_up": {"network_quality": 1.6},
            "plan.subsidise": {"handset_subsidy": 600},
            "plan.prevent": {"network_quality": 1.6, "handset_offered": True, "price": 0.95},
            "plan.win_back": {"win_back_offer": 40},
            "plan.both": {"network_quality": 1.6, "win_back_offer": 40},
        },
        play=Unfold(MONTHS, until, first=1, word="plan.months_since", seconds=4),
        after=after,
        currency=currency,
        height=300,
    )


def _figures(lived: dict[str, Any]) -> dict[str, Any]:
    weight = (1 + DISCOUNT_RATE) ** (-np.arange(MONTHS) / 12)
    gains = (lived["profit_with"] - lived["profit_without"]) @ weight
    half = _T * gains.std(ddof=1) / np.sqrt(SEEDS)
    return {
        "profits": lived["profit_with"].mean(axis=0),
        "customers": float(lived["customers_with"][:, -1].mean()),
        "left": float(lived["left_with"].sum(axis=1).mean()),
        "came_back": float(lived["came_back_with"].sum(axis=1).mean()),
        "cost": float((lived["cost"] @ weight).mean()),
        "profit": float((lived["profit_with"] @ weight).mean()),
        "gain": float(gains.mean()),
        "gain_low": float(gains.mean() - half),
        "gain_high": float(gains.mean() + half),
    }


def _sentence(_: dict[str, Any], now: dict[str, Any], *, currency: str) -> str:
    if now["gain_low"] == now["gain_high"] == 0:
        return say("plan.sentence_nothing", markets=SEEDS)
    low, high = now["gain_low"], now["gain_high"]
    key = "pays" if low > 0 else "loses" if high < 0 else "open"
    # a fall and the bounds of a fall are said without their signs
    figures = {"gain": now["gain"], "gain_low": low, "gain_high": high}
    if key == "loses":
        figures = {"gain": -now["gain"], "gain_low": -high, "gain_high": -low}
    amounts = {name: formats.in_currency(formats.money(amount), currency) for name, amount in figures.items()}
    return say(f"plan.sentence_{key}", markets=SEEDS, **amounts)

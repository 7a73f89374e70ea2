"""The what-if of the handset launch: the incumbent answers at once (S26)."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.charts import style
from cvmlab.core import formats
from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario, number, switch
from cvmlab.core.words import say, term
from cvmlab.market import Result, compile_engine, is_compiled, make_customers, simulate
from cvmlab.market.carrier import AS_BEFORE, CARRIERS, FIRST_MONTH, INCUMBENT, LAUNCH_MONTH, MARKET, PERIODS, RIVALS

from ..measures import Measure
from ..playing import Unfold, until
from ..widget import WhatIf

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ..guessing import Guess

OURS = 1
#: Causes that share a line of the table; the rest is "other".
CAUSES_OF = {
    "lost_handset": ("handset",),
    "lost_data_speed": ("data_speed",),
    "lost_price": ("tariff", "special_offer"),
    "lost_dissatisfaction": ("dissatisfaction",),
}


@public
@dataclass(frozen=True)
class LaunchAnswer(Scenario):
    """What the incumbent does from the launch on; the defaults are what it did before, nothing new.

    Attributes
    ----------
    handset_offered, handset_subsidy
        Whether it sells the handset too, and what it adds to each one (money).
    network_quality
        Data speed of its network; 1 is the old one, the fastest rival has 1.6.
    price
        Its tariff, 1 is the reference.
    group_offer
        Rebate for members of group networks (money per month).
    """

    handset_offered: bool = switch(False, word="launch.handset_offered")
    handset_subsidy: float = number(
        0.0, word="launch.handset_subsidy", minimum=0, maximum=3_000, step=100, unit="money"
    )
    network_quality: float = number(1.0, word="launch.network_quality", minimum=1, maximum=3, step=0.1, unit="share")
    price: float = number(1.0, word="launch.price", minimum=0.7, maximum=1.2, step=0.01, unit="share")
    group_offer: float = number(0.0, word="launch.group_offer", minimum=0, maximum=30, step=1, unit="money")


@public
def launch(
    answer: LaunchAnswer | None = None,
    *,
    customers: int = 5_000,
    seed: int = 1,
    currency: str = "",
    after: Guess | None = None,
) -> WhatIf:
    """Return the what-if of the launch: the market of the carrier case with another answer of the incumbent.

    Parameters
    ----------
    answer
        Where the sliders start; nothing new if left out.
    customers
        Customers of all three carriers together; each keeps its luck whatever is done.
    seed
        Of the customers and their luck.
    currency
        Sign of the currency.
    after
        A guess to be committed first (`WhatIf`).

    Notes
    -----
    The result is a dict: ``shares`` (our share of all customers, shape (months,)), ``share`` and
    ``customers`` at the end; since the launch ``lost`` (customers), ``lost_handset``, ``lost_data_speed``,
    ``lost_price``, ``lost_dissatisfaction``, ``lost_other``, ``revenue``, ``profit`` (after the cost of the network)
    and ``cost`` (money): subsidies, rebates, the network beyond the old one, and what a lower tariff gives
    away. The cost is in the profit already. What comes after the last month is not counted, and rivals do
    not react: both flatter or blame an action, say so in class.

    The first call on a computer waits for the compiler of the market engine, and says so meanwhile.

    Examples
    --------
    >>> what_if = launch(customers=2_000)
    >>> what_if.set(handset_offered=True, handset_subsidy=600)
    >>> what_if.result["lost_handset"] < what_if.baseline["lost_handset"]
    True
    """
    with waiting_for_the_engine():
        drawn = make_customers(MARKET, CARRIERS, customers, seed)
        compile_engine()
    months = (FIRST_MONTH + np.arange(PERIODS)).astype("datetime64[M]")

    def compute(chosen: LaunchAnswer) -> dict[str, Any]:
        ours = {0: AS_BEFORE, LAUNCH_MONTH: AS_BEFORE.replace(**chosen.values())}
        result = simulate(MARKET, CARRIERS, {INCUMBENT: ours, **RIVALS}, drawn, PERIODS, seed)
        return _figures(result, chosen)

    def frame(ax: Axes, baseline: dict[str, Any]) -> None:
        low, high = baseline["shares"].min(), baseline["shares"].max()
        style.month_axis(ax, months)
        at = style.days_since_epoch(months)[LAUNCH_MONTH]
        ax.axvline(at, color=style.QUIET, linewidth=1)
        ax.set_ylim(low - 0.06, min(high + 0.1, 1.0))
        ax.annotate(
            term("launch.launch"), (at, 0.02), xycoords=("data", "axes fraction"), xytext=(4, 0),
            textcoords="offset points", fontsize=style.LABEL_SIZE, color=style.INK,
        )  # fmt: skip
        ax.set_xlabel(term("launch.month_axis"))
        style.percent_axis(ax.yaxis, say("launch.share_axis", customers=f"{customers:,}"))

    def draw(ax: Axes, result: dict[str, Any]) -> None:
        shown = result["shares"][: result.get("until")]
        ax.plot(style.days_since_epoch(months)[: len(shown)], shown, color=style.BLUE, linewidth=2.4)

    def since_launch(result: dict[str, Any], month: int) -> dict[str, Any]:
        return until(result, LAUNCH_MONTH + month)

    def sentence(before: dict[str, Any], now: dict[str, Any]) -> str:
        gain = now["profit"] - before["profit"]
        if gain == 0 and now["cost"] == before["cost"]:
            return term("launch.sentence_nothing")
        return say(
            "launch.sentence_pays" if gain > 0 else "launch.sentence_loses",
            months=PERIODS - LAUNCH_MONTH,
            share=formats.percent(now["share"]),
            points=Measure("share", unit="share").difference(before["share"], now["share"]),
            cost=formats.in_currency(formats.money(now["cost"]), currency),
            profit=formats.in_currency(formats.money(abs(gain)), currency),
        )

    lost = ("lost", *CAUSES_OF, "lost_other")
    return WhatIf(
        answer or LaunchAnswer(),
        compute,
        draw,
        frame=frame,
        measures=[
            Measure("share", "launch.share", "share"),
            *(Measure(name, f"launch.{name}", "customers") for name in ("customers", *lost)),
            *(Measure(name, f"launch.{name}", "money") for name in ("revenue", "cost", "profit")),
        ],
        sentence=sentence,
        title="launch.title",
        presets={
            "launch.subsidise": {"handset_offered": True, "handset_subsidy": 600},
            "launch.speed_up": {"network_quality": 1.6},
            "launch.cut_price": {"price": 0.9},
            "launch.tie_groups": {"group_offer": 10},
        },
        play=Unfold(PERIODS - LAUNCH_MONTH, since_launch, first=0, word="launch.months_since", seconds=4),
        after=after,
        currency=currency,
    )


@contextmanager
def waiting_for_the_engine() -> Iterator[None]:
    """Say what the wait is for while the market engine is compiled; say nothing where it is ready."""
    if is_compiled():
        yield
        return
    ipython = sys.modules.get("IPython")
    if getattr(ipython and ipython.get_ipython(), "kernel", None) is None:
        sys.stderr.write(term("launch.compiling") + "\n")
        yield
        return
    import ipywidgets as widgets
    from IPython.display import clear_output, display

    # a view alone, without text beside it, and gone afterwards: a notebook has the same outputs on every computer
    sentence = widgets.HTML(f"<p>{term('launch.compiling')}</p>")
    view = {kind: content for kind, content in sentence._repr_mimebundle_().items() if kind != "text/plain"}
    display(view, raw=True)
    try:
        yield
    finally:
        clear_output()
        sentence.close()


def _figures(result: Result, chosen: LaunchAnswer) -> dict[str, Any]:
    summary = result.summary()
    mine = (summary["carrier"] == INCUMBENT).to_numpy()
    ours = {str(name): summary[name].to_numpy()[mine] for name in summary}
    since = {name: column[LAUNCH_MONTH:] for name, column in ours.items()}
    lost = {name: int(sum(since[f"left_{cause}"].sum() for cause in causes)) for name, causes in CAUSES_OF.items()}
    everyone = int(since["left"].sum())
    return {
        "shares": ours["share"].astype(float),
        "share": float(ours["share"][-1]),
        "customers": int(ours["customers"][-1]),
        "lost": everyone,
        **lost,
        "lost_other": everyone - sum(lost.values()),
        "revenue": float(since["revenue"].sum()),
        "cost": _cost(result, since, chosen),
        "profit": float(since["result"].sum()),
    }


def _cost(result: Result, since: Mapping[str, NDArray[Any]], chosen: LaunchAnswer) -> float:
    """Return what the answer costs, money since the launch, beyond doing nothing new."""
    members = 0
    if result.panel is not None:
        members = int(((result.panel.carrier[LAUNCH_MONTH:] == OURS) & (result.state.group == OURS)).sum())
    subsidies = chosen.handset_subsidy * float(since["handsets"].sum())
    speed = float(since["fixed_cost"].sum()) * (1 - AS_BEFORE.network_quality / chosen.network_quality)
    given_away = float(since["revenue"].sum()) * max(1 / chosen.price - 1, 0)
    return subsidies + chosen.group_offer * members + speed + given_away

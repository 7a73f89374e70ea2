"""The what-if of the pipeline: a better rate at one step, what it is worth, and what it may cost (S06)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from cvmlab.charts import style
from cvmlab.core import formats
from cvmlab.core.formats import in_money
from cvmlab.core.guarding import public
from cvmlab.core.words import say, term
from cvmlab.relationship.pipeline import STATES, PipelineRates
from cvmlab.relationship.pipeline.inputs import by_state
from cvmlab.relationship.pipeline.orders import BEFORE_ORDER
from cvmlab.relationship.pipeline.rates import chances_of
from cvmlab.relationship.pipeline.simulation import CALLS
from cvmlab.relationship.pipeline.values import months_spent, values_of

from ..measures import Measure
from ..widget import WhatIf

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..guessing import Guess

TARGETS = 100
#: Years after which users are counted.
YEARS = 5
#: Years that Linhe has seen: what comes later rests on rates that stay.
SEEN_YEARS = 4
#: What the money of targets is made of, in the order of the picture: colour, hatch.
PARTS = {
    "calls_before_order": (style.ORANGE, "///"),
    "setup": (style.ORANGE, "///"),
    "device": (style.GREEN, ""),
    "goods": (style.GREEN, ""),
    "calls_on_users": (style.ORANGE, "///"),
    "action": (style.ORANGE, "///"),
    "left_over": (style.BLUE, ""),
}
SLIDERS = ("prospect_opportunity", "opportunity_order", "user_dormant", "dormant_user", "action_cost")
#: Less often moved: the what-if folds them away.
FOLDED = ("target_prospect", "user_lost", "user_margin", "device_margin", "call_cost", "discount_rate")
#: Each button improves a rate by this share of itself, at this price for 100 targets, so that they can be compared.
STEP, PRICE = 0.2, 50_000.0
#: What a margin on the machine is, and by what share it lowers the rate at which opportunities order (ours).
DEVICE_MARGIN, FEWER_WON = 1_500.0, 0.4


@public
def pipeline_step(start: PipelineRates | None = None, *, currency: str = "", after: Guess | None = None) -> WhatIf:
    """Return the what-if of the pipeline: what 100 targets bring, and what a better step may cost.

    Parameters
    ----------
    start
        Where the sliders start, for example `PipelineRates.from_log`; Linhe Packaging if left out. Rates
        are rounded to a tenth of a point, as the sliders show them.
    currency
        Sign of the currency.
    after
        A guess to be committed first (`WhatIf`).

    Notes
    -----
    The result is a dict of money for 100 targets, all that is to come as a present value: ``calls_before_order``,
    ``setup``, ``device`` (margin on machines), ``goods``, ``calls_on_users``, ``action`` (the improvement's own cost)
    and their sum ``left_over``; ``left_soon`` (what of it is left over within four years); ``before_action`` and
    ``soon_before_action`` (without the improvement's cost); ``order`` and ``user_later`` (customers of 100 targets who
    ever order, and who are users after five years).

    Examples
    --------
    >>> what_if = pipeline_step()
    >>> what_if.set(user_dormant=0.025, action_cost=60_000)
    >>> what_if.result["left_over"] > what_if.baseline["left_over"]
    True
    """

    def frame(ax: Axes, baseline: dict[str, Any]) -> None:
        ax.set_yticks(range(len(PARTS)), [term(f"pipeline.part_of_{part}") for part in PARTS])
        ax.set_ylim(len(PARTS) - 0.4, -0.6)
        most = max(abs(baseline[part]) for part in PARTS)
        ax.set_xlim(-0.8 * most, 1.7 * most)
        ax.axvline(0, color=style.INK, linewidth=0.8)
        # every bar says its figure
        ax.set_xticks([])
        ax.set_xlabel(in_money(say("pipeline.money_of_targets", targets=TARGETS), currency))
        ax.grid(visible=False)

    first = _on_sliders(start or PipelineRates())
    return WhatIf(
        first,
        _compute,
        _draw,
        frame=frame,
        measures=[
            Measure("left_over", say("pipeline.left_over_100", targets=TARGETS), "money"),
            Measure("left_soon", "pipeline.left_soon_100", "money"),
            Measure("order", say("pipeline.orders_100", targets=TARGETS)),
            Measure("user_later", say("pipeline.users_later", years=YEARS, targets=TARGETS)),
        ],
        sentence=partial(_sentence, currency=currency),
        title="pipeline.what_if",
        only=SLIDERS,
        more=FOLDED,
        presets=_presets(first),
        after=after,
        currency=currency,
        height=330,
    )


def _on_sliders(start: PipelineRates) -> PipelineRates:
    return start.replace(**{name: round(getattr(start, name), 3) for name, _, _ in start.moves()})


def _presets(first: PipelineRates) -> dict[str, dict[str, float]]:
    """Return what each button sets: equal shares of rates of different size, and the machine with a margin."""

    def better(name: str, by: float = STEP) -> dict[str, float]:
        return {name: round(getattr(first, name) * (1 + by), 4)}

    return {
        "pipeline.qualify": better("prospect_opportunity") | {"action_cost": PRICE},
        "pipeline.close": better("opportunity_order") | {"action_cost": PRICE},
        "pipeline.care": better("user_dormant", -STEP) | {"action_cost": PRICE},
        "pipeline.wake": better("dormant_user") | {"action_cost": PRICE},
        "pipeline.dear_device": better("opportunity_order", -FEWER_WON) | {"device_margin": DEVICE_MARGIN},
    }


def _compute(scenario: PipelineRates) -> dict[str, Any]:
    from scipy.linalg import expm

    moves, rewards = scenario.generator(), by_state(scenario.rewards(), "rewards", STATES)
    months = months_spent(moves, scenario.discount_rate, rewards)
    spent = dict(zip(STATES, TARGETS * months[0], strict=True))
    calls = {state: -number * scenario.call_cost * spent[state] for state, number in CALLS.items()}
    orders = (scenario.order_user + scenario.order_lost) * spent["order"]
    money = {
        "calls_before_order": sum(calls[state] for state in BEFORE_ORDER),
        "setup": calls["order"] - scenario.setup_cost * orders,
        "device": scenario.device_margin * orders,
        "goods": scenario.user_margin * spent["user"],
        "calls_on_users": calls["user"] + calls["dormant"],
        "action": -scenario.action_cost,
    }  # fmt: skip
    left = float(sum(money.values()))
    soon = TARGETS * float(values_of(moves, rewards, scenario.discount_rate, 12 * SEEN_YEARS)[0])
    return {
        **{part: float(amount) for part, amount in money.items()},
        "left_over": left,
        "left_soon": soon - scenario.action_cost,
        "before_action": left + scenario.action_cost,
        "soon_before_action": soon,
        "order": TARGETS * float(chances_of(moves, STATES.index("order"))[0]),
        "user_later": TARGETS * float(expm(12 * YEARS * moves)[0, STATES.index("user")]),
    }


def _draw(ax: Axes, result: dict[str, Any]) -> None:
    low, high = ax.get_xlim()
    for place, (part, (color, hatch)) in enumerate(PARTS.items()):
        amount = result[part]
        ax.barh([place], [amount], height=0.62, color=color, hatch=hatch, edgecolor=style.INK, linewidth=0.5)
        beside = 0.012 * (high - low) * (1 if amount >= 0 else -1)
        # on white, so that no dash of the baseline strikes a figure
        looks: dict[str, Any] = {"va": "center", "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.6}}
        style.write(ax, amount + beside, place, formats.money(amount), ha="left" if amount >= 0 else "right", **looks)


def _sentence(before: dict[str, Any], now: dict[str, Any], *, currency: str) -> str:
    gain = now["before_action"] - before["before_action"]
    cost = before["action"] - now["action"]
    if abs(gain) < 0.5 and cost > 0:
        return say("pipeline.sentence_nothing", cost=_money(cost, currency))
    if gain <= 0:
        return say("pipeline.sentence_worse", loss=_money(-gain, currency), targets=TARGETS)
    net = gain - cost
    key = "pipeline.sentence_pays" if net >= 0 else "pipeline.sentence_too_dear"
    soon = now["soon_before_action"] - before["soon_before_action"]
    shown = {"gain": gain, "soon": soon, "cost": cost, "net": abs(net)}
    return say(key, targets=TARGETS, **{name: _money(amount, currency) for name, amount in shown.items()})


def _money(amount: float, currency: str) -> str:
    return formats.in_currency(formats.grouped(round(amount, -2), 0), currency)

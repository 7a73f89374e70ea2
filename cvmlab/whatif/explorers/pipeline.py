"""The what-if of the pipeline: a better rate at one step, and what a prospect is worth then (S06)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.charts import style
from cvmlab.core import formats
from cvmlab.core.guarding import public
from cvmlab.core.words import say, term
from cvmlab.relationship.pipeline import STATES, STEPS, PipelineRates
from cvmlab.relationship.pipeline.inputs import by_state
from cvmlab.relationship.pipeline.rates import chances_of
from cvmlab.relationship.pipeline.values import values_of

from ..measures import Measure
from ..widget import WhatIf

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ..guessing import Guess

TARGETS = 100
#: Years after which the bars on the right count the customers there.
YEARS = 5
POINT = 0.01
SLIDERS = (
    "target_prospect", "prospect_opportunity", "opportunity_order", "user_dormant", "dormant_user", "user_lost",
    "user_margin", "device_margin", "call_cost", "discount_rate",
)  # fmt: skip


@public
def pipeline_step(start: PipelineRates | None = None, *, currency: str = "", after: Guess | None = None) -> WhatIf:
    """Return the what-if of the pipeline: how far 100 targets come, and what each of them is worth.

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
    The result is a dict: ``value`` of a prospect and ``value_100`` of 100 targets (money, all that is to
    come); of 100 targets ``prospect``, ``opportunity``, ``order`` and ``user`` (customers who ever come that far),
    ``user_later`` and ``dormant_later`` (there after five years); ``best`` and ``best_gain``: the rate that is
    worth most if it is better by a point per month, and that worth (money of 100 targets). What a better
    rate costs is not counted.

    Examples
    --------
    >>> what_if = pipeline_step()
    >>> what_if.set(user_dormant=0.02)
    >>> what_if.result["value"] > what_if.baseline["value"], what_if.result["order"] == what_if.baseline["order"]
    (True, True)
    """

    def frame(ax: Axes, _: dict[str, Any]) -> None:
        places = [*range(len(STEPS)), len(STEPS) + 0.6, len(STEPS) + 1.6]
        later = [say("pipeline.later", state=term(state), years=YEARS) for state in ("user", "dormant")]
        ax.set_xticks(places, [*(term(state) for state in STEPS), *later], fontsize=8)
        ax.set_xlim(-0.6, places[-1] + 0.6)
        ax.set_ylim(0, 1.12 * TARGETS)
        ax.axvline(len(STEPS) - 0.2, color=style.GRID, linewidth=1.2)
        ax.set_ylabel(say("pipeline.of_targets", targets=TARGETS))
        ax.grid(visible=False, axis="x")

    return WhatIf(
        _on_sliders(start or PipelineRates()),
        _compute,
        _draw,
        frame=frame,
        measures=[
            Measure("value", "pipeline.value_prospect", "money"),
            Measure("value_100", "pipeline.value_100", "money"),
            Measure("order", "pipeline.orders_100"),
            Measure("user_later", say("pipeline.users_later", years=YEARS)),
        ],
        sentence=_sentence,
        title="pipeline.what_if",
        only=SLIDERS,
        presets={
            "pipeline.qualify": {"prospect_opportunity": 0.12},
            "pipeline.close": {"opportunity_order": 0.22},
            "pipeline.care": {"user_dormant": 0.02},
            "pipeline.wake": {"dormant_user": 0.10},
            "pipeline.dear_device": {"device_margin": 1_500.0, "opportunity_order": 0.09},
        },
        after=after,
        currency=currency,
        height=420,
    )


def _on_sliders(start: PipelineRates) -> PipelineRates:
    return start.replace(**{name: round(getattr(start, name), 3) for name, _, _ in start.moves()})


def _compute(scenario: PipelineRates) -> dict[str, Any]:
    from scipy.linalg import expm

    moves = scenario.generator()
    worth = _worth(scenario)
    later = TARGETS * expm(12 * YEARS * moves)[0]
    best, gain = _best_step(scenario)
    return {
        "value": float(worth[STATES.index("prospect")]),
        "value_100": TARGETS * float(worth[0]),
        **{state: TARGETS * float(chances_of(moves, place)[0]) for place, state in enumerate(STEPS)},
        "user_later": float(later[STATES.index("user")]),
        "dormant_later": float(later[STATES.index("dormant")]),
        "best": best,
        "best_gain": TARGETS * gain,
    }


def _worth(scenario: PipelineRates) -> NDArray[np.float64]:
    """Return the value of a customer in each state; the first is a target."""
    return values_of(scenario.generator(), by_state(scenario.rewards(), "rewards", STATES), scenario.discount_rate)


def _best_step(scenario: PipelineRates) -> tuple[str, float]:
    """Return the slider whose rate is worth most if better by a point, and the gain of one target (money)."""
    now = float(_worth(scenario)[0])
    gains = {}
    moved = [name for name, _, _ in scenario.moves() if name in SLIDERS]
    for name, field in ((name, scenario.limits()[name]) for name in moved):
        rates = (getattr(scenario, name) + POINT, getattr(scenario, name) - POINT)
        possible = [rate for rate in rates if 0 <= rate <= (field.maximum or 1)]
        gains[name] = max(float(_worth(scenario.replace(**{name: rate}))[0]) - now for rate in possible)
    best = max(gains, key=lambda name: gains[name])
    return best, gains[best]


def _draw(ax: Axes, result: dict[str, Any]) -> None:
    places = np.arange(len(STEPS))
    heights = [result[state] for state in STEPS]
    ax.bar(places, heights, width=0.7, color=style.BLUE)
    later = [result["user_later"], result["dormant_later"]]
    behind = np.array([len(STEPS) + 0.6, len(STEPS) + 1.6])
    for place, height, color, hatch in zip(behind, later, (style.GREEN, style.ORANGE), ("", "///"), strict=True):
        ax.bar([place], [height], width=0.7, color=color, hatch=hatch, edgecolor=style.INK, linewidth=0.5)
    for place, height in zip([*places, *behind], [*heights, *later], strict=True):
        shown = f"{height:.0f}" if height >= 9.95 else f"{height:.1f}"
        style.write(ax, place, height + 1.2, shown, ha="center", va="bottom")


def _sentence(before: dict[str, Any], now: dict[str, Any]) -> str:
    worth = Measure("value", unit="money")
    return say(
        "pipeline.sentence",
        value=formats.money(now["value"]),
        change=worth.difference(before["value"], now["value"]),
        step=term(f"pipeline.short_{now['best']}"),
        gain=formats.money(now["best_gain"]),
        targets=TARGETS,
    )

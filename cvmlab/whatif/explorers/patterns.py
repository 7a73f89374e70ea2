"""The what-if of the four patterns: when and why a relationship ends, and which repair brings it back (S04)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.charts import style
from cvmlab.charts.lifecycle import spells_of
from cvmlab.core.guarding import public
from cvmlab.core.words import language, say, term
from cvmlab.relationship.lifecycle import ENDED, STAGES, Relationship
from cvmlab.relationship.patterns import Story, ending, live

from ..measures import Measure
from ..widget import WhatIf

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection
    from numpy.typing import NDArray

    from ..guessing import Guess

#: Fields with a slider; the others are set from code, so that picture and sliders fit on a page.
SLIDERS = (
    "expectation_rise", "added_value", "setback_month", "alternative_month", "unfairness", "switching_cost",
    "repair_month",
)  # fmt: skip
#: Where the strip of the stages lies, below the value of 0.
_STRIP = (-17.0, -3.0)
#: Colours of the stages, as in `cvmlab.charts.plot_histories`; decline is hatched.
_SHADES = {"exploration": style.PALE, "formation": style.SKY, "stability": style.BLUE, "decline": style.VERMILION}


@public
def pattern_explorer(
    story: Story | None = None,
    relationship: Relationship | None = None,
    *,
    currency: str = "",
    after: Guess | None = None,
) -> WhatIf:
    """Return the what-if of a story: the value received against what is expected, the level, the end.

    Parameters
    ----------
    story
        Where the sliders start; by default a setback that nobody repairs.
    relationship
        The relationship without trouble (`cvmlab.patterns.live`).
    currency
        Sign of the currency.
    after
        A guess to be committed first (`WhatIf`).

    Notes
    -----
    The depth of the setback, the value of the alternative and the strength of the repair have no slider: set them
    from code, as in ``what_if.set(setback_depth=40)``.

    The result is a dict: ``life`` (the frame of `cvmlab.patterns.live`), ``ending`` (`cvmlab.patterns.Ending`),
    ``lived`` (months), ``decline`` (months of it), ``profit`` (money in the months lived, before what added value
    and repair cost; recommendations that outlast the relationship are left out), ``lost`` (money: profit of the
    same relationship that meets no shortfall, less this one's).

    Examples
    --------
    >>> what_if = pattern_explorer()
    >>> what_if.set(repair_month=31)
    >>> what_if.result["ending"].ended, what_if.result["lost"] < what_if.baseline["lost"]
    (False, True)
    """
    start = story or Story()
    relationship = relationship or Relationship()
    untroubled = {"setback_month": 0, "alternative_month": 0, "unfairness": 0, "expectation_rise": 0.0}
    best = _profit_while_it_lasts(live(start.replace(**untroubled), relationship))

    def compute(chosen: Story) -> dict[str, Any]:
        life, end = live(chosen, relationship), ending(chosen, relationship)
        profit = _profit_while_it_lasts(life)
        return {
            "story": chosen,
            "life": life,
            "ending": end,
            "lived": end.months,
            "decline": int((life["stage"] == "decline").sum()),
            "profit": profit,
            "lost": best - profit,
        }

    def frame(ax: Axes, _: dict[str, Any]) -> None:
        # a range that may still grow
        ax.update_datalim([(0, -20), (start.months + 1, 118)])
        ax.margins(0)
        ax.set_yticks([0, 20, 40, 60, 80, 100])
        ax.set_xlabel(term("patterns.month_axis"))
        ax.set_ylabel(term("patterns.points_axis"))
        ax.grid(visible=False, axis="x")

    return WhatIf(
        start,
        compute,
        _draw,
        frame=frame,
        measures=[
            # counted: whole numbers, and the label says of what
            Measure("lived", "patterns.lived", "times"),
            Measure("decline", "patterns.of_them_decline", "times"),
            Measure("profit", "patterns.profit_over_life", "money"),
            Measure("lost", "patterns.lost_against_undisturbed", "money"),
        ],
        sentence=lambda _, now: _sentence(now),
        title="patterns.explorer_title",
        only=SLIDERS,
        presets={
            "patterns.one_bad_purchase": _only(setback_month=3),
            "patterns.better_offer": _only(alternative_month=15),
            "patterns.standing_still": _only(added_value=0.0, expectation_rise=4.5),
            "patterns.felt_unfair": _only(unfairness=15),
            "patterns.unrepaired": _only(setback_month=30),
            "patterns.repaired_in_time": _only(setback_month=30, repair_month=30),
        },
        after=after,
        currency=currency,
        height=370,
    )


def _profit_while_it_lasts(life: pd.DataFrame) -> float:
    return float(life["profit"].to_numpy()[life["code"].to_numpy() != ENDED].sum())


def _only(**changes: float) -> dict[str, Any]:
    """Return a story in which nothing happens but the changes."""
    quiet = {"setback_month": 0, "alternative_month": 0, "unfairness": 0, "repair_month": 0}
    return {**quiet, "added_value": 4.0, "expectation_rise": 4.0, **changes}


def _draw(ax: Axes, result: dict[str, Any]) -> None:
    life: pd.DataFrame = result["life"]
    month, level = life["period"].to_numpy(float), 100 * life["level"].to_numpy()
    lived = int((life["code"] != ENDED).sum())
    # up to the month of the end, in which the shortfall was too large
    shown = min(lived + 1, len(life))
    value, standard = life["value"].to_numpy()[:shown], life["standard"].to_numpy()[:shown]
    x = month[:shown]
    short = (standard > value).tolist()
    ax.fill_between(x, value, standard, where=short, color=style.VERMILION, alpha=0.3, linewidth=0)
    # collections leave no ghost: that of the level is enough
    ax.add_collection(_line(x, standard, color=style.INK, linestyle=(0, (1, 1.2)), linewidth=1.5))
    ax.add_collection(_line(x, value, color=style.ORANGE, linewidth=1.9))
    ax.plot(month[:shown], level[:shown], color=style.BLUE, linewidth=2.6)
    _strip(ax, life)
    _name_lines(ax, value, standard, level)
    if result["ending"].ended:
        ax.plot([month[shown - 1]], [max(level[lived - 1], 0)], marker="X", markersize=10, color=style.VERMILION)
        label = term(f"patterns.pattern_{result['ending'].pattern}")
    else:
        label = term("patterns.pattern_")
    box = {"facecolor": "white", "edgecolor": style.QUIET, "boxstyle": "round,pad=0.3"}
    corner: dict[str, Any] = {"transform": ax.transAxes, "ha": "right", "va": "top", "bbox": box}
    style.write(ax, 0.99, 0.97, label, size=style.TITLE_SIZE, **corner)


def _line(x: NDArray[np.float64], y: NDArray[np.float64], **options: Any) -> LineCollection:
    from matplotlib.collections import LineCollection

    return LineCollection([np.column_stack((x, y))], **options)


def _name_lines(ax: Axes, value: NDArray[Any], standard: NDArray[Any], level: NDArray[Any]) -> None:
    grown = np.flatnonzero(level >= 25)
    beside = (grown[0] + 1.5, 22.0) if len(grown) else (float((level > 0).sum()) + 1.5, 4.0)
    places = {
        "line_value": (0.6, value[0] + 2, "bottom"),
        "line_standard": (0.6, standard[0] - 2, "top"),
        "line_level": (*beside, "center"),
    }
    for word, (x, y, va) in places.items():
        style.write(ax, x, y, term(f"patterns.{word}"), size=8.5, va=va)


def _strip(ax: Axes, life: pd.DataFrame) -> None:
    """Draw the stages as a strip below the curves, each run of months with its name where it fits."""
    low, high = _STRIP
    for name, begin, stop in spells_of(life["stage"]):
        if name not in STAGES:
            continue
        is_decline = name == "decline"
        edge, hatch = (style.QUIET, "////") if is_decline else ("white", "")
        looks: dict[str, Any] = {"facecolor": _SHADES[name], "edgecolor": edge, "hatch": hatch}
        (bar,) = ax.fill([begin, stop, stop, begin], [low, low, high, high], **looks)
        # as a fill it leaves no ghost
        bar.set(alpha=0.49, linewidth=0.6)
        # a Chinese character is about twice as wide as a Latin letter
        shown = term(name)
        if stop - begin >= len(shown) * (2 if language() == "zh" else 1.15):
            style.write(ax, (begin + stop) / 2, (low + high) / 2, shown, ha="center", va="center", size=8.5)


def _sentence(now: dict[str, Any]) -> str:
    end, life = now["ending"], now["life"]
    if not end.ended:
        key = "alive_declining" if life["stage"].iloc[-1] == "decline" else "alive"
        return say(f"patterns.{key}", months=len(life), decline=now["decline"])
    return say(
        "patterns.ended_no_repair" if end.last_repair is None else "patterns.ended_repair_until",
        month=end.months,
        pattern=term(f"patterns.pattern_{end.pattern}"),
        why=term(f"patterns.why_{end.cause or 'several'}"),
        strength=f"{now['story'].repair_strength:g}",
        last=end.last_repair,
    )

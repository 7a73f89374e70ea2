"""The what-if of the four patterns: by which month a repair must begin, and how much it may cost (S04)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.charts import style
from cvmlab.charts.lifecycle import spells_of
from cvmlab.core.formats import in_currency, money
from cvmlab.core.guarding import public
from cvmlab.core.words import language, say, term
from cvmlab.relationship.lifecycle import ENDED, STAGES, Relationship
from cvmlab.relationship.patterns import Ending, Story, ending, last_month_to_repair, live
from cvmlab.relationship.patterns.story import least_strength

from ..measures import Measure
from ..playing import Unfold
from ..widget import WhatIf

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection
    from numpy.typing import NDArray

    from ..guessing import Guess

#: Fields with a slider, and those folded away.
SLIDERS = ("setback_month", "repair_month", "repair_cost", "added_value", "switching_cost")
FOLDED = (
    "expectation_rise", "setback_depth", "alternative_month", "alternative_value", "unfairness", "unfairness_month",
    "repair_strength", "repair_months", "fall",
)  # fmt: skip
#: Where the strip of the stages lies, and the names below it, under the value of 0.
_STRIP, _NAMES_AT, _LOWEST, _HIGHEST = (-13.0, -3.0), -16.0, -27.0, 124.0
#: Colours of the stages, as in `cvmlab.charts.plot_histories`; decline is hatched.
_SHADES = {"exploration": style.PALE, "formation": style.SKY, "stability": style.BLUE, "decline": style.VERMILION}
#: In grey the three lines differ in width and dash.
_VALUE: dict[str, Any] = {"color": style.BLUE, "linewidth": 2.8}
_STANDARD: dict[str, Any] = {"color": style.INK, "linestyle": (0, (1, 1.2)), "linewidth": 1.8}
_LIMIT: dict[str, Any] = {"color": style.VERMILION, "linestyle": (0, (6, 2)), "linewidth": 1.3}


@public
def pattern_explorer(
    story: Story | None = None,
    relationship: Relationship | None = None,
    *,
    currency: str = "",
    after: Guess | None = None,
) -> WhatIf:
    """Return the what-if of a story: the value received against what is expected, the stages, the end.

    Played, the picture unfolds month by month: expectation rises, value follows or does not, and the customer leaves
    when the value falls below what trust and switching cost still bear.

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
    The result is a dict: ``life`` (the frame of `cvmlab.patterns.live`), ``ending`` (`cvmlab.patterns.Ending`),
    ``lived`` (months), ``profit`` (money in the months lived, less the cost of the repair, before what added value
    costs; recommendations that outlast the relationship are left out), ``repair_worth`` (money: profit with this repair
    before its cost, less profit without it: what the repair may cost), ``repair_begins`` (month of that repair: the
    last one if none is planned; 0 if none helps or is needed), ``last_repair`` (the last month in which it can
    begin; None if no month does, or none is needed), ``lost`` (money: profit of the same relationship that meets no
    shortfall, less this one's).

    Examples
    --------
    >>> what_if = pattern_explorer()
    >>> what_if.set(repair_month=31)
    >>> what_if.result["ending"].ended, what_if.result["repair_worth"] > 3_000
    (False, True)
    """
    start = story or Story()
    relationship = relationship or Relationship()
    untroubled = {
        "setback_month": 0, "alternative_month": 0, "unfairness": 0, "expectation_rise": 0.0, "repair_month": 0,
    }  # fmt: skip
    best = _profit_while_it_lasts(live(start.replace(**untroubled), relationship))

    def compute(chosen: Story) -> dict[str, Any]:
        life, end = live(chosen, relationship), ending(chosen, relationship)
        profit, last = _profit_while_it_lasts(life), last_month_to_repair(chosen, relationship)
        # without a repair, what one at the last moment would be worth
        begins = chosen.repair_month or last or 0
        repaired = chosen.replace(repair_month=begins, repair_cost=0.0)
        free, without = (
            _profit_while_it_lasts(live(story, relationship)) for story in (repaired, chosen.replace(repair_month=0))
        )
        return {
            "story": chosen,
            "life": life,
            "ending": end,
            "lived": end.months,
            "profit": profit,
            "repair_worth": free - without,
            "repair_begins": begins,
            "last_repair": last,
            "lost": best - profit,
        }

    def frame(ax: Axes, _: dict[str, Any]) -> None:
        # a range that may still grow
        ax.update_datalim([(0, _LOWEST), (start.months + 1, _HIGHEST)])
        ax.margins(0)
        ax.set_yticks([0, 20, 40, 60, 80, 100])
        ax.set_xlabel(term("patterns.month_axis"))
        ax.set_ylabel(term("patterns.points_axis"))
        ax.grid(visible=False, axis="x")
        _legend(ax)

    return WhatIf(
        start,
        compute,
        _draw,
        frame=frame,
        measures=[
            # counted: whole numbers, and the label says of what
            Measure("lived", "patterns.lived", "times"),
            Measure("profit", "patterns.profit_over_life", "money"),
            Measure("repair_worth", "patterns.repair_worth", "money"),
            Measure("repair_begins", "patterns.repair_begins", "times"),
            Measure("lost", "patterns.lost_against_undisturbed", "money"),
        ],
        sentence=lambda _, now: _sentence(now, relationship, currency),
        title="patterns.explorer_title",
        only=SLIDERS,
        more=FOLDED,
        ranges={"repair_cost": (0, 60_000, 500)},
        presets={
            "patterns.one_bad_purchase": _only(setback_month=3),
            "patterns.better_offer": _only(alternative_month=15),
            "patterns.standing_still": _only(added_value=0.0),
            "patterns.felt_unfair": _only(unfairness=18, unfairness_month=6),
            "patterns.unrepaired": _only(setback_month=30),
            "patterns.repaired_in_time": _only(setback_month=30, repair_month=30),
        },
        play=Unfold(lambda result: int(result["lived"])),
        after=after,
        currency=currency,
        height=330,
    )


def _profit_while_it_lasts(life: pd.DataFrame) -> float:
    return float(life["profit"].to_numpy()[life["code"].to_numpy() != ENDED].sum())


def _only(**changes: float) -> dict[str, Any]:
    """Return a story in which nothing happens but the changes."""
    quiet = {"setback_month": 0, "alternative_month": 0, "unfairness": 0, "unfairness_month": 0, "repair_month": 0}
    return {**quiet, "added_value": 4.0, "expectation_rise": 4.0, **changes}


def _legend(ax: Axes) -> None:
    from matplotlib.lines import Line2D

    lines = {"line_value": _VALUE, "line_standard": _STANDARD, "line_limit": _LIMIT}
    handles = [Line2D([], [], **looks) for looks in lines.values()]
    names = [term(f"patterns.{word}") for word in lines]
    style.legend(ax, handles, names, loc="upper left", handlelength=3.2, borderaxespad=0.1, labelspacing=0.3)


def _draw(ax: Axes, result: dict[str, Any]) -> None:
    life: pd.DataFrame = result["life"]
    lived = int(result["lived"])
    until = min(result.get("until", lived), lived)
    is_whole = until == lived
    # months are counted from 0, and the end is the first month without a relationship
    shown = min(until + 1, len(life))
    x = life["period"].to_numpy(float)[:shown]
    value, standard, hold = (life[name].to_numpy()[:shown] for name in ("value", "standard", "hold"))
    has_ended = result["ending"].ended and is_whole
    # in the month of the end nothing holds any more: the last hold is that of the month before
    limit = standard - np.where(hold > 0, hold, np.append(hold[:1], hold[:-1]))
    missing = (standard > value).tolist()
    ax.fill_between(x, value, standard, where=missing, color=style.VERMILION, alpha=0.3, linewidth=0)
    # collections leave no ghost: that of the value is enough
    ax.add_collection(_line(x, standard, **_STANDARD))
    ax.add_collection(_line(x, limit, **_LIMIT))
    ax.plot(x, value, **_VALUE)
    _strip(ax, life.head(shown))
    if has_ended:
        ax.plot(x[-1:], value[-1:], marker="X", markersize=10, color=style.VERMILION)
    if is_whole:
        _name_pattern(ax, result)


def _name_pattern(ax: Axes, result: dict[str, Any]) -> None:
    end = result["ending"]
    label = term(f"patterns.pattern_{end.pattern}")
    if end.pattern and not end.ended:
        label = say("patterns.still_active", pattern=label)
    box = {"facecolor": "white", "edgecolor": style.QUIET, "boxstyle": "round,pad=0.3"}
    corner: dict[str, Any] = {"transform": ax.transAxes, "ha": "right", "va": "top", "bbox": box}
    style.write(ax, 0.99, 0.97, label, size=style.LABEL_SIZE, **corner)


def _line(x: NDArray[np.float64], y: NDArray[np.float64], **options: Any) -> LineCollection:
    from matplotlib.collections import LineCollection

    return LineCollection([np.column_stack((x, y))], **options)


def _strip(ax: Axes, life: pd.DataFrame) -> None:
    """Draw the stages as a strip below the curves, and the name of each run of months below it, side by side."""
    low, high = _STRIP
    spells = [spell for spell in spells_of(life["stage"]) if spell[0] in STAGES]
    for name, begin, stop in spells:
        is_decline = name == "decline"
        edge, hatch = (style.QUIET, "////") if is_decline else ("white", "")
        looks: dict[str, Any] = {"facecolor": _SHADES[name], "edgecolor": edge, "hatch": hatch}
        (bar,) = ax.fill([begin, stop, stop, begin], [low, low, high, high], **looks)
        # as a fill it leaves no ghost
        bar.set(alpha=0.49, linewidth=0.6)
    names = [term(name) for name, _, _ in spells]
    # a Chinese character is about twice as wide as a Latin letter
    widths = np.array([len(name) * (2.1 if language() == "zh" else 0.95) + 1.2 for name in names])
    middles = np.array([(begin + stop) / 2 for _, begin, stop in spells])
    if not len(spells):
        return
    places = style.spread(middles, (widths[1:] + widths[:-1]) / 2, widths[0] / 2, 200.0)
    for name, place in zip(names, places, strict=True):
        style.write(ax, place, _NAMES_AT, name, ha="center", va="top", size=7.8)


def _sentence(now: dict[str, Any], relationship: Relationship, currency: str) -> str:
    end, story = now["ending"], now["story"]
    if not end.ended:
        return _sentence_alive(now, currency)
    begins = int((now["life"]["standard"] > now["life"]["value"]).to_numpy().argmax())
    helps, figures = _what_helps(story, end.last_repair, begins, relationship)
    return say(
        "patterns.ended",
        month=end.months,
        pattern=term(f"patterns.pattern_{end.pattern}"),
        why=_why(end, story, is_weak="needed" in figures),
        advice=say(f"patterns.repair_{helps}", strength=story.repair_strength, begins=begins, **figures),
    )


def _what_helps(story: Story, last: int | None, begins: int, relationship: Relationship) -> tuple[str, dict[str, Any]]:
    """Return what would have saved a relationship that ended: the name of the sentence that says it, its figures."""
    if last is not None:
        # what had to be done before the trouble is no repair
        return "until" if last >= begins else "before", {"last": last}
    at_once = story.replace(repair_months=0)
    if (felt := last_month_to_repair(at_once, relationship)) is not None:
        return "faster", {"last": felt, "months": story.repair_months}
    for helps, tried in (("stronger", story), ("stronger_and_faster", at_once)):
        if (needed := least_strength(tried, relationship)) is not None:
            last = last_month_to_repair(tried.replace(repair_strength=needed), relationship)
            return helps, {"needed": needed, "last": last}
    return "none", {}


def _sentence_alive(now: dict[str, Any], currency: str) -> str:
    story, last, months = now["story"], now["last_repair"], len(now["life"])
    if now["life"]["stage"].iloc[-1] == "decline":
        return say("patterns.alive_declining", months=months)
    if last is None or not story.repair_month:
        return say("patterns.alive_unhurt", months=months)
    amounts = {"worth": now["repair_worth"], "cost": story.repair_cost}
    money_of = {name: in_currency(money(amount), currency) for name, amount in amounts.items()}
    return say("patterns.alive_repaired", month=story.repair_month, months=months, last=last, **money_of)


def _why(end: Ending, story: Story, *, is_weak: bool) -> str:
    """Return why it ended; a repair that was tried was too late, or too weak."""
    why = term(f"patterns.why_{end.cause or 'several'}")
    if story.repair_month:
        return say("patterns.repaired_weakly" if is_weak else "patterns.repaired_late", why=why)
    return say("patterns.unrepaired_why", why=why) if end.cause == "setback" else why

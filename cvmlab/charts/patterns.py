"""Charts of the four patterns: their curves, how often they occur, what they cost (S04)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core import formats
from cvmlab.core.guarding import public
from cvmlab.core.words import say, term
from cvmlab.relationship.patterns import PATTERNS, UNNAMED

from . import style
from .frames import COUNT, FIGURE, SHARE, SOME, Holds, check_frame

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: The place of each of four panels in the whole: left, bottom, width, height.
_PLACES = ((0.0, 0.56, 0.46, 0.36), (0.54, 0.56, 0.46, 0.36), (0.0, 0.05, 0.46, 0.36), (0.54, 0.05, 0.46, 0.36))
_PATTERN, _PATTERN_OR_NONE = Holds("text", texts=PATTERNS), Holds("text", texts=("", *PATTERNS))
_TRUE = Holds(minimum=0, maximum=1, gaps=True, optional=True)


@public
def plot_patterns(
    frame: pd.DataFrame, *, named: bool = True, value: str = "profit", currency: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the four life curves of figure 3-2 beside each other, on the same scale.

    Parameters
    ----------
    frame
        `cvmlab.patterns.typical_curves`: ``pattern``, ``period`` (months from 0) and the value (money per month).
    named
        Whether the panels are named by their pattern, in its order, with pattern IV as a grey ghost. Otherwise
        they are named A to D, for students to sort (`cvmlab.patterns.UNNAMED`).
    value
        Column to draw, and vocabulary key of its label: ``"profit"`` or ``"revenue"``.
    currency
        Sign of the currency; "currency units" if left out.
    ax
        Axes that hold the four panels (``ax.child_axes``); a new figure if left out.

    Examples
    --------
    >>> from cvmlab.relationship.patterns import typical_curves
    >>> ax = plot_patterns(typical_curves(), named=False)
    >>> [panel.get_title(loc="left") for panel in ax.child_axes]
    ['curve A', 'curve B', 'curve C', 'curve D']
    """
    columns = {"pattern": _PATTERN, "period": COUNT, value: FIGURE}
    frame = check_frame(frame, "patterns", columns, once=["pattern", "period"], in_order=True)
    ax = style.canvas(ax, height=5.2)
    ax.set_axis_off()
    curves = {
        str(name): (curve["period"].to_numpy(float), curve[value].to_numpy(float))
        for name, curve in frame.groupby("pattern", sort=False)
    }
    longest = max(months[-1] for months, _ in curves.values()) + 1
    lowest, highest = float(min(frame[value].min(), 0)), float(frame[value].max())
    panels = {f"patterns.pattern_{name}": name for name in PATTERNS} if named else UNNAMED
    for number, ((word, name), place) in enumerate(zip(panels.items(), _PLACES, strict=True)):
        if name not in curves:
            continue
        panel = style.dressed(ax.inset_axes(place))
        if named and "IV" in curves and name != "IV":
            panel.plot(*curves["IV"], color=style.PALE, linestyle=(0, (4, 2)), linewidth=1.4)
        months, heights = curves[name]
        panel.plot(months, heights, color=style.BLUE, linewidth=2.2)
        panel.fill_between(months, heights, color=style.BLUE, alpha=0.15, linewidth=0)
        panel.plot(months[-1:], heights[-1:], marker="X", markersize=8, color=style.VERMILION, linestyle="none")
        panel.set_title(term(word), loc="left", fontsize=style.LABEL_SIZE, color=style.INK)
        panel.set(xlim=(-longest * 0.02, longest * 1.04), ylim=(lowest - 0.05 * highest, highest * 1.12))
        style.money_axis(panel.yaxis)
        if number >= 2:
            panel.set_xlabel(term("patterns.month_axis"))
        style.lettered(panel)
    label = formats.in_money(say("patterns.a_month", value=term(value)), currency)
    middle: dict[str, Any] = {"transform": ax.transAxes, "rotation": 90, "ha": "center", "va": "center"}
    style.write(ax, -0.11, 0.5, label, size=style.LABEL_SIZE, **middle)
    style.headline(ax, term("patterns.curves_named" if named else "patterns.curves_unnamed"), pad=4)
    return style.lettered(ax)


@public
def plot_pattern_shares(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how often each pattern occurs; relationships still alive stand apart, hatched.

    Parameters
    ----------
    frame
        `cvmlab.patterns.pattern_shares`: ``pattern`` (I–IV, "" for undecided), ``customers``, ``share``, ``low``
        and ``high`` (its 95% interval), all shares of 1 [, ``true_share``, drawn as a diamond].
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> from cvmlab.relationship.patterns import pattern_shares
    >>> plot_pattern_shares(pattern_shares(pd.DataFrame({"pattern": ["I", "", ""]}))).get_title(loc="left")
    '1 of 3 relationships have a pattern; the others (67%) are still alive'
    """
    columns = {"pattern": _PATTERN_OR_NONE, "customers": SOME, "share": SHARE, "low": SHARE, "high": SHARE}
    frame = check_frame(frame, "patterns", {**columns, "true_share": _TRUE}, once=["pattern"])
    ax = style.canvas(ax, height=3.6)
    share, low, high = (frame[name].to_numpy(float) for name in ("share", "low", "high"))
    count = frame["customers"].to_numpy(int)
    places = np.arange(len(frame))[::-1].astype(float)
    alive = (frame["pattern"] == "").to_numpy()
    bars = ax.barh(places, share, height=0.62, color=style.BLUE)
    for bar, is_alive in zip(bars, alive, strict=True):
        if is_alive:
            bar.set(facecolor="white", edgecolor=style.QUIET, hatch="///", linewidth=1)
    ax.hlines(places, low, high, color=style.INK, linewidth=1.6)
    right = high
    if "true_share" in frame:
        known = frame["true_share"].to_numpy(float)
        look: dict[str, Any] = {"marker": "D", "markeredgecolor": style.INK, "linestyle": "none", "zorder": 4}
        ax.plot(known, places, color=style.ORANGE, label=term("known_truth"), **look)
        style.legend(ax, loc="upper right", bbox_to_anchor=(1, -0.09))
        right = np.fmax(high, known)
    for place, edge, customers, part in zip(places, right, count, share, strict=True):
        label = say("patterns.share_label", customers=f"{customers:,}", share=formats.percent(part))
        style.note(ax, label, (edge, place), (9, 0), va="center")
    ax.set_yticks(places, [term(f"patterns.pattern_{name}") for name in frame["pattern"]])
    ax.set_xlim(0, max(float(np.nanmax(right)) * 1.25, 0.01))
    style.percent_axis(ax.xaxis, term("patterns.share_axis"))
    ax.grid(visible=False, axis="y")
    total, decided = int(count.sum()), int(count[~alive].sum())
    still = formats.percent(float(share[alive].sum()))
    style.headline(ax, say("patterns.shares_message", decided=f"{decided:,}", total=f"{total:,}", alive=still))
    return style.lettered(ax)


@public
def plot_lost_profit(frame: pd.DataFrame, *, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw what a relationship of each pattern is worth, and what is lost against pattern IV.

    Parameters
    ----------
    frame
        `cvmlab.patterns.lost_profit`: ``pattern``, ``months`` lived, ``present_value`` and ``lost`` (money).
    currency
        Sign of the currency; "currency units" if left out.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> from cvmlab.relationship.patterns import lost_profit
    >>> ax = plot_lost_profit(lost_profit(), currency="¥")
    >>> ax.get_xlabel()
    'present value of the profit (¥)'
    """
    columns = {"pattern": _PATTERN, "months": COUNT, "present_value": FIGURE, "lost": FIGURE}
    frame = check_frame(frame, "patterns", columns, once=["pattern"])
    ax = style.canvas(ax, height=3.4)
    worth, lost = frame["present_value"].to_numpy(float), frame["lost"].to_numpy(float)
    places = np.arange(len(frame))[::-1].astype(float)
    ax.barh(places, worth, height=0.62, color=style.BLUE, label=term("patterns.worth"))
    ax.barh(
        places, lost, left=np.maximum(worth, 0), height=0.62,
        facecolor="white", edgecolor=style.QUIET, hatch="///", linewidth=1, label=term("patterns.lost"),
    )  # fmt: skip
    end = float(np.max(worth + np.maximum(lost, 0)))
    for place, amount, months in zip(places, worth, frame["months"].to_numpy(int), strict=True):
        label = say("patterns.lost_label", amount=formats.money(amount), months=f"{months:,}")
        style.note(ax, label, (end, place), (6, 0), va="center")
    ax.set_yticks(places, [term(f"patterns.pattern_{name}") for name in frame["pattern"]])
    ax.set_xlim(min(float(worth.min()), 0), end * 1.28)
    ax.set_ylim(-1.25, len(frame) - 0.5)
    style.money_axis(ax.xaxis, term("patterns.present_value_axis"), currency)
    ax.grid(visible=False, axis="y")
    style.legend(ax, loc="lower left", ncols=2, borderaxespad=0.1)
    style.headline(ax, _lost_message(frame))
    return style.lettered(ax)


def _lost_message(frame: pd.DataFrame) -> str:
    worth, lost = (dict(zip(frame["pattern"], frame[name], strict=True)) for name in ("present_value", "lost"))
    if not {"II", "III", "IV"} <= set(worth) or worth["IV"] <= 0 or max(lost.values()) <= 0:
        return term("patterns.lost_title")
    shares = {name: formats.percent(lost[name] / worth["IV"]) for name in ("II", "III")}
    return say("patterns.lost_message", midway=shares["II"], early=shares["III"])

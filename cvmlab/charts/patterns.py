"""Charts of the four patterns: their curves, how often they occur, what they cost (S04)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core import formats
from cvmlab.core.guarding import public
from cvmlab.core.words import say, term
from cvmlab.relationship.lifecycle import STAGES
from cvmlab.relationship.patterns import PATTERNS, UNNAMED

from . import style
from .frames import COUNT, FIGURE, SHARE, SOME, Holds, check_frame
from .lifecycle import spells_of
from .stages import LOOKS, legend_of_stages

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: The place of each of four panels in the whole: left, bottom, width, height; two by two, and in a row.
_SQUARE = ((0.0, 0.56, 0.46, 0.36), (0.54, 0.56, 0.46, 0.36), (0.0, 0.05, 0.46, 0.36), (0.54, 0.05, 0.46, 0.36))
_ROW = tuple((0.265 * number, 0.12, 0.205, 0.7) for number in range(4))
_PATTERN, _PATTERN_OR_NONE = Holds("text", texts=PATTERNS), Holds("text", texts=("", *PATTERNS))
_STAGE = Holds("text", texts=STAGES)
#: A curve lower than this share of the axis is drawn once more, enlarged.
_SMALL = 0.25
_ACTIVE = Holds(minimum=0, gaps=True, optional=True)
_TRUE = Holds(minimum=0, maximum=1, gaps=True, optional=True)


@public
def plot_patterns(
    frame: pd.DataFrame, *, named: bool = True, value: str = "revenue", currency: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the four life curves of figure 3-2 beside each other, over the stages they pass through.

    Parameters
    ----------
    frame
        `cvmlab.patterns.typical_curves` or, not ``named``, `cvmlab.patterns.unnamed_curves`: ``pattern``, ``period``
        (months from 0), ``stage`` and the value (money per month).
    named
        Whether the panels are named by their pattern, in its order, with pattern IV as a grey ghost; a curve too small
        for the scale, which all panels share, is drawn once more, enlarged. Otherwise they are named A to D and without
        stages, for students to sort (`cvmlab.patterns.UNNAMED`).
    value
        Column to draw, and vocabulary key of its label: ``"revenue"``, which makes narrow life curves as in the
        textbook, or ``"profit"``.
    currency
        Sign of the currency; "currency units" if left out.
    ax
        Axes that hold the four panels (``ax.child_axes``); a new figure if left out.

    Examples
    --------
    >>> from cvmlab.relationship.patterns import unnamed_curves
    >>> ax = plot_patterns(unnamed_curves(), named=False, currency="¥")
    >>> [panel.get_title(loc="left") for panel in ax.child_axes]
    ['curve A', 'curve B', 'curve C', 'curve D']
    """
    columns = {"pattern": _PATTERN, "period": COUNT, "stage": _STAGE, value: FIGURE}
    frame = check_frame(frame, "patterns", columns, once=["pattern", "period"], in_order=True)
    # in a row, curves and the list in which they are sorted are seen at once
    ax = style.canvas(ax, height=5.4 if named else 2.3)
    ax.set_axis_off()
    curves = {str(name): curve.reset_index(drop=True) for name, curve in frame.groupby("pattern", sort=False)}
    longest = max(len(curve) for curve in curves.values())
    limits = _limits(frame[value], below=0.15 if named else 0.05)
    panels = {f"patterns.pattern_{name}": name for name in PATTERNS} if named else UNNAMED
    for number, ((word, name), place) in enumerate(zip(panels.items(), _SQUARE if named else _ROW, strict=True)):
        if name not in curves:
            continue
        curve = curves[name]
        panel = style.dressed(ax.inset_axes(place))
        panel.set(xlim=(-longest * 0.02, longest * 1.04), ylim=limits)
        if named:
            _strip(panel, curve)
            if "IV" in curves and name != "IV":
                panel.plot(
                    curves["IV"]["period"], curves["IV"][value], color=style.PALE, linestyle=(0, (4, 2)), linewidth=1.4
                )
        _draw_pattern(panel, curve, value)
        panel.set_title(_titled(word, curve) if named else term(word), loc="left", fontsize=style.LABEL_SIZE)
        style.money_axis(panel.yaxis)
        if number >= 2 and named:
            panel.set_xlabel(term("patterns.month_axis"))
        style.lettered(panel)
        if named and curve[value].max() < _SMALL * limits[1]:
            _enlarge(panel, curve, value)
    label = formats.in_money(say("patterns.a_month", value=term(value)), currency)
    middle: dict[str, Any] = {"transform": ax.transAxes, "rotation": 90, "ha": "center", "va": "center"}
    style.write(ax, -0.11, 0.5, label, size=style.LABEL_SIZE, **middle)
    if named:
        legend_of_stages(ax, STAGES, loc="upper center", bbox_to_anchor=(0.5, -0.05))
    else:
        below: dict[str, Any] = {"transform": ax.transAxes, "ha": "center", "va": "top"}
        style.write(ax, 0.5, -0.02, term("patterns.month_axis"), size=style.LABEL_SIZE, **below)
    style.headline(ax, term("patterns.curves_named" if named else "patterns.curves_unnamed"), pad=4)
    return style.lettered(ax)


def _limits(figures: pd.Series[float], below: float) -> tuple[float, float]:
    lowest, highest = float(min(figures.min(), 0)), float(figures.max())
    return lowest - below * highest, highest * 1.15


def _titled(word: str, curve: pd.DataFrame) -> str:
    left = term(f"patterns.end_of_{curve['pattern'].iloc[0]}")
    return say("patterns.left_in", pattern=term(word), stage=left, months=len(curve))


def _draw_pattern(panel: Axes, curve: pd.DataFrame, value: str) -> None:
    months, heights = curve["period"].to_numpy(float), curve[value].to_numpy(float)
    panel.plot(months, heights, color=style.BLUE, linewidth=2.2)
    panel.fill_between(months, heights, color=style.BLUE, alpha=0.15, linewidth=0)
    panel.plot(months[-1:], heights[-1:], marker="X", markersize=8, color=style.VERMILION, linestyle="none")


def _enlarge(panel: Axes, curve: pd.DataFrame, value: str) -> None:
    """Draw a curve that is too small for its panel once more, on a scale of its own."""
    inner = style.dressed(panel.inset_axes((0.24, 0.36, 0.5, 0.46)))
    inner.set(xlim=(-0.2, len(curve) - 0.5), ylim=(0, float(curve[value].max()) * 1.35))
    _draw_pattern(inner, curve, value)
    style.money_axis(inner.yaxis)
    inner.set_xticks(range(len(curve)))
    corner: dict[str, Any] = {"transform": inner.transAxes, "ha": "left", "va": "bottom"}
    corner["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    style.write(inner, 0.02, 1.04, term("patterns.enlarged"), **corner)
    style.lettered(inner)


def _strip(panel: Axes, curve: pd.DataFrame) -> None:
    """Draw the stages as a strip below a curve, in the colours of the legend."""
    low = panel.get_ylim()[0]
    for stage, start, end in spells_of(curve["stage"]):
        color, hatch = LOOKS[stage]
        looks: dict[str, Any] = {"facecolor": color, "hatch": hatch, "edgecolor": "white", "linewidth": 0.5}
        panel.fill([start, end, end, start], [low, low, 0.3 * low, 0.3 * low], **looks)


@public
def plot_pattern_shares(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how often each pattern occurs; relationships that are still active are hatched.

    Parameters
    ----------
    frame
        `cvmlab.patterns.pattern_shares`: ``pattern`` (I–IV, "" for undecided), ``customers``, ``share``, ``low``
        and ``high`` (its 95% interval), all shares of 1 [, ``active``, of the customers; ``true_share``, drawn as a
        diamond].
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> from cvmlab.relationship.patterns import pattern_shares
    >>> plot_pattern_shares(pattern_shares(pd.DataFrame({"pattern": ["I", "", ""]}))).get_title(loc="left")[:35]
    '1 of 3 relationships have a pattern'
    """
    columns = {"pattern": _PATTERN_OR_NONE, "customers": SOME, "share": SHARE, "low": SHARE, "high": SHARE}
    frame = check_frame(frame, "patterns", {**columns, "active": _ACTIVE, "true_share": _TRUE}, once=["pattern"])
    ax = style.canvas(ax, height=3.6)
    share, low, high = (frame[name].to_numpy(float) for name in ("share", "low", "high"))
    count = frame["customers"].to_numpy(int)
    places = np.arange(len(frame))[::-1].astype(float)
    alive = (frame["pattern"] == "").to_numpy()
    total = int(count.sum())
    still = share * alive
    if "active" in frame:
        still = np.fmax(still, np.nan_to_num(frame["active"].to_numpy(float)) / max(total, 1))
    ax.barh(places, share - still, height=0.62, color=style.BLUE)
    ax.barh(
        places, still, left=share - still, height=0.62, facecolor="white", edgecolor=style.QUIET, hatch="///",
        linewidth=1, label=term("patterns.active"),
    )  # fmt: skip
    ax.hlines(places, low, high, color=style.INK, linewidth=1.6, label=term("patterns.interval"))
    right = high
    known = frame["true_share"].to_numpy(float) if "true_share" in frame else np.full(len(frame), np.nan)
    if "true_share" in frame:
        look: dict[str, Any] = {"marker": "D", "markeredgecolor": style.INK, "linestyle": "none", "zorder": 4}
        ax.plot(known, places, color=style.ORANGE, label=term("known_truth"), **look)
        right = np.fmax(high, known)
    style.legend(ax, loc="upper left", bbox_to_anchor=(-0.02, -0.17), ncols=2)
    for place, edge, customers, part, true in zip(places, right, count, share, known, strict=True):
        label = say("patterns.share_label", customers=f"{customers:,}", share=formats.percent(part))
        if np.isfinite(true):
            label = say("patterns.share_and_truth", estimated=label, true=formats.percent(true))
        style.note(ax, label, (edge, place), (9, 0), va="center")
    ax.set_yticks(places, [term(f"patterns.pattern_{name}") for name in frame["pattern"]])
    ax.set_xlim(0, max(float(np.nanmax(right)) * 1.5, 0.01))
    style.percent_axis(ax.xaxis, term("patterns.share_axis"))
    ax.grid(visible=False, axis="y")
    decided, others = int(count[~alive].sum()), formats.percent(float(share[alive].sum()))
    style.headline(ax, say("patterns.shares_message", decided=f"{decided:,}", total=f"{total:,}", alive=others))
    return style.lettered(ax)


@public
def plot_lost_profit(frame: pd.DataFrame, *, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw what a relationship of each pattern earns, and what is forgone compared with pattern IV.

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
    ax.barh(places, np.maximum(worth, 0), height=0.62, color=style.BLUE, label=term("patterns.worth"))
    if worth.min() < 0:
        ax.barh(places, np.minimum(worth, 0), height=0.62, color=style.VERMILION, label=term("patterns.loss"))
    # of a loss, the forgone begins at the loss: only what lies right of 0 is free to be drawn
    ax.barh(
        places, lost + np.minimum(worth, 0), left=np.maximum(worth, 0), height=0.62,
        facecolor="white", edgecolor=style.QUIET, hatch="///", linewidth=1, label=term("patterns.lost"),
    )  # fmt: skip
    end = float(np.max(worth + lost))
    for place, amount, months in zip(places, worth, frame["months"].to_numpy(int), strict=True):
        label = say(
            "patterns.lost_label", amount=formats.in_currency(formats.money(amount), currency), months=f"{months:,}"
        )
        style.note(ax, label, (end, place), (6, 0), va="center")
    ax.set_yticks(places, [term(f"patterns.pattern_{name}") for name in frame["pattern"]])
    ax.set_xlim(min(float(worth.min()), 0), end * 1.28)
    ax.set_ylim(-1.25, len(frame) - 0.5)
    style.money_axis(ax.xaxis, term("patterns.present_value_axis"), currency)
    ax.grid(visible=False, axis="y")
    style.legend(ax, loc="lower left", ncols=3, borderaxespad=0.1)
    style.headline(ax, _lost_message(frame))
    return style.lettered(ax)


def _lost_message(frame: pd.DataFrame) -> str:
    worth, lost = (dict(zip(frame["pattern"], frame[name], strict=True)) for name in ("present_value", "lost"))
    if not {"II", "III", "IV"} <= set(worth) or worth["IV"] <= 0 or max(lost.values()) <= 0:
        return term("patterns.lost_title")
    shares = {name: formats.percent(lost[name] / worth["IV"]) for name in ("II", "III")}
    return say("patterns.lost_message", midway=shares["II"], early=shares["III"])

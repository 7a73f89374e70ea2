"""Charts of purchase factors: which goes first, weighted by spend, and how much each decides (S14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core import formats
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, say, term

from . import style
from .frames import FIGURE, SHARE, SOME, TEXT, Holds, check_frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes

#: Fill and hatch of the factors, from dark to light.
FILLS = ((style.BLUE, ""), (style.SKY, "//"), ("#F5D58A", ".."), ("#F2F2F2", "xx"), (style.QUIET, "--"))
# narrower parts of a bar have no room for their figure
_ROOM = 0.07
# more groups than this are not named in a headline
_MOST_NAMED = 6


@public
def plot_first_factors(frame: pd.DataFrame, by: str = "segment", *, ax: Axes | None = None) -> Axes:
    """Draw the share of spend that each factor goes first for, a bar per segment or occasion.

    Parameters
    ----------
    frame
        `cvmlab.factors.spend_by_first_factor`: the column of the groups, ``first_factor``, ``spend`` (money) and
        ``share_of_spend`` (0 to 1); at most five factors.
    by
        Name of the column of the groups.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({
    ...     "segment": ["bakery", "bakery"], "first_factor": ["trust", "price"], "spend": [70.0, 30.0],
    ...     "share_of_spend": [0.7, 0.3],
    ... })
    >>> plot_first_factors(frame).get_title(loc="left")
    'Goes first for the most spend: trust (bakery)'
    """
    columns = {by: TEXT, "first_factor": TEXT, "spend": SOME, "share_of_spend": SHARE}
    frame = check_frame(frame, "first_factors", columns, once=dict.fromkeys([by, "first_factor"]))
    groups, factors = list(dict.fromkeys(frame[by])), list(dict.fromkeys(frame["first_factor"]))
    _check_few(factors, len(FILLS), "first_factor")
    ax = style.canvas(ax, height=1.9 + 0.55 * len(groups))
    for (color, hatch), factor in zip(FILLS, factors, strict=False):
        before = frame[frame["first_factor"].isin(factors[: factors.index(factor)])].groupby(by)["share_of_spend"].sum()
        rows = frame[frame["first_factor"] == factor]
        place = rows[by].map({name: at for at, name in enumerate(groups)}).to_numpy(float)
        left = rows[by].map(before).fillna(0).to_numpy(float)
        share = rows["share_of_spend"].to_numpy(float)
        looks: dict[str, Any] = {"color": color, "hatch": hatch, "edgecolor": style.INK, "linewidth": 0.6}
        ax.barh(place, share, left=left, height=0.62, label=formats.named(factor, "codes."), **looks)
        for at, begin, width in zip(place, left, share, strict=True):
            if width >= _ROOM:
                box = {"facecolor": "white", "edgecolor": "none", "boxstyle": "round,pad=0.15"}
                style.write(ax, begin + width / 2, at, formats.percent(width), ha="center", va="center", bbox=box)
    ax.set_yticks(range(len(groups)), [formats.named(name, "codes.") for name in groups])
    ax.set(ylim=(len(groups) - 0.5, -0.5), xlim=(0, 1))
    ax.grid(visible=False, axis="y")
    style.percent_axis(ax.xaxis, term("heads.share_of_spend"))
    ax.set_ylabel(formats.named(by, "heads."))
    style.headline(ax, _goes_first_message(frame, by, groups))
    style.legend(ax, loc="upper left", bbox_to_anchor=(1, 1))
    return style.lettered(ax)


@public
def plot_factor_weights(frame: pd.DataFrame, by: str = "segment", *, ax: Axes | None = None) -> Axes:
    """Draw how much each factor decides, with its interval, by segment or occasion.

    Parameters
    ----------
    frame
        `cvmlab.factors.weights_by`: the column of the groups, ``attribute``, ``effect``, ``effect_low`` and
        ``effect_high`` (utility between the highest and the lowest on offer) and ``place`` (1 decides most); at most
        four attributes.
    by
        Name of the column of the groups.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({
    ...     "segment": ["bakery", "bakery"], "attribute": ["trust", "price"], "effect": [2.0, -0.8],
    ...     "effect_low": [1.8, -0.9], "effect_high": [2.2, -0.7], "place": [1, 2],
    ... })
    >>> plot_factor_weights(frame).get_title(loc="left")
    'What decides most: trust (bakery)'
    """
    columns = {by: TEXT, "attribute": TEXT, **dict.fromkeys(["effect", "effect_low", "effect_high"], FIGURE)}
    columns["place"] = Holds(minimum=1)
    frame = check_frame(frame, "weights", columns, once=dict.fromkeys([by, "attribute"]))
    groups, attributes = list(dict.fromkeys(frame[by])), list(dict.fromkeys(frame["attribute"]))
    _check_few(attributes, len(style.SERIES), "attribute")
    ax = style.canvas(ax, height=1.9 + 0.75 * len(groups))
    offsets = np.linspace(-0.24, 0.24, len(attributes)) if len(attributes) > 1 else np.zeros(1)
    for mark, attribute, offset in zip(style.SERIES, attributes, offsets, strict=False):
        rows = frame[frame["attribute"] == attribute]
        place = rows[by].map({name: at for at, name in enumerate(groups)}).to_numpy(float) + offset
        ax.hlines(place, rows["effect_low"], rows["effect_high"], color=mark.color, linewidth=1.8)
        looks: dict[str, Any] = {"color": mark.color, "marker": mark.marker, "linestyle": "", "markersize": 6}
        ax.plot(rows["effect"], place, label=formats.named(attribute, "codes."), **looks)
    ax.axvline(0, color=style.INK, linewidth=1)
    ax.set_yticks(range(len(groups)), [formats.named(name, "codes.") for name in groups])
    ax.set_ylim(len(groups) - 0.5, -0.5)
    ax.set_xlabel(term("charts.factor_effect"))
    ax.set_ylabel(formats.named(by, "heads."))
    style.headline(ax, _decides_message(frame, by, groups))
    style.legend(ax, loc="upper left", bbox_to_anchor=(1, 1))
    return style.lettered(ax)


def _decides_message(frame: pd.DataFrame, by: str, groups: list[str]) -> str:
    """Return which attribute decides most in which groups, if they are few."""
    first = frame[frame["place"] == 1].drop_duplicates(by).set_index(by)["attribute"]
    if not len(first) or len(groups) > _MOST_NAMED:
        return term("charts.factors_title")
    return say("charts.factors_message", parts=_by_factor(dict(first), groups))


def _goes_first_message(frame: pd.DataFrame, by: str, groups: list[str]) -> str:
    """Return which factor goes first for the most spend in which groups; in all together, if they are many."""
    if len(groups) <= _MOST_NAMED:
        largest = frame.loc[frame.groupby(by)["share_of_spend"].idxmax()].set_index(by)["first_factor"]
        return say("charts.first_factors_in", parts=_by_factor({name: largest[name] for name in groups}, groups))
    spend = frame.groupby("first_factor")["spend"].sum()
    share = formats.percent(spend.max() / spend.sum())
    return say("charts.first_factors_message", share=share, factor=formats.named(str(spend.idxmax()), "codes."))


def _by_factor(first: Mapping[str, str], groups: list[str]) -> str:
    """Return the factors, and behind each the groups in which it is the first."""
    named = {
        factor: formats.listed([formats.named(name, "codes.") for name in groups if first.get(name) == factor])
        for factor in dict.fromkeys(first.values())
    }
    parts = [
        say("charts.factor_decides", groups=inside, factor=formats.named(factor, "codes."))
        for factor, inside in named.items()
    ]
    return formats.listed(parts, apart=True)


def _check_few(names: list[str], most: int, column: str) -> None:
    if len(names) > most:
        raise CvmError("charts.too_many_kinds", column=column, found=len(names), most=most)

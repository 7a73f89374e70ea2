"""Charts of the life of a relationship: the life curve, its variables, where profit comes from (S02, S03)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core import formats
from cvmlab.core.words import language, say, term

from . import style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

VARIABLES = ("volume", "price", "cost", "indirect_benefit", "revenue", "profit")
#: Sources of profit from the bottom up: colour and hatch.
SOURCES = {
    "base_profit": (style.BLUE, ""),
    "price_premium": (style.SKY, "///"),
    "cost_saved": (style.GREEN, "..."),
    "indirect_benefit": (style.ORANGE, "\\\\\\"),
}
COSTS = {"fixed_cost": (style.PALE, "xxx"), "acquisition_cost": (style.VERMILION, "---")}
#: The place of each of six panels in the whole: left, bottom, width, height.
_COLUMNS, _ROWS = (0.0, 0.37, 0.74), (0.56, 0.04)
_PANEL = (0.26, 0.36)


def plot_life_curve(frame: pd.DataFrame, *, as_share: bool = False, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw the typical life curve: revenue (curve I) and profit (curve II) a month, stage by stage.

    Parameters
    ----------
    frame
        `cvmlab.lifecycle.life_curve`: ``period`` (months from 0), ``stage``, ``revenue``, ``profit`` (money a month).
    as_share
        Whether each curve is drawn as a share of its own highest value, so that their shapes can be compared.
    currency
        Sign of the currency; "currency units" if left out.
    ax
        Axes to draw on; a new figure if left out.

    Raises
    ------
    CvmError
        For a frame without rows or without one of the columns.

    Examples
    --------
    >>> from cvmlab.relationship.lifecycle import Relationship, life_curve
    >>> plot_life_curve(life_curve(Relationship())).get_title(loc="left").replace(chr(10), " ")
    'Revenue is near its highest from month 23 on, profit from month 45 on'
    """
    style.check_frame(frame, ["period", "stage", "revenue", "profit"], "life_curve")
    ax = style.canvas(ax)
    ax.axhline(0, color=style.QUIET, linewidth=0.8)
    draw_curves(ax, frame, as_share=as_share)
    ax.set_xlim(0, len(frame))
    if as_share:
        style.percent_axis(ax.yaxis)
        ax.set_ylabel(term("lifecycle.share_of_its_highest"))
    else:
        style.money_axis(ax.yaxis)
        ax.set_ylabel(formats.in_money(term("lifecycle.money_a_month"), currency))
    ax.set_xlabel(term("lifecycle.months_since_start"))
    ax.margins(y=0.08)
    shade_stages(ax, frame)
    reached = [_near_its_highest(frame[name].to_numpy(float)) for name in ("revenue", "profit")]
    message = say("lifecycle.life_curve_message", revenue=reached[0], profit=reached[1])
    style.headline(ax, message, pad=24)
    style.label_ends(ax, _curve_ends(frame, as_share=as_share))
    return style.lettered(ax)


def draw_curves(ax: Axes, frame: pd.DataFrame, *, as_share: bool = False) -> None:
    """Draw revenue and profit as lines, without labels."""
    x = _ends_of_months(frame)
    for name, mark in zip(("revenue", "profit"), style.SERIES, strict=False):
        ax.plot(x, _heights(frame, name, as_share=as_share), color=mark.color, linestyle=mark.line, linewidth=2.2)


def _curve_ends(frame: pd.DataFrame, *, as_share: bool) -> list[tuple[float, float, str, str]]:
    x = float(_ends_of_months(frame)[-1])
    return [
        (x, float(_heights(frame, name, as_share=as_share)[-1]), term(f"{name}_curve"), mark.color)
        for name, mark in zip(("revenue", "profit"), style.SERIES, strict=False)
    ]


def _heights(frame: pd.DataFrame, name: str, *, as_share: bool) -> NDArray[np.float64]:
    figures: NDArray[np.float64] = frame[name].to_numpy(float)
    highest = figures.max()
    return figures / highest if as_share and highest > 0 else figures


def _ends_of_months(frame: pd.DataFrame) -> NDArray[np.float64]:
    months: NDArray[np.float64] = frame["period"].to_numpy(float) + 1
    return months


def _near_its_highest(figures: NDArray[np.float64]) -> int:
    """Return the first month, counted from 1, with 90% of the highest figure."""
    return int((figures >= 0.9 * figures.max()).argmax()) + 1


def shade_stages(ax: Axes, frame: pd.DataFrame, *, named: bool = True) -> None:
    """Mark the stages of a life behind a picture, and name them above it.

    Parameters
    ----------
    ax
        Axes whose x axis counts months, the first month from 0 to 1; its x limits are final.
    frame
        A row a month with ``stage``.
    named
        Whether the stages are named.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, pandas as pd
    >>> fig, ax = plt.subplots()
    >>> ax.set_xlim(0, 3)
    (0.0, 3.0)
    >>> shade_stages(ax, pd.DataFrame({"stage": ["exploration", "exploration", "formation"]}))
    >>> [text.get_text() for text in ax.texts]
    ['exploration', 'formation']
    """
    stage = frame["stage"].to_numpy()
    starts = np.flatnonzero(np.concatenate([[True], stage[1:] != stage[:-1]]))
    ends = np.append(starts[1:], len(stage))
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        ax.axvspan(float(start), float(end), color=style.GRID, alpha=0.55 * (number % 2), linewidth=0, zorder=0)
        if start:
            ax.axvline(float(start), color=style.QUIET, linewidth=0.8, linestyle=":", zorder=1)
    if named:
        _name_stages(ax, [(stage[start], (start + end) / 2) for start, end in zip(starts, ends, strict=True)])


def _name_stages(ax: Axes, spells: list[tuple[str, float]]) -> None:
    low, high = ax.get_xlim()
    points = ax.bbox.width / ax.figure.dpi * 72
    letter = style.NOTE_SIZE * (1.0 if language() == "zh" else 0.56)
    names = [term(name) for name, _ in spells]
    widths = np.array([len(name) * letter + 7 for name in names]) / points
    middles = np.array([(middle - low) / (high - low) for _, middle in spells])
    for name, middle, place in zip(names, middles, _side_by_side(middles, widths), strict=True):
        moved = abs(place - middle) * points > 12
        ax.annotate(
            name,
            xy=(middle, 1),
            xycoords="axes fraction",
            xytext=((place - middle) * points, 6),
            textcoords="offset points",
            ha="center",
            fontsize=style.NOTE_SIZE,
            color=style.INK,
            arrowprops={"arrowstyle": "-", "color": style.QUIET, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 0}
            if moved
            else None,
        )


def _side_by_side(middles: NDArray[np.float64], widths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move the middles of boxes apart so that they stand side by side in their order, between 0 and 1 if they fit."""
    before = np.cumsum(widths) - widths / 2
    # less the boxes before it, a middle need only be no lower than its neighbour's: those that are share their mean
    blocks: list[tuple[float, int]] = []
    for level in middles - before:
        blocks.append((float(level), 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (one, many), (other, more) = blocks[-2:]
            blocks[-2:] = [((one * many + other * more) / (many + more), many + more)]
    levels = np.repeat([level for level, _ in blocks], [many for _, many in blocks])
    places: NDArray[np.float64] = np.clip(levels, 0, max(1 - float(widths.sum()), 0)) + before
    return places


def plot_variables(frame: pd.DataFrame, *, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw the six variables of Table 3-1 beside each other, stage by stage.

    Parameters
    ----------
    frame
        `cvmlab.lifecycle.life_curve`.
    currency
        Sign of the currency; "currency units" if left out.
    ax
        Axes that hold the six panels (``ax.child_axes``); a new figure if left out.

    Raises
    ------
    CvmError
        For a frame without rows or without one of the columns.

    Examples
    --------
    >>> from cvmlab.relationship.lifecycle import Relationship, life_curve
    >>> ax = plot_variables(life_curve(Relationship()))
    >>> [panel.get_title(loc="left") for panel in ax.child_axes][:3]
    ['volume', 'price', 'cost per unit']
    """
    from matplotlib.ticker import MaxNLocator

    style.check_frame(frame, ["period", "stage", *VARIABLES], "life_curve")
    ax = style.canvas(ax, width=8.2, height=4.9)
    ax.set_axis_off()
    money = currency or term("units.currency")
    units = [
        term("lifecycle.units_a_month"),
        *[say("lifecycle.money_a_unit", currency=money)] * 2,
        *[say("lifecycle.currency_a_month", currency=money)] * 3,
    ]
    names = ["volume", "price", "cost_per_unit", "indirect_benefit", "revenue", "profit"]
    for number, (column, name, unit) in enumerate(zip(VARIABLES, names, units, strict=True)):
        place = (_COLUMNS[number % 3], _ROWS[number // 3], *_PANEL)
        panel = style.dressed(ax.inset_axes(place))
        panel.plot(_ends_of_months(frame), frame[column].to_numpy(float), color=style.BLUE, linewidth=2)
        panel.set_xlim(0, len(frame))
        panel.margins(y=0.12)
        if column not in ("price", "cost") and frame[column].min() >= 0:
            panel.set_ylim(bottom=0)
        shade_stages(panel, frame, named=False)
        panel.set_title(term(name), loc="left", fontsize=style.LABEL_SIZE, color=style.INK, pad=14)
        panel.annotate(
            unit, xy=(0, 1), xycoords="axes fraction", xytext=(0, 3), textcoords="offset points",
            fontsize=style.NOTE_SIZE, color=style.QUIET,
        )  # fmt: skip
        panel.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
        style.money_axis(panel.yaxis)
        panel.tick_params(labelsize=8.5)
        if number >= 3:
            panel.set_xlabel(term("lifecycle.month"), fontsize=style.NOTE_SIZE)
        style.lettered(panel)
    spells = frame["stage"].loc[frame["stage"] != frame["stage"].shift()]
    style.headline(ax, say("lifecycle.variables_message", stages=" · ".join(term(name) for name in spells)))
    return style.lettered(ax)


def plot_profit_sources(frame: pd.DataFrame, *, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw where each month's profit comes from as a stacked area; what takes from it lies below zero.

    Parameters
    ----------
    frame
        `cvmlab.lifecycle.profit_by_source`.
    currency
        Sign of the currency; "currency units" if left out.
    ax
        Axes to draw on; a new figure if left out.

    Raises
    ------
    CvmError
        For a frame without rows or without one of the columns.

    Examples
    --------
    >>> from cvmlab.relationship.lifecycle import Relationship, profit_by_source
    >>> ax = plot_profit_sources(profit_by_source(Relationship()))
    >>> [text.get_text() for text in ax.texts][-5:]
    ['base profit', 'price premium', 'cost saved', 'indirect benefit', 'profit']
    """
    style.check_frame(frame, ["period", "stage", *SOURCES, *COSTS], "profit_by_source")
    ax = style.canvas(ax)
    x = _ends_of_months(frame)
    bands = _stacked(frame)
    for name, lower, upper in bands:
        color, hatch = (SOURCES | COSTS)[name]
        looks: dict[str, Any] = {"facecolor": color, "edgecolor": "white", "hatch": hatch, "linewidth": 0.6}
        if name == "acquisition_cost":
            # money of one month, which an area would spread over two
            ax.bar(x - 0.5, upper - lower, 1, bottom=lower, **looks)
        else:
            ax.fill_between(x, lower, upper, **looks)
    total = frame[[*SOURCES, *COSTS]].to_numpy(float).sum(axis=1)
    ax.plot(x, total, color=style.INK, linewidth=1.8)
    ax.axhline(0, color=style.INK, linewidth=0.9)
    ax.set_xlim(0, len(frame))
    ax.margins(y=0.06)
    style.money_axis(ax.yaxis)
    ax.set_ylabel(formats.in_money(term("lifecycle.profit_a_month"), currency))
    ax.set_xlabel(term("lifecycle.months_since_start"))
    shade_stages(ax, frame)
    base = frame["base_profit"].to_numpy(float)
    best = int(total.argmax())
    share = base[best] / total[best] if total[best] > 0 else float("nan")
    style.headline(ax, say("lifecycle.sources_message", month=best + 1, share=formats.percent(share)), pad=24)
    _name_bands(ax, x, bands, total)
    return style.lettered(ax)


def plot_long_lived(frame: pd.DataFrame, *, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw what relationships of each length bring a month: the middle half, nine tenths, the median.

    Parameters
    ----------
    frame
        `cvmlab.lifecycle.summarise_years`.
    currency
        Sign of the currency; "currency units" if left out.
    ax
        Axes to draw on; a new figure if left out.

    Raises
    ------
    CvmError
        For a frame without rows or without one of the columns.

    Examples
    --------
    >>> import pandas as pd
    >>> from cvmlab.relationship.lifecycle import summarise_years
    >>> lives = pd.DataFrame({"years": [0.5, 12.0, 14.0], "profit_a_month": [-1.0, 5.0, -2.0]})
    >>> plot_long_lived(summarise_years(lives, [0, 10])).get_title(loc="left").replace(chr(10), " ")
    'Of customers of 10 years or more, 50% bring a loss'
    """
    style.check_frame(frame, ["years_from", "years_to", "low", "lower", "median", "upper", "high"], "years")
    ax = style.canvas(ax)
    x = np.arange(len(frame))
    figures = {name: frame[name].to_numpy(float) for name in ("low", "lower", "median", "upper", "high")}
    ax.axhline(0, color=style.INK, linewidth=1)
    ax.vlines(x, figures["low"], figures["high"], color=style.BLUE, linewidth=1.6)
    ax.bar(x, figures["upper"] - figures["lower"], 0.46, bottom=figures["lower"], color=style.SKY, edgecolor=style.BLUE)
    ax.plot(x, figures["median"], linestyle="none", marker="D", markersize=7, color=style.INK)
    names = [_years_named(*row) for row in frame[["years_from", "years_to"]].to_numpy(float)]
    ax.set_xticks(x, names)
    ax.grid(visible=False, axis="x")
    ax.margins(x=0.06, y=0.08)
    style.money_axis(ax.yaxis)
    ax.set_xlabel(term("lifecycle.years_axis"))
    ax.set_ylabel(formats.in_money(term("lifecycle.profit_a_month"), currency))
    last = frame.iloc[-1]
    said = {"years": f"{last['years_from']:g}", "share": formats.percent(float(last["losing_share"]))}
    style.headline(ax, say("lifecycle.long_lived_message", **said))
    place = float(x[-1])
    ends = [
        (place, figures["high"][-1], "high"), (place, figures["upper"][-1], "upper"),
        (place, figures["median"][-1], "median"), (place, figures["lower"][-1], "lower"),
        (place, figures["low"][-1], "low"),
    ]  # fmt: skip
    style.label_ends(ax, [(at, float(y), term(f"lifecycle.quantile_{name}"), style.QUIET) for at, y, name in ends])
    return style.lettered(ax)


def _years_named(start: float, end: float) -> str:
    if np.isnan(end):
        return say("lifecycle.years_and_more", start=f"{start:g}")
    return say("lifecycle.years_between", start=f"{start:g}", end=f"{end:g}")


Band = tuple[str, "NDArray[np.float64]", "NDArray[np.float64]"]


def _stacked(frame: pd.DataFrame) -> list[Band]:
    """Return each source with its lower and upper edge: gains upwards from zero, losses downwards."""
    above = below = np.zeros(len(frame))
    bands = []
    for name in (*SOURCES, *COSTS):
        figures = frame[name].to_numpy(float)
        gain, loss = np.maximum(figures, 0), np.minimum(figures, 0)
        if (gain > 0).any():
            bands.append((name, above, above + gain))
        if (loss < 0).any():
            bands.append((name, below + loss, below))
        above, below = above + gain, below + loss
    return bands


def _name_bands(ax: Axes, x: NDArray[np.float64], bands: list[Band], total: NDArray[np.float64]) -> None:
    low, high = ax.get_ylim()
    room = 13 / (ax.bbox.height / ax.figure.dpi * 72) * (high - low)
    outside: list[tuple[float, float, str, str]] = []
    labelled: set[str] = set()
    for name, lower, upper in bands:
        if name in labelled:
            continue
        labelled.add(name)
        size = upper - lower
        if name == "acquisition_cost":
            _beside_its_bar(ax, float(lower[0] + size[0] / 2), term(f"lifecycle.source_{name}"))
            continue
        # the middle of where the band is at its widest
        widest = np.flatnonzero(size >= 0.9 * size.max())
        place = int(widest[len(widest) // 2])
        middle = float(lower[place] + size[place] / 2)
        if size[place] >= room and len(widest) > len(x) // 8:
            _inside(ax, float(x[place]), middle, term(f"lifecycle.source_{name}"))
        else:
            outside.append(
                (float(x[-1]), float((lower[-1] + upper[-1]) / 2), term(f"lifecycle.source_{name}"), style.QUIET)
            )
    style.label_ends(ax, [*outside, (float(x[-1]), float(total[-1]), term("profit"), style.INK)])


def _beside_its_bar(ax: Axes, y: float, name: str) -> None:
    ax.annotate(
        name, xy=(1, y), xytext=(5, 0), textcoords="offset points", va="center", fontsize=style.NOTE_SIZE,
        color=style.INK,
    )  # fmt: skip


def _inside(ax: Axes, x: float, y: float, name: str) -> Any:
    return ax.annotate(
        name,
        xy=(x, y),
        ha="center",
        va="center",
        fontsize=style.NOTE_SIZE,
        color=style.INK,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.9, "boxstyle": "round,pad=0.2"},
    )

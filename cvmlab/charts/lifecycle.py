"""Charts of the life of a relationship: the life curve, its variables, where profit comes from (S02, S03)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core import formats
from cvmlab.core.guarding import public
from cvmlab.core.words import language, say, term, wording
from cvmlab.relationship.lifecycle import STAGES

from . import style
from .frames import COUNT, FIGURE, SHARE, Holds, check_frame

if TYPE_CHECKING:
    from collections.abc import Iterable

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
#: The place of the months of decline in a picture of the whole life: left, bottom, width, height.
_INSET, _INSET_OF_SHARES = (0.42, 0.58, 0.3, 0.24), (0.42, 0.24, 0.3, 0.3)
#: The place of each of six panels in the whole: left, bottom, width, height.
_COLUMNS, _ROWS = (0.0, 0.37, 0.74), (0.56, 0.04)
_PANEL = (0.26, 0.36)


@public
def plot_life_curve(frame: pd.DataFrame, *, as_share: bool = False, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw the typical life curve: monthly revenue (curve I) and profit (curve II), stage by stage.

    Parameters
    ----------
    frame
        `cvmlab.lifecycle.life_curve`: ``period`` (months from 0), ``stage``, ``revenue``, ``profit`` (money per month).
    as_share
        Whether each curve is drawn as a share of its own highest value, so that their shapes can be compared.
    currency
        Sign of the currency; "currency units" if left out.
    ax
        Axes to draw on; a new figure if left out.

    Notes
    -----
    A dot marks the month from which a curve has 90% of its highest. Where the life ends in decline, an inset shows how
    much of each curve is lost there, month by month, in the unit of the picture.

    Examples
    --------
    >>> from cvmlab.relationship.lifecycle import Relationship, life_curve
    >>> plot_life_curve(life_curve(Relationship()), currency="¥").get_title(loc="left").split(".")[0]
    'Revenue reaches 90% of its peak in month 23, profit only in month 45'
    """
    frame = _months(frame, "life_curve", ["revenue", "profit"])
    ax = style.canvas(ax)
    ax.axhline(0, color=style.QUIET, linewidth=0.8)
    draw_curves(ax, frame, as_share=as_share)
    label_curve_axes(ax, currency, as_share=as_share)
    _over_months(ax, frame, room=0.08)
    drawn = curves(frame, as_share=as_share)
    reached = {name: _near_its_highest(heights) for name, heights in drawn.items()}
    for (name, month), mark in zip(reached.items(), style.SERIES, strict=False):
        ax.plot(month, drawn[name][month - 1], marker="o", markersize=7, color=mark.color, markeredgecolor="white")
        style.note(ax, "90%", (month, float(drawn[name][month - 1])), (7, -4), va="top")
    message = say("lifecycle.life_curve_message", **reached)
    if fallen := _lost_in_decline(frame, drawn):
        _draw_decline(ax, fallen, as_share=as_share)
        said = formats.percent if as_share else partial(_money, currency=currency)
        ends = {name: said(float(lost[-1])) for name, lost in fallen.items()}
        message = f"{message}{'' if language() == 'zh' else ' '}{say('lifecycle.decline_message', **ends)}"
    style.headline(ax, message, pad=24)
    name_curves(ax, frame, as_share=as_share)
    return style.lettered(ax)


def _money(amount: float, currency: str) -> str:
    return formats.in_currency(formats.whole_money(amount), currency)


def _lost_in_decline(frame: pd.DataFrame, drawn: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Return how much each curve has lost in each month of the last decline, from 0 on; nothing without a decline."""
    stage = frame["stage"].to_numpy()
    before = np.flatnonzero(stage != "decline")
    if stage[-1] != "decline" or not len(before):
        return {}
    return {name: heights[before[-1]] - heights[before[-1] :] for name, heights in drawn.items()}


def _draw_decline(ax: Axes, fallen: dict[str, NDArray[np.float64]], *, as_share: bool) -> None:
    """Draw in the empty middle of a life curve what is lost in decline, which the long life squeezes together."""
    from matplotlib.ticker import MaxNLocator

    inset = style.dressed(ax.inset_axes(_INSET_OF_SHARES if as_share else _INSET))
    for (name, lost), mark in zip(fallen.items(), style.SERIES, strict=False):
        inset.plot(np.arange(len(lost)), -lost, color=mark.color, linestyle=mark.line, linewidth=2)
        style.note(inset, term(name), (len(lost) - 1, -float(lost[-1])), (4, 0), va="center")
    inset.set_xlim(0, max(len(lost) for lost in fallen.values()) - 1)
    inset.set_title(term("lifecycle.lost_in_decline"), loc="left", fontsize=style.NOTE_SIZE, color=style.INK)
    (style.percent_axis if as_share else style.money_axis)(inset.yaxis)
    inset.xaxis.set_major_locator(MaxNLocator(integer=True))
    inset.tick_params(labelsize=8.5)
    style.lettered(inset)


def name_curves(ax: Axes, frame: pd.DataFrame, *, as_share: bool = False) -> None:
    """Write each curve's number in the book and its name beside it, early in stability."""
    steady = np.flatnonzero(frame["stage"].to_numpy() == "stability")
    month = int(steady[len(steady) // 20]) if len(steady) else len(frame) - 1
    lifts = {"revenue": 7, "profit": -16}
    for name, heights in curves(frame, as_share=as_share).items():
        place = (month + 1.0, float(heights[month]))
        style.note(ax, term(f"lifecycle.{name}_curve"), place, (4, lifts[name]))


def _months(frame: pd.DataFrame, table: str, figures: Iterable[str]) -> pd.DataFrame:
    """Return the months of one life in their order, checked."""
    columns = {"period": COUNT, "stage": Holds("text", texts=STAGES), **dict.fromkeys(figures, FIGURE)}
    return check_frame(frame, table, columns, once=["period"], in_order=True)


def draw_curves(ax: Axes, frame: pd.DataFrame, *, as_share: bool = False) -> None:
    """Draw revenue and profit as lines, without labels."""
    x = _ends_of_months(frame)
    for heights, mark in zip(curves(frame, as_share=as_share).values(), style.SERIES, strict=False):
        ax.plot(x, heights, color=mark.color, linestyle=mark.line, linewidth=2.2)


def label_curve_axes(ax: Axes, currency: str, *, as_share: bool) -> None:
    """Name the months below a life curve, and beside it the money of a month or the share of the highest value."""
    ax.set_xlabel(term("lifecycle.months_since_start"))
    if as_share:
        style.percent_axis(ax.yaxis, term("lifecycle.share_of_its_highest"))
    else:
        style.money_axis(ax.yaxis, term("lifecycle.money_a_month"), currency)


def _over_months(ax: Axes, frame: pd.DataFrame, *, room: float) -> None:
    """Fit the Axes to the months of a life and mark its stages, with some room above and below."""
    ax.set_xlim(0, len(frame))
    ax.margins(y=room)
    shade_stages(ax, frame)


def curves(frame: pd.DataFrame, *, as_share: bool) -> dict[str, NDArray[np.float64]]:
    """Return the two curves, if asked for each as a share of its own highest value."""
    curves = {name: frame[name].to_numpy(float) for name in ("revenue", "profit")}
    if not as_share:
        return curves
    return {name: curve / curve.max() if curve.max() > 0 else curve for name, curve in curves.items()}


def _ends_of_months(frame: pd.DataFrame) -> NDArray[np.float64]:
    return np.asarray(frame["period"], dtype=float) + 1


def _near_its_highest(figures: NDArray[np.float64]) -> int:
    """Return the first month, counted from 1, with 90% of the highest figure."""
    return int((figures >= 0.9 * figures.max()).argmax()) + 1


def shade_stages(ax: Axes, frame: pd.DataFrame, *, named: bool = True) -> None:
    """Mark the stages behind a picture whose x axis, its limits final, counts months from 0; name them above it."""
    spells = spells_of(frame["stage"])
    for number, (_, start, end) in enumerate(spells):
        ax.axvspan(start, end, color=style.GRID, alpha=0.55 * (number % 2), linewidth=0, zorder=0)
        if start:
            ax.axvline(start, color=style.QUIET, linewidth=0.8, linestyle=":", zorder=1)
    if named:
        _name_stages(ax, spells)


def spells_of(stage: pd.Series[str]) -> list[tuple[str, float, float]]:
    """Return each run of months in one stage: its name, its first month counted from 0, the month after its last."""
    names = stage.to_numpy()
    starts = np.flatnonzero(np.concatenate([[True], names[1:] != names[:-1]]))
    ends = np.append(starts[1:], len(names))
    return [(str(names[start]), float(start), float(end)) for start, end in zip(starts, ends, strict=True)]


def _name_stages(ax: Axes, spells: list[tuple[str, float, float]]) -> None:
    """Name the stages above a picture, side by side, with a line to a name that had to move off its middle."""
    low, high = ax.get_xlim()
    points = ax.bbox.width / ax.figure.dpi * 72
    letter = style.NOTE_SIZE * (1.0 if language() == "zh" else 0.56)
    names = [term(name) for name, _, _ in spells]
    widths = np.array([len(name) * letter + 7 for name in names]) / points
    middles = np.array([((start + end) / 2 - low) / (high - low) for _, start, end in spells])
    places = style.spread(middles, (widths[1:] + widths[:-1]) / 2, widths[0] / 2, 1 - widths[-1] / 2)
    for name, width, middle, place in zip(names, widths, middles, places, strict=True):
        away = (place - middle) * points
        line = {"arrowstyle": "-", "color": style.QUIET, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 0}
        leader = line if abs(away) > width * points / 2 else None
        style.note(ax, name, (middle, 1), (away, 6), xycoords="axes fraction", ha="center", arrowprops=leader)


@public
def plot_variables(frame: pd.DataFrame, *, currency: str = "", unit: str = "", ax: Axes | None = None) -> Axes:
    """Draw the six variables of Table 3-1 beside each other, stage by stage.

    Parameters
    ----------
    frame
        `cvmlab.lifecycle.life_curve`.
    currency
        Sign of the currency; "currency units" if left out.
    unit
        Vocabulary key or text of what volume counts, in the plural; "units" if left out.
    ax
        Axes that hold the six panels (``ax.child_axes``); a new figure if left out.

    Examples
    --------
    >>> from cvmlab.relationship.lifecycle import Relationship, life_curve
    >>> ax = plot_variables(life_curve(Relationship()))
    >>> [panel.get_title(loc="left") for panel in ax.child_axes][:3]
    ['volume', 'price', 'cost per unit']
    """
    from matplotlib.ticker import MaxNLocator

    frame = _months(frame, "life_curve", VARIABLES)
    ax = style.canvas(ax, width=8.2, height=4.9)
    ax.set_axis_off()
    money = currency or term("units.currency")
    units = [
        say("lifecycle.units_a_month", unit=wording(unit or "lifecycle.units")),
        *[say("lifecycle.money_cut", currency=money)] * 2,
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
        style.note(panel, unit, (0, 1), (0, 3), xycoords="axes fraction", color=style.QUIET)
        panel.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
        style.money_axis(panel.yaxis)
        panel.tick_params(labelsize=8.5)
        if number >= 3:
            panel.set_xlabel(term("lifecycle.month"), fontsize=style.NOTE_SIZE)
        style.lettered(panel)
    style.headline(ax, say("lifecycle.variables_message"))
    return style.lettered(ax)


@public
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

    Examples
    --------
    >>> from cvmlab.relationship.lifecycle import Relationship, profit_by_source
    >>> ax = plot_profit_sources(profit_by_source(Relationship()))
    >>> [text.get_text() for text in ax.texts][-5:]
    ['base profit', 'price premium', 'cost saved', 'indirect benefit', 'profit']
    """
    frame = _months(frame, "profit_by_source", [*SOURCES, *COSTS])
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
    style.money_axis(ax.yaxis, term("lifecycle.profit_a_month"), currency)
    ax.set_xlabel(term("lifecycle.months_since_start"))
    _over_months(ax, frame, room=0.06)
    base = frame["base_profit"].to_numpy(float)
    best = int(total.argmax())
    share = base[best] / total[best] if total[best] > 0 else float("nan")
    message = say("lifecycle.sources_message", month=best + 1, share=formats.percent(share))
    style.headline(ax, _grown(frame) or message, pad=24)
    _name_bands(ax, x, bands, total)
    return style.lettered(ax)


def _grown(frame: pd.DataFrame) -> str:
    """Return how much each source beside base profit brings in formation and in stability; empty without both."""
    names = list(SOURCES)[1:]
    means = frame.groupby("stage")[names].mean()
    if not {"formation", "stability"} <= set(means.index):
        return ""
    before, after = (means.loc[stage].map(formats.whole_money) for stage in ("formation", "stability"))
    grown = [f"{term(f'lifecycle.source_{name}')} {before[name]} → {after[name]}" for name in names]
    return say("lifecycle.sources_by_stage", sources=("、" if language() == "zh" else ", ").join(grown))


@public
def plot_long_lived(frame: pd.DataFrame, *, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw what relationships of each length bring per month: the middle half, nine tenths, the median.

    Parameters
    ----------
    frame
        `cvmlab.lifecycle.summarise_years`.
    currency
        Sign of the currency; "currency units" if left out.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> from cvmlab.relationship.lifecycle import summarise_years
    >>> lives = pd.DataFrame({"years": [0.5, 12.0, 14.0], "profit_a_month": [-1.0, 5.0, -2.0]})
    >>> plot_long_lived(summarise_years(lives, [0, 10])).get_title(loc="left").replace(chr(10), " ")
    '50% of customers of 10 years or more bring a loss'
    """
    quantiles = ("high", "upper", "median", "lower", "low")
    bounds = {"years_from": COUNT, "years_to": Holds(minimum=0, gaps=True)}
    columns = {**bounds, **dict.fromkeys(reversed(quantiles), FIGURE), "losing_share": SHARE}
    frame = check_frame(frame, "years", columns, once=["years_from"], in_order=True)
    ax = style.canvas(ax)
    x = np.arange(len(frame))
    figures = {name: frame[name].to_numpy(float) for name in quantiles}
    ax.axhline(0, color=style.INK, linewidth=1)
    ax.vlines(x, figures["low"], figures["high"], color=style.BLUE, linewidth=1.6)
    ax.bar(x, figures["upper"] - figures["lower"], 0.46, bottom=figures["lower"], color=style.SKY, edgecolor=style.BLUE)
    ax.plot(x, figures["median"], linestyle="none", marker="D", markersize=7, color=style.INK)
    names = [_band_named(*row) for row in frame[["years_from", "years_to", "losing_share"]].to_numpy(float)]
    ax.set_xticks(x, names)
    ax.grid(visible=False, axis="x")
    ax.margins(x=0.06, y=0.08)
    style.money_axis(ax.yaxis, term("lifecycle.profit_a_month"), currency)
    ax.set_xlabel(term("lifecycle.years_axis"))
    last = frame.iloc[-1]
    said = {"years": f"{last['years_from']:g}", "share": formats.percent(float(last["losing_share"]))}
    if level := _levels_off(figures["median"]):
        message = say("lifecycle.long_lived_message", level=f"{frame['years_from'].iloc[level]:g}", **said)
    else:
        message = say("lifecycle.long_lived_alone", **said)
    style.headline(ax, message)
    ends = {name: float(figures[name][-1]) for name in quantiles}
    style.label_ends(
        ax, [(float(x[-1]), y, term(f"lifecycle.quantile_{name}"), style.QUIET) for name, y in ends.items()]
    )
    return style.lettered(ax)


def _levels_off(medians: NDArray[np.float64]) -> int:
    """Return the band up to which the medians rise, to stay within 10% of the highest; 0 if they do not."""
    near = medians >= 0.9 * medians.max() if medians.max() > 0 else np.zeros(len(medians), dtype=bool)
    level = int(near.argmax())
    rises = bool((np.diff(medians[: level + 1]) > 0).all())
    return level if rises and level < len(medians) - 1 and near[level:].all() else 0


def _band_named(start: float, end: float, losing: float) -> str:
    return f"{_years_named(start, end)}\n{say('lifecycle.band_losing', share=formats.percent(losing))}"


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
    """Name each source inside its band where it is wide enough, else behind its right end."""
    low, high = ax.get_ylim()
    room = 13 / (ax.bbox.height / ax.figure.dpi * 72) * (high - low)
    outside: list[tuple[float, float, str, str]] = []
    labelled: set[str] = set()
    for name, lower, upper in bands:
        if name in labelled:
            continue
        labelled.add(name)
        size = upper - lower
        label = term(f"lifecycle.source_{name}")
        if name == "acquisition_cost":
            style.note(ax, label, (1, float(lower[0] + size[0] / 2)), (5, 0), va="center")
            continue
        # the middle of where the band is at its widest
        widest = np.flatnonzero(size >= 0.9 * size.max())
        place = int(widest[len(widest) // 2])
        middle = float(lower[place] + size[place] / 2)
        if size[place] >= room and len(widest) > len(x) // 8:
            box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.9, "boxstyle": "round,pad=0.2"}
            style.note(ax, label, (float(x[place]), middle), ha="center", va="center", bbox=box)
        else:
            outside.append((float(x[-1]), float((lower[-1] + upper[-1]) / 2), label, style.QUIET))
    style.label_ends(ax, [*outside, (float(x[-1]), float(total[-1]), term("profit"), style.INK)])

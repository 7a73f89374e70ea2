"""How every chart looks: colours, lines, axes, labels. Nothing here changes the user's rcParams.

The colours are those of Okabe & Ito (2008), which people with any kind of colour vision can distinguish,
chosen and ordered so that their lightness differs too; a marker, line style or hatch goes with each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.fonts import FONT_FAMILY, chinese_families
from cvmlab.core.formats import in_money, money, percent, whole_money
from cvmlab.core.words import language, say, speaking, term

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

INK = "#222222"
QUIET = "#6B6B6B"
GRID = "#E3E3E3"
BLUE, GREEN, ORANGE, SKY, VERMILION = "#0072B2", "#009E73", "#E69F00", "#56B4E9", "#D55E00"
PALE = "#C9C9C9"

#: Behind a text that a line may cross.
BEHIND = {"facecolor": "white", "edgecolor": "none", "pad": 1}

TITLE_SIZE, LABEL_SIZE, TICK_SIZE, NOTE_SIZE = 11.5, 10, 9, 9
# signs of a number on an axis, and how wide a sign of the names on it is
_WIDE_NUMBER, _INCHES_A_SIGN = 7, 0.075
WIDTH, HEIGHT = 7.2, 4.3


@dataclass(frozen=True)
class Mark:
    """How one series is drawn: set apart by colour, by lightness and by shape."""

    color: str
    marker: str
    line: str | tuple[int, tuple[float, ...]]


#: Types of the value matrix, in the order of their value.
TYPES = {
    "IV": Mark(BLUE, "D", "-"),
    "III": Mark(GREEN, "s", (0, (5, 1))),
    "II": Mark(ORANGE, "^", (0, (3, 1, 1, 1))),
    "I": Mark(PALE, "o", (0, (1, 1))),
}
#: Any few series, the most important first.
SERIES = (
    Mark(BLUE, "o", "-"),
    Mark(ORANGE, "s", (0, (4, 1.5))),
    Mark(GREEN, "^", (0, (3, 1, 1, 1))),
    Mark(VERMILION, "D", (0, (1, 1))),
)
REFERENCE = Mark(INK, "", (0, (1, 2)))


def canvas(ax: Axes | None, *, width: float = WIDTH, height: float = HEIGHT) -> Axes:
    """Return the given Axes, or one on a new figure, with quiet spines and a light grid."""
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=(width, height), layout="constrained")
    return dressed(ax)


def dressed(ax: Axes) -> Axes:
    """Take the top and right spine away and lay a light grid behind the data."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(QUIET)
    ax.grid(visible=True, color=GRID, linewidth=0.7)
    ax.set_axisbelow(True)
    ax.tick_params(colors=INK, labelsize=TICK_SIZE, color=QUIET, length=3)
    return ax


def headline(ax: Axes, text: str, *, pad: float = 10) -> None:
    """Write the message of a chart above it, from the left, broken into lines that fit."""
    from textwrap import fill

    # a Chinese character is about twice as wide as a Latin letter, and has no spaces to break at
    width = ax.bbox.width / ax.figure.dpi - _beside(ax)
    letters = max(24, int(width * 13))
    lines = _broken(text, letters // 2) if language() == "zh" else fill(text, letters)
    ax.set_title(lines, loc="left", fontsize=TITLE_SIZE, color=INK, pad=pad)


def _beside(ax: Axes) -> float:
    """Return the inches that names written beside the rows will take from the width, beyond those of numbers."""
    from unicodedata import east_asian_width

    names = [tick.get_text() for tick in ax.get_yticklabels()]
    wide = max((sum(2 if east_asian_width(sign) in "WF" else 1 for sign in name) for name in names), default=0)
    return max(0, wide - _WIDE_NUMBER) * _INCHES_A_SIGN


def _broken(text: str, width: int) -> str:
    """Return a Chinese text broken behind the punctuation mark nearest to its middle, if it is too wide."""
    places = [i + 1 for i, sign in enumerate(text) if sign in "，；：" and i + 1 < len(text)]
    if len(text) <= width or not places:
        return text
    place = min(places, key=lambda i: abs(i - len(text) // 2))
    return text[:place] + "\n" + text[place:]


def lettered(ax: Axes) -> Axes:
    """Let every text of the Axes fall back on the Chinese font, glyph by glyph, and return the Axes.

    Names of customers may be Chinese in an English chart, so this is done in every language.
    """
    import matplotlib as mpl
    from matplotlib.text import Text

    chinese_families()
    families = [family for family in mpl.rcParams["font.family"] if family != FONT_FAMILY] + [FONT_FAMILY]
    for text in ax.findobj(Text):
        text.set_fontfamily(families)
        # a $ is a currency here, or part of a name, never the start of a formula
        text.set_parse_math(False)
    ax.tick_params(which="both", labelfontfamily=families)
    return ax


def write(ax: Axes, x: float, y: float, text: str, *, size: float = NOTE_SIZE, color: str = INK, **more: Any) -> None:
    """Write a small text at a place."""
    ax.text(x, y, text, fontsize=size, color=color, **more)


def note(
    ax: Axes,
    text: str,
    place: tuple[float, float],
    offset: tuple[float, float] = (0, 0),
    *,
    size: float = NOTE_SIZE,
    color: str = INK,
    **more: Any,
) -> None:
    """Write a small text beside a place, ``offset`` points away."""
    ax.annotate(text, xy=place, xytext=offset, textcoords="offset points", fontsize=size, color=color, **more)


def legend(ax: Axes, *what: Any, **more: Any) -> None:
    """Add a legend without a frame, in the size of notes."""
    ax.legend(*what, frameon=False, fontsize=NOTE_SIZE, **more)


def money_axis(axis: Any, label: str = "", currency: str = "") -> None:
    """Write the ticks of an axis as short amounts, and its label, if any, with the currency."""
    axis.set_major_formatter(_written(money))
    if label:
        axis.set_label_text(in_money(label, currency))


def percent_axis(axis: Any, label: str = "") -> None:
    """Write the ticks of an axis, shares of 1, as percent, and its label, if any."""
    axis.set_major_formatter(_written(lambda share: percent(round(share, 6))))
    if label:
        axis.set_label_text(label)


def count_axis(axis: Any, label: str) -> None:
    """Write the ticks of an axis as whole numbers with thousands separators, and its label."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axis.set_major_formatter(_written(whole_money))
    axis.set_label_text(label)


def _written(form: Callable[[float], str]) -> Any:
    # ticks are written when the picture is drawn, perhaps long after the language has changed back
    from matplotlib.ticker import FuncFormatter

    spoken = language()

    def text(value: float, _: object) -> str:
        with speaking(spoken):
            return form(value)

    return FuncFormatter(text)


def month_axis(ax: Axes, periods: NDArray[np.datetime64], *, shift: float = 0) -> None:
    """Put at most nine ticks on an x axis of dates, ``shift`` days after the first of a month; name each year once."""
    months = periods.astype("datetime64[M]").astype(np.int64)
    first, last = int(months.min()), int(months.max())
    step = next((s for s in (1, 2, 3, 6, 12, 24, 36, 60, 120) if (last - first) / s <= 8), 240)
    ticks = [month for month in range(first, last + 1) if month % step == 0] or [first]
    names = term("charts.month_names").split()
    labels = []
    for place, month in enumerate(ticks):
        year = say("charts.year", year=1970 + month // 12)
        if step >= 12:
            labels.append(year)
        else:
            behind = f"\n{year}" if place == 0 or month % 12 == 0 else ""
            labels.append(names[month % 12] + behind)
    dates = np.array(ticks, dtype="datetime64[M]").astype("datetime64[D]")
    ax.set_xticks(list(dates.astype(float) + shift), labels)


def days_since_epoch(periods: Any) -> NDArray[np.float64]:
    """Return dates as days since 1970-01-01, the numbers matplotlib draws dates at."""
    return np.asarray(periods, dtype="datetime64[D]").astype(np.float64)


def spread(places: ArrayLike, gaps: ArrayLike, low: float, high: float) -> list[float]:
    """Move places apart, in their order, by at least the gap to the one before, from low to high if there is room."""
    from scipy.optimize import isotonic_regression

    places = np.asarray(places, dtype=float)
    order = np.argsort(places, kind="stable")
    above = np.concatenate([[0.0], np.broadcast_to(gaps, len(places) - 1)]).cumsum()
    # less the gaps below it, a place need only be no lower than the one before
    levels = isotonic_regression(places[order] - above).x
    spots = np.empty(len(places))
    spots[order] = np.clip(levels, low, max(high - above[-1], low)) + above
    return [round(spot, 12) for spot in spots.tolist()]


def label_ends(ax: Axes, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """Write behind each end (x, y, name, colour) of a line its name, moved apart where ends meet; limits are final."""
    if not ends:
        return
    low, high = ax.get_ylim()
    rows = max(ax.bbox.height / ax.figure.dpi * 72 / (NOTE_SIZE * 1.5), 1)
    to_axes = ax.transScale.transform
    bottom, top = to_axes((1, low))[1], to_axes((1, high))[1]
    shown = [(to_axes((1, y))[1] - bottom) / (top - bottom) for _, y, _, _ in ends]
    for place, (x, y, name, color) in zip(spread(shown, 1 / rows, 0, 1), ends, strict=True):
        ax.annotate(
            name,
            xy=(x, y),
            xytext=(1.02, place),
            textcoords=ax.transAxes,
            va="center",
            ha="left",
            fontsize=NOTE_SIZE,
            color=INK,
            arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.8, "shrinkA": 1, "shrinkB": 1},
        )


def thinned(size: int, points: int = 2_000) -> NDArray[np.int64]:
    """Return evenly spaced row numbers, first and last among them: a line needs no million points."""
    if size <= points:
        return np.arange(size)
    return np.unique(np.linspace(0, size - 1, points).round().astype(np.int64))

"""Charts of what a customer is worth: the textbook's rule beside the expected present value (S09)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core import formats
from cvmlab.core.guarding import public
from cvmlab.core.words import say, term

from . import style
from .frames import FIGURE, SHARE, check_frame

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@public
def plot_present_values(frame: pd.DataFrame, *, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw the textbook's rule and the expected present value over the retention rate; the gap is the rule's error.

    Parameters
    ----------
    frame
        `cvmlab.value.compare_present_values`: ``retention_rate`` (0 to 1, each once), ``textbook_value``,
        ``expected_present_value`` (money) and ``error_share`` (of the expected present value).
    currency
        Sign of the currency; "currency units" where it is not known.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> from cvmlab.worth.value import compare_present_values
    >>> found = compare_present_values(100, [0.6, 0.7, 0.8, 0.9], discount_rate=0.10)
    >>> plot_present_values(found).get_title(loc="left").replace(chr(10), " ")
    'At a retention rate of 90% the textbook rule is 28% above the expected present value'
    """
    columns = {
        "retention_rate": SHARE, "textbook_value": FIGURE, "expected_present_value": FIGURE, "error_share": FIGURE,
    }  # fmt: skip
    frame = check_frame(frame, "present_values", columns, once=["retention_rate"], in_order=True)
    ax = style.canvas(ax)
    rates, rule, expected = (frame[name].to_numpy() for name in list(columns)[:3])
    drawn = ((rule, "textbook_rule", style.SERIES[1]), (expected, "charts.expected_present_value", style.SERIES[0]))
    marked = len(rates) <= 12
    for values, _, mark in drawn:
        ax.plot(rates, values, color=mark.color, linestyle=mark.line, marker=mark.marker if marked else "",
                linewidth=2, markersize=5)  # fmt: skip
    ax.fill_between(rates, expected, rule, color=style.PALE, alpha=0.5, linewidth=0, hatch="///", edgecolor=style.GRID)
    ax.margins(x=0.02)
    _name_errors(ax, frame)
    style.percent_axis(ax.xaxis, term("charts.retention_rate_per_period"))
    style.money_axis(ax.yaxis, term("present_value"), currency)
    style.label_ends(ax, [(rates[-1], values[-1], term(name), mark.color) for values, name, mark in drawn])
    off = _off(frame.iloc[-1])
    key = "present_values_above" if off >= 0 else "present_values_below"
    said = {"rate": formats.percent(rates[-1]), "error": formats.percent(abs(off))}
    style.headline(ax, say(f"charts.{key}", **said))
    return style.lettered(ax)


def _off(row: pd.Series[Any]) -> float:
    """Return the error of a row as a share, below 0 where the rule lies below, of losses too."""
    return round(float(row["error_share"] * np.sign(row["expected_present_value"])), 9)


def _whole(share: float) -> str:
    """Return an error as whole percent with its sign; with a decimal only where that would be nothing."""
    text = formats.signed_percent(share)
    return f"{share:+.0%}".replace("-", "−") if abs(share) >= 0.01 else text


def _name_errors(ax: Axes, frame: pd.DataFrame) -> None:
    """Write the error at up to five retention rates, above the higher of the two lines."""
    rows = np.unique(np.linspace(0, len(frame) - 1, 5).round().astype(int))
    for place, (_, row) in enumerate(frame.iloc[rows].iterrows()):
        higher = max(row["textbook_value"], row["expected_present_value"])
        # the first one not into the axis
        ha = "right" if place else "left"
        style.note(ax, _whole(_off(row)), (row["retention_rate"], higher), (0, 8), ha=ha)
    ax.margins(y=0.12)

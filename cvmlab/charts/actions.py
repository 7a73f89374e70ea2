"""The chart for Monday morning: the customers to call, and how long they have been silent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import numpy as np

from cvmlab.core import formats
from cvmlab.core.checking import check_count
from cvmlab.core.guarding import public
from cvmlab.core.words import say, term

from . import style
from .frames import COUNT, FIGURE, TEXT, Holds, check_frame

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: A longer name would push the picture aside; a Chinese character counts as two letters.
NAME_WIDTH = 26
# who bought once has no usual gap
_GAP = Holds(minimum=0, gaps=True)


@public
def plot_calls(frame: pd.DataFrame, *, limit: int = 12, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw, for each customer to call, the usual gap between orders and the silence now.

    Parameters
    ----------
    frame
        One row per customer, the most urgent first: ``customer`` (label; if missing ``customer_name``, then
        ``customer_id``), ``usual_gap_days`` and ``silent_days`` (days), ``value_at_stake`` (money).
    limit
        The most customers drawn.
    currency
        Sign of the currency, written before the value at stake.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> calls = pd.DataFrame({
    ...     "customer_id": ["007"], "usual_gap_days": [21.0], "silent_days": [74],
    ...     "value_at_stake": [82_000.0],
    ... })
    >>> plot_calls(calls, currency="¥").texts[-1].get_text()
    '¥82,000 at stake'
    """
    name_column = next((name for name in ("customer", "customer_name") if name in frame), "customer_id")
    columns = {name_column: TEXT, "usual_gap_days": _GAP, "silent_days": COUNT, "value_at_stake": FIGURE}
    check_count("limit", limit)
    frame = check_frame(frame, "calls", columns, may_be_empty=True).head(limit)
    ax = style.canvas(ax, height=1.5 + 0.34 * max(len(frame), 2))
    ax.set_xlabel(term("charts.calls_x"))
    if not len(frame):
        ax.set_yticks([])
        ax.text(0.5, 0.5, term("charts.nobody_to_call"), transform=ax.transAxes, ha="center", color=style.QUIET)
        return style.lettered(ax)

    usual, silent = frame["usual_gap_days"].to_numpy(float), frame["silent_days"].to_numpy(float)
    rows = np.arange(len(frame))
    ax.hlines(rows, usual, silent, color=style.VERMILION, linewidth=3, alpha=0.55)
    circles: dict[str, Any] = {"color": "white", "markeredgecolor": style.INK, "markersize": 7}
    diamonds: dict[str, Any] = {"color": style.VERMILION, "markeredgecolor": "white", "markersize": 8}
    ax.plot(usual, rows, "o", label=term("charts.calls_usual"), **circles)
    ax.plot(silent, rows, "D", label=term("charts.calls_silent"), **diamonds)
    ax.set_yticks(rows, [_short(str(name)) for name in frame[name_column]])
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.set_xlim(0, float(np.nanmax(np.concatenate([usual, silent]))) * 1.06)
    ax.grid(visible=False, axis="y")
    margin: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "va": "center", "annotation_clip": False}
    for row, amount in zip(rows, frame["value_at_stake"].to_numpy(float), strict=True):
        stake = say("charts.calls_value", money=currency + formats.whole_money(amount))
        style.note(ax, stake, (1.01, float(row)), **margin)
    style.legend(ax, loc="lower left", bbox_to_anchor=(-0.02, 0.98), ncols=2, handletextpad=0.3)
    style.headline(ax, term("charts.calls_message"), pad=26)
    return style.lettered(ax)


def _short(name: str) -> str:
    """Return a name cut to `NAME_WIDTH`."""
    width = np.cumsum([2 if east_asian_width(sign) in "WF" else 1 for sign in name])
    if not len(width) or width[-1] <= NAME_WIDTH:
        return name
    return name[: int(np.searchsorted(width, NAME_WIDTH - 1))] + "…"

"""Charts of a plan: what each measure brings once its cost is paid (S26)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.formats import in_currency, money
from cvmlab.core.guarding import public
from cvmlab.core.words import keys, say, term
from cvmlab.market.trying import SUM_OF_SINGLES, TOGETHER

from . import style
from .frames import FIGURE, TEXT, check_frame

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_INCHES_A_ROW, _ROOM = 0.42, 1.7
#: How a measure is drawn that pays, does not pay, or may do either.
_LOOKS: dict[str, dict[str, Any]] = {
    "pays": {"color": style.BLUE},
    "loses": {"color": style.VERMILION, "hatch": "//"},
    "open": {"color": "white", "hatch": ".."},
}


@public
def plot_tried_measures(frame: pd.DataFrame, *, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw what each measure of a plan adds to profit once its cost is paid, with its 95% interval.

    Parameters
    ----------
    frame
        The result of `cvmlab.market.try_measures`: ``measure``, ``difference``, ``low``, ``high`` (money), drawn from
        the top.
    currency
        Written with amounts, for example "¥".
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"measure": ["speed", "care"], "difference": [300.0, -60.0], "low": [280.0, -65.0],
    ...                       "high": [320.0, -55.0]})
    >>> print(plot_tried_measures(frame).get_title(loc="left").replace(chr(10), " "))
    At these doses 1 of 2 measures pays for itself; best: speed, 300
    """
    columns = {"measure": TEXT, **dict.fromkeys(("difference", "low", "high"), FIGURE)}
    frame = check_frame(frame, "measures", columns, once=["measure"])
    ax = style.canvas(ax, height=_ROOM + _INCHES_A_ROW * len(frame))
    gain, low, high = (frame[name].to_numpy(float) for name in ("difference", "low", "high"))
    last = frame["measure"].isin([SUM_OF_SINGLES, TOGETHER]).to_numpy()
    # the whole plan stands apart from its measures
    rows = np.arange(len(frame)) + 0.5 * last
    fate = np.where(low > 0, "pays", np.where(high < 0, "loses", "open"))
    for name, look in _LOOKS.items():
        here = fate == name
        if here.any():
            ax.barh(
                rows[here], gain[here], 0.62, edgecolor=style.INK, linewidth=0.7, label=term(f"plan.{name}"), **look
            )
    ends: dict[str, Any] = {"color": style.INK, "elinewidth": 1, "capsize": 3, "fmt": "none"}
    ax.errorbar(gain, rows, xerr=[np.maximum(gain - low, 0), np.maximum(high - gain, 0)], **ends)
    left, right = min(float(low.min()), 0), max(float(high.max()), 0)
    wide = max(right - left, 1)
    for row, amount, start, end in zip(rows, gain, low, high, strict=True):
        place, side = ((max(end, 0), row), 6) if amount >= 0 else ((min(start, 0), row), -6)
        style.note(
            ax, in_currency(money(amount), currency), place, (side, 0), va="center",
            ha="left" if amount >= 0 else "right", bbox=style.BEHIND,
        )  # fmt: skip
    ax.axvline(0, color=style.INK, linewidth=1)
    ax.set_xlim(left - 0.16 * wide, right + 0.16 * wide)
    ax.set_ylim(rows[-1] + 0.6, -0.6)
    ax.set_yticks(rows, [_named(name) for name in frame["measure"]])
    ax.grid(visible=False, axis="y")
    style.money_axis(ax.xaxis, term("plan.gain_axis"), currency)
    style.legend(ax, loc="upper center", bbox_to_anchor=(0.5, -0.72 / (0.6 + _INCHES_A_ROW * len(frame))), ncols=3)
    # the names of the measures take their room first, and the headline is as wide as what they leave
    style.lettered(ax).get_figure(root=True).draw_without_rendering()  # type: ignore[union-attr]
    single = np.flatnonzero(~last)
    paying = single[fate[single] == "pays"]
    said = {"paying": len(paying), "measures": len(single)}
    if len(paying):
        best = paying[gain[paying].argmax()]
        most = in_currency(money(gain[best]), currency)
        style.headline(ax, say("plan.chart_message", measure=_named(frame["measure"].iloc[best]), most=most, **said))
    else:
        style.headline(ax, say("plan.chart_none", **said))
    return style.lettered(ax)


def _named(measure: str) -> str:
    return term(f"codes.{measure}") if f"codes.{measure}" in keys() else measure

"""Charts of estimated stages, below the histories they were estimated from (S01)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core import formats
from cvmlab.core.guarding import public
from cvmlab.core.words import say, term
from cvmlab.relationship.lifecycle import STAGES

from . import style
from .frames import DATE, FIGURE, SHARE, TEXT, Holds, check_frame

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

#: Colour and hatch of each stage: in grey, lightness and pattern differ.
LOOKS = {
    "exploration": (style.PALE, "..."),
    "formation": (style.SKY, "///"),
    "stability": (style.BLUE, ""),
    "decline": (style.VERMILION, "\\\\\\"),
    "ended": ("white", "xxx"),
}
_NAMES = (*STAGES, "ended")
_STAGE = Holds("text", texts=_NAMES)
_BAND, _GAP = 0.13, 0.03
_PALEST = 0.25


def stage_name(stage: str) -> str:
    """Return the wording of a stage, "ended" included."""
    return term("stages.ended") if stage == "ended" else term(stage)


@public
def plot_histories(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw a few customers' revenue over time with the stages estimated from it below, paler where less sure.

    Parameters
    ----------
    frame
        `cvmlab.stages.histories`: ``customer_id``, ``period``, ``revenue`` (money per period), ``stage``,
        ``confidence`` [, ``true_stage``: a second band]; one panel per customer, at most six.
    ax
        Axes that hold the panels (``ax.child_axes``); a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> history = pd.DataFrame({
    ...     "customer_id": "007", "period": pd.date_range("2020-01-01", periods=3, freq="MS"),
    ...     "revenue": [1.0, 9.0, 0.0], "stage": ["exploration", "formation", "ended"], "confidence": [0.9, 0.6, 0.8],
    ... })
    >>> len(plot_histories(history).child_axes)
    1
    """
    columns = {"customer_id": TEXT, "period": DATE, "revenue": FIGURE, "stage": _STAGE, "confidence": SHARE}
    columns["true_stage"] = Holds("text", texts=_NAMES, optional=True)
    frame = check_frame(frame, "histories", columns, once=["customer_id", "period"])
    names = list(dict.fromkeys(frame["customer_id"]))[:6]
    ax = style.canvas(ax, height=1.0 + 1.55 * len(names))
    ax.set_axis_off()
    x = style.days_since_epoch(frame["period"])
    low, high = float(x.min()), float(x.max()) + _length(x)
    height = 1 / len(names)
    for place, name in enumerate(names):
        own = frame[frame["customer_id"] == name].sort_values("period")
        inner = ax.inset_axes((0.0, 1 - (place + 1) * height + 0.22 * height, 1.0, 0.64 * height))
        _draw_history(style.dressed(inner), own, str(name))
        inner.set_xlim(low, high)
        if place == len(names) - 1:
            style.month_axis(inner, np.unique(np.asarray(frame["period"], dtype="datetime64[D]")))
        else:
            inner.set_xticks([])
        if place == 0:
            corner: dict[str, Any] = {"transform": inner.transAxes, "ha": "right", "va": "bottom"}
            style.write(inner, 1.0, 1.02, term("stages.share_of_peak"), color=style.QUIET, **corner)
        style.lettered(inner)
    _legend(ax)
    style.headline(ax, say("stages.histories_message", count=len(names)), pad=26)
    return style.lettered(ax)


def _length(x: NDArray[np.float64]) -> float:
    days = np.diff(np.unique(x))
    return float(days.min()) if len(days) else 30.4


def _draw_history(ax: Axes, own: pd.DataFrame, name: str) -> None:
    x, revenue = style.days_since_epoch(own["period"]), own["revenue"].to_numpy(float)
    width = _length(x)
    highest = float(revenue.max())
    peak = highest if highest > 0 else 1.0
    ax.plot(x + width / 2, revenue / peak, color=style.INK, linewidth=1.3, marker="o", markersize=2.2)
    sure = own["confidence"].to_numpy(float)
    bands = [("stage", sure, term("stages.histories_told"))]
    if "true_stage" in own:
        bands.append(("true_stage", np.ones(len(own)), term("stages.histories_true")))
    floor = -0.1
    for column, confidence, label in bands:
        top = floor - _GAP
        floor = top - _BAND * 2.4
        _draw_band(ax, x, width, own[column].to_numpy(object), confidence, floor, top - floor)
        style.write(ax, -0.008, (top + floor) / 2, label, transform=ax.get_yaxis_transform(), ha="right", va="center")
    ax.set_ylim(floor - _GAP, 1.08)
    ax.set_yticks([0, 1], ["0", formats.percent(1.0)])
    ax.grid(visible=False, axis="x")
    ax.spines["bottom"].set_visible(False)
    label = say("stages.histories_customer", customer=name)
    style.write(ax, 0.0, 1.02, label, transform=ax.transAxes, ha="left", va="bottom")


def _draw_band(
    ax: Axes, x: NDArray[np.float64], width: float, stage: NDArray[np.object_],
    confidence: NDArray[np.float64], floor: float, height: float,
) -> None:  # fmt: skip
    from matplotlib.colors import to_rgb

    for name, (color, hatch) in LOOKS.items():
        there = stage == name
        if not there.any():
            continue
        share = _PALEST + (1 - _PALEST) * np.clip((confidence[there] - 0.4) / 0.6, 0, 1)[:, None]
        shade = share * np.array(to_rgb(color)) + (1 - share)
        looks: dict[str, Any] = {"color": shade, "hatch": hatch, "edgecolor": _edge(name), "linewidth": 0}
        ax.bar(x[there], height, width=width, bottom=floor, align="edge", **looks)


def _edge(stage: str) -> str:
    return style.QUIET if stage == "ended" else "white"


def _legend(ax: Axes) -> None:
    legend_of_stages(ax, list(LOOKS), loc="lower left", bbox_to_anchor=(-0.01, 0.985))


def legend_of_stages(ax: Axes, names: Sequence[str], **place: Any) -> None:
    """Add a legend of stages, in one row."""
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=LOOKS[name][0], hatch=LOOKS[name][1], edgecolor=_edge(name), linewidth=0.5) for name in names
    ]
    looks: dict[str, Any] = {"ncols": len(names), "columnspacing": 1.1, "handlelength": 1.6, "handleheight": 1.1}
    style.legend(ax, handles, list(map(stage_name, names)), **looks, **place)

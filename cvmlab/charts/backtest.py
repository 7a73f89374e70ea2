"""Charts of how well it would have worked: gain curves and calibration of a backtest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core import formats
from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import say, term

from . import style
from .frames import COUNT, DATE, FIGURE, SHARE, SOME, TEXT, check_frame

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

IDEAL = "ideal"
#: With more rankings than these the title also names the worst.
_FEW = 3
_HALF_A_MONTH = 15.2


@public
def plot_backtest(
    frame: pd.DataFrame, *, highlight: float = 0.2, value: str = "revenue", ax: Axes | None = None
) -> Axes:
    """Draw the gain curves of a backtest: how much of the later value each ranking's top captured.

    Parameters
    ----------
    frame
        `cvmlab.case.backtest.gain_curves`: ``method``, ``customer_share`` and ``captured_share`` (both 0 to
        1). The method ``ideal`` is drawn as the limit; the others in the order they come, first the
        model, then its rivals. A method is named by ``charts.method_<name>`` or a term, if there is one.
    highlight
        Share of customers, 0 to 1, at which the methods are compared.
    value
        Vocabulary key of what is captured.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({
    ...     "method": ["model"] * 3 + ["rival"] * 3, "customer_share": [0, 0.2, 1] * 2,
    ...     "captured_share": [0, 0.6, 1, 0, 0.5, 1],
    ... })
    >>> plot_backtest(frame).get_title(loc="left").replace(chr(10), " ")
    "The top 20% ranked by the model brought 60% of later revenue; ranked by last year's revenue, 50%"
    """
    check_parameter("highlight", highlight, 0, 1)
    columns = {"method": TEXT, "customer_share": SHARE, "captured_share": FIGURE}
    frame = check_frame(frame, "backtest", columns)
    ax = style.canvas(ax)
    ax.plot([0, 1], [0, 1], color=style.QUIET, linestyle="-", linewidth=0.8, label=term("charts.at_random"))
    reached: list[tuple[str, str, float]] = []
    methods = list(dict.fromkeys(frame["method"]))
    ranked = [method for method in methods if method != IDEAL]
    for method in [*ranked, *(method for method in methods if method == IDEAL)]:
        mark = style.REFERENCE if method == IDEAL else style.SERIES[ranked.index(method) % len(style.SERIES)]
        curve = frame[frame["method"] == method].sort_values("customer_share")
        x, y = curve["customer_share"].to_numpy(float), curve["captured_share"].to_numpy(float)
        captured = float(np.interp(highlight, x, y))
        share = formats.percent(captured)
        name = formats.named(method, "charts.method_", "")
        if method != IDEAL:
            reached.append((name, share, captured))
        rows = style.thinned(len(x))
        label = say("charts.backtest_line", method=name, share=share, customers=formats.percent(highlight))
        ax.plot(x[rows], y[rows], color=mark.color, linestyle=mark.line, linewidth=2, label=label)
        ax.plot([highlight], [captured], marker=mark.marker or ".", color=mark.color)
    ax.axvline(highlight, color=style.QUIET, linestyle=":", linewidth=1)
    ax.set(xlim=(0, 1), ylim=(0, 1.02))
    style.percent_axis(ax.xaxis, term("charts.share_of_customers_by_score"))
    style.percent_axis(ax.yaxis, say("charts.backtest_y", value=term(value)))
    # gain curves run above the diagonal: the corner below it is free
    handles, labels = ax.get_legend_handles_labels()
    style.legend(ax, [*handles[1:], handles[0]], [*labels[1:], labels[0]], loc="lower right", handlelength=3)
    style.headline(ax, _gain_message(reached, formats.percent(highlight), term(value)))
    return style.lettered(ax)


def _gain_message(reached: list[tuple[str, str, float]], customers: str, value: str) -> str:
    if not reached:
        return term("backtest")
    said = {"customers": customers, "value": value, "method": reached[0][0], "share": reached[0][1]}
    if len(reached) == 1:
        return say("charts.backtest_message_one", **said)
    if len(reached) > _FEW:
        worst = min(reached, key=lambda ranked: ranked[2])
        rest = {"rival": reached[1][0], "rival_share": reached[1][1], "worst": worst[0], "worst_share": worst[1]}
        return say("charts.backtest_message_many", **said, **rest)
    return say("charts.backtest_message", rival=reached[1][0], rival_share=reached[1][1], **said)


@public
def plot_calibration(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw what share of customers did what had been predicted for them, band by band.

    Parameters
    ----------
    frame
        `cvmlab.case.backtest.calibration`: one row per band, ``predicted`` (mean probability), ``observed``
        (share), ``low``, ``high`` (its 95% interval), ``customers``.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({
    ...     "predicted": [0.1, 0.9], "observed": [0.12, 0.7], "low": [0.08, 0.6], "high": [0.17, 0.8],
    ...     "customers": [400, 90],
    ... })
    >>> plot_calibration(frame).get_title(loc="left").replace(chr(10), " ")
    'In 1 of 2 bands the prediction lies within the 95% interval'
    """
    columns = dict.fromkeys(["predicted", "observed", "low", "high"], SHARE)
    frame = check_frame(frame, "calibration", {**columns, "customers": SOME})
    ax = style.canvas(ax, width=5.6, height=5.0)
    x, y, low, high = (frame[name].to_numpy(float) for name in ("predicted", "observed", "low", "high"))
    size = frame["customers"].to_numpy(float)
    ax.plot([0, 1], [0, 1], color=style.QUIET, linestyle="--", linewidth=1)
    ax.vlines(x, low, high, color=style.BLUE, linewidth=1.6)
    sizes = 25 + 130 * size / max(size.max(), 1)
    ax.scatter(x, y, s=sizes, color=style.BLUE, edgecolors="white", zorder=3, alpha=0.9)
    explained = f"{term('charts.calibration_line')}\n{term('charts.calibration_size')}"
    corner: dict[str, Any] = {"transform": ax.transAxes, "color": style.QUIET}
    if ((x > 0.4) & (low < 0.15)).any():
        style.write(ax, 0.01, 0.98, explained, ha="left", va="top", **corner)
    else:
        style.write(ax, 0.99, 0.02, explained, ha="right", va="bottom", **corner)
    ax.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    style.percent_axis(ax.xaxis, term("charts.calibration_x"))
    style.percent_axis(ax.yaxis, term("charts.calibration_y"))
    within = int(((low <= x) & (x <= high)).sum())
    style.headline(ax, say("charts.calibration_message", within=within, bands=len(frame)))
    return style.lettered(ax)


@public
def plot_tracking(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the repeat purchases of each month beside what the model expects, before and after a backtest's cut.

    Parameters
    ----------
    frame
        One row per month: ``period`` (its first day), ``actual`` and ``expected`` (numbers of purchases),
        ``after_cut`` (1 or True from the first month on that the model did not know).
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({
    ...     "period": pd.to_datetime(["2023-11-01", "2023-12-01", "2024-01-01"]), "actual": [40, 44, 39],
    ...     "expected": [41.0, 42.0, 40.0], "after_cut": [0, 0, 1],
    ... })
    >>> plot_tracking(frame).get_title(loc="left").replace(chr(10), " ")
    'After the cut 40 purchases were expected; 39 came'
    """
    columns = {"period": DATE, "actual": COUNT, "expected": COUNT, "after_cut": SHARE}
    frame = check_frame(frame, "tracking", columns, once=["period"], in_order=True)
    ax = style.canvas(ax)
    middle = style.days_since_epoch(frame["period"]) + _HALF_A_MONTH
    after = frame["after_cut"].to_numpy(float) > 0
    actual, expected = frame["actual"].to_numpy(float), frame["expected"].to_numpy(float)
    ax.plot(middle, actual, color=style.INK, marker="o", markersize=3.5, linewidth=1.6)
    ax.plot(middle, expected, color=style.BLUE, linestyle="--", linewidth=2)
    ax.set_ylim(bottom=0)
    if after.any() and not after.all():
        ax.axvline(middle[after][0] - _HALF_A_MONTH, color=style.QUIET, linestyle=":", linewidth=1.2)
    style.count_axis(ax.yaxis, term("charts.tracking_y"))
    ends = [
        (middle[-1], float(actual[-1]), term("charts.tracking_actual"), style.INK),
        (middle[-1], float(expected[-1]), term("charts.tracking_expected"), style.BLUE),
    ]
    style.label_ends(ax, ends)
    style.month_axis(ax, np.asarray(frame["period"], dtype="datetime64[D]"), shift=_HALF_A_MONTH)
    said = {"expected": formats.count(expected[after].sum()), "actual": formats.count(actual[after].sum())}
    style.headline(ax, say("charts.tracking_message", **said) if after.any() else term("charts.tracking_none"))
    return style.lettered(ax)

"""Charts of a customer portfolio: which customers bring the revenue, which bring and which cost profit (S12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core import formats
from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import say, term
from cvmlab.data.tables import check_columns

from . import style
from .frames import SHARE, Holds, check_frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray
# where the total is not positive, shares have no meaning
_SHARES = Holds(gaps=True)


@public
def plot_concentration(
    frame: pd.DataFrame, *, highlight: float = 0.2, value: str = "revenue", ax: Axes | None = None
) -> Axes:
    """Draw the concentration (Lorenz) curve and say what the top customers bring.

    Parameters
    ----------
    frame
        `cvmlab.portfolio.concentration_curve`: ``customer_share`` and ``cumulative_share`` (both 0 to 1,
        customers from the largest to the smallest).
    highlight
        Share of customers, 0 to 1, whose share of the value is marked.
    value
        Vocabulary key of what is cumulated.
    ax
        Axes to draw on; a new figure if left out.

    Notes
    -----
    From revenue alone the curve never exceeds 100%; it is not a whale curve (CVM-CRM §1, S12).

    Examples
    --------
    >>> import pandas as pd
    >>> curve = pd.DataFrame({"customer_share": [0.2, 0.6, 1.0], "cumulative_share": [0.53, 0.9, 1.0]})
    >>> plot_concentration(curve).get_title(loc="left")
    'The top 20% of customers bring 53% of revenue'
    """
    check_parameter("highlight", highlight, 0, 1)
    frame = _curve(frame, "concentration", {"cumulative_share": _SHARES})
    ax = style.canvas(ax)
    customers, shares = _from_zero(frame, "cumulative_share")
    _draw_curve(ax, customers, shares, style.thinned(len(customers)))
    _draw_equality(ax)

    reached = float(np.interp(highlight, customers, shares))
    label = term(value)
    ax.plot([highlight, highlight, 0], [0, reached, reached], color=style.INK, linestyle=":", linewidth=1)
    ax.plot([highlight], [reached], marker="o", color=style.INK, markersize=6)
    style.note(ax, formats.percent(reached), (highlight, reached), (8, -4), va="top", size=style.LABEL_SIZE)
    ax.set(xlim=(0, 1), ylim=(0, 1.02))
    style.percent_axis(ax.xaxis, term("charts.share_of_customers"))
    style.percent_axis(ax.yaxis, say("charts.cumulative_share_of", value=label))
    if np.isfinite(reached):
        said = {"customers": formats.percent(highlight), "share": formats.percent(reached), "value": label}
        style.headline(ax, say("charts.concentration_message", **said))
    else:
        style.headline(ax, say("charts.no_shares", value=label))
    return style.lettered(ax)


@public
def plot_whale(frame: pd.DataFrame, *, profit_is_assumed: bool, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw the whale curve: how much profit the best customers bring, and how much of it the others cost.

    Parameters
    ----------
    frame
        `cvmlab.portfolio.whale_curve`: ``customer_share`` (0 to 1, the most profitable first) and
        ``cumulative_share`` (share of the net profit; may exceed 1). Where the net profit is not
        positive, shares have no meaning (NaN) and ``cumulative`` (money) is drawn.
    profit_is_assumed
        Whether the profit comes from a stated margin instead of recorded costs: the label then says so.
    currency
        Sign of the currency, used where money is drawn.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> curve = pd.DataFrame({"customer_share": [0.5, 1.0], "cumulative_share": [1.34, 1.0]})
    >>> ax = plot_whale(curve, profit_is_assumed=True)
    >>> ax.get_title(loc="left").replace(chr(10), " ")
    'The most profitable 50% of customers bring 134% of net assumed profit; the rest lose 34%'
    """
    frame = _curve(frame, "whale", {"cumulative_share": _SHARES, "cumulative": Holds(optional=True)})
    label = term("assumed_profit" if profit_is_assumed else "profit")
    ax = style.canvas(ax)
    drawn_as_share = bool(np.isfinite(frame["cumulative_share"].to_numpy(float)).all())
    column = "cumulative_share" if drawn_as_share else "cumulative"
    check_columns(frame, [column], "whale")
    customers, heights = _from_zero(frame, column)
    peak = int(np.argmax(heights))
    _draw_curve(ax, customers, heights, np.union1d(style.thinned(len(customers)), [peak]))
    ax.axhline(heights[-1], color=style.INK, linestyle="--", linewidth=1)
    ax.plot([customers[peak]], [heights[peak]], marker="v", color=style.INK, markersize=7)
    ax.set_xlim(0, 1)
    style.percent_axis(ax.xaxis, term("charts.share_of_customers_by_profit"))
    ax.margins(y=0.12)
    if heights.min() >= 0:
        ax.set_ylim(bottom=0)
    if drawn_as_share:
        highest, net = formats.percent(heights[peak]), formats.percent(heights[-1])
        style.percent_axis(ax.yaxis, say("charts.cumulative_share_of_net", value=label))
        message = _whale_message(customers[peak], heights[peak], label)
    else:
        highest, net = formats.money(heights[peak]), formats.money(heights[-1])
        style.money_axis(ax.yaxis, say("charts.cumulative_of", value=label), currency)
        message = say("charts.whale_money_message", value=label, peak=highest, net=net)
    _annotate_peak(ax, customers[peak], heights[peak], highest)
    if not drawn_as_share or heights[peak] > 1:
        _annotate_all(ax, heights[-1], net)
    style.headline(ax, message)
    return style.lettered(ax)


def _curve(frame: pd.DataFrame, table: str, heights: Mapping[str, Holds]) -> pd.DataFrame:
    return check_frame(frame, table, {"customer_share": SHARE, **heights}, once=["customer_share"], in_order=True)


def _whale_message(customers: float, peak: float, label: str) -> str:
    if peak <= 1 + 1e-9:
        return say("charts.whale_no_loss", value=label)
    return say(
        "charts.whale_message",
        customers=formats.percent(customers),
        share=formats.percent(peak),
        loss=formats.percent(peak - 1),
        value=label,
    )


def _draw_curve(ax: Axes, x: NDArray[np.float64], y: NDArray[np.float64], rows: NDArray[np.int64]) -> None:
    ax.fill_between(x[rows], y[rows], color=style.BLUE, alpha=0.1, linewidth=0)
    ax.plot(x[rows], y[rows], color=style.BLUE, linewidth=2.2)


def _annotate_peak(ax: Axes, x: float, y: float, text: str) -> None:
    ha = "left" if x < 0.15 else "right" if x > 0.85 else "center"
    style.note(ax, say("charts.whale_peak", share=text), (x, y), (0, 9), ha=ha, size=style.LABEL_SIZE)


def _annotate_all(ax: Axes, y: float, text: str) -> None:
    """Write what all customers bring beside the right end of the curve; beside its left end if that is a loss."""
    said = say("charts.all_customers", share=text)
    looks: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "color": style.QUIET}
    if y > 0:
        style.note(ax, said, (0.99, y), (0, -4), ha="right", va="top", **looks)
    else:
        style.note(ax, said, (0.02, y), (0, 4), ha="left", va="bottom", **looks)


def _draw_equality(ax: Axes) -> None:
    ax.plot([0, 1], [0, 1], color=style.QUIET, linestyle="--", linewidth=1)
    style.note(ax, term("charts.equal_customers"), (0.62, 0.62), (6, -6), va="top", color=style.QUIET)


def _from_zero(frame: pd.DataFrame, column: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a curve that starts in the origin, whether or not the frame says so."""
    x, y = frame["customer_share"].to_numpy(float), frame[column].to_numpy(float)
    return np.concatenate([[0.0], x]), np.concatenate([[0.0], y])

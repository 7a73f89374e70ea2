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
from .frames import FIGURE, SHARE, SOME, Holds, check_frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray
# where the total is not positive, shares have no meaning
_SHARES = Holds(gaps=True)
#: Tiers by rank, each with its colour and hatch: what is most worth is darkest.
TIER_LOOKS = {
    "diamond": (style.BLUE, ""),
    "gold": (style.ORANGE, ""),
    "strategic": (style.GREEN, "///"),
    "potential": (style.SKY, "..."),
    "general": (style.PALE, ""),
    "problem": (style.VERMILION, "xxx"),
}
_TIER = Holds("text", texts=tuple(TIER_LOOKS))
# Growth beyond it is drawn at it, and more points than this are thinned
_FASTEST = 2.0
_POINTS = 20_000


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


@public
def plot_tiers(frame: pd.DataFrame, *, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw the ladder of tiers: the profit of each, with its customers and what is missing to the next tier.

    Parameters
    ----------
    frame
        `cvmlab.portfolio.summarise_tiers`: ``tier``, ``customers``, ``profit`` (money), ``profit_to_next`` (money,
        mean per customer).
    currency
        Sign of the currency.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({
    ...     "tier": ["diamond", "general"], "customers": [2, 18], "profit": [80.0, 20.0], "profit_to_next": [0.0, 5.0]})
    >>> plot_tiers(frame).get_title(loc="left")
    'Diamond and gold customers: 10% of customers, 80% of net profit'
    """
    columns = {"tier": _TIER, "customers": SOME, "profit": FIGURE, "profit_to_next": Holds(minimum=0)}
    frame = check_frame(frame, "tiers", columns, once=["tier"])
    frame = frame.set_index("tier").reindex([tier for tier in TIER_LOOKS if tier in set(frame["tier"])]).reset_index()
    ax = style.canvas(ax)
    profit, counts = frame["profit"].to_numpy(float), frame["customers"].to_numpy(float)
    for place, tier in enumerate(frame["tier"]):
        color, hatch = TIER_LOOKS[tier]
        ax.barh(place, profit[place], height=0.62, color=color, hatch=hatch, edgecolor="white", linewidth=0.8)
        lines = [say("charts.tier_customers", customers=formats.count(counts[place]))]
        missing = float(frame["profit_to_next"][place])
        if missing and counts[place]:
            lines.append(say("charts.tier_to_next", money=formats.in_currency(formats.money(missing), currency)))
        at_end: dict[str, Any] = {"ha": "left", "va": "center"}
        style.note(ax, "\n".join(lines), (max(profit[place], 0.0), place), (6, 0), **at_end)
    low, high = min(profit.min(), 0.0), max(profit.max(), 0.0)
    reach = (high - low) or 1.0
    ax.set_xlim(low - 0.04 * reach, high + 0.45 * reach)
    ax.set_yticks(range(len(frame)), [term(f"charts.tier_{tier}") for tier in frame["tier"]])
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.invert_yaxis()
    ax.axvline(0, color=style.INK, linewidth=1)
    style.money_axis(ax.xaxis, term("profit"), currency)
    style.headline(ax, _tiers_message(frame, profit, counts))
    return style.lettered(ax)


def _tiers_message(frame: pd.DataFrame, profit: NDArray[np.float64], counts: NDArray[np.float64]) -> str:
    if profit.sum() <= 0:
        return term("charts.tiers_title")
    best = frame["tier"].isin(["diamond", "gold"]).to_numpy()
    said = {"customers": counts[best].sum() / counts.sum(), "share": profit[best].sum() / profit.sum()}
    return say("charts.tiers_message", **{name: formats.percent(float(share)) for name, share in said.items()})


@public
def plot_share_and_growth(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw our growth against the customer's own growth: below the line share is lost, above zero unseen.

    Parameters
    ----------
    frame
        `cvmlab.portfolio.share_and_growth`: ``own_growth``, ``our_growth`` (from one year to the other, share of 1;
        rows where either is unknown are left out), ``share_part`` (money).
    ax
        Axes to draw on; a new figure if left out.

    Notes
    -----
    Growth beyond +200% is drawn at +200%. Above 20,000 rows every n-th is drawn.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"own_growth": [0.5, 0.1], "our_growth": [0.1, 0.3], "share_part": [-40.0, 20.0]})
    >>> plot_share_and_growth(frame).get_title(loc="left")
    'Hidden loss: 1 of 2 grew, but slower than the customer'
    """
    growth = Holds(minimum=-1, gaps=True)
    frame = check_frame(frame, "growth", {"own_growth": growth, "our_growth": growth, "share_part": Holds(gaps=True)})
    ax = style.canvas(ax, height=5.0)
    known = frame[frame["own_growth"].notna() & frame["our_growth"].notna()]
    own, ours = (np.minimum(known[name].to_numpy(float), _FASTEST) for name in ("own_growth", "our_growth"))
    lost = known["share_part"].to_numpy(float) < 0
    hidden = lost & (ours >= 0)
    rows = style.thinned(len(own), _POINTS) if len(own) else np.arange(0)
    for where, mark, label in (
        (~lost, style.SERIES[2], "growth_held"),
        (lost & ~hidden, style.SERIES[1], "growth_open"),
        (hidden, style.SERIES[3], "growth_hidden"),
    ):
        drawn = rows[where[rows]]
        looks: dict[str, Any] = {"color": mark.color, "marker": mark.marker, "edgecolors": "white", "linewidths": 0.4}
        ax.scatter(own[drawn], ours[drawn], s=34, alpha=0.85, label=term(f"charts.{label}"), **looks)
    both = np.concatenate([own, ours])
    low = float(both.min(initial=-0.1)) * 1.1
    high = float(both.max(initial=0.2)) * 1.1
    ax.fill_between([0, high], 0, [0, high], facecolor="none", edgecolor=style.PALE, hatch="///", linewidth=0)
    ax.plot([low, high], [low, high], color=style.INK, linestyle="--", linewidth=1.2, label=term("charts.growth_pace"))
    ax.axhline(0, color=style.QUIET, linewidth=1)
    ax.set(xlim=(low, high), ylim=(low, high))
    style.percent_axis(ax.xaxis, term("charts.own_growth_axis"))
    style.percent_axis(ax.yaxis, term("charts.our_growth_axis"))
    if len(own):
        style.headline(
            ax, say("charts.growth_message", hidden=formats.count(hidden.sum()), all=formats.count(len(own)))
        )
    else:
        style.headline(ax, term("charts.growth_unknown"))
    style.legend(ax, loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    return style.lettered(ax)

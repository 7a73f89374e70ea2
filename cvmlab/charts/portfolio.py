"""Charts of a customer portfolio: which customers bring the revenue, which bring and which cost profit (S12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core import formats
from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import say, term
from cvmlab.data.tables import CUSTOMER_ID, check_columns

from . import style
from .frames import FIGURE, SHARE, SOME, TEXT, Holds, check_frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from cvmlab.worth.portfolio import TierCutOffs
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
    _mark(ax, highlight, reached, formats.percent(reached))
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
def plot_whale(
    frame: pd.DataFrame,
    *,
    profit_is_assumed: bool,
    highlight: float | None = None,
    currency: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the whale curve: how much profit the best customers bring, and how much of it the others cost.

    Parameters
    ----------
    frame
        `cvmlab.portfolio.whale_curve`: ``customer_share`` (0 to 1, the most profitable first) and
        ``cumulative_share`` (share of the net profit; may exceed 1). Where the net profit is not
        positive, shares have no meaning (NaN) and ``cumulative`` (money) is drawn.
    profit_is_assumed
        Whether the profit comes from a stated margin instead of recorded costs: the label then says so.
    highlight
        Share of customers, 0 to 1, whose share of the net profit is marked; none if left out.
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
    if highlight is not None:
        check_parameter("highlight", highlight, 0, 1)
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
    if highlight is not None:
        reached = float(np.interp(highlight, customers, heights))
        said = formats.percent(reached) if drawn_as_share else formats.money(reached)
        _mark(ax, highlight, reached, f"{formats.percent(highlight)} → {said}")
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


def _mark(ax: Axes, x: float, y: float, text: str) -> None:
    ax.plot([x, x, 0], [0, y, y], color=style.INK, linestyle=":", linewidth=1)
    ax.plot([x], [y], marker="o", color=style.INK, markersize=6)
    style.note(ax, text, (x, y), (8, -4), va="top", size=style.LABEL_SIZE)


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
def plot_tiers(
    frame: pd.DataFrame, *, cut_offs: TierCutOffs | None = None, currency: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the ladder of tiers: the profit of each, with its customers and what is missing to the next tier.

    Parameters
    ----------
    frame
        `cvmlab.portfolio.summarise_tiers`: ``tier``, ``customers``, ``profit`` (money), ``profit_to_next`` (money,
        mean per customer).
    cut_offs
        Those of `cvmlab.portfolio.assign_tiers`: the chart then names the profit at which the next tier begins.
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
    '2 diamond customers (10% of all): 80% of net profit'
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
            lines.append(_to_next(tier, missing, cut_offs, currency))
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
    best = (frame["tier"] == "diamond").to_numpy()
    if not counts[best].sum():
        return term("charts.tiers_title")
    said = {"part": counts[best].sum() / counts.sum(), "share": profit[best].sum() / profit.sum()}
    shares = {name: formats.percent(float(share)) for name, share in said.items()}
    return say("charts.tiers_message", customers=formats.count(counts[best].sum()), **shares)


def _to_next(tier: str, missing: float, cut_offs: TierCutOffs | None, currency: str) -> str:
    """Return what is missing to the next tier: to its line where the cut-offs are known (rules/tier_cases.csv)."""
    money = formats.in_currency(formats.money(missing), currency)
    if cut_offs is None:
        return say("charts.tier_to_next", money=money)
    if tier == "problem" and cut_offs.problem_below == 0:
        return say("charts.tier_short_of_zero", money=money)
    lines = {"problem": cut_offs.problem_below, "gold": cut_offs.top_profit, "strategic": cut_offs.top_profit}
    line = formats.in_currency(formats.whole_money(lines.get(tier, cut_offs.high_profit)), currency)
    return say(f"charts.tier_short_of_{'top' if tier in ('gold', 'strategic') else 'line'}", money=money, line=line)


@public
def plot_share_and_growth(
    frame: pd.DataFrame, *, mark: Mapping[str, str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw our growth against the customer's own growth: below the line share is lost, above zero unseen.

    Parameters
    ----------
    frame
        `cvmlab.portfolio.share_and_growth`: ``own_growth``, ``our_growth`` (from one year to the other, share of 1;
        rows where either is unknown are left out), ``share_part`` (money); with ``mark`` also ``customer_id``,
        ``product``.
    mark
        Customer to product: these points are named by their customer.
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
    columns = {"own_growth": growth, "our_growth": growth, "share_part": Holds(gaps=True)}
    frame = check_frame(frame, "growth", columns | (dict.fromkeys([CUSTOMER_ID, "product"], TEXT) if mark else {}))
    ax = style.canvas(ax, height=5.0)
    known = frame[frame["own_growth"].notna() & frame["our_growth"].notna()]
    own, ours = (np.minimum(known[name].to_numpy(float), _FASTEST) for name in ("own_growth", "our_growth"))
    lost = known["share_part"].to_numpy(float) < 0
    hidden = lost & (ours >= 0)
    rows = style.thinned(len(own), _POINTS) if len(own) else np.arange(0)
    for where, series, label in (
        (~lost, style.SERIES[2], "growth_held"),
        (lost & ~hidden, style.SERIES[1], "growth_open"),
        (hidden, style.SERIES[3], "growth_hidden"),
    ):
        drawn = rows[where[rows]]
        looks: dict[str, Any] = {"color": series.color, "marker": series.marker}
        looks |= {"edgecolors": "white", "linewidths": 0.4}
        ax.scatter(own[drawn], ours[drawn], s=34, alpha=0.85, label=term(f"charts.{label}"), **looks)
    both = np.concatenate([own, ours])
    low = float(both.min(initial=-0.1)) * 1.1
    high = float(both.max(initial=0.2)) * 1.1
    ax.fill_between([0, high], 0, [0, high], facecolor="none", edgecolor=style.PALE, hatch="///", linewidth=0)
    ax.plot([low, high], [low, high], color=style.INK, linestyle="--", linewidth=1.2, label=term("charts.growth_pace"))
    ax.axhline(0, color=style.QUIET, linewidth=1)
    ax.set(xlim=(low, high), ylim=(low, high))
    _name_points(ax, known, own, ours, mark or {})
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


def _name_points(
    ax: Axes, known: pd.DataFrame, own: NDArray[np.float64], ours: NDArray[np.float64], mark: Mapping[str, str]
) -> None:
    for customer, product in mark.items():
        for row in np.flatnonzero((known[CUSTOMER_ID] == customer) & (known["product"] == product)):
            ax.plot([own[row]], [ours[row]], marker="o", markersize=11, markerfacecolor="none", color=style.INK)
            # to the right and below, where hardly a point lies on the other side of the line
            box = {"facecolor": "white", "edgecolor": "none", "boxstyle": "round,pad=0.15"}
            looks: dict[str, Any] = {"size": style.LABEL_SIZE, "va": "center", "bbox": box}
            style.note(ax, customer, (own[row], ours[row]), (76, -4), arrowprops={"arrowstyle": "-"}, **looks)

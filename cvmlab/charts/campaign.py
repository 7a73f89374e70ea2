"""Charts of keeping customers: what a campaign earns, what goes with leaving, whom an offer keeps (S22, Beyond)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.formats import percent, whole_money
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, say, term

from . import style
from .frames import COUNT, FIGURE, SHARE, SOME, TEXT, Holds, check_frame

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

ORDERS = ("by_uplift", "by_risk", "random")
_MOST_FEATURES = 5


@public
def plot_campaign_profit(frame: pd.DataFrame, *, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw what a campaign earns by the number of customers called, with the number at which it earns most.

    Parameters
    ----------
    frame
        The ``curve`` of `cvmlab.churn.campaign_profit`: ``called``, ``expected_profit`` and, where it is known who
        left, ``profit``, ``profit_low``, ``profit_high`` (currency units).
    currency
        Written behind amounts, for example "yuan".
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"called": [0, 100, 200, 300], "expected_profit": [0, 900, 1000, -300]})
    >>> print(plot_campaign_profit(frame).get_title(loc="left").replace(chr(10), " "))
    Most profit with 200 calls: 1,000; calling all 300 would bring −300
    """
    known = {"called": COUNT, "expected_profit": FIGURE}
    with_outcome = "profit" in frame
    if with_outcome:
        known |= dict.fromkeys(["profit", "profit_low", "profit_high"], FIGURE)
    frame = check_frame(frame, "campaign", known, once=["called"], in_order=True)
    ax = style.canvas(ax)
    called, expected = frame["called"].to_numpy(float), frame["expected_profit"].to_numpy(float)
    if with_outcome:
        low, high = frame["profit_low"].to_numpy(float), frame["profit_high"].to_numpy(float)
        ax.fill_between(called, low, high, color=style.SKY, alpha=0.3, linewidth=0, label=term("churn.interval"))
        ax.plot(called, frame["profit"], color=style.BLUE, linewidth=2.2, label=term("churn.realised"))
    dashes: dict[str, Any] = {"color": style.INK, "linestyle": (0, (4, 1.5)), "linewidth": 1.6}
    ax.plot(called, expected, label=term("churn.expected"), **dashes)
    ax.axhline(0, color=style.QUIET, linewidth=1)
    best = int(expected.argmax())
    ax.axvline(called[best], color=style.VERMILION, linewidth=1.4, linestyle=":")
    ax.plot(called[best], expected[best], "D", color=style.VERMILION, markersize=7, label=term("churn.best"))
    style.count_axis(ax.xaxis, term("churn.called_x"))
    style.money_axis(ax.yaxis, term("churn.profit_y"), currency)
    style.legend(ax, loc="best")
    said = {"calls": whole_money(called[best]), "most": whole_money(expected[best])}
    said |= {"all": whole_money(called[-1]), "everybody": whole_money(expected[-1])}
    style.headline(ax, say("churn.campaign_message", **said))
    return style.lettered(ax)


@public
def plot_churn_lift(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the share that left in each tenth of the customers by score, beside the average.

    Parameters
    ----------
    frame
        The ``lift`` of `cvmlab.churn.score_churn`: ``tenth``, ``customers``, ``left``, ``churn_rate``, ``captured``.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"tenth": [1, 2], "customers": [50, 50], "left": [30, 10], "churn_rate": [0.6, 0.2],
    ...                       "captured": [0.75, 1.0]})
    >>> print(plot_churn_lift(frame).get_title(loc="left").replace(chr(10), " "))
    The 50 customers with the highest scores: 60% left, on average 40%
    """
    columns = {"tenth": COUNT, "customers": SOME, "left": COUNT, "churn_rate": SHARE, "captured": SHARE}
    frame = check_frame(frame, "lift", columns, once=["tenth"], in_order=True)
    ax = style.canvas(ax)
    tenth, rate = frame["tenth"].to_numpy(float), frame["churn_rate"].to_numpy(float)
    average = float(frame["left"].sum() / frame["customers"].sum())
    bars = ax.bar(tenth, rate, 0.75, color=style.BLUE, edgecolor=style.INK, linewidth=0.6)
    for bar, share in zip(bars, rate, strict=True):
        place = (bar.get_x() + bar.get_width() / 2, share)
        behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
        style.note(ax, percent(share), place, (0, 3), ha="center", va="bottom", bbox=behind)
    ax.axhline(average, color=style.VERMILION, linestyle=(0, (4, 1.5)), label=term("churn.average"))
    ax.set_xticks(tenth)
    ax.set_ylim(0, max(1.15 * rate.max(), 1.3 * average, 0.01))
    ax.set_xlabel(term("churn.tenth_x"))
    style.percent_axis(ax.yaxis, term("churn.left_y"))
    ax.grid(visible=False, axis="x")
    style.legend(ax, loc="upper right")
    said = {"customers": whole_money(frame["customers"].iloc[0]), "rate": percent(rate[0])}
    style.headline(ax, say("churn.lift_message", average=percent(average), **said))
    return style.lettered(ax)


@public
def plot_churn_drivers(frame: pd.DataFrame, *, average: float, ax: Axes | None = None) -> Axes:
    """Draw the average probability of leaving at each value of the strongest features, one row per value.

    Parameters
    ----------
    frame
        The ``drivers`` of `cvmlab.churn.score_churn`: ``feature``, ``level``, ``churn_probability``, ``customers``.
    average
        Share of all customers that left, drawn as a line.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"feature": "contract", "level": ["monthly", "yearly"], "churn_probability": [0.3, 0.1],
    ...                       "customers": [60, 40]})
    >>> print(plot_churn_drivers(frame, average=0.22).get_title(loc="left").replace(chr(10), " "))
    From 10% to 30% with contract: the widest range
    """
    if not 0 <= average <= 1:
        raise CvmError("churn.average_outside", average=average)
    columns = {"feature": TEXT, "level": TEXT, "churn_probability": SHARE, "customers": COUNT}
    frame = check_frame(frame, "drivers", columns, once=["feature", "level"])
    features = list(dict.fromkeys(frame["feature"]))[:_MOST_FEATURES]
    frame = frame[frame["feature"].isin(features)]
    rows = len(frame) + len(features)
    ax = style.canvas(ax, height=max(2.2, 0.23 * rows + 1.2))
    right = max(frame["churn_probability"].max() * 1.45, average * 1.45, 0.01)
    place, heads, ticks, names = 0.0, [], [], []
    for feature in features:
        part = frame[frame["feature"] == feature]
        spots = place + 1 + np.arange(len(part))
        chance = part["churn_probability"].to_numpy(float)
        ax.hlines(spots, 0, chance, color=style.SKY, linewidth=1.6, zorder=2)
        ax.scatter(chance, spots, s=34, color=style.BLUE, edgecolors=style.INK, linewidths=0.5, zorder=3)
        for spot, share, customers in zip(spots, chance, part["customers"], strict=True):
            text = say("churn.driver_note", share=percent(share), customers=whole_money(customers))
            style.note(ax, text, (right, spot), (-4, 0), va="center", ha="right", size=8)
        heads.append(place)
        ticks += [place, *spots]
        names += [feature, *part["level"]]
        place = spots[-1] + 1
    ax.axvline(average, color=style.VERMILION, linestyle=(0, (4, 1.5)), label=term("churn.average"))
    ax.set_yticks(ticks, names)
    for label in ax.get_yticklabels():
        label.set_color(style.INK if label.get_position()[1] in heads else style.QUIET)
    ax.set_ylim(place - 0.4, -1.2)
    ax.set_xlim(0, right)
    style.percent_axis(ax.xaxis, term("churn.driver_x"))
    ax.grid(visible=False, axis="y")
    style.legend(ax, loc="upper right")
    spread = frame.groupby("feature")["churn_probability"].agg(lambda found: found.max() - found.min())
    widest = spread.idxmax()
    ends = frame.loc[frame["feature"] == widest, "churn_probability"]
    said = {"low": percent(ends.min()), "high": percent(ends.max())}
    style.headline(ax, say("churn.drivers_message", feature=widest, **said))
    return style.lettered(ax)


@public
def plot_uplift_gain(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how many customers an offer keeps by the share that gets it, in three orders.

    Parameters
    ----------
    frame
        The ``gain`` of `cvmlab.churn.uplift`: ``order`` (``by_uplift``, ``by_risk``, ``random``), ``share``, ``kept``
        (share of all customers), ``low``, ``high`` (shown for the order by uplift).
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"order": ["by_uplift"] * 3 + ["by_risk"] * 3, "share": [0, 0.3, 1] * 2,
    ...     "kept": [0, 0.06, 0.05, 0, 0.02, 0.05], "low": [0] * 6, "high": [0.1] * 6})
    >>> print(plot_uplift_gain(frame).get_title(loc="left").replace(chr(10), " "))
    Offered to the first 30%, the offer keeps 6% of all customers in the order of uplift and 2% in that of risk
    """
    columns = {"order": Holds("text", texts=ORDERS), "share": SHARE, "kept": FIGURE, "low": FIGURE, "high": FIGURE}
    frame = check_frame(frame, "gain", columns, once=["order", "share"], in_order=True)
    ax = style.canvas(ax)
    curves = {order: frame[frame["order"] == order] for order in ORDERS if (frame["order"] == order).any()}
    for (order, curve), mark in zip(curves.items(), style.SERIES, strict=False):
        share = curve["share"].to_numpy(float)
        if order == "by_uplift":
            bounds = (curve["low"].to_numpy(float), curve["high"].to_numpy(float))
            ax.fill_between(share, *bounds, color=mark.color, alpha=0.15, linewidth=0, label=term("churn.interval"))
        looks: dict[str, Any] = {"color": mark.color, "linestyle": mark.line, "linewidth": 2}
        ax.plot(share, curve["kept"], label=term(f"churn.order_{order}"), **looks)
    ax.axhline(0, color=style.QUIET, linewidth=1)
    style.percent_axis(ax.xaxis, term("churn.offered_x"))
    style.percent_axis(ax.yaxis, term("churn.kept_y"))
    style.legend(ax, loc="best")
    if {"by_uplift", "by_risk"} <= set(curves):
        uplift, risk = (curves[order].set_index("share")["kept"] for order in ("by_uplift", "by_risk"))
        shared = [share for share in uplift.index if share in risk.index]
        at = min(shared, key=lambda share: abs(share - 0.3)) if shared else None
        if at is not None:
            said = {"uplift": percent(uplift[at]), "risk": percent(risk[at])}
            style.headline(ax, say("churn.gain_message", share=percent(at), **said))
    return style.lettered(ax)

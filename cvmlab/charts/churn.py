"""Charts of a churn report: what goes with leaving, and what calling one customer more brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.checking import check_parameter
from cvmlab.core.formats import count, money, named, percent
from cvmlab.core.guarding import public
from cvmlab.core.words import say, term

from . import style
from .frames import COUNT, FIGURE, SHARE, TEXT, check_frame

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_MOST, _ACROSS = 6, 2
_INCHES_A_BAR, _ROOM = 0.27, 0.75
_LETTERS = 22


@public
def plot_churn_drivers(frame: pd.DataFrame, *, overall: float) -> list[Axes]:
    """Draw the chance of leaving at the values of each driver, a small picture each, the strongest first.

    Parameters
    ----------
    frame
        `cvmlab.churn.score_churn(...).drivers`: ``feature``, ``level`` (text), ``churn_probability`` (share of 1), in
        the order to draw; the first six features are drawn.
    overall
        Rate of all customers, a share of 1: the dashed line.

    Returns
    -------
    list of Axes
        One per feature.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"feature": ["contract"] * 2, "level": ["monthly", "yearly"],
    ...                       "churn_probability": [0.4, 0.1]})
    >>> [ax.get_title(loc="left") for ax in plot_churn_drivers(frame, overall=0.26)]
    ['contract']
    """
    import matplotlib.pyplot as plt

    check_parameter("overall", overall, 0, 1)
    columns = {"feature": TEXT, "level": TEXT, "churn_probability": SHARE}
    frame = check_frame(frame, "churn_drivers", columns, once=["feature", "level"])
    names = list(dict.fromkeys(frame["feature"]))[:_MOST]
    parts = [frame[frame["feature"] == name] for name in names]
    across = min(_ACROSS, len(parts))
    rows = [parts[start : start + across] for start in range(0, len(parts), across)]
    heights = [_ROOM + _INCHES_A_BAR * max(map(len, row)) for row in rows]
    _, grid = plt.subplots(
        len(rows), across, figsize=(style.WIDTH, sum(heights)), layout="constrained", squeeze=False, sharex=True,
        height_ratios=heights,
    )  # fmt: skip
    drawn = []
    for ax, name, part in zip(grid.flat, names, parts, strict=False):
        drawn.append(_driver(style.dressed(ax), named(name, "charts.driver_", ""), part, overall))
    for ax in list(grid.flat)[len(parts) :]:
        ax.set_visible(False)
    top = max(float(frame["churn_probability"].max()), overall, 0.01)
    drawn[0].set_xlim(0, 1.22 * top)
    for ax in drawn[-across:]:
        ax.set_xlabel(term("charts.driver_x"))
        ax.xaxis.set_tick_params(labelbottom=True)
    for ax in drawn:
        style.lettered(ax)
    return drawn


def _driver(ax: Axes, name: str, part: pd.DataFrame, overall: float) -> Axes:
    chance, places = part["churn_probability"].to_numpy(float), np.arange(len(part))
    ax.barh(places, chance, 0.66, color=style.SKY, edgecolor=style.BLUE, linewidth=0.8)
    for place, share in zip(places, chance, strict=True):
        style.note(ax, percent(share), (float(share), float(place)), (4, 0), va="center", bbox=style.BEHIND)
    ax.axvline(overall, color=style.VERMILION, linestyle=(0, (4, 1.5)), linewidth=1.2)
    ax.set_ylim(len(part) - 0.5, -0.5)
    ax.set_yticks(places, [_short(level) for level in part["level"]])
    ax.grid(visible=False, axis="y")
    style.percent_axis(ax.xaxis)
    ax.set_title(_short(name, 2 * _LETTERS), loc="left", fontsize=style.LABEL_SIZE, color=style.INK)
    return ax


def _short(text: str, letters: int = _LETTERS) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"


@public
def plot_campaign(frame: pd.DataFrame, *, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw the expected profit of a campaign by the number of customers called, with the best number marked.

    Parameters
    ----------
    frame
        ``called`` (customers, those first from whom most is expected), ``profit`` (expected in all, money), as
        `cvmlab.case.ChurnCase.curve`.
    currency
        Written on the axis of money.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"called": [0, 1, 2, 3], "profit": [0.0, 50.0, 70.0, 20.0]})
    >>> print(plot_campaign(frame).get_title(loc="left"))
    Calling 2 of 3 is expected to bring most: 70; calling all brings 20
    """
    frame = check_frame(frame, "campaign", {"called": COUNT, "profit": FIGURE}, once=["called"], in_order=True)
    ax = style.canvas(ax)
    called, profit = frame["called"].to_numpy(float), frame["profit"].to_numpy(float)
    best = int(profit.argmax())
    rows = np.union1d(style.thinned(len(frame)), [best])
    ax.axhline(0, color=style.QUIET, linewidth=0.8)
    ax.plot(called[rows], profit[rows], color=style.BLUE, linewidth=2)
    mark: dict[str, Any] = {"color": style.VERMILION, "markersize": 8, "zorder": 3}
    ax.plot([called[best]], [profit[best]], "D", **mark)
    said = say("charts.campaign_best", called=count(called[best]), profit=money(profit[best]))
    # most lists lose money further on: the room is at the right, above the line
    style.note(ax, said, (called[best], profit[best]), (10, 4), va="bottom")
    low, high = float(profit.min()), float(profit.max())
    # a loss far below would press the gain flat
    ax.set_ylim(max(low, -2 * high) if high > 0 else low, high + 0.25 * max(high - max(low, -2 * high), 1e-9))
    style.count_axis(ax.xaxis, term("charts.campaign_x"))
    style.money_axis(ax.yaxis, term("charts.campaign_y"), currency)
    ends = {
        "best": count(called[best]),
        "all": count(called[-1]),
        "profit": money(profit[best]),
        "end": money(profit[-1]),
    }
    style.headline(ax, say("charts.campaign_message" if best else "charts.campaign_nobody", **ends))
    return style.lettered(ax)

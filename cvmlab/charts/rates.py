"""Charts of rates by group: which share of the customers left, with what the number of customers leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.checking import check_parameter
from cvmlab.core.formats import count, percent
from cvmlab.core.guarding import public
from cvmlab.core.words import say, term

from . import style
from .frames import SHARE, SOME, TEXT, check_frame

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_INCHES_A_ROW, _ROOM = 0.36, 1.5
_MOST_TICKS = 8


@public
def plot_leaving_rates(
    frame: pd.DataFrame,
    *,
    overall: float,
    label: str = "",
    period: str = "",
    differ: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the share of customers who left in each group, with its 95% interval and the rate of all as a line.

    Parameters
    ----------
    frame
        One row per group, drawn from the top: ``group`` (text), ``customers``, ``rate``, ``low``, ``high`` (shares of
        1).
    overall
        Rate of all customers, a share of 1.
    label
        What the groups are, written over them.
    period
        In what time they left, such as ``"per 30 days"``; nothing where the rates say it.
    differ
        Whether the rates differ by more than chance; the headline names no group if not.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"group": ["1–3", "4–6"], "customers": [400, 200], "rate": [0.5, 0.2],
    ...                       "low": [0.45, 0.15], "high": [0.55, 0.26]})
    >>> print(plot_leaving_rates(frame, overall=0.4, label="Months").get_title(loc="left"))
    Most left among 1–3 (Months): 50%, against 40% of all
    """
    check_parameter("overall", overall, 0, 1)
    columns = {"group": TEXT, "customers": SOME, "rate": SHARE, "low": SHARE, "high": SHARE}
    frame = check_frame(frame, "leaving_rates", columns, once=["group"])
    rows = np.arange(len(frame))
    ax = style.canvas(ax, height=_ROOM + _INCHES_A_ROW * len(frame))
    rate, low, high = (frame[name].to_numpy(float) for name in ("rate", "low", "high"))
    spread = [np.maximum(rate - low, 0), np.maximum(high - rate, 0)]
    ends: dict[str, Any] = {"ecolor": style.INK, "elinewidth": 1, "capsize": 3}
    ax.barh(rows, rate, 0.66, color=style.SKY, edgecolor=style.BLUE, linewidth=0.8, xerr=spread, error_kw=ends)
    right = max(float(high.max()), overall, 0.01)
    for row, (share, end, customers) in enumerate(zip(rate, high, frame["customers"], strict=True)):
        text = say("charts.rate_of", rate=percent(share), customers=count(customers))
        style.note(ax, text, (end, row), (6, 0), va="center", bbox=style.BEHIND)
    ax.axvline(overall, color=style.VERMILION, linestyle=(0, (4, 1.5)), linewidth=1.5)
    style.note(ax, say("charts.rate_of_all", rate=percent(overall)), (overall, -0.6), (4, 0), va="bottom")
    ax.set_xlim(0, right * 1.35)
    ax.set_ylim(len(frame) - 0.5, -1.2)
    ax.set_yticks(rows, frame["group"].tolist())
    ax.grid(visible=False, axis="y")
    # whole steps of percent, none above 100%
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if right * 1.35 / step <= _MOST_TICKS or step == 0.5)
    ax.set_xticks(np.arange(0, min(right * 1.35, 1) + 1e-9, step))
    style.percent_axis(ax.xaxis, say("charts.rate_x_per", period=period) if period else term("charts.rate_x"))
    if label:
        ax.set_ylabel(label)
    worst = int(rate.argmax())
    said = {
        "group": frame["group"].iloc[worst],
        "rate": _per(percent(rate[worst]), period),
        "overall": percent(overall),
    }
    key = "charts.rates_alike" if not differ else "charts.rates_message_of" if label else "charts.rates_message"
    style.headline(ax, say(key, label=label, **said))
    return style.lettered(ax)


def _per(rate: str, period: str) -> str:
    return say("charts.rate_per", rate=rate, period=period) if period else rate

"""Charts over time: the customer base, and a forecast beside what happened."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.checking import check_count
from cvmlab.core.guarding import public
from cvmlab.core.words import keys, say, term
from cvmlab.data.tables import check_present

from . import style
from .frames import COUNT, DATE, FIGURE, Holds, check_frame

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_PERHAPS = Holds(gaps=True)
_BOUND = Holds(gaps=True, optional=True)


@public
def plot_base(
    frame: pd.DataFrame,
    *,
    ahead: pd.DataFrame | None = None,
    months: int = 1,
    currency: str = "",
    axes: tuple[Axes, Axes] | None = None,
) -> NDArray[np.object_]:
    """Draw revenue and profit above, customers who bought and the new ones among them below, period by period.

    Parameters
    ----------
    frame
        One row per period: ``period`` (its first day), ``revenue`` (money), ``active_customers`` and
        ``new_customers`` (numbers of customers; the new ones are among the active: those whose first
        purchase *in the data* falls into the period, so in the first period that is everyone)
        [, ``profit``: money].
    ahead
        What today's customers are expected to bring in periods to come, if anything is: ``period``, ``expected``
        (money: profit where the frame has one, otherwise revenue). It falls as customers leave: new ones are not in it.
    months
        Length of a period in months, for the label.
    currency
        Sign of the currency; "currency units" where it is not known.
    axes
        Two Axes to draw on; a new figure if left out.

    Returns
    -------
    numpy.ndarray
        The two Axes, shape (2,).

    Examples
    --------
    >>> import pandas as pd
    >>> base = pd.DataFrame({
    ...     "period": pd.to_datetime(["2017-01-01", "2017-02-01"]), "revenue": [900.0, 1_200.0],
    ...     "active_customers": [30, 41], "new_customers": [30, 14],
    ... })
    >>> above, below = plot_base(base, currency="¥")
    >>> above.get_ylabel(), len(above.patches)
    ('monthly revenue (¥)', 2)
    """
    check_count("months", months, 1, 120)
    columns = {
        "period": DATE, "revenue": FIGURE, "active_customers": COUNT, "new_customers": COUNT,
        "profit": Holds(optional=True),
    }  # fmt: skip
    frame = check_frame(frame, "base", columns, once=["period"], in_order=True)
    above, below = _two_panels() if axes is None else axes
    x = style.days_since_epoch(frame["period"])
    width = 30.4 * months * 0.78
    middle = x + 30.4 * months / 2

    money = _draw_money(style.dressed(above), frame, middle, width)
    if ahead is not None:
        ahead = check_frame(ahead, "ahead", {"period": DATE, "expected": FIGURE}, once=["period"], in_order=True)
        later = style.days_since_epoch(ahead["period"]) + 30.4 * months / 2
        above.plot(later, ahead["expected"], color=style.VERMILION, linestyle=(0, (4, 1.5)), linewidth=2)
        money.append((later[-1], float(ahead["expected"].iloc[-1]), term("charts.base_expected"), style.VERMILION))
    style.money_axis(above.yaxis, _money_label(months, both="profit" in frame), currency)
    if "profit" in frame:
        # on one line it would be longer than the panel is high
        above.set_ylabel(re.sub(r" ?([(（])", r"\n\1", above.get_ylabel(), count=1))
    above.margins(x=0.01)
    if len(money) > 1 or ahead is not None:
        style.label_ends(above, money)

    active, new = frame["active_customers"].to_numpy(), frame["new_customers"].to_numpy()
    style.dressed(below).plot(middle, active, color=style.INK, marker="o", markersize=3.5, linewidth=1.6)
    below.bar(middle, new, width=width, color=style.ORANGE, hatch="///", edgecolor="white", linewidth=0)
    below.set_ylim(bottom=0)
    style.count_axis(below.yaxis, term("charts.base_customers"))
    everyone = (middle[-1], float(active[-1]), term("charts.base_active"), style.INK)
    newcomers = (middle[-1], float(new[-1]), term("charts.base_new"), style.ORANGE)
    style.label_ends(below, [everyone, newcomers])
    style.headline(above, term("charts.base_message"))
    periods = np.asarray(frame["period"] if ahead is None else [*frame["period"], *ahead["period"]], "datetime64[D]")
    for ax in (above, below):
        style.month_axis(ax, periods, shift=30.4 * months / 2)
        ax.grid(visible=False, axis="x")
        style.lettered(ax)
    return np.array([above, below])


def _draw_money(
    ax: Axes, frame: pd.DataFrame, middle: NDArray[np.float64], width: float
) -> list[tuple[float, float, str, str]]:
    """Draw revenue as bars and profit, if known, as a line; return the ends to be named."""
    ax.bar(middle, frame["revenue"], width=width, color=style.BLUE)
    named = [("revenue", style.BLUE)]
    if "profit" in frame:
        ax.plot(middle, frame["profit"], color=style.INK, marker="s", markersize=3, linewidth=1.6)
        named.append(("profit", style.INK))
    return [(middle[-1], float(frame[name].iloc[-1]), term(name), color) for name, color in named]


def _two_panels() -> tuple[Axes, Axes]:
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(2, 1, figsize=(style.WIDTH, 5.4), sharex=True, layout="constrained")
    above, below = axes
    return above, below


def _money_label(months: int, *, both: bool) -> str:
    """Return what the bars of so many months each show: revenue, or revenue and profit."""
    if both:
        return term("charts.money_1") if months == 1 else say("charts.money_months", months=months)
    known = f"charts.revenue_{months}"
    return term(known) if known in keys() else say("charts.revenue_months", months=months)


@public
def plot_forecast(frame: pd.DataFrame, *, value: str = "revenue", unit: str = "", ax: Axes | None = None) -> Axes:
    """Draw what was expected, with its interval, beside what happened.

    Parameters
    ----------
    frame
        One row per period: ``period`` (its first day), ``actual`` and ``expected`` (NaN where there is
        none) [, ``low``, ``high``: bounds of the interval].
    value
        Vocabulary key of what is forecast: the label of the y axis.
    unit
        Its unit, for example ``"¥"``; "currency units" if left out.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({
    ...     "period": pd.date_range("2017-01-01", periods=3, freq="MS"),
    ...     "actual": [900.0, 950.0, None], "expected": [None, 930.0, 980.0],
    ... })
    >>> sorted(text.get_text() for text in plot_forecast(frame).texts)
    ['actual', 'expected']
    """
    columns = {"period": DATE, "actual": _PERHAPS, "expected": _PERHAPS, "low": _BOUND, "high": _BOUND}
    frame = check_frame(frame, "forecast", columns, once=["period"], in_order=True)
    if frame[["actual", "expected"]].isna().all(axis=None):
        # one of the two may be empty, so that the sentence is about the first
        check_present(frame["actual"].isna().to_numpy(), "actual", "forecast")
    ax = style.canvas(ax)
    x = style.days_since_epoch(frame["period"])
    ends = []
    if {"low", "high"} <= set(frame):
        low, high = frame["low"].to_numpy(float), frame["high"].to_numpy(float)
        ax.fill_between(x, low, high, color=style.SKY, alpha=0.3, linewidth=0)
        if np.isfinite(high[-1]):
            ends.append((x[-1], float(high[-1]), term("charts.forecast_band"), style.SKY))
    series = (("actual", style.INK, "-", "o"), ("expected", style.BLUE, (0, (4, 1.5)), ""))
    for column, color, line, marker in series:
        y = frame[column].to_numpy(float)
        ax.plot(x, y, color=color, linestyle=line, marker=marker, markersize=3.5, linewidth=1.8)
        if np.isfinite(y).any():
            last = np.flatnonzero(np.isfinite(y))[-1]
            ends.append((x[last], float(y[last]), term(f"charts.forecast_{column}"), color))
    style.money_axis(ax.yaxis, term(value), unit)
    ax.margins(x=0.01)
    style.month_axis(ax, np.asarray(frame["period"], dtype="datetime64[D]"))
    style.headline(ax, say("charts.forecast_message", value=term(value)))
    style.label_ends(ax, [end for end in ends if end[0] == x[-1]])
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "boxstyle": "round,pad=0.15"}
    for last, height, name, _ in ends:
        if last != x[-1]:
            # a leader line to the margin would look like more data
            style.note(ax, name, (last, height), (6, 0), va="center", bbox=box)
    return style.lettered(ax)

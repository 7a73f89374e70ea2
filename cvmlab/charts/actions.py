"""The charts for Monday morning: who has gone silent, what they brought, and whom to call first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import numpy as np

from cvmlab.core import formats
from cvmlab.core.checking import check_count, check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import say, term

from . import style
from .frames import COUNT, FIGURE, TEXT, Holds, check_frame
from .matrix import POINTS, heavy_tailed, say_thinned

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: A longer name would push the picture aside; a Chinese character counts as two letters.
NAME_WIDTH = 26
# who bought once has no usual gap
_GAP = Holds(minimum=0, gaps=True)
_NAMED = 6
_TO_CALL, _HELD_OUT = "win_back", "held_out"


@public
def plot_calls(frame: pd.DataFrame, *, limit: int = 12, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw, for each customer to call, the usual gap between orders and the silence now.

    Parameters
    ----------
    frame
        One row per customer, the most urgent first: ``customer`` (label; if missing ``customer_name``, then
        ``customer_id``), ``usual_gap_days`` and ``silent_days`` (days), ``value_at_stake`` (money).
    limit
        The most customers drawn.
    currency
        Sign of the currency, written before the value at stake.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> calls = pd.DataFrame({
    ...     "customer_id": ["007"], "usual_gap_days": [21.0], "silent_days": [74],
    ...     "value_at_stake": [82_000.0],
    ... })
    >>> plot_calls(calls, currency="¥").texts[-1].get_text()
    '¥82,000 at stake'
    """
    name_column = next((name for name in ("customer", "customer_name") if name in frame), "customer_id")
    columns = {name_column: TEXT, "usual_gap_days": _GAP, "silent_days": COUNT, "value_at_stake": FIGURE}
    check_count("limit", limit)
    frame = check_frame(frame, "calls", columns, may_be_empty=True).head(limit)
    ax = style.canvas(ax, height=1.5 + 0.34 * max(len(frame), 2))
    ax.set_xlabel(term("charts.calls_x"))
    if not len(frame):
        ax.set_yticks([])
        ax.text(0.5, 0.5, term("charts.nobody_to_call"), transform=ax.transAxes, ha="center", color=style.QUIET)
        return style.lettered(ax)

    usual, silent = frame["usual_gap_days"].to_numpy(float), frame["silent_days"].to_numpy(float)
    rows = np.arange(len(frame))
    ax.hlines(rows, usual, silent, color=style.VERMILION, linewidth=3, alpha=0.55)
    circles: dict[str, Any] = {"color": "white", "markeredgecolor": style.INK, "markersize": 7}
    diamonds: dict[str, Any] = {"color": style.VERMILION, "markeredgecolor": "white", "markersize": 8}
    ax.plot(usual, rows, "o", label=term("charts.calls_usual"), **circles)
    ax.plot(silent, rows, "D", label=term("charts.calls_silent"), **diamonds)
    ax.set_yticks(rows, [_short(str(name)) for name in frame[name_column]])
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.set_xlim(0, float(np.nanmax(np.concatenate([usual, silent]))) * 1.06)
    ax.grid(visible=False, axis="y")
    margin: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "va": "center", "annotation_clip": False}
    for row, amount in zip(rows, frame["value_at_stake"].to_numpy(float), strict=True):
        stake = say("charts.calls_value", money=formats.in_currency(formats.whole_money(amount), currency))
        style.note(ax, stake, (1.01, float(row)), **margin)
    style.legend(ax, loc="lower left", bbox_to_anchor=(-0.02, 0.98), ncols=2, handletextpad=0.3)
    style.headline(ax, term("charts.calls_message"), pad=26)
    return style.lettered(ax)


@public
def plot_silence(frame: pd.DataFrame, *, worth_from: float = 0, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw what each customer brings against how long the silence is by the customer's own rhythm; mark whom to call.

    Parameters
    ----------
    frame
        One row per customer: label (``customer``; if missing ``customer_name``, then ``customer_id``),
        ``silent_gaps`` (silence in the customer's own usual gaps between purchases; empty for a single purchase,
        which is not drawn: it has no rhythm), ``yearly_contribution`` (money of a year; of the silent ones that of
        the year before the silence), ``action`` (``"win_back"``: to call;
        ``"held_out"``: silent as well, but left alone for comparison, and drawn hollow).
    worth_from
        Yearly cost of keeping a customer, money: who brings less is not worth a call.
    currency
        Sign of the currency.
    ax
        Axes to draw on; a new figure if left out.

    Notes
    -----
    The silence counts in usual gaps: at 1 the next purchase is due. Above 20,000 customers every n-th of those not
    to be called is drawn. The six to call who bring most are named.

    Examples
    --------
    >>> import pandas as pd
    >>> customers = pd.DataFrame({
    ...     "customer_id": ["007", "008"], "silent_gaps": [5.0, 0.4], "yearly_contribution": [82_000.0, 900.0],
    ...     "action": ["win_back", "maintain"],
    ... })
    >>> plot_silence(customers).get_title(loc="left")
    '1 customer worth keeping fell silent: 82,000 in the year before'
    """
    name_column = next((name for name in ("customer", "customer_name") if name in frame), "customer_id")
    check_parameter("worth_from", worth_from, 0)
    columns = {
        name_column: Holds("text", gaps=True), "silent_gaps": _GAP, "yearly_contribution": FIGURE, "action": TEXT,
    }  # fmt: skip
    frame = check_frame(frame, "silence", columns)
    silent = frame[frame["action"].isin([_TO_CALL, _HELD_OUT])]
    total = formats.whole_money(float(silent["yearly_contribution"].sum()))
    frame = frame[frame["silent_gaps"] >= 0].sort_values("yearly_contribution", ascending=False, ignore_index=True)
    to_call, held = frame[frame["action"] == _TO_CALL], frame[frame["action"] == _HELD_OUT]

    ax = style.canvas(ax, height=4.6)
    others = frame.drop(index=[*to_call.index, *held.index])
    step = -(-max(len(others), 1) // POINTS)
    size = float(np.clip(20_000 / max(len(others) // step, 1), 7, 40))
    looks: dict[str, tuple[pd.DataFrame, dict[str, Any]]] = {
        "others": (others.iloc[::step], {"color": style.SKY, "marker": "o", "edgecolors": "white", "alpha": 0.6}),
        "held": (held, {"facecolors": "white", "marker": "D", "edgecolors": style.VERMILION}),
        "to_call": (to_call, {"color": style.VERMILION, "marker": "D", "edgecolors": "white"}),
    }
    for name, (drawn, look) in looks.items():
        label = term(f"charts.silence_{name}") if len(drawn) else None
        area = size if name == "others" else max(size, 22)
        ax.scatter(drawn["silent_gaps"], drawn["yearly_contribution"], linewidths=0.7, s=area, label=label, **look)
    heavy_tailed(ax, "y", frame["yearly_contribution"].to_numpy(float) if len(frame) else np.ones(1), worth_from)
    ax.axhline(worth_from, color=style.INK, linestyle="--", linewidth=1)
    _gap_axis(ax, float(frame["silent_gaps"].max()) if len(frame) else 1.0)
    ax.set_ylabel(formats.in_money(term("charts.silence_y"), currency))
    first = to_call.head(_NAMED)
    names = [_short(name) for name in first[name_column].fillna("")]
    ends = [
        (x, y, name, style.VERMILION)
        for x, y, name in zip(first["silent_gaps"], first["yearly_contribution"], names, strict=True)
    ]
    worth = say("charts.silence_worth", value=formats.money(worth_from))
    style.label_ends(ax, [*ends, (ax.get_xlim()[1], worth_from, worth, style.INK)])
    say_thinned(ax, step, -24)
    if len(frame):
        style.legend(ax, loc="lower left", bbox_to_anchor=(-0.02, 0.98), ncols=3, handletextpad=0.3, reverse=True)
    said = "charts.silence_message" if len(silent) else "charts.silence_nobody"
    style.headline(ax, say(said, customers=formats.count(len(silent)), money=total), pad=26)
    return style.lettered(ax)


def _gap_axis(ax: Axes, most: float) -> None:
    """Count silence in usual gaps: straight up to one, by factors beyond."""
    from matplotlib.ticker import FixedLocator, NullLocator

    ax.set_xscale("symlog", linthresh=1, linscale=0.8)
    ax.set_xlim(-0.05, max(most, 10) * 1.3)
    ax.xaxis.set_major_locator(
        FixedLocator([tick for tick in (0, 1, 3, 10, 30, 100, 300, 1000) if tick <= max(most, 10)])
    )
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(lambda gap, _: f"{gap:,.0f}")
    ax.set_xlabel(term("charts.silence_x"))


def _short(name: str) -> str:
    """Return a name cut to `NAME_WIDTH`."""
    width = np.cumsum([2 if east_asian_width(sign) in "WF" else 1 for sign in name])
    if not len(width) or width[-1] <= NAME_WIDTH:
        return name
    return name[: int(np.searchsorted(width, NAME_WIDTH - 1))] + "…"

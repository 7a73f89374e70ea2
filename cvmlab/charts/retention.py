"""Charts of how long customers stay: retention with its interval, the hazard by period, a projection (S20)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.formats import percent
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, say, term

from . import style
from .frames import TEXT, Holds, check_frame

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: Groups whose curves can be told apart.
MARKS = (*style.SERIES, style.Mark(style.INK, "v", (0, (6, 1, 1, 1, 1, 1))))
PERIOD, OPEN_SHARE = Holds(minimum=1), Holds(minimum=0, maximum=1, gaps=True)
#: How the projections are drawn, the model first.
PROJECTIONS = {"sbg": style.SERIES[0], "constant_rate": style.SERIES[1], "last_rate": style.SERIES[2]}
# with more points than this a marker at each hides the line
_MARKED = 40


@public
def plot_retention(table: pd.DataFrame, *, by: str | None = None, unit: str = "", ax: Axes | None = None) -> Axes:
    """Draw the share of customers still there by period, with its 95% interval, a curve per group.

    Parameters
    ----------
    table
        `cvmlab.retention.life_table`: ``period`` (1 first), ``retention``, ``retention_low``, ``retention_high``
        (shares of 1; empty where nobody was seen), and the column of groups.
    by
        Column of groups, at most five of them; all rows are one curve if left out.
    unit
        What a period is called, for example "months"; "periods" if left out.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"period": [1, 2], "retention": [0.9, 0.8], "retention_low": [0.8, 0.7],
    ...                       "retention_high": [0.95, 0.88]})
    >>> plot_retention(table, unit="months").get_title(loc="left").replace(chr(10), " ")
    'After 2 months 80% of customers are still there (95% interval 70% to 88%)'
    """
    columns = {"period": PERIOD, **dict.fromkeys(("retention", "retention_low", "retention_high"), OPEN_SHARE)}
    if by in columns:
        raise CvmError("retention.name_taken", column=by)
    named = {} if by is None else {by: TEXT}
    frame = check_frame(table, "life_table", named | columns, once=[*named, "period"], in_order=True)
    groups = [("", frame)] if by is None else [(str(name), rows) for name, rows in frame.groupby(by, sort=False)]
    if len(groups) > len(MARKS):
        raise CvmError("retention.chart_groups", groups=len(groups), most=len(MARKS), column=by)
    ax = style.canvas(ax)
    ends = []
    for (name, rows), mark in zip(groups, MARKS, strict=False):
        period = rows["period"].to_numpy(float)
        curves = [rows[column].to_numpy(float) for column in list(columns)[1:]]
        if period[0] == 1:
            # before the first period everybody is there
            period, curves = np.append(0.0, period), [np.append(1.0, curve) for curve in curves]
        retention, low, high = curves
        ax.fill_between(period, low, high, color=mark.color, alpha=0.16, linewidth=0)
        marked = mark.marker if len(period) <= _MARKED else ""
        ax.plot(period, retention, color=mark.color, linestyle=mark.line, marker=marked, markersize=4, linewidth=2)
        seen = np.flatnonzero(np.isfinite(retention))
        if len(seen) and name:
            ends.append((period[seen[-1]], retention[seen[-1]], name, mark.color))
    ax.set_ylim(0, 1.02)
    ax.set_xlim(left=0)
    style.count_axis(ax.xaxis, _tenure(unit))
    style.percent_axis(ax.yaxis, term("retention.chart_y"))
    style.label_ends(ax, ends)
    style.headline(ax, _retention_message(groups, unit))
    return style.lettered(ax)


def _tenure(unit: str) -> str:
    return say("retention.chart_x", unit=unit or term("units.periods"))


def _retention_message(groups: list[tuple[str, pd.DataFrame]], unit: str) -> str:
    """Return how many are left at the last period that all groups were seen in."""
    known = [rows.dropna(subset=["retention"]).set_index("period") for _, rows in groups]
    shared = sorted(set.intersection(*(set(rows.index) for rows in known)))
    if not shared:
        return term("retention.chart_plain")
    at = [rows.loc[shared[-1]] for rows in known]
    said: dict[str, Any] = {"count": int(shared[-1]), "unit": unit or term("units.periods")}
    if len(groups) == 1:
        low, high = at[0]["retention_low"], at[0]["retention_high"]
        return say(
            "retention.chart_one", share=percent(at[0]["retention"]), low=percent(low), high=percent(high), **said
        )
    shares = [float(row["retention"]) for row in at]
    most, least = int(np.argmax(shares)), int(np.argmin(shares))
    if percent(shares[most]) == percent(shares[least]):
        return term("retention.chart_plain")
    if len(groups) == 3:
        named = {f"name_{place}": name for place, (name, _) in enumerate(groups)}
        left = {f"share_{place}": percent(share) for place, share in enumerate(shares)}
        return say("retention.chart_three_message", **named, **left, **said)
    ends = {"best": groups[most][0], "most": percent(shares[most])}
    ends |= {"worst": groups[least][0], "least": percent(shares[least])}
    return say("retention.chart_groups_message", **ends, **said)


@public
def plot_hazard(table: pd.DataFrame, *, unit: str = "", ax: Axes | None = None) -> Axes:
    """Draw the share of those at risk who left in each period, with its 95% interval.

    Parameters
    ----------
    table
        `cvmlab.retention.life_table` of one group: ``period`` (1 first), ``hazard``, ``hazard_low``, ``hazard_high``
        (shares of 1; empty where nobody was seen).
    unit
        What a period is called, for example "months"; "periods" if left out.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"period": [1, 2], "hazard": [0.2, 0.1], "hazard_low": [0.15, 0.06],
    ...                       "hazard_high": [0.26, 0.16]})
    >>> plot_hazard(table).get_title(loc="left")
    'Of those at risk 20% leave in period 1, 10% in period 2'
    """
    columns = {"period": PERIOD, **dict.fromkeys(("hazard", "hazard_low", "hazard_high"), OPEN_SHARE)}
    frame = check_frame(table, "life_table", columns, once=["period"], in_order=True).dropna()
    ax = style.canvas(ax)
    period, hazard, low, high = (frame[name].to_numpy(float) for name in columns)
    spread = np.maximum([hazard - low, high - hazard], 0)
    size = 5 if len(period) <= _MARKED else 3
    ax.errorbar(
        period, hazard, yerr=spread, fmt="o", color=style.BLUE, ecolor=style.QUIET, elinewidth=1, markersize=size
    )
    ax.set_ylim(bottom=0)
    style.count_axis(ax.xaxis, _tenure(unit))
    style.percent_axis(ax.yaxis, term("retention.chart_hazard_y"))
    if len(period) > 1:
        said = {"first": int(period[0]), "last": int(period[-1])}
        rates = {"at_first": percent(hazard[0]), "at_last": percent(hazard[-1])}
        style.headline(ax, say("retention.chart_hazard_message", **said, **rates))
    else:
        style.headline(ax, term("retention.chart_hazard_plain"))
    return style.lettered(ax)


@public
def plot_projection(projection: pd.DataFrame, *, unit: str = "", ax: Axes | None = None) -> Axes:
    """Draw retention as observed and as projected by an sBG model and two simpler rules, the held-out periods marked.

    Parameters
    ----------
    projection
        `cvmlab.retention.project_retention`: ``period``, ``retention`` (observed), ``sbg``, ``constant_rate``,
        ``last_rate`` (projected, from the last fitted period on); shares of 1, empty where there is none.
    unit
        What a period is called, for example "years"; "periods" if left out.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> nothing = float("nan")
    >>> projection = pd.DataFrame({"period": [1, 2, 3], "retention": [0.63, 0.47, 0.38], "sbg": [nothing, 0.47, 0.37],
    ...                            "constant_rate": [nothing, 0.47, 0.31], "last_rate": [nothing, 0.47, 0.35]})
    >>> plot_projection(projection).get_title(loc="left").replace(chr(10), " ")
    'Mean error over the periods held out: sBG model 1.0 points, constant rate 7.0, rate of the last period 3.0'
    """
    columns = {"period": PERIOD, **dict.fromkeys(("retention", *PROJECTIONS), OPEN_SHARE)}
    frame = check_frame(projection, "projection", columns, once=["period"], in_order=True)
    ax = style.canvas(ax)
    period, retention = frame["period"].to_numpy(float), frame["retention"].to_numpy(float)
    projected = {name: frame[name].to_numpy(float) for name in PROJECTIONS}
    ahead = np.flatnonzero(np.all([np.isfinite(curve) for curve in projected.values()], axis=0))
    known = np.isfinite(retention)
    start = int(ahead[0]) if len(ahead) else len(frame) - 1
    held_out = known & (np.arange(len(frame)) > start)
    if held_out.any():
        ax.axvspan(period[start], period[held_out].max(), color=style.INK, alpha=0.07, linewidth=0)
    ends = []
    for name, mark in PROJECTIONS.items():
        curve = projected[name]
        ax.plot(period, curve, color=mark.color, linestyle=mark.line, linewidth=2)
        if len(ahead):
            ends.append((period[ahead[-1]], curve[ahead[-1]], term(f"codes.{name}"), mark.color))
    fitted = known & ~held_out
    dots: dict[str, Any] = {"color": style.INK, "linestyle": "", "marker": "o", "markersize": 5, "zorder": 3}
    ax.plot(period[fitted], retention[fitted], label=term("retention.chart_fitted"), **dots)
    if held_out.any():
        open_dots = dots | {"markerfacecolor": "white"}
        ax.plot(period[held_out], retention[held_out], label=term("retention.chart_held_out"), **open_dots)
    ax.set_ylim(0, 1.02)
    ax.set_xlim(left=0)
    style.count_axis(ax.xaxis, _tenure(unit))
    style.percent_axis(ax.yaxis, term("retention.chart_y"))
    style.label_ends(ax, ends)
    style.legend(ax)
    style.headline(ax, _projection_message(frame, held_out, ahead, unit))
    return style.lettered(ax)


def _projection_message(frame: pd.DataFrame, held_out: Any, ahead: Any, unit: str) -> str:
    """Return how far off each projection was where that is known, else where the model ends."""
    graded = frame[held_out].dropna()
    if len(graded):
        off = {name: 100 * float((graded[name] - graded["retention"]).abs().mean()) for name in PROJECTIONS}
        return say("retention.chart_projection_message", **{name: f"{points:.1f}" for name, points in off.items()})
    if not len(ahead):
        return term("retention.chart_plain")
    last = frame.iloc[int(ahead[-1])]
    said = {"count": int(last["period"]), "unit": unit or term("units.periods")}
    return say("retention.chart_projection_open", share=percent(float(last["sbg"])), **said)

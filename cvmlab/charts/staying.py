"""Charts of who is still a customer: contracts that are left, silence as a rule and a model read it (S09, Beyond)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.formats import percent
from cvmlab.core.guarding import public
from cvmlab.core.words import say, term

from . import style
from .frames import COUNT, SHARE, SOME, Holds, check_frame

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

KINDS = {"settled": (style.BLUE, ""), "unsettled": (style.ORANGE, "///")}
#: How customers are drawn whose truth is known: colour, marker.
STATES = {"user": (style.BLUE, "o"), "dormant": (style.ORANGE, "^"), "lost": (style.VERMILION, "x")}
#: The lines of the rule and of the model, and the silence up to which it is drawn, in usual gaps.
GAPS, HALF, MOST = 3, 0.5, 12


@public
def plot_two_kinds(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how many of two kinds of customers are left year by year, beside published figures and a constant rate.

    Parameters
    ----------
    frame
        One row per year, from year 0: ``year``, ``settled`` and ``unsettled`` (customers left of each kind), and
        ``published`` (customers left in all, as published).

    ax
        Axes to draw on; a new figure if left out.

    Notes
    -----
    Above each year stands the share of those there a year before who have stayed, of the two kinds together. The
    dashed line is what would be left had every year been as the first of the published ones.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"year": [0, 1, 2], "settled": [50, 45, 40.5], "unsettled": [50, 17.5, 6.1],
    ...                       "published": [100, 63.1, 46.8]})
    >>> print(plot_two_kinds(frame).get_title(loc="left"))
    Two kinds that never change: retention rises from 63% to 75% (published:
    63% to 74%)
    """
    columns = {"year": COUNT, "settled": COUNT, "unsettled": COUNT, "published": SOME}
    frame = check_frame(frame, "two_kinds", columns, once=["year"], in_order=True)
    ax = style.canvas(ax)
    year, left = frame["year"].to_numpy(float), frame["published"].to_numpy(float)
    bottom = np.zeros(len(frame))
    for kind, (color, hatch) in KINDS.items():
        looks: dict[str, Any] = {"color": color, "hatch": hatch, "edgecolor": style.INK, "linewidth": 0.6}
        height = frame[kind].to_numpy(float)
        ax.bar(year, height, 0.6, bottom=bottom, label=term(f"contractual.kind_{kind}"), **looks)
        bottom += height
    ax.plot(year, left, "D", color=style.INK, markersize=5, label=term("contractual.published"))
    stayed, published = _stayed(bottom), _stayed(left)
    if len(published) and np.isfinite(published[0]):
        constant = left[0] * published[0] ** (year - year[0])
        dashes: dict[str, Any] = {"color": style.VERMILION, "linestyle": (0, (4, 1.5)), "linewidth": 2}
        ax.plot(year, constant, label=term("contractual.constant"), **dashes)
    for place, share, height in zip(year[1:], stayed, np.fmax(left, bottom)[1:], strict=True):
        if np.isfinite(share):
            style.note(ax, percent(share), (place, height), (2, 6))
    ax.set_xticks(year)
    ax.set_xlabel(term("contractual.years_x"))
    style.count_axis(ax.yaxis, term("contractual.left_y"))
    ax.grid(visible=False, axis="x")
    style.legend(ax)
    if len(stayed) and np.isfinite([*stayed, *published]).all():
        ends = {"first": stayed[0], "last": stayed[-1]}
        ends |= {"first_published": published[0], "last_published": published[-1]}
        style.headline(ax, say("contractual.kinds_message", **{name: percent(share) for name, share in ends.items()}))
    return style.lettered(ax)


def _stayed(left: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of those there a year before who are left, in whole percent, halves up as they are read."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.floor(100 * left[1:] / left[:-1] + 0.5) / 100


@public
def plot_still_there(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw each customer by silence and P(alive), marked by what is really true of them.

    Parameters
    ----------
    frame
        One row per customer: ``silent_days``, ``usual_gap_days`` (days), ``p_alive`` (share of 1) and ``state``
        (``user``, ``dormant`` or ``lost``).
    ax
        Axes to draw on; a new figure if left out.

    Notes
    -----
    To the right of the vertical line are the customers whom the rule of three usual gaps gives up, below the level
    one those whom the model does. Silences of more than twelve usual gaps are drawn at twelve.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"silent_days": [60, 60], "usual_gap_days": [10, 90], "p_alive": [0.04, 0.89],
    ...                       "state": ["lost", "user"]})
    >>> plot_still_there(frame).get_title(loc="left")
    'Rule and model agree on all 2 customers'
    """
    columns = {
        "silent_days": COUNT, "usual_gap_days": Holds(minimum=1e-9), "p_alive": SHARE,
        "state": Holds("text", texts=tuple(STATES)),
    }  # fmt: skip
    frame = check_frame(frame, "still_there", columns)
    ax = style.canvas(ax)
    gaps, chance = (frame["silent_days"] / frame["usual_gap_days"]).to_numpy(), frame["p_alive"].to_numpy()
    for state, (color, marker) in STATES.items():
        mine = (frame["state"] == state).to_numpy()
        looks: dict[str, Any] = {"facecolor": "none", "edgecolor": color} if marker == "o" else {"color": color}
        label = say("contractual.truly", state=term(f"contractual.true_{state}"), customers=mine.sum())
        ax.scatter(np.minimum(gaps[mine], MOST), chance[mine], s=26, marker=marker, label=label, **looks)
    ax.plot([GAPS, GAPS], [-0.02, 1], color=style.INK, linewidth=1)
    ax.axhline(HALF, color=style.INK, linewidth=1, linestyle=(0, (4, 1.5)))
    ax.set_xlim(0, MOST + 0.3)
    # above 100% there is room for the legend
    ax.set_ylim(-0.02, 1.15)
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.set_xticks(range(0, MOST + 1, GAPS), [*map(str, range(0, MOST, GAPS)), f"≥ {MOST}"])
    ax.set_xlabel(term("contractual.gaps_x"))
    style.percent_axis(ax.yaxis, term("p_alive"))
    style.note(ax, term("contractual.rule_line"), (GAPS, 0.02), (5, 0), va="bottom")
    style.note(ax, term("contractual.model_line"), (MOST, HALF), (0, 4), ha="right")
    style.legend(ax, loc="upper center", ncols=len(STATES), columnspacing=1.2, handletextpad=0.2)
    apart = (gaps > GAPS) != (chance < HALF)
    said = {"apart": apart.sum(), "customers": len(frame), "users": (apart & (frame["state"] == "user")).sum()}
    key = "contractual.apart_message" if apart.any() else "contractual.agree_message"
    style.headline(ax, say(key, **said))
    return style.lettered(ax)

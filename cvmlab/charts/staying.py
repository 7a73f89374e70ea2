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
#: How customers of each usual gap are drawn, from the quickest to the slowest.
PACES = (style.VERMILION, style.BLUE, style.GREEN, style.SKY)
#: The silences that are compared, and the longest that is drawn (days).
BAND, LONGEST = (90, 180), 365
STATES = ("user", "dormant", "lost")


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
    Below each year stands the share of those there a year before who have stayed, of the two kinds together. The
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
    # below the year, where nobody reads the share as a height
    shares = ["", *(percent(share) if np.isfinite(share) else "–" for share in stayed)]
    ax.set_xticks(year, [f"{place:g}\n{share}" for place, share in zip(year, shares, strict=True)])
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
def plot_same_silence(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw each customer by silence and P(alive), a line per usual gap, marked by whether they are still customers.

    Parameters
    ----------
    frame
        One row per customer: ``silent_days``, ``gap`` (usual gap in days), ``p_alive`` (share of 1) and ``state``
        (``user``, ``dormant`` or ``lost``).
    ax
        Axes to draw on; a new figure if left out.

    Notes
    -----
    The headline counts the customers silent for 90 to 180 days, those with the shortest and with the longest gap.
    Silences of more than a year are left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"silent_days": [120, 120], "gap": [30, 90], "p_alive": [0.22, 0.81],
    ...                       "state": ["lost", "user"]})
    >>> print(plot_same_silence(frame).get_title(loc="left"))
    Silent for 90 to 180 days: users are 1 of 1 shops that order every 90 days, and
    0 of 1 that order every 30
    """
    columns = {
        "silent_days": COUNT, "gap": Holds(minimum=1e-9), "p_alive": SHARE, "state": Holds("text", texts=STATES),
    }  # fmt: skip
    frame = check_frame(frame, "same_silence", columns)
    ax = style.canvas(ax)
    frame = frame[frame["silent_days"] <= LONGEST].sort_values("silent_days")
    ax.axvspan(*BAND, color=style.INK, alpha=0.08, linewidth=0)
    between, counted = frame["silent_days"].between(*BAND), {}
    for place, gap in enumerate(sorted(frame["gap"].unique())):
        color, mine = PACES[place % len(PACES)], frame["gap"] == gap
        silent, chance = frame.loc[mine, "silent_days"].to_numpy(float), frame.loc[mine, "p_alive"].to_numpy(float)
        user = (frame.loc[mine, "state"] == "user").to_numpy()
        ax.plot(silent, chance, color=color, linewidth=1.2, label=say("contractual.every", gap=gap))
        looks: dict[str, Any] = {"s": 30, "zorder": 3, "color": color}
        ax.scatter(silent[user], chance[user], marker="o", **looks)
        ax.scatter(silent[~user], chance[~user], marker="x", **looks)
        counted[gap] = (user[between[mine].to_numpy()].sum(), (mine & between).sum())
    for marker, key in (("o", "true_user"), ("x", "true_stopped")):
        ax.scatter([], [], color=style.INK, marker=marker, label=term(f"contractual.{key}"))
    ax.set_xlim(0, LONGEST)
    # above 100% there is room for the legend
    ax.set_ylim(-0.02, 1.3)
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.set_xlabel(term("contractual.silent_x"))
    style.percent_axis(ax.yaxis, term("p_alive"))
    style.legend(ax, loc="upper center", ncols=2)
    if len(counted) > 1:
        (quick, (few, of_quick)), *_, (slow, (many, of_slow)) = counted.items()
        said = {"quick": quick, "few": few, "of_quick": of_quick, "slow": slow, "many": many, "of_slow": of_slow}
        style.headline(ax, say("contractual.same_message", first=BAND[0], last=BAND[1], **said))
    return style.lettered(ax)

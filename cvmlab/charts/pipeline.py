"""Charts of the pipeline: how far customers came, and where they went (S06)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import say, term
from cvmlab.relationship.pipeline import STATES, STEPS
from cvmlab.relationship.pipeline.events import DORMANT, LOST

from . import style
from .frames import COUNT, SHARE, SOME, Holds, check_frame

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: Part of a bar: colour, hatch.
PARTS = {
    "went_on": (style.BLUE, ""),
    "kept": (style.GREEN, "...."),
    "open": ("#F4F4F4", "////"),
    "lost": (style.PALE, ""),
}
#: How orders come in: colour, hatch; the chance below which a number is not drawn; how many can all be named.
WAYS = {"as_is": (style.BLUE, ""), "halved": (style.ORANGE, "///")}
RARE, FEW = 0.005, 12
_STATE_OR_NONE = Holds("text", texts=("", *STATES))


@public
def plot_funnel(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how many customers ever reached each step, and what became of those that came no further.

    Parameters
    ----------
    frame
        `cvmlab.pipeline.funnel`: ``state``, ``reached`` (customers),
        ``went_on``, ``open``, ``lost`` (customers).
    ax
        Axes to draw on; a new figure if left out.

    Notes
    -----
    Undecided is hatched: neither a success nor a failure yet. No chance of success is written on a bar: the share of
    the step before would count the undecided as failures. Users not lost, the dormant among them,
    are customers kept.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({
    ...     "state": ["target", "prospect"], "reached": [40, 10],
    ...     "went_on": [10, 0], "open": [25, 8], "lost": [5, 2]})
    >>> plot_funnel(frame).get_title(loc="left")
    'Of 40 customers, 10 reached “prospect”; 25 are undecided before it'
    """
    columns = {"state": Holds("text", texts=STATES), "reached": SOME}
    columns |= dict.fromkeys(["went_on", "open", "lost"], COUNT)
    frame = check_frame(frame, "funnel", columns, once=["state"])
    ax = style.canvas(ax)
    places = np.arange(len(frame))[::-1]
    left = np.zeros(len(frame))
    at_goal = frame["state"].to_numpy() == "user"
    parts = frame.assign(kept=np.where(at_goal, frame["open"], 0), open=np.where(at_goal, 0, frame["open"]))
    for part, (color, hatch) in PARTS.items():
        width = parts[part].to_numpy(float)
        if not width.any():
            continue
        looks: dict[str, Any] = {"color": color, "hatch": hatch, "edgecolor": style.INK, "linewidth": 0.6}
        ax.barh(places, width, left=left, height=0.62, label=term(f"pipeline.part_{part}"), **looks)
        left += width
    reached = frame["reached"].to_numpy(float)
    most = float(reached.max())
    for place, count, waiting in zip(places, reached, parts["open"], strict=True):
        text = f"{count:,.0f}"
        if waiting:
            text = say("pipeline.funnel_bar", reached=text, open=f"{waiting:,.0f}")
        style.write(ax, count + 0.012 * most, place, text, va="center")
    ax.set_yticks(places, [term(state) for state in frame["state"]])
    ax.set_xlim(0, 1.5 * most if most else 1)
    style.count_axis(ax.xaxis, term("pipeline.funnel_x"))
    # the room on the right is for the words: no tick beyond the customers there are
    ax.set_xticks([tick for tick in ax.get_xticks() if 0 <= tick <= most] if most else [0])
    ax.grid(visible=False, axis="y")
    style.legend(ax, loc="lower right")
    style.headline(ax, _funnel_message(frame))
    return style.lettered(ax)


def _funnel_message(frame: pd.DataFrame) -> str:
    states = frame["state"].tolist()
    goal = "order" if "order" in states else states[-1]
    place = states.index(goal)
    counts = {
        "customers": frame["reached"].iloc[0],
        "came": frame["reached"].iloc[place],
        "open": frame["open"].iloc[:place].sum(),
        "waiting": frame["open"].iloc[place],
    }
    key = "pipeline.funnel_ordered" if goal == "order" else "pipeline.funnel_message"
    return say(key, goal=term(goal), **{name: f"{count:,.0f}" for name, count in counts.items()})


@public
def plot_orders_by_now(frame: pd.DataFrame, *, seen: float, ax: Axes | None = None) -> Axes:
    """Draw how likely each number of orders is, with and without a leak, and mark the number that was seen.

    Parameters
    ----------
    frame
        `cvmlab.pipeline.orders_by_now`: ``orders``, ``as_is``, ``halved`` (share of 1).
    seen
        Orders there are, at least 0.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"orders": [0, 1, 2], "as_is": [0.09, 0.42, 0.49], "halved": [0.3, 0.5, 0.2]})
    >>> plot_orders_by_now(frame, seen=2).get_title(loc="left")
    '2 or more orders: 49 times in 100 as things are, 20 times with a leak'
    """
    frame = check_frame(
        frame, "orders_by_now", {"orders": COUNT, "as_is": SHARE, "halved": SHARE}, once=["orders"], in_order=True
    )
    check_parameter("seen", seen, 0)
    reached = frame["orders"] >= seen
    chances = {way: frame.loc[reached, way].sum() for way in WAYS}
    # what hardly ever happens is left out
    frame = frame[(frame[list(WAYS)] >= RARE).any(axis=1) | (frame["orders"] <= seen)]
    ax = style.canvas(ax)
    for shift, (way, (color, hatch)) in zip((-0.2, 0.2), WAYS.items(), strict=True):
        looks: dict[str, Any] = {"color": color, "hatch": hatch, "edgecolor": style.INK, "linewidth": 0.6}
        ax.bar(frame["orders"] + shift, frame[way], 0.4, label=term(f"pipeline.orders_{way}"), **looks)
    ax.axvspan(seen - 0.48, seen + 0.48, color=style.GRID, zorder=0, label=term("pipeline.orders_seen"))
    style.count_axis(ax.xaxis, term("pipeline.orders_x"))
    if len(frame) <= FEW:
        ax.set_xticks(frame["orders"])
    style.percent_axis(ax.yaxis, term("pipeline.orders_y"))
    ax.grid(visible=False, axis="x")
    style.legend(ax)
    times = {way: f"{100 * chance:.0f}" for way, chance in chances.items()}
    style.headline(ax, say("pipeline.orders_message", seen=f"{seen:,.0f}", **times))
    return style.lettered(ax)


@dataclass(frozen=True)
class _Node:
    x: float
    height: float

    @property
    def top(self) -> float:
        return self.height / 2

    @property
    def bottom(self) -> float:
        return -self.height / 2


_WIDTH = 0.3
_FLOOR = -1.0
# Where the names of the states stand; the highest bow ends below.
_HEADS = 0.95
_KINDS = {"on": (style.SKY, ""), "back": (style.ORANGE, "\\\\\\"), "lost": (style.PALE, "///")}


@public
def plot_flows(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw where customers went: a band for every way, as wide as the number of moves.

    Ways on run to the right, ways back (a no for this time, a dormant customer reactivated) in a bow above,
    ways to a competitor down.

    Parameters
    ----------
    frame
        `cvmlab.pipeline.flows`: ``from_state``, ``to_state`` (empty: came in, still there), ``count`` (moves).
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({
    ...     "from_state": ["", "target", "target"], "to_state": ["target", "prospect", "lost"], "count": [40, 30, 10]})
    >>> plot_flows(frame).get_title(loc="left")
    '10 of 40 customers went to a competitor'
    """
    columns = {"from_state": _STATE_OR_NONE, "to_state": _STATE_OR_NONE, "count": SOME}
    frame = check_frame(frame, "flows", columns, once=["from_state", "to_state"])
    ax = style.canvas(ax, height=4.8)
    counts = dict(zip(zip(frame["from_state"], frame["to_state"], strict=True), map(int, frame["count"]), strict=True))
    order = (*STEPS, DORMANT)
    through = {state: sum(n for (_, after), n in counts.items() if after == state) for state in order}
    scale = 0.9 / max(1, *through.values())
    nodes = {state: _Node(float(place), scale * through[state]) for place, state in enumerate(order)}
    ax.set_xlim(-0.35, len(order) - 0.45)
    ax.set_ylim(_FLOOR - 0.2, _HEADS + 0.16)
    left = {state: node.top for state, node in nodes.items()}
    right = dict(left)
    # the widest way first, so that it lies on top
    for (before, after), n in sorted(counts.items(), key=lambda item: _order_of(order, item[0])):
        if before not in nodes or after not in (*nodes, LOST):
            continue
        width = scale * n
        if after == LOST:
            _down(ax, nodes[before], width, n)
        elif nodes[after].x > nodes[before].x:
            _band(ax, (nodes[before], right[before]), (nodes[after], left[after]), width, n)
            right[before] -= width
            left[after] -= width
        else:
            _bow(ax, nodes[before], nodes[after], width, n)
    for state, node in nodes.items():
        _draw_node(ax, node, term(state), counts.get((state, ""), 0))
    lost = sum(n for (_, after), n in counts.items() if after == LOST)
    _draw_lost(ax, lost)
    ax.set_axis_off()
    came = sum(n for (before, _), n in counts.items() if before == "")
    style.headline(ax, _flows_message(counts, lost, came))
    style.write(ax, 0.0, -0.03, term("pipeline.flows_note"), transform=ax.transAxes, va="top", color=style.QUIET)
    return style.lettered(ax)


def _flows_message(counts: dict[tuple[str, str], int], lost: int, came: int) -> str:
    """Return the way back as the message, where there is one."""
    refused, woken = counts.get(("opportunity", "prospect"), 0), counts.get((DORMANT, "user"), 0)
    if refused or woken:
        return say("pipeline.flows_back", refused=f"{refused:,}", woken=f"{woken:,}")
    return say("pipeline.flows_message", lost=f"{lost:,}", customers=f"{came:,}")


def _order_of(order: tuple[str, ...], way: tuple[str, str]) -> tuple[int, int]:
    """Return the place of a way in the picture: by where it begins, the nearest goal first."""
    places = {state: place for place, state in enumerate(order)}
    return places.get(way[0], len(order)), places.get(way[1], len(order))


def _fill(ax: Axes, x: Any, y: Any, kind: str) -> None:
    color, hatch = _KINDS[kind]
    ax.fill(x, y, facecolor=color, hatch=hatch, edgecolor=style.QUIET, linewidth=0.5, zorder=2)


def _label(ax: Axes, x: float, y: float, n: int) -> None:
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.0}
    style.write(ax, x, y, f"{n:,}", ha="center", va="center", bbox=box, zorder=5)


def _band(ax: Axes, start: tuple[_Node, float], end: tuple[_Node, float], width: float, n: int) -> None:
    t = np.linspace(0, 1, 40)
    x = start[0].x + _WIDTH / 2 + (end[0].x - start[0].x - _WIDTH) * t
    y = start[1] + (end[1] - start[1]) * (3 * t**2 - 2 * t**3)
    _fill(ax, np.concatenate([x, x[::-1]]), np.concatenate([y, y[::-1] - width]), "on")
    _label(ax, (start[0].x + end[0].x) / 2, (start[1] + end[1]) / 2 - width / 2, n)


def _bow(ax: Axes, start: _Node, end: _Node, width: float, n: int) -> None:
    """Draw a band from the top of one node back to the top of another."""
    across = width * _sideways(ax)
    t = np.linspace(0, np.pi, 60)
    middle, reach = (start.x + end.x) / 2, (start.x - end.x) / 2
    low_right, low_left = start.top, end.top
    base = low_right + (low_left - low_right) * t / np.pi
    rise = max(start.top, end.top) - base + 0.16
    x_out, y_out = middle + (reach + across / 2) * np.cos(t), base + (rise + width) * np.sin(t)
    x_in, y_in = middle + (reach - across / 2) * np.cos(t), base + rise * np.sin(t)
    _fill(ax, np.concatenate([x_out, x_in[::-1]]), np.concatenate([y_out, y_in[::-1]]), "back")
    _label(ax, middle, float((y_out[30] + y_in[30]) / 2), n)


def _down(ax: Axes, node: _Node, width: float, n: int) -> None:
    across = max(width * _sideways(ax), 0.02)
    x = [node.x - across / 2, node.x + across / 2]
    _fill(ax, [x[0], x[1], x[1], x[0]], [node.bottom, node.bottom, _FLOOR, _FLOOR], "lost")
    _label(ax, node.x, (max(node.bottom, -0.75) + _FLOOR) / 2, n)


def _sideways(ax: Axes) -> float:
    """Return how many units of x look as long as one unit of y."""
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    return float((right - left) / ax.bbox.width * ax.bbox.height / (high - low))


def _draw_box(ax: Axes, left: float, right: float, bottom: float, top: float, color: str) -> None:
    looks: dict[str, Any] = {"facecolor": color, "edgecolor": style.INK, "linewidth": 0.6, "zorder": 3}
    ax.fill([left, right, right, left], [bottom, bottom, top, top], **looks)


def _draw_node(ax: Axes, node: _Node, name: str, still_there: int) -> None:
    tall = max(node.height, 0.01)
    _draw_box(ax, node.x - _WIDTH / 2, node.x + _WIDTH / 2, -tall / 2, tall / 2, style.BLUE)
    said = say("pipeline.flows_node", state=name, still_there=f"{still_there:,}")
    # one line of heads above all bows: beside its column a name would lie on a bow
    style.write(ax, node.x, _HEADS, said, ha="center", va="bottom", zorder=6)


def _draw_lost(ax: Axes, lost: int) -> None:
    left, right = -_WIDTH / 2, len(STEPS) + _WIDTH / 2
    _draw_box(ax, left, right, _FLOOR - 0.14, _FLOOR, style.QUIET)
    said = say("charts.labelled", label=term("lost_to_competitor"), value=f"{lost:,}")
    style.write(ax, (left + right) / 2, _FLOOR - 0.07, said, ha="center", va="center", color="white", zorder=6)

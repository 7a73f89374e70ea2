"""Charts of why customers leave, and of how strong the parts of a relationship are (S21, S22)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.formats import percent
from cvmlab.core.guarding import public
from cvmlab.core.words import say, term, wording

from . import style
from .frames import FIGURE, SHARE, Holds, check_frame

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

REASONS = ("given_up", "left_on_own", "poached", "attracted", "forced_to_leave", "other_reason")
UNKNOWN = ("no_rule", "no_text")
CONTROLLABLE = ("left_on_own", "attracted", "other_reason")
#: How bars are drawn: what a firm can do something about, what it cannot, and what nobody knows.
KINDS = {"controllable": (style.BLUE, ""), "outside": (style.PALE, ""), "unknown": ("white", "////")}


@public
def plot_reasons(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the share of lost value by reason as bars, with the share of customers as a mark on each.

    Parameters
    ----------
    frame
        `cvmlab.churn.count_reasons`: ``reason`` (the six, ``no_rule`` and ``no_text``, each once), ``share`` (of
        customers) and ``value_share`` (of value), shares of 1.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> from cvmlab import churn
    >>> said = ["They are cheaper"] * 3 + ["I lost my job"] * 6 + [""]
    >>> table = churn.count_reasons(churn.code_reasons(pd.DataFrame({"text": said})))
    >>> plot_reasons(table).get_title(loc="left").replace(chr(10), " ")
    '30% of the lost value was controllable, 10% has no known reason'
    """
    columns = {"reason": Holds("text", texts=(*REASONS, *UNKNOWN)), "share": SHARE, "value_share": SHARE}
    frame = check_frame(frame, "reasons", columns, once=["reason"])
    ax = style.canvas(ax)
    table = frame.set_index("reason")
    order = [reason for reason in (*REASONS, *UNKNOWN) if reason in table.index]
    places = np.arange(len(order))[::-1]
    values, shares = (table.loc[order, name].to_numpy(float) for name in ("value_share", "share"))
    kinds = ["unknown" if one in UNKNOWN else "controllable" if one in CONTROLLABLE else "outside" for one in order]
    for kind, (color, hatch) in KINDS.items():
        mine = np.array([one == kind for one in kinds])
        looks: dict[str, Any] = {"color": color, "hatch": hatch, "edgecolor": style.INK, "linewidth": 0.6}
        if mine.any():
            ax.barh(places[mine], values[mine], 0.6, label=term(f"reasons.bar_{kind}"), **looks)
    marks: dict[str, Any] = {"marker": "D", "s": 46, "color": style.ORANGE, "edgecolors": style.INK, "zorder": 3}
    ax.scatter(shares, places, label=term("reasons.share_of_customers"), **marks)
    for place, value, share in zip(places, values, shares, strict=True):
        said = say("reasons.both_shares", value=percent(value), share=percent(share))
        style.note(ax, said, (max(value, share), place), (9, 0), va="center")
    ax.set_yticks(places, [_numbered(one) for one in order])
    # room for the words behind the longest bar
    ax.set_xlim(0, max(*values, *shares, 0.05) * 1.75)
    ax.grid(visible=False, axis="y")
    style.percent_axis(ax.xaxis, term("reasons.share_x"))
    # below the chart: any corner may hold a bar
    style.legend(ax, loc="upper center", bbox_to_anchor=(0.4, -0.16), ncols=2)
    sums = {kind: float(values[[one == kind for one in kinds]].sum()) for kind in KINDS}
    key = "reasons_message" if round(sums["unknown"], 4) else "reasons_message_known"
    shown = {"controllable": percent(sums["controllable"]), "unknown": percent(sums["unknown"])}
    style.headline(ax, say(f"reasons.{key}", **shown))
    return style.lettered(ax)


def _numbered(reason: str) -> str:
    """Return the name of a reason with its number in the book."""
    if reason in UNKNOWN:
        return term(f"reasons.{reason}")
    return say("reasons.numbered", number=REASONS.index(reason) + 1, name=term(reason))


@public
def plot_relationship_score(
    frame: pd.DataFrame, *, lowest: float = 1, highest: float = 5, ax: Axes | None = None
) -> Axes:
    """Draw the mean mark of each part of the relationship with its 95% interval, the strongest on top.

    Parameters
    ----------
    frame
        The ``parts`` of `cvmlab.churn.relationship_score`: ``indicator`` (each once; a term or your own words),
        ``weight`` (share of 1), ``mean``, ``low``, ``high`` (points; the last two may be empty).
    lowest, highest
        Ends of the scale of a mark.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> from cvmlab import churn
    >>> marks = pd.DataFrame({"customer_id": ["A", "B", "C"], "trust": [5, 4, 5], "response": [2, 1, 3]})
    >>> found = churn.relationship_score(marks, indicators=["trust", "response"])
    >>> plot_relationship_score(found.parts).get_title(loc="left")
    'Strongest: trust (4.7), weakest: response (2.0)'
    """
    gaps = Holds(gaps=True)
    columns = {"indicator": Holds("text"), "weight": SHARE, "mean": FIGURE, "low": gaps, "high": gaps}
    frame = check_frame(frame, "parts", columns, once=["indicator"]).sort_values("mean", ignore_index=True)
    ax = style.canvas(ax, height=max(2.6, 1.4 + 0.45 * len(frame)))
    places, mean = np.arange(len(frame)), frame["mean"].to_numpy(float)
    # an interval may reach beyond the marks that can be given
    low, high = (frame[name].to_numpy(float).clip(lowest, highest) for name in ("low", "high"))
    ax.hlines(places, lowest, highest, color=style.GRID, linewidth=1)
    ax.hlines(places, low, high, color=style.INK, linewidth=1.6)
    ax.scatter(mean, places, s=60, color=style.BLUE, edgecolors=style.INK, zorder=3)
    for place, one in enumerate(mean.tolist()):
        style.note(ax, f"{one:.1f}", (float(one), float(place)), (0, 8), ha="center")
    names = [wording(name) for name in frame["indicator"]]
    equal = np.ptp(frame["weight"].to_numpy(float)) < 1e-9
    weights = ["" if equal else say("reasons.with_weight", weight=percent(one)) for one in frame["weight"]]
    ax.set_yticks(places, [f"{_short(name)} {weight}".strip() for name, weight in zip(names, weights, strict=True)])
    pad = 0.03 * (highest - lowest)
    ax.set_xlim(lowest - pad, highest + pad)
    ax.set_ylim(-0.5, len(frame) - 0.3)
    ax.grid(visible=False, axis="y")
    ax.set_xlabel(say("reasons.mark_x", lowest=f"{lowest:g}", highest=f"{highest:g}"))
    if len(frame) > 1:
        said = {"best": _short(names[-1], 16), "mark": f"{mean[-1]:.1f}", "worst": _short(names[0], 16)}
        style.headline(ax, say("reasons.score_message", low=f"{mean[0]:.1f}", **said))
    return style.lettered(ax)


def _short(name: str, most: int = 26) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"

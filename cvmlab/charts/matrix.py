"""Charts of the customer value matrix: its cells, their sensitivity, the moves between them (S11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core import formats
from cvmlab.core.guarding import public
from cvmlab.core.words import say, term
from cvmlab.data.worded import in_words

from . import style
from .frames import COUNT, FIGURE, SOME, TEXT, Holds, check_frame

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from cvmlab.worth.matrix import Thresholds

#: More points than this are thinned to every n-th customer: a picture cannot show more.
POINTS = 20_000
#: With more customers than this, names would cover each other.
NAMED = 30
#: Where a name is tried beside its mark: offset in points, and which end of it is there.
BESIDE = (
    ((6, 0), "left", "center"),
    ((-6, 0), "right", "center"),
    ((0, 5), "center", "bottom"),
    ((0, -5), "center", "top"),
)
ORDER = tuple(style.TYPES)
#: Where the types lie: 0 or 1 across, 0 or 1 up.
CORNERS = {"II": (0, 1), "IV": (1, 1), "I": (0, 0), "III": (1, 0)}


_TYPE = Holds("text", texts=ORDER)
_CHANGE = Holds(gaps=True, optional=True)
_MOVED = Holds(minimum=0, maximum=1, optional=True)
# on a logarithmic scale
_LEAST_FACTOR = 1e-6
# Share of the gains that losses may eat before shares of the rest are left out
_MOST_LOSSES = 0.1


@public
def plot_matrix(
    customers: pd.DataFrame,
    thresholds: Thresholds,
    *,
    value: str = "current_value",
    potential: str = "headroom",
    names: str | None = None,
    currency: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the four types of customers between the thresholds, with their number and share of value.

    Parameters
    ----------
    customers
        One row per customer: the columns named by ``value`` and ``potential`` (money) and ``value_type``
        (``"I"`` to ``"IV"``), as `cvmlab.matrix.classify` gives them.
    thresholds
        Where "high" begins: ``current_value`` and ``growth_potential`` (money).
    value, potential
        Names of the two columns. From a log alone the second is ``headroom``, not growth potential,
        and the axis says which.
    names
        Column of names to write beside the marks, codes such as ``canteen`` in words; None writes none. Above
        30 customers none are written: nobody could read them.
    currency
        Sign of the currency.
    ax
        Axes to draw on; a new figure if left out.

    Notes
    -----
    Money is heavy-tailed: where the largest amount is ten times the threshold or more, the scale is logarithmic
    outwards from zero and linear near it (zero and losses stay in the picture). Above 20,000 customers every n-th is
    drawn; the labels count all.

    Examples
    --------
    >>> import pandas as pd
    >>> from cvmlab.worth.matrix import Thresholds
    >>> customers = pd.DataFrame({
    ...     "current_value": [900.0, 20.0, 700.0, 5.0], "headroom": [500.0, 400.0, 0.0, 10.0],
    ...     "value_type": ["IV", "II", "III", "I"],
    ... })
    >>> ax = plot_matrix(customers, Thresholds(current_value=100, growth_potential=200))
    >>> ax.get_ylabel()
    'headroom (currency units)'
    """
    columns = {value: FIGURE, potential: FIGURE, "value_type": _TYPE} | ({names: TEXT} if names else {})
    customers = check_frame(customers, "customers", columns)
    ax = style.canvas(ax, height=5.2)
    x, y = customers[value].to_numpy(float), customers[potential].to_numpy(float)
    types = customers["value_type"].to_numpy()
    step = -(-len(x) // POINTS)
    heavy_tailed(ax, "x", x, thresholds.current_value)
    # no mark under the label of its type
    heavy_tailed(ax, "y", y, thresholds.growth_potential, room=0.28)
    size = float(np.clip(20_000 / max(len(x) // step, 1), 7, 40))
    for name, mark in style.TYPES.items():
        drawn = np.flatnonzero(types == name)[::step]
        looks: dict[str, Any] = {"color": mark.color, "marker": mark.marker, "edgecolors": "white"}
        ax.scatter(x[drawn], y[drawn], s=size, alpha=0.65, linewidths=0.3, label=term(f"charts.type_{name}"), **looks)
    ax.axvline(thresholds.current_value, color=style.INK, linestyle="--", linewidth=1)
    ax.axhline(thresholds.growth_potential, color=style.INK, linestyle="--", linewidth=1)
    if names and len(customers) <= NAMED:
        lines = (thresholds.current_value, thresholds.growth_potential)
        _name_marks(ax, np.column_stack([x, y]), in_words(customers[[names]]).iloc[:, 0], lines)
    value_label = term("current_value_axis" if value == "current_value" else value)
    potential_label = term("growth_potential_axis" if potential == "growth_potential" else potential)
    ax.set_xlabel(formats.in_money(value_label, currency))
    ax.set_ylabel(formats.in_money(potential_label, currency))
    _label_quadrants(ax, types, x, value_label)
    _label_thresholds(ax, thresholds)
    style.headline(ax, _matrix_message(types, x, value_label), pad=20)
    say_thinned(ax, step, -24)
    return style.lettered(ax)


def _name_marks(ax: Axes, places: NDArray[np.float64], names: pd.Series, lines: tuple[float, float]) -> None:
    """Write each name beside its mark, where it covers neither a mark nor a name nor one of the two lines."""
    from matplotlib.transforms import Bbox

    at = ax.transData.transform(places)
    frame = ax.get_window_extent()
    across, up = ax.transData.transform(lines)
    taken = [Bbox.from_extents(x - 4, y - 4, x + 4, y + 4) for x, y in at]
    taken += [Bbox.from_extents(across, frame.y0, across, frame.y1), Bbox.from_extents(frame.x0, up, frame.x1, up)]
    for place, name in zip(places, names, strict=True):
        style.note(ax, str(name), tuple(place), size=8)
    written: Any = ax.texts[-len(names) :]
    # measured in the font that will be drawn
    style.lettered(ax)
    for name in written:
        for name.xyann, across_from, up_from in (*BESIDE, BESIDE[0]):
            name.set(ha=across_from, va=up_from)
            box = name.get_window_extent()
            if frame.x0 <= box.x0 and box.x1 <= frame.x1 and not any(box.overlaps(other) for other in taken):
                break
        taken.append(box)


def say_thinned(ax: Axes, step: int, down: float) -> None:
    """Say below the Axes that only every n-th customer is drawn, if so."""
    if step > 1:
        corner: dict[str, Any] = {"xycoords": "axes fraction", "ha": "right", "va": "top"}
        style.note(ax, say("charts.matrix_sample", step=step), (1, 0), (0, down), size=8, color=style.QUIET, **corner)


def type_count(name: str, count: int) -> str:
    """Return a type and its number of customers: "IV: 39 customers"."""
    said = "charts.matrix_label_one" if count == 1 else "charts.matrix_label"
    return say(said, type=term(f"charts.type_{name}"), customers=f"{count:,}")


def heavy_tailed(
    ax: Axes, side: str, amounts: NDArray[np.float64], threshold: float, room: float | None = None
) -> None:
    """Give one side ("x" or "y") a symmetric-log scale with short money ticks where the amounts are heavy-tailed.

    ``room`` is left beyond the amounts, as a share of what they span.
    """
    from matplotlib.ticker import FixedLocator, NullLocator

    sizes = np.abs(amounts[np.isfinite(amounts) & (amounts != 0)])
    if not len(sizes):
        sizes = np.array([abs(threshold) or 1.0])
    # linear up to the size that nine of ten exceed: below it differences do not matter
    near_zero = 10.0 ** np.floor(np.log10(np.quantile(sizes, 0.1)))
    # a thousandth of what matters is nil: a model's 0.0000001 must not stretch the axis
    near_zero = max(near_zero, 10.0 ** (np.floor(np.log10(abs(threshold) or sizes.max())) - 3))
    # a straight scale shows both sides of a threshold that is not small beside the largest
    if sizes.max() / near_zero < 50 or sizes.max() < 10 * abs(threshold):
        near_zero = float(sizes.max())
    set_scale = ax.set_xscale if side == "x" else ax.set_yscale
    set_scale("symlog", linthresh=near_zero, linscale=0.6)
    axis: Any = ax.xaxis if side == "x" else ax.yaxis
    low, high = float(min(np.nanmin(amounts), threshold, 0)), float(max(np.nanmax(amounts), threshold))
    transform = axis.get_transform()
    bottom, top = transform.transform(np.array([low, high]))
    # for the labels of the quadrants above and below, a little at the sides
    room = room or (0.2 if side == "y" else 0.05)
    room *= top - bottom or 1
    limits = transform.inverted().transform(np.array([bottom - room, top + room]))
    (ax.set_xlim if side == "x" else ax.set_ylim)(*map(float, limits))
    axis.set_major_locator(FixedLocator(_ticks(low, high, near_zero)))
    axis.set_minor_locator(NullLocator())
    style.money_axis(axis)


def _ticks(low: float, high: float, near_zero: float, most: int = 7) -> list[float]:
    """Return zero and powers of ten on both sides, thinned to about ``most``; even steps if linear."""
    if near_zero >= max(abs(low), abs(high)) * 0.999:
        from matplotlib.ticker import MaxNLocator

        return [float(tick) for tick in MaxNLocator(most).tick_values(low, high) if low <= tick <= high]
    first = np.floor(np.log10(near_zero) + 1e-9)
    powers = np.arange(first, np.floor(np.log10(max(abs(low), high))) + 1)
    powers = powers[:: -(-len(powers) // (most - 1))]
    up = 10.0**powers
    return [float(tick) for tick in (*(-up[::-1]), 0.0, *up) if low <= tick <= high]


def _label_thresholds(ax: Axes, thresholds: Thresholds) -> None:
    """Write both thresholds at the ends of their lines."""
    across, up = thresholds.current_value, thresholds.growth_potential
    above: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "bottom"}
    beside: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "va": "center", "rotation": 270}
    said = [say("charts.threshold_at", value=formats.money(amount)) for amount in (across, up)]
    style.note(ax, said[0], (across, 1), (0, 3), color=style.QUIET, **above)
    style.note(ax, said[1], (1, up), (4, 0), color=style.QUIET, **beside)


def _label_quadrants(ax: Axes, types: NDArray[Any], amounts: NDArray[np.float64], value: str) -> None:
    """Write into each corner the number of customers of its type and their share of the value."""
    total = amounts.sum()
    for name, (across, up) in CORNERS.items():
        inside = types == name
        lines = [type_count(name, int(inside.sum()))]
        if total > 0 and _are_shares(amounts):
            share = formats.percent(amounts[inside].sum() / total)
            lines.append(say("charts.matrix_share", share=share, value=value))
        box = {"facecolor": "white", "edgecolor": style.TYPES[name].color, "boxstyle": "round,pad=0.35"}
        corner: dict[str, Any] = {"ha": "right" if across else "left", "va": "top" if up else "bottom", "bbox": box}
        inwards = (6 - 12 * across, 6 - 12 * up)
        style.note(ax, "\n".join(lines), (across, up), inwards, xycoords="axes fraction", **corner)


def _are_shares(amounts: NDArray[np.float64]) -> bool:
    """Return whether shares of the total mean anything: where losses eat much of it, parts exceed the whole."""
    return bool(-amounts[amounts < 0].sum() <= _MOST_LOSSES * amounts[amounts > 0].sum())


def _matrix_message(types: NDArray[Any], amounts: NDArray[np.float64], value: str) -> str:
    valuable = np.isin(types, ["III", "IV"])
    if amounts.sum() <= 0 or not _are_shares(amounts):
        return term("charts.matrix_title")
    return say(
        "charts.matrix_message",
        customers=formats.percent(float(valuable.mean())),
        share=formats.percent(float(amounts[valuable].sum() / amounts.sum())),
        value=value,
    )


@public
def plot_sensitivity(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how many customers each type has when the thresholds move.

    Parameters
    ----------
    frame
        `cvmlab.matrix.sensitivity`: ``factor`` (what the thresholds are multiplied by), ``value_type``,
        ``customers`` [, ``moved_share``: share of all customers, 0 to 1, who change type].
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({
    ...     "factor": [0.5, 1, 2] * 2, "value_type": ["IV"] * 3 + ["I"] * 3, "customers": [9, 5, 2, 1, 5, 8],
    ... })
    >>> [text.get_text() for text in plot_sensitivity(frame).texts]
    ['as chosen', 'IV', 'I']
    """
    columns = {"factor": Holds(minimum=_LEAST_FACTOR), "value_type": _TYPE, "customers": SOME, "moved_share": _MOVED}
    frame = check_frame(frame, "sensitivity", columns, once=["factor", "value_type"], in_order=True)
    from matplotlib.ticker import FixedLocator, NullLocator

    ax = style.canvas(ax)
    factors = np.unique(frame["factor"].to_numpy(float))
    ax.set_xscale("log")
    ends = []
    for name in ORDER:
        rows = frame[frame["value_type"] == name]
        if len(rows):
            mark = style.TYPES[name]
            x, y = rows["factor"].to_numpy(float), rows["customers"].to_numpy(float)
            ax.plot(x, y, color=mark.color, linestyle=mark.line, marker=mark.marker, markersize=5, linewidth=2)
            ends.append((x[-1], y[-1], term(f"charts.type_{name}"), mark.color))
    ax.axvline(1, color=style.QUIET, linestyle=":", linewidth=1)
    beside: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "va": "top", "color": style.QUIET}
    style.note(ax, term("charts.as_chosen"), (1, 1), (4, -2), **beside)
    ax.xaxis.set_major_locator(FixedLocator(list(factors)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(lambda factor, _: say("charts.factor", factor=f"{factor:g}"))
    ax.set_ylim(bottom=0)
    style.count_axis(ax.yaxis, term("number_of_customers"))
    ax.set_xlabel(term("charts.sensitivity_x"))
    style.headline(ax, _sensitivity_message(frame))
    style.label_ends(ax, ends)
    return style.lettered(ax)


def _sensitivity_message(frame: pd.DataFrame) -> str:
    """Say at which of the thresholds drawn the most customers change type."""
    if "moved_share" not in frame or not frame["moved_share"].any():
        return term("charts.sensitivity_message")
    shares = frame["moved_share"].to_numpy(float)
    factor = float(frame["factor"].to_numpy(float)[shares.argmax()])
    return say("charts.sensitivity_moved", factor=f"{factor:g}", share=formats.percent(float(shares.max())))


@public
def plot_migration(frame: pd.DataFrame, *, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw the moves between the types as a table whose cells are the darker the more customers they hold.

    Parameters
    ----------
    frame
        One row per pair of types: ``from_type``, ``to_type`` (``"I"`` to ``"IV"``; ``"new"`` and
        ``"gone"`` where a customer was not there before or is not now), ``customers``
        [, ``value_change``, or else ``revenue_change``: money].
    currency
        Sign of the currency, written before a change.
    ax
        Axes to draw on; a new figure if left out.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"from_type": ["IV", "IV"], "to_type": ["IV", "II"], "customers": [30, 10]})
    >>> plot_migration(frame).get_title(loc="left")
    '10 of 40 customers changed type'
    """
    columns = {
        "from_type": TEXT,
        "to_type": TEXT,
        "customers": SOME,
        "value_change": _CHANGE,
        "revenue_change": _CHANGE,
    }
    frame = check_frame(frame, "migration", columns, once=["from_type", "to_type"])
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    ax = style.canvas(ax, width=6.4, height=4.8)
    before, after = (_present(frame[column]) for column in ("from_type", "to_type"))
    counts = np.zeros((len(before), len(after)))
    changes = np.full(counts.shape, np.nan)
    row = frame["from_type"].map(before.index).to_numpy()
    column = frame["to_type"].map(after.index).to_numpy()
    counts[row, column] = frame["customers"]
    change_of = next((name for name in ("value_change", "revenue_change") if name in frame), None)
    if change_of:
        changes[row, column] = frame[change_of]

    shades = LinearSegmentedColormap.from_list("cvmlab", ["#FFFFFF", "#9CC7E4", style.BLUE, "#00385A"])
    darkness = np.sqrt(counts / max(counts.max(), 1))
    ax.pcolormesh(darkness, cmap=shades, vmin=0, vmax=1, edgecolors="white", linewidth=2)
    for (down, across), count in np.ndenumerate(counts):
        if not count and (before[down] not in ORDER or after[across] not in ORDER):
            continue
        text = f"{count:,.0f}"
        change = float(changes[down, across])
        if np.isfinite(change) and count:
            amount = ("+" if change > 0 else "") + formats.money(change)
            text += "\n" + formats.in_currency(amount, currency)
        ink = "white" if darkness[down, across] > 0.55 else style.INK
        ax.text(across + 0.5, down + 0.5, text, ha="center", va="center", fontsize=style.LABEL_SIZE, color=ink)
        if before[down] == after[across]:
            ax.add_patch(Rectangle((across + 0.03, down + 0.03), 0.94, 0.94, fill=False, edgecolor=style.INK))
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.set_xticks(np.arange(len(after)) + 0.5, [_type_name(name) for name in after])
    ax.set_yticks(np.arange(len(before)) + 0.5, [_type_name(name) for name in before])
    ax.invert_yaxis()
    ax.set_xlabel(term("charts.migration_to"))
    ax.set_ylabel(term("charts.migration_from"))
    # customers who came or went have not changed type
    there_twice = counts[: len(ORDER), : len(ORDER)]
    total = int(there_twice.sum())
    moved = total - int(np.trace(there_twice))
    style.headline(ax, say("charts.migration_message", moved=f"{moved:,}", customers=f"{total:,}"))
    return style.lettered(ax)


@public
def plot_budgets(frame: pd.DataFrame, *, currency: str = "", ax: Axes | None = None) -> Axes:
    """Draw how Table 3-2 and the optimal split share out the same budget, with the expected profit of each.

    Parameters
    ----------
    frame
        `cvmlab.matrix.compare_budgets`: ``value_type``, ``heuristic_budget``, ``optimal_budget`` (money, at least 0),
        ``heuristic_profit``, ``optimal_profit`` (money).
    currency
        Sign of the currency.
    ax
        Axes to draw on; a new figure if left out.

    Notes
    -----
    The profits rest on an assumed response to spending, and the chart says so.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({
    ...     "value_type": ["IV", "III"], "heuristic_budget": [60.0, 40.0], "optimal_budget": [80.0, 0.0],
    ...     "heuristic_profit": [300.0, -20.0], "optimal_profit": [320.0, 0.0],
    ... })
    >>> plot_budgets(frame).get_title(loc="left").replace(chr(10), " ")
    'Expected profit of the same budget: 320 if split by response, 280 by Table 3-2 with assumed weights'
    """
    money = ("heuristic_budget", "optimal_budget", "heuristic_profit", "optimal_profit")
    columns = {name: COUNT if name.endswith("budget") else FIGURE for name in money}
    frame = check_frame(frame, "budgets", {"value_type": _TYPE, **columns}, once=["value_type"])
    ax = style.canvas(ax)
    rows = frame.set_index("value_type").reindex([name for name in ORDER if (frame["value_type"] == name).any()])
    places = np.arange(len(rows))
    looks: dict[str, dict[str, Any]] = {
        "heuristic": {"color": style.PALE, "edgecolor": style.INK, "hatch": "///"},
        "optimal": {"color": style.BLUE, "edgecolor": style.INK},
    }
    for side, (split, look) in zip((-0.2, 0.2), looks.items(), strict=True):
        spent, profit = (rows[f"{split}_{what}"].to_numpy(float) for what in ("budget", "profit"))
        ax.bar(places + side, spent, width=0.36, linewidth=0.6, label=term(f"charts.budgets_{split}"), **look)
        for place, height, amount in zip(places + side, spent, profit, strict=True):
            text = term("profit") + "\n" + formats.money(amount)
            style.note(ax, text, (place, height), (0, 3), ha="center", va="bottom", size=8)
    ax.set_xticks(places, [term(f"charts.type_{name}") for name in rows.index])
    ax.grid(visible=False, axis="x")
    ax.margins(y=0.2)
    style.money_axis(ax.yaxis, term("charts.budgets_y"), currency)
    ax.set_xlabel(term("charts.budgets_x"))
    style.legend(ax, loc="upper right")
    left = float(rows["heuristic_budget"].sum() - rows["optimal_budget"].sum())
    if left > 1e-6 * rows["heuristic_budget"].sum():
        said = say("charts.budgets_unspent", amount=formats.in_currency(formats.money(left), currency))
        style.note(ax, said, (1, 0.8), xycoords="axes fraction", ha="right", va="top", color=style.QUIET)
    ours, table = (formats.money(float(rows[f"{split}_profit"].sum())) for split in ("optimal", "heuristic"))
    totals = {"optimal": formats.in_currency(ours, currency), "heuristic": formats.in_currency(table, currency)}
    style.headline(ax, say("charts.budgets_message", **totals))
    return style.lettered(ax)


def _present(names: pd.Series[str]) -> list[str]:
    """Return all four types, even those without customers, then the other names."""
    return [*ORDER, *(name for name in dict.fromkeys(names) if name not in ORDER)]


def _type_name(name: str) -> str:
    return formats.named(name, "charts.type_")

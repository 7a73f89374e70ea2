"""What goes with leaving: the average probability if everybody had a value, in a model that did not see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.words import say

from .features import Feature
from .measuring import log_losses
from .models import Fitted, Table, bounded

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Features and levels of one that are shown, and customers the averages are taken over.
MOST_DRIVERS, MOST_SHOWN, MOST_CUSTOMERS = 8, 6, 2_000


def drivers_of(
    table: Table, left: NDArray[np.bool_], fold: NDArray[np.int64], models: list[Fitted], seed: int
) -> pd.DataFrame:
    """Return for the strongest features the average probability at each of their values."""
    import pandas as pd

    draw = np.random.default_rng(seed)
    rows = np.sort(draw.permutation(len(left))[:MOST_CUSTOMERS])
    parts = [(model, rows[fold[rows] == number]) for number, model in enumerate(models)]
    looked_at = np.unique(np.concatenate([model.columns for model, _ in parts])).astype(np.int64)
    mixed = draw.permutation(len(rows))
    as_is = _chances(table, parts, rows, {})
    worse, moves = {}, {}
    for place in looked_at.tolist():
        shuffled = _chances(table, parts, rows, {place: table.figures[rows[mixed], place]})
        lost = log_losses(shuffled, left[rows]) - log_losses(as_is, left[rows])
        moves[place] = float(np.abs(shuffled - as_is).mean())
        # without it predictions get worse by more than chance would make them
        if lost.mean() > 2 * lost.std(ddof=1) / np.sqrt(len(rows)):
            worse[place] = float(lost.mean())
    strongest = sorted(worse, key=lambda place: (-moves[place], place))[:MOST_DRIVERS]
    found: list[dict[str, Any]] = []
    for place in strongest:
        feature = table.features[place]
        for level, value, chosen in _levels(feature):
            if not chosen.any():
                continue
            figure = np.full(len(rows), float(np.nanmedian(feature.figures[chosen])) if value is not None else np.nan)
            chance = _chances(table, parts, rows, {place: figure}).mean()
            shown = np.nan if feature.kind == "text" or value is None else figure[0]
            found.append(
                {
                    "feature": feature.name,
                    "level": level or _band(feature.figures[chosen]),
                    "value": shown,
                    "churn_probability": float(chance),
                    "customers": int(chosen.sum()),
                    "moves": moves[place],
                }
            )
    columns = ["feature", "level", "value", "churn_probability", "customers", "moves"]
    frame = pd.DataFrame(found, columns=columns)
    return frame if len(frame) else frame.astype({"churn_probability": float, "customers": int, "moves": float})


def _band(figures: Floats) -> str:
    """Return the figures of a band in words: the only one, or the smallest and the largest."""
    ends = dict.fromkeys(f"{end:g}" for end in (np.nanmin(figures), np.nanmax(figures)))
    return "–".join(ends)


def _levels(feature: Feature) -> list[tuple[str, float | None, NDArray[np.bool_]]]:
    """Return the values a feature is shown at: name ("" for a number), place, and the customers that have it."""
    figures = feature.figures
    missing = np.isnan(figures)
    shown: list[tuple[str, float | None, NDArray[np.bool_]]] = []
    if feature.kind == "text":
        places = np.arange(len(feature.levels))
        shown = [(feature.levels[place], float(place), figures == place) for place in places[:MOST_SHOWN]]
    elif feature.kind == "flag":
        shown = [(say(f"churn.flag_{word}"), float(flag), figures == flag) for flag, word in enumerate(("no", "yes"))]
    else:
        bands = feature.banded(figures)
        shown = [("", float(band), (bands == band) & ~missing) for band in range(feature.bands - 1)]
    if missing.any():
        shown.append((say("churn.empty"), None, missing))
    return shown


def _chances(
    table: Table, parts: list[tuple[Fitted, NDArray[np.int64]]], rows: NDArray[np.int64], changes: dict[int, Floats]
) -> Floats:
    """Return probabilities of some customers by models that have not seen them, with some columns changed."""
    chance = np.empty(len(rows))
    for model, mine in parts:
        here = np.searchsorted(rows, mine)
        figures = table.figures[np.ix_(mine, model.columns)]
        for place, column in changes.items():
            figures[:, model.columns == place] = column[here][:, None]
        chance[here] = bounded(model.predict(figures), len(table.figures))
    return chance

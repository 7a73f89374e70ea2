"""How good probabilities are: errors, ranks, calibration and lift, for customers a model has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.statistics import wilson_interval

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

_TENTHS = 10


def brier_of(chance: Floats, left: Flags) -> float:
    """Return the mean squared difference between probability and what happened (Brier 1950)."""
    return float(((chance - left) ** 2).mean())


def log_losses(chance: Floats, left: Flags) -> Floats:
    """Return the log loss of each customer; probabilities of 0 and 1 do not occur."""
    losses: Floats = -np.log(np.where(left, chance, 1 - chance))
    return losses


def auc_of(chance: Floats, left: Flags) -> float:
    """Return the chance that a leaver has a higher score than a customer who stayed; ties count half."""
    from scipy.stats import rankdata

    leavers = int(left.sum())
    stayers = len(left) - leavers
    if not leavers or not stayers:
        return float("nan")
    ranks = rankdata(chance)[left].sum()
    return float((ranks - leavers * (leavers + 1) / 2) / (leavers * stayers))


def calibration_of(chance: Floats, left: Flags) -> pd.DataFrame:
    """Return stated and observed shares by tenths of the customers in the order of their score."""
    import pandas as pd

    edges = np.unique(np.quantile(chance, np.arange(1, _TENTHS) / _TENTHS, method="inverted_cdf"))
    part = np.searchsorted(edges, chance, side="left")
    count = np.bincount(part)
    part = np.cumsum(count > 0)[part] - 1
    count = count[count > 0]
    observed = np.bincount(part, weights=left) / count
    low, high = wilson_interval(observed, count)
    return pd.DataFrame(
        {
            "predicted": np.bincount(part, weights=chance) / count,
            "observed": observed,
            "low": np.clip(low, 0, 1),
            "high": np.clip(high, 0, 1),
            "customers": count,
        }
    )


def lift_of(chance: Floats, left: Flags) -> pd.DataFrame:
    """Return how many left in each tenth of the customers, the highest scores first; ties share their leavers."""
    import pandas as pd

    expected = shared_by_ties(chance, left.astype(np.float64))
    tenths = min(_TENTHS, len(left))
    tenth = np.arange(len(left)) * tenths // len(left)
    count = np.bincount(tenth)
    gone = np.bincount(tenth, weights=expected)
    return pd.DataFrame(
        {
            "tenth": np.arange(1, tenths + 1),
            "customers": count,
            "left": gone,
            "churn_rate": gone / count,
            "lift": gone / count / left.mean(),
            "captured": np.minimum(gone.cumsum() / left.sum(), 1.0),
        }
    )


def shared_by_ties(score: Floats, figures: Floats) -> Floats:
    """Return figures in the order of a score, the highest first; those with the same score have their mean."""
    order = np.argsort(-score, kind="stable")
    sorted_score, sorted_figures = score[order], figures[order]
    tie = np.append(0, np.cumsum(sorted_score[1:] != sorted_score[:-1]))
    mean = np.bincount(tie, weights=sorted_figures) / np.bincount(tie)
    shared: Floats = mean[tie]
    return shared

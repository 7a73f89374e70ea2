"""The rule of thumb that a manager would use instead of a model: share of the customer's own peak, and the trend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cvmlab.data.tables import REVENUE
from cvmlab.relationship.lifecycle import DECLINE, ENDED, EXPLORATION, FORMATION, STABILITY

from .checking import check_panel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel


_SMALL, _HIGH, _FALLEN = 0.25, 0.8, 0.7
_WINDOW, _SILENT_GAPS = 3, 3


def rule_of_thumb(panel: Panel) -> NDArray[np.uint8]:
    """Name each customer's stage in every period by fixed thresholds on revenue.

    With the mean revenue of the last three periods and its highest value, so far and at all: *exploration* until a
    quarter of the highest was first reached, *formation* until 80% of it was, *decline* where it is below 70% of
    the highest so far, *stability* otherwise; *ended* from the last purchase on when the silence since is longer
    than three times the longest gap seen, and than three periods. No model, no confidence: what the decoding has to
    beat.

    Returns
    -------
    ndarray
        Codes 0 … 5, shape (periods, customers), uint8; 0 before the customer's first period.

    Raises
    ------
    CvmError
        For a figure that is not finite or a panel without periods, customers or ``revenue``.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=100, periods=24, seed=1)
    >>> rule_of_thumb(known.panel).shape
    (24, 100)
    """
    check_panel(panel)
    revenue = np.maximum(panel[REVENUE], 0)
    periods = len(revenue)
    row = np.arange(periods)[:, None]
    begun = row >= panel.first
    sums = np.cumsum(np.where(begun, revenue, 0), axis=0)
    back = np.vstack([np.zeros((min(_WINDOW, periods), revenue.shape[1])), sums[:-_WINDOW]])
    mean = (sums - back) / np.clip(row - panel.first + 1, 1, _WINDOW)
    so_far = np.maximum.accumulate(mean, axis=0)
    peak = so_far[-1]
    stage = np.where(so_far < _SMALL * peak, EXPLORATION, np.where(so_far < _HIGH * peak, FORMATION, STABILITY))
    stage = np.where(mean < _FALLEN * so_far, DECLINE, stage)
    stage = np.where(row > _last_active(revenue), ENDED, stage)
    return np.where(begun, stage, 0).astype(np.uint8)


def _last_active(revenue: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the last row of each relationship: the last purchase if the silence since is out of proportion."""
    periods = len(revenue)
    bought = revenue > 0
    row = np.arange(periods)[:, None]
    latest = np.maximum.accumulate(np.where(bought, row, -1), axis=0)
    before = np.vstack([np.full((1, revenue.shape[1]), -1), latest[:-1]])
    gap = np.where(bought & (before >= 0), row - before, 0).max(axis=0)
    silent = periods - 1 - latest[-1]
    over = (latest[-1] >= 0) & (silent > np.maximum(_SILENT_GAPS * gap, _SILENT_GAPS))
    last: NDArray[np.int64] = np.where(over, latest[-1], periods - 1)
    return last

"""Who entered decline lately: a list to act on, so only the sure ones, and only where purchases fall."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cvmlab.data.tables import CUSTOMER_ID, REVENUE
from cvmlab.relationship.lifecycle import DECLINE

from .checking import check_panel, check_same_panel
from .habits import log_revenue_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel

    from .decoded import Decoded


#: Listed is who is in decline with this confidence, since at most so many months, and brings at least so much less.
_SURE, _LATELY_MONTHS, _LEAST_FALL = 0.7, 12, 0.1


def entered_decline(panel: Panel, decoded: Decoded) -> pd.DataFrame:
    """Return who is in decline now, entered it lately, and does buy less.

    Parameters
    ----------
    panel, decoded
        The histories and their stages.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``since`` (first day of the period in which the decline began), ``confidence`` (that the
        customer is in decline now), ``fall`` (share by which a month since then brings less than a month of the 12
        before it, season and common trend taken out), ``revenue`` (money of those 12 months); the largest revenue
        first.

    Raises
    ------
    CvmError
        For a figure that is not finite, a panel without periods, customers or ``revenue``, or stages of another panel.

    Notes
    -----
    Listed is a decline that began within the last 12 months and is told with a confidence of at least 0.7, where
    revenue fell by at least a tenth: a margin that shrinks, or one month that is low by chance, does not count.

    Examples
    --------
    >>> from cvmlab.relationship.stages import decode
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> panel = simulate_relationships(Population(), customers=200, periods=36, seed=1).panel
    >>> entered_decline(panel, decode(panel)).columns.tolist()
    ['customer_id', 'since', 'confidence', 'fall', 'revenue']
    """
    import pandas as pd

    check_panel(panel)
    check_same_panel(panel, decoded)
    a_year = 12 // panel.months
    # rows since the last one that was no decline
    lasting = (decoded.stage[::-1] == DECLINE).cumprod(axis=0).sum(axis=0)
    begun = len(decoded.stage) - lasting
    sure = decoded.confidence[-1] >= _SURE
    lately = sure & (lasting > 0) & (lasting <= _LATELY_MONTHS // panel.months) & (begun > panel.first)
    chosen = np.flatnonzero(lately)
    start = begun[chosen]
    year_before = np.maximum(start - a_year, panel.first[chosen])
    clean = np.exp(np.nan_to_num(log_revenue_of(panel, chosen, decoded.model.habits), nan=-np.inf))
    before = sums_between(clean, year_before, start) / (start - year_before)
    since = sums_between(clean, start, np.full(len(chosen), len(clean))) / lasting[chosen]
    fall = 1 - since / np.maximum(before, 1e-12)
    frame = pd.DataFrame(
        {
            CUSTOMER_ID: panel.customer_id[chosen],
            "since": panel.period[start],
            "confidence": decoded.confidence[-1, chosen],
            "fall": fall,
            "revenue": sums_between(panel[REVENUE][:, chosen], year_before, start),
        }
    )
    listed = frame[(frame["fall"] >= _LEAST_FALL) & (frame["revenue"] > 0)]
    return listed.sort_values("revenue", ascending=False, ignore_index=True)


def sums_between(
    values: NDArray[np.floating], start: NDArray[np.integer], end: NDArray[np.integer] | int
) -> NDArray[np.float64]:
    """Return each customer's sum over the rows from start to before end."""
    total = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    column = np.arange(values.shape[1])
    return np.asarray(total[end, column] - total[start, column], np.float64)

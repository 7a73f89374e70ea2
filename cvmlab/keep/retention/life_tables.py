"""The life table of a relationship: who of those still there left in each period of it (S20).

The rows are counted by the engine they came from; what is computed here is as long as the longest tenure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.guarding import public
from cvmlab.core.statistics import Z_95, wilson_interval
from cvmlab.core.words import CvmError

from .counting import count_customers, seen_and_gone

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_COLUMNS = {"period", "at_risk", "left", "retention", "retention_low", "retention_high"}
_COLUMNS |= {"hazard", "hazard_low", "hazard_high"}


@public
def life_table(
    customers: AnyFrame,
    *,
    tenure: str = "tenure_months",
    left: str = "left",
    entered: str | None = None,
    window: int | None = None,
    by: str | None = None,
) -> pd.DataFrame:
    """Return hazard and retention in each period of a relationship, with 95% intervals.

    Parameters
    ----------
    customers
        One row per customer, a frame of any engine.
    tenure
        Column of the period in which a customer was last seen: a whole number, 1 in the first period of the
        relationship, 0 for one that has only just begun.
    left
        Column that is True for a customer who left in that period.
    entered
        Column of the periods that had passed when the customer came under observation (delayed entry), 0 for those
        seen from the start. Who left before is in no such table.
    window
        Instead of it: each customer was seen in the last so many periods only. A table that says who left *last month*
        has a window of 1.
    by
        Column of groups, for example of contracts; each gets a table of its own.

    Returns
    -------
    pandas.DataFrame
        [``by``,] ``period`` (1 first), ``at_risk`` (customers seen in it), ``left``, ``hazard`` (share of those at risk
        who left), ``hazard_low``, ``hazard_high``, ``retention`` (share of a cohort that is still there after the
        period), ``retention_low``, ``retention_high`` (shares of 1). Where nobody was seen in a period its hazard, and
        the retention from there on, is NaN.

    Raises
    ------
    CvmError
        For a missing column, gaps, a tenure that is no whole number from 0 to 10,000, customers who left at 0 or were
        first seen after they were last seen, and groups in a column that the table has itself.

    Notes
    -----
    hazard = left / at risk, where at risk in period p are all with ``entered`` < p ≤ ``tenure``; retention = Π (1 −
    hazard), the estimator of Kaplan & Meier (1958) for whole periods, with late entries as in Klein & Moeschberger
    (2003, §4.6). Intervals: Wilson (1927) for the hazard, Greenwood's variance on the log-log scale for retention.
    *Assumed*: who comes under observation late leaves as those do who were seen from the start, and who is still there
    leaves as the others. The hazard falls with tenure in most tables because those likely to leave have left, not
    because anybody has become more loyal.

    Examples
    --------
    >>> import pandas as pd
    >>> subscribers = pd.DataFrame({"tenure_months": [1, 1, 1, 2, 2], "left": [True, False, False, True, False]})
    >>> life_table(subscribers)[["period", "at_risk", "left", "hazard", "retention"]].round(2).values.tolist()
    [[1.0, 5.0, 1.0, 0.2, 0.8], [2.0, 2.0, 1.0, 0.5, 0.4]]
    >>> life_table(subscribers, window=1)["hazard"].round(2).tolist()
    [0.33, 0.5]
    """
    import pandas as pd

    if by in _COLUMNS:
        raise CvmError("retention.name_taken", column=by)
    counted = count_customers(customers, tenure=tenure, left=left, entered=entered, window=window, by=by)
    groups = [("", counted)] if by is None else list(counted.groupby("group", sort=True, observed=True))
    tables = [_table_of(rows).assign(**({} if by is None else {by: name})) for name, rows in groups]
    table: pd.DataFrame = pd.concat(tables, ignore_index=True)
    if not len(table):
        raise CvmError("retention.nobody_seen", column=tenure)
    ordered: pd.DataFrame = table if by is None else table[[by, *table.columns.drop(by)]]
    return ordered


def _table_of(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the life table of one group."""
    import pandas as pd

    seen, leavers = seen_and_gone(counts)
    # after the last who was seen there is nothing to say
    periods = int(np.flatnonzero(seen > 0)[-1]) + 1 if seen.any() else 0
    at_risk, gone = (part[:periods].astype(np.float64) for part in (seen, leavers))
    counted = np.maximum(at_risk, 1).astype(np.int64)
    hazard = np.where(at_risk > 0, gone / counted, np.nan)
    low, high = wilson_interval(hazard, counted)
    retention = np.cumprod(1 - hazard)
    least, most = _retention_interval(retention, at_risk, gone, low)
    return pd.DataFrame(
        {
            "period": np.arange(1, len(hazard) + 1),
            "at_risk": at_risk.astype(np.int64),
            "left": gone.astype(np.int64),
            "hazard": hazard,
            "hazard_low": low,
            "hazard_high": high,
            "retention": retention,
            "retention_low": least,
            "retention_high": most,
        }
    )


def _retention_interval(retention: Floats, at_risk: Floats, gone: Floats, hazard_low: Floats) -> tuple[Floats, Floats]:
    """Return 95% bounds of the retention: Greenwood's variance on the log-log scale, Wilson's at both ends."""
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(gone / (at_risk * (at_risk - gone)))
        spread = Z_95 * np.sqrt(variance) / np.log(retention)
        low, high = retention ** np.exp(-spread), retention ** np.exp(spread)
    if len(retention):
        # nobody has left yet: as if the fewest seen so far had been seen throughout
        fewest = np.minimum.accumulate(np.maximum(at_risk, 1)).astype(np.int64)
        none_left = retention == 1
        low[none_left], high[none_left] = wilson_interval(retention, fewest)[0][none_left], 1.0
        all_left = retention == 0
        before = np.append(1.0, retention)[:-1]
        low[all_left], high[all_left] = 0.0, (before * (1 - hazard_low))[all_left]
        # who is still there later was there before
        low = np.fmax.accumulate(low[::-1])[::-1]
    return low, high

"""The life table of a relationship: who of those still there left in each period of it (S20).

The rows are counted by the engine they came from; what is computed here is as long as the longest tenure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.checking import check_count
from cvmlab.core.guarding import public
from cvmlab.core.refusing import brief
from cvmlab.core.statistics import wilson_interval
from cvmlab.core.words import CvmError, Wording
from cvmlab.data.tables import check_columns, collected

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: No relationship lasts longer: ten thousand days are 27 years.
MOST_PERIODS = 10_000
_Z = 1.959964
_ROWS = "rows_counted"


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
        For a missing column, gaps, a tenure that is no whole number from 0 to 10,000, and customers who left at 0 or
        were first seen after they were last seen.

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

    if entered is not None and window is not None:
        raise CvmError("retention.entered_or_window")
    if window is not None:
        check_count("window", window)
    counted = _counted(customers, tenure, left, entered, by)
    since = np.zeros(len(counted)) if entered is None else counted[entered].to_numpy(np.float64)
    if window is not None:
        since = np.maximum(counted[tenure].to_numpy(np.float64) - window, 0)
    counted = counted.assign(since=since.astype(np.int64))
    groups = [("", counted)] if by is None else list(counted.groupby(by, sort=True, observed=True))
    tables = [_table_of(rows, tenure, left).assign(**({} if by is None else {by: name})) for name, rows in groups]
    table: pd.DataFrame = pd.concat(tables, ignore_index=True)
    if not len(table):
        raise CvmError("retention.nobody_seen", column=tenure)
    ordered: pd.DataFrame = table if by is None else table[[by, *table.columns.drop(by)]]
    return ordered


def _counted(customers: Any, tenure: str, left: str, entered: str | None, by: str | None) -> pd.DataFrame:
    """Return the number of customers of each tenure, group and end, counted by their engine and checked."""
    keys = [name for name in (by, tenure, entered, left) if name is not None]
    check_columns(customers, keys)
    frame: Any = nw.from_native(customers)
    schema = frame.collect_schema()
    if schema[left] != nw.Boolean:
        raise CvmError("retention.not_yes_no", column=left, found=str(schema[left]))
    periods = [tenure] if entered is None else [tenure, entered]
    for name in periods:
        if not schema[name].is_numeric():
            said: dict[str, object] = {"table": "customers", "column": name, "found": str(schema[name])}
            raise CvmError("tables.wrong_type", expected=Wording("tables.kind_number"), **said)
    counts: pd.DataFrame = collected(frame.group_by(keys).agg(nw.len().alias(_ROWS))).to_pandas()
    if not len(counts):
        raise CvmError("tables.no_rows", table="customers")
    for name in keys:
        gaps = counts[name].isna().to_numpy()
        if gaps.any():
            raise CvmError("retention.missing", column=name, rows=int(counts.loc[gaps, _ROWS].sum()))
    for name in periods:
        _check_periods(counts, name)
    counts[left] = counts[left].astype(bool)
    _check_order(counts, tenure, left, entered)
    return counts


def _check_periods(counts: pd.DataFrame, column: str) -> None:
    figures = counts[column].to_numpy(np.float64)
    wrong = ~((figures >= 0) & (figures <= MOST_PERIODS) & (figures == np.floor(figures)))
    if wrong.any():
        value = figures[wrong.argmax()]
        rows = int(counts.loc[figures == value, _ROWS].sum())
        raise CvmError("retention.not_periods", column=column, value=brief(value), rows=rows, most=MOST_PERIODS)


def _check_order(counts: pd.DataFrame, tenure: str, left: str, entered: str | None) -> None:
    at_zero = counts[left] & (counts[tenure] == 0)
    if at_zero.any():
        raise CvmError("retention.left_at_zero", column=tenure, rows=int(counts.loc[at_zero, _ROWS].sum()))
    if entered is None:
        return
    # who left was seen in the period of leaving
    late = counts[entered] > counts[tenure] - counts[left]
    if late.any():
        first = counts[late].iloc[0]
        raise CvmError(
            "retention.entered_late", column=tenure, entered=entered, rows=int(counts.loc[late, _ROWS].sum()),
            value=brief(first[entered]), tenure=brief(first[tenure]),
        )  # fmt: skip


def _table_of(counts: pd.DataFrame, tenure: str, left: str) -> pd.DataFrame:
    """Return the life table of one group."""
    import pandas as pd

    last, since, rows = (counts[name].to_numpy(np.int64) for name in (tenure, "since", _ROWS))
    size = int(last.max()) + 1
    entries, ends, leavers = (
        np.bincount(period, weights=number, minlength=size)
        for period, number in ((since, rows), (last, rows), (last, rows * counts[left].to_numpy()))
    )
    seen = (np.cumsum(entries) - np.cumsum(ends))[:-1]
    # after the last who was seen there is nothing to say
    periods = int(np.flatnonzero(seen > 0)[-1]) + 1 if seen.any() else 0
    at_risk, gone = (part.astype(np.float64) for part in (seen[:periods], leavers[1 : periods + 1]))
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
        spread = _Z * np.sqrt(variance) / np.log(retention)
        low, high = retention ** np.exp(-spread), retention ** np.exp(spread)
    if len(retention):
        # nobody has left yet: as if the fewest seen so far had been seen throughout
        fewest = np.minimum.accumulate(np.maximum(at_risk, 1)).astype(np.int64)
        none_left = retention == 1
        low[none_left], high[none_left] = wilson_interval(retention, fewest)[0][none_left], 1.0
        all_left = retention == 0
        before = np.append(1.0, retention)[:-1]
        low[all_left], high[all_left] = 0.0, (before * (1 - hazard_low))[all_left]
    return low, high

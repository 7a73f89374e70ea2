"""From dates of joining and leaving to the months that a life table counts (S20, S26)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError
from cvmlab.data.tables import check_columns, check_days

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Months = NDArray[np.int64]

JOINED, LEFT = "joined_date", "left_date"
ADDED = ("tenure_months", "entered", "left", "month", "month_before")


@public
def lives_in_months(subscribers: pd.DataFrame, *, first: dt.date, last: dt.date) -> pd.DataFrame:
    """Return relationships with their months by two clocks: months since joining, and months of the calendar.

    Parameters
    ----------
    subscribers
        One row per relationship: ``joined_date``, ``left_date`` (empty while it lasts), and any others.
    first, last
        First and last day of the time that the table covers. Relationships that began before are in it only if they
        lasted until then.

    Returns
    -------
    pandas.DataFrame
        The rows of relationships that were seen, with all their columns and: ``tenure_months`` (the month of the
        relationship in which it ended, or the full months it had lasted at the end), ``entered`` (months that had
        passed when it came into view), ``left`` (whether it ended by the last day), ``month`` (number of the calendar
        month in which it ended, the month of ``first`` is 1; of ``last`` if it had not) and ``month_before`` (number of
        the month before the one in which it came into view).

    Raises
    ------
    CvmError
        For a missing column, columns that hold no dates, dates of joining that are missing, a relationship that ends
        before it begins, and a last day before the first.

    Notes
    -----
    For retention by tenure: `life_table` with ``entered="entered"``, by cohort with ``by=``. For what happened around a
    launch: `life_table` or `causes_of_leaving` with ``tenure="month"`` and ``entered="month_before"``: a period is then
    a calendar month. A month counts as lasted when its day is reached; the month of a relationship in which observation
    began is not counted, since those who left earlier in it were not seen, and who left in it is not in the result.

    Examples
    --------
    >>> import pandas as pd
    >>> subscribers = pd.DataFrame({
    ...     "joined_date": pd.to_datetime(["2008-10-20", "2009-02-10"]),
    ...     "left_date": pd.to_datetime([None, "2009-03-05"])})
    >>> lived = lives_in_months(subscribers, first=pd.Timestamp("2009-01-01"), last=pd.Timestamp("2009-12-31"))
    >>> lived[["tenure_months", "entered", "left", "month", "month_before"]].values.tolist()
    [[14, 3, False, 12, 0], [1, 0, True, 3, 1]]
    """
    import pandas as pd

    check_columns(subscribers, [JOINED, LEFT], "subscribers")
    begin, end = pd.Timestamp(first), pd.Timestamp(last)
    if end < begin:
        raise CvmError("retention.last_before_first", first=f"{begin:%Y-%m-%d}", last=f"{end:%Y-%m-%d}")
    check_days(subscribers, (JOINED, LEFT))
    joined, left = subscribers[JOINED], subscribers[LEFT]
    if joined.isna().any():
        raise CvmError("retention.missing", column=JOINED, rows=int(joined.isna().sum()))
    early = (left < joined).to_numpy()
    if early.any():
        row = int(early.argmax())
        dates = {"joined": f"{joined.iloc[row]:%Y-%m-%d}", "left": f"{left.iloc[row]:%Y-%m-%d}"}
        raise CvmError("retention.left_before_joined", row=row + 1, **dates)
    ended = (left <= end).to_numpy()
    # one day on: the last day has been seen to its end
    until = left.where(ended, end + pd.Timedelta(days=1))
    full = _full_months(joined, until)
    came = joined < begin
    # the month in which observation began is seen in part only
    seen_from = np.where(came, -_full_months(pd.Series(begin, subscribers.index), joined), 0)
    months = {"tenure_months": np.where(ended, full + 1, full), "entered": seen_from, "left": ended}
    calendar = {"month": _month(until.where(ended, end)), "month_before": _month(joined) - 1}
    origin = begin.year * 12 + begin.month - 1
    counted = {name: np.maximum(number - origin, 0) for name, number in calendar.items()}
    lived = subscribers.assign(**months, **counted)
    seen = (joined <= end).to_numpy() & (months["tenure_months"] - ended >= seen_from) & (until >= begin).to_numpy()
    chosen: pd.DataFrame = lived[seen].reset_index(drop=True)
    return chosen


def _month(days: pd.Series[pd.Timestamp]) -> Months:
    """Return the number of the calendar month, from year 0 on."""
    return np.asarray(days.dt.year * 12 + days.dt.month, dtype=np.int64)


def _full_months(begin: pd.Series[pd.Timestamp], end: pd.Series[pd.Timestamp]) -> Months:
    """Return the months that are full between two days; below zero, rounded down, where the end comes first."""
    months = _month(end) - _month(begin) - (end.dt.day < begin.dt.day).to_numpy()
    return np.asarray(months, dtype=np.int64)

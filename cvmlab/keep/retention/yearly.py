"""The customers of each year: there at its start, left, joined (S20)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cvmlab.core.checking import check_count
from cvmlab.core.guarding import public
from cvmlab.data.tables import CUSTOMER_ID, check_columns, check_days

if TYPE_CHECKING:
    import pandas as pd

FIRST_YEAR, LAST_YEAR = 1900, 2200


@public
def yearly_base(subscribers: pd.DataFrame, years: Sequence[int]) -> pd.DataFrame:
    """Return for each year how many relationships it began with, lost and won, and the retention rate.

    Parameters
    ----------
    subscribers
        One row per relationship: ``customer_id``, ``joined_date``, ``left_date`` (empty while it lasts). A customer
        who comes back has another row.
    years
        Calendar years, 1900 to 2200.

    Returns
    -------
    pandas.DataFrame
        One row per year: ``year``, ``at_start`` (relationships on 1 January: those joined before), ``left`` (those of
        them that ended in the year), ``back`` (those of the left whose customer has another relationship at its end),
        ``joined`` (relationships begun in the year), ``at_end``, ``retention_rate`` (1 − left / at_start; NaN without
        anybody at the start), ``churn_rate``, and ``retention_of_people`` (those back count as kept).

    Raises
    ------
    CvmError
        For a missing column, dates that are none or have a time zone, and years that are no years.

    Notes
    -----
    Those who join and leave within a year are in ``joined`` alone, so that neither hides leavers: dividing the base at
    the end by the base at the start counts newcomers as kept.

    Examples
    --------
    >>> import pandas as pd
    >>> dates = {"joined_date": ["2019-05-01", "2019-06-01", "2020-03-01"], "left_date": ["2020-02-01", None, None]}
    >>> subscribers = pd.DataFrame(dates).apply(pd.to_datetime).assign(customer_id=["a", "b", "a"])
    >>> yearly_base(subscribers, [2020]).iloc[0, 1:].tolist()
    [2.0, 1.0, 1.0, 1.0, 2.0, 0.5, 0.5, 1.0]
    """
    import pandas as pd

    check_columns(subscribers, [CUSTOMER_ID, "joined_date", "left_date"], "subscribers")
    check_days(subscribers, ["joined_date", "left_date"])
    joined, left = subscribers["joined_date"], subscribers["left_date"]
    rows = []
    for year in years:
        check_count("year", year, FIRST_YEAR, LAST_YEAR)
        begin, after = (pd.Timestamp(which, 1, 1) for which in (year, year + 1))
        there = (joined < begin) & ~(left < begin)
        gone = there & (left < after)
        at_end = (joined < after) & ~(left < after)
        ids = subscribers[CUSTOMER_ID]
        back = ids[gone].isin(ids[at_end]).sum()
        counts = {"at_start": there.sum(), "left": gone.sum(), "back": back}
        counts |= {"joined": ((joined >= begin) & (joined < after)).sum(), "at_end": at_end.sum()}
        rows.append({"year": year, **{name: int(count) for name, count in counts.items()}})
    table = pd.DataFrame(rows, columns=["year", "at_start", "left", "back", "joined", "at_end"])
    churn = table["left"] / table["at_start"].where(table["at_start"] > 0)
    people = 1 - (table["left"] - table["back"]) / table["at_start"].where(table["at_start"] > 0)
    return table.assign(retention_rate=1 - churn, churn_rate=churn, retention_of_people=people)

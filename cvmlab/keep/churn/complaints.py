"""From complaint to switch (S21): how often customers leave after a complaint, counted from the same day for all."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.annotations import OrNaN
from cvmlab.core.checking import check_count
from cvmlab.core.formats import percent
from cvmlab.core.guarding import public
from cvmlab.core.statistics import Z_95
from cvmlab.core.words import CvmError, say
from cvmlab.data.tables import (
    CUSTOMER_ID,
    DATE,
    Column,
    Table,
    check_present,
    check_table,
    check_text_ids,
    without_id,
)

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Days = NDArray[np.int64]

JOINED, LEFT = "joined_date", "left_date"
SUBSCRIBERS = Table(
    "subscribers",
    (Column(CUSTOMER_ID, "id", required=True), Column(JOINED, "date", required=True), Column(LEFT, "date", True)),
)
COMPLAINTS = Table("complaints", (Column(CUSTOMER_ID, "id", required=True), Column(DATE, "date", required=True)))
#: No complaint so far, one within the last days, one or more before that.
STATES = ("none_so_far", "within", "later")
_MONTH, _MOST_DAYS = 30, 3_650


@public
@dataclass(frozen=True)
class AfterComplaints:
    """How often customers leave after a complaint.

    Attributes
    ----------
    days
        Days after a complaint that count as "after a complaint", the day itself included.
    start, end
        First and last day counted, the same for all.
    table
        One row per state of a customer on a day, ``none_so_far``, ``within`` (a complaint in the last ``days``) and
        ``later`` (the last complaint is longer ago): ``state``, ``relationships`` (that were in it), ``at_risk_days``,
        ``left``, ``rate`` (share that leaves in 30 days), ``rate_low``, ``rate_high`` (95%). NaN without any days.
    ratio, ratio_low, ratio_high
        Rate of those within ``days`` of a complaint over that of all others on the same days, with its 95% interval.
        NaN if nobody left in one of the two states.
    ever
        The comparison that misleads, ``complained`` (True or False), ``relationships``, ``left`` and ``share_left``:
        who ever complained against who never did.
    outside
        Complaints that fall into no relationship in the table, or lie after ``end``.
    """

    days: int
    start: dt.date
    end: dt.date
    table: pd.DataFrame
    ratio: OrNaN
    ratio_low: OrNaN
    ratio_high: OrNaN
    ever: pd.DataFrame
    outside: int

    def sentence(self) -> str:
        """Return both comparisons as a sentence in the language in force."""
        never, ever = (percent(share) if share == share else "–" for share in self.ever["share_left"])
        said = {"days": self.days, "ever": ever, "never": never}
        if np.isnan(self.ratio):
            return say("reasons.complaints_unknown", **said)
        ratios = {"ratio": f"{self.ratio:.2f}", "low": f"{self.ratio_low:.2f}", "high": f"{self.ratio_high:.2f}"}
        return say("reasons.complaints_message", **said, **ratios)


@public
def complaints_before_leaving(
    subscribers: pd.DataFrame,
    complaints: pd.DataFrame,
    *,
    days: int = 90,
    start: dt.date | None = None,
    end: dt.date | None = None,
) -> AfterComplaints:
    """Return how often customers leave within some days of a complaint, against others on the same days.

    Parameters
    ----------
    subscribers
        One row per relationship: ``customer_id``, ``joined_date`` and ``left_date`` (empty while it lasts). Further
        columns are not looked at.
    complaints
        One row per complaint: ``customer_id`` and ``date``.
    days
        How long a customer counts as "after a complaint": the day of it and those that follow, 1 to 3,650.
    start, end
        First and last day that is counted, for everybody. If left out, ``start`` lies ``days`` after the first
        complaint, so that nobody's state is unknown, and ``end`` is the last date in both tables.

    Returns
    -------
    AfterComplaints
        ``table`` (days at risk, leavers and rate in each state), ``ratio`` with its interval, ``ever`` (the comparison
        that misleads) and ``sentence()``. ``ratio`` is NaN if nobody left in one of the states.

    Raises
    ------
    CvmError
        For missing columns and dates, ids that are not text, a relationship that ends before it starts, complaints of
        other customers only, and a ``start`` that is not before ``end``.

    Notes
    -----
    Each day of each relationship is in one state, by what had happened until then. rate = 30 × left / days at risk,
    interval by Garwood (1936). ratio = Σ a₁n₀/n / Σ a₀n₁/n over the days, where a₁ of n₁ leave within ``days`` of a
    complaint and a₀ of the n₀ others: the rate ratio of Mantel & Haenszel with the interval of Greenland & Robins
    (1985). Who ever complained cannot be compared with who never did: those who stay longer have had more time to
    complain, and nobody complains after leaving. *Assumed*: customers leave independently of one another, and every
    complaint is in the table. A ratio is not an effect: dissatisfied customers complain more often and leave more
    often, whether or not a complaint itself makes it worse.

    Examples
    --------
    >>> import pandas as pd
    >>> subscribers = pd.DataFrame({
    ...     "customer_id": list("abcd"), "joined_date": pd.Timestamp("2024-01-01"),
    ...     "left_date": pd.to_datetime(["2024-05-10", "2024-05-05", None, None]),
    ... })
    >>> said = pd.DataFrame({"customer_id": ["a", "c"], "date": pd.to_datetime(["2024-05-01", "2024-03-01"])})
    >>> found = complaints_before_leaving(subscribers, said, days=30)
    >>> found.table[["state", "at_risk_days", "left"]].values.tolist()
    [['none_so_far', 108, 1], ['within', 10, 1], ['later', 41, 0]]
    >>> print(found.sentence()[:66])
    Within 30 days of a complaint customers leave 2.67 times as often
    """
    check_count("days", days, 1, _MOST_DAYS)
    lives = _lives(subscribers)
    said = _said(complaints)
    first, last = _bounds(lives, said, days, start, end)
    lives = lives.assign(last=lives["left"].fillna(last + 1).clip(upper=last + 1).astype(np.int64))
    events = lives.merge(said, on=CUSTOMER_ID)
    if not len(events):
        raise CvmError("reasons.other_complainers", customer=said[CUSTOMER_ID].iloc[0])
    events = events[(events["joined"] <= events["day"]) & (events["day"] <= events["last"].clip(upper=last))]
    events = events.drop_duplicates(["row", "day"]).sort_values(["row", "day"], ignore_index=True)
    outside = int((~said["complaint"].isin(events["complaint"])).sum())
    counts = _by_day(lives, events, days, first, last)
    return AfterComplaints(
        days=days,
        start=_date(first),
        end=_date(last),
        table=_table(counts),
        **dict(zip(("ratio", "ratio_low", "ratio_high"), _ratio(counts), strict=True)),
        ever=_ever(lives, events, first, last),
        outside=outside,
    )


def _days(dates: pd.Series[Any]) -> NDArray[np.float64]:
    """Return dates as days since 1970-01-01, NaN where there is none."""
    days = dates.to_numpy("datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype(np.int64).astype(float))


def _date(day: int) -> dt.date:
    found: dt.date = np.datetime64(int(day), "D").item()
    return found


def _checked(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    check_table(frame, table)
    if not len(frame):
        raise CvmError("tables.no_rows", table=table.name)
    check_present(without_id(frame[CUSTOMER_ID]), CUSTOMER_ID, table.name)
    check_text_ids(frame, table.name)
    return frame.reset_index(drop=True)


def _lives(subscribers: pd.DataFrame) -> pd.DataFrame:
    """Return a row per relationship: ``customer_id``, ``row``, ``joined`` and ``left`` as days."""
    import pandas as pd

    frame = _checked(subscribers, SUBSCRIBERS)
    joined, left = _days(frame[JOINED]), _days(frame[LEFT])
    check_present(np.isnan(joined), JOINED, SUBSCRIBERS.name)
    early = left < joined
    if early.any():
        row = int(early.argmax())
        dates = {"joined": f"{_date(joined[row])}", "left": f"{_date(left[row])}"}
        raise CvmError("reasons.left_before_joined", row=row + 1, customer=frame[CUSTOMER_ID].iloc[row], **dates)
    ids = frame[CUSTOMER_ID].astype(str)
    return pd.DataFrame({CUSTOMER_ID: ids, "row": np.arange(len(frame)), "joined": joined.astype(int), "left": left})


def _said(complaints: pd.DataFrame) -> pd.DataFrame:
    """Return a row per complaint: ``customer_id``, ``complaint`` (its number) and ``day``."""
    import pandas as pd

    frame = _checked(complaints, COMPLAINTS)
    day = _days(frame[DATE])
    check_present(np.isnan(day), DATE, COMPLAINTS.name)
    ids = frame[CUSTOMER_ID].astype(str)
    return pd.DataFrame({CUSTOMER_ID: ids, "complaint": np.arange(len(frame)), "day": day.astype(int)})


def _bounds(
    lives: pd.DataFrame, said: pd.DataFrame, days: int, start: dt.date | None, end: dt.date | None
) -> tuple[int, int]:
    ends = [said["day"].max(), lives["joined"].max(), *lives["left"].dropna().nlargest(1)]
    first = int(said["day"].min()) + days if start is None else np.datetime64(start, "D").astype(int)
    last = int(max(ends)) if end is None else np.datetime64(end, "D").astype(int)
    if first >= last:
        raise CvmError("reasons.start_not_before_end", start=f"{_date(first)}", end=f"{_date(last)}", days=days)
    return int(first), int(last)


def _by_day(lives: pd.DataFrame, events: pd.DataFrame, days: int, first: int, last: int) -> dict[str, dict[str, Any]]:
    """Return for each state the relationships at risk and those that left, day by day from first to last."""
    size = last - first + 1
    since, until = lives["joined"].clip(lower=first).to_numpy(), lives["last"].clip(upper=last).to_numpy()

    def at_risk(begin: Days, finish: Days) -> Days:
        """Count on each day the spans that hold it; those that end before they begin hold none."""
        holds = begin <= finish
        steps = np.bincount(begin[holds] - first, minlength=size + 1)
        return np.cumsum(steps - np.bincount(finish[holds] - first + 1, minlength=size + 1))[:size]

    row, day = events["row"].to_numpy(), events["day"].to_numpy()
    opens = np.ones(len(events), bool)
    opens[1:] = row[1:] != row[:-1]
    # a complaint counts until the next one, which counts from then on
    following = np.append(day[1:], last + days + 1)
    following[np.append(opens[1:], True)] = last + days + 1
    begin, stop = np.maximum(day, since[row]), np.minimum(np.minimum(day + days, following) - 1, until[row])
    opened = np.maximum(day[opens], since[row[opens]])
    ever, within, total = at_risk(opened, until[row[opens]]), at_risk(begin, stop), at_risk(since, until)
    gone = ((lives["left"] >= np.maximum(first, lives["joined"])) & (lives["left"] <= last)).to_numpy()
    latest = np.full(len(lives), -(10**9))
    np.maximum.at(latest, row, day)
    gap = lives["left"].fillna(0).to_numpy() - latest
    at_risk_in = {"none_so_far": total - ever, "within": within, "later": ever - within}
    places = {"none_so_far": gap > 10**8, "within": gap < days, "later": (gap >= days) & (gap <= 10**8)}
    left_on = lives["left"].fillna(first).to_numpy().astype(int) - first
    seen = {"none_so_far": _seen_before(lives, events, since, until), "within": np.unique(row[begin <= stop])}
    seen["later"] = np.unique(row[np.minimum(following - 1, until[row]) >= np.maximum(day + days, since[row])])
    return {
        state: {
            "at_risk": at_risk_in[state],
            "left": np.bincount(left_on[gone & places[state]], minlength=size)[:size],
            "relationships": len(seen[state]),
        }
        for state in STATES
    }


def _seen_before(lives: pd.DataFrame, events: pd.DataFrame, since: Days, until: Days) -> Days:
    """Return the relationships that were seen on a day before any complaint."""
    opened = np.full(len(lives), 10**9)
    np.minimum.at(opened, events["row"].to_numpy(), events["day"].to_numpy())
    found: Days = np.flatnonzero(np.minimum(until, opened - 1) >= since)
    return found


def _table(counts: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Return days at risk, leavers and rate in each state."""
    import pandas as pd
    from scipy.stats import chi2

    rows = []
    for state in STATES:
        days, left = int(counts[state]["at_risk"].sum()), int(counts[state]["left"].sum())
        low = chi2.ppf(0.025, 2 * left) / 2 if left else 0.0
        bounds = [
            _MONTH * figure / days if days else np.nan for figure in (left, low, chi2.ppf(0.975, 2 * left + 2) / 2)
        ]
        rows.append((state, counts[state]["relationships"], days, left, *bounds))
    names = ["state", "relationships", "at_risk_days", "left", "rate", "rate_low", "rate_high"]
    return pd.DataFrame(rows, columns=names)


def _ratio(counts: dict[str, dict[str, Any]]) -> tuple[float, float, float]:
    """Return the rate ratio of Mantel and Haenszel over the days, and its 95% bounds."""
    hit, exposed = counts["within"]["left"], counts["within"]["at_risk"]
    missed, others = (counts["none_so_far"][name] + counts["later"][name] for name in ("left", "at_risk"))
    all_of = np.maximum(exposed + others, 1)
    above, below = (hit * others / all_of).sum(), (missed * exposed / all_of).sum()
    if not (above and below):
        return np.nan, np.nan, np.nan
    ratio = above / below
    variance = ((hit + missed) * exposed * others / all_of**2).sum() / (above * below)
    spread = np.exp(Z_95 * np.sqrt(variance))
    return float(ratio), float(ratio / spread), float(ratio * spread)


def _ever(lives: pd.DataFrame, events: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """Return the share that left among those who never and who ever complained, as one would first compute it."""
    import pandas as pd

    here = (lives["last"] >= first) & (lives["joined"] <= last)
    complained = lives["row"].isin(events["row"])
    left = lives["left"].between(first, last)
    rows = [
        (flag, int((here & (complained == flag)).sum()), int((left & (complained == flag)).sum()))
        for flag in (False, True)
    ]
    table = pd.DataFrame(rows, columns=["complained", "relationships", "left"])
    return table.assign(share_left=table["left"] / table["relationships"].where(table["relationships"] > 0))

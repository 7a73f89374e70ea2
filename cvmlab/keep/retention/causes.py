"""What customers are lost to, where several causes compete for each of them (S21)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.guarding import public
from cvmlab.core.refusing import brief
from cvmlab.core.statistics import wilson_interval
from cvmlab.core.words import CvmError

from .counting import count_customers, seen_and_gone

if TYPE_CHECKING:
    import pandas as pd

#: The cause of those who left and of whom no cause is known.
UNKNOWN = "unknown"
#: More causes than this are reasons in somebody's own words.
MOST_CAUSES = 100


@public
def causes_of_leaving(
    customers: AnyFrame,
    *,
    cause: str,
    tenure: str = "tenure_months",
    left: str = "left",
    entered: str | None = None,
    window: int | None = None,
) -> pd.DataFrame:
    """Return the rate at which customers leave for each cause in each period, and the share lost to it so far.

    Parameters
    ----------
    customers
        One row per customer, a frame of any engine.
    cause
        Column of causes, text, one per customer who left. A leaver without one counts under the cause ``unknown``;
        the causes of those who are still there are not read.
    tenure, left, entered, window
        As in `life_table`.

    Returns
    -------
    pandas.DataFrame
        A row per period and cause, causes in alphabetical order, ``unknown`` last: ``period``, ``cause``,
        ``at_risk``, ``left`` (for this cause), ``hazard`` (share of those at risk who left for it), ``hazard_low``,
        ``hazard_high``, ``share_lost`` (share of a cohort lost to the cause by the end of the period),
        ``share_lost_if_alone`` (share that would be lost if there were no other cause), ``retention`` (share still
        there). Shares of 1; NaN from the first period on in which nobody was seen.

    Raises
    ------
    CvmError
        For what `life_table` refuses, for causes that are not text, for more than 100 of them, and where nobody left.

    Notes
    -----
    share_lost = Σ retention(p − 1) · hazard of the cause in p, the estimator of Aalen & Johansen (1978), so that
    retention and the shares lost to all causes add up to 1. ``share_lost_if_alone`` is 1 − Π (1 − hazard of the
    cause), one minus Kaplan–Meier with other leavers taken for customers still there. It answers another question, and
    *assumes* that the causes are independent, which no table of this kind can show: a customer who was poached might
    have moved away next month. As a share of customers lost to the cause it overstates, and over all causes it may add
    up to more than 1. *Assumed*: each leaver has one cause, rightly named; late entry as in `life_table`.

    Examples
    --------
    >>> import pandas as pd
    >>> subscribers = pd.DataFrame({
    ...     "tenure_months": [1, 1, 1, 1, 2, 2, 2, 2], "left": [True, True, False, False, True, True, True, False],
    ...     "cause": ["poached", "attracted", None, None, "poached", "poached", None, None]})
    >>> lost = causes_of_leaving(subscribers, cause="cause")
    >>> columns = ["period", "cause", "left", "hazard", "share_lost", "share_lost_if_alone"]
    >>> print(lost[columns].round(3).to_string(index=False))
     period     cause  left  hazard  share_lost  share_lost_if_alone
          1 attracted     1   0.125       0.125                0.125
          1   poached     1   0.125       0.125                0.125
          1   unknown     0   0.000       0.000                0.000
          2 attracted     0   0.000       0.125                0.125
          2   poached     2   0.500       0.500                0.562
          2   unknown     1   0.250       0.188                0.250
    """
    import pandas as pd

    counted = count_customers(customers, tenure=tenure, left=left, entered=entered, window=window, cause=cause)
    gone_for = _causes(counted, cause)
    seen, leavers = seen_and_gone(counted)
    if not seen.any():
        raise CvmError("retention.nobody_seen", column=tenure)
    if not leavers.any():
        raise CvmError("retention.nobody_left_for", column=left)
    periods = int(np.flatnonzero(seen > 0)[-1]) + 1
    causes = sorted(set(gone_for.dropna()) - {UNKNOWN})
    causes += [UNKNOWN] if (gone_for == UNKNOWN).any() else []
    if len(causes) > MOST_CAUSES:
        raise CvmError("retention.too_many_causes", column=cause, causes=len(causes), most=MOST_CAUSES)
    rows, last = counted["rows"].to_numpy(np.int64), counted["last"].to_numpy(np.int64)
    left_for = np.column_stack(
        [np.bincount(last, rows * (gone_for == one).to_numpy(), periods + 1)[1 : periods + 1] for one in causes]
    )
    at_risk = seen[:periods]
    count = np.maximum(at_risk, 1)
    # nothing is known of a period in which nobody was seen
    hazard = np.where(at_risk[:, None] > 0, left_for / count[:, None], np.nan)
    low, high = wilson_interval(hazard, count[:, None])
    retention = np.cumprod(1 - hazard.sum(axis=1))
    lost = np.cumsum(np.append(1.0, retention)[:-1, None] * hazard, axis=0)
    return pd.DataFrame(
        {
            "period": np.repeat(np.arange(1, periods + 1), len(causes)),
            "cause": causes * periods,
            "at_risk": np.repeat(at_risk, len(causes)),
            "left": left_for.ravel().astype(np.int64),
            "hazard": hazard.ravel(),
            "hazard_low": low.ravel(),
            "hazard_high": high.ravel(),
            "share_lost": lost.ravel(),
            "share_lost_if_alone": 1 - np.cumprod(1 - hazard, axis=0).ravel(),
            "retention": np.repeat(retention, len(causes)),
        }
    )


def _causes(counted: pd.DataFrame, column: str) -> pd.Series[str]:
    """Return the cause of each row: a text of those who left, nothing of the others."""
    causes = counted["cause"].astype(object)
    known = counted["left"] & causes.notna()
    other = known & ~causes.map(lambda one: isinstance(one, str)).astype(bool)
    if other.any():
        raise CvmError("retention.cause_not_text", column=column, value=brief(causes[other].iloc[0]))
    named = causes.where(known, None).map(str.strip, na_action="ignore")
    blank = counted["left"] & (named.isna() | (named == ""))
    return named.mask(blank, UNKNOWN)

"""Silence and waking: how many days without a purchase, and who buys again after them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..checking import check_parameter
from ..errors import CvmError
from ..periods import as_date
from ..tables import CUSTOMER_ID, DATE, check_columns
from .events import days


def dormancy(
    transactions: pd.DataFrame,
    *,
    silent_days: Sequence[int] = (30, 60, 90, 180, 365),
    within_days: int = 365,
    as_of: dt.date | str | None = None,
) -> pd.DataFrame:
    """Return who falls silent for so many days, and the chance that a silence of that length still ends.

    Every purchase day begins a silence, which the next purchase day ends; the last one of each customer still
    lasts. The chances come from the Kaplan–Meier curve of all silences, so that those which still last are
    not taken for the end of a customer.

    Parameters
    ----------
    transactions
        ``customer_id``, ``date`` [, ``amount``: only rows above 0 are purchases].
    silent_days
        Lengths of silence to look at, whole days from 1.
    within_days
        Time in which a silent customer may wake for ``chance_within``.
    as_of
        Day of the last look; the last day of the log if left out. Later rows are left out.

    Returns
    -------
    pandas.DataFrame
        One row a length, in rising order: ``silent_days``; ``silences`` (seen to last that long or longer),
        ``woken`` (of them ended by a purchase so far), ``share_woken`` (a lower bound: some still last);
        ``chance_within`` (chance to buy within ``within_days`` after that silence; NaN beyond what was
        seen), ``chance_seen`` (chance to buy within the longest silence seen to end); ``silent_now``
        (customers silent that long on the as-of day), ``share_silent_now`` (of those whose first
        purchase lies that far back; NaN if there are none).

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"], "date": pd.to_datetime(["2024-01-01", "2024-05-01", "2024-02-01"])})
    >>> dormancy(log, silent_days=(90,), as_of="2024-12-31")[["silences", "woken", "silent_now"]].values.tolist()
    [[3, 1, 2]]
    """
    check_columns(transactions, [CUSTOMER_ID, DATE], "transactions")
    check_parameter("silent_days", np.asarray(silent_days), 1)
    check_parameter("within_days", within_days, 1)
    length, woken, since_first = _silences(transactions, as_of)
    gone = np.sort(length[woken])
    ends, count = np.unique(gone, return_counts=True)
    at_risk = len(length) - np.searchsorted(np.sort(length), ends, side="left")
    staying = np.append(1.0, np.cumprod(1 - count / at_risk))

    def silent_after(day: int) -> float:
        # a silence that ends on the day itself has not lasted longer than it
        return float(staying[np.searchsorted(ends, day, side="right")])

    longest = length.max()
    rows = []
    for day in sorted({int(number) for number in silent_days}):
        lasted = length >= day
        before = silent_after(day - 1)
        old_enough = int((since_first >= day).sum())
        silent_now = int((lasted & ~woken).sum())
        rows.append({
            "silent_days": day,
            "silences": int(lasted.sum()),
            "woken": int((lasted & woken).sum()),
            "share_woken": (lasted & woken).sum() / lasted.sum() if lasted.any() else np.nan,
            "chance_within": 1 - silent_after(day + within_days) / before
            if before > 0 and day + within_days <= longest else np.nan,
            "chance_seen": 1 - float(staying[-1]) / before if before > 0 and lasted.any() else np.nan,
            "silent_now": silent_now,
            "share_silent_now": silent_now / old_enough if old_enough else np.nan,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _silences(
    transactions: pd.DataFrame, as_of: dt.date | str | None
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    """Return length and end (True: a purchase) of each silence, and each customer's days since the first purchase."""
    bought = transactions[transactions["amount"] > 0] if "amount" in transactions else transactions
    if as_of is not None:
        bought = bought[bought[DATE].to_numpy() < np.datetime64(as_date(as_of)) + np.timedelta64(1, "D")]
    if not len(bought):
        raise CvmError("tables.no_rows", table="transactions")
    gaps = bought[[CUSTOMER_ID, DATE]].isna().to_numpy().any(axis=1)
    if gaps.any():
        raise CvmError("tables.missing_values", table="transactions", column=f"{CUSTOMER_ID}, {DATE}",
                       count=int(gaps.sum()), row=int(gaps.argmax()) + 1)  # fmt: skip
    day = days(bought[DATE])
    end = np.datetime64(as_date(as_of), "D").astype(np.int64) if as_of is not None else day.max()
    ids, _ = pd.factorize(bought[CUSTOMER_ID])
    pairs = np.unique(np.stack([ids, day]), axis=1)
    ids, day = pairs[0], pairs[1]
    last = np.append(ids[1:] != ids[:-1], True)
    first = np.append(True, last[:-1])
    length = np.where(last, end, np.append(day[1:], 0)) - day
    return length, ~last, end - day[first]

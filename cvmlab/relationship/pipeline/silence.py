"""Silence and waking: how long customers go without a purchase, and how many of them buy again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.checking import check_count
from cvmlab.core.guarding import public
from cvmlab.core.periods import as_date
from cvmlab.core.statistics import wilson_interval
from cvmlab.core.words import CvmError
from cvmlab.data.tables import AMOUNT, CUSTOMER_ID, DATE, Column, Table, check_columns, check_table, numbers

from .events import STATE, STATES, checked_stays, days
from .inputs import check_filled, pandas_frame
from .rates import kaplan_meier

BOUGHT = Table(
    "transactions",
    (Column(CUSTOMER_ID, "id", required=True), Column(DATE, "date", required=True), Column(AMOUNT, "number")),
)


@public
def dormancy(
    transactions: AnyFrame,
    *,
    silent_days: int | Sequence[int] = (30, 60, 90, 180, 365),
    within_days: int = 365,
    as_of: dt.date | str | None = None,
) -> pd.DataFrame:
    """Return how many customers fall silent for so many days, and the chance that such a silence still ends.

    Every purchase day begins a silence, which the next purchase day ends; the last one of each customer still lasts.
    The chances come from the Kaplan–Meier curve of all silences, so that those which still last are not taken for the
    end of a customer.

    Parameters
    ----------
    transactions
        Frame of pandas, polars, DuckDB or pyarrow: ``customer_id``, ``date`` [, ``amount``: only rows above 0 are
        purchases].
    silent_days
        Lengths of silence to look at, or one of them: whole days from 1.
    within_days
        Time in which a silent customer may buy again for ``chance_within``, whole days from 1.
    as_of
        Last day observed, later rows are left out; the last day of the log if left out.

    Returns
    -------
    pandas.DataFrame
        One row per length, in rising order: ``silent_days``; ``silences`` (that lasted that long or longer), ``woken``
        (of them ended by a purchase so far), ``share_woken`` (a lower bound: some still last); ``followed`` (silences
        that were that long at least ``within_days`` before the as-of day), ``woken_within`` (of these, ended within
        ``within_days`` more), ``share_within`` (woken_within/followed; NaN if none), ``low_within``, ``high_within``
        (its 95% Wilson interval); ``chance_within`` (the same chance from the Kaplan–Meier curve of all silences; NaN
        beyond what was observed), ``chance_seen`` (chance to buy within the longest silence observed to end);
        ``silent_now`` (customers silent that long on the as-of day), ``share_silent_now`` (of those whose first
        purchase lies that far back; NaN if there are none).

    Raises
    ------
    CvmError
        For something that is not a frame, no purchases up to the as-of day, a missing column or one of another type
        (dates with a time zone, amounts as text), gaps, or lengths that are not whole numbers from 1. The sentence
        names column and row.

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"], "date": pd.to_datetime(["2024-01-01", "2024-05-01", "2024-02-01"])})
    >>> dormancy(log, silent_days=(90,), as_of="2024-12-31")[["silences", "woken", "silent_now"]].values.tolist()
    [[3, 1, 2]]
    """
    lengths = _lengths(silent_days)
    check_count("within_days", within_days)
    silences = _silences(transactions, as_of)
    length, woken = silences["length"].to_numpy(), silences["woken"].to_numpy()
    since_first = silences.groupby(CUSTOMER_ID)["since_began"].max().to_numpy()
    curve = kaplan_meier(length, woken)
    ends, staying = curve["days"].to_numpy()[1:], curve["staying"].to_numpy()

    def silent_after(day: int) -> float:
        # a silence that ends on the day itself has not lasted longer than it
        return float(staying[np.searchsorted(ends, day, side="right")])

    longest = length.max()
    rows = []
    for day in lengths:
        lasted = length >= day
        before = silent_after(day - 1)
        old_enough = int((since_first >= day).sum())
        silent_now = int((lasted & ~woken).sum())
        watched = _followed(silences, day, within_days)
        rows.append({
            "silent_days": day,
            "silences": int(lasted.sum()),
            "woken": int((lasted & woken).sum()),
            "share_woken": (lasted & woken).sum() / lasted.sum() if lasted.any() else np.nan,
            "followed": len(watched),
            "woken_within": int(watched["woken_within"].sum()),
            "share_within": watched["woken_within"].mean(),
            "chance_within": 1 - silent_after(day + within_days) / before
            if before > 0 and day + within_days <= longest else np.nan,
            "chance_seen": 1 - float(staying[-1]) / before if before > 0 and lasted.any() else np.nan,
            "silent_now": silent_now,
            "share_silent_now": silent_now / old_enough if old_enough else np.nan,
        })  # fmt: skip
    found = pd.DataFrame(rows)
    share = found["share_within"].to_numpy(np.float64)
    # nobody followed has no share, and no interval either
    low, high = wilson_interval(share, found["followed"].clip(lower=1).to_numpy(np.int64))
    return found.assign(low_within=low, high_within=high)


@public
def silence_by_state(
    transactions: AnyFrame,
    stays: pd.DataFrame,
    *,
    silent_days: int | Sequence[int] = (30, 180, 365),
    within_days: int = 365,
    as_of: dt.date | str | None = None,
) -> pd.DataFrame:
    """Return in which state silent customers were, and how many of each state bought again: silent is not dormant.

    The silences are those that `dormancy` counts as ``followed``. The state is that of the day on which the silence
    had lasted so long; outside simulated data it is rarely known.

    Parameters
    ----------
    transactions, silent_days, within_days, as_of
        As in `dormancy`.
    stays
        ``customer_id``, ``state``, ``start``, from `spells`; silences of customers without a stay are left out.

    Returns
    -------
    pandas.DataFrame
        ``silent_days``, ``state``, ``followed`` (silences), ``woken_within`` (of these, ended within ``within_days``
        more): the rows of one length in the order of the pipeline, none for a state in which nobody was.

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"], "date": pd.to_datetime(["2024-01-01", "2024-05-01", "2024-02-01"])})
    >>> stays = pd.DataFrame({
    ...     "customer_id": ["a", "b", "b"], "state": ["user", "user", "dormant"],
    ...     "start": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-03-01"])})
    >>> silence_by_state(log, stays, silent_days=90, as_of="2025-12-31").values.tolist()
    [[90, 'user', 2, 1], [90, 'dormant', 1, 0]]
    """
    lengths = _lengths(silent_days)
    check_count("within_days", within_days)
    silences = _silences(transactions, as_of)
    begun = checked_stays(stays, CUSTOMER_ID, "start").assign(on=lambda frame: days(frame["start"])).sort_values("on")
    begun = begun[[CUSTOMER_ID, STATE, "on"]].astype({CUSTOMER_ID: object})
    rows = []
    for day in lengths:
        watched = _followed(silences, day, within_days)
        watched = watched.assign(on=watched["began"] + day).astype({CUSTOMER_ID: object}).sort_values("on")
        there = pd.merge_asof(watched, begun, on="on", by=CUSTOMER_ID)
        by_state = there.groupby(STATE)["woken_within"].agg(["size", "sum"])
        rows += [(day, state, *by_state.loc[state]) for state in STATES if state in by_state.index]
    return pd.DataFrame(rows, columns=["silent_days", STATE, "followed", "woken_within"])


def _followed(silences: pd.DataFrame, day: int, within_days: int) -> pd.DataFrame:
    """Return the silences that were so long at least ``within_days`` ago, and whether they ended within these."""
    seen = silences[(silences["length"] >= day) & (silences["since_began"] >= day + within_days)]
    return seen.assign(woken_within=seen["woken"] & (seen["length"] <= day + within_days))


def _lengths(silent_days: int | Sequence[int]) -> list[int]:
    given: list[Any] = [silent_days] if isinstance(silent_days, int) else list(silent_days)
    if not given:
        raise CvmError("pipeline.no_silence")
    for number in given:
        check_count("silent_days", number)
    return sorted({int(number) for number in given})


def _checked(transactions: AnyFrame) -> pd.DataFrame:
    log = pandas_frame(transactions, BOUGHT.name)
    check_columns(log, BOUGHT.required(), BOUGHT.name)
    # a column without rows has no type to speak of
    if not len(log):
        raise CvmError("tables.no_rows", table=BOUGHT.name)
    check_table(log, BOUGHT)
    check_filled(log, (CUSTOMER_ID, DATE), BOUGHT.name)
    return log[numbers(log, AMOUNT, BOUGHT.name) > 0] if AMOUNT in log else log


def _silences(transactions: AnyFrame, as_of: dt.date | str | None) -> pd.DataFrame:
    """Return customer, first day, length and end (woken: a purchase) of each silence, and days since."""
    bought = _checked(transactions)
    if as_of is not None:
        bought = bought[bought[DATE].to_numpy() < np.datetime64(as_date(as_of)) + np.timedelta64(1, "D")]
    if not len(bought):
        raise CvmError("pipeline.no_purchases")
    day = days(bought[DATE])
    end = np.datetime64(as_date(as_of), "D").astype(np.int64) if as_of is not None else day.max()
    ids, names = pd.factorize(bought[CUSTOMER_ID])
    pairs = np.unique(np.stack([ids, day]), axis=1)
    ids, day = pairs[0], pairs[1]
    last = np.append(ids[1:] != ids[:-1], True)
    length = np.where(last, end, np.append(day[1:], 0)) - day
    return pd.DataFrame({
        CUSTOMER_ID: names[ids], "began": day, "length": length, "woken": ~last, "since_began": end - day
    })  # fmt: skip

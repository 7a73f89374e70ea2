"""The event log of a pipeline, and the stays in each state that it tells of."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.periods import as_date
from cvmlab.core.words import CvmError
from cvmlab.data.tables import (
    AMOUNT,
    COST,
    CUSTOMER_ID,
    DATE,
    PRODUCT,
    Column,
    Table,
    check_columns,
    check_table,
    numbers_between,
)

from .frames import check_states, pandas_frame

STATE = "state"
EVENT = "event"
VALUE = "value"
PAID = "paid"
#: The way up, in order; a customer who is dormant has come as far as a user.
STEPS = ("target", "prospect", "opportunity", "order", "user")
DORMANT, LOST = "dormant", "lost"
STATES = (*STEPS, DORMANT, LOST)
#: Events of a user that are purchases.
PURCHASES = ("repeat_purchase", "upgrade", "cross_purchase")

EVENTS = Table(
    "events",
    (
        Column(CUSTOMER_ID, "id", required=True),
        Column(DATE, "date", required=True),
        Column(STATE, "text", required=True),
        Column(EVENT, "text"),
        Column(VALUE, "number"),
        Column(COST, "number"),
        Column(AMOUNT, "number"),
        Column(PAID, "number"),
    ),
)


def check_events(events: Any, *, as_of: dt.date | str | None = None) -> None:
    """Raise `CvmError` unless a frame is an event log of the pipeline; the order of its rows is free.

    Parameters
    ----------
    events
        Frame of pandas, polars, DuckDB or pyarrow: ``customer_id``, ``date``, ``state`` (one of `STATES`, entered
        on that day or held) [, ``event``; ``value``, ``cost``, ``amount``, ``paid`` (money)].
    as_of
        Day of the last look; no row may be later.

    Raises
    ------
    CvmError
        For no frame, no rows, a missing column or one of another type, gaps, an infinite amount, a state that is
        not known, two states of a customer on one day (their order cannot be told), or a row after ``as_of``.
        The sentence names the row, counted from 1.

    Examples
    --------
    >>> check_events(pd.DataFrame({
    ...     "customer_id": ["007"], "date": pd.to_datetime(["2024-01-01"]), "state": ["suspect"]}))
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: The column 'state' of the table events holds 'suspect' in row 1, ...: target, prospect, ...
    """
    log = pandas_frame(events, EVENTS.name)
    check_table(log, EVENTS)
    if not len(log):
        raise CvmError("tables.no_rows", table=EVENTS.name)
    for column in (CUSTOMER_ID, DATE, STATE):
        gaps = log[column].isna().to_numpy()
        if gaps.any():
            raise CvmError("tables.missing_values", table=EVENTS.name, column=column, count=int(gaps.sum()),
                           row=int(gaps.argmax()) + 1)  # fmt: skip
    for column in (VALUE, COST, AMOUNT, PAID):
        if column in log:
            _check_money(log[column].to_numpy(dtype=np.float64, na_value=np.nan), column)
    check_states(log, STATE, EVENTS.name, STATES)
    _check_one_state_a_day(log)
    if as_of is not None:
        last = as_date(as_of)
        late = log[DATE].to_numpy() >= np.datetime64(last) + np.timedelta64(1, "D")
        if late.any():
            row = int(late.argmax())
            raise CvmError("pipeline.after_as_of", row=row + 1, date=f"{log[DATE].iloc[row]:%Y-%m-%d}", as_of=last)


def _check_money(amounts: NDArray[np.float64], column: str) -> None:
    # a gap is "no money", an infinite amount is a mistake
    if np.isinf(amounts).any():
        raise CvmError("checking.infinite_column", column=column, row=int(np.isinf(amounts).argmax()) + 1)


def _check_one_state_a_day(events: pd.DataFrame) -> None:
    day = days(events[DATE])
    ids, _ = pd.factorize(events[CUSTOMER_ID])
    state = state_codes(events[STATE])
    order = np.lexsort((np.arange(len(events)), day, ids))
    same = (np.diff(ids[order]) == 0) & (np.diff(day[order]) == 0) & (np.diff(state[order]) != 0)
    if same.any():
        place = int(same.argmax())
        first, second = events.iloc[order[place]], events.iloc[order[place + 1]]
        raise CvmError(
            "pipeline.two_states",
            customer=second[CUSTOMER_ID],
            date=f"{second[DATE]:%Y-%m-%d}",
            first=first[STATE],
            second=second[STATE],
            row=int(order[place + 1]) + 1,
        )


def days(dates: pd.Series) -> NDArray[np.int64]:
    """Return dates as whole days since 1970-01-01."""
    return dates.to_numpy().astype("datetime64[D]").astype(np.int64)


def state_codes(states: pd.Series) -> NDArray[np.int64]:
    """Return the place of each state in `STATES`."""
    return pd.Categorical(states, categories=STATES).codes.astype(np.int64)


def last_day(events: pd.DataFrame, as_of: dt.date | str | None) -> np.datetime64:
    """Return the day of the last look, the last day of the log if none is given."""
    return np.datetime64(as_date(as_of) if as_of is not None else events[DATE].max().date(), "D")


def spells(events: Any, *, as_of: dt.date | str | None = None) -> pd.DataFrame:
    """Return every stay of every customer in a state, from the day it was entered.

    Rows of a customer that repeat the state held (calls, purchases, payments) do not begin a new stay. The
    last stay of each customer still lasts on the as-of day: it is *censored*, we know only that it is at
    least that long.

    Parameters
    ----------
    events
        As in `check_events`.
    as_of
        Day of the last look; the last day of the log if left out. Give it, if the log was read later than
        its last event: silence is information.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``state``, ``next_state`` (empty while the stay lasts), ``start``, ``end`` (the
        as-of day while it lasts), ``days`` (end − start), ``censored`` (bool); by customer and start.

    Raises
    ------
    CvmError
        As `check_events`.

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["a", "a"], "state": ["target", "prospect"],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-03-01"])})
    >>> spells(log, as_of="2024-03-31")[["state", "next_state", "days", "censored"]].values.tolist()
    [['target', 'prospect', 60, False], ['prospect', '', 30, True]]
    """
    log = pandas_frame(events, EVENTS.name)
    check_events(log, as_of=as_of)
    ids, names = pd.factorize(log[CUSTOMER_ID], sort=True)
    day, state = days(log[DATE]), state_codes(log[STATE])
    order = np.lexsort((day, ids))
    ids, day, state = ids[order], day[order], state[order]
    enters = np.ones(len(ids), dtype=bool)
    enters[1:] = (ids[1:] != ids[:-1]) | (state[1:] != state[:-1])
    ids, day, state = ids[enters], day[enters], state[enters]
    goes_on = np.append(ids[1:] == ids[:-1], False)
    end = np.where(goes_on, np.append(day[1:], 0), last_day(log, as_of).astype(np.int64))
    wordings = np.array([*STATES, ""], dtype=object)
    following = np.where(goes_on, np.append(state[1:], 0), len(STATES))
    return pd.DataFrame({
        CUSTOMER_ID: np.asarray(names, dtype=object)[ids],
        STATE: wordings[state],
        "next_state": wordings[following],
        "start": day.astype("datetime64[D]").astype("datetime64[us]"),
        "end": end.astype("datetime64[D]").astype("datetime64[us]"),
        "days": end - day,
        "censored": ~goes_on,
    })  # fmt: skip


def checked_stays(stays: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return stays as a frame of pandas, refused where they are not what `spells` gives.

    Parameters
    ----------
    stays
        ``state`` and the columns named: those of ``customer_id``, ``next_state``, ``days`` and ``censored`` that
        are needed.

    Raises
    ------
    CvmError
        For no rows, a missing column, an unknown state, ``censored`` neither true nor false, a stay that ended
        and went nowhere, days that are no number from 0, or a stay that ended after 0 days (its rate would be
        infinite). The sentence names the row.

    Examples
    --------
    >>> checked_stays(pd.DataFrame({"state": ["user"], "days": [-5]}), "days")
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: The column 'days' holds -5 in row 1; it must be between 0 and ∞. Correct the row.
    """
    stays = pandas_frame(stays, "spells")
    check_columns(stays, [STATE, *columns], "spells")
    if not len(stays):
        raise CvmError("tables.no_rows", table="spells")
    check_states(stays, STATE, "spells", STATES)
    lasts = np.ones(len(stays), dtype=bool)
    if "censored" in columns:
        told = stays["censored"].isin([True, False]).to_numpy()
        if not told.all():
            row = int(told.argmin())
            raise CvmError("pipeline.censored_no_truth", value=stays["censored"].iloc[row], row=row + 1)
        lasts = stays["censored"].to_numpy(dtype=bool)
        stays = stays.assign(censored=lasts)
    if "next_state" in columns:
        # written to a file and read again, the empty text of a stay that lasts comes back as a gap
        stays = stays.assign(next_state=stays["next_state"].astype(object).where(stays["next_state"].notna(), ""))
        check_states(stays, "next_state", "spells", (*STATES, ""))
        nowhere = (stays["next_state"] == "").to_numpy() & ~lasts
        if nowhere.any():
            raise CvmError("pipeline.went_nowhere", row=int(nowhere.argmax()) + 1)
    if "days" in columns:
        at_once = (numbers_between(stays, "days", 0, np.inf, "spells") == 0) & ~lasts
        if at_once.any():
            raise CvmError("pipeline.ended_at_once", row=int(at_once.argmax()) + 1)
    return stays


def funnel(stays: pd.DataFrame) -> pd.DataFrame:
    """Return how many customers ever came as far as each step, and what became of those who came no further.

    Parameters
    ----------
    stays
        From `spells`.

    Returns
    -------
    pandas.DataFrame
        One row a step of `STEPS`: ``state``, ``reached`` (customers who ever came that far or further, so
        that one who enters half-way is counted before, too), ``share_of_before`` (of those who reached the
        step before; NaN at the first), ``went_on`` (came further), ``open`` (did not, and is not lost: may
        still come, from here or from an earlier step to which he fell back; at ``user`` the customers
        kept), ``lost`` (did not, and is lost). ``reached = went_on + open + lost``.

    Notes
    -----
    ``share_of_before`` is no chance of success: it counts all who are still open as failures. For the
    chance take `chance_of_reaching`.

    Raises
    ------
    CvmError
        For no rows, a missing column or an unknown state.

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"], "state": ["target", "prospect", "target"],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-03-01", "2024-02-01"])})
    >>> funnel(spells(log))[["state", "reached", "went_on", "open"]].head(2).values.tolist()
    [['target', 2, 1, 1], ['prospect', 1, 0, 1]]
    """
    stays = checked_stays(stays, CUSTOMER_ID, "censored")
    step = np.minimum(state_codes(stays[STATE]), STEPS.index("user"))
    # being lost says nothing of how far somebody had come
    step = np.where(stays[STATE].to_numpy() == LOST, 0, step)
    farthest = pd.Series(step).groupby(stays[CUSTOMER_ID].to_numpy()).max()
    is_lost = stays.loc[stays["censored"]].set_index(CUSTOMER_ID)[STATE].reindex(farthest.index) == LOST
    places = np.arange(len(STEPS))
    came = farthest.to_numpy()[:, None]
    reached = (came >= places).sum(axis=0)
    stopped = came == places
    lost = (stopped & is_lost.to_numpy()[:, None]).sum(axis=0)
    went_on = np.append(reached[1:], 0)
    before = np.append(np.nan, reached[:-1])
    share = np.divide(reached, before, out=np.full(len(STEPS), np.nan), where=before > 0)
    return pd.DataFrame({STATE: list(STEPS), "reached": reached, "share_of_before": share, "went_on": went_on,
                         "open": reached - went_on - lost, "lost": lost})  # fmt: skip


def flows(stays: pd.DataFrame) -> pd.DataFrame:
    """Return how often customers went from each state to each other.

    Parameters
    ----------
    stays
        From `spells`.

    Returns
    -------
    pandas.DataFrame
        ``from_state`` (empty: came in), ``to_state`` (empty: still there), ``count`` (moves; a customer who
        goes twice counts twice), in the order of `STATES`.

    Raises
    ------
    CvmError
        For no rows, a missing column or an unknown state.

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["a", "a"], "state": ["target", "prospect"],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-03-01"])})
    >>> flows(spells(log)).values.tolist()
    [['', 'target', 1], ['target', 'prospect', 1], ['prospect', '', 1]]
    """
    stays = checked_stays(stays, CUSTOMER_ID, "next_state")
    first = stays[~stays[CUSTOMER_ID].duplicated()]
    before = pd.concat([pd.Series([""] * len(first)), stays[STATE]], ignore_index=True)
    after = pd.concat([first[STATE], stays["next_state"]], ignore_index=True)
    order = ["", *STATES]
    cells = pd.MultiIndex.from_product([order, [*STATES, ""]], names=["from_state", "to_state"])
    counted = pd.DataFrame({"from_state": before, "to_state": after}).groupby(["from_state", "to_state"]).size()
    counted = counted.reindex(cells, fill_value=0).rename("count")
    return counted[counted > 0].reset_index()


def delivered_orders(events: pd.DataFrame) -> NDArray[np.bool_]:
    """Return for each row whether it is an order that did not end with the customer lost, shape (rows,)."""
    is_order = (events[EVENT] == "order").to_numpy()
    stays = spells(events)
    failed = stays[(stays[STATE] == "order") & (stays["next_state"] == LOST)]
    placed = pd.MultiIndex.from_arrays([events[CUSTOMER_ID], days(events[DATE])])
    return is_order & ~placed.isin(pd.MultiIndex.from_arrays([failed[CUSTOMER_ID], days(failed["start"])]))


def purchases(events: Any) -> pd.DataFrame:
    """Return the purchases of users as a transactions table, for `dormancy` and the models of buying.

    The order that makes a customer a user is the first purchase, dated when it was placed; one that led to
    ``lost`` was never delivered and is none.

    Parameters
    ----------
    events
        As in `check_events`, with ``event`` and ``amount`` (money; ``value`` if there is no amount)
        [, ``product``].

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``date``, ``amount`` [, ``product``]; in the order of the log.

    Raises
    ------
    CvmError
        As `check_events`, and for a log without ``event`` or money.

    Examples
    --------
    >>> purchases(pd.DataFrame({
    ...     "customer_id": ["a", "a"], "date": pd.to_datetime(["2024-01-01", "2024-03-01"]),
    ...     "state": ["user", "user"], "event": ["call", "repeat_purchase"], "value": [0.0, 90.0]}))
      customer_id       date  amount
    0           a 2024-03-01    90.0
    """
    log = pandas_frame(events, EVENTS.name)
    check_events(log)
    money = AMOUNT if AMOUNT in log else VALUE
    check_columns(log, [EVENT, money], EVENTS.name)
    bought = log[EVENT].isin(PURCHASES).to_numpy() | delivered_orders(log)
    kept = [CUSTOMER_ID, DATE, money, *([PRODUCT] if PRODUCT in log else [])]
    return log.loc[bought, kept].rename(columns={money: AMOUNT}).reset_index(drop=True)

"""The event log of a pipeline, the stays in each state that it shows, and how far and where customers went."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.guarding import public
from cvmlab.core.periods import as_date, shown_date
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
    check_present,
    check_table,
    numbers_between,
    without_id,
)

from .inputs import Whole, check_filled, check_states, pandas_frame

STATE = "state"
EVENT = "event"
VALUE = "value"
PAID = "paid"
MONEY = (VALUE, COST, AMOUNT, PAID)
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
        *(Column(name, "number") for name in MONEY),
    ),
)


@public
def check_events(events: AnyFrame, *, as_of: dt.date | str | None = None) -> None:
    """Raise `CvmError` unless a frame is an event log of the pipeline; the order of its rows is free.

    Parameters
    ----------
    events
        Frame of pandas, polars, DuckDB or pyarrow: ``customer_id``, ``date``, ``state`` (one of `STATES`, entered
        on that day or held) [, ``event``; ``value``, ``cost``, ``amount``, ``paid`` (money)].
    as_of
        Last day observed; no row may be later.

    Raises
    ------
    CvmError
        For something that is not a frame, no rows, a missing column or one of another type, gaps, an infinite amount,
        an unknown state, two states of a customer on one day (their order is unknown), or a row after ``as_of``.
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
    check_filled(log, (CUSTOMER_ID, DATE, STATE), EVENTS.name)
    for column in (name for name in MONEY if name in log):
        # a gap is "no money", an infinite amount is a mistake
        infinite = np.isinf(log[column].to_numpy(dtype=np.float64, na_value=np.nan))
        if infinite.any():
            raise CvmError("checking.infinite_column", column=column, row=int(infinite.argmax()) + 1)
    check_states(log, STATE, EVENTS.name, STATES)
    _check_one_state_a_day(log)
    if as_of is not None:
        last = as_date(as_of)
        late = log[DATE].to_numpy() >= np.datetime64(last) + np.timedelta64(1, "D")
        if late.any():
            row = int(late.argmax())
            raise CvmError("pipeline.after_as_of", row=row + 1, date=f"{log[DATE].iloc[row]:%Y-%m-%d}", as_of=last)


def _check_one_state_a_day(events: pd.DataFrame) -> None:
    day = days(events[DATE])
    ids, _ = pd.factorize(events[CUSTOMER_ID])
    state = state_codes(events[STATE])
    order = np.lexsort((np.arange(len(events)), day, ids))
    same = (np.diff(ids[order]) == 0) & (np.diff(day[order]) == 0) & (np.diff(state[order]) != 0)
    if same.any():
        place = int(same.argmax())
        first, second = events.iloc[order[place]], events.iloc[order[place + 1]]
        raise CvmError("pipeline.two_states", customer=second[CUSTOMER_ID], date=f"{second[DATE]:%Y-%m-%d}",
                       first=first[STATE], second=second[STATE], row=int(order[place + 1]) + 1)  # fmt: skip


def days(dates: pd.Series) -> Whole:
    """Return dates as whole days since 1970-01-01."""
    return dates.to_numpy().astype("datetime64[D]").astype(np.int64)


def state_codes(states: pd.Series) -> Whole:
    """Return the place of each state in `STATES`."""
    return pd.Categorical(states, categories=STATES).codes.astype(np.int64)


def place_of(state: str) -> int:
    """Return the place of a state in `STATES`, or raise `CvmError`."""
    if state not in STATES:
        raise CvmError("pipeline.no_such_state", state=state, states=", ".join(STATES))
    return STATES.index(state)


def last_day(events: pd.DataFrame, as_of: dt.date | str | None) -> np.datetime64:
    """Return the last day observed, that of the log if none is given."""
    return np.datetime64(as_date(as_of) if as_of is not None else events[DATE].max().date(), "D")


@public
def spells(events: AnyFrame, *, as_of: dt.date | str | None = None) -> pd.DataFrame:
    """Return every stay of every customer in a state, from the day it was entered.

    Rows that repeat the state held (calls, purchases, payments) do not begin a new stay. The last stay of each
    customer still lasts on the as-of day: it is *censored*, we know only that it is at least that long.

    Parameters
    ----------
    events
        An event log as `check_events` describes it; anything else is refused.
    as_of
        Last day observed; the last day of the log if left out. Give it if the log was read later than its last event:
        silence is information.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``state``, ``next_state`` (empty while the stay lasts), ``start``, ``end`` (the as-of day while
        it lasts), ``days`` (end − start), ``censored`` (bool); by customer and start.

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
    names_of_states = np.array([*STATES, ""], dtype=object)
    following = np.where(goes_on, np.append(state[1:], 0), len(STATES))
    return pd.DataFrame({
        CUSTOMER_ID: np.asarray(names, dtype=object)[ids],
        STATE: names_of_states[state],
        "next_state": names_of_states[following],
        "start": day.astype("datetime64[D]").astype("datetime64[us]"),
        "end": end.astype("datetime64[D]").astype("datetime64[us]"),
        "days": end - day,
        "censored": ~goes_on,
    })  # fmt: skip


def checked_stays(stays: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return stays as a frame of pandas, refused with the row where ``state`` and these columns are not of `spells`."""
    stays = pandas_frame(stays, "spells")
    check_columns(stays, [STATE, *columns], "spells")
    if not len(stays):
        raise CvmError("tables.no_rows", table="spells")
    check_states(stays, STATE, "spells", STATES)
    lasts = np.ones(len(stays), dtype=bool)
    if "censored" in columns:
        known = stays["censored"].isin([True, False]).to_numpy()
        if not known.all():
            row = int(known.argmin())
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
        # the rate of a stay that ended after 0 days would be infinite
        at_once = (numbers_between(stays, "days", 0, np.inf, "spells") == 0) & ~lasts
        if at_once.any():
            raise CvmError("pipeline.ended_at_once", row=int(at_once.argmax()) + 1)
    _check_each_stay_once(stays)
    return stays


def _check_each_stay_once(stays: pd.DataFrame) -> None:
    key = [CUSTOMER_ID, STATE, "start"]
    if not set(key) <= set(stays.columns):
        return
    repeated = stays.duplicated(key).to_numpy()
    if repeated.any():
        row = int(repeated.argmax())
        raise CvmError("pipeline.repeated_stay", customer=stays[CUSTOMER_ID].iloc[row], state=stays[STATE].iloc[row],
                       start=shown_date(stays["start"].iloc[row]), row=row + 1)  # fmt: skip


@public
def funnel(stays: pd.DataFrame) -> pd.DataFrame:
    """Return how many customers ever came as far as each step, and what became of those who came no further.

    The stays are those of `spells`; no rows, a missing column or an unknown state are refused. ``share_of_before`` is
    not a chance of success: it counts everyone still open as a failure. For the chance use `chance_of_reaching`.

    Returns
    -------
    pandas.DataFrame
        One row per step of `STEPS`: ``state``; ``reached`` (customers who ever came that far or further: whoever enters
        half-way counts before, too), ``share_of_before`` (of those who reached the step before; NaN at the first);
        ``reached`` is the sum of ``went_on`` (came further), ``open`` (did not, and are not lost: they may still come,
        from here or from an earlier step to which they fell back; at ``user`` the customers kept) and ``lost``.

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"], "state": ["target", "prospect", "target"],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-03-01", "2024-02-01"])})
    >>> funnel(spells(log))[["state", "reached", "went_on", "open"]].head(2).values.tolist()
    [['target', 2, 1, 1], ['prospect', 1, 0, 1]]
    """
    stays = checked_stays(stays, CUSTOMER_ID, "censored")
    check_present(without_id(stays[CUSTOMER_ID]), CUSTOMER_ID, "stays")
    now = stays.loc[stays["censored"], CUSTOMER_ID]
    if now.duplicated().any():
        raise CvmError("pipeline.two_open_stays", customer=now[now.duplicated()].iloc[0])
    step = np.minimum(state_codes(stays[STATE]), STEPS.index("user"))
    # being lost does not say how far somebody had come
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


@public
def flows(stays: pd.DataFrame) -> pd.DataFrame:
    """Return how often customers went from each state to each other.

    The stays are those of `spells`; no rows, a missing column, an unknown state or a stay that occurs twice (same
    customer, state and start) are refused.

    Returns
    -------
    pandas.DataFrame
        ``from_state`` (empty: came in), ``to_state`` (empty: still there), ``count`` (moves; a customer who goes twice
        counts twice), in the order of `STATES`.

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
    cells = pd.MultiIndex.from_product([["", *STATES], [*STATES, ""]], names=["from_state", "to_state"])
    counted = pd.DataFrame({"from_state": before, "to_state": after}).groupby(["from_state", "to_state"]).size()
    counted = counted.reindex(cells, fill_value=0).rename("count")
    return counted[counted > 0].reset_index()


def delivered_orders(events: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows are orders that did not end with the customer lost."""
    is_order = (events[EVENT] == "order").to_numpy()
    stays = spells(events)
    failed = stays[(stays[STATE] == "order") & (stays["next_state"] == LOST)]
    placed = pd.MultiIndex.from_arrays([events[CUSTOMER_ID], days(events[DATE])])
    return is_order & ~placed.isin(pd.MultiIndex.from_arrays([failed[CUSTOMER_ID], days(failed["start"])]))


@public
def purchases(events: AnyFrame) -> pd.DataFrame:
    """Return the purchases of users as a transactions table, for `dormancy` and the models of buying.

    The order that makes a customer a user is the first purchase, dated when it was placed; an order that led to
    ``lost`` was never delivered and does not count.

    Parameters
    ----------
    events
        An event log as `check_events` describes it, with ``event`` and ``amount`` (money; ``value`` if there is no
        amount) [, ``product``]; anything else is refused.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``date``, ``amount`` [, ``product``]; in the order of the log.

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

"""The customer account 台帐: one line per customer, with what a salesperson must know before the next call."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.guarding import public
from cvmlab.data.tables import AMOUNT, CUSTOMER_ID, DATE, PRODUCT, check_columns

from .events import EVENT, EVENTS, MONEY, PAID, PURCHASES, STATE, check_events, delivered_orders, last_day, spells
from .inputs import pandas_frame

#: Columns that say who and where a customer is; the last one seen counts.
PROFILE = ("customer_name", "sector", "region", "owner", "phone")


@public
def account(events: AnyFrame, *, as_of: dt.date | str | None = None) -> pd.DataFrame:
    """Return the customer account 台帐: who, where, which sector, what was bought when, and what is still owed.

    Columns that the log does not have are left out; nothing is guessed.

    Parameters
    ----------
    events
        An event log as `check_events` describes it, anything else is refused [, ``customer_name``, ``sector``,
        ``region``, ``owner``, ``phone``; ``product``; ``amount`` (money invoiced) and ``paid`` (money received)].
    as_of
        Last day observed; the last day of the log if left out.

    Returns
    -------
    pandas.DataFrame
        One row per customer, by id: ``customer_id`` [, the columns above that say who], ``state`` (now), ``since`` (day
        it was entered), ``first_date``, ``last_date`` (of any event, our calls among them) [, where there is ``event``:
        ``purchases`` (number, the first order included), ``last_purchase`` (day), ``silent_days`` (since the last
        purchase; missing if there is none), ``bought`` (products with their number, the most frequent first)]
        [, ``invoiced``, ``paid``, ``receivables`` (money: invoiced − paid)].

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["a", "a"], "date": pd.to_datetime(["2024-01-01", "2024-03-01"]),
    ...     "state": ["order", "user"], "event": ["order", "instalment"],
    ...     "amount": [900.0, 0.0], "paid": [300.0, 300.0]})
    >>> account(log)[["state", "purchases", "receivables"]].values.tolist()
    [['user', 1, 300.0]]
    """
    log = pandas_frame(events, EVENTS.name)
    stays = spells(log, as_of=as_of)
    ordered = log.sort_values(DATE, kind="stable")
    by_customer = ordered.groupby(CUSTOMER_ID, sort=True)
    now = stays[stays["censored"]].set_index(CUSTOMER_ID)
    held = by_customer[[name for name in PROFILE if name in log]].last()
    held = held.assign(**{
        STATE: now[STATE],
        "since": now["start"],
        "first_date": by_customer[DATE].min().dt.floor("D"),
        "last_date": by_customer[DATE].max().dt.floor("D"),
    })  # fmt: skip
    if EVENT in log:
        held = held.join(_bought(ordered))
        held["purchases"] = held["purchases"].fillna(0).astype(np.int64)
        silent = (pd.Timestamp(last_day(log, as_of)) - held["last_purchase"]).dt.days
        held["silent_days"] = silent.astype("Int64")
        if "bought" in held:
            held["bought"] = held["bought"].fillna("")
    if AMOUNT in log and PAID in log:
        money = by_customer[[AMOUNT, PAID]].sum()
        # in cents, so that what is paid in full leaves nothing behind
        owed = ((money[AMOUNT] * 100).round() - (money[PAID] * 100).round()) / 100
        held = held.assign(invoiced=money[AMOUNT], paid=money[PAID], receivables=owed)
    return held.reset_index()


@public
def activities(events: AnyFrame) -> pd.DataFrame:
    """Return what was done with and for each customer, by kind: what comes after the order, and when.

    After the order a customer waits for delivery on time, installation and training, and pays in instalments (S06).
    Name such events in ``event``; a kind that a customer lacks has no row.

    Parameters
    ----------
    events
        An event log as `check_events` describes it, with ``event`` (any names; rows without one are changes of state
        only); anything else is refused.

    Returns
    -------
    pandas.DataFrame
        One row per customer and kind of event, by customer and first day: ``customer_id``, ``event``, ``times``,
        ``first_date``, ``last_date``, ``days_from_order`` (from the customer's first order that was not cancelled to
        the first event of the kind on that day or later; missing if there is none) [, the sums of ``value``,
        ``cost``, ``amount``, ``paid`` (money), as far as the log has them].

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["a"] * 4, "state": ["prospect", "order", "user", "user"],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-03-01", "2024-03-15", "2024-03-20"]),
    ...     "event": ["call", "order", "delivered", "trained"]})
    >>> activities(log)[["event", "times", "days_from_order"]].iloc[1:].values.tolist()
    [['order', 1, 0], ['delivered', 1, 14], ['trained', 1, 19]]
    """
    log = pandas_frame(events, EVENTS.name).reset_index(drop=True)
    check_events(log)
    check_columns(log, [EVENT], EVENTS.name)
    day = log[DATE].dt.floor("D")
    ordered = day[delivered_orders(log)].groupby(log[CUSTOMER_ID]).min()
    waited = (day - ordered.reindex(log[CUSTOMER_ID]).to_numpy()).dt.days
    kinds = log[EVENT].astype(object).where(log[EVENT].notna(), "")
    named = log.assign(**{EVENT: kinds, DATE: day, "waited": waited.where(waited >= 0)})[(kinds != "").to_numpy()]
    by_kind = named.groupby([CUSTOMER_ID, EVENT])
    money = [name for name in MONEY if name in log]
    done = pd.DataFrame({
        "times": by_kind.size(),
        "first_date": by_kind[DATE].min(),
        "last_date": by_kind[DATE].max(),
        "days_from_order": by_kind["waited"].min().astype("Int64"),
    })  # fmt: skip
    done = done.join(by_kind[money].sum()).reset_index()
    return done.sort_values([CUSTOMER_ID, "first_date"], kind="stable", ignore_index=True)


def _bought(ordered: pd.DataFrame) -> pd.DataFrame:
    bought = ordered[ordered[EVENT].isin(PURCHASES) | delivered_orders(ordered)]
    by_customer = bought.groupby(CUSTOMER_ID)
    counted = pd.DataFrame({"purchases": by_customer.size(), "last_purchase": by_customer[DATE].max().dt.floor("D")})
    if PRODUCT not in ordered:
        return counted
    times = bought.groupby([CUSTOMER_ID, PRODUCT]).size().rename("times").reset_index()
    times = times.sort_values([CUSTOMER_ID, "times", PRODUCT], ascending=[True, False, True])
    texts = times[PRODUCT].astype(str) + " ×" + times["times"].astype(str)
    return counted.assign(bought=texts.groupby(times[CUSTOMER_ID].to_numpy()).agg(", ".join))

"""The customer account 台帐: one line a customer, with what a salesperson must know before the next call."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from ..tables import AMOUNT, CUSTOMER_ID, DATE, PRODUCT
from .events import EVENT, PURCHASES, STATE, delivered_orders, last_day, spells

#: Columns that say who and where a customer is; the last one seen counts.
PROFILE = ("customer_name", "sector", "region", "owner", "phone")
PAID = "paid"


def account(events: pd.DataFrame, *, as_of: dt.date | str | None = None) -> pd.DataFrame:
    """Return the customer account 台帐: who, where, which sector, what was bought when, and what is still owed.

    Columns that the log does not have are left out; nothing is guessed.

    Parameters
    ----------
    events
        As in `check_events` [, ``customer_name``, ``sector``, ``region``, ``owner``, ``phone``; ``product``;
        ``amount`` (money invoiced) and ``paid`` (money received)].
    as_of
        As in `spells`.

    Returns
    -------
    pandas.DataFrame
        One row a customer, by id: ``customer_id`` [, the columns above that say who], ``state`` (now),
        ``since`` (day it was entered), ``first_date``, ``last_date`` (of any event, our calls among them)
        [, where there is ``event``: ``purchases`` (number, the first order included), ``last_purchase``
        (day), ``silent_days`` (since the last purchase; missing if there is none), ``bought`` (products
        with their number, the most frequent first)] [, ``invoiced``, ``paid``, ``receivables`` (money:
        invoiced − paid)].

    Examples
    --------
    >>> log = pd.DataFrame({
    ...     "customer_id": ["a", "a"], "date": pd.to_datetime(["2024-01-01", "2024-03-01"]),
    ...     "state": ["order", "user"], "event": ["order", "instalment"],
    ...     "amount": [900.0, 0.0], "paid": [300.0, 300.0]})
    >>> account(log)[["state", "purchases", "receivables"]].values.tolist()
    [['user', 1, 300.0]]
    """
    stays = spells(events, as_of=as_of)
    ordered = events.sort_values(DATE, kind="stable")
    by_customer = ordered.groupby(CUSTOMER_ID, sort=True)
    now = stays[stays["censored"]].set_index(CUSTOMER_ID)
    held = by_customer[[name for name in PROFILE if name in events]].last()
    held = held.assign(**{
        STATE: now[STATE],
        "since": now["start"],
        "first_date": by_customer[DATE].min().dt.floor("D"),
        "last_date": by_customer[DATE].max().dt.floor("D"),
    })  # fmt: skip
    if EVENT in events:
        held = held.join(_bought(ordered))
        held["purchases"] = held["purchases"].fillna(0).astype(np.int64)
        silent = (pd.Timestamp(last_day(events, as_of)) - held["last_purchase"]).dt.days
        held["silent_days"] = silent.astype("Int64")
        if "bought" in held:
            held["bought"] = held["bought"].fillna("")
    if AMOUNT in events and PAID in events:
        money = by_customer[[AMOUNT, PAID]].sum()
        # in cents, so that what is paid in full leaves nothing behind
        owed = ((money[AMOUNT] * 100).round() - (money[PAID] * 100).round()) / 100
        held = held.assign(invoiced=money[AMOUNT], paid=money[PAID], receivables=owed)
    return held.reset_index()


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

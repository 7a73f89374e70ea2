"""Make ``packaging_contracts``: service contracts for bagging machines, paid every month until they are ended.

    python datasets/make_packaging_contracts.py

Two kinds of shops: the settled end their contract rarely, the unsettled often, each after a payment with a chance of
its own that never changes. The kind is the truth; the payments are what Linhe Packaging sees.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from parquet_files import run

from cvmlab.core.random import draws

SEED = 2009
CONTRACTS, MONTHS = 900, 48
FIRST_MONTH = np.datetime64("2022-01", "M")
AS_OF = np.datetime64("2025-12-31", "D")
# share of the shops, and chance to end the contract after a payment
SETTLED, UNSETTLED = (0.55, 0.01), (0.45, 0.12)
REGIONS = ("Hefei", "Nanjing", "Wuhan", "Zhengzhou", "Changsha")
# monthly fee (yuan) by the size of the machine, and how many of ten machines are of that size
FEES = np.array([280.0] * 5 + [380.0] * 3 + [560.0] * 2)
SIGNED, DUE, KIND, REGION, FEE, END, LATE = range(1_300, 1_307)
MOST_LATE = 12  # days


def tables() -> dict[str, pd.DataFrame]:
    """Return the payments and their truth by name."""
    key = np.arange(CONTRACTS)

    def chosen(purpose: int, of: int) -> np.ndarray:
        return (of * draws.uniform(SEED, key, 0, purpose)).astype(np.int64)

    settled = draws.uniform(SEED, key, 0, KIND) < SETTLED[0]
    chance = np.where(settled, SETTLED[1], UNSETTLED[1])
    signed, due, region, fee = chosen(SIGNED, MONTHS), chosen(DUE, 28), chosen(REGION, len(REGIONS)), chosen(FEE, 10)
    payment = np.arange(MONTHS)
    ends = draws.uniform(SEED, key[:, None], payment, END) < chance[:, None]
    # the first payment is made on signing; every later one as long as no payment before it was the last
    made = np.column_stack([np.ones(CONTRACTS, bool), ~np.logical_or.accumulate(ends, axis=1)[:, :-1]])
    late = np.minimum((3 * draws.exponential(SEED, key[:, None], payment, LATE)).astype(np.int64), MOST_LATE)
    month = FIRST_MONTH + signed[:, None] + payment
    date = month.astype("datetime64[D]") + due[:, None] + np.where(payment > 0, late, 0)
    row, column = np.nonzero(made & (date <= AS_OF))
    ids = np.array([f"S{number + 1:03}" for number in key], object)
    paid = pd.DataFrame({
        "customer_id": ids[row],
        "date": date[row, column].astype("datetime64[us]"),
        "amount": FEES[fee][row],
        "region": np.array(REGIONS, object)[region][row],
    })  # fmt: skip
    paid = paid.sort_values(["date", "customer_id"], ignore_index=True)
    # ended: the next payment was never to come, though nobody can know before it is overdue
    number = np.bincount(row, minlength=CONTRACTS)
    there = number > 0
    truth = pd.DataFrame({
        "customer_id": ids,
        "kind": np.where(settled, "settled", "unsettled").astype(object),
        "end_chance": chance,
        "ended": ends[key, np.maximum(number - 1, 0)],
    })  # fmt: skip
    return {"packaging_contracts": paid, "packaging_contracts_truth": truth[there].reset_index(drop=True)}


if __name__ == "__main__":
    run(__doc__, tables)

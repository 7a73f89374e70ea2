"""Make ``packaging_film``: orders of film by shops of two paces, without a contract.

    python datasets/make_packaging_film.py

Some shops order about every month, the others about every quarter. After each order a shop may stop, with the same
chance at both paces. A shop that has stopped is dormant until it goes to a competitor. Pace and state are the truth;
the orders are what Linhe Packaging sees.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from parquet_files import run

from cvmlab.core.periods import DAYS_A_MONTH
from cvmlab.core.random import draws, elementary

SEED = 2005
SHOPS, DAYS = 400, 1_461
FIRST_DAY = np.datetime64("2022-01-01", "D")
# mean days between orders, and how many of two shops have that pace
GAPS = np.array([30.0, 90.0])
STOP_CHANCE = 0.06
# of those who stop: gone to a competitor at once, and the monthly rate at which the others go later
GONE_AT_ONCE, GOES_LATER = 0.10, 0.025
REGIONS = ("Hefei", "Nanjing", "Wuhan", "Zhengzhou", "Changsha")
ROLL, SPREAD = 1_850.0, 0.4  # yuan per order
BEGIN, PACE, REGION, WAIT, STOP, GONE, LATER, AMOUNT = range(1_400, 1_408)
MOST = 200  # orders that a shop may place


def tables() -> dict[str, pd.DataFrame]:
    """Return the orders and their truth by name."""
    key, order = np.arange(SHOPS), np.arange(MOST)

    def chosen(purpose: int, of: int) -> np.ndarray:
        return (of * draws.uniform(SEED, key, 0, purpose)).astype(np.int64)

    begun, pace, region = chosen(BEGIN, DAYS), chosen(PACE, len(GAPS)), chosen(REGION, len(REGIONS))
    wait = np.maximum(1, np.rint(GAPS[pace][:, None] * draws.exponential(SEED, key[:, None], order, WAIT)))
    day = begun[:, None] + np.column_stack([np.zeros(SHOPS), wait[:, 1:].cumsum(axis=1)]).astype(np.int64)
    stops = draws.uniform(SEED, key[:, None], order, STOP) < STOP_CHANCE
    # the first order is always placed; every later one as long as no order before it was the last
    placed = np.column_stack([np.ones(SHOPS, bool), ~np.logical_or.accumulate(stops, axis=1)[:, :-1]]) & (day < DAYS)
    row, column = np.nonzero(placed)
    ids = np.array([f"F{number + 1:03}" for number in key], object)
    size = elementary.exp(SPREAD * draws.normal(SEED, key[:, None], order, AMOUNT) - SPREAD**2 / 2)
    film = pd.DataFrame({
        "customer_id": ids[row],
        "date": (FIRST_DAY + day[row, column]).astype("datetime64[us]"),
        "amount": np.rint(ROLL / 10 * size[row, column]) * 10,
        "region": np.array(REGIONS, object)[region][row],
    })  # fmt: skip
    last = placed.sum(axis=1) - 1
    stopped = stops[key, last]
    later = draws.exponential(SEED, key, 0, LATER) * DAYS_A_MONTH / GOES_LATER
    gone = (draws.uniform(SEED, key, 0, GONE) < GONE_AT_ONCE) | (later < DAYS - 1 - day[key, last])
    truth = pd.DataFrame({
        "customer_id": ids,
        "gap": GAPS[pace],
        "stop_chance": STOP_CHANCE,
        "state": np.where(stopped, np.where(gone, "lost", "dormant"), "user").astype(object),
    })  # fmt: skip
    return {
        "packaging_film": film.sort_values(["date", "customer_id"], ignore_index=True),
        "packaging_film_truth": truth,
    }


if __name__ == "__main__":
    run(__doc__, tables)

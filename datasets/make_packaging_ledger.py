"""Make ``packaging_ledger``: two years of sales, cost and wallets, by customer and product.

    python datasets/make_packaging_ledger.py

What a customer needs, our share of it, the margin and the usual cost to serve last; every year chance adds trouble
(returns, rush deliveries, repairs) and moves demand. From one year to the next customers grow, and our share drifts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from parquet_files import run

from cvmlab.core.random import draws, elementary

SEED = 2012
CUSTOMERS = 240
YEARS = np.array([2024, 2025])
# segment, share of customers, usual yearly wallet (yuan), margin over the cost of goods, change of our share in a year
SEGMENTS = (
    ("food_shop", 0.38, 16_000.0, 0.36, 0.98),
    ("bakery", 0.32, 34_000.0, 0.36, 0.96),
    ("bakery_chain", 0.10, 160_000.0, 0.27, 0.90),
    ("canteen", 0.20, 24_000.0, 0.28, 1.0),
)
# product, part of the wallet, how many customers buy it from us
PRODUCTS = (("film", 0.5, 1.0), ("bags", 0.3, 0.7), ("boxes", 0.2, 0.4))
WALLET, PART, PART_YEAR, GROWTH, BUYS, SHARE, SHIFT, MARGIN, EACH, OF_SALES, TROUBLE, SEGMENT = range(1_500, 1_512)
#: Usual cost to serve a customer in a year, and per yuan of sales.
PER_CUSTOMER, PER_YUAN = 2_000.0, 0.06


def factor(key: np.ndarray, number: np.ndarray | int, purpose: int, spread: float) -> np.ndarray:
    """Return a positive factor with mean 1."""
    return elementary.exp(spread * draws.normal(SEED, key, number, purpose) - spread**2 / 2)


def tables() -> dict[str, pd.DataFrame]:
    """Return the ledger by its name; arrays have the shape (customers, years, products)."""
    key, year, product = (np.arange(n) for n in (CUSTOMERS, len(YEARS), len(PRODUCTS)))
    who, when, what = key[:, None, None], year[None, :, None], product[None, None, :]
    each = when * len(PRODUCTS) + what
    limits = np.cumsum([share for _, share, *_ in SEGMENTS])
    segment = np.searchsorted(limits, draws.uniform(SEED, key, 0, SEGMENT), side="right").clip(0, len(SEGMENTS) - 1)
    usual, margin, drift = (np.array([each[at] for each in SEGMENTS])[segment][:, None, None] for at in (2, 3, 4))
    part, bought = (np.array([each[at] for each in PRODUCTS])[None, None, :] for at in (1, 2))

    own_growth = 1.06 * factor(who, 0, GROWTH, 0.14)
    needed = usual * factor(who, 0, WALLET, 0.7) * part * factor(who, what, PART, 0.4)
    wallet = np.floor(needed * own_growth**when * factor(who, each, PART_YEAR, 0.06) / 10 + 0.5) * 10
    share = 0.2 + 0.7 * draws.uniform(SEED, who, what, SHARE)
    moved = np.minimum(share * np.where(when == 1, drift * factor(who, what, SHIFT, 0.12), 1.0), 0.97)
    sold = np.where(draws.uniform(SEED, who, what, BUYS) < bought, moved, 0.0)
    revenue = np.floor(wallet * sold / 10) * 10
    goods = np.floor(revenue * (1 - margin - 0.04 * draws.normal(SEED, who, what, MARGIN)) / 10 + 0.5) * 10
    trouble = factor(who, when, TROUBLE, 0.7)
    total = revenue.sum(axis=2, keepdims=True)
    serving = PER_CUSTOMER * factor(who, 0, EACH, 0.7) + PER_YUAN * total * factor(who, 0, OF_SALES, 0.6)
    served = np.floor(serving * trouble * revenue / total / 10 + 0.5) * 10

    names = [np.array([each[0] for each in known], object) for known in (SEGMENTS, PRODUCTS)]
    shape = wallet.shape
    ledger = pd.DataFrame({
        "customer_id": np.array([f"P{number + 1:03}" for number in key], object)[np.broadcast_to(who, shape).ravel()],
        "segment": names[0][segment][np.broadcast_to(who, shape).ravel()],
        "year": np.broadcast_to(YEARS[when], shape).ravel(),
        "product": names[1][np.broadcast_to(what, shape).ravel()],
        "wallet": wallet.ravel(),
        "revenue": revenue.ravel(),
        "cost_of_goods": goods.ravel(),
        "cost_to_serve": served.ravel(),
    })  # fmt: skip
    return {"packaging_ledger": ledger}


if __name__ == "__main__":
    run(__doc__, tables)

"""A log of products bought at random, where it is known who dropped what."""

from __future__ import annotations

import numpy as np
import pandas as pd


def random_log(draw: np.random.Generator, dropping: float) -> tuple[pd.DataFrame, set[tuple[str, str]]]:
    """Return purchases at random of four products over two years, the second dearer, and who truly dropped what."""
    customers, names = 400, np.array(["paper", "toner", "pens", "labels"])
    rate = draw.gamma(2, 0.4, (customers, 4))
    drops = (draw.random((customers, 4)) < dropping) & (np.arange(4) == draw.integers(0, 4, (customers, 1)))
    month, who, what = np.nonzero(draw.random((24, customers, 4)) < 1 - np.exp(-rate))
    kept = ~(drops[who, what] & (month >= 12))
    month, who, what = month[kept], who[kept], what[kept]
    start = (np.datetime64("2022-01") + month).astype("datetime64[D]")
    log = pd.DataFrame(
        {
            "customer_id": [f"C{number:03}" for number in who],
            "date": start + draw.integers(0, 28, len(who)),
            "amount": (draw.lognormal(3, 0.5, len(who)) * np.where(month < 12, 1, 1.5)).round(2),
            "product": names[what],
        }
    )
    return log, {(f"C{customer:03}", str(names[product])) for customer, product in np.argwhere(drops)}

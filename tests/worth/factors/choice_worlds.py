"""Choices of known customers: logit, probit and uneven tastes, in the layout that the subject reads."""

from __future__ import annotations

import numpy as np
import pandas as pd

ATTRIBUTES = ("price", "trust", "innovation")
WEIGHTS = np.array([-0.8, 0.5, 0.3])


def choices_of(
    customers: int,
    each: int,
    seed: int,
    *,
    weights: np.ndarray = WEIGHTS,
    spread: float = 0.0,
    errors: str = "gumbel",
    alternatives: int = 3,
) -> pd.DataFrame:
    """Draw choices of customers whose weights are spread normally around the mean by a share of it."""
    draw = np.random.default_rng(seed)
    shape = (customers, each, alternatives)
    x = np.stack([draw.uniform(6, 14, shape), draw.integers(1, 8, shape), draw.integers(0, 5, shape)], axis=-1)
    own = weights * (1 + spread * draw.standard_normal((customers, len(weights))))
    noise = draw.gumbel(size=shape) if errors == "gumbel" else draw.standard_normal(shape)
    utility = np.einsum("cjak,ck->cja", x.astype(float), own) + noise
    rank = (-utility).argsort(axis=2).argsort(axis=2) + 1
    rows = np.indices(shape).reshape(3, -1)
    frame = pd.DataFrame(
        {
            "customer_id": np.char.add("c", rows[0].astype(str)),
            "choice_id": rows[1].astype(str),
            "alternative": np.array(list("abcdefgh"))[rows[2]],
        }
    )
    frame[list(ATTRIBUTES)] = x.reshape(-1, len(weights)).astype(float)
    return frame.assign(chosen=(rank == 1).ravel(), rank=rank.ravel())


def purchases_of(
    customers: int, each: int, seed: int, *, taste: float, memory: float, suppliers: int = 3
) -> pd.DataFrame:
    """Draw sequences of suppliers: fixed tastes of a standard deviation, and a bonus for the last supplier."""
    draw = np.random.default_rng(seed)
    own = taste * draw.standard_normal((customers, suppliers))
    last = np.zeros((customers, suppliers))
    bought = np.empty((customers, each), dtype=int)
    # the first ten are forgotten: the history does not begin where we begin to look
    for place in range(-10, each):
        now = (own + memory * last + draw.gumbel(size=own.shape)).argmax(axis=1)
        last = np.eye(suppliers)[now]
        if place >= 0:
            bought[:, place] = now
    customer, number = np.indices(bought.shape).reshape(2, -1)
    names = np.array(list("LRST"))[bought.ravel()]
    ids = np.char.add("c", customer.astype(str))
    return pd.DataFrame({"customer_id": ids, "date": number, "supplier": names})

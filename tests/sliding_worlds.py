"""Customers over two years whose true change is known: buying at random, in bursts with a season, and by the clock."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cvmlab.data.panels import Panel

MONTHS = np.arange("2023-01", "2025-01", dtype="datetime64[M]").astype("datetime64[D]")
SEASON = np.tile([0.6, 0.7, 0.9, 1, 1, 1.1, 0.8, 0.7, 1, 1.1, 1.3, 1.8], 2)


def at_random(draw: np.random.Generator, rate: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return orders that come at random, with amounts that vary."""
    orders = draw.poisson(rate)
    return orders * draw.lognormal(0, 0.5, rate.shape)


def in_bursts(draw: np.random.Generator, rate: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return orders in bursts, more of them before the end of the year, a few of them very large."""
    orders = draw.negative_binomial(0.5, 0.5 / (0.5 + rate * SEASON[:, np.newaxis]))
    return orders * draw.lognormal(0, 1.0, rate.shape)


def by_the_clock(draw: np.random.Generator, rate: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an order whenever enough need has built up since the last one."""
    need = (rate * draw.uniform(0.7, 1.3, rate.shape)).cumsum(axis=0) + draw.uniform(0, 1, rate.shape[1])
    return np.diff(np.floor(need), axis=0, prepend=0) * draw.normal(1, 0.1, rate.shape)


WORLDS: dict[str, Callable[..., NDArray[np.float64]]] = {
    "at_random": at_random, "in_bursts": in_bursts, "by_the_clock": by_the_clock
}  # fmt: skip


def world(kind: str, seed: int, *, fallen: float, left: float = 0.25, customers: int = 1500):
    """Return a panel, which customers truly fell, and a threshold above which some 40% of customers are valuable."""
    draw = np.random.default_rng([seed, len(kind)])
    rate = draw.gamma(1.5, 0.6, customers)
    size = draw.lognormal(4, 0.7, customers)
    fell = draw.random(customers) < fallen
    by_month = np.tile(rate, (24, 1))
    by_month[12:] *= np.where(fell, left, 1)
    revenue = WORLDS[kind](draw, by_month) * size
    ids = np.array([f"{number:05}" for number in range(customers)], dtype=object)
    panel = Panel(ids, MONTHS, 1, {"revenue": revenue}, np.zeros(customers, dtype=np.int64))
    return panel, fell, float(np.quantile(revenue[:12].sum(axis=0), 0.6))

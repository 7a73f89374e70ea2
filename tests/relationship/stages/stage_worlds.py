"""Relationships of known stage and pattern, made without cvmlab's simulators.

Two generators. `tuned` was looked at while the model was mended: a logistic rise to a customer's own plateau, gamma
noise around it, a linear fall. `unseen` was not, it only grades: a Gompertz curve or a climb in four stairs, Poisson
orders of log-normal value, an exponential fall. In both the truth is said on a linear scale: exploration below a
quarter of the plateau, formation below nine tenths, then stability; from a fall on decline, then ended. Customers who
are flat are on their plateau from the first month. A quarter have begun before the data.

Patterns by the stage that is left (S04): I and II leave on the way up, III before a year of stability, IV after. Flat
customers leave as III or IV.
"""

from dataclasses import dataclass

import numpy as np

from cvmlab.data.panels import Panel
from cvmlab.relationship.stages import rule_of_thumb

CUSTOMERS, MONTHS = 400, 48
EXPLORES_BELOW, FORMS_BELOW, LATE = 0.25, 0.9, 12
#: Shares of the rising customers who leave as I, II, III and IV; the others stay.
LEAVING = (0.15, 0.15, 0.15, 0.2)


@dataclass(frozen=True)
class World:
    """A panel with its true stages (periods, customers), patterns and who was flat."""

    panel: Panel
    stage: np.ndarray
    pattern: np.ndarray
    flat: np.ndarray


def tuned(seed, *, flat=0.0, calm=False, empty=0.0):
    """Return a world with a logistic rise, gamma noise (coefficient of variation .5 or .3) and a linear fall."""
    rng = np.random.default_rng([seed, 1])
    levels = _levels(rng, flat, _logistic, _linear_fall)
    shape = 1 / (0.3 if calm else 0.5) ** 2
    seen = levels.level * rng.gamma(shape, 1 / shape, levels.level.shape)
    return _world(rng, levels, seen * (rng.random(seen.shape) >= _own_gaps(rng, empty)))


def unseen(seed, *, flat=0.0, calm=False, empty=0.0):
    """Return a world with a Gompertz or stepwise rise, Poisson orders of log-normal value and an exponential fall."""
    orders, spread = (15, 0.3) if calm else (6, 0.5)
    rng = np.random.default_rng([seed, 2])
    levels = _levels(rng, flat, _gompertz_or_stairs, _exponential_fall)
    count = rng.poisson(levels.level * orders)
    value = rng.lognormal(-(spread**2) / 2, spread, (*count.shape, 40))
    seen = (value * (np.arange(40) < count[..., None])).sum(axis=-1) / orders
    return _world(rng, levels, seen * (rng.random(seen.shape) >= _own_gaps(rng, empty)))


@dataclass(frozen=True)
class _Levels:
    level: np.ndarray
    stage: np.ndarray
    pattern: np.ndarray
    flat: np.ndarray


def _levels(rng, flat, rise, fall):
    level, stage = np.zeros((MONTHS, CUSTOMERS)), np.zeros((MONTHS, CUSTOMERS), np.uint8)
    pattern = np.full(CUSTOMERS, "", object)
    is_flat = rng.random(CUSTOMERS) < flat
    before = rng.random(CUSTOMERS) < 0.25
    begins = np.where(before, -rng.integers(1, 36, CUSTOMERS), rng.integers(0, MONTHS, CUSTOMERS))
    for i in range(CUSTOMERS):
        up = np.ones(120) if is_flat[i] else rise(rng)
        own = np.where(up < EXPLORES_BELOW, 1, np.where(up < FORMS_BELOW, 2, 3))
        leaves, kind = _leaving(rng, own, is_flat[i])
        if leaves < len(up):
            down = up[leaves] * fall(rng)
            up = np.r_[up[:leaves], down, np.zeros(120)][:120]
            own = np.r_[own[:leaves], np.full(len(down), 4), np.full(120, 5)][:120]
        rows = np.arange(max(begins[i], 0), MONTHS)
        level[rows, i], stage[rows, i] = up[rows - begins[i]], own[rows - begins[i]]
        # of one who lasts, IV is known without an end
        if stage[-1, i] == 5:
            pattern[i] = kind
        elif (stage[:, i] == 3).sum() >= LATE:
            pattern[i] = "IV"
    return _Levels(level, stage, pattern, is_flat)


def _leaving(rng, own, flat):
    kind = rng.choice(["I", "II", "III", "IV", ""], p=[*LEAVING, 1 - sum(LEAVING)])
    if flat and kind in ("I", "II"):
        kind = "III" if kind == "I" else "IV"
    stable = int(np.argmax(own == 3))
    explores = int((own == 1).sum())
    if kind == "I" and explores > 1:
        return int(rng.integers(1, explores)), kind
    if kind in ("I", "II"):
        return int(rng.integers(explores + 1, stable)), "II"
    if kind == "III":
        return stable + int(rng.integers(2, LATE)), kind
    return (stable + LATE + int(rng.integers(0, 24)), kind) if kind else (len(own), kind)


def _logistic(rng):
    pace = rng.uniform(1.2, 3.0)
    middle = pace * rng.uniform(2.2, 4.5)
    return 1 / (1 + np.exp(-(np.arange(120) - middle) / pace))


def _linear_fall(rng):
    months = int(rng.integers(3, 10))
    return 1 - np.arange(1, months) / months


def _gompertz_or_stairs(rng):
    age = np.arange(120)
    if rng.random() < 0.5:
        return np.exp(-rng.uniform(2.0, 4.0) * np.exp(-age / rng.uniform(3.0, 6.0)))
    stairs = np.cumsum(rng.integers(2, 7, 4))
    heights = np.array([rng.uniform(0.08, 0.2), rng.uniform(0.3, 0.45), rng.uniform(0.5, 0.65), 0.8, 1.0])
    return heights[np.searchsorted(stairs, age, side="right")]


def _exponential_fall(rng):
    return np.exp(-np.arange(1, int(rng.integers(3, 10))) / rng.uniform(2.0, 4.0))


def _own_gaps(rng, empty):
    return np.clip(rng.normal(empty, 0.1, CUSTOMERS), 0, 0.9) if empty else np.zeros(CUSTOMERS)


def _world(rng, made, seen):
    revenue = seen * rng.lognormal(5, 0.8, CUSTOMERS)
    # a customer is known from the first purchase on, and only with one
    bought = revenue > 0
    known = bought.any(axis=0)
    first = bought.argmax(axis=0)[known]
    panel = Panel(
        np.array([f"{i:03d}" for i in np.flatnonzero(known)], object),
        (np.datetime64("2020-01") + np.arange(MONTHS)).astype("datetime64[D]"),
        1,
        {"revenue": revenue[:, known]},
        first,
    )
    stage = np.where(np.arange(MONTHS)[:, None] >= first, made.stage[:, known], 0).astype(np.uint8)
    return World(panel, stage, made.pattern[known], made.flat[known])


def plain_rule(panel):
    """Return the stages a plain rule names: the mean of three months around each against the customer's own peak.

    Exploration below a quarter of it, formation below four fifths, until they are first reached; decline below half of
    it, after the peak; the end as in cvmlab's rule of thumb. It knows where the truth of these worlds puts its borders.
    """
    revenue = np.maximum(panel["revenue"], 0)
    row = np.arange(len(revenue))[:, None]
    begun = row >= panel.first
    mean = _sums_of_three(revenue) / np.maximum(_sums_of_three(begun), 1)
    peak, so_far = mean.max(axis=0), np.maximum.accumulate(mean, axis=0)
    stage = np.where(so_far < 0.25 * peak, 1, np.where(so_far < 0.8 * peak, 2, 3))
    stage = np.where((row > mean.argmax(axis=0)) & (mean < 0.5 * peak), 4, stage)
    ended = rule_of_thumb(panel) == 5
    return np.where(begun, np.where(ended, 5, stage), 0).astype(np.uint8)


def _sums_of_three(values):
    around = np.pad(values.astype(float), ((1, 1), (0, 0)))
    return around[:-2] + around[1:-1] + around[2:]

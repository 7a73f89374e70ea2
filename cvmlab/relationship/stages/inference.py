"""Inferring the steps of a chunk of customers: forward and backward over time, each customer's own height found first.

How large a customer is when the relationship is at its best is not known beforehand. So every customer is looked at
under three suppositions: that the best months seen were stability, formation, or still exploration. Under each, the
customer's own height (and margin, and breadth) is moved to where it fits best; suppositions that come to the same are
one, those that explain the history far worse are dropped, and the rest are weighed.

Time is a Python loop, everything else is numpy. Each period is scaled to sum to one, so that single precision holds
any number of periods.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.data.tables import REVENUE

from . import assumed, states
from .assumed import REFERRALS
from .evidence import REVENUE_CLASSES, RULERS, Observed
from .habits import customer_means
from .states import RISING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from .model import StageModel

    Floats = NDArray[np.float64]
    Singles = NDArray[np.float32]
    Offsets = dict[str, Singles]


# This many cells stay in the processor's cache. This few customers keep the matrix products on one thread: those of the
# linear algebra library, started for each period anew, would fight with the threads that work on other chunks.
_CHUNK_CELLS, _CHUNK_CUSTOMERS = 60_000, 600
# Steps that the best months are supposed to have been.
_SUPPOSED = RISING[[-1, 3, 1]]
_KNOWN = "known"


def chunk_size(periods: int) -> int:
    """Return how many customers to work on at once."""
    return max(1, min(_CHUNK_CELLS // max(1, periods), _CHUNK_CUSTOMERS))


# --- forward and backward ----------------------------------------------------------------------------


def densities(tables: Sequence[Singles], classes: Sequence[NDArray[np.integer]]) -> Singles:
    """Return the density of what was seen in each state (periods, customers, states), multiplied over the columns."""
    product: Singles = tables[0][classes[0]]
    for table, seen in zip(tables[1:], classes[1:], strict=True):
        product *= table[seen]
    return product


def forward(density: Singles, start: Singles, moves: Singles) -> tuple[Singles, Floats]:
    """Return the probability of each state given all up to the period, f_t ∝ (f_{t−1} A) ∘ b_t, and log-likelihoods."""
    filtered = np.empty_like(density)
    log_likelihood = np.zeros(density.shape[1])
    now = start * density[0]
    for period in range(len(density)):
        if period:
            now = (filtered[period - 1] @ moves) * density[period]
        scale = now.sum(axis=1, keepdims=True)
        np.divide(now, scale, out=filtered[period])
        log_likelihood += np.log(scale[:, 0], dtype=np.float64)
    return filtered, log_likelihood


def backward(filtered: Singles, density: Singles, moves: Singles, weight: Singles | None = None) -> Floats:
    """Turn filtered probabilities into posterior ones, in place; return expected moves (zeros without weights).

    β_{t−1} = A (b_t ∘ β_t), scaled; posterior ∝ f ∘ β.
    """
    ahead = np.ones_like(filtered[0])
    counts = np.zeros(moves.shape)
    back = np.ascontiguousarray(moves.T)
    for period in range(len(filtered) - 1, 0, -1):
        joint = density[period] * ahead
        _weigh(filtered[period], ahead)
        before = joint @ back
        if weight is not None:
            seen = (filtered[period - 1] * before).sum(axis=1)
            counts += moves * ((filtered[period - 1] * (weight / seen)[:, None]).T @ joint)
        np.divide(before, before.sum(axis=1, keepdims=True), out=ahead)
    _weigh(filtered[0], ahead)
    return counts


def _weigh(filtered: Singles, ahead: Singles) -> None:
    filtered *= ahead
    filtered /= filtered.sum(axis=1, keepdims=True)


# --- each customer's own height ----------------------------------------------------------------------


@dataclass(frozen=True)
class Inferred:
    """A chunk of customers under the suppositions that are left: a row per supposition, sorted by customer."""

    #: The customer of each row, at least one per customer; column → the customer's own offset; both of shape (rows,).
    owner: NDArray[np.intp]
    offset: Offsets
    #: From `forward` and `densities`, shape (periods, rows, steps).
    filtered: Singles
    density: Singles
    #: Chances of moving that were used, shape (steps, steps).
    moves: Singles
    #: Posterior weight of each row among its customer's, shape (rows,).
    weight: Singles
    #: Of each customer, shape (customers,).
    log_likelihood: Floats

    def of_customers(self, by_row: Singles) -> Singles:
        """Return probabilities by customer from those by row: (periods, rows, …) → (periods, customers, …)."""
        weighted = by_row * self.weight[:, None]
        if len(self.weight) == len(self.log_likelihood):
            return weighted
        return np.add.reduceat(weighted, _starts(self.owner), axis=1)

    def drawn(self, chance: Floats) -> NDArray[np.intp]:
        """Return one row of each customer, drawn by the weights with a uniform draw each."""
        starts = _starts(self.owner)
        total = np.cumsum(self.weight, dtype=np.float64)
        before = np.r_[0.0, total[starts[1:] - 1]]
        row = np.searchsorted(total, before + chance * (1 - 1e-6), side="right")
        return np.asarray(np.clip(row, starts, np.r_[starts[1:], len(self.weight)] - 1))


def infer(
    seen: Observed,
    model: StageModel,
    *,
    refine: int = 2,
    columns: tuple[str, ...] | None = None,
    known: NDArray[np.integer] | None = None,
) -> Inferred:
    """Find each customer's own height in some refinements, the first by revenue alone, and weigh the suppositions."""
    used = model.columns if columns is None else columns
    moves = model.moves.astype(np.float32)
    tables = model.tables
    if known is not None:
        # a known path may hold moves that the model forbids, and must not break it
        moves = np.maximum(moves, np.float32(assumed.LEAST_KNOWN))
        tables = {**tables, _KNOWN: np.maximum(states.MEMBER.T, assumed.LEAST_KNOWN).astype(np.float32)}
    start = states.start_of(model.new, model.found, len(seen.begun)).astype(np.float32)
    owner = np.repeat(np.arange(seen.begun.shape[1]), len(_SUPPOSED))
    offset = _first_offsets(seen, model)
    for turn in range(refine + 1):
        now = used if turn or not refine else (REVENUE,)
        classes = classes_of(seen, owner, offset, now)
        if known is not None:
            classes[_KNOWN] = known[:, owner]
        density = densities([tables[name] for name in classes], list(classes.values()))
        filtered, log_likelihood = forward(density, start, moves)
        score = log_likelihood + _log_prior(model, offset, now)
        if turn < refine:
            backward(filtered, density, moves)
            offset = _moved(seen, model, owner, offset, filtered, used)
            kept = _kept(owner, offset[REVENUE], score)
            owner, offset = owner[kept], {name: own[kept] for name, own in offset.items()}
    weight, total = _weighed(owner, score)
    return Inferred(owner, offset, filtered, density, moves, weight, total)


def classes_of(
    seen: Observed, owner: NDArray[np.intp], offset: Mapping[str, Singles], used: tuple[str, ...]
) -> dict[str, NDArray[np.integer]]:
    """Return the class of each observation of each row, by column: shape (periods, rows)."""
    classes: dict[str, NDArray[np.integer]] = {}
    for name in used:
        if name in seen.scale:
            classes[name] = RULERS[name].classes(seen.scale[name][:, owner] - offset[name])
    begins = seen.rhythm[owner] * np.int16(REVENUE_CLASSES)
    classes[REVENUE] = begins + np.where(seen.begun[:, owner], 1 + classes[REVENUE], 0).astype(np.int16)
    if REFERRALS in used and seen.referrals is not None:
        classes[REFERRALS] = seen.referrals[:, owner]
    return classes


def _starts(owner: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])


def _first_offsets(seen: Observed, model: StageModel) -> Offsets:
    """Return where the suppositions begin: revenue by the best third of the months, the rest by their mean."""
    noise = model.measures[REVENUE].noise[RISING[-1]]
    offset = {}
    for name, values in seen.scale.items():
        if name == REVENUE:
            height = _best(values) - np.float32(assumed.BEST_EXCESS * noise)
        else:
            height = customer_means(values).astype(np.float32)
        usual = model.measures[name].mean[_SUPPOSED].astype(np.float32)
        offset[name] = (height[:, None] - usual).reshape(-1)
    return offset


def _best(values: Singles) -> Singles:
    """Return the mean of the upper third of each customer's values, 0 without any."""
    ordered = np.sort(np.where(np.isnan(values), np.inf, -values), axis=0)
    there = np.isfinite(ordered)
    count = np.maximum(1, np.ceil(there.sum(axis=0) * assumed.BEST_SHARE))
    taken = there & (np.arange(len(values))[:, None] < count)
    return np.asarray(-np.where(taken, ordered, 0).sum(axis=0) / count, np.float32)


def _moved(
    seen: Observed,
    model: StageModel,
    owner: NDArray[np.intp],
    offset: Offsets,
    posterior: Singles,
    used: tuple[str, ...],
) -> Offsets:
    """Return each row's offsets at their best given the posterior: the mean of what is left, leaning on the usual."""
    moved = dict(offset)
    for name, values in seen.scale.items():
        if name not in used:
            continue
        measure = model.measures[name]
        precision = 1 / measure.noise**2
        expected = posterior @ np.stack([precision * measure.mean, precision], axis=1).astype(np.float32)
        weight = np.maximum(expected[..., 1], 1e-9)
        left = values[:, owner] - offset[name] - expected[..., 0] / weight
        there = ~np.isnan(left)
        # clipped: one odd month must not move the customer's height
        reach = assumed.OFFSET_ERRORS / np.sqrt(weight)
        left = np.where(there, np.clip(left, -reach, reach), 0)
        weight = np.where(there, weight, 0)
        prior = 0.0 if np.isinf(measure.spread) else 1 / measure.spread**2
        total = weight.sum(axis=0) + prior
        pull = (weight * left).sum(axis=0) + prior * (measure.centre - offset[name])
        moved[name] = (offset[name] + pull / np.maximum(total, 1e-9)).astype(np.float32)
    return moved


def _log_prior(model: StageModel, offset: Offsets, used: tuple[str, ...]) -> Floats:
    score = np.zeros(len(offset[REVENUE]))
    for name in used:
        if name in offset and np.isfinite(model.measures[name].spread):
            measure = model.measures[name]
            score -= 0.5 * ((offset[name] - measure.centre) / measure.spread) ** 2
    return score


def _kept(owner: NDArray[np.intp], height: Singles, score: Floats) -> NDArray[np.bool_]:
    """Return the rows worth going on with: the best of each customer, and others that differ and compete."""
    kept = score > _best_score(owner, score) - assumed.DROPPED
    for step in range(1, len(_SUPPOSED)):
        # of two that have come to the same, the better goes on, the earlier where they are equal
        same = (owner[step:] == owner[:-step]) & (np.abs(height[step:] - height[:-step]) < assumed.SAME)
        later_better = score[step:] > score[:-step]
        kept[step:] &= ~(same & ~later_better)
        kept[:-step] &= ~(same & later_better)
    return kept


def _best_score(owner: NDArray[np.intp], score: Floats) -> Floats:
    """Return for each row the best score of its customer's rows."""
    starts = _starts(owner)
    return np.repeat(np.maximum.reduceat(score, starts), np.diff(np.r_[starts, len(owner)]))


def _weighed(owner: NDArray[np.intp], score: Floats) -> tuple[Singles, Floats]:
    """Return the weight of each row among its customer's, and the customer's log-likelihood."""
    starts = _starts(owner)
    best = _best_score(owner, score)
    share = np.exp(score - best)
    total = np.add.reduceat(share, starts)
    weight = share / np.repeat(total, np.diff(np.r_[starts, len(owner)]))
    return weight.astype(np.float32), best[starts] + np.log(total)

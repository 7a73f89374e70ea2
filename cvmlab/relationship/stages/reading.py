"""Reading a chunk of customers: their own height is found first, then the steps.

How large a customer is when the relationship is at its best is not known beforehand. So every customer is read under
three suppositions: that the best months seen were stability, formation, or still exploration. Under each, the
customer's own height (and own margin, own breadth) is moved to where it fits best; suppositions that come to the
same are one, those that explain the history far worse than another are given up, and the rest are weighed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.data.tables import REVENUE

from . import passes, states
from .evidence import REVENUE_CLASSES, RULERS, Observed
from .habits import REFERRALS
from .states import RISING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from .model import StageModel


# The steps that the best months are supposed to have been.
_SUPPOSED = RISING[[-1, 3, 1]]
_BEST_SHARE = 1 / 3
# What the best third of a steady customer's months lies above the mean, in units of noise.
_CHANCE_OF_BEST = 1.1
_ROBUST = 3.0
# Given up: e^-8 as likely. The same: less apart than any step's noise.
_GIVEN_UP, _SAME = 8.0, 0.1
_KNOWN, _MISREAD = "known", 1e-6

Offsets = dict[str, "NDArray[np.float32]"]


@dataclass(frozen=True)
class Reading:
    """A chunk of customers under the suppositions that are left: a row a supposition, sorted by customer.

    Attributes
    ----------
    owner
        The customer of each row, shape (rows,); every customer has at least one.
    offset
        Column → the customer's own offset, shape (rows,).
    filtered, density
        From `passes.forward` and `passes.densities`.
    moves
        Chances of moving between steps that they were read by, shape (steps, steps).
    weight
        Posterior weight of each row among the rows of its customer, shape (rows,).
    log_likelihood
        Of each customer, shape (customers,).
    """

    owner: NDArray[np.intp]
    offset: Offsets
    filtered: NDArray[np.float32]
    density: NDArray[np.float32]
    moves: NDArray[np.float32]
    weight: NDArray[np.float32]
    log_likelihood: NDArray[np.float64]

    def of_customers(self, by_row: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities by customer from those by row: (periods, rows, …) → (periods, customers, …)."""
        weighted = by_row * self.weight[:, None]
        if len(self.weight) == len(self.log_likelihood):
            return weighted
        return np.add.reduceat(weighted, _starts(self.owner), axis=1)

    def drawn(self, chance: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return one row of each customer, drawn by the weights with a uniform draw each."""
        starts = _starts(self.owner)
        total = np.cumsum(self.weight, dtype=np.float64)
        before = np.r_[0.0, total[starts[1:] - 1]]
        row = np.searchsorted(total, before + chance * (1 - 1e-6), side="right")
        ends = np.r_[starts[1:], len(self.weight)] - 1
        drawn: NDArray[np.intp] = np.clip(row, starts, ends)
        return drawn


def read(
    seen: Observed,
    model: StageModel,
    *,
    refine: int = 2,
    columns: tuple[str, ...] | None = None,
    known: NDArray[np.integer] | None = None,
) -> Reading:
    """Find each customer's own height and weigh the suppositions.

    Parameters
    ----------
    seen
        From `observe`.
    model
        The model.
    refine
        How often the offsets are moved to where they fit best, the first time by revenue alone: it says where
        the other columns stand.
    columns
        Columns that count, those of the model if left out.
    known
        True stage codes, shape (periods, customers), where they are known.
    """
    used = model.columns if columns is None else columns
    moves = _moves(model, known)
    start = states.start_of(model.new, model.found, seen.periods).astype(np.float32)
    owner = np.repeat(np.arange(seen.customers), len(_SUPPOSED))
    offset = _first_offsets(seen, model)
    for turn in range(refine + 1):
        now = used if turn or not refine else (REVENUE,)
        classes = classes_of(seen, owner, offset, now)
        if known is not None:
            classes[_KNOWN] = known[:, owner]
        density = passes.densities([_table(model, name) for name in classes], list(classes.values()))
        filtered, log_likelihood = passes.forward(density, start, moves)
        score = log_likelihood + _log_prior(model, offset, now)
        if turn < refine:
            passes.backward(filtered, density, moves)
            offset = _moved(seen, model, owner, offset, filtered, used)
            kept = _kept(owner, offset[REVENUE], score)
            owner, offset = owner[kept], {name: own[kept] for name, own in offset.items()}
    weight, total = _weighed(owner, score)
    return Reading(owner, offset, filtered, density, moves, weight, total)


def classes_of(
    seen: Observed, owner: NDArray[np.intp], offset: Mapping[str, NDArray[np.float32]], used: tuple[str, ...]
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


def _moves(model: StageModel, known: NDArray[np.integer] | None) -> NDArray[np.float32]:
    """Return the chances of moving; a known path may hold moves that the model forbids, and must not break it."""
    moves = model.moves.astype(np.float32)
    return moves if known is None else np.maximum(moves, np.float32(_MISREAD))


def _table(model: StageModel, name: str) -> NDArray[np.float32]:
    if name == _KNOWN:
        return np.maximum(states.MEMBER.T, _MISREAD).astype(np.float32)
    return model.tables[name]


def _starts(owner: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])


def _first_offsets(seen: Observed, model: StageModel) -> Offsets:
    """Return where the suppositions begin: revenue by the best third of the months, the rest by their mean."""
    noise = model.measures[REVENUE].noise[RISING[-1]]
    offset = {}
    for name, values in seen.scale.items():
        height = _best(values) - np.float32(_CHANCE_OF_BEST * noise) if name == REVENUE else _means(values)
        usual = model.measures[name].mean[_SUPPOSED].astype(np.float32)
        offset[name] = (height[:, None] - usual).reshape(-1)
    return offset


def _best(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of the upper third of each customer's values, 0 without any."""
    ordered = np.sort(np.where(np.isnan(values), np.inf, -values), axis=0)
    there = np.isfinite(ordered)
    count = np.maximum(1, np.ceil(there.sum(axis=0) * _BEST_SHARE))
    taken = there & (np.arange(len(values))[:, None] < count)
    best: NDArray[np.float32] = (-np.where(taken, ordered, 0).sum(axis=0) / count).astype(np.float32)
    return best


def _means(values: NDArray[np.float32]) -> NDArray[np.float32]:
    there = ~np.isnan(values)
    means: NDArray[np.float32] = (np.where(there, values, 0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)).astype(
        np.float32
    )
    return means


def _moved(
    seen: Observed,
    model: StageModel,
    owner: NDArray[np.intp],
    offset: Offsets,
    posterior: NDArray[np.float32],
    used: tuple[str, ...],
) -> Offsets:
    """Return each row's offsets at their best given the posterior: the mean of what is left, leaning on the usual."""
    moved = dict(offset)
    for name, values in seen.scale.items():
        if name not in used:
            continue
        measure = model.measures[name]
        precision = 1 / measure.noise**2
        told = posterior @ np.stack([precision * measure.mean, precision], axis=1).astype(np.float32)
        weight = np.maximum(told[..., 1], 1e-9)
        left = values[:, owner] - offset[name] - told[..., 0] / weight
        there = ~np.isnan(left)
        # clipped: one odd month must not move the customer's height
        reach = _ROBUST / np.sqrt(weight)
        left = np.where(there, np.clip(left, -reach, reach), 0)
        weight = np.where(there, weight, 0)
        prior = 0.0 if np.isinf(measure.spread) else 1 / measure.spread**2
        total = weight.sum(axis=0) + prior
        pull = (weight * left).sum(axis=0) + prior * (measure.centre - offset[name])
        moved[name] = (offset[name] + pull / np.maximum(total, 1e-9)).astype(np.float32)
    return moved


def _log_prior(model: StageModel, offset: Offsets, used: tuple[str, ...]) -> NDArray[np.float64]:
    score = np.zeros(len(offset[REVENUE]))
    for name in used:
        if name in offset and np.isfinite(model.measures[name].spread):
            measure = model.measures[name]
            score -= 0.5 * ((offset[name] - measure.centre) / measure.spread) ** 2
    return score


def _kept(owner: NDArray[np.intp], height: NDArray[np.float32], score: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the rows worth going on with: the best of each customer, and others that differ and compete."""
    starts = _starts(owner)
    place = np.cumsum(np.r_[True, owner[1:] != owner[:-1]]) - 1
    best = np.maximum.reduceat(score, starts)[place]
    kept: NDArray[np.bool_] = score > best - _GIVEN_UP
    for step in range(1, len(_SUPPOSED)):
        # of two that have come to the same, the better goes on, the earlier where they are equal
        same = (owner[step:] == owner[:-step]) & (np.abs(height[step:] - height[:-step]) < _SAME)
        later_better = score[step:] > score[:-step]
        kept[step:] &= ~(same & ~later_better)
        kept[:-step] &= ~(same & later_better)
    return kept


def _weighed(owner: NDArray[np.intp], score: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the weight of each row among its customer's, and the customer's log-likelihood."""
    starts = _starts(owner)
    place = np.cumsum(np.r_[True, owner[1:] != owner[:-1]]) - 1
    best = np.maximum.reduceat(score, starts)
    share = np.exp(score - best[place])
    total = np.add.reduceat(share, starts)
    return (share / total[place]).astype(np.float32), best + np.log(total)

"""The likelihood of a conditional logit: its maximum, and the cases in which it has none."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .choice_sets import Array, ChoiceSets

# The search ends where the next step promises no more than this of the log-likelihood; it takes so many steps at most.
_NO_MORE, _MOST_STEPS = 1e-9, 60
# Below this information per choice (attributes in units of their spread) the data may hold no maximum.
_SUSPICIOUS = 1e-6
# Rows of differences that a search for separation takes in at once, and how often.
_ROWS, _MOST_ROUNDS = 500, 50


class Maximum(NamedTuple):
    """Where a search ended: weights, log-likelihood, scores by set, information, and whether it came to rest."""

    weights: Array
    log_likelihood: float
    scores: Array
    information: Array
    at_rest: bool


def differences(x: Array, sets: ChoiceSets, chosen: NDArray[np.int64]) -> Array:
    """Return the attributes less those of the chosen alternative, in the order of the sets."""
    return x - np.repeat(x[chosen], sets.size, axis=0)


def evaluate(weights: Array, less: Array, sets: ChoiceSets) -> Maximum:
    """Return log-likelihood, scores and information at some weights."""
    utility = less @ weights
    highest = np.maximum.reduceat(utility, sets.first)
    odds = np.exp(utility - np.repeat(highest, sets.size))
    total = sets.total(odds)
    share = odds / np.repeat(total, sets.size)
    # the chosen one has utility 0
    likelihood = -float((np.log(total) + highest).sum())
    expected = sets.total(share[:, None] * less)
    information = (less * share[:, None]).T @ less - expected.T @ expected
    return Maximum(weights, likelihood, -expected, information, False)


def maximise(less: Array, sets: ChoiceSets) -> Maximum:
    """Climb by Newton's steps from equal chances; the log-likelihood is concave, so that there is one top at most."""
    here = evaluate(np.zeros(less.shape[1]), less, sets)
    for _ in range(_MOST_STEPS):
        slope = here.scores.sum(axis=0)
        try:
            step = np.linalg.solve(here.information, slope)
        except np.linalg.LinAlgError:
            return here
        promised = float(slope @ step)
        if not promised > _NO_MORE:
            # the last step is good for as many digits again
            there = evaluate(here.weights + step, less, sets)
            return there._replace(at_rest=bool(np.isfinite(promised)))
        size = 1.0
        there = evaluate(here.weights + step, less, sets)
        while not there.log_likelihood >= here.log_likelihood and size > 1e-6:
            size /= 2
            there = evaluate(here.weights + size * step, less, sets)
        here = there
    return here


def is_suspicious(found: Maximum) -> bool:
    """Return whether the likelihood is so flat where the search ended that it may rise for ever."""
    flattest = float(np.linalg.eigvalsh(found.information)[0])
    return not found.at_rest or flattest < _SUSPICIOUS * len(found.scores)


def never_against(less: Array) -> NDArray[np.bool_]:
    """Return which attributes make up a sum that no choice goes against, as few as will do; none if there is none.

    Albert & Anderson (1984): there is a maximum unless some weights put the chosen alternative first, or level, in
    every choice, and first in some (separation).
    """
    takes_part = np.zeros(less.shape[1], dtype=np.bool_)
    alone = np.flatnonzero(((less >= 0).all(axis=0) | (less <= 0).all(axis=0)) & (less != 0).any(axis=0))
    if len(alone):
        takes_part[alone[0]] = True
    elif _separates(less):
        takes_part[:] = True
        for place in range(less.shape[1]):
            takes_part[place] = False
            takes_part[place] = not _separates(less[:, takes_part])
    return takes_part


def _separates(less: Array) -> bool:
    """Return whether some weights make no row of differences positive and some row negative."""
    from scipy.optimize import linprog

    if not less.shape[1]:
        return False
    mean = less.mean(axis=0)
    # few rows bound the weights; those that the answer to the last ones breaks are added until it breaks none
    rows = less[:: -(-len(less) // _ROWS)]
    for _ in range(_MOST_ROUNDS):
        best = linprog(mean, A_ub=rows, b_ub=np.zeros(len(rows)), bounds=(-1, 1)).x
        if best is None or mean @ best > -1e-9:
            return False
        level = less @ best
        broken = np.flatnonzero(level > 1e-7)
        if not len(broken):
            return True
        rows = np.vstack([rows, less[broken[np.argsort(-level[broken])[:_ROWS]]]])
    return False

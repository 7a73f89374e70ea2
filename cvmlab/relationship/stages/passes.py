"""Forward and backward over time, all customers at once.

Arrays have a row a customer and a column a state; time is a Python loop, everything else is numpy. Each period is
scaled to sum to one, so that single precision holds any number of periods. What a state says of a period
comes as a table of densities by class of observation, so that no density is computed twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


# So many cells stay in the processor's cache. So few customers keep the matrix products on one thread: those of the
# linear algebra library, started for each period anew, would fight with the threads that work on other chunks.
_CHUNK_CELLS, _CHUNK_CUSTOMERS = 60_000, 600


def chunk_size(periods: int) -> int:
    """Return how many customers to pass over at once."""
    return max(1, min(_CHUNK_CELLS // max(1, periods), _CHUNK_CUSTOMERS))


def densities(tables: Sequence[NDArray[np.float32]], classes: Sequence[NDArray[np.integer]]) -> NDArray[np.float32]:
    """Return the density of what was seen in each state.

    Parameters
    ----------
    tables
        One a column of the data: density by class and state, shape (classes, states).
    classes
        One a column: class of every observation, shape (periods, customers).

    Returns
    -------
    ndarray
        Shape (periods, customers, states): the product over the columns.
    """
    product: NDArray[np.float32] = tables[0][classes[0]]
    for table, seen in zip(tables[1:], classes[1:], strict=True):
        product *= table[seen]
    return product


def forward(
    density: NDArray[np.float32], start: NDArray[np.float32], moves: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the probability of each state given all up to the period, and the log-likelihood.

    Parameters
    ----------
    density
        Shape (periods, customers, states).
    start
        Weight of each state in the first period, shape (states,).
    moves
        Chance of moving from row to column, shape (states, states).

    Returns
    -------
    filtered : ndarray
        Shape (periods, customers, states); sums to 1 over the states.
    log_likelihood : ndarray
        Shape (customers,).

    Notes
    -----
    f_t ∝ (f_{t−1} A) ∘ b_t; the log-likelihood is the sum of the logarithms of the scales.
    """
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


def backward(
    filtered: NDArray[np.float32], density: NDArray[np.float32], moves: NDArray[np.float32],
    weight: NDArray[np.float32] | None = None,
) -> NDArray[np.float64] | None:  # fmt: skip
    """Turn filtered probabilities into posterior ones, in place: given the whole history.

    Parameters
    ----------
    filtered, density
        From `forward` and `densities`; ``filtered`` is overwritten.
    moves
        As in `forward`.
    weight
        Weight of each customer in the counts of moves, shape (customers,); no counts if left out.

    Returns
    -------
    ndarray or None
        Expected number of moves from row to column, shape (states, states), summed over customers and periods.

    Notes
    -----
    β_{t−1} = A (b_t ∘ β_t), scaled; posterior ∝ f ∘ β.
    """
    ahead = np.ones_like(filtered[0])
    counts = None if weight is None else np.zeros(moves.shape)
    back = np.ascontiguousarray(moves.T)
    for period in range(len(filtered) - 1, 0, -1):
        joint = density[period] * ahead
        _spread(filtered[period], ahead)
        before = joint @ back
        if counts is not None and weight is not None:
            seen = (filtered[period - 1] * before).sum(axis=1)
            counts += moves * ((filtered[period - 1] * (weight / seen)[:, None]).T @ joint)
        np.divide(before, before.sum(axis=1, keepdims=True), out=ahead)
    _spread(filtered[0], ahead)
    return counts


def _spread(filtered: NDArray[np.float32], ahead: NDArray[np.float32]) -> None:
    filtered *= ahead
    filtered /= filtered.sum(axis=1, keepdims=True)


def draw_paths(
    filtered: NDArray[np.float32], moves: NDArray[np.float32], chance: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Return one path of states for each customer, drawn from the posterior of whole paths.

    Parameters
    ----------
    filtered
        From `forward`, shape (periods, customers, states), not yet turned by `backward`.
    moves
        As in `forward`.
    chance
        Uniform draws, shape (periods, customers).

    Returns
    -------
    ndarray
        Shape (periods, customers), states.

    Notes
    -----
    Forward filtering, backward sampling (Carter & Kohn 1994, Chib 1996): the last state from f_T, then each state from
    f_t(i) · A(i, next).
    """
    periods, customers, _ = filtered.shape
    path = np.empty((periods, customers), np.uint8)
    back = np.ascontiguousarray(moves.T)
    share = filtered[-1]
    for period in range(periods - 1, -1, -1):
        if period < periods - 1:
            share = filtered[period] * back[path[period + 1]]
        total = np.cumsum(share, axis=1)
        reached = (chance[period] * total[:, -1])[:, None]
        path[period] = (total <= reached).sum(axis=1).clip(max=filtered.shape[2] - 1)
    return path

"""Customers drawn again with replacement: sums over the best, the middle and the worst of each draw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_parameter
from cvmlab.core.words import CvmError
from cvmlab.data.tables import CUSTOMER_ID

#: Draws behind an interval, and the fewest customers that can carry one (ours): ten in the best fifth.
DRAWS = 400
FEWEST = 50
# what is drawn at once, so that the memory holds it
_CELLS = 500_000


def from_the_best(customers: pd.DataFrame, amounts: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the row numbers from the largest amount to the smallest; equal amounts by id."""
    return np.lexsort((customers[CUSTOMER_ID].to_numpy().astype(str), -amounts))


def check_groups(best_share: float, worst_share: float, customers: int) -> None:
    """Raise `CvmError` unless best and worst are two groups, of customers enough for an interval."""
    check_parameter("share", [best_share, worst_share], 0, open_minimum=True)
    check_parameter("share", best_share + worst_share, 0, 1)
    if customers < FEWEST:
        raise CvmError("portfolio.too_few", count=customers, fewest=FEWEST)


def sums_by_group(
    columns: NDArray[np.float64], counts: NDArray[np.float64], borders: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return each group's part of the mean of the columns, and who stands at each border.

    ``columns`` (columns, customers) go from the best customer on, ``counts`` (draws, customers) says how often each
    was drawn; borders are shares of all. A customer at a border counts for both sides in part, so that 20% of 7 are
    1.4 customers. The parts have the shape (draws, groups, columns), the customers (draws, borders).
    """
    draws, customers = counts.shape
    reached = counts.cumsum(axis=1)
    each = np.arange(draws)
    ends, at = [np.zeros((draws, len(columns)))], []
    for border in borders:
        place = border * customers
        customer = np.minimum((reached < place).sum(axis=1), customers - 1)
        whole = (counts * (np.arange(customers) < customer[:, np.newaxis])) @ columns.T
        part = place - reached[each, customer] + counts[each, customer]
        ends.append(whole + part[:, np.newaxis] * columns[:, customer].T)
        at.append(customer)
    ends.append(counts @ columns.T)
    return np.diff(np.stack(ends, axis=1), axis=1) / customers, np.stack(at, axis=1)


def draw_again(customers: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield how often each customer is drawn, a few draws at a time, shape (draws, customers)."""
    chance = np.random.default_rng(seed)
    at_once = int(np.clip(_CELLS // customers, 1, DRAWS))
    for first in range(0, DRAWS, at_once):
        draws = min(at_once, DRAWS - first)
        drawn = chance.integers(customers, size=(draws, customers)) + customers * np.arange(draws)[:, np.newaxis]
        counts = np.bincount(drawn.ravel(), minlength=draws * customers)
        yield counts.reshape(draws, customers).astype(np.float64)

"""What a customer costs beside what others with such sales cost, and how much of the difference lasts (S12 Beyond)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError
from cvmlab.data.tables import CUSTOMER_ID, PROFIT, REVENUE, check_one_row_each, numbers
from cvmlab.worth.matrix.moves import check_ids_alike

from .resampled import FEWEST, draw_again, from_the_best, sums_by_group

# money below it is none
_NOTHING = 1e-9


class LastingCost(NamedTuple):
    """What the worst customers of a year cost more than usual, then and in the next year."""

    unusual_before: float
    unusual_after: float
    share: float
    low: float
    high: float


@public
def lasting_cost(
    before: pd.DataFrame,
    after: pd.DataFrame,
    share: float = 0.3,
    *,
    seed: int,
    service: str | None = None,
    profit: str = PROFIT,
    revenue: str = REVENUE,
) -> LastingCost:
    """Return how much of the unusual cost of a year's worst customers was still there in the next year.

    Usual is the cost on the line that `after_acting` uses: an amount per customer and an amount per unit of sales,
    fitted in each year anew to all customers, so that a year dear for all counts as usual. The share that lasts is
    Σ (cost − usual) of the next year / Σ (cost − usual) of this year, both over the worst by this year's profit;
    it is what ``persistence`` of `WorstCustomers` should be.

    Parameters
    ----------
    before, after
        This and the next year: ``customer_id``, the profit and revenue columns (yearly money) [, cost to serve].
        Customers who are in one of them only are left out; at least 50 customers are in both.
    share
        Share of the customers that are the worst, by this year's profit.
    seed
        Whole number that fixes the draws of the interval.
    service, profit, revenue
        Column of the cost to serve, None for all cost (revenue − profit); the other columns.

    Returns
    -------
    LastingCost
        ``unusual_before``, ``unusual_after`` (yearly money, all the worst together), ``share`` (of 1) and ``low``,
        ``high``, its 95% bootstrap interval; NaN if their cost was usual.

    Notes
    -----
    With two years only, the share is known after the fact: take it from the last two years to look ahead.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> lasting, ids = random.normal(0, 3, 2000), [str(row) for row in range(2000)]
    >>> this, following = (
    ...     pd.DataFrame({"customer_id": ids, "revenue": 100.0, "profit": 20 - lasting + random.normal(0, 3, 2000)})
    ...     for _ in range(2))
    >>> round(lasting_cost(this, following, seed=1).share, 1)
    0.5
    """
    check_parameter("share", share, 0, 1, open_minimum=True)
    for customers in (before, after):
        check_one_row_each(customers)
    check_ids_alike(before, after)
    both = before[before[CUSTOMER_ID].isin(after[CUSTOMER_ID])]
    if len(both) < FEWEST:
        raise CvmError("portfolio.too_few", count=len(both), fewest=FEWEST)
    order = from_the_best(both, numbers(both, profit))
    this = both.iloc[order]
    following = after.set_index(CUSTOMER_ID, drop=False).loc[this[CUSTOMER_ID]]
    columns = []
    for year in (this, following):
        sold, cost = numbers(year, revenue), service_cost(year, service, profit, revenue)
        columns.append(_moments(sold, cost))
    table, borders = np.concatenate(columns), (1 - share,)
    alone = np.ones((1, len(order)))
    unusual = _unusual(sums_by_group(table, alone, borders)[0])[0] * len(order)
    drawn = np.concatenate(
        [_unusual(sums_by_group(table, counts, borders)[0]) for counts in draw_again(len(order), seed)]
    )
    # a cost at the usual is never exactly there after rounding
    if abs(unusual[0]) <= 1e-9 * np.abs(table[2]).sum():
        return LastingCost(float(unusual[0]), float(unusual[1]), np.nan, np.nan, np.nan)
    low, high = np.nanquantile(drawn[:, 1] / np.where(drawn[:, 0] == 0, np.nan, drawn[:, 0]), [0.025, 0.975])
    return LastingCost(*(float(each) for each in (*unusual, unusual[1] / unusual[0], low, high)))


def service_cost(customers: pd.DataFrame, service: str | None, profit: str, revenue: str) -> NDArray[np.float64]:
    """Return what serving each customer costs: the column named, or all cost where none is."""
    return numbers(customers, revenue) - numbers(customers, profit) if service is None else numbers(customers, service)


def usual_cost(sold: NDArray[np.float64], cost: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cost to be expected of each customer at its sales; over all customers it adds up to the cost.

    Large customers vary more, so the squares are weighted by 1 / (sales + mean sales), lest one giant draws the line.
    """
    sums = _moments(sold, cost).mean(axis=1)
    usual: NDArray[np.float64] = sums[2] + _slope(*sums) * (sold - sums[1])
    return usual


def _moments(sold: NDArray[np.float64], cost: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1, sales and cost of each customer, and the weight and its products, of which `_slope` takes the means."""
    mean = float(sold.mean())
    weight = mean / (np.maximum(sold, 0) + mean) if mean > _NOTHING else np.ones_like(sold)
    # around the mean, so that the squares keep their digits
    apart = sold - mean
    products = [weight, weight * apart, weight * cost, weight * apart**2, weight * apart * cost]
    return np.stack([np.ones_like(sold), sold, cost, *products])


def _slope(*means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the slope of cost on sales, held so that neither it nor the amount per customer is negative.

    The line passes through the means, so that what is usual adds up to what all cost.
    """
    _, sold, cost, weight, apart, weighted, square, product = (np.asarray(each, dtype=np.float64) for each in means)
    covariance, variance = product * weight - apart * weighted, square * weight - apart**2
    is_spread = variance > 1e-12 * np.square(sold * weight)
    fitted = np.divide(covariance, variance, out=np.zeros_like(sold), where=is_spread)
    top = np.divide(np.maximum(cost, 0), sold, out=np.zeros_like(sold), where=sold > _NOTHING)
    slope: NDArray[np.float64] = np.clip(fitted, 0, top)
    return slope


def _unusual(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what the worst cost beyond the usual in both years, from the sums of each draw, shape (draws, years)."""
    found = []
    for year in np.split(sums, 2, axis=2):
        total = np.moveaxis(year.sum(axis=1), 1, 0)
        size, sold, cost = np.moveaxis(year[:, 1, :3], 1, 0)
        found.append(cost - size * total[2] - _slope(*total) * (sold - size * total[1]))
    return np.stack(found, axis=1)

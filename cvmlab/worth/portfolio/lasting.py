"""The worst customers of one year in the next: what lasts, and what was chance (S12 Beyond)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.data.tables import CUSTOMER_ID, PROFIT, check_one_row_each, numbers
from cvmlab.worth.matrix.moves import check_ids_alike

from .resampled import check_groups, draw_again, from_the_best, sums_by_group

GROUPS = ("best", "middle", "worst")


@public
def next_year(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    seed: int,
    profit: str = PROFIT,
    best_share: float = 0.2,
    worst_share: float = 0.3,
    persistence: float | None = None,
) -> pd.DataFrame:
    """Return how this year's best, middle and worst customers do in the next year, and what of it was chance.

    A customer's result is a lasting part and chance, and chance starts anew each year. So the distance of a group
    from the mean of all in the next year is its lasting part, whatever the distributions; the rest of this year's
    distance was chance:

    * ``lasting`` = next year's mean of the group − next year's mean of all;
    * ``chance`` = this year's mean of the group − this year's mean of all − ``lasting``.

    One persistence for all customers predicts mean + persistence × distance instead, which is right only where large
    and small customers vary alike; compare ``expected_after`` with ``profit_after``. What changes for good between
    the two years counts as chance here. Customers who left count in ``gone`` and in nothing else.

    Parameters
    ----------
    before, after
        This and the next year: ``customer_id``, profit (yearly money); at least 50 customers in both of them.
    seed
        Whole number that fixes the draws of the interval.
    profit, best_share, worst_share
        Column name; shares of the customers that make the groups, by this year's profit, equal profits by id.
    persistence
        Assumed, from 0 to 1; by default the slope of next year's profit on this year's, estimated here.

    Returns
    -------
    pandas.DataFrame
        A row per group, ``group`` (``"best"``, ``"middle"``, ``"worst"``): ``customers`` there in both years,
        ``gone``, ``profit_before``, ``profit_after``, ``expected_after``, ``lasting``, ``chance`` (yearly money per
        customer who stayed), ``lasting_share`` (lasting / distance, share of 1) and ``low``, ``high``, its 95%
        bootstrap interval. A group that counts a customer at its border in part has a fraction of one. Shares are
        NaN for a group exactly at the mean of all, all figures for one of which nobody stayed.

    Notes
    -----
    Graded on simulated customers whose lasting part is known: see the tests. For ``persistence`` of `WorstCustomers`,
    which draws cost only and leaves sales as they are, see `lasting_cost`.

    Examples
    --------
    >>> import numpy as np
    >>> random = np.random.default_rng(1)
    >>> lasting, ids = random.normal(100, 30, 2000), [str(row) for row in range(2000)]
    >>> this, following = (
    ...     pd.DataFrame({"customer_id": ids, "profit": lasting + random.normal(0, 30, 2000)}) for _ in range(2))
    >>> next_year(this, following, seed=1).iloc[[0, 2]][["group", "lasting", "lasting_share"]].round(1).values.tolist()
    [['best', 29.3, 0.5], ['worst', -24.5, 0.5]]
    """
    for customers in (before, after):
        check_one_row_each(customers)
    check_ids_alike(before, after)
    if persistence is not None:
        check_parameter("persistence", persistence, 0, 1)
    earned = numbers(before, profit)
    order = from_the_best(before, earned)
    later = pd.Series(numbers(after, profit), index=after[CUSTOMER_ID].to_numpy())
    found = later.reindex(before[CUSTOMER_ID].to_numpy()[order]).to_numpy(dtype=np.float64)
    stayed = ~np.isnan(found)
    check_groups(best_share, worst_share, int(stayed.sum()))
    columns = np.stack([np.ones(len(order)), stayed, stayed * earned[order], np.where(stayed, found, 0)])
    borders = (best_share, 1 - worst_share)
    sums, _ = sums_by_group(columns, np.ones((1, len(order))), borders)
    stayed_share, mean_before, mean_after = (each[0] for each in _means(sums))
    distance, lasting = mean_before[:3] - mean_before[3], mean_after[:3] - mean_after[3]
    slope = _slope(columns[2, stayed], columns[3, stayed]) if persistence is None else persistence
    again = draw_again(len(order), seed)
    drawn = np.concatenate([_lasting_share(sums_by_group(columns, counts, borders)[0]) for counts in again])
    share = _lasting_share(sums)[0]
    low, high = _between(drawn, ~np.isnan(share))
    table = {
        "group": list(GROUPS),
        "customers": stayed_share * len(order),
        "gone": (sums[0, :, 0] - sums[0, :, 1]) * len(order),
        "profit_before": mean_before[:3],
        "profit_after": mean_after[:3],
        "expected_after": mean_after[3] + slope * distance,
        "lasting": lasting,
        "chance": distance - lasting,
        "lasting_share": share,
        "low": low,
        "high": high,
    }
    return pd.DataFrame(table)


def _means(sums: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Return the share of all that stayed of each group, and both years' means of the groups and of all at the end."""
    stayed, before, after = np.moveaxis(np.concatenate([sums, sums.sum(axis=1, keepdims=True)], axis=1), 2, 0)[1:]
    means = [np.divide(total, stayed, out=np.full(stayed.shape, np.nan), where=stayed > 0) for total in (before, after)]
    return stayed[:, :3], *means


def _lasting_share(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    _, before, after = _means(sums)
    distance, lasting = before[:, :3] - before[:, 3:], after[:, :3] - after[:, 3:]
    # a distance that rounding has left of zero is none
    is_apart = np.abs(distance) > 1e-12 * np.nanmax(np.abs(before), axis=1, keepdims=True)
    share: NDArray[np.float64] = np.divide(lasting, distance, out=np.full(lasting.shape, np.nan), where=is_apart)
    return share


def _between(drawn: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the ends of the 95% interval of each group whose share is known, shape (2, groups)."""
    ends = np.full((2, len(known)), np.nan)
    if known.any():
        ends[:, known] = np.nanquantile(drawn[:, known], [0.025, 0.975], axis=0)
    return ends


def _slope(before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    """Return the slope of next year's profit on this year's; 0 where this year's are all alike."""
    spread = before - before.mean()
    square = float(spread @ spread)
    return float(spread @ after) / square if square > 0 else 0.0

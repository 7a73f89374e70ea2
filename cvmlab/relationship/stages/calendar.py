"""What the calendar does to everybody's revenue: the season of the year, and a trend that is nobody's own course.

Prices that rise, or a firm that loses ground with all its customers alike, must not pass for relationships that
grow or decline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cvmlab.data.tables import REVENUE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel


_SEASONS_NEEDED, _PAIRS_NEEDED, _LARGEST_CHANGE = 2, 100, 1.5
# A trend is believed where both looks at it are so many errors from nil, and where it is worth so much a year.
_BEYOND_CHANCE, _LEAST_TREND, _CUSTOMERS_NEEDED = 3.0, 0.03, 50
#: Who begins so many months after the first of the data is new; the first months with a whole period are so many.
NEW_AFTER_MONTHS, FIRST_MONTHS = 3, 3


def period_of_year(panel: Panel) -> NDArray[np.intp]:
    """Return each period's place in the year, from 0."""
    return (_months_of(panel) % 12 // panel.months).astype(np.intp)


def years_of(panel: Panel) -> NDArray[np.float64]:
    """Return each period's time in years, from January 2000."""
    return np.asarray((_months_of(panel) - 360) / 12, np.float64)


def _months_of(panel: Panel) -> NDArray[np.int64]:
    return panel.period.astype("datetime64[M]").astype(np.int64)


def season_of(panel: Panel, chosen: slice | NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the logarithm of the seasonal factor of every period of the year, 0 where the data do not tell.

    Formula: the mean change of log revenue from one period to the next over all customers who bought in both, by
    period of the year, less its overall mean, summed up over the year. Two full years are needed; a season that is no
    larger than chance makes it is left out.

    Returns
    -------
    ndarray
        Shape (periods of a year,), mean 0, from the period of January.
    """
    a_year = 12 // panel.months
    none = np.zeros(a_year)
    revenue = panel[REVENUE][:, chosen]
    if a_year < 2 or len(revenue) < _SEASONS_NEEDED * a_year + 1:
        return none
    bought = revenue > 0
    log_revenue = np.log(np.where(bought, revenue, 1.0))
    both = bought[1:] & bought[:-1]
    change = np.clip(np.diff(log_revenue, axis=0), -_LARGEST_CHANGE, _LARGEST_CHANGE)
    count = both.sum(axis=1)
    sums = (change * both).sum(axis=1)
    squares = (change**2 * both).sum(axis=1)
    place = period_of_year(panel)[1:]
    total = np.bincount(place, count, a_year)
    if (total < _PAIRS_NEEDED).any():
        return none
    mean = np.bincount(place, sums, a_year) / total
    error = np.sqrt(np.bincount(place, squares, a_year) / total / total)
    change_of = mean - mean.mean()
    if not change_of.any() or (change_of**2).sum() < 2 * (error**2).sum():
        return none
    season = np.cumsum(change_of)
    centred: NDArray[np.float64] = season - season.mean()
    return centred


def trend_of(panel: Panel, chosen: slice | NDArray[np.intp], log_revenue: NDArray[np.float32]) -> float:
    """Return by how much the logarithm of everybody's revenue moves a year; 0 where the data do not tell.

    Two looks must agree: how much more (or less) newcomers buy in their first months than those who were new a year
    before, and how much more long-standing customers buy than a year before. A relationship that grows
    shows in the second only, customers of another kind in the first only. The smaller of the two is taken.

    Parameters
    ----------
    panel, chosen
        The histories, and the columns looked at.
    log_revenue
        Of the chosen, without the season, NaN without a purchase: shape (periods, customers).
    """
    first = panel.first[chosen]
    looks = (_newcomers_trend(panel, first, log_revenue), _long_standing_trend(panel, first, log_revenue))
    if not all(abs(slope) > _BEYOND_CHANCE * error for slope, error in looks):
        return 0.0
    slopes = [slope for slope, _ in looks]
    least = min(slopes, key=abs)
    return least if min(slopes) * max(slopes) > 0 and abs(least) >= _LEAST_TREND else 0.0


def newcomers_means(
    panel: Panel, first: NDArray[np.int64], log_revenue: NDArray[np.float32], from_month: int, to_month: int
) -> NDArray[np.float64]:
    """Return each newcomer's mean log revenue at an age of some months, NaN for others: shape (customers,).

    Ages are counted from the customer's first period, which may be cut short; the periods whose first month lies in
    the span count, at least one.
    """
    age = np.arange(len(log_revenue))[:, None] - first
    begin = from_month // panel.months
    inside = (age >= begin) & (age < max(begin + 1, to_month // panel.months)) & ~np.isnan(log_revenue)
    count = inside.sum(axis=0)
    known = (count > 0) & (first * panel.months > NEW_AFTER_MONTHS)
    sums = np.where(inside, log_revenue, 0).sum(axis=0, dtype=np.float64)
    return np.where(known, sums / np.maximum(count, 1), np.nan)


def _newcomers_trend(panel: Panel, first: NDArray[np.int64], log_revenue: NDArray[np.float32]) -> tuple[float, float]:
    """Return the slope of newcomers' first months over the year they began in, and its error."""
    skipped = panel.months
    early = newcomers_means(panel, first, log_revenue, skipped, skipped + max(FIRST_MONTHS, panel.months))
    known = ~np.isnan(early)
    if known.sum() < _CUSTOMERS_NEEDED:
        return 0.0, np.inf
    value, when = early[known], years_of(panel)[first[known]]
    value = np.clip(value, *np.quantile(value, [0.01, 0.99]))
    across = when - when.mean()
    squares = float(across @ across)
    if squares == 0:
        return 0.0, np.inf
    slope = float(across @ value) / squares
    left = value - value.mean() - slope * across
    return slope, float(np.sqrt(left @ left / (len(value) - 2) / squares))


def _long_standing_trend(
    panel: Panel, first: NDArray[np.int64], log_revenue: NDArray[np.float32]
) -> tuple[float, float]:
    """Return the median change of log revenue in a year, of customers at least a year old before, and its error."""
    a_year = 12 // panel.months
    if len(log_revenue) <= 2 * a_year:
        return 0.0, np.inf
    change = log_revenue[a_year:] - log_revenue[:-a_year]
    there = ~np.isnan(change) & (np.arange(len(change))[:, None] - first >= a_year)
    known = there.any(axis=0)
    if known.sum() < _CUSTOMERS_NEEDED:
        return 0.0, np.inf
    mean = np.where(there, change, 0)[:, known].sum(axis=0, dtype=np.float64) / there[:, known].sum(axis=0)
    low, middle, high = np.quantile(mean, [0.25, 0.5, 0.75])
    # the median's error is that of a mean by the middle half, times the root of π/2
    return float(middle), float(1.2533 * (high - low) / 1.349 / np.sqrt(len(mean)))

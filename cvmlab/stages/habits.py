"""What is usual in a population, and a customer's own habits against it: rhythm, season, and how the margin moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..tables import PROFIT, REVENUE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..tables import Panel

__all__ = ["RHYTHMS", "Habits", "cleaned_margin", "habits_of", "log_revenue_of", "margin_of", "rhythm_of", "season_at"]

REFERRALS = "indirect_benefit"
#: Shares of periods with a purchase that classes of rhythm stand for.
RHYTHMS: NDArray[np.float64] = np.array([0.03, 0.08, 0.16, 0.28, 0.42, 0.58, 0.72, 0.84, 0.92, 0.97])
#: Unit of the cleaned margin: a usual change from one period to the next is this.
NOISE_UNIT = 0.02
_RHYTHM_PRIOR, _NOISE_PRIOR = 4.0, 6
_SEASONS_NEEDED, _PAIRS_NEEDED, _LARGEST_CHANGE = 2, 100, 1.5
_LOWEST_MARGIN, _HIGHEST_MARGIN = -3.0, 1.5
_SLOPES_NEEDED = 20


@dataclass(frozen=True)
class Habits:
    """What is usual in a population: against it a customer's own habits are told.

    Attributes
    ----------
    rhythm
        Share of periods with a purchase, between a customer's first and last.
    season
        Logarithm of the seasonal factor by period of the year, the period of January first.
    margin_slope, margin_slope_spread
        How the margin moves with the chance in log revenue: mean and standard deviation over customers.
    margin_noise
        Median change of the margin from one period to the next.
    """

    rhythm: float
    season: NDArray[np.float64]
    margin_slope: float = 0.0
    margin_slope_spread: float = 0.0
    margin_noise: float = NOISE_UNIT


def habits_of(panel: Panel, *, with_margin: bool, chosen: slice | NDArray[np.intp]) -> Habits:
    """Return what is usual among the chosen customers."""
    habits = Habits(_usual_rhythm(panel[REVENUE][:, chosen] > 0), _season_of(panel, chosen))
    if not with_margin:
        return habits
    log_revenue = log_revenue_of(panel, chosen, season_at(panel, habits))
    margin = margin_of(panel, chosen)
    slope, error = _slopes(margin, log_revenue)
    known = error < 1
    if known.sum() < _SLOPES_NEEDED:
        return habits
    centre = float(np.median(slope[known]))
    # what customers differ beyond the error of each, told from the middle half
    high, low = np.quantile(slope[known], [0.75, 0.25])
    spread = np.sqrt(max(0.0, (float(high - low) / 1.349) ** 2 - float(np.median(error[known])) ** 2))
    size, count = _median_change(margin - np.float32(centre) * log_revenue)
    steady = count >= _NOISE_PRIOR
    noise = float(np.median(size[steady])) if steady.any() else NOISE_UNIT
    return replace(habits, margin_slope=centre, margin_slope_spread=float(spread), margin_noise=max(noise, 1e-4))


def season_at(panel: Panel, habits: Habits) -> NDArray[np.float64]:
    """Return the logarithm of the seasonal factor of every period of a panel, shape (periods,)."""
    at: NDArray[np.float64] = habits.season[_period_of_year(panel)]
    return at


def log_revenue_of(panel: Panel, chosen: slice | NDArray[np.intp], season: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the logarithm of revenue less the season, NaN in periods without a purchase: refunds are none."""
    revenue = panel[REVENUE][:, chosen]
    bought = revenue > 0
    logs: NDArray[np.float32] = np.where(bought, np.log(np.where(bought, revenue, 1)) - season[:, None], np.nan).astype(
        np.float32
    )
    return logs


def margin_of(panel: Panel, chosen: slice | NDArray[np.intp]) -> NDArray[np.float32]:
    """Return profit as a share of revenue, without indirect benefit where that is known; NaN without a purchase."""
    revenue = panel[REVENUE][:, chosen]
    profit = panel[PROFIT][:, chosen]
    if REFERRALS in panel.values:
        profit = profit - panel[REFERRALS][:, chosen]
    share = np.clip(profit / np.where(revenue > 0, revenue, 1), _LOWEST_MARGIN, _HIGHEST_MARGIN)
    margin: NDArray[np.float32] = np.where(revenue > 0, share, np.nan).astype(np.float32)
    return margin


def cleaned_margin(
    margin: NDArray[np.float32], log_revenue: NDArray[np.float32], habits: Habits
) -> NDArray[np.float32]:
    """Return the margin less what moves with the chance in revenue, in units of the customer's own noise.

    Where some cost is fixed, a month that is good by chance has a good margin as well: the same chance must
    not count twice.
    """
    slope, error = _slopes(margin, log_revenue)
    variance = habits.margin_slope_spread**2
    trust = variance / (variance + error**2)
    slope = habits.margin_slope + trust * (slope - habits.margin_slope)
    clean = (margin - slope * (log_revenue - _means(log_revenue))).astype(np.float32)
    size, count = _median_change(clean)
    usual = habits.margin_noise
    own = np.exp(
        (count * np.log(np.maximum(size, 0.05 * usual)) + _NOISE_PRIOR * np.log(usual)) / (count + _NOISE_PRIOR)
    )
    cleaned: NDArray[np.float32] = (clean * (NOISE_UNIT / own)).astype(np.float32)
    return cleaned


def _means(values: NDArray[np.float32]) -> NDArray[np.float64]:
    there = ~np.isnan(values)
    means: NDArray[np.float64] = np.where(there, values, 0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    return means


def _slopes(
    margin: NDArray[np.float32], log_revenue: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how a customer's margin moves with log revenue from period to period, and the error of that."""
    x, y = np.diff(log_revenue, axis=0), np.clip(np.diff(margin, axis=0), -0.5, 0.5)
    there = ~np.isnan(x) & ~np.isnan(y) & (np.abs(x) < 1)
    x, y = np.where(there, x, 0), np.where(there, y, 0)
    squares = (x * x).sum(axis=0) + 1e-9
    slope = (x * y).sum(axis=0) / squares
    left = ((y - slope * x) ** 2 * there).sum(axis=0)
    count = there.sum(axis=0)
    error = np.sqrt((left + 1e-6) / np.maximum(count - 1, 1) / squares)
    return slope, np.where(count > 2, error, 1e3)


def _median_change(values: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the median size of a change from one period to the next, and how many changes there were."""
    step = np.abs(np.diff(values, axis=0))
    there = ~np.isnan(step)
    count = there.sum(axis=0)
    if not len(step):
        return np.zeros(values.shape[1]), count
    ordered = np.sort(np.where(there, step, np.inf), axis=0)
    middle = np.take_along_axis(ordered, np.clip(count // 2, 0, len(step) - 1)[None], 0)[0]
    return np.where(count > 0, middle, 0).astype(np.float64), count


def rhythm_of(bought: NDArray[np.bool_], usual: float) -> NDArray[np.int16]:
    """Return the class of each customer's rhythm: the share of periods with a purchase, from the first to the last.

    The first purchase does not count (it is why the customer is there); few periods lean on the usual share,
    which weighs as much as four periods.
    """
    times, span = _times_and_span(bought)
    share = (times + _RHYTHM_PRIOR * usual) / (span + _RHYTHM_PRIOR)
    edges = (RHYTHMS[1:] + RHYTHMS[:-1]) / 2
    return np.searchsorted(edges, share).astype(np.int16)


def _usual_rhythm(bought: NDArray[np.bool_]) -> float:
    """Return the share of periods with a purchase of all customers together, between their first and last one."""
    times, span = _times_and_span(bought)
    return float((times.sum() + 1) / (span.sum() + 2))


def _times_and_span(bought: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    any_ = bought.any(axis=0)
    first = bought.argmax(axis=0)
    last = len(bought) - 1 - bought[::-1].argmax(axis=0)
    times = bought.sum(axis=0) - any_
    return times, np.where(any_, last - first, 0)


def _season_of(panel: Panel, chosen: slice | NDArray[np.intp]) -> NDArray[np.float64]:
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
    place = _period_of_year(panel)[1:]
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


def _period_of_year(panel: Panel) -> NDArray[np.intp]:
    """Return each period's place in the year, from 0."""
    return (panel.period.astype("datetime64[M]").astype(np.int64) % 12 // panel.months).astype(np.intp)

"""What is usual in a population, and a customer's own habits against it: rhythm, season, and how the margin moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.data.tables import PROFIT, REVENUE

from .calendar import period_of_year, season_of, trend_of, years_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel


REFERRALS = "indirect_benefit"
#: Shares of periods with a purchase that classes of rhythm stand for.
RHYTHMS: NDArray[np.float64] = np.array([0.03, 0.08, 0.16, 0.28, 0.42, 0.58, 0.72, 0.84, 0.92, 0.97])
#: Unit of the cleaned margin: a usual change from one period to the next is this.
NOISE_UNIT = 0.02
_RHYTHM_PRIOR, _NOISE_PRIOR = 4.0, 6
# A silence longer than all but this share of such customers would ever show is not part of the rhythm.
_ODD_SILENCE = 0.01
# A change larger than this from one period to the next tells of something else: in log revenue, in the margin.
_LARGEST_CHANGE, _LARGEST_CHANGE_OF_MARGIN, _LARGEST_SEASON = 1.0, 0.5, 1.5
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
    season_spread
        How far customers differ in it: standard deviation of the power to which the factor is theirs, around 1.
    trend
        By how much everybody's log revenue moves a year.
    margin_slope, margin_slope_spread
        How the margin moves with the chance in log revenue: mean and standard deviation over customers.
    margin_noise
        Median change of the margin from one period to the next.
    """

    rhythm: float
    season: NDArray[np.float64]
    season_spread: float = 0.0
    trend: float = 0.0
    margin_slope: float = 0.0
    margin_slope_spread: float = 0.0
    margin_noise: float = NOISE_UNIT


def habits_of(panel: Panel, *, with_margin: bool, chosen: slice | NDArray[np.intp]) -> Habits:
    """Return what is usual among the chosen customers."""
    habits = Habits(_usual_rhythm(panel[REVENUE][:, chosen] > 0), season_of(panel, chosen))
    log_revenue = _logs(panel, chosen)
    if habits.season.any():
        _, spread = _usual_slope(*_season_slopes(log_revenue, _season_at(panel, habits)))
        habits = replace(habits, season_spread=spread)
        log_revenue = log_revenue_of(panel, chosen, habits)
    habits = replace(habits, trend=trend_of(panel, chosen, log_revenue))
    if not with_margin:
        return habits
    log_revenue = log_revenue_of(panel, chosen, habits)
    margin = margin_of(panel, chosen)
    slope, error = _margin_slopes(margin, log_revenue)
    if (error < 1).sum() < _SLOPES_NEEDED:
        return habits
    centre, spread = _usual_slope(slope, error)
    size, count = _median_change(margin - np.float32(centre) * log_revenue)
    steady = count >= _NOISE_PRIOR
    noise = float(np.median(size[steady])) if steady.any() else NOISE_UNIT
    return replace(habits, margin_slope=centre, margin_slope_spread=spread, margin_noise=max(noise, 1e-4))


def log_revenue_of(panel: Panel, chosen: slice | NDArray[np.intp], habits: Habits) -> NDArray[np.float32]:
    """Return log revenue less season and trend, NaN in periods without a purchase: refunds are none.

    The season is everybody's, to a power of the customer's own where customers differ: who heats more has the
    larger winter.
    """
    logs = _logs(panel, chosen) - (habits.trend * years_of(panel))[:, None].astype(np.float32)
    if not habits.season.any():
        return logs
    season = _season_at(panel, habits)
    power = _trusted(*_season_slopes(logs, season), 1.0, habits.season_spread)
    without: NDArray[np.float32] = (logs - power * season[:, None]).astype(np.float32)
    return without


def _logs(panel: Panel, chosen: slice | NDArray[np.intp]) -> NDArray[np.float32]:
    revenue = panel[REVENUE][:, chosen]
    bought = revenue > 0
    return np.where(bought, np.log(np.where(bought, revenue, 1)), np.nan).astype(np.float32)


def _season_at(panel: Panel, habits: Habits) -> NDArray[np.float64]:
    """Return the logarithm of the seasonal factor of every period of a panel, shape (periods,)."""
    at: NDArray[np.float64] = habits.season[period_of_year(panel)]
    return at


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
    slope = _trusted(*_margin_slopes(margin, log_revenue), habits.margin_slope, habits.margin_slope_spread)
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


def _margin_slopes(
    margin: NDArray[np.float32], log_revenue: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = np.diff(log_revenue, axis=0), np.diff(margin, axis=0)
    limited = np.clip(y, -_LARGEST_CHANGE_OF_MARGIN, _LARGEST_CHANGE_OF_MARGIN)
    return _slopes(limited, np.where(np.abs(x) < _LARGEST_CHANGE, x, np.nan))


def _season_slopes(
    log_revenue: NDArray[np.float32], season: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y = np.diff(log_revenue, axis=0)
    x = np.broadcast_to(np.diff(season)[:, None], y.shape)
    return _slopes(np.clip(y, -_LARGEST_SEASON, _LARGEST_SEASON), x)


def _slopes(y: NDArray[np.floating], x: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each customer's slope of changes y on changes x through nil, and its error; 1,000 where too few."""
    there = ~np.isnan(x) & ~np.isnan(y)
    x, y = np.where(there, x, 0), np.where(there, y, 0)
    squares = (x * x).sum(axis=0) + 1e-9
    slope = (x * y).sum(axis=0) / squares
    left = ((y - slope * x) ** 2 * there).sum(axis=0)
    count = there.sum(axis=0)
    error = np.sqrt((left + 1e-6) / np.maximum(count - 1, 1) / squares)
    return slope, np.where(count > 2, error, 1e3)


def _usual_slope(slope: NDArray[np.float64], error: NDArray[np.float64]) -> tuple[float, float]:
    """Return the median slope, and how customers differ beyond the error of each, told from the middle half."""
    known = error < 1
    if known.sum() < _SLOPES_NEEDED:
        return 0.0, 0.0
    low, middle, high = np.quantile(slope[known], [0.25, 0.5, 0.75])
    variance = (float(high - low) / 1.349) ** 2 - float(np.median(error[known])) ** 2
    return float(middle), float(np.sqrt(max(0.0, variance)))


def _trusted(
    slope: NDArray[np.float64], error: NDArray[np.float64], centre: float, spread: float
) -> NDArray[np.float64]:
    """Return slopes that lean on the usual one as far as their errors are large."""
    variance = spread**2
    leaning: NDArray[np.float64] = centre + variance / (variance + error**2) * (slope - centre)
    return leaning


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
    which weighs as much as four periods. The longest silence does not count either where the rest of the history
    makes it all but impossible: it tells of leaving and coming back, not of buying rarely.
    """
    times, span = _times_and_span(bought)
    silence = _longest_silence(bought)
    share, steady = ((times + _RHYTHM_PRIOR * usual) / (held + _RHYTHM_PRIOR) for held in (span, span - silence))
    chance = np.maximum(times, 1) * (1 - np.minimum(steady, RHYTHMS[-1])) ** silence
    share = np.where(chance < _ODD_SILENCE, steady, share)
    edges = (RHYTHMS[1:] + RHYTHMS[:-1]) / 2
    return np.searchsorted(edges, share).astype(np.int16)


def _longest_silence(bought: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the most periods in a row without a purchase between two purchases."""
    row = np.arange(len(bought))[:, None]
    latest = np.maximum.accumulate(np.where(bought, row, -1), axis=0)
    silent = np.where(bought[1:] & (latest[:-1] >= 0), row[1:] - latest[:-1] - 1, 0)
    longest: NDArray[np.int64] = silent.max(axis=0, initial=0)
    return longest


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

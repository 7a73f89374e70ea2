"""What is usual in a population (rhythm, season, trend, margin), and each customer's own habits beside it.

A season and a trend common to all, such as rising prices, must not pass for relationships that grow or decline.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.data.tables import PROFIT, REVENUE

from . import assumed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel

    Floats = NDArray[np.float64]
    Singles = NDArray[np.float32]
    Chosen = slice | NDArray[np.intp]


@dataclass(frozen=True)
class Habits:
    """What is usual in a population."""

    #: Share of periods with a purchase, between a customer's first and last.
    rhythm: float
    #: Logarithm of the seasonal factor by period of the year, January's first.
    season: Floats
    #: Standard deviation over customers of the power to which the factor is theirs, around 1.
    season_spread: float = 0.0
    #: Change of everybody's log revenue per year.
    trend: float = 0.0
    #: How the margin moves with the chance in log revenue: mean and standard deviation over customers.
    margin_slope: float = 0.0
    margin_slope_spread: float = 0.0
    #: Median change of the margin from one period to the next.
    margin_noise: float = assumed.MARGIN_UNIT


def habits_of(panel: Panel, *, with_margin: bool, chosen: Chosen) -> Habits:
    """Return what is usual among the chosen customers."""
    habits = Habits(_usual_rhythm(panel[REVENUE][:, chosen] > 0), _season_of(panel, chosen))
    log_revenue = _logs(panel, chosen)
    if habits.season.any():
        _, spread = _usual_slope(*_season_slopes(log_revenue, _season_at(panel, habits)))
        habits = replace(habits, season_spread=spread)
        log_revenue = log_revenue_of(panel, chosen, habits)
    habits = replace(habits, trend=_trend_of(panel, panel.first[chosen], log_revenue))
    if not with_margin:
        return habits
    log_revenue = log_revenue_of(panel, chosen, habits)
    margin = margin_of(panel, chosen)
    slope, error = _margin_slopes(margin, log_revenue)
    if (error < 1).sum() < assumed.SLOPE_CUSTOMERS:
        return habits
    centre, spread = _usual_slope(slope, error)
    size, count = _median_change(margin - np.float32(centre) * log_revenue)
    steady = count >= assumed.MARGIN_NOISE_WEIGHT
    noise = float(np.median(size[steady])) if steady.any() else assumed.MARGIN_UNIT
    return replace(habits, margin_slope=centre, margin_slope_spread=spread, margin_noise=max(noise, 1e-4))


def log_revenue_of(panel: Panel, chosen: Chosen, habits: Habits) -> Singles:
    """Return log revenue less trend and the customer's own share of the season, NaN where revenue is not positive."""
    logs = _logs(panel, chosen) - (habits.trend * _years_of(panel))[:, None].astype(np.float32)
    if not habits.season.any():
        return logs
    season = _season_at(panel, habits)
    power = _trusted(*_season_slopes(logs, season), 1.0, habits.season_spread)
    return np.asarray(logs - power * season[:, None], np.float32)


def _logs(panel: Panel, chosen: Chosen) -> Singles:
    revenue = panel[REVENUE][:, chosen]
    bought = revenue > 0
    return np.where(bought, np.log(np.where(bought, revenue, 1)), np.nan).astype(np.float32)


def customer_means(values: Singles) -> Floats:
    """Return the mean of each customer's values, NaN left out, 0 without any."""
    there = ~np.isnan(values)
    return np.asarray(np.where(there, values, 0).sum(axis=0) / np.maximum(there.sum(axis=0), 1))


# --- season and trend --------------------------------------------------------------------------------


def _months_of(panel: Panel) -> NDArray[np.int64]:
    return panel.period.astype("datetime64[M]").astype(np.int64)


def _years_of(panel: Panel) -> Floats:
    """Return each period's time in years, from January 2000."""
    return np.asarray((_months_of(panel) - 360) / 12)


def _period_of_year(panel: Panel) -> NDArray[np.intp]:
    return (_months_of(panel) % 12 // panel.months).astype(np.intp)


def _season_at(panel: Panel, habits: Habits) -> Floats:
    """Return the logarithm of the seasonal factor of every period of a panel."""
    return np.asarray(habits.season[_period_of_year(panel)])


def _season_of(panel: Panel, chosen: Chosen) -> Floats:
    """Return the logarithm of the seasonal factor by period of the year, mean 0; all 0 unless it exceeds chance.

    It sums up the mean changes of log revenue of customers who bought in both periods, less their overall mean.
    """
    a_year = 12 // panel.months
    none = np.zeros(a_year)
    revenue = panel[REVENUE][:, chosen]
    if a_year < 2 or len(revenue) < assumed.SEASON_YEARS * a_year + 1:
        return none
    bought = revenue > 0
    log_revenue = np.log(np.where(bought, revenue, 1.0))
    both = bought[1:] & bought[:-1]
    largest = assumed.LARGEST_SEASONAL_CHANGE
    change = np.clip(np.diff(log_revenue, axis=0), -largest, largest)
    sums, squares = (change * both).sum(axis=1), (change**2 * both).sum(axis=1)
    place = _period_of_year(panel)[1:]
    total = np.bincount(place, both.sum(axis=1), a_year)
    if (total < assumed.SEASON_PAIRS).any():
        return none
    mean = np.bincount(place, sums, a_year) / total
    error = np.sqrt(np.bincount(place, squares, a_year) / total / total)
    change_of = mean - mean.mean()
    if not change_of.any() or (change_of**2).sum() < 2 * (error**2).sum():
        return none
    season = np.cumsum(change_of)
    return np.asarray(season - season.mean())


def _trend_of(panel: Panel, first: NDArray[np.int64], log_revenue: Singles) -> float:
    """Return the change of everybody's log revenue per year; 0 unless newcomers and long-standing customers agree.

    A relationship that grows shows in long-standing customers only, customers of another kind in newcomers only.
    """
    estimates = (_newcomers_trend(panel, first, log_revenue), _long_standing_trend(panel, first, log_revenue))
    if not all(abs(slope) > assumed.TREND_ERRORS * error for slope, error in estimates):
        return 0.0
    slopes = [slope for slope, _ in estimates]
    least = min(slopes, key=abs)
    return least if min(slopes) * max(slopes) > 0 and abs(least) >= assumed.LEAST_TREND else 0.0


def newcomers_means(
    panel: Panel, first: NDArray[np.int64], log_revenue: Singles, from_month: int, to_month: int
) -> Floats:
    """Return each newcomer's mean log revenue between two ages in months, over at least one period; NaN for others."""
    age = np.arange(len(log_revenue))[:, None] - first
    begin = from_month // panel.months
    inside = (age >= begin) & (age < max(begin + 1, to_month // panel.months)) & ~np.isnan(log_revenue)
    count = inside.sum(axis=0)
    known = (count > 0) & (first * panel.months > assumed.NEW_AFTER_MONTHS)
    sums = np.where(inside, log_revenue, 0).sum(axis=0, dtype=np.float64)
    return np.where(known, sums / np.maximum(count, 1), np.nan)


def first_months(panel: Panel) -> tuple[int, int]:
    """Return the ages in months between which a newcomer's first months lie; the first period may be cut short."""
    return panel.months, panel.months + max(assumed.FIRST_MONTHS, panel.months)


def _newcomers_trend(panel: Panel, first: NDArray[np.int64], log_revenue: Singles) -> tuple[float, float]:
    """Return the slope of newcomers' first months over the year they began in, and its error."""
    early = newcomers_means(panel, first, log_revenue, *first_months(panel))
    known = ~np.isnan(early)
    if known.sum() < assumed.TREND_CUSTOMERS:
        return 0.0, np.inf
    value, when = early[known], _years_of(panel)[first[known]]
    value = np.clip(value, *np.quantile(value, [0.01, 0.99]))
    across = when - when.mean()
    squares = float(across @ across)
    if squares == 0:
        return 0.0, np.inf
    slope = float(across @ value) / squares
    left = value - value.mean() - slope * across
    return slope, float(np.sqrt(left @ left / (len(value) - 2) / squares))


def _long_standing_trend(panel: Panel, first: NDArray[np.int64], log_revenue: Singles) -> tuple[float, float]:
    """Return the median change of log revenue in a year, of customers at least a year old before, and its error."""
    a_year = 12 // panel.months
    if len(log_revenue) <= 2 * a_year:
        return 0.0, np.inf
    change = log_revenue[a_year:] - log_revenue[:-a_year]
    there = ~np.isnan(change) & (np.arange(len(change))[:, None] - first >= a_year)
    known = there.any(axis=0)
    if known.sum() < assumed.TREND_CUSTOMERS:
        return 0.0, np.inf
    mean = np.where(there, change, 0)[:, known].sum(axis=0, dtype=np.float64) / there[:, known].sum(axis=0)
    low, middle, high = np.quantile(mean, [0.25, 0.5, 0.75])
    # the median's error is that of a mean by the middle half, times the root of π/2
    return float(middle), float(1.2533 * (high - low) / 1.349 / np.sqrt(len(mean)))


# --- margin ------------------------------------------------------------------------------------------


def margin_of(panel: Panel, chosen: Chosen) -> Singles:
    """Return profit as a share of revenue, without indirect benefit where that is known; NaN without a purchase."""
    revenue = panel[REVENUE][:, chosen]
    profit = panel[PROFIT][:, chosen]
    if assumed.REFERRALS in panel.values:
        profit = profit - panel[assumed.REFERRALS][:, chosen]
    share = np.clip(profit / np.where(revenue > 0, revenue, 1), assumed.LOWEST_MARGIN, assumed.HIGHEST_MARGIN)
    return np.where(revenue > 0, share, np.nan).astype(np.float32)


def cleaned_margin(margin: Singles, log_revenue: Singles, habits: Habits) -> Singles:
    """Return the margin less what moves with the chance in revenue, in units of the customer's own noise.

    Where some cost is fixed, a month that is good by chance has a good margin too: one chance must not count twice.
    """
    slope = _trusted(*_margin_slopes(margin, log_revenue), habits.margin_slope, habits.margin_slope_spread)
    clean = (margin - slope * (log_revenue - customer_means(log_revenue))).astype(np.float32)
    size, count = _median_change(clean)
    usual, weight = habits.margin_noise, assumed.MARGIN_NOISE_WEIGHT
    own = np.exp((count * np.log(np.maximum(size, 0.05 * usual)) + weight * np.log(usual)) / (count + weight))
    return np.asarray(clean * (assumed.MARGIN_UNIT / own), np.float32)


def _margin_slopes(margin: Singles, log_revenue: Singles) -> tuple[Floats, Floats]:
    x, y = np.diff(log_revenue, axis=0), np.diff(margin, axis=0)
    limited = np.clip(y, -assumed.LARGEST_MARGIN_CHANGE, assumed.LARGEST_MARGIN_CHANGE)
    return _slopes(limited, np.where(np.abs(x) < assumed.LARGEST_REVENUE_CHANGE, x, np.nan))


def _season_slopes(log_revenue: Singles, season: Floats) -> tuple[Floats, Floats]:
    y = np.diff(log_revenue, axis=0)
    x = np.broadcast_to(np.diff(season)[:, None], y.shape)
    return _slopes(np.clip(y, -assumed.LARGEST_SEASONAL_CHANGE, assumed.LARGEST_SEASONAL_CHANGE), x)


def _slopes(y: NDArray[np.floating], x: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Return each customer's slope of changes y on changes x through zero, and its error; 1,000 where too few."""
    there = ~np.isnan(x) & ~np.isnan(y)
    x, y = np.where(there, x, 0), np.where(there, y, 0)
    squares = (x * x).sum(axis=0) + 1e-9
    slope = (x * y).sum(axis=0) / squares
    left = ((y - slope * x) ** 2 * there).sum(axis=0)
    count = there.sum(axis=0)
    error = np.sqrt((left + 1e-6) / np.maximum(count - 1, 1) / squares)
    return slope, np.where(count > 2, error, 1e3)


def _usual_slope(slope: Floats, error: Floats) -> tuple[float, float]:
    """Return the median slope, and how customers differ beyond the error of each, by the middle half."""
    known = error < 1
    if known.sum() < assumed.SLOPE_CUSTOMERS:
        return 0.0, 0.0
    low, middle, high = np.quantile(slope[known], [0.25, 0.5, 0.75])
    variance = (float(high - low) / 1.349) ** 2 - float(np.median(error[known])) ** 2
    return float(middle), float(np.sqrt(max(0.0, variance)))


def _trusted(slope: Floats, error: Floats, centre: float, spread: float) -> Floats:
    """Return slopes that lean on the usual one as far as their errors are large."""
    variance = spread**2
    return np.asarray(centre + variance / (variance + error**2) * (slope - centre))


def _median_change(values: Singles) -> tuple[Floats, NDArray[np.int64]]:
    """Return the median size of a change from one period to the next, and how many changes there were."""
    step = np.abs(np.diff(values, axis=0))
    there = ~np.isnan(step)
    count = there.sum(axis=0)
    if not len(step):
        return np.zeros(values.shape[1]), count
    ordered = np.sort(np.where(there, step, np.inf), axis=0)
    middle = np.take_along_axis(ordered, np.clip(count // 2, 0, len(step) - 1)[None], 0)[0]
    return np.where(count > 0, middle, 0).astype(np.float64), count


# --- rhythm ------------------------------------------------------------------------------------------


def rhythm_of(bought: NDArray[np.bool_], usual: float) -> NDArray[np.int16]:
    """Return the class of each customer's rhythm: the share of periods with a purchase, leaning on the usual share.

    The first purchase does not count. Nor does the longest silence where the rest of the history makes it all but
    impossible: it shows leaving and coming back, not buying rarely.
    """
    times, span = times_and_span(bought)
    silence = _longest_silence(bought)
    weight = assumed.RHYTHM_WEIGHT
    share, steady = ((times + weight * usual) / (held + weight) for held in (span, span - silence))
    chance = np.maximum(times, 1) * (1 - np.minimum(steady, assumed.RHYTHMS[-1])) ** silence
    share = np.where(chance < assumed.ODD_SILENCE, steady, share)
    return np.searchsorted((assumed.RHYTHMS[1:] + assumed.RHYTHMS[:-1]) / 2, share).astype(np.int16)


def _longest_silence(bought: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the most periods in a row without a purchase between two purchases."""
    row = np.arange(len(bought))[:, None]
    latest = np.maximum.accumulate(np.where(bought, row, -1), axis=0)
    silent = np.where(bought[1:] & (latest[:-1] >= 0), row[1:] - latest[:-1] - 1, 0)
    return np.asarray(silent.max(axis=0, initial=0))


def _usual_rhythm(bought: NDArray[np.bool_]) -> float:
    """Return the share of periods with a purchase of all customers together, between their first and last one."""
    times, span = times_and_span(bought)
    return float((times.sum() + 1) / (span.sum() + 2))


def times_and_span(bought: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each customer's purchases after the first, and the periods from the first to the last."""
    any_ = bought.any(axis=0)
    first = bought.argmax(axis=0)
    last = len(bought) - 1 - bought[::-1].argmax(axis=0)
    return bought.sum(axis=0) - any_, np.where(any_, last - first, 0)

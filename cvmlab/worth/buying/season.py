"""Season: when in the year customers buy, and a calendar in which silence counts as purchases missed.

A customer silent through the months in which nobody buys has missed nothing. So the days of the year are stretched
and shrunk in proportion to what is bought in them: in such *season days* a year still has 365.25, and every model of
buying works on them as on common days.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cvmlab.core.checking import check_lengths, check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.periods import as_date
from cvmlab.data.tables import check_columns, check_present, numbers

Array = NDArray[np.float64]
_DAYS = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_LEAST_MONTHS = 24
# So rare must such differences between months be by chance before they count as a season.
_BY_CHANCE = 0.001


@public
@dataclass(frozen=True)
class Season:
    """How much more or less is bought in each calendar month.

    Attributes
    ----------
    factors
        Purchases per day in January to December over those of the mean day of a year, shape (12,); all above 0.

    Examples
    --------
    >>> may = Season(np.array([0.5, 0.5, 0.5, 1, 5, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]))
    >>> may.peak, round(may.days("2023-04-30", "2023-05-31"))
    (5, 161)
    """

    factors: Array

    def __post_init__(self) -> None:
        check_parameter("factors", self.factors, 0, open_minimum=True)
        object.__setattr__(self, "factors", np.asarray(self.factors) * _DAYS.sum() / (self.factors * _DAYS).sum())

    @property
    def peak(self) -> int:
        """The calendar month with the most purchases a day, 1 to 12."""
        return int(np.argmax(self.factors)) + 1

    def days(self, after: dt.date | str, until: dt.date | str) -> float:
        """Return the season days later than one date and not later than another."""
        return float(self._reached(as_date(until)) - self._reached(as_date(after)))

    def summary(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Return the customers with ``recency`` and ``age`` in season days.

        Parameters
        ----------
        customers
            ``first_date``, ``last_date``, ``frequency`` and ``age`` (days from the first date to the as-of date).
        """
        check_columns(customers, ["first_date", "last_date", "frequency", "age"])
        age, frequency = numbers(customers, "age"), numbers(customers, "frequency")
        for column in ("first_date", "last_date"):
            check_present(customers[column].isna().to_numpy(), column, "customers")
        first = customers["first_date"].to_numpy("datetime64[D]")
        begin = self._reached(first)
        as_of = first + age.astype("timedelta64[D]")
        recency = self._reached(customers["last_date"].to_numpy("datetime64[D]")) - begin
        return customers.assign(recency=np.where(frequency > 0, recency, 0.0), age=self._reached(as_of) - begin)

    def _reached(self, day: Any) -> Array:
        """Return the season days from 1970 to the end of a day."""
        after = np.asarray(day, dtype="datetime64[D]") + 1
        month = after.astype("datetime64[M]")
        year = after.astype("datetime64[Y]")
        place = (month - year.astype("datetime64[M]")).astype(int)
        before = np.concatenate([[0.0], np.cumsum(self.factors * _DAYS)])[place]
        length = ((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(float)
        within = (after - month.astype("datetime64[D]")).astype(float) / length * (self.factors * _DAYS)[place]
        return np.asarray(year.astype(int) * _DAYS.sum() + before + within)


@public
def fit_season(first_month: dt.date | str, purchases: ArrayLike) -> Season | None:
    """Return the season of a log, or None where two years or more do not show one.

    The logarithm of the purchases a day is taken apart into a trend (a parabola) and twelve months. The months count
    where chance would make such differences in fewer than one of a thousand logs: an F-test against what the years do
    not share, or against Poisson noise if that is larger. The factors are drawn towards 1 by the share of their
    variance that is noise.

    Parameters
    ----------
    first_month
        A day of the first month.
    purchases
        Repeat purchases in this and the following complete months, at least 0, shape (months,): newcomers come when a
        firm advertises.

    Examples
    --------
    >>> season = fit_season("2021-01-01", [50, 40, 60, 80, 300, 90, 50, 50, 50, 50, 50, 50] * 3)
    >>> season.peak, round(float(season.factors.max()), 1)
    (5, 3.8)
    >>> fit_season("2021-01-01", [50, 60, 55] * 12) is None
    True
    """
    from scipy.special import fdtrc

    bought = np.atleast_1d(np.asarray(purchases, dtype=np.float64))
    check_lengths(purchases=bought)
    check_parameter("purchases", bought, 0)
    month = np.datetime64(as_date(first_month), "M") + np.arange(len(bought))
    if len(month) < _LEAST_MONTHS or not bought.any():
        return None
    place = month.astype(int) % 12
    # half a purchase more, so that a month without any has a logarithm
    weight = bought + 0.5
    rate = np.log(weight / _DAYS[place])
    time = (np.arange(len(month)) - len(month) / 2) / 12
    trend = np.column_stack([time, time**2])
    months = np.equal.outer(place, np.arange(12)).astype(float)
    without, _ = _left(np.column_stack([trend, np.ones(len(month))]), rate, weight)
    left, found = _left(np.column_stack([trend, months]), rate, weight)
    freedom = len(month) - trend.shape[1] - 12
    ratio = (without - left) / 11 / max(left / freedom, 1.0)
    if fdtrc(11, freedom, ratio) > _BY_CHANCE:
        return None
    height = found[-12:] - found[-12:].mean()
    return Season(np.exp(height * (1 - 1 / ratio)))


def _left(columns: Array, values: Array, weight: Array) -> tuple[float, Array]:
    """Return the weighted sum of squares that a regression leaves, and its coefficients."""
    root = np.sqrt(weight)
    solved, *_ = np.linalg.lstsq(columns * root[:, None], values * root, rcond=None)
    found = np.asarray(solved, dtype=np.float64)
    return float((weight * (values - columns @ found) ** 2).sum()), found

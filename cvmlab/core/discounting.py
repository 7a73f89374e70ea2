"""Money at different times: discount factors, present values, annuities.

Time runs along the first axis of arrays, as in `cvmlab.aggregate.Panel`. A ``discount_rate`` is always a
year's and is converted with ``periods_per_year``. ``first="now"`` counts the first payment at once,
``first="next"`` after one period: it changes every figure.
"""

from __future__ import annotations

from typing import Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .checking import check_parameter
from .guarding import public
from .words import CvmError, Wording

First = Literal["now", "next"]
# A number gives a number, an array an array.
Amount = TypeVar("Amount", float, NDArray[np.float64])


def counts_now(first: str) -> bool:
    """Return whether the first payment counts at once, or raise `CvmError` if that is not said.

    Examples
    --------
    >>> counts_now("next")
    False
    """
    if first not in ("now", "next"):
        raise CvmError("value.unknown_first", value=first)
    return first == "now"


@public
def period_rate(discount_rate: float, periods_per_year: float = 1) -> float:
    """Return the discount rate of one period that compounds to a year's rate.

    Formula: (1 + d)^(1/k) − 1 with k periods a year.

    Parameters
    ----------
    discount_rate
        A year's, as a share of 1; greater than −1.
    periods_per_year
        Greater than 0.

    Examples
    --------
    >>> round(period_rate(0.10, periods_per_year=12), 6)
    0.007974
    """
    check_parameter("discount_rate", discount_rate, -1, open_minimum=True)
    check_parameter("periods_per_year", periods_per_year, 0, open_minimum=True)
    # a rate of exactly one year is returned as it was given
    if periods_per_year == 1:
        return float(discount_rate)
    return float(np.expm1(np.log1p(discount_rate) / periods_per_year))


@public
def discount_factor(discount_rate: float, periods: Amount, periods_per_year: float = 1) -> Amount:
    """Return what one unit of money after some periods is worth now.

    Formula: (1 + i)^−n with the period's rate i.

    Parameters
    ----------
    discount_rate
        A year's.
    periods
        Number of periods to wait, a number or an array.
    periods_per_year
        Greater than 0.

    Examples
    --------
    >>> round(discount_factor(0.10, 24, periods_per_year=12), 4)
    0.8264
    """
    check_parameter("periods", periods)
    rate = period_rate(discount_rate, periods_per_year)
    factor: Amount = (1 + rate) ** -periods
    return factor


@public
def present_value(
    cash_flows: ArrayLike,
    discount_rate: float,
    periods_per_year: float = 1,
    first: First = "next",
) -> NDArray[np.float64]:
    """Return the present value of cash flows.

    Formula: Σ c_k/(1+i)^k, with k from 0 for ``first="now"`` and from 1 for ``first="next"``.

    Parameters
    ----------
    cash_flows
        Money, shape (periods,) or (periods, customers).
    discount_rate, periods_per_year
        A year's rate, and how many periods make a year.
    first
        Whether the first flow counts at once (``"now"``) or after one period (``"next"``).

    Returns
    -------
    ndarray
        Money, shape () or (customers,).

    Examples
    --------
    >>> float(present_value([110, 121], discount_rate=0.10).round(6))
    200.0
    """
    flows = np.asarray(cash_flows, dtype=np.float64)
    if flows.ndim == 0 or flows.shape[0] == 0:
        raise CvmError("value.no_periods", label=Wording("checking.cash_flows"), name="cash_flows")
    check_parameter("cash_flows", flows)
    start = 0 if counts_now(first) else 1
    waits = np.arange(start, start + flows.shape[0], dtype=np.float64)
    return np.asarray(discount_factor(discount_rate, waits, periods_per_year) @ flows)


@public
def annuity(
    lifetime_periods: Amount,
    discount_rate: float,
    periods_per_year: float = 1,
    first: First = "next",
) -> Amount:
    """Return the present value of one unit of money in each of n periods.

    Formula: (1 − (1+i)^−n)/i, times (1+i) for ``first="now"``. Divided by n it is the mean discount
    factor over the lifetime, the "overall discount rate" of the textbook (CRM3 §3.2.2). A part of a
    period is counted by the same formula.

    Parameters
    ----------
    lifetime_periods
        Number of payments n, at least 0; a number or an array.
    discount_rate, periods_per_year, first
        As in `present_value`.

    Examples
    --------
    >>> round(annuity(4, 0.10), 3)
    3.17
    """
    check_parameter("lifetime_periods", lifetime_periods, 0)
    rate = period_rate(discount_rate, periods_per_year)
    value: Amount = lifetime_periods * 1.0
    if rate:
        value = (1 - discount_factor(discount_rate, lifetime_periods, periods_per_year)) / rate
    return value * (1 + rate) if counts_now(first) else value


def discounted_years(years: float, discount_rate: float) -> float:
    """Return the present value of one unit of money a year that comes evenly: ∫ (1+d)^−t dt over the years."""
    force = np.log1p(discount_rate)
    return float(-np.expm1(-force * years) / force) if force else float(years)

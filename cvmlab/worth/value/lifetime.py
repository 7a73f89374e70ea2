"""How long a customer still stays: from a retention rate, a survival curve, an sBG or a model of buying (S09)."""

from __future__ import annotations

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.checking import check_count, check_parameter
from cvmlab.core.discounting import Amount, First, counts_now, period_rate
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, Wording
from cvmlab.data.tables import CUSTOMER_ID, check_columns
from cvmlab.worth.buying.fit_input import rows_of
from cvmlab.worth.buying.payment_rule import PaymentRule
from cvmlab.worth.buying.purchase_model import DAYS_PER_YEAR, PurchaseModel

Array = NDArray[np.float64]

# Beyond these nobody plans, and the sums of an sBG lose their digits.
_MOST_YEARS = 100
_MOST_PERIODS = 100_000
_LARGEST_SHAPE = 1e6
# A yearly rate of a hundred-millionth is none.
_LEAST_RATE = 1e-8


@public
def expected_lifetime(retention_rate: Amount, first: First = "next") -> Amount:
    """Return the expected number of profits of a customer with a constant retention rate.

    Formula: r/(1−r) profits still to come for ``first="next"``, 1/(1−r) with the one that counts now.

    Parameters
    ----------
    retention_rate, first
        Per period, from 0 to below 1; whether the first profit counts ``"now"`` or ``"next"`` period.

    Raises
    ------
    CvmError
        At a retention rate of 1, where the lifetime is infinite.

    Examples
    --------
    >>> round(expected_lifetime(0.8), 6), round(expected_lifetime(0.8, first="now"), 6)
    (4.0, 5.0)
    """
    _check_leaving("retention_rate", retention_rate)
    later: Amount = retention_rate / (1 - retention_rate)
    return later + 1 if counts_now(first) else later


def _check_leaving(name: str, retention_rate: ArrayLike) -> None:
    """Raise `CvmError` unless retention rates are from 0 to below 1."""
    check_parameter(name, retention_rate, 0, 1)
    if np.max(np.asarray(retention_rate), initial=0) >= 1:
        raise CvmError("value.endless_lifetime", label=Wording(f"checking.{name}"), name=name)


@public
def lifetime_of_curve(survival: ArrayLike, *, tail_retention_rate: float, first: First = "next") -> pd.DataFrame:
    """Return the expected number of profits under a survival curve, and how much of it lies beyond the curve.

    Formula: Σ S(t) over the given periods, and beyond them S(end) · r/(1−r) at an assumed constant retention
    rate r. The curve ends where the data end, rarely where the last customer leaves: without a word about the
    tail, the lifetime would be that of the data. 0 counts nothing beyond the curve, which is the least it can be.

    Parameters
    ----------
    survival
        Chance that the customer is still there, from S(1) for ``first="next"``, from S(0) for ``"now"``.
        Shape (periods,) or (periods, curves); never rises.
    tail_retention_rate, first
        Per period, from 0 to below 1; whether the first profit counts ``"now"`` or ``"next"`` period.

    Returns
    -------
    pandas.DataFrame
        A row per curve: ``survival_at_end`` (share of 1), ``within_curve``, ``assumed_beyond_curve`` and their sum
        ``expected_lifetime`` (all in periods).

    Examples
    --------
    >>> print(lifetime_of_curve([0.8, 0.64], tail_retention_rate=0.8).round(2).to_string(index=False))
     survival_at_end  within_curve  assumed_beyond_curve  expected_lifetime
                0.64          1.44                  2.56                4.0
    """
    counts_now(first)
    chances = check_survival(survival)
    _check_leaving("tail_retention_rate", tail_retention_rate)
    within, last = np.atleast_1d(chances.sum(axis=0)), np.atleast_1d(chances[-1])
    beyond = last * tail_retention_rate / (1 - tail_retention_rate)
    return pd.DataFrame(
        {
            "survival_at_end": last.ravel(),
            "within_curve": within.ravel(),
            "assumed_beyond_curve": beyond.ravel(),
            "expected_lifetime": (within + beyond).ravel(),
        }
    )


def check_survival(survival: ArrayLike) -> Array:
    """Return survival as an array, or raise `CvmError` unless it has periods, lies from 0 to 1 and never rises."""
    chances = np.asarray(survival, dtype=np.float64)
    if chances.ndim == 0 or chances.shape[0] == 0:
        raise CvmError("value.no_periods", label=Wording("checking.survival"), name="survival")
    check_parameter("survival", chances, 0, 1)
    rises = np.diff(chances, axis=0) > 1e-12
    if rises.any():
        where = np.unravel_index(rises.argmax(), rises.shape)
        before, after = chances[where], chances[(where[0] + 1, *where[1:])]
        raise CvmError("value.survival_rises", before=f"{before:g}", after=f"{after:g}", period=int(where[0]) + 2)
    return chances


@public
def sbg_survival(alpha: float, beta: float, periods: int, renewals: float = 0, first: First = "next") -> Array:
    """Return the survival curve of a shifted beta-geometric (sBG) model, for `current_value` and `lifetime_of_curve`.

    Each customer ends the contract at every renewal with an own chance, Beta(α, β) distributed over customers, so
    that r_t = (β+t−1)/(α+β+t−1) rises with tenure although nobody changes (Fader & Hardie 2007, Journal of
    Interactive Marketing 21(1), 76-90). Customers with n renewals behind them follow the same model with β + n.

    Parameters
    ----------
    alpha, beta
        Of a fitted or published sBG, above 0.
    periods, renewals
        Number of periods to return; renewals already made, at least 0.
    first
        Whether the curve begins with S(1), ``"next"``, or with S(0) = 1, ``"now"``.

    Returns
    -------
    ndarray
        Share of the customers still there, shape (periods,).

    Examples
    --------
    The forecast of the paper for its "High End" segment, years 8 to 12:

    >>> sbg_survival(0.668, 3.806, 12)[7:].round(3)
    array([0.46 , 0.436, 0.414, 0.395, 0.378])
    """
    _check_sbg(alpha, beta, renewals)
    check_count("periods", periods, 1, _MOST_PERIODS)
    after = beta + renewals + np.arange(float(periods))
    survival = np.cumprod(after / (alpha + after))
    return np.append(1.0, survival[:-1]) if counts_now(first) else np.asarray(survival)


@public
def sbg_residual_lifetime(
    alpha: float,
    beta: float,
    discount_rate: float,
    renewals: ArrayLike = 0,
    periods_per_year: float = 1,
    first: First = "next",
) -> Array:
    """Return the discounted expected residual lifetime of an sBG: the renewals to come, each counted at its value now.

    Formula, with β' = β + n after n renewals and v = 1/(1+i): Σ S(n+k)/S(n) v^k for k = 1, 2 … =
    v β'/(α+β') · ₂F₁(1, β'+1; α+β'+1; v), times 1 + i for ``first="now"`` (Fader & Hardie 2010, Marketing Science
    29(1), 85-93). Times the margin of a renewal it is the value of the renewals to come. Without discounting it is
    the expected lifetime (β+n)/(α−1), which is finite only for α > 1: where α is less, a few customers all but never
    leave, and no number of years is the mean.

    Parameters
    ----------
    alpha, beta
        Of a fitted or published sBG, above 0.
    discount_rate, periods_per_year
        A year's rate, at least 0, and how many renewals fall in a year.
    renewals
        Renewals already made, at least 0; a number or an array.
    first
        When the next renewal is due, and with it the first payment that is not certain: after one period,
        ``"next"``, or at once, ``"now"``. A payment just made is in neither.

    Returns
    -------
    ndarray
        Periods, discounted, in the shape of ``renewals``.

    Raises
    ------
    CvmError
        Without discounting for α ≤ 1, or at a negative rate: the sum has no end.

    Examples
    --------
    >>> float(sbg_residual_lifetime(0.668, 3.806, 0.10, renewals=7).round(3))
    6.845
    >>> float(sbg_residual_lifetime(0.668, 3.806, 0.10, renewals=7, first="now").round(3))
    7.53
    """
    _check_sbg(alpha, beta, renewals)
    rate = period_rate(discount_rate, periods_per_year)
    now = counts_now(first)
    if rate < 0:
        raise CvmError("value.endless_sbg_rate", rate=f"{rate:g}")
    after = beta + np.asarray(renewals, dtype=np.float64)
    if rate < _LEAST_RATE:
        if alpha <= 1:
            raise CvmError("value.endless_sbg", alpha=f"{alpha:g}")
        found = after / (alpha - 1)
    else:
        found = after / (alpha + after) * _hypergeometric(after + 1, alpha + after + 1, rate)
        found = found if now else found / (1 + rate)
    return np.asarray(found)


def _hypergeometric(b: Array, c: Array, rate: float) -> Array:
    """Return ₂F₁(1, b; c; 1/(1+i)) by Gauss's continued fraction: scipy's function is NaN for small rates."""
    z, fraction = 1 / (1 + rate), np.zeros_like(b)
    for k in range(20 + int(10 / np.sqrt(rate)), 0, -1):
        even = k * (c - b + k - 1) / ((c + 2 * k - 2) * (c + 2 * k - 1))
        odd = (b + k - 1) * (c + k - 2) / ((c + 2 * k - 3) * (c + 2 * k - 2))
        fraction = odd * z / (1 - even * z / (1 - fraction))
    return np.asarray(1 / (1 - fraction))


def _check_sbg(alpha: float, beta: float, renewals: ArrayLike) -> None:
    check_parameter("alpha", alpha, 0, _LARGEST_SHAPE, open_minimum=True, word="sbg_alpha")
    check_parameter("beta", beta, 0, _LARGEST_SHAPE, open_minimum=True, word="sbg_beta")
    check_parameter("renewals", renewals, 0, _LARGEST_SHAPE)


@public
def lifetime_of_buyers(customers: AnyFrame, model: PurchaseModel, years: float = 10) -> pd.DataFrame:
    """Return how long customers without a contract are expected to go on buying within the next years.

    Formula: P(alive) · expected purchases within the years / purchases of a day while active. So the purchases of
    a year while active, times ``expected_years``, are the expected purchases: what the textbook's rule asks of a
    lifetime. Where frequent buyers leave sooner, as in a BG/NBD model, the years are weighted by purchases. What
    comes later than ``years`` is not counted.

    A log shows purchases, never the day on which someone leaves, so that the years depend on the model more than
    the purchases do: where customers leave at any moment, as in a Pareto/NBD model, a BG/NBD model, which lets them
    leave only after a purchase, gives far too many. Prefer `cvmlab.buying.fit_pareto_nbd` for years.

    Parameters
    ----------
    customers
        ``customer_id``, ``frequency``, ``recency``, ``age`` (days), a row per customer.
    model
        A model of buying, such as `cvmlab.buying.fit_mbg_nbd` gives; nothing is fitted here.
    years
        Horizon, above 0 up to 100 years of 365 days.

    Returns
    -------
    pandas.DataFrame
        ``customer_id`` and, all estimated, ``p_alive``, ``expected_orders`` (purchase days within the years: the
        number of profits to come), ``years_if_active`` (for a customer who is still active) and
        ``expected_years`` (P(alive) times these).

    Examples
    --------
    >>> from cvmlab.worth.buying import ParetoNbd
    >>> model = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669)
    >>> customers = pd.DataFrame({
    ...     "customer_id": ["a", "b"], "frequency": [9, 9], "recency": [270, 120], "age": [272, 272]})
    >>> print(lifetime_of_buyers(customers, model, years=3).round(2).to_string(index=False))
    customer_id  p_alive  expected_orders  years_if_active  expected_years
              a     1.00            18.34             1.83            1.82
              b     0.05             0.86             1.83            0.09
    """
    check_parameter("years", years, 0, _MOST_YEARS, open_minimum=True)
    check_columns(customers, (CUSTOMER_ID,))
    rows = rows_of(customers).to_native()
    alive, orders = model.p_alive(rows), model.expected_purchases(rows, years * DAYS_PER_YEAR)
    if isinstance(model, PaymentRule):
        # payments come at due dates, not on any day
        expected = orders * model.days
    else:
        daily = model.expected_purchases(rows, 1)
        expected = alive * np.divide(orders, daily, out=np.zeros_like(orders), where=daily > 0)
    expected = expected / DAYS_PER_YEAR
    return pd.DataFrame(
        {
            CUSTOMER_ID: nw.from_native(rows, eager_only=True)[CUSTOMER_ID].to_numpy(),
            "p_alive": alive,
            "expected_orders": orders,
            "years_if_active": np.divide(expected, alive, out=np.zeros_like(alive), where=alive > 0),
            "expected_years": expected,
        }
    )

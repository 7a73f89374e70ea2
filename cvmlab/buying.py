"""Relationships without a contract: who is still a customer, how often they will buy, how much they spend.

Without a contract nobody gives notice; only silence is observed, and a slow buyer is not a lost one
(Fader & Hardie 2009). Two models read a customer's future from the summary of `cvmlab.aggregate`:

* `BgNbd`, the beta-geometric/NBD model (Fader, Hardie & Lee 2005, Marketing Science 24(2), 275-284):
  while alive, a customer buys as a Poisson process with an own rate, gamma distributed over customers
  (``r``, ``alpha``); after each repeat purchase the customer drops out with an own probability, beta
  distributed (``a``, ``b``). Rate and dropout are independent.
* `GammaGamma` (Fader, Hardie & Lee 2005, Journal of Marketing Research 42(4), 415-430): the spend of a
  purchase is gamma distributed around the customer's own mean, which differs over customers, and does
  not depend on how often the customer buys: look at `frequency_spend_correlation` first.

Both say what is *estimated* from past behaviour if it goes on as it was; no strategy is in them.

A "purchase" here is a day with a purchase: ``frequency`` counts repeat purchase *days* (purchase days
minus one), ``recency`` is days from first to last purchase day, ``age`` days from first purchase to as-of.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .errors import CvmError
from .likelihood import (
    Groups,
    climb,
    covariance,
    curvature,
    group,
    mean_over_dropout,
    parameter_table,
    polish,
)
from .spending import GammaGamma, fit_gamma_gamma, frequency_spend_correlation, own_spend
from .summary import Summary, check_positive, read_summary
from .tables import CUSTOMER_ID, check_columns
from .vocabulary import say

__all__ = [
    "BgNbd",
    "GammaGamma",
    "fit_bg_nbd",
    "fit_gamma_gamma",
    "frequency_spend_correlation",
    "score_customers",
]

Array = NDArray[np.float64]
# Fewer customers who bought again than this cannot carry four parameters.
LEAST_REPEATERS = 10
# Several starts of the search are tried on so many customers, if so many of them bought again.
START_SAMPLE, START_REPEATERS = 20_000, 500
DAYS_PER_YEAR = 365


@dataclass(frozen=True)
class BgNbd:
    """A fitted (or stated) BG/NBD model; times in units of ``days_per_unit`` days.

    Attributes
    ----------
    r, alpha
        Shape and rate of the gamma distribution of purchase rates: on average ``r / alpha`` repeat
        purchases a unit of time while alive. ``alpha`` is in units of time.
    a, b
        Beta distribution of the probability to drop out after a repeat purchase, mean ``a / (a + b)``.
    log_likelihood
        Of the summary, with times in units; NaN for a model that was stated, not fitted.
    customers
        Number of customers it was fitted on.
    days_per_unit
        Days in a unit of time, 7 for weeks.
    covariance
        Of the estimates in the order r, alpha, a, b, shape (4, 4), from the curvature of the
        log-likelihood; NaN where that is flat.
    problem
        Vocabulary key of what limits the use of the fit, empty if nothing does; see `warning`.

    Examples
    --------
    The model of the CDNOW music shop, in weeks, as published:

    >>> cdnow = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
    >>> customers = pd.DataFrame({"frequency": [2, 0], "recency": [213, 0], "age": [272, 272]})
    >>> cdnow.p_alive(customers).round(3)
    array([0.727, 1.   ])
    >>> cdnow.expected_purchases(customers, days=39 * 7).round(3)
    array([1.226, 0.195])
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float = float("nan")
    customers: int = 0
    days_per_unit: float = 7
    covariance: Array = field(default_factory=lambda: np.full((4, 4), np.nan), repr=False, compare=False, hash=False)
    problem: str = ""

    def __post_init__(self) -> None:
        for name in ("r", "alpha", "a", "b", "days_per_unit"):
            check_positive(name, getattr(self, name))

    @property
    def warning(self) -> str:
        """What limits the use of the fit, a sentence in the language in force; empty if nothing does."""
        return say(self.problem) if self.problem else ""

    def parameters(self) -> pd.DataFrame:
        """Return ``parameter``, ``estimate``, ``standard_error``: a row each for r, alpha, a, b."""
        return parameter_table(("r", "alpha", "a", "b"), self, self.covariance)

    def p_alive(self, customers: Any) -> Array:
        """Return the probability that each customer is still active at the as-of date.

        Parameters
        ----------
        customers
            Frame with ``frequency`` (repeat purchase days), ``recency`` and ``age`` (days).

        Returns
        -------
        ndarray
            Shape (customers,), between 0 and 1, estimated.

        Notes
        -----
        ``1 / (1 + a / (b + x - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x))`` for x > 0.
        In this model nobody can drop out before the first repeat purchase, so it is 1 for every
        customer with ``frequency`` 0, however long silent: read it as "not yet known", and let
        `expected_purchases`, which does fall with age, rank these customers.

        Examples
        --------
        >>> model = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
        >>> seen = pd.DataFrame({"frequency": [9, 9], "recency": [270, 120], "age": [272, 272]})
        >>> model.p_alive(seen).round(3)
        array([0.925, 0.021])
        """
        return self._p_alive(read_summary(customers))

    def _p_alive(self, summary: Summary) -> Array:
        from scipy.special import expit

        x, unit = summary.frequency, self.days_per_unit
        log_age_ratio = np.log((self.alpha + summary.age / unit) / (self.alpha + summary.recency / unit))
        log_odds_dead = np.log(self.a / (self.b + np.maximum(x, 1) - 1)) + (self.r + x) * log_age_ratio
        return np.where(x > 0, expit(-log_odds_dead), 1.0)

    def expected_purchases(self, customers: Any, days: float = DAYS_PER_YEAR) -> Array:
        """Return the expected number of purchase days in the next ``days`` days, per customer.

        Parameters
        ----------
        customers
            Frame with ``frequency`` (repeat purchase days), ``recency`` and ``age`` (days).
        days
            Length of the future looked at, in days, above 0.

        Returns
        -------
        ndarray
            Shape (customers,), estimated; already multiplied by P(alive).

        Notes
        -----
        Equals equation (10) of the paper, but without its hypergeometric function, which loses all
        digits near ``a = 1`` and overflows for frequent buyers: given an alive customer the rate is
        Gamma(r + x, alpha + T) and the dropout probability p is Beta(a, b + x), the rate integrates
        out in closed form to ``(1 - (1 + p t / (alpha + T)) ** -(r + x)) / p``, and the mean over p is
        a trapezoid sum in logit(p), which converges exponentially.

        Examples
        --------
        >>> model = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
        >>> daily = pd.DataFrame({"frequency": [250], "recency": [364], "age": [365]})
        >>> model.expected_purchases(daily, days=365).round(1)
        array([174.3])
        """
        check_positive("days", days)
        summary = read_summary(customers)
        return self._p_alive(summary) * self._expected_while_alive(summary, np.array([days]))[:, 0]

    def discounted_expected_purchases(
        self, customers: Any, days: float = 5 * DAYS_PER_YEAR, discount_rate: float = 0.1
    ) -> Array:
        """Return the present value of the expected purchase days: each counts as 1, discounted to as-of.

        Times the margin of a purchase it is a current value: *estimated* behaviour × *stated* margin.

        Parameters
        ----------
        customers
            Frame with ``frequency`` (repeat purchase days), ``recency`` and ``age`` (days).
        days
            Length of the future looked at, in days.
        discount_rate
            A year's, 0.1 for 10%; a purchase after s days counts ``(1 + discount_rate) ** (-s / 365)``.

        Returns
        -------
        ndarray
            Shape (customers,). Equal to `expected_purchases` where the rate is 0, else below it.

        Examples
        --------
        >>> model = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
        >>> customers = pd.DataFrame({"frequency": [2], "recency": [213], "age": [272]})
        >>> model.discounted_expected_purchases(customers, days=365, discount_rate=0.1).round(3)
        array([1.495])
        >>> model.expected_purchases(customers, days=365).round(3)
        array([1.562])
        """
        check_positive("days", days)
        if not (np.isfinite(discount_rate) and discount_rate > -1):
            raise CvmError("buying.discount_rate", value=discount_rate)
        summary = read_summary(customers)
        # By parts: sum of discounted purchases = D(t) E(t) + force * integral of D(s) E(s) ds.
        force = np.log1p(discount_rate) / DAYS_PER_YEAR
        nodes, weights = np.polynomial.legendre.leggauss(16)
        times = np.append((nodes + 1) / 2, 1.0) * days
        discount = np.exp(-force * times)
        weight = np.append(weights / 2 * days * force, 1.0) * discount
        while_alive = self._expected_while_alive(summary, times)
        return np.asarray(self._p_alive(summary) * (while_alive * weight).sum(axis=1), dtype=np.float64)

    def chance_to_buy(self, customers: Any, days: float = DAYS_PER_YEAR) -> Array:
        """Return the probability that a customer buys at least once in the next ``days``.

        P(alive) · (1 − ((α+T)/(α+T+t))^(r+x)): who is still there has a purchase rate that is gamma
        distributed with shape r + x and rate α + T, and nobody leaves before the next purchase.

        Parameters
        ----------
        customers
            Frame with ``frequency`` (repeat purchase days), ``recency`` and ``age`` (days).
        days
            Length of the future looked at, in days.

        Returns
        -------
        ndarray
            Shape (customers,), 0 to 1; never above `p_alive`.

        Examples
        --------
        >>> model = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
        >>> customers = pd.DataFrame({"frequency": [2], "recency": [213], "age": [272]})
        >>> model.chance_to_buy(customers, days=90).round(3), model.p_alive(customers).round(3)
        (array([0.321]), array([0.727]))
        """
        check_positive("days", days)
        summary = read_summary(customers)
        rate = self.alpha + summary.age / self.days_per_unit
        stays_away = (rate / (rate + days / self.days_per_unit)) ** (self.r + summary.frequency)
        chance: Array = self._p_alive(summary) * (1 - stays_away)
        return chance

    def expected_purchases_new(self, days: float = DAYS_PER_YEAR) -> float:
        """Return the expected repeat purchase days of a new customer in the first ``days`` days.

        Examples
        --------
        >>> round(BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426).expected_purchases_new(days=365), 3)
        1.449
        """
        check_positive("days", days)
        zero = np.zeros(1)
        return float(self._expected_while_alive(Summary(zero, zero, zero), np.array([days]))[0, 0])

    def _expected_while_alive(self, summary: Summary, days: Array) -> Array:
        """Return expected purchases given alive at as-of, shape (customers, len(days))."""
        # Recency only matters for P(alive): customers with equal frequency and age share the figure.
        age_code, ages = pd.factorize(summary.age)
        x_code, x = pd.factorize(summary.frequency)
        pair, inverse = np.unique(x_code.astype(np.int64) * len(ages) + age_code, return_inverse=True)
        rate = self.alpha + ages[pair % len(ages)] / self.days_per_unit
        each = [
            mean_over_dropout(self.r + x, rate, pair // len(ages), self.a, self.b + x, day / self.days_per_unit)
            for day in days
        ]
        return np.column_stack(each)[inverse]

    def simulate(
        self,
        *,
        customers: int = 1000,
        days: int = 2 * DAYS_PER_YEAR,
        entry_days: int = 0,
        holdout_days: int = DAYS_PER_YEAR,
        seed: int,
    ) -> pd.DataFrame:
        """Draw customers who behave exactly as the model says, with the truth that a log never shows.

        Parameters
        ----------
        customers
            Number of customers.
        days
            Length of the observed window in days.
        entry_days
            First purchases are spread evenly over this many first days of the window; 0: all on day 0.
        holdout_days
            Length of the future that is kept back.
        seed
            Whole number; the same seed gives the same customers.

        Returns
        -------
        pandas.DataFrame
            ``customer_id``; observed: ``frequency`` (every repeat purchase, also two on a day),
            ``recency``, ``age`` (whole days, a started day counts); known truth: ``true_alive`` (at
            as-of), ``true_purchases_per_day``, ``true_dropout_probability``; ``holdout_purchases`` in the
            days kept back.

        Examples
        --------
        >>> model = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
        >>> model.simulate(customers=3, days=365, seed=1)[["customer_id", "frequency", "true_alive"]]
          customer_id  frequency  true_alive
        0           1          2        True
        1           2         11       False
        2           3          0        True
        """
        for name, value in (("customers", customers), ("days", days), ("holdout_days", holdout_days)):
            check_positive(name, value)
        if not 0 <= entry_days <= days:
            raise CvmError("buying.entry_days", value=entry_days, days=days)
        draw = np.random.default_rng(seed)
        rate = draw.gamma(self.r, 1 / self.alpha, customers) / self.days_per_unit
        dropout = draw.beta(self.a, self.b, customers)
        # Beta draws can round to 0, which a geometric draw refuses.
        last = draw.geometric(np.clip(dropout, 1e-12, 1)).astype(np.int64)
        age = days - draw.integers(0, entry_days + 1, customers)
        arrivals = draw.poisson(rate * age)
        frequency = np.minimum(arrivals, last)
        # The k-th of n arrivals of a Poisson process is a Beta(k, n + 1 - k) share of the window.
        share = draw.beta(np.maximum(frequency, 1), arrivals + 1 - frequency)
        recency = np.where(frequency > 0, np.ceil(share * age), 0).astype(np.int64)
        alive = arrivals < last
        holdout = np.minimum(draw.poisson(rate * holdout_days), last - frequency)
        return pd.DataFrame(
            {
                CUSTOMER_ID: np.arange(1, customers + 1).astype(str),
                "frequency": frequency,
                "recency": np.where(frequency > 0, np.maximum(recency, 1), 0),
                "age": age,
                "true_alive": alive,
                "true_purchases_per_day": rate,
                "true_dropout_probability": dropout,
                "holdout_purchases": np.where(alive, holdout, 0),
            }
        )


def fit_bg_nbd(customers: Any, *, days_per_unit: float = 7) -> BgNbd:
    """Fit the BG/NBD model to a customer summary by maximum likelihood.

    Parameters
    ----------
    customers
        Frame with ``frequency`` (repeat purchase days, whole, from 0), ``recency`` and ``age`` (days,
        0 ≤ recency ≤ age), as `cvmlab.aggregate.summarise_customers` gives them.
    days_per_unit
        Days in the model's unit of time; only ``alpha`` and the log-likelihood depend on it.

    Returns
    -------
    BgNbd
        Its `BgNbd.warning` tells where the data cannot tell customers apart.

    Raises
    ------
    CvmError
        Missing or non-numeric column, missing value, recency above age (names the row), too few
        customers who bought again, a search that found no maximum.

    Notes
    -----
    Log-likelihood of Fader, Hardie & Lee (2005), equation (6). Customers with the same frequency,
    recency and age are counted once with their number. Several starts are tried on a sample of the
    customers, the best is followed to the maximum on all.

    Examples
    --------
    >>> truth = BgNbd(r=0.5, alpha=6, a=0.8, b=2.5)
    >>> fitted = fit_bg_nbd(truth.simulate(customers=20_000, days=730, seed=1))
    >>> fitted.customers, fitted.warning
    (20000, '')
    >>> bool(abs(fitted.r / fitted.alpha - 0.5 / 6) < 0.005)
    True
    """
    check_positive("days_per_unit", days_per_unit)
    summary = read_summary(customers)
    repeaters = int((summary.frequency > 0).sum())
    if repeaters == 0:
        raise CvmError("buying.no_repeat", customers=len(summary.frequency))
    if repeaters < LEAST_REPEATERS:
        raise CvmError("buying.too_few_repeaters", repeaters=repeaters, least=LEAST_REPEATERS)
    groups = group(summary, days_per_unit)
    point, least, steepest = _search(summary, groups)
    if not np.isfinite(least) or steepest > 1e-4:
        raise CvmError("buying.not_converged", model="BG/NBD")
    r, alpha, a, b = (float(estimate) for estimate in np.exp(point))
    fitted = BgNbd(
        r=r,
        alpha=alpha,
        a=a,
        b=b,
        log_likelihood=-least * groups.customers,
        customers=groups.customers,
        days_per_unit=days_per_unit,
        covariance=covariance(groups.negative, point, groups.customers),
    )
    return replace(fitted, problem=_problem(fitted, summary))


def _search(summary: Summary, groups: Groups) -> tuple[Array, float, float]:
    """Return the logarithms of the estimates, minus the mean log-likelihood and the slope left there."""
    # Bounds in terms of the mean age mean the same for any unit of time.
    mean_age = float((groups.ages * groups.count_by_age).sum()) / groups.customers
    mean_rate = summary.frequency.mean() / mean_age
    starts = [np.log([r, r / mean_rate, a, b]) for r, a, b in ((0.5, 0.5, 2.0), (2.0, 0.3, 6.0), (0.3, 1.5, 3.0))]
    bounds = np.log([(1e-3, 1e5), (1e-6 * mean_age, 1e6 * mean_age), (1e-6, 1e5), (1e-6, 1e6)])
    step = -(-groups.customers // START_SAMPLE)
    thinned = Summary(*(column[::step] for column in summary))
    whole = step == 1 or int((thinned.frequency > 0).sum()) < START_REPEATERS
    sample = groups if whole else group(thinned, groups.days_per_unit)
    tried = [climb(sample.negative, start, bounds) for start in starts]
    best = min(tried, key=lambda end: end[1] if np.isfinite(end[1]) else np.inf)
    if whole:
        return best
    metric = curvature(sample.negative, best[0])
    polished = None if metric is None else polish(groups.negative, best[0], metric)
    return polished or climb(groups.negative, best[0], bounds)


def _problem(fitted: BgNbd, summary: Summary) -> str:
    if fitted.r > 1e3:
        return "buying.equal_rates"
    # Customers without repeat purchase are alive by construction and tell nothing here.
    if fitted._p_alive(summary)[summary.frequency > 0].mean() > 0.995:
        return "buying.no_dropout"
    # Written so that an error which is not a number counts as large.
    if not fitted.covariance[3, 3] < fitted.b**2:
        return "buying.unsure_dropout"
    return ""


def score_customers(
    customers: Any, bg_nbd: BgNbd, gamma_gamma: GammaGamma | None, *, days: float = DAYS_PER_YEAR
) -> pd.DataFrame:
    """Return what the two models expect of each customer, beside the silence that is seen.

    Parameters
    ----------
    customers
        Frame with ``customer_id``, ``frequency``, ``recency``, ``age`` (days) and ``monetary_value``.
    bg_nbd
        Fitted by `fit_bg_nbd`.
    gamma_gamma
        Fitted by `fit_gamma_gamma`. None where no such model can be fitted: then a customer's expected
        spend is the own mean repeat spend, and for customers without one the mean of all repeat purchases.
    days
        Length of the future looked at, in days.

    Returns
    -------
    pandas.DataFrame
        One row a customer, in the order given: ``customer_id``; observed: ``usual_gap_days`` (mean days
        between purchase days, NaN without repeat purchase), ``silent_days`` (since the last purchase);
        estimated: ``p_alive`` (1 where there is no repeat purchase, see `BgNbd.p_alive`),
        ``expected_orders`` (purchase days in the next ``days``), ``expected_spend`` (money a purchase day),
        ``expected_revenue`` (their product, money in the next ``days``, not discounted).

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "customer_id": ["007", "008"], "frequency": [9, 9], "recency": [270, 120],
    ...     "age": [272, 272], "monetary_value": [22.0, 22.0]})
    >>> score_customers(
    ...     customers, BgNbd(0.243, 4.414, 0.793, 2.426), GammaGamma(6.25, 3.74, 15.44), days=365
    ... ).round(2).T
                           0      1
    customer_id          007    008
    p_alive             0.93   0.02
    expected_orders     7.67   0.17
    expected_spend     22.61  22.61
    usual_gap_days      30.0  13.33
    silent_days          2.0  152.0
    expected_revenue  173.49   3.85
    """
    check_columns(customers, (CUSTOMER_ID,))
    summary = read_summary(customers)
    with np.errstate(invalid="ignore"):
        usual_gap = np.where(summary.frequency > 0, summary.recency / summary.frequency, np.nan)
    orders = bg_nbd.expected_purchases(customers, days)
    spend = own_spend(customers) if gamma_gamma is None else gamma_gamma.expected_spend(customers)
    return pd.DataFrame(
        {
            CUSTOMER_ID: nw.from_native(customers, eager_only=True)[CUSTOMER_ID].to_numpy(),
            "p_alive": bg_nbd.p_alive(customers),
            "expected_orders": orders,
            "expected_spend": spend,
            "usual_gap_days": usual_gap,
            "silent_days": summary.age - summary.recency,
            "expected_revenue": orders * spend,
        }
    )

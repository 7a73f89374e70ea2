"""How much a customer spends on a purchase: the Gamma-Gamma model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.checking import check_lengths, check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, term

from .fit_input import read_spend
from .fitted import Fitted
from .likelihood import climb, covariance, gamma_gamma_objective

Array = NDArray[np.float64]
# Fewer customers with a repeat purchase than this cannot carry three parameters.
LEAST_REPEATERS = 10


@public
@dataclass(frozen=True)
class GammaGamma(Fitted):
    """A fitted (or stated) Gamma-Gamma model of the spend per purchase day.

    Attributes
    ----------
    p, q, gamma
        A purchase is Gamma(p, ν) with the customer's own ν from Gamma(q, gamma); ``gamma`` is money.
        The mean spend over customers is ``p * gamma / (q - 1)``.
    log_likelihood, customers
        Of the mean repeat spends, NaN for a stated model; number of customers it was fitted on: those with a
        repeat purchase and a positive mean spend.
    excluded
        Customers with repeat purchases whose mean repeat spend is zero or negative (refunds): left out.
    covariance
        Of p, q, gamma, shape (3, 3); NaN where the likelihood is flat.
    problem
        Vocabulary key of what limits the use of the fit, empty if nothing does; see `warning`.

    Examples
    --------
    The CDNOW sample, in dollars, as published:

    >>> spend = GammaGamma(p=6.25, q=3.74, gamma=15.44)
    >>> round(spend.mean_spend, 2)
    35.22
    >>> one = pd.DataFrame({"frequency": [2, 0], "monetary_value": [22.35, 0.0]})
    >>> spend.expected_spend(one).round(2)
    array([24.66, 35.22])
    """

    NAMES: ClassVar[tuple[str, ...]] = ("p", "q", "gamma")

    p: float
    q: float
    gamma: float
    log_likelihood: float = float("nan")
    customers: int = 0
    excluded: int = 0
    covariance: Array = field(default_factory=lambda: np.full((3, 3), np.nan), repr=False, compare=False, hash=False)
    problem: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.q <= 1:
            raise CvmError("buying.no_mean_spend", q=f"{self.q:.3g}")

    @property
    def mean_spend(self) -> float:
        """Mean spend of a purchase day over all customers, ``p * gamma / (q - 1)``, money."""
        return self.p * self.gamma / (self.q - 1)

    def expected_spend(self, customers: AnyFrame) -> Array:
        """Return each customer's expected spend on a future purchase day, money, shape (customers,).

        A weighted mean of the customer's own mean repeat spend and the mean of all customers, the more
        of the own the more repeat purchases there are: ``(p * x * m + p * gamma) / (p * x + q - 1)``.

        Parameters
        ----------
        customers
            Frame with ``frequency`` (repeat purchase days) and ``monetary_value`` (mean spend of these,
            money). A negative mean, all refunded, counts as zero.

        Examples
        --------
        >>> spend = GammaGamma(p=6.25, q=3.74, gamma=15.44)
        >>> often = pd.DataFrame({"frequency": [100], "monetary_value": [80.0]})
        >>> spend.expected_spend(often).round(1)
        array([79.8])
        """
        x, m = read_spend(customers)
        m = np.where(x > 0, np.maximum(m, 0), 0)
        return (self.p * x * m + self.p * self.gamma) / (self.p * x + self.q - 1)

    def simulate(self, frequency: ArrayLike, *, seed: int) -> pd.DataFrame:
        """Draw the spends of customers with given numbers of repeat purchases.

        Parameters
        ----------
        frequency, seed
            Repeat purchase days, shape (customers,); a whole number.

        Returns
        -------
        pandas.DataFrame
            ``frequency``, ``monetary_value`` (mean repeat spend, 0 without repeat purchase) and the
            known truth ``true_mean_spend`` (money).

        Examples
        --------
        >>> GammaGamma(p=6.25, q=3.74, gamma=15.44).simulate([0, 3], seed=1).round(2)
           frequency  monetary_value  true_mean_spend
        0          0            0.00            23.62
        1          3           20.58            23.81
        """
        draw = np.random.default_rng(seed)
        x = np.atleast_1d(np.asarray(frequency))
        check_lengths(frequency=x)
        check_parameter("frequency", x, 0)
        precision = draw.gamma(self.q, 1 / self.gamma, len(x))
        often = np.maximum(x, 1)
        mean = draw.gamma(self.p * often, 1 / (precision * often))
        spend = np.where(x > 0, mean, 0.0)
        return pd.DataFrame({"frequency": x, "monetary_value": spend, "true_mean_spend": self.p / precision})


@public
def fit_gamma_gamma(customers: AnyFrame) -> GammaGamma:
    """Fit the Gamma-Gamma model to mean repeat spends by maximum likelihood.

    Log-likelihood of Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value", equation (1a).
    Assumes that spend does not depend on frequency: see `frequency_spend_correlation`.

    Parameters
    ----------
    customers
        Frame with ``frequency`` (repeat purchase days) and ``monetary_value`` (mean spend of these days,
        money, at least 0) [, ``customer_id``: each once]. Customers without a repeat purchase are left out; customers
        whose mean is zero are left out and counted in `GammaGamma.excluded`.

    Raises
    ------
    CvmError
        A negative mean, a customer twice, too few customers left, the same spend everywhere, or spends so uneven
        that they have no mean (``q`` of 1 or less). `score_customers` works without a spend model: pass None.

    Examples
    --------
    >>> truth = GammaGamma(p=6.25, q=3.74, gamma=15.44)
    >>> fitted = fit_gamma_gamma(truth.simulate([1, 2, 3, 4] * 2500, seed=1))
    >>> bool(abs(fitted.mean_spend - truth.mean_spend) < 0.5), fitted.customers
    (True, 10000)
    """
    x, m = read_spend(customers)
    used = (x > 0) & (m > 0)
    excluded = int(((x > 0) & (m <= 0)).sum())
    if int(used.sum()) < LEAST_REPEATERS:
        raise CvmError("buying.too_few_spends", customers=int(used.sum()), least=LEAST_REPEATERS, excluded=excluded)
    x, m = x[used], m[used]
    if np.ptp(m) <= 1e-9 * m.max():
        raise CvmError("buying.constant_spend", value=f"{m[0]:g}")
    # In units of the pooled mean the same start and bounds fit every currency.
    scale = float((x * m).sum() / x.sum())
    negative = gamma_gamma_objective(x, m / scale)
    start = np.log([2.0, 3.0, 1.0])
    bounds = np.log([(1e-3, 1e6), (1e-3, 1e6), (1e-6, 1e8)])
    point, least, steepest = climb(negative, start, bounds)
    if not np.isfinite(least) or steepest > 1e-4:
        raise CvmError("buying.not_converged", model=term("buying.model_gamma_gamma"))
    p, q, gamma = np.exp(point)
    if q <= 1:
        raise CvmError("buying.no_mean_spend", q=f"{q:.3g}")
    stretch = np.diag([1, 1, scale])
    return GammaGamma(
        p=float(p),
        q=float(q),
        gamma=float(gamma * scale),
        log_likelihood=-least * len(x) - len(x) * float(np.log(scale)),
        customers=len(x),
        excluded=excluded,
        covariance=stretch @ covariance(negative, point, len(x)) @ stretch,
        problem="buying.equal_spends" if max(p, q) > 1e3 else "",
    )


@public
def frequency_spend_correlation(customers: AnyFrame) -> float:
    """Return Pearson's correlation of purchase frequency and mean spend, over customers with repeat purchases.

    The Gamma-Gamma model assumes that the two are independent. Near 0 it may be used (0.06 in the CDNOW
    sample); far from 0 its expected spends are off for very frequent and very rare buyers.

    Parameters
    ----------
    customers
        Frame with ``frequency`` (repeat purchase days) and ``monetary_value`` (money).

    Returns
    -------
    float
        −1 to 1; NaN with fewer than two customers or where one figure does not vary.

    Examples
    --------
    >>> customers = pd.DataFrame({"frequency": [1, 2, 3, 0], "monetary_value": [10.0, 30.0, 20.0, 0.0]})
    >>> round(frequency_spend_correlation(customers), 6)
    0.5
    """
    x, m = read_spend(customers)
    used = (x > 0) & (m > 0)
    x, m = x[used], m[used]
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(m) == 0:
        return float("nan")
    return float(np.corrcoef(x, m)[0, 1])


def own_spend(customers: AnyFrame) -> Array:
    """Return the own mean repeat spend, the mean of all repeat purchases for customers without one."""
    x, m = read_spend(customers)
    m = np.where(x > 0, np.maximum(m, 0), 0)
    pooled = float((x * m).sum() / x.sum()) if x.sum() > 0 else 0.0
    return np.where(x > 0, m, pooled)

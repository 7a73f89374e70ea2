"""When a customer buys and whether the customer is still active: the BG/NBD model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.checking import check_count, check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError
from cvmlab.data.tables import CUSTOMER_ID

from .fit_input import Summary, read_summary
from .likelihood import mean_over_dropout
from .purchase_model import DAYS_PER_YEAR, PurchaseModel

Array = NDArray[np.float64]


@public
@dataclass(frozen=True)
class BgNbd(PurchaseModel):
    """A fitted (or stated) BG/NBD model; times in units of ``days_per_unit`` days.

    Fader, Hardie & Lee 2005, Marketing Science 24(2), 275-284.

    Attributes
    ----------
    r, alpha
        Shape and rate of the gamma distribution of purchase rates: on average ``r / alpha`` repeat
        purchases per unit of time while active. ``alpha`` is in units of time.
    a, b
        Beta distribution of the probability to drop out after a repeat purchase, mean ``a / (a + b)``.
    log_likelihood, customers
        Of the fit, with times in units, NaN for a stated model; number of customers it was fitted on.
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

    NAMES: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    KIND: ClassVar[str] = "bg_nbd"
    # chances to leave before the first repeat purchase
    FIRST_CHANCE: ClassVar[int] = 0

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
        super().__post_init__()
        check_parameter("days_per_unit", self.days_per_unit, 0, open_minimum=True)

    def p_alive(self, customers: AnyFrame) -> Array:
        """Return the probability, 0 to 1, that each customer is still active at the as-of date.

        Formula: ``1 / (1 + a / (b + x - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x))`` for x > 0.
        In this model nobody can drop out before the first repeat purchase, so it is 1 for every
        customer with ``frequency`` 0, however long silent: read it as "not yet known", and rank these
        customers by `expected_purchases`, which does fall with age. `MbgNbd` lets them leave at once.

        Examples
        --------
        >>> model = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
        >>> seen = pd.DataFrame({"frequency": [9, 9], "recency": [270, 120], "age": [272, 272]})
        >>> model.p_alive(seen).round(3)
        array([0.925, 0.021])
        """
        return self._alive(read_summary(customers))

    def _alive(self, summary: Summary) -> Array:
        from scipy.special import expit

        x, unit, first = summary.frequency, self.days_per_unit, self.FIRST_CHANCE
        log_age_ratio = np.log((self.alpha + summary.age / unit) / (self.alpha + summary.recency / unit))
        log_odds_dead = np.log(self.a / (self.b + np.maximum(x + first, 1) - 1)) + (self.r + x) * log_age_ratio
        return np.where(x + first > 0, expit(-log_odds_dead), 1.0)

    def _buys_while_alive(self, summary: Summary, days: float) -> Array:
        # the rate of an active customer is Gamma(r + x, alpha + T), and nobody leaves before the next purchase
        rate = self.alpha + summary.age / self.days_per_unit
        stays_away = (rate / (rate + days / self.days_per_unit)) ** (self.r + summary.frequency)
        return np.asarray(1 - stays_away)

    def _shape(self, summary: Summary) -> Array:
        return self.r + summary.frequency

    def _while_alive(self, summary: Summary, days: Array) -> Array:
        # Equals equation (10) of the paper over P(alive), but without its hypergeometric function, which loses all
        # digits near a = 1 and overflows for frequent buyers: see `mean_over_dropout`.
        # Recency only matters for P(alive): customers with equal frequency and age share the figure.
        age_code, ages = pd.factorize(summary.age)
        x_code, x = pd.factorize(summary.frequency)
        pair, inverse = np.unique(x_code.astype(np.int64) * len(ages) + age_code, return_inverse=True)
        after = self.b + x + self.FIRST_CHANCE
        rate = self.alpha + ages[pair % len(ages)] / self.days_per_unit
        each = [
            mean_over_dropout(self.r + x, rate, pair // len(ages), self.a, after, day / self.days_per_unit)
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
        """Draw customers that behave exactly as the model says, with the truth that transactions never show.

        Parameters
        ----------
        customers, days, holdout_days
            Number of customers; days of the observed window, and of the future that is kept back.
        entry_days
            First purchases are spread evenly over this many first days of the window; 0: all on day 0.
        seed
            Whole number; the same seed gives the same customers.

        Returns
        -------
        pandas.DataFrame
            ``customer_id``; observed: ``frequency`` (every repeat purchase, also two on a day),
            ``recency``, ``age`` (whole days, a started day counts); known truth: ``true_alive`` (at as-of),
            ``true_purchases_per_day``, ``true_dropout_probability``, ``holdout_purchases``.

        Examples
        --------
        >>> model = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
        >>> model.simulate(customers=3, days=365, seed=1)[["customer_id", "frequency", "true_alive"]]
          customer_id  frequency  true_alive
        0           1          2        True
        1           2         11       False
        2           3          0        True
        """
        for name, count in (("customers", customers), ("days", days), ("holdout_days", holdout_days)):
            check_count(name, count)
        if not 0 <= entry_days <= days:
            raise CvmError("buying.entry_days", value=entry_days, days=days)
        draw = np.random.default_rng(seed)
        rate = draw.gamma(self.r, 1 / self.alpha, customers) / self.days_per_unit
        dropout = draw.beta(self.a, self.b, customers)
        # Beta draws can round to 0, which a geometric draw refuses.
        last = draw.geometric(np.clip(dropout, 1e-12, 1)).astype(np.int64) - self.FIRST_CHANCE
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

"""When a customer buys and whether the customer is still active: the Pareto/NBD model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public

from .fit_input import Summary
from .leaving import log_leaving
from .purchase_model import PurchaseModel

Array = NDArray[np.float64]


@public
@dataclass(frozen=True)
class ParetoNbd(PurchaseModel):
    """A fitted (or stated) Pareto/NBD model; times in units of ``days_per_unit`` days.

    Schmittlein, Morrison & Colombo 1987, Management Science 33(1), 1-24: while active, a customer buys as a Poisson
    process with an own rate, gamma distributed over customers; and leaves at *any moment*, seen or unseen, after an
    own exponential lifetime whose rate is gamma distributed too. Rate and lifetime are independent.

    Attributes
    ----------
    r, alpha
        Shape and rate of the gamma distribution of purchase rates; ``alpha`` in units of time.
    s, beta
        Shape and rate of the gamma distribution of the rates of leaving; ``beta`` in units of time.
    log_likelihood, customers, days_per_unit, covariance, problem
        As those of `BgNbd`.

    Examples
    --------
    The model of the CDNOW music shop, in weeks (Fader, Hardie & Lee 2005, table 2):

    >>> import pandas as pd
    >>> cdnow = ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669)
    >>> customers = pd.DataFrame({"frequency": [2, 0], "recency": [213, 0], "age": [272, 272]})
    >>> cdnow.p_alive(customers).round(3)
    array([0.869, 0.295])
    >>> cdnow.expected_purchases(customers, days=39 * 7).round(3)
    array([1.455, 0.107])
    """

    NAMES: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")
    KIND: ClassVar[str] = "pareto_nbd"

    r: float
    alpha: float
    s: float
    beta: float
    log_likelihood: float = float("nan")
    customers: int = 0
    days_per_unit: float = 7
    covariance: Array = field(default_factory=lambda: np.full((4, 4), np.nan), repr=False, compare=False, hash=False)
    problem: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_parameter("days_per_unit", self.days_per_unit, 0, open_minimum=True)

    def _alive(self, summary: Summary) -> Array:
        from scipy.special import expit, logsumexp

        unit, alive = self.days_per_unit, np.empty(len(summary.age))
        for part in parts(len(alive)):
            x, recency, age = (column[part] for column in summary)
            times = log_leaving(x, recency / unit, age / unit, self.r, self.alpha, self.s, self.beta)
            alive[part] = expit(times.alive - logsumexp(times.left, axis=0))
        return alive

    def _shape(self, summary: Summary) -> Array:
        return self.r + summary.frequency

    def _while_alive(self, summary: Summary, days: Array) -> Array:
        # rate Gamma(r + x, alpha + T) times the time that is left of a lifetime with rate Gamma(s, beta + T)
        age = summary.age / self.days_per_unit
        longest = self.beta + age
        growth = np.log1p(days / self.days_per_unit / longest[:, None])
        exponent = 1 - self.s
        # (e^(c·g) − 1)/c, which tends to g
        time = growth if abs(exponent) < 1e-9 else np.expm1(exponent * growth) / exponent
        rate = (self.r + summary.frequency) / (self.alpha + age)
        return np.asarray((rate * longest)[:, None] * time)

    def _buys_while_alive(self, summary: Summary, days: float) -> Array:
        # the first purchase comes at u, if the customer is there until then: integral of density × survival,
        # after a substitution that makes the density even
        nodes, weights = np.polynomial.legendre.leggauss(32)
        age, horizon = summary.age / self.days_per_unit, days / self.days_per_unit
        shape, rate = self.r + summary.frequency, self.alpha + age
        within = -np.expm1(-shape * np.log1p(horizon / rate))
        reached = within[:, None] * (nodes + 1) / 2
        time = rate[:, None] * np.expm1(-np.log1p(-reached) / shape[:, None])
        there = np.exp(-self.s * np.log1p(time / (self.beta + age)[:, None]))
        return np.asarray(within * (there * weights / 2).sum(axis=1))


def parts(count: int) -> list[slice]:
    """Return slices of some thousand customers, so that what is made of them stays small."""
    size = 8192
    return [slice(begin, begin + size) for begin in range(0, count, size)]

"""Contracts: who pays at fixed times has left once a payment is overdue; the others stay as long as their like did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.periods import DAYS_A_YEAR
from cvmlab.core.words import CvmError

from .fit_input import Summary, read_summary
from .likelihood import climb, covariance
from .purchase_model import PurchaseModel

Array = NDArray[np.float64]
PERIODS = (1, 2, 3, 4, 6, 12)
# Half a period after the due date a payment counts as missed. That one in fifty such payers comes back, and that one
# in fifty of the others has left unseen, is ours.
_GRACE, _RIGHT = 0.5, 0.98
# Customers who have paid so often show their period; so many of them, as near to it, make a contract log.
_PAYMENTS, _LEAST, _SHARE, _NEAR = 3, 10, 0.9, 0.08
_BOUNDS = np.log([(1e-3, 1e4), (1e-3, 1e5)])


@public
@dataclass(frozen=True)
class PaymentRule(PurchaseModel):
    """Payments every ``months`` months; a payment overdue by half a period means that the contract has ended.

    Payments to come follow the shifted beta-geometric model (Fader & Hardie 2007, Journal of Interactive Marketing
    21(1), 76-90): at every due date a customer ends the contract with an own probability, Beta(a, b) distributed over
    customers, so that who has paid often is likelier to stay. P(alive) is 0.98 or 0.02, ours. Contracts that were
    running before the log begins are taken to begin with it.

    Attributes
    ----------
    months
        Months between payments: 1, 2, 3, 4, 6 or 12.
    a, b
        Beta distribution of the probability to end the contract at a due date, mean ``a / (a + b)``.
    log_likelihood, customers, covariance, problem
        As those of `BgNbd`; the covariance in the order a, b.

    Examples
    --------
    The "High End" segment of the paper, α = .668 and β = 3.806, after the first payment:

    >>> import pandas as pd
    >>> customers = pd.DataFrame({"frequency": [0, 5, 5], "recency": [0, 152, 152], "age": [10, 160, 300]})
    >>> rule = PaymentRule(months=1, a=0.668, b=3.806)
    >>> rule.p_alive(customers)
    array([0.98, 0.98, 0.02])
    >>> rule.expected_purchases(customers, days=91).round(2)
    array([2.22, 2.57, 0.05])
    """

    NAMES: ClassVar[tuple[str, ...]] = ("a", "b")
    KIND: ClassVar[str] = "payment_rule"

    months: int
    a: float
    b: float
    log_likelihood: float = float("nan")
    customers: int = 0
    covariance: Array = field(default_factory=lambda: np.full((2, 2), np.nan), repr=False, compare=False, hash=False)
    problem: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_parameter("months", self.months, 1, 12)

    @property
    def days(self) -> float:
        """Days from one payment to the next."""
        return self.months * DAYS_A_YEAR / 12

    def _alive(self, summary: Summary) -> Array:
        return np.where(_ended(summary, self.days), 1 - _RIGHT, _RIGHT)

    def _while_alive(self, summary: Summary, days: Array) -> Array:
        from scipy.special import betaln

        due = self._due(summary)
        counts = np.maximum(np.floor((days - due[:, None]) / self.days) + 1, 0)
        most = int(counts.max())
        # the chance to make each of the payments to come, by those made so far, and their sum
        paid, place = np.unique(summary.frequency, return_inverse=True)
        ahead = np.arange(1, most + 1)
        made = np.exp(betaln(self.a, self.b + paid[:, None] + ahead) - betaln(self.a, self.b + paid)[:, None])
        expected = np.column_stack([np.zeros(len(paid)), np.cumsum(made, axis=1)])
        return np.asarray(expected[place[:, None], counts.astype(int)], dtype=np.float64)

    def _buys_while_alive(self, summary: Summary, days: float) -> Array:
        goes_on = (self.b + summary.frequency) / (self.a + self.b + summary.frequency)
        return np.where(self._due(summary) <= days, goes_on, 0.0)

    def _due(self, summary: Summary) -> Array:
        """Return the days until the next payment is due, 0 where it is late."""
        return np.maximum(self.days - (summary.age - summary.recency), 0)


def _ended(summary: Summary, days: float) -> NDArray[np.bool_]:
    return summary.age - summary.recency > (1 + _GRACE) * days


def payment_months(summary: Summary) -> int | None:
    """Return the months between payments where nearly all customers pay at one and the same interval, else None."""
    often = summary.frequency >= _PAYMENTS
    if often.sum() < _LEAST:
        return None
    gaps = summary.recency[often] / summary.frequency[often] / (DAYS_A_YEAR / 12)
    near = [float((np.abs(gaps / months - 1) < _NEAR).mean()) for months in PERIODS]
    return PERIODS[int(np.argmax(near))] if max(near) >= _SHARE else None


@public
def fit_payment_rule(customers: AnyFrame) -> PaymentRule:
    """Find the period of a contract log and fit who ends the contract when, by maximum likelihood.

    Parameters
    ----------
    customers
        Frame with ``frequency``, ``recency`` and ``age`` (days), as for `fit_bg_nbd`.

    Raises
    ------
    CvmError
        Where customers do not pay at one and the same interval: at least nine of ten with three gaps or more must
        have a mean gap within 8% of 1, 2, 3, 4, 6 or 12 months.

    Examples
    --------
    >>> import pandas as pd
    >>> paid = np.arange(3, 33)
    >>> customers = pd.DataFrame({"frequency": paid, "recency": (paid * 30.44).round(), "age": 980})
    >>> rule = fit_payment_rule(customers)
    >>> rule.months, bool(0.02 < rule.a / (rule.a + rule.b) < 0.12)
    (1, True)
    """
    from scipy.special import betaln, psi

    summary = read_summary(customers)
    months = payment_months(summary)
    if months is None:
        raise CvmError("buying.no_period")
    paid, ended = summary.frequency, _ended(summary, months * DAYS_A_YEAR / 12)

    def negative(point: Array) -> tuple[float, Array]:
        a, b = np.exp(point)
        likelihood = betaln(a + ended, b + paid) - betaln(a, b)
        of_all = psi(a + b) - psi(a + ended + b + paid)
        by_a, by_b = psi(a + ended) - psi(a) + of_all, psi(b + paid) - psi(b) + of_all
        return -float(likelihood.mean()), -np.array([by_a.mean() * a, by_b.mean() * b])

    point, least, _ = climb(negative, np.log([1.0, 10.0]), _BOUNDS)
    a, b = np.exp(point)
    return PaymentRule(
        months=months, a=float(a), b=float(b), log_likelihood=-least * len(paid), customers=len(paid),
        covariance=covariance(negative, point, len(paid)),
    )  # fmt: skip

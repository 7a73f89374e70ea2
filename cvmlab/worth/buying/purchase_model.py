"""What every model of when a customer buys can say, whatever it assumes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.checking import check_lengths, check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, term

from .fit_input import Summary, read_summary
from .fitted import Fitted

Array = NDArray[np.float64]
# Not the average year of `cvmlab.core.periods`: a future is whole days here, for purchase days are counted in it
# and `BgNbd.simulate` keeps back a number of them.
DAYS_PER_YEAR = 365


@public
class PurchaseModel(Fitted):
    """Base of the models of buying: who is still a customer, and how often each will buy.

    The ``customers`` of its methods are a frame with ``frequency`` (repeat purchase days), ``recency`` and
    ``age`` (days), a row per customer; what comes out has shape (customers,) and is estimated.
    """

    KIND: ClassVar[str]
    log_likelihood: float

    @property
    def name(self) -> str:
        """What the model is called, in the language in force."""
        return term(f"buying.model_{self.KIND}")

    @property
    def aic(self) -> float:
        """Akaike's criterion, 2 · parameters − 2 · log-likelihood: of one log, the smaller the better explained."""
        return 2 * len(self.NAMES) - 2 * self.log_likelihood

    def p_alive(self, customers: AnyFrame) -> Array:
        """Return the probability, 0 to 1, that each customer is still active at the as-of date.

        Examples
        --------
        >>> from cvmlab.worth.buying import GapRule
        >>> import pandas as pd
        >>> silent = pd.DataFrame({"frequency": [9, 9], "recency": [270, 270], "age": [290, 390]})
        >>> GapRule(usual_gap=30).p_alive(silent).round(2)
        array([0.95, 0.19])
        """
        return self._alive(read_summary(customers))

    def _going_on(self, summary: Summary) -> Array:
        """Return the share of each customer's purchases while alive that is expected."""
        return self._alive(summary)

    def expected_purchases(self, customers: AnyFrame, days: float = DAYS_PER_YEAR) -> Array:
        """Return the expected purchase days in the next ``days`` (above 0), already multiplied by P(alive).

        Examples
        --------
        >>> from cvmlab.worth.buying import BgNbd
        >>> import pandas as pd
        >>> model = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
        >>> daily = pd.DataFrame({"frequency": [250], "recency": [364], "age": [365]})
        >>> model.expected_purchases(daily, days=365).round(1)
        array([174.3])
        """
        check_parameter("days", days, 0, open_minimum=True)
        summary = read_summary(customers)
        return self._going_on(summary) * self._while_alive(summary, np.array([days]))[:, 0]

    def discounted_expected_purchases(
        self, customers: AnyFrame, days: float = 5 * DAYS_PER_YEAR, discount_rate: float = 0.1
    ) -> Array:
        """Return the present value of the expected purchase days in the next ``days``: each counts as 1.

        A purchase after s days counts ``(1 + discount_rate) ** (-s / 365)``, with a yearly rate. Times the margin
        of a purchase it is a current value: *estimated* behaviour × *stated* margin.

        Examples
        --------
        >>> from cvmlab.worth.buying import BgNbd
        >>> import pandas as pd
        >>> model = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
        >>> customers = pd.DataFrame({"frequency": [2], "recency": [213], "age": [272]})
        >>> model.discounted_expected_purchases(customers, days=365, discount_rate=0.1).round(3)
        array([1.495])
        >>> model.expected_purchases(customers, days=365).round(3)
        array([1.562])
        """
        check_parameter("days", days, 0, open_minimum=True)
        if not (np.isfinite(discount_rate) and discount_rate > -1):
            raise CvmError("buying.discount_rate", value=discount_rate)
        summary = read_summary(customers)
        # By parts: sum of discounted purchases = D(t) E(t) + force * integral of D(s) E(s) ds.
        force = np.log1p(discount_rate) / DAYS_PER_YEAR
        nodes, weights = np.polynomial.legendre.leggauss(16)
        times = np.append((nodes + 1) / 2, 1.0) * days
        discount = np.exp(-force * times)
        weight = np.append(weights / 2 * days * force, 1.0) * discount
        while_alive = self._while_alive(summary, times)
        return np.asarray(self._going_on(summary) * (while_alive * weight).sum(axis=1), dtype=np.float64)

    def chance_to_buy(self, customers: AnyFrame, days: float = DAYS_PER_YEAR) -> Array:
        """Return the probability, 0 to 1, that each customer buys at least once in the next ``days``.

        Examples
        --------
        >>> from cvmlab.worth.buying import BgNbd
        >>> import pandas as pd
        >>> model = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
        >>> customers = pd.DataFrame({"frequency": [2], "recency": [213], "age": [272]})
        >>> model.chance_to_buy(customers, days=90).round(3), model.p_alive(customers).round(3)
        (array([0.321]), array([0.727]))
        """
        check_parameter("days", days, 0, open_minimum=True)
        summary = read_summary(customers)
        return self._alive(summary) * self._buys_while_alive(summary, days)

    def expected_purchases_new(self, days: ArrayLike = DAYS_PER_YEAR) -> Array:
        """Return the expected repeat purchase days of a new customer in the first ``days`` days, in their shape.

        Examples
        --------
        >>> from cvmlab.worth.buying import BgNbd
        >>> BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426).expected_purchases_new([90, 365]).round(3)
        array([0.53 , 1.449])
        """
        check_parameter("days", days, 0)
        zero = np.zeros(1)
        new, ends = Summary(zero, zero, zero), np.asarray(days, dtype=np.float64)
        if not ends.size:
            return np.zeros(ends.shape)
        expected = self._alive(new)[0] * self._while_alive(new, np.maximum(ends.ravel(), 1e-9))[0]
        return np.asarray(expected.reshape(ends.shape))

    def purchases_by(self, customers: AnyFrame, days: ArrayLike) -> Array:
        """Return the expected purchase days within each of some numbers of days, shape (customers, len(days)).

        Examples
        --------
        >>> from cvmlab.worth.buying import GapRule
        >>> import pandas as pd
        >>> regular = pd.DataFrame({"frequency": [9], "recency": [270], "age": [270]})
        >>> GapRule(usual_gap=30).purchases_by(regular, [30, 60, 90]).round(2)
        array([[1., 2., 3.]])
        """
        check_parameter("days", days, 0, open_minimum=True)
        summary, ends = read_summary(customers), np.atleast_1d(np.asarray(days, float))
        if not ends.size:
            return np.zeros((len(summary.age), 0))
        return self._going_on(summary)[:, None] * self._while_alive(summary, ends)

    def value_interval(
        self, customers: AnyFrame, worth: ArrayLike, days: float = DAYS_PER_YEAR, *, unevenness: ArrayLike = 0.0
    ) -> tuple[Array, Array]:
        """Return the 80% interval of the money of each customer's purchases in the next ``days``.

        A customer buys nothing with the chance 1 − `chance_to_buy`. The money of one who buys is taken as gamma
        distributed: its mean is the expected purchases over the chance, times the worth of one; its variance that of
        a negative binomial number of purchases (shape r + x) of uneven worth. The doubt about the model itself is not
        in it; the backtest shows that.

        Parameters
        ----------
        customers, days
            As everywhere; a number of days above 0.
        worth
            What a purchase day of each brings, money, shape (customers,) or one for all.
        unevenness
            Squared coefficient of variation of the worth of a single purchase, at least 0.

        Examples
        --------
        >>> from cvmlab.worth.buying import GapRule
        >>> import pandas as pd
        >>> customers = pd.DataFrame({"frequency": [9, 9], "recency": [270, 270], "age": [270, 600]})
        >>> low, high = GapRule(usual_gap=30).value_interval(customers, 20.0, days=365)
        >>> low.round(), high.round()
        (array([109.,   0.]), array([396.,   0.]))
        """
        from scipy.special import gammaincinv

        check_parameter("days", days, 0, open_minimum=True)
        check_parameter("worth", worth)
        check_parameter("unevenness", unevenness, 0)
        summary = read_summary(customers)
        own_worth, own_unevenness = (_one_each(figure, len(summary.age)) for figure in (worth, unevenness))
        chance = self._alive(summary) * self._buys_while_alive(summary, days)
        expected = self._going_on(summary) * self._while_alive(summary, np.array([days]))[:, 0]
        purchases = np.maximum(expected / np.maximum(chance, 1e-12), 1.0)
        # relative variance of the money, and with it shape and scale of the gamma distribution
        relative = 1 / purchases + 1 / self._shape(summary) + own_unevenness / purchases
        shape = 1 / np.maximum(relative, 1e-6)
        scale = purchases * own_worth / shape
        bounds = []
        for tenth in (0.1, 0.9):
            of_buyers = np.clip((tenth - (1 - chance)) / np.maximum(chance, 1e-12), 0, 1 - 1e-9)
            bounds.append(np.where(of_buyers > 0, gammaincinv(shape, of_buyers) * scale, 0.0))
        # of a customer whose purchases cost more than they bring, the many are the worse
        return np.minimum(*bounds), np.maximum(*bounds)

    def _shape(self, summary: Summary) -> Array:
        """Return the shape of the gamma distribution of what is known of a customer's rate, shape (customers,)."""
        return summary.frequency + 1.0

    def _alive(self, summary: Summary) -> Array:
        raise NotImplementedError

    def _while_alive(self, summary: Summary, days: Array) -> Array:
        """Return the expected purchases given alive at the as-of date, shape (customers, len(days))."""
        raise NotImplementedError

    def _buys_while_alive(self, summary: Summary, days: float) -> Array:
        """Return the chance of a purchase given alive at the as-of date, shape (customers,)."""
        raise NotImplementedError


def _one_each(figure: ArrayLike, customers: int) -> Array:
    """Return one figure for each customer, of one for all or of as many as there are customers."""
    given = np.asarray(figure, dtype=np.float64)
    each = np.full(customers, given) if given.ndim == 0 else given
    check_lengths(customers=np.empty(customers), figures=each)
    return each

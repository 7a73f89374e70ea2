"""The rule of thumb that every model of buying must beat: gone who is silent for three usual gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError

from .fit_input import Summary, read_summary
from .purchase_model import PurchaseModel

Array = NDArray[np.float64]
GAPS = 3.0
# A rule knows no probability. That nobody is likelier than this to be gone, or to be there, is ours.
RIGHT = 0.95


@public
@dataclass(frozen=True)
class GapRule(PurchaseModel):
    """A customer silent for more than three usual gaps is gone; the others go on buying at their own pace.

    The usual gap is recency / frequency, and ``usual_gap`` (days) for customers who have bought once. P(alive) is
    0.95 up to a silence of one gap, 0.5 at three and 0.05 from five gaps on, even steps of log-odds between them: ours,
    a rule has no probabilities. Purchases are expected of those silent for at most three gaps, and of them as if nobody
    left, so that it expects too much where many do.

    Examples
    --------
    >>> import pandas as pd
    >>> customers = pd.DataFrame({"frequency": [9, 0], "recency": [270, 0], "age": [290, 390]})
    >>> rule = GapRule(usual_gap=30)
    >>> rule.p_alive(customers).round(2), rule.expected_purchases(customers, days=60).round(2)
    (array([0.95, 0.05]), array([2., 0.]))
    """

    NAMES: ClassVar[tuple[str, ...]] = ("usual_gap",)
    KIND: ClassVar[str] = "gap_rule"

    usual_gap: float
    log_likelihood: float = float("nan")
    problem: str = ""

    def __post_init__(self) -> None:
        check_parameter("usual_gap", self.usual_gap, 0, open_minimum=True)
        object.__setattr__(self, "covariance", np.full((1, 1), np.nan))

    def _alive(self, summary: Summary) -> Array:
        silent = (summary.age - summary.recency) / self._gaps(summary)
        certain = np.log(RIGHT / (1 - RIGHT))
        odds = np.clip((GAPS - silent) / (GAPS - 1), -1, 1) * certain
        return np.asarray(1 / (1 + np.exp(-odds)))

    def _going_on(self, summary: Summary) -> Array:
        return (summary.age - summary.recency <= GAPS * self._gaps(summary)).astype(np.float64)

    def _while_alive(self, summary: Summary, days: Array) -> Array:
        return np.asarray(days / self._gaps(summary)[:, None])

    def _buys_while_alive(self, summary: Summary, days: float) -> Array:
        # a first purchase at chance within the gap, as buying goes on anyway
        return np.asarray(np.minimum(1.0, days / self._gaps(summary)))

    def _gaps(self, summary: Summary) -> Array:
        bought_again = summary.frequency > 0
        return np.where(bought_again, summary.recency / np.where(bought_again, summary.frequency, 1), self.usual_gap)


@public
def fit_gap_rule(customers: AnyFrame) -> GapRule:
    """Return the rule of three gaps with the median gap of a summary, for customers who have bought once.

    Parameters
    ----------
    customers
        Frame with ``frequency``, ``recency`` and ``age`` (days), as for `fit_bg_nbd`.

    Raises
    ------
    CvmError
        No customer with a second purchase.

    Examples
    --------
    >>> import pandas as pd
    >>> customers = pd.DataFrame({"frequency": [9, 4, 0], "recency": [270, 80, 0], "age": [290, 90, 5]})
    >>> fit_gap_rule(customers).usual_gap
    25.0
    """
    summary = read_summary(customers)
    again = summary.frequency > 0
    if not again.any():
        raise CvmError("buying.no_repeat", customers=len(again))
    return GapRule(float(np.median(summary.recency[again] / summary.frequency[again])))

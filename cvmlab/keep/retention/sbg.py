"""The shifted beta-geometric model (sBG): why retention rises with tenure although nobody changes (S09, S20)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from cvmlab.core.annotations import OrNaN
from cvmlab.core.checking import check_count, check_parameter
from cvmlab.core.discounting import First
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError
from cvmlab.data.tables import numbers
from cvmlab.worth.buying.fitted import Fitted
from cvmlab.worth.buying.likelihood import climb, covariance
from cvmlab.worth.value import sbg_residual_lifetime, sbg_survival

from .counting import MOST_PERIODS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TABLE = "life_table"
# most leave alike; a few leave at once and the others hardly ever; in between
_STARTS = np.log([(1.0, 5.0), (0.2, 0.5), (20.0, 200.0)])
_BOUNDS = np.log([(1e-4, 1e5), (1e-4, 1e5)])
#: Twice the gain in log-likelihood over a constant rate that chance exceeds once in twenty (Self & Liang 1987).
_LEAST_GAIN = 2.706


@public
@dataclass(frozen=True)
class ShiftedBetaGeometric(Fitted):
    """A fitted (or stated) sBG model: each customer leaves in any period with an own chance that never changes.

    Fader & Hardie 2007, How to project customer retention, Journal of Interactive Marketing 21(1), 76-90.

    Attributes
    ----------
    alpha, beta
        Beta distribution of the chances of leaving over customers, mean ``alpha / (alpha + beta)``, above 0. The
        smaller their sum, the more the customers differ.
    log_likelihood
        Of the fit, NaN for a stated model.
    covariance
        Of the estimates in the order alpha, beta, shape (2, 2), from the curvature of the log-likelihood; NaN where
        that is flat.
    problem
        Key of the warning, empty if there is none; see `warning`.

    Examples
    --------
    The segment "High End" of the paper:

    >>> high_end = ShiftedBetaGeometric(alpha=0.668, beta=3.806)
    >>> high_end.retention_rates(4).round(3)
    array([0.851, 0.878, 0.897, 0.911])
    >>> high_end.survival(12)[7:].round(3)
    array([0.46 , 0.436, 0.414, 0.395, 0.378])
    """

    NAMES: ClassVar[tuple[str, ...]] = ("alpha", "beta")

    alpha: float
    beta: float
    log_likelihood: OrNaN = float("nan")
    covariance: Floats = field(default_factory=lambda: np.full((2, 2), np.nan), repr=False, compare=False, hash=False)
    problem: str = ""

    def __post_init__(self) -> None:
        for name in self.NAMES:
            check_parameter(name, getattr(self, name), 0, 1e6, open_minimum=True, word=f"sbg_{name}")

    def retention_rates(self, periods: int) -> Floats:
        """Return the share of those still there who stay in each of the first ``periods`` periods, shape (periods,).

        Examples
        --------
        >>> ShiftedBetaGeometric(alpha=1, beta=1).retention_rates(3).round(3)
        array([0.5  , 0.667, 0.75 ])
        """
        check_count("periods", periods, 1, MOST_PERIODS)
        after = self.beta + np.arange(float(periods))
        return np.asarray(after / (self.alpha + after))

    def survival(self, periods: int) -> Floats:
        """Return the share of a cohort still there after each of the first ``periods`` periods, shape (periods,).

        Examples
        --------
        >>> ShiftedBetaGeometric(alpha=1, beta=1).survival(3).round(3)
        array([0.5  , 0.333, 0.25 ])
        """
        check_count("periods", periods, 1, MOST_PERIODS)
        return sbg_survival(self.alpha, self.beta, periods)

    def residual_lifetime(
        self, discount_rate: float, *, renewals: float = 0, periods_per_year: float = 1, first: First = "next"
    ) -> float:
        """Return the discounted expected periods that a customer still stays, as `cvmlab.value.sbg_residual_lifetime`.

        Examples
        --------
        >>> round(ShiftedBetaGeometric(alpha=0.668, beta=3.806).residual_lifetime(0.10, renewals=7, first="now"), 2)
        7.53
        """
        return float(sbg_residual_lifetime(self.alpha, self.beta, discount_rate, renewals, periods_per_year, first))


class Cohort(NamedTuple):
    """Periods, in order, those at risk in each and those who left, shape (periods,) each."""

    period: Floats
    at_risk: Floats
    left: Floats


def read_cohort(table: pd.DataFrame) -> Cohort:
    """Return the three columns of a life table or of cohort counts, checked and in the order of the periods."""
    period, at_risk, left = (numbers(table, name, TABLE) for name in Cohort._fields)
    wrong = ~((period >= 1) & (period <= MOST_PERIODS) & (period == np.floor(period)))
    for is_wrong, key in (
        (wrong, "sbg_period"), (at_risk < 0, "sbg_counts"), ((left < 0) | (left > at_risk), "sbg_counts"),
    ):  # fmt: skip
        if is_wrong.any():
            row = int(is_wrong.argmax())
            found = {name: f"{part[row]:g}" for name, part in zip(Cohort._fields, (period, at_risk, left), strict=True)}
            raise CvmError(f"retention.{key}", row=row + 1, most=MOST_PERIODS, **found)
    values, counts = np.unique(period, return_counts=True)
    if (counts > 1).any():
        raise CvmError("retention.sbg_period_twice", period=f"{values[counts.argmax()]:g}")
    order = np.argsort(period)
    return Cohort(period[order], at_risk[order], left[order])


@public
def fit_sbg(table: pd.DataFrame) -> ShiftedBetaGeometric:
    """Fit an sBG model to a life table or to the counts of a cohort, by maximum likelihood.

    Parameters
    ----------
    table
        A row per period: ``period`` (1 first), ``at_risk`` (customers there at its start) and ``left`` (of them, who
        left in it), as `life_table` returns them; for a cohort ``at_risk`` is its size less those who left before.

    Returns
    -------
    ShiftedBetaGeometric
        Its ``warning`` says where the rates give no evidence that customers differ.

    Raises
    ------
    CvmError
        Where no model can be fitted: nobody left, all at risk left in every period, or fewer than two periods with
        customers at risk. For counts that cannot be, names the row.

    Notes
    -----
    Log-likelihood: Σ left · ln(1 − r) + (at risk − left) · ln r with r = (β+t−1)/(α+β+t−1) in period t, which for a
    whole cohort is that of Fader & Hardie (2007), and allows for customers who came under observation late or are
    still there. *Assumed*: nobody's own chance to leave ever changes, so that the hazard can only fall. Where it is
    constant the model becomes a constant rate, and `warning` says so; where it rises (a contract that ends, needs that
    change) the model cannot follow and projects too high a retention: compare with `project_retention`.

    Examples
    --------
    The segment "High End" of the paper, 1,000 customers over seven years:

    >>> import numpy as np, pandas as pd
    >>> there = np.array([1000, 869, 743, 653, 593, 551, 517, 491])
    >>> cohort = pd.DataFrame({"period": range(1, 8), "at_risk": there[:-1], "left": there[:-1] - there[1:]})
    >>> fitted = fit_sbg(cohort)
    >>> round(fitted.alpha, 3), round(fitted.beta, 3), round(fitted.log_likelihood, 1), fitted.warning
    (0.668, 3.806, -1611.2, '')
    """
    return fit_cohort(read_cohort(table))


def fit_cohort(cohort: Cohort) -> ShiftedBetaGeometric:
    """Fit an sBG model to counts that were checked."""
    seen = cohort.at_risk > 0
    at_risk, left, before = cohort.at_risk[seen], cohort.left[seen], cohort.period[seen] - 1
    if len(at_risk) < 2:
        raise CvmError("retention.sbg_one_period", periods=len(at_risk))
    if not left.any():
        raise CvmError("retention.sbg_nobody_left")
    if (left == at_risk).all():
        raise CvmError("retention.sbg_all_left")
    stayed, total = at_risk - left, float(at_risk.sum())

    def negative(point: Floats) -> tuple[float, Floats]:
        alpha, beta = np.exp(point)
        after = beta + before
        both = alpha + after
        value = left @ np.log(alpha / both) + stayed @ np.log(after / both)
        by_alpha = left.sum() / alpha - (at_risk / both).sum()
        by_beta = (stayed / after).sum() - (at_risk / both).sum()
        return -float(value) / total, -np.array([by_alpha * alpha, by_beta * beta]) / total

    point, least, _ = min((climb(negative, start, _BOUNDS) for start in _STARTS), key=lambda end: end[1])
    alpha, beta = map(float, np.exp(point))
    gone = left.sum() / total
    constant = left.sum() * np.log(gone) + stayed.sum() * np.log1p(-gone)
    is_alike = 2 * (-least * total - constant) < _LEAST_GAIN
    return ShiftedBetaGeometric(
        alpha=alpha, beta=beta, log_likelihood=-least * total, covariance=covariance(negative, point, int(total)),
        problem="retention.sbg_alike" if is_alike else "",
    )  # fmt: skip

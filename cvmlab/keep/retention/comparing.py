"""Whether groups of customers leave at different rates, or differ by chance only (S20)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.annotations import AnyFrame, OrNaN
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, say

from .counting import count_customers, seen_and_gone

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: More groups than this are no comparison.
MOST_GROUPS = 100
#: With fewer expected leavers in a group the chi-squared distribution is rough.
LEAST_EXPECTED = 5
_NOTHING = 1e-9
_COLUMNS = {"customers", "observed", "expected", "ratio"}


@public
@dataclass(frozen=True)
class RetentionComparison:
    """Result of a log-rank test over groups of customers.

    Attributes
    ----------
    groups
        One row per group: its name in a column called as the one asked for, ``customers``, ``observed`` (those who
        left), ``expected`` (those who would have left had every group left at the rates of all) and ``ratio``
        (observed / expected, NaN where none are expected): above 1 a group leaves sooner than the others.
    chi_squared, degrees, p_value
        Statistic, degrees of freedom, and the chance of a statistic at least as large if the groups do not differ.
        NaN and 0 degrees where nothing can be compared; `warning` says why.
    problem
        Key of the warning, empty if there is none.
    """

    groups: pd.DataFrame
    chi_squared: OrNaN
    degrees: int
    p_value: OrNaN
    problem: str = ""

    @property
    def warning(self) -> str:
        """What limits the use of the test, a sentence in the language in force; empty if nothing does."""
        return say(self.problem, least=LEAST_EXPECTED) if self.problem else ""


@public
def compare_retention(
    customers: AnyFrame,
    *,
    by: str,
    tenure: str = "tenure_months",
    left: str = "left",
    entered: str | None = None,
    window: int | None = None,
) -> RetentionComparison:
    """Return whether groups of customers leave at different rates: the log-rank test, with late entry.

    Parameters
    ----------
    customers
        One row per customer, a frame of any engine.
    by
        Column of groups, at least two, at most 100.
    tenure, left, entered, window
        As in `life_table`.

    Returns
    -------
    RetentionComparison
        ``groups`` (a row per group, with ``observed`` and ``expected`` leavers), ``chi_squared``, ``degrees``,
        ``p_value`` (a share of 1; NaN if nothing can be compared) and, in words, ``warning``.

    Raises
    ------
    CvmError
        For what `life_table` refuses, for one group only and for more than 100.

    Notes
    -----
    In each period the leavers of all are expected in the groups as their customers at risk are; the sums of observed
    minus expected leavers are compared with their hypergeometric variance, which allows for ties (Mantel 1966; Klein &
    Moeschberger 2003, §7.3). *Assumed*: who comes under observation late, or is still there, leaves as the others of
    the group. Groups that nobody assigned at random differ in more than their name: a small p-value says that the
    rates differ, not why. Where the curves cross, as when one group leaves early and the other late, the test may
    find nothing: look at the curves first. With a hundred thousand customers a difference too small to matter has a
    small p-value: read the ratio beside it.

    Examples
    --------
    >>> import pandas as pd
    >>> subscribers = pd.DataFrame({
    ...     "tenure_months": [1, 1, 2, 3, 4, 2, 4, 5, 6, 6],
    ...     "left": [True, True, True, True, False, False, True, True, False, False],
    ...     "contract": ["monthly"] * 5 + ["yearly"] * 5})
    >>> test = compare_retention(subscribers, by="contract")
    >>> print(test.groups.round(2).to_string(index=False))
    contract  customers  observed  expected  ratio
     monthly          5         4      1.91   2.10
      yearly          5         2      4.09   0.49
    >>> round(test.chi_squared, 2), test.degrees, round(test.p_value, 3)
    (4.12, 1, 0.042)
    """
    import pandas as pd
    from scipy.stats import chi2

    if by in _COLUMNS:
        raise CvmError("retention.name_taken", column=by)
    counted = count_customers(customers, tenure=tenure, left=left, entered=entered, window=window, by=by)
    groups = list(counted.groupby("group", sort=True, observed=True))
    if len(groups) < 2:
        raise CvmError("retention.one_group", column=by, group=groups[0][0])
    if len(groups) > MOST_GROUPS:
        raise CvmError("retention.too_many_groups", column=by, groups=len(groups), most=MOST_GROUPS)
    periods = int(counted["last"].max())
    parts = [seen_and_gone(rows, periods) for _, rows in groups]
    at_risk, gone = (np.array([part[place] for part in parts], dtype=np.float64) for place in (0, 1))
    expected, variance = _expected(at_risk, gone)
    observed = gone.sum(axis=1)
    chi_squared, degrees = _statistic(observed - expected, variance)
    p_value = float(chi2.sf(chi_squared, degrees)) if degrees else np.nan
    frame = pd.DataFrame({
        by: [name for name, _ in groups], "customers": [int(rows["rows"].sum()) for _, rows in groups],
        "observed": observed.astype(np.int64), "expected": expected,
        "ratio": np.divide(observed, expected, out=np.full(len(groups), np.nan), where=expected > 0),
    })  # fmt: skip
    return RetentionComparison(frame, chi_squared, degrees, p_value, _problem(observed, expected, degrees))


def _expected(at_risk: Floats, gone: Floats) -> tuple[Floats, Floats]:
    """Return the expected leavers of each group, and the covariance of the observed ones, shape (groups, groups)."""
    all_seen, all_gone = at_risk.sum(axis=0), gone.sum(axis=0)
    share = at_risk / np.maximum(all_seen, 1)
    # of the last one at risk nothing is uncertain
    spread = all_gone * (all_seen - all_gone) / np.maximum(all_seen - 1, 1)
    variance = np.diag(share @ spread) - (share * spread) @ share.T
    return share @ all_gone, variance


def _statistic(gap: Floats, variance: Floats) -> tuple[float, int]:
    """Return the statistic and its degrees of freedom: fewer where groups were never at risk beside each other."""
    spread, directions = np.linalg.eigh(variance)
    counts = spread > _NOTHING * max(float(spread.max()), _NOTHING)
    along = directions[:, counts].T @ gap
    degrees = int(counts.sum())
    return (float((along**2 / spread[counts]).sum()), degrees) if degrees else (np.nan, 0)


def _problem(observed: Floats, expected: Floats, degrees: int) -> str:
    if not degrees:
        return "retention.nobody_left" if not observed.any() else "retention.never_beside"
    return "retention.few_expected" if (expected < LEAST_EXPECTED).any() else ""

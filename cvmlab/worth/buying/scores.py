"""One row per customer: chance of being a customer, purchases and spend to expect (S09 Beyond)."""

from __future__ import annotations

from dataclasses import replace

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError
from cvmlab.data.tables import CUSTOMER_ID, check_columns

from .bg_nbd import DAYS_PER_YEAR, BgNbd
from .fit_input import Summary, read_summary
from .gamma_gamma import GammaGamma, own_spend
from .likelihood import Groups, climb, covariance, curvature, group, polish

Array = NDArray[np.float64]
# Fewer customers who bought again than this cannot carry four parameters.
LEAST_REPEATERS = 10
# Several starts of the search are tried on a sample of this size, if it has at least this many repeaters.
START_SAMPLE, START_REPEATERS = 20_000, 500


@public
def fit_bg_nbd(customers: AnyFrame, *, days_per_unit: float = 7) -> BgNbd:
    """Fit the BG/NBD model to a customer summary by maximum likelihood.

    Parameters
    ----------
    customers
        Frame with ``frequency`` (repeat purchase days, whole, from 0), ``recency`` and ``age`` (days,
        0 ≤ recency ≤ age) [, ``customer_id``: each once], from `cvmlab.aggregate.summarise_customers`.
    days_per_unit
        Days in the model's unit of time; only ``alpha`` and the log-likelihood depend on it.

    Returns
    -------
    BgNbd
        Its ``warning`` says where the data cannot distinguish the customers.

    Raises
    ------
    CvmError
        Missing or non-numeric column, missing value, recency above age (names the row), a customer twice, too few
        customers with a second purchase, a search that found no maximum.

    Notes
    -----
    Log-likelihood of Fader, Hardie & Lee (2005), equation (6). Several starts are tried on a sample of the
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
    check_parameter("days_per_unit", days_per_unit, 0, open_minimum=True)
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
        r, alpha, a, b, -least * groups.customers, groups.customers, days_per_unit,
        covariance(groups.negative, point, groups.customers),
    )  # fmt: skip
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
    if fitted.p_alive(summary)[summary.frequency > 0].mean() > 0.995:
        return "buying.no_dropout"
    # Written so that an error which is not a number counts as large.
    if not fitted.covariance[3, 3] < fitted.b**2:
        return "buying.unsure_dropout"
    return ""


@public
def score_customers(
    customers: AnyFrame, bg_nbd: BgNbd, gamma_gamma: GammaGamma | None, *, days: float = DAYS_PER_YEAR
) -> pd.DataFrame:
    """Return what the two models expect of each customer, beside the observed silence.

    Parameters
    ----------
    customers, days
        Frame with ``customer_id`` (each once), ``frequency``, ``recency``, ``age`` (days) and ``monetary_value``
        (money, at least 0); length of the future, in days.
    bg_nbd, gamma_gamma
        From `fit_bg_nbd` and `fit_gamma_gamma`. None where no spend model can be fitted: then a customer's expected
        spend is the own mean repeat spend, and for customers without one the mean of all repeat purchases.

    Returns
    -------
    pandas.DataFrame
        One row per customer, in the order given: ``customer_id``; observed: ``usual_gap_days`` (mean days
        between purchase days, NaN without repeat purchase), ``silent_days`` (since the last purchase);
        estimated: ``p_alive`` (1 where there is no repeat purchase, see `BgNbd.p_alive`),
        ``expected_orders`` (purchase days in the next ``days``), ``expected_spend`` (money per purchase day),
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
    scores = {
        CUSTOMER_ID: nw.from_native(customers, eager_only=True)[CUSTOMER_ID].to_numpy(),
        "p_alive": bg_nbd.p_alive(customers),
        "expected_orders": orders,
        "expected_spend": spend,
        "usual_gap_days": usual_gap,
        "silent_days": summary.age - summary.recency,
        "expected_revenue": orders * spend,
    }
    return pd.DataFrame(scores)

"""What the two models maximise, and the sums behind their expectations.

A search runs over the logarithms of a model's parameters, so that none can turn negative.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .fit_input import Summary

Array = NDArray[np.float64]
# Minus the mean log-likelihood and its gradient, by the logarithms of the parameters.
Objective = Callable[[Array], tuple[float, Array]]
# Groups that are computed at once.
PART = 8192
# A search ends where the next step promises no more than this of the mean log-likelihood, or after so many steps. No
# step is longer than this in a parameter's logarithm, and no direction is taken to be flatter.
_NO_MORE, _MOST_STEPS, _LONGEST_STEP, _LEAST_CURVED = 1e-10, 100, 3.0, 1e-9


@dataclass(frozen=True)
class Groups:
    """A summary counted: customers with equal frequency, age and recency are one group."""

    # ``x``, ``ages`` and ``recencies`` are the distinct values (times in the model's unit), the codes point into
    # them. The groups are those of customers who could have left; all others enter by age alone.
    x: Array
    ages: Array
    recencies: Array
    x_code: NDArray[np.int64]
    age_code: NDArray[np.int64]
    recency_code: NDArray[np.int64]
    count: Array
    count_by_x: Array
    count_by_age: Array
    purchases_by_age: Array
    days_per_unit: float
    first_chance: int

    @property
    def customers(self) -> int:
        """Number of customers in all groups."""
        return round(float(self.count_by_age.sum()))

    def negative(self, point: Array) -> tuple[float, Array]:
        """Minus the mean log-likelihood and its gradient, by the logarithms of r, alpha, a, b."""
        from scipy.special import betaln, gammaln, psi

        r, alpha, a, b = np.exp(point)
        x, n_x, n_age, total = self.x, self.count_by_x, self.count_by_age, self.count_by_age.sum()
        # as many chances to leave as purchases, without the first one where nobody leaves at it
        chances = x + self.first_chance
        from_age, from_recency, from_b = alpha + self.ages, alpha + self.recencies, b + np.maximum(chances, 1) - 1
        log_age, log_recency, log_first_odds = np.log(from_age), np.log(from_recency), np.log(a / from_b)
        softplus, dead, dead_log_ratio, dead_by_alpha, dead_by_b = 0.0, 0.0, 0.0, 0.0, 0.0
        # In parts that stay in the processor's cache.
        for begin in range(0, len(self.count), PART):
            part = slice(begin, begin + PART)
            of_x, of_age, of_recency = self.x_code[part], self.age_code[part], self.recency_code[part]
            count, shape = self.count[part], (r + x)[of_x]
            log_ratio = log_age[of_age] - log_recency[of_recency]
            # Odds of dropped out against alive.
            log_odds = log_first_odds[of_x] + shape * log_ratio
            small = np.exp(-np.abs(log_odds))
            gone = count * np.where(log_odds > 0, 1.0, small) / (1 + small)
            softplus += dot(count, np.log1p(small) + np.maximum(log_odds, 0))
            dead += float(gone.sum())
            dead_log_ratio += dot(gone, log_ratio)
            dead_by_alpha += dot(gone * shape, (1 / from_age)[of_age] - (1 / from_recency)[of_recency])
            dead_by_b += dot(gone, (1 / from_b)[of_x])
        likelihood = (
            dot(n_x, gammaln(r + x) - gammaln(r) + betaln(a, b + chances) - betaln(a, b))
            + total * r * np.log(alpha)
            - dot(r * n_age + self.purchases_by_age, log_age)
            + softplus
        )
        by_r = dot(n_x, psi(r + x) - psi(r) + np.log(alpha)) - dot(n_age, log_age) + dead_log_ratio
        by_alpha = total * r / alpha - dot(r * n_age + self.purchases_by_age, 1 / from_age) + dead_by_alpha
        by_a = dot(n_x, psi(a + b) - psi(a + b + chances)) + dead / a
        by_b = dot(n_x, psi(a + b) - psi(b) + psi(b + chances) - psi(a + b + chances)) - dead_by_b
        gradient = np.array([by_r * r, by_alpha * alpha, by_a * a, by_b * b])
        return -float(likelihood / total), -gradient / total


def dot(left: NDArray[Any], right: NDArray[Any]) -> float:
    """Return the sum of products of two arrays, the same on every machine."""
    # Not `@`: with long arrays it wakes a thread pool, which takes many times the work when the machine is
    # busy, and sums in an order that depends on the number of threads.
    return float(np.einsum("i,i->", left, right))


@dataclass(frozen=True)
class ZeroInflatedGroups:
    """The groups of the BG/NBD model, with a share of customers who never come again after the first purchase."""

    groups: Groups
    single_by_age: Array

    @property
    def customers(self) -> int:
        """Number of customers in all groups."""
        return self.groups.customers

    def negative(self, point: Array) -> tuple[float, Array]:
        """Minus the mean log-likelihood and its gradient, by the logarithms of r, alpha, a, b, once."""
        once = min(float(np.exp(point[4])), 1 - 1e-9)
        least, slope = self.groups.negative(point[:4])
        r, alpha = np.exp(point[:2])
        total, single = self.customers, self.single_by_age
        waits = -r * np.log1p(self.groups.ages / alpha)
        # what a customer seen once would weigh in the model without the share, and weighs with it
        log_again, log_once = np.log1p(-once) + waits, np.log(once)
        both = np.logaddexp(log_again, log_once)
        again = np.exp(log_again - both)
        repeaters = total - single.sum()
        likelihood = dot(single, both - waits) + repeaters * np.log1p(-once)
        by_waits = single * (again - 1)
        by_alpha = r * self.groups.ages / (alpha * (alpha + self.groups.ages))
        by_once = dot(single, (1 - again) / once - again / (1 - once)) - repeaters / (1 - once)
        more = np.array([dot(by_waits, waits), dot(by_waits, by_alpha) * alpha, 0, 0, by_once * once])
        return least - float(likelihood / total), np.append(slope, 0.0) - more / total


def group_zero_inflated(summary: Summary, days_per_unit: float) -> ZeroInflatedGroups:
    """Count a summary in days, and apart the customers who were seen once."""
    groups = group(summary, days_per_unit)
    age_code, _ = pd.factorize(summary.age)
    single = np.bincount(age_code, weights=summary.frequency == 0).astype(np.float64)
    return ZeroInflatedGroups(groups, single)


def group(summary: Summary, days_per_unit: float, first_chance: int = 0) -> Groups:
    """Count a summary in days; times in the groups are in units of ``days_per_unit`` days."""
    x_code, x = pd.factorize(summary.frequency)
    age_code, ages = pd.factorize(summary.age)
    recency_code, recencies = pd.factorize(summary.recency)
    again = summary.frequency + first_chance > 0
    pair = x_code[again].astype(np.int64) * len(ages) + age_code[again]
    packed, count = np.unique(pair * len(recencies) + recency_code[again], return_counts=True)
    return Groups(
        x=x,
        ages=ages / days_per_unit,
        recencies=recencies / days_per_unit,
        x_code=packed // (len(ages) * len(recencies)),
        age_code=packed // len(recencies) % len(ages),
        recency_code=packed % len(recencies),
        count=count.astype(np.float64),
        count_by_x=np.bincount(x_code).astype(np.float64),
        count_by_age=np.bincount(age_code).astype(np.float64),
        purchases_by_age=np.bincount(age_code, summary.frequency).astype(np.float64),
        days_per_unit=days_per_unit,
        first_chance=first_chance,
    )


def gamma_gamma_objective(frequency: Array, spend: Array) -> Objective:
    """Return the objective of the Gamma-Gamma model, by the logarithms of p, q, gamma; both arrays above 0."""
    from scipy.special import gammaln, psi

    code, x = pd.factorize(frequency)
    n_x, total = np.bincount(code).astype(np.float64), len(frequency)
    sum_spend = frequency * spend
    log_sum = np.log(sum_spend)
    x_log_sum, constant = dot(frequency, log_sum), float(np.log(spend).sum())

    def negative(point: Array) -> tuple[float, Array]:
        p, q, gamma = np.exp(point)
        base = sum_spend + gamma
        log_base = np.log(base)
        x_log_base = dot(frequency, log_base)
        likelihood = (
            dot(n_x, gammaln(p * x + q) - gammaln(p * x))
            + total * (q * np.log(gamma) - gammaln(q))
            + p * (x_log_sum - x_log_base)
            - q * log_base.sum()
            - constant
        )
        by_p = dot(n_x, x * (psi(p * x + q) - psi(p * x))) + x_log_sum - x_log_base
        by_q = dot(n_x, psi(p * x + q)) - total * (psi(q) - np.log(gamma)) - log_base.sum()
        inverse = 1 / base
        by_gamma = total * q / gamma - p * dot(frequency, inverse) - q * inverse.sum()
        return -float(likelihood / total), -np.array([by_p * p, by_q * q, by_gamma * gamma]) / total

    return negative


def climb(negative: Objective, start: Array, bounds: Array) -> tuple[Array, float, float]:
    """Return the maximum found from a start, minus the mean log-likelihood there, and the steepest inward slope."""
    # Newton's method: a search that has to learn the curvature takes hundreds of steps along a flat ridge.
    low, high = bounds[:, 0], bounds[:, 1]
    point = np.clip(start, low, high)
    with np.errstate(all="ignore"):
        least, slope = negative(point)
        for _ in range(_MOST_STEPS):
            if not (np.isfinite(least) and np.isfinite(slope).all()):
                break
            step = _newton_step(_bend(negative, point, slope), slope, point, bounds)
            promised = -float(slope @ step)
            found = _further(negative, point, least, slope, step, bounds) if promised > 0 else None
            if found is None:
                break
            point, least, slope = found
            if promised < _NO_MORE:
                break
    inward = point - np.clip(point - slope, low, high)
    return point, float(least), float(np.abs(inward).max())


def _newton_step(bend: Array, slope: Array, point: Array, bounds: Array) -> Array:
    """Return the step to where a parabola has its minimum, or to a bound; down along directions without a minimum."""
    low, high = bounds[:, 0], bounds[:, 1]
    free = ~((point <= low) & (slope > 0) | (point >= high) & (slope < 0))
    step = np.zeros_like(slope)
    if not free.any() or not np.isfinite(bend).all():
        return step
    curved, axes = np.linalg.eigh(bend[np.ix_(free, free)])
    step[free] = -axes @ (axes.T @ slope[free] / np.maximum(np.abs(curved), _LEAST_CURVED))
    length, room = np.abs(step), np.where(step > 0, high - point, point - low)
    towards_bound = (length > 0) & (room > 0)
    shares = np.append(room[towards_bound] / length[towards_bound], _LONGEST_STEP / max(length.max(), _LONGEST_STEP))
    return np.asarray(step * min(1.0, shares.min()))


def _further(
    negative: Objective, point: Array, least: float, slope: Array, step: Array, bounds: Array
) -> tuple[Array, float, Array] | None:
    """Return the first point along shorter and shorter steps that lies evidently lower; None if there is none."""
    for _ in range(20):
        reached = np.clip(point + step, bounds[:, 0], bounds[:, 1])
        value, its_slope = negative(reached)
        if value <= least + 1e-4 * float(slope @ (reached - point)) and np.isfinite(its_slope).all():
            return reached, value, its_slope
        step = step / 4
    return None


def polish(negative: Objective, start: Array, metric: Array) -> tuple[Array, float, float] | None:
    """Walk from a start near the maximum to it, with a sample's curvature as metric; None if that fails."""
    point = start
    # a handful of steps where a search from scratch takes dozens
    for _ in range(12):
        least, slope = negative(point)
        steepest = float(np.abs(slope).max())
        if not np.isfinite(steepest):
            return None
        if steepest < 1e-8:
            return point, least, steepest
        point = point - np.linalg.solve(metric, slope)
    return None


def curvature(negative: Objective, point: Array) -> Array | None:
    """Return the second derivatives at a maximum, by differences; None where a parameter is not identified."""
    matrix = _bend(negative, point, negative(point)[1])
    if not np.isfinite(matrix).all() or np.linalg.eigvalsh(matrix).min() <= 1e-8:
        return None
    return matrix


def _bend(negative: Objective, point: Array, slope: Array) -> Array:
    step = 1e-5
    rows = np.array([(negative(point + step * axis)[1] - slope) / step for axis in np.eye(len(point))])
    return np.asarray((rows + rows.T) / 2)


def covariance(negative: Objective, point: Array, customers: int) -> Array:
    """Return the covariance of the estimates, not their logarithms; NaN where a parameter is not identified."""
    bend = curvature(negative, point)
    if bend is None:
        return np.full((len(point), len(point)), np.nan)
    estimate = np.exp(point)
    return np.asarray(np.linalg.inv(bend * customers) * np.outer(estimate, estimate), dtype=np.float64)


def mean_over_dropout(shape: Array, rate: Array, code: NDArray[np.int64], a: float, b: Array, time: float) -> Array:
    """Return expected purchases within ``time`` of active customers, a pair of age and (coded) frequency each."""
    # The purchase rate is Gamma(shape, rate), the dropout probability p after each purchase Beta(a, b).
    # Integrating the rate out leaves g(p) = (1 - (1 + p z) ** -shape) / p with z = time / rate; its mean over p is
    # a trapezoid sum in logit(p), where the integrand is analytic in a strip, so the sum converges exponentially.
    # The chord from g(0) to g(1), whose mean is known, is taken out first: what is left vanishes at both ends and
    # keeps the sum short when a or b is near 0.
    from scipy.special import betaln

    nodes, chunk = 192, 4096
    left, right = a + 1, b + 1
    peak, width = np.log(left / right), np.sqrt(1 / left + 1 / right)
    # From p = 1 / (z * shape) on, g falls like 1 / p: unless the density has died out before, the left end
    # must lie beyond that bend.
    bend = np.clip(peak + np.log(shape * time / rate.min()), 0, 35 / a)
    low = peak - 7 * width - bend - 25 / left
    high = peak + 7 * width + 25 / right
    step = (high - low) / nodes
    logit = low[:, None] + step[:, None] * np.arange(nodes + 1)
    log_p, log_rest = -np.logaddexp(0, -logit), -np.logaddexp(0, logit)
    density = np.exp(a * log_p + b[:, None] * log_rest - betaln(a, b)[:, None]) * step[:, None]
    p, rest, mean_p = np.exp(log_p), np.exp(log_rest), a / (a + b)

    result = np.empty(len(code))
    for begin in range(0, len(code), chunk):
        part = slice(begin, begin + chunk)
        of = code[part]
        z, k = time / rate[part], shape[of]
        at_0, at_1 = k * z, -np.expm1(-k * np.log1p(z))
        g = -np.expm1(-k[:, None] * np.log1p(p[of] * z[:, None])) / p[of]
        left_over = g - at_0[:, None] * rest[of] - at_1[:, None] * p[of]
        result[part] = at_0 * (1 - mean_p[of]) + at_1 * mean_p[of] + np.einsum("ij,ij->i", density[of], left_over)
    return result

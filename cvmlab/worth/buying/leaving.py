"""The Pareto/NBD likelihood: a customer is still there, or left at some moment after the last purchase."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .fit_input import Summary
from .likelihood import dot

Array = NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
# nodes and weights of the integral from 0 to 1, nodes down and customers across
_SHARE, _LOG_WEIGHT = (_NODES[:, None] + 1) / 2, np.log(_WEIGHTS[:, None] / 2)
# Customers that are computed at once: what is made of them stays in the processor's cache.
_PART = 1024


class Leaving(NamedTuple):
    """Logarithms of the densities of "still there" (customers,) and of "left at a moment" (nodes, customers).

    Both lack the factor Γ(r+x)/Γ(r) · α^r · β^s; ``left`` has the weights of the integral over time in it. ``rate`` and
    ``life`` are α and β plus the moment, ``log_rate`` and ``log_life`` their logarithms.
    """

    alive: Array
    left: Array
    rate: Array
    log_rate: Array
    life: Array
    log_life: Array


def log_leaving(x: Array, recency: Array, age: Array, r: float, alpha: float, s: float, beta: float) -> Leaving:
    """Return, for customers with times in units, what the likelihood is made of.

    A customer who left at u, after the last purchase, has density s(β+u)^−(s+1)·(α+u)^−(r+x). The integral over u
    replaces the hypergeometric functions of the paper, which lose their digits for frequent buyers. In
    w = 1 − ((α+t_x)/(α+u))^(r+x) the steep factor is even, and Gauss-Legendre nodes serve.
    """
    shape = r + x
    at_last = np.log(alpha + recency)
    span = -np.expm1(-shape * np.log((alpha + age) / (alpha + recency)))
    log_rate = at_last - np.log1p(-span * _SHARE) / shape
    rate = np.exp(log_rate)
    life = rate + (beta - alpha)
    log_life = np.log(life)
    with np.errstate(divide="ignore"):
        # of a customer who bought today there is no silence to have left in
        width = np.log(span * s / shape)
    left = log_rate - (s + 1) * log_life + _LOG_WEIGHT + (width - shape * at_last)
    return Leaving(-shape * np.log(alpha + age) - s * np.log(beta + age), left, rate, log_rate, life, log_life)


class ParetoGroups:
    """A summary counted: customers with equal frequency, recency and age are one group."""

    def __init__(self, summary: Summary, days_per_unit: float) -> None:
        frame = pd.DataFrame(summary._asdict())
        counted = frame.groupby(list(Summary._fields), sort=True).size()
        x, recency, age = (counted.index.get_level_values(name).to_numpy(float) for name in Summary._fields)
        self.x, self.recency, self.age = x, recency / days_per_unit, age / days_per_unit
        self.count = counted.to_numpy(float)
        self.customers = len(frame)

    def negative(self, point: Array) -> tuple[float, Array]:
        """Minus the mean log-likelihood and its gradient, by the logarithms of r, alpha, s, beta."""
        from scipy.special import gammaln, psi

        r, alpha, s, beta = np.exp(point)
        total, by = 0.0, np.zeros(4)
        for begin in range(0, len(self.count), _PART):
            part = slice(begin, begin + _PART)
            x, recency, age, count = self.x[part], self.recency[part], self.age[part], self.count[part]
            terms = log_leaving(x, recency, age, r, alpha, s, beta)
            top = np.maximum(terms.alive, terms.left.max(axis=0))
            alive, left = np.exp(terms.alive - top), np.exp(terms.left - top)
            whole = alive + left.sum(axis=0)
            total += dot(count, gammaln(r + x) - gammaln(r) + top + np.log(whole))
            alive, left = count * alive / whole, left * (count / whole)
            by += (
                dot(count, psi(r + x) - psi(r)) - dot(alive, np.log(alpha + age)) - _sum(left, terms.log_rate),
                -dot(alive, (r + x) / (alpha + age)) - dot(r + x, (left / terms.rate).sum(axis=0)),
                -dot(alive, np.log(beta + age)) + float(left.sum()) / s - _sum(left, terms.log_life),
                -dot(alive, s / (beta + age)) - (s + 1) * float((left / terms.life).sum()),
            )
        n = self.customers
        total += n * (r * np.log(alpha) + s * np.log(beta))
        by += n * np.array([np.log(alpha), r / alpha, np.log(beta), s / beta])
        return -total / n, -by * np.array([r, alpha, s, beta]) / n


def _sum(left: Array, right: Array) -> float:
    return float(np.einsum("ij,ij->", left, right))

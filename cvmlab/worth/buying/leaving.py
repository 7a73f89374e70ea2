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
_PART = 4096


class Leaving(NamedTuple):
    """Logarithms of the densities of "still there" (customers,) and of "left at ``time``" (customers, nodes).

    Both lack the factor Γ(r+x)/Γ(r) · α^r · β^s; ``left`` has the weights of the integral over time in it.
    """

    alive: Array
    left: Array
    time: Array


def log_leaving(x: Array, recency: Array, age: Array, r: float, alpha: float, s: float, beta: float) -> Leaving:
    """Return, for customers with times in units, what the likelihood is made of.

    A customer who left at u, after the last purchase, has density s(β+u)^−(s+1)·(α+u)^−(r+x). The integral over u
    replaces the hypergeometric functions of the paper, which lose their digits for frequent buyers. In
    w = 1 − ((α+t_x)/(α+u))^(r+x) the steep factor is even, and Gauss-Legendre nodes serve.
    """
    shape = r + x
    silence = np.log((alpha + age) / (alpha + recency))
    span = -np.expm1(-shape * silence)
    log_rest = np.log1p(-span[:, None] * (_NODES + 1) / 2)
    log_rate = np.log(alpha + recency)[:, None] - log_rest / shape[:, None]
    time = np.exp(log_rate) - alpha
    with np.errstate(divide="ignore"):
        # of a customer who bought today there is no silence to have left in
        width = np.log(span[:, None] * _WEIGHTS / 2 / shape[:, None])
    left = (
        np.log(s) - (s + 1) * np.log(beta + time) + log_rate - shape[:, None] * np.log(alpha + recency)[:, None] + width
    )
    return Leaving(-shape * np.log(alpha + age) - s * np.log(beta + age), left, time)


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
            top = np.maximum(terms.alive, terms.left.max(axis=1))
            alive, left = np.exp(terms.alive - top), np.exp(terms.left - top[:, None])
            whole = alive + left.sum(axis=1)
            total += dot(count, gammaln(r + x) - gammaln(r) + top + np.log(whole))
            alive, left = count * alive / whole, left * (count / whole)[:, None]
            from_alpha, from_beta = alpha + terms.time, beta + terms.time
            by += (
                dot(count, psi(r + x) - psi(r)) - dot(alive, np.log(alpha + age)) - _sum(left, np.log(from_alpha)),
                -dot(alive, (r + x) / (alpha + age)) - _sum(left, (r + x)[:, None] / from_alpha),
                -dot(alive, np.log(beta + age)) + float(left.sum()) / s - _sum(left, np.log(from_beta)),
                -dot(alive, s / (beta + age)) - _sum(left, (s + 1) / from_beta),
            )
        n = self.customers
        total += n * (r * np.log(alpha) + s * np.log(beta))
        by += n * np.array([np.log(alpha), r / alpha, np.log(beta), s / beta])
        return -total / n, -by * np.array([r, alpha, s, beta]) / n


def _sum(left: Array, right: Array) -> float:
    return float(np.einsum("ij,ij->", left, right))

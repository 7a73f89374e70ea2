"""Customer equity by the brand-switching matrix, and its value, brand and relationship parts.

Rust, Lemon & Zeithaml (2004), Return on marketing: using customer equity to focus marketing strategy,
Journal of Marketing 68(1): a customer's lifetime value includes the chance to come back from a competitor, and
equity is explained by what drives the choice: value (quality, price), brand (image, taste) and relationship (what
binds an existing customer). Shapes: N customers, J carriers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvmlab.core.checking import check_count, check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.random.elementary import exp
from cvmlab.core.words import CvmError

from .plan import make_tables
from .result import Result

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
_ALTERNATIVES = 1


@public
@dataclass(frozen=True)
class Drivers:
    """What drives the choice of each customer, in logits.

    Attributes
    ----------
    value, brand, relationship
        Utility of each carrier, shape (N, J), whatever the present one is; relationship is a group network.
    inertia
        What is added to the present carrier, shape (N,): satisfaction, switching cost, contract.
    """

    value: Array
    brand: Array
    relationship: Array
    inertia: Array


@public
def switching_matrix(utility: ArrayLike, inertia: ArrayLike = 0.0) -> Array:
    """Return the chance of choosing carrier k next, of a customer who is with carrier j now.

    Formula: P(j → k) = exp(u_k + s · 1[j = k]) / Σ_l exp(u_l + s · 1[j = l]).

    Parameters
    ----------
    utility, inertia
        In logits, shape (…, J); s, in logits, shape (…) or one number.

    Returns
    -------
    ndarray
        Shape (…, J, J); each row sums to 1.

    Examples
    --------
    >>> switching_matrix([0.0, 0.0, 0.0], inertia=2.0).round(5)[0]
    array([0.78699, 0.10651, 0.10651])
    """
    utilities = np.asarray(utility, dtype=np.float64)
    pull = np.asarray(inertia, dtype=np.float64)
    if utilities.ndim == 0 or not utilities.size or pull.shape not in ((), utilities.shape[:-1]):
        raise CvmError("market.utility_shape", utility=utilities.shape, inertia=pull.shape)
    carriers = utilities.shape[-1]
    stays = pull[..., None, None] * np.eye(carriers)
    total = utilities[..., None, :] + stays
    weight = exp(total - total.max(axis=-1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=-1, keepdims=True))


# A century of months; what comes later is worth nothing.
_MOST_PERIODS = 1200


def _check_shapes(matrix: Array, now: Array, margin: Array) -> None:
    """Raise `CvmError` unless there are N customers and J carriers everywhere, and chances that are chances."""
    shapes = np.shape(matrix), np.shape(now), np.shape(margin)
    if len(shapes[1]) != 2 or shapes[2] != shapes[1] or shapes[0] != (*shapes[1], shapes[1][-1]):
        raise CvmError("market.shapes_differ", matrix=shapes[0], now=shapes[1], margin=shapes[2])
    check_parameter("probability", now, 0, 1)
    check_parameter("probability", matrix, 0, 1)
    if not np.allclose(matrix.sum(axis=-1), 1, atol=1e-6):
        raise CvmError("market.rows_not_one", value=f"{matrix.sum(axis=-1).flat[0]:g}")


@public
def lifetime_value(
    matrix: Array, now: Array, margin: Array, periods: int, discount_rate: float, periods_per_year: float = 12
) -> Array:
    """Return what each customer is worth to each carrier over a number of periods, money, shape (N, J).

    Formula: CLV_j = Σ_t (now · Mᵗ)_j · margin_j / (1 + d)^(t / f), t = 0 … periods − 1: the first margin
    counts now.

    Parameters
    ----------
    matrix, now
        From `switching_matrix`, shape (N, J, J); chance to be with each carrier now, shape (N, J).
    margin
        Profit per period of a customer who is with the carrier, money, shape (N, J).
    periods, discount_rate, periods_per_year
        Number of periods ahead, at least 1; yearly rate; f.

    Examples
    --------
    >>> m = switching_matrix(np.zeros((1, 2)), inertia=[0.0])
    >>> lifetime_value(m, np.array([[1.0, 0.0]]), np.array([[10.0, 10.0]]), periods=2, discount_rate=0)
    array([[15.,  5.]])
    """
    check_count("periods", periods, 0, _MOST_PERIODS)
    if periods < 1 or discount_rate <= -1:
        raise CvmError("market.bad_horizon", periods=periods, discount_rate=discount_rate)
    check_parameter("periods_per_year", periods_per_year, 0, open_minimum=True)
    _check_shapes(matrix, now, margin)
    factor = (1 + discount_rate) ** (-1 / periods_per_year)
    chance, total, weight = np.asarray(now, dtype=np.float64), np.zeros(np.shape(now)), 1.0
    for _ in range(periods):
        total += weight * chance
        chance = (chance[..., None, :] @ matrix)[..., 0, :]
        weight *= factor
    return total * margin


@public
def customer_equity(
    drivers: Drivers,
    now: Array,
    margin: Array,
    periods: int,
    discount_rate: float,
    periods_per_year: float = 12,
    parts: frozenset[str] = frozenset({"value", "brand", "relationship"}),
) -> Array:
    """Return the customer equity of each carrier: the sum of its lifetime values, money, shape (J,).

    Parameters
    ----------
    drivers, now, margin, periods, discount_rate, periods_per_year
        What drives the choices, and what `lifetime_value` takes.
    parts
        Which drivers act; the others are zero for all carriers.
    """
    shape = np.shape(drivers.value)
    if np.shape(now) != shape or np.shape(margin) != shape:
        raise CvmError("market.shapes_differ", matrix=shape, now=np.shape(now), margin=np.shape(margin))
    utility = np.zeros(shape)
    for part in ("value", "brand", "relationship"):
        if part in parts:
            utility = utility + getattr(drivers, part)
    matrix = switching_matrix(utility, drivers.inertia if "relationship" in parts else np.zeros(len(utility)))
    return np.asarray(lifetime_value(matrix, now, margin, periods, discount_rate, periods_per_year).sum(axis=0))


@public
def split_equity(
    drivers: Drivers, now: Array, margin: Array, periods: int, discount_rate: float, periods_per_year: float = 12
) -> Mapping[str, Array]:
    """Return each carrier's customer equity and its parts, money, arrays of shape (J,).

    The ``base`` is the equity if customers chose blindly; the value, brand and relationship parts are what
    each driver adds, averaged over the six orders in which they can be added (Shapley; ours), so that base + parts
    = total. A part can be negative: a competitor is better at it. The parameters are those of `customer_equity`.
    """
    check_count("periods", periods, 1, _MOST_PERIODS)
    names = ("value", "brand", "relationship")
    subsets = {frozenset(order[:k]) for order in permutations(names) for k in range(4)}
    equity = {
        subset: customer_equity(drivers, now, margin, periods, discount_rate, periods_per_year, subset)
        for subset in subsets
    }
    parts = {name: np.zeros(np.shape(margin)[-1]) for name in names}
    for order in permutations(names):
        for k, name in enumerate(order):
            parts[name] += (equity[frozenset(order[: k + 1])] - equity[frozenset(order[:k])]) / factorial(3)
    return {"base": equity[frozenset()], **parts, "total": equity[frozenset(names)]}


@public
def drivers_of(result: Result) -> Drivers:
    """Return what drives the choices after the last month of a simulated market, under its last decisions.

    Value: tariff and data speed. Brand: brand, taste and signing-on offers. Relationship: group network;
    satisfaction, switching cost and contract as inertia. The circle's pull and the handset's month, which pass,
    are left out.
    """
    p, s, periods = result.scenario, result.state, result.periods
    tables = make_tables(p, result.carriers, result.dated, periods)
    first = 0 if p.outside else _ALTERNATIVES
    alternatives = np.arange(first, len(result.carriers) + 1)

    def row(name: str) -> Array:
        return np.asarray(getattr(tables, name)[-1][first:], dtype=np.float64)

    value = np.zeros((len(s.carrier), len(alternatives)))
    if p.tariff_offer:
        value -= s.price_sensitivity[:, None] * row("price")
    if p.data_speed:
        value += s.data_need[:, None] * row("speed")
    brand = row("liking") + s.taste[first:].T + row("attraction") * (s.carrier[:, None] != alternatives)
    group = row("lock_in") * (s.group[:, None] == alternatives) if p.group_network else np.zeros(value.shape)
    inertia = np.zeros(len(s.carrier))
    if p.satisfaction:
        inertia += p.satisfaction_weight * s.felt
    if p.switching_costs:
        tenure = s.tenure.astype(np.float64)
        inertia += p.switching_cost + p.tenure_cost * tenure / (tenure + p.tenure_half)
        inertia += p.commitment_cost * s.level
    if p.contract:
        inertia += np.where(s.months_left > 0, p.contract_penalty, 0.0)
    return Drivers(value, np.asarray(brand, dtype=np.float64), group, inertia)


@public
def equity_of(result: Result, years: float = 3, discount_rate: float = 0.1) -> pd.DataFrame:
    """Return the customer equity of each carrier of a simulated market and its parts.

    Assumes that each customer's behaviour stays as it was after the last month; margins are the expected
    ones of the model, so the figures are known up to that assumption, not estimated from data.

    Parameters
    ----------
    result, years, discount_rate
        From `cvmlab.market.simulate`; years ahead; yearly rate, with the first month's margin counted now.

    Returns
    -------
    pandas.DataFrame
        ``carrier``, ``base``, ``value_equity``, ``brand_equity``, ``relationship_equity``,
        ``customer_equity`` (their sum), money.

    Examples
    --------
    >>> from cvmlab.market import simulate
    >>> equity_of(simulate(customers=500, periods=6)).columns.tolist()
    ['carrier', 'base', 'value_equity', 'brand_equity', 'relationship_equity', 'customer_equity']
    """
    import pandas as pd

    check_parameter("years", years, 0, _MOST_PERIODS / 12, open_minimum=True)
    p, s = result.scenario, result.state
    first = 0 if p.outside else _ALTERNATIVES
    price = make_tables(p, result.carriers, result.dated, result.periods).price[-1][first:].astype(np.float64)
    share = p.share_start + (1 - p.share_start) * s.level.astype(np.float64)
    usage = (s.wallet * share)[:, None]
    premium = 1 + p.price_premium * s.level[:, None]
    service = s.service_cost[:, None] * (1 - p.service_saving * s.level[:, None])
    margin = usage * (price * premium - p.product_cost) - service
    alternatives = np.arange(first, len(result.carriers) + 1)
    now = (s.carrier[:, None] == alternatives).astype(np.float64)
    margin = np.where(alternatives == 0, 0.0, margin)
    split = split_equity(drivers_of(result), now, margin, max(round(12 * years), 1), discount_rate)
    kept = slice(1 - first, None)
    equities = {f"{name}_equity": split[name][kept] for name in ("value", "brand", "relationship")}
    ends = {"base": split["base"][kept], **equities, "customer_equity": split["total"][kept]}
    return pd.DataFrame({"carrier": list(result.carriers), **ends})

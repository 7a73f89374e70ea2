"""The customers of a market as arrays, one a variable, drawn so that each customer keeps its draws."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvmlab.core.checking import check_count
from cvmlab.core.guarding import public
from cvmlab.core.random import draws
from cvmlab.core.random.elementary import exp
from cvmlab.core.words import CvmError

from .layout import State
from .scenario import Carrier, MarketScenario, check_carriers

# Draws from before the first month.
# beyond that not even the figures of one period fit into the memory of a large machine
MOST_CUSTOMERS = 10**9
_BIRTH = 2**32 - 1
_PURPOSES = (
    "carrier", "tenure", "group", "desire", "price_sensitivity", "data_need", "wallet", "service_cost",
)  # fmt: skip
_TASTE = 16
MOST_MONEY, MOST_WEIGHT = 100_000.0, 1000.0


@public
@dataclass(frozen=True)
class Customers:
    """Customers as they enter the market; all arrays of shape (customers,), ``taste`` (carriers + 1, customers).

    Consecutive rows form a circle: ``circle_size`` rows each.

    Attributes
    ----------
    carrier, group
        Number of the carrier, and of the carrier of the employer's group network, in their order from 1; 0 for none.
    tenure, level
        Months with the carrier; relationship level, 0 to 1.
    wallet, service_cost
        Monthly spending on all carriers; monthly cost to serve, before savings as the relationship grows; money.
    price_sensitivity, data_need, desire
        Weight of the tariff, of the network's speed, and of the handset (mean 1).
    taste
        Lasting taste for each carrier, in logits.
    """

    carrier: NDArray[np.uint8]
    tenure: NDArray[np.uint16]
    level: NDArray[np.float32]
    group: NDArray[np.uint8]
    wallet: NDArray[np.float32]
    price_sensitivity: NDArray[np.float32]
    data_need: NDArray[np.float32]
    desire: NDArray[np.float32]
    service_cost: NDArray[np.float32]
    taste: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.carrier)

    def replace(self, **arrays: ArrayLike) -> Self:
        """Return the customers with some arrays replaced; a single value counts for all.

        Raises
        ------
        CvmError
            For an unknown name, a shape that does not fit, a negative or endless value.
        """
        names = [field.name for field in dataclasses.fields(self)]
        changed: dict[str, Any] = {}
        for name, array in arrays.items():
            if name not in names:
                raise CvmError("scenario.unknown_field", name=name, names=", ".join(names))
            old = getattr(self, name)
            values = np.asarray(array)
            try:
                full = np.broadcast_to(values, old.shape)
            except ValueError:
                raise CvmError("market.wrong_shape", name=name, shape=values.shape, expected=old.shape) from None
            carriers = len(self.taste) - 1
            top: dict[str, float] = {"carrier": carriers, "group": carriers, "level": 1, "tenure": 60_000}
            top |= dict.fromkeys(("price_sensitivity", "data_need", "desire"), MOST_WEIGHT)
            highest = top.get(name, MOST_MONEY)
            lowest = -highest if name == "taste" else 0
            if full.dtype.kind not in "biuf" or not ((full >= lowest) & (full <= highest)).all():
                raise CvmError("market.bad_values", name=name, lowest=lowest, highest=highest)
            changed[name] = np.ascontiguousarray(full, dtype=old.dtype)
        return dataclasses.replace(self, **changed)


@public
def make_customers(scenario: MarketScenario, carriers: Mapping[str, Carrier], customers: int, seed: int) -> Customers:
    """Draw customers: carriers by share, tenures of up to ten years, lognormal wallets, needs and costs.

    Parameters
    ----------
    scenario
        Means and spreads; a spread is the σ of the logarithm, for taste of the value itself.
    carriers, customers, seed
        Name → `Carrier`; how many customers; a whole number. The first customers are the same for any number of them.

    Examples
    --------
    >>> carriers = {"A": Carrier(share=0.5), "B": Carrier(share=0.5)}
    >>> make_customers(MarketScenario(), carriers, 6, seed=1).carrier
    array([1, 1, 2, 1, 2, 2], dtype=uint8)
    """
    check_carriers(carriers, scenario)
    check_count("customers", customers, maximum=MOST_CUSTOMERS)

    def uniform(name: str) -> NDArray[np.float64]:
        return draws.of_everyone(draws.uniform, seed, customers, _BIRTH, _PURPOSES.index(name))

    def lognormal(name: str, mean: float, spread: float, most: float = MOST_WEIGHT) -> NDArray[np.float32]:
        if spread == 0 or mean == 0:
            return np.full(customers, mean, np.float32)
        z = draws.of_everyone(draws.normal, seed, customers, _BIRTH, _PURPOSES.index(name))
        return np.minimum(mean * exp(spread * z - spread**2 / 2), most).astype(np.float32)

    ours = list(carriers.values())
    edges = np.cumsum([carrier.share for carrier in ours])
    if not scenario.outside:
        edges[-1] = 1
    number = np.searchsorted(edges, uniform("carrier"), side="right") + 1
    carrier = np.where(number > len(ours), 0, number).astype(np.uint8)
    tenure = np.where(carrier > 0, (120 * uniform("tenure")).astype(np.uint16), 0).astype(np.uint16)
    weight = np.array([0, *(one.group_share for one in ours)])[carrier]
    group = np.where(uniform("group") < scenario.group_share * weight, carrier, 0).astype(np.uint8)
    taste = np.zeros((len(ours) + 1, customers), np.float32)
    if scenario.taste_spread > 0:
        for j in range(1, len(ours) + 1):
            taste[j] = scenario.taste_spread * draws.of_everyone(draws.normal, seed, customers, _BIRTH, _TASTE + j)
    s = scenario
    return Customers(
        carrier=carrier,
        tenure=tenure,
        level=_grown_level(scenario, carrier, tenure),
        group=group,
        wallet=lognormal("wallet", s.wallet, s.wallet_spread, MOST_MONEY),
        price_sensitivity=lognormal("price_sensitivity", s.price_sensitivity, s.price_sensitivity_spread),
        data_need=lognormal("data_need", s.data_need, s.data_need_spread),
        desire=lognormal("desire", 1.0, s.desire_spread),
        service_cost=lognormal("service_cost", s.service_cost, s.service_cost_spread, MOST_MONEY),
        taste=taste,
    )


def _grown_level(
    scenario: MarketScenario, carrier: NDArray[np.uint8], tenure: NDArray[np.uint16]
) -> NDArray[np.float32]:
    """Return the level after undisturbed months of tenure: the logistic curve that `forces.grow` steps along."""
    rate = scenario.level_growth * scenario.tolerance
    odds = (1 - scenario.level_start) / scenario.level_start
    level = 1 / (1 + odds * exp(-rate * tenure.astype(float)))
    return np.where(carrier > 0, level, 0).astype(np.float32)


def first_state(customers: Customers, expected: NDArray[np.float32]) -> State:
    """Return the customers' variables before the first month; every array is the caller's to change."""
    count = len(customers)
    return State(
        carrier=customers.carrier.copy(),
        tenure=customers.tenure.copy(),
        level=customers.level.copy(),
        peak=customers.level.copy(),
        expected=expected,
        felt=np.zeros(count, np.float32),
        months_left=np.zeros(count, np.uint8),
        owns=np.full(count, -1, np.int16),
        left=np.zeros(count, np.uint8),
        months_gone=np.full(count, 255, np.uint8),
        second=np.zeros(count, np.uint8),
        data_need=customers.data_need.copy(),
        wallet=customers.wallet.copy(),
        group=customers.group.copy(),
        desire=customers.desire.copy(),
        price_sensitivity=customers.price_sensitivity.copy(),
        service_cost=customers.service_cost.copy(),
        taste=customers.taste.copy(),
    )

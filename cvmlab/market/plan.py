"""From decisions to tables: what every carrier does in every month, as the kernel reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvmlab.core.words import CvmError

from .layout import Parameters, Tables
from .scenario import Carrier, Decision, MarketScenario

Decisions = Mapping[str, "Decision | Mapping[int, Decision]"]
_FIELDS = tuple(Decision.limits())
_TYPES = ("resources_I", "resources_II", "resources_III", "resources_IV")


def schedule(
    decisions: Decisions | None, carriers: Mapping[str, Carrier], periods: int, start: int = 0
) -> dict[str, dict[int, Decision]]:
    """Return each carrier's decisions by the period, from ``start`` to before ``periods``, from which they hold."""
    result: dict[str, dict[int, Decision]] = {name: {} for name in carriers}
    for name, given in (decisions or {}).items():
        if name not in carriers:
            raise CvmError("market.unknown_carrier", name=name, names=", ".join(carriers))
        dated = {start: given} if isinstance(given, Decision) else given
        if not isinstance(dated, Mapping):
            raise CvmError("market.no_decision", name=name, value=given)
        for period, decision in dated.items():
            if not isinstance(decision, Decision) or isinstance(period, bool) or not isinstance(period, int):
                raise CvmError("market.no_decision", name=name, value=decision)
            if period < start:
                raise CvmError("market.past_period", name=name, period=period, start=start)
            if period >= periods:
                raise CvmError("market.late_period", name=name, period=period, last=periods - 1)
            result[name][period] = decision
    return result


def in_force(dated: Mapping[int, Decision], periods: int) -> list[Decision]:
    """Return the decision that holds in each period."""
    held, result = Decision(), []
    for period in range(periods):
        held = dated.get(period, held)
        result.append(held)
    return result


def _fields_in_force(dated: Mapping[int, Decision], periods: int) -> NDArray[np.float64]:
    """Return every field of the decision in force, shape (periods, fields)."""
    begun = sorted({0: Decision(), **dated}.items())
    rows = np.array([[getattr(decision, name) for name in _FIELDS] for _, decision in begun], float)
    return rows[np.searchsorted([period for period, _ in begun], np.arange(periods), side="right") - 1]


def make_tables(
    scenario: MarketScenario,
    carriers: Mapping[str, Carrier],
    dated: Mapping[str, Mapping[int, Decision]],
    periods: int,
) -> Tables:
    """Return the tables of the kernel, shape (periods, carriers + 1); column 0 is "no carrier"."""
    held = np.stack([_fields_in_force(dated[name], periods) for name in carriers], axis=1)

    def column(name: str) -> NDArray[np.float64]:
        values = np.zeros((periods, len(carriers) + 1))
        values[:, 1:] = held[:, :, _FIELDS.index(name)]
        return values

    def effect(money: NDArray[np.float64]) -> NDArray[np.float64]:
        # falling returns; √ is the same on every machine
        return scenario.response * np.sqrt(money / scenario.response_scale)

    ours = list(carriers.values())
    brand = np.array([scenario.outside_utility, *(carrier.brand for carrier in ours)])
    quality = np.array([0.0, *(carrier.quality for carrier in ours)])
    named = np.ones(len(ours) + 1)
    named[0] = 0
    launched = (np.arange(periods) >= scenario.launch_month)[:, None]
    offered = column("handset_offered") * launched
    subsidy = column("handset_subsidy") * offered
    resources = np.stack([column(name) for name in _TYPES], axis=2)
    care = column("care")
    recovery = np.minimum(effect(care), 1.0)
    after = launched[:, 0].astype(float)
    arrays = {
        "liking": np.broadcast_to(brand, (periods, len(brand))),
        "price": column("price"),
        "speed": column("network_quality"),
        "quality": quality + effect(care),
        "handset": offered * scenario.handset_appeal + effect(subsidy),
        "lock_in": scenario.group_lock_in * named + effect(column("group_offer")),
        "attraction": effect(column("acquisition")),
        "win_back": effect(column("win_back_offer")),
        "resources": effect(resources),
        "recovery": recovery,
        "care_cost": care,
        "acquisition_cost": column("acquisition"),
        "subsidy": subsidy,
        "win_back_cost": column("win_back_offer"),
        "group_cost": column("group_offer"),
        "resources_cost": resources,
        "dissolve": column("dissolve"),
        "innovation": after * scenario.innovation / 12,
        "imitation": after * (scenario.imitation / 12 if scenario.contagion else 0),
    }
    single = {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in arrays.items()}
    return Tables(
        contract_months=column("contract_months").astype(np.uint8),
        dissolves=(arrays["dissolve"] > 0).any(axis=1),
        spends=(resources > 0).any(axis=(1, 2)),
        discounts=(arrays["group_cost"] > 0).any(axis=1),
        **single,
    )


def make_parameters(scenario: MarketScenario) -> Parameters:
    """Return the scenario as the kernel reads it: single precision, rates a month."""
    values: dict[str, Any] = {}
    for name in Parameters._fields:
        value = getattr(scenario, "switching_costs" if name == "switching" else name)
        values[name] = value if isinstance(value, (bool, int)) else np.float32(value)
    for name in ("forced_rate", "dealer_rate"):
        yearly = getattr(scenario, name) if scenario.life_events else 0.0
        values[name] = np.float32(yearly / 12)
    return Parameters(**values)

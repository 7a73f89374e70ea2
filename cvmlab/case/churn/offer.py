"""The offer of a churn report as assumed, and what calls with it would have brought where the answer is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.statistics import Z_95
from cvmlab.keep.churn.calling import Offer

from .assumptions import ChurnAssumptions
from .rates import FEWEST

Floats = NDArray[np.float64]
# half of a table is oftener drawn so than true
_HALF = 0.01


@dataclass(frozen=True)
class Tried:
    """The rule for calls tried on everybody in the table, those who left among them, whose answer is known (money).

    Chances that are picked because they are high are too high on average. One test is too uncertain to correct sums
    by: over repeated worlds sums multiplied by came / promised were further from the truth than those promised.
    """

    calls: int
    promised: float
    came: float
    low: float
    high: float

    @property
    def says_enough(self) -> bool:
        """Whether so many were tried that the amount says something."""
        return self.calls >= FEWEST

    @property
    def lost(self) -> bool:
        """Whether the calls tried lost money by more than chance."""
        return self.says_enough and self.high <= 0


def try_rule(offer: Offer, chance: Floats, left: NDArray[np.bool_], weight: Floats) -> Tried:
    """Return what calling those for whom it seemed to pay would have brought, had the offer kept the stated share."""
    promised = weight * offer.expected_profit(chance)
    chosen = promised > 0
    came = (weight * offer.expected_profit(left.astype(np.float64)))[chosen]
    spread = Z_95 * float(came.std()) * np.sqrt(len(came)) if len(came) else 0.0
    total = float(came.sum())
    return Tried(int(chosen.sum()), float(promised[chosen].sum()), total, total - spread, total + spread)


def why_withheld(left: NDArray[np.bool_], true_rate: float | None) -> str:
    """Return why nothing can be said of what calls bring: ``few`` left, ``half`` as in a drawn table; or nothing.

    Below 30 leavers chances are hardly more than the rate of the table, and its leavers' share of the base unknown.
    """
    if 0 < left.sum() < FEWEST:
        return "few"
    return "half" if true_rate is None and abs(float(left.mean()) - 0.5) < _HALF else ""


def weights_of(left: NDArray[np.bool_], true_rate: float | None) -> Floats:
    """Return how many customers of the base each row stands for, 1 on average; fewer for leavers drawn too often."""
    rate = float(left.mean())
    if true_rate is None or rate in (0.0, 1.0):
        return np.ones(len(left))
    weight: Floats = np.where(left, true_rate / rate, (1 - true_rate) / (1 - rate))
    return weight


def in_the_base(chance: Floats, rate: float, true_rate: float | None) -> Floats:
    """Return chances from a table as they are in the base: by its odds of leaving (Bayes; King & Zeng 2001)."""
    if true_rate is None or rate in (0.0, 1.0):
        return chance
    factor = true_rate * (1 - rate) / ((1 - true_rate) * rate)
    odds = factor * chance / np.maximum(1 - chance, 1e-12)
    corrected: Floats = odds / (1 + odds)
    return corrected


def of_the_base(groups: pd.DataFrame | None, rate: float, true_rate: float | None) -> pd.DataFrame | None:
    """Return rates of groups, and their intervals, as they are in the base, of which the table holds more leavers."""
    if groups is None:
        return None
    names = ("rate", "low", "high")
    return groups.assign(**{name: in_the_base(groups[name].to_numpy(np.float64), rate, true_rate) for name in names})


def offer_of(charge: pd.Series, assumed: ChurnAssumptions) -> Offer:
    """Return the offer to customers with these monthly charges; one without a charge is taken as the median."""
    paid = charge.fillna(charge.median()).to_numpy(np.float64)
    cost = assumed.offer_months * paid if assumed.offer_cost is None else np.full(len(paid), assumed.offer_cost)
    contact = assumed.contact_cost
    if contact is None:
        contact = assumed.contact_share * float(np.median(paid)) if len(paid) else 0.0
    brought = assumed.margin * assumed.months_kept * paid
    return Offer(contact, cost, brought, assumed.acceptance, assumed.stayers_take)

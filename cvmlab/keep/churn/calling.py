"""What a call with an offer costs and brings, customer by customer: the arithmetic of every campaign (S22, Beyond)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Offer:
    """Costs and gains, one figure a customer where customers differ (currency units; shares of 1)."""

    contact_cost: float
    cost: Floats  # to whoever takes it
    brought: Floats  # profit from a customer who would have left and is kept
    acceptance: float
    stayers_take: float

    @property
    def kept(self) -> Floats:
        """Gain of the offer where a customer would have left, the call not yet paid."""
        gain: Floats = self.acceptance * (self.brought - self.cost)
        return gain

    @property
    def given_away(self) -> Floats:
        """Loss where the customer would have stayed, the call not yet paid."""
        loss: Floats = self.stayers_take * self.cost
        return loss

    def expected_profit(self, chance: Floats) -> Floats:
        """Return what a call brings in expectation at a chance of leaving; 0 and 1 give what came of it."""
        gain: Floats = chance * self.kept - (1 - chance) * self.given_away - self.contact_cost
        return gain

    def variance(self, chance: Floats) -> Floats:
        """Return the variance of what one call brings, as the customer does the one or the other."""
        likely, taken = chance * self.acceptance, (1 - chance) * self.stayers_take
        won = self.brought - self.cost
        mean = likely * won - taken * self.cost
        spread: Floats = likely * won**2 + taken * self.cost**2 - mean**2
        return np.maximum(spread, 0)

    def campaigns(self, chance: Floats, times: int, seed: int) -> Floats:
        """Return what so many campaigns bring, each customer leaving, staying and taking the offer by chance."""
        rng = np.random.default_rng(seed)
        leaves = rng.random((times, len(chance))) < chance
        takes = rng.random((times, len(chance))) < np.where(leaves, self.acceptance, self.stayers_take)
        brought: Floats = (takes * (leaves * self.brought - self.cost)).sum(axis=1) - self.contact_cost * len(chance)
        return brought

    def of(self, chosen: NDArray[np.bool_]) -> Offer:
        """Return the offer to some of the customers."""
        return replace(self, cost=self.cost[chosen], brought=self.brought[chosen])

    def break_even_chance(self) -> Floats:
        """Return from which chance of leaving on a call pays, infinite where it never does."""
        won, needed = self.kept + self.given_away, self.given_away + self.contact_cost
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            share: Floats = np.where(won > 0, needed / won, np.where((won == 0) & (needed == 0), 0.0, np.inf))
        return share

    def break_even_cost(self, chance: Floats) -> Floats:
        """Return up to which cost of the offer a call pays, below 0 where even a free one does not."""
        won = chance * self.acceptance * self.brought - self.contact_cost
        paid = chance * self.acceptance + (1 - chance) * self.stayers_take
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            most: Floats = np.where(paid > 0, won / paid, np.where(won > 0, np.inf, -np.inf))
        return most

    def break_even_acceptance(self, chance: Floats) -> Floats:
        """Return which share of those who would leave must accept for a call to pay, infinite where none is enough."""
        spent = (1 - chance) * self.given_away + self.contact_cost
        won = chance * (self.brought - self.cost)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            needed: Floats = np.where(won > 0, spent / won, np.inf)
        return needed

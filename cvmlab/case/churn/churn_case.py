"""A churn case as `study_churn` judged it, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.guarding import public
from cvmlab.core.statistics import Z_95
from cvmlab.data.tables import CUSTOMER_ID
from cvmlab.keep import churn
from cvmlab.keep.churn.calling import Offer

from . import rates
from .assumptions import ChurnAssumptions
from .naming import name_column
from .offer import Tried

if TYPE_CHECKING:
    from cvmlab.data.subscribers import Subscribers

# this share in an unknown time is oftener drawn so than true; few firms lose more in a year
_MANY, _TOO_FAST = 0.2, 0.6
# so many campaigns show what one may bring; with more calls its sum is distributed as a normal one
_TIMES, _CALLS_ALIKE = 4_000, 500


@dataclass(frozen=True)
class Losses:
    """What those who left paid (money), and which share of all charges that is."""

    monthly_charge: float
    share_of_charge: float
    margin: float

    @property
    def yearly_charge(self) -> float:
        """What they paid in a year."""
        return 12 * self.monthly_charge

    @property
    def yearly_profit(self) -> float:
        """The profit in it, at the assumed margin."""
        return self.margin * self.yearly_charge


@public
@dataclass(frozen=True)
class ChurnCase:
    """Everything a churn report shows; made by `study_churn`.

    Attributes
    ----------
    subscribers, assumptions
        What was read, and what is assumed.
    window, window_from
        In how many months those left who are marked as gone, None where nobody says; ``"stated"``, ``"header"`` or
        ``""``.
    customers
        One row per customer: the columns of the subscribers, ``chance`` (of leaving within a time as long as the
        table's, a share of 1, by a model that had not seen the customer) and, of those who are still there,
        ``profit_kept`` and ``expected_profit`` (money), ``call`` and ``hold_out`` (those for whom calling pays, in two
        parts).
    rate
        ``customers``, ``left``, ``rate``, ``low``, ``high``.
    tenures, contracts, retention
        Rates by band of tenure and by contract, life tables; None where the table does not carry them.
    score, why_no_score
        From `cvmlab.churn.score_churn`, or None and the sentence that says why.
    findings, knowing
        From `cvmlab.churn.find_leakage`; the columns left out because they know the answer.
    losses, offer, tried
        What leaving costs; what the offer costs and brings; what the same calls would have brought among those whose
        answer is known. None without a charge, the last two also where nothing can be said of what calls bring.
    curve, rivals
        Expected profit by number called, and of other ways to choose; empty without an offer or a score.
    fairness
        ``column``, ``group``, ``customers``, ``rate``, ``chance``, ``called_share`` of groups of people.
    withheld
        Why nothing is said of what calls bring: ``"few"`` (fewer than 30 left), ``"half"`` (half of the table left, as
        in a drawn one, and nobody says which share of the base leaves), or an empty text.
    seconds
        Seconds by step.
    """

    subscribers: Subscribers
    assumptions: ChurnAssumptions
    window: int | None
    window_from: str
    customers: pd.DataFrame
    rate: pd.Series[Any]
    tenures: pd.DataFrame | None
    contracts: pd.DataFrame | None
    retention: pd.DataFrame | None
    score: churn.ChurnScores | None
    why_no_score: str
    findings: pd.DataFrame
    knowing: tuple[str, ...]
    losses: Losses | None
    offer: Offer | None
    tried: Tried | None
    curve: pd.DataFrame
    rivals: pd.DataFrame
    fairness: pd.DataFrame
    withheld: str
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def yearly_pace(self) -> float:
        """Share of today's customers who would be gone in a year at this pace; NaN unless the window is below one."""
        if self.window is None or self.window >= 12:
            return np.nan
        return float(1 - (1 - self.overall) ** (12 / self.window))

    @property
    def overall(self) -> float:
        """Share of all customers that leave: as stated of the whole base, else that of the table."""
        return float(self.rate["rate"]) if self.assumptions.true_rate is None else self.assumptions.true_rate

    @property
    def tenure_counts(self) -> str:
        """What the bands of tenure count: ``months``, whole ``years``, or ``unsure`` where nobody says which."""
        if self.tenures is None:
            return ""
        if rates.in_whole_years(self.customers, self.subscribers.tenure_unit):
            return "years"
        return "unsure" if self.subscribers.unit_taken and rates.may_be_years(self.customers) else "months"

    @property
    def name_column(self) -> str:
        """Column that says what a customer is called, an empty text if there is none."""
        found = name_column(self.subscribers)
        return found if found in self.customers else ""

    @property
    def likeliest(self) -> pd.DataFrame:
        """The customers still there, the likeliest to leave first, as many as left; nobody without a score.

        Where too few left to tell who is likely to, those who pay most come first.
        """
        if self.score is None:
            return self.customers.head(0)
        by = "monthly_charge" if self.withheld == "few" and "monthly_charge" in self.customers else "chance"
        staying = self.customers[~self.customers["left"]].sort_values([by, CUSTOMER_ID], ascending=[False, True])
        return staying.head(int(self.rate["left"]))

    @property
    def still_there(self) -> int:
        """Number of customers who have not left."""
        return int((~self.customers["left"]).sum())

    @property
    def calls(self) -> pd.DataFrame:
        """The customers to call, those first from whom calling is expected to bring most."""
        chosen = self.customers[self.customers["call"]]
        return chosen.sort_values(["expected_profit", CUSTOMER_ID], ascending=[False, True])

    @property
    def expected_gain(self) -> tuple[float, float, float]:
        """What calling brings on average as the chances promise, and the range of one campaign (95%)."""
        if self.offer is None or not self.customers["call"].any():
            return 0.0, 0.0, 0.0
        low, high = np.quantile(self._campaigns, [0.025, 0.975])
        return float(self.calls["expected_profit"].sum()), float(low), float(high)

    @property
    def losing_share(self) -> float:
        """Share of such campaigns that lose money; 0 where nobody is to be called."""
        return float((self._campaigns < 0).mean()) if self.customers["call"].any() else 0.0

    @cached_property
    def _campaigns(self) -> NDArray[np.float64]:
        """What each of many campaigns brings (money), never less than if everybody took the offer and stayed."""
        chance, offer = self._called()
        promised = float(self.calls["expected_profit"].sum())
        rng = np.random.default_rng(self.assumptions.seed)
        error = 0.0
        if self.tried is not None and self.tried.says_enough and self.tried.promised > 0:
            # how far the chances themselves may be off
            error = promised / self.tried.promised * (self.tried.high - self.tried.low) / (2 * Z_95)
        if len(chance) <= _CALLS_ALIKE:
            brought = offer.campaigns(chance, _TIMES, self.assumptions.seed)
        else:
            brought = rng.normal(promised, np.sqrt(offer.variance(chance).sum()), _TIMES)
        worst = -float(np.sum(offer.contact_cost + offer.cost))
        found: NDArray[np.float64] = np.maximum(brought + rng.normal(0, error, _TIMES), worst)
        return found

    @property
    def usual_offer(self) -> float:
        """What the offer costs on average among those called, among all still there where nobody is (money)."""
        if self.offer is None:
            return np.nan
        cost = self._called()[1].cost if self.customers["call"].any() else self.offer.cost
        return float(cost.mean())

    @property
    def share_of_first(self) -> float:
        """Share of what all calls are expected to bring that the first of them alone is to bring."""
        gain = self.calls["expected_profit"]
        return float(gain.iloc[0] / gain.sum()) if len(gain) else np.nan

    @property
    def acceptance_needed_by_calls(self) -> float:
        """Share of would-be leavers that must accept for the calls to pay in all."""
        chance, offer = self._called()
        spent = np.sum((1 - chance) * offer.given_away + offer.contact_cost)
        won = np.sum(chance * (offer.brought - offer.cost))
        return float(spent / won) if won > 0 else np.inf

    def _called(self) -> tuple[NDArray[np.float64], Offer]:
        assert self.offer is not None
        staying = self.customers[~self.customers["left"]]
        chosen = staying["call"].to_numpy(bool)
        return staying.loc[chosen, "chance"].to_numpy(np.float64), self.offer.of(chosen)

    @property
    def pays(self) -> bool:
        """Whether calling is expected to pay, and such calls did not lose money where the answer is known."""
        return bool(self.customers["call"].any()) and not (self.tried is not None and self.tried.lost)

    @property
    def may_be_drawn(self) -> bool:
        """Whether the table may hold more leavers than the base, and nobody says which share of the base leaves."""
        if self.assumptions.true_rate is not None:
            return False
        many = self.window is None and float(self.rate["rate"]) >= _MANY
        is_half = self.withheld == "half"
        return is_half or self.yearly_pace > _TOO_FAST or many

    @property
    def usual_break_even(self) -> float:
        """Chance of leaving from which calling the customer with the median charge pays; above 1 if it never does."""
        if self.offer is None:
            return np.nan
        return float(np.median(self.offer.break_even_chance()))

    @property
    def affordable_offer(self) -> float:
        """Highest offer at which calling any one customer pays: charges waived, or money where its cost is stated."""
        if self.offer is None or self.score is None:
            return np.nan
        staying = self.customers[~self.customers["left"]]
        most = self.offer.break_even_cost(staying["chance"].to_numpy(np.float64))
        if self.assumptions.offer_cost is not None:
            return float(np.max(most, initial=-np.inf))
        paid = staying["monthly_charge"].fillna(staying["monthly_charge"].median()).to_numpy(np.float64)
        return float(np.max(most[paid > 0] / paid[paid > 0], initial=-np.inf))

    @property
    def needed_acceptance(self) -> float:
        """Smallest share of would-be leavers that must accept for calling any one customer to pay."""
        if self.offer is None or self.score is None:
            return np.nan
        chance = self.customers.loc[~self.customers["left"], "chance"].to_numpy(np.float64)
        return float(np.min(self.offer.break_even_acceptance(chance), initial=np.inf))

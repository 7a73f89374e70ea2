"""What resolving complaints quickly keeps, and what it may cost (S20, S22)."""

from __future__ import annotations

from dataclasses import dataclass

from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario, number
from cvmlab.worth.value import margin_multiple


@public
@dataclass(frozen=True)
class Recovery(Scenario):
    """How complaints end, and what is at stake with each.

    Attributes
    ----------
    complaints
        Per year.
    resolved_share
        Share of them that is resolved quickly.
    stay_resolved, stay_unresolved
        Share of each kind whose customer does business again.
    margin
        Profit per customer and year (money); the first a year after the complaint.
    cost
        Of resolving a complaint (money, at once).
    retention_rate, discount_rate
        Per year: how likely those who stayed stay each year after the first, and the rate of interest.
    """

    complaints: float = number(
        1_200, word="claims.complaints", minimum=0, maximum=5_000, step=1, unit="per_year", whole=True
    )
    resolved_share: float = number(0.4, word="claims.resolved_share", minimum=0, maximum=1, step=0.05, unit="share")
    stay_resolved: float = number(0.7, word="claims.stay_resolved", minimum=0, maximum=1, step=0.05, unit="share")
    stay_unresolved: float = number(0.5, word="claims.stay_unresolved", minimum=0, maximum=1, step=0.05, unit="share")
    margin: float = number(300, word="claims.margin", minimum=0, maximum=1_000, step=10, unit="money")
    cost: float = number(60, word="claims.resolution_cost", minimum=0, maximum=400, step=10, unit="money")
    retention_rate: float = number(0.8, word="claims.retention_after", minimum=0, maximum=0.95, step=0.05, unit="share")
    discount_rate: float = number(0.1, word="discount_rate", minimum=0.01, maximum=0.3, step=0.01, unit="share")


@public
@dataclass(frozen=True)
class Recovered:
    """What came of a `Recovery`.

    Attributes
    ----------
    resolved
        Complaints resolved quickly, per year.
    stayed, anyway, kept
        Of their customers: those who do business again, those of them who would have done so anyway, and the
        difference, kept *because* of it (negative where more would have stayed without).
    worth_each
        Present value of a customer who stays (money).
    gain
        Worth of those kept, less the cost (money per year).
    break_even
        What resolving a complaint may cost at most (money).
    """

    resolved: float
    stayed: float
    anyway: float
    kept: float
    worth_each: float
    gain: float
    break_even: float


@public
def complaint_recovery(recovery: Recovery) -> Recovered:
    """Return how many customers resolving complaints quickly keeps, what that brings, and what it may cost.

    Only the difference counts: kept = resolved · (stay_resolved − stay_unresolved), each worth margin / (1 + i − r),
    so that a complaint may cost up to (stay_resolved − stay_unresolved) · margin / (1 + i − r). Assumes that resolved
    and unresolved complaints are alike but for that; the model is ours (CRM3 §3.2.4 has the 70%).

    Examples
    --------
    >>> found = complaint_recovery(Recovery())
    >>> round(found.stayed), round(found.anyway), round(found.kept), round(found.break_even)
    (336, 240, 96, 200)
    """
    it, resolved = recovery, recovery.complaints * recovery.resolved_share
    stayed, anyway = resolved * it.stay_resolved, resolved * it.stay_unresolved
    # profit a year from now, then as long as they stay
    worth = it.margin * (1 + float(margin_multiple(it.retention_rate, it.discount_rate))) / (1 + it.discount_rate)
    return Recovered(
        resolved=resolved,
        stayed=stayed,
        anyway=anyway,
        kept=stayed - anyway,
        worth_each=worth,
        gain=(stayed - anyway) * worth - resolved * it.cost,
        break_even=(it.stay_resolved - it.stay_unresolved) * worth,
    )

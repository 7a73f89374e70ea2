"""What a churn report assumes: the window, what a customer brings, what an offer costs and whom it keeps."""

from __future__ import annotations

from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario, dataclass, number
from cvmlab.core.words import CvmError

# what another takes the place of
_REPLACED_BY = {"offer_months": "offer_cost", "contact_share": "contact_cost"}


@public
@dataclass(frozen=True)
class ChurnAssumptions(Scenario):
    """What a churn report assumes. Every field can be set with ``--set name=value``.

    ``true_rate`` is the share of the whole base that leaves within the window, where the table holds more leavers than
    that (many are drawn so); chances and sums are then corrected for it.
    Where ``offer_cost`` or ``contact_cost`` is left out it comes from what the customers pay: the offer waives
    ``offer_months`` charges, a contact costs ``contact_share`` of the median monthly charge.
    """

    window_months: int | None = number(
        None, word="churning.window_months", minimum=1, maximum=1_200, unit="months", whole=True, optional=True
    )
    true_rate: float | None = number(
        None, word="churning.true_rate", minimum=0.0001, maximum=0.9999, step=0.01, unit="share", optional=True
    )
    margin: float = number(0.5, word="churning.margin", minimum=0, maximum=1, step=0.01, unit="share")
    months_kept: int = number(12, word="churning.months_kept", minimum=1, maximum=120, unit="months", whole=True)
    acceptance: float = number(0.2, word="churning.acceptance", minimum=0, maximum=1, step=0.01, unit="share")
    stayers_take: float = number(1, word="churning.stayers_take", minimum=0, maximum=1, step=0.05, unit="share")
    offer_cost: float | None = number(None, word="churning.offer_cost", minimum=0, unit="money", optional=True)
    offer_months: float = number(1, word="churning.offer_months", minimum=0, maximum=60, step=0.5, unit="months")
    contact_cost: float | None = number(None, word="churning.contact_cost", minimum=0, unit="money", optional=True)
    contact_share: float = number(0.05, word="churning.contact_share", minimum=0, maximum=10, step=0.01)
    calls: int = number(10, word="churning.calls", minimum=1, maximum=100, unit="customers", whole=True)
    hold_out_share: float = number(0.2, word="churning.hold_out_share", minimum=0, maximum=0.9, step=0.05, unit="share")
    seed: int = number(1, word="churning.seed", minimum=0, whole=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, other in _REPLACED_BY.items():
            if getattr(self, name) != getattr(ChurnAssumptions, name) and getattr(self, other) is not None:
                raise CvmError("case.no_effect_beside", name=name, other=other)

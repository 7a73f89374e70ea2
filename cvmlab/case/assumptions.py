"""What a case assumes: every figure that a firm may know better, in one scenario."""

from __future__ import annotations

from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario, dataclass, number
from cvmlab.core.words import CvmError

# what is used only together with another, and what another takes the place of
_NEEDS = {"cost_per_order": "margin"}
_REPLACED_BY = {"keep_share": "cost_to_keep", "contact_share": "contact_cost"}


@public
@dataclass(frozen=True)
class Assumptions(Scenario):
    """What the report assumes. Every field can be set with ``--set name=value``.

    Amounts left out are derived from the log, and then called *assumed* where they are shown:
    ``cost_to_keep`` from ``keep_share``, ``contact_cost`` from ``contact_share``.
    """

    margin: float | None = number(None, word="case.margin", minimum=0, maximum=1, step=0.01, optional=True)
    cost_per_order: float = number(0, word="case.cost_per_order", minimum=0, unit="money")
    discount_rate: float = number(0.10, word="case.discount_rate", minimum=0, maximum=1, step=0.01)
    horizon_months: int = number(12, word="case.horizon_months", minimum=1, maximum=60, unit="months", whole=True)
    silent_below: float = number(0.5, word="case.silent_below", minimum=0.01, maximum=0.99, step=0.01)
    cost_to_keep: float | None = number(None, word="case.cost_to_keep", minimum=0, unit="money", optional=True)
    keep_share: float = number(0.10, word="case.keep_share", minimum=0, maximum=1, step=0.01)
    headroom_reached: float = number(0.20, word="case.headroom_reached", minimum=0.01, maximum=1, step=0.01)
    contact_cost: float | None = number(None, word="case.contact_cost", minimum=0, unit="money", optional=True)
    contact_share: float = number(0.5, word="case.contact_share", minimum=0, maximum=10, step=0.1)
    value_threshold: float | None = number(None, word="case.value_threshold", unit="money", optional=True)
    headroom_threshold: float | None = number(
        None, word="case.headroom_threshold", minimum=0, unit="money", optional=True
    )
    budget: float | None = number(None, word="case.budget", minimum=0, unit="money", optional=True)
    calls: int = number(10, word="case.calls", minimum=1, maximum=100, unit="customers", whole=True)
    hold_out_share: float = number(0.2, word="case.hold_out_share", minimum=0, maximum=0.9, step=0.05)
    backtest_months: int | None = number(
        None, word="case.backtest_months", minimum=1, maximum=12, unit="months", whole=True, optional=True
    )
    seed: int = number(1, word="case.seed", minimum=0, whole=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, other in {**_NEEDS, **_REPLACED_BY}.items():
            is_set, beside = getattr(self, name) != getattr(Assumptions, name), getattr(self, other) is not None
            if is_set and beside == (name in _REPLACED_BY):
                key = "case.no_effect_beside" if beside else "case.no_effect_without"
                raise CvmError(key, name=name, other=other)

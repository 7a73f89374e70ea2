"""The market of the carrier case: the forces, the three carriers, and what the rivals do (S26).

Shared by the dataset ``carrier`` and the what-if of the launch. Month 0 is January 2009. The figures are assumptions;
the card of ``carrier`` says what they were calibrated to.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cvmlab.core.guarding import public

from .scenario import Carrier, Decision, MarketScenario

FIRST_MONTH = np.datetime64("2009-01", "M")
PERIODS = 36
LAUNCH_MONTH = 20
INCUMBENT = "Mobile"

MARKET = MarketScenario(
    launch_month=LAUNCH_MONTH,
    innovation=0.05,
    imitation=0.6,
    handset_appeal=4.5,
    wallet=88,
    product_cost=0.38,
    service_cost=24,
    service_cost_spread=0.9,
    complaint_cost=60,
    switching_cost=3.2,
    taste_spread=0.8,
    experience_noise=1.2,
    level_start=0.06,
    level_growth=0.4,
    tolerance=0.22,
)

CARRIERS: Mapping[str, Carrier] = {
    INCUMBENT: Carrier(share=0.7, brand=0.7),
    "Unicom": Carrier(share=0.2, group_share=0.5),
    "Telecom": Carrier(share=0.1, group_share=0.5),
}

# Unicom: a faster network from October 2009, the handset with a subsidy and a two-year contract from the launch
# on. Telecom: a cheap tariff and a gift for signing on from November 2010.
RIVALS: Mapping[str, Mapping[int, Decision]] = {
    "Unicom": {
        9: Decision(network_quality=1.4),
        LAUNCH_MONTH: Decision(network_quality=1.6, handset_offered=True, contract_months=24, handset_subsidy=600),
    },
    "Telecom": {0: Decision(price=0.95), 22: Decision(price=0.85, acquisition=10)},
}

# What the incumbent does before any answer, and the answer it gave, of January 2011: a contract for new customers, a
# slightly lower tariff, a win-back offer; it also begins to give up small customers.
AS_BEFORE = Decision(care=1.0)
LATE_ANSWER: Mapping[int, Decision] = {
    0: AS_BEFORE,
    24: AS_BEFORE.replace(price=0.97, contract_months=12, win_back_offer=20, dissolve=0.003),
}

__all__ = [
    "AS_BEFORE", "CARRIERS", "FIRST_MONTH", "INCUMBENT", "LATE_ANSWER", "LAUNCH_MONTH", "MARKET", "PERIODS", "RIVALS",
    "month_of",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__


@public
def month_of(period: int) -> str:
    """Return the calendar month of a period, ISO 8601.

    Examples
    --------
    >>> month_of(LAUNCH_MONTH)
    '2010-09'
    """
    return str(FIRST_MONTH + period)

"""Small markets and what is read from them."""

import hashlib

import numpy as np

from cvmlab.market import Carrier, Decision, MarketScenario

THREE = {"A": Carrier(share=0.4), "B": Carrier(share=0.35), "C": Carrier(share=0.25)}


PAIR = {"A": Carrier(share=0.5), "B": Carrier(share=0.5)}


# Customers who are all alike: what is left is the force under test and chance.
ALIKE = MarketScenario(
    price_sensitivity_spread=0, taste_spread=0, data_need_spread=0, desire_spread=0, wallet_spread=0,
    service_cost_spread=0, spending_noise=0, experience_noise=0, expectation_growth=0,
)  # fmt: skip


STILL = ALIKE.with_forces()


def digest(result):
    parts = [*result.state, result.sums, *(result.panel or ())]
    return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


BUSY = {
    "A": {0: Decision(care=3, win_back_offer=40), 8: Decision(resources_III=5, dissolve=0.05)},
    "B": Decision(handset_offered=True, handset_subsidy=400, contract_months=24, price=0.95),
}

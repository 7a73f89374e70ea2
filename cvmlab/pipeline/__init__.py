"""The pipeline: from target to user, dormant and woken again, as a Markov model (S06, CVM-CRM §2).

The states are `STATES`. An event log has one row an event (`EVENTS`): who, when, and the state entered or
held. A repeat, an upgrade or a cross purchase is an event of a user; waking is the way from dormant to user.

==================  ==============================================================================
the log             `check_events`, `spells`, `funnel`, `flows`, `purchases`, `account`,
                    `activities`
rates and times     `transition_rates`, `transition_matrix`, `time_in_state`, `staying_curve`,
                    `chance_of_reaching`, `whereabouts`
money               `money_by_state`, `expected_rewards`, `state_values`, `value_of_prospect`,
                    `effect_of_rate`
silence             `dormancy`
known truth         `PipelineRates`, `simulate_pipeline`
==================  ==============================================================================

>>> import pandas as pd
>>> log = pd.DataFrame({
...     "customer_id": ["a", "a", "b"], "state": ["target", "prospect", "target"],
...     "date": pd.to_datetime(["2024-01-01", "2024-03-01", "2024-02-01"])})
>>> transition_rates(spells(log, as_of="2024-03-31"))[["from_state", "to_state", "count"]].values.tolist()
[['target', 'prospect', 1]]
"""

from __future__ import annotations

from ..periods import DAYS_A_MONTH
from .accounts import account, activities
from .events import EVENTS, STATES, STEPS, check_events, flows, funnel, purchases, spells
from .rates import (
    chance_of_reaching,
    staying_curve,
    time_in_state,
    transition_matrix,
    transition_rates,
    whereabouts,
)
from .silence import dormancy
from .simulation import PipelineRates, SimulatedPipeline, simulate_pipeline
from .values import effect_of_rate, expected_rewards, money_by_state, state_values, value_of_prospect

__all__ = [
    "DAYS_A_MONTH",
    "EVENTS",
    "STATES",
    "STEPS",
    "PipelineRates",
    "SimulatedPipeline",
    "account",
    "activities",
    "chance_of_reaching",
    "check_events",
    "dormancy",
    "effect_of_rate",
    "expected_rewards",
    "flows",
    "funnel",
    "money_by_state",
    "purchases",
    "simulate_pipeline",
    "spells",
    "state_values",
    "staying_curve",
    "time_in_state",
    "transition_matrix",
    "transition_rates",
    "value_of_prospect",
    "whereabouts",
]

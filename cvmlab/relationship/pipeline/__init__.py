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

>>> from cvmlab.relationship.pipeline import spells, transition_rates
>>> import pandas as pd
>>> log = pd.DataFrame({
...     "customer_id": ["a", "a", "b"], "state": ["target", "prospect", "target"],
...     "date": pd.to_datetime(["2024-01-01", "2024-03-01", "2024-02-01"])})
>>> transition_rates(spells(log, as_of="2024-03-31"))[["from_state", "to_state", "count"]].values.tolist()
[['target', 'prospect', 1]]
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

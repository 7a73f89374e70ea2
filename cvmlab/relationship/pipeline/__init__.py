"""The pipeline: from target to user, dormant and reactivated, as a Markov model (S06, CVM-CRM §2).

An event log has one row per event (`EVENTS`): who, when, and which of the `STATES` was entered or held. A repeat, an
upgrade or a cross purchase is an event of a user. `spells` turns the log into stays in a state; rates, times, chances
and values are estimated from those, `dormancy` from purchases. `simulate_pipeline` makes logs with known truth.

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

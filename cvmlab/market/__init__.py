"""The market engine: customers with a carrier, the forces that hold and draw them, and what comes of it.

>>> from cvmlab import market
>>> scenario = market.MarketScenario(launch_month=3)
>>> decisions = {"Unicom": {3: market.Decision(handset_offered=True, contract_months=24)}}
>>> result = market.simulate(scenario, decisions=decisions, customers=2000, periods=12, seed=1)
>>> result.summary().columns[:6].tolist()
['period', 'carrier', 'customers', 'share', 'joined', 'left']

Everything that can be set is in `MarketScenario`, `Carrier` and `Decision`; each force is a function of
`cvmlab.market.forces` with its formula and its source; `simulate` runs them, `extend` goes on from a result.
The first market on a computer waits some 20 seconds for the compiler: `is_compiled`, `compile_engine`.
"""

from __future__ import annotations

from .compiling import compile_engine, is_compiled
from .customers import Customers, make_customers
from .equity import Drivers, customer_equity, drivers_of, equity_of, lifetime_value, split_equity, switching_matrix
from .layout import CAUSES
from .plan import Decisions
from .result import REASON_OF_CAUSE, STAGES, Result
from .scenario import FORCES, Carrier, Decision, MarketScenario
from .simulation import THREE_CARRIERS, extend, memory_needed, simulate

__all__ = [
    "CAUSES",
    "FORCES",
    "REASON_OF_CAUSE",
    "STAGES",
    "THREE_CARRIERS",
    "Carrier",
    "Customers",
    "Decision",
    "Decisions",
    "Drivers",
    "MarketScenario",
    "Result",
    "compile_engine",
    "customer_equity",
    "drivers_of",
    "equity_of",
    "extend",
    "is_compiled",
    "lifetime_value",
    "make_customers",
    "memory_needed",
    "simulate",
    "split_equity",
    "switching_matrix",
]

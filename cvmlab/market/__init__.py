"""The market engine: customers with a carrier, the forces that hold and draw them, and what comes of it.

>>> from cvmlab import market
>>> scenario = market.MarketScenario(launch_month=3)
>>> decisions = {"Unicom": {3: market.Decision(handset_offered=True, contract_months=24)}}
>>> result = market.simulate(scenario, decisions=decisions, customers=2000, periods=12, seed=1)
>>> result.summary().columns[:6].tolist()
['period', 'carrier', 'customers', 'share', 'joined', 'left']

Everything that can be set is in `MarketScenario`, `Carrier` and `Decision`; each force is one function of the module
``forces``, with its formula and source; `simulate` runs them, `extend` continues a result. The first market on a
computer waits some 20 seconds for the compiler: `is_compiled`, `compile_engine`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

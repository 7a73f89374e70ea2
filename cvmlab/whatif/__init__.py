"""What-ifs: a scenario in, sliders, a picture and the changed figures out; and guesses committed before.

>>> from cvmlab.whatif import WhatIf
>>> from cvmlab.core.scenario import Scenario, dataclass, number
>>> @dataclass(frozen=True)
... class Offer(Scenario):
...     retention_rate: float = number(
...         0.8, minimum=0, maximum=0.95, step=0.01, word="retention_rate", unit="share")
>>> def expected_life(scenario):
...     return {"periods": 1 / (1 - scenario.retention_rate)}
>>> def draw(ax, result):
...     ax.bar(["life"], result["periods"])
>>> what_if = WhatIf(Offer(), expected_life, draw)
>>> what_if.set(retention_rate=0.9)
>>> print(what_if.sentence)
With retention rate 90% instead of 80%: periods rises by 5.00 (100%) to 10.00.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

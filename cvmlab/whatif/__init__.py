"""What-ifs: a scenario in, sliders, a picture and the changed figures out; and guesses committed before.

>>> from cvmlab.scenario import Scenario, dataclass, number
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

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .guessing import Guess, forget_guesses, guess, guesses_summary
from .measures import Measure
from .ready import value_matrix, whale_curve
from .static import strip_file, strip_views
from .widget import WhatIf

if TYPE_CHECKING:
    from .better_step import pipeline_step as pipeline_step
    from .four_patterns import pattern_explorer as pattern_explorer
    from .handset_launch import LaunchAnswer as LaunchAnswer
    from .handset_launch import launch as launch
    from .whole_life import life_curve as life_curve

__all__ = [
    "Guess",
    "LaunchAnswer",
    "Measure",
    "WhatIf",
    "forget_guesses",
    "guess",
    "guesses_summary",
    "launch",
    "life_curve",
    "pattern_explorer",
    "pipeline_step",
    "strip_file",
    "strip_views",
    "value_matrix",
    "whale_curve",
]


# The launch runs on the market engine, and compiling that is not for those who only move thresholds. A module
# is never called like its function: once imported, it would stand in the function's place.
_LAZY = {
    "LaunchAnswer": "handset_launch",
    "launch": "handset_launch",
    "life_curve": "whole_life",
    "pattern_explorer": "four_patterns",
    "pipeline_step": "better_step",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name in _LAZY:
            return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""cvmlab: a teaching and case toolkit for customer value management.

>>> import cvmlab as cvm
>>> cvm.use(language="en")
>>> cvm.term("whale_curve")
'whale curve'

Modules are loaded when they are first used, so that ``import cvmlab`` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import CvmError
from .vocabulary import say, speaking, term, use

if TYPE_CHECKING:
    from . import actions as actions
    from . import aggregate as aggregate
    from . import assumptions as assumptions
    from . import backtest as backtest
    from . import buying as buying
    from . import carrier_case as carrier_case
    from . import case as case
    from . import charts as charts
    from . import checks as checks
    from . import course as course
    from . import datasets as datasets
    from . import discounting as discounting
    from . import draws as draws
    from . import expectations as expectations
    from . import hindsight as hindsight
    from . import lifecycle as lifecycle
    from . import market as market
    from . import matrix as matrix
    from . import migration as migration
    from . import patterns as patterns
    from . import pipeline as pipeline
    from . import portfolio as portfolio
    from . import potential as potential
    from . import reading as reading
    from . import relationships as relationships
    from . import report as report
    from . import scenario as scenario
    from . import segments as segments
    from . import stages as stages
    from . import tables as tables
    from . import thresholds as thresholds
    from . import value as value
    from . import vocabulary as vocabulary
    from . import whatif as whatif
    from . import worst_customers as worst_customers

_MODULES = frozenset(
    {
        "actions",
        "aggregate",
        "assumptions",
        "backtest",
        "buying",
        "carrier_case",
        "case",
        "charts",
        "checks",
        "course",
        "datasets",
        "discounting",
        "draws",
        "expectations",
        "hindsight",
        "lifecycle",
        "market",
        "matrix",
        "migration",
        "patterns",
        "pipeline",
        "portfolio",
        "potential",
        "reading",
        "relationships",
        "report",
        "scenario",
        "segments",
        "stages",
        "tables",
        "thresholds",
        "value",
        "vocabulary",
        "whatif",
        "worst_customers",
    }
)

__all__ = ["CvmError", "say", "speaking", "term", "use", *sorted(_MODULES)]
__version__ = "0.1.0"

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            return import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *_MODULES})

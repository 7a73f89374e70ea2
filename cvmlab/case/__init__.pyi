from . import actions as actions
from . import backtest as backtest
from .assumptions import Assumptions as Assumptions
from .judgement import Case as Case
from .judgement import study as study

from . import actions as actions
from . import backtest as backtest
from .assumptions import Assumptions as Assumptions
from .churn import ChurnAssumptions as ChurnAssumptions
from .churn import ChurnCase as ChurnCase
from .churn import study_churn as study_churn
from .judgement import Case as Case
from .judgement import study as study

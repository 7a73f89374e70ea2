"""A table of subscribers judged: who left, what it costs, whom to call, what it cannot say (S20-S22)."""

from .assumptions import ChurnAssumptions as ChurnAssumptions
from .churn_case import ChurnCase as ChurnCase
from .study import study_churn as study_churn

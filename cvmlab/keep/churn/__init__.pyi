from .leakage import find_leakage as find_leakage
from .reason_rules import read_reason_rules as read_reason_rules
from .reasons import code_reasons as code_reasons
from .reasons import count_reasons as count_reasons
from .scoring import ChurnScores as ChurnScores
from .scoring import score_churn as score_churn

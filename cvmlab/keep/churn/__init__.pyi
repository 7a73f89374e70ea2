from .leakage import find_leakage as find_leakage
from .scoring import ChurnScores as ChurnScores
from .scoring import score_churn as score_churn

from .causes import causes_of_leaving as causes_of_leaving
from .comparing import RetentionComparison as RetentionComparison
from .comparing import compare_retention as compare_retention
from .life_tables import life_table as life_table
from .projecting import grade_projection as grade_projection
from .projecting import project_retention as project_retention
from .sbg import ShiftedBetaGeometric as ShiftedBetaGeometric
from .sbg import fit_sbg as fit_sbg

from .groups import run_by_group as run_by_group
from .planning import plan as plan
from .result import Result as Result
from .running import run as run

"""The case report: run its notebook with papermill, then write HTML, PDF, workbook and figures.

`run` makes one report, `run_by_group` one a group with an index page.
"""

from .running import Result, run, run_by_group

__all__ = ["Result", "run", "run_by_group"]

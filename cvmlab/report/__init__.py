"""The case report: run its notebook with papermill, then write HTML, PDF, workbook and figures.

`run` makes one report, `run_by_group` one per group with an index page.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""At the end of Python: release what would keep DuckDB's objects alive.

DuckDB counts its objects as Python ends and reports those that are left on the error stream. Two others keep them:
IPython keeps the frames of the last error, with the connections in them; and `typing` keeps narwhals' overloads, and
with them its table of DuckDB's types, wherever numpy keeps `typing`.
"""

from __future__ import annotations

import atexit
import sys
import typing


@atexit.register
def let_go() -> None:
    """Forget the frames of IPython's last error, and the overloads that nobody can ask for any more."""
    typing.clear_overloads()
    asked = getattr(sys.modules.get("IPython"), "get_ipython", None)
    last_error = getattr(asked() if asked else None, "InteractiveTB", None)
    if last_error is not None:
        last_error.tb = None

"""What a report's kernel loads in a thread of its own, while the engine reads the source and needs no Python."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from importlib import import_module

_THREAD = "cvmlab-later"
_MODULES = ("matplotlib.pyplot", "openpyxl")


def load_later() -> None:
    """Start to load what draws and writes; what is wrong with it is told by the cell that asks for it."""
    threading.Thread(target=_load, name=_THREAD, daemon=True).start()


def wait_for_later() -> None:
    """Wait until all of it is loaded: two threads in the midst of one library's modules can wait for each other."""
    for thread in threading.enumerate():
        if thread.name == _THREAD:
            thread.join()


def _load() -> None:
    # a folder that matplotlib cannot write to is nothing that a reader of the report must know
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with suppress(Exception):
        import matplotlib

        # a matplotlibrc of the user's would change the charts
        matplotlib.rcdefaults()
        for module in _MODULES:
            import_module(module)

"""The process in which the report notebook runs: a kernel that no file of its user configures.

It is started by its path, by `starting`, and loads what a report needs while the other process loads papermill.
"""

import os
import sys
import threading
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path

_POLL_SECONDS = 0.25
_AHEAD = (
    "duckdb", "ipykernel.kernelapp", "pandas", "scipy.optimize", "cvmlab.report.data_quality", "cvmlab.report.ending",
    "cvmlab.report.first_page", "cvmlab.report.lists", "cvmlab.report.sections",
)  # fmt: skip


def end_with(parent: int) -> None:
    """End this process as soon as another one is its parent; ipykernel looks later, and cannot tell on all systems."""
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    os._exit(1)


def load_ahead() -> None:
    """Load what every report needs; what is wrong with it is told by the cell that asks for it."""
    for module in _AHEAD:
        with suppress(Exception):
            import_module(module)


def run_kernel() -> None:
    """Answer the process that started this one until it ends the kernel."""
    from ipykernel.kernelapp import IPKernelApp

    class Kernel(IPKernelApp):
        def load_config_file(self, *_: object, **__: object) -> None:
            """Read no settings of the user."""

        def init_code(self) -> None:
            """Run no code of the user's before the notebook."""

    Kernel.launch_instance()


if __name__ == "__main__":
    if os.name != "nt":  # on Windows ipykernel waits for its parent's handle, which cannot be mistaken
        threading.Thread(target=end_with, args=[int(os.environ["JPY_PARENT_PID"])], daemon=True).start()
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    # last of all: where cvmlab is not installed, it is found beside this file
    sys.path.append(str(Path(__file__).parents[2]))
    load_ahead()
    import_module("cvmlab.report.later").load_later()
    run_kernel()

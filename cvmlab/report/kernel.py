"""The report notebook, executed in a kernel of its own."""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cvmlab.core.stopping import stop_if_asked
from cvmlab.core.words import CvmError, say

from .result import Progress
from .starting import kernel_in

_CELL_TIMEOUT_SECONDS = 3600
_KERNEL_START_SECONDS = 600
_INTERRUPTED_QUERY = frozenset({"Query interrupted", "std::bad_cast"})


def code_cells(notebook: Path) -> int:
    """Return how many cells of a notebook are run."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return sum(cell["cell_type"] == "code" for cell in cells)


def execute(
    template: Path,
    result: Path,
    parameters: dict[str, Any],
    kept: Mapping[str, Any],
    progress: Progress | None,
    steps: int,
    *,
    while_it_runs: Callable[[], object],
) -> None:
    """Run a notebook with parameters; in the saved one, those in ``kept`` have the values given there."""
    # what ends a run is reported in one sentence; a kernel that dies of Ctrl-C needs no second one
    for name in ("papermill", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    done = 0

    def report_step(cell: Any, cell_index: int) -> None:
        nonlocal done
        stop_if_asked()
        if progress and cell.cell_type == "code":
            step = cell.metadata.get("cvmlab", {}).get("step", "study")
            progress(done, steps, say(f"report.step_{step}"))
            done += 1

    if progress:
        progress(0, steps, say("report.step_start"))
    with kernel_in(result.parent / ".kernel") as kernel:
        with _without("rfc3987_syntax"):
            import nbformat
            import papermill
            from papermill.exceptions import PapermillExecutionError

        try:
            executed = papermill.execute_notebook(
                # papermill takes braces in a path for places of parameters
                str(template).replace("{", "{{").replace("}", "}}"), None, parameters, km=kernel, log_output=False,
                progress_bar=False, request_save_on_cell_execute=False, on_cell_start=report_step,
                on_notebook_start=lambda notebook: while_it_runs(),
                execution_timeout=_CELL_TIMEOUT_SECONDS, start_timeout=_KERNEL_START_SECONDS,
            )  # fmt: skip
        except PapermillExecutionError as error:
            raise _from_kernel(error, result.parent.parent) from error
        except RuntimeError as error:
            # so jupyter_client says that time ran out, and by another class that the process is gone
            if "didn't respond" in str(error):
                raise CvmError("report.kernel_slow", minutes=_KERNEL_START_SECONDS // 60) from error
            raise CvmError("report.kernel_died") from error
    nbformat.write(_with_parameters(executed, {**parameters, **kept}), result)


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Let optional imports of a module fail: jsonschema's parses a grammar for 0.7 s, which no notebook needs."""
    absent = module not in sys.modules
    if absent:
        sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if absent:
            del sys.modules[module]


def _with_parameters(notebook: Any, parameters: Mapping[str, Any]) -> Any:
    """Write down what the next run of the notebook should use; nothing else of where it ran stays in it."""
    told = notebook.metadata.papermill
    told["parameters"] = dict(parameters)
    for name in ("input_path", "output_path"):
        told[name] = None
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = "\n".join(["# Parameters", *(f"{name} = {value!r}" for name, value in parameters.items())])
    return notebook


def _from_kernel(error: Any, folder: Path) -> CvmError:
    """Turn what the kernel reported into the sentence that was meant for the user."""
    if error.ename == "CvmError":
        return CvmError("report.told", sentence=error.evalue)
    # DuckDB makes an error of its own of a Ctrl-C
    if error.ename in {"KeyboardInterrupt", "InterruptException"} or error.evalue in _INTERRUPTED_QUERY:
        raise KeyboardInterrupt
    if error.ename == "OSError" and f"[Errno {errno.ENOSPC}]" in error.evalue:
        said = {"why": os.strerror(errno.ENOSPC), "advice": say("report.advice_space")}
        return CvmError("report.cannot_write", folder=folder, **said)
    return CvmError("report.cell_failed", error=f"{error.ename}: {error.evalue}")

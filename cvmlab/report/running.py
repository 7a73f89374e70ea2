"""Run the report notebook in a folder of its own; `placing` puts the finished folder in place at the end."""

from __future__ import annotations

import dataclasses
import errno
import json
import logging
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, say, speaking
from cvmlab.core.words import language as language_in_force

from .placing import put_in_place, report_folder
from .result import Result
from .starting import kernel_in

Progress = Callable[[int, int, str], None]
"""Called with the number of steps done, the number of all steps and what is being done."""

_CELL_TIMEOUT_SECONDS = 3600
_KERNEL_START_SECONDS = 120
_INTERRUPTED_QUERY = frozenset({"Query interrupted", "std::bad_cast"})


@public
def run(
    source: str | Path,
    *,
    folder: str | Path = "reports",
    name: str | None = None,
    columns: Mapping[str, str] | None = None,
    assumptions: Mapping[str, Any] | None = None,
    reading: Mapping[str, Any] | None = None,
    language: str | None = None,
    mask: bool = False,
    since_last: bool = False,
    pdf: bool = False,
    title: str | None = None,
    progress: Progress | None = None,
) -> Result:
    """Make the case report of one set of transaction data.

    Parameters
    ----------
    source
        A file or folder that `cvmlab.reading.read` understands, or the name of a course dataset.
    folder, name
        The report goes to ``folder/name``; the name is one folder's name, by default the source's, never a path.
    columns, reading
        Role to column name, for columns that cannot be guessed; further options of `cvmlab.reading.read`.
    assumptions
        Fields of `cvmlab.case.Assumptions` that differ from the defaults.
    language, title
        ``"en"`` or ``"zh"``, by default the language in force; heading of the report, by default its name.
    mask, pdf
        Hide names and phone numbers; write ``report.pdf`` too.
    since_last
        Keep the thresholds of the report at the target and list the customers who changed type since then.
    progress
        Called before each step with steps done, all steps, and what comes next.

    Raises
    ------
    CvmError
        If anything is wrong with the source or the options, the kernel died, or the target is not a cvmlab report,
        holds other files, or contains or lies in the source. The target is then left untouched.
    """
    from cvmlab.core.paths import course_folder
    from cvmlab.data.datasets import find

    from .pages import write_html, write_pdf

    chosen = name or source_name(source)
    target = report_folder(folder, chosen)
    template = course_folder() / "notebooks" / "reports" / "case_report.ipynb"
    with speaking(language or language_in_force()), put_in_place(target, find(source)) as work:
        previous = _previous_record(target) if since_last else None
        parameters = {
            "source": str(Path(source).absolute()) if Path(source).exists() else str(source),
            "language": language_in_force(),
            "title": title or chosen,
            "columns": dict(columns or {}),
            "reading": dict(reading or {}),
            "assumptions": dict(assumptions or {}),
            "mask": mask,
            "since": previous,
            "output": str(work.absolute()),
        }
        cells = _code_cells(template)
        # the notebook's own cells and its parameters, then the page, then the PDF
        steps = cells + (3 if pdf else 2)
        _execute(template, work / "report.ipynb", parameters, progress, steps)
        if progress:
            progress(cells + 1, steps, say("report.step_export"))
        write_html(work / "report.ipynb", work / "report.html", figures=work / "figures", title=title or chosen)
        notes: list[str] = []
        made = None
        if pdf:
            if progress:
                progress(cells + 2, steps, say("report.step_pdf"))
            made, note = write_pdf(work / "report.html", work / "report.pdf")
            notes += [note] if note else []
        record = json.loads((work / "case.json").read_text(encoding="utf-8"))
    return Result(target, target / "report.pdf" if made else None, tuple(notes), record.get("seconds", {}))


@public
def run_by_group(
    source: str | Path,
    by: str,
    *,
    jobs: int = 2,
    folder: str | Path = "reports",
    name: str | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> tuple[Path, list[Result], dict[str, str]]:
    """Make one report per group of the column ``by``, in parallel, and an index page over them.

    Parameters
    ----------
    source, folder, name, progress, **options
        Those of `run`; the reports go to ``folder/name/<group>``.
    by, jobs
        A column of the source; number of reports made at the same time.

    Returns
    -------
    tuple
        The index page, the `Result` of each group that worked, and for the others the reason by group.
    """
    from cvmlab.data import reading as files
    from cvmlab.data.datasets import find

    from .pages import write_index

    chosen = name or f"{source_name(source)}-by-{_as_folder(by)}"
    target = report_folder(folder, chosen)
    language = options.pop("language", None) or language_in_force()
    with speaking(language), tempfile.TemporaryDirectory(prefix="cvmlab-") as temporary:
        how = {"columns": options.pop("columns", None), **(options.pop("reading", None) or {})}
        log = files.read(find(source), keep=[by], **how)
        parts = _split_by_group(log, by, Path(temporary))
        results: list[Result] = []
        failed: dict[str, str] = {}
        with (
            put_in_place(target, find(source)) as work,
            ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool,
        ):
            waiting = {
                group: pool.submit(
                    run, part, folder=work, name=_as_folder(group), title=f"{chosen} · {group}",
                    language=language, **options,
                )
                for group, part in parts.items()
            }  # fmt: skip
            for done, (group, future) in enumerate(waiting.items()):
                if progress:
                    progress(done, len(parts), group)
                try:
                    results.append(future.result())
                except CvmError as error:
                    failed[group] = str(error)
            if not results:
                raise CvmError("report.no_group_worked", column=by, why=next(iter(failed.values()), ""))
            write_index(work / "index.html", chosen, by, results, failed)
    placed = [dataclasses.replace(result, folder=target / result.folder.name) for result in results]
    return target / "index.html", placed, failed


def source_name(source: str | Path) -> str:
    """Return a folder name for a source: its file name without the ending."""
    return _as_folder(Path(source).stem or Path(source).absolute().name)


def _as_folder(text: str) -> str:
    # characters that Windows refuses in names
    return re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", text).strip(" .") or "_"


def _split_by_group(log: Any, by: str, folder: Path) -> dict[str, Path]:
    transactions = log.transactions
    groups = [row[0] for row in transactions.select(f'"{by}"').distinct().order("1").fetchall()]
    parts = {}
    for number, group in enumerate(groups):
        path = folder / f"{number:04}.parquet"
        wanted = "IS NULL" if group is None else "= '" + str(group).replace("'", "''") + "'"
        transactions.filter(f'"{by}" {wanted}').write_parquet(str(path))
        parts[say("report.no_group") if group is None else str(group)] = path
    return parts


def _previous_record(target: Path) -> str:
    if not ((target / "case.json").is_file() and (target / "customers.csv").is_file()):
        raise CvmError("report.no_last_report", folder=target)
    return str(target.absolute())


def _code_cells(notebook: Path) -> int:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return sum(cell["cell_type"] == "code" for cell in cells)


def _execute(template: Path, result: Path, parameters: dict[str, Any], progress: Progress | None, steps: int) -> None:
    # what ends a run is reported in one sentence; a kernel that dies of Ctrl-C needs no second one
    for name in ("papermill", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    done = 0

    def report_step(cell: Any, cell_index: int) -> None:
        nonlocal done
        if progress and cell.cell_type == "code":
            step = cell.metadata.get("cvmlab", {}).get("step", "study")
            progress(done, steps, say(f"report.step_{step}"))
            done += 1

    if progress:
        progress(0, steps, say("report.step_start"))
    with kernel_in(result.parent / ".kernel") as kernel:
        # loading these takes as long as the kernel takes to load its own
        import nbformat
        import papermill
        from papermill.exceptions import PapermillExecutionError

        try:
            executed = papermill.execute_notebook(
                # papermill takes braces in a path for places of parameters
                str(template).replace("{", "{{").replace("}", "}}"), None, parameters, km=kernel, log_output=False,
                progress_bar=False, request_save_on_cell_execute=False, on_cell_start=report_step,
                execution_timeout=_CELL_TIMEOUT_SECONDS, start_timeout=_KERNEL_START_SECONDS,
            )  # fmt: skip
        except PapermillExecutionError as error:
            raise _from_kernel(error, result.parent.parent) from error
        except RuntimeError as error:
            raise CvmError("report.kernel_died") from error
    nbformat.write(_without_output_folder(executed), result)


def _without_output_folder(notebook: Any) -> Any:
    """Forget the work folder, which is gone by the time that somebody runs the notebook again."""
    notebook.metadata.papermill["parameters"]["output"] = None
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = re.sub(r"(?m)^output = .*$", "output = None", cell.source)
    return notebook


def _from_kernel(error: Any, folder: Path) -> CvmError:
    """Turn what the kernel reported into the sentence that was meant for the user."""
    if error.ename == "CvmError":
        return CvmError("report.told", sentence=error.evalue)
    # DuckDB makes an error of its own of a Ctrl-C
    if error.ename in {"KeyboardInterrupt", "InterruptException"} or error.evalue in _INTERRUPTED_QUERY:
        raise KeyboardInterrupt
    if error.ename == "OSError" and f"[Errno {errno.ENOSPC}]" in error.evalue:
        return CvmError("report.cannot_write", folder=folder, why=os.strerror(errno.ENOSPC))
    return CvmError("report.cell_failed", error=f"{error.ename}: {error.evalue}")

"""Run the report notebook in a folder of its own; `placing` puts the finished folder in place at the end."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cvmlab.core.guarding import public
from cvmlab.core.stopping import stop_if_asked
from cvmlab.core.words import CvmError, say, speaking
from cvmlab.core.words import language as language_in_force
from cvmlab.data.tables import AMOUNT, CUSTOMER_ID, DATE

from .kernel import code_cells, execute
from .placing import as_folder, edited, kept_as, put_in_place, report_folder
from .privacy import mask_key
from .result import Progress, Result

_OF_A_LOG, _OF_SUBSCRIBERS = "case_report.ipynb", "churn_report.ipynb"


@public
def run(
    source: str | Path,
    *,
    folder: str | Path = "reports",
    name: str | None = None,
    columns: Mapping[str, str] | None = None,
    assumptions: Mapping[str, Any] | None = None,
    reading: Mapping[str, Any] | None = None,
    subscribers: str | Path | None = None,
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
        A file or folder that `cvmlab.reading.read` understands, or the name of a course dataset. A table with one row
        per customer and who left, as `cvmlab.subscribers.read` takes it, becomes a churn report.
    folder, name
        The report goes to ``folder/name``; the name is one folder's name, by default the source's, never a path.
    columns, reading
        Role to column name, for columns that cannot be guessed; further options of `cvmlab.reading.read`, or of
        `cvmlab.subscribers.read`.
    subscribers
        A table of who joined and left when, beside a log: a row per relationship with the customer, ``joined_date``,
        ``left_date`` (empty while it lasts) and, if known, ``cause``. By default the file ``NAME_subscribers`` beside
        the source, if there is one; an empty text for none. Its columns may be named in ``columns``.
    assumptions
        Fields of `cvmlab.case.Assumptions`, or of `ChurnAssumptions` there, that differ from the defaults.
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
    from cvmlab import case
    from cvmlab.data.datasets import find

    columns, of_dates = split_columns(columns, subscribers)
    one_each = is_of_subscribers(source, columns)
    (case.ChurnAssumptions if one_each else case.Assumptions)().replace(**(assumptions or {}))
    if one_each:
        check_for_subscribers(reading, since_last=since_last, beside=subscribers is not None)
    else:
        check_reading(reading)
    chosen = source_name(source) if name is None else name
    target = report_folder(folder, chosen)
    with speaking(language or language_in_force()), put_in_place(target, find(source)) as work:
        previous = _previous(target) if since_last else None
        asked: dict[str, Any] = {
            "title": title or chosen, "columns": dict(columns or {}), "reading": dict(reading or {}),
            "assumptions": dict(assumptions or {}), "mask": mask_key(Path(folder)) if mask else False,
        }  # fmt: skip
        if not one_each:
            asked |= {"since": previous, **asked_of(subscribers, of_dates)}
        template = _OF_SUBSCRIBERS if one_each else _OF_A_LOG
        made = fill(work, source, asked, template=template, pdf=pdf, progress=progress)
        kept = [say("report.edited_kept", file=path.name, kept=kept_as(path)) for path in edited(target)]
    return dataclasses.replace(
        made, folder=target, pdf=target / "report.pdf" if made.pdf else None, notes=(*made.notes, *kept)
    )


def fill(
    work: Path,
    source: str | Path,
    asked: Mapping[str, Any],
    *,
    template: str = _OF_A_LOG,
    shown_source: str | Path | None = None,
    pdf: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Fill a folder with a report; ``asked`` are parameters of its notebook, in the language in force."""
    from cvmlab.core.paths import course_folder

    notebook = course_folder() / "notebooks" / "reports" / template
    where = {"source": _spelled(source), "language": language_in_force(), "output": str(work.absolute())}
    cells = code_cells(notebook)
    # the notebook's own cells and its parameters, then the page, then the PDF
    steps = cells + (3 if pdf else 2)
    kept = _for_the_next_run(asked, _spelled(shown_source or source))
    with ThreadPoolExecutor(1) as aside:
        execute(
            notebook, work / "report.ipynb", {**where, **asked}, kept, progress, steps,
            while_it_runs=lambda: aside.submit(_load_exporter),
        )  # fmt: skip
    from .pages import write_html, write_pdf

    stop_if_asked()
    if progress:
        progress(cells + 1, steps, say("report.step_export"))
    write_html(work / "report.ipynb", work / "report.html", figures=work / "figures", title=asked["title"])
    notes: list[str] = []
    made = None
    if pdf:
        stop_if_asked()
        if progress:
            progress(cells + 2, steps, say("report.step_pdf"))
        made, note = write_pdf(work / "report.html", work / "report.pdf")
        notes += [note] if note else []
    stop_if_asked()
    record = json.loads((work / "case.json").read_text(encoding="utf-8"))
    return Result(work, work / "report.pdf" if made else None, tuple(notes), record.get("seconds", {}))


def check_reading(options: Mapping[str, Any] | None) -> None:
    """Refuse an option that `cvmlab.reading.read` does not have, or that the report gives itself."""
    from cvmlab.data.reading import read
    from cvmlab.data.reading.asked import check_asked

    known = [name for name in inspect.signature(read).parameters if name not in ("source", "columns", "keep")]
    for name in options or {}:
        if name not in known:
            raise CvmError("reading.unknown_option", option=name, options=", ".join(known))
    check_asked(options or {})


def is_of_subscribers(source: str | Path, columns: Mapping[str, str] | None) -> bool:
    """Return whether a source has one row a customer with who left: named so, or found by its columns."""
    from cvmlab.data.datasets import find
    from cvmlab.data.subscribers import is_table_of_subscribers
    from cvmlab.data.subscribers.naming import ROLES

    named = {role for role, column in (columns or {}).items() if column}
    if named & {*ROLES} - {CUSTOMER_ID}:
        return True
    return not named & {DATE, AMOUNT} and is_table_of_subscribers(find(source))


def split_columns(
    columns: Mapping[str, str] | None, subscribers: str | Path | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the columns of the source, and those of the table of relationships that was named beside it."""
    from cvmlab.data.subscribers.naming import CAUSE, JOINED, LEFT

    named = dict(columns or {})
    if not subscribers:
        return named, {}
    of_dates = {role: named.pop(role) for role in (JOINED, LEFT, CAUSE) if role in named}
    return named, of_dates | ({CUSTOMER_ID: named[CUSTOMER_ID]} if CUSTOMER_ID in named else {})


def asked_of(subscribers: str | Path | None, columns: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters of a report notebook that name the table of relationships."""
    if not subscribers or not str(subscribers).strip():
        return {"subscribers": None if subscribers is None else "", "subscriber_columns": {}}
    return {"subscribers": _spelled(subscribers), "subscriber_columns": dict(columns)}


def check_for_subscribers(
    options: Mapping[str, Any] | None, *, since_last: bool = False, by: bool = False, beside: bool = False
) -> None:
    """Refuse what a report on a table of subscribers does not have."""
    from cvmlab.data.subscribers import read

    for asked, name in ((since_last, "--since"), (by, "--by"), (beside, "--subscribers")):
        if asked:
            raise CvmError("churning.not_of_subscribers", option=name)
    known = [name for name in inspect.signature(read).parameters if name not in ("source", "columns")]
    for name in options or {}:
        if name not in known:
            raise CvmError("churning.not_of_subscribers", option="--" + name.replace("_", "-"))


def _load_exporter() -> None:
    from .pages import html_exporter

    html_exporter()


def _spelled(source: str | Path) -> str:
    return str(Path(source).absolute()) if Path(source).exists() else str(source)


def _for_the_next_run(asked: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return what the saved notebook says instead: no folder that is gone, and under a mask no path and no key."""
    kept: dict[str, Any] = {"output": None, "source": source}
    if asked.get("mask"):
        kept |= {"source": Path(source).name, "mask": True}
        kept |= {"since": None} if "since" in asked else {}
        kept |= {"subscribers": Path(asked["subscribers"]).name} if asked.get("subscribers") else {}
    return kept


def source_name(source: str | Path) -> str:
    """Return a folder name for a source: its file name without the ending."""
    return as_folder(Path(source).stem or Path(source).absolute().name)


def _previous(target: Path) -> str:
    """Return the folder of the last report once it is known to be whole."""
    from .earlier import read_earlier

    if not (target / "case.json").is_file():
        raise CvmError("report.no_last_report", folder=target)
    read_earlier(target)
    return str(target.absolute())

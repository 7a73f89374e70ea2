"""One report per group of a column, and a page over them that adds up to the whole."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, say, speaking
from cvmlab.core.words import language as language_in_force
from cvmlab.core.work import work_folder
from cvmlab.data.tables import CUSTOMER_ID, CUSTOMER_NAME, DATE, OWNER, PHONE

from .placing import MARKER, as_folder, mark_all, put_in_place, report_folder
from .privacy import labels, mask_key
from .result import Group, Progress, Result
from .running import (
    asked_of,
    check_for_subscribers,
    check_reading,
    fill,
    is_of_subscribers,
    source_name,
    split_columns,
)
from .workers import several, stoppable

if TYPE_CHECKING:
    from cvmlab.data.reading import Log

MOST_GROUPS = 100
CURRENCY = "currency"
_NAMES = "groups.json"
_INDEX = "index.html"
_LONGEST_NAME = 60


@public
def run_by_group(
    source: str | Path,
    by: str,
    *,
    jobs: int = 2,
    folder: str | Path = "reports",
    name: str | None = None,
    language: str | None = None,
    progress: Progress | None = None,
    columns: Mapping[str, str] | None = None,
    reading: Mapping[str, Any] | None = None,
    subscribers: str | Path | None = None,
    assumptions: Mapping[str, Any] | None = None,
    mask: bool = False,
    since_last: bool = False,
    pdf: bool = False,
) -> tuple[Path, list[Result], dict[str, str]]:
    """Make one report per group of the column ``by``, in parallel, and an index page over them.

    Parameters
    ----------
    source, folder, name, language, progress, columns, reading, subscribers, assumptions, mask, since_last, pdf
        Those of `run`, but ``subscribers`` is only read where it is named; the reports go to ``folder/name/<group>``.
    by, jobs
        A column of the source, or ``"currency"``; number of reports made at the same time.

    Returns
    -------
    tuple
        The index page, the `Result` of each group that worked, and for the others the reason by group.

    Notes
    -----
    Rows are judged once, in the whole. Without a report at that place, or for a group that is new in it,
    ``since_last`` compares nothing.
    """
    from cvmlab.case import Assumptions
    from cvmlab.data.datasets import find

    from .pages import write_index

    if not by.strip():
        raise CvmError("reading.empty_option", option="by")
    columns, of_dates = split_columns(columns, subscribers)
    if is_of_subscribers(source, columns):
        check_for_subscribers(None, by=True)
    Assumptions().replace(**(assumptions or {}))
    check_reading(reading)
    chosen = f"{source_name(source)}-by-{as_folder(by)}" if name is None else name
    target = report_folder(folder, chosen)
    with speaking(language or language_in_force()):
        earlier = _earlier_folders(target) if since_last else {}
        log = _read(find(source), by, columns, reading)
        key: str | bool = mask_key(Path(folder)) if mask else False
        results: list[Result] = []
        failed: dict[str, str] = {}
        # the rows of the groups lie where the next run clears away what a kill has left
        with put_in_place(target, find(source)) as work, work_folder(target) as parts:
            groups = _groups_of(log, by, parts, key if _tells_a_person(log, by) else False)
            with several(max(1, min(jobs, len(groups), os.cpu_count() or 1))) as pool:
                (work / _NAMES).write_text(
                    json.dumps({group.folder: group.name for group in groups}, ensure_ascii=False), encoding="utf-8"
                )
                asked = {
                    "columns": {},
                    "assumptions": dict(assumptions or {}),
                    "mask": key,
                    **asked_of(subscribers, of_dates),
                }
                waiting = {
                    group.name: pool.submit(
                        stoppable, _fill_group, work / group.folder, group.part, language_in_force(), pdf=pdf,
                        shown_source=source,
                        asked={
                            **asked, "title": f"{chosen} · {group.name}", "reading": {"name": group.name},
                            "since": earlier.get(group.name),
                        },
                    )
                    for group in groups
                }  # fmt: skip
                for done, (group_name, future) in enumerate(waiting.items()):
                    if progress:
                        progress(done, len(groups), group_name)
                    try:
                        results.append(future.result())
                    except CvmError as error:
                        failed[group_name] = str(error)
            if not results:
                raise CvmError("report.no_group_worked", column=by, why=next(iter(failed.values()), ""))
            write_index(work / _INDEX, chosen, by, groups, failed, log)
    placed = [dataclasses.replace(result, folder=target / result.folder.name) for result in results]
    return target / _INDEX, placed, failed


def _read(source: Path, by: str, columns: Mapping[str, str] | None, reading: Mapping[str, Any] | None) -> Log:
    """Read the whole with the column that divides it; a column of currencies is kept under its own name."""
    from cvmlab.data import reading as files
    from cvmlab.data.reading.roles import NUMBERS

    how = dict(reading or {})
    of_currency = by == CURRENCY
    if not of_currency:
        seen = files.preview(source, columns=columns, rows=1, sheet=how.get("sheet"))
        of_currency = seen.mapping.get("currency_code") == by
        if by in {seen.mapping.get(role) for role in (DATE, *NUMBERS)}:
            raise CvmError("report.no_column_of_groups", column=by)
    if of_currency:
        return files.read(source, columns=columns, **{**how, "currency": "any"})
    return files.read(source, keep=[by], columns=columns, **how)


def _groups_of(log: Log, by: str, folder: Path, key: str | bool) -> list[Group]:
    from cvmlab.data.reading.handing_on import sums_by

    column = by if by in log.kept else CURRENCY
    found = sums_by(log, column)
    if len(found) > MOST_GROUPS:
        raise CvmError("report.too_many_groups", column=by, count=f"{len(found):,}", most=MOST_GROUPS)
    parts = log.write_parts(column, folder)
    shown = labels([value for value in parts if value is not None], str(key)) if key else {}
    names = {value: say("report.no_group") if value is None else shown.get(value, value) for value in parts}
    folders = folder_names(names.values())
    return [
        Group(names[value], folders[names[value]], part, rows, amount, customers)
        for value, part in parts.items()
        for rows, amount, customers in [found[value]]
    ]


def _tells_a_person(log: Log, by: str) -> bool:
    return by in {log.mapping.get(role) for role in (CUSTOMER_ID, CUSTOMER_NAME, OWNER, PHONE)}


def folder_names(names: Iterable[str]) -> dict[str, str]:
    """Return a folder name for each group, no two alike even where capitals do not count.

    Examples
    --------
    >>> folder_names(["A/B", "A:B", "North", "north"])
    {'A/B': 'A_B', 'A:B': 'A_B (2)', 'North': 'North', 'north': 'north (2)'}
    """
    taken = {_INDEX, _NAMES, MARKER}
    chosen: dict[str, str] = {}
    for name in names:
        plain = as_folder(name)[:_LONGEST_NAME].strip(" .") or "_"
        number, folder = 1, plain
        while folder.casefold() in taken:
            number += 1
            folder = f"{plain} ({number})"
        taken.add(folder.casefold())
        chosen[name] = folder
    return chosen


def _earlier_folders(target: Path) -> dict[str, str]:
    """Return the folder of each group of the last reports, by the group's name."""
    from .earlier import read_earlier

    try:
        names = json.loads((target / _NAMES).read_text(encoding="utf-8"))
        folders = {str(name): target / str(folder) for folder, name in names.items()}
    except FileNotFoundError as error:
        raise CvmError("report.no_last_report", folder=target) from error
    except (OSError, ValueError, AttributeError) as error:
        raise CvmError("report.last_report_damaged", file=_NAMES, folder=target) from error
    whole = {name: folder for name, folder in folders.items() if (folder / "case.json").is_file()}
    for folder in whole.values():
        read_earlier(folder)
    return {name: str(folder.absolute()) for name, folder in whole.items()}


def _fill_group(folder: Path, part: Path, language: str, **options: Any) -> Result:
    """Fill the folder of a group; nothing of it is left where that fails."""
    folder.mkdir()
    try:
        with speaking(language):
            made = fill(folder, part, **options)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    mark_all(folder)
    return made

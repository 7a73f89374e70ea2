"""The command line: ``cvmlab lab | data | report``.

An error is one sentence and a non-zero exit; ``--debug`` shows where it came from.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from cvmlab import __version__
from cvmlab.core.stopping import CTRL_C, ENDS, watching_for_a_stop
from cvmlab.core.words import LANGUAGES, CvmError, say, speaking

from .options import assumption_lines, columns_of, names_columns, reading_of, reads, settings_of
from .spoken import Group, default_language, speak_from_here
from .terminal import fail, progress_bar, sentence_of, show

_Command = TypeVar("_Command", bound=Callable[..., Any])

# each report takes a core and about 0.6 GB
_MOST_JOBS = 8


def _speaks(command: _Command) -> _Command:
    """Add ``--language`` and ``--debug``, and turn every error into one sentence."""

    @click.option("--language", type=click.Choice(LANGUAGES), default=default_language)
    @click.option("--debug", is_flag=True)
    @wraps(command)
    def run(*args: Any, language: str, debug: bool, **options: Any) -> None:
        with speaking(language), watching_for_a_stop((CTRL_C, *ENDS)) as received:
            try:
                command(*args, **options)
            except (click.ClickException, click.exceptions.Exit):
                raise
            except (KeyboardInterrupt, Exception) as error:
                if debug:
                    raise
                if received or isinstance(error, KeyboardInterrupt):
                    with suppress(OSError):  # the terminal may be gone
                        show(say("cli.interrupted"), to_error=True)
                    sys.exit(128 + (received or [CTRL_C])[0])
                fail(sentence_of(error))

    return run  # type: ignore[return-value]


def _source(given: str) -> str:
    """Return the source as given; a folder such as ``.`` by its full path, which has a name."""
    if not given.strip():
        raise CvmError("cli.no_source")
    return given if Path(given).name not in {"", ".."} else str(Path(given).resolve())


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="cvmlab")
@click.option("--language", type=click.Choice(LANGUAGES), expose_value=False, callback=speak_from_here)
def main() -> None:
    """Learn customer value management, and make reports from your own transaction data."""


@main.command()
@click.argument("folder", default="cvmlab-course")
@click.option("--no-browser", is_flag=True)
@_speaks
def lab(folder: str, no_browser: bool) -> None:
    """Copy the course to a folder and open JupyterLab there."""
    from cvmlab import course

    copied = course.copy_course(Path(folder))
    for line in copied.lines():
        show(line)
    for line in filter(None, [course.missing_language_pack(), say("course.opening", target=folder)]):
        show(line)
    sys.exit(course.open_lab(Path(folder), browser=not no_browser, tell=show))


@main.command()
@click.argument("source")
@names_columns
@click.option("--rows", default=8, show_default=True, type=click.IntRange(0, 1_000_000))
@click.option("--save/--no-save", default=True)
@reads
@_speaks
def data(source: str, rows: int, save: bool, **options: Any) -> None:
    """Show what cvmlab reads in a source."""
    from cvmlab.data import datasets, reading, subscribers
    from cvmlab.data.reading.mappings import mapping_path
    from cvmlab.report.running import check_for_subscribers, check_reading, is_of_subscribers

    from .looking import preview_lines, subscriber_lines, summary_lines

    source = _source(source)
    path = datasets.find(source)
    columns, given = columns_of(options), reading_of(options)
    if is_of_subscribers(source, columns):
        check_for_subscribers(given)
        for line in subscriber_lines(subscribers.read(path, columns=columns, **given), rows):
            show(line)
        return
    check_reading(given)
    opened = {name: given.get(name) for name in ("sheet", "encoding")}
    seen = reading.preview(path, columns=columns, rows=rows, **opened)
    for line in preview_lines(seen):
        show(line)
    with progress_bar() as move:
        log = reading.read(
            path, columns=columns, progress=lambda step, share: move(round(100 * share), 100, step), **given
        )
    for line in summary_lines(log):
        show(line)
    is_new = not mapping_path(path).exists()
    # nothing is saved beside the course's own datasets, nor over a saved choice without a new one
    if save and Path(source).exists() and (is_new or columns or given):
        _save(seen.mapping, path, columns, given)


def _save(mapping: Any, path: Path, columns: Mapping[str, str], given: dict[str, Any]) -> None:
    """Save the choice over the one before; where that cannot be done, say so: all else has been shown."""
    from cvmlab.data import reading
    from cvmlab.data.reading.mappings import OPTIONS, SavedMapping, load_saved, mapping_path

    try:
        before = load_saved(path) if mapping_path(path).exists() else SavedMapping()
        # that there is no such column is an answer too
        none = {role: "" for role, column in {**before.columns, **columns}.items() if not column}
        lasting = {**before.options, **{name: value for name, value in given.items() if name in OPTIONS}}
        saved = reading.save_mapping({**none, **mapping.columns}, path, options=lasting)
    except CvmError as error:
        show(str(error), to_error=True)
    else:
        show(say("cli.mapping_saved", path=saved))


@main.command()
@click.argument("source", required=False)
@names_columns
@click.option("--out", default="reports", show_default=True)
@click.option("--name")
@click.option("--subscribers", metavar="FILE")
@click.option("--margin", type=float)
@click.option("--cost-per-order", type=float)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE")
@click.option("--assumptions", is_flag=True)
@click.option("--by", metavar="COLUMN")
@click.option("--jobs", default=lambda: min(_MOST_JOBS, os.cpu_count() or 1), type=click.IntRange(1, 1_000))
@click.option("--since", type=click.Choice(["last"]))
@click.option("--mask", is_flag=True)
@click.option("--pdf", is_flag=True)
@reads
@_speaks
def report(
    source: str | None, out: str, name: str | None, subscribers: str | None, settings: tuple[str, ...],
    assumptions: bool, by: str | None, jobs: int, since: str | None, mask: bool, pdf: bool, **options: Any,
) -> None:  # fmt: skip
    """Make a case report from a source."""
    from cvmlab import case
    from cvmlab.report import run, run_by_group

    if assumptions:
        for line in assumption_lines(case.Assumptions):
            show(line)
        show(say("cli.assumptions_of_subscribers"))
        for line in assumption_lines(case.ChurnAssumptions):
            show(line)
        return
    source = _source(source or "")
    columns = columns_of(options)
    chosen = settings_of(settings, options)
    common: dict[str, Any] = {
        "folder": out, "name": name, "columns": columns, "assumptions": chosen,
        "mask": mask, "since_last": since == "last", "pdf": pdf,
        "reading": reading_of(options), "subscribers": subscribers,
    }  # fmt: skip
    if by is not None:
        with progress_bar() as move:
            index, results, failed = run_by_group(source, by, jobs=jobs, progress=move, **common)
        for group, why in failed.items():
            show(say("cli.group_failed", group=group, why=why), to_error=True)
        show(say("cli.index_ready", path=index, count=len(results)))
        return
    with progress_bar() as move:
        made = run(source, progress=move, **common)
    for note in made.notes:
        show(note, to_error=True)
    show(say("cli.report_ready", path=made.html))


if __name__ == "__main__":
    main()

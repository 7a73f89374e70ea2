"""The command line: ``cvmlab lab | data | report``.

An error is one sentence and a non-zero exit; ``--debug`` shows where it came from.
"""

from __future__ import annotations

import errno
import locale
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from cvmlab import __version__
from cvmlab.core.words import LANGUAGES, CvmError, say, speaking, term
from cvmlab.data.tables import TRANSACTIONS

if TYPE_CHECKING:
    from cvmlab.data.reading import Preview

_Command = TypeVar("_Command", bound=Callable[..., Any])

# Role that a column can play; each one is an option that names the column
ROLES = (*(column.name for column in TRANSACTIONS.columns), "quantity", "unit_price", "status", "currency_code")
_INTERRUPTED = 130
_MOST_COLUMNS = 12


def default_language() -> str:
    """Return ``"zh"`` where the machine speaks Chinese, else ``"en"``; ``CVMLAB_LANGUAGE`` overrides it."""
    chosen = os.environ.get("CVMLAB_LANGUAGE", "")
    if chosen in LANGUAGES:
        return chosen
    spoken = locale.getlocale()[0] or ""
    return "zh" if spoken.lower().startswith(("zh", "chinese")) else "en"


def _print(text: str, *, to_error: bool = False) -> None:
    """Print a line, or nothing once the reader of a pipe such as ``| head`` has gone."""
    stream = sys.stderr if to_error else sys.stdout
    try:
        click.echo(_printable(text, stream), err=to_error)
    except OSError as error:
        if error.errno not in {errno.EPIPE, errno.EINVAL}:  # Windows reports a closed pipe as EINVAL
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _printable(text: str, stream: Any) -> str:
    """Return a text with question marks for what the console's code page cannot show."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, errors="replace").decode(encoding)


def _fail(sentence: str, code: int = 1) -> NoReturn:
    _print(say("cli.error", sentence=sentence), to_error=True)
    sys.exit(code)


def _speaks(command: _Command) -> _Command:
    """Add ``--language`` and ``--debug``, and turn every error into one sentence."""

    @click.option("--language", type=click.Choice(LANGUAGES), default=default_language, help="English or Chinese.")
    @click.option("--debug", is_flag=True, help="Show the traceback if an error occurs.")
    @wraps(command)
    def run(*args: Any, language: str, debug: bool, **options: Any) -> None:
        with speaking(language), _watching_for_ctrl_c() as pressed:
            try:
                command(*args, **options)
            except (click.ClickException, click.exceptions.Exit):
                raise
            except (KeyboardInterrupt, Exception) as error:
                if debug:
                    raise
                if pressed or isinstance(error, KeyboardInterrupt):
                    _fail(say("cli.interrupted"), _INTERRUPTED)
                _fail(_sentence(error))

    return run  # type: ignore[return-value]


@contextmanager
def _watching_for_ctrl_c() -> Iterator[list[int]]:
    """Give a list that is no longer empty once Ctrl-C was pressed: DuckDB makes any error of it."""
    pressed: list[int] = []

    def note(number: int, frame: Any) -> None:
        pressed.append(number)
        signal.default_int_handler(number, frame)

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:  # outside the main thread there is no Ctrl-C
        yield pressed
        return
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _sentence(error: BaseException) -> str:
    if isinstance(error, CvmError):
        return str(error)
    if isinstance(error, OSError):
        return say("cli.system", why=f"{error.strerror or error} {error.filename or ''}".strip())
    return say("cli.unexpected", error=f"{type(error).__name__}: {error}")


def _names_columns(command: _Command) -> _Command:
    """Add an option for each role that a column can play."""
    for role in reversed(ROLES):
        words = role.replace("_", " ")
        name = "--" + role.replace("_", "-")
        command = click.option(name, role, metavar="COLUMN", help=f"Name of the column with the {words}.")(command)
    return command


def _source(given: str) -> str:
    """Return the source as given; a folder such as ``.`` by its full path, which has a name."""
    if not given.strip():
        raise CvmError("cli.no_source")
    return given if Path(given).name not in {"", ".."} else str(Path(given).resolve())


def _columns(options: dict[str, Any]) -> dict[str, str]:
    named = {role: options.pop(role) for role in ROLES}
    return {role: column for role, column in named.items() if column is not None}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="cvmlab")
def main() -> None:
    """Learn customer value management, and make reports from your own transaction data."""


@main.command()
@click.argument("folder", default="cvmlab-course")
@click.option("--no-browser", is_flag=True, help="Start JupyterLab without opening a browser.")
@_speaks
def lab(folder: str, no_browser: bool) -> None:
    """Copy the course to FOLDER (cvmlab-course if left out) and open JupyterLab there.

    Files that you have changed are never overwritten.
    """
    from cvmlab import course

    copied = course.copy_course(Path(folder))
    for line in copied.lines():
        _print(line)
    for line in filter(None, [course.missing_language_pack(), say("course.opening", target=folder)]):
        _print(line)
    sys.exit(course.open_lab(Path(folder), browser=not no_browser))


@main.command()
@click.argument("source")
@_names_columns
@click.option("--rows", default=8, show_default=True, help="Number of rows to show.")
@click.option("--sheet", help="Read only this sheet of the workbook.")
@click.option("--day-first", type=click.Choice(["yes", "no"]), help="Whether 03/04/2017 means 3 April.")
@click.option("--save/--no-save", default=True, help="Save the columns found, beside the file.")
@_speaks
def data(source: str, rows: int, save: bool, sheet: str | None, day_first: str | None, **options: Any) -> None:
    """Show what cvmlab reads in SOURCE: the columns it found and the first rows."""
    from cvmlab.data import datasets, reading

    source = _source(source)
    path = datasets.find(source)
    seen = reading.preview(path, columns=_columns(options), rows=rows, sheet=sheet)
    for line in _preview_lines(seen):
        _print(line)
    if save and path == Path(source):  # nothing is saved beside the course's own datasets
        saved = reading.save_mapping(seen.mapping, path, sheet=sheet, day_first=_yes(day_first))
        _print(say("cli.mapping_saved", path=saved))


def _preview_lines(seen: Preview) -> Iterator[str]:
    yield say("cli.columns_found", name=seen.name)
    for role, column, samples in seen.roles().itertuples(index=False):
        label = term(f"report.role_{role}")
        yield f"  {_padded(label, 14)} --{role.replace('_', '-'):<14} {_padded(column, 20)} {samples}"
    left = [column for column in seen.columns if column not in seen.mapping.columns.values()]
    if left:
        yield say("cli.columns_left", columns=", ".join(left[:_MOST_COLUMNS]), count=len(left))
    yield say("cli.first_rows")
    yield seen.rows.iloc[:, :_MOST_COLUMNS].to_string(index=False, max_colwidth=24)
    for note in seen.notes:
        yield f"* {note}"
    for part in seen.unused:
        yield say("cli.unused", place=" · ".join(filter(None, [part.file, part.sheet])), why=part.reason)


def _yes(answer: str | None) -> bool | None:
    return None if answer is None else answer == "yes"


def _padded(text: str, width: int) -> str:
    # a Chinese character takes two places of a terminal
    taken = sum(2 if ord(letter) > 0x2E80 else 1 for letter in text)
    return text + " " * max(0, width - taken)


@main.command()
@click.argument("source", required=False)
@_names_columns
@click.option("--out", default="reports", show_default=True, help="Folder for all reports.")
@click.option("--name", help="Name of the report; the name of SOURCE if left out.")
@click.option("--margin", type=float, help="Profit as a share of revenue, 0 to 1, if the data contain no profit.")
@click.option("--cost-per-order", type=float, help="Cost of serving one order; use with --margin.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Set any assumption; see --assumptions.")
@click.option("--assumptions", is_flag=True, help="List all assumptions with their defaults and limits, and stop.")
@click.option("--by", metavar="COLUMN", help="Make one report per group of this column, and an overview page.")
@click.option(
    "--jobs",
    default=lambda: max(1, os.cpu_count() or 1),
    type=click.IntRange(1),
    show_default="number of processors",
    help="With --by: number of reports made at the same time.",
)
@click.option(
    "--since",
    type=click.Choice(["last"]),
    help="Keep the thresholds of the last report and list customers who changed type.",
)
@click.option("--mask", is_flag=True, help="Hide names and phone numbers.")
@click.option("--pdf", is_flag=True, help="Also write report.pdf.")
@click.option("--include-suspicious", is_flag=True, help="Include 'customers' such as walk-in or test.")
@click.option("--include-future", is_flag=True, help="Include rows dated after today.")
@click.option(
    "--keep-duplicates",
    is_flag=True,
    help="Keep rows that repeat an earlier row cell by cell. Without an order id they are always kept: they may be "
    "different purchases.",
)
@click.option("--sheet", help="Read only this sheet of the workbook.")
@click.option("--timezone", help="Convert dates with a time zone to this zone, for example Asia/Shanghai.")
@click.option("--day-first", type=click.Choice(["yes", "no"]), help="Whether 03/04/2017 means 3 April.")
@_speaks
def report(
    source: str | None, out: str, name: str | None, settings: tuple[str, ...], assumptions: bool, by: str | None,
    jobs: int, since: str | None, mask: bool, pdf: bool, **options: Any,
) -> None:  # fmt: skip
    """Make a case report from SOURCE: a file, a folder, or a course dataset such as grocery."""
    from cvmlab import case
    from cvmlab.data import datasets, reading
    from cvmlab.report import run, run_by_group

    if assumptions:
        for line in _assumption_lines(case.Assumptions):
            _print(line)
        return
    source = _source(source or "")
    chosen = _settings(settings, options)
    case.Assumptions.from_texts(chosen)
    common: dict[str, Any] = {
        "folder": out, "name": name, "columns": _columns(options), "assumptions": chosen,
        "mask": mask, "since_last": since == "last", "pdf": pdf,
        "reading": _reading_options(options),
    }  # fmt: skip
    # a mistake in the source is reported now, not after a kernel has started
    reading.preview(datasets.find(source), columns=common["columns"], rows=1, sheet=options["sheet"])
    if by:
        with _progress_bar() as show:
            index, results, failed = run_by_group(source, by, jobs=jobs, progress=show, **common)
        for group, why in failed.items():
            _print(say("cli.group_failed", group=group, why=why), to_error=True)
        _print(say("cli.index_ready", path=index, count=len(results)))
        return
    with _progress_bar() as show:
        made = run(source, progress=show, **common)
    for note in made.notes:
        _print(note, to_error=True)
    _print(say("cli.report_ready", path=made.html))


def _reading_options(options: dict[str, Any]) -> dict[str, Any]:
    chosen = {name: options[name] for name in ("sheet", "timezone") if options[name] is not None}
    if options["day_first"] is not None:
        chosen["day_first"] = _yes(options["day_first"])
    if options["include_suspicious"]:
        chosen["include_suspicious"] = True
    if options["include_future"]:
        chosen["include_future"] = True
    if options["keep_duplicates"]:
        chosen["drop_duplicates"] = False
    return chosen


def _settings(settings: tuple[str, ...], options: dict[str, Any]) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise CvmError("cli.setting_without_value", setting=setting)
        chosen[name.strip()] = value.strip()
    for name in ("margin", "cost_per_order"):
        value = options.pop(name)
        if value is not None:
            chosen[name] = str(value)
    return chosen


def _assumption_lines(scenario: Any) -> Iterator[str]:
    values: Mapping[str, Any] = scenario().values()
    for name, limits in scenario.limits().items():
        value = values[name]
        shown = say("cli.not_given") if value is None else value
        bounds = f"{_bound(limits.minimum)} … {_bound(limits.maximum)}{limits.unit_label()}"
        yield f"{name:<22} {shown!s:<12} {bounds:<28} {limits.label()}"


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


@contextmanager
def _progress_bar() -> Iterator[Callable[[int, int, str], None]]:
    """Draw a bar of plain characters on the error stream until the work ends; nothing on a pipe or in a file."""
    from tqdm import tqdm

    layout = "[{bar:28}] {n_fmt}/{total_fmt} {desc}"
    first = _printable(say("report.step_start"), sys.stderr)
    with tqdm(total=1, desc=first, bar_format=layout, ascii=".#", leave=False, disable=None) as bar:

        def show(done: int, total: int, what: str) -> None:
            bar.n, bar.total = done, total
            bar.set_description_str(_printable(what, sys.stderr))

        yield show


if __name__ == "__main__":
    main()

"""From a source to a clean log: choose the columns, read every part, judge every row, add up."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import tables
from ..errors import CvmError
from ..vocabulary import say
from . import dates, files, values
from .accounts import account
from .columns import ColumnMapping, distinct_names, find_header, guess_mapping, roles_of
from .judging import Rules, clean_query, judge
from .mappings import SavedMapping, load_saved, mapping_path
from .notes import Note
from .quality import DataReport, Unused

if TYPE_CHECKING:
    import duckdb

# Above this size the log lies in a compressed database on disk, below in memory, where it is faster.
DISK_BYTES = 256 << 20
_NAME = "frame"


@dataclass(frozen=True)
class Log:
    """A clean log and how it came about.

    Attributes
    ----------
    transactions
        DuckDB relation with ``customer_id`` (text), ``date`` (date), ``amount`` (float, the data's currency), where the
        source has them ``order_id``, ``profit``, ``cost``, ``product``, ``customer_name``, ``owner``, ``phone``,
        and the columns that were to be kept, as text under their own names.
    quality
        The data report.
    mapping
        Role to source column.
    name
        Short name of the source.
    connection
        The DuckDB connection in which the log lies; it lives as long as the log is used.
    """

    transactions: duckdb.DuckDBPyRelation
    quality: DataReport
    mapping: ColumnMapping
    name: str
    connection: duckdb.DuckDBPyConnection
    close: Callable[[], object] = field(repr=False, compare=False, default=lambda: None)


@dataclass(frozen=True)
class Part:
    """A file or sheet that is part of the log: its head, the position of its header, its mapping."""

    head: files.Head
    header: int | None
    names: tuple[str, ...]
    mapping: ColumnMapping


def read(
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    keep: Sequence[str] = (),
    sheet: str | None = None,
    day_first: bool | None = None,
    timezone: str | None = None,
    include_suspicious: bool = False,
    include_future: bool = False,
    drop_duplicates: bool = True,
    today: dt.date | None = None,
    name: str | None = None,
    progress: files.Progress | None = None,
) -> Log:
    """Read a log of purchases from any source and judge every row.

    A CSV file is read by DuckDB as it lies; workbooks, HTML and other encodings are streamed once into a
    temporary file. The clean rows are kept in a DuckDB table, in memory or, for large sources, in a
    compressed database among the temporary files, so that memory stays bounded.

    Parameters
    ----------
    source
        Path of a CSV, .xlsx, .xls (HTML or text), or Parquet file or of a folder of these, or a frame of
        pandas, polars, pyarrow or DuckDB with any column names.
    columns
        Role to source column, for example ``{"amount": "无税金额"}``; what is left out is found by name, an
        empty name says that the source has no such column.
    keep
        Further source columns to keep, as text.
    sheet
        Only this sheet of a workbook; else all sheets that have a customer, a date and an amount.
    day_first
        Whether 3/4/2019 is the third of April; decided on the whole column if left out.
    timezone
        Zone in which days begin, needed if dates carry a time zone.
    include_suspicious, include_future
        Use the rows of suspicious customers, and rows dated after today.
    drop_duplicates
        Drop rows whose cells are all equal to an earlier row's. Only where there is an order id: without one,
        equal rows may be different purchases.
    today
        The day after which a date is in the future; the computer's date if left out.
    name
        Short name of the source; made from the file name if left out.
    progress
        Called with a step and the share of it that is done.

    Returns
    -------
    Log

    Raises
    ------
    CvmError
        In one sentence, if the source cannot be read, a column is missing or unclear, or no row can be used.

    Notes
    -----
    A customer is suspicious by name (散客, 测试, test, walk-in, cash … in ``words/columns.csv``), or when it has over
    5% of the rows, at least 30, in a log of 50 customers or more. By share it is excluded if it has at least twice
    as many rows as the largest customer below 5% and as many orders a day as 99% of them, else only shown.

    An order is left out where its status says that it was cancelled, closed, void or refunded
    (``cancelled_status`` in ``words/columns.csv``), unless rows with such a status are negative and so net out by
    themselves; an empty name for the role ``status`` takes all of them in.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("007", "2019年1月5日", "¥1,200.00"), ("007", "2019/2/6", "(200)")]
    >>> log = read(pd.DataFrame(rows, columns=["客户", "日期", "金额"]))
    >>> log.transactions.fetchall()
    [('007', datetime.date(2019, 1, 5), 1200.0), ('007', datetime.date(2019, 2, 6), -200.0)]
    >>> log.quality.reconcile()[["line", "rows", "amount"]].head(2)
         line  rows   amount
    0    used     1  1200.00
    1  refund     1  -200.00
    """
    import duckdb

    _check_timezone(timezone)
    connection = duckdb.connect()
    folder = Path(tempfile.mkdtemp(prefix="cvmlab-"))
    try:
        with told(source, folder):
            heads, saved = open_heads(source, sheet, connection, progress, name)
            chosen = {**saved.columns, **(columns or {})}
            parts, unused = choose_parts(heads, chosen, str(_label(source, name)), saved)
            _check_keep(keep, parts)
            on_disk = _size(heads) > DISK_BYTES
            if on_disk:
                connection.execute(f"ATTACH {files.quoted(folder / 'log.duckdb')} AS store")
                connection.execute("USE store")
            # Jupyter would show a bar that stays in the notebook
            connection.execute("SET enable_progress_bar = false")
            # made only if memory runs short; DuckDB's own choice would be the working folder
            spill = folder.with_name(f"{folder.name}-spill")
            connection.execute(f"SET temp_directory = {files.quoted(spill)}")
            stage = _stage(connection, parts, keep, timezone, chosen, folder, progress)
            rules = Rules(
                day_first=saved.day_first if day_first is None else day_first,
                timezone=timezone,
                today=today or dt.date.today(),
                drop_duplicates=drop_duplicates,
                include_future=include_future,
                include_suspicious=include_suspicious,
            )
            mappings = [part.mapping for part in parts]
            _tell(progress, "checking", 0.0)
            found = judge(connection, stage, mappings, rules, len(keep))
            _tell(progress, "report", 0.9)
            label = name or short_name(source)
            notes = [*saved.notes, *part_notes(parts), *(note for table in stage for note in table.notes), *found]
            quality = account(connection, stage, mappings, rules, label, notes, unused)
            connection.execute("DROP TABLE stage")
    except BaseException:
        _close(connection, folder)
        raise
    for path in folder.glob("*.csv"):
        path.unlink(missing_ok=True)
    relation = connection.sql(clean_query(mappings, keep))
    close: Callable[[], object] = connection.close
    if on_disk:
        close = weakref.finalize(_ALIVE, _close, connection, folder)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return Log(relation, quality, parts[0].mapping, label, connection, close)


class _Alive:
    """Lives until the interpreter ends: logs on disk must outlive their `Log`, for relations hang on them."""


_ALIVE = _Alive()


def _close(connection: Any, folder: Path) -> None:
    connection.close()
    shutil.rmtree(folder, ignore_errors=True)


def _tell(progress: files.Progress | None, step: str, share: float) -> None:
    if progress:
        progress(say(f"reading.step_{step}"), share)


@contextmanager
def told(source: Any, folder: Path = Path()) -> Iterator[None]:
    """Turn what the system or DuckDB says into a sentence with the next step."""
    import errno

    import duckdb

    label = _label(source, None)
    try:
        yield
    except PermissionError as error:
        raise CvmError("reading.no_permission", file=str(error.filename or label)) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise CvmError("reading.disk_full", reason=files.first_line(error), folder=str(folder.parent)) from error
        raise CvmError("reading.engine_failed", source=label, reason=files.first_line(error)) from error
    except duckdb.OutOfMemoryException as error:
        raise CvmError("reading.out_of_memory", source=label) from error
    except duckdb.IOException as error:
        reason = files.first_line(error)
        if "space" in reason.lower():
            raise CvmError("reading.disk_full", reason=reason, folder=str(folder.parent)) from error
        raise CvmError("reading.engine_failed", source=label, reason=reason) from error
    except duckdb.Error as error:
        raise CvmError("reading.engine_failed", source=label, reason=files.first_line(error)) from error


def _check_timezone(timezone: str | None) -> None:
    if timezone is None:
        return
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        # Windows has no zone files of its own; DuckDB brings its own list
        import duckdb

        with duckdb.connect() as connection:
            known = connection.execute("SELECT count(*) FROM pg_timezone_names() WHERE name = ?", [timezone]).fetchone()
        if known is None or not known[0]:
            raise CvmError("reading.unknown_timezone", zone=timezone) from error


def short_name(source: Any) -> str:
    """Return the short name of a source: a file's name without its ending.

    Examples
    --------
    >>> short_name("exports/sales 2019.xlsx")
    'sales 2019'
    """
    if not isinstance(source, str | Path):
        return _NAME
    path = Path(source).resolve()
    return path.name if path.is_dir() else path.stem


def _label(source: Any, name: str | None) -> str:
    if isinstance(source, str | Path):
        return Path(source).name or str(source)
    return name or _NAME


def open_heads(
    source: Any, sheet: str | None, connection: Any, progress: files.Progress | None, name: str | None = None
) -> tuple[list[files.Head], SavedMapping]:
    """Return the heads of all files and sheets of a source, and the choice of columns saved beside it."""
    if not isinstance(source, str | Path):
        if sheet is not None:
            raise CvmError("reading.sheet_of_no_workbook", sheet=sheet, source=name or _NAME)
        return [files.frame_head(source, name or _NAME, connection)], SavedMapping()
    path = Path(source)
    found = files.find_files(path)
    saved = load_saved(path) if mapping_path(path).exists() else SavedMapping()
    sheet = sheet or saved.sheet
    heads: list[files.Head] = []
    for number, file in enumerate(found):
        if progress:
            progress(say("reading.step_looking"), number / len(found))
        heads += files.read_heads(file, sheet)
    if sheet is not None and not any(head.kind == "xlsx" for head in heads):
        raise CvmError("reading.sheet_of_no_workbook", sheet=sheet, source=path.name)
    return heads, saved


def choose_parts(
    heads: Sequence[files.Head], chosen: Mapping[str, str], label: str, saved: SavedMapping
) -> tuple[list[Part], list[Unused]]:
    """Find header and columns of each head; set aside those that have no customer, date or amount.

    Raises
    ------
    CvmError
        If none has them, one has two equally good columns, or a chosen column is nowhere.
    """
    parts: list[Part] = []
    unused: list[tuple[int, files.Head, CvmError]] = []
    for head in heads:
        rows = head.rows[:30] if not head.types else head.rows[:1]
        if not any(cell.strip() for row in rows for cell in row):
            unused.append((-1, head, CvmError("reading.empty_file", file=head.name)))
            continue
        header, names = _header(head, rows, chosen)
        try:
            parts.append(Part(head, header, names, guess_mapping(names, chosen, head.name)))
        except CvmError as error:
            if error.key.startswith("reading.ambiguous"):
                raise
            score = len({role for name in names for role in roles_of(name)} | set(chosen.values()) & set(names))
            unused.append((score, head, error))
    if not parts:
        best = max(unused, key=lambda entry: entry[0])[2]
        if saved.path is not None and best.key == "reading.unknown_column":
            raise CvmError("reading.bad_mapping_file", file=saved.path.name, reason=str(best)) from best
        if len(unused) == 1 or best.key == "reading.unknown_column":
            raise best
        raise CvmError("reading.nothing_fits", source=label, reason=str(best)) from best
    return parts, [
        Unused(head.file, head.sheet, Note(error.key.removeprefix("reading."), error.values, "warning"))
        for _, head, error in unused
    ]


def _header(
    head: files.Head, rows: Sequence[Sequence[str]], chosen: Mapping[str, str]
) -> tuple[int | None, tuple[str, ...]]:
    if head.types:
        return 0, distinct_names(head.rows[0])
    header = find_header(rows, chosen.values())
    if (header is None and any(name.startswith("column ") for name in chosen.values())) or _headless(rows):
        width = max(len(row) for row in rows)
        return None, distinct_names([""] * width)
    if header is None:
        header = next((position for position, row in enumerate(rows) if sum(map(bool, row)) > 1), 0)
    names = list(rows[header])
    while len(names) > 1 and not names[-1].strip():
        names.pop()
    return header, distinct_names(names)


def _headless(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row is data already: a date or several numbers, as in the rows below."""
    filled = [row for row in rows if any(cell.strip() for cell in row)][:5]

    def like_data(row: Sequence[str]) -> bool:
        shapes = [cell.strip().translate(str.maketrans("0123456789", "9999999999")) for cell in row]
        # six or ten digits may be anything
        return any((dates.form_of(shape) or "epoch") not in dates.DIGITS for shape in shapes) and len(row) > 2

    return len(filled) > 1 and all(like_data(row) for row in filled)


def _check_keep(keep: Sequence[str], parts: Sequence[Part]) -> None:
    known = {name for part in parts for name in part.names}
    for name in keep:
        if name not in known:
            raise CvmError(
                "reading.unknown_column",
                column=name,
                source=parts[0].head.file,
                columns=", ".join(f"'{column}'" for column in parts[0].names),
            )
    contract = {column.name for column in tables.TRANSACTIONS.columns}
    roles = {role for part in parts for role in part.mapping.columns} & contract
    for name in keep:
        role = name.lower()
        if role in roles and any(part.mapping.get(role) != name for part in parts if name in part.names):
            raise CvmError("reading.kept_name_taken", column=name, role=role)


def part_notes(parts: Sequence[Part]) -> Iterator[Note]:
    """Yield what was decided about the columns of each part."""
    for part in parts:
        yield from part.mapping.notes
        repeated = [name for name in part.names if name.endswith(")") and name.rsplit(" (", 1)[0] in part.names]
        if repeated:
            yield Note("repeated_columns", {"source": part.head.name, "columns": ", ".join(repeated)}, "warning")


def _size(heads: Sequence[files.Head]) -> int:
    paths = {head.path for head in heads if head.path is not None}
    return sum(path.stat().st_size for path in paths)


def _stage(
    connection: Any,
    parts: Sequence[Part],
    keep: Sequence[str],
    timezone: str | None,
    chosen: Mapping[str, str],
    folder: Path,
    progress: files.Progress | None,
) -> list[files.RawTable]:
    """Bring the needed cells of all parts into the table ``stage`` and return the raw tables."""
    import duckdb

    values.create_macros(connection)
    loaded: list[files.RawTable] = []
    for number, part in enumerate(parts):
        if progress:
            progress(say("reading.step_reading", source=part.head.name), number / len(parts))
        table = load_part(part, chosen, folder, progress)
        verb = "INSERT INTO stage" if number else "CREATE TABLE stage AS"
        try:
            connection.execute(f"{verb} {values.stage_query(number, table, part.mapping, keep, timezone)}")
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            if table.plainer is None:
                raise
            table = table.plainer()
            table = replace(table, notes=(*table.notes, Note("uneven_lines", {"source": table.name})))
            connection.execute(f"{verb} {values.stage_query(number, table, part.mapping, keep, timezone)}")
        loaded.append(table)
    return loaded


def load_part(
    part: Part, chosen: Mapping[str, str], folder: Path, progress: files.Progress | None = None
) -> files.RawTable:
    """Return all of a part as something DuckDB can scan."""
    head = part.head
    if head.kind == "text":
        return files.load_text(head, part.header, folder, progress)
    if head.kind == "parquet":
        return files.load_parquet(head)
    if head.kind == "frame":
        return files.load_frame(head)
    from . import workbooks

    if head.kind == "html":
        return workbooks.load_html(head, part.header or 0, chosen, folder)
    return workbooks.load_sheet(head, part.header or 0, chosen, folder, progress)

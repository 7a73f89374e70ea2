"""Files of all kinds, told by their content and never by their ending → heads, then tables for DuckDB.

A *head* is what is known of a file or sheet after a look at its beginning: kind, encoding, separator, first
rows. A *raw table* is all of it, as something DuckDB can scan, with columns ``c0, c1, …``. What DuckDB
cannot read itself (sheets, HTML, other encodings, ragged lines) is streamed once into a temporary UTF-8
CSV file, so memory stays flat and everything after it is the same for every kind.
"""

from __future__ import annotations

import codecs
import csv
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from ..errors import CvmError
from ..vocabulary import say
from .notes import Note

Kind = Literal["text", "xlsx", "html", "parquet", "frame"]
Progress = Callable[[str, float], None]

HEAD_ROWS = 200
HEAD_BYTES = 1 << 18
CHUNK = 1 << 20
ENDINGS = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".parquet", ".htm", ".html"})
_SEPARATORS = (",", ";", "\t", "|")
_WESTERN_SHARE = 0.8
# bytes that Windows-1252 leaves undefined
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


@dataclass(frozen=True)
class Head:
    """The beginning of one file or sheet.

    Attributes
    ----------
    file, sheet
        How messages call it; ``sheet`` is empty where there is none.
    kind
        What it is by content.
    rows
        First rows as text, title rows and header included.
    types
        DuckDB types of the columns of Parquet and frames, whose first row is their header; else empty.
    path
        Where it lies, None for a frame.
    encoding, separator
        For text.
    payload
        The frame, or the name by which a workbook calls the sheet, or the rows of an HTML table.
    """

    file: str
    kind: Kind
    rows: Sequence[Sequence[str]]
    sheet: str = ""
    types: tuple[str, ...] = ()
    path: Path | None = None
    encoding: str = ""
    separator: str = ""
    payload: Any = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """How messages call it: file, and sheet if it has one."""
        return f"{self.file} [{self.sheet}]" if self.sheet else self.file


@dataclass(frozen=True)
class RawTable:
    """A whole file or sheet that DuckDB can scan.

    Attributes
    ----------
    file, sheet
        As in `Head`.
    columns
        The header's names, told apart; the scan calls them ``c0, c1, …``.
    types
        DuckDB type of each column, ``VARCHAR`` for anything that came as text.
    scan
        What stands after ``FROM``. It may have a further column ``extra``: cells beyond the last column.
    first_row
        Row number in the file of the first row after the header, from 1.
    has_extra
        Whether the scan has the column ``extra``.
    plainer
        Makes a more patient, slower scan of the same text, for files that DuckDB's reader refuses.
    """

    file: str
    sheet: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    scan: str
    first_row: int
    has_extra: bool = False
    notes: tuple[Note, ...] = ()
    plainer: Callable[[], RawTable] | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"{self.file} [{self.sheet}]" if self.sheet else self.file


def find_files(source: Path) -> list[Path]:
    """Return the file, or the data files of a folder in the order of their names.

    Raises
    ------
    CvmError
        If there is no such file (with names that are near), or a folder holds no data.
    """
    if source.is_dir():
        found = [path for path in sorted(source.iterdir()) if _is_data(path)]
        if not found:
            raise CvmError("reading.folder_without_data", folder=str(source), endings=" ".join(sorted(ENDINGS)))
        return found
    if not source.exists():
        folder = source.parent
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        near = get_close_matches(source.name, names, n=3, cutoff=0.5)
        key = "no_such_file_near" if near else "no_such_file"
        raise CvmError(f"reading.{key}", file=str(source), near=", ".join(near), folder=str(folder.resolve()))
    return [source]


def _is_data(path: Path) -> bool:
    # Excel leaves "~$name.xlsx" beside a workbook that is open
    return path.is_file() and path.suffix.lower() in ENDINGS and not path.name.startswith(("~$", "."))


def read_heads(path: Path, sheet: str | None = None, *, rows: int = HEAD_ROWS) -> list[Head]:
    """Return the head of a file, or of each sheet of a workbook.

    Parameters
    ----------
    path
        The file.
    sheet
        Only this sheet of a workbook.
    rows
        How many rows to look at.

    Raises
    ------
    CvmError
        For a file that is empty, unreadable, protected or of a kind that cannot be read.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(HEAD_BYTES)
    except PermissionError as error:
        raise CvmError("reading.no_permission", file=str(path)) from error
    except OSError as error:
        raise CvmError("reading.unreadable", file=str(path), reason=str(error)) from error
    if not start.strip(b"\x00\xef\xbb\xbf \t\r\n"):
        raise CvmError("reading.empty_file", file=path.name)
    if start.startswith(b"PK"):
        from .workbooks import workbook_heads

        return workbook_heads(path, sheet, rows)
    if start.startswith(b"PAR1"):
        return [_parquet_head(path, rows)]
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise CvmError(f"reading.{_old_workbook(path)}", file=path.name)
    if start.startswith(b"\x1f\x8b"):
        raise CvmError("reading.compressed", file=path.name)
    encoding = guess_encoding(start, complete=len(start) < HEAD_BYTES)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(start)
    opening = text.lstrip().lower()
    if "urn:schemas-microsoft-com:office:spreadsheet" in opening[:2000]:
        raise CvmError("reading.xml_workbook", file=path.name)
    if opening.startswith("<") and ("<table" in opening or opening.startswith(("<!doctype html", "<html"))):
        from .workbooks import html_heads

        return html_heads(path, rows)
    if "\x00" in text:
        raise CvmError("reading.unknown_kind", file=path.name, endings=" ".join(sorted(ENDINGS)))
    lines = text.splitlines(keepends=True)
    if len(start) == HEAD_BYTES and len(lines) > 1:
        lines.pop()
    separator = guess_separator(lines)
    first = list(itertools.islice(parse_lines(lines, separator), rows))
    return [Head(path.name, "text", first, path=path, encoding=encoding, separator=separator)]


def _old_workbook(path: Path) -> str:
    # A protected .xlsx is wrapped in the same container as a binary .xls
    mark = "EncryptedPackage".encode("utf-16-le")
    return "protected_workbook" if mark in path.read_bytes() else "binary_xls"


def _parquet_head(path: Path, rows: int) -> Head:
    import duckdb

    with duckdb.connect() as connection:
        try:
            relation = connection.sql(f"SELECT * FROM read_parquet({quoted(path)}) LIMIT {int(rows)}")
            sample = relation.project("COLUMNS(*)::VARCHAR").fetchall()
        except duckdb.Error as error:
            raise CvmError("reading.corrupt", file=path.name, reason=first_line(error)) from error
        types = tuple(str(kind) for kind in relation.types)
        table = [relation.columns, *([cell_text(cell) for cell in row] for row in sample)]
    return Head(path.name, "parquet", table, types=types, path=path)


def guess_encoding(start: bytes, *, complete: bool = True) -> str:
    """Return the encoding that the beginning of a text speaks for: its mark, UTF-8 if valid, else GB18030.

    Signs above ASCII that stand alone are Western letters such as é or €: Chinese ones come in pairs of bytes.

    Examples
    --------
    >>> [guess_encoding("客户 Müller".encode(name, "ignore")) for name in ("gb18030", "utf-8", "cp1252")]
    ['gb18030', 'utf-8', 'cp1252']
    """
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start, final=complete)
    except UnicodeDecodeError as error:
        # Many valid characters before the fault: UTF-8 that is damaged, not another encoding
        before = start[: error.start].decode("utf-8", "ignore")
        if sum(not character.isascii() for character in before) > 20:
            return "utf-8"
        return "cp1252" if _stand_alone(start) else "gb18030"
    return "utf-8"


def _stand_alone(*texts: bytes) -> bool:
    """Return whether most signs above ASCII have a plain sign on both sides."""
    runs = [len(run) for text in texts for run in re.findall(rb"[\x80-\xff]+", text)]
    return bool(runs) and runs.count(1) >= _WESTERN_SHARE * len(runs)


def guess_separator(lines: Sequence[str]) -> str:
    """Return the separator that divides most lines into the same number of cells; a space if none does.

    Examples
    --------
    >>> guess_separator(["id;date;sum", '7;2019-01-05;"1,5"'])
    ';'
    """
    best, best_score = ",", 0.0
    sample = [line for line in lines[:100] if line.strip()]
    for separator in _SEPARATORS:
        widths = [len(row) for row in parse_lines(sample, separator)]
        if not widths:
            continue
        common = max(set(widths), key=lambda width: (widths.count(width), width))
        if common > 1:
            # agreement counts first, the number of cells decides between separators that agree
            score = widths.count(common) / len(widths) + common / 1000
            if score > best_score:
                best, best_score = separator, score
    if not best_score and sample:
        widths = [len(line.split()) for line in sample]
        if min(widths) >= 3 and len(set(widths)) == 1:
            return " "
    return best


def parse_lines(lines: Iterable[str], separator: str, *, quoting: bool = True) -> Iterator[list[str]]:
    """Yield the cells of each line that has any; a space as separator means any run of white space."""
    if separator == " ":
        yield from (line.split() for line in lines if line.strip())
        return
    style: dict[str, Any] = {} if quoting else {"quoting": csv.QUOTE_NONE}
    yield from (row for row in csv.reader(lines, delimiter=separator, **style) if row)


def check_encoding(
    path: Path, encoding: str, progress: Progress | None = None, *, western: bool = True
) -> tuple[str, Note | None]:
    """Read the whole text once and return the encoding it really is in, with a note if it is a guess.

    ``western`` says that the header is plain ASCII, so that a few other signs may be £ or é.

    Raises
    ------
    CvmError
        If the text is in none of the encodings: names the line and the first bytes that fit none.
    """
    if encoding not in ("utf-8", "utf-8-sig", "gb18030", "cp1252"):
        return encoding, None
    fault = None if encoding == "cp1252" else _first_fault(path, encoding, progress)
    if encoding != "cp1252" and fault is None:
        return encoding, None
    if fault is None or (not fault.text_before and _is_western(path)):
        return _western(path), Note("western_encoding", {"file": path.name})
    if encoding == "utf-8" and not fault.text_before and _first_fault(path, "gb18030", progress) is None:
        return "gb18030", None
    if western and fault.foreign_share < 0.01:
        return _western(path), Note("western_encoding", {"file": path.name})
    raise CvmError(
        "reading.bad_encoding", file=path.name, line=f"{fault.line:,}", bytes=fault.bytes.hex(" "), encoding=encoding
    )


def _is_western(path: Path) -> bool:
    with path.open("rb") as stream:
        return _stand_alone(*iter(lambda: stream.read(CHUNK), b""))


def _western(path: Path) -> str:
    """Return Windows' Western encoding, or Latin-1, whose every byte means something, for what does not fit it."""
    with path.open("rb") as stream:
        undefined = any(_UNDEFINED.search(chunk) for chunk in iter(lambda: stream.read(CHUNK), b""))
    return "latin-1" if undefined else "cp1252"


@dataclass(frozen=True)
class _Fault:
    line: int
    bytes: bytes
    text_before: bool
    foreign_share: float


def _first_fault(path: Path, encoding: str, progress: Progress | None) -> _Fault | None:
    decoder = codecs.getincrementaldecoder(encoding)()
    size = max(path.stat().st_size, 1)
    line, read, foreign, pending = 1, 0, 0, b""
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(CHUNK)
            if not (chunk.isascii() and not pending):
                try:
                    decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError as error:
                    whole = error.object
                    bad = error.start
                    foreign_all = _count_foreign(path)
                    return _Fault(
                        line + whole[:bad].count(b"\n"),
                        whole[bad : bad + 4],
                        foreign + sum(byte > 127 for byte in whole[:bad]) > 60,
                        foreign_all / size,
                    )
                foreign += sum(byte > 127 for byte in chunk[:1000])
                pending = decoder.getstate()[0]
            if not chunk:
                return None
            line += chunk.count(b"\n")
            read += len(chunk)
            if progress:
                progress(say("reading.step_looking"), min(1.0, read / size))


def _count_foreign(path: Path) -> int:
    table = bytes(range(128))
    with path.open("rb") as stream:
        return sum(len(chunk.translate(None, table)) for chunk in iter(lambda: stream.read(CHUNK), b""))


def load_text(head: Head, header: int | None, folder: Path, progress: Progress | None = None) -> RawTable:
    """Return all of a text file as a scan.

    UTF-8 goes to DuckDB as it lies; another encoding is transcoded by Python's codec, a megabyte at a time.

    Parameters
    ----------
    head
        The file's head.
    header
        Position of the header among the head's rows, None if it has none.
    folder
        Where temporary files may be written.
    """
    from .columns import distinct_names

    assert head.path is not None
    western = all(cell.isascii() for cell in head.rows[header or 0])
    encoding, note = check_encoding(head.path, head.encoding, progress, western=western)
    notes = () if note is None else (note,)
    source = head.path
    if encoding not in ("utf-8", "utf-8-sig"):
        source = transcode(head.path, encoding, folder, progress)
        encoding = "utf-8"
    width = max((len(row) for row in head.rows), default=1)
    names = list(head.rows[header]) if header is not None else []
    # cells beyond the header's last name, except the empty ends that Excel leaves behind
    columns = distinct_names([*names, *[""] * (width - len(names))] if header is None else names)
    table = RawTable(
        head.file, head.sheet, columns, ("VARCHAR",) * len(columns), "", (header or 0) + 2 - (header is None),
        notes=notes,
    )  # fmt: skip

    def plainer() -> RawTable:
        path = rewrite(source, encoding, head.separator, len(columns), table.first_row - 1, folder)
        return replace(table, scan=csv_scan(path, len(columns), extra=True), has_extra=True, plainer=None)

    if head.separator == " ":
        return plainer()
    skip = _physical_lines(source, encoding, head.separator, header)
    scan = csv_scan(source, len(columns), separator=head.separator, skip=skip)
    return replace(table, scan=scan, plainer=plainer)


def _physical_lines(path: Path, encoding: str, separator: str, header: int | None) -> int:
    """Return how many lines lie above the data: a quoted title may run over several, empty ones count."""
    if header is None:
        return 0
    with path.open(encoding=encoding, newline="", errors="replace") as stream:
        reader = csv.reader(stream, delimiter=separator)
        rows = 0
        for row in reader:
            rows += bool(row)
            if rows == header + 1:
                return reader.line_num
    return 0


def csv_scan(path: Path, width: int, *, separator: str = ",", skip: int = 0, extra: bool = False) -> str:
    """Return DuckDB's scan of a UTF-8 CSV file, every column as text."""
    names = [f"c{number}" for number in range(width)] + (["extra"] if extra else [])
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    return (
        f"read_csv({quoted(path)}, auto_detect = false, header = false, all_varchar = true, skip = {skip}, "
        f"delim = {quoted(separator)}, quote = '\"', escape = '\"', "
        f"columns = {{{columns}}})"
    )


def transcode(path: Path, encoding: str, folder: Path, progress: Progress | None = None) -> Path:
    """Stream a text into a temporary UTF-8 file and return its path."""
    target = _new_file(folder)
    decoder = codecs.getincrementaldecoder(encoding)()
    size, read = max(path.stat().st_size, 1), 0
    with path.open("rb") as stream, target.open("wb") as out:
        while chunk := stream.read(CHUNK):
            out.write(decoder.decode(chunk).encode())
            read += len(chunk)
            if progress:
                progress(say("reading.step_reading", source=path.name), min(1.0, read / size))
        out.write(decoder.decode(b"", final=True).encode())
    return target


def rewrite(path: Path, encoding: str, separator: str, width: int, skip: int, folder: Path) -> Path:
    """Rewrite a ragged or badly quoted text as a clean CSV of ``width`` columns and one for what is beyond.

    Short lines are filled up. Where the quotes of the file do not close, they are taken as plain signs.
    """
    try:
        return _rewrite(path, encoding, separator, width, skip, folder, quoting=True)
    except csv.Error:
        return _rewrite(path, encoding, separator, width, skip, folder, quoting=False)


def _rewrite(path: Path, encoding: str, separator: str, width: int, skip: int, folder: Path, *, quoting: bool) -> Path:
    def rows() -> Iterator[list[str]]:
        with path.open(encoding=encoding, newline="") as stream:
            if separator == " ":
                parsed = parse_lines(stream, separator)
            elif quoting:
                parsed = (row for row in csv.reader(stream, delimiter=separator, strict=True) if row)
            else:
                parsed = parse_lines((line for line in stream.read().splitlines()), separator, quoting=False)
            for row in itertools.islice(parsed, skip, None):
                beyond = separator.join(row[width:]).strip(separator + " ")
                yield [*row[:width], *[""] * (width - len(row)), beyond]

    return write_rows(rows(), folder)


def write_rows(rows: Iterable[Sequence[str]], folder: Path) -> Path:
    """Stream rows into a temporary UTF-8 CSV file and return its path."""
    target = _new_file(folder)
    with target.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(rows)
    return target


def load_parquet(head: Head) -> RawTable:
    """Return a Parquet file as a scan."""
    assert head.path is not None
    return _typed(head, f"read_parquet({quoted(head.path)})")


def frame_head(frame: Any, name: str, connection: Any, rows: int = HEAD_ROWS) -> Head:
    """Make a frame of pandas, polars, pyarrow or DuckDB known to the connection and return its head.

    Raises
    ------
    CvmError
        If it is no frame that can be read.
    """
    import duckdb

    arrow = _arrow(frame, name)
    names = [str(column) for column in arrow.column_names]
    # a frame may have two columns of one name, which SQL may not
    connection.register("source_frame", arrow.rename_columns([f"c{number}" for number in range(len(names))]))
    try:
        relation = connection.sql("SELECT * FROM source_frame")
        sample = relation.limit(rows).project("COLUMNS(*)::VARCHAR").fetchall()
    except duckdb.Error as error:
        raise CvmError("reading.corrupt", file=name, reason=first_line(error)) from error
    table = [names, *([cell_text(cell) for cell in row] for row in sample)]
    return Head(name, "frame", table, types=tuple(str(kind) for kind in relation.types), payload=arrow)


def _arrow(frame: Any, name: str) -> Any:
    """Return the frame as an Arrow table whose columns are called ``c0, c1, …``, names kept beside it."""
    import narwhals as nw
    import pyarrow as pa

    if isinstance(frame, pa.Table):
        return frame
    try:
        wide = nw.from_native(frame)
    except TypeError as error:
        raise CvmError("reading.not_a_frame", found=type(frame).__name__) from error
    if isinstance(wide, nw.LazyFrame):
        if hasattr(frame, "to_arrow_table"):
            return frame.to_arrow_table()
        wide = wide.collect("pyarrow")
        return wide.to_native()
    if wide.implementation.is_pandas():
        import pandas as pd

        columns = []
        for position, column in enumerate(frame.columns):
            values = frame.iloc[:, position]
            if values.dtype == object:
                values = values.map(cell_text, na_action="ignore").astype("str")
            elif isinstance(values.dtype, pd.CategoricalDtype | pd.PeriodDtype | pd.IntervalDtype):
                values = values.astype("str")
            columns.append((str(column), pa.Array.from_pandas(values)))
        arrays = [array for _, array in columns]
        return pa.Table.from_arrays(
            [array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array for array in arrays],
            names=[column for column, _ in columns],
        )
    return wide.to_arrow()


def load_frame(head: Head) -> RawTable:
    """Return a registered frame as a scan."""
    return _typed(head, "source_frame")


def _typed(head: Head, scan: str) -> RawTable:
    from .columns import distinct_names

    columns = distinct_names(head.rows[0])
    aliases = ", ".join(f"c{number}" for number in range(len(columns)))
    return RawTable(head.file, head.sheet, columns, head.types, f"(SELECT * FROM {scan}) AS t({aliases})", 1)


def cell_text(value: Any) -> str:
    """Return a cell as text: whole floats without their ``.0``, dates in ISO.

    Examples
    --------
    >>> cell_text(17850.0), cell_text(None), cell_text(0.5)
    ('17850', '', '0.5')
    """
    import datetime as dt

    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        if value != value:
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        text = value.isoformat(" ")
        return text.removesuffix(" 00:00:00") if value.tzinfo is None else text
    return str(value)


def quoted(text: str | Path) -> str:
    """Return text as an SQL literal."""
    return "'" + str(text).replace("'", "''") + "'"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, short enough for a sentence."""
    return str(error).strip().split("\n", 1)[0][:200]


def _new_file(folder: Path) -> Path:
    return folder / f"{len(list(folder.iterdir()))}.csv"

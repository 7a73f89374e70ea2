"""Files of all kinds, known by their content and never by their ending → heads, then tables for DuckDB.

What DuckDB cannot read itself (sheets, HTML, other encodings, ragged lines) is streamed once into a temporary
UTF-8 CSV file, so memory stays flat and everything after it is the same for every kind. Each kind has a module of
its own, `delimited` and `encodings`, `frames`, `workbooks`; what they pass on is in `raw`.
"""

from __future__ import annotations

import codecs
import csv
import itertools
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from cvmlab.core.words import CvmError

from .columns import distinct_names
from .delimited import csv_scan, guess_separator, parse_lines, rewrite
from .encodings import check_encoding, guess_encoding, transcode
from .frames import parquet_head
from .raw import HEAD_ROWS, Head, Progress, RawTable
from .workbooks import OLE, html_heads, workbook_heads

HEAD_BYTES = 1 << 18
ENDINGS = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".parquet", ".htm", ".html"})


def find_files(source: Path) -> list[Path]:
    """Return the file, or the data files of a folder in the order of their names."""
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
    """Return the head of a file, or of each sheet of a workbook (only the named one)."""
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
        return workbook_heads(path, sheet, rows)
    if start.startswith(b"PAR1"):
        return [parquet_head(path, rows)]
    if start.startswith(OLE):
        # a protected .xlsx is wrapped in the same container as .xls
        if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
            raise CvmError("reading.protected_workbook", file=path.name)
        return workbook_heads(path, sheet, rows)
    if start.startswith(b"\x1f\x8b"):
        raise CvmError("reading.compressed", file=path.name)
    encoding = guess_encoding(start, complete=len(start) < HEAD_BYTES)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(start)
    opening = text.lstrip().lower()
    if "urn:schemas-microsoft-com:office:spreadsheet" in opening[:2000]:
        raise CvmError("reading.xml_workbook", file=path.name)
    if opening.startswith("<") and ("<table" in opening or opening.startswith(("<!doctype html", "<html"))):
        return html_heads(path, rows)
    if "\x00" in text:
        raise CvmError("reading.unknown_kind", file=path.name, endings=" ".join(sorted(ENDINGS)))
    lines = text.splitlines(keepends=True)
    if len(start) == HEAD_BYTES and len(lines) > 1:
        lines.pop()
    separator = guess_separator(lines)
    first = list(itertools.islice(parse_lines(lines, separator), rows))
    return [Head(path.name, "", "text", first, path=path, encoding=encoding, separator=separator)]


def load_text(head: Head, header: int | None, folder: Path, progress: Progress | None = None) -> RawTable:
    """Return all of a text file as a scan: UTF-8 as it lies, another encoding transcoded a megabyte at a time."""
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
    first_row = 1 if header is None else header + 2
    table = RawTable(head.file, head.sheet, columns, ("VARCHAR",) * len(columns), "", first_row, notes=notes)

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

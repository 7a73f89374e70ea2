"""Files of all kinds, known by their content and never by their ending → heads, then tables for DuckDB.

What DuckDB cannot read itself (sheets, HTML, other encodings, ragged lines) is streamed once into a temporary
UTF-8 CSV file, so memory stays flat and everything after it is the same for every kind. Each kind has a module of
its own, `delimited` and `encodings`, `frames`, `workbooks`; what they pass on is in `raw`.
"""

from __future__ import annotations

import codecs
import io
import itertools
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from cvmlab.core.words import CvmError

from .columns import distinct_names
from .delimited import clean_lines, count_plain, csv_scan, guess_layout, rewrite
from .encodings import check_encoding, guess_encoding, transcode
from .foreign import refuse_foreign
from .frames import parquet_head
from .pages import html_heads
from .raw import HEAD_ROWS, Head, Progress, RawTable
from .records import Findings, records_of, wide_cells
from .workbooks import OLE, workbook_heads

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
    refuse_foreign(start, path.name)
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
    return [_text_head(path, text, encoding, rows, complete=len(start) < HEAD_BYTES)]


def _text_head(path: Path, text: str, encoding: str, rows: int, *, complete: bool) -> Head:
    lines = list(clean_lines(io.StringIO(text, newline=""), Findings()))
    if not complete and len(lines) > 1:
        lines.pop()
    with wide_cells():
        layout = guess_layout(lines)
        first = list(itertools.islice(records_of(lines, layout), rows))
    cells, begins = [record.cells for record in first], [record.line for record in first]
    return Head(path.name, "", "text", cells, path=path, encoding=encoding, lines=begins, layout=layout)


def load_text(head: Head, header: int | None, folder: Path, progress: Progress | None = None) -> RawTable:
    """Return all of a text file as a scan: as it lies where DuckDB surely reads it right, else rewritten."""
    assert head.path is not None and head.layout is not None
    western = all(cell.isascii() for cell in head.rows[header or 0])
    encoding, note = check_encoding(head.path, head.encoding, progress, western=western)
    notes = () if note is None else (note,)
    source, layout = head.path, head.layout
    if encoding not in ("utf-8", "utf-8-sig"):
        source = transcode(head.path, encoding, folder, progress)
        encoding = "utf-8"
    width = max((len(row) for row in head.rows), default=1)
    names = list(head.rows[header]) if header is not None else []
    # cells beyond the header's last name, except the empty ends that Excel leaves behind
    columns = distinct_names([*names, *[""] * (width - len(names))] if header is None else names)
    above = 0 if header is None else head.lines[header]
    table = RawTable(head.file, head.sheet, columns, ("VARCHAR",) * len(columns), "", above + 1, notes=notes)
    table = replace(table, separator=layout.separator)

    def plainer() -> RawTable:
        made = rewrite(source, encoding, layout, len(columns), 0 if header is None else header + 1, folder)
        said = (*notes, *made.notes(table.name))
        rows = made.lines.count
        return replace(table, scan=made.scan, has_extra=True, notes=said, lines=made.lines, rows=rows, plainer=None)

    lines = None if layout.separator == " " else count_plain(source, layout.separator)
    if lines is None:
        return plainer()
    scan = csv_scan(source, len(columns), separator=layout.separator, skip=above)
    return replace(table, scan=scan, rows=lines - above, plainer=plainer)

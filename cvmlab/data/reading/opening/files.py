"""Files of all kinds, known by their content and never by their ending → heads, then tables for DuckDB.

What DuckDB cannot read itself (sheets, HTML, other encodings, ragged lines) is streamed once into a temporary
UTF-8 CSV file, so memory stays flat and everything after it is the same for every kind. Each kind has a module of
its own, `delimited` and `encodings`, `frames`, `workbooks`; what they pass on is in `raw`.
"""

from __future__ import annotations

import codecs
import io
import itertools
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from cvmlab.core.words import CvmError

from ..notes import Note
from ..raw import Progress, RawTable
from ..role_names import distinct_names
from .delimited import clean_lines, count_plain, csv_scan, guess_layout, rewrite
from .encodings import check_encoding, check_is_clear, encoding_stated, guess_encoding, transcode
from .foreign import refuse_foreign
from .frames import parquet_head
from .heads import HEAD_ROWS, Head
from .pages import html_heads
from .records import Findings, records_of, wide_cells
from .scripts import CHINESE
from .workbooks import OLE, workbook_heads

HEAD_BYTES = 1 << 18
# a header of ten thousand columns is longer
_LONGEST_HEAD, _HEAD_LINES = 1 << 25, 40
_SHOWN_FOLDERS = 5
# a column may be called PK or PAR1
_ZIP, _PARQUET = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"), b"PAR1"
_ADDRESS = re.compile(r"(?!file:)([A-Za-z][A-Za-z0-9+.-]+):[/\\]+")
_TAG = re.compile(r"<(?:[?!]|(?:head|body|meta|table|div|span|style|script|center|font|p|b|h\d)\b[^>]*>\s*[^,;|\t\s])")
ENDINGS = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".parquet", ".htm", ".html"})


def find_files(source: Path) -> list[Path]:
    """Return the file, or the data files of a folder in the order of their names."""
    _check_name(source)
    if source.is_dir():
        found = [path for path in sorted(source.iterdir()) if _is_data(path)]
        for path in found:
            _check_name(path)
        if not found:
            for note in unread_folders(source):
                first = next(path for path in sorted(source.rglob("*")) if _is_data(path) and _is_seen(path, source))
                values = {**note.values, "folder": str(source), "first": str(first.parent)}
                raise CvmError("reading.data_in_subfolders", **values)
            raise CvmError("reading.folder_without_data", folder=str(source), endings=" ".join(sorted(ENDINGS)))
        return found
    if source.is_symlink() and not source.exists():
        raise CvmError("reading.dangling_link", file=str(source), target=str(source.readlink()))
    if not source.exists():
        # a Path has one slash where the address had two
        if _ADDRESS.match(str(source)):
            raise CvmError("reading.source_is_address", source=_ADDRESS.sub(r"\1://", str(source)))
        folder = source.parent
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        near = get_close_matches(source.name, names, n=3, cutoff=0.5)
        key = "no_such_file_near" if near else "no_such_file"
        raise CvmError(f"reading.{key}", file=str(source), near=", ".join(near), folder=str(folder.resolve()))
    if not source.is_file():
        # a pipe or device may never end
        raise CvmError("reading.not_a_file", file=str(source))
    return [source]


def unread_folders(source: object) -> list[Note]:
    """Return a warning that the subfolders of a folder hold data files: only those of the folder itself are read."""
    if not isinstance(source, str | Path) or not Path(source).is_dir():
        return []
    counts: Counter[str] = Counter()
    for root, folders, files in os.walk(source):
        folders[:] = sorted(folder for folder in folders if not folder.startswith((".", "__")))
        name = os.fsencode(os.path.relpath(root, source)).decode(errors="backslashreplace")
        counts[name] = sum(_is_data(Path(root, file)) for file in files)
    del counts["."]
    found = [name for name, count in counts.items() if count]
    more = f", … ({len(found)})" if len(found) > _SHOWN_FOLDERS else ""
    said = {"count": f"{counts.total():,}", "folders": ", ".join(found[:_SHOWN_FOLDERS]) + more}
    return [Note("subfolders_unread", said, "warning")] if found else []


def _check_name(path: Path) -> None:
    """Raise `CvmError` for a name that is not text, as old archives leave behind."""
    shown = str(path).encode("utf-8", "backslashreplace").decode()
    if shown != str(path):
        raise CvmError("reading.odd_file_name", file=shown)


def _is_seen(path: Path, source: Path) -> bool:
    # the folders that `unread_folders` counts
    return not any(name.startswith((".", "__")) for name in path.relative_to(source).parts[:-1])


def _is_data(path: Path) -> bool:
    # Excel leaves "~$name.xlsx" beside a workbook that is open
    return path.is_file() and path.suffix.lower() in ENDINGS and not path.name.startswith(("~$", "."))


def read_heads(
    path: Path, sheet: str | None = None, *, rows: int = HEAD_ROWS, encoding: str | None = None
) -> list[Head]:
    """Return the head of a file, or of each sheet of a workbook (only the named one)."""
    start = _start_of(path)
    if not start.strip(b"\x00\xef\xbb\xbf \t\r\n\x1a"):
        raise CvmError("reading.empty_file", file=path.name)
    refuse_foreign(start, path.name)
    if start.startswith(_ZIP):
        return workbook_heads(path, sheet, rows)
    if start.startswith(_PARQUET) and (_ends_with(path, _PARQUET) or _is_binary(start.decode("latin-1"))):
        return [parquet_head(path, rows)]
    if start.startswith(OLE):
        # a protected .xlsx is wrapped in the same container as .xls
        if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
            raise CvmError("reading.protected_workbook", file=path.name)
        return workbook_heads(path, sheet, rows)
    if start.startswith(b"\x1f\x8b"):
        raise CvmError("reading.compressed", file=path.name)
    complete = len(start) == path.stat().st_size
    start = _unfilled(start)
    used = encoding_stated(encoding, start, path.name) if encoding else guess_encoding(start, complete=complete)
    text = codecs.getincrementaldecoder(used)("replace").decode(start)
    if "urn:schemas-microsoft-com:office:spreadsheet" in text[:2000].lower():
        raise CvmError("reading.xml_workbook", file=path.name)
    if _is_page(text):
        return html_heads(path, rows)
    if _is_binary(text):
        raise CvmError("reading.unknown_kind", file=path.name, endings=" ".join(sorted(ENDINGS)))
    if not encoding and used == CHINESE:
        check_is_clear(start, path.name)
    head = _text_head(path, text, used, rows, complete=complete)
    return [replace(head, stated=bool(encoding))]


def _unfilled(start: bytes) -> bytes:
    """Return the beginning of a text without the NUL characters that a program leaves behind when it breaks off."""
    text = start.rstrip(b"\x00")
    # those of UTF-16 and UTF-32 belong to the last sign; one line is no table
    return (
        start if len(start) - len(text) < 4 or b"\n" not in text else text + start[len(text) : -(-len(text) // 4) * 4]
    )


def _start_of(path: Path) -> bytes:
    """Return the beginning of a file: enough of it to hold a good number of lines."""
    try:
        # what the system makes up, such as /proc/kmsg, has no size and may never end
        if not path.stat().st_size:
            return b""
        with path.open("rb") as stream:
            start = stream.read(HEAD_BYTES)
            while len(start) < _LONGEST_HEAD and start.count(b"\n") + start.count(b"\r") < _HEAD_LINES:
                if not (more := stream.read(len(start))):
                    break
                start += more
    except PermissionError as error:
        raise CvmError("reading.no_permission", file=str(path)) from error
    except OSError as error:
        raise CvmError("reading.unreadable", file=str(path), reason=str(error)) from error
    return start


def _ends_with(path: Path, mark: bytes) -> bool:
    with path.open("rb") as stream:
        stream.seek(-min(len(mark), path.stat().st_size), os.SEEK_END)
        return stream.read() == mark


def _is_page(text: str) -> bool:
    """Return whether a text is a web page, not a table whose first name begins with ``<``."""
    opening = text.lstrip("\ufeff \t\r\n").lower()
    if opening.startswith(("<!doctype html", "<html")):
        return True
    return bool(_TAG.match(opening)) and "<table" in opening


def _is_binary(text: str) -> bool:
    """Return whether a text has many signs that no text has; a few NUL characters are dropped later."""
    signs = Counter(text[:HEAD_BYTES])
    odd = sum(
        count for sign, count in signs.items() if sign < " " and sign not in "\x00\t\n\v\f\r\x1a\x1b\x1c\x1d\x1e\x1f"
    )
    return odd > max(2, 0.005 * signs.total()) or signs["\x00"] > 0.3 * signs.total()


def _text_head(path: Path, text: str, encoding: str, rows: int, *, complete: bool) -> Head:
    lines = list(clean_lines(io.StringIO(text, newline=""), Findings()))
    if not complete and len(lines) > 1:
        lines.pop()
    with wide_cells():
        layout = guess_layout(lines)
        first = list(itertools.islice(records_of(lines, layout), rows))
    cells, begins = [record.cells for record in first], [record.line for record in first]
    return Head(path.name, "", "text", cells, path=path, encoding=encoding, lines=begins, layout=layout)


def load_text(
    head: Head, header: int | None, folder: Path, progress: Progress | None = None, joined: Sequence[str] = ()
) -> RawTable:
    """Return all of a text file as a scan: as it lies where DuckDB surely reads it right, else rewritten."""
    assert head.path is not None and head.layout is not None
    western = all(cell.isascii() for cell in head.rows[header or 0])
    encoding, note = check_encoding(head.path, head.encoding, progress, western=western, stated=head.stated)
    notes = () if note is None else (note,)
    source, layout = head.path, head.layout
    if encoding not in ("utf-8", "utf-8-sig"):
        source = transcode(head.path, encoding, folder, progress)
        encoding = "utf-8"
    width = max((len(row) for row in head.rows), default=1)
    names = list(joined or head.rows[header]) if header is not None else []
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

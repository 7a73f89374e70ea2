"""Sheets of a workbook, and tables of an HTML page that calls itself .xls → heads and rows of text.

openpyxl streams .xlsx; calamine reads what it cannot: .xls, .xlsb, .ods and strict OOXML. calamine gives an error cell
as an empty one, and knows no merged cells in .xlsb and .ods.

Cells merged downwards hold their value in the first row only. It is filled down, as a reader of the sheet
sees it, except in columns of numbers: an amount that is merged over three lines is one amount.
"""

from __future__ import annotations

import itertools
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvmlab.core.words import CvmError, say

from .columns import NUMBERS, distinct_names, roles_of
from .delimited import csv_scan, write_rows
from .encodings import guess_encoding
from .notes import Note
from .raw import CHUNK, Head, Progress, RawTable, cell_text, first_line

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

# first row, last row, column; counted from 1
Merge = tuple[int, int, int]
_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
OLE = b"\xd0\xcf\x11\xe0"
_STRICT = b"http://purl.oclc.org/ooxml/"


def workbook_heads(path: Path, sheet: str | None, rows: int) -> list[Head]:
    """Return the head of each worksheet, or of the one that is named."""
    with _sheets_of(path) as sheets:
        names = [page.name for page in sheets]
        if sheet is not None and sheet not in names:
            raise CvmError("reading.no_such_sheet", file=path.name, sheet=sheet, sheets=", ".join(names))
        return [
            Head(path.name, page.name, "workbook", list(page.rows(rows)), path=path)
            for page in sheets
            if sheet is None or page.name == sheet
        ]


def load_sheet(
    head: Head, header: int, chosen: Mapping[str, str], folder: Path, progress: Progress | None = None
) -> RawTable:
    """Stream a sheet into a temporary CSV and return its scan."""
    assert head.path is not None
    with _sheets_of(head.path) as sheets:
        page = next(page for page in sheets if page.name == head.sheet)
        rows = _watched(page.rows(), head.sheet, page.height(), progress)
        return _load(head, header, rows, page.merges(), chosen, folder)


@contextmanager
def _sheets_of(path: Path) -> Iterator[Sequence[_StreamedSheet | _WholeSheet]]:
    """Yield the sheets of an open workbook; what its reader raises becomes one sentence."""
    import warnings

    import openpyxl
    from python_calamine import PasswordError, SheetTypeEnum, load_workbook

    unreadable = "corrupt"
    try:
        if _is_for_openpyxl(path):
            with warnings.catch_warnings():
                # styles that openpyxl does not know do not matter to a reader of values
                warnings.simplefilter("ignore")
                streamed = openpyxl.load_workbook(path, read_only=True, data_only=True)
            with closing(streamed):
                yield [_StreamedSheet(page.title, path, page) for page in streamed.worksheets]
        else:
            unreadable = "binary_xls"
            with load_workbook(path) as book:
                yield [
                    _WholeSheet(page.name, book, number)
                    for number, page in enumerate(book.sheets_metadata)
                    if page.typ == SheetTypeEnum.WorkSheet
                ]
    except PasswordError as error:
        raise CvmError("reading.protected_workbook", file=path.name) from error
    except BaseException as error:
        # a panic of calamine's Rust is not an Exception; a full disk or a refused file has its own sentence
        is_damage = isinstance(error, Exception) or type(error).__name__ == "PanicException"
        if not is_damage or isinstance(error, CvmError) or (isinstance(error, OSError) and error.errno):
            raise
        raise CvmError(f"reading.{unreadable}", file=path.name, reason=first_line(error)) from error


def _is_for_openpyxl(path: Path) -> bool:
    """Return whether a workbook is .xlsx; raise `CvmError` for an archive that neither library reads."""
    with path.open("rb") as stream:
        if stream.read(4) == OLE:
            return False
    with zipfile.ZipFile(path) as archive:
        inside = archive.namelist()
        books = [name for name in inside if name.endswith("workbook.xml")]
        if books and not any(_STRICT in archive.read(name) for name in books):
            return True
        if not books and "xl/workbook.bin" not in inside and not _is_open_document(archive):
            raise CvmError("reading.not_a_workbook", file=path.name)
        # sizes that are damaged make calamine ask for all memory, which ends the process
        if damaged := archive.testzip():
            raise CvmError("reading.corrupt", file=path.name, reason=damaged)
        for name in inside:
            if re.fullmatch(r"xl/worksheets/\w+\.bin", name) and _has_short_cells(archive.open(name).read(CHUNK)):
                raise CvmError("reading.binary_xls", file=path.name, reason="cells without column numbers")
    return False


def _is_open_document(archive: zipfile.ZipFile) -> bool:
    return "mimetype" in archive.namelist() and b"opendocument.spreadsheet" in archive.read("mimetype")


def _has_short_cells(records: bytes) -> bool:
    """Return whether a sheet of .xlsb has cells without a column number: calamine drops them, Excel writes none."""
    stream = BytesIO(records)
    while (kind := _varint(stream, 2)) is not None:
        if 12 <= kind <= 18:
            return True
        stream.seek(_varint(stream, 4) or 0, os.SEEK_CUR)
    return False


def _varint(stream: BytesIO, longest: int) -> int | None:
    """Return the next number of up to ``longest`` bytes of seven bits, None at the end."""
    number = 0
    for step, byte in enumerate(iter(lambda: stream.read(1), b"")):
        number |= (byte[0] & 127) << 7 * step
        if byte[0] < 128 or step + 1 == longest:
            return number
    return None


@dataclass(frozen=True)
class _StreamedSheet:
    """A sheet of .xlsx."""

    name: str
    path: Path
    page: Any

    def height(self) -> int:
        """Return the number of rows that the sheet states, 0 if it states none."""
        return self.page.max_row or 0

    def rows(self, most: int | None = None) -> Iterator[list[str]]:
        """Yield the rows as text."""
        # exports often state a wrong size of the sheet; without it openpyxl reads what is there
        self.page.reset_dimensions()
        for row in self.page.iter_rows(max_row=most, values_only=True):
            yield [cell_text(value) for value in row]

    def merges(self) -> list[Merge]:
        """Return the downward merges: they stand at the end of the XML, where openpyxl does not look."""
        from openpyxl.utils import column_index_from_string as number

        inside = getattr(self.page, "_worksheet_path", "")
        merges: list[Merge] = []
        with zipfile.ZipFile(self.path) as archive:
            if inside not in archive.namelist():
                return merges
            rest = b""
            with archive.open(inside) as stream:
                while chunk := stream.read(CHUNK):
                    text = rest + chunk
                    # a tag may lie across two chunks: keep what follows the last closed one
                    cut = text.rfind(b">") + 1
                    rest = text[cut:]
                    for left, top, right, bottom in _MERGE.findall(text[:cut]):
                        merges += _downward(int(top), int(bottom), number(left.decode()), number(right.decode()))
        return merges


@dataclass
class _WholeSheet:
    """A sheet that calamine holds whole."""

    name: str
    book: CalamineWorkbook
    number: int
    _sheet: CalamineSheet | None = field(default=None, init=False)

    def _read(self) -> CalamineSheet:
        if self._sheet is None:
            self._sheet = self.book.get_sheet_by_index(self.number)
        return self._sheet

    def height(self) -> int:
        """Return the number of rows."""
        return self._read().total_height

    def rows(self, most: int | None = None) -> Iterator[list[str]]:
        """Yield the rows as text."""
        start = self._read().start
        # empty columns on the left are left out
        left = [""] * (start[1] if start else 0)
        for row in itertools.islice(self._read().iter_rows(), most):
            yield left + [cell_text(value) for value in row]

    def merges(self) -> list[Merge]:
        """Return the downward merges."""
        return [
            merge
            for (top, left), (bottom, right) in self._read().merged_cell_ranges or ()
            for merge in _downward(top + 1, bottom + 1, left + 1, right + 1)
        ]


def _downward(top: int, bottom: int, left: int, right: int) -> list[Merge]:
    return [(top, bottom, column) for column in range(left, right + 1)] if bottom > top else []


def _watched(rows: Iterable[list[str]], sheet: str, last: int, progress: Progress | None) -> Iterator[list[str]]:
    for number, row in enumerate(rows):
        if progress and number % 5000 == 0 and last:
            progress(say("reading.step_reading", source=sheet), min(1.0, number / last))
        yield row


def _load(
    head: Head,
    header: int,
    rows: Iterable[Sequence[str]],
    merges: Sequence[Merge],
    chosen: Mapping[str, str],
    folder: Path,
) -> RawTable:
    """Write rows to a temporary CSV, merged cells filled down, and return its scan."""
    names = list(head.rows[header])
    while names and not names[-1].strip():
        names.pop()
    columns = distinct_names(names)
    width = len(columns)
    numbers = {chosen[role] for role in NUMBERS if chosen.get(role)}
    starts: dict[int, list[tuple[int, int]]] = {}
    for top, bottom, column in merges:
        if column <= width and bottom > header + 1:
            name = columns[column - 1]
            if name not in numbers and not set(roles_of(name)) & set(NUMBERS):
                starts.setdefault(top, []).append((column - 1, bottom))

    def lines() -> Iterator[list[str]]:
        open_merges: dict[int, tuple[int, str]] = {}
        for number, row in enumerate(rows, start=1):
            cells = [*row[:width], *[""] * (width - len(row)), " ".join(row[width:]).strip()]
            for column, bottom in starts.get(number, ()):
                open_merges[column] = (bottom, cells[column])
            for column, (bottom, value) in list(open_merges.items()):
                if number <= bottom:
                    cells[column] = value
                else:
                    del open_merges[column]
            if number > header + 1:
                yield cells

    path = write_rows(lines(), folder)
    filled = sum(len(columns_) for columns_ in starts.values())
    notes = (Note("merged_filled", {"source": head.name, "count": filled}),) if filled else ()
    scan = csv_scan(path, width, extra=True)
    return RawTable(head.file, head.sheet, columns, ("VARCHAR",) * width, scan, header + 2, True, notes)


class _Tables(HTMLParser):
    """Collects the rows of every table of a page, and which cells run over several rows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[str]]] = []
        self.merges: list[list[Merge]] = []
        self._open: list[int] = []
        self._cell: list[str] | None = None
        self._spans: dict[int, int] = {}
        self._size = (1, 1)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._close_cell()
            self._open.append(len(self.tables))
            self.tables.append([])
            self.merges.append([])
            self._spans = {}
        elif tag == "tr" and self._open:
            self._close_cell()
            self.tables[self._open[-1]].append([])
        elif tag in ("td", "th") and self._open:
            self._close_cell()
            if not self.tables[self._open[-1]]:
                self.tables[self._open[-1]].append([])
            given = dict(attributes)
            self._size = (_span(given.get("rowspan")), _span(given.get("colspan")))
            self._cell = []
        elif tag == "br" and self._cell is not None:
            self._cell.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._close_cell()
        if tag == "table" and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _close_cell(self) -> None:
        if self._cell is None or not self._open:
            return
        table = self.tables[self._open[-1]]
        row, number = table[-1], len(table)
        text = " ".join("".join(self._cell).split())
        self._cell = None
        self._skip_spanned(row, number)
        down, across = self._size
        for step in range(across):
            if down > 1:
                self._spans[len(row)] = number + down - 1
                self.merges[self._open[-1]].append((number, number + down - 1, len(row) + 1))
            row.append(text if step == 0 else "")

    def _skip_spanned(self, row: list[str], number: int) -> None:
        while self._spans.get(len(row), 0) >= number:
            row.append("")


def _span(value: str | None) -> int:
    return min(max(int(value), 1), 100_000) if value and value.isdigit() else 1


def html_heads(path: Path, rows: int) -> list[Head]:
    """Return the heads of the page's tables that have more than one column."""
    data = path.read_bytes()
    stated = re.search(rb"charset=[\"']?([\w-]+)", data[:4096])
    encoding = stated.group(1).decode() if stated else guess_encoding(data)
    encoding = "gb18030" if encoding.lower() in ("gb2312", "gbk") else encoding
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        text = data.decode(guess_encoding(data), "replace")
    parser = _Tables()
    parser.feed(text)
    parser.close()
    found = [
        (table, merges)
        for table, merges in zip(parser.tables, parser.merges, strict=True)
        if max((len(row) for row in table), default=0) > 1
    ]
    if not found:
        raise CvmError("reading.page_without_table", file=path.name)
    names = [""] if len(found) == 1 else [f"table {number}" for number in range(1, len(found) + 1)]
    return [
        Head(path.name, name, "html", table[:rows], path=path, payload=(table, merges))
        for name, (table, merges) in zip(names, found, strict=True)
    ]


def load_html(head: Head, header: int, chosen: Mapping[str, str], folder: Path) -> RawTable:
    """Write an HTML table to a temporary CSV and return its scan."""
    table, merges = head.payload
    return _load(head, header, table, merges, chosen, folder)

"""Sheets of a workbook, and tables of an HTML page that calls itself .xls → heads and rows of text.

Cells merged downwards hold their value in the first row only. It is filled down, as a reader of the sheet
sees it, except in columns of numbers: an amount that is merged over three lines is one amount.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from cvmlab.core.words import CvmError, say

from .columns import NUMBERS, distinct_names, roles_of
from .delimited import csv_scan, write_rows
from .encodings import guess_encoding
from .notes import Note
from .raw import CHUNK, Head, Progress, RawTable, cell_text, first_line

# first row, last row, column; counted from 1
Merge = tuple[int, int, int]
_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')


def workbook_heads(path: Path, sheet: str | None, rows: int) -> list[Head]:
    """Return the head of each worksheet, or of the one that is named.

    Raises
    ------
    CvmError
        For an archive that is no workbook, a damaged one, or a sheet that is not there.
    """
    book = _open(path)
    try:
        names = [page.title for page in book.worksheets]
        if sheet is not None and sheet not in names:
            raise CvmError("reading.no_such_sheet", file=path.name, sheet=sheet, sheets=", ".join(names))
        return [
            Head(path.name, "xlsx", list(_rows(page, rows)), sheet=page.title, path=path)
            for page in book.worksheets
            if sheet is None or page.title == sheet
        ]
    except CvmError:
        raise
    except Exception as error:  # openpyxl raises whatever its XML parser does
        raise CvmError("reading.corrupt", file=path.name, reason=first_line(error)) from error
    finally:
        book.close()


def _open(path: Path) -> Any:
    import warnings

    import openpyxl

    try:
        with zipfile.ZipFile(path) as archive:
            inside = set(archive.namelist())
        if "xl/workbook.bin" in inside:
            raise CvmError("reading.binary_xls", file=path.name)
        if not any(name.endswith("workbook.xml") for name in inside):
            raise CvmError("reading.not_a_workbook", file=path.name)
        with warnings.catch_warnings():
            # styles that openpyxl does not know are no concern of a reader of values
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except CvmError:
        raise
    except PermissionError as error:
        raise CvmError("reading.no_permission", file=str(path)) from error
    except Exception as error:
        raise CvmError("reading.corrupt", file=path.name, reason=first_line(error)) from error


def _rows(page: Any, most: int | None = None) -> Iterator[list[str]]:
    # exports often state a wrong size of the sheet; without it openpyxl reads what is there
    page.reset_dimensions()
    for row in page.iter_rows(max_row=most, values_only=True):
        yield [cell_text(value) for value in row]


def load_sheet(
    head: Head,
    header: int,
    chosen: Mapping[str, str],
    folder: Path,
    progress: Progress | None = None,
) -> RawTable:
    """Stream a sheet into a temporary CSV and return its scan.

    Parameters
    ----------
    head
        The sheet's head.
    header
        Position of the header row.
    chosen
        Role to column as the user gave it: those of numbers are not filled down either.
    folder
        Where the temporary file is written.
    """
    assert head.path is not None
    book = _open(head.path)
    try:
        page = next(page for page in book.worksheets if page.title == head.sheet)
        last = page.max_row or 0
        rows = _watched(_rows(page), head.sheet, last, progress)
        return _load(head, header, rows, _sheet_merges(head.path, page), chosen, folder)
    except (CvmError, OSError):
        raise
    except Exception as error:
        raise CvmError("reading.corrupt", file=head.file, reason=first_line(error)) from error
    finally:
        book.close()


def _watched(rows: Iterable[list[str]], sheet: str, last: int, progress: Progress | None) -> Iterator[list[str]]:
    for number, row in enumerate(rows):
        if progress and number % 5000 == 0 and last:
            progress(say("reading.step_reading", source=sheet), min(1.0, number / last))
        yield row


def _sheet_merges(path: Path, page: Any) -> list[Merge]:
    """Return the downward merges of a sheet. They stand at the end of its XML, where openpyxl does not look
    when it streams.
    """  # noqa: D205
    inside = getattr(page, "_worksheet_path", "")
    merges: list[Merge] = []
    with zipfile.ZipFile(path) as archive:
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
                    if int(bottom) > int(top):
                        merges += [
                            (int(top), int(bottom), column) for column in range(_number(left), _number(right) + 1)
                        ]
    return merges


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _load(
    head: Head,
    header: int,
    rows: Iterable[Sequence[str]],
    merges: Sequence[Merge],
    chosen: Mapping[str, str],
    folder: Path,
) -> RawTable:
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
    return RawTable(
        head.file, head.sheet, columns, ("VARCHAR",) * width, csv_scan(path, width, extra=True), header + 2, True, notes
    )  # fmt: skip


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
    """Return the head of the page's tables that have more than one column.

    Raises
    ------
    CvmError
        If the page has no table.
    """
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
    return [
        Head(
            path.name, "html", table[:rows], path=path, payload=(table, merges),
            sheet="" if len(found) == 1 else f"table {number}",
        )
        for number, (table, merges) in enumerate(found, start=1)
    ]  # fmt: skip


def load_html(head: Head, header: int, chosen: Mapping[str, str], folder: Path) -> RawTable:
    """Write an HTML table to a temporary CSV and return its scan."""
    table, merges = head.payload
    return _load(head, header, table, merges, chosen, folder)

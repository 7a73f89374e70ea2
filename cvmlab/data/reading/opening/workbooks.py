"""Sheets of a workbook → heads and rows of text.

openpyxl streams .xlsx; calamine reads what it cannot: .xls, .xlsb, .ods and strict OOXML. What neither tells, such as
hidden rows and formulas without a value, is looked up in the file itself, see `ooxml`, `binary` and `opendocument`.
"""

from __future__ import annotations

import itertools
import os
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from cvmlab.core.words import CvmError, say

from ..cells.units import affix_of
from ..columns import ColumnMapping
from ..raw import CHUNK, Progress, RawTable, cell_text, first_line
from . import binary, ooxml
from .heads import Head
from .looks import MOST_COLUMNS, MOST_ROWS, Book, Look
from .opendocument import OpenBook
from .sheets import Number, by_row, load_rows

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

OLE = b"\xd0\xcf\x11\xe0"
# how .xlsx writes characters that XML may not hold, such as a carriage return
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_MOST_CELLS = 50_000_000
# how calamine words that an old workbook ends before its end
_BROKEN = re.compile("Cfb error: (Invalid OLE|Sector)")
_STRICT = b"http://purl.oclc.org/ooxml/"


def workbook_heads(path: Path, sheet: str | None, rows: int) -> list[Head]:
    """Return the head of each worksheet, or of the one that is named."""
    with _sheets_of(path) as (_, sheets):
        names = [page.name for page in sheets]
        if not names:
            raise CvmError("reading.no_worksheet", file=path.name)
        if sheet is not None and sheet not in names:
            raise CvmError("reading.no_such_sheet", file=path.name, sheet=sheet, sheets=", ".join(names))
        heads = []
        for page in sheets:
            if sheet is None or page.name == sheet:
                look = page.look
                head = Head(path.name, page.name, "workbook", list(page.rows(rows)), path=path, payload=look)
                # who names a sheet wants it, whether it is shown or not
                heads.append(replace(head, hidden=page.hidden and sheet is None))
        return heads


def load_sheet(
    head: Head,
    header: int,
    names: tuple[str, ...],
    mapping: ColumnMapping,
    folder: Path,
    progress: Progress | None = None,
) -> RawTable:
    """Stream a sheet into a temporary CSV and return its scan."""
    assert head.path is not None
    with _sheets_of(head.path, {head.sheet: head.payload}) as (book, sheets):
        page = next(page for page in sheets if page.name == head.sheet)
        rows = _watched(page.rows(), head.sheet, page.height(), progress)
        return load_rows(head, header, names, mapping, rows, head.payload, folder, book)


@contextmanager
def _sheets_of(
    path: Path, known: Mapping[str, Look] | None = None
) -> Iterator[tuple[Book, Sequence[_StreamedSheet | _WholeSheet]]]:
    """Yield an open workbook and its sheets, ``known`` ones by a look before; what readers raise becomes a sentence."""
    from python_calamine import PasswordError

    unreadable = "corrupt"
    looks: Mapping[str, Look]
    try:
        with path.open("rb") as stream, warnings.catch_warnings():
            # styles and serial numbers that openpyxl does not know do not matter to a reader of values
            warnings.filterwarnings("ignore", module="openpyxl")
            if stream.read(4) == OLE:
                unreadable = "binary_xls"
                book, looks = binary.read_old_book(path.read_bytes())
                with _whole_sheets(path, book, looks) as sheets:
                    yield book, sheets
                return
            with zipfile.ZipFile(stream) as archive:
                streamed = _is_for_openpyxl(archive, path.name)
                if "xl/workbook.bin" in archive.namelist():
                    book = binary.read_book(archive)
                    looks = {name: binary.look_at_sheet(archive, part) for name, part in book.parts.items()}
                elif _is_open_document(archive):
                    document = OpenBook(archive)
                    book, looks = document.book, document.looks
                else:
                    book = ooxml.read_book(archive)
                    # before openpyxl parses what no sheet can be
                    looks = known or {
                        name: ooxml.look_at_sheet(archive, part, f"{path.name} [{name}]", book)
                        for name, part in book.parts.items()
                    }
                if streamed and (opened := _opened(stream)) is not None:
                    with closing(opened):
                        yield book, _streamed_sheets(opened, book, looks)
                else:
                    unreadable = "corrupt" if streamed else "binary_xls"
                    with _whole_sheets(path, book, looks) as sheets:
                        yield book, sheets
    except PasswordError as error:
        raise CvmError("reading.protected_workbook", file=path.name) from error
    except BaseException as error:
        # a panic of calamine's Rust is not an Exception; a full disk or a refused file has its own sentence
        is_damage = isinstance(error, Exception) or type(error).__name__ == "PanicException"
        if not is_damage or isinstance(error, CvmError) or (isinstance(error, OSError) and error.errno):
            raise
        if not isinstance(error, Exception) or _BROKEN.match(str(error)):
            unreadable = "corrupt"
        raise CvmError(f"reading.{unreadable}", file=path.name, reason=_reason(error, path)) from error


def _reason(error: BaseException, path: Path) -> str:
    """Return what is wrong with a file; what Python says of its own lists and numbers helps nobody."""
    of_python = isinstance(error, LookupError | TypeError | AttributeError | ValueError)
    if not isinstance(error, Exception) or (of_python and not isinstance(error, UnicodeError)):
        return say("reading.parts_do_not_fit")
    return first_line(error).replace(str(path), path.name)


def _opened(stream: BinaryIO) -> Any:
    """Return a workbook as openpyxl opens it, None where it stumbles over styles or names that Excel forgives."""
    import openpyxl

    try:
        # the open file, not its path: openpyxl would refuse an ending that it does not know
        return openpyxl.load_workbook(stream, read_only=True, data_only=True)
    except (TypeError, ValueError, LookupError, AttributeError):
        return None


def _streamed_sheets(opened: Any, book: Book, looks: Mapping[str, Look]) -> list[_StreamedSheet]:
    return [
        _StreamedSheet(page.title, page.sheet_state != "visible", looks.get(page.title, Look()), page, book)
        for page in opened.worksheets
    ]


@contextmanager
def _whole_sheets(path: Path, book: Book, looks: Mapping[str, Look]) -> Iterator[list[_WholeSheet]]:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    with _quiet():
        opened = _opened_whole(path)
    with opened:
        yield [
            _WholeSheet(
                page.name, page.visible != SheetVisibleEnum.Visible, looks.get(page.name, Look()), opened, number
            )
            for number, page in enumerate(opened.sheets_metadata)
            if page.typ == SheetTypeEnum.WorkSheet
        ]


def _opened_whole(path: Path) -> CalamineWorkbook:
    """Return a workbook as calamine opens it by what it holds; the name alone tells why it cannot."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with path.open("rb") as stream:
            return CalamineWorkbook.from_filelike(stream)
    except CalamineError:
        return CalamineWorkbook.from_path(path)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Rust writes about a damaged file, past Python, off the terminal."""
    try:
        kept = os.dup(2)
    except OSError:  # a program without a terminal
        yield
        return
    with Path(os.devnull).open("w", encoding="utf-8") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _is_for_openpyxl(archive: zipfile.ZipFile, file: str) -> bool:
    """Return whether a workbook is .xlsx; raise `CvmError` for an archive that neither library reads."""
    inside = archive.namelist()
    books = [name for name in inside if name.endswith("workbook.xml")]
    if not books and "xl/workbook.bin" not in inside and not _is_open_document(archive):
        raise CvmError("reading.not_a_workbook", file=file)
    ooxml.check_sizes(archive, file)
    if books and not any(_STRICT in archive.read(name) for name in books):
        return True
    # sizes that are damaged make calamine ask for all memory, which ends the process
    if damaged := archive.testzip():
        raise CvmError("reading.corrupt", file=file, reason=damaged)
    for name in inside:
        if re.fullmatch(r"xl/worksheets/\w+\.bin", name) and binary.has_short_cells(archive.open(name).read(CHUNK)):
            raise CvmError("reading.binary_xls", file=file, reason="cells without column numbers")
    return False


def _is_open_document(archive: zipfile.ZipFile) -> bool:
    return "mimetype" in archive.namelist() and b"opendocument.spreadsheet" in archive.read("mimetype")


@dataclass(frozen=True)
class _StreamedSheet:
    """A sheet of .xlsx."""

    name: str
    hidden: bool
    look: Look
    page: Any
    book: Book

    def height(self) -> int:
        """Return the number of rows."""
        return self.look.height

    def rows(self, most: int | None = None) -> Iterator[list[str]]:
        """Yield the rows as text, numbers with the currency and the leading zeros of their format."""
        # exports often state a wrong size of the sheet; without it openpyxl reads what is there
        self.page.reset_dimensions()
        signs, digits = self.book.signs, self.book.digits
        if not signs and not digits:
            for row in self.page.iter_rows(max_row=most, values_only=True):
                yield ["" if value is None else _text(value) for value in row]
            return
        for row in self.page.iter_rows(max_row=most):
            styles = [getattr(cell, "_style_id", 0) or 0 for cell in row]
            yield [
                _shown(cell.value, signs.get(style, ""), digits.get(style, 0))
                for cell, style in zip(row, styles, strict=True)
            ]


@dataclass
class _WholeSheet:
    """A sheet that calamine holds whole."""

    name: str
    hidden: bool
    look: Look
    opened: CalamineWorkbook
    number: int
    _sheet: CalamineSheet | None = field(default=None, init=False)

    def _read(self) -> CalamineSheet:
        if self._sheet is None:
            rows, columns = self.look.height, self.look.width
            # calamine holds a cell for each place between the first and the last, which may be all memory
            if rows * columns > _MOST_CELLS or rows > MOST_ROWS or columns > MOST_COLUMNS:
                size = {"rows": f"{rows:,}", "columns": f"{columns:,}"}
                raise CvmError("reading.sheet_too_large", source=self.name, **size)
            with _quiet():
                self._sheet = self.opened.get_sheet_by_index(self.number)
        return self._sheet

    def height(self) -> int:
        """Return the number of rows."""
        return self._read().total_height

    def rows(self, most: int | None = None) -> Iterator[list[str]]:
        """Yield the rows as text."""
        start = self._read().start
        # empty columns on the left are left out
        left = [""] * (start[1] if start else 0)
        signs = by_row(self.look.signs)
        for number, row in enumerate(itertools.islice(self._read().iter_rows(), most), start=1):
            cells = left + [_text(value) for value in row]
            for column, sign in signs.get(number, ()):
                if column <= len(cells) and isinstance(cells[column - 1], Number):
                    cells[column - 1] = _signed(cells[column - 1], sign)
            yield cells


def _text(value: Any) -> str:
    """Return a cell as text, a number as `Number`."""
    text = cell_text(value)
    if isinstance(value, str):
        text = _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), text) if "_x" in text else text
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    return Number(text) if isinstance(value, int | float) and not isinstance(value, bool) else text


def _shown(value: Any, sign: str, digits: int) -> str:
    text = _text(value)
    if not isinstance(text, Number):
        return text
    if digits and text.isdecimal():
        return Number(text.zfill(digits))
    return _signed(text, sign) if sign else text


def _signed(text: str, sign: str) -> str:
    """Return a number with what its format says: a minus makes it negative, a unit makes it a text to be read."""
    if sign == "-":
        return Number(text if text.startswith("-") else f"-{text}")
    affix = affix_of(sign, "")
    return f"{text} {sign}" if affix and affix.power else Number(f"{sign} {text}")


def _watched(rows: Iterable[list[str]], sheet: str, last: int, progress: Progress | None) -> Iterator[list[str]]:
    for number, row in enumerate(rows):
        if progress and number % 5000 == 0 and last:
            progress(say("reading.step_reading", source=sheet), min(1.0, number / last))
        yield row

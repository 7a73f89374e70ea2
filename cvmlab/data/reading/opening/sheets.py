"""Rows of a sheet or of an HTML table → a clean CSV for DuckDB, and what to say about cells that are not plain values.

Cells merged downwards hold their value in the first row only. It is filled down, as a reader of the sheet
sees it, except in columns of numbers: an amount that is merged over three lines is one amount.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable, marked, unmarked
from ..role_names import roles_of
from ..roles import NUMBERS
from .delimited import csv_scan, write_rows
from .heads import Head
from .looks import ERRORS, Book, Look, Place, cell_name

# from 1 January 1904, where the calendar of old Macs begins, back to 30 December 1899
_DAYS_TO_1904 = 1462
_LONGEST_ROW = 8 << 20


class Number(str):
    """The text of a cell that is a number, with the currency of its format before it."""

    __slots__ = ()


@dataclass
class _Body:
    """The rows below a header, and what was met in them."""

    head: Head
    header: int
    names: tuple[str, ...]
    mapping: ColumnMapping
    look: Look
    book: Book
    found: Counter[str] = field(default_factory=Counter)

    def columns(self, *roles: str) -> list[int]:
        """Return the positions of the columns that play any of these roles."""
        names = [self.mapping.get(role) for role in roles]
        return [self.names.index(name) for name in names if name in self.names]

    def rows(self, rows: Iterable[Sequence[str]]) -> Iterator[list[str]]:
        """Yield the rows below the header, each of the header's width and one cell for what lies beyond."""
        width, starts = len(self.names), self.merges()
        used = self.columns(*self.mapping.columns)
        dates = self.columns(tables.DATE) if self.book.from_1904 else []
        numbers = self.columns(*NUMBERS)
        failed = by_row(self.look.errors)
        waiting = by_row(dict.fromkeys(self.look.uncalculated, ""))
        open_merges: dict[int, tuple[int, str]] = {}
        for number, row in enumerate(rows, start=1):
            if number <= self.header + 1:
                continue
            beyond = " ".join(filter(None, row[width:])).strip() if len(row) > width else ""
            cells = [*row[:width], *[""] * (width - len(row)), beyond]
            for column, text in failed.get(number, ()):
                if column <= width:
                    cells[column - 1] = text
            if number in waiting:
                self.check_calculated(number, cells, [column - 1 for column, _ in waiting[number]], used)
            for column, bottom in starts.get(number, ()):
                open_merges[column] = (bottom, cells[column])
            for column, (bottom, value) in list(open_merges.items()):
                if number <= bottom:
                    cells[column] = value
                else:
                    del open_merges[column]
            for column in dates:
                cells[column] = self.from_1904(cells[column])
            for column in numbers:
                if isinstance(cells[column], Number):
                    cells[column] = marked(cells[column])
            self.found["errors"] += sum(cells[column] in ERRORS for column in used if cells[column][:1] == "#")
            self.found["rows"] += 1
            yield cells

    def merges(self) -> dict[int, list[tuple[int, int]]]:
        """Return column and last row of the merges to fill down, by their first row."""
        starts: dict[int, list[tuple[int, int]]] = {}
        for top, bottom, column in self.look.merges:
            # a cell that is merged with the header is part of the header
            if column <= len(self.names) and top > self.header + 1 and not self.holds_numbers(column - 1):
                starts.setdefault(top, []).append((column - 1, bottom))
                self.found["merged"] += 1
        return starts

    def holds_numbers(self, column: int) -> bool:
        """Return whether a column is used as a number or could be."""
        name = self.names[column]
        return column in self.columns(*NUMBERS) or bool(set(roles_of(name)) & set(NUMBERS))

    def check_calculated(self, number: int, cells: Sequence[str], columns: Sequence[int], used: Sequence[int]) -> None:
        """Raise `CvmError` if a row of data has a formula without a value; a total below the data may have one."""
        needed = [column for column in columns if column in used]
        others = [column for column in self.columns(tables.CUSTOMER_ID, tables.DATE) if column not in columns]
        if needed and all(cells[column].strip() for column in others):
            place = cell_name(number, needed[0] + 1)
            raise CvmError("reading.not_calculated", source=self.head.name, cell=place, column=self.names[needed[0]])

    def from_1904(self, text: str) -> str:
        """Return a date's number as the calendar of 1900 counts it."""
        whole, point, part = text.partition(".")
        if not (len(whole) == 5 and whole.isdecimal() and (part.isdecimal() or not point)):
            return text
        self.found["from_1904"] += 1
        return f"{int(whole) + _DAYS_TO_1904}{point}{part}"

    def notes(self) -> Iterator[Note]:
        """Yield what was met."""
        source = self.head.name
        if count := self.found["merged"]:
            yield Note("merged_filled", {"source": source, "count": count})
        if self.found["from_1904"]:
            yield Note("dates_from_1904", {"source": source})
        if count := self.found["errors"]:
            yield Note("error_cells", {"source": source, "count": count}, "warning")
        used = self.columns(*self.mapping.columns)
        hidden = [self.names[column] for column in used if column + 1 in self.look.hidden_columns]
        if hidden:
            yield Note("hidden_columns", {"source": source, "columns": ", ".join(hidden)}, "warning")


def load_rows(
    head: Head,
    header: int,
    names: tuple[str, ...],
    mapping: ColumnMapping,
    rows: Iterable[Sequence[str]],
    look: Look,
    folder: Path,
    book: Book | None = None,
) -> RawTable:
    """Write the rows below a header to a temporary CSV and return its scan."""
    body = _Body(head, header, names, mapping, look, book or Book())
    path = write_rows(body.rows(rows), folder)
    # a row may have as many cells as a sheet is wide
    scan = csv_scan(path, len(names), extra=True, line=_LONGEST_ROW)
    numbers = frozenset(body.columns(*NUMBERS))
    return RawTable(
        file=head.file,
        sheet=head.sheet,
        columns=names,
        types=("VARCHAR",) * len(names),
        scan=unmarked(scan, numbers),
        first_row=header + 2,
        has_extra=True,
        numbers=numbers,
        notes=tuple(body.notes()),
        rows=body.found["rows"],
        shown_otherwise={
            "hidden_rows": look.hidden_rows,
            "struck_rows": sorted(look.struck_rows),
            "foot_rows": look.foot_rows,
        },
    )


def by_row(cells: Mapping[Place, str]) -> dict[int, list[tuple[int, str]]]:
    """Return column and text of what is known of cells, by their row."""
    rows: dict[int, list[tuple[int, str]]] = {}
    for (row, column), text in cells.items():
        rows.setdefault(row, []).append((column, text))
    return rows

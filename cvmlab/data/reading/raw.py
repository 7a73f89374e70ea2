"""What is passed on while a file is read: the raw table for DuckDB, a cell as text.

A *raw table* is all of a file or sheet, as something DuckDB can scan, with columns ``c0, c1, …``.
"""

from __future__ import annotations

import glob
from array import array
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from .notes import Note

Progress = Callable[[str, float], None]

#: So many columns without a role are looked at for what they say of the sales.
MOST_IDLE = 12

CHUNK = 1 << 20
# stands before what is a number in the file itself, not a text of digits: nobody chose the sign of its decimals
_MARK = "\x1f"


@dataclass(frozen=True)
class Source:
    """A file or sheet, as messages call it; ``sheet`` is empty where there is none."""

    file: str
    sheet: str

    @property
    def name(self) -> str:
        """File, and sheet if it has one."""
        return f"{self.file} [{self.sheet}]" if self.sheet else self.file


class Idle(NamedTuple):
    """A column without a role that may say something of the sales: as what, its name, the SQL of its cells as text.

    It may hold words, texts with # for their digits (``forms``), sums of money, or the numbers of orders.
    """

    kind: Literal["words", "forms", "money", "orders"]
    name: str
    cell: str


class LineNumbers:
    """The line on which each row begins, kept only where it is not the one after the row before."""

    def __init__(self) -> None:
        self.count = 0
        self._rows, self._lines = array("q"), array("q")
        self._next = 0

    def add(self, line: int) -> None:
        """Add the line of the next row."""
        if line != self._next:
            self._rows.append(self.count)
            self._lines.append(line)
        self._next = line + 1
        self.count += 1

    def of(self, row: int) -> int:
        """Return the line of a row, counted from 0."""
        place = bisect_right(self._rows, row) - 1
        return self._lines[place] + row - self._rows[place] if place >= 0 else row + 1


@dataclass(frozen=True)
class RawTable(Source):
    """A whole file or sheet that DuckDB can scan."""

    # the header's names, each once; the scan calls them c0, c1, …
    columns: tuple[str, ...]
    # VARCHAR for anything that came as text
    types: tuple[str, ...]
    # what stands after FROM; with `has_extra` it has a column ``extra`` for cells beyond the last column
    scan: str
    # of the first row after the header, from 1
    first_row: int
    has_extra: bool = False
    # positions of the columns of text that hold true numbers too; these are in ``n0, n1, …`` beside ``c0, c1, …``
    numbers: frozenset[int] = frozenset()
    notes: tuple[Note, ...] = ()
    # of a text file, else empty
    separator: str = ""
    # where rows are lines of a text that are not one below the other
    lines: LineNumbers | None = field(default=None, repr=False, compare=False)
    # how many rows the scan must have, where that is known
    rows: int | None = None
    # numbers of the rows that a sheet hides, strikes through or has in its foot, by the remark on them
    shown_otherwise: Mapping[str, Sequence[int]] = field(default_factory=dict, compare=False)
    # of a text in another encoding than UTF-8
    encoding: str = ""
    # columns without a role, in ``idle0, idle1, …`` of the table ``stage``
    idle: tuple[Idle, ...] = field(default=(), compare=False)
    # makes a more patient, slower scan of a text that DuckDB's reader refuses or cuts otherwise
    plainer: Callable[[], RawTable] | None = field(default=None, repr=False, compare=False)

    def place(self, row: int) -> int:
        """Return where a row of the scan, counted from 0, stands in the file or sheet, counted from 1."""
        return self.first_row + row if self.lines is None else self.lines.of(row)


def marked(text: str) -> str:
    """Return the text of a cell that is a number in the file itself, marked for `unmarked`."""
    return f"{_MARK}{text}"


def unmarked(scan: str, positions: Collection[int]) -> str:
    """Return a scan without the marks of its columns, and with the numbers that are marked."""
    if not positions:
        return scan
    cells = ", ".join(f"ltrim(c{place}, '{_MARK}') AS c{place}" for place in sorted(positions))
    # a number's format may have set a currency before it
    numbers = ", ".join(
        f"CASE WHEN starts_with(c{place}, '{_MARK}') THEN regexp_extract(c{place}, '[^ {_MARK}]*$') END AS n{place}"
        for place in sorted(positions)
    )
    return f"(SELECT * REPLACE ({cells}), {numbers} FROM {scan})"


def cell_text(value: Any) -> str:
    """Return a cell as text: whole floats without their ``.0``, dates in ISO."""
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


def exactly(path: Path) -> str:
    """Return a path as DuckDB takes it for this one file, whatever signs are in its name."""
    return glob.escape(str(path.absolute()))


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, short enough for a sentence."""
    return str(error).strip().split("\n", 1)[0][:200]


def new_file(folder: Path) -> Path:
    """Return the path of a further temporary file in a folder."""
    return folder / f"{len(list(folder.iterdir()))}.csv"

"""Lines of a text → records. A quoted cell may run over several lines; a stray quotation mark may not swallow any.

`csv` alone cannot tell the two apart: after ``"19 inch`` it reads on to the next quotation mark, however many rows lie
between. Here a line that is a whole row by itself, as its number of cells and its digits show, stays one.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

# a cell that is not closed within this is not meant as one
_LONGEST = (10_000, 1 << 25)
# how far a cell with an unescaped quotation mark is followed
_NEAR = 20


@dataclass(frozen=True)
class Layout:
    """How the cells of a text lie; a space as separator means any run of white space."""

    separator: str
    # cells of most rows
    width: int = 0
    # columns that have a digit in every row, such as the date
    digits: frozenset[int] = frozenset()

    def fits(self, cells: Sequence[str]) -> bool:
        """Return whether cells look like a whole row."""
        return (
            len(cells) == self.width > 2
            and bool(self.digits)
            and all(any(map(str.isdigit, cells[column])) for column in self.digits)
        )


class Record(NamedTuple):
    """The cells of one row, and the line on which it begins, from 1."""

    line: int
    cells: list[str]
    broken: bool = False


@dataclass
class Findings:
    """What a reader should know: the lines of stray quotation marks, long cells and too many cells; further counts."""

    stray: list[int] = field(default_factory=list)
    long: list[int] = field(default_factory=list)
    wide: list[int] = field(default_factory=list)
    uneven: int = 0
    # NUL characters
    dropped: int = 0


class _Lines:
    """Lines with their number; some may be put back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._back: deque[str] = deque()
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._lines)
        self.number += 1
        return line

    def put_back(self, lines: Sequence[str]) -> None:
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)


@contextmanager
def wide_cells() -> Iterator[None]:
    """Let csv read cells of any length, for a while."""
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def records_of(lines: Iterable[str], layout: Layout, found: Findings | None = None) -> Iterator[Record]:
    """Yield the record of each line that has a cell, or of the several lines of one."""
    source, found, separator = _Lines(lines), found or Findings(), layout.separator
    if separator == " ":
        yield from (Record(number, line.split()) for number, line in enumerate(source, 1) if line.strip())
        return
    for line in source:
        number = source.number
        if '"' in line:
            yield _quoted(source, line, layout, found)
        elif text := line.rstrip("\r\n"):
            yield Record(number, text.split(separator))


def _quoted(source: _Lines, line: str, layout: Layout, found: Findings) -> Record:
    """Return the record that begins with a line in which there are quotation marks."""
    number = source.number
    taken = [line]
    try:
        reader = csv.reader(_recorded(source, taken), delimiter=layout.separator, strict=True)
        cells = next(reader)
    except csv.Error:
        source.put_back(taken[1:])
        return _repaired(source, line, layout, found)
    if len(taken) == 1:
        # a space before the quotation mark: a, "b, c"
        if len(cells) != layout.width and layout.separator + ' "' in line:
            cells = _alone(line, layout) or cells
        return Record(number, cells)
    first, usual = _alone(line, layout), len(cells) == layout.width
    rows = [layout.fits(_alone(part, layout) or ()) for part in taken]
    # what lies between the two quotation marks are rows: all of it or, in a row of unusual length, any
    between = rows[1:-1]
    if (rows[0] and (not usual or all(rows))) or (between and (all(between) or (any(between) and not usual))):
        source.put_back(taken[1:])
        found.stray.append(number)
        return Record(number, first or line.rstrip("\r\n").split(layout.separator), broken=first is None)
    found.long.append(number)
    return Record(number, cells)


def _recorded(source: _Lines, taken: list[str]) -> Iterator[str]:
    """Yield the first line and what follows, writing down what was taken, as far as a cell may reach."""
    yield taken[0]
    size = 0
    for line in source:
        taken.append(line)
        yield line
        size += len(line)
        if len(taken) > _LONGEST[0] or size > _LONGEST[1]:
            return


def _repaired(source: _Lines, line: str, layout: Layout, found: Findings) -> Record:
    """Return the record of a line that is not well quoted: alone, with what follows, or broken."""
    number = source.number
    found.stray.append(number)
    if (cells := _alone(line, layout)) is not None:
        return Record(number, cells)
    after: list[str] = []
    for following in itertools.islice(source, _NEAR):
        after.append(following)
        if '"' in following and (cells := _tolerant(line + "".join(after), layout)) is not None:
            return Record(number, cells)
    source.put_back(after)
    return Record(number, line.rstrip("\r\n").split(layout.separator), broken=layout.width > 0)


def _alone(line: str, layout: Layout) -> list[str] | None:
    """Return the cells of a line that is a row by itself if some of its quotation marks are taken as plain signs."""
    plain = line.rstrip("\r\n").split(layout.separator)
    return _tolerant(line, layout) or (plain if len(plain) == layout.width else None)


def _tolerant(text: str, layout: Layout) -> list[str] | None:
    """Return the cells if they are as many as usual; a cell ends at a quotation mark before a separator only."""
    for pattern in _cells(layout.separator):
        cells, at, whole = [], 0, text.rstrip("\r\n")
        while (match := pattern.match(whole, at)) is not None:
            cells.append(match[2] if match[1] is None else match[1].replace('""', '"'))
            if (at := match.end() + 1) > len(whole):
                break
        if match is not None and len(cells) == layout.width:
            return cells
    return None


@cache
def _cells(separator: str) -> tuple[re.Pattern[str], ...]:
    """Return how a cell may be read: two quotation marks as one inside of it, or each for itself."""
    end = rf"(?=[ ]*(?:{re.escape(separator)}|\Z))"
    not_end = end.replace("?=", "?!", 1)
    plain = rf"([^{re.escape(separator)}\r\n]*)(?={re.escape(separator)}|\Z)"
    return tuple(
        re.compile(rf'(?:[ ]*"((?:[^"]|(?>{pair}"{not_end}))*)"[ ]*{end.replace("[ ]*", "")}|{plain})')
        for pair in ('""|', "")
    )

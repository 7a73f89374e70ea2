"""Tables of an HTML page, which often calls itself .xls → heads and rows of text."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from cvmlab.core.words import CvmError

from ..columns import ColumnMapping
from ..raw import RawTable, first_line
from .encodings import guess_encoding
from .heads import Head
from .looks import MOST_COLUMNS, Look
from .sheets import load_rows

# what browsers allow
_MOST_ACROSS, _MOST_DOWN = 1000, 65_534
_MOST_CELLS = 20_000_000
_ENCODINGS = re.compile(
    r"utf-(8|16|16-[bl]e)|gb2312|gbk|gb18030|big5(hkscs)?|shift_jis|cp932|euc_(jp|kr)|cp125\d|iso8859-\d+|koi8-[ru]"
)
_UNSEEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)


@dataclass
class _Table:
    rows: list[list[str]] = field(default_factory=list)
    look: Look = field(default_factory=Look)
    # column to the last row of the cell that covers it
    covered: dict[int, int] = field(default_factory=dict)

    def add(self, text: str, down: int, across: int) -> int:
        """Add a cell to the last row, beside what cells of earlier rows cover; return how many places it took."""
        row, number = self.rows[-1], len(self.rows)
        before = len(row)
        while self.covered.get(len(row), 0) >= number:
            row.append("")
        if down > 1:
            self.look.merges.append((number, number + down - 1, len(row) + 1))
        for step in range(min(across, MOST_COLUMNS - len(row))):
            if down > 1:
                self.covered[len(row)] = number + down - 1
            row.append("" if step else text)
        return len(row) - before


class _Tables(HTMLParser):
    """Collects the rows of every table of a page, and which cells run over several rows."""

    def __init__(self, file: str) -> None:
        super().__init__(convert_charrefs=True)
        self.file = file
        self._cells = 0
        self.tables: list[_Table] = []
        self._open: list[_Table] = []
        self._cell: list[str] | None = None
        self._size = (1, 1)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._close_cell()
            self.tables.append(_Table())
            self._open.append(self.tables[-1])
        elif tag == "tr" and self._open:
            self._close_cell()
            self._open[-1].rows.append([])
            if _UNSEEN.search(dict(attributes).get("style") or ""):
                self._open[-1].look.hidden_rows.append(len(self._open[-1].rows))
        elif tag in ("td", "th") and self._open:
            self._close_cell()
            if not self._open[-1].rows:
                self._open[-1].rows.append([])
            given = dict(attributes)
            self._size = (_span(given.get("rowspan"), _MOST_DOWN), _span(given.get("colspan"), _MOST_ACROSS))
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

    def close(self) -> None:
        """End the last cell too, of a page that is cut off."""
        super().close()
        self._close_cell()

    def _close_cell(self) -> None:
        if self._cell is not None and self._open:
            self._cells += self._open[-1].add(" ".join("".join(self._cell).split()), *self._size)
            if self._cells > _MOST_CELLS:
                raise CvmError("reading.page_too_large", file=self.file, count=f"{_MOST_CELLS:,}")
        self._cell = None


def _span(value: str | None, most: int) -> int:
    """Return over how many rows or columns a cell runs; 0 means to the end."""
    if value is None or not re.fullmatch(r"\s*[0-9]+\s*", value):
        return 1
    return min(int(value[:9]) or most, most)


def _decoded(data: bytes) -> str:
    """Return the text of a page: UTF-8 if it is that, else as the page states, if it can be."""
    stated = re.search(rb"charset\s*=\s*[\"']?([\w-]+)", data[:4096])
    try:
        name = codecs.lookup(stated.group(1).decode("ascii", "replace")).name if stated else ""
    except LookupError:
        name = ""
    # GB18030 holds all of its elder sisters, and files say gb2312 whatever they use
    name = "gb18030" if name in ("gb2312", "gbk") else name
    known = [name] if _ENCODINGS.fullmatch(name) else []
    guessed = guess_encoding(data)
    for encoding in ("utf-8-sig", *known, guessed):
        try:
            return data.decode(encoding).replace("\0", "")
        except UnicodeError:
            continue
    return data.decode(guessed, "replace")


def html_heads(path: Path, rows: int) -> list[Head]:
    """Return the heads of the page's tables that have more than one column."""
    parser = _Tables(path.name)
    try:
        parser.feed(_decoded(path.read_bytes()))
        parser.close()
    except AssertionError as error:
        raise CvmError("reading.corrupt", file=path.name, reason=first_line(error)) from error
    found = [table for table in parser.tables if max((len(row) for row in table.rows), default=0) > 1]
    if not found:
        raise CvmError("reading.page_without_table", file=path.name)
    names = [""] if len(found) == 1 else [f"table {number}" for number in range(1, len(found) + 1)]
    return [
        Head(path.name, name, "html", table.rows[:rows], path=path, payload=table)
        for name, table in zip(names, found, strict=True)
    ]


def load_html(head: Head, header: int, names: tuple[str, ...], mapping: ColumnMapping, folder: Path) -> RawTable:
    """Write an HTML table to a temporary CSV and return its scan."""
    return load_rows(head, header, names, mapping, head.payload.rows, head.payload.look, folder)

"""What an .ods says and its reader does not: hidden rows and columns, merges, errors, the calendar."""

from __future__ import annotations

import zipfile
from xml.parsers import expat

from ..raw import CHUNK
from .looks import MOST_COLUMNS, MOST_ROWS, Book, Look, downward


class OpenBook:
    """The sheets of a spreadsheet of OpenDocument."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.looks: dict[str, Look] = {}
        self.book = Book()
        self._look = Look()
        self._row = self._column = 0
        self._rows = self._columns = 1
        self._failed = self._style = ""
        self._struck: set[str] = set()
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        with archive.open("content.xml") as stream:
            while chunk := stream.read(CHUNK):
                parser.Parse(chunk, False)
        parser.Parse(b"", True)

    def _start(self, tag: str, given: dict[str, str]) -> None:
        if tag in ("table:table-cell", "table:covered-table-cell"):
            self._columns = _count(given, "table:number-columns-repeated")
            if "office:value-type" in given or "table:formula" in given:
                self._look.reach(self._row + self._rows, self._column + self._columns)
                if currency := given.get("office:currency"):
                    self._look.signs[self._row + 1, self._column + 1] = currency
                if given.get("table:style-name") in self._struck:
                    self._look.struck_rows.update(range(self._row + 1, self._row + self._rows + 1))
            if given.get("calcext:value-type") == "error":
                self._failed = " "
            if "table:formula" in given and "office:value-type" not in given:
                self._look.uncalculated.add((self._row + 1, self._column + 1))
            down = _count(given, "table:number-rows-spanned")
            if down > 1 and tag == "table:table-cell":
                right = self._column + _count(given, "table:number-columns-spanned")
                self._look.merges += downward(self._row + 1, self._row + down, self._column + 1, right)
        elif tag == "table:table-row":
            self._rows, self._column = _count(given, "table:number-rows-repeated"), 0
            if given.get("table:visibility", "visible") != "visible":
                # beyond the data a sheet hides a million empty rows at once
                self._look.hidden_rows += range(self._row + 1, min(self._row + self._rows, MOST_ROWS) + 1)
        elif tag == "table:table-column":
            self._columns = _count(given, "table:number-columns-repeated")
            if given.get("table:visibility", "visible") != "visible":
                last = min(self._column + self._columns, MOST_COLUMNS)
                self._look.hidden_columns.update(range(self._column + 1, last + 1))
            self._column += self._columns
        elif tag == "table:table":
            self._look = self.looks.setdefault(given.get("table:name", ""), Look())
            self._row = self._column = 0
        elif tag == "style:style":
            self._style = given.get("style:name", "")
        elif tag == "style:text-properties" and given.get("style:text-line-through-style", "none") != "none":
            self._struck.add(self._style)
        elif tag == "table:null-date" and given.get("table:date-value", "").startswith("1904-01-01"):
            self.book = Book(from_1904=True)

    def _text(self, text: str) -> None:
        if self._failed:
            self._failed += text

    def _end(self, tag: str) -> None:
        if tag in ("table:table-cell", "table:covered-table-cell"):
            if failed := self._failed.strip():
                # LibreOffice numbers those that other programs do not know
                self._look.errors[self._row + 1, self._column + 1] = failed if failed[0] == "#" else "#VALUE!"
            self._failed = ""
            self._column += self._columns
        elif tag == "table:table-row":
            self._row += self._rows


def _count(given: dict[str, str], name: str) -> int:
    value = given.get(name, "1")
    return max(1, min(int(value[:9]), MOST_ROWS)) if value.isdecimal() else 1

"""Tables of an HTML page, which often calls itself .xls → heads and rows of text."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise
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
# a spreadsheet keeps fifteen digits
_LARGEST = 10**15
_ENCODINGS = re.compile(
    r"utf-(8|16|16-[bl]e)|gb2312|gbk|gb18030|big5(hkscs)?|shift_jis|cp932|euc_(jp|kr)|cp125\d|iso8859-\d+|koi8-[ru]"
)
_UNSEEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*(hidden|collapse)", re.IGNORECASE)
_NEVER_SHOWN = frozenset({"script", "style", "template", "datalist"})
_LINE_THROUGH = re.compile(r"line-through", re.IGNORECASE)
_TITLE = re.compile("h[1-6]|caption")
_STRUCK_OUT = frozenset({"del", "s", "strike"})
# elements without an end, and those that the next of their kind ends
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
_ENDED_BY_NEXT = frozenset({"p", "li", "option", "dt", "dd"})
# kinds of input that show their value
_FIELDS = frozenset({"text", "number", "date", "datetime-local", "month", "search", "tel", "email", "url"})
# elements whose text stands apart from what is beside them
_APART = re.compile(
    "address|article|aside|blockquote|br|button|center|dd|details|dialog|div|dl|dt|fieldset|figure|footer|form|h[1-6]"
    "|header|hr|input|legend|li|main|nav|ol|optgroup|option|p|pre|section|select|sub|summary|sup|textarea|ul"
)
_BREAK = "\x02"
# what a space would make a number with thousands set apart
_LIKE_THOUSANDS = re.compile(rf"(?<=\d)\s*{_BREAK}[\s{_BREAK}]*(?=\d{{3}}(?!\d))")
_EXCEL = re.compile(r"<meta\s[^>]*content\s*=\s*[\"']?Microsoft Excel", re.IGNORECASE)
# a number as shown, with a sign or a currency before or after it
_SHOWN_NUMBER = re.compile(r"([^0-9.,]*)([0-9]+(?:[., '\u2019][0-9]+)*)(E[+-]?[0-9]+)?([^0-9.,]*)")
_EXACT_NUMBER = re.compile(r"\s*[+-]?[0-9]*\.?[0-9]+(E[+-]?[0-9]{1,3})?\s*", re.IGNORECASE)
_MINUS = re.compile(r"[-\u2212\u2013\uff0d(\uff08]")


@dataclass
class _Table:
    title: str = ""
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

    def __init__(self, file: str, *, from_excel: bool = False) -> None:
        super().__init__(convert_charrefs=True)
        self.file = file
        self._from_excel = from_excel
        self._cells = 0
        self.tables: list[_Table] = []
        self._open: list[_Table] = []
        self._cell: list[str] | None = None
        self._struck_out: list[str] = []
        # an element whose text is left out, how many of its kind are open, and where its text goes
        self._left_out: tuple[str, int, list[str]] | None = None
        # of an open list of options: where in the cell each begins, and whether it is selected
        self._options: list[tuple[int, bool]] = []
        self._exact: str | None = None
        self._size = (1, 1)
        self._in_foot = False
        # the text of a heading or caption while it is open, and the last one, which is the title of what follows
        self._heading: list[str] | None = None
        self._title = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._close_cell()
            self.tables.append(_Table(title=self._title, rows=[[self._title]] if self._title else []))
            self._open.append(self.tables[-1])
            self._title, self._in_foot = "", False
        elif self._cell is None and _TITLE.fullmatch(tag):
            self._heading = []
        elif tag in ("tfoot", "tbody"):
            self._in_foot = tag == "tfoot"
        elif tag == "tr" and self._open:
            self._close_cell()
            self._open[-1].rows.append([])
            if _UNSEEN.search(dict(attributes).get("style") or ""):
                self._open[-1].look.hidden_rows.append(len(self._open[-1].rows))
            if self._in_foot:
                self._open[-1].look.foot_rows.append(len(self._open[-1].rows))
        elif tag in ("td", "th") and self._open:
            self._close_cell()
            if not self._open[-1].rows:
                self._open[-1].rows.append([])
            given = dict(attributes)
            self._size = (_span(given.get("rowspan"), _MOST_DOWN), _span(given.get("colspan"), _MOST_ACROSS))
            self._exact = given.get("x:num") or given.get("sdval")
            self._cell = []
            if _LINE_THROUGH.search(given.get("style") or ""):
                self._open[-1].look.struck_rows.add(len(self._open[-1].rows))
        elif self._cell is not None:
            self._open_inside(tag, dict(attributes), self._cell)

    def _open_inside(self, tag: str, given: dict[str, str | None], cell: list[str]) -> None:
        """Note an element inside a cell: whether its text is shown, and whether it stands apart."""
        if self._left_out and tag == self._left_out[0]:
            name, depth, texts = self._left_out
            if tag not in _ENDED_BY_NEXT:
                self._left_out = (name, depth + 1, texts)
                return
            self._left_out = None
        if self._left_out:
            if _APART.fullmatch(tag):
                self._left_out[2].append(_BREAK)
            return
        if _APART.fullmatch(tag):
            cell.append(_BREAK)
        unseen = "hidden" in given or bool(_INVISIBLE.search(given.get("style") or ""))
        if tag == "input" and not unseen and (given.get("type") or "text").lower() in _FIELDS:
            cell += [given.get("value") or "", _BREAK]
        if tag in _VOID:
            return
        if tag == "option":
            self._options.append((len(cell), "selected" in given))
        # Excel hides the end of a text that is too long for its cell
        cut_off = self._from_excel and tag == "span" and "hidden" not in given and bool("".join(cell).strip())
        if tag in _NEVER_SHOWN or (unseen and not cut_off):
            self._left_out = (tag, 1, [])
        elif tag in _STRUCK_OUT:
            self._left_out = (tag, 1, self._struck_out)

    def handle_endtag(self, tag: str) -> None:
        if self._heading is not None and _TITLE.fullmatch(tag):
            self._title, self._heading = " ".join("".join(self._heading).split()), None
            # a caption stands inside its table
            if self._open and not self._open[-1].rows and self._title:
                self._open[-1].title, self._title = self._title, ""
                self._open[-1].rows.append([self._open[-1].title])
        if self._left_out and tag == self._left_out[0]:
            name, depth, texts = self._left_out
            self._left_out = (name, depth - 1, texts) if depth > 1 else None
        if _APART.fullmatch(tag) and self._cell is not None and not self._left_out:
            self._cell.append(_BREAK)
        if tag == "select":
            self._choose()
        if tag in ("td", "th", "tr", "table"):
            self._close_cell()
        if tag == "table" and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._left_out:
            self._left_out[2].append(data.replace(_BREAK, ""))
        elif self._cell is not None:
            self._cell.append(data.replace(_BREAK, ""))
        elif self._heading is not None:
            self._heading.append(data)

    def close(self) -> None:
        """End the last cell too, of a page that is cut off."""
        super().close()
        self._close_cell()

    def _choose(self) -> None:
        """Leave of a list of options those that are selected, else the first, as a browser shows it."""
        if self._cell is not None and self._options:
            starts = [start for start, _ in self._options]
            pieces = [self._cell[start:end] for start, end in pairwise([*starts, len(self._cell)])]
            selected = [piece for piece, (_, is_chosen) in zip(pieces, self._options, strict=True) if is_chosen]
            self._cell[starts[0] :] = [text for piece in selected or pieces[:1] for text in (*piece, _BREAK)]
        self._options = []

    def _close_cell(self) -> None:
        self._choose()
        if self._cell is not None and self._open:
            # a text that is struck out as a whole has nothing in its place
            text = _joined(self._cell)
            if not text and (text := _joined(self._struck_out)):
                self._open[-1].look.struck_rows.add(len(self._open[-1].rows))
            self._cells += self._open[-1].add(_exactly(text, self._exact), *self._size)
            if self._cells > _MOST_CELLS:
                raise CvmError("reading.page_too_large", file=self.file, count=f"{_MOST_CELLS:,}")
        self._cell, self._struck_out, self._left_out = None, [], None


def _joined(pieces: list[str]) -> str:
    """Return the text of a cell on one line; numbers of two lines never look like one."""
    text = _LIKE_THOUSANDS.sub(" / ", "".join(pieces))
    return " ".join(text.replace(_BREAK, " ").split())


def _exactly(shown: str, stated: str | None) -> str:
    """Return the shown text with the stated number in place of its rounded one; dates and other texts stay."""
    if stated is None or not _EXACT_NUMBER.fullmatch(stated):
        return shown
    # Excel writes 17 digits, 10.199999999999999 for 10.2
    exact = Decimal(repr(float(stated)))
    if not abs(exact) < _LARGEST:
        return shown
    digits = f"{abs(exact):f}".removesuffix(".0")
    sign = "-" if exact < 0 else ""
    if shown and not shown.strip("#"):
        return sign + digits
    found = _SHOWN_NUMBER.fullmatch(shown)
    if not found:
        return shown
    before, number, power, after = found.groups()
    # 00042 is an identifier
    if number.isdigit() and not power and Decimal(number) == abs(exact):
        digits = number
    elif not _is_rounded(number, int((power or "E0")[1:]), abs(exact)):
        return shown
    return f"{'' if _MINUS.search(before + after) else sign}{before}{digits}{after}"


def _is_rounded(number: str, power: int, exact: Decimal) -> bool:
    """Return whether a number as shown, with a decimal point or comma, is the exact one rounded."""
    whole, mark, rest = number.rpartition(max(".,", key=number.rfind))
    readings = [(re.sub(r"[^0-9]", "", number), "")]
    if mark:
        readings.append((re.sub(r"[^0-9]", "", whole), rest))
    for digits, decimals in readings:
        value = Decimal(f"{digits}.{decimals or 0}").scaleb(power)
        if abs(value - exact) <= Decimal(1).scaleb(power - len(decimals)) / 2:
            return True
    return False


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
    text = _decoded(path.read_bytes())
    parser = _Tables(path.name, from_excel=bool(_EXCEL.search(text[:4096])))
    try:
        parser.feed(text)
        parser.close()
    except AssertionError as error:
        raise CvmError("reading.corrupt", file=path.name, reason=first_line(error)) from error
    found = [table for table in parser.tables if max((len(row) for row in table.rows), default=0) > 1]
    if not found:
        raise CvmError("reading.page_without_table", file=path.name)
    names = [""] if len(found) == 1 else [f"table {n} {table.title}".strip() for n, table in enumerate(found, start=1)]
    return [
        Head(path.name, name, "html", table.rows[:rows], path=path, payload=table)
        for name, table in zip(names, found, strict=True)
    ]


def load_html(head: Head, header: int, names: tuple[str, ...], mapping: ColumnMapping, folder: Path) -> RawTable:
    """Write an HTML table to a temporary CSV and return its scan."""
    return load_rows(head, header, names, mapping, head.payload.rows, head.payload.look, folder)

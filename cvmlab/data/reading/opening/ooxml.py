"""What an .xlsx says and its reader does not: hidden rows and columns, merges, formulas without a value, the calendar.

The XML is searched a megabyte at a time, before a library parses it: what no sheet of Excel can be, a row beyond the
last one or a cell of a million characters, is refused here, since a parser would wait or take all memory.
"""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree

from cvmlab.core.words import CvmError

from ..cells.units import affix_of
from ..raw import CHUNK
from ..role_names import row_pattern
from .looks import MOST_ROWS, Book, Look, column_number, downward

_LARGEST = 2 << 30
_LARGEST_WHOLE = 64 << 20
_YES = rb"""=["'](?:1|true)["']"""
_HIDDEN = re.compile(rb"\shidden" + _YES)
_ROW_NUMBER = re.compile(rb"""\sr=["']([^"']*)""")
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_CELL = re.compile(rb"""\sr=["']([A-Z]+)(\d+)""")
_IS_TEXT = re.compile(rb"""\st=["']str["']""")
_WIDE = re.compile(rb"""\sr=["']([A-Z]{2,4})\d""")
_SPAN = re.compile(rb"""\s(min|max)=["'](\d+)""")
_MERGED = re.compile(rb"""\sref=["']([A-Z]+)(\d+):([A-Z]+)(\d+)""")
# [$€-407], "€", and signs that need no quotes
_LITERAL = re.compile(r"\[\$([^\]-]+)[^\]]*\]|\"([^\"]+)\"|([$¥￥€£₩₹])")
# 00000, by which numbers such as postcodes and ids are shown with their leading zeros
_ZEROS = re.compile("0{2,}")
_OPENS_WITH = re.compile(rb"<(\w+:)?worksheet\b")


def read_book(archive: zipfile.ZipFile) -> Book:
    """Return what the workbook says of itself and where its sheets lie."""
    start = next((name for name in archive.namelist() if name.endswith("workbook.xml")), "")
    if not start:
        return Book()
    root = _tree(archive, start)
    folder = PurePosixPath(start).parent
    links = f"{folder}/_rels/workbook.xml.rels"
    targets = {
        link.get("Id"): _joined(folder, link.get("Target", ""))
        for link in (_tree(archive, links) if links in archive.namelist() else ())
    }
    parts: dict[str, str] = {}
    from_1904 = recalculates = False
    for element in root.iter():
        match element.tag.rpartition("}")[2]:
            case "workbookPr":
                from_1904 = element.get("date1904", "0") in ("1", "true")
            case "calcPr":
                recalculates = element.get("fullCalcOnLoad", "0") in ("1", "true")
            case "sheet":
                link = next((value for key, value in element.items() if key.endswith("}id")), "")
                parts[element.get("name", "")] = targets.get(link, "")
    styles = _styles(archive, f"{folder}/styles.xml")
    codes, struck = _codes(styles), _struck(styles)
    signs = {style: sign for style, code in codes.items() if (sign := sign_of(code))}
    digits = {style: len(code) for style, code in codes.items() if _ZEROS.fullmatch(code)}
    return Book(from_1904, recalculates, parts, signs, digits, struck)


def look_at_sheet(archive: zipfile.ZipFile, part: str, source: str, book: Book) -> Look:
    """Return what the XML of a sheet shows; raise `CvmError` for what no sheet can be."""
    look = Look()
    if part not in archive.namelist():
        return look
    zeros: set[tuple[int, int]] = set()
    calculated = False
    tags = formulas = failed = None
    struck = _cells_of(book.struck)
    row = 0
    for text in _pieces(archive, part, source):
        if tags is None or formulas is None or failed is None:
            found = _OPENS_WITH.search(text)
            prefix = (found.group(1) or b"") if found else b""
            tags, formulas, failed = _patterns(prefix)
        text = _COMMENT.sub(b"", text) if b"<!--" in text else text
        for tag in tags.finditer(text):
            if tag.group(1) == b"row":
                row = _next_row(tag.group(2), row, source)
                if _HIDDEN.search(tag.group(2)):
                    look.hidden_rows.append(row)
            else:
                _note_tag(look, tag.group(1), tag.group(2))
        widest = max(_WIDE.findall(text), key=lambda letters: (len(letters), letters), default=b"Z")
        look.reach(row, column_number(widest))
        if struck is not None:
            look.struck_rows.update(int(number) for number in struck.findall(text))
        for attributes, value in formulas.findall(text):
            if not value and not _IS_TEXT.search(attributes):
                look.uncalculated.update(_places(attributes))
            elif value.strip(b"0.") == b"":
                zeros.update(_places(attributes))
            else:
                calculated = True
        for attributes, value in failed.findall(text):
            look.errors.update(dict.fromkeys(_places(attributes), value.decode("utf-8", "replace")))
    # a library that writes formulas but cannot calculate gives zero for all of them and asks Excel to calculate
    if book.recalculates and not calculated:
        look.uncalculated |= zeros
    return look


def check_sizes(archive: zipfile.ZipFile, file: str) -> None:
    """Raise `CvmError` for a part that is larger than a library may load."""
    for entry in archive.infolist():
        whole = not re.search(r"(sheets/\w+|sharedStrings)\.\w+$|^xl/(media|drawings|embeddings)/", entry.filename)
        most = _LARGEST_WHOLE if whole and entry.filename.endswith((".xml", ".rels")) else _LARGEST
        if entry.file_size > most:
            raise CvmError("reading.part_too_large", file=file, part=entry.filename, size=most >> 20)
        if entry.filename.endswith("sharedStrings.xml"):
            with archive.open(entry) as stream:
                while chunk := stream.read(CHUNK):
                    _check_cell(chunk, file)


def _patterns(prefix: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes], re.Pattern[bytes]]:
    """Return patterns of tags, of formulas with their value, and of cells with an error."""
    tags = rb"<%s(row|col|mergeCell)\b([^>]*)>" % prefix
    formula = rb"<%sc\b([^>]*)>\s*<%sf\b(?:[^>]*/>|[^>]*>[^<]*</%sf>)\s*(?:<%sv>([^<]*)<)?" % ((prefix,) * 4)
    failed = rb"""<%sc\b([^>]*\st=["']e["'][^>]*)>(?:\s*<%sf\b[^<]*(?:</%sf>)?)?\s*<%sv>([^<]*)<""" % ((prefix,) * 4)
    return re.compile(tags), re.compile(formula), re.compile(failed)


def _cells_of(styles: frozenset[int]) -> re.Pattern[bytes] | None:
    """Return a pattern of filled cells of some styles that captures their row, None without a style."""
    if not styles:
        return None
    numbers = b"|".join(str(style).encode() for style in sorted(styles))
    # either attribute may come first; a cell that ends at once is empty
    ahead = rb"""(?=[^>]*\ss=["'](?:%s)["'])(?=[^>]*[^/>]>)""" % numbers
    return re.compile(rb"""<(?:\w+:)?c\b%s[^>]*\sr=["'][A-Z]+(\d+)""" % ahead)


def _pieces(archive: zipfile.ZipFile, part: str, source: str) -> Iterator[bytes]:
    """Yield a part in pieces that end with a whole row."""
    rest: list[bytes] = []
    with archive.open(part) as stream:
        while chunk := stream.read(CHUNK):
            _check_cell(chunk, source)
            cut = chunk.rfind(b"row>")
            if cut < 0:
                rest.append(chunk)
                if len(rest) * CHUNK > _LARGEST_WHOLE:
                    raise CvmError("reading.cell_too_long", source=source)
                continue
            yield b"".join([*rest, chunk[: cut + 4]])
            rest = [chunk[cut + 4 :]]
    yield b"".join(rest)


def _check_cell(chunk: bytes, source: str) -> None:
    # Excel allows 32,767 characters
    if len(chunk) == CHUNK and b"<" not in chunk:
        raise CvmError("reading.cell_too_long", source=source)


def _next_row(attributes: bytes, before: int, source: str) -> int:
    found = _ROW_NUMBER.search(attributes)
    given = found.group(1).decode("ascii", "replace")[:20] if found else str(before + 1)
    # some libraries write 2.0
    row = int(given.removesuffix(".0")) if given.removesuffix(".0").isdecimal() else 0
    if not 0 < row <= MOST_ROWS:
        raise CvmError("reading.impossible_row", source=source, row=given, most=f"{MOST_ROWS:,}")
    if row <= before:
        raise CvmError("reading.row_out_of_order", source=source, row=row, before=before)
    return row


def _note_tag(look: Look, tag: bytes, attributes: bytes) -> None:
    if tag == b"col" and _HIDDEN.search(attributes):
        ends = {name: int(value[:8]) for name, value in _SPAN.findall(attributes)}
        first = ends.get(b"min", 1)
        look.hidden_columns.update(range(first, min(ends.get(b"max", first), first + 1000) + 1))
    if tag == b"mergeCell" and (found := _MERGED.search(attributes)):
        left, top, right, bottom = found.groups()
        look.merges += downward(int(top), int(bottom), column_number(left), column_number(right))


def _places(attributes: bytes) -> list[tuple[int, int]]:
    found = _CELL.search(attributes)
    return [(int(found.group(2)), column_number(found.group(1)))] if found else []


def _tree(archive: zipfile.ZipFile, part: str) -> Any:
    return ElementTree.fromstring(archive.read(part))


def _joined(folder: PurePosixPath, target: str) -> str:
    return target[1:] if target.startswith("/") else str(folder / target)


def _styles(archive: zipfile.ZipFile, part: str) -> str:
    return archive.read(part).decode("utf-8", "replace") if part in archive.namelist() else ""


def _formats_of_cells(text: str) -> list[str]:
    """Return the tag of each style that a cell may have, in the order by which cells name them."""
    found = re.search(r"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", text, re.DOTALL)
    return re.findall(r"<(?:\w+:)?xf\s[^>]*>", found.group()) if found else []


def _struck(text: str) -> frozenset[int]:
    """Return the styles of cells whose font is struck through."""
    fonts = re.search(r"<(?:\w+:)?fonts\b.*?</(?:\w+:)?fonts>", text, re.DOTALL)
    each = re.findall(r"<(?:\w+:)?font\b(?:[^>]*/>|.*?</(?:\w+:)?font>)", fonts.group(), re.DOTALL) if fonts else []
    struck = {str(n) for n, font in enumerate(each) if re.search(r'<(?:\w+:)?strike\b(?![^>]*val="(0|false)")', font)}
    used = [re.search(r'fontId="(\d+)"', tag) for tag in _formats_of_cells(text)]
    return frozenset(style for style, found in enumerate(used) if found and found.group(1) in struck)


def _codes(text: str) -> dict[int, str]:
    """Return the styles of cells whose number format is the workbook's own, each with the code of the format."""
    formats = {}
    for tag in re.findall(r"<(?:\w+:)?numFmt\s[^>]*>", text):
        number, code = re.search(r'numFmtId="(\d+)"', tag), re.search(r'formatCode="([^"]*)"', tag)
        if number and code:
            formats[number.group(1)] = html.unescape(code.group(1))
    used = [re.search(r'numFmtId="(\d+)"', tag) for tag in _formats_of_cells(text)]
    return {style: formats[found.group(1)] for style, found in enumerate(used) if found and found.group(1) in formats}


def sign_of(code: str) -> str:
    """Return what a number format says of a positive number beside its digits, as the text of a cell would: € or -.

    ``[$€-407] #,##0.00`` is in euros, ``0.00" CR"`` a credit, ``#,##0.0" T€"`` in thousands, ``(0.00)`` negative. A
    format that divides by itself, ``0,"k"``, shows the number in thousands and leaves it as it is.
    """
    positive = re.sub(r"\[(?!\$)[^\]]*\]", "", code.partition(";")[0])
    divides = re.search(r"[0#?],+(?![0#?,])", positive)
    for texts in _LITERAL.findall(positive):
        text = next((text for text in texts if text), "").strip()
        affix = affix_of(text, "") if text else None
        if (
            affix
            and (affix.currency or affix.mark or affix.power)
            and not (affix.negative or (affix.power and divides))
        ):
            return text
        if re.fullmatch(f"(?i){row_pattern('return_word')}", text):
            return "credit"
    bare = re.sub(r'\\(.)|"([^"]*)"|_.', r"\1\2", positive).strip()
    return "-" if re.match(r"[-−]|minus\b|\(.*\)$|.*[-−]$", bare, re.IGNORECASE) else ""

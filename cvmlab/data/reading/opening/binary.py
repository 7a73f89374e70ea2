"""What .xls and .xlsb say and their reader does not: hidden rows and columns, merges, errors, the calendar.

Both are sequences of records of a kind, a length and a body ([MS-XLS] and [MS-XLSB]); only a few kinds are looked at.
"""

from __future__ import annotations

import itertools
import re
import struct
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from .looks import Book, Look, downward
from .ooxml import sign_of

_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
# kinds of cells in .xls: formulas, numbers, texts, truth values, several of them at once
_OLD_CELLS = frozenset({0x06, 0x406, 0x203, 0x27E, 0xBD, 0xFD, 0x204, 0xD6, 0x205})
# what is no number of a sector
_FREE = 0xFFFFFFF0


def read_old_book(data: bytes) -> tuple[Book, dict[str, Look]]:
    """Return what a workbook of .xls says of itself, and what each of its sheets shows."""
    stream = _workbook_stream(data)
    starts: dict[str, int] = {}
    from_1904 = False
    fonts: list[bool] = []
    # font and number format of each style
    styles: list[tuple[int, int]] = []
    codes: dict[int, str] = {}
    for kind, body in _old_records(stream, 0):
        if kind == 0x22:
            from_1904 = body[:1] == b"\x01"
        elif kind == 0x85 and len(body) >= 8:
            # a length, then whether the letters take two bytes
            letters, wide = body[8:], body[7] & 1
            starts[letters.decode("utf-16-le" if wide else "latin-1", "replace")] = _four(body, 0)
        elif kind == 0x31:
            # number 4 is never written
            fonts += [bool(_pair(body, 2) & 8)] * (2 if len(fonts) == 3 else 1)
        elif kind == 0xE0:
            styles.append((_pair(body, 0), _pair(body, 2)))
        elif kind == 0x41E and len(body) > 5:
            codes[_pair(body, 0)] = body[5:].decode("utf-16-le" if body[4] & 1 else "latin-1", "replace")
        elif kind == 0xFC and _four(body, 4) > len(data):
            raise ValueError("more texts than the file has room for")
    struck = frozenset(style for style, (font, _) in enumerate(styles) if font < len(fonts) and fonts[font])
    signs = {style: sign for style, (_, code) in enumerate(styles) if (sign := sign_of(codes.get(code, "")))}
    looks = {name: _old_look(_old_records(stream, start), struck, signs) for name, start in starts.items()}
    return Book(from_1904=from_1904), looks


def _old_records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Yield kind and body of the records up to the end of the part that begins there, charts inside it left out."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        depth += (kind in (0x809, 0x409, 0x209, 0x009)) - (kind == 0x0A)
        if depth <= 0:
            return
        if depth == 1:
            yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _old_look(records: Iterable[tuple[int, bytes]], struck: frozenset[int], signs: Mapping[int, str]) -> Look:
    """Return what the records of a sheet of .xls show."""
    look = Look()
    for kind, body in records:
        place = _pair(body, 0) + 1, _pair(body, 2) + 1
        if kind in _OLD_CELLS:
            look.reach(*place)
            # a record may hold the numbers of several cells, each with its style
            for step, at in enumerate(range(4, len(body) - 5, 6) if kind == 0xBD else (4,)):
                style = _pair(body, at)
                if style in struck:
                    look.struck_rows.add(place[0])
                if style in signs:
                    look.signs[place[0], place[1] + step] = signs[style]
        if kind == 0x200:
            look.reach(_four(body, 4), _pair(body, 10))
        elif kind == 0x208 and len(body) >= 14:
            if body[12] & 0x20:
                look.hidden_rows.append(place[0])
        elif kind == 0x7D and len(body) >= 10 and body[8] & 1:
            look.hidden_columns.update(range(place[0], place[1] + 1))
        elif kind == 0xE5:
            for top, bottom, left, right in struct.iter_unpack("<4H", body[2 : 2 + 8 * _pair(body, 0)]):
                look.merges += downward(top + 1, bottom + 1, left + 1, right + 1)
        elif kind == 0x205 and len(body) >= 8 and body[7]:
            look.errors[place] = _ERRORS.get(body[6], "#N/A")
        elif kind in (0x06, 0x406) and body[12:14] == b"\xff\xff" and body[6] == 2:
            look.errors[place] = _ERRORS.get(body[8], "#N/A")
    look.hidden_rows.sort()
    return look


def _pair(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 2], "little")


def _workbook_stream(data: bytes) -> bytes:
    """Return the stream of the workbook inside its container; nothing if the container is not sound."""
    try:
        return _stream_named(data, ("Workbook", "Book"))
    except (struct.error, LookupError, ValueError, StopIteration):
        return b""


def _stream_named(data: bytes, names: Sequence[str]) -> bytes:
    """Return a stream of a compound file ([MS-CFB]): chains of sectors, small ones inside the stream of the root."""
    size = 1 << _pair(data, 30)

    def numbers(sector: int) -> tuple[int, ...]:
        return struct.unpack_from(f"<{size // 4}I", data, (sector + 1) * size)

    def chain(start: int, follower: Sequence[int], source: bytes, size: int) -> bytes:
        pieces: list[bytes] = []
        while start < _FREE and len(pieces) <= len(follower):
            pieces.append(source[start * size : (start + 1) * size])
            start = follower[start]
        return b"".join(pieces)

    tables = [number for number in struct.unpack_from("<109I", data, 76) if number < _FREE]
    further, count = struct.unpack_from("<2I", data, 68)
    for _ in range(min(count, len(data) // size)):
        *listed, further = numbers(further)
        tables += [number for number in listed if number < _FREE]
    follower = [number for table in tables for number in numbers(table)]
    body = data[size:]
    first_entry, small = struct.unpack_from("<I4xI", data, 48)
    directory = chain(first_entry, follower, body, size)
    entries = {}
    for at in range(0, len(directory) - 127, 128):
        name = directory[at : at + max(_pair(directory, at + 64) - 2, 0)].decode("utf-16-le", "replace")
        entries[name] = struct.unpack_from("<2I", directory, at + 116)
    start, length = next(entries[name] for name in names if name in entries)
    if length >= small:
        return chain(start, follower, body, size)[:length]
    small_table = struct.unpack_from("<I", data, 60)[0]
    listed_small = chain(small_table, follower, body, size)
    inside = chain(entries["Root Entry"][0], follower, body, size)
    return chain(start, struct.unpack(f"<{len(listed_small) // 4}I", listed_small), inside, 64)[:length]


def read_book(archive: zipfile.ZipFile) -> Book:
    """Return what a workbook of .xlsb says of itself and where its sheets lie."""
    links = archive.read("xl/_rels/workbook.bin.rels").decode("utf-8", "replace")
    targets = {}
    for tag in re.findall(r"<Relationship\s[^>]*>", links):
        name, target = re.search(r'Id="([^"]*)"', tag), re.search(r'Target="([^"]*)"', tag)
        if name and target:
            targets[name.group(1)] = "xl/" + target.group(1).removeprefix("/xl/")
    texts = archive.read("xl/sharedStrings.bin") if "xl/sharedStrings.bin" in archive.namelist() else b""
    if any(kind == 159 and _four(body, 4) > len(texts) for kind, body in itertools.islice(_records_of(texts), 1)):
        raise ValueError("more texts than the file has room for")
    book, parts = Book(), {}
    for kind, body in _records_of(archive.read("xl/workbook.bin")):
        if kind == 153:
            book = replace(book, from_1904=bool(body[0] & 1))
        elif kind == 156:
            link, rest = _wide_text(body[8:])
            parts[_wide_text(rest)[0]] = targets.get(link, "")
    return replace(book, parts=parts)


def look_at_sheet(archive: zipfile.ZipFile, part: str) -> Look:
    """Return what the records of a sheet of .xlsb show."""
    look, row = Look(), 0
    for kind, body in _records_of(archive.read(part) if part in archive.namelist() else b""):
        if 1 <= kind <= 11:
            look.reach(row, _four(body, 0) + 1)
        elif kind == 148 and len(body) >= 16:
            look.reach(_four(body, 4) + 1, _four(body, 12) + 1)
        if kind == 0 and len(body) >= 12:
            row = _four(body, 0) + 1
            if body[11] & 0x10:
                look.hidden_rows.append(row)
        elif kind in (3, 11) and len(body) >= 9:
            look.errors[row, _four(body, 0) + 1] = _ERRORS.get(body[8], "#N/A")
        elif kind == 60 and len(body) >= 18 and body[16] & 1:
            look.hidden_columns.update(range(_four(body, 0) + 1, min(_four(body, 4), _four(body, 0) + 1000) + 2))
        elif kind == 176 and len(body) >= 16:
            top, bottom, left, right = struct.unpack_from("<4I", body)
            look.merges += downward(top + 1, bottom + 1, left + 1, right + 1)
    return look


def has_short_cells(records: bytes) -> bool:
    """Return whether a sheet of .xlsb has cells without a column number: calamine drops them, Excel writes none."""
    return any(12 <= kind <= 18 for kind, _ in _records_of(records))


def _records_of(records: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield kind and body of each record of .xlsb."""
    at = 0
    while at < len(records):
        kind, at = _varint(records, at, 2)
        length, at = _varint(records, at, 4)
        yield kind, records[at : at + length]
        at += length


def _varint(records: bytes, at: int, longest: int) -> tuple[int, int]:
    """Return the number of up to ``longest`` bytes of seven bits that begins there, and where it ends."""
    number = 0
    for step, byte in enumerate(records[at : at + longest]):
        number |= (byte & 127) << 7 * step
        if byte < 128:
            return number, at + step + 1
    return number, at + longest


def _four(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 4], "little")


def _wide_text(body: bytes) -> tuple[str, bytes]:
    end = 4 + 2 * _four(body, 0)
    return body[4:end].decode("utf-16-le", "replace"), body[end:]

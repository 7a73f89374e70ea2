"""Cells of a text, divided by a separator: which one it is, whether DuckDB may read it, a clean CSV if it may not."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..notes import Note
from ..raw import CHUNK, LineNumbers, exactly, new_file, quoted
from .records import Findings, Layout, records_of, wide_cells

_SEPARATORS = (",", ";", "\t", "|")
# signs that a text may hold too: only where they divide every line alike
_RARE_SEPARATORS = ("^", "~", "#", "!", "，", "；")
# DuckDB's own limit of a line is 2,097,152 bytes
_LINE = 2_000_000
# NUL, the mark of the order of bytes where files were joined, the sign for the end of a file in DOS
_DROPPED = {0: None, 0xFEFF: None, 0x1A: None}


def guess_layout(lines: Sequence[str]) -> Layout:
    """Return the separator that divides most lines into the same number of cells, and what their cells have."""
    sample = [line for line in lines[:100] if line.strip()]
    stated = re.fullmatch(r'"?sep=(.)"?[,;]*\s*', sample[0]) if sample else None
    if stated:
        return _layout(sample[1:], stated[1])
    best = max((_layout(sample, separator) for separator in _SEPARATORS), key=lambda layout: _score(sample, layout))
    # a customer, a date and an amount are three cells
    for separator in _RARE_SEPARATORS if best.width < 3 else ():
        rare = {len(row) for row in parse_lines(sample, separator)}
        if len(rare) == 1 and rare.pop() >= 3:
            return _layout(sample, separator)
    if _score(sample, best) == 0 and sample:
        widths = [len(line.split()) for line in sample]
        if min(widths) >= 3 and len(set(widths)) == 1:
            return Layout(" ", widths[0])
    return best


def _layout(sample: Sequence[str], separator: str) -> Layout:
    alone = list(_alone(sample, separator))
    widths = [len(row) for row in (*parse_lines(sample, separator), *alone)]
    if not widths:
        return Layout(separator)
    width = max(set(widths), key=lambda width: (widths.count(width), width))
    body = [row for row in alone if len(row) == width][1:]
    filled = [[row[column] for row in body if row[column].strip()] for column in range(width)]
    digits = {at for at, cells in enumerate(filled) if cells and all(re.search(r"\d", cell) for cell in cells)}
    return Layout(separator, width, frozenset(digits))


def _alone(sample: Sequence[str], separator: str) -> Iterator[list[str]]:
    """Yield the cells of the lines that are well quoted by themselves, so that no stray sign hides any."""
    for line in sample:
        with suppress(csv.Error):
            yield next(csv.reader([line], delimiter=separator, strict=True))


def _score(sample: Sequence[str], layout: Layout) -> float:
    if layout.width < 2:
        return 0.0
    widths = [len(row) for row in parse_lines(sample, layout.separator)]
    # agreement counts first, the number of cells decides between separators that agree
    return widths.count(layout.width) / len(widths) + layout.width / 1000


def parse_lines(lines: Iterable[str], separator: str) -> Iterator[list[str]]:
    """Yield the cells of each line that has any."""
    yield from (row for row in csv.reader(lines, delimiter=separator) if row)


def csv_scan(path: Path, width: int, *, separator: str = ",", skip: int = 0, extra: bool = False, line: int = 0) -> str:
    """Return DuckDB's scan of a UTF-8 CSV file, every column as text; ``line``: the length of the longest one."""
    names = [f"c{number}" for number in range(width)] + (["extra"] if extra else [])
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    # a file that was written here has but one kind of line end
    style = f"new_line = '\\r\\n', parallel = false, max_line_size = {max(line, _LINE)}, " if line else ""
    return (
        f"read_csv({quoted(exactly(path))}, auto_detect = false, header = false, all_varchar = true, skip = {skip}, "
        f"delim = {quoted(separator)}, quote = '\"', escape = '\"', compression = 'none', hive_partitioning = false, "
        f"{style}columns = {{{columns}}})"
    )


def count_plain(path: Path, separator: str) -> int | None:
    """Return the number of lines of a UTF-8 text if DuckDB surely reads one row from each, else None."""
    if not separator.isascii():
        return None
    lines, rest, windows = 0, b"", False
    with path.open("rb") as stream:
        for chunk in itertools.chain(iter(lambda: stream.read(CHUNK), b""), (b"",)):
            block = rest + chunk
            cut = block.rfind(b"\n") + 1 if chunk else len(block)
            whole, rest = block[:cut], block[cut:]
            if len(rest) > CHUNK:
                return None
            if not whole:
                continue
            windows = windows if lines else b"\r" in whole
            ends = whole.count(b"\n")
            returns = ends if windows else 0
            if whole.count(b"\r") != returns or (windows and whole.count(b"\r\n") != returns):
                return None
            if not _is_plain(whole, separator.encode(), first=not lines):
                return None
            lines += ends + (not whole.endswith(b"\n"))
    return lines


def _is_plain(block: bytes, separator: bytes, *, first: bool) -> bool:
    """Return whether whole lines have cells, and quotation marks only around cells that end on their line."""
    import numpy as np

    blank = b"\n\r\n" if b"\r" in block else b"\n\n"
    if any(sign in block for sign in (b"\x00", b"\x1a", blank)) or block.startswith((b"\n", b"\r")):
        return False
    if b"\xef" in block and block.find(b"\xef\xbb\xbf", 3 if first else 0) >= 0:
        return False
    if b'"' not in block:
        return True
    signs = np.frombuffer(b"\n" + block.removeprefix(b"\xef\xbb\xbf") + b"\n", dtype=np.uint8)
    marks = np.flatnonzero(signs == ord('"'))
    if len(marks) % 2:
        return False
    opening, closing = marks[::2], marks[1::2]
    before = np.isin(signs[opening - 1], list(b'\n"' + separator))
    # a quotation mark before an opening one is the first of two that stand for one
    doubled = (signs[opening - 1] == ord('"')) & np.r_[True, opening[1:] - 1 != closing[:-1]]
    after = np.isin(signs[closing + 1], list(b'\n\r"' + separator))
    lines = np.searchsorted(np.flatnonzero(signs == ord("\n")), marks)
    return bool(before.all() and not doubled.any() and after.all() and (lines[::2] == lines[1::2]).all())


def clean_lines(lines: Iterable[str], found: Findings) -> Iterator[str]:
    """Yield lines without signs that are no text."""
    for line in lines:
        if "\x00" in line or "\ufeff" in line or "\x1a" in line:
            found.dropped += line.count("\x00")
            line = line.translate(_DROPPED)
        yield line


def rewrite(path: Path, encoding: str, layout: Layout, width: int, skip: int, folder: Path) -> Rewritten:
    """Rewrite a text as a clean CSV of ``width`` columns and one for what is beyond."""
    found, lines, longest = Findings(), LineNumbers(), 1
    target = new_file(folder)
    with wide_cells(), path.open(encoding=encoding, newline="") as stream, _csv_file(target) as writer:
        for record in itertools.islice(records_of(clean_lines(stream, found), layout, found), skip, None):
            row, beyond = record.cells, '"' if record.broken else ""
            if len(row) != width:
                if more := layout.separator.join(row[width:]).strip(layout.separator + " "):
                    found.wide.append(record.line)
                beyond = more or beyond
                found.uneven += bool(beyond) or (len(row) < width and any(map(str.strip, row)))
                row = [*row[:width], *[""] * (width - len(row))]
            lines.add(record.line)
            row.append(beyond)
            if (written := writer.writerow(row)) > longest:
                longest = written
    scan = csv_scan(target, width, extra=True, line=4 * longest)
    return Rewritten(scan, lines, found)


@dataclass(frozen=True)
class Rewritten:
    """The scan of a rewritten text, the lines on which its rows began, and what was found on the way."""

    scan: str
    lines: LineNumbers
    found: Findings

    def notes(self, source: str) -> tuple[Note, ...]:
        """Return what a reader should know."""
        found, first = self.found, self.lines.of(0)
        found_on = (found.stray, found.long, found.wide)
        stray, long, wide = ([line for line in lines if line >= first] for lines in found_on)
        remarks = [
            (found.uneven, Note("uneven_lines", {"source": source})),
            (wide, Note("wide_lines", _first(source, wide), "warning")),
            (stray, Note("stray_quotes", _first(source, stray), "warning")),
            (long, Note("long_cells", _first(source, long))),
            (found.dropped, Note("nul_dropped", {"source": source, "count": f"{found.dropped:,}"})),
        ]
        return tuple(note for seen, note in remarks if seen)


def _first(source: str, lines: Sequence[int]) -> dict[str, Any]:
    return {"source": source, "count": len(lines), "line": f"{lines[0]:,}" if lines else ""}


def write_rows(rows: Iterable[Sequence[str]], folder: Path) -> Path:
    """Stream rows into a temporary UTF-8 CSV file and return its path."""
    target = new_file(folder)
    with _csv_file(target) as writer:
        writer.writerows(rows)
    return target


@contextmanager
def _csv_file(target: Path) -> Iterator[Any]:
    # csv quotes a line break only if it is of its own kind of line end
    with target.open("w", encoding="utf-8", newline="") as out:
        yield csv.writer(out, lineterminator="\r\n")

"""Cells of a text, divided by a separator: which one it is, the lines apart, and a clean CSV for DuckDB."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .raw import new_file, quoted

_SEPARATORS = (",", ";", "\t", "|")


def guess_separator(lines: Sequence[str]) -> str:
    """Return the separator that divides most lines into the same number of cells; a space if none does."""
    best, best_score = ",", 0.0
    sample = [line for line in lines[:100] if line.strip()]
    for separator in _SEPARATORS:
        widths = [len(row) for row in parse_lines(sample, separator)]
        if not widths:
            continue
        common = max(set(widths), key=lambda width: (widths.count(width), width))
        if common > 1:
            # agreement counts first, the number of cells decides between separators that agree
            score = widths.count(common) / len(widths) + common / 1000
            if score > best_score:
                best, best_score = separator, score
    if not best_score and sample:
        widths = [len(line.split()) for line in sample]
        if min(widths) >= 3 and len(set(widths)) == 1:
            return " "
    return best


def parse_lines(lines: Iterable[str], separator: str, *, quoting: bool = True) -> Iterator[list[str]]:
    """Yield the cells of each line that has any; a space as separator means any run of white space."""
    if separator == " ":
        yield from (line.split() for line in lines if line.strip())
        return
    style: dict[str, Any] = {} if quoting else {"quoting": csv.QUOTE_NONE}
    yield from (row for row in csv.reader(lines, delimiter=separator, **style) if row)


def csv_scan(path: Path, width: int, *, separator: str = ",", skip: int = 0, extra: bool = False) -> str:
    """Return DuckDB's scan of a UTF-8 CSV file, every column as text."""
    names = [f"c{number}" for number in range(width)] + (["extra"] if extra else [])
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    return (
        f"read_csv({quoted(path)}, auto_detect = false, header = false, all_varchar = true, skip = {skip}, "
        f"delim = {quoted(separator)}, quote = '\"', escape = '\"', "
        f"columns = {{{columns}}})"
    )


def rewrite(path: Path, encoding: str, separator: str, width: int, skip: int, folder: Path) -> Path:
    """Rewrite a ragged or badly quoted text as a clean CSV of ``width`` columns and one for what is beyond."""
    try:
        return _rewrite(path, encoding, separator, width, skip, folder, quoting=True)
    except csv.Error:
        return _rewrite(path, encoding, separator, width, skip, folder, quoting=False)


def _rewrite(path: Path, encoding: str, separator: str, width: int, skip: int, folder: Path, *, quoting: bool) -> Path:
    def rows() -> Iterator[list[str]]:
        with path.open(encoding=encoding, newline="") as stream:
            if separator == " ":
                parsed = parse_lines(stream, separator)
            elif quoting:
                parsed = (row for row in csv.reader(stream, delimiter=separator, strict=True) if row)
            else:
                parsed = parse_lines((line for line in stream.read().splitlines()), separator, quoting=False)
            for row in itertools.islice(parsed, skip, None):
                beyond = separator.join(row[width:]).strip(separator + " ")
                yield [*row[:width], *[""] * (width - len(row)), beyond]

    return write_rows(rows(), folder)


def write_rows(rows: Iterable[Sequence[str]], folder: Path) -> Path:
    """Stream rows into a temporary UTF-8 CSV file and return its path."""
    target = new_file(folder)
    with target.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(rows)
    return target

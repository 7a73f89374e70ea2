"""Sheets and files whose names say that their rows are returns, or a copy of others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cvmlab.core.words import CvmError

from ..notes import Note
from ..part_names import copied_name, own_names, returns_word
from ..quality import USED
from ..raw import Source
from .verdicts import REASON_CODES, USED_ROWS


def check_named_returns(connection: Any, parts: Sequence[Source]) -> None:
    """Raise `CvmError` where a part that is called returns, beside one that is not, adds to the sales."""
    words = [returns_word(name) for name in own_names(parts)]
    if all(words):
        return
    for part, word in enumerate(words):
        if not word:
            continue
        # a return that repeats the row of its sale was taken for a copy of it
        rows, positive, amount = connection.execute(
            f"""SELECT count(*), count(*) FILTER (exact > 0), coalesce(sum(exact) FILTER (exact > 0), 0)
            FROM log WHERE part = {part}
                AND reason IN ({REASON_CODES[USED]}, {REASON_CODES["duplicate_row"]})"""
        ).fetchone()
        if 2 * positive > rows:
            source = parts[part]
            said = {"source": source.name, "word": word, "count": f"{positive:,}", "amount": f"{amount:,.2f}"}
            raise CvmError("reading.positive_returns", sales=parts[words.index("")].name, **said)


def copy_notes(connection: Any, parts: Sequence[Source]) -> list[Note]:
    """Name each part that is called a copy of another one, with its rows and their money."""
    names = [Path(source.file).stem if source.sheet == "" else source.sheet for source in parts]
    notes = []
    for part, name in enumerate(names):
        of = copied_name(name)
        if of.casefold() not in {other.casefold() for other in names if other != name}:
            continue
        rows, amount = connection.execute(
            f"SELECT count(*), coalesce(sum(exact), 0) FROM log WHERE {USED_ROWS} AND part = {part}"
        ).fetchone()
        said = {"source": parts[part].name, "of": of, "count": f"{rows:,}", "amount": f"{amount:,.2f}"}
        notes.append(Note("copy_by_name", said, "warning"))
    return notes

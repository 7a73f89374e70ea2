"""A sheet or file of returns whose amounts are positive: they would be added to the sales, so the user is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmlab.core.words import CvmError

from ..part_names import own_names, returns_word
from ..raw import Source
from .verdicts import USED_ROWS


def check_named_returns(connection: Any, parts: Sequence[Source]) -> None:
    """Raise `CvmError` where a part that is called returns, beside one that is not, adds to the sales."""
    words = [returns_word(name) for name in own_names(parts)]
    if all(words):
        return
    for part, word in enumerate(words):
        if not word:
            continue
        rows, positive, amount = connection.execute(
            f"""SELECT count(*), count(*) FILTER (exact > 0), coalesce(sum(exact) FILTER (exact > 0), 0)
            FROM log WHERE {USED_ROWS} AND part = {part}"""
        ).fetchone()
        if 2 * positive > rows:
            source = parts[part]
            said = {"source": source.name, "word": word, "count": f"{positive:,}", "amount": f"{amount:,.2f}"}
            raise CvmError("reading.positive_returns", sales=parts[words.index("")].name, **said)

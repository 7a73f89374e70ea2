"""Columns that say whether a row is a return: in words, or by 0 and 1; sums and counts are no such flags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..columns import REFUND, RETURN, ColumnMapping, rank_of
from ..notes import Note
from .values import DATA, EXACT


def read_flags(connection: Any, mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Make words of flags written as 0 and 1, and empty a column of flags that holds other numbers."""
    notes = []
    for part, mapping in enumerate(mappings):
        here = f"part = {part} AND kind = {DATA}"
        if REFUND in mapping and REFUND not in mapping.chosen and rank_of(mapping[REFUND], REFUND) != 1:
            _word_refunds(connection, here)
        if RETURN in mapping:
            notes += _word_returns(connection, here, mapping)
    return notes


def _word_refunds(connection: Any, here: str) -> None:
    """Write yes for 1 in a column such as Refunded that holds nothing but 0 and 1: it says whether, not how much."""
    number = f"coalesce({REFUND}_value, TRY_CAST({REFUND}_text AS {EXACT}))"
    (flags,) = connection.execute(f"SELECT bool_and({number} IN (0, 1)) FROM stage WHERE {here}").fetchone()
    if flags:
        word = f"CASE WHEN {number} = 1 THEN 'yes' END"
        connection.execute(f"UPDATE stage SET {REFUND}_text = {word}, {REFUND}_value = NULL WHERE {here}")


def _word_returns(connection: Any, here: str, mapping: ColumnMapping) -> list[Note]:
    """Write yes for 1, where a column such as Return holds 0 and 1; take no notice of it where it counts pieces."""
    number = f"TRY_CAST({RETURN} AS {EXACT})"
    rows, example = connection.execute(
        f"SELECT count(*), max({RETURN}) FROM stage WHERE {here} AND {number} NOT IN (0, 1)"
    ).fetchone()
    if rows:
        connection.execute(f"UPDATE stage SET {RETURN} = NULL WHERE {here}")
        return [Note("flag_of_numbers", {"column": mapping[RETURN], "rows": f"{rows:,}", "value": example}, "warning")]
    word = f"CASE WHEN {number} = 1 THEN 'yes' ELSE 'no' END"
    connection.execute(f"UPDATE stage SET {RETURN} = {word} WHERE {here} AND {number} IS NOT NULL")
    return []

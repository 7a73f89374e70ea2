"""Rows that a sheet hides, strikes through or has in its foot: they count like any other, and a warning says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..notes import Note
from ..raw import RawTable
from .verdicts import USED_ROWS


def rows_shown_otherwise(connection: Any, stage: Sequence[RawTable]) -> list[Note]:
    """Say of each sheet how many rows that count are hidden, struck through or in its foot, with their money."""
    notes = []
    for part, key, numbers in (
        (part, *each) for part, table in enumerate(stage) for each in table.shown_otherwise.items()
    ):
        table = stage[part]
        below = [number - table.first_row for number in numbers if number >= table.first_row]
        if not below:
            continue
        connection.execute("CREATE OR REPLACE TEMP TABLE named AS SELECT unnest(?::BIGINT[]) AS place", [below])
        count, share, first = connection.execute(
            f"""WITH places AS (
                SELECT exact, spot - (SELECT min(rowid) FROM stage WHERE part = {part}) AS place
                FROM log WHERE part = {part} AND {USED_ROWS}
            ), judged AS (SELECT *, place IN (FROM named) AS is_named FROM places)
            SELECT count(*) FILTER (is_named), sum(abs(exact)) FILTER (is_named) / nullif(sum(abs(exact)), 0),
                min(place) FILTER (is_named)
            FROM judged"""
        ).fetchone()
        if count:
            said = {"source": table.name, "count": f"{count:,}", "share": f"{100 * float(share or 0):.0f}"}
            notes.append(Note(key, said | {"row": f"{first + table.first_row:,}"}, "warning"))
    return notes

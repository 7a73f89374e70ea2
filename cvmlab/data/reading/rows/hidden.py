"""Rows that a sheet hides or strikes through: they count like any other, and a warning says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..notes import Note
from ..raw import RawTable
from .verdicts import USED_ROWS


def hidden_rows(connection: Any, stage: Sequence[RawTable]) -> list[Note]:
    """Say of each sheet how many rows that count are hidden, by hand or by a filter, and their share of the money."""
    return list(_said(connection, stage, "hidden_rows", [table.hidden for table in stage]))


def struck_rows(connection: Any, stage: Sequence[RawTable]) -> list[Note]:
    """Say of each sheet how many rows that count are struck through, and their share of the money."""
    return list(_said(connection, stage, "struck_rows", [table.struck for table in stage]))


def _said(connection: Any, stage: Sequence[RawTable], key: str, numbers_of: Sequence[Sequence[int]]) -> Iterator[Note]:
    for part, (table, numbers) in enumerate(zip(stage, numbers_of, strict=True)):
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
            yield Note(key, said | {"row": f"{first + table.first_row:,}"}, "warning")

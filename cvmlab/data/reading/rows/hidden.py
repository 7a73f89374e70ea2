"""Rows that a sheet hides, by hand or by a filter: they count like any other, and a warning says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..notes import Note
from ..raw import RawTable
from .verdicts import USED_ROWS


def hidden_rows(connection: Any, stage: Sequence[RawTable]) -> list[Note]:
    """Say of each sheet how many rows that count are hidden, and what share of the money is theirs."""
    notes = []
    for part, table in enumerate(stage):
        below = [number - table.first_row for number in table.hidden if number >= table.first_row]
        if not below:
            continue
        connection.execute("CREATE OR REPLACE TEMP TABLE hidden AS SELECT unnest(?::BIGINT[]) AS place", [below])
        count, share = connection.execute(
            f"""SELECT count(*) FILTER (is_hidden), sum(abs(exact)) FILTER (is_hidden) / nullif(sum(abs(exact)), 0)
            FROM (
                SELECT exact, spot - (SELECT min(rowid) FROM stage WHERE part = {part}) IN (FROM hidden) AS is_hidden
                FROM log WHERE part = {part} AND {USED_ROWS})"""
        ).fetchone()
        if count:
            said = {"source": table.name, "count": f"{count:,}", "share": f"{100 * float(share or 0):.0f}"}
            notes.append(Note("hidden_rows", said, "warning"))
    return notes

"""All parts of a source copied into the table ``stage`` of a DuckDB connection, every row of each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cvmlab.core.words import CvmError, say

from .cells import values
from .notes import Note
from .opening.files import load_text
from .opening.frames import typed_table
from .opening.heads import Part
from .opening.idle_columns import number_columns
from .opening.pages import load_html
from .opening.workbooks import load_sheet
from .raw import MOST_IDLE, Idle, Progress, RawTable, quoted
from .rows.elsewhere import check_currencies, few_words, mixed_tax, words_elsewhere
from .rows.idle_words import word_columns


def prepare(connection: Any, folder: Path, *, on_disk: bool) -> None:
    """Set up a connection that writes to a folder what does not fit into memory, and a large log from the start."""
    if on_disk:
        connection.execute(f"ATTACH {quoted(folder / 'log.duckdb')} AS store")
        connection.execute("USE store")
    # Jupyter would show a bar that stays in the notebook
    connection.execute("SET enable_progress_bar = false")
    # made only if memory runs short; DuckDB's own choice would be the working folder
    spill = folder.with_name(f"{folder.name}-spill")
    connection.execute(f"SET temp_directory = {quoted(spill)}")


def stage_parts(
    connection: Any,
    parts: Sequence[Part],
    keep: Sequence[str],
    timezone: str | None,
    folder: Path,
    progress: Progress | None,
) -> tuple[list[RawTable], list[Note]]:
    """Copy the needed cells of all parts into the table ``stage``; return the raw tables and what else is in them."""
    values.create_macros(connection)
    loaded: list[RawTable] = []
    mixed: dict[int, list[Note]] = {}
    idle: dict[int, list[Idle]] = {}
    for number, part in enumerate(parts):
        if progress:
            progress(say("reading.step_reading", source=part.head.name), number / len(parts))
        table = _load_part(part, folder, progress)

        def query(table: RawTable, number: int = number, part: Part = part) -> str:
            mapping = part.mapping
            few = few_words(connection, table, mapping)
            check_currencies(few, table, mapping)
            mixed[number] = mixed_tax(few, table, mapping)
            idle[number] = [*word_columns(few, table, mapping), *number_columns(part)][:MOST_IDLE]
            words = words_elsewhere(few, table, mapping)
            return values.stage_query(number, table, mapping, keep, timezone, words, idle[number])

        if table.plainer is not None and not _fill(connection, number, query(table), table.rows):
            table = table.plainer()
        if table.plainer is None and not _fill(connection, number, query(table), table.rows):
            raise CvmError("reading.rows_lost", source=table.name)
        encoding = "" if part.head.encoding.startswith("utf") else part.head.encoding
        loaded.append(replace(table, idle=tuple(idle[number]), encoding=encoding))
    return loaded, [note for notes in mixed.values() for note in notes]


def _fill(connection: Any, number: int, query: str, rows: int | None) -> bool:
    """Add a part to ``stage``; return whether it has as many rows as it must have."""
    import duckdb

    connection.execute("BEGIN")
    try:
        verb = "INSERT INTO stage" if number else "CREATE TABLE stage AS"
        (count,) = connection.execute(f"{verb} {query}").fetchone()
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        connection.execute("ROLLBACK")
        if rows is None:
            raise
        return False
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT" if rows in (None, count) else "ROLLBACK")
    return rows in (None, count)


def _load_part(part: Part, folder: Path, progress: Progress | None) -> RawTable:
    """Return all of a part as something DuckDB can scan."""
    head = part.head
    match head.kind:
        case "text":
            return load_text(head, part.header, folder, progress, part.names)
        case "parquet" | "frame":
            return typed_table(head)
        case "html":
            return load_html(head, part.header or 0, part.names, part.mapping, folder)
        case "workbook":
            return load_sheet(head, part.header or 0, part.names, part.mapping, folder, progress)

"""All cells of a table, cleaned of what nobody can see, as an Arrow table; and where its rows stand in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvmlab.core.words import CvmError
from cvmlab.data.reading.cells import values
from cvmlab.data.reading.columns import ColumnMapping
from cvmlab.data.reading.opening.files import load_text
from cvmlab.data.reading.opening.frames import typed_table
from cvmlab.data.reading.opening.heads import Head
from cvmlab.data.reading.opening.pages import load_html
from cvmlab.data.reading.opening.workbooks import load_sheet
from cvmlab.data.reading.raw import RawTable

from .naming import CUSTOMER_ID, TENURE

if TYPE_CHECKING:
    import pandas as pd

    from .choosing import Choice

EXTRA = "extra"
# kinds of DuckDB that stay what they are
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
            "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL")  # fmt: skip
# how many of its units a span of time counts per day
_A_DAY = {"s": 86_400.0, "ms": 86_400e3, "us": 86_400e6, "ns": 86_400e9}
_WHOLE = frozenset(_NUMBERS) - {"FLOAT", "DOUBLE"}


@dataclass(frozen=True)
class Loaded:
    """The cells of a table by the position of their column: ``c0``, ``c1``, …, and ``extra`` beyond the last."""

    cells: Any
    table: RawTable
    # position → text, number, flag or day
    kinds: tuple[str, ...]
    # positions of columns of texts some of whose cells are true numbers, whose decimal sign nobody chose
    true_numbers: frozenset[int]

    def __len__(self) -> int:
        return int(self.cells.num_rows)

    def column(self, position: int) -> pd.Series:
        """Return a column: a text that is missing where it is blank, a number, a flag or a day."""
        found: pd.Series = self.cells.column(f"c{position}").to_pandas()
        return found.astype("str") if self.kinds[position] == "text" else found

    def place(self, row: int) -> int:
        """Return where a row, counted from 0, stands in the file, counted from 1."""
        return self.table.place(int(row))


def load(choice: Choice, connection: Any, folder: Path) -> Loaded:
    """Return all cells of the chosen table."""
    table, cells = _loaded(choice, connection, folder, None)
    known = {**_id_of(choice, table), **_stored(choice)}
    kinds = tuple(known[place][0] if place in known else kind_of(kind) for place, kind in enumerate(table.types))
    is_book = choice.head.kind == "workbook"
    texts = frozenset(place for place, kind in enumerate(kinds) if kind == "text")
    return Loaded(cells, table, kinds, texts if is_book else table.numbers)


def load_column(choice: Choice, name: str, connection: Any, folder: Path) -> pd.Series:
    """Return the cells of one column of the chosen table."""
    position = choice.names.index(name)
    _, cells = _loaded(choice, connection, folder, position)
    found: pd.Series = cells.column(f"c{position}").to_pandas()
    return found


def _loaded(choice: Choice, connection: Any, folder: Path, only: int | None) -> tuple[RawTable, Any]:
    import duckdb

    values.create_macros(connection)
    connection.execute("SET enable_progress_bar = false")
    choice = replace(choice, head=_with_local_days(choice.head, connection))
    table = _raw(choice, folder)
    stored = _stored(choice)
    cells = None
    try:
        cells = _fetch(table, connection, only, {**_id_of(choice, table), **stored})
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        if table.plainer is None:
            raise
    if cells is None or (table.rows is not None and cells.num_rows != table.rows):
        if table.plainer is None:
            raise CvmError("reading.rows_lost", source=table.name)
        table = table.plainer()
        cells = _fetch(table, connection, only, {**_id_of(choice, table), **stored})
    return table, cells


def _id_of(choice: Choice, table: RawTable) -> dict[int, tuple[str, str]]:
    """Return how ids that are whole numbers are read: as text they keep all digits, as floats only sixteen."""
    column = choice.columns.get(CUSTOMER_ID)
    place = None if column is None else choice.names.index(column)
    is_whole = place is not None and table.types[place].split("(")[0] in _WHOLE
    return {place: ("text", f"c{place}::VARCHAR")} if is_whole and place is not None else {}


def _stored(choice: Choice) -> dict[int, tuple[str, str]]:
    """Return how a Parquet file's moments with a zone and its spans of time are read, which DuckDB takes for others.

    A moment is one of the day on the clocks there, a span a number of days, which a tenure says.
    """
    import pyarrow as pa
    from pyarrow import parquet

    head = choice.head
    if head.kind != "parquet" or head.path is None:
        return {}
    try:
        fields = list(parquet.read_schema(head.path))
    except (pa.ArrowException, OSError):
        return {}
    found: dict[int, tuple[str, str]] = {}
    for place, field in enumerate(fields if len(fields) == len(choice.names) else []):
        if pa.types.is_timestamp(field.type) and field.type.tz:
            zone = field.type.tz.replace("'", "")
            if "/" in zone:
                found[place] = ("day", f"timezone('{zone}', c{place})::DATE::TIMESTAMP")
        elif pa.types.is_duration(field.type):
            days = f"(c{place} / {_A_DAY[field.type.unit]})"
            is_tenure = choice.names[place] == choice.columns.get(TENURE)
            found[place] = ("text", f"{days}::VARCHAR || ' days'") if is_tenure else ("number", f"{days}::DOUBLE")
    return found


def _with_local_days(head: Head, connection: Any) -> Head:
    """Return the head of a frame whose moments with a zone are those of the clocks there, and register it so."""
    import pyarrow as pa

    if head.kind != "frame" or head.payload is None:
        return head
    arrow, types = head.payload, list(head.types)
    for place, column in enumerate(arrow.columns):
        if pa.types.is_timestamp(column.type) and column.type.tz:
            local = column.to_pandas().dt.tz_localize(None).astype("datetime64[us]")
            arrow = arrow.set_column(place, arrow.column_names[place], pa.array(local, pa.timestamp("us")))
            types[place] = "TIMESTAMP"
    if arrow is head.payload:
        return head
    connection.register("source_frame", arrow.rename_columns([f"c{number}" for number in range(arrow.num_columns)]))
    return replace(head, payload=arrow, types=tuple(types))


def _raw(choice: Choice, folder: Path) -> RawTable:
    head: Head = choice.head
    mapping = ColumnMapping({})
    match head.kind:
        case "text":
            return load_text(head, choice.header, folder, None, choice.names)
        case "parquet" | "frame":
            return typed_table(head)
        case "html":
            return load_html(head, choice.header, choice.names, mapping, folder)
        case "workbook":
            return load_sheet(head, choice.header, choice.names, mapping, folder)


def kind_of(duckdb_type: str) -> str:
    """Return what a column of a type of DuckDB holds: ``text``, ``number``, ``flag`` or ``day``."""
    if duckdb_type == "BOOLEAN":
        return "flag"
    if duckdb_type.split("(")[0] in _NUMBERS:
        return "number"
    return "day" if duckdb_type == "DATE" or duckdb_type.startswith("TIMESTAMP") else "text"


def _fetch(table: RawTable, connection: Any, only: int | None, sql: Mapping[int, tuple[str, str]]) -> Any:
    """Return the cells of a scan, texts cleaned; ``sql`` has the kind and the expression of some columns."""
    import pyarrow as pa

    places = range(len(table.columns)) if only is None else [only]
    names = [f"c{place}" for place in places]
    found_types = {f"c{place}": table.types[place] for place in places}
    kinds = {name: kind_of(found) for name, found in found_types.items()}
    kinds |= {f"c{place}": kind for place, (kind, _) in sql.items() if f"c{place}" in kinds}
    said = {f"c{place}": expression for place, (_, expression) in sql.items()}
    texts = {name: said.get(name, f"{name}::VARCHAR") for name, kind in kinds.items() if kind == "text"}
    others = {
        name: said.get(name) or {"number": _number(name, found), "day": _day(name, found), "flag": name}[kinds[name]]
        for name, found in found_types.items()
        if kinds[name] != "text"
    }
    if table.has_extra and only is None:
        texts[EXTRA] = EXTRA
    cells = {**others, **texts}
    scan = f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in cells.items())} FROM {table.scan}"
    raw = connection.sql(scan).to_arrow_table()
    cleaned = {name: raw.column(name) for name in others}
    cleaned |= _cleaned({name: raw.column(name) for name in texts}, connection)
    order = [*names, *([EXTRA] if EXTRA in texts else [])]
    return pa.table({name: cleaned[name] for name in order})


def _cleaned(texts: dict[str, Any], connection: Any) -> dict[str, Any]:
    """Return columns of texts cleaned: each different text once, whatever the number of rows and columns."""
    import pyarrow as pa

    if not texts:
        return {}
    chunks = [chunk.cast(pa.large_string()) for column in texts.values() for chunk in column.chunks]
    every = pa.chunked_array(chunks, type=pa.large_string()).combine_chunks().dictionary_encode()
    connection.register("raw_cells", pa.table({"cell": every.dictionary}))
    query = "raw_cells"
    for step in ("visible_number", "trimmed", "unwrapped", "filled"):
        query = f"(SELECT {step}(cell) AS cell FROM {query})"
    found = connection.sql(f"SELECT cell FROM {query}").to_arrow_table().column("cell").combine_chunks()
    connection.unregister("raw_cells")
    rows = len(next(iter(texts.values())))
    places = every.indices
    return {name: found.take(places.slice(number * rows, rows)) for number, name in enumerate(texts)}


def _number(name: str, found: str) -> str:
    # as it is written: 70.35, not the 70.3499985 that comes next to it
    return f"{name}::VARCHAR::DOUBLE" if found == "FLOAT" else f"{name}::DOUBLE"


def _day(name: str, found: str) -> str:
    # a moment with its zone is one of the day there; the hour is of no use for months
    return (
        f"{name}::TIMESTAMPTZ::TIMESTAMP::DATE::TIMESTAMP" if "TZ" in found or "ZONE" in found else f"{name}::TIMESTAMP"
    )

"""What has columns with types already: Parquet files, and frames of pandas, polars, pyarrow or DuckDB."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvmlab.core.words import CvmError

from ..raw import RawTable, cell_text, exactly, first_line, marked, quoted, unmarked
from ..role_names import distinct_names
from .heads import HEAD_ROWS, Head

if TYPE_CHECKING:
    import pandas as pd


def parquet_head(path: Path, rows: int = HEAD_ROWS) -> Head:
    """Return the head of a Parquet file."""
    import duckdb

    with duckdb.connect() as connection:
        try:
            relation = connection.sql(f"SELECT * FROM {_parquet(path)} LIMIT {int(rows)}")
            sample = relation.project("COLUMNS(*)::VARCHAR").fetchall()
            parts = connection.execute(
                f"SELECT name, num_children FROM parquet_schema({quoted(exactly(path))})"
            ).fetchall()
        except duckdb.Error as error:
            if "not valid UTF" in str(error) and (columns := _columns_of_bytes(path, connection)):
                raise CvmError("reading.column_of_bytes", file=path.name, columns=columns) from error
            reason = first_line(error).replace(str(path), path.name)
            raise CvmError("reading.corrupt", file=path.name, reason=reason) from error
        types = tuple(str(kind) for kind in relation.types)
        names = _outer_names(parts)
        # DuckDB calls the second of two equal names amount_1
        table = [
            names if len(names) == len(types) else relation.columns,
            *([cell_text(cell) for cell in row] for row in sample),
        ]
    return Head(path.name, "", "parquet", table, types=types, path=path)


def _columns_of_bytes(path: Path, connection: Any) -> str:
    """Return the names of the columns that hold bytes and do not say that these are text."""
    found = connection.execute(
        f"SELECT name FROM parquet_schema({quoted(exactly(path))}) WHERE type LIKE '%BYTE_ARRAY' "
        "AND converted_type IS NULL AND logical_type IS NULL"
    ).fetchall()
    return ", ".join(name for (name,) in found)


def _parquet(path: Path) -> str:
    # old writers store text as bytes; a folder called year=2024 adds no column
    return f"read_parquet({quoted(exactly(path))}, binary_as_string = true, hive_partitioning = false)"


def _outer_names(parts: Sequence[tuple[str, int | None]]) -> list[str]:
    """Return the names of a Parquet file's columns; those of their own parts follow each nested one."""
    names: list[str] = []
    inside = 0
    for name, children in parts[1:]:
        if inside:
            inside -= 1
        else:
            names.append(name)
        inside += children or 0
    return names


def frame_head(frame: Any, name: str, connection: Any, rows: int = HEAD_ROWS) -> Head:
    """Register a frame of pandas, polars, pyarrow or DuckDB with the connection and return its head."""
    import duckdb

    arrow = _arrow(frame, name)
    names = list(arrow.column_names)
    # a frame may have two columns of one name, which SQL may not
    connection.register("source_frame", arrow.rename_columns([f"c{number}" for number in range(len(names))]))
    try:
        relation = connection.sql("SELECT * FROM source_frame")
        sample = relation.limit(rows).project("COLUMNS(*)::VARCHAR").fetchall()
    except duckdb.Error as error:
        raise CvmError("reading.corrupt", file=name, reason=first_line(error)) from error
    table = [names, *([cell_text(cell).removeprefix(marked("")) for cell in row] for row in sample)]
    return Head(name, "", "frame", table, types=tuple(str(kind) for kind in relation.types), payload=arrow)


def _arrow(frame: Any, name: str) -> Any:
    """Return the frame as an Arrow table of columns that DuckDB can read; the frame itself stays as it is."""
    import duckdb
    import narwhals as nw
    import pandas as pd
    import pyarrow as pa

    if isinstance(frame, pd.DataFrame):
        return _readable(_pandas_columns(frame))
    if isinstance(frame, pa.Table):
        return _readable(
            (_sound(label), column) for label, column in zip(frame.column_names, frame.columns, strict=True)
        )
    try:
        wide = nw.from_native(frame)
    # an object may do anything when it is asked what it is
    except Exception as error:
        raise CvmError("reading.not_a_frame", found=type(frame).__name__) from error
    try:
        if isinstance(frame, duckdb.DuckDBPyRelation):
            return _arrow(frame.to_arrow_table(), name)
        if isinstance(wide, nw.LazyFrame):
            return _arrow(wide.collect("pyarrow").to_native(), name)
        return _readable((column, _array(wide[column])) for column in wide.columns)
    except (CvmError, duckdb.Error):
        raise
    # a plan of lazy steps fails only when it is carried out, in the words of its own library
    except Exception as error:
        raise CvmError("reading.frame_failed", source=name, reason=first_line(error)) from error


def _pandas_columns(frame: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    """Yield name and values of each column, those of the index first where they have names of their own."""
    index = frame.index
    for level, label in enumerate(index.names):
        if label is not None and label not in frame.columns:
            yield _label(label), _pandas_array(index.get_level_values(level).to_series())
    for position, label in enumerate(frame.columns):
        yield _label(label), _pandas_array(frame.iloc[:, position])


def _label(label: Any) -> str:
    """Return a column's name as text: the levels of a nested name joined, nothing for a missing one."""
    parts = label if isinstance(label, tuple) else (label,)
    return _sound(" ".join(text for text in map(cell_text, parts) if text))


def _sound(text: str) -> str:
    r"""Return a text without halves of characters (``\ud800``), which no encoding can write."""
    return text.encode("utf-8", "backslashreplace").decode()


def _pandas_array(values: pd.Series) -> Any:
    import pandas as pd
    import pyarrow as pa

    kind = values.dtype
    if isinstance(kind, pd.SparseDtype):
        values = values.astype(kind.subtype)
    if pd.api.types.is_object_dtype(kind) or isinstance(kind, pd.CategoricalDtype | pd.PeriodDtype | pd.IntervalDtype):
        return _texts(values)
    try:
        return pa.Array.from_pandas(values)
    except (pa.ArrowException, ValueError, TypeError):
        return _texts(values)


def _array(values: Any) -> Any:
    """Return a column of any other library; what Arrow does not know becomes text."""
    import pyarrow as pa

    try:
        found = values.to_arrow()
    except Exception:
        return _texts(values.to_list())
    # polars hands over objects of Python as their addresses in memory
    return _texts(values.to_list()) if pa.types.is_fixed_size_binary(found.type) else found


def _texts(values: Iterable[Any]) -> Any:
    import pyarrow as pa

    return pa.array([_object_text(value) for value in values], pa.string())


def _object_text(value: Any) -> str | None:
    """Return what lies in a column of objects as text, None for every kind of missing value."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    text = _sound(cell_text(value))
    if not text or text in ("NaT", "<NA>"):
        return None
    return marked(text) if not isinstance(value, bool) and isinstance(value, numbers.Number) else text


def _readable(columns: Iterable[tuple[str, Any]]) -> Any:
    """Return a table of these columns, those that DuckDB refuses or rounds changed into what it reads."""
    import pyarrow as pa

    pairs = list(columns)
    if not pairs:
        raise CvmError("reading.frame_without_columns")
    return pa.Table.from_arrays([_known(column) for _, column in pairs], names=[name for name, _ in pairs])


def _known(column: Any) -> Any:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_float16(kind):
        return column.cast(pa.float32())
    if pa.types.is_decimal256(kind):
        return column.cast(pa.string())
    # DuckDB has no zoned moments in nanoseconds that can be converted to another zone
    if pa.types.is_timestamp(kind) and kind.tz:
        return column.cast(pa.timestamp("us", kind.tz), safe=False)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return _texts(column.to_pylist())
    return column


def typed_table(head: Head) -> RawTable:
    """Return a Parquet file or a registered frame as a scan."""
    source = "source_frame" if head.path is None else _parquet(head.path)
    columns = distinct_names(head.rows[0])
    aliases = ", ".join(f"c{number}" for number in range(len(columns)))
    positions = frozenset() if head.path else _with_numbers(head.payload)
    scan = unmarked(f"(SELECT * FROM {source}) AS t({aliases})", positions)
    return RawTable(head.file, head.sheet, columns, head.types, scan, 1, numbers=positions)


def _with_numbers(arrow: Any) -> frozenset[int]:
    """Return the positions of the columns of objects that hold numbers."""
    import pyarrow as pa
    from pyarrow import compute

    texts = ((place, column) for place, column in enumerate(arrow.columns) if pa.types.is_string(column.type))
    return frozenset(place for place, column in texts if compute.any(compute.starts_with(column, marked(""))).as_py())

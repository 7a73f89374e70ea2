"""What has columns with types already: Parquet files, and frames of pandas, polars, pyarrow or DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cvmlab.core.words import CvmError

from .columns import distinct_names
from .raw import HEAD_ROWS, Head, RawTable, cell_text, first_line, quoted


def parquet_head(path: Path, rows: int = HEAD_ROWS) -> Head:
    """Return the head of a Parquet file."""
    import duckdb

    with duckdb.connect() as connection:
        try:
            relation = connection.sql(f"SELECT * FROM read_parquet({quoted(path)}) LIMIT {int(rows)}")
            sample = relation.project("COLUMNS(*)::VARCHAR").fetchall()
        except duckdb.Error as error:
            raise CvmError("reading.corrupt", file=path.name, reason=first_line(error)) from error
        types = tuple(str(kind) for kind in relation.types)
        table = [relation.columns, *([cell_text(cell) for cell in row] for row in sample)]
    return Head(path.name, "", "parquet", table, types=types, path=path)


def frame_head(frame: Any, name: str, connection: Any, rows: int = HEAD_ROWS) -> Head:
    """Register a frame of pandas, polars, pyarrow or DuckDB with the connection and return its head."""
    import duckdb

    arrow = _arrow(frame, name)
    names = [str(column) for column in arrow.column_names]
    # a frame may have two columns of one name, which SQL may not
    connection.register("source_frame", arrow.rename_columns([f"c{number}" for number in range(len(names))]))
    try:
        relation = connection.sql("SELECT * FROM source_frame")
        sample = relation.limit(rows).project("COLUMNS(*)::VARCHAR").fetchall()
    except duckdb.Error as error:
        raise CvmError("reading.corrupt", file=name, reason=first_line(error)) from error
    table = [names, *([cell_text(cell) for cell in row] for row in sample)]
    return Head(name, "", "frame", table, types=tuple(str(kind) for kind in relation.types), payload=arrow)


def _arrow(frame: Any, name: str) -> Any:
    """Return the frame as an Arrow table."""
    import narwhals as nw
    import pyarrow as pa

    if isinstance(frame, pa.Table):
        return frame
    try:
        wide = nw.from_native(frame)
    except TypeError as error:
        raise CvmError("reading.not_a_frame", found=type(frame).__name__) from error
    if isinstance(wide, nw.LazyFrame):
        if hasattr(frame, "to_arrow_table"):
            return frame.to_arrow_table()
        return wide.collect("pyarrow").to_native()
    if wide.implementation.is_pandas():
        import pandas as pd

        arrays = []
        for position in range(frame.shape[1]):
            values = frame.iloc[:, position]
            if values.dtype == object:
                values = values.map(cell_text, na_action="ignore").astype("str")
            elif isinstance(values.dtype, pd.CategoricalDtype | pd.PeriodDtype | pd.IntervalDtype):
                values = values.astype("str")
            arrays.append(pa.Array.from_pandas(values))
        return pa.Table.from_arrays(arrays, names=[str(column) for column in frame.columns])
    return wide.to_arrow()


def typed_table(head: Head) -> RawTable:
    """Return a Parquet file or a registered frame as a scan."""
    scan = "source_frame" if head.path is None else f"read_parquet({quoted(head.path)})"
    columns = distinct_names(head.rows[0])
    aliases = ", ".join(f"c{number}" for number in range(len(columns)))
    return RawTable(head.file, head.sheet, columns, head.types, f"(SELECT * FROM {scan}) AS t({aliases})", 1)

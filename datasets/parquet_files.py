"""How the made datasets are written and compared: the same bytes from the same seed."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent


def run(description: str | None, tables: Callable[[], Mapping[str, pd.DataFrame]]) -> None:
    """Make and write the tables of a script, beside it or where ``--output`` says."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=HERE, help="folder for the files; datasets if left out")
    folder = parser.parse_args().output
    write(tables(), folder)


def write(tables: Mapping[str, pd.DataFrame], folder: Path = HERE) -> None:
    """Write each table as ``<name>.parquet``; the settings are fixed, nothing of the machine goes in.

    The file names the version of the writing library, so that its bytes are the same only under the same
    pyarrow. What is promised on every machine is the content: `digest`.
    """
    for name, table in tables.items():
        arrow = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
        target = folder / f"{name}.parquet"
        pq.write_table(arrow, target, compression="zstd", compression_level=19, row_group_size=2**20)
        print(f"{target.name}: {len(table):,} rows, {target.stat().st_size / 1e6:.2f} MB, {digest(table)[:12]}")


def digest(table: pd.DataFrame) -> str:
    """Return a SHA-256 of names, order and values of all columns, whatever library holds them."""
    whole = hashlib.sha256()
    for name in table:
        column = table[name]
        whole.update(str(name).encode())
        if isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_string_dtype(column.dtype):
            whole.update("\0".join(column.astype(str)).encode())
        elif pd.api.types.is_datetime64_any_dtype(column.dtype):
            whole.update(column.to_numpy("datetime64[us]").astype("<i8").tobytes())
        else:
            values = column.to_numpy()
            whole.update(np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"))).tobytes())
    return whole.hexdigest()

"""Ids that are whole numbers keep every digit, whatever holds them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from cvmlab.data.subscribers import is_table_of_subscribers, read

LONG = [
    999_999_999_999_999,
    1_000_000_000_000_010,
    6_222_021_234_567_890,
    110_101_199_003_071_234,
    2**63 - 2,
    2**63 - 1,
]


def frame(ids: object) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": ids, "tenure_months": range(6), "churned": [True, False] * 3})


@pytest.mark.parametrize("kind", ["int64", "uint64", "Int64"])
def test_long_ids_keep_their_digits(kind: str, tmp_path: Path) -> None:
    import duckdb
    import polars as pl

    table = frame(pd.array(LONG, dtype=kind))
    table.to_parquet(tmp_path / "ids.parquet")
    with duckdb.connect() as connection:
        for source in (table, pl.from_pandas(table), connection.from_df(table), tmp_path / "ids.parquet"):
            assert read(source).customers["customer_id"].tolist() == list(map(str, LONG))
            assert is_table_of_subscribers(source)


def test_long_ids_as_decimals_and_floats() -> None:
    import pyarrow as pa

    table = pa.Table.from_pandas(frame(LONG))
    for scale in (0, 2):
        ids = pa.array(map(Decimal, LONG), pa.decimal128(38, scale))
        assert read(table.set_column(0, "customer_id", ids)).customers["customer_id"].tolist() == list(map(str, LONG))
    whole = [*LONG[:3], 5, 2**53 - 2, 2**53 - 1]
    assert read(frame(list(map(float, whole)))).customers["customer_id"].tolist() == list(map(str, whole))


def test_neighbours_stay_two_customers() -> None:
    ids = [621226190000100000 + number for number in range(6)]
    assert read(frame(ids)).customers["customer_id"].tolist() == list(map(str, ids))

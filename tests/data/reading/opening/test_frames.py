"""Frames of every library and column type: the same rows, or one sentence; the caller's frame is never changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, preview, read

IDS = ["A", "B", "A"]
DATES = ["2024-01-05", "2024-02-05", "2024-03-05"]
AMOUNTS = [10.0, 20.0, 30.5]
ROWS = list(zip(IDS, map(dt.date.fromisoformat, DATES), AMOUNTS, strict=True))


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": IDS, "date": DATES, "amount": AMOUNTS} | columns)


def rows_of(log: Log) -> list[tuple[Any, ...]]:
    return [row[:3] for row in log.transactions.fetchall()]


def refused(source: Any, **options: Any) -> str:
    with pytest.raises(CvmError) as caught:
        read(source, **options)
    assert "\n" not in str(caught.value)
    return caught.value.key.removeprefix("reading.")


def as_pandas(frame: pd.DataFrame, folder: Path) -> Any:
    return frame


def as_arrow(frame: pd.DataFrame, folder: Path) -> Any:
    return pa.Table.from_pandas(frame)


def as_polars(frame: pd.DataFrame, folder: Path) -> Any:
    return pl.from_pandas(frame)


def as_parquet(frame: pd.DataFrame, folder: Path) -> Any:
    frame.to_parquet(folder / "a.parquet")
    return folder / "a.parquet"


@pytest.mark.parametrize("form", [as_pandas, as_arrow, as_polars, as_parquet])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "UTC", "+08:00"])
def test_dates_with_a_time_zone_are_asked_about_whatever_their_unit(
    tmp_path: Path, form: Callable[[pd.DataFrame, Path], Any], unit: str, zone: str
) -> None:
    # half past midnight in Shanghai is still the day before in London
    moments = pd.Series(pd.to_datetime(DATES) + pd.Timedelta("30min")).dt.tz_localize("Asia/Shanghai")
    source = form(frame(date=moments.dt.tz_convert(zone).dt.as_unit(unit)), tmp_path)
    assert refused(source) == "aware_dates"
    assert rows_of(read(source, timezone="Asia/Shanghai")) == ROWS
    assert rows_of(read(source, timezone="Europe/London"))[0][1] == dt.date(2024, 1, 4)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_dates_without_a_time_zone_are_taken_as_they_are(unit: str) -> None:
    assert rows_of(read(frame(date=pd.Series(pd.to_datetime(DATES)).dt.as_unit(unit)))) == ROWS


SAME: dict[str, Any] = {
    "sparse": lambda: frame(amount=pd.arrays.SparseArray(AMOUNTS)),
    "a complex column beside": lambda: frame(x=np.array([1j, 2j, 3j])),
    "half precision beside": lambda: frame(x=np.array([1, 2, 3], dtype="float16")),
    "long double": lambda: frame(amount=np.array(AMOUNTS, dtype="longdouble")),
    "categories": lambda: frame().astype("category"),
    "objects": lambda: frame(amount=pd.Series([10, "20", Decimal("30.5")], dtype=object)),
    "dates of four types": lambda: frame(
        date=pd.Series([dt.date(2024, 1, 5), pd.Timestamp("2024-02-05"), "2024-03-05"], dtype=object)
    ),
    "bytes": lambda: frame(customer_id=pd.Series([b"A", b"B", b"A"], dtype=object)),
    "a list beside": lambda: frame(x=pd.Series([[1], {"a": 1}, None], dtype=object)),
    "two columns of one name beside": lambda: pd.concat([frame(x=1), frame(x=2)[["x"]]], axis=1),
    "half a character beside": lambda: frame(x=pd.Series(["\ud800", "\udcff", ""], dtype=object)),
    "the customer in the index": lambda: frame().set_index("customer_id"),
    "customer and date in the index": lambda: frame().set_index(["customer_id", "date"]),
    "an index that repeats a column": lambda: frame().set_index("customer_id", drop=False),
    "two levels of names, one empty": lambda: frame().set_axis(
        pd.MultiIndex.from_tuples([("customer_id", ""), ("date", ""), ("", "amount")]), axis=1
    ),
    "a nullable amount": lambda: frame(amount=pd.array(AMOUNTS, dtype="Float64")),
    "arrow": lambda: pa.Table.from_pandas(frame()),
    "arrow, a dictionary": lambda: pa.table(
        frame().to_dict("list") | {"customer_id": pa.array(IDS).dictionary_encode()}
    ),
    "arrow, bytes": lambda: pa.table(frame().to_dict("list") | {"customer_id": [b"A", b"B", b"A"]}),
    "arrow, wide decimals": lambda: pa.table(
        frame().to_dict("list") | {"amount": pa.array([Decimal(str(cell)) for cell in AMOUNTS], pa.decimal256(50, 2))}
    ),
    "arrow, lists and structures beside": lambda: pa.table(
        frame().to_dict("list") | {"x": [[1], [2], None], "y": [{"a": 1}] * 3}
    ),
    "polars": lambda: pl.from_pandas(frame()),
    "polars, lazy": lambda: pl.from_pandas(frame()).lazy(),
    "polars, objects beside": lambda: pl.from_pandas(frame()).with_columns(
        pl.Series("x", [object()] * 3, dtype=pl.Object)
    ),
    "polars, very large integers beside": lambda: pl.from_pandas(frame()).with_columns(
        pl.Series("x", [1, 2, 3], dtype=pl.Int128)
    ),
}


@pytest.mark.parametrize("kind", SAME)
def test_frames_of_every_kind_give_the_same_rows_and_stay_as_they_were(kind: str) -> None:
    source = SAME[kind]()
    before = source.copy() if isinstance(source, pd.DataFrame) else None
    assert rows_of(read(source)) == ROWS
    if before is not None:
        pd.testing.assert_frame_equal(source, before)


def test_a_relation_of_duckdb_is_read_and_a_closed_one_refused() -> None:
    with duckdb.connect() as connection:
        connection.register("sales", frame())
        relation = connection.sql("SELECT * FROM sales")
        assert rows_of(read(relation)) == ROWS
    assert refused(relation) == "engine_failed"


def test_ids_that_are_bytes_or_halves_of_characters_stay_different() -> None:
    odd = frame(customer_id=pd.Series(["\ud800", "\ud801", b"\xff"], dtype=object))
    assert len({row[0] for row in rows_of(read(odd))}) == 3


REFUSED: dict[str, tuple[Any, str]] = {
    "a dict": ({"customer_id": ["A"]}, "not_a_frame"),
    "nothing": (None, "not_a_frame"),
    "a list": ([1, 2], "not_a_frame"),
    "bytes": (b"a.csv", "not_a_frame"),
    "a column alone": (pd.Series([1]), "not_a_frame"),
    "an array": (np.ones((3, 3)), "not_a_frame"),
    "no columns": (pd.DataFrame(), "frame_without_columns"),
    "no columns in polars": (pl.DataFrame(), "frame_without_columns"),
    "no rows": (frame().iloc[:0], "no_rows"),
    "a plan that cannot be carried out": (pl.DataFrame({"a": [1]}).lazy().select("b"), "frame_failed"),
    "complex amounts": (frame(amount=np.array([1j, 2j, 3j])), "all_rows_bad"),
    "two amounts": (pd.concat([frame(), frame()[["amount"]]], axis=1), "ambiguous_amount"),
    "unnamed columns": (frame().set_axis([None, "date", "amount"], axis=1), "no_id_column"),
    "numbered columns": (frame().set_axis([0, 1, 2], axis=1), "no_columns"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_log_is_refused_in_one_sentence(kind: str) -> None:
    source, key = REFUSED[kind]
    assert refused(source) == key
    if key != "all_rows_bad" and key != "no_rows":
        with pytest.raises(CvmError):
            preview(source)


def test_an_object_that_fails_at_every_question_is_refused() -> None:
    class Rude:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

    assert refused(Rude()) == "not_a_frame"


def test_a_parquet_column_of_bytes_that_are_no_text_is_named(tmp_path: Path) -> None:
    frame = pd.DataFrame({"customer_id": [b"\xff", b"a"], "date": ["2024-02-01", "2024-03-01"], "amount": [1.0, 2.0]})
    with pytest.raises(CvmError, match="customer_id") as caught:
        read(as_parquet(frame, tmp_path))
    assert caught.value.key == "reading.column_of_bytes"
    frame["customer_id"] = [b"b", b"a"]
    assert sorted(row[0] for row in read(as_parquet(frame, tmp_path)).transactions.fetchall()) == ["a", "b"]

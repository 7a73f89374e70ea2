"""Logs on every engine."""

import datetime as dt

import duckdb
import pandas as pd
import polars as pl
from hypothesis import strategies as st

ENGINES = ("pandas", "polars", "polars lazy", "duckdb")


AS_OF = dt.date(2024, 12, 31)


def log(rows, columns=("customer_id", "date", "amount")):
    """Make a pandas log out of rows; dates may be texts."""
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.assign(
        date=frame["date"].map(pd.Timestamp).astype("datetime64[us]"), amount=frame["amount"].astype(float)
    )


def on(engine, frame):
    if engine == "pandas":
        return frame
    eager = pl.from_pandas(frame, schema_overrides={"order_id": pl.String, "product": pl.String})
    if engine == "polars":
        return eager
    return eager.lazy() if engine == "polars lazy" else duckdb.from_arrow(eager.to_arrow())


def as_pandas(frame):
    """Return any engine's answer as pandas, sorted, dates as datetime64."""
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, pl.DataFrame):
        frame = frame.to_pandas()
    if isinstance(frame, duckdb.DuckDBPyRelation):
        frame = frame.df()
    keys = [name for name in ("customer_id", "period") if name in frame]
    dates = {name: frame[name].astype("datetime64[s]") for name in frame if "date" in name or name == "period"}
    return frame.assign(**dates).sort_values(keys, ignore_index=True)


cents = st.integers(-5_000, 20_000).map(lambda amount: amount / 100)


SMALL = log([("007", "2024-01-01 08:30", 100), ("007", "2024-01-31", 50), ("042", "2024-02-15", 80)])

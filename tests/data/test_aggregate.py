"""Aggregates on every engine, against slow oracles."""

import datetime as dt
import math
from collections import defaultdict

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs_on_engines import AS_OF, ENGINES, SMALL, as_pandas, cents, log, on
from numpy.testing import assert_array_equal

from cvmlab import aggregate

few = settings(max_examples=20, deadline=None)


def same(left, right):
    pd.testing.assert_frame_equal(
        as_pandas(left), as_pandas(right), check_dtype=False, check_exact=False, rtol=1e-9, atol=1e-9
    )


ids = st.sampled_from(["007", "7", "客户", "a b"])


moments = st.datetimes(min_value=dt.datetime(2023, 11, 1), max_value=dt.datetime(2024, 5, 2))


lines = st.tuples(
    ids,
    moments,
    cents,
    st.none() | st.sampled_from(["1", "2", "3"]),
    st.none() | st.sampled_from(["tea", "milk"]),
    st.integers(0, 9_000).map(lambda cost: cost / 100),
)


COLUMNS = ["customer_id", "date", "amount", "order_id", "product", "cost"]


@st.composite
def logs(draw):
    """Draw a log with any of the optional columns, times of day, refunds, gaps and equal rows."""
    rows = draw(st.lists(lines, min_size=1, max_size=40))
    optional = [name for name in COLUMNS[3:] if draw(st.booleans())]
    frame = log(rows, COLUMNS)
    return frame[["date", "amount", "customer_id", *optional]].astype(
        {name: "str" for name in ("customer_id", "order_id", "product") if name in [*optional, "customer_id"]}
    )


# The slow oracle: plain Python, a customer at a time.
def records(frame):
    for row in frame.to_dict("records"):
        yield {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}


def measures(rows):
    bought = [row for row in rows if row["amount"] > 0]
    ids = [row.get("order_id") for row in bought]
    found = {
        "revenue": math.fsum(row["amount"] for row in rows),
        "orders": len({order for order in ids if order is not None}) + ids.count(None),
    }
    if "cost" in rows[0]:
        found["profit"] = math.fsum(row["amount"] - row["cost"] for row in rows)
    if "product" in rows[0]:
        found["breadth"] = len({row["product"] for row in bought} - {None})
    return found


def slow_summary(frame, as_of):
    customers = defaultdict(list)
    for row in records(frame):
        if row["date"].date() <= as_of:
            customers[row["customer_id"]].append(row)
    summary = []
    for customer_id, rows in customers.items():
        spend = defaultdict(float)
        for row in rows:
            if row["amount"] > 0:
                spend[row["date"].date()] += row["amount"]
        days = sorted(spend) or sorted(row["date"].date() for row in rows)
        repeats = sorted(spend)[1:]
        found = measures(rows)
        summary.append(
            {
                "customer_id": customer_id,
                "first_date": days[0],
                "last_date": days[-1],
                "orders": found.pop("orders"),
                "revenue": found.pop("revenue"),
                "frequency": len(repeats),
                "recency": (days[-1] - days[0]).days if spend else 0,
                "age": (as_of - days[0]).days,
                "monetary_value": math.fsum(spend[day] for day in repeats) / max(len(repeats), 1),
                **found,
            }
        )
    return pd.DataFrame(summary)


def slow_history(frame, as_of, months):
    cells = defaultdict(list)
    for row in records(frame):
        day = row["date"].date()
        if day <= as_of:
            start = dt.date(day.year, (day.month - 1) // months * months + 1, 1)
            cells[row["customer_id"], start].append(row)
    rows = []
    for (customer_id, period), cell in cells.items():
        found = measures(cell)
        volume = found.pop("orders")
        revenue = found.pop("revenue")
        rows.append({"customer_id": customer_id, "period": period, "revenue": revenue, "volume": volume, **found})
    return pd.DataFrame(rows)


@few
@given(logs())
def test_summary_is_the_slow_oracles_on_every_engine(frame):
    as_of = frame["date"].max().date()
    expected = slow_summary(frame, as_of)
    for engine in ENGINES:
        same(aggregate.summarise_customers(on(engine, frame)), expected)


@few
@given(logs(), st.sampled_from([1, 3, 6, 12]))
def test_history_is_the_slow_oracles_on_every_engine(frame, months):
    as_of = frame["date"].max().date()
    expected = slow_history(frame, as_of, months)
    for engine in ENGINES:
        same(aggregate.history(on(engine, frame), months=months, complete_only=False), expected)


@few
@given(logs(), st.integers(0, 200))
def test_as_of_sees_what_a_log_cut_off_there_would_show(frame, days):
    as_of = frame["date"].min().date() + dt.timedelta(days=days)
    cut = frame[frame["date"] < pd.Timestamp(as_of) + pd.Timedelta(days=1)]
    for engine in ENGINES:
        same(aggregate.summarise_customers(on(engine, frame), as_of=as_of), slow_summary(cut, as_of))
        same(
            aggregate.history(on(engine, frame), as_of=as_of, complete_only=False),
            slow_history(cut, as_of, 1),
        )


@few
@given(logs(), st.integers(0, 99))
def test_the_order_of_the_rows_does_not_matter_and_the_callers_frame_stays(frame, seed):
    before = frame.copy()
    shuffled = frame.sample(frac=1, random_state=seed)
    same(aggregate.summarise_customers(shuffled), aggregate.summarise_customers(frame))
    pd.testing.assert_frame_equal(frame, before)


@few
@given(logs(), st.sampled_from([1, 3, 6, 12]))
def test_history_and_panel_keep_every_cent_and_order(frame, months):
    as_of = frame["date"].max().date()
    customers = as_pandas(aggregate.summarise_customers(frame)).set_index("customer_id")
    sparse = aggregate.history(frame, months=months, complete_only=False)
    dense = aggregate.panel(sparse, months=months, as_of=as_of, complete_only=False)
    assert list(dense.customer_id) == list(customers.index)
    np.testing.assert_allclose(dense["revenue"].sum(axis=0), customers["revenue"], rtol=1e-9, atol=1e-9)
    if "order_id" not in frame:
        assert_array_equal(dense["volume"].sum(axis=0), customers["orders"])
    tall = dense.to_frame()
    kept = tall[(tall[["revenue", "volume"]] != 0).any(axis=1)]
    sparse = sparse[(sparse[["revenue", "volume"]] != 0).any(axis=1)]
    same(kept[["customer_id", "period", "revenue", "volume"]], sparse[list(sparse)[:4]])


@pytest.mark.parametrize("engine", ENGINES)
def test_the_kind_of_frame_that_came_in_goes_out(engine):
    frame = on(engine, SMALL)
    for answer in (aggregate.summarise_customers(frame), aggregate.history(frame)):
        assert type(answer) is type(frame)


@pytest.mark.parametrize("engine", ENGINES)
def test_ids_stay_text_counts_whole_and_dates_dates(engine):
    answer = aggregate.summarise_customers(on(engine, SMALL.assign(order_id="1", product="tea", cost=1.0)))
    answer = answer.pl() if engine == "duckdb" else answer.collect() if engine == "polars lazy" else answer
    dtypes = {name: str(answer[name].dtype) for name in list(answer.columns)}
    assert {dtypes[name].lower() for name in ("orders", "frequency", "recency", "age", "breadth")} == {"int64"}
    assert {dtypes[name].lower() for name in ("revenue", "monetary_value", "profit")} == {"float64"}
    assert dtypes["first_date"] == ("datetime64[us]" if engine == "pandas" else "Date")
    assert next(iter(answer["customer_id"])) in {"007", "042"}


@pytest.mark.parametrize("kind", ["datetime64[s]", "datetime64[ns]", "date32[pyarrow]", "timestamp[us][pyarrow]"])
def test_every_kind_of_pandas_date_is_read(kind):
    whole = SMALL.assign(date=SMALL["date"].dt.normalize())
    same(
        aggregate.summarise_customers(whole.assign(date=whole["date"].astype(kind))),
        aggregate.summarise_customers(SMALL),
    )
    for months in (1, 3, 6, 12):
        same(
            aggregate.history(whole.assign(date=whole["date"].astype(kind)), months=months, as_of=AS_OF),
            aggregate.history(SMALL, months=months, as_of=AS_OF),
        )


def test_ids_may_be_categories_and_amounts_whole_numbers():
    frame = SMALL.astype({"customer_id": "category", "amount": "int64"})
    answer = aggregate.summarise_customers(frame)
    assert list(answer["customer_id"].astype(str)) == ["007", "042"]
    assert list(answer["revenue"]) == [150.0, 80.0]


def test_a_path_is_summarised_by_duckdb(tmp_path):
    path = tmp_path / "张 三's log.parquet"
    SMALL.to_parquet(path)
    same(aggregate.summarise_customers(path), aggregate.summarise_customers(SMALL))
    same(aggregate.history(str(path)), aggregate.history(SMALL))
    assert isinstance(aggregate.summarise_customers(path), duckdb.DuckDBPyRelation)
    assert aggregate.last_date(path) == dt.date(2024, 2, 15)


def test_eager_answers_come_sorted_with_a_plain_index():
    shuffled = log([("b", "2024-01-01", 1), ("c", "2024-01-02", 1), ("a", "2024-01-03", 1)])
    answer = aggregate.summarise_customers(shuffled)
    assert list(answer["customer_id"]) == ["a", "b", "c"]
    assert list(answer.index) == [0, 1, 2]

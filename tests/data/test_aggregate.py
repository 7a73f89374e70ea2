import datetime as dt
import math
from collections import defaultdict

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from cvmlab import CvmError, aggregate, speaking
from cvmlab.data.panels import Panel

ENGINES = ("pandas", "polars", "polars lazy", "duckdb")
AS_OF = dt.date(2024, 12, 31)
few = settings(max_examples=20, deadline=None)


# ── logs and engines ──────────────────────────────────────────────────────────────────────────────────────


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


def same(left, right):
    pd.testing.assert_frame_equal(
        as_pandas(left), as_pandas(right), check_dtype=False, check_exact=False, rtol=1e-9, atol=1e-9
    )


ids = st.sampled_from(["007", "7", "客户", "a b"])
moments = st.datetimes(min_value=dt.datetime(2023, 11, 1), max_value=dt.datetime(2024, 5, 2))
cents = st.integers(-5_000, 20_000).map(lambda amount: amount / 100)
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


# ── the slow oracle: plain Python, a customer at a time ───────────────────────────────────────────────────


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


# ── kinds of frames ───────────────────────────────────────────────────────────────────────────────────────

SMALL = log([("007", "2024-01-01 08:30", 100), ("007", "2024-01-31", 50), ("042", "2024-02-15", 80)])


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


# ── what counts as what ───────────────────────────────────────────────────────────────────────────────────


def one(rows, columns=("customer_id", "date", "amount"), **options):
    return aggregate.summarise_customers(log(rows, columns), **options).iloc[0]


def test_as_lifetimes_on_positive_amounts():
    from lifetimes.utils import summary_data_from_transaction_data

    generator = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "customer_id": generator.integers(0, 200, 2_000).astype(str),
            "date": pd.Timestamp("2023-01-01") + pd.to_timedelta(generator.integers(0, 500, 2_000), "D"),
            "amount": generator.lognormal(3, 1, 2_000).round(2),
        }
    )
    theirs = summary_data_from_transaction_data(
        frame, "customer_id", "date", "amount", observation_period_end="2024-06-30"
    ).sort_index()
    ours = aggregate.summarise_customers(frame, as_of="2024-06-30").set_index("customer_id")
    assert list(ours.index) == list(theirs.index)
    for name, theirs_name in (("frequency", "frequency"), ("recency", "recency"), ("age", "T")):
        assert_array_equal(ours[name], theirs[theirs_name])
    np.testing.assert_allclose(ours["monetary_value"], theirs["monetary_value"], rtol=1e-9)


def test_equal_rows_are_orders_unless_ids_tell_otherwise():
    twice = [("a", "2024-01-01", 10), ("a", "2024-01-01", 10)]
    assert one(twice)["orders"] == 2
    assert one(twice)["frequency"] == 0
    with_ids = [(*row, "1") for row in twice]
    assert one(with_ids, ("customer_id", "date", "amount", "order_id"))["orders"] == 1


def test_an_order_is_counted_once_when_it_is_delivered_on_two_days():
    rows = [("a", "2024-01-01", 10, "1"), ("a", "2024-01-09", 10, "1"), ("a", "2024-01-09", 5, None)]
    customer = one(rows, ("customer_id", "date", "amount", "order_id"))
    assert customer["orders"] == 2  # the row without an id is one by itself
    assert customer["frequency"] == 1


def test_refunds_net_into_revenue_and_make_no_order_or_day():
    rows = [
        ("a", "2024-01-01", 100),
        ("a", "2024-01-11", 60),
        ("a", "2024-01-11", -10),
        ("a", "2024-02-01", -50),
    ]
    customer = one(rows)
    assert customer["revenue"] == 100
    assert (customer["orders"], customer["frequency"], customer["recency"], customer["age"]) == (2, 1, 10, 31)
    assert customer["monetary_value"] == 60
    assert customer["last_date"] == pd.Timestamp("2024-01-11")


def test_a_customer_with_refunds_only_is_kept():
    customer = one([("a", "2024-01-05", -30), ("a", "2024-02-05", -20)], as_of="2024-03-05")
    assert customer["revenue"] == -50
    assert (customer["orders"], customer["frequency"], customer["monetary_value"]) == (0, 0, 0)
    assert (customer["recency"], customer["age"]) == (0, 60)


def test_profit_comes_from_profit_before_cost():
    rows = [("a", "2024-01-01", 100.0, 60.0, 33.0)]
    assert one(rows, ("customer_id", "date", "amount", "cost", "profit"))["profit"] == 33
    assert one([row[:4] for row in rows], ("customer_id", "date", "amount", "cost"))["profit"] == 40


def test_an_incomplete_last_period_is_left_out_unless_asked_for():
    january = log([("a", "2023-12-05", 10), ("a", "2024-01-30", 20)])
    assert list(aggregate.history(january)["revenue"]) == [10]
    assert list(aggregate.history(january, as_of="2024-01-31")["revenue"]) == [10, 20]
    assert list(aggregate.history(january, complete_only=False)["revenue"]) == [10, 20]
    assert list(aggregate.history(january, months=3)["period"]) == [pd.Timestamp("2023-10-01")]
    assert list(aggregate.history(january, months=12, as_of=dt.date(2023, 12, 31))["revenue"]) == [10]


def test_the_second_half_year_starts_in_july_in_leap_years_too():
    days = pd.date_range("2023-01-01", "2024-12-31")
    every_day = pd.DataFrame({"customer_id": "a", "date": days, "amount": 1.0})
    for engine in ENGINES:
        halves = as_pandas(aggregate.history(on(engine, every_day), months=6))
        assert list(halves["period"]) == list(pd.to_datetime(["2023-01-01", "2023-07-01", "2024-01-01", "2024-07-01"]))
        assert list(halves["volume"]) == [181, 184, 182, 184]


def test_ages_cross_centuries_and_leap_years():
    rows = [("a", "1899-12-31", 1), ("a", "1900-03-01", 1), ("a", "2000-02-29", 1), ("a", "2400-12-31", 1)]
    customer = one(rows)
    assert customer["age"] == customer["recency"] == (dt.date(2400, 12, 31) - dt.date(1899, 12, 31)).days


# ── panel ─────────────────────────────────────────────────────────────────────────────────────────────────

SPARSE = pd.DataFrame(
    {
        "customer_id": ["b", "a", "a"],
        "period": pd.to_datetime(["2024-02-01", "2024-01-01", "2024-04-01"]),
        "revenue": [5.0, 10.0, 20.0],
        "volume": [1, 2, 3],
    }
)


@pytest.mark.parametrize("engine", ENGINES)
def test_panel_fills_the_gaps_from_any_engine(engine):
    dense = aggregate.panel(on(engine, SPARSE), as_of="2024-05-31")
    assert isinstance(dense, Panel)
    assert dense.months == 1
    assert list(dense.customer_id) == ["a", "b"]
    assert_array_equal(dense.period, np.arange("2024-01", "2024-06", dtype="datetime64[M]").astype("datetime64[D]"))
    assert_array_equal(dense["revenue"], [[10, 0], [0, 5], [0, 0], [20, 0], [0, 0]])
    assert_array_equal(dense["volume"], [[2, 0], [0, 1], [0, 0], [3, 0], [0, 0]])
    assert_array_equal(dense.first, [0, 1])


def test_panel_ends_where_the_history_ends_or_the_as_of_date_says():
    assert len(aggregate.panel(SPARSE).period) == 4
    assert len(aggregate.panel(SPARSE, as_of="2024-04-29").period) == 3
    assert len(aggregate.panel(SPARSE, as_of="2024-04-29", complete_only=False).period) == 4
    early = aggregate.panel(SPARSE, as_of=dt.date(2024, 1, 31))
    assert list(early.customer_id) == ["a"]
    assert_array_equal(early["revenue"], [[10]])


def test_panel_of_quarters():
    sparse = aggregate.history(SMALL, months=3, as_of=AS_OF)
    dense = aggregate.panel(sparse, months=3, as_of=AS_OF)
    assert_array_equal(dense["revenue"], [[150, 80], [0, 0], [0, 0], [0, 0]])
    assert dense.periods_per_year == 4


# ── bad input ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("verb", [aggregate.summarise_customers, aggregate.history, aggregate.last_date])
def test_an_empty_log_is_refused(engine, verb):
    with pytest.raises(CvmError, match="transactions has no rows"):
        verb(on(engine, SMALL.head(0)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("verb", [aggregate.summarise_customers, aggregate.history])
@pytest.mark.parametrize("amount", [float("nan"), float("inf"), None])
def test_an_amount_that_is_no_number_is_refused(engine, verb, amount):
    rows = pl.DataFrame(
        {"customer_id": ["007", "042"], "date": [AS_OF, AS_OF], "amount": [1.0, amount]},
        schema_overrides={"amount": pl.Float64},
    )
    frame = {
        "polars": rows,
        "polars lazy": rows.lazy(),
        "pandas": rows.to_pandas(),
        "duckdb": duckdb.from_arrow(rows.to_arrow()),
    }
    with pytest.raises(CvmError, match=r"'amount'.*(in 1 of 2 rows.*customer 042, date 2024-12-31|in row 2)"):
        verb(frame[engine])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("column", ["cost", "profit"])
def test_a_cost_or_profit_that_is_missing_is_refused(engine, column):
    frame = SMALL.assign(**{column: [1.0, None, 2.0]})
    with pytest.raises(CvmError, match=f"'{column}'.*in 1 of 3 rows.*customer 007, date 2024-01-31"):
        aggregate.summarise_customers(on(engine, frame))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("column", ["customer_id", "date"])
def test_a_missing_id_or_date_is_refused(engine, column):
    frame = SMALL.copy()
    frame.loc[2, column] = None
    with pytest.raises(CvmError, match=f"'{column}' of the transactions is empty in 1 of 3 rows.*–"):
        aggregate.summarise_customers(on(engine, frame))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_id_is_no_id(engine, blank):
    frame = SMALL.assign(customer_id=[*SMALL["customer_id"][:2], blank])
    for verb in (aggregate.summarise_customers, aggregate.history, aggregate.last_date):
        with pytest.raises(CvmError, match="'customer_id' of the transactions is empty in 1 of 3 rows"):
            verb(on(engine, frame))
    with pytest.raises(CvmError, match="'customer_id' of the table history has empty cells"):
        aggregate.panel(SPARSE.assign(customer_id=blank))


ZONED = SMALL.assign(date=SMALL["date"].dt.tz_localize("UTC"))
A_DAY_LATE = SPARSE.assign(period=SPARSE["period"] + pd.Timedelta(days=1))
TWICE = pd.concat([SPARSE, SPARSE.tail(1)])


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        (lambda: aggregate.summarise_customers(SMALL, as_of="2023-12-31"), "The transaction data begin on 2024-01-01"),
        (lambda: aggregate.summarise_customers(SMALL, as_of="yesterday"), "'yesterday' is not a date"),
        (lambda: aggregate.summarise_customers(SMALL.drop(columns="date")), "no column 'date'"),
        (lambda: aggregate.summarise_customers(SMALL.assign(amount="12")), "'amount'.*must hold numbers"),
        (lambda: aggregate.summarise_customers(ZONED), "'date'.*dates without a time zone"),
        (lambda: aggregate.summarise_customers("nowhere.parquet"), "no file nowhere.parquet"),
        (lambda: aggregate.summarise_customers(__file__), "Only Parquet files"),
        (lambda: aggregate.history(SMALL, months=2), "2 months.*1, 3, 6, 12"),
        (lambda: aggregate.history(SMALL, months=12), "from 2024-01-01 to 2024-02-15.*complete_only=False"),
        (lambda: aggregate.panel(SPARSE, months=3), "starting on 2024-02-01.*months=3"),
        (lambda: aggregate.panel(A_DAY_LATE), "starting on 2024-02-02"),
        (lambda: aggregate.panel(SPARSE, as_of="2023-12-31"), "no complete period"),
        (lambda: aggregate.panel(SPARSE.head(0)), "history has no rows"),
        (lambda: aggregate.panel(TWICE), "customer a in the period starting on 2024-04-01"),
        (lambda: aggregate.panel(SPARSE.assign(revenue=[1, np.nan, 2])), "'revenue'.*rows affected: 1, first in row 2"),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_one_sentence(verb, words):
    with pytest.raises(CvmError, match=words) as caught:
        verb()
    with speaking("zh"):
        assert any("\u4e00" <= character <= "\u9fff" for character in str(caught.value))


@pytest.mark.parametrize("engine", ["polars", "polars lazy", "duckdb"])
def test_sums_of_money_are_the_same_bytes_in_every_run(engine):
    random = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "customer_id": random.integers(0, 40, 300_000).astype(str),
            "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 400, 300_000), "D"),
            "amount": random.integers(-5_000, 90_000, 300_000) / 100,
            "profit": random.integers(-5_000, 9_000, 300_000) / 1_000,
        }
    )
    log = on(engine, frame)
    if engine == "duckdb":
        duckdb.sql("SET threads = 4")
    runs = {as_pandas(aggregate.summarise_customers(log)).to_csv(index=False) for _ in range(20)}
    assert len(runs) == 1
    cents = (frame["amount"] * 100).round().astype(int).groupby(frame["customer_id"]).sum()
    found = as_pandas(aggregate.summarise_customers(log)).set_index("customer_id")["revenue"]
    assert (found == cents / 100).all()

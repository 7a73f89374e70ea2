"""Aggregates by hand: orders, refunds, periods, panels and bad input."""

import datetime as dt
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from logs_on_engines import AS_OF, ENGINES, SMALL, as_pandas, log, on
from numpy.testing import assert_array_equal

from cvmlab import CvmError, aggregate, speaking
from cvmlab.data.panels import Panel


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


@pytest.mark.parametrize("engine", ENGINES)
def test_a_blank_id_is_as_good_as_none(engine):
    rows = [("a", f"2024-0{month}-01", 10, blank) for month, blank in enumerate(("", " ", "x", "x"), start=1)]
    frame = on(engine, log(rows, ("customer_id", "date", "amount", "order_id")))
    assert as_pandas(aggregate.summarise_customers(frame))["orders"].tolist() == [3]


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


MIXED = SMALL.assign(customer_id=["1", 1, *SMALL["customer_id"].iloc[2:]])


EXACT = SMALL.assign(amount=Decimal("1.10"))


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
        (lambda: aggregate.summarise_customers(ZONED), r"datetime64\[.s, UTC\].*tz_localize\(None\)"),
        (lambda: aggregate.summarise_customers(MIXED), r"'customer_id'.*holds 1 in row 2, which is not text.*astype"),
        (lambda: aggregate.history(MIXED), "'customer_id'.*holds 1 in row 2"),
        (lambda: aggregate.summarise_customers(EXACT), "'amount'.*holds object.*pd.to_numeric"),
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

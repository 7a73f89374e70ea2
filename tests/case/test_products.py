"""Products beside the growth of their buyers: by hand, and graded where it is known who dropped what."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from product_log import random_log

from cvmlab.case.products import LEAST_BUYERS, MOST_PRODUCTS, Products, compare_products
from cvmlab.data import reading

AS_OF = date(2023, 12, 31)


def compared(log: pd.DataFrame, first: date = date(2022, 1, 1)) -> Products | None:
    return compare_products(reading.read(log, name="sales").transactions, first, AS_OF)


def log_of(*rows: tuple[str, str, float, float], customers: int = 30) -> pd.DataFrame:
    """Return a log where each customer buys, per product and year, an amount in six months of that year."""
    lines = [
        (f"C{number:02}", f"{year}-{month:02}-15", amount / 6, product)
        for number in range(customers)
        for product, before, after in ((row[1], row[2], row[3]) for row in rows if row[0] in ("all", f"C{number:02}"))
        for year, amount in ((2022, before), (2023, after))
        for month in range(1, 12, 2)
        if amount
    ]
    return pd.DataFrame(lines, columns=["customer_id", "date", "amount", "product"])


def test_growth_stands_beside_that_of_all_the_buyers_buy():
    found = compared(log_of(("all", "paper", 60, 60), ("all", "toner", 60, 120)))
    table = found.table.set_index("product")
    assert table.loc["paper", ["growth", "own_growth", "gap"]].tolist() == pytest.approx([0, 0.5, -900])
    assert table["gap"].sum() == pytest.approx(0)
    assert table["won_and_lost"].tolist() == pytest.approx([0, 0])
    assert found.behind["product"].tolist() == ["paper"]


def test_customers_won_and_lost_stand_apart():
    log = log_of(("all", "paper", 60, 60), ("all", "toner", 60, 60))
    log = log[~((log["customer_id"] < "C05") & (log["date"] >= "2023"))]
    table = compared(log).table
    assert table["won_and_lost"].tolist() == pytest.approx([-300, -300])
    assert table["growth"].tolist() == pytest.approx([0, 0])


def test_the_other_products_gain_from_the_same_customers_what_one_falls_short():
    log = log_of(("all", "paper", 60, 30), ("all", "toner", 60, 80), ("all", "pens", 30, 40))
    table = compared(log).table
    assert table["gap"].sum() == pytest.approx(0, abs=1e-6)
    assert compared(log).short["product"].tolist() == ["paper"]


def test_one_customer_who_makes_most_of_a_gap_is_named():
    log = log_of(("all", "paper", 60, 60), ("all", "toner", 60, 60), ("C07", "toner", 600, 0), ("C07", "paper", 0, 600))
    table = compared(log).table.set_index("product")
    assert table["one"].tolist() == ["C07", "C07"]
    assert table["one_gap"].tolist() == pytest.approx(table["gap"].tolist())
    assert not compared(log_of(("all", "paper", 60, 50), ("all", "toner", 60, 80))).table["one"].any()


def test_a_gap_is_weighed_by_the_margin_of_the_product():
    log = log_of(("all", "paper", 90, 60), ("all", "toner", 60, 40), ("all", "pens", 30, 80))
    log = log.assign(cost=log["amount"] * log["product"].map({"paper": 0.95, "toner": 0.5, "pens": 0.5}))
    rows = reading.read(log, name="sales").transactions
    short = compare_products(rows, date(2022, 1, 1), AS_OF, with_profit=True).short
    assert short["product"].tolist() == ["toner", "paper"]
    assert short["gap_profit"].tolist() == pytest.approx([-600 * 0.5, -900 * 0.05])
    assert compared(log).short["product"].tolist() == ["paper", "toner"]


def month_of(log: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(log["date"]).dt.to_period("M")


def test_a_product_that_ended_or_began_is_not_compared():
    log, _ = random_log(np.random.default_rng(5), dropping=0.0)
    renamed = (log["product"] == "toner") & (month_of(log) >= "2022-11")
    found = compared(log.assign(product=log["product"].mask(renamed, "toner XL")))
    assert (found.sold_in_part("ended"), found.sold_in_part("begun")) == (["toner"], ["toner XL"])
    assert not found.table.loc[found.table["sold"] != "both", ["growth", "gap", "won_and_lost"]].notna().any(axis=None)
    assert found.behind.empty
    assert not set(found.dropped["product"]) & {"toner"}


def test_a_product_of_the_season_has_neither_ended_nor_begun():
    log, _ = random_log(np.random.default_rng(6), dropping=0.0)
    seasonal = log[(log["product"] != "pens") | month_of(log).dt.month.isin([5, 6, 7])]
    assert compared(seasonal).table["sold"].eq("both").all()


def test_the_largest_products_are_shown_and_all_are_counted():
    found = compared(log_of(*(("all", f"p{number:02}", 60 + number, 60) for number in range(14))))
    assert (found.of, len(found.table)) == (14, MOST_PRODUCTS)


def test_returns_and_rows_without_a_product_do_no_harm():
    log = log_of(("all", "paper", 60, 60), ("all", "toner", 60, 60))
    returned = log[log["customer_id"] == "C03"].assign(amount=-40.0)
    found = compared(pd.concat([log, returned, log.assign(product="")], ignore_index=True))
    assert found.table["product"].tolist() == ["paper", "toner"]
    assert np.isfinite(found.table[["growth", "own_growth", "gap"]].to_numpy()).all()


def test_too_few_buyers_or_products_or_years_show_nothing():
    two = (("all", "paper", 60.0, 60.0), ("all", "toner", 60.0, 60.0))
    assert compared(log_of(*two, customers=LEAST_BUYERS - 1)) is None
    assert compared(log_of(two[0])) is None
    assert compared(log_of(*two), first=date(2022, 9, 1)) is None
    assert compared(log_of(two[0]).drop(columns="product")) is None


def test_where_nothing_changes_no_product_falls_behind():
    log, _ = random_log(np.random.default_rng(8), dropping=0.0)
    assert compared(log).behind.empty

"""Products beside the growth of their buyers: by hand, and graded where it is known who dropped what."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

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


def test_who_dropped_a_product_bought_no_less_in_all():
    log = log_of(("all", "paper", 60, 60), ("all", "toner", 60, 60), ("C01", "pens", 30, 0), ("C02", "pens", 30, 0))
    log.loc[(log["customer_id"] == "C01") & (log["product"] == "paper") & (log["date"] >= "2023"), "amount"] *= 3
    log = pd.concat([log, log_of(("all", "pens", 6, 6)).query("customer_id > 'C05'")], ignore_index=True)
    dropped = compared(log).dropped
    assert dropped[["customer_id", "product"]].to_numpy().tolist() == [["C01", "pens"]]
    assert dropped["bought_before"].tolist() == pytest.approx([30])


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


def random_log(draw: np.random.Generator, dropping: float) -> tuple[pd.DataFrame, set[tuple[str, str]]]:
    """Return purchases at random of four products over two years, the second dearer, and who truly dropped what."""
    customers, names = 400, np.array(["paper", "toner", "pens", "labels"])
    rate = draw.gamma(2, 0.4, (customers, 4))
    drops = (draw.random((customers, 4)) < dropping) & (np.arange(4) == draw.integers(0, 4, (customers, 1)))
    month, who, what = np.nonzero(draw.random((24, customers, 4)) < 1 - np.exp(-rate))
    kept = ~(drops[who, what] & (month >= 12))
    month, who, what = month[kept], who[kept], what[kept]
    start = (np.datetime64("2022-01") + month).astype("datetime64[D]")
    log = pd.DataFrame(
        {
            "customer_id": [f"C{number:03}" for number in who],
            "date": start + draw.integers(0, 28, len(who)),
            "amount": (draw.lognormal(3, 0.5, len(who)) * np.where(month < 12, 1, 1.5)).round(2),
            "product": names[what],
        }
    )
    return log, {(f"C{customer:03}", str(names[product])) for customer, product in np.argwhere(drops)}


def test_nearly_all_who_are_said_to_have_dropped_a_product_did():
    log, truth = random_log(np.random.default_rng(7), dropping=0.2)
    said = set(map(tuple, compared(log).dropped[["customer_id", "product"]].to_numpy()))
    assert len(said) > 10
    assert len(said & truth) / len(said) > 0.85


def test_where_nobody_dropped_a_product_hardly_anybody_is_said_to_have():
    log, _ = random_log(np.random.default_rng(8), dropping=0.0)
    found = compared(log)
    assert len(found.dropped) <= 4
    assert found.behind.empty

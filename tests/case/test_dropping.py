"""Who dropped a product: graded where it is known, and silent where only seasons, launches or chance are to be seen."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from product_log import random_log

from cvmlab.case.dropping import find_dropped
from cvmlab.data import reading

AS_OF = date(2023, 12, 31)
PRODUCTS = ("paper", "toner", "pens", "labels")


def found(log: pd.DataFrame, as_of: date = AS_OF) -> pd.DataFrame:
    return find_dropped(reading.read(log, name="sales").transactions, PRODUCTS, as_of)


def monthly(customer: str, product: str, first: str, last: str, amount: float = 10.0) -> pd.DataFrame:
    days = pd.period_range(first, last, freq="M").to_timestamp() + pd.Timedelta(days=9)
    return pd.DataFrame({"customer_id": customer, "date": days, "amount": amount, "product": product})


def others(number: int = 20) -> pd.DataFrame:
    return pd.concat(
        [monthly(f"X{n:02}", product, "2022-01", "2023-12") for n in range(number) for product in ("paper", "toner")]
    )


def test_who_still_buys_and_lacks_a_product_for_long_dropped_it():
    one = [monthly("C1", "paper", "2022-01", "2023-12"), monthly("C1", "toner", "2022-03", "2023-02", 30)]
    dropped = found(pd.concat([others(), *one]))
    assert dropped[["customer_id", "product"]].to_numpy().tolist() == [["C1", "toner"]]
    assert dropped.loc[0, ["last_bought", "bought_before"]].tolist() == [pd.Timestamp("2023-02-10"), 360]


def test_who_buys_less_in_all_dropped_it_all_the_same():
    one = [monthly("C1", "paper", "2022-01", "2023-12", 5), monthly("C1", "toner", "2022-01", "2023-06", 1000)]
    assert found(pd.concat([others(), *one]))["customer_id"].tolist() == ["C1"]


def test_who_no_longer_buys_anything_or_hardly_bought_the_product_dropped_nothing():
    gone = [monthly("C1", product, "2022-01", "2022-12") for product in ("paper", "toner")]
    rare = [monthly("C2", "paper", "2022-01", "2023-12"), monthly("C2", "toner", "2022-01", "2022-03")]
    late = [monthly("C3", "paper", "2022-01", "2023-12"), monthly("C3", "toner", "2022-01", "2023-11")]
    assert found(pd.concat([others(), *gone, *rare, *late])).empty


def test_nearly_all_who_are_said_to_have_dropped_a_product_did():
    log, truth = random_log(np.random.default_rng(7), dropping=0.2)
    said = set(map(tuple, found(log)[["customer_id", "product"]].to_numpy()))
    assert len(said) > 12
    assert len(said & truth) / len(said) > 0.9


def test_where_nobody_dropped_a_product_hardly_anybody_is_said_to_have():
    for seed in (8, 9):
        log, _ = random_log(np.random.default_rng(seed), dropping=0.0)
        assert len(found(log)) <= 1


def test_the_end_of_a_season_or_of_a_product_is_not_a_decision_of_customers():
    log, _ = random_log(np.random.default_rng(8), dropping=0.0)
    month = pd.to_datetime(log["date"]).dt.to_period("M")
    pens, toner = log["product"] == "pens", log["product"] == "toner"
    seasonal = log[~pens | month.dt.month.isin([5, 6, 7])]
    assert len(found(seasonal)) <= 1
    assert len(found(log[~toner | (month < "2023-05")])) <= 1


def test_returns_are_no_purchases_and_what_was_all_returned_is_not_named():
    one = [monthly("C1", "paper", "2022-01", "2023-12"), monthly("C1", "toner", "2022-03", "2023-02", 30)]
    back = monthly("C1", "toner", "2022-03", "2023-02", -30)
    assert found(pd.concat([others(), *one, back.assign(date=back["date"] + pd.Timedelta(days=5))])).empty


def test_names_with_quotes_and_no_names_at_all_are_looked_up():
    name = "men's 6\" boots"
    one = [monthly("C1", "paper", "2022-01", "2023-12"), monthly("C1", "toner", "2022-01", "2023-02")]
    log = pd.concat([others(), *one])
    rows = reading.read(log.assign(product=log["product"].replace("toner", name)), name="sales").transactions
    assert find_dropped(rows, [name], AS_OF)["product"].tolist() == [name]
    assert find_dropped(rows, [], AS_OF).empty

"""The report's sections on tiers: shown where the data carry them, saying what they rest on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from worlds import make_world

import cvmlab as cvm
from cvmlab.case import Assumptions, study
from cvmlab.core.words import term
from cvmlab.data import reading
from cvmlab.report import first_page, lists, portfolio, privacy

PRODUCTS = ("paper", "toner", "pens")


def sales(months: int = 36, customers: int = 60, profit: bool = False) -> pd.DataFrame:
    """Return a log of steady buyers of very different size, one or two orders a month each."""
    draw = np.random.default_rng(months + customers)
    size = draw.lognormal(4, 1, customers)
    rate = draw.uniform(0.8, 1.6, customers)
    orders = draw.poisson(rate, (months, customers))
    month, customer = np.nonzero(orders)
    count = orders[month, customer]
    month, customer = np.repeat(month, count), np.repeat(customer, count)
    day = draw.integers(0, 28, len(month))
    start = (np.datetime64("2021-01") + month).astype("datetime64[D]")
    amount = (size[customer] * draw.lognormal(0, 0.3, len(month))).round(2)
    frame = pd.DataFrame(
        {
            "customer_id": [f"C{number:03}" for number in customer],
            "date": start + day,
            "amount": amount,
            "product": draw.choice(PRODUCTS, len(month)),
        }
    )
    # the log ends with the last day of a month
    frame.loc[len(frame)] = ["C000", np.datetime64("2021-01") + months - np.timedelta64(1, "D"), 5.0, "pens"]
    return frame.assign(profit=(0.3 * frame["amount"]).round(2)) if profit else frame


def judged(log: pd.DataFrame, **assumed: float):
    return study(reading.read(log, name="sales"), Assumptions(**assumed))


def text(pieces) -> str:
    return " ".join(getattr(piece, "text", piece.__class__.__name__) for piece in pieces)


@pytest.fixture(scope="module")
def by_revenue():
    return judged(sales())


@pytest.fixture(scope="module")
def by_profit():
    return judged(sales(profit=True))


@pytest.fixture(params=["en", "zh"])
def spoken(request):
    cvm.use(request.param)
    return request.param


def test_tiers_by_revenue_say_that_size_is_not_value(by_revenue, spoken):
    said = text(portfolio.tiers(by_revenue))
    assert term("report.tiers_by_revenue") in said
    assert term("report.tiers_unknown") in said
    assert term("diamond") in said
    assert term("report.tiers_monday_nearest") in said
    first, last = ("January 2023", "December 2023") if spoken == "en" else ("2023 年 1 月", "2023 年 12 月")
    assert first in said and last in said


def test_tiers_by_profit_say_where_the_lines_are(by_profit, spoken):
    said = text(portfolio.tiers(by_profit))
    assert term("report.tiers_by_revenue") not in said
    assert f"{by_profit.tiers.cut_offs.high_profit:,.0f}" in said


def test_an_assumed_margin_is_called_so(by_revenue):
    made = judged(sales(), margin=0.3)
    assert term("report.tiers_by_assumed_profit") in text(portfolio.tiers(made))


def test_a_log_of_a_few_months_has_no_tiers(spoken):
    made = judged(sales(months=8))
    assert portfolio.tiers(made) == []
    assert "tier" not in lists.customer_table(made)


def test_the_nearest_on_the_page_are_not_to_be_called(by_revenue):
    said = text(portfolio.tiers(by_revenue))
    assert not any(f">{customer}<" in said for customer in by_revenue.calls["customer_id"])


def test_the_lists_have_the_tier_and_what_is_missing(by_revenue, tmp_path):
    table = lists.customer_table(by_revenue).set_index("customer_id")
    placed = by_revenue.tiers.to_next().set_index("customer_id")
    assert table["tier"].dropna().to_dict() == placed["tier"].to_dict()
    assert np.allclose(table.loc[placed.index, "to_next_tier"], placed["to_next_tier"], equal_nan=True)
    lists.write_lists(by_revenue, tmp_path)
    sheets = pd.read_excel(tmp_path / "customers.xlsx", sheet_name=None, engine="openpyxl")
    words = pd.concat([sheet[term("report.tier")] for name, sheet in sheets.items() if name.startswith("type")])
    assert set(words.dropna()) == {term(tier) for tier in placed["tier"].unique()}


def test_falls_stand_beside_rises_and_name_nobody_where_nothing_changed(by_revenue, spoken):
    said = text(portfolio.falls(by_revenue))
    for word in (
        "falls_title",
        "falls_50",
        "falls_rose",
        "falls_rule",
        "falls_no_alert",
        "falls_monday",
    ):
        assert term(f"report.{word}") in said
    # not that the difference is small where the others rose
    stated = by_revenue.falls.stated
    more_rose = stated["rose"] > stated["customers"]
    assert (term("report.falls_more_rose") in said) == more_rose
    assert (term("report.falls_not_evident") in said) == (not more_rose)
    assert f"{by_revenue.falls.valuable}" in said
    assert not any(customer in said for customer in by_revenue.customers["customer_id"])
    assert portfolio.fallen_customers(by_revenue).empty


def with_a_third_buying_less() -> pd.DataFrame:
    """Return sales where a third of the customers buy for a third in the last year."""
    log = sales()
    less = (log["customer_id"].str[1:].astype(int) % 3 == 0) & (log["date"] >= np.datetime64("2023-01-01"))
    return log.assign(amount=log["amount"].where(~less, (log["amount"] / 3).round(2)))


@pytest.fixture(scope="module")
def falling():
    return judged(with_a_third_buying_less())


def test_who_still_buys_much_less_is_named_without_the_hold_out(falling, spoken):
    found, listed = falling.falls, portfolio.fallen_customers(falling)
    said = text(portfolio.falls(falling))
    assert found.alert_from is not None
    assert (listed["customer_id"].str[1:].astype(int) % 3 == 0).mean() > 0.8
    held = set(falling.customers.loc[falling.customers["hold_out"], "customer_id"])
    assert held & set(found.fallen["customer_id"]) and not held & set(listed["customer_id"])
    assert not set(listed["customer_id"]) & set(falling.calls["customer_id"])
    assert all(f">{customer}<" in said for customer in listed["customer_id"].head(10))
    assert term("report.falls_monday_visit") in said
    assert term("report.falls_nobody_rose") in said or "rose as much" in said or "上升" in said


def test_who_still_buys_much_less_is_in_the_workbook(falling, tmp_path):
    lists.write_lists(falling, tmp_path)
    sheets = pd.read_excel(tmp_path / "customers.xlsx", sheet_name=None, engine="openpyxl")
    listed = sheets[term("report.sheet_fallen")]
    assert listed[term("report.customer")].tolist() == portfolio.fallen_customers(falling)["customer_id"].tolist()
    assert listed[term("report.value_lost")].is_monotonic_decreasing
    assert term("report.value_lost") in sheets[term("report.sheet_key")].to_numpy()


def test_falls_need_two_years():
    assert portfolio.falls(judged(sales(months=20))) == []


def test_payments_at_fixed_times_have_hardly_any_ordinary_falls(spoken):
    log = make_world("monthly", 101).log.rename(columns={"revenue": "amount"})
    lower = (log["customer_id"].str[1:].astype(int) % 20 == 0) & (log["date"] >= np.datetime64("2023-01-01"))
    made = judged(log.assign(amount=log["amount"].where(~lower, log["amount"] / 2)))
    assert text(portfolio.falls(made))
    assert made.falls.by_drop["rose"].iloc[1] == 0
    assert made.falls.fallen["customer_id"].str[1:].astype(int).mod(20).eq(0).all()
    assert len(made.falls.fallen) >= 5


def test_page_one_names_who_still_buys_less_beside_the_call_list(falling, dropping, by_revenue, spoken):
    for made, key, listed in (
        (falling, "also_fallen", portfolio.fallen_customers(falling)),
        (dropping, "also_dropped", portfolio.dropped_products(dropping)),
    ):
        said = text(first_page.page_one(made, "sales"))
        first = listed["customer_id"].iloc[0]
        assert term("report.also") in said and term(f"report.{key}").partition("{names}")[2] in said
        assert first in said.partition(term("report.also"))[2]
    assert term("report.also") not in text(first_page.page_one(by_revenue, "sales"))


def with_a_product_dropped() -> pd.DataFrame:
    """Return sales where a third of the customers buy toner instead of paper in the last year."""
    log = sales()
    third = log["customer_id"].str[1:].astype(int) % 3 == 0
    gone = third & (log["product"] == "paper") & (log["date"] >= np.datetime64("2023-01-01"))
    return log.assign(product=log["product"].mask(gone, "toner"))


@pytest.fixture(scope="module")
def dropping():
    return judged(with_a_product_dropped())


def test_a_product_that_falls_behind_is_named_and_the_share_of_wallet_is_not_claimed(dropping, spoken):
    said = text(portfolio.products(dropping))
    assert dropping.products.behind["product"].tolist() == ["paper"]
    assert "paper falls behind" in said or "“paper”的销售跟不上" in said
    # what one product loses, the others have from the same customers
    assert "was not lost" in said or "并未流失" in said
    assert "not your share" in said or "不是客户份额" in said


def test_a_gap_that_chance_can_make_is_called_so(by_revenue, spoken):
    table = by_revenue.products.table
    assert by_revenue.products.behind.empty
    said = text(portfolio.products(by_revenue))
    assert table.loc[table["gap"].idxmin(), "product"] in said
    assert "beyond chance. The widest shortfall" in said or "超出偶然范围" in said


def moved(log: pd.DataFrame, chosen: pd.Series) -> pd.DataFrame:
    """Return a log where a few customers' pens become paper in the last year."""
    changed = chosen & (log["product"] == "pens") & (log["date"] >= np.datetime64("2023-01-01"))
    return log.assign(product=log["product"].mask(changed, "paper"))


def test_one_customer_behind_a_gap_is_named(spoken):
    log = sales()
    largest = log.groupby("customer_id")["amount"].sum().idxmax()
    made = judged(moved(log, log["customer_id"] == largest))
    first = made.products.short.iloc[0]
    assert (first["product"], first["one"]) == ("pens", largest)
    said = text(portfolio.products(made))
    assert f"{largest} alone" in said or f"仅 {largest} 一位客户" in said


def test_a_product_no_longer_sold_is_out_of_both_lists(spoken):
    log = sales()
    renamed = (log["product"] == "pens") & (log["date"] >= np.datetime64("2022-12-01"))
    made = judged(log.assign(product=log["product"].mask(renamed, "pens XL")))
    said = text(portfolio.products(made))
    assert "or renamed: pens" in said or "改名的产品：pens（" in said
    assert "part of these two years: pens XL" in said or "才开始销售的产品：pens XL" in said
    assert "pens falls behind" not in said and "“pens”" not in said
    assert not set(portfolio.dropped_products(made).get("product", [])) & {"pens"}


def test_where_profit_is_known_a_shortfall_is_said_in_profit(by_profit, by_revenue, spoken):
    assert term("report.products_gap_profit") in text(portfolio.products(by_profit))
    assert term("report.products_gap_profit") not in text(portfolio.products(by_revenue))
    profit = -by_profit.products.short["gap_profit"].iloc[0]
    assert f"{profit:,.0f}" in text(portfolio.products(by_profit))


def test_who_dropped_a_product_is_in_the_workbook_and_not_on_the_call_list(dropping, tmp_path):
    lists.write_lists(dropping, tmp_path)
    sheets = pd.read_excel(tmp_path / "customers.xlsx", sheet_name=None, engine="openpyxl")
    listed = sheets[term("report.sheet_dropped")]
    assert len(listed) == len(portfolio.dropped_products(dropping)) > 0
    assert set(listed[term("report.product")]) == {"paper"}
    named = dropping.customers.set_index("customer_id").loc[listed[term("report.customer")]]
    assert not (named["action"] == "win_back").any()
    assert not named["hold_out"].any()


def test_that_nobody_dropped_a_product_is_not_said_without_its_limit(by_revenue, spoken):
    assert portfolio.dropped_products(by_revenue).empty
    said = text(portfolio.products(by_revenue))
    assert term("report.products_no_dropped") in said
    assert term("report.products_dropped_limit") in said


def test_one_product_or_none_makes_no_section():
    log = sales()
    assert portfolio.products(judged(log.assign(product="paper"))) == []
    assert portfolio.products(judged(log.drop(columns="product"))) == []
    assert portfolio.products(judged(sales(months=14))) == []


def test_names_that_are_hidden_stay_hidden():
    log = sales().assign(customer_name=lambda frame: "Firm " + frame["customer_id"])
    made = study(privacy.masked(reading.read(log, name="sales"), True))
    said = text(portfolio.tiers(made))
    assert "missing to the next tier" in said
    assert "Firm" not in said

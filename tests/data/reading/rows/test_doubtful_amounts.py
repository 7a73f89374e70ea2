"""Amounts that read well and may mean something else: totals so far, two documents of one sale, the other side."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, read

SALES = [(f"c{n % 6}", f"2024-{1 + n // 4:02}-{1 + 7 * (n % 4):02}", round(20 + 17.3 * n % 61, 2)) for n in range(40)]


def log_of(rows: list[Any], *columns: str, **options: Any) -> Log:
    return read(pd.DataFrame(rows, columns=["customer", "date", *columns]), today="2025-01-31", **options)


def said(log: Log, key: str) -> list[dict[str, Any]]:
    return [dict(note.values) for note in log.quality.notes if note.key == key]


def so_far() -> list[Any]:
    """Add up the months of a year and start anew in the next."""
    rows = []
    for customer in range(6):
        total = 0.0
        for month in range(24):
            total = (total if month % 12 else 0.0) + 10 + (7 * customer + 3 * month) % 11
            rows.append((f"c{customer}", f"{2023 + month // 12}-{1 + month % 12:02}-01", total))
    return rows


@pytest.mark.parametrize("name", ["Sales YTD", "Cumulative sales", "Umsatz kumuliert", "累计销售额", "CA cumulé"])
def test_totals_so_far_are_refused_where_their_name_says_so(name: str) -> None:
    with pytest.raises(CvmError) as caught:
        log_of(so_far(), name, columns={"amount": name})
    assert caught.value.key == "reading.totals_so_far"
    last = sum(total for _, day, total in so_far() if day[5:7] == "12")
    assert caught.value.values["last"] == f"{last:,.2f}"


def test_totals_so_far_without_a_name_are_named_and_growing_or_steady_amounts_are_not() -> None:
    assert said(log_of(so_far(), "amount"), "maybe_so_far")
    assert not said(log_of(SALES, "amount"), "maybe_so_far")
    steady = [(f"c{n}", f"2024-{month:02}-01", 9.9) for n in range(6) for month in range(1, 13)]
    assert not said(log_of(steady, "amount"), "maybe_so_far")
    # one row of each customer may be called a total of the year
    assert len(log_of(SALES[:6], "Sales YTD", columns={"amount": "Sales YTD"}).transactions.fetchall()) == 6


@pytest.mark.parametrize(
    ("one", "other"), [("Sales Order", "Invoice"), ("销售订单", "销售发票"), ("Ordine", "Fattura")]
)
def test_the_order_and_the_invoice_of_a_sale_are_named(one: str, other: str) -> None:
    rows = [(*sale, kind) for sale in SALES for kind in (one, other)]
    (found,) = said(log_of(rows, "amount", "document type"), "twin_kinds")
    assert {found["one"], found["other"]} == {one, other}
    assert (found["count"], found["amount"]) == ("40", f"{sum(sale[2] for sale in SALES):,.2f}")


def test_kinds_of_sales_without_twins_or_at_one_price_are_no_documents_of_one_sale() -> None:
    rows = [(*sale, ("Online", "Store")[n % 2]) for n, sale in enumerate(SALES)]
    assert not said(log_of(rows, "amount", "document type"), "twin_kinds")
    fixed = [(customer, day, 9.9, ("Online", "Store")[n % 2]) for n, (customer, day, _) in enumerate(SALES)]
    assert not said(log_of(fixed, "amount", "document type"), "twin_kinds")


@pytest.mark.parametrize(("own", "other"), [("Débit", "Crédit"), ("Debe", "Haber"), ("Gross", "Else")])
def test_money_that_stands_where_the_amount_is_empty_is_named(own: str, other: str) -> None:
    rows = [*((*sale, None) for sale in SALES), ("c1", "2024-11-01", None, 15.0)]
    (found,) = said(log_of(rows, own, other, columns={"amount": own}), "money_elsewhere")
    assert (found["column"], found["count"]) == (other, "1")


def test_a_column_that_is_filled_everywhere_or_holds_no_money_is_not_the_other_side() -> None:
    rows = [*((*sale, 3, None) for sale in SALES), ("c1", "2024-11-01", None, 3, "see letter")]
    assert not said(log_of(rows, "amount", "points", "remark"), "money_elsewhere")


@pytest.mark.parametrize("label", ["Σ", "Podsuma", "Mezisoučet", "="])
def test_a_label_that_always_stands_below_its_sum_is_no_customer(label: str) -> None:
    rows: list[Any] = []
    for month in range(5):
        block = SALES[8 * month : 8 * month + 5]
        rows += [*block, (label, block[-1][1], round(sum(sale[2] for sale in block), 2))]
    rows += SALES[-2:]
    log = log_of(rows, "amount")
    assert label not in {row[0] for row in log.transactions.fetchall()}
    assert said(log, "sum_rows")[0]["count"] == "5"


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("매출액(천원)", 1000), ("금액(만원)", 10_000), ("Valor (R$ mil)", 1000), ("Tržby (tis. Kč)", 1000),
        ("Belopp (tkr)", 1000), ("Beløb (t.kr.)", 1000), ("Tutar (bin TL)", 1000), ("Omzet x 1000", 1000),
        ("amount_minor", 0.01), ("Amount in paise", 0.01), ("Umsatz", 1),
    ],
)  # fmt: skip
def test_the_unit_in_a_header_of_more_languages(name: str, factor: float) -> None:
    log = log_of([("c1", "2024-01-01", 300), ("c2", "2024-01-02", 200)], name, columns={"amount": name})
    assert sum(row[2] for row in log.transactions.fetchall()) == pytest.approx(500 * factor)


@pytest.mark.parametrize("line", ["単位：千円", "en milliers d'euros", "单位：千元"])
def test_the_unit_in_a_line_above_in_more_languages(tmp_path: Any, line: str) -> None:
    (tmp_path / "a.csv").write_text(f"{line},,\ncustomer,date,amount\nc1,2024-01-01,5\nc2,2024-01-02,7\n", "utf-8")
    assert sum(row[2] for row in read(tmp_path / "a.csv").transactions.fetchall()) == 12_000


def test_cells_that_a_backtick_keeps_text_are_read(tmp_path: Any) -> None:
    (tmp_path / "a.csv").write_text(
        "customer,date,amount\n`007,`2024-01-01 10:00:00,`5.50\n`8,`2024-01-02,`7\n", "utf-8"
    )
    rows = read(tmp_path / "a.csv").transactions.fetchall()
    assert [(row[0], row[2]) for row in rows] == [("007", 5.5), ("8", 7.0)]


@pytest.mark.parametrize(
    ("quantity", "price", "named"),
    [
        ("Qty (g)", "Price per kg", 1), ("Qty", "CPM", 1), ("数量", "单价（元/吨）", 1), ("Qty", "Unit price", 0),
        ("Qty (kg)", "Price per kg", 0), ("件数", "单价", 0),
    ],
)  # fmt: skip
def test_a_price_for_another_unit_than_the_quantity_is_named(quantity: str, price: str, named: int) -> None:
    rows = [("c1", "2024-01-01", 3, 2.5), ("c2", "2024-01-02", 1, 4.0)]
    log = log_of(rows, quantity, price, columns={"quantity": quantity, "unit_price": price})
    assert len(said(log, "unequal_units")) == named


@pytest.mark.parametrize(("name", "named"), [("ARR", 1), ("年化收入", 1), ("Revenue", 0), ("MRR", 0)])
def test_a_rate_for_a_whole_year_is_named(name: str, named: int) -> None:
    assert len(said(log_of(SALES, name, columns={"amount": name}), "yearly_rate")) == named


@pytest.mark.parametrize(
    ("name", "words", "named"),
    [("Tax included", "yn", 1), ("是否含税", "是否", 1), ("Tax included", "yy", 0), ("Gift wrapped", "yn", 0)],
)
def test_amounts_with_and_without_the_tax_in_one_column_are_named(name: str, words: str, named: int) -> None:
    rows = [(*sale, words[n % 2]) for n, sale in enumerate(SALES)]
    assert len(said(log_of(rows, "amount", name), "tax_mixed")) == named


def test_a_quantity_and_a_price_that_are_both_negative_are_named() -> None:
    rows = [("c1", "2024-01-01", 2, 5), ("c2", "2024-01-02", 1, 4), ("c1", "2024-01-03", -1, -5)]
    log = log_of(rows, "quantity", "unit price")
    assert said(log, "both_negative")[0]["rows"] == "1"
    assert sum(row[2] for row in log.transactions.fetchall()) == 14


def test_a_few_amounts_that_cannot_be_read_and_empty_ones_are_named() -> None:
    rows = [*SALES, ("c1", "2024-11-01", "~10.34"), *(("c2", f"2024-11-0{n}", None) for n in range(2, 6))]
    log = log_of(rows, "amount")
    (odd,), (blank,) = said(log, "few_bad_amounts"), said(log, "blank_amounts")
    assert (odd["count"], odd["value"], blank["count"]) == ("1", "~10.34", "4")


@pytest.mark.parametrize("never", ["00.00.0000", "1899-12-30", "9999-12-31", "31.12.9999", ""])
def test_a_date_that_means_never_is_no_cancellation(never: str) -> None:
    rows = [(*sale, "2024-11-05" if n == 7 else never) for n, sale in enumerate(SALES)]
    (found,) = said(log_of(rows, "amount", "deleted_at"), "cancel_dates_kept")
    assert found["rows"] == "1"


@pytest.mark.parametrize("name", ["Bonus", "Rückvergütung", "抹零", "할인액", "İskonto", "Voucher"])
def test_columns_of_deductions_in_more_languages_are_named(name: str) -> None:
    rows = [(*sale, 1.5 if n % 4 else 0) for n, sale in enumerate(SALES)]
    assert said(log_of(rows, "amount", name), "deductions_unused")

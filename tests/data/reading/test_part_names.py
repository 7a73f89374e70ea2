"""Sheets and files whose names say that they hold no sales, returns, or amounts in a currency of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, preview, read
from cvmlab.data.reading.part_names import copied_name, no_sales_word, returns_word

SALES = [("A", dt.date(2024, 2, 1), 100.0), ("B", dt.date(2024, 2, 15), 50.0), ("A", dt.date(2024, 3, 15), 25.0)]
OTHERS = [("A", dt.date(2024, 4, 2), 7.0), ("C", dt.date(2024, 5, 3), 9.0)]


def book(tmp_path: Path, **sheets: Sequence[Any]) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name.replace("_", " "))
        for row in [("customer", "date", "amount"), *rows]:
            sheet.append(row)
    made.save(tmp_path / "book.xlsx")
    return tmp_path / "book.xlsx"


def total(log: Log) -> float:
    return sum(row[2] for row in log.transactions.fetchall())


@pytest.mark.parametrize(
    "name",
    ["Budget 2024", "Plan", "Forecast", "Quotes", "报价单", "Payments", "收款", "采购", "PurchaseOrders", "Inventory",
     "库存", "Targets", "sales_plan", "採購", "應收賬款", "Cancelled orders"],
)  # fmt: skip
def test_a_sheet_that_is_no_sales_by_its_name_is_left_out_and_named(tmp_path: Path, name: str) -> None:
    log = read(book(tmp_path, Sales=SALES, **{name: OTHERS}))
    assert total(log) == 175
    (note,) = [note for note in log.quality.notes if note.key == "no_sales_name"]
    assert note.level == "warning" and name.replace("_", " ") in str(note)
    assert [part.sheet for part in preview(tmp_path / "book.xlsx").unused] == [name.replace("_", " ")]
    # who names it wants it
    assert total(read(tmp_path / "book.xlsx", sheet=name.replace("_", " "))) == 16


@pytest.mark.parametrize("name", ["Sales and payments", "销售及收款", "2024", "Orders & purchases", "Target", "未付款"])
def test_other_names_are_sales(name: str) -> None:
    assert not no_sales_word(name)


def test_a_log_of_nothing_but_purchases_is_read(tmp_path: Path) -> None:
    assert total(read(book(tmp_path, Purchases_2023=SALES, Purchases_2024=OTHERS))) == 191


def test_files_are_known_by_their_names_too(tmp_path: Path) -> None:
    for name, rows in {"orders_2024": SALES, "forecast_2025": OTHERS}.items():
        lines = [f"{customer},{day},{amount}" for customer, day, amount in rows]
        (tmp_path / f"{name}.csv").write_text("\n".join(["customer,date,amount", *lines]))
    assert total(read(tmp_path)) == 175


@pytest.mark.parametrize("name", ["Returns", "退货", "Refunds 2024", "Credit notes", "退款明细", "Sales returns"])
def test_returns_with_positive_amounts_are_asked_about(tmp_path: Path, name: str) -> None:
    assert returns_word(name)
    with pytest.raises(CvmError, match=r"2 of its amounts are positive.*16\.00.*Sales"):
        read(book(tmp_path, Sales=SALES, **{name: OTHERS}))
    negative = [(customer, day, -amount) for customer, day, amount in OTHERS]
    assert total(read(book(tmp_path, Sales=SALES, **{name: negative}))) == 159


@pytest.mark.parametrize("name", ["Sales and returns", "Net of returns", "销售及退货", "未退款", "Returning customers"])
def test_sales_that_speak_of_returns_are_sales(name: str) -> None:
    assert not returns_word(name)


@pytest.mark.parametrize(("one", "other"), [("USD", "EUR"), ("Sales USD", "Sales EUR"), ("美元", "人民币")])
def test_sheets_in_currencies_of_their_own_are_not_added_up(tmp_path: Path, one: str, other: str) -> None:
    path = book(tmp_path, **{one: SALES, other: OTHERS})
    with pytest.raises(CvmError, match=r"several currencies: USD \(3\), (EUR|CNY) \(2\)"):
        read(path)
    log = read(path, currency="USD")
    assert (total(log), log.currency) == (175, "USD")


def test_a_currency_that_one_sheet_names_and_words_like_it_say_nothing_of_the_others(tmp_path: Path) -> None:
    assert total(read(book(tmp_path, ALL=SALES, TOP=OTHERS))) == 191


def test_returns_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    path = book(tmp_path, Sales=SALES, Refunds=OTHERS)
    made = openpyxl.load_workbook(path)
    made["Refunds"]["C1"] = "Refund amount"
    made.save(path)
    (note,) = [note for note in read(path).quality.notes if note.key == "returns_unread"]
    assert note.level == "warning" and "book.xlsx [Refunds] holds returns" in str(note)


def test_a_unit_in_a_header_is_no_repeated_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("客户,日期,金额(万元)\nA,2024-02-01,1\nB,2024-03-01,2\n", encoding="utf-8")
    assert "repeated_columns" not in {note.key for note in read(tmp_path / "a.csv").quality.notes}


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("Sales (2)", "Sales"),
        ("Copy of Sales", "Sales"),
        ("销售 - 副本", "销售"),
        ("sales_old", "sales"),
        ("Sales 2024", ""),
        ("Sold", ""),
    ],
)
def test_a_name_of_a_copy(name, of):
    assert copied_name(name) == of


def test_a_sheet_that_is_called_a_copy_of_another_is_named(tmp_path):
    path = tmp_path / "a.xlsx"
    with pd.ExcelWriter(path) as book:
        for number, name in enumerate(["Sales", "Sales (2)", "Sales 2023"]):
            rows = [(f"c{n}", f"2024-0{number + 1}-0{n}", 10 * n) for n in range(1, 6)]
            pd.DataFrame(rows, columns=["customer", "date", "amount"]).to_excel(book, sheet_name=name, index=False)
    (note,) = [note for note in read(path).quality.notes if note.key == "copy_by_name"]
    assert (note.values["of"], note.values["count"], note.values["amount"]) == ("Sales", "5", "150.00")

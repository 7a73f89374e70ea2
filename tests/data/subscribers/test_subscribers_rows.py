"""Which rows of a table are customers, what its dates say, and what cannot be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cvmlab as cvm
from cvmlab import CvmError
from cvmlab.core.words import keys
from cvmlab.data.subscribers import Subscribers, is_table_of_subscribers, read
from cvmlab.data.subscribers.rows import REASONS


def made(text: str, tmp_path: Path, **options: object) -> Subscribers:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return read(path, **options)  # type: ignore[arg-type]


def error_of(text: str, tmp_path: Path, **options: object) -> CvmError:
    with pytest.raises(CvmError) as found:
        made(text, tmp_path, **options)
    return found.value


def test_ids_are_text(tmp_path: Path) -> None:
    found = made("id,churn\n007,yes\n7,no\n1e5,no\n", tmp_path)
    assert found.customers["customer_id"].tolist() == ["007", "7", "1e5"]
    floats = read(pd.DataFrame({"id": [7.0, 8.0], "churn": ["yes", "no"]}))
    assert floats.customers["customer_id"].tolist() == ["7", "8"]


def test_equal_rows_count_once_and_different_ones_of_one_id_are_left_out(tmp_path: Path) -> None:
    rows = "".join(f"{number},3,no\n" for number in range(3, 50))
    found = made(f"id,tenure,churn\n1,5,yes\n1,5,yes\n2,6,yes\n2,7,no\n{rows}", tmp_path)
    assert found.customers["customer_id"].tolist() == ["1", *map(str, range(3, 50))]
    assert found.left_out.to_dict("records") == [
        {"reason": "equal_row", "rows": 1, "example": 3},
        {"reason": "repeated_id", "rows": 2, "example": 4},
    ]
    assert found.rows == len(found.customers) + found.left_out["rows"].sum()
    assert cvm.say("subscribers.reason_equal_row") == "equal to an earlier row"
    assert any("rows 4, 5" in note for note in found.notes)
    # each row a contract of its own
    all_rows = made(f"id,tenure,churn\n1,5,yes\n2,6,yes\n2,7,no\n{rows}", tmp_path, columns={"customer_id": ""})
    assert len(all_rows.customers) == 50 and all_rows.customers["customer_id"].is_unique


def test_ids_that_repeat_are_refused(tmp_path: Path) -> None:
    error = error_of("id,month,churn\n1,1,no\n1,2,yes\n2,1,no\n2,2,no\n", tmp_path)
    assert error.key == "subscribers.every_id_repeats" and "'id'" in str(error) and "cvmlab report" in str(error)
    some = "".join(f"{number},3,no\n" for number in range(10))
    error = error_of(f"id,tenure,churn\n{some}1,9,yes\n", tmp_path)
    assert error.key == "subscribers.many_ids_repeat" and "rows 3, 12" in str(error)
    assert not is_table_of_subscribers(tmp_path / "none.csv")


def test_rows_without_an_id_column_are_numbered(tmp_path: Path) -> None:
    found = made("tenure,churn\n3,yes\n4,no\n", tmp_path)
    assert found.customers["customer_id"].tolist() == ["2", "3"]
    assert any("customer numbers" in note for note in found.notes)
    blank = made("id,tenure,churn\na,3,yes\n,4,no\n", tmp_path)
    assert blank.customers["customer_id"].tolist() == ["a", "row 3"]


def test_totals_units_and_remarks_are_no_customers(tmp_path: Path) -> None:
    found = made(
        "id,tenure,monthly charge,churn\n,months,USD,yes/no\n1,12,20.5,yes\n\n2,5,30,no\n"
        "id,tenure,monthly charge,churn\nTotal,17,50.5,1\nSource: CRM,,,\n",
        tmp_path,
    )
    assert found.customers["customer_id"].tolist() == ["1", "2"]
    assert dict(found.left_out[["reason", "rows"]].to_numpy()) == {
        "header_row": 1, "total_row": 1, "units_row": 1, "no_churned": 1,
        **({"blank_row": 1} if "blank_row" in set(found.left_out["reason"]) else {}),
    }  # fmt: skip
    assert found.currency == "USD" and found.tenure_unit == "months"
    assert not any("tenure_unit" in note for note in found.notes)


def test_a_customer_called_total_wine_is_one(tmp_path: Path) -> None:
    found = made("customer,tenure,churn\nTotal Wine,3,yes\nAcme,4,no\nTotal,7,\n", tmp_path)
    assert found.customers["customer_id"].tolist() == ["Total Wine", "Acme"]


DATES = "id,joined,left on,plan\n1,2020-01-31,2020-03-31,A\n2,2020-02-15,,B\n3,2021-05-01,2021-12-31,B\n"


def test_dates_in_place_of_tenure_and_churned(tmp_path: Path) -> None:
    found = made(DATES, tmp_path)
    assert found.columns == {"customer_id": "id", "contract": "plan", "joined_date": "joined", "left_date": "left on"}
    assert found.customers["left"].tolist() == [True, False, True]
    # up to 31 December 2021: 22 months after 15 December 2021 less one, and 16 of 31 days
    assert found.customers["tenure_months"].tolist() == pytest.approx([2.0, 22 + 16 / 31, 7 + 30 / 31])
    assert any("2021-12-31" in note and "as_of" in note for note in found.notes)
    assert found.customers["left_date"].isna().tolist() == [False, True, False]
    assert is_table_of_subscribers(tmp_path / "table.csv")


def test_a_date_of_leaving_after_as_of_has_not_come(tmp_path: Path) -> None:
    found = made(DATES, tmp_path, as_of="2021-08-15")
    assert found.customers["left"].tolist() == [True, False, False]
    assert found.customers["tenure_months"].tolist() == pytest.approx([2.0, 18.0, 3 + 14 / 31])


def test_dates_that_contradict_the_answer_are_said(tmp_path: Path) -> None:
    found = made("id,tenure,churn,left on\n1,3,yes,2020-03-31\n2,4,no,2020-02-01\n3,5,no,\n", tmp_path)
    assert found.customers["left"].tolist() == [True, False, False] and "left on" not in found.features
    assert any("1 customer has a date in 'left on'" in note and "row 3" in note for note in found.notes)
    nobody = made("id,joined,left on\n1,2020-01-31,\n2,2020-02,\n", tmp_path)
    assert not nobody.customers["left"].any() and any("Nobody left" in note for note in nobody.notes)
    assert nobody.customers["joined_date"][1] == pd.Timestamp(2020, 2, 29)


def test_dates_whose_order_is_not_clear_are_asked_for(tmp_path: Path) -> None:
    text = "id,joined,churn\n1,03/04/2020,yes\n2,05/06/2020,no\n"
    assert error_of(text, tmp_path).key == "reading.unclear_day_month"
    assert made(text, tmp_path, day_first=True).customers["joined_date"][0] == pd.Timestamp(2020, 4, 3)
    assert made(text, tmp_path, day_first=False).customers["joined_date"][0] == pd.Timestamp(2020, 3, 4)


def test_features_that_are_days_may_be_unclear_before_a_clear_one(tmp_path: Path) -> None:
    for header, cells in (("a,b", ("{one},{two}")), ("b,a", ("{two},{one}"))):
        rows = [cells.format(one=f"0{day}/01/2024", two=f"2024-05-0{day}") for day in (3, 5)]
        found = made(f"customer_id,churn,{header}\n1,1,{rows[0]}\n2,0,{rows[1]}\n", tmp_path)
        assert found.customers["a"].tolist() == ["03/01/2024", "05/01/2024"]
        assert found.customers["b"].tolist() == [pd.Timestamp(2024, 5, 3), pd.Timestamp(2024, 5, 5)]
        assert any("day_first" in note for note in found.notes)


def test_who_joined_after_leaving_has_no_tenure(tmp_path: Path) -> None:
    found = made("id,joined,left on\n1,2021-01-01,2020-01-01\n2,2020-01-01,\n3,2020-01-01,0000-00-00\n", tmp_path)
    assert np.isnan(found.customers["tenure_months"][0]) and found.customers["left"].tolist() == [True, False, False]
    assert any("joined after leaving" in note for note in found.notes)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "reading.empty_file"),
        ("id,tenure,churn\n", "reading.no_rows"),
        ("id,tenure,churn\n,,\n,,\n", "reading.no_rows"),
        ("name\nx\ny\n", "subscribers.one_column"),
        ("customer,date,amount\n1,2024-01-05,3\n", "subscribers.no_churned"),
    ],
)
def test_what_is_no_table_says_why(tmp_path: Path, text: str, key: str) -> None:
    error = error_of(text, tmp_path)
    assert error.key == key and str(error)
    assert not is_table_of_subscribers(tmp_path / "table.csv")


def test_options_that_name_nothing_are_refused(tmp_path: Path) -> None:
    text = "id,tenure,churn\n1,3,yes\n2,4,no\n"
    assert error_of(text, tmp_path, columns={"churn": "churn"}).key == "subscribers.unknown_role"
    assert error_of(text, tmp_path, columns={"churned": "churm"}).key == "reading.unknown_column"
    assert error_of(text, tmp_path, columns={"churned": "id", "customer_id": "id"}).key == "reading.column_twice"
    assert error_of(text, tmp_path, columns={"churned": ""}).key == "subscribers.churned_ruled_out"
    assert error_of(text, tmp_path, left_words="").key == "reading.empty_option"
    without = made(text, tmp_path, columns={"tenure": ""})
    assert "tenure_months" not in without.customers and without.features == ("tenure",)


def test_columns_may_be_chosen(tmp_path: Path) -> None:
    chosen = {"customer_id": "who", "churned": "target", "tenure": "n", "charge": "eur"}
    found = made("who,n,eur,target\na,3,9.5,1\nb,4,8,0\n", tmp_path, columns=chosen)
    assert found.columns == {"customer_id": "who", "churned": "target", "tenure": "n", "charge": "eur"}
    assert found.customers["monthly_charge"].tolist() == [9.5, 8.0] and found.customers["left"].tolist() == [
        True,
        False,
    ]


def test_several_hundred_columns_keep_their_values(tmp_path: Path) -> None:
    numbers = np.arange(3 * 450).reshape(3, 450) / 10
    frame = pd.DataFrame(numbers, columns=[f"x{place}" for place in range(450)])
    frame.insert(0, "customerID", ["a", "b", "c"])
    frame["Churn"] = ["Yes", "No", "No"]
    frame.to_csv(tmp_path / "wide.csv", index=False)
    found = read(tmp_path / "wide.csv")
    assert len(found.features) == 450
    np.testing.assert_array_equal(found.customers[list(found.features)], numbers)


def test_the_sheet_that_says_who_left_is_read(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"about": ["made by us"]}).to_excel(book, sheet_name="Read me", index=False)
        pd.DataFrame({"id": ["1", "2"], "churn": ["yes", "no"]}).to_excel(book, sheet_name="March", index=False)
        pd.DataFrame({"id": ["3", "4"], "churn": ["no", "no"]}).to_excel(book, sheet_name="April", index=False)
    found = read(path)
    assert found.customers["customer_id"].tolist() == ["1", "2"] and any("April" in note for note in found.notes)
    assert read(path, sheet="April").customers["customer_id"].tolist() == ["3", "4"]


@pytest.mark.parametrize(
    "header",
    [
        "order_id,customer_id,order_date,status,amount",
        "Invoice,StockCode,Quantity,InvoiceDate,Price,Customer ID,Cancelled",
        "订单编号,客户编号,下单时间,金额,状态", "date,customer,amount,closed", "会员号,交易时间,销售额,是否退款",
        "Name,Email,Financial Status,Paid at,Lineitem name,Cancelled at,Created at",
    ],
)  # fmt: skip
def test_logs_are_no_tables_of_subscribers(tmp_path: Path, header: str) -> None:
    path = tmp_path / "log.csv"
    cells = header.count(",") + 1
    rows = [",".join([str(10 * row + place) for place in range(cells - 1)] + ["no"]) for row in range(5)]
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    assert not is_table_of_subscribers(path)


def test_every_reason_has_its_words() -> None:
    assert {f"subscribers.reason_{reason}" for reason in REASONS} <= set(keys())


def test_what_cannot_be_read_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 broken")
    assert not is_table_of_subscribers(tmp_path / "bad.parquet")
    assert not is_table_of_subscribers(tmp_path / "missing.csv")
    assert not cvm.subscribers.is_table_of_subscribers(pd.DataFrame({"a": [1.0]}))

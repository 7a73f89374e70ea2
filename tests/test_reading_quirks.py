"""Logs as well-known shops and ledgers write them: what is a sale, what is an order, who is a customer."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.reading import DataReport, Log, read
from cvmlab.reading.columns import guess_mapping
from cvmlab.reading.files import guess_encoding
from cvmlab.vocabulary import speaking


def log_of(header: str, rows: Sequence[Sequence[object]], **options: object) -> Log:
    return read(pd.DataFrame([[str(cell) for cell in row] for row in rows], columns=header.split(",")), **options)  # type: ignore[arg-type]


def keys(quality: DataReport) -> set[str]:
    return {note.key for note in quality.notes}


def adds_up(quality: DataReport) -> None:
    frame = quality.reconcile().set_index("line")
    parts = frame.loc[:"control"].drop("control")
    assert parts["rows"].sum() == quality.control_rows
    assert sum(parts["amount"], Decimal(0)) == quality.control_amount


SHOP = "订单编号,下单时间,买家昵称,收货人手机,商品总价,实付金额,订单状态"
ORDERS = [
    ("1", "2023-01-05 10:00:00", "甲", "13800000001", "¥60.00", "¥50.00", "交易成功"),
    ("2", "2023-01-06 10:00:00", "甲", "13800000001", "¥60.00", "¥50.00", "已关闭"),
    ("3", "2023-01-07 10:00:00", "乙", "13800000002", "¥80.00", "¥70.00", "已退款"),
    ("4", "2023-01-31 10:00:00", "丙", "13800000003", "¥30.00", "¥20.00", "待发货"),
    ("5", "2023-01-31 11:00:00", "丙", "13800000003", "¥30.00", "¥20.00", "待付款"),
]


def test_orders_that_were_closed_or_refunded_are_no_sales() -> None:
    quality = log_of(SHOP, ORDERS).quality
    assert (quality.rows("used"), quality.amount("used")) == (2, 70)
    assert (quality.rows("cancelled"), quality.amount("cancelled")) == (3, 140)
    adds_up(quality)
    assert quality.customers == 2
    (note,) = [note for note in quality.warnings if note.key == "cancelled_out"]
    assert all(word in str(note) for word in ("已关闭", "已退款", "待付款", "140.00", "--status"))
    with speaking("zh"):
        assert "已退款" in str(note)


def test_an_empty_name_for_the_status_takes_them_in() -> None:
    quality = log_of(SHOP, ORDERS, columns={"status": ""}).quality
    assert (quality.rows("used"), quality.amount("used")) == (5, 210)
    assert "cancelled_out" not in keys(quality)


def test_a_cancellation_booked_as_a_row_of_its_own_nets_out() -> None:
    rows = [("a", "2023-01-31", 100, "1", "Cancelled"), ("a", "2023-01-31", -100, "1", "Cancelled")]
    rows += [("b", "2023-01-31", 30, "2", "paid")]
    quality = log_of("customer,date,amount,order id,status", rows).quality
    assert quality.amount("used", "refund") == 30
    assert quality.rows("cancelled") == 0
    assert "cancelled_booked" in keys(quality)


@pytest.mark.parametrize("words", ["paid", "Shipped", "delivered", "unpaid", "pending", "已审核", "已发货", "交易成功"])
def test_other_statuses_are_sales(words: str) -> None:
    quality = log_of("customer,date,amount,status", [("a", "2023-01-31", 1, words), ("b", "2023-01-31", 1, "")]).quality
    assert quality.rows("used") == 2


def test_a_state_of_the_country_is_no_status() -> None:
    assert "status" not in guess_mapping(["Customer ID", "Order Date", "Sales", "State"])


def test_further_lines_of_a_shop_order_add_nothing_and_are_not_bad() -> None:
    columns = "Name,Email,Financial Status,Paid at,Subtotal,Total,Created at,Lineitem name,Billing Name"
    rows = [
        ("#1001", "a@x.org", "paid", "", 20, 25, "2019-03-10 06:55:57 +0800", "soap", "Ann"),
        ("#1001", "a@x.org", "", "", "", "", "2019-03-10 06:55:57 +0800", "brush", ""),
        ("#1002", "b@x.org", "voided", "", 9, 14, "2019-03-31 23:30:00 +0800", "soap", "Bob"),
        ("#1002", "b@x.org", "", "", "", "", "2019-03-31 23:30:00 +0800", "brush", ""),
        ("#1003", "b@x.org", "paid", "", 9, 14, "2019-03-31 23:30:00 +0800", "soap", "Bob"),
        ("#1004", "b@x.org", "paid", "", 9, "none of it", "2019-03-31 23:30:00 +0800", "soap", "Bob"),
    ]
    log = log_of(columns, rows, columns={"amount": "Total"}, timezone="UTC")
    quality = log.quality
    mapping = log.mapping.to_dict()
    assert (mapping["customer_id"], mapping["order_id"], mapping["customer_name"]) == ("Email", "Name", "Billing Name")
    assert (quality.rows("used"), quality.amount("used")) == (3, 39)
    assert (quality.rows("cancelled"), quality.rows("bad_amount")) == (2, 1)
    adds_up(quality)
    days = {str(day) for (day,) in log.transactions.project("date").fetchall()}
    assert days == {"2019-03-09", "2019-03-31"}  # 06:55 in Shanghai is the evening before in Greenwich


def test_voucher_numbers_that_begin_anew_each_month_are_different_orders() -> None:
    rows = [("甲", f"2022-{month:02d}-{day:02d}", 10, f"记-{day:04d}") for month in range(1, 13) for day in (3, 3, 20)]
    log = log_of("客户,日期,金额,凭证号", rows, drop_duplicates=False)
    orders = log.transactions.aggregate("count(DISTINCT order_id)").fetchall()[0][0]
    assert orders == 24
    assert "recycled_numbers" in keys(log.quality)


def test_order_numbers_used_once_stay_as_they_are() -> None:
    rows = [("甲", f"2022-{month:02d}-03", 10, f"{month}") for month in range(1, 13)] + [("甲", "2022-12-31", -10, "1")]
    log = log_of("客户,日期,金额,订单号", rows)
    assert {order for (order,) in log.transactions.project("order_id").fetchall()} == {f"{n}" for n in range(1, 13)}
    assert "recycled_numbers" not in keys(log.quality)


def test_the_best_customer_is_no_walk_in_but_a_till_is() -> None:
    days = pd.date_range("2019-01-01", "2023-12-31").strftime("%Y-%m-%d")
    rows = [(f"c{n}", days[(13 * n + 91 * k) % len(days)], 10) for n in range(80) for k in range(20)]
    best = [("best", day, 10) for day in days[::7]]
    till = [("0000", day, 10) for day in days[:50] for _ in range(8)]
    excluded = {
        s.customer_id: s.excluded for s in log_of("customer,date,amount", rows + best + till).quality.suspicious
    }
    assert excluded == {"best": False, "0000": True}


@pytest.mark.parametrize("name", ["Müller", "Café", "José Peña", "12,50 €"])
def test_western_letters_are_not_read_as_chinese(tmp_path: Path, name: str) -> None:
    lines = [f"{name}{n};{n % 28 + 1:02d}.01.2019;1.234,56" for n in range(40)]
    path = tmp_path / "umsatz.csv"
    path.write_bytes("\n".join(["customer;date;amount", *lines]).encode("cp1252"))
    log = read(path)
    assert {customer for (customer,) in log.transactions.project("customer_id").fetchall()} == {
        f"{name}{n}" for n in range(40)
    }
    assert log.quality.amount("used") == Decimal("1234.56") * 40
    assert "western_encoding" in keys(log.quality)


def test_chinese_with_a_few_single_signs_stays_chinese() -> None:
    assert guess_encoding("客户,日期,金额\n镕基公司,2019-01-05,5\n杭州公司,2019-01-05,5".encode("gb18030")) == "gb18030"


@pytest.mark.parametrize(
    ("header", "roles"),
    [
        ("buyer-email purchase-date item-price quantity order-status amazon-order-id", "customer_id=buyer-email"),
        ("Email,Created at,Total", "customer_id=Email date=Created_at"),
        ("Buyer_Username Buyer_Name Sale_Date Total_Price", "customer_id=Buyer_Username customer_name=Buyer_Name"),
        (
            "Doc._Date Sold-to_party Name_1 Billing_document Net_value Sales_rep",
            "customer_id=Sold-to_party customer_name=Name_1 date=Doc._Date order_id=Billing_document "
            "amount=Net_value owner=Sales_rep",
        ),
        (
            "订单编号 下单时间 买家昵称 收货人手机 实付金额 订单状态",
            "phone=收货人手机 status=订单状态 customer_id=买家昵称",
        ),
    ],
)
def test_what_shops_and_ledgers_call_their_columns(header: str, roles: str) -> None:
    names = [name.replace("_", " ") for name in header.replace(",", " ").replace("Created at", "Created_at").split()]
    found = guess_mapping(names)
    for pair in roles.split():
        role, _, column = pair.partition("=")
        assert found[role] == column.replace("_", " ")


def test_a_log_without_dates_and_amounts_is_told_all_that_is_missing() -> None:
    with pytest.raises(CvmError) as caught:
        guess_mapping(["order_id", "user_id", "order_dow", "days_since_prior_order"], source="orders.csv")
    assert caught.value.key == "reading.no_columns"
    assert "--date NAME --amount NAME" in str(caught.value)
    assert "date of a purchase; an amount" in str(caught.value)

"""Logs as well-known shops and ledgers write them: what is a sale, what is an order, who is a customer."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.core.words import speaking
from cvmlab.data.reading import DataReport, Log, read
from cvmlab.data.reading.columns import guess_mapping
from cvmlab.data.reading.opening.encodings import guess_encoding


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
    rows = [("甲", f"2022-{month:02d}-03", 10, f"{month}") for month in range(1, 13)] + [("甲", "2022-12-31", -4, "1")]
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
    assert excluded == {"0000": True}


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


@pytest.mark.parametrize(("named", "others", "left_out"), [(30, 10, 0), (30, 40, 30), (5, 2, 5)])
def test_names_that_most_customers_bear_are_those_of_an_anonymised_log(named: int, others: int, left_out: int) -> None:
    rows = [(f"Guest {number}", "2023-01-31", 10) for number in range(named)]
    rows += [(f"c{number}", "2023-01-31", 10) for number in range(others)]
    quality = log_of("customer,date,amount", rows).quality
    assert (quality.rows("suspicious_customer"), quality.rows("used")) == (left_out, named + others - left_out)
    adds_up(quality)


@pytest.mark.parametrize(
    "months",
    [
        ("2019-01", "2019/2", "2020年2月", "2020年12月份"),
        ("Jan-19", "February 2019", "Feb 2020", "Dec. 2020"),
        ("201901", "201902", "202002", "202012"),
    ],
)
def test_a_month_without_a_day_is_its_last_day(months: Sequence[str]) -> None:
    made = log_of("customer,date,amount", [("a", month, 1) for month in months])
    dates = [str(row[0]) for row in made.transactions.order("date").select("date").fetchall()]
    assert dates == ["2019-01-31", "2019-02-28", "2020-02-29", "2020-12-31"]
    assert "months_read" in keys(made.quality)
    assert "part_last_month" not in keys(made.quality)


@pytest.mark.parametrize("cells", [("2019-13",), ("2019-00",), ("199999",), ("2019010112",), ("7",)])
def test_other_digits_are_no_months(cells: Sequence[str]) -> None:
    with pytest.raises(CvmError, match="date cannot be read"):
        log_of("customer,date,amount", [("a", cell, 1) for cell in cells])


@pytest.mark.parametrize("moment", ["1651412345", "1651412345678"])
def test_seconds_since_1970_are_read_once_the_time_zone_is_known(moment: str) -> None:
    rows = [("a", moment, 1)]  # 1 May 2022, 13:39 in Greenwich
    with pytest.raises(CvmError, match=r"since 1970.*--timezone"):
        log_of("customer,event_time,amount", rows)
    made = log_of("customer,event_time,amount", rows, timezone="Pacific/Auckland")
    assert [str(row[0]) for row in made.transactions.select("date").fetchall()] == ["2022-05-02"]


@pytest.mark.parametrize(
    ("header", "roles"),
    [
        ("id,Customer,Amount Due,Amount Paid,Status,Created (UTC)", "Customer,Created (UTC),Amount Paid"),
        ("subscriber_id,bill_month,plan,bill_amount,profit", "subscriber_id,bill_month,bill_amount"),
        ("contract_account,invoice_date,invoice_no,kWh,amount_eur", "contract_account,invoice_date,amount_eur"),
        ("policy_no,customer_no,due_date,premium", "customer_no,due_date,premium"),
        ("Donor ID,Gift Date,Gift Amount,Campaign,Donor Name", "Donor ID,Gift Date,Gift Amount"),
        ("MemberNo,Month,Fee", "MemberNo,Month,Fee"),
        ("event_time,user_id,product_id,revenue_usd", "user_id,event_time,revenue_usd"),
        (
            "reservation_id,guest_id,guest_name,booking_date,arrival_date,departure_date,nights,adr,room_revenue",
            "guest_id,booking_date,room_revenue",
        ),
        ("户号,户名,账单月份,电费", "户号,账单月份,电费"),
        ("投保人编号,投保人姓名,缴费日期,保费", "投保人编号,缴费日期,保费"),
        ("捐赠人,捐赠日期,捐赠金额", "捐赠人,捐赠日期,捐赠金额"),
    ],
)
def test_bills_premiums_gifts_and_stays_name_their_columns_in_their_own_way(header: str, roles: str) -> None:
    found = guess_mapping(header.split(","))
    assert [found[role] for role in ("customer_id", "date", "amount")] == roles.split(",")
    # a policy or an account is paid for again and again: its number is no order's
    assert found.get("order_id") in (None, "invoice_no", "reservation_id")


@pytest.mark.parametrize(
    ("header", "date", "amount"),
    [
        ("customer,date,due date,fee,amount", "date", "amount"),
        ("customer,order date,month,quantity,unit price,booking fee", "order date", None),
    ],
)
def test_names_of_bills_give_way_to_those_of_sales(header: str, date: str, amount: str | None) -> None:
    found = guess_mapping(header.split(","))
    assert (found["date"], found.get("amount")) == (date, amount)


def test_a_guest_who_did_not_come_brought_nothing() -> None:
    rows = [
        ("a", "2023-01-31", 100, "Check-Out"),
        ("b", "2023-01-31", 100, "No-Show"),
        ("c", "2023-01-31", 9, "Canceled"),
    ]
    quality = log_of("guest_id,booking_date,room_revenue,reservation_status", rows).quality
    assert (quality.amount("used"), quality.rows("cancelled")) == (100, 2)


def test_a_sheet_with_a_column_a_month_still_has_a_header(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("Customer,201901,201902\n100001,123456,200000\n100002,654321,300000\n", encoding="utf-8")
    with pytest.raises(CvmError, match="'Customer', '201901', '201902'"):
        read(path)


UNSEEN = [
    *"\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\u00ad\u061c"
]


@pytest.mark.parametrize("sign", UNSEEN, ids=[f"U+{ord(sign):04X}" for sign in UNSEEN])
def test_signs_without_width_are_no_part_of_amounts_dates_and_words(sign: str) -> None:
    rows = [
        ("a", f"{sign}29.02.2024{sign}", f"{sign}1{sign},234.50", "sale"),
        ("b", f"15/{sign}02/2024", f"-{sign}20.25{sign}", "sale"),
        ("b", "2024-02-14", f"10{sign}", f"ref{sign}und"),
    ]
    log = log_of("customer,date,amount,type", rows)
    found = [
        (day.isoformat(), amount) for _, day, amount in log.transactions.project("customer_id, date, amount").fetchall()
    ]
    # a soft hyphen before a number is the minus of a printed list
    first = -1234.5 if sign == "\u00ad" else 1234.5
    assert found == [("2024-02-29", first), ("2024-02-15", -20.25), ("2024-02-14", -10.0)]


def dates_of(folder: Path, *written: str, **options: Any) -> list[str]:
    path = folder / "a.csv"
    rows = "\n".join(f'c{number},"{date}",1' for number, date in enumerate(written))
    path.write_text(f"customer_id,date,amount\n{rows}\n", encoding="utf-8")
    found = read(path, **options).transactions.project("customer_id, date").order("customer_id").fetchall()
    return [str(date)[:10] for _, date in found]


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("令和6年1月31日", "2024-01-31"),
        ("令和元年5月3日", "2019-05-03"),
        ("平成31年4月30日", "2019-04-30"),
        ("昭和64年1月7日", "1989-01-07"),
        ("R6.1.31", "2024-01-31"),
        ("H31/4/30", "2019-04-30"),
        ("Mon Jan  4 10:00:00 2021", "2021-01-04"),
        ("Tue Feb 16 23:59:59 2021", "2021-02-16"),
        ("٢٠٢٤-٠١-٣١", "2024-01-31"),
        ("२०२४-०१-३१", "2024-01-31"),
    ],
)
def test_dates_of_other_eras_programs_and_digits(tmp_path: Path, written: str, right: str) -> None:
    assert dates_of(tmp_path, written, written) == [right, right]


@pytest.mark.parametrize(("zone", "key"), [("UTC", "aware_dates"), ("CST", "unclear_zone")])
def test_a_zone_before_the_year_is_a_zone(tmp_path: Path, zone: str, key: str) -> None:
    with pytest.raises(CvmError) as caught:
        dates_of(tmp_path, f"Mon Jan  4 22:00:00 {zone} 2021")
    assert caught.value.key == f"reading.{key}"


def test_a_moment_with_its_zone_before_the_year_is_converted(tmp_path: Path) -> None:
    written = "Mon Jan  4 22:00:00 UTC 2021"
    assert dates_of(tmp_path, written, timezone="Asia/Shanghai") == ["2021-01-05"]


def amounts_of(folder: Path, *written: str, head: str = "amount", currency: str = "", **options: Any) -> list[float]:
    path = folder / "a.csv"
    rows = "\n".join(f'c{number},2024-01-0{number + 1},"{cell}",{currency}' for number, cell in enumerate(written))
    path.write_text(f"customer_id,date,{head},currency\n{rows}\n", encoding="utf-8")
    found = read(path, **options).transactions.project("date, amount").order("date").fetchall()
    return [float(amount) for _, amount in found]


@pytest.mark.parametrize("currency", ["KWD", "BHD", "OMR", "JOD"])
def test_a_currency_of_three_decimals_tells_the_decimal_sign(tmp_path: Path, currency: str) -> None:
    right = [1.234, 2.5]
    assert amounts_of(tmp_path, "1.234", "2.500", currency=currency) == right
    assert amounts_of(tmp_path, f"{currency} 1.234", f"{currency} 2.500") == right
    assert amounts_of(tmp_path, "1.234", "2.500", head=f"amount ({currency})") == right


def test_an_option_tells_the_currency_and_so_the_decimal_sign(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("customer_id,date,amount\nA,2024-01-31,1.234\nB,2024-02-03,2.500\n", encoding="utf-8")
    log = read(path, currency="KWD")
    assert float(log.quality.amount("used")) == 3.734
    assert "decimal_from" in {note.key for note in log.quality.notes}


@pytest.mark.parametrize(("currency", "cell"), [("TND", "1,234"), ("LYD", "1,234")])
def test_the_maghreb_writes_a_decimal_comma(tmp_path: Path, currency: str, cell: str) -> None:
    assert amounts_of(tmp_path, cell, cell, currency=currency) == [1.234, 1.234]


@pytest.mark.parametrize(
    ("currency", "cell"), [("KWD", "1,234"), ("TND", "1.234"), ("IQD", "1.234"), ("USD", "1.234"), ("", "1.234")]
)
def test_three_digits_that_may_be_thousands_are_asked_about(tmp_path: Path, currency: str, cell: str) -> None:
    with pytest.raises(CvmError) as caught:
        amounts_of(tmp_path, cell, cell, currency=currency)
    assert caught.value.key == "reading.unclear_decimal"


@pytest.mark.parametrize(
    ("cell", "right"),
    [
        ("1.5 lakh", 150_000),
        ("₹2.25 Lacs", 225_000),
        ("Rs. 1.5 crore", 15_000_000),
        ("1.5万", 15_000),
        ("1.5亿", 150_000_000),
        ("1.5k", 1_500),
        ("1.5m", 1_500_000),
        ("1.5bn", 1_500_000_000),
        ("١٬٢٣٤٫٥٠", 1234.5),
        ("१२३४.५", 1234.5),
        ("۱۲۳۴", 1234),
    ],
)
def test_units_and_digits_of_other_countries(tmp_path: Path, cell: str, right: float) -> None:
    assert amounts_of(tmp_path, cell, cell) == [right, right]


@pytest.mark.parametrize("head", ["amount (lakhs)", "amount in lakhs", "amount (₹ Lakhs)"])
def test_lakhs_in_a_header_count(tmp_path: Path, head: str) -> None:
    assert amounts_of(tmp_path, "1.5", "2.25", head=head, columns={"amount": head}) == [150_000, 225_000]


def test_cr_may_be_crore_or_credit(tmp_path: Path) -> None:
    with pytest.raises(CvmError) as caught:
        amounts_of(tmp_path, "₹1.5 Cr", "₹2 Cr")
    assert caught.value.key == "reading.debit_or_crore"


def test_a_minus_in_quantity_and_in_price_is_no_sale() -> None:
    frame = pd.DataFrame(
        {
            "customer": ["a", "b", "c"],
            "date": "2023-01-31",
            "quantity": [2, -1, -1],
            "unit price": ["10.00", "-10.00", "4"],
        }
    )
    log = read(frame)
    assert (log.quality.amount("used", "refund"), log.quality.rows("bad_amount")) == (Decimal(16), 1)


def test_truths_are_no_amounts_and_short_floats_keep_their_cents() -> None:
    frame = pd.DataFrame({"customer": [f"c{i}" for i in range(12)], "date": "2023-01-31"})
    short = read(frame.assign(amount=pd.Series([123456.78] * 12, dtype="float32")))
    assert short.quality.amount("used") == 12 * Decimal("123456.78")
    with pytest.raises(CvmError):
        read(frame.assign(amount=True))

"""Columns are found by name, in English and Chinese, as real exports call them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cvmlab.data
from cvmlab import CvmError
from cvmlab.core.words import read_table
from cvmlab.data.reading.columns import guess_mapping
from cvmlab.data.reading.role_names import distinct_names, find_header, patterns, roles_of
from cvmlab.data.reading.roles import ROLES

REAL: dict[str, tuple[str, str]] = {
    "UCI Online Retail": (
        "InvoiceNo StockCode Description Quantity InvoiceDate UnitPrice CustomerID Country",
        "customer_id=CustomerID date=InvoiceDate order_id=InvoiceNo "
        "quantity=Quantity unit_price=UnitPrice product=StockCode",
    ),
    "UCI Online Retail II": (
        "Invoice StockCode Description Quantity InvoiceDate Price Customer_ID Country",
        "customer_id=Customer_ID date=InvoiceDate order_id=Invoice quantity=Quantity unit_price=Price",
    ),
    "Superstore": (
        "Row_ID Order_ID Order_Date Ship_Date Ship_Mode Customer_ID "
        "Customer_Name Segment Product_ID Category Product_Name Sales Quantity "
        "Discount Profit",
        "customer_id=Customer_ID date=Order_Date amount=Sales order_id=Order_ID "
        "profit=Profit product=Product_Name customer_name=Customer_Name",
    ),
    "Olist, joined": (
        "order_id customer_id order_status order_purchase_timestamp "
        "order_approved_at order_delivered_customer_date product_id seller_id "
        "price freight_value payment_value customer_unique_id",
        "customer_id=customer_unique_id date=order_purchase_timestamp amount=payment_value order_id=order_id",
    ),
    "Complete Journey": (
        "household_id basket_id store_id department date amount retail_discount coupon_discount items",
        "customer_id=household_id date=date amount=amount order_id=basket_id product=department",
    ),
    "ERP, sales ledger": (
        "日期 单据编号 购货单位 产品代码 产品名称 规格型号 单位 数量 单价 金额 成本 毛利 业务员 部门 备注",
        "customer_id=购货单位 date=日期 amount=金额 order_id=单据编号 product=产品名称 cost=成本 "
        "profit=毛利 owner=业务员",
    ),
    "ERP, sales invoice": (
        "单据日期 单据号 客户编码 客户简称 存货编码 存货名称 数量 无税单价 价税合计 税额 业务员",
        "customer_id=客户编码 customer_name=客户简称 date=单据日期 amount=价税合计 order_id=单据号 product=存货名称",
    ),
    "till": (
        "会员卡号 会员姓名 手机号 交易时间 小票号 实付金额 导购",
        "customer_id=会员卡号 customer_name=会员姓名 phone=手机号 date=交易时间 order_id=小票号 "
        "amount=实付金额 owner=导购",
    ),
    "往来单位": (
        "往来单位 单据日期 销售额（元）",
        "customer_id=往来单位 date=单据日期 amount=销售额（元）",
    ),
}


@pytest.mark.parametrize("name", REAL)
def test_real_exports(name: str) -> None:
    header, roles = REAL[name]
    expected = dict(pair.split("=") for pair in roles.split())
    found = guess_mapping(header.split()).to_dict()
    assert {role: found.get(role) for role in expected} == expected
    spaced = [column.replace("_", " ") for column in header.split()]
    assert set(guess_mapping(spaced).columns) == set(found)


@pytest.mark.parametrize(
    "name",
    [
        "税额",
        "运费",
        "Ship Date",
        "freight_value",
        "成本单价",
        "毛利率",
        "发货日期",
        "Row ID",
        "单位",
        "部门",
        "store_id",
        "seller_id",
    ],
)
def test_what_is_not_meant_is_not_found(name: str) -> None:
    assert roles_of(name) == ()


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("客户 日期 无税金额 价税合计", "amount"),
        ("客户 日期 金额 价税合计", "amount"),
        ("customer date sales amount", "amount"),
        ("客户编号 会员号 日期 金额", "customer_id"),
        ("客户 单据日期 订单日期 金额", "date"),
        ("客户 日期 数量 含税单价 无税单价", "unit_price"),
    ],
)
def test_two_equally_good_columns_are_asked_for(header: str, asked: str) -> None:
    with pytest.raises(CvmError) as caught:
        guess_mapping(header.split(), source="a.csv")
    assert caught.value.key == f"reading.ambiguous_{asked}"


def test_choices_win_and_are_understood_loosely() -> None:
    assert guess_mapping(["客户", "日期", "无税金额", "价税合计"], {"amount": "无税金额"})["amount"] == "无税金额"
    assert (
        guess_mapping(["Customer ID", "Date", "Total Sales", "Amount"], {"amount": "total_sales"})["amount"]
        == "Total Sales"
    )
    assert "order_id" not in guess_mapping(["客户", "日期", "金额", "订单号"], {"order_id": ""})


def test_a_name_serves_as_the_id_and_a_note_says_so() -> None:
    mapping = guess_mapping(["客户名称", "日期", "金额"])
    assert mapping["customer_id"] == "客户名称"
    assert [note.key for note in mapping.notes] == ["name_as_id"]


def test_the_header_is_found_below_titles() -> None:
    assert (
        find_header(
            [["2019 年销售明细"], ["客户：全部", "日期：全年"], ["客户", "日期", "金额"], ["甲", "2019-1-1", "5"]]
        )
        == 2
    )
    assert find_header([["a", "b"], ["1", "2"]]) is None


def test_the_rule_table_is_sound() -> None:
    rows = read_table("rules/columns")
    sources = Path(cvmlab.data.__file__).parent.rglob("*.py")
    looked_for = set(re.findall(r"""["']([a-z_]+)["']""", "".join(source.read_text("utf-8") for source in sources)))
    assert set(ROLES) <= {row["role"] for row in rows} <= set(ROLES) | looked_for
    for row in rows:
        re.compile(row["pattern"])
    for role in ROLES:
        assert patterns(role)


def test_no_two_columns_get_one_name() -> None:
    assert distinct_names(["amount", "amount (2)", "amount"]) == ("amount", "amount (2)", "amount (3)")
    assert distinct_names(["amount", "amount", "amount (2)"]) == ("amount", "amount (3)", "amount (2)")
    assert distinct_names(["", "column 1", "a", "a"]) == ("column 1", "column 1 (2)", "a", "a (2)")


def test_equal_candidates_are_asked_about_whatever_number_they_got() -> None:
    for header in (["amount", "amount (2)", "amount"], ["amount", "amount", "amount (2)"]):
        with pytest.raises(CvmError, match="--amount") as caught:
            guess_mapping(distinct_names(["customer", "date", *header]))
        assert caught.value.key == "reading.ambiguous_amount"


@pytest.mark.parametrize(
    ("given", "column", "missing"),
    [
        ("amount", "date", "date"),
        ("customer_id", "amount", "amount"),
        ("date", "amount", "amount"),
        ("product", "customer", "customer-id"),
    ],
)
def test_a_column_chosen_for_another_role_is_said_to_be_taken(given: str, column: str, missing: str) -> None:
    with pytest.raises(CvmError) as caught:
        guess_mapping(["customer", "date", "amount"], {given: column}, "s.csv")
    option = f"--{given.replace('_', '-')}"
    assert caught.value.key == "reading.column_taken"
    assert f"'{column}' would do, but it was chosen with {option}" in str(caught.value)
    assert f"--{missing} NAME" in str(caught.value)


@pytest.mark.parametrize(("more", "example"), [((), "Subtotal"), (("Refunded Amount",), "Total")])
def test_the_total_is_suggested_where_refunds_have_tax_and_shipping_in_them(
    more: tuple[str, ...], example: str
) -> None:
    with pytest.raises(CvmError) as caught:
        guess_mapping(["Email", "Created at", "Subtotal", "Total", *more])
    assert (caught.value.key, caught.value.values["example"]) == ("reading.ambiguous_amount", example)


def test_what_was_paid_is_the_example() -> None:
    with pytest.raises(CvmError) as caught:
        guess_mapping(["会员名", "下单时间", "订单金额", "总金额", "买家实际支付金额"])
    assert caught.value.values["example"] == "买家实际支付金额"


@pytest.mark.parametrize(
    "sides",
    [("Debit", "Credit"), ("借方", "贷方"), ("借方金额", "贷方金额"), ("Soll", "Haben"), ("Paid in", "Paid out")],
)
def test_the_two_sides_of_an_account_are_explained(sides: tuple[str, str]) -> None:
    with pytest.raises(CvmError, match="in a bank statement the money that came in") as caught:
        guess_mapping(["客户", "日期", "摘要", *sides, "方向", "余额"])
    assert (caught.value.key, caught.value.values["first"]) == ("reading.ledger_sides", sides[0])


@pytest.mark.parametrize(
    "months",
    [
        ("2024-01", "2024-02", "2024-03"),
        ("1月", "2月", "12月"),
        ("2024年1月", "2024年2月", "2024年3月"),
        ("Jan", "Feb", "Mar"),
        ("Jan 24", "Feb 24", "März 24"),
        ("01/2024", "02/2024", "03/2024"),
        ("2024-01-01 00:00:00", "2024-02-01 00:00:00", "2024-03-01 00:00:00"),
    ],
)
def test_a_table_of_months_is_to_be_turned_into_rows(months: tuple[str, ...]) -> None:
    with pytest.raises(CvmError, match="Unpivot") as caught:
        guess_mapping(["Customer", *months, "Total"])
    assert caught.value.key == "reading.months_across"
    assert (caught.value.values["first"], caught.value.values["count"]) == (months[0], 3)


def test_two_columns_like_months_are_no_table_of_months() -> None:
    with pytest.raises(CvmError) as caught:
        guess_mapping(["Customer", "May", "March", "Amount"])
    assert caught.value.key == "reading.no_date_column"

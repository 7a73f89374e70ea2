"""Exports of well-known shops and ledgers: what their prices, discounts, refunds and statuses mean."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.core.words import read_table
from cvmlab.data.reading import Log, read

TAOBAO = """订单编号|买家会员名|买家应付货款|总金额|买家实际支付金额|订单状态|退款金额|订单创建时间|订单付款时间
T1|小荷|100.00|100.00|100.00|交易成功|0.00|2024-02-01 09:00:00|2024-02-01 09:01:00
T2|小荷|80.00|80.00|80.00|交易关闭|80.00|2024-02-05 09:00:00|2024-02-05 09:01:00
T3|山石|60.00|65.00|65.00|交易成功|15.00|2024-02-08 09:00:00|2024-02-08 09:01:00
T4|山石|40.00|40.00|0.00|等待买家付款|0.00|2024-02-10 09:00:00|
T5|晚风|50.00|50.00|50.00|卖家已发货，等待买家确认|0.00|2024-02-29 09:00:00|2024-02-29 09:01:00
T6|晚风|30.00|30.00|30.00|交易成功|30.00|2024-02-29 11:00:00|2024-02-29 11:01:00"""
TMALL = """订单编号|买家昵称|实付金额|订单状态|退款状态|下单时间
M1|小荷|100|交易成功|无退款申请|2024-02-01
M2|小荷|80|交易成功|退款成功|2024-02-05
M3|山石|60|买家已付款，等待卖家发货|退款关闭|2024-02-08
M4|山石|40|交易关闭|退款成功|2024-02-29"""
SHOPIFY = """\
Name|Email|Financial Status|Paid at|Currency|Total|Discount Amount|Created at|Lineitem quantity|Lineitem name|\
Lineitem price|Refunded Amount
#1|ann@x.org|paid|2024-02-01|USD|25.00|5.00|2024-02-01|2|soap|10.00|0.00
#1|ann@x.org||||||2024-02-01|1|brush|10.00|
#2|bob@x.org|partially_refunded|2024-02-08|USD|50.00|0.00|2024-02-08|5|soap|10.00|20.00
#3|bob@x.org|refunded|2024-02-09|USD|10.00|0.00|2024-02-09|1|soap|10.00|10.00
#4|cat@x.org|voided||USD|70.00|0.00|2024-02-10|7|soap|10.00|0.00
#5|cat@x.org|paid|2024-02-29|USD|30.00|0.00|2024-02-29|3|soap|10.00|0.00"""
WOOCOMMERCE = """Order ID|Order Status|Customer Email|Order Date|Order Total|Discount Amount|Refund Total
11|completed|ann@x.org|2024-02-01|40.00|4.00|0
12|processing|bob@x.org|2024-02-08|60.00|0|10.00
13|pending|bob@x.org|2024-02-09|90.00|0|0
14|on-hold|cat@x.org|2024-02-10|80.00|0|0
15|failed|cat@x.org|2024-02-11|70.00|0|0
16|completed|cat@x.org|2024-02-29|20.00|0|0"""
ODOO = """Order Reference|Order Date|Customer|Salesperson|Total|Status
S001|2024-02-01 08:00:00|Azure Ltd|Mia|110.00|Sales Order
S002|2024-02-05 08:00:00|Azure Ltd|Mia|330.00|Quotation
S003|2024-02-08 08:00:00|Brook Ltd|Mia|220.00|Sales Order
S004|2024-02-10 08:00:00|Brook Ltd|Mia|440.00|Cancelled
S005|2024-02-11 08:00:00|Cedar Ltd|Mia|550.00|Quotation Sent
S006|2024-02-29 08:00:00|Cedar Ltd|Mia|90.00|Locked"""
KINGDEE = """日期|单据编号|单据类型|单据状态|购货单位|产品名称|数量|单价|折扣额|价税合计
2024-02-01|XOUT01|标准销售出库单|已审核|甲公司|轴承|10|10|0|100
2024-02-05|XOUT02|标准销售出库单|未审核|甲公司|轴承|20|10|0|200
2024-02-08|XOUT03|标准销售出库单|已审核|乙公司|轴承|7|10|10|60
2024-02-19|XOUT04|销售退货单（红字）|已审核|乙公司|轴承|2|10|0|20
2024-02-29|XOUT05|标准销售出库单|已审核|丙公司|轴承|5|10|0|50"""
YONYOU = """单据日期|单据号|客户编码|客户简称|存货名称|数量|退货标志|整单折扣|价税合计
2024-02-01|0001|01|甲公司|螺栓|10|否|0|100
2024-02-08|0002|02|乙公司|螺栓|7|否|0|70
2024-02-19|0003|02|乙公司|螺栓|7|是|0|70
2024-02-29|0004|03|丙公司|螺栓|5|否|5|45"""
# net money, rows that are cancelled or refunded
SHOPS = {
    "Taobao": (TAOBAO, {"amount": "买家实际支付金额", "date": "订单创建时间"}, 100 + 50 + 50, 3),
    "Tmall": (TMALL, {}, 160, 2),
    "Shopify": (SHOPIFY, {}, 25 + 30 + 30, 2),
    "WooCommerce": (WOOCOMMERCE, {}, 40 + 50 + 20, 3),
    "Odoo": (ODOO, {}, 110 + 220 + 90, 3),
    "Kingdee": (KINGDEE, {}, 100 + 60 - 20 + 50, 1),
    "Yonyou": (YONYOU, {}, 100 + 70 - 70 + 45, 0),
}


def frame_of(text: str) -> pd.DataFrame:
    header, *rows = [line.split("|") for line in text.split("\n")]
    return pd.DataFrame(rows, columns=header, dtype="str")


def net(log: Log) -> Decimal:
    return log.quality.amount("used") + log.quality.amount("refund")


@pytest.mark.parametrize("shop", SHOPS)
def test_the_exports_of_shops_and_ledgers_have_the_right_totals(shop: str) -> None:
    text, columns, expected, cancelled = SHOPS[shop]
    log = read(frame_of(text), columns=columns, today="2024-03-01")
    assert (net(log), log.quality.rows("cancelled")) == (expected, cancelled)
    lines = log.quality.reconcile().set_index("line")["amount"]
    assert sum(lines.loc[:"control"].drop("control"), Decimal(0)) == log.quality.control_amount


def log_of(header: str, *rows: str, **options: object) -> Log:
    return read(frame_of("\n".join([header, *rows])), today="2024-03-01", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("yes", ["是", "Y", "TRUE", "1", "yes"])
@pytest.mark.parametrize("flag", ["是否退款", "Refunded", "is_return", "退货标志"])
def test_a_flag_on_the_sale_itself_takes_it_out(flag: str, yes: str) -> None:
    no = {"是": "否", "Y": "N", "TRUE": "FALSE", "1": "0", "yes": "no"}[yes]
    rows = (f"1|a|100|2024-02-01|{no}", f"2|a|80|2024-02-09|{yes}", f"3|b|50|2024-02-15|{no}")
    log = log_of(f"order id|customer|amount|date|{flag}", *rows)
    assert (net(log), log.quality.amount("cancelled")) == (150, 80)
    assert "returns_out" in {note.key for note in log.quality.warnings}
    kept = log_of(f"order id|customer|amount|date|{flag}", *rows, columns={log.quality.warnings[0].values["role"]: ""})
    assert net(kept) == 230


@pytest.mark.parametrize(
    ("column", "word"),
    [
        ("交易类型", "退货"),
        ("交易类型", "销售退货"),
        ("Type", "refund"),
        ("Document Type", "Credit Note"),
        ("单据类型", "红字"),
        ("Belegart", "Gutschrift"),
        ("Belegart", "Stornorechnung"),
        ("Typ", "Rückgabe"),
        ("type de document", "Avoir"),
        ("Type de document", "Note de crédit"),
        ("type de pièce", "Remboursement"),
        ("tipo", "Devolución"),
        ("Tipo de documento", "Nota de crédito"),
        ("tipo de documento", "Reembolso"),
        ("tipo documento", "Nota di credito"),
        ("取引区分", "返品"),
    ],
)
def test_a_type_makes_returns_negative(column: str, word: str) -> None:
    header = f"order id|customer|amount|date|{column}"
    rows = ("1|a|100|2024-02-01|sale", f"2|a|30|2024-02-19|{word}", "3|b|50|2024-02-15|sale")
    log = log_of(header, *rows)
    assert (net(log), log.quality.amount("refund")) == (120, -30)
    signed = log_of(header, rows[0], f"2|a|-30|2024-02-19|{word}", rows[2])
    assert (net(signed), signed.quality.amount("refund")) == (120, -30)
    mixed = log_of(header, *rows, f"4|a|-10|2024-02-20|{word}")
    assert net(mixed) == 170
    assert "returns_of_both_signs" in {note.key for note in mixed.quality.warnings}


@pytest.mark.parametrize("column", ["退款金额", "Refunded Amount", "Amount Refunded", "Refunds"])
def test_what_was_refunded_is_subtracted(column: str) -> None:
    rows = ("1|a|100|100|2024-02-20", "2|b|50|0|2024-02-22", "3|b|60|20|2024-02-25", "4|b||5|2024-02-26")
    log = log_of(f"order id|customer|paid amount|{column}|date", *rows)
    assert (net(log), log.quality.rows("used", "refund"), log.quality.customers) == (85, 3, 1)
    (note,) = [note for note in log.quality.warnings if note.key == "refund_subtracted"]
    assert note.values["amount"] == "125.00"
    assert net(log_of(f"order id|customer|paid amount|{column}|date", *rows[:3], columns={"refund_amount": ""})) == 210


def test_sales_that_are_net_of_refunds_by_name_stay() -> None:
    log = log_of("order|customer|net sales|refunds|date", "1|a|90|10|2024-02-01", "2|b|50|0|2024-02-29")
    assert net(log) == 140


def test_a_discount_of_money_is_subtracted_and_an_unclear_one_asked_for() -> None:
    rows = ("a|2024-02-01|3|10|5", "b|2024-02-29|1|10|0")
    assert net(log_of("customer|date|quantity|price|discount amount", *rows)) == 35
    header = "customer|date|quantity|price|discount"
    with pytest.raises(CvmError, match=r"25\.00.*28\.50.*30\.00.*--discount-rate") as caught:
        log_of(header, *rows)
    assert caught.value.key == "reading.unclear_discount"
    assert net(log_of(header, *rows, columns={"discount": "discount"})) == 35
    assert net(log_of(header, *rows, columns={"discount_rate": "discount"})) == Decimal("38.5")
    assert net(log_of(header, *rows, columns={"discount": ""})) == 40
    assert net(log_of(header, "a|2024-02-01|3|10|10%", rows[1], columns={"discount_rate": "discount"})) == 37
    assert net(log_of(header, "a|2024-02-01|3|10|0", rows[1])) == 40


def test_most_of_the_money_is_not_left_out_without_asking() -> None:
    rows = [f"c{number}|2024-02-01|10|{'未审核' if number else '已审核'}" for number in range(12)]
    with pytest.raises(CvmError, match="--status") as caught:
        log_of("客户|日期|金额|单据状态", *rows)
    assert caught.value.key == "reading.mostly_no_sales"
    assert net(log_of("客户|日期|金额|单据状态", *rows, columns={"status": ""})) == 120
    assert net(log_of("客户|日期|金额|单据状态", *rows, columns={"status": "单据状态"})) == 10


@pytest.mark.parametrize("word", ["部分退款", "partially_refunded", "closed", "pending", "unpaid"])
def test_a_status_that_leaves_it_open_is_shown_with_its_sum(word: str) -> None:
    log = log_of("customer|date|amount|status", f"a|2024-02-01|70|{word}", "b|2024-02-29|5|paid")
    (note,) = [note for note in log.quality.warnings if note.key == "unsure_status"]
    assert (net(log), note.values["amount"]) == (75, "70.00")


def test_words_for_returns_are_whole_words() -> None:
    assert all(row["pattern"] for row in read_table("rules/columns"))
    log = log_of("customer|date|amount|type", "a|2024-02-01|70|no refund", "b|2024-02-29|5|returning customer")
    assert net(log) == 75


@pytest.mark.parametrize("missing", [0, 1])
def test_a_price_that_is_missing_is_not_a_further_line(missing: int) -> None:
    rows = [f"{order}|a|2024-02-0{order}|{amount}" for order in range(1, 5) for amount in (10, 20)]
    rows[missing] = "1|a|2024-02-01|"
    quality = log_of("order id|customer|date|amount", *rows).quality
    assert (quality.rows("bad_amount"), "further_lines" in {note.key for note in quality.notes}) == (1, False)
    totals = [f"{order}|a|2024-02-0{order}|{amount}" for order in range(1, 5) for amount in ("30", "")]
    assert log_of("order id|customer|date|amount", *totals).quality.rows("used") == 8
    first = [row for pair in zip(totals[1::2], totals[::2], strict=True) for row in pair]
    assert log_of("order id|customer|date|amount", *first).quality.rows("bad_amount") == 4


@pytest.mark.parametrize(("column", "bad"), [("refund amount", "ten"), ("refunds", "1O.00"), ("退款金额", "见备注")])
def test_a_refund_that_cannot_be_read_is_said(column: str, bad: str) -> None:
    rows = ("1|a|100|0|2024-02-01", f"2|b|50|{bad}|2024-02-02", "3|c|60|20|2024-02-25", "4|d|60|-|2024-02-29")
    log = log_of(f"order id|customer|amount|{column}|date", *rows)
    (note,) = [note for note in log.quality.warnings if note.key == "unread_deduction"]
    assert (net(log), note.values["rows"], note.values["value"]) == (250, "1", bad)


@pytest.mark.parametrize(("role", "column"), [("discount", "discount amount"), ("discount_rate", "percent off")])
def test_a_discount_that_cannot_be_read_is_said(role: str, column: str) -> None:
    log = log_of(f"customer|date|quantity|price|{column}", "a|2024-02-01|3|10|some", "b|2024-02-29|1|10|0")
    assert log.mapping[role] == column
    assert (net(log), [n.values["value"] for n in log.quality.warnings if n.key == "unread_deduction"]) == (
        40,
        ["some"],
    )


def test_words_for_no_refund_are_read() -> None:
    log = log_of("customer|amount|refunded|date", "a|10|no|2024-02-01", "b|20|否|2024-02-02", "c|5|No|2024-02-29")
    assert (net(log), [n for n in log.quality.warnings if n.key == "unread_deduction"]) == (35, [])


@pytest.mark.parametrize(
    ("column", "invoice", "credit", "payment"),
    [
        ("Type", "Invoice", "Credit Memo", "Payment"),
        ("Belegart", "Rechnung", "Gutschrift", "Zahlung"),
        ("type de document", "Facture", "Avoir", "Paiement"),
        ("单据类型", "销售发票", "退货", "收款"),
    ],
)
@pytest.mark.parametrize("sign", ["", "-"])
def test_payments_beside_invoices_are_no_sales(column: str, invoice: str, credit: str, payment: str, sign: str) -> None:
    rows = (f"a|100|2024-02-01|{invoice}", f"a|40|2024-02-19|{credit}", f"a|{sign}10|2024-02-29|{payment}")
    log = log_of(f"customer|amount|date|{column}", *rows)
    assert (net(log), log.quality.rows("cancelled")) == (60, 1)
    (note,) = [note for note in log.quality.warnings if note.key == "payments_out"]
    assert (note.values["words"], note.values["amount"]) == (payment, f"{sign}10.00")


def test_payments_beside_refunds_alone_are_the_sales() -> None:
    log = log_of("customer|amount|date|Type", "a|100|2024-02-01|Payment", "a|40|2024-02-19|Refund")
    assert (net(log), log.quality.rows("cancelled")) == (60, 0)


@pytest.mark.parametrize("word", ["Quote", "Void", "Cancelled", "Estimate", "Pro forma", "作废", "报价单", "取消"])
def test_documents_that_are_no_sales_are_left_out(word: str) -> None:
    column = "单据类型" if word > "一" else "Type"
    log = log_of(f"customer|amount|date|{column}", "a|100|2024-02-01|Invoice", f"b|40|2024-02-19|{word}")
    assert (net(log), log.quality.rows("cancelled")) == (100, 1)
    (note,) = [note for note in log.quality.warnings if note.key == "no_sales_out"]
    assert (note.values["words"], note.values["amount"]) == (word, "40.00")


def test_a_void_document_with_its_reversal_nets_out() -> None:
    rows = ("a|100|2024-02-01|Invoice", "b|40|2024-02-19|Void", "b|-40|2024-02-19|Void")
    log = log_of("customer|amount|date|Type", *rows)
    assert (net(log), log.quality.rows("cancelled")) == (100, 0)

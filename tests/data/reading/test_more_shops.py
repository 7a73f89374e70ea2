"""Exports of further shops and payment services, made up after their real columns."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, read

WC = """\
Order Number|Order Status|Order Date|Customer Email|Order Total Amount|Item #|Item Name|Quantity|Item Cost|\
Order Refund Amount
1|Completed|2024-02-01|a@x.org|45.00|1|soap|2|10.00|5.00
1|Completed|2024-02-01|a@x.org|45.00|2|brush|1|25.00|5.00
2|Processing|2024-02-08|b@x.org|60.00|1|soap|6|10.00|0.00
3|Cancelled|2024-02-09|b@x.org|10.00|1|soap|1|10.00|0.00
4|Completed|2024-02-29|c@x.org|50.00|1|towel|1|20.00|0.00
4|Completed|2024-02-29|c@x.org|50.00|2|comb|3|10.00|0.00"""
ODOO = """\
Number|Partner|Invoice/Bill Date|Total|Status
INV/1|Azure|2024-02-01|110.00|Posted
INV/2|Brook|2024-02-08|220.00|Posted
INV/3|Brook|2024-02-09|50.00|Cancelled
INV/4|Cedar|2024-02-29|90.00|Draft"""
JD = """\
订单号|商品ID|商品名称|订购数量|支付方式|下单时间|京东价|订单金额|结算金额|余额支付|应付金额|订单状态|订单类型|下单帐号|客户姓名
J1|9|茶|1|在线支付|2024-02-01 10:00:00|20|20|19|0|19|完成|SOP|小荷|荷
J2|9|茶|2|在线支付|2024-02-08 10:00:00|20|40|38|0|38|已取消|SOP|山石|山
J3|9|茶|3|在线支付|2024-02-09 10:00:00|20|60|60|0|60|(删除)等待出库|SOP|山石|山
J4|9|茶|5|在线支付|2024-02-29 10:00:00|20|100|95|0|95|完成|SOP|晚风|晚"""
YOUZAN = """\
订单号|订单状态|买家姓名|买家手机号|订单创建时间|买家付款时间|商品金额合计|运费|店铺优惠合计|应收订单金额|订单实付金额|退款状态|订单已退款金额
E1|交易完成|荷|13800000001|2024-02-01 10:00:00|2024-02-01 10:00:00|100.00|10.00|5.00|105.00|105.00||0.00
E2|交易关闭|山|13800000002|2024-02-08 10:00:00|2024-02-08 10:00:00|80.00|0.00|0.00|80.00|80.00|全额退款|80.00
E3|已发货|山|13800000002|2024-02-09 10:00:00|2024-02-09 10:00:00|60.00|0.00|0.00|60.00|60.00|部分退款|20.00
E4|交易完成|晚|13800000003|2024-02-29 10:00:00|2024-02-29 10:00:00|30.00|0.00|0.00|30.00|30.00||0.00"""
PDD = """\
商品|订单号|订单状态|商品总价(元)|店铺优惠折扣(元)|平台优惠折扣(元)|用户实付金额(元)|商家实收金额(元)|商品数量(件)|收货人|手机|支付时间|售后状态
茶|P1|已发货，待签收|20.00|1.00|2.00|17.00|19.00|1|荷|13800000001|2024-02-01 10:00:00|无售后或售后取消
茶|P2|已发货，退款成功|40.00|0.00|0.00|40.00|40.00|2|山|13800000002|2024-02-08 10:00:00|退款成功
茶|P3|已取消|40.00|0.00|0.00|40.00|40.00|2|山|13800000002|2024-02-09 10:00:00|无售后或售后取消
茶|P4|已收货|60.00|0.00|0.00|60.00|60.00|3|晚|13800000003|2024-02-29 10:00:00|售后处理中"""
MAGENTO = """\
ID|Purchase Point|Purchase Date|Bill-to Name|Ship-to Name|Grand Total (Base)|Grand Total (Purchased)|Status|\
Customer Email|Subtotal|Shipping and Handling|Total Refunded
1|Main|2024-02-01 10:00:00|Ann|Ann|25.00|25.00|Complete|a@x.org|20.00|5.00|0.00
2|Main|2024-02-08 10:00:00|Bob|Bob|55.00|55.00|Processing|b@x.org|50.00|5.00|10.00
3|Main|2024-02-09 10:00:00|Bob|Bob|30.00|30.00|Canceled|b@x.org|25.00|5.00|0.00
4|Main|2024-02-10 10:00:00|Bob|Bob|30.00|30.00|Closed|b@x.org|25.00|5.00|30.00
5|Main|2024-02-11 10:00:00|Cat|Cat|70.00|70.00|Pending Payment|c@x.org|65.00|5.00|0.00
6|Main|2024-02-29 10:00:00|Cat|Cat|40.00|40.00|Complete|c@x.org|35.00|5.00|0.00"""
SQUARE = """\
Date|Time|Gross Sales|Discounts|Net Sales|Tax|Tip|Total Collected|Transaction ID|Event Type|Customer ID|Customer Name
2024-02-01|10:00:00|$20.00|-$2.00|$18.00|$1.80|$0.00|$19.80|T1|Payment|C1|Ann
2024-02-08|10:00:00|$50.00|$0.00|$50.00|$5.00|$0.00|$55.00|T2|Payment|C2|Bob
2024-02-09|10:00:00|-$50.00|$0.00|-$50.00|-$5.00|$0.00|-$55.00|T3|Refund|C2|Bob
2024-02-29|10:00:00|$30.00|$0.00|$30.00|$3.00|$0.00|$33.00|T4|Payment|C3|Cat"""
PRESTA = """\
ID|Reference|New client|Delivery|Customer|Total|Payment|Status|Date
1|AAA|Yes|France|A. Ann|€25.00|Card|Payment accepted|2024-02-01 10:00:00
2|BBB|Yes|France|B. Bob|€50.00|Card|Delivered|2024-02-08 10:00:00
3|CCC|No|France|B. Bob|€30.00|Card|Canceled|2024-02-09 10:00:00
4|DDD|No|France|B. Bob|€40.00|Card|Refunded|2024-02-10 10:00:00
5|EEE|No|France|C. Cat|€60.00|Wire|Awaiting bank wire payment|2024-02-11 10:00:00
6|FFF|No|France|C. Cat|€10.00|Card|Payment error|2024-02-12 10:00:00
7|GGG|No|France|C. Cat|€20.00|Card|Shipped|2024-02-29 10:00:00"""
AMAZON = """\
amazon-order-id|purchase-date|order-status|buyer-email|product-name|quantity-purchased|currency|item-price|\
item-tax|shipping-price|item-promotion-discount
A1|2024-02-01T10:00:00|Shipped|a@x.org|soap|2|USD|20.00|1.60|4.00|2.00
A1|2024-02-01T10:00:00|Shipped|a@x.org|comb|1|USD|7.00|0.56|0.00|0.00
A2|2024-02-08T10:00:00|Cancelled|b@x.org|soap|1|USD|10.00|0.80|0.00|0.00
A3|2024-02-29T10:00:00|Shipped|c@x.org|soap|3|USD|30.00|2.40|0.00|0.00"""
STRIPE = """\
id|Created date (UTC)|Amount|Amount Refunded|Currency|Captured|Converted Amount|Converted Amount Refunded|Fee|\
Status|Customer ID|Customer Email
ch_1|2024-02-01 10:00:00|25.00|0.00|usd|true|25.00|0.00|1.03|Paid|cus_1|a@x.org
ch_2|2024-02-08 10:00:00|50.00|20.00|usd|true|50.00|20.00|1.75|Paid|cus_2|b@x.org
ch_3|2024-02-09 10:00:00|30.00|30.00|usd|true|30.00|30.00|1.17|Refunded|cus_2|b@x.org
ch_4|2024-02-10 10:00:00|70.00|0.00|usd|false|70.00|0.00|0|Failed|cus_3|c@x.org
ch_5|2024-02-29 10:00:00|10.00|0.00|usd|true|10.00|0.00|0.59|Paid|cus_3|c@x.org"""
# net money, rows that are cancelled or refunded
SHOPS = {
    "WooCommerce, lines": (WC, {}, 150, 1),
    "Odoo, invoices": (ODOO, {}, 330, 2),
    "JD": (JD, {"amount": "结算金额"}, 19 + 95, 2),
    "Youzan": (YOUZAN, {}, 105 + 40 + 30, 1),
    "Pinduoduo": (PDD, {"amount": "商家实收金额(元)"}, 19 + 60, 2),
    "Magento": (MAGENTO, {"amount": "Grand Total (Base)"}, 25 + 45 + 40, 3),
    "Square": (SQUARE, {"amount": "Net Sales"}, 18 + 30, 0),
    "PrestaShop": (PRESTA, {}, 25 + 50 + 20, 4),
    "Amazon": (AMAZON, {}, 20 + 7 + 30, 1),
    "Stripe": (STRIPE, {}, 25 + 30 + 10, 2),
}


def frame_of(text: str) -> pd.DataFrame:
    header, *rows = [line.split("|") for line in text.split("\n")]
    return pd.DataFrame(rows, columns=header, dtype="str")


def net(log: Log) -> Decimal:
    return log.quality.amount("used") + log.quality.amount("refund")


@pytest.mark.parametrize("shop", SHOPS)
def test_the_exports_of_further_shops_have_the_right_totals(shop: str) -> None:
    text, columns, expected, cancelled = SHOPS[shop]
    if columns:
        with pytest.raises(CvmError, match="--amount"):
            read(frame_of(text), today="2024-03-01")
    log = read(frame_of(text), columns=columns, today="2024-03-01")
    assert (net(log), log.quality.rows("cancelled")) == (expected, cancelled)


def test_amazons_item_price_is_that_of_the_line() -> None:
    log = read(frame_of(AMAZON.replace("quantity-purchased", "quantity")), today="2024-03-01")
    assert net(log) == 57


@pytest.mark.parametrize(
    "status",
    ["CANCELLED BY CUSTOMER", "Order cancelled by seller", "Cancelled - out of stock", "Auto-cancelled",
     "Refunded in full", "Refund completed", "Returned to sender", "已取消订单", "客户取消", "整单退货", "拒收",
     "已拒收", "无效", "已失效", "已冲销", "已红冲", "未发货，退款成功", "(删除)等待出库"],
)  # fmt: skip
def test_a_status_in_a_sentence_takes_the_order_out(status: str) -> None:
    rows = f"a|2024-02-01|100|done\nb|2024-02-09|50|{status}\nb|2024-02-29|7|done"
    assert net(read(frame_of(f"customer|date|amount|order status\n{rows}"), today="2024-03-01")) == 107


@pytest.mark.parametrize("column", ["优惠券金额", "红包金额", "代金券抵扣金额"])
def test_a_coupon_is_a_discount(column: str) -> None:
    rows = "a|2024-02-01|10|10|20\nb|2024-02-29|1|10|0"
    assert net(read(frame_of(f"客户|日期|数量|单价|{column}\n{rows}"), today="2024-03-01")) == 90


@pytest.mark.parametrize(
    "status",
    [
        "cancelled_by_customer", "customer_cancelled", "CANCELED_BY_SELLER", "awaiting_payment", "fully_refunded",
        "Fully-Refunded", "trash", "Denied", "Deleted", "RTO", "Return to Sender", "Return completed", "退货退款",
        "撤单",
        "已退单", "付款前关闭", "商家关闭", "审核不通过", "已冲红",
        "挂单",
    ],
)  # fmt: skip
def test_a_status_is_read_however_a_program_spells_it(status: str) -> None:
    rows = [("a", "2024-02-01", 100, "paid"), ("b", "2024-02-02", 50, status), ("b", "2024-02-03", 30, "paid")]
    log = read(pd.DataFrame(rows, columns=["customer", "date", "amount", "order status"]), today="2024-03-01")
    assert (float(log.quality.amount("used")), log.quality.rows("cancelled")) == (130, 1)


@pytest.mark.parametrize(
    "status", ["Canceled_Reversal", "Archived", "completed", "not_cancelled", "已发货", "部分发货"]
)
def test_a_status_of_a_sale_counts(status: str) -> None:
    rows = [("a", "2024-02-01", 100, "paid"), ("b", "2024-02-02", 50, status)]
    log = read(pd.DataFrame(rows, columns=["customer", "date", "amount", "order status"]), today="2024-03-01")
    assert float(log.quality.amount("used")) == 150


@pytest.mark.parametrize(
    ("head", "sale", "back"),
    [
        ("单据名称", "销售出库单", "销售退货单"), ("单据", "销售单", "退货单"), ("蓝字/红字", "蓝", "红"),
        ("方向", "销售", "退货"),
        ("收支类型", "收入", "支出"), ("收/支", "收入", "支出"), ("业务名称", "销售", "销售退货"),
        ("操作类型", "销售", "退货"),
        ("Move Type", "out_invoice", "out_refund"),
        ("Journal Entry Type", "Customer Invoice", "Customer Credit Note"),
        ("Kind", "sale", "refund"), ("Transaction", "Sale", "Return"), ("Event", "sale", "refund"),
        ("Order Type", "shop_order", "shop_order_refund"), ("Action", "sale", "return"),
        ("Doc", "Invoice", "Credit Memo"),
    ],
)  # fmt: skip
def test_returns_are_told_by_many_columns(head: str, sale: str, back: str) -> None:
    rows = [("a", "2024-02-01", 100, sale), ("b", "2024-02-02", 50, back), ("b", "2024-02-03", 30, sale)]
    log = read(pd.DataFrame(rows, columns=["customer", "date", "amount", head]), today="2024-03-01")
    assert float(log.quality.amount("used", "refund")) == 80


@pytest.mark.parametrize(
    "head", ["实退金额", "售后退款金额", "已退金额", "退还金额", "Returns Amount", "Chargeback Amount"]
)
def test_sums_that_went_back_are_taken_off(head: str) -> None:
    rows = [("a", "2024-02-01", 100, 0), ("b", "2024-02-02", 50, 20), ("b", "2024-02-03", 30, 0)]
    log = read(pd.DataFrame(rows, columns=["customer", "date", "amount", head]), today="2024-03-01")
    assert float(log.quality.amount("used")) == 160


@pytest.mark.parametrize(
    ("head", "sale", "void"),
    [("作废状态", "未作废", "已作废"), ("数据状态", "已审核", "草稿"), ("Doc Status", "Posted", "Void")],
)
def test_void_documents_are_told_by_more_columns(head: str, sale: str, void: str) -> None:
    rows = [("a", "2024-02-01", 100, sale), ("b", "2024-02-02", 50, void), ("b", "2024-02-03", 30, sale)]
    log = read(pd.DataFrame(rows, columns=["customer", "date", "amount", head]), today="2024-03-01")
    assert (float(log.quality.amount("used")), log.quality.rows("cancelled")) == (130, 1)


def test_what_amazon_calls_the_price_of_an_item_is_that_of_the_line() -> None:
    header = "buyer-email|purchase-date|quantity|item-price"
    log = read(frame_of(f"{header}\na@x.org|2024-02-01|2|20.00\nb@x.org|2024-02-08|1|15.00"), today="2024-03-01")
    assert log.quality.amount("used") == 35


@pytest.mark.parametrize(
    "amounts", ["Untaxed Amount|Total", "含税金额|不含税金额", "总金额|实际支付", "total amount|paid amount"]
)
def test_of_two_amounts_the_question_says_how_they_may_differ(amounts: str) -> None:
    with pytest.raises(CvmError, match="with or without tax, before or after discounts, or due and paid"):
        read(frame_of(f"customer|date|{amounts}\na|2024-02-01|100|115"), today="2024-03-01")

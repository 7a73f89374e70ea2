"""The total of an order that stands on each of its lines counts once; amounts of lines stay."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, read, save_mapping

WOOCOMMERCE = """Order ID,Order Status,Customer Email,Order Date,Order Total,Item Name,Item Quantity,Item Cost
11,completed,ann@x.org,2024-02-01,45.00,soap,2,10.00
11,completed,ann@x.org,2024-02-01,45.00,brush,1,25.00
12,completed,bob@x.org,2024-02-08,60.00,soap,6,10.00
13,completed,cat@x.org,2024-02-28,50.00,towel,1,20.00
13,completed,cat@x.org,2024-02-28,50.00,comb,3,10.00"""
JD = """订单号,商品名称,订购数量,京东价,订单金额,下单时间,买家账号
1,茶,1,20,50,2024-02-01,小荷
1,杯,1,30,50,2024-02-01,小荷
2,茶,4,20,80,2024-02-08,山石
3,杯,2,30,100,2024-02-28,晚风
3,茶,2,20,100,2024-02-28,晚风"""
TAOBAO = """主订单编号,子订单编号,买家会员名,商品标题,商品价格,购买数量,买家实际支付金额,订单状态,订单付款时间
1,11,小荷,茶,20,1,50,交易成功,2024-02-01
1,12,小荷,杯,30,1,50,交易成功,2024-02-01
2,21,山石,茶,20,4,80,交易成功,2024-02-08
3,31,晚风,杯,30,2,100,交易成功,2024-02-28
3,32,晚风,茶,20,2,100,交易成功,2024-02-28"""
ODOO = """Order Reference,Customer,Order Date,Product,Quantity,Unit Price,Total
S1,Azure Ltd,2024-02-01,desk,1,200,"1,200.00"
S1,Azure Ltd,2024-02-01,lamp,10,100,"1,200.00"
S2,Brook Ltd,2024-02-08,lamp,3,100,300.00
S3,Cedar Ltd,2024-02-28,desk,1,200,500.00
S3,Cedar Ltd,2024-02-28,lamp,3,100,500.00"""
SHOPS = {"WooCommerce": (WOOCOMMERCE, 155), "JD": (JD, 230), "Taobao": (TAOBAO, 230), "Odoo": (ODOO, 2000)}
# three orders of two lines
VARIED = "1,a,{0},x\n1,a,{0},y\n2,b,{1},x\n2,b,{1},y\n3,c,{2},x\n3,c,{2},y"


def log_of(folder: Path, text: str, **options: object) -> Log:
    path = folder / "orders.csv"
    path.write_text(text + "\n", encoding="utf-8")
    return read(path, today="2024-03-01", **options)  # type: ignore[arg-type]


def lines_of(column: str, *amounts: object, days: str = "2024-02-01") -> str:
    header = f"order id,customer,{column},product,date"
    rows = VARIED.format(*amounts).split("\n")
    return "\n".join([header, *(f"{row},{days}" for row in rows)])


def used(log: Log) -> Decimal:
    lines = log.quality.reconcile().set_index("line")["amount"]
    assert sum(lines.loc[:"control"].drop("control"), Decimal(0)) == log.quality.control_amount
    return log.quality.amount("used") + log.quality.amount("refund")


@pytest.mark.parametrize("shop", SHOPS)
def test_item_price_and_quantity_show_that_the_total_is_repeated(shop: str, tmp_path: Path) -> None:
    text, total = SHOPS[shop]
    log = log_of(tmp_path, text)
    (note,) = [note for note in log.quality.warnings if note.key == "totals_counted_once"]
    stake = {"WooCommerce": 95, "JD": 150, "Taobao": 150, "Odoo": 1700}[shop]
    assert (used(log), log.quality.rows("used"), note.values["rows"]) == (total, 5, "2")
    assert note.values["amount"] == f"{stake:,.2f}"
    assert used(log_of(tmp_path, text, amount_per="line")) == total + stake


@pytest.mark.parametrize("column", ["Order Total", "Total", "订单金额", "amount"])
def test_each_lines_price_times_quantity_shows_amounts_of_lines(column: str, tmp_path: Path) -> None:
    header = f"order id,customer,date,quantity,unit price,{column},product"
    rows = [f"{order},c{order},2024-02-0{order},{order},5,{5 * order},{item}" for order in range(1, 6) for item in "xy"]
    assert used(log_of(tmp_path, "\n".join([header, *rows]))) == 150


def test_an_orders_name_and_equal_lines_of_varied_orders_are_enough(tmp_path: Path) -> None:
    assert used(log_of(tmp_path, lines_of("Order Total", 20, 30, 40))) == 90
    assert used(log_of(tmp_path, lines_of("订单总额", 20, 30, 40))) == 90
    assert used(log_of(tmp_path, lines_of("line total", 20, 30, 40))) == 180


@pytest.mark.parametrize("column", ["Total", "amount", "实付金额"])
def test_what_only_equal_lines_show_is_asked(column: str, tmp_path: Path) -> None:
    text = lines_of(column, 20, 30, 40)
    with pytest.raises(
        CvmError, match=r"Order 1.* 2 lines.*20\.00 each \('x', 'y'\).*40\.00.*--amount-per order or"
    ) as caught:
        log_of(tmp_path, text)
    assert caught.value.key == "reading.unclear_order_total"
    assert used(log_of(tmp_path, text, amount_per="order")) == 90
    assert used(log_of(tmp_path, text, amount_per="line")) == 180
    save_mapping({}, tmp_path / "orders.csv", options={"amount_per": "order"})
    assert used(log_of(tmp_path, text)) == 90


def test_lines_that_all_cost_the_same_are_no_evidence(tmp_path: Path) -> None:
    assert used(log_of(tmp_path, lines_of("amount", 10, 10, 10))) == 60
    with pytest.raises(CvmError, match="--amount-per"):
        log_of(tmp_path, lines_of("Order Total", 10, 10, 10))


def test_lines_of_different_amounts_are_amounts_of_lines(tmp_path: Path) -> None:
    text = lines_of("Order Total", 20, 30, 40).replace(",20,y", ",25,y").replace(",30,y", ",35,y")
    assert used(log_of(tmp_path, text)) == 190


def test_instalments_on_other_days_are_no_lines(tmp_path: Path) -> None:
    rows = [f"{order},c{order},{10 * order},2024-0{month}-05" for order in (1, 2, 3) for month in (1, 2)]
    assert used(log_of(tmp_path, "\n".join(["order id,customer,Order Total,date", *rows]))) == 120


def test_the_line_that_carries_the_total_is_one_that_is_used(tmp_path: Path) -> None:
    rows = [
        f"{row},{'cancelled' if row.startswith('1') and 'x' in row else 'paid'}"
        for row in lines_of("Order Total", 20, 30, 40).split("\n")[1:]
    ]
    log = log_of(
        tmp_path, "\n".join(["order id,customer,Order Total,product,date,order status", *rows]), amount_per="order"
    )
    assert (used(log), log.quality.amount("cancelled")) == (90, 20)


def test_a_refund_and_a_profit_repeated_with_the_total_count_once_too(tmp_path: Path) -> None:
    rows = [f"{row},5,8" for row in lines_of("Order Total", 20, 30, 40).split("\n")[1:]]
    log = log_of(tmp_path, "\n".join(["order id,customer,Order Total,product,date,Refund Amount,profit", *rows]))
    (refund,) = [note for note in log.quality.warnings if note.key == "refund_subtracted"]
    assert (used(log), refund.values["amount"]) == (75, "15.00")
    assert log.transactions.sum("profit").fetchall() == [(24.0,)]


def test_an_orders_total_needs_an_order_id(tmp_path: Path) -> None:
    text = "customer,date,amount\na,2024-02-01,5\nb,2024-02-09,6"
    with pytest.raises(CvmError, match="--order-id"):
        log_of(tmp_path, text, amount_per="order")
    save_mapping({}, tmp_path / "orders.csv", options={"amount_per": "basket"})
    with pytest.raises(CvmError, match="'basket'"):
        log_of(tmp_path, text)


@pytest.mark.parametrize(
    ("refunds", "net"),
    [((10, 5), 75), ((0, 5), 85), ((5, 0), 85), ((5, 5), 85), ((0, 20), 70), ((20, 20), 70), ((15, 15), 75)],
)
def test_refunds_on_several_lines_are_taken_off_the_one_total(
    refunds: tuple[int, int], net: int, tmp_path: Path
) -> None:
    rows = lines_of("Order Total", 20, 30, 40).split("\n")
    back = [*map(str, refunds), "0", "0", "0", "0"]
    text = "\n".join([f"{rows[0]},Refund Amount", *(f"{row},{sum_}" for row, sum_ in zip(rows[1:], back, strict=True))])
    log = log_of(tmp_path, text, amount_per="order")
    assert (used(log), log.quality.rows("cancelled")) == (net, 0 if net > 70 else log.quality.rows("cancelled"))


def test_a_total_on_two_days_of_shipping_counts_once(tmp_path: Path) -> None:
    text = lines_of("Order Total", 20, 30, 40) + "\n4,d,50,x,2024-02-01\n4,d,50,y,2024-02-05"
    assert used(log_of(tmp_path, text)) == 140
    assert used(log_of(tmp_path, text.replace("2024-02-05", "2024-02-28"))) == 190


@pytest.mark.parametrize("role", ["order_discount", "discount"])
@pytest.mark.parametrize(
    ("discounts", "net"), [((10, 10), 220), ((10, 0), 220), ((10, 5), 215), ((150, 150), 80), ((0, 0), 230)]
)
def test_a_discount_is_taken_off_the_one_total(role: str, discounts: tuple[int, int], net: int, tmp_path: Path) -> None:
    rows = [f"1,a,2024-02-01,150,{item},{off}" for item, off in zip("xy", discounts, strict=True)]
    rows += [f"2,b,2024-02-09,80,{item},0" for item in "xy"]
    text = "\n".join(["order id,customer,date,order total,product,order discount", *rows])
    assert used(log_of(tmp_path, text, amount_per="order", columns={role: "order discount"})) == net
    with_refund = text.replace("discount", "discount,refund amount", 1).replace(
        "2024-02-09,80,x,0", "2024-02-09,80,x,0,20"
    )
    with_refund = with_refund.replace("2024-02-09,80,y,0", "2024-02-09,80,y,0,20")
    assert used(log_of(tmp_path, with_refund, amount_per="order", columns={role: "order discount"})) == net - 20


def test_discounts_hide_no_repeated_total(tmp_path: Path) -> None:
    rows = [f"{row},{row.split(',')[0]}" for row in lines_of("Order Total", 20, 30, 40).split("\n")[1:]]
    text = "\n".join(["order id,customer,Order Total,product,date,order discount", *rows])
    assert used(log_of(tmp_path, text, columns={"order_discount": "order discount"})) == 84

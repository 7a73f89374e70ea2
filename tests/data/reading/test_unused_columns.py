"""Columns that speak of money or quantities and that no amount is made of are named in one note."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cvmlab.data.reading import Log, preview, read
from cvmlab.data.reading.role_names import is_called, plain_name

_NO_MONEY = (
    "Discount Code|Discount Reason|discount tier|coupon count|Coupon Flag|"
    "Number of Coupons|Refund Date|refund policy|Voucher No|Discounted Price|credit limit|"
    "loyalty points|Shipping Address|shipping days|shipped|delivery days|tax id|tax class|"
    "税号|税率|运费险|退款状态|退款次数|退款率|优惠券编号|优惠券张数|优惠活动|折扣类型|使用优惠券|是否退款|优惠后金额|折扣价"
)


def log_of(header: str, *rows: str, **options: object) -> Log:
    cells = [(f"c{number}", "2024-02-29", *row.split("|")) for number, row in enumerate(rows)]
    frame = pd.DataFrame(cells, columns=["customer", "date", *header.split("|")])
    return read(frame, today="2024-03-01", **options)  # type: ignore[arg-type]


def unused(log: Log) -> list[tuple[str, str, str]]:
    keys = ("columns_unused", "deductions_unused", "discounts_unused")
    return [
        (note.level, note.values["columns"], note.values["amount"]) for note in log.quality.notes if note.key in keys
    ]


@pytest.mark.parametrize(
    ("columns", "row", "named"),
    [
        ("total|coupon", "50|5", "'coupon'"),
        ("total|coupon", "50|SAVE10", ""),
        ("实付金额|优惠券|运费", "50|5|6", "'优惠券', '运费'"),
        ("total|shipping|tax|shipping city|discount code", "50|5|4|Rome|A1", "'shipping', 'tax'"),
        ("item-price|amazon-order-id|item-promotion-discount", "50|1|5", "'item-promotion-discount'"),
        ("total|qty_ordered|qty_shipped|qty_refunded", "50|5|4|1", "'qty_shipped', 'qty_refunded'"),
        ("价税合计|税额|退货数量|定金", "50|5|1|10", "'税额', '退货数量', '定金'"),
        ("total|refund amount|store credit", "50|5|2", "'store credit'"),
        ("Betrag|Versandkosten|MwSt", "50|5|8", "'Versandkosten', 'MwSt'"),
        ("montant|frais de port|TVA", "50|5|8", "'frais de port', 'TVA'"),
        ("importe|gastos de envío|IVA", "50|5|8", "'gastos de envío', 'IVA'"),
        ("amount|product|store", "50|shirt|north", ""),
    ],
)
def test_what_an_amount_may_lack_is_named(columns: str, row: str, named: str) -> None:
    found = unused(log_of(columns, row))
    assert found == ([("note", named, f"'{columns.split('|')[0]}'")] if named else [])


@pytest.mark.parametrize("column", ["coupon", "returned_qty", "退货数量", "优惠券", "店铺优惠"])
def test_beside_a_computed_amount_it_is_a_warning(column: str) -> None:
    assert unused(log_of(f"quantity|unit price|{column}", "5|10|1")) == [
        ("warning", f"'{column}'", "'quantity' × 'unit price'")
    ]


def test_of_two_discounts_the_other_one_is_named() -> None:
    log = log_of("quantity|unit price|line discount amount|order discount amount", "5|10|5|7")
    assert (log.quality.amount("used"), unused(log)[0][:2]) == (45, ("warning", "'order discount amount'"))


@pytest.mark.parametrize("total", ["total", "数量|单价"])
def test_the_option_that_the_note_names_subtracts_the_column(total: str) -> None:
    log = log_of(
        f"{total}|coupon", "5|10|5".removeprefix("5|" if total == "total" else ""), columns={"discount": "coupon"}
    )
    assert log.quality.amount("used") == (5 if total == "total" else 45)
    (note,) = [note for note in log.quality.notes if note.key == "discount_subtracted"]
    assert note.values["column"] == "coupon"
    assert not unused(log)


def test_a_share_off_an_amount_is_taken_off_where_it_is_said() -> None:
    assert log_of("total|off", "50|20%", columns={"discount_rate": "off"}).quality.amount("used") == 40


def test_files_with_the_same_columns_have_one_note(tmp_path: Path) -> None:
    for number in range(3):
        path = tmp_path / f"{number}.csv"
        path.write_text(f"customer,date,total,coupon\nc{number},2024-02-2{number},50,5\n", encoding="utf-8")
    assert len(unused(read(tmp_path, today="2024-03-01"))) == 1
    assert [note.key for note in preview(tmp_path).notes] == ["deductions_unused"]


@pytest.mark.parametrize(
    ("quantity", "other"),
    [
        ("数量", "发货数量"),
        ("销售数量", "累计出库数量"),
        ("qty_ordered", "qty_shipped"),
        ("Ordered Quantity", "Delivered Quantity"),
    ],
)
def test_what_was_ordered_is_the_quantity_and_what_was_shipped_is_named(quantity: str, other: str) -> None:
    log = log_of(f"{quantity}|{other}|unit price", "5|4|10")
    assert (log.quality.amount("used"), unused(log)[0][:2]) == (50, ("warning", f"'{other}'"))
    log = log_of(f"{quantity}|{other}|unit price", "5|4|10", columns={"quantity": other})
    assert log.quality.amount("used") == 40
    assert log_of(f"{other}|unit price", "4|10").quality.amount("used") == 40


@pytest.mark.parametrize("name", _NO_MONEY.split("|"))
def test_names_that_are_no_money_are_not_named(name: str) -> None:
    kinds = ("moved_quantity", "deduction", "charge")
    assert not any(is_called(name, kind) for kind in kinds), plain_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "margin %", "% margin", "profit margin", "margin", "gross margin %", "Gross Margin", "profit %", "profit (%)",
        "cost %", "Cost pct", "毛利%", "毛利率", "成本％", "利润占比",
    ],
)  # fmt: skip
def test_a_rate_is_no_profit_and_no_cost(name: str) -> None:
    log = log_of(f"amount|{name}", "10|40", "20|35%")
    assert not {"profit", "cost"} & log.mapping.to_dict().keys()
    assert [note.values["columns"] for note in log.quality.notes if note.key == "rates_unused"] == [f"'{name}'"]


@pytest.mark.parametrize(("name", "role"), [("margin", "profit"), ("cost %", "cost")])
def test_a_rate_that_is_money_can_be_named(name: str, role: str) -> None:
    log = log_of(f"amount|{name}", "10|4", columns={role: name})
    assert (log.mapping[role], [note.key for note in log.quality.notes if note.key == "rates_unused"]) == (name, [])


@pytest.mark.parametrize("name", ["gross profit", "profit", "毛利"])
def test_a_profit_that_holds_shares_is_named(name: str) -> None:
    log = log_of(f"amount|{name}", "100|0.2", "100|0.3")
    assert "profit" not in log.mapping
    assert [note.values["columns"] for note in log.quality.notes if note.key == "rates_unused"] == [f"'{name}'"]
    assert log_of(f"amount|{name}", "100|0.2", "100|0.3", columns={"profit": name}).mapping["profit"] == name
    for rows in (("100|0.2", "100|30"), ("1|0.2", "2|0.3"), ("100|", "100|0"), ("100|-1", "100|1")):
        assert log_of(f"amount|{name}", *rows).mapping["profit"] == name


@pytest.mark.parametrize("name", ["profit", "gross profit", "margin amount", "contribution margin", "毛利额"])
def test_a_profit_in_money_is_used(name: str) -> None:
    assert log_of(f"amount|{name}", "10|4").mapping["profit"] == name


@pytest.mark.parametrize("column", ["Adjusted Order Total", "Revised Amount", "调整后金额"])
def test_amounts_after_later_changes_are_named(column: str) -> None:
    keys = [note.key for note in log_of(f"Order Total|{column}", "50|29", "20|").quality.warnings]
    assert keys.count("adjusted_unused") == 1
    chosen = log_of(f"Order Total|{column}", "50|29", "20|20", columns={"amount": column})
    assert "adjusted_unused" not in [note.key for note in chosen.quality.warnings]


def test_the_price_of_a_piece_taken_for_the_amount_is_warned_of() -> None:
    log = log_of("Quantity|Sold For|total", "2|10|20", columns={"amount": "Sold For"})
    assert unused(log) == [("warning", "'Quantity'", "'Sold For'")]


def test_the_refund_and_currency_of_a_converted_amount_are_the_converted_ones() -> None:
    header = "amount|amount refunded|currency|converted amount|converted amount refunded|converted currency"
    log = log_of(header, "50|20|usd|46|18.4|eur", "25|0|eur|25|0|eur", columns={"amount": "converted amount"})
    assert (float(log.quality.amount("used")), log.currency) == (52.6, "EUR")


@pytest.mark.parametrize(
    ("header", "level"),
    [
        ("gross amount|discount", "warning"), ("Gross Sales|credit notes", "warning"),
        ("gross revenue|coupon", "warning"),
        ("amount|discount", "note"), ("net sales|discount", "note"),
    ],
)  # fmt: skip
def test_an_amount_that_is_whole_by_its_name_surely_lacks_a_discount(header: str, level: str) -> None:
    assert [found[0] for found in unused(log_of(header, "50|5"))] == [level]

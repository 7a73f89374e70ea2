"""Top-ups, gift cards, gifts and exchanges: what is no purchase is left out, what is unclear is shown with its sum."""

from __future__ import annotations

import pandas as pd
import pytest

from cvmlab.data.reading import Log, read


def log_of(kind: str, *rows: str, **options: object) -> Log:
    cells = [("a", "2024-02-01", *row.split("|")) for row in rows]
    columns = ["customer", "date", kind, "amount"]
    return read(pd.DataFrame(cells, columns=columns), today="2024-03-01", **options)  # type: ignore[arg-type]


def seen(log: Log) -> tuple[float, list[str]]:
    keys = [
        note.key for note in log.quality.warnings if note.key.startswith(("prepaid", "gifts", "exchanges", "doubtful"))
    ]
    return float(log.quality.amount("used", "refund")), keys


@pytest.mark.parametrize(
    ("kind", "word", "remark"),
    [
        ("transaction type", "Top-up", "prepaid_out"),
        ("transaction type", "Gift Card Sale", "prepaid_out"),
        ("交易类型", "充值", "prepaid_out"),
        ("交易类型", "会员储值", "prepaid_out"),
        ("type", "Exchange", "exchanges_out"),
        ("订单类型", "换货", "exchanges_out"),
        ("订单类型", "补发单", "exchanges_out"),
        ("line type", "Free item", "gifts_out"),
        ("订单类型", "赠品", "gifts_out"),
        ("是否赠品", "是", "gifts_out"),
        ("is free", "yes", "gifts_out"),
    ],
)
def test_what_is_no_purchase_beside_purchases_is_left_out(kind: str, word: str, remark: str) -> None:
    rows = ("other|100", f"{word}|30", f"{word}|20")
    log = log_of(kind, *rows)
    assert seen(log) == (100, [remark])
    (note,) = [note for note in log.quality.warnings if note.key == remark]
    assert (note.values["rows"], note.values["amount"]) == ("2", "50.00")
    assert seen(log_of(kind, *rows, columns={note.values["role"]: ""})) == (150, [])


def test_top_ups_alone_are_the_sales() -> None:
    assert seen(log_of("交易类型", "充值|100", "充值|30")) == (130, [])


def test_top_ups_stay_where_hardly_anything_else_was_bought() -> None:
    assert seen(log_of("交易类型", "充值|100", "充值|30", "消费|20")) == (150, ["prepaid_kept"])


def test_gifts_without_a_price_are_no_warning() -> None:
    log = log_of("是否赠品", "否|100", "是|0")
    assert seen(log) == (100, [])
    assert [note.level for note in log.quality.notes if note.key == "gifts_out"] == ["note"]


@pytest.mark.parametrize("back", ["Exchange|-20", "sale|-20", "Return|20"])
def test_exchanges_stay_where_what_came_back_is_booked(back: str) -> None:
    assert seen(log_of("type", "sale|100", "Exchange|30", back)) == (110, ["exchanges_kept"])


@pytest.mark.parametrize("word", ["Gift", "Pledge", "以旧换新", "Gift Card", "Cash", "赠券消费"])
def test_other_types_are_sales(word: str) -> None:
    kind = "订单类型" if word > "一" else "type"
    assert seen(log_of(kind, "other|100", f"{word}|30")) == (130, [])


@pytest.mark.parametrize(
    ("product", "remark"),
    [
        ("Gift Card $50", "prepaid_kept"),
        ("会员充值卡500元", "prepaid_kept"),
        ("【赠品】水杯", "gifts_kept"),
        ("Deposit", "doubtful_kept"),
        ("转账", "doubtful_kept"),
        ("VAT 20%", "doubtful_kept"),
        ("20 % MwSt.", "doubtful_kept"),
        ("TVA 5,5%", "doubtful_kept"),
        ("增值税 13%", "doubtful_kept"),
        ("Refund", "doubtful_kept"),
        ("退货", "doubtful_kept"),
    ],
)
def test_products_that_may_be_no_sales_are_shown_with_their_sum(product: str, remark: str) -> None:
    assert seen(log_of("product", "shirt|100", f"{product}|30")) == (130, [remark])
    assert seen(log_of("product", f"{product}|100", f"{product}|30")) == (130, [])
    # so little money is no reason to doubt the file, but is said
    little = log_of("product", "shirt|10000", f"{product}|30")
    assert seen(little) == (10030, []) and remark in {note.key for note in little.quality.notes}


@pytest.mark.parametrize(
    "product",
    [
        "Gift Card Holder",
        "Tax guide 2024",
        "Vat 69 whisky",
        "Engine oil top-up 1L",
        "话费充值100元",
        "礼品卡片",
        "手机充值线",
    ],
)
def test_goods_with_such_a_word_in_their_name_are_sales(product: str) -> None:
    assert seen(log_of("product", "shirt|100", f"{product}|30")) == (130, [])


@pytest.mark.parametrize(("kind", "word"), [("order status", "exchanged"), ("订单状态", "换货完成")])
def test_the_status_of_an_exchange_is_shown(kind: str, word: str) -> None:
    log = log_of(kind, "paid|100", f"{word}|30")
    (note,) = [note for note in log.quality.warnings if note.key == "unsure_status"]
    assert (note.values["words"], note.values["amount"]) == (word, "30.00")

"""Columns of statuses: all of them count, and a word of a status or type that no rule knows is named with its money."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cvmlab.data.reading import Log, read


def log_of(*heads: str, rows: list[tuple[Any, ...]], **options: Any) -> Log:
    cells = [(f"c{number}", "2024-02-01", 100, *row) for number, row in enumerate(rows)]
    return read(pd.DataFrame(cells, columns=["customer", "date", "amount", *heads]), today="2024-03-01", **options)


def warned(log: Log, key: str) -> list[dict[str, Any]]:
    return [dict(note.values) for note in log.quality.warnings if note.key == key]


@pytest.mark.parametrize(
    "head",
    [
        "state", "Stage", "Deal Stage", "Order State", "Status Code", "Fulfillment Status", "支付状态", "付款状态",
        "发货状态", "物流状态", "订单阶段", "Zahlungsstatus", "Estado del pedido",
    ],
)  # fmt: skip
def test_a_column_of_statuses_is_found(head: str) -> None:
    log = log_of(head, rows=[("paid",), ("paid",), ("cancelled",)])
    assert (log.quality.rows("used"), log.quality.rows("cancelled")) == (2, 1)


def test_states_of_addresses_are_no_statuses() -> None:
    log = log_of("State", rows=[("CA",), ("NY",), ("OK",)])
    assert (log.quality.rows("used"), warned(log, "unknown_words")) == (3, [])


@pytest.mark.parametrize(
    ("heads", "good", "bad"),
    [
        (("Status", "Invoice Status"), ("Sales Order", "Fully Invoiced"), ("Cancelled", "Nothing to Invoice")),
        (("订单状态", "支付状态"), ("已完成", "已支付"), ("已完成", "已退款")),
        (("订单状态", "支付状态"), ("已发货", "已支付"), ("已发货", "待付款")),
        (("Financial Status", "Fulfillment Status"), ("paid", "fulfilled"), ("voided", "unfulfilled")),
        (("Status", "Payment Status", "State"), ("done", "paid", "CA"), ("done", "refunded", "NY")),
    ],
)
def test_a_row_is_no_sale_where_one_of_several_statuses_says_so(heads: Any, good: Any, bad: Any) -> None:
    log = log_of(*heads, rows=[good, good, bad])
    assert (log.quality.rows("used"), log.quality.rows("cancelled")) == (2, 1)
    assert warned(log, "unknown_words") == []
    assert log_of(*heads, rows=[good, good, bad], columns={"status": ""}).quality.rows("used") == 3


def test_an_order_on_its_way_is_a_sale_once_it_is_paid() -> None:
    rows = [("completed", "fulfilled"), ("processing", "pending"), ("completed", "on hold")]
    log = log_of("Order Status", "Fulfillment Status", rows=rows)
    assert log.quality.rows("used") == 3
    assert [said["rows"] for said in warned(log, "unsure_status")] == ["2"]


@pytest.mark.parametrize(
    "word",
    [
        "Shipped - Returned to Seller", "Shipped - Rejected by Buyer", "Closed Lost", "fail", "失效", "已关闭", "test",
        "storno", "storniert", "annulé", "Anulado", "cancelado", "Remboursé", "geannuleerd", "annullato", "odrzucone",
        "キャンセル", "취소", "отменен", "拒签", "已退回",
    ],
)  # fmt: skip
def test_words_for_what_is_no_sale_are_known(word: str) -> None:
    log = log_of("status", rows=[("paid",), ("paid",), (word,)])
    assert (log.quality.rows("used"), log.quality.rows("cancelled")) == (2, 1)


def test_deals_that_are_not_won_are_no_sales_beside_those_that_are() -> None:
    log = log_of("Deal Stage", rows=[("Closed Won",), ("Won",), ("Negotiation",), ("Lost",)])
    assert (log.quality.rows("used"), log.quality.rows("cancelled")) == (2, 2)
    assert log_of("status", rows=[("paid",), ("lost",)]).quality.rows("used") == 2


@pytest.mark.parametrize("head", ["Outcome", "Deal - Status", "Result", "Won/Lost", "结果", "商机结果"])
@pytest.mark.parametrize(
    ("won", "lost"), [("Won", "Lost"), ("won", "Lost - price"), ("赢单", "输单"), ("gewonnen", "verloren")]
)
def test_a_deal_that_was_lost_is_no_sale_whatever_its_column_is_called(head: str, won: str, lost: str) -> None:
    log = log_of(head, rows=[(won,), (won,), (lost,)])
    assert (log.quality.rows("used"), log.quality.rows("cancelled")) == (2, 1)


def test_results_of_something_else_are_no_deals() -> None:
    log = log_of("Result", rows=[("7.2",), ("positive",), ("clear",)])
    assert (log.quality.rows("used"), warned(log, "unknown_words")) == (3, [])


@pytest.mark.parametrize("head", ["Type", "Status", "Transaction Type", "订单状态", "单据类型"])
def test_words_that_no_rule_knows_are_named_with_their_rows_and_money(head: str) -> None:
    good = "完成" if "状态" in head else "销售" if "类型" in head else "Sale" if "Type" in head else "paid"
    log = log_of(head, rows=[(good,), (good,), ("Zorp",), ("Zorp",), ("Journal",)])
    assert log.quality.rows("used") == 5
    (said,) = warned(log, "unknown_words")
    assert said == {"column": head, "words": "Zorp (2: 200.00), Journal (1: 100.00)", "rows": "3", "amount": "300.00"}


def test_one_word_in_all_rows_tells_nothing_apart() -> None:
    assert warned(log_of("Type", rows=[("Zorp",), ("Zorp",)]), "unknown_words") == []

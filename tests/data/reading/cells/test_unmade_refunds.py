"""A refund that was refused, or that is still open, is not taken off, although its sum is there."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cvmlab.data.reading import Log, read


def log_of(flag: str, column: str, *rows: tuple[str, int, int], **options: Any) -> Log:
    """Read one order per customer: word, amount, refund."""
    cells = [(f"o{n}", f"c{n}", f"2024-02-0{n}", amount, word, back) for n, (word, amount, back) in enumerate(rows, 1)]
    frame = pd.DataFrame(cells, columns=["order id", "customer", "date", "amount", flag, column])
    return read(frame, today="2024-03-01", **options)


def seen(log: Log) -> tuple[float, list[tuple[str, str, str]]]:
    keys = ("refunds_refused", "refunds_open", "unknown_words", "unsure_status")
    notes = [(n.key, n.values["words"], n.values["amount"]) for n in log.quality.warnings if n.key in keys]
    return float(log.quality.amount("used", "refund")), notes


def test_only_a_refund_that_was_paid_is_taken_off() -> None:
    rows = [("", 100, 0), ("Rejected", 50, 50), ("Requested", 40, 40), ("Completed", 30, 30)]
    log = log_of("refund_status", "refund_amount", *rows)
    assert seen(log) == (190, [("refunds_refused", "Rejected", "50.00"), ("refunds_open", "Requested", "40.00")])
    assert (log.quality.customers, log.quality.rows("cancelled")) == (3, 1)
    assert log_of("refund_status", "refund_amount", *rows, columns={"return_flag": ""}).quality.customers == 1


@pytest.mark.parametrize("flag", ["退款状态", "售后状态"])
@pytest.mark.parametrize(
    ("word", "fate"),
    [
        ("退款关闭", "refused"), ("售后关闭", "refused"), ("已拒绝", "refused"), ("卖家拒绝退款", "refused"),
        ("无售后或售后取消", "refused"), ("没有申请退款", "refused"), ("买家已撤销退款申请", "refused"),
        ("买家已经申请退款，等待卖家同意", "open"), ("卖家已经同意退款，等待买家退货", "open"), ("退款中", "open"),
        ("售后处理中", "open"), ("待商家处理", "open"), ("未发货，退款中", "open"),
        ("退款成功", ""), ("未发货，退款成功", ""), ("取消订单，退款成功", ""), ("部分退款", ""), ("售后完成", ""),
    ],
)  # fmt: skip
def test_what_shops_call_a_refund_is_known(flag: str, word: str, fate: str) -> None:
    log = log_of(flag, "退款金额", ("", 100, 0), (word, 50, 20))
    assert seen(log) == ((150, [(f"refunds_{fate}", word, "20.00")]) if fate else (130, []))


@pytest.mark.parametrize(
    ("word", "fate"),
    [
        ("refund_rejected", "refused"), ("Declined", "refused"), ("not approved", "refused"), ("cancelled", "refused"),
        ("no", "refused"), ("abgelehnt", "refused"), ("pending", "open"),
        ("Refund requested", "open"), ("in_progress", "open"), ("requires_action", "open"), ("Under review", "open"),
        ("succeeded", ""), ("approved", ""), ("Partially refunded", ""), ("Full", ""), ("", ""), ("processed", ""),
    ],
)  # fmt: skip
def test_words_for_refunds_that_were_not_paid_are_known(word: str, fate: str) -> None:
    log = log_of("refund status", "refund amount", ("Completed", 100, 5), (word, 50, 20))
    assert seen(log) == ((145, [(f"refunds_{fate}", word, "20.00")]) if fate else (125, []))


def test_goods_that_stay_deny_no_refund() -> None:
    assert seen(log_of("returned", "refund amount", ("no", 100, 10), ("yes", 50, 20))) == (120, [])


@pytest.mark.parametrize("flag", ["order status", "订单状态"])
def test_a_status_counts_where_it_speaks_of_the_refund(flag: str) -> None:
    rows = [("paid", 100, 10), ("refund pending", 50, 20), ("refund rejected", 40, 15)]
    total, notes = seen(log_of(flag, "refund amount", *rows))
    assert (total, {"refunds_refused", "refunds_open"} - {key for key, *_ in notes}) == (180, set())
    # the order itself was cancelled
    assert seen(log_of(flag, "refund amount", ("paid", 100, 10), ("交易关闭", 50, 20)))[0] == 90


def test_the_open_refund_of_a_repeated_total_is_said_once() -> None:
    rows = [(f"{n}", f"c{n}", "2024-02-01", 10 * n, item, "pending", 5) for n in (2, 3, 4) for item in "xy"]
    heads = ["order id", "customer", "date", "Order Total", "product", "refund status", "refund amount"]
    assert seen(read(pd.DataFrame(rows, columns=heads), today="2024-03-01")) == (
        90,
        [("refunds_open", "pending", "15.00")],
    )

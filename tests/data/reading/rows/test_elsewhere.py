"""Columns without a role whose words or dates say that a row is no sale."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cvmlab.data.reading import Log, read

KEYS = ("said_elsewhere", "dates_elsewhere", "flagged_out")


def log_of(head: str, *words: Any, amounts: tuple[int, ...] = (), **options: Any) -> Log:
    sums = amounts or tuple(100 + number for number, _ in enumerate(words))
    cells = [(f"c{number}", "2024-02-01", *row) for number, row in enumerate(zip(sums, words, strict=True))]
    frame = pd.DataFrame(cells, columns=["customer", "date", "amount", head])
    return read(frame, today="2024-03-01", **options)


def seen(log: Log) -> tuple[float, list[tuple[str, str, str]]]:
    found = [(note.key, note.values["rows"], note.values["amount"]) for note in log.quality.notes if note.key in KEYS]
    return float(log.quality.amount("used", "refund")), found


@pytest.mark.parametrize("head", ["Handling", "Flag 7", "情况", "Cancel reason"])
@pytest.mark.parametrize(
    "word", ["cancelled", "returned", "Test", "Quote", "draft", "unpaid", "已取消", "退货", "测试", "报价单", "待付款"]
)
def test_words_in_a_column_without_a_role_are_named_with_their_money(head: str, word: str) -> None:
    log = log_of(head, "fine", "fine", word)
    assert seen(log) == (303, [("said_elsewhere", "1", "102.00")])
    named = log_of(head, "fine", "fine", word, columns={"cancel_flag": head})
    assert seen(named) == (201, [("flagged_out", "1", "102.00")])


@pytest.mark.parametrize("head", ["备注", "Bemerkung", "Remarks"])
@pytest.mark.parametrize(
    "word",
    [
        "作废，重开", "客户要求取消", "5月3日作废", "storniert am 3.5.", "vom Kunden storniert", "Storno, doppelt",
        "cancelled on 3 May", "void, duplicate", "annulée le 3 mai", "cancelado por el cliente",
    ],
)  # fmt: skip
def test_remarks_that_begin_with_a_cancellation_are_named(head: str, word: str) -> None:
    log = log_of(head, None, None, word)
    assert seen(log) == (303, [("said_elsewhere", "1", "102.00")])
    assert seen(log_of(head, None, None, word, columns={"cancel_flag": head}))[0] == 201


@pytest.mark.parametrize(
    "word",
    ["未取消", "nicht storniert", "Stornogebühr entfällt", "取消活动赠品", "Cancelled 2 of 5 items"],
)
def test_remarks_that_speak_of_cancellations_otherwise_are_not_named(word: str) -> None:
    assert seen(log_of("Remarks", None, None, word)) == (303, [])


@pytest.mark.parametrize(
    ("head", "word"),
    [
        ("Country", "CN"),
        ("Account status", "closed"),
        ("客户状态", "失效"),
        ("颜色", "红"),
        ("channel", "web"),
        ("note", "no return"),
    ],
)
def test_other_words_are_not_named(head: str, word: str) -> None:
    assert seen(log_of(head, "fine", "fine", word)) == (303, [])


def test_a_word_in_all_rows_tells_nothing_apart() -> None:
    assert seen(log_of("Handling", "cancelled", "cancelled")) == (201, [])


def test_words_of_rows_that_are_no_sales_anyway_are_not_named() -> None:
    rows = [("a", "2024-02-01", 100, "paid", "fine"), ("b", "2024-02-01", 70, "cancelled", "cancelled")]
    log = read(pd.DataFrame(rows, columns=["customer", "date", "amount", "status", "handling"]), today="2024-03-01")
    assert seen(log) == (100, [])


@pytest.mark.parametrize(("yes", "no"), [("true", "false"), (True, False), ("1", "0"), ("Y", "N")])
def test_what_was_not_captured_is_left_out(yes: Any, no: Any) -> None:
    assert seen(log_of("Captured", yes, yes, no)) == (201, [("flagged_out", "1", "102.00")])


@pytest.mark.parametrize(
    ("head", "yes", "no"),
    [
        ("Paid", "yes", "no"),
        ("Won", "yes", "no"),
        ("is_posted", "1", "0"),
        ("是否付款", "是", "否"),
        ("已审核", "是", "否"),
    ],
)
def test_what_was_not_paid_is_named_and_left_out_where_the_column_is(head: str, yes: str, no: str) -> None:
    assert seen(log_of(head, yes, yes, no)) == (303, [("said_elsewhere", "1", "102.00")])
    log = log_of(head, yes, yes, no, columns={"cancel_flag": head})
    assert seen(log) == (201, [("flagged_out", "1", "102.00")])


@pytest.mark.parametrize("head", ["Refund date", "refunded_at", "Return Date", "退款时间", "退货日期"])
@pytest.mark.parametrize("day", ["2024-02-05", "2024-02-05 10:00:00", "05/02/2024", "2024年2月5日"])
def test_a_date_of_a_refund_is_named(head: str, day: str) -> None:
    assert seen(log_of(head, None, "0000-00-00", day)) == (303, [("dates_elsewhere", "1", "102.00")])
    assert seen(log_of(head, None, None, day, columns={"cancel_flag": head}))[0] == 201

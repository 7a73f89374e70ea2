"""The refund or discount of an order that stands on each of its lines is taken off once; a line's own stays."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, read

# order, line total, refund: three orders of several lines, two of one
REPEATED = [(1, "10.00", "5"), (1, "20.50", "5"), (2, "40", "0"), (3, "8", "2.25"), (3, "9", "2.25"), (3, "1", "2.25"),
            (4, "30", "30"), (5, "12", "3"), (5, "13", "3")]  # fmt: skip


def log_of(rows: list[tuple[object, ...]], deduction: str, amount: str = "Line Total", **options: object) -> Log:
    """Read one customer and one day per order."""
    header = ["Order ID", amount, deduction]
    frame = pd.DataFrame([[str(cell) for cell in row] for row in rows], columns=header, dtype="str")
    frame.insert(1, "Customer", "c" + frame["Order ID"])
    frame.insert(2, "Date", "2024-02-0" + frame["Order ID"])
    frame.insert(3, "Item", [f"item {number}" for number in range(len(frame))])
    return read(frame, today="2024-03-01", **options)  # type: ignore[arg-type]


def net(log: Log) -> Decimal:
    lines = log.quality.reconcile().set_index("line")["amount"]
    assert sum(lines.loc[:"control"].drop("control"), Decimal(0)) == log.quality.control_amount
    return log.quality.amount("used") + log.quality.amount("refund")


@pytest.mark.parametrize("column", ["Refund Amount", "order_refund", "Order Refund Amount", "退款金额", "订单退款金额"])
def test_a_refund_on_each_line_of_several_orders_is_taken_off_once(column: str) -> None:
    log = log_of(REPEATED, column)
    (note,) = [note for note in log.quality.warnings if note.key == "refund_subtracted"]
    assert (net(log), note.values["amount"]) == (Decimal("143.50") - Decimal("40.25"), "40.25")
    assert (log.quality.rows("refund"), log.quality.rows("cancelled")) == (0, 1)
    spent = dict(log.transactions.aggregate("customer_id, sum(amount)").fetchall())
    assert spent == {"c1": 25.5, "c2": 40.0, "c3": 15.75, "c5": 22.0}


def test_refunds_that_differ_by_line_are_those_of_lines() -> None:
    rows = [(1, 10, 5), (1, 20, 3), (2, 40, 0), (2, 40, 4), (3, 8, 2), (3, 9, 2)]
    for column in ("Refund Amount", "Order Refund"):
        assert net(log_of(rows, column)) == 127 - 16


def test_one_order_alone_is_asked() -> None:
    rows = [(1, 10, 5), (1, 20, 5), (2, 40, 0)]
    with pytest.raises(CvmError, match=r"Order 1.* 2 lines.*5\.00.*10\.00.*--order-refund .*--refund-amount") as caught:
        log_of(rows, "Refund Amount")
    assert caught.value.key == "reading.unclear_deduction"
    assert net(log_of(rows, "Refund Amount", columns={"order_refund": "Refund Amount"})) == 65
    assert net(log_of(rows, "Refund Amount", columns={"refund_amount": "Refund Amount"})) == 60
    assert net(log_of(rows, "Refund Amount", columns={"refund_amount": ""})) == 70
    assert net(log_of(rows, "Order Refund")) == 65
    assert net(log_of(rows, "Line Refund Amount")) == 60


def test_more_than_a_line_can_carry_is_the_orders() -> None:
    log = log_of([(1, 10, 15), (1, 20, 15), (2, 40, 0), (3, 5, 12), (3, 7, 12)], "Refund Amount")
    assert (net(log), log.quality.rows("refund"), log.quality.rows("cancelled")) == (55, 0, 3)
    assert log.quality.customers == 2


def test_a_refund_of_each_whole_line_is_the_lines() -> None:
    log = log_of([(1, 10, 10), (1, 10, 10), (2, 40, 0), (3, 6, 6), (3, 6, 6)], "Refund Amount")
    assert (net(log), log.quality.rows("cancelled")) == (40, 4)


@pytest.mark.parametrize("column", ["Refund Amount", "Order Refund"])
def test_a_repeated_total_and_its_refund_count_once(column: str) -> None:
    rows = [(1, 20, 5), (1, 20, 5), (2, 30, 4), (2, 30, 4), (3, 45, 45), (3, 45, 45), (4, 12, 2)]
    assert net(log_of(rows, column, "Order Total")) == 15 + 26 + 10
    assert net(log_of(rows, column, "Amount", amount_per="order")) == 15 + 26 + 10


def test_equal_lines_with_equal_refunds_are_asked_once_the_amounts_are_those_of_lines() -> None:
    rows = [(1, 20, 5), (1, 20, 5), (2, 30, 4), (2, 30, 4), (3, 40, 6), (3, 40, 6)]
    with pytest.raises(CvmError, match="--amount-per"):
        log_of(rows, "Refund Amount", "Amount")
    with pytest.raises(CvmError, match="--order-refund"):
        log_of(rows, "Refund Amount", "Amount", amount_per="line")
    said = {"order_refund": "Refund Amount"}
    assert net(log_of(rows, "Refund Amount", "Amount", amount_per="line", columns=said)) == 180 - 15
    whole = [*rows, (4, 10, 10), (4, 10, 10)]
    assert net(log_of(whole, "Refund Amount", "Amount", amount_per="line", columns=said)) == 200 - 25


@pytest.mark.parametrize("column", ["discount amount", "order discount amount", "整单优惠金额"])
def test_a_discount_on_each_line_is_taken_off_once(column: str) -> None:
    rows = [(*row[:2], row[2], 2) for row in REPEATED]
    frame = pd.DataFrame(
        [[str(cell) for cell in row] for row in rows], columns=["order id", "price", column, "quantity"]
    )
    frame["customer"], frame["date"] = "c" + frame["order id"], "2024-02-0" + frame["order id"]
    log = read(frame, today="2024-03-01")
    assert net(log) == 2 * Decimal("143.50") - Decimal("40.25")
    one = frame[frame["order id"].isin(["1", "2"])]
    if column == "discount amount":
        with pytest.raises(CvmError, match=r"--order-discount .*--discount "):
            read(one, today="2024-03-01")
        assert net(read(one, today="2024-03-01", columns={"order_discount": column})) == 141 - 5
        assert net(read(one, today="2024-03-01", columns={"discount": column})) == 141 - 10


def test_a_row_that_stands_twice_takes_nothing_of_the_refund() -> None:
    frame = pd.DataFrame(
        [["1", "a", "2024-02-01", "10", "5"], ["1", "a", "2024-02-01", "10", "5"], ["1", "a", "2024-02-01", "20", "5"]],
        columns=["order id", "customer", "date", "line total", "order refund"],
    )
    assert net(read(frame, today="2024-03-01", drop_duplicates=True)) == 25


def test_the_refund_of_a_number_that_is_used_again_belongs_to_its_day() -> None:
    rows = [(order, month, price) for month in (1, 2) for order in (1, 2, 3) for price in (10, 20)]
    frame = pd.DataFrame(
        [[str(order), f"c{order}", f"2024-0{month}-05", str(price), str(order)] for order, month, price in rows],
        columns=["order id", "customer", "date", "line total", "refund amount"],
    )
    assert net(read(frame, today="2024-03-01")) == 180 - 12

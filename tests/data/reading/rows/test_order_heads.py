"""The head of an order beside its lines is no purchase, however few lines the order has."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cvmlab.data.reading import Log, read

HEADS = ["order id", "customer", "date", "amount", "product", "record_type"]


def order(number: int, *lines: int, head: str | None = "", kind: bool = False) -> list[tuple[Any, ...]]:
    """Return the head of an order, called so or by its product, and its lines."""
    start = (str(number), f"c{number}", f"2024-02-{1 + number:02}")
    heads = [] if head is None else [(*start, sum(lines), head, "Header")]
    rows = [*heads, *((*start, amount, f"p{place}", "Line") for place, amount in enumerate(lines))]
    return rows if kind else [row[:5] for row in rows]


def log_of(*orders: list[tuple[Any, ...]]) -> Log:
    rows = [row for lines in orders for row in lines]
    return read(pd.DataFrame(rows, columns=HEADS[: len(rows[0])]), today="2024-03-01")


def seen(log: Log) -> tuple[float, set[str]]:
    keys = {"order_heads", "order_heads_kept", "named_heads", "unknown_words"}
    return float(log.quality.amount("used")), keys & {note.key for note in log.quality.warnings}


@pytest.mark.parametrize("head", ["", "Order"])
def test_heads_of_orders_with_one_line_are_none_the_less_heads(head: str) -> None:
    several = [order(number, 100 + number, 50, head=head) for number in range(4)]
    single = [order(number, 70 + number, head=head) for number in range(4, 10)]
    assert seen(log_of(*several, *single)) == (1065, {"order_heads"})


def test_heads_without_a_product_show_it_in_two_orders() -> None:
    assert seen(log_of(order(1, 100, 50), order(2, 70))) == (220, {"order_heads"})
    assert seen(log_of(order(1, 100, 50), order(2, 70), order(3, 8, head=None))) == (228, {"order_heads"})


@pytest.mark.parametrize("head", ["", "Order"])
def test_what_one_order_shows_is_said(head: str) -> None:
    log = log_of(order(1, 100, 50, head=head), order(2, 8, head=None))
    assert seen(log) == (308, {"order_heads_kept"})


def test_two_equal_lines_are_no_head() -> None:
    several = [order(number, 100 + number, 50) for number in range(4)]
    assert seen(log_of(*several, order(5, 30, 30, head=None))) == (666, {"order_heads"})
    assert seen(log_of(order(1, 30, 30, head=None), order(2, 20, 21, head=None))) == (101, set())


def test_rows_that_a_type_calls_heads_are_no_lines() -> None:
    rows = [order(number, 100 + number, 50, head="x", kind=True) for number in range(2)]
    # the head has the tax too
    taxed = [(*rows[0][0][:3], 170, *rows[0][0][4:]), *rows[0][1:]]
    assert seen(log_of(taxed, rows[1])) == (301, {"named_heads"})
    without_order = [row[1:] for lines in rows for row in lines]
    log = read(pd.DataFrame(without_order, columns=HEADS[1:]), today="2024-03-01")
    assert seen(log) == (301, {"named_heads"})
    alone = [(*row[:3], row[3] if row[5] == "Header" else 0, *row[4:]) for lines in rows for row in lines]
    assert seen(log_of(alone))[0] == 301


def test_heads_of_orders_with_a_discount_of_their_own_row_are_heads() -> None:
    orders = [
        [
            *order(n, 100 + n, -5),
        ]
        for n in range(3)
    ] + [order(n, 70 + n) for n in range(3, 8)]
    assert seen(log_of(*orders)) == (sum(100 + n for n in range(3)) + sum(70 + n for n in range(3, 8)), {"order_heads"})

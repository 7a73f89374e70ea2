"""Total rows: known by their words where they are no purchase, and by their amount whatever they are called."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from cvmlab.data.reading import Log, read

TODAY = dt.date(2024, 12, 31)
NAMES = ("customer_id", "date", "amount", "product")


def log_of(rows: list[tuple[Any, ...]]) -> Log:
    return read(pd.DataFrame(rows, columns=NAMES[: len(rows[0])]).astype(str), today=TODAY)


def sales(number: int = 60, seed: int = 1) -> list[tuple[Any, ...]]:
    """Return sales in whole amounts, sorted by customer."""
    chance = random.Random(seed)
    rows = [
        (f"K{number % 12:02}", f"2024-{chance.randint(1, 9):02}-11", chance.randint(20, 400))
        for number in range(number)
    ]
    return sorted(rows)


def total(rows: list[tuple[Any, ...]]) -> int:
    return sum(row[2] for row in rows)


def counts(log: Log) -> tuple[int, int, Decimal]:
    return log.quality.rows("total_row"), log.quality.control_rows, log.quality.control_amount


@pytest.mark.parametrize("name", ["上海小计", "Subtotal Ltd", "Total", "Acme Total"])
def test_a_complete_purchase_is_none_the_less_one_for_its_name(name: str) -> None:
    rows = [*sales(), (name, "2024-02-01", 70), (name, "2024-03-01", 71)]
    assert counts(log_of(rows)) == (0, 62, total(rows))
    # without a date it is a total row
    assert log_of([*rows, (name, "", 5000)]).quality.rows("total_row") == 1


def test_a_complete_purchase_is_none_the_less_one_for_its_product() -> None:
    rows = [(*row, "Grand Total kit" if row[2] % 2 else "小计") for row in sales()]
    assert counts(log_of(rows)) == (0, 60, total(rows))


@pytest.mark.parametrize("customer", ["Összesen", "ΣΣ", "Σύνολο", "总和", ""])
@pytest.mark.parametrize("date", ["2024-09-30", ""])
@pytest.mark.parametrize("place", [0, 60])
def test_one_row_that_equals_all_others_is_a_total_row_whatever_it_is_called(
    customer: str, date: str, place: int
) -> None:
    rows = sales()
    # rows without a customer belong to the sum, although they cannot be used
    rows[7] = ("", *rows[7][1:])
    log = log_of([*rows[:place], (customer, date, total(rows)), *rows[place:]])
    assert counts(log) == (1, 60, total(rows))
    (warning,) = [note for note in log.quality.warnings if note.key == "sum_rows"]
    assert f"{total(rows):,}.00" in str(warning)


@pytest.mark.parametrize("label", ["Σ", "Σ {customer}", ""])
@pytest.mark.parametrize("date", ["2024-09-30", ""])
def test_subtotals_of_each_customer_and_the_whole_are_total_rows(label: str, date: str) -> None:
    rows, blocks = sales(), []
    for customer in sorted({row[0] for row in rows}):
        block = [row for row in rows if row[0] == customer]
        blocks += [*block, (label.format(customer=customer) if label != "Σ" else f"Σ{len(blocks)}", date, total(block))]
    with_whole = log_of([*blocks, ("Σ all", date, total(rows))])
    assert counts(with_whole) == (13, 60, total(rows))
    assert counts(log_of(blocks)) == (12, 60, total(rows))


def test_purchases_that_equal_the_sum_of_rows_above_them_stay_purchases() -> None:
    rows = [("A", "2024-01-01", 10), ("B", "2024-01-02", 10), ("C", "2024-01-03", 20), ("D", "2024-01-04", 40)]
    assert counts(log_of(rows))[:2] == (0, 4)
    for seed in range(30):
        one_time = [(f"N{number}", day, amount) for number, (_, day, amount) in enumerate(sales(200, seed))]
        assert counts(log_of(one_time))[:2] == (0, 200)
        some = [(*row[:2], row[2] if number % 5 else 3 * row[2]) for number, row in enumerate(sales(60, seed))]
        assert counts(log_of(some))[:2] == (0, 60)


def test_total_rows_that_are_no_sums_are_said_with_their_money() -> None:
    rows = sales()
    right = log_of([*rows, ("合计", "", total(rows))])
    assert counts(right)[0] == 1
    assert not {"odd_totals", "sum_rows"} & {note.key for note in right.quality.notes}
    odd = log_of([*rows, ("小计", "2024-01-01", 5000)])
    (warning,) = [note for note in odd.quality.warnings if note.key == "odd_totals"]
    assert "5,000.00" in str(warning)


@pytest.mark.parametrize("label", ["{} 合计", "小计：{}", "Subtotal {}", "{} Total", "Sum of {}"])
def test_a_subtotal_named_after_its_customer_needs_no_block_of_rows(label: str) -> None:
    rows = [row for row in sales() if row[0] < "K06"] + [(f"K{number:02}", "2024-05-11", 90) for number in range(6, 12)]
    rows += [("K06", "2024-06-11", 35), ("K07", "2024-06-11", 36)]
    blocks = [[row for row in rows if row[0] == customer] for customer in sorted({row[0] for row in rows})]
    with_sums = [line for block in blocks for line in (*block, (label.format(block[0][0]), "2024-09-30", total(block)))]
    assert counts(log_of(with_sums)) == (12, len(rows), total(rows))


@pytest.mark.parametrize("name", ["ALL", "全部", "Total", "All customers"])
@pytest.mark.parametrize("above", [True, False])
def test_one_row_named_after_all_is_their_sum_in_a_short_list_too(name: str, above: bool) -> None:
    rows = [("a", "2024-01-01", 5), ("a", "2024-01-02", 6), ("b", "2024-01-03", 7), ("b", "2024-01-03", 8)]
    sums = [(name, "2024-01-31", 26)]
    assert counts(log_of([*sums, *rows] if above else [*rows, *sums])) == (1, 4, 26)
    # a customer of that name
    assert counts(log_of([(name, "2024-01-31", 25), *rows])) == (0, 5, 51)


@pytest.mark.parametrize("names", [("Total a", "Total b"), ("All", "All"), ("全部", "全部")])
def test_subtotals_above_their_rows_are_total_rows(names: tuple[str, str]) -> None:
    rows = [("a", "2024-01-01", 5), ("a", "2024-01-02", 6), ("b", "2024-01-03", 7), ("b", "2024-01-03", 8)]
    blocks = [(names[0], "2024-01-31", 11), *rows[:2], (names[1], "2024-01-31", 15), *rows[2:]]
    assert counts(log_of(blocks)) == (2, 4, 26)
    assert counts(log_of([(names[0], "2024-01-31", 12), *rows[:2], (names[1], "2024-01-31", 16), *rows[2:]]))[0] == 0

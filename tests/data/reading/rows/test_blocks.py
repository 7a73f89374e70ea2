"""Subtotals under the name of a customer, or a name of their own, with a date: known by their sums."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import groupby

import pandas as pd
import pytest

from cvmlab.data.reading import Log, read

Row = tuple[str, str, int]


def sales(seed: int = 1, number: int = 60) -> list[Row]:
    chance = random.Random(seed)
    return sorted(
        (f"K{row % 12:02}", f"2024-{chance.randint(1, 6):02}-{chance.randint(1, 27):02}", chance.randint(20, 400))
        for row in range(number)
    )


def log_of(rows: list[Row]) -> Log:
    return read(pd.DataFrame(rows, columns=["customer", "date", "amount"]), today="2024-12-31")


def with_sums(rows: list[Row], key: Callable[[Row], tuple[str, ...]], name: Callable[[Row], str]) -> list[Row]:
    """Return rows in blocks, each followed by its sum."""
    out: list[Row] = []
    for _, block in groupby(sorted(rows, key=key), key=key):
        lines = list(block)
        out += [*lines, (name(lines[-1]), lines[-1][1][:8] + "28", sum(line[2] for line in lines))]
    return out


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("grand", [False, True])
@pytest.mark.parametrize("above", [False, True])
@pytest.mark.parametrize(
    ("key", "name", "sums"),
    [
        (lambda row: (row[0],), lambda row: row[0], 12),
        (lambda row: (row[0], row[1][:7]), lambda row: row[0], None),
        (lambda row: (row[1][:7],), lambda row: f"Monat {int(row[1][5:7])}", 6),
    ],
    ids=["customer", "customer and month", "month"],
)
def test_sums_of_blocks_are_no_purchases(seed: int, above: bool, grand: bool, key, name, sums: int | None) -> None:
    rows = sales(seed)
    whole = sum(row[2] for row in rows)
    listed = with_sums(rows, key, name) + ([("Everything", "2024-06-30", whole)] if grand else [])
    log = log_of(listed[::-1] if above else listed)
    assert float(log.quality.amount("used", "refund")) == whole
    assert log.quality.rows("total_row") == len(listed) - len(rows)
    assert sums is None or len(listed) - len(rows) == sums + grand
    assert "sum_rows" in [note.key for note in log.quality.warnings]


def test_sums_at_the_end_are_no_purchases() -> None:
    rows = sales()
    first, second = (sum(row[2] for row in rows if (row[1] < "2024-04") is half) for half in (True, False))
    log = log_of([*rows, ("Q1", "2024-03-31", first), ("Q2", "2024-06-30", second)])
    assert (float(log.quality.amount("used")), log.quality.rows("total_row")) == (first + second, 2)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("amounts", [[100], [100, -100, 100, 100], [1, 2], [1, 2, 3, 4, 5], [10, 20, 30]])
def test_purchases_of_few_amounts_are_no_sums(seed: int, amounts: list[int]) -> None:
    chance = random.Random(seed)
    customers = chance.choice([2, 5, 12])
    rows = [(f"K{chance.randrange(customers)}", "2024-02-11", chance.choice(amounts)) for _ in range(40)]
    if seed % 2:
        rows.sort()
    assert log_of(rows).quality.rows("total_row") == 0


def test_new_customers_of_the_same_price_repeat_nothing() -> None:
    rows = [(f"K{number}", f"2024-0{1 + number // 12}-01", 100) for number in range(24)]
    assert log_of(rows).quality.rows("total_row") == 0


def test_returns_that_undo_everything_are_no_sums() -> None:
    rows = sales()
    undone = (rows[0][0], "2024-06-27", -sum(row[2] for row in rows))
    log = log_of([*rows, undone, ("X", "2024-06-28", 50), ("Y", "2024-06-28", -50)])
    assert log.quality.rows("total_row") == 0

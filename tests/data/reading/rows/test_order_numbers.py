"""Credit notes and quotes that only their number, or a word in a column without a role, tells from sales."""

from __future__ import annotations

import pandas as pd
import pytest

from cvmlab.data.reading import Log, read
from cvmlab.data.reading.notes import Note


def log_of(column: str, plain: str, odd: str, *, signed: bool = False) -> Log:
    """Read forty sales and two further rows of 15 that a column tells apart."""
    rows = [(f"c{n % 7}", f"2024-{1 + n // 28:02}-{1 + n % 28:02}", 20 + n, plain.format(1000 + n)) for n in range(40)]
    rows += [(f"c{n}", "2024-02-20", -15 if signed else 15, odd.format(n)) for n in (1, 2)]
    return read(pd.DataFrame(rows, columns=["customer", "date", "amount", column]), today="2024-03-01")


def said(log: Log, key: str) -> list[Note]:
    return [note for note in log.quality.notes if note.key == key]


@pytest.mark.parametrize(
    ("plain", "odd", "level"),
    [
        ("INV/2024/{}", "RINV/2024/{}", "warning"), ("{}", "CM{}", "warning"), ("RE-{}", "GS-{}", "warning"),
        ("ACC-SINV-2024-{}", "ACC-SINV-RET-24-{}", "warning"), ("XSD{}", "XSTH{}", "warning"),
        ("销售-{}", "退货-{}", "warning"),
        ("SO{}", "SO{}-RETURN", "warning"), ("INV-{}", "QUO-{}", "warning"), ("HQ-{}", "EAST-{}", "note"),
    ],
)  # fmt: skip
def test_numbers_of_another_series_are_named(plain: str, odd: str, level: str) -> None:
    (note,) = said(log_of("invoice no", plain, odd), "number_series")
    assert (note.level, note.values["rows"], note.values["amount"]) == (level, "2", "30.00")
    assert note.values["examples"] == odd.format(1)


def test_a_series_that_carries_its_minus_is_right() -> None:
    assert not said(log_of("invoice no", "INV-{}", "CN-{}", signed=True), "number_series")


def test_numbers_of_one_form_or_of_many_say_nothing() -> None:
    assert not said(log_of("invoice no", "INV-{}", "INV-{}"), "number_series")
    rows = [(f"c{n % 7}", f"2024-01-{1 + n % 28:02}", 20 + n, f"{'abcdefghij'[n % 10]}{n}") for n in range(60)]
    log = read(pd.DataFrame(rows, columns=["customer", "date", "amount", "invoice no"]), today="2024-03-01")
    assert not said(log, "number_series")


@pytest.mark.parametrize(
    ("column", "plain", "odd", "named", "level"),
    [
        ("Rubriek", "", "Nota", "Nota (2: 30.00)", "note"),
        ("Product Status", "Shipped", "Returned", "Returned (2: 30.00)", "warning"),
        ("Credit Note No", "", "CN-{}", "CN-1 (1: 15.00), CN-2 (1: 15.00)", "warning"),
        ("Numéro", "FA{}", "AV{}", "AV# (2: 30.00)", "warning"),
        ("Notes", "Invoice {}", "see slip of return {}", "see slip of return # (2: 30.00)", "warning"),
        ("Tags", "vip", "vip, refunded", "vip, refunded (2: 30.00)", "warning"),
    ],
)
def test_a_few_rows_that_say_something_else_are_named(
    column: str, plain: str, odd: str, named: str, level: str
) -> None:
    (note,) = said(log_of(column, plain, odd), "rare_words")
    assert (note.level, note.values["columns"], note.values["words"]) == (level, f"'{column}'", named)


@pytest.mark.parametrize(("plain", "odd"), [("{}", "7"), ("2024-01-01", "2024-02-02"), ("north", "north")])
def test_numbers_dates_and_equal_words_are_not_conspicuous(plain: str, odd: str) -> None:
    assert not said(log_of("zone", plain, odd), "rare_words")

"""Debit and credit do not say by themselves which rows are sales."""

from __future__ import annotations

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, read


def log_of(column: str, *sides: str, amounts: tuple[int, ...] = (100, 30), **options: object) -> Log:
    frame = pd.DataFrame({"customer": ["a", "b"], "date": "2024-01-31", "amount": amounts, column: sides})
    return read(frame, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("column", "sides"),
    [
        ("Dr/Cr", ("DR", "CR")), ("D/C", ("D", "C")), ("Debit/Credit Indicator", ("S", "H")), ("借贷", ("借", "贷")),
        ("借贷方向", ("借方", "贷方")), ("方向", ("借", "贷")),
    ],
)  # fmt: skip
def test_amounts_on_both_sides_are_asked_for(column: str, sides: tuple[str, str]) -> None:
    with pytest.raises(CvmError, match="which of them are sales") as caught:
        log_of(column, *sides)
    assert caught.value.key == "reading.debit_credit_rows"
    assert log_of(column, *sides, columns={"row_type": ""}).quality.amount("used") == 130


@pytest.mark.parametrize(
    ("column", "sides", "amounts"),
    [
        ("Dr/Cr", ("DR", "DR"), (100, 30)),
        ("Dr/Cr", ("DR", "CR"), (100, -30)),
        ("Payment Type", ("Credit", "Debit"), (100, 30)),
        ("Type", ("Credit", "Debit"), (100, 30)),
    ],
)
def test_one_side_a_minus_and_cards_are_no_question(
    column: str, sides: tuple[str, str], amounts: tuple[int, int]
) -> None:
    log = log_of(column, *sides, amounts=amounts)
    assert log.quality.amount("used") + log.quality.amount("refund") == sum(amounts)


@pytest.mark.parametrize(
    ("name", "debit", "credit"),
    [("Side", "Debit", "Credit"), ("貸借区分", "借方", "貸方"), ("Posting key", "01", "11"), ("记账码", "01", "11")],
)
def test_sides_of_further_programs_are_asked_about(name, debit, credit):
    rows = [("a", "2024-01-01", 20, debit), ("b", "2024-01-02", 30, debit), ("a", "2024-01-03", 5, credit)]
    with pytest.raises(CvmError) as caught:
        read(pd.DataFrame(rows, columns=["customer", "date", "amount", name]))
    assert caught.value.key == "reading.debit_credit_rows"

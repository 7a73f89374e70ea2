"""Negative rows book cancellations only where they cancel a fair part of what was cancelled."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.data.reading import Log, read

Row = tuple[str, int, str]
COMPLETED: list[Row] = [(f"s{number}", 100, "Completed") for number in range(20)]
CANCELLED: list[Row] = [(f"c{number}", 100, "Cancelled") for number in range(9)]


def log_of(*rows: Row, head: str = "status", **options: Any) -> Log:
    """Read rows of a customer, an amount and a word, each under an order of its own."""
    cells = [(f"o{n}", customer, "2024-02-01", amount, word) for n, (customer, amount, word) in enumerate(rows)]
    frame = pd.DataFrame(cells, columns=["order id", "customer", "date", "amount", head])
    return read(frame, today="2024-03-01", **options)


def seen(log: Log) -> tuple[float, int]:
    return float(log.quality.amount("used", "refund")), log.quality.rows("cancelled")


def test_one_small_negative_row_books_no_cancellations() -> None:
    rows = [*CANCELLED, ("c6", -1, "Cancelled")]
    assert seen(log_of(*COMPLETED, *rows)) == (2000, 10)
    with pytest.raises(CvmError, match="--status") as caught:
        log_of(*COMPLETED[:3], *rows)
    assert caught.value.key == "reading.mostly_no_sales"
    assert seen(log_of(*COMPLETED[:3], *rows, columns={"status": "status"})) == (300, 10)
    assert seen(log_of(*COMPLETED[:3], *rows, columns={"status": ""})) == (1199, 0)


@pytest.mark.parametrize(("head", "bad", "good"), [("Is Cancelled", "yes", "no"), ("Type", "Void", "Invoice")])
def test_nor_does_it_under_a_flag_or_a_type(head: str, bad: str, good: str) -> None:
    rows = [(customer, amount, good) for customer, amount, _ in COMPLETED]
    rows += [(customer, amount, bad) for customer, amount, _ in CANCELLED]
    assert seen(log_of(*rows, ("c6", -1, bad), head=head)) == (2000, 10)


def test_sales_that_nothing_cancels_are_left_out_beside_those_that_are_booked() -> None:
    booked = [(customer, -amount, word) for customer, amount, word in CANCELLED[:6]]
    log = log_of(*COMPLETED, *CANCELLED, *booked)
    assert seen(log) == (2000, 3)
    assert {"cancelled_out", "cancelled_booked"} <= {note.key for note in log.quality.warnings}


def test_negative_rows_alone_are_booked_cancellations() -> None:
    assert seen(log_of(*COMPLETED, ("s1", -100, "Cancelled"), ("s2", -30, "Cancelled"))) == (1870, 0)


def test_a_negative_row_that_cancels_a_sale_that_counts_stays() -> None:
    assert seen(log_of(*COMPLETED, *CANCELLED, ("s1", -100, "Cancelled"))) == (1900, 9)


def test_negative_rows_that_cancel_nothing_are_asked_about() -> None:
    rows = [*COMPLETED, *CANCELLED, ("s1", -60, "Cancelled"), ("s2", -70, "Cancelled")]
    with pytest.raises(CvmError, match=r"900\.00.*-130\.00.*--status \"status\".*--status \"\"") as caught:
        log_of(*rows)
    assert caught.value.key == "reading.unclear_cancellations"
    assert seen(log_of(*rows, columns={"status": "status"})) == (2000, 11)
    assert seen(log_of(*rows, columns={"status": ""})) == (2770, 0)

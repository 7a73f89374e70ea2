"""Documents that name their customer, day and number in the first of their lines only."""

from __future__ import annotations

import pandas as pd
import pytest

from cvmlab.core.words import CvmError
from cvmlab.data.reading import read


def documents() -> pd.DataFrame:
    """Two documents of one customer follow one another."""
    rows: list[tuple[object, ...]] = []
    for number, customer in enumerate(["c1", "c1", "c2", "c3", "c3", "c3"]):
        rows.append((customer, f"2024-01-0{number + 1}", f"X{number}", 10 + number))
        rows += [(None, None, None, 5 + number), (None, None, None, 3)]
    return pd.DataFrame(rows, columns=["customer", "date", "order number", "amount"])


def test_lines_without_any_head_are_asked_about_though_a_customer_comes_twice() -> None:
    with pytest.raises(CvmError) as caught:
        read(documents())
    assert caught.value.key == "reading.blocks"
    log = read(documents(), fill_down=True)
    rows = log.transactions.fetchall()
    assert (len(rows), sum(row[2] for row in rows)) == (18, float(documents()["amount"].sum()))


def test_gaps_in_the_customer_of_rows_with_a_day_of_their_own_are_gaps() -> None:
    frame = documents()
    frame["date"] = frame["date"].ffill()
    frame["order number"] = [f"X{n}" for n in range(len(frame))]
    assert read(frame).quality.rows("no_id") == 12


def blocks(marks: bool = False, label: str = "") -> pd.DataFrame:
    """Customers named in the first of their rows, each row with a day and a number of its own."""
    rows: list[tuple[object, ...]] = []
    for customer, first in (("Acme", 1), ("Bodega", 2), ("Cantina", 3)):
        sold = [(f"2024-0{month}-1{first}", f"R{100 * month + first}", 10.0 * month + first) for month in (1, 3, 5)]
        rows += [(customer if n == 0 else "〃" if marks else None, *sale) for n, sale in enumerate(sold)]
        if label:
            rows.append((f"{label} {customer}", None, None, sum(sale[2] for sale in sold)))
    return pd.DataFrame(rows, columns=["customer", "date", "invoice no", "amount"])


@pytest.mark.parametrize("label", ["", "Subtotal", "小计"])
def test_blocks_whose_rows_have_numbers_of_their_own_are_asked_about(label: str) -> None:
    with pytest.raises(CvmError) as caught:
        read(blocks(label=label))
    assert caught.value.key == "reading.blocks"
    log = read(blocks(label=label), fill_down=True)
    assert (log.quality.customers, sum(row[2] for row in log.transactions.fetchall())) == (3, blocks()["amount"].sum())


def test_sales_to_nobody_known_among_customers_who_return_are_no_blocks() -> None:
    frame = blocks()
    frame["customer"] = ["a", None, "b", None, "a", None, None, "c", "b"]
    frame["invoice no"] = [f"R{100 + n}" for n in range(9)]
    assert read(frame).quality.rows("no_id") == 4


@pytest.mark.parametrize("mark", ["〃", '"', "同上", "ditto", "Dito", "do.", "''", '-"-'])
def test_a_ditto_mark_says_what_the_cell_above_says(mark: str) -> None:
    frame = blocks(marks=True).replace("〃", mark)
    log = read(frame)
    assert (log.quality.customers, sum(row[2] for row in log.transactions.fetchall())) == (3, blocks()["amount"].sum())
    assert [note.key for note in log.quality.notes if note.key == "ditto_marks"]

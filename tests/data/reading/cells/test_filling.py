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

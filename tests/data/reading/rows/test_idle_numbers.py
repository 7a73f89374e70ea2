"""Numbers of columns without a role: other sums of money and numbers of orders are named, other numbers are not."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cvmlab.data.reading import Log, read

DAYS = pd.date_range("2023-01-02", periods=60, freq="3D").strftime("%Y-%m-%d")


def log_of(head: str, cells: list[Any], **options: Any) -> Log:
    """Return a log of 60 rows, three lines on each of 20 days, a customer a day."""
    frame = pd.DataFrame(
        {
            "customer": [f"c{number // 3 % 6}" for number in range(60)],
            "date": [DAYS[number // 3] for number in range(60)],
            "amount": [f"{80 + number * 7 % 31}.40" for number in range(60)],
            head: cells,
        }
    )
    return read(frame, today="2026-01-01", **options)


def said(log: Log, key: str) -> list[Any]:
    return [note for note in log.quality.notes if note.key == key]


TOTAL = sum(80 + number * 7 % 31 + 0.4 for number in range(60))


@pytest.mark.parametrize("head", ["Zusatzwert", "Wn", "总计乙", "Fakturabelopp X"])
@pytest.mark.parametrize("form", ["{}.25", "{},25", "€ {}.25", "{},25 €"])
def test_another_column_of_money_is_named_with_its_sum_and_its_option(head: str, form: str) -> None:
    cells = [form.format(100 + number) for number in range(60)]
    (note,) = said(log_of(head, cells), "money_unused")
    whole = sum(100 + number + 0.25 for number in range(60))
    assert (note.level, note.values["columns"]) == ("note", f"'{head}' ({whole:,.2f})")
    assert (note.values["total"], note.values["option"]) == (f"{TOTAL:,.2f}", "--amount")
    named = log_of(head, cells, columns={"amount": head})
    assert float(named.quality.amount("used")) == pytest.approx(whole)
    assert not said(named, "money_unused")


def test_true_numbers_are_money_as_well() -> None:
    (note,) = said(log_of("Wn", [100.25 + number for number in range(60)]), "money_unused")
    assert "7,785.00" in note.values["columns"]


@pytest.mark.parametrize(
    ("head", "cells"),
    [
        ("Kopie", [f"{80 + number * 7 % 31}.40" for number in range(60)]),  # the same money again
        ("Stück je", [f"{(80 + number * 7 % 31 + 0.4) / 4:.2f}" for number in range(60)]),  # of one piece of four
        ("Kurs", ["107.25"] * 60),
        ("latitude", [f"{48 + number / 100:.2f}" for number in range(60)]),
        ("Weight", [f"{90 + number}.50" for number in range(60)]),
        ("Saldo", [f"{90 + number}.50" for number in range(60)]),
        ("W3", [f"{number / 20:.2f}" for number in range(60)]),  # far smaller
        ("W4", [f"{9000 + number}.25" for number in range(60)]),  # far larger
        ("W5", [str(100 + number) for number in range(60)]),  # whole numbers
        ("W6", [f"{100 + number}.12345" for number in range(60)]),
        ("W7", ["" if number % 3 else f"{100 + number}.25" for number in range(60)]),
        ("Bemerkung", [f"ca. {number}.50 mehr" for number in range(60)]),
    ],
)
def test_other_numbers_are_no_money(head: str, cells: list[str]) -> None:
    assert not said(log_of(head, cells), "money_unused")


@pytest.mark.parametrize(
    ("head", "form"),
    [("Vorgang X", "{}"), ("Nr. 3", "R-{}"), ("Bong", "{:06}"), ("批", "X{}"), ("Merkmal", "2024/{}")],
)
def test_a_number_that_the_rows_of_a_customer_s_day_share_may_be_the_order(head: str, form: str) -> None:
    cells = [form.format(9000 + 7 * (number // 3)) for number in range(60)]
    (note,) = said(log_of(head, cells), "order_numbers_unused")
    assert (note.level, note.values["rows"], note.values["count"]) == ("note", "60", "20")
    named = log_of(head, cells, columns={"order_id": head})
    assert len(named.transactions.project("order_id").distinct().fetchall()) == 20
    assert not said(named, "order_numbers_unused")
    assert not said(log_of(head, cells, columns={"order_id": ""}), "order_numbers_unused")


@pytest.mark.parametrize(
    ("head", "cells"),
    [
        ("Row X", [str(number) for number in range(60)]),  # a number for each row
        ("Alter", [str(20 + number // 3 % 6) for number in range(60)]),  # of a customer, on each of its days
        ("Kasse 2", [str(number % 4) for number in range(60)]),  # shared by all
        ("Temp", [str(10 + number // 9) for number in range(60)]),  # of several days
        ("Teile", [str(1 + number * 5 % 9) for number in range(60)]),
        ("Wert X", [f"{number // 3}.50" for number in range(60)]),  # sums
        ("Lieferung am", [DAYS[number // 3] for number in range(60)]),
        ("Wort", [f"{'abcdefghijklmnopqrstuvwxyz'[number // 3]}x" for number in range(60)]),
        ("Postcode", [str(1000 + number // 3) for number in range(60)]),
    ],
)
def test_other_numbers_are_no_orders(head: str, cells: list[str]) -> None:
    assert not said(log_of(head, cells), "order_numbers_unused")


def test_where_nobody_comes_twice_a_number_may_be_the_customer_s() -> None:
    frame = pd.DataFrame({"customer": [f"c{number // 3}" for number in range(60)], "date": DAYS[0], "amount": 5})
    frame["Kz"] = [100 + number // 3 for number in range(60)]
    assert not said(read(frame, today="2026-01-01"), "order_numbers_unused")

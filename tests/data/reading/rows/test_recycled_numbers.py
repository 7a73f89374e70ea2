"""Order numbers that begin again are told apart by year or month; words and numbers used once stay as they are."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cvmlab.data.reading import Log, read


def log_of(rows: list[tuple[Any, ...]]) -> Log:
    frame = pd.DataFrame(rows, columns=["Commande", "Date", "Client", "Montant"])
    return read(frame, drop_duplicates=False, today="2026-01-01")


def orders(log: Log) -> int:
    told = "count(DISTINCT (customer_id, order_id))"
    return int(log.transactions.aggregate(told).fetchall()[0][0])


def keys(log: Log) -> set[str]:
    return {note.key for note in log.quality.notes}


def yearly(apart: int) -> list[tuple[Any, ...]]:
    """Return three years of 80 orders with two lines, the second so many days later."""
    return [
        (
            number,
            str((pd.Timestamp(year, 1, 1) + pd.Timedelta(days=4 * number + apart * line)).date()),
            f"c{number % 9}",
            20,
        )
        for year in (2022, 2023, 2024)
        for number in range(1, 81)
        for line in (0, 1)
    ]


@pytest.mark.parametrize("apart", [0, 2, 20])
def test_numbers_that_begin_again_each_year_are_one_order_a_year(apart: int) -> None:
    log = log_of(yearly(apart))
    assert (orders(log), "recycled_yearly" in keys(log)) == (240, True)


def test_numbers_that_begin_again_each_month_are_one_order_a_month() -> None:
    rows = [(n, f"2024-{month:02}-{3 * n:02}", f"c{n % 3}", 20) for month in range(1, 11) for n in range(1, 9)]
    log = log_of(rows)
    assert (orders(log), "recycled_numbers" in keys(log)) == (80, True)


def test_numbers_used_once_are_orders_as_they_stand() -> None:
    rows = [(f"{row[1][:4]}-{row[0]}", *row[1:]) for row in yearly(20)]
    log = log_of(rows)
    assert (orders(log), {"recycled_yearly", "recycled_numbers"} & keys(log)) == (240, set())


@pytest.mark.parametrize("words", ["web|tél|magasin", "Baguette|Tarte|Galette des rois"])
def test_words_that_many_customers_have_are_no_numbers_of_orders(words: str) -> None:
    kinds = words.split("|")
    rows = [(kinds[n % 3], f"2024-{1 + n // 5:02}-{1 + n % 5:02}", f"c{n % 7}", 20 + n) for n in range(60)]
    log = log_of(rows)
    assert "order_id" not in log.mapping
    assert "order_kinds" in keys(log)
    assert not {"recycled_yearly", "recycled_numbers"} & keys(log)
    assert float(log.quality.amount("used")) == sum(20 + n for n in range(60))


@pytest.mark.parametrize("form", ["{}", "CMD-{}", "A{}"])
def test_numbers_and_words_of_one_customer_each_are_orders(form: str) -> None:
    rows = [(form.format(100 + n), f"2024-{1 + n // 5:02}-{1 + n % 5:02}", f"c{n % 7}", 20 + n) for n in range(60)]
    assert (orders(log_of(rows)), log_of(rows).mapping["order_id"]) == (60, "Commande")
    names = [f"{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(60)]
    assert log_of([(name, *row[1:]) for name, row in zip(names, rows, strict=True)]).mapping["order_id"] == "Commande"

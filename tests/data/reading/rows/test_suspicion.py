"""Ids that may not be customers: verdicts weigh money as well as rows, and leave the best customer alone."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from cvmlab.case.cautions import quality_light
from cvmlab.data.reading import Log, read

Rows = list[tuple[str, str, float]]
DAYS = pd.date_range("2022-01-01", "2023-12-31").strftime("%Y-%m-%d")


def shop(customers: int = 80, each: int = 20) -> Rows:
    return [(f"c{n}", DAYS[(13 * n + 31 * k) % len(DAYS)], 10 + n % 7) for n in range(customers) for k in range(each)]


def log_of(rows: Rows, **options: Any) -> Log:
    return read(pd.DataFrame(rows, columns=["customer_id", "date", "amount"]).astype(str), **options)


def found(log: Log) -> dict[str, tuple[str, bool]]:
    return {customer.customer_id: (customer.why, customer.excluded) for customer in log.quality.suspicious}


def test_the_best_customer_with_a_tenth_of_the_rows_is_not_suspicious() -> None:
    best = [("best", day, 12) for day in DAYS[::4]]
    log = log_of(shop() + best)
    assert len(best) / log.quality.control_rows > 0.1
    assert found(log) == {}


@pytest.mark.parametrize("name", ["walk-in", "散客", "未知客户"])
def test_a_collective_id_of_few_rows_and_much_money_is_left_out_and_said_with_both_shares(name: str) -> None:
    till = [(name, day, 300) for day in DAYS[:50]]
    log = log_of(shop() + till)
    assert found(log) == {name: ("name", True)}
    (warning,) = [note for note in log.quality.warnings if note.key == "suspicious_excluded"]
    assert "50 (3.0% of all)" in str(warning)
    assert "15,000.00 (42." in str(warning)
    assert log.quality.dropped_share < 0.1 < log.quality.dropped_money_share
    assert quality_light(log.quality) == "poor"


def test_a_nameless_id_with_much_of_the_money_is_shown_and_left_out_where_it_serves_many_a_day() -> None:
    daily = [("K900", day, 300) for day in DAYS[:50]]
    assert found(log_of(shop() + daily)) == {"K900": ("money", False)}
    many = [("K900", day, 100) for day in DAYS[:20] for _ in range(7)]
    assert found(log_of(shop() + many)) == {"K900": ("share", True)}
    assert found(log_of(shop() + many, include_suspicious=True)) == {"K900": ("share", False)}


@pytest.mark.parametrize("customer", ["0", "-1", "99999", "000000", "???"])
def test_a_blank_id_that_many_rows_share_is_shown_an_ordinary_one_is_not(customer: str) -> None:
    shared = [(customer, day, 11) for day in DAYS[::10]]
    assert found(log_of(shop() + shared)) == {customer: ("blank", False)}
    busy = [(customer, day, 11) for day in DAYS[:30] for _ in range(5)]
    assert found(log_of(shop() + busy)) == {customer: ("blank", True)}
    assert found(log_of(shop() + [(customer, day, 11) for day in DAYS[:15]])) == {}


def test_a_single_row_with_most_of_the_money_is_left_out() -> None:
    rows = shop()
    whole = sum(amount for *_, amount in rows)
    log = log_of([*rows, ("Alles", "2023-12-31", round(1.86 * whole, 2))])
    assert found(log) == {"Alles": ("one_row", True)}
    assert log.quality.amount("used") == whole


def test_refunds_beyond_purchases_do_not_upset_the_shares() -> None:
    rows = [(customer, day, -amount) for customer, day, amount in shop()]
    assert found(log_of(rows)) == {}

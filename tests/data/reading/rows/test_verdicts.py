"""Verdicts on rows that say one thing alone and another beside their neighbours: reversals, lone dates, totals."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from cvmlab.core.words import CvmError
from cvmlab.data import aggregate
from cvmlab.data.reading import Log, read

TODAY = dt.date(2024, 12, 31)


def log_of(rows: list[tuple[Any, ...]], *names: str, **options: Any) -> Log:
    head = ("customer_id", "date", "amount", *names)
    return read(pd.DataFrame(rows, columns=head[: len(rows[0])]).astype(str), today=TODAY, **options)


def kept(log: Log) -> list[tuple[str, str, float]]:
    rows = log.transactions.project("customer_id, date::VARCHAR, amount").order("ALL").fetchall()
    return [(customer, day, amount) for customer, day, amount in rows]


def adds_up(log: Log) -> None:
    frame = log.quality.reconcile().set_index("line")
    parts = frame.loc[:"control"].drop("control")
    assert parts["rows"].sum() == frame.loc["control", "rows"]
    assert sum(parts["amount"], Decimal(0)) == frame.loc["control", "amount"]


# 80,995 pieces bought and taken back on one day, by a credit note of its own
BEFORE = ("16446", "2011-05-18", "1.65", "553573", "22980")
SALE = ("16446", "2011-12-09", "168469.60", "581483", "23843")
BACK = ("16446", "2011-12-09", "-168469.60", "C581484", "23843")


@pytest.mark.parametrize("rows", [[BEFORE, SALE, BACK], [BACK, BEFORE, SALE]])
def test_an_order_and_its_reversal_are_no_purchase(rows: list[tuple[str, ...]]) -> None:
    log = log_of(rows, "order_id", "product")
    assert kept(log) == [("16446", "2011-05-18", 1.65)]
    assert (log.quality.rows("reversed"), log.quality.amount("reversed")) == (2, 0)
    customer = aggregate.summarise_customers(log.transactions).df().iloc[0]
    assert (customer["orders"], customer["frequency"], customer["monetary_value"]) == (1, 0, 0)
    adds_up(log)


@pytest.mark.parametrize(
    ("returned", "reversed_rows"),
    [
        (("A", "2024-03-01", -50, "shirt"), 2),
        (("A", "2024-03-08", -50, "shirt"), 2),
        # too late, in part, of another product, by another customer, before the purchase
        (("A", "2024-03-09", -50, "shirt"), 0),
        (("A", "2024-03-01", -20, "shirt"), 0),
        (("A", "2024-03-01", -50, "shoes"), 0),
        (("B", "2024-03-01", -50, "shirt"), 0),
        (("A", "2024-02-29", -50, "shirt"), 0),
    ],
)
def test_only_a_whole_return_of_the_same_thing_within_a_week_takes_a_purchase_back(
    returned: tuple[Any, ...], reversed_rows: int
) -> None:
    log = log_of([("A", "2024-03-01", 50, "shirt"), returned, ("A", "2024-01-01", 7, "cap")], "product")
    assert log.quality.rows("reversed") == reversed_rows
    assert log.quality.rows("refund") == (0 if reversed_rows else 1)
    adds_up(log)


def test_one_return_takes_back_one_of_several_equal_purchases_the_latest_before_it() -> None:
    days = ["2024-03-01", "2024-03-03", "2024-03-06"]
    log = log_of([*(("A", day, 50) for day in days), ("A", "2024-03-04", -50)])
    assert kept(log) == [("A", "2024-03-01", 50), ("A", "2024-03-06", 50)]
    again = log_of([*(("A", day, 50) for day in days), *[("A", "2024-03-04", -50)] * 3])
    # three returns, two purchases before them: the third stays a refund
    assert kept(again) == [("A", "2024-03-04", -50), ("A", "2024-03-06", 50)]
    adds_up(again)


def test_the_rows_of_one_order_that_sum_to_nothing_are_no_purchase_whenever_it_came_back() -> None:
    rows = [("A", "2024-01-01", 30, "7"), ("A", "2024-01-01", 20, "7"), ("A", "2024-03-15", -50, "7")]
    log = log_of([*rows, ("A", "2024-02-01", 9, "8")], "order_id")
    assert kept(log) == [("A", "2024-02-01", 9)]
    partly = log_of([*rows[:2], ("A", "2024-01-02", -10, "7"), ("A", "2024-02-01", 9, "8")], "order_id")
    assert partly.quality.rows("reversed") == 0


def test_one_credit_note_over_the_total_takes_back_an_order_of_several_lines() -> None:
    order = [("A", "2024-01-01", 30, "7", "cap"), ("A", "2024-01-01", 20, "7", "shirt")]
    other = ("A", "2024-02-01", 9, "8", "cap")
    whole = log_of([*order, ("A", "2024-01-02", -50, "G7", ""), other], "order_id", "product")
    assert kept(whole) == [("A", "2024-02-01", 9)]
    # of something else
    shoes = log_of([*order, ("A", "2024-01-02", -50, "G7", "shoes"), other], "order_id", "product")
    assert shoes.quality.rows("reversed") == 0


def test_a_return_without_its_purchase_stays_a_refund_and_frees_nothing_after_it() -> None:
    log = log_of([("A", "2024-01-01", -50), ("A", "2024-01-02", 50), ("A", "2024-01-03", -50), ("A", "2024-01-04", 8)])
    assert kept(log) == [("A", "2024-01-01", -50), ("A", "2024-01-04", 8)]


def shop(pauses: dict[dt.date, int] | None = None) -> list[tuple[str, dt.date, int]]:
    """Return 300 rows from 2021-01-01 on, two days apart; after some days the shop pauses."""
    day, rows = dt.date(2021, 1, 1), []
    for number in range(300):
        rows.append((f"M{number % 30:02}", day, 20 + number % 7))
        day += dt.timedelta(days=2 + (pauses or {}).get(day, 0))
    return rows


@pytest.mark.parametrize(("day", "side"), [("2024-11-03", "late"), ("1921-11-03", "early"), ("2023-04-04", "late")])
def test_one_date_far_from_all_others_is_left_out_and_said_with_its_row(day: str, side: str) -> None:
    rows = shop()
    log = log_of([*rows[:100], ("M07", day, 20), *rows[100:]])
    assert (log.quality.rows("lone_far_date"), log.quality.rows("used")) == (1, 300)
    assert (log.quality.first_date, log.quality.last_date) == ("2021-01-01", "2022-08-22")
    (warning,) = [note for note in log.quality.warnings if note.key == f"lone_{side}"]
    assert f"row 101: {day}" in str(warning)
    adds_up(log)
    if side == "late":
        whole = log_of([*rows, ("M07", day, 20)], as_of=day)
        assert (whole.quality.rows("used"), whole.quality.last_date, whole.as_of) == (
            301,
            day,
            dt.date.fromisoformat(day),
        )


def test_dates_far_off_at_both_ends_and_the_date_of_no_date_are_left_out() -> None:
    rows = shop()
    log = log_of([*rows, ("M01", "1950-01-01", 5), ("M02", "1980-01-01", 5), ("M03", "2024-11-03", 5)])
    assert log.quality.rows("lone_far_date") == 3
    unknown = log_of([*rows, *[(f"M{number}", "1900-01-01", 5) for number in range(40)]])
    assert (unknown.quality.rows("lone_far_date"), unknown.quality.rows("used")) == (40, 300)


def test_the_date_of_no_date_is_left_out_of_a_log_of_any_size() -> None:
    rows = [("a", "1900-01-01", 100), ("a", "2024-01-02", 5), ("b", "1970-01-01", 3), ("b", "2024-02-01", 6)]
    log = log_of(rows)
    assert kept(log) == [("a", "2024-01-02", 5), ("b", "2024-02-01", 6)]
    assert [note.key for note in log.quality.warnings if note.key.startswith("lone")] == ["lone_early"]
    old = [("a", "1970-01-01", 3), ("b", "1971-02-01", 6), ("a", "1971-03-01", 6)]
    assert log_of(old).quality.rows("used") == 3


def test_a_pause_of_the_business_loses_no_row() -> None:
    for pauses in ({dt.date(2022, 1, 2): 400}, {dt.date(2022, 1, 2): 400, dt.date(2023, 4, 29): 300}):
        assert log_of(shop(pauses)).quality.rows("lone_far_date") == 0
    # each Christmas only; and a few customers, a few times
    fair = [(f"K{n % 20}", f"{2015 + n // 20}-12-{1 + n % 20:02}", 10) for n in range(160)]
    assert log_of(fair).quality.rows("lone_far_date") == 0
    few = [("A", f"{year}-03-01", 10) for year in range(2010, 2024, 3)]
    assert log_of([*few, ("A", "2001-01-01", 5)]).quality.rows("lone_far_date") == 0


def test_as_of_ends_the_log_on_its_day_earlier_or_later_than_the_last_row() -> None:
    rows = shop()
    early = log_of(rows, as_of="2022-06-30")
    assert early.quality.rows("after_as_of") == sum(day > dt.date(2022, 6, 30) for _, day, _ in rows) > 0
    assert (early.quality.last_date, early.as_of) == ("2022-06-29", dt.date(2022, 6, 30))
    adds_up(early)
    late = log_of(rows, as_of=dt.date(2022, 12, 31))
    assert (late.quality.rows("used"), late.as_of) == (300, dt.date(2022, 12, 31))
    assert "part_last_month" not in {note.key for note in late.quality.notes}


@pytest.mark.parametrize(
    ("as_of", "said"), [("2025-01-01", "later than today"), ("2020-01-01", "before the first row"), ("soon", "soon")]
)
def test_an_as_of_date_that_cannot_be_is_refused(as_of: str, said: str) -> None:
    with pytest.raises(CvmError, match=said):
        log_of(shop(), as_of=as_of)

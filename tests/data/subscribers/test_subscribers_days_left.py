"""When customers left: by a name, by whom a column is filled for, and until when those run who are still there."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from cvmlab.data.subscribers import Subscribers, is_table_of_subscribers, read

LEFT_DATES = ["2021-01-01", None, None, "2024-01-01", None, "2022-03-01", None, None]
LEFT = [date is not None for date in LEFT_DATES]


def frame(**columns: object) -> pd.DataFrame:
    joined = ["2020-01-01"] * 8
    return pd.DataFrame({"customer_id": [f"C{row}" for row in range(8)], "joined_date": joined, **columns})


def tenures(found: Subscribers) -> list[float | None]:
    return [None if math.isnan(months) else months for months in found.customers["tenure_months"]]


MONTHS = [12.0, 48.0, 48.0, 48.0, 48.0, 26.0, 48.0, 48.0]
NAMES = [
    "cancel_date", "cancel_dt", "dt_cancel", "left_dt", "disconnect_date", "disconnection_date", "unsubscribe_date",
    "leave_date", "quit_date", "deleted_at", "term_date", "expired_on", "Data disdetta", "Data de cancelamento",
    "Vertragsende", "Austritt", "Abmeldedatum", "member_until", "cease_date", "loss_date", "拆机时间", "end_date",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_a_date_of_leaving_is_known(name: str) -> None:
    alone, beside = frame(**{name: LEFT_DATES}), frame(**{name: LEFT_DATES, "churned": LEFT})
    for table in (alone, beside):
        found = read(table)
        assert found.columns["left_date"] == name and found.features == ()
        assert found.customers["left"].tolist() == LEFT and tenures(found) == MONTHS
    assert is_table_of_subscribers(alone)


@pytest.mark.parametrize("name", ["letzter Tag", "x17", "weg"])
def test_a_date_that_only_leavers_have_is_that_of_leaving(name: str) -> None:
    found = read(frame(**{name: LEFT_DATES, "churned": LEFT}))
    assert found.columns["left_date"] == name and tenures(found) == MONTHS
    assert any(f"'{name}'" in note and "nobody else" in note for note in found.notes)
    assert "left_date" not in read(frame(**{name: LEFT_DATES, "churned": LEFT}), columns={"left_date": ""}).columns
    # a date that one of those who stayed has too says something else
    other = ["2021-01-01", "2021-01-01", *LEFT_DATES[2:]]
    assert "left_date" not in read(frame(**{name: other, "churned": LEFT})).columns


def test_a_word_for_unknown_does_not_lose_the_dates() -> None:
    dates = ["unknown" if row == 5 else date for row, date in enumerate(LEFT_DATES)]
    found = read(frame(left_on=dates, churned=LEFT))
    assert found.columns["left_date"] == "left_on"
    assert tenures(found) == [None if row == 5 else months for row, months in enumerate(MONTHS)]


def test_who_left_without_a_date_has_no_tenure() -> None:
    found = read(frame(left_on=["2021-01-01", *[None] * 2, "2024-01-01", *[None] * 4], churned=LEFT))
    assert tenures(found) == [None if row == 5 else months for row, months in enumerate(MONTHS)]
    assert any("1 customer left, but 'left_on' has no date" in note for note in found.notes)


def test_who_left_in_the_future_has_no_tenure_and_the_note_is_true() -> None:
    dates = ["2999-01-01" if row == 5 else date for row, date in enumerate(LEFT_DATES)]
    dates = [date and date.replace("2999", "2095") for date in dates]
    found = read(frame(left_on=dates, churned=LEFT))
    assert found.customers["left"].tolist() == LEFT and tenures(found)[5] is None
    assert not any("has not left yet" in note for note in found.notes)
    assert any("1 customer left by 'churned'" in note and "2095-01-01" in note for note in found.notes)


@pytest.mark.parametrize("name", ["snapshot_date", "as_of_date", "Stand", "数据日期"])
def test_those_who_stay_run_to_the_day_of_the_table(name: str) -> None:
    found = read(frame(churn_date=LEFT_DATES, **{name: "2024-07-01"}))
    assert tenures(found) == [54.0 if months == 48 and not LEFT[row] else months for row, months in enumerate(MONTHS)]
    assert any(name in note and "2024-07-01" in note for note in found.notes)
    earlier = read(frame(churn_date=LEFT_DATES, **{name: "2023-07-01"}))
    assert tenures(earlier) == MONTHS


def test_a_tenure_that_contradicts_both_dates_is_said() -> None:
    months = [12, 48, 48, 8, 48, 26, 48, 48]
    found = read(frame(churn_date=LEFT_DATES, tenure_months=months))
    assert found.customers["tenure_months"].tolist() == months
    assert any("In 1 row (the first: row 4), 'tenure_months' is not the time" in note for note in found.notes)
    right = read(frame(churn_date=LEFT_DATES, tenure_months=[12, 48, 48, 48, 48, 26, 48, 48]))
    assert not any("is not the time" in note for note in right.notes)

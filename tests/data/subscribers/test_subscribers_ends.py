"""Dates of an end: in the future, far in the future, and against a status."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.data.subscribers import Subscribers, read

TODAY = dt.date.today()


def day(offset: int) -> str:
    return (TODAY + dt.timedelta(days=offset)).isoformat()


def table(ends: list[str | None], status: list[str] | None = None, **options: object) -> Subscribers:
    count = len(ends)
    ids = [str(number) for number in range(count)]
    frame = pd.DataFrame({"customer_id": ids, "start_date": ["2020-01-01"] * count, "end_date": ends})
    return read(frame if status is None else frame.assign(status=status), **options)  # type: ignore[arg-type]


def test_an_end_in_the_future_is_no_departure_yet() -> None:
    found = table([day(-400), day(-1), day(30), day(700), None])
    assert found.customers["left"].tolist() == [True, True, False, False, False]
    tenure = found.customers["tenure_months"]
    assert tenure[2] == tenure[3] == tenure[4] and tenure[2] > tenure[1]
    assert any(TODAY.isoformat() in note and "2 dates lie after" in note for note in found.notes)
    assert table([day(30), day(60)]).customers["left"].tolist() == [False, False]


def test_the_last_of_past_dates_is_the_day_of_the_table() -> None:
    found = table(["2021-01-01", "2022-01-01", None])
    assert found.customers["tenure_months"].tolist() == [12.0, 24.0, 24.0]
    assert any("2022-01-01, the latest date" in note for note in found.notes)


@pytest.mark.parametrize("far", ["2099-12-31", "9999-12-31", "31/12/9999"])
def test_a_date_far_away_means_that_there_is_no_end(far: str) -> None:
    found = table(["2021-01-01", far, "2022-01-01", far])
    assert found.customers["left"].tolist() == [True, False, True, False]
    assert found.customers["left_date"].isna().tolist() == [False, True, False, True]
    assert found.customers["tenure_months"].tolist() == [12.0, 24.0, 24.0, 24.0]
    assert any(f"2 dates such as {far}" in note for note in found.notes)
    assert not any("not a date" in note or "not dates" in note for note in found.notes)


def test_everybody_left_by_date_is_said() -> None:
    found = table(["2021-01-01", "2022-01-01"])
    assert found.customers["left"].all() and any("Everybody left" in note for note in found.notes)
    some = table(["2021-01-01", None])
    assert not any("Everybody left" in note for note in some.notes)


def test_a_status_that_speaks_wins_over_a_few_dates() -> None:
    found = table(["2022-12-31", "2022-02-01", "2022-12-31"], ["active", "cancelled", "active"])
    assert found.columns["churned"] == "status" and found.customers["left"].tolist() == [False, True, False]
    assert any("2 customers have a date in 'end_date'" in note for note in found.notes)


def test_a_status_that_does_not_speak_leaves_it_to_the_dates() -> None:
    found = table(["2021-01-01", None, "2022-01-01"], ["1", "0", "0"])
    assert "churned" not in found.columns and found.customers["left"].tolist() == [True, False, True]


def test_a_status_against_many_dates_is_asked_for() -> None:
    ends, status = ["2022-12-31"] * 8 + ["2022-02-01"] * 2, ["active"] * 8 + ["cancelled"] * 2
    with pytest.raises(CvmError) as found:
        table(ends, status)
    error = found.value
    assert error.key == "subscribers.status_and_dates" and "8 customers" in str(error) and "as_of" in str(error)
    for options in ({"as_of": "2022-06-30"}, {"columns": {"left_date": ""}}, {"columns": {"churned": "status"}}):
        assert table(ends, status, **options).customers["left"].sum() == 2
    assert table(ends, status, columns={"churned": "", "left_date": "end_date"}).customers["left"].all()

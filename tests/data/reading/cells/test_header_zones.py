"""The time zone that a column's name states: its times are moved to the zone in which days begin, or it is said."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from cvmlab.data.reading import Log, read
from cvmlab.data.reading.cells.header_zones import header_zone

TIMES = ["2024-01-03 20:00", "2024-01-04 10:15:30"]


def log_of(column: str, times: list[object], **options: object) -> Log:
    frame = pd.DataFrame({"customer": ["a", "b"], column: times, "amount": "5"})
    return read(frame, columns={"date": column}, today="2026-11-28", **options)  # type: ignore[arg-type]


def days(log: Log) -> list[int]:
    return [date.day for _, date, *_ in sorted(log.transactions.fetchall())]


@pytest.mark.parametrize("column", ["Created (UTC)", "created_at_utc", "Date GMT", "createdAtUtc", "date [UTC+0]"])
def test_times_below_a_zone_are_moved(column: str) -> None:
    assert days(log_of(column, list(TIMES), timezone="Asia/Shanghai")) == [4, 4]
    assert "option_idle" not in {
        note.key for note in log_of(column, list(TIMES), timezone="Asia/Shanghai").quality.notes
    }
    assert days(log_of(column, list(TIMES), timezone="UTC")) == [3, 4]


def test_moments_of_a_typed_column_are_moved_too() -> None:
    moments: list[object] = [dt.datetime(2024, 1, 3, 20), dt.datetime(2024, 1, 4, 10)]
    assert days(log_of("created_utc", moments, timezone="Asia/Shanghai")) == [4, 4]
    assert days(log_of("created_utc", moments)) == [3, 4]


def test_without_a_zone_it_is_said_that_days_begin_in_utc() -> None:
    def said(times: list[object], column: str = "Created (UTC)") -> set[str]:
        return {note.key for note in log_of(column, times).quality.notes}

    assert "header_zone" in said(list(TIMES))
    assert "header_zone" not in said(list(TIMES), "Created") | said(["2024-01-03", "2024-01-04 00:00:00"])


@pytest.mark.parametrize(
    ("column", "zone"),
    [
        ("Time (UTC+8)", "+08:00"),
        ("GMT-05:30", "-05:30"),
        ("下单时间（北京时间）", "+08:00"),
        ("outcome", ""),
        ("Date", ""),
    ],
)
def test_a_zone_in_a_name(column: str, zone: str) -> None:
    assert header_zone(column) == zone


def test_the_month_may_stand_first_with_dashes_and_a_short_year() -> None:
    assert days(log_of("Sale Date", ["Jan-03-24", "Feb-14-24"])) == [3, 14]
    assert days(log_of("Sale Date", ["Jan 3, '24", "Feb/14/2024"])) == [3, 14]

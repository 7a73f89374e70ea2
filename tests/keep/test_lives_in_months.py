"""Dates of joining and leaving as months, by both clocks."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, datasets, retention

FIRST, LAST = pd.Timestamp("2009-01-01"), pd.Timestamp("2011-12-31")


def dated(*lives: tuple[str | None, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(lives, columns=["joined_date", "left_date"])
    return frame.apply(pd.to_datetime)


@pytest.mark.parametrize(
    ("joined", "left", "expected"),
    [
        ("2010-03-15", "2010-03-20", [1, 0, True, 15, 14]),  # in its first month
        ("2010-03-15", "2010-04-15", [2, 0, True, 16, 14]),  # on the day: the first month is full
        ("2010-03-15", "2010-04-14", [1, 0, True, 16, 14]),
        ("2008-11-10", None, [37, 2, False, 36, 0]),  # two months had passed, or nearly
        ("2008-11-01", None, [38, 2, False, 36, 0]),
        ("2011-12-31", None, [0, 0, False, 36, 35]),
        ("2010-03-15", "2012-02-01", [21, 0, False, 36, 14]),  # left when nobody looked any more
    ],
)
def test_a_life_is_counted_by_hand(joined: str, left: str | None, expected: list[object]) -> None:
    lived = retention.lives_in_months(dated((joined, left)), first=FIRST, last=LAST)
    assert lived[["tenure_months", "entered", "left", "month", "month_before"]].iloc[0].tolist() == expected


def test_who_was_not_seen_is_left_out() -> None:
    lives = dated(
        ("2008-02-01", "2008-12-31"), ("2012-01-01", None), ("2008-12-20", "2009-01-10"), ("2009-01-01", None)
    )
    lived = retention.lives_in_months(lives, first=FIRST, last=LAST)
    # the third went in the month in which observation began: others of that month had gone unseen
    assert lived["joined_date"].tolist() == [FIRST]


days = st.dates(dt.date(2007, 1, 1), dt.date(2012, 6, 30))


@settings(max_examples=25)
@given(st.lists(st.tuples(days, st.one_of(st.none(), st.integers(0, 1_500))), min_size=1, max_size=20))
def test_a_life_table_takes_every_result_and_no_life_is_longer_than_its_days(
    lives: list[tuple[dt.date, int | None]],
) -> None:
    frame = pd.DataFrame(
        {
            "joined_date": pd.to_datetime([joined for joined, _ in lives]),
            "left_date": pd.to_datetime(
                [None if length is None else joined + dt.timedelta(length) for joined, length in lives]
            ),
        }
    )
    lived = retention.lives_in_months(frame, first=FIRST, last=LAST)
    assert (lived["entered"] <= lived["tenure_months"] - lived["left"]).all()
    assert (lived["month_before"] < lived["month"]).all() and lived["month"].between(1, 36).all()
    until = lived["left_date"].where(lived["left"], LAST + pd.Timedelta(days=1))
    assert (30.4 * (lived["tenure_months"] - lived["left"]) <= (until - lived["joined_date"]).dt.days + 3).all()
    if len(lived):
        by_month = retention.life_table(lived, tenure="month", entered="month_before")
        assert by_month["left"].sum() == lived["left"].sum()
    if (lived["tenure_months"] > lived["entered"]).any():
        assert retention.life_table(lived, entered="entered")["left"].sum() == lived["left"].sum()


def test_the_launch_shows_in_the_months_of_the_carrier() -> None:
    subscribers = datasets.load("carrier_subscribers")
    lived = retention.lives_in_months(subscribers, first=FIRST, last=LAST)
    truth = datasets.load("carrier_truth")[["customer_id", "cause"]]
    ended = lived.merge(truth, on="customer_id").drop_duplicates("customer_id", keep="last")
    months = retention.life_table(lived, tenure="month", entered="month_before").set_index("period")
    before, after = months.loc[12:20, "hazard"].mean(), months.loc[23:28, "hazard"].mean()
    assert after > 1.4 * before
    causes = retention.causes_of_leaving(ended, cause="cause", tenure="month", entered="month_before")
    handset = causes[causes["cause"] == "handset"].set_index("period")["left"]
    # the launch is in September 2010, month 21
    assert handset.loc[:20].sum() == 0 and handset.loc[21:26].sum() > 100


def test_by_tenure_the_months_are_those_the_simulation_was_run_with() -> None:
    """Joined and left on any day of a month, a life of k months lasts from more than k − 1 to less than k + 1."""
    subscribers = datasets.load("carrier_subscribers")
    lived = retention.lives_in_months(subscribers, first=FIRST, last=LAST)
    gone = lived[lived["left"]]
    whole = gone["left_date"].dt.to_period("M").astype("int64") - gone["joined_date"].dt.to_period("M").astype("int64")
    assert np.abs(gone["tenure_months"] - whole).max() <= 1


@pytest.mark.parametrize(
    ("frame", "options", "says"),
    [
        (dated(("2010-01-01", "2009-01-01")), {}, "Row 1 .*2009-01-01, before it began"),
        (dated((None, "2009-01-01")), {}, "joined_date"),
        (dated(("2010-01-01", None)).rename(columns={"left_date": "end"}), {}, "left_date"),
        (dated(("2010-01-01", None)).astype(str), {}, "joined_date"),
        (dated(("2010-01-01", None)), {"last": pd.Timestamp("2008-12-31")}, "not before `first`"),
    ],
)
def test_dates_that_cannot_be_counted_are_refused(frame: pd.DataFrame, options: dict[str, object], says: str) -> None:
    with pytest.raises(CvmError, match=says):
        retention.lives_in_months(frame, **({"first": FIRST, "last": LAST} | options))  # type: ignore[arg-type]

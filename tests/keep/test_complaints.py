"""Leaving after a complaint: equal to counting day by day, right where the truth is known, and not fooled by time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, churn, datasets, speaking

FIRST = np.datetime64("2020-01-01")


def tables(lives: list[tuple[str, int, int | None]], said: list[tuple[str, int]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both tables from days since 2020-01-01."""

    def dates(days: list[int | None]) -> pd.Series:
        return pd.Series([None if day is None else FIRST + day for day in days], dtype="datetime64[us]")

    ids, joined, left = (list(column) for column in zip(*lives, strict=True))
    subscribers = pd.DataFrame({"customer_id": ids, "joined_date": dates(joined), "left_date": dates(left)})
    complainers, days = (list(column) for column in zip(*said, strict=True))
    return subscribers, pd.DataFrame({"customer_id": complainers, "date": dates(days)})


def day(number: int) -> object:
    return (FIRST + number).item()


LIVES = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(-5, 15), st.one_of(st.none(), st.integers(0, 20))),
    min_size=1,
    max_size=6,
).map(lambda lives: [(who, joined, None if stay is None else joined + stay) for who, joined, stay in lives])
SAID = st.lists(st.tuples(st.sampled_from("abc"), st.integers(-5, 25)), min_size=1, max_size=8)


@settings(max_examples=120, deadline=None)
@given(LIVES, SAID, st.integers(1, 6))
def test_it_counts_what_a_person_would_count_day_by_day(
    lives: list[tuple[str, int, int | None]], said: list[tuple[str, int]], days: int
) -> None:
    subscribers, complaints = tables(lives, said)
    if not {who for who, _ in said} & {who for who, _, _ in lives}:
        return
    found = churn.complaints_before_leaving(subscribers, complaints, days=days, start=day(0), end=day(20))
    at_risk, left = dict.fromkeys(found.table["state"], 0), dict.fromkeys(found.table["state"], 0)
    seen: dict[str, set[int]] = {state: set() for state in at_risk}
    above = below = 0.0
    for today in range(21):
        now = {"within": [0, 0], "others": [0, 0]}
        for number, (who, joined, end) in enumerate(lives):
            if not (joined <= today and (end is None or today <= end)):
                continue
            past = [today - at for name, at in said if name == who and joined <= at <= today]
            state = "none_so_far" if not past else "within" if min(past) < days else "later"
            at_risk[state] += 1
            left[state] += end == today
            seen[state].add(number)
            box = now["within" if state == "within" else "others"]
            box[0] += end == today
            box[1] += 1
        (hit, exposed), (missed, others) = now.values()
        if exposed + others:
            above += hit * others / (exposed + others)
            below += missed * exposed / (exposed + others)
    table = found.table.set_index("state")
    assert table["at_risk_days"].to_dict() == at_risk
    assert table["left"].to_dict() == left
    assert table["relationships"].to_dict() == {state: len(numbers) for state, numbers in seen.items()}
    if above and below:
        assert found.ratio == pytest.approx(above / below)
        assert found.ratio_low < found.ratio < found.ratio_high
    else:
        assert np.isnan(found.ratio)


def world(harm: float, seed: int, customers: int = 1_500, days: int = 400) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Simulate customers who leave at random, ``harm`` times as often in the 30 days that begin with a complaint."""
    draw = np.random.default_rng(seed)
    joins = draw.integers(0, 250, customers)
    left, latest, said = np.full(customers, -1), np.full(customers, -1_000), []
    for today in range(days):
        here = (joins <= today) & (left < 0)
        complains = here & (draw.random(customers) < 0.002)
        latest[complains] = today
        said += [(str(who), today) for who in np.flatnonzero(complains)]
        rate = np.where(today - latest < 30, harm, 1.0) * 0.0015
        left[here & (draw.random(customers) < rate)] = today
    lives = [(str(who), int(joins[who]), None if left[who] < 0 else int(left[who])) for who in range(customers)]
    return tables(lives, said)


@pytest.mark.parametrize("harm", [1.0, 3.0])
def test_the_ratio_is_that_of_the_world_and_its_interval_holds(harm: float) -> None:
    found = [churn.complaints_before_leaving(*world(harm, seed), days=30) for seed in range(40)]
    ratios = np.array([[one.ratio, one.ratio_low, one.ratio_high] for one in found])
    assert np.exp(np.log(ratios[:, 0]).mean()) == pytest.approx(harm, rel=0.12)
    assert np.mean((ratios[:, 1] <= harm) & (harm <= ratios[:, 2])) >= 0.87
    # the simple comparison finds the opposite, though complaints do harm or nothing
    shares = np.array([one.ever.set_index("complained")["share_left"] for one in found])
    never, ever = shares.mean(axis=0)
    assert ever < never


def test_the_trap_in_the_carriers_data_and_the_way_out() -> None:
    subscribers, complaints = datasets.load("carrier_subscribers"), datasets.load("carrier_complaints")
    before = subscribers.copy()
    found = churn.complaints_before_leaving(subscribers, complaints, days=90)
    pd.testing.assert_frame_equal(subscribers, before)
    ever = found.ever.set_index("complained")["share_left"]
    assert (round(ever[True], 3), round(ever[False], 3)) == (0.295, 0.384)
    assert round(found.ratio, 2) == 1.37
    assert 1.1 < found.ratio_low < found.ratio_high < 1.6
    rates = found.table.set_index("state")["rate"]
    assert rates["within"] > rates["later"] > rates["none_so_far"]
    assert "1.37 times" in found.sentence() and "misleads" in found.sentence()
    with speaking("zh"):
        assert "1.37 倍" in found.sentence()
    # in the book most losses follow a complaint; here 2% do within 90 days
    assert 0.015 < found.table.set_index("state").loc["within", "left"] / found.table["left"].sum() < 0.03
    polars = churn.complaints_before_leaving(pl.from_pandas(subscribers), pl.from_pandas(complaints), days=90)
    pd.testing.assert_frame_equal(polars.table, found.table)


def test_counting_starts_when_every_state_is_known() -> None:
    found = churn.complaints_before_leaving(*tables([("a", 0, 60), ("b", 0, None)], [("a", 5), ("b", 50)]), days=10)
    assert (found.start, found.end) == (day(15), day(60))
    assert found.table["at_risk_days"].sum() == 2 * 46


def test_nobody_left_gives_no_ratio_and_says_so() -> None:
    found = churn.complaints_before_leaving(*tables([("a", 0, None), ("b", 0, None)], [("a", 5), ("b", 60)]), days=10)
    assert np.isnan(found.ratio)
    assert "Too few customers" in found.sentence()
    assert (found.table["rate"].iloc[:2] == 0).all() and (found.table["rate_high"].iloc[:2] > 0).all()


def test_complaints_of_others_are_counted_and_a_second_relationship_starts_anew() -> None:
    lives = [("a", 0, 20), ("a", 30, None), ("b", 0, 40)]
    found = churn.complaints_before_leaving(
        *tables(lives, [("a", 10), ("a", 25), ("x", 3)]), days=5, start=day(0), end=day(40)
    )
    assert found.outside == 2
    table = found.table.set_index("state")
    assert table.loc["later", "at_risk_days"] == 6
    assert table.loc["later", "relationships"] == 1


LIFE, SAYING = tables([("a", 0, 50), ("b", 0, None)], [("a", 5), ("b", 40)])


@pytest.mark.parametrize(
    ("subscribers", "complaints", "options", "said"),
    [
        (LIFE.drop(columns="left_date"), SAYING, {}, "subscribers has no column 'left_date'"),
        (LIFE, SAYING.drop(columns="date"), {}, "complaints has no column 'date'"),
        (LIFE.assign(customer_id=[1, 2]), SAYING, {}, "'customer_id' of the table subscribers holds int64"),
        (LIFE.assign(joined_date=pd.NaT), SAYING, {}, "'joined_date' of the table subscribers has empty cells"),
        (LIFE.assign(joined_date=LIFE["joined_date"] + np.timedelta64(60, "D")), SAYING, {}, "Row 1 .*'a' left on"),
        (LIFE, SAYING.assign(customer_id="x"), {"days": 10}, "None of the complaints .*'x'"),
        (LIFE, SAYING.head(0), {}, "complaints has no rows"),
        (LIFE.head(0), SAYING, {}, "subscribers has no rows"),
        (LIFE, SAYING, {"days": 0}, "between 1 and 3650"),
        (LIFE, SAYING, {"days": 300}, "start.* before `end`"),
        (LIFE, SAYING, {"start": day(60)}, "start.* before `end`"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_refused(
    subscribers: pd.DataFrame, complaints: pd.DataFrame, options: dict[str, object], said: str
) -> None:
    assert churn.complaints_before_leaving(LIFE, SAYING, days=10).days == 10
    with pytest.raises(CvmError, match=said):
        churn.complaints_before_leaving(subscribers, complaints, **options)  # type: ignore[arg-type]

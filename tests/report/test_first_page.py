"""Page one: its figures add up, say one thing once, and name what is better where something simpler is."""

from __future__ import annotations

import dataclasses
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
from worlds import make_world

from cvmlab import case
from cvmlab.case import cautions
from cvmlab.data.reading import read
from cvmlab.report import first_page


@cache
def judged(world: str) -> case.Case:
    return case.study(read(make_world(world, 2).log.rename(columns={"revenue": "amount"}), name=world))


def number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(found[1].replace(",", "")) if found else 0


@pytest.mark.parametrize("world", ["free", "business", "season", "once"])
def test_whom_to_keep_to_spare_and_to_call_add_up_to_all(world: str) -> None:
    made = judged(world)
    text = first_page.five_sentences(made)[2]
    parts = (
        r"keep: ([\d,]+) of",
        r"([\d,]+) customers? (?:is|are) expected to bring less",
        r"([\d,]+)(?: on the call list)? (?:is|are) in neither",
        r"([\d,]+) brings? little although",
    )
    assert sum(number(pattern, text) for pattern in parts) == number(r"of ([\d,]+) customers", text)
    assert number(parts[0], text) == made.customers["value_type"].isin(["III", "IV"]).sum()


def test_how_many_came_back_is_told_once_and_as_counts() -> None:
    made = judged("free")
    silent, trust = first_page.five_sentences(made)[3:]
    assert made.past is not None and len(made.calls)
    called = made.past.called
    assert number(r"would have called ([\d,]+) customers silent", silent) == len(called)
    assert number(r"year; ([\d,]+) of them came back", silent) == called["bought"].sum()
    assert "silent" not in trust
    nobody = dataclasses.replace(made, calls=made.calls.iloc[:0])
    assert "customers silent who had bought" in first_page.five_sentences(nobody)[4]
    stayed = dataclasses.replace(made.past, customers=made.past.customers.assign(bought=False))
    assert "none of them came back" in first_page.five_sentences(dataclasses.replace(made, past=stayed))[3]


@pytest.mark.parametrize(
    ("captured", "said"),
    [(0.70, "the top 20% brought less: 60%"), (0.61, "brought as much: 60%"), (0.5, "go by last year's revenue")],
)
def test_page_one_says_where_last_year_ranks_as_well(captured: float, said: str) -> None:
    made = judged("free")
    assert made.past is not None
    past = dataclasses.replace(made.past, model_captured=captured, rival_captured=0.6)
    assert said in first_page.five_sentences(dataclasses.replace(made, past=past))[4]


@pytest.mark.parametrize(
    ("months", "over", "now", "before"),
    [
        (30, "years", (10, 12 * 200), (10, 12 * 100)),
        (18, "months_a_year_apart", (10, 3 * 200), (10, 3 * 100)),
        (8, "months", (10, 3 * 200), (10, 3 * 200)),
    ],
)
def test_a_trend_compares_years_or_else_the_same_months(
    months: int, over: str, now: tuple[float, float], before: tuple[float, float]
) -> None:
    day = pd.date_range("2022-01-31", periods=months, freq="ME")
    doubled = np.arange(months) >= months - 12
    log = pd.DataFrame(
        [(f"c{n}", when, 20.0 if twice else 10.0) for n in range(10) for when, twice in zip(day, doubled, strict=True)],
        columns=["customer_id", "date", "amount"],
    )
    found = cautions.trend(case.study(read(log.assign(date=log["date"].dt.strftime("%Y-%m-%d")), name="log")))
    assert found is not None and found[:3] == (now, before, over)


@pytest.mark.parametrize(("back", "said"), [(-30.0, "after returns of 30% of the sales"), (-2.0, "returns deducted")])
def test_many_returns_are_told_with_their_share(back: float, said: str) -> None:
    log = pd.DataFrame(
        [(f"c{n}", f"2024-{month:02d}-{day}", amount) for n in range(30) for month in range(1, 10)
         for day, amount in ((10, 100.0), (25, back))],
        columns=["customer_id", "date", "amount"],
    )  # fmt: skip
    page = first_page.page_one(case.study(read(log, name="log")), "x")[0]
    assert said in page._repr_html_()


def test_a_high_season_just_ahead_is_said() -> None:
    made = judged("season")
    assert made.models.season is not None
    peak = int(np.argmax(made.models.season.factors)) + 1
    for months_to_go, said in ((1, True), (3, True), (4, False), (12, False)):
        month = (peak - months_to_go - 1) % 12 + 1
        shown = dataclasses.replace(made, as_of=made.as_of.replace(month=month, day=1))
        assert any("just ahead" in note for note in first_page.judged_by(shown)) == said


def test_who_alone_makes_much_of_a_change_is_named() -> None:
    made = judged("free")
    assert made.moves is not None
    moves = made.moves.moves.assign(revenue_before=100.0, revenue_after=100.0)
    moves.loc[moves.index[0], "revenue_after"] = 10_100.0
    changed = dataclasses.replace(made, moves=dataclasses.replace(made.moves, moves=moves))
    assert f"{moves['customer_id'].iloc[0]} alone makes +10,000 of that" in first_page.five_sentences(changed)[1]
    moves["revenue_after"] = 120.0
    changed = dataclasses.replace(made, moves=dataclasses.replace(made.moves, moves=moves))
    assert "alone" not in first_page.five_sentences(changed)[1]


def test_a_list_that_is_probably_all_lost_has_no_range() -> None:
    made = judged("free")
    lost = made.recommendations["action"] == "win_back"
    sure = made.recommendations.assign(
        low=made.recommendations["low"].mask(lost, 50.0), high=made.recommendations["high"].mask(lost, 50.0)
    )
    assert made.past is not None
    few = dataclasses.replace(made.past, customers=made.past.customers.assign(silent=False))
    page = dataclasses.replace(made, recommendations=sure, past=few)
    assert "expect to lose all of it" in first_page.five_sentences(page)[3]
    assert "four chances" not in first_page._stakes(page)[2][1]

"""Where nobody left in the backtest, no test can choose: customers who buy at intervals are judged by three gaps."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from cvmlab import case, speaking
from cvmlab.case.rhythm import buys_at_intervals
from cvmlab.data.reading import read
from cvmlab.report import judging
from cvmlab.worth.buying import GapRule

LEFT = ("c00", "c01", "c02")


@cache
def judged(evenness: float, leave: bool = True) -> case.Case:
    """Judge sixty customers with gaps of two weeks, three of whom stop in the last year and nobody before."""
    draw = np.random.default_rng(8)
    rows = []
    for number in range(60):
        gaps = np.maximum(draw.gamma(evenness, 14 / evenness, 220), 1)
        day = np.cumsum(gaps).astype(int)
        end = 1_250 if leave and number < len(LEFT) else 1_400
        day = day[day < end]
        rows.append(pd.DataFrame({"customer_id": f"c{number:02}", "day": day, "amount": 100.0 + number}))
    log = pd.concat(rows)
    log["date"] = (pd.Timestamp("2021-01-01") + pd.to_timedelta(log["day"], "D")).dt.strftime("%Y-%m-%d")
    return case.study(read(log.drop(columns="day"), name="log"))


def test_at_regular_intervals_three_gaps_decide_and_find_all_who_left() -> None:
    made = judged(40)
    assert made.past is not None and made.past.nobody_left
    assert isinstance(made.models.buying, GapRule)
    assert sorted(made.calls["customer_id"]) == sorted(LEFT)
    # the models of buying at random would have been chosen by a hair
    best = min(made.past.tried, key=lambda one: one.brier)
    assert not isinstance(best.models.buying, GapRule) or len({one.brier for one in made.past.tried}) == 1


def test_at_random_the_model_stays_and_calls_no_slow_buyer() -> None:
    made = judged(1, leave=False)
    assert made.past is not None and made.past.nobody_left
    assert not isinstance(made.models.buying, GapRule)
    assert len(made.calls) <= 1


@pytest.mark.parametrize(("language", "said"), [("en", "no test can show"), ("zh", "无法检验")])
def test_the_report_does_not_say_that_a_test_without_leavers_chose(language: str, said: str) -> None:
    with speaking(language):
        for made in (judged(40), judged(1, leave=False)):
            text = " ".join(judging.judged_by(made))
            assert said in text
            assert "more closely" not in text
        assert ("三个间隔" in " ".join(judging.judged_by(judged(40)))) == (language == "zh")


@pytest.mark.parametrize(
    ("gaps", "regular"), [([7, 7, 7, 7, 7, 7], True), ([1, 20, 2, 30, 1, 25], False), ([7], False)]
)
def test_regular_is_what_varies_little(gaps: list[int], regular: bool) -> None:
    import duckdb

    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.cumsum([0, *gaps]), "D")
    log = pd.DataFrame({"customer_id": "a", "date": day, "amount": 1.0})
    assert buys_at_intervals(duckdb.from_df(log)) == regular

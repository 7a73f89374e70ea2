"""Sentences of page one that were true by rule and wrong in the case at hand: nobody, nothing, everybody, unchanged."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pandas as pd
import pytest
from worlds import make_world

from cvmlab import case, speaking
from cvmlab.case import cautions
from cvmlab.data.reading import read
from cvmlab.report import first_page, judging, sections


@cache
def judged(world: str) -> case.Case:
    return case.study(read(make_world(world, 2).log.rename(columns={"revenue": "amount"}), name=world))


def with_moves(made: case.Case, changes: dict[int, float], before: float = 100.0) -> case.Case:
    """Return a case whose customers all brought the same in both years, but for some."""
    assert made.moves is not None
    moves = made.moves.moves.assign(revenue_before=before, revenue_after=before)
    for row, change in changes.items():
        moves.loc[moves.index[row], "revenue_after"] += change
    return dataclasses.replace(made, moves=dataclasses.replace(made.moves, moves=moves))


def test_of_an_unchanged_revenue_nobody_makes_a_part_but_a_large_fall_is_news() -> None:
    made = with_moves(judged("free"), {0: -90.0})
    made = dataclasses.replace(made, moves=dataclasses.replace(made.moves, moves=made.moves.moves.head(21)))
    text = first_page.five_sentences(made)[1]
    assert "alone" in text, "4% less is a change"
    whole = with_moves(judged("free"), {0: -9_000.0, 1: 9_000.0}, before=10_000.0)
    whole = dataclasses.replace(whole, moves=dataclasses.replace(whole.moves, moves=whole.moves.moves.head(40)))
    text = first_page.five_sentences(whole)[1]
    name = str(whole.moves.moves["customer_id"].iloc[0])
    assert "unchanged" in text and "alone" not in text
    assert f"{name} brought 9,000 less than in the 12 months before" in text


def test_whoever_makes_the_change_is_not_named_twice() -> None:
    made = with_moves(judged("free"), {0: -90_000.0}, before=100_000.0)
    made = dataclasses.replace(made, moves=dataclasses.replace(made.moves, moves=made.moves.moves.head(20)))
    text = first_page.five_sentences(made)[1]
    assert "alone makes −90,000" in text
    assert "less than in" not in text


def test_a_change_larger_than_that_of_all_is_no_part_of_it() -> None:
    made = with_moves(judged("free"), {0: -9_000.0, 1: 3_000.0, 2: 1_000.0}, before=10_000.0)
    made = dataclasses.replace(made, moves=dataclasses.replace(made.moves, moves=made.moves.moves.head(20)))
    name = str(made.moves.moves["customer_id"].iloc[0])
    text = first_page.five_sentences(made)[1]
    assert "of that" not in text
    # the nineteen others rose from 190,000 to 194,000
    assert f"{name} makes −9,000: without this customer, revenue would be up 2.1%" in text


def test_nobody_of_type_one_is_not_told_as_zero() -> None:
    made = judged("free")
    valuable = dataclasses.replace(made, customers=made.customers.assign(value_type="III", action="maintain"))
    assert "expected to bring less" not in first_page.five_sentences(valuable)[2]
    assert "type I)" in first_page.five_sentences(made)[2]


def everybody_stays(made: case.Case) -> case.Case:
    """Return a case in which the model saw nobody leave, neither now nor in the backtest, and rightly."""
    alive = made.customers.assign(p_alive=0.99)
    none = made.recommendations.assign(
        customers=made.recommendations["customers"].mask(made.recommendations["action"] == "win_back", 0)
    )
    assert made.past is not None
    alarms = dataclasses.replace(
        made.past.alarms,
        silent_and_gone=0, silent_but_bought=0, active_but_gone=0, active_and_bought=len(made.past.customers),
    )  # fmt: skip
    past = dataclasses.replace(
        made.past, alarms=alarms, customers=made.past.customers.assign(silent=False, bought=True)
    )
    return dataclasses.replace(made, customers=alive, calls=made.calls.iloc[:0], recommendations=none, past=past)


@pytest.mark.parametrize(
    ("language", "right", "wrong"), [("en", "all {} customers bought again", "although"), ("zh", "全部再次购买", "而")]
)
def test_nobody_called_silent_and_nobody_gone_is_right_and_not_although(language: str, right: str, wrong: str) -> None:
    made = everybody_stays(judged("free"))
    assert made.past is not None
    with speaking(language):
        text = first_page.five_sentences(made)[4]
        assert right.format(len(made.past.customers)) in text
        assert wrong not in text
        told = "".join(piece._repr_html_() for piece in sections.backtested(made) if hasattr(piece, "_repr_html_"))
        assert right.format(len(made.past.customers)) in told


def test_chances_that_are_all_alike_are_not_drawn() -> None:
    made = judged("free")
    assert made.past is not None
    drawn = [getattr(piece, "name", "") for piece in sections.backtested(made)]
    assert "calibration" in drawn
    alike = dataclasses.replace(made.past, customers=made.past.customers.assign(chance_to_buy=0.97))
    drawn = [getattr(piece, "name", "") for piece in sections.backtested(dataclasses.replace(made, past=alike))]
    assert "calibration" not in drawn and "tracking" in drawn


def test_a_model_that_sees_nobody_leave_states_no_loss_of_zero_and_names_the_longest_silences() -> None:
    made = everybody_stays(judged("free"))
    customers = made.customers.assign(silent_gaps=0.5, frequency=20, silent_days=20)
    customers.loc[customers.index[0], ["silent_gaps", "silent_days"]] = [15.0, 200]
    made = dataclasses.replace(made, customers=customers)
    assert cautions.sees_nobody_leave(made)
    stake, text, _ = first_page._stakes(made)[2]
    assert stake == "–" and "cannot be told" in text
    name = str(customers["customer_id"].iloc[0])
    assert first_page.five_sentences(made)[3].endswith(f"so ask: {name}.")
    assert "cannot tell a pause from a loss" in first_page._calls(made)[1]


def test_where_all_buy_at_random_hardly_anybody_is_silent_beyond_chance() -> None:
    draw = np.random.default_rng(5)
    count = 2_000
    gaps = draw.integers(3, 40, count)
    made = judged("free")
    own = draw.gamma(gaps, 1.0) / gaps
    customers = pd.DataFrame(
        {
            "customer_id": [f"c{n}" for n in range(count)], "frequency": gaps, "silent_days": 30.0,
            "silent_gaps": draw.exponential(1.0, count) / own, "last_active_year": 1.0,
        }
    )  # fmt: skip
    found = cautions.silent_beyond_chance(dataclasses.replace(made, customers=customers))
    assert len(found) <= 4


def test_before_a_season_it_says_how_many_came_back_by_themselves() -> None:
    made = judged("season")
    assert made.models.season is not None and made.past is not None
    peak = int(np.argmax(made.models.season.factors)) + 1
    text = judging._season(made.models.season, (peak - 2) % 12 + 1, made.past)
    assert made.past.came_back is not None
    assert f"{made.past.came_back} came back without a call" in text
    assert "without a call" not in judging._season(made.models.season, (peak - 2) % 12 + 1, None)


def test_purchases_taken_back_whole_are_returns_too() -> None:
    days = pd.date_range("2024-01-10", periods=9, freq="30D").strftime("%Y-%m-%d")
    rows = [(f"c{n}", day, 100.0, f"{n}-{day}") for n in range(30) for day in days]
    back = [(customer, day, -amount, order) for customer, day, amount, order in rows[::3]]
    log = pd.DataFrame(rows + back, columns=["customer_id", "date", "amount", "order_id"])
    made = case.study(read(log, name="log"))
    assert made.quality.returned_whole == pytest.approx(9_000)
    assert "after returns of 33% of the sales" in first_page.page_one(made, "x")[0]._repr_html_()

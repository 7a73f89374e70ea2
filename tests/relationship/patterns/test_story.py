"""Curves of the patterns, what they cost, and the story that leads to them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError
from cvmlab import patterns as p
from cvmlab.relationship.lifecycle import ENDED, STAGES, Relationship, level_path, life_curve, stage_path

# --- the curves and what they cost ------------------------------------------------------------------

lives = st.builds(
    Relationship,
    exploration_months=st.integers(1, 24),
    formation_months=st.integers(1, 36),
    stability_months=st.integers(12, 120),
    decline_months=st.integers(1, 36),
)


@settings(max_examples=40, deadline=None)
@given(lives)
def test_a_curve_is_the_typical_one_until_it_is_left(relationship: Relationship) -> None:
    curves = p.typical_curves(relationship)
    whole, path = level_path(relationship), stage_path(relationship)
    for name, curve in curves.groupby("pattern"):
        before = curve[curve["stage"] != "decline"]
        assert before["level"].to_numpy() == pytest.approx(whole[: len(before)])
        assert before["stage"].tolist() == [STAGES[code - 1] for code in path[: len(before)]]
        assert before["stage"].iloc[-1] == p.STAGE_LEFT[str(name)]
        assert (curve["stage"].iloc[len(before) :] == "decline").all()
        falling = curve["level"].to_numpy()[len(before) - 1 :]
        assert len(falling) > 1
        assert (np.diff(falling) <= 1e-12).all()


@settings(max_examples=40, deadline=None)
@given(lives)
def test_the_patterns_read_back_from_their_own_curves(relationship: Relationship) -> None:
    for name, curve in p.typical_curves(relationship).groupby("pattern"):
        codes = [STAGES.index(stage) + 1 for stage in curve["stage"]]
        path = np.array([[*codes, ENDED]], dtype=np.uint8).T
        assert p.PATTERNS[int(p.pattern_of_paths(path)[0]) - 1] == name


def test_pattern_iv_is_the_life_curve_itself() -> None:
    relationship = Relationship()
    fourth = p.typical_curves(relationship).query("pattern == 'IV'")
    curve = life_curve(relationship)
    assert fourth["profit"].to_numpy() == pytest.approx(curve["profit"].to_numpy())
    assert fourth["revenue"].to_numpy() == pytest.approx(curve["revenue"].to_numpy())


@settings(max_examples=30, deadline=None)
@given(lives)
def test_the_earlier_it_is_left_the_more_is_lost(relationship: Relationship) -> None:
    table = p.lost_profit(relationship)
    assert table["pattern"].tolist() == list(p.PATTERNS)
    assert table["months"].is_monotonic_increasing
    assert table["lost"].iloc[-1] == 0
    assert table["lost"].is_monotonic_decreasing
    assert (table["present_value"] + table["lost"]).to_numpy() == pytest.approx(table["present_value"].iloc[-1])


def test_undiscounted_the_present_value_is_the_sum_and_next_is_less_than_now() -> None:
    flat = p.lost_profit(discount_rate=0.0)
    assert flat["present_value"].to_numpy() == pytest.approx(flat["profit"].to_numpy())
    now, later = p.lost_profit(first="now"), p.lost_profit(first="next")
    assert (now["present_value"] / later["present_value"]).to_numpy() == pytest.approx(1.1 ** (1 / 12))


@settings(max_examples=20, deadline=None)
@given(lives)
def test_left_in_the_months_of_the_curves_the_shares_are_those_of_the_curves(relationship: Relationship) -> None:
    curves, lost = p.typical_curves(relationship), p.lost_profit(relationship)
    months = curves[curves["stage"] != "decline"].groupby("pattern")["period"].count()
    shares = p.share_by_month_left(months.to_list(), relationship)
    assert shares["pattern"].tolist() == list(p.PATTERNS)
    assert shares["stage"].tolist() == [p.STAGE_LEFT[name] for name in p.PATTERNS]
    assert shares["share"].to_numpy() == pytest.approx(1 - lost["lost_share"].to_numpy(), nan_ok=True)


@pytest.mark.parametrize("month", [0, 85])
def test_a_relationship_is_left_in_no_month_that_it_lacks(month: int) -> None:
    with pytest.raises(CvmError, match="months 1 to 84"):
        p.share_by_month_left([month])


def test_without_late_stability_there_is_no_pattern_iv() -> None:
    with pytest.raises(CvmError, match="11 months"):
        p.typical_curves(Relationship(stability_months=11))


def test_a_share_of_a_loss_says_nothing() -> None:
    # a relationship that never earns: nothing is lost by ending it
    table = p.lost_profit(Relationship(fixed_cost=10_000))
    assert table["present_value"].iloc[-1] < 0
    assert table["lost_share"].isna().all()


# --- the story --------------------------------------------------------------------------------------

stories = st.builds(
    p.Story,
    expectation_rise=st.floats(0, 15),
    added_value=st.floats(0, 10),
    setback_month=st.integers(0, 84),
    setback_depth=st.integers(0, 50),
    alternative_month=st.integers(0, 84),
    alternative_value=st.integers(40, 110),
    unfairness=st.integers(0, 30),
    switching_cost=st.integers(0, 40),
    repair_month=st.integers(0, 84),
    repair_strength=st.integers(0, 40),
)


few = settings(max_examples=40, deadline=None)


def months_lived(story: p.Story) -> int:
    return int((p.live(story)["code"] != ENDED).sum())


@few
@given(stories, st.floats(0, 10))
def test_better_value_never_shortens_a_relationship(story: p.Story, more: float) -> None:
    better = story.replace(added_value=story.added_value + more)
    assert months_lived(better) >= months_lived(story)
    assert (p.live(better)["level"] >= p.live(story)["level"] - 1e-9).all()


@few
@given(stories)
def test_trouble_never_lengthens_a_relationship(story: p.Story) -> None:
    lived = months_lived(story)
    for changes in ({"setback_depth": 60}, {"unfairness": 40}, {"expectation_rise": 20}, {"alternative_value": 120}):
        assert months_lived(story.replace(**changes)) <= lived


@few
@given(stories, st.integers(0, 40))
def test_switching_cost_buys_months(story: p.Story, other: int) -> None:
    low, high = sorted([story.switching_cost, other])
    assert months_lived(story.replace(switching_cost=high)) >= months_lived(story.replace(switching_cost=low))


@few
@given(stories)
def test_switching_cost_does_not_keep_a_customer_for_ever(story: p.Story) -> None:
    # a shortfall that is never made up for ends any relationship, however bound
    lost = story.replace(switching_cost=40, setback_month=20, setback_depth=60, added_value=0, expectation_rise=5,
                         repair_month=0, months=120)  # fmt: skip
    assert months_lived(lost) < 120


@few
@given(stories, st.integers(1, 84), st.integers(1, 84))
def test_an_earlier_repair_never_does_worse(story: p.Story, one: int, other: int) -> None:
    early, late = sorted([one, other])
    assert months_lived(story.replace(repair_month=early)) >= months_lived(story.replace(repair_month=late))


@few
@given(stories)
def test_the_last_month_to_repair_is_the_last(story: p.Story) -> None:
    last = p.last_month_to_repair(story)
    if last is None:
        unrepaired = months_lived(story.replace(repair_month=0))
        at_once = months_lived(story.replace(repair_month=1))
        assert unrepaired == story.months or at_once < story.months
    else:
        assert months_lived(story.replace(repair_month=last)) == story.months
        if last < 84:
            assert months_lived(story.replace(repair_month=last + 1)) < story.months


def test_nobody_troubled_walks_the_typical_life_curve() -> None:
    relationship = Relationship()
    quiet = p.live(p.Story(setback_month=0), relationship)
    assert quiet["level"].to_numpy() == pytest.approx(level_path(relationship)[:84])
    assert quiet["code"].tolist() == stage_path(relationship)[:84].tolist()


def test_one_bad_purchase_ends_a_stranger_and_not_a_friend() -> None:
    assert p.ending(p.Story(setback_month=3, setback_depth=12)).months == 3
    assert p.ending(p.Story(setback_month=40, setback_depth=12)).months > 52


@pytest.mark.parametrize(
    ("story", "pattern", "cause"),
    [
        (p.Story(setback_month=3), "I", "setback"),
        (p.Story(setback_month=0, alternative_month=15), "II", "alternative"),
        (p.Story(setback_month=0, expectation_rise=12, added_value=2), "II", "expectation"),
        (p.Story(setback_month=0, unfairness=15), "III", "unfairness"),
        (p.Story(setback_month=30), "III", "setback"),
        (p.Story(setback_month=50), "IV", "setback"),
    ],
)
def test_the_cause_is_what_without_it_would_have_lasted_longest(story: p.Story, pattern: str, cause: str) -> None:
    end = p.ending(story)
    assert (end.pattern, end.cause) == (pattern, cause)
    assert end.months == months_lived(story)


def test_where_two_things_go_wrong_at_once_neither_is_named_alone() -> None:
    both = p.Story(setback_month=20, setback_depth=60, alternative_month=20, alternative_value=120, switching_cost=0)
    assert p.ending(both).cause == ""


def test_alive_at_the_end_of_the_story_it_is_undecided_or_iv() -> None:
    assert p.ending(p.Story(setback_month=30, months=36)) == p.Ending("", 36, "", None, ended=False)
    assert p.ending(p.Story(setback_month=0)) == p.Ending("IV", 84, "", None, ended=False)
    assert not p.ending(p.Story(setback_month=30, months=36)).ended
    assert p.ending(p.Story(setback_month=30, months=60)).ended


def test_a_story_of_one_month_and_one_out_of_bounds() -> None:
    assert p.ending(p.Story(months=1)).months == 1
    assert len(p.live(p.Story(months=1))) == 1
    with pytest.raises(CvmError, match="at least 0"):
        p.Story(setback_month=-1)
    with pytest.raises(CvmError, match="at least 1"):
        p.Story(months=0)

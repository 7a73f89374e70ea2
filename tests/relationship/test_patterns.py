"""The four patterns: whole paths read by hand, directions of the story, known truth from two generators."""

from __future__ import annotations

import re

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection

import cvmlab as cvm
from cvmlab import CvmError, feedback, market, stages
from cvmlab import patterns as p
from cvmlab import simulated as relationships
from cvmlab.core.words import read_table, speaking, term
from cvmlab.data.panels import Panel
from cvmlab.relationship.lifecycle import ENDED, STAGES, Relationship, level_path, life_curve, stage_path
from cvmlab.whatif import pattern_explorer


def paths(*texts: str) -> np.ndarray:
    """One customer a text, one digit a period; shape (periods, customers)."""
    return np.array([[int(code) for code in text] for text in texts], dtype=np.uint8).T


def pattern(text: str, late_months: float = 3, months: int = 1) -> str:
    return ["", *p.PATTERNS][int(p.pattern_of_paths(paths(text), late_months, months)[0])]


# --- whole paths ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("1145", "I"),
        ("1224455", "II"),
        ("12334455", "III"),
        ("123334455", "IV"),
        # straight from a stage, without a decline
        ("115", "I"),
        ("12255", "II"),
        ("123335", "IV"),
        # a decline that was repaired is a setback; what counts is the last one
        ("1224223345", "III"),
        ("12333422445", "II"),
        # months of stability add up over the whole relationship
        ("123342345", "IV"),
        # nothing but decline: exploration was never left
        ("445", "I"),
        # began late
        ("0001245", "II"),
    ],
)
def test_the_stage_left_is_the_last_before_the_final_decline(path: str, expected: str) -> None:
    assert pattern(path) == expected


@pytest.mark.parametrize("path", ["1233334", "1234", "1", "4", "000", "005", "555", "1233333333"])
def test_who_is_alive_or_never_began_has_no_pattern(path: str) -> None:
    assert pattern(path) == ""


def test_late_is_counted_in_months_not_in_periods() -> None:
    assert pattern("12333345", late_months=12, months=3) == "IV"
    assert pattern("1233345", late_months=12, months=3) == "III"
    assert pattern("12333345", late_months=12, months=1) == "III"


def test_draws_are_read_one_by_one() -> None:
    two = np.stack([paths("1145", "1225"), paths("1245", "1111")])
    assert p.pattern_of_paths(two).tolist() == [[1, 2], [2, 0]]
    assert p.last_periods(two).tolist() == [[2, 2], [2, 3]]


walks = st.lists(st.integers(0, 5), min_size=1, max_size=30)


@settings(max_examples=100)
@given(walks)
def test_a_pattern_needs_an_end_and_an_end_in_the_last_period(walk: list[int]) -> None:
    path = np.array([walk], dtype=np.uint8).T
    found = int(p.pattern_of_paths(path)[0])
    if walk[-1] != ENDED:
        assert found == 0
    elif any(1 <= code <= 4 for code in walk):
        assert found > 0
    # one more period of silence changes nothing for who has ended
    longer = np.concatenate([path, [[ENDED]]]).astype(np.uint8)
    if found:
        assert p.pattern_of_paths(longer)[0] == found


@settings(max_examples=100)
@given(walks, st.integers(1, 4))
def test_a_longer_final_decline_does_not_change_the_pattern(walk: list[int], more: int) -> None:
    ended = [*walk, ENDED]
    declining = [*walk, *[4] * more, ENDED]
    if any(1 <= code <= 4 for code in walk):
        read = [int(p.pattern_of_paths(np.array([path], dtype=np.uint8).T)[0]) for path in (ended, declining)]
        assert read[0] == read[1]


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.zeros(4, np.uint8), "shape"),
        (np.zeros((0, 3), np.uint8), "at least one period"),
        (np.array([[6]]), "from 0 to 5"),
        (np.array([[-1]]), "from 0 to (5|255)"),
        (np.array([[1.5]]), "whole numbers"),
    ],
)
def test_other_codings_are_refused(codes: np.ndarray, message: str) -> None:
    with pytest.raises(CvmError, match=message):
        p.pattern_of_paths(codes)


def test_codes_in_lists_are_as_good_as_arrays() -> None:
    codes = paths("1145", "1224", "1235")
    listed = codes.tolist()
    for read in (p.pattern_of_paths, p.last_periods, p.late_formation):
        assert read(listed).tolist() == read(codes).tolist()
        assert read(codes.astype(np.int64)).tolist() == read(codes).tolist()
    assert p.fate_of_the_living(listed, 2).equals(p.fate_of_the_living(codes, 2))


@pytest.mark.parametrize("read", [p.last_periods, p.late_formation, lambda codes: p.fate_of_the_living(codes, 1)])
@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ([[1, 2], [1]], "differ in length|array of whole numbers"),
        (None, "shape|array of whole numbers"),
        ([1, 2], "shape"),
        (np.zeros((0, 3), np.uint8), "at least one period"),
        ([[9], [5]], "from 0 to 5"),
        ([[1.0], [5.0]], "whole numbers"),
        ([["1"], ["5"]], "whole numbers"),
    ],
)
def test_whoever_reads_paths_refuses_other_codings(read, codes, message: str) -> None:
    with pytest.raises(CvmError, match=message):
        read(codes)


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2", None])
def test_periods_and_months_are_counted_in_whole_numbers(count) -> None:
    codes = paths("1145", "1224")
    with pytest.raises(CvmError, match="whole number"):
        p.fate_of_the_living(codes, count)
    with pytest.raises(CvmError, match="whole number"):
        p.late_formation(codes, count)


@pytest.mark.parametrize("codes", [np.ones((2, 3, 4), np.uint8), np.ones((1, 3, 4), np.uint8)])
def test_what_looks_at_one_course_each_takes_no_draws(codes: np.ndarray) -> None:
    for read in (p.late_formation, lambda codes: p.fate_of_the_living(codes, 1)):
        with pytest.raises(CvmError, match=r"\(periods, customers\) with"):
            read(codes)


@pytest.mark.parametrize(("late_months", "months"), [(-1, 1), (12, 0), (np.nan, 1), (12, -3), ("12", 1)])
def test_durations_that_are_none_are_refused(late_months: float, months: int) -> None:
    with pytest.raises(CvmError, match=r"must be at least|finite number"):
        p.pattern_of_paths(paths("115"), late_months, months)


# --- causes -----------------------------------------------------------------------------------------


def test_every_pattern_has_causes_and_every_cause_stands_once() -> None:
    rows = read_table("rules/pattern_causes")
    assert {row["pattern"] for row in rows} == set(p.PATTERNS)
    assert len({row["cause"] for row in rows}) == len(rows)
    assert {row["source"] for row in rows} | {row["measure_source"] for row in rows} <= {"CRM3", "ours"}
    for language in ("en", "zh"):
        table = p.causes(language)
        assert table["why"].is_unique
        assert table["measure"].is_unique
        left = {name: term(stage, language) for name, stage in p.STAGE_LEFT.items()}
        assert (table["stage_left"] == table["pattern"].map(left)).all()


def test_the_causes_named_by_the_source_are_there() -> None:
    named = {(row["pattern"], row["cause"]) for row in read_table("rules/pattern_causes") if row["source"] == "CRM3"}
    assert named >= {
        ("I", "disappointed"), ("I", "judged_worthless"), ("II", "needs_unknown"), ("II", "capability_missing"),
        ("II", "better_alternative"), ("III", "no_innovation"), ("III", "unfair"), ("IV", "value_ahead"),
        ("IV", "fair_win_win"), ("IV", "bound"), ("IV", "repaired"),
    }  # fmt: skip


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


def test_it_is_alive_at_the_end_of_the_story_and_has_no_pattern() -> None:
    assert p.ending(p.Story(setback_month=30, months=36)) == p.Ending("", 36, "", None)
    assert not p.ending(p.Story(setback_month=30, months=36)).ended
    assert p.ending(p.Story(setback_month=30, months=60)).ended


def test_a_story_of_one_month_and_one_out_of_bounds() -> None:
    assert p.ending(p.Story(months=1)).months == 1
    assert len(p.live(p.Story(months=1))) == 1
    with pytest.raises(CvmError, match="at least 0"):
        p.Story(setback_month=-1)
    with pytest.raises(CvmError, match="at least 1"):
        p.Story(months=0)


# --- histories --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def known() -> relationships.Relationships:
    return relationships.simulate_relationships(relationships.Population(), 400, 60, seed=7)


@pytest.fixture(scope="module")
def model(known: relationships.Relationships) -> stages.StageModel:
    return stages.fit(known.panel, seed=0)


@pytest.fixture(scope="module")
def classified(known: relationships.Relationships, model: stages.StageModel) -> pd.DataFrame:
    return p.classify(known.panel, model, draws=30, seed=1)


def test_true_paths_read_as_the_generator_says(known: relationships.Relationships) -> None:
    # who ended in the very first month was never seen alive
    seen = (known.truth["start"] < len(known.panel.period)).to_numpy()
    names = np.array(["", *p.PATTERNS], dtype=object)[p.pattern_of_paths(known.stage)]
    assert (names == known.truth["pattern"].to_numpy())[seen].all()


def test_probabilities_add_up_and_confidence_is_that_of_what_is_said(classified: pd.DataFrame) -> None:
    given = classified[[f"probability_{name}" for name in p.PATTERNS]].to_numpy()
    ended = classified["ended_probability"].to_numpy()
    assert (np.isnan(given).all(axis=1) == (ended == 0)).all()
    assert given[ended > 0].sum(axis=1) == pytest.approx(1)
    decided = (classified["pattern"] != "").to_numpy()
    assert (decided == (ended > 0.5)).all()
    assert (classified["confidence"] > 0).all()
    assert classified["confidence"].to_numpy()[~decided] == pytest.approx(1 - ended[~decided])
    best = np.nan_to_num(given).max(axis=1) * ended
    assert classified["confidence"].to_numpy()[decided] == pytest.approx(best[decided])
    left = classified["pattern"].map({**p.STAGE_LEFT, "": ""})
    assert (classified["stage_left"] == left).all()


def test_who_bought_in_the_last_period_is_undecided(
    known: relationships.Relationships, classified: pd.DataFrame
) -> None:
    bought = known.panel["revenue"][-1] > 0
    assert bought.any()
    assert (classified["pattern"][bought] == "").all()
    assert (classified["last_period"][bought] == known.panel.period[-1]).all()


def test_last_periods_of_the_ended_are_near_the_truth(
    known: relationships.Relationships, classified: pd.DataFrame
) -> None:
    both = ((classified["pattern"] != "") & (known.truth["ended"] > 0)).to_numpy()
    said = np.searchsorted(known.panel.period, classified["last_period"].to_numpy().astype("datetime64[D]"))
    assert np.median(np.abs(said - (known.truth["ended"].to_numpy() - 1))[both]) <= 1


def share_right(classified: pd.DataFrame, known: relationships.Relationships) -> float:
    """Return the share classified correctly, each pattern and the undecided counting alike."""
    return float(p.grade(classified, known.truth)["right"].mean())


def way_to_the_truth(known: relationships.Relationships, classified: pd.DataFrame) -> float:
    """Return how much of the way from the rule of thumb to the true parameters `classify` goes: 0 to 1."""
    names = np.array(["", *p.PATTERNS], dtype=object)
    by_rule = names[p.pattern_of_paths(stages.rule_of_thumb(known.panel))]
    rule = share_right(pd.DataFrame({"customer_id": known.panel.customer_id, "pattern": by_rule}), known)
    best = stages.fit_from_truth(known.panel, known.stage)
    true = share_right(p.classify(known.panel, best, draws=20, seed=0), known)
    assert true > rule
    return (share_right(classified, known) - rule) / (true - rule)


def test_patterns_are_found_again_in_histories_of_the_same_model(
    known: relationships.Relationships, classified: pd.DataFrame
) -> None:
    table = p.grade(classified, known.truth)
    assert table[[*p.PATTERNS, "undecided"]].to_numpy().sum() == 400
    assert way_to_the_truth(known, classified) > 0.5


def test_from_another_generator_the_patterns_are_found_too() -> None:
    seen = relationships.from_market(market.simulate(customers=1_500, periods=36, seed=3), "Unicom")
    assert way_to_the_truth(seen, p.classify(seen.panel, draws=20, seed=0)) > 0.5


def test_draws_follow_the_seed(known: relationships.Relationships, model: stages.StageModel) -> None:
    one, same, other = (p.classify(known.panel, model, draws=5, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert not one.equals(other)


def panel_of(revenue: list[list[float]]) -> Panel:
    array = np.array(revenue, dtype=float)
    periods, customers = array.shape
    start = np.datetime64("2020-01", "M") + np.arange(periods)
    ids = np.array([f"c{k}" for k in range(customers)], dtype=object)
    return Panel(ids, start.astype("datetime64[D]"), 1, {"revenue": array}, np.zeros(customers, dtype=np.int64))


@pytest.mark.parametrize(
    "revenue",
    [
        [[100.0, 50.0]],
        [[100.0]] * 24,
        [[100.0, 20.0]] * 10,
        [[100.0], [-30.0], [80.0]] * 6,
    ],
    ids=["one period", "one customer", "nobody ended", "refunds"],
)
def test_small_and_odd_panels_are_answered(revenue: list[list[float]]) -> None:
    panel = panel_of(revenue)
    found = p.classify(panel, draws=5)
    assert found["customer_id"].tolist() == panel.customer_id.tolist()
    assert set(found["pattern"]) <= {"", *p.PATTERNS}
    bought = panel["revenue"][-1] > 0
    assert (found["pattern"][bought] == "").all()


def test_where_nobody_ever_buys_there_are_no_stages() -> None:
    with pytest.raises(CvmError, match="revenue above 0"):
        p.classify(panel_of([[0.0, 0.0]] * 12))


def test_draws_below_one_are_refused() -> None:
    panel = panel_of([[100.0]] * 3)
    for draws in (0, -3, 2.5, "many"):
        with pytest.raises(CvmError, match=r"draws \(draws\) is|draws="):
            p.classify(panel, draws=draws)


def test_the_living_end_up_in_every_pattern(known: relationships.Relationships) -> None:
    table = p.fate_of_the_living(known.stage, 30).set_index("stage")
    alive = (known.stage[29] > 0) & (known.stage[29] < ENDED)
    assert table["customers"].sum() == alive.sum()
    assert (table[[*p.PATTERNS, "alive"]].sum(axis=1) == table["customers"]).all()
    # who is in formation can still end in any way but as an early failure, unless there is no way back
    assert (table.loc["formation", ["II", "III", "alive"]] > 0).all()
    assert table.loc["stability", "I"] == 0
    with pytest.raises(CvmError, match=r"too few periods \(60\)"):
        p.fate_of_the_living(known.stage, 60)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1_000), st.integers(1, 20), st.integers(1, 20))
def test_shuffling_keeps_every_month_and_the_beginning(seed: int, periods: int, customers: int) -> None:
    luck = np.random.default_rng(seed)
    revenue = luck.random((periods, customers))
    first = luck.integers(0, periods, customers)
    revenue[np.arange(periods)[:, None] < first] = 0
    start = (np.datetime64("2020-01", "M") + np.arange(periods)).astype("datetime64[D]")
    ids = np.array([f"c{k}" for k in range(customers)], dtype=object)
    panel = Panel(ids, start, 1, {"revenue": revenue, "profit": 2 * revenue}, first)
    shuffled = p.shuffle_months(panel, seed)
    assert np.sort(shuffled["revenue"], axis=0).tolist() == np.sort(revenue, axis=0).tolist()
    assert (shuffled["profit"] == 2 * shuffled["revenue"]).all()
    assert (shuffled["revenue"][np.arange(periods)[:, None] < first] == 0).all()
    assert panel["revenue"] is revenue


@pytest.mark.parametrize("seed", [-1, 1.5, "a", None, True, 2**64])
def test_shuffling_needs_a_seed(seed, known: relationships.Relationships, model: stages.StageModel) -> None:
    with pytest.raises(CvmError, match="seed"):
        p.shuffle_months(known.panel, seed)
    with pytest.raises(CvmError, match="seed"):
        p.stages_against_shuffled(known.panel, model, seed=seed)


def test_stages_that_are_there_are_not_found_in_shuffled_months(
    known: relationships.Relationships, model: stages.StageModel
) -> None:
    table = p.stages_against_shuffled(known.panel, model).set_index("stage")
    assert table[["share", "share_shuffled"]].sum().tolist() == pytest.approx([1, 1])
    # time is what tells an ended relationship from one with gaps
    assert table["share"]["ended"] > table["share_shuffled"]["ended"] + 0.05


# --- counting and grading ---------------------------------------------------------------------------


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["", *p.PATTERNS]), min_size=1, max_size=60))
def test_shares_add_up_and_lie_in_their_interval(names: list[str]) -> None:
    table = p.pattern_shares(pd.DataFrame({"pattern": names}))
    assert table["customers"].sum() == len(names)
    assert table["share"].sum() == pytest.approx(1)
    assert ((table["low"] <= table["share"] + 1e-12) & (table["share"] <= table["high"] + 1e-12)).all()
    assert table["expected_share"].isna().all()


def test_the_interval_is_wilsons() -> None:
    # Brown, Cai & DasGupta 2001 give the formula; 0 of 10 has the limits 0 and z²/(n+z²)
    table = p.pattern_shares(pd.DataFrame({"pattern": ["I"] * 10}))
    z2 = 1.959964**2
    assert table.set_index("pattern")["high"]["II"] == pytest.approx(z2 / (10 + z2))
    assert table.set_index("pattern")["low"]["I"] == pytest.approx(10 / (10 + z2))


def test_expected_shares_add_up(classified: pd.DataFrame) -> None:
    assert p.pattern_shares(classified)["expected_share"].sum() == pytest.approx(1)


def test_unknown_patterns_and_missing_truth_are_told() -> None:
    said = pd.DataFrame({"customer_id": ["a", "b"], "pattern": ["I", "V"]})
    with pytest.raises(CvmError, match="'V' in row 2"):
        p.pattern_shares(said)
    fine = said.replace("V", "")
    with pytest.raises(CvmError, match="customer 'b'"):
        p.grade(fine, fine.head(1))
    with pytest.raises(CvmError, match="no column 'pattern'"):
        p.pattern_shares(pd.DataFrame({"customer_id": ["a"]}))
    with pytest.raises(CvmError):
        p.pattern_shares(fine.head(0))


def test_a_customer_is_graded_once() -> None:
    said = pd.DataFrame({"customer_id": ["a", "b"], "pattern": ["I", ""]})
    twice = pd.concat([said, said.iloc[[1]]])
    for one, other in ((twice, said), (said, twice)):
        with pytest.raises(CvmError, match="'b' appears in 2 rows"):
            p.grade(one, other)


def test_profit_by_pattern_sums_what_was_brought() -> None:
    panel = panel_of([[10.0, 20.0, 30.0, 5.0], [10.0, 0.0, 50.0, 5.0]])
    said = pd.DataFrame({"customer_id": ["c3", "c2", "c1", "c0"], "pattern": ["", "IV", "I", "I"]})
    table = p.profit_by_pattern(panel, said, measure="revenue").set_index("pattern")
    assert table["mean"]["I"] == 20
    assert table["mean"]["IV"] == 80
    assert table["lost"]["I"] == 60
    assert table["customers"].tolist() == [2, 0, 0, 1, 1]
    assert np.isnan(table["lost"][""])
    # two equal sums have no spread; of one nothing is known
    assert (table["low"]["I"], table["high"]["I"]) == (20, 20)
    assert np.isnan(table["low"]["IV"])
    with pytest.raises(CvmError, match="no column 'profit'"):
        p.profit_by_pattern(panel, said)
    with pytest.raises(CvmError, match="customer 'c0'"):
        p.profit_by_pattern(panel, said.head(3), measure="revenue")


def test_profit_by_pattern_leaves_nobody_out_without_a_word() -> None:
    panel = panel_of([[10.0, 20.0, 30.0], [10.0, 0.0, 50.0]])
    said = pd.DataFrame({"customer_id": ["c0", "c1", "c2"], "pattern": ["I", "IV", ""]})
    with pytest.raises(CvmError, match="'V' in row 2 of the table classified"):
        p.profit_by_pattern(panel, said.replace("IV", "V"), measure="revenue")
    for gap in (None, np.nan):
        with pytest.raises(CvmError, match="in row 1 of the table classified"):
            p.profit_by_pattern(panel, said.assign(pattern=[gap, "IV", ""]), measure="revenue")
    with pytest.raises(CvmError, match="'c1' appears in 2 rows"):
        p.profit_by_pattern(panel, pd.concat([said, said.iloc[[1]]]), measure="revenue")
    with pytest.raises(CvmError, match="no column 'customer_id'"):
        p.profit_by_pattern(panel, said[["pattern"]], measure="revenue")
    with pytest.raises(CvmError, match="no rows"):
        p.profit_by_pattern(panel, said.head(0), measure="revenue")
    panel["revenue"][1, 2] = np.nan
    with pytest.raises(CvmError, match="'revenue' of customer c2 in the period from 2020-02-01"):
        p.profit_by_pattern(panel, said, measure="revenue")


# --- the lesson -------------------------------------------------------------------------------------


def stated(question: str) -> tuple[float, float]:
    (row,) = [row for row in read_table("answers/single") if row["question"] == question]
    return float(row["answer"]), float(row["tolerance"])


def test_the_loss_despite_a_repair_is_what_the_model_says() -> None:
    repaired = p.live(p.Story(setback_month=30, repair_month=30))["profit"].sum()
    undisturbed = p.live(p.Story(setback_month=0))["profit"].sum()
    loss = 100 * (1 - repaired / undisturbed)
    assert abs(loss - stated("patterns.loss_despite_repair")[0]) < 0.05
    assert feedback.check("patterns.loss_despite_repair", loss).right


def test_who_is_back_from_decline_is_what_the_truth_says() -> None:
    accounts = relationships.simulate_relationships(relationships.Population(), customers=600, periods=60, seed=2)
    declining = p.fate_of_the_living(accounts.stage, periods=24).set_index("stage").loc["decline"]
    share = 100 * declining["alive"] / declining["customers"]
    assert abs(share - stated("patterns.back_from_decline")[0]) < 0.05
    assert feedback.check("patterns.back_from_decline", share).right


def test_revenue_alone_cannot_tell_late_formation_from_stability() -> None:
    accounts = relationships.simulate_relationships(relationships.Population(), customers=600, periods=60, seed=2)
    late = p.late_formation(accounts.stage)
    named = {}
    for columns in (("revenue",), None):
        model = stages.fit(accounts.panel, columns=columns, seed=0)
        named[columns] = (stages.decode(accounts.panel, model).stage == 2)[late].mean()
    # measured: 44% and 61%
    assert named[None] > named[("revenue",)] + 0.05
    assert named[("revenue",)] < 0.6


def test_the_misconception_is_caught() -> None:
    assert [feedback.check("patterns.switching", letter).right for letter in "abc"] == [False, False, True]


# --- pictures and the what-if -----------------------------------------------------------------------


def texts(ax) -> str:
    return " ".join(text.get_text() for text in ax.figure.findobj(mpl.text.Text))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_charts_speak_both_languages(language: str) -> None:
    with speaking(language):
        shares = p.pattern_shares(pd.DataFrame({"pattern": ["I", "", "", "IV"]})).assign(true_share=0.2)
        drawn = [
            cvm.charts.plot_patterns(p.typical_curves()),
            cvm.charts.plot_pattern_shares(shares),
            cvm.charts.plot_lost_profit(p.lost_profit()),
        ]
        for ax in drawn:
            for name in p.PATTERNS:
                assert term(f"patterns.pattern_{name}") in texts(ax)
            ax.figure.canvas.draw()


def test_unnamed_curves_give_nothing_away() -> None:
    ax = cvm.charts.plot_patterns(p.typical_curves(), named=False, value="revenue")
    for name in p.PATTERNS:
        assert term(f"patterns.pattern_{name}") not in texts(ax)
    longest = [panel.lines[0].get_xdata()[-1] for panel in ax.child_axes]
    by_length = [f"patterns.curve_{'ABCD'[place]}" for place in np.argsort(longest)]
    assert by_length == p.unnamed_in_order()
    assert len({panel.get_ylim() for panel in ax.child_axes}) == 1


def test_the_undecided_are_hatched_and_the_others_not() -> None:
    ax = cvm.charts.plot_pattern_shares(p.pattern_shares(pd.DataFrame({"pattern": ["I", "", ""]})))
    assert [bool(bar.get_hatch()) for bar in ax.patches] == [False] * 4 + [True]
    assert "the others (67%) are still alive" in ax.get_title(loc="left")


def test_lost_profit_fills_every_bar_up_to_pattern_iv() -> None:
    table = p.lost_profit()
    ax = cvm.charts.plot_lost_profit(table)
    ends = {round(bar.get_x() + bar.get_width(), 6) for bar in ax.patches[4:]}
    assert ends == {round(float(table["present_value"].iloc[-1]), 6)}
    with pytest.raises(CvmError):
        cvm.charts.plot_lost_profit(table.head(0))


@pytest.fixture(scope="module")
def explorer():
    return pattern_explorer()


@pytest.fixture(autouse=True)
def nothing_moved(explorer):
    explorer.reset()


def test_the_explorer_says_what_the_model_says(explorer) -> None:
    for changes in ({}, {"setback_month": 3}, {"repair_month": 28}, {"switching_cost": 0}):
        explorer.reset()
        explorer.set(**changes)
        story = p.Story().replace(**changes)
        end = p.ending(story)
        assert explorer.result["ending"] == end
        assert explorer.result["lived"] == end.months
        assert explorer.result["profit"] == pytest.approx(p.live(story)["profit"].iloc[: end.months].sum())
        assert not explorer.trouble


def test_what_recommendations_bring_after_the_end_is_no_profit_of_the_relationship(explorer) -> None:
    life = p.live(p.Story())
    after = life["profit"][life["code"] == ENDED].sum()
    assert after > 1_000
    assert explorer.result["profit"] == pytest.approx(life["profit"].sum() - after)
    undisturbed = p.live(p.Story(setback_month=0))["profit"].sum()
    assert explorer.result["lost"] == pytest.approx(undisturbed - explorer.result["profit"])


def test_an_undisturbed_life_loses_nothing(explorer) -> None:
    explorer.set(setback_month=0)
    assert explorer.result["lost"] == pytest.approx(0)
    assert explorer.baseline["lost"] > 0


def test_every_preset_shows_its_pattern(explorer) -> None:
    found = []
    for button in explorer._presets:
        button.click()
        assert not explorer.trouble
        found.append(explorer.result["ending"].pattern)
    assert found == ["I", "II", "III", "III", "III", ""]


def test_the_sentence_names_pattern_cause_and_last_month(explorer) -> None:
    explorer.set(setback_month=36)
    last = p.last_month_to_repair(p.Story(setback_month=36))
    assert "pattern IV" in explorer.sentence or "pattern III" in explorer.sentence
    assert "nobody repaired" in explorer.sentence
    assert re.search(rf"by month {last}\.$", explorer.sentence)
    with speaking("zh"):
        chinese = pattern_explorer()
        chinese.set(setback_month=3)
        assert "早期流产型" in chinese.sentence
        assert "防患于未然" in chinese.sentence


def test_only_the_level_leaves_a_ghost(explorer) -> None:
    ax = explorer._picture._ax
    assert not [artist for artist in ax.get_children() if isinstance(artist, LineCollection)]
    assert len(ax.lines) >= 1


def test_values_beyond_the_axis_are_still_seen(explorer) -> None:
    explorer.set(setback_month=0, added_value=20)
    assert explorer._picture._ax.get_ylim()[1] > 190


def test_the_explorer_is_found_where_the_other_what_ifs_are() -> None:
    assert cvm.whatif.pattern_explorer is pattern_explorer


@pytest.mark.parametrize("language", ["en", "zh"])
def test_charts_change_neither_the_session_nor_the_frame_and_draw_where_they_are_told(language: str) -> None:
    import matplotlib.pyplot as plt

    shares = p.pattern_shares(pd.DataFrame({"pattern": ["I", "", "IV"]}))
    charts = cvm.charts
    cases = [
        (charts.plot_patterns, p.typical_curves()),
        (charts.plot_pattern_shares, shares),
        (charts.plot_lost_profit, p.lost_profit()),
    ]
    with speaking(language):
        for plot, frame in cases:
            before, settings_before = frame.copy(), dict(mpl.rcParams)
            _, ax = plt.subplots()
            assert plot(frame, ax=ax) is ax
            pd.testing.assert_frame_equal(frame, before)
            assert dict(mpl.rcParams) == settings_before
            with pytest.raises(CvmError):
                plot(frame.head(0))
            with pytest.raises(CvmError):
                plot(frame.drop(columns="pattern"))

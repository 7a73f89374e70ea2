"""The four patterns: whole paths read by hand, and their causes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pattern_paths import paths, pattern

from cvmlab import CvmError, market, simulated
from cvmlab import patterns as p
from cvmlab.core.words import read_table, term
from cvmlab.relationship.lifecycle import ENDED

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
        # a decline that was repaired is a setback; who has reached stability is III or IV, whatever the way to the end
        ("1224223345", "III"),
        ("12334422445", "III"),
        ("12333422445", "IV"),
        # past early stability it is IV, ended or not
        ("1233334", "IV"),
        ("1233333333", "IV"),
        ("12333422", "IV"),
        # months of stability add up over the whole relationship
        ("123342345", "IV"),
        # nothing but decline: exploration was never left
        ("445", "I"),
        # began late
        ("0001245", "II"),
    ],
)
def test_the_highest_stage_names_the_pattern(path: str, expected: str) -> None:
    assert pattern(path) == expected


@pytest.mark.parametrize("path", ["123344", "1234", "1", "4", "000", "005", "555", "1233"])
def test_who_is_alive_before_late_stability_or_never_began_is_undecided(path: str) -> None:
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
def test_all_patterns_but_iv_need_an_end_and_an_end_in_the_last_period(walk: list[int]) -> None:
    path = np.array([walk], dtype=np.uint8).T
    found = int(p.pattern_of_paths(path)[0])
    if walk[-1] != ENDED:
        assert found in (0, 4)
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


def test_three_sources_name_one_pattern() -> None:
    # a carrier's relationships, as the market names them and as their paths are read
    result = market.simulate(customers=800, periods=40, seed=8)
    seen = simulated.from_market(result, "Unicom")
    spells = result.spells().query("carrier == 'Unicom'")
    assert spells["pattern"].tolist() == seen.truth["pattern"].tolist()
    assert set(spells["pattern"][~spells["ended"]]) == {"", "IV"}
    names = np.array(["", *p.PATTERNS], dtype=object)
    assert names[p.pattern_of_paths(seen.stage)].tolist() == seen.truth["pattern"].tolist()


@settings(max_examples=100)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.booleans())
def test_random_paths_are_named_as_the_book_says(walk: list[int], is_over: bool) -> None:
    path = np.array([[*walk, ENDED] if is_over else walk], dtype=np.uint8).T
    found = ["", *p.PATTERNS][int(p.pattern_of_paths(path)[0])]
    stable = walk.count(3)
    if stable >= p.LATE_MONTHS:
        assert found == "IV"
    elif not is_over or not any(walk):
        assert found == ""
    else:
        assert found == ("III" if stable else "II" if 2 in walk else "I")


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

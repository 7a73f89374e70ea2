"""Feedback: it compares rightly, tells nothing before the student has answered, and understands slips."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import speaking
from cvmlab.checks import Feedback, check, compare_coders, compare_guess
from cvmlab.vocabulary import keys, read_table

SECOND = {row["customer"]: row for row in read_table("second_coder") if row["case"] == "carrier"}
CODED = {"Y": 4, "S": 3, "L": 2, "H": 4}


@settings(max_examples=60, deadline=None)
@given(guess=st.integers(1, 100), truth=st.integers(0, 100), rule=st.integers(0, 100))
def test_points_add_up_on_sight(guess: int, truth: int, rule: int) -> None:
    said, ruled = compare_guess(guess, truth / 100, rule / 100).text.split("\n\n")
    assert f"**{guess}%**" in said
    assert f"**{truth}%**" in said
    for sentence, number in ((said, guess), (ruled, rule)):
        points = number - truth
        if points > 3:
            assert f"{points} points too high" in sentence
        elif points < -3:
            assert f"{-points} points too low" in sentence
        else:
            assert "too" not in sentence


@pytest.mark.parametrize("guess", [80, 80.0, "80", " 80 % ", "80％", np.int64(80), np.float64(80)])
def test_a_guess_may_be_written_in_many_ways(guess: object) -> None:
    assert compare_guess(guess, 0.55) == compare_guess(80, 0.55)


@pytest.mark.parametrize("guess", [-1, 101, "many", "", True, float("nan"), float("inf"), [80]])
def test_what_is_no_percentage_is_named_and_the_truth_kept(guess: object) -> None:
    told = compare_guess(guess, 0.55).text
    assert "is not a number from 0 to 100" in told
    assert "55" not in told


def test_a_share_is_taken_for_a_slip() -> None:
    assert "Did you mean 80?" in compare_guess(0.8, 0.55).text
    assert "Did you mean 17.3?" in check("start_here.half_the_revenue", 0.173).text


def test_the_truth_is_told_only_after_the_guess() -> None:
    for language in ("en", "zh"):
        with speaking(language):
            assert "55" not in compare_guess(None, 0.55).text


reasons = st.fixed_dictionaries({customer: st.integers(1, 6) for customer in SECOND})


@settings(max_examples=60, deadline=None)
@given(mine=reasons, fight=st.sets(st.sampled_from(sorted(SECOND))))
def test_agreement_is_counted(mine: dict[str, int], fight: set[str]) -> None:
    told = compare_coders(mine, "".join(fight)).text
    same_reason = sum(mine[customer] == int(row["reason"]) for customer, row in SECOND.items())
    same_fight = sum((customer in fight) == (row["fight"] == "yes") for customer, row in SECOND.items())
    assert re.findall(r"(\d) of 4", told) == [str(same_reason), str(same_fight)]
    rows = [line for line in told.splitlines() if line.startswith("| **")]
    assert [row[4] for row in rows] == list(SECOND)
    assert len({row.count("|") for row in told.splitlines() if row.startswith("|")}) == 1


@pytest.mark.parametrize(
    ("mine", "fight", "said"),
    [
        (dict.fromkeys("YSLH"), None, "Still without a number: Y, S, L, H."),
        ({**CODED, "H": None}, "Y", "Still without a number: H."),
        ({**CODED, "S": 7}, "Y", "`7` for S is not one of the six"),
        ({**CODED, "S": 2.5}, "Y", "`2.5` for S"),
        ({**CODED, "S": "price"}, "Y", "`price` for S"),
        ({**CODED, "S": True}, "Y", "`True` for S"),
        ({"Y": 4}, "Y", "one number for each of Y, S, L, H"),
        ([4, 3, 4, 4], "Y", "one number for each of Y, S, L, H"),
        (CODED, None, "Whom would you fight for?"),
        (CODED, "YX", "Nobody here is called X."),
    ],
)
def test_what_is_missing_or_odd_is_named_and_the_second_coder_kept(mine: object, fight: object, said: str) -> None:
    told = compare_coders(mine, fight).text
    assert said in told
    assert "|" not in told


@pytest.mark.parametrize("fight", ["YL", "y, l", "L，Y", ["Y", "L"], ("Y", "l"), {"Y", "L"}, "Y L"])
def test_letters_may_be_set_apart_in_any_way(fight: object) -> None:
    assert compare_coders(CODED, fight) == compare_coders(CODED, "YL")


def test_numbers_of_reasons_may_be_text() -> None:
    as_text = {customer: f" {reason}" for customer, reason in CODED.items()}
    assert compare_coders(as_text, "") == compare_coders(CODED, "")


@pytest.mark.parametrize("question", [row["question"] for row in read_table("answers")])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_question_has_one_right_answer_and_words_for_all(question: str, language: str) -> None:
    (row,) = [row for row in read_table("answers") if row["question"] == question]
    with speaking(language):
        assert check(question, None).right is None
        assert check(question, row["answer"]).right is True
        assert check(question, "?").right is None
        if row["tolerance"]:
            away = float(row["answer"]) + 2 * float(row["tolerance"])
            assert check(question, away).right is False
        else:
            letters = [key[-1] for key in keys() if re.fullmatch(rf"{question}_[a-z]", key)]
            told = [check(question, f" {letter.upper()} ") for letter in letters]
            assert sum(feedback.right is True for feedback in told) == 1
            assert len({feedback.text for feedback in told}) == len(letters) > 1


def test_a_question_that_is_not_there_is_a_mistake_of_the_notebook() -> None:
    with pytest.raises(KeyError):
        check("start_here.no_such_question", "a")


def test_a_notebook_shows_feedback_as_formatted_text() -> None:
    from IPython.core.formatters import DisplayFormatter

    shown, _ = DisplayFormatter().format(Feedback("**Right.**"))
    assert shown == {"text/plain": "**Right.**", "text/markdown": "**Right.**"}

"""Guesses: committed once, compared with the truth, and sliders that wait for them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_what_ifs import Offer, curve, draw, modest, slider

from cvmlab import CvmError, speaking
from cvmlab.whatif import WhatIf, forget_guesses, forms, guess, guesses_summary


@pytest.fixture(autouse=True)
def no_guesses():
    forget_guesses()
    yield
    forget_guesses()


def test_a_number_is_committed_once_and_stays_beside_the_truth():
    asked = guess("peak", truth=1.34, minimum=0, unit="share")
    asked._input.widget.value = "110"
    asked._button.click()
    assert asked.value == 1.1 and asked._button.disabled and asked._input.widget.disabled
    assert "Your guess: 110% · answer: 134% · 24 percentage points too low" in asked._answer.value
    again = guess("peak", truth=1.34, minimum=0, unit="share")
    assert again.value == 1.1 and again._button.disabled


@pytest.mark.parametrize(
    ("typed", "said"), [("", "no guess yet"), ("much", "“much” is not a number"), ("-5", "at least 0")]
)
def test_what_is_no_guess_is_told_and_not_committed(typed, said):
    asked = guess("peak", minimum=0, unit="share")
    asked._input.widget.value = typed
    asked._button.click()
    assert not asked.committed and said in asked._answer.value and not asked._button.disabled


def test_a_share_beyond_its_bounds_is_told_in_percent():
    asked = guess("peak", minimum=0.01, maximum=1, unit="share")
    with pytest.raises(CvmError, match="120% is out of range: guess from 1% to 100%"):
        asked.commit("120%")
    assert not asked.committed


def test_a_choice_and_its_verdict():
    asked = guess("who wins", choices=["hope", "data"], truth="data")
    asked._button.click()
    assert not asked.committed
    asked._input.widget.value = "hope"
    asked._button.click()
    assert asked.verdict() == "not right"
    with pytest.raises(CvmError, match="choose one of"):
        guess("other", choices=["hope", "data"]).commit("luck")


def test_an_order_is_moved_by_buttons_and_compared_by_pairs():
    asked = guess("rank", order=["I", "II", "III"], truth=["III", "II", "I"])
    down = [button for button in asked._input._moves if button.icon == "arrow-down"]
    down[0].click()
    assert asked._input.read() == ["II", "I", "III"]
    asked._button.click()
    assert asked.value == ["II", "I", "III"] and asked.verdict() == "1 of 3 pairs in the right order"
    with pytest.raises(CvmError, match="each of these exactly once: a, b"):
        guess("rank 2", order=["a", "b"]).commit(["a", "a"])


@pytest.mark.parametrize("value", [1.5, None, [1, "a"], {"a": 1}])
def test_what_is_no_order_is_refused_and_can_be_read(value):
    asked = guess("rank 3", order=["a", "b"])
    with pytest.raises(CvmError) as caught:
        asked.commit(value)
    assert caught.value.key == "whatif.not_an_order"
    assert isinstance(asked.text(value), str)


@modest
@given(st.permutations("abcde"), st.permutations("abcde"))
def test_pairs_in_order_counts_as_kendall_does(given_order, right):
    from scipy.stats import kendalltau

    from cvmlab.whatif.guessing import pairs_in_order

    good, pairs = pairs_in_order(given_order, right)
    tau = kendalltau(range(5), [right.index(item) for item in given_order]).statistic
    assert 2 * good / pairs - 1 == pytest.approx(tau)


def test_sliders_unlock_when_the_guess_is_committed():
    asked = guess("total")
    what_if = WhatIf(Offer(), curve, draw, after=asked)
    assert slider(what_if, "retention_rate").disabled and "Commit your guess first" in what_if.trouble
    what_if.set(retention_rate=0.9)
    assert what_if.result["total"] > 30, "code is not locked: a run without a page goes through"
    asked.commit(30)
    assert not slider(what_if, "retention_rate").disabled and what_if.trouble == ""
    assert not slider(WhatIf(Offer(), curve, draw, after=asked), "retention_rate").disabled


def test_running_the_cell_of_a_guess_again_still_unlocks_who_waits():
    what_if = WhatIf(Offer(), curve, draw, after=guess("total"))
    guess("total").commit(30)
    assert not slider(what_if, "retention_rate").disabled


def test_the_truth_is_computed_only_when_it_is_shown_and_may_come_later():
    calls = []
    asked = guess("late", truth=lambda: calls.append(1) or 5.0)
    summary = guesses_summary()
    assert not calls
    asked.commit(4)
    assert calls == [1] and asked.verdict() == "1.00 too low"
    other = guess("later")
    other.commit(3)
    assert "answer" not in other._answer.value
    other.reveal(3)
    assert "right" in other._answer.value
    assert summary.text().splitlines() == [
        "late: 4 · answer: 5 · 1.00 too low",
        "later: 3 · answer: 3 · right",
    ]
    assert "1.00 too low" in summary._table.value


def test_the_summary_does_not_tell_the_answer_before_the_guess():
    guess("secret", truth=4242)
    summary = guesses_summary()
    assert "4242" not in summary.text() + summary._table.value
    assert "not committed" in summary.text()


def test_guesses_speak_chinese():
    with speaking("zh"):
        asked = guess("retention_rate", truth=0.8, unit="share")
        summary = guesses_summary()
    asked._input.widget.value = "70"
    asked._button.click()
    assert "你的估计：70% · 答案：80% · 低了 10 个百分点" in asked._answer.value
    assert "你的估计" in summary._table.value


@pytest.mark.parametrize("truth", [b"x", [1], "", 2, -0.1, math.nan])
def test_a_truth_that_nobody_could_guess_is_refused(truth):
    asked = guess("rank 4", minimum=0, maximum=1, truth=0.25)
    asked.commit(0.5)
    for given_later in (truth, lambda: truth):
        with pytest.raises(CvmError) as caught:
            asked.reveal(given_later)
        assert caught.value.key == "whatif.impossible_truth"
    with pytest.raises(CvmError):
        guess("rank 5", minimum=0, maximum=1, truth=truth)


def test_a_refused_truth_leaves_the_one_before():
    asked = guess("rank 6", minimum=0, maximum=1, truth=0.25)
    asked.commit(0.5)
    with pytest.raises(CvmError):
        asked.reveal(7)
    assert asked.truth == 0.25 and asked.verdict().endswith("too high")


def test_a_later_cell_lays_guess_and_answer_side_by_side_and_follows_the_commit():
    asked = guess("rank 7", unit="share", minimum=0, maximum=1)
    line = asked.reveal(0.05)
    assert line.text.startswith("Commit your guess first") and "5%" not in line._place.value
    assert line._repr_mimebundle_()["text/plain"].startswith("rank 7 · answer: 5% · run this cell")
    # the cell of the question is run once more before somebody commits
    guess("rank 7", unit="share", minimum=0, maximum=1).commit(0.25)
    assert "Your guess: 25% · answer: 5% · 20 percentage points too high" in line._place.value


def test_an_answer_known_from_the_start_needs_no_value_and_a_missing_one_is_asked_for():
    known = guess("rank 8", truth=17.234)
    known.commit(12)
    assert known.reveal().text == "Your guess: 12 · answer: 17.23 · 5.23 too low"
    with pytest.raises(CvmError, match="no answer yet to 'rank 9'"):
        guess("rank 9").reveal()


@pytest.mark.parametrize(
    ("typed", "maximum", "committed", "meant"),
    [
        ("0.05", 1, None, "5%"), ("0.05%", 1, 0.0005, ""), ("5", 1, 0.05, ""), ("5 %", 1, 0.05, ""), ("0", 1, 0, ""),
        # where more than all can be, 1.2 looks like a share, too
        ("1.2", 2, None, "120%"), ("1", 2, None, "100%"), ("1.2%", 2, 0.012, ""), ("120", 2, 1.2, ""),
    ],
)  # fmt: skip
def test_a_share_of_one_typed_for_a_percentage_is_asked_back(typed, maximum, committed, meant):
    asked = guess("peak", minimum=0, maximum=maximum, unit="share")
    asked._input.widget.value = typed
    asked._button.click()
    assert asked.value == committed
    assert (f"Did you mean {meant}?" in asked._answer.value) == bool(meant)


@pytest.mark.parametrize("typed", ["10%", "0.1", "10.5"])
def test_customers_are_guessed_whole_and_the_answer_quotes_what_was_typed(typed):
    asked = guess("stopped", minimum=0, maximum=55, unit="customers")
    with pytest.raises(CvmError, match=f"whole number \\(customers\\), not {typed}"):
        asked.commit(typed)
    assert not asked.committed


def test_the_enter_key_commits(monkeypatch):
    monkeypatch.setattr(forms, "_after_a_moment", lambda act: act())
    asked = guess("peak", minimum=0, unit="share")
    asked._input.widget.value = "40"
    asked._input.widget._handle_custom_msg({"event": "submit"}, [])
    assert asked.value == 0.4 and "onload" in asked._answer.value, "and gives the focus back to the notebook"


@pytest.mark.parametrize("typed", ["31.5", "soon"])
def test_months_are_guessed_whole(typed):
    asked = guess("wait", truth=1, minimum=0, maximum=54, unit="months")
    asked._input.widget.value = typed
    asked._button.click()
    assert not asked.committed and f"Guess a whole number (months), not {typed}." in asked._answer.value


def test_one_month_is_said_in_the_singular():
    asked = guess("wait", truth=1, minimum=0, maximum=54, unit="months")
    asked.commit("6")
    assert "Your guess: 6 months · answer: 1 month · 5 too high" in asked._answer.value
    other = guess("wait 2", truth=12, minimum=0, maximum=54, unit="months")
    other.commit(1)
    assert "Your guess: 1 month · answer: 12 months" in other._answer.value


def test_a_wrong_order_is_answered_by_where_all_that_is_out_of_place_belongs():
    curves = [f"patterns.curve_{letter}" for letter in "ABCD"]
    wrong = guess("rank 10", order=curves, truth=[curves[place] for place in (1, 3, 0, 2)])
    wrong.commit([curves[place] for place in (1, 3, 2, 0)])
    assert "Not yet in order: curve A has only just reached its level top" in wrong._answer.value
    assert all(f"curve {letter} " in wrong._swapped() for letter in "AC")
    assert not any(f"curve {letter} " in wrong._swapped() for letter in "BD")
    reversed_ = guess("rank 13", order=curves, truth=[curves[place] for place in (1, 3, 0, 2)])
    reversed_.commit([curves[place] for place in (2, 0, 3, 1)])
    assert all(f"curve {letter} " in reversed_._swapped() for letter in "ABCD")
    assert "Not yet" not in wrong._row()[-1], "the table of all guesses stays short"
    right = guess("rank 11", order=curves, truth=[curves[place] for place in (1, 3, 0, 2)])
    right.commit([curves[place] for place in (1, 3, 0, 2)])
    assert "Not yet" not in right._answer.value
    without_words = guess("rank 12", order=["a", "b"], truth=["b", "a"])
    without_words.commit(["a", "b"])
    assert "Not yet" not in without_words._answer.value

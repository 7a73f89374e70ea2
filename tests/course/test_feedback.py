"""Feedback: it compares rightly, tells nothing before the student has answered, and understands slips."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, charts, speaking
from cvmlab.core.formats import named
from cvmlab.core.words import keys, read_table, term
from cvmlab.course.feedback import Feedback, check, compare_each, compare_judges, picture_after, text_after
from cvmlab.whatif import forget_guesses, guess

SECOND = {row["customer"]: row for row in read_table("answers/second_judge") if row["case"] == "carrier"}
JUDGED = {"Y": 4, "S": 3, "L": 2, "H": 4}


@pytest.mark.parametrize("answer", [17.3, "17.3", " 17.3 % ", "17.3％", np.float64(17.3)])
def test_a_number_may_be_written_in_many_ways(answer: object) -> None:
    assert check("start_here.half_the_revenue", answer).right is True


@pytest.mark.parametrize("answer", ["many", "", True, float("nan"), float("inf"), [17.3]])
def test_what_is_no_number_is_named_and_the_answer_kept(answer: object) -> None:
    told = check("start_here.half_the_revenue", answer)
    assert told.right is None
    assert "is not a number" in told.text
    assert "17" not in told.text.replace(str(answer), "")


@pytest.mark.parametrize("answer", [0.173, 0.4, 0.8, "0.25"])
def test_a_share_is_taken_for_a_slip_whether_it_would_be_right_or_not(answer: object) -> None:
    told = check("start_here.half_the_revenue", answer)
    assert told.right is False
    is_right = answer == 0.173
    assert ("only the unit is missing" in told.text) == is_right
    assert ("not a share of 1" in told.text) != is_right
    assert ("17.3" in told.text) == is_right


def test_a_number_that_is_no_percentage_is_taken_in_its_unit() -> None:
    assert check("lesson_01.one_month", 95 * (107.5 - 81.1) + 572).right is True
    assert "(yuan)" in check("lesson_01.one_month", None).text
    assert check("lesson_01.one_month", 5_000).text.startswith("Not yet: 5,000 is too high.")


def test_the_right_amount_with_the_wrong_sign_is_not_called_too_low() -> None:
    told = check("matrix.slid", -10_280)
    assert told.right is False and "−10,280 has the right size, but the wrong sign" in told.text


@pytest.mark.parametrize(
    ("answer", "echo"), [(763.2419234, "763.24"), (-2679.4875, "−2,679.49"), (98_210, "98,210"), (1e9, "1,000,000,000")]
)
def test_a_number_comes_back_as_people_read_it(answer: float, echo: str) -> None:
    assert f" {echo} is too" in check("lesson_01.one_month", answer).text


def test_a_wrong_choice_says_so_before_it_says_why() -> None:
    for question, right in [
        (row["question"], row["answer"]) for row in read_table("answers/single") if not row["tolerance"]
    ]:
        for letter in "abc":
            told = check(question, letter)
            assert told.text.startswith("**") and told.right is (letter == right)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_part_that_was_not_asked_for_is_named(language: str) -> None:
    with speaking(language):
        # nobody has written a sentence for this question and this number
        told = check("pipeline.ever_users", 100 - 37.4)
        assert told.right is False
        assert term("feedback.the_rest").partition("{answer}")[2] in told.text


@pytest.mark.parametrize("answer", [np.array(["a", "b"]), pd.Series(["a", "b"]), ["a", "b"]])
def test_a_list_is_no_option(answer: object) -> None:
    told = check("start_here.what_is_crm", answer)
    assert told.right is None
    assert "is not one of the answers" in told.text


@pytest.mark.parametrize("answer", [None, "", "  "])
def test_an_empty_answer_is_a_missing_one(answer: object) -> None:
    assert check("start_here.what_is_crm", answer).text.startswith("**Not answered yet.**")


LIKELY = read_table("answers/likely")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("row", LIKELY, ids=lambda row: f"{row['question']}-{row['mistake']}")
def test_a_likely_mistake_is_named(row: dict[str, str], language: str) -> None:
    with speaking(language):
        told = check(row["question"], float(row["answer"]))
        assert told.right is False
        assert term(f"{row['question']}_wrong_{row['mistake']}") in told.text


def test_every_question_with_likely_mistakes_has_at_least_three() -> None:
    counted = Counter(row["question"] for row in LIKELY)
    assert set(counted) <= {row["question"] for row in read_table("answers/single")}
    assert min(counted.values()) >= 3


@pytest.mark.parametrize("answer", ["c", "C", " c ", "(c)", "c)", "“c”", "'c'", "c.", "ｃ"])
def test_a_letter_may_be_written_in_many_ways(answer: str) -> None:
    assert check("start_here.what_is_crm", answer) == check("start_here.what_is_crm", "c")


def test_right_letters_differ_and_the_second_judge_gives_a_reason_for_each() -> None:
    letters = [row["answer"] for row in read_table("answers/single") if not row["tolerance"]]
    assert len(set(letters)) == 3
    told = compare_judges(JUDGED, "Y").text
    assert all(term(f"feedback.judge_carrier_{customer}") in told for customer in SECOND)


def test_a_wrong_choice_is_answered_as_what_was_chosen() -> None:
    mine = dict(zip("ABCDEFGH", (3, 1, 2, 3, 1, 2, 3, 4), strict=True))
    told = compare_each("lesson_01.scenes", mine).text
    assert "**7 of 8**" in told
    assert f"Not “stability”: {term('lesson_01.scenes_not_D_3')}" in told
    assert told.count("Not “") == 1


ACCEPTED = read_table("answers/accepted")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("row", ACCEPTED, ids=lambda row: f"{row['part']}-{row['answer']}")
def test_another_answer_that_the_book_allows_counts_and_gets_a_sentence_of_its_own(row, language: str) -> None:
    rows = [each for each in read_table("answers/several") if each["question"] == row["question"]]
    mine = {each["part"]: int(each["answer"]) for each in rows}
    assert int(row["answer"]) != mine[row["part"]]
    with speaking(language):
        told = compare_each(row["question"], mine | {row["part"]: int(row["answer"])})
        (line,) = [
            line for line in told.text.splitlines() if named(row["part"], f"{row['question']}_name_", "") in line
        ]
        chosen, right = (term(f"{row['question']}_{number}") for number in (row["answer"], mine[row["part"]]))
        assert f"| {chosen} | {right} / {chosen} |" in line
        assert term(f"{row['question']}_also_{row['part']}_{row['answer']}") in line
    assert re.findall(r"\*\*(?:\d+ of )?(\d+)\*\*", told.text) == [str(len(rows))]


reasons = st.fixed_dictionaries({customer: st.integers(1, 6) for customer in SECOND})


@settings(max_examples=60, deadline=None)
@given(mine=reasons, fight=st.sets(st.sampled_from(sorted(SECOND))))
def test_agreement_is_counted(mine: dict[str, int], fight: set[str]) -> None:
    told = compare_judges(mine, "".join(fight)).text
    same_reason = sum(mine[customer] == int(row["reason"]) for customer, row in SECOND.items())
    same_fight = sum((customer in fight) == (row["fight"] == "yes") for customer, row in SECOND.items())
    assert re.findall(r"(\d) of 4", told) == [str(same_reason), str(same_fight)]
    rows = [line for line in told.splitlines() if line.startswith("| **")]
    assert [row[4] for row in rows] == list(SECOND)
    assert len({row.count("|") for row in told.splitlines() if row.startswith("|")}) == 1


@pytest.mark.parametrize(
    ("mine", "fight", "said"),
    [
        (dict.fromkeys("YSLH"), None, "Still to fill in: Y, S, L, H."),
        ({**JUDGED, "H": None}, "Y", "Still to fill in: H."),
        ({**JUDGED, "S": 7}, "Y", "`7` for S is not one of the six"),
        ({**JUDGED, "S": 2.5}, "Y", "`2.5` for S"),
        ({**JUDGED, "S": "price"}, "Y", "`price` for S"),
        ({**JUDGED, "S": True}, "Y", "`True` for S"),
        ({"Y": 4}, "Y", "one number for each of Y, S, L, H"),
        ([4, 3, 4, 4], "Y", "one number for each of Y, S, L, H"),
        (JUDGED, None, "Whom would you win back?"),
        (JUDGED, "YX", "Nobody here is called X."),
    ],
)
def test_what_is_missing_or_odd_is_named_and_the_second_judge_kept(mine: object, fight: object, said: str) -> None:
    told = compare_judges(mine, fight).text
    assert said in told
    assert "|" not in told


def test_a_share_that_is_a_likely_mistake_gets_both_sentences() -> None:
    told = check("lesson_01.break_even", 7_674 / 16_209).text
    assert "as a percentage `0.4734` is 47.3%" in told
    assert "the loss divided by the profit" in told


@pytest.mark.parametrize("fight", ["YL", "y, l", "L，Y", ["Y", "L"], ("Y", "l"), {"Y", "L"}, "Y L"])
def test_letters_may_be_set_apart_in_any_way(fight: object) -> None:
    assert compare_judges(JUDGED, fight) == compare_judges(JUDGED, "YL")


def test_numbers_of_reasons_may_be_text() -> None:
    as_text = {customer: f" {reason}" for customer, reason in JUDGED.items()}
    assert compare_judges(as_text, "") == compare_judges(JUDGED, "")


@pytest.mark.parametrize("question", [row["question"] for row in read_table("answers/single")])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_question_has_one_right_answer_and_words_for_all(question: str, language: str) -> None:
    (row,) = [row for row in read_table("answers/single") if row["question"] == question]
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
    with pytest.raises(CvmError):
        check("start_here.no_such_question", "a")


def test_a_notebook_shows_feedback_as_formatted_text() -> None:
    from IPython.core.formatters import DisplayFormatter

    shown, _ = DisplayFormatter().format(Feedback("**Right.**"))
    assert shown == {"text/plain": "**Right.**", "text/markdown": "**Right.**"}


CURVE = pd.DataFrame({"customer_share": [0.2, 0.6, 1.0], "cumulative_share": [0.53, 0.9, 1.0]})


@pytest.fixture
def asked():
    forget_guesses()
    yield guess("start_here.top_fifth", minimum=0.01, maximum=1, unit="share")
    forget_guesses()


def page_of(waiting):
    return " ".join(str(part.value) for part in waiting._page.children)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_picture_waits_for_the_guess_and_then_says_what_it_shows(asked, language: str) -> None:
    with speaking(language):
        waiting = picture_after(asked, charts.plot_concentration, CURVE, highlight=0.2)
        sentence = term("feedback.picture_waits")
    assert not waiting.shown
    assert sentence in page_of(waiting)
    assert "53%" not in page_of(waiting)
    assert "data:image/png" not in page_of(waiting)
    # the button is pressed in a context that knows nothing of the language
    asked.commit("80%")
    assert waiting.shown
    assert sentence not in page_of(waiting)
    (said,) = re.findall(r'alt="([^"]+)" width', page_of(waiting))
    assert "53%" in said
    assert ("交易额" in said) == (language == "zh")


def test_a_picture_after_a_committed_guess_is_there_at_once(asked) -> None:
    asked.commit("80%")
    assert picture_after(asked, charts.plot_concentration, CURVE).shown


def test_a_page_without_a_kernel_has_the_picture_and_a_run_without_a_page_does_not_wait(asked) -> None:
    bundle, metadata = picture_after(asked, charts.plot_concentration, CURVE)._repr_mimebundle_()
    assert bundle["text/plain"] == (
        "Chart: The top 20% of customers bring 53% of revenue · run this cell to see it after your guess"
    )
    assert bundle["image/png"].startswith("iVBOR")
    # closed: who opens the saved notebook has not guessed yet
    assert bundle["text/html"].startswith("<details><summary>Guess first") and "<img" in bundle["text/html"]
    assert metadata == {"image/png": {"width": 720}}
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_a_waiting_picture_leaves_no_figure_that_the_notebook_would_show(asked) -> None:
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    picture_after(asked, charts.plot_concentration, CURVE)
    assert plt.get_fignums() == before


def test_what_is_wrong_with_the_chart_is_said_before_the_guess(asked) -> None:
    with pytest.raises(CvmError, match="cumulative_share"):
        picture_after(asked, charts.plot_concentration, CURVE[["customer_share"]])


def test_a_headline_with_html_in_it_shows_as_text(asked) -> None:
    waiting = picture_after(asked, lambda ax: ax.set_title('"><b>bold', loc="left"))
    asked.commit("80%")
    assert "<b>" not in page_of(waiting)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_text_waits_for_the_guess(asked, language: str) -> None:
    with speaking(language):
        waiting = text_after(asked, "It brings 53%.", "<b>More</b>")
        sentence = term("feedback.text_waits")
    assert not waiting.shown
    assert sentence in page_of(waiting)
    assert "53%" not in page_of(waiting)
    # a run without a page does not wait
    assert waiting._repr_mimebundle_()["text/plain"] == "It brings 53%.\n<b>More</b>"
    asked.commit("80%")
    assert waiting.shown
    assert sentence not in page_of(waiting)
    assert "It brings 53%." in page_of(waiting)
    assert "<b>More" not in page_of(waiting)


def test_a_table_waits_for_the_guess(asked) -> None:
    steps = pd.DataFrame({"gain": [70_800, 1.5]}, index=pd.Index(["order won", "<b>"], name="step"))
    waiting = text_after(asked, "Gains:", steps)
    assert "order won" not in page_of(waiting)
    assert waiting._repr_mimebundle_()["text/plain"].split() == [
        "Gains:",
        "step",
        "gain",
        "order",
        "won",
        "70,800.0",
        "<b>",
        "1.5",
    ]
    asked.commit("80%")
    assert "order won" in page_of(waiting)
    assert "<b>" not in page_of(waiting)

"""Which way round a column says who left: neutral names, legends in headers, words that are asked for."""

from __future__ import annotations

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.data.subscribers import Subscribers, read


def table(header: str, words: list[str | None], **options: object) -> Subscribers:
    ids = [str(number) for number in range(len(words))]
    frame = pd.DataFrame({"customer_id": ids, header: words, "tenure_months": [3.0] * len(words)})
    return read(frame, **options)  # type: ignore[arg-type]


def answers(header: str, words: list[str | None], **options: object) -> list[bool]:
    return list(table(header, words, **options).customers["left"])


def error_of(header: str, words: list[str | None]) -> CvmError:
    with pytest.raises(CvmError) as found:
        table(header, words)
    return found.value


NEUTRAL = ["status", "account_status", "membership_status", "Customer Status", "state", "状态", "用户状态", "账户状态"]


@pytest.mark.parametrize("header", NEUTRAL)
@pytest.mark.parametrize("words", [("1", "0"), ("Y", "N"), ("yes", "no"), ("True", "False"), ("是", "否")])
def test_a_neutral_name_does_not_say_what_yes_means(header: str, words: tuple[str, str]) -> None:
    error = error_of(header, [words[0], words[0], words[1]])
    assert error.key == "subscribers.status_unclear"
    for said in (f"'{header}'", f"{words[0]} (2)", f"{words[1]} (1)", "left_words="):
        assert said in str(error)
    assert answers(header, [words[0], words[0], words[1]], left_words=words[1]) == [False, False, True]


@pytest.mark.parametrize("header", NEUTRAL)
def test_words_that_speak_need_no_question(header: str) -> None:
    assert answers(header, ["active", "cancelled", "active"]) == [False, True, False]


@pytest.mark.parametrize("header", ["churn", "exited", "是否流失"])
def test_a_name_of_leaving_says_what_yes_means(header: str) -> None:
    assert answers(header, ["1", "0", "0"]) == [True, False, False]


@pytest.mark.parametrize(
    ("header", "left", "stayed"),
    [
        ("churn (0=yes, 1=no)", "0", "1"), ("Churn (1 = stayed, 0 = left)", "0", "1"),
        ("churn (0=no, 1=yes)", "1", "0"), ("status (1=active, 0=churned)", "0", "1"),
        ("是否流失（0：流失，1：未流失）", "0", "1"), ("用户状态(1在网,0离网)", "0", "1"),
        ("流失标志（1-否，2-是）", "2", "1"), ("churn (yes=0, no=1)", "0", "1"), ("is_active (1=no, 0=yes)", "1", "0"),
        ("status (A=active, C=closed)", "C", "A"), ("churn (1=no)", "0", "1"),
    ],
)  # fmt: skip
def test_a_legend_is_obeyed_and_said(header: str, left: str, stayed: str) -> None:
    found = table(header, [stayed, left, stayed])
    assert found.customers["left"].tolist() == [False, True, False]
    assert any(f"left: {left} (1)" in note and f"still there: {stayed} (2)" in note for note in found.notes)
    assert answers(header, [stayed, left, stayed], left_words=stayed) == [True, False, True]


@pytest.mark.parametrize("header", ["churn (0=foo, 1=bar)", "status (1=yes, 0=no)", "流失（0：甲，1：乙）"])
def test_a_legend_that_nobody_understands_is_asked_for(header: str) -> None:
    error = error_of(header, ["1", "0", "1"])
    assert error.key == "subscribers.legend_unclear" and "1 (2), 0 (1)" in str(error) and "left_words" in str(error)


@pytest.mark.parametrize("header", ["churn (0/1)", "churn (0-1)", "churn (1-month window)", "Churn (Yes/No)"])
def test_other_brackets_are_no_legend(header: str) -> None:
    assert answers(header, ["1", "0", "0"]) == [True, False, False]


def test_the_word_that_is_proposed_is_one_that_means_leaving() -> None:
    assert 'left_words="WORD"' in str(error_of("churn", ["active", "paused", "active"]))
    assert 'left_words="churned"' in str(error_of("churn", ["churned", "churned", "paused"]))


def test_blanks_beside_the_words_for_leaving() -> None:
    found = table("churn", ["Yes", None, None], left_words="Yes")
    assert found.customers["left"].tolist() == [True, False, False]
    assert any("2 customers without a word" in note for note in found.notes)
    # with a word for those who stayed, a blank is not known
    assert answers("churn", ["Yes", None, "No"], left_words="Yes") == [True, False]
    assert answers("churn", ["Yes", None, "No"], left_words=["Yes", ""]) == [True, True, False]

"""The model answer of every exam card has every point that a marker counts.

``exam_points.csv`` names for each point the words that carry it; several are separated by ``;``, other wordings of one
by ``|``. The point and the model answer both have to use them, in both languages. A letter is marked by what it does,
so there only the model is read, and its number of sentences (its first point) is counted.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from cvmlab import aggregate, datasets, portfolio, speaking
from cvmlab.course.exam.questions import Question, all_questions

with (Path(__file__).parent / "exam_points.csv").open(encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def missing(words: str, text: str) -> list[str]:
    """Return which words a text lacks in all wordings; a Chinese term in brackets does not part an English phrase."""
    plain = re.sub(r" \([^()]*[\u4e00-\u9fff][^()]*\)", "", text).casefold()
    wanted = [word.strip() for word in words.split(";")]
    return [word for word in wanted if not any(way.strip().casefold() in plain for way in word.split("|"))]


def written() -> list[Question]:
    return [question for question in all_questions().values() if not question.is_table]


def test_what_lacks_a_word_is_seen() -> None:
    assert missing("b c; d | e", "a b (中文) c, e") == []
    assert missing("b c; d | e", "a b, c") == ["b c", "d | e"]


def test_every_point_has_its_words() -> None:
    named = [(row["card"], int(row["point"])) for row in ROWS]
    points = [
        (question.name, number)
        for question in written()
        for number in range(2 if question.kind == "letter" else 1, len(question.points()) + 1)
    ]
    assert named == points
    assert all(row["en"].strip() and row["zh"].strip() for row in ROWS)


@LANGUAGES
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['card']}-{row['point']}")
def test_the_model_answer_has_the_point(row: dict[str, str], language: str) -> None:
    question = all_questions()[row["card"]]
    with speaking(language):
        assert missing(row[language], question.model()) == []
        if question.kind != "letter":
            assert missing(row[language], question.points()[int(row["point"]) - 1]) == []


@LANGUAGES
@pytest.mark.parametrize("question", [each for each in written() if each.kind == "letter"], ids=lambda each: each.name)
def test_a_letter_has_as_many_sentences_as_asked(question: Question, language: str) -> None:
    counts = {"three": 3, "four": 4, "只有三": 3, "只有四": 4}
    with speaking(language):
        asked = next(count for word, count in counts.items() if question.points()[0].casefold().startswith(word))
        assert len(re.findall(r"[.?!](?= |$)|[。？！]", question.model())) == asked


@LANGUAGES
def test_the_letter_to_the_grocer_has_the_figure_of_its_curve(language: str) -> None:
    households = aggregate.summarise_customers(datasets.load("grocery"))
    share = portfolio.customers_for(portfolio.concentration_curve(households), 0.8)
    with speaking(language):
        assert f"{share:.0%}" in all_questions()["00.letter"].model()
    # "a thousand households"
    assert round(share * len(households), -2) == 1_000

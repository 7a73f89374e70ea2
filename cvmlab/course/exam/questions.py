"""The questions of the exam cards: which there are, their points and their marks, in the language in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from cvmlab.core.formats import named
from cvmlab.core.words import CvmError, read_rules, read_table, say, term

#: A letter is practice for the firm and not asked in the exam; it has a cell of its own.
LETTER = "letter"


@dataclass(frozen=True)
class Question:
    """One question of the exam, as ``answers/exam.csv`` describes it."""

    lesson: str
    key: str
    kind: str
    source: str
    ours: bool
    points_from: str
    marks_each: float

    @property
    def name(self) -> str:
        """Return the address of the card, ``lesson.card``."""
        return f"{self.lesson}.{self.key}"

    @property
    def is_table(self) -> bool:
        """Return whether the answer is a table, one text per cell."""
        return self.kind == "table"

    def title(self) -> str:
        """Return the question in a word or two, as a list of cards names it."""
        return term(self._word("_title"))

    def text(self) -> str:
        """Return what is asked."""
        return term(self._word())

    def points(self) -> list[str]:
        """Return what a marker counts: sentences, or the cells of the table row by row."""
        if self.is_table:
            return [row["claim"] for row in read_rules(self.points_from)]
        return [term(self._word(f"_{number}")) for number in range(1, int(self.points_from) + 1)]

    def cells(self) -> list[str]:
        """Return the names of the table's cells, ``row_column``, row by row; none for other questions."""
        return ["_".join(cell) for cell in self._places()]

    def rows(self) -> list[str]:
        """Return the vocabulary keys of the table's rows."""
        return list(dict.fromkeys(row for row, _ in self._places()))

    def columns(self) -> list[str]:
        """Return the table's columns, stages or types, by their codes."""
        return list(dict.fromkeys(column for _, column in self._places()))

    def model(self) -> str:
        """Return an answer that has every point, empty for a table, which is its own answer."""
        return "" if self.is_table else term(self._word("_model"))

    def origin(self) -> str:
        """Return where the question comes from: a source, ourselves, or both."""
        own = term("exam.partly_ours" if self.source else "exam.ours") if self.ours else ""
        return " · ".join(filter(None, [self.source, own]))

    def full_marks(self) -> float:
        """Return the marks for all points."""
        return self.marks_each * (len(self.cells()) if self.is_table else int(self.points_from))

    def _places(self) -> list[tuple[str, str]]:
        if not self.is_table:
            return []
        return [(row["variable"], row["stage"]) for row in read_table(f"rules/{self.points_from}")]

    def _word(self, ending: str = "") -> str:
        return f"exam.{self.lesson}_{self.key}{ending}"


@cache
def all_questions() -> Mapping[str, Question]:
    """Return every question of the course by its name."""
    found = [
        Question(
            lesson=row["lesson"],
            key=row["card"],
            kind=row["kind"],
            source=row["source"],
            ours=row["ours"] == "yes",
            points_from=row["points"],
            marks_each=float(row["marks"]),
        )
        for row in read_table("answers/exam")
    ]
    return {question.name: question for question in found}


def question_called(name: str) -> Question:
    """Return a question by its name, or raise `CvmError`."""
    if name not in all_questions():
        raise CvmError("exam.unknown_card", name=name, cards=", ".join(all_questions()))
    return all_questions()[name]


def exam_of(lesson: str) -> list[Question]:
    """Return the questions of a lesson that an exam could ask, or raise `CvmError`."""
    found = [question for question in all_questions().values() if question.lesson == lesson and question.kind != LETTER]
    if not found:
        lessons = ", ".join(dict.fromkeys(question.lesson for question in all_questions().values()))
        raise CvmError("exam.unknown_lesson", lesson=lesson, lessons=lessons)
    return found


def head_of(column: str) -> str:
    """Return the wording of a table's column.

    >>> head_of("decline"), head_of("IV")
    ('decline', 'type IV')
    """
    return named(column, "type_", "codes.")


def marks_text(marks: float) -> str:
    """Return a number of marks as people read it.

    >>> marks_text(4.0), marks_text(7.5), marks_text(1)
    ('4 marks', '7.5 marks', '1 mark')
    """
    return say("exam.marks_possible", marks=f"{marks:g}")

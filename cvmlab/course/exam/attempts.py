"""An attempt at a question: what a student wrote and ticked, and what that is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, language, say, term
from cvmlab.whatif import remembering

from .questions import Question, question_called

#: So many characters are an attempt; a Chinese one, which says as much as a word, counts twice.
FEW = 4


@dataclass
class State:
    """What a student has done with a card; the same in both languages."""

    written: dict[str, str] = field(default_factory=dict)
    opened: bool = False
    gave_up: bool = False
    ticked: frozenset[int] = frozenset()


# what this session knows, by name of the card
_states: dict[str, State] = {}


@public
class Attempt:
    """A student's attempt at one question; `Card` shows it.

    Attributes
    ----------
    name
        Lesson and card, for example ``"01.define_lifecycle"``.
    question
        The question as the course has it.
    state
        What is written and ticked.
    """

    def __init__(self, name: str) -> None:
        self.question: Question = question_called(name)
        self.name = name
        self.language = language()
        if name not in _states:
            _states[name] = _state_of(remembering.recalled(f"exam.{name}"))
        self.state = _states[name]
        self._watchers: list[Callable[[], None]] = []

    @property
    def opened(self) -> bool:
        """Whether the points can be seen."""
        return self.state.opened

    @property
    def marks(self) -> float:
        """What the ticked points are worth."""
        return self.question.marks_each * len(self.state.ticked)

    @property
    def full_marks(self) -> float:
        """What all points are worth."""
        return self.question.full_marks()

    def write(self, answer: str | Mapping[str, str]) -> None:
        """Write an answer, and open the points if it is more than a few characters.

        Parameters
        ----------
        answer
            A text; for a table the text of each cell by its name, for example ``{"price_decline": "falls"}``.

        Raises
        ------
        CvmError
            For an answer of hardly any characters, or a cell that the table does not have.

        Examples
        --------
        >>> table = Attempt("01.table_3_1")
        >>> table.write({"volume_stability": "largest"})
        >>> table.opened, table.marks, table.full_marks
        (True, 0.0, 12.0)
        >>> _states.clear()
        """
        self.keep(answer)
        self.open()

    def keep(self, answer: str | Mapping[str, str]) -> None:
        """Write an answer, and leave the points closed; the page does so while the student writes.

        Examples
        --------
        >>> whole = Attempt("01.define_lifecycle")
        >>> whole.keep("from the beginning of the relationship")
        >>> whole.opened
        False
        >>> _states.clear()
        """
        written = {"": answer} if isinstance(answer, str) else dict(answer)
        known = set(self.question.cells()) or {""}
        if unknown := sorted(set(written) - known):
            example = self.question.cells()[0] if self.question.is_table else '""'
            raise CvmError("exam.no_cell", cell=", ".join(unknown), example=example)
        self.state.written = {cell: text for cell, text in written.items() if text.strip()}
        self._changed()

    def open(self) -> None:
        """Open the points, once something is written.

        Raises
        ------
        CvmError
            If hardly anything is written.

        Examples
        --------
        >>> Attempt("01.define_lifecycle").open()
        Traceback (most recent call last):
        ...
        cvmlab.CvmError: Write something first, even half an answer: ...
        """
        if sum(map(_length, self.state.written.values())) < FEW:
            raise CvmError("exam.write_first", give_up=term("exam.give_up"))
        self.state.opened, self.state.gave_up = True, False
        self._changed()

    def give_up(self) -> None:
        """Open the points without an answer; there is nothing to tick then.

        Examples
        --------
        >>> hard = Attempt("01.define_lifecycle")
        >>> hard.give_up()
        >>> hard.opened, hard.marks
        (True, 0.0)
        >>> _states.clear()
        """
        self.state.opened, self.state.gave_up, self.state.ticked = True, True, frozenset()
        self._changed()

    def tick(self, *points: int) -> None:
        """Tick the points that the answer has, counted from 1; those not named are not ticked.

        Raises
        ------
        CvmError
            If the points are still closed, the card was given up, or there is no such point.

        Examples
        --------
        >>> whole = Attempt("01.define_lifecycle")
        >>> whole.write("the whole course of a relationship, from its beginning to its end")
        >>> whole.tick(1, 2)
        >>> whole.marks, whole.full_marks
        (2.0, 4.0)
        >>> _states.clear()
        """
        if not self.state.opened:
            raise CvmError("exam.not_open", name=self.name)
        if self.state.gave_up:
            raise CvmError("exam.given_up", name=self.name)
        last = len(self.question.points())
        for point in points:
            if not 1 <= point <= last:
                raise CvmError("exam.no_point", name=self.name, point=point, last=last)
        self.state.ticked = frozenset(points)
        self._changed()

    def start_over(self) -> None:
        """Close the card and take the answer away, for another day.

        Examples
        --------
        >>> again = Attempt("01.define_lifecycle")
        >>> again.give_up()
        >>> again.start_over()
        >>> again.opened
        False
        """
        self.state.written, self.state.ticked = {}, frozenset()
        self.state.opened = self.state.gave_up = False
        self._changed()

    def remember(self) -> str:
        """Keep the attempt in the file beside the notebook, and return why that failed, empty if it did not.

        Examples
        --------
        >>> Attempt("01.define_lifecycle").remember()
        ''
        """
        kept = {
            "written": self.state.written,
            "opened": self.state.opened,
            "gave_up": self.state.gave_up,
            "ticked": sorted(self.state.ticked),
        }
        told = {"kind": "exam", "question": self.question.text(), "text": self.marks_so_far()}
        return remembering.remember(f"exam.{self.name}", kept, **told)

    def marks_so_far(self) -> str:
        """Return the marks so far in words.

        Examples
        --------
        >>> Attempt("01.define_lifecycle").marks_so_far()
        '0 of 4 marks'
        """
        return say("exam.marks_of", marks=f"{self.marks:g}", full=f"{self.full_marks:g}")

    def when_changed(self, act: Callable[[], None]) -> None:
        """Call ``act`` after every change of the card.

        Examples
        --------
        >>> seen = Attempt("01.define_lifecycle")
        >>> seen.when_changed(lambda: print("changed"))
        >>> seen.give_up()
        changed
        >>> _states.clear()
        """
        self._watchers.append(act)

    def _changed(self) -> None:
        for act in self._watchers:
            act()


def _length(text: str) -> int:
    return sum(1 if sign.isascii() else 2 for sign in "".join(text.split()))


def forget() -> None:
    """Forget every attempt of this session and of the file beside the notebook."""
    _states.clear()
    remembering.forget("exam")


def _state_of(kept: Any) -> State:
    """Return what a file has kept of an attempt, an empty one where it holds anything else."""
    match kept:
        case {"written": dict(written), "opened": bool(opened), "gave_up": bool(gave_up), "ticked": list(ticked)}:
            texts = {str(cell): str(text) for cell, text in written.items()}
            return State(texts, opened, gave_up, frozenset(int(point) for point in ticked if str(point).isdigit()))
        case _:
            return State()

"""Cards: one question of the exam each, shown with room for the answer."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, language, say, speaking
from cvmlab.whatif.kept import Kept, Still

from .attempts import Attempt, forget
from .form import CardForm, CardsForm
from .plain import cards_html
from .questions import exam_of

# a card shown twice is the same card: what is written in one place stands in the other
_cards: dict[tuple[str, str], Card] = {}
_decks: dict[tuple[str, str], Cards] = {}


@public
class Card(Attempt, Kept):
    """One question of the exam, with room for the answer; made by `card` and `cards`.

    Attributes
    ----------
    name
        Lesson and card, for example ``"01.define_lifecycle"``.
    opened
        Whether the points can be seen.
    marks, full_marks
        What the ticked points are worth, and all points.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.when_changed(self._keep)
        self._form: CardForm | None = None

    @property
    def form(self) -> CardForm:
        """The widgets of the card, made when they are first shown."""
        if self._form is None:
            with speaking(self.language):
                self._form = CardForm(self)
        return self._form

    def _still(self) -> Still:
        with speaking(self.language):
            return Still(self.marks_so_far(), cards_html([self]))

    def _ipython_display_(self) -> None:
        self._page = self.form.page
        super()._ipython_display_()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        with speaking(self.language):
            plain, still = say("exam.plain_card", name=self.name), cards_html([self])
        return {**(self.form.page._repr_mimebundle_() or {}), "text/plain": plain, "text/html": still}


@public
class Cards(Kept):
    """The exam cards of a lesson, one open at a time; made by `cards`.

    Attributes
    ----------
    lesson
        For example ``"01"``.
    marks, full_marks
        Sums over the cards.
    """

    def __init__(self, lesson: str) -> None:
        self.lesson = lesson
        self.language = language()
        self._cards = {question.key: card(question.name) for question in exam_of(lesson)}
        self._form: CardsForm | None = None
        for each in self:
            each.when_changed(self._keep)

    def __getitem__(self, key: str) -> Card:
        if key not in self._cards:
            raise CvmError("exam.unknown_card", name=key, cards=", ".join(self._cards))
        return self._cards[key]

    def __iter__(self) -> Iterator[Card]:
        return iter(self._cards.values())

    def __len__(self) -> int:
        return len(self._cards)

    @property
    def marks(self) -> float:
        """What is ticked on all cards."""
        return sum(each.marks for each in self)

    @property
    def full_marks(self) -> float:
        """What all points of all cards are worth."""
        return sum(each.full_marks for each in self)

    def text(self) -> str:
        """Return the sum in one sentence.

        Examples
        --------
        >>> print(cards("01").text())
        Lesson 01: 0 of 70 marks · 0 of 11 cards answered
        """
        answered = sum(each.opened for each in self)
        marks = {"marks": f"{self.marks:g}", "full": f"{self.full_marks:g}"}
        return say("exam.summed", lesson=self.lesson, **marks, opened=answered, cards=len(self))

    @property
    def form(self) -> CardsForm:
        """The widgets, made when they are first shown."""
        if self._form is None:
            with speaking(self.language):
                self._form = CardsForm([(each, each.form.box) for each in self], self.text)
        return self._form

    def _still(self) -> Still:
        with speaking(self.language):
            return Still(self.text(), cards_html(self) + f"<p><strong>{escape(self.text())}</strong></p>")

    def _ipython_display_(self) -> None:
        self._page = self.form.page
        super()._ipython_display_()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        with speaking(self.language):
            counts = {"cards": len(self), "full": f"{self.full_marks:g}"}
            plain, still = say("exam.plain", lesson=self.lesson, **counts), cards_html(list(self))
        return {**(self.form.page._repr_mimebundle_() or {}), "text/plain": plain, "text/html": still}


@public
def card(name: str) -> Card:
    """Return one exam card; as the last line of a cell it is shown, with room for the answer.

    Parameters
    ----------
    name
        Lesson and card, for example ``"01.define_lifecycle"`` or ``"01.letter"``.

    Raises
    ------
    CvmError
        If there is no such card.

    Examples
    --------
    >>> letter = card("01.letter")
    >>> letter.question.kind, letter.full_marks
    ('letter', 6.0)
    """
    kept = _cards.get((name, language()))
    if kept is None:
        kept = _cards[name, language()] = Card(name)
    return kept


@public
def cards(lesson: str) -> Cards:
    """Return the exam cards of a lesson; as the last line of a cell they are shown, one at a time.

    Parameters
    ----------
    lesson
        Its number, for example ``"01"``.

    Returns
    -------
    Cards
        By name of the card. The written tasks for a firm (kind *letter*) are not among them, see `card`.

    Raises
    ------
    CvmError
        If the lesson has no cards.

    Examples
    --------
    >>> exam = cards("01")
    >>> exam["define_lifecycle"].write("from the beginning of a relationship to its end")
    >>> exam["define_lifecycle"].tick(1, 2)
    >>> exam.marks
    2.0
    >>> forget_cards()
    """
    kept = _decks.get((lesson, language()))
    if kept is None:
        kept = _decks[lesson, language()] = Cards(lesson)
    return kept


@public
def forget_cards() -> None:
    """Forget all answers of this session, for a class that starts over.

    Examples
    --------
    >>> card("01.define_lifecycle").give_up()
    >>> forget_cards()
    >>> card("01.define_lifecycle").opened
    False
    """
    forget()
    _cards.clear()
    _decks.clear()

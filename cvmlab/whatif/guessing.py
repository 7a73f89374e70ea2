"""Guesses: the student commits one before the slider or the answer unlocks.

A committed guess is kept in a small file beside the notebook (`remembering`) and is there again after a restart of
the kernel. In a run without a page (tests, reports) nobody can commit; nothing waits for it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from itertools import combinations
from typing import Any

from cvmlab.core.annotations import takes
from cvmlab.core.formats import grouped, listed
from cvmlab.core.guarding import public
from cvmlab.core.refusing import brief
from cvmlab.core.scenario import Limits, checked
from cvmlab.core.words import CvmError, keys, language, say, speaking, term, wording

from . import page
from .forms import Answer, OrderAnswer, focus_on_next_cell
from .kept import Kept, Still
from .measures import Measure
from .remembering import forget, recalled, remember
from .revealing import Revealed

#: Units that are counted.
WHOLE = ("months", "customers")

guesses: dict[str, Guess] = {}
watchers: list[Callable[[], None]] = []


@public
class Guess(Kept):
    """A question with one chance to answer; made by `guess`.

    Attributes
    ----------
    name
        Vocabulary key or text of what is guessed; also its identity in the notebook.
    value
        What was committed, None before.
    """

    def __init__(self, name: str, *, truth: Any = None, limits: Limits, order: Sequence[str] = ()) -> None:
        self.name = name
        self.value: Any = None
        self._limits, self._order = limits, list(order)
        self._truth = self._possible(truth)
        self._language = language()
        self._waiting: list[Callable[[], None]] = []
        self._note = ""
        self._build()
        before = guesses.get(name)
        guesses[name] = self
        if before is not None:
            # running the cell again is not a second chance, and what waits still waits
            self._waiting = before._waiting
            self._truth = before._truth if truth is None else self._truth
        earlier = recalled(name) if before is None or not before.committed else before.value
        if earlier is not None:
            # the question may have changed since
            with suppress(CvmError):
                self._take(self._answer_of(earlier))

    @property
    def committed(self) -> bool:
        """Whether the student has committed a guess."""
        return self.value is not None

    @property
    def truth(self) -> Any:
        """The answer, None where it is not known yet; a function is called when it is first needed."""
        if callable(self._truth):
            self._truth = self._possible(self._truth())
        return self._truth

    def commit(self, value: Any) -> None:
        """Commit a guess, as the button does; a class may replay one from code.

        Raises
        ------
        CvmError
            For a value that does not answer the question; nothing is committed.
        """
        self._take(self._answer_of(value))
        self._remember()

    def reveal(self, truth: Any = None) -> Revealed:
        """Lay the guess beside the answer, which may come later than the question; one line, shown by a cell's end.

        Parameters
        ----------
        truth
            The answer; if left out, the one that the question was asked with.

        Raises
        ------
        CvmError
            For an answer that nobody could have guessed, and where there is none.
        """
        if truth is None and self._truth is None:
            raise CvmError("whatif.nothing_to_reveal", name=wording(self.name))
        self._truth = self._truth if truth is None else self._possible(truth)
        with speaking(self._language):
            if self.committed:
                self._reveal()
                self._remember()
            plain = say("whatif.reveal_plain", name=wording(self.name), value=self._answer_text())
        self._keep()
        _call_watchers()
        line = Revealed(lambda: guesses.get(self.name, self)._compared(), plain)
        self.when_committed(line.refresh)
        return line

    def when_committed(self, act: Callable[[], None]) -> None:
        """Call ``act`` when the guess is committed, at once if it is."""
        if self.committed:
            act()
        else:
            self._waiting.append(act)

    def text(self, value: float | str | Sequence[Any] | Mapping[str, Any] | None) -> str:
        """Return a guess or an answer as people read it."""
        if value is None:
            return "–"
        if isinstance(value, Collection) and not isinstance(value, str):
            return " → ".join(wording(str(item)) for item in value)
        if self._limits.kind == "choice" or isinstance(value, str):
            return wording(str(value))
        return self._limits.text(value) + self._unit_of(value)

    def _unit_of(self, value: Any) -> str:
        """Return the unit beside a number: none for a share, which has its percent sign, and "month" for one month."""
        limits = self._limits
        if limits.unit == "share":
            return ""
        one = f"one_{limits.unit}"
        is_one = float(value) == 1 and f"units.{one}" in keys()
        return (dataclasses.replace(limits, unit=one) if is_one else limits).unit_label()

    def verdict(self) -> str:
        """Return how far the guess is from the truth, empty where one of them is missing."""
        truth = self.truth
        if not self.committed or truth is None:
            return ""
        if self._order:
            right, pairs = pairs_in_order(self.value, list(truth))
            return say("whatif.pairs_right", right=right, pairs=pairs)
        if self._limits.kind == "choice":
            return term("whatif.right" if self.value == truth else "whatif.wrong")
        return self._distance(float(truth))

    def _take(self, value: Any) -> None:
        """Let a checked value be the guess, and let go what waits for it."""
        self.value = value
        self._note = ""
        with speaking(self._language):
            self._reveal()
        waiting, self._waiting = self._waiting, []
        for act in waiting:
            act()
        self._keep()
        _call_watchers()

    def _remember(self) -> None:
        """Keep the guess in the file beside the notebook, and say on the page if that failed."""
        with speaking(self._language):
            told = {"kind": "guess", "question": wording(self.name), "text": self.text(self.value)}
            if self.truth is not None:
                told["answer"] = self._answer_text()
            self._note = remember(self.name, self.value, **told)
            self._reveal()

    def _answer_of(self, value: Any) -> Any:
        """Return a value as it answers the question, or raise `CvmError`."""
        if not self._order:
            return _within(self.name, _share(value, self._limits), self._limits)
        if isinstance(value, Collection) and sorted(map(str, value)) == sorted(self._order):
            return list(map(str, value))
        raise CvmError("whatif.not_an_order", items=", ".join(map(wording, self._order)))

    def _possible(self, truth: Any) -> Any:
        """Return the truth as a guess could hit it, or a function that tells it; None where it is not known yet."""
        if truth is None or (callable(truth) and takes(truth, 0)):
            return truth
        try:
            return self._answer_of(truth)
        except CvmError as error:
            raise CvmError("whatif.impossible_truth", name=wording(self.name), truth=brief(truth), why=error) from error

    def _distance(self, truth: float) -> str:
        """Return by how much a number is too high or too low."""
        shown = Measure(self.name, unit=self._limits.unit).difference(truth, float(self.value))
        if shown == "=":
            return term("whatif.right")
        size = shown.lstrip("+−")
        if self._limits.unit == "share":
            size = say("whatif.points", points=_short(size))
        return say("whatif.too_high" if self.value > truth else "whatif.too_low", difference=size)

    def _build(self) -> None:
        import ipywidgets as widgets

        look = {"tooltip": term("whatif.commit_tip"), "layout": {"width": "auto"}}
        self._answer = widgets.HTML()
        self._button = widgets.Button(description=term("whatif.commit"), **look)
        self._button.on_click(self._on_commit)
        self._input: Answer | OrderAnswer = OrderAnswer(self._order) if self._order else Answer(self.name, self._limits)
        if isinstance(self._input, Answer):
            self._input.when_entered(lambda: self._on_commit(self._button))
        question = widgets.HTML()
        if self._order or self._limits.kind == "choice":
            question.value = page.said(say("whatif.guess", name=wording(self.name)), "question")
        self._page = page.page_of([question, self._input.widget, self._button, self._answer], guess=True)

    def _on_commit(self, _: Any) -> None:
        if self.committed:
            return
        with speaking(self._language):
            try:
                value = self._input.read()
                if value in (None, ""):
                    raise CvmError("whatif.no_guess_yet")
                self.commit(value)
                # the button that has the focus is disabled now: Shift+Enter shall run the next cell
                self._answer.value += focus_on_next_cell()
            except CvmError as error:
                self._answer.value = page.trouble(str(error))

    def _reveal(self) -> None:
        self._input.lock(self.value)
        self._button.disabled = True
        noted = page.trouble(self._note) if self._note else ""
        why = page.said(self._swapped()) if self._swapped() else ""
        self._answer.value = page.said(self._compared(), strong=True) + why + noted

    def _swapped(self) -> str:
        """Return where all items that are out of their place belong, where words say so."""
        if not self._order or self.truth is None:
            return ""
        whys = [f"{right}_why" for given, right in zip(self.value, self.truth, strict=True) if given != right]
        if not whys or not set(whys) <= set(keys()):
            return ""
        return say("whatif.swapped", whys=listed([term(why) for why in whys], apart=True))

    def _compared(self) -> str:
        """Return guess, answer and verdict in one line, or that the guess is to come first."""
        if not self.committed:
            return term("whatif.commit_first")
        return " · ".join([say("whatif.your_guess", value=self.text(self.value)), *self._beside_the_truth()])

    def _answer_text(self) -> str:
        """Return the answer with as many decimals as a person reads."""
        truth = self.truth
        if truth is None or self._order or self._limits.kind == "choice":
            return self.text(truth)
        if self._limits.unit == "share":
            return f"{_short(grouped(100 * float(truth), 1))}%"
        return _short(Measure(self.name, unit=self._limits.unit).text(float(truth))) + self._unit_of(truth)

    def _beside_the_truth(self) -> list[str]:
        """Return the truth and the verdict in words; nothing where the truth is not known yet."""
        if self.truth is None:
            return []
        return list(filter(None, [say("whatif.truth", value=self._answer_text()), self.verdict()]))

    def _line(self) -> str:
        if not self.committed:
            return say("charts.labelled", label=wording(self.name), value=term("whatif.not_committed"))
        guessed = say("charts.labelled", label=wording(self.name), value=self.text(self.value))
        return " · ".join([guessed, *self._beside_the_truth()])

    def _row(self) -> list[str]:
        if self.committed:
            return [wording(self.name), self.text(self.value), self._answer_text(), self.verdict() or "–"]
        # without a guess the answer stays hidden
        return [wording(self.name), term("whatif.not_committed"), "?", "–"]

    def _still(self) -> Still:
        with speaking(self._language):
            return Still(self._line(), page.said(self._line(), strong=self.committed))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        with speaking(self._language):
            plain = say("whatif.guess_plain", name=wording(self.name))
        return {**(self._page._repr_mimebundle_() or {}), "text/plain": plain}


def _short(number: str) -> str:
    """Return a number without zeros that say nothing."""
    return number.rstrip("0").rstrip(".") if "." in number else number


def _share(value: Any, limits: Limits) -> Any:
    """Return a text like "35%" as a share, where a share is guessed."""
    text = value.strip().replace("％", "%") if isinstance(value, str) else ""
    if limits.unit != "share" or not text.endswith("%"):
        return value
    try:
        return round(float(text[:-1]) / 100, 10)
    except ValueError:
        return value


def _within(name: str, value: Any, limits: Limits) -> Any:
    """Return a checked guess; one out of bounds is refused in the student's terms, percent and no field names."""
    try:
        return checked(name, value, limits)
    except CvmError as error:
        if error.key == "scenario.not_a_number":
            wanted = "whatif.whole_wanted" if limits.whole else "whatif.number_wanted"
            typed = brief(value).strip("'")
            # the page adds the sign where a share is asked
            typed = typed.strip("%") if limits.unit == "share" else typed
            raise CvmError(wanted, value=typed, unit=limits.unit_label().strip()) from None
        beyond = error.key in ("scenario.below_minimum", "scenario.above_maximum")
        if not beyond or limits.minimum is None or limits.maximum is None:
            raise
        low, high = (limits.text(bound) for bound in (limits.minimum, limits.maximum))
        reason = f"{name}_below"
        if error.key == "scenario.below_minimum" and reason in keys():
            raise CvmError(reason, value=limits.text(float(value)), minimum=low, maximum=high) from None
        raise CvmError("whatif.beyond", value=limits.text(float(value)), minimum=low, maximum=high) from None


@public
def guess(
    name: str,
    *,
    truth: Any = None,
    minimum: float | None = None,
    maximum: float | None = None,
    unit: str = "",
    choices: Sequence[str] = (),
    order: Sequence[str] = (),
) -> Guess:
    """Ask for a guess, once: a number, one of a few choices, or an order.

    The question itself stands in the text above. The guess stays beside the truth. `WhatIf` takes it as
    ``after=`` and keeps its sliders locked until it is committed.

    Parameters
    ----------
    name
        Vocabulary key of what is guessed, or the words themselves.
    truth
        The answer, or a function without arguments that computes it when it is first needed; may also be
        given later with `Guess.reveal`.
    minimum, maximum, unit
        For a number: bounds and key of the unit. A ``"share"`` is typed in percent on the page; in code it is a share
        of 1, or a text with a percent sign. ``"months"`` and ``"customers"`` are whole. Where ``<name>_below`` is in
        the vocabulary, a number below the minimum is refused with it.
    choices
        Vocabulary keys or texts to choose one of.
    order
        Vocabulary keys or texts to be put in order; given in any order but the right one. Where ``<key>_why`` is
        in the vocabulary too, a wrong order is answered by those of all items that are out of their place.

    Examples
    --------
    >>> peak = guess("peak of the whale curve", truth=1.34, minimum=0, unit="share")
    >>> peak.commit("110%")
    >>> peak.text(peak.value), peak.text(peak.truth), peak.verdict()
    ('110%', '134%', '24 percentage points too low')
    >>> forget_guesses()
    """
    kind = "choice" if choices else "number"
    limits = Limits(
        name, kind, minimum=minimum, maximum=maximum, unit=unit, choices=tuple(choices), whole=unit in WHOLE
    )
    return Guess(name, truth=truth, limits=limits, order=order)


@public
def forget_guesses() -> None:
    """Forget all guesses of this session and those kept in this folder, for a class that starts over."""
    guesses.clear()
    forget("guess")
    _call_watchers()


def _call_watchers() -> None:
    for watcher in watchers:
        watcher()


def pairs_in_order(given: Sequence[str], right: Sequence[str]) -> tuple[int, int]:
    """Return how many pairs stand in the right order, and how many pairs there are."""
    place = {item: number for number, item in enumerate(right)}
    pairs = list(combinations(given, 2))
    return sum(place[first] < place[second] for first, second in pairs), len(pairs)

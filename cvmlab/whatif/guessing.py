"""Guesses: the student commits one before the slider or the answer unlocks.

A guess lives in the kernel session and nowhere else: restarting the kernel forgets it. In a run without
a page (tests, reports) nobody can commit; nothing waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from html import escape
from itertools import combinations
from typing import Any

from cvmlab.core.annotations import takes
from cvmlab.core.formats import with_unit
from cvmlab.core.guarding import public
from cvmlab.core.refusing import brief
from cvmlab.core.scenario import Limits, checked
from cvmlab.core.words import CvmError, language, say, speaking, term, wording

from . import page
from .kept import Kept, Still
from .measures import Measure

_guesses: dict[str, Guess] = {}
_watchers: list[Callable[[], None]] = []


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
        self._build()
        before = _guesses.get(name)
        _guesses[name] = self
        if before is not None:
            # running the cell again is not a second chance, and what waits still waits
            self._waiting = before._waiting
            if before.committed:
                with suppress(CvmError):
                    self.commit(before.value)

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
        self.value = self._answer_of(value)
        with speaking(self._language):
            self._reveal()
        waiting, self._waiting = self._waiting, []
        for act in waiting:
            act()
        self._keep()
        _call_watchers()

    def reveal(self, truth: Any) -> None:
        """Give the answer later than the question; it is shown once a guess is committed.

        Raises
        ------
        CvmError
            For an answer that nobody could have guessed.
        """
        self._truth = self._possible(truth)
        with speaking(self._language):
            if self.committed:
                self._reveal()
        self._keep()
        _call_watchers()

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
        if self._limits.kind == "choice":
            return wording(str(value))
        return f"{self._limits.text(value)}{'' if self._limits.unit == 'share' else self._limits.unit_label()}"

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
            size = say("whatif.points", points=size)
        return say("whatif.too_high" if self.value > truth else "whatif.too_low", difference=size)

    def _build(self) -> None:
        import ipywidgets as widgets

        look = {"tooltip": term("whatif.commit_tip"), "layout": {"width": "auto"}}
        self._answer = widgets.HTML()
        self._button = widgets.Button(description=term("whatif.commit"), **look)
        self._button.on_click(self._on_commit)
        self._input = _OrderAnswer(self._order) if self._order else _Answer(self.name, self._limits)
        question = widgets.HTML()
        if self._order or self._limits.kind == "choice":
            question.value = page.said(say("whatif.guess", name=wording(self.name)), "question")
        self._page = page.page_of([question, self._input.widget, self._button, self._answer], guess=True)

    def _on_commit(self, _: Any) -> None:
        with speaking(self._language):
            try:
                value = self._input.read()
                if value in (None, ""):
                    raise CvmError("whatif.no_guess_yet")
                self.commit(value)
            except CvmError as error:
                self._answer.value = page.trouble(str(error))

    def _reveal(self) -> None:
        self._input.lock(self.value)
        self._button.disabled = True
        parts = [say("whatif.your_guess", value=self.text(self.value)), *self._beside_the_truth()]
        self._answer.value = page.said(" · ".join(parts), strong=True)

    def _beside_the_truth(self) -> list[str]:
        """Return the truth and the verdict in words; nothing where the truth is not known yet."""
        if self.truth is None:
            return []
        return list(filter(None, [say("whatif.truth", value=self.text(self.truth)), self.verdict()]))

    def _line(self) -> str:
        if not self.committed:
            return say("charts.labelled", label=wording(self.name), value=term("whatif.not_committed"))
        guessed = say("charts.labelled", label=wording(self.name), value=self.text(self.value))
        return " · ".join([guessed, *self._beside_the_truth()])

    def _row(self) -> list[str]:
        if self.committed:
            return [wording(self.name), self.text(self.value), self.text(self.truth), self.verdict() or "–"]
        # without a guess the answer stays hidden
        return [wording(self.name), term("whatif.not_committed"), "?", "–"]

    def _still(self) -> Still:
        with speaking(self._language):
            return Still(self._line(), page.said(self._line(), strong=self.committed))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        with speaking(self._language):
            plain = say("whatif.guess_plain", name=wording(self.name))
        return {**(self._page._repr_mimebundle_() or {}), "text/plain": plain}


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
        beyond = error.key in ("scenario.below_minimum", "scenario.above_maximum")
        if not beyond or limits.minimum is None or limits.maximum is None:
            raise
        low, high = (limits.text(bound) for bound in (limits.minimum, limits.maximum))
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
        For a number: bounds and key of the unit. A ``"share"`` is typed in percent on the page; in code
        it is a share of 1, or a text with a percent sign.
    choices
        Vocabulary keys or texts to choose one of.
    order
        Vocabulary keys or texts to be put in order; given in any order but the right one.

    Examples
    --------
    >>> peak = guess("peak of the whale curve", truth=1.34, minimum=0, unit="share")
    >>> peak.commit("110%")
    >>> peak.text(peak.value), peak.text(peak.truth), peak.verdict()
    ('110%', '134%', '24.0 percentage points too low')
    >>> forget_guesses()
    """
    kind = "choice" if choices else "number"
    limits = Limits(name, kind, minimum=minimum, maximum=maximum, unit=unit, choices=tuple(choices))
    return Guess(name, truth=truth, limits=limits, order=order)


@public
def guesses_summary() -> Any:
    """Return a table of the guesses in this notebook and how near each came; it follows later guesses.

    Examples
    --------
    >>> forget_guesses()
    >>> guess("hope or data?", choices=["hope", "data"], truth="data").commit("data")
    >>> print(guesses_summary().text())
    hope or data?: data · truth: data · right
    """
    return Summary()


class Summary(Kept):
    """The guesses of a notebook, kept up to date on the page."""

    def __init__(self) -> None:
        import ipywidgets as widgets

        self._language = language()
        self._table = widgets.HTML()
        self._page = page.page_of([self._table], guess=True)
        _watchers.append(self._refresh)
        self._refresh()

    def text(self) -> str:
        """Return one line per guess; a sentence if there are none."""
        with speaking(self._language):
            return "\n".join(asked._line() for asked in _guesses.values()) or term("whatif.no_guesses")

    def _refresh(self) -> None:
        with speaking(self._language):
            heads = [term(f"whatif.{name}") for name in ("guessed_what", "guessed", "true_answer", "how_near")]
            table = page.figures(heads, [asked._row() for asked in _guesses.values()])
            self._table.value = table if _guesses else f"<p>{escape(term('whatif.no_guesses'))}</p>"
        self._keep()

    def _still(self) -> Still:
        return Still(self.text(), self._table.value)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        with speaking(self._language):
            plain = term("whatif.summary_plain")
        return {**(self._page._repr_mimebundle_() or {}), "text/plain": plain}


@public
def forget_guesses() -> None:
    """Forget all guesses of this session, for a class that starts over."""
    _guesses.clear()
    _call_watchers()


def _call_watchers() -> None:
    for watcher in _watchers:
        watcher()


def pairs_in_order(given: Sequence[str], right: Sequence[str]) -> tuple[int, int]:
    """Return how many pairs stand in the right order, and how many pairs there are."""
    place = {item: number for number, item in enumerate(right)}
    pairs = list(combinations(given, 2))
    return sum(place[first] < place[second] for first, second in pairs), len(pairs)


class _Answer:
    """A text box for a number, radio buttons for a choice; nothing is chosen at first."""

    def __init__(self, name: str, limits: Limits) -> None:
        import ipywidgets as widgets

        self._limits = limits
        if limits.kind == "choice":
            options = [(wording(chosen), chosen) for chosen in limits.choices]
            self.widget = widgets.RadioButtons(options=options, value=None, layout={"width": "auto"})
            return
        unit = "%" if limits.unit == "share" else limits.unit_label().strip()
        asked = say("whatif.guess", name=wording(name))
        self.widget = widgets.Text(
            description=with_unit(asked, unit) if unit else asked,
            placeholder=term("whatif.a_number"),
            layout={"max_width": "360px"},
        )

    def read(self) -> Any:
        """Return what stands in it."""
        shown = self.widget.value
        if self._limits.kind == "choice" or not isinstance(shown, str):
            return shown
        text = shown.strip()
        if self._limits.unit == "share" and text and not text.endswith(("%", "％")):
            return f"{text}%"
        return text

    def lock(self, value: Any) -> None:
        """Show what was committed and take no more."""
        is_choice = self._limits.kind == "choice"
        self.widget.value = value if is_choice else self._limits.text(value).rstrip("%")
        self.widget.disabled = True


class _OrderAnswer:
    """A list whose items move up and down by buttons, with mouse or keyboard."""

    def __init__(self, items: Sequence[str]) -> None:
        import ipywidgets as widgets

        self._items = list(items)
        self._labels = [widgets.HTML() for _ in items]
        self._moves: list[Any] = []
        rows = []
        for place, label in enumerate(self._labels):
            buttons = [self._move(place, place - 1, "arrow-up"), self._move(place, place + 1, "arrow-down")]
            rows.append(widgets.HBox([*buttons, label]))
        self.widget = widgets.VBox(rows)
        self._refresh()

    def _move(self, place: int, target: int, icon: str) -> Any:
        import ipywidgets as widgets

        tip = say("whatif.move_up" if target < place else "whatif.move_down", place=place + 1)
        beyond = not 0 <= target < len(self._items)
        button = widgets.Button(icon=icon, tooltip=tip, disabled=beyond, layout={"width": "34px"})
        button.on_click(lambda _: self._swap(place, target))
        self._moves.append(button)
        return button

    def _swap(self, place: int, target: int) -> None:
        items = self._items
        items[place], items[target] = items[target], items[place]
        self._refresh()

    def _refresh(self) -> None:
        for place, (label, item) in enumerate(zip(self._labels, self._items, strict=True), start=1):
            label.value = f"{place}. {escape(wording(item))}"

    def read(self) -> list[str]:
        """Return the items as they stand."""
        return list(self._items)

    def lock(self, value: Sequence[str]) -> None:
        """Show what was committed and take no more."""
        self._items[:] = value
        self._refresh()
        for button in self._moves:
            button.disabled = True

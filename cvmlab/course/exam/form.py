"""The widgets of the exam cards: a place to write, boxes to tick, and the way from card to card."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from cvmlab.core.words import CvmError, language, say, speaking, term
from cvmlab.whatif import page
from cvmlab.whatif.kept import running_loop

from .attempts import Attempt
from .plain import about, heads_of
from .questions import head_of

_LOOK = """<style>
.cvm-exam { max-width: 940px }
.cvm-exam p { font-size: 14px; line-height: 1.5; margin: 2px }
.cvm-exam .cvm-about { color: var(--jp-ui-font-color2, #666); font-size: 12px }
.cvm-exam .cvm-asked { font-weight: 600; margin: 2px 2px 6px }
.cvm-exam .cvm-model { border-left: 3px solid #0072B2; padding: 2px 10px; margin: 6px 2px;
  font-size: 14px; line-height: 1.5 }
.cvm-exam .cvm-model summary { cursor: pointer; font-weight: 600 }
.cvm-exam .cvm-grid { align-items: start; column-gap: 6px }
.cvm-exam .cvm-grid p { font-size: 13px }
.cvm-exam .cvm-grid .widget-text { min-width: 0; width: 100%; margin: 0; padding-right: 1px }
.cvm-exam .widget-dropdown { min-width: 360px }
.cvm-exam .widget-dropdown > select { flex: 1 1 0; height: 28px }
.cvm-exam .cvm-grid .widget-text > input { flex: 1 1 0; min-width: 0 }
.cvm-exam .widget-checkbox { width: auto; height: auto; align-items: flex-start; line-height: 1.4;
  min-height: 0; margin: 1px 2px }
.cvm-exam .widget-checkbox label {
  display: flex; align-items: flex-start; white-space: normal; height: auto; line-height: 1.4 }
.cvm-exam .widget-checkbox input { align-self: flex-start; margin: 3px 6px 0 2px; flex-shrink: 0 }
.cvm-exam .cvm-grid .widget-checkbox label { font-size: 12px; line-height: 1.3 }
</style>"""
#: Seconds without a letter after which a text is kept: more than lies between two letters, since keeping writes a file
#: and the page, and less than the page waits after Ctrl+S.
PAUSE = 0.25
ROWS = {"define": 4, "short": 6, "essay": 9, "letter": 6}


class CardForm:
    """The widgets of one card; it shows what the card says and tells the card what the student does."""

    def __init__(self, card: Attempt) -> None:
        import ipywidgets as widgets

        self.card = card
        self._refreshing = False
        self._due: asyncio.TimerHandle | None = None
        question = card.question
        self._boxes = [self._box(point) for point in question.points()]
        self._answer = _Grid(self, self._boxes) if question.is_table else _Lines(self, ROWS[question.kind])
        self._open = _button("exam.open", lambda _: self._do(card.open), style="primary")
        self._give_up = _button("exam.give_up", lambda _: self._do(card.give_up))
        self._again = _button("exam.start_over", lambda _: self._do(card.start_over))
        self._trouble, self._marks, self._model = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self._buttons, self._points = widgets.HBox(layout={"align_items": "center"}), widgets.VBox()
        self._below = self._opened()
        asked = f'<p class="cvm-about">{escape(about(question))}</p><p class="cvm-asked">{escape(question.text())}</p>'
        parts = [widgets.HTML(asked), self._answer.widget, self._buttons, self._trouble, self._points]
        self.box = widgets.VBox(parts, layout={"width": "100%"})
        self._whole: Any = None
        card.when_changed(self.refresh)
        self.refresh()

    @property
    def page(self) -> Any:
        """The card as a page of its own."""
        if self._whole is None:
            self._whole = _page([self.box])
        return self._whole

    def typed(self, _: Any = None) -> None:
        """Tell the card what stands in the place to write, once the student pauses."""
        if self._refreshing:
            return
        self._wait_no_more()
        loop = running_loop()
        self._due = loop.call_later(PAUSE, self._do) if loop else None
        if loop is None:
            self._do()

    def refresh(self) -> None:
        """Show the card as it is now."""
        if self._refreshing:
            return
        self._refreshing = True
        try:
            with speaking(self.card.language):
                self._show()
        finally:
            self._refreshing = False

    def _show(self) -> None:
        state = self.card.state
        self._answer.show(state.written, opened=state.opened)
        self._buttons.children = (self._again, self._marks) if state.opened else (self._open, self._give_up)
        for number, box in enumerate(self._boxes, start=1):
            box.value, box.disabled = number in state.ticked, state.gave_up
        self._marks.value = page.said(self.card.marks_so_far(), strong=True)
        self._model.value = self._folded_model()
        how, *rest = self._below
        self._points.children = (*(() if state.gave_up else (how,)), *rest) if state.opened else ()
        self._trouble.value = ""

    def _opened(self) -> list[Any]:
        """Return what stands below an open card; the boxes of a table stand under its cells instead."""
        import ipywidgets as widgets

        question = self.card.question
        how = {"table": "exam.tick_cells", "letter": "exam.tick_letter"}.get(question.kind, "exam.tick")
        parts = [widgets.HTML(page.said(term(how))), *([] if question.is_table else self._boxes)]
        if question.model():
            parts.append(self._model)
        return parts

    def _folded_model(self) -> str:
        """Return the model answer in a fold, so that question, answer and points fit one screen."""
        question = self.card.question
        # whoever gave up came to read it
        fold = "<details open>" if self.card.state.gave_up else "<details>"
        head, model = escape(heads_of(question)[1]), escape(question.model())
        return f'<div class="cvm-model">{fold}<summary>{head}</summary>{model}</details></div>'

    def _box(self, point: str) -> Any:
        import ipywidgets as widgets

        box = widgets.Checkbox(description=point, indent=False)
        box.observe(self._ticked, "value")
        return box

    def _ticked(self, _: Any) -> None:
        if not self._refreshing:
            points = [number for number, box in enumerate(self._boxes, start=1) if box.value]
            self._do(lambda: self.card.tick(*points))

    def _wait_no_more(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _do(self, act: Callable[[], None] | None = None) -> None:
        """Keep what is written and do what a person has asked for; what goes wrong is said on the page."""
        written = act is None or self._due is not None
        self._wait_no_more()
        with speaking(self.card.language):
            try:
                if written:
                    self.card.keep(self._answer.read())
                if act is not None:
                    act()
                trouble = self.card.remember()
            except CvmError as error:
                trouble = str(error)
            if trouble:
                self._trouble.value = page.trouble(trouble)


class CardsForm:
    """One card of a lesson at a time, the way to the others, and the sum."""

    def __init__(self, cards: Sequence[tuple[Attempt, Any]], summed: Callable[[], str]) -> None:
        import ipywidgets as widgets

        self._boxes, self._summed, self._place = [box for _, box in cards], summed, 0
        self._language = language()
        options = [(_titled(place + 1, card), place) for place, (card, _) in enumerate(cards)]
        self._choice = widgets.Dropdown(options=options, value=0, layout={"width": "360px"})
        self._choice.observe(lambda change: self._go(change["new"]), "value")
        self._back = _button("exam.previous", lambda _: self._go(self._place - 1), icon="arrow-left")
        self._on = _button("exam.next", lambda _: self._go(self._place + 1), icon="arrow-right")
        self._sum, self._room = widgets.HTML(), widgets.VBox(layout={"width": "100%"})
        note = widgets.HTML(f'<p class="cvm-about">{escape(term("exam.marks_are_ours"))}</p>')
        below = widgets.HBox([self._sum, note], layout={"flex_flow": "row wrap", "align_items": "center"})
        self.page = _page([widgets.HBox([self._choice, self._back, self._on]), self._room, below])
        for card, _ in cards:
            card.when_changed(self._refresh)
        self._go(0)
        self._refresh()

    def _go(self, place: int) -> None:
        self._place = place
        self._choice.value = place
        self._back.disabled, self._on.disabled = place == 0, place == len(self._boxes) - 1
        self._room.children = (self._boxes[place],)

    def _refresh(self) -> None:
        with speaking(self._language):
            self._sum.value = page.said(self._summed(), strong=True)


def _titled(number: int, card: Attempt) -> str:
    return f"{number}. {term(f'exam.kind_{card.question.kind}')} · {card.question.title()}"


class _Lines:
    """A few lines to write in."""

    def __init__(self, form: CardForm, rows: int) -> None:
        import ipywidgets as widgets

        place = term("exam.write_here")
        self.widget = widgets.Textarea(placeholder=place, rows=rows, layout={"width": "99%", "height": "auto"})
        self.widget.observe(form.typed, "value")

    def read(self) -> str:
        return str(self.widget.value)

    def show(self, written: dict[str, str], *, opened: bool) -> None:
        # what the student is typing is not touched: only another answer replaces it
        if self.read().strip() != written.get("", "").strip():
            self.widget.value = written.get("", "")


class _Grid:
    """A table to fill in; once opened, the book's cell stands under each of the student's, with a box to tick."""

    def __init__(self, form: CardForm, boxes: Sequence[Any]) -> None:
        import ipywidgets as widgets

        question = form.card.question
        self._boxes = boxes
        self._cells = {cell: widgets.Text() for cell in question.cells()}
        for cell, text in self._cells.items():
            variable, _, stage = cell.rpartition("_")
            text.placeholder = say("exam.cell", variable=term(variable), stage=head_of(stage))
            text.observe(form.typed, "value")
        self._places = [widgets.VBox([text], layout={"overflow": "hidden"}) for text in self._cells.values()]
        columns = question.columns()
        heads = ["", *map(head_of, columns)]
        parts = [widgets.HTML(f"<p><strong>{escape(head)}</strong></p>") for head in heads]
        places = iter(self._places)
        for variable in question.rows():
            parts.append(widgets.HTML(f"<p>{escape(term(variable))}</p>"))
            parts += [next(places) for _ in columns]
        widths = f"84px repeat({len(columns)}, minmax(0, 1fr))"
        self.widget = widgets.GridBox(parts, layout={"grid_template_columns": widths, "width": "99%"})
        self.widget.add_class("cvm-grid")

    def read(self) -> dict[str, str]:
        return {cell: text.value for cell, text in self._cells.items()}

    def show(self, written: dict[str, str], *, opened: bool) -> None:
        for place, (cell, text), box in zip(self._places, self._cells.items(), self._boxes, strict=True):
            if text.value.strip() != written.get(cell, "").strip():
                text.value = written.get(cell, "")
            place.children = (text, box) if opened else (text,)


def _button(key: str, act: Any, *, icon: str = "", style: str = "") -> Any:
    import ipywidgets as widgets

    button = widgets.Button(description=term(key), icon=icon, button_style=style, layout={"width": "auto"})
    button.on_click(act)
    return button


def _page(parts: Sequence[Any]) -> Any:
    import ipywidgets as widgets

    whole = page.page_of([widgets.HTML(_LOOK), *parts], guess=True)
    whole.add_class("cvm-exam")
    return whole

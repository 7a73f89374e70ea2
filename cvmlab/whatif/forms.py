"""Where a guess is typed, chosen or put in order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from cvmlab.core.formats import with_unit
from cvmlab.core.scenario import Limits
from cvmlab.core.words import CvmError, say, term, wording

#: Seconds from the Enter key until what was typed is certainly here.
MOMENT = 0.2


class Answer:
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
            # what is typed arrives whole: letter by letter, a click could overtake the last ones in a busy kernel
            continuous_update=False,
            layout={"max_width": "360px"},
        )

    def read(self) -> Any:
        """Return what stands in it."""
        shown = self.widget.value
        if self._limits.kind == "choice" or not isinstance(shown, str):
            return shown
        text = shown.strip()
        if self._limits.unit != "share" or not text or text.endswith(("%", "％")):
            return text
        if _is_a_share(text, self._limits.maximum or 0):
            meant = f"{round(100 * float(text), 6):g}"
            raise CvmError("whatif.did_you_mean", meant=meant, typed=text)
        return f"{text}%"

    def when_entered(self, act: Callable[[], None]) -> None:
        """Call ``act`` when somebody presses Enter in the text box."""

        def heard(_: Any, content: Mapping[str, Any], __: Any) -> None:
            if content.get("event") == "submit":
                _after_a_moment(act)

        if self._limits.kind != "choice":
            self.widget.on_msg(heard)

    def lock(self, value: Any) -> None:
        """Show what was committed and take no more."""
        is_choice = self._limits.kind == "choice"
        self.widget.value = value if is_choice else self._limits.text(value).rstrip("%")
        self.widget.disabled = True


class OrderAnswer:
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


def _is_a_share(text: str, most: float) -> bool:
    """Return whether a number typed for a percentage looks like a share of 1: "0.05", or "1.2" where 120% can be."""
    try:
        return 0 < float(text) < 1 or 1 <= float(text) <= most > 1
    except ValueError:
        return False


def _after_a_moment(act: Callable[[], None]) -> None:
    """Act once the text is here: the page tells of the Enter key first, and sends the text after it."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        act()
    else:
        loop.call_later(MOMENT, act)


def focus_on_next_cell() -> str:
    """Return HTML that, once shown, gives the focus to the cell below, so that Shift+Enter runs that one.

    It acts only in its first seconds: a page that is loaded again must not jump.
    """
    return (
        '<img alt="" width="1" height="1" style="position:absolute;opacity:0" '
        'src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7" onload="'
        f"if(Math.abs(Date.now()-{time.time() * 1000:.0f})<5000){{"
        "const cell=this.closest('.jp-Cell'),next=cell&&cell.nextElementSibling;"
        "const target=next&&next.matches('.jp-Cell')?next:cell;"
        'if(target)target.focus({preventScroll:true})}">'
    )

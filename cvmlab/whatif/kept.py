"""What a saved notebook keeps of a widget for the next day, when no kernel is there.

A widget lives in its kernel; a notebook opened without that kernel says "Error displaying widget: model not found".
So on a page of JupyterLab a widget has a neighbour, the next output of the same cell: plain HTML with what was
committed or seen. The page hides the neighbour while the widget lives, and the dead widget when it does not. Without
a page (tests, reports, the notebooks of the course as committed) there is one output as ever, and no neighbour.

To use it, take `Kept` as a base class, and

- have the widget in ``self._page`` (from `page.page_of`, or any widget of ipywidgets);
- write ``_still()``: it returns a `Still`, the state of this moment as HTML (`page` and `picture` help) and in words;
  a class with a language of its own enters it there (``with speaking(self._language)``);
- write ``_repr_mimebundle_`` as before: it counts where there is no page;
- call ``self._keep()`` whenever something was committed, and ``self._keep(soon=True)`` for what changes fast: a dragged
  slider or a text that is being typed costs nothing until it rests.

>>> class Card(Kept):
...     def __init__(self):
...         import ipywidgets as widgets
...         self.ticked, self._page = 0, widgets.HTML("the live card")
...     def tick(self):
...         self.ticked += 1
...         self._keep()
...     def _still(self):
...         return Still(words=f"{self.ticked} points", html=f"<p>{self.ticked} points</p>")
>>> Card().tick()
"""

from __future__ import annotations

import asyncio
import sys
from base64 import b64encode
from dataclasses import dataclass
from html import escape
from typing import Any
from uuid import uuid4

from .static import VIEW

#: Seconds without a change after which a moving widget is taken to rest.
REST = 0.4

# Of a live widget the neighbour is hidden; of a dead one, which has a line of text and no element, the widget is.
_STYLE = """<style>
.jp-OutputArea-child:has(.cvm-live) + .jp-OutputArea-child:has(.cvm-kept) { display: none }
.jp-OutputArea-child:not(:has(.cvm-live)):has(+ .jp-OutputArea-child .cvm-kept) { display: none }
.cvm-kept p { font-size: 14px; line-height: 1.5; margin: 4px 2px }
.cvm-kept img { max-width: 100%; height: auto }
.cvm-kept table.cvm-figures { border-collapse: collapse; font-size: 13px; line-height: 1.35; margin: 6px 2px }
.cvm-kept .cvm-figures th, .cvm-kept .cvm-figures td {
  padding: 2px 8px; border-bottom: 1px solid #8884; text-align: right; font-variant-numeric: tabular-nums }
.cvm-kept .cvm-figures th:first-child { text-align: left; font-weight: normal }
.cvm-kept .cvm-figures thead th { font-weight: 600; border-bottom: 1px solid #888 }
</style>"""


@dataclass(frozen=True)
class Still:
    """The state of a widget at one moment, in words and as HTML."""

    words: str
    html: str


class Kept:
    """A widget whose last state stays readable in the saved notebook; the module says how to use it."""

    _page: Any
    _still_id = ""
    _due: asyncio.TimerHandle | None = None

    def _still(self) -> Still:
        raise NotImplementedError

    def _keep(self, *, soon: bool = False) -> None:
        """Bring what the notebook keeps up to date, or let it be brought once the widget rests."""
        if not self._still_id:
            return
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if soon and (loop := running_loop()) is not None:
            self._due = loop.call_later(REST, self._keep)
            return
        self._publish(update=True)

    def _publish(self, *, update: bool) -> None:
        from IPython.display import display

        still = self._still()
        bundle = {"text/plain": still.words, "text/html": f'<div class="cvm-kept">{_STYLE}{still.html}</div>'}
        display(bundle, raw=True, display_id=self._still_id, update=update)

    def _ipython_display_(self) -> None:
        if not on_a_page():
            # to IPython this says: show what _repr_mimebundle_ gives
            raise NotImplementedError
        from IPython.display import display

        self._page.add_class("cvm-live")
        view = self._page._repr_mimebundle_() or {}
        display({VIEW: view[VIEW]}, raw=True)
        self._still_id = self._still_id or uuid4().hex
        self._publish(update=False)


def picture(png: bytes, words: str, width: int) -> str:
    """Return a picture as HTML that needs no file beside it."""
    source = b64encode(png).decode("ascii")
    return f'<img src="data:image/png;base64,{source}" alt="{escape(words)}" width="{width}">'


def on_a_page() -> bool:
    """Return whether the running cell was started by a person in JupyterLab, not by a test or a report."""
    ipython = sys.modules.get("IPython")
    kernel = getattr(ipython and ipython.get_ipython(), "kernel", None)
    if kernel is None:
        return False
    # JupyterLab and Notebook 7 send this with every cell; no program that runs notebooks does
    return "deletedCells" in (kernel.get_parent().get("metadata") or {})


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop of the kernel, in which something can be done a little later; None outside of one."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None

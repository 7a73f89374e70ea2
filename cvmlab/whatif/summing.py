"""The table of all guesses at the end of a notebook."""

from __future__ import annotations

from html import escape
from typing import Any

from cvmlab.core.guarding import public
from cvmlab.core.words import language, speaking, term

from . import page
from .guessing import guesses, watchers
from .kept import Kept, Still


@public
def guesses_summary() -> Any:
    """Return a table of the guesses in this notebook and how near each came; it follows later guesses.

    Examples
    --------
    >>> from cvmlab.whatif import forget_guesses, guess
    >>> forget_guesses()
    >>> guess("hope or data?", choices=["hope", "data"], truth="data").commit("data")
    >>> print(guesses_summary().text())
    hope or data?: data · answer: data · right
    """
    return Summary()


class Summary(Kept):
    """The guesses of a notebook, kept up to date on the page."""

    def __init__(self) -> None:
        import ipywidgets as widgets

        self._language = language()
        self._table = widgets.HTML()
        self._page = page.page_of([self._table], guess=True)
        watchers.append(self._refresh)
        self._refresh()

    def text(self) -> str:
        """Return one line per guess; a sentence if there are none."""
        with speaking(self._language):
            return "\n".join(asked._line() for asked in guesses.values()) or term("whatif.no_guesses")

    def _refresh(self) -> None:
        with speaking(self._language):
            heads = [term(f"whatif.{name}") for name in ("guessed_what", "guessed", "true_answer", "how_near")]
            table = page.figures(heads, [asked._row() for asked in guesses.values()])
            self._table.value = table if guesses else f"<p>{escape(term('whatif.no_guesses'))}</p>"
        self._keep()

    def _still(self) -> Still:
        return Still(self.text(), self._table.value)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        with speaking(self._language):
            plain = term("whatif.summary_plain")
        return {**(self._page._repr_mimebundle_() or {}), "text/plain": plain}

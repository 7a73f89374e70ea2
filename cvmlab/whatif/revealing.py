"""The line of a later cell that lays a guess beside its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cvmlab.core.words import language, speaking

from . import page
from .kept import Kept, Still


class Revealed(Kept):
    """One line that follows the guess: before the commit it asks for it, afterwards it compares."""

    def __init__(self, line: Callable[[], str], plain: str) -> None:
        import ipywidgets as widgets

        self._language = language()
        self._line, self._plain = line, plain
        self._place = widgets.HTML()
        self._page = page.page_of([self._place], guess=True)
        self.refresh()

    def __repr__(self) -> str:
        return self._plain

    @property
    def text(self) -> str:
        """What the line says now."""
        with speaking(self._language):
            return self._line()

    def refresh(self) -> None:
        """Say it anew, after a commit."""
        self._place.value = page.said(self.text, strong=True)
        self._keep()

    def _still(self) -> Still:
        return Still(self.text, self._place.value)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        with speaking(self._language):
            still = {"text/plain": self._plain, "text/html": page.closed(page.said(self._plain))}
        return {**(self._page._repr_mimebundle_() or {}), **still}

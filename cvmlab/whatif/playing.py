"""The Play button of a what-if: how its picture unfolds in time, and who may move it when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, term, wording

#: Milliseconds between two pictures: faster is not seen as steps, and few kernels are faster.
QUICKEST = 60


def until(result: Any, month: int) -> dict[str, Any]:
    """Return a result with the month up to which it is to be drawn, as ``result["until"]``."""
    if not isinstance(result, Mapping):
        raise CvmError("whatif.no_mapping", found=type(result).__name__)
    return {**result, "until": month}


@public
@dataclass(frozen=True)
class Unfold:
    """How the picture of a what-if unfolds in time, for its Play button.

    Attributes
    ----------
    last
        Number of the last month, or ``last(result)`` where it depends on the result. There the picture is whole.
    at
        ``at(result, month)`` returns what ``draw`` is to draw in that month. If left out, it is the result, a dict,
        with ``"until"`` added: ``draw`` reads ``result.get("until", last)`` and leaves out what comes later.
    first, step
        The first month, and the months from one picture to the next.
    word
        Vocabulary key or text of the small slider; "month" if left out.
    seconds
        How long it plays.

    Examples
    --------
    >>> Unfold(lambda result: len(result["profit"])).of({"profit": [1, 2, 3]})
    3
    >>> Unfold(24).at({"profit": 1}, 6)
    {'profit': 1, 'until': 6}
    """

    last: int | Callable[[Any], int]
    at: Callable[[Any, int], Any] = until
    first: int = 1
    step: int = 1
    word: str = "whatif.month"
    seconds: float = 8.0

    def of(self, result: Any) -> int:
        """Return the last month of a result."""
        return int(self.last(result) if callable(self.last) else self.last)


class Player:
    """A Play button and a small slider of time; ``show(month)`` is called for each picture, None for the whole.

    The page counts the months and sends only the newest, once the last picture is there: a slow kernel leaves out
    pictures, it never runs behind. What the page still sends after the kernel has stopped it is not shown.
    """

    def __init__(self, unfold: Unfold, show: Callable[[int | None], None]) -> None:
        import ipywidgets as widgets

        from .sliders import SteadyIntSlider

        self.unfold, self._show = unfold, show
        self._last = unfold.first
        self._running = self._writing = False
        self.button = widgets.Play(step=unfold.step, show_repeat=False, tooltip=term("whatif.play"))
        self.time = SteadyIntSlider(step=unfold.step, description=wording(unfold.word), tooltip=wording(unfold.word))
        self.button.observe(self._played, ["value", "playing"])
        self.time.observe(self._moved, "value")
        self.row = widgets.HBox([self.button, self.time])
        self.row.add_class("cvm-player")

    @property
    def widgets(self) -> tuple[Any, Any]:
        """The widgets that are locked until a guess is committed."""
        return self.button, self.time

    def fit(self, result: Any) -> None:
        """Stop, and stand at the end of a result."""
        self._last = max(self.unfold.of(result), self.unfold.first)
        # counted from the end, so that the last picture is the whole one
        first = self._last - (self._last - self.unfold.first) // self.unfold.step * self.unfold.step
        pictures = max((self._last - first) // self.unfold.step, 1)
        self._writing = True
        try:
            self._running = False
            self.button.playing = False
            self.button.interval = max(round(1000 * self.unfold.seconds / pictures), QUICKEST)
            for widget in self.widgets:
                with widget.hold_sync():
                    widget.max = max(self._last, widget.max)
                    widget.min, widget.value = first, self._last
                    widget.max = self._last
        finally:
            self._writing = False

    def stop(self) -> None:
        """Stop where it is."""
        self._running = False
        self.button.playing = False

    def go(self, month: int) -> None:
        """Stop, and show one month."""
        self.stop()
        self._at(min(max(month, self.time.min), self._last))

    def _at(self, month: int) -> None:
        self._writing = True
        try:
            self.time.value = month
            if not self._running:
                # the page goes on from here
                self.button.value = month
        finally:
            self._writing = False
        self._show(None if month >= self._last else month)

    def _played(self, change: Mapping[str, Any]) -> None:
        if self._writing:
            return
        was = self._running
        if change["name"] == "playing":
            self._running = bool(change["new"])
        # start, months and end may come together, in any order
        if (was or self._running) and self.button.value != self.time.value:
            self._at(self.button.value)

    def _moved(self, change: Mapping[str, Any]) -> None:
        if not self._writing:
            self.go(change["new"])

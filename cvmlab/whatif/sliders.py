"""Sliders that show on the page exactly the value they are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ipywidgets import FloatSlider, IntSlider


class _Steady:
    """Sends the bounds before the value.

    The page applies what it is sent in that order, and moves a value that comes first to a step of the old bounds.
    """

    def get_state(self, *asked: Any, **options: Any) -> dict[str, Any]:
        state: Mapping[str, Any] = super().get_state(*asked, **options)  # type: ignore[misc]
        return dict(sorted(state.items(), key=lambda item: item[0] == "value"))


class SteadyIntSlider(_Steady, IntSlider):  # type: ignore[misc]
    """A slider of whole numbers."""


class SteadyFloatSlider(_Steady, FloatSlider):  # type: ignore[misc]
    """A slider of numbers."""

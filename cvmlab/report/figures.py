"""Pictures in a report: drawn at twice the resolution of the page, with a name and a text for readers."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DOTS_PER_INCH = 192
_PAGE_DOTS_PER_INCH = 96


@dataclass(frozen=True)
class Picture:
    """A PNG that a notebook displays."""

    png: bytes
    name: str  # of the file in ``figures/``
    alt: str  # what the picture shows, for those who do not see it
    width: int  # on the page, in CSS pixels

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data = {"image/png": self.png, "text/plain": self.alt}
        return data, {"image/png": {"width": self.width, "name": self.name, "alt": self.alt}}


def picture(axes: Axes | Any, *, name: str, alt: str) -> Picture:
    """Draw the figure of some Axes (one, or an array or tuple of them) and close it."""
    import matplotlib.pyplot as plt

    figure: Any = _first(axes).get_figure(root=True)
    drawn = BytesIO()
    figure.savefig(drawn, format="png", dpi=_DOTS_PER_INCH)
    plt.close(figure)
    return Picture(drawn.getvalue(), name, alt, round(figure.get_figwidth() * _PAGE_DOTS_PER_INCH))


def _first(axes: Any) -> Axes:
    first: Axes = axes if hasattr(axes, "get_figure") else next(iter(axes))
    return first

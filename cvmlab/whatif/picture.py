"""The picture of a what-if: what stands still is drawn once, what moves is blitted over it.

A picture is an Agg figure of its own, never pyplot's. Axes, labels, grid and the ghost of the baseline
are kept as pixels; only the few live artists are drawn when a slider moves.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.charts import style
from cvmlab.core.fonts import chinese_families
from cvmlab.core.words import CvmError, term

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

Draw = Callable[["Axes", Any], object]
"""Draws a result on Axes; what it returns is not looked at."""

GHOST = "#808080"
#: Pixels of the picture for each pixel of the page: sharp on most screens, still quick to send.
SHARPNESS = 1.25
#: Beyond the old limits axes grow by more than is needed, so that a dragged slider seldom moves them.
GENEROUS = 1.3
_DOTS_PER_INCH = 100


class Picture:
    """One Axes with a ghost of the baseline, drawn again in a few milliseconds.

    ``frame`` draws what no slider moves, once for each baseline; ``draw`` what the sliders move, for the
    baseline, whose artists become the ghost, and for every new result. Limits that ``frame`` sets are kept;
    others grow where a result needs it. ``left_out`` counts the points of the last result without a number.
    """

    def __init__(self, frame: Draw, draw: Draw, *, width: int = 560, height: int = 380) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self._frame, self._draw = frame, draw
        self._figure = Figure(figsize=(width / _DOTS_PER_INCH, height / _DOTS_PER_INCH), dpi=_DOTS_PER_INCH * SHARPNESS)
        self._canvas: Any = FigureCanvasAgg(self._figure)
        self._families = list(chinese_families())
        self._ax: Axes = self._figure.add_subplot()
        self._grows = (True, True)
        self._pinned: tuple[Any, Any] | None = None
        self._background: Any = None
        self._whole: NDArray[np.uint8] | None = None
        self.left_out = 0

    def pin(self, baseline: Any) -> None:
        """Draw the frame and the ghost anew for this baseline; if it cannot be drawn, the picture stays as it was."""
        self._check(baseline)
        self._ax.clear()
        style.dressed(self._ax)
        self._frame(self._ax, baseline)
        self._ax.set_title(term("whatif.ghost"), loc="right", fontsize=style.NOTE_SIZE, color=style.QUIET, pad=6)
        for artist in self._added(baseline):
            _haunt(artist)
        self._ax.autoscale_view()
        self._grows = (self._ax.get_autoscalex_on(), self._ax.get_autoscaley_on())
        self._ax.autoscale(False)
        self._pinned = self._ax.viewLim.frozen(), self._ax.dataLim.frozen()
        style.lettered(self._ax)
        self._lay_out()

    def shrink(self) -> None:
        """Give the axes the limits they had for the baseline, however far they have grown since."""
        if self._pinned is None:
            return
        view, data = self._pinned
        # a copy: a box that is set shares its points
        self._ax.dataLim.set(data.frozen())
        if (self._ax.viewLim.get_points() != view.get_points()).any():
            self._ax.set(xlim=view.intervalx, ylim=view.intervaly)
            self._draw_background()

    def show(self, result: Any, *, whole: bool = True) -> bytes:
        """Return the picture of a result as PNG; a result without a finite number to draw is refused.

        A picture that is not whole, being one of many on the way to it, is not kept for `stamped`.
        """
        artists = self._added(result)
        try:
            left_out = check_points(artists)
            for artist in artists:
                # not part of what stands still when the background has to be drawn again
                artist.set_animated(True)
            if self._grow():
                self._draw_background()
            self._canvas.restore_region(self._background)
            for artist in sorted(artists, key=lambda artist: artist.get_zorder()):
                self._ax.draw_artist(artist)
            pixels = np.asarray(self._canvas.buffer_rgba())
            if whole:
                self.left_out, self._whole = left_out, pixels.copy()
            return png(pixels)
        finally:
            _remove(artists)

    def stamped(self, note: str) -> bytes:
        """Return the last whole picture with a line below it, for a page that has no kernel."""
        pixels = np.asarray(self._canvas.buffer_rgba()) if self._whole is None else self._whole
        return png(np.vstack([pixels, _band(note, pixels.shape[1], self._families)]))

    def _added(self, result: Any) -> list[Artist]:
        """Draw a result and return its artists; a draw that fails half-way leaves nothing behind."""
        from matplotlib.text import Text

        before = set(map(id, self._ax.get_children()))
        # a series keeps its colour, however often it is drawn
        self._ax.set_prop_cycle(None)
        try:
            self._draw(self._ax, result)
        except BaseException:
            _remove(self._since(before))
            raise
        added = self._since(before)
        for artist in added:
            for text in artist.findobj(Text):
                text.set_fontfamily(self._families)
                text.set_parse_math(False)
        return added

    def _since(self, before: set[int]) -> list[Artist]:
        return [artist for artist in self._ax.get_children() if id(artist) not in before]

    def _check(self, result: Any) -> None:
        artists = self._added(result)
        try:
            check_points(artists)
        finally:
            _remove(artists)

    def _lay_out(self) -> None:
        self._figure.set_layout_engine("constrained")
        self._figure.draw_without_rendering()
        # from now on nothing moves but the live artists
        self._figure.set_layout_engine("none")
        self._draw_background()

    def _draw_background(self) -> None:
        self._canvas.draw()
        self._background = self._canvas.copy_from_bbox(self._figure.bbox)

    def _grow(self) -> bool:
        """Widen the axes that may grow to what is drawn, and return whether that changed them."""
        grown = False
        axes, data = (self._ax.xaxis, self._ax.yaxis), self._ax.dataLim
        for axis, grows, low, high in zip(axes, self._grows, data.min, data.max, strict=True):
            if grows and np.isfinite([low, high]).all():
                grown |= _grow_axis(axis, float(low), float(high))
        return grown


def _remove(artists: list[Artist]) -> None:
    for artist in artists:
        artist.remove()


def _grow_axis(axis: Any, low: float, high: float) -> bool:
    view = np.asarray(axis.get_view_interval(), dtype=np.float64)
    transform = axis.get_transform()
    limits = grown(*transform.transform(view), *transform.transform(np.array([low, high])))
    if limits is None:
        return False
    axis.set_view_interval(*map(float, transform.inverted().transform(np.array(limits))), ignore=True)
    return True


def grown(bottom: float, top: float, least: float, most: float) -> tuple[float, float] | None:
    """Return the limits that hold everything from least to most; None where those from bottom to top do."""
    if least >= bottom and most <= top:
        return None
    span = max(most, top) - min(least, bottom)
    return (
        least - (GENEROUS - 1) * span if least < bottom else bottom,
        most + (GENEROUS - 1) * span if most > top else top,
    )


def check_points(artists: list[Artist]) -> int:
    """Return how many points are left out, not being finite numbers; refuse artists without any point to draw."""
    left_out = 0
    seen = 0
    for artist in artists:
        points = _points(artist)
        if points is None or not len(points):
            continue
        unusable = int((~np.isfinite(points).all(axis=1)).sum())
        if unusable == len(points):
            raise CvmError("whatif.nothing_to_draw")
        left_out += unusable
        seen += len(points)
    if not seen:
        raise CvmError("whatif.nothing_to_draw")
    return left_out


def _points(artist: Artist) -> NDArray[np.float64] | None:
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch, Rectangle

    if isinstance(artist, Line2D):
        return np.ma.filled(np.ma.asarray(artist.get_xydata(), dtype=np.float64), np.nan)
    if isinstance(artist, Rectangle):
        corner, width, height = artist.get_xy(), artist.get_width(), artist.get_height()
        return np.array([[corner[0] + width, corner[1] + height]], dtype=np.float64)
    if isinstance(artist, Patch):
        return np.asarray(artist.get_path().vertices, dtype=np.float64)
    if isinstance(artist, Collection):
        offsets = np.ma.filled(np.ma.asarray(artist.get_offsets(), dtype=np.float64), np.nan)
        if len(offsets) > 1 or offsets.any():
            return offsets
        vertices = [np.asarray(path.vertices, dtype=np.float64) for path in artist.get_paths()]
        return np.concatenate(vertices) if vertices else np.empty((0, 2))
    return None


def _haunt(artist: Artist) -> None:
    """Turn an artist into the ghost of itself: grey, dashed, behind; fills and words vanish."""
    from matplotlib.collections import Collection, PathCollection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    alpha = artist.get_alpha()
    is_fill = isinstance(alpha, float) and alpha < 0.5
    if is_fill or not isinstance(artist, Line2D | Patch | PathCollection):
        artist.remove()
        return
    artist.set_zorder(1.8)
    if isinstance(artist, Line2D):
        artist.set(color=GHOST, markerfacecolor="none", markeredgecolor=GHOST)
        if artist.get_linestyle() not in {"None", "none", " ", ""}:
            artist.set(linestyle=(0, (4, 2)), linewidth=1.6)
    elif isinstance(artist, Collection | Patch):
        artist.set(facecolor="none", edgecolor=GHOST, linestyle="--", linewidth=1.2)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return pixels of shape (rows, columns, 4) as PNG, packed for speed; transparency is left out.

    A row is written as its difference to the row above: what a chart repeats from row to row becomes
    zeros, which the quickest level of zlib packs well.
    """
    rows, columns = pixels.shape[:2]
    colours = np.empty((rows, columns, 3), dtype=np.uint8)
    for channel in range(3):
        # copied channel by channel, five times faster than all at once
        colours[..., channel] = pixels[..., channel]
    flat = colours.reshape(rows, 3 * columns)
    lines = np.empty((rows, 3 * columns + 1), dtype=np.uint8)
    lines[:, 0] = 2  # the filter "up"
    lines[0, 1:] = flat[0]
    np.subtract(flat[1:], flat[:-1], out=lines[1:, 1:])
    header = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.data, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))


def _band(note: str, columns: int, families: list[str]) -> NDArray[np.uint8]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    dots = _DOTS_PER_INCH * SHARPNESS
    band = Figure(figsize=(columns / dots, 0.3), dpi=dots, facecolor="#F0F0F0")
    canvas: Any = FigureCanvasAgg(band)
    looks: dict[str, Any] = {"fontsize": style.NOTE_SIZE, "color": style.INK, "fontfamily": families}
    band.text(0.5, 0.5, note, ha="center", va="center", parse_math=False, **looks)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :columns]

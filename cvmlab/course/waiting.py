"""Pictures that wait for a guess; notebooks reach them as ``feedback.picture_after``."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from inspect import signature
from io import BytesIO
from typing import TYPE_CHECKING, Any

from cvmlab.core.guarding import public
from cvmlab.core.refusing import Needed, brief
from cvmlab.core.words import CvmError, language, say, term
from cvmlab.whatif import kept

if TYPE_CHECKING:
    from cvmlab.whatif import Guess

#: Pixels on the page.
PICTURE_WIDTH = 720


@public
def picture_after(guess: Guess, plot: Callable[..., Any], *args: Any, **options: Any) -> WaitingPicture:
    """Draw a chart that gives the answer away, and show it once the guess is committed.

    Parameters
    ----------
    guess
        From `cvmlab.whatif.guess`.
    plot
        A function of `cvmlab.charts`; it gets the axes as ``ax``.
    *args, **options
        Handed on to it.

    Returns
    -------
    WaitingPicture
        On a page with a kernel a sentence stands in its place until the guess is committed. In a run
        without a page nobody can commit: what is stored there is the picture.

    Raises
    ------
    CvmError
        What ``plot`` raises, at once and not only after the guess.

    Examples
    --------
    >>> from cvmlab.whatif import forget_guesses, guess
    >>> half = guess("share of the larger half", minimum=0, maximum=1, unit="share")
    >>> chart = picture_after(half, lambda ax: ax.set_title("It brings 70%", loc="left"))
    >>> chart.shown
    False
    >>> half.commit("60%")
    >>> chart.shown
    True
    >>> forget_guesses()
    """
    return WaitingPicture(guess, *_drawn(plot, *args, **options))


@public
class WaitingPicture(kept.Kept):
    """A finished picture that waits for a guess; made by `picture_after`.

    Attributes
    ----------
    shown
        Whether the page shows it.
    """

    def __init__(self, guess: Guess, picture: bytes, message: str) -> None:
        import ipywidgets as widgets

        from cvmlab.whatif.page import page_of, said

        self.shown = False
        self._picture, self._message = picture, message
        self._plain = say("feedback.picture_plain", message=message)
        self._waits = term("feedback.picture_waits")
        self._place = widgets.HTML(said(self._waits))
        self._page = page_of([self._place])
        guess.when_committed(self._show)

    def _show(self) -> None:
        self.shown = True
        self._place.value = kept.picture(self._picture, self._message, PICTURE_WIDTH)
        self._keep()

    def _still(self) -> kept.Still:
        return kept.Still(self._message if self.shown else self._waits, self._place.value)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        view = self._page._repr_mimebundle_() or {}
        still = {"text/plain": self._plain, "image/png": b64encode(self._picture).decode("ascii")}
        return {**view, **still}, {"image/png": {"width": PICTURE_WIDTH}}


def _drawn(plot: Callable[..., Any], *args: Any, **options: Any) -> tuple[bytes, str]:
    """Return a chart as PNG, and its headline."""
    from matplotlib.figure import Figure

    from cvmlab.charts import style

    try:
        signature(plot).bind(*args, ax=None, **options)
    except TypeError as error:
        said: dict[str, object] = {"function": "picture_after", "name": "plot", "value": brief(plot)}
        raise CvmError("guarding.needs", needed=Needed("drawing_function"), **said) from error
    # a figure of its own, so that the notebook does not show it as well
    figure = Figure(figsize=(style.WIDTH, style.HEIGHT), dpi=PICTURE_WIDTH / style.WIDTH, layout="constrained")
    ax = figure.subplots()
    plot(*args, ax=ax, **options)
    buffer = BytesIO()
    figure.savefig(buffer, dpi=1.5 * figure.dpi)
    apart = "" if language() == "zh" else " "
    return buffer.getvalue(), ax.get_title(loc="left").replace("\n", apart)

"""What gives an answer away and waits for a guess: ``feedback.picture_after`` and ``feedback.text_after``."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from inspect import signature
from io import BytesIO
from numbers import Number
from typing import TYPE_CHECKING, Any

from cvmlab.core.guarding import public
from cvmlab.core.refusing import Needed, brief
from cvmlab.core.words import CvmError, language, say, term
from cvmlab.whatif import kept
from cvmlab.whatif.page import closed, figures, page_of, said

if TYPE_CHECKING:
    import pandas as pd

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
def text_after(guess: Guess, *texts: str | pd.DataFrame) -> WaitingText:
    """Show sentences or tables that give the answer away once the guess is committed.

    Parameters
    ----------
    guess
        From `cvmlab.whatif.guess`.
    *texts
        Sentences, one line each, and tables to look at, from `cvmlab.in_words`.

    Returns
    -------
    WaitingText
        It waits as the picture of `picture_after` does.

    Examples
    --------
    >>> from cvmlab.whatif import forget_guesses, guess
    >>> half = guess("share of the larger half", minimum=0, maximum=1, unit="share")
    >>> line = text_after(half, "It brings 70%.")
    >>> line.shown
    False
    >>> half.commit("60%")
    >>> line.shown
    True
    >>> forget_guesses()
    """
    return WaitingText(guess, *texts)


class _Waiting(kept.Kept):
    """What a sentence stands for until a guess is committed."""

    #: Vocabulary key of that sentence.
    waits: str

    def __init__(self, guess: Guess) -> None:
        import ipywidgets as widgets

        self.shown = False
        self._before = kept.Still(term(self.waits), said(term(self.waits)))
        self._place = widgets.HTML(self._before.html)
        self._page = page_of([self._place])
        guess.when_committed(self._show)

    def _answer(self) -> kept.Still:
        raise NotImplementedError

    def _show(self) -> None:
        self.shown = True
        self._place.value = self._answer().html
        self._keep()

    def _still(self) -> kept.Still:
        return self._answer() if self.shown else self._before


@public
class WaitingPicture(_Waiting):
    """A finished picture that waits for a guess; made by `picture_after`.

    Attributes
    ----------
    shown
        Whether the page shows it.
    """

    waits = "feedback.picture_waits"

    def __init__(self, guess: Guess, picture: bytes, message: str) -> None:
        self._picture, self._message = picture, message
        self._plain = say("feedback.picture_plain", message=message)
        super().__init__(guess)

    def _answer(self) -> kept.Still:
        return kept.Still(self._message, kept.picture(self._picture, self._message, PICTURE_WIDTH))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        view = self._page._repr_mimebundle_() or {}
        still = {
            "text/plain": self._plain,
            "text/html": closed(self._answer().html),
            "image/png": b64encode(self._picture).decode("ascii"),
        }
        return {**view, **still}, {"image/png": {"width": PICTURE_WIDTH}}


@public
class WaitingText(_Waiting):
    """Sentences and tables that wait for a guess; made by `text_after`.

    Attributes
    ----------
    shown
        Whether the page shows them.
    """

    waits = "feedback.text_waits"

    def __init__(self, guess: Guess, *texts: str | pd.DataFrame) -> None:
        self._texts = texts
        super().__init__(guess)

    def _answer(self) -> kept.Still:
        words, html = [], []
        for text in self._texts:
            if isinstance(text, str):
                words.append(text)
                html.append(said(text))
            else:
                shown = text.reset_index().map(lambda cell: f"{cell:,}" if isinstance(cell, Number) else str(cell))
                words.append(shown.to_string(index=False))
                html.append(figures(map(str, shown.columns), shown.to_numpy().tolist()))
        return kept.Still("\n".join(words), "".join(html))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        answer = self._answer()
        still = {"text/plain": answer.words, "text/html": closed(answer.html)}
        return {**(self._page._repr_mimebundle_() or {}), **still}


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

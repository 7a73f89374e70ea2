"""The what-if widget: sliders, a picture that answers at once, the changed figures, a sentence."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from cvmlab.charts import style
from cvmlab.core.checking import check_count
from cvmlab.core.formats import listed
from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario
from cvmlab.core.words import CvmError, language, say, speaking, term, wording

from . import measures as figures
from . import page
from .controls import Control, Range, make_controls, shown_first
from .kept import Kept, Still, picture
from .measures import Measure, Sentence
from .picture import Draw, Picture
from .playing import Player, Unfold

if TYPE_CHECKING:
    from .guessing import Guess

#: How many figures the sentence names; the table has them all.
SPOKEN = 2


@public
class WhatIf(Kept):
    """A scenario with sliders: on every change the picture, the figures and a sentence follow at once.

    Parameters
    ----------
    scenario
        Where the sliders start; also the first baseline.
    compute
        From a scenario to a result: a dict, a dataclass or a frame. Pure, as all computing functions.
    draw
        ``draw(ax, result)`` draws what the sliders move, with the usual calls of matplotlib. It is called
        anew for every result, and once for the baseline, whose lines, bars and points stay behind as a grey
        ghost (fills and texts do not). It sets no labels and no limits.
    frame
        ``frame(ax, baseline)`` draws what no slider moves: labels with units, limits, reference lines.
    measures
        Figures of the table; if left out, every plain number of a dict or dataclass.
    sentence
        ``sentence(before, after)`` says in the language in force what changed; by default whether the
        first two measures rise or fall.
    title
        Vocabulary key or text above the picture.
    only
        Fields that get a slider; all if left out. Five are seen at once, the rest is folded.
    more
        Fields folded away under "More settings".
    ranges
        Field to (lowest, highest, step) of its slider where its bounds are too wide or missing.
    presets
        Vocabulary key or text of a button to the fields it sets, with a slider or without. All else is as in the
        baseline, whatever the sliders say.
    keeps
        Fields that a preset leaves as the sliders have them: what is assumed, where a preset says what is done.
    play
        How the picture unfolds in time (`Unfold`): puts a Play button and a slider of time below it.
    after
        A guess to be committed before the sliders unlock.
    currency
        Sign of the currency of sliders, table and sentence.
    width, height
        Size of the picture on the page in pixels.

    Attributes
    ----------
    controls
        The field to its control, whose ``widget`` is the slider on the page.

    Notes
    -----
    A slider sends its next value only when the last picture is finished, and then the newest one: of a
    fast drag values in between are dropped, the last never, and the picture is at most one behind.
    ``compute`` runs in the kernel's own thread, so it should take well below a tenth of a second.

    With ``play`` the picture is whole until somebody presses Play; then ``draw`` is called with what ``play.at``
    makes of the result, month by month, up to the whole one. ``compute`` is not called again, the ghost and the
    figures stay whole, and any change of the scenario stops it. Of a slow kernel pictures in between are left out.

    A ``compute`` or ``draw`` that fails, and a result without a finite number to draw, leaves the last
    good picture and figures where they are and says what is wrong.

    Examples
    --------
    >>> from cvmlab.core.scenario import Scenario, dataclass, number
    >>> @dataclass(frozen=True)
    ... class Offer(Scenario):
    ...     price: float = number(10, minimum=1, maximum=20, step=1, word="revenue", unit="money")
    >>> what_if = WhatIf(
    ...     Offer(), lambda offer: {"orders": 100 - 4 * offer.price}, lambda ax, result: ax.bar([0], result["orders"])
    ... )
    >>> what_if.set(price=12)
    >>> what_if.result, what_if.baseline, what_if.scenario
    ({'orders': 52.0}, {'orders': 60.0}, Offer(price=12.0))
    >>> what_if.set(price=50)
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: revenue (price) is 50; it must be at most 20 currency units.

    A picture that unfolds in time: ``draw`` looks up how far it is to go.

    >>> def draw(ax, result):
    ...     shown = result["profit"][: result.get("until")]
    ...     ax.plot(range(1, len(shown) + 1), shown)
    >>> what_if = WhatIf(Offer(), lambda offer: {"profit": [offer.price] * 12}, draw, play=Unfold(12))
    >>> what_if.unfold(6)
    """

    def __init__(
        self,
        scenario: Scenario,
        compute: Callable[[Any], Any],
        draw: Draw,
        *,
        frame: Draw | None = None,
        measures: Sequence[Measure] | None = None,
        sentence: Sentence | None = None,
        title: str = "",
        only: Sequence[str] | None = None,
        more: Sequence[str] | None = None,
        ranges: Mapping[str, Range] | None = None,
        presets: Mapping[str, Mapping[str, Any]] | None = None,
        keeps: Sequence[str] = (),
        play: Unfold | None = None,
        after: Guess | None = None,
        currency: str = "",
        width: int = 560,
        height: int = 380,
    ) -> None:
        check_count("width", width, 100, 4000)
        check_count("height", height, 100, 4000)
        # events of the page arrive in a context of their own, which knows nothing of cvmlab.use
        self._language = language()
        self._start = self._scenario = self._baseline_scenario = scenario
        self._compute, self._measures, self._sentence_of = compute, measures, sentence
        self._currency, self._keeps = currency, tuple(keeps)
        # refuses what is no field
        scenario.replace(**{name: getattr(scenario, name, None) for name in keeps})
        self._title = title
        first, folded = shown_first(scenario, only, more)
        self.controls = make_controls(scenario, only=[*first, *folded], ranges=ranges, currency=currency)
        self._player = None if play is None else Player(play, self._show_month)
        self._picture = Picture(self._framed(frame), draw, width=width, height=height)
        self._result: Any = None
        self._baseline: Any = None
        self._sentence = self._trouble = ""
        self._whole = b""
        self._writing = self._is_locked = False
        self._build(presets or {}, folded, width, height)
        self._show(scenario)
        if after is not None and not after.committed:
            self._lock(after)

    @property
    def scenario(self) -> Any:
        """What the sliders say."""
        return self._scenario

    @property
    def result(self) -> Any:
        """Result of the last scenario that could be computed and drawn."""
        return self._result

    @property
    def baseline(self) -> Any:
        """Result that the ghost and the column "before" show."""
        return self._baseline

    @property
    def sentence(self) -> str:
        """What changed against the baseline, in words."""
        return self._sentence

    @property
    def trouble(self) -> str:
        """Why the last scenario has no picture of its own or lacks a figure; empty if all is well."""
        return self._trouble

    @property
    def picture(self) -> bytes:
        """The picture on the page, PNG."""
        return bytes(self._image.value)

    @property
    def table(self) -> str:
        """The table of figures on the page, HTML."""
        return str(self._table.value)

    def set(self, **changes: Any) -> None:
        """Move sliders from code, all at once, so that a class can replay a what-if.

        Raises
        ------
        CvmError
            For an unknown field or a value out of bounds; nothing is moved.
        """
        scenario = self._scenario.replace(**changes)
        with speaking(self._language):
            self._write(scenario)
            self._show(scenario)

    def reset(self) -> None:
        """Bring sliders and baseline back to where they started."""
        with speaking(self._language):
            self._baseline = None
            self._write(self._start)
            self._show(self._start)

    def pin(self) -> None:
        """Make what is shown now the baseline that later changes are compared with."""
        with speaking(self._language):
            self._baseline = None
            self._show(self._scenario)

    def unfold(self, month: int) -> None:
        """Show the picture as it stands in a month, where it unfolds in time (``play``).

        Raises
        ------
        CvmError
            If it does not unfold.
        """
        if self._player is None:
            raise CvmError("whatif.no_play")
        self._player.go(month)

    def _preset(self, changes: Mapping[str, Any]) -> None:
        with speaking(self._language):
            try:
                kept = {name: getattr(self._scenario, name) for name in self._keeps}
                scenario = self._baseline_scenario.replace(**(kept | dict(changes)))
            except CvmError as error:
                self._put(trouble=self._refused(error))
                return
            self._write(scenario)
            # so that the picture, too, does not say what was tried before
            self._picture.shrink()
            self._show(scenario, pressed=True)

    def _show_month(self, month: int | None) -> None:
        """Draw the result as it stands in a month, or whole; the figures stay."""
        if self._result is None or self._player is None:
            return
        with speaking(self._language):
            try:
                shown = self._result if month is None else self._player.unfold.at(self._result, month)
                self._image.value = self._picture.show(shown, whole=month is None)
            except Exception as error:
                self._player.stop()
                self._put(trouble=_in_a_sentence(error, has_picture=True))
            else:
                self._tell_played(self._player.unfold.of(self._result), whole=month is None)

    def _tell_played(self, last: int, *, whole: bool) -> None:
        """Say below the picture how far it has unfolded; once it is whole, what was moved counts for more."""
        if not whole:
            # one sentence for all months: a screen reader is not to read each of them
            self._words.value = page.said(say("whatif.played_so_far", last=last))
            return
        if not figures.settings(self._baseline_scenario, self._scenario, self._currency):
            self._sentence = say("whatif.played", last=last)
        self._put(trouble=self._trouble)

    def _show(self, scenario: Scenario, *, pressed: bool = False) -> None:
        self._scenario = scenario
        try:
            result = self._compute(scenario)
            if self._baseline is None:
                self._picture.pin(result)
            drawn = self._picture.show(result)
            chosen = figures.measures_of(result) if self._measures is None else self._measures
            if self._baseline is None:
                self._baseline, self._baseline_scenario = result, scenario
            table = figures.table(chosen, self._baseline, result, self._currency)
            sentence = self._in_words(chosen, result, pressed)
            gaps = self._gaps(chosen, result)
            if self._player is not None:
                self._player.fit(result)
        except Exception as error:
            # whatever a student's function does, the widget says so and lives on
            if self._player is not None:
                self._player.stop()
            self._put(trouble=_in_a_sentence(error, has_picture=self._result is not None))
            return
        self._result, self._sentence = result, sentence
        self._put(drawn=drawn, table=table, trouble=gaps)

    def _in_words(self, chosen: Sequence[Measure], result: Any, pressed: bool) -> str:
        moves = figures.settings(self._baseline_scenario, self._scenario, self._currency)
        if self._sentence_of is not None and (moves or pressed):
            told = self._sentence_of(self._baseline, result)
            # a preset that is the baseline
            return told if moves else say("whatif.where_we_stand", sentence=told)
        spoken = chosen[:SPOKEN]
        changes = [figures.change(measure, self._baseline, result, self._currency) for measure in spoken]
        return figures.sentence(moves, changes)

    def _gaps(self, chosen: Sequence[Measure], result: Any) -> str:
        gaps = []
        if unknown := figures.without_number(chosen, result):
            gaps.append(say("whatif.no_number", measures=listed(unknown)))
        if self._picture.left_out:
            gaps.append(say("whatif.points_left_out", count=self._picture.left_out))
        return " ".join(gaps)

    def _framed(self, frame: Draw | None) -> Draw:
        """Return what draws the frame and the title."""

        def drawn(ax: Any, result: Any) -> None:
            if frame is not None:
                frame(ax, result)
            if self._title:
                style.headline(ax, wording(self._title), pad=22)

        return drawn

    def _build(self, presets: Mapping[str, Mapping[str, Any]], folded: Sequence[str], width: int, height: int) -> None:
        import ipywidgets as widgets

        self._image = page.picture_widget(width, height)
        self._table, self._words = widgets.HTML(), widgets.HTML()
        acts = ("whatif.reset", self.reset, "undo"), ("whatif.pin", self.pin, "thumb-tack")
        self._buttons = [page.button(word, act, icon) for word, act, icon in acts]
        self._presets = [page.button(word, partial(self._preset, changes)) for word, changes in presets.items()]
        for control in self.controls.values():
            control.widget.observe(self._listener(control), "value")
        first, hidden = (
            [control.widget for name, control in self.controls.items() if (name in folded) == is_folded]
            for is_folded in (False, True)
        )
        player = [] if self._player is None else [self._player.row]
        self._page = page.what_if_page(
            [*self._presets, *self._buttons],
            [self._image, *player, self._words],
            [*first, self._table],
            width,
            page.folded(hidden),
        )

    def _listener(self, control: Control) -> Callable[[Any], None]:
        def moved(change: Mapping[str, Any]) -> None:
            if self._writing or _is_noise(change["old"], change["new"]):
                return
            with speaking(self._language):
                try:
                    scenario = self._scenario.replace(**{control.name: control.read()})
                except CvmError as error:
                    self._put(trouble=self._refused(error))
                else:
                    self._write(scenario, but=control.name)
                    self._show(scenario)

        return moved

    def _refused(self, error: CvmError) -> str:
        """Return why a value is refused, in the currency of this what-if."""
        return str(error).replace(term("units.money"), self._currency or term("units.money"))

    def _write(self, scenario: Scenario, *, but: str = "") -> None:
        """Show a scenario on the sliders, but not on the one a hand is on: another may have moved with it."""
        self._writing = True
        try:
            for name, control in self.controls.items():
                if name != but:
                    control.write(getattr(scenario, name))
        finally:
            self._writing = False

    def _put(self, *, trouble: str, drawn: bytes | None = None, table: str = "") -> None:
        self._trouble = trouble
        if drawn is not None:
            self._whole = drawn
            with self._image.hold_sync():
                # the picture goes first: it is what the eye waits for
                self._image.value = drawn
                self._image.tooltip = " ".join(filter(None, (wording(self._title), self._sentence)))
            self._table.value = table
        told = "" if self._is_locked else page.said(self._sentence)
        self._words.value = told + (page.trouble(trouble) if trouble else "")
        self._keep(soon=True)

    def _lock(self, guess: Guess) -> None:
        locked = [*(control.widget for control in self.controls.values()), *self._buttons, *self._presets]
        locked += [] if self._player is None else self._player.widgets
        for widget in locked:
            widget.disabled = True
        # what it shows may be what is to be guessed, the last month of the player too
        answers = [self._image, self._table, *([] if self._player is None else [self._player.row])]
        for shown in answers:
            shown.layout.display = "none"
        self._is_locked = True
        self._put(trouble=term("whatif.guess_first"))

        def unlock() -> None:
            for widget in locked:
                widget.disabled = False
            for shown in answers:
                shown.layout.display = None
            self._is_locked = False
            with speaking(self._language):
                self._show(self._scenario)

        guess.when_committed(unlock)

    def _still(self) -> Still:
        if self._is_locked:
            return Still(self._trouble, page.trouble(self._trouble))
        with speaking(self._language):
            moves = figures.settings(self._baseline_scenario, self._scenario, self._currency)
            # whole, even while it plays
            seen = picture(self._whole, wording(self._title), self._picture.width) if self._whole else ""
        lines = [*(moves if self._sentence_of else ()), self._sentence]
        told = "".join(map(page.said, lines)) + (page.trouble(self._trouble) if self._trouble else "")
        return Still(" · ".join(lines), seen + told + self.table)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        with speaking(self._language):
            title = wording(self._title) if self._title else type(self._start).__name__
            bundle: dict[str, Any] = {"text/plain": say("whatif.plain", title=title)}
            if self._result is not None:
                stamped = self._picture.stamped(term("whatif.run_me"))
                bundle["image/png"] = b64encode(stamped).decode("ascii")
        view = self._page._repr_mimebundle_() or {}
        bundle.update({kind: content for kind, content in view.items() if kind != "text/plain"})
        return bundle, {"image/png": {"width": self._picture.width}}


def _is_noise(old: object, new: object) -> bool:
    """Return whether two values of a slider are one number, which the page has rounded on its way back."""
    return isinstance(old, float) and isinstance(new, float) and round(old, 10) == round(new, 10)


def _in_a_sentence(error: Exception, *, has_picture: bool) -> str:
    kept = term("whatif.last_kept") if has_picture else ""
    if isinstance(error, CvmError):
        return f"{error} {kept}".strip()
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"{say('whatif.failed', reason=reason)} {kept}".strip()

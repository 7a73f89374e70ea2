"""Signals that ask a program to end: Ctrl-C, a request of the system, a terminal that was closed."""

from __future__ import annotations

import math
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Timer, main_thread
from typing import Any

CTRL_C = signal.SIGINT
# Windows has no SIGHUP; a window that is closed sends SIGBREAK there
ENDS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
# meanwhile a second signal must not disturb what clears up after the first
_CLEARING_UP_SECONDS = 3
_UNTIL_ASKED_AGAIN_SECONDS = 0.05
# what the watches in force have received
_watches: list[list[int]] = []


class Stopped(KeyboardInterrupt):
    """A request to stop.

    Not KeyboardInterrupt itself: where that passes through ``exec`` of a text, as many imports have it, Python ends
    with the code of Ctrl-C whatever code the program gives.
    """


def answer(signals: tuple[int, ...], handler: Any) -> dict[int, Any]:
    """Handle some signals from now on, and return how they were; one that is ignored, as under nohup, stays ignored."""
    before: dict[int, Any] = {}
    with suppress(ValueError):  # outside the main thread no signal can be handled
        for number in signals:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, handler)
    return before


@contextmanager
def handling(signals: tuple[int, ...], handler: Callable[[int, Any], object]) -> Iterator[None]:
    """Handle some signals until the block ends, as `answer` does."""
    before = answer(signals, handler)
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def stop_if_asked() -> None:
    """Raise `Stopped` once more if it was asked for: C code that imports a module may clear any error."""
    if any(_watches):
        raise Stopped


@contextmanager
def watching_for_a_stop(signals: tuple[int, ...]) -> Iterator[list[int]]:
    """Raise `Stopped` at a signal, and give a list of those received: DuckDB makes any error of the interruption."""
    received: list[int] = []
    first = -math.inf

    def note(number: int, frame: Any) -> None:
        nonlocal first
        if time.monotonic() - first < _CLEARING_UP_SECONDS:
            return
        received.append(number)
        first = time.monotonic()
        raise Stopped

    def ask_again(ignored: Any) -> None:
        nonlocal first
        if isinstance(ignored.exc_value, Stopped):
            first = -math.inf
            Timer(_UNTIL_ASKED_AGAIN_SECONDS, _signal_main_thread, received[-1:]).start()
        else:
            report_ignored(ignored)

    # Python ignores what is raised while it takes down an object
    report_ignored, sys.unraisablehook = sys.unraisablehook, ask_again
    _watches.append(received)
    try:
        with handling(signals, note):
            yield received
    finally:
        _watches.pop()
        sys.unraisablehook = report_ignored


def _signal_main_thread(number: int) -> None:
    if sys.platform == "win32":
        signal.raise_signal(number)
    else:  # it may be waiting for something, and wakes up only of a signal of its own
        signal.pthread_kill(main_thread().ident or 0, number)

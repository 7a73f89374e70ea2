"""Signals that ask a program to end: Ctrl-C, a request of the system, a terminal that was closed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

CTRL_C = signal.SIGINT
# Windows has no SIGHUP; a window that is closed sends SIGBREAK there
ENDS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


class Stopped(KeyboardInterrupt):
    """A request to stop.

    Not KeyboardInterrupt itself: where that passes through ``exec`` of a text, as many imports have it, Python ends
    with the code of Ctrl-C whatever code the program gives.
    """


@contextmanager
def handling(signals: tuple[int, ...], handler: Callable[[int, Any], object]) -> Iterator[None]:
    """Handle some signals until the block ends; one that is ignored, as under nohup, stays ignored."""
    before: dict[int, Any] = {}
    try:
        for number in signals:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, handler)
    except ValueError:  # outside the main thread no signal can be handled
        pass
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)

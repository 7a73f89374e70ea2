"""Processes that make several reports at the same time."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from threading import Thread
from typing import Any, TypeVar

from cvmlab.core.stopping import CTRL_C, ENDS, watching_for_a_stop

_Made = TypeVar("_Made")

# a worker that is stopped ends its kernel and clears away its files
_SECONDS_TO_CLEAR_UP = 3


@contextmanager
def several(count: int) -> Iterator[ProcessPoolExecutor]:
    """Give processes that end with the block however it ends, and with this process even if it is killed."""
    others = set(active_children())
    with ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_follow_parent) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            workers = set(active_children()) - others
            for worker in workers:
                worker.terminate()
            # whoever clears up after the block must be the last: a kernel that is alive makes its folders again
            end = time.monotonic() + _SECONDS_TO_CLEAR_UP
            for worker in workers:
                worker.join(max(0.0, end - time.monotonic()))
                worker.kill()
                worker.join()
            raise


def stoppable(work: Callable[..., _Made], *args: Any, **options: Any) -> _Made:
    """Do some work in one of the processes; when they are ended it clears up as after Ctrl-C."""
    with watching_for_a_stop(ENDS) as received:
        try:
            return work(*args, **options)
        finally:
            if received:
                os._exit(1)


def _follow_parent() -> None:
    # Ctrl-C reaches every process of a terminal; the one that started the others decides
    signal.signal(CTRL_C, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

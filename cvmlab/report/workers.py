"""Processes that make several reports at the same time."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from threading import Thread

from cvmlab.core.stopping import CTRL_C


@contextmanager
def several(count: int) -> Iterator[ProcessPoolExecutor]:
    """Give processes that end with the block however it ends, and with this process even if it is killed."""
    others = set(active_children())
    with ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_follow_parent) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in set(active_children()) - others:
                worker.terminate()
            raise


def _follow_parent() -> None:
    # Ctrl-C reaches every process of a terminal; the one that started the others decides
    signal.signal(CTRL_C, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

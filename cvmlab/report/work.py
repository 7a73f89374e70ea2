"""Work folders that tell whether a run still writes them: a file beside each stays locked as long as that run lives."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FOLDER, _LOCK = ".part", ".lock"


@contextmanager
def work_folder(target: Path) -> Iterator[Path]:
    """Give a hidden new folder beside the target, and clear it away unless it was moved from there."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-", suffix=_LOCK)
    lock = Path(name)
    work = lock.with_suffix(_FOLDER)
    try:
        # a drive may know no locks: then what a kill leaves on it stays
        with suppress(OSError):
            _lock(handle)
        work.mkdir(mode=0o700)
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        os.close(handle)
        # OSError: another run is just clearing it away
        with suppress(OSError):
            lock.unlink()


def clear_left(target: Path) -> None:
    """Remove the work folders beside a target whose runs were killed."""
    ours = re.compile(rf"\.{re.escape(target.name)}-[a-z0-9_]{{8}}{re.escape(_LOCK)}")
    for lock in [entry for entry in target.parent.iterdir() if ours.fullmatch(entry.name)]:
        # OSError: locked by a run that lives, or gone meanwhile
        with suppress(OSError):
            with lock.open("r+b") as file:
                _lock(file.fileno())
                shutil.rmtree(lock.with_suffix(_FOLDER), ignore_errors=True)
            lock.unlink()


def _lock(handle: int) -> None:
    """Lock an open file, or raise OSError if another process has locked it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

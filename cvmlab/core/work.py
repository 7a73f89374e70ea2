"""Work folders that tell whether a run still writes them: a file beside each stays locked as long as that run lives."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from .words import CvmError

_FOLDER, _LOCK = ".part", ".lock"
_SECONDS_TO_END = 2


@contextmanager
def work_folder(target: Path) -> Iterator[Path]:
    """Give a hidden new folder beside the target, and clear it away unless it was moved from there."""
    handle, lock = _locked_file(target)
    work = lock.with_suffix(_FOLDER)
    try:
        work.mkdir(mode=0o700)
        yield work
    finally:
        gone = _remove(work)
        os.close(handle)
        # OSError: another run is just clearing it away
        with suppress(OSError):
            if gone:
                lock.unlink()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a new folder in the system's temporary one, and clear away those that killed processes have left there."""
    with ExitStack() as closing:
        try:
            beside = Path(tempfile.gettempdir()) / "cvmlab"
            clear_left(beside)
            folder = closing.enter_context(work_folder(beside))
        except OSError as error:
            raise CvmError("reading.no_temporary_folder", reason=error.strerror or str(error)) from error
        yield folder


def _locked_file(target: Path, tries: int = 5) -> tuple[int, Path]:
    """Open a new locked file beside the target; unlocked on a drive without locks, where what a kill leaves stays."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-", suffix=_LOCK)
    try:
        _lock(handle)
    except OSError as error:
        # another run that clears up may just take it for one that was left
        if tries and isinstance(error, BlockingIOError | PermissionError):
            os.close(handle)
            Path(name).unlink(missing_ok=True)
            return _locked_file(target, tries - 1)
    if tries and not Path(name).exists():
        # it did, and removed the file before it was locked: a third run could not see that this one lives
        os.close(handle)
        return _locked_file(target, tries - 1)
    return handle, Path(name)


def clear_left(target: Path) -> None:
    """Remove the work folders beside a target whose runs were killed."""
    ours = re.compile(rf"\.{re.escape(target.name)}-[a-z0-9_]{{8}}({re.escape(_FOLDER)}|{re.escape(_LOCK)})")
    found = [entry for entry in target.parent.iterdir() if ours.fullmatch(entry.name)]
    for lock in {entry.with_suffix(_LOCK) for entry in found}:
        # OSError: locked by a run that lives, or gone meanwhile
        with suppress(OSError):
            # a lock that is missing is made: a kernel that was about to end may have made its folder again
            with lock.open("a+b") as file:
                _lock(file.fileno())
                gone = _remove(lock.with_suffix(_FOLDER))
                # while it is locked, so that nobody takes it in between; Windows removes no open file
                if gone and os.name != "nt":
                    lock.unlink()
            if gone and os.name == "nt":
                lock.unlink()


def _remove(folder: Path) -> bool:
    """Remove a folder, into which a kernel that is just ending may still write."""
    end = time.monotonic() + _SECONDS_TO_END
    shutil.rmtree(folder, ignore_errors=True)
    while folder.exists() and time.monotonic() < end:
        time.sleep(0.1)
        shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def _lock(handle: int) -> None:
    """Lock an open file, or raise OSError if another process has locked it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

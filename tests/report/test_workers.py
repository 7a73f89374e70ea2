"""Processes that are ended clear up what they were at, and are gone before anyone clears up after them."""

import contextlib
import os
import time

import psutil
import pytest

from cvmlab.core.work import work_folder
from cvmlab.report.workers import several, stoppable

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it")


def wait_in(folder, name):
    """Hold a folder until somebody ends this process."""
    with work_folder(folder / name):
        (folder / f"{name} {os.getpid()}").touch()
        time.sleep(60)


def refuse_to_end(folder, name):
    """Do not care that somebody ends this process."""
    (folder / f"{name} {os.getpid()}").touch()
    with contextlib.suppress(KeyboardInterrupt):
        time.sleep(60)
    time.sleep(60)


def run_until_both_work(work, folder):
    """Interrupt two processes once they are at work, and return them."""
    with contextlib.suppress(KeyboardInterrupt), several(2) as pool:
        for name in ("first", "second", "third"):
            pool.submit(stoppable, work, folder, name)
        end = time.monotonic() + 60
        while len(at_work := [path for path in folder.iterdir() if " " in path.name]) < 2:
            assert time.monotonic() < end
            time.sleep(0.05)
        raise KeyboardInterrupt
    return at_work


def test_what_processes_were_at_is_cleared_away_when_they_have_ended(tmp_path):
    at_work = run_until_both_work(wait_in, tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(at_work)
    assert not any(psutil.pid_exists(int(path.name.split()[1])) for path in at_work)


def test_processes_that_do_not_end_are_killed(tmp_path):
    began = time.monotonic()
    at_work = run_until_both_work(refuse_to_end, tmp_path)
    assert time.monotonic() - began < 30
    assert not any(psutil.pid_exists(int(path.name.split()[1])) for path in at_work)

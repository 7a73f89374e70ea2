"""Bars: where somebody watches, after two seconds, and never in what is saved."""

import os
import subprocess
import sys

from cvmlab.progress import quiet, steps


def test_steps_are_the_work_itself_with_or_without_a_bar(monkeypatch):
    assert list(steps(range(5), 5, "stages.decoding")) == list(range(5))
    monkeypatch.delenv("CVMLAB_PROGRESS", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert list(steps(range(5), 5, "stages.decoding")) == list(range(5))
    # the work may end before its last step
    assert [number for number, _ in zip(steps(range(5), 5, "stages.fitting"), "ab", strict=False)] == [0, 1]


def test_quiet_comes_and_goes(monkeypatch):
    monkeypatch.delenv("CVMLAB_PROGRESS", raising=False)
    with quiet():
        assert os.environ["CVMLAB_PROGRESS"] == "off"
    assert "CVMLAB_PROGRESS" not in os.environ
    monkeypatch.setenv("CVMLAB_PROGRESS", "on")
    with quiet():
        assert os.environ["CVMLAB_PROGRESS"] == "off"
    assert os.environ["CVMLAB_PROGRESS"] == "on"


SLOW = """
import sys, time
from cvmlab.progress import steps
sys.stderr.isatty = lambda: True
for _ in steps(range(int(sys.argv[1])), int(sys.argv[1]), "stages.decoding"):
    time.sleep(0.45)
"""


def drawn(count, **environment):
    run = subprocess.run(
        [sys.executable, "-c", SLOW, str(count)], capture_output=True, text=True, check=True,
        env={**{name: value for name, value in os.environ.items() if name != "CVMLAB_PROGRESS"}, **environment},
    )  # fmt: skip
    return run.stderr


def test_a_bar_is_drawn_after_two_seconds_only():
    assert "telling stages" in drawn(8)
    assert drawn(2) == ""
    assert drawn(8, CVMLAB_PROGRESS="off") == ""

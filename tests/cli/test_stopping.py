"""A run that is stopped says so, leaves no kernel, no half-made folder and the earlier report as it was."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time

import messy_report
import psutil
import pytest
from click.testing import CliRunner

from cvmlab import cli, say
from cvmlab.core import stopping
from cvmlab.report import running

POSIX_ONLY = pytest.mark.skipif(os.name == "nt", reason="these signals are POSIX's")
SECONDS_TO_END = 5


def start(path, out, *more):
    aside = path.parent / "temporary"
    aside.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "cvmlab", "report", str(path), "--out", str(out), "--language", "en", *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True,
        env={**os.environ, "TMPDIR": str(aside)},
    )  # fmt: skip


def family_once_a_kernel_runs(process):
    """Return all processes that a report started, as soon as a kernel is one of them."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        assert process.poll() is None, process.stderr.read()
        family = psutil.Process(process.pid).children(recursive=True)
        if any("kernel_app" in str(child.cmdline()) for child in family):
            return family
        time.sleep(0.05)
    raise AssertionError("no kernel was started")


@POSIX_ONLY
@pytest.mark.slow
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("by", [(), ("--by", "业务员")])
def test_a_stopped_run_leaves_nothing(number, by, tmp_path, earlier):
    path = messy_report.write_gb18030(tmp_path / "sales.csv", customers=300)
    before = messy_report.snapshot(earlier)
    process = start(path, earlier, *by)
    try:
        family = family_once_a_kernel_runs(process)
        time.sleep(random.Random(f"{number} {by}").uniform(0, 3))
        process.send_signal(getattr(signal, number))
        printed, shown = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, printed) == (128 + getattr(signal, number), "")
    assert shown.strip() == say("cli.interrupted") == "Stopped. Nothing was changed."
    assert psutil.wait_procs(family, timeout=SECONDS_TO_END)[1] == []
    assert messy_report.snapshot(earlier) == before
    assert list((tmp_path / "temporary").iterdir()) == []


@POSIX_ONLY
@pytest.mark.slow
@pytest.mark.parametrize("by", [(), ("--by", "业务员")])
def test_what_a_killed_run_left_is_gone_after_the_next(by, tmp_path, earlier):
    path = messy_report.write_gb18030(tmp_path / "sales.csv", customers=60)
    process = start(path, earlier, *by)
    family = family_once_a_kernel_runs(process)
    process.kill()
    process.communicate()
    assert psutil.wait_procs(family, timeout=SECONDS_TO_END)[1] == []
    made = start(path, earlier, *by)
    _, shown = made.communicate(timeout=300)
    assert made.returncode == 0, shown
    assert {entry.name for entry in earlier.iterdir()} <= {"sales", "sales-by-业务员"}
    assert list((tmp_path / "temporary").iterdir()) == []


@POSIX_ONLY
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_while_the_program_is_loading_ends_it_quietly(number):
    program = (
        f"import signal, sys\nclass Finder:\n    def find_spec(name, *_):\n"
        f"        if name == 'click': signal.raise_signal(signal.{number})\n"
        "sys.meta_path.insert(0, Finder)\nfrom cvmlab.__main__ import main\nmain()"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (128 + getattr(signal, number), "", "")


@POSIX_ONLY
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_at_the_end_of_python_changes_nothing(number):
    # Python forgets its handlers before it takes down the modules, which takes longest
    program = (
        f"import atexit, os, signal, sys\ndef stop(): os.kill(os.getpid(), signal.{number})\natexit.register(stop)\n"
        "class Last:\n    def __del__(self, stop=stop): stop()\nlast = Last()\n"
        "sys.argv = ['cvmlab', '--version']\nfrom cvmlab.__main__ import main\nmain()"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout[:6], ran.stderr) == (0, "cvmlab", "")


@POSIX_ONLY
def test_a_stop_in_the_middle_of_an_import_keeps_its_code(tmp_path):
    # dataclasses and named tuples run a text while their module is imported
    (tmp_path / "stopped.py").write_text(
        "import signal, sys\nfrom cvmlab.core.stopping import ENDS, watching_for_a_stop\n"
        "try:\n    with watching_for_a_stop(ENDS):\n"
        "        exec('signal.raise_signal(signal.SIGTERM)')\nexcept KeyboardInterrupt:\n    sys.exit(143)\n"
    )
    ended = subprocess.run([sys.executable, "-m", "stopped"], cwd=tmp_path, check=False)
    assert ended.returncode == 143


def test_an_error_after_a_stop_is_an_interruption(tmp_path, monkeypatch):
    def interrupted_query(*_, **__):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise RuntimeError("Query interrupted") from None  # as DuckDB does

    monkeypatch.setattr("cvmlab.data.reading.preview", interrupted_query)
    # tests that were started in the background ignore Ctrl-C
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        result = CliRunner().invoke(cli.main, ["data", str(tmp_path), "--language", "en"])
        assert (result.exit_code, result.stderr.strip()) == (130, say("cli.interrupted"))
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


@POSIX_ONLY
def test_a_stop_that_python_ignores_is_asked_for_again():
    class Taken:
        def __del__(self):
            signal.raise_signal(signal.SIGTERM)

    hook = sys.unraisablehook
    with pytest.raises(stopping.Stopped), stopping.watching_for_a_stop((signal.SIGTERM,)) as received:
        Taken()
        time.sleep(10)
        received.append("woke up by itself")
    assert received == [signal.SIGTERM] * 2
    assert sys.unraisablehook is hook


@POSIX_ONLY
@pytest.mark.slow
def test_a_stop_that_an_import_in_c_swallows_still_stops_the_report(tmp_path, monkeypatch):
    count = running.code_cells

    def swallowing(notebook):
        with contextlib.suppress(stopping.Stopped):
            signal.raise_signal(signal.SIGTERM)
        return count(notebook)

    monkeypatch.setattr(running, "code_cells", swallowing)
    path = messy_report.write_gb18030(tmp_path / "sales.csv", customers=60)
    asked = ["report", str(path), "--out", str(tmp_path / "out"), "--language", "en"]
    result = CliRunner().invoke(cli.main, asked)
    assert (result.exit_code, result.stderr.strip()) == (143, say("cli.interrupted"))
    assert not (tmp_path / "out").exists()


@POSIX_ONLY
def test_a_signal_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping.handling(stopping.ENDS, lambda *_: None):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)

"""The command line in a terminal: Ctrl-C, pipes and the lab."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.request import Request, urlopen

import psutil
import pytest
from terminals import POSIX_ONLY, environment

from cvmlab.report import kernel

# ---- Ctrl-C


@pytest.mark.parametrize(
    ("name", "text"),
    [("KeyboardInterrupt", ""), ("RuntimeError", "Query interrupted"), ("InterruptException", "INTERRUPT Error")],
)
def test_a_query_interrupted_in_the_kernel_is_an_interruption(name, text, tmp_path):
    failed = SimpleNamespace(ename=name, evalue=text)
    with pytest.raises(KeyboardInterrupt):
        kernel._from_kernel(failed, tmp_path)


# ---- pipes


@POSIX_ONLY
@pytest.mark.parametrize("command", ["data grocery", "report --assumptions", "report --help"])
def test_a_reader_that_has_seen_enough_is_no_error(command, tmp_path):
    reading_end, writing_end = os.pipe()
    os.close(reading_end)
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "cvmlab", *command.split()],
            cwd=tmp_path, stdout=writing_end, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    finally:
        os.close(writing_end)
    assert ran.stderr == b""
    assert ran.returncode in (0, 1) if command.endswith("--help") else ran.returncode == 0


# ---- the lab


@POSIX_ONLY
@pytest.mark.slow
def test_the_lab_finds_the_command_in_its_terminal_and_ends_on_term(home, tmp_path):
    import pty
    import termios

    import websocket

    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if not Path(part, "cvmlab").exists())
    main, side = pty.openpty()
    termios.tcsetwinsize(side, (24, 200))
    lab = subprocess.Popen(
        [sys.executable, "-m", "cvmlab", "lab", str(tmp_path / "course"), "--no-browser"],
        env=environment(home, PATH=path, SHELL="/bin/sh", PYTHONUNBUFFERED="1"),
        stdin=side, stdout=side, stderr=side, start_new_session=True,
    )  # fmt: skip
    os.close(side)
    shown = bytearray()
    reader = threading.Thread(target=_gather, args=(main, shown), daemon=True)
    reader.start()
    try:
        address, token = _wait_for_address(lab, shown)
        name = _posted(address, token, "api/terminals")["name"]
        kernel = _posted(address, token, "api/kernels")
        assert kernel["name"].startswith("python3")
        terminal = websocket.create_connection(
            f"{address.replace('http', 'ws')}terminals/websocket/{name}?token={token}", timeout=30
        )
        terminal.send(json.dumps(["stdin", "cvmlab --version; echo rc-$?\r"]))
        answered = ""
        while not re.search(r"rc-\d", answered):
            kind, *text = json.loads(terminal.recv())
            answered += "".join(text) if kind == "stdout" else ""
        terminal.close()
        # the compiler beside it may have ended already
        children = psutil.Process(lab.pid).children(recursive=True)
        started = [process for process in children if process.status() != psutil.STATUS_ZOMBIE]
        assert any("ipykernel" in str(process.cmdline()) for process in started)
        lab.terminate()
        assert lab.wait(60) == 0
        assert psutil.wait_procs(started, timeout=15)[1] == []
    finally:
        if lab.poll() is None:
            os.killpg(lab.pid, signal.SIGKILL)
            lab.wait()
    reader.join(10)
    os.close(main)
    assert "cvmlab, version" in answered
    assert "rc-0" in answered
    assert b"language server" not in shown


def _gather(terminal, shown):
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            return
        if not piece:
            return
        shown += piece


def _wait_for_address(lab, shown):
    end = time.monotonic() + 90
    while time.monotonic() < end and lab.poll() is None:
        found = re.search(rb"(http://(?:127\.0\.0\.1|localhost):\d+/)\S*token=(\w+)", bytes(shown))
        if found:
            return found[1].decode(), found[2].decode()
        time.sleep(0.1)
    raise AssertionError("JupyterLab gave no address:\n" + shown.decode(errors="replace"))


def _posted(address, token, path):
    request = Request(address + path, data=b"{}", headers={"Authorization": f"token {token}"}, method="POST")
    for _ in range(100):
        try:
            with urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except OSError:  # the address is shown a moment before the server listens
            time.sleep(0.1)
    raise AssertionError(f"{address} does not answer")

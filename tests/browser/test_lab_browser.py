"""``cvmlab lab`` as a student meets it the first time: nothing greets them but the first notebook."""

import os
import re
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def address(tmp_path):
    """Start the command with settings of a newcomer; return the address it tells."""
    environment = os.environ | {
        name: str(tmp_path / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR")
    }
    environment |= {"JUPYTERLAB_WORKSPACES_DIR": str(tmp_path / "workspaces"), "IPYTHONDIR": str(tmp_path / "ipython")}
    command = [sys.executable, "-m", "cvmlab", "lab", str(tmp_path / "课 程"), "--no-browser", "--language", "en"]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    try:
        said = []
        for line in server.stdout:
            said.append(line)
            if found := re.search(r"http://\S+", line):
                break
        assert len(said) == 3, "where the course is, how to stop, the address"
        yield found[0]
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def test_nothing_greets_a_newcomer_but_the_first_notebook(chromium, address, page):
    page.goto(address)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=60_000, state="attached")
    page.wait_for_timeout(5_000)
    for greeting in (".jp-Dialog", ".Toastify__toast", ".jp-toast"):
        assert page.locator(greeting).all_inner_texts() == []
    assert not re.search(
        "language server|kernel not found|Jupyter news", page.locator("body").inner_text(), re.IGNORECASE
    )

"""JupyterLab in a working folder: start it in the language in force, and compile the market engine meanwhile."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from cvmlab.core.files import write_whole
from cvmlab.core.guarding import public
from cvmlab.core.stopping import ENDS, handling
from cvmlab.core.words import CvmError, language_of, say

_LANGUAGE_PACK = "jupyterlab_language_pack_zh_CN"
#: What the server has to say, in the working folder; a terminal full of it tells a student nothing.
LOG = ".cvmlab-lab.log"
#: Settings of a JupyterLab that greets nobody.
_JUPYTER = Path(__file__).parents[1] / "assets" / "jupyter"
_SECONDS_TO_START = 60
_SECONDS_TO_STOP = 15
_ADDRESS = re.compile(r"https?://\S+/lab\S*(?=\s)")
# Low priority comes from os.nice, or on Windows from the flags of the process.
_COMPILE = """
import os
if hasattr(os, "nice"):
    os.nice(19)
from cvmlab.market import compile_engine
compile_engine()
"""
# No question about news, no look for updates, no list of language servers that are not installed.
_OFFLINE = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LanguageServerManager.autodetect=False",
)
_QUIETLY = getattr(subprocess, "IDLE_PRIORITY_CLASS", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)


@public
def lab_command(
    target: str | Path, *, language: str | None = None, browser: bool = True, port: int | None = None
) -> list[str]:
    """Return the command that opens JupyterLab in a working folder, at the first notebook.

    Parameters
    ----------
    target
        The working folder.
    language
        ``"en"`` or ``"zh"``; the language in force if left out. Chinese opens the Chinese twin.
    browser
        Whether a browser is opened.
    port
        Port of the server; JupyterLab chooses if left out.

    Examples
    --------
    >>> lab_command("cvmlab-course", browser=False)[1:4]
    ['-m', 'jupyterlab', '--no-browser']
    """
    folder = Path(target).expanduser().absolute()
    command = [sys.executable, "-m", "jupyterlab"]
    if not browser:
        command.append("--no-browser")
    if port is not None:
        command.append(f"--ServerApp.port={port}")
    command += [f"--ServerApp.root_dir={folder}", "--ServerApp.answer_yes=True", *_OFFLINE]
    if os.name != "nt":
        # a server that writes to a file would start a login shell, which forgets where the command cvmlab is
        shell = {"shell_command": [os.environ.get("SHELL") or "/bin/sh"]}
        command.append(f"--ServerApp.terminado_settings={shell}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # in a container everybody is root, and JupyterLab would not start
        command.append("--ServerApp.allow_root=True")
    start = _first_notebook(folder, language_of(language))
    if start is not None:
        command.append(f"--LabApp.default_url=/lab/tree/{start}")
    return command


@public
def open_lab(
    target: str | Path,
    *,
    language: str | None = None,
    browser: bool = True,
    port: int | None = None,
    tell: Callable[..., object] | None = None,
) -> int:
    """Open JupyterLab in a working folder and wait until it is stopped.

    Meanwhile the market engine is compiled, unless it is on this computer already, in a process of its own with
    low priority: the lesson that needs it does not wait. That process ends with JupyterLab at the latest.

    With Chinese as the language the menus are Chinese too if the language pack is installed (extra ``zh``;
    `missing_language_pack` says if not). That setting is kept in the working folder; the user's own settings
    of JupyterLab are not touched.

    Parameters
    ----------
    target
        The working folder.
    language
        ``"en"`` or ``"zh"``; the language in force if left out.
    browser
        Whether a browser is opened.
    port
        Port of the server; JupyterLab chooses if left out.
    tell
        Called with what a person needs to know: the address, and which file says more if the server fails. The
        log of the server goes to that file.

    Returns
    -------
    int
        Exit code: that of JupyterLab, 0 when it was stopped with Ctrl-C, SIGTERM or SIGHUP.

    Raises
    ------
    CvmError
        If JupyterLab is not installed.
    """
    if find_spec("jupyterlab") is None:
        raise CvmError("course.no_jupyterlab")
    folder = Path(target).expanduser().absolute()
    command = lab_command(folder, language=language, browser=browser, port=port)
    log = folder / LOG
    with open(log, "wb", opener=_for_the_owner_only) as heard:
        server = subprocess.Popen(
            command, cwd=folder, env=_environment(folder, language_of(language)), stdout=heard, stderr=heard
        )
    compiler = None
    try:
        with handling(ENDS, lambda *_: server.terminate()):
            compiler = _compile_in_background()
            if tell is not None and (address := _address(server, log)):
                tell(say("course.address", address=address))
            code = server.wait()
            if tell is not None and code:
                tell(say("course.lab_failed", log=log))
            return code
    except KeyboardInterrupt:
        # the terminal has sent Ctrl-C to JupyterLab too: give it time to end its kernels
        _stop(server)
        return 0
    finally:
        if server.poll() is None:
            _stop(server)
        if compiler is not None and compiler.poll() is None:
            # nothing of it is lost: what is compiled is kept whole or not at all
            compiler.kill()
            compiler.wait()


@public
def missing_language_pack(language: str | None = None) -> str | None:
    """Return a sentence that says how to get Chinese menus; None if they are there or not asked for."""
    if language_of(language) != "zh" or find_spec(_LANGUAGE_PACK) is not None:
        return None
    return say("course.no_language_pack", command='pip install "cvmlab[zh]"')


def _first_notebook(folder: Path, language: str) -> str | None:
    twins = ("notebooks/zh", "notebooks") if language == "zh" else ("notebooks",)
    for twin in twins:
        for notebook in sorted((folder / twin).glob("00_*.ipynb")):
            return f"{twin}/{notebook.name}"
    return None


def _environment(folder: Path, language: str) -> dict[str, str]:
    environment = dict(os.environ)
    # so that JupyterLab's own terminal finds the command `cvmlab`
    path = filter(None, [sysconfig.get_path("scripts"), environment.get("PATH")])
    environment["PATH"] = os.pathsep.join(path)
    # the question about news comes whatever `news_url` says, so its plugin is left out
    configured = filter(None, [str(_JUPYTER), environment.get("JUPYTER_CONFIG_PATH")])
    environment["JUPYTER_CONFIG_PATH"] = os.pathsep.join(configured)
    if language == "zh" and find_spec(_LANGUAGE_PACK) is not None:
        settings = folder / ".jupyterlab-settings"
        translation = settings / "@jupyterlab" / "translation-extension" / "plugin.jupyterlab-settings"
        if not translation.exists():
            write_whole(translation, json.dumps({"locale": "zh_CN"}).encode())
        environment["JUPYTERLAB_SETTINGS_DIR"] = str(settings)
    return environment


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    """Return the address at which the lab can be opened once the server says so; empty if it never does."""
    end = time.monotonic() + _SECONDS_TO_START
    while server.poll() is None and time.monotonic() < end:
        if found := _ADDRESS.search(log.read_text(encoding="utf-8", errors="replace")):
            return found[0]
        time.sleep(0.2)
    return ""


def _for_the_owner_only(path: str, flags: int) -> int:
    """Open a file that nobody else can read: the address in it opens the lab."""
    return os.open(path, flags, 0o600)


def _compile_in_background() -> subprocess.Popen[bytes] | None:
    """Start compiling the market engine, out of sight; None if no process could be started: the lab goes on."""
    silent = subprocess.DEVNULL
    try:
        # -P: a file of the student called random.py must not be taken for Python's own
        return subprocess.Popen(
            [sys.executable, "-P", "-c", _COMPILE], stdin=silent, stdout=silent, stderr=silent, creationflags=_QUIETLY
        )
    except OSError:
        return None


def _stop(server: subprocess.Popen[bytes]) -> None:
    for step in (None, server.terminate, server.kill):
        if step is not None:
            step()
        try:
            server.wait(_SECONDS_TO_STOP)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            continue
        return

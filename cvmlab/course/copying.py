"""The course on disk: copy it to a working folder, open it in JupyterLab."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from cvmlab.core.files import write_whole
from cvmlab.core.paths import course_folder
from cvmlab.core.words import CvmError, language_of, say

from .handout import without_answers

MANIFEST = ".cvmlab-course.json"
PARTS = ("notebooks", "exercises", "datasets")
# The instructor's guide holds the solutions; scripts in datasets/ are for those who work on the course.
_PRIVATE = frozenset({"instructor", "__pycache__"})
_STUDENT_FILES = frozenset({".ipynb", ".md", ".parquet", ".csv", ".xlsx", ".png", ".svg", ".txt", ".html"})
_LANGUAGE_PACK = "jupyterlab_language_pack_zh_CN"
_SECONDS_TO_STOP = 15
# Low priority comes from os.nice where there is one, else from the flags of the process (Windows).
_COMPILE = """
import os
if hasattr(os, "nice"):
    os.nice(19)
from cvmlab.market import compile_engine
compile_engine()
"""
_QUIETLY = getattr(subprocess, "IDLE_PRIORITY_CLASS", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)


@dataclass(frozen=True)
class CourseCopy:
    """What `copy_course` did: names are relative to ``target``, with ``/`` on every system.

    Attributes
    ----------
    target
        The working folder.
    written
        Files that were new, missing, or renewed because the student had not changed them.
    kept
        Files with changes of the student, left as they are.
    beside
        Files with changes of the student of which a new version came: name to the name it was laid under.
    """

    target: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]
    beside: Mapping[str, str]

    def lines(self) -> list[str]:
        """Return what happened, for the student to read, in the language in force."""
        told = (
            [say("course.copied", target=self.target, count=len(self.written))]
            if self.written
            else [say("course.current", target=self.target)]
        )
        told += [say("course.beside", name=name, new=new) for name, new in self.beside.items()]
        if len(self.kept) > 3:
            return [*told, say("course.kept_count", count=len(self.kept))]
        return told + [say("course.kept", name=name) for name in self.kept]


def copy_course(target: str | Path = "cvmlab-course", *, source: str | Path | None = None) -> CourseCopy:
    """Copy the course into a working folder, or bring such a folder up to date.

    A file is written if it is missing or still as the course gave it. A file the student has changed is never
    touched: where the course has a new version of it, that is laid beside it once, as ``name.new.ipynb``.
    Notebooks come without the outputs that would show an answer before its guess (`handout.without_answers`).
    Every file is written whole or not at all; starting again after an interruption finishes the work.

    Parameters
    ----------
    target
        The working folder; made if it is not there.
    source
        The course; `course_folder` if left out.

    Returns
    -------
    CourseCopy
        What was written, kept and laid beside.

    Raises
    ------
    CvmError
        If the target is a file, lies inside the course, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = copy_course(Path(folder) / "张 三")
    ...     again = copy_course(Path(folder) / "张 三")
    >>> "datasets/telco.parquet" in first.written, again.written, again.kept
    (True, (), ())
    """
    origin = course_folder() if source is None else Path(source).resolve()
    folder = Path(target).expanduser().absolute()
    _check_target(folder, origin)
    given = _read_manifest(folder)
    written: list[str] = []
    kept: list[str] = []
    beside: dict[str, str] = {}
    path = folder
    try:
        for name in _course_files(origin):
            path = folder / name
            content = _as_handed_out(origin / name)
            new, present = _digest(content), _digest_or_none(path)
            if present is None or (present == given.get(name) and present != new):
                write_whole(path, content)
                written.append(name)
            elif present != new and given.get(name) == new:
                kept.append(name)
            elif present != new:
                laid = _free_name(path, new)
                write_whole(laid, content)
                beside[name] = laid.relative_to(folder).as_posix()
            given[name] = new
        path = folder / MANIFEST
        write_whole(path, json.dumps(given, ensure_ascii=False, indent=1, sort_keys=True).encode())
    except OSError as error:
        raise CvmError("course.cannot_write", path=path, reason=error.strerror or error) from error
    return CourseCopy(folder, tuple(written), tuple(kept), beside)


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
    command += [f"--ServerApp.root_dir={folder}", "--ServerApp.answer_yes=True"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # in a container everybody is root, and JupyterLab would not start
        command.append("--ServerApp.allow_root=True")
    start = _first_notebook(folder, language_of(language))
    if start is not None:
        command.append(f"--LabApp.default_url=/lab/tree/{start}")
    return command


def open_lab(
    target: str | Path,
    *,
    language: str | None = None,
    browser: bool = True,
    port: int | None = None,
) -> int:
    """Open JupyterLab in a working folder and wait until it is stopped.

    Meanwhile the market engine is compiled, unless it is on this computer already, in a process of its own with
    low priority: the lesson that needs it does not wait. That process ends with JupyterLab at the latest.

    With Chinese as the language the menus are Chinese too if the language pack is installed (extra ``zh``;
    `missing_language_pack` says if not). That setting is kept in the working folder; the user's own settings
    of JupyterLab are not touched.

    Parameters
    ----------
    target, language, browser, port
        As in `lab_command`.

    Returns
    -------
    int
        Exit code: that of JupyterLab, 0 when it was stopped with Ctrl-C.

    Raises
    ------
    CvmError
        If JupyterLab is not installed.
    """
    if find_spec("jupyterlab") is None:
        raise CvmError("course.no_jupyterlab")
    folder = Path(target).expanduser().absolute()
    command = lab_command(folder, language=language, browser=browser, port=port)
    server = subprocess.Popen(command, cwd=folder, env=_environment(folder, language_of(language)))
    compiler = None
    try:
        compiler = _compile_in_background()
        return server.wait()
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


def missing_language_pack(language: str | None = None) -> str | None:
    """Return a sentence that says how to get Chinese menus; None if they are there or not asked for."""
    if language_of(language) != "zh" or find_spec(_LANGUAGE_PACK) is not None:
        return None
    return say("course.no_language_pack", command='pip install "cvmlab[zh]"')


def _check_target(folder: Path, origin: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise CvmError("course.target_is_a_file", target=folder)
    inside = [origin / part for part in PARTS]
    resolved = folder.resolve()
    if resolved == origin or any(resolved.is_relative_to(part) for part in inside):
        raise CvmError("course.target_inside_course", target=folder, folder=origin)


def _course_files(origin: Path) -> Iterator[str]:
    for part in PARTS:
        for file in sorted((origin / part).rglob("*")):
            name = file.relative_to(origin)
            hidden = any(piece.startswith(".") or piece in _PRIVATE for piece in name.parts)
            if file.is_file() and not hidden and file.suffix.lower() in _STUDENT_FILES:
                yield name.as_posix()


def _read_manifest(folder: Path) -> dict[str, str]:
    """Return name to digest of the version given; empty if unreadable, which only makes us more careful."""
    try:
        given = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(given, dict):
        return {}
    return {str(name): str(digest) for name, digest in given.items()}


def _as_handed_out(file: Path) -> bytes:
    content = file.read_bytes()
    return without_answers(content) if file.suffix.lower() == ".ipynb" else content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest_or_none(path: Path) -> str | None:
    try:
        return _digest(path.read_bytes())
    except FileNotFoundError:
        return None


def _free_name(path: Path, digest: str) -> Path:
    """Return a name beside ``path`` that is free, or already holds just this version."""
    number = 1
    while True:
        count = "" if number == 1 else str(number)
        laid = path.with_name(f"{path.stem}.new{count}{path.suffix}")
        if _digest_or_none(laid) in (None, digest):
            return laid
        number += 1


def _first_notebook(folder: Path, language: str) -> str | None:
    twins = ("notebooks/zh", "notebooks") if language == "zh" else ("notebooks",)
    for twin in twins:
        for notebook in sorted((folder / twin).glob("00_*.ipynb")):
            return f"{twin}/{notebook.name}"
    return None


def _environment(folder: Path, language: str) -> dict[str, str]:
    environment = dict(os.environ)
    if language == "zh" and find_spec(_LANGUAGE_PACK) is not None:
        settings = folder / ".jupyterlab-settings"
        translation = settings / "@jupyterlab" / "translation-extension" / "plugin.jupyterlab-settings"
        if not translation.exists():
            write_whole(translation, json.dumps({"locale": "zh_CN"}).encode())
        environment["JUPYTERLAB_SETTINGS_DIR"] = str(settings)
    return environment


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

"""The copy of the course in a working folder: make it, bring it up to date, keep what the student has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cvmlab.core.files import write_whole
from cvmlab.core.guarding import public
from cvmlab.core.paths import course_folder
from cvmlab.core.words import CvmError, say

from .handout import without_answers

MANIFEST = ".cvmlab-course.json"
PARTS = ("notebooks", "exercises", "datasets")
# The instructor's guide holds the solutions; scripts in datasets/ are for the makers of the course.
_PRIVATE = frozenset({"instructor", "__pycache__"})
_STUDENT_FILES = frozenset({".ipynb", ".md", ".parquet", ".csv", ".xlsx", ".png", ".svg", ".txt", ".html"})


@public
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
        key = "course.copied" if self.written else "course.current"
        lines = [say(key, target=self.target, count=len(self.written))]
        lines += [say("course.beside", name=name, new=new) for name, new in self.beside.items()]
        if len(self.kept) > 3:
            return [*lines, say("course.kept_count", count=len(self.kept))]
        return lines + [say("course.kept", name=name) for name in self.kept]


@public
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

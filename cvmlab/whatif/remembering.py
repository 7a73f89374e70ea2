"""A small file beside the notebook with what a person has committed, for after a restart and for later lessons.

It is written only when a person commits something in a notebook, never by a test or a report, whole or not at all.
A file that cannot be written or read never stops a lesson: what goes wrong is said in one sentence.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cvmlab.core.files import write_whole
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, say, wording

FILE = "cvmlab-answers.json"


@public
@dataclass(frozen=True)
class Remembered:
    """What was committed under a name, in this or an earlier lesson of the same folder.

    Attributes
    ----------
    name
        Name of the guess or question.
    value
        What was committed; None if nothing was.
    text
        The same as people read it, or a sentence that says that there is nothing.
    answer
        The answer to it as people read it, empty if it is not known.
    question
        The question in words.
    date
        Day on which it was committed, ``2026-03-01``.
    """

    name: str
    value: Any
    text: str
    answer: str = ""
    question: str = ""
    date: str = ""

    def __repr__(self) -> str:
        return self.text


@public
def remembered(name: str) -> Remembered:
    """Return what was last committed under a name in a notebook of this folder.

    Parameters
    ----------
    name
        Name of a guess, or of an exercise that is kept, for example ``"judges.carrier"``.

    Examples
    --------
    >>> remembered("half of the revenue").value is None
    True
    """
    nothing = Remembered(name, None, say("whatif.nothing_remembered", name=wording(name)))
    file = _file()
    if file is None:
        return nothing
    try:
        entries = [entry for entry in _read(file) if entry.get("name") == name]
    except CvmError as error:
        return Remembered(name, None, str(error))
    if not entries:
        return nothing
    last = max(reversed(entries), key=lambda entry: str(entry.get("date", "")))
    told = {part: str(last.get(part, "")) for part in ("text", "answer", "question", "date")}
    return Remembered(name, last.get("value"), **told)


def recalled(name: str) -> Any:
    """Return what was committed under a name in this very notebook, None if nothing was or can be read."""
    file = _file()
    if file is None:
        return None
    try:
        mine = [entry for entry in _read(file) if _identity(entry) == (_notebook(), name)]
    except CvmError:
        return None
    return mine[-1].get("value") if mine else None


def remember(name: str, value: Any, **told: str) -> str:
    """Keep what a person has committed and return why that failed, empty if it did not.

    ``told`` may hold its ``text``, ``answer``, ``question`` and ``kind``.
    """
    file = _file()
    if file is None:
        return ""
    entry = {"notebook": _notebook(), "name": name, "value": _plain(value), **told}
    try:
        entries = _read(file)
        if any(entry == {part: kept for part, kept in old.items() if part != "date"} for old in entries):
            return ""
        others = [old for old in entries if _identity(old) != _identity(entry)]
        _write(file, [*others, {**entry, "date": date.today().isoformat()}])
    except CvmError as error:
        return str(error)
    return ""


def forget(kind: str) -> None:
    """Forget everything of one kind that was committed in this folder."""
    file = _file()
    if file is None:
        return
    try:
        entries = _read(file)
        rest = [entry for entry in entries if entry.get("kind") != kind]
        if rest != entries:
            _write(file, rest)
    except CvmError as error:
        sys.stderr.write(f"{error}\n")


def _file() -> Path | None:
    """Return the file beside the notebook, None outside a notebook."""
    ipython = sys.modules.get("IPython")
    in_a_notebook = getattr(ipython and ipython.get_ipython(), "kernel", None) is not None
    return Path.cwd() / FILE if in_a_notebook else None


def _notebook() -> str:
    """Return the name of the notebook that is run, as far as Jupyter tells it."""
    return Path(os.environ.get("JPY_SESSION_NAME", "")).stem


def _identity(entry: Mapping[str, Any]) -> tuple[Any, Any]:
    return entry.get("notebook"), entry.get("name")


def _read(file: Path) -> list[dict[str, Any]]:
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise CvmError("whatif.broken_answers", file=file.name, reason=error) from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise CvmError("whatif.broken_answers", file=file.name, reason="[{…}, …]")
    return entries


def _write(file: Path, entries: list[dict[str, Any]]) -> None:
    try:
        write_whole(file, (json.dumps(entries, ensure_ascii=False, indent=1) + "\n").encode())
    except OSError as error:
        raise CvmError("whatif.unwritten_answers", file=file.name, reason=error.strerror or error) from error


def _plain(value: Any) -> Any:
    """Return a value as a file can hold it: numpy's numbers as Python's."""
    return value.item() if hasattr(value, "item") else value

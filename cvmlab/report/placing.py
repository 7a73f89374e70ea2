"""Put a finished report in place: whole or not at all, and only where nothing but an earlier report would go.

A report is written into a hidden folder beside its target and takes the target's place at the end. A marker in it
lists the files that cvmlab wrote, so that the next run knows what it may replace. Everything else is refused.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from uuid import uuid4

from cvmlab.core.stopping import CTRL_C, ENDS, handling
from cvmlab.core.words import CvmError, say
from cvmlab.core.work import clear_left, work_folder

_Noted = TypeVar("_Noted", list[Any], dict[Any, Any])

MARKER = ".cvmlab-report.json"
# files in which a desktop keeps how it shows a folder; they are carried over to the new report
_OF_THE_DESKTOP = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
# how a file is called that a person had changed: customers (2024-12-31).xlsx
_KEPT = re.compile(r" \(\d{4}-\d\d-\d\d\)$")
# a name is part of hidden ones beside it, and of those of files in it
_LONGEST_NAME = 150
# names that Windows gives to devices, whatever their ending
_OF_WINDOWS = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[\d¹²³]) *(\..*)?", re.IGNORECASE)
# another run may take the place between our two renames
_TRIES = 5


def report_folder(folder: str | Path, name: str) -> Path:
    """Return where the report called ``name`` lies; the name is one folder's name, never a path."""
    if not isinstance(name, str) or name.strip(" .") == "" or re.search(r"[/\\\x00-\x1f]|^[A-Za-z]:", name):
        raise CvmError("report.name_is_no_folder", name=name)
    if len(name.encode()) > _LONGEST_NAME:
        raise CvmError("report.name_too_long", name=name[:20], most=_LONGEST_NAME)
    # a report is handed on, and a folder of this name could not be
    if as_folder(name) != name.lstrip(" ."):
        raise CvmError("report.name_not_on_windows", name=name)
    if not str(folder).strip():
        raise CvmError("report.no_out")
    for place in (Path(folder), *Path(folder).parents):
        if os.path.isdir(place):  # noqa: PTH112 (a Path raises for names that are too long)
            break
        if os.path.lexists(place):
            raise CvmError("report.out_is_no_folder", folder=place)
    return Path(folder) / name


def as_folder(text: str) -> str:
    """Return a text as a folder may be called on any system."""
    # characters that Windows refuses in names
    plain = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", text).strip(" .") or "_"
    return f"_{plain}" if _OF_WINDOWS.fullmatch(plain) else plain


@contextmanager
def put_in_place(target: Path, source: Path | None = None) -> Iterator[Path]:
    """Give a work folder beside the target; it takes the target's place if the block ends well."""
    missing = [folder for folder in target.parents if not folder.exists()]
    try:
        _check_apart(target, source)
        _recover(target)
        _check_replaceable(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        clear_left(target)
    except OSError as error:
        raise cannot_write(target, error, target.parent) from error
    try:
        with work_folder(target) as work:
            yield work
            mark_all(work)
            # who asks to stop now gets the report: halfway the earlier one lies under another name
            with handling((CTRL_C, *ENDS), lambda *_: None):
                _replace(work, target)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        # where nothing was written, the folders made for it go too
        with suppress(OSError):
            for folder in missing:
                folder.rmdir()


def cannot_write(target: Path, error: OSError, folder: Path | None = None) -> CvmError:
    """Return the sentence that a report cannot be written, and what helps against it."""
    is_full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    return CvmError(
        "report.cannot_write_over" if os.path.lexists(target) else "report.cannot_write",
        folder=folder or target,
        why=error.strerror or error,
        advice=say("report.advice_space" if is_full else "report.advice_other_folder"),
    )


def mark(folder: Path, files: Collection[str]) -> None:
    """Write down which files of a folder are cvmlab's, beside those that it had noted there before."""
    noted = sorted({*_marked(folder), *files} - {MARKER})
    digests = {name: _digest(folder / name) for name in noted if (folder / name).is_file()}
    said = json.dumps({"files": noted, "digests": digests}, ensure_ascii=False, indent=1)
    (folder / MARKER).write_text(said, encoding="utf-8")


def mark_all(folder: Path) -> None:
    """Write down that everything in a folder is cvmlab's."""
    mark(folder, [path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()])


def edited(folder: Path) -> list[Path]:
    """Return the files of a report, and of the reports of groups in it, that somebody has changed since."""
    found = []
    digests = _noted(folder, "digests", dict)
    for name in sorted(_marked(folder) - {MARKER}):
        path = folder / name
        of_a_group = any((parent / MARKER).is_file() for parent in path.parents if folder in parent.parents)
        # without a digest nobody can say that it is unchanged
        if path.is_file() and not of_a_group and _digest(path) != digests.get(name):
            found.append(path)
    groups = [marker.parent for marker in folder.glob(f"*/{MARKER}")]
    return found + [path for group in groups for path in edited(group)]


def kept_as(path: Path) -> str:
    """Return under which name an edited file lies in the next report."""
    day = date.fromtimestamp(path.stat().st_mtime).isoformat()
    return f"{path.stem} ({day}){path.suffix}"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_free(folder: Path, files: Collection[str]) -> None:
    """Refuse to write over a file that cvmlab did not write."""
    known = _marked(folder)
    for name in files:
        if (folder / name).exists() and name not in known:
            raise CvmError("report.file_is_yours", folder=folder, file=name)


def _marked(folder: Path) -> set[str]:
    """Return the files that the marker of a folder lists; none where there is no readable marker."""
    return {name for name in _noted(folder, "files", list) if isinstance(name, str) and _lies_within(name)}


def _lies_within(name: str) -> bool:
    """Return whether a marker's name leads into its folder: somebody else may have written that marker."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and not re.search(r"[\\\x00]|^[A-Za-z]:", name)


def _noted(folder: Path, what: str, kind: type[_Noted]) -> _Noted:
    """Return what the marker of a folder says of something; nothing where it cannot be read."""
    try:
        found = json.loads((folder / MARKER).read_text(encoding="utf-8"))[what]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return kind()
    return found if isinstance(found, kind) else kind()


def _is_report(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and bool(_marked(folder))


def _foreign(folder: Path) -> Iterator[Path]:
    """Yield what lies in a report's folder and was not written by cvmlab."""
    known = _marked(folder)
    within = {parent.as_posix() for name in known for parent in Path(name).parents}

    def look(inner: Path) -> Iterator[Path]:
        for entry in sorted(inner.iterdir()):
            name = entry.relative_to(folder).as_posix()
            if entry.is_symlink():  # cvmlab makes none
                yield entry
            elif not entry.is_dir():
                if name not in known and name != MARKER and entry.name not in _OF_THE_DESKTOP:
                    yield entry
            elif name in within:
                # one group's report may have been made again since
                yield from _foreign(entry) if _is_report(entry) else look(entry)
            else:
                yield entry

    return look(folder)


def _check_replaceable(target: Path) -> None:
    if not target.exists() and not target.is_symlink():
        return
    if not _is_report(target):
        raise CvmError("report.target_is_no_report", folder=target)
    for entry in _foreign(target):
        raise CvmError("report.target_holds_more", folder=target, file=entry.relative_to(target).as_posix())


def _check_apart(target: Path, source: Path | None) -> None:
    """Refuse a target that is the source, holds it or lies in it, whatever links lead there."""
    if source is None or not source.exists():
        return
    above_target = [folder for folder in _with_parents(target) if folder.exists()]
    if any(folder.samefile(source) for folder in above_target):
        raise CvmError("report.target_in_source", folder=target, source=source)
    if target.exists() and any(folder.samefile(target) for folder in _with_parents(source)):
        raise CvmError("report.target_holds_source", folder=target, source=source)


def _with_parents(path: Path) -> list[Path]:
    spelled, real = path.absolute(), path.resolve()
    return [spelled, *spelled.parents, real, *real.parents]


def _recover(target: Path) -> None:
    """Bring back an earlier report that a killed run had moved aside, and clear away one that it had replaced."""
    if not target.parent.is_dir():
        return
    aside = re.compile(rf"\.{re.escape(target.name)}-[0-9a-f]{{32}}\.earlier")
    left = [entry for entry in target.parent.iterdir() if aside.fullmatch(entry.name) and _is_report(entry)]
    for earlier in sorted(left, key=lambda entry: entry.stat().st_mtime, reverse=True):
        if not target.exists():
            earlier.rename(target)
        elif not any(_foreign(earlier)):
            shutil.rmtree(earlier, ignore_errors=True)


def _replace(work: Path, target: Path) -> None:
    work.chmod(0o755)  # mkdtemp made it private
    for _ in range(_TRIES):
        earlier = target.with_name(f".{target.name}-{uuid4().hex}.earlier")
        # the folder is looked at once more: making the report took a while
        _check_replaceable(target)
        with suppress(FileNotFoundError):
            _carry_over(target, work)
            target.rename(earlier)
        try:
            work.rename(target)
        except OSError as error:
            if not target.exists() and earlier.exists():
                earlier.rename(target)
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
            continue
        shutil.rmtree(earlier, ignore_errors=True)
        return
    raise CvmError("report.target_is_busy", folder=target)


def _carry_over(target: Path, work: Path) -> None:
    """Take along what a person put into a report: how its folder is shown, and what they changed in its files."""
    changed = {path: kept_as(path) for path in edited(target) if not _KEPT.search(path.stem)}
    changed |= {path: path.name for path in target.rglob("*") if _KEPT.search(path.stem)}
    for path, name in changed.items():
        place = work / path.parent.relative_to(target)
        if not place.is_dir():  # a group that is no more
            place, name = work, f"{path.parent.name} {name}"
        while (place / name).exists():
            name = f"_{name}"
        shutil.copy2(path, place / name)
    if changed:
        mark_all(work)
    for entry in target.rglob("*"):
        moved = work / entry.relative_to(target)
        if entry.name in _OF_THE_DESKTOP and entry.is_file() and moved.parent.is_dir():
            shutil.copy2(entry, moved)

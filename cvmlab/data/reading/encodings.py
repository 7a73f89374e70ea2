"""The encoding of a text: guessed from its beginning, checked against all of it, made UTF-8."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cvmlab.core.words import CvmError, say

from .notes import Note
from .raw import CHUNK, Progress, new_file

_WESTERN_SHARE = 0.8
# bytes that Windows-1252 leaves undefined
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


def guess_encoding(start: bytes, *, complete: bool = True) -> str:
    """Return the likely encoding of the beginning of a text: its mark, UTF-8 if valid, Western or GB18030."""
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start, final=complete)
    except UnicodeDecodeError as error:
        # Many valid characters before the fault: UTF-8 that is damaged, not another encoding
        before = start[: error.start].decode("utf-8", "ignore")
        if sum(not character.isascii() for character in before) > 20:
            return "utf-8"
        return "cp1252" if _stand_alone(start) else "gb18030"
    return "utf-8"


def _stand_alone(*texts: bytes) -> bool:
    """Return whether most signs above ASCII have a plain sign on both sides."""
    runs = [len(run) for text in texts for run in re.findall(rb"[\x80-\xff]+", text)]
    return bool(runs) and runs.count(1) >= _WESTERN_SHARE * len(runs)


def check_encoding(
    path: Path, encoding: str, progress: Progress | None = None, *, western: bool = True
) -> tuple[str, Note | None]:
    """Return the encoding that all of a text is in, with a note if it is a guess; ``western``: an ASCII header."""
    if encoding not in ("utf-8", "utf-8-sig", "gb18030", "cp1252"):
        return encoding, None
    fault = None if encoding == "cp1252" else _first_fault(path, encoding, progress)
    if encoding != "cp1252" and fault is None:
        return encoding, None
    if fault is None or (not fault.text_before and _stand_alone(*_chunks(path))):
        return _western(path), Note("western_encoding", {"file": path.name})
    if encoding == "utf-8" and not fault.text_before and _first_fault(path, "gb18030", progress) is None:
        return "gb18030", None
    if western and fault.foreign_share < 0.01:
        return _western(path), Note("western_encoding", {"file": path.name})
    raise CvmError(
        "reading.bad_encoding", file=path.name, line=f"{fault.line:,}", bytes=fault.bytes.hex(" "), encoding=encoding
    )


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield from iter(lambda: stream.read(CHUNK), b"")


def _western(path: Path) -> str:
    """Return Windows' Western encoding, or Latin-1, whose every byte means something, for what does not fit it."""
    return "latin-1" if any(map(_UNDEFINED.search, _chunks(path))) else "cp1252"


@dataclass(frozen=True)
class _Fault:
    line: int
    bytes: bytes
    text_before: bool
    foreign_share: float


def _first_fault(path: Path, encoding: str, progress: Progress | None) -> _Fault | None:
    decoder = codecs.getincrementaldecoder(encoding)()
    size = max(path.stat().st_size, 1)
    line, read, foreign, pending = 1, 0, 0, b""
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(CHUNK)
            if not (chunk.isascii() and not pending):
                try:
                    decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError as error:
                    before, bad = error.object[: error.start], error.object[error.start : error.start + 4]
                    foreign += sum(byte > 127 for byte in before)
                    all_foreign = sum(len(part.translate(None, bytes(range(128)))) for part in _chunks(path))
                    return _Fault(line + before.count(b"\n"), bad, foreign > 60, all_foreign / size)
                foreign += sum(byte > 127 for byte in chunk[:1000])
                pending = decoder.getstate()[0]
            if not chunk:
                return None
            line += chunk.count(b"\n")
            read += len(chunk)
            if progress:
                progress(say("reading.step_looking"), min(1.0, read / size))


def transcode(path: Path, encoding: str, folder: Path, progress: Progress | None = None) -> Path:
    """Stream a text into a temporary UTF-8 file and return its path."""
    target = new_file(folder)
    decoder = codecs.getincrementaldecoder(encoding)()
    size, read = max(path.stat().st_size, 1), 0
    with target.open("wb") as out:
        for chunk in _chunks(path):
            out.write(decoder.decode(chunk).encode())
            read += len(chunk)
            if progress:
                progress(say("reading.step_reading", source=path.name), min(1.0, read / size))
        out.write(decoder.decode(b"", final=True).encode())
    return target

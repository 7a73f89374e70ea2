"""The encoding of a text: guessed from its beginning, checked against all of it, made UTF-8."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cvmlab.core.words import CvmError, say

from ..notes import Note
from ..raw import CHUNK, Progress, new_file
from .alphabets import LATIN
from .doubts import shown_readings
from .scripts import CHINESE, WESTERN, guess_script, is_surely_chinese, stand_alone

# so many characters of another encoding may look like UTF-8
_BY_CHANCE = 6
# plain bytes that stand for other characters: what announces them
_SEVEN_BITS = {
    "iso2022_jp_ext": re.compile(rb"\x1b\$[@B]|\x1b\([JI]"),
    "iso2022_kr": re.compile(rb"\x1b\$\)C"),
    "hz": re.compile(rb"~\{(?:[\x21-\x77][\x21-\x7e])+~\}"),
}
_UTF_7 = re.compile(rb"\+[A-Za-z0-9+/]{3,}+-?")
# letters that no one has alone in UTF-8, but common Chinese characters in GB18030, such as that for yuan
_ODD_PAIRS = re.compile(rb"[\xc7\xc9-\xcb\xd4\xdc-\xdf][\xa1-\xbf]")
# bytes that Windows-1252 leaves undefined
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


def guess_encoding(start: bytes, *, complete: bool = True) -> str:
    """Return the likely encoding of the beginning of a text: its mark, UTF-8 if valid, Western, East Asian."""
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    # the mark of UTF-16 is the beginning of that of UTF-32
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for first, second, encoding in ((3, 2, "utf-32-le"), (0, 1, "utf-32-be")):
        if all(start[place::4].count(0) > 0.9 * len(start[place::4]) for place in (first, second)):
            return encoding
    for places, encoding in ((start[1::2], "utf-16-le"), (start[::2], "utf-16-be")):
        # of plain text, every second byte is empty
        if places.count(0) > 0.4 * len(places):
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start, final=complete)
    except UnicodeDecodeError as error:
        # Many valid characters before the fault: UTF-8 that is damaged, not another encoding
        before = start[: error.start].decode("utf-8", "ignore")
        if sum(not character.isascii() for character in before) > _BY_CHANCE:
            return "utf-8"
        return guess_script(start) or CHINESE
    if not start.isascii() and _ODD_PAIRS.sub(b"", start).isascii() and guess_script(start) == CHINESE:
        return CHINESE
    return _seven_bits(start) or "utf-8"


def _seven_bits(data: bytes) -> str | None:
    """Return the encoding that writes other characters in plain bytes, as e-mail once needed, if a text is in one."""
    if data.isascii():
        for encoding, sign in _SEVEN_BITS.items():
            with suppress(UnicodeDecodeError):
                if sign.search(data) and codecs.getincrementaldecoder(encoding)().decode(data):
                    return encoding
    return None


def _utf_7_note(path: Path) -> Note | None:
    """Return a warning if a plain text has runs that all stand for letters in UTF-7, which is not read."""
    start = next(_chunks(path), b"")
    runs = _UTF_7.findall(start)[:1000] if start.isascii() else []
    with suppress(UnicodeDecodeError):
        if runs and all(sign.isalpha() and _is_usual(sign) for sign in b"".join(runs).decode("utf-7")):
            said = {"file": path.name, "run": runs[0].decode(), "text": runs[0].decode("utf-7")}
            return Note("looks_like_utf_7", said, "warning")
    return None


def _is_usual(sign: str) -> bool:
    return "\xc0" <= sign <= "\u017f" or any(len(sign.encode(name, "ignore")) == 2 for name in ("gb2312", "cp932"))


def encoding_named(name: str) -> str:
    """Return Python's name of an encoding of text; raise `CvmError` if there is none."""
    try:
        found = codecs.lookup(name.strip())
    except (LookupError, ValueError, UnicodeError) as error:
        raise CvmError("reading.unknown_encoding", encoding=name) from error
    if not getattr(found, "_is_text_encoding", True) or found.name in ("idna", "punycode", "undefined", "utf-7"):
        raise CvmError("reading.unknown_encoding", encoding=name)
    return "gb18030" if found.name in ("gb2312", "gbk") else found.name


def encoding_stated(name: str, start: bytes, file: str) -> str:
    """Return Python's name of the encoding that a user states, if the beginning of a text can be in it."""
    used, seen = encoding_named(name), guess_encoding(start, complete=False)
    # without a mark Python's utf-16 and utf-32 read nothing
    orders = (f"{used}-le", f"{used}-be") if used in ("utf-16", "utf-32") and seen != used else (used,)
    for order in orders:
        # of two bytes that are no line end in this encoding, hardly any make one
        if not _is_wide(used) or set("\r\n") & set(codecs.getincrementaldecoder(order)("replace").decode(start)):
            fits = not _is_wide(seen) or used[:6] == seen[:6]
            # what is UTF-8 by many characters is nothing else
            is_utf8 = seen.startswith("utf-8") and _foreign(start) > 3 * _BY_CHANCE
            if fits and (not is_utf8 or used.startswith("utf-8")):
                return order
    raise CvmError("reading.wrong_encoding", file=file, encoding=name, seen=seen)


def _is_wide(encoding: str) -> bool:
    return encoding.startswith(("utf-16", "utf-32"))


def check_is_clear(start: bytes, file: str) -> None:
    """Raise `CvmError` that shows how a text reads in different encodings, if it does not decide on one."""
    if guess_script(start) is not None:
        return
    shown = shown_readings(start, (CHINESE, "euc_jp"))
    raise CvmError("reading.unclear_encoding", file=file, readings=_listed(shown), example=next(iter(shown), WESTERN))


def _listed(shown: dict[str, str]) -> str:
    return "; ".join(f"{encoding}: {word}" for encoding, word in shown.items())


def check_encoding(
    path: Path, encoding: str, progress: Progress | None = None, *, western: bool = True, stated: bool = False
) -> tuple[str, Note | None]:
    """Return the encoding that all of a text is in, with a note if it is a guess; ``western``: an ASCII header."""
    fault = None if encoding == "cp1252" else _first_fault(path, encoding, progress)
    if stated or (encoding not in ("utf-8", "cp1252") and (fault is None or encoding != CHINESE)):
        if fault is not None and stated:
            with path.open("rb") as stream:
                seen = guess_encoding(stream.read(CHUNK), complete=False)
            if seen != encoding and _first_fault(path, seen, progress) is None:
                raise CvmError("reading.wrong_encoding", file=path.name, encoding=encoding, seen=seen)
        if fault is not None:
            raise _not_in(path, encoding, fault)
        return encoding, None if stated else _guess_note(path, encoding)
    if encoding == "utf-8" and fault is None:
        late = next(filter(None, map(_seven_bits, _chunks(path))), None)
        return check_encoding(path, late, progress) if late else (encoding, _utf_7_note(path))
    if fault is None:
        return _western(path), _guess_note(path, WESTERN)
    # what may be UTF-8 by chance
    by_chance = encoding == "utf-8" and fault.foreign_before <= 2 * _BY_CHANCE
    late = guess_script(fault.sample) if by_chance else WESTERN
    if late in LATIN and fault.foreign_before:
        late = WESTERN
    if late not in (None, CHINESE, WESTERN) and _first_fault(path, late, progress) is None:
        return check_encoding(path, late, progress)
    if not fault.text_before and stand_alone(*_chunks(path)):
        return _western(path), _guess_note(path, WESTERN)
    if late in (None, CHINESE):
        check_is_clear(fault.sample, path.name)
        if _first_fault(path, CHINESE, progress) is None:
            return check_encoding(path, CHINESE, progress)
    if western and fault.foreign_share < 0.01 and not (encoding == "utf-8" and fault.foreign_before):
        return _western(path), _guess_note(path, WESTERN)
    raise _not_in(path, encoding, fault)


def _guess_note(path: Path, encoding: str) -> Note | None:
    """Return a note that an encoding is a guess, with how a word reads in it and in the other possible ones."""
    if encoding.startswith("utf"):
        return None
    if encoding in _SEVEN_BITS:
        text = next(filter(_seven_bits, _chunks(path)), b"").decode(encoding, "ignore")
        shown = {encoding: "".join(re.findall("[^\x00-\x7f]+", text)[:1])}
    else:
        sample = _from_first_foreign(path)
        if encoding == CHINESE and is_surely_chinese(sample):
            return None
        # which has the same bytes
        shown = shown_readings(sample, (encoding, "euc_jp") if encoding == CHINESE else (encoding,))
    said = {"file": path.name, "encoding": encoding, "readings": _listed(shown)}
    return Note("western_encoding" if encoding == WESTERN else "guessed_encoding", said)


def _from_first_foreign(path: Path) -> bytes:
    """Return what a text has from its first bytes above ASCII on."""
    chunks = _chunks(path)
    return next((chunk for chunk in chunks if not chunk.isascii()), b"") + next(chunks, b"")


def _not_in(path: Path, encoding: str, fault: _Fault) -> CvmError:
    said = {"file": path.name, "line": f"{fault.line:,}", "bytes": fault.bad.hex(" "), "encoding": encoding}
    # not the one that has just been ruled out
    other, another = [name for name in (CHINESE, "cp1252", "cp850") if name != encoding][:2]
    return CvmError("reading.bad_encoding", **said, other=other, another=another)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield from iter(lambda: stream.read(CHUNK), b"")


def _western(path: Path) -> str:
    """Return Windows' Western encoding, or Latin-1, whose every byte means something, for what does not fit it."""
    return "latin-1" if any(map(_UNDEFINED.search, _chunks(path))) else "cp1252"


@dataclass(frozen=True)
class _Fault:
    line: int
    bad: bytes
    # what follows from its line on
    sample: bytes
    # bytes above ASCII that are valid
    foreign_before: int
    foreign_share: float

    @property
    def text_before(self) -> bool:
        return self.foreign_before > 60


def _first_fault(path: Path, encoding: str, progress: Progress | None) -> _Fault | None:
    decoder = codecs.getincrementaldecoder(encoding)()
    wide = _is_wide(encoding)
    plain_too = wide or encoding in _SEVEN_BITS
    size = max(path.stat().st_size, 1)
    line, read, foreign, pending = 1, 0, 0, b""
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(CHUNK)
            if plain_too or pending or not chunk.isascii():
                try:
                    decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError as error:
                    before = error.object[: error.start]
                    all_foreign = sum(map(_foreign, _chunks(path)))
                    start = max(before.rfind(b"\n"), before.rfind(b"\r")) + 1
                    if wide:
                        # bytes of a line end may be part of a character there
                        whole = path.read_bytes()[: read - len(pending) + error.start]
                        line, before = 1, whole.decode(encoding, "ignore").encode()
                    return _Fault(
                        line + _line_ends(before),
                        error.object[error.start : error.start + 4],
                        error.object[start:],
                        foreign + _foreign(before),
                        all_foreign / size,
                    )
                foreign += _foreign(chunk)
                pending = decoder.getstate()[0]
            if not chunk:
                return None
            line += _line_ends(chunk)
            read += len(chunk)
            if progress:
                progress(say("reading.step_looking"), min(1.0, read / size))


def _foreign(data: bytes) -> int:
    """Return the number of bytes above ASCII."""
    return len(data.translate(None, bytes(range(128))))


def _line_ends(data: bytes) -> int:
    return data.count(b"\n") or data.count(b"\r")


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

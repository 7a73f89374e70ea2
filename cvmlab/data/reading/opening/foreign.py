"""Files of kinds that cvmlab does not read, known by their first bytes, each with what to do about it."""

from __future__ import annotations

import re

from cvmlab.core.words import CvmError

_KINDS: dict[str, tuple[bytes, ...]] = {
    "database_file": (rb"SQLite format 3\x00", rb".{8}DUCK", rb"\x00\x01\x00\x00Standard (Jet|ACE) DB"),
    "frame_file": (
        rb"ARROW1\x00\x00|FEA1",
        rb"\x80[\x02-\x05](\x95.{8}|[c}])",
        rb"Obj\x01|\x93NUMPY|\x89HDF\r\n",
        rb"<stata_dta>|\$FL[23]@|\{\s*\"|\[\s*\{\s*\"",
    ),
    "compressed": (rb"Rar!\x1a|7z\xbc\xaf|BZh[1-9]1AY|\xfd7zXZ\x00|\x28\xb5\x2f\xfd",),
    "web_archive": (rb"MIME-Version:|From: <Saved by",),
    "document": (rb"%PDF-|\{\\rtf|\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a",),
}


def refuse_foreign(start: bytes, file: str) -> None:
    """Raise `CvmError` for a file of a kind that is known and not read."""
    text = start[:4096].removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    for kind, openings in _KINDS.items():
        if any(re.match(opening, text, re.DOTALL) for opening in openings):
            raise CvmError(f"reading.{kind}", file=file)

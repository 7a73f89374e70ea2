"""The time zone that the name of a date column states, as in ``Created (UTC)``: the times below it are meant in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..notes import Note
from ..raw import quoted

_STATED = re.compile(r"(?:\b|_|(?<=[a-z])(?=UTC|Utc|GMT))(?i:utc|gmt)\s*([+-]\s*\d{1,2}(?::?\d{2})?)?(?![A-Za-z])")
_BEIJING = "北京时间"
# a time of day at the end, and no zone behind it
_CLOCK = r"\d:\d{2}(:\d{2}([.,]\d+)?)?(\s*[AaPp]\.?[Mm]\.?)?$"
_MIDNIGHT = r"(^|\D)0?0:00(:00([.,]0+)?)?$"


def header_zone(column: str) -> str:
    """Return the zone that the name of a column states, as it is written behind a time; ``""`` if none."""
    if _BEIJING in column:
        return "+08:00"
    found = _STATED.search(column)
    if found is None:
        return ""
    if found[1] is None:
        return "Z"
    sign, hours, minutes = re.fullmatch(r"([+-])\s*(\d{1,2}):?(\d{2})?", found[1]).groups()  # type: ignore[union-attr]
    return f"{sign}{int(hours):02}:{minutes or '00'}"


def take_header_zones(connection: Any, names: Mapping[int, tuple[str, str]], zone: str | None) -> list[Note]:
    """Write the zone of the header behind each time, where days are to begin in a zone; else say that they do not."""
    notes = []
    for part, (source, column) in names.items():
        if not (own := header_zone(column)):
            continue
        timed = f"part = {part} AND regexp_matches(date_text, {quoted(_CLOCK)})"
        if zone is not None:
            connection.execute(f"UPDATE stage SET date_text = date_text || {quoted(own)} WHERE {timed}")
            continue
        (times,) = connection.execute(
            f"SELECT count(*) FROM stage WHERE {timed} AND NOT regexp_matches(date_text, {quoted(_MIDNIGHT)})"
        ).fetchone()
        if times and own == "Z":
            notes.append(Note("header_zone", {"source": source, "column": column}, "warning"))
    return notes

"""What stands behind a date in its cell: a time of day, its zone, a day of the week. Else it is no plain date.

``2024-02-15 (cancelled)`` and ``2024-02-15/2024-03-15`` say more than a day. The words of times and of days of the week
lie in ``rules/times.csv``. Dates are looked at by their shapes, in which every digit is a 9.
"""

from __future__ import annotations

import re
from functools import cache

from cvmlab.core.words import read_table

from ..role_names import unaccented

#: SQL: what looks like a time of day and is none, such as 25:00 and 10:75; 24:00 is the end of a day.
NO_TIME = r"[\sTt日号午](2[5-9]|[3-9]\d)\s?(:\s?\d\d|[时時点點])|\d:(6[1-9]|[7-9]\d)(\D|$)"


def ends_well(rest: str) -> bool:
    """Return whether nothing but a time of day, its zone and a day of the week stands in the rest of a date's shape."""
    return _pattern().fullmatch(unaccented(rest)) is not None


def has_zone(rest: str) -> bool:
    """Return whether a zone stands behind a time of day."""
    found = _pattern().fullmatch(unaccented(rest))
    return found is not None and found["clock"] is not None and found["zone"] is not None


@cache
def _pattern() -> re.Pattern[str]:
    half, hour, before, weekday = (_words(kind) for kind in ("half_day", "hour", "before", "weekday"))
    minutes = r"\s?[:.h时時点點시ч]\s?9{1,2}(?:\s?[:.m分분]\s?9{1,2}(?:[.,:]9+)?)?"
    full = rf"(?:{half}\s*)?9{{1,2}}{minutes}(?:\s?{hour})?(?:\s*{half})?"
    short = rf"{half}\s*9{{1,2}}(?:\s?{hour})?|9{{1,2}}\s?(?:{hour}|{half})|{half}"
    # 1015 and 101530 might be other numbers, where no T stands before them and more comes behind them
    digits = r"9{4}(?:99(?:[.,]?9+)?)?"
    compact = rf"(?<=[Tt])(?:{digits}|99)|(?<![\s,]){digits}|(?<=\s)(?:{digits}|99)$"
    clock = rf"{before}\s*{full}|{before}\s*{short}|[-_:@]\s*{full}|{full}|{short}|[Tt]?(?:{compact})"
    offset = r"[+-]\s?9{1,2}(?::?99){0,2}(?:\s+[A-Z]{2,5})?"
    place = r"\[?[A-Za-z]+(?:/[A-Za-z_]+)+\]?"
    zone = rf"(?:[Zz]|(?:UTC|GMT)?\s*{offset}|[A-Z]{{2,5}}|{place})(?:\s*(?:\([^()9]*\)|\[[^\[\]]*\]))?"
    day = rf"[(\[]?\s?{weekday}\s?[)\]]?"
    return re.compile(
        rf"(?:\s?[日号號гr](?:\.|ода)?|\.)?[\s,]*(?:{day})?[\s,]*"
        rf"(?:(?P<clock>{clock})\s*(?P<zone>{zone})?|Z|[+-]99:99|UTC|GMT|[ACEHJKMPW][SD]?T)?"
        r"[\s,]*"
        rf"(?:{day})?[\s.,;]*"
    )


def _words(kind: str) -> str:
    """Return a pattern of the words of a kind, with the capitals and the point that they may have."""
    words = "|".join(row["words"] for row in read_table("rules/times") if row["kind"] == kind)
    return rf"(?i:{'|'.join(re.escape(unaccented(word)) for word in words.split('|'))})\.?"

"""What a word says in a table of subscribers, by ``rules/subscriber_words.csv``: yes, no, left, stayed or nothing."""

from __future__ import annotations

import unicodedata
from functools import cache

from cvmlab.core.words import read_table


@cache
def _meanings() -> dict[str, str]:
    """Return what each word means: yes, no, left, stayed or blank."""
    rows = read_table("rules/subscriber_words")
    return {word: row["meaning"] for row in rows for word in row["words"].split("|")}


def plain_word(text: str) -> str:
    """Return a word as the rules know it: lower case, one space, without the point at its end."""
    plain = " ".join(unicodedata.normalize("NFKC", text).lower().replace("_", " ").split())
    return plain.rstrip(".。!！") or plain


def meaning(text: str) -> str:
    """Return what a word means: ``yes``, ``no``, ``left``, ``stayed``, ``blank``, or nothing if nobody knows it."""
    plain = plain_word(text)
    if number := _zero_or_one(plain):
        return number
    return _meanings().get(plain, "" if plain else "blank")


def is_blank(text: str) -> bool:
    """Return whether a cell says that its value is not known."""
    return meaning(text) == "blank"


def _zero_or_one(plain: str) -> str:
    try:
        number = float(plain)
    except ValueError:
        return ""
    return {0.0: "no", 1.0: "yes"}.get(number, "")


def key_of(word: str) -> str:
    """Return what is compared of a word: 1.0 is 1."""
    plain = plain_word(word)
    return {"yes": "1", "no": "0"}[number] if (number := _zero_or_one(plain)) else plain

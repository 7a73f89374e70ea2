"""Who left: words, 0 and 1, true and false → a bool, by ``rules/subscriber_words.csv``."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from cvmlab.core.words import CvmError, read_table, say
from cvmlab.data.reading.columns import counted

if TYPE_CHECKING:
    import pandas as pd

_YES, _NO = frozenset({"yes", "left"}), frozenset({"no", "stayed"})
# a column of so many different texts holds no answer to a question
_MOST_WORDS, _FEW_WORDS = 40, 6


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


def yes_or_no(words: Iterable[str]) -> dict[str, bool]:
    """Return whether each of a column's words means yes, nothing unless all of them are yes or no in words."""
    found = {word: meaning(word) for word in words}
    if not found or any(said not in ("yes", "no") or plain_word(word)[0].isdigit() for word, said in found.items()):
        return {}
    # one letter alone may be the name of a class
    if len(found) == 1 and len(plain_word(next(iter(found)))) == 1 and next(iter(found)).isascii():
        return {}
    return {word: said == "yes" for word, said in found.items()}


def speaks_of_leaving(cells: Iterable[str]) -> bool:
    """Return whether all words of a column are known and some say that a customer left or stayed."""
    found = {meaning(cell) for cell in cells} - {"blank"}
    return "" not in found and bool(found & {"left", "stayed"})


def is_plausible(cells: Iterable[str]) -> bool:
    """Return whether the first cells of a column may say who left: words that are known, or few different ones."""
    words = {plain_word(cell) for cell in cells if not is_blank(cell)}
    if all(map(meaning, words)):
        return True
    numbers = sum(word.lstrip("+-").replace(".", "", 1).isdigit() for word in words)
    return len(words) <= _FEW_WORDS and (len(words) <= 2 or not numbers)


def _zero_or_one(plain: str) -> str:
    try:
        number = float(plain)
    except ValueError:
        return ""
    return {0.0: "no", 1.0: "yes"}.get(number, "")


def who_left(
    cells: pd.Series, column: str, source: str, left_words: Sequence[str] | None, *, inverted: bool
) -> tuple[pd.Series, list[str]]:
    """Return for each cell, a text or missing, whether its customer left (missing where it does not say), and notes."""
    counts = cells.value_counts()
    words = {str(word): int(rows) for word, rows in counts.items() if left_words or not is_blank(str(word))}
    if not words:
        raise CvmError("subscribers.churned_empty", source=source, column=column)
    said = {"source": source, "column": column}
    notes: list[str] = []
    if left_words is not None:
        left = _as_said(words, left_words, said)
    else:
        numbers = _as_numbers(words, said, notes)
        left = _as_words(words, said, inverted=inverted) if numbers is None else numbers
    answers = cells.map(left).astype("boolean")
    rows = {answer: int((answers == answer).sum()) for answer in (True, False)}
    if not rows[True] or not rows[False]:
        key = "nobody_left" if not rows[True] else "all_left"
        notes.append(say(f"subscribers.{key}", column=column, words=counted(words)))
    elif any(meaning(word) not in ("yes", "no") for word in words) and not notes:
        gone = {word: count for word, count in words.items() if left[word]}
        stayed = {word: count for word, count in words.items() if not left[word]}
        notes.append(say("subscribers.words_read", column=column, left=counted(gone), stayed=counted(stayed)))
    return answers, notes


def _as_said(words: dict[str, int], left_words: Sequence[str], said: dict[str, str]) -> dict[str, bool]:
    """Return who left where the user said which words mean it."""
    wanted = {_key(word) for word in left_words}
    known = {_key(word) for word in words}
    for word in left_words:
        if _key(word) not in known:
            raise CvmError("subscribers.no_such_word", **said, word=word, words=counted(words))
    return {word: _key(word) in wanted for word in words if _key(word) in wanted or not is_blank(word)}


def _key(word: str) -> str:
    plain = plain_word(word)
    return {"yes": "1", "no": "0"}[number] if (number := _zero_or_one(plain)) else plain


def _as_numbers(words: dict[str, int], said: dict[str, str], notes: list[str]) -> dict[str, bool] | None:
    """Return who left in a column of numbers, None if it holds words; refuse a probability or a score."""
    numbers: dict[str, float] = {}
    for word in words:
        try:
            numbers[word] = float(plain_word(word).rstrip("%"))
        except ValueError:
            continue
    if 2 * len(numbers) <= len(words) or {*numbers.values()} <= {0.0, 1.0}:
        return None
    if len(numbers) == len(words) and {*numbers.values()} == {-1.0, 1.0}:
        notes.append(say("subscribers.minus_one", column=said["column"]))
        return {word: number > 0 for word, number in numbers.items()}
    if len({*numbers.values()}) <= 3:
        return None
    low, high = min(numbers.values()), max(numbers.values())
    raise CvmError("subscribers.churned_is_score", **said, values=len(words), low=f"{low:g}", high=f"{high:g}")


def _as_words(words: dict[str, int], said: dict[str, str], *, inverted: bool) -> dict[str, bool]:
    """Return who left by words that are known; raise `CvmError` where one is not."""
    found = {word: meaning(word) for word in words}
    unknown = {word: words[word] for word, known in found.items() if known not in _YES | _NO}
    if len(unknown) > _MOST_WORDS:
        raise CvmError("subscribers.churned_is_text", **said, values=f"{len(words):,}", words=counted(unknown, 4))
    if unknown:
        example = min(unknown, key=lambda word: words[word])
        raise CvmError(
            "subscribers.unknown_words", **said, words=counted(words), unknown=counted(unknown), example=example
        )
    flags = frozenset({"yes", "no"})
    return {word: (known in _YES) != (inverted and known in flags) for word, known in found.items()}

"""Who left: words, 0 and 1, true and false → a bool."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cvmlab.core.words import CvmError, say
from cvmlab.data.reading.notes import counted

from .legends import left_by_legend, legend_of
from .meanings import is_blank, key_of, meaning, plain_word

if TYPE_CHECKING:
    import pandas as pd

_YES, _NO = frozenset({"yes", "left"}), frozenset({"no", "stayed"})
# a column of so many different texts holds no answer to a question
_MOST_WORDS, _FEW_WORDS = 40, 6
# beside one answer alone, so many blanks are the other one
_FEW_BLANKS = 0.05


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
    if any(map(_is_share, words)):
        return False
    return len(words) <= _FEW_WORDS and (len(words) <= 2 or not numbers)


def _is_share(word: str) -> bool:
    """Return whether a word is a number between whole ones: 0.006 is a share or a score."""
    try:
        return not float(word).is_integer()
    except (ValueError, OverflowError):
        return False


def who_left(
    cells: pd.Series,
    column: str,
    source: str,
    left_words: Sequence[str] | None,
    *,
    inverted: bool,
    neutral: bool,
    unsaid: bool,
) -> tuple[pd.Series, list[str]]:
    """Return for each cell, a text or missing, whether its customer left (missing where it does not say), and notes.

    The name of a ``neutral`` column, such as status, does not say what yes means, nor does one of which all is
    ``unsaid``, which the user chose; one ``inverted`` asks who stayed.
    """
    counts = cells.value_counts()
    words = {str(word): int(rows) for word, rows in counts.items() if left_words or not is_blank(str(word))}
    if not words:
        raise CvmError("subscribers.churned_empty", source=source, column=column)
    said = {"source": source, "column": column}
    notes: list[str] = []
    if left_words is not None:
        left = _as_said(words, left_words, said, has_blanks=bool(cells.isna().any()))
    else:
        left = _as_explained(words, said, notes, inverted=inverted, neutral=neutral)
    answers = cells.map(left).astype("boolean")
    blank = cells.isna() | (cells.map(lambda cell: is_blank(str(cell))) & answers.isna())
    if left_words is None and blank.mean() > _FEW_BLANKS and len(set(left.values())) == 1:
        key = "only_left" if all(left.values()) else "only_stayed"
        raise CvmError(f"subscribers.{key}", **said, words=counted(words), rows=int(blank.sum()), option=_option(words))
    if left_words is not None and blank.any():
        if any(not word.strip() for word in left_words):
            answers = answers.mask(blank, True)
        elif all(left.values()):
            # nothing else says that a customer is still there
            answers = answers.mask(blank, False)
            notes.append(say("subscribers.blanks_stayed", column=column, rows=int(blank.sum())))
    rows = {answer: int((answers == answer).sum()) for answer in (True, False)}
    if not rows[True] or not rows[False]:
        key = "nobody_left" if not rows[True] else "all_left"
        notes.append(say(f"subscribers.{key}", column=column, words=counted(words)))
    elif inverted and left_words is None and not notes and any(meaning(word) in ("yes", "no") for word in words):
        gone = {word: count for word, count in words.items() if left.get(word)}
        notes.append(say("subscribers.inverted", column=column, left=counted(gone)))
    elif (unsaid or any(meaning(word) not in ("yes", "no") for word in words)) and not notes:
        gone = {word: count for word, count in words.items() if left.get(word)}
        stayed = {word: count for word, count in words.items() if not left.get(word, True)}
        if gone and stayed:
            notes.append(say("subscribers.words_read", column=column, left=counted(gone), stayed=counted(stayed)))
    return answers, notes


def _as_explained(
    words: dict[str, int], said: dict[str, str], notes: list[str], *, inverted: bool, neutral: bool
) -> dict[str, bool]:
    """Return who left by the legend in the header if there is one, else by numbers or by words."""
    if legend := legend_of(said["column"], words):
        explained = left_by_legend(legend, words, inverted=inverted, neutral=neutral)
        if explained is None:
            raise CvmError("subscribers.legend_unclear", **said, words=counted(words))
        gone = {word: words[word] for word, left in explained.items() if left}
        stayed = {word: words[word] for word, left in explained.items() if not left}
        none = say("subscribers.none")
        shown = {"left": counted(gone) if gone else none, "stayed": counted(stayed) if stayed else none}
        notes.append(say("subscribers.legend_read", column=said["column"], **shown))
        return explained
    if neutral and all(meaning(word) in ("yes", "no") for word in words):
        raise CvmError("subscribers.status_unclear", **said, words=counted(words))
    numbers = _as_numbers(words, said, notes, inverted=inverted)
    return _as_words(words, said, inverted=inverted) if numbers is None else numbers


def _option(words: dict[str, int]) -> str:
    """Return how the user says that all these words mean leaving."""
    names = [word.replace('"', "'") for word in words]
    return f'left_words="{names[0]}"' if len(names) == 1 else f"left_words={names}"


def _as_said(
    words: dict[str, int], left_words: Sequence[str], said: dict[str, str], *, has_blanks: bool
) -> dict[str, bool]:
    """Return who left where the user said which words mean it."""
    wanted = {key_of(word) for word in left_words}
    known = {key_of(word) for word in words} | ({""} if has_blanks else set())
    for word in left_words:
        if key_of(word) not in known:
            raise CvmError("subscribers.no_such_word", **said, word=word, words=counted(words))
    return {word: key_of(word) in wanted for word in words if key_of(word) in wanted or not is_blank(word)}


def _as_numbers(
    words: dict[str, int], said: dict[str, str], notes: list[str], *, inverted: bool
) -> dict[str, bool] | None:
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
        gone = {word: (number > 0) != inverted for word, number in numbers.items()}
        left, stayed = sorted(words, key=gone.__getitem__, reverse=True)[:2]
        notes.append(say("subscribers.minus_one", column=said["column"], left=left, stayed=stayed))
        return gone
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
        # a word that is not known may as well mean that a customer is still there
        only = next(iter(words)) if len(words) == 1 else say("subscribers.word")
        example = next((word for word, known in found.items() if known in _YES), only)
        raise CvmError(
            "subscribers.unknown_words", **said, words=counted(words), unknown=counted(unknown), example=example
        )
    flags = frozenset({"yes", "no"})
    return {word: (known in _YES) != (inverted and known in flags) for word, known in found.items()}

"""Every word that people see, in English and in Chinese; an error is one of them.

The words lie in ``cvmlab/words/*.csv`` with the columns ``key, en, zh`` (and ``system``, the id S01–S28
in the domain, where a row is a term of the course). The terms of the course are in ``terms.csv`` and are
called by their plain key; all other words are called ``file.key``, for example ``reading.no_such_file``.
The language is a context variable: a thread, a server request or a parallel report may have its own.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Literal, get_args

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_language: ContextVar[Language] = ContextVar("cvmlab_language", default="en")
# of a name, a path or a list within a sentence
_LONGEST = 1_000
_PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Word:
    """One entry of the vocabulary: its wording in each language and, for a term, its system (S01–S28)."""

    en: str
    zh: str
    system: str = ""

    def wording(self, language: Language) -> str:
        """Return the wording in one language."""
        return self.zh if language == "zh" else self.en


def read_table(name: str) -> list[dict[str, str]]:
    """Read one of the package's CSV tables: words, rules or answers.

    Parameters
    ----------
    name
        Folder and file name without its ending, for example ``"words/terms"`` or ``"rules/strategies"``.

    Returns
    -------
    list of dict
        One dict a row, column name to text.

    Examples
    --------
    >>> read_table("words/terms")[0]["en"]
    'customer value management'
    """
    with (_PACKAGE / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def read_rules(name: str, language: str | None = None) -> list[dict[str, str]]:
    """Read a rule table in one language: of the columns ``why_en`` and ``why_zh`` one is left, called ``why``.

    Parameters
    ----------
    name
        File name without its ending, for example ``"strategies"``.
    language
        ``"en"`` or ``"zh"``; the language in force if left out.

    Returns
    -------
    list of dict
        One dict a row, column name to text. Columns that belong to no language keep their names.

    Examples
    --------
    >>> worst = read_rules("strategies")[-1]
    >>> worst["value_type"], worst["resources"], read_rules("strategies", "zh")[-1]["resources"]
    ('I', 'none', '不投入')
    """
    ending = f"_{language_of(language)}"
    endings = tuple(f"_{known}" for known in LANGUAGES)
    return [
        {
            column.removesuffix(ending): text
            for column, text in row.items()
            if column.endswith(ending) or not column.endswith(endings)
        }
        for row in read_table(f"rules/{name}")
    ]


@cache
def _words() -> Mapping[str, Word]:
    words: dict[str, Word] = {}
    for path in sorted((_PACKAGE / "words").glob("*.csv")):
        prefix = "" if path.stem == "terms" else f"{path.stem}."
        for row in read_table(f"words/{path.stem}"):
            if "key" in row and "en" in row and "zh" in row:
                words[prefix + row["key"]] = Word(row["en"], row["zh"], row.get("system") or "")
    return words


def language() -> Language:
    """Return the language in force, ``"en"`` unless `set_language` or `speaking` said otherwise."""
    return _language.get()


def check_language(name: str) -> Language:
    """Return ``name`` if it is a language of the vocabulary, else raise `CvmError`."""
    for known in LANGUAGES:
        if isinstance(name, str) and name == known:
            return known
    raise CvmError("language.unknown", name=name, languages=", ".join(LANGUAGES))


def language_of(name: str | None = None) -> Language:
    """Return the language asked for by ``name``, that in force if none is; raise `CvmError` for any other.

    Examples
    --------
    >>> language_of("zh"), language_of()
    ('zh', 'en')
    """
    return language() if name is None else check_language(name)


def set_language(name: str) -> None:
    """Set the language for this session; `cvmlab.core.using.use` is what people call."""
    _language.set(check_language(name))


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak another language inside a ``with`` block, in this thread or task only.

    Examples
    --------
    >>> with speaking("zh"): print(term("retention_rate"))
    客户保持率
    """
    token = _language.set(check_language(language))
    try:
        yield
    finally:
        _language.reset(token)


def term(key: str, language: str | None = None) -> str:
    """Return the wording of a term or label.

    Parameters
    ----------
    key
        The key of a term (``"whale_curve"``), or ``file.key`` for any other word.
    language
        ``"en"`` or ``"zh"``; the language in force if left out.

    Raises
    ------
    CvmError
        If the vocabulary has no such key.

    Examples
    --------
    >>> term("whale_curve"), term("whale_curve", language="zh")
    ('whale curve', '鲸鱼曲线')
    """
    if not isinstance(key, str) or key not in _words():
        raise CvmError("language.unknown_word", word=ascii(key))
    return _words()[key].wording(language_of(language))


def wording(word: str) -> str:
    """Return the wording of a key in the language in force; a text that is not a key stands for itself.

    Examples
    --------
    >>> wording("retention_rate"), wording("my own figure")
    ('retention rate', 'my own figure')
    """
    return term(word) if word in _words() else word


@dataclass(frozen=True)
class Wording:
    """A word that is put into language when its sentence is read, not when the error is raised."""

    key: str

    def __str__(self) -> str:
        return wording(self.key)


@dataclass(frozen=True)
class Listed:
    """Words or sentences one after the other, each put into language when it is read."""

    parts: tuple[object, ...]

    def __str__(self) -> str:
        return ("；" if language() == "zh" else "; ").join(map(str, self.parts))


class _Sentences(Formatter):
    """Fills in places; ``{count:row|rows}`` is the noun that goes with a count."""

    def format_field(self, value: object, spec: str) -> str:
        one, is_noun, many = spec.partition("|")
        if is_noun:
            return one if str(value) == "1" else many
        return str(super().format_field(value, spec))


def say(key: str, /, **values: object) -> str:
    """Return a sentence of the vocabulary with its ``{places}`` filled in.

    Examples
    --------
    >>> say("language.unknown", name="fr", languages="en, zh")
    "There is no language 'fr'. Choose one of: en, zh."
    >>> say("charts.matrix_label", type="IV", customers=1), say("charts.matrix_label", type="IV", customers=2)
    ('IV: 1 customer', 'IV: 2 customers')
    """
    return _Sentences().vformat(term(key), (), values)


def keys() -> tuple[str, ...]:
    """Return every key of the vocabulary."""
    return tuple(_words())


def word(key: str) -> Word:
    """Return an entry with both wordings and the system it belongs to."""
    return _words()[key]


class CvmError(ValueError):
    """A mistake in the input or the options, told in the user's terms and language.

    Parameters
    ----------
    key
        Key of the sentence in the vocabulary, for example ``"reading.no_such_file"``.
    **values
        What the sentence names: file, column, row, value, what is accepted.

    Examples
    --------
    >>> raise CvmError("tables.missing_column", table="transactions", column="amount", columns="id, sum")
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: The table transactions has no column 'amount'. ...
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values

    def __str__(self) -> str:
        return say(self.key, **{name: _cut(value) for name, value in self.values.items()})

    def __reduce__(self) -> tuple[object, ...]:
        # Parallel reports send errors between processes; the values must travel along.
        return (_rebuild, (self.key, self.values))


# people meet it as cvmlab.CvmError, in tracebacks too
CvmError.__module__ = "cvmlab"


def _cut(value: object) -> object:
    """Return a text cut to what a sentence can hold, and anything else as it is."""
    return f"{value[:_LONGEST]}…" if isinstance(value, str) and len(value) > _LONGEST else value


def _rebuild(key: str, values: dict[str, object]) -> CvmError:
    return CvmError(key, **values)

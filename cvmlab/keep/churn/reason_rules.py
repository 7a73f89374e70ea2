"""Rules that find the six reasons (S21) in what customers say: phrases that a student reads and edits in a CSV file.

A phrase is plain text. ``complain*`` stands for every word that begins so, ``...`` (or ``…``) for any words between
two parts within the same part of a sentence. Rules of the reason ``negation`` take hits away again.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cvmlab.core.guarding import public
from cvmlab.core.refusing import brief
from cvmlab.core.words import LANGUAGES, CvmError, language_of, read_table, word
from cvmlab.data.tables import check_columns

if TYPE_CHECKING:
    import pandas as pd

#: The book's six reasons in its order, and those it calls the firm's own fault.
REASONS = ("given_up", "left_on_own", "poached", "attracted", "forced_to_leave", "other_reason")
CONTROLLABLE = ("left_on_own", "attracted", "other_reason")
NEGATION = "negation"
NO_RULE, NO_TEXT = "no_rule", "no_text"
BETWEEN = "|"
_COLUMNS = ("reason", "language", "phrases")
_PHRASES = 20_000
_GAP = re.compile(r"\s*(?:…+|\.{3,})\s*")
# where a part of a sentence ends: what is denied in one part may be the reason in the next
_PARTS = re.compile(
    r"[.,;:!?()\n，。；：！？、（）]+|\b(?:but|however|instead|rather)\b|而是|但是|只是|不过|主要是|但", re.I
)
_CHINESE = re.compile("[\u3400-\u9fff]")
_Hit = tuple[int, int, str]


@public
def read_reason_rules(path: str | Path | None = None) -> pd.DataFrame:
    """Return the rules that find reasons in texts, checked: those of the package, or from your own CSV file.

    Parameters
    ----------
    path
        A CSV file (UTF-8, or GBK as a Chinese Excel saves it) with the columns ``reason``, ``language`` and
        ``phrases``, and any further ones, for example why. The rules of the package if left out: write them to a file
        with ``to_csv(index=False)``, edit it and read it again.

    Returns
    -------
    pandas.DataFrame
        One row per rule: ``reason`` (one of the six, or ``negation``), ``language`` (``en`` or ``zh``), ``phrases``
        (one or several, with ``|`` between them) and, if the file has them, its further columns as text. Of
        ``why_en`` and ``why_zh`` in the package's own rules one is left, called ``why``.

    Raises
    ------
    CvmError
        For a file that cannot be read or lacks a column, and for an unknown reason or language, an empty phrase, and a
        phrase that another rule for the same reason has already: the error names row (1 is the first below the heads)
        and column.

    Notes
    -----
    A phrase is found anywhere in a text, in capitals or not. ``complain*`` stands for all words that begin so, ``...``
    for words in between (``kept ... waiting``) within the same part of a sentence. A rule ``negation`` takes away what
    is found behind its phrase in the same part of the sentence ("not because of the price"), and one that begins with
    ``...`` what is found before ("the price was fine"). What lies within a longer phrase that was found does not
    count. Rules are ours; the book gives reasons only.

    Examples
    --------
    >>> rules = read_reason_rules()
    >>> rules.loc[rules["reason"] == "poached", "phrases"].iloc[0][:30]
    'cash | under the table | kickb'
    """
    import pandas as pd

    if path is None:
        ending, others = f"_{language_of()}", tuple(f"_{known}" for known in LANGUAGES)
        own = pd.DataFrame(read_table("rules/reasons"))
        kept = [str(name) for name in own if str(name).endswith(ending) or not str(name).endswith(others)]
        return own[kept].rename(columns=lambda name: str(name).removesuffix(ending))
    rules = _read(Path(path))
    check_rules(rules)
    return rules


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    content = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        try:
            lines = [line for line in csv.reader(text.splitlines()) if any(cell.strip() for cell in line)]
        except csv.Error as error:
            raise CvmError("reasons.unreadable", path=path, why=str(error)) from error
        if not lines:
            raise CvmError("reasons.empty_file", path=path)
        heads = [head.strip() for head in lines[0]]
        if len(set(heads)) < len(heads):
            raise CvmError("reasons.heads_twice", path=path, columns=", ".join(heads))
        for row, line in enumerate(lines[1:], start=1):
            if len(line) > len(heads):
                # usually a comma within a phrase
                raise CvmError("reasons.too_many_cells", path=path, row=row, found=len(line), columns=len(heads))
        return pd.DataFrame([line + [""] * (len(heads) - len(line)) for line in lines[1:]], columns=heads, dtype="str")
    raise CvmError("reasons.unreadable", path=path, why="UTF-8, GBK")


@dataclass(frozen=True)
class Patterns:
    """The rules of one language as they are looked for: one pattern per reason, and negations of both directions."""

    reasons: tuple[tuple[str, re.Pattern[str]], ...]
    before: re.Pattern[str] | None
    behind: re.Pattern[str] | None

    def found(self, text: str) -> dict[str, list[str]]:
        """Return what was found for each reason in a text that `plain` has prepared."""
        found: dict[str, list[str]] = {}
        for part in _PARTS.split(text):
            for reason, said in self._in_part(part) if part.strip() else ():
                found.setdefault(reason, []).append(said)
        return found

    def _in_part(self, part: str) -> Iterator[tuple[str, str]]:
        hits = [(reason, hit) for reason, pattern in self.reasons for hit in pattern.finditer(part)]
        if not hits:
            return
        denied_from = [hit.start() for hit in self.before.finditer(part)] if self.before else []
        denied_to = [hit.end() for hit in self.behind.finditer(part)] if self.behind else []
        first, last = min(denied_from, default=len(part)), max(denied_to, default=-1)
        for reason, hit in hits:
            # "better terms for me alone" is no better product: the longer phrase knows more
            is_within = any(
                one.start() <= hit.start() and hit.end() <= one.end() and one[0] != hit[0] for _, one in hits
            )
            if last <= hit.start() < first and not is_within:
                yield reason, hit[0].strip()


def check_rules(rules: pd.DataFrame) -> tuple[Patterns, ...]:
    """Return the patterns of a table of rules, or raise `CvmError` that names the row and column of what is wrong."""
    check_columns(rules, _COLUMNS, "rules")
    if not len(rules):
        raise CvmError("tables.no_rows", table="rules")
    known: dict[tuple[str, str, str], int] = {}
    for row, (reason, language, phrases) in enumerate(rules[list(_COLUMNS)].itertuples(index=False), start=1):
        _check_choice(row, "reason", reason, (*REASONS, NEGATION))
        _check_choice(row, "language", language, LANGUAGES)
        if not isinstance(phrases, str):
            raise CvmError("reasons.no_phrase", row=row, column="phrases", value=brief(phrases))
        for phrase in phrases.split(BETWEEN):
            bare = phrase.strip()
            if not re.search(r"\w", bare) or bare.startswith("*"):
                raise CvmError("reasons.no_phrase", row=row, column="phrases", value=brief(bare))
            first = known.setdefault((reason, language, plain(bare)), row)
            if first != row:
                raise CvmError("reasons.phrase_twice", row=row, column="phrases", value=bare, first=first)
    if len(known) > _PHRASES:
        raise CvmError("reasons.too_many", count=len(known), most=_PHRASES)
    return tuple(_patterns(list(known), language) for language in LANGUAGES)


def _check_choice(row: int, column: str, value: object, choices: Sequence[str]) -> None:
    if not isinstance(value, str) or value not in choices:
        raise CvmError("reasons.not_known", row=row, column=column, value=brief(value), known=", ".join(choices))


def _patterns(phrases: list[tuple[str, str, str]], language: str) -> Patterns:
    mine: dict[str, list[str]] = {}
    for reason, spoken, phrase in phrases:
        if spoken == language:
            key = f"{reason} behind" if reason == NEGATION and _GAP.match(phrase) else reason
            mine.setdefault(key, []).append(_pattern(phrase, language))
    made = {key: re.compile("|".join(sorted(parts, key=len, reverse=True))) for key, parts in mine.items()}
    reasons = tuple((reason, made[reason]) for reason in REASONS if reason in made)
    return Patterns(reasons, made.get(NEGATION), made.get(f"{NEGATION} behind"))


def _pattern(phrase: str, language: str) -> str:
    parts = [part for part in _GAP.split(phrase) if part]
    if language == "zh":
        return ".*?".join(re.escape(part) for part in parts)
    spoken = [re.escape(part).replace(r"\*", r"\w*").replace(r"\ ", r"\s+") for part in parts]
    return r"(?<!\w)" + r"\b.*?\b".join(spoken) + r"(?!\w)"


def plain(text: str) -> str:
    """Return a text as phrases are compared: small letters, one kind of apostrophe, "not" written out."""
    small = unicodedata.normalize("NFKC", text).lower().replace("’", "'").replace("‘", "'")
    for short, long in (("can't", "cannot"), ("won't", "will not"), ("n't", " not")):
        small = small.replace(short, long)
    return small


def patterns_of(text: str, patterns: tuple[Patterns, ...]) -> tuple[Patterns, ...]:
    """Return the patterns of the languages that a text is written in."""
    english, chinese = patterns
    if not _CHINESE.search(text):
        return (english,)
    return (english, chinese) if re.search("[a-z]{3}", text) else (chinese,)


def reason_of_name(name: str) -> str | None:
    """Return the key of a reason from its key or its name in either language, None for any other text."""
    bare = name.strip().lower()
    for reason in REASONS:
        if bare in (reason, word(reason).en, word(reason).zh):
            return reason
    return None

"""Columns of few words without a role, by what stands in the rows that count: two sides, states, rare words.

A word that no rule knows may be that of a cancelled order, of money that went out, or of nothing at all. It is named
with its rows and money, and with the option by which the column would count.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cvmlab.data import tables

from ..columns import ColumnMapping
from ..notes import Level, Note
from ..raw import Idle, RawTable
from ..role_names import is_called, ranks_of
from ..roles import CANCEL, NUMBERS, STATUS, TYPE, option
from .elsewhere import DIGITS, Few, free_columns, is_against, is_word, words_against
from .ledger_sides import sides_of
from .order_numbers import says_no_sale
from .verdicts import USED_ROWS

#: One word that stands in so many of the rows beside so few others at most makes the others conspicuous.
_RULES, _RARE = 0.8, 5
#: States of orders: so many words, one of them in so many of the rows, with hardly a blank among so many rows.
_STATES, _MAIN, _BLANK, _ROWS = (2, 4), 0.6, 0.05, 12
#: Before the rows are judged, less is asked for.
_LIKELY = 0.5
#: So many columns are named.
_NAMED = 6
#: What cannot be a state by its name.
_OTHERS = ("other_status", "everyday_column", "tax_flag", "undone_date", "undone_reason", "undone_by")


class _Word(NamedTuple):
    """A word of a column: how many of the used rows say it, their money, and whether all of it has a minus."""

    rows: int
    amount: Any
    signed: bool


def word_columns(few: Few, table: RawTable, mapping: ColumnMapping) -> list[Idle]:
    """Return the columns without a role whose words may have to be named, once the rows are judged."""
    free = free_columns(table, mapping)
    found = []
    for cell, words in few.words.items():
        name = free[cell]
        if words_against(name, words, mapping):
            continue
        text = f"trim({cell}::VARCHAR)"
        if _may_be_states(name, words, _LIKELY) or sides_of([word for word in words if word], name):
            found.append(Idle("words", name, text))
        elif _rare(name, _formed(words), _LIKELY):
            found.append(Idle("words" if len(words) <= _RARE else "forms", name, _text_of(text, len(words))))
    others = few.forms.items()
    found += [
        Idle("forms", free[cell], _form(f"trim({cell}::VARCHAR)"))
        for cell, words in others
        if _rare(free[cell], words, _LIKELY)
    ]
    return found[:_NAMED]


def _text_of(text: str, words: int) -> str:
    return text if words <= _RARE else _form(text)


def _form(text: str) -> str:
    return f"regexp_replace({text}, '{DIGITS}', '#', 'g')"


def word_notes(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Name the words of these columns that may say that a row is no sale, with the rows and money that count."""
    notes = []
    for part, (table, mapping) in enumerate(zip(stage, mappings, strict=True)):
        rare: dict[str, list[str]] = {}
        odd: list[str] = []
        shares: list[float] = []
        for place, column in enumerate(table.idle):
            if column.kind not in ("words", "forms"):
                continue
            words = _counted(connection, part, place)
            if column.kind == "words" and (note := _sides(table, mapping, column.name, words)):
                notes.append(note)
            elif column.kind == "words" and _are_states(connection, part, place, column.name, words):
                notes.append(_states(table, column.name, words))
            else:
                counts = {word: found.rows for word, found in words.items()}
                named = [word for word in _rare(column.name, counts, _RULES) if words[word].amount]
                named = [word for word in named if not words[word].signed]
                if named and column.kind == "words" and _are_flags(words, named):
                    share = _money_share(words, named)
                    notes.append(_flags(table, column.name, {word: words[word] for word in named}, share))
                elif named and (
                    any(map(_speaks, named)) or not _is_everyday(connection, part, place, column.name, words)
                ):
                    rare[column.name] = [_named(word, words[word]) for word in named]
                    shares.append(_money_share(words, named))
                    odd += named
        if rare:
            # apart, for a mask hides the words and not the names of columns
            names = ", ".join(f"'{name}'" for name in rare)
            said: dict[str, Any] = {"columns": names, "words": "; ".join(map(", ".join, rare.values()))}
            said["money_share"] = max(shares)
            level: Level = "warning" if any(map(_speaks, odd)) else "note"
            notes.append(Note("rare_words", {"source": table.name, **said}, level))
    return notes


def _counted(connection: Any, part: int, place: int) -> dict[str, _Word]:
    """Return the words of a column in the used rows, those of most rows first."""
    found = connection.execute(
        f"""SELECT coalesce(word, ''), count(*), sum(exact), coalesce(max(exact) < 0, false)
        FROM log JOIN (SELECT rowid AS spot, idle{place} AS word FROM stage WHERE part = {part}) USING (spot)
        WHERE {USED_ROWS} GROUP BY 1 ORDER BY 2 DESC, 1"""
    ).fetchall()
    return {word: _Word(*counts) for word, *counts in found}


def _named(word: str, found: _Word) -> str:
    return f"{word or '–'} ({found.rows:,}: {found.amount:,.2f})"


def _listed(words: Mapping[str, _Word]) -> str:
    return ", ".join(_named(word, found) for word, found in words.items())


def _money_share(words: Mapping[str, _Word], doubtful: Sequence[str]) -> float:
    """Return which share of the money of a column stands beside some of its words, 0 to 1."""
    whole = sum(abs(float(found.amount or 0)) for found in words.values())
    return sum(abs(float(words[word].amount or 0)) for word in doubtful) / whole if whole else 0.0


def _sides(table: RawTable, mapping: ColumnMapping, name: str, words: Mapping[str, _Word]) -> Note | None:
    """Return the warning on a column of two sides, such as Dr and Cr, where all the money is without a sign."""
    filled = {word: found for word, found in words.items() if word}
    if TYPE in mapping.chosen or not sides_of(list(filled), name) or any(found.signed for found in filled.values()):
        return None
    less = min(filled, key=lambda word: filled[word].amount)
    said: dict[str, Any] = {"source": table.name, "column": name, "words": _listed(filled), "value": less, "role": TYPE}
    said |= {"option": option(TYPE), "amount": f"{filled[less].amount:,.2f}", "rows": f"{filled[less].rows:,}"}
    said["money_share"] = _money_share(words, [less])
    return Note("sides_unused", said, "warning")


def _are_flags(words: Mapping[str, _Word], named: Sequence[str]) -> bool:
    """Return whether a few rows say yes, and the others no or nothing."""
    yes = [word for word in words if word and is_word(word, "yes_word")]
    return yes == list(named) and all(word in yes or not word or is_word(word, "no_word") for word in words)


def _flags(table: RawTable, name: str, words: Mapping[str, _Word], share: float) -> Note:
    said: dict[str, Any] = {
        "source": table.name,
        "column": name,
        "words": _listed(words),
        "role": CANCEL,
        "option": option(CANCEL),
    }
    said["money_share"] = share
    return Note("flags_unused", said)


def _states(table: RawTable, name: str, words: Mapping[str, _Word]) -> Note:
    said: dict[str, Any] = {
        "source": table.name,
        "column": name,
        "words": _listed(words),
        "role": STATUS,
        "option": option(STATUS),
    }
    (main, _), *_ = words.items()
    said["money_share"] = _money_share(words, [word for word in words if word != main])
    return Note("states_unused", said, "hint")


def _may_be_states(name: str, words: Mapping[str, int], main: float) -> bool:
    """Return whether words may be the states of orders: few, without digits, and one of them in most rows."""
    filled = [word for word in words if word]
    rows = sum(words.values())
    if not _STATES[0] <= len(filled) <= _STATES[1] or rows < _ROWS or words.get("", 0) > _BLANK * rows:
        return False
    if ranks_of(name) or is_called(name, *_OTHERS) or not all(map(_may_be_state, filled)):
        return False
    return main * rows <= max(words.values())


def _may_be_state(word: str) -> bool:
    letters = sum(sign.isalpha() for sign in word)
    return letters > word.isascii() and len(word) <= 40 and not re.search(r"\d", word) and not is_word(
        word, "everyday_word", "yes_word", "no_word"
    )  # fmt: skip


def _are_states(connection: Any, part: int, place: int, name: str, words: Mapping[str, _Word]) -> bool:
    """Return whether the words change from order to order, as states do: a customer's or a product's stay the same."""
    counts = {word: found.rows for word, found in words.items()}
    if not _may_be_states(name, counts, _MAIN):
        return False
    return all(_changes(connection, part, place, of) for of in (tables.CUSTOMER_ID, tables.PRODUCT))


def _is_everyday(connection: Any, part: int, place: int, name: str, words: Mapping[str, _Word]) -> bool:
    """Return whether a column says how was paid, where was bought, or something of the customer or the product."""
    if is_called(name, "everyday_column") or all(is_word(word, "everyday_word") for word in words if word):
        return True
    return "" not in words and not all(
        _changes(connection, part, place, of) for of in (tables.CUSTOMER_ID, tables.PRODUCT)
    )


def _changes(connection: Any, part: int, place: int, of: str) -> bool:
    """Return whether the word differs within a customer or a product, or nothing tells."""
    several, mixed = connection.execute(
        f"""SELECT count(*) FILTER (rows > 1), count(*) FILTER (words > 1) FROM (
            SELECT count(*) AS rows, count(DISTINCT word) AS words
            FROM log JOIN (SELECT rowid AS spot, idle{place} AS word FROM stage WHERE part = {part}) USING (spot)
            WHERE {USED_ROWS} AND {of} IS NOT NULL GROUP BY {of})"""
    ).fetchone()
    return bool(mixed or not several)


def _rare(name: str, words: Mapping[str, int], rules: float) -> list[str]:
    """Return the words of the other rows, where they are few and one word rules."""
    if not words:
        return []
    (_, most), *others = sorted(words.items(), key=lambda pair: (-pair[1], pair[0]))
    # numbers are quantities and shares, but for a flag
    if not 1 <= len(others) <= _RARE or most < rules * sum(words.values()) or set(words) == {"", "0"}:
        return []
    if ranks_of(name).keys() & set(NUMBERS) or (set(words) - {"0", "1"} and not any(map(_has_letters, words))):
        return []
    return [word for word, _ in others]


def _has_letters(word: str) -> bool:
    return any(sign.isalpha() for sign in word)


def _formed(words: Mapping[str, int]) -> Mapping[str, int]:
    """Return how often words have each form, where they are more than can be listed."""
    if len(words) <= _RARE:
        return words
    forms: Counter[str] = Counter()
    for word, count in words.items():
        forms[re.sub(DIGITS, "#", word)] += count
    return forms


def _speaks(text: str) -> bool:
    """Return whether a word in a text, or the letters of a document's number, speak of a return or of no sale."""
    words = re.findall(r"[^\W\d_]{2,}", text.lower())
    number = len(words) == 1 and "#" in text
    return any(is_against(word, described=False) or (number and says_no_sale(word)) for word in words)

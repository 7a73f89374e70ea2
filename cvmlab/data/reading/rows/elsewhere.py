"""Columns without a role that say by their words that rows may be no sales: they are named with the rows and the money.

A column of few words may say cancelled, returned, test, quote or unpaid under a name that no rule knows; a date of a
refund says that there was one, and a yes or no may stand under a name that speaks of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cvmlab.core.words import CvmError

from ..cells.flags import MOMENT, NO_SALE_WORDS, yes_letter
from ..cells.units import currency_named, is_currency, one_currency
from ..columns import ColumnMapping
from ..notes import Note, counted
from ..raw import RawTable, quoted
from ..role_names import is_called, rank_of, ranks_of, row_pattern
from ..roles import CANCEL, CURRENCIES, CURRENCY, RETURN, STATUS, TYPE, option
from .verdicts import USED_ROWS

#: A column of more different words than this is no column of statuses.
_FEW = 50
_LOOKED_AT = 2_000
_MOST = 20
# the engine cannot look at thousands of columns at once
_WIDEST = 200
#: Words such as CUP, TOP, ALL are codes of currencies, too: one of those that most trade is done in is among them.
_MAJOR = frozenset({"USD", "EUR", "CNY", "GBP", "JPY", "CHF", "HKD"})
# between the column and its word, and in place of a date
_JOINT, _DATED = "\x1f", "…"
#: What becomes # in a form.
DIGITS = "[0-9]+"


class Few(NamedTuple):
    """How often the columns without a role, by their place in the source, say each of few words, or forms of words.

    A form is a text with # for its digits: ``RINV/#/#``. Blank stands for an empty cell.
    """

    words: Mapping[str, Mapping[str, int]]
    forms: Mapping[str, Mapping[str, int]]


def few_words(connection: Any, table: RawTable, mapping: ColumnMapping) -> Few:
    """Return what the columns without a role say that hold few words."""
    import duckdb

    kinds = dict(zip((f"c{place}" for place in range(len(table.columns))), table.types, strict=True))
    worded = [
        cell for cell, name in free_columns(table, mapping).items()
        if kinds[cell] in ("VARCHAR", "BOOLEAN") and not is_called(name, "undone_date")
    ][:_WIDEST]  # fmt: skip
    try:
        words = _counted(connection, table, worded, "trim({cell}::VARCHAR)")
        others = [cell for cell in worded if cell not in words]
        return Few(words, _counted(connection, table, others, f"regexp_replace(trim({{cell}}), '{DIGITS}', '#', 'g')"))
    except duckdb.Error:
        # reading the table says what is wrong with it
        return Few({}, {})


def words_elsewhere(few: Few, table: RawTable, mapping: ColumnMapping) -> str:
    """Return the SQL of the column without a role, and its word, by which a row may be no sale."""
    free = free_columns(table, mapping)
    dated = [cell for cell, name in free.items() if is_called(name, "undone_date")]
    cases = [
        f"WHEN {MOMENT.format(cell=f'{cell}::VARCHAR')} THEN {quoted(free[cell] + _JOINT + _DATED)}" for cell in dated
    ]
    for cell, words in few.words.items():
        if hits := words_against(free[cell], words, mapping):
            listed = ", ".join(map(quoted, hits))
            name, role = quoted(free[cell] + _JOINT), quoted(_JOINT + _role_of(hits, words, mapping))
            cases.append(f"WHEN trim({cell}::VARCHAR) IN ({listed}) THEN {name} || trim({cell}::VARCHAR) || {role}")
    return f"CASE {' '.join(cases)} END" if cases else "NULL::VARCHAR"


def _role_of(hits: Sequence[str], words: Mapping[str, int], mapping: ColumnMapping) -> str:
    """Return the role in which a column with such words says most: as a type of rows, as a status, or as a flag."""
    beside = [word for word in words if word not in hits]
    returned = all(is_word(word, "return_word") for word in hits)
    if TYPE not in mapping and returned and any(is_word(word, "sale_type", "sold_word") for word in beside):
        return TYPE
    if STATUS not in mapping and all(is_word(word, "cancelled_status") for word in hits):
        return STATUS if any(word and not is_word(word, "no_word") for word in beside) else CANCEL
    return CANCEL


def free_columns(table: RawTable, mapping: ColumnMapping) -> dict[str, str]:
    """Return the columns without a role, by their place in the source: ``c0``, ``c1`` and so on."""
    used = {*mapping.columns.values(), *mapping.items.values(), *mapping.statuses.values()}
    return {f"c{place}": name for place, name in enumerate(table.columns) if name not in used}


def _counted(connection: Any, table: RawTable, cells: Sequence[str], text: str) -> dict[str, dict[str, int]]:
    few: dict[str, dict[str, int]] = {}
    for scan in (f"(SELECT * FROM {table.scan} LIMIT {_LOOKED_AT})", table.scan):
        if not cells:
            return {}
        counts = ", ".join(f"histogram(coalesce({text.format(cell=cell)}, ''))" for cell in cells)
        row = connection.execute(f"SELECT {counts} FROM {scan}").fetchone()
        few = {cell: words for cell, words in zip(cells, row, strict=True) if words and len(words) <= _FEW}
        cells = list(few)[:_MOST]
    return few


def mixed_tax(few: Few, table: RawTable, mapping: ColumnMapping) -> list[Note]:
    """Name a column that says of some amounts that they include the tax, and of others that they do not."""
    notes = []
    for cell, words in few.words.items():
        name = free_columns(table, mapping)[cell]
        kinds = [{word for word in words if is_word(word, role)} for role in ("yes_word", "no_word")]
        if is_called(name, "tax_flag") and all(kinds):
            said = {"column": name, "words": ", ".join(sorted(set.union(*kinds)))}
            notes.append(Note("tax_mixed", {"source": table.name, **said}, "warning"))
    return notes


def check_currencies(few: Few, table: RawTable, mapping: ColumnMapping) -> None:
    """Raise `CvmError` where a column without a role holds several currencies and none has that role."""
    if CURRENCY in mapping or CURRENCY in mapping.chosen:
        return
    for cell, words in few.words.items():
        column = free_columns(table, mapping)[cell]
        said = {word: rows for word, rows in sorted(words.items(), key=lambda pair: -pair[1]) if word}
        found = {currency_named(word) for word in said}
        if not all(map(is_currency, said)) or one_currency(found) is not None or not _MAJOR & found:
            continue
        if not ranks_of(column).keys() & set(CURRENCIES.values()):
            raise CvmError("reading.unnamed_currencies", source=table.name, column=column, found=counted(said))


def words_against(name: str, words: Mapping[str, int], mapping: ColumnMapping) -> list[str]:
    """Return the words of a column by which rows may be no sales; the state of an account says nothing of a sale."""
    return [] if is_called(name, "other_status") else _against(name, list(words), described=name in mapping.wordings)


def _against(name: str, words: Sequence[str], *, described: bool) -> list[str]:
    """Return the words of a column by which rows may be no sales; a word that stands in all of them says nothing."""
    if len(words) < 2:
        return []
    if is_called(name, "undone_reason"):
        reasons = [word for word in words if word and not is_word(word, "no_word", "missing_value")]
        # where every row has a text, the texts are no reasons
        if len(reasons) < len(words):
            return sorted(reasons)
    yes, no = ({word for word in words if is_word(word, role)} for role in ("yes_word", "no_word"))
    if letter := yes_letter(name, [word.lower() for word in words if word]):
        yes = {word for word in words if word.lower() == letter}
        no = {word for word in words if word and word not in yes}
    if all(word in yes | no for word in words if word):
        if is_called(name, "done_flag", "valid_flag"):
            return sorted(no)
        return sorted(yes) if rank_of(name, RETURN) or rank_of(name, CANCEL) else []
    # a code of two or three letters, such as that of a country, may mean anything
    return sorted(word for word in words if len(word) > (3 if word.isascii() else 1) and is_against(word, described))


def is_against(word: str, described: bool) -> bool:
    """Return whether a word says that a row may be no sale; ``described``: in a column of descriptions."""
    # lines of a ledger have been looked for in its descriptions
    looked_for = ("return_word", *(("ledger_word", "receipt_word") if described else ()))
    # as in the names of products
    more = ("doubtful_product", "prepaid_product", "gift_product") if described else ()
    others = [role for role in (*NO_SALE_WORDS, *more) if role not in looked_for]
    return is_word(word, *others) or (is_word(word, "return_word") and not is_word(word, "no_return_word"))


def is_word(word: str, *roles: str) -> bool:
    """Return whether a word fits the rules of one of the roles, with blanks or with _ and - in their place."""
    pattern = "|".join(row_pattern(role) for role in roles)
    return any(re.fullmatch(pattern, text, re.IGNORECASE) for text in (word, re.sub("[_-]", " ", word)))


def elsewhere_notes(connection: Any) -> list[Note]:
    """Name the columns that say so of rows that are counted as sales, with the rows and their money."""
    found = connection.execute(
        f"""SELECT string_split(elsewhere, '{_JOINT}')[1] AS name, coalesce(string_split(elsewhere, '{_JOINT}')[3], ''),
            count(*), sum(exact),
            string_agg(DISTINCT string_split(elsewhere, '{_JOINT}')[2], ', '
                ORDER BY string_split(elsewhere, '{_JOINT}')[2])
        FROM (SELECT rowid AS spot, elsewhere FROM stage WHERE elsewhere IS NOT NULL) JOIN log USING (spot)
        WHERE {USED_ROWS} AND exact > 0 AND refunded = 0 GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    notes = []
    for name, role, rows, amount, words in found:
        said = {"column": name, "words": words, "rows": f"{rows:,}", "amount": f"{amount:,.2f}"}
        said |= {"role": role or CANCEL, "option": option(role or CANCEL)}
        notes.append(Note("dates_elsewhere" if words == _DATED else "said_elsewhere", said, "warning"))
    return notes

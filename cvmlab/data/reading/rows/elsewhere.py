"""Columns without a role that say by their words that rows may be no sales: they are named with the rows and the money.

A column of few words may say cancelled, returned, test, quote or unpaid under a name that no rule knows; a date of a
refund says that there was one, and a yes or no may stand under a name that speaks of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..cells.flags import MOMENT, NO_SALE_WORDS
from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable, quoted
from ..role_names import is_called, rank_of, row_pattern
from ..roles import CANCEL, RETURN, option
from .verdicts import USED_ROWS

#: A column of more different words than this is no column of statuses.
_FEW = 50
_LOOKED_AT = 2_000
_MOST = 20
# the engine cannot look at thousands of columns at once
_WIDEST = 200
# between the column and its word, and in place of a date
_JOINT, _DATED = "\x1f", "…"


def words_elsewhere(connection: Any, table: RawTable, mapping: ColumnMapping) -> str:
    """Return the SQL of the column without a role, and its word, by which a row may be no sale."""
    import duckdb

    used = {*mapping.columns.values(), *mapping.items.values(), *mapping.statuses.values()}
    free = {f"c{place}": name for place, name in enumerate(table.columns) if name not in used}
    kinds = dict(zip((f"c{place}" for place in range(len(table.columns))), table.types, strict=True))
    dated = [cell for cell, name in free.items() if is_called(name, "undone_date")]
    cases = [
        f"WHEN {MOMENT.format(cell=f'{cell}::VARCHAR')} THEN {quoted(free[cell] + _JOINT + _DATED)}" for cell in dated
    ]
    worded = [
        cell for cell, name in free.items()
        if cell not in dated and kinds[cell] in ("VARCHAR", "BOOLEAN") and not is_called(name, "other_status")
    ]  # fmt: skip
    try:
        found = _few_words(connection, table, worded[:_WIDEST])
    except duckdb.Error:
        # reading the table says what is wrong with it
        found = {}
    for cell, words in found.items():
        if hits := _against(free[cell], words, described=free[cell] in mapping.wordings):
            listed = ", ".join(map(quoted, hits))
            name = quoted(free[cell] + _JOINT)
            cases.append(f"WHEN trim({cell}::VARCHAR) IN ({listed}) THEN {name} || trim({cell}::VARCHAR)")
    return f"CASE {' '.join(cases)} END" if cases else "NULL::VARCHAR"


def _few_words(connection: Any, table: RawTable, cells: Sequence[str]) -> dict[str, list[str]]:
    """Return the words of the columns that hold few different ones, blank for an empty cell."""
    for scan in (f"(SELECT * FROM {table.scan} LIMIT {_LOOKED_AT})", table.scan):
        if not cells:
            return {}
        lists = ", ".join(f"list(DISTINCT coalesce(trim({cell}::VARCHAR), ''))" for cell in cells)
        row = connection.execute(f"SELECT {lists} FROM {scan}").fetchone()
        few = {cell: words for cell, words in zip(cells, row, strict=True) if words and len(words) <= _FEW}
        cells = list(few)[:_MOST]
    return few


def _against(name: str, words: Sequence[str], *, described: bool) -> list[str]:
    """Return the words of a column by which rows may be no sales; a word that stands in all of them says nothing."""
    if len(words) < 2:
        return []
    if is_called(name, "undone_reason"):
        reasons = [word for word in words if word and not _is(word, "no_word", "missing_value")]
        # where every row has a text, the texts are no reasons
        if len(reasons) < len(words):
            return sorted(reasons)
    yes, no = ({word for word in words if _is(word, role)} for role in ("yes_word", "no_word"))
    if all(word in yes | no for word in words if word):
        if is_called(name, "done_flag", "valid_flag"):
            return sorted(no)
        return sorted(yes) if rank_of(name, RETURN) or rank_of(name, CANCEL) else []
    # a code of two or three letters, such as that of a country, may mean anything
    return sorted(word for word in words if len(word) > (3 if word.isascii() else 1) and _is_against(word, described))


def _is_against(word: str, described: bool) -> bool:
    # lines of a ledger have been looked for in its descriptions
    looked_for = ("return_word", *(("ledger_word", "receipt_word") if described else ()))
    # as in the names of products
    more = ("doubtful_product", "prepaid_product", "gift_product") if described else ()
    others = [role for role in (*NO_SALE_WORDS, *more) if role not in looked_for]
    return _is(word, *others) or (_is(word, "return_word") and not _is(word, "no_return_word"))


def _is(word: str, *roles: str) -> bool:
    pattern = "|".join(row_pattern(role) for role in roles)
    return any(re.fullmatch(pattern, text, re.IGNORECASE) for text in (word, re.sub("[_-]", " ", word)))


def elsewhere_notes(connection: Any) -> list[Note]:
    """Name the columns that say so of rows that are counted as sales, with the rows and their money."""
    found = connection.execute(
        f"""SELECT string_split(elsewhere, '{_JOINT}')[1] AS name, count(*), sum(exact),
            string_agg(DISTINCT string_split(elsewhere, '{_JOINT}')[2], ', '
                ORDER BY string_split(elsewhere, '{_JOINT}')[2])
        FROM (SELECT rowid AS spot, elsewhere FROM stage WHERE elsewhere IS NOT NULL) JOIN log USING (spot)
        WHERE {USED_ROWS} AND exact > 0 AND refunded = 0 GROUP BY name ORDER BY name"""
    ).fetchall()
    notes = []
    for name, rows, amount, words in found:
        said = {"column": name, "words": words, "rows": f"{rows:,}", "amount": f"{amount:,.2f}"}
        said |= {"role": CANCEL, "option": option(CANCEL)}
        notes.append(Note("dates_elsewhere" if words == _DATED else "said_elsewhere", said, "warning"))
    return notes

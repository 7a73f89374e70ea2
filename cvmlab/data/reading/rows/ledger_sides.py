"""Debit and credit: marked in a column, or in two columns of money of which one was taken for the amounts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..cells.values import DATA
from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable, quoted
from ..role_names import rank_of, ranks_of, row_pattern
from ..roles import NUMBERS, TYPE
from .verdicts import USED_ROWS

#: The rank of names such as Dr/Cr and 借贷方向 among those of the type of a row.
_SIDES = 5
#: Of the rows without an amount the share that has one in the other column, and of its amounts the share beside one.
_FILLED, _BESIDE = 0.8, 0.05
_NOTHING = "'[-+]?[0.,]*'"
_MONEY = r"'[-+(]?[^\w\s]{0,3}\s?\d[\d.,'' \x{00a0}]*[^\d]{0,5}'"


def net_sides(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Subtract the smaller side where the user named the column of the sides; raise `CvmError` where nobody did.

    Both sides have amounts without a minus, and the column says nothing but sides.
    """
    notes = []
    for part, mapping in enumerate(mappings):
        # of a type of rows by its name, such as Payment Type, the words may be cards
        if TYPE not in mapping or rank_of(mapping[TYPE], TYPE) not in (_SIDES, None):
            continue
        found = connection.execute(
            f"""SELECT {TYPE}, count(*), sum(exact) FROM log
            WHERE part = {part} AND {USED_ROWS} AND exact > 0 AND {TYPE} IS NOT NULL GROUP BY 1 ORDER BY 3, 1"""
        ).fetchall()
        if not sides_of([word for word, *_ in found]):
            continue
        words = ", ".join(f"{word} ({rows:,}: {amount:,.2f})" for word, rows, amount in found)
        less = [word for word, *_ in found if _side(word) == _side(found[0][0])]
        rows, amount = (sum(row[place] for row in found if row[0] in less) for place in (1, 2))
        said = {"source": stage[part].name, "column": mapping[TYPE], "words": words, "value": ", ".join(less)}
        said |= {"rows": f"{rows:,}", "amount": f"{amount:,.2f}"}
        if TYPE not in mapping.chosen:
            raise CvmError("reading.debit_credit_rows", **said)
        marked = ", ".join(map(quoted, less))
        # what these words say has been understood
        connection.execute(
            f"""UPDATE log SET {TYPE} = NULL,
                exact = CASE WHEN exact > 0 AND {TYPE} IN ({marked}) THEN -exact ELSE exact END
            WHERE part = {part} AND {USED_ROWS} AND {TYPE} IS NOT NULL"""
        )
        notes.append(Note("sides_netted", said, "warning"))
    return notes


def sides_of(words: Sequence[str], column: str | None = None) -> bool:
    """Return whether words name the two sides of an account, and nothing else: Dr and Cr, Af and Bij, + and -.

    In a column that is not named for its sides, letters may stand for anything, and Credit and Debit for cards.
    """
    if not 2 <= len(words) <= 4 or {_side(word) for word in words} != {"debit_side", "credit_side"}:
        return False
    if column is None or rank_of(column, TYPE) == _SIDES:
        return True
    return not ranks_of(column) and all(
        _side(word, 1, 3) and not re.fullmatch(row_pattern("card_word"), word.lower()) for word in words
    )


def _side(word: str, *ranks: int) -> str:
    """Return the side that a word names, by the rules of any rank or of the given ones; nothing if it names none."""
    plain = word.strip().rstrip(".").lower()
    for side in ("debit_side", "credit_side"):
        if any(re.fullmatch(row_pattern(side, rank), plain) for rank in ranks or (1, 2, 3)):
            return side
    return ""


def other_side_notes(
    connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping], said: Sequence[Note]
) -> list[Note]:
    """Name the column without a role that has the money of the rows without an amount, unless a remark names it."""
    named = {note.values.get("column") for note in said if note.key in ("other_side_unused", "taken_back_unused")}
    notes = []
    for part, (table, mapping) in enumerate(zip(stage, mappings, strict=True)):
        if (
            tables.AMOUNT in mapping
            and (names := _other_sides(connection, part, table, mapping))
            and not named & {*names}
        ):
            said_of = {"source": table.name, "amount": mapping[tables.AMOUNT]}
            notes += [
                Note("money_elsewhere", {**said_of, "column": name, "count": f"{count:,}"}, "warning")
                for name, count in names.items()
            ]
    return notes


def _other_sides(connection: Any, part: int, table: RawTable, mapping: ColumnMapping) -> dict[str, int]:
    (without,) = connection.execute(
        f"""SELECT count(*) FROM stage WHERE part = {part} AND kind = {DATA} AND customer_id IS NOT NULL
            AND amount_text IS NULL AND coalesce(amount_value, 0) = 0"""
    ).fetchone()
    if not without:
        return {}
    places = {name: f"trim(c{place}::VARCHAR)" for place, name in enumerate(table.columns)}
    used = {*mapping.columns.values(), *mapping.items.values(), *mapping.statuses.values()}
    others = {
        name: cell for name, cell in places.items() if name not in used and not ranks_of(name).keys() - {*NUMBERS}
    }
    if not others:
        return {}
    empty = f"regexp_full_match(coalesce({places[mapping[tables.AMOUNT]]}, ''), {_NOTHING})"
    needed = " AND ".join(f"{places[mapping[role]]} <> ''" for role in (tables.CUSTOMER_ID, tables.DATE))
    filled = [
        f"regexp_full_match({cell}, {_MONEY}) AND NOT regexp_full_match({cell}, {_NOTHING})" for cell in others.values()
    ]
    counts = ", ".join(
        f"count(*) FILTER ({empty} AND {one}), count(*) FILTER (NOT {empty} AND {one})" for one in filled
    )
    found = connection.execute(f"SELECT {counts} FROM {table.scan} WHERE {needed}").fetchone()
    pairs = zip(others, found[::2], found[1::2], strict=True)
    return {
        name: alone for name, alone, beside in pairs
        if alone >= max(1, _FILLED * without) and beside <= _BESIDE * alone
    }  # fmt: skip

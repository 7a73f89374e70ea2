"""Debit and credit: marked in a column, or in two columns of money of which one was taken for the amounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..cells.deductions import quoted_pattern
from ..cells.values import DATA
from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable
from ..role_names import rank_of, ranks_of
from ..roles import NUMBERS, TYPE
from .verdicts import USED_ROWS

#: The rank of names such as Dr/Cr and 借贷方向 among those of the type of a row.
_SIDES = 5
#: Of the rows without an amount the share that has one in the other column, and of its amounts the share beside one.
_FILLED, _BESIDE = 0.8, 0.05
_NOTHING = "'[-+]?[0.,]*'"
_MONEY = r"'[-+(]?[^\w\s]{0,3}\s?\d[\d.,'' \x{00a0}]*[^\d]{0,5}'"


def check_sides(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> None:
    """Raise `CvmError` where both sides have amounts without a minus, and nothing but sides is said."""
    for part, mapping in enumerate(mappings):
        if TYPE not in mapping or rank_of(mapping[TYPE], TYPE) != _SIDES:
            continue
        debit, credit = (f"regexp_full_match({TYPE}, {quoted_pattern(role)})" for role in ("debit_side", "credit_side"))
        debits, credits, others, words = connection.execute(
            f"""SELECT count(*) FILTER ({debit}), count(*) FILTER ({credit}),
                count(*) FILTER (NOT {debit} AND NOT {credit}),
                string_agg(DISTINCT {TYPE}, ', ' ORDER BY {TYPE})
            FROM log WHERE part = {part} AND {USED_ROWS} AND exact > 0 AND {TYPE} IS NOT NULL"""
        ).fetchone()
        if debits and credits and not others:
            raise CvmError("reading.debit_credit_rows", source=stage[part].name, column=mapping[TYPE], words=words)


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

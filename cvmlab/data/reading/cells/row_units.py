"""A column such as 单位 that gives each row the unit of its money: 元 here and 万元 there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable, quoted
from ..roles import MONEY_UNIT, QUANTITY, UNIT_PRICE
from .units import Affix, header_unit, one_currency
from .values import DATA, EXACT

#: More different words are no units of money.
_MOST = 30


def look_at_row_units(
    connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]
) -> tuple[dict[int, dict[str, int]], list[Note]]:
    """Return the power of ten of each unit by part, and what should be known of it; pieces and boxes are none."""
    powers: dict[int, dict[str, int]] = {}
    notes = []
    for part, mapping in enumerate(mappings):
        if MONEY_UNIT not in mapping.items:
            continue
        column = mapping[tables.AMOUNT] if tables.AMOUNT in mapping else mapping[UNIT_PRICE]
        rows = connection.execute(
            f"""SELECT DISTINCT {MONEY_UNIT} FROM stage WHERE part = {part} AND kind = {DATA}
                AND {MONEY_UNIT} IS NOT NULL ORDER BY 1 LIMIT {_MOST + 1}"""
        ).fetchall()
        words = [word for (word,) in rows]
        stated = {word: header_unit(f"{column} ({word})") for word in words}
        units = {word: unit for word, unit in stated.items() if unit.power or unit.currency}
        if not any(unit.currency for unit in units.values()) or not any(unit.power for unit in units.values()):
            continue
        said = {"source": stage[part].name, "column": mapping.items[MONEY_UNIT], "units": ", ".join(words)}
        if not _are_clear(words, units) or header_unit(column).power:
            raise CvmError("reading.unclear_row_units", **said)
        powers[part] = {word: unit.power for word, unit in units.items()}
        notes.append(Note("row_units", said))
    return powers, notes


def _are_clear(words: Sequence[str], units: Mapping[str, Affix]) -> bool:
    return len(words) == len(units) <= _MOST and one_currency(unit.currency for unit in units.values()) is not None


def scaled(numbers: Mapping[str, str], powers: Mapping[int, Mapping[str, int]]) -> dict[str, str]:
    """Return the expressions of all money times the unit of its row; without a unit it cannot be read."""
    if not powers:
        return dict(numbers)
    cases = " ".join(
        f"WHEN part = {part} AND {MONEY_UNIT} = {quoted(word)} THEN '1e{power}'::DECIMAL(13, 3)"
        for part, units in powers.items()
        for word, power in units.items()
    )
    parts = ", ".join(map(str, powers))
    factor = f"CASE {cases} WHEN part IN ({parts}) THEN NULL ELSE 1::DECIMAL(13, 3) END"
    return {
        role: sql if role == QUANTITY else f"TRY_CAST(({sql}) * {factor} AS {EXACT})" for role, sql in numbers.items()
    }

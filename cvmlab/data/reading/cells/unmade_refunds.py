"""Sums of refunds that were never paid, or not yet: the flag or status beside them says so, and nothing is taken off.

A sum stands in the column of refunds from the day on which it is asked for, whatever becomes of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..columns import ColumnMapping
from ..notes import Note
from ..raw import quoted
from ..role_names import is_called
from ..roles import FURTHER, ORDER_REFUND, REFUND, RETURN, STATUS, option
from .deductions import is_said, refunded_parts
from .values import DATA, EXACT

#: What became of it, and the remark on it.
_NOTES = {"refused": "refunds_refused", "open": "refunds_open"}
# a status such as `rejected` may speak of the order; one that begins so speaks of its refund
_OF_REFUND = r"(?i)^\W*(refund|return|claim|退款|退货|售后|维权|申请|待退|待售后)"


def made_numbers(
    connection: Any, numbers: Mapping[str, str], source: str, mappings: Sequence[ColumnMapping]
) -> dict[str, str]:
    """Return the numbers, those of refunds 0 where they were not paid; the table ``unmade`` holds these rows."""
    roles = [role for role in (REFUND, ORDER_REFUND) if role in numbers]
    fate, word = _fate(mappings)
    stated = f"abs(coalesce({', '.join([*(numbers[role] for role in roles), '0'])}))"
    parts = ", ".join(map(str, refunded_parts(mappings))) or "-1"
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE unmade AS SELECT spot, part, {fate} AS fate, {word} AS word,
            {stated}::{EXACT} AS stated
        FROM {source} WHERE part IN ({parts}) AND kind = {DATA} AND {fate} IS NOT NULL AND {stated} <> 0"""
    )
    return {**numbers, **{role: f"(CASE WHEN {fate} IS NULL THEN {numbers[role]} ELSE 0 END)" for role in roles}}


def _fate(mappings: Sequence[ColumnMapping]) -> tuple[str, str]:
    """Return SQL of what became of a refund, NULL where it was paid for all that is known, and of the word for it."""
    cells = [RETURN] if any(RETURN in mapping for mapping in mappings) else []
    cells += [role for role in (STATUS, *FURTHER) if any(role in {**m.columns, **m.statuses} for m in mappings)]
    # goods may stay where money goes back, so `Returned: no` denies no refund
    denied = [part for part, m in enumerate(mappings) if is_called(m.get(RETURN) or "", "refund_flag")]
    fates, words = [], []
    for cell in cells:
        tests = {"refused": is_said(cell, "refused_return"), "open": is_said(cell, "open_return")}
        if cell != RETURN:
            tests = {fate: f"regexp_matches({cell}, {quoted(_OF_REFUND)}) AND {test}" for fate, test in tests.items()}
        elif denied:
            tests["refused"] += f" OR (part IN ({', '.join(map(str, denied))}) AND {is_said(cell, 'no_word')})"
        fates += [f"WHEN {is_said(cell, 'made_return')} THEN NULL"]
        fates += [f"WHEN {test} THEN '{fate}'" for fate, test in tests.items()]
        words += [f"WHEN {test} THEN {cell}" for test in tests.values()]
    return (f"(CASE {' '.join(fates)} END)", f"(CASE {' '.join(words)} END)") if cells else ("NULL", "NULL")


def unmade_notes(connection: Any, mappings: Sequence[ColumnMapping], used: str) -> list[Note]:
    """Say which refunds were not taken off, what the words for them are, and how much that is, of the rows used."""
    # the total of an order counts on one of its lines, and its refund with it
    found = connection.execute(
        f"""SELECT part, fate, count(*), sum(least(unmade.stated, exact)),
            string_agg(DISTINCT word, ', ' ORDER BY word)
        FROM unmade JOIN log USING (spot, part) WHERE {used} AND exact > 0
        GROUP BY part, fate ORDER BY part, fate DESC"""
    ).fetchall()
    notes = []
    for part, fate, rows, amount, words in found:
        mapping = mappings[part]
        flag = RETURN if RETURN in mapping else STATUS
        said = {"column": mapping.get(REFUND) or mapping[ORDER_REFUND], "words": words, "rows": f"{rows:,}"}
        said |= {"amount": f"{amount:,.2f}", "flag": mapping.get(RETURN) or mapping.statuses_named()}
        notes.append(Note(_NOTES[fate], said | {"role": flag, "option": option(flag)}, "warning"))
    return notes

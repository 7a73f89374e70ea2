"""A column that marks amounts as debit or credit: which side the sales are on depends on whose account it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmlab.core.words import CvmError

from ..cells.deductions import quoted_pattern
from ..columns import ColumnMapping
from ..raw import RawTable
from ..role_names import rank_of
from ..roles import TYPE
from .verdicts import USED_ROWS

#: The rank of names such as Dr/Cr and 借贷方向 among those of the type of a row.
_SIDES = 5


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

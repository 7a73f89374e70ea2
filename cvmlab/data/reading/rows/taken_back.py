"""Columns of money or pieces taken back later, beside an amount that they are not taken off.

A discount is mostly off an amount already. What was credited, disputed, written off or returned after the sale is
mostly not: where no column of refunds is read, such a column is named with the rows in which it says something.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cvmlab.data import tables

from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable
from ..role_names import is_called, row_pattern
from ..roles import ORDER_REFUND, REFUND

# the kinds of names in ``rules/columns.csv``, and the remark on each
_KINDS = {"taken_back": "taken_back_unused", "taken_back_pieces": "pieces_back_unused"}
_NUMBER = r"[^\d]{0,5}\d[\d.,\s]*[^\d]{0,5}"


def taken_back_notes(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Name the columns of what was taken back that no figure is made of."""
    notes = []
    for table, mapping in zip(stage, mappings, strict=True):
        if {REFUND, ORDER_REFUND} & mapping.columns.keys() or _is_net(mapping):
            continue
        used = {*mapping.columns.values(), *mapping.statuses.values()}
        # beside a quantity, the pieces have been named with what the amount lacks
        known = _KINDS if tables.AMOUNT in mapping else ("taken_back",)
        kinds = {place: _kind(name) for place, name in enumerate(table.columns) if name not in used}
        kinds = {place: kind for place, kind in kinds.items() if kind in known}
        if not kinds:
            continue
        counts = ", ".join(
            f"count(*) FILTER (regexp_full_match({cell}, '{_NUMBER}') AND regexp_matches({cell}, '[1-9]'))"
            for cell in (f"c{place}::VARCHAR" for place in kinds)
        )
        rows = connection.execute(f"SELECT {counts} FROM {table.scan}").fetchone()
        for (place, kind), count in zip(kinds.items(), rows, strict=True):
            said = {"column": table.columns[place], "rows": f"{count:,}", "amount": mapping.amount_named()}
            notes += [Note(_KINDS[kind], said, "warning")] if count else []
    return notes


def _kind(name: str) -> str:
    return next((kind for kind in _KINDS if is_called(name, kind)), "")


def _is_net(mapping: ColumnMapping) -> bool:
    amount = mapping.get(tables.AMOUNT) or ""
    net = re.fullmatch(row_pattern("net_of_refunds"), amount.strip(), re.IGNORECASE)
    return net is not None or is_called(amount, "adjusted_amount")

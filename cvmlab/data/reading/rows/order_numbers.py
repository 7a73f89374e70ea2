"""Order numbers of another series than the others: RINV/2024/00001 among INV/2024/01001 is a credit note or a quote.

Accounting programs number them apart and show their amounts without a sign. A series whose amounts have their sign is
left alone, and so are files with many series.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from cvmlab.data import tables

from ..columns import ColumnMapping
from ..notes import Level, Note
from ..raw import RawTable
from ..role_names import row_pattern
from .verdicts import USED_ROWS

#: One series holds so many of the rows, beside so few others at most.
_RULES, _OTHERS = 0.8, 4
_FEWEST = 10


class _Series(NamedTuple):
    """The numbers of orders that are alike but for their digits; ``signed`` where amounts have a minus."""

    form: str
    rows: int
    amount: Decimal
    example: str
    signed: bool

    @property
    def words(self) -> frozenset[str]:
        return frozenset(re.findall(r"[^\W\d_]+", self.form.lower()))


def series_notes(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Name the rows that count as sales under numbers of another series, a warning where the letters say why."""
    notes = []
    for part, mapping in enumerate(mappings):
        if tables.ORDER_ID not in mapping:
            continue
        series = connection.execute(
            f"""SELECT regexp_replace(order_id, '[0-9]+', '#', 'g') AS series, count(*) AS rows, sum(exact),
                min(order_id), min(exact) < 0
            FROM log WHERE part = {part} AND {USED_ROWS} AND order_id IS NOT NULL AND refunded = 0
            GROUP BY series ORDER BY rows DESC, series LIMIT {_OTHERS + 2}"""
        ).fetchall()
        if found := _apart([_Series(*row) for row in series]):
            main, others, level = found
            said = {
                "source": stage[part].name,
                "column": mapping[tables.ORDER_ID],
                "rows": f"{sum(other.rows for other in others):,}",
                "amount": f"{sum(other.amount for other in others):,.2f}",
                "examples": ", ".join(other.example for other in others),
                "main": main.example,
            }
            notes.append(Note("number_series", said, level))
    return notes


def _apart(series: Sequence[_Series]) -> tuple[_Series, list[_Series], Level] | None:
    """Return the series that rules, those apart from it, and how surely they are no sales."""
    rows = sum(one.rows for one in series)
    if not 1 < len(series) <= _OTHERS + 1 or rows < _FEWEST or series[0].rows < _RULES * rows:
        return None
    main = series[0]
    others = [one for one in series[1:] if not one.signed and one.words - main.words]
    speaking = [one for one in others if any(map(says_no_sale, one.words - main.words))]
    return (main, speaking or others, "warning" if speaking else "note") if others else None


def says_no_sale(word: str) -> bool:
    """Return whether letters in the number of a document stand for a credit note, a return or a quote."""
    return bool(re.fullmatch(row_pattern("number_no_sale"), word))

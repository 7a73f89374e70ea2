"""Signs that a column was misread: many of its cells are no dates or no amounts, or far too large for money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmlab.data import tables

from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable
from ..roles import UNIT_PRICE
from .garbled import garbled_notes
from .verdicts import REASON_CODES, USED_ROWS

_SHARE = 0.05
_FEWEST = 3
# so many names, and so many of them for each id, are no spellings of one
_NAMES, _NAMES_EACH = 6, 3
_MOST = "1e15"  # see `values.EXACT`


def misreadings(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Return warnings on the columns of dates and amounts where many filled cells cannot be read, or are too large."""
    notes = []
    for reason, role in (("bad_date", tables.DATE), ("bad_amount", tables.AMOUNT)):
        bad = f"reason = {REASON_CODES[reason]}"
        (any_bad,) = connection.execute(f"SELECT bool_or({bad}) FROM log").fetchone()
        if not any_bad:
            continue
        text = "date_text" if role == tables.DATE else "coalesce(amount_text, unit_price_text)"
        found = connection.execute(
            f"""SELECT log.part, count(*) FILTER ({bad} AND {text} IS NOT NULL), count(*) FILTER ({USED_ROWS}),
                min({text}) FILTER ({bad} AND {text} IS NOT NULL), count(*) FILTER ({bad} AND {text} IS NULL),
                arg_min([(spot - first)::VARCHAR, {text}], spot) FILTER ({bad} AND abs({_plain(text)}) >= {_MOST})
            FROM log JOIN stage ON stage.rowid = spot
                JOIN (SELECT part, min(rowid) AS first FROM stage GROUP BY 1) AS starts ON starts.part = log.part
            GROUP BY 1 ORDER BY 1"""
        ).fetchall()
        for part, count, used, example, blank, huge in found:
            column = mappings[part].get(role) or mappings[part].get(UNIT_PRICE)
            said = {"source": stage[part].name, "column": column, "count": f"{count:,}", "value": example}
            if count >= _FEWEST and count > _SHARE * (count + used):
                notes.append(Note(f"many_{reason}s", said, "warning"))
            elif count and reason == "bad_amount":
                notes.append(Note("few_bad_amounts", said, "warning"))
            if blank >= _FEWEST and blank > _SHARE * (blank + used):
                key = "blank_amounts" if reason == "bad_amount" else "blank_dates"
                notes.append(Note(key, {**said, "count": f"{blank:,}"}, "warning"))
            if huge and reason == "bad_amount":
                said = {**said, "row": str(stage[part].place(int(huge[0]))), "value": huge[1][:40]}
                notes.append(Note("huge_amount", said, "warning"))
    return [*notes, *_few_ids(connection, stage, mappings), *garbled_notes(connection, stage, mappings)]


def _few_ids(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Name an id that stands for many names: the account of a ledger rather than the customer."""
    notes = []
    for part, mapping in enumerate(mappings):
        if tables.CUSTOMER_NAME not in mapping:
            continue
        ids, names = connection.execute(
            f"""SELECT count(DISTINCT customer_id), count(DISTINCT customer_name) FROM log
            WHERE part = {part} AND {USED_ROWS}"""
        ).fetchone()
        if names >= _NAMES and names > _NAMES_EACH * ids:
            said = {"column": mapping[tables.CUSTOMER_ID], "name": mapping[tables.CUSTOMER_NAME]}
            said |= {"source": stage[part].name, "count": f"{ids:,}", "names": f"{names:,}"}
            notes.append(Note("few_ids", said, "warning"))
    return notes


def _plain(text: str) -> str:
    return f"TRY_CAST(regexp_replace({text}, '[^0-9.eE+-]', '', 'g') AS DOUBLE)"

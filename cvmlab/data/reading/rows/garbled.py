"""Letters that look wrong: text in another encoding than it was read in, or was once saved in.

Where the file itself can be read otherwise, the encoding is named; where the letters were spoilt before, only a new
export brings them back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmlab.data import tables

from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable

_ROLES = (tables.CUSTOMER_ID, tables.CUSTOMER_NAME, tables.PRODUCT)
#: So many different cells are looked at.
_CELLS = 200
# the bytes of UTF-8 that follow the first one of a letter, as Western encodings show them
_REST = r"[\x{80}-\x{BF}ŒœŠšŽžŸƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]".replace("'", "''")
_GARBLED = rf"Ã{_REST}|([ã-é]{_REST}{{1,2}}){{2}}"
# the sign for a letter that could not be read, by itself and as GB18030 and Western encodings show it
_LOST = r"\x{FFFD}|锟斤拷|ï¿½"


def garbled_notes(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Name the ids, names and products whose letters look wrong, with what can be done about it."""
    notes = []
    for part, (table, mapping) in enumerate(zip(stage, mappings, strict=True)):
        for role in _ROLES:
            if role not in mapping:
                continue
            foreign = f"part = {part} AND strlen({role}) <> length({role})"
            said = {"source": table.name, "column": mapping[role]}
            if table.encoding and (found := _as_utf_8(connection, role, foreign, table.encoding)):
                notes.append(Note("garbled_here", {**said, **found, "encoding": table.encoding}, "warning"))
                continue
            for key, pattern in (("letters_lost", _LOST), ("garbled_text", _GARBLED)):
                rows, example = connection.execute(
                    f"SELECT count(*), min({role}) FROM stage WHERE {foreign} AND regexp_matches({role}, '{pattern}')"
                ).fetchone()
                if rows:
                    notes.append(Note(key, {**said, "rows": f"{rows:,}", "value": example[:40]}, "warning"))
                    break
    return notes


def _as_utf_8(connection: Any, role: str, foreign: str, encoding: str) -> dict[str, str]:
    """Return how a cell reads in UTF-8 where all cells of a text in another encoding can be read so."""
    cells = connection.execute(
        f"SELECT {role}, count(*) FROM stage WHERE {foreign} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_CELLS}"
    ).fetchall()
    try:
        texts = [cell.encode(encoding).decode("utf-8") for cell, _ in cells]
    except (UnicodeError, LookupError):
        return {}
    if not cells:
        return {}
    rows = sum(rows for _, rows in cells)
    return {"value": cells[0][0][:40], "text": texts[0][:40], "rows": f"{rows:,}", "other": "utf-8"}

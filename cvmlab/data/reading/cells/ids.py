"""Spellings of one id: what nobody can see is folded, what differs in little else is shown or merged."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from cvmlab.data import tables

from ..columns import ColumnMapping
from ..notes import Note
from ..raw import quoted
from .values import DATA

# full-width forms, every other space, what has no width, letters with separate accents
_ODD = (
    r"[\x{00A0}\x{00AD}\x{034F}\x{061C}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{180E}\x{1680}\x{2000}-\x{200F}\x{2028}-\x{202F}"
    r"\x{205F}-\x{206F}\x{3000}\x{3164}\x{FE00}-\x{FE0F}\x{FEFF}\x{FF01}-\x{FFEE}\pM\p{Cf}]|[\t\r\n ]{2}|[\t\r\n]"
)
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180e\u3164\ufe00-\ufe0f]")
_FULL_WIDTH = re.compile("[\uff01-\uffee]+")
_SHOWN = 3


def fold(text: str) -> str:
    """Return an id without what nobody can see: widths of letters, spaces of other kinds, signs without width."""
    text = _FULL_WIDTH.sub(lambda wide: unicodedata.normalize("NFKC", wide[0]), text)
    text = _UNSEEN.sub("", "".join(sign for sign in text if unicodedata.category(sign) != "Cf"))
    return unicodedata.normalize("NFC", " ".join(text.split()))


def fold_ids(connection: Any, mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Fold the ids of customers and orders in ``stage``; return how many customers' ids were changed."""
    notes = []
    for role in (tables.CUSTOMER_ID, tables.ORDER_ID):
        columns = [mapping[role] for mapping in mappings if role in mapping]
        if not columns:
            continue
        # plain letters need no closer look, and most ids have no others
        odd = f"(length({role}) <> strlen({role}) OR contains({role}, '  ')) AND regexp_matches({role}, {quoted(_ODD)})"
        found = [id_ for (id_,) in connection.execute(f"SELECT DISTINCT {role} FROM stage WHERE {odd}").fetchall()]
        folded = {id_: fold(id_) for id_ in found if fold(id_) != id_}
        if not folded:
            continue
        count = _rename(connection, role, folded)
        example = min(folded)
        said = {"column": columns[0], "count": f"{count:,}", "value": folded[example]}
        notes.append(Note("ids_folded", said))
    return notes


def _rename(connection: Any, role: str, names: dict[str, str]) -> int:
    """Give rows in ``stage`` other ids; return how many rows there are."""
    import pyarrow as pa

    frame = pa.table({"old": pa.array(names, pa.string()), "new": pa.array(names.values(), pa.string())})
    connection.register("renamed", frame)
    changed = connection.execute(
        f"UPDATE stage SET {role} = nullif(renamed.new, '') FROM renamed WHERE stage.{role} = renamed.old"
    ).fetchone()
    connection.unregister("renamed")
    return int(changed[0])


def merge_ids(connection: Any, mappings: Sequence[ColumnMapping], *, merge: bool) -> list[Note]:
    """Find ids alike but for capitals, leading zeros and separators of thousands; merge them, or warn.

    They are merged under the most frequent spelling.
    """
    role = tables.CUSTOMER_ID
    # a spreadsheet shows 1001 as 1,001 where its format groups thousands
    grouped = f"regexp_full_match({role}, '[1-9]\\d{{0,2}}(,\\d{{3}})+')"
    bare = f"CASE WHEN {grouped} THEN replace({role}, ',', '') ELSE {role} END"
    key = f"lower(regexp_replace({bare}, '^0+(\\d+)$', '\\1'))"
    counted = f"(SELECT {role}, count(*) AS rows FROM stage WHERE kind = {DATA} AND {role} IS NOT NULL GROUP BY 1)"
    alike = [
        word for (word,) in connection.execute(f"SELECT {key} FROM {counted} GROUP BY 1 HAVING count(*) > 1").fetchall()
    ]
    groups = (
        alike
        and connection.execute(
            f"""SELECT list({role} ORDER BY rows DESC, {role}), sum(rows) FROM {counted}
        WHERE {key} IN (SELECT unnest(?)) GROUP BY {key} ORDER BY 2 DESC, 1""",
            [alike],
        ).fetchall()
    )
    if not groups:
        return []
    if merge:
        _rename(connection, role, {id_: spellings[0] for spellings, _ in groups for id_ in spellings[1:]})
    column = next(mapping[role] for mapping in mappings if role in mapping)
    examples = "; ".join(" = ".join(spellings[:_SHOWN]) for spellings, _ in groups[:_SHOWN])
    said = {"column": column, "count": f"{len(groups):,}", "rows": f"{sum(r for _, r in groups):,}", "value": examples}
    return [Note("ids_merged", said) if merge else Note("ids_alike", said, "warning")]

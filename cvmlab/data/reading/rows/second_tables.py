"""Two tables below one another in one sheet: a second header with its columns elsewhere, or a title such as Returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..cells.values import DATA, HEADER
from ..columns import ColumnMapping
from ..part_names import no_sales_word, returns_word
from ..raw import RawTable
from .verdicts import USED_ROWS

#: A longer line is a remark, and more of them are no titles.
_LONGEST, _MOST = 40, 50


def check_second_headers(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> None:
    """Raise `CvmError` for a header among the rows whose columns are not where the first header has them."""
    for part, (table, mapping) in enumerate(zip(stage, mappings, strict=True)):
        if tables.AMOUNT not in mapping:
            continue
        cells = {"customer_id": tables.CUSTOMER_ID, "date_text": tables.DATE, "amount_text": tables.AMOUNT}
        known = {f"name{place}": name.strip().lower() for place, name in enumerate(table.columns)}
        listed = ", ".join(f"${key}" for key in known)
        wanted = {cell: mapping[role].strip().lower() for cell, role in cells.items()}
        named = " + ".join(f"(coalesce(lower(trim({cell})), '') IN ({listed}))::INTEGER" for cell in cells)
        moved = " OR ".join(f"lower(trim({cell})) <> ${cell}" for cell in cells)
        found = connection.execute(
            f"""SELECT rowid - (SELECT min(rowid) FROM stage WHERE part = $part), customer_id, date_text, amount_text
            FROM stage WHERE part = $part AND ({moved}) AND (kind = {HEADER} OR {named} = 3)
                AND rowid < (SELECT max(rowid) FROM stage WHERE part = $part AND kind = {DATA})
            ORDER BY rowid LIMIT 1""",
            {"part": part, **known, **wanted},
        ).fetchone()
        if found:
            row, *texts = found
            said = {"source": table.name, "row": f"{table.place(row):,}", "header": ", ".join(filter(None, texts))}
            raise CvmError("reading.second_header", first=", ".join(mapping[role] for role in cells.values()), **said)


def check_titled_returns(connection: Any, stage: Sequence[RawTable]) -> None:
    """Raise `CvmError` where rows below a title such as "Returns" count as sales, up to the next title."""
    titles = connection.execute(
        rf"""SELECT part, rowid, footnote, lead(rowid) OVER (PARTITION BY part ORDER BY rowid)
        FROM stage WHERE length(footnote) BETWEEN 1 AND {_LONGEST} AND regexp_matches(footnote, '\pL')
        QUALIFY count(*) OVER (PARTITION BY part) <= {_MOST} ORDER BY 1, 2"""
    ).fetchall()
    for part, spot, text, following in titles:
        sent_back = returns_word(text)
        if not (sent_back or no_sales_word(text)):
            continue
        # a title that is the customer of its rows is a name
        rows, positive, added, amount, first = connection.execute(
            f"""SELECT count(*), count(*) FILTER (exact > 0), coalesce(sum(exact) FILTER (exact > 0), 0),
                coalesce(sum(exact), 0), (SELECT min(rowid) FROM stage WHERE part = $part)
            FROM log WHERE {USED_ROWS} AND part = $part AND spot > $spot AND spot < coalesce($following, spot + 1)
                AND customer_id <> $text""",
            {"part": part, "spot": spot, "following": following, "text": text},
        ).fetchone()
        table = stage[part]
        said = {"source": table.name, "row": f"{table.place(spot - first):,}", "word": text}
        if sent_back and 2 * positive > rows:
            raise CvmError("reading.returns_below", count=f"{positive:,}", amount=f"{added:,.2f}", **said)
        if rows and not sent_back:
            raise CvmError("reading.no_sales_below", count=f"{rows:,}", amount=f"{amount:,.2f}", **said)

"""Returns by the name of a sheet or file, or by a title among its rows, with positive amounts: the user is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmlab.core.words import CvmError

from ..part_names import no_sales_word, own_names, returns_word
from ..raw import RawTable, Source
from .verdicts import USED_ROWS

#: A longer line is a remark, and more of them are no titles.
_LONGEST, _MOST = 40, 50


def check_named_returns(connection: Any, parts: Sequence[Source]) -> None:
    """Raise `CvmError` where a part that is called returns, beside one that is not, adds to the sales."""
    words = [returns_word(name) for name in own_names(parts)]
    if all(words):
        return
    for part, word in enumerate(words):
        if not word:
            continue
        rows, positive, amount = connection.execute(
            f"""SELECT count(*), count(*) FILTER (exact > 0), coalesce(sum(exact) FILTER (exact > 0), 0)
            FROM log WHERE {USED_ROWS} AND part = {part}"""
        ).fetchone()
        if 2 * positive > rows:
            source = parts[part]
            said = {"source": source.name, "word": word, "count": f"{positive:,}", "amount": f"{amount:,.2f}"}
            raise CvmError("reading.positive_returns", sales=parts[words.index("")].name, **said)


def check_titled_returns(connection: Any, stage: Sequence[RawTable]) -> None:
    """Raise `CvmError` where rows below a title such as "Returns" add to the sales, up to the next title."""
    titles = connection.execute(
        f"""SELECT part, rowid, footnote, lead(rowid) OVER (PARTITION BY part ORDER BY rowid)
        FROM stage WHERE length(footnote) BETWEEN 1 AND {_LONGEST} QUALIFY count(*) OVER (PARTITION BY part) <= {_MOST}
        ORDER BY 1, 2"""
    ).fetchall()
    for part, spot, text, following in titles:
        if not (returns_word(text) or no_sales_word(text)):
            continue
        rows, positive, amount, first = connection.execute(
            f"""SELECT count(*), count(*) FILTER (exact > 0), coalesce(sum(exact) FILTER (exact > 0), 0),
                (SELECT min(rowid) FROM stage WHERE part = $part)
            FROM log WHERE {USED_ROWS} AND part = $part AND spot > $spot AND spot < coalesce($following, spot + 1)""",
            {"part": part, "spot": spot, "following": following},
        ).fetchone()
        if 2 * positive > rows:
            table = stage[part]
            said = {"source": table.name, "row": f"{spot - first + table.first_row:,}", "word": text}
            raise CvmError("reading.returns_below", count=f"{positive:,}", amount=f"{amount:,.2f}", **said)

"""The head of an order that stands among its lines with their sum, as ERP systems export it: it is no further line.

A column of types may call it so. Else the sums show it, and more surely where the head alone has no product.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmlab.data import tables

from ..cells.deductions import is_said
from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable
from ..roles import TYPE
from .verdicts import REASON_CODES, USED_ROWS

# Orders that show it, and how many do where the head alone has no product; and their share, from which this is no
# coincidence.
_FEWEST, _FEWEST_BARE, _NEARLY_ALL = 3, 2, 0.9
_CENTS = "0.02"
_IS_HEAD = f"abs(apart) <= {_CENTS}"


def set_heads_aside(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Leave out the row of an order that is the sum of all its others, where nearly all orders have one."""
    notes = []
    for part, mapping in enumerate(mappings):
        if TYPE in mapping:
            notes += _set_named_aside(connection, part, mapping)
        if tables.ORDER_ID in mapping:
            notes += _set_sums_aside(connection, part, stage[part].name)
    return notes


def _set_named_aside(connection: Any, part: int, mapping: ColumnMapping) -> list[Note]:
    """Leave out rows that are called heads where their order has lines, or where all lines have the same sum."""
    head, line = is_said(TYPE, "head_type"), is_said(TYPE, "line_type")
    here = f"part = {part} AND {USED_ROWS}"
    heads, lines = connection.execute(
        f"SELECT sum(exact) FILTER ({head}), sum(exact) FILTER ({line}) FROM log WHERE {here}"
    ).fetchone()
    if not heads or not lines:
        return []
    orders = f"SELECT (customer_id, order_id) FROM log WHERE {here} AND {line} AND exact <> 0 AND order_id IS NOT NULL"
    which = "true" if heads == lines else f"order_id IS NOT NULL AND (customer_id, order_id) IN ({orders})"
    rows, amount, words = connection.execute(
        f"""SELECT count(*), sum(exact), string_agg(DISTINCT {TYPE}, ', ' ORDER BY {TYPE}) FROM log
        WHERE {here} AND {head} AND {which}"""
    ).fetchone()
    if not rows:
        return []
    total = REASON_CODES["total_row"]
    connection.execute(f"UPDATE log SET reason = {total} WHERE {here} AND {head} AND {which}")
    said = {"column": mapping[TYPE], "words": words, "rows": f"{rows:,}", "amount": f"{amount:,.2f}"}
    return [Note("named_heads", said | {"lines": f"{lines:,.2f}"}, "warning")]


def _set_sums_aside(connection: Any, part: int, source: str) -> list[Note]:
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE heads AS
        SELECT *, 2 * exact - whole AS apart FROM (
            SELECT count(*) > 2 AS several, order_id, sum(log.exact) AS whole,
                count(*) FILTER (product IS NULL) = 1 AS bare,
                CASE WHEN bare THEN max(log.exact) FILTER (product IS NULL) ELSE max(log.exact) END AS exact,
                CASE WHEN bare THEN min(spot) FILTER (product IS NULL)
                    WHEN several THEN arg_max(spot, log.exact) ELSE min(spot) END AS spot
            FROM log WHERE part = {part} AND {USED_ROWS} AND order_id IS NOT NULL GROUP BY customer_id, order_id
            HAVING count(*) > 1 AND (min(log.exact) > 0 OR max(log.exact) FILTER (product IS NULL) > 0))"""
    )
    orders, bare, several, found, plain = connection.execute(
        f"""SELECT count(*), count(*) FILTER (bare AND {_IS_HEAD}), count(*) FILTER (several),
            count(*) FILTER (several AND {_IS_HEAD}), count(*) FILTER (several AND NOT bare AND {_IS_HEAD})
        FROM heads"""
    ).fetchone()
    is_bare, is_several = bare >= _NEARLY_ALL * orders, found >= _NEARLY_ALL * several
    if not (bare and is_bare) and not (found and is_several):
        return []
    proven = (is_bare and bare >= _FEWEST_BARE) or (is_several and found >= _FEWEST)
    # of two equal rows one is the head where that of longer orders has a product too, and nearly all pairs are equal
    (pairs,) = connection.execute(f"SELECT avg(({_IS_HEAD})::INTEGER) FROM heads WHERE NOT several").fetchone()
    alike = plain > 0 and pairs is not None and pairs >= _NEARLY_ALL
    which = f"{_IS_HEAD} AND (several OR bare OR {alike})"
    rows, amount, order, first = connection.execute(
        f"SELECT count(*), sum(exact), arg_min(order_id, spot), arg_min(exact, spot) FROM heads WHERE {which}"
    ).fetchone()
    if proven:
        total = REASON_CODES["total_row"]
        connection.execute(f"UPDATE log SET reason = {total} WHERE spot IN (SELECT spot FROM heads WHERE {which})")
    said = {
        "source": source,
        "count": f"{rows:,}",
        "amount": f"{amount:,.2f}",
        "order": order,
        "first": f"{first:,.2f}",
    }
    return [Note("order_heads" if proven else "order_heads_kept", said, "warning")]

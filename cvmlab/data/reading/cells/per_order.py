"""The refund or discount of a whole order that is repeated on each of its lines: it is taken off once.

The name decides, or sums that no single line can carry, or equal sums on lines of different amounts in several orders.
Where both readings fit, the user is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..columns import ColumnMapping
from ..raw import RawTable
from ..role_names import is_called, rank_of
from ..roles import DISCOUNT, ORDER_DISCOUNT, ORDER_REFUND, REFUND, option
from .values import DATA, EXACT

#: The role of the same sum where it is an order's.
ORDER_ROLES = {REFUND: ORDER_REFUND, DISCOUNT: ORDER_DISCOUNT}
#: A line's refund with tax may exceed its amount without tax by so much.
_TAX = 1.3
#: Share of the orders with one sum on all their lines from which this is no coincidence, and how many of them show it.
_NEARLY_ALL, _FEWEST = 0.95, 3
#: From this share of orders with one amount on all lines, the amounts may be totals.
_MOST = 0.5


@dataclass(frozen=True)
class _Seen:
    """The orders of several lines in a part, and those of them with a deduction, by what their lines show."""

    orders: int
    same_amounts: int
    deducted: int
    # one sum on all lines; of these: more than a line can carry, on lines of different amounts, all of each line
    equal: int
    beyond: int
    apart: int
    whole: int
    sums: int


@dataclass(frozen=True)
class Deducted:
    """What is taken off each row, the source that has its columns, and the parts still to be asked about."""

    source: str
    sql: str
    # as it stands on the row
    stated: str
    unclear: Mapping[int, CvmError]


def share_among_lines(
    connection: Any,
    role: str,
    amount: str,
    numbers: Mapping[str, str],
    source: str,
    stage: Sequence[RawTable],
    mappings: Sequence[ColumnMapping],
    parts: Sequence[int],
    day: str,
    amount_per: str | None,
) -> Deducted:
    """Spread the order's refund or discount over its lines, up to the amount of each; a line's own stays.

    Raise `CvmError` where the sums may be a line's or an order's. Where the amounts are equal too, these may be totals
    that are still to be counted once, and the refund with them: such parts are ``unclear`` until then.
    """
    known = [numbers[name] for name in (role, ORDER_ROLES[role]) if name in numbers]
    off = f"coalesce({', '.join([*known, '0'])})"
    lines = f"""(SELECT *, abs({off})::{EXACT} AS off, greatest(coalesce({amount}, 0), 0)::{EXACT} AS gain,
            {day} AS day, kind = {DATA} AND order_id IS NOT NULL AND coalesce({amount}, 0) >= 0
                AND spot NOT IN (SELECT spot FROM again WHERE dropped) AS fits
        FROM {source})"""
    once, totals, unclear = [], [], {}
    for part in parts:
        mapping = mappings[part]
        column = mapping.get(role) or mapping[ORDER_ROLES[role]]
        if tables.ORDER_ID not in mapping or is_called(column, "line_deduction"):
            continue
        seen = _look(connection, lines, part)
        named = ORDER_ROLES[role] in mapping or rank_of(column, ORDER_ROLES[role]) is not None
        verdict = _is_orders(seen, named=named or amount_per == "order")
        if verdict is None and role not in mapping.chosen:
            error = _unclear(connection, lines, part, stage[part].name, column, role, seen)
            if role == DISCOUNT or seen.apart:
                raise error
            unclear[part] = error
        elif verdict:
            once.append(part)
            # what equals a total on each line is left to whoever counts the totals once
            if tables.AMOUNT in mapping and amount_per != "line" and seen.same_amounts >= _MOST * seen.orders:
                totals.append(part)
    if not once:
        return Deducted(source, off, off, unclear)
    shared = f"""(SELECT * EXCLUDE (off, gain, day, fits, least, most, low, high, whole, upto, nth), CASE
            WHEN part NOT IN ({_listed(once)}) OR NOT fits OR least < most
                OR (part IN ({_listed(totals)}) AND low = high AND off = high) THEN off
            ELSE greatest(least(upto, off) - (upto - gain), 0) + if(nth = 1, greatest(off - whole, 0), 0)
            END::{EXACT} AS {role}_shared
        FROM (SELECT *, min(off) OVER lines AS least, max(off) OVER lines AS most, min(gain) OVER lines AS low,
                max(gain) OVER lines AS high, sum(gain) OVER lines AS whole,
                sum(gain) OVER (lines ORDER BY spot) AS upto, row_number() OVER (lines ORDER BY spot) AS nth
            FROM {lines} WINDOW lines AS (PARTITION BY part, fits, customer_id, order_id, day)))"""
    return Deducted(shared, f"{role}_shared", off, unclear)


def _orders(lines: str, part: int) -> str:
    return f"""(SELECT order_id, count(*) AS lines, min(spot) AS spot, max(off) AS off, min(off) = max(off) AS equal,
            min(gain) AS least, min(gain) = max(gain) AS same
        FROM {lines} WHERE part = {part} AND fits AND spot NOT IN (SELECT spot FROM again)
        GROUP BY customer_id, order_id, day HAVING count(*) > 1 AND max(gain) > 0)"""


def _look(connection: Any, lines: str, part: int) -> _Seen:
    found = connection.execute(
        f"""SELECT count(*), count(*) FILTER (same), count(*) FILTER (off > 0), count(*) FILTER (off > 0 AND equal),
            count(*) FILTER (off > 0 AND equal AND off >= {_TAX} * least),
            count(*) FILTER (off > 0 AND equal AND NOT same),
            count(*) FILTER (off > 0 AND equal AND same AND off = least), count(DISTINCT off) FILTER (off > 0 AND equal)
        FROM {_orders(lines, part)}"""
    ).fetchone()
    return _Seen(*found)


def _is_orders(seen: _Seen, *, named: bool) -> bool | None:
    """Return whether the sums are those of whole orders; None where they may be a line's as well."""
    if not seen.equal or seen.equal < _NEARLY_ALL * seen.deducted:
        return False
    if named or seen.beyond > (1 - _NEARLY_ALL) * seen.equal:
        return True
    if seen.whole == seen.equal:
        return False
    return True if seen.apart >= _FEWEST and seen.sums > 1 else None


def _unclear(connection: Any, lines: str, part: int, source: str, column: str, role: str, seen: _Seen) -> CvmError:
    order, count, off = connection.execute(
        f"SELECT order_id, lines, off FROM {_orders(lines, part)} WHERE off > 0 AND equal ORDER BY spot LIMIT 1"
    ).fetchone()
    whole = ORDER_ROLES[role]
    return CvmError(
        "reading.unclear_deduction",
        source=source,
        column=column,
        count=f"{seen.equal:,}",
        several=f"{seen.deducted:,}",
        order=order,
        lines=count,
        amount=f"{off:,.2f}",
        total=f"{count * off:,.2f}",
        role=role,
        whole=whole,
        option=option(role),
        whole_option=option(whole),
    )


def _listed(parts: Sequence[int]) -> str:
    return ", ".join(map(str, parts)) or "-1"

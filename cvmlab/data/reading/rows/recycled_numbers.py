"""Order numbers that are used again: numbered anew each year or each month, so that number and period are one order."""

from __future__ import annotations

from typing import Any

from ..notes import Note
from .verdicts import USED_ROWS

#: An order number whose lines are further apart than this is used for several orders; so many of them are no accident.
_ORDER_DAYS, _RECYCLED_SHARE = 31, 0.05
#: Where hardly any number is used again within a year, all begin anew with the year.
_WITHIN_YEAR = 0.005
_PERIODS = {"recycled_yearly": "%Y", "recycled_numbers": "%Y-%m"}


def part_recycled_numbers(connection: Any) -> list[Note]:
    """Add the year or the month to order numbers that are used again, and say so."""
    share = _far_apart(connection, "")
    if share <= _RECYCLED_SHARE:
        return []
    key = "recycled_yearly" if _far_apart(connection, ", year(date)") <= _WITHIN_YEAR else "recycled_numbers"
    period = f"strftime(date, '{_PERIODS[key]}')"
    connection.execute(f"UPDATE log SET order_id = order_id || ' · ' || {period} WHERE date IS NOT NULL")
    return [Note(key, {"share": f"{100 * share:.0f}", "days": _ORDER_DAYS}, "warning")]


def _far_apart(connection: Any, period: str) -> float:
    """Return the share of the orders, as numbers of a customer, whose rows lie too far apart for one order."""
    orders, far = connection.execute(
        f"""SELECT count(*), count(*) FILTER (days > {_ORDER_DAYS}) FROM (
            SELECT max(date) - min(date) AS days FROM log WHERE {USED_ROWS} AND exact > 0 AND order_id IS NOT NULL
            GROUP BY customer_id, order_id{period})"""
    ).fetchone()
    return far / orders if orders else 0.0

"""The sign of costs and profits, and whether they agree.

Books often write what goes out with a minus. An amount less such a cost would be their sum: where nearly all costs of
sales are negative, the minus is the books' own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data.tables import COST, PROFIT

from ..columns import ColumnMapping
from ..notes import Note
from .verdicts import USED_ROWS

#: Above this share of costs of one sign, the others are corrections.
_NEARLY_ALL = 0.9
#: Up to this share of an amount, amount - cost = profit but for rounding.
_CLOSE = 0.01


def judge_costs(connection: Any, mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Make costs of sales positive where the minus is bookkeeping's, and say which of cost and profit is used."""
    notes = []
    for part, mapping in enumerate(mappings):
        if COST in mapping:
            notes += _judge_sign(connection, part, mapping)
            notes += (_compare if PROFIT in mapping else _look_at_returns)(connection, part, mapping)
    return notes


def _judge_sign(connection: Any, part: int, mapping: ColumnMapping) -> list[Note]:
    here = f"part = {part} AND {USED_ROWS}"
    rows, negative, example = connection.execute(
        f"""SELECT count(*), count(*) FILTER (cost < 0), min(cost)
        FROM log WHERE {here} AND exact > 0 AND cost <> 0"""
    ).fetchone()
    if not rows or negative <= (1 - _NEARLY_ALL) * rows:
        return []
    said = {"column": mapping[COST], "rows": f"{negative:,}", "whole": f"{rows:,}", "value": f"{example:,.2f}"}
    if negative < _NEARLY_ALL * rows:
        if PROFIT in mapping or COST in mapping.chosen:
            return []
        raise CvmError("reading.mixed_costs", **said, amount=mapping.amount_named())
    connection.execute(f"UPDATE log SET cost = CASE WHEN exact < 0 THEN -abs(cost) ELSE -cost END WHERE part = {part}")
    return [Note("costs_negated", said | {"amount": mapping.amount_named()}, "warning")]


def _compare(connection: Any, part: int, mapping: ColumnMapping) -> list[Note]:
    rows, apart = connection.execute(
        f"""SELECT count(*), count(*) FILTER (abs(exact::DOUBLE - cost - profit) > {_CLOSE} * abs(exact::DOUBLE))
        FROM log WHERE part = {part} AND {USED_ROWS} AND exact <> 0 AND cost IS NOT NULL AND profit IS NOT NULL"""
    ).fetchone()
    if 2 * apart <= rows:
        return []
    said = {"profit": mapping[PROFIT], "cost": mapping[COST], "amount": mapping.amount_named()}
    return [Note("profit_and_cost", said | {"rows": f"{apart:,}", "whole": f"{rows:,}"})]


def _look_at_returns(connection: Any, part: int, mapping: ColumnMapping) -> list[Note]:
    rows, cost = connection.execute(
        f"SELECT count(*), sum(cost) FROM log WHERE part = {part} AND {USED_ROWS} AND exact < 0 AND cost > 0"
    ).fetchone()
    said = {"column": mapping[COST], "amount": mapping.amount_named(), "rows": f"{rows:,}"}
    return [Note("costs_of_returns", said | {"cost": f"{cost:,.2f}"}, "warning")] if rows else []


def take_back(connection: Any, part: int, spots: str) -> None:
    """Make rows negative that give sales back: their amount, their cost, and their profit unless it is so already."""
    here = f"part = {part} AND {USED_ROWS} AND exact > 0"
    (booked,) = connection.execute(
        f"""SELECT coalesce(avg(sign(profit)) FILTER (back) < 0 AND avg(sign(profit)) FILTER (NOT back) > 0, false)
        FROM (SELECT profit, spot IN ({spots}) AS back FROM log WHERE {here})"""
    ).fetchone()
    profit = "profit" if booked else "-profit"
    connection.execute(f"UPDATE log SET exact = -exact, profit = {profit}, cost = -abs(cost) WHERE spot IN ({spots})")

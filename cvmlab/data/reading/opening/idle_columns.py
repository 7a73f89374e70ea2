"""Columns of numbers without a role that may be other sums of money, or the numbers of orders, by their first rows.

What they say of the sales is told once the rows are judged, in `rows.idle_numbers`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cvmlab.data import tables

from ..cells.values import EXACT
from ..columns import ColumnMapping
from ..raw import Idle
from ..role_names import is_called, is_rate, ranks_of
from ..roles import DISCOUNT, DISCOUNT_RATE, NUMBERS, QUANTITY, UNIT_PRICE
from .heads import Part
from .unused_columns import kind_of, number_in

#: So many columns of each kind are looked at, and so many of their first cells must be filled, and numbers.
_MOST, _FILLED, _NUMBERS = 4, 0.5, 0.95
#: So many of the sums have decimals, and no more than two.
_DECIMALS = 0.3
_FEWEST = 5
# a number as 1001 or INV-1001, and no date, no sum, no time
_CODE = re.compile(r"[^\W\d]{0,6}[-/#_ ]?\d{1,18}([-/]\d{1,10})?")
_NO_MONEY = {QUANTITY, UNIT_PRICE, tables.COST, tables.PROFIT, *NUMBERS, DISCOUNT, DISCOUNT_RATE} - {tables.AMOUNT}
_NOT_CALLED = ("everyday_number", "ledger_side", "adjusted_amount", "everyday_column")


def number_columns(part: Part) -> list[Idle]:
    """Return the columns of a part without a role that may be sums of money or the numbers of orders."""
    body = part.head.rows[0 if part.header is None else part.header + 1 :]
    used = _used(part.mapping)
    sums: list[Idle] = []
    orders: list[Idle] = []
    for place, name in enumerate(part.names):
        if name in used:
            continue
        cells = ["".join(row[place : place + 1]).strip() for row in body]
        if len(sums) < _MOST and _may_be_money(part, place, name, cells):
            sums.append(Idle("money", name, _number_sql(f"c{place}::VARCHAR", cells)))
        elif len(orders) < _MOST and tables.ORDER_ID not in used and _may_be_order(part, name, cells, body):
            orders.append(Idle("orders", name, f"nullif(trim(c{place}::VARCHAR), '')"))
    asked = tables.ORDER_ID in {*part.mapping.columns, *part.mapping.chosen}
    return [*sums, *([] if asked else orders)]


def _used(mapping: ColumnMapping) -> set[str]:
    return {*mapping.columns.values(), *mapping.items.values(), *mapping.statuses.values()}


def _may_be_money(part: Part, place: int, name: str, cells: Sequence[str]) -> bool:
    ranks = ranks_of(name).keys()
    if ranks & _NO_MONEY or (ranks and tables.AMOUNT not in ranks) or is_called(name, *_NOT_CALLED) or is_rate(name):
        return False
    # what is named by its name already
    if kind_of(part, place, name):
        return False
    filled = [cell for cell in cells if cell]
    numbers = [number for cell in filled if (number := number_in(_bare(cell))) is not None]
    if len(filled) < max(_FEWEST, _FILLED * len(cells)) or len(numbers) < _NUMBERS * len(filled):
        return False
    broken = [number for number in numbers if number % 1]
    return len(broken) >= _DECIMALS * len(numbers) and all(abs(round(100 * n) - 100 * n) < 1e-6 for n in broken)


def _bare(cell: str) -> str:
    """Return a number without the sign or code of its currency."""
    return re.sub(r"^[^\d(.,+-]{1,4}\s?|\s?[^\d).,]{1,4}$", "", cell).replace(" ", "").replace("\u00a0", "")


def _number_sql(cell: str, cells: Sequence[str]) -> str:
    """Return the SQL of the plain text of a number: its decimals are set off as those of the first cells."""
    comma = any(re.search(r",\d{1,2}\D*$", text) for text in cells)
    kept = "[^0-9,-]" if comma else "[^0-9.-]"
    plain = f"regexp_replace({cell}, '{kept}', '', 'g')"
    return f"TRY_CAST({f'''replace({plain}, ',', '.')''' if comma else plain} AS {EXACT})::VARCHAR"


def _may_be_order(part: Part, name: str, cells: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Return whether each number stands for one customer and one date in the first rows, and some in several rows."""
    if ranks_of(name) or is_called(name, "everyday_number", "everyday_column", "other_status"):
        return False
    filled = [cell for cell in cells if cell]
    coded = sum(bool(_CODE.fullmatch(cell)) for cell in filled)
    if len(filled) < max(_FEWEST, _NUMBERS * len(cells)) or coded < _NUMBERS * len(filled):
        return False
    who, when = (part.names.index(part.mapping[role]) for role in (tables.CUSTOMER_ID, tables.DATE))
    seen: dict[str, set[tuple[str, str]]] = {}
    for cell, row in zip(cells, body, strict=True):
        if cell:
            seen.setdefault(cell, set()).add(("".join(row[who : who + 1]), "".join(row[when : when + 1])))
    return len(seen) < len(filled) and sum(len(pairs) > 1 for pairs in seen.values()) <= 0.05 * len(seen)

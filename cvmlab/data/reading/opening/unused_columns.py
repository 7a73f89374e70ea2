"""Columns that speak of money or quantities by their name and that no amount is made of: they are named in one note.

A coupon, a returned quantity or a shipping charge may belong to the amount or not; only who knows the export can tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from cvmlab.data import tables

from ..column_questions import ambiguous
from ..notes import Level, Note, listed
from ..role_names import is_called, is_rate, ranks_of
from ..roles import DISCOUNT, DISCOUNT_RATE, ORDER_DISCOUNT, ORDER_REFUND, QUANTITY, REFUND, UNIT_PRICE, option
from .heads import Part

#: What a name may speak of, in ``rules/columns.csv``; the first that fits decides. A deduction can be taken off.
_QUANTITY, _DEDUCTION, _CHARGE, _ADJUSTED = "moved_quantity", "deduction", "charge", "adjusted_amount"
_SHARE = "%|％|率|比例|rate|pct|percent|satz|prozent"
_TAKEN_OFF = frozenset({DISCOUNT, DISCOUNT_RATE, ORDER_DISCOUNT, ORDER_REFUND, REFUND})
_NUMBER = r"([A-Z]{3} ?|[^A-Za-z\d]{0,4})\d[\d.,\s]*([A-Z]{3}|[^A-Za-z\d]{0,3})"
#: So many profits of at most 1 on amounts of at least this on average are shares.
_FEWEST, _LARGE = 2, 20
#: A rent, a fee, a premium are amounts by their names only where there is no better one; so many rows add up by rule.
_CHARGE_RANK, _ROWS = 3, 3
_KINDS = (_QUANTITY, _ADJUSTED, _DEDUCTION, _CHARGE)


def unused_notes(parts: Sequence[Part]) -> Iterator[Note]:
    """Yield one note for each different set of such columns, a warning where the amount surely lacks one of them."""
    seen = []
    for part in parts:
        kinds = {name: kind for place, name in enumerate(part.names) if (kind := kind_of(part, place, name))}
        amount = part.mapping.amount_named()
        yield from _adjusted(part, kinds, amount)
        yield from _other_side(part, amount)
        yield from _further_discounts(part, kinds, amount)
        if not kinds or (kinds, amount) in seen:
            continue
        seen.append((kinds, amount))
        said = {"source": part.head.name, "columns": listed(list(kinds)), "amount": amount}
        # what is computed from a list price surely lacks a discount or a return
        computed = tables.AMOUNT not in part.mapping and {_QUANTITY, _DEDUCTION} & set(kinds.values())
        money = part.mapping.get(tables.AMOUNT) or ""
        whole = is_called(money, "full_amount") and _DEDUCTION in kinds.values()
        piece = UNIT_PRICE in ranks_of(money) and QUANTITY in kinds.values()
        level: Level = "warning" if computed or whole or piece else "note"
        off = [name for name, kind in kinds.items() if kind == _DEDUCTION and not re.search(_SHARE, name.lower())]
        if off and not {DISCOUNT, DISCOUNT_RATE} & part.mapping.columns.keys():
            yield Note("deductions_unused", {**said, "example": off[0]}, level)
        else:
            yield Note("columns_unused", said, level)


def _adjusted(part: Part, kinds: dict[str, str], amount: str) -> Iterator[Note]:
    """Take amounts after later changes out of the kinds, and name them where the amount is of before."""
    names = [name for name, kind in kinds.items() if kind == _ADJUSTED]
    for name in names:
        del kinds[name]
    if names and not is_called(part.mapping.get(tables.AMOUNT) or "", _ADJUSTED):
        said = {"source": part.head.name, "columns": listed(names), "column": names[0], "amount": amount}
        yield Note("adjusted_unused", said, "warning")


def _further_discounts(part: Part, kinds: dict[str, str], amount: str) -> Iterator[Note]:
    """Take the discounts beside the one that is subtracted out of the kinds, and name them with it."""
    role = next((role for role in (DISCOUNT, DISCOUNT_RATE, ORDER_DISCOUNT) if role in part.mapping), None)
    names = [name for name, kind in kinds.items() if kind == _DEDUCTION]
    names = [name for name in names if not {REFUND, ORDER_REFUND} & ranks_of(name).keys()]
    if role is None or not names:
        return
    for name in names:
        del kinds[name]
    said = {"source": part.head.name, "columns": listed(names), "example": names[0], "column": part.mapping[role]}
    # who named the discount has chosen among them
    level: Level = "note" if role in part.mapping.chosen else "warning"
    yield Note("discounts_unused", {**said, "amount": amount, "role": role, "option": option(role)}, level)


def _other_side(part: Part, amount: str) -> Iterator[Note]:
    """Name the column of credits beside that of debits, and of money out beside money in."""
    if not is_called(part.mapping.get(tables.AMOUNT) or "", "ledger_side"):
        return
    used = part.mapping.columns.values()
    for place, name in enumerate(part.names):
        if name not in used and is_called(name, "ledger_side") and _has_numbers(part, place):
            yield Note("other_side_unused", {"source": part.head.name, "column": name, "amount": amount}, "warning")


def rate_notes(parts: Sequence[Part]) -> Iterator[Note]:
    """Yield one note for each different set of margins and other shares of the amount, which are no profit or cost."""
    seen = []
    for part in parts:
        used = part.mapping.columns.values()
        rates = [
            name
            for place, name in enumerate(part.names)
            if name not in used and (is_rate(name) or _is_idle_profit(part, name)) and _may_be_numbers(part, place)
        ]
        if rates and rates not in seen:
            seen.append(rates)
            yield Note("rates_unused", {"source": part.head.name, "columns": listed(rates), "example": rates[0]})


def exchange_notes(parts: Sequence[Part]) -> Iterator[Note]:
    """Yield a warning for each column of several exchange rates, as amounts are added up as they stand."""
    for part in parts:
        used = part.mapping.columns.values()
        for name in part.names:
            if name not in used and is_called(name, "exchange_rate") and len(set(_numbers(part, name))) > 1:
                yield Note("exchange_rate_unused", {"source": part.head.name, "column": name}, "warning")


def _is_idle_profit(part: Part, name: str) -> bool:
    mapping = part.mapping
    return tables.PROFIT not in {*mapping.columns, *mapping.chosen} and tables.PROFIT in ranks_of(name)


def without_shares(part: Part) -> Part:
    """Return a part without its profit where that holds shares such as 0.2 of amounts of 100, unless it was said."""
    mapping = part.mapping
    if tables.PROFIT not in mapping or tables.PROFIT in mapping.chosen or tables.AMOUNT not in mapping:
        return part
    profits, amounts = (_numbers(part, mapping[role]) for role in (tables.PROFIT, tables.AMOUNT))
    shares = [number for number in profits if number]
    large = bool(amounts) and sum(map(abs, amounts)) >= _LARGE * len(amounts)
    if not large or len(shares) < _FEWEST or max(map(abs, shares)) > 1 or all(share.is_integer() for share in shares):
        return part
    columns = {role: name for role, name in mapping.columns.items() if role != tables.PROFIT}
    return replace(part, mapping=replace(mapping, columns=columns))


def _numbers(part: Part, name: str) -> list[float]:
    place = part.names.index(name)
    body = part.head.rows[0 if part.header is None else part.header + 1 :]
    cells = (number_in("".join(row[place : place + 1])) for row in body)
    return [cell for cell in cells if cell is not None]


def check_sum_beside(part: Part) -> None:
    """Raise `CvmError` where the amount is one of several charges, such as a rent, and their sum stands beside them."""
    mapping = part.mapping
    name = mapping.get(tables.AMOUNT)
    if name is None or tables.AMOUNT in mapping.chosen or ranks_of(name).get(tables.AMOUNT, 0) < _CHARGE_RANK:
        return
    body = part.head.rows[0 if part.header is None else part.header + 1 :]
    first = part.names.index(name)
    sums = [0.0] * len(body)
    for place in range(first, len(part.names)):
        cells = [number_in("".join(row[place : place + 1])) for row in body]
        # so many rows do not add up by chance, and one charge alone is no sum
        if place > first + 1 and len(cells) >= _ROWS and _adds_up(cells, sums):
            raise ambiguous(tables.AMOUNT, [name, part.names[place]], part.head.name)
        sums = [above + (cell or 0) for above, cell in zip(sums, cells, strict=True)]


def _adds_up(cells: Sequence[float | None], sums: Sequence[float]) -> bool:
    return all(cell is not None and abs(cell - above) < 0.005 for cell, above in zip(cells, sums, strict=True))


def number_in(cell: str) -> float | None:
    """Return the number in a cell, read simply: as evidence, not as money."""
    plain = cell.strip()
    for thousands, decimal in (",.", ".,"):
        if re.fullmatch(rf"-?[1-9]\d{{0,2}}(\{thousands}\d{{3}})+(\{decimal}\d+)?", plain):
            plain = plain.replace(thousands, "")
    plain = plain.replace(",", ".")
    return float(plain) if re.fullmatch(r"-?\d*\.?\d+", plain) else None


def kind_of(part: Part, place: int, name: str) -> str | None:
    """Return what an unused column speaks of by its name, in `rules/columns.csv`: a deduction, a charge, pieces."""
    if name in part.mapping.columns.values():
        return None
    kind = next((kind for kind in _KINDS if is_called(name, kind)), None)
    # what has a role in other files, and none here
    kind = kind or (_DEDUCTION if _TAKEN_OFF & ranks_of(name).keys() else None)
    if QUANTITY in ranks_of(name) and UNIT_PRICE in ranks_of(part.mapping.get(tables.AMOUNT) or ""):
        kind = QUANTITY
    return kind if kind and _may_be_numbers(part, place) else None


def _has_numbers(part: Part, place: int) -> bool:
    """Return whether a column holds a number other than 0 at the beginning."""
    body = part.head.rows[0 if part.header is None else part.header + 1 :]
    return any(
        re.fullmatch(_NUMBER, cell) and re.search("[1-9]", cell)
        for row in body
        if (cell := "".join(row[place : place + 1]).strip())
    )


def _may_be_numbers(part: Part, place: int) -> bool:
    """Return whether a column is empty at the beginning or holds a number there, as a coupon's code is none."""
    body = part.head.rows[0 if part.header is None else part.header + 1 :]
    cells = [cell for row in body if (cell := "".join(row[place : place + 1]).strip())]
    return not cells or any(re.fullmatch(_NUMBER, cell) for cell in cells)

"""What is taken off an amount: the discount of quantity × unit price, or that the user named, and the refund beside it.

A refund is subtracted unless the amount is net of refunds by its name, or negative and so a refund itself. A discount
may be money or a share: what its name leaves open is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable, quoted
from ..role_names import rank_of, row_pattern
from ..roles import DISCOUNT, DISCOUNT_RATE, ORDER_DISCOUNT, ORDER_REFUND, QUANTITY, REFUND, UNIT_PRICE, option
from .rates import RateForm, look_at_rates, share_sql
from .values import DATA, EXACT


def check_discounts(
    connection: Any,
    numbers: Mapping[str, str],
    source: str,
    stage: Sequence[RawTable],
    mappings: Sequence[ColumnMapping],
) -> None:
    """Raise `CvmError` for a discount that may be money or a share, unless the user said which."""
    for part, mapping in enumerate(mappings):
        column = mapping.get(DISCOUNT)
        if column is None or DISCOUNT in mapping.chosen or rank_of(column, DISCOUNT) == 1:
            continue
        cell = "coalesce(discount_text, discount_value::VARCHAR)"
        share = share_sql(cell, look_at_rates(connection, part, column, cell))
        found = connection.execute(
            f"""SELECT {numbers[QUANTITY]} AS quantity, {numbers[UNIT_PRICE]} AS price, discount_text, discount_value,
                {share}, {numbers[DISCOUNT]}
            FROM {source} WHERE part = {part} AND kind = {DATA}
                AND coalesce(discount_text, discount_value::VARCHAR) NOT IN ('0', '0%', '-')
                AND coalesce(TRY_CAST(discount_text AS {EXACT}), discount_value, 1) <> 0
                AND quantity IS NOT NULL AND price IS NOT NULL LIMIT 1"""
        ).fetchone()
        if found is not None:
            raise _unclear(stage[part].name, column, *found)


def _unclear(
    source: str, column: str, quantity: Any, price: Any, text: str | None, value: Any, share: float | None, money: Any
) -> CvmError:
    written = text if text is not None else f"{value.normalize():f}"
    whole = Decimal(quantity) * Decimal(price)
    try:
        number = abs(Decimal(written.strip(" %％折"))) if money is None else abs(money)
    except ArithmeticError:
        number = Decimal(0)
    return CvmError(
        "reading.unclear_discount",
        source=source,
        column=column,
        value=written,
        money=f"{whole - number:,.2f}",
        share=f"{float(whole) * (1 - (share or 0)):,.2f}",
        whole=f"{whole:,.2f}",
    )


def discounted_parts(mappings: Sequence[ColumnMapping]) -> list[int]:
    """Return the parts with money off; beside an amount, that is where the user named the column."""
    return [part for part, mapping in enumerate(mappings) if DISCOUNT in mapping or ORDER_DISCOUNT in mapping]


def refunded_parts(mappings: Sequence[ColumnMapping]) -> list[int]:
    """Return the parts with refunds that the amount does not have off already."""
    return [
        part
        for part, mapping in enumerate(mappings)
        if (REFUND in mapping or ORDER_REFUND in mapping) and not _is_net(mapping.get(tables.AMOUNT) or "")
    ]


def discounted_sql(amount: str, discount: str, mappings: Sequence[ColumnMapping], rates: Mapping[int, RateForm]) -> str:
    """Return the amount less the discount, in the parts that have one."""
    money = discounted_parts(mappings)
    cases = []
    if money:
        # a discount is written with or without its minus, and for goods that come back as for those that go
        off = f"coalesce(abs({discount}), 0)"
        parts = ", ".join(map(str, money))
        cases.append(f"WHEN part IN ({parts}) THEN amount - sign(amount)::{EXACT} * {off}")
    for part, form in rates.items():
        share = f"coalesce({share_sql(DISCOUNT_RATE, form)}, 0)"
        cases.append(f"WHEN part = {part} THEN round(amount::DOUBLE * (1 - {share}), 6)")
    if not cases:
        return amount
    product = f"(SELECT CASE {' '.join(cases)} ELSE amount END FROM (SELECT {amount} AS amount))"
    return f"TRY_CAST({product} AS {EXACT})"


def net_sql(amount: str, refund: str, mappings: Sequence[ColumnMapping]) -> tuple[str, str]:
    """Return the amount less its refund, and what was taken off (0 where there is none)."""
    if not refunded_parts(mappings):
        return amount, f"0::{EXACT}"
    off = f"({stated_sql(refund, mappings)})"
    net = f"CASE WHEN {off} = 0 OR {amount} < 0 THEN {amount} ELSE coalesce({amount}, 0) - {off} END"
    return f"TRY_CAST({net} AS {EXACT})", f"(CASE WHEN {amount} < 0 THEN 0 ELSE {off} END)::{EXACT}"


def stated_sql(refund: str, mappings: Sequence[ColumnMapping]) -> str:
    """Return the refund in the parts whose amounts do not have it off already, 0 in the others."""
    parts = refunded_parts(mappings)
    return f"CASE WHEN part IN ({', '.join(map(str, parts))}) THEN abs({refund}) ELSE 0 END" if parts else "0"


def _is_net(column: str) -> bool:
    import re

    return re.fullmatch(row_pattern("net_of_refunds"), column.strip(), re.IGNORECASE) is not None


def unread_notes(
    connection: Any,
    numbers: Mapping[str, str],
    source: str,
    mappings: Sequence[ColumnMapping],
    rates: Mapping[int, RateForm],
) -> list[Note]:
    """Say in how many rows nothing was taken off because the refund or discount cannot be read."""
    notes = []
    words = quoted_pattern("yes_word", "no_word", "return_word", "no_return_word")
    for part, mapping in enumerate(mappings):
        for role in (REFUND, ORDER_REFUND, DISCOUNT, ORDER_DISCOUNT, DISCOUNT_RATE):
            if role not in mapping:
                continue
            if role == DISCOUNT_RATE:
                cell, number = role, share_sql(role, rates[part])
            else:
                cell, number = f"{role}_text", numbers[role]
            rows, example = connection.execute(
                f"""SELECT count(*), min({cell}) FROM {source} WHERE part = {part} AND kind = {DATA}
                    AND known({cell}) IS NOT NULL AND ({number}) IS NULL AND NOT regexp_full_match({cell}, {words})"""
            ).fetchone()
            if rows:
                said = {"column": mapping[role], "rows": f"{rows:,}", "value": example}
                notes.append(Note("unread_deduction", said, "warning"))
    return notes


def discount_notes(
    connection: Any, numbers: Mapping[str, str], off: str, source: str, mappings: Sequence[ColumnMapping]
) -> list[Note]:
    """Say which discounts are more than the amount, and which alone have a minus, as a surcharge would."""
    notes = []
    for part in discounted_parts(mappings):
        role = DISCOUNT if DISCOUNT in mappings[part] else ORDER_DISCOUNT
        amount, stated = numbers[tables.AMOUNT], numbers[role]
        larger, large, negative, positive, example = connection.execute(
            f"""SELECT count(*) FILTER (abs(off) > amount), max(abs(off)) FILTER (abs(off) > amount),
                count(*) FILTER (stated < 0), count(*) FILTER (stated > 0), min(stated)
            FROM (SELECT {amount} AS amount, {off} AS off, {stated} AS stated FROM {source}
                WHERE part = {part} AND kind = {DATA})
            WHERE amount > 0"""
        ).fetchone()
        said = {"column": mappings[part][role], "amount": mappings[part].amount_named()}
        if larger:
            said |= {"rows": f"{larger:,}", "value": f"{large:,.2f}"}
            notes.append(Note("discounts_too_large", said, "warning"))
        if negative and positive:
            said |= {"rows": f"{negative:,}", "value": f"{example:,.2f}"}
            notes.append(Note("negative_discounts", said, "warning"))
    return notes


def deduction_notes(connection: Any, mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Say which refunds and discounts were taken off, and how much that is."""
    notes = []
    for part, mapping in enumerate(mappings):
        for role in (name for name in (REFUND, ORDER_REFUND) if name in mapping):
            said = {"column": mapping[role], "amount_column": mapping.get(tables.AMOUNT) or mapping[UNIT_PRICE]}
            if _is_net(said["amount_column"]):
                notes.append(Note("refund_in_net", said))
                continue
            rows, refunded = connection.execute(
                f"SELECT count(*), coalesce(sum(refunded), 0) FROM log WHERE part = {part} AND refunded <> 0"
            ).fetchone()
            if rows:
                said |= {"rows": f"{rows:,}", "amount": f"{refunded:,.2f}", "role": role, "option": option(role)}
                notes.append(Note("refund_subtracted", said, "warning"))
                notes += _taken_off_twice(connection, part, said)
        keys = {DISCOUNT: DISCOUNT, ORDER_DISCOUNT: DISCOUNT, DISCOUNT_RATE: DISCOUNT_RATE}
        said = {"amount": mapping.amount_named()}
        notes += [Note(f"{keys[r]}_subtracted", {"column": mapping[r], **said}) for r in keys if r in mapping]
    return notes


def _taken_off_twice(connection: Any, part: int, said: dict[str, Any]) -> list[Note]:
    """Name the orders whose refund stands in a row of its own as well."""
    orders, amount, example = connection.execute(
        f"""SELECT count(*), sum(back), min(order_id) FROM (
            SELECT order_id, abs(sum(refunded)) AS back FROM log WHERE part = {part} AND order_id IS NOT NULL
            GROUP BY customer_id, order_id
            HAVING back > 0 AND -sum(exact) FILTER (exact < 0 AND refunded = 0) = back)"""
    ).fetchone()
    if not orders:
        return []
    return [
        Note("refunded_twice", said | {"rows": f"{orders:,}", "amount": f"{amount:,.2f}", "order": example}, "warning")
    ]


def is_said(cell: str, *roles: str) -> str:
    """Return the condition that a cell says a word of these rules, written with spaces or as a program writes it."""
    words = quoted_pattern(*roles)
    spaced = f"(regexp_matches({cell}, '[_-]') AND regexp_full_match(translate({cell}, '_-', '  '), {words}))"
    return f"(regexp_full_match({cell}, {words}) OR {spaced})"


def quoted_pattern(*roles: str) -> str:
    """Return one SQL literal that matches a whole cell by the rules of roles that look at rows."""
    return quoted(rf"(?i)\s*(?:{'|'.join(row_pattern(role) for role in roles)})\s*")

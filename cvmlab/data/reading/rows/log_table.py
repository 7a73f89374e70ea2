"""The cells of the table ``stage`` read as dates, amounts and currencies: the table ``log``.

``log`` has a row for each row of the source, blank ones left out: ``part``, ``spot`` (its row in ``stage``), ``reason``
(a code, see `verdicts.REASON_CODES`), ``customer_id``, ``date``, ``exact`` (the amount as a decimal), ``profit``,
``cost``, ``order_id``, ``product``, ``customer_name``, ``owner``, ``phone``, ``status`` and the kept columns
``k0, k1, …``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..cells import amounts, values
from ..cells import dates as date_forms
from ..cells.currencies import Currencies, look_at_currencies
from ..cells.deductions import (
    check_discounts,
    discount_notes,
    discounted_parts,
    discounted_sql,
    net_sql,
    refunded_parts,
    stated_sql,
    unread_notes,
)
from ..cells.filling import fill_down
from ..cells.flags import read_flags
from ..cells.ids import fold_ids, merge_ids
from ..cells.per_order import share_among_lines
from ..cells.price_units import per_piece
from ..cells.rates import rate_forms, rate_notes
from ..cells.row_units import look_at_row_units, scaled
from ..cells.unmade_refunds import made_numbers
from ..columns import ColumnMapping
from ..notes import Note
from ..part_names import currencies_named
from ..quality import USED
from ..raw import RawTable
from ..roles import DISCOUNT, NUMBERS, REFUND, RETURN, STATUS, TEXTS
from .repeats import look_for_repeats
from .rules import Rules
from .statuses import status_sql
from .verdicts import REASON_CODES, set_aside


@dataclass(frozen=True)
class Cells:
    """How the cells were read: the remarks on them, and the currency of the amounts where it is known.

    ``deductions`` are the remarks that follow those on the rows; ``unclear`` holds, by part, why it cannot be said
    whether refunds are a line's or an order's.
    """

    notes: tuple[Note, ...]
    deductions: tuple[Note, ...]
    unclear: Mapping[int, CvmError]
    currency: str = ""


def read_cells(
    connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping], rules: Rules, kept: int, name: str
) -> Cells:
    """Read ``stage`` into the table ``log``, with the reasons that a row's own cells give; return how it was read."""
    filled = fill_down(connection, stage, mappings, rules.fill_down)
    id_notes = [*filled, *fold_ids(connection, mappings), *merge_ids(connection, mappings, merge=rules.merge_ids)]
    dates = _look_at_dates(connection, stage, mappings, rules)
    flag_notes = read_flags(connection, mappings)
    forms, numbers, number_notes = _look_at_numbers(connection, stage, mappings, rules, dates.dotted)
    named = currencies_named(stage)
    currencies = look_at_currencies(connection, forms, mappings, rules.currency, name, named)
    look_for_repeats(connection, mappings, rules.drop_duplicates)
    spots = values.with_day_text("(SELECT rowid AS spot, * FROM stage)")
    source = f"(SELECT * {amounts.cuts(forms)} FROM {spots})"
    day = date_forms.date_sql(dates, rules.timezone)
    net = _net(connection, numbers, source, day, stage, mappings, rules.amount_per)
    _write_log(connection, numbers, net, day, currencies, mappings, rules, kept)
    notes = [*id_notes, *dates.notes, *flag_notes, *number_notes, *currencies.notes]
    return Cells(tuple(notes), net.notes, net.unclear, currencies.known)


def _look_at_dates(
    connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping], rules: Rules
) -> date_forms.DateForms:
    """Return how the dates are written, with the remark on options that change nothing."""
    columns = [mapping[tables.DATE] for mapping in mappings]
    dates = date_forms.look_at_dates(
        connection,
        {part: (table.name, column) for part, (table, column) in enumerate(zip(stage, columns, strict=True))},
        day_first=rules.day_first,
        year_first=rules.year_first,
        zone=rules.timezone,
        today=None if rules.include_future else rules.today,
    )
    types = [
        dict(zip(table.columns, table.types, strict=True))[column] for table, column in zip(stage, columns, strict=True)
    ]
    idle = date_forms.idle_options(dates, types, zone=rules.timezone, day_first=rules.day_first)
    return replace(dates, notes=(*dates.notes, *idle))


def _look_at_numbers(
    connection: Any,
    stage: Sequence[RawTable],
    mappings: Sequence[ColumnMapping],
    rules: Rules,
    dotted: frozenset[int],
) -> tuple[Mapping[str, amounts.NumberForms], dict[str, str], list[Note]]:
    """Return how the numbers are written, the expression of each in plain units, and remarks."""
    present = [role for role in NUMBERS if any(role in mapping for mapping in mappings)]
    forms, notes = amounts.look_at_numbers(connection, present, stage, mappings, rules.decimal, dotted, rules.currency)
    row_units, unit_notes = look_at_row_units(connection, stage, mappings)
    numbers = scaled({role: amounts.number_sql(role, forms[role]) for role in present}, row_units)
    numbers, piece_notes = per_piece(connection, numbers, stage, mappings)
    numbers.setdefault(tables.AMOUNT, f"NULL::{values.EXACT}")
    return forms, numbers, [*notes, *unit_notes, *piece_notes]


@dataclass(frozen=True)
class _Net:
    """Expressions of what a row brought in and of what was taken off it, and the rows from which they are read."""

    exact: str
    refunded: str
    discounted: str
    source: str
    # whether a refund is stated on the row, and whether it is one that was paid
    stated: str
    paid: str
    notes: tuple[Note, ...]
    unclear: Mapping[int, CvmError]


def _net(
    connection: Any,
    numbers: Mapping[str, str],
    source: str,
    day: str,
    stage: Sequence[RawTable],
    mappings: Sequence[ColumnMapping],
    amount_per: str | None,
) -> _Net:
    """Return the amount of a row less its discounts and refunds."""
    check_discounts(connection, numbers, source, stage, mappings)
    rates = rate_forms(connection, stage, mappings)
    notes = [*unread_notes(connection, numbers, source, mappings, rates), *rate_notes(connection, rates, mappings)]
    computed = [part for part, mapping in enumerate(mappings) if tables.AMOUNT not in mapping]
    amount = amounts.amount_sql(numbers, computed)
    made = made_numbers(connection, numbers, source, mappings)
    share = partial(
        share_among_lines, connection, numbers={**made, tables.AMOUNT: amount}, stage=stage, mappings=mappings,
        day=day, amount_per=amount_per,
    )  # fmt: skip
    off = share(DISCOUNT, amount, source=source, parts=discounted_parts(mappings))
    notes += discount_notes(connection, {**numbers, tables.AMOUNT: amount}, off.sql, off.source, mappings)
    whole = discounted_sql(amount, off.sql, mappings, rates)
    back = share(REFUND, whole, source=off.source, parts=refunded_parts(mappings))
    exact, refunded = net_sql(whole, back.sql, mappings)
    paid = f"({stated_sql(back.stated, mappings)}) <> 0"
    stated = f"({paid} OR spot IN (SELECT spot FROM unmade))"
    less = f"coalesce({amount} - {whole}, 0)::{values.EXACT}" if whole != amount else f"0::{values.EXACT}"
    return _Net(exact, refunded, less, back.source, stated, paid, tuple(notes), back.unclear)


def _write_log(
    connection: Any,
    numbers: Mapping[str, str],
    net: _Net,
    day: str,
    currencies: Currencies,
    mappings: Sequence[ColumnMapping],
    rules: Rules,
    kept: int,
) -> None:
    money = [numbers.get(role, "NULL") + f"::DOUBLE AS {role}" for role in (tables.PROFIT, tables.COST)]
    others = [role for role in TEXTS if role not in (tables.CUSTOMER_ID, RETURN, STATUS)]
    more = [f"k{number}" for number in range(kept)]
    cells = [*TEXTS, "date", "exact", "refunded", "discounted", tables.PROFIT, tables.COST, "currency", *more]
    read = f"""SELECT part, spot, kind, {tables.CUSTOMER_ID}, {", ".join(others)},
            {day} AS date, {net.exact} AS exact, {net.refunded} AS refunded, {net.discounted} AS discounted,
            {_marks(numbers.get(REFUND), net, mappings)},
            {", ".join([*money, f"{currencies.sql} AS currency", *more])}
        FROM {net.source} WHERE kind <> {values.BLANK}"""
    tests = {
        f"kind = {values.TOTAL}": "total_row",
        f"kind = {values.HEADER}": "header_row",
        f"kind = {values.BROKEN}": "broken_row",
        "customer_id IS NULL": "no_id",
        "date IS NULL": "bad_date",
        "exact IS NULL": "bad_amount",
        "spot IN (SELECT spot FROM again WHERE dropped)": "duplicate_row",
    }
    if not rules.include_future:
        tests[f"date > DATE '{rules.today.isoformat()}'"] = "future_date"
    if rules.as_of is not None:
        tests[f"date > DATE '{rules.as_of.isoformat()}'"] = "after_as_of"
    reasons = [f"WHEN {test} THEN {REASON_CODES[reason]}" for test, reason in tests.items()]
    connection.execute(
        f"""CREATE OR REPLACE TABLE log AS SELECT part, spot, {", ".join(cells)},
            (CASE {" ".join(reasons)} ELSE {REASON_CODES[USED]} END)::UTINYINT AS reason
        FROM ({read})"""
    )
    if currencies.others:
        set_aside(connection, "other_currency", currencies.others)


def _marks(refund: str | None, net: _Net, mappings: Sequence[ColumnMapping]) -> str:
    """Return flag and status as they count: beside the sum that was refunded, a word for it adds nothing."""
    status = f"{status_sql(mappings, net.paid)} AS {STATUS}"
    # a column such as Refunded may hold sums or say yes
    flag = RETURN if refund is None else f"coalesce({RETURN}, CASE WHEN ({refund}) IS NULL THEN {REFUND}_text END)"
    return f"CASE WHEN NOT {net.stated} THEN {flag} END AS {RETURN}, {status}"

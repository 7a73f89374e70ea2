"""Every row gets one verdict: used, or the first reason why not. The table ``stage`` → the table ``log``.

``log`` has a row for each row of the source, blank ones left out: ``part``, ``spot`` (its row in ``stage``), ``reason``
(a code, see `verdicts.REASON_CODES`), ``customer_id``, ``date``, ``exact`` (the amount as a decimal), ``profit``,
``cost``, ``order_id``, ``product``, ``customer_name``, ``owner``, ``phone``, ``status`` and the kept columns
``k0, k1, …``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from cvmlab.data import tables

from ..cells import amounts, values
from ..cells import dates as date_forms
from ..cells.currencies import look_at_currencies
from ..cells.deductions import (
    check_discounts,
    deduction_notes,
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
from ..columns import ColumnMapping
from ..notes import Note
from ..part_names import currencies_named
from ..quality import USED
from ..raw import RawTable
from ..roles import DISCOUNT, NUMBERS, REFUND, RETURN, STATUS, TEXTS
from .costs import judge_costs
from .elsewhere import elsewhere_notes
from .ledger_sides import check_sides
from .lone_dates import set_lone_dates_aside
from .misread import misreadings
from .named_returns import check_named_returns
from .order_heads import set_heads_aside
from .order_totals import count_totals_once
from .quantities import check_amounts
from .repeats import judge_repeats, look_for_repeats
from .returns import judge_returns, product_notes
from .reversing import set_reversals_aside
from .signs import sign_notes
from .statuses import judge_statuses, status_sql, unknown_notes
from .sum_rows import find_sum_rows
from .verdicts import REASON_CODES, USED_ROWS, set_aside


@dataclass(frozen=True)
class Rules:
    """The rules by which rows are judged; see `cvmlab.reading.read`."""

    day_first: bool | None
    timezone: str | None
    today: dt.date
    drop_duplicates: bool | None = None
    include_future: bool = False
    include_suspicious: bool = False
    as_of: dt.date | None = None
    year_first: bool | None = None
    decimal: str | None = None
    currency: str | None = None
    merge_ids: bool = False
    fill_down: bool | None = None
    amount_per: str | None = None


@dataclass(frozen=True)
class Judged:
    """How the rows were read: the remarks on it, and the currency of the amounts where it is known."""

    notes: tuple[Note, ...]
    currency: str = ""


def judge(
    connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping], rules: Rules, kept: int, name: str
) -> Judged:
    """Read ``stage`` into the table ``log`` with a reason for each row; return how it was read."""
    names = {
        part: (table.name, mapping[tables.DATE])
        for part, (table, mapping) in enumerate(zip(stage, mappings, strict=True))
    }
    filled = fill_down(connection, stage, mappings, rules.fill_down)
    id_notes = [*filled, *fold_ids(connection, mappings), *merge_ids(connection, mappings, merge=rules.merge_ids)]
    dates = date_forms.look_at_dates(
        connection,
        names,
        day_first=rules.day_first,
        year_first=rules.year_first,
        zone=rules.timezone,
        today=None if rules.include_future else rules.today,
    )
    typed = (dict(zip(table.columns, table.types, strict=True)) for table in stage)
    dated = [types[mapping[tables.DATE]] for types, mapping in zip(typed, mappings, strict=True)]
    idle = date_forms.idle_options(dates, dated, zone=rules.timezone, day_first=rules.day_first)
    flag_notes = read_flags(connection, mappings)
    present = [role for role in NUMBERS if any(role in mapping for mapping in mappings)]
    forms, number_notes = amounts.look_at_numbers(
        connection, present, stage, mappings, rules.decimal, dates.dotted, rules.currency
    )
    row_units, unit_notes = look_at_row_units(connection, stage, mappings)
    numbers = scaled({role: amounts.number_sql(role, forms[role]) for role in present}, row_units)
    numbers, piece_notes = per_piece(connection, numbers, stage, mappings)
    computed = [part for part, mapping in enumerate(mappings) if tables.AMOUNT not in mapping]
    numbers.setdefault(tables.AMOUNT, f"NULL::{values.EXACT}")
    currencies = look_at_currencies(connection, forms, mappings, rules.currency, name, currencies_named(stage))
    look_for_repeats(connection, mappings, rules.drop_duplicates)
    money = [numbers.get(role, "NULL") + f"::DOUBLE AS {role}" for role in (tables.PROFIT, tables.COST)]
    others = [role for role in TEXTS if role not in (tables.CUSTOMER_ID, RETURN, STATUS)]
    spots = values.with_day_text("(SELECT rowid AS spot, * FROM stage)")
    source = f"(SELECT * {amounts.cuts(forms)} FROM {spots})"
    check_discounts(connection, numbers, source, stage, mappings)
    rates = rate_forms(connection, stage, mappings)
    unread = [*unread_notes(connection, numbers, source, mappings, rates), *rate_notes(connection, rates, mappings)]
    numbers[tables.AMOUNT] = amounts.amount_sql(numbers, computed)
    day = date_forms.date_sql(dates, rules.timezone)
    share = partial(
        share_among_lines, connection, numbers=numbers, stage=stage, mappings=mappings, day=day,
        amount_per=rules.amount_per,
    )  # fmt: skip
    off = share(DISCOUNT, numbers[tables.AMOUNT], source=source, parts=discounted_parts(mappings))
    unread += discount_notes(connection, numbers, off.sql, off.source, mappings)
    whole = discounted_sql(numbers[tables.AMOUNT], off.sql, mappings, rates)
    back = share(REFUND, whole, source=off.source, parts=refunded_parts(mappings))
    net, refunded = net_sql(whole, back.sql, mappings)
    cells = ["part", "spot", "kind", *TEXTS, "date", "exact", "refunded", tables.PROFIT, tables.COST, "currency"]
    cells += [f"k{number}" for number in range(kept)]
    read = f"""SELECT part, spot, kind, {tables.CUSTOMER_ID}, {", ".join(others)},
            {day} AS date, {net} AS exact, {refunded} AS refunded,
            {_marks(numbers.get(REFUND), stated_sql(back.stated, mappings), mappings)},
            {", ".join(money)}, {currencies.sql} AS currency{"".join(f", k{number}" for number in range(kept))}
        FROM {back.source} WHERE kind <> {values.BLANK}"""
    kinds = {values.TOTAL: "total_row", values.HEADER: "header_row", values.BROKEN: "broken_row"}
    reasons = [f"WHEN kind = {kind} THEN {REASON_CODES[reason]}" for kind, reason in kinds.items()]
    tests = {
        "customer_id IS NULL": "no_id",
        "date IS NULL": "bad_date",
        "exact IS NULL": "bad_amount",
        "spot IN (SELECT spot FROM again WHERE dropped)": "duplicate_row",
    }
    if not rules.include_future:
        tests[f"date > DATE '{rules.today.isoformat()}'"] = "future_date"
    if rules.as_of is not None:
        tests[f"date > DATE '{rules.as_of.isoformat()}'"] = "after_as_of"
    reasons += [f"WHEN {test} THEN {REASON_CODES[reason]}" for test, reason in tests.items()]
    connection.execute(
        f"""CREATE OR REPLACE TABLE log AS SELECT {", ".join(cells[:2] + cells[3:])},
            (CASE {" ".join(reasons)} ELSE {REASON_CODES[USED]} END)::UTINYINT AS reason
        FROM ({read})"""
    )
    if currencies.others:
        set_aside(connection, "other_currency", currencies.others)
    notes = [*id_notes, *dates.notes, *idle, *flag_notes, *number_notes, *unit_notes, *piece_notes, *currencies.notes]
    notes += find_sum_rows(connection, stage)
    if any(tables.ORDER_ID in mapping for mapping in mappings):
        notes += set_heads_aside(connection, stage, mappings)
        notes += [*_further_lines(connection), *_recycled_numbers(connection)]
    check_sides(connection, stage, mappings)
    notes += judge_returns(connection, mappings)
    notes += judge_costs(connection, mappings)
    if any(STATUS in mapping or mapping.statuses for mapping in mappings):
        notes += judge_statuses(connection, mappings)
    notes += unknown_notes(connection, mappings)
    notes += elsewhere_notes(connection)
    check_amounts(connection, stage, mappings)
    # the line that carries the total must be one that is used
    counted, once = count_totals_once(connection, stage, mappings, rules.amount_per)
    for error in (error for part, error in back.unclear.items() if part not in counted):
        raise error
    notes += once
    notes += [*deduction_notes(connection, mappings), *unread, *sign_notes(connection, mappings)]
    # who says up to when the log runs has looked at its end
    set_lone_dates_aside(connection, late=rules.as_of is None)
    check_named_returns(connection, stage)
    notes += judge_repeats(connection, stage, rules.drop_duplicates)
    notes += set_reversals_aside(connection)
    if any(tables.PRODUCT in mapping for mapping in mappings):
        notes += product_notes(connection, mappings)
    notes += misreadings(connection, stage, mappings)
    return Judged(tuple(notes), currencies.known)


def _marks(refund: str | None, stated: str, mappings: Sequence[ColumnMapping]) -> str:
    """Return flag and status as they count: beside the sum that was refunded, a word for it adds nothing."""
    known = f"({stated}) <> 0"
    status = f"{status_sql(mappings, known)} AS {STATUS}"
    # a column such as Refunded may hold sums or say yes
    flag = RETURN if refund is None else f"coalesce({RETURN}, CASE WHEN ({refund}) IS NULL THEN {REFUND}_text END)"
    return f"CASE WHEN NOT {known} THEN {flag} END AS {RETURN}, {status}"


# An order number whose lines are further apart than this is used for several orders.
_ORDER_DAYS = 31
_RECYCLED_SHARE = 0.05


def _further_lines(connection: Any) -> list[Note]:
    """Count the lines of an order without an amount as zero: shops write its total into the first line only.

    Where most further lines have an amount, or the missing one is the first, it is missing indeed.
    """
    bad = f"SELECT 1 FROM log WHERE reason = {REASON_CODES['bad_amount']} LIMIT 1"
    if not connection.execute(bad).fetchone():
        return []
    changed = connection.execute(
        f"""WITH known AS (
            SELECT part, spot, row_number() OVER (whole_order ORDER BY spot) AS line,
                min(spot) FILTER ({USED_ROWS}) OVER whole_order AS first,
                reason = {REASON_CODES["bad_amount"]} AND spot IN
                    (SELECT rowid FROM stage WHERE amount_text IS NULL AND amount_value IS NULL) AS empty
            FROM log WHERE order_id IS NOT NULL AND (
                {USED_ROWS} OR reason = {REASON_CODES["bad_amount"]})
            WINDOW whole_order AS (PARTITION BY part, customer_id, order_id)
        ), habits AS (SELECT part FROM known WHERE line > 1 GROUP BY part HAVING 2 * count_if(empty) >= count(*))
        UPDATE log SET exact = 0, reason = {REASON_CODES[USED]}
        WHERE spot IN (SELECT spot FROM known SEMI JOIN habits USING (part) WHERE empty AND spot > first)"""
    ).fetchone()
    return [Note("further_lines", {"count": f"{changed[0]:,}"})] if changed and changed[0] else []


def _recycled_numbers(connection: Any) -> list[Note]:
    """Add the month to order numbers that are used again: vouchers are often numbered anew each month."""
    orders, long = connection.execute(
        f"""SELECT count(*), count_if(days > {_ORDER_DAYS}) FROM (
            SELECT max(date) - min(date) AS days FROM log WHERE {USED_ROWS} AND exact > 0 AND order_id IS NOT NULL
            GROUP BY customer_id, order_id)"""
    ).fetchone()
    if not orders or long <= _RECYCLED_SHARE * orders:
        return []
    connection.execute("UPDATE log SET order_id = order_id || ' · ' || strftime(date, '%Y-%m') WHERE date IS NOT NULL")
    return [Note("recycled_numbers", {"share": f"{100 * long / orders:.0f}", "days": _ORDER_DAYS}, "warning")]


def clean_query(mappings: Sequence[ColumnMapping], keep: Sequence[str], *, currency: bool = False) -> str:
    """Return the query of the rows that are used, with the columns of `cvmlab.tables.TRANSACTIONS`."""
    out = [tables.CUSTOMER_ID, tables.DATE, f"exact::DOUBLE AS {tables.AMOUNT}"]
    present = [column for column in tables.TRANSACTIONS.columns if any(column.name in mapping for mapping in mappings)]
    # where a profit or cost cannot be read it counts as zero; the data report says how often
    out += [
        f"coalesce({column.name}, 0) AS {column.name}" if column.kind == "number" else column.name
        for column in present
        if not column.required
    ]
    taken = {tables.AMOUNT, *(column.name for column in present)}
    if currency:
        out.append("currency")
        taken.add("currency")
    for number, name in enumerate(keep):
        if name.lower() not in taken:
            out.append(f'k{number} AS "{name.replace(chr(34), chr(34) * 2)}"')
    return f"SELECT {', '.join(out)} FROM log WHERE reason = {REASON_CODES[USED]}"

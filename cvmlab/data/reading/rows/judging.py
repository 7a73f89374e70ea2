"""Every row gets one verdict: used, or the first reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cvmlab.data import tables

from ..cells.deductions import deduction_notes
from ..cells.flags import cancel_date_notes
from ..cells.unmade_refunds import unmade_notes
from ..columns import ColumnMapping
from ..notes import Note
from ..quality import USED
from ..raw import RawTable
from ..roles import STATUS
from .costs import judge_costs
from .doubtful_amounts import amounts_in_doubt
from .elsewhere import elsewhere_notes
from .ledger_sides import net_sides
from .log_table import read_cells
from .lone_dates import set_lone_dates_aside
from .misread import misreadings
from .named_returns import check_named_returns, copy_notes
from .order_heads import set_heads_aside
from .order_numbers import series_notes
from .order_totals import count_totals_once
from .quantities import check_amounts
from .recycled_numbers import part_recycled_numbers
from .repeats import judge_repeats
from .returns import judge_returns, product_notes
from .reversing import set_reversals_aside
from .rules import Rules
from .second_tables import check_second_headers, check_titled_returns
from .signs import sign_notes
from .statuses import judge_statuses, unknown_notes
from .sum_rows import find_sum_rows
from .taken_back import taken_back_notes
from .verdicts import REASON_CODES, USED_ROWS


@dataclass(frozen=True)
class Judged:
    """How the rows were read: the remarks on it, and the currency of the amounts where it is known."""

    notes: tuple[Note, ...]
    currency: str = ""


def judge(
    connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping], rules: Rules, kept: int, name: str
) -> Judged:
    """Read ``stage`` into the table ``log`` with a reason for each row; return how it was read."""
    cells = read_cells(connection, stage, mappings, rules, kept, name)
    notes = [*cells.notes, *find_sum_rows(connection, stage)]
    notes += set_heads_aside(connection, stage, mappings)
    if any(tables.ORDER_ID in mapping for mapping in mappings):
        notes += [*_further_lines(connection), *part_recycled_numbers(connection)]
    notes += net_sides(connection, stage, mappings)
    notes += judge_returns(connection, mappings)
    notes += judge_costs(connection, mappings)
    if any(STATUS in mapping or mapping.statuses for mapping in mappings):
        notes += judge_statuses(connection, stage, mappings)
    notes += [*unknown_notes(connection, mappings), *cancel_date_notes(connection, mappings, USED_ROWS)]
    notes += [*elsewhere_notes(connection), *series_notes(connection, stage, mappings)]
    check_amounts(connection, stage, mappings)
    # the line that carries the total must be one that is used
    counted, once = count_totals_once(connection, stage, mappings, rules.amount_per)
    for error in (error for part, error in cells.unclear.items() if part not in counted):
        raise error
    notes += [*once, *deduction_notes(connection, mappings), *unmade_notes(connection, mappings, USED_ROWS)]
    notes += [*cells.deductions, *sign_notes(connection, mappings), *taken_back_notes(connection, stage, mappings)]
    # who says up to when the log runs has looked at its end
    set_lone_dates_aside(connection, late=rules.as_of is None)
    check_named_returns(connection, stage)
    notes += copy_notes(connection, stage)
    check_second_headers(connection, stage, mappings)
    check_titled_returns(connection, stage)
    notes += amounts_in_doubt(connection, stage, mappings)
    notes += judge_repeats(connection, stage, rules.drop_duplicates)
    notes += set_reversals_aside(connection)
    if any(tables.PRODUCT in mapping for mapping in mappings):
        notes += product_notes(connection, mappings)
    notes += misreadings(connection, stage, mappings)
    return Judged(tuple(notes), cells.currency)


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
        ), habits AS (
            SELECT part FROM known WHERE line > 1 GROUP BY part HAVING 2 * count(*) FILTER (empty) >= count(*))
        UPDATE log SET exact = 0, reason = {REASON_CODES[USED]}
        WHERE spot IN (SELECT spot FROM known SEMI JOIN habits USING (part) WHERE empty AND spot > first)"""
    ).fetchone()
    return [Note("further_lines", {"count": f"{changed[0]:,}"})] if changed and changed[0] else []


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

"""Rows that say that they are returns, or no sales.

A column such as 交易类型 makes rows of their own of returns: with a positive amount they count negative. A flag such as
是否退款 may stand on the sale itself: where no sale lies beside the marked rows, each is sale and refund in one, and
counts nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cvmlab.data.tables import PRODUCT

from ..cells.deductions import is_said
from ..columns import ColumnMapping
from ..notes import Level, Note
from ..role_names import is_called
from ..roles import CANCEL, GIFT, LEDGER, ORDER_REFUND, REFUND, RETURN, TYPE, option
from .cancellations import check_loose, gather_closed
from .costs import take_back
from .verdicts import USED_ROWS, set_aside


def judge_returns(connection: Any, mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Make marked rows negative, or leave them out where they are sale and refund in one; return remarks."""
    roles = (REFUND, ORDER_REFUND, RETURN, TYPE, GIFT, CANCEL)
    if not any(mapping.wordings or any(role in mapping for role in roles) for mapping in mappings):
        return []
    # what was paid has come back whole: no purchase
    set_aside(connection, "cancelled", "refunded <> 0 AND exact = 0")
    kinds = [kind for kind in _KINDS if any(mapping.named(kind.role) for mapping in mappings)]
    aside = [
        note for kind in kinds for note in (_leave_closed if kind.netting else _leave_out)(connection, mappings, kind)
    ]
    _mark(connection)
    # a column may say that a row is no sale or that it is a return of its own
    return aside + [note for role in (TYPE, RETURN) for note in _judge_marked(connection, mappings, role)]


@dataclass(frozen=True)
class _Kind:
    """Rows that say they are no sale: the column, its words in ``rules/columns.csv``, the remark on them."""

    role: str
    words: tuple[str, ...]
    remark: str
    # what must hold for all rows of a part, ``said`` of those of the kind; else they count as they stand
    where: str = "true"
    # the remark on these
    kept: str = ""
    # where they are booked with a minus as well, they net out by themselves
    netting: bool = False


_KINDS = (
    # a ledger books invoice and payment, and only the invoice is a sale
    _Kind(TYPE, ("paid_word",), "payments_out", "bool_or(billed OR sold)"),
    _Kind(TYPE, ("bought_type",), "purchases_out", "bool_or(sold)"),
    _Kind(LEDGER, ("ledger_word",), "ledger_out", "NOT bool_and(said)"),
    # what comes in for sales is not more than these; else the receipts are the sales
    _Kind(
        LEDGER,
        ("receipt_word",),
        "payments_out",
        "coalesce(5 * sum(exact) FILTER (NOT said AND exact > 0) >= 4 * sum(abs(exact)) FILTER (said), false)",
        "receipts_kept",
    ),
    # with a minus beside sales, a payment settles what was bought; a refund of goods of that name has sales of them
    _Kind(
        LEDGER,
        ("payment_word",),
        "payments_out",
        "sum(exact) FILTER (said) < 0 AND coalesce(sum(exact) FILTER (NOT said) > 0, false)",
    ),
    # what is prepaid is earned when it is used; where little else was bought, that use is not in the log
    _Kind(
        TYPE,
        ("prepaid_type",),
        "prepaid_out",
        "coalesce(sum(exact) FILTER (NOT said) * 2 >= sum(exact) FILTER (said), false)",
        "prepaid_kept",
    ),
    _Kind(TYPE, ("no_sale_type",), "no_sales_out", netting=True),
    # where returns are booked, what came back may be one of them
    _Kind(TYPE, ("exchange_type",), "exchanges_out", "count(*) FILTER (exact < 0 OR back) = 0", "exchanges_kept"),
    _Kind(TYPE, ("gift_type",), "gifts_out"),
    _Kind(GIFT, ("yes_word", "gift_type"), "gifts_out"),
    _Kind(CANCEL, ("yes_word",), "flagged_out", netting=True),
)


def _leave_out(connection: Any, mappings: Sequence[ColumnMapping], kind: _Kind) -> list[Note]:
    """Leave out the rows of a kind, in the parts where its condition holds, and say how many."""

    def says(role: str, *words: str) -> str:
        return f"coalesce({is_said(role, *words)}, false)"

    found = connection.execute(
        f"""SELECT part, count(*) FILTER (said), sum(exact) FILTER (said), {kind.where},
            string_agg(DISTINCT {kind.role}, ', ' ORDER BY {kind.role}) FILTER (said), bool_and(said)
        FROM (SELECT part, exact, {kind.role}, {says(kind.role, *kind.words)} AS said,
                {says(TYPE, "billed_word")} AS billed, {says(TYPE, "sold_word")} AS sold,
                {says(TYPE, "return_word")} AS back
            FROM log WHERE {USED_ROWS})
        GROUP BY part HAVING bool_or(said) ORDER BY part"""
    ).fetchall()
    notes = []
    for part, rows, amount, out, words, alone in found:
        said = {
            "column": mappings[part].named(kind.role),
            "words": words,
            "rows": f"{rows:,}",
            "amount": f"{amount:,.2f}",
        }
        said |= {"value": words, "role": kind.role, "option": option(kind.role)}
        if out:
            set_aside(connection, "cancelled", f"part = {part} AND {says(kind.role, *kind.words)}")
        # who sells nothing else lives on them; and what brought in nothing changes no sum
        if remark := kind.remark if out else kind.kept if not alone else "":
            notes.append(Note(remark, said, "warning" if amount else "note"))
    return notes


def _leave_closed(connection: Any, mappings: Sequence[ColumnMapping], kind: _Kind) -> list[Note]:
    """Leave out the rows of a kind that no negative row of the same kind cancels, and say how many."""
    gather_closed(connection, is_said(kind.role, *kind.words), kind.role)
    found = connection.execute(
        """SELECT part, count(*), sum(exact), string_agg(DISTINCT word, ', ' ORDER BY word) FROM closed WHERE out
        GROUP BY part ORDER BY part"""
    ).fetchall()
    notes = []
    for part, rows, amount, words in found:
        column = mappings[part].named(kind.role) or ""
        check_loose(connection, part, mappings[part], kind.role, column, column)
        said = {"column": column, "words": words, "rows": f"{rows:,}", "amount": f"{amount:,.2f}"}
        said |= {"role": kind.role, "option": option(kind.role)}
        notes.append(Note(kind.remark, said, "warning" if amount else "note"))
    set_aside(connection, "cancelled", "spot IN (SELECT spot FROM closed WHERE out)")
    return notes


# less than one part in so many of the positive money is no reason to doubt a file
_ONE_IN = 100
_PRODUCTS = {
    ("prepaid_product",): "prepaid_kept",
    ("gift_product",): "gifts_kept",
    ("doubtful_product", "return_word"): "doubtful_kept",
}


def product_notes(connection: Any, mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Say how much stands in rows whose product may be no sale, such as a top-up or a refund: they count as sales."""
    notes = []
    for words, remark in _PRODUCTS.items():
        found = connection.execute(
            f"""WITH sold AS (SELECT part, product, count(*) AS rows, sum(exact) AS money
                FROM log WHERE {USED_ROWS} AND exact > 0 GROUP BY part, product)
            SELECT part, sum(rows) FILTER (said)::BIGINT, sum(money) FILTER (said), min(product) FILTER (said),
                sum(money), bool_and(said)
            FROM (SELECT *, coalesce({is_said(PRODUCT, *words)}, false) AS said FROM sold)
            GROUP BY part HAVING bool_or(said) ORDER BY part"""
        ).fetchall()
        for part, rows, amount, example, whole, alone in found:
            said = {"column": mappings[part][PRODUCT], "rows": f"{rows:,}", "amount": f"{amount:,.2f}"}
            # who sells nothing else lives on them
            level: Level = "warning" if amount * _ONE_IN > whole else "note"
            notes += [] if alone else [Note(remark, {**said, "value": example}, level)]
    return notes


def _mark(connection: Any) -> None:
    def says(cell: str) -> str:
        words = ("return_word", "return_code") if cell == TYPE else ("return_word",)
        said = f"({is_said(cell, *words)} AND NOT {is_said(cell, 'no_return_word')})"
        beside = [f"({is_said(TYPE, word)} AND part IN ({parts}))" for word, parts in besides.items()]
        return f"({' OR '.join([said, *beside])})" if cell == TYPE else said

    # beside invoices a credit is given back, beside debits it is what came in; RE is a return only in SAP's codes
    besides = {
        "credit_word": f"SELECT part FROM log WHERE {is_said(TYPE, 'billed_word', 'sold_word')}",
        "sap_return": f"SELECT part FROM log WHERE {is_said(TYPE, 'sap_sale')}",
    }

    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE marked AS
        SELECT part, spot, customer_id, order_id, date, exact,
            CASE WHEN {says(TYPE)} THEN '{TYPE}' ELSE '{RETURN}' END AS role,
            CASE WHEN {says(TYPE)} THEN {TYPE} ELSE {RETURN} END AS word
        FROM log WHERE {USED_ROWS} AND exact <> 0 AND refunded = 0
            AND ({says(TYPE)} OR {says(RETURN)} OR {is_said(RETURN, "yes_word")})"""
    )


def _judge_marked(connection: Any, mappings: Sequence[ColumnMapping], role: str) -> list[Note]:
    found = connection.execute(
        f"""SELECT part, count(*) FILTER (exact > 0), count(*) FILTER (exact < 0), sum(exact) FILTER (exact > 0),
            string_agg(DISTINCT word, ', ' ORDER BY word), count(*) FILTER (exact > 0 AND {_PAIRED})
        FROM marked WHERE role = '{role}' GROUP BY part ORDER BY part"""
    ).fetchall()
    notes = []
    for part, rows, negative, amount, words, paired in found:
        if not rows:
            continue
        column = mappings[part].get(role) or mappings[part][REFUND]
        said = {"column": column, "words": words, "rows": f"{rows:,}", "amount": f"{amount:,.2f}"}
        said["option"] = f"--{(role if role in mappings[part] else REFUND).replace('_', '-')}"
        said["role"] = role if role in mappings[part] else REFUND
        spots = f"SELECT spot FROM marked WHERE part = {part} AND role = '{role}' AND exact > 0"
        if negative:
            notes.append(Note("returns_of_both_signs", said, "warning"))
        elif role == TYPE or is_called(column, "red_letter") or (2 * paired >= rows and not _is_status(column)):
            take_back(connection, part, spots)
            notes.append(Note("returns_negated", said, "warning"))
        else:
            set_aside(connection, "cancelled", f"spot IN ({spots})")
            notes.append(Note("returns_out", said, "warning"))
    return notes


def _is_status(column: str) -> bool:
    """Return whether a column says what became of the sale in its row, which makes no row of its own of a return."""
    return is_called(column, "return_status")


# a sale that the marked row can take back: the same order, or the same amount before
_PAIRED = f"""spot IN (SELECT marked.spot FROM marked JOIN log AS sale
        ON sale.part = marked.part AND sale.customer_id = marked.customer_id
        WHERE sale.{USED_ROWS} AND sale.exact > 0 AND sale.spot NOT IN (SELECT spot FROM marked)
            AND sale.date <= marked.date AND (sale.order_id = marked.order_id OR sale.exact = marked.exact))"""

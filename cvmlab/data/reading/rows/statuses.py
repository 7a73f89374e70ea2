"""Orders that their status says are no sales, and words of statuses and types that no rule knows.

Of several columns of statuses the word that speaks most against a sale counts: an order that was paid and sent back is
no sale, nor is one that was placed and never paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..cells.deductions import is_said
from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable
from ..role_names import is_called
from ..roles import CANCEL, FURTHER, REFUND, RETURN, STATUS, TYPE
from .cancellations import check_loose, gather_closed
from .verdicts import USED_ROWS, set_aside

#: More of the positive money than this in orders that are no sales is asked about.
_MOST = 0.5
#: So many unknown words are named, those with most money first.
_NAMED = 8
#: A word in so many of the rows is how rows are as a rule; one whose every amount has a minus, and that takes off at
#: most so much of the sales, is a credit note under a name of its own.
_RULES, _OFF = 0.8, 0.25
#: In a column of types, more different words than this, most of them in one row only, may be titles of documents.
_TITLES = 10
# the words of the columns that say what a row is
_KNOWN = {
    STATUS: ("cancelled_status", "unsure_status", "shop_status", "shop_unpaid", "sale_status", "deal_won", "deal_lost"),
    TYPE: (
        "sale_type", "return_word", "billed_word", "paid_word", "prepaid_type", "no_sale_type", "exchange_type",
        "gift_type", "ledger_word", "line_type", "return_code", "sap_sale",
    ),
    RETURN: ("yes_word", "no_word", "return_word", "no_return_word", "refused_return"),
    CANCEL: ("yes_word",),
}  # fmt: skip


def status_sql(mappings: Sequence[ColumnMapping], known: str) -> str:
    """Return the status of a row that counts; a refund whose sum is ``known`` needs no word for it."""
    roles = [STATUS, *(role for role in FURTHER if any(role in mapping.statuses for mapping in mappings))]
    cells = [f"(CASE WHEN {known} AND {is_said(role, 'refunded_status')} THEN NULL ELSE {role} END)" for role in roles]
    if len(cells) == 1:
        return cells[0]
    against = [
        is_said("{}", "cancelled_status"),
        is_said("{}", "unsure_status"),
        f"NOT {is_said('{}', *_KNOWN[STATUS])}",
    ]
    cases = [f"WHEN {test.replace('{}', cell)} THEN {cell}" for test in against for cell in cells]
    return f"CASE {' '.join(cases)} ELSE coalesce({', '.join(cells)}) END"


def judge_statuses(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Leave out orders that are no sales, except where a cancellation is booked as a negative row of its own."""
    # in a web shop `closed` is refunded and `pending` not paid; elsewhere the one is finished, the other on its way
    shops = f"SELECT part FROM stage WHERE {is_said(STATUS, 'shop_status')}"
    unpaid = f"SELECT rowid FROM stage WHERE part IN ({shops}) AND {is_said(STATUS, 'shop_unpaid')}"
    # where some deals are won, those that are not are no sales
    deals = f"SELECT part FROM log WHERE {is_said(STATUS, 'deal_won')}"
    # an order that nobody paid is no sale, an invoice that is due is one
    billed = ", ".join(str(part) for part, mapping in enumerate(mappings) if _is_billed(mapping)) or "NULL"
    due = f"coalesce(part IN ({billed}), false) AND {is_said(STATUS, 'unpaid_word')}"
    gather_closed(
        connection,
        f"""({is_said(STATUS, "cancelled_status")} AND NOT ({due}))
            OR ({is_said(STATUS, "shop_unpaid")} AND spot IN ({unpaid}))
            OR ({is_said(STATUS, "deal_lost")} AND part IN ({deals}))""",
        STATUS,
    )
    found = connection.execute(
        """SELECT part, out, count(*), sum(exact), string_agg(DISTINCT word, ', ' ORDER BY word)
        FROM closed GROUP BY part, out ORDER BY part, out"""
    ).fetchall()
    notes = []
    for part, out, rows, amount, words in found:
        mapping = mappings[part]
        said = {"column": mapping.statuses_named(), "words": words, "rows": f"{rows:,}", "amount": f"{amount:,.2f}"}
        notes.append(Note("cancelled_out" if out else "cancelled_booked", said, "warning"))
        if not out:
            continue
        confirmed = mapping.get(STATUS) or next(iter(mapping.statuses.values()))
        check_loose(connection, part, mapping, STATUS, said["column"], confirmed)
        if STATUS not in mapping.chosen:
            _check_share(connection, part, amount, said | {"confirmed": confirmed})
        # further lines of such an order have no status of their own
        spots = f"SELECT spot FROM closed WHERE part = {part} AND out"
        orders = f"SELECT (customer_id, order_id) FROM closed WHERE part = {part} AND out"
        further = f"exact = 0 AND status IS NULL AND (customer_id, order_id) IN ({orders})"
        set_aside(connection, "cancelled", f"part = {part} AND (spot IN ({spots}) OR ({further}))")
    return [*notes, *_unsure(connection, stage, mappings)]


def _is_billed(mapping: ColumnMapping) -> bool:
    return is_called(mapping.get(tables.ORDER_ID) or "", "invoice_number")


def _check_share(connection: Any, part: int, amount: Any, said: dict[str, str]) -> None:
    rows, whole = connection.execute(
        f"SELECT count(*), sum(exact) FROM log WHERE {USED_ROWS} AND part = {part} AND exact > 0"
    ).fetchone()
    if rows >= 10 and amount > _MOST * float(whole):
        raise CvmError("reading.mostly_no_sales", **said, whole=f"{whole:,.2f}")


def _unsure(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Say how much stands in orders whose status leaves open whether they are sales."""
    # where most orders are closed, it is how they end
    finished = f"""SELECT part FROM log WHERE {USED_ROWS} GROUP BY part
        HAVING 2 * count(*) FILTER (lower(trim(status)) = 'closed') > count(*)"""
    # and how an invoice for a subscription does
    signs = (any(is_called(name, "subscription_sign") for name in table.columns) for table in stage)
    plans = ", ".join(str(part) for part, sign in enumerate(signs) if sign) or "-1"
    found = connection.execute(
        f"""SELECT part, count(*), sum(exact), string_agg(DISTINCT status, ', ' ORDER BY status) FROM log
        WHERE {USED_ROWS} AND refunded = 0 AND {is_said(STATUS, "unsure_status")}
            AND NOT (lower(trim(status)) = 'closed' AND (part IN ({finished}) OR part IN ({plans})))
            AND exact > 0
        GROUP BY part ORDER BY part"""
    ).fetchall()
    return [
        Note(
            "unsure_status",
            {
                "column": mappings[part].statuses_named(),
                "words": words,
                "rows": f"{rows:,}",
                "amount": f"{amount:,.2f}",
            },
            "warning",
        )
        for part, rows, amount, words in found
    ]


def unknown_notes(connection: Any, mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Name the words of statuses and types that no rule knows, with their rows and money: they count as sales."""
    notes = []
    # to see that no row says anything is many times as fast as to look for the words
    filled = connection.execute(f"SELECT {', '.join(f'count({role})' for role in _KNOWN)} FROM log").fetchone()
    for role, known in (item for item, rows in zip(_KNOWN.items(), filled, strict=True) if rows):
        # part of the order came back, or is about to
        open_words = f"OR {is_said('word', 'open_return', 'partial_return')}" if role == RETURN else ""
        # beside blanks one word is enough to tell a returned row from the others
        apart = f"(words > 1 OR {str(role in (RETURN, CANCEL)).lower()} AND filled < part_rows)"
        # titles of documents, each with its number, are no types
        titles = f"""({str(role == TYPE).lower()} AND words > {_TITLES} AND 2 * words > filled
            AND regexp_matches(word, '[0-9]'))"""
        usual = f"(rows > {_RULES} * filled OR (signed AND -amount <= {_OFF} * sold))"
        plain = usual if role in (STATUS, TYPE) else "false"
        found = connection.execute(
            f"""SELECT part, word, rows, amount FROM (
                SELECT part, {role} AS word, count(*) FILTER ({USED_ROWS}) AS rows,
                    coalesce(sum(exact) FILTER ({USED_ROWS}), 0) AS amount,
                    count({role}) OVER parts AS words, sum(count({role})) OVER parts AS filled,
                    coalesce(max(exact) FILTER ({USED_ROWS}) < 0, false) AS signed,
                    sum(sum(exact) FILTER ({USED_ROWS} AND exact > 0)) OVER parts AS sold,
                    sum(count(*)) OVER parts AS part_rows
                FROM log GROUP BY part, {role} WINDOW parts AS (PARTITION BY part))
            WHERE word IS NOT NULL AND rows > 0 AND amount <> 0 AND {apart} AND NOT {titles} AND NOT {plain}
                AND NOT (amount < 0 AND {is_said("word", "credit_word", "sap_return")})
                AND (NOT {is_said("word", *known)} {open_words})
            ORDER BY part, abs(amount) DESC, word"""
        ).fetchall()
        for part in dict.fromkeys(row[0] for row in found):
            words = [row[1:] for row in found if row[0] == part]
            column = (
                mappings[part].statuses_named()
                if role == STATUS
                else mappings[part].get(role) or mappings[part].get(REFUND)
            )
            notes.append(_unknown(column, words))
    return notes


def _unknown(column: str | None, words: Sequence[tuple[str, int, Any]]) -> Note:
    named = [f"{word} ({rows:,}: {amount:,.2f})" for word, rows, amount in words[:_NAMED]]
    said = {
        "column": column,
        "words": ", ".join(named) + (", …" if len(words) > _NAMED else ""),
        "rows": f"{sum(rows for _, rows, _ in words):,}",
        "amount": f"{sum(amount for *_, amount in words):,.2f}",
    }
    return Note("unknown_words", said, "warning")

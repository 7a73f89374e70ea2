"""Columns that say whether a row is a return: in words, or by 0 and 1; sums and counts are no such flags.

The number of the document that reversed a row says so too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmlab.core.words import CvmError

from ..columns import ColumnMapping
from ..notes import Note, counted
from ..role_names import is_called, rank_of, values_of
from ..roles import CANCEL, GIFT, REFUND, RETURN, option
from .deductions import is_said
from .values import DATA, EXACT

#: What says in a column that the user named, or in one that is not used, that a row may be no sale.
NO_SALE_WORDS = ("cancelled_status", "unpaid_word", "no_sale_type", "return_word", "ledger_word", "receipt_word")
# 0000-00-00 and the like are how databases write that there is no date
MOMENT = (
    r"regexp_matches({cell}, '^\d{{1,4}}[-/.年]\d') "
    r"AND NOT regexp_matches({cell}, '^(0000|0001|1899|1900|1970|9999|00[-/.]00)|[-/.](0000|1899|9999)')"
)


def read_flags(connection: Any, mappings: Sequence[ColumnMapping]) -> list[Note]:
    """Make words of flags written as 0 and 1, and empty a column of flags that holds other numbers."""
    notes = []
    connection.execute("CREATE OR REPLACE TEMP TABLE cancel_dates (part USMALLINT, spot BIGINT)")
    for part, mapping in enumerate(mappings):
        here = f"part = {part} AND kind = {DATA}"
        if REFUND in mapping and REFUND not in mapping.chosen and rank_of(mapping[REFUND], REFUND) != 1:
            _word_refunds(connection, here)
        for role in (RETURN, CANCEL, GIFT):
            if role in mapping:
                _spell_letters(connection, here, mapping[role], role)
        notes += [
            note for role in (RETURN, CANCEL) if role in mapping for note in _words(connection, here, mapping, role)
        ]
        for role, name in mapping.statuses.items():
            if is_called(name, "maybe_status"):
                _forget_states(connection, here, role)
        if CANCEL in mapping:
            _word_cancelled(connection, here, mapping)
    return notes


def _word_refunds(connection: Any, here: str) -> None:
    """Write yes for 1 in a column such as Refunded that holds nothing but 0 and 1: it says whether, not how much."""
    number = f"coalesce({REFUND}_value, TRY_CAST({REFUND}_text AS {EXACT}))"
    (flags,) = connection.execute(f"SELECT bool_and({number} IN (0, 1)) FROM stage WHERE {here}").fetchone()
    if flags:
        word = f"CASE WHEN {number} = 1 THEN 'yes' END"
        connection.execute(f"UPDATE stage SET {REFUND}_text = {word}, {REFUND}_value = NULL WHERE {here}")


def _forget_states(connection: Any, here: str, role: str) -> None:
    """Empty a column such as State, which may be one of an address, unless one of its words speaks of an order."""
    speaks = is_said(role, "cancelled_status", "unsure_status", "deal_won", "deal_lost")
    (spoken,) = connection.execute(f"SELECT bool_or({speaks}) FROM stage WHERE {here}").fetchone()
    if not spoken:
        connection.execute(f"UPDATE stage SET {role} = NULL WHERE {here}")


def _spell_letters(connection: Any, here: str, column: str, role: str) -> None:
    """Write yes for S beside N, as for Sí and No, and the like; alone it means yes in languages where yes begins so."""
    words = connection.execute(
        f"SELECT DISTINCT lower(trim({role})) FROM stage WHERE {here} AND {role} IS NOT NULL ORDER BY 1"
    ).fetchmany(3)
    if yes := yes_letter(column, [word for (word,) in words]):
        connection.execute(
            f"""UPDATE stage SET {role} = CASE WHEN lower(trim({role})) = '{yes}' THEN 'yes' ELSE 'no' END
            WHERE {here} AND {role} IS NOT NULL"""
        )


def yes_letter(column: str, words: Sequence[str]) -> str:
    """Return the letter that means yes where a column says two letters, or this one, and nothing else; else nothing."""
    pairs = [pair for pair in values_of("yes_no_letters") if words and set(words) <= set(pair)]
    if len(words) == 1 and not (is_called(column, "s_means_yes") and words[0] == "s"):
        return ""
    return pairs[0][0] if pairs else ""


def _words(connection: Any, here: str, mapping: ColumnMapping, role: str) -> list[Note]:
    """Write yes for 1, where a column such as Return holds 0 and 1; take no notice of it where it counts pieces."""
    if is_called(mapping[role], "undone_reason"):
        # the reason may be a number
        return []
    if is_called(mapping[role], "undone_by"):
        filled = f"regexp_matches({role}, '[1-9A-Za-z]')"
        connection.execute(f"UPDATE stage SET {role} = CASE WHEN {filled} THEN 'yes' END WHERE {here}")
        return []
    number = f"TRY_CAST({role} AS {EXACT})"
    rows, example = connection.execute(
        f"SELECT count(*), max({role}) FROM stage WHERE {here} AND {number} NOT IN (0, 1)"
    ).fetchone()
    if rows:
        connection.execute(f"UPDATE stage SET {role} = NULL WHERE {here}")
        said = {"column": mapping[role], "rows": f"{rows:,}", "value": example}
        return [Note("flag_of_numbers", said, "warning")] if role == RETURN else []
    word = f"CASE WHEN {number} = 1 THEN 'yes' ELSE 'no' END"
    connection.execute(f"UPDATE stage SET {role} = {word} WHERE {here} AND {number} IS NOT NULL")
    return []


def _check_understood(connection: Any, here: str, mapping: ColumnMapping, told: str) -> None:
    """Raise `CvmError` where the user named a column, and not one of its words says that a row is no sale."""
    words = connection.execute(
        f"""SELECT {CANCEL}, count(*), coalesce({told}, false), {is_said(CANCEL, "no_word", "yes_word")} FROM stage
        WHERE {here} AND {CANCEL} IS NOT NULL GROUP BY ALL ORDER BY 2 DESC, 1"""
    ).fetchall()
    unknown = {word: rows for word, rows, _, plain in words if not plain}
    if unknown and not any(told for _, _, told, _ in words):
        raise CvmError("reading.flag_not_understood", column=mapping[CANCEL], words=counted(unknown))


def _word_cancelled(connection: Any, here: str, mapping: ColumnMapping) -> None:
    """Write yes for what was cancelled or is not valid; a moment of cancellation counts where the user named it.

    Where nobody named it, the rows with one are noted in the table ``cancel_dates``.
    """
    moment = MOMENT.format(cell=CANCEL)
    (blank,) = connection.execute(
        f"SELECT count(*) FILTER ({CANCEL} IS NULL OR {is_said(CANCEL, 'no_word')}) FROM stage WHERE {here}"
    ).fetchone()
    told = is_said(CANCEL, "no_word" if is_called(mapping[CANCEL], "valid_flag", "done_flag") else "yes_word")
    if chosen := CANCEL in mapping.chosen:
        told = f"{told} OR ({moment})"
        told += f" OR {is_said(CANCEL, *NO_SALE_WORDS)}"
        if blank and is_called(mapping[CANCEL], "undone_reason"):
            # whatever the reason is, there is one; where every row has a text, the texts are no reasons
            told += f" OR NOT {is_said(CANCEL, 'no_word')}"
    told += f" OR {is_said(CANCEL, 'cancelled_status')}"
    if not chosen:
        connection.execute(f"INSERT INTO cancel_dates SELECT part, rowid FROM stage WHERE {here} AND {moment}")
    if chosen:
        _check_understood(connection, here, mapping, told)
    # a word that nobody knows stays, and is named where the rows are judged
    understood = is_said(CANCEL, "yes_word", "no_word", "sale_status")
    understood = f"{understood} OR ({moment}) OR NOT regexp_matches({CANCEL}, '\\pL')"
    connection.execute(
        f"""UPDATE stage SET {CANCEL} = CASE WHEN {told} THEN 'yes' WHEN {understood} THEN NULL ELSE {CANCEL} END
        WHERE {here}"""
    )


def cancel_date_notes(connection: Any, mappings: Sequence[ColumnMapping], used: str) -> list[Note]:
    """Name the sales that count although a date of cancellation stands beside them, and nothing was paid back."""
    found = connection.execute(
        f"""SELECT part, count(*), sum(exact) FROM log SEMI JOIN cancel_dates USING (part, spot)
        WHERE {used} AND exact > 0 AND refunded = 0 GROUP BY part ORDER BY part"""
    ).fetchall()
    notes = []
    for part, rows, amount in found:
        said = {"column": mappings[part][CANCEL], "rows": f"{rows:,}", "amount": f"{amount:,.2f}"}
        notes.append(Note("cancel_dates_kept", {**said, "option": option(CANCEL), "role": CANCEL}, "warning"))
    return notes

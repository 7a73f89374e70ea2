"""Which currency each row is in, by its own column, the sign in the cell or the header; several are never added up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..columns import ColumnMapping
from ..notes import Note, counted
from ..raw import quoted
from ..roles import CURRENCIES, CURRENCY, QUANTITY, UNIT_PRICE, option
from .amounts import NumberForms, currency_sqls, cuts
from .units import contradict, currency_named, meanings, one_currency, same_currency
from .values import DATA, EXACT

ANY = "any"
_MONEY = (tables.AMOUNT, UNIT_PRICE)
# a code, a sign, or a short word such as 积分
_NAMED = re.compile(r"[A-Z]{3,4}|[^\x00-\x7f]{1,4}")


@dataclass(frozen=True)
class Currencies:
    """The currency of the log where it has one, else ``""``, and the expression of a row's currency.

    ``others`` is a condition on that expression for the rows that are in a currency that was not asked for.
    """

    known: str = ""
    sql: str = "NULL::VARCHAR"
    others: str = ""
    notes: tuple[Note, ...] = ()


def look_at_currencies(
    connection: Any,
    forms: Mapping[str, NumberForms],
    mappings: Sequence[ColumnMapping],
    wanted: str | None,
    name: str,
    by_part: Sequence[str] = (),
) -> Currencies:
    """Find the currencies of the rows; refuse several of them unless one, or any, is wanted.

    ``by_part`` holds the currency that the name of each file or sheet states.
    """
    asked = "" if wanted in (None, ANY) else currency_named(str(wanted))
    stated = _stated(connection, forms, mappings)
    if by_part:
        cases = " ".join(f"WHEN {part} THEN {quoted(code)}" for part, code in enumerate(by_part) if code)
        stated.append(f"CASE part {cases} END")
    if not stated:
        _check_named(asked)
        return Currencies(asked, quoted(asked) if asked else "NULL::VARCHAR")
    # the sign of a cell says more than its header, once the user has said which is meant
    if not asked or any(CURRENCY in mapping for mapping in mappings):
        _check_agreement(connection, forms, stated, name)
    sql = f"coalesce({', '.join(stated)}, NULL)"
    _check_others(connection, forms, mappings, sql, asked, name)
    found = Counter[str](
        dict(
            connection.execute(
                f"""SELECT coalesce({sql}, ''), count(*) FROM (SELECT * {cuts(forms)} FROM stage)
            WHERE kind = {DATA} AND customer_id IS NOT NULL AND ({_has_money(forms)})
            GROUP BY 1 ORDER BY 2 DESC, 1"""
            ).fetchall()
        )
    )
    names = frozenset(found) - {""}
    one = one_currency(names)
    if wanted == ANY:
        return Currencies(one or "", sql if one is None else quoted(one))
    if one is None and not asked:
        raise CvmError(
            "reading.several_currencies", source=name, found=counted(found), example=next(filter(None, found))
        )
    fitting = same_currency(asked, names) if asked else names
    if asked and names and not fitting:
        raise CvmError("reading.no_such_currency", source=name, currency=asked, found=counted(found))
    if not names:
        _check_named(asked)
    if one is not None:
        known = asked or one
        notes = [Note("one_currency", {"currency": known})] if known else []
        if one and not asked and 2 * found.get("", 0) > found.total() and not _first_named(connection, forms, sql):
            notes = [Note("few_with_currency", {"currency": known, "found": counted(found)}, "warning")]
        return Currencies(known, quoted(known), "", tuple(notes))
    fits = ", ".join(map(quoted, sorted(fitting)))
    left = sum(count for currency, count in found.items() if currency not in fitting)
    said = {"currency": asked, "rows": f"{left:,}", "found": counted(found)}
    note = Note("currency_taken", said, "warning")
    return Currencies(asked, sql, f"currency IS NULL OR currency NOT IN ({fits})", (note,))


def _check_named(asked: str) -> None:
    """Raise `CvmError` for what cannot be a currency; a log that names its own may call them anything."""
    if asked and meanings(asked) == (asked,) and not _NAMED.fullmatch(asked):
        raise CvmError("reading.unclear_currency", currency=asked)


def _stated(connection: Any, forms: Mapping[str, NumberForms], mappings: Sequence[ColumnMapping]) -> list[str]:
    """Return the expressions of what says a row's currency, the surest first: its column, its cell, its header."""
    stated = [sql for role in _MONEY if role in forms for sql in currency_sqls(role, forms[role])]
    if any(CURRENCY in mapping for mapping in mappings) and not _holds_sums(connection):
        stated.insert(0, _named_sql(connection, CURRENCY))
    return stated


def _named_sql(connection: Any, column: str) -> str:
    """Return the expression of the currency that the words of a column name."""
    words = [
        word
        for (word,) in connection.execute(
            f"SELECT DISTINCT {column} FROM stage WHERE {column} IS NOT NULL AND kind = {DATA}"
        ).fetchall()
    ]
    named = {word: currency_named(word) for word in words}
    cases = " ".join(f"WHEN {quoted(word)} THEN {quoted(name)}" for word, name in named.items() if word != name)
    return f"CASE {column} {cases} ELSE {column} END" if cases else column


def _holds_sums(connection: Any) -> bool:
    """Return whether a column such as 原币 holds amounts; a number of three digits may be a currency."""
    (found,) = connection.execute(
        rf"""SELECT coalesce(bool_or(regexp_full_match({CURRENCY}, '-?[\d.,]+') AND NOT regexp_full_match({CURRENCY},
            '\d{{3}}')), false) FROM stage WHERE kind = {DATA}"""
    ).fetchone()
    return bool(found)


def _check_agreement(connection: Any, forms: Mapping[str, NumberForms], stated: Sequence[str], name: str) -> None:
    """Raise `CvmError` where the column, the cell and the header of an amount name currencies that cannot be one."""
    if len(stated) < 2:
        return
    text = ", ".join(f"{role}_text" for role in _MONEY if role in forms)
    for *names, rows, example in connection.execute(
        f"""SELECT {", ".join(stated)}, count(*), min(coalesce({text}, '')) FROM (SELECT * {cuts(forms)} FROM stage)
        WHERE kind = {DATA} AND ({_has_money(forms)}) GROUP BY ALL ORDER BY ALL"""
    ).fetchall():
        known = list(dict.fromkeys(filter(None, names)))
        if contradict(known):
            said = {"found": ", ".join(known), "rows": f"{rows:,}", "value": example}
            raise CvmError("reading.currencies_disagree", source=name, **said)


def _check_others(
    connection: Any,
    forms: Mapping[str, NumberForms],
    mappings: Sequence[ColumnMapping],
    sql: str,
    asked: str,
    name: str,
) -> None:
    """Raise `CvmError` where the profit, cost, refund or discount beside an amount names another currency."""
    for role in forms.keys() - {*_MONEY, QUANTITY}:
        own = currency_sqls(role, forms[role])
        if any(CURRENCIES[role] in mapping.items for mapping in mappings if role in mapping):
            own.append(_named_sql(connection, CURRENCIES[role]))
        if not own:
            continue
        for part, currency, other, rows, example in connection.execute(
            f"""SELECT part, {sql}, coalesce({", ".join(own)}, NULL), count(*), min({role}_text)
            FROM (SELECT * {cuts(forms)} FROM stage)
            WHERE kind = {DATA} AND ({_has_money(forms)}) AND ({role}_text IS NOT NULL OR {role}_value IS NOT NULL)
                AND coalesce({role}_value, TRY_CAST({role}_text AS {EXACT}), 1) <> 0
            GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
        ).fetchall():
            known = [word for word in (currency, other) if word]
            wanted = not asked or not contradict([asked, *known[:1]])
            if len(known) == 2 and wanted and contradict(known):
                said = {"column": mappings[part][role], "currency": currency, "other": other, "rows": f"{rows:,}"}
                said |= {"role": role, "option": option(role), "value": example or ""}
                raise CvmError("reading.other_currency_column", source=name, **said)


def _first_named(connection: Any, forms: Mapping[str, NumberForms], sql: str) -> bool:
    """Return whether the first amount names its currency, as accounts do that write the sign in the first row only."""
    found = connection.execute(
        f"""SELECT {sql} IS NOT NULL FROM (SELECT rowid AS spot, * {cuts(forms)} FROM stage)
        WHERE kind = {DATA} AND ({_has_money(forms)}) ORDER BY spot LIMIT 1"""
    ).fetchone()
    return bool(found and found[0])


def _has_money(forms: Mapping[str, NumberForms]) -> str:
    roles = [role for role in _MONEY if role in forms]
    return " OR ".join(f"{role}_text IS NOT NULL OR {role}_value IS NOT NULL" for role in roles)

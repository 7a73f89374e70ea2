"""Which currency each row is in, by its own column, the sign in the cell or the header; several are never added up."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..columns import CURRENCY, UNIT_PRICE, ColumnMapping
from ..notes import Note
from ..raw import quoted
from .amounts import NumberForms, currency_sql, cuts
from .units import currency_named, meanings, one_currency, same_currency
from .values import DATA

ANY = "any"
_SHOWN = 8
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
    connection: Any, forms: Mapping[str, NumberForms], mappings: Sequence[ColumnMapping], wanted: str | None, name: str
) -> Currencies:
    """Find the currencies of the rows; refuse several of them unless one, or any, is wanted."""
    asked = "" if wanted in (None, ANY) else currency_named(str(wanted))
    sql = _row_currency(connection, forms, mappings)
    if sql is None:
        _check_named(asked)
        return Currencies(asked, quoted(asked) if asked else "NULL::VARCHAR")
    found: dict[str, int] = dict(
        connection.execute(
            f"""SELECT coalesce({sql}, ''), count(*) FROM (SELECT * {cuts(forms)} FROM stage)
            WHERE kind = {DATA} AND customer_id IS NOT NULL AND ({_has_money(forms)})
            GROUP BY 1 ORDER BY 2 DESC, 1"""
        ).fetchall()
    )
    names = frozenset(found) - {""}
    one = one_currency(names)
    if wanted == ANY:
        return Currencies(one or "", sql if one is None else quoted(one))
    if one is None and not asked:
        raise CvmError(
            "reading.several_currencies", source=name, found=_listed(found), example=next(filter(None, found))
        )
    fitting = same_currency(asked, names) if asked else names
    if asked and names and not fitting:
        raise CvmError("reading.no_such_currency", source=name, currency=asked, found=_listed(found))
    if not names:
        _check_named(asked)
    if one is not None:
        known = asked or one
        return Currencies(known, quoted(known), "", (Note("one_currency", {"currency": known}),) if known else ())
    fits = ", ".join(map(quoted, sorted(fitting)))
    left = sum(count for currency, count in found.items() if currency not in fitting)
    said = {"currency": asked, "rows": f"{left:,}", "found": _listed(found)}
    note = Note("currency_taken", said, "warning")
    return Currencies(asked, sql, f"currency IS NULL OR currency NOT IN ({fits})", (note,))


def _check_named(asked: str) -> None:
    """Raise `CvmError` for what cannot be a currency; a log that names its own may call them anything."""
    if asked and meanings(asked) == (asked,) and not _NAMED.fullmatch(asked):
        raise CvmError("reading.unclear_currency", currency=asked)


def _row_currency(connection: Any, forms: Mapping[str, NumberForms], mappings: Sequence[ColumnMapping]) -> str | None:
    """Return the expression of a row's currency, None if nothing in the source names one."""
    stated = [
        currency_sql(role, forms[role])
        for role in (tables.AMOUNT, UNIT_PRICE)
        if role in forms and _states(forms[role])
    ]
    if any(CURRENCY in mapping for mapping in mappings):
        words = [
            word
            for (word,) in connection.execute(
                f"SELECT DISTINCT {CURRENCY} FROM stage WHERE {CURRENCY} IS NOT NULL AND kind = {DATA}"
            ).fetchall()
        ]
        named = {word: currency_named(word) for word in words}
        cases = " ".join(f"WHEN {quoted(word)} THEN {quoted(name)}" for word, name in named.items() if word != name)
        stated.insert(0, f"CASE {CURRENCY} {cases} ELSE {CURRENCY} END" if cases else CURRENCY)
    return f"coalesce({', '.join(stated)}, NULL)" if stated else None


def _states(form: NumberForms) -> bool:
    cells = any(currency for counts in form.currencies.values() for currency in counts)
    return cells or any(unit.currency for unit in form.units.values())


def _has_money(forms: Mapping[str, NumberForms]) -> str:
    roles = [role for role in (tables.AMOUNT, UNIT_PRICE) if role in forms]
    return " OR ".join(f"{role}_text IS NOT NULL OR {role}_value IS NOT NULL" for role in roles)


def _listed(found: Mapping[str, int]) -> str:
    shown = [f"{currency or '–'} ({count:,})" for currency, count in list(found.items())[:_SHOWN]]
    return ", ".join([*shown, "…"] if len(found) > _SHOWN else shown)

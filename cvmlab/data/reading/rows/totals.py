"""The judged rows added up: suspicious customers, exact sums, samples and warnings → the data report."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from cvmlab.core.words import CvmError, say
from cvmlab.data import tables

from ..columns import ColumnMapping
from ..notes import Note
from ..quality import REASONS, REFUND, USED, BadRow, DataReport, Sum, Unused, merge_sums
from ..raw import RawTable, Source, quoted
from .rules import Rules
from .suspicion import find_suspicious, suspicion_notes
from .verdicts import DATA_ROWS, REASON_CODES, USED_ROWS, set_aside

# The most rows a sheet can hold, in .xls and .xlsx
SHEET_ROWS = frozenset({65_536, 1_048_576})
SAMPLES = 5
#: Money of nobody known that is worth a warning, as a share of all.
_MUCH = Decimal("0.05")
_NAMES = {code: reason for reason, code in REASON_CODES.items()}


def make_report(
    connection: Any,
    stage: Sequence[RawTable],
    mappings: Sequence[ColumnMapping],
    rules: Rules,
    name: str,
    notes: Sequence[Note],
    unused: Sequence[Unused],
) -> DataReport:
    """Exclude suspicious customers from ``log`` and return the data report."""
    # a control: taken before suspicious customers are excluded, and apart from the reasons
    rows, amount = connection.execute(f"SELECT count(*), coalesce(sum(exact), 0) FROM log WHERE {DATA_ROWS}").fetchone()
    if rows == 0:
        raise CvmError("reading.no_rows", source=stage[0].name if len(stage) == 1 else name)
    suspicious = find_suspicious(connection, excluded=not rules.include_suspicious)
    ids = ", ".join(quoted(customer.customer_id) for customer in suspicious if customer.excluded)
    if ids:
        set_aside(connection, "suspicious_customer", f"customer_id IN ({ids})")
    sums = sums_of(connection, stage)
    samples = _samples(connection, stage, mappings)
    first, last, customers = connection.execute(
        f"SELECT min(date), max(date), count(DISTINCT customer_id) FROM log WHERE {USED_ROWS}"
    ).fetchone()
    if not customers:
        _check_end(connection, rules)
        # in a few rows without dates one is easily the sum of the others
        raise _all_bad(name, sums, samples, rows + sum(part.rows for part in sums if part.reason == "total_row"))
    found = (
        *notes,
        *_cut_exports(connection, stage),
        *_lost_digits(connection, mappings),
        *_missing_money(connection, mappings),
        *_of_nobody(connection, mappings, rules),
        *_dates(connection, last, rules),
        *_lone_dates(connection, samples, (first, last)),
        *suspicion_notes(suspicious, asked=rules.include_suspicious),
        *_plain_notes(connection, mappings, customers),
    )
    dates = (first.isoformat(), last.isoformat())
    return DataReport(name, sums, rows, Decimal(amount), samples, suspicious, found, tuple(unused), *dates, customers)


def sums_of(connection: Any, parts: Sequence[Source], which: str = "true") -> tuple[Sum, ...]:
    """Return the exact sums over ``log``, or over its rows for which an SQL condition holds."""
    found = connection.execute(
        f"""SELECT part, year(date) * 100 + month(date) AS month, reason, {USED_ROWS} AND exact < 0 AS refund,
            count(*), coalesce(sum(exact), 0), count(*) FILTER (exact IS NULL)
        FROM log WHERE {which} GROUP BY ALL"""
    ).fetchall()
    return merge_sums(
        Sum(
            parts[part].file,
            parts[part].sheet,
            "" if month is None else f"{month // 100:04d}-{month % 100:02d}",
            REFUND if refund else _NAMES[reason],
            rows,
            Decimal(amount),
            unknown,
        )
        for part, month, reason, refund, rows, amount, unknown in found
    )


def _samples(connection: Any, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]) -> tuple[BadRow, ...]:
    starts = dict(connection.execute("SELECT part, min(rowid) FROM stage GROUP BY part").fetchall())
    quantity = any(tables.AMOUNT not in mapping for mapping in mappings)
    amount = (
        "coalesce(amount_text, concat_ws(' × ', coalesce(quantity_text, quantity_value::VARCHAR), "
        "coalesce(unit_price_text, unit_price_value::VARCHAR)))"
        if quantity
        else "amount_text"
    )
    dated = ", ".join(str(REASON_CODES[reason]) for reason in ("future_date", "after_as_of", "lone_far_date"))
    value = f"""CASE WHEN l.reason = {REASON_CODES["bad_date"]} THEN s.date_text
        WHEN l.reason = {REASON_CODES["bad_amount"]} THEN {amount}
        WHEN l.reason IN ({dated}) THEN l.date::VARCHAR
        WHEN l.reason = {REASON_CODES["duplicate_row"]} THEN l.order_id
        WHEN l.reason = {REASON_CODES["cancelled"]} THEN concat_ws(' ', l.status, l.order_id)
        WHEN l.reason = {REASON_CODES["no_id"]} THEN concat_ws(' ', l.date::VARCHAR, l.exact::DOUBLE::VARCHAR)
        ELSE coalesce(l.customer_id, s.date_text, l.order_id, l.product) END"""
    each_date = f"CASE WHEN reason = {REASON_CODES['lone_far_date']} THEN date END"
    found = connection.execute(
        f"""SELECT l.reason, l.part, l.spot, {value} FROM (
            SELECT * FROM log WHERE NOT ({USED_ROWS})
            QUALIFY row_number() OVER (PARTITION BY reason, {each_date} ORDER BY spot) <= {SAMPLES}
        ) l JOIN stage s ON s.rowid = l.spot ORDER BY l.reason, l.spot"""
    ).fetchall()
    return tuple(
        BadRow(
            _NAMES[reason],
            stage[part].file,
            stage[part].sheet,
            stage[part].place(at - starts[part]),
            "" if value is None else str(value)[:60],
        )
        for reason, part, at, value in found
    )


def _all_bad(name: str, sums: Sequence[Sum], samples: Sequence[BadRow], rows: int) -> CvmError:
    counts = {reason: sum(part.rows for part in sums if part.reason == reason) for reason in REASONS}
    reason = max(counts, key=lambda key: counts[key])
    sample = next(sample for sample in samples if sample.reason == reason)
    source = f"{sample.file} [{sample.sheet}]" if sample.sheet else sample.file
    return CvmError(
        "reading.all_rows_bad",
        source=name,
        rows=f"{rows:,}",
        count=f"{counts[reason]:,}",
        reason=say(f"reading.line_{reason}"),
        place=say("reading.place", source=source, row=sample.row),
        value=sample.value,
        advice=_advice(reason, sample.value),
    )


def _advice(reason: str, value: str) -> str:
    """Return what to do about cells such as the last bad one, where they show it."""
    if reason == "bad_date" and value.isdecimal() and len(value) in (1, 2, 4):
        return " " + say("reading.date_in_parts")
    # see `values.EXACT`
    if reason == "bad_amount" and re.search(r"\d{16}", re.sub(r"[.,]\d{1,2}$|[ ,.']", "", value)):
        return " " + say("reading.amount_too_large")
    # a sign of money that was read in another encoding looks like a foreign letter
    if reason == "bad_amount" and re.fullmatch(r"[^\x00-\x7f]{1,3} ?[\d.,]+|[\d.,]+ ?[^\x00-\x7f]{1,3}", value):
        return " " + say("reading.amount_in_encoding")
    return ""


def _cut_exports(connection: Any, stage: Sequence[RawTable]) -> list[Note]:
    counts = connection.execute("SELECT part, count(*) FROM log GROUP BY part ORDER BY part").fetchall()
    return [
        Note("cut_export", {"source": stage[part].name, "rows": f"{count + above:,}"}, "warning")
        for part, count in counts
        for above in {0, 1, stage[part].first_row - 1}
        if count + above in SHEET_ROWS
    ]


def _columns_of(roles: Iterable[str], mappings: Sequence[ColumnMapping]) -> Iterator[tuple[str, str]]:
    """Yield those of the roles that a part has, each with its column in the first such part."""
    for role in roles:
        yield from ((role, mapping[role]) for mapping in [m for m in mappings if role in m][:1])


def _lost_digits(connection: Any, mappings: Sequence[ColumnMapping]) -> list[Note]:
    notes = []
    for role, column in _columns_of((tables.CUSTOMER_ID, tables.ORDER_ID), mappings):
        # one long id in a thousand ends in 000 by itself
        lost, long, example = connection.execute(
            rf"""SELECT count(*) FILTER (id LIKE '%000' OR id NOT SIMILAR TO '\d+'), count(*),
                min(id) FILTER (id LIKE '%000' OR id NOT SIMILAR TO '\d+')
            FROM (SELECT DISTINCT {role} AS id FROM log
                WHERE length({role}) > 4 AND {role} SIMILAR TO '\d{{16,}}|\d([.,]\d+)?[eE]\+\d+')"""
        ).fetchone()
        if lost and lost > 0.02 * long:
            notes.append(Note("lost_digits", {"count": lost, "column": column, "value": example}, "warning"))
    return notes


def _missing_money(connection: Any, mappings: Sequence[ColumnMapping]) -> list[Note]:
    notes = []
    for role, column in _columns_of((tables.PROFIT, tables.COST), mappings):
        (count,) = connection.execute(f"SELECT count(*) FROM log WHERE {USED_ROWS} AND {role} IS NULL").fetchone()
        if count:
            notes.append(Note("profit_missing", {"column": column, "count": f"{count:,}"}, "warning"))
    return notes


def _of_nobody(connection: Any, mappings: Sequence[ColumnMapping], rules: Rules) -> list[Note]:
    """Warn of much money in rows without a customer, unless the user has said what they are."""
    nobody = f"reason = {REASON_CODES['no_id']}"
    rows, amount, whole = connection.execute(
        f"""SELECT count(*) FILTER ({nobody}), coalesce(sum(exact) FILTER ({nobody}), 0), sum(exact)
        FROM log WHERE exact > 0 AND ({USED_ROWS} OR {nobody})"""
    ).fetchone()
    if rules.fill_down is not None or not amount or amount < _MUCH * whole:
        return []
    said = {"rows": f"{rows:,}", "amount": f"{amount:,.2f}", "share": f"{100 * amount / whole:.0f}"}
    return [Note("money_of_nobody", {"column": mappings[0][tables.CUSTOMER_ID], **said}, "warning")]


def _dates(connection: Any, last: dt.date, rules: Rules) -> list[Note]:
    notes = []
    # three days' grace: a month often closes on a weekend
    end = rules.as_of or last
    if end.day < calendar.monthrange(end.year, end.month)[1] - 3:
        notes.append(Note("part_last_month", {"date": end.isoformat(), "month": end.isoformat()[:7]}, "warning"))
    today = f"DATE '{rules.today.isoformat()}'"
    codes = (REASON_CODES["future_date"], REASON_CODES[USED])
    count, latest = connection.execute(
        f"SELECT count(*), max(date) FROM log WHERE date > {today} AND reason IN {codes}"
    ).fetchone()
    if count:
        key = "future_dates_used" if rules.include_future else "future_dates"
        said = {"count": f"{count:,}", "today": rules.today.isoformat(), "date": latest.isoformat()}
        notes.append(Note(key, said, "warning"))
    return notes


def _check_end(connection: Any, rules: Rules) -> None:
    """Say that the log begins after its as-of date, if that is why no row is left."""
    (first,) = connection.execute(
        f"SELECT min(date) FROM log WHERE reason IN ({REASON_CODES[USED]}, {REASON_CODES['after_as_of']})"
    ).fetchone()
    if rules.as_of is not None and first is not None:
        raise CvmError("reading.as_of_too_early", as_of=rules.as_of.isoformat(), first=first.isoformat())


def _lone_dates(connection: Any, samples: Sequence[BadRow], used: tuple[dt.date, dt.date]) -> list[Note]:
    """Say where lone dates stand, those before and those after all others apart."""
    notes = []
    for key, side in (("lone_early", f"< DATE '{used[0]}'"), ("lone_late", f"> DATE '{used[1]}'")):
        count, date = connection.execute(
            f"SELECT count(*), min(date) FROM log WHERE reason = {REASON_CODES['lone_far_date']} AND date {side}"
        ).fetchone()
        if count:
            row = next(row for row in samples if (row.reason, row.value) == ("lone_far_date", date.isoformat()))
            source = f"{row.file} [{row.sheet}]" if row.sheet else row.file
            said = {"count": f"{count:,}", "source": source, "row": row.row, "date": date.isoformat()}
            notes.append(Note(key, said | {"first": used[0].isoformat(), "last": used[1].isoformat()}, "warning"))
    return notes


def _plain_notes(connection: Any, mappings: Sequence[ColumnMapping], customers: int) -> list[Note]:
    total, nonzero, customer = connection.execute(
        f"SELECT sum(exact), count(*) FILTER (exact <> 0), min(customer_id) FROM log WHERE {USED_ROWS}"
    ).fetchone()
    mapping = mappings[0]
    notes = []
    if not nonzero:
        column = mapping.get(tables.AMOUNT) or mapping["unit_price"]
        notes.append(Note("all_amounts_zero", {"column": column}, "warning"))
    if total < 0:
        notes.append(Note("negative_total", {"amount": f"{total:,.2f}"}, "warning"))
    if customers == 1:
        notes.append(Note("one_customer", {"customer": customer}, "warning"))
    return notes

r"""Cells of text → dates, amounts and ids, as SQL that DuckDB runs over whole columns.

Most columns are of one form, so a column is first looked at as a whole (which *shapes* its dates have: the
text with every digit written as 9), and only the readings that occur are put into the query. What may be
read in two ways is decided on the whole column, never cell by cell: 3/4/2019 alone says nothing, beside
25/4/2019 it is the third of April.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import tables
from ..errors import CvmError
from .columns import NUMBERS, QUANTITY, TEXTS, UNIT_PRICE, ColumnMapping, row_pattern, values_of
from .files import RawTable, quoted

# kinds of rows, told before any value is read
DATA, TOTAL, HEADER, BLANK, BROKEN = range(5)
EXACT = "DECIMAL(38, 6)"
_FACTOR = "DECIMAL(18, 6)"  # two of them multiply without overflow
_BLANKS = "' \t\n\r\u00a0\u3000\ufeff'"
_FULL = "０１２３４５６７８９．，－＋（）￥＄／：−–"
_HALF = "0123456789.,-+()¥$/:--"
_CURRENCIES = "RMB|CNY|USD|EUR|GBP|JPY|HKD|TWD|US|[¥$€£₩₹元圆\\s\u00a0\u202f\u2009'’]"
_FIRST_DAY, _LAST_DAY = "DATE '1900-01-01'", "DATE '2199-12-31'"
_NAMED = re.compile(r"^(9{1,2}[- ]?[A-Za-z]{3,9}\.?,?[- ]?(9{4}|9{2})|[A-Za-z]{3,9}\.? ?9{1,2},? 9{4})(?=$|[\s,T])")
_TIME = r"[\sT]*9{1,2}:9{2}(:9{2}([.,]9+)?)?\s*([AaPp]\.?[Mm]\.?)?\s*"
_ZONE = re.compile(rf"{_TIME}(Z|z|UTC|GMT|[+-]9{{2}}:?(9{{2}})?)$")


def create_macros(connection: Any) -> None:
    """Teach a DuckDB connection to clean cells: ``trimmed``, ``known``, ``fast_date``, ``bare_number`` and more."""
    missing = ", ".join(quoted(word) for word in values_of("missing_value"))
    tidy = quoted(r"[^\s\x{a0}\x{3000}\x{feff}='](.*[^\s\x{a0}\x{3000}\x{feff}])?")
    for name, body in {
        # most cells need no trimming, and to see that is four times as fast as to trim
        "trimmed(t)": f"CASE WHEN regexp_full_match(t, {tidy}) THEN t ELSE trim(t, {_BLANKS}) END",
        # ="007" and '007 are how exports force a spreadsheet to keep text
        "unwrapped(t)": f"""CASE WHEN starts_with(t, '="') AND ends_with(t, '"') THEN trim(t[3:-2], {_BLANKS})
            WHEN starts_with(t, '''') AND t[2] BETWEEN '0' AND '9' THEN t[2:] ELSE t END""",
        "filled(t)": "nullif(t, '')",
        "known(t)": f"CASE WHEN t = '' OR lower(t) IN ({missing}) THEN NULL ELSE t END",
        "id_known(t)": rf"""CASE WHEN t = '' OR lower(t) IN ({missing}) THEN NULL
            WHEN ends_with(t, '0') AND regexp_full_match(t, '\d+\.0+') THEN split_part(t, '.', 1) ELSE t END""",
        "half_width(t)": f"translate(t, {quoted(_FULL)}, {quoted(_HALF)})",
        "shape(t)": "translate(half_width(t), '0123456789', '9999999999')",
        "fast_date(t)": "CASE WHEN length(t) = 10 THEN TRY_CAST(t AS DATE) END",
        "year4(y)": "CASE WHEN length(y) = 4 THEN y WHEN y < '70' THEN '20' || y ELSE '19' || y END",
        "bare_number(t)": f"regexp_replace(upper(half_width(t)), {quoted(_CURRENCIES)}, '', 'g')",
        "signed(n)": r"""CASE WHEN regexp_full_match(n, '\(.*\)') THEN '-' || n[2:-2]
            WHEN ends_with(n, '-') AND NOT starts_with(n, '-') THEN '-' || n[:-2] ELSE n END""",
        "grouped(n)": r"""CASE WHEN regexp_full_match(n, '[+-]?(\d+|\d{1,3}(,\d{3})+|)(\.\d*)?(E[+-]?\d+)?')
            THEN replace(n, ',', '') END""",
        "point_number(t)": "grouped(signed(bare_number(t)))",
        "comma_number(t)": "grouped(translate(signed(bare_number(t)), '.,', ',.'))",
    }.items():
        connection.execute(f"CREATE OR REPLACE TEMP MACRO {name} AS {body}")


def stage_query(number: int, table: RawTable, mapping: ColumnMapping, keep: Sequence[str], zone: str | None) -> str:
    """Return the query that takes the needed cells of a raw table, cleaned but not yet read.

    Columns out: ``part``, ``kind`` (data, total, repeated header, blank, broken), ``hash`` of the whole row where
    there is an order id, each text role, ``date_text`` and ``date_value``, ``<role>_text`` and ``<role>_value``
    of each number, and the kept columns. Parts line up by position whatever their own columns are called.
    """
    cell = {name: f"c{position}" for position, name in enumerate(table.columns)}
    kind = dict(zip(table.columns, table.types, strict=True))
    # text to be cleaned, and what is asked of it once it is clean
    texts: dict[str, tuple[str, str]] = {}
    ready = {"kind": f"{_kind(table, mapping)}::UTINYINT", "hash": _hash(table, mapping)}
    for role in TEXTS:
        name = mapping.get(role)
        words = "id_known" if role in (tables.CUSTOMER_ID, tables.ORDER_ID, tables.PHONE) else "known"
        texts[role] = ("NULL::VARCHAR" if name is None else _text(cell[name], kind[name]), words)
    name = mapping[tables.DATE]
    text, ready["date_value"] = _date(cell[name], kind[name], zone, table, mapping)
    texts["date_text"] = (text, "id_known")
    for role in NUMBERS:
        name = mapping.get(role)
        text, value = ("NULL::VARCHAR", "NULL") if name is None else _number(cell[name], kind[name])
        texts[f"{role}_text"], ready[f"{role}_value"] = (text, "filled"), f"{value}::{EXACT}"
    for position, name in enumerate(keep):
        text = _text(cell[name], kind[name]) if name in cell else "NULL::VARCHAR"
        texts[f"k{position}"] = (text, "filled")
    # One step a layer: nested macros would repeat each other's text until the planner drowns in it
    others = ", ".join(ready)
    trimmed = ", ".join(f"trimmed({text}) AS {name}" for name, (text, _) in texts.items())
    given = ", ".join(f"{sql} AS {name}" for name, sql in ready.items())
    unwrapped = ", ".join(f"unwrapped({name}) AS {name}" for name in texts)
    known = ", ".join(f"{words}({name}) AS {name}" for name, (_, words) in texts.items())
    return (
        f"SELECT {number}::USMALLINT AS part, {others}, {known} FROM (SELECT {others}, {unwrapped} "
        f"FROM (SELECT {given}, {trimmed} FROM {table.scan}))"
    )


def _text(cell: str, kind: str) -> str:
    if kind == "VARCHAR":
        return cell
    if kind in ("DOUBLE", "FLOAT"):
        return (
            f"CASE WHEN isnan({cell}) THEN NULL WHEN {cell} = floor({cell}) AND abs({cell}) < 1e15 "
            f"THEN {cell}::HUGEINT::VARCHAR ELSE {cell}::VARCHAR END"
        )
    return f"{cell}::VARCHAR"


def _date(cell: str, kind: str, zone: str | None, table: RawTable, mapping: ColumnMapping) -> tuple[str, str]:
    if kind == "TIMESTAMP WITH TIME ZONE":
        if zone is None:
            raise CvmError("reading.aware_dates", source=table.name, column=mapping[tables.DATE], value=kind)
        return "NULL::VARCHAR", f"timezone({quoted(zone)}, {cell})::DATE"
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return "NULL::VARCHAR", f"TRY_CAST({cell} AS DATE)"
    return _text(cell, kind), "NULL::DATE"


def _number(cell: str, kind: str) -> tuple[str, str]:
    if kind == "VARCHAR":
        return cell, "NULL"
    return f"CASE WHEN TRY_CAST({cell} AS {EXACT}) IS NULL THEN {cell}::VARCHAR END", f"TRY_CAST({cell} AS {EXACT})"


def _kind(table: RawTable, mapping: ColumnMapping) -> str:
    cells = [f"c{position}" for position in range(len(table.columns))]
    texts = [cell for cell, kind in zip(cells, table.types, strict=True) if kind == "VARCHAR"]
    everything = [*cells, "extra"] if table.has_extra else cells
    numbers = {mapping.get(role) for role in NUMBERS}
    role_cells = [
        cells[position]
        for position, name in enumerate(table.columns)
        if name in mapping.columns.values() and name not in numbers and cells[position] in texts
    ]
    # 合计 often stands in a column that is not used: line number, warehouse
    other_cells = [
        cells[position]
        for position, name in enumerate(table.columns[:8])
        if name not in numbers and cells[position] in texts and cells[position] not in role_cells
    ]
    sure, likely = row_pattern("total_row", 1), row_pattern("total_row", 2)
    date = cells[table.columns.index(mapping[tables.DATE])]
    no_date = f"({date} IS NULL OR trim({date}::VARCHAR) = '' OR {_matches(date, likely)})"
    total = [_matches(cell, sure) for cell in role_cells]
    total += [f"(length({cell}) <= 16 AND {_matches(cell, sure)})" for cell in other_cells]
    total += [f"({_matches(cell, likely)} AND {no_date})" for cell in (*role_cells, *other_cells)]
    # one test a cell rules most rows out
    gate = " OR ".join(_matches(cell, f"{sure}|{likely}") for cell in (*role_cells, *other_cells))
    header = " AND ".join(
        f"trim({cells[position]}) = {quoted(name)}"
        for position, name in enumerate(table.columns)
        if name in (mapping[tables.CUSTOMER_ID], mapping[tables.DATE]) and cells[position] in texts
    )
    blank = f"trim(concat_ws('', {', '.join(everything)})) = ''"
    # the first cell alone rules most rows out
    cases = [f"WHEN coalesce(trim({cells[0]}::VARCHAR), '') = '' AND {blank} THEN {BLANK}"]
    if total:
        cases.append(f"WHEN ({gate}) AND ({' OR '.join(total)}) THEN {TOTAL}")
    if header:
        cases.append(f"WHEN {header} THEN {HEADER}")
    if table.has_extra:
        cases.append(f"WHEN extra <> '' THEN {BROKEN}")
    return f"CASE {' '.join(cases)} ELSE {DATA} END"


def _matches(cell: str, pattern: str) -> str:
    whole = rf"(?i)\s*(?:{pattern})\s*[:：]?\s*"
    return f"regexp_full_match({cell}::VARCHAR, {quoted(whole)})"


def _hash(table: RawTable, mapping: ColumnMapping) -> str:
    """Return a hash of all cells in the order of the column names, so that it is the same across files."""
    if tables.ORDER_ID not in mapping:
        return "NULL::UBIGINT"
    order = sorted(range(len(table.columns)), key=lambda position: table.columns[position])
    return f"hash({', '.join(f'c{position}' for position in order)})"


@dataclass(frozen=True)
class DateForms:
    """How the dates of all parts are written.

    Attributes
    ----------
    forms
        Which readings occur: ``ymd``, ``compact``, ``serial``, ``day_month``, ``named``, ``zoned``.
    day_first
        Parts whose day stands before the month.
    """

    forms: frozenset[str]
    day_first: frozenset[int]


def form_of(shape: str) -> str | None:
    """Return the reading of a date's shape, None if it is none.

    Examples
    --------
    >>> form_of("9999年99月9日"), form_of("9/99/9999 9:99"), form_of("99999"), form_of("soon")
    ('ymd', 'day_month', 'serial', None)
    """
    if re.match(r"9{4}[-/.年]9{1,2}[-/.月]9{1,2}(?!9)", shape):
        return "zoned" if _ZONE.search(shape) else "ymd"
    if re.match(r"(9{8}|9{12}|9{14})($|[\sT])", shape):
        return "compact"
    if re.fullmatch(r"9{5}(\.9+)?", shape):
        return "serial"
    if re.match(r"9{1,2}([-/.])9{1,2}\1(9{4}|9{2})($|[\s,T])", shape):
        return "day_month"
    return "named" if _NAMED.match(shape) else None


def look_at_dates(
    connection: Any, names: Mapping[int, tuple[str, str]], day_first: bool | None, zone: str | None
) -> DateForms:
    """Decide how the dates are written, on the whole column of each part.

    Parameters
    ----------
    connection
        Holds the table ``stage``.
    names
        Part to (source, date column) for messages.
    day_first
        The user's word on 3/4/2019, None to decide.
    zone
        The user's time zone, None if dates with one are refused.

    Raises
    ------
    CvmError
        If dates carry a time zone and none is chosen, or day and month cannot be told apart.
    """
    number = r"TRY_CAST(regexp_extract(half_width(date_text), '^(\d{{1,2}})[-/.](\d{{1,2}})[-/.]', {}) AS INTEGER)"
    rows = connection.execute(
        f"""SELECT part, shape(date_text) AS shape, count(*), min(date_text),
            max({number.format(1)}), max({number.format(2)})
        FROM stage WHERE kind = {DATA} AND date_text IS NOT NULL AND fast_date(date_text) IS NULL
        GROUP BY ALL ORDER BY count(*) DESC, part, shape LIMIT 5000"""
    ).fetchall()
    forms: set[str] = set()
    slashed: dict[int, list[tuple[int, int, str]]] = {}
    for part, shape, _, example, first, second in rows:
        form = form_of(shape)
        if form is None:
            continue
        if form == "zoned" and zone is None:
            source, column = names[part]
            raise CvmError("reading.aware_dates", source=source, column=column, value=example)
        forms.add(form)
        if form == "day_month":
            dotted = "." in shape.split(" ")[0]
            # 31.12.2019 with points is written day first wherever it is written at all
            slashed.setdefault(part, []).append((first, 0 if dotted and second <= 12 else second, example))
            if dotted and first <= 12 and second <= 12:
                slashed[part].append((13, 0, example))
    if day_first is not None:
        return DateForms(frozenset(forms), frozenset(slashed) if day_first else frozenset())
    return DateForms(frozenset(forms), _day_first_parts(slashed, names))


def _day_first_parts(
    slashed: Mapping[int, Sequence[tuple[int, int, str]]], names: Mapping[int, tuple[str, str]]
) -> frozenset[int]:
    decided: dict[int, bool] = {}
    undecided: list[int] = []
    for part, found in slashed.items():
        day, month = any(first > 12 for first, _, _ in found), any(second > 12 for _, second, _ in found)
        if day and month:
            raise _unclear("mixed_day_month", part, names, [example for *_, example in found])
        if day or month:
            decided[part] = day
        else:
            undecided.append(part)
    # files of one export are written alike: those that are clear speak for the others
    votes = set(decided.values())
    if undecided and len(votes) != 1:
        raise _unclear("unclear_day_month", undecided[0], names, [slashed[undecided[0]][0][2]])
    if undecided and votes == {True}:
        decided |= dict.fromkeys(undecided, True)
    return frozenset(part for part, first in decided.items() if first)


def _unclear(key: str, part: int, names: Mapping[int, tuple[str, str]], examples: Iterable[str]) -> CvmError:
    source, column = names[part]
    return CvmError(f"reading.{key}", source=source, column=column, value=", ".join(list(examples)[:3]))


def date_sql(forms: DateForms, zone: str | None) -> str:
    """Return the expression that reads ``date_text`` in the forms that occur; NULL where none fits."""
    text = "half_width(date_text)"
    days = ", ".join(map(str, sorted(forms.day_first)))
    pair = r"'^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?:$|[\s,T])'"
    one, two, year = (f"regexp_extract({text}, {pair}, {group})" for group in (1, 2, 3))
    month_first = f"TRY_CAST(year4({year}) || '-' || {one} || '-' || {two} AS DATE)"
    day_first = f"TRY_CAST(year4({year}) || '-' || {two} || '-' || {one} AS DATE)"
    ymd = (
        rf"TRY_CAST(translate(regexp_extract({text}, '^(\d{{4}}[-/.年]\d{{1,2}}[-/.月]\d{{1,2}})(?:$|\D)', 1), "
        "'/.年月', '----') AS DATE)"
    )
    serial = f"TRY_CAST({text} AS DOUBLE)"
    words = r"'^(\d{1,2})[- ]?([A-Za-z]{3})[A-Za-z]*\.?,?[- ]?(\d{4}|\d{2})(?:$|[\s,T])'"
    words_us = r"'^([A-Za-z]{3})[A-Za-z]*\.? ?(\d{1,2}),? (\d{4})(?:$|[\s,T])'"

    def named(pattern: str, day: int, month: int) -> str:
        parts = [f"regexp_extract({text}, {pattern}, {group})" for group in (day, month, 3)]
        return f"try_strptime({parts[0]} || ' ' || {parts[1]} || ' ' || year4({parts[2]}), '%d %b %Y')::DATE"

    readings = {
        "ymd": ymd,
        "compact": rf"CASE WHEN regexp_matches({text}, '^(\d{{8}}|\d{{12}}|\d{{14}})($|[\sT])') "
        f"THEN try_strptime(left({text}, 8), '%Y%m%d')::DATE END",
        # 18264 is 1 January 1950, 73050 the last day of 2099
        "serial": rf"CASE WHEN regexp_full_match({text}, '\d{{5}}(\.\d+)?') AND {serial} BETWEEN 18264 AND 73051 "
        f"THEN DATE '1899-12-30' + floor({serial})::INTEGER END",
        "day_month": f"CASE WHEN part IN ({days}) THEN {day_first} ELSE {month_first} END" if days else month_first,
        "named": f"coalesce({named(words, 1, 2)}, {named(words_us, 2, 1)})",
    }
    tried = ["date_value", "fast_date(date_text)"]
    if "zoned" in forms.forms and zone is not None:
        moment = rf"regexp_matches({text}, ':.*(Z|z|UTC|GMT|[+-]\d{{2}}:?(\d{{2}})?)$')"
        # DuckDB knows 08:00:00+08:00, shops write 08:00:00 +0800
        offset = rf"regexp_replace({text}, '\s*([+-]\d{{2}}):?(\d{{2}})$', '\1:\2')"
        local = f"timezone({quoted(zone)}, TRY_CAST({offset} AS TIMESTAMPTZ))::DATE"
        tried.append(f"CASE WHEN {moment} THEN {local} END")
        readings["ymd"] = ymd
    tried += [sql for form, sql in readings.items() if form in forms.forms]
    value = f"coalesce({', '.join(tried)})"
    return f"CASE WHEN {value} BETWEEN {_FIRST_DAY} AND {_LAST_DAY} THEN {value} END"


@dataclass(frozen=True)
class NumberForms:
    """How the numbers of one role are written: whether any needs more than a cast, and where the comma is decimal."""

    plain: bool
    comma: frozenset[int]


def look_at_numbers(connection: Any, role: str) -> NumberForms:
    """Decide on the whole column of each part whether 1,234 is a thousand or a little more than one.

    A comma is decimal where some number shows it (12,50 or 1.234,5) and none shows a decimal point.
    """
    bare = f"bare_number({role}_text)"
    comma = r"'[-+(]*(\d{1,3}(\.\d{3})+,\d+|\d+,(\d{1,2}|\d{4,})|\d{4,},\d+)[-)]*'"
    point = r"'[-+(]*(\d{1,3}(,\d{3})+\.\d+|\d*\.(\d{0,2}|\d{4,})|\d{4,}\.\d+)[-)]*'"
    rows = connection.execute(
        f"""SELECT part, count_if(regexp_full_match({bare}, {comma})), count_if(regexp_full_match({bare}, {point}))
        FROM stage
        WHERE kind = {DATA} AND {role}_text IS NOT NULL
            AND part IN (SELECT DISTINCT part FROM stage WHERE TRY_CAST({role}_text AS {EXACT}) IS NULL
                AND {role}_text IS NOT NULL AND kind = {DATA})
        GROUP BY part"""
    ).fetchall()
    return NumberForms(not rows, frozenset(part for part, comma, point in rows if comma and not point))


def number_sql(role: str, forms: NumberForms) -> str:
    """Return the expression that reads a number role as an exact decimal; NULL where it is none."""
    plain = f"TRY_CAST({role}_text AS {EXACT})"
    if forms.plain:
        return f"coalesce({role}_value, {plain})"
    read = f"coalesce({plain}, TRY_CAST(point_number({role}_text) AS {EXACT}))"
    if forms.comma:
        parts = ", ".join(map(str, sorted(forms.comma)))
        read = f"CASE WHEN part IN ({parts}) THEN TRY_CAST(comma_number({role}_text) AS {EXACT}) ELSE {read} END"
    return f"coalesce({role}_value, {read})"


def amount_sql(expressions: Mapping[str, str], computed: Collection[int]) -> str:
    """Return the amount: read, or quantity × unit price in the parts where it is computed."""
    if not computed:
        return expressions[tables.AMOUNT]
    parts = ", ".join(map(str, sorted(computed)))
    quantity, price = (f"TRY_CAST({expressions[role]} AS {_FACTOR})" for role in (QUANTITY, UNIT_PRICE))
    product = f"TRY_CAST({quantity} * {price} AS {EXACT})"
    return f"CASE WHEN part IN ({parts}) THEN {product} ELSE {expressions[tables.AMOUNT]} END"

r"""Raw cells → the table ``stage``: the cells of each role, cleaned but not yet read, as SQL over whole columns.

Most columns are of one form, so a column is first looked at as a whole, and only the readings that occur are put into
the query: `amounts` and `dates` read the cells, `ids` folds the ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..columns import ColumnMapping
from ..raw import MOST_IDLE, Idle, RawTable, quoted
from ..role_names import is_called, rank_of, row_pattern, values_of
from ..roles import (
    CANCEL,
    CURRENCIES,
    CURRENCY,
    DISCOUNT_RATE,
    FURTHER,
    GIFT,
    ITEM_PRICE,
    ITEM_QUANTITY,
    LEDGER,
    MONEY_UNIT,
    NUMBERS,
    PRICE_UNIT,
    RETURN,
    STATUS,
    TEXTS,
    TYPE,
    UNIT_PRICE,
)
from .header_zones import header_zone

# kinds of rows, known before any value is read
DATA, TOTAL, HEADER, BLANK, BROKEN = range(5)
_WORDS = (
    STATUS,
    *FURTHER,
    LEDGER,
    CURRENCY,
    RETURN,
    TYPE,
    GIFT,
    CANCEL,
    DISCOUNT_RATE,
    ITEM_QUANTITY,
    ITEM_PRICE,
    MONEY_UNIT,
)
# no money is 1e15 or more, and the sum of what is smaller never overflows
EXACT = "DECIMAL(21, 6)"
_BLANKS = "' \t\n\r\u00a0\u3000\ufeff'"
_FULL = "０１２３４５６７８９．，－＋（）￥＄／：％−–—‐‑﹣٫٬"
_HALF = "0123456789.,-+()¥$/:%------.'"
# digits of Arabic, Persian, Hindi, Bengali and Thai
_DIGITS = "".join(chr(zero + digit) for zero in (0x660, 0x6F0, 0x966, 0x9E6, 0xE50) for digit in range(10))
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
# signs without width, such as the marks of direction around what is copied from a web page or a chat
_UNSEEN = r"[\x{00AD}\x{061C}\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}\x{FEFF}]"
# a soft hyphen before a number, as printed lists have it
_SOFT_MINUS = r"^\s*\x{00AD}(\s*\d)"
_APOSTROPHES = "’‘ʼ´′"
_ODD = _FULL + _SPACES + _APOSTROPHES + _DIGITS
_EVEN = _HALF + " " * len(_SPACES) + "'" * len(_APOSTROPHES) + "0123456789" * (len(_DIGITS) // 10)
_NUMERALS = "〇零○一二三四五六七八九"
_GROUPED = r"'(\d+|\d{1,3}(,\d{3})+|\d{1,3}( \d{3})+|\d{1,3}(''\d{3})+|\d{1,2}(,\d{2})+,\d{3}|)(\.\d*)?([eE][+-]?\d+)?'"


_NO_TEXT = "NULL::VARCHAR"
# what makes the date of a cell easy to read
_DAY_STEPS = ("spread", "chinese", "evened", "arabic", "joined", "year_last")


def create_macros(connection: Any) -> None:
    """Define the macros that clean cells: ``trimmed``, ``known``, ``fast_date``, ``bare_number`` and more."""
    missing = ", ".join(quoted(word) for word in values_of("missing_value"))
    tidy = quoted(r"[^\s\x{a0}\x{3000}\x{feff}='`](.*[^\s\x{a0}\x{3000}\x{feff}])?")
    for name, body in {
        "visible(t)": f"""CASE WHEN strlen(t) <> length(t) AND regexp_matches(t, {quoted(_UNSEEN)})
            THEN regexp_replace(t, {quoted(_UNSEEN)}, '', 'g') ELSE t END""",
        "visible_number(t)": f"""CASE WHEN strlen(t) <> length(t)
            THEN visible(regexp_replace(t, {quoted(_SOFT_MINUS)}, '-\\1')) ELSE t END""",
        # most cells need no trimming, and to see that is four times as fast as to trim
        "trimmed(t)": f"CASE WHEN regexp_full_match(t, {tidy}) THEN t ELSE trim(t, {_BLANKS}) END",
        # ="007", '007 and `007 are how exports force a spreadsheet to keep text
        "unwrapped(t)": f"""CASE WHEN starts_with(t, '="') AND ends_with(t, '"') THEN trim(t[3:-2], {_BLANKS})
            WHEN starts_with(t, '''') AND t[2] BETWEEN '0' AND '9' THEN t[2:]
            WHEN starts_with(t, '`') THEN t[2:] ELSE t END""",
        "filled(t)": "nullif(t, '')",
        "known(t)": f"CASE WHEN t = '' OR lower(t) IN ({missing}) THEN NULL ELSE t END",
        "id_known(t)": rf"""CASE WHEN t = '' OR lower(t) IN ({missing}) THEN NULL
            WHEN ends_with(t, '0') AND regexp_full_match(t, '\d+\.0+') THEN split_part(t, '.', 1) ELSE t END""",
        # later years may be those of another era
        "fast_date(t)": "CASE WHEN length(t) = 10 AND t < '2400' THEN TRY_CAST(t AS DATE) END",
        "year4(y)": "CASE length(y) WHEN 4 THEN y WHEN 2 THEN CASE WHEN y < '70' THEN '20' ELSE '19' END || y END",
        # to see that a cell needs no change is many times as fast as to change it
        "evened(t)": f"""CASE WHEN strlen(t) <> length(t) AND regexp_matches(t, {quoted(f"[{_ODD}]")})
            THEN translate(t, {quoted(_ODD)}, {quoted(_EVEN)}) ELSE t END""",
        # 二〇二四年二月二十五日
        "arabic(t)": rf"""CASE WHEN contains(t, '年') AND regexp_matches(t, '[{_NUMERALS}十].*[月日]')
            THEN translate(regexp_replace(regexp_replace(regexp_replace(regexp_replace(t,
            '([二三])十([一二三四五六七八九])', '\1\2', 'g'), '([二三])十', '\10', 'g'),
            '十([一二三四五六七八九])', '1\1', 'g'), '十', '10', 'g'), '{_NUMERALS}', '000123456789') ELSE t END""",
        "joined(t)": r"CASE WHEN contains(t, '. ') THEN regexp_replace(t, '(\d)\. ', '\1.', 'g') ELSE t END",
        # Mon Jan  4 10:00:00 2021, as C and Unix write it
        "year_last(t)": r"""CASE WHEN t[-5] = ' ' AND contains(t, ':')
            THEN regexp_replace(t, '( \d{1,2}:\d{2}:\d{2}(?: [A-Z]+)?) (\d{4})$', ' \2\1') ELSE t END""",
        # 20240105T1200Z and 20240105T120000+0800 are 2024-01-05T12:00 with their zone
        "spread(t)": r"""CASE WHEN regexp_matches(t, '^\d{8}T\d{4}.*(Z|[+-]\d\d(:?\d\d)?)$')
            THEN regexp_replace(regexp_replace(t, '^(\d{8}T\d{4})(\d\d)', '\1:\2'),
            '^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(:\d\d(?:[.,]\d+)?)?(Z|[+-]\d\d(?::?\d\d)?)$',
            '\1-\2-\3T\4:\5\6\7') ELSE t END""",
        # 2024년 2월 15일 is Korean, 令和元年 the first year of an era
        "chinese(t)": r"""CASE WHEN contains(t, '년')
            THEN regexp_replace(t, '(\d)\s?년\s*(\d{1,2})\s?월\s*(\d{1,2})\s?일', '\1年\2月\3日')
            WHEN contains(t, '元年') THEN replace(t, '元年', '1年') ELSE t END""",
        "shape(t)": "translate(t, '0123456789', '9999999999')",
        # Rs.500, Fr. 5.-- and 5:- hold signs that are no decimal points and no minus
        "written(t)": r"""CASE WHEN regexp_matches(t, '[\pL/]\.|[.,:] ?-')
            THEN regexp_replace(regexp_replace(t, '([\pL/])\.', '\1', 'g'), '[.,:] ?-{1,2}(\D*)$', '\1') ELSE t END""",
        "point_digits(n)": f"CASE WHEN regexp_full_match(n, {_GROUPED}) THEN regexp_replace(n, '[, '']', '', 'g') END",
        "comma_digits(n)": "point_digits(translate(n, '.,', ',.'))",
    }.items():
        connection.execute(f"CREATE OR REPLACE TEMP MACRO {name} AS {body}")


def with_day_text(table: str) -> str:
    """Return a table with the column ``day_text`` that `dates.date_sql` needs beside those of ``stage``."""
    # 31.12.2023. ends with a point in some countries
    bare = r"CASE WHEN regexp_matches(date_text, '\d\.$') THEN rtrim(date_text, '.') ELSE date_text END"
    table = f"(SELECT *, {bare} AS day_text FROM {table})"
    # in one expression each step would be written several times into the next
    for step in _DAY_STEPS:
        table = f"(SELECT * REPLACE ({step}(day_text) AS day_text) FROM {table})"
    return table


def stage_query(
    number: int,
    table: RawTable,
    mapping: ColumnMapping,
    keep: Sequence[str],
    zone: str | None,
    elsewhere: str = _NO_TEXT,
    idle: Sequence[Idle] = (),
) -> str:
    """Return the query that takes the needed cells of a raw table, cleaned but not yet read."""
    cell = {name: f"c{position}" for position, name in enumerate(table.columns)}
    kind = dict(zip(table.columns, table.types, strict=True))
    own = {table.columns[position]: f"n{position}" for position in table.numbers}
    # text to be cleaned, and what is asked of it once it is clean
    texts: dict[str, tuple[str, str]] = {}
    ready = {"kind": f"{_kind(table, mapping)}::UTINYINT", "hash": _hash(table)}
    ready["elsewhere"] = elsewhere
    ready |= {f"idle{place}": idle[place].cell if place < len(idle) else _NO_TEXT for place in range(MOST_IDLE)}
    ready["footnote"] = _footnote(table, mapping)
    for role in TEXTS:
        name = mapping.get(role)
        words = "id_known" if role in (tables.CUSTOMER_ID, tables.ORDER_ID, tables.PHONE) else "known"
        texts[role] = (_NO_TEXT if name is None else _text(cell[name], kind[name]), words)
    if is_called(mapping.get(TYPE) or "", "sign_name") or TYPE in mapping.chosen & mapping.columns.keys():
        texts[TYPE] = (_sign(texts[TYPE][0]), "known")
    texts[LEDGER] = (_ledger_line({n: cell[n] for n in mapping.wordings if kind[n] == "VARCHAR"}), "known")
    name = mapping[tables.DATE]
    text, ready["date_value"] = _date(cell[name], kind[name], zone, table, mapping)
    texts["date_text"] = (text, "id_known")
    for role in NUMBERS:
        name = mapping.get(role)
        text, value = (_NO_TEXT, "NULL") if name is None else _number(cell[name], kind[name], own.get(name))
        texts[f"{role}_text"], ready[f"{role}_value"] = (text, "filled"), f"{value}::{EXACT}"
    for role in (ITEM_QUANTITY, ITEM_PRICE, MONEY_UNIT, PRICE_UNIT, *dict.fromkeys(CURRENCIES.values())):
        name = mapping.items.get(role)
        texts[role] = (_NO_TEXT if name is None else _text(cell[name], kind[name]), "known")
    for role in FURTHER:
        name = mapping.statuses.get(role)
        texts[role] = (_NO_TEXT if name is None else _text(cell[name], kind[name]), "known")
    for position, name in enumerate(keep):
        text = _text(cell[name], kind[name]) if name in cell else _NO_TEXT
        texts[f"k{position}"] = (text, "filled")
    # One step a layer: nested macros would repeat each other's text until the planner drowns in it
    others = ", ".join(ready)
    # names and products may need them, and ids are folded by themselves
    shown = dict.fromkeys(("date_text", *_WORDS), "visible") | {f"{role}_text": "visible_number" for role in NUMBERS}
    written = {name: text for name, (text, _) in texts.items() if text != _NO_TEXT}
    seen = ", ".join(f"{shown.get(name, '')}({text}) AS {name}" for name, text in written.items())
    trimmed = ", ".join(f"trimmed({name}) AS {name}" for name in written)
    given = ", ".join(f"{sql} AS {name}" for name, sql in ready.items())
    unwrapped = ", ".join(f"unwrapped({name}) AS {name}" for name in written)
    known = ", ".join(
        f"{f'{words}({name})' if name in written else _NO_TEXT} AS {name}" for name, (_, words) in texts.items()
    )
    return (
        f"SELECT {number}::USMALLINT AS part, {others}, {known} FROM (SELECT {others}, {unwrapped} "
        f"FROM (SELECT {others}, {trimmed} FROM (SELECT {given}, {seen} FROM {table.scan})))"
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


def _ledger_line(cells: Mapping[str, str]) -> str:
    """Return the words by which a row is a line of a ledger that is no sale, such as its opening balance."""
    balance, *paid = (row_pattern(role) for role in ("ledger_word", "receipt_word", "payment_word"))
    # a remark on a sale may say that it was paid
    words = {name: balance if rank_of(name, LEDGER) == 2 else "|".join((balance, *paid)) for name in cells}
    cases = [
        f"WHEN length({cell}) <= 60 AND {_matches(cell, words[name])} THEN rtrim({cell}, ' :：')"
        for name, cell in cells.items()
    ]
    return f"CASE {' '.join(cases)} END" if cases else _NO_TEXT


def _sign(cell: str) -> str:
    """Return the signs of a column of signs in words: a minus by itself would be a missing value."""
    sign = f"trim({cell})"
    return (
        f"CASE WHEN {sign} IN ('-', '−', '–', '-1') THEN 'minus' WHEN {sign} IN ('+', '1') THEN 'plus' ELSE {cell} END"
    )


def _date(cell: str, kind: str, zone: str | None, table: RawTable, mapping: ColumnMapping) -> tuple[str, str]:
    # DuckDB's zoned moments: TIMESTAMP WITH TIME ZONE, and TIMESTAMPTZ_NS of nanoseconds
    if kind.startswith("TIMESTAMP") and ("TZ" in kind or "TIME ZONE" in kind):
        if zone is None:
            raise CvmError("reading.aware_dates", source=table.name, column=mapping[tables.DATE], value=kind)
        return "NULL::VARCHAR", f"timezone({quoted(zone)}, {cell}::TIMESTAMPTZ)::DATE"
    if kind.startswith("TIMESTAMP") and header_zone(mapping[tables.DATE]):
        return f"{cell}::TIMESTAMP::VARCHAR", "NULL::DATE"
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return "NULL::VARCHAR", f"TRY_CAST({cell} AS DATE)"
    return _text(cell, kind), "NULL::DATE"


def _number(cell: str, kind: str, own: str | None) -> tuple[str, str]:
    if own is not None:
        value = f"TRY_CAST({own} AS {EXACT})"
        # the text of a number still says its currency
        return f"CASE WHEN {value} IS NULL OR contains({cell}, ' ') THEN {cell} END", value
    if kind == "VARCHAR":
        return cell, "NULL"
    if kind == "BOOLEAN":
        return f"{cell}::VARCHAR", "NULL"
    if kind == "FLOAT":
        # as it is written: 123456.78, not the 123456.78125 that comes next to it
        cell = f"{cell}::VARCHAR::DOUBLE"
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
    who, date = (cells[table.columns.index(mapping[role])] for role in (tables.CUSTOMER_ID, tables.DATE))
    no_date = f"(coalesce(trim({date}::VARCHAR), '') = '' OR {_matches(date, f'{sure}|{likely}')})"
    unfinished = f"(coalesce(trim({who}::VARCHAR), '') = '' OR {no_date})"
    # a customer, a date and an amount make a purchase, whatever it is called but the balance of a ledger
    balance = row_pattern("ledger_word")
    total = [_matches(cell, sure) for cell in role_cells if cell in (who, date)]
    total += [f"({_matches(who, balance)} AND NOT {_matches(who, likely)})" for cell in role_cells if cell == who]
    total += [f"({_matches(cell, sure)} AND {unfinished})" for cell in role_cells if cell not in (who, date)]
    total += [f"(length({cell}) <= 16 AND {_matches(cell, sure)} AND {unfinished})" for cell in other_cells]
    total += [f"({_matches(cell, likely)} AND {no_date})" for cell in (*role_cells, *other_cells)]
    # one test a cell rules most rows out
    gate = " OR ".join(
        _matches(cell, f"{sure}|{likely}|{balance}" if cell == who else f"{sure}|{likely}")
        for cell in (*role_cells, *other_cells)
    )
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


def _footnote(table: RawTable, mapping: ColumnMapping) -> str:
    """Return the text of a row without a date and an amount, or of its only cell: it may be a remark or a title."""
    places = {name: f"c{place}" for place, name in enumerate(table.columns)}
    date = f"coalesce(trim({places[mapping[tables.DATE]]}::VARCHAR), '')"
    money = [places[mapping[role]] for role in (tables.AMOUNT, UNIT_PRICE) if role in mapping]
    empty = [f"coalesce(trim({cell}::VARCHAR), '') = ''" for cell in money]
    said = f"trim(concat_ws(' ', {', '.join(list(places.values())[:8])}))"
    alone = " AND ".join([*empty, f"({date} = '' OR {said} = {date})"])
    return f"CASE WHEN {alone} THEN {said} END"


def _matches(cell: str, pattern: str) -> str:
    whole = rf"(?i)\s*(?:{pattern})\s*[:：]?\s*"
    return f"regexp_full_match({cell}::VARCHAR, {quoted(whole)})"


def _hash(table: RawTable) -> str:
    """Return a hash of all cells in the order of the column names, so that it is the same across files."""
    order = sorted(range(len(table.columns)), key=lambda position: table.columns[position])
    return f"hash({', '.join(f'c{position}' for position in order)})"

r"""Dates of every form → SQL that DuckDB runs over whole columns: days, months without a day, moments since 1970.

Which *shapes* a column's dates have (the text with every digit written as 9) is looked at first. The order of three
plain numbers is decided in `day_order`, on the whole column; names of months in many languages lie in
``rules/months.csv``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from cvmlab.core.words import CvmError, read_table
from cvmlab.data import tables

from ..notes import Note
from ..raw import quoted
from ..role_names import unaccented
from ..roles import UNIT_PRICE
from .after_dates import NO_TIME, ends_well, has_zone
from .day_order import KINDS, decide_orders, order_sql
from .header_zones import take_header_zones
from .values import DATA, with_day_text

_FIRST_DAY, _LAST_DAY = "DATE '1900-01-01'", "DATE '2199-12-31'"
#: Forms of digits alone → shape, and what fits; taken only where every cell of that shape fits, as a number may be
#: anything.
DIGITS = {"month_number": ("9{6}", r"(19[7-9]\d|20\d\d)(0[1-9]|1[0-2])"), "epoch": ("(9{10}|9{13})", r"1\d{9}(\d{3})?")}
# WORD is the name of a month; each has groups for it, the day and the year
_NAMED = {
    "day_word_year": r"^(?:WORD\.?,?\s+)?(\d{1,2})(?:\.|º|°|st|nd|rd|th|er|re)?[-/\s.]*(?:(?:de|di|of|d)[\s'])?"
    r"(WORD)\.?,?[-/\s]*(?:(?:de|del|of)\s+)?'?(\d{4}|\d{2})(?:$|[\s,Tг])",
    "word_day_year": r"^(?:WORD\.?,?\s+)?(WORD)\.?[-/\s]*(\d{1,2})(?:st|nd|rd|th)?,?[-/\s]\s*'?(\d{4}|\d{2})"
    r"(?:$|[\s,T])",
    "year_word_day": r"^(\d{4})[-/\s](WORD)\.?[-/\s](\d{1,2})(?:$|[\s,T])",
}
_NAMED_PLACES = {"day_word_year": (3, 2, 1), "word_day_year": (3, 1, 2), "year_word_day": (1, 2, 3)}
_NAMED_MONTH = r"^(WORD)(?:\.?\s(?:de\s|del\s)?(\d{4})|[-/'](\d{4}|\d{2}))$"
_YEAR_FIRST = {
    "ymd": r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})(?:$|\D)",
    "short_year": r"^(\d{2})年(\d{1,2})月(\d{1,2})(?:$|\D)",
    "republic": r"^(?:中?華?民[國国])?\s?(\d{3})[-/.年](\d{1,2})[-/.月](\d{1,2})(?:$|\D)",
    **{
        era: rf"^(?:{names})\s?(\d{{1,2}})[-/.年](\d{{1,2}})[-/.月](\d{{1,2}})(?:$|\D)"
        for era, names in {"reiwa": "令和|R\\.?", "heisei": "平成|H\\.?", "showa": "昭和|S\\.?"}.items()
    },
    "republic_named": r"^中?華?民[國国]\s?(\d{2})[-/.年](\d{1,2})[-/.月](\d{1,2})(?:$|\D)",
}
# the year before the first one of an era
_ERAS = {"republic": 1911, "republic_named": 1911, "reiwa": 2018, "heisei": 1988, "showa": 1925}
_MONTH = re.compile(r"9{4}([-/]9{1,2}|年9{1,2}月份?)")
_NO_DAY = re.compile(
    r"(?i)9{4}[- ]?W9{1,2}([- ]?9)?|9{4}[- ]?Q9|Q9[- ]9{4}|9{4}年?第9{1,2}[周週季](度)?|9{4}年?[上下]半年"
)
_CLOCK = r"(\d{1,2}:\d{2}(?::\d{2})?)(?:[.,]\d+)?"
_PLACE = r"\[?[A-Za-z]+(?:/[A-Za-z_]+)+\]?"
_OWN = rf"(Z|z|(?:UTC|GMT)?\s*[+-]\d{{1,2}}:?(?:\d{{2}})?|UTC|GMT|{_PLACE})"
_ZONE = rf"{_CLOCK}\s*{_OWN}(?:\s*(?:\(.*\)|\[.*\]|[A-Z]{{2,5}}))?$"
_OTHER_ZONE = re.compile(
    rf"{_CLOCK}\s*(?:[AaPp]\.?[Mm]\.?\s*[^\s.]\S*|(?![AaPp]\.?[Mm]|(?:SA|CH|OO|OS)$)[A-Z]{{2,5}})$"
)
_FAST = "9999-99-99"
#: A form that contradicts the others in at most this share of the rows makes bad dates, not a question.
STRAY = 0.01
_FEW = 4

# of the days of a column, one in so many must show that the day stands before the month
_SWAPPED_SHARE = 4


@dataclass(frozen=True)
class DateForms:
    """Which forms of dates occur, the order of their numbers by part and kind, and the names of their months."""

    forms: frozenset[str]
    orders: Mapping[tuple[int, str], str]
    words: Mapping[str, int]
    # parts with dates such as 31.12.2019
    dotted: frozenset[int] = frozenset()
    zoned: bool = False
    # the shapes of plain dates, where others hold more than a date, and whether some times are none
    plain: frozenset[str] = frozenset()
    no_times: bool = False
    notes: tuple[Note, ...] = ()


@cache
def _months() -> dict[str, int]:
    return {_bare(word): int(row["month"]) for row in read_table("rules/months") for word in row["words"].split("|")}


def _bare(word: str) -> str:
    """Return a word without capitals and accents, as ``strip_accents(lower(word))`` does in SQL."""
    return unaccented(word.lower())


@cache
def _python(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("WORD", r"[^\W\d_]+"))


def _named(text: str) -> tuple[str, str] | None:
    """Return the form of a date that has the shape of one with a named month, and the word in the month's place."""
    words = [
        (form, match[_NAMED_PLACES[form][1]])
        for form, pattern in _NAMED.items()
        if (match := _python(pattern).match(text)) is not None
    ]
    if (match := _python(_NAMED_MONTH).match(text)) is not None:
        words.append(("named_month", match[1]))
    return next((named for named in words if _bare(named[1]) in _months()), words[0] if words else None)


def form_of(shape: str) -> str | None:
    """Return the form of a date by its shape (``9999-99-99``), None if it is not one."""
    for form, pattern in (*_YEAR_FIRST.items(), *KINDS.items()):
        if form not in ("eight", "six") and re.match(pattern, shape):
            return form
    if re.match(r"(9{8}|9{12}|9{14})($|[\sT])", shape):
        return "compact"
    if re.fullmatch(r"9{5}(\.9+)?", shape):
        return "serial"
    if _MONTH.fullmatch(shape):
        return "month"
    for form, (digits, _) in DIGITS.items():
        if re.fullmatch(digits, shape):
            return form
    named = _named(shape)
    return named[0] if named and _bare(named[1]) in _months() else None


def look_at_dates(
    connection: Any,
    names: Mapping[int, tuple[str, str]],
    *,
    day_first: bool | None,
    year_first: bool | None,
    zone: str | None,
    today: dt.date | None,
) -> DateForms:
    """Decide how the dates are written, on the whole column of each part (its source and column in ``names``)."""
    connection.execute("CREATE OR REPLACE TEMP MACRO full_year(part, y) AS year4(y)")
    zone_notes = take_header_zones(connection, names, zone)
    rows = _shapes(connection)
    plain = _plain_shapes(connection, rows, names)
    no_times = any(row[-1] for row in rows)
    notes = [*zone_notes, *_read_buddhist_years(connection, rows, names)]
    rows = [row for row in rows if not plain or row[1] in plain]
    if not rows:
        return DateForms(frozenset(), {}, {})
    zoned = _check_zones(rows, names, zone)
    _check_words(rows, names)
    unlike = {form_of(shape) for _, shape, fits, *_ in rows if not fits} & DIGITS.keys()
    forms: set[str] = set()
    triples: set[tuple[int, str]] = set()
    words: dict[str, int] = {}
    dotted = set()
    for part, shape, *_ in rows:
        form = form_of(shape)
        if form == "month_number" and form in unlike:
            form = "six"
        if form is None or form in unlike:
            continue
        forms.add(form)
        if form in KINDS or form == "compact":
            triples.add((part, "eight" if form == "compact" else form))
        if form == "day_month" and "." in shape.split(" ")[0]:
            dotted.add(part)
        if (named := _named(shape)) is not None and form in (*_NAMED, "named_month"):
            words[_bare(named[1])] = _months()[_bare(named[1])]
    orders = decide_orders(connection, triples, names, day_first=day_first, year_first=year_first, today=today)
    if "ymd" in forms:
        _check_year_day_month(connection, names)
    if day_first is None:
        _check_swapped(connection, orders, names)
    notes += _notes(forms, orders, names, zone if zoned or "epoch" in forms else None)
    return DateForms(frozenset(forms), orders, words, frozenset(dotted), zoned, plain, no_times, tuple(notes))


def _shapes(connection: Any) -> list[tuple[Any, ...]]:
    """Return of each part's shapes, by frequency: what `look_at_dates` asks of them.

    Part, shape, whether digits alone fit their form, an example, rows, Buddhist years, times that are none.
    """
    fitting = "|".join(pattern for _, pattern in DIGITS.values())
    # a line below the table, such as when it was printed, is no evidence
    idle = " AND ".join(
        [
            "customer_id IS NULL",
            *(f"{role}_text IS NULL AND {role}_value IS NULL" for role in (tables.AMOUNT, UNIT_PRICE)),
        ]
    )
    rows: list[tuple[Any, ...]] = connection.execute(
        f"""SELECT part, shape(day_text) AS shape, bool_and(CASE WHEN length(date_text) IN (6, 10, 13)
                THEN regexp_full_match(date_text, '{fitting}') ELSE false END),
            min(date_text), count(*), count(*) FILTER (regexp_matches(date_text, '(^|\\D)2[456]\\d\\d(\\D|$)')),
            count(*) FILTER (regexp_matches(day_text, '{NO_TIME}'))
        FROM {with_day_text("stage")} WHERE kind = {DATA} AND date_text IS NOT NULL AND fast_date(date_text) IS NULL
            AND NOT ({idle})
        GROUP BY ALL ORDER BY count(*) DESC, part, shape LIMIT 5000"""
    ).fetchall()
    return rows


def _plain_shapes(
    connection: Any, rows: Sequence[tuple[Any, ...]], names: Mapping[int, tuple[str, str]]
) -> frozenset[str]:
    """Return the shapes of plain dates if there are others too; refuse a column that mostly holds more than dates."""
    plain, more = set(), Counter[int]()
    examples: dict[int, str] = {}
    for part, shape, _, example, count, *_ in rows:
        form = form_of(shape)
        if form is None or ends_well(_rest(shape, form)):
            plain.add(shape)
        else:
            more[part] += count
            examples.setdefault(part, example)
    for part, count in more.items():
        [(filled,)] = connection.execute(
            f"SELECT count(*) FROM stage WHERE kind = {DATA} AND part = {part} AND date_text IS NOT NULL"
        ).fetchall()
        if 2 * count > filled:
            source, column = names[part]
            raise CvmError("reading.more_than_dates", source=source, column=column, value=examples[part])
    # what `fast_date` reads is not among the rows
    return frozenset({_FAST, *plain}) if more else frozenset()


def _rest(shape: str, form: str) -> str:
    """Return what stands behind the date in a shape of this form."""
    pattern = {**_YEAR_FIRST, **KINDS, **_NAMED, "compact": r"(9{8})"}.get(form)
    found = pattern and _python(pattern.replace(r"\d", "9")).match(shape)
    return shape[max(map(found.end, range(1, found.re.groups + 1))) :] if found else ""


def _check_zones(rows: Sequence[tuple[Any, ...]], names: Mapping[int, tuple[str, str]], zone: str | None) -> bool:
    """Return whether dates carry a time zone; refuse them without a zone to convert to, and zones of many meanings."""
    zoned = False
    fitting = {form_of(shape) for _, shape, fits, *_ in rows if not fits}
    for part, shape, _, example, *_ in rows:
        form, aware = form_of(shape), re.search(_ZONE, shape) is not None
        # 20240215T101500Z
        unread = not aware and form is not None and has_zone(_rest(shape, form))
        if form is None:
            continue
        said = {"source": names[part][0], "column": names[part][1], "value": example}
        # who names the place of the times means these letters, which stand for one zone
        lettered = zone is not None and re.search(r" ([PME][SD]?T|CDT|CES?T|JST|KST)$", shape)
        if (unread or (not aware and _OTHER_ZONE.search(shape))) and not lettered:
            raise CvmError("reading.unclear_zone", **said)
        if (aware or (form == "epoch" and form not in fitting)) and zone is None:
            raise CvmError("reading.aware_dates" if aware else "reading.epoch_dates", **said)
        zoned = zoned or aware or bool(lettered)
    return zoned


def _check_words(rows: Sequence[tuple[Any, ...]], names: Mapping[int, tuple[str, str]]) -> None:
    """Refuse names of months that are not known, and weeks or quarters, unless they are stray cells."""
    dated: Counter[int] = Counter()
    unknown: dict[int, Counter[str]] = {}
    without_day: Counter[int] = Counter()
    examples: dict[int, str] = {}
    for part, shape, _, example, count, *_ in rows:
        named = _named(shape)
        dated[part] += count
        if named and form_of(shape) is None:
            unknown.setdefault(part, Counter())[named[1]] += count
        if _NO_DAY.fullmatch(shape):
            without_day[part] += count
            examples.setdefault(part, example)
    for part, count in without_day.items():
        if count > STRAY * dated[part]:
            source, column = names[part]
            raise CvmError("reading.dates_without_day", source=source, column=column, value=examples[part])
    for part, found in unknown.items():
        if found.total() > STRAY * dated[part]:
            source, column = names[part]
            said = ", ".join(word for word, _ in found.most_common(6))
            raise CvmError("reading.unknown_months", source=source, column=column, words=said)


def _read_buddhist_years(
    connection: Any, rows: Sequence[tuple[Any, ...]], names: Mapping[int, tuple[str, str]]
) -> list[Note]:
    """Take 543 from the years of parts whose dates are all of the 25th or 26th century."""
    found: Counter[int] = Counter()
    for part, *_, buddhist, _ in rows:
        found[part] += buddhist
    if not found.total():
        return []
    totals = dict(
        connection.execute(
            f"SELECT part, count(*) FROM stage WHERE kind = {DATA} AND date_text IS NOT NULL GROUP BY 1"
        ).fetchall()
    )
    parts = [part for part, count in found.items() if count >= (1 - STRAY) * totals[part]]
    if parts:
        listed = ", ".join(map(str, parts))
        connection.execute(
            f"""CREATE OR REPLACE TEMP MACRO full_year(part, y) AS CASE WHEN part IN ({listed}) AND y > '2400'
                THEN (TRY_CAST(y AS INTEGER) - 543)::VARCHAR ELSE year4(y) END"""
        )
    return [Note("buddhist_years", {"source": names[part][0], "column": names[part][1]}, "warning") for part in parts]


def _check_year_day_month(connection: Any, names: Mapping[int, tuple[str, str]]) -> None:
    """Refuse columns such as 2024-25-03, 2024-04-03, whose second date would be read wrong."""
    first, second = (f"TRY_CAST(regexp_extract(day, '{_YEAR_FIRST['ymd']}', {place}) AS INTEGER)" for place in (2, 3))
    found = connection.execute(
        f"""SELECT part, count(*) FILTER (one > 12 AND one <= 31 AND two <= 12) AS swapped,
            count(*) FILTER (one <= 12 AND two > 12),
            count(*), min(day) FILTER (one > 12)
        FROM (SELECT part, day, {first} AS one, {second} AS two FROM (
            SELECT DISTINCT part, left(day_text, 11) AS day FROM {with_day_text("stage")} WHERE kind = {DATA}))
        GROUP BY part HAVING swapped > 0 ORDER BY part"""
    ).fetchall()
    for part, swapped, usual, days, example in found:
        # in a year 19 days of 31 show it; one alone is a slip of the pen
        if swapped > usual and _SWAPPED_SHARE * swapped > days:
            source, column = names[part]
            raise CvmError("reading.year_day_month", source=source, column=column, value=example.strip())


def _check_swapped(
    connection: Any, orders: Mapping[tuple[int, str], str], names: Mapping[int, tuple[str, str]]
) -> None:
    """Refuse columns where a spreadsheet has taken 3/4/2019 for a date of the other order and left 25/4/2019 as text.

    The dates that it made then all have days up to 12, the texts that it left none.
    """
    for (part, kind), order in orders.items():
        if kind != "day_month" or order == "ymd":
            continue
        text = order_sql(kind, order)
        made = r"""coalesce(date_value, fast_date(date_text), CASE WHEN regexp_full_match(date_text, '\d{5}')
            THEN DATE '1899-12-30' + TRY_CAST(date_text AS INTEGER) END)"""
        [found] = connection.execute(
            f"""SELECT count(DISTINCT made), max(day(made)), min(made), count(DISTINCT text), min(day(text)),
                min(date_text) FILTER (text IS NOT NULL)
            FROM (SELECT date_text, {made} AS made, {text} AS text FROM {with_day_text("stage")}
            WHERE kind = {DATA} AND part = {part})"""
        ).fetchall()
        dates, latest, date, texts, earliest, example = found
        if dates >= _FEW and texts >= _FEW and latest <= 12 < earliest:
            source, column = names[part]
            option = "yes" if order == "dmy" else "no"
            said = {"date": date.isoformat(), "value": example, "option": option}
            raise CvmError("reading.swapped_dates", source=source, column=column, **said)


def _notes(
    forms: set[str], orders: Mapping[tuple[int, str], str], names: Mapping[int, tuple[str, str]], zone: str | None
) -> list[Note]:
    by_order: dict[str, list[str]] = {}
    for (part, kind), order in orders.items():
        if kind != "eight" or order != "ymd":
            by_order.setdefault(order, []).append(names[part][0])
    keys = {"dmy": "day_first_read", "mdy": "month_first_read", "ymd": "year_first_read"}
    notes = [
        Note(keys[order], {"sources": ", ".join(dict.fromkeys(sources))}) for order, sources in sorted(by_order.items())
    ]
    for key, some in {
        "serial_dates": {"serial"},
        "months_read": {"month", "named_month", "month_number"},
        "republic_years": {"republic", "republic_named"},
        "japanese_years": {"reiwa", "heisei", "showa"},
    }.items():
        notes += [Note(key)] if forms & some else []
    return [*notes, Note("timezone_used", {"zone": zone})] if zone else notes


def idle_options(
    forms: DateForms, columns: Iterable[str], *, zone: str | None, day_first: bool | None
) -> Iterator[Note]:
    """Yield a note on each option that changed nothing; ``columns`` are the types of the columns with dates."""
    if zone is not None and not (
        forms.zoned or "epoch" in forms.forms or any("TZ" in kind or "ZONE" in kind for kind in columns)
    ):
        yield Note("option_idle", {"option": "--timezone"})
    if day_first is not None and not forms.orders:
        yield Note("option_idle", {"option": "--day-first"})


def date_sql(forms: DateForms, zone: str | None) -> str:
    """Return the expression that reads ``date_text`` and ``day_text`` in the forms that occur; NULL where none fits."""
    text = "day_text"
    serial = f"TRY_CAST({text} AS DOUBLE)"
    readings = {
        **{form: _year_first(text, form, pattern) for form, pattern in _YEAR_FIRST.items()},
        "compact": rf"CASE WHEN regexp_matches({text}, '^(\d{{8}}|\d{{12}}|\d{{14}})($|[\sT])') "
        f"THEN try_strptime(left({text}, 8), '%Y%m%d')::DATE END",
        # 18264 is 1 January 1950, 73050 the last day of 2099
        "serial": rf"CASE WHEN regexp_full_match({text}, '\d{{5}}(\.\d+)?') AND {serial} BETWEEN 18264 AND 73051 "
        f"THEN DATE '1899-12-30' + floor({serial})::INTEGER END",
        **{form: _with_word(text, form, forms.words) for form in _NAMED},
        **_month_readings(text, forms.words),
    }
    days = [sql for form, sql in readings.items() if form in forms.forms]
    days += [
        f"CASE WHEN part = {part} THEN {order_sql(kind, order)} END" for (part, kind), order in forms.orders.items()
    ]
    if "epoch" in forms.forms and zone is not None:
        seconds = f"TRY_CAST({text} AS BIGINT) / CASE WHEN length({text}) = 13 THEN 1000 ELSE 1 END"
        days.append(
            f"CASE WHEN regexp_full_match({text}, '{DIGITS['epoch'][1]}') "
            f"THEN timezone({quoted(zone)}, to_timestamp({seconds}))::DATE END"
        )
    day = f"coalesce({', '.join(days)})" if days else "NULL::DATE"
    bad = [f"shape({text}) NOT IN ({', '.join(map(quoted, sorted(forms.plain)))})"] if forms.plain else []
    bad += [f"regexp_matches({text}, '{NO_TIME}')"] if forms.no_times else []
    if bad:
        day = f"CASE WHEN NOT ({' OR '.join(bad)}) THEN {day} END"
    if forms.zoned and zone is not None:
        day = _in_zone(day, text, zone)
    value = f"coalesce(date_value, fast_date(date_text), {day})"
    return f"CASE WHEN {value} BETWEEN {_FIRST_DAY} AND {_LAST_DAY} THEN {value} END"


def _groups(text: str, pattern: str, *groups: int) -> list[str]:
    spoken = quoted(pattern.replace("WORD", r"[\pL\pM]+"))
    return [f"regexp_extract({text}, {spoken}, {group})" for group in groups]


def _year_first(text: str, form: str, pattern: str) -> str:
    year, month, day = _groups(text, pattern, 1, 2, 3)
    years = f"full_year(part, {year})"
    if form in _ERAS:
        years = f"(TRY_CAST({year} AS INTEGER) + {_ERAS[form]})::VARCHAR"
    return f"TRY_CAST({years} || '-' || {month} || '-' || {day} AS DATE)"


def _number_of(word: str, words: Mapping[str, int]) -> str:
    cases = " ".join(f"WHEN {quoted(name)} THEN '{number}'" for name, number in words.items())
    return f"CASE strip_accents(lower({word})) {cases or 'WHEN NULL THEN NULL'} END"


def _with_word(text: str, form: str, words: Mapping[str, int]) -> str:
    year, word, day = _groups(text, _NAMED[form], *_NAMED_PLACES[form])
    return f"TRY_CAST(full_year(part, {year}) || '-' || {_number_of(word, words)} || '-' || {day} AS DATE)"


def _month_readings(text: str, words: Mapping[str, int]) -> dict[str, str]:
    """Return the expressions that read months without a day as their last day, when all has happened."""
    word, long, short = _groups(text, _NAMED_MONTH, 1, 2, 3)

    def last_day(year: str, month: str) -> str:
        return f"last_day(TRY_CAST(full_year(part, {year}) || '-' || {month} || '-01' AS DATE))"

    return {
        "month": last_day(*_groups(text, r"^(\d{4})[-/年](\d{1,2})(?:月份?)?$", 1, 2)),
        "month_number": last_day(*_groups(text, r"^(\d{4})(\d{2})$", 1, 2)),
        "named_month": last_day(f"({long} || {short})", _number_of(word, words)),
    }


def _in_zone(day: str, text: str, zone: str) -> str:
    """Return the day in a zone of a moment that is written with its own zone, in all its spellings."""
    clock, own = _groups(text, _ZONE, 1, 2)
    # DuckDB knows 08:00:00+08:00, others write 08:00:00 +0800, UTC+8 and [Asia/Shanghai]
    offset = f"trim({own}, '[]')"
    for pattern, better in (
        (r"^(?:UTC|GMT)?\s*([+-].*)$", r"\1"), (r"^([+-])(\d)(:|$)", r"\10\2\3"), (r"^([+-]\d{2}):?(\d{2})$", r"\1:\2"),
        (r"^([A-Za-z].*)$", r" \1"), (r"^ [Zz]$", " UTC"),
    ):  # fmt: skip
        offset = f"regexp_replace({offset}, {quoted(pattern)}, {quoted(better)})"
    moment = f"TRY_CAST(({day})::VARCHAR || ' ' || {clock} || {offset} AS TIMESTAMPTZ)"
    return f"CASE WHEN {own} <> '' THEN timezone({quoted(zone)}, {moment})::DATE ELSE {day} END"

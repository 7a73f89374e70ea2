r"""Dates of every form → SQL that DuckDB runs over whole columns: days, months without a day, moments since 1970.

Which *shapes* a column's dates have (the text with every digit written as 9) is looked at first; what may be read in
two ways is decided on the whole column, never cell by cell: 3/4/2019 alone says nothing, beside 25/4/2019 it is the
third of April.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cvmlab.core.words import CvmError

from .raw import quoted
from .values import DATA

_FIRST_DAY, _LAST_DAY = "DATE '1900-01-01'", "DATE '2199-12-31'"
_NAMED = re.compile(r"^(9{1,2}[- ]?[A-Za-z]{3,9}\.?,?[- ]?(9{4}|9{2})|[A-Za-z]{3,9}\.? ?9{1,2},? 9{4})(?=$|[\s,T])")
_MONTH = re.compile(r"9{4}([-/]9{1,2}|年9{1,2}月份?)")
_NAMED_MONTH = re.compile(r"[A-Za-z]{3,9}(\.? 9{4}|[-/'’](9{4}|9{2}))")
#: Forms of digits alone → shape, and what fits; taken only where every cell of that shape fits, as a number may be
#: anything.
DIGITS = {"month_number": ("9{6}", r"(19[7-9]\d|20\d\d)(0[1-9]|1[0-2])"), "epoch": ("(9{10}|9{13})", r"1\d{9}(\d{3})?")}
_TIME = r"[\sT]*9{1,2}:9{2}(:9{2}([.,]9+)?)?\s*([AaPp]\.?[Mm]\.?)?\s*"
_ZONE = re.compile(rf"{_TIME}(Z|z|UTC|GMT|[+-]9{{2}}:?(9{{2}})?)$")


@dataclass(frozen=True)
class DateForms:
    """Which forms of dates occur, by the keys of `form_of`, and the parts whose day stands before the month."""

    forms: frozenset[str]
    day_first: frozenset[int]
    # parts with dates such as 31.12.2019
    dotted: frozenset[int] = frozenset()


def form_of(shape: str) -> str | None:
    """Return the form of a date by its shape (``9999-99-99``), None if it is not one."""
    if re.match(r"9{4}[-/.年]9{1,2}[-/.月]9{1,2}(?!9)", shape):
        return "zoned" if _ZONE.search(shape) else "ymd"
    if re.match(r"(9{8}|9{12}|9{14})($|[\sT])", shape):
        return "compact"
    if re.fullmatch(r"9{5}(\.9+)?", shape):
        return "serial"
    if re.match(r"9{1,2}([-/.])9{1,2}\1(9{4}|9{2})($|[\s,T])", shape):
        return "day_month"
    if _MONTH.fullmatch(shape):
        return "month"
    for form, (digits, _) in DIGITS.items():
        if re.fullmatch(digits, shape):
            return form
    return "named" if _NAMED.match(shape) else "named_month" if _NAMED_MONTH.fullmatch(shape) else None


def look_at_dates(
    connection: Any, names: Mapping[int, tuple[str, str]], day_first: bool | None, zone: str | None
) -> DateForms:
    """Decide how the dates are written, on the whole column of each part (its source and column in ``names``)."""
    number = r"TRY_CAST(regexp_extract(half_width(date_text), '^(\d{{1,2}})[-/.](\d{{1,2}})[-/.]', {}) AS INTEGER)"
    fitting = "|".join(pattern for _, pattern in DIGITS.values())
    rows = connection.execute(
        f"""SELECT part, shape(date_text) AS shape, bool_and(CASE WHEN length(date_text) IN (6, 10, 13)
                THEN regexp_full_match(date_text, '{fitting}') ELSE false END),
            min(date_text), max({number.format(1)}), max({number.format(2)})
        FROM stage WHERE kind = {DATA} AND date_text IS NOT NULL AND fast_date(date_text) IS NULL
        GROUP BY ALL ORDER BY count(*) DESC, part, shape LIMIT 5000"""
    ).fetchall()
    forms: set[str] = set()
    slashed: dict[int, list[tuple[int, int, str]]] = {}
    unlike = {form_of(shape) for _, shape, fits, *_ in rows if not fits} & DIGITS.keys()
    for part, shape, _, example, first, second in rows:
        form = form_of(shape)
        if form is None or form in unlike:
            continue
        if form in ("zoned", "epoch") and zone is None:
            source, column = names[part]
            key = "aware_dates" if form == "zoned" else "epoch_dates"
            raise CvmError(f"reading.{key}", source=source, column=column, value=example)
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
    one, two, year = _groups(text, pair, 1, 2, 3)
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
        parts = _groups(text, pattern, day, month, 3)
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
        **_month_readings(text),
    }
    tried = ["date_value", "fast_date(date_text)"]
    if "zoned" in forms.forms and zone is not None:
        moment = rf"regexp_matches({text}, ':.*(Z|z|UTC|GMT|[+-]\d{{2}}:?(\d{{2}})?)$')"
        # DuckDB knows 08:00:00+08:00, shops write 08:00:00 +0800
        offset = rf"regexp_replace({text}, '\s*([+-]\d{{2}}):?(\d{{2}})$', '\1:\2')"
        local = f"timezone({quoted(zone)}, TRY_CAST({offset} AS TIMESTAMPTZ))::DATE"
        tried.append(f"CASE WHEN {moment} THEN {local} END")
    if "epoch" in forms.forms and zone is not None:
        seconds = f"TRY_CAST({text} AS BIGINT) / CASE WHEN length({text}) = 13 THEN 1000 ELSE 1 END"
        digits = DIGITS["epoch"][1]
        readings["epoch"] = (
            f"CASE WHEN regexp_full_match({text}, '{digits}') "
            f"THEN timezone({quoted(zone)}, to_timestamp({seconds}))::DATE END"
        )
    tried += [sql for form, sql in readings.items() if form in forms.forms]
    value = f"coalesce({', '.join(tried)})"
    return f"CASE WHEN {value} BETWEEN {_FIRST_DAY} AND {_LAST_DAY} THEN {value} END"


def _groups(text: str, pattern: str, *groups: int) -> list[str]:
    return [f"regexp_extract({text}, {pattern}, {group})" for group in groups]


def _month_readings(text: str) -> dict[str, str]:
    """Return the expressions that read months without a day as their last day, when all has happened."""
    numbers = r"'^(\d{4})[-/年](\d{1,2})(?:月份?)?$'"
    digits = r"'^(\d{4})(\d{2})$'"
    words = r"'^([A-Za-z]{3})[A-Za-z]*(?:\. | |[-/''’])(\d{4}|\d{2})$'"

    def last_day(pattern: str) -> str:
        year, month = _groups(text, pattern, 1, 2)
        return f"last_day(TRY_CAST({year} || '-' || {month} || '-01' AS DATE))"

    month, year = _groups(text, words, 1, 2)
    return {
        "month": last_day(numbers),
        "month_number": last_day(digits),
        "named_month": f"last_day(try_strptime('1 ' || {month} || ' ' || year4({year}), '%d %b %Y')::DATE)",
    }

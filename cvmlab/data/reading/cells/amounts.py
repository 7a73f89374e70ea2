r"""Numbers of every form → SQL that DuckDB runs over whole columns.

A cell is cut into the number and what stands around it; the few different surroundings are understood one by one (see
`units`). What a comma or a point means is decided on the whole column: 1.234 alone may be a thousand or a little more
than one; beside 12.50 it is the latter. Where the column does not decide, the other columns of numbers do, then the
habits of the country that the file shows, and else the user is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cvmlab.core.words import CvmError
from cvmlab.data import tables

from ..columns import ColumnMapping
from ..notes import Note
from ..raw import RawTable, quoted
from ..roles import CURRENCY, QUANTITY, UNIT_PRICE, option
from .spaces import doubtful_spaces
from .units import Affix, affix_of, currency_named, header_unit, joined_units, style_of, thousandths_style
from .values import DATA, EXACT

_FACTOR = "DECIMAL(19, 6)"  # two of them multiply without overflow; of 18 digits they would overflow at a million
_CUT = r"^(\D*?)([.,]?\d(?:[\d.,'' ]*\d)?[.,]?(?:[eE][+-]?\d+)?)(\D*)$"
# Forms of a number that can only be meant one way, with the point as decimal sign
_SURE = (
    r"\d{1,3}(,\d{3})+\.\d+|\d*\.(\d{1,2}|\d{4,})|\d{4,}\.\d+|0+\.\d+|\.\d+|\d{1,3}([ '']\d{3})+\.\d+"
    r"|\d{1,3}(,\d{3}){2,}|\d{1,2}(,\d{2})+,\d{3}(\.\d*)?|\d*\.\d*[eE].*"
)
_OPEN = r"[1-9]\d{0,2}\.\d{3}"
#: A form that contradicts the others in at most this share of the cells makes bad cells, not a question.
STRAY = 0.01
#: More surroundings than this are free text.
_MOST_AFFIXES = 20_000
_OTHER = {"point": "comma", "comma": "point"}


@dataclass
class _Seen:
    """How often the numbers of one column show each form, with examples."""

    sure: Counter[str] = field(default_factory=Counter)
    # 1.234 and 1,234
    open: Counter[str] = field(default_factory=Counter)
    # 1234: whoever groups would have written 1.234
    ungrouped: int = 0
    examples: dict[str, str] = field(default_factory=dict)
    currencies: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class NumberForms:
    """How the numbers of one role are written.

    ``careful`` are the parts whose cells need more than a cast, ``comma`` those with a decimal comma; ``units`` are
    the units that headers state, by part; ``currencies`` counts the cells of each part by currency;
    in ``doubtful`` parts a space may stand between two numbers.
    """

    careful: frozenset[int] = frozenset()
    comma: frozenset[int] = frozenset()
    affixes: Mapping[str, Affix] = field(default_factory=dict)
    units: Mapping[int, Affix] = field(default_factory=dict)
    currencies: Mapping[int, Counter[str]] = field(default_factory=dict)
    doubtful: frozenset[int] = frozenset()


def look_at_numbers(
    connection: Any,
    roles: Sequence[str],
    stage: Sequence[RawTable],
    mappings: Sequence[ColumnMapping],
    decimal: str | None,
    dotted: Collection[int],
    wanted: str | None,
) -> tuple[dict[str, NumberForms], list[Note]]:
    """Decide how the numbers of each role are written, and return that with what should be known of it."""
    forms: dict[str, NumberForms] = {}
    seen: dict[tuple[str, int], _Seen] = {}
    notes: list[Note] = []
    for role in roles:
        forms[role], found = _look_at(connection, role, stage, mappings)
        notes += _unit_notes(role, forms[role], stage, mappings)
        notes += found.pop("notes")
        seen |= {(role, part): column for part, column in found.items()}
    if any(column.open.total() for column in seen.values()):
        seen |= _plain_numbers(connection, forms)
    if decimal is not None and not any(column.open.total() + column.sure.total() for column in seen.values()):
        notes.append(Note("option_idle", {"option": "--decimal"}))
    coins = _coins(connection, forms, mappings, wanted)
    styles, reasons = _styles(seen, stage, mappings, decimal, dotted, coins)
    for role, form in forms.items():
        comma = frozenset(part for part in form.careful if styles.get((role, part)) == "comma")
        forms[role] = replace(form, comma=comma)
        if comma:
            names = ", ".join(stage[part].name for part in sorted(comma))
            notes.append(Note("comma_decimal", {"sources": names, "column": mappings[min(comma)][role]}))
    return forms, [*notes, *reasons, *_carry_units(connection, forms, stage, mappings)]


def _carry_units(
    connection: Any, forms: dict[str, NumberForms], stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]
) -> Iterator[Note]:
    """Read a profit, cost or refund in the unit of the amount's header, unless it states one or is too large for it."""
    amount = forms.get(tables.AMOUNT, NumberForms())
    for role in forms.keys() - {tables.AMOUNT, QUANTITY, UNIT_PRICE}:
        for part, unit in amount.units.items():
            own = forms[role].units.get(part)
            states = any(affix.power or affix.currency for affix in forms[role].affixes.values())
            if not unit.power or own is None or own.power or own.currency or states:
                continue
            value, whole = number_sql(role, forms[role]), number_sql(tables.AMOUNT, replace(amount, units={}))
            rows, small = connection.execute(
                f"""SELECT count(*), count(*) FILTER (abs({value}) <= abs({whole})) FROM (SELECT * {cuts(forms)}
                    FROM stage)
                WHERE part = {part} AND kind = {DATA} AND {value} <> 0 AND {whole} <> 0"""
            ).fetchone()
            said = {"column": mappings[part][role], "amount": mappings[part][tables.AMOUNT]}
            if 2 * small > rows:
                forms[role] = replace(forms[role], units={**forms[role].units, part: Affix(power=unit.power)})
                yield Note("unit_carried", {"source": stage[part].name, **said, "factor": _factor(unit)}, "warning")
            elif rows:
                yield Note("unit_not_carried", {"source": stage[part].name, **said}, "warning")


def _look_at(
    connection: Any, role: str, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]
) -> tuple[NumberForms, dict[Any, Any]]:
    text = f"{role}_text"
    rows = connection.execute(
        f"""SELECT part, bool_or(TRY_CAST({text} AS {EXACT}) IS NULL), bool_or({text}[-4] = '.'),
            bool_or(contains({text}, ' '))
        FROM stage WHERE kind = {DATA} AND {text} IS NOT NULL GROUP BY part"""
    ).fetchall()
    units = {part: _unit(mapping, role) for part, mapping in enumerate(mappings) if role in mapping}
    odd = frozenset(part for part, unread, open_, _ in rows if unread or open_)
    spaced = frozenset(part for part, *_, space in rows if space) & odd
    found: dict[Any, Any] = {"notes": []}
    if not odd:
        return NumberForms(units=units), found
    affixes: dict[str, Affix] = {}
    scaled: dict[int, tuple[int, str]] = {}
    percents: Counter[int] = Counter()
    counted = list(_count(connection, role, odd))
    marks = {affix.mark for _, before, after, *_ in counted if (affix := affix_of(before, after))} - {""}
    for part, before, after, *counts, example, samples in counted:
        affix = affix_of(before, after)
        if affix is None:
            percents[part] += counts[0] if "%" in after else 0
            continue
        if affix.mark:
            key = "debit_or_crore" if marks == {"cr"} else "debit_credit"
            raise CvmError(f"reading.{key}", source=stage[part].name, column=mappings[part][role], value=example)
        affixes[f"{before}|{after}"] = affix
        column = found.setdefault(part, _Seen())
        _add(column, counts, samples)
        column.currencies[affix.currency] += counts[0]
        if affix.power:
            scaled[part] = (scaled.get(part, (0, ""))[0] + counts[0], example)
    for part, count in percents.items():
        if role in (tables.PROFIT, tables.COST) and count > (found[part].currencies.total() if part in found else 0):
            said = {"source": stage[part].name, "column": mappings[part][role]}
            raise CvmError("reading.shares_not_money", **said, role=role, option=option(role))
    for part, (count, example) in scaled.items():
        said = {"source": stage[part].name, "column": mappings[part][role], "count": f"{count:,}", "value": example}
        found["notes"].append(Note("cells_scaled", said))
    currencies = {part: found[part].currencies for part in odd if part in found}
    doubtful = doubtful_spaces(connection, role, _cut(role), spaced)
    return NumberForms(odd, frozenset(), affixes, units, currencies, doubtful), found


def _unit(mapping: ColumnMapping, role: str) -> Affix:
    """Return the unit that the header of a column states, joined with what stands above or below it for all money."""
    own, stated = header_unit(mapping[role]), _stated(mapping, role)
    return own if stated is None else joined_units(mapping[role], stated) or own


def _stated(mapping: ColumnMapping, role: str) -> Affix | None:
    if role not in (tables.AMOUNT, UNIT_PRICE) or not mapping.unit:
        return None
    return header_unit(f"{mapping[role]} ({mapping.unit})")


def _coins(
    connection: Any, forms: Mapping[str, NumberForms], mappings: Sequence[ColumnMapping], wanted: str | None
) -> dict[int, str]:
    """Return the decimal sign of the parts whose currency is written with three decimals, as Kuwait's is."""
    found: dict[int, set[str]] = {part: set() for part in range(len(mappings))}
    if any(CURRENCY in mapping for mapping in mappings):
        for part, name in connection.execute(
            f"SELECT DISTINCT part, {CURRENCY} FROM stage WHERE kind = {DATA} AND {CURRENCY} IS NOT NULL"
        ).fetchall():
            found[part].add(currency_named(name))
    for form in forms.values():
        for part, counts in form.currencies.items():
            found[part] |= set(counts) - {""}
        for part, unit in form.units.items():
            found[part] |= {unit.currency} - {""}
    asked = {currency_named(wanted)} if wanted else set()
    return {part: style for part, names in found.items() if (style := thousandths_style(names or asked))}


def _plain_numbers(connection: Any, forms: Mapping[str, NumberForms]) -> dict[tuple[str, int], _Seen]:
    """Return the columns that need no more than a cast and have a point: 12.50 speaks for the other columns."""
    found: dict[tuple[str, int], _Seen] = {}
    for role, form in forms.items():
        parts = connection.execute(
            f"SELECT part FROM stage WHERE kind = {DATA} GROUP BY part HAVING bool_or(contains({role}_text, '.'))"
        ).fetchall()
        found |= {(role, part): _Seen(sure=Counter(point=1)) for (part,) in parts if part not in form.careful}
    return found


def _count(connection: Any, role: str, parts: Collection[int]) -> list[tuple[Any, ...]]:
    """Return for each surrounding of numbers how many of them have which form, and an example of each form."""
    forms = [("body", _SURE), ("swapped", _SURE), ("body", _OPEN), ("swapped", _OPEN), ("body", r"\d{4,}")]
    # a true number of a spreadsheet says nothing about how its texts are written
    tests = [f"value IS NULL AND regexp_full_match({number}, '{pattern}')" for number, pattern in forms]
    counts = ", ".join(f"count(*) FILTER ({test})" for test in tests)
    samples = ", ".join(f"min(text) FILTER ({test})" for test in tests[:4])
    rows: list[tuple[Any, ...]] = connection.execute(
        f"""SELECT part, cut.before AS before, cut.after AS after, count(*), {counts}, min(text), [{samples}]
        FROM (SELECT *, cut.body AS body, translate(cut.body, '.,', ',.') AS swapped FROM (
            SELECT part, {role}_text AS text, {role}_value AS value, {_cut(role)} AS cut FROM stage
            WHERE kind = {DATA} AND {role}_text IS NOT NULL AND part IN ({", ".join(map(str, sorted(parts)))})))
        WHERE body <> '' GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT {_MOST_AFFIXES}"""
    ).fetchall()
    return rows


def _cut(role: str) -> str:
    return f"regexp_extract(written(evened({role}_text)), '{_CUT}', ['before', 'body', 'after'])"


def _add(column: _Seen, counts: Sequence[int], samples: Sequence[str | None]) -> None:
    _, point, comma, open_point, open_comma, ungrouped = counts
    column.sure.update(point=point, comma=comma)
    column.open.update(point=open_point, comma=open_comma)
    column.ungrouped += ungrouped
    for form, sample in zip(("point", "comma", "open_point", "open_comma"), samples, strict=True):
        if sample is not None:
            column.examples.setdefault(form, sample)


def _styles(
    seen: Mapping[tuple[str, int], _Seen],
    stage: Sequence[RawTable],
    mappings: Sequence[ColumnMapping],
    decimal: str | None,
    dotted: Collection[int],
    coins: Mapping[int, str],
) -> tuple[dict[tuple[str, int], str], list[Note]]:
    """Return the decimal sign of each column, by role and part, and a note where other columns decided it."""
    if decimal is not None:
        return dict.fromkeys(seen, decimal), []
    styles: dict[tuple[str, int], str] = {}
    for (role, part), column in seen.items():
        style = _own_style(column)
        if style == "mixed":
            said = {"point": column.examples["point"], "comma": column.examples["comma"]}
            raise CvmError("reading.mixed_decimal", source=stage[part].name, column=mappings[part][role], **said)
        if style:
            styles[role, part] = style
    notes = []
    decided = dict(styles)
    for (role, part), column in seen.items():
        if (role, part) in styles or not column.open.total():
            continue
        coin = coins.get(part, "") if role != QUANTITY else ""
        style, why = _style_beside(column, part, decided, stage[part], dotted, coin)
        example = column.examples["open_point" if column.open["point"] else "open_comma"]
        said = {"source": stage[part].name, "column": mappings[part][role], "value": example}
        if not style:
            raise CvmError("reading.unclear_decimal", **said, **_both_readings(example))
        styles[role, part] = style
        read = _both_readings(example)["large" if column.open[_OTHER[style]] else "small"]
        notes.append(Note("decimal_from", {**said, "read": read, "why": f"why_{why}", "other": _OTHER[style]}))
    return styles, notes


def _own_style(column: _Seen) -> str:
    """Return what the column itself shows: a decimal point, a comma, both (``"mixed"``) or nothing."""
    point, comma = column.sure["point"], column.sure["comma"]
    if point and comma:
        strays = min(point, comma) <= STRAY * (point + comma)
        return "mixed" if not strays else "point" if point > comma else "comma"
    if point or comma:
        return "point" if point else "comma"
    return ""


def _style_beside(
    column: _Seen,
    part: int,
    decided: Mapping[tuple[str, int], str],
    table: RawTable,
    dotted: Collection[int],
    coin: str,
) -> tuple[str, str]:
    """Return the decimal sign that other signs of the file show, and which; nothing where they disagree."""
    others = {style for (_, place), style in decided.items() if place == part}
    if len(others) == 1:
        return others.pop(), "other_column"
    if column.open["point"] and column.open["comma"]:
        return "", ""
    if coin:
        # three digits behind the other sign may be either
        return (coin, "coins") if column.open[coin] else ("", "")
    habits = {style_of(currency) for currency in column.currencies} - {""}
    why = "currency" if habits else "separator"
    if table.separator in {",", ";"}:
        habits.add("comma" if table.separator == ";" else "point")
    if part in dotted:
        habits.add("comma")
        why = "dates"
    if any("\u3040" <= sign <= "\u9fff" for name in table.columns for sign in name):
        habits.add("point")
    # three decimals are rare in money: a habit may confirm a grouping, but does not make decimals of it
    grouping = "comma" if column.open["point"] else "point"
    return (grouping, why) if habits == {grouping} and not column.ungrouped else ("", "")


def _both_readings(example: str) -> dict[str, str]:
    """Return a number such as 1.234 or 1,234 in its two readings, as people write them."""
    digits = "".join(sign for sign in example if sign.isdecimal() or sign in ".,")
    return {"large": digits.replace(".", "").replace(",", ""), "small": digits.replace(",", ".", 1)}


def _unit_notes(
    role: str, form: NumberForms, stage: Sequence[RawTable], mappings: Sequence[ColumnMapping]
) -> Iterator[Note]:
    for part, unit in form.units.items():
        said = {"source": stage[part].name, "column": mappings[part][role]}
        if unit.power:
            yield Note("unit_scaled", {**said, "factor": _factor(unit)})
        stated = _stated(mappings[part], role)
        if stated and joined_units(mappings[part][role], stated) is None:
            yield Note("unit_of_header", {**said, "stated": mappings[part].unit}, "warning")


def _factor(unit: Affix) -> str:
    return f"{10**unit.power:,}" if unit.power > 0 else f"{10**unit.power:g}"


def cuts(forms: Mapping[str, NumberForms]) -> str:
    """Return the columns that `number_sql` needs beside those of ``stage``."""
    return "".join(f", {_cut(role)} AS {role}_cut" for role, form in forms.items() if form.careful)


def number_sql(role: str, form: NumberForms) -> str:
    """Return the expression that reads a number role as an exact decimal; NULL where it is none."""
    plain = _scaled(f"coalesce({role}_value, TRY_CAST({role}_text AS {EXACT}))", form)
    if not form.careful:
        return plain
    key, body = _key(role), f"{role}_cut.body"
    negative = [known for known, affix in form.affixes.items() if affix.negative]
    sign = f"CASE WHEN {key} IN ({_listed(negative)}) THEN '-' ELSE '' END" if negative else "''"
    digits = f"point_digits({body})"
    if form.comma:
        digits = f"CASE WHEN part IN ({_numbers(form.comma)}) THEN comma_digits({body}) ELSE {digits} END"
    if form.doubtful:
        digits = f"CASE WHEN NOT (part IN ({_numbers(form.doubtful)}) AND contains({body}, ' ')) THEN {digits} END"
    number = f"TRY_CAST({sign} || {digits} || {_power(key, form)} AS {EXACT})"
    known = f"CASE WHEN {key} IN ({_listed(form.affixes)}) THEN {number} END" if form.affixes else f"NULL::{EXACT}"
    value = _scaled(f"{role}_value", form)
    return f"CASE WHEN part IN ({_numbers(form.careful)}) THEN coalesce({value}, {known}) ELSE {plain} END"


def _key(role: str) -> str:
    return f"({role}_cut.before || '|' || {role}_cut.after)"


def _power(key: str, form: NumberForms) -> str:
    """Return the exponent to be written behind a number: the cell's own unit, else the header's."""
    cells = [
        f"WHEN {key} = {quoted(known)} THEN 'e{affix.power}'" for known, affix in form.affixes.items() if affix.power
    ]
    heads = [f"WHEN part = {part} THEN 'e{unit.power}'" for part, unit in form.units.items() if unit.power]
    return f"CASE {' '.join([*cells, *heads])} ELSE '' END" if cells or heads else "''"


def _scaled(value: str, form: NumberForms) -> str:
    """Return a plain number times the unit of its header."""
    heads = {part: unit.power for part, unit in form.units.items() if unit.power}
    if not heads:
        return value
    factors = " ".join(f"WHEN {part} THEN '1e{power}'::DECIMAL(13, 3)" for part, power in heads.items())
    return f"TRY_CAST({value} * CASE part {factors} ELSE 1::DECIMAL(13, 3) END AS {EXACT})"


def currency_sqls(role: str, form: NumberForms) -> list[str]:
    """Return the expressions of the currency that a cell states and that its header states, where any of them does."""
    key = _key(role)
    cells = [
        f"WHEN {key} = {quoted(known)} THEN {quoted(affix.currency)}"
        for known, affix in form.affixes.items()
        if affix.currency and form.careful
    ]
    heads = [f"WHEN part = {part} THEN {quoted(unit.currency)}" for part, unit in form.units.items() if unit.currency]
    return [f"CASE {' '.join(cases)} END" for cases in (cells, heads) if cases]


def amount_sql(expressions: Mapping[str, str], computed: Collection[int]) -> str:
    """Return the amount: read, or quantity × unit price in the parts where it is computed."""
    if not computed:
        return expressions[tables.AMOUNT]
    quantity, price = (f"TRY_CAST({expressions[role]} AS {_FACTOR})" for role in (QUANTITY, UNIT_PRICE))
    # a return marked in both columns would come out as a sale
    product = f"CASE WHEN NOT ({quantity} < 0 AND {price} < 0) THEN TRY_CAST({quantity} * {price} AS {EXACT}) END"
    return f"CASE WHEN part IN ({_numbers(computed)}) THEN {product} ELSE {expressions[tables.AMOUNT]} END"


def _numbers(parts: Collection[int]) -> str:
    return ", ".join(map(str, sorted(parts)))


def _listed(texts: Collection[str]) -> str:
    return ", ".join(map(quoted, texts))

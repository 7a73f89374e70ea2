"""Numbers of a table of subscribers, also those kept as text: ``$1,200.50``, ``1.200,50 €``, ``85%``.

Whole columns that are plain numbers are cast; the others are read as `cvmlab.data.reading.cells.amounts` reads those of
a log, where the columns of one file decide together what a comma and a point mean.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cvmlab.core.words import CvmError, say
from cvmlab.data.reading.cells import amounts
from cvmlab.data.reading.cells.units import affix_of, header_unit
from cvmlab.data.reading.cells.values import EXACT
from cvmlab.data.reading.columns import ColumnMapping
from cvmlab.data.reading.notes import listed

from .meanings import is_blank

if TYPE_CHECKING:
    import pandas as pd

    from .loading import Loaded

PLAIN = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
# 1.234 may be a thousand; 12.50 beside it says that it is not
_OPEN, _SURE = r"[+-]?[1-9]\d{0,2}\.\d{3}", r"[+-]?(\d*\.(\d{1,2}|\d{4,})|\d{4,}\.\d+|0+\.\d+)([eE].*)?"
_CODE = r"0\d+"
_FIGURE = re.compile(r"^(\D{0,12}?)([.,]?\d(?:[\d.,'’ \u00a0]*\d)?[.,]?(?:[eE][+-]?\d+)?)(\D{0,12})$")
_PERCENT = re.compile(r"\s*[%％]\s*$")
# of a column of numbers, so many cells are some
_MOST = 0.9
_SAMPLE = 300
# a 5k is five thousand, a 5m may be minutes
_SCALES = frozenset({"k", "万", "萬", "千", "亿", "百万"})


@dataclass(frozen=True)
class Figures:
    """The columns that were read as numbers, by position; what is to be said; the currency of each."""

    numbers: Mapping[int, pd.Series]
    currencies: Mapping[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    # position → cells by the currency that they state
    stated: Mapping[int, Mapping[str, int]] = field(default_factory=dict)


def is_figure(text: str) -> bool:
    """Return whether a text is a number with what may stand around one: a currency, a sign, a percent."""
    bare = _PERCENT.sub("", text.strip())
    found = _FIGURE.match(bare)
    if found is None:
        return False
    before, after = found[1].strip(), found[3].strip()
    affix = affix_of(found[1], found[3])
    if affix is None or affix.mark:
        return False
    # P1 and 4G are names
    return not affix.power or bool(affix.currency) or (not before and after.lower() in _SCALES)


def plain_numbers(cells: pd.Series, *, true_numbers: bool = False) -> pd.Series | None:
    """Return a column of texts as numbers where all that is not blank is a plain number; None if it is not that."""
    import pandas as pd

    filled = cells.dropna()
    if not len(filled):
        return None
    plain = filled.str.fullmatch(PLAIN)
    if not plain.all():
        words = filled[~plain].unique()
        if plain.mean() < _MOST or len(words) > 20 or not all(map(is_blank, words)):
            return None
        filled = filled[plain]
    if not true_numbers and filled.str.fullmatch(_OPEN).any() and not filled.str.fullmatch(_SURE).any():
        return None
    numbers = pd.to_numeric(filled, errors="coerce").astype("float64")
    return numbers.reindex(cells.index)


def cast_numbers(loaded: Loaded, place: int) -> pd.Series | None:
    """Return a column of texts as numbers where all of it is plain numbers that can be read in one way; else None."""
    import pyarrow as pa
    from pyarrow import compute

    cells = loaded.cells.column(f"c{place}")
    if cells.null_count == len(cells):
        return None
    try:
        numbers = compute.cast(cells, pa.float64())
    except pa.ArrowInvalid:
        return None

    def has(pattern: str) -> bool:
        return bool(compute.any(compute.match_substring_regex(cells, f"^({pattern})$")).as_py())

    if has(r"0\d+|[^\d.eE+-].*") or (place not in loaded.true_numbers and has(_OPEN) and not has(_SURE)):
        return None
    found: pd.Series = numbers.to_pandas().astype("float64")
    return found


def are_codes(cells: pd.Series) -> bool:
    """Return whether some numbers begin with 0, as codes such as 007 do."""
    return bool(cells.str.fullmatch(_CODE).any())


def like_figures(cells: pd.Series) -> bool:
    """Return whether nearly all texts of a column are numbers of some form."""
    filled = cells.dropna()
    words = filled.unique()
    if not len(words) or (len(words) > _SAMPLE and not _mostly([w for w in words[:_SAMPLE] if not is_blank(w)])):
        return False
    counts = filled.value_counts()
    known = {word: int(rows) for word, rows in counts.items() if not is_blank(str(word))}
    figures = sum(rows for word, rows in known.items() if is_figure(str(word)))
    return bool(known) and figures >= _MOST * sum(known.values())


def _mostly(words: list[str]) -> bool:
    return 2 * sum(map(is_figure, words)) >= len(words) > 0


def read_figures(
    connection: Any, loaded: Loaded, columns: Mapping[int, pd.Series], asked: frozenset[int], decimal: str | None
) -> Figures:
    """Return columns of texts as numbers; what is unclear in a column that is ``asked`` for is asked of the user.

    Others that are unclear are left out, with a note.
    """
    names = loaded.table.columns
    columns = dict(columns)
    unclear: list[int] = []
    while columns:
        try:
            read = _read(connection, loaded, columns, asked, decimal)
            break
        except CvmError as error:
            place = next(
                (place for place in columns if _name(names[place], place in asked) == error.values.get("column")), None
            )
            if place is None or place in asked:
                raise
            unclear.append(place)
            del columns[place]
    else:
        read = Figures({})
    if not unclear:
        return read
    said = say("subscribers.numbers_unclear", columns=listed([names[place] for place in unclear]), count=len(unclear))
    return replace(read, notes=(*read.notes, said))


def _name(name: str, is_asked: bool) -> str:
    """Return a name as the reader of amounts may see it: an m behind a feature is no million."""
    unit = header_unit(name)
    return name if is_asked or unit.currency or not unit.power else f"{name} #"


def _read(
    connection: Any, loaded: Loaded, columns: Mapping[int, pd.Series], asked: frozenset[int], decimal: str | None
) -> Figures:
    import pandas as pd
    import pyarrow as pa

    percents = {place for place, cells in columns.items() if cells.dropna().str.contains(_PERCENT).mean() > 0.5}
    cells = {
        f"f{place}": column.str.replace(_PERCENT, "", regex=True) if place in percents else column
        for place, column in columns.items()
    }
    connection.register(
        "figures_frame", pa.table({name: pa.array(column, pa.string()) for name, column in cells.items()})
    )
    parts = []
    for name in cells:
        value = f"TRY_CAST({name} AS {EXACT})" if int(name[1:]) in loaded.true_numbers else f"NULL::{EXACT}"
        parts.append(f"CASE WHEN {value} IS NULL THEN {name} END AS {name}_text, {value} AS {name}_value")
    connection.execute(
        f"""CREATE OR REPLACE TABLE stage AS SELECT 0::USMALLINT AS part, 0::UTINYINT AS kind, {", ".join(parts)}
        FROM figures_frame"""
    )
    connection.unregister("figures_frame")
    names = loaded.table.columns
    mapping = ColumnMapping({f"f{place}": _name(names[place], place in asked) for place in columns})
    forms, said = amounts.look_at_numbers(connection, list(cells), [loaded.table], [mapping], decimal, (), None)
    read = ", ".join(f"({amounts.number_sql(name, forms[name])})::DOUBLE AS {name}" for name in cells)
    rows = f"(SELECT rowid AS spot, * {amounts.cuts(forms)} FROM stage)"
    frame = connection.execute(f"SELECT {read} FROM {rows} ORDER BY spot").df()
    index = next(iter(columns.values())).index
    numbers = {}
    for place in columns:
        number = pd.Series(frame[f"f{place}"].to_numpy("float64"), index=index)
        numbers[place] = number / 100 if place in percents else number
    currencies = {place: found for place in columns if (found := _currency(forms[f"f{place}"]))}
    notes = [str(note) for note in said if note.key != "option_idle"]
    if percents:
        notes.append(say("subscribers.percents", columns=listed([names[place] for place in sorted(percents)])))
    stated = {place: sum(forms[f"f{place}"].currencies.values(), Counter[str]()) for place in columns}
    return Figures(numbers, currencies, tuple(notes), stated)


def _currency(form: amounts.NumberForms) -> str:
    """Return the currency that the header or most cells of a column state."""
    stated = [unit.currency for unit in form.units.values() if unit.currency]
    counted = [name for counts in form.currencies.values() for name, _ in counts.most_common() if name]
    return next(iter([*stated, *counted]), "")

"""The columns beside the roles: numbers, yes and no, days and texts, each by what its cells hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.words import CvmError, say
from cvmlab.data.reading.notes import listed

from .days import like_days, read_days
from .figures import are_codes, cast_numbers, like_figures, plain_numbers
from .leaving import yes_or_no
from .naming import CHURNED, STAYED, is_named

if TYPE_CHECKING:
    import pandas as pd

    from .loading import Loaded

# a text of these is a blank that a program wrote; None and unknown may be kinds of customers
BLANKS = frozenset(
    {"nan", "null", "n/a", "na", "#n/a", "<na>", "nat", "#value!", "#ref!", "#div/0!", "#name?", "-", "--"}
)
_MAIL = r"[^@\s]+@[^@\s]+\.[^@\s]+"
_MOBILE = r"(?:\+?86[- ]?)?1[3-9]\d{9}|\(?\d{3}\)?[- ]\d{3}[- ]\d{4}|\+\d{7,15}"
# a column of yes and no that agrees in so many rows does not do so by chance
_ENOUGH, _ENOUGH_EACH = 30, 3
# of the rows, a table beside the customers has so many at most
_SMALLER = 0.5


@dataclass
class Typed:
    """The columns by position as they were read, those still to be read as numbers, and what is to be said."""

    columns: dict[int, pd.Series]
    figures: dict[int, pd.Series]
    flags: list[str]
    # columns of numbers in which some words are none
    strays: list[str] = field(default_factory=list)


def sort_columns(
    loaded: Loaded, places: Collection[int], used: Any, decimal: str | None
) -> tuple[Typed, dict[str, int]]:
    """Return what needs no more than a look at each column, and the columns of texts that are days, by name."""
    names = loaded.table.columns
    typed = Typed({}, {}, [])
    days: dict[str, int] = {}
    for place in places:
        kind = loaded.kinds[place]
        if kind == "text" and decimal != "comma" and (numbers := cast_numbers(loaded, place)) is not None:
            typed.columns[place] = numbers.iloc[used]
            continue
        cells = loaded.column(place).iloc[used]
        if kind != "text":
            typed.columns[place] = _as_typed(cells, kind)
            continue
        cells = cells.mask(cells.str.lower().isin(BLANKS))
        true_numbers = place in loaded.true_numbers
        if flags := _flags(cells):
            typed.columns[place] = _as_flag(cells.map(flags))
            typed.flags.append(names[place])
        elif decimal != "comma" and (numbers := plain_numbers(cells, true_numbers=true_numbers)) is not None:
            if are_codes(cells):
                typed.columns[place] = cells
                continue
            typed.columns[place] = numbers
            typed.strays += [names[place]] if numbers.notna().sum() < cells.notna().sum() else []
        elif like_figures(cells) and not are_codes(cells):
            typed.figures[place] = cells
        elif like_days(cells):
            days[names[place]] = place
            typed.columns[place] = cells
        else:
            typed.columns[place] = cells
    return typed, days


def read_feature_days(
    connection: Any,
    typed: Typed,
    days: Mapping[str, int],
    source: str,
    day_first: bool | None,
    today: dt.date,
) -> list[str]:
    """Read the columns of days one by one; what is unclear stays text, with a note."""
    notes: list[str] = []
    unclear = []
    for name, place in days.items():
        try:
            found, said = read_days(connection, {name: typed.columns[place]}, source, day_first, today)
        except CvmError:
            unclear.append(name)
            continue
        typed.columns[place] = found[name]
        notes += said
    if unclear:
        notes.append(say("subscribers.days_unclear", columns=listed(unclear), count=len(unclear)))
    return list(dict.fromkeys(notes))


def _flags(cells: pd.Series) -> dict[str, bool]:
    words = cells.dropna().unique()
    return yes_or_no(map(str, words)) if 0 < len(words) <= 6 else {}


def _as_typed(cells: pd.Series, kind: str) -> pd.Series:
    if kind == "flag":
        return _as_flag(cells)
    if kind == "day":
        return cells.astype("datetime64[us]")
    numbers = cells.astype("float64")
    return numbers.where(np.isfinite(numbers))


def _as_flag(cells: pd.Series) -> pd.Series:
    return cells.astype("boolean") if cells.isna().any() else cells.astype("bool")


def is_personal(cells: pd.Series) -> bool:
    """Return whether most cells of a column are e-mail addresses or telephone numbers."""
    filled = cells.head(1000).dropna().head(200)
    if filled.dtype == "float64":
        return len(filled) > 0 and bool(filled.between(1.3e10, 1.99999999e10).mean() > 0.5)
    if filled.dtype != "str":
        return False
    return len(filled) > 0 and float(filled.str.fullmatch(f"{_MAIL}|{_MOBILE}").mean()) > 0.5


def tells_left(cells: pd.Series, left: pd.Series, name: str) -> bool:
    """Return whether a column of yes and no is equal to who left in every row, or the opposite.

    In a small table that may be chance, unless the column is called after it.
    """
    filled = cells.notna()
    answers, known = left[filled], cells[filled]
    if not answers.any() or answers.all() or known.nunique() != 2:
        return False
    if str(known.dtype) not in ("bool", "boolean") and not known.isin([0.0, 1.0]).all():
        return False
    if not (is_named(name, STAYED) or is_named(name, CHURNED)) and not _enough(answers):
        return False
    same = known.astype("bool") == answers
    return bool(same.all() or not same.any())


def _enough(answers: pd.Series) -> bool:
    """Return whether so many left and stayed that what agrees does not do so by chance."""
    fewest = min(int(answers.sum()), int((~answers).sum()))
    return len(answers) >= _ENOUGH and fewest >= _ENOUGH_EACH


def is_empty(loaded: Loaded, place: int, used: Any) -> bool:
    """Return whether a column is blank in all rows that are used."""
    cells = loaded.cells.column(f"c{place}")
    return int(cells.null_count) == len(cells) or not cells.is_valid().to_numpy()[used].any()


def beside(loaded: Loaded, names: Sequence[str], used: Any) -> frozenset[int]:
    """Return the columns of a smaller table that stands beside, behind a column without a name and without cells."""
    gaps = [
        place for place, name in enumerate(names) if name == f"column {place + 1}" and is_empty(loaded, place, used)
    ]
    places = range(gaps[0] + 1, len(names)) if gaps else range(0)
    filled = [int(loaded.cells.column(f"c{place}").is_valid().to_numpy()[used].sum()) for place in places]
    return frozenset(places) if filled and max(filled) <= _SMALLER * len(used) else frozenset()

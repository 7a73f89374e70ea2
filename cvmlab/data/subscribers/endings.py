"""Days that no header names: when customers left, by whom a column is filled for, and when the table was made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.words import CvmError, say

from .days import like_days, read_days
from .meanings import is_blank
from .naming import ABOUT_LEAVING, LEFT, PERSONAL, is_named
from .table import Table

if TYPE_CHECKING:
    import pandas as pd

# a date that so many leavers have, and nobody else, is that of their leaving
_FEWEST, _MOST = 2, 0.5
_FEWEST_ROWS = 3


def without_blanks(cells: pd.Series) -> pd.Series:
    """Return texts, those that say that nothing is known made missing."""
    blank = {word: is_blank(str(word)) for word in cells.dropna().unique()}
    return cells.mask(cells.map(blank).to_numpy(dtype=bool, na_value=False))


def _day_columns(table: Table) -> Iterator[tuple[str, pd.Series]]:
    """Yield the columns of days that have no role, in the rows that are used."""
    taken = {*table.columns.values(), *table.choice.answers, *table.choice.left_out, *table.choice.numbering}
    used = table.index()
    for place, name in enumerate(table.choice.names):
        if name in taken or is_named(name, PERSONAL) or table.loaded.kinds[place] not in ("day", "text"):
            continue
        cells = table.loaded.column(place).iloc[used]
        if table.loaded.kinds[place] == "text":
            if not _begins_with_days(cells):
                continue
            cells = without_blanks(cells)
            if not like_days(cells, digits=is_named(name, LEFT)):
                continue
        if cells.notna().any():
            yield name, cells


def _begins_with_days(cells: pd.Series) -> bool:
    """Return whether a look at a few cells does not rule out days, so that wide tables are read fast."""
    few = cells.dropna().head(20)
    return bool(few.str.contains(r"\d", regex=True).any())


def find_left_date(table: Table, left: pd.Series) -> None:
    """Take a column of days that is filled for leavers only, and blank for all others, for the date of leaving."""
    index = table.index()
    gone = left[index].to_numpy(dtype=bool)
    if LEFT in table.columns or LEFT in table.chosen or min(gone.sum(), (~gone).sum()) < _FEWEST:
        return
    found = [
        name
        for name, cells in _day_columns(table)
        if not (filled := cells.notna().to_numpy())[~gone].any() and filled.sum() >= max(_FEWEST, _MOST * gone.sum())
    ]
    if found:
        best = next((name for name in found if is_named(name, ABOUT_LEAVING)), found[0])
        table.columns[LEFT] = best
        table.notes.append(say("subscribers.left_date_found", column=best))


def snapshot_of(table: Table, latest: dt.date | None) -> tuple[str, dt.date] | None:
    """Return the column with one day in every row, on or after all others: that on which the table was made."""
    if len(table.index()) < _FEWEST_ROWS:
        return None
    for name, cells in _day_columns(table):
        if not bool((cells == cells.iloc[0]).all()):
            continue
        day = _day(table, name, cells)
        if day is not None and day <= dt.date.today() and (latest is None or day >= latest):
            return name, day
    return None


def _day(table: Table, name: str, cells: pd.Series) -> dt.date | None:
    import pandas as pd

    if table.loaded.kinds[table.choice.names.index(name)] != "day":
        try:
            found, _ = read_days(
                table.connection, {name: cells.head(1)}, table.source, table.day_first, dt.date.today()
            )
        except CvmError:
            return None
        cells = found[name]
    value = cells.iloc[0]
    return None if pd.isna(value) else pd.Timestamp(value).date()


def contradicting(tenure: pd.Series, between: np.ndarray) -> pd.Series:
    """Return which tenures are not the months between the two dates: by more than two months and a tenth."""
    apart = (tenure - between).abs()
    found: pd.Series = (apart > 2) & (apart > 0.1 * np.maximum(tenure.abs(), np.abs(between)))
    return found

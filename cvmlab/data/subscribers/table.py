"""A table while it is read: its cells, the verdicts on its rows, who left, the ids, and what is to be said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.words import CvmError, say

from .choosing import Choice
from .features import Typed, sort_columns
from .figures import plain_numbers
from .leaving import who_left
from .loading import Loaded
from .naming import CHURNED, CUSTOMER_ID, LEFT, is_neutral, says_nothing
from .repeating import as_ids, repeats
from .rows import Verdicts, judge

if TYPE_CHECKING:
    import pandas as pd


class Table:
    """A table that is being read."""

    def __init__(
        self,
        connection: Any,
        choice: Choice,
        loaded: Loaded,
        decimal: str | None,
        day_first: bool | None,
        chosen: Mapping[str, str],
    ) -> None:
        self.connection, self.choice, self.loaded = connection, choice, loaded
        self.decimal, self.day_first, self.chosen = decimal, day_first, chosen
        self.columns = dict(choice.columns)
        self.source = choice.head.name
        self.notes = list(choice.notes)
        self.verdicts: Verdicts = judge(loaded, choice.names, self.columns)
        self.typed = Typed({}, {}, [])
        self.day_columns: dict[str, int] = {}
        self.unit_taken = False

    def place(self, role: str) -> int:
        """Return the position of the column of a role."""
        return self.choice.names.index(self.columns[role])

    def cells(self, role: str) -> pd.Series:
        """Return the cells of a role in the rows that are used."""
        return self.loaded.column(self.place(role))[self.verdicts.used]

    def texts(self, role: str) -> pd.Series:
        """Return the cells of a role as texts."""
        return as_ids(self.cells(role))

    def index(self) -> Any:
        """Return the positions of the rows that are used."""
        return np.flatnonzero(self.verdicts.used)

    def numbering(self, place: int) -> pd.Series:
        """Return a column of row numbers, as numbers where it holds nothing else."""
        cells = self.loaded.column(place)[self.index()]
        numbers = plain_numbers(cells) if self.loaded.kinds[place] == "text" else None
        return cells if numbers is None else numbers

    def sort(self) -> None:
        """Look at the columns beside the roles, once it is known which rows are used."""
        names = self.choice.names
        aside = {*self.columns.values(), *self.choice.answers, *self.choice.numbering}
        places = [place for place, name in enumerate(names) if name not in aside]
        self.typed, self.day_columns = sort_columns(self.loaded, places, self.index(), self.decimal)


def first_of(rows: pd.Series) -> int:
    """Return the row, counted from 0, of the first True."""
    return int(rows.index[int(rows.to_numpy(dtype=bool).argmax())])


def left_by_word(table: Table, words: list[str] | None) -> pd.Series | None:
    """Return who left by the column that says so, None if there is only a date; leave out rows without a word."""
    if CHURNED not in table.columns:
        if words is not None:
            raise CvmError("subscribers.left_words_idle", column=table.columns[LEFT])
        return None
    cells = table.cells(CHURNED)
    if cells.dtype == bool or str(cells.dtype) in ("object", "boolean"):
        texts = cells.map({True: "True", False: "False"}).astype("str")
    else:
        texts = as_ids(cells)
    column = table.columns[CHURNED]
    said = {"inverted": table.choice.inverted, "neutral": is_neutral(column), "unsaid": says_nothing(column)}
    left, notes = who_left(texts, column, table.source, words, **said)
    table.notes += notes
    blank = np.zeros(len(table.loaded), dtype=bool)
    blank[left.index[left.isna()]] = True
    table.verdicts.leave_out("no_churned", blank)
    if not table.verdicts.used.any():
        raise CvmError("reading.no_rows", source=table.source)
    return left


def ids_of(table: Table) -> pd.Series:
    """Return the ids, made from the number of the row where there are none; leave out rows that repeat."""
    import pandas as pd

    index = table.index()
    numbered = pd.Series([str(table.loaded.place(row)) for row in index], index=index, dtype="str")
    if CUSTOMER_ID not in table.columns:
        table.notes.append(say("subscribers.no_id_column", source=table.source))
        return numbered
    ids = as_ids(table.loaded.column(table.place(CUSTOMER_ID)))
    column = table.columns[CUSTOMER_ID]
    equal, several, notes = repeats(ids, table.loaded, table.verdicts.used, column, table.source)
    table.notes += notes
    table.verdicts.leave_out("equal_row", equal)
    table.verdicts.leave_out("repeated_id", several)
    blank = table.verdicts.used & ids.isna().to_numpy()
    if blank.any():
        row = int(np.flatnonzero(blank)[0])
        table.notes.append(
            say("subscribers.blank_ids", column=column, rows=int(blank.sum()), row=table.loaded.place(row))
        )
        made = numbered.map(lambda number: say("subscribers.row_id", row=number))
        ids = ids.where(ids.notna(), made.reindex(ids.index)).astype("str")
    return ids

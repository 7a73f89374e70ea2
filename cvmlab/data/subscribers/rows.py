"""Which rows are customers: not blank lines, totals, units below the header, repeated headers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.data.reading.cells.units import header_unit
from cvmlab.data.reading.role_names import row_pattern

from .footers import computed_total, said_totals
from .loading import EXTRA, Loaded
from .meanings import meaning
from .naming import CHURNED, CUSTOMER_ID

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

#: Why a row is no customer, in the order in which it is looked at.
REASONS = ("blank_row", "header_row", "total_row", "units_row", "broken_row", "no_churned", "equal_row", "repeated_id")
_FIRST_CELLS = 8
_UNITS = re.compile(
    r"(?i)[(\[（【]?\s*(months?|mths?|days?|years?|yrs?|weeks?|yes ?/ ?no|y/n|0/1|minutes?|mins?|gb|mb|%|text|number|"
    r"int|float|string|bool(ean)?|date|id|个?月|天|日|年|岁|元|元/月|万元|是/否|分钟|次|个|文本|数值|日期|单位.*)\s*[)\]）】]?"
)


class Verdicts:
    """Why each row is left out: nothing for a customer."""

    def __init__(self, rows: int) -> None:
        self.reasons: NDArray[np.object_] = np.full(rows, "", dtype=object)
        # name of a column → what the row below the header says of its unit
        self.units: dict[str, str] = {}

    def leave_out(self, reason: str, rows: NDArray[np.bool_]) -> None:
        """Leave rows out for a reason, unless there is one already."""
        self.reasons[rows & (self.reasons == "")] = reason

    @property
    def used(self) -> NDArray[np.bool_]:
        """The rows that are customers."""
        used: NDArray[np.bool_] = self.reasons == ""
        return used

    def to_frame(self, loaded: Loaded) -> pd.DataFrame:
        """Return how many rows were left out for each reason, with the place of the first of them."""
        import pandas as pd

        found = [(reason, np.flatnonzero(self.reasons == reason)) for reason in REASONS]
        lines = [(reason, len(rows), loaded.place(rows[0])) for reason, rows in found if len(rows)]
        frame = pd.DataFrame(lines, columns=["reason", "rows", "example"])
        return frame.astype({"reason": "str", "rows": "int64", "example": "int64"})


def judge(loaded: Loaded, names: Sequence[str], columns: Mapping[str, str]) -> Verdicts:
    """Return which rows are blank, headers, totals, units or broken."""
    count = len(loaded)
    verdicts = Verdicts(count)
    filled = np.zeros(count, dtype=int)
    for position in range(len(names)):
        filled += loaded.cells.column(f"c{position}").is_valid().to_numpy()
    beyond = np.zeros(count, dtype=bool)
    if EXTRA in loaded.cells.column_names:
        beyond = loaded.cells.column(EXTRA).is_valid().to_numpy(zero_copy_only=False)
    verdicts.leave_out("blank_row", (filled == 0) & ~beyond)
    texts = {names[place]: loaded.column(place) for place, kind in enumerate(loaded.kinds) if kind == "text"
             and (place < _FIRST_CELLS or names[place] in columns.values())}  # fmt: skip
    used = [name for name in columns.values() if name in texts]
    if len(used) > 1 or (used and len(names) == 1):
        same = np.logical_and.reduce([texts[name].eq(name).to_numpy(dtype=bool, na_value=False) for name in used])
        verdicts.leave_out("header_row", same)
    unsaid = _unsaid(loaded, names, columns)
    is_id = columns.get(CUSTOMER_ID)
    for position, (name, cells) in enumerate(texts.items()):
        if position >= _FIRST_CELLS and name != is_id:
            continue
        # a plan may be called Total, a customer Total Wine; a sum does not say that anybody left
        total = cells.str.fullmatch(_total()).to_numpy(dtype=bool, na_value=False) & unsaid
        if name == is_id:
            total = total | said_totals(cells)
        verdicts.leave_out("total_row", total)
    if count and _says_units(loaded, names):
        first = np.zeros(count, dtype=bool)
        first[0] = True
        below = {name: loaded.cells.column(f"c{place}")[0].as_py() for place, name in enumerate(names)}
        verdicts.units = {
            name: f"({cell.strip('()（）[]【】 ')})" for name, cell in below.items() if isinstance(cell, str)
        }
        verdicts.leave_out("units_row", first)
    verdicts.leave_out("broken_row", beyond)
    if is_id is not None and (last := computed_total(loaded, names.index(is_id), verdicts.used)) is not None:
        verdicts.leave_out("total_row", np.arange(count) == last)
    return verdicts


def _unsaid(loaded: Loaded, names: Sequence[str], columns: Mapping[str, str]) -> NDArray[np.bool_]:
    """Return in which rows nothing that is understood says whether a customer left."""
    if CHURNED not in columns:
        return np.ones(len(loaded), dtype=bool)
    cells = loaded.column(names.index(columns[CHURNED])).astype("str")
    known = {word: meaning(str(word)) not in ("", "blank") for word in cells.dropna().unique()}
    said: NDArray[np.bool_] = cells.map(known).to_numpy(dtype=bool, na_value=False)
    return ~said


@cache
def _total() -> re.Pattern[str]:
    return re.compile(rf"(?i)\s*(?:{row_pattern('total_row', 1)}|{row_pattern('total_row', 2)})\s*[:：]?\s*")


def _says_units(loaded: Loaded, names: Sequence[str]) -> bool:
    """Return whether the first row names the units of the columns."""
    if len(loaded) < 2:
        return False
    cells = [
        loaded.cells.column(f"c{place}")[0].as_py() for place in range(len(names)) if loaded.kinds[place] == "text"
    ]
    filled = [cell for cell in cells if isinstance(cell, str)]
    units = [cell for cell in filled if _UNITS.fullmatch(cell.strip()) or _is_currency(cell)]
    return bool(units) and 2 * len(units) > len(filled)


def _is_currency(cell: str) -> bool:
    unit = header_unit(f"x ({cell.strip('()（）[]')})")
    return bool(unit.currency) and not any(sign.isdigit() for sign in cell)

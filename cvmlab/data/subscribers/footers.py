"""Rows at the foot of a table that are no customers: sums, means and remarks, by ``rules/subscriber_rows.csv``."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.words import read_table

from .figures import PLAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from .loading import Loaded

# so many rows at the end may be a block of figures: count, mean, min, max …
_BLOCK = 12
# of the other ids, so many are codes with a digit
_MOST_CODES = 0.9
_FEWEST = 5
# a sum may be rounded
_CLOSE = 0.0005
_COLUMNS = 60


@cache
def _words(kind: str) -> re.Pattern[str]:
    rows = read_table("rules/subscriber_rows")
    pattern = "|".join(f"(?:{row['pattern']})" for row in rows if row["kind"] == kind)
    return re.compile(rf"(?i)\W*(?:{pattern})\s*[:：.。]?\W*")


def said_totals(ids: pd.Series) -> NDArray[np.bool_]:
    """Return which ids are words for sums, and at the end of codes those for means and other figures."""
    found: NDArray[np.bool_] = ids.str.fullmatch(_words("total")).to_numpy(dtype=bool, na_value=False)
    foot = np.arange(len(ids)) >= len(ids) - _BLOCK
    if _are_codes(ids[~found]):
        found = found | foot & ids.str.fullmatch(_words("weak")).to_numpy(dtype=bool, na_value=False)
    return found


def _are_codes(ids: pd.Series) -> bool:
    """Return whether nearly all ids are codes: with a digit in them."""
    filled = ids.dropna()
    return len(filled) > 0 and float(filled.str.contains(r"\d", regex=True).mean()) >= _MOST_CODES


def computed_total(loaded: Loaded, id_place: int, used: NDArray[np.bool_]) -> int | None:
    """Return the last row if its id is a word or blank among codes, and its numbers are sums or means of the others."""
    rows = np.flatnonzero(used)
    if len(rows) <= _FEWEST:
        return None
    last, above = int(rows[-1]), rows[:-1]
    ids = loaded.column(id_place)
    ids = ids if loaded.kinds[id_place] == "text" else ids.astype("str")
    name = ids.iloc[last]
    is_code = isinstance(name, str) and bool(re.search(r"\d", name))
    if is_code or not _are_codes(ids.iloc[above]) or ids.iloc[above].isna().mean() > 1 - _MOST_CODES:
        return None
    figures = [
        _is_figure_of(numbers.iloc[last], numbers.iloc[above].dropna())
        for place in range(min(len(loaded.kinds), _COLUMNS))
        if place != id_place and (numbers := _numbers(loaded, place)) is not None and not np.isnan(numbers.iloc[last])
    ]
    return last if figures and 2 * sum(figures) > len(figures) else None


def _numbers(loaded: Loaded, place: int) -> pd.Series | None:
    import pandas as pd

    cells = loaded.column(place)
    if loaded.kinds[place] == "number":
        return cells.astype("float64")
    if loaded.kinds[place] != "text":
        return None
    numbers = pd.to_numeric(cells.where(cells.str.fullmatch(PLAIN)), errors="coerce").astype("float64")
    return numbers if numbers.notna().any() else None


def _is_figure_of(value: float, others: Sequence[float] | pd.Series) -> bool:
    """Return whether a number is the sum or the mean of others, rounded as it is written."""
    numbers = np.asarray(others, dtype=float)
    if len(numbers) < _FEWEST or len(np.unique(numbers)) < 2:
        return False
    total = float(numbers.sum())
    decimals = len(f"{value:.6f}".rstrip("0").split(".")[1])
    is_sum = value != 0 and abs(value - total) <= max(_CLOSE * abs(total), 0.5 * 10.0**-decimals)
    return bool(is_sum and value > numbers.max()) or abs(value - float(numbers.mean())) <= 0.5 * 10.0**-decimals

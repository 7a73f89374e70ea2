"""Ids of customers: text, one row each; rows that say the same twice, and ids that stand for several rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.words import CvmError, say
from cvmlab.data.reading.cells.ids import fold

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from .loading import Loaded

# of all customers; above it the rows are no customers but contracts, months or transactions
MOST_REPEATED = 0.05
# up to here a float is one whole number; above it stands for several
_MOST_WHOLE = 2**53


def as_ids(cells: pd.Series) -> pd.Series:
    """Return ids as text, whole numbers without their ``.0``, without what nobody can see."""
    import pandas as pd

    if pd.api.types.is_bool_dtype(cells):
        texts = cells.astype("str")
    elif pd.api.types.is_numeric_dtype(cells):
        texts = cells.map(lambda number: _whole(float(number)), na_action="ignore").astype("str")
    elif pd.api.types.is_datetime64_any_dtype(cells):
        texts = cells.dt.strftime("%Y-%m-%d").astype("str")
    else:
        texts = cells.astype("str")
        odd = texts.str.contains(r"[^\x21-\x7e]|  ", regex=True).to_numpy(dtype=bool, na_value=False)
        if odd.any():
            texts = texts.where(~odd, texts.map(fold, na_action="ignore")).astype("str")
        decimal = texts.str.fullmatch(r"\d+\.0+")
        if bool(decimal.any()):
            texts = texts.where(~decimal.fillna(False).astype(bool), texts.str.split(".").str[0]).astype("str")
    return texts.mask(texts.str.strip() == "")


def _whole(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < _MOST_WHOLE else repr(number)


def repeats(
    ids: pd.Series, loaded: Loaded, used: NDArray[np.bool_], column: str, source: str
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], list[str]]:
    """Return which rows repeat one that is equal, which have an id that stands for different rows, and notes.

    Raise `CvmError` where so many ids repeat that the rows are no customers.
    """
    import pandas as pd

    none = np.zeros(len(used), dtype=bool)
    known = used & ids.notna().to_numpy()
    doubtful = known & ids.duplicated(keep=False).to_numpy()
    doubtful[known] = ids[known].duplicated(keep=False).to_numpy()
    if not doubtful.any():
        return none, none, []
    equal, several = none.copy(), none.copy()
    rows = np.flatnonzero(doubtful)
    contents = loaded.cells.take(rows).to_pandas().astype("str")
    key = pd.util.hash_pandas_object(contents, index=False).to_numpy()
    groups = pd.DataFrame({"id": ids[doubtful].to_numpy(), "key": key}, index=rows)
    again = groups.duplicated(["id", "key"])
    equal[rows[again.to_numpy()]] = True
    rest = groups[~again]
    apart = rest["id"].duplicated(keep=False)
    several[rows[(~again).to_numpy()][apart.to_numpy()]] = True
    count = int(rest.loc[apart, "id"].nunique())
    customers = int(ids[known].nunique())
    if not count:
        return equal, several, []
    first = np.flatnonzero(several)
    value = str(ids.iloc[first[0]])
    same = [loaded.place(int(row)) for row in first if str(ids.iloc[row]) == value][:3]
    said = {"column": column, "count": f"{count:,}", "customers": f"{customers:,}", "value": value}
    said["places"] = ", ".join(map(str, same))
    if count > MOST_REPEATED * customers:
        every = count == customers or int(several.sum()) > 0.9 * int(known.sum())
        raise CvmError(
            "subscribers.every_id_repeats" if every else "subscribers.many_ids_repeat", source=source, **said
        )
    return equal, several, [say("subscribers.ids_repeat", **said)]

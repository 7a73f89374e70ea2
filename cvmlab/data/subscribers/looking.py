"""Is a source a table of subscribers, or a log of transactions? A look at its head, and whether ids repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from cvmlab.core.annotations import FrameOrFile
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError
from cvmlab.core.work import temporary_folder
from cvmlab.data.reading.opening.parts import label_of, one_sentence, open_heads

from .choosing import Choice, cells_of, choose
from .leaving import is_plausible
from .loading import load, load_column
from .meanings import meaning
from .naming import CHARGE, CHURNED, CUSTOMER_ID, EVENT, JOINED, LEFT, OWN_ID, TENURE, is_named, rank
from .repeating import MOST_REPEATED, as_ids

if TYPE_CHECKING:
    import pandas as pd

# a name such as cancelled may be that of an order's state too
_SURE = 2
_FEWEST = 3


@public
def is_table_of_subscribers(source: FrameOrFile) -> bool:
    """Return whether a source is a table with one row per customer that says who left.

    Parameters
    ----------
    source
        A file or a frame, as for `read`.

    Returns
    -------
    bool
        True where a column says by its name who left (or two columns, when customers joined and left), nothing else
        speaks of orders, transactions or other events (unless there are a tenure and a sure name of leaving), and at
        most 5% of the ids repeat in rows that differ. False for a log of transactions, and for
        what cannot be read: the reader of logs then says why.

    Raises
    ------
    CvmError
        Only for a source that is neither a path nor a frame.

    Examples
    --------
    >>> import pandas as pd
    >>> is_table_of_subscribers(pd.DataFrame({"customerID": ["7", "8"], "tenure": [1, 34], "Churn": ["Yes", "No"]}))
    True
    >>> is_table_of_subscribers(pd.DataFrame({"customer": ["7", "7"], "date": ["2024-01-05"] * 2, "amount": [1, 2]}))
    False
    """
    import pandas as pd

    try:
        with temporary_folder() as folder, duckdb.connect() as connection, one_sentence(source, folder):
            heads, _ = open_heads(source, None, connection, None)
            choice = choose(heads, {}, str(label_of(source, None)))
            if not _is_meant(choice):
                return False
            if CUSTOMER_ID not in choice.columns:
                return CHURNED in choice.columns or rank(choice.columns[LEFT], LEFT) == 1
            ids = as_ids(load_column(choice, choice.columns[CUSTOMER_ID], connection, folder)).dropna()
            if _stand_once(ids):
                return True
            # an export may hold every row twice
            cells = load(choice, connection, folder).cells
            again = pd.util.hash_pandas_object(cells.to_pandas().astype("str"), index=False).duplicated()
            column = f"c{choice.names.index(choice.columns[CUSTOMER_ID])}"
            return bool(again.any()) and _stand_once(as_ids(cells.column(column).to_pandas()[~again]).dropna())
    except CvmError:
        return False


def _stand_once(ids: pd.Series) -> bool:
    """Return whether each customer has one row, but for a few."""
    return len(ids) > 0 and int(ids.duplicated().sum()) <= MOST_REPEATED * len(ids) + 1


def _is_meant(choice: Choice) -> bool:
    """Return whether the names are those of a table of subscribers: surely, or several of them."""
    free = [name for name in choice.names if name not in choice.columns.values()]
    churned = choice.columns.get(CHURNED)
    is_sure = churned is not None and not choice.inverted and (rank(churned, CHURNED) or _FEWEST) <= _SURE
    whole = is_sure and CUSTOMER_ID in choice.columns and TENURE in choice.columns
    # a price, a discount and a date of paying are what a firm knows of its customers too
    if any(is_named(name, EVENT) or is_named(name, OWN_ID) for name in free) and not whole:
        return False
    if churned is None:
        return LEFT in choice.columns and JOINED in choice.columns
    cells = cells_of(choice, churned)
    # a total below the answers is none
    if not is_plausible(cells) and 2 * sum(map(bool, map(meaning, cells))) <= len(cells):
        return False
    return is_sure or bool({TENURE, JOINED, CHARGE} & choice.columns.keys())

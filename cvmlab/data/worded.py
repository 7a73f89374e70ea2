"""A table as people read it: heads and codes in the language in force."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cvmlab.core.guarding import public
from cvmlab.core.words import keys, term

if TYPE_CHECKING:
    import pandas as pd


@public
def in_words(frame: pd.DataFrame, **heads: str) -> pd.DataFrame:
    """Return a table to look at: its heads, and the codes in it, in the language in force.

    For display only: computations go on with the frame itself.

    Parameters
    ----------
    frame
        A pandas frame with the toolkit's column names; its columns, and the name of its index, are worded by
        ``heads.csv``, codes such as ``exploration`` or ``canteen`` by ``codes.csv``. What has no wording stays.
    **heads
        Column name to the key in ``heads.csv``, where a column means something else than it usually does.

    Returns
    -------
    pandas.DataFrame
        A new frame with the same rows and figures, NaN included.

    Examples
    --------
    >>> import pandas as pd
    >>> from cvmlab import speaking
    >>> stays = pd.DataFrame({"state": ["dormant"], "days": [90]})
    >>> with speaking("zh"):
    ...     print(in_words(stays).to_string(index=False))
    状态 天数
    休眠 90
    """
    known = keys()

    def head(name: object) -> object:
        key = f"heads.{heads.get(str(name), str(name))}"
        return term(key) if key in known else name

    def code(value: object) -> object:
        if isinstance(value, str) and " ×" in value:
            # codes with their number, as `pipeline.account` lists products: "boxes ×2, film_and_bags ×5"
            return re.sub(r"\w+(?= ×)", lambda found: str(code(found[0])), value)
        key = f"codes.{value}"
        return term(key) if key in known else value

    worded = frame.copy()
    for column in worded.columns[[dtype.kind in "OTU" for dtype in worded.dtypes]]:
        worded[column] = worded[column].astype(object).map(code)
    if frame.index.name is not None:
        worded.index = worded.index.map(code).rename(head(frame.index.name))
    worded.columns = worded.columns.map(head)
    return worded

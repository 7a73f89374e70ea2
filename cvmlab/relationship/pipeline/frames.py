"""What the functions of the pipeline are given: a frame of any kind, brought to pandas; figures named by state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import Wording, check_parameter
from cvmlab.core.words import CvmError
from cvmlab.data.tables import collected


def pandas_frame(frame: Any, table: str) -> pd.DataFrame:
    """Return a frame of pandas, polars, DuckDB or pyarrow as one of pandas, its days as datetimes.

    Parameters
    ----------
    frame
        Any frame that narwhals knows; a lazy one is computed.
    table
        What it is called in a message.

    Returns
    -------
    pandas.DataFrame
        The frame itself if it is one of pandas already.

    Raises
    ------
    CvmError
        For something that is no frame, a path for example.

    Examples
    --------
    >>> import polars as pl
    >>> pandas_frame(pl.DataFrame({"customer_id": ["007"]}), "events")["customer_id"].tolist()
    ['007']
    """
    try:
        rows: Any = nw.from_native(frame)
    except TypeError:
        raise CvmError("pipeline.no_frame", table=table, found=type(frame).__name__) from None
    days = [name for name, kind in rows.collect_schema().items() if kind == nw.Date]
    if isinstance(frame, pd.DataFrame) and not days:
        return frame
    # pandas has no column of days: some engines would hand over Python objects
    dated = rows.with_columns(nw.col(*days).cast(nw.Datetime("us"))) if days else rows
    as_pandas: pd.DataFrame = collected(dated).to_pandas()
    return as_pandas


def check_states(frame: pd.DataFrame, column: str, table: str, states: Sequence[str]) -> None:
    """Raise `CvmError` with the first row unless a column holds names of states only.

    Examples
    --------
    >>> check_states(pd.DataFrame({"state": ["user", "client"]}), "state", "events", ["user", "lost"])
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: The column 'state' of the table events holds 'client' in row 2, ... one of: user, lost.
    """
    unknown = ~frame[column].isin(states).to_numpy()
    if unknown.any():
        row = int(unknown.argmax())
        raise CvmError(
            "pipeline.unknown_state",
            table=table,
            column=column,
            value=frame[column].iloc[row],
            row=row + 1,
            states=", ".join(filter(None, states)),
        )


def by_state(
    figures: Mapping[str, float], name: str, states: Sequence[str], *, minimum: float = -np.inf
) -> NDArray[np.float64]:
    """Return figures by state as an array over the states, 0 for a state that is not named.

    Parameters
    ----------
    figures
        State to number.
    name
        The parameter, with its wording under ``checking.name`` in the vocabulary.
    states
        Names that may occur; their order is that of the array.
    minimum
        Least figure allowed.

    Returns
    -------
    ndarray
        Shape (states,).

    Raises
    ------
    CvmError
        For something that does not name states, an unknown state, or what is no finite number of at least
        the minimum.

    Examples
    --------
    >>> by_state({"user": 12}, "rewards", ["user", "lost"])
    array([12.,  0.])
    """
    try:
        stated = dict(figures)
    except (TypeError, ValueError):
        raise CvmError("pipeline.not_by_state", label=Wording(f"checking.{name}"), name=name, value=figures) from None
    for state, figure in stated.items():
        if state not in states:
            raise CvmError("pipeline.no_such_state", state=state, states=", ".join(states))
        if np.ndim(figure):
            raise CvmError("checking.not_finite", label=Wording(f"checking.{name}"), name=name, value=figure)
        check_parameter(name, figure, minimum)
    return np.array([stated.get(state, 0.0) for state in states], dtype=np.float64)

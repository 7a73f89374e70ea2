"""What the functions of the pipeline are given: frames of any engine brought to pandas, states and figures checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_parameter
from cvmlab.core.words import CvmError, Wording
from cvmlab.data.tables import CUSTOMER_ID, check_present, collected, without_id

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def pandas_frame(frame: Any, table: str) -> pd.DataFrame:
    """Return a frame of pandas, polars, DuckDB or pyarrow as one of pandas, its days as datetimes."""
    try:
        rows: Any = nw.from_native(frame)
    except TypeError:
        raise CvmError("pipeline.no_frame", table=table, found=type(frame).__name__) from None
    days = [name for name, kind in rows.collect_schema().items() if kind == nw.Date]
    if isinstance(frame, pd.DataFrame) and not days:
        return frame
    # pandas has no column of days: some engines would hand over Python objects
    dated = rows.with_columns(nw.col(*days).cast(nw.Datetime("us"))) if days else rows
    found: pd.DataFrame = collected(dated).to_pandas()
    return found


def check_filled(frame: pd.DataFrame, columns: Sequence[str], table: str) -> None:
    """Raise `CvmError` with the first row and their number if columns have gaps."""
    for column in columns:
        gaps = without_id(frame[column]) if column == CUSTOMER_ID else frame[column].isna().to_numpy()
        check_present(gaps, column, table)


def check_states(frame: pd.DataFrame, column: str, table: str, states: Sequence[str]) -> None:
    """Raise `CvmError` with the first row unless a column holds names of states only."""
    unknown = ~frame[column].isin(states).to_numpy()
    if unknown.any():
        row = int(unknown.argmax())
        raise CvmError("pipeline.unknown_state", table=table, column=column, value=frame[column].iloc[row], row=row + 1,
                       states=", ".join(filter(None, states)))  # fmt: skip


def by_state(figures: Mapping[str, float], name: str, states: Sequence[str], *, minimum: float = -np.inf) -> Floats:
    """Return the figures of a parameter by state as an array over ``states``, 0 for a state that is not named."""
    label = Wording(f"checking.{name}")
    try:
        stated = dict(figures)
    except (TypeError, ValueError):
        raise CvmError("pipeline.not_by_state", label=label, name=name, value=figures) from None
    for state, figure in stated.items():
        if state not in states:
            raise CvmError("pipeline.no_such_state", state=state, states=", ".join(states))
        if np.ndim(figure):
            raise CvmError("checking.not_finite", label=label, name=name, value=figure)
        check_parameter(name, figure, minimum)
    return np.array([stated.get(state, 0.0) for state in states], dtype=np.float64)

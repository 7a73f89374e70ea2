"""Read and check the customer summary that the models are fitted on; the first wrong row is named with its value."""

from __future__ import annotations

from typing import Any, NamedTuple

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from cvmlab.core.words import CvmError, say
from cvmlab.data.tables import CUSTOMER_ID, check_columns, check_one_row_each, collected

Array = NDArray[np.float64]


class Summary(NamedTuple):
    """Repeat purchase days, days from first to last purchase, days since the first; shape (customers,)."""

    frequency: Array
    recency: Array
    age: Array


def rows_of(customers: Any) -> Any:
    """Return a frame of any engine as one of narwhals, computed if it was lazy, so that all look at the same rows."""
    return collected(nw.from_native(customers))


def read_summary(customers: Any) -> Summary:
    """Return ``frequency``, ``recency`` and ``age`` of a frame (or a summary as it is); refuse impossible ones."""
    if isinstance(customers, Summary):
        return customers
    customers = rows_of(customers)
    frequency, recency, age = _numbers(customers, ("frequency", "recency", "age"))
    _refuse(customers, (frequency < 0) | (frequency != np.floor(frequency)), "frequency_not_whole", frequency)
    _refuse(customers, recency < 0, "negative_recency", recency)
    _refuse(customers, recency > age, "recency_above_age", recency, age=age)
    _refuse(customers, (frequency == 0) & (recency > 0), "recency_without_repeat", recency)
    _refuse(customers, (frequency > 0) & (recency == 0), "repeat_without_recency", frequency)
    return Summary(frequency, recency, age)


def read_spend(customers: Any) -> tuple[Array, Array]:
    """Return ``frequency`` and ``monetary_value`` of a frame."""
    customers = rows_of(customers)
    frequency, spend = _numbers(customers, ("frequency", "monetary_value"))
    _refuse(customers, (frequency < 0) | (frequency != np.floor(frequency)), "frequency_not_whole", frequency)
    _refuse(customers, spend < 0, "negative_spend", spend)
    return frequency, spend


def _numbers(frame: Any, columns: tuple[str, ...]) -> list[Array]:
    check_columns(frame, columns)
    if len(frame) == 0:
        raise CvmError("tables.no_rows", table="customers")
    if CUSTOMER_ID in frame.columns:
        check_one_row_each(frame[[CUSTOMER_ID]].to_pandas())
    arrays = []
    for column in columns:
        if not frame[column].dtype.is_numeric():
            found, expected = str(frame[column].dtype), say("tables.kind_number")
            raise CvmError("tables.wrong_type", table="customers", column=column, found=found, expected=expected)
        # polars and nullable pandas columns carry nulls that only a float array shows as NaN
        array = frame[column].cast(nw.Float64).to_numpy().astype(np.float64)
        _refuse(frame, ~np.isfinite(array), "not_finite", array, column=column)
        arrays.append(array)
    return arrays


def _refuse(frame: Any, wrong: NDArray[np.bool_], word: str, shown: Array, **more: Any) -> None:
    """Raise the error ``buying.<word>``, naming the first wrong row and its values, if any row is wrong."""
    if not wrong.any():
        return
    row = int(np.argmax(wrong))
    name = f" ({frame[CUSTOMER_ID].to_list()[row]})" if CUSTOMER_ID in frame.columns else ""
    values = {key: f"{value[row]:g}" if isinstance(value, np.ndarray) else value for key, value in more.items()}
    raise CvmError(f"buying.{word}", row=f"{row + 1}{name}", value=f"{shown[row]:g}", count=int(wrong.sum()), **values)

"""Frames and arrays as they come from outside: of any engine, with whatever in them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .refusing import refusal
from .words import CvmError

_KINDS = {"float64": "iuf", "float32": "iuf", "bool_": "b", "bool": "b", "object_": "", "datetime64": "M"}


def checked_frame(value: Any, largest: float, *, convert: bool) -> Any:
    """Return a frame, as pandas where asked, with each column once and no figure that is infinite or beyond bounds."""
    import narwhals as nw

    try:
        frame = nw.from_native(value)
    except TypeError:
        raise refusal(value, "frame") from None
    except Exception as error:
        if hasattr(value, "columns"):
            _check_columns_once(value)
        raise refusal(value, "frame") from error
    if frame.implementation.is_pandas():
        _check_columns_once(value)
        _check_figures(value, largest)
        return value
    # an engine of its own has no summaries; what it holds goes into a pandas frame unharmed
    if convert or frame.implementation.is_pyarrow():
        pandas = (frame.collect() if isinstance(frame, nw.LazyFrame) else frame).to_pandas()
        _check_figures(pandas, largest)
        return pandas
    return value


def _check_columns_once(frame: Any) -> None:
    names = frame.columns
    if getattr(names, "nlevels", 1) > 1:
        raise CvmError("guarding.two_heads", function="", name="", levels=names.nlevels)
    if names.is_unique:
        return
    column = names[names.duplicated()][0]
    raise CvmError("guarding.column_twice", function="", name="", column=column, count=int((names == column).sum()))


def _check_figures(frame: Any, largest: float) -> None:
    for place, kind in enumerate(frame.dtypes):
        if getattr(kind, "kind", "") == "c":
            raise CvmError("guarding.complex_column", function="", name="", column=frame.columns[place])
        if getattr(kind, "kind", "") != "f":
            continue
        figures = frame.iloc[:, place].to_numpy(dtype=np.float64, na_value=np.nan)
        # NaN is passed over: whether a figure may be missing is the function's affair
        if len(figures) and not (-largest <= np.fmin.reduce(figures) and np.fmax.reduce(figures) <= largest):
            _refuse_figure(frame.columns[place], figures, largest)


def _refuse_figure(column: object, figures: NDArray[np.float64], largest: float) -> None:
    beyond = np.abs(figures) > largest
    if beyond.any():
        row = int(beyond.argmax())
        if np.isinf(figures[row]):
            raise CvmError("checking.infinite_column", column=column, row=row + 1)
        value = f"{figures[row]:g}"
        raise CvmError("guarding.figure", function="", name="", column=column, value=value, row=row + 1)


def checked_series(value: Any) -> Any:
    """Return a pandas series; arrays, lists and series of other engines become one."""
    import pandas as pd

    if isinstance(value, pd.Series):
        return value
    if hasattr(value, "to_pandas") and not hasattr(value, "columns"):
        return value.to_pandas()
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim == 1):
        return pd.Series(value)
    raise refusal(value, "series")


def checked_entries(value: Any) -> Any:
    """Return a pandas series as it is; arrays, lists and series of other engines become an array without an index."""
    series = checked_series(value)
    return series if series is value else series.to_numpy(dtype=object)


def checked_array(value: Any, kind: str, largest: float, *, keep: bool = False) -> Any:
    """Return an array of a kind of numbers, finite and within bounds; ``keep`` arrays and series as they are."""
    array = _as_array(value)
    accepted = _KINDS.get(kind, "iu")
    needed = {"b": "switches", "iu": "whole_numbers", "M": "dates", "": "array"}.get(accepted, "numbers")
    if array is None or (accepted and array.dtype.kind not in accepted and array.size):
        raise refusal(value, needed)
    if accepted == "iuf" and array.size:
        beyond = ~(np.abs(array) <= largest)
        if beyond.any():
            raise CvmError("guarding.array_figure", function="", name="", value=f"{array[beyond].flat[0]:g}")
    if array.ndim == 0 and not keep:
        raise refusal(value, needed)
    if keep:
        return value if hasattr(value, "dtype") and hasattr(value, "__array_ufunc__") else array
    return _as_kind(array, kind, value, needed)


def _as_array(value: Any) -> NDArray[Any] | None:
    if value is None or isinstance(value, (str, bytes, dict, set)) or hasattr(value, "columns"):
        return None
    try:
        array = np.asarray(value)
    except Exception:
        return None
    if array.ndim == 0 and not hasattr(value, "dtype"):
        return array if array.dtype.kind in "iufb" else None
    return array


def _as_kind(array: NDArray[Any], kind: str, value: Any, needed: str) -> NDArray[Any]:
    if kind == "integer":
        return array if array.dtype.kind in "iu" else array.astype(np.int64)
    if kind == "datetime64":
        return array
    wanted = np.dtype(kind.removesuffix("_"))
    if wanted.kind in "iu" and array.size:
        limits = np.iinfo(wanted)
        if array.min() < limits.min or array.max() > limits.max:
            raise refusal(value, "whole_numbers_between", minimum=limits.min, maximum=limits.max)
    return array.astype(wanted, copy=False)

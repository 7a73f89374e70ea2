"""Who was seen in which period of the relationship, and who left in it: counted by the engine of the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np

from cvmlab.core.checking import check_count
from cvmlab.core.refusing import brief
from cvmlab.core.words import CvmError, Wording
from cvmlab.data.tables import check_columns, collected

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

#: No relationship lasts longer: ten thousand days are 27 years.
MOST_PERIODS = 10_000
_ROWS = "rows_counted"
# More combinations than this are not counted by a number each.
_MOST_COMBINATIONS = 1 << 22
_PART = 1 << 15


def count_customers(
    customers: Any,
    *,
    tenure: str,
    left: str,
    entered: str | None = None,
    window: int | None = None,
    by: str | None = None,
    cause: str | None = None,
) -> pd.DataFrame:
    """Return ``last``, ``since``, ``left``, ``rows`` [, ``group``, ``cause``]: how many customers are alike in them.

    ``last`` is the period in which they were last seen, ``since`` the periods that had passed before the first one
    they were seen in. A customer without a cause, or who has not left, has None as ``cause``.
    """
    import pandas as pd

    if entered is not None and window is not None:
        raise CvmError("retention.entered_or_window")
    if window is not None:
        check_count("window", window)
    keys = [name for name in (by, tenure, entered, left, cause) if name is not None]
    repeated = next((name for name in keys if keys.count(name) > 1), None)
    if repeated is not None:
        raise CvmError("retention.same_column", column=repeated)
    check_columns(customers, keys)
    periods = [tenure] if entered is None else [tenure, entered]
    counts = _counted(customers, keys, left, periods)
    for name in keys:
        gaps = counts[name].isna().to_numpy()
        if name != cause and gaps.any():
            raise CvmError("retention.missing", column=name, rows=int(counts.loc[gaps, _ROWS].sum()))
    for name in periods:
        _check_periods(counts, name)
    counts[left] = counts[left].astype(bool)
    _check_order(counts, tenure, left, entered)
    last = counts[tenure].to_numpy(np.int64)
    since = np.zeros(len(counts)) if entered is None else counts[entered].to_numpy(np.float64)
    if window is not None:
        since = np.maximum(last - window, 0)
    plain = {"last": last, "since": since.astype(np.int64), "left": counts[left], "rows": counts[_ROWS]}
    more = {name: counts[column] for name, column in (("group", by), ("cause", cause)) if column is not None}
    return pd.DataFrame(plain | more)


def _counted(customers: Any, keys: list[str], left: str, periods: list[str]) -> pd.DataFrame:
    """Return the number of rows of each combination of the keys, after a look at the types of the columns."""
    frame: Any = nw.from_native(customers)
    schema = frame.collect_schema()
    if schema[left] != nw.Boolean:
        raise CvmError("retention.not_yes_no", column=left, found=str(schema[left]))
    for name in periods:
        if not schema[name].is_numeric():
            said: dict[str, object] = {"table": "customers", "column": name, "found": str(schema[name])}
            raise CvmError("tables.wrong_type", expected=Wording("tables.kind_number"), **said)
    counts = _counted_in_memory(frame, keys, left, periods) if isinstance(frame, nw.DataFrame) else None
    if counts is None:
        counts = collected(frame.group_by(keys).agg(nw.len().alias(_ROWS))).to_pandas()
    if not len(counts):
        raise CvmError("tables.no_rows", table="customers")
    return counts


def _counted_in_memory(frame: Any, keys: list[str], left: str, periods: list[str]) -> pd.DataFrame | None:
    """Return the same by one number per combination, several times as fast; None where a column needs a closer look."""
    import pandas as pd

    codes: list[NDArray[Any]] = []
    found: list[Any] = []
    for name in keys:
        if name in periods:
            values = frame[name].to_numpy()
            is_counted = len(values) and values.dtype.kind in "iuf"
            # written so that a gap does not pass
            if not is_counted or not (values.min() >= 0 and values.max() <= MOST_PERIODS):
                return None
            whole = values.astype(np.int64, copy=False)
            if values.dtype.kind == "f" and not (whole == values).all():
                return None
            codes.append(whole)
            found.append(np.arange(int(whole.max()) + 1))
        elif name == left:
            values = frame[name].to_numpy()
            if values.dtype.kind != "b":
                return None
            codes.append(values)
            found.append(np.array([False, True]))
        else:
            coded, values = pd.factorize(frame[name].to_pandas(), use_na_sentinel=False)
            codes.append(coded)
            found.append(values)
    sizes = [len(values) for values in found]
    if np.prod(sizes, dtype=np.float64) > _MOST_COMBINATIONS:
        return None
    rows = _rows_of_each(codes, sizes)
    held = np.flatnonzero(rows)
    places = np.unravel_index(held, sizes)
    parts = {name: values[place] for name, values, place in zip(keys, found, places, strict=True)}
    return pd.DataFrame(parts | {_ROWS: rows[held]})


def _rows_of_each(codes: list[NDArray[Any]], sizes: list[int]) -> Counts:
    """Return the number of rows of each combination of codes, the last code running fastest."""
    total = int(np.prod(sizes))
    rows = np.zeros(total, dtype=np.int64)
    # a part at a time, which stays in the processor's cache
    step = max(_PART, total)
    for begin in range(0, len(codes[0]), step):
        joined = codes[0][begin : begin + step].astype(np.int64)
        for code, size in zip(codes[1:], sizes[1:], strict=True):
            joined *= size
            joined += code[begin : begin + step]
        rows += np.bincount(joined, minlength=total)
    return rows


def _check_periods(counts: pd.DataFrame, column: str) -> None:
    figures = counts[column].to_numpy(np.float64)
    wrong = ~((figures >= 0) & (figures <= MOST_PERIODS) & (figures == np.floor(figures)))
    if wrong.any():
        value = figures[wrong.argmax()]
        rows = int(counts.loc[figures == value, _ROWS].sum())
        raise CvmError("retention.not_periods", column=column, value=brief(value), rows=rows, most=MOST_PERIODS)


def _check_order(counts: pd.DataFrame, tenure: str, left: str, entered: str | None) -> None:
    at_zero = counts[left] & (counts[tenure] == 0)
    if at_zero.any():
        raise CvmError("retention.left_at_zero", column=tenure, rows=int(counts.loc[at_zero, _ROWS].sum()))
    if entered is None:
        return
    # who left was seen in the period of leaving
    late = counts[entered] > counts[tenure] - counts[left]
    if late.any():
        first = counts[late].iloc[0]
        raise CvmError(
            "retention.entered_late", column=tenure, entered=entered, rows=int(counts.loc[late, _ROWS].sum()),
            value=brief(first[entered]), tenure=brief(first[tenure]),
        )  # fmt: skip


def seen_and_gone(counts: pd.DataFrame, periods: int | None = None) -> tuple[Counts, Counts]:
    """Return how many were seen and how many left in each period from 1 on; ``periods`` of them, or to the last."""
    last, since, rows = (counts[name].to_numpy(np.int64) for name in ("last", "since", "rows"))
    size = int(last.max()) + 1 if periods is None else periods + 1
    entries, ends, leavers = (
        np.bincount(period, weights=number, minlength=size)
        for period, number in ((since, rows), (last, rows), (last, rows * counts["left"].to_numpy()))
    )
    seen = (np.cumsum(entries) - np.cumsum(ends))[:-1]
    return seen.astype(np.int64), leavers[1:].astype(np.int64)

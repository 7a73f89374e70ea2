"""A history made dense: one array a measure, a row a period, a column a customer."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np

from .errors import CvmError
from .periods import as_date, check_months, end_of_grid, shown_date
from .tables import CUSTOMER_ID, HISTORY, PERIOD, Panel, check_table, collected

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def panel(history: Any, *, months: int = 1, as_of: dt.date | str | None = None, complete_only: bool = True) -> Panel:
    """Make a history dense: one array a measure with every period of every customer.

    Parameters
    ----------
    history
        A `HISTORY` frame of any engine, from `history`: ``customer_id``, ``period`` and measures.
    months
        Length of a period, the same as the history was made with: 1, 3, 6 or 12.
    as_of
        The day the log is looked at (`last_date` of the log): the grid runs to the last period it completes,
        and rows of later periods are left out. The last period of the history unless given, which is too
        early by the months in which nobody bought at all.
    complete_only
        As in `history`: whether a period that the as-of date cuts short is left off the grid.

    Returns
    -------
    Panel
        Arrays of shape (periods, customers), float64: ``revenue``, and whatever number columns of `HISTORY`
        the frame has. Customers stand in the order of their ids; periods run without a gap from the
        first of the history; a period without a row holds 0. ``first`` is the row of a customer's first
        period in the history, so that every amount of the history lies in the customer's grid.

    Raises
    ------
    CvmError
        For a missing column or one of another type, no rows, an empty id or period, a measure that is not
        finite, a period that does not start on the grid, or two rows of one customer and period.

    Examples
    --------
    >>> import pandas as pd
    >>> sparse = pd.DataFrame({
    ...     "customer_id": ["007", "007", "042"],
    ...     "period": pd.to_datetime(["2024-01-01", "2024-03-01", "2024-02-01"]),
    ...     "revenue": [130.0, 40.0, 80.0],
    ... })
    >>> dense = panel(sparse, as_of="2024-04-30")
    >>> dense.customer_id.tolist(), dense.first.tolist()
    (['007', '042'], [0, 1])
    >>> dense["revenue"]
    array([[130.,   0.],
           [  0.,  80.],
           [ 40.,   0.],
           [  0.,   0.]])
    """
    import pandas as pd

    check_months(months)
    sparse = _read_history(history, months)
    measures = [str(name) for name in sparse if name not in (CUSTOMER_ID, PERIOD)]
    number = _month_number(sparse[PERIOD])
    start, last = number.min(), number.max()
    if as_of is not None:
        end = end_of_grid(as_date(as_of), months, complete_only)
        last = (end.year - 1970) * 12 + end.month - 1 - months
        if last < start:
            first = sparse[PERIOD].min().date()
            raise CvmError("aggregate.no_complete_period", first=first, last=as_date(as_of), months=months)
    sparse, number = sparse[number <= last], number[number <= last]
    row = (number - start) // months
    column, customer_id = pd.factorize(sparse[CUSTOMER_ID].to_numpy(dtype=object), sort=True)
    shape = ((last - start) // months + 1, len(customer_id))
    values = {name: _dense(sparse[name].to_numpy(np.float64), row, column, shape) for name in measures}
    first_row = np.full(len(customer_id), shape[0], dtype=np.int64)
    np.minimum.at(first_row, column, row)
    period = (start + months * np.arange(shape[0])).astype("datetime64[M]").astype("datetime64[D]")
    return Panel(np.asarray(customer_id, dtype=object), period, months, values, first_row)


def _read_history(history: Any, months: int) -> pd.DataFrame:
    """Return a checked history as pandas: ids, periods as datetime64 and the measures."""
    import pandas as pd

    check_table(history, HISTORY)
    frame: Any = nw.from_native(history)
    present = frame.collect_schema().names()
    measures = [column.name for column in HISTORY.columns if column.kind == "number" and column.name in present]
    sparse: pd.DataFrame = collected(frame.select(CUSTOMER_ID, PERIOD, *measures)).to_pandas()
    if sparse.empty:
        raise CvmError("tables.no_rows", table=HISTORY.name)
    sparse = sparse.assign(**{PERIOD: pd.to_datetime(sparse[PERIOD])}).reset_index(drop=True)
    for name in (CUSTOMER_ID, PERIOD, *measures):
        is_bad = sparse[name].isna().to_numpy()
        if name in measures:
            is_bad = ~np.isfinite(sparse[name].to_numpy(np.float64, na_value=np.nan))
        if is_bad.any():
            raise CvmError(
                "tables.missing_values",
                table=HISTORY.name, column=name, count=int(is_bad.sum()), row=int(is_bad.argmax()) + 1,
            )  # fmt: skip
    number = _month_number(sparse[PERIOD])
    is_off = (number % months != 0) | (sparse[PERIOD] != number.astype("datetime64[M]").astype("datetime64[s]"))
    if is_off.any():
        raise CvmError("aggregate.off_grid", period=shown_date(sparse[PERIOD][is_off].iloc[0]), months=months)
    is_twice = sparse.duplicated([CUSTOMER_ID, PERIOD])
    if is_twice.any():
        twice = sparse[is_twice].iloc[0]
        raise CvmError("aggregate.twice", customer=twice[CUSTOMER_ID], period=shown_date(twice[PERIOD]))
    return sparse


def _month_number(period: pd.Series[Any]) -> NDArray[np.int64]:
    """Months since January 1970."""
    return period.to_numpy().astype("datetime64[M]").astype(np.int64)


def _dense(
    measure: NDArray[np.float64], row: NDArray[np.int64], column: NDArray[np.int64], shape: tuple[int, int]
) -> NDArray[np.float64]:
    array = np.zeros(shape)
    array[row, column] = measure
    return array

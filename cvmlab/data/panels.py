"""A history made dense: one array per measure, a row per period, a column per customer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.guarding import public
from cvmlab.core.periods import PERIOD_LENGTHS, as_date, check_months, end_of_grid, shown_date
from cvmlab.core.words import CvmError, say

from .tables import CUSTOMER_ID, HISTORY, PERIOD, check_present, check_table, collected, without_id

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@public
@dataclass(frozen=True)
class Panel:
    """A dense history: one array per measure, with a row per period and a column per customer.

    A customer's grid runs over all periods of the panel, periods without a purchase hold zero;
    ``first`` says in which row the customer's own grid begins (the first row of the history, a refund included).

    Attributes
    ----------
    customer_id
        Ids, shape (customers,), text.
    period
        Start date of each period, shape (periods,), ``datetime64[D]``, increasing without a gap.
    months
        Length of a period in months: 1, 3, 6 or 12.
    values
        Measure name to array of shape (periods, customers), float64: ``revenue`` at least.
    first
        Row of each customer's first period, shape (customers,), int64: 0 in a panel without a period.

    Raises
    ------
    CvmError
        For a part that is no array or of another type, sizes that do not fit, periods that are unordered, repeated or
        missing or do not start with a month, a first period outside the panel, or an id that stands twice. Whether the
        figures are finite is not looked at.

    Examples
    --------
    >>> month = np.array(["2024-01-01", "2024-03-01"], dtype="datetime64[D]")
    >>> Panel(np.array(["007"], dtype=object), month, 1, {"revenue": np.ones((2, 1))}, np.array([0]))
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: The panel's periods are not consecutive: 2024-01-01 is followed by 2024-03-01 ...
    """

    customer_id: NDArray[np.object_]
    period: NDArray[np.datetime64]
    months: int
    values: Mapping[str, NDArray[np.float64]]
    first: NDArray[np.int64]

    def __post_init__(self) -> None:
        _check_kinds(self)
        _check_sizes(self)
        _check_periods(self.period, self.months)
        _check_first(self)
        _check_ids(self.customer_id)

    def __getitem__(self, measure: str) -> NDArray[np.float64]:
        """Return the (periods, customers) array of one measure."""
        return self.values[measure]

    @property
    def periods_per_year(self) -> float:
        """Number of periods in a year."""
        return 12 / self.months

    def part(self, customers: slice | NDArray[np.integer], periods: slice = slice(None)) -> Panel:
        """Return the panel of some customers and periods.

        Parameters
        ----------
        customers
            Their columns.
        periods
            Rows from the first on: ``slice(0, n)``. Every chosen customer must begin in one of them.

        Examples
        --------
        >>> month = np.array(["2024-01-01", "2024-02-01"], dtype="datetime64[D]")
        >>> both = Panel(np.array(["a", "b"], object), month, 1, {"revenue": np.eye(2)}, np.array([0, 1]))
        >>> both.part(np.array([1]))["revenue"].tolist()
        [[0.0], [1.0]]
        """
        values = {name: array[periods, customers] for name, array in self.values.items()}
        return Panel(self.customer_id[customers], self.period[periods], self.months, values, self.first[customers])

    def to_frame(self) -> pd.DataFrame:
        """Return the panel as a dense `HISTORY` frame, a customer's rows from the first period on.

        Returns
        -------
        pandas.DataFrame
            ``customer_id``, ``period`` and a column per measure; sorted by customer, then period.
        """
        import pandas as pd

        periods, customers = len(self.period), len(self.customer_id)
        # transposed: a customer's periods stand together
        row = np.tile(np.arange(periods), customers)
        column = np.repeat(np.arange(customers), periods)
        keep = row >= self.first[column]
        row, column = row[keep], column[keep]
        measures = {name: array[row, column] for name, array in self.values.items()}
        return pd.DataFrame({CUSTOMER_ID: self.customer_id[column], PERIOD: self.period[row], **measures})


def _check_kinds(panel: Panel) -> None:
    parts = {CUSTOMER_ID: panel.customer_id, PERIOD: panel.period, "first": panel.first, **panel.values}  # noqa: PD011
    kinds = {CUSTOMER_ID: ("OUT", "kind_id"), PERIOD: ("M", "kind_date"), "first": ("iu", "kind_row")}
    for name, part in parts.items():
        accepted, expected = kinds.get(name, ("fiu", "kind_number"))
        found = part.dtype if isinstance(part, np.ndarray) else type(part).__name__
        if not isinstance(part, np.ndarray) or part.dtype.kind not in accepted:
            raise CvmError("tables.panel_kind", name=name, found=found, expected=say(f"tables.{expected}"))
    months = panel.months
    if isinstance(months, bool) or not isinstance(months, (int, np.integer)) or months not in PERIOD_LENGTHS:
        raise CvmError("tables.panel_months", months=months, lengths=", ".join(map(str, PERIOD_LENGTHS)))


def _check_sizes(panel: Panel) -> None:
    for name, part in ((CUSTOMER_ID, panel.customer_id), (PERIOD, panel.period)):
        if part.ndim != 1:
            raise CvmError("tables.panel_flat", name=name, shape=part.shape)
    expected = (len(panel.period), len(panel.customer_id))
    for name, array in panel.values.items():  # noqa: PD011
        if array.shape != expected:
            raise CvmError(
                "tables.panel_shape", name=name, shape=array.shape, periods=expected[0], customers=expected[1]
            )
    if panel.first.shape != expected[1:]:
        raise CvmError("tables.panel_first_shape", shape=panel.first.shape, customers=expected[1])


def _check_periods(period: NDArray[np.datetime64], months: int) -> None:
    month = period.astype("datetime64[M]")
    off = month != period
    if off.any():
        raise CvmError("tables.panel_off_month", period=_shown(period[off.argmax()]), row=int(off.argmax()))
    odd = np.diff(month.astype(np.int64)) != months
    if odd.any():
        row = int(odd.argmax())
        before, after = _shown(period[row]), _shown(period[row + 1])
        raise CvmError("tables.panel_periods", before=before, after=after, months=months)


def _check_first(panel: Panel) -> None:
    periods = len(panel.period)
    outside = (panel.first < 0) | (panel.first >= max(periods, 1))
    if outside.any():
        place = int(outside.argmax())
        raise CvmError(
            "tables.panel_first",
            customer=panel.customer_id[place],
            row=int(panel.first[place]),
            periods=periods,
            last=max(periods - 1, 0),
        )


def _check_ids(ids: NDArray[np.object_]) -> None:
    if _stand_in_order(ids) or len(set(ids)) == len(ids):
        return
    import pandas as pd

    repeated = pd.Series(ids, dtype=object).duplicated().to_numpy()
    raise CvmError("tables.panel_repeated", customer=ids[repeated.argmax()])


def _stand_in_order(ids: NDArray[np.object_]) -> bool:
    """Return whether every id is larger than the one before: then none stands twice, which is faster to see."""
    try:
        return bool((ids[1:] > ids[:-1]).all())
    except TypeError:
        return False


def _shown(period: np.datetime64) -> str:
    return str(period)[:10]


@public
def panel(
    history: AnyFrame, *, months: int = 1, as_of: dt.date | str | None = None, complete_only: bool = True
) -> Panel:
    """Make a history dense: one array per measure with every period of every customer.

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
    values = {name: np.zeros(shape) for name in measures}
    for name, array in values.items():
        array[row, column] = sparse[name].to_numpy(np.float64)
    first_row = np.full(len(customer_id), shape[0], dtype=np.int64)
    np.minimum.at(first_row, column, row)
    period = (start + months * np.arange(shape[0])).astype("datetime64[M]").astype("datetime64[D]")
    return Panel(np.asarray(customer_id, dtype=object), period, months, values, first_row)


def _read_history(history: AnyFrame, months: int) -> pd.DataFrame:
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
        is_bad = without_id(sparse[name]) if name == CUSTOMER_ID else sparse[name].isna().to_numpy()
        if name in measures:
            is_bad = ~np.isfinite(sparse[name].to_numpy(np.float64, na_value=np.nan))
        check_present(is_bad, name, HISTORY.name)
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

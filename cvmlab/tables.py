"""The tables of the toolkit: column names in one place, what each column holds, and a check.

==============  ==============================================================================
transactions    one row a purchase, or a purchase line where ``order_id`` is given
history         one row a customer and period with a purchase, from `cvmlab.aggregate.history`
customers       one row a customer, from `cvmlab.aggregate.summarise_customers`
ledger          one row an activity with or for a customer
==============  ==============================================================================

Ids are text (``"007"`` stays ``"007"``), dates are naive local dates, money is finite float64 in the
data's own currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import narwhals as nw
import numpy as np

from .errors import CvmError
from .periods import PERIOD_LENGTHS
from .vocabulary import say

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

CUSTOMER_ID = "customer_id"
DATE = "date"
AMOUNT = "amount"
ORDER_ID = "order_id"
PROFIT = "profit"
COST = "cost"
PRODUCT = "product"
# Attributes of a customer that a log may carry along; the last one seen counts.
CUSTOMER_NAME = "customer_name"
OWNER = "owner"
PHONE = "phone"
ATTRIBUTES = (CUSTOMER_NAME, OWNER, PHONE)

PERIOD = "period"
REVENUE = "revenue"
VOLUME = "volume"
BREADTH = "breadth"

Kind = Literal["id", "text", "date", "number"]


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, what it holds, and whether the table needs it."""

    name: str
    kind: Kind
    required: bool = False


@dataclass(frozen=True)
class Table:
    """A table: its name and columns."""

    name: str
    columns: tuple[Column, ...]

    def required(self) -> tuple[str, ...]:
        """Return the names of the columns that must be there."""
        return tuple(column.name for column in self.columns if column.required)

    def column(self, name: str) -> Column | None:
        """Return a column by name, None for a column the table does not speak of."""
        return next((column for column in self.columns if column.name == name), None)


TRANSACTIONS = Table(
    "transactions",
    (
        Column(CUSTOMER_ID, "id", required=True),
        Column(DATE, "date", required=True),
        Column(AMOUNT, "number", required=True),
        Column(ORDER_ID, "id"),
        Column(PROFIT, "number"),
        Column(COST, "number"),
        Column(PRODUCT, "text"),
        Column(CUSTOMER_NAME, "text"),
        Column(OWNER, "text"),
        Column(PHONE, "text"),
    ),
)
HISTORY = Table(
    "history",
    (
        Column(CUSTOMER_ID, "id", required=True),
        Column(PERIOD, "date", required=True),
        Column(REVENUE, "number", required=True),
        Column(PROFIT, "number"),
        Column(VOLUME, "number"),
        Column("price", "number"),
        Column(COST, "number"),
        Column("indirect_benefit", "number"),
        Column(BREADTH, "number"),
    ),
)
LEDGER = Table(
    "ledger",
    (
        Column(CUSTOMER_ID, "id", required=True),
        Column(DATE, "date", required=True),
        Column("activity", "text", required=True),
        Column("value", "number", required=True),
        Column(COST, "number", required=True),
    ),
)


def check_table(frame: Any, table: Table) -> None:
    """Raise `CvmError` unless the frame has the table's columns with the right types.

    Only the schema is looked at, so the check costs nothing on a lazy or remote frame.

    Parameters
    ----------
    frame
        A pandas, polars, DuckDB or PySpark frame.
    table
        `TRANSACTIONS`, `HISTORY` or `LEDGER`.

    Raises
    ------
    CvmError
        For a missing column, or one of another type: names the table, the column and what is needed.

    Examples
    --------
    >>> import pandas as pd
    >>> check_table(pd.DataFrame({"customer_id": ["007"], "sum": [1.0]}), TRANSACTIONS)
    Traceback (most recent call last):
    ...
    cvmlab.errors.CvmError: The table transactions has no column 'date'. It has: customer_id, sum...
    """
    schema = nw.from_native(frame).collect_schema()
    for column in table.columns:
        if column.name not in schema:
            if column.required:
                raise CvmError("tables.missing_column", table=table.name, column=column.name, columns=", ".join(schema))
        elif not _holds(schema[column.name], column.kind):
            raise CvmError(
                "tables.wrong_type",
                table=table.name,
                column=column.name,
                found=str(schema[column.name]),
                expected=say(f"tables.kind_{column.kind}"),
            )


def check_columns(frame: Any, columns: Iterable[str], table: str = "customers") -> None:
    """Raise `CvmError` unless the frame has all the columns a function documents.

    Raises
    ------
    CvmError
        For a missing column: names it, the table and the columns that are there.
    """
    present = nw.from_native(frame).collect_schema().names()
    for column in columns:
        if column not in present:
            raise CvmError("tables.missing_column", table=table, column=column, columns=", ".join(present))


def _holds(dtype: nw.dtypes.DType, kind: Kind) -> bool:
    if kind in ("id", "text"):
        # pandas keeps text that has gaps as `object`, pandas categories are text too
        return dtype in (nw.String, nw.Object, nw.Categorical) or isinstance(dtype, nw.Enum)
    if kind == "date":
        if isinstance(dtype, nw.Datetime):
            return dtype.time_zone is None
        return dtype == nw.Date
    return dtype.is_numeric()


@dataclass(frozen=True)
class Panel:
    """A dense history: one array a measure, with a row a period and a column a customer.

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
    cvmlab.errors.CvmError: The panel's periods do not run on: after 2024-01-01 comes 2024-03-01 ...
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
            ``customer_id``, ``period`` and a column a measure; sorted by customer, then period.
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


def collected(frame: Any) -> Any:
    """Return a narwhals frame with its rows there, computed if it was lazy."""
    return frame.collect() if isinstance(frame, nw.LazyFrame) else frame

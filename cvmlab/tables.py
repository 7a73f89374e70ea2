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
    """Raise `CvmError` unless the frame has all the columns a function documents."""
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
        Length of a period in months.
    values
        Measure name to array of shape (periods, customers), float64: ``revenue`` at least.
    first
        Row of each customer's first period, shape (customers,), int64.
    """

    customer_id: NDArray[np.object_]
    period: NDArray[np.datetime64]
    months: int
    values: Mapping[str, NDArray[np.float64]]
    first: NDArray[np.int64]

    def __getitem__(self, measure: str) -> NDArray[np.float64]:
        """Return the (periods, customers) array of one measure."""
        return self.values[measure]

    @property
    def periods_per_year(self) -> float:
        """Number of periods in a year."""
        return 12 / self.months

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


def collected(frame: Any) -> Any:
    """Return a narwhals frame with its rows there, computed if it was lazy."""
    return frame.collect() if isinstance(frame, nw.LazyFrame) else frame

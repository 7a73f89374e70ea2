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

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import narwhals as nw
import numpy as np

from cvmlab.core.checking import Wording
from cvmlab.core.words import CvmError, say

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
    cvmlab.CvmError: The table transactions has no column 'date'. It has: customer_id, sum...
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


def collected(frame: Any) -> Any:
    """Return a narwhals frame with its rows there, computed if it was lazy."""
    return frame.collect() if isinstance(frame, nw.LazyFrame) else frame


def numbers(customers: pd.DataFrame, column: str, table: str = "customers") -> NDArray[np.float64]:
    """Return a column of numbers as float64, or raise `CvmError`.

    Parameters
    ----------
    customers
        One row a customer.
    column
        Its name.
    table
        What the frame is called in a message.

    Returns
    -------
    ndarray
        Shape (customers,), finite.

    Raises
    ------
    CvmError
        If the frame has no rows, the column is missing, holds no numbers, or has gaps or infinities.

    Examples
    --------
    >>> import pandas as pd
    >>> numbers(pd.DataFrame({"revenue": [1, 2]}), "revenue")
    array([1., 2.])
    """
    import pandas as pd

    check_columns(customers, [column], table)
    if not len(customers):
        raise CvmError("tables.no_rows", table=table)
    found = customers[column]
    if not pd.api.types.is_numeric_dtype(found) or pd.api.types.is_bool_dtype(found):
        raise CvmError(
            "tables.wrong_type",
            table=table,
            column=column,
            found=str(found.dtype),
            expected=Wording("tables.kind_number"),
        )
    figures: NDArray[np.float64] = found.to_numpy(dtype=np.float64, na_value=np.nan)
    gaps = np.isnan(figures)
    if gaps.any():
        raise CvmError(
            "tables.missing_values",
            table=table,
            column=column,
            count=int(gaps.sum()),
            row=int(gaps.argmax()) + 1,
        )
    if np.isinf(figures).any():
        raise CvmError("checking.infinite_column", column=column, row=int(np.isinf(figures).argmax()) + 1)
    return figures


def check_one_row_each(customers: pd.DataFrame) -> None:
    """Raise `CvmError` unless the frame has rows and every customer stands in one of them only.

    Examples
    --------
    >>> import pandas as pd
    >>> check_one_row_each(pd.DataFrame({"customer_id": ["007", "007"]}))
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: The customer '007' appears in 2 rows, ...
    """
    check_columns(customers, [CUSTOMER_ID])
    if not len(customers):
        raise CvmError("tables.no_rows", table="customers")
    ids = customers[CUSTOMER_ID]
    if ids.isna().any():
        raise CvmError(
            "tables.missing_values",
            table="customers",
            column=CUSTOMER_ID,
            count=int(ids.isna().sum()),
            row=int(ids.isna().to_numpy().argmax()) + 1,
        )
    repeated = ids.duplicated()
    if repeated.any():
        customer = ids[repeated].iloc[0]
        raise CvmError("checking.repeated_customer", customer=customer, count=int((ids == customer).sum()))


def numbers_between(
    customers: pd.DataFrame, column: str, minimum: float, maximum: float, table: str = "customers"
) -> NDArray[np.float64]:
    """Return a column of numbers from ``minimum`` to ``maximum``, or raise `CvmError` with the row.

    Examples
    --------
    >>> import pandas as pd
    >>> numbers_between(pd.DataFrame({"p_alive": [0.2, 1.5]}), "p_alive", 0, 1)
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: The column 'p_alive' holds 1.5 in row 2; it must be between 0 and 1. ...
    """
    figures = numbers(customers, column, table)
    outside = (figures < minimum) | (figures > maximum)
    if outside.any():
        raise CvmError(
            "checking.outside_in_row",
            column=column,
            value=f"{figures[outside][0]:g}",
            row=int(outside.argmax()) + 1,
            minimum=f"{minimum:g}",
            maximum="∞" if np.isinf(maximum) else f"{maximum:g}",
        )
    return figures

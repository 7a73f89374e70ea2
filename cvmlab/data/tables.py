"""The tables of the toolkit: column names in one place, what each column holds, and a check.

==============  ==============================================================================
transactions    one row per purchase, or a purchase line where ``order_id`` is given
history         one row per customer and period with a purchase, from `cvmlab.aggregate.history`
customers       one row per customer, from `cvmlab.aggregate.summarise_customers`
ledger          one row per activity with or for a customer
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

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.checking import outside_in_row
from cvmlab.core.guarding import public
from cvmlab.core.refusing import brief
from cvmlab.core.words import CvmError, Wording, say

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

# What was done with or for a customer, what it brought in and how often; a ledger holds them.
ACTIVITY = "activity"
VALUE = "value"
TIMES = "times"

PERIOD = "period"
REVENUE = "revenue"
VOLUME = "volume"
BREADTH = "breadth"

Kind = Literal["id", "text", "date", "number"]

__all__ = ["ACTIVITY", "AMOUNT", "ATTRIBUTES", "BREADTH", "COST", "CUSTOMER_ID", "CUSTOMER_NAME", "DATE", "ORDER_ID"]
__all__ += ["HISTORY", "LEDGER", "OWNER", "PERIOD", "PHONE", "PRODUCT", "PROFIT", "REVENUE", "TIMES", "TRANSACTIONS"]
__all__ += ["VALUE", "VOLUME", "Column", "Table", "check_table"]


def __dir__() -> list[str]:
    return __all__


@public
@dataclass(frozen=True)
class Column:
    """A column of a table: its name, what it holds, and whether the table needs it."""

    name: str
    kind: Kind
    required: bool = False


@public
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
        *(Column(name, "number") for name in (PROFIT, COST)),
        *(Column(name, "text") for name in (PRODUCT, *ATTRIBUTES)),
    ),
)
HISTORY = Table(
    "history",
    (
        Column(CUSTOMER_ID, "id", required=True),
        Column(PERIOD, "date", required=True),
        Column(REVENUE, "number", required=True),
        *(Column(name, "number") for name in (PROFIT, VOLUME, "price", COST, "indirect_benefit", BREADTH)),
    ),
)
LEDGER = Table(
    "ledger",
    (
        Column(CUSTOMER_ID, "id", required=True),
        Column(DATE, "date", required=True),
        Column(ACTIVITY, "text", required=True),
        Column(VALUE, "number", required=True),
        Column(COST, "number", required=True),
        Column(TIMES, "number"),
    ),
)


@public
def check_table(frame: AnyFrame, table: Table) -> None:
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
                raise _missing(table.name, column.name, schema)
        elif not _holds(schema[column.name], column.kind):
            raise CvmError(
                "tables.wrong_type",
                table=table.name,
                column=column.name,
                found=_type_of(frame, column.name, schema),
                expected=say(f"tables.kind_{column.kind}"),
            )


def check_text_ids(frame: Any, table: str) -> None:
    """Raise `CvmError` with the first id of a pandas frame that is not text: 1 and "1" are no order to group by."""
    from pandas.api.types import infer_dtype

    ids = frame[CUSTOMER_ID]
    if infer_dtype(ids) in ("string", "empty", "categorical"):
        return
    is_other = ids.notna().to_numpy() & [not isinstance(one, str) for one in ids]
    if is_other.any():
        row = int(is_other.argmax())
        raise CvmError("tables.not_text", table=table, column=CUSTOMER_ID, value=brief(ids.iloc[row]), row=row + 1)


def check_columns(frame: AnyFrame, columns: Iterable[str], table: str = "customers") -> None:
    """Raise `CvmError` unless the frame has all the columns."""
    present = nw.from_native(frame).collect_schema().names()
    for column in columns:
        if column not in present:
            raise _missing(table, column, present)


def check_days(frame: pd.DataFrame, names: Iterable[str]) -> None:
    """Raise `CvmError` unless columns hold days, without a time zone."""
    for name in names:
        if frame[name].dtype.kind != "M" or getattr(frame[name].dtype, "tz", None) is not None:
            raise CvmError("claims.no_dates", column=name, found=str(frame[name].dtype))


def _missing(table: str, column: str, present: Iterable[object]) -> CvmError:
    columns = ", ".join(map(str, present))
    if not columns:
        return CvmError("tables.no_columns", table=table, column=column)
    return CvmError("tables.missing_column", table=table, column=column, columns=columns)


def _type_of(frame: Any, column: str, schema: Any) -> str:
    """Return a column's type by the name that its own library gives it, where that is pandas."""
    found = nw.from_native(frame)
    return str(frame[column].dtype if found.implementation.is_pandas() else schema[column])


def _holds(dtype: nw.dtypes.DType, kind: Kind) -> bool:
    if kind in ("id", "text"):
        # pandas keeps text that has gaps as `object`, pandas categories are text too
        return dtype in (nw.String, nw.Object, nw.Categorical) or isinstance(dtype, nw.Enum)
    if kind == "date":
        if isinstance(dtype, nw.Datetime):
            return dtype.time_zone is None
        return dtype == nw.Date
    return dtype.is_numeric()


def collected(frame: AnyFrame) -> Any:
    """Return a narwhals frame with its rows there, computed if it was lazy."""
    return frame.collect() if isinstance(frame, nw.LazyFrame) else frame


def check_known(column: pd.Series[Any], name: str, known: tuple[str, ...]) -> None:
    """Raise `CvmError` with the first row that holds something else than the known values."""
    unknown = ~column.isin(known).to_numpy()
    if unknown.any():
        row = int(unknown.argmax())
        raise CvmError("tables.unknown_value", column=name, value=column.iloc[row], row=row + 1, known=", ".join(known))


def numbers(customers: pd.DataFrame, column: str, table: str = "customers") -> NDArray[np.float64]:
    """Return a column as finite float64, shape (customers,), or raise `CvmError` that names what is wrong."""
    import pandas as pd

    check_columns(customers, [column], table)
    if not len(customers):
        raise CvmError("tables.no_rows", table=table)
    found = customers[column]
    if not pd.api.types.is_numeric_dtype(found) or pd.api.types.is_bool_dtype(found):
        expected = Wording("tables.kind_number")
        raise CvmError("tables.wrong_type", table=table, column=column, found=str(found.dtype), expected=expected)
    figures: NDArray[np.float64] = found.to_numpy(dtype=np.float64, na_value=np.nan)
    check_present(np.isnan(figures), column, table)
    if np.isinf(figures).any():
        raise CvmError("checking.infinite_column", column=column, row=int(np.isinf(figures).argmax()) + 1)
    return figures


def check_present(is_missing: NDArray[np.bool_], column: str, table: str) -> None:
    """Raise `CvmError` with their number and the first row if values of a column are missing."""
    count = int(is_missing.sum())
    if count:
        raise CvmError(
            "tables.missing_values", table=table, column=column, count=count, row=int(is_missing.argmax()) + 1
        )


def without_id(ids: pd.Series[Any]) -> NDArray[np.bool_]:
    """Return in which rows an id is missing or blank."""
    import pandas as pd

    missing: NDArray[np.bool_] = ids.isna().to_numpy()
    if pd.api.types.is_numeric_dtype(ids):
        return missing
    # each id once: a log repeats them, and text is slow to look at
    blank = [one for one in ids.unique() if isinstance(one, str) and not one.strip()]
    return missing | ids.isin(blank).to_numpy() if blank else missing


def check_one_row_each(customers: pd.DataFrame, table: str = "customers") -> None:
    """Raise `CvmError` unless the frame has rows and each customer appears in one of them only."""
    check_columns(customers, [CUSTOMER_ID], table)
    if not len(customers):
        raise CvmError("tables.no_rows", table=table)
    ids = customers[CUSTOMER_ID]
    check_present(without_id(ids), CUSTOMER_ID, table)
    repeated = ids.duplicated()
    if repeated.any():
        customer = ids[repeated].iloc[0]
        raise CvmError("checking.repeated_customer", customer=customer, count=int((ids == customer).sum()))


def numbers_between(
    customers: pd.DataFrame, column: str, minimum: float, maximum: float, table: str = "customers"
) -> NDArray[np.float64]:
    """Return a column of numbers from ``minimum`` to ``maximum``, or raise `CvmError` with the row."""
    figures = numbers(customers, column, table)
    outside = (figures < minimum) | (figures > maximum)
    if outside.any():
        raise outside_in_row(figures, outside, column, table, minimum, maximum)
    return figures

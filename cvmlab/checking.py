"""Checks of columns and parameters that the subjects on reduced data share.

A parameter is called by its wording in ``checking.csv``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import CvmError
from .tables import CUSTOMER_ID, check_columns
from .vocabulary import term

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Wording:
    """A word of the vocabulary that is spoken when a sentence is read, not when the error is raised.

    Examples
    --------
    >>> f"{Wording('checking.margin')}"
    'margin'
    """

    key: str

    def __str__(self) -> str:
        return term(self.key)


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
    cvmlab.errors.CvmError: The customer '007' stands in 2 rows, ...
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


def check_parameter(
    name: str,
    figure: ArrayLike,
    minimum: float = -np.inf,
    maximum: float = np.inf,
    *,
    open_minimum: bool = False,
) -> None:
    """Raise `CvmError` unless all figures of a parameter are finite and within bounds.

    Parameters
    ----------
    name
        The parameter, with its wording under ``checking.name`` in the vocabulary.
    figure
        A number or an array.
    minimum, maximum
        Bounds, both included.
    open_minimum
        Whether the minimum itself is refused.

    Examples
    --------
    >>> check_parameter("retention_rate", 1.2, 0, 1)
    Traceback (most recent call last):
    ...
    cvmlab.errors.CvmError: retention rate (retention_rate) is 1.2; it must lie from 0 to 1. ...
    """
    label = Wording(f"checking.{name}")
    given = np.asarray(figure)
    if given.dtype.kind not in "iuf":
        raise CvmError("checking.not_finite", label=label, name=name, value=repr(figure))
    figures = given.astype(np.float64)
    unusable = ~np.isfinite(figures)
    if unusable.any():
        raise CvmError("checking.not_finite", label=label, name=name, value=_first_of(figures, unusable))
    below = figures <= minimum if open_minimum else figures < minimum
    outside = below | (figures > maximum)
    if not outside.any():
        return
    value = _first_of(figures, outside)
    said: dict[str, object] = {"label": label, "name": name, "value": value, "minimum": f"{minimum:g}"}
    if np.isfinite(maximum):
        raise CvmError("checking.out_of_range", maximum=f"{maximum:g}", **said)
    raise CvmError("checking.not_above" if open_minimum else "checking.too_small", **said)


def check_count(name: str, count: object, minimum: int = 1, maximum: int | None = None) -> None:
    """Raise `CvmError` unless a parameter is a whole number within bounds; 3.0 is none, nor is ``True``.

    Parameters
    ----------
    name
        The parameter, with its wording under ``checking.name`` in the vocabulary.
    count
        What was given.
    minimum, maximum
        Bounds, both included; no upper one if left out.

    Raises
    ------
    CvmError
        The sentence names the parameter, what was given and the bounds.

    Examples
    --------
    >>> check_count("customers", 0)
    Traceback (most recent call last):
    ...
    cvmlab.errors.CvmError: number of customers (customers) is 0; it must be a whole number of at least 1. ...
    """
    is_whole = isinstance(count, (int, np.integer)) and not isinstance(count, bool)
    if is_whole and minimum <= count and (maximum is None or count <= maximum):  # type: ignore[operator]
        return
    value = repr(count) if isinstance(count, str) else count
    said: dict[str, object] = {"label": Wording(f"checking.{name}"), "name": name, "value": value, "minimum": minimum}
    if maximum is None:
        raise CvmError("checking.not_whole", **said)
    raise CvmError("checking.not_whole_between", maximum=maximum, **said)


def _first_of(figures: NDArray[np.float64], marked: NDArray[np.bool_]) -> str:
    return f"{figures[marked].flat[0]:g}"


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
    cvmlab.errors.CvmError: The column 'p_alive' holds 1.5 in row 2; it must lie from 0 to 1. ...
    """
    figures = numbers(customers, column, table)
    outside = (figures < minimum) | (figures > maximum)
    if outside.any():
        raise CvmError(
            "checking.outside_in_row",
            column=column,
            value=_first_of(figures, outside),
            row=int(outside.argmax()) + 1,
            minimum=f"{minimum:g}",
            maximum="∞" if np.isinf(maximum) else f"{maximum:g}",
        )
    return figures

"""Checks of columns and parameters that the subjects on reduced data share.

A parameter is called by its wording in ``checking.csv``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .annotations import LARGEST
from .words import CvmError, Wording

# More customers, days or draws than this are nobody's, and would fill the memory.
MOST = 10_000_000


def check_parameter(
    name: str,
    figure: ArrayLike,
    minimum: float = -np.inf,
    maximum: float = np.inf,
    *,
    open_minimum: bool = False,
    word: str = "",
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
    word
        Its wording where the name alone means something else, as alpha does in other models.

    Examples
    --------
    >>> check_parameter("retention_rate", 1.2, 0, 1)
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: retention rate (retention_rate) is 1.2; it must be between 0 and 1. ...
    """
    label = Wording(f"checking.{word or name}")
    given = np.asarray(figure)
    if given.dtype.kind not in "iuf":
        raise CvmError("checking.not_finite", label=label, name=name, value=repr(figure))
    figures = given.astype(np.float64)
    unusable = ~np.isfinite(figures)
    if unusable.any():
        raise CvmError("checking.not_finite", label=label, name=name, value=_first_of(figures, unusable))
    beyond = np.abs(figures) > LARGEST
    if beyond.any():
        # sums and squares of such figures lose themselves
        raise CvmError("checking.too_far", label=label, name=name, value=_first_of(figures, beyond))
    below = figures <= minimum if open_minimum else figures < minimum
    outside = below | (figures > maximum)
    if not outside.any():
        return
    value = _first_of(figures, outside)
    said: dict[str, object] = {"label": label, "name": name, "value": value, "minimum": f"{minimum:g}"}
    if np.isfinite(maximum):
        raise CvmError("checking.out_of_range", maximum=f"{maximum:g}", **said)
    raise CvmError("checking.not_above" if open_minimum else "checking.too_small", **said)


def outside_in_row(
    figures: NDArray[np.float64], outside: NDArray[np.bool_], column: object, table: str, minimum: float, maximum: float
) -> CvmError:
    """Return the error of the first figure of a column that lies outside its bounds; only true bounds are named."""
    row = int(outside.argmax())
    said: dict[str, object] = {"column": column, "table": table, "row": row + 1, "value": f"{figures[row]:g}"}
    if maximum >= LARGEST > -minimum:
        return CvmError("checking.below_in_row", minimum=f"{minimum:g}", **said)
    if -minimum >= LARGEST > maximum:
        return CvmError("checking.above_in_row", maximum=f"{maximum:g}", **said)
    return CvmError("checking.outside_in_row", minimum=f"{minimum:g}", maximum=f"{maximum:g}", **said)


def check_count(name: str, count: object, minimum: int = 1, maximum: int = MOST) -> None:
    """Raise `CvmError` unless a parameter is a whole number within bounds; 3.0 is none, nor is ``True``.

    Parameters
    ----------
    name
        The parameter, with its wording under ``checking.name`` in the vocabulary.
    count
        What was given.
    minimum, maximum
        Bounds, both included. Each count has an upper one: what is made in such a number has to fit into the memory.

    Raises
    ------
    CvmError
        The sentence names the parameter, what was given and the bounds.

    Examples
    --------
    >>> check_count("customers", 0)
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: number of customers (customers) is 0; it must be a whole number between 1 and 10000000. ...
    """
    is_whole = isinstance(count, (int, np.integer)) and not isinstance(count, bool)
    if is_whole and minimum <= count <= maximum:  # type: ignore[operator]
        return
    value = repr(count) if isinstance(count, str) else count
    label = Wording(f"checking.{name}")
    said: dict[str, object] = {"label": label, "name": name, "value": value, "minimum": minimum}
    raise CvmError("checking.not_whole_between", maximum=maximum, **said)


def check_lengths(**arrays: NDArray[Any]) -> None:
    """Raise `CvmError` unless arrays have one side each, and are equally long: one value per customer."""
    shapes = {name: np.shape(array) for name, array in arrays.items()}
    if any(len(shape) != 1 for shape in shapes.values()) or len(set(shapes.values())) > 1:
        said = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise CvmError("checking.lengths_differ", arrays=said)


def _first_of(figures: NDArray[np.float64], marked: NDArray[np.bool_]) -> str:
    return f"{figures[marked].flat[0]:g}"

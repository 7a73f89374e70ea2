"""What a panel, stages and a fit must be for stages to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cvmlab.core.checking import check_count
from cvmlab.core.words import CvmError
from cvmlab.data.tables import REVENUE
from cvmlab.relationship.lifecycle import ENDED

from .evidence import EVIDENCE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel

    from .decoded import Decoded


def check_panel(panel: Panel) -> None:
    """Raise `CvmError` unless the panel has periods, customers, revenue and finite figures.

    What a `Panel` checks itself, sizes, periods and ids, is not looked at again.

    Raises
    ------
    CvmError
        Names what is missing, or measure, customer and period of a figure that is not finite.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> check_panel(simulate_relationships(Population(), customers=2, periods=3, seed=1).panel)
    """
    check_figures(panel)
    if not panel[REVENUE].size:
        raise CvmError("stages.empty_panel", periods=len(panel.period), customers=len(panel.customer_id))


def check_figures(panel: Panel) -> None:
    """Raise `CvmError` unless the panel has revenue and finite figures; it may be empty.

    Raises
    ------
    CvmError
        As `check_panel`, but for an empty panel.
    """
    if REVENUE not in panel.values:
        raise CvmError("stages.no_revenue", names=", ".join(panel.values))
    check_finite(panel, [name for name in EVIDENCE if name in panel.values])


def check_finite(panel: Panel, names: Iterable[str]) -> None:
    """Raise `CvmError` unless the figures of some measures are finite.

    Raises
    ------
    CvmError
        Names measure, customer and period.
    """
    for name in names:
        # a sum is finite only if all figures are, short of an overflow; looking for them is slower
        if not np.isfinite(panel[name].sum()) and not np.isfinite(panel[name]).all():
            period, customer = np.argwhere(~np.isfinite(panel[name]))[0]
            raise CvmError(
                "stages.not_finite",
                column=name,
                customer=panel.customer_id[customer],
                period=str(panel.period[period])[:10],
            )


def check_same_panel(panel: Panel, decoded: Decoded) -> None:
    """Raise `CvmError` unless the stages were decoded from histories of the same customers and periods.

    Raises
    ------
    CvmError
        Says what differs.
    """
    for part, other in ((panel.customer_id, decoded.customer_id), (panel.period, decoded.period)):
        if part is not other and not np.array_equal(part, other):
            raise CvmError("stages.other_panel", shape=decoded.stage.shape, expected=panel[REVENUE].shape)


def check_fit(customers: object, seed: object, iterations: object, tolerance: Any = 0.0) -> None:
    """Raise `CvmError` unless a fit can be made with so many customers, turns and such a tolerance.

    Raises
    ------
    CvmError
        Names the parameter and what is accepted.

    Examples
    --------
    >>> check_fit(customers=0, seed=1, iterations=20)
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: number of customers (customers) is 0; it must be a whole number of at least 1. ...
    """
    check_count("customers", customers)
    check_count("seed", seed, 0, 2**64 - 1)
    if isinstance(iterations, bool) or not isinstance(iterations, (int, np.integer)) or iterations < 1:
        raise CvmError("stages.bad_iterations", value=iterations)
    if isinstance(tolerance, bool) or not isinstance(tolerance, (int, float, np.number)) or not 0 <= tolerance < np.inf:
        raise CvmError("stages.bad_tolerance", value=tolerance)


def codes_of(stage: Any, expected: tuple[int, ...] | None = None) -> NDArray[np.integer]:
    """Return stages as an array of codes, lists included, or raise `CvmError`.

    Parameters
    ----------
    stage
        Codes 0 … 5, shape (periods, customers).
    expected
        That shape; not looked at if left out.

    Raises
    ------
    CvmError
        For another shape, or anything but whole numbers from 0 to 5.

    Examples
    --------
    >>> codes_of([[1, 9]])
    Traceback (most recent call last):
    ...
    cvmlab.CvmError: The stages hold 9 in row 0 and column 1 (counted from 0), ...
    """
    try:
        codes = np.asarray(stage)
    except ValueError:
        raise CvmError("stages.uneven") from None
    if codes.ndim != 2:
        raise CvmError("stages.uneven")
    if expected is not None and codes.shape != expected:
        raise CvmError("stages.wrong_shape", shape=codes.shape, expected=expected)
    if codes.dtype.kind not in "iu":
        raise CvmError("stages.no_codes", found=codes.dtype)
    if codes.size and (codes.min() < 0 or codes.max() > ENDED):
        period, customer = np.argwhere((codes < 0) | (codes > ENDED))[0]
        value = int(codes[period, customer])
        raise CvmError("stages.wrong_code", row=int(period), column=int(customer), value=value, highest=ENDED)
    return codes

"""What a panel says of a customer's stage, made free of scale, and sorted into classes.

Every column becomes small whole numbers, the class of each observation, so that the density of an observation in a
state is looked up and not computed: revenue on a logarithmic scale against the customer's own height,
the margin against the customer's own offset and in units of the customer's own noise, breadth likewise, and
whether referrals came in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.words import CvmError
from cvmlab.data.tables import BREADTH, PROFIT, REVENUE

from .habits import REFERRALS, Habits, cleaned_margin, log_revenue_of, margin_of, rhythm_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel


MARGIN = "margin"
#: Measures of a panel that are looked at.
EVIDENCE = (REVENUE, PROFIT, BREADTH, REFERRALS)


@dataclass(frozen=True)
class Ruler:
    """Classes of equal width: 0 stands for "not seen", 1 … count for values from ``lowest`` upwards."""

    lowest: float
    step: float
    count: int

    def centres(self) -> NDArray[np.float64]:
        """Return the middle of each class from 1."""
        return np.asarray(self.lowest + self.step * (np.arange(self.count) + 0.5), np.float64)

    def classes(self, value: NDArray[np.float32]) -> NDArray[np.int16]:
        """Return the class of each value; NaN is not seen, values outside count to the last class on their side."""
        place = np.clip((value - self.lowest) * np.float32(1 / self.step), 0, self.count - 1)
        return np.where(np.isnan(place), 0, place + 1).astype(np.int16)


RULERS: Mapping[str, Ruler] = {
    REVENUE: Ruler(-6.0, 0.05, 180),
    MARGIN: Ruler(-1.0, 0.01, 200),
    BREADTH: Ruler(-3.0, 0.1, 60),
}


#: Classes of revenue for each rhythm: before the first period, no purchase, and the ruler's.
REVENUE_CLASSES = RULERS[REVENUE].count + 2


@dataclass(frozen=True)
class Observed:
    """What was seen of some customers.

    Attributes
    ----------
    scale
        Column → values of shape (periods, customers), float32, NaN where there is none: ``revenue`` (logarithm),
        ``margin`` (share of revenue), ``breadth`` (logarithm).
    referrals
        0 not seen, 1 none, 2 some, 3 harm; None without that column.
    begun
        Whether the customer's own grid has begun, shape (periods, customers).
    rhythm
        Class of the share of periods with a purchase, shape (customers,).
    """

    scale: Mapping[str, NDArray[np.float32]]
    referrals: NDArray[np.int16] | None
    begun: NDArray[np.bool_]
    rhythm: NDArray[np.int16]

    @property
    def periods(self) -> int:
        """Number of periods."""
        return len(self.begun)

    @property
    def customers(self) -> int:
        """Number of customers."""
        return int(self.begun.shape[1])


def columns_of(panel: Panel, columns: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return the columns of evidence that a panel offers, or check those asked for.

    Returns
    -------
    tuple of str
        ``"revenue"`` and any of ``"margin"`` (from profit), ``"breadth"``, ``"indirect_benefit"``.

    Raises
    ------
    CvmError
        For a column that is none, or that the panel lacks.
    """
    needs = {MARGIN: PROFIT, BREADTH: BREADTH, REFERRALS: REFERRALS}
    offered = (REVENUE, *(name for name, measure in needs.items() if measure in panel.values))
    if columns is None:
        return offered
    asked = tuple(dict.fromkeys((REVENUE, *columns)))
    for name in asked:
        if name not in offered:
            raise CvmError("stages.unknown_column", name=name, names=", ".join(offered))
    return asked


def observe(panel: Panel, columns: tuple[str, ...], habits: Habits, chosen: slice | NDArray[np.intp]) -> Observed:
    """Return what is seen of the chosen customers.

    Parameters
    ----------
    panel
        The histories.
    columns
        From `columns_of`.
    habits
        Of the population, which a short history leans on.
    chosen
        Columns of the panel.
    """
    log_revenue = log_revenue_of(panel, chosen, habits)
    begun = np.arange(len(log_revenue))[:, None] >= panel.first[chosen]
    # amounts before the customer's own grid would contradict it
    log_revenue[~begun] = np.nan
    bought = ~np.isnan(log_revenue)
    scale = {REVENUE: log_revenue}
    if MARGIN in columns:
        margin = np.where(bought, margin_of(panel, chosen), np.float32(np.nan))
        scale[MARGIN] = cleaned_margin(margin, log_revenue, habits)
    if BREADTH in columns:
        breadth = np.log(np.maximum(panel[BREADTH][:, chosen], 1))
        scale[BREADTH] = np.where(bought, breadth, np.nan).astype(np.float32)
    referrals = None
    if REFERRALS in columns:
        benefit = panel[REFERRALS][:, chosen]
        kind = 1 + (benefit > 0) + 2 * (benefit < 0)
        referrals = np.where(begun, kind, 0).astype(np.int16)
    return Observed(scale, referrals, begun, rhythm_of(bought, habits.rhythm))

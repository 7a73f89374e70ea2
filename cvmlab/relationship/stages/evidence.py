"""What a panel shows of a customer's stage: checked, made free of scale, and sorted into classes.

Each observation becomes the number of a class, so that its density in a step is looked up and not computed. Revenue
counts on a logarithmic scale against the customer's own height, breadth likewise, the margin against the customer's
own offset in units of the own noise, and referrals by whether any came in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.words import CvmError
from cvmlab.data.tables import BREADTH, PROFIT, REVENUE

from . import assumed
from .assumed import MARGIN, REFERRALS
from .habits import Habits, cleaned_margin, log_revenue_of, margin_of, rhythm_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel

    from .habits import Chosen


def check_panel(panel: Panel) -> None:
    """Raise `CvmError` unless the panel has periods, customers, revenue and finite figures."""
    check_figures(panel)
    if not panel[REVENUE].size:
        raise CvmError("stages.empty_panel", periods=len(panel.period), customers=len(panel.customer_id))


def check_figures(panel: Panel) -> None:
    """Raise `CvmError` unless the panel has revenue and finite figures; it may be empty."""
    if REVENUE not in panel.values:
        raise CvmError("stages.no_revenue", names=", ".join(panel.values))
    check_finite(panel, [name for name in (REVENUE, PROFIT, BREADTH, REFERRALS) if name in panel.values])


def check_finite(panel: Panel, names: Iterable[str]) -> None:
    """Raise `CvmError` with measure, customer and period unless the figures of some measures are finite."""
    for name in names:
        # a sum is finite only if all figures are, short of an overflow; looking for them is slower
        if not np.isfinite(panel[name].sum()) and not np.isfinite(panel[name]).all():
            period, customer = np.argwhere(~np.isfinite(panel[name]))[0]
            when = str(panel.period[period])[:10]
            raise CvmError("stages.not_finite", column=name, customer=panel.customer_id[customer], period=when)


def columns_of(panel: Panel, columns: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return the columns of evidence that a panel offers, or those asked for; raise `CvmError` where it lacks one."""
    needs = {MARGIN: PROFIT, BREADTH: BREADTH, REFERRALS: REFERRALS}
    offered = (REVENUE, *(name for name, measure in needs.items() if measure in panel.values))
    if columns is None:
        return offered
    asked = tuple(dict.fromkeys((REVENUE, *columns)))
    for name in asked:
        if name not in offered:
            raise CvmError("stages.unknown_column", name=name, names=", ".join(offered))
    return asked


@dataclass(frozen=True)
class Ruler:
    """Classes of equal width: 0 stands for "not seen", 1 … count for values from ``lowest`` upwards."""

    lowest: float
    step: float
    count: int

    def centres(self) -> NDArray[np.float64]:
        """Return the middle of each class from 1."""
        return np.asarray(self.lowest + self.step * (np.arange(self.count) + 0.5))

    def classes(self, value: NDArray[np.float32]) -> NDArray[np.int16]:
        """Return the class of each value; NaN is not seen, values outside count to the last class on their side."""
        place = np.clip((value - self.lowest) * np.float32(1 / self.step), 0, self.count - 1)
        return np.where(np.isnan(place), 0, place + 1).astype(np.int16)


RULERS: Mapping[str, Ruler] = {name: Ruler(*ruler) for name, ruler in assumed.CLASSES.items()}
#: Classes of revenue for each rhythm: before the first period, no purchase, and the ruler's.
REVENUE_CLASSES = RULERS[REVENUE].count + 2


@dataclass(frozen=True)
class Observed:
    """What was seen of some customers; arrays of shape (periods, customers), the rhythm (customers,)."""

    #: Column → log revenue, cleaned margin, log breadth, NaN without a purchase.
    scale: Mapping[str, NDArray[np.float32]]
    #: 0 not seen, 1 none, 2 some, 3 harm; None without that column.
    referrals: NDArray[np.int16] | None
    #: Whether the customer's own grid has begun.
    begun: NDArray[np.bool_]
    #: Class of the share of periods with a purchase.
    rhythm: NDArray[np.int16]


def observe(panel: Panel, columns: tuple[str, ...], habits: Habits, chosen: Chosen) -> Observed:
    """Return what is seen of the chosen customers in some columns, short histories leaning on the habits of all."""
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
        referrals = np.where(begun, 1 + (benefit > 0) + 2 * (benefit < 0), 0).astype(np.int16)
    return Observed(scale, referrals, begun, rhythm_of(bought, habits.rhythm))

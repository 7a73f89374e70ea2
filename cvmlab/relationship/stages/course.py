"""Whether relationships have a course at all: without one, stages are names for nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .calendar import FIRST_MONTHS, newcomers_means
from .checking import check_panel
from .habits import habits_of, log_revenue_of

if TYPE_CHECKING:
    from cvmlab.data.panels import Panel


_LATER_FROM, _LATER_TO = 9, 24


@dataclass(frozen=True)
class Course:
    """How far relationships rise that begin within the data, and how everybody's revenue moves.

    Attributes
    ----------
    customers
        Those who begin more than three months after the first of the data and buy both early and later.
    rise, low, high
        By which share the usual (median) one of them buys more a period with a purchase, nine months to two years after
        the beginning, than in the first three months after the first period; with a 95% interval of the
        median. NaN without any.
    trend
        By which share everybody's revenue moves a year, 0 where none was found: it is taken out of ``rise``.
    """

    customers: int
    rise: float
    low: float
    high: float
    trend: float


def course(panel: Panel) -> Course:
    """Measure whether customers who begin within the data buy more later on.

    Where they do not, exploration, formation and stability look alike, and `decode` tells chance: a log of equal
    bills has no stages. Look at this before you believe them.

    Parameters
    ----------
    panel
        From `cvmlab.aggregate.panel`: ``revenue``.

    Returns
    -------
    Course
        Season and a trend common to all are taken out first. The interval of the median is that of order statistics,
        without any assumption on the distribution.

    Raises
    ------
    CvmError
        For a figure that is not finite or a panel without periods, customers or ``revenue``.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> known = simulate_relationships(Population(), customers=300, periods=48, seed=1)
    >>> course(known.panel).low > 0.5
    True
    """
    check_panel(panel)
    everybody = slice(None)
    habits = habits_of(panel, with_margin=False, chosen=everybody)
    log_revenue = log_revenue_of(panel, everybody, habits)
    skipped = panel.months
    early_to = skipped + max(FIRST_MONTHS, panel.months)
    early = newcomers_means(panel, panel.first, log_revenue, skipped, early_to)
    later = newcomers_means(panel, panel.first, log_revenue, max(_LATER_FROM, early_to), max(_LATER_TO, early_to + 1))
    change = np.sort((later - early)[~np.isnan(later - early)])
    trend = float(np.expm1(habits.trend))
    if not len(change):
        return Course(0, np.nan, np.nan, np.nan, trend)
    reach = 0.98 * np.sqrt(len(change))
    low = int(np.clip(np.floor(len(change) / 2 - reach), 0, None))
    high = int(np.clip(np.ceil(len(change) / 2 + reach), None, len(change) - 1))
    rise, lowest, highest = np.expm1([np.median(change), change[low], change[high]])
    return Course(len(change), float(rise), float(lowest), float(highest), trend)

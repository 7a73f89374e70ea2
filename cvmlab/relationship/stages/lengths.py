"""How long a period should be, so that most customers buy in most of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.guarding import public
from cvmlab.core.periods import PERIOD_LENGTHS
from cvmlab.core.words import CvmError
from cvmlab.data.panels import Panel
from cvmlab.data.tables import REVENUE

from . import assumed
from .evidence import check_figures
from .habits import times_and_span

if TYPE_CHECKING:
    from numpy.typing import NDArray


# Per unit, or per period with a purchase: not summed but averaged over the periods with one.
_MEANS = ("price", "cost", "breadth")


@public
def advised_months(panel: Panel) -> int:
    """Return the shortest period, 1, 3, 6 or 12 months, in which at least half of the regular customers mostly buy.

    Regular customers bought in three periods or more. Of each, the share of periods with a purchase between the first
    and the last is taken; their median must be at least a half. The next longer period is taken where it turns an
    irregular rhythm (under three quarters) into a regular one (nine tenths) and leaves six periods: a customer who pays
    once a year is late after a year, not after three half-years. Panels of longer periods are never made finer. Without
    regular customers, as in an empty panel, it is the longest of which the data hold two.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> often = simulate_relationships(Population(), customers=100, periods=36, seed=1)
    >>> rarely = simulate_relationships(Population(gaps=0.7), customers=100, periods=36, seed=1)
    >>> advised_months(often.panel), advised_months(rarely.panel)
    (1, 6)
    """
    check_figures(panel)
    # twice as long a panel holds at least one whole period
    span = len(panel.period) * panel.months
    multiples = [months for months in PERIOD_LENGTHS if months >= panel.months and months % panel.months == 0]
    lengths = [months for months in multiples if months == panel.months or 2 * months <= span]
    shares = [_usual_share(_merged(panel, months)[REVENUE] > 0) for months in lengths]
    chosen = next((place for place, share in enumerate(shares) if share >= assumed.OFTEN_ENOUGH), len(lengths) - 1)
    longer = chosen + 1
    if longer < len(lengths) and shares[chosen] < assumed.IRREGULAR and shares[longer] >= assumed.REGULAR:
        return lengths[longer if span // lengths[longer] >= assumed.PERIODS_LEFT else chosen]
    return lengths[chosen]


def _usual_share(bought: NDArray[np.bool_]) -> float:
    regular = bought.sum(axis=0) >= assumed.REGULAR_PURCHASES
    if not regular.any():
        return 0.0
    times, span = times_and_span(bought[:, regular])
    return float(np.median(times / np.maximum(span, 1)))


@public
def coarser(panel: Panel, months: int) -> Panel:
    """Return a panel of longer periods: calendar quarters, half-years or years.

    Parameters
    ----------
    panel
        Of months, or of any period that divides the longer one.
    months
        Length of the new period: 3, 6 or 12, or the panel's own.

    Returns
    -------
    Panel
        Sums of the measures; ``price``, ``cost`` (per unit) and ``breadth`` are means over the periods with a
        purchase. Periods that the data cover only in part, at either end, are left out; customers who only appear
        there keep a first period at the nearest that is left.

    Raises
    ------
    CvmError
        For a length that is not a multiple of the panel's, or data that cover no whole period.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> monthly = simulate_relationships(Population(), customers=10, periods=36, seed=1).panel
    >>> quarterly = coarser(monthly, 3)
    >>> quarterly.months, quarterly["revenue"].shape
    (3, (12, 10))
    """
    if not isinstance(months, (int, np.integer)) or months not in PERIOD_LENGTHS or months % panel.months:
        raise CvmError("stages.bad_months", months=months, own=panel.months)
    check_figures(panel)
    return _merged(panel, months)


def _merged(panel: Panel, months: int) -> Panel:
    if months == panel.months:
        return panel
    number = panel.period.astype("datetime64[M]").astype(np.int64)
    skip = int(-number[0] % months) // panel.months if len(number) else 0
    width = months // panel.months
    count = (len(number) - skip) // width
    if count < 1:
        raise CvmError("stages.no_whole_period", months=months)
    rows = slice(skip, skip + count * width)
    bought = panel[REVENUE][rows] > 0

    def summed(array: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(array.reshape(count, width, -1).sum(axis=1))

    times = np.maximum(summed(bought.astype(np.float64)), 1)
    values = {
        name: summed(np.where(bought, array[rows], 0)) / times if name in _MEANS else summed(array[rows])
        for name, array in panel.values.items()
    }
    first = np.clip((panel.first - skip) // width, 0, count - 1)
    return Panel(panel.customer_id, panel.period[rows][::width], months, values, first)

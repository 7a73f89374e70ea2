"""Whether stages in transaction data can be relied on, and the list of customers who entered decline.

Transaction data hold no true stages. But they show whether newcomers come to buy more at all (`course`), and what
customers did after stages were estimated earlier (`hindsight`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.annotations import OrNaN
from cvmlab.core.checking import check_count
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError
from cvmlab.data.tables import CUSTOMER_ID, REVENUE
from cvmlab.relationship.lifecycle import DECLINE, ENDED

from . import assumed
from .decoding import check_same_panel, decode
from .evidence import check_panel
from .fitting import drawn
from .habits import first_months, habits_of, log_revenue_of, newcomers_means

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel

    from .decoding import Decoded
    from .model import StageModel


@public
@dataclass(frozen=True)
class Course:
    """How far relationships rise that begin within the data, and how everybody's revenue moves.

    Attributes
    ----------
    customers
        Those who begin more than three months after the first of the data and buy both early and later.
    rise, low, high
        Share by which the usual (median) one of them buys more per period with a purchase, nine months to two years
        after the beginning, than in the first three months after the first period; with a 95% interval of the
        median. NaN without any.
    trend
        Share by which everybody's revenue moves per year, 0 where none was found: it is taken out of ``rise``.
    growing, growing_low
        Share of them that came to buy at least twice as much, less the share that came to buy at most half: 0 where
        nobody grows, as chance does both alike. Less three standard errors; NaN without any. It shows growth of a
        minority, which the median does not.
    """

    customers: int
    rise: float
    low: float
    high: float
    trend: float
    growing: float = np.nan
    growing_low: float = np.nan


@public
def course(panel: Panel) -> Course:
    """Measure whether customers who begin within the data buy more later on.

    Where they do not, exploration, formation and stability look alike, and `decode` returns chance: equal bills have
    no stages. Look at this before you believe them.

    Parameters
    ----------
    panel
        From `cvmlab.aggregate.panel`: ``revenue``.

    Returns
    -------
    Course
        Season and a trend common to all are taken out first. The interval of the median is that of order statistics,
        without any assumption on the distribution.

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
    begin, end = first_months(panel)
    later_from, later_to = assumed.LATER_MONTHS
    early = newcomers_means(panel, panel.first, log_revenue, begin, end)
    later = newcomers_means(panel, panel.first, log_revenue, max(later_from, end), max(later_to, end + 1))
    change = np.sort((later - early)[~np.isnan(later - early)])
    trend = float(np.expm1(habits.trend))
    if not len(change):
        return Course(0, np.nan, np.nan, np.nan, trend)
    # ranks within 1.96 standard deviations of a fair coin's
    reach = 0.98 * np.sqrt(len(change))
    low = int(np.clip(np.floor(len(change) / 2 - reach), 0, None))
    high = int(np.clip(np.ceil(len(change) / 2 + reach), None, len(change) - 1))
    rise, lowest, highest = np.expm1([np.median(change), change[low], change[high]])
    growing, growing_low = _growing(change)
    return Course(len(change), float(rise), float(lowest), float(highest), trend, growing, growing_low)


def _growing(change: NDArray[np.float64]) -> tuple[float, float]:
    """Return the share of changes of log revenue above a doubling less that below a halving, and less its error."""
    up, down = (int((sign * change >= np.log(2)).sum()) for sign in (1, -1))
    share, error = (up - down) / len(change), np.sqrt(up + down) / len(change)
    return share, float(share - assumed.GROWING_ERRORS * error)


@public
def entered_decline(panel: Panel, decoded: Decoded) -> pd.DataFrame:
    """Return customers who are in decline now, entered it lately, and do buy less.

    Parameters
    ----------
    panel, decoded
        The histories and their stages.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``since`` (first day of the period in which the decline began), ``confidence`` (that the
        customer is in decline now), ``fall`` (share by which a month since then brings less than a month of the 12
        before it, season and common trend taken out), ``revenue`` (money of those 12 months); the largest revenue
        first.

    Raises
    ------
    CvmError
        For stages of another panel.

    Notes
    -----
    Listed is a decline that began within the last 12 months with a confidence of at least 0.7, where revenue fell by
    at least a tenth: a margin that shrinks, or one month that is low by chance, does not count.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> panel = simulate_relationships(Population(), customers=100, periods=24, seed=1).panel
    >>> entered_decline(panel, decode(panel)).columns.tolist()
    ['customer_id', 'since', 'confidence', 'fall', 'revenue']
    """
    import pandas as pd

    check_panel(panel)
    check_same_panel(panel, decoded)
    # rows since the last one that was no decline
    lasting = (decoded.stage[::-1] == DECLINE).cumprod(axis=0).sum(axis=0)
    begun = len(decoded.stage) - lasting
    sure = decoded.confidence[-1] >= assumed.SURE
    lately = sure & (lasting > 0) & (lasting <= assumed.LATELY_MONTHS // panel.months) & (begun > panel.first)
    chosen = np.flatnonzero(lately)
    start = begun[chosen]
    year_before = np.maximum(start - 12 // panel.months, panel.first[chosen])
    clean = np.exp(np.nan_to_num(log_revenue_of(panel, chosen, decoded.model.habits), nan=-np.inf))
    before = _sums_between(clean, year_before, start) / (start - year_before)
    since = _sums_between(clean, start, np.full(len(chosen), len(clean))) / lasting[chosen]
    frame = pd.DataFrame(
        {
            CUSTOMER_ID: panel.customer_id[chosen],
            "since": panel.period[start],
            "confidence": decoded.confidence[-1, chosen],
            "fall": 1 - since / np.maximum(before, 1e-12),
            "revenue": _sums_between(panel[REVENUE][:, chosen], year_before, start),
        }
    )
    listed = frame[(frame["fall"] >= assumed.LEAST_FALL) & (frame["revenue"] > 0)]
    return listed.sort_values("revenue", ascending=False, ignore_index=True)


def _sums_between(
    values: NDArray[np.floating], start: NDArray[np.integer], end: NDArray[np.integer] | int
) -> NDArray[np.float64]:
    """Return each customer's sum over the rows from start to before end."""
    total = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    column = np.arange(values.shape[1])
    return np.asarray(total[end, column] - total[start, column])


@public
@dataclass(frozen=True)
class Hindsight:
    """What became of the stages that were estimated some months before the end of the data.

    Attributes
    ----------
    months
        How many months were held back.
    ended, came_back
        Customers who were called ended, and the share of them that bought again in those months; NaN without any.
    declining, declining_fell
        Customers whom `entered_decline` would have listed, and the share of them that then bought clearly less per
        month (under 80%) than in the year before; NaN without any.
    others, others_fell
        The same of all others who were called alive.
    """

    months: int
    ended: int
    came_back: OrNaN
    declining: int
    declining_fell: OrNaN
    others: int
    others_fell: OrNaN

    @property
    def refutes_decline(self) -> bool:
        """Whether those listed fell no oftener than the others, beyond chance of two standard errors.

        False where fewer than 20 were listed: too few to refute anything.
        """
        if self.declining < assumed.LEAST_LISTED or not self.others:
            return False
        shares = ((self.declining_fell, self.declining), (self.others_fell, self.others))
        error = np.sqrt(sum(share * (1 - share) / count for share, count in shares))
        return bool(self.declining_fell - self.others_fell <= assumed.REFUTED_WITHIN * error)


@public
def hindsight(panel: Panel, model: StageModel, *, months: int = 12, seed: int = 0) -> Hindsight:
    """Estimate stages as of some months before the end, and see what became of them.

    Parameters
    ----------
    panel
        The histories.
    model
        From `fit`. It may have seen the months held back; what a customer did in them it does not use.
    months
        Months held back, whole periods: less than the data have.
    seed
        Of more than 5,000 customers, 5,000 are drawn by it.

    Returns
    -------
    Hindsight
        A high ``came_back`` says that silence does not mean a customer has left; `refutes_decline` that a list of
        declining customers is not worth a call.

    Raises
    ------
    CvmError
        For a number of months that is not whole or leaves no period before, or a panel that does not fit the model.

    Examples
    --------
    >>> from cvmlab.relationship.simulated import Population, simulate_relationships
    >>> from cvmlab.relationship.stages import fit
    >>> panel = simulate_relationships(Population(), customers=600, periods=48, seed=1).panel
    >>> seen = hindsight(panel, fit(panel))
    >>> seen.came_back < 0.05, seen.declining_fell > seen.others_fell
    (True, True)
    """
    check_panel(panel)
    check_count("months", months, 0)
    held = months // panel.months
    cut = len(panel.period) - held
    if held < 1 or cut < 1:
        raise CvmError("stages.too_few_months", months=months, own=panel.months, periods=len(panel.period))
    known = np.flatnonzero(panel.first < cut)
    chosen = known[drawn(len(known), assumed.HINDSIGHT_CUSTOMERS, seed)]
    earlier = panel.part(chosen, slice(0, cut))
    decoded = decode(earlier, model)
    later = np.maximum(panel[REVENUE][cut:, chosen], 0)
    over, declining = decoded.stage[-1] == ENDED, decoded.stage[-1] == DECLINE
    listed = np.isin(earlier.customer_id, entered_decline(earlier, decoded)[CUSTOMER_ID].to_numpy())
    a_year = 12 // panel.months
    usual = _sums_between(np.maximum(earlier[REVENUE], 0), np.maximum(cut - a_year, earlier.first), cut)
    usual = usual / np.minimum(cut - earlier.first, a_year)
    fell = later.mean(axis=0) < assumed.CLEARLY_LESS * usual
    others = ~over & ~declining & (usual > 0)
    return Hindsight(
        months=held * panel.months,
        ended=int(over.sum()),
        came_back=_share(later.max(axis=0) > 0, over),
        declining=int(listed.sum()),
        declining_fell=_share(fell, listed),
        others=int(others.sum()),
        others_fell=_share(fell, others),
    )


def _share(what: NDArray[np.bool_], of: NDArray[np.bool_]) -> float:
    return float(what[of].mean()) if of.any() else float("nan")

"""Held against what came after: stages told from the earlier part of a log, and what the customers did then.

A log holds no true stages, but it does hold what happened next. Who was called ended should not have bought
again, and who was called declining should have bought less, oftener than the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.checking import check_count
from cvmlab.core.words import CvmError
from cvmlab.data.panels import Panel
from cvmlab.data.tables import CUSTOMER_ID, REVENUE
from cvmlab.relationship.lifecycle import DECLINE, ENDED

from .checking import check_panel
from .declining import entered_decline, sums_between
from .decoding import decode
from .fitting import drawn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .model import StageModel


#: Less than this share of the year before is clearly less.
CLEARLY_LESS = 0.8
_CUSTOMERS = 5_000
_BEYOND_CHANCE, _LEAST_LISTED = 2.0, 20


@dataclass(frozen=True)
class Hindsight:
    """What became of the stages told so many months before the end of the data.

    Attributes
    ----------
    months
        How many months were held back.
    ended, came_back
        Customers who were called ended, and which share of them bought again in those months; NaN without any.
    declining, declining_fell
        Customers whom `entered_decline` would have listed, and which share of them then bought clearly less a month
        (under 80%) than in the year before; NaN without any.
    others, others_fell
        The same of all others who were called alive.
    """

    months: int
    ended: int
    came_back: float
    declining: int
    declining_fell: float
    others: int
    others_fell: float

    @property
    def refutes_decline(self) -> bool:
        """Whether those listed fell no oftener than the others, beyond chance of two standard errors.

        False where fewer than 20 were listed: too few to refute anything.
        """
        if self.declining < _LEAST_LISTED or not self.others:
            return False
        shares = ((self.declining_fell, self.declining), (self.others_fell, self.others))
        error = np.sqrt(sum(share * (1 - share) / count for share, count in shares))
        return bool(self.declining_fell - self.others_fell <= _BEYOND_CHANCE * error)


def hindsight(panel: Panel, model: StageModel, *, months: int = 12, seed: int = 0) -> Hindsight:
    """Tell stages as of some months before the end, and see what became of them.

    Parameters
    ----------
    panel
        The histories.
    model
        From `fit`. It may have seen the months held back; what a customer did in them it does not use.
    months
        Months held back, whole periods: less than the data have.
    seed
        Where there are more than 5,000 customers, so many are drawn by it.

    Returns
    -------
    Hindsight
        A high ``came_back`` says that silence is no end in this business; `refutes_decline` that a list of declining
        customers is not worth a call.

    Raises
    ------
    CvmError
        For a number of months that is not whole or leaves nothing to tell stages from, a figure that is not finite, or
        a panel that the model cannot read.

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
    chosen = known[drawn(len(known), _CUSTOMERS, seed)]
    earlier = panel.part(chosen, slice(0, cut))
    decoded = decode(earlier, model)
    later = np.maximum(panel[REVENUE][cut:, chosen], 0)
    over, declining = decoded.stage[-1] == ENDED, decoded.stage[-1] == DECLINE
    listed = np.isin(earlier.customer_id, entered_decline(earlier, decoded)[CUSTOMER_ID].to_numpy())
    usual = sums_between(np.maximum(earlier[REVENUE], 0), np.maximum(cut - 12 // panel.months, earlier.first), cut)
    usual = usual / np.minimum(cut - earlier.first, 12 // panel.months)
    fell = later.mean(axis=0) < CLEARLY_LESS * usual
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

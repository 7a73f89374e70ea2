"""Which of the six tiers transaction data can tell, and who is how far from the next one (S13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cvmlab.data.tables import CUSTOMER_ID, PROFIT, REVENUE
from cvmlab.worth import portfolio
from cvmlab.worth.portfolio import TierCutOffs

from .expectations import contribution_by_month

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel

    from .assumptions import Assumptions

#: Of fewer buyers the best 4% are none; of more full years the early ones say little about today (both ours).
LEAST_BUYERS, MOST_YEARS = 30, 3
_MONTHS = 12


@dataclass(frozen=True)
class Tiers:
    """The buyers of the last 12 complete months by tier.

    Attributes
    ----------
    years
        Full years that the yearly means are made of, counted back from the last complete month.
    placed
        ``customer_id``, ``revenue``, ``profit`` (yearly money; profit is the contribution of the case), ``tier``,
        ``next_tier``, ``profit_to_next``, ``sales_to_next`` (yearly money) and the others of `portfolio.assign_tiers`.
    cut_offs, summary
        From `portfolio.choose_tier_cut_offs` and `portfolio.summarise_tiers`.
    """

    years: int
    placed: pd.DataFrame
    cut_offs: TierCutOffs
    summary: pd.DataFrame

    @property
    def best(self) -> NDArray[np.bool_]:
        """Which of the placed are diamond or gold."""
        return self.placed["tier"].isin(["diamond", "gold"]).to_numpy()

    def nearest(self) -> pd.DataFrame:
        """Return the customers who bring something, but too little for the next tier; the relatively nearest first."""
        below = self.placed.loc[(self.placed["profit_to_next"] > 0) & (self.placed[PROFIT] > 0)]
        return below.iloc[np.argsort((below["profit_to_next"] / below[PROFIT]).to_numpy(), kind="stable")]

    def to_next(self) -> pd.DataFrame:
        """Return ``customer_id``, ``tier``, ``to_next_tier``: yearly money missing, of sales if profit is enough."""
        profit, sales = self.placed["profit_to_next"], self.placed["sales_to_next"]
        missing = profit.where(profit > 0, sales).where(self.placed["next_tier"] != "")
        return self.placed[[CUSTOMER_ID, "tier"]].assign(to_next_tier=missing)


def place_in_tiers(panel: Panel, assumed: Assumptions) -> Tiers | None:
    """Return the tiers; None for less than a year, fewer than 30 buyers, or where nobody stands out."""
    years = min(MOST_YEARS, len(panel.period) // _MONTHS)
    if not years:
        return None
    bought = np.flatnonzero((panel["volume"][-_MONTHS:] > 0).any(axis=0))
    if len(bought) < LEAST_BUYERS:
        return None
    means = portfolio.over_years(_by_year(panel, bought, years, assumed), years)
    cut_offs = portfolio.choose_tier_cut_offs(means)
    placed = portfolio.assign_tiers(means, cut_offs)
    tiers = Tiers(years, placed, cut_offs, portfolio.summarise_tiers(placed))
    # nobody stands out where all pay alike, and there are no shares of a loss
    return tiers if tiers.best.any() and placed[PROFIT].sum() > 0 else None


def _by_year(panel: Panel, customers: NDArray[np.intp], years: int, assumed: Assumptions) -> pd.DataFrame:
    """Return ``customer_id``, ``year`` (the last is 0), ``revenue`` and ``profit`` of the years with a movement."""

    def yearly(figures: NDArray[np.float64]) -> NDArray[np.float64]:
        sums: NDArray[np.float64] = figures[-years * _MONTHS :, customers].reshape(years, _MONTHS, -1).sum(axis=1)
        return sums

    sums = {REVENUE: yearly(panel[REVENUE]), PROFIT: yearly(contribution_by_month(panel, assumed))}
    moved = (yearly(panel["volume"]) > 0) | (sums[REVENUE] != 0)
    year, customer = np.nonzero(moved)
    ids = np.asarray(panel.customer_id, dtype=object)[customers][customer]
    columns = {name: figures[moved] for name, figures in sums.items()}
    return pd.DataFrame({CUSTOMER_ID: ids, "year": year - years + 1, **columns})

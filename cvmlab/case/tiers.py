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
# Whoever brings no more than this share of what they brought is no candidate for the next tier (ours).
_FALLING = 0.75


@dataclass(frozen=True)
class Tiers:
    """The buyers of the last 12 complete months by tier.

    Attributes
    ----------
    years
        Full years that the yearly means are made of, counted back from the last complete month.
    placed
        ``customer_id``, ``revenue``, ``profit`` (yearly money; profit is the contribution of the case), ``tier``,
        ``next_tier``, ``profit_to_next``, ``sales_to_next`` (yearly money) and the others of `portfolio.assign_tiers`;
        ``last_year`` (profit of the last 12 complete months), ``falling`` (whether that is less by a quarter or more
        than the mean, or than the year before), ``open`` (whether probably still buying, neither to be called for their
        silence nor held out).
    tied
        Of each line of profit on which several customers stand exactly, how many: they are below it.
    cut_offs, summary
        From `portfolio.choose_tier_cut_offs` and `portfolio.summarise_tiers`.
    """

    years: int
    placed: pd.DataFrame
    cut_offs: TierCutOffs
    summary: pd.DataFrame
    tied: dict[float, int]

    @property
    def best(self) -> NDArray[np.bool_]:
        """Which of the placed are diamond or gold."""
        return self.placed["tier"].isin(["diamond", "gold"]).to_numpy()

    def nearest(self) -> pd.DataFrame:
        """Return who is open to contact, not falling, and below the next tier; the relatively nearest first."""
        below = self.placed.loc[(self.placed["profit_to_next"] > 0) & (self.placed[PROFIT] > 0)]
        below = below.loc[below["open"] & ~below["falling"]]
        return below.iloc[np.argsort((below["profit_to_next"] / below[PROFIT]).to_numpy(), kind="stable")]

    def to_next(self) -> pd.DataFrame:
        """Return ``customer_id``, ``tier``, ``to_next_tier``: yearly money missing, of sales if profit is enough."""
        profit, sales = self.placed["profit_to_next"], self.placed["sales_to_next"]
        missing = profit.where(profit > 0, sales).where(self.placed["next_tier"] != "")
        return self.placed[[CUSTOMER_ID, "tier"]].assign(to_next_tier=missing)


def place_in_tiers(panel: Panel, assumed: Assumptions, reachable: pd.DataFrame) -> Tiers | None:
    """Return the tiers; None for less than a year, fewer than 30 buyers, or where nobody stands out.

    ``reachable`` is from `reachable.contacts`.
    """
    years = min(MOST_YEARS, len(panel.period) // _MONTHS)
    if not years:
        return None
    bought = np.flatnonzero((panel["volume"][-_MONTHS:] > 0).any(axis=0))
    if len(bought) < LEAST_BUYERS:
        return None
    means = portfolio.over_years(_by_year(panel, bought, years, assumed), years)
    cut_offs = portfolio.choose_tier_cut_offs(means)
    placed = portfolio.assign_tiers(means, _without_problems(cut_offs, means, panel, assumed))
    placed = _with_last_year(placed, panel, assumed)
    told = reachable.reindex(placed[CUSTOMER_ID])
    placed = placed.assign(open=(told["still"] & ~told["called"] & ~told["held"]).to_numpy(bool))
    earned = placed[PROFIT].to_numpy()
    standing = {line: int(np.isclose(earned, line).sum()) for line in (cut_offs.high_profit, cut_offs.top_profit)}
    tied = {line: customers for line, customers in standing.items() if customers > 1}
    tiers = Tiers(years, placed, cut_offs, portfolio.summarise_tiers(placed), tied)
    # nobody stands out where all pay alike, and there are no shares of a loss
    return tiers if tiers.best.any() and placed[PROFIT].sum() > 0 else None


def _without_problems(cut_offs: TierCutOffs, means: pd.DataFrame, panel: Panel, assumed: Assumptions) -> TierCutOffs:
    """Return the cut-offs, below which nobody is a problem if no cost is known: a return alone is no loss."""
    knows_cost = assumed.cost_per_order > 0 if assumed.margin is not None else PROFIT in panel.values  # noqa: PD011
    return cut_offs if knows_cost else cut_offs.replace(problem_below=min(float(means[PROFIT].min()), 0.0))


def _with_last_year(placed: pd.DataFrame, panel: Panel, assumed: Assumptions) -> pd.DataFrame:
    """Add ``last_year`` and ``falling``."""
    place = pd.Index(panel.customer_id).get_indexer(pd.Index(placed[CUSTOMER_ID]))
    money = contribution_by_month(panel, assumed)[:, place]
    last, mean = money[-_MONTHS:].sum(axis=0), placed[PROFIT].to_numpy()
    before = money[-2 * _MONTHS : -_MONTHS].sum(axis=0) if len(money) >= 2 * _MONTHS else mean
    return placed.assign(last_year=last, falling=last <= _FALLING * np.maximum(mean, before))


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

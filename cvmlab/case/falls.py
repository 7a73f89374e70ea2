"""Which valuable customers brought less than the year before, beside how many rose as much (S11, S12).

If nobody had truly changed, one year could as well have been the other: about as many customers would rise as fall, by
as much. So those who rose show how many of the falls are ordinary ups and downs. This keeps the season and each
customer's own rhythm, and those who left do not enter it; where customers truly grew, the figure is too high. In worlds
whose truth is known it stays closer to it than the exchange of single months (`matrix.falls_by_chance`), which takes
leavers and newcomers for chance (`tests/case/test_falls.py`).

Falls are no list to call: silence names more of those who leave. But a customer who still buys, and brings much less,
never falls silent, so these are listed on their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cvmlab.data.tables import CUSTOMER_ID

from .expectations import contribution_by_month

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel

    from .assumptions import Assumptions

#: Of fewer customers above the line shares mean little; so many must have halved for their next year to be told.
LEAST_VALUABLE, LEAST_HALVED = 30, 10
#: Of those who still buy and fell so far, so many may be ordinary ups and downs if they are to be named (ours).
MOST_BY_CHANCE = 0.2
_MONTHS = 12
_SHOWN = (0.25, 0.5, 0.75, 1.0)
# What sums of the same figures in another order may differ by.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class NextYear:
    """Customers above the line whose year had halved while they still bought: money of that year and of the next."""

    customers: int
    halved: float
    later: float


@dataclass(frozen=True)
class Falls:
    """What became of the customers who were above the line in the year before, without those who only ever bought once.

    Attributes
    ----------
    line
        Contribution of 12 months above which a customer is valuable: the line of the value matrix.
    valuable
        Number of customers above it in the year before.
    by_drop
        A row per ``drop`` (a quarter, a half, three quarters, all of it): how many ``customers`` fell by this share or
        more and what they brought less (``value_lost``, yearly money), how many of them ``still`` buy and are not on
        the call list; how many ``rose`` as much, and by what (``value_won``); ``evident``: whether that so many more
        fell than rose is no accident.
    alert_from
        The least of these drops at which hardly any fall of those who still buy is an ordinary one, or None.
    fallen
        Those who still buy and fell so far, the most money first: ``customer_id``, ``value_before``, ``value_after``,
        ``value_lost`` (yearly money), ``drop`` (share of 1), ``held`` (whether held out).
    next_year
        What came after such falls a year earlier; None where the data are too short or too few.
    """

    line: float
    valuable: int
    by_drop: pd.DataFrame
    alert_from: float | None
    fallen: pd.DataFrame
    next_year: NextYear | None

    @property
    def stated(self) -> pd.Series[Any]:
        """The row of ``by_drop`` to be stated: of the falls that are named, or who halved, or who fell by a quarter."""
        named = (self.by_drop["drop"] == self.alert_from).to_numpy()
        halved = 1 if self.by_drop["customers"].iloc[1] else 0
        return self.by_drop.iloc[int(named.argmax()) if named.any() else halved]


def compare_years(panel: Panel, line: float, assumed: Assumptions, reachable: pd.DataFrame) -> Falls | None:
    """Return how the last 12 complete months compare with those before; None for shorter or smaller data.

    ``line`` is money per horizon, as the threshold of current value; ``reachable`` is from `reachable.contacts`.
    """
    if len(panel.period) < 2 * _MONTHS:
        return None
    money = contribution_by_month(panel, assumed)
    yearly = max(line, 0.0) * _MONTHS / assumed.horizon_months
    before, after, turned_before, turned_after, known = _years(panel, money)
    valuable = known & (before > yearly)
    if valuable.sum() < LEAST_VALUABLE:
        return None
    told = reachable.reindex(panel.customer_id)
    still = (told["still"] & ~told["called"]).to_numpy(bool) & (after > 0)
    rows = []
    for drop in _SHOWN:
        fell = valuable & _fell(before, after, drop)
        rose = known & (turned_before > yearly) & _fell(turned_before, turned_after, drop)
        lost, won = (before - after)[fell].sum(), (turned_before - turned_after)[rose].sum()
        rows.append((drop, fell.sum(), lost, (fell & still).sum(), rose.sum(), won))
    by_drop = pd.DataFrame(rows, columns=["drop", "customers", "value_lost", "still", "rose", "value_won"])
    by_drop = by_drop.assign(evident=_evident(by_drop["customers"], by_drop["rose"]))
    few = (by_drop["rose"] + 1) / (by_drop["still"] + 1) <= MOST_BY_CHANCE
    named = by_drop.loc[few & _evident(by_drop["still"], by_drop["rose"]), "drop"]
    alert_from = None if named.empty else float(named.iloc[0])
    listed = np.zeros(len(before), bool) if alert_from is None else valuable & still & _fell(before, after, alert_from)
    fallen = pd.DataFrame(
        {
            CUSTOMER_ID: np.asarray(panel.customer_id, dtype=object)[listed],
            "value_before": before[listed],
            "value_after": after[listed],
            "value_lost": (before - after)[listed],
            "drop": 1 - after[listed] / before[listed],
            "held": told["held"].to_numpy(bool)[listed],
        }
    ).sort_values(["value_lost", CUSTOMER_ID], ascending=[False, True], ignore_index=True)
    return Falls(yearly, int(valuable.sum()), by_drop, alert_from, fallen, _next_year(money, yearly))


def _years(panel: Panel, money: NDArray[np.float64]) -> tuple[NDArray[Any], ...]:
    """Return the money of both years, the same with the years exchanged, and who bought after their first month.

    A newcomer's months up to the first purchase stay where they are: they are no sign of anything. What the panel
    shows first of a customer in its own first month may not be the first purchase.
    """
    earlier, later = money[-2 * _MONTHS : -_MONTHS], money[-_MONTHS:]
    month = np.arange(len(money) - 2 * _MONTHS, len(money) - _MONTHS)[:, np.newaxis]
    free = (month > panel.first) | (panel.first == 0)
    turned = np.where(free, later, earlier), np.where(free, earlier, later)
    known = (free & ((earlier != 0) | (later != 0))).any(axis=0)
    return (*(year.sum(axis=0) for year in (earlier, later, *turned)), known)


def _fell(before: NDArray[np.float64], after: NDArray[np.float64], drop: float) -> NDArray[np.bool_]:
    return after <= (1 - drop + _ROUNDING) * before


def _evident(more: pd.Series[Any], fewer: pd.Series[Any]) -> pd.Series[Any]:
    """Return whether a difference is above two standard deviations, were each as likely to fall as to rise."""
    return more - fewer > 2 * np.sqrt(more + fewer)


def _next_year(money: NDArray[np.float64], line: float) -> NextYear | None:
    """Return what customers brought after their year had halved, one year before the last; None for too few."""
    if len(money) < 3 * _MONTHS:
        return None
    before, halved, later = (money[-3 * _MONTHS :].reshape(3, _MONTHS, -1)).sum(axis=1)
    # whoever bought nothing in the last quarter of that year may have left
    still = (money[-2 * _MONTHS + 9 : -_MONTHS] > 0).any(axis=0)
    chosen = (before > line) & (halved <= before / 2) & (halved > 0) & still
    if chosen.sum() < LEAST_HALVED:
        return None
    return NextYear(int(chosen.sum()), float(halved[chosen].sum()), float(later[chosen].sum()))

"""Which valuable customers brought less than the year before, beside what chance alone would give (S11, S12).

A description, no list to call. In simulated worlds with known truth, falls beyond chance name fewer of the customers
who leave than silence does, and those whose year had halved while they still bought bring no less in the next one
(`tests/case/test_falls.py`). So the report shows how much of the sliding is chance, and leaves the calls to silence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cvmlab.data.tables import CUSTOMER_ID
from cvmlab.worth import matrix

from .expectations import contribution_by_month

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from cvmlab.data.panels import Panel

    from .assumptions import Assumptions

#: Of fewer customers above the line shares mean little; so many must have halved for their next year to be told.
LEAST_VALUABLE, LEAST_HALVED = 30, 10
_MONTHS = 12
_CONTRIBUTION = "contribution"
_SHOWN = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class NextYear:
    """Customers above the line whose year had halved while they still bought: money of that year and of the next."""

    customers: int
    halved: float
    later: float


@dataclass(frozen=True)
class Falls:
    """What became of the customers who were above the line in the year before.

    Attributes
    ----------
    line
        Contribution of 12 months above which a customer is valuable: the line of the value matrix.
    valuable
        Number of customers above it in the year before.
    by_drop
        From `matrix.falls_by_chance`: falls by a quarter, a half, three quarters and all of it, or more.
    alert_from, alerts, alerts_called
        Share of the value before from which a fall is hardly chance, None where there is none; how many customers fell
        so far, and how many of them are on the call list.
    next_year
        What came after such falls a year earlier; None where the data are too short or too few.
    """

    line: float
    valuable: int
    by_drop: pd.DataFrame
    alert_from: float | None
    alerts: int
    alerts_called: int
    next_year: NextYear | None

    @property
    def halved(self) -> tuple[int, float]:
        """How many brought half as much or less, and how many would have by chance alone."""
        row = self.by_drop.loc[self.by_drop["drop"] == 0.5].iloc[0]
        return int(row["customers"]), float(row["customers_by_chance"])


def compare_years(panel: Panel, line: float, assumed: Assumptions, called: Collection[str]) -> Falls | None:
    """Return how the last 12 complete months compare with those before; None for shorter or smaller data.

    ``line`` is money per horizon, as the threshold of current value; ``called`` are the customers on the call list.
    """
    if len(panel.period) < 2 * _MONTHS:
        return None
    money = contribution_by_month(panel, assumed)
    yearly = max(line, 0.0) * _MONTHS / assumed.horizon_months
    valuable = int((money[-2 * _MONTHS : -_MONTHS].sum(axis=0) > yearly).sum())
    if valuable < LEAST_VALUABLE:
        return None
    measured = replace(panel, values={**panel.values, _CONTRIBUTION: money})  # noqa: PD011
    falls = matrix.falls_by_chance(measured, yearly, value=_CONTRIBUTION, window=_MONTHS)
    shown = falls.loc[[round(drop * (len(falls) - 1)) for drop in _SHOWN]].reset_index(drop=True)
    alerts, called_of_them, alert_from = 0, 0, None
    if falls["alert"].any():
        found = matrix.value_alerts(measured, yearly, value=_CONTRIBUTION, window=_MONTHS)
        ids = found.loc[found["alert"], CUSTOMER_ID]
        alerts, called_of_them = len(ids), int(ids.isin(list(called)).sum())
        alert_from = float(falls.loc[falls["alert"], "drop"].iloc[0])
    return Falls(yearly, valuable, shown, alert_from, alerts, called_of_them, _next_year(money, yearly))


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

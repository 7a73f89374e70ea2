"""What a purchase of each customer brings: by the model of spend, or by the own mean where that is nearer."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.words import CvmError
from cvmlab.data.tables import CUSTOMER_ID
from cvmlab.worth import buying
from cvmlab.worth.buying import GammaGamma
from cvmlab.worth.buying.gamma_gamma import own_spend

# The own mean is taken where it misses less than this share of what the model misses, on at least so many customers.
_EVIDENTLY_LESS, _LEAST_RETURNED = 0.9, 20
# The median of the square of a standard normal variable.
_MEDIAN_SQUARE = 0.455


def spend_model(customers: pd.DataFrame) -> GammaGamma | None:
    """Fit the model of spend; None where the data is not enough for one."""
    try:
        return buying.fit_gamma_gamma(customers)
    except CvmError:
        return None


def per_purchase_day(
    customers: pd.DataFrame, money: str, expected_spend: NDArray[np.float64], spend: GammaGamma | None
) -> NDArray[np.float64]:
    """Return what a purchase day of each customer brings, refunds netted, drawn to what such spend brings on average.

    Formula: (m + w · r · s)/(n + w) with the money m of n days, the spend s that the model of spend expects, and the
    money r that a unit of spend brings in all. The average counts for w days: as many as in the model, otherwise one.
    """
    # who only gave back counts with one day: nothing is divided by less
    days = customers["frequency"].to_numpy(float) + 1
    brought = customers[money].to_numpy(float)
    spent = float((days * expected_spend).sum())
    rate = brought.sum() / spent if spent > 0 else 0.0
    weight = 1.0 if spend is None else (spend.q - 1) / spend.p
    return np.asarray((brought + weight * rate * expected_spend) / (days + weight))


def own_mean_if_nearer(known: pd.DataFrame, later: pd.DataFrame, spend: GammaGamma | None) -> float | None:
    """Return how uneven purchases are around the own means, if these foretold spend better; None if they did not.

    ``known`` and ``later`` are summaries up to a cut and after it. What counts is the money of the later purchase days,
    given how many there were, so that who stayed away says nothing here.
    """
    if spend is None:
        return None
    both = known.merge(later.rename(columns={"revenue": "came"})[[CUSTOMER_ID, "came", "frequency"]], on=CUSTOMER_ID,
                       suffixes=("", "_later"))  # fmt: skip
    if len(both) < _LEAST_RETURNED:
        return None
    days, came = both["frequency_later"].to_numpy(float) + 1, both["came"].to_numpy(float)
    by_model = days * per_purchase_day(both, "revenue", spend.expected_spend(both), spend)
    by_own = days * per_purchase_day(both, "revenue", own_spend(both), None)
    missed, missed_by_own = float(np.abs(by_model - came).sum()), float(np.abs(by_own - came).sum())
    if not missed_by_own < _EVIDENTLY_LESS * missed:
        return None
    brought = by_own > 0
    squares = (came[brought] / by_own[brought] - 1) ** 2 * days[brought]
    return float(np.median(squares)) / _MEDIAN_SQUARE if brought.any() else 0.0

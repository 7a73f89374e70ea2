"""Headroom: what more a customer could bring, as far as transactions alone can show it (S10)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_count, check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.periods import DAYS_A_YEAR
from cvmlab.data.tables import BREADTH, REVENUE, numbers, numbers_between

_MOST_BANDS = 1000


@public
def headroom(
    customers: pd.DataFrame,
    *,
    value: str = REVENUE,
    reference_quantile: float = 0.75,
    bands: int = 4,
    minimum_days: float | None = None,
    likelihood: str | None = None,
) -> pd.DataFrame:
    """Add what more a customer would bring per year by buying as the upper quartile of the peers do.

    Headroom is *not* growth potential: transactions do not show how much the customer buys elsewhere, nor
    whether an action would change it (Du, Kamakura & Mela 2007). Peers are customers alike in ``breadth``
    (distinct products) and, where that is equal or not known, in orders per year. In this order they are cut into
    quantile bands, equal customers in one band; the ``reference_quantile`` of a band's yearly value counts in its
    middle, runs straight from one middle to the next, and is level beyond the outer ones. Headroom is
    reference − own, never below 0, with an own value below 0 taken as 0.

    Parameters
    ----------
    customers
        ``age`` (days since the first purchase), ``orders`` (may be missing beside ``breadth``), the value column.
    value
        Column in money over the customer's age: ``"revenue"``, ``"profit"`` or ``"assumed_profit"``.
    reference_quantile, bands
        From 0 to 1; number of bands, 1 to 1000.
    minimum_days
        The least age that counts, since the yearly rate of a newcomer is mostly chance; by default 365, or
        the greatest age in the data if that is less.
    likelihood
        Column with the chance, 0 to 1, that the gap can be closed at all, such as P(alive) from
        `cvmlab.buying`; headroom is multiplied by it.

    Returns
    -------
    pandas.DataFrame
        The customers with ``value_per_year``, ``reference_per_year`` and ``headroom`` (all yearly money).

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "customer_id": list("abcd"), "revenue": [100.0, 200.0, 300.0, 400.0],
    ...     "orders": [4, 4, 4, 4], "age": [365.25] * 4,
    ... })
    >>> headroom(customers)["headroom"].tolist()
    [225.0, 125.0, 25.0, 0.0]
    """
    check_parameter("reference_quantile", reference_quantile, 0, 1)
    check_count("bands", bands, 1, _MOST_BANDS)
    age = numbers(customers, "age")
    check_parameter("age", age, 0)
    if minimum_days is None:
        minimum_days = max(1.0, min(365.0, float(age.max())))
    check_parameter("minimum_days", minimum_days, 0, open_minimum=True)
    years = np.maximum(age, minimum_days) / DAYS_A_YEAR
    own = numbers(customers, value) / years
    likeness = _likeness(customers, years)
    reference = _reference(own, likeness, _band(likeness, bands), reference_quantile)
    gap = np.maximum(reference - np.maximum(own, 0), 0)
    if likelihood is not None:
        gap *= numbers_between(customers, likelihood, 0, 1)
    return customers.assign(value_per_year=own, reference_per_year=reference, headroom=gap)


def bands_for(customers: int) -> int:
    """Return the number of bands of peers for a number of customers: some fifty in each, at most ten bands."""
    return int(np.clip(customers // 50, 1, 10))


def _likeness(customers: pd.DataFrame, years: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each customer's place from the narrowest and rarest buyer on, the same for equal ones."""
    alike = [numbers(customers, BREADTH)] if BREADTH in customers.columns else []
    if "orders" in customers.columns or not alike:
        alike.append(numbers(customers, "orders") / years)
    return np.unique(np.column_stack(alike), axis=0, return_inverse=True)[1].astype(float)


def _band(figures: NDArray[np.float64], bands: int) -> NDArray[np.intp]:
    edges = np.unique(np.quantile(figures, np.arange(1, bands) / bands)) if bands > 1 else figures[:0]
    return np.searchsorted(edges, figures, side="left")


def _reference(
    own: NDArray[np.float64], likeness: NDArray[np.float64], band: NDArray[np.intp], quantile: float
) -> NDArray[np.float64]:
    """Return what peers bring, without steps at the edges of the bands."""
    bands = pd.DataFrame({"own": own, "likeness": likeness}).groupby(band)
    middle, reached = bands["likeness"].median(), bands["own"].quantile(quantile)
    return np.asarray(np.interp(likeness, middle.to_numpy(float), reached.to_numpy(float)))

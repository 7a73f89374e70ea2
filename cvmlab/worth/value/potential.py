"""What more a customer could bring: headroom from transactions, growth potential where the wallet is known (S10)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_count, check_parameter
from cvmlab.core.discounting import First, present_value
from cvmlab.core.guarding import public
from cvmlab.core.periods import DAYS_A_YEAR
from cvmlab.core.words import CvmError
from cvmlab.data.tables import BREADTH, CUSTOMER_ID, REVENUE, numbers, numbers_between

# Nobody plans further; a table of a million years would fill the memory.
_MOST_YEARS = 100
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


@public
def growth_potential(
    customers: pd.DataFrame,
    *,
    margin: float,
    strategy_cost: float = 0,
    years: int = 3,
    discount_rate: float = 0.1,
    first: First = "next",
    wallet: str = "wallet",
    revenue: str = "value_per_year",
    relationship_level: str = "relationship_level",
    neutral_level: float = 0,
    likelihood: str | None = None,
    wallet_growth: float = 0,
) -> pd.DataFrame:
    """Add share of wallet and growth potential, where the customer's total business is known (S10).

    Up-buying is likelier the smaller our share and the higher the relationship level; below the neutral level
    a customer may even cut the share. The form of the likelihood is ours, and assumed; tests of the strategy
    replace it. With share s = revenue/wallet and strength e = (level − neutral)/(1 − neutral), or
    (level − neutral)/neutral below it:

    * ``assumed_likelihood`` p = e · (1 − s);
    * ``extra_revenue`` = p · (wallet − revenue), or p · revenue where p is negative;
    * in year t the share of the grown business adds revenue · ((1+g)^t − 1);
    * ``growth_potential`` = margin · present value of both over the years − cost of the strategy, at least 0.

    Parameters
    ----------
    customers
        ``customer_id``, the wallet, revenue and relationship level (or likelihood) columns.
    margin, strategy_cost
        Assumed share of revenue that is profit, 0 to 1; money per customer, spent once and now.
    years, discount_rate, first
        Horizon of 1 to 100 whole years; yearly rate; whether the first profit counts ``"now"`` or ``"next"`` year.
    wallet, revenue
        Columns in *yearly* money: the customer's total business, and what comes to us.
    relationship_level, neutral_level
        Column from 0 to 1, and the level below which the customer tends to cut the share, from 0 to below 1.
    likelihood
        Column from 0 to 1 with a likelihood of up-buying that is used instead of the level.
    wallet_growth
        Yearly growth of the customers' own business, as a share of 1.

    Returns
    -------
    pandas.DataFrame
        The customers with ``share_of_wallet``, ``assumed_likelihood``, ``extra_revenue`` (yearly money)
        and ``growth_potential`` (money, present value).

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "customer_id": ["small share", "all of it"], "wallet": [1000.0, 1000.0],
    ...     "value_per_year": [200.0, 1000.0], "relationship_level": [0.5, 0.9],
    ... })
    >>> found = growth_potential(customers, margin=0.2, years=1, discount_rate=0, strategy_cost=10)
    >>> found[["share_of_wallet", "extra_revenue", "growth_potential"]].round(2).values.tolist()
    [[0.2, 320.0, 54.0], [1.0, 0.0, 0.0]]
    """
    check_parameter("margin", margin, 0, 1)
    check_parameter("strategy_cost", strategy_cost, 0)
    check_count("years", years, 1, _MOST_YEARS)
    check_parameter("wallet_growth", wallet_growth, -1)
    check_parameter("neutral_level", neutral_level, 0, 1 - 1e-9)
    total, ours = _wallet_and_revenue(customers, wallet, revenue)
    share = np.divide(ours, total, out=np.ones_like(total), where=total > 0)
    if likelihood is None:
        level = numbers_between(customers, relationship_level, 0, 1)
        chance = _strength(level, neutral_level) * (1 - share)
    else:
        chance = numbers_between(customers, likelihood, 0, 1)
    extra = chance * np.where(chance >= 0, total - ours, ours)
    year = np.arange(1, years + 1)[:, np.newaxis]
    own_growth = ours * ((1 + wallet_growth) ** year - 1)
    worth = margin * present_value(extra + own_growth, discount_rate, first=first) - strategy_cost
    return customers.assign(
        share_of_wallet=share,
        assumed_likelihood=chance,
        extra_revenue=extra,
        growth_potential=np.maximum(worth, 0),
    )


def _strength(level: NDArray[np.float64], neutral: float) -> NDArray[np.float64]:
    """Map a relationship level to −1 (cuts the share) … 0 (neutral) … 1 (as ready as can be)."""
    distance = level - neutral
    return np.where(distance >= 0, distance / (1 - neutral), distance / max(neutral, 1e-9))


def _wallet_and_revenue(
    customers: pd.DataFrame, wallet: str, revenue: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    total = numbers_between(customers, wallet, 0, np.inf)
    ours = np.maximum(numbers(customers, revenue), 0)
    beyond = ours > total * (1 + 1e-9)
    if beyond.any():
        row: Any = customers.iloc[int(beyond.argmax())]
        raise CvmError(
            "value.more_than_wallet",
            customer=row.get(CUSTOMER_ID, int(beyond.argmax()) + 1),
            revenue=f"{row[revenue]:,.2f}",
            wallet=f"{row[wallet]:,.2f}",
            column=wallet,
        )
    return total, np.minimum(ours, total)

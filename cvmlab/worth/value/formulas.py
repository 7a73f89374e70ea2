"""Current value and what it rests on: the margin multiple, expected present values, profit per order (S09)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cvmlab.core.checking import check_parameter
from cvmlab.core.discounting import Amount, First, counts_now
from cvmlab.core.discounting import annuity as annuity
from cvmlab.core.discounting import discount_factor as discount_factor
from cvmlab.core.discounting import period_rate as period_rate
from cvmlab.core.discounting import present_value as present_value
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, Wording
from cvmlab.data.tables import PROFIT, REVENUE, numbers

from .lifetime import check_survival


@public
def margin_multiple(
    retention_rate: Amount,
    discount_rate: float,
    periods_per_year: float = 1,
    first: First = "next",
    margin_growth: float = 0,
) -> Amount:
    """Return the factor that turns the profit of a period into its expected present value.

    Formula: Σ (r/(1+i))^k = r/(1+i−r) for ``first="next"``; ``"now"`` adds exactly 1 (Gupta & Lehmann 2003,
    Customers as assets, Journal of Interactive Marketing 17(1)). Where the profit m of now grows to m(1+g)^t, a
    growing customer counts as one who stays longer: r(1+g)/(1+i−r(1+g)), finite only for r(1+g) < 1+i. Assumes the
    same retention rate for every customer and period. Where customers differ, observed retention rises with tenure
    and a constant rate understates those who stay long (Fader & Hardie 2010).

    Parameters
    ----------
    retention_rate
        Per period, from 0 to 1.
    discount_rate, periods_per_year, first
        Yearly rate, periods per year, and whether the first profit counts ``"now"`` or ``"next"`` period.
    margin_growth
        Growth of the profit from one period to the next, as a share of 1, at least −1. For ``first="next"`` the
        first profit that counts has grown once.

    Raises
    ------
    CvmError
        If the sum has no end: r(1+g) ≥ 1 + i.

    Examples
    --------
    >>> round(margin_multiple(0.8, 0.10), 2), round(margin_multiple(0.8, 0.10, first="now"), 2)
    (2.67, 3.67)
    >>> round(margin_multiple(0.8, 0.10, margin_growth=0.05), 2)
    3.23
    """
    rate = period_rate(discount_rate, periods_per_year)
    kept = _kept(retention_rate, rate, margin_growth)
    later: Amount = kept / (1 + rate - kept)
    return later + 1 if counts_now(first) else later


@public
def elasticity_of_multiple(
    retention_rate: Amount,
    discount_rate: float,
    periods_per_year: float = 1,
    first: First = "next",
    margin_growth: float = 0,
) -> Amount:
    """Return by how many percent the margin multiple rises when the retention rate rises by one percent.

    Formula: (1+i)/(1+i−r(1+g)) for ``first="next"``, r(1+g)/(1+i−r(1+g)) for ``"now"``. One percent, not one
    point: from .80 that is .808. The parameters are those of `margin_multiple`.

    Examples
    --------
    >>> round(elasticity_of_multiple(0.8, 0.10), 2)
    3.67
    """
    rate = period_rate(discount_rate, periods_per_year)
    kept = _kept(retention_rate, rate, margin_growth)
    gap: Amount = 1 + rate - kept
    return kept / gap if counts_now(first) else (1 + rate) / gap


def _kept(retention_rate: Amount, rate: float, growth: float) -> Amount:
    """Return what is left of a profit after one period, r(1+g), or raise `CvmError` if the sum of it has no end."""
    check_parameter("retention_rate", retention_rate, 0, 1)
    check_parameter("margin_growth", growth, -1)
    kept: Amount = retention_rate * (1 + growth)
    highest = float(np.max(np.asarray(kept), initial=0))
    if highest >= 1 + rate:
        said = {"retention_rate": f"{highest / (1 + growth):g}", "rate": f"{rate:g}"}
        if growth:
            raise CvmError("value.endless_growth", growth=f"{growth:g}", **said)
        raise CvmError("value.endless_value", **said)
    return kept


@public
def current_value(
    survival: ArrayLike,
    margins: ArrayLike,
    discount_rate: float,
    periods_per_year: float = 1,
    first: First = "next",
) -> NDArray[np.float64]:
    """Return the expected present value of the profit still to come, if behaviour stays as it is.

    Formula: Σ S(t) m_t/(1+i)^t (S09), over the given periods only.

    Parameters
    ----------
    survival
        Chance that the customer is still there at each payment, from S(1) for ``first="next"``, from S(0)
        for ``"now"``. Shape (periods,) or (periods, customers); never rises.
    margins
        Profit of each payment in money: a number, or an array that broadcasts against survival.
    discount_rate, periods_per_year, first
        Yearly rate, periods per year, and whether the first profit counts ``"now"`` or ``"next"`` period.

    Returns
    -------
    ndarray
        Money, shape () or (customers,).

    Examples
    --------
    >>> float(current_value([0.8, 0.64], 100, discount_rate=0.10).round(2))
    125.62
    """
    chances = check_survival(survival)
    return present_value(_times(chances, "margins", margins), discount_rate, periods_per_year, first)


@public
def current_value_from_purchases(
    expected_purchases: ArrayLike,
    profit_per_order: ArrayLike,
    discount_rate: float,
    periods_per_year: float = 12,
    first: First = "next",
) -> NDArray[np.float64]:
    """Return current value where there is no contract and only silence can be observed (S09).

    Formula: Σ E[orders in period t] · profit per order/(1+i)^t. The expected purchases already include the
    chance that the customer is still active, so a slow buyer is not taken for a lost one.

    Parameters
    ----------
    expected_purchases
        Expected orders in each period to come (not cumulated), shape (periods,) or (periods, customers);
        for one figure per customer and year ``orders[np.newaxis]`` with ``periods_per_year=1``.
    profit_per_order
        Money: a number, shape (customers,), or that of ``expected_purchases``.
    discount_rate, periods_per_year, first
        Yearly rate, periods per year (months by default), and whether the first profit counts ``"now"`` or
        ``"next"`` period.

    Returns
    -------
    ndarray
        Money, shape () or (customers,).

    Examples
    --------
    >>> expected = np.array([[1.0, 0.2], [1.0, 0.1]])
    >>> current_value_from_purchases(expected, [50, 80], discount_rate=0).round(2)
    array([100.,  24.])
    """
    orders = np.asarray(expected_purchases, dtype=np.float64)
    check_parameter("expected_purchases", orders, 0)
    return present_value(_times(orders, "profit_per_order", profit_per_order), discount_rate, periods_per_year, first)


def _times(shares: NDArray[np.float64], name: str, money: ArrayLike) -> NDArray[np.float64]:
    amounts = np.asarray(money, dtype=np.float64)
    check_parameter(name, amounts)
    try:
        return np.asarray(shares * amounts)
    except ValueError:
        label = Wording(f"checking.{name}")
        raise CvmError(
            "value.shapes_differ", label=label, name=name, shape=amounts.shape, other_shape=shares.shape
        ) from None


@public
def assume_profit(customers: pd.DataFrame, margin: float, cost_per_order: float = 0) -> pd.DataFrame:
    """Add the profit that follows from a stated margin: assumed, not known, and named so.

    Formula: margin · revenue − cost per order · orders.

    Parameters
    ----------
    customers
        ``revenue`` (money), ``orders``.
    margin, cost_per_order
        Share of revenue left after the cost of goods, 0 to 1; money per order (picking, delivery), at least 0.

    Returns
    -------
    pandas.DataFrame
        The customers with ``assumed_profit`` (money, may be negative).

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": ["1", "2"], "revenue": [100.0, 10.0], "orders": [2, 1]})
    >>> assume_profit(customers, margin=0.3, cost_per_order=5)["assumed_profit"].tolist()
    [20.0, -2.0]
    """
    check_parameter("margin", margin, 0, 1)
    check_parameter("cost_per_order", cost_per_order, 0)
    profit = margin * numbers(customers, REVENUE) - cost_per_order * numbers(customers, "orders")
    return customers.assign(assumed_profit=profit)


@public
def profit_per_order(customers: pd.DataFrame, profit: str = PROFIT, prior_orders: float = 0) -> NDArray[np.float64]:
    """Return each customer's mean profit per order, drawn to the mean of all where orders are few.

    Formula: (profit + w · p)/(orders + w) with the mean profit per order p of all customers and the
    weight w of ``prior_orders`` orders (ours). Without a weight it is the plain mean, 0 without orders.

    Parameters
    ----------
    customers, profit
        ``orders`` and the profit column (money), and its name, for example ``"assumed_profit"``.
    prior_orders
        Number of orders that the mean of all counts for, at least 0.

    Returns
    -------
    ndarray
        Money per order, shape (customers,).

    Examples
    --------
    >>> customers = pd.DataFrame({"profit": [100.0, 20.0], "orders": [1, 9]})
    >>> profit_per_order(customers).round(2), profit_per_order(customers, prior_orders=1)
    (array([100.  ,   2.22]), array([56. ,  3.2]))
    """
    check_parameter("prior_orders", prior_orders, 0)
    earned, orders = numbers(customers, profit), numbers(customers, "orders")
    check_parameter("orders", orders, 0)
    mean = earned.sum() / orders.sum() if orders.sum() else 0.0
    weight = orders + prior_orders
    return np.divide(earned + prior_orders * mean, weight, out=np.zeros_like(earned), where=weight > 0)

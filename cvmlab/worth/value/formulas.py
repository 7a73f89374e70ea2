"""Current value and what it rests on: the margin multiple, the textbook's rule, expected lifetime (S09)."""

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


@public
def textbook_current_value(
    profit_per_period: Amount,
    lifetime_periods: Amount,
    discount_rate: float,
    periods_per_year: float = 1,
    first: First = "next",
) -> Amount:
    """Return current value by the textbook's rule (CRM3 §3.2.2).

    Profit of the latest period × expected remaining lifetime × overall discount rate, read as an
    annuity: the "overall" rate is the mean discount factor over the lifetime. The textbook calls the rule
    conservative; in one respect it is not, see `overstatement_of_textbook_rule`.

    Parameters
    ----------
    profit_per_period, lifetime_periods
        Money, constant over the lifetime; expected number of profits still to come.
    discount_rate, periods_per_year, first
        Yearly rate, periods per year, and whether the first profit counts ``"now"`` or ``"next"`` period.

    Examples
    --------
    >>> round(textbook_current_value(100, 4, discount_rate=0.10), 1)
    317.0
    """
    check_parameter("profit_per_period", profit_per_period)
    return profit_per_period * annuity(lifetime_periods, discount_rate, periods_per_year, first)


@public
def expected_lifetime(retention_rate: Amount, first: First = "next") -> Amount:
    """Return the expected number of profits of a customer with a constant retention rate.

    Formula: r/(1−r) profits still to come for ``first="next"``, 1/(1−r) with the one that counts now.

    Parameters
    ----------
    retention_rate, first
        Per period, from 0 to below 1; whether the first profit counts ``"now"`` or ``"next"`` period.

    Examples
    --------
    >>> round(expected_lifetime(0.8), 6), round(expected_lifetime(0.8, first="now"), 6)
    (4.0, 5.0)
    """
    _check_retention(retention_rate, 0.0)
    later: Amount = retention_rate / (1 - retention_rate)
    return later + 1 if counts_now(first) else later


@public
def margin_multiple(
    retention_rate: Amount,
    discount_rate: float,
    periods_per_year: float = 1,
    first: First = "next",
) -> Amount:
    """Return the factor that turns a constant profit per period into its expected present value.

    Formula: Σ (r/(1+i))^k = r/(1+i−r) for ``first="next"``; ``"now"`` adds exactly 1 (Gupta & Lehmann 2003,
    Customers as assets, Journal of Interactive Marketing 17(1)). Assumes the same retention rate for every
    customer and period. Where customers differ, observed retention rises with tenure and a constant rate
    understates those who stay long (Fader & Hardie 2010).

    Parameters
    ----------
    retention_rate
        Per period, from 0 to 1.
    discount_rate, periods_per_year, first
        Yearly rate, periods per year, and whether the first profit counts ``"now"`` or ``"next"`` period.

    Raises
    ------
    CvmError
        If the sum has no end: r ≥ 1 + i.

    Examples
    --------
    >>> round(margin_multiple(0.8, 0.10), 2), round(margin_multiple(0.8, 0.10, first="now"), 2)
    (2.67, 3.67)
    """
    rate = period_rate(discount_rate, periods_per_year)
    _check_retention(retention_rate, rate)
    later: Amount = retention_rate / (1 + rate - retention_rate)
    return later + 1 if counts_now(first) else later


@public
def elasticity_of_multiple(
    retention_rate: Amount,
    discount_rate: float,
    periods_per_year: float = 1,
    first: First = "next",
) -> Amount:
    """Return by how many percent the margin multiple rises when the retention rate rises by one percent.

    Formula: (1+i)/(1+i−r) for ``first="next"``, r/(1+i−r) for ``"now"``. One percent, not one point:
    from .80 that is .808. The parameters are those of `margin_multiple`.

    Examples
    --------
    >>> round(elasticity_of_multiple(0.8, 0.10), 2)
    3.67
    """
    rate = period_rate(discount_rate, periods_per_year)
    _check_retention(retention_rate, rate)
    gap: Amount = 1 + rate - retention_rate
    return retention_rate / gap if counts_now(first) else (1 + rate) / gap


@public
def overstatement_of_textbook_rule(
    retention_rate: Amount,
    discount_rate: float,
    periods_per_year: float = 1,
    first: First = "next",
) -> Amount:
    """Return by what share of 1 the annuity at the expected lifetime exceeds the expected present value.

    The annuity is concave in the lifetime, so its value at the mean exceeds the mean of its values (Jensen).

    Parameters
    ----------
    retention_rate
        Per period, above 0 and below 1; constant.
    discount_rate, periods_per_year, first
        Yearly rate, periods per year, and whether the first profit counts ``"now"`` or ``"next"`` period.

    Examples
    --------
    >>> round(overstatement_of_textbook_rule(0.8, 0.10), 2)
    0.19
    """
    check_parameter("retention_rate", retention_rate, 0, 1, open_minimum=True)
    lifetime = expected_lifetime(retention_rate, first)
    rule = annuity(lifetime, discount_rate, periods_per_year, first)
    return rule / margin_multiple(retention_rate, discount_rate, periods_per_year, first) - 1


def _check_retention(retention_rate: ArrayLike, rate: float) -> None:
    check_parameter("retention_rate", retention_rate, 0, 1)
    highest = float(np.max(np.asarray(retention_rate), initial=0))
    if highest >= 1 + rate:
        raise CvmError("value.endless_value", retention_rate=f"{highest:g}", rate=f"{rate:g}")


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
    chances = np.asarray(survival, dtype=np.float64)
    if chances.ndim == 0 or chances.shape[0] == 0:
        raise CvmError("value.no_periods", label=Wording("checking.survival"), name="survival")
    check_parameter("survival", chances, 0, 1)
    rises = np.diff(chances, axis=0) > 1e-12
    if rises.any():
        where = np.unravel_index(rises.argmax(), rises.shape)
        before, after = chances[where], chances[(where[0] + 1, *where[1:])]
        raise CvmError("value.survival_rises", before=f"{before:g}", after=f"{after:g}", period=int(where[0]) + 2)
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

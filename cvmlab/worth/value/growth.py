"""Growth potential where the wallet is known: up-buying, cross-buying and referral, net of the strategy's cost (S10).

Each source is a function from its own columns to money of the same kind: the present value, over the years of the plan
and before the cost of the strategy, of the extra profit that the strategy would bring; with a column of chances to
stay, each year counts only as far as the customer is still there. `growth_potential` adds them up. The forms of the
likelihoods are ours, and assumed; tests of the strategy replace them (Du, Kamakura & Mela 2007, Journal of Marketing
71(2), 94-113).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_count, check_parameter
from cvmlab.core.discounting import First, counts_now, present_value
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError
from cvmlab.data.tables import CUSTOMER_ID, numbers, numbers_between

Array = NDArray[np.float64]

# Nobody plans further; a table of a million years would fill the memory.
_MOST_YEARS = 100
# The column by which a table says that it knows a source.
_PRODUCTS, _REFERRALS = "products_not_bought", "referrals_per_year"


@public
def up_buying(
    customers: pd.DataFrame,
    *,
    margin: float,
    years: int = 3,
    discount_rate: float = 0.1,
    first: First = "next",
    wallet: str = "wallet",
    revenue: str = "value_per_year",
    relationship_level: str = "relationship_level",
    neutral_level: float = 0,
    likelihood: str | None = None,
    wallet_growth: float = 0,
    retention_rate: str | None = None,
) -> pd.DataFrame:
    """Add what more of the same a customer would buy, and what the growth of the customer's own business brings.

    Up-buying is likelier the smaller our share of the customer's business and the higher the relationship level;
    below the neutral level a customer may even cut the share. Its size is set by the customer's total business. At
    100% share there is none; growth of the customer's own business still brings some. With share s = revenue/wallet
    and strength e = (level − neutral)/(1 − neutral), or (level − neutral)/neutral below it:

    * ``assumed_likelihood`` p = e · (1 − s), or e where it is negative;
    * ``extra_revenue`` = p · (wallet − revenue), or p · revenue where p is negative: what is ours can be lost;
    * ``up_buying`` = margin · Σ S(t) · extra revenue · (1+g)^t/(1+i)^t;
    * ``growth_of_business`` = margin · Σ S(t) · revenue · ((1+g)^t − 1)/(1+i)^t, our share of the grown business.

    S(t) = r^t is the chance that the customer is still there; without ``retention_rate`` it is 1.

    Parameters
    ----------
    customers
        The wallet, revenue and relationship level (or likelihood) columns.
    margin
        Assumed share of revenue that is profit, 0 to 1.
    years, discount_rate, first
        Horizon of 1 to 100 whole years; yearly rate; whether the first profit counts ``"now"`` or ``"next"`` year.
    wallet, revenue
        Columns in *yearly* money: the customer's total business, and what comes to us.
    relationship_level, neutral_level
        Column from 0 to 1, and the level below which the customer tends to cut the share, from 0 to below 1.
    likelihood
        Column from 0 to 1 with a measured likelihood of up-buying that is used instead of the assumed one.
    wallet_growth
        Yearly growth of the customers' own business, as a share of 1.
    retention_rate
        Column from 0 to 1 with the chance r to stay each year; if left out, everybody is sure to stay.

    Returns
    -------
    pandas.DataFrame
        The customers with ``share_of_wallet``, ``assumed_likelihood`` (unless measured), ``extra_revenue`` (yearly
        money), ``up_buying`` and ``growth_of_business`` (money, present values).

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "customer_id": ["small share", "all of it"], "wallet": [1000.0, 1000.0],
    ...     "value_per_year": [200.0, 1000.0], "relationship_level": [0.5, 0.9],
    ... })
    >>> found = up_buying(customers, margin=0.2, years=1, discount_rate=0, wallet_growth=0.1)
    >>> found[["share_of_wallet", "extra_revenue", "up_buying", "growth_of_business"]].round(2).values.tolist()
    [[0.2, 320.0, 70.4, 4.0], [1.0, 0.0, 0.0, 20.0]]
    """
    check_parameter("margin", margin, 0, 1)
    check_parameter("wallet_growth", wallet_growth, -1, 100)
    total, ours = _wallet_and_revenue(customers, wallet, revenue)
    share = np.divide(ours, total, out=np.ones_like(total), where=total > 0)
    assumed = {}
    if likelihood is None:
        strength = _strength(customers, relationship_level, neutral_level)
        chance = assumed["assumed_likelihood"] = np.where(strength >= 0, strength * (1 - share), strength)
    else:
        chance = numbers_between(customers, likelihood, 0, 1)
    extra = chance * np.where(chance >= 0, total - ours, ours)
    grown = (1 + wallet_growth) ** _years(years)
    stays = _stays(customers, retention_rate, years, first)
    return customers.assign(
        share_of_wallet=share,
        **assumed,
        extra_revenue=extra,
        up_buying=margin * present_value(extra * grown * stays, discount_rate, first=first),
        growth_of_business=margin * present_value(ours * (grown - 1) * stays, discount_rate, first=first),
    )


@public
def cross_buying(
    customers: pd.DataFrame,
    *,
    margin: float,
    years: int = 3,
    discount_rate: float = 0.1,
    first: First = "next",
    relationship_level: str = "relationship_level",
    neutral_level: float = 0,
    likelihood: str | None = None,
    retention_rate: str | None = None,
) -> pd.DataFrame:
    """Add what a customer would buy of product types never bought before.

    Cross-buying is likelier the more products we offer that the customer needs and has not bought, and the higher
    the relationship level. With k such products, each taken up independently with the chance q, which is the strength
    e of `up_buying` (0 below the neutral level) unless it is measured:

    * ``cross_likelihood`` of at least one = 1 − (1 − q)^k, ``assumed_cross_likelihood`` where q is assumed;
    * ``cross_revenue`` = k · q · revenue per product;
    * ``cross_buying`` = margin · its present value over the years.

    Parameters
    ----------
    customers
        ``products_not_bought`` (number of products that we offer, the customer needs and never bought; from a survey
        or a panel), ``revenue_per_product`` (yearly money that one of them would bring), and the relationship level
        (or likelihood) column.
    margin, years, discount_rate, first, relationship_level, neutral_level, retention_rate
        As in `up_buying`.
    likelihood
        Column from 0 to 1 with the measured chance q that a product is taken up.

    Returns
    -------
    pandas.DataFrame
        The customers with ``assumed_cross_likelihood`` (or ``cross_likelihood``), ``cross_revenue`` (yearly money)
        and ``cross_buying`` (money, present value).

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "products_not_bought": [0, 1, 3], "revenue_per_product": 100.0, "relationship_level": 0.2})
    >>> found = cross_buying(customers, margin=0.5, years=1, discount_rate=0)
    >>> found[["assumed_cross_likelihood", "cross_revenue", "cross_buying"]].round(3).values.tolist()
    [[0.0, 0.0, 0.0], [0.2, 20.0, 10.0], [0.488, 60.0, 30.0]]
    """
    check_parameter("margin", margin, 0, 1)
    products = numbers_between(customers, _PRODUCTS, 0, np.inf)
    each = numbers_between(customers, "revenue_per_product", 0, np.inf)
    if likelihood is None:
        chance = np.maximum(_strength(customers, relationship_level, neutral_level), 0)
        name = "assumed_cross_likelihood"
    else:
        chance, name = numbers_between(customers, likelihood, 0, 1), "cross_likelihood"
    revenue = products * chance * each
    yearly = margin * revenue * _stays(customers, retention_rate, years, first)
    return customers.assign(
        **{name: 1 - (1 - chance) ** products},
        cross_revenue=revenue,
        cross_buying=present_value(yearly, discount_rate, first=first),
    )


@public
def referral_value(
    customers: pd.DataFrame,
    *,
    years: int = 3,
    discount_rate: float = 0.1,
    first: First = "next",
    referred_in_total: bool = False,
    retention_rate: str | None = None,
) -> pd.DataFrame:
    """Add what the new customers are worth whom a customer would refer.

    A referral is worth the acquisition cost saved where the new customer would have come anyway, and the new
    customer's own value otherwise (Kumar, Petersen & Leone 2007, Harvard Business Review 85(10), 139-146). It depends
    on the chance that the relationship reaches stability, for only loyal customers do us such favours:

    * ``referral_saved_cost`` = Σ chance · referrals · share who come anyway · acquisition cost/(1+i)^t;
    * ``referral_new_value`` = Σ chance · referrals · (1 − that share) · value of a referred customer/(1+i)^t;
    * ``referral`` = their sum.

    **Never add a referral and the referred customers' own value to the same total**: it is the same money. Where the
    referred customers stand, or will stand, in the total as rows of their own, set ``referred_in_total``: then
    ``referral`` is the saved cost only, and ``referral_new_value`` only tells the referrer's merit. The value of a
    referred customer counts before acquisition cost, so that the saved cost is in nobody's own value.

    Parameters
    ----------
    customers
        ``chance_of_stability`` (0 to 1), ``referrals_per_year`` (new customers per year that the strategy would add
        once the relationship is stable), ``share_anyway`` (share of them who would have come anyway, 0 to 1),
        ``acquisition_cost`` (money per new customer) and ``referred_value`` (lifetime value of one, money).
    years, discount_rate, first, retention_rate
        As in `up_buying`; a customer who has left refers nobody.
    referred_in_total
        Whether the referred customers' own values are in the total that this figure will be part of.

    Returns
    -------
    pandas.DataFrame
        The customers with ``referral_saved_cost``, ``referral_new_value`` and ``referral`` (money, present values).

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "chance_of_stability": [0.5], "referrals_per_year": [2.0], "share_anyway": [0.6],
    ...     "acquisition_cost": [50.0], "referred_value": [400.0]})
    >>> found = referral_value(customers, years=1, discount_rate=0)
    >>> found[["referral_saved_cost", "referral_new_value", "referral"]].values.tolist()
    [[30.0, 160.0, 190.0]]
    """
    new = numbers_between(customers, "chance_of_stability", 0, 1) * numbers_between(customers, _REFERRALS, 0, np.inf)
    anyway = numbers_between(customers, "share_anyway", 0, 1)
    saved = new * anyway * numbers_between(customers, "acquisition_cost", 0, np.inf)
    own = new * (1 - anyway) * numbers(customers, "referred_value")
    stays = _stays(customers, retention_rate, years, first)
    saved_now, own_now = (present_value(yearly * stays, discount_rate, first=first) for yearly in (saved, own))
    return customers.assign(
        referral_saved_cost=saved_now,
        referral_new_value=own_now,
        referral=saved_now if referred_in_total else saved_now + own_now,
    )


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
    cross_likelihood: str | None = None,
    cross_margin: float | None = None,
    referred_in_total: bool = False,
    retention_rate: str | None = None,
) -> pd.DataFrame:
    """Add growth potential: up-buying + cross-buying + referral, less the cost of the strategy (S10).

    The present value of the extra profit if a fitting strategy improves behaviour, after a certain further
    investment. Formula: `up_buying`, + `cross_buying` where the table has ``products_not_bought``, + `referral_value`
    where it has ``referrals_per_year``, − cost, and at least 0, since a strategy that does not pay is not started;
    + the growth of the customer's own business, if there is any, which comes without a strategy and pays for none. A
    source of which the table knows nothing is left out, and has no column in the result.

    Parameters
    ----------
    customers
        The columns of `up_buying`; those of `cross_buying` and `referral_value` where they are known.
    margin, strategy_cost
        Assumed share of revenue that is profit, 0 to 1; money per customer, spent once and now.
    years, discount_rate, first, wallet, revenue, relationship_level, neutral_level, likelihood, wallet_growth
        As in `up_buying`.
    cross_likelihood, cross_margin, referred_in_total
        As ``likelihood`` in `cross_buying`; the margin of those other products, if it is another; as in
        `referral_value`: never add a referral and the referred customers' own value to the same total.
    retention_rate
        As in `up_buying`: a strategy earns only from customers who are still there.

    Returns
    -------
    pandas.DataFrame
        The customers with the columns of the sources, and ``growth_potential`` (money, present value).

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "customer_id": ["small share", "all of it"], "wallet": [1000.0, 1000.0],
    ...     "value_per_year": [200.0, 1000.0], "relationship_level": [0.5, 0.9],
    ... })
    >>> plan = {"margin": 0.2, "years": 1, "discount_rate": 0, "strategy_cost": 10}
    >>> growth_potential(customers, **plan)["growth_potential"].round(2).tolist()
    [54.0, 0.0]

    What is known of products adds cross-buying:

    >>> found = growth_potential(customers.assign(products_not_bought=[0, 2], revenue_per_product=100.0), **plan)
    >>> found[["up_buying", "growth_of_business", "cross_buying", "growth_potential"]].round(2).values.tolist()
    [[64.0, 0.0, 0.0, 54.0], [0.0, 0.0, 36.0, 26.0]]

    Where only half of the customers stay until the profit comes, half of it is left:

    >>> found = growth_potential(customers.assign(stays=0.5), **plan, retention_rate="stays")
    >>> found["growth_potential"].round(2).tolist()
    [22.0, 0.0]
    """
    check_parameter("strategy_cost", strategy_cost, 0)
    plan: dict[str, Any] = {
        "years": years, "discount_rate": discount_rate, "first": first, "retention_rate": retention_rate,
    }  # fmt: skip
    level: dict[str, Any] = {"relationship_level": relationship_level, "neutral_level": neutral_level}
    found = up_buying(
        customers, margin=margin, wallet=wallet, revenue=revenue, likelihood=likelihood, wallet_growth=wallet_growth,
        **plan, **level,
    )  # fmt: skip
    worth = numbers(found, "up_buying")
    if _PRODUCTS in customers.columns:
        cross_margin = margin if cross_margin is None else cross_margin
        found = cross_buying(found, margin=cross_margin, likelihood=cross_likelihood, **plan, **level)
        worth = worth + numbers(found, "cross_buying")
    if _REFERRALS in customers.columns:
        found = referral_value(found, referred_in_total=referred_in_total, **plan)
        worth = worth + numbers(found, "referral")
    own_growth = np.maximum(numbers(found, "growth_of_business"), 0)
    return found.assign(growth_potential=np.maximum(worth - strategy_cost, 0) + own_growth)


def _years(years: int) -> Array:
    check_count("years", years, 1, _MOST_YEARS)
    return np.arange(1.0, years + 1)[:, np.newaxis]


def _stays(customers: pd.DataFrame, column: str | None, years: int, first: First) -> Array:
    """Return the chance that each customer is there at each payment, shape (years, customers); 1 without a column."""
    waits = _years(years) - counts_now(first)
    rate = np.ones(len(customers)) if column is None else numbers_between(customers, column, 0, 1)
    return np.asarray(rate**waits)


def _strength(customers: pd.DataFrame, column: str, neutral: float) -> Array:
    """Map a column of relationship levels to −1 (cuts the share) … 0 (neutral) … 1 (as ready as can be)."""
    check_parameter("neutral_level", neutral, 0, 1 - 1e-9)
    distance = numbers_between(customers, column, 0, 1) - neutral
    return np.where(distance >= 0, distance / (1 - neutral), distance / max(neutral, 1e-9))


def _wallet_and_revenue(customers: pd.DataFrame, wallet: str, revenue: str) -> tuple[Array, Array]:
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

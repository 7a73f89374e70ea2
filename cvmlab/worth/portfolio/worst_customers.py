"""What if we acted on the customers at the bottom of the whale curve? (S12 Beyond).

Dissolving the worst does not double profit: fixed cost stays, and this year's worst are partly chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario, number
from cvmlab.data.tables import PROFIT, REVENUE, check_one_row_each, numbers

from .resampled import from_the_best
from .unusual import service_cost, usual_cost


@public
@dataclass(frozen=True)
class WorstCustomers(Scenario):
    """What is done to the worst customers, and what is assumed about cost and chance.

    Attributes
    ----------
    share
        Share of the customers acted on, the worst by this year's profit.
    fixed_cost_share
        Share of a customer's cost that stays when the customer goes: buildings, systems, overhead; small in
        trade, large in services.
    persistence
        Share of a customer's unusual cost, its distance from what customers with such sales usually cost, that
        lasts to the next year (`lasting_cost`). Below 1 this year's worst are partly chance.
    stay_share, price_change, saving
        Share of those customers who stay, change of their price (their volume is unchanged), and share of
        their avoidable cost to serve that a cheaper service saves.
    """

    share: float = number(0.3, minimum=0, maximum=1, step=0.05, word="portfolio.share", unit="share")
    fixed_cost_share: float = number(
        0.2, word="portfolio.fixed_cost_share", minimum=0, maximum=1, step=0.05, unit="share"
    )
    persistence: float = number(0.6, minimum=0, maximum=1, step=0.05, word="portfolio.persistence", unit="share")
    stay_share: float = number(1, minimum=0, maximum=1, step=0.05, word="portfolio.stay_share", unit="share")
    price_change: float = number(0, minimum=-1, maximum=1, step=0.01, word="portfolio.price_change", unit="share")
    saving: float = number(0, minimum=0, maximum=1, step=0.05, word="portfolio.saving", unit="share")


@public
def after_acting(
    customers: pd.DataFrame,
    scenario: WorstCustomers,
    *,
    service: str | None = None,
    profit: str = PROFIT,
    revenue: str = REVENUE,
) -> pd.DataFrame:
    """Return profit as it is and after acting on the worst customers, one assumption at a time.

    Cost is revenue − profit; the fixed share of every cost is paid in any case, the rest is avoidable. Sales last: a
    customer's sales of next year are this year's. What is partly chance is the cost of serving:

        expected cost to serve = usual + persistence · (this year's − usual),

    where usual is the cost at the customer's sales on a line through all customers: an amount per customer and an
    amount per unit of sales (least squares weighted by 1 / (sales + mean sales), neither below 0). The sums over all
    customers stay the same, so every change comes from the action. Other cost, as that of goods, stays as it is.

    Parameters
    ----------
    customers, profit, revenue
        ``customer_id``, the profit and revenue columns (yearly money), and their names; profit may be assumed.
    scenario
        What is done to whom.
    service
        Column of the cost to serve (yearly money, part of the cost); a cheaper service saves on it alone. None: all
        cost counts as cost to serve.

    Returns
    -------
    pandas.DataFrame
        One row per step, ``step``, ``profit`` (yearly money), ``change`` (money, from the first row):
        ``as_is``; ``hoped``, as if all cost were avoidable and this year's worst were always the worst;
        ``fixed_cost_stays``; ``chance_evens_out``, with both corrections; worded by ``term("portfolio." + step)``.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": list("abcd"), "revenue": 100.0, "profit": [60.0, 40, 20, -40]})
    >>> dissolve = WorstCustomers(share=0.25, stay_share=0, fixed_cost_share=0.5, persistence=0.5)
    >>> after_acting(customers, dissolve)[["step", "profit"]].values.tolist()
    [['as_is', 80.0], ['hoped', 120.0], ['fixed_cost_stays', 50.0], ['chance_evens_out', 35.0]]
    """
    check_one_row_each(customers)
    earned, sold = numbers(customers, profit), numbers(customers, revenue)
    serving = service_cost(customers, service, profit, revenue)
    figures = (sold, sold - earned - serving, serving, _worst(customers, earned, scenario.share))
    hoped = scenario.replace(fixed_cost_share=0, persistence=1)
    profits = {
        "as_is": float(earned.sum()),
        "hoped": _profit_after(*figures, hoped),
        "fixed_cost_stays": _profit_after(*figures, scenario.replace(persistence=1)),
        "chance_evens_out": _profit_after(*figures, scenario),
    }
    steps = pd.DataFrame({"step": list(profits), "profit": list(profits.values())})
    return steps.assign(change=steps["profit"] - profits["as_is"])


def _worst(customers: pd.DataFrame, earned: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    count = round(share * len(earned))
    worst = np.zeros(len(earned), dtype=np.bool_)
    worst[from_the_best(customers, earned)[len(earned) - count :]] = True
    return worst


def _profit_after(
    sold: NDArray[np.float64],
    other: NDArray[np.float64],
    serving: NDArray[np.float64],
    worst: NDArray[np.bool_],
    scenario: WorstCustomers,
) -> float:
    fixed = scenario.fixed_cost_share * (other + serving).sum()
    usual = usual_cost(sold, serving)
    avoidable = 1 - scenario.fixed_cost_share
    other, serving = avoidable * other, avoidable * (usual + scenario.persistence * (serving - usual))
    kept = (sold - other - serving)[~worst].sum()
    repriced = sold[worst].sum() * (1 + scenario.price_change)
    cheaper = other[worst].sum() + serving[worst].sum() * (1 - scenario.saving)
    return float(kept + scenario.stay_share * (repriced - cheaper) - fixed)


@public
def after_dissolving(
    customers: pd.DataFrame,
    share: float = 0.3,
    *,
    fixed_cost_share: float = 0.2,
    persistence: float = 0.6,
    service: str | None = None,
    profit: str = PROFIT,
    revenue: str = REVENUE,
) -> pd.DataFrame:
    """Return what dissolving the worst customers would bring; it does not double profit (S12 Beyond).

    The frames are those of `after_acting`; the shares are fields of `WorstCustomers`, to be replaced by the
    firm's own figures.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": list("abcd"), "revenue": 100.0, "profit": [60.0, 40, 20, -40]})
    >>> after_dissolving(customers, 0.25)["change"].round(1).tolist()
    [0.0, 40.0, 12.0, -7.2]
    """
    scenario = WorstCustomers(share, fixed_cost_share, persistence, stay_share=0)
    return after_acting(customers, scenario, service=service, profit=profit, revenue=revenue)


@public
def reprice(
    customers: pd.DataFrame,
    share: float = 0.3,
    *,
    price_change: float,
    stay_share: float,
    fixed_cost_share: float = 0.2,
    persistence: float = 0.6,
    service: str | None = None,
    profit: str = PROFIT,
    revenue: str = REVENUE,
) -> pd.DataFrame:
    """Return what another price for the worst customers would bring, when some of them leave over it.

    The frames are those of `after_acting`, the shares and the change fields of `WorstCustomers`.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": list("abcd"), "revenue": 100.0, "profit": [60.0, 40, 20, -40]})
    >>> reprice(customers, 0.25, price_change=0.1, stay_share=1)["change"].round(1).tolist()
    [0.0, 10.0, 10.0, 10.0]
    """
    scenario = WorstCustomers(share, fixed_cost_share, persistence, stay_share, price_change=price_change)
    return after_acting(customers, scenario, service=service, profit=profit, revenue=revenue)


@public
def serve_cheaper(
    customers: pd.DataFrame,
    share: float = 0.3,
    *,
    saving: float,
    stay_share: float,
    fixed_cost_share: float = 0.2,
    persistence: float = 0.6,
    service: str | None = None,
    profit: str = PROFIT,
    revenue: str = REVENUE,
) -> pd.DataFrame:
    """Return what a cheaper service for the worst customers would bring, when some of them leave over it.

    The frames are those of `after_acting`, the shares fields of `WorstCustomers`.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": list("abcd"), "revenue": 100.0, "profit": [60.0, 40, 20, -40]})
    >>> serve_cheaper(customers, 0.25, saving=0.5, stay_share=1)["change"].round(1).tolist()
    [0.0, 70.0, 56.0, 46.4]
    """
    scenario = WorstCustomers(share, fixed_cost_share, persistence, stay_share, saving=saving)
    return after_acting(customers, scenario, service=service, profit=profit, revenue=revenue)

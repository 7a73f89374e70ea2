"""Reprice, serve cheaper, then dissolve: which step makes a customer of type I pay (S11 Beyond).

Table 3-2 dissolves type I. But a customer is a loss only below break-even on *avoidable* cost, after another price and
a cheaper service were tried; and a small customer carries an option on a larger one (Haenlein, Kaplan & Schoder 2006,
Valuing the real option of abandoning unprofitable customers, Journal of Marketing 70(3)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario, number
from cvmlab.data.tables import REVENUE, check_one_row_each, numbers, numbers_between

STEPS = ("keep", "reprice", "serve_cheaper", "dissolve")


@public
@dataclass(frozen=True)
class DissolvingSteps(Scenario):
    """What is tried before a customer is given up, in this order, and what is assumed about it.

    All of it is assumed, until a test on some of the customers has measured it.

    Attributes
    ----------
    price_rise, leaving_over_price
        Rise of the price as a share of revenue, the volume unchanged; chance that the customer leaves over it.
    saving, leaving_over_service
        Share of the avoidable cost that the cheaper service saves; chance that the customer leaves over it.
    growth_chance, value_if_grown
        Chance that a small customer becomes a large one, and what that would be worth: money over the same time as
        revenue and cost. Their product is the option value.
    """

    price_rise: float = number(0.1, minimum=0, maximum=1, step=0.01, word="matrix.price_rise", unit="share")
    leaving_over_price: float = number(
        0.2, minimum=0, maximum=1, step=0.05, word="matrix.leaving_over_price", unit="share"
    )
    saving: float = number(0.3, minimum=0, maximum=1, step=0.05, word="matrix.saving", unit="share")
    leaving_over_service: float = number(
        0.1, minimum=0, maximum=1, step=0.05, word="matrix.leaving_over_service", unit="share"
    )
    growth_chance: float = number(0, minimum=0, maximum=1, step=0.01, word="matrix.growth_chance", unit="share")
    value_if_grown: float = number(0, minimum=0, word="matrix.value_if_grown", unit="money")


@public
def steps_before_dissolving(
    customers: pd.DataFrame,
    assumed: DissolvingSteps,
    *,
    revenue: str = REVENUE,
    avoidable_cost: str = "avoidable_cost",
    option_value: str | None = None,
) -> pd.DataFrame:
    """Return for each customer the first step that makes them pay, and what it is expected to be worth.

    Worth of keeping a customer = revenue − avoidable cost + option value; a customer pays if it is not below 0. The
    order is ours: (1) ``keep`` those who pay as they are; (2) ``reprice`` those who pay at the higher price;
    (3) ``serve_cheaper``, at the higher price too, those who pay with both; (4) ``dissolve`` only those who still lose.
    Those who leave over a step take revenue, avoidable cost and option along, so that a step pays in expectation
    whenever it pays with those who stay. Cost that stays when the customer goes plays no part. One year's worst are
    partly chance: take the mean of several years, or see `cvmlab.portfolio.after_acting`.

    Parameters
    ----------
    customers
        Those to decide on, such as type I: ``customer_id``, and the columns below.
    assumed
        What is tried and assumed.
    revenue, avoidable_cost
        Columns in money over the same time, the cost at least 0: what would go away with the customer.
    option_value
        Column in money, at least 0, used instead of growth chance × value if grown.

    Returns
    -------
    pandas.DataFrame
        The customers with ``assumed_option_value``, ``worth_as_is``, ``worth_repriced``, ``worth_served_cheaper``
        (money, expected: times the chance to stay), ``decision`` (``keep``, ``reprice``, ``serve_cheaper``,
        ``dissolve``), ``expected_worth`` (money, of the decision; 0 if dissolved) and ``gain`` (money, over leaving
        all as it is).

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "customer_id": list("abcd"), "revenue": 100.0, "avoidable_cost": [90.0, 105, 130, 200]})
    >>> tried = steps_before_dissolving(customers, DissolvingSteps())
    >>> tried[["decision", "expected_worth", "gain"]].round(2).values.tolist()
    [['keep', 10.0, 0.0], ['reprice', 4.0, 9.0], ['serve_cheaper', 13.68, 43.68], ['dissolve', 0.0, 100.0]]
    """
    check_one_row_each(customers)
    sold, cost = numbers(customers, revenue), numbers_between(customers, avoidable_cost, 0, np.inf)
    if option_value is None:
        option = np.full(len(sold), assumed.growth_chance * assumed.value_if_grown)
    else:
        option = numbers_between(customers, option_value, 0, np.inf)
    # a refund is no sale: another price changes nothing about it
    repriced = sold + assumed.price_rise * np.maximum(sold, 0)
    worth = np.array([
        sold - cost + option,
        (1 - assumed.leaving_over_price) * (repriced - cost + option),
        (1 - assumed.leaving_over_price) * (1 - assumed.leaving_over_service)
        * (repriced - (1 - assumed.saving) * cost + option),
        np.zeros(len(sold)),
    ])  # fmt: skip
    stays = np.array([1, 1 - assumed.leaving_over_price, 1 - assumed.leaving_over_service]).cumprod()
    # a step after which nobody stays makes nobody pay
    pays = np.vstack([(worth[:3] >= 0) & (stays[:, np.newaxis] > 0), np.ones(len(sold), dtype=bool)])
    step = pays.argmax(axis=0)
    expected = worth[step, np.arange(len(sold))]
    return customers.assign(
        assumed_option_value=option,
        worth_as_is=worth[0],
        worth_repriced=worth[1],
        worth_served_cheaper=worth[2],
        decision=np.array(STEPS, dtype=object)[step],
        expected_worth=expected,
        gain=expected - worth[0],
    )

"""Where the value matrix draws its lines between low and high (S11): a choice, made explicit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_parameter
from cvmlab.core.discounting import First, annuity
from cvmlab.core.guarding import public
from cvmlab.core.scenario import Scenario, choice, number
from cvmlab.core.words import CvmError
from cvmlab.data.tables import numbers

CURRENT_VALUE = "current_value"
HEADROOM = "headroom"
GROWTH_POTENTIAL = "growth_potential"

CHOICES = ("stated", "break_even", "median", "quantile", "previous")
COMPUTED_CHOICES = ("break_even", "median", "quantile")


@public
@dataclass(frozen=True)
class Thresholds(Scenario):
    """The border lines of the matrix, and how they were chosen.

    Attributes
    ----------
    current_value, growth_potential
        A customer above it is high, one exactly at it is low; money, in the unit of the columns compared with it.
    current_value_choice, growth_potential_choice
        ``"stated"`` by hand, ``"break_even"``, ``"median"``, ``"quantile"``, or ``"previous"``: kept
        from the run before. Wording: ``term("matrix.choice_" + choice)``.

    Examples
    --------
    >>> Thresholds(current_value=120, growth_potential=80).replace(current_value=150).current_value
    150.0
    """

    current_value: float = number(0.0, word="matrix.current_value_threshold", unit="money")
    growth_potential: float = number(0.0, word="matrix.growth_potential_threshold", unit="money")
    current_value_choice: str = choice("stated", word="matrix.current_value_choice", choices=CHOICES)
    growth_potential_choice: str = choice("stated", word="matrix.growth_potential_choice", choices=CHOICES)


@public
def break_even_threshold(
    avoidable_cost: float, *, years: float = 1, discount_rate: float = 0.1, first: First = "next"
) -> float:
    """Return the current value at which keeping a customer just pays.

    A low customer brings no more than the cost that would go away with the customer, after another price and a
    cheaper service were tried. A median would give up half of the customers, good ones among them; and a small
    customer is an option on a larger one (Haenlein, Kaplan & Schoder 2006).

    Formula: yearly avoidable cost × annuity over the years.

    Parameters
    ----------
    avoidable_cost
        Yearly money per customer: visits, mailings, service that would end with the customer. 0 if
        current value was computed after this cost.
    years, discount_rate, first
        Horizon of current value; yearly rate; whether the first cost counts ``"now"`` or ``"next"`` year.

    Examples
    --------
    >>> round(break_even_threshold(40, years=3, discount_rate=0.10), 2)
    99.47
    """
    check_parameter("avoidable_cost", avoidable_cost, 0)
    check_parameter("years", years, 0, open_minimum=True)
    return float(avoidable_cost * annuity(float(years), discount_rate, first=first))


@public
def strategy_break_even(strategy_cost: float, success_rate: float = 1) -> float:
    """Return the growth potential at which trying to develop a customer just pays.

    Formula: cost of the strategy per customer / share of the customers with whom it succeeds.

    Parameters
    ----------
    strategy_cost, success_rate
        Money per customer, at least 0, over the same time as the potential; share of 1, above 0: an assumption
        until a test with a hold-out has measured it.

    Examples
    --------
    >>> strategy_break_even(20, success_rate=0.25)
    80.0
    """
    check_parameter("strategy_cost", strategy_cost, 0)
    check_parameter("success_rate", success_rate, 0, 1, open_minimum=True)
    return strategy_cost / success_rate


@public
def choose_thresholds(
    customers: pd.DataFrame,
    *,
    value: str = CURRENT_VALUE,
    potential: str = HEADROOM,
    current_value_choice: str = "break_even",
    growth_potential_choice: str = "break_even",
    avoidable_cost: float = 0,
    strategy_cost: float = 0,
    success_rate: float = 1,
    years: float = 1,
    discount_rate: float = 0.1,
    first: First = "next",
    quantile: float = 0.75,
) -> Thresholds:
    """Return thresholds by a stated rule.

    Parameters
    ----------
    customers, value, potential
        The value and the potential column (money), and their names.
    current_value_choice, growth_potential_choice
        ``"break_even"`` (default), ``"median"`` or ``"quantile"`` of the customers.
    avoidable_cost, years, discount_rate, first
        Those of `break_even_threshold`.
    strategy_cost, success_rate
        Those of `strategy_break_even`.
    quantile
        For ``"quantile"``, from 0 to 1.

    Examples
    --------
    >>> customers = pd.DataFrame({"current_value": [10.0, 60.0, 90.0], "headroom": [0.0, 40.0, 200.0]})
    >>> found = choose_thresholds(customers, avoidable_cost=55, growth_potential_choice="median")
    >>> round(found.current_value, 2), found.growth_potential, found.growth_potential_choice
    (50.0, 40.0, 'median')
    """
    check_parameter("quantile", quantile, 0, 1)
    keep = break_even_threshold(avoidable_cost, years=years, discount_rate=discount_rate, first=first)
    develop = strategy_break_even(strategy_cost, success_rate)
    return Thresholds(
        current_value=_line(numbers(customers, value), current_value_choice, keep, quantile),
        growth_potential=_line(numbers(customers, potential), growth_potential_choice, develop, quantile),
        current_value_choice=current_value_choice,
        growth_potential_choice=growth_potential_choice,
    )


def _line(figures: NDArray[np.float64], chosen: str, break_even: float, quantile: float) -> float:
    if chosen not in COMPUTED_CHOICES:
        raise CvmError("matrix.unknown_choice", value=chosen, choices=", ".join(COMPUTED_CHOICES))
    if chosen == "break_even":
        return break_even
    return float(np.quantile(figures, 0.5 if chosen == "median" else quantile))

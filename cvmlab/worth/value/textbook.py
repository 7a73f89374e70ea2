"""The textbook's rule of current value, the annuity it stands for, and how far both are off (S09)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from cvmlab.core.checking import check_parameter
from cvmlab.core.discounting import Amount, First, annuity
from cvmlab.core.guarding import public

from .formulas import margin_multiple
from .lifetime import expected_lifetime


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
    conservative; in one respect it is not, see `compare_present_values`.

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


@public
def compare_present_values(
    profit_per_period: float,
    retention_rate: ArrayLike,
    discount_rate: float,
    periods_per_year: float = 1,
    first: First = "next",
    overall_discount_rate: float | None = None,
) -> pd.DataFrame:
    """Return the textbook's rule, the annuity it stands for and the expected present value side by side.

    With the profit π, the expected lifetime n and the overall discount rate D:

    * the rule: π · n · D (CRM3 §3.2.2). Which D is meant, the textbook does not say; by default it is the mean
      discount factor over n, with which the rule is the annuity;
    * the annuity: Σ π/(1+i)^k over the n profits of a customer who is sure to stay as long as the mean;
    * the expected present value: Σ S(t) π/(1+i)^t over customers who stay shorter and longer than the mean.

    Late profits are discounted most, so that the years by which some stay longer are worth less than those by which
    others stay shorter: the value at the mean lifetime exceeds the mean value (Jensen).

    Parameters
    ----------
    profit_per_period
        Money; may be zero or negative.
    retention_rate
        One or several, per period, above 0 and below 1; constant over time.
    discount_rate, periods_per_year, first
        Yearly rate, periods per year, and whether the first profit counts ``"now"`` or ``"next"`` period.
    overall_discount_rate
        Another reading of D than the mean discount factor, as a factor of at least 0.

    Returns
    -------
    pandas.DataFrame
        A row per retention rate: ``retention_rate``, ``expected_lifetime`` (profits), ``overall_discount_rate``
        (factor), ``textbook_value``, ``annuity_value``, ``expected_present_value`` (money), ``error`` of the rule
        (money) and ``error_share`` (of the expected present value; above 0 is too much).

    Examples
    --------
    >>> found = compare_present_values(100, [0.8, 0.9], discount_rate=0.10)
    >>> found[["textbook_value", "annuity_value", "expected_present_value", "error_share"]].round(2).values.tolist()
    [[316.99, 316.99, 266.67, 0.19], [575.9, 575.9, 450.0, 0.28]]
    """
    rates = np.asarray(retention_rate, dtype=np.float64).ravel()
    check_parameter("profit_per_period", profit_per_period)
    check_parameter("retention_rate", rates, 0, 1, open_minimum=True)
    lifetime = expected_lifetime(rates, first)
    expected = margin_multiple(rates, discount_rate, periods_per_year, first)
    certain = annuity(lifetime, discount_rate, periods_per_year, first)
    overall = certain / lifetime
    if overall_discount_rate is not None:
        check_parameter("overall_discount_rate", overall_discount_rate, 0)
        overall = np.full_like(rates, overall_discount_rate)
    rule = lifetime * overall
    return pd.DataFrame(
        {
            "retention_rate": rates,
            "expected_lifetime": lifetime,
            "overall_discount_rate": overall,
            "textbook_value": profit_per_period * rule,
            "annuity_value": profit_per_period * certain,
            "expected_present_value": profit_per_period * expected,
            "error": profit_per_period * (rule - expected),
            "error_share": rule / expected - 1,
        }
    )

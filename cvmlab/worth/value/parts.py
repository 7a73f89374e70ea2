"""The three parts of a customer's value: established, potential, influence (S07)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cvmlab.core.checking import check_parameter
from cvmlab.core.discounting import First
from cvmlab.core.guarding import public
from cvmlab.data.tables import PROFIT, numbers, numbers_between

from .formulas import margin_multiple


@public
def three_parts(
    customers: pd.DataFrame,
    *,
    discount_rate: float,
    periods_per_year: float = 1,
    first: First = "next",
    highly_satisfied: float = 0.8,
) -> pd.DataFrame:
    """Add the three parts of a customer's value, each named for how well it is known (CVM-ENC §2).

    * ``known_established_value``: profit so far + cost saved + influence already exerted, from the books. It is
      past, and no reason by itself to keep the customer.
    * ``estimated_potential_value``: likely profit per period × `margin_multiple` of the retention rate, the present
      value of what the customer buys if kept; it depends on how long and how much.
    * ``assumed_influence_value``: profit per period from what *others* buy because of this customer, × the same
      multiple, where the customer is highly satisfied; 0 otherwise. That it lasts as long as the customer stays, and
      the level from which satisfaction is high, are ours.

    The three are not added up. What others buy is in *their* established and potential value already: add influence
    to a total only where those others are not in it.

    Parameters
    ----------
    customers
        ``profit`` (money so far) [, ``cost_saved``, ``influence_so_far``: money so far]; ``profit_per_period`` (money)
        and ``retention_rate`` (per period, 0 to 1); ``influenced_profit`` (money per period) and ``satisfaction``
        (0 to 1).
    discount_rate, periods_per_year, first
        Yearly rate, periods per year, and whether the first profit counts ``"now"`` or ``"next"`` period.
    highly_satisfied
        Satisfaction, 0 to 1, from which a customer influences others.

    Returns
    -------
    pandas.DataFrame
        The customers with ``known_established_value``, ``estimated_potential_value`` and
        ``assumed_influence_value`` (money).

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "customer_id": ["old", "new"], "profit": [900.0, 50.0], "profit_per_period": [100.0, 100.0],
    ...     "retention_rate": [0.8, 0.9], "influenced_profit": [30.0, 30.0], "satisfaction": [0.9, 0.7],
    ... })
    >>> three_parts(customers, discount_rate=0.10).iloc[:, -3:].round(1).values.tolist()
    [[900.0, 266.7, 80.0], [50.0, 450.0, 0.0]]
    """
    check_parameter("highly_satisfied", highly_satisfied, 0, 1)
    known = [PROFIT, *(name for name in ("cost_saved", "influence_so_far") if name in customers.columns)]
    retention = numbers_between(customers, "retention_rate", 0, 1)
    multiple = margin_multiple(retention, discount_rate, periods_per_year, first)
    influences = numbers_between(customers, "satisfaction", 0, 1) >= highly_satisfied
    return customers.assign(
        known_established_value=sum(numbers(customers, name) for name in known),
        estimated_potential_value=numbers(customers, "profit_per_period") * multiple,
        assumed_influence_value=np.where(influences, numbers(customers, "influenced_profit") * multiple, 0.0),
    )

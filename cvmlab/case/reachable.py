"""Who still buys, who is called for their silence anyway, and who is held out: for lists other than the call list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cvmlab.core.periods import DAYS_A_YEAR
from cvmlab.data.tables import CUSTOMER_ID
from cvmlab.worth.buying.gap_rule import GAPS

if TYPE_CHECKING:
    from collections.abc import Collection


def contacts(customers: pd.DataFrame, called: Collection[str], silent_below: float) -> pd.DataFrame:
    """Return ``still`` (not unusually silent), ``called`` and ``held`` (all bool) of each customer, by id."""
    # a silence of so many usual gaps is unusual whatever a model makes of it
    silent = (customers["p_alive"] < silent_below) | (customers["silent_gaps"] > GAPS)
    silent |= customers["silent_days"] > DAYS_A_YEAR
    columns = {"still": ~silent, "called": customers[CUSTOMER_ID].isin(list(called)), "held": customers["hold_out"]}
    return pd.DataFrame(columns).set_index(pd.Index(customers[CUSTOMER_ID]))

"""Who still buys, who is called for their silence anyway, and who is held out: for lists other than the call list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cvmlab.core.periods import DAYS_A_YEAR
from cvmlab.data.tables import CUSTOMER_ID

if TYPE_CHECKING:
    from collections.abc import Collection

# A longer silence, in own usual gaps, is unusual whatever a model makes of it (ours).
_MOST_GAPS = 3


def contacts(customers: pd.DataFrame, called: Collection[str], silent_below: float) -> pd.DataFrame:
    """Return ``still`` (not unusually silent), ``called`` and ``held`` (all bool) of each customer, by id."""
    silent = (customers["p_alive"] < silent_below) | (customers["silent_gaps"] > _MOST_GAPS)
    silent |= customers["silent_days"] > DAYS_A_YEAR
    columns = {"still": ~silent, "called": customers[CUSTOMER_ID].isin(list(called)), "held": customers["hold_out"]}
    return pd.DataFrame(columns).set_index(pd.Index(customers[CUSTOMER_ID]))

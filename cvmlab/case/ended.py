"""Who has left by recorded dates, and what that takes from a judgement by purchases."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cvmlab.data.tables import CUSTOMER_ID, check_columns, check_days

if TYPE_CHECKING:
    from numpy.typing import NDArray

JOINED, LEFT = "joined_date", "left_date"
# what a model of buying expects of a customer who has not left
_EXPECTED = (
    "p_alive", "chance_to_buy", "expected_orders", "expected_revenue", "expected_contribution", "value_low",
    "value_high", "current_value",
)  # fmt: skip


def check_relationships(relationships: pd.DataFrame | None) -> None:
    """Raise `CvmError` unless a table of relationships has its columns, and days in them."""
    if relationships is None:
        return
    check_columns(relationships, [CUSTOMER_ID, JOINED, LEFT], "relationships")
    check_days(relationships, [JOINED, LEFT])


def gone_by(relationships: pd.DataFrame | None, day: date, ids: pd.Series) -> NDArray[np.bool_]:
    """Return of which customers every relationship begun by a day had ended by it; of none who is not in the table."""
    if relationships is None:
        return np.zeros(len(ids), bool)
    begun = relationships[relationships[JOINED] <= pd.Timestamp(day)]
    running = begun.loc[~(begun[LEFT] <= pd.Timestamp(day)), CUSTOMER_ID]
    return np.asarray(ids.isin(begun[CUSTOMER_ID]) & ~ids.isin(running), dtype=bool)


def expecting_nothing(customers: pd.DataFrame, gone: NDArray[np.bool_]) -> pd.DataFrame:
    """Return customers of whom nothing more is expected where they have left."""
    there = {name: customers[name].where(~gone, 0.0) for name in _EXPECTED if name in customers}
    return customers.assign(**there)

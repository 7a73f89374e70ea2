"""A stated budget split among the types of the value matrix, beside what it can win or save."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cvmlab.worth import matrix

from . import actions
from .losses import loss_of, of_the_backtest

if TYPE_CHECKING:
    from .assumptions import Assumptions


def split_budget(
    customers: pd.DataFrame, assumed: Assumptions, going_on: pd.DataFrame | None, *, with_profit: bool
) -> pd.DataFrame | None:
    """Return `matrix.budget` of the stated budget, as `Case.budget_split` says; None where nobody is to get any."""
    # selling more to those who bring a loss would lose more; type I is shown, with nothing
    meant = customers["action"].isin(["develop", "maintain"]) & ~customers["hold_out"]
    paid = customers.loc[meant | (customers["value_type"] == "I")]
    if not assumed.budget or paid["value_type"].eq("I").all():
        return None
    split = matrix.budget(paid, assumed.budget)
    of_type = {name: paid.loc[paid["value_type"] == name] for name in split["value_type"]}
    split["dear"] = [
        int((of_type[row.value_type]["current_value"] < row.budget_per_customer).sum()) for row in split.itertuples()
    ]
    unknown = (np.nan, np.nan, np.nan)
    stakes = [_stake(*of_it, assumed, going_on) if with_profit else unknown for of_it in of_type.items()]
    split = split.join(pd.DataFrame(stakes, columns=["at_stake", "low", "high"]))
    spent, at_stake = split["budget"].to_numpy(float), split["at_stake"].to_numpy(float)
    known = (at_stake > 0) & (spent > 0)
    return split.assign(to_win=np.divide(spent, at_stake, out=np.full(len(split), np.nan), where=known))


def _stake(
    value_type: str, customers: pd.DataFrame, assumed: Assumptions, going_on: pd.DataFrame | None
) -> tuple[float, float, float]:
    """Return the yearly money that spending on a type can win or save, as `actions.recommend` counts it."""
    if value_type == "III":
        return loss_of(customers, of_the_backtest(going_on))
    if value_type == "I":
        return 0.0, 0.0, 0.0
    return actions.reach_interval(customers["headroom"].to_numpy(float), assumed.headroom_reached)

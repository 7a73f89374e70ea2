"""A log under contract: who misses a payment has left, so there are rates as in a table of subscribers (S20)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cvmlab.core.periods import DAYS_A_YEAR
from cvmlab.keep.retention import life_table
from cvmlab.worth.buying import PaymentRule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .judgement import Case

_FEWEST = 30
_STILL_THERE = 0.5


@dataclass(frozen=True)
class Contracts:
    """Contracts as a log shows them.

    ``table`` is `retention.life_table` by number of payments, over contracts that began in the log; ``running`` were
    running before it and are in no table. ``before``, ``left`` and ``lost`` are of the last year: contracts a year
    before the end, those of them that ended since, and what these paid in the year before (money).
    """

    months: int
    table: pd.DataFrame
    begun: int
    running: int
    before: int
    left: int
    lost: float


def contracts_of(case: Case) -> Contracts | None:
    """Return the contracts of a log that was judged by its payments, None of any other or of too few."""
    rule = case.models.buying
    if not isinstance(rule, PaymentRule):
        return None
    customers = case.customers
    age, recency = (customers[name].to_numpy(np.float64) for name in ("age", "recency"))
    gone = customers["p_alive"].to_numpy(np.float64) < _STILL_THERE
    table = missed_payments(case, rule.days, gone)
    if table is None:
        return None
    begun = began_within(case, rule.days)
    silent = age - recency
    # a year ago the contract ran: it had begun, and its last payment was not yet overdue
    ran = (age >= DAYS_A_YEAR) & ((silent < DAYS_A_YEAR) | ~gone)
    left = ran & gone
    lost = float(customers.loc[left, "last_active_year"].sum())
    return Contracts(rule.months, table, int(begun.sum()), int((~begun).sum()), int(ran.sum()), int(left.sum()), lost)


def began_within(case: Case, days: float) -> NDArray[np.bool_]:
    """Return whose first payment shows the beginning: who paid in the first period of the log may have paid before."""
    begun: NDArray[np.bool_] = case.customers["age"].to_numpy(np.float64) < case.days - 1 - days
    return begun


def missed_payments(case: Case, days: float, gone: NDArray[np.bool_]) -> pd.DataFrame | None:
    """Return `retention.life_table` by number of payments, one every so many days; None of too few beginnings."""
    begun = began_within(case, days)
    if begun.sum() < _FEWEST:
        return None
    payments = np.round(case.customers["recency"].to_numpy(np.float64) / days).astype(np.int64) + 1
    return life_table(pd.DataFrame({"payments": payments[begun], "left": gone[begun]}), tenure="payments")

"""Repeat purchases: habit or taste? (S14 Beyond; Keane 1997, Heckman 1981)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_count
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, say
from cvmlab.data.tables import CUSTOMER_ID, check_columns, check_present, without_id

TABLE = "purchases"
_MOST_SHUFFLES = 9_999
# a difference from the shuffles this rare counts as seen
_RARE = 0.05


@public
@dataclass(frozen=True)
class Repeats:
    """How often customers bought from the same supplier as the last time, and what of it taste alone explains.

    Attributes
    ----------
    customers, pairs
        Customers with two purchases or more; their pairs of consecutive purchases.
    observed
        Share of the pairs with the same supplier twice.
    if_all_alike
        The share to expect if every customer had the shares of the whole market and no memory.
    own_taste
        The share to expect if each customer had the shares of the own purchases and no memory.
    low, high
        Range of 95% of the shuffles around ``own_taste``.
    p_value
        How rarely shuffles lie as far from their mean as what was observed (two-sided, at least 1/(shuffles + 1)).
    """

    customers: int
    pairs: int
    observed: float
    if_all_alike: float
    own_taste: float
    low: float
    high: float
    p_value: float

    @property
    def taste(self) -> float:
        """Share of the pairs that differences in taste add to what alike customers would repeat."""
        return self.own_taste - self.if_all_alike

    @property
    def state_dependence(self) -> float:
        """Share of the pairs that the last purchase adds (below 0: buyers look for a change); a lower bound."""
        return self.observed - self.own_taste

    @property
    def verdict(self) -> str:
        """What the repeats show, a sentence in the language in force."""
        if self.p_value > _RARE:
            return say("factors.taste_explains")
        return say("factors.habit_seen" if self.state_dependence > 0 else "factors.change_sought")


@public
def repeats_against_taste(
    purchases: pd.DataFrame, *, supplier: str = "supplier", order: str = "date", shuffles: int = 199, seed: int = 0
) -> Repeats:
    """Compare repeat purchases with those that each customer's own shares explain.

    Customers of fixed tastes repeat often without any loyalty. If the last purchase does not matter, a customer's
    purchases may stand in any order: shuffling them within each customer keeps all tastes and breaks all memory.

    Parameters
    ----------
    purchases
        A row per purchase: ``customer_id``, the supplier (or brand), and what they are ordered by: a date or a number.
    supplier, order
        Names of the two columns.
    shuffles, seed
        Number of shuffles, 19 to 9,999; a whole number.

    Returns
    -------
    Repeats

    Raises
    ------
    CvmError
        Missing column, empty cell, two purchases of a customer at the same moment, no customer with two purchases,
        nobody who ever bought elsewhere (habit and taste cannot be told apart then).

    Notes
    -----
    Expected from own shares: ``Σ n_k (n_k − 1) / n`` repeats of a customer with n purchases, n_k at supplier k.
    The test is exact if tastes are fixed. State dependence lengthens runs and so concentrates short histories, which
    counts as taste here: its share is a lower bound, the lower the shorter the histories. Tastes, prices
    or the choice on offer that drift over time look like state dependence: no log can tell these apart. Two naive
    readings are wrong: the repeat share as loyalty, and the weight of "bought last time" in one logit for all.

    Examples
    --------
    Two customers of opposite taste, in no particular order:

    >>> purchases = pd.DataFrame({
    ...     "customer_id": ["a"] * 5 + ["b"] * 5, "date": [1, 2, 3, 4, 5] * 2, "supplier": list("LLRLLRRRLR"),
    ... })
    >>> found = repeats_against_taste(purchases)
    >>> found.observed, found.if_all_alike, found.own_taste
    (0.5, 0.5, 0.6)
    >>> found.verdict
    'Repeats are as frequent as fixed tastes alone would make them: no sign that the last purchase matters.'
    """
    check_count("shuffles", shuffles, 19, _MOST_SHUFFLES)
    check_columns(purchases, [CUSTOMER_ID, supplier, order], TABLE)
    if not len(purchases):
        raise CvmError("tables.no_rows", table=TABLE)
    for column in (CUSTOMER_ID, supplier):
        check_present(without_id(purchases[column]), column, TABLE)
    check_present(purchases[order].isna().to_numpy(), order, TABLE)
    customer = pd.factorize(purchases[CUSTOMER_ID])[0].astype(np.int64)
    moment = _moments(purchases, order)
    rows = np.lexsort((moment, customer))
    same_moment = (np.diff(customer[rows]) == 0) & (np.diff(moment[rows]) == 0)
    if same_moment.any():
        row = rows[int(same_moment.argmax())]
        raise CvmError("factors.same_moment", customer=purchases[CUSTOMER_ID].iloc[row], column=order)
    often = np.bincount(customer) > 1
    if not often.any():
        raise CvmError("factors.no_pairs")
    rows = rows[often[customer[rows]]]
    customer = np.unique(customer[rows], return_inverse=True)[1].astype(np.int64)
    which, names = pd.factorize(purchases[supplier].iloc[rows])
    return _compare(customer, which.astype(np.int64), len(names), shuffles, seed)


def _compare(customer: NDArray[np.int64], which: NDArray[np.int64], kinds: int, shuffles: int, seed: int) -> Repeats:
    """Return repeats and expectations of purchases in order, customer by customer."""
    is_pair = np.diff(customer) == 0
    pairs = int(is_pair.sum())
    bought = np.bincount(customer)
    cell, count = np.unique(customer * kinds + which, return_counts=True)
    if len(cell) == len(bought):
        raise CvmError("factors.nobody_switched", customers=len(bought))
    own = float((count * (count - 1) / bought[cell // kinds]).sum()) / pairs
    market = np.bincount(which) / len(which)
    observed = float((is_pair & (np.diff(which) == 0)).sum()) / pairs
    draw = np.random.default_rng(seed)
    shuffled = np.empty(shuffles)
    for each in range(shuffles):
        # within each customer, whose purchases stay together
        kinds_now = which[np.argsort(customer + draw.random(len(customer)))]
        shuffled[each] = (is_pair & (np.diff(kinds_now) == 0)).sum() / pairs
    low, high = np.quantile(shuffled, [0.025, 0.975])
    as_far = np.abs(shuffled - own) >= abs(observed - own) - 1e-12
    return Repeats(
        customers=len(bought),
        pairs=pairs,
        observed=observed,
        if_all_alike=float((market**2).sum()),
        own_taste=own,
        low=float(low),
        high=float(high),
        p_value=float((1 + as_far.sum()) / (shuffles + 1)),
    )


def _moments(purchases: pd.DataFrame, order: str) -> NDArray[np.int64]:
    """Return the ranks of dates or numbers."""
    column = purchases[order]
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)):
        # text would put 10 before 9
        raise CvmError("factors.no_order", column=order, found=str(column.dtype))
    return column.rank(method="dense").to_numpy().astype(np.int64)

"""How products grow beside the customers who buy them, and which of them growing customers dropped (S15).

Transaction data hold no wallet: what customers buy elsewhere is not in the file, so there is no share of it, and
`portfolio.share_and_growth` would only say so. What the data do hold is all that a customer buys *here*: a product that
grows more slowly gives way to our other products, or to a competitor for this product alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from cvmlab.data import windows
from cvmlab.data.tables import AMOUNT, CUSTOMER_ID, DATE, PRODUCT

if TYPE_CHECKING:
    from datetime import date

#: Products with fewer buyers in a year are not looked at; of more products than this the largest are (ours).
LEAST_BUYERS, MOST_PRODUCTS = 20, 10
#: A product bought in so many months of a year and in none of the next was dropped and not just not due (ours).
MONTHS_OF_A_HABIT = 4
_MONTHS = 12
# Standard errors from which a product falls behind by more than chance.
_EVIDENT = 3.0


@dataclass(frozen=True)
class Products:
    """The largest products in the last 12 months and the 12 before.

    Attributes
    ----------
    of
        Number of products with enough buyers; ``table`` has the largest of them.
    table
        A row per product, the largest first: ``product``, ``buyers`` (in the last 12 months), ``revenue`` (money of
        them), ``won_and_lost`` (change due to customers who bought nothing of us in one of the years), ``growth`` (with
        the customers of both years; NaN from nothing), ``own_growth`` (of all that these buy of us), ``gap`` (money:
        how much more the product brings than at that pace), ``evident`` (whether the gap is more than chance).
    dropped
        Customers who bought no less of us than the year before, but nothing of a product of which they had bought in
        four months of it: ``customer_id``, ``product``, ``bought_before`` (money), ``own_growth``; the largest first.
    """

    of: int
    table: pd.DataFrame
    dropped: pd.DataFrame

    @property
    def behind(self) -> pd.DataFrame:
        """Products that grow more slowly than what their buyers buy of us, beyond chance, the largest gap first."""
        slower = self.table["evident"] & (self.table["gap"] < 0)
        return self.table.loc[slower].sort_values("gap", ignore_index=True)


def compare_products(transactions: Any, first_date: date, as_of: date) -> Products | None:
    """Return the products of two years; None for less than two years, or fewer than two products with enough buyers."""
    start, middle = (windows.months_before(as_of, months) for months in (2 * _MONTHS, _MONTHS))
    if PRODUCT not in transactions.columns or first_date > windows.months_before(as_of, 2 * _MONTHS - 1):
        return None
    rows = windows.between(transactions, start, as_of)
    year = f"CAST({DATE} AS DATE) > DATE '{middle:%Y-%m-%d}'"
    money = ", ".join(
        f"coalesce(sum({AMOUNT}) FILTER ({condition}), 0) AS {name}"
        for name, condition in (("before", f"NOT {year}"), ("after", year))
    )
    listed = rows.filter(f"{PRODUCT} IS NOT NULL AND trim(CAST({PRODUCT} AS VARCHAR)) <> ''")
    buyers = ", ".join(
        f"count(DISTINCT {CUSTOMER_ID}) FILTER ({AMOUNT} > 0 AND {condition}) AS buyers_{name}"
        for name, condition in (("before", f"NOT {year}"), ("after", year))
    )
    sums = listed.aggregate(f"{PRODUCT}, {money}, {buyers}", PRODUCT).df()
    enough = sums[["buyers_before", "buyers_after"]].max(axis=1) >= LEAST_BUYERS
    if enough.sum() < 2:
        return None
    known = sums.loc[enough].sort_values(["after", "before", PRODUCT], ascending=[False, False, True])
    largest = known.head(MOST_PRODUCTS).reset_index(drop=True)
    months = f"count(DISTINCT date_trunc('month', {DATE})) FILTER ({AMOUNT} > 0 AND NOT {year}) AS months"
    pairs = listed.aggregate(f"{CUSTOMER_ID}, {PRODUCT}, {money}, {months}", f"{CUSTOMER_ID}, {PRODUCT}").df()
    pairs = pairs.loc[pairs[PRODUCT].isin(largest[PRODUCT])]
    totals = rows.aggregate(f"{CUSTOMER_ID}, {money}", CUSTOMER_ID).df()
    named = pairs[[CUSTOMER_ID, PRODUCT, "before", "after", "months"]].astype({PRODUCT: str})
    bought = named.merge(totals, on=CUSTOMER_ID, suffixes=("", "_in_all"))
    return Products(int(enough.sum()), _table(largest, bought), _dropped(bought))


def _table(largest: pd.DataFrame, bought: pd.DataFrame) -> pd.DataFrame:
    both = (bought["before_in_all"] > 0) & (bought["after_in_all"] > 0)
    names = largest[PRODUCT].astype(str)
    by_product = dict(list(bought.loc[both].groupby(PRODUCT, sort=False)))
    none = bought.iloc[:0]
    rows = [_beside_own_growth(by_product.get(name, none)) for name in names]
    change = largest["after"] - largest["before"]
    table = pd.DataFrame(rows, columns=["growth", "own_growth", "gap", "evident", "kept"])
    return pd.DataFrame(
        {
            "product": names,
            "buyers": largest["buyers_after"],
            "revenue": largest["after"],
            "won_and_lost": change - table["kept"],
            **table[["growth", "own_growth", "gap", "evident"]],
        }
    )


def _beside_own_growth(rows: pd.DataFrame) -> tuple[float, float, float, bool, float]:
    """Return growth of a product and of all its buyers buy, the money between them, whether evident, and the change."""
    columns = ("before", "after", "before_in_all", "after_in_all")
    r0, r1, w0, w1 = (rows[name].to_numpy(float) for name in columns)
    before, after = r0.sum(), r1.sum()
    if before <= 0 or not len(rows):
        return math.nan, math.nan, 0.0, False, float(after - before)
    pace = w1.sum() / w0.sum()
    gap = after - before * pace
    # the standard error by customers of R1 − R0 · W1/W0
    each = r1 - r0 * pace - before / w0.sum() * (w1 - w0 * pace)
    evident = abs(gap) > _EVIDENT * math.sqrt(float((each**2).sum()))
    return after / before - 1, pace - 1, float(gap), bool(evident), float(after - before)


def _dropped(bought: pd.DataFrame) -> pd.DataFrame:
    was_habit = (bought["months"] >= MONTHS_OF_A_HABIT) & (bought["before"] > 0) & (bought["after"] <= 0)
    grown = (bought["before_in_all"] > 0) & (bought["after_in_all"] >= bought["before_in_all"])
    chosen = bought.loc[was_habit & grown]
    own_growth = chosen["after_in_all"] / chosen["before_in_all"] - 1
    found = chosen[[CUSTOMER_ID, PRODUCT, "before"]].assign(own_growth=own_growth)
    order = {"before": False, CUSTOMER_ID: True, PRODUCT: True}
    largest = found.sort_values(list(order), ascending=list(order.values()), ignore_index=True)
    return largest.rename(columns={"before": "bought_before"})

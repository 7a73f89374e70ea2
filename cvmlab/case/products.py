"""How products grow beside the customers who buy them, and which of them customers dropped (S15).

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
from cvmlab.data.tables import AMOUNT, COST, CUSTOMER_ID, DATE, PRODUCT, PROFIT

from .dropping import find_dropped

if TYPE_CHECKING:
    from datetime import date

#: Products with fewer buyers in a year are not looked at; of more products than this the largest are (ours).
LEAST_BUYERS, MOST_PRODUCTS = 20, 10
_MONTHS = 12
# Standard errors from which a product falls behind by more than chance.
_EVIDENT = 3.0
# A product that nobody buys in the last months, or the first, and so many bought in the same months of the other year,
# was not sold in them; the months of the other year tell it from a season.
_QUARTER, _BUYERS_OF_A_QUARTER = 3, 5
# One customer is named who makes more than half of a gap, and more than a twentieth of the product's revenue.
_HALF, _MUCH = 0.5, 0.05


@dataclass(frozen=True)
class Products:
    """The largest products in the last 12 months and the 12 before.

    Attributes
    ----------
    of
        Number of products with enough buyers; ``table`` has the largest of them.
    table
        A row per product, the largest first: ``product``, ``buyers`` (in the last 12 months), ``revenue`` (money of
        them), ``sold`` (``both`` years, or ``ended`` or ``begun`` in them; if not both, what follows is missing),
        ``won_and_lost`` (change due to customers who bought nothing of us in one of the years), ``growth`` (with the
        customers of both years; NaN from nothing), ``own_growth`` (of all that these buy of us), ``gap`` (money: how
        much more the product brings than at that pace), ``gap_profit`` (the same at the product's own margin, money;
        only if profit is known), ``evident`` (whether the gap is more than chance), ``one`` and ``one_gap`` (a customer
        who makes more than half of the gap, otherwise empty, and that customer's part of it).
    dropped
        Customers who still buy other things and dropped a product: ``customer_id``, ``product``, ``last_bought``,
        ``bought_before`` (money), from `dropping.find_dropped`, and ``own_growth`` of all they buy of us.
    """

    of: int
    table: pd.DataFrame
    dropped: pd.DataFrame

    @property
    def short(self) -> pd.DataFrame:
        """Products that grow more slowly than what their buyers buy of us, the largest loss first, evident or not."""
        slower = self.table.loc[self.table["gap"] < 0]
        return slower.sort_values("gap_profit" if "gap_profit" in slower else "gap", kind="stable", ignore_index=True)

    @property
    def behind(self) -> pd.DataFrame:
        """Those of `short` that do so beyond chance."""
        return self.short.loc[lambda slower: slower["evident"]].reset_index(drop=True)

    def sold_in_part(self, when: str) -> list[str]:
        """Return the products whose sale ``ended`` or was ``begun`` in the two years."""
        return self.table.loc[self.table["sold"] == when, "product"].tolist()


def compare_products(transactions: Any, first_date: date, as_of: date, *, with_profit: bool = False) -> Products | None:
    """Return the products of two years; None for less than two years, or fewer than two products with enough buyers."""
    start, middle = (windows.months_before(as_of, months) for months in (2 * _MONTHS, _MONTHS))
    if PRODUCT not in transactions.columns or first_date > windows.months_before(as_of, 2 * _MONTHS - 1):
        return None
    rows = windows.between(transactions, start, as_of)
    day = f"CAST({DATE} AS DATE)"
    year = f"{day} > DATE '{middle:%Y-%m-%d}'"
    money = ", ".join(
        f"coalesce(sum({AMOUNT}) FILTER ({condition}), 0) AS {name}"
        for name, condition in (("before", f"NOT {year}"), ("after", year))
    )
    listed = rows.filter(f"{PRODUCT} IS NOT NULL AND trim(CAST({PRODUCT} AS VARCHAR)) <> ''")
    spans = _spans(as_of)
    bought = ", ".join(
        f"bool_or({AMOUNT} > 0 AND {day} > DATE '{after:%Y-%m-%d}' AND {day} <= DATE '{until:%Y-%m-%d}') AS in_{name}"
        for name, (after, until) in spans.items()
    )
    profit = f", coalesce(sum({_profit(rows.columns)}) FILTER ({year}), 0) AS profit" if with_profit else ""
    pairs = listed.aggregate(f"{CUSTOMER_ID}, {PRODUCT}, {money}, {bought}{profit}", f"{CUSTOMER_ID}, {PRODUCT}")
    summed = [f"sum({name}) AS {name}" for name in ("before", "after", *(["profit"] if with_profit else []))]
    summed += [f"count_if(in_{name}) AS buyers_{name}" for name in spans]
    sums = pairs.aggregate(f"{PRODUCT}, {', '.join(summed)}", PRODUCT).df()
    enough = sums[["buyers_before", "buyers_after"]].max(axis=1) >= LEAST_BUYERS
    if enough.sum() < 2:
        return None
    known = sums.loc[enough].sort_values(["after", "before", PRODUCT], ascending=[False, False, True])
    largest = known.head(MOST_PRODUCTS).reset_index(drop=True).astype({PRODUCT: str})
    each = pairs.project(f"{CUSTOMER_ID}, CAST({PRODUCT} AS VARCHAR) AS {PRODUCT}, before, after").df()
    named = each.loc[each[PRODUCT].isin(largest[PRODUCT])]
    totals = rows.aggregate(f"{CUSTOMER_ID}, {money}", CUSTOMER_ID).df()
    table = _table(largest, named.merge(totals, on=CUSTOMER_ID, suffixes=("", "_in_all")))
    still_sold = table.loc[table["sold"] != "ended", "product"]
    dropped = find_dropped(transactions, still_sold.tolist(), as_of).merge(totals, on=CUSTOMER_ID)
    growth = (dropped["after"] / dropped["before"] - 1).where(dropped["before"] > 0)
    return Products(int(enough.sum()), table, dropped.drop(columns=["before", "after"]).assign(own_growth=growth))


def _spans(as_of: date) -> dict[str, tuple[date, date]]:
    """Return the two years, and the first and last months of each, as dates after which and until which they run."""
    year, quarter = _MONTHS, _QUARTER
    ago = {"before": (2 * year, year), "after": (year, 0)}
    ago |= {"first_before": (2 * year, 2 * year - quarter), "first_after": (year, year - quarter)}
    ago |= {"last_before": (year + quarter, year), "last_after": (quarter, 0)}
    day = windows.months_before
    return {name: (day(as_of, after), day(as_of, until)) for name, (after, until) in ago.items()}


def _profit(columns: list[str]) -> str:
    return PROFIT if PROFIT in columns else f"{AMOUNT} - {COST}"


def _sold(largest: pd.DataFrame) -> pd.Series[str]:
    """Return whether each product was sold in both years, or only until or from some time in them."""

    def not_in(part: str, other: str, year: str) -> pd.Series[bool]:
        enough = largest[f"buyers_{other}"] >= _BUYERS_OF_A_QUARTER
        return (largest[f"buyers_{year}"] == 0) | ((largest[f"buyers_{part}"] == 0) & enough)

    sold = pd.Series("both", index=largest.index)
    sold = sold.mask(not_in("first_before", "first_after", "before"), "begun")
    return sold.mask(not_in("last_after", "last_before", "after"), "ended")


def _table(largest: pd.DataFrame, bought: pd.DataFrame) -> pd.DataFrame:
    both = (bought["before_in_all"] > 0) & (bought["after_in_all"] > 0)
    names, sold = largest[PRODUCT], _sold(largest)
    by_product = dict(list(bought.loc[both].groupby(PRODUCT, sort=False)))
    none = bought.iloc[:0]
    rows = pd.DataFrame([_beside_own_growth(by_product.get(name, none)) for name in names])
    change = largest["after"] - largest["before"]
    missing = sold != "both"
    figures = rows.assign(won_and_lost=change - rows["kept"])[["won_and_lost", "growth", "own_growth", "gap"]]
    if PROFIT in largest:
        figures["gap_profit"] = figures["gap"] * (largest[PROFIT] / largest["after"]).where(largest["after"] > 0)
    table = pd.DataFrame(
        {"product": names, "buyers": largest["buyers_after"], "revenue": largest["after"], "sold": sold}
    ).join(figures.mask(missing))
    return table.assign(evident=rows["evident"] & ~missing, one=rows["one"].mask(missing, ""), one_gap=rows["one_gap"])


def _beside_own_growth(rows: pd.DataFrame) -> dict[str, Any]:
    """Return growth of a product and of all its buyers buy, the money between them, whose it is, and the change."""
    columns = ("before", "after", "before_in_all", "after_in_all")
    r0, r1, w0, w1 = (rows[name].to_numpy(float) for name in columns)
    before, after = r0.sum(), r1.sum()
    found = {"kept": float(after - before), "evident": False, "one": "", "one_gap": 0.0}
    if before <= 0 or not len(rows):
        return {"growth": math.nan, "own_growth": math.nan, "gap": 0.0, **found}
    pace = w1.sum() / w0.sum()
    own = r1 - r0 * pace
    gap = own.sum()
    # the standard error by customers of R1 − R0 · W1/W0
    each = own - before / w0.sum() * (w1 - w0 * pace)
    found["evident"] = bool(abs(gap) > _EVIDENT * math.sqrt(float((each**2).sum())))
    largest = int((own * math.copysign(1, gap)).argmax())
    if abs(own[largest]) > max(_HALF * abs(gap), _MUCH * before):
        found |= {"one": rows[CUSTOMER_ID].iloc[largest], "one_gap": float(own[largest])}
    return {"growth": after / before - 1, "own_growth": pace - 1, "gap": float(gap), **found}

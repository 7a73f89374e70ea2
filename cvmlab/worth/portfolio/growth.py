"""Share and growth per customer and product, against the customer's own growth and competitors (S15)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_count, check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError
from cvmlab.data.tables import (
    CUSTOMER_ID,
    PRODUCT,
    REVENUE,
    check_columns,
    check_one_row_each,
    check_present,
    numbers,
    without_id,
)
from cvmlab.worth.matrix.moves import check_ids_alike

from .tiers import TIER, whole_years

WALLET = "wallet"
_KEY = [CUSTOMER_ID, PRODUCT]
_FOLLOWED = ("diamond", "strategic", "potential")


@public
def followed_closely(customers: pd.DataFrame, few: int = 100) -> list[str]:
    """Return the customers to look at one by one: all where they are few, else those of the top tiers (S15).

    These are diamond, strategic and potential, and a gold customer who could be strategic if more were known.

    Parameters
    ----------
    customers, few
        From `assign_tiers`: ``customer_id``, ``tier``, ``could_be``; up to this number (ours) all are looked at.

    Examples
    --------
    >>> customers = pd.DataFrame({
    ...     "customer_id": list("abc"), "tier": ["diamond", "gold", "general"], "could_be": ["", "strategic", ""]})
    >>> followed_closely(customers, few=2)
    ['a', 'b']
    """
    check_count("customers", few, 0)
    check_columns(customers, [TIER, "could_be"])
    check_one_row_each(customers)
    is_top = customers[TIER].isin(_FOLLOWED) | (customers["could_be"] == "strategic")
    return list(customers[CUSTOMER_ID] if len(customers) <= few else customers.loc[is_top, CUSTOMER_ID])


@public
def share_and_growth(
    sales: pd.DataFrame,
    wallets: pd.DataFrame | None = None,
    *,
    year: int | None = None,
    since: int | None = None,
    same_pace: float = 0.02,
) -> pd.DataFrame:
    """Return our share and growth per customer and product, beside the customer's own growth and competitors'.

    With wallet w (all the customer buys of the product), share s = revenue / w, and 0 and 1 for the two years, the
    change of our revenue is split without remainder: s₀·(w₁ − w₀), what the customer's own growth would have brought
    at the old share, and (s₁ − s₀)·w₁, what the share won or lost. Both add up over products and customers. Where
    the customer bought none of it before, all of the change is own growth. Competitors sell the rest of the wallet.

    Growing slower than the customer is a hidden loss: revenue rises, and share falls all the same.

    Parameters
    ----------
    sales
        Our ``revenue`` by ``customer_id``, ``product``, ``year`` (money, whole years; rows are added up). A pair
        without a row in a year bought nothing of us.
    wallets
        ``wallet`` by the same (money, from a survey); None or pairs without a row in one of the years: unknown.
    year, since
        The years compared; by default the last in ``sales`` and the one before.
    same_pace
        Difference between our growth and the customer's up to which we keep pace, share of 1.

    Returns
    -------
    pandas.DataFrame
        A row per customer and product with revenue or a wallet in either year: ``customer_id``, ``product``,
        ``revenue_before``, ``revenue_after``, ``wallet_before``, ``wallet_after`` (yearly money), ``share_before``,
        ``share_after`` (of 1), ``our_growth``, ``own_growth``, ``competitor_growth`` (from the one year to the other,
        share of 1), ``change``, ``own_growth_part``, ``share_part`` (money) and ``finding``: ``hidden_loss``,
        ``open_loss`` (revenue falls and so does share), ``keeps_pace``, ``shrinks_with_customer``, ``gains``,
        ``starts``, ``none_of_it`` (they buy it elsewhere only), ``no_purchase`` (in neither year from anybody), or
        ``only_our_growth``, where the wallet is unknown. Worded by ``term("portfolio.finding_" + finding)``. What is
        unknown, and growth from nothing, is NaN.

    Raises
    ------
    CvmError
        For a year that the sales do not have, negative money, or more revenue than wallet (share above 1).

    Examples
    --------
    >>> sales = pd.DataFrame({
    ...     "customer_id": "a", "product": "paper", "year": [2023, 2024], "revenue": [100.0, 110.0]})
    >>> wallets = sales.assign(wallet=[200.0, 300.0])
    >>> found = share_and_growth(sales, wallets)
    >>> found[["our_growth", "own_growth", "own_growth_part", "share_part", "finding"]].round(2).values.tolist()
    [[0.1, 0.5, 50.0, -40.0, 'hidden_loss']]
    """
    check_parameter("same_pace", same_pace, 0)
    ours = _by_year(sales, REVENUE, "sales")
    now = int(ours["year"].max()) if year is None else year
    before = now - 1 if since is None else since
    if before >= now or not {before, now} <= set(ours["year"]):
        years = ", ".join(map(str, sorted(set(ours["year"]))))
        raise CvmError("portfolio.years_missing", year=now, since=before, years=years)
    pairs = _side_by_side(ours, REVENUE, before, now).fillna(0.0)
    if wallets is None:
        found = pairs.assign(**{f"{WALLET}_{when}": np.nan for when in ("before", "after")})
    else:
        theirs = _by_year(wallets, WALLET, "wallets")
        check_ids_alike(sales, wallets)
        found = pd.concat([pairs, _side_by_side(theirs, WALLET, before, now)], axis=1, sort=False)
        found[pairs.columns] = found[pairs.columns].fillna(0.0)
    in_order = found.reset_index(names=_KEY).sort_values(_KEY, key=lambda ids: ids.astype(str), ignore_index=True)
    return _compared(in_order, same_pace)


def _by_year(frame: pd.DataFrame, amount: str, table: str) -> pd.DataFrame:
    """Return the money of each customer, product and year, checked."""
    check_columns(frame, [*_KEY, "year", amount], table)
    money, years = numbers(frame, amount, table), whole_years(frame, table)
    for name in _KEY:
        check_present(without_id(frame[name]), name, table)
    rows = frame[_KEY].astype({CUSTOMER_ID: object, PRODUCT: str}).assign(**{"year": years, amount: money})
    totals = rows.groupby([*_KEY, "year"], sort=False)[amount].sum().reset_index()
    below = totals[amount] < -1e-9 * np.abs(money).max(initial=0)
    if below.any():
        row = totals[below].iloc[0]
        said = {"customer": row[CUSTOMER_ID], "product": row[PRODUCT], "year": row["year"]}
        raise CvmError("portfolio.negative_year", column=amount, value=f"{row[amount]:,.2f}", **said)
    return totals


def _side_by_side(totals: pd.DataFrame, amount: str, before: int, now: int) -> pd.DataFrame:
    """Return the two years of each customer and product in columns; NaN for a year without a row."""
    years = {f"{amount}_before": before, f"{amount}_after": now}
    by_year = totals.set_index(_KEY)
    columns = [by_year.loc[by_year["year"] == year, amount].rename(name) for name, year in years.items()]
    return pd.concat(columns, axis=1, sort=False)


def _compared(found: pd.DataFrame, same_pace: float) -> pd.DataFrame:
    names = [f"{amount}_{when}" for amount in (REVENUE, WALLET) for when in ("before", "after")]
    r0, r1, w0, w1 = (found[name].to_numpy(dtype=np.float64) for name in names)
    beyond = (r0 > w0 * (1 + 1e-9)) | (r1 > w1 * (1 + 1e-9))
    if beyond.any():
        row = found[beyond].iloc[0]
        when = "before" if row["revenue_before"] > row["wallet_before"] * (1 + 1e-9) else "after"
        said = {name: f"{row[f'{name}_{when}']:,.2f}" for name in (REVENUE, WALLET)}
        customer = f"{row[CUSTOMER_ID]} · {row[PRODUCT]}"
        raise CvmError("value.more_than_wallet", customer=customer, column=WALLET, **said)
    s0, s1 = _over(r0, w0), _over(r1, w1)
    known = ~np.isnan(w0) & ~np.isnan(w1)
    # nothing was bought before: the share of what is new is the one that we have now
    own_part = np.where(w0 > 0, s0 * (w1 - w0), np.where(known, r1, np.nan))
    growth, own = _over(r1 - r0, r0), _over(w1 - w0, w0)
    table = found.assign(
        share_before=s0,
        share_after=s1,
        our_growth=growth,
        own_growth=own,
        competitor_growth=_over((w1 - r1) - (w0 - r0), w0 - r0),
        change=r1 - r0,
        own_growth_part=own_part,
        share_part=r1 - r0 - own_part,
    )
    kinds = {
        "only_our_growth": ~known,
        "no_purchase": (w0 == 0) & (w1 == 0),
        "none_of_it": (r0 == 0) & (r1 == 0),
        "starts": r0 == 0,
        "shrinks_with_customer": (np.abs(growth - own) <= same_pace) & (growth < -same_pace),
        "keeps_pace": np.abs(growth - own) <= same_pace,
        "gains": growth > own,
        "hidden_loss": growth >= 0,
    }
    return table.assign(finding=np.select(list(kinds.values()), list(kinds), default="open_loss").astype(object))


def _over(amount: NDArray[np.float64], base: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return amount / base, NaN where there is no base."""
    share: NDArray[np.float64] = np.divide(amount, base, out=np.full(len(base), np.nan), where=base > 0)
    return share

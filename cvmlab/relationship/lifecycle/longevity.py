"""Is a long-lived relationship a profitable one? Years and monthly profit of each relationship (S03 Beyond).

Reinartz & Kumar (2000) followed customers of a catalogue retailer over three years: long-lived customers were
neither always profitable, nor cheaper to serve, nor did they pay more. With a log of profit and the dates on which
relationships began you can check it on your own customers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cvmlab.core.guarding import public
from cvmlab.core.periods import DAYS_A_MONTH, DAYS_A_YEAR
from cvmlab.core.words import CvmError
from cvmlab.data.tables import (
    CUSTOMER_ID,
    DATE,
    PROFIT,
    Column,
    Table,
    check_columns,
    check_present,
    check_table,
    numbers,
    without_id,
)

_BILLS = Table(
    "transactions",
    (Column(CUSTOMER_ID, "id", required=True), Column(DATE, "date", required=True),
     Column(PROFIT, "number", required=True)),
)  # fmt: skip
_LIVES = Table(
    "relationships",
    (Column(CUSTOMER_ID, "id", required=True), Column("joined_date", "date", required=True),
     Column("left_date", "date", required=True)),
)  # fmt: skip


@public
def profit_by_relationship(transactions: pd.DataFrame, relationships: pd.DataFrame) -> pd.DataFrame:
    """Return how long each relationship has lasted and its monthly profit.

    Months before the log are not seen: an old customer's early losses may be among them.

    Parameters
    ----------
    transactions
        ``customer_id`` (text), ``date``, ``profit`` (money).
    relationships
        One row per relationship: ``customer_id`` (text, as in the log), ``joined_date``, ``left_date`` (empty if it
        lasts). Customers with more than one are left out: a bill could belong to any of them.

    Returns
    -------
    pandas.DataFrame
        One row per customer in both tables: ``customer_id``, ``years`` (from the beginning to the end or the last date
        of the log), ``months_seen`` (of them within the log, at least 1), ``profit_a_month`` (money, of the months
        seen), ``ended``.

    Raises
    ------
    CvmError
        For a missing column or one of another type, an empty date of a transaction or beginning, a relationship that
        ends before it begins or has transactions but begins after the last of the log, and where no customer of the
        log has a relationship. The sentence names the row.

    Examples
    --------
    >>> bills = pd.DataFrame({
    ...     "customer_id": ["a", "a"], "date": pd.to_datetime(["2020-01-31", "2020-12-31"]), "profit": [4.0, 8.0]})
    >>> lives = pd.DataFrame({
    ...     "customer_id": ["a"], "joined_date": pd.to_datetime(["2018-12-31"]), "left_date": [pd.NaT]})
    >>> profit_by_relationship(bills, lives)[["years", "months_seen", "profit_a_month"]].round(1).values.tolist()
    [[2.0, 11.0, 1.1]]
    """
    check_table(transactions, _BILLS)
    check_table(relationships, _LIVES)
    numbers(transactions, PROFIT, "transactions")
    _check_filled(transactions, CUSTOMER_ID, "transactions")
    _check_filled(transactions, DATE, "transactions")
    _check_filled(relationships, CUSTOMER_ID, "relationships")
    _check_filled(relationships, "joined_date", "relationships")
    _check_order(transactions, relationships)
    once = relationships.loc[~relationships[CUSTOMER_ID].duplicated(keep=False)]
    earned = transactions.groupby(CUSTOMER_ID, sort=True)[PROFIT].sum()
    known = once.set_index(CUSTOMER_ID).reindex(earned.index)
    known = known.loc[known["joined_date"].notna()]
    first, last = transactions[DATE].min(), transactions[DATE].max()
    begun = pd.to_datetime(known["joined_date"])
    over = pd.to_datetime(known["left_date"])
    end = over.fillna(last)
    seen = ((end - begun.clip(lower=first)).dt.days / DAYS_A_MONTH).clip(lower=1)
    return pd.DataFrame({
        CUSTOMER_ID: known.index.to_numpy(),
        "years": ((end - begun).dt.days / DAYS_A_YEAR).to_numpy(),
        "months_seen": seen.to_numpy(),
        "profit_a_month": (earned.loc[known.index] / seen).to_numpy(),
        "ended": over.notna().to_numpy(),
    })  # fmt: skip


def _check_filled(frame: pd.DataFrame, column: str, table: str) -> None:
    gaps = without_id(frame[column]) if column == CUSTOMER_ID else frame[column].isna().to_numpy()
    check_present(gaps, column, table)


def _check_order(transactions: pd.DataFrame, relationships: pd.DataFrame) -> None:
    begun, over = relationships["joined_date"], relationships["left_date"]
    bought = relationships[CUSTOMER_ID].isin(transactions[CUSTOMER_ID])
    if not bought.any():
        raise CvmError("lifecycle.nobody_in_both", customer=transactions[CUSTOMER_ID].iloc[0])
    last = transactions[DATE].max()
    for key, wrong in (("left_first", over < begun), ("joined_later", bought & (begun > last))):
        if wrong.any():
            place = int(wrong.to_numpy().argmax())
            row = relationships.iloc[place]
            said = {name: f"{row[name]:%Y-%m-%d}" for name in ("joined_date", "left_date") if pd.notna(row[name])}
            said |= {"customer": row[CUSTOMER_ID], "last": f"{last:%Y-%m-%d}"}
            raise CvmError(f"lifecycle.{key}", row=place + 1, **said)


@public
def summarise_years(relationships: pd.DataFrame, years: Sequence[float] = (0, 1, 2, 3, 5, 10)) -> pd.DataFrame:
    """Return the monthly profit of relationships of each length, and how many of them bring a loss.

    Parameters
    ----------
    relationships
        ``years`` and ``profit_a_month``, from `profit_by_relationship`.
    years
        Where each band of lengths begins, increasing; the last has no end. Shorter relationships than the first are
        left out.

    Returns
    -------
    pandas.DataFrame
        One row per band with relationships: ``years_from``, ``years_to`` (NaN for no end), ``relationships``, ``mean``,
        ``low``, ``lower``, ``median``, ``upper``, ``high`` (mean and 5, 25, 50, 75, 95% quantile of ``profit_a_month``,
        money), ``losing_share`` (share of 1 with a negative one).

    Raises
    ------
    CvmError
        For columns that are missing, have gaps or hold no numbers, a negative length, or bands that do not increase.

    Examples
    --------
    >>> lives = pd.DataFrame({"years": [0.5, 12.0, 14.0], "profit_a_month": [-1.0, 5.0, -2.0]})
    >>> summarise_years(lives, [0, 10])[["years_from", "relationships", "losing_share"]].values.tolist()
    [[0.0, 1.0, 1.0], [10.0, 2.0, 0.5]]
    """
    check_columns(relationships, ["years", "profit_a_month"], "relationships")
    length, profit = (numbers(relationships, name, "relationships") for name in ("years", "profit_a_month"))
    if (length < 0).any():
        place = int((length < 0).argmax())
        raise CvmError("lifecycle.negative_years", value=f"{length[place]:g}", row=place + 1)
    starts = np.asarray(years, dtype=np.float64)
    if not len(starts) or not (np.diff(starts) > 0).all() or not np.isfinite(starts).all():
        raise CvmError("lifecycle.years_not_increasing", years=", ".join(f"{year:g}" for year in starts))
    band = np.searchsorted(starts, length, side="right") - 1
    rows = []
    for number, start in enumerate(starts):
        here = profit[band == number]
        if not len(here):
            continue
        quantiles = np.quantile(here, [0.05, 0.25, 0.5, 0.75, 0.95])
        rows.append({
            "years_from": start,
            "years_to": starts[number + 1] if number + 1 < len(starts) else np.nan,
            "relationships": len(here),
            "mean": here.mean(),
            **dict(zip(("low", "lower", "median", "upper", "high"), quantiles, strict=True)),
            "losing_share": float((here < 0).mean()),
        })  # fmt: skip
    return pd.DataFrame(rows)

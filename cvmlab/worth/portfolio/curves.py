"""The whale curve of profit and the concentration curve of revenue (S12)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.statistics import total_of
from cvmlab.core.words import CvmError, say
from cvmlab.data.tables import CUSTOMER_ID, PROFIT, REVENUE, check_columns, check_one_row_each, numbers


@public
def whale_curve(customers: pd.DataFrame, profit: str = PROFIT) -> pd.DataFrame:
    """Return the cumulative profit of the customers, from the best to the worst.

    Parameters
    ----------
    customers, profit
        ``customer_id`` and the profit column (money, may be negative), and its name: ``"profit"`` where it is
        known, ``"assumed_profit"`` where it follows from a stated margin (`cvmlab.value.assume_profit`).

    Returns
    -------
    pandas.DataFrame
        ``rank`` (1 is the best; equal profits by id), ``customer_id``, ``customer_share`` (rank over
        customers), ``amount`` (money of this customer), ``cumulative`` (money) and ``cumulative_share``
        (of the net total; ends at exactly 1; NaN where the total is zero or negative, see `remark`).

    Notes
    -----
    Source: S12; the figures 20/80/30 of CVM-CRM §1 are one firm's, not a law.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": list("abc"), "profit": [-50.0, 120.0, 30.0]})
    >>> whale_curve(customers)[["customer_id", "cumulative", "cumulative_share"]].round(2).values.tolist()
    [['b', 120.0, 1.2], ['c', 150.0, 1.5], ['a', 100.0, 1.0]]
    """
    return _curve(customers, numbers(customers, profit))


@public
def concentration_curve(customers: pd.DataFrame, revenue: str = REVENUE) -> pd.DataFrame:
    """Return the cumulative revenue of the customers, from the largest to the smallest.

    A customer whose refunds exceed the purchases counts as zero, so the curve never falls or exceeds 100%.

    Parameters
    ----------
    customers, revenue
        ``customer_id`` and the revenue column (money), and its name.

    Returns
    -------
    pandas.DataFrame
        The columns of `whale_curve`; ``amount`` is at least 0, shares are NaN where the total is 0.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": list("abc"), "revenue": [-50.0, 60.0, 40.0]})
    >>> concentration_curve(customers)["cumulative_share"].tolist()
    [0.6, 1.0, 1.0]
    """
    return _curve(customers, np.maximum(numbers(customers, revenue), 0))


def _curve(customers: pd.DataFrame, amounts: NDArray[np.float64]) -> pd.DataFrame:
    check_one_row_each(customers)
    ids = customers[CUSTOMER_ID].to_numpy()
    order = np.lexsort((ids.astype(str), -amounts))
    cumulative = amounts[order].cumsum()
    rank = np.arange(1, len(ids) + 1)
    total = cumulative[-1] = total_of(amounts)
    columns = {
        "rank": rank,
        CUSTOMER_ID: ids[order],
        "customer_share": rank / len(ids),
        "amount": amounts[order],
        "cumulative": cumulative,
        "cumulative_share": cumulative / total if total > 0 else np.full(len(ids), np.nan),
    }
    return pd.DataFrame(columns)


@public
def remark(curve: pd.DataFrame) -> str:
    """Return a sentence if the shares of a curve are undefined, else an empty text.

    Examples
    --------
    >>> remark(whale_curve(pd.DataFrame({"customer_id": ["a"], "profit": [-3.0]})))
    'The total is -3.00, so shares of it mean nothing. The curve is shown in money only.'
    """
    _check_curve(curve)
    total = float(curve["cumulative"].iloc[-1])
    return "" if total > 0 else say("portfolio.no_shares", total=f"{total:,.2f}")


@public
@dataclass(frozen=True)
class Peak:
    """The top of a curve.

    Attributes
    ----------
    customers, customer_share
        Number and share of the customers up to the top: all with more than zero.
    cumulative, cumulative_share
        Money at the top, at least 0, and its share of the net total; NaN where shares are undefined.
    lost
        Money that the customers after the top take away again, at least 0.
    """

    customers: int
    customer_share: float
    cumulative: float
    cumulative_share: float
    lost: float


@public
def peak(curve: pd.DataFrame) -> Peak:
    """Return the top of a curve from `whale_curve`: how many bring profit, how much, and what the others take away.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": list("abc"), "profit": [-50.0, 120.0, 30.0]})
    >>> peak(whale_curve(customers))
    Peak(customers=2, customer_share=0.666..., cumulative=150.0, cumulative_share=1.5, lost=50.0)
    """
    _check_curve(curve)
    best = int((curve["amount"] > 0).sum())
    total = float(curve["cumulative"].iloc[-1])
    top = float(curve["cumulative"].iloc[best - 1]) if best else 0.0
    losses = curve["amount"].to_numpy(dtype=np.float64)
    return Peak(
        customers=best,
        customer_share=best / len(curve),
        cumulative=top,
        cumulative_share=top / total if total > 0 else float("nan"),
        lost=float(-losses[losses < 0].sum()),
    )


@public
def top_share(curve: pd.DataFrame, share: float = 0.2) -> float:
    """Return the share of the total that the top share of the customers brings.

    Between two customers the curve is a straight line, so that 20% of 7 customers are 1.4 customers.

    Parameters
    ----------
    curve, share
        From `whale_curve` or `concentration_curve`; share of the customers, from 0 to 1.

    Returns
    -------
    float
        Share of 1; above 1 is possible on a whale curve; NaN where shares are undefined.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": list("abcd"), "revenue": [70.0, 10.0, 10.0, 10.0]})
    >>> top_share(concentration_curve(customers), 0.25)
    0.7
    """
    check_parameter("share", share, 0, 1)
    customer_share, cumulative_share = _points(curve)
    return float(np.interp(share, customer_share, cumulative_share))


@public
def customers_for(curve: pd.DataFrame, share: float = 0.8) -> float:
    """Return the smallest share of the customers, from the top, that brings a share of the total.

    Parameters
    ----------
    curve, share
        From `whale_curve` or `concentration_curve`; share of the total, from 0 to 1.

    Returns
    -------
    float
        Share of 1; NaN where shares are undefined.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": list("abcd"), "revenue": [70.0, 10.0, 10.0, 10.0]})
    >>> round(customers_for(concentration_curve(customers), 0.8), 3)
    0.5
    """
    check_parameter("share", share, 0, 1)
    customer_share, cumulative_share = _points(curve)
    if np.isnan(cumulative_share[-1]):
        return float("nan")
    after = int(np.argmax(cumulative_share >= share))
    if after == 0:
        return 0.0
    pair = slice(after - 1, after + 1)
    return float(np.interp(share, cumulative_share[pair], customer_share[pair]))


@public
def gini(curve: pd.DataFrame) -> float:
    """Return the Gini coefficient of a curve: twice the area between it and the line of equal shares.

    From `concentration_curve` (0: all equal; (n−1)/n: one of n brings all), or from `whale_curve`, where
    losses can lift it above 1; NaN where shares are undefined.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": list("abcd"), "revenue": [100.0, 0.0, 0.0, 0.0]})
    >>> gini(concentration_curve(customers))
    0.75
    """
    customer_share, cumulative_share = _points(curve)
    return float(2 * np.trapezoid(cumulative_share, customer_share) - 1)


def _points(curve: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the curve with the point before the first customer."""
    _check_curve(curve)
    cumulative_share = curve["cumulative_share"].to_numpy(dtype=np.float64)
    start = np.nan if np.isnan(cumulative_share[-1]) else 0.0
    return (
        np.concatenate(([0.0], curve["customer_share"].to_numpy(dtype=np.float64))),
        np.concatenate(([start], cumulative_share)),
    )


def _check_curve(curve: pd.DataFrame) -> None:
    check_columns(curve, ["customer_share", "amount", "cumulative", "cumulative_share"], table="curve")
    if not len(curve):
        raise CvmError("tables.no_rows", table="curve")
    numbers(curve, "customer_share", "curve")
    # only a total that is not above zero has no shares
    if numbers(curve, "cumulative", "curve")[-1] > 0 or curve["cumulative_share"].notna().any():
        numbers(curve, "cumulative_share", "curve")
    if (np.diff(numbers(curve, "amount", "curve")) > 0).any():
        raise CvmError("portfolio.no_order")

"""Loss that a churn rate does not see: second numbers, and customers who come back (S26, story L)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError

from .carrier import INCUMBENT
from .result import Result

if TYPE_CHECKING:
    import pandas as pd

#: What became of those who were ever our customers.
FATES = ("only_ours", "second_number", "second_given_up", "back_again", "away")


@public
def kinds_of_loss(result: Result, *, carrier: str = INCUMBENT) -> pd.DataFrame:
    """Return what became of a carrier's customers, and what of their spending went elsewhere.

    Parameters
    ----------
    result
        From `simulate`, with its panel and with dual SIM.
    carrier
        Whose customers: all who ever had it as their main carrier.

    Returns
    -------
    pandas.DataFrame
        Five rows: ``fate``, ``customers``, ``share`` (of all rows), ``counted_as_lost`` (customers that ever left the
        main carrier: what a churn rate sees), ``had_second`` (customers who ever had a second number elsewhere while
        with us), ``revenue`` (what they paid us), ``elsewhere`` (what they paid others since they first came),
        ``share_of_wallet`` (revenue / both; NaN if nothing was paid), ``share_at_end`` (the same of the last month
        alone). Money over all months.

        Fates, after the last month: ``only_ours`` (never left, never a second number elsewhere), ``second_number``
        (never left, has one), ``second_given_up`` (never left, had one), ``back_again`` (left, and is with us again),
        ``away`` (left, and not with us).

    Notes
    -----
    Dwyer (1997): a customer is lost for good, or always a share that rises and falls. By the main number alone all
    leavers are lost for good and all holders of a second number are kept; the shares of wallet show how far either is
    wrong. ``away`` is as far as the months reach: some of them will come back. ``share_of_wallet`` covers all months,
    those before the second number included; what is lost now shows in ``share_at_end``.

    Examples
    --------
    >>> from cvmlab.market import simulate
    >>> kinds_of_loss(simulate(customers=2_000, periods=24, seed=1))["fate"].tolist()
    ['only_ours', 'second_number', 'second_given_up', 'back_again', 'away']
    """
    import pandas as pd

    names = result.names()
    if carrier not in names[1:]:
        raise CvmError("market.unknown_carrier", name=carrier, names=", ".join(names[1:]))
    panel, number = result._panel(), names.index(carrier)
    if not panel.second.size:
        raise CvmError("market.no_second")
    here = panel.carrier == number
    since = np.logical_or.accumulate(here, axis=0)
    left = np.zeros(here.shape, bool)
    left[1:] = here[:-1] & (panel.cause[1:] > 0)
    second = here & (panel.second > 0) & (panel.second != number)
    ever, had_second, ever_left = (np.logical_or.reduce(of, axis=0) for of in (here, second, left))
    ours = np.where(here, panel.revenue, 0) + np.where(panel.second == number, panel.second_revenue, 0)
    paid = panel.revenue.astype(np.int64) + panel.second_revenue
    revenue = np.where(since, ours, 0).sum(axis=0, dtype=np.int64) / 100
    elsewhere = np.where(since, paid - ours, 0).sum(axis=0, dtype=np.int64) / 100
    fate = np.select(
        [ever_left & here[-1], ever_left, second[-1], had_second], [3, 4, 1, 2], 0
    )[ever]  # fmt: skip

    def summed(of: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(fate, of[ever].astype(np.float64), len(FATES)), dtype=np.float64)

    customers, bill, other = summed(ever), summed(revenue), summed(elsewhere)
    last_bill, last_paid = summed(ours[-1]), summed(paid[-1])
    return pd.DataFrame(
        {
            "fate": FATES,
            "customers": customers.astype(np.int64),
            "share": customers / max(customers.sum(), 1),
            "counted_as_lost": summed(ever_left).astype(np.int64),
            "had_second": summed(had_second).astype(np.int64),
            "revenue": bill,
            "elsewhere": other,
            "share_of_wallet": _divided(bill, bill + other),
            "share_at_end": _divided(last_bill, last_paid),
        }
    )


def _divided(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return part / whole; NaN where the whole is 0."""
    return np.asarray(np.divide(part, whole, out=np.full(len(FATES), np.nan), where=whole > 0), np.float64)

"""Which model of buying a log supports: one does not fit all logs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.checking import check_lengths, check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.periods import as_date
from cvmlab.core.words import CvmError, term
from cvmlab.data.aggregate import summarise_customers
from cvmlab.data.tables import AMOUNT, CUSTOMER_ID, DATE, check_columns

from .bg_nbd import BgNbd
from .bg_nbd_variants import MbgNbd, ZeroInflatedBgNbd
from .fitting import fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd, fit_zero_inflated_bg_nbd
from .gap_rule import GapRule, fit_gap_rule
from .pareto_nbd import ParetoNbd
from .payment_rule import PaymentRule, fit_payment_rule
from .purchase_model import PurchaseModel

Array = NDArray[np.float64]
# in the order in which they are preferred where two are equally good
FITS: dict[type[PurchaseModel], Any] = {
    PaymentRule: fit_payment_rule,
    BgNbd: fit_bg_nbd,
    MbgNbd: fit_mbg_nbd,
    ParetoNbd: fit_pareto_nbd,
    ZeroInflatedBgNbd: fit_zero_inflated_bg_nbd,
    GapRule: fit_gap_rule,
}
FREE = (BgNbd, MbgNbd, ParetoNbd, ZeroInflatedBgNbd)


@public
def fit_family(customers: pd.DataFrame) -> list[PurchaseModel]:
    """Fit every model of buying that a customer summary can carry.

    Parameters
    ----------
    customers
        Frame with ``frequency``, ``recency`` and ``age`` (days), as for `fit_bg_nbd`.

    Returns
    -------
    list of PurchaseModel
        The payment rule only where nearly all pay at one interval. Empty where nobody bought twice.

    Raises
    ------
    CvmError
        For a summary that cannot be one: a missing column, a recency above the age (names the row).

    Examples
    --------
    >>> customers = BgNbd(r=0.5, alpha=6, a=0.8, b=2.5).simulate(customers=500, days=730, seed=1)
    >>> [model.KIND for model in fit_family(customers)]
    ['bg_nbd', 'mbg_nbd', 'pareto_nbd', 'zero_inflated_bg_nbd', 'gap_rule']
    """
    return [model for kind in FITS if (model := fit_kind(kind, customers)) is not None]


def fit_kind(kind: type[PurchaseModel], customers: pd.DataFrame) -> PurchaseModel | None:
    """Fit one model of the family; None where the log cannot carry it."""
    try:
        fitted: PurchaseModel = FITS[kind](customers)
    except CvmError as error:
        if error.key in {"buying.no_repeat", "buying.too_few_repeaters", "buying.not_converged", "buying.no_period"}:
            return None
        raise
    return fitted


@public
def best_explained(models: Iterable[PurchaseModel]) -> PurchaseModel | None:
    """Return the model of free buying that explains the log best: the least AIC. None if there is none.

    The models of free buying have a likelihood of the same data, so that the whole log decides, and not the few months
    that a backtest cuts off. The rules have none: they are held against the best of these in the backtest.

    Examples
    --------
    >>> customers = BgNbd(r=0.5, alpha=6, a=0.8, b=2.5).simulate(customers=3000, days=730, seed=1)
    >>> best_explained(fit_family(customers)).KIND
    'bg_nbd'
    """
    free = [model for model in models if isinstance(model, FREE)]
    return min(free, key=lambda model: model.aic, default=None)


@public
def compare_later(transactions: pd.DataFrame, *, cut: dt.date | str) -> pd.DataFrame:
    """Fit every model on the days up to a cut, and count how often each is wrong about who buys after it.

    A model calls those lost whose chance to buy until the end of the log is below one half.

    Parameters
    ----------
    transactions
        A pandas frame with ``customer_id``, ``date`` and ``amount``.
    cut
        The last day that the models see.

    Returns
    -------
    pandas.DataFrame
        A row per model, and a last one for who thinks that nobody leaves: ``model`` (its name in the language in
        force), ``customers``, ``called_lost``, ``came_back`` (of those called lost, who bought after all),
        ``stayed_away`` (of the others, who did not), ``wrong`` (the two added), all numbers of customers.

    Raises
    ------
    CvmError
        Where nothing was bought up to the cut, or nothing after it.

    Examples
    --------
    >>> days = pd.date_range("2025-01-01", periods=100)
    >>> log = pd.DataFrame({"customer_id": ["7", "8"] * 50, "date": days, "amount": 20.0})
    >>> compare_later(log[:-1], cut="2025-03-31").iloc[:, [0, 1, 5]].values.tolist()
    [['rule of three usual gaps', 2, 0], ['nobody is lost', 2, 0]]
    """
    check_columns(transactions, (CUSTOMER_ID, DATE, AMOUNT), "transactions")
    dates, last = pd.to_datetime(transactions[DATE]).dt.tz_localize(None), as_date(cut)
    later = (dates >= pd.Timestamp(last) + pd.Timedelta(days=1)).to_numpy()
    for part, key in ((~later, "buying.nothing_before"), (later, "buying.nothing_after")):
        if not part.any():
            raise CvmError(key, cut=last)
    customers = summarise_customers(transactions[~later], as_of=last)
    bought = customers[CUSTOMER_ID].isin(transactions.loc[later, CUSTOMER_ID].astype(str)).to_numpy()
    days = (dates.max() - pd.Timestamp(last)).days
    calls = [(model.name, model.chance_to_buy(customers, days) < 0.5) for model in fit_family(customers)]
    rows = [
        (name, len(bought), lost.sum(), (lost & bought).sum(), (~lost & ~bought).sum(), (lost == bought).sum())
        for name, lost in [*calls, (term("buying.nobody_lost"), np.zeros(len(bought), dtype=bool))]
    ]
    return pd.DataFrame(rows, columns=["model", "customers", "called_lost", "came_back", "stayed_away", "wrong"])


@public
def brier(chance: Array, happened: NDArray[np.bool_]) -> float:
    """Return the mean squared distance of a probability from what happened: 0 is perfect, 0.25 a coin.

    Parameters
    ----------
    chance, happened
        Probability of each customer to buy, 0 to 1, and whether it did; shape (customers,).

    Examples
    --------
    >>> brier(np.array([0.9, 0.4]), np.array([True, False])).__round__(3)
    0.085
    """
    check_lengths(chance=chance, happened=happened)
    check_parameter("chance", chance, 0, 1)
    return float(np.mean((chance - happened) ** 2))

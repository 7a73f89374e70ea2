"""From a table of subscribers to a churn case: the rate, what it costs, whom to call, what the table cannot say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError
from cvmlab.data.subscribers.naming import ABOUT_LEAVING, MAY_KNOW, is_named
from cvmlab.data.tables import CUSTOMER_ID
from cvmlab.keep import churn
from cvmlab.keep.churn.calling import Offer

from . import rates
from .assumptions import ChurnAssumptions
from .churn_case import ChurnCase, Losses
from .fairness import by_group
from .naming import name_column
from .offer import in_the_base, of_the_base, offer_of, try_rule, weights_of, why_withheld

if TYPE_CHECKING:
    from cvmlab.data.subscribers import Subscribers

CHARGE = "monthly_charge"
# below this number a hold-out shows nothing
_FEWEST_HELD = 20
_MOST_VALUES = 20
# the value that nearly all to be called share, and of whose customers so many had left, may have come after leaving
_SHARED, _LEFT_WITH_IT, _RARE = 0.9, 0.8, 0.5
# columns that say how it ended, whatever they are called
_ENDINGS = ("left_date", "cause")
# findings of `churn.find_leakage` that mean a column knows the answer
_KNOWING = (
    "knows_answer", "filled_for_leavers", "empty_for_leavers", "only_leavers", "named_outcome", "after_leaving",
)  # fmt: skip


@public
def study_churn(subscribers: Subscribers, assumptions: ChurnAssumptions | None = None) -> ChurnCase:
    """Judge a table of subscribers: who left, what it costs, who is likely to, and whom calling pays for.

    Parameters
    ----------
    subscribers
        From `cvmlab.subscribers.read`.
    assumptions
        What the table does not say: window, margin, the offer and whom it keeps; defaults if left out.

    Returns
    -------
    ChurnCase

    Raises
    ------
    CvmError
        For a table without any customer.

    Notes
    -----
    *Assumed*: customers leave in the next window as in the one of the table, and the offer keeps the stated share of
    those who would leave, whoever they are. Expected profit of calling one customer with chance p of leaving:
    p · acceptance · (profit of the months kept − offer) − (1 − p) · share that takes it · offer − contact.

    Examples
    --------
    >>> import cvmlab as cvm
    >>> case = study_churn(cvm.subscribers.read(cvm.datasets.path("telco")))
    >>> round(float(case.rate["rate"]), 4), case.window, case.still_there
    (0.2654, 1, 5174)
    """
    assumed = assumptions or ChurnAssumptions()
    clock = _Clock()
    customers = subscribers.customers
    if not len(customers):
        raise CvmError("tables.no_rows", table="subscribers")
    window, window_from = _window(subscribers, assumed)
    has_tenure = "tenure_months" in customers and customers["tenure_months"].notna().any()
    has_contract = "contract" in customers and len(customers["contract"].dropna().unique()) > 1
    with clock.step("rates"):
        in_years = bool(has_tenure) and rates.in_whole_years(customers, subscribers.tenure_unit)
        is_unsure = has_tenure and subscribers.unit_taken and rates.may_be_years(customers)
        by_one = 12 if in_years else 1 if is_unsure else 0
        tenures = rates.by_tenure(customers, by_one=by_one) if has_tenure else None
        contracts = rates.by_value(customers, "contract") if has_contract else None
        overall = float(rates.rate_of(customers["left"])["rate"].iloc[0])
        tenures, contracts = (of_the_base(frame, overall, assumed.true_rate) for frame in (tenures, contracts))
        retention = None
        if has_tenure and window is not None and not is_unsure:
            by = "contract" if has_contract else None
            retention = rates.retention_tables(customers, window, by, in_years=in_years)
    with clock.step("score"):
        findings, score, why = _score(subscribers, assumed)
    with clock.step("campaign"):
        has_charge = CHARGE in customers and customers[CHARGE].notna().any()
        losses = _losses(customers, assumed) if has_charge else None
        staying = customers[~customers["left"]]
        withheld = why_withheld(customers["left"].to_numpy(bool), assumed.true_rate)
        offer = offer_of(staying[CHARGE], assumed) if has_charge and len(staying) and not withheld else None
        judged = _with_calls(customers, score, offer, assumed)
        tried = None
        if score is not None and offer is not None:
            everyone = offer_of(customers[CHARGE], assumed)
            left = customers["left"].to_numpy(bool)
            weight = weights_of(left, assumed.true_rate)
            tried = try_rule(everyone, judged["chance"].to_numpy(np.float64), left, weight)
        curve, rivals = _campaign(judged, offer, assumed, int(customers["left"].sum())) if score and offer else _NOTHING
        # compared as they are in the table, where the rates are
        in_table = judged.assign(chance=_chances(customers, score))
        fairness = by_group(in_table, subscribers.columns, subscribers.features)
    named = [name for name in _may_know(subscribers) if name in subscribers.features]
    knowing = tuple(dict.fromkeys([*named, *findings.loc[findings["finding"].isin(_KNOWING), "column"]]))
    return ChurnCase(
        subscribers, assumed, window, window_from, judged, rates.rate_of(customers["left"]).iloc[0],
        tenures, contracts, retention, score, why, findings, knowing, losses, offer, tried, curve, rivals, fairness,
        withheld, clock.seconds,
    )  # fmt: skip


_NOTHING = (pd.DataFrame(columns=["called", "expected_profit"]), pd.DataFrame(columns=["rule", "called", "profit"]))


class _Clock:
    """Measures the steps of a study."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        begin = perf_counter()
        yield
        self.seconds[name] = perf_counter() - begin


def _window(subscribers: Subscribers, assumed: ChurnAssumptions) -> tuple[int | None, str]:
    if assumed.window_months is not None:
        return assumed.window_months, "stated"
    said = rates.window_in(subscribers.columns.get("churned", ""))
    return said, "header" if said else ""


def _not_features(subscribers: Subscribers) -> list[str]:
    """Return the columns that no score may look at: those of how it ended, and those that name a person."""
    names = (*_ENDINGS, *subscribers.personal, name_column(subscribers), *_may_know(subscribers))
    return [name for name in names if name in subscribers.customers and name != CUSTOMER_ID]


def _score(subscribers: Subscribers, assumed: ChurnAssumptions) -> tuple[pd.DataFrame, churn.ChurnScores | None, str]:
    """Return what there is to report of the columns, and the score or the sentence that says why there is none."""
    findings = pd.DataFrame(columns=["column", "finding", "strength", "done", "why"])
    judged = _as_in_the_source(subscribers, subscribers.customers.drop(columns=_not_features(subscribers)))
    try:
        findings = churn.find_leakage(judged, left="left")
        return findings, churn.score_churn(judged, left="left", seed=assumed.seed), ""
    except CvmError as why:
        return findings, None, str(why)


def _as_in_the_source(subscribers: Subscribers, customers: pd.DataFrame) -> pd.DataFrame:
    """Return the customers with the columns of roles called as their reader knows them."""
    own = {"monthly_charge": "charge", "total_charge": "total", "contract": "contract"}
    # another unit is another column
    own |= {"tenure_months": "tenure"} if subscribers.tenure_unit == "months" else {}
    named = {name: subscribers.columns.get(role, "") for name, role in own.items()}
    return customers.rename(columns={name: to for name, to in named.items() if to and to not in customers.columns})


def _losses(customers: pd.DataFrame, assumed: ChurnAssumptions) -> Losses:
    paid = customers[CHARGE].fillna(0)
    gone = float(paid[customers["left"]].sum())
    whole = float(paid.sum())
    return Losses(gone, gone / whole if whole else np.nan, assumed.margin)


def _chances(customers: pd.DataFrame, score: churn.ChurnScores | None) -> NDArray[np.float64]:
    """Return the chance of each customer in the table, NaN without a score."""
    if score is None:
        return np.full(len(customers), np.nan)
    chance = score.scores.set_index(CUSTOMER_ID)["churn_probability"]
    return customers[CUSTOMER_ID].map(chance).to_numpy(np.float64)


def _may_know(subscribers: Subscribers) -> list[str]:
    """Return the columns that by their names may have been written after customers left."""
    return [name for name in subscribers.features if is_named(name, MAY_KNOW) or is_named(name, ABOUT_LEAVING)]


def shared_by_calls(case: ChurnCase) -> tuple[str, str, float, float] | None:
    """Return the column and value that nearly all to be called share, where nearly all others with it had left.

    Returns
    -------
    tuple
        Column, value, share of those called that have it, share of all with it that left; None if there is none.
    """
    calls = case.calls
    if case.score is None or not len(calls):
        return None
    whole = _as_in_the_source(case.subscribers, case.customers)
    for name in case.score.features:
        values = rates.worded(whole[name])
        if len(values.unique()) > _MOST_VALUES:
            continue
        called = values.loc[calls.index].value_counts(normalize=True)
        with_it = values == called.index[0]
        left = float(case.customers.loc[with_it, "left"].mean())
        if called.iloc[0] >= _SHARED and left >= _LEFT_WITH_IT and with_it.mean() <= _RARE:
            return name, str(called.index[0]), float(called.iloc[0]), left
    return None


def _with_calls(
    customers: pd.DataFrame, score: churn.ChurnScores | None, offer: Offer | None, assumed: ChurnAssumptions
) -> pd.DataFrame:
    """Return the customers with their chance, what calling brings, and who is called and held out."""
    judged = customers.assign(chance=np.nan, profit_kept=np.nan, expected_profit=np.nan, call=False, hold_out=False)
    staying = ~customers["left"].to_numpy(bool)
    if score is not None:
        found = _chances(customers, score)
        judged["chance"] = in_the_base(found, float(customers["left"].mean()), assumed.true_rate)
    if score is None or offer is None:
        return judged
    gain = offer.expected_profit(judged.loc[staying, "chance"].to_numpy(np.float64))
    judged.loc[staying, "profit_kept"] = offer.brought
    judged.loc[staying, "expected_profit"] = gain
    pays = np.flatnonzero(staying)[gain > 0]
    size = int(assumed.hold_out_share * len(pays))
    held = np.random.default_rng(assumed.seed).permutation(pays)[: size if size >= _FEWEST_HELD else 0]
    rows = np.arange(len(judged))
    judged["hold_out"] = np.isin(rows, held)
    judged["call"] = np.isin(rows, pays) & ~judged["hold_out"]
    return judged


def _campaign(
    judged: pd.DataFrame, offer: Offer, assumed: ChurnAssumptions, leavers: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return expected profit by number called, the most profitable first, and what other rules would bring."""
    staying = judged.loc[~judged["left"], [CUSTOMER_ID, "chance", "profit_kept", "expected_profit"]]
    found = churn.campaign_profit(
        staying.rename(columns={"chance": "churn_probability"}).assign(offer_cost=offer.cost),
        profit_if_kept="profit_kept", contact_cost=offer.contact_cost, offer_cost="offer_cost",
        acceptance=offer.acceptance, stayers_take=offer.stayers_take, seed=assumed.seed,
    )  # fmt: skip
    by_chance = staying.sort_values(["chance", CUSTOMER_ID], ascending=[False, True])["expected_profit"]
    likely = min(leavers, len(by_chance))
    sums = found.rules.set_index("rule")
    rows = [
        ("best", found.called, sums.loc["expected_profit", "expected_profit"]),
        ("likely", likely, float(by_chance.head(likely).sum())),
        ("all", len(staying), sums.loc["everybody", "expected_profit"]),
        ("nobody", 0, 0.0),
    ]
    return found.curve, pd.DataFrame(rows, columns=["rule", "called", "profit"])

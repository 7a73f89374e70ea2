"""The book's figures on keeping customers as small models: does the figure come out, and what must be assumed? (S20).

>>> claims = retention_claims().set_index("claim")
>>> claims.loc[["points", "percent", "bad_post"], "verdict"].tolist()
['reproduced', 'not', 'only_if']
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cvmlab.core.guarding import public
from cvmlab.core.refusing import brief
from cvmlab.core.scenario import Scenario, number
from cvmlab.core.words import CvmError, say, term
from cvmlab.data.tables import check_columns
from cvmlab.worth.value import margin_multiple

REPRODUCED, ONLY_IF, NOT = VERDICTS = ("reproduced", "only_if", "not")
_UNITS = ("share", "multiple", "customers", "years")
# Figures of the book (CRM3 §3.2.2, §3.2.4); what a person tells others is the middle of 8 to 10 and of 2 to 3.
SELLS_TO_NEW, SELLS_TO_EXISTING = 0.15, 0.5
TOLD_BAD, TOLD_GOOD = 9.0, 2.5
REACHED, AVOID = 45, 2 / 3
WOULD_POST = 1 / 3
MOST_NATURAL_CHURN = 0.25


@public
@dataclass(frozen=True)
class ClaimAssumptions(Scenario):
    """What has to be assumed before a figure of the book can be computed; all starting values are ours.

    Attributes
    ----------
    retention_rate, discount_rate
        Per year.
    points
        Change of the retention rate (share of 1): 0.05 is five percentage points.
    margin, care_cost
        Profit of a customer, and cost of a programme for every customer, per year (money).
    acquisition_cost
        Cost of winning one customer (money).
    interested
        Share of strangers who want the product at all; they buy as customers do, the others never.
    attempt_ratio
        Cost of an attempt to sell to a stranger / cost of one with a customer.
    stay_unresolved
        Share of those with a failure who do business again though it was not resolved quickly.
    referrals
        Newcomers that a customer brings per year.
    dissatisfied
        Share of customers.
    would_have_bought
        Share of those a post reaches who would have bought without it.
    bad_experience, does_as_said
        Share of customers with one per year; share of those who say that they would post and do.
    years
        For how long nobody is won.
    """

    retention_rate: float = number(
        0.8, word="claims.retention_rate", minimum=0.01, maximum=0.95, step=0.01, unit="share"
    )
    points: float = number(0.05, word="claims.points_field", minimum=0.001, maximum=0.05, step=0.005, unit="share")
    discount_rate: float = number(0.1, word="discount_rate", minimum=0.01, maximum=1, step=0.01, unit="share")
    margin: float = number(300, word="claims.margin", minimum=0, step=10, unit="money")
    care_cost: float = number(40, word="claims.care_cost", minimum=0.01, step=5, unit="money")
    acquisition_cost: float = number(300, word="claims.acquisition_cost", minimum=0.01, step=10, unit="money")
    interested: float = number(0.3, word="claims.interested", minimum=0, maximum=1, step=0.05, unit="share")
    attempt_ratio: float = number(1, word="claims.attempt_ratio", minimum=0.01, step=0.1)
    stay_unresolved: float = number(0.5, word="claims.stay_unresolved", minimum=0, maximum=1, step=0.05, unit="share")
    referrals: float = number(0.05, word="claims.referrals", minimum=0, step=0.01)
    dissatisfied: float = number(0.1, word="claims.dissatisfied", minimum=0, maximum=0.99, step=0.01, unit="share")
    would_have_bought: float = number(
        0.1, word="claims.would_have_bought", minimum=0, maximum=1, step=0.05, unit="share"
    )
    bad_experience: float = number(0.2, word="claims.bad_experience", minimum=0, maximum=1, step=0.05, unit="share")
    does_as_said: float = number(0.3, word="claims.does_as_said", minimum=0, maximum=1, step=0.05, unit="share")
    years: float = number(3, word="claims.years", minimum=1, maximum=30, step=1, unit="years", whole=True)


@public
def retention_claims(assumed: ClaimAssumptions | None = None) -> pd.DataFrame:
    """Return the book's figures on keeping customers, each beside what a small model computes.

    =================  ===========================================  ===============================================
    claim              computed                                     needs (where the stated figure comes out)
    =================  ===========================================  ===============================================
    points             gain in value, Δ points fewer lost           retention rate from which on it is 25%
    percent            the same, Δ as a share of those lost         none
    loyalty_down       loss in value, Δ points more lost            retention rate from which on it is 25%
    new_costs          winning / cost per one saved, A / (c/Δ)      A / c, per customer in the programme
    sell_rates         interested · 50%                             share of strangers interested
    sell_six           50% / 15% · attempt_ratio                    attempt_ratio
    complaint          70% − stay_unresolved                        stay_unresolved
    recommendation     referrals / (1 − r), of a steady base        referrals
    word_of_mouth      d · 9 / ((1 − d) · 2.5), bad / good          share of dissatisfied d
    natural_churn      mean lifetime 1 / (1 − r), in years          retention rate from which on it is 4 years
    bad_post           45 · 2/3 · would_have_bought                 would_have_bought
    would_post         bad_experience · 1/3 · does_as_said          bad_experience · does_as_said
    stop_acquiring     r ^ years, share of the base that is left    years until half is gone
    =================  ===========================================  ===============================================

    Parameters
    ----------
    assumed
        What the models assume; `ClaimAssumptions` as it is if left out.

    Returns
    -------
    pandas.DataFrame
        A row per claim: ``claim`` (code); ``stated``, ``stated_to`` (ends of the stated range; equal where it is one
        figure, the second NaN where there is no upper end); ``computed``; ``unit`` of these three (``share``,
        ``multiple``, ``customers``, ``years``); ``assumed`` (what decides, as it was assumed: mostly the parameter in
        ``needs``, else the retention rate; Δ as a share of all for ``percent`` and ``new_costs``); ``needs`` (NaN
        where nothing helps); ``verdict``: ``"reproduced"`` (the computed figure lies in the stated range, or within
        3% of it), ``"only_if"`` (it would, with what is in ``needs``), ``"not"``. Sources: CRM3 §3.2.2, §3.2.4 for
        what is stated (``stop_acquiring`` is ours); the models are ours.

    Examples
    --------
    >>> claims = retention_claims().set_index("claim")
    >>> claims.loc["sell_six", ["computed", "needs"]].astype(float).round(2).tolist()
    [3.33, 1.8]
    """
    given = ClaimAssumptions() if assumed is None else assumed
    return pd.DataFrame([{"claim": name, **model(given)} for name, model in _MODELS.items()])


def _gain(before: float, after: float, rate: float) -> float:
    """Return by which share a customer's value changes with the retention rate, the first profit next year."""
    return float(margin_multiple(after, rate) / margin_multiple(before, rate) - 1)


def _half_life(churn: float) -> float:
    """Return after how many years half of the customers are left if nobody is won."""
    return math.log(2) / -math.log1p(-churn)


def _row(
    stated: tuple[float, float], computed: float, assumed: float, needs: float, unit: str, possible: bool = True
) -> dict[str, object]:
    low, high = stated
    if low * 0.97 <= computed and not computed > high * 1.03:
        verdict = REPRODUCED
    else:
        verdict = ONLY_IF if possible and np.isfinite(needs) else NOT
    return {
        "stated": low, "stated_to": high, "computed": computed, "unit": unit, "assumed": assumed, "needs": needs,
        "verdict": verdict,
    }  # fmt: skip


def _reached_from(change: float, rate: float, asked: float) -> float:
    """Return the retention rate from which on a change of it changes value by a share, NaN if it never does.

    Of Δ(1+i) / (r(1+i−r−Δ)) = asked, a quadratic in r, it is the larger solution.
    """
    most = 1 + rate - change
    root = most**2 - 4 * change * (1 + rate) / asked
    found = (most + math.sqrt(root)) / 2 if root >= 0 else math.nan
    return found if found + max(change, 0) <= 1 else math.nan


def _points(it: ClaimAssumptions) -> dict[str, object]:
    gain = _gain(it.retention_rate, it.retention_rate + it.points, it.discount_rate)
    return _row((0.25, 0.85), gain, it.retention_rate, _reached_from(it.points, it.discount_rate, 0.25), "share")


def _percent(it: ClaimAssumptions) -> dict[str, object]:
    fewer = it.points * (1 - it.retention_rate)
    gain = _gain(it.retention_rate, it.retention_rate + fewer, it.discount_rate)
    # the nearer the rate is to 1, the fewer are left to be saved
    return _row((0.25, 0.85), gain, fewer, math.nan, "share")


def _loyalty_down(it: ClaimAssumptions) -> dict[str, object]:
    loss = -_gain(it.retention_rate, max(it.retention_rate - it.points, 0), it.discount_rate)
    return _row((0.25, 0.25), loss, it.retention_rate, _reached_from(-it.points, it.discount_rate, -0.25), "share")


def _new_costs(it: ClaimAssumptions) -> dict[str, object]:
    served = it.acquisition_cost / it.care_cost
    return _row((5, 10), served * it.points, it.points, served, "multiple", possible=4.85 <= served <= 10.3)


def _sell_rates(it: ClaimAssumptions) -> dict[str, object]:
    stated = (SELLS_TO_NEW, SELLS_TO_NEW)
    return _row(stated, it.interested * SELLS_TO_EXISTING, it.interested, SELLS_TO_NEW / SELLS_TO_EXISTING, "share")


def _sell_six(it: ClaimAssumptions) -> dict[str, object]:
    by_success = SELLS_TO_EXISTING / SELLS_TO_NEW
    return _row((6, 6), by_success * it.attempt_ratio, it.attempt_ratio, 6 / by_success, "multiple")


def _complaint(it: ClaimAssumptions) -> dict[str, object]:
    return _row((0.7, 0.7), 0.7 - it.stay_unresolved, it.stay_unresolved, 0, "share")


def _recommendation(it: ClaimAssumptions) -> dict[str, object]:
    leave = 1 - it.retention_rate
    return _row((0.6, 0.6), it.referrals / leave, it.referrals, 0.6 * leave, "share")


def _word_of_mouth(it: ClaimAssumptions) -> dict[str, object]:
    ratio = it.dissatisfied * TOLD_BAD / ((1 - it.dissatisfied) * TOLD_GOOD)
    return _row((1, math.nan), ratio, it.dissatisfied, TOLD_GOOD / (TOLD_GOOD + TOLD_BAD), "multiple")


def _natural_churn(it: ClaimAssumptions) -> dict[str, object]:
    return _row((4, 10), 1 / (1 - it.retention_rate), it.retention_rate, 1 - MOST_NATURAL_CHURN, "years")


def _bad_post(it: ClaimAssumptions) -> dict[str, object]:
    return _row((30, 30), REACHED * AVOID * it.would_have_bought, it.would_have_bought, 1, "customers")


def _would_post(it: ClaimAssumptions) -> dict[str, object]:
    both = it.bad_experience * it.does_as_said
    return _row((WOULD_POST, WOULD_POST), WOULD_POST * both, both, 1, "share")


def _stop_acquiring(it: ClaimAssumptions) -> dict[str, object]:
    # what is needed is no loss at all, and some loss is natural
    return _row(
        (1, 1),
        it.retention_rate**it.years,
        it.retention_rate,
        _half_life(1 - it.retention_rate),
        "share",
        possible=False,
    )


_MODELS: Mapping[str, Callable[[ClaimAssumptions], dict[str, object]]] = {
    "points": _points,
    "percent": _percent,
    "loyalty_down": _loyalty_down,
    "new_costs": _new_costs,
    "sell_rates": _sell_rates,
    "sell_six": _sell_six,
    "complaint": _complaint,
    "recommendation": _recommendation,
    "word_of_mouth": _word_of_mouth,
    "natural_churn": _natural_churn,
    "bad_post": _bad_post,
    "would_post": _would_post,
    "stop_acquiring": _stop_acquiring,
}


@public
def claims_in_words(claims: pd.DataFrame) -> pd.DataFrame:
    """Return `retention_claims` as a reader sees it: texts in the language in force.

    Parameters
    ----------
    claims
        From `retention_claims`, all rows or some.

    Returns
    -------
    pandas.DataFrame
        The same rows: ``claim``, ``stated``, ``computed``, ``verdict``, ``why``: what is assumed, and what the stated
        figure would take (texts). A figure that is reproduced, but not as exactly as it is shown, "comes close".

    Examples
    --------
    >>> claims_in_words(retention_claims().query("claim == 'bad_post'")).iloc[0].tolist()[1:3]
    ['30', '3']
    """
    columns = ["claim", "stated", "stated_to", "computed", "unit", "assumed", "needs", "verdict"]
    check_columns(claims, columns, "claims_in_words")
    for column, known in (("claim", _MODELS), ("unit", _UNITS), ("verdict", VERDICTS)):
        unknown = [value for value in claims[column] if not (isinstance(value, str) and value in known)]
        if unknown:
            raise CvmError("claims.not_claims", column=column, value=brief(unknown[0]))
    figures = ["stated", "stated_to", "computed", "assumed", "needs"]
    plain = claims[columns].assign(**{name: pd.to_numeric(claims[name], errors="coerce") for name in figures})
    rows = [_worded(row) for row in plain.astype(dict.fromkeys(figures, np.float64)).to_dict("records")]
    return pd.DataFrame(rows, columns=["claim", "stated", "computed", "verdict", "why"])


def _worded(row: Mapping[Any, Any]) -> dict[str, str]:
    name, verdict = str(row["claim"]), str(row["verdict"])
    unit, needs, assumed = str(row["unit"]), row["needs"], row["assumed"]
    shares = {"percent": _figure(needs, "share"), "assumed": _figure(assumed, "share")}
    shares["points"] = shares["assumed"].removesuffix("%")
    why = say(f"claims.why_{name}", needs=needs, computed=_figure(row["computed"], unit), **shares)
    return {
        "claim": term(f"claims.{name}"),
        "stated": _range(row["stated"], row["stated_to"], unit),
        "computed": _figure(row["computed"], unit),
        "verdict": term("claims.nearly" if verdict == REPRODUCED and _outside(row) else f"claims.{verdict}"),
        "why": why,
    }


def _outside(row: Mapping[Any, Any]) -> bool:
    """Return whether the computed figure, as it is shown, is not in the stated range."""
    scale = 100 if row["unit"] == "share" else 1
    low, computed, high = (round(scale * row[name], 1) for name in ("stated", "computed", "stated_to"))
    return bool(computed < low or computed > high)


def _range(low: float, high: float, unit: str) -> str:
    if not np.isfinite(high):
        return say("claims.above", figure=_figure(low, unit))
    if low == high:
        return _figure(low, unit)
    return say("claims.range", low=_figure(low, unit if unit == "share" else ""), high=_figure(high, unit))


def _figure(figure: float, unit: str) -> str:
    if not np.isfinite(figure):
        return "–"
    shown = f"{100 * figure if unit == 'share' else figure:.1f}".removesuffix(".0").replace("-", "−")
    if unit == "share":
        return f"{shown}%"
    return say(f"claims.{unit}_figure", figure=shown) if unit in ("multiple", "years") else shown

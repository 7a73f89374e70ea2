"""What each customer brings per year, and what to expect if nothing changes, under stated assumptions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cvmlab.core.discounting import discounted_years
from cvmlab.core.periods import DAYS_A_YEAR
from cvmlab.core.words import CvmError
from cvmlab.data import aggregate, windows
from cvmlab.data.tables import COST, CUSTOMER_ID, PROFIT
from cvmlab.worth import buying

from .assumptions import Assumptions

CUSTOMERS_FOR_A_MODEL = 20

Basis = Literal["profit", "assumed_profit", "revenue"]


@dataclass(frozen=True)
class Models:
    """The models of buying behind the expectations; None where there is not enough data, with the reason."""

    bg_nbd: buying.BgNbd | None
    gamma_gamma: buying.GammaGamma | None
    problem: str = ""


def with_contribution(customers: pd.DataFrame, assumed: Assumptions) -> tuple[pd.DataFrame, Basis]:
    """Add ``contribution``: profit under a stated margin, otherwise known profit, otherwise revenue; say which."""
    basis = basis_of(customers.columns, assumed)
    if assumed.margin is not None:
        profit = assumed.margin * customers["revenue"] - assumed.cost_per_order * customers["orders"]
        return customers.assign(contribution=profit), basis
    return customers.assign(contribution=customers[PROFIT if basis == "profit" else "revenue"]), basis


def basis_of(columns: Collection[str], assumed: Assumptions) -> Basis:
    """Return in what a contribution is measured, by the columns of a log or of its customers."""
    if assumed.margin is not None:
        return "assumed_profit"
    return "profit" if PROFIT in columns or COST in columns else "revenue"


def with_yearly(
    customers: pd.DataFrame, transactions: Any, as_of: date, first_date: date, assumed: Assumptions
) -> pd.DataFrame:
    """Add ``yearly_revenue`` and ``yearly_contribution``: the last 12 months, scaled up from a shorter log."""
    after = windows.months_before(as_of, 12)
    days = (as_of - first_date).days + 1
    scale = max(1.0, 365 / days)
    window = windows.between(transactions, after, as_of)
    recent, _ = with_contribution(aggregate.summarise_customers(window, as_of=as_of).df(), assumed)
    found = recent.set_index(CUSTOMER_ID).reindex(customers[CUSTOMER_ID])
    return customers.assign(
        yearly_revenue=found["revenue"].fillna(0.0).to_numpy(float) * scale,
        yearly_contribution=found["contribution"].fillna(0.0).to_numpy(float) * scale,
    )


def fit_models(customers: pd.DataFrame) -> Models:
    """Fit the models of buying; where the data is not enough for one, None and the reason."""
    if len(customers) < CUSTOMERS_FOR_A_MODEL:
        return Models(None, None, "few_customers")
    try:
        bg_nbd = buying.fit_bg_nbd(customers)
    except CvmError as error:
        return Models(None, None, str(error))
    try:
        return Models(bg_nbd, buying.fit_gamma_gamma(customers))
    except CvmError:
        return Models(bg_nbd, None)


def with_expectations(customers: pd.DataFrame, models: Models, assumed: Assumptions) -> pd.DataFrame:
    """Add what is expected of each customer: ``p_alive``, rhythm, ``expected_contribution``, ``current_value``."""
    if models.bg_nbd is None:
        return _naive_expectations(customers, assumed)
    days = assumed.horizon_months * DAYS_A_YEAR / 12
    scores = buying.score_customers(customers, models.bg_nbd, models.gamma_gamma, days=days)
    discounted = models.bg_nbd.discounted_expected_purchases(customers, days, assumed.discount_rate)
    expected_spend = scores["expected_spend"].to_numpy(float)
    worth = per_purchase_day(customers, "contribution", expected_spend, models.gamma_gamma)
    return customers.assign(
        p_alive=scores["p_alive"].to_numpy(float),
        usual_gap_days=scores["usual_gap_days"].to_numpy(float),
        silent_days=scores["silent_days"].to_numpy(float),
        expected_contribution=scores["expected_orders"].to_numpy(float) * worth,
        current_value=discounted * worth,
    )


def per_purchase_day(
    customers: pd.DataFrame, money: str, expected_spend: NDArray[np.float64], spend: buying.GammaGamma | None
) -> NDArray[np.float64]:
    """Return what a purchase day of each customer brings, refunds netted, drawn to what such spend brings on average.

    Formula: (m + w · r · s)/(n + w) with the money m of n days, the spend s that the model of spend expects, and the
    money r that a unit of spend brings in all. The average counts for w days: as many as in the model, otherwise one.
    """
    # who only gave back counts with one day: nothing is divided by less
    days = customers["frequency"].to_numpy(float) + 1
    brought = customers[money].to_numpy(float)
    spent = float((days * expected_spend).sum())
    rate = brought.sum() / spent if spent > 0 else 0.0
    weight = 1.0 if spend is None else (spend.q - 1) / spend.p
    return np.asarray((brought + weight * rate * expected_spend) / (days + weight))


def _naive_expectations(customers: pd.DataFrame, assumed: Assumptions) -> pd.DataFrame:
    """Let last year's contribution go on for a silence of at most three usual gaps; expect nothing of the others."""
    frequency = customers["frequency"].to_numpy(float)
    gap = np.where(frequency > 0, customers["recency"] / np.where(frequency > 0, frequency, 1.0), np.nan)
    silent = (customers["age"] - customers["recency"]).to_numpy(float)
    going_on = ~(silent > 3 * gap)
    years = assumed.horizon_months / 12
    yearly = customers["yearly_contribution"].to_numpy(float) * going_on
    return customers.assign(
        p_alive=going_on.astype(float),
        usual_gap_days=gap,
        silent_days=silent,
        expected_contribution=yearly * years,
        current_value=yearly * discounted_years(years, assumed.discount_rate),
    )

"""What a purchase brings: the model of spend, unless each customer's own mean was evidently nearer in the backtest."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from cvmlab import case
from cvmlab.case.spending import own_mean_if_nearer
from cvmlab.data.reading import read
from cvmlab.worth.buying import GammaGamma, fit_gamma_gamma

CUSTOMERS, MONTHS = 40, 48


@cache
def unequal_world() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Forty firms of sizes a hundred times apart, whose orders scatter by half: the last year is kept apart."""
    draw = np.random.default_rng(11)
    size = np.exp(draw.normal(6, 1.6, CUSTOMERS))
    rows = []
    for number, typical in enumerate(size):
        day = np.cumsum(draw.gamma(2, 17, 60)).astype(int)
        day = day[day < MONTHS * 30]
        amount = typical * np.exp(draw.normal(-0.11, 0.47, len(day)))
        rows.append(pd.DataFrame({"customer_id": f"B{number:02}", "day": day, "amount": amount.round(2)}))
    log = pd.concat(rows)
    log["date"] = (pd.Timestamp("2022-01-01") + pd.to_timedelta(log["day"], "D")).dt.strftime("%Y-%m-%d")
    known = log["day"] < (MONTHS - 12) * 30
    return log[known].drop(columns="day"), log[~known].groupby("customer_id", as_index=False)["amount"].sum()


@cache
def judged() -> case.Case:
    return case.study(read(unequal_world()[0], name="unequal"))


def test_unequal_customers_with_steady_orders_are_not_drawn_to_the_mean_of_all() -> None:
    models = judged().models
    assert models.gamma_gamma is None
    assert 0 < models.own_unevenness < 2
    assert models.unevenness == models.own_unevenness


def test_it_comes_nearer_to_what_they_brought_then() -> None:
    from dataclasses import replace

    from cvmlab.case.expectations import with_expectations

    made = judged()
    by_model = replace(made.models, gamma_gamma=fit_gamma_gamma(made.customers), own_unevenness=0.0)
    later = unequal_world()[1].set_index("customer_id")["amount"].reindex(made.customers["customer_id"]).fillna(0)

    def missed(customers: pd.DataFrame) -> float:
        return float(np.abs(customers["expected_contribution"].to_numpy() - later.to_numpy()).sum())

    other = with_expectations(made.customers, by_model, made.assumptions, made.as_of)
    assert missed(made.customers) < 0.8 * missed(other)
    held = (made.customers["value_low"].to_numpy() <= later) & (later <= made.customers["value_high"].to_numpy())
    assert held.mean() > 0.6


def summaries(truth: GammaGamma, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two summaries of the same customers, drawn from a model of spend: a long one and a later one."""
    known = truth.simulate(np.full(300, 3), seed=seed).assign(customer_id=[f"c{n}" for n in range(300)])
    # the mean that the model itself expects of a customer is what comes, on average
    draw = np.random.default_rng(seed)
    came = truth.expected_spend(known) * 4 * np.exp(draw.normal(0, 0.1, 300))
    later = pd.DataFrame({"customer_id": known["customer_id"], "frequency": 3, "revenue": came})
    return known.assign(revenue=known["monetary_value"] * 4), later


def test_where_the_model_is_right_it_stays() -> None:
    known, later = summaries(GammaGamma(2.0, 4.0, 30.0), 3)
    assert own_mean_if_nearer(known, later, fit_gamma_gamma(known)) is None


@pytest.mark.parametrize("rows", [0, 19])
def test_few_who_came_back_decide_nothing(rows: int) -> None:
    known, later = summaries(GammaGamma(2.0, 4.0, 30.0), 3)
    own = later.assign(revenue=known["monetary_value"] * 4)
    spend = fit_gamma_gamma(known)
    assert own_mean_if_nearer(known, own.head(rows), spend) is None
    assert own_mean_if_nearer(known, own, spend) == pytest.approx(0, abs=0.1)
    assert own_mean_if_nearer(known, own, None) is None

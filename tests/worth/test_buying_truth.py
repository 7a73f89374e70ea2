"""BG/NBD and Gamma-Gamma: known truth of two generators, and limits of what a log can tell."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from buying_summaries import PUBLISHED, PUBLISHED_SPEND, summary

from cvmlab.worth.buying import BgNbd, fit_bg_nbd, fit_gamma_gamma, frequency_spend_correlation, score_customers


def pareto_nbd(customers: int, days: int, holdout_days: int, seed: int) -> pd.DataFrame:
    """Draw customers of another kind: they may leave at any time, not only after a purchase.

    Rates Gamma(.553, 10.58), lifetimes exponential with rates Gamma(.606, 11.67), weeks: the Pareto/NBD
    estimates for CDNOW (Fader, Hardie & Lee 2005, table 2).
    """
    draw = np.random.default_rng(seed)
    rate = draw.gamma(0.553, 1 / 10.58, customers) / 7
    lifetime = draw.exponential(7 / draw.gamma(0.606, 1 / 11.67, customers))
    age = draw.integers(days // 2, days + 1, customers)
    active = np.minimum(lifetime, age)
    frequency = draw.poisson(rate * active)
    recency = np.ceil(active * draw.beta(np.maximum(frequency, 1), 1))
    return pd.DataFrame(
        {
            "customer_id": np.arange(customers).astype(str),
            "frequency": frequency,
            "recency": np.where(frequency > 0, recency, 0).astype(int),
            "age": age,
            "true_alive": lifetime > age,
            "holdout_purchases": draw.poisson(rate * np.clip(lifetime - age, 0, holdout_days)),
        }
    )


# --- known truth


def test_parameters_are_recovered_from_own_customers() -> None:
    truth = BgNbd(r=0.5, alpha=6, a=0.8, b=2.5)
    drawn = truth.simulate(customers=50_000, days=730, entry_days=365, seed=5)
    table = fit_bg_nbd(drawn).parameters()
    # days are rounded up in a log, so allow a little beyond the sampling error
    assert (np.abs(table["estimate"] - [0.5, 6, 0.8, 2.5]) < 4 * table["standard_error"]).all()
    assert (table["standard_error"] / table["estimate"] < 0.05).all()


def test_own_customers_behave_as_expected() -> None:
    truth = BgNbd(r=0.5, alpha=6, a=0.8, b=2.5)
    drawn = truth.simulate(customers=60_000, days=730, entry_days=365, seed=6)
    assert drawn["frequency"].mean() == pytest.approx(
        np.mean([truth.expected_purchases_new(days) for days in range(365, 731, 5)]), rel=0.02
    )
    fitted = fit_bg_nbd(drawn)
    drawn["p_alive"], drawn["expected"] = fitted.p_alive(drawn), fitted.expected_purchases(drawn)
    assert drawn["expected"].sum() == pytest.approx(drawn["holdout_purchases"].sum(), rel=0.03)
    tenths = drawn.groupby(pd.cut(drawn["p_alive"], np.linspace(0, 1, 11).tolist()))
    means = tenths[["p_alive", "true_alive", "expected", "holdout_purchases"]].mean()
    assert np.allclose(means["p_alive"], means["true_alive"], atol=0.04)
    by_expectation = drawn.groupby(pd.qcut(drawn["expected"], 8, duplicates="drop"))
    means = by_expectation[["expected", "holdout_purchases"]].mean()
    assert np.allclose(means["expected"], means["holdout_purchases"], rtol=0.1, atol=0.03)
    drawn["chance"], drawn["bought"] = fitted.chance_to_buy(drawn, 365), drawn["holdout_purchases"] > 0
    assert (drawn["chance"] <= drawn["p_alive"] + 1e-12).all()
    means = drawn.groupby(pd.cut(drawn["chance"], np.linspace(0, 1, 11).tolist()))[["chance", "bought"]].mean()
    assert np.allclose(means["chance"], means["bought"], atol=0.04)


def test_customers_of_another_kind_are_foretold_too() -> None:
    drawn = pareto_nbd(40_000, days=730, holdout_days=365, seed=7)
    fitted = fit_bg_nbd(drawn)
    expected, happened = fitted.expected_purchases(drawn), drawn["holdout_purchases"]
    assert expected.sum() == pytest.approx(happened.sum(), rel=0.1)
    # the rival: the next year as the years before
    rival = drawn["frequency"] / drawn["age"] * 365
    assert np.mean((expected - happened) ** 2) < 0.8 * np.mean((rival - happened) ** 2)
    # P(alive) among those who bought again; the others are 1 by construction of the model
    again = drawn[drawn["frequency"] > 0].assign(p_alive=fitted.p_alive(drawn)[drawn["frequency"] > 0])
    fifths = again.groupby(pd.cut(again["p_alive"], np.linspace(0, 1, 6).tolist()))[["p_alive", "true_alive"]].mean()
    assert fifths["true_alive"].is_monotonic_increasing
    assert np.abs(fifths["p_alive"] - fifths["true_alive"]).max() < 0.12
    brier = np.mean((again["p_alive"] - again["true_alive"]) ** 2)
    assert brier < 0.6 * again["true_alive"].var()


def test_spend_is_recovered() -> None:
    frequency = np.random.default_rng(1).geometric(0.3, 20_000)
    drawn = PUBLISHED_SPEND.simulate(frequency, seed=8)
    fitted = fit_gamma_gamma(drawn)
    table = fitted.parameters()
    assert (np.abs(table["estimate"] - [6.25, 3.74, 15.44]) < 4 * table["standard_error"]).all()
    shrunk = fitted.expected_spend(drawn)
    error = np.mean((shrunk - drawn["true_mean_spend"]) ** 2)
    assert error < np.mean((drawn["monetary_value"] - drawn["true_mean_spend"]) ** 2)


def test_spend_of_another_kind_is_foretold_too() -> None:
    draw = np.random.default_rng(2)
    frequency = draw.geometric(0.3, 20_000)
    true_mean = np.exp(draw.normal(3.5, 0.5, 20_000))
    purchases = np.repeat(true_mean, frequency) * np.exp(draw.normal(-0.125, 0.5, frequency.sum()))
    mean = np.add.reduceat(purchases, np.cumsum(frequency) - frequency) / frequency
    drawn = pd.DataFrame({"frequency": frequency, "monetary_value": mean})
    expected = fit_gamma_gamma(drawn).expected_spend(drawn)
    assert expected.mean() == pytest.approx(true_mean.mean(), rel=0.03)
    assert np.mean((expected - true_mean) ** 2) < 0.8 * np.mean((mean - true_mean) ** 2)


def test_correlation_is_that_of_repeat_buyers(cdnow: pd.DataFrame) -> None:
    # 0.11 for the 946 repeat buyers of the sample
    assert frequency_spend_correlation(cdnow) == pytest.approx(0.1139, abs=5e-4)
    assert math.isnan(frequency_spend_correlation(cdnow.head(1)))


# --- limits of what a log can tell


def test_a_log_where_nobody_leaves_is_said_to_be_one() -> None:
    loyal = BgNbd(r=4, alpha=4, a=1e-5, b=10).simulate(customers=3000, days=365, seed=9)
    fitted = fit_bg_nbd(loyal)
    assert fitted.problem == "buying.no_dropout"
    assert "hardly any customers dropping out" in fitted.warning
    assert fitted.p_alive(loyal).mean() > 0.995
    assert fitted.expected_purchases(loyal).sum() == pytest.approx(loyal["holdout_purchases"].sum(), rel=0.03)


def test_a_log_of_equal_customers_is_said_to_be_one() -> None:
    equal = BgNbd(r=1e5, alpha=1e5, a=0.8, b=2.5).simulate(customers=3000, days=365, seed=10)
    fitted = fit_bg_nbd(equal)
    assert fitted.problem == "buying.equal_rates"
    assert fitted.expected_purchases(equal).sum() == pytest.approx(equal["holdout_purchases"].sum(), rel=0.1)
    alike = BgNbd(r=0.5, alpha=6, a=3e4, b=9e4).simulate(customers=3000, days=365, seed=10)
    assert fit_bg_nbd(alike).problem == "buying.unsure_dropout"


def test_few_repeaters_among_many_customers() -> None:
    rare = BgNbd(r=0.01, alpha=20, a=0.8, b=2.5).simulate(customers=60_000, days=365, seed=12)
    assert 100 < (rare["frequency"] > 0).sum() < 3000
    fitted = fit_bg_nbd(rare)
    assert fitted.problem != "buying.no_dropout"
    assert fitted.r / fitted.alpha == pytest.approx(0.01 / 20, rel=0.25)


def test_daily_buyers_do_not_overflow() -> None:
    truth = BgNbd(r=3, alpha=0.6, a=0.05, b=30)
    drawn = truth.simulate(customers=2000, days=730, seed=11)
    assert drawn["frequency"].max() > 1000
    fitted = fit_bg_nbd(drawn)
    expected = fitted.expected_purchases(drawn)
    assert np.isfinite(expected).all()
    assert expected.sum() == pytest.approx(drawn["holdout_purchases"].sum(), rel=0.03)


def test_refunded_customers_are_left_out_and_counted(cdnow: pd.DataFrame) -> None:
    refunded = pd.DataFrame({"customer_id": ["x", "y"], "frequency": [2, 1], "recency": [9, 9], "age": [9, 9]})
    refunded["monetary_value"] = [0.0, 0.0]
    both = pd.concat([cdnow, refunded], ignore_index=True)
    fitted, without = fit_gamma_gamma(both), fit_gamma_gamma(cdnow)
    assert (fitted.excluded, fitted.customers) == (2, 946)
    assert (fitted.p, fitted.q, fitted.gamma) == pytest.approx((without.p, without.q, without.gamma))
    assert (fitted.expected_spend(refunded) > 0).all()
    assert (fitted.expected_spend(refunded) < fitted.mean_spend).all()


def test_scores_without_a_spend_model() -> None:
    customers = summary([3, 0], [30, 0], [40, 40]).assign(customer_id=["a", "b"], monetary_value=[12.0, 0.0])
    scores = score_customers(customers, PUBLISHED, None)
    assert scores["expected_spend"].tolist() == [12.0, 12.0]

"""BG/NBD and Gamma-Gamma: published figures, closed forms, invariants."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from buying_summaries import PUBLISHED, PUBLISHED_SPEND, summary
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from cvmlab.worth.buying import BgNbd, fit_bg_nbd, fit_gamma_gamma, score_customers

# --- published figures


def test_cdnow_estimates_are_the_published_ones(cdnow: pd.DataFrame) -> None:
    # Fader, Hardie & Lee (2005), table 2
    fitted = fit_bg_nbd(cdnow)
    assert fitted.customers == 2357
    assert (round(fitted.r, 3), round(fitted.alpha, 3)) == (0.243, 4.414)
    assert (round(fitted.a, 3), round(fitted.b, 3)) == (0.793, 2.426)
    assert round(fitted.log_likelihood, 1) == -9582.4
    assert fitted.warning == ""


def test_cdnow_spend_estimates_are_the_published_ones(cdnow: pd.DataFrame) -> None:
    # Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value": 6.25, 3.74, 15.44
    fitted = fit_gamma_gamma(cdnow)
    assert fitted.customers == 946
    assert fitted.p == pytest.approx(6.25, abs=0.005)
    assert fitted.q == pytest.approx(3.74, abs=0.005)
    assert fitted.gamma == pytest.approx(15.44, abs=0.01)
    assert fitted.excluded == 0


def test_conditional_expectation_is_the_published_one() -> None:
    # Fader, Hardie & Lee (2005): x = 2, t_x = 30.43, T = 38.86 weeks → 1.226 in 39 weeks
    one = summary([2], [30.43 * 7], [38.86 * 7])
    assert round(float(PUBLISHED.expected_purchases(one, days=39 * 7)[0]), 3) == 1.226


def test_expectations_of_new_customers_add_up(cdnow: pd.DataFrame) -> None:
    # What the model expects of new customers adds up to the 2,457 repeat purchases that were observed.
    expected = sum(PUBLISHED.expected_purchases_new(days) for days in cdnow["age"])
    assert expected == pytest.approx(cdnow["frequency"].sum(), rel=0.03)


def test_standard_errors_agree_with_repeated_samples() -> None:
    truth = BgNbd(r=0.8, alpha=5, a=0.9, b=3)
    fits = [fit_bg_nbd(truth.simulate(customers=3000, days=365, seed=seed)) for seed in range(30)]
    estimates = np.array([[fit.r, fit.alpha, fit.a, fit.b] for fit in fits])
    claimed = np.mean([fit.parameters()["standard_error"] for fit in fits], axis=0)
    # The spread of 30 samples is itself known to about 13%; estimates of a and b are skewed.
    assert np.allclose(estimates.std(axis=0, ddof=1), claimed, rtol=0.5)
    assert (np.abs(estimates.mean(axis=0) - [0.8, 5, 0.9, 3]) < 4 * claimed / math.sqrt(30) + 0.05).all()


# --- the closed form, where it can be computed, and a brute-force mean where it cannot


@settings(max_examples=60, deadline=None)
@given(
    r=st.floats(0.05, 5),
    alpha=st.floats(0.5, 50),
    a=st.floats(0.05, 8),
    b=st.floats(0.05, 8),
    frequency=st.integers(0, 12),
    age=st.floats(1, 700),
    days=st.floats(1, 700),
)
def test_expectation_agrees_with_the_hypergeometric_form(
    r: float, alpha: float, a: float, b: float, frequency: int, age: float, days: float
) -> None:
    assume(abs(a - 1) > 0.05 and abs(a + b + frequency - 1) > 0.05)
    model = BgNbd(r, alpha, a, b, days_per_unit=1)
    customer = summary([frequency], [age if frequency else 0.0], [age])
    share = days / (alpha + age + days)
    factor = special.hyp2f1(r + frequency, b + frequency, a + b + frequency - 1, share)
    lost = ((alpha + age) / (alpha + age + days)) ** (r + frequency) * factor
    closed = (a + b + frequency - 1) / (a - 1) * (1 - lost) * model.p_alive(customer)[0]
    assert model.expected_purchases(customer, days)[0] == pytest.approx(closed, rel=1e-6)


@pytest.mark.parametrize(
    ("r", "alpha", "a", "b", "frequency", "age", "days"),
    [
        (0.5, 6, 1.0, 2.5, 3, 300, 365),  # a = 1: the closed form is 0 / 0
        (1.4, 10, 0.04, 39.0, 250, 364, 365),  # a grocery customer: the closed form overflows
        (1.4, 10, 0.04, 39.0, 700, 728, 1800),
        (0.2, 0.5, 0.3, 0.4, 0, 0, 3650),  # bought for the first time today, a + b below 1
        (30.0, 900, 400.0, 900.0, 20, 500, 365),  # hardly any difference between customers
    ],
)
def test_expectation_agrees_with_brute_force(
    r: float, alpha: float, a: float, b: float, frequency: int, age: float, days: float
) -> None:
    model = BgNbd(r, alpha, a, b, days_per_unit=1)
    dropout = stats.beta(a, b + frequency)

    # mean over the quantiles of the dropout probability: no singularity whatever a and b
    def given_quantile(quantile: float) -> float:
        p = float(dropout.ppf(quantile))
        if p < 1e-300:
            return (r + frequency) * days / (alpha + age)
        return -math.expm1(-(r + frequency) * math.log1p(p * days / (alpha + age))) / p

    brute, _ = integrate.quad(given_quantile, 0, 1, limit=400, epsabs=0, epsrel=1e-9)
    customer = summary([frequency], [age if frequency else 0.0], [age])
    alive = model.p_alive(customer)[0]
    assert model.expected_purchases(customer, days)[0] == pytest.approx(alive * brute, rel=1e-6)


def test_discounting_agrees_with_sums_over_short_steps() -> None:
    customers = summary([2, 0, 40], [213, 0, 360], [272, 0, 365])
    ends = np.arange(5.0, 731.0, 5.0)
    expected = np.array([np.zeros(3), *(PUBLISHED.expected_purchases(customers, float(end)) for end in ends)])
    discount = 1.1 ** -((ends - 2.5) / 365)
    in_steps = (np.diff(expected, axis=0) * discount[:, None]).sum(axis=0)
    discounted = PUBLISHED.discounted_expected_purchases(customers, 730, discount_rate=0.1)
    assert discounted == pytest.approx(in_steps, rel=1e-4)
    undiscounted = PUBLISHED.discounted_expected_purchases(customers, 730, discount_rate=0)
    assert undiscounted == pytest.approx(expected[-1], rel=1e-9)


# --- invariants


@settings(max_examples=40, deadline=None)
@given(frequency=st.integers(1, 300), age=st.integers(2, 1000), days=st.floats(1, 2000), data=st.data())
def test_longer_silence_never_makes_more_alive(frequency: int, age: int, days: float, data: st.DataObject) -> None:
    early, late = sorted(data.draw(st.tuples(st.integers(1, age), st.integers(1, age))))
    customers = summary([frequency] * 2, [early, late], [age] * 2)
    alive = PUBLISHED.p_alive(customers)
    assert 0 <= alive[0] <= alive[1] <= 1
    expected = PUBLISHED.expected_purchases(customers, days)
    assert 0 <= expected[0] <= expected[1]
    assert expected[1] < PUBLISHED.expected_purchases(customers, days * 1.5)[1]


@settings(max_examples=40, deadline=None)
@given(age=st.integers(0, 3000))
def test_without_repeat_purchase_everyone_counts_as_alive(age: int) -> None:
    customers = summary([0, 0], [0, 0], [age, age + 30])
    assert (PUBLISHED.p_alive(customers) == 1).all()
    sooner, later = PUBLISHED.expected_purchases(customers)
    assert later < sooner


def test_the_unit_of_time_changes_alpha_only(cdnow: pd.DataFrame) -> None:
    weeks, days = fit_bg_nbd(cdnow), fit_bg_nbd(cdnow, days_per_unit=1)
    assert days.alpha == pytest.approx(7 * weeks.alpha, rel=1e-4)
    assert (days.r, days.a, days.b) == pytest.approx((weeks.r, weeks.a, weeks.b), rel=1e-4)
    # densities of the purchase times are per unit of time
    shift = cdnow["frequency"].sum() * math.log(7)
    assert days.log_likelihood == pytest.approx(weeks.log_likelihood - shift, rel=1e-9)
    assert days.expected_purchases(cdnow) == pytest.approx(weeks.expected_purchases(cdnow), rel=1e-4)


def test_the_currency_changes_gamma_only(cdnow: pd.DataFrame) -> None:
    dollars = fit_gamma_gamma(cdnow)
    cents = fit_gamma_gamma(cdnow.assign(monetary_value=cdnow["monetary_value"] * 100))
    assert (cents.p, cents.q) == pytest.approx((dollars.p, dollars.q), rel=1e-4)
    assert cents.gamma == pytest.approx(100 * dollars.gamma, rel=1e-4)


def test_order_and_copies_of_customers_do_not_matter(cdnow: pd.DataFrame) -> None:
    fitted = fit_bg_nbd(cdnow)
    doubled = fit_bg_nbd(pd.concat([cdnow, cdnow]).drop(columns="customer_id").sample(frac=1, random_state=1))
    assert (doubled.r, doubled.alpha, doubled.a, doubled.b) == pytest.approx(
        (fitted.r, fitted.alpha, fitted.a, fitted.b), rel=1e-4
    )
    assert doubled.log_likelihood == pytest.approx(2 * fitted.log_likelihood)
    ratio = doubled.parameters()["standard_error"] / fitted.parameters()["standard_error"]
    assert ratio.to_numpy() == pytest.approx(1 / math.sqrt(2), rel=1e-2)


def test_the_maximum_is_a_maximum(cdnow: pd.DataFrame) -> None:
    from lifetimes import BetaGeoFitter  # type: ignore[import-untyped]

    peer = BetaGeoFitter._negative_log_likelihood
    x, t_x, age = cdnow["frequency"], cdnow["recency"] / 7, cdnow["age"] / 7
    fitted = fit_bg_nbd(cdnow)
    best = np.array([fitted.r, fitted.alpha, fitted.a, fitted.b])

    def log_likelihood(parameters: np.ndarray) -> float:
        return -2357 * float(peer(np.log(parameters), x, t_x, age, np.ones(2357), 0))

    assert log_likelihood(best) == pytest.approx(fitted.log_likelihood, abs=1e-6)
    for factor in (0.98, 1.02):
        for place in range(4):
            beside = best.copy()
            beside[place] *= factor
            assert log_likelihood(beside) < fitted.log_likelihood


def test_spend_leans_on_all_customers_the_less_is_known() -> None:
    customers = pd.DataFrame({"frequency": [0, 1, 10, 1000], "monetary_value": [0.0, 80.0, 80.0, 80.0]})
    expected = PUBLISHED_SPEND.expected_spend(customers)
    assert expected[0] == pytest.approx(PUBLISHED_SPEND.mean_spend)
    assert (np.diff(expected) > 0).all()
    assert expected[-1] == pytest.approx(80, rel=1e-2)


def test_the_frame_given_is_left_alone_and_polars_agrees(cdnow: pd.DataFrame) -> None:
    before = cdnow.copy()
    bg_nbd, spend = fit_bg_nbd(cdnow), fit_gamma_gamma(cdnow)
    scores = score_customers(cdnow, bg_nbd, spend)
    pd.testing.assert_frame_equal(cdnow, before)
    other = pl.from_pandas(cdnow)
    assert fit_bg_nbd(other) == bg_nbd
    pd.testing.assert_frame_equal(score_customers(other, bg_nbd, spend), scores, check_dtype=False)


def test_scores_have_one_row_a_customer_in_order(cdnow: pd.DataFrame) -> None:
    scores = score_customers(cdnow, PUBLISHED, PUBLISHED_SPEND, days=273)
    assert list(scores) == [
        "customer_id",
        "p_alive",
        "expected_orders",
        "expected_spend",
        "usual_gap_days",
        "silent_days",
        "expected_revenue",
    ]
    assert scores["customer_id"].tolist() == cdnow["customer_id"].tolist()
    once = cdnow["frequency"] == 0
    assert scores["usual_gap_days"].isna().equals(once)
    assert scores.drop(columns="usual_gap_days").notna().all(axis=None)
    assert scores["silent_days"].equals((cdnow["age"] - cdnow["recency"]).astype(float))
    first = scores.iloc[0]
    assert first["expected_revenue"] == pytest.approx(first["expected_orders"] * first["expected_spend"])


def test_the_same_seed_draws_the_same_customers() -> None:
    first, again = (PUBLISHED.simulate(customers=50, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(PUBLISHED.simulate(customers=50, seed=4))
    assert PUBLISHED_SPEND.simulate([1, 2], seed=3).equals(PUBLISHED_SPEND.simulate([1, 2], seed=3))

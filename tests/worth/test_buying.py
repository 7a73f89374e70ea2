"""BG/NBD and Gamma-Gamma: published figures, known truth of two generators, rivals, bad input."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from cvmlab import CvmError, aggregate, buying, speaking
from cvmlab.worth.buying import (
    BgNbd,
    GammaGamma,
    fit_bg_nbd,
    fit_gamma_gamma,
    frequency_spend_correlation,
    score_customers,
    scores,
)

# The estimates of Fader, Hardie & Lee (2005), weeks, and of Fader & Hardie (2013), dollars.
PUBLISHED = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
PUBLISHED_SPEND = GammaGamma(p=6.25, q=3.74, gamma=15.44)


@pytest.fixture(scope="module")
def cdnow() -> pd.DataFrame:
    """Return the CDNOW 1/10 sample (weeks there, days here), from the files of a development dependency."""
    package = importlib.util.find_spec("lifetimes")
    assert package is not None and package.origin is not None
    table = pd.read_csv(Path(package.origin).parent / "datasets/cdnow_customers_summary_with_transactions.csv")
    return pd.DataFrame(
        {
            "customer_id": table["ID"].astype(str),
            "frequency": table["x"],
            "recency": (table["t_x"] * 7).round().astype(int),
            "age": (table["T"] * 7).round().astype(int),
            "monetary_value": table["zbar"],
        }
    )


def summary(frequency: object, recency: object, age: object) -> pd.DataFrame:
    return pd.DataFrame({"frequency": frequency, "recency": recency, "age": age})


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


# --- bad input

GOOD = summary([2, 0, 1], [213, 0, 12], [272, 272, 272])


@pytest.mark.parametrize(
    ("column", "value", "key", "named"),
    [
        ("recency", 300, "buying.recency_above_age", "row 3"),
        ("recency", -1, "buying.negative_recency", "row 3"),
        ("recency", 0, "buying.repeat_without_recency", "row 3"),
        ("recency", math.nan, "buying.not_finite", "'recency'"),
        ("age", math.inf, "checking.infinite_column", "'age'"),
        ("frequency", -1, "buying.frequency_not_whole", "-1"),
        ("frequency", 1.5, "buying.frequency_not_whole", "1.5"),
        ("frequency", 0, "buying.recency_without_repeat", "row 3"),
    ],
)
def test_a_wrong_row_is_named(column: str, value: float, key: str, named: str) -> None:
    bad = GOOD.astype(float)
    bad.loc[2, column] = value
    for compute in (fit_bg_nbd, PUBLISHED.p_alive, PUBLISHED.expected_purchases):
        with pytest.raises(CvmError) as raised:
            compute(bad)
        assert raised.value.key == key
        assert named in str(raised.value)
        with speaking("zh"):
            assert "{" not in str(raised.value) and "行" in str(raised.value)


def test_a_wrong_row_is_named_with_its_customer() -> None:
    bad = GOOD.assign(customer_id=["007", "008", "009"], recency=[213, 0, 300])
    with pytest.raises(CvmError, match=r"row 3 \(009\)"):
        fit_bg_nbd(bad)


def test_missing_and_text_columns_are_named() -> None:
    with pytest.raises(CvmError, match="'age'"):
        fit_bg_nbd(GOOD.drop(columns="age"))
    with pytest.raises(CvmError, match="'frequency'"):
        fit_bg_nbd(GOOD.assign(frequency=["2", "0", "1"]))
    with pytest.raises(CvmError, match="no rows"):
        fit_bg_nbd(GOOD.head(0))
    with pytest.raises(CvmError, match="'customer_id'"):
        score_customers(GOOD, PUBLISHED, PUBLISHED_SPEND)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: BgNbd(r="0.2", alpha=4, a=1, b=2), "r"),
        (lambda: BgNbd(r=0.2, alpha=0, a=1, b=2), "(alpha) is 0; it must be greater than 0"),
        (lambda: GammaGamma(p=6, q=4, gamma=math.nan), "gamma"),
        (lambda: PUBLISHED.expected_purchases(GOOD, days="365"), "cannot use days='365'"),
        (lambda: PUBLISHED.simulate(customers=2.5, seed=1), "cannot use customers=2.5: a whole number is needed"),
        (lambda: PUBLISHED.simulate(holdout_days=0, seed=1), "days in the hold-out period (holdout_days) is 0"),
        (lambda: fit_bg_nbd(GOOD, days_per_unit=-7), "(days_per_unit) is -7"),
    ],
)
def test_a_wrong_parameter_is_named(call, said) -> None:
    with pytest.raises(CvmError) as raised:
        call()
    assert said in str(raised.value)


def test_gaps_in_polars_and_nullable_columns_are_found() -> None:
    gap = pl.DataFrame({"frequency": [2, None], "recency": [213, 0], "age": [272, 272]})
    nullable = GOOD.head(2).assign(frequency=pd.array([2, None], dtype="Int64"))
    for customers in (gap, nullable):
        with pytest.raises(CvmError, match="row 2"):
            fit_bg_nbd(customers)


def test_too_little_to_learn_from() -> None:
    with pytest.raises(CvmError) as raised:
        fit_bg_nbd(summary([0] * 50, [0] * 50, range(50)))
    assert raised.value.key == "buying.no_repeat"
    with pytest.raises(CvmError, match=r"second day \(1\)"):
        fit_bg_nbd(summary([5], [100], [120]))
    with pytest.raises(CvmError, match=r"mean spend \(1;"):
        fit_gamma_gamma(pd.DataFrame({"frequency": [5], "monetary_value": [10.0]}))


def test_spends_that_no_model_fits() -> None:
    constant = pd.DataFrame({"frequency": [1, 2] * 20, "monetary_value": [9.9] * 40})
    with pytest.raises(CvmError, match=r"9\.9"):
        fit_gamma_gamma(constant)
    uneven = pd.DataFrame(
        {"frequency": [1] * 2000, "monetary_value": np.random.default_rng(1).pareto(0.5, 2000) + 1e-3}
    )
    with pytest.raises(CvmError) as raised:
        fit_gamma_gamma(uneven)
    assert raised.value.key == "buying.no_mean_spend"
    with pytest.raises(CvmError, match="'monetary_value'"):
        fit_gamma_gamma(constant.assign(monetary_value=math.nan))


@pytest.mark.parametrize(
    "compute",
    [
        lambda: BgNbd(r=0.2, alpha=-1, a=1, b=1),
        lambda: fit_bg_nbd(GOOD, days_per_unit=0),
        lambda: PUBLISHED.expected_purchases(GOOD, days=0),
        lambda: PUBLISHED.expected_purchases_new(days=math.nan),
        lambda: PUBLISHED.discounted_expected_purchases(GOOD, discount_rate=-1),
        lambda: GammaGamma(p=1, q=1, gamma=1),
        lambda: PUBLISHED.simulate(customers=0, seed=1),
        lambda: PUBLISHED.simulate(customers=5, days=10, entry_days=11, seed=1),
    ],
)
def test_impossible_numbers_are_refused(compute: object) -> None:
    with pytest.raises(CvmError) as raised:
        compute()  # type: ignore[operator]
    assert "{" not in str(raised.value)


def test_every_sentence_is_there_in_both_languages() -> None:
    from cvmlab.core.words import read_table

    rows = read_table("words/buying")
    assert len({row["key"] for row in rows}) == len(rows)
    places = [{part.split("}")[0] for part in text.split("{")[1:]} for row in rows for text in (row["en"], row["zh"])]
    assert all(english == chinese for english, chinese in zip(places[::2], places[1::2], strict=True))


def test_a_search_that_fails_says_so(monkeypatch: pytest.MonkeyPatch, cdnow: pd.DataFrame) -> None:
    monkeypatch.setattr(scores, "climb", lambda negative, start, bounds: (start, negative(start)[0], 0.5))
    with pytest.raises(CvmError) as raised:
        fit_bg_nbd(cdnow)
    assert raised.value.key == "buying.not_converged"


def test_a_customer_with_refunds_only_does_not_keep_the_others_from_a_model():
    # cancellations on two days and no purchase: the best known public retail log holds such customers
    rng = np.random.default_rng(4)
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 365, 900), unit="D")
    rows = pd.DataFrame({"customer_id": rng.integers(0, 150, 900).astype(str), "date": days, "amount": 10.0})
    gave_back = pd.DataFrame(
        {"customer_id": "r", "date": pd.to_datetime(["2023-05-01", "2023-06-01"]), "amount": [-5.0, -5.0]}
    )
    log = pd.concat([rows, gave_back], ignore_index=True)
    assert buying.fit_bg_nbd(aggregate.summarise_customers(log)).r > 0


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"customer_id": ["1"] * 20}, "checking.repeated_customer"),
        ({"customer_id": [*map(str, range(19)), " "]}, "tables.missing_values"),
        ({"monetary_value": [12.0] * 19 + [-1.0]}, "buying.negative_spend"),
        ({"monetary_value": [12.0 + 1j] * 20}, "guarding.complex_column"),
    ],
)
def test_a_customer_counts_once_and_spends_no_less_than_nothing(changes: dict[str, list[object]], key: str) -> None:
    given = summary([3] * 20, [30] * 20, [40] * 20).assign(customer_id=[*map(str, range(20))], monetary_value=12.0)
    customers = given.assign(**changes)
    calls = [lambda: score_customers(customers, PUBLISHED, None), lambda: fit_gamma_gamma(customers)]
    if "monetary_value" not in changes:
        calls.append(lambda: fit_bg_nbd(customers))
    for call in calls:
        with pytest.raises(CvmError) as caught:
            call()
        assert caught.value.key == key

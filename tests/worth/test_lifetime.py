"""Expected lifetimes: published figures of the sBG, sums, the truth of simulated customers, and bad input."""

import numpy as np
import pandas as pd
import pytest
from buying_summaries import PUBLISHED
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import value
from cvmlab.core.words import CvmError
from cvmlab.worth.buying import GapRule, ParetoNbd, PaymentRule, fit_gap_rule, fit_pareto_nbd

modest = settings(max_examples=60, deadline=None)
# Fader & Hardie (2007): maximum likelihood on seven years
HIGH_END, REGULAR = (0.668, 3.806), (0.704, 1.182)
shapes = st.tuples(st.floats(0.05, 20), st.floats(0.05, 50))


# --- a survival curve


@modest
@given(st.floats(0.0, 0.95), st.integers(1, 40), st.sampled_from(["now", "next"]))
def test_a_constant_curve_with_its_own_tail_is_the_lifetime_of_the_rate(retention_rate, periods, first):
    start = 0 if first == "now" else 1
    curve = retention_rate ** np.arange(start, start + periods, dtype=float)
    found = value.lifetime_of_curve(curve, tail_retention_rate=retention_rate, first=first).iloc[0]
    assert found["expected_lifetime"] == pytest.approx(value.expected_lifetime(retention_rate, first))
    assert found["within_curve"] + found["assumed_beyond_curve"] == pytest.approx(found["expected_lifetime"])


def test_without_a_tail_nothing_counts_beyond_the_curve():
    curves = np.array([[0.9, 0.5], [0.8, 0.0]])
    found = value.lifetime_of_curve(curves, tail_retention_rate=0)
    assert found["expected_lifetime"].tolist() == pytest.approx([1.7, 0.5])
    assert found["assumed_beyond_curve"].tolist() == [0, 0]
    longer = value.lifetime_of_curve(curves, tail_retention_rate=0.5)
    assert longer["assumed_beyond_curve"].tolist() == pytest.approx([0.8, 0.0])
    assert longer["survival_at_end"].tolist() == [0.8, 0.0]


# --- a shifted beta-geometric


@pytest.mark.parametrize(
    ("shape", "year", "published"),
    [(HIGH_END, year, share) for year, share in zip(range(8, 13), (0.460, 0.436, 0.414, 0.395, 0.378), strict=True)],
)
def test_forecasts_of_fader_and_hardie_2007(shape, year, published):
    assert value.sbg_survival(*shape, 12)[year - 1] == pytest.approx(published, abs=5e-4)


def test_observed_survival_of_fader_and_hardie_2007_is_near_the_model():
    for shape, observed in (
        (HIGH_END, [0.869, 0.743, 0.653, 0.593, 0.551, 0.517, 0.491]),
        (REGULAR, [0.631, 0.468, 0.382, 0.326, 0.289, 0.262, 0.241]),
    ):
        assert value.sbg_survival(*shape, 7) == pytest.approx(observed, abs=0.02)


@pytest.mark.parametrize(("first", "published"), [("now", 7.530), ("next", 6.845)])
def test_residual_lifetime_of_fader_and_hardie_2010(first, published):
    # High End after 7 renewals at 10%: n = 8 in the closed form; the next renewal is due at once, or in one period
    found = value.sbg_residual_lifetime(*HIGH_END, 0.10, renewals=7, first=first)
    assert float(found) == pytest.approx(published, abs=5e-4)


@modest
@given(shapes, st.integers(0, 30), st.floats(0.05, 1), st.sampled_from([1, 4]), st.sampled_from(["now", "next"]))
def test_residual_lifetime_is_the_sum_over_the_curve(shape, renewals, discount_rate, periods_per_year, first):
    curve = value.sbg_survival(*shape, 6000, renewals=renewals)
    summed = value.current_value(curve, 1.0, discount_rate, periods_per_year, first)
    found = value.sbg_residual_lifetime(*shape, discount_rate, renewals, periods_per_year, first)
    assert float(found) == pytest.approx(float(summed), rel=1e-9)


@modest
@given(shapes, st.integers(0, 20), st.integers(1, 30))
def test_renewals_made_are_added_to_beta(shape, renewals, periods):
    whole = value.sbg_survival(*shape, renewals + periods, first="now")
    rest = value.sbg_survival(*shape, periods, renewals=renewals, first="now")
    assert rest == pytest.approx(whole[renewals : renewals + periods] / whole[renewals], rel=1e-9)


def test_retention_rises_with_tenure_though_nobody_changes():
    curve = value.sbg_survival(*HIGH_END, 8, first="now")
    periods = np.arange(1, 8)
    assert curve[1:] / curve[:-1] == pytest.approx(
        (HIGH_END[1] + periods - 1) / (sum(HIGH_END) + periods - 1)
    )  # fmt: skip
    by_renewals = value.sbg_residual_lifetime(*HIGH_END, 0.10, renewals=np.arange(8))
    assert (np.diff(by_renewals) > 0).all()


def test_without_discounting_it_is_the_mean_of_simulated_customers():
    random = np.random.default_rng(5)
    renewals = random.geometric(random.beta(4, 6, 400_000)) - 1
    mean, error = renewals.mean(), renewals.std() / np.sqrt(len(renewals))
    assert float(value.sbg_residual_lifetime(4, 6, 0)) == pytest.approx(mean, abs=4 * error)
    stayed = renewals[renewals >= 2] - 2
    assert float(value.sbg_residual_lifetime(4, 6, 0, renewals=2)) == pytest.approx(stayed.mean(), rel=0.02)
    # one rate for all, that of the first period, understates those who have stayed
    assert value.expected_lifetime(0.6) < 0.6 * stayed.mean()


def test_an_infinite_mean_is_said_in_a_sentence():
    with pytest.raises(CvmError, match=r"alpha = 0.668, the expected lifetime of this sBG model is infinite") as caught:
        value.sbg_residual_lifetime(*HIGH_END, 0.0)
    assert caught.value.key == "value.endless_sbg"
    # the sum grows without end, and a little discounting gives it one
    lengths = [value.sbg_survival(*HIGH_END, periods).sum() for periods in (100, 10_000, 100_000)]
    assert lengths[1] > 4 * lengths[0] and lengths[2] > 2 * lengths[1]
    assert float(value.sbg_residual_lifetime(*HIGH_END, 1e-4)) > 100


def test_small_rates_are_computed_too():
    # scipy's hypergeometric function is not; mpmath says 3333.7212206804893
    found = value.sbg_residual_lifetime(0.31194478899925715, 4.3524650080269, 0.00014420889842077243, renewals=378)
    assert float(found) == pytest.approx(3333.7212206804893, rel=1e-10)


# --- a model of buying


def buyers(customers: int, ageing: bool, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw summaries of two years, and the true years that each customer still goes on buying, within three.

    Customers leave at any moment. If ``ageing``, frequent buyers stay longer and leaving grows likelier with age:
    no model of the family says so.
    """
    random = np.random.default_rng(seed)
    if ageing:
        keen = random.normal(size=customers)
        rate, lifetime = np.exp(-3.5 + 0.8 * keen), 900 * np.exp(0.3 * keen) * random.weibull(1.5, customers)
    else:
        rate = random.gamma(1.2, 1 / 10.58, customers) / 7
        lifetime = random.exponential(7 / random.gamma(1.606, 1 / 80.67, customers))
    age = random.integers(365, 731, customers)
    active = np.minimum(lifetime, age)
    frequency = random.poisson(rate * active)
    recency = np.where(frequency > 0, np.ceil(active * random.beta(np.maximum(frequency, 1), 1)), 0)
    ids = np.arange(customers).astype(str)
    drawn = pd.DataFrame({"customer_id": ids, "frequency": frequency, "recency": recency, "age": age})
    return drawn, np.clip(lifetime - age, 0, 3 * 365) / 365


@pytest.mark.parametrize(("ageing", "mean_within", "better"), [(False, 0.06, 0.75), (True, 0.6, 0.75)])
def test_years_of_buyers_beat_the_rule_of_three_gaps(ageing, mean_within, better):
    drawn, truth = buyers(8000, ageing, seed=7)
    found = value.lifetime_of_buyers(drawn, fit_pareto_nbd(drawn), years=3)["expected_years"]
    rival = value.lifetime_of_buyers(drawn, fit_gap_rule(drawn), years=3)["expected_years"]
    assert found.mean() == pytest.approx(truth.mean(), rel=mean_within)
    assert np.mean((found - truth) ** 2) < better * np.mean((rival - truth) ** 2)


def test_purchases_of_an_active_year_times_the_years_are_the_expected_purchases():
    customers = pd.DataFrame({
        "customer_id": list("abc"), "frequency": [9, 0, 40], "recency": [270, 0, 300], "age": [280, 100, 600],
    })  # fmt: skip
    for model in (PUBLISHED, ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669)):
        found = value.lifetime_of_buyers(customers, model, years=4)
        daily = model.expected_purchases(customers, 1) / found["p_alive"]
        assert (daily * 365 * found["expected_years"]).tolist() == pytest.approx(found["expected_orders"].tolist())
        assert (found["years_if_active"] <= 4).all() and (found["years_if_active"] > 0).all()
        assert (found["p_alive"] * found["years_if_active"]).tolist() == pytest.approx(found["expected_years"].tolist())


def test_payments_by_contract_follow_the_sbg():
    customers = pd.DataFrame({"customer_id": ["a"], "frequency": [7], "recency": [2557], "age": [2557]})
    rule = PaymentRule(months=12, a=HIGH_END[0], b=HIGH_END[1])
    found = value.lifetime_of_buyers(customers, rule, years=20.1).iloc[0]
    assert found["expected_orders"] == pytest.approx(0.98 * value.sbg_survival(*HIGH_END, 20, renewals=7).sum())
    assert found["expected_years"] == pytest.approx(found["expected_orders"], rel=0.001)


def test_who_is_silent_for_more_than_three_gaps_has_no_years_left():
    customers = pd.DataFrame({"customer_id": ["a", "b"], "frequency": [9, 9], "recency": [270, 270], "age": [290, 600]})
    found = value.lifetime_of_buyers(customers, GapRule(usual_gap=30), years=2)
    assert found["expected_years"].tolist() == pytest.approx([0.95 * 2, 0])


ONE = pd.DataFrame({"customer_id": ["a"], "frequency": [3], "recency": [200], "age": [250]})


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda: value.lifetime_of_curve([0.8, 0.9], tail_retention_rate=0.5), "value.survival_rises"),
        (lambda: value.lifetime_of_curve([], tail_retention_rate=0.5), "value.no_periods"),
        (lambda: value.lifetime_of_curve([0.8], tail_retention_rate=1), "value.endless_lifetime"),
        (lambda: value.lifetime_of_curve([1.8], tail_retention_rate=0), "checking.out_of_range"),
        (lambda: value.sbg_survival(0, 1, 5), "checking.out_of_range"),
        (lambda: value.sbg_survival(1, 1, 0), "checking.not_whole_between"),
        (lambda: value.sbg_residual_lifetime(1, 1, 0.1, renewals=-1), "checking.out_of_range"),
        (lambda: value.sbg_residual_lifetime(1, 1, -0.1), "value.endless_sbg_rate"),
        (lambda: value.sbg_residual_lifetime(1, 1, -1), "checking.not_above"),
        (lambda: value.sbg_residual_lifetime(1, 1, 0), "value.endless_sbg"),
        (lambda: value.lifetime_of_buyers(ONE, PUBLISHED, years=0), "checking.out_of_range"),
        (lambda: value.lifetime_of_buyers(ONE.drop(columns="customer_id"), PUBLISHED), "tables.missing_column"),
        (lambda: value.lifetime_of_buyers(ONE.iloc[:0], PUBLISHED), "tables.no_rows"),
    ],
)
def test_bad_figures(call, key):
    with pytest.raises(CvmError) as caught:
        call()
    assert caught.value.key == key
    assert str(caught.value)


def test_a_parameter_of_the_sbg_is_called_so():
    with pytest.raises(CvmError, match=r"first shape of the sBG model \(alpha\) is -2"):
        value.sbg_survival(-2, 1, 5)

"""The textbook's rule beside the expected present value, and margins that grow: identities, truth and bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import value
from cvmlab.core.words import CvmError

modest = settings(max_examples=60, deadline=None)
discounts = st.floats(0.01, 1.0)
firsts = st.sampled_from(["now", "next"])


def test_the_rule_the_annuity_and_the_expected_present_value_side_by_side():
    # S09: first margin after one period, r = .8 and .9 at 10%; the multiples are Gupta & Lehmann's (2003)
    found = value.compare_present_values(1, [0.8, 0.9], discount_rate=0.1)
    assert found["annuity_value"].tolist() == pytest.approx([3.170, 5.759], abs=5e-4)
    assert found["textbook_value"].tolist() == pytest.approx(found["annuity_value"].tolist())
    assert found["expected_present_value"].tolist() == pytest.approx([2.667, 4.5], abs=5e-4)
    assert found["error_share"].tolist() == pytest.approx([0.19, 0.28], abs=0.005)
    assert found["expected_lifetime"].tolist() == pytest.approx([4, 9])


def test_whole_lifetimes_give_the_payments_one_by_one():
    found = value.compare_present_values(50, 0.8, discount_rate=0.1, first="now").iloc[0]
    assert found["expected_lifetime"] == pytest.approx(5)
    assert found["annuity_value"] == pytest.approx(float(value.present_value([50] * 5, 0.1, first="now")))
    assert found["overall_discount_rate"] == pytest.approx(np.mean(1.1 ** -np.arange(5.0)))


@modest
@given(st.floats(0.02, 0.98), discounts, st.sampled_from([1, 4, 12]), firsts, st.floats(-1e6, 1e6))
def test_the_table_repeats_the_single_figures(retention_rate, discount_rate, periods_per_year, first, profit):
    how = {"discount_rate": discount_rate, "periods_per_year": periods_per_year, "first": first}
    row = value.compare_present_values(profit, retention_rate, **how).iloc[0]
    lifetime = value.expected_lifetime(retention_rate, first)
    rule = value.textbook_current_value(profit, lifetime, **how)
    assert row["textbook_value"] == pytest.approx(rule)
    assert row["textbook_value"] == pytest.approx(profit * row["expected_lifetime"] * row["overall_discount_rate"])
    assert row["expected_present_value"] == pytest.approx(profit * value.margin_multiple(retention_rate, **how))
    overstatement = value.overstatement_of_textbook_rule(retention_rate, **how)
    assert row["error_share"] == pytest.approx(overstatement) and row["error_share"] > -1e-9
    assert row["error"] == pytest.approx(row["textbook_value"] - row["expected_present_value"], abs=1e-6)


def test_another_reading_of_the_overall_rate_leaves_the_annuity_alone():
    found = value.compare_present_values(100, 0.8, discount_rate=0.1, overall_discount_rate=1.1**-4).iloc[0]
    assert found["textbook_value"] == pytest.approx(400 * 1.1**-4)
    assert found["annuity_value"] == pytest.approx(316.99, abs=0.01)
    assert found["error_share"] == pytest.approx(400 * 1.1**-4 / 266.667 - 1, abs=1e-4)


@pytest.mark.parametrize("profit", [0.0, -40.0])
def test_a_profit_of_zero_or_less_has_an_error_share_too(profit):
    row = value.compare_present_values(profit, 0.8, discount_rate=0.1).iloc[0]
    assert row["error_share"] == pytest.approx(0.19, abs=0.005)
    assert row["error"] == pytest.approx(profit * 0.503, abs=0.05)


def test_the_error_is_that_of_simulated_customers():
    random = np.random.default_rng(3)
    customers = 200_000
    profits = random.geometric(0.1, customers) - 1
    factors = np.concatenate(([0.0], np.cumsum(1.1 ** -np.arange(1.0, profits.max() + 1))))
    realised = factors[profits]
    row = value.compare_present_values(1, 0.9, discount_rate=0.1).iloc[0]
    slack = 4 * realised.std() / np.sqrt(customers)
    assert realised.mean() == pytest.approx(row["expected_present_value"], abs=slack)
    assert profits.mean() == pytest.approx(row["expected_lifetime"], rel=0.01)
    assert row["textbook_value"] > realised.mean() + 100 * slack / 4


# --- margins that grow


def test_growing_margins_have_the_closed_form():
    assert value.margin_multiple(0.8, 0.1, margin_growth=0.05) == pytest.approx(0.84 / (1.1 - 0.84))
    assert value.margin_multiple(0.8, 0.1, first="now", margin_growth=0.05) == pytest.approx(1.1 / (1.1 - 0.84))


@modest
@given(st.floats(0.0, 0.9), discounts, firsts, st.floats(-1, 0.05))
def test_the_closed_form_is_the_sum_of_grown_margins(retention_rate, discount_rate, first, growth):
    periods = np.arange(0 if first == "now" else 1, 400.0)
    summed = value.current_value(retention_rate**periods, 20 * (1 + growth) ** periods, discount_rate, first=first)
    multiple = value.margin_multiple(retention_rate, discount_rate, first=first, margin_growth=growth)
    assert 20 * multiple == pytest.approx(float(summed), rel=1e-8)


@modest
@given(st.floats(0.05, 0.9), discounts, firsts, st.floats(-0.5, 0.09))
def test_elasticity_of_growing_margins_is_the_slope_of_the_logarithms(retention_rate, discount_rate, first, growth):
    how = {"discount_rate": discount_rate, "first": first, "margin_growth": growth}
    up, down = (np.log(value.margin_multiple(retention_rate * np.exp(sign * 1e-6), **how)) for sign in (1, -1))
    assert value.elasticity_of_multiple(retention_rate, **how) == pytest.approx((up - down) / 2e-6, rel=1e-4)


def test_where_growing_margins_stop_converging_is_said():
    with pytest.raises(CvmError, match=r"retention rate of 0.9, margins that grow by 0.25 .* is infinite") as caught:
        value.margin_multiple(0.9, 0.1, margin_growth=0.25)
    assert caught.value.key == "value.endless_growth"
    # the limit itself: .88 · 1.25 = 1.1
    with pytest.raises(CvmError):
        value.margin_multiple(np.array([0.2, 0.88]), 0.1, margin_growth=0.25)
    assert value.margin_multiple(0.87, 0.1, margin_growth=0.25) > 80
    # growth makes a perpetuity out of certain retention only below the discount rate (Gordon)
    assert value.margin_multiple(1.0, 0.1, margin_growth=0.05) == pytest.approx(1.05 / 0.05)


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda: value.compare_present_values(100, 1.0, 0.1), "value.endless_lifetime"),
        (lambda: value.compare_present_values(100, [0.8, 0.0], 0.1), "checking.out_of_range"),
        (lambda: value.compare_present_values(100, [0.8, np.nan], 0.1), "guarding.array_figure"),
        (lambda: value.compare_present_values(np.inf, 0.8, 0.1), "guarding.needs"),
        (lambda: value.compare_present_values(100, 0.8, -1), "checking.not_above"),
        (lambda: value.compare_present_values(100, 0.8, -0.3), "value.endless_value"),
        (lambda: value.compare_present_values(100, 0.8, 0.1, overall_discount_rate=-1), "checking.too_small"),
        (lambda: value.margin_multiple(0.8, 0.1, margin_growth=-1.1), "checking.too_small"),
        (lambda: value.textbook_current_value(100, np.inf, 0.1), "guarding.needs"),
        (lambda: value.textbook_current_value(100, -1, 0.1), "checking.too_small"),
    ],
)
def test_bad_figures(call, key):
    with pytest.raises(CvmError) as caught:
        call()
    assert caught.value.key == key
    assert str(caught.value)


def test_a_lifetime_of_zero_is_worth_nothing():
    assert value.textbook_current_value(100, 0, 0.1) == 0

"""Current value: published figures, identities, the truth of simulated customers, and bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import value
from cvmlab.core.words import CvmError

rates = st.floats(0.0, 0.95)
discounts = st.floats(0.01, 1.0)
firsts = st.sampled_from(["now", "next"])
modest = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize(
    ("retention_rate", "by_discount_rate"),
    [
        (0.8, {0.10: 2.67, 0.12: 2.50, 0.14: 2.35, 0.16: 2.22}),
        (0.9, {0.10: 4.50, 0.12: 4.09, 0.14: 3.75, 0.16: 3.46}),
    ],
)
def test_margin_multiples_of_gupta_and_lehmann_2003(retention_rate, by_discount_rate):
    for discount_rate, published in by_discount_rate.items():
        assert round(value.margin_multiple(retention_rate, discount_rate), 2) == published


@pytest.mark.parametrize(
    ("before", "after", "first", "rise"),
    [(0.80, 0.85, "next", 0.275), (0.80, 0.85, "now", 0.200), (0.90, 0.95, "next", 0.407),
     (0.80, 0.81, "next", 0.047)],
)  # fmt: skip
def test_five_points_of_retention_are_a_range_of_cases_not_a_law(before, after, first, rise):
    # Reichheld & Sasser (1990) report 25–85%; at 10% the constant-retention model gives these.
    ratio = value.margin_multiple(after, 0.1, first=first) / value.margin_multiple(before, 0.1, first=first)
    assert ratio - 1 == pytest.approx(rise, abs=0.0006)


def test_an_annuity_at_the_expected_lifetime_overstates():
    assert value.textbook_current_value(1, value.expected_lifetime(0.8), 0.1) == pytest.approx(3.170, abs=5e-4)
    assert value.margin_multiple(0.8, 0.1) == pytest.approx(2.667, abs=5e-4)
    assert value.overstatement_of_textbook_rule(0.8, 0.1) == pytest.approx(0.19, abs=0.005)
    assert value.overstatement_of_textbook_rule(0.9, 0.1) == pytest.approx(0.28, abs=0.005)


@modest
@given(st.floats(0.05, 0.97), discounts, firsts)
def test_the_textbook_rule_never_understates_at_a_constant_retention_rate(retention_rate, discount_rate, first):
    assert value.overstatement_of_textbook_rule(retention_rate, discount_rate, first=first) > -1e-9


@modest
@given(rates, discounts, st.sampled_from([1, 4, 12]))
def test_now_adds_exactly_one(retention_rate, discount_rate, periods_per_year):
    following = value.margin_multiple(retention_rate, discount_rate, periods_per_year)
    assert value.margin_multiple(retention_rate, discount_rate, periods_per_year, first="now") == following + 1


@modest
@given(st.floats(0.05, 0.95), discounts, firsts)
def test_elasticity_is_the_slope_of_the_logarithms(retention_rate, discount_rate, first):
    step = 1e-6
    up, down = (
        np.log(value.margin_multiple(retention_rate * np.exp(sign * step), discount_rate, first=first))
        for sign in (1, -1)
    )
    found = value.elasticity_of_multiple(retention_rate, discount_rate, first=first)
    assert found == pytest.approx((up - down) / (2 * step), rel=1e-4)


@modest
@given(rates, discounts, firsts)
def test_survival_with_constant_retention_gives_the_multiple(retention_rate, discount_rate, first):
    start = 0 if first == "now" else 1
    survival = retention_rate ** np.arange(start, start + 2000.0)
    found = value.current_value(survival, 1.0, discount_rate, first=first)
    assert float(found) == pytest.approx(value.margin_multiple(retention_rate, discount_rate, first=first))


def test_arrays_and_numbers_give_the_same():
    rates = np.array([0.2, 0.8])
    assert value.margin_multiple(rates, 0.1).tolist() == [value.margin_multiple(r, 0.1) for r in (0.2, 0.8)]
    assert isinstance(value.margin_multiple(0.8, 0.1), float)


def test_current_value_is_the_mean_of_simulated_customers():
    random = np.random.default_rng(7)
    customers, periods, discount_rate, margin = 200_000, 120, 0.1, 40.0
    stays = np.array([0.7, 0.8, 0.9])[random.integers(0, 3, customers)]
    profits = random.geometric(1 - stays) - 1
    factors = np.concatenate(([0.0], np.cumsum(1.1 ** -np.arange(1.0, periods + 1))))
    realised = margin * factors[np.minimum(profits, periods)]
    survival = np.mean([r ** np.arange(1.0, periods + 1) for r in (0.7, 0.8, 0.9)], axis=0)
    expected = float(value.current_value(survival, margin, discount_rate))
    assert realised.mean() == pytest.approx(expected, abs=4 * realised.std() / np.sqrt(customers))
    # One rate for customers who differ, chosen to fit the first period, is too low.
    assert margin * value.margin_multiple(0.8, discount_rate) < 0.97 * expected


def test_value_without_a_contract_is_the_mean_of_simulated_buyers():
    random = np.random.default_rng(11)
    customers, periods, rate, leaves, profit = 100_000, 36, 0.6, 0.05, 25.0
    alive_until = random.geometric(leaves, customers) - 1
    orders = random.poisson(rate, (periods, customers)) * (np.arange(periods)[:, None] < alive_until)
    factors = 1.1 ** (-np.arange(1, periods + 1) / 12)
    realised = profit * (factors @ orders)
    expected = rate * (1 - leaves) ** np.arange(1.0, periods + 1)
    found = float(value.current_value_from_purchases(expected, profit, 0.1))
    assert realised.mean() == pytest.approx(found, abs=4 * realised.std() / np.sqrt(customers))


def test_expected_purchases_of_one_year_a_customer():
    orders, profit = np.array([4.0, 0.5]), np.array([10.0, 100.0])
    found = value.current_value_from_purchases(orders[np.newaxis], profit, 0.25, periods_per_year=1)
    assert found.tolist() == pytest.approx([32.0, 40.0])


def test_assumed_profit_is_named_so_and_leaves_the_frame_alone():
    customers = pd.DataFrame({"customer_id": ["1"], "revenue": [-20.0], "orders": [0]})
    found = value.assume_profit(customers, margin=0.5, cost_per_order=3)
    assert found["assumed_profit"].tolist() == [-10.0]
    assert "assumed_profit" not in customers.columns and "profit" not in found.columns


@modest
@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.integers(0, 50)), min_size=1, max_size=20),
       st.floats(0.1, 20))  # fmt: skip
def test_profit_per_order_lies_between_the_customers_and_the_mean_of_all(rows, prior_orders):
    customers = pd.DataFrame(rows, columns=["profit", "orders"])
    own = value.profit_per_order(customers)
    drawn = value.profit_per_order(customers, prior_orders=prior_orders)
    total = customers["orders"].sum()
    mean = customers["profit"].sum() / total if total else 0.0
    bought = customers["orders"].to_numpy() > 0
    low, high = np.minimum(own, mean)[bought], np.maximum(own, mean)[bought]
    slack = 1e-9 * (1 + np.abs(low) + np.abs(high))
    assert ((drawn[bought] >= low - slack) & (drawn[bought] <= high + slack)).all()


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda: value.margin_multiple(1.2, 0.1), "checking.out_of_range"),
        (lambda: value.margin_multiple(-0.1, 0.1), "checking.out_of_range"),
        (lambda: value.margin_multiple(np.nan, 0.1), "guarding.needs"),
        (lambda: value.margin_multiple(0.8, -1), "checking.not_above"),
        (lambda: value.margin_multiple(1.0, 0.0), "value.endless_value"),
        (lambda: value.margin_multiple(0.9, -0.2), "value.endless_value"),
        (lambda: value.margin_multiple(0.8, 0.1, first="soon"), "guarding.needs"),
        (lambda: value.expected_lifetime(1.0), "value.endless_lifetime"),
        (lambda: value.overstatement_of_textbook_rule(0.0, 0.1), "checking.out_of_range"),
        (lambda: value.textbook_current_value(np.nan, 4, 0.1), "guarding.needs"),
        (lambda: value.current_value([0.8, 0.9], 1, 0.1), "value.survival_rises"),
        (lambda: value.current_value([1.1], 1, 0.1), "checking.out_of_range"),
        (lambda: value.current_value([], 1, 0.1), "value.no_periods"),
        (lambda: value.current_value(np.ones((2, 3)), np.ones(4), 0.1), "value.shapes_differ"),
        (lambda: value.current_value_from_purchases([-1.0], 1, 0.1), "checking.too_small"),
        (lambda: value.current_value_from_purchases([1.0], np.inf, 0.1), "guarding.needs"),
    ],
)
def test_bad_figures(call, key):
    with pytest.raises(CvmError) as caught:
        call()
    assert caught.value.key == key
    assert str(caught.value)


def test_nobody_has_no_value_and_no_lifetime():
    for figure in (value.expected_lifetime([]), value.margin_multiple([], 0.1), value.elasticity_of_multiple([], 0.1)):
        assert np.shape(figure) == (0,)


def test_a_rise_of_survival_is_told_with_its_period():
    with pytest.raises(CvmError, match=r"rises from 0.5 to 0.6 in period 3"):
        value.current_value([[0.9, 0.9], [0.5, 0.5], [0.4, 0.6]], 1, 0.1)


@pytest.mark.parametrize(
    ("margin", "frame", "key"),
    [
        (1.2, {"revenue": [1.0], "orders": [1]}, "checking.out_of_range"),
        (0.2, {"orders": [1]}, "tables.missing_column"),
        (0.2, {"revenue": [np.nan], "orders": [1]}, "tables.missing_values"),
        (0.2, {"revenue": [], "orders": []}, "tables.no_rows"),
    ],
)
def test_bad_customers(margin, frame, key):
    with pytest.raises(CvmError) as caught:
        value.assume_profit(pd.DataFrame(frame), margin)
    assert caught.value.key == key

"""Growth potential and its sources: what they may never do (S10), and bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab.core.words import CvmError
from cvmlab.worth.value import cross_buying, growth_potential, headroom, referral_value, up_buying

modest = settings(max_examples=50, deadline=None)

wallets = st.lists(st.tuples(st.floats(1, 1e6), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20)


def with_wallets(rows):
    frame = pd.DataFrame(rows, columns=["wallet", "share", "relationship_level"])
    return frame.assign(
        customer_id=[str(row) for row in range(len(rows))], value_per_year=frame["wallet"] * frame["share"]
    )


@modest
@given(wallets)
def test_no_potential_at_full_share_and_none_beyond_the_wallet(rows):
    customers = with_wallets(rows)
    full = growth_potential(customers.assign(value_per_year=customers["wallet"]), margin=0.3)
    assert (full["growth_potential"] == 0).all()
    found = growth_potential(customers, margin=0.3, years=1, discount_rate=0)
    left = 0.3 * (customers["wallet"] - customers["value_per_year"])
    assert (found["growth_potential"] <= left + 1e-6).all()


@modest
@given(wallets, st.floats(0, 0.6))
def test_likelihood_falls_with_share_and_rises_with_the_level(rows, neutral_level):
    customers = with_wallets(rows)
    here = growth_potential(customers, margin=0.3, neutral_level=neutral_level)["assumed_likelihood"]
    warmer = customers.assign(relationship_level=(customers["relationship_level"] + 0.1).clip(upper=1))
    warm = growth_potential(warmer, margin=0.3, neutral_level=neutral_level)["assumed_likelihood"]
    assert (warm >= here - 1e-12).all()
    friends = customers.assign(relationship_level=1.0)
    smaller = friends.assign(value_per_year=friends["value_per_year"] / 2)
    few, many = (
        growth_potential(each, margin=0.3, neutral_level=neutral_level)["assumed_likelihood"]
        for each in (smaller, friends)
    )
    assert (few >= many - 1e-12).all()


def test_the_cost_of_the_strategy_comes_off_and_what_does_not_pay_is_not_begun():
    customers = with_wallets([(1000.0, 0.5, 1.0)])
    for strategy_cost, left in ((0, 75), (30, 45), (80, 0)):
        found = growth_potential(customers, margin=0.3, years=1, discount_rate=0, strategy_cost=strategy_cost)
        assert found["growth_potential"].tolist() == pytest.approx([left])


def test_a_measured_likelihood_replaces_the_assumed_one():
    customers = with_wallets([(1000.0, 0.5, 0.2)]).assign(measured=0.1)
    found = growth_potential(customers, margin=1, years=1, discount_rate=0.25, likelihood="measured")
    assert found["extra_revenue"].tolist() == pytest.approx([50])
    assert found["growth_potential"].tolist() == pytest.approx([40])


def test_a_low_level_may_cut_the_share():
    customers = pd.DataFrame({
        "customer_id": ["1"], "wallet": [1000.0], "value_per_year": [400.0], "relationship_level": [0.1]
    })  # fmt: skip
    found = growth_potential(customers, margin=0.3, neutral_level=0.4)
    assert found["extra_revenue"].tolist() == pytest.approx([-0.75 * 400])
    assert found["growth_potential"].tolist() == [0.0]


def test_at_full_share_only_growth_of_the_own_business_brings_more():
    customers = pd.DataFrame({
        "customer_id": ["IV"], "wallet": [1000.0], "value_per_year": [1000.0], "relationship_level": [1.0]
    })  # fmt: skip
    found = growth_potential(customers, margin=0.2, years=2, discount_rate=0, wallet_growth=0.1)
    assert found["growth_potential"].tolist() == pytest.approx([0.2 * (100 + 210)])


def test_a_log_cannot_tell_two_wallets_apart():
    customers = pd.DataFrame({
        "customer_id": list("abc"), "revenue": [100.0, 100.0, 900.0], "orders": 2, "age": 365.25,
        "wallet": [110.0, 5000.0, 1000.0], "relationship_level": [0.5] * 3,
    })  # fmt: skip
    found = growth_potential(headroom(customers), margin=0.3)
    assert found["headroom"][0] == found["headroom"][1] > 0
    assert found["growth_potential"][1] > 100 * found["growth_potential"][0]


@pytest.mark.parametrize(
    ("changes", "options", "key"),
    [
        ({"wallet": [50.0]}, {}, "value.more_than_wallet"),
        ({"wallet": [-1.0]}, {}, "checking.below_in_row"),
        ({"relationship_level": [1.5]}, {}, "checking.outside_in_row"),
        ({"relationship_level": [np.nan]}, {}, "tables.missing_values"),
        ({}, {"margin": 2}, "checking.out_of_range"),
        ({}, {"years": 0}, "checking.not_whole_between"),
        # not read as one year
        ({}, {"years": 1.9}, "guarding.needs"),
        ({}, {"years": 10**9}, "checking.not_whole_between"),
        ({}, {"discount_rate": -1}, "checking.not_above"),
        ({}, {"likelihood": "chance"}, "tables.missing_column"),
        ({}, {"neutral_level": 1}, "checking.out_of_range"),
    ],
)
def test_bad_input_of_growth_potential(changes, options, key):
    customers = pd.DataFrame({
        "customer_id": ["007"], "wallet": [200.0], "value_per_year": [100.0], "relationship_level": [0.5]
    }).assign(**changes)  # fmt: skip
    with pytest.raises(CvmError) as caught:
        growth_potential(customers, **{"margin": 0.3, **options})
    assert caught.value.key == key
    assert str(caught.value)


# --- up-buying by its size


@modest
@given(wallets, st.floats(0, 0.6), st.floats(-0.2, 0.2))
def test_with_the_same_wallet_a_friend_with_a_smaller_share_has_more_to_buy(rows, neutral_level, wallet_growth):
    friends = with_wallets(rows).assign(relationship_level=0.9)
    few, many = (
        up_buying(each, margin=0.3, neutral_level=neutral_level, wallet_growth=wallet_growth)
        for each in (friends.assign(value_per_year=friends["value_per_year"] / 2), friends)
    )
    assert (few["up_buying"] >= many["up_buying"] - 1e-6).all()
    assert (few["share_of_wallet"] <= many["share_of_wallet"] + 1e-12).all()


def test_what_is_bought_more_grows_with_the_customers_business():
    customers = with_wallets([(1000.0, 0.5, 1.0)])
    found = up_buying(customers, margin=0.2, years=2, discount_rate=0, wallet_growth=0.1)
    assert found["up_buying"].tolist() == pytest.approx([0.2 * 250 * (1.1 + 1.21)])
    assert found["growth_of_business"].tolist() == pytest.approx([0.2 * 500 * (0.1 + 0.21)])


def test_at_full_share_there_is_no_up_buying_but_the_own_business_may_grow():
    customers = with_wallets([(1000.0, 1.0, 1.0), (1000.0, 1.0, 0.0)])
    found = up_buying(customers, margin=0.2, neutral_level=0.5, wallet_growth=0.1)
    # where the relationship is cool, what is ours can be lost
    assert found["up_buying"][0] == 0 > found["up_buying"][1]
    assert (found["growth_of_business"] > 0).all()


def test_a_strategy_is_not_paid_for_with_growth_that_comes_without_it():
    customers = with_wallets([(1000.0, 1.0, 1.0)])
    plan = {"margin": 0.2, "years": 2, "discount_rate": 0, "strategy_cost": 30}
    assert growth_potential(customers, wallet_growth=0.1, **plan)["growth_potential"].tolist() == pytest.approx([62])
    assert growth_potential(customers, wallet_growth=-0.1, **plan)["growth_potential"].tolist() == [0]


@pytest.mark.parametrize(("first", "chances"), [("next", 0.5 / 1.25 + 0.25 / 1.25**2), ("now", 1 + 0.5 / 1.25)])
def test_each_year_counts_as_far_as_the_customer_is_still_there(first, chances):
    customers = with_all([(1000.0, 0.5, 1.0)], [1.0, 1.0, 1.0, 50.0, 0.0]).assign(stays=0.5)
    found = growth_potential(
        customers, margin=0.2, cross_margin=0.1, years=2, discount_rate=0.25, first=first, retention_rate="stays"
    )
    sources = found[["up_buying", "cross_buying", "referral"]].iloc[0]
    assert sources.tolist() == pytest.approx([0.2 * 250 * chances, 0.1 * 150 * chances, 50 * chances])


def test_a_measured_likelihood_is_not_called_assumed():
    customers = with_wallets([(1000.0, 0.5, 0.2)]).assign(measured=0.1)
    assert "assumed_likelihood" not in up_buying(customers, margin=1, likelihood="measured").columns
    products = customers.assign(products_not_bought=2, revenue_per_product=100.0)
    found = cross_buying(products, margin=1, years=1, discount_rate=0, likelihood="measured")
    assert "assumed_cross_likelihood" not in found.columns
    assert found["cross_likelihood"].tolist() == pytest.approx([0.19])
    assert found["cross_buying"].tolist() == pytest.approx([20])


# --- cross-buying and referral

needs = st.lists(st.tuples(st.integers(0, 12), st.floats(0, 1e5), st.floats(0, 1)), min_size=1, max_size=20)


def with_needs(rows):
    return pd.DataFrame(rows, columns=["products_not_bought", "revenue_per_product", "relationship_level"])


@modest
@given(needs, st.floats(0, 0.6))
def test_cross_buying_rises_with_products_needed_and_with_the_level(rows, neutral_level):
    customers = with_needs(rows)
    how = {"margin": 0.3, "neutral_level": neutral_level}
    here = cross_buying(customers, **how)
    broader = cross_buying(customers.assign(products_not_bought=customers["products_not_bought"] + 1), **how)
    level = (customers["relationship_level"] + 0.1).clip(upper=1)
    warmer = cross_buying(customers.assign(relationship_level=level), **how)
    for more in (broader, warmer):
        for column in ("assumed_cross_likelihood", "cross_revenue", "cross_buying"):
            assert (more[column] >= here[column] - 1e-9).all()
    assert here["assumed_cross_likelihood"].between(0, 1).all()
    needs_nothing = cross_buying(customers.assign(products_not_bought=0), **how)
    assert (needs_nothing["cross_buying"] == 0).all()
    ceiling = here["products_not_bought"] * here["revenue_per_product"]
    assert (here["cross_revenue"] <= ceiling * (1 + 1e-12)).all()


def test_the_expected_products_are_those_of_simulated_customers():
    random = np.random.default_rng(2)
    taken = (random.random((100_000, 4)) < 0.3).sum(axis=1)
    customers = pd.DataFrame({"products_not_bought": [4], "revenue_per_product": 10.0, "relationship_level": 0.3})
    found = cross_buying(customers, margin=1, years=1, discount_rate=0).iloc[0]
    assert found["assumed_cross_likelihood"] == pytest.approx((taken > 0).mean(), abs=0.01)
    assert found["cross_revenue"] == pytest.approx(10 * taken.mean(), rel=0.02)


referrers = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0, 20), st.floats(0, 1), st.floats(0, 1e3), st.floats(0, 1e4)),
    min_size=1, max_size=20,
)  # fmt: skip
REFERRAL = ["chance_of_stability", "referrals_per_year", "share_anyway", "acquisition_cost", "referred_value"]


@modest
@given(referrers)
def test_referral_rises_with_the_chance_to_reach_stability(rows):
    customers = pd.DataFrame(rows, columns=REFERRAL)
    here = referral_value(customers)["referral"]
    likelier = customers.assign(chance_of_stability=(customers["chance_of_stability"] + 0.1).clip(upper=1))
    assert (referral_value(likelier)["referral"] >= here - 1e-6).all()
    assert (referral_value(customers.assign(chance_of_stability=0.0))["referral"] == 0).all()


@modest
@given(referrers)
def test_where_the_referred_are_in_the_total_only_the_saved_cost_counts(rows):
    customers = pd.DataFrame(rows, columns=REFERRAL)
    alone, together = referral_value(customers), referral_value(customers, referred_in_total=True)
    assert together["referral"].tolist() == alone["referral_saved_cost"].tolist()
    assert alone["referral"].tolist() == pytest.approx(
        (together["referral"] + together["referral_new_value"]).tolist()
    )  # fmt: skip
    # what a referred customer is worth does not change a total in which that customer stands already
    dearer = referral_value(customers.assign(referred_value=customers["referred_value"] * 2), referred_in_total=True)
    assert dearer["referral"].tolist() == together["referral"].tolist()


def test_those_who_would_have_come_anyway_are_worth_the_acquisition_cost_saved():
    customers = pd.DataFrame([(1.0, 1.0, 1.0, 50.0, 400.0), (1.0, 1.0, 0.0, 50.0, 400.0)], columns=REFERRAL)
    found = referral_value(customers, years=2, discount_rate=0.25)
    assert found["referral"].tolist() == pytest.approx([50 * 1.44, 400 * 1.44])


# --- the sum


def with_all(rows, other):
    frame = with_wallets(rows)
    return frame.assign(
        products_not_bought=3, revenue_per_product=50.0, **dict(zip(REFERRAL, other, strict=True))
    )  # fmt: skip


@modest
@given(wallets, st.tuples(*[st.floats(0, 1)] * 5), st.floats(0, 500), st.floats(0, 0.5))
def test_growth_potential_is_the_sum_of_its_sources_less_the_cost(rows, other, strategy_cost, neutral_level):
    customers = with_all(rows, other)
    how = {"margin": 0.3, "neutral_level": neutral_level}
    found = growth_potential(customers, strategy_cost=strategy_cost, **how)
    total = found[["up_buying", "growth_of_business", "cross_buying", "referral"]].sum(axis=1)
    assert found["growth_potential"].tolist() == pytest.approx((total - strategy_cost).clip(lower=0).tolist())
    assert found["up_buying"].tolist() == up_buying(customers, **how)["up_buying"].tolist()
    assert found["cross_buying"].tolist() == cross_buying(customers, **how)["cross_buying"].tolist()
    assert found["referral"].tolist() == referral_value(customers)["referral"].tolist()


def test_a_source_that_the_table_does_not_know_has_no_column():
    customers = with_wallets([(1000.0, 0.5, 0.5)])
    found = growth_potential(customers, margin=0.3)
    assert not {"cross_buying", "referral"} & set(found.columns)
    assert "cross_buying" in growth_potential(with_all([(1000.0, 0.5, 0.5)], [0.5] * 5), margin=0.3).columns
    with pytest.raises(CvmError, match="no column 'revenue_per_product'"):
        growth_potential(customers.assign(products_not_bought=2), margin=0.3)
    with pytest.raises(CvmError, match="no column 'chance_of_stability'"):
        growth_potential(customers.assign(referrals_per_year=2.0), margin=0.3)


def test_one_customer_and_the_callers_frame():
    customers = with_all([(1000.0, 0.5, 0.5)], [0.5] * 5)
    before = customers.copy()
    assert len(growth_potential(customers, margin=0.3)) == 1
    assert customers.equals(before)


@pytest.mark.parametrize(
    ("call", "changes", "key"),
    [
        (cross_buying, {"products_not_bought": [-1]}, "checking.below_in_row"),
        (cross_buying, {"revenue_per_product": [np.nan]}, "tables.missing_values"),
        (cross_buying, {"relationship_level": [2.0]}, "checking.outside_in_row"),
        (referral_value, {"chance_of_stability": [1.1]}, "checking.outside_in_row"),
        (referral_value, {"share_anyway": [-0.1]}, "checking.outside_in_row"),
        (referral_value, {"acquisition_cost": [-5.0]}, "checking.below_in_row"),
        (referral_value, {"referred_value": ["much"]}, "tables.wrong_type"),
    ],
)
def test_bad_input_of_a_source(call, changes, key):
    customers = with_all([(1000.0, 0.5, 0.5)], [0.5] * 5).assign(**changes)
    with pytest.raises(CvmError) as caught:
        call(customers, **({"margin": 0.3} if call is cross_buying else {}))
    assert caught.value.key == key


@pytest.mark.parametrize("missing", REFERRAL)
def test_a_missing_column_of_referral_is_named(missing):
    customers = pd.DataFrame([(0.5, 1.0, 0.5, 50.0, 400.0)], columns=REFERRAL)
    with pytest.raises(CvmError, match=f"no column '{missing}'"):
        referral_value(customers.drop(columns=missing))

"""Headroom and growth potential: what they may never do, and bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab.core.words import CvmError
from cvmlab.worth.value import growth_potential, headroom
from cvmlab.worth.value.potential import bands_for

modest = settings(max_examples=50, deadline=None)

logs = st.lists(
    st.tuples(st.floats(-1e3, 1e5).map(lambda x: round(x, 2)), st.integers(0, 60), st.integers(0, 1500),
              st.integers(1, 8)),
    min_size=1,
    max_size=40,
)  # fmt: skip


def customers_from(rows):
    return pd.DataFrame(rows, columns=["revenue", "orders", "age", "breadth"]).assign(
        customer_id=[f"{row:03}" for row in range(len(rows))]
    )


@modest
@given(logs, st.booleans(), st.floats(0, 1))
def test_headroom_is_never_negative_and_zero_at_or_above_the_reference(rows, with_breadth, quantile):
    customers = customers_from(rows)
    if not with_breadth:
        customers = customers.drop(columns="breadth")
    found = headroom(customers, reference_quantile=quantile)
    assert (found["headroom"] >= 0).all()
    satisfied = found["value_per_year"] >= found["reference_per_year"]
    assert (found.loc[satisfied, "headroom"] == 0).all()
    below = ~satisfied & (found["reference_per_year"] > 0)
    assert (found.loc[below, "headroom"] > 0).all()
    assert (found["headroom"] <= found["reference_per_year"].clip(lower=0)).all()


@modest
@given(logs, st.randoms())
def test_headroom_does_not_depend_on_the_order_of_rows_nor_on_the_currency(rows, random):
    customers = customers_from(rows)
    found = headroom(customers).set_index("customer_id")["headroom"]
    shuffled = customers.iloc[random.sample(range(len(rows)), len(rows))]
    again = headroom(shuffled.assign(revenue=shuffled["revenue"] * 100)).set_index("customer_id")["headroom"]
    assert np.allclose(again.loc[found.index], found * 100, rtol=1e-9, atol=1e-6)


@modest
@given(logs)
def test_a_higher_reference_leaves_nobody_less_headroom(rows):
    customers = customers_from(rows)
    at_median = headroom(customers, reference_quantile=0.5)["headroom"]
    at_ninth_decile = headroom(customers, reference_quantile=0.9)["headroom"]
    assert (at_ninth_decile >= at_median - 1e-9).all()


def test_peers_are_those_with_as_many_products():
    customers = pd.DataFrame({
        "customer_id": list("abcdef"), "revenue": [10.0, 20, 30, 1000, 2000, 3000],
        "breadth": [1, 1, 1, 9, 9, 9], "age": [365.25] * 6,
    })  # fmt: skip
    found = headroom(customers, bands=2)
    assert found["reference_per_year"].tolist() == [25, 25, 25, 2500, 2500, 2500]
    assert set(headroom(customers, bands=1)["reference_per_year"]) == {1750.0}


def test_a_short_age_is_not_blown_up_to_a_year():
    customers = pd.DataFrame({
        "customer_id": ["old", "yesterday"], "revenue": [100.0, 100.0], "orders": [2, 2], "age": [730, 1]
    })  # fmt: skip
    found = headroom(customers, bands=1)
    assert found["value_per_year"].tolist() == pytest.approx([50.03, 100.07], abs=0.01)
    # a log of three months has no older customers: its rates are those of three months
    short = headroom(customers.assign(age=[90, 1]), bands=1)
    assert short["value_per_year"].tolist() == pytest.approx([405.8, 405.8], abs=0.1)


def test_headroom_shrinks_with_the_chance_that_the_customer_is_alive():
    customers = pd.DataFrame({
        "customer_id": list("abc"), "revenue": [10.0, 10.0, 100.0], "orders": [1, 1, 1],
        "age": [400] * 3, "p_alive": [1.0, 0.25, 1.0],
    })  # fmt: skip
    found = headroom(customers, likelihood="p_alive", reference_quantile=1)
    assert found["headroom"][1] == pytest.approx(found["headroom"][0] / 4)


def test_who_returned_more_than_was_bought_has_the_headroom_of_who_bought_nothing():
    customers = pd.DataFrame({
        "customer_id": list("abc"), "revenue": [-80.0, 0.0, 100.0], "orders": 1, "age": 365.25
    })  # fmt: skip
    assert headroom(customers, reference_quantile=1)["headroom"].tolist() == [100, 100, 0]


@pytest.mark.parametrize("revenue", [[0.0, 0.0, 0.0], [50.0]])
def test_without_differences_there_is_no_headroom(revenue):
    customers = pd.DataFrame({
        "customer_id": list("abc")[: len(revenue)], "revenue": revenue, "orders": 1, "age": 0
    })  # fmt: skip
    assert (headroom(customers)["headroom"] == 0).all()


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
    assert found["extra_revenue"].tolist() == pytest.approx([-0.75 * 0.6 * 400])
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


@pytest.mark.parametrize(
    ("frame", "options", "key"),
    [
        ({"revenue": [1.0], "orders": [1]}, {}, "tables.missing_column"),
        ({"revenue": [1.0], "orders": [1], "age": [-3]}, {}, "checking.too_small"),
        ({"revenue": [np.nan], "orders": [1], "age": [3]}, {}, "tables.missing_values"),
        ({"revenue": [1.0], "orders": [1], "age": [3]}, {"reference_quantile": 75}, "checking.out_of_range"),
        ({"revenue": [1.0], "orders": [1], "age": [3]}, {"bands": 0}, "checking.not_whole_between"),
        ({"revenue": [1.0], "orders": [1], "age": [3]}, {"bands": 10**9}, "checking.not_whole_between"),
    ],
)
def test_bad_input_of_headroom(frame, options, key):
    with pytest.raises(CvmError) as caught:
        headroom(pd.DataFrame(frame), **options)
    assert caught.value.key == key


def test_some_fifty_customers_make_a_band_and_ten_bands_are_the_most():
    assert [bands_for(customers) for customers in (30, 220, 10_000)] == [1, 4, 10]


def test_the_reference_of_peers_has_no_steps() -> None:
    draw = np.random.default_rng(4)
    breadth = draw.gamma(2, 10, 2000)
    customers = pd.DataFrame({"breadth": breadth, "revenue": breadth * draw.gamma(4, 25, 2000), "age": 365.25})
    found = headroom(customers, bands=10).sort_values("breadth")
    inner = found[found["breadth"].between(*found["breadth"].quantile([0.1, 0.9]))]
    steps = inner["reference_per_year"].diff().dropna()
    # bands alone would be level within, and jump nine times by some 500
    assert (steps > 0).mean() > 0.95
    assert steps.max() < 100

"""Headroom: what it may never do, and bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab.core.words import CvmError
from cvmlab.worth.value import headroom
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

"""Customer equity: the switching matrix, lifetime values and the split into value, brand and relationship."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, market
from cvmlab.market import Carrier, Decision, Drivers, MarketScenario, equity_of, simulate


def drivers(value=0.0, brand=0.0, relationship=0.0, inertia=0.0, customers=1, carriers=3):
    def full(utility):
        return np.broadcast_to(np.asarray(utility, float), (customers, carriers)).copy()

    return Drivers(full(value), full(brand), full(relationship), np.full(customers, float(inertia)))


def test_equal_brands_repeat_by_inertia_alone():
    # e^s / (e^s + J − 1) = .78699 for J = 3, s = 2.
    matrix = market.switching_matrix(np.zeros(3), 2.0)
    assert np.diag(matrix) == pytest.approx(0.78699, abs=5e-6)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-300, 300), min_size=1, max_size=6), st.floats(-50, 50))
def test_the_rows_of_a_switching_matrix_are_chances(utility, inertia):
    matrix = market.switching_matrix(utility, inertia)
    assert matrix.shape == (len(utility), len(utility))
    assert matrix.sum(axis=1) == pytest.approx(1)
    assert (matrix >= 0).all()


def test_a_customer_who_never_leaves_is_an_annuity():
    matrix = market.switching_matrix(np.zeros((1, 2)), inertia=[700.0])
    value = market.lifetime_value(matrix, np.array([[1.0, 0.0]]), np.array([[10.0, 7.0]]), 24, 0.1)
    assert value[0, 0] == pytest.approx(10 * sum(1.1 ** (-t / 12) for t in range(24)))
    assert value[0, 1] == pytest.approx(0)


def test_lost_customers_come_back():
    # Two equal brands without inertia: half of every later month, whoever had the first.
    matrix = market.switching_matrix(np.zeros((1, 2)), inertia=[0.0])
    value = market.lifetime_value(matrix, np.array([[0.0, 1.0]]), np.array([[1.0, 1.0]]), 5, 0.0)
    assert value[0] == pytest.approx([2.0, 3.0])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 30))
def test_the_parts_add_up_to_the_equity(seed, carriers, periods):
    random = np.random.default_rng(seed)
    n = 7
    given_drivers = Drivers(*(random.normal(size=(n, carriers)) for _ in range(3)), random.normal(size=n))
    now = random.dirichlet(np.ones(carriers), n)
    margin = random.normal(10, 5, (n, carriers))
    split = market.split_equity(given_drivers, now, margin, periods, 0.12)
    total = market.customer_equity(given_drivers, now, margin, periods, 0.12)
    assert split["total"] == pytest.approx(total)
    assert split["base"] + split["value"] + split["brand"] + split["relationship"] == pytest.approx(total)


@pytest.mark.parametrize("part", ["value", "brand", "relationship"])
def test_each_driver_shows_in_its_own_part(part):
    better = drivers(**{part: [1.0, 0.0, 0.0]})
    now = np.full((1, 3), 1 / 3)
    split = market.split_equity(better, now, np.ones((1, 3)), 12, 0.1)
    for name in ("value", "brand", "relationship"):
        assert (split[name][0] > 0.1) == (name == part)
        assert split[name].sum() == pytest.approx(0, abs=1e-9)


def test_the_equity_of_a_market_follows_what_its_carriers_do():
    # What Unicom offers pays in the part it belongs to.
    scenario = MarketScenario(price_sensitivity=2.0)
    base = simulate(scenario, customers=3000, periods=12, seed=3)
    cheap = simulate(scenario, None, {"Unicom": Decision(price=0.8)}, 3000, 12, 3)
    liked = dict(market.THREE_CARRIERS) | {"Unicom": Carrier(share=0.2, brand=1.0)}
    known = simulate(scenario, liked, None, 3000, 12, 3)
    row = 1
    assert equity_of(cheap)["value_equity"][row] > equity_of(base)["value_equity"][row]
    assert equity_of(known)["brand_equity"][row] > equity_of(base)["brand_equity"][row]
    frame = equity_of(base)
    parts = frame[["base", "value_equity", "brand_equity", "relationship_equity"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(frame["customer_equity"].to_numpy())


def test_the_outside_option_has_no_equity():
    scenario = MarketScenario(outside=True)
    frame = equity_of(simulate(scenario, {"A": Carrier(share=0.6)}, customers=500, periods=6))
    assert frame["carrier"].tolist() == ["A"]
    assert frame["customer_equity"][0] > 0


def test_longer_and_less_discounted_is_worth_more():
    result = simulate(customers=500, periods=6)
    one, three = (equity_of(result, years)["customer_equity"].sum() for years in (1, 3))
    assert three > one
    assert equity_of(result, 3, 0.0)["customer_equity"].sum() > three


@pytest.mark.parametrize(("periods", "rate"), [(0, 0.1), (12, -1.0)])
def test_a_bad_horizon_is_told(periods, rate):
    with pytest.raises(CvmError, match="horizon"):
        market.lifetime_value(np.ones((1, 1, 1)), np.ones((1, 1)), np.ones((1, 1)), periods, rate)

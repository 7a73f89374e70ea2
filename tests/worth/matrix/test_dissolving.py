"""Reprice, serve cheaper, then dissolve: the steps by hand, in their order, and bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import in_words
from cvmlab.core.words import CvmError, speaking
from cvmlab.worth.matrix import DissolvingSteps, steps_before_dissolving

modest = settings(max_examples=80, deadline=None)
share = st.floats(0, 1)
assumptions = st.builds(DissolvingSteps, share, share, share, share, share, st.floats(0, 1e4))
rows = st.lists(st.tuples(st.floats(-1e3, 1e5), st.floats(0, 1e5)), min_size=1, max_size=30)
EACH = DissolvingSteps(0.1, 0.2, 0.3, 0.1)


def customers_from(rows):
    customers = pd.DataFrame(rows, columns=["revenue", "avoidable_cost"])
    return customers.assign(customer_id=[f"{row:03}" for row in range(len(rows))])


def test_steps_by_hand():
    found = steps_before_dissolving(
        customers_from([(100, 100), (100, 110.5), (100, 108), (100, 157), (100, 158)]), EACH
    )
    assert found["decision"].tolist() == ["keep", "serve_cheaper", "reprice", "serve_cheaper", "dissolve"]
    # who stays pays 110 for a cost of 108; four of five stay
    assert found["worth_repriced"].iloc[2] == pytest.approx(0.8 * 2)
    assert found["worth_served_cheaper"].iloc[3] == pytest.approx(0.8 * 0.9 * (110 - 0.7 * 157))
    assert found["expected_worth"].iloc[4] == 0 and found["gain"].iloc[4] == pytest.approx(58)


@modest
@given(rows, assumptions)
def test_only_who_loses_after_both_steps_is_given_up(rows, assumed):
    found = steps_before_dissolving(customers_from(rows), assumed)
    worth = found[["worth_as_is", "worth_repriced", "worth_served_cheaper"]].to_numpy()
    assert np.isfinite(worth).all()
    given_up = (found["decision"] == "dissolve").to_numpy()
    stays = (1 - assumed.leaving_over_price) * np.array([1, 1 - assumed.leaving_over_service])
    pays = np.column_stack([worth[:, 0] >= 0, (worth[:, 1:] >= 0) & (stays > 0)])
    assert (given_up == ~pays.any(axis=1)).all()
    assert ((found["decision"] == "keep") == (worth[:, 0] >= 0)).all()
    assert (found["expected_worth"] >= 0).all()
    # nobody whose own revenue covers the avoidable cost is touched, whatever overhead an allocation adds
    assert not given_up[(found["revenue"] >= found["avoidable_cost"]).to_numpy()].any()


@modest
@given(rows, assumptions, st.floats(0, 1e4))
def test_an_option_never_makes_more_customers_go(rows, assumed, more):
    customers = customers_from(rows).assign(option=assumed.growth_chance * assumed.value_if_grown)
    fewer = steps_before_dissolving(customers, assumed)["decision"] == "dissolve"
    richer = customers.assign(option=customers["option"] + more)
    still = steps_before_dissolving(richer, assumed, option_value="option")["decision"] == "dissolve"
    assert (still <= fewer).all()
    same = steps_before_dissolving(customers, assumed, option_value="option")["decision"] == "dissolve"
    assert (same == fewer).all()


def test_a_step_after_which_nobody_stays_makes_nobody_pay():
    all_leave = EACH.replace(leaving_over_price=1)
    assert steps_before_dissolving(customers_from([(100, 108)]), all_leave)["decision"].tolist() == ["dissolve"]


def test_the_small_are_kept_who_would_go_by_full_cost():
    # overhead of 60 each is allocated to 1,000 small customers whose avoidable cost is about half of their revenue
    draw = np.random.default_rng(4)
    revenue = draw.lognormal(4, 0.5, 1000)
    customers = customers_from(np.column_stack([revenue, revenue * draw.uniform(0.2, 1.3, 1000)]))
    by_full_cost = revenue - customers["avoidable_cost"] - 60 < 0
    given_up = steps_before_dissolving(customers, EACH)["decision"] == "dissolve"
    assert by_full_cost.mean() > 0.8 and given_up.sum() == 0


def test_decisions_are_worded():
    found = steps_before_dissolving(customers_from([(100, 100), (100, 108), (100, 120), (100, 200)]), EACH)
    with speaking("zh"):
        shown = in_words(found)
    assert shown["对策"].tolist() == ["维持现状", "提高价格", "再改用低成本服务", "关系解除"]


good = customers_from([(1.0, 1.0)])


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda: steps_before_dissolving(good[:0], EACH), "tables.no_rows"),
        (lambda: steps_before_dissolving(good.drop(columns="avoidable_cost"), EACH), "tables.missing_column"),
        (lambda: steps_before_dissolving(good.assign(avoidable_cost=-1.0), EACH), "checking.below_in_row"),
        (lambda: steps_before_dissolving(good.assign(revenue=np.nan), EACH), "tables.missing_values"),
        (lambda: steps_before_dissolving(good.assign(o=-1.0), EACH, option_value="o"), "checking.below_in_row"),
        (lambda: steps_before_dissolving(pd.concat([good, good]), EACH), "checking.repeated_customer"),
        (lambda: DissolvingSteps(leaving_over_price=1.1), "scenario.above_maximum"),
    ],
)
def test_bad_input(call, key):
    with pytest.raises(CvmError) as caught:
        call()
    assert caught.value.key == key

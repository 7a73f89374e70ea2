"""Values of customers by state: published figures, and what a better rate brings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_logs import TRUTH, few

from cvmlab import CvmError, pipeline
from cvmlab.relationship.pipeline import STATES, STEPS

#: Pfeifer & Carraway (2000): states by recency; margin 40, mailing 4, d = .2, p = (.3, .2, .15, .05).
RECENCY = pipeline.mailing_example()
REWARDS = {"1": 36.0, "2": -4.0, "3": -4.0, "4": -4.0}


@pytest.mark.parametrize(
    ("periods", "published"),
    [
        (None, [52.320, 5.554, 1.251, -1.820, 0]),
        (5, [50.115, 4.220, 0.592, -1.980, 0]),
        (4, [48.477, 3.421, 0.211, -2.072, 0]),
    ],
)
def test_values_are_those_of_pfeifer_and_carraway(periods, published):
    values = pipeline.state_values(RECENCY, REWARDS, discount_rate=0.2, periods_per_year=1, periods=periods)
    assert values["value"].tolist() == pytest.approx(published, abs=6e-4)
    assert values["state"].tolist() == RECENCY["state"].tolist()


@few
@given(st.floats(0, 0.99), st.floats(0.01, 0.5))
def test_a_user_or_lost_is_the_margin_multiple(retention_rate, discount_rate):
    # Gupta & Lehmann (2003): r/(1+i−r) with the first margin after one period; "now" adds exactly one margin
    matrix = pd.DataFrame({"state": ["user", "lost"], "user": [retention_rate, 0], "lost": [1 - retention_rate, 1]})
    given_now, given_next = (
        pipeline.state_values(matrix, {"user": 1.0}, discount_rate=discount_rate, periods_per_year=1, first=first)
        for first in ("now", "next")
    )
    assert given_next["value"][0] == pytest.approx(retention_rate / (1 + discount_rate - retention_rate))
    assert given_now["value"][0] == pytest.approx(given_next["value"][0] + 1)


def test_a_long_horizon_comes_near_the_value_without_end():
    for first in ("now", "next"):
        whole = pipeline.state_values(RECENCY, REWARDS, discount_rate=0.2, periods_per_year=1, first=first)
        long = pipeline.state_values(RECENCY, REWARDS, discount_rate=0.2, periods_per_year=1, first=first, periods=200)
        assert np.allclose(whole["value"], long["value"])
    one = pipeline.state_values(RECENCY, REWARDS, discount_rate=0.2, periods_per_year=1, first="next", periods=1)
    assert one["value"][0] == pytest.approx((0.3 * 36 - 0.7 * 4) / 1.2)


@few
@given(
    st.lists(st.floats(0.0, 0.5), min_size=13, max_size=13),
    st.lists(st.floats(-300, 300), min_size=6, max_size=6),
    st.floats(0.01, 0.4),
)
def test_months_and_moments_give_the_same_value(rates, money, discount_rate):
    moves = TRUTH.frame().assign(rate=rates)
    rewards = dict(zip(STATES, money, strict=False))
    monthly = pipeline.state_values(
        pipeline.transition_matrix(moves),
        pipeline.expected_rewards(moves, rewards, discount_rate=discount_rate),
        discount_rate=discount_rate,
    )
    for state, value in monthly.itertuples(index=False):
        direct = pipeline.value_of_prospect(moves, rewards, discount_rate=discount_rate, start=state)
        assert direct == pytest.approx(value, rel=1e-6, abs=1e-6)


@few
@given(st.lists(st.floats(0.02, 0.5), min_size=13, max_size=13), st.sampled_from(["staying", "lost"]))
def test_the_slope_of_a_rate_is_months_times_gain(rates, taken_from):
    moves = TRUTH.frame().assign(rate=rates)
    small = 1e-7
    effect = pipeline.effect_of_rate(
        moves, TRUTH.rewards(), discount_rate=0.1, start="target", points=small, taken_from=taken_from
    )
    assert (effect["by_points"].dropna() >= -1e-12).all()
    slope = effect["months"] * effect["gain"].abs()
    known = effect["by_points"].notna()
    assert (effect["by_points"] / small)[known].to_numpy() == pytest.approx(slope[known].to_numpy(), rel=1e-3, abs=1e-2)


def test_what_a_better_rate_brings_is_the_value_with_it_less_the_value_without_it():
    rewards = TRUTH.rewards()
    effect = pipeline.effect_of_rate(TRUTH.frame(), rewards, discount_rate=0.1, start="target")
    now = pipeline.value_of_prospect(TRUTH.frame(), rewards, discount_rate=0.1, start="target")
    for _, step in effect.iterrows():
        name = f"{step['from_state']}_{step['to_state']}"
        for column, by in (("by_points", 0.01), ("by_share", 0.1 * step["rate"])):
            if np.isnan(step[column]):
                assert step["gain"] < 0 and step["rate"] < by
                continue
            better = TRUTH.replace(**{name: step["rate"] + (by if step["gain"] > 0 else -by)})
            # the money of the order is a rate of its own in the scenario, so the rewards stay as they were
            then = pipeline.value_of_prospect(better.frame(), rewards, discount_rate=0.1, start="target")
            assert step[column] == pytest.approx(then - now)


def test_a_better_rate_for_many_customers_is_the_sum_of_what_it_brings_for_each():
    rates, rewards, there = TRUTH.frame(), TRUTH.rewards(), {"target": 3, "user": 2}
    columns = ["by_share", "by_share_within"]
    by_start = {start: pipeline.effect_of_rate(rates, rewards, discount_rate=0.1, start=start, months=48)
                .set_index("step")[columns].sort_index() for start in there}  # fmt: skip
    many = pipeline.effect_of_rate(rates, rewards, discount_rate=0.1, start=there, months=48).set_index("step")
    added = sum(number * by_start[state] for state, number in there.items())
    pd.testing.assert_frame_equal(many[columns].sort_index(), added)
    # the part within the months is what comes in them with the better rate, less what comes without
    better = rates.assign(rate=rates["rate"].where(rates["to_state"] != "order", 1.1 * rates["rate"]))
    then, now = (pipeline.expected_rewards(each, rewards, discount_rate=0.1, months=48) for each in (better, rates))
    assert by_start["target"]["by_share_within"]["opportunity_order"] == pytest.approx(then["target"] - now["target"])


def test_the_largest_leak_is_not_the_step_worth_most():
    effect = pipeline.effect_of_rate(TRUTH.frame(), TRUTH.rewards(), discount_rate=0.1, start="target")
    best = effect.iloc[0]
    assert (best["from_state"], best["to_state"]) == ("user", "dormant")
    ahead = [pipeline.chance_of_reaching(TRUTH.frame(), goal).set_index("state")["chance"] for goal in STEPS[1:]]
    forward = [chance[before] for chance, before in zip(ahead, STEPS[:-1], strict=True)]
    assert STEPS[int(np.argmin(forward))] == "opportunity"
    # by a tenth of itself the two are about level: "better by how much?" decides
    nearly = effect.sort_values("by_share").iloc[-2:]
    assert set(nearly["from_state"]) == {"user", "opportunity"}
    assert nearly["by_share"].max() < 1.1 * nearly["by_share"].min()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: pipeline.state_values(RECENCY.assign(**{"1": 0.3}), REWARDS, discount_rate=0.2), "'2' add up to 1.1"),
        (lambda: pipeline.state_values(RECENCY.iloc[:0], {}, discount_rate=0.2), "has no rows"),
        (lambda: pipeline.state_values(RECENCY, {"5": 1.0}, discount_rate=0.2), "no state '5'"),
        (lambda: pipeline.state_values(RECENCY, {"1": "36"}, discount_rate=0.2), r"\(rewards\) holds '36'"),
        (lambda: pipeline.state_values(RECENCY.assign(**{"2": "0"}), {}, discount_rate=0.2), "'2' .* matrix holds str"),
        (lambda: pipeline.state_values(RECENCY.assign(**{"2": 1.5}), {}, discount_rate=0.2), "'2' .* holds 1.5 in row"),
        (lambda: pipeline.state_values(RECENCY, {}, discount_rate=0.2, periods=2.5), "periods=2.5: a whole number"),
        (lambda: pipeline.state_values(RECENCY, REWARDS, discount_rate=0.2, first="soon"), "first='soon'"),
        (
            lambda: pipeline.state_values(RECENCY, REWARDS, discount_rate=0.2, periods=0),
            "between 1 and 1200",
        ),
        (lambda: pipeline.state_values(RECENCY, {"former": 1.0}, discount_rate=0), "the value is infinite"),
        (lambda: pipeline.value_of_prospect(TRUTH.frame(), {"lost": 1.0}, discount_rate=0), "the value is infinite"),
        (
            lambda: pipeline.effect_of_rate(TRUTH.frame(), {}, discount_rate=0.1, taken_from="winning"),
            "taken_from='winning'",
        ),
    ],
)
def test_a_value_that_cannot_be_is_told(call, said):
    with pytest.raises(CvmError, match=said):
        call()


def test_nothing_is_discounted_at_a_rate_of_zero():
    value = pipeline.value_of_prospect(TRUTH.frame(), {"user": 1.0}, discount_rate=0, start="order")
    months_a_user = pipeline.chance_of_reaching(TRUTH.frame(), "user").set_index("state")["chance"]["order"]
    back = 0.035 / 0.041 * 0.06 / 0.085
    assert value == pytest.approx(months_a_user / 0.041 / (1 - back))

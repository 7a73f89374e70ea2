"""A plan tried in the market: nothing for nothing, cost that is only cost, and an interval that keeps its word."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError
from cvmlab.market import Decision, Decisions, follow_plan, simulate, try_measures
from cvmlab.market.carrier import AS_BEFORE, CARRIERS, INCUMBENT, LATE_ANSWER, MARKET, RIVALS

SMALL = {"customers": 800, "months": 12, "seeds": 3}
SPEED = {"network_quality": 1.6}
# nobody reacts to what a carrier does: only its cost is left
DEAF = MARKET.replace(
    response=0,
    handset_appeal=1e-6,
    tariff_offer=False,
    data_speed=False,
    contract=False,
    handset_data=0,
    spending_noise=0,
)


@pytest.mark.parametrize("base", [AS_BEFORE, LATE_ANSWER])
@pytest.mark.parametrize("fields", [{}, {"handset_subsidy": 0, "group_offer": 0}])
def test_a_measure_that_changes_nothing_brings_exactly_nothing(base: Decision, fields: dict[str, object]) -> None:
    row = try_measures({"nothing": fields}, base=base, **SMALL).iloc[0]
    effects = ["cost", "difference", "low", "high", "per_customer", "leavers_prevented", "came_back", "customers_more"]
    assert row[effects].tolist() == [0] * len(effects)
    assert row["profit_with"] == row["profit_without"] > 0


@pytest.mark.parametrize(
    "fields",
    [
        {"price": 0.9},
        SPEED,
        {"care": 4},
        {"acquisition": 30},
        {"group_offer": 6},
        {"win_back_offer": 50},
        {"handset_offered": True, "handset_subsidy": 700, "contract_months": 24},
        {"resources_I": 1, "resources_IV": 12},
    ],
)
def test_where_nobody_reacts_a_measure_brings_exactly_minus_its_cost(fields: dict[str, object]) -> None:
    row = try_measures({"deaf ears": fields}, scenario=DEAF, **SMALL).iloc[0]
    assert row["cost"] > 100
    # bills are rounded to cents
    assert row["difference"] == pytest.approx(-row["cost"], rel=1e-4)
    assert row[["leavers_prevented", "came_back", "customers_more"]].tolist() == [0, 0, 0]


def test_the_cost_is_what_the_sums_and_the_panel_say() -> None:
    """Rebate per member and month, offer per customer won back, subsidy per handset: counted by hand, undiscounted."""
    fields = {"group_offer": 4.0, "win_back_offer": 30.0, "handset_offered": True, "handset_subsidy": 500.0}
    row = try_measures({"all": fields}, discount_rate=0, customers=800, months=12, seeds=2).iloc[0]
    cost = []
    for seed in (1, 2):
        paid = []
        for ours in (AS_BEFORE, {0: AS_BEFORE, 24: AS_BEFORE.replace(**fields)}):
            result = simulate(MARKET, CARRIERS, {INCUMBENT: ours, **RIVALS}, 800, 36, seed)
            months = result.summary().query(f"carrier == '{INCUMBENT}' and period >= 24").sum()
            members = ((result.panel.carrier[24:] == 1) & (result.state.group == 1)).sum()
            changed = ours is not AS_BEFORE
            once = months["won_back"] * 30 + months["handsets"] * 500 + members * 4 if changed else 0
            paid.append(once + months["customers"] * AS_BEFORE.care)
        cost.append(paid[1] - paid[0])
    assert row["cost"] == pytest.approx(np.mean(cost), rel=1e-4)


def test_profit_with_and_without_are_those_of_two_plain_simulations() -> None:
    row = try_measures({"speed": SPEED}, base=LATE_ANSWER, start=20, discount_rate=0, **SMALL).iloc[0]
    # a decision already dated after the start keeps the measure
    dated = {0: AS_BEFORE, 20: AS_BEFORE.replace(**SPEED), 24: LATE_ANSWER[24].replace(**SPEED)}
    for ours, name in ((LATE_ANSWER, "profit_without"), (dated, "profit_with")):
        decisions: Decisions = {INCUMBENT: ours, **RIVALS}
        earned = [
            simulate(MARKET, CARRIERS, decisions, 800, 32, seed, panel=False)
            .summary()
            .query(f"carrier == '{INCUMBENT}' and period >= 20")["result"]
            .sum()
            for seed in (1, 2, 3)
        ]
        assert row[name] == pytest.approx(np.mean(earned))


def test_single_effects_are_added_up_and_are_not_what_all_together_bring() -> None:
    plan = {"speed": SPEED, "offer": {"win_back_offer": 40.0}, "handset": {"handset_offered": True}}
    tried = try_measures(plan, **SMALL).set_index("measure")
    singles, both = tried.iloc[:3], tried.loc[["sum_of_singles", "all_together"]]
    for name in ("difference", "cost", "leavers_prevented", "came_back"):
        assert both.loc["sum_of_singles", name] == pytest.approx(singles[name].sum())
    joint = try_measures({"one": SPEED | plan["offer"] | plan["handset"]}, **SMALL).iloc[0]
    assert both.loc["all_together", "difference"] == pytest.approx(joint["difference"])
    assert abs(both["difference"].diff().iloc[1]) > 100
    assert tried["kind"].tolist() == ["prevention", "win_back", "prevention", "both", "both"]
    alone = try_measures(plan, together=False, **SMALL)
    pd.testing.assert_frame_equal(alone, singles.reset_index())


def test_discounting_counts_the_first_month_in_full() -> None:
    plan = {"care": {"care": 3.0}}
    one = {"customers": 800, "months": 1, "seeds": 2}
    near, far = (try_measures(plan, discount_rate=rate, **one)["difference"].iloc[0] for rate in (0.0, 5.0))
    assert near == far
    # a network faster by .6 costs 1 · .6 per customer of the market and month, whoever is with whom
    years = {"customers": 800, "months": 24, "seeds": 2, "scenario": DEAF, "discount_rate": 0.5}
    cost = try_measures({"speed": SPEED}, **years)["cost"].iloc[0]
    assert cost == pytest.approx(0.6 * 800 * np.sum(1.5 ** (-np.arange(24) / 12)))


def test_the_interval_holds_the_mean_of_many_seeds_about_as_often_as_stated() -> None:
    luck = range(1_000, 41_000, 1_000)
    tried = [try_measures({"speed": SPEED}, customers=200, months=6, seeds=8, seed=first).iloc[0] for first in luck]
    mean = np.mean([row["difference"] for row in tried])
    held = [row["low"] <= mean <= row["high"] for row in tried]
    assert 0.86 <= np.mean(held) < 1


@given(amount=st.floats(0, 60), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=15, deadline=None)
def test_a_better_offer_never_wins_back_fewer_in_the_first_month(amount: float, seed: int) -> None:
    plan = {"small": {"win_back_offer": amount / 2}, "large": {"win_back_offer": amount}}
    tried = try_measures(plan, together=False, customers=800, months=1, seeds=2, seed=seed)
    small, large = tried["came_back"]
    assert 0 <= small <= large


@pytest.mark.parametrize(
    ("plan", "options", "says"),
    [
        ({}, {}, "0 measures"),
        ({"x": 3}, {}, "dictionary"),
        ({"x": {3: 4}}, {}, "a text is needed"),
        ({"x": {"prize": 1}}, {}, "prize"),
        ({"x": {"price": -1}}, {}, "at least 0"),
        ({"x": {"price": 0}}, {}, "price of 0"),
        ({"x": {"price": 0.9}, "y": {"price": 0.8}}, {}, "'x' and 'y' both change price"),
        ({"all_together": {}}, {}, "may not be called 'all_together'"),
        ({"x": {}}, {"seeds": 1}, "seeds"),
        ({"x": {}}, {"months": 0}, "months"),
        ({"x": {}}, {"start": -1}, "start"),
        ({"x": {}}, {"discount_rate": -1}, "discount_rate"),
        ({"x": {}}, {"carrier": "Nobody"}, "Nobody"),
        ({"x": {}}, {"base": {80: AS_BEFORE}}, "last period is 59"),
    ],
)
def test_a_plan_that_cannot_be_tried_is_refused(plan: dict[str, object], options: dict[str, object], says: str) -> None:
    with pytest.raises(CvmError, match=says):
        try_measures(plan, **options)  # type: ignore[arg-type]


def test_the_months_of_a_plan_add_up_to_what_it_is_tried_for() -> None:
    options = {"customers": 800, "months": 12, "seeds": 3, "seed": 9, "base": LATE_ANSWER}
    fields = {"network_quality": 1.6, "win_back_offer": 30.0}
    months = follow_plan(fields, **options)
    row = try_measures({"plan": fields}, discount_rate=0, **options).iloc[0]
    sums = months.drop(columns=["seed", "period"]).sum() / 3
    assert sums[["profit_without", "profit_with", "cost"]].tolist() == pytest.approx(
        row[["profit_without", "profit_with", "cost"]].tolist()
    )
    assert sums["left_without"] - sums["left_with"] == pytest.approx(row["leavers_prevented"])
    assert sums["came_back_with"] - sums["came_back_without"] == pytest.approx(row["came_back"])
    last = months[months["period"] == 35]
    assert (last["customers_with"] - last["customers_without"]).mean() == pytest.approx(row["customers_more"])
    assert months["seed"].tolist() == [seed for seed in (9, 10, 11) for _ in range(12)]
    assert months["period"].tolist() == [*range(24, 36)] * 3

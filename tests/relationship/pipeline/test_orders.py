"""What it takes to get an order: newcomers, refusals before it, orders to expect by now, and what it cost."""

from __future__ import annotations

import numpy as np
import pytest
from pipeline_logs import MONEY, SMALL, TRUTH, log_of

from cvmlab import CvmError, pipeline
from cvmlab.relationship.pipeline import simulate_pipeline


def test_newcomers_are_chosen_by_their_first_day_and_their_group(leads):
    forty = pipeline.newcomers(leads, since="2025-01-01", region="Nanjing", sector="food_shop")
    assert forty["customer_id"].nunique() == 40
    assert set(forty["region"]) == {"Nanjing"} and set(forty["sector"]) == {"food_shop"}
    assert forty["date"].min().year == 2025
    # who came in before is left out with all events, not only the early ones
    assert pipeline.newcomers(SMALL, since="2024-01-15")["customer_id"].tolist() == ["b", "b", "c"]
    assert len(pipeline.newcomers(SMALL, since="2030-01-01")) == 0
    with pytest.raises(CvmError, match="no column 'town'"):
        pipeline.newcomers(SMALL, since="2024-01-15", town="Wuhan")


def test_only_a_no_before_the_first_order_is_counted():
    log = log_of(
        ("a", "2024-01-01", "opportunity"), ("a", "2024-02-01", "prospect"), ("a", "2024-03-01", "opportunity"),
        ("a", "2024-04-01", "prospect"), ("a", "2024-05-01", "opportunity"), ("a", "2024-06-01", "order"),
        ("b", "2024-01-01", "order"), ("b", "2024-02-01", "lost"), ("b", "2024-05-01", "opportunity"),
        ("b", "2024-06-01", "prospect"), ("c", "2024-01-01", "opportunity"), ("c", "2024-02-01", "prospect"),
    )  # fmt: skip
    first = pipeline.first_orders(pipeline.spells(log))
    assert first[["customer_id", "refusals"]].values.tolist() == [["a", 2], ["b", 0]]


def test_orders_to_expect_by_now_are_those_that_came():
    """Known truth: in simulated logs as many have reached a state as expected, each by the time since coming in."""
    for state in ("order", "user"):
        came, expected = 0, 0.0
        for seed in range(3):
            made = simulate_pipeline(TRUTH, customers=2_000, seed=seed, months=24)
            stays = pipeline.spells(made.events, as_of=made.as_of)
            came += stays.loc[stays["state"] == state, "customer_id"].nunique()
            expected += pipeline.expected_by_now(TRUTH.frame(), stays, state)["chance"].sum()
        assert came == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_the_mean_age_does_not_give_the_mean_number_of_orders(leads, leads_stays):
    rates = pipeline.transition_rates(leads_stays)
    forty = pipeline.newcomers(leads, since="2025-01-01", region="Nanjing", sector="food_shop")
    expected = pipeline.expected_by_now(rates, pipeline.spells(forty, as_of="2025-12-31"), "order")
    there = pipeline.whereabouts(rates, {"target": 40}, months=expected["months"].mean()).set_index("state")[
        "customers"
    ]
    at_mean_age = there[["order", "user", "dormant"]].sum()
    assert at_mean_age < 0.8 * expected["chance"].sum() < 2


def test_what_a_customer_has_cost_until_the_order_is_all_that_was_spent_on_anybody(leads):
    found = pipeline.acquisition_cost(leads).set_index("part")
    before = leads["state"].isin(["target", "prospect", "opportunity"])
    assert found.loc["calls_before_order", "cost"] == pytest.approx(leads.loc[before, "cost"].sum())
    assert found.loc["total", "cost_per_order"] == pytest.approx(8_000, rel=0.01)
    assert pipeline.acquisition_cost(MONEY)["cost_per_order"].tolist() == [1.0, 5.0, 6.0]
    with pytest.raises(CvmError, match="Nobody in these data has ordered"):
        pipeline.acquisition_cost(SMALL.assign(cost=1.0))
    with pytest.raises(CvmError, match="no column 'cost'"):
        pipeline.acquisition_cost(SMALL)


def test_two_of_forty_is_no_more_rare_than_what_others_ordered(leads):
    """The figures that answer "where is the leak?": the others, and the interval of the forty."""
    came = pipeline.newcomers(leads, since="2025-01-01")
    first_year = leads.loc[leads["date"] < "2023-01-01", "customer_id"]
    found = pipeline.ordered_by_group({
        "forty": came.query("region == 'Nanjing' and sector == 'food_shop'"),
        "elsewhere": came.query("region != 'Nanjing' and sector == 'food_shop'"),
        "all": came,
        "2022": leads[leads["customer_id"].isin(first_year)],
    }).set_index("group")  # fmt: skip
    assert found[["ordered", "customers"]].values.tolist() == [[2, 40], [3, 143], [17, 502], [173, 524]]
    forty = found.loc["forty"]
    assert [round(forty[name], 3) for name in ("low", "share", "high")] == [0.014, 0.05, 0.165]
    assert found["share"][["elsewhere", "all"]].between(forty["low"], forty["high"]).all()


def test_a_customer_who_orders_twice_has_ordered_once_and_an_empty_group_is_refused():
    log = log_of(("a", "2024-01-01", "order"), ("a", "2024-02-01", "user"), ("a", "2024-05-01", "order"))
    assert pipeline.ordered_by_group({"all": log})[["customers", "ordered"]].values.tolist() == [[1, 1]]
    with pytest.raises(CvmError, match="has no rows"):
        pipeline.ordered_by_group({"none": log.iloc[:0]})


def test_an_order_costs_less_once_the_undecided_have_decided(leads):
    found = pipeline.long_run_cost(leads, as_of="2025-12-31")
    assert found["undecided"] == pytest.approx(0.42, abs=0.005)
    assert found["long_run"] == pytest.approx(7_090, abs=10)
    assert found["long_run"] < pipeline.acquisition_cost(leads).set_index("part").loc["total", "cost_per_order"]


def test_the_long_run_cost_is_that_of_a_log_in_which_nobody_is_undecided_any_more():
    """Known truth: after many years all have ordered or are lost, and the cost so far is the cost in the long run."""

    def costed(months: int):
        made = simulate_pipeline(TRUTH, customers=3_000, seed=3, months=months)
        stays = pipeline.spells(made.events, as_of=made.as_of)
        # what each stay cost is written on the day it began
        events = made.events.merge(stays.rename(columns={"start": "date"}), on=["customer_id", "date", "state"])
        return events.assign(cost=50.0 * events["days"] / 30, value=0.0)[[*MONEY.columns[:3], "cost", "value"]], made

    late, made = costed(600)
    so_far = pipeline.acquisition_cost(late).set_index("part").loc["total", "cost_per_order"]
    early, ended = costed(48)
    assert pipeline.long_run_cost(late, as_of=made.as_of)["long_run"] == pytest.approx(so_far, rel=0.08)
    assert pipeline.long_run_cost(early, as_of=ended.as_of)["long_run"] == pytest.approx(so_far, rel=0.15)


def test_the_numbers_of_orders_by_now_are_those_of_simulated_luck(leads, leads_stays):
    forty = pipeline.newcomers(leads, since="2025-01-01", region="Nanjing", sector="food_shop")
    rates, stays = pipeline.transition_rates(leads_stays), pipeline.spells(forty, as_of="2025-12-31")
    likely = pipeline.orders_by_now(rates, stays)
    assert len(likely) == 41
    assert likely[["as_is", "halved"]].sum().tolist() == pytest.approx([1, 1])
    chances = pipeline.expected_by_now(rates, stays, "order")["chance"].to_numpy()
    assert likely["orders"] @ likely["as_is"] == pytest.approx(chances.sum())
    lucky = (np.random.default_rng(1).random((20_000, 40)) < chances).sum(axis=1)
    drawn = np.bincount(lucky, minlength=41) / 20_000
    assert np.abs(drawn - likely["as_is"]).max() < 0.01
    # two or more: a leak of half the rate would still let them come one time in six
    two = likely[likely["orders"] >= 2][["as_is", "halved"]].sum()
    assert two.round(2).tolist() == [0.36, 0.16]

"""The simulated pipeline and the course's leads: known truth, money and activities."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pipeline_logs import SMALL, TRUTH, log_of

from cvmlab import CvmError, datasets, pipeline
from cvmlab.relationship.pipeline import STEPS, PipelineRates, simulate_pipeline
from cvmlab.relationship.pipeline.rates import generator

# --- the simulation ------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_customers_and_more_customers_change_nobody(made):
    fewer = simulate_pipeline(TRUTH, customers=100, seed=5)
    ids = fewer.truth["customer_id"]
    pd.testing.assert_frame_equal(
        fewer.events, made.events[made.events["customer_id"].isin(ids)].reset_index(drop=True)
    )
    assert not fewer.events.equals(simulate_pipeline(TRUTH, customers=100, seed=6).events)


def test_the_truth_goes_on_where_the_log_ends(made, stays):
    now = stays[stays["censored"]].set_index("customer_id")["state"]
    truth = made.truth.set_index("customer_id")
    assert truth["state"].tolist() == now.loc[truth.index].tolist()
    ahead = truth[truth["state"] != "lost"]
    assert (ahead["next_date"] > pd.Timestamp(made.as_of)).all()
    assert truth.loc[truth["state"] == "lost", "next_state"].eq("").all()
    longer = simulate_pipeline(TRUTH, customers=300, seed=9, months=24)
    assert longer.events["date"].max() <= pd.Timestamp(longer.as_of)


def test_a_pipeline_that_moves_every_day_is_refused():
    fast = PipelineRates.from_log(TRUTH.frame())
    with pytest.raises(CvmError, match="at most 3"):
        fast.replace(order_user=40)
    for count in (0, 2.5):
        with pytest.raises(CvmError, match=f"{count}.* a whole number"):
            simulate_pipeline(TRUTH, customers=count, seed=1)


def test_rates_of_a_log_make_the_scenario_and_back(stays):
    rates = pipeline.transition_rates(stays)
    scenario = PipelineRates.from_log(rates)
    assert np.allclose(scenario.generator(), generator(rates))
    assert np.allclose(generator(scenario.frame()), generator(rates))
    assert scenario.call_cost == TRUTH.call_cost


def test_money_of_a_log_makes_the_scenario(leads, leads_stays):
    money = pipeline.money_by_state(leads, as_of="2025-12-31")
    scenario = PipelineRates.from_log(pipeline.transition_rates(leads_stays), money)
    rewards = money.set_index("state")["reward"]
    assert scenario.rewards()["user"] == pytest.approx(rewards["user"], abs=2)
    assert scenario.rewards()["order"] == pytest.approx(rewards["order"], rel=0.02)
    assert scenario.call_cost == pytest.approx(TRUTH.call_cost, rel=0.03)


# --- the course's data ---------------------------------------------------------------------------


def test_the_generator_makes_exactly_what_is_shipped(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "datasets"))
    generator_script = importlib.import_module("make_packaging_leads")
    digest = importlib.import_module("parquet_files").digest
    for name in ("make_packaging_leads", "parquet_files"):
        monkeypatch.delitem(sys.modules, name)
    for name, frame in generator_script.tables().items():
        assert digest(frame) == digest(datasets.load(name)), name
        assert datasets.path(name).stat().st_size < 1_000_000


def test_moves_of_the_leads_are_those_of_the_truth(leads, leads_stays):
    truth = datasets.load("packaging_leads_truth")
    now = leads_stays[leads_stays["censored"]]
    assert now["state"].tolist() == truth.set_index("customer_id").loc[now["customer_id"], "state"].tolist()
    rates = pipeline.transition_rates(leads_stays)
    true_rates = [
        truth[f"{before}_{after}"][0] for before, after in zip(rates["from_state"], rates["to_state"], strict=True)
    ]
    inside = (rates["low"] <= true_rates) & (true_rates <= rates["high"])
    assert len(rates) == 13 and inside.sum() >= 12


def test_the_value_of_a_lead_is_near_the_true_one(leads, leads_stays):
    rates = pipeline.transition_rates(leads_stays)
    money = pipeline.money_by_state(leads, as_of="2025-12-31")
    rewards = dict(zip(money["state"], money["reward"], strict=True))
    for state in STEPS:
        estimated = pipeline.value_of_prospect(rates, rewards, discount_rate=0.1, start=state)
        true = pipeline.value_of_prospect(TRUTH.frame(), TRUTH.rewards(), discount_rate=0.1, start=state)
        assert estimated == pytest.approx(true, rel=0.15, abs=50)


def test_money_by_state_loses_no_money(leads):
    money = pipeline.money_by_state(leads, as_of="2025-12-31")
    assert money["value"].sum() == pytest.approx(leads["value"].sum())
    assert money["cost"].sum() == pytest.approx(leads["cost"].sum())
    reward = money.set_index("state")["reward"]
    assert reward["user"] > 0 > reward["order"]


def test_the_maker_earns_on_film_and_not_on_the_device(leads):
    by_product = leads.groupby("product")[["amount", "value"]].sum()
    assert by_product.loc["bagging_machine", "amount"] > by_product.loc["film_and_bags", "amount"]
    assert by_product.loc["film_and_bags", "value"] > 30 * by_product.loc["bagging_machine", "value"]


def test_the_cards_figures_and_the_lessons_forty_leads(leads):
    first = leads.groupby("customer_id").agg(
        date=("date", "min"), region=("region", "first"), sector=("sector", "first")
    )
    ordered = first.index.isin(leads.loc[leads["event"] == "order", "customer_id"])
    year = first["date"].dt.year
    counts = [(int((year == y).sum()), int(ordered[year == y].sum())) for y in (2025, 2022)]
    assert counts == [(502, 17), (524, 173)]
    ours = ((year == 2025) & (first["region"] == "Nanjing") & (first["sector"] == "food_shop")).to_numpy()
    assert (ours.sum(), ordered[ours].sum()) == (40, 2)


def test_the_account_has_a_line_for_each_customer_and_owes_what_is_not_paid(leads):
    account = pipeline.account(leads, as_of="2025-12-31")
    assert account["customer_id"].tolist() == sorted(leads["customer_id"].unique())
    assert account["receivables"].sum() == pytest.approx((leads["amount"] - leads["paid"]).sum())
    assert (account["receivables"] >= 0).all()
    assert ((account["purchases"] > 0) == (account["bought"] != "")).all()
    assert account["purchases"].sum() == len(pipeline.purchases(leads))
    # our own calls do not end a silence
    never = account["purchases"] == 0
    assert account.loc[never, "silent_days"].isna().all()
    silent = pd.Timestamp("2025-12-31") - account.loc[~never, "last_purchase"]
    assert account.loc[~never, "silent_days"].tolist() == silent.dt.days.tolist()
    cancelled = leads.loc[leads["event"] == "cancelled", "customer_id"]
    assert len(cancelled) == 14
    assert (account.set_index("customer_id").loc[cancelled, ["receivables", "purchases"]] == 0).all(axis=None)
    bare = pipeline.account(SMALL)
    assert list(bare) == ["customer_id", "state", "since", "first_date", "last_date"]
    assert bare["state"].tolist() == ["opportunity", "lost", "target"]


def test_what_comes_after_the_order_is_told_by_kind_with_its_days():
    log = log_of(
        ("a", "2024-01-01", "prospect"), ("a", "2024-02-01", "prospect"), ("a", "2024-03-01", "order"),
        ("a", "2024-03-11", "user"), ("a", "2024-03-15", "user"), ("a", "2024-04-01", "user"),
        ("a", "2024-05-01", "user"), ("b", "2024-01-01", "order"), ("b", "2024-01-05", "lost"),
        ("c", "2024-01-01", "target"),
    ).assign(
        event=[None, "call", "order", "delivered", "trained", "instalment", "instalment", "order", "call", ""],
        paid=[0.0, 0, 300, 0, 0, 200, 100, 50, 0, 0],
    )  # fmt: skip
    # the hour of an event does not count: a day is a day
    log["date"] += pd.to_timedelta([0, 9, 17, 8, 0, 0, 0, 9, 8, 0], unit="h")
    done = pipeline.activities(log.sample(frac=1, random_state=2))
    assert list(done) == ["customer_id", "event", "times", "first_date", "last_date", "days_from_order", "paid"]
    assert done["event"].tolist() == ["call", "order", "delivered", "trained", "instalment", "order", "call"]
    assert done["times"].tolist() == [1, 1, 1, 1, 2, 1, 1]
    # a call before the order did not come after it; an order that was cancelled is none to count from
    assert done["days_from_order"].tolist() == [pd.NA, 0, 10, 14, 31, pd.NA, pd.NA]
    assert done["paid"].tolist() == [0, 300, 0, 0, 300, 50, 0]
    assert done["last_date"].iloc[4] == pd.Timestamp("2024-05-01")
    with pytest.raises(CvmError, match="no column 'event'"):
        pipeline.activities(SMALL)
    assert len(pipeline.activities(SMALL.assign(event=""))) == 0


def test_activities_lose_no_event_and_no_money(leads):
    done = pipeline.activities(leads)
    assert done["times"].sum() == (leads["event"] != "").sum()
    for name in ("cost", "amount", "paid"):
        assert done[name].sum() == pytest.approx(leads[name].sum())
    first_orders = done[done["event"] == "order"]
    assert (first_orders["days_from_order"].dropna() == 0).all()
    assert first_orders["days_from_order"].isna().sum() == (leads["event"] == "cancelled").sum()

"""The pipeline: stays, rates and times against known truth, values against published figures, bad input."""

from __future__ import annotations

import importlib
import itertools
import os
import re
import shutil
import sys
from pathlib import Path

import duckdb
import nbformat
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbclient import NotebookClient
from scipy.stats import CensoredData, ecdf

import cvmlab as cvm
from cvmlab import CvmError, charts, datasets, feedback, pipeline
from cvmlab.core.periods import DAYS_A_MONTH
from cvmlab.core.words import read_table, say, speaking, term
from cvmlab.relationship.pipeline import STATES, STEPS, PipelineRates, simulate_pipeline
from cvmlab.relationship.pipeline.rates import generator
from cvmlab.whatif import forget_guesses, guess, pipeline_step
from cvmlab.whatif.explorers import pipeline as better_step

TRUTH = PipelineRates()
few = settings(max_examples=40, deadline=None)


def log_of(*rows: tuple[str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "state"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


SMALL = log_of(
    ("a", "2024-01-01", "target"),
    ("a", "2024-02-01", "prospect"),
    ("a", "2024-04-01", "opportunity"),
    ("b", "2024-01-15", "target"),
    ("b", "2024-01-25", "lost"),
    ("c", "2024-03-01", "target"),
)


@pytest.fixture(scope="module")
def made():
    return simulate_pipeline(TRUTH, customers=3_000, seed=5)


@pytest.fixture(scope="module")
def stays(made):
    return pipeline.spells(made.events, as_of=made.as_of)


@pytest.fixture(scope="module")
def leads():
    return datasets.load("copier_leads")


@pytest.fixture(scope="module")
def leads_stays(leads):
    return pipeline.spells(leads, as_of="2001-12-31")


@st.composite
def logs(draw):
    """Logs of a few customers, in any order of rows, with repeated states."""
    rows = []
    for customer in range(draw(st.integers(1, 6))):
        days = draw(st.lists(st.integers(0, 900), min_size=1, max_size=8, unique=True))
        rows += [
            (f"{customer:03d}", np.datetime64("2020-01-01") + day, draw(st.sampled_from(STATES)))
            for day in sorted(days)
        ]
    frame = pd.DataFrame(draw(st.permutations(rows)), columns=["customer_id", "date", "state"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


# --- stays ---------------------------------------------------------------------------------------


@few
@given(logs())
def test_stays_join_without_gap_and_end_with_the_log(log):
    stays = pipeline.spells(log, as_of="2023-01-01")
    following = stays.groupby("customer_id")
    assert (stays["days"] >= 0).all()
    assert (stays["days"][~stays["censored"]] > 0).all()
    assert following["censored"].sum().eq(1).all() and following["censored"].last().all()
    ended = stays[~stays["censored"]]
    assert ended["end"].tolist() == stays.loc[ended.index + 1, "start"].tolist()
    assert ended["next_state"].tolist() == stays.loc[ended.index + 1, "state"].tolist()
    assert (ended["next_state"] != ended["state"]).all()
    assert (stays.loc[stays["censored"], "end"] == pd.Timestamp("2023-01-01")).all()
    span = (pd.Timestamp("2023-01-01") - log.groupby("customer_id")["date"].min()).dt.days
    assert following["days"].sum().tolist() == span.tolist()


@few
@given(logs())
def test_the_order_of_rows_does_not_matter(log):
    shuffled = log.sample(frac=1, random_state=3).reset_index(drop=True)
    pd.testing.assert_frame_equal(pipeline.spells(log), pipeline.spells(shuffled))


@few
@given(logs())
def test_the_funnel_narrows_and_its_parts_add_up(log):
    steps = pipeline.funnel(pipeline.spells(log))
    assert steps["state"].tolist() == list(STEPS)
    assert steps["reached"].iloc[0] == log["customer_id"].nunique()
    assert steps["reached"].is_monotonic_decreasing
    assert (steps[["went_on", "open", "lost"]] >= 0).all(axis=None)
    assert (steps["went_on"] + steps["open"] + steps["lost"]).tolist() == steps["reached"].tolist()


@few
@given(logs())
def test_into_each_state_go_as_many_as_come_out_or_are_still_there(log):
    flows = pipeline.flows(pipeline.spells(log))
    came, went = flows.groupby("to_state")["count"].sum(), flows.groupby("from_state")["count"].sum()
    for state in set(came.index) - {""}:
        assert came[state] == went[state]
    assert went[""] == came[""] == log["customer_id"].nunique()


def test_rows_that_repeat_the_state_begin_no_new_stay_and_the_frame_is_not_changed():
    log = log_of(("a", "2024-01-01", "user"), ("a", "2024-01-01", "user"), ("a", "2024-02-01", "user"))
    before = log.copy()
    assert pipeline.spells(log, as_of="2024-03-01")["days"].tolist() == [60]
    pd.testing.assert_frame_equal(log, before)


def test_one_customer_who_never_moved():
    log = log_of(("007", "2024-01-01", "target"))
    stays = pipeline.spells(log)
    assert stays.iloc[0][["customer_id", "days", "censored"]].tolist() == ["007", 0, True]
    rates = pipeline.transition_rates(stays)
    assert len(rates) == 0
    assert np.array_equal(pipeline.transition_matrix(rates)[list(STATES)], np.eye(len(STATES)))
    assert pipeline.funnel(stays)["reached"].tolist() == [1, 0, 0, 0, 0]


def test_who_enters_halfway_has_come_as_far_as_the_steps_before():
    steps = pipeline.funnel(pipeline.spells(log_of(("a", "2024-01-01", "dormant"), ("b", "2024-01-01", "order"))))
    assert steps["reached"].tolist() == [2, 2, 2, 2, 1]


def test_the_funnel_by_hand_who_is_lost_stays_where_he_had_come():
    log = log_of(
        ("a", "2024-01-01", "target"), ("a", "2024-02-01", "lost"),
        ("b", "2024-01-01", "target"), ("b", "2024-02-01", "prospect"), ("b", "2024-03-01", "lost"),
        ("c", "2024-01-01", "opportunity"), ("c", "2024-02-01", "lost"),
        ("d", "2024-01-01", "order"), ("d", "2024-02-01", "user"), ("d", "2024-03-01", "dormant"),
        ("d", "2024-04-01", "lost"),
        ("e", "2024-01-01", "target"),
        ("f", "2024-01-01", "prospect"), ("f", "2024-02-01", "target"),
    )  # fmt: skip
    steps = pipeline.funnel(pipeline.spells(log))
    assert steps["reached"].tolist() == [6, 4, 2, 1, 1]
    assert steps["went_on"].tolist() == [4, 2, 1, 1, 0]
    assert steps["open"].tolist() == [1, 1, 0, 0, 0]
    assert steps["lost"].tolist() == [1, 1, 1, 0, 1]
    assert steps["share_of_before"].tolist()[1:] == [4 / 6, 0.5, 0.5, 1]
    alone = pipeline.funnel(pipeline.spells(log[log["customer_id"] == "a"]))
    assert alone["reached"].tolist() == [1, 0, 0, 0, 0]


# --- frames of other engines ---------------------------------------------------------------------

MONEY = log_of(
    ("a", "2024-01-01", "order"), ("a", "2024-03-01", "user"), ("b", "2024-02-01", "target"),
    ("a", "2024-06-01", "user"),
).assign(
    event=["order", "delivered", "call", "repeat_purchase"], value=[10.0, 0.0, 0.0, 90.0], cost=[5.0, 2.0, 1.0, 0.0],
    amount=[900.0, 0.0, 0.0, 120.0], paid=[300.0, 300.0, 0.0, 120.0], product=["copier", None, None, "toner"],
)  # fmt: skip


def duckdb_relation(frame: pd.DataFrame):
    connection = duckdb.connect()
    connection.register("given", frame)
    # days without an hour, as a database keeps them
    return connection.sql("select * replace (date::date as date) from given")


ENGINES = {
    "polars": pl.from_pandas,
    "polars_days": lambda frame: pl.from_pandas(frame).with_columns(pl.col("date").cast(pl.Date)),
    "polars_lazy": lambda frame: pl.from_pandas(frame).lazy(),
    "pyarrow": lambda frame: pl.from_pandas(frame).to_arrow(),
    "duckdb": duckdb_relation,
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "function",
    [
        pipeline.spells,
        pipeline.account,
        pipeline.activities,
        pipeline.purchases,
        pipeline.money_by_state,
        lambda log: pipeline.dormancy(log, silent_days=(30,)),
    ],
)
def test_a_log_of_any_engine_tells_what_the_pandas_log_tells(function, engine):
    before = MONEY.copy()
    assert pipeline.check_events(ENGINES[engine](MONEY)) is None
    found = function(ENGINES[engine](MONEY))
    pd.testing.assert_frame_equal(found, function(MONEY), check_dtype=False)
    pd.testing.assert_frame_equal(MONEY, before)


def test_stays_rates_and_matrices_may_be_polars_too(stays):
    few_stays = stays.head(400)
    rates = pipeline.transition_rates(few_stays)
    theirs = pl.from_pandas(few_stays), pl.from_pandas(rates)
    for function in (pipeline.funnel, pipeline.flows, pipeline.transition_rates, pipeline.time_in_state):
        pd.testing.assert_frame_equal(function(theirs[0]), function(few_stays))
    matrix = pipeline.transition_matrix(theirs[1])
    pd.testing.assert_frame_equal(matrix, pipeline.transition_matrix(rates))
    for function in (pipeline.effect_of_rate, pipeline.value_of_prospect):
        ours = function(rates, TRUTH.rewards(), discount_rate=0.1)
        assert np.array_equal(function(theirs[1], TRUTH.rewards(), discount_rate=0.1), ours)
    values = pipeline.state_values(pl.from_pandas(matrix), TRUTH.rewards(), discount_rate=0.1)
    pd.testing.assert_frame_equal(values, pipeline.state_values(matrix, TRUTH.rewards(), discount_rate=0.1))
    assert PipelineRates.from_log(theirs[1]) == PipelineRates.from_log(rates)


def test_stays_written_to_a_file_and_read_again_are_the_same(stays, tmp_path):
    stays.to_csv(tmp_path / "stays.csv", index=False)
    again = pd.read_csv(tmp_path / "stays.csv", dtype={"customer_id": str})
    assert again["next_state"].isna().any()
    for function in (pipeline.flows, pipeline.transition_rates, pipeline.time_in_state):
        pd.testing.assert_frame_equal(function(again), function(stays))


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (SMALL.iloc[:0], "has no rows"),
        (SMALL.drop(columns="state"), "has no column 'state'"),
        (SMALL.assign(state=["suspect", *SMALL["state"][1:]]), "'suspect' in row 1.*Write one of: target, prospect"),
        (
            SMALL.assign(date=[pd.NaT, *SMALL["date"][1:]]),
            "'date' .* empty cells .rows affected: 1, .* row 1",
        ),
        (SMALL.assign(state=[*SMALL["state"][:5], None]), "'state' .* first in row 6"),
        (SMALL.assign(customer_id=range(6)), "'customer_id' .* holds Int64"),
        (SMALL.assign(date=SMALL["date"].dt.tz_localize("UTC")), "'date' .* dates without a time zone"),
        (SMALL.assign(cost=[1.0, np.inf, 0, 0, 0, 0]), "'cost' holds an infinite number in row 2"),
        (SMALL.assign(paid=[1.0, 0, -np.inf, 0, 0, 0]), "'paid' holds an infinite number in row 3"),
        (SMALL.assign(amount="900"), "'amount' of the table events holds String; it must hold numbers"),
        (
            pl.from_pandas(SMALL).with_columns(state=pl.lit("client")),
            "'state' of the table events holds 'client' in row 1",
        ),
        ("leads.csv", "a pandas, polars, DuckDB or pyarrow frame is needed"),
    ],
)
def test_a_log_that_is_none_is_refused_with_column_and_row(log, said):
    with pytest.raises(CvmError, match=said):
        pipeline.check_events(log)


def test_two_states_on_a_day_are_told_with_the_row_whatever_the_order_and_hour():
    log = log_of(
        ("a", "2024-01-01 16:00", "order"), ("b", "2024-01-01 00:00", "user"), ("a", "2024-01-01 09:00", "user")
    )
    with pytest.raises(CvmError, match=r"'a' is in two states on 2024-01-01: order and user \(row 3\)"):
        pipeline.spells(log)


def test_a_row_after_the_as_of_date_is_told_with_its_row():
    with pytest.raises(CvmError, match="Row 3 is dated 2024-04-01, which is after the as-of date 2024-03-31"):
        pipeline.spells(SMALL, as_of="2024-03-31")
    assert pipeline.spells(SMALL, as_of="2024-04-01")["days"].max() == 67


def test_unknown_states_are_refused_everywhere():
    with pytest.raises(CvmError, match=r"No customer in these data is in the state 'user'.*lost, opportunity"):
        pipeline.staying_curve(pipeline.spells(SMALL), "user")
    for call in (
        lambda: pipeline.chance_of_reaching(TRUTH.frame(), "client"),
        lambda: pipeline.value_of_prospect(TRUTH.frame(), {"client": 1.0}, discount_rate=0.1),
        lambda: pipeline.value_of_prospect(TRUTH.frame(), {}, discount_rate=0.1, start="client"),
        lambda: pipeline.whereabouts(TRUTH.frame(), {"client": 1}, months=1),
    ):
        with pytest.raises(CvmError, match="no state 'client'"):
            call()
    with pytest.raises(CvmError, match="'to_state' of the table rates holds 'client' in row 1"):
        pipeline.transition_matrix(pd.DataFrame({"from_state": ["user"], "to_state": ["client"], "rate": [0.1]}))


STAYS = pd.DataFrame({
    "customer_id": ["a", "a"], "state": ["target", "prospect"], "next_state": ["prospect", ""], "days": [60, 0],
    "censored": [False, True],
})  # fmt: skip


@pytest.mark.parametrize("estimate", [pipeline.transition_rates, pipeline.time_in_state])
@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"days": [0, 0]}, "The stay in row 1 ended after 0 days"),
        ({"days": [60, np.nan]}, "'days' of the table spells has empty cells .rows affected: 1, first in row 2"),
        ({"days": [60, -5]}, r"'days' of the table spells holds -5 in row 2; it must be at least 0\."),
        ({"days": [np.inf, 0]}, "'days' holds an infinite number in row 1"),
        ({"days": ["60", "0"]}, "'days' of the table spells holds str; it must hold numbers"),
        ({"state": ["client", "prospect"]}, "'state' of the table spells holds 'client' in row 1"),
        ({"next_state": ["client", ""]}, r"'next_state' .* 'client' in row 1.*: target, .*, dormant, lost\.$"),
        ({"next_state": ["", ""]}, "The stay in row 1 has ended, but 'next_state' is empty"),
        ({"censored": ["False", "True"]}, "'censored' of the table spells holds 'False' in row 1"),
        ({"censored": [False, None]}, "'censored' of the table spells holds 'None' in row 2"),
    ],
)
def test_stays_that_are_none_are_refused_with_their_row(estimate, columns, said):
    assert len(estimate(STAYS)) > 0
    with pytest.raises(CvmError, match=said):
        estimate(STAYS.assign(**columns))


def test_who_stands_in_an_unknown_state_is_not_dropped_from_funnel_and_flows():
    for function in (pipeline.funnel, pipeline.flows):
        with pytest.raises(CvmError, match="'state' of the table spells holds 'client' in row 2"):
            function(STAYS.assign(state=["target", "client"]))
        with pytest.raises(CvmError, match="no rows"):
            function(STAYS.head(0))


RATES = TRUTH.frame()
VALUED = {
    "expected_rewards": pipeline.expected_rewards,
    "value_of_prospect": lambda rates, rewards: pipeline.value_of_prospect(rates, rewards, discount_rate=0.1),
    "effect_of_rate": lambda rates, rewards: pipeline.effect_of_rate(rates, rewards, discount_rate=0.1),
}


@pytest.mark.parametrize("name", VALUED)
@pytest.mark.parametrize(
    ("rates", "rewards", "said"),
    [
        (RATES.assign(rate="0.1"), {"user": 1.0}, "'rate' of the table rates holds str; it must hold numbers"),
        (RATES.assign(rate=RATES["rate"].mask(RATES.index == 4)), {}, "'rate' of the table rates .* first in row 5"),
        (RATES.assign(rate=-0.1), {}, "'rate' of the table rates holds -0.1 in row 1; it must be at least 0"),
        (RATES.drop(columns="rate"), {}, "rates has no column 'rate'"),
        (RATES, {"user": "200"}, r"rewards by state \(rewards\) holds '200'"),
        (RATES, {"user": None}, r"\(rewards\) holds None"),
        (RATES, {"user": [1.0, 2.0]}, r"\(rewards\) holds \[1\.0, 2\.0\]"),
        (RATES, {"user": np.nan}, r"\(rewards\) holds nan"),
        (RATES, ["user"], r"rewards=\['user'\]: a dictionary is needed"),
    ],
)
def test_rates_and_rewards_that_are_no_numbers_are_told(name, rates, rewards, said):
    with pytest.raises(CvmError, match=said):
        VALUED[name](rates, rewards)


def test_rewards_may_be_a_column_with_states_as_its_index():
    rewards = TRUTH.rewards()
    for value in VALUED.values():
        assert repr(value(RATES, pd.Series(rewards))) == repr(value(RATES, rewards))


@pytest.mark.parametrize("count", [-5, "many", np.inf])
def test_customers_are_a_number_from_0(count):
    with pytest.raises(CvmError, match=r"number of customers \(customers\)"):
        pipeline.whereabouts(RATES, {"target": count}, months=1)
    assert pipeline.whereabouts(RATES, {"target": 0}, months=1)["customers"].eq(0).all()


@pytest.mark.parametrize(
    ("rates", "money", "said"),
    [
        (RATES.assign(rate="x"), None, "'rate' of the table rates holds str"),
        (RATES.drop(columns="from_state"), None, "rates has no column 'from_state'"),
        (RATES, pipeline.money_by_state(MONEY), "rates has no column 'count'"),
        (RATES.assign(count=1), pipeline.money_by_state(MONEY).assign(cost="x"), "'cost' of the table money holds str"),
        (RATES.assign(count=1), pd.DataFrame({"state": ["order"]}), "money has no column 'exposure'"),
    ],
)
def test_a_scenario_from_what_is_no_log_is_refused(rates, money, said):
    with pytest.raises(CvmError, match=said):
        PipelineRates.from_log(rates, money)


# --- rates ---------------------------------------------------------------------------------------


def test_a_rate_is_moves_over_customer_months_open_stays_included():
    rates = pipeline.transition_rates(pipeline.spells(SMALL, as_of="2024-04-11"))
    lost = rates.set_index(["from_state", "to_state"]).loc[("target", "lost")]
    months = (31 + 10 + 41) / DAYS_A_MONTH
    assert lost["exposure"] == pytest.approx(months)
    assert lost["rate"] == pytest.approx(1 / months)


@pytest.mark.parametrize(
    ("count", "low", "high"), [(1, 0.025318, 5.5716), (10, 4.7954, 18.3904), (100, 81.364, 121.627)]
)
def test_the_interval_is_the_exact_poisson_one(count, low, high):
    # Garwood (1936), 95% limits of an expectation, as tabled
    stays = pd.DataFrame({"state": "user", "next_state": "lost", "days": [DAYS_A_MONTH / count] * count})
    rates = pipeline.transition_rates(stays.assign(censored=False))
    assert rates[["low", "high"]].to_numpy().tolist()[0] == pytest.approx([low, high], rel=2e-4)


def test_true_rates_lie_in_their_intervals_as_often_as_they_should():
    covered = []
    for seed in range(60):
        made = simulate_pipeline(TRUTH, customers=250, seed=seed)
        rates = pipeline.transition_rates(pipeline.spells(made.events, as_of=made.as_of))
        both = rates.merge(TRUTH.frame(), on=["from_state", "to_state"], suffixes=("", "_true"))
        covered.append(both.eval("low <= rate_true <= high").to_numpy())
    share = np.concatenate(covered).mean()
    # the exact interval covers at least 95%, more where moves are few; 4 standard errors of slack
    assert 0.95 - 4 * np.sqrt(0.95 * 0.05 / 700) < share < 0.99


def test_rates_are_estimated_without_bias(made, stays):
    rates = pipeline.transition_rates(stays)
    both = rates.merge(TRUTH.frame(), on=["from_state", "to_state"], suffixes=("", "_true"))
    assert len(both) == len(TRUTH.frame())
    errors = (both["rate"] - both["rate_true"]) / np.sqrt(both["rate_true"] / both["exposure"])
    assert (errors.abs() < 4).all()
    assert abs(errors.mean()) < 4 / np.sqrt(len(errors))


@few
@given(logs(), st.floats(0, 60))
def test_the_matrix_is_one_of_probabilities_and_takes_steps_of_any_length(log, months):
    rates = pipeline.transition_rates(pipeline.spells(log))
    chances = pipeline.transition_matrix(rates, months=months)[list(STATES)].to_numpy()
    assert (chances >= 0).all()
    assert np.allclose(chances.sum(axis=1), 1, atol=1e-12)
    half = pipeline.transition_matrix(rates, months=months / 2)[list(STATES)].to_numpy()
    assert np.allclose(half @ half, chances, atol=1e-8)


def test_the_matrix_says_where_simulated_customers_are(made):
    """Where 3,000 customers stand a year after they became targets, as the matrix expects."""
    first = made.events.groupby("customer_id")["date"].transform("min")
    year_later = first + pd.to_timedelta(round(12 * DAYS_A_MONTH), unit="D")
    old_enough = year_later <= pd.Timestamp(made.as_of)
    then = made.events[old_enough & (made.events["date"] <= year_later)].groupby("customer_id")["state"].last()
    expected = pipeline.whereabouts(TRUTH.frame(), {"target": len(then)}, months=12).set_index("state")["customers"]
    counts = then.value_counts().reindex(STATES, fill_value=0)
    assert (np.abs(counts - expected) <= 4 * np.sqrt(expected)).all()
    assert expected.sum() == pytest.approx(len(then))


def test_a_state_nobody_left_keeps_its_customers_and_one_that_was_left_does_not(stays):
    matrix = pipeline.transition_matrix(pipeline.transition_rates(stays)).set_index("state")
    assert matrix.loc["lost", "lost"] == 1
    came_back = pd.concat([TRUTH.frame(), pd.DataFrame([{"from_state": "lost", "to_state": "prospect", "rate": 0.01}])])
    assert pipeline.transition_matrix(came_back).set_index("state").loc["lost", "prospect"] > 0


def test_the_chance_ever_to_order_is_what_follows_by_hand():
    # x = chance from prospect: 0.8 become an opportunity, 0.375 of those order, 0.45 come back as prospects
    x = 0.8 * 0.375 / (1 - 0.8 * 0.45)
    chance = pipeline.chance_of_reaching(TRUTH.frame(), "order").set_index("state")["chance"]
    assert chance[["target", "prospect", "opportunity"]].tolist() == pytest.approx([0.8 * x, x, x / 0.8])
    assert chance[["order", "user", "lost"]].tolist() == [1, 0, 0]


# --- time in a state -----------------------------------------------------------------------------


def test_kaplan_meier_is_that_of_scipy(stays):
    mine = stays[stays["state"] == "prospect"]
    curve = pipeline.staying_curve(stays, "prospect")
    lengths, open_ones = mine["days"].to_numpy(float), mine["censored"].to_numpy()
    theirs = ecdf(CensoredData(uncensored=lengths[~open_ones], right=lengths[open_ones])).sf
    reference = theirs.evaluate(curve["days"][1:].to_numpy())
    assert np.allclose(curve["staying"][1:], reference, rtol=0, atol=1e-12)
    assert curve["staying"].is_monotonic_decreasing


@pytest.mark.parametrize("state", ["user", "dormant"])
def test_the_mean_of_finished_stays_is_too_short_and_the_median_is_not(stays, state):
    times = pipeline.time_in_state(stays).set_index("state").loc[state]
    leaving = TRUTH.frame().query("from_state == @state")["rate"].sum()
    true_mean, true_median = DAYS_A_MONTH / leaving, DAYS_A_MONTH * np.log(2) / leaving
    assert times["mean_finished_days"] < 0.75 * true_mean
    assert times["median_days"] == pytest.approx(true_median, rel=0.15)
    assert times["constant_rate_median_days"] == pytest.approx(true_median, rel=0.1)


def test_shares_to_the_next_states_add_up(stays):
    times = pipeline.time_in_state(stays).set_index("state")
    assert times.drop("lost")[[f"to_{name}" for name in STATES]].sum(axis=1).to_numpy() == pytest.approx(1)
    assert times.loc["lost", "to_user":].isna().all()
    assert times.loc["lost", "median_days"] == np.inf


# --- values --------------------------------------------------------------------------------------

#: Pfeifer & Carraway (2000): states by recency; margin 40, mailing 4, d = .2, p = (.3, .2, .15, .05).
RECENCY = pd.DataFrame({
    "state": ["1", "2", "3", "4", "former"],
    "1": [0.3, 0.2, 0.15, 0.05, 0.0],
    "2": [0.7, 0.0, 0.0, 0.0, 0.0],
    "3": [0.0, 0.8, 0.0, 0.0, 0.0],
    "4": [0.0, 0.0, 0.85, 0.0, 0.0],
    "former": [0.0, 0.0, 0.0, 0.95, 1.0],
})  # fmt: skip
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


def test_the_largest_leak_is_not_the_step_worth_most():
    effect = pipeline.effect_of_rate(TRUTH.frame(), TRUTH.rewards(), discount_rate=0.1, start="target")
    best = effect.iloc[0]
    assert (best["from_state"], best["to_state"]) == ("user", "dormant")
    ahead = [pipeline.chance_of_reaching(TRUTH.frame(), goal).set_index("state")["chance"] for goal in STEPS[1:]]
    forward = [chance[before] for chance, before in zip(ahead, STEPS[:-1], strict=True)]
    assert STEPS[int(np.argmin(forward))] == "opportunity"
    assert effect.sort_values("by_share").iloc[-1][["from_state", "to_state"]].tolist() == ["opportunity", "order"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: pipeline.state_values(RECENCY.assign(**{"1": 0.3}), REWARDS, discount_rate=0.2), "'2' add up to 1.1"),
        (lambda: pipeline.state_values(RECENCY.iloc[:0], {}, discount_rate=0.2), "has no rows"),
        (lambda: pipeline.state_values(RECENCY, {"5": 1.0}, discount_rate=0.2), "no state '5'"),
        (lambda: pipeline.state_values(RECENCY, {"1": "36"}, discount_rate=0.2), r"\(rewards\) holds '36'"),
        (lambda: pipeline.state_values(RECENCY.assign(**{"2": "0"}), {}, discount_rate=0.2), "'2' .* matrix holds str"),
        (
            lambda: pipeline.state_values(RECENCY.assign(**{"2": 1.5}), {}, discount_rate=0.2),
            "'2' .* holds 1.5 in row 1",
        ),
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


# --- silence -------------------------------------------------------------------------------------


@few
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 800)), min_size=1, max_size=40), st.integers(1, 400))
def test_silence_keeps_its_order_whatever_the_log(bought, within):
    log = pd.DataFrame(bought, columns=["customer_id", "day"])
    log["date"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(log["day"], unit="D")
    silent = pipeline.dormancy(log, silent_days=(1, 7, 30, 90, 365, 700), within_days=within, as_of="2022-06-01")
    assert silent["silences"].is_monotonic_decreasing and silent["woken"].is_monotonic_decreasing
    assert silent["silent_now"].is_monotonic_decreasing
    assert (silent["woken"] + silent["silent_now"]).tolist() == silent["silences"].tolist()
    for column in ("share_woken", "chance_within", "chance_seen", "share_silent_now"):
        known = silent[column].dropna()
        assert known.between(-1e-12, 1 + 1e-12).all(), column
    known = silent.dropna(subset=["chance_seen"])
    assert (known["chance_seen"].diff().dropna() <= 1e-12).all()
    # who woke by now did so within the longest silence seen to end: a lower bound
    assert (known["share_woken"] <= known["chance_seen"] + 1e-12).all()
    assert silent["silences"].iloc[0] == len(log.drop_duplicates())


def test_many_who_are_silent_for_long_are_dormant_and_not_lost(leads):
    silent = pipeline.dormancy(pipeline.purchases(leads), silent_days=(180,), as_of="2001-12-31").iloc[0]
    assert silent["silences"] > 100
    assert 0.35 < silent["chance_within"] < 0.6
    truth = datasets.load("copier_leads_truth").query("state == 'dormant'")
    assert (truth["next_state"] == "user").mean() > 0.6


def test_silence_and_waking_by_hand():
    """Eight silences: 10 and 30 days each woken twice; 30, 60, 70 and 80 days still last on day 100."""
    bought = {"a": [0, 10, 40], "b": [0, 30], "c": [20], "d": [60, 70]}
    log = pd.DataFrame([(who, day) for who, days in bought.items() for day in days], columns=["customer_id", "day"])
    log["date"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(log["day"], unit="D")
    as_of = pd.Timestamp("2024-01-01") + pd.Timedelta(days=100)

    def silent(days: int, within: int) -> pd.Series:
        return pipeline.dormancy(log, silent_days=days, within_days=within, as_of=as_of).iloc[0]

    # Kaplan-Meier: after 10 days 1 - 2/8 = .75 are silent, after 30 days .75 (1 - 2/6) = .5
    counts = ["silences", "woken", "share_woken", "silent_now", "share_silent_now"]
    assert silent(10, 5)[counts].tolist() == [8, 4, 0.5, 4, 1]
    assert silent(30, 5)[counts].tolist() == pytest.approx([6, 2, 1 / 3, 4, 1])
    assert silent(31, 5)[counts].tolist() == [3, 0, 0, 3, 0.75]
    # on day 100 the first purchase of d lies only 40 days back
    assert [silent(days, 5)["share_silent_now"] for days in (40, 41)] == [0.75, 1]
    # who has been silent for 10 days may still wake on that day; on day 11 that is over
    for days, within, chance in (
        (10, 1, 0.25), (10, 19, 0.25), (10, 20, 0.5), (11, 18, 0.0), (11, 19, 1 / 3), (30, 1, 1 / 3), (31, 49, 0.0)
    ):  # fmt: skip
        assert silent(days, within)["chance_within"] == pytest.approx(chance), (days, within)
    assert np.isnan(silent(31, 50)["chance_within"])
    assert [silent(days, 1)["chance_seen"] for days in (1, 10, 11, 30, 31)] == pytest.approx(
        [0.5, 0.5, 1 / 3, 1 / 3, 0]
    )


def test_refunds_and_rows_after_the_as_of_date_are_no_purchases():
    log = pd.DataFrame({
        "customer_id": ["a", "a", "a"],
        "date": pd.to_datetime(["2024-01-01", "2024-02-01", "2025-01-01"]),
        "amount": [10.0, -10.0, 10.0],
    })  # fmt: skip
    silent = pipeline.dormancy(log, silent_days=(30,), as_of="2024-12-31").iloc[0]
    assert silent[["silences", "woken", "silent_now"]].tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (pd.DataFrame({"customer_id": [], "date": pd.to_datetime([])}), "has no rows"),
        (pd.DataFrame({"customer_id": ["a"]}), "has no column 'date'"),
        (
            pd.DataFrame({"customer_id": ["a"], "date": [pd.NaT]}),
            "'date' .* empty cells .* first in row 1",
        ),
        (SMALL.assign(date=[*SMALL["date"][:5], pd.NaT], amount=[-1.0] * 3 + [1.0] * 3), "'date' .* first in row 6"),
        (SMALL.assign(amount="10"), "'amount' of the table transactions holds String; it must hold numbers"),
        (SMALL.assign(amount=[1.0, np.nan, 1, 1, 1, 1]), "'amount' .* empty cells .rows affected: 1, first in row 2"),
        (SMALL.assign(amount=[1.0, 1, np.inf, 1, 1, 1]), "'amount' holds an infinite number in row 3"),
        (SMALL.assign(amount=-1.0), "no purchases .rows with an amount above 0. up to the as-of date"),
        (SMALL.assign(date=SMALL["date"].dt.tz_localize("Asia/Shanghai")), "dates without a time zone"),
        (SMALL.assign(date="1 May"), "'date' of the table transactions holds String"),
        ({"customer_id": ["a"]}, "transactions=.* a pandas, polars, DuckDB or pyarrow frame"),
    ],
)
def test_a_log_without_purchases_is_refused(log, said):
    with pytest.raises(CvmError, match=said):
        pipeline.dormancy(log)
    if "time zone" in said:
        with pytest.raises(CvmError, match=said):
            pipeline.dormancy(log, as_of="2024-12-31")


@pytest.mark.parametrize(
    ("lengths", "said"),
    [
        ({"silent_days": (30, 2.5)}, r"silent_days=.*2\.5.* is needed"),
        ({"silent_days": (0,)}, r"\(silent_days\) is 0"),
        ({"silent_days": "90"}, "silent_days='90'"),
        ({"silent_days": ()}, "silent_days is empty"),
        ({"within_days": 2.5}, r"within_days=2\.5: a whole number"),
    ],
)
def test_lengths_of_silence_are_whole_days(lengths, said):
    with pytest.raises(CvmError, match=said):
        pipeline.dormancy(SMALL, **lengths)
    assert pipeline.dormancy(SMALL, silent_days=30).equals(pipeline.dormancy(SMALL, silent_days=np.array([30, 30])))


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
    money = pipeline.money_by_state(leads, as_of="2001-12-31")
    scenario = PipelineRates.from_log(pipeline.transition_rates(leads_stays), money)
    rewards = money.set_index("state")["reward"]
    assert scenario.rewards()["user"] == pytest.approx(rewards["user"], abs=2)
    assert scenario.rewards()["order"] == pytest.approx(rewards["order"], rel=0.02)
    assert scenario.call_cost == pytest.approx(TRUTH.call_cost, rel=0.03)


# --- the course's data ---------------------------------------------------------------------------


def test_the_generator_makes_exactly_what_is_shipped(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "datasets"))
    generator_script = importlib.import_module("make_copier_leads")
    digest = importlib.import_module("parquet_files").digest
    for name in ("make_copier_leads", "parquet_files"):
        monkeypatch.delitem(sys.modules, name)
    for name, frame in generator_script.tables().items():
        assert digest(frame) == digest(datasets.load(name)), name
        assert datasets.path(name).stat().st_size < 1_000_000


def test_moves_of_the_leads_are_those_of_the_truth(leads, leads_stays):
    truth = datasets.load("copier_leads_truth")
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
    money = pipeline.money_by_state(leads, as_of="2001-12-31")
    rewards = dict(zip(money["state"], money["reward"], strict=True))
    for state in STEPS:
        estimated = pipeline.value_of_prospect(rates, rewards, discount_rate=0.1, start=state)
        true = pipeline.value_of_prospect(TRUTH.frame(), TRUTH.rewards(), discount_rate=0.1, start=state)
        assert estimated == pytest.approx(true, rel=0.15, abs=50)


def test_money_by_state_loses_no_money(leads):
    money = pipeline.money_by_state(leads, as_of="2001-12-31")
    assert money["value"].sum() == pytest.approx(leads["value"].sum())
    assert money["cost"].sum() == pytest.approx(leads["cost"].sum())
    reward = money.set_index("state")["reward"]
    assert reward["user"] > 0 > reward["order"]


def test_the_maker_earns_on_toner_and_not_on_the_device(leads):
    by_product = leads.groupby("product")[["amount", "value"]].sum()
    assert by_product.loc["copier", "amount"] > 3 * by_product.loc["toner", "amount"]
    assert by_product.loc["toner", "value"] > 15 * by_product.loc["copier", "value"]


def test_the_cards_figures_and_the_lessons_forty_leads(leads):
    first = leads.groupby("customer_id").agg(
        date=("date", "min"), region=("region", "first"), sector=("sector", "first")
    )
    ordered = first.index.isin(leads.loc[leads["event"] == "order", "customer_id"])
    year = first["date"].dt.year
    counts = [(int((year == y).sum()), int(ordered[year == y].sum())) for y in (2001, 1998)]
    assert counts == [(502, 17), (524, 173)]
    ours = ((year == 2001) & (first["region"] == "Nanjing") & (first["sector"] == "school")).to_numpy()
    assert (ours.sum(), ordered[ours].sum()) == (40, 2)


def test_the_account_has_a_line_for_each_customer_and_owes_what_is_not_paid(leads):
    account = pipeline.account(leads, as_of="2001-12-31")
    assert account["customer_id"].tolist() == sorted(leads["customer_id"].unique())
    assert account["receivables"].sum() == pytest.approx((leads["amount"] - leads["paid"]).sum())
    assert (account["receivables"] >= 0).all()
    assert ((account["purchases"] > 0) == (account["bought"] != "")).all()
    assert account["purchases"].sum() == len(pipeline.purchases(leads))
    # our own calls do not end a silence
    never = account["purchases"] == 0
    assert account.loc[never, "silent_days"].isna().all()
    silent = pd.Timestamp("2001-12-31") - account.loc[~never, "last_purchase"]
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


# --- charts --------------------------------------------------------------------------------------


def texts_of(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_funnel_shows_every_customer_and_hatches_who_is_open(leads_stays, language):
    frame = pipeline.funnel(leads_stays)
    with speaking(language):
        ax = charts.plot_funnel(frame)
        assert ax.get_xlabel() == term("pipeline.funnel_x")
        assert [label.get_text() for label in ax.get_yticklabels()] == [term(state) for state in STEPS]
        legend = {text.get_text() for text in ax.get_legend().get_texts()}
        assert legend == {term(f"pipeline.part_{part}") for part in ("went_on", "kept", "open", "lost")}
    drawn = sum(bar.get_width() for bars in ax.containers for bar in bars)
    assert drawn == frame["reached"].sum()
    hatched = {bars.patches[0].get_hatch(): sum(bar.get_width() for bar in bars) for bars in ax.containers}
    assert hatched["////"] == frame["open"][:-1].sum()
    assert sum(f"{count:,}" in text for count, text in zip(frame["reached"], texts_of(ax), strict=True)) == 5


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_flows_say_every_way_that_was_gone(leads_stays, language):
    frame = pipeline.flows(leads_stays)
    with speaking(language):
        ax = charts.plot_flows(frame)
        ways = frame[(frame["from_state"] != "") & (frame["to_state"] != "")]
        for count in ways["count"]:
            assert f"{count:,}" in texts_of(ax)
        there = frame[frame["to_state"] == ""].set_index("from_state")["count"]
        for state in (*STEPS, "dormant"):
            assert say("pipeline.flows_node", state=term(state), still_there=f"{there[state]:,}") in texts_of(ax)
    # bands of one kind have one hatch: on, back, lost
    hatches = [patch.get_hatch() for patch in ax.patches if patch.get_zorder() == 2]
    assert len(hatches) == len(ways)
    assert sorted(map(str, set(hatches))) == ["", "///", "\\\\\\"]


def test_bands_are_as_wide_as_the_number_of_moves():
    frame = pd.DataFrame({
        "from_state": ["", "target", "prospect"], "to_state": ["target", "prospect", "opportunity"],
        "count": [90, 60, 30],
    })  # fmt: skip
    ax = charts.plot_flows(frame)
    wide = [np.diff(sorted({round(y, 9) for y in patch.get_xy()[[0, -2], 1]}))[0] for patch in ax.patches
            if patch.get_zorder() == 2]  # fmt: skip
    assert wide[0] == pytest.approx(2 * wide[1])


def test_the_index_of_a_funnel_carries_no_meaning(leads_stays):
    frame = pipeline.funnel(leads_stays)
    title = charts.plot_funnel(frame).get_title(loc="left")
    assert charts.plot_funnel(frame.set_index(pd.Index(list("vwxyz")))).get_title(loc="left") == title


def test_a_chart_without_its_columns_or_rows_is_refused():
    with pytest.raises(CvmError, match="has no column 'reached'"):
        charts.plot_funnel(pd.DataFrame({"state": ["target"]}))
    with pytest.raises(CvmError, match="has no rows"):
        charts.plot_flows(pd.DataFrame({"from_state": [], "to_state": [], "count": []}))


# --- the what-if ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def what_if():
    return pipeline_step()


def test_the_what_if_starts_where_the_functions_are(what_if):
    what_if.reset()
    rates, rewards = TRUTH.frame(), TRUTH.rewards()
    for state, figure in (("prospect", "value"), ("target", "value_100")):
        worth = pipeline.value_of_prospect(rates, rewards, discount_rate=TRUTH.discount_rate, start=state)
        assert what_if.result[figure] == pytest.approx(worth * (100 if state == "target" else 1))
    ever = pipeline.chance_of_reaching(rates, "order").set_index("state")["chance"]
    assert what_if.result["order"] == pytest.approx(100 * ever["target"])
    later = pipeline.whereabouts(rates, {"target": 100}, months=60).set_index("state")["customers"]
    assert [what_if.result["user_later"], what_if.result["dormant_later"]] == pytest.approx(
        later[["user", "dormant"]].tolist()
    )


@pytest.mark.parametrize("name", [name for name in better_step.SLIDERS if name in TRUTH.limits()])
def test_each_slider_moves_value_and_picture(what_if, name):
    what_if.reset()
    limits = TRUTH.limits()[name]
    up = min(getattr(TRUTH, name) + 3 * limits.step, limits.maximum)
    before = what_if.picture
    what_if.set(**{name: up})
    gain = what_if.result["value"] - what_if.baseline["value"]
    worse = name in ("user_dormant", "user_lost", "call_cost", "discount_rate")
    if name == "target_prospect":
        # who is a prospect already has that step behind him
        assert gain == pytest.approx(0) and what_if.result["value_100"] > what_if.baseline["value_100"]
    else:
        assert gain < 0 if worse else gain > 0
    moves_customers = name in [field for field, _, _ in TRUTH.moves()]
    assert (what_if.picture != before) == moves_customers
    assert what_if.trouble == ""


def test_the_sentence_names_the_step_that_a_point_helps_most(what_if):
    what_if.reset()
    effect = pipeline.effect_of_rate(TRUTH.frame(), TRUTH.rewards(), discount_rate=0.1, start="target")
    best = effect.iloc[0]
    assert what_if.result["best"] == f"{best['from_state']}_{best['to_state']}"
    assert what_if.result["best_gain"] == pytest.approx(100 * best["by_points"])
    what_if.set(user_dormant=0.03)
    assert term("pipeline.short_user_dormant") in what_if.sentence


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_preset_can_be_set_and_told_in_both_languages(language):
    with speaking(language):
        made = pipeline_step(currency="¥")
        for button in made._presets:
            made.reset()
            button.click()
            assert made.trouble == "" and made.result != made.baseline
            assert (
                (say("pipeline.sentence", value="", change="", step="", gain="", targets=100)[:8]) == made.sentence[:8]
            )


def test_the_sliders_wait_for_the_guess():
    first = guess("which step?", choices=["a", "b"])
    locked = pipeline_step(after=first)
    assert locked.trouble == term("whatif.guess_first")
    first.commit("a")
    assert locked.trouble == ""
    forget_guesses()


# --- the lesson ----------------------------------------------------------------------------------


def test_answers_to_the_exercises_are_what_the_data_say(leads_stays):
    rates = pipeline.transition_rates(leads_stays)
    users = pipeline.chance_of_reaching(rates, "user").set_index("state")["chance"]["target"]
    no = rates["from_state"].eq("opportunity") & rates["to_state"].eq("prospect")
    struck = rates.assign(to_state=rates["to_state"].mask(no, "lost"))
    old, new = (pipeline.chance_of_reaching(way, "order").set_index("state")["chance"]["target"]
                for way in (rates, struck))  # fmt: skip
    stated = {row["question"]: row["answer"] for row in read_table("answers/single")}
    assert f"{100 * users:.1f}" == stated["pipeline.ever_users"]
    assert f"{100 * (1 - new / old):.1f}" == stated["pipeline.second_tries"]
    assert feedback.check("pipeline.ever_users", 100 * users).right
    assert feedback.check("pipeline.second_tries", 100 * (1 - new / old)).right
    told = [feedback.check("pipeline.strike_off", letter).right for letter in "abc"]
    assert told == [False, True, False]


FILLED = {
    'unit="share")\nwill_order': 'unit="share")\nwill_order.commit("5%")\nwill_order',
    'unit="months")\nhalf_gone': 'unit="months")\nhalf_gone.commit(8)\nhalf_gone',
    ",\n])\nbest_step": (
        ',\n])\nbest_step.commit(["pipeline.step_" + step for step in ("opportunity_order", "user_dormant",'
        ' "prospect_opportunity", "target_prospect")])\nbest_step'
    ),
    'unit="share")\nwakes': 'unit="share")\nwakes.commit("10%")\nwakes',
    "my_answer = None": 'my_answer = "b"',
    "my_users = None": "my_users = 37.4",
    "my_loss = None": "my_loss = 34",
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_student_who_fills_the_lesson_in_is_answered(language, tmp_path):
    notebooks = Path(__file__).parents[2] / "notebooks"
    folder = tmp_path / "张 三" / ("zh" if language == "zh" else "notebooks")
    folder.mkdir(parents=True)
    source = (notebooks / "zh" if language == "zh" else notebooks) / "03_pipeline.ipynb"
    notebook = nbformat.read(shutil.copy(source, folder), as_version=4)
    filled = 0
    for cell, (empty, answer) in itertools.product(notebook.cells, FILLED.items()):
        if cell.cell_type == "code" and empty in cell.source:
            cell.source = cell.source.replace(empty, answer)
            filled += 1
    assert filled == len(FILLED)
    client = NotebookClient(notebook, kernel_name="python3", timeout=30, resources={"metadata": {"path": str(folder)}})
    client.execute(env={key: value for key, value in os.environ.items() if key != "MPLBACKEND"})
    feedback = [
        output.data["text/markdown"]
        for cell in notebook.cells if cell.cell_type == "code"
        for output in cell.outputs if "text/markdown" in output.get("data", {})
    ]  # fmt: skip
    right = term("feedback.number_right", language=language)
    assert [text.startswith(right) for text in feedback] == [False, True, True]
    assert feedback[0] == term("pipeline.strike_off_b", language=language)
    (saved,) = notebook.metadata.widgets.values()
    page = [str(model.state.value) for model in saved.state.values() if "value" in model.state]
    (summary,) = [text for text in page if "<tbody>" in text and "5%" in text and "39%" in text]
    assert len(re.findall("<tr>", summary)) == 5
    assert sum(cvm.term("whatif.guess_first", language=language) in text for text in page) == 0

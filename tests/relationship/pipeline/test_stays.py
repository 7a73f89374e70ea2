"""Stays, funnel and flows: joined without gap, alike on every engine."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from pipeline_logs import MONEY, TRUTH, few, log_of, logs

from cvmlab import pipeline
from cvmlab.relationship.pipeline import STATES, STEPS, PipelineRates

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

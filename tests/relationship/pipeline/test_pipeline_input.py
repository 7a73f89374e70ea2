"""Bad input of the pipeline: named with its column, row or bound."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from pipeline_logs import MONEY, SMALL, TRUTH, log_of

from cvmlab import CvmError, pipeline
from cvmlab.relationship.pipeline import PipelineRates


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
        (SMALL.assign(customer_id=range(6)), "'customer_id' .* holds int64"),
        (SMALL.assign(date=SMALL["date"].dt.tz_localize("UTC")), "'date' .* dates without a time zone"),
        (SMALL.assign(cost=[1.0, np.inf, 0, 0, 0, 0]), "'cost' holds an infinite number in row 2"),
        (SMALL.assign(paid=[1.0, 0, -np.inf, 0, 0, 0]), "'paid' holds an infinite number in row 3"),
        (SMALL.assign(amount="900"), "'amount' of the table events holds str; it must hold numbers"),
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


def test_a_stay_that_occurs_twice_is_refused():
    stays = pipeline.spells(SMALL)
    # a customer may come back to a state later
    back = stays.assign(customer_id="a", start=pd.date_range("2024-01-01", periods=len(stays)))
    for count in (pipeline.flows, pipeline.transition_rates, pipeline.time_in_state, pipeline.funnel):
        said = "The stay of customer 'a' in the state 'target' from 2024-01-01 .* row 7"
        with pytest.raises(CvmError, match=said):
            count(pd.concat([stays, stays.head(1)]))
        assert count is pipeline.funnel or len(count(back))


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
        (pd.concat([RATES, RATES.tail(1)]), {}, "from '.*' to '.*' occurs in more than one row of the table rates"),
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


def test_a_move_with_two_rates_is_named():
    rates = pd.DataFrame({"from_state": ["user"] * 2, "to_state": ["lost"] * 2, "rate": [0.1, 0.2]})
    for use in (pipeline.transition_matrix, lambda rates: pipeline.chance_of_reaching(rates, "lost")):
        with pytest.raises(CvmError, match=r"from 'user' to 'lost' .* \(again in row 2\)"):
            use(rates)


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

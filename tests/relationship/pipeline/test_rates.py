"""Rates of the pipeline and time in a state, against known truth and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_logs import SMALL, TRUTH, few, logs
from scipy.stats import CensoredData, ecdf

from cvmlab import pipeline
from cvmlab.core.periods import DAYS_A_MONTH
from cvmlab.relationship.pipeline import STATES, simulate_pipeline

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

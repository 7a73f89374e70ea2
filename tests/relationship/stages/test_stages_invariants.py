"""Stage recovery: invariants, ends, seasons, lengths and the grade itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stage_panels import panel_of

from cvmlab import lifecycle, stages
from cvmlab.data.panels import Panel
from cvmlab.relationship.simulated import Population, simulate_relationships
from cvmlab.relationship.stages import habits


def only(panel, *names, chosen=slice(None)):
    values = {name: panel[name][:, chosen] for name in names}
    return Panel(panel.customer_id[chosen], panel.period, panel.months, values, panel.first[chosen])


# --- invariants ------------------------------------------------------------------------------------


def test_size_does_not_matter(own, decoded_own):
    money = ("revenue", "profit", "indirect_benefit")
    values = {name: array * 1e6 if name in money else array for name, array in own.panel.values.items()}
    larger = Panel(own.panel.customer_id, own.panel.period, 1, values, own.panel.first)
    assert (stages.decode(larger, decoded_own.model).stage == decoded_own.stage).mean() > 0.9999


def test_a_customer_is_read_alike_whoever_stands_beside(own, decoded_own):
    chosen = np.array([5, 300, 17])
    few = stages.decode(only(own.panel, *own.panel.values, chosen=chosen), decoded_own.model)
    np.testing.assert_array_equal(few.stage, decoded_own.stage[:, chosen])
    np.testing.assert_allclose(few.confidence, decoded_own.confidence[:, chosen], atol=1e-5)


def test_decoding_leaves_the_panel_as_it_was(own):
    before = {name: array.copy() for name, array in own.panel.values.items()}
    stages.decode(own.panel)
    for name, array in before.items():
        np.testing.assert_array_equal(own.panel[name], array)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_any_history_gets_a_stage_from_its_first_period_on(seed, periods, customers):
    rng = np.random.default_rng(seed)
    revenue = rng.lognormal(0, 1, (periods, customers)) * (rng.random((periods, customers)) < rng.random())
    revenue *= np.where(rng.random(revenue.shape) < 0.05, -1, 1)
    first = rng.integers(0, periods, customers)
    revenue[np.arange(periods)[:, None] < first] = 0
    panel = panel_of(revenue, first, profit=revenue * rng.normal(0.2, 0.5, revenue.shape))
    decoded = stages.decode(panel, stages.default_model(1, ("revenue", "margin")))
    begun = np.arange(periods)[:, None] >= first
    assert ((decoded.stage > 0) == begun).all()
    assert ((decoded.confidence > 0) == begun).all()
    assert (decoded.confidence <= 1).all()
    # nobody buys after the end, and it is not told before it has been silent once
    over = decoded.stage == lifecycle.ENDED
    assert not (over & (revenue > 0)).any()
    # who is alive after the end has bought again
    bought_from_here = np.logical_or.accumulate((revenue > 0)[::-1])[::-1]
    assert bought_from_here[1:][over[:-1] & ~over[1:]].all()


def test_frame_has_a_row_for_every_period_from_the_first_on():
    decoded = stages.decode(panel_of(np.ones((6, 2)), [0, 4]), stages.default_model())
    frame = decoded.to_frame()
    assert frame.groupby("customer_id").size().tolist() == [6, 2]
    assert set(frame["stage"]) <= set(stages.NAMES[1:])
    assert frame["confidence"].between(0, 1).all()


def test_samples_agree_with_the_posterior(own, decoded_own):
    some = only(own.panel, *own.panel.values, chosen=slice(0, 60))
    paths = stages.sample(some, decoded_own.model, draws=200, seed=3)
    share = stages.probabilities(some, decoded_own.model, slice(0, 60))
    found = np.stack([(paths == code).mean(axis=0) for code in range(6)], axis=-1)
    assert np.abs(found - share).max() < 5 * np.sqrt(0.25 / 200)
    np.testing.assert_allclose(share.sum(axis=-1), 1, atol=1e-4)
    np.testing.assert_array_equal(paths, stages.sample(some, decoded_own.model, draws=200, seed=3))
    assert (paths != stages.sample(some, decoded_own.model, draws=200, seed=4)).any()


def test_sampled_paths_never_skip_a_stage(own, decoded_own):
    some = only(own.panel, *own.panel.values, chosen=slice(0, 100))
    paths = stages.sample(some, decoded_own.model, draws=20, seed=1)
    before, after = paths[:, :-1], paths[:, 1:]
    assert not ((before == lifecycle.EXPLORATION) & (after == lifecycle.STABILITY)).any()
    assert not ((before == lifecycle.ENDED) & (after == lifecycle.DECLINE)).any()


# --- what tells an end, a season, a length ------------------------------------------------------------


def test_who_buys_rarely_is_not_ended_by_a_usual_silence():
    periods = 36
    often, rarely = np.ones(periods), (np.arange(periods) % 5 == 0).astype(float)
    often[-5:] = rarely[-4:] = 0
    crowd = np.tile(np.stack([often, rarely], axis=1), 50)
    model = stages.fit(panel_of(crowd))
    last = stages.decode(panel_of(crowd), model).stage[-1]
    assert last[0] == lifecycle.ENDED
    assert last[1] == lifecycle.STABILITY


def test_flat_regulars_of_any_noise_are_in_stability():
    # What a log of one year of regulars shows: no beginning, no end, hence no stage but the steady one.
    rng = np.random.default_rng(5)
    for noise in (0.0, 0.3, 1.0):
        revenue = rng.lognormal(rng.normal(0, 1, 300), noise, (12, 300))
        decoded = stages.decode(panel_of(revenue))
        assert (decoded.stage == lifecycle.STABILITY).mean() > 0.95


def test_the_season_is_found_and_taken_out():
    known = simulate_relationships(Population(season=0.4), customers=500, periods=48, seed=3)
    found = habits.habits_of(known.panel, with_margin=False, chosen=slice(None)).season
    expected = np.log(1 + 0.4 * np.cos(2 * np.pi * (np.arange(12) - 11) / 12))
    np.testing.assert_allclose(found, expected - expected.mean(), atol=0.08)
    none = simulate_relationships(Population(), customers=500, periods=48, seed=3)
    assert not habits.habits_of(none.panel, with_margin=False, chosen=slice(None)).season.any()


def test_longer_periods_keep_the_sums_and_are_advised_for_who_buys_rarely():
    monthly = simulate_relationships(Population(gaps=0.8), customers=80, periods=36, seed=2).panel
    months = stages.advised_months(monthly)
    assert months > 1
    longer = stages.coarser(monthly, months)
    np.testing.assert_allclose(longer["revenue"].sum(axis=0), monthly["revenue"].sum(axis=0))
    np.testing.assert_array_equal(longer.first, monthly.first // months)
    assert longer.period[1] == np.datetime64("2015-01") + months
    assert stages.decode(longer).months == months
    # a panel that begins in February has its first whole quarter in April
    late = Panel(monthly.customer_id, monthly.period[1:], 1, {"revenue": monthly["revenue"][1:]}, monthly.first * 0)
    assert stages.coarser(late, 3).period[0] == np.datetime64("2015-04-01")


@pytest.mark.parametrize("months", [3, 6])
def test_longer_periods_are_graded_too(months, own):
    longer = stages.coarser(own.panel, months)
    truth = own.stage[months - 1 :: months]
    ours = stages.grade(stages.decode(longer), truth)
    thumb = stages.grade(stages.rule_of_thumb(longer), truth, first=longer.first)
    assert ours.macro_f1 > thumb.macro_f1 + 0.08


# --- the rule of thumb and the grade itself -----------------------------------------------------------


def test_rule_of_thumb_on_a_textbook_life():
    curve = lifecycle.life_curve(lifecycle.Relationship())
    panel = panel_of(np.concatenate([curve["revenue"], np.zeros(6)])[:, None])
    told = stages.rule_of_thumb(panel)[:, 0]
    assert told[3] == lifecycle.EXPLORATION
    assert told[50] == lifecycle.STABILITY
    assert told[95] == lifecycle.DECLINE
    assert (told[96:] == lifecycle.ENDED).all()
    assert (np.diff(told.astype(int)) >= 0).all()


def test_grade_by_hand():
    told = np.array([[1, 0], [2, 1], [3, 1], [3, 4]])
    true = np.array([[1, 0], [2, 1], [2, 2], [3, 4]])
    result = stages.grade(told, true, first=np.array([0, 1]))
    assert result.accuracy == pytest.approx(5 / 7)
    f1 = result.by_stage.set_index("stage")["f1"]
    # exploration: 2 of 2 found, 3 called; formation: 1 of 3; stability: 1 of 1, 2 called; decline right
    assert f1["exploration"] == pytest.approx(2 * 2 / 5)
    assert f1["formation"] == pytest.approx(2 * 1 / 4)
    assert f1["stability"] == pytest.approx(2 * 1 / 3)
    assert f1["decline"] == 1
    assert result.macro_f1 == pytest.approx((0.8 + 0.5 + 2 / 3 + 1) / 4)
    assert result.confusion["periods"].sum() == 7


def test_perfect_stages_get_full_marks(own):
    assert stages.grade(own.stage, own).macro_f1 == 1

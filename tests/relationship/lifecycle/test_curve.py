"""The model of a life: stages, accounts and the sources of profit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textbook_lives import modest, textbook_lives

from cvmlab import lifecycle
from cvmlab.core.discounting import present_value
from cvmlab.relationship.lifecycle import Relationship, life_curve, variables

shares = st.floats(0, 1)


@pytest.fixture(scope="module")
def typical():
    return life_curve(Relationship())


def test_the_stages_follow_each_other_in_order_for_their_months(typical):
    assert typical["period"].tolist() == list(range(96))
    runs = typical.groupby("stage", sort=False).size()
    assert runs.to_dict() == {"exploration": 6, "formation": 18, "stability": 60, "decline": 12}


@modest
@given(
    st.lists(st.integers(1, 60), min_size=4, max_size=4), st.floats(0.01, 0.5), st.floats(0.5, 1), shares
)  # fmt: skip
def test_the_level_rises_through_three_stages_and_falls_in_the_last(months, explored, formed, left_at):
    names = ("exploration_months", "formation_months", "stability_months", "decline_months")
    relationship = Relationship(
        **dict(zip(names, months, strict=True)), explored=explored, formed=formed, left_at=left_at
    )
    level, stage = lifecycle.level_path(relationship), lifecycle.stage_path(relationship)
    assert len(level) == len(stage) == sum(months)
    assert (np.diff(stage.astype(int)) >= 0).all()
    steps = np.diff(np.concatenate([[0], level]))
    assert (steps[stage < 4] >= -1e-12).all()
    assert (steps[stage == 4] <= 1e-12).all()
    ends = level[np.cumsum(months) - 1]
    assert ends == pytest.approx([explored, formed, 1, left_at], abs=1e-12)


def test_slow_then_fast_then_ever_slower():
    rise = np.diff(lifecycle.level_path(Relationship())[:84])
    assert (np.diff(rise[:6]) > 0).all(), "gathers speed in exploration"
    assert rise[6:23].mean() > 2 * rise[:6].mean()
    assert (np.diff(rise[24:]) < 0).all(), "slows down in stability"


def test_a_repair_turns_decline_around_and_the_last_decline_follows():
    relationship = Relationship(repaired_after=4, repair_months=5, regained_months=20)
    stage, level = lifecycle.stage_path(relationship), lifecycle.level_path(relationship)
    codes = [code for code, before in zip(stage, [0, *stage[:-1]], strict=True) if code != before]
    assert codes == [1, 2, 3, 4, 2, 3, 4]
    fallen, regained = level[87], level[112]
    assert fallen == pytest.approx(1 - 0.85 * 4 / 12)
    assert regained == pytest.approx(1)
    more = present_value(life_curve(relationship)["profit"], 0.1, 12)
    assert more > present_value(life_curve(Relationship())["profit"], 0.1, 12)


@modest
@given(st.lists(st.lists(shares, min_size=3, max_size=3), min_size=1, max_size=30), st.floats(0, 24))
def test_lags_run_along_time_and_customers_stay_apart(rows, months):
    level = np.array(rows)
    followed = lifecycle.lagged(level, months)
    alone = np.column_stack([lifecycle.lagged(level[:, customer], months) for customer in range(3)])
    assert np.array_equal(followed, alone)
    assert (followed >= 0).all()
    assert (followed <= level.max(axis=0) + 1e-12).all()


def test_a_lag_has_followed_a_step_by_63_percent_after_its_months():
    assert lifecycle.lagged(np.ones(12), 12)[-1] == pytest.approx(1 - np.exp(-1))


@modest
@given(
    st.lists(st.lists(shares, min_size=2, max_size=2), min_size=1, max_size=20),
    st.floats(0, 5_000), st.floats(0, 5_000), st.floats(0, 20_000),
)  # fmt: skip
def test_the_accounts_add_up_for_any_level(rows, bad, fixed, acquisition):
    level = np.array(rows)
    relationship = Relationship(bad_word_of_mouth=bad, fixed_cost=fixed, acquisition_cost=acquisition)
    it = variables(level, relationship)
    assert set(it) == {"volume", "price", "cost", "indirect_benefit", "revenue", "total_cost", "profit"}
    assert all(array.shape == level.shape for array in it.values())
    assert it["revenue"] == pytest.approx(it["volume"] * it["price"])
    assert it["profit"] == pytest.approx(it["revenue"] - it["total_cost"] + it["indirect_benefit"])
    beyond_units = (it["total_cost"] - it["volume"] * it["cost"]).sum(axis=0)
    started = (level > 0).any(axis=0)
    assert beyond_units == pytest.approx(fixed * (level > 0).sum(axis=0) + acquisition * started, abs=1e-6)
    assert (it["cost"] <= 90 + 1e-9).all() and (it["cost"] >= 78 - 1e-9).all()
    assert (it["price"] >= 100).all() and (it["price"] <= 110 + 1e-9).all()


def test_a_customer_who_starts_later_lives_the_same_life_later(typical):
    path = lifecycle.level_path(Relationship())
    level = np.zeros((106, 2))
    level[:96, 0], level[10:, 1] = path, path
    for name, array in variables(level, Relationship(acquisition_cost=500)).items():
        assert array[:96, 0] == pytest.approx(array[10:, 1]), name


@modest
@given(textbook_lives(), st.floats(0, 1e4), st.integers(0, 3))
def test_the_sources_of_profit_add_up_to_it(relationship, fixed_cost, repaired_after):
    repaired_after = min(repaired_after, relationship.decline_months - 1)
    relationship = relationship.replace(fixed_cost=fixed_cost, repaired_after=repaired_after)
    sources = lifecycle.profit_by_source(relationship)
    curve = life_curve(relationship)
    total = sources.iloc[:, 2:].sum(axis=1)
    scale = curve["revenue"].max() + relationship.acquisition_cost
    assert total.to_numpy() == pytest.approx(curve["profit"].to_numpy(), abs=1e-9 * scale)
    assert (sources[["fixed_cost", "acquisition_cost"]] <= 0).all(axis=None)


@modest
@given(textbook_lives())
def test_each_source_of_profit_is_larger_in_stability_than_in_formation(relationship):
    # CRM3 §3.1.3: base profit, premium, lower cost and indirect benefit, each much larger in stability
    means = lifecycle.profit_by_source(relationship).groupby("stage")[
        ["base_profit", "price_premium", "cost_saved", "indirect_benefit"]
    ].mean()  # fmt: skip
    assert (means.loc["stability"] > 1.3 * means.loc["formation"]).all()


def test_acquisition_cost_makes_the_beginning_a_loss():
    first = life_curve(Relationship(acquisition_cost=8_000))["profit"]
    assert first.iloc[0] < 0
    assert first.iloc[:6].sum() < 0
    assert first.to_numpy()[1:] == pytest.approx(life_curve(Relationship())["profit"].to_numpy()[1:])


def test_complaints_spread_at_once_and_stop_with_the_relationship():
    level = np.array([0.2, 1.0, 0.5, 0.0, 0.0])
    silent = Relationship(largest_benefit=900)
    told = lifecycle.indirect_benefit(level, silent.replace(bad_word_of_mouth=1_000))
    assert told - lifecycle.indirect_benefit(level, silent) == pytest.approx([0, 0, -500, 0, 0])
    assert told[3] > 0, "recommendations go on"


def test_each_variable_by_itself_is_that_of_all_of_them():
    level, relationship = lifecycle.level_path(Relationship()), Relationship(bad_word_of_mouth=300)
    together = variables(level, relationship)
    alone = {
        "volume": lifecycle.volume, "price": lifecycle.price, "cost": lifecycle.cost_per_unit,
        "indirect_benefit": lifecycle.indirect_benefit,
    }  # fmt: skip
    for name, follows in alone.items():
        assert np.array_equal(follows(level.tolist(), relationship), together[name]), name

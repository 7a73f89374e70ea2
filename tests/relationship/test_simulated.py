"""Generators of relationships with known truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, lifecycle, market
from cvmlab.relationship.lifecycle import DECLINE, ENDED, EXPLORATION, FORMATION, STABILITY
from cvmlab.relationship.patterns import LATE_MONTHS, PATTERNS, pattern_of_paths
from cvmlab.relationship.simulated import Population, from_market, simulate_relationships

CERTAIN = Population(
    customers_before=0, speed_spread=0, noise=0, margin_noise=0, price_spread=0, gaps=0, size_spread=0,
    exploration_decline=0, formation_decline=0, stability_decline=0,
    exploration_end=0, formation_end=0, stability_end=0,
)  # fmt: skip


@pytest.fixture(scope="module")
def known():
    return simulate_relationships(Population(), customers=1_500, periods=48, seed=3)


@pytest.fixture(scope="module")
def foreign():
    return from_market(market.simulate(customers=1_500, periods=48, seed=4), "Telecom")


@given(st.integers(0, 2**63), st.integers(1, 30), st.integers(1, 30))
@settings(max_examples=20, deadline=None)
def test_the_first_customers_are_the_same_for_any_number(seed, few, periods):
    some = simulate_relationships(Population(), few, periods, seed)
    more = simulate_relationships(Population(), few + 7, periods, seed)
    np.testing.assert_array_equal(some.stage, more.stage[:, :few])
    for name, array in some.panel.values.items():
        np.testing.assert_array_equal(array, more.panel[name][:, :few])
    assert some.truth["pattern"].tolist() == more.truth["pattern"].tolist()[:few]


def test_another_seed_is_another_population(known):
    other = simulate_relationships(Population(), customers=1_500, periods=48, seed=4)
    assert (other.stage != known.stage).any()


@pytest.mark.parametrize("name", ["known", "foreign"])
def test_stages_move_as_s01_says(name, request):
    stage = request.getfixturevalue(name).stage
    before, after = stage[:-1], stage[1:]
    moves = set(zip(before[before != after].tolist(), after[before != after].tolist(), strict=True))
    assert (EXPLORATION, FORMATION) in moves
    assert (FORMATION, STABILITY) in moves
    assert (EXPLORATION, STABILITY) not in moves
    assert not any(a == ENDED for a, _ in moves)
    assert any(a == DECLINE and b < DECLINE for a, b in moves)
    assert all((a, DECLINE) in moves for a in (FORMATION, STABILITY))


@pytest.mark.parametrize("name", ["known", "foreign"])
def test_truth_is_read_off_the_stages(name, request):
    found = request.getfixturevalue(name)
    truth, stage = found.truth, found.stage
    for i in range(0, len(truth), 17):
        row, path = truth.iloc[i], stage[:, i]
        alive = np.flatnonzero((path > 0) & (path < ENDED))
        if not len(alive):
            continue
        assert row["start"] == alive[0]
        late = (path == STABILITY).sum() >= LATE_MONTHS
        if (path == ENDED).any():
            assert row["ended"] == np.flatnonzero(path == ENDED)[0] == alive[-1] + 1
            rising = path[(path > 0) & (path <= STABILITY)]
            left = rising[-1] if len(rising) else EXPLORATION
            assert row["stage_left"] == left
            highest = rising.max() if len(rising) else EXPLORATION
            assert row["pattern"] == {1: "I", 2: "II", 3: "IV" if late else "III"}[highest]
        else:
            assert row["ended"] == -1
            assert row["pattern"] == ("IV" if late else "")
            assert row["stage_left"] == 0
    assert set(truth["pattern"]) == {"", "I", "II", "III", "IV"}
    assert truth["repaired"].max() >= 1


@pytest.mark.parametrize("name", ["known", "foreign"])
def test_the_true_pattern_is_the_one_read_from_the_path(name, request):
    found = request.getfixturevalue(name)
    names = np.array(["", *PATTERNS], dtype=object)
    assert names[pattern_of_paths(found.stage)].tolist() == found.truth["pattern"].tolist()


@pytest.mark.parametrize("name", ["known", "foreign"])
def test_nobody_buys_outside_the_relationship(name, request):
    found = request.getfixturevalue(name)
    revenue = found.panel["revenue"]
    outside = (found.stage == 0) | (found.stage == ENDED)
    assert not revenue[outside].any()
    assert (revenue >= 0).all()
    row = np.arange(len(revenue))[:, None]
    assert not revenue[row < found.panel.first].any()


def test_the_variables_move_as_the_table_says(known):
    # Table 3-1, means by stage over all customers: volume, price and margin rise, cost falls, benefit appears.
    panel, stage = known.panel, known.stage
    mean = {
        name: [panel[name][stage == code].mean() for code in (EXPLORATION, FORMATION, STABILITY)]
        for name in ("volume", "price", "cost", "indirect_benefit", "breadth", "profit")
    }
    for name in ("volume", "price", "indirect_benefit", "breadth", "profit"):
        assert mean[name] == sorted(mean[name]), name
    assert mean["cost"] == sorted(mean["cost"], reverse=True)
    assert mean["indirect_benefit"][0] == 0
    decline = stage == DECLINE
    assert panel["volume"][decline].mean() < mean["volume"][2]


def test_profit_adds_up(known):
    panel = known.panel
    expected = panel["revenue"] - panel["volume"] * panel["cost"] + panel["indirect_benefit"]
    np.testing.assert_allclose(panel["profit"], expected, atol=1e-6)
    np.testing.assert_allclose(panel["revenue"], panel["volume"] * panel["price"], atol=1e-6)


def test_without_chance_every_life_takes_its_stated_months():
    found = simulate_relationships(CERTAIN, customers=20, periods=80, seed=1)
    late = found.truth["start"] < 80 - 60
    assert late.any()
    stage = found.stage[:, late.to_numpy()]
    assert ((stage == EXPLORATION).sum(axis=0) == 6).all()
    assert ((stage == FORMATION).sum(axis=0) == 18).all()
    # and revenue is what the variables of the level say: at the top, 100 units at 115
    top = found.panel["revenue"][-1, late.to_numpy()]
    assert top == pytest.approx(lifecycle.variables(np.ones(200), lifecycle.Relationship())["revenue"][-1], rel=0.02)


def test_gaps_and_season_are_as_stated():
    found = simulate_relationships(Population(gaps=0.4, gaps_spread=0), customers=800, periods=36, seed=2)
    inside = (found.stage == STABILITY) & (np.arange(36)[:, None] > found.panel.first)
    assert (found.panel["revenue"][inside] == 0).mean() == pytest.approx(0.4, abs=0.03)
    found = simulate_relationships(CERTAIN.replace(season=0.3, customers_before=1), customers=50, periods=12, seed=2)
    volume = found.panel["volume"].sum(axis=1)
    assert volume.argmax() == 11
    assert volume.argmin() == 5


def test_who_is_won_back_begins_anew_and_the_truth_is_that_of_the_last_relationship():
    plain = simulate_relationships(Population(), customers=600, periods=60, seed=6)
    found = simulate_relationships(Population(win_back=0.05), customers=600, periods=60, seed=6)
    before, after = found.stage[:-1], found.stage[1:]
    back = (before == ENDED) & (after != ENDED)
    assert (after[back] == EXPLORATION).all()
    again = back.any(axis=0)
    # nothing else changes: who never came back lives the same life
    np.testing.assert_array_equal(found.stage[:, ~again], plain.stage[:, ~again])
    assert back.sum() / (before == ENDED).sum() == pytest.approx(0.05, abs=0.01)
    last = found.truth[again]
    for i, row in last.iterrows():
        begun = np.flatnonzero(back[:, i])[-1] + 1
        assert row["start"] == begun
        over = np.flatnonzero(found.stage[begun:, i] == ENDED)
        assert row["ended"] == (begun + over[0] if len(over) else -1)
    assert set(last["pattern"]) > {"", "I"}


def test_noise_has_mean_one():
    quiet = simulate_relationships(CERTAIN, customers=2_000, periods=24, seed=5)
    loud = simulate_relationships(CERTAIN.replace(noise=0.5), customers=2_000, periods=24, seed=5)
    assert loud.panel["volume"].sum() / quiet.panel["volume"].sum() == pytest.approx(1, abs=0.02)


def test_one_column_a_relationship_from_the_market(foreign):
    ids = foreign.panel.customer_id
    assert len(set(ids)) == len(ids)
    came_back = [name for name in ids if "-" in name]
    assert came_back
    first = foreign.truth.set_index("customer_id")
    for name in came_back[:20]:
        assert first.loc[name.split("-")[0], "ended"] <= first.loc[name, "start"]


def test_bad_input_is_refused():
    for count in (2.5, True, "many"):
        with pytest.raises(CvmError, match="a whole number is needed"):
            simulate_relationships(Population(), count, 12, 1)
    for count in (0, -3):
        with pytest.raises(CvmError, match="number of customers"):
            simulate_relationships(Population(), count, 12, 1)
        with pytest.raises(CvmError, match="number of periods"):
            simulate_relationships(Population(), 12, count, 1)
    with pytest.raises(CvmError):
        simulate_relationships(Population(), 5, 12, -1)
    with pytest.raises(CvmError, match=r"at most 0\.95"):
        Population(gaps=2)
    result = market.simulate(customers=50, periods=3, seed=1)
    with pytest.raises(CvmError, match="no carrier 'Nobody'"):
        from_market(result, "Nobody")
    no_panel = market.simulate(customers=50, periods=3, seed=1, panel=False)
    with pytest.raises(CvmError):
        from_market(no_panel, "Unicom")
    still = market.MarketScenario().with_forces()
    empty = {"Full": market.Carrier(share=1.0, brand=20), "Empty": market.Carrier(share=0.0, brand=-20)}
    with pytest.raises(CvmError, match="never has a customer"):
        from_market(market.simulate(still, empty, customers=50, periods=3, seed=1), "Empty")


def test_one_customer_and_one_period():
    found = simulate_relationships(Population(), customers=1, periods=1, seed=1)
    assert found.stage.shape == (1, 1)
    assert found.panel["revenue"][0, 0] > 0

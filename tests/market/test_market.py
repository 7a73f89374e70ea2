"""The market engine: every force alone, published laws, conservation, the same bytes, bad input."""

import dataclasses
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, market
from cvmlab.core.random import draws
from cvmlab.core.random.compiled import stamp_of
from cvmlab.market import CAUSES, Carrier, Decision, MarketScenario, compiling, engine, extend, simulate
from cvmlab.market.layout import COUNTS, LEFT, Panel

THREE = {"A": Carrier(share=0.4), "B": Carrier(share=0.35), "C": Carrier(share=0.25)}
PAIR = {"A": Carrier(share=0.5), "B": Carrier(share=0.5)}
# Customers who are all alike: what is left is the force under test and chance.
ALIKE = MarketScenario(
    price_sensitivity_spread=0, taste_spread=0, data_need_spread=0, desire_spread=0, wallet_spread=0,
    service_cost_spread=0, spending_noise=0, experience_noise=0, expectation_growth=0,
)  # fmt: skip
STILL = ALIKE.with_forces()


def digest(result):
    parts = [*result.state, result.sums, *(result.panel or ())]
    return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


def shares(result, period=-1):
    return result.sums[period, 1:, 0] / len(result.state.carrier)


def near(count, chance, found, sigmas=5):
    """Whether a share found in so many trials is within five standard errors of the chance."""
    return abs(found - chance) < sigmas * np.sqrt(chance * (1 - chance) / count)


# --- the choice is a logit -----------------------------------------------------------------------


def test_without_forces_everyone_chooses_by_the_brand_alone():
    brands = {"A": Carrier(share=1.0, brand=1.0), "B": Carrier(share=0.0), "C": Carrier(share=0.0, brand=-0.5)}
    count = 60_000
    result = simulate(STILL, brands, customers=count, periods=1)
    expected = np.exp([1.0, 0.0, -0.5]) / np.exp([1.0, 0.0, -0.5]).sum()
    for found, chance in zip(shares(result), expected, strict=True):
        assert near(count, chance, found)


def test_a_third_carrier_leaves_the_ratio_of_two_others_as_it_was():
    # Independence of irrelevant alternatives: P_A / P_B = e^{u_A − u_B}, whoever else is there.
    count = 100_000
    two = {"A": Carrier(share=0.5, brand=0.7), "B": Carrier(share=0.5)}
    third = {**two, "C": Carrier(share=0.0, brand=0.4)}
    for carriers in (two, third):
        a, b = shares(simulate(STILL, carriers, customers=count, periods=1))[:2]
        assert np.log(a / b) == pytest.approx(0.7, abs=5 * np.sqrt(1 / (a * count) + 1 / (b * count)))


def test_the_elasticity_of_the_own_price():
    # ∂ ln P / ∂ ln p = −β p (1 − P), here as a central difference with common random numbers.
    scenario = ALIKE.with_forces("tariff_offer").replace(price_sensitivity=1.5)
    count, step = 400_000, 0.05

    def share(price):
        decisions = {"A": Decision(price=price)}
        return shares(simulate(scenario, THREE, decisions, customers=count, periods=1, panel=False))[0]

    elasticity = (np.log(share(1 + step)) - np.log(share(1 - step))) / (np.log(1 + step) - np.log(1 - step))
    assert elasticity == pytest.approx(-1.5 * (1 - 1 / 3), abs=0.03)


def test_repeat_share_under_switching_cost():
    # J equal brands, switching cost s: e^s / (e^s + J − 1) = .78699 for J = 3, s = 2.
    scenario = ALIKE.with_forces("switching_costs").replace(switching_cost=2, tenure_cost=0, commitment_cost=0)
    count, periods = 20_000, 6
    result = simulate(scenario, THREE, customers=count, periods=periods)
    stayed = 1 - (result.panel.cause > 0).mean()
    assert np.exp(2) / (np.exp(2) + 2) == pytest.approx(0.78699, abs=5e-6)
    assert near(count * periods, 0.78699, stayed)


def test_a_better_offer_moves_customers_to_its_maker_only():
    before = simulate(ALIKE.with_forces("tariff_offer"), THREE, customers=30_000, periods=1)
    cheaper = simulate(ALIKE.with_forces("tariff_offer"), THREE, {"B": Decision(price=0.7)}, 30_000, 1)
    moved = before.state.carrier != cheaper.state.carrier
    assert moved.any()
    assert (cheaper.state.carrier[moved] == 2).all()


def test_with_an_outside_option_a_lone_carrier_competes_with_nothing():
    scenario = STILL.replace(outside=True, outside_utility=0.3)
    count = 60_000
    result = simulate(scenario, {"A": Carrier(share=0.5)}, customers=count, periods=1)
    assert near(count, 1 / (1 + np.exp(0.3)), shares(result)[0])


# --- each force alone ----------------------------------------------------------------------------


def kept(scenario, decisions=None, carriers=THREE, customers=20_000, periods=12, **options):
    """The mean retention rate of carrier A."""
    result = simulate(scenario, carriers, decisions, customers, periods, **options)
    return np.nanmean(result.retention_rate()[:, 0])


def test_switching_cost_keeps_customers_the_longer_the_more():
    free, bound = ALIKE.with_forces(), ALIKE.with_forces("switching_costs").replace(switching_cost=2)
    assert kept(free) < kept(bound) < kept(bound.replace(switching_cost=4))
    result = simulate(bound.replace(tenure_cost=2, commitment_cost=0), THREE, customers=40_000, periods=2)
    tenure = market.make_customers(bound, THREE, 40_000, 0).tenure
    left = result.panel.cause[0] > 0
    assert left[tenure < 12].mean() > left[tenure > 60].mean() * 1.5


def test_a_cheaper_tariff_wins_customers_only_while_the_force_acts():
    decisions = {"A": Decision(price=0.8)}
    for force, changes in (("tariff_offer", True), ("contract", False)):
        scenario = ALIKE.with_forces(force)
        before, after = (shares(simulate(scenario, THREE, d, 20_000, 3))[0] for d in (None, decisions))
        assert (after > before) == changes


def test_a_faster_network_wins_those_who_need_data():
    scenario = MarketScenario().with_forces("data_speed").replace(data_need=1, taste_spread=0)
    result = simulate(scenario, THREE, {"B": Decision(network_quality=2)}, 40_000, 1)
    need = result.state.data_need
    at_b = result.state.carrier == 2
    assert at_b[need > np.quantile(need, 0.8)].mean() > at_b[need < np.quantile(need, 0.2)].mean() + 0.2


def test_the_handset_draws_customers_from_its_launch_on_and_its_subsidy_more():
    scenario = ALIKE.with_forces("handset_launch", "switching_costs").replace(launch_month=6, innovation=0.5)
    offers = [None, {"B": Decision(handset_offered=True)}, {"B": Decision(handset_offered=True, handset_subsidy=500)}]
    plain, sold, subsidised = (simulate(scenario, THREE, offer, 20_000, 18) for offer in offers)
    assert (plain.sums[:6] == sold.sums[:6]).all()
    assert shares(plain)[1] + 0.02 < shares(sold)[1] < shares(subsidised)[1]
    assert (sold.panel.cause == 1 + CAUSES.index("handset")).sum() > 500
    assert (sold.state.owns[sold.state.owns >= 0] >= 6).all()


def test_a_contract_keeps_customers_until_it_ends():
    scenario = ALIKE.with_forces("contract", "switching_costs").replace(contract_penalty=6, switching_cost=1)
    result = simulate(scenario, PAIR, {"A": Decision(contract_months=6)}, 20_000, 14)
    joined = (result.panel.carrier[0] == 1) & (result.panel.cause[0] > 0)
    carrier = result.panel.carrier[1:, joined]
    still = np.cumprod(carrier == 1, axis=0).mean(axis=1)
    assert still[4] > 0.95
    assert still[7] < 0.7


def test_a_group_network_locks_its_members_in():
    scenario = ALIKE.with_forces("group_network", "switching_costs").replace(group_share=0.5, switching_cost=2)
    result = simulate(scenario, THREE, customers=20_000, periods=1)
    start = market.make_customers(scenario, THREE, 20_000, 0)
    left = result.panel.cause[0] > 0
    assert left[start.group > 0].mean() < 0.5 * left[start.group == 0].mean()
    tied = {"A": Decision(group_offer=40)}
    assert kept(scenario, tied) > kept(scenario)


def test_contagion_makes_circles_alike():
    scenario = STILL.replace(circle_size=20)
    alone = simulate(scenario, PAIR, customers=20_000, periods=8)
    drawn = simulate(scenario.replace(contagion=True, circle_pull=1.8), PAIR, customers=20_000, periods=8)

    def variance(result):
        return (result.state.carrier == 1).reshape(-1, 20).mean(axis=1).var()

    assert variance(alone) == pytest.approx(0.25 / 20, rel=0.15)
    assert variance(drawn) > 1.5 * variance(alone)


def test_contagion_spreads_the_handset_faster():
    scenario = ALIKE.with_forces("handset_launch").replace(launch_month=0, innovation=0.05, imitation=1.0)
    alone = simulate(scenario, THREE, customers=20_000, periods=36)
    spread = simulate(scenario.replace(contagion=True), THREE, customers=20_000, periods=36)
    assert (spread.state.owns >= 0).sum() > 1.5 * (alone.state.owns >= 0).sum()


def test_those_who_are_held_by_the_group_take_a_second_sim():
    scenario = ALIKE.with_forces("group_network", "switching_costs", "dual_sim").replace(switching_cost=2)
    result = simulate(scenario, THREE, customers=20_000, periods=6)
    second = result.panel.second > 0
    assert second.any()
    members = np.broadcast_to(result.state.group > 0, second.shape)
    assert not second[~members].any()
    assert (result.panel.second != result.panel.carrier)[second].all()
    off = simulate(scenario.replace(dual_sim=False), THREE, customers=20_000, periods=6)
    # It changes the money, not the main carrier.
    assert (off.panel.carrier == result.panel.carrier).all()
    assert result.panel.revenue.sum() < off.panel.revenue.sum()


def test_a_win_back_offer_brings_back_former_customers():
    scenario = ALIKE.with_forces("win_back", "switching_costs").replace(switching_cost=2)
    none = simulate(scenario, THREE, None, 20_000, 12)
    offered = simulate(scenario, THREE, {"A": Decision(win_back_offer=100)}, 20_000, 12)
    won_back = COUNTS.index("won_back")
    assert offered.sums[:, 1, won_back].sum() > 1.5 * none.sums[:, 1, won_back].sum()
    assert (offered.panel.cause == 1 + CAUSES.index("special_offer")).any()
    assert not (none.panel.cause == 1 + CAUSES.index("special_offer")).any()


def test_the_dissatisfied_leave_and_say_so():
    scenario = MarketScenario().with_forces("satisfaction", "switching_costs").replace(satisfaction_weight=3)
    result = simulate(scenario, THREE, customers=30_000, periods=10)
    mood, left = result.panel.felt[5], result.panel.cause[6] > 0
    assert left[mood < np.quantile(mood, 0.2)].mean() > 2 * left[mood > np.quantile(mood, 0.8)].mean()
    by_mood = result.panel.cause[6] == 1 + CAUSES.index("dissatisfaction")
    assert by_mood.any()
    assert (mood[by_mood] < 0).all()


def test_care_satisfies_and_keeps():
    scenario = MarketScenario().with_forces("satisfaction", "switching_costs")
    assert kept(scenario, {"A": Decision(care=40)}) > kept(scenario)


def test_resources_satisfy_the_type_they_are_meant_for():
    scenario = MarketScenario().replace(learning_rate=0.0)
    plain = simulate(scenario, THREE, customers=20_000, periods=4)
    spent = simulate(scenario, THREE, {"A": Decision(resources_IV=40)}, 20_000, 4)
    same = (plain.state.carrier == 1) & (spent.state.carrier == 1) & (plain.state.tenure == spent.state.tenure)
    share = scenario.share_start + (1 - scenario.share_start) * plain.state.level
    potential = plain.state.wallet * (1 - share)
    four = (plain.state.wallet * share > 70) & (potential > 30) & same
    one = (plain.state.wallet < 20) & same
    gain = spent.state.felt - plain.state.felt
    assert four.sum() > 20
    assert gain[four].mean() > 0.2
    assert abs(gain[one].mean()) < 0.01
    assert (spent.panel.profit < plain.panel.profit)[0].any()


def test_events_of_life_take_customers_at_their_rate():
    scenario = ALIKE.with_forces("life_events", "switching_costs")
    scenario = scenario.replace(switching_cost=20, forced_rate=0.12, dealer_rate=0.06)
    count, periods = 20_000, 12
    result = simulate(scenario, THREE, customers=count, periods=periods)
    for cause, rate in (("forced", 0.01), ("dealer", 0.005)):
        assert near(count * periods, rate, (result.panel.cause == 1 + CAUSES.index(cause)).mean())
    assert set(np.unique(result.panel.cause)) == {0, 1 + CAUSES.index("forced"), 1 + CAUSES.index("dealer")}


def test_type_one_is_let_go_at_the_rate_decided():
    scenario = ALIKE.with_forces("switching_costs").replace(switching_cost=20, wallet=20, wallet_spread=1)
    count = 30_000
    result = simulate(scenario, THREE, {"A": Decision(dissolve=0.1)}, count, 1)
    start = market.make_customers(scenario, THREE, count, 0)
    share = 0.5 + 0.5 * start.level
    one = (start.wallet * share < 60) & (start.wallet * (1 - share) < 25)
    gone = result.panel.cause[0] == 1 + CAUSES.index("let_go")
    ours = start.carrier == 1
    assert not gone[~(one & ours)].any()
    assert near((one & ours).sum(), 0.1, gone[one & ours].mean())


def test_every_force_is_named_and_switches_something():
    for force in market.FORCES:
        assert MarketScenario().with_forces(force).forces() == (force,)
    decisions = {
        "B": Decision(price=0.9, handset_offered=True, contract_months=24, win_back_offer=50, network_quality=1.5)
    }
    full = digest(simulate(MarketScenario(launch_month=2), THREE, decisions, 4000, 12))
    for force in market.FORCES:
        off = MarketScenario(launch_month=2).replace(**{force: False})
        assert digest(simulate(off, THREE, decisions, 4000, 12)) != full, force


# --- laws ----------------------------------------------------------------------------------------


def test_adoption_in_a_fully_mixed_market_follows_bass():
    # Bass (1969) with p = .03, q = .38 a year: peak at ln(q/p)/(p+q) = 6.193 years, F = .4605, f = .1106.
    scenario = ALIKE.with_forces("handset_launch", "contagion").replace(
        launch_month=0, innovation=0.03, imitation=0.38, mixing=1, circle_pull=0, word_of_mouth=0
    )
    count = 200_000
    result = simulate(scenario, PAIR, customers=count, periods=150, panel=False)
    month = np.bincount(result.state.owns[result.state.owns >= 0], minlength=150)
    adopted = np.concatenate([[0], np.cumsum(month)]) / count
    years = np.arange(151) / 12
    exact = (1 - np.exp(-0.41 * years)) / (1 + 0.38 / 0.03 * np.exp(-0.41 * years))
    assert np.abs(adopted - exact).max() < 0.012
    assert np.interp(6.193, years, adopted) == pytest.approx(0.4605, abs=0.012)
    smooth = np.convolve(month, np.ones(12) / 12, mode="valid")
    assert (smooth.argmax() + 6) / 12 == pytest.approx(6.193, abs=0.5)
    assert smooth.max() * 12 / count == pytest.approx(0.1106, abs=0.003)


def test_expectations_are_learned():
    # Boulding et al. (1993): the mean is D + (E₀ − D)(1 − λ)^t; with luck the variance tends to λσ²/(2 − λ).
    rate = 0.2
    scenario = STILL.replace(learning_rate=rate, switching_costs=True, switching_cost=20)
    carriers = {"A": Carrier(share=0.5, quality=1.0), "B": Carrier(share=0.5, quality=1.0)}
    for periods in (1, 5, 20):
        better = {"A": {0: Decision(), 1: Decision(care=10)}} if periods > 1 else None
        result = simulate(scenario, carriers, better, 500, periods, seed=1)
        delivered = 1 + (scenario.response if periods > 1 else 0)
        expected = delivered + (1 - delivered) * (1 - rate) ** (periods - 1)
        assert result.state.expected[result.state.carrier == 1] == pytest.approx(expected, abs=1e-5)
    lucky = simulate(scenario.replace(experience_noise=1), carriers, None, 40_000, 40)
    assert lucky.state.expected.mean() == pytest.approx(1, abs=0.01)
    assert lucky.state.expected.var() == pytest.approx(rate / (2 - rate), rel=0.04)


def test_expectations_that_rise_bring_decline_where_the_carrier_does_not_follow():
    base = MarketScenario().replace(switching_cost=6)
    calm = simulate(base.replace(expectation_growth=0), THREE, customers=5000, periods=60)
    rising = simulate(base.replace(expectation_growth=0.06), THREE, customers=5000, periods=60)
    assert (rising.panel.stage[-1] == 4).mean() > (calm.panel.stage[-1] == 4).mean() + 0.2


def test_the_level_grows_along_a_logistic_curve_through_the_stages():
    scenario = STILL.replace(switching_costs=True, switching_cost=20, level_growth=0.6, tolerance=0.25)
    start = market.make_customers(scenario, PAIR, 300, 0).replace(level=0.1, tenure=0)
    result = simulate(scenario, PAIR, customers=start, periods=60)
    stage = result.panel.stage[:, 0]
    assert set(stage) == {1, 2, 3}
    assert (np.diff(stage.astype(int)) >= 0).all()
    rate, level = 0.6 * 0.25, 0.1
    for _ in range(60):
        level += rate * level * (1 - level)
    assert result.state.level[result.state.tenure == 60] == pytest.approx(level, abs=1e-4)


def test_nothing_earned_with_no_usage_and_price_times_usage_else():
    scenario = STILL.replace(switching_costs=True, switching_cost=20, price_premium=0)
    start = market.make_customers(scenario, PAIR, 1000, 0).replace(level=1.0, wallet=80.0)
    result = simulate(scenario, PAIR, {"A": Decision(price=1.5)}, start, 2)
    assert set(np.unique(result.panel.revenue[1])) == {8000, 12000}
    cost = 0.45 * 80 + 10 * (1 - 0.4)
    assert set(np.unique(result.panel.profit[1])) == {8000 - round(100 * cost), 12000 - round(100 * cost)}


# --- conservation --------------------------------------------------------------------------------


@st.composite
def markets(draw):
    share = np.array([draw(st.integers(1, 9)) for _ in range(draw(st.integers(1, 6)))], float)
    outside = draw(st.booleans()) or len(share) == 1
    share = share / share.sum() * (0.8 if outside else 1)
    share[-1] += (0.8 if outside else 1) - share.sum()
    carriers = {f"carrier {j}": Carrier(share=float(part)) for j, part in enumerate(share)}
    forces = draw(st.sets(st.sampled_from(market.FORCES)))
    scenario = MarketScenario(launch_month=2, innovation=0.4, outside=outside, circle_size=draw(st.integers(1, 60)))
    scenario = scenario.replace(mixing=draw(st.sampled_from([0, 0, 0.3])))
    decision = Decision(
        price=draw(st.floats(0, 2)), acquisition=draw(st.floats(0, 200)), care=draw(st.floats(0, 20)),
        handset_offered=True, handset_subsidy=300, contract_months=12, win_back_offer=30, group_offer=5,
        resources_IV=4, dissolve=draw(st.sampled_from([0.0, 0.1])),
    )  # fmt: skip
    count = draw(st.integers(1, 1500))
    return scenario.with_forces(*forces), carriers, {"carrier 0": decision}, count


@settings(max_examples=40, deadline=None)
@given(markets(), st.integers(1, 8), st.integers(0, 2**64 - 1))
def test_customers_are_conserved_and_money_adds_up(case, periods, seed):
    scenario, carriers, decisions, count = case
    result = simulate(scenario, carriers, decisions, count, periods, seed)
    panel, sums = result.panel, result.sums
    assert (sums[:, :, 0].sum(axis=1) == count).all()
    for number, name in ((6, "revenue"), (7, "profit")):
        total = getattr(panel, name).sum(dtype=np.int64)
        if scenario.dual_sim:
            total += getattr(panel, f"second_{name}").sum(dtype=np.int64)
        assert sums[:, :, number].sum() == total
    for j in range(len(carriers) + 1):
        assert (sums[:, j, 0] == (panel.carrier == j).sum(axis=1)).all()
    # Who leaves one carrier joins another or none: what changes is what came and went.
    left = sums[:, 1:, LEFT + 1 :].sum(axis=2)
    change = np.diff(sums[:, 1:, 0], axis=0)
    assert (change == (sums[:, 1:, 1] - left)[1:]).all()
    assert (sums[:, 1:, LEFT + 1 :].sum(axis=(0, 1)) == np.bincount(panel.cause.ravel(), minlength=12)[1:]).all()
    assert (panel.revenue[panel.carrier == 0] == 0).all()
    assert (panel.stage[panel.carrier == 0] == 0).all()
    assert ((panel.stage > 0) == (panel.carrier > 0)).all()
    assert np.isfinite(panel.felt).all()
    frame = result.summary()
    assert frame["revenue"].sum() == pytest.approx(sums[:, 1:, 6].sum() / 100)
    assert (frame["left"].to_numpy() == left.ravel()).all()
    without = simulate(scenario, carriers, decisions, count, periods, seed, panel=False)
    assert without.panel is None
    assert (without.sums == sums).all()


# --- the same bytes ------------------------------------------------------------------------------

BUSY = {
    "A": {0: Decision(care=3, win_back_offer=40), 8: Decision(resources_III=5, dissolve=0.05)},
    "B": Decision(handset_offered=True, handset_subsidy=400, contract_months=24, price=0.95),
}


@pytest.mark.parametrize("mixing", [0.0, 0.5])
def test_one_thread_or_two_or_five_give_the_same_bytes(mixing):
    scenario = MarketScenario(mixing=mixing)
    first, *others = (digest(simulate(scenario, THREE, BUSY, 30_007, 10, 5, threads=n)) for n in (1, 2, 5))
    assert set(others) == {first}
    assert digest(simulate(scenario, THREE, BUSY, 30_007, 10, 6, threads=2)) != first


GOLDEN = "3c6525f6d84fbdc091fedc10a4eac37feeba46c98f587ca138abcfeb04203be3"


def golden():
    return digest(simulate(MarketScenario(launch_month=3, outside=True), THREE, BUSY, 3000, 12, seed=2010))


def test_the_bytes_are_the_same_on_every_machine():
    assert golden() == GOLDEN


@pytest.mark.slow
def test_a_plain_processor_gives_the_same_bytes(tmp_path):
    # Without the vector instructions and fused multiply-adds of this machine, compiled afresh.
    plain = {**os.environ, "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    code = "import sys; sys.path.insert(0, sys.argv[1]); import test_market; print(test_market.golden())"
    here = str(Path(__file__).parent)
    told = subprocess.run([sys.executable, "-c", code, here], capture_output=True, text=True, env=plain, check=True)
    assert told.stdout.strip() == GOLDEN


def test_a_decision_in_period_ten_changes_nothing_before_it():
    before = simulate(None, THREE, BUSY, 5000, 16, 3)
    changed = {**BUSY, "C": {10: Decision(price=0.5)}}
    after = simulate(None, THREE, changed, 5000, 16, 3)
    for name in Panel._fields:
        assert (getattr(before.panel, name)[:10] == getattr(after.panel, name)[:10]).all(), name
    assert (before.sums[:10] == after.sums[:10]).all()
    assert (before.panel.carrier[10:] != after.panel.carrier[10:]).any()


@pytest.mark.parametrize("mixing", [0.0, 0.5])
def test_going_on_is_the_same_as_going_through(mixing):
    scenario = MarketScenario(mixing=mixing)
    through = simulate(scenario, THREE, BUSY, 3000, 14, 3)
    early = {"A": {0: BUSY["A"][0]}, "B": BUSY["B"]}
    begun = simulate(scenario, THREE, early, 3000, 6, 3)
    untouched = digest(begun)
    gone_on = extend(begun, 8, {"A": {8: BUSY["A"][8]}})
    assert digest(gone_on) == digest(through)
    assert digest(begun) == untouched


def test_the_first_customers_are_the_same_for_any_number_of_them():
    few, many = (market.make_customers(MarketScenario(), THREE, n, 4) for n in (100, 5000))
    for field in dataclasses.fields(few):
        assert (getattr(few, field.name)[..., :100] == getattr(many, field.name)[..., :100]).all()


def test_a_block_is_all_that_a_customer_sees():
    # The same customers alone or with others behind them: a whole number of blocks.
    scenario = MarketScenario(circle_size=64)
    few = simulate(scenario, THREE, BUSY, 512, 9, 1)
    many = simulate(scenario, THREE, BUSY, 5120, 9, 1)
    assert (few.panel.revenue == many.panel.revenue[:, :512]).all()


def test_the_compiled_loop_is_made_anew_when_a_force_changes():
    stamp = engine.run_strips._cache._cache_file._source_stamp
    assert stamp == stamp_of((engine.__file__, *engine.SOURCES))
    assert len(stamp) == 64


@pytest.fixture
def read_only(tmp_path):
    """A copy of the package that nothing can be kept in, and a way to ask a new process about it."""
    package = tmp_path / "site" / "cvmlab"
    shutil.copytree(market.__path__[0] + "/..", package, ignore=shutil.ignore_patterns("__pycache__", "assets"))
    for folder in (package, package / "market"):
        # a file in its place keeps even an administrator from making the folder
        (folder / "__pycache__").write_text("")
    home = {name: str(tmp_path / "home") for name in ("HOME", "XDG_CACHE_HOME", "USERPROFILE", "LOCALAPPDATA")}
    environment = {**os.environ, **home, "PYTHONPATH": str(package.parent)}
    environment.pop("NUMBA_CACHE_DIR", None)

    def ask(question):
        code = f"from cvmlab import market; from cvmlab.market import engine; print({question})"
        command = [sys.executable, "-c", code]
        told = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=True)
        return told.stdout.strip()

    return package, ask


CACHE = "engine.run_strips.stats.cache_path"


def test_without_a_cache_the_engine_says_that_it_is_not_compiled(read_only, tmp_path):
    package, ask = read_only
    assert ask("market.__file__") == str(package / "market" / "__init__.py")
    assert ask("market.is_compiled()") == "False"
    assert Path(ask(CACHE)).is_relative_to(tmp_path / "home")


@pytest.mark.slow
def test_a_package_that_may_not_be_written_is_compiled_once_and_anew_when_a_force_changes(read_only):
    package, ask = read_only
    assert ask("(market.compile_engine(), market.is_compiled())") == "(None, True)"
    assert ask("market.is_compiled()") == "True"
    with (package / "market" / "forces.py").open("a", encoding="utf-8") as forces:
        forces.write("# another force\n")
    assert ask("market.is_compiled()") == "False"


def test_a_damaged_cache_is_no_cache(monkeypatch):
    class Broken:
        signatures = ()

    monkeypatch.setattr(compiling, "run_strips", Broken())
    assert not market.is_compiled()
    monkeypatch.setattr(compiling, "run_strips", print)
    assert market.is_compiled()


def test_customers_of_ones_own_are_not_changed():
    start = market.make_customers(MarketScenario(), THREE, 300, 4)
    copies = {field.name: getattr(start, field.name).copy() for field in dataclasses.fields(start)}
    simulate(None, THREE, BUSY, start, 9)
    for name, copy in copies.items():
        assert (getattr(start, name) == copy).all()


# --- frames --------------------------------------------------------------------------------------


def test_frames_agree_with_the_arrays():
    result = simulate(None, THREE, BUSY, 800, 12, 2)
    frame = result.to_frame()
    assert len(frame) == 800 * 12
    assert frame["customer_id"].str.len().unique().tolist() == [3]
    assert frame["revenue"].sum() == pytest.approx(result.panel.revenue.sum() / 100)
    assert (frame["cause"] != "").sum() == (result.panel.cause > 0).sum()
    assert set(frame["reason"]) - {""} <= set(market.REASON_OF_CAUSE.values())
    truth = result.truth()
    assert len(truth) == 800
    assert (truth["carrier"].to_numpy() == frame[frame["period"] == 11]["carrier"].to_numpy()).all()


def test_every_relationship_has_its_pattern_once_it_has_ended():
    result = simulate(None, THREE, BUSY, 2000, 48, 2)
    spells = result.spells()
    assert spells["ended"].sum() == (result.panel.cause[1:] > 0).sum()
    assert (~spells["ended"]).sum() == 2000
    assert ((spells["pattern"] != "") == spells["ended"]).all()
    assert set(spells["pattern"]) == {"", "I", "II", "III", "IV"}
    assert (spells["last_period"] - spells["first_period"] + 1).sum() == 2000 * 48
    early = spells[spells["pattern"] == "I"]
    assert set(early["stage_reached"]) == {"exploration"}


def test_the_six_reasons_cover_every_cause():
    assert set(market.REASON_OF_CAUSE) == set(CAUSES)
    assert set(market.REASON_OF_CAUSE.values()) == {
        "given_up", "left_on_own", "poached", "attracted", "forced_to_leave", "other_reason",
    }  # fmt: skip


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("says", "options"),
    [
        ("0 carriers", {"carriers": {}}),
        ("only carrier", {"carriers": {"A": Carrier()}}),
        ("sum to 0.9", {"carriers": {"A": Carrier(share=0.5), "B": Carrier(share=0.4)}}),
        ("sum to 1.2", {"carriers": {"A": Carrier(share=0.8), "B": Carrier(share=0.4)}}),
        ("number of customers (customers) is 0", {"customers": 0}),
        ("customers=1.5", {"customers": 1.5}),
        ("number of customers (customers) is -3", {"customers": -3}),
        ("10,000,000 customers over 60 months need 15.9 GB", {"customers": 10_000_000, "periods": 60}),
        ("panel=False", {"customers": 10_000_000, "periods": 60}),
        ("even without the panel", {"customers": 100_000_000, "periods": 60, "panel": False}),
        ("(periods) is 0; it must be a whole number between 1 and 1200", {"periods": 0}),
        ("(threads) is 0", {"threads": 0}),
        ("seed=-1", {"seed": -1}),
        ("'D', but the carriers are: A, B, C", {"decisions": {"D": Decision()}}),
        ("has already passed", {"decisions": {"A": {-1: Decision()}}}),
        ("last period is 4", {"decisions": {"A": {5: Decision()}}}),
        ("give a Decision", {"decisions": {"A": 0.9}}),
        ("give a Decision", {"decisions": {"A": {"3": Decision()}}}),
    ],
)
def test_bad_input_is_told(says, options):
    with pytest.raises(CvmError) as caught:
        simulate(**{"carriers": THREE, "customers": 100, "periods": 5, **options})
    assert says in str(caught.value)


def test_ten_million_customers_fit_without_the_panel():
    assert market.memory_needed(10_000_000, 60, panel=False) < 2.5 * 2**30


def test_a_negative_price_and_an_unknown_force_are_told():
    with pytest.raises(CvmError, match="at least 0"):
        Decision(price=-0.1)
    with pytest.raises(CvmError, match="no force 'gravity'"):
        MarketScenario().with_forces("gravity")
    with pytest.raises(CvmError, match="no field 'gravity'"):
        MarketScenario().replace(gravity=True)


def test_a_past_decision_is_told_when_going_on():
    begun = simulate(None, THREE, None, 100, 6)
    with pytest.raises(CvmError, match="Decide for period 6 or later"):
        extend(begun, 3, {"A": {5: Decision()}})


def test_a_panel_that_was_not_kept_is_told():
    with pytest.raises(CvmError, match="panel=True"):
        simulate(None, THREE, None, 100, 2, panel=False).to_frame()


@pytest.mark.parametrize(
    ("says", "arrays"),
    [
        ("no field 'age'", {"age": 3}),
        ("shape", {"wallet": [1.0, 2.0]}),
        ("wallet", {"wallet": -1.0}),
        ("wallet", {"wallet": np.nan}),
        ("carrier", {"carrier": 4}),
        ("level", {"level": 1.1}),
        ("tenure", {"tenure": "long"}),
    ],
)
def test_bad_customers_are_told(says, arrays):
    with pytest.raises(CvmError, match=says):
        market.make_customers(MarketScenario(), THREE, 10, 0).replace(**arrays)


def test_customers_of_another_market_are_told():
    with pytest.raises(CvmError, match="made for 3 carriers"):
        simulate(None, PAIR, None, market.make_customers(MarketScenario(), THREE, 10, 0), 2)


def test_every_word_of_the_market_is_there_in_both_languages():
    from cvmlab import term

    for scenario in (MarketScenario, Carrier, Decision):
        for limits in scenario.limits().values():
            assert limits.label() != term(limits.word, language="zh")


def test_draws_are_keyed_by_the_customer():
    start = market.make_customers(MarketScenario(), THREE, 50, 9)
    u = draws.uniform(9, np.arange(50), 2**32 - 1, 0)
    assert (start.carrier == np.searchsorted([0.4, 0.75], u, side="right") + 1).all()

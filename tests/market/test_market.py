"""The market engine: the choice is a logit, and every force alone."""

import numpy as np
import pytest
from small_markets import ALIKE, PAIR, STILL, THREE, digest

from cvmlab import market
from cvmlab.market import CAUSES, Carrier, Decision, MarketScenario, simulate
from cvmlab.market.layout import COUNTS


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

"""The market engine: published laws and conservation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_markets import ALIKE, PAIR, STILL, THREE

from cvmlab import market
from cvmlab.market import Carrier, Decision, MarketScenario, simulate
from cvmlab.market.layout import LEFT

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

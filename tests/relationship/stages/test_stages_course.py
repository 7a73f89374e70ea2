"""Whether there are stages at all: logs without a course, common trends, seasons that differ."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, stages
from cvmlab.data.panels import Panel
from cvmlab.relationship.simulated import Population, simulate_relationships
from cvmlab.relationship.stages.habits import habits_of, log_revenue_of


def panel_of(revenue, first, months=1):
    periods, customers = revenue.shape
    return Panel(
        np.array([f"{i:04d}" for i in range(customers)], object),
        (np.datetime64("2020-01") + months * np.arange(periods)).astype("datetime64[D]"),
        months,
        {"revenue": np.where(np.arange(periods)[:, None] < first, 0, revenue)},
        first,
    )


def steady(seed=1, periods=48, customers=900, noise=0.4, growth=0.0, everyone=0.0):
    """Customers of any size who begin at any time: each grows by one share a year, prices by another."""
    rng = np.random.default_rng(seed)
    first = np.maximum(rng.integers(-periods // 2, periods, customers), 0)
    years = np.arange(periods)[:, None] / 12
    logs = rng.normal(0, 1, customers) + rng.normal(0, noise, (periods, customers))
    own = np.maximum(years - first / 12, 0) * growth
    return panel_of(np.exp(logs + own + years * everyone), first)


@pytest.mark.parametrize("noise", [0.0, 0.4, 0.8])
def test_equal_bills_have_no_course(noise):
    found = stages.course(steady(noise=noise))
    assert found.customers > 300
    assert abs(found.rise) < 0.05
    assert found.low <= found.rise <= found.high < 0.1
    assert found.trend == 0


@pytest.mark.parametrize("yearly", [0.3, -0.3])
def test_what_moves_everybody_is_a_trend_and_no_course(yearly):
    found = stages.course(steady(everyone=yearly))
    assert found.trend == pytest.approx(np.expm1(yearly), abs=0.06)
    assert abs(found.rise) < 0.08


def test_what_each_customer_does_since_the_own_beginning_is_no_trend():
    found = stages.course(steady(growth=0.5))
    assert found.trend == 0
    # from the second to fourth month to the tenth to twenty-fourth: about fourteen months later
    assert found.rise == pytest.approx(np.expm1(0.5 * 13.5 / 12), abs=0.15)
    assert found.low > 0.4
    assert stages.course(steady(growth=-0.5)).high < -0.25


def test_customers_of_another_kind_are_no_trend():
    panel = steady()
    size = np.exp(-0.04 * panel.first)
    smaller = Panel(panel.customer_id, panel.period, 1, {"revenue": panel["revenue"] * size}, panel.first)
    found = stages.course(smaller)
    assert found.trend == 0
    assert abs(found.rise) < 0.05


def test_a_minority_that_grows_is_seen():
    # two fifths come to buy three times as much: the median does not move
    panel, rng = steady(), np.random.default_rng(3)
    age = np.arange(48)[:, None] - panel.first
    grown = np.where((rng.random(900) < 0.4) & (age > 6), 3, 1)
    some = stages.course(Panel(panel.customer_id, panel.period, 1, {"revenue": panel["revenue"] * grown}, panel.first))
    assert some.growing == pytest.approx(0.4, abs=0.05)
    assert some.growing_low > 0.25


@pytest.mark.parametrize("noise", [0.0, 0.4, 0.8, 1.2])
def test_chance_is_no_growth(noise):
    for seed in range(1, 6):
        found = stages.course(steady(seed=seed, noise=noise))
        assert abs(found.growing) < 0.1
        assert found.growing_low <= 0


@pytest.mark.parametrize("months", [1, 3])
def test_simulated_relationships_rise(months):
    known = simulate_relationships(Population(), customers=500, periods=60, seed=3).panel
    assert stages.course(stages.coarser(known, months)).low > 1


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3))
@settings(max_examples=15, deadline=None)
def test_neither_size_nor_order_matters(seed, unit):
    panel = steady(seed % 7, periods=30, customers=200, growth=0.3)
    order = np.random.default_rng(seed).permutation(200)
    other = Panel(
        panel.customer_id[order], panel.period, 1, {"revenue": panel["revenue"][:, order] * unit}, panel.first[order]
    )
    one, two = stages.course(panel), stages.course(other)
    assert one.customers == two.customers
    assert (two.rise, two.low, two.high) == pytest.approx((one.rise, one.low, one.high), abs=1e-4)


def test_nobody_who_begins_has_no_rise():
    panel = steady()
    found = stages.course(panel_of(panel["revenue"] + 1, np.zeros(900, np.int64)))
    assert found.customers == 0
    assert np.isnan([found.rise, found.low, found.high, found.growing, found.growing_low]).all()
    one_row = stages.course(panel_of(np.ones((1, 60)), np.zeros(60, np.int64)))
    assert one_row.customers == 0


def test_bad_panels_are_refused():
    with pytest.raises(CvmError, match="at least one of each"):
        stages.course(panel_of(np.zeros((0, 5)), np.zeros(5, np.int64)))
    revenue = np.ones((12, 60))
    revenue[3, 5] = np.inf
    with pytest.raises(CvmError, match="0005"):
        stages.course(panel_of(revenue, np.zeros(60, np.int64)))


def test_a_trend_does_not_change_the_stages():
    # Prices that double in five years move every history and no relationship.
    known = simulate_relationships(Population(), customers=1_500, periods=60, seed=4)
    dearer = np.exp(np.log(4) * np.arange(60) / 60)[:, None]
    panel = Panel(
        known.panel.customer_id, known.panel.period, 1, {"revenue": known.panel["revenue"] * dearer}, known.panel.first
    )
    plain = Panel(panel.customer_id, panel.period, 1, {"revenue": known.panel["revenue"]}, panel.first)
    assert stages.course(panel).trend > 0.2
    before, after = (stages.grade(stages.decode(one), known).macro_f1 for one in (plain, panel))
    assert after > before - 0.03


def test_a_season_that_differs_between_customers_is_taken_out_of_each():
    rng = np.random.default_rng(2)
    periods, customers = 48, 400
    power = np.where(np.arange(customers) % 2 == 0, 0.3, 1.7)
    wave = 0.8 * np.cos(2 * np.pi * np.arange(periods) / 12)
    logs = rng.normal(0, 1, customers) + np.outer(wave, power) + rng.normal(0, 0.1, (periods, customers))
    panel = panel_of(np.exp(logs), np.zeros(customers, np.int64))
    habits = habits_of(panel, with_margin=False, chosen=slice(None))
    assert habits.season_spread == pytest.approx(0.7, abs=0.35)
    left = log_revenue_of(panel, slice(None), habits)
    assert left.std(axis=0).mean() < 0.2
    decoded = stages.decode(panel)
    assert (decoded.stage == 3).mean() > 0.9

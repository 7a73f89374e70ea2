"""The budget of the matrix: the exact split against brute force, the conditions of an optimum, and the heuristic."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import matrix
from cvmlab.core.words import CvmError

modest = settings(max_examples=150, deadline=None)
stakes = st.floats(-1e3, 1e6)
ceilings = st.floats(0, 1)
slopes = st.floats(-6, 1).map(lambda power: 10.0**power)
groups = st.lists(st.tuples(stakes, ceilings, slopes, st.integers(0, 500)), min_size=1, max_size=8)
totals = st.one_of(st.just(0.0), st.floats(-3, 9).map(lambda power: 10.0**power))


def profit_of(value, ceiling, steepness, count, spend):
    return float((count * (value * ceiling * -np.expm1(-steepness * spend) - spend)).sum())


def split(rows, total):
    value, ceiling, steepness, count = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    spend = matrix.split_budget(
        value, total, assumed_ceiling=ceiling, assumed_steepness=steepness, customers=count
    )  # fmt: skip
    return value, ceiling, steepness, count, spend


@modest
@given(groups, totals)
def test_all_who_get_money_return_the_same_from_the_last_of_it(rows, total):
    value, ceiling, steepness, count, spend = split(rows, total)
    assert (spend >= 0).all() and np.isfinite(spend).all()
    spent = float(count @ spend)
    assert spent <= total * (1 + 1e-9)
    marginal = steepness * ceiling * value * np.exp(-steepness * spend)
    # the first money may be less than the smallest step of a float
    some = (spend > 0) & (count > 0)
    price = marginal[some].mean() if some.any() else max(marginal[count > 0].max(initial=0), 1.0)
    assert marginal[some] == pytest.approx(price, rel=1e-6)
    assert (marginal[(count > 0) & ~some] <= max(price, 1) * (1 + 1e-6)).all()
    assert price >= 1 - 1e-9
    # money is left only where the next unit would not come back
    if spent < total * (1 - 1e-9) and some.any():
        assert price == pytest.approx(1, rel=1e-6)
    if total and not some.any():
        assert ((steepness * ceiling * value)[count > 0] <= 1).all()


@modest
@given(st.lists(st.tuples(st.floats(1, 900), st.floats(0.05, 1), st.floats(0.005, 0.2), st.integers(1, 4)),
                min_size=2, max_size=3), st.floats(1, 400))  # fmt: skip
def test_no_split_of_a_grid_pays_more(rows, total):
    value, ceiling, steepness, count, spend = split(rows, total)
    best = profit_of(value, ceiling, steepness, count, spend)
    steps = np.linspace(0, 1, 25)
    for parts in itertools.product(steps, repeat=len(rows)):
        if sum(parts) <= 1:
            tried = np.array(parts) * total / count
            assert profit_of(value, ceiling, steepness, count, tried) <= best + 1e-7 * (1 + abs(best))


@modest
@given(groups, totals, st.floats(0, 1e6))
def test_more_money_never_brings_less_and_each_unit_less_than_the_one_before(rows, total, more):
    profits = []
    for step in range(3):
        value, ceiling, steepness, count, spend = split(rows, total + step * more)
        profits.append(profit_of(value, ceiling, steepness, count, spend))
    rounding = 1e-7 * (1 + abs(profits[-1]) + total)
    assert -rounding <= profits[2] - profits[1] <= profits[1] - profits[0] + rounding


def test_without_a_limit_marginal_acquisition_and_retention_cost_equal_the_value():
    # Blattberg & Deighton 1996: A* = ln(k·c·V)/k, for acquisition and for retention
    value, ceiling, steepness = 400.0, np.array([0.3, 0.8]), np.array([0.05, 0.02])
    best = matrix.best_spend(value, ceiling, steepness)
    assert best == pytest.approx([np.log(0.05 * 0.3 * 400) / 0.05, np.log(0.02 * 0.8 * 400) / 0.02])
    marginal_cost = 1 / (steepness * ceiling * np.exp(-steepness * best))
    assert marginal_cost == pytest.approx([value, value])
    enough = matrix.split_budget(value, 1e9, assumed_ceiling=ceiling, assumed_steepness=steepness)
    assert enough == pytest.approx(best)
    scarce = matrix.split_budget(value, 40, assumed_ceiling=ceiling, assumed_steepness=steepness)
    costs = 1 / (steepness * ceiling * np.exp(-steepness * scarce))
    assert scarce.sum() == pytest.approx(40) and costs[0] == pytest.approx(costs[1]) and costs[0] < value


def test_corners_and_extremes():
    def spend(value, total, **more):
        return matrix.split_budget(value, total, **({"assumed_ceiling": 0.5, "assumed_steepness": 0.1} | more)).tolist()

    assert spend([100, 0, -50, 10], 30) == pytest.approx([np.log(5) / 0.1, 0, 0, 0])
    assert spend([100, 100], 0) == [0, 0]
    assert spend([100.0] * 5000, 5000) == pytest.approx([1.0] * 5000)
    assert spend([100], 7) == pytest.approx([7])
    assert spend([100, 100], 8, customers=[0, 4]) == pytest.approx([0, 2])
    # very flat responses: hardly any money, but exactly the budget
    flat = spend([1e15, 0.9999e15], 100, assumed_ceiling=1, assumed_steepness=1e-12)
    assert sum(flat) == pytest.approx(100) and flat[1] == 0
    assert matrix.best_spend(1e15, 1, 1e-300).tolist() == 0


def test_the_steepness_gives_back_the_judged_response():
    k = matrix.steepness_from(30, 0.25, assumed_ceiling=0.6)
    assert 0.6 * (1 - np.exp(-k * 30)) == pytest.approx(0.25)


def typed_customers(seed, size=400):
    draw = np.random.default_rng(seed)
    value, potential = draw.lognormal(5, 1, size), draw.lognormal(4.5, 1.2, size)
    customers = pd.DataFrame({
        "customer_id": [f"{row:04}" for row in range(size)], "current_value": value, "headroom": potential
    })  # fmt: skip
    typed = matrix.classify(customers, matrix.Thresholds(150, 120))
    return typed.assign(at_stake=0.3 * value + potential)


@pytest.mark.parametrize("alike", ["type", "customer"])
@pytest.mark.parametrize("total", [0, 50, 5_000, 1e7])
def test_the_optimal_split_never_pays_less_than_the_heuristic(alike, total):
    customers = typed_customers(3)
    both = matrix.compare_budgets(
        customers, total, "at_stake", assumed_ceiling={"IV": 0.5, "III": 0.3, "II": 0.4, "I": 0.2},
        assumed_steepness=0.03, alike=alike,
    )  # fmt: skip
    assert both["heuristic_budget"].sum() == pytest.approx(total)
    assert both["optimal_budget"].sum() <= total * (1 + 1e-9)
    assert both["profit_gap"].sum() >= -1e-9
    assert (both["profit_gap"] == both["optimal_profit"] - both["heuristic_profit"]).all()
    assert np.isfinite(both.drop(columns="value_type").to_numpy(float)).all()
    # a split that may treat each customer apart is at least as good as one by type
    if alike == "customer":
        by_type = matrix.compare_budgets(
            customers, total, "at_stake", assumed_ceiling={"IV": 0.5, "III": 0.3, "II": 0.4, "I": 0.2},
            assumed_steepness=0.03,
        )  # fmt: skip
        assert both["optimal_profit"].sum() >= by_type["optimal_profit"].sum() - 1e-9


def test_profit_by_hand():
    customers = pd.DataFrame({"customer_id": ["1", "2"], "value_type": ["IV", "III"], "at_stake": [1000.0, 100.0]})
    both = matrix.compare_budgets(customers, 50, "at_stake", assumed_ceiling=0.5, assumed_steepness=0.1)
    assert both["heuristic_budget"].tolist() == [30, 20, 0, 0]
    by_hand = [500 * (1 - np.exp(-3)) - 30, 50 * (1 - np.exp(-2)) - 20, 0, 0]
    assert both["heuristic_profit"].to_numpy() == pytest.approx(by_hand)
    # marginal returns 50·exp(−x/10) and 5·exp(−(50−x)/10) are equal at x = 25 + 5·ln 10, above 1: all is spent
    assert both["optimal_budget"].to_numpy() == pytest.approx([25 + 5 * np.log(10), 25 - 5 * np.log(10), 0, 0])


def worlds_won(alike, factor, total=8_000.0):
    """Return in what share of worlds the split under assumptions that are off beats the heuristic, and its gain."""
    gained = []
    for seed in range(60):
        draw = np.random.default_rng(1_000 + seed)
        customers = typed_customers(seed, 200)
        code = customers["value_type"].map({"IV": 0, "III": 1, "II": 2, "I": 3}).to_numpy()
        off = factor ** draw.uniform(-1, 1, (2, 4))
        ceiling, steepness = np.minimum(0.4 * off[0], 1)[code], (0.02 * off[1])[code]
        stake = customers["at_stake"].to_numpy()
        plan = matrix.budget(customers, total).set_index("value_type")["budget_per_customer"]
        heuristic = customers["value_type"].map(plan).to_numpy()
        ours = matrix.compare_budgets(
            customers, total, "at_stake", assumed_ceiling=0.4, assumed_steepness=0.02, alike=alike
        ).set_index("value_type")  # fmt: skip
        if alike == "type":
            spend = customers["value_type"].map(ours["optimal_budget"] / ours["customers"]).to_numpy()
        else:
            spend = matrix.split_budget(stake, total, assumed_ceiling=0.4, assumed_steepness=0.02)
        ones = np.ones(len(stake))
        rival = profit_of(stake, ceiling, steepness, ones, heuristic)
        gained.append(profit_of(stake, ceiling, steepness, ones, spend) / rival - 1)
    return float(np.mean(np.array(gained) > 0)), float(np.median(gained))


@pytest.mark.parametrize("alike", ["type", "customer"])
def test_the_split_beats_the_heuristic_even_where_the_response_was_misjudged(alike):
    # ceiling and steepness of every type off by up to a factor of 2, either way
    won, gain = worlds_won(alike, factor=2)
    assert won > 0.8 and gain > 0


good = pd.DataFrame({"customer_id": ["1", "2"], "value_type": ["IV", "II"], "at_stake": [100.0, 50.0]})


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"total": -1}, "checking.too_small"),
        ({"at_stake": "headroom"}, "tables.missing_column"),
        ({"assumed_ceiling": 1.2}, "checking.out_of_range"),
        ({"assumed_ceiling": {"IV": 0.3}}, "matrix.no_assumption"),
        ({"assumed_ceiling": {"IV": 0.3, "II": 0.2, "V": 0.1}}, "matrix.unknown_assumption"),
        ({"assumed_steepness": 0}, "checking.not_above"),
        ({"assumed_steepness": {"IV": 0.3, "II": 0.0}}, "checking.not_above"),
        ({"weights": {"III": 1}}, "matrix.no_weight"),
        ({"alike": "all"}, "guarding.needs"),
        ({"customers": good.assign(at_stake=np.nan)}, "tables.missing_values"),
        ({"customers": good.assign(value_type="V")}, "matrix.unknown_type"),
        ({"customers": good[:0]}, "tables.no_rows"),
    ],
)
def test_bad_input(change, key):
    usual = {"customers": good, "total": 10, "at_stake": "at_stake", "assumed_ceiling": 0.4, "assumed_steepness": 0.1}
    with pytest.raises(CvmError) as caught:
        matrix.compare_budgets(**(usual | change))
    assert caught.value.key == key
    assert str(caught.value)


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda: matrix.steepness_from(10, 0.4, 0.4), "matrix.above_ceiling"),
        (lambda: matrix.steepness_from(0, 0.4, 0.5), "checking.not_above"),
        (lambda: matrix.steepness_from(1e-320, 0.4, 0.5), "checking.not_finite"),
        (lambda: matrix.split_budget([1, 2], 9, assumed_ceiling=[0.1] * 3, assumed_steepness=1),
         "matrix.groups_differ"),
        (lambda: matrix.split_budget([1, 2], 9, assumed_ceiling=1, assumed_steepness=1, customers=[1] * 3),
         "matrix.groups_differ"),
        (lambda: matrix.split_budget([[1, 2]], 9, assumed_ceiling=1, assumed_steepness=1), "checking.lengths_differ"),
        (lambda: matrix.split_budget(5, 9, assumed_ceiling=1, assumed_steepness=1, customers=-1), "checking.too_small"),
    ],
)  # fmt: skip
def test_bad_groups(call, key):
    with pytest.raises(CvmError) as caught:
        call()
    assert caught.value.key == key

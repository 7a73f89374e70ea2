"""Habit or taste: what shuffles and closed forms say of customers whose memory is known."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from choice_worlds import purchases_of

from cvmlab import datasets
from cvmlab.worth.factors import fit_choices, repeats_against_taste


def graded(count: int, **world: float) -> pd.DataFrame:
    found = [repeats_against_taste(purchases_of(80, 12, seed, **world), seed=seed) for seed in range(count)]
    figures = [(each.observed, each.own_taste, each.taste, each.state_dependence, each.p_value) for each in found]
    return pd.DataFrame(figures, columns=["observed", "own_taste", "taste", "state_dependence", "p_value"])


def test_the_expectation_from_own_shares_is_the_mean_over_all_orders():
    purchases = pd.DataFrame({"customer_id": ["a"] * 5, "date": range(5), "supplier": list("LLRLS")})
    orders = [np.mean([x == y for x, y in itertools.pairwise(order)]) for order in itertools.permutations("LLRLS")]
    found = repeats_against_taste(purchases)
    assert found.own_taste == pytest.approx(np.mean(orders))
    assert found.observed == 0.25
    assert found.if_all_alike == pytest.approx(0.6**2 + 0.2**2 + 0.2**2)
    assert found.state_dependence + found.taste == pytest.approx(found.observed - found.if_all_alike)
    assert found.pairs == 4


def test_fixed_tastes_repeat_often_and_are_not_taken_for_habit():
    table = graded(60, taste=2.0, memory=0.0)
    # nearly two of three purchases go to the same supplier again: nobody is loyal
    assert table["observed"].mean() > 0.6
    assert abs(table["state_dependence"].mean()) < 0.005
    # 3 of 60 are expected at 5%; 9 or more have a chance of 0.3%
    assert (table["p_value"] <= 0.05).sum() < 9


def test_memory_without_taste_is_found_and_its_share_is_a_lower_bound():
    table = graded(20, taste=0.0, memory=2.0)
    # DESIGN, oracles: e²/(e² + 2) = .78699 repeats, where alike customers without memory have 1/3
    assert table["observed"].mean() == pytest.approx(0.787, abs=0.02)
    assert (table["p_value"] <= 0.05).all()
    short, true = table["state_dependence"].mean(), 0.78699 - 1 / 3
    assert 0.2 < short < true
    long = repeats_against_taste(purchases_of(80, 200, 1, taste=0.0, memory=2.0), shuffles=19)
    assert short < long.state_dependence < true + 0.02
    assert long.state_dependence > 0.9 * true


def test_both_are_told_apart():
    both, seeking = graded(20, taste=1.0, memory=1.0), graded(20, taste=1.0, memory=-1.0)
    assert (both["p_value"] <= 0.05).all()
    assert (both["state_dependence"] > 0).all() and (both["taste"] > 0).all()
    assert (seeking["p_value"] <= 0.05).all()
    assert (seeking["state_dependence"] < 0).all()


def test_the_naive_readings_see_loyalty_where_there_is_only_taste():
    purchases = purchases_of(100, 12, 1, taste=1.0, memory=0.0)
    found = repeats_against_taste(purchases)
    assert found.verdict.endswith("no sign that the last purchase matters.")
    # rival 1: repeats against those of the market; rival 2: "bought last time" in one logit for all
    assert found.observed > found.if_all_alike + 0.1
    last = purchases.groupby("customer_id")["supplier"].shift()
    rows = purchases.assign(last=last)[last.notna()]
    rows = rows.loc[rows.index.repeat(3)].reset_index(drop=True)
    rows["alternative"] = np.tile(list("LRS"), len(rows) // 3)
    rows = rows.assign(
        choice_id=rows["date"].astype(str), again=rows["alternative"] == rows["last"],
        chosen=rows["alternative"] == rows["supplier"],
    )  # fmt: skip
    naive = fit_choices(rows, ["again"]).weights().iloc[0]
    assert naive["low"] > 0.3


def test_order_of_rows_does_not_matter_and_the_seed_does_what_it_says():
    purchases = purchases_of(40, 8, 1, taste=1.0, memory=0.5)
    found = repeats_against_taste(purchases, seed=3)
    assert found == repeats_against_taste(purchases, seed=3)
    mixed = repeats_against_taste(purchases.sample(frac=1, random_state=1), seed=3)
    assert (mixed.observed, mixed.own_taste) == (found.observed, found.own_taste)
    other = repeats_against_taste(purchases, seed=4)
    assert (other.observed, other.own_taste) == (found.observed, found.own_taste)
    once = pd.DataFrame({"customer_id": ["z"], "date": [1], "supplier": ["R"]})
    assert repeats_against_taste(pd.concat([purchases, once]), seed=3).pairs == found.pairs


def test_in_last_years_orders_canteens_have_tastes_and_the_others_habits_too():
    orders, truth = datasets.load("packaging_orders"), datasets.load("packaging_factors_truth")
    memory = orders.merge(truth.drop_duplicates("customer_id")).groupby("segment")["state_dependence"].first()
    for name, part in orders.groupby("segment"):
        found = repeats_against_taste(part)
        assert (found.p_value <= 0.05) == (memory[name] > 0), name
        if name == "canteen":
            # as the card says
            assert found.observed == pytest.approx(0.53, abs=0.005)
            assert found.taste > 0.15

"""Weights from choices and rankings: closed forms, known truth, and customers who are no logit."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from choice_worlds import ATTRIBUTES, WEIGHTS, choices_of
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab.worth.factors import ChoiceModel, fit_choices, fit_rankings, weights_by, willingness_to_pay
from cvmlab.worth.factors.choice_sets import read_attributes, read_chosen, read_sets
from cvmlab.worth.factors.likelihood import differences, evaluate

MODEL = ChoiceModel(dict(zip(ATTRIBUTES, WEIGHTS, strict=True)))
CHOICES = choices_of(200, 6, seed=4)


def pairs(first: int, second: int) -> pd.DataFrame:
    """Choices between an alternative with a dummy and one without: so often the first, so often the second."""
    choice = np.repeat(np.arange(first + second), 2)
    has = np.tile([1, 0], first + second)
    chosen = np.where(choice < first, has, 1 - has)
    return pd.DataFrame(
        {"customer_id": "007", "choice_id": choice.astype(str), "alternative": np.where(has, "a", "b"), "has": has}
    ).assign(chosen=chosen)


# --- closed forms


@given(st.integers(1, 60), st.integers(1, 60))
@settings(max_examples=30)
def test_with_one_dummy_the_weight_is_the_log_of_the_odds(first, second):
    if first + second < 10:
        first += 10
    model = fit_choices(pairs(first, second), ["has"])
    assert model.weight["has"] == pytest.approx(math.log(first / second), abs=1e-6)
    # the inverse of the information n p (1 − p)
    assert model.standard_errors[0] == pytest.approx(math.sqrt(1 / first + 1 / second), rel=1e-5)
    p = first / (first + second)
    exact = (first * math.log(p) + second * math.log(1 - p)) if second else 0
    assert model.log_likelihood == pytest.approx(exact)
    assert model.null_log_likelihood == pytest.approx(-(first + second) * math.log(2))


def test_switching_cost_of_three_equal_brands_is_found_from_the_repeat_rate():
    # DESIGN, oracles: repeat e^s / (e^s + J − 1), J = 3 and s = 2: .78699
    again = np.zeros((100_000, 3))
    again[:, 0] = 1
    chosen = np.zeros_like(again)
    chosen[:78_699, 0] = 1
    chosen[78_699:, 1] = 1
    frame = pd.DataFrame({"customer_id": "1", "choice_id": np.repeat(np.arange(100_000), 3).astype(str)})
    frame = frame.assign(alternative=list("abc") * 100_000, again=again.ravel(), chosen=chosen.ravel())
    assert fit_choices(frame, ["again"]).weight["again"] == pytest.approx(2, abs=1e-4)


def test_ratios_do_not_depend_on_a_third_alternative():
    whole = MODEL.probabilities(CHOICES)
    without = CHOICES["alternative"].ne("c").to_numpy()
    alone = MODEL.probabilities(CHOICES[without])
    kept = whole[without].reshape(-1, 2)
    assert np.allclose(alone.reshape(-1, 2)[:, 0] / alone.reshape(-1, 2)[:, 1], kept[:, 0] / kept[:, 1])
    assert np.allclose(whole.reshape(-1, 3).sum(axis=1), 1)


def test_own_elasticity_is_the_change_of_the_chance():
    elasticity = MODEL.elasticities(CHOICES, "price")
    share = MODEL.probabilities(CHOICES)
    assert np.allclose(elasticity, -0.8 * CHOICES["price"] * (1 - share))
    first = CHOICES["alternative"].eq("a")
    dearer = CHOICES.assign(price=CHOICES["price"].where(~first, CHOICES["price"] * 1.000001))
    changed = (MODEL.probabilities(dearer) / share - 1)[first] / 1e-6
    assert np.allclose(changed, elasticity[first], atol=1e-3)


def test_gradient_and_hessian_are_those_of_the_log_likelihood():
    sets = read_sets(CHOICES)
    less = differences(read_attributes(CHOICES, ATTRIBUTES)[sets.order], sets, read_chosen(CHOICES, sets))
    here = evaluate(WEIGHTS, less, sets)
    share = MODEL.probabilities(CHOICES)
    assert here.log_likelihood == pytest.approx(np.log(share[CHOICES["chosen"]]).sum())
    for place, step in enumerate(1e-5 * np.eye(3)):
        above, below = (evaluate(WEIGHTS + sign * step, less, sets) for sign in (1, -1))
        slope = (above.log_likelihood - below.log_likelihood) / 2e-5
        bend = (above.scores.sum(axis=0) - below.scores.sum(axis=0)) / 2e-5
        assert here.scores.sum(axis=0)[place] == pytest.approx(slope, rel=1e-5, abs=1e-4)
        assert np.allclose(-bend, here.information[place], rtol=1e-4, atol=1e-3)


def test_a_ranking_is_the_product_of_its_choices():
    model = fit_rankings(CHOICES, ATTRIBUTES)
    utility = (CHOICES[list(ATTRIBUTES)] @ np.array(list(model.weight.values()))).to_numpy().reshape(-1, 3)
    ranked = np.take_along_axis(np.exp(utility), CHOICES["rank"].to_numpy().reshape(-1, 3).argsort(axis=1), axis=1)
    chance = ranked[:, 0] / ranked.sum(axis=1) * ranked[:, 1] / ranked[:, 1:].sum(axis=1)
    assert model.log_likelihood == pytest.approx(np.log(chance).sum())
    assert model.choices == 2 * 200 * 6
    assert model.null_log_likelihood == pytest.approx(-200 * 6 * math.log(6))


def test_ranks_that_end_after_the_first_are_choices():
    first = CHOICES.assign(rank=CHOICES["rank"].where(CHOICES["rank"] == 1))
    ranked, chosen = fit_rankings(first, ATTRIBUTES), fit_choices(CHOICES, ATTRIBUTES)
    pd.testing.assert_frame_equal(ranked.weights(), chosen.weights())


# --- invariants


def test_rows_units_and_origins_change_nothing():
    model = fit_choices(CHOICES, ATTRIBUTES)
    mixed = fit_choices(CHOICES.sample(frac=1, random_state=1), ATTRIBUTES)
    assert np.allclose(list(mixed.weight.values()), list(model.weight.values()), rtol=1e-6)
    other = fit_choices(CHOICES.assign(price=1_000 * CHOICES["price"] + 7), ATTRIBUTES)
    assert other.weight["price"] == pytest.approx(model.weight["price"] / 1_000, rel=1e-6)
    assert np.allclose(other.weights()["importance"], model.weights()["importance"])
    assert model.weights()["importance"].sum() == pytest.approx(1)
    assert other.log_likelihood == pytest.approx(model.log_likelihood)


def test_more_ranks_say_more():
    ranked, chosen = fit_rankings(CHOICES, ATTRIBUTES), fit_choices(CHOICES, ATTRIBUTES)
    assert (ranked.standard_errors < chosen.standard_errors).all()


def test_choices_may_differ_in_the_number_of_alternatives():
    some = CHOICES[~((CHOICES["alternative"] == "c") & ~CHOICES["chosen"])]
    sizes = some.groupby(["customer_id", "choice_id"]).size()
    assert set(sizes) == {2, 3}
    assert fit_choices(some, ATTRIBUTES).choices == 1_200


# --- known truth


def test_intervals_hold_the_true_weights_of_customers_of_its_own_kind():
    inside, ranked = [], []
    for seed in range(60):
        known = choices_of(100, 5, seed)
        for fit, found in ((fit_choices, inside), (fit_rankings, ranked)):
            table = fit(known, ATTRIBUTES).weights()
            found.append((table["low"] <= WEIGHTS) & (table["high"] >= WEIGHTS))
    # 180 intervals of 95% each
    assert 0.90 <= np.mean(inside) <= 0.99
    assert 0.90 <= np.mean(ranked) <= 0.99


def test_normal_errors_change_the_scale_and_no_ratio():
    model = fit_choices(choices_of(3_000, 6, seed=1, errors="normal"), ATTRIBUTES)
    scale = np.array(list(model.weight.values())) / WEIGHTS
    # near π / √6 = 1.28, the standard deviation of the logit's errors
    assert np.allclose(scale, 1.31, atol=0.1)
    paid = willingness_to_pay(model).set_index("attribute")["willingness_to_pay"]
    assert paid["trust"] == pytest.approx(0.625, abs=0.015)
    assert paid["innovation"] == pytest.approx(0.375, abs=0.015)


def test_uneven_tastes_pull_the_strongest_weight_most_and_errors_by_customer_are_honest():
    uneven = {"spread": 0.5, "errors": "gumbel"}
    limit = np.array(list(fit_choices(choices_of(12_000, 8, seed=99, **uneven), ATTRIBUTES).weight.values()))
    pulled = limit / WEIGHTS
    assert (pulled < 0.9).all()
    assert pulled[0] < pulled[1] < pulled[2]
    # what is biased: willingness to pay comes out some 8 to 11% too high
    assert 1.04 < (limit[1] / -limit[0]) / 0.625 < 1.13
    by_customer, as_if_independent = [], []
    for seed in range(60):
        known = choices_of(100, 8, seed, **uneven)
        model = fit_choices(known, ATTRIBUTES)
        # the same choices, each by a customer of its own
        alone = fit_choices(known.assign(customer_id=known["customer_id"] + "/" + known["choice_id"]), ATTRIBUTES)
        for fitted, found in ((model, by_customer), (alone, as_if_independent)):
            table = fitted.weights()
            found.append(((table["low"] <= limit) & (limit <= table["high"])).tolist()[0])
    assert model.clustered
    assert np.mean(by_customer) >= 0.85
    assert np.mean(as_if_independent) < np.mean(by_customer)


def test_groups_have_their_own_weights_and_the_first_factor_differs():
    price, trust = choices_of(300, 6, 1, weights=np.array([-1.5, 0.1, 0.1])), choices_of(300, 6, 2)
    trust["customer_id"] = "t" + trust["customer_id"]
    both = pd.concat([price.assign(segment="p"), trust.assign(segment="t")])
    table = weights_by(both, ATTRIBUTES, "segment").set_index(["segment", "attribute"])
    assert table["place"]["p", "price"] == 1
    assert table["importance"]["p", "price"] > table["importance"]["t", "price"] + 0.2
    alone = fit_choices(price, ATTRIBUTES).weights()
    assert np.allclose(table.loc["p"]["weight"], alone["weight"])
    assert weights_by(both, ATTRIBUTES, "segment", ranked=True)["choices"].tolist() == [3_600] * 6


def test_willingness_to_pay_has_two_intervals_that_agree_where_the_price_is_well_known():
    model = fit_choices(choices_of(400, 6, seed=8), ATTRIBUTES)
    delta, drawn = (willingness_to_pay(model, method=method) for method in ("delta", "krinsky_robb"))
    assert np.allclose(delta[["low", "high"]], drawn[["low", "high"]], atol=0.01)
    pd.testing.assert_frame_equal(drawn, willingness_to_pay(model, method="krinsky_robb", seed=0))
    inside = []
    for seed in range(60):
        paid = willingness_to_pay(fit_choices(choices_of(100, 5, seed), ATTRIBUTES))
        inside.append((paid["low"] <= [0.625, 0.375]) & (paid["high"] >= [0.625, 0.375]))
    assert 0.88 <= np.mean(inside) <= 0.99

"""Appendices A3 and A4: what their prose says is what their data say; likely mistakes are what one would compute."""

from __future__ import annotations

from math import exp

import numpy as np
import pandas as pd
import pytest
from stated import ANSWERS, LIKELY

from cvmlab import aggregate, datasets, factors
from cvmlab.case import backtest
from cvmlab.worth import buying

ATTRIBUTES = ["price", "trust", "innovation"]


def near(question: str, value: float, mistake: str = "") -> None:
    stated = LIKELY[question, mistake] if mistake else ANSWERS[question]
    assert stated == pytest.approx(value, abs=0.06)


@pytest.fixture(scope="module")
def shops():
    summary = aggregate.summarise_customers(datasets.load("packaging_film"), as_of="2025-12-31")
    return summary.merge(datasets.load("packaging_film_truth"), on="customer_id")


@pytest.fixture(scope="module")
def grocery():
    return datasets.load("grocery")


@pytest.fixture(scope="module")
def choices():
    return datasets.load("packaging_choices")


def test_the_chances_of_the_model_are_right_and_come_close_to_those_of_the_true_gap(shops) -> None:
    user = (shops["state"] == "user").to_numpy()
    alive = buying.fit_mbg_nbd(shops).p_alive(shops)
    bands = backtest.calibration(alive, user)
    assert bands.eval("low <= predicted <= high").all()
    going_on = 0.94 * (1 - 1 / shops["gap"]) ** (shops["age"] - shops["recency"])
    known = (going_on / (going_on + 0.06)).to_numpy()
    by_rule = (buying.fit_gap_rule(shops).p_alive(shops) > 0.5).astype(float)
    same = np.full(len(user), user.mean())
    scores = [buying.brier(chance, user) for chance in (known, alive, by_rule, same)]
    assert scores == sorted(scores)
    assert scores[1] - scores[0] < 0.01 < 0.03 < scores[2] - scores[1]
    # a yes or no is wrong hardly more often
    assert ((alive > 0.5) == user).mean() - (by_rule == user).mean() < 0.02


def test_how_stop_chances_differ_is_hardly_known_and_the_mean_is(shops) -> None:
    model = buying.fit_mbg_nbd(shops)
    assert model.problem == "buying.unsure_dropout"
    table = model.parameters().set_index("parameter")
    assert (table.loc[["a", "b"], "standard_error"] > table.loc[["a", "b"], "estimate"]).all()
    assert model.a / (model.a + model.b) == pytest.approx(0.06, abs=0.002)
    # film orders are all drawn from one distribution, and the model of spend says so
    assert buying.fit_gamma_gamma(shops).problem == "buying.equal_spends"


def test_after_few_purchases_the_model_is_nearer_than_either_mean(grocery) -> None:
    first, later = grocery.query("date < '2017-07-01'"), grocery.query("date >= '2017-07-01'")
    known = aggregate.summarise_customers(first, as_of="2017-06-30").query("frequency > 0")
    model = buying.fit_gamma_gamma(known)
    assert (round(model.p, 3), round(model.q, 3), round(model.mean_spend, 2)) == (0.675, 3.669, 37.75)
    came = aggregate.summarise_customers(later, as_of="2017-12-31").eval("came = revenue / (frequency + 1)")
    both = known.assign(model=model.expected_spend(known)).merge(came[["customer_id", "came"]], on="customer_id")

    def off(of: pd.DataFrame) -> list[float]:
        return [float((guess - of["came"]).abs().mean()) for guess in (of["model"], of["monetary_value"])]

    few, many = both[both["frequency"] <= 2], both[both["frequency"] >= 10]
    assert off(few)[1] - off(few)[0] == pytest.approx(3, abs=0.5)
    assert off(few)[0] < (model.mean_spend - few["came"]).abs().mean()
    assert abs(off(many)[1] - off(many)[0]) < 0.5


def test_the_spend_to_expect_and_what_is_computed_instead() -> None:
    def expected(x: int, swapped: bool = False) -> float:
        weight = 0.675 * x / (0.675 * x + 3.669 - 1)
        own = 1 - weight if swapped else weight
        return own * 80 + (1 - own) * 37.75

    near("contractual.spend", expected(20))
    near("contractual.spend", expected(2), "two")
    near("contractual.spend", expected(20, swapped=True), "swapped")
    near("contractual.spend", (80 + 37.75) / 2, "half")
    near("contractual.spend", 80 * 13.5 / (13.5 + 2.669), "part")
    assert [LIKELY["contractual.spend", name] for name in ("own", "all")] == [80, 37.75]
    near("contractual.spend", 13.5 / (13.5 + 2.669), "weight")


def test_the_chance_at_80_yuan_and_what_is_computed_instead(choices) -> None:
    first = choices.query("customer_id == '0001' and choice_id == '01'").set_index("alternative")
    weight = {"price": -0.090, "trust": 0.502, "innovation": 0.145}
    utility = sum(weight[name] * first[name] for name in ATTRIBUTES)
    before, dear, cheap = (exp(utility[name] - utility["rival_a"]) for name in ("linhe", "rival_b", "rival_a"))
    now = before * exp(0.090 * 18)
    near("factors.chance", 100 * now / (now + cheap + dear))
    near("factors.chance", 100 * before / (before + cheap + dear), "before")
    near("factors.chance", 100 * now / (now + cheap), "two")
    near("factors.chance", 100 * now, "odds")
    near("factors.chance", 100 * now / (before + cheap + dear), "old_sum")
    near("factors.chance", 100 * before / (before + cheap + dear) + 18, "points")
    # the weights by hand are those that are fitted
    fitted = factors.fit_choices(choices[choices["segment"] == "food_shop"], ATTRIBUTES).weight
    assert {name: round(figure, 3) for name, figure in fitted.items()} == weight


def test_only_bakery_chains_fall_outside_their_intervals(choices) -> None:
    truth = datasets.load("packaging_factors_truth")
    truth["segment"] = truth["customer_id"].map(choices.groupby("customer_id")["segment"].first())
    true = truth.groupby("segment")[[f"weight_{name}" for name in ATTRIBUTES]].mean()
    for segment, group in choices.groupby("segment"):
        model = factors.fit_choices(group, ATTRIBUTES)
        table = factors.willingness_to_pay(model).set_index("attribute")
        chain = segment == "bakery_chain"
        assert bool(model.warning) == chain
        for name in ("trust", "innovation"):
            ratio = -true.loc[segment, f"weight_{name}"] / true.loc[segment, "weight_price"]
            assert (table.loc[name, "low"] <= ratio <= table.loc[name, "high"]) != chain


def test_what_buyers_say_is_close_behind_weights_by_segment_and_the_cheapest_is_far_behind(choices) -> None:
    options = {"lower_is_better": ["price"], "first_factor": "first_factor", "by": "segment"}
    rules = factors.compare_rules(choices, ATTRIBUTES, **options).set_index("method")["hit_rate"]
    assert list(rules.index[:3]) == ["weights_by_group", "stated_factor", "weights"]
    assert rules["weights_by_group"] - rules["stated_factor"] < 0.05
    assert rules["weights"] - rules["price"] > 0.08

"""Share of spend by first factor, price cuts, and how well rules predict: closed forms, known truth, rivals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from choice_worlds import ATTRIBUTES, choices_of
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import datasets
from cvmlab.worth.factors import compare_rules, fit_choices, price_cut, spend_by_first_factor, weights_by

# --- spend


def test_shares_are_of_spend_and_those_of_ibm_are_reproduced():
    # CVM-3M: 46% trusted supplier, 36% price, 18% innovative partner, of the market value; heads say something else
    answers = pd.DataFrame({
        "customer_id": [f"{number}" for number in range(100)],
        "first_factor": ["trust"] * 20 + ["price"] * 60 + ["innovation"] * 20,
        "spend": [2.3] * 20 + [0.6] * 60 + [0.9] * 20,
    })  # fmt: skip
    table = spend_by_first_factor(answers).set_index("first_factor")
    assert table["share_of_spend"].round(9).to_dict() == {"trust": 0.46, "price": 0.36, "innovation": 0.18}
    assert table["share_of_answers"].to_dict() == {"trust": 0.2, "price": 0.6, "innovation": 0.2}
    assert table["customers"].to_dict() == {"trust": 20, "price": 60, "innovation": 20}


def test_equal_spends_have_wilsons_interval():
    ids = [f"{number}" for number in range(100)]
    answers = pd.DataFrame({"customer_id": ids, "first_factor": ["trust"] * 50 + ["price"] * 50, "spend": 7.0})
    table = spend_by_first_factor(answers)
    # 50 of 100 by Wilson (1927): 40.4% to 59.6%; the variance of a sample of 100 has 99 degrees of freedom
    assert np.allclose(table["low"], 0.404, atol=0.001)
    assert np.allclose(table["high"], 0.596, atol=0.001)


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("tpi"), st.floats(0.01, 1e9)), min_size=1, max_size=30))
@settings(max_examples=60)
def test_shares_add_up_and_lie_in_their_intervals(rows):
    answers = pd.DataFrame(rows, columns=["customer_id", "first_factor", "spend"]).astype({"customer_id": str})
    answers["occasion"] = ["now", *["later"] * (len(rows) - 1)]
    for by in ("", "occasion"):
        table = spend_by_first_factor(answers, by=by)
        assert table["spend"].sum() == pytest.approx(answers["spend"].sum())
        sums = table.groupby(by)["share_of_spend"].sum() if by else table["share_of_spend"].sum()
        assert np.allclose(sums, 1)
        assert (table["low"] <= table["share_of_spend"] + 1e-12).all()
        assert (table["share_of_spend"] <= table["high"] + 1e-12).all()
        assert ((table["low"] >= 0) & (table["high"] <= 1)).all()


def answers_of(customers: int, seed: int) -> pd.DataFrame:
    """Draw answers on three occasions: uneven spends, and large spenders who go more by trust."""
    draw = np.random.default_rng(seed)
    customer = np.repeat(np.arange(customers), 3)
    spend = np.repeat(draw.lognormal(9, 1, customers), 3) * draw.lognormal(0, 0.3, 3 * customers)
    trusting = 0.6 / (1 + np.exp(-0.8 * (np.log(spend) - 9)))
    luck = np.where(draw.random(len(customer)) < 0.6, np.repeat(draw.random(customers), 3), draw.random(len(customer)))
    factor = np.select([luck < trusting, luck < trusting + 0.3], ["trust", "price"], "innovation")
    return pd.DataFrame({"customer_id": customer.astype(str), "first_factor": factor, "spend": spend})


def test_intervals_hold_the_share_of_the_market_and_heads_do_not():
    market = spend_by_first_factor(answers_of(100_000, seed=1)).set_index("first_factor")["share_of_spend"]
    inside, heads = [], []
    for seed in range(100):
        table = spend_by_first_factor(answers_of(150, seed)).set_index("first_factor").loc[market.index]
        inside.append((table["low"] <= market) & (market <= table["high"]))
        heads.append(table["share_of_answers"]["trust"] - market["trust"])
    assert 0.90 <= np.mean(inside) <= 0.99
    # the rival that counts heads misses what large customers want
    assert np.mean(heads) < -0.05


# --- price


def test_a_small_cut_moves_sales_by_the_elasticity():
    choices = choices_of(300, 4, seed=1)
    row = price_cut(choices, ATTRIBUTES, alternative="a", cut=0.0001, assumed_margin=0.4).iloc[0]
    model = fit_choices(choices, ATTRIBUTES)
    ours = choices["alternative"].eq("a").to_numpy()
    share, elasticity = model.probabilities(choices)[ours], model.elasticities(choices)[ours]
    assert row["share"] == pytest.approx(share.mean())
    assert row["elasticity"] == pytest.approx((share * elasticity).sum() / share.sum())
    # revenue: −cut (1 + e); profit: −cut (1 + margin · e)
    assert row["revenue_change_share"] == pytest.approx(-0.0001 * (1 + row["elasticity"]), rel=2e-3)
    assert row["profit_change"] == pytest.approx(-0.0001 * (1 + 0.4 * row["elasticity"]), rel=2e-2)
    assert row["revenue_change_share"] == pytest.approx(row["won_revenue"] - row["given_away"])


def test_spend_weighs_the_choices():
    choices = choices_of(200, 4, seed=1)
    same = price_cut(choices.assign(spend=5.0), ATTRIBUTES, alternative="a", spend="spend")
    pd.testing.assert_frame_equal(same, price_cut(choices, ATTRIBUTES, alternative="a"))
    dear = choices["price"].where(choices["alternative"] == "a").groupby(choices["customer_id"]).transform("max")
    assert (price_cut(choices.assign(spend=dear**6), ATTRIBUTES, alternative="a", spend="spend")["share"]
            < same["share"]).all()  # fmt: skip


def test_a_cut_is_wasted_where_price_does_not_decide_and_the_truth_says_so():
    price = choices_of(400, 6, 1, weights=np.array([-2.0, 0.1, 0.1])).assign(segment="price")
    trust = choices_of(400, 6, 2, weights=np.array([-0.1, 0.8, 0.1]), errors="normal").assign(segment="trust")
    trust["customer_id"] = "t" + trust["customer_id"]
    both = pd.concat([price, trust])
    table = price_cut(both, ATTRIBUTES, alternative="a", by="segment", cut=0.1, assumed_margin=0.6).set_index("segment")
    assert table["advice"].to_dict() == {"price": "cut", "trust": "differentiate"}
    assert (table["profit_low"] < table["profit_change"]).all()
    # what buyers do when supplier a really is 10% cheaper, with the same tastes and errors
    cheaper = pd.concat([
        _drawn_again(1, np.array([-2.0, 0.1, 0.1]), "gumbel"), _drawn_again(2, np.array([-0.1, 0.8, 0.1]), "normal"),
    ])  # fmt: skip
    for name, after in cheaper.groupby("segment"):
        sold = both[(both["segment"] == name) & both["chosen"] & both["alternative"].eq("a")]
        kept = after[after["chosen"] & after["alternative"].eq("a")]
        change = (len(kept) * 0.5 - len(sold) * 0.6) / len(sold)
        assert np.sign(change) == np.sign(table["profit_change"][name])
        assert change == pytest.approx(table["profit_change"][name], abs=0.08)


def _drawn_again(seed: int, weights: np.ndarray, errors: str) -> pd.DataFrame:
    """Draw the same customers again with supplier a 10% cheaper."""
    before = choices_of(400, 6, seed, weights=weights, errors=errors)
    draw = np.random.default_rng(seed)
    shape = (400, 6, 3)
    draw.uniform(6, 14, shape), draw.integers(1, 8, shape), draw.integers(0, 5, shape), draw.standard_normal((400, 3))
    noise = draw.gumbel(size=shape) if errors == "gumbel" else draw.standard_normal(shape)
    x = before[list(ATTRIBUTES)].to_numpy().reshape(*shape, 3)
    assert (
        (x @ weights + noise).argmax(axis=2).ravel() == before["chosen"].to_numpy().reshape(-1, 3).argmax(axis=1)
    ).all()
    x[:, :, 0, 0] *= 0.9
    chosen = (x @ weights + noise).argmax(axis=2)[..., None] == np.arange(3)
    return before.assign(chosen=chosen.ravel(), segment="price" if seed == 1 else "trust")


# --- rivals


def test_weights_beat_the_cheapest_rule_where_several_factors_count_and_tie_where_one_does():
    several = compare_rules(choices_of(300, 5, seed=1), ATTRIBUTES).set_index("method")
    assert several["hit_rate"].idxmax() == "weights"
    assert several["low"]["weights"] > several["high"]["price"]
    assert several["log_likelihood"].idxmax() == "weights"
    assert several["hit_rate"]["chance"] == pytest.approx(1 / 3)
    alone = choices_of(300, 5, seed=1, weights=np.array([-0.8, 0.0, 0.0]))
    one = compare_rules(alone, ATTRIBUTES).set_index("method")["hit_rate"]
    assert one["weights"] == pytest.approx(one["price"], abs=0.02)


def test_a_rule_that_never_fails_outside_the_holdout_is_not_taken_for_sure():
    known = choices_of(60, 5, seed=1)
    cheapest = known["price"] == known.groupby(["customer_id", "choice_id"])["price"].transform("min")
    noisy = known.assign(chosen=known["chosen"].where(known["customer_id"].isin(["c1", "c2", "c3"]), cheapest))
    table = compare_rules(noisy, ATTRIBUTES).set_index("method")
    assert table["hit_rate"]["price"] > 0.9
    assert np.isfinite(table["log_likelihood"]).all()


def test_in_the_survey_each_way_wins_where_it_should():
    choices = datasets.load("packaging_choices")
    both = choices.assign(cell=choices["segment"] + "/" + choices["occasion"])
    hits = []
    for seed in range(5):
        table = compare_rules(both, ["price", "trust", "innovation"], by="cell", first_factor="first_factor", seed=seed)
        hits.append(table.set_index("method")["hit_rate"])
    mean = pd.concat(hits, axis=1).mean(axis=1)
    # asking buyers beats one set of weights for all, and weights by segment and occasion beat asking
    assert mean["weights_by_group"] > mean["stated_factor"] > mean["weights"] > mean["trust"] > mean["chance"]


# --- the survey and its truth


def test_the_first_factor_of_each_cell_is_the_true_one_though_the_model_is_not():
    choices = datasets.load("packaging_choices")
    truth = datasets.load("packaging_factors_truth").merge(
        datasets.load("packaging_factors")[["customer_id", "occasion", "segment"]]
    )
    for by in ("segment", "occasion"):
        table = weights_by(choices, ["price", "trust", "innovation"], by)
        found = table.pivot_table("weight", by, "attribute")
        true = truth.groupby(by)[["weight_price", "weight_trust", "weight_innovation"]].mean()
        ratio = found[["price", "trust", "innovation"]].to_numpy() / true.to_numpy()
        # a scale of its own, near 1.28, lower where tastes are mixed
        assert ((ratio > 0.6) & (ratio < 1.6)).all(), by


def test_said_and_true_shares_of_spend_differ_as_the_card_says():
    answers = datasets.load("packaging_factors")
    said = spend_by_first_factor(answers).set_index("first_factor")
    assert said["share_of_spend"].round(2).to_dict() == {"trust": 0.46, "price": 0.41, "innovation": 0.13}
    assert said["share_of_answers"].round(2).to_dict() == {"trust": 0.40, "price": 0.49, "innovation": 0.11}
    truth = answers.drop(columns="first_factor").merge(datasets.load("packaging_factors_truth"))
    assert (truth["first_factor"] == answers["first_factor"]).mean() == pytest.approx(0.84, abs=0.005)
    true = spend_by_first_factor(truth).set_index("first_factor")["share_of_spend"]
    # buyers overstate price
    assert true["price"] < said["low"]["price"] < said["share_of_spend"]["price"]
    by_occasion = spend_by_first_factor(truth, by="occasion").set_index(["occasion", "first_factor"])["share_of_spend"]
    assert by_occasion["rush", "trust"] > 0.7 > by_occasion["new_product", "innovation"] > 0.4

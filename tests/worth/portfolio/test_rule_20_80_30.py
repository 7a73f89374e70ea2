"""The 20/80/30 rule tested: what is compared, how often the interval covers the truth, and bad input."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from cvmlab import portfolio
from cvmlab.core.words import CvmError, term


def customers_with(amounts, column="profit"):
    amounts = np.asarray(amounts, dtype=float)
    return pd.DataFrame({"customer_id": [f"{row:06}" for row in range(len(amounts))], column: amounts})


def judged(amounts, **options):
    return portfolio.rule_20_80_30(customers_with(amounts), seed=1, **options).set_index("claim")


# the best 20% bring 80% of the potential profit of 200, the worst 30% halve it
RULE = [160 / 20] * 20 + [40 / 50] * 50 + [-100 / 30] * 30


def test_what_is_compared_is_what_is_said():
    found = judged(RULE)
    assert found["estimate"].to_dict() == pytest.approx(
        {"best_of_net": 1.6, "best_of_potential": 0.8, "worst_takes": 0.5}
    )
    curve = portfolio.whale_curve(customers_with(RULE))
    assert found["estimate"]["best_of_net"] == pytest.approx(portfolio.top_share(curve, 0.2))
    assert found["customer_share"].tolist() == [0.2, 0.2, 0.3] and found["claimed"].tolist() == [0.8, 0.8, 0.5]


def test_the_verdict_says_on_which_side_all_of_the_interval_lies():
    random = np.random.default_rng(2)
    sure = judged(np.repeat(RULE, 300) + random.normal(0, 0.1, 30_000), brings=0.7, takes=0.6)
    assert sure["verdict"].to_dict() == {"best_of_net": "yes", "best_of_potential": "yes", "worst_takes": "no"}
    for _, row in sure.iterrows():
        assert row["low"] <= row["estimate"] <= row["high"]
    assert judged(RULE)["verdict"]["worst_takes"] == "cannot_be_said"


def test_from_revenue_alone_only_concentration_is_tested_and_named_so():
    revenue = [80.0] * 20 + [5.0] * 79 + [-30.0]
    found = portfolio.rule_20_80_30(customers_with(revenue, "revenue"), seed=1, profit=None)
    assert found["claim"].tolist() == ["best_of_revenue"]
    curve = portfolio.concentration_curve(customers_with(revenue, "revenue"))
    assert found["estimate"][0] == pytest.approx(portfolio.top_share(curve, 0.2))
    assert "says nothing about profit" in term("portfolio.claim_best_of_revenue")


def test_a_seed_fixes_the_interval_and_the_order_of_rows_does_not_matter():
    customers = customers_with(np.random.default_rng(4).lognormal(0, 1, 80))
    first = portfolio.rule_20_80_30(customers, seed=5)
    pd.testing.assert_frame_equal(first, portfolio.rule_20_80_30(customers[::-1], seed=5))
    assert not first.equals(portfolio.rule_20_80_30(customers, seed=6))


def pareto(shape):
    return lambda random, size: (1 - random.random(size)) ** (-1 / shape), 0.2 ** (1 - 1 / shape)


def lognormal(spread):
    return lambda random, size: random.lognormal(0, spread, size), float(norm.cdf(spread + norm.ppf(0.2)))


def percentiles(amounts, random):
    """The simplest rival: percentiles of the share in samples drawn again."""
    drawn = np.sort(random.choice(amounts, (400, len(amounts))), axis=1)[:, ::-1]
    best = drawn[:, : len(amounts) // 5].sum(axis=1) / drawn.sum(axis=1)
    return np.quantile(best, [0.025, 0.975])


@pytest.mark.parametrize(
    ("population", "least", "better_by"),
    [(lognormal(1.0), 0.88, 0.0), (lognormal(2.0), 0.78, 0.05), (pareto(1.5), 0.7, 0.05)],
)
def test_the_interval_covers_the_true_share_more_often_than_percentiles(population, least, better_by):
    draw, truth = population
    random = np.random.default_rng(7)
    ours, theirs = [], []
    for repeat in range(100):
        amounts = draw(random, 150)
        row = portfolio.rule_20_80_30(customers_with(amounts), seed=repeat).iloc[0]
        ours.append(row["low"] <= truth <= row["high"])
        low, high = percentiles(amounts, random)
        theirs.append(low <= truth <= high)
    assert np.mean(ours) >= least
    assert np.mean(ours) >= np.mean(theirs) + better_by


def test_the_interval_covers_what_the_worst_take_from_whales():
    def draw(random, size):
        return 0.4 * random.lognormal(0, 1.5, size) - 0.4 * random.lognormal(0, 0.7, size)

    random = np.random.default_rng(8)
    many = np.sort(draw(random, 1_000_000))
    truth = -many[:300_000].sum() / many[300_000:].sum()
    held = []
    for _ in range(100):
        row = judged(draw(random, 200)).loc["worst_takes"]
        held.append(row["low"] <= truth <= row["high"])
    assert np.mean(held) >= 0.85


def test_without_profit_there_is_no_share_and_near_zero_no_upper_end():
    losses = judged(np.linspace(-10, 0, 60))
    assert (losses["verdict"] == "no_profit").all() and losses["estimate"].isna().all()
    some_loss = judged(np.concatenate([np.full(70, 1.0), np.full(30, -3.0)]))
    assert some_loss["verdict"].tolist() == ["no_profit", "no", "yes"]
    assert some_loss["estimate"]["worst_takes"] == pytest.approx(90 / 70)
    near = judged(np.concatenate([np.linspace(0, 2, 70), np.full(30, -2.2)]))
    assert np.isnan(near["high"]["best_of_net"]) and near["verdict"]["best_of_net"] == "yes"
    cancelled = judged([0.1, 0.2, -0.3] * 40)
    assert cancelled["verdict"]["best_of_net"] == "no_profit"


def test_thousands_of_equal_profits_have_no_best():
    found = judged(np.full(5_000, 7.0))
    assert found["estimate"]["best_of_net"] == pytest.approx(0.2)
    assert found["low"].tolist() == pytest.approx(found["high"].tolist()) and (found["verdict"] == "no").all()
    assert found["estimate"]["worst_takes"] == pytest.approx(-3 / 7)


@pytest.mark.parametrize(
    ("amounts", "options", "key"),
    [
        ([5.0], {}, "portfolio.too_few"),
        (RULE, {"best_share": 0.8}, "checking.out_of_range"),
        (RULE, {"worst_share": 0}, "checking.not_above"),
        (RULE, {"brings": 80}, "checking.out_of_range"),
        (RULE, {"profit": "margin"}, "tables.missing_column"),
        ([*RULE, np.nan], {}, "tables.missing_values"),
    ],
)
def test_bad_input(amounts, options, key):
    with pytest.raises(CvmError) as caught:
        judged(amounts, **options)
    assert caught.value.key == key and str(caught.value)


def test_each_claim_and_verdict_has_a_wording_in_both_languages():
    for language in ("en", "zh"):
        for claim in ("best_of_net", "best_of_potential", "best_of_revenue", "worst_takes"):
            assert term(f"portfolio.claim_{claim}", language)
        for verdict in ("yes", "no", "cannot_be_said", "no_profit"):
            assert term(f"portfolio.verdict_{verdict}", language)

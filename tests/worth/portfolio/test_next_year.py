"""This year's groups in the next year: the split into lasting and chance, against simulated customers."""

import numpy as np
import pandas as pd
import pytest

from cvmlab.core.words import CvmError, term
from cvmlab.worth.portfolio import next_year


def year_of(profits):
    return pd.DataFrame({"customer_id": [f"{row:06}" for row in range(len(profits))], "profit": profits})


def even(random, size):
    """Large and small customers vary alike."""
    lasting = random.normal(100, 30, size)
    return lasting, [lasting + random.normal(0, 40, size) for _ in range(2)]


def uneven(random, size):
    """Large customers vary more, as sales do; costs vary alike."""
    sales = random.lognormal(4, 1.2, size)
    lasting = 0.3 * sales - 25
    return lasting, [
        0.3 * sales * random.lognormal(-0.18, 0.6, size) - 25 * random.lognormal(-0.08, 0.4, size) for _ in range(2)
    ]


def true_split(lasting, this_year, share=0.3):
    worst = this_year <= np.quantile(this_year, share)
    distance = this_year[worst].mean() - this_year.mean()
    lasts = lasting[worst].mean() - lasting.mean()
    return lasts, distance - lasts


@pytest.mark.parametrize("world", [even, uneven])
def test_the_split_of_the_worst_is_the_true_one(world):
    lasting, (this_year, following) = world(np.random.default_rng(3), 20_000)
    found = next_year(year_of(this_year), year_of(following), seed=1).set_index("group").loc["worst"]
    lasts, chance = true_split(lasting, this_year)
    assert found["lasting"] == pytest.approx(lasts, rel=0.06)
    assert found["chance"] == pytest.approx(chance, rel=0.08)
    assert found["lasting_share"] == pytest.approx(lasts / (lasts + chance), abs=0.03)


def test_one_persistence_misleads_where_large_customers_vary_more():
    lasting, (this_year, following) = uneven(np.random.default_rng(5), 20_000)
    found = next_year(year_of(this_year), year_of(following), seed=1).set_index("group").loc["worst"]
    truth = lasting[this_year <= np.quantile(this_year, 0.3)].mean()
    assert abs(found["profit_after"] - truth) < 0.3 * abs(found["expected_after"] - truth)
    lasting, (this_year, following) = even(np.random.default_rng(5), 20_000)
    alike = next_year(year_of(this_year), year_of(following), seed=1).set_index("group").loc["worst"]
    assert alike["expected_after"] == pytest.approx(alike["profit_after"], abs=1)


@pytest.mark.parametrize(("world", "least"), [(even, 0.88), (uneven, 0.8)])
def test_the_interval_holds_the_true_lasting_share(world, least):
    random = np.random.default_rng(11)
    lasting, (this_year, _) = world(random, 400_000)
    lasts, chance = true_split(lasting, this_year)
    truth, held = lasts / (lasts + chance), []
    for repeat in range(80):
        _, (one, other) = world(random, 300)
        row = next_year(year_of(one), year_of(other), seed=repeat).iloc[2]
        held.append(row["low"] <= truth <= row["high"])
    assert np.mean(held) >= least


def test_nothing_lasts_of_pure_chance_and_all_of_what_stays():
    random = np.random.default_rng(1)
    first, second = (random.normal(10, 5, 10_000) for _ in range(2))
    chance = next_year(year_of(first), year_of(second), seed=1)
    assert chance["lasting_share"].to_numpy()[[0, 2]] == pytest.approx([0, 0], abs=0.06)
    same = next_year(year_of(first), year_of(first), seed=1)
    assert same["lasting_share"].tolist() == pytest.approx([1, 1, 1])
    assert same["chance"].tolist() == pytest.approx([0, 0, 0], abs=1e-9)


def test_distances_are_split_without_remainder_and_persistence_may_be_assumed():
    random = np.random.default_rng(2)
    first, second = year_of(random.normal(10, 5, 100)), year_of(random.normal(20, 5, 100))
    found = next_year(first, second, seed=1, persistence=0.5)
    distance = found["profit_before"] - first["profit"].mean()
    assert (found["lasting"] + found["chance"]).tolist() == pytest.approx(distance.tolist())
    assert found["expected_after"].tolist() == pytest.approx((second["profit"].mean() + 0.5 * distance).tolist())


def test_those_who_left_are_counted_and_count_in_nothing_else():
    random = np.random.default_rng(2)
    first, second = year_of(random.normal(10, 5, 100)), year_of(random.normal(20, 5, 100))
    left = first.sort_values("profit").index[:10]
    found = next_year(first, second.drop(index=left), seed=1)
    assert found["gone"].tolist() == pytest.approx([0, 0, 10]) and found["customers"].sum() == pytest.approx(90)
    worst = first.sort_values("profit").iloc[10:30]
    assert found["profit_before"][2] == pytest.approx(worst["profit"].mean())
    all_gone = next_year(first, second.drop(index=first.sort_values("profit").index[:30]), seed=1)
    assert all_gone.set_index("group")["customers"]["worst"] == pytest.approx(0)


def test_equal_profits_have_no_distance():
    found = next_year(year_of(np.full(5_000, 7.0)), year_of(np.full(5_000, 9.0)), seed=1)
    assert [*found["lasting"], *found["chance"]] == pytest.approx([0] * 6, abs=1e-9)
    assert found["expected_after"].tolist() == pytest.approx([9, 9, 9])


@pytest.mark.parametrize(
    ("after", "options", "key"),
    [
        (year_of(np.ones(60)).assign(customer_id=lambda f: "x" + f["customer_id"]), {}, "portfolio.too_few"),
        (year_of(np.ones(60)).assign(customer_id=range(60)), {}, "matrix.ids_differ"),
        (year_of(np.ones(60)), {"persistence": 2.0}, "checking.out_of_range"),
        (year_of(np.ones(60)), {"profit": "margin"}, "tables.missing_column"),
    ],
)
def test_bad_input(after, options, key):
    with pytest.raises(CvmError) as caught:
        next_year(year_of(np.arange(60.0)), after, seed=1, **options)
    assert caught.value.key == key and str(caught.value)


def test_each_group_has_a_wording():
    assert [term(f"portfolio.group_{group}", "zh") for group in ("best", "worst")] == ["最佳客户", "最差客户"]

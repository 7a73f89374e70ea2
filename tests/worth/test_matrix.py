"""The value matrix: cells partition the customers, lines behave, the rule table is complete."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import matrix
from cvmlab.core.words import CvmError, read_table, speaking
from cvmlab.data.worded import in_words
from cvmlab.worth.matrix import Thresholds, types

modest = settings(max_examples=50, deadline=None)
money = st.floats(-1e4, 1e6).map(lambda amount: round(amount, 2))
points = st.lists(st.tuples(money, st.floats(0, 1e5).map(round), money), min_size=1, max_size=40)
lines = st.builds(Thresholds, st.floats(-1e3, 1e5), st.floats(0, 1e5))


def customers_from(rows):
    return pd.DataFrame(rows, columns=["current_value", "headroom", "revenue"]).assign(
        customer_id=[f"{row:03}" for row in range(len(rows))]
    )


@modest
@given(points, lines)
def test_the_cells_partition_the_customers(rows, thresholds):
    customers = customers_from(rows)
    found = matrix.classify(customers, thresholds)
    assert "value_type" not in customers.columns
    assert found["value_type"].isin(matrix.VALUE_TYPES).all()
    summary = matrix.summarise_types(found)
    assert summary["value_type"].tolist() == ["IV", "III", "II", "I"]
    assert summary["customers"].sum() == len(rows)
    assert summary["customer_share"].sum() == pytest.approx(1)
    for measure in ("revenue", "current_value", "headroom"):
        assert summary[measure].sum() == pytest.approx(customers[measure].sum(), abs=1e-3)
    high = found["value_type"].isin(["III", "IV"])
    assert (high == (customers["current_value"] > thresholds.current_value)).all()
    grows = found["value_type"].isin(["II", "IV"])
    assert (grows == (customers["headroom"] > thresholds.growth_potential)).all()


@modest
@given(points, lines, st.floats(0, 1e5))
def test_a_higher_line_never_makes_more_customers_high(rows, thresholds, raised):
    customers = customers_from(rows)
    counts = []
    for value_line in (thresholds.current_value, thresholds.current_value + raised):
        found = matrix.classify(customers, thresholds.replace(current_value=value_line))["value_type"]
        counts.append(found.isin(["III", "IV"]).sum())
    assert counts[1] <= counts[0]


@modest
@given(points, lines, st.lists(st.floats(0.1, 5), min_size=1, max_size=5), st.sampled_from(types.AXES))
def test_sensitivity_counts_everybody_at_every_factor(rows, thresholds, factors, axis):
    customers = customers_from(rows)
    moved = matrix.sensitivity(customers, thresholds, [*factors, 1.0], axis=axis)
    assert len(moved) == 4 * (len(factors) + 1)
    assert (moved.groupby(np.arange(len(moved)) // 4)["customers"].sum() == len(rows)).all()
    at_one = moved[moved["factor"] == 1.0].iloc[-4:]
    expected = matrix.summarise_types(matrix.classify(customers, thresholds))
    assert at_one["customers"].tolist() == expected["customers"].tolist()
    assert (at_one["moved_share"] == 0).all()
    high = moved[moved["value_type"].isin(["III", "IV"])].groupby("factor", sort=True)["customers"].sum()
    if len(set(factors) | {1.0}) == len(factors) + 1:
        assert (high.diff().dropna() <= 0).all()


def test_a_threshold_of_zero_is_moved_too():
    customers = customers_from([(-5.0, 1, 0.0), (2.0, 1, 0.0), (10.0, 1, 0.0), (30.0, 1, 0.0)])
    moved = matrix.sensitivity(customers, Thresholds(0, 0), [0.5, 1, 2], axis="current_value")
    lines = moved.groupby("factor")["current_value_threshold"].first()
    assert lines.tolist() == [-3.75, 0.0, 7.5]
    assert (moved["growth_potential_threshold"] == 0).all()
    assert moved.groupby("factor")["moved_share"].first().tolist() == [0.0, 0.0, 0.25]


def test_break_even_keeps_good_customers_that_a_median_would_fire():
    random = np.random.default_rng(2)
    customers = customers_from([(value, 0, value) for value in random.lognormal(5, 1, 500)])
    by_break_even = matrix.choose_thresholds(customers, avoidable_cost=10)
    by_median = matrix.choose_thresholds(customers, avoidable_cost=10, current_value_choice="median")
    low = {
        name: matrix.classify(customers, line)["value_type"].isin(["I", "II"]).mean()
        for name, line in (("break_even", by_break_even), ("median", by_median))
    }
    assert low["median"] == 0.5
    assert low["break_even"] < 0.02


def test_the_rule_table_covers_every_case_once():
    rows = read_table("rules/strategies")
    assert sorted((row["current_value"], row["growth_potential"]) for row in rows) == sorted(
        product(["low", "high"], repeat=2)
    )
    assert sorted(row["value_type"] for row in rows) == ["I", "II", "III", "IV"]
    assert sorted(row["rank"] for row in rows) == ["1", "2", "3", "4"]
    assert all(text.strip() for row in rows for text in row.values())


def test_the_rule_table_agrees_with_the_rule():
    figures = {"low": 0.0, "high": 2.0}
    for row in read_table("rules/strategies"):
        customers = customers_from([(figures[row["current_value"]], figures[row["growth_potential"]], 0.0)])
        assert matrix.classify(customers, Thresholds(1, 1))["value_type"].tolist() == [row["value_type"]]


def test_strategies_speak_both_languages():
    english, chinese = matrix.strategies("en"), matrix.strategies("zh")
    assert chinese["resources"].tolist() == ["重中之重投入", "重点投入", "适当投入", "不投入"]
    assert english["value_type"].tolist() == chinese["value_type"].tolist() == ["IV", "III", "II", "I"]
    assert english["current_value_level"].tolist() == ["high", "high", "low", "low"]
    with speaking("zh"):
        pd.testing.assert_frame_equal(matrix.strategies(), chinese)


def test_table_3_2_is_printed_whole_in_the_words_of_the_book():
    with speaking("zh"):
        table = in_words(matrix.strategies(ours=False))
    assert table.columns.tolist() == [
        "类型", "当前价值", "增值潜力", "资源配置", "保持策略", "所处生命周期阶段", "典型客户"
    ]  # fmt: skip
    # CRM3 Table 3-2
    assert table.iloc[:, :5].to_numpy().tolist() == [
        ["I", "低", "低", "不投入", "关系解除"],
        ["II", "低", "高", "适当投入", "关系再造"],
        ["III", "高", "低", "重点投入", "高水平关系保持"],
        ["IV", "高", "高", "重中之重投入", "不遗余力地保持、发展"],
    ]
    assert table["典型客户"].str.len().min() > 5
    english = in_words(matrix.strategies("en", ours=False))
    assert english.columns.is_unique and not english.columns.str.contains("_").any()


@pytest.mark.parametrize("choice", ["median", "quantile"])
def test_thousands_of_equal_customers_at_the_threshold_are_all_low(choice):
    customers = customers_from([(60.0, 20, 0.0)] * 5000)
    lines = matrix.choose_thresholds(customers, current_value_choice=choice, growth_potential_choice=choice)
    assert (lines.current_value, lines.growth_potential) == (60, 20)
    assert (matrix.classify(customers, lines)["value_type"] == "I").all()
    # the least step below the line moves them all at once, and the picture of sensitivity says so
    moved = matrix.sensitivity(customers, lines, [0.999, 1, 1.001]).set_index(["factor", "value_type"])["customers"]
    assert moved.loc[[(0.999, "IV"), (1, "I"), (1.001, "I")]].tolist() == [5000] * 3


@modest
@given(points, lines, st.floats(0, 1e7), st.sampled_from([None, "headroom", "revenue"]))
def test_a_budget_is_spent_wholly_or_refused(rows, thresholds, total, basis):
    found = matrix.classify(customers_from(rows), thresholds)
    weighted = found[found["value_type"] != "I"]
    if total and (not len(weighted) or (basis and weighted.groupby("value_type")[basis].sum().max() <= 0)):
        with pytest.raises(CvmError, match="the budget cannot be shared out"):
            matrix.budget(found, total, basis=basis)
        return
    plan = matrix.budget(found, total, basis=basis)
    spent = plan["budget"].sum()
    assert spent == pytest.approx(total)
    assert (plan["budget"] >= 0).all() and plan["budget"].iloc[-1] == 0
    assert (plan["budget_per_customer"] * plan["customers"]).sum() == pytest.approx(spent)


def test_a_budget_follows_the_weights():
    customers = pd.DataFrame({
        "customer_id": list("abcd"), "value_type": ["IV", "II", "II", "I"], "headroom": [30.0, 60, 10, 5]
    })  # fmt: skip
    per_customer = matrix.budget(customers, 500, weights={"IV": 3, "II": 1})["budget_per_customer"]
    assert per_customer.tolist() == [300, 0, 100, 0]
    by_headroom = matrix.budget(customers, 1000, weights={"IV": 1, "II": 1}, basis="headroom")
    assert by_headroom["budget"].tolist() == [300, 0, 700, 0]


@pytest.mark.parametrize("weights", [{"IV": 1e308, "III": 1e308}, {"IV": 2e15}])
def test_weights_whose_sum_would_be_lost_are_refused(weights):
    customers = pd.DataFrame({"customer_id": list("ab"), "value_type": ["IV", "III"]})
    with pytest.raises(CvmError) as caught:
        matrix.budget(customers, 100, weights=weights)
    assert caught.value.key == "checking.too_far"


def test_a_type_that_brings_less_than_nothing_has_no_claim_on_the_budget():
    customers = pd.DataFrame({
        "customer_id": list("ab"), "value_type": ["IV", "II"], "current_value": [30.0, -10.0]
    })  # fmt: skip
    assert matrix.budget(customers, 90, basis="current_value")["budget"].tolist() == [90, 0, 0, 0]


def test_one_customer_and_all_zero():
    one = matrix.classify(customers_from([(0.0, 0, 0.0)]), Thresholds())
    assert one["value_type"].tolist() == ["I"]
    summary = matrix.summarise_types(one)
    assert summary["customers"].tolist() == [0, 0, 0, 1]
    assert summary["revenue_share"].isna().all()


good = customers_from([(1.0, 1, 1.0)])


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda: matrix.classify(good[:0], Thresholds()), "tables.no_rows"),
        (lambda: matrix.classify(good.drop(columns="headroom"), Thresholds()), "tables.missing_column"),
        (lambda: matrix.classify(good.assign(headroom=np.nan), Thresholds()), "tables.missing_values"),
        (lambda: matrix.classify(pd.concat([good, good]), Thresholds()), "checking.repeated_customer"),
        (lambda: matrix.summarise_types(good), "tables.missing_column"),
        (lambda: matrix.summarise_types(good.assign(value_type="V")), "matrix.unknown_type"),
        (lambda: matrix.sensitivity(good, Thresholds(), []), "matrix.no_factors"),
        (lambda: matrix.sensitivity(good, Thresholds(), [1, 0]), "checking.not_above"),
        (lambda: matrix.sensitivity(good, Thresholds(), axis="headroom"), "matrix.unknown_axis"),
        (lambda: matrix.budget(good.assign(value_type="I"), -1), "checking.too_small"),
        (lambda: matrix.budget(good.assign(value_type="I"), 1, {"V": 1}), "matrix.unknown_weight"),
        (lambda: matrix.budget(good.assign(value_type="I"), 1, {"I": -1}), "checking.too_small"),
        (lambda: matrix.budget(good.assign(value_type="I"), 1000), "matrix.no_weight"),
        (lambda: matrix.budget(good.assign(value_type="IV"), 1000, {}), "matrix.no_weight"),
        (lambda: matrix.budget(good.assign(value_type="IV"), 1000, {"IV": 0}), "matrix.no_weight"),
        (lambda: matrix.budget(good.assign(value_type="IV"), 1000, {"II": 1}), "matrix.no_weight"),
        (lambda: matrix.budget(good.assign(value_type="IV", headroom=0.0), 9, basis="headroom"), "matrix.no_claim"),
        (lambda: matrix.strategies("fr"), "language.unknown"),
    ],
)
def test_bad_input(call, key):
    with pytest.raises(CvmError) as caught:
        call()
    assert caught.value.key == key
    assert str(caught.value)

"""Five stages and four, and assumptions that are refused by name."""

import warnings

import numpy as np
import pandas as pd
import pytest
from textbook_lives import broken_by

from cvmlab import lifecycle
from cvmlab.core.words import CvmError, speaking
from cvmlab.relationship.lifecycle import STAGES, Relationship, life_curve, variables


# Five stages
def test_five_stages_map_to_four_and_the_end_each_once():
    table = lifecycle.stage_map()
    assert table["stage"].tolist() == [*STAGES, "ended"]
    assert table["five_stage"].tolist() == [
        "acquisition_stage", "growth_stage", "maturity_stage", "decline_stage", "departure_stage"
    ]  # fmt: skip
    chinese = lifecycle.stage_map("zh")
    assert chinese["five_stage_name"].tolist() == ["获取期", "提升期", "成熟期", "衰退期", "离开期"]
    assert chinese["stage_name"].tolist()[:4] == ["考察期", "形成期", "稳定期", "退化期"]
    assert (table[["signs", "strategy", "first_step", "caution"]] != "").all(axis=None)


# Bad input
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"exploration_months": 0}, "exploration_months"),
        ({"decline_months": 1.5}, "decline_months"),
        ({"base_price": -1}, "base_price"),
        ({"largest_volume": float("nan")}, "largest_volume"),
        ({"price_lag": float("inf")}, "price_lag"),
        ({"formed": 1.2}, "formed"),
        ({"repaired_after": 12}, "repaired_after"),
        ({"explored": 0.5, "formed": 0.5, "left_at": -0.1}, "left_at"),
        ({"months": 3}, "months"),
    ],
)
def test_assumptions_out_of_bounds_are_refused_by_name(changes, named):
    with pytest.raises(CvmError, match=named):
        Relationship().replace(**changes)


@pytest.mark.parametrize(("language", "said"), [("en", "(for counts, a whole number)"), ("zh", "应填整数。")])
def test_half_a_month_of_decline_is_refused_in_a_whole_sentence(language, said):
    with pytest.raises(CvmError) as refused:
        Relationship(decline_months=1.5)
    with speaking(language):
        told = str(refused.value)
    assert said in told
    assert "needed months" not in told and "数值 " not in told


BY_LEVEL = ("volume", "price", "cost_per_unit", "indirect_benefit")


@pytest.mark.parametrize(
    "level",
    [
        7,
        [7],
        [[0.1, 0.2], [0.3]],
        [],
        [[]],
        0.5,
        "high",
        [["a"]],
        np.zeros((2, 2, 2)),
        [0.2, np.nan],
        [0.2, -0.1],
        [[0.2, 1.01]],
        [np.inf],
    ],
)
def test_levels_that_are_none_are_refused(level):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for follows in (variables, *(getattr(lifecycle, name) for name in BY_LEVEL)):
            with pytest.raises(CvmError, match="level"):
                follows(level, Relationship())


def test_the_sentence_names_the_value_and_the_month():
    with pytest.raises(CvmError, match=r"1\.7 in month 2"):
        variables([[0, 0], [0.1, 0.2], [0.3, 1.7]], Relationship())


@pytest.mark.parametrize("months", [-1, float("nan"), float("inf"), "x", True, None])
def test_a_lag_that_is_none_is_refused(months):
    with pytest.raises(CvmError, match=r"lag \(months\)|lagged cannot use months="):
        lifecycle.lagged(np.ones(3), months)


@pytest.mark.parametrize("figures", [[], 3.0, "high", ["a"], np.zeros((2, 2, 2)), [[1, 2], [3]], [1, np.nan], [np.inf]])
def test_figures_that_are_none_cannot_be_followed(figures):
    with pytest.raises(CvmError, match=r"number"):
        lifecycle.lagged(figures, 2)


def test_whole_numbers_are_followed_as_any_others():
    assert lifecycle.lagged([1, 1, 1], 2) == pytest.approx(lifecycle.lagged(np.ones(3), 2))
    assert lifecycle.lagged(np.array([1, 0]), 0).dtype == np.float64


@pytest.mark.parametrize("steps", [0, -3, float("nan")])
def test_a_way_without_steps_is_refused(steps):
    with pytest.raises(CvmError, match="steps"):
        lifecycle.first_to_break(Relationship(fixed_cost=10), steps=steps)


def test_one_month_and_one_customer_are_enough():
    it = variables(np.array([[0.5]]), Relationship())
    assert it["volume"].tolist() == [[50.0]]
    shortest = Relationship(exploration_months=1, formation_months=1, stability_months=1, decline_months=1)
    assert len(life_curve(shortest)) == 4
    assert len(lifecycle.check_table(shortest)) == 24


def test_no_level_is_no_relationship():
    it = variables(np.zeros((5, 2)), Relationship(fixed_cost=100, acquisition_cost=50))
    for name in ("volume", "revenue", "total_cost", "profit", "indirect_benefit"):
        assert (it[name] == 0).all()


def test_nothing_sold_breaks_claims_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        broken = broken_by(Relationship(largest_volume=0, largest_benefit=0))
    assert "volume stability" in broken
    assert isinstance(lifecycle.check_differences(Relationship(largest_volume=0)), pd.DataFrame)

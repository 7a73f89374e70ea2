"""Table 3-1 as invariants within the textbook's conditions."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from textbook_lives import BEYOND, EDGES, broken_by, lives, modest, textbook_lives

from cvmlab import lifecycle
from cvmlab.core.words import read_table, speaking
from cvmlab.relationship.lifecycle import STAGES, Relationship, life_curve, variables


def test_the_table_has_every_variable_and_stage_exactly_once():
    rows = [(row["variable"], row["stage"]) for row in read_table("rules/table_3_1")]
    names = ("volume", "price", "cost", "indirect_benefit", "revenue", "profit")
    assert rows == [(variable, stage) for variable in names for stage in STAGES]


def test_the_table_speaks_both_languages():
    english = lifecycle.table_3_1()
    chinese = lifecycle.table_3_1("zh")
    assert english.drop(columns="claim").equals(chinese.drop(columns="claim"))
    assert chinese.loc[8, "claim"] == "最高"
    with speaking("zh"):
        assert lifecycle.check_table(Relationship())["measured"].str.contains("[一-鿿]").all()


@settings(max_examples=600, deadline=None)
@given(relationship=lives(("",) * len(BEYOND) + tuple(BEYOND)))
def test_within_the_conditions_every_row_of_the_table_and_each_difference_holds(relationship):
    assume(lifecycle.meets_textbook(relationship))
    assert broken_by(relationship) == set()


@pytest.mark.parametrize("name", EDGES)
def test_lives_at_the_edges_of_the_conditions_keep_every_claim(name):
    assert lifecycle.meets_textbook(EDGES[name])
    assert broken_by(EDGES[name]) == set()


# The table's words once more, in figures of their own, so that the measures themselves are tested
@modest
@given(textbook_lives())
def test_the_table_holds_by_plain_inspection(relationship):
    curve = life_curve(relationship.replace(acquisition_cost=0))
    end = curve.groupby("stage", sort=False).last()
    mean = curve.groupby("stage", sort=False)[
        ["volume", "price", "cost", "indirect_benefit", "revenue", "profit"]
    ].mean()
    for name in ("volume", "revenue", "profit"):
        assert mean[name].loc["exploration"] < 0.15 * mean[name].loc["stability"]
        highest = curve.groupby("stage")[name].max()
        assert highest["stability"] >= 0.999 * highest.max()
        assert end[name].loc["decline"] < end[name].loc["stability"]
    assert end["price"].loc["exploration"] < end["price"].loc["formation"] < end["price"].loc["stability"]
    assert end["price"].loc["decline"] < end["price"].loc["stability"]
    assert end["cost"].loc["exploration"] > end["cost"].loc["formation"] > end["cost"].loc["stability"]
    assert end["cost"].loc["stability"] < end["cost"].loc["decline"] < mean["cost"].loc["exploration"]
    assert mean["indirect_benefit"].loc["exploration"] == 0
    assert end["indirect_benefit"].loc["stability"] > end["indirect_benefit"].loc["formation"] > 0
    assert end["profit"].loc["decline"] / end["profit"].loc["stability"] > (
        end["revenue"].loc["decline"] / end["revenue"].loc["stability"]
    )


def test_lag_of_price_and_cost_alone_never_lets_profit_fall_more_slowly():
    # with lags without end price and cost stand still: the margin is equal, not higher
    level = np.concatenate([np.full(600, 1.0), np.linspace(0.9, 0.1, 9)])
    for lag in (0, 3, 12, 10_000):
        it = variables(level, Relationship(price_lag=min(lag, 120), cost_lag=min(lag, 120), largest_benefit=0))
        margin = it["profit"] / it["revenue"]
        assert (margin[600:] <= margin[599] + 1e-12).all()


def test_declines_are_compared_in_money_and_in_percent_of_their_peaks():
    changes = {
        "as it is": {}, "no recommendations": {"largest_benefit": 0}, "soon": {"benefit_lag": 6},
        "no lags": {"price_lag": 0, "cost_lag": 0}, "600": {"fixed_cost": 600}, "700": {"fixed_cost": 700},
        "never earns": {"fixed_cost": 10_000}, "much lost at once": {"largest_benefit": 7_000, "benefit_lag": 0},
    }  # fmt: skip
    start = Relationship(acquisition_cost=8_000, repaired_after=3)
    table = lifecycle.compare_declines(start, changes).set_index("change")
    assert table["profit_left"].to_dict() == {
        "as it is": "29%", "no recommendations": "10%", "soon": "18%", "no lags": "26%", "600": "19%", "700": "17%",
        "never earns": "–", "much lost at once": "3.2%",
    }  # fmt: skip
    assert set(table["revenue_left"]) == {"14%"}
    assert table["months_ahead"].to_dict() == {
        "as it is": 12, "no recommendations": 0, "soon": 10, "no lags": 8, "600": 12, "700": 10, "never earns": 0,
        "much lost at once": 0,
    }  # fmt: skip
    assert table["profit_lost"].to_dict()["as it is"] == table["profit_lost"].to_dict()["600"] == "3,538"
    in_money = table["months_ahead_in_money"].to_dict()
    assert in_money.pop("much lost at once") == 0, "the benefit lost exceeds the cost that disappears"
    assert set(in_money.values()) == {12}
    for name, fields in changes.items():
        finding = lifecycle.check_differences(start.replace(**fields)).set_index("name").loc["falls_slower", "holds"]
        assert table.loc[name, "holds"] == finding == (table.loc[name, "months_ahead"] == 12)
    with speaking("zh"):
        assert lifecycle.compare_declines(start, {"lifecycle.fixed_cost": {}}).at[0, "change"] == "每月固定服务成本"
        costly = lifecycle.compare_declines(start, {"lesson_01.costly": {"fixed_cost": 700}})
        assert costly.at[0, "change"] == "每月固定服务成本 700 元"

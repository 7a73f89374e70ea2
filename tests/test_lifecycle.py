"""The model of a life, Table 3-1 as invariants within the textbook's conditions, what breaks outside it."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import lifecycle
from cvmlab.discounting import present_value
from cvmlab.errors import CvmError
from cvmlab.life_claims import DIFFERENCES, difference_findings, table_findings
from cvmlab.lifecycle import STAGES, Relationship, life_curve, variables
from cvmlab.vocabulary import read_table, speaking

modest = settings(max_examples=60, deadline=None)
shares = st.floats(0, 1)


@st.composite
def textbook_lives(draw):
    """Draw a relationship that meets all of the textbook's conditions, from the whole region they leave."""
    formation = draw(st.integers(6, 60))
    exploration = draw(st.integers(1, 24))
    formed = draw(st.floats(0.93, 1.0))
    # (formed - explored)/formation >= 1.2 explored/exploration, solved for explored
    fastest = formed / (1 + 1.2 * formation / exploration)
    explored = draw(st.floats(0.01, max(min(0.15, fastest * 0.999), 0.01)))
    shortest = max(3.0, formation / 5)
    price_lag, cost_lag = (draw(st.floats(shortest, formation / 2)) for _ in range(2))
    slower = max(price_lag, cost_lag, formation / 2)
    benefit_lag = draw(st.floats(slower, formation))
    stability = int(np.ceil(4 * benefit_lag)) + draw(st.integers(0, 100))
    decline = draw(st.integers(1, int(benefit_lag / 1.2)))
    base_price = draw(st.floats(1, 1e4))
    service_cost = base_price * draw(st.floats(0.01, 0.9))
    saving, premium = draw(st.floats(0.05, 1)), draw(st.floats(0.021, 0.2))
    gain = base_price * premium + service_cost * saving
    first_margin = min(2 * gain, base_price - service_cost) * draw(st.floats(0.01, 0.99))
    largest_volume = draw(st.floats(0.1, 1e4))
    return Relationship(
        exploration_months=exploration, formation_months=formation, stability_months=stability,
        decline_months=decline, explored=explored, formed=formed, left_at=draw(st.floats(0, 0.4)),
        largest_volume=largest_volume, base_price=base_price, price_premium=premium, price_lag=price_lag,
        product_cost=base_price - service_cost - first_margin, service_cost=service_cost, cost_saving=saving,
        cost_lag=cost_lag, largest_benefit=largest_volume * gain * draw(st.floats(0.76, 1.99)),
        recommends_from=draw(st.floats(0.5, 0.6)), benefit_lag=benefit_lag,
        acquisition_cost=draw(st.sampled_from([0.0, 5e4])), repaired_after=0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def typical():
    return life_curve(Relationship())


# The model


def test_the_stages_follow_each_other_in_order_for_their_months(typical):
    assert typical["period"].tolist() == list(range(96))
    runs = typical.groupby("stage", sort=False).size()
    assert runs.to_dict() == {"exploration": 6, "formation": 18, "stability": 60, "decline": 12}


@modest
@given(
    st.lists(st.integers(1, 60), min_size=4, max_size=4), st.floats(0.01, 0.5), st.floats(0.5, 1), shares
)  # fmt: skip
def test_the_level_rises_through_three_stages_and_falls_in_the_last(months, explored, formed, left_at):
    names = ("exploration_months", "formation_months", "stability_months", "decline_months")
    relationship = Relationship(
        **dict(zip(names, months, strict=True)), explored=explored, formed=formed, left_at=left_at
    )
    level, stage = lifecycle.level_path(relationship), lifecycle.stage_path(relationship)
    assert len(level) == len(stage) == sum(months)
    assert (np.diff(stage.astype(int)) >= 0).all()
    steps = np.diff(np.concatenate([[0], level]))
    assert (steps[stage < 4] >= -1e-12).all()
    assert (steps[stage == 4] <= 1e-12).all()
    ends = level[np.cumsum(months) - 1]
    assert ends == pytest.approx([explored, formed, 1, left_at], abs=1e-12)


def test_slow_then_fast_then_ever_slower():
    rise = np.diff(lifecycle.level_path(Relationship())[:84])
    assert (np.diff(rise[:6]) > 0).all(), "gathers speed in exploration"
    assert rise[6:23].mean() > 2 * rise[:6].mean()
    assert (np.diff(rise[24:]) < 0).all(), "slows down in stability"


def test_a_repair_turns_decline_around_and_the_last_decline_follows():
    relationship = Relationship(repaired_after=4, repair_months=5, regained_months=20)
    stage, level = lifecycle.stage_path(relationship), lifecycle.level_path(relationship)
    codes = [code for code, before in zip(stage, [0, *stage[:-1]], strict=True) if code != before]
    assert codes == [1, 2, 3, 4, 2, 3, 4]
    fallen, regained = level[87], level[112]
    assert fallen == pytest.approx(1 - 0.85 * 4 / 12)
    assert regained == pytest.approx(1)
    more = present_value(life_curve(relationship)["profit"], 0.1, 12)
    assert more > present_value(life_curve(Relationship())["profit"], 0.1, 12)


@modest
@given(st.lists(st.lists(shares, min_size=3, max_size=3), min_size=1, max_size=30), st.floats(0, 24))
def test_lags_run_along_time_and_customers_stay_apart(rows, months):
    level = np.array(rows)
    followed = lifecycle.lagged(level, months)
    alone = np.column_stack([lifecycle.lagged(level[:, customer], months) for customer in range(3)])
    assert np.array_equal(followed, alone)
    assert (followed >= 0).all()
    assert (followed <= level.max(axis=0) + 1e-12).all()


def test_a_lag_has_followed_a_step_by_63_percent_after_its_months():
    assert lifecycle.lagged(np.ones(12), 12)[-1] == pytest.approx(1 - np.exp(-1))


@modest
@given(
    st.lists(st.lists(shares, min_size=2, max_size=2), min_size=1, max_size=20),
    st.floats(0, 5_000), st.floats(0, 5_000), st.floats(0, 20_000),
)  # fmt: skip
def test_the_accounts_add_up_for_any_level(rows, bad, fixed, acquisition):
    level = np.array(rows)
    relationship = Relationship(bad_word_of_mouth=bad, fixed_cost=fixed, acquisition_cost=acquisition)
    it = variables(level, relationship)
    assert set(it) == {"volume", "price", "cost", "indirect_benefit", "revenue", "total_cost", "profit"}
    assert all(array.shape == level.shape for array in it.values())
    assert it["revenue"] == pytest.approx(it["volume"] * it["price"])
    assert it["profit"] == pytest.approx(it["revenue"] - it["total_cost"] + it["indirect_benefit"])
    beyond_units = (it["total_cost"] - it["volume"] * it["cost"]).sum(axis=0)
    started = (level > 0).any(axis=0)
    assert beyond_units == pytest.approx(fixed * (level > 0).sum(axis=0) + acquisition * started, abs=1e-6)
    assert (it["cost"] <= 90 + 1e-9).all() and (it["cost"] >= 78 - 1e-9).all()
    assert (it["price"] >= 100).all() and (it["price"] <= 110 + 1e-9).all()


def test_a_customer_who_starts_later_lives_the_same_life_later(typical):
    path = lifecycle.level_path(Relationship())
    level = np.zeros((106, 2))
    level[:96, 0], level[10:, 1] = path, path
    for name, array in variables(level, Relationship(acquisition_cost=500)).items():
        assert array[:96, 0] == pytest.approx(array[10:, 1]), name


@modest
@given(textbook_lives(), st.floats(0, 1e4), st.integers(0, 3))
def test_the_sources_of_profit_add_up_to_it(relationship, fixed_cost, repaired_after):
    repaired_after = min(repaired_after, relationship.decline_months - 1)
    relationship = relationship.replace(fixed_cost=fixed_cost, repaired_after=repaired_after)
    sources = lifecycle.profit_by_source(relationship)
    curve = life_curve(relationship)
    total = sources.iloc[:, 2:].sum(axis=1)
    scale = curve["revenue"].max() + relationship.acquisition_cost
    assert total.to_numpy() == pytest.approx(curve["profit"].to_numpy(), abs=1e-9 * scale)
    assert (sources[["fixed_cost", "acquisition_cost"]] <= 0).all(axis=None)


@modest
@given(textbook_lives())
def test_each_source_of_profit_is_larger_in_stability_than_in_formation(relationship):
    # CRM3 §3.1.3: base profit, premium, lower cost and indirect benefit, each much larger in stability
    means = lifecycle.profit_by_source(relationship).groupby("stage")[
        ["base_profit", "price_premium", "cost_saved", "indirect_benefit"]
    ].mean()  # fmt: skip
    assert (means.loc["stability"] > 1.3 * means.loc["formation"]).all()


def test_acquisition_cost_makes_the_beginning_a_loss():
    first = life_curve(Relationship(acquisition_cost=8_000))["profit"]
    assert first.iloc[0] < 0
    assert first.iloc[:6].sum() < 0
    assert first.to_numpy()[1:] == pytest.approx(life_curve(Relationship())["profit"].to_numpy()[1:])


# Table 3-1


def test_the_table_has_every_variable_and_stage_exactly_once():
    rows = [(row["variable"], row["stage"]) for row in read_table("table_3_1")]
    names = ("volume", "price", "cost", "indirect_benefit", "revenue", "profit")
    assert rows == [(variable, stage) for variable in names for stage in STAGES]


def test_the_table_speaks_both_languages():
    english = lifecycle.table_3_1()
    chinese = lifecycle.table_3_1("zh")
    assert english.drop(columns="claim").equals(chinese.drop(columns="claim"))
    assert chinese.loc[8, "claim"] == "最高"
    with speaking("zh"):
        assert lifecycle.check_table(Relationship())["measured"].str.contains("[一-鿿]").all()


TABLE = [(row["variable"], row["stage"]) for row in read_table("table_3_1")]


@pytest.mark.parametrize("place", range(len(TABLE)), ids=["-".join(row) for row in TABLE])
@settings(max_examples=40, deadline=None)
@given(relationship=textbook_lives())
def test_within_the_conditions_each_row_of_the_table_holds(place, relationship):
    assert lifecycle.meets_textbook(relationship)
    found = table_findings(relationship)[place]
    assert found.holds, found.figures


@pytest.mark.parametrize("place", range(len(DIFFERENCES)), ids=list(DIFFERENCES))
@settings(max_examples=100, deadline=None)
@given(relationship=textbook_lives())
def test_within_the_conditions_each_difference_holds(place, relationship):
    found = difference_findings(relationship)[place]
    assert found.holds, found.figures


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
        assert mean[name].idxmax() == "stability"
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


# What breaks outside: for each condition a life that misses only this one, and what gives way

OUTSIDE = {
    "units_pay": ({"product_cost": 80.5}, "profit exploration"),
    "starts_small": ({"explored": 0.2}, "volume exploration"),
    "formation_is_fast": ({"exploration_months": 1, "formation_months": 18}, "volume formation"),
    "formed_high": ({"formed": 0.8}, "revenue formation"),
    "falls_far": ({"left_at": 0.7}, "volume decline"),
    "price_rises": ({"price_premium": 0, "largest_benefit": 1_000}, "price stability"),
    "cost_falls": ({"cost_saving": 0, "product_cost": 75}, "cost stability"),
    "margin_grows": (
        {"product_cost": 0, "service_cost": 4, "price_premium": 0.03, "formed": 0.99, "largest_benefit": 420},
        "climbs_on",
    ),
    "lags_there": ({"price_lag": 0, "cost_lag": 0}, "falls_slower"),
    "stages_long": ({"stability_months": 6}, "profit stability"),
    "recommends_late": ({"recommends_from": 0.02}, "indirect_benefit exploration"),
    "benefit_counts": ({"largest_benefit": 300}, "falls_slower"),
    "benefit_lasts": ({"decline_months": 60}, "falls_slower"),
    "no_bad_word_of_mouth": ({"bad_word_of_mouth": 1_500}, "falls_slower"),
    "no_fixed_cost": ({"fixed_cost": 800}, "falls_slower"),
}


def broken_by(relationship):
    table = lifecycle.check_table(relationship).query("not holds")
    differences = lifecycle.check_differences(relationship).query("not holds")
    return set(table["variable"] + " " + table["stage"]) | set(differences["name"])


def test_the_defaults_are_a_textbook_life():
    conditions = lifecycle.textbook_conditions(Relationship())
    assert conditions["holds"].all()
    assert set(conditions["condition"]) == set(OUTSIDE)
    assert broken_by(Relationship()) == set()


@pytest.mark.parametrize("condition", OUTSIDE)
def test_missing_one_condition_alone_breaks_the_textbook(condition):
    changes, claim = OUTSIDE[condition]
    relationship = Relationship(**changes)
    missed = lifecycle.textbook_conditions(relationship).query("not holds")["condition"].tolist()
    assert missed == [condition]
    assert not lifecycle.meets_textbook(relationship)
    assert claim in broken_by(relationship)


def test_profit_falls_faster_than_revenue_with_a_fixed_cost_and_that_breaks_before_the_table_does():
    broken = lifecycle.first_to_break(Relationship(fixed_cost=2_000))
    assert broken.iloc[0]["variable"] in ("b", "profit")
    assert broken["way"].is_monotonic_increasing
    assert (broken["way"] > 0).all()
    assert lifecycle.first_to_break(Relationship(decline_months=6)).empty


def test_a_table_is_held_against_the_life_without_its_repair_and_its_acquisition_cost():
    changed = Relationship(repaired_after=3, acquisition_cost=9_999)
    assert lifecycle.check_table(changed).equals(lifecycle.check_table(Relationship()))


def test_every_condition_says_why_in_both_languages():
    for language in ("en", "zh"):
        with speaking(language):
            conditions = lifecycle.textbook_conditions(Relationship())
        assert (conditions["says"] + conditions["why"]).str.len().min() > 20


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


@pytest.mark.parametrize(
    "level",
    [[], [[]], 0.5, "high", [["a"]], np.zeros((2, 2, 2)), [0.2, np.nan], [0.2, -0.1], [[0.2, 1.01]], [np.inf]],
)
def test_levels_that_are_none_are_refused(level):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(CvmError, match="level"):
            variables(level, Relationship())


def test_the_sentence_names_the_value_and_the_month():
    with pytest.raises(CvmError, match=r"1\.7 in month 2"):
        variables([[0, 0], [0.1, 0.2], [0.3, 1.7]], Relationship())


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

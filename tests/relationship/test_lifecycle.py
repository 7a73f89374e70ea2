"""The model of a life, Table 3-1 as invariants within the textbook's conditions, what breaks outside it."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cvmlab import lifecycle
from cvmlab.core.discounting import present_value
from cvmlab.core.words import CvmError, read_table, speaking
from cvmlab.relationship.lifecycle import STAGES, Relationship, life_curve, variables
from cvmlab.relationship.lifecycle.claims import broken_claims, difference_findings
from cvmlab.relationship.lifecycle.movements import LifeOf, peaks_late

modest = settings(max_examples=60, deadline=None)
shares = st.floats(0, 1)

#: A textbook life in which profit hardly falls more slowly than revenue.
HARDEST = Relationship(
    formation_months=15, formed=1.0, left_at=0.35, price_lag=3, cost_lag=3, price_premium=0.02, product_cost=9.9,
    service_cost=90, cost_saving=0.9, recommends_from=0.6, largest_benefit=6_700,
)  # fmt: skip
#: A textbook life in which profit hardly becomes steady.
RISING = Relationship(
    exploration_months=60, formation_months=6, stability_months=13, decline_months=2, explored=0.15, formed=0.93,
    price_premium=0.2, service_cost=99.9, product_cost=0, cost_saving=0.001, price_lag=3, cost_lag=3, benefit_lag=3.2,
    recommends_from=0.6, largest_benefit=4_000,
)  # fmt: skip


#: How far a life may stray beyond each bound of the textbook's conditions, as a share of the bound.
BEYOND = {
    "explored": 2.0, "speed": 0.6, "formed": 0.8, "left_at": 2.0, "premium_low": 0.0, "premium_high": 3.0,
    "first_margin": 5.0, "price_lag": 0.4, "cost_lag": 0.4, "stability": 0.5, "recommends_low": 0.1,
    "recommends_high": 1.5, "benefit_low": 0.3, "benefit_high": 50.0, "benefit_lasts": 0.4,
}  # fmt: skip


@st.composite
def lives(draw, strays=("",)):
    """Draw a relationship, mostly from the edges of the conditions; one that strays lies beyond one of them."""
    stray = draw(st.sampled_from(strays))

    def bound(name, figure):
        if name != stray:
            return figure
        beyond = BEYOND[name]
        return figure * draw(st.one_of(st.just(beyond), st.floats(min(beyond, 1), max(beyond, 1))))

    def between(low, high):
        return draw(st.one_of(st.just(low), st.just(high), st.floats(low, high))) if low < high else low

    formation = draw(st.one_of(st.integers(6, 25), st.integers(6, 90)))
    exploration = draw(st.one_of(st.integers(1, 12), st.integers(1, 90)))
    formed = between(bound("formed", 0.93), 1.0)
    # (formed - explored)/formation >= 1.2 explored/exploration, solved for explored
    fastest = formed / (1 + bound("speed", 1.2001) * formation / exploration)
    explored = between(0.01, max(min(bound("explored", 0.15), fastest), 0.01))
    shortest = max(3.0, formation / 5)
    price_lag, cost_lag = (between(bound(f"{name}_lag", shortest), formation / 2) for name in ("price", "cost"))
    decline = draw(st.integers(1, int(formation / 1.25)))
    benefit_lag = between(max(price_lag, cost_lag, formation / 2, bound("benefit_lasts", 1.25) * decline), formation)
    stability = int(np.ceil(bound("stability", 4) * benefit_lag)) + draw(st.sampled_from([0, 0, 3, 80]))
    service_cost, saving = between(0.01, 99.9), between(0.001, 1.0)
    premium = between(bound("premium_low", 0.02), bound("premium_high", 0.2))
    gain = 100 * premium + service_cost * saving
    first_margin = between(1e-6, min(bound("first_margin", 1.999) * gain, 100 - service_cost))
    benefit = between(bound("benefit_low", 0.8001), bound("benefit_high", 1.999))
    largest_volume = draw(st.sampled_from([0.1, 100.0, 1e4]))
    return Relationship(
        exploration_months=exploration, formation_months=formation, stability_months=min(stability, 360),
        decline_months=decline, explored=explored, formed=formed, left_at=between(0.0, bound("left_at", 0.35)),
        largest_volume=largest_volume, base_price=100.0, price_premium=premium, price_lag=price_lag,
        product_cost=max(100 - service_cost - first_margin, 0.0), service_cost=service_cost, cost_saving=saving,
        cost_lag=cost_lag, largest_benefit=largest_volume * gain * benefit,
        recommends_from=between(bound("recommends_low", 0.5), bound("recommends_high", 0.6)),
        benefit_lag=benefit_lag, acquisition_cost=draw(st.sampled_from([0.0, 5e4])), repaired_after=0,
    )  # fmt: skip


def textbook_lives():
    return lives().filter(lifecycle.meets_textbook)


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


def test_complaints_spread_at_once_and_stop_with_the_relationship():
    level = np.array([0.2, 1.0, 0.5, 0.0, 0.0])
    silent = Relationship(largest_benefit=900)
    told = lifecycle.indirect_benefit(level, silent.replace(bad_word_of_mouth=1_000))
    assert told - lifecycle.indirect_benefit(level, silent) == pytest.approx([0, 0, -500, 0, 0])
    assert told[3] > 0, "recommendations go on"


def test_each_variable_by_itself_is_that_of_all_of_them():
    level, relationship = lifecycle.level_path(Relationship()), Relationship(bad_word_of_mouth=300)
    together = variables(level, relationship)
    alone = {
        "volume": lifecycle.volume, "price": lifecycle.price, "cost": lifecycle.cost_per_unit,
        "indirect_benefit": lifecycle.indirect_benefit,
    }  # fmt: skip
    for name, follows in alone.items():
        assert np.array_equal(follows(level.tolist(), relationship), together[name]), name


# Table 3-1


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
    assert broken_claims(relationship) == []


#: Lives that met the conditions as they were first worded, or broke a claim by less than anybody would see.
EDGES = {
    # profit stands still long before the last quarter
    "plateau": Relationship(
        exploration_months=1, formation_months=6, stability_months=360, decline_months=1, explored=0.12, formed=1.0,
        left_at=0.0, price_lag=3, cost_lag=3, benefit_lag=3.2, service_cost=99.9, product_cost=0, cost_saving=0.001,
        price_premium=0.1, largest_benefit=900,
    ),
    # profit is highest some months into decline, by less than 0.01%
    "a_little_later": Relationship(
        exploration_months=8, formation_months=120, stability_months=243, decline_months=48, explored=0.048,
        formed=0.93, left_at=0, price_lag=60, cost_lag=24, benefit_lag=60, recommends_from=0.6, price_premium=0.04,
        service_cost=99.9, product_cost=0, cost_saving=0.58, largest_benefit=12_300,
    ),
    "hardest_decline": HARDEST,
    "rising": RISING,
}  # fmt: skip


@pytest.mark.parametrize("name", EDGES)
def test_lives_at_the_edges_of_the_conditions_keep_every_claim(name):
    assert lifecycle.meets_textbook(EDGES[name])
    assert broken_claims(EDGES[name]) == []


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


# What breaks outside: for each condition lives that miss only this one, and what gives way

OUTSIDE = [
    ("stages_run_their_course", {"explored": 0.2}, "volume exploration"),
    ("stages_run_their_course", {"exploration_months": 1, "formation_months": 18}, "volume formation"),
    ("stages_run_their_course", {"formed": 0.8}, "revenue formation"),
    ("stages_run_their_course", {"stability_months": 6}, "profit stability"),
    ("stages_run_their_course", {"left_at": 0.7}, "volume decline"),
    ("units_are_profitable", {"product_cost": 80.5}, "profit exploration"),
    ("units_are_profitable", {"price_premium": 0, "largest_benefit": 1_000}, "price stability"),
    ("units_are_profitable", {"cost_saving": 0, "product_cost": 75}, "cost stability"),
    (
        "units_are_profitable",
        {"product_cost": 0, "service_cost": 4, "price_premium": 0.03, "formed": 0.99, "largest_benefit": 440},
        "climbs_on",
    ),
    ("price_and_cost_lag", {"price_lag": 0, "cost_lag": 0}, "falls_slower"),
    ("price_and_cost_lag", {"cost_lag": 24}, "cost formation"),
    ("benefit_lasts", {"recommends_from": 0.02}, "indirect_benefit exploration"),
    ("benefit_lasts", {"largest_benefit": 300}, "falls_slower"),
    ("benefit_lasts", {"decline_months": 60}, "falls_slower"),
    ("no_bad_word_of_mouth", {"bad_word_of_mouth": 1_500}, "falls_slower"),
    ("no_fixed_cost", {"fixed_cost": 800}, "falls_slower"),
    # just beyond a bound, from the edges of the others: the bound can hardly be looser
    ("stages_run_their_course", {"explored": 0.16}, "volume exploration"),
    (
        "stages_run_their_course",
        {"formed": 0.9, "price_premium": 0.2, "price_lag": 9, "largest_benefit": 3_000},
        "climbs_on",
    ),
    ("stages_run_their_course", HARDEST.values() | {"left_at": 0.4}, "falls_slower"),
    (
        "units_are_profitable",
        {"formed": 0.93, "price_premium": 0.3, "price_lag": 9, "largest_benefit": 3_500},
        "climbs_on",
    ),
    ("price_and_cost_lag", HARDEST.values() | {"price_lag": 2.5, "cost_lag": 2.5}, "falls_slower"),
    ("benefit_lasts", HARDEST.values() | {"recommends_from": 0.63}, "falls_slower"),
    ("benefit_lasts", HARDEST.values() | {"largest_benefit": 6_300}, "falls_slower"),
    ("benefit_lasts", RISING.values() | {"largest_benefit": 20_000}, "profit stability"),
    ("benefit_lasts", HARDEST.values() | {"decline_months": 13}, "falls_slower"),
]
CONDITIONS = {condition for condition, *_ in OUTSIDE}


def broken_by(relationship):
    table = lifecycle.check_table(relationship).query("not holds")
    differences = lifecycle.check_differences(relationship).query("not holds")
    return set(table["variable"] + " " + table["stage"]) | set(differences["name"])


def test_the_defaults_are_a_textbook_life():
    conditions = lifecycle.textbook_conditions(Relationship())
    assert conditions["holds"].all()
    assert set(conditions["condition"]) == CONDITIONS
    assert broken_by(Relationship()) == set()


@pytest.mark.parametrize(("condition", "changes", "claim"), OUTSIDE)
def test_missing_one_condition_alone_breaks_the_textbook(condition, changes, claim):
    relationship = Relationship(**changes)
    missed = lifecycle.textbook_conditions(relationship).query("not holds")["condition"].tolist()
    assert missed == [condition]
    assert not lifecycle.meets_textbook(relationship)
    assert claim in broken_by(relationship)


#: Each bound: a life on it, a change that oversteps it, and the figure by which the sentence names it.
ON_THE_BOUND = [
    ("stages_run_their_course", {"explored": 0.15}, {"explored": 0.151}, "15%"),
    ("stages_run_their_course", {"exploration_months": 2, "explored": 0.08, "formed": 0.945}, {"formed": 0.943}, "1.2"),
    ("stages_run_their_course", {"formed": 0.93}, {"formed": 0.929}, "93%"),
    ("stages_run_their_course", {"stability_months": 60}, {"stability_months": 59}, ""),
    ("stages_run_their_course", {"left_at": 0.35}, {"left_at": 0.351}, "35%"),
    ("units_are_profitable", {}, {"largest_volume": 0}, ""),
    ("units_are_profitable", {"product_cost": 79.9}, {"product_cost": 80}, ""),
    ("units_are_profitable", {"product_cost": 36}, {"product_cost": 35.9}, ""),
    ("units_are_profitable", {"price_premium": 0.02}, {"price_premium": 0.019}, "2%"),
    ("units_are_profitable", {"price_premium": 0.2}, {"price_premium": 0.201}, "20%"),
    ("units_are_profitable", {"cost_saving": 0.001, "product_cost": 79}, {"cost_saving": 0}, ""),
    ("price_and_cost_lag", {"price_lag": 3.6}, {"price_lag": 3.5}, ""),
    ("price_and_cost_lag", {"cost_lag": 3.6}, {"cost_lag": 3.5}, ""),
    ("price_and_cost_lag", {"price_lag": 9}, {"price_lag": 9.1}, ""),
    ("price_and_cost_lag", {"cost_lag": 9}, {"cost_lag": 9.1}, ""),
    ("price_and_cost_lag", {"formation_months": 12, "price_lag": 3}, {"price_lag": 2.9}, "3"),
    ("benefit_lasts", {"recommends_from": 0.5}, {"recommends_from": 0.49}, "50%"),
    ("benefit_lasts", {"recommends_from": 0.6}, {"recommends_from": 0.61}, "60%"),
    ("benefit_lasts", {"decline_months": 1, "benefit_lag": 9}, {"benefit_lag": 8.9}, ""),
    ("benefit_lasts", {"formation_months": 15}, {"formation_months": 14}, ""),
    ("benefit_lasts", {"decline_months": 12}, {"decline_months": 13}, "1.25"),
    ("benefit_lasts", {"largest_benefit": 1_761}, {"largest_benefit": 1_759}, "0.8"),
    ("benefit_lasts", {"largest_benefit": 4_399}, {"largest_benefit": 4_401}, "2"),
    ("no_bad_word_of_mouth", {}, {"bad_word_of_mouth": 1}, ""),
    ("no_fixed_cost", {}, {"fixed_cost": 1}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "within", "beyond", "figure"), ON_THE_BOUND)
def test_each_condition_ends_where_its_sentence_says(condition, within, beyond, figure):
    def row(relationship):
        return lifecycle.textbook_conditions(relationship).set_index("condition").loc[condition]

    on_it = Relationship(**within)
    assert row(on_it)["holds"]
    assert not row(on_it.replace(**beyond))["holds"]
    for language in ("en", "zh"):
        with speaking(language):
            assert figure in row(on_it)["says"]


def test_every_condition_has_a_life_on_its_bound():
    assert {condition for condition, *_ in ON_THE_BOUND} == CONDITIONS


# The measures


@pytest.mark.parametrize(
    ("changes", "low", "high"),
    [
        # a price that falls, with a lag, while the volume grows
        ({"formed": 0.8, "price_premium": -0.2, "price_lag": 24, "cost_saving": 0, "largest_benefit": 0}, -1, 0),
        ({"formed": 0.7, "price_premium": -0.2, "price_lag": 24, "cost_saving": 0, "largest_benefit": 0,
          "product_cost": 40}, 0.2, 0.3),
        # a benefit that is most of the profit and comes late
        ({"formation_months": 60, "decline_months": 48, "benefit_lag": 60, "largest_benefit": 20_000}, 1.01, 2),
    ],
)  # fmt: skip
def test_profit_that_peaks_early_or_after_stability_does_not_peak_late(changes, low, high):
    found = difference_findings(Relationship(**changes))[1]
    assert not found.holds
    assert low <= found.figures[0] <= high


@pytest.mark.parametrize(
    ("late", "after", "way"),
    [(99.95, 50.0, 1.0), (99.8, 50.0, 0.3), (99.95, 100.05, 1.0), (99.95, 100.2, 1.05), (100.0, 50.0, 1.0)],
)
def test_a_lead_of_less_than_a_thousandth_is_no_peak(late, after, way):
    figures = np.array([1.0, 60.0, *[90.0] * 5, 100.0, *[late] * 14, after])
    stage = np.array([1, 2, *[3] * 20, 4], dtype=np.uint8)
    found = peaks_late(LifeOf(figures, figures / 200, stage, Relationship()))
    assert found.figures == (pytest.approx(way),)
    assert found.holds == (way == 1)


def test_on_a_plateau_profit_peaks_where_the_plateau_ends():
    table = lifecycle.check_differences(EDGES["plateau"]).set_index("name")
    assert table.loc["peaks_late", "measured"] == "profit peaks after 100% of stability"


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({"benefit_lag": 15}, True),
        ({"benefit_lag": 0}, False),
        ({"benefit_lag": 0, "bad_word_of_mouth": 1, "left_at": 0.9}, False),
        ({"benefit_lag": 0, "bad_word_of_mouth": 1_500}, True),
        ({"benefit_lag": 15, "largest_benefit": 0}, False),
    ],
)
def test_indirect_benefit_lags_or_turns_negative(changes, holds):
    table = lifecycle.check_table(Relationship(**changes)).set_index(["variable", "stage"])
    assert table.loc[("indirect_benefit", "decline"), "holds"] == holds


def test_profit_falls_faster_than_revenue_with_a_fixed_cost_and_that_breaks_before_the_table_does():
    broken = lifecycle.first_to_break(Relationship(fixed_cost=2_000))
    assert broken.iloc[0]["variable"] in ("b", "profit")
    assert broken["way"].is_monotonic_increasing
    assert (broken["way"] > 0).all()
    assert lifecycle.first_to_break(Relationship(decline_months=6)).empty


def test_the_table_is_checked_on_the_life_without_its_repair_and_its_acquisition_cost():
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

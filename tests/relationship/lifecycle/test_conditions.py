"""What breaks outside the textbook's conditions, one condition at a time."""

import numpy as np
import pytest
from textbook_lives import EDGES, HARDEST, RISING, broken_by

from cvmlab import lifecycle
from cvmlab.core.words import speaking
from cvmlab.relationship.lifecycle import Relationship
from cvmlab.relationship.lifecycle.claims import difference_findings
from cvmlab.relationship.lifecycle.movements import LifeOf, peaks_late

# What breaks outside: for each condition lives that miss only this one, and what gives way
OUTSIDE = [
    ("stages_run_their_course", {"explored": 0.2}, "volume exploration"),
    ("stages_run_their_course", {"exploration_months": 1, "formation_months": 18}, "volume formation"),
    ("stages_run_their_course", {"formed": 0.8}, "revenue formation"),
    ("stages_run_their_course", {"stability_months": 6}, "profit stability"),
    ("stages_run_their_course", {"left_at": 0.7}, "volume decline"),
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

"""The finished what-ifs say what their subjects compute."""

import itertools

import pandas as pd
import pytest

import cvmlab as cvm
from cvmlab import CvmError, factors, matrix, portfolio, value
from cvmlab.core import formats
from cvmlab.whatif import (
    current_value,
    growth_potential,
    matrix_and_budget,
    price_or_relationship,
    value_matrix,
    whale_curve,
)


# the finished what-ifs
def test_value_matrix_counts_as_the_matrix_module_does(customers):
    what_if = value_matrix(customers, matrix.Thresholds(40, 60), budget=1000)
    what_if.set(current_value=80)
    typed = matrix.classify(customers, matrix.Thresholds(80, 60))
    summary = matrix.summarise_types(typed).set_index("value_type")
    spent = matrix.budget(typed, 1000).set_index("value_type")
    for name in matrix.VALUE_TYPES:
        assert what_if.result[f"{name}_customers"] == summary.loc[name, "customers"]
        assert what_if.result[f"{name}_value"] == pytest.approx(summary.loc[name, "current_value"])
        assert what_if.result[f"{name}_budget"] == pytest.approx(spent.loc[name, "budget"])
    moved = (typed["value_type"] != matrix.classify(customers, matrix.Thresholds(40, 60))["value_type"]).sum()
    assert what_if.sentence.startswith(f"{moved} of 400 customers")


def test_whale_curve_says_what_after_acting_says(customers):
    what_if = whale_curve(customers)
    assert what_if.trouble == ""
    what_if._presets[0].click()
    assert what_if.scenario.stay_share == 0
    steps = portfolio.after_acting(customers, what_if.scenario).set_index("step")["profit"]
    assert {step: what_if.result[step] for step in steps.index} == pytest.approx(dict(steps))
    assert what_if.result["chance_evens_out"] < what_if.result["fixed_cost_stays"] < what_if.result["hoped"]


def test_whale_curve_saves_on_the_cost_to_serve_alone(customers):
    serving = customers.assign(serving=0.25 * (customers["revenue"] - customers["profit"]))
    what_if = whale_curve(serving, service="serving")
    what_if.set(saving=0.2)
    steps = portfolio.after_acting(serving, what_if.scenario, service="serving").set_index("step")["profit"]
    assert {step: what_if.result[step] for step in steps.index} == pytest.approx(dict(steps))
    of_all = whale_curve(customers)
    of_all.set(saving=0.2)
    gains = [each.result["hoped"] - each.result["as_is"] for each in (what_if, of_all)]
    assert gains[0] == pytest.approx(0.25 * gains[1]) and gains[1] > 0


def test_what_acting_costs_is_taken_from_every_promise_and_has_a_row(customers):
    what_if = whale_curve(customers, currency="$")
    what_if.set(stay_share=0.5, share=0.25)
    free = what_if.result
    what_if.set(cost_each=10)
    for step in ("hoped", "fixed_cost_stays", "chance_evens_out"):
        assert what_if.result[step] == pytest.approx(free[step] - 1_000)
    assert what_if.result["as_is"] == free["as_is"]
    assert "cost of the action ($)" in what_if.table and "<td>1,000</td>" in what_if.table
    assert "$" in what_if.sentence


def test_the_buttons_of_the_whale_curve_leave_what_is_assumed_alone(customers):
    what_if = whale_curve(customers)
    assumed = {"share": 0.2, "fixed_cost_share": 0.3, "persistence": 0.05}
    what_if.set(**assumed, price_change=0.3, cost_each=5)
    for preset in what_if._presets:
        preset.click()
        assert {name: getattr(what_if.scenario, name) for name in assumed} == assumed
    assert (what_if.scenario.saving, what_if.scenario.price_change, what_if.scenario.cost_each) == (0.2, 0, 0)


def test_the_slider_of_what_lasts_reaches_every_percent_from_any_start(customers):
    slider = whale_curve(customers, portfolio.WorstCustomers(persistence=0.34)).controls["persistence"].widget
    assert (slider.min, slider.max, slider.step, slider.value) == (0, 100, 1, 34)


def drawn(what_if):
    """Return the Axes of a what-if with what moves left on it."""
    picture = what_if._picture
    picture._draw(picture._ax, what_if.result)
    picture._grow()
    return picture._ax


def test_the_curve_is_drawn_to_its_new_end(customers):
    what_if = whale_curve(customers)
    what_if._presets[0].click()
    result, ax = what_if.result, drawn(what_if)
    tails = [line.get_xydata() for line in ax.lines if line.get_xdata()[0] == 0.7 and line.get_linestyle() == "-"]
    assert [tail[-1, 1] for tail in tails] == pytest.approx([result["hoped"], result["chance_evens_out"]])
    kept = portfolio.whale_curve(customers)["cumulative"][round(0.7 * len(customers)) - 1]
    assert [tail[0, 1] for tail in tails] == pytest.approx([kept] * 2)


def test_the_names_of_the_levels_lie_apart_where_the_axes_have_to_grow(customers):
    what_if = whale_curve(customers)
    for share in (0.3, 1):
        # drawn before the axes grow
        what_if._result = what_if._compute(what_if.scenario.replace(share=share, price_change=-0.5))
        ax = drawn(what_if)
        low, high = ax.get_ylim()
        places = sorted((text.get_position()[1] - low) / (high - low) for text in list(ax.texts)[-4:])
        assert min(b - a for a, b in itertools.pairwise(places)) > 0.069 and places[0] >= 0 and places[-1] <= 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_finished_what_ifs_draw_in_both_languages_without_a_missing_glyph(customers, language):
    cvm.use(language)
    for what_if in (whale_curve(customers, currency="$"), value_matrix(customers, currency="￥")):
        what_if.controls[next(iter(what_if.controls))].widget.value += 10
        assert what_if.trouble == "" and what_if.sentence
        assert what_if._repr_mimebundle_()[0]["image/png"]


def test_losses_and_equal_customers_do_not_break_the_finished_what_ifs(customers):
    poor = customers.assign(profit=-customers["revenue"], current_value=0.0, headroom=5.0)
    for what_if in (whale_curve(poor), value_matrix(poor)):
        assert what_if.trouble == "" and what_if.picture


def test_the_callers_frame_is_not_changed(customers):
    before = customers.copy()
    whale_curve(customers).set(share=0.1)
    value_matrix(customers).set(current_value=10.0)
    pd.testing.assert_frame_equal(customers, before)


def test_current_value_says_what_the_rule_and_the_margin_multiple_say():
    what_if = current_value(currency="¥")
    for first in ("next", "now"):
        for retention in (0.05, 0.6, 0.95):
            what_if.set(first=first, retention_rate=retention)
            result = what_if.result
            assert result["present_value"] == pytest.approx(6_300 * value.margin_multiple(retention, 0.1, first=first))
            # the outlines are the annuity, the filled bars the expected years
            assert result["certain"].sum() == pytest.approx(result["textbook_value"])
            assert result["expected"].sum() == pytest.approx(result["within"])
            assert result["within"] <= result["present_value"] < result["textbook_value"]
            shown = "been moved" not in what_if.sentence
            assert f"¥{round(result['textbook_value'], -1):,.0f}" in what_if.sentence or not shown


def test_current_value_says_when_winning_a_customer_pays_back():
    what_if = current_value()
    assert what_if.result["payback"] == 3
    what_if.set(years=19)
    assert "pays back in year 3" in what_if.sentence
    what_if.set(years=2)
    assert "does not come back within 2 years, but by year 3" in what_if.sentence
    assert "Of the expected 16,800, 7,914 come by year 2" in what_if.sentence
    what_if.set(profit=800)
    assert "never comes back" in what_if.sentence
    what_if.set(cost_to_win=0)
    assert "back" not in what_if.sentence and "too much" in what_if.sentence
    what_if.set(profit=0)
    assert what_if.sentence == "No profit: nothing to compare."
    what_if.reset()
    what_if.set(discount_rate=0, retention_rate=0.95, cost_to_win=0)
    assert what_if.trouble == "" and what_if.result["error_share"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("field", "values", "rises"),
    [
        ("share", (0.1, 0.4, 0.7, 1), False), ("wallet", (1_000, 20_000, 100_000), True),
        ("level", (0, 0.3, 0.4, 0.7, 1), True), ("products", (0, 1, 6), True), ("cost", (0, 4_000, 10_000), False),
        ("referrals", (0, 0.5, 2), True), ("wallet_growth", (-0.1, 0, 0.3), True),
        ("retention_rate", (0, 0.6, 1), True),
    ],
)  # fmt: skip
def test_growth_potential_moves_as_the_textbook_says(field, values, rises):
    what_if, found = growth_potential(), []
    for each in values:
        what_if.set(**{field: each})
        found.append(what_if.result["growth_potential"])
    assert found == sorted(found, reverse=not rises) and found[0] != found[-1]


def test_growth_potential_stacks_its_sources_and_is_never_below_nothing():
    what_if = growth_potential(currency="¥")
    sources = ("up_buying", "growth_of_business", "cross_buying", "referral")
    result = what_if.result
    assert sum(result[name] for name in sources) - result["cost"] == pytest.approx(result["growth_potential"])
    what_if.set(cost=4_000)
    assert "may cost up to ¥4,920. It costs ¥4,000, so that ¥920 is left" in what_if.sentence
    what_if.set(share=1, wallet_growth=0.1)
    assert "would bring ¥700 and cost ¥4,000: do not start it" in what_if.sentence
    assert "adds ¥6,530 without any strategy" in what_if.sentence
    assert what_if.result["growth_potential"] == what_if.result["growth_of_business"]
    what_if.reset()
    what_if.set(level=0.3)
    assert what_if.result["up_buying"] < 0 == what_if.result["growth_potential"]
    assert "would lose ¥2,580 and cost ¥3,000: do not start it" in what_if.sentence
    what_if.set(wallet_growth=-0.1)
    assert what_if.result["growth_of_business"] == 0
    what_if.set(share=1, level=1, wallet_growth=0)
    assert what_if.result["up_buying"] == 0 < what_if.result["referral"]
    what_if.set(wallet=0)
    assert what_if.trouble == ""


def redrawn(what_if):
    """Return the axes of a what-if with its result drawn on them."""
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    what_if._picture._frame(ax, what_if.baseline)
    what_if._picture._draw(ax, what_if.result)
    return ax


def test_every_profit_on_the_slider_is_drawn_within_the_axes():
    what_if = current_value()
    what_if.set(profit=12_000, first="now")
    ax = redrawn(what_if)
    assert max(bar.get_height() for bar in ax.patches) == pytest.approx(12_000) and ax.get_ylim()[1] >= 12_000


def test_growth_potential_says_what_a_strategy_may_cost_or_that_it_is_not_started():
    what_if = growth_potential(currency="¥")
    assert [text.get_text() for text in redrawn(what_if).texts] == ["at most ¥4,920", "¥1,920"]
    for preset in what_if._presets:
        preset.click()
        ax = redrawn(what_if)
        low, high = ax.get_ylim()
        ends = [end for bar in ax.patches for end in (bar.get_y(), bar.get_y() + bar.get_height())]
        assert low <= min(ends) and max(ends) <= high
    what_if.reset()
    what_if.set(level=0.3)
    assert redrawn(what_if).texts[0].get_text() == "not started, not counted"
    what_if.set(level=1)
    assert redrawn(what_if).texts[0].get_text() == "↑ at most ¥19,680"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_what_ifs_of_worth_draw_in_both_languages(language):
    cvm.use(language)
    for what_if in (current_value(currency="￥"), growth_potential(currency="￥")):
        for preset in what_if._presets:
            preset.click()
            assert what_if.trouble == "" and what_if.sentence and what_if.picture


@pytest.fixture
def shops():
    return pd.DataFrame(
        {
            "customer_id": list("abcdefgh"),
            "current_value": [24e3, 16.8e3, 13.5e3, 18.9e3, 3.6e3, 2.24e3, 1.5e3, 900],
            "could_win": [16e3, 12.3e3, 10.8e3, 8.1e3, 22.5e3, 13.6e3, 5.5e3, 2e3],
        }
    )


def test_matrix_and_budget_says_what_the_matrix_module_says(shops):
    what_if = matrix_and_budget(shops, currency="¥")
    what_if.set(current_value=14_000, leaving=0.4, won=0.6, budget=10_000)
    known = shops.assign(
        growth_potential=(0.6 * shops["could_win"] - 4_000).clip(lower=0),
        at_stake=shops["could_win"] + 0.4 / 0.6 * shops["current_value"],
    )
    typed = matrix.classify(known, matrix.Thresholds(14_000, 4_000), potential="growth_potential")
    steep = matrix.steepness_from(4_000, 0.6, assumed_ceiling=1)
    both = matrix.compare_budgets(typed, 10_000, "at_stake", assumed_ceiling=1, assumed_steepness=steep)
    result = what_if.result
    assert result["types"].tolist() == typed["value_type"].tolist()
    assert result["table_profit"] == pytest.approx(both["heuristic_profit"].sum())
    assert result["best_profit"] == pytest.approx(both["optimal_profit"].sum())
    assert (result["shares"]["optimal"] * 10_000).tolist() == pytest.approx(both["optimal_budget"].tolist())
    assert result["best_profit"] >= result["table_profit"]
    rest = {"weights": {"II": 1, "III": 1, "IV": 1}, "assumed_ceiling": 1, "assumed_steepness": steep}
    without = matrix.compare_budgets(typed, 10_000, "at_stake", **rest)
    assert (typed["value_type"] == "I").any()
    assert result["rest_profit"] == pytest.approx(without["heuristic_profit"].sum())
    assert (
        "of 8 shops have changed type. Of ¥10,000, Table 3-2 with weights 0, 1, 2, 3 leaves over ¥" in what_if.sentence
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_matrix_and_budget_draws_in_both_languages_whatever_is_pressed(shops, language):
    cvm.use(language)
    what_if = matrix_and_budget(shops, currency="￥")
    for preset in what_if._presets:
        preset.click()
        assert what_if.trouble == "" and what_if.sentence and what_if.picture


def test_where_all_customers_are_small_a_sentence_says_so(shops):
    assert "weight" in matrix_and_budget(shops.assign(current_value=10.0, could_win=10.0)).trouble


@pytest.fixture(scope="module")
def choices():
    return cvm.datasets.load("packaging_choices")


def test_price_or_relationship_says_what_the_factors_module_says(choices):
    what_if = price_or_relationship(choices, currency="¥")
    what_if.set(cut=0.08, margin=0.4)
    attributes = ["price", "trust", "innovation"]
    asked = {"alternative": "linhe", "by": "segment", "spend": "spend", "cut": 0.08, "assumed_margin": 0.4}
    table = factors.price_cut(choices, attributes, **asked)
    ours = choices[choices["alternative"] == "linhe"]
    sold = table["share"].to_numpy() * ours.groupby("segment")["spend"].sum().to_numpy()
    result = what_if.result
    assert (table["profit_change"] * sold).tolist() == pytest.approx(result["by_cut"].tolist())
    not_price = (table["first_factor"] != "price").to_numpy()
    assert not_price.tolist() == [True, True, False, False]
    assert result["won"] == pytest.approx((table["won_revenue"] * sold)[not_price].sum())
    assert result["given_away"] == pytest.approx(0.08 * sold[not_price].sum())
    assert result["cut_profit"] == pytest.approx(result["by_cut"][not_price].sum())
    assert result["price_profit"] == pytest.approx(result["by_cut"][~not_price].sum())
    assert "a cut of 8% wins ¥" in what_if.sentence
    # a buyer for whom more trust costs just that leaves the profit as it was
    buyers = choices.groupby("segment")["customer_id"].nunique().to_numpy()
    what_if.set(cost_each=0)
    assert (what_if.result["worth_each"] * buyers).tolist() == pytest.approx(what_if.result["by_trust"].tolist())
    what_if.set(follow=1)
    assert "a cut of 8% wins next to nothing, gives away" in what_if.sentence


def test_the_bars_of_price_or_relationship_stay_on_the_axes_and_say_their_money(choices):
    what_if = price_or_relationship(choices, currency="¥")
    what_if.set(cut=0.2, margin=0.05)
    ax, result = drawn(what_if), what_if.result
    low, high = ax.get_ylim()
    assert low < result["by_cut"].min() and result["by_trust"].max() < high
    said = [text.get_text() for text in ax.texts]
    assert {formats.money(change) for change in result["by_cut"]} <= set(said)
    assert [text for text in said if text.startswith("up to")] == [
        f"up to ¥{round(each, -1):,.0f}" for each in result["worth_each"]
    ]


def test_where_rivals_match_the_cut_and_trust_is_free_or_dear(choices):
    what_if = price_or_relationship(choices)
    before = what_if.baseline
    what_if.set(follow=1)
    assert (what_if.result["by_cut"] < before["by_cut"]).all()
    assert what_if.result["by_trust"].tolist() == before["by_trust"].tolist()
    what_if.reset()
    what_if.set(trust=0, cost_each=100)
    buyers = choices.groupby("segment")["customer_id"].nunique()
    assert what_if.result["by_trust"].tolist() == pytest.approx((-100.0 * buyers).tolist())
    what_if.set(trust=1, cost_each=0)
    assert (what_if.result["by_trust"] > 0).all()
    what_if.set(cut=0)
    assert what_if.result["by_cut"].tolist() == pytest.approx([0, 0, 0, 0])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_price_or_relationship_draws_in_both_languages_whatever_is_pressed(choices, language):
    cvm.use(language)
    what_if = price_or_relationship(choices, currency="￥")
    for preset in what_if._presets:
        preset.click()
        assert what_if.trouble == "" and what_if.sentence and what_if.picture


def test_an_unknown_supplier_and_too_many_segments_are_named(choices):
    with pytest.raises(CvmError, match="rival_a"):
        price_or_relationship(choices, alternative="nobody")
    with pytest.raises(CvmError, match="12"):
        price_or_relationship(choices.assign(segment=choices["choice_id"]))

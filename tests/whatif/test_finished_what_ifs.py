"""The finished what-ifs say what their subjects compute."""

import pandas as pd
import pytest

import cvmlab as cvm
from cvmlab import matrix, portfolio
from cvmlab.whatif import value_matrix, whale_curve


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

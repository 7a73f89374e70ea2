"""The lines of the value matrix: how each is chosen, and bad input."""

import numpy as np
import pandas as pd
import pytest

from cvmlab.core.words import CvmError, term
from cvmlab.worth.matrix import Thresholds, break_even_threshold, choose_thresholds, strategy_break_even

customers = pd.DataFrame({
    "current_value": [1.0, 2.0, 3.0, 4.0, 100.0], "headroom": [0.0, 0.0, 10.0, 20.0, 30.0]
})  # fmt: skip


def test_low_is_below_break_even_by_default_and_never_the_median():
    found = choose_thresholds(customers, avoidable_cost=2, strategy_cost=5, success_rate=0.5, discount_rate=0)
    assert found == Thresholds(2, 10, "break_even", "break_even")


def test_the_cost_of_keeping_is_discounted_over_the_years():
    assert break_even_threshold(100, years=2, discount_rate=0.25) == pytest.approx(80 + 64)
    assert break_even_threshold(100, years=2, discount_rate=0.25, first="now") == pytest.approx(180)
    assert break_even_threshold(0) == 0


def test_a_median_or_quantile_is_a_stated_choice():
    found = choose_thresholds(
        customers, current_value_choice="median", growth_potential_choice="quantile", quantile=0.75
    )
    assert found == Thresholds(3, 20, "median", "quantile")
    for language in ("en", "zh"):
        assert term(f"matrix.choice_{found.current_value_choice}", language)


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda: break_even_threshold(-1), "checking.too_small"),
        (lambda: break_even_threshold(1, discount_rate=-1), "checking.not_above"),
        (lambda: break_even_threshold(1, years=0), "checking.not_above"),
        (lambda: strategy_break_even(10, 0), "checking.out_of_range"),
        (lambda: choose_thresholds(customers, current_value_choice="mean"), "matrix.unknown_choice"),
        (lambda: choose_thresholds(customers, potential="growth_potential"), "tables.missing_column"),
        (lambda: Thresholds(np.nan, 0), "scenario.not_a_number"),
        (lambda: Thresholds(0, 0, "guess"), "scenario.not_a_choice"),
        (lambda: Thresholds().replace(value=1), "scenario.unknown_field"),
    ],
)
def test_bad_input(call, key):
    with pytest.raises(CvmError) as caught:
        call()
    assert caught.value.key == key
    assert str(caught.value)

"""Present values: identities of discounting, and bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab.core.discounting import annuity, discount_factor, period_rate, present_value
from cvmlab.core.words import CvmError

rates = st.floats(-0.5, 1.0).filter(lambda rate: rate == 0 or abs(rate) > 1e-4)
per_year = st.sampled_from([1, 2, 4, 12, 52])
firsts = st.sampled_from(["now", "next"])
modest = settings(max_examples=60, deadline=None)


@modest
@given(rates, per_year)
def test_the_rates_of_the_periods_compound_to_the_year(rate, periods_per_year):
    one = period_rate(rate, periods_per_year)
    assert (1 + one) ** periods_per_year == pytest.approx(1 + rate, rel=1e-12)
    assert discount_factor(rate, 3.0 * periods_per_year, periods_per_year) == pytest.approx((1 + rate) ** -3)


@modest
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), rates, per_year)
def test_now_is_next_one_period_earlier(flows, rate, periods_per_year):
    now = present_value(flows, rate, periods_per_year, first="now")
    following = present_value(flows, rate, periods_per_year, first="next")
    assert now == pytest.approx(following * (1 + period_rate(rate, periods_per_year)), rel=1e-9, abs=1e-6)


@modest
@given(st.integers(1, 60), rates, per_year, firsts)
def test_an_annuity_is_the_present_value_of_ones(periods, rate, periods_per_year, first):
    by_sum = float(present_value(np.ones(periods), rate, periods_per_year, first))
    assert annuity(float(periods), rate, periods_per_year, first) == pytest.approx(by_sum, rel=1e-9)


def test_each_customer_is_discounted_alike():
    flows = np.array([[10.0, 1.0], [20.0, 2.0], [30.0, 3.0]])
    together = present_value(flows, 0.1)
    assert together.shape == (2,)
    assert together[0] == pytest.approx(10 * together[1])
    assert together[0] == pytest.approx(float(present_value(flows[:, 0], 0.1)))


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda: present_value([1.0], -1), "checking.not_above"),
        (lambda: present_value([1.0], np.nan), "guarding.needs"),
        (lambda: present_value([], 0.1), "value.no_periods"),
        (lambda: present_value(5.0, 0.1), "value.no_periods"),
        (lambda: present_value([1.0, np.nan], 0.1), "guarding.array_figure"),
        (lambda: present_value([1.0], 0.1, periods_per_year=0), "checking.not_above"),
        (lambda: present_value([1.0], 0.1, first="later"), "guarding.needs"),
        (lambda: annuity(-1.0, 0.1), "checking.too_small"),
    ],
)
def test_bad_input(call, key):
    with pytest.raises(CvmError) as caught:
        call()
    assert caught.value.key == key
    assert str(caught.value)

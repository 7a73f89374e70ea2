"""Whale and concentration curves: shape, published rule of thumb, and bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import portfolio
from cvmlab.core.words import CvmError

modest = settings(max_examples=60, deadline=None)
# whole cents, so that sums are exact and no rounding hides behind a tolerance
cents = st.integers(-10_000_000, 10_000_000)
lists = st.lists(cents, min_size=1, max_size=40)


def customers_with(profits, column="profit"):
    return pd.DataFrame({"customer_id": [f"{row:03}" for row in range(len(profits))], column: profits}).astype(
        {column: float}
    )


@modest
@given(lists)
def test_a_whale_curve_ends_at_the_net_total_and_bends_down(profits):
    curve = portfolio.whale_curve(customers_with(profits))
    assert curve["cumulative"].iloc[-1] == sum(profits)
    assert (np.diff(curve["amount"]) <= 0).all()
    assert sorted(curve["customer_id"]) == [f"{row:03}" for row in range(len(profits))]
    assert curve["customer_share"].iloc[-1] == 1
    if sum(profits) > 0:
        assert curve["cumulative_share"].iloc[-1] == 1
        assert portfolio.remark(curve) == ""
    else:
        assert curve["cumulative_share"].isna().all()
        assert portfolio.remark(curve)


@modest
@given(lists.filter(lambda profits: sum(profits) > 0))
def test_the_peak_exceeds_the_total_exactly_when_there_are_losses(profits):
    top = portfolio.peak(portfolio.whale_curve(customers_with(profits)))
    assert top.cumulative_share >= 1
    assert (top.cumulative_share > 1) == any(profit < 0 for profit in profits)
    assert top.cumulative - top.lost == sum(profits)
    assert top.customers == sum(profit > 0 for profit in profits)


@modest
@given(lists.filter(lambda revenues: max(revenues) > 0), st.floats(0, 1), st.floats(0, 1))
def test_a_concentration_curve_never_exceeds_the_whole(revenues, one, other):
    curve = portfolio.concentration_curve(customers_with(revenues, "revenue"))
    shares = curve["cumulative_share"].to_numpy()
    assert (np.diff(shares) >= 0).all() and shares[-1] == 1 and shares[0] > 0
    few, many = sorted((one, other))
    assert portfolio.top_share(curve, few) <= portfolio.top_share(curve, many)
    assert portfolio.top_share(curve, few) >= few - 1e-12
    assert -1e-12 <= portfolio.gini(curve) <= 1 - 1 / len(revenues) + 1e-12


@modest
@given(lists.filter(lambda revenues: max(revenues) > 0), st.floats(0.01, 1))
def test_how_many_bring_a_share_is_the_inverse_of_what_they_bring(revenues, share):
    curve = portfolio.concentration_curve(customers_with(revenues, "revenue"))
    assert portfolio.top_share(curve, portfolio.customers_for(curve, share)) == pytest.approx(share)


def test_the_rule_of_20_80_30():
    # CVM-CRM §1, read as shares of the profit at the top: the best 20% bring 80% of it, the worst 30%
    # halve it. Of the net total the best 20% then bring 160%.
    curve = portfolio.whale_curve(customers_with([160 / 20] * 20 + [40 / 50] * 50 + [-100 / 30] * 30))
    assert portfolio.top_share(curve, 0.2) == pytest.approx(1.6)
    top = portfolio.peak(curve)
    assert (top.customer_share, top.cumulative_share) == (0.7, pytest.approx(2.0))
    assert top.lost == pytest.approx(top.cumulative / 2)


def test_gini_of_equal_and_of_one_for_all():
    assert portfolio.gini(portfolio.concentration_curve(customers_with([5] * 10, "revenue"))) == pytest.approx(0)
    one = portfolio.concentration_curve(customers_with([7] + [0] * 9, "revenue"))
    assert portfolio.gini(one) == pytest.approx(0.9)


def test_equal_profits_stand_in_the_order_of_their_ids_whatever_the_order_of_rows():
    customers = customers_with([5, 5, 5, -1])
    forward, backward = portfolio.whale_curve(customers), portfolio.whale_curve(customers[::-1])
    pd.testing.assert_frame_equal(forward, backward)


@pytest.mark.parametrize("profits", [[0], [0, 0, 0], [-5], [-5, -1], [10, -30]])
def test_without_a_positive_total_money_is_told_and_shares_are_not(profits):
    curve = portfolio.whale_curve(customers_with(profits))
    top = portfolio.peak(curve)
    assert top.cumulative == max(profits[0], 0) and np.isnan(top.cumulative_share)
    for share in (portfolio.top_share(curve), portfolio.customers_for(curve), portfolio.gini(curve)):
        assert np.isnan(share)


def test_one_customer_brings_everything():
    curve = portfolio.whale_curve(customers_with([7]))
    assert portfolio.peak(curve) == portfolio.Peak(1, 1.0, 7.0, 1.0, 0.0)
    assert portfolio.top_share(curve, 0.2) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("customers", "key"),
    [
        (pd.DataFrame({"customer_id": [], "profit": []}), "tables.no_rows"),
        (pd.DataFrame({"customer_id": ["1"], "revenue": [1.0]}), "tables.missing_column"),
        (pd.DataFrame({"profit": [1.0]}), "tables.missing_column"),
        (pd.DataFrame({"customer_id": ["1"], "profit": [np.nan]}), "tables.missing_values"),
        (pd.DataFrame({"customer_id": ["1", "1"], "profit": [1.0, 2.0]}), "checking.repeated_customer"),
    ],
)
def test_bad_customers(customers, key):
    with pytest.raises(CvmError) as caught:
        portfolio.whale_curve(customers)
    assert caught.value.key == key


def test_bad_curves_and_shares():
    curve = portfolio.whale_curve(customers_with([3, 2, 1]))
    for call, key in (
        (lambda: portfolio.top_share(curve, 20), "checking.out_of_range"),
        (lambda: portfolio.peak(curve[::-1]), "portfolio.no_order"),
        (lambda: portfolio.peak(customers_with([1])), "tables.missing_column"),
        (lambda: portfolio.gini(curve[:0]), "tables.no_rows"),
    ):
        with pytest.raises(CvmError) as caught:
            call()
        assert caught.value.key == key


@pytest.mark.parametrize("use", [portfolio.peak, portfolio.top_share, portfolio.customers_for, portfolio.gini])
@pytest.mark.parametrize("gaps", [[0], [1], [2], [0, 1, 2]])
def test_a_curve_with_gaps_in_its_shares_is_refused(use, gaps):
    curve = portfolio.whale_curve(customers_with([3, 2, 1]))
    curve.loc[gaps, "cumulative_share"] = np.nan
    with pytest.raises(CvmError) as caught:
        use(curve)
    assert (caught.value.key, caught.value.values["row"]) == ("tables.missing_values", gaps[0] + 1)

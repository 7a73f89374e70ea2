"""Unusual cost: the line of the usual, and how much of the distance from it lasts, on simulated years."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab.core.words import CvmError
from cvmlab.worth.portfolio import lasting_cost
from cvmlab.worth.portfolio.unusual import usual_cost

modest = settings(max_examples=50, deadline=None)
money = st.floats(0, 1e5, allow_subnormal=False)


def years(count=4_000, lasts=0.4, seed=5, dearer=0.0):
    random = np.random.default_rng(seed)
    sales = random.lognormal(9, 0.6, count)
    lasting = random.normal(0, np.sqrt(lasts), count)
    for more in (0.0, dearer):
        serving = 800 + more + 0.1 * sales + 500 * (lasting + random.normal(0, np.sqrt(1 - lasts), count))
        yield pd.DataFrame({
            "customer_id": [f"{row:05}" for row in range(count)], "revenue": sales, "serving": serving,
            "profit": 0.3 * sales - serving,
        })  # fmt: skip


@modest
@given(st.lists(st.tuples(money, money), min_size=1, max_size=30))
def test_the_usual_adds_up_to_the_cost_and_is_never_negative(rows):
    sold, cost = np.array(rows).T
    usual = usual_cost(sold, cost)
    assert usual.sum() == pytest.approx(cost.sum(), abs=1e-6 * (1 + cost.sum()))
    assert (usual >= -1e-6 * (1 + cost.max())).all()
    # those who buy more cost no less
    assert (np.diff(usual[np.argsort(sold)]) >= -1e-6 * (1 + cost.max())).all()


def test_the_line_is_that_of_weighted_least_squares():
    frame, _ = years(500)
    sold, cost = frame["revenue"].to_numpy(), frame["serving"].to_numpy()
    slope, each = np.polyfit(sold, cost, 1, w=1 / np.sqrt(sold + sold.mean()))
    assert usual_cost(sold, cost) == pytest.approx(each + slope * sold)


def test_one_giant_does_not_draw_the_line():
    sold = np.append(np.linspace(500, 1_500, 400), 100_000.0)
    cost = np.append(100 + 0.2 * sold[:-1], 5_000.0)
    rest = usual_cost(sold, cost)[:-1]
    plain = np.polyval(np.polyfit(sold, cost, 1), sold[:-1])
    assert np.abs(rest - cost[:-1]).sum() < np.abs(plain - cost[:-1]).sum()


@pytest.mark.parametrize("lasts", [0.0, 0.4, 0.9])
def test_the_share_that_lasts_is_found_again(lasts):
    found = lasting_cost(*years(20_000, lasts), seed=1, service="serving")
    assert found.share == pytest.approx(lasts, abs=0.03)
    assert found.low < found.share < found.high and found.high - found.low < 0.1
    assert found.unusual_after / found.unusual_before == pytest.approx(found.share)


def test_a_year_dear_for_all_is_usual():
    same, dear = (lasting_cost(*years(dearer=more), seed=1, service="serving") for more in (0.0, 300.0))
    assert dear == pytest.approx(same)


def test_intervals_cover_the_truth():
    found = [lasting_cost(*years(240, 0.4, seed), seed=1, service="serving") for seed in range(60)]
    assert sum(each.low <= 0.4 <= each.high for each in found) >= 52


def test_customers_who_come_or_go_are_left_out():
    this, following = years(400)
    stayed = following.iloc[50:]
    extra = following.iloc[:5].assign(customer_id=[f"new{row}" for row in range(5)])
    found = lasting_cost(this, pd.concat([stayed, extra]).iloc[::-1], seed=1, service="serving")
    assert found == pytest.approx(lasting_cost(this.iloc[50:], stayed, seed=1, service="serving"))


def test_without_a_column_of_service_all_cost_counts():
    this, following = years(400)
    cost = [year.assign(all_of_it=year["revenue"] - year["profit"]) for year in (this, following)]
    assert lasting_cost(this, following, seed=1) == lasting_cost(*cost, seed=1, service="all_of_it")


def test_usual_cost_has_no_share_that_lasts():
    ids, sales = [str(row) for row in range(60)], np.linspace(1, 60, 60)
    frame = pd.DataFrame({"customer_id": ids, "revenue": sales, "profit": 0.5 * sales})
    found = lasting_cost(frame, frame, seed=1)
    assert np.isnan([found.share, found.low, found.high]).all()
    assert found.unusual_before == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"share": 0}, "checking.out_of_range"),
        ({"share": 1.5}, "checking.out_of_range"),
        ({"service": "calls"}, "tables.missing_column"),
    ],
)
def test_bad_input(options, key):
    with pytest.raises(CvmError) as caught:
        lasting_cost(*years(60), seed=1, **options)
    assert caught.value.key == key


def test_too_few_customers():
    with pytest.raises(CvmError) as caught:
        lasting_cost(*years(40), seed=1)
    assert caught.value.key == "portfolio.too_few"

"""Acting on the worst customers: what fixed cost and chance take back, checked on simulated years."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab.core.words import CvmError, term
from cvmlab.worth.portfolio import WorstCustomers, after_acting, after_dissolving, reprice, serve_cheaper

modest = settings(max_examples=50, deadline=None)
shares = st.floats(0, 1)
rows = st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e5)), min_size=1, max_size=30)  # revenue and cost


def customers_from(rows):
    frame = pd.DataFrame(rows, columns=["revenue", "cost"])
    return frame.assign(customer_id=[str(row) for row in range(len(rows))], profit=frame["revenue"] - frame["cost"])


def with_service(rows, part):
    """Return customers of whose cost a part is cost to serve."""
    return customers_from(rows).assign(serving=lambda frame: part * frame["cost"])


def profit_of(steps):
    return dict(zip(steps["step"], steps["profit"], strict=True))


@modest
@given(rows, shares, shares, shares)
def test_fixed_cost_and_chance_never_add_to_the_hope_of_dissolving(rows, share, fixed_cost_share, persistence):
    customers = customers_from(rows)
    found = profit_of(after_dissolving(customers, share, fixed_cost_share=fixed_cost_share, persistence=persistence))
    slack = 1e-6 * (1 + customers["revenue"].sum() + customers["cost"].sum())
    assert found["fixed_cost_stays"] <= found["hoped"] + slack
    assert found["as_is"] == pytest.approx(customers["profit"].sum(), abs=slack)


@modest
@given(rows, shares, shares, shares, shares, st.sampled_from([None, "serving"]))
def test_doing_nothing_changes_nothing(rows, part, share, fixed_cost_share, persistence, service):
    customers = with_service(rows, part)
    idle = WorstCustomers(share, fixed_cost_share, persistence, stay_share=1, price_change=0, saving=0)
    # so the sums over all customers are the same at any persistence
    assert after_acting(customers, idle, service=service)["change"].tolist() == pytest.approx([0] * 4, abs=3)
    nobody = idle.replace(share=0, stay_share=0)
    assert after_acting(customers, nobody, service=service)["change"].tolist() == pytest.approx([0] * 4, abs=3)


@modest
@given(rows, shares, shares, shares, st.sampled_from([None, "serving"]))
def test_the_more_cost_is_fixed_the_less_parting_brings(rows, part, share, persistence, service):
    customers = with_service(rows, part)
    options = {"persistence": persistence, "service": service}
    change = [
        after_dissolving(customers, share, fixed_cost_share=fixed, **options)["change"].iloc[-1]
        for fixed in (0, 0.3, 0.7, 1)
    ]
    assert (np.diff(change) <= 1e-6 * (1 + customers["cost"].sum())).all()


@modest
@given(rows, shares, shares)
def test_chance_moves_no_sales(rows, share, persistence):
    customers = customers_from(rows)
    found = reprice(customers, share, price_change=0.1, stay_share=1, persistence=persistence)["change"]
    worst = customers.sort_values("profit", kind="stable").head(round(share * len(rows)))
    if customers["profit"].is_unique:
        assert found.iloc[-1] == pytest.approx(0.1 * worst["revenue"].sum(), abs=3)


def test_a_cheaper_service_saves_on_the_cost_to_serve_alone():
    customers = customers_from([(100.0, 40.0), (100.0, 90.0)]).assign(serving=[10.0, 30.0])
    options = {"saving": 0.2, "stay_share": 1, "fixed_cost_share": 0.5}
    change = serve_cheaper(customers, 0.5, service="serving", **options)["change"]
    # of 30 half is avoidable, 15, expected next year at 10 + 0.6 · 5 = 13
    assert change.tolist() == pytest.approx([0, 6, 3, 2.6])
    parted = after_dissolving(customers, 0.5, service="serving", fixed_cost_share=0.5)["change"]
    # sales of 100 go, with 30 of goods and those 13
    assert parted.iloc[-1] == pytest.approx(30 + 13 - 100)


def test_dissolving_nobody_and_everybody():
    customers = customers_from([(100.0, 40.0), (50.0, 80.0)])
    assert after_dissolving(customers, 0)["profit"].tolist() == pytest.approx([30] * 4)
    everybody = profit_of(after_dissolving(customers, 1, fixed_cost_share=0.5))
    assert everybody == pytest.approx({"as_is": 30, "hoped": 0, "fixed_cost_stays": -60, "chance_evens_out": -60})


def test_expected_profit_is_what_a_second_simulated_year_brings():
    random = np.random.default_rng(3)
    count, persistence, fixed_cost_share, share = 40_000, 0.4, 0.2, 0.3
    sales = random.lognormal(9, 0.8, count)
    goods = 0.6 * sales
    lasting = random.normal(0, np.sqrt(persistence), count)
    this_year, next_year = (
        1_000 + 0.2 * sales + 900 * (lasting + random.normal(0, np.sqrt(1 - persistence), count)) for _ in range(2)
    )
    frame = pd.DataFrame({
        "customer_id": [f"{row:05}" for row in range(count)],
        "revenue": sales, "serving": this_year, "profit": sales - goods - this_year,
    })  # fmt: skip
    options = {"fixed_cost_share": fixed_cost_share, "persistence": persistence}
    found = profit_of(after_dissolving(frame, share, service="serving", **options))
    kept = np.argsort(frame["profit"].to_numpy(), kind="stable")[round(share * count) :]
    fixed = fixed_cost_share * (goods + this_year).sum()
    realised = (sales - (1 - fixed_cost_share) * (goods + next_year))[kept].sum() - fixed
    error = 900 * np.sqrt(count)
    assert found["chance_evens_out"] == pytest.approx(realised, abs=4 * error)
    assert found["fixed_cost_stays"] > realised + 20 * error
    # drawing sales, too, to the mean of all takes far more than chance does
    mean_sales, mean_cost = sales.mean(), (goods + this_year).mean()
    drawn = mean_sales - mean_cost + persistence * (frame["profit"] - frame["profit"].mean())
    assert abs(drawn.to_numpy()[kept].sum() - realised - fixed) > 20 * error


def test_a_higher_price_is_worth_less_when_some_leave():
    customers = customers_from([(100.0, 40.0), (100.0, 60.0), (100.0, 80.0), (100.0, 90.0)])
    nobody_leaves, some_leave = (
        reprice(customers, 0.5, price_change=0.1, stay_share=stay)["change"].iloc[-1] for stay in (1, 0.6)
    )
    assert nobody_leaves == pytest.approx(20) and some_leave < nobody_leaves
    # the two who leave bring 57.5 each before fixed cost, and take it along
    assert serve_cheaper(customers, 0.5, saving=0, stay_share=0, persistence=1)["change"].iloc[-1] < 0


def test_a_cheaper_service_saves_its_share_of_the_avoidable_cost():
    customers = customers_from([(100.0, 40.0), (100.0, 90.0)])
    change = serve_cheaper(customers, 0.5, saving=0.2, stay_share=1, fixed_cost_share=0.5)["change"]
    # avoidable 45, expected next year at 32.5 + 0.6 · 12.5 = 40
    assert change.tolist() == pytest.approx([0, 18, 9, 8])


def test_each_step_has_a_wording_in_both_languages():
    steps = after_dissolving(customers_from([(1.0, 2.0)]))["step"]
    for language in ("en", "zh"):
        assert len({term(f"portfolio.{step}", language) for step in steps}) == 4


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"share": 1.5}, "scenario.above_maximum"),
        ({"fixed_cost_share": -0.1}, "scenario.below_minimum"),
        ({"persistence": float("nan")}, "guarding.needs"),
        ({"revenue": "turnover"}, "tables.missing_column"),
        ({"service": "calls"}, "tables.missing_column"),
    ],
)
def test_bad_input(options, key):
    with pytest.raises(CvmError) as caught:
        after_dissolving(customers_from([(1.0, 2.0)]), **options)
    assert caught.value.key == key
    assert str(caught.value)

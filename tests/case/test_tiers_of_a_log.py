"""Tiers from transaction data: when they are told, on what money they rest, and how far it is to the next one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cvmlab.case import Assumptions
from cvmlab.case.tiers import LEAST_BUYERS, Tiers, place_in_tiers
from cvmlab.data.panels import Panel


def panel(revenue: np.ndarray, **more: np.ndarray) -> Panel:
    """Return a monthly panel of revenue, shape (months, customers), with an order in each month with revenue."""
    months, customers = revenue.shape
    period = (np.datetime64("2022-01") + np.arange(months)).astype("datetime64[D]")
    ids = np.array([f"{number:03}" for number in range(customers)], dtype=object)
    values = {"revenue": revenue, "volume": (revenue != 0).astype(float), **more}
    return Panel(ids, period, 1, values, np.zeros(customers, dtype=np.int64))


def placed_in(made: Panel, assumed: Assumptions | None = None, **told: list[str]) -> Tiers | None:
    """Place customers who all still buy, but those named as ``silent``, ``called`` or ``held``."""
    ids = pd.Index(made.customer_id)
    named = {name: ids.isin(told.get(name, [])) for name in ("silent", "called", "held")}
    reachable = pd.DataFrame({"still": ~named["silent"], "called": named["called"], "held": named["held"]}, index=ids)
    return place_in_tiers(made, assumed or Assumptions(), reachable)


def rising(months: int = 12, customers: int = 50) -> np.ndarray:
    """Return revenue of 1, 2, 3 … per month."""
    return np.tile(np.arange(1.0, customers + 1), (months, 1))


def of(found: pd.DataFrame, customer: int) -> pd.Series:
    return found.set_index("customer_id").loc[f"{customer:03}"]


def test_the_best_fifth_is_gold_and_the_best_of_it_diamond():
    found = placed_in(panel(rising()))
    counts = found.summary.set_index("tier")["customers"]
    assert counts[["diamond", "gold", "strategic", "potential", "general", "problem"]].tolist() == [2, 8, 0, 0, 40, 0]
    assert found.cut_offs.high_profit == 40 * 12
    assert of(found.placed, 38)["profit_to_next"] == 12
    assert of(found.to_next(), 38)["to_next_tier"] == 12
    assert np.isnan(of(found.to_next(), 49)["to_next_tier"])


def test_the_nearest_in_relation_to_what_they_bring_come_first():
    nearest = placed_in(panel(rising())).nearest()
    assert (nearest["profit_to_next"] / nearest["profit"]).is_monotonic_increasing
    assert (nearest["profit_to_next"] > 0).sum() == len(nearest)


def test_nearest_are_neither_falling_nor_silent_called_or_held_out():
    revenue = rising(months=24)
    revenue[12:, 38], revenue[12:, 34], revenue[12:, 33] = 0.74 * 39, 30.0, 40.0
    found = placed_in(panel(revenue), silent=["037"], called=["036"], held=["035"])
    assert of(found.placed, 38)["falling"] and not of(found.placed, 34)["falling"]
    assert of(found.placed, 34)["last_year"] == 360
    nearest = set(found.nearest()["customer_id"])
    assert {"032", "033", "034"} <= nearest and not {"035", "036", "037", "038"} & nearest
    assert found.placed["open"].sum() == 47


def test_customers_on_a_line_are_counted_where_it_lies_in_a_tie():
    assert placed_in(panel(rising())).tied == {}
    revenue = rising()
    revenue[:, 36:44] = 40
    assert placed_in(panel(revenue)).tied == {480: 8}


def test_a_return_alone_makes_no_problem_customer():
    revenue = rising()
    revenue[:, 5] = -1
    made = panel(revenue)
    made.values["volume"][:, 5] = 1
    assert of(placed_in(made).placed, 5)["tier"] == "general"
    assert of(placed_in(made, Assumptions(margin=0.3)).placed, 5)["tier"] == "general"
    assert of(placed_in(panel(revenue, profit=revenue)).placed, 5)["tier"] == "problem"


def test_only_full_years_count_and_at_most_three():
    revenue = rising(months=50)
    revenue[:14] *= 1000
    found = placed_in(panel(revenue))
    assert found.years == 3
    assert of(found.placed, 9)["revenue"] == 120


def test_a_customer_counts_from_the_first_year_with_a_purchase():
    revenue = rising(months=36)
    revenue[:24, 9] = 0
    assert of(placed_in(panel(revenue)).placed, 9)["revenue"] == 120


def test_who_bought_nothing_in_the_last_year_has_no_tier():
    revenue = rising(months=24)
    revenue[12:, 49] = 0
    assert "049" not in set(placed_in(panel(revenue)).placed["customer_id"])


def test_profit_goes_before_size_and_losses_are_problems():
    revenue = rising()
    profit = 0.2 * revenue
    profit[:, 49], profit[:, 48] = 0.1, -3.0
    found = placed_in(panel(revenue, profit=profit))
    assert of(found.placed, 49)["tier"] == "general"
    assert of(found.placed, 49)["opportunity"]
    assert of(found.placed, 48)["tier"] == "problem"
    assert of(found.to_next(), 48)["to_next_tier"] == 36


def test_a_stated_margin_with_a_cost_per_order_goes_before_recorded_profit():
    revenue = rising()
    found = placed_in(panel(revenue, profit=revenue), Assumptions(margin=0.5, cost_per_order=2))
    assert of(found.placed, 9)["profit"] == 12 * (0.5 * 10 - 2)
    assert of(found.placed, 0)["tier"] == "problem"


@pytest.mark.parametrize(
    "revenue",
    [rising(months=11), rising(customers=LEAST_BUYERS - 1), np.full((12, 50), 7.0), -rising(), rising()[:0]],
    ids=["less than a year", "few customers", "all pay alike", "only refunds", "no complete month"],
)
def test_no_tiers_where_the_data_cannot_tell_them(revenue):
    assert placed_in(panel(revenue)) is None

"""Falls beside chance: by hand, when they are shown, and graded against silence in worlds whose truth is known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from worlds import AS_OF, make_world

from cvmlab.case import Assumptions
from cvmlab.case.falls import LEAST_VALUABLE, compare_years
from cvmlab.data import aggregate
from cvmlab.data.panels import Panel
from cvmlab.worth import matrix

SEEDS = (101, 102, 103)


def panel(revenue: np.ndarray) -> Panel:
    months, customers = revenue.shape
    period = (np.datetime64("2021-01") + np.arange(months)).astype("datetime64[D]")
    ids = np.array([f"{number:03}" for number in range(customers)], dtype=object)
    values = {"revenue": revenue, "volume": (revenue != 0).astype(float)}
    return Panel(ids, period, 1, values, np.zeros(customers, dtype=np.int64))


def steady(months: int = 36, customers: int = 60) -> np.ndarray:
    return np.full((months, customers), 10.0)


def test_steady_customers_do_not_fall():
    found = compare_years(panel(steady()), 60, Assumptions(), [])
    assert found.valuable == 60
    assert found.halved == (0, 0.0)
    assert found.alert_from is None


def test_those_who_stop_are_alerts_and_counted_on_the_call_list():
    revenue = steady()
    revenue[24:, :10] = 0
    found = compare_years(panel(revenue), 60, Assumptions(), ["003", "040"])
    assert found.by_drop["customers"].tolist() == [10] * 4
    assert (found.alerts, found.alerts_called) == (10, 1)


def test_the_line_is_that_of_a_year_whatever_the_horizon():
    found = compare_years(panel(steady()), 180, Assumptions(horizon_months=36), [])
    assert found.line == 60


def test_a_stated_margin_is_what_is_compared():
    found = compare_years(panel(steady()), 60, Assumptions(margin=0.4), [])
    assert found is None
    assert compare_years(panel(steady()), 40, Assumptions(margin=0.4), []).valuable == 60


def test_what_came_after_a_halved_year():
    revenue = steady()
    revenue[12:24, :20] = 4.0
    later = compare_years(panel(revenue), 60, Assumptions(), []).next_year
    assert (later.customers, later.halved, later.later) == (20, 20 * 48, 20 * 120)
    assert compare_years(panel(revenue[12:]), 60, Assumptions(), []).next_year is None


@pytest.mark.parametrize("revenue", [steady(23), steady(customers=LEAST_VALUABLE - 1), steady()[:0]])
def test_short_or_small_data_show_no_falls(revenue):
    assert compare_years(panel(revenue), 60, Assumptions(), []) is None


@cache
def graded(name: str) -> pd.Series:
    """Return recall of falls beyond chance and of silence among the valuable who do not buy in the year after.

    ``ratio`` is what customers brought in the year after over the last, where it had halved and they still bought.
    """
    rows = []
    for seed in SEEDS:
        world = make_world(name, seed)
        log = world.log.rename(columns={"revenue": "amount"})
        seen = aggregate.panel(aggregate.history(log, complete_only=False), as_of=AS_OF)
        customers = aggregate.summarise_customers(log, as_of=AS_OF).set_index("customer_id")
        truth = world.truth.set_index("customer_id").reindex(customers.index)
        yearly = pd.DataFrame(seen["revenue"][-24:].reshape(2, 12, -1).sum(axis=1).T, index=seen.customer_id)
        before, after = (yearly[year].reindex(customers.index) for year in (0, 1))
        line = 0.5 * before[before > 0].median()
        alerts = matrix.value_alerts(seen, line, window=12).query("alert")["customer_id"]
        gap = customers["recency"] / customers["frequency"].where(customers["frequency"] > 0)
        silent = customers["age"] - customers["recency"] > 3 * gap
        gone = (before > line) & ~truth["bought"]
        still = (before > line) & (after <= before / 2) & (after > 0) & ~silent
        rows.append(
            {
                "falls": customers.index.isin(alerts)[gone].mean(),
                "silence": silent[gone].mean(),
                "halved": after[still].sum(),
                "later": truth["later_revenue"][still].sum(),
            }
        )
    return pd.DataFrame(rows).mean()


@pytest.mark.parametrize("name", ["free", "drifting", "steady", "business", "season", "monthly", "returns", "fading"])
def test_silence_finds_the_leavers_better_so_falls_are_no_list_to_call(name):
    assert graded(name)["falls"] <= graded(name)["silence"]


@pytest.mark.parametrize("name", ["free", "drifting", "season", "christmas", "returns", "growing"])
def test_after_a_halved_year_customers_who_buy_freely_bring_no_less(name):
    assert graded(name)["later"] > 0.95 * graded(name)["halved"]

"""Falls beside rises: by hand, when they are shown and listed, and graded in worlds whose truth is known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from sliding_worlds import WORLDS as UNCHANGED
from sliding_worlds import world
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


def all_of(panel: Panel, called=(), silent=(), held=()) -> pd.DataFrame:
    """Return that all customers still buy, but those named."""
    ids = pd.Index(panel.customer_id)
    told = {"still": ~ids.isin(list(silent)), "called": ids.isin(list(called)), "held": ids.isin(list(held))}
    return pd.DataFrame(told, index=ids)


def compared(revenue: np.ndarray, line: float = 60, assumed: Assumptions | None = None, **told):
    made = panel(revenue)
    return compare_years(made, line, assumed or Assumptions(), all_of(made, **told))


def test_steady_customers_do_not_fall():
    found = compared(steady())
    assert found.valuable == 60
    assert not found.by_drop[["customers", "rose"]].to_numpy().any()
    assert found.alert_from is None and found.fallen.empty


def test_who_stopped_has_fallen_but_is_not_listed():
    revenue = steady()
    revenue[24:, :10] = 0
    found = compared(revenue)
    assert found.by_drop["customers"].tolist() == [10] * 4
    assert found.by_drop["value_lost"].tolist() == [1200] * 4
    assert found.by_drop["evident"].all() and not found.by_drop["still"].any()
    assert found.alert_from is None and found.fallen.empty


def test_who_still_buys_much_less_is_listed_unless_called_or_silent_and_the_held_out_are_marked():
    revenue = steady()
    revenue[24:, :10] = 4
    found = compared(revenue, called=["000"], silent=["001"], held=["002"])
    assert found.alert_from == 0.25
    assert found.by_drop["still"].tolist() == [8, 8, 0, 0]
    assert found.fallen["customer_id"].tolist() == [f"{number:03}" for number in range(2, 10)]
    assert found.fallen["held"].tolist() == [True] + [False] * 7
    assert found.fallen.iloc[0][["value_before", "value_after", "value_lost", "drop"]].tolist() == [120, 48, 72, 0.6]


def test_the_falls_that_are_named_are_those_that_are_stated():
    revenue = steady()
    revenue[24:, :5] = 0
    revenue[24:, 5:20] = 7
    found = compared(revenue, called=["000", "001", "002", "003", "004"])
    assert found.alert_from == found.stated["drop"] == 0.25
    assert len(found.fallen) == 15
    # without names the sentence is on those who halved
    revenue[24:, 5:20] = 10
    assert compared(revenue).stated["drop"] == 0.5


def test_as_many_who_rise_leave_no_list():
    revenue = steady()
    revenue[24:, :10], revenue[12:24, 10:16] = 4, 4
    found = compared(revenue)
    assert found.by_drop["rose"].tolist() == [6, 6, 0, 0]
    assert found.by_drop["value_won"].tolist() == [6 * 72, 6 * 72, 0, 0]
    assert not found.by_drop["evident"].any() and found.alert_from is None


def test_newcomers_count_from_the_month_after_their_first_purchase_and_single_purchases_not_at_all():
    newcomers, once = np.zeros((36, 20)), np.zeros((36, 20))
    newcomers[21:], once[21] = 10, 200
    made = panel(np.hstack([steady(), newcomers, once]))
    made.first[60:] = 21
    found = compare_years(made, 20, Assumptions(), all_of(made))
    # a first year that began in its tenth month is no rise, and a purchase never repeated no fall
    assert found.valuable == 80
    assert not found.by_drop[["customers", "rose"]].to_numpy().any()


def test_the_line_is_that_of_a_year_whatever_the_horizon():
    assert compared(steady(), 180, Assumptions(horizon_months=36)).line == 60


def test_a_stated_margin_is_what_is_compared():
    assert compared(steady(), 60, Assumptions(margin=0.4)) is None
    assert compared(steady(), 40, Assumptions(margin=0.4)).valuable == 60


def test_what_came_after_a_halved_year():
    revenue = steady()
    revenue[12:24, :20] = 4.0
    later = compared(revenue).next_year
    assert (later.customers, later.halved, later.later) == (20, 20 * 48, 20 * 120)
    assert compared(revenue[12:]).next_year is None


@pytest.mark.parametrize("revenue", [steady(23), steady(customers=LEAST_VALUABLE - 1), steady()[:0]])
def test_short_or_small_data_show_no_falls(revenue):
    assert compared(revenue) is None


@pytest.mark.parametrize("kind", UNCHANGED)
def test_where_nobody_changed_as_many_rise_as_fall_and_nobody_is_listed(kind):
    fell, rose, listed = [], [], 0
    for seed in range(20):
        made, _, line = world(kind, seed, fallen=0, customers=400)
        found = compare_years(made, line, Assumptions(), all_of(made))
        fell.append(found.by_drop["customers"].iloc[0]), rose.append(found.by_drop["rose"].iloc[0])
        listed += found.alert_from is not None
    assert np.mean(rose) == pytest.approx(np.mean(fell), rel=0.1, abs=2)
    assert listed <= 1


@pytest.mark.parametrize("kind", ["at_random", "by_the_clock"])
def test_those_listed_truly_fell_but_for_a_fifth(kind):
    wrong = named = 0
    for seed in range(4):
        made, fell, line = world(kind, 100 + seed, fallen=0.15, left=0.25)
        found = compare_years(made, line, Assumptions(), all_of(made))
        truly = pd.Series(fell, index=made.customer_id)[found.fallen["customer_id"]]
        wrong, named = wrong + (~truly).sum(), named + len(truly)
    assert named > 100
    assert wrong <= 0.2 * named


@pytest.mark.parametrize(
    "name", ["free", "drifting", "steady", "season", "christmas", "returns", "quarterly", "growing"]
)
def test_rises_tell_better_than_exchanged_months_how_many_fell_who_did_not_leave(name):
    chance, rose, exchanged = [], [], []
    for seed in SEEDS:
        made = make_world(name, seed)
        log = made.log.rename(columns={"revenue": "amount"})
        seen = aggregate.panel(aggregate.history(log, complete_only=False), as_of=AS_OF)
        before, after = seen["revenue"][-24:].reshape(2, 12, -1).sum(axis=1)
        line = 0.5 * np.median(before[before > 0])
        alive = made.truth.set_index("customer_id")["alive"].reindex(seen.customer_id).to_numpy(bool)
        found = compare_years(seen, line, Assumptions(), all_of(seen))
        chance.append((alive & (before > line) & (after <= before / 2)).sum())
        rose.append(found.by_drop["rose"].iloc[1])
        exchanged.append(matrix.falls_by_chance(seen, line, window=12)["customers_by_chance"][10])
    stayed, up = np.sum(chance), np.sum(rose)
    assert stayed <= up + 2 * np.sqrt(stayed + up)
    assert abs(up - stayed) < abs(np.sum(exchanged) - stayed)


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

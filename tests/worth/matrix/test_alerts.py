"""Alerts: what chance alone gives, on customers whose true change is known, against a plain fall of half the value."""

import numpy as np
import pandas as pd
import pytest
from sliding_worlds import MONTHS, WORLDS, world

from cvmlab.core.words import CvmError, term
from cvmlab.data.panels import Panel
from cvmlab.worth.matrix import falls_by_chance, value_alerts

HALF = 10  # the row of a fall of half the value


def panel_of(revenue, **more):
    revenue = np.asarray(revenue, dtype=float)
    ids = np.array([f"{row:04}" for row in range(revenue.shape[1])], dtype=object)
    months = np.arange(MONTHS[0].astype("datetime64[M]"), MONTHS[0].astype("datetime64[M]") + len(revenue))
    first = np.zeros(revenue.shape[1], dtype=np.int64)
    return Panel(ids, months.astype("datetime64[D]"), 1, {"revenue": revenue, **more}, first)


def truly(panel, fell, alerts):
    return pd.Series(fell, index=panel.customer_id)[alerts["customer_id"]].to_numpy()


@pytest.mark.parametrize("kind", WORLDS)
def test_where_nothing_changed_there_is_no_alert_but_many_slide(kind):
    slid, by_chance, halved = [], [], []
    for seed in range(4):
        panel, _, threshold = world(kind, seed, fallen=0)
        found = falls_by_chance(panel, threshold)
        assert not value_alerts(panel, threshold)["alert"].any()
        slid.append(found["slid"][0]), by_chance.append(found["slid_by_chance"][0])
        halved.append(found["customers"][HALF])
    if kind == "by_the_clock":
        # purchases by the clock make the years more even than exchanges do: the figure is too high, never too low
        assert np.mean(by_chance) > np.mean(slid)
    else:
        # the plain rule, a fall of half the value, finds dozens of customers to whom nothing happened
        assert np.mean(by_chance) == pytest.approx(np.mean(slid), rel=0.1)
        assert np.mean(halved) > 60


@pytest.mark.parametrize(
    ("kind", "left", "recall"), [("at_random", 0, 0.95), ("in_bursts", 0, 0.95), ("by_the_clock", 0.25, 0.95)]
)
def test_alerts_find_those_who_truly_fell_and_few_others(kind, left, recall):
    money, right, all_, plain_right, plain_all, found_money = 0.0, 0, 0, 0, 0, 0.0
    for seed in range(3):
        panel, fell, threshold = world(kind, 100 + seed, fallen=0.15, left=left)
        alerts = value_alerts(panel, threshold)
        true, alert = truly(panel, fell, alerts), alerts["alert"].to_numpy()
        plain = (alerts["drop"] >= 0.5).to_numpy()
        right, all_ = right + (true & alert).sum(), all_ + alert.sum()
        plain_right, plain_all = plain_right + (true & plain).sum(), plain_all + plain.sum()
        money += alerts["value_lost"][true].sum()
        found_money += alerts["value_lost"][true & alert].sum()
    # at most a fifth may be chance
    assert right / all_ > 0.8
    assert found_money / money > recall
    if kind != "by_the_clock":
        assert plain_right / plain_all < 0.65


def test_alerts_come_first_and_the_most_money_first():
    panel, _, threshold = world("at_random", 7, fallen=0.2, left=0)
    found = value_alerts(panel, threshold)
    alerts, others = found[found["alert"]], found[~found["alert"]]
    assert len(alerts) and len(others)
    assert found["alert"].tolist() == [True] * len(alerts) + [False] * len(others)
    for part in (alerts, others):
        assert part["value_lost"].is_monotonic_decreasing
    assert (found["value_before"] > threshold).all() and (found["value_lost"] > 0).all()
    assert (found["slid"] == (found["value_after"] <= threshold)).all()
    parts = found["change_by_months"] + found["change_by_amount"]
    assert parts.to_numpy() == pytest.approx(-found["value_lost"].to_numpy())
    counted = falls_by_chance(panel, threshold).set_index("drop")
    assert counted.loc[0.0, "customers"] == len(found) and counted.loc[0.0, "slid"] == found["slid"].sum()
    assert counted.loc[0.5, "customers"] == (found["drop"] >= 0.5).sum()
    assert counted.loc[0.0, "value_lost"] == pytest.approx(found["value_lost"].sum())
    first = counted.index[counted["alert"]][0]
    assert len(alerts) == counted.loc[first, "customers"]
    for reason in found["reason"].unique():
        assert term(f"codes.{reason}", "zh")


def test_chance_by_hand():
    # one customer, five pairs, each month 10 of the first year and 0 of the second: 32 exchanges of five tens
    found = falls_by_chance(panel_of([[10.0]] * 5 + [[0.0]] * 5), 25)
    # with three, four or five tens in the first window the customer is above 25 and falls by 1/3, 3/4 or 1
    assert found.loc[[0, 6, 7, 15, 16, 20], "customers_by_chance"].tolist() == [
        16 / 32, 16 / 32, 6 / 32, 6 / 32, 1 / 32, 1 / 32
    ]  # fmt: skip
    assert found["slid_by_chance"][0] == 16 / 32
    assert found["value_lost_by_chance"][20] == 50 / 32
    assert found["customers"].tolist() == [1] * 21
    assert found["share_by_chance"][20] == 1 / 32


def test_reasons_are_told_apart():
    columns = {
        "stopped": [30.0] * 12 + [0.0] * 12,
        "fewer_months": [30.0] * 12 + [30.0, 0.0, 0.0] * 4,
        "less_per_month": [30.0] * 12 + [10.0] * 12,
    }
    found = value_alerts(panel_of(np.column_stack(list(columns.values()))), 100).set_index("customer_id").sort_index()
    assert found["reason"].tolist() == list(columns)
    assert found["change_by_months"].round(9).tolist() == [-360, -240, 0]


def test_a_season_is_no_fall():
    season = np.tile([0.0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 90, 150], 2)
    panel = panel_of(np.repeat(season[:, np.newaxis], 50, axis=1))
    assert value_alerts(panel, 100).empty
    assert falls_by_chance(panel, 100)["customers_by_chance"].eq(0).all()


@pytest.mark.parametrize("figure", [0.0, -5.0, 7.25])
def test_one_customer_and_thousands_of_equal_ones(figure):
    for customers in (1, 3000):
        panel = panel_of(np.full((24, customers), figure))
        assert value_alerts(panel, 12 * max(figure, 0)).empty
        found = falls_by_chance(panel, 0)
        assert (found["customers"] == 0).all() and not found["alert"].any()
        assert np.isfinite(found.to_numpy(float)).all()


def test_a_value_below_zero_by_now_is_lost_and_more():
    found = value_alerts(panel_of([[10.0]] * 12 + [[-1.0]] * 12), 100).iloc[0]
    assert found["value_lost"] == 132 and found["drop"] == pytest.approx(1.1) and found["slid"]


def test_profit_is_compared_where_it_is_asked_for():
    flat = np.full((24, 1), 10.0)
    falling = np.concatenate([flat[:12], flat[:12] / 2])
    panel = panel_of(flat, profit=falling)
    assert value_alerts(panel, 50).empty
    assert value_alerts(panel, 50, value="profit")["value_lost"].tolist() == [60]


two_years = panel_of(np.full((24, 2), 5.0))


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda: value_alerts(two_years, 10, value="profit"), "tables.missing_column"),
        (lambda: value_alerts(two_years, -1), "checking.too_small"),
        (lambda: value_alerts(two_years, 10, window=13), "matrix.window_long"),
        (lambda: value_alerts(two_years, 10, window=4), "checking.not_whole_between"),
        (lambda: value_alerts(two_years, 10, most_by_chance=0), "checking.out_of_range"),
        (lambda: value_alerts(panel_of(np.full((9, 1), 5.0)), 10), "matrix.window_short"),
        (lambda: value_alerts(panel_of(np.full((24, 1), np.nan)), 10), "checking.not_finite"),
        (lambda: falls_by_chance(panel_of(np.full((24, 1), 1e308)), 10), "checking.too_far"),
    ],
)
def test_bad_input(call, key):
    with pytest.raises(CvmError) as caught:
        call()
    assert caught.value.key == key
    assert str(caught.value)

"""Would the report have been right: alarms, gain curves, calibration, and the cut itself."""

import calendar
import math
from datetime import date, timedelta

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab.case import backtest
from cvmlab.core.words import CvmError
from cvmlab.data import datasets, windows
from cvmlab.worth import matrix, portfolio

MODEST = settings(max_examples=50, deadline=None)
seeds = st.integers(0, 2**31)
days = st.dates(date(1990, 1, 1), date(2090, 12, 31))


@MODEST
@given(days, st.integers(0, 60))
def test_months_before_keeps_the_day_or_takes_the_last_one(day, months):
    earlier = windows.months_before(day, months)
    assert (day.year - earlier.year) * 12 + day.month - earlier.month == months
    last = calendar.monthrange(earlier.year, earlier.month)[1]
    assert earlier.day == min(day.day, last)


@MODEST
@given(days, st.integers(1, 24))
def test_a_later_day_is_never_cut_earlier(day, months):
    assert windows.months_before(day, months) <= windows.months_before(day + timedelta(days=1), months)


def _log(dates):
    return pd.DataFrame(
        {"customer_id": [f"{i}" for i in range(len(dates))], "date": pd.to_datetime(dates, format="ISO8601")}
    )


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_a_window_leaves_its_first_day_out_and_takes_its_last_day_in(engine):
    frame = _log(["2017-01-31", "2017-02-01", "2017-02-28T23:59", "2017-03-01"])
    native = {"pandas": frame, "polars": pl.from_pandas(frame), "duckdb": duckdb.from_df(frame)}[engine]
    window = windows.between(native, date(2017, 1, 31), date(2017, 2, 28))
    assert type(window) is type(native)
    found = window.df() if engine == "duckdb" else window
    assert sorted(found["customer_id"]) == ["1", "2"]
    assert windows.any_between(native, date(2017, 1, 31), date(2017, 2, 28))
    assert not windows.any_between(native, date(2017, 3, 1), date(2017, 12, 31))


@MODEST
@given(st.lists(days, min_size=1, max_size=30), days, st.integers(0, 400), st.integers(0, 400))
def test_adjacent_windows_share_the_log_out(dates, start, first, second):
    log = _log(dates)
    middle = start + timedelta(days=first)
    end = middle + timedelta(days=second)
    counts = [len(windows.between(log, *window)) for window in [(start, middle), (middle, end), (start, end)]]
    assert counts[0] + counts[1] == counts[2]


@MODEST
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=50))
def test_alarms_count_every_customer_once(pairs):
    silent, bought = map(np.array, zip(*pairs, strict=True))
    found = backtest.alarms(silent, bought)
    counts = (found.silent_and_gone, found.silent_but_bought, found.active_and_bought, found.active_but_gone)
    assert sum(counts) == len(pairs)
    assert found.silent == silent.sum()
    if found.silent:
        assert found.false_alarm_share == pytest.approx(bought[silent].mean())
    else:
        assert math.isnan(found.false_alarm_share)
    if (~bought).any():
        assert found.found_share == pytest.approx(silent[~bought].mean())
    else:
        assert math.isnan(found.found_share)


@MODEST
@given(st.integers(1, 60), seeds, st.floats(0, 1))
def test_nobody_captures_more_than_the_ideal(count, seed, share):
    random = np.random.default_rng(seed)
    score, actual = random.normal(size=count), random.gamma(1, 10, count)
    captured = backtest.captured_share(score, actual, share)
    ideal = backtest.captured_share(actual, actual, share)
    assert 0 <= captured <= ideal + 1e-12
    assert ideal <= 1 + 1e-12


def test_without_anything_brought_no_share_is_captured():
    assert math.isnan(backtest.captured_share(np.array([1.0, 2]), np.zeros(2)))


def test_a_score_without_information_captures_its_share_of_customers():
    random = np.random.default_rng(3)
    actual = random.gamma(2, 10, 50_000)
    assert backtest.captured_share(random.normal(size=50_000), actual, 0.2) == pytest.approx(0.2, abs=0.01)


@MODEST
@given(st.integers(1, 80), seeds)
def test_gain_curves_rise_from_nothing_to_everything_below_the_ideal(count, seed):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"score": random.normal(size=count), "brought": random.gamma(0.5, 10, count) + 1e-6})
    curves = backtest.gain_curves(frame, {"model": "score"}, "brought")
    captured = {name: part["captured_share"].to_numpy() for name, part in curves.groupby("method")}
    assert set(captured) == {"ideal", "model"}
    for curve in captured.values():
        assert len(curve) == 101
        assert curve[0] == 0
        assert curve[-1] == pytest.approx(1)
        assert (np.diff(curve) >= 0).all()
    assert (captured["ideal"] >= captured["model"] - 1e-12).all()


@MODEST
@given(st.integers(1, 200), seeds, st.integers(1, 20))
def test_calibration_loses_no_customer(count, seed, bands):
    random = np.random.default_rng(seed)
    predicted = np.append(random.uniform(0, 1, count), [0.0, 1.0])
    happened = random.uniform(size=count + 2) < predicted
    table = backtest.calibration(predicted, happened, bands)
    assert table["customers"].sum() == count + 2
    assert (table["customers"] > 0).all()
    assert (table["observed"] * table["customers"]).sum() == pytest.approx(happened.sum())
    assert (table["predicted"] * table["customers"]).sum() == pytest.approx(predicted.sum())
    assert table["predicted"].is_monotonic_increasing
    assert ((table["low"] <= table["observed"] + 1e-12) & (table["observed"] <= table["high"] + 1e-12)).all()


def test_true_probabilities_lie_in_their_bands():
    random = np.random.default_rng(11)
    predicted = random.uniform(0, 1, 20_000)
    table = backtest.calibration(predicted, random.uniform(size=20_000) < predicted)
    inside = (table["low"] <= table["predicted"]) & (table["predicted"] <= table["high"])
    assert inside.sum() >= 8  # of ten bands at 95% each


@MODEST
@given(st.integers(1, 500), st.floats(0, 1), st.floats(0.1, 4))
def test_wilson_bounds_hold_the_share_and_stay_between_0_and_1(count, share, z):
    successes = np.array([round(share * count)])
    low, high = backtest.wilson_interval(successes / count, np.array([count]), z)
    assert -1e-12 <= low[0] <= successes[0] / count + 1e-12
    assert successes[0] / count - 1e-12 <= high[0] <= 1 + 1e-12


def test_amounts_that_cancel_out_have_no_shares():
    brought = np.array([0.3, -0.1, -0.2])  # as floats they add up to -2.8e-17, and the other way round to 2.8e-17
    frame = pd.DataFrame({"customer_id": list("abc"), "score": [3.0, 2, 1], "brought": -brought})
    assert frame["brought"].sum() > 0
    assert math.isnan(backtest.captured_share(frame["score"].to_numpy(), frame["brought"].to_numpy()))
    assert backtest.gain_curves(frame, {"model": "score"}, "brought")["captured_share"].isna().all()
    curve = portfolio.whale_curve(frame.assign(profit=frame["brought"]))
    assert curve["cumulative_share"].isna().all()
    assert portfolio.remark(curve)
    assert math.isnan(portfolio.peak(curve).cumulative_share)
    types = matrix.summarise_types(frame.assign(value_type=["I", "II", "III"]), measures=["brought"])
    assert types["brought_share"].isna().all()


def test_wilson_of_a_published_example():
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3: 81 of 263 and 15 of 148
    low, high = backtest.wilson_interval(np.array([81 / 263, 15 / 148]), np.array([263, 148]))
    assert low.round(4).tolist() == [0.2553, 0.0624]
    assert high.round(4).tolist() == [0.3662, 0.1605]


@MODEST
@given(st.integers(1, 30), st.integers(0, 30), seeds)
def test_outcomes_keep_everyone_known_and_nobody_else(known, later, seed):
    random = np.random.default_rng(seed)
    customers = pd.DataFrame({"customer_id": [f"{i:02}" for i in random.permutation(known)]})
    came = random.permutation(40)[:later]
    frame = pd.DataFrame(
        {
            "customer_id": [f"{i:02}" for i in came],
            "orders": random.integers(0, 5, later),
            "revenue": random.gamma(1, 10, later),
        }
    )
    found = backtest.outcomes(customers, frame)
    assert found["customer_id"].tolist() == customers["customer_id"].tolist()
    of_known = frame.loc[frame["customer_id"].isin(customers["customer_id"])]
    assert found["later_revenue"].sum() == pytest.approx(of_known["revenue"].sum())
    assert found["bought"].sum() == (of_known["orders"] > 0).sum()


def test_values_before_know_nothing_of_what_came_after():
    log = datasets.load("packaging_leads").query("product == 'film_and_bags'")
    early, late = log[log["date"] <= "2025-06-30"], log[log["date"] > "2025-06-30"]
    said = backtest.values_before(log, cut="2025-06-30").set_index("customer_id")
    sums = (part.groupby("customer_id")["amount"].sum() for part in (early, late))
    past, later = (revenue.reindex(said.index, fill_value=0) for revenue in sums)
    assert said["past_revenue"].to_numpy() == pytest.approx(past.to_numpy())
    assert said["later_revenue"].to_numpy() == pytest.approx(later.to_numpy())
    assert set(said.index) == set(early["customer_id"])
    # another future of the same length changes nothing of what was said
    other = pd.concat([early, late.assign(amount=1.0)])
    again = backtest.values_before(other, cut="2025-06-30").set_index("customer_id")
    said_before = ["past_revenue", "latest_revenue", "textbook_value", "model_value"]
    pd.testing.assert_frame_equal(said[said_before], again[said_before])
    # who bought nothing in the latest period is worth nothing by the book, which looks at that period only
    since = pd.Timestamp("2025-06-30") - (log["date"].max() - pd.Timestamp("2025-06-30"))
    latest = set(early.loc[early["date"] > since, "customer_id"])
    assert set(said.index[said["textbook_value"] > 0]) <= set(said.index[said["latest_revenue"] > 0]) == latest


@pytest.mark.parametrize(("cut", "key"), [("2021-01-01", "nothing_before"), ("2026-01-01", "nothing_after")])
def test_values_before_need_a_cut_inside_of_the_log(cut, key):
    log = datasets.load("packaging_leads").query("product == 'film_and_bags'")
    with pytest.raises(CvmError) as caught:
        backtest.values_before(log, cut=cut)
    assert caught.value.key == f"buying.{key}"


def test_values_before_need_repeats():
    dates = pd.to_datetime(["2024-01-05", "2024-08-05"])
    once = pd.DataFrame({"customer_id": ["a", "b"], "date": dates, "amount": 9.0})
    with pytest.raises(CvmError) as caught:
        backtest.values_before(once, cut="2024-06-30")
    assert caught.value.key == "buying.too_few_repeaters"

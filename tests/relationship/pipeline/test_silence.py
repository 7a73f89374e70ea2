"""Silence and waking: in order whatever the log, and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_logs import SMALL, few

from cvmlab import CvmError, datasets, pipeline


@few
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 800)), min_size=1, max_size=40), st.integers(1, 400))
def test_silence_keeps_its_order_whatever_the_log(bought, within):
    log = pd.DataFrame(bought, columns=["customer_id", "day"])
    log["date"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(log["day"], unit="D")
    silent = pipeline.dormancy(log, silent_days=(1, 7, 30, 90, 365, 700), within_days=within, as_of="2022-06-01")
    assert silent["silences"].is_monotonic_decreasing and silent["woken"].is_monotonic_decreasing
    assert silent["silent_now"].is_monotonic_decreasing
    assert (silent["woken"] + silent["silent_now"]).tolist() == silent["silences"].tolist()
    for column in ("share_woken", "chance_within", "chance_seen", "share_silent_now"):
        known = silent[column].dropna()
        assert known.between(-1e-12, 1 + 1e-12).all(), column
    known = silent.dropna(subset=["chance_seen"])
    assert (known["chance_seen"].diff().dropna() <= 1e-12).all()
    # who woke by now did so within the longest silence seen to end: a lower bound
    assert (known["share_woken"] <= known["chance_seen"] + 1e-12).all()
    assert silent["silences"].iloc[0] == len(log.drop_duplicates())


def test_many_who_are_silent_for_long_are_dormant_and_not_lost(leads):
    silent = pipeline.dormancy(pipeline.purchases(leads), silent_days=(180,), as_of="2025-12-31").iloc[0]
    assert silent["silences"] > 100
    assert 0.35 < silent["chance_within"] < 0.6
    assert silent[["followed", "woken_within"]].tolist() == [51, 26]
    assert silent[["low_within", "high_within"]].round(2).tolist() == [0.38, 0.64]
    truth = datasets.load("packaging_leads_truth").query("state == 'dormant'")
    assert (truth["next_state"] == "user").mean() > 0.6


def test_the_dormant_come_back_alike_and_it_is_the_mix_that_changes(leads, leads_stays):
    bought = pipeline.purchases(leads)
    mixed = pipeline.silence_by_state(bought, leads_stays, as_of="2025-12-31").set_index(["silent_days", "state"])
    assert mixed.loc[180].T.to_dict("list") == {"user": [12, 11], "dormant": [30, 15], "lost": [9, 0]}
    assert mixed.loc[(30, "dormant")].tolist() == [32, 16] and mixed.loc[(365, "dormant")].tolist() == [6, 2]
    whole = pipeline.dormancy(bought, silent_days=(30, 180, 365), as_of="2025-12-31").set_index("silent_days")
    for column in ("followed", "woken_within"):
        assert mixed[column].groupby("silent_days").sum().tolist() == whole[column].tolist()


def test_silence_and_waking_by_hand():
    """Eight silences: 10 and 30 days each woken twice; 30, 60, 70 and 80 days still last on day 100."""
    bought = {"a": [0, 10, 40], "b": [0, 30], "c": [20], "d": [60, 70]}
    log = pd.DataFrame([(who, day) for who, days in bought.items() for day in days], columns=["customer_id", "day"])
    log["date"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(log["day"], unit="D")
    as_of = pd.Timestamp("2024-01-01") + pd.Timedelta(days=100)

    def silent(days: int, within: int) -> pd.Series:
        return pipeline.dormancy(log, silent_days=days, within_days=within, as_of=as_of).iloc[0]

    # Kaplan-Meier: after 10 days 1 - 2/8 = .75 are silent, after 30 days .75 (1 - 2/6) = .5
    counts = ["silences", "woken", "share_woken", "silent_now", "share_silent_now"]
    assert silent(10, 5)[counts].tolist() == [8, 4, 0.5, 4, 1]
    assert silent(30, 5)[counts].tolist() == pytest.approx([6, 2, 1 / 3, 4, 1])
    assert silent(31, 5)[counts].tolist() == [3, 0, 0, 3, 0.75]
    # followed for 5 days after the 10th: all but the two that began after day 85, none here; after 30 days within 30:
    # those begun by day 40 (10 and 30 days of a and b woken, b and c and a still silent)
    assert silent(10, 5)[["followed", "woken_within"]].tolist() == [8, 2]
    assert silent(30, 30)[["followed", "woken_within", "share_within"]].tolist() == pytest.approx([5, 2, 0.4])
    assert silent(30, 71)[["followed", "woken_within"]].tolist() == [0, 0]
    assert silent(30, 71)[["share_within", "low_within", "high_within"]].isna().all()
    # on day 100 the first purchase of d lies only 40 days back
    assert [silent(days, 5)["share_silent_now"] for days in (40, 41)] == [0.75, 1]
    # who has been silent for 10 days may still wake on that day; on day 11 that is over
    for days, within, chance in (
        (10, 1, 0.25), (10, 19, 0.25), (10, 20, 0.5), (11, 18, 0.0), (11, 19, 1 / 3), (30, 1, 1 / 3), (31, 49, 0.0)
    ):  # fmt: skip
        assert silent(days, within)["chance_within"] == pytest.approx(chance), (days, within)
    assert np.isnan(silent(31, 50)["chance_within"])
    assert [silent(days, 1)["chance_seen"] for days in (1, 10, 11, 30, 31)] == pytest.approx(
        [0.5, 0.5, 1 / 3, 1 / 3, 0]
    )


def test_refunds_and_rows_after_the_as_of_date_are_no_purchases():
    log = pd.DataFrame({
        "customer_id": ["a", "a", "a"],
        "date": pd.to_datetime(["2024-01-01", "2024-02-01", "2025-01-01"]),
        "amount": [10.0, -10.0, 10.0],
    })  # fmt: skip
    silent = pipeline.dormancy(log, silent_days=(30,), as_of="2024-12-31").iloc[0]
    assert silent[["silences", "woken", "silent_now"]].tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (pd.DataFrame({"customer_id": [], "date": pd.to_datetime([])}), "has no rows"),
        (pd.DataFrame({"customer_id": ["a"]}), "has no column 'date'"),
        (
            pd.DataFrame({"customer_id": ["a"], "date": [pd.NaT]}),
            "'date' .* empty cells .* first in row 1",
        ),
        (SMALL.assign(date=[*SMALL["date"][:5], pd.NaT], amount=[-1.0] * 3 + [1.0] * 3), "'date' .* first in row 6"),
        (SMALL.assign(amount="10"), "'amount' of the table transactions holds str; it must hold numbers"),
        (SMALL.assign(amount=[1.0, np.nan, 1, 1, 1, 1]), "'amount' .* empty cells .rows affected: 1, first in row 2"),
        (SMALL.assign(amount=[1.0, 1, np.inf, 1, 1, 1]), "'amount' holds an infinite number in row 3"),
        (SMALL.assign(amount=-1.0), "no purchases .rows with an amount above 0. up to the as-of date"),
        (SMALL.assign(date=SMALL["date"].dt.tz_localize("Asia/Shanghai")), "dates without a time zone"),
        (SMALL.assign(date="1 May"), "'date' of the table transactions holds str"),
        ({"customer_id": ["a"]}, "transactions=.* a pandas, polars, DuckDB or pyarrow frame"),
    ],
)
def test_a_log_without_purchases_is_refused(log, said):
    with pytest.raises(CvmError, match=said):
        pipeline.dormancy(log)
    if "time zone" in said:
        with pytest.raises(CvmError, match=said):
            pipeline.dormancy(log, as_of="2024-12-31")


@pytest.mark.parametrize(
    ("lengths", "said"),
    [
        ({"silent_days": (30, 2.5)}, r"silent_days=.*2\.5.* is needed"),
        ({"silent_days": (0,)}, r"\(silent_days\) is 0"),
        ({"silent_days": "90"}, "silent_days='90'"),
        ({"silent_days": ()}, "silent_days is empty"),
        ({"within_days": 2.5}, r"within_days=2\.5: a whole number"),
    ],
)
def test_lengths_of_silence_are_whole_days(lengths, said):
    with pytest.raises(CvmError, match=said):
        pipeline.dormancy(SMALL, **lengths)
    assert pipeline.dormancy(SMALL, silent_days=30).equals(pipeline.dormancy(SMALL, silent_days=np.array([30, 30])))

"""The log-rank test: a published table, scipy's, a plain loop under late entry, and as many false alarms as it says."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, chi2, logrank

from cvmlab import CvmError, retention
from cvmlab.core.words import speaking

STAY = st.tuples(st.integers(0, 6), st.integers(0, 5), st.booleans(), st.sampled_from("abc")).filter(
    lambda one: one[1] <= one[0] - one[2]
)


def frame_of(stays: list[tuple[int, int, bool, str]]) -> pd.DataFrame:
    return pd.DataFrame(stays, columns=["tenure_months", "since", "left", "group"]).astype({"left": bool})


def test_the_remissions_of_freireich_give_the_published_figures() -> None:
    """Gehan (1965), Freireich et al. (1963): weeks of remission; observed 9 and 21, expected 19.25 and 10.75."""
    # below 0: still in remission when last seen
    treated = [6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35]
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    weeks = np.array(treated + placebo)
    drug = ["6-MP"] * 21 + ["placebo"] * 21
    frame = pd.DataFrame({"tenure_months": abs(weeks), "left": weeks > 0, "drug": drug})
    test = retention.compare_retention(frame, by="drug")
    assert test.groups["observed"].tolist() == [9, 21]
    assert test.groups["expected"].round(2).tolist() == [19.25, 10.75]
    assert (round(test.chi_squared, 2), test.degrees, test.warning) == (16.79, 1, "")
    assert test.p_value == pytest.approx(4.17e-5, rel=0.01)


@settings(max_examples=150, deadline=None)
@given(st.lists(STAY.filter(lambda one: one[0] > 0 and one[3] != "c"), min_size=2, max_size=40))
def test_of_two_groups_it_is_scipys_test(stays: list[tuple[int, int, bool, str]]) -> None:
    frame = frame_of(stays)
    sides = []
    for name in "ab":
        of_group = frame[frame["group"] == name]
        ended = of_group["left"].to_numpy()
        times = of_group["tenure_months"].to_numpy()
        sides.append(CensoredData(uncensored=times[ended], right=times[~ended]))
    if frame["group"].nunique() < 2:
        with pytest.raises(CvmError, match="one group only"):
            retention.compare_retention(frame, by="group")
        return
    found = retention.compare_retention(frame, by="group")
    if not found.degrees:
        assert np.isnan(found.p_value) and "cannot be compared" in found.warning
        return
    theirs = logrank(*sides)
    assert found.chi_squared == pytest.approx(theirs.statistic**2)
    assert found.p_value == pytest.approx(theirs.pvalue)


@settings(max_examples=150, deadline=None)
@given(st.lists(STAY, min_size=3, max_size=40))
def test_under_late_entry_it_is_a_plain_loop(stays: list[tuple[int, int, bool, str]]) -> None:
    frame = frame_of(stays)
    names = sorted(frame["group"].unique())
    if len(names) < 2:
        return
    observed, expected = np.zeros(len(names)), np.zeros(len(names))
    variance = np.zeros((len(names), len(names)))
    for period in range(1, 7):
        seen = np.array([sum(s < period <= last for last, s, _, g in stays if g == name) for name in names])
        gone = np.array([sum(last == period and out for last, _, out, g in stays if g == name) for name in names])
        n, d = seen.sum(), gone.sum()
        if not n:
            continue
        observed += gone
        expected += d * seen / n
        if n > 1:
            spread = d * (n - d) / (n - 1)
            variance += spread * (np.diag(seen / n) - np.outer(seen / n, seen / n))
    found = retention.compare_retention(frame, by="group", entered="since")
    assert found.groups["observed"].tolist() == observed.tolist()
    assert found.groups["expected"].tolist() == pytest.approx(expected.tolist())
    assert found.groups["observed"].sum() == pytest.approx(found.groups["expected"].sum())
    if found.degrees == len(names) - 1:
        rest = (observed - expected)[1:]
        chi_squared = rest @ np.linalg.solve(variance[1:, 1:], rest)
        assert found.chi_squared == pytest.approx(chi_squared)
        assert found.p_value == pytest.approx(chi2.sf(chi_squared, len(names) - 1))
    else:
        assert np.linalg.matrix_rank(variance, tol=1e-9) == found.degrees


def test_groups_alike_are_told_apart_once_in_twenty_and_others_nearly_always() -> None:
    draw = np.random.default_rng(3)
    alarms = {0.1: 0, 0.14: 0}
    for _ in range(300):
        for rate in alarms:
            group = np.repeat(["a", "b"], 300)
            leaves = draw.geometric(np.where(group == "a", 0.1, rate))
            ends = draw.integers(3, 13, 600)
            frame = pd.DataFrame({"tenure_months": np.minimum(leaves, ends), "left": leaves <= ends, "group": group})
            alarms[rate] += retention.compare_retention(frame, by="group", window=6).p_value < 0.05
    assert 0.02 <= alarms[0.1] / 300 <= 0.09
    assert alarms[0.14] / 300 >= 0.55


def test_every_engine_gives_the_same_test() -> None:
    draw = np.random.default_rng(4)
    group = draw.choice(["a", "b", "c"], 500)
    frame = pd.DataFrame({"tenure_months": draw.integers(1, 9, 500), "left": draw.random(500) < 0.3, "group": group})
    told = retention.compare_retention(frame, by="group", window=1)
    for other in (pl.from_pandas(frame), pl.from_pandas(frame).lazy(), duckdb.from_df(frame)):
        found = retention.compare_retention(other, by="group", window=1)
        pd.testing.assert_frame_equal(found.groups, told.groups, check_dtype=False)
        assert found.chi_squared == pytest.approx(told.chi_squared)


@pytest.mark.parametrize(
    ("left", "said", "ratio"),
    [
        ([False] * 6, "Nobody left", [np.nan, np.nan]),
        ([True] * 6, "in no period in which some customers left", [1.0, 1.0]),
        ([True, True, False, False, False, False], "Fewer than 5 leavers are expected", [2.0, 0.0]),
    ],
)
def test_what_cannot_be_compared_is_said(left: list[bool], said: str, ratio: list[float]) -> None:
    frame = pd.DataFrame({"tenure_months": [2] * 6, "left": left, "group": list("aaabbb")})
    test = retention.compare_retention(frame, by="group")
    assert said in test.warning
    assert test.groups["ratio"].tolist() == pytest.approx(ratio, nan_ok=True)
    with speaking("zh"):
        assert said not in test.warning and test.warning


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"group": "one"}, "'group' holds one group only"),
        ({"group": [None, "a", "b"]}, "'group' is empty in 1 row"),
        ({"tenure_months": [-1, 2, 2]}, "holds -1.0 in 1 row"),
        ({"left": [1, 0, 1]}, "must hold True"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(change: dict[str, object], said: str) -> None:
    frame = pd.DataFrame({"tenure_months": [1, 2, 2], "left": [True, False, True], "group": ["a", "b", "b"]})
    with pytest.raises(CvmError, match=said):
        retention.compare_retention(frame.assign(**change), by="group")


def test_columns_and_groups_that_cannot_be_are_refused() -> None:
    frame = pd.DataFrame({"tenure_months": range(1, 102), "left": True, "observed": "a"})
    with pytest.raises(CvmError, match="has a column 'observed' of its own"):
        retention.compare_retention(frame, by="observed")
    with pytest.raises(CvmError, match="named for two different things"):
        retention.compare_retention(frame, by="left")
    with pytest.raises(CvmError, match="into 101 groups; at most 100"):
        retention.compare_retention(frame.assign(one=range(101)), by="one")
    with pytest.raises(CvmError, match="has a column 'period' of its own"):
        retention.life_table(frame.assign(period="a"), by="period")

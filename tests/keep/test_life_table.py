"""The life table: equal to counting by hand on every engine, right under late entry, and with intervals that hold."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, datasets, retention
from cvmlab.keep.retention import counting
from cvmlab.relationship.pipeline.rates import kaplan_meier

STAY = st.tuples(st.integers(0, 9), st.integers(0, 8), st.booleans()).filter(lambda one: one[1] <= one[0] - one[2])


def frame_of(stays: list[tuple[int, int, bool]]) -> pd.DataFrame:
    return pd.DataFrame(stays, columns=["tenure_months", "since", "left"]).astype({"left": bool})


@settings(max_examples=200, deadline=None)
@given(st.lists(STAY, min_size=1, max_size=40))
def test_it_counts_what_a_person_would_count(stays: list[tuple[int, int, bool]]) -> None:
    periods = max(last for last, _, _ in stays)
    seen = [[one for one in stays if one[1] < period <= one[0]] for period in range(1, periods + 1)]
    if not any(seen):
        with pytest.raises(CvmError, match="No customer was seen for a whole period"):
            retention.life_table(frame_of(stays), entered="since")
        return
    table = retention.life_table(frame_of(stays), entered="since").set_index("period")
    staying = 1.0
    for period, here in enumerate(seen, start=1):
        if period not in table.index:
            assert not any(seen[period - 1 :])
            break
        gone = sum(left and last == period for last, _, left in here)
        assert table.loc[period, ["at_risk", "left"]].tolist() == [len(here), gone]
        staying *= 1 - gone / len(here) if here else np.nan
        assert table.loc[period, "retention"] == pytest.approx(staying, nan_ok=True)
    rates = table.dropna()
    assert (rates["hazard_low"] <= rates["hazard"] + 1e-12).all() and (
        rates["hazard"] <= rates["hazard_high"] + 1e-12
    ).all()
    assert (rates["retention_low"] <= rates["retention"] + 1e-12).all()
    assert (rates["retention"] <= rates["retention_high"] + 1e-12).all()
    assert (rates[["retention_low", "hazard_low"]] >= -1e-12).all(axis=None)
    assert (rates[["retention_high", "hazard_high"]] <= 1 + 1e-12).all(axis=None)


@given(st.lists(STAY.filter(lambda one: one[0] > 0), min_size=1, max_size=40))
def test_without_late_entry_it_is_the_curve_of_kaplan_and_meier(stays: list[tuple[int, int, bool]]) -> None:
    frame = frame_of(stays)
    curve = kaplan_meier(frame["tenure_months"].to_numpy(float), frame["left"].to_numpy())
    table = retention.life_table(frame).set_index("period")["retention"]
    assert table.loc[curve["days"].iloc[1:]].tolist() == pytest.approx(curve["staying"].iloc[1:].tolist())


def test_every_engine_gives_the_same_table() -> None:
    telco = datasets.load("telco")
    told = retention.life_table(telco, left="left_last_month", window=1, by="contract")
    for other in (pl.from_pandas(telco), pl.from_pandas(telco).lazy(), duckdb.from_df(telco)):
        found = retention.life_table(other, left="left_last_month", window=1, by="contract")
        pd.testing.assert_frame_equal(found, told, check_dtype=False)


def test_counting_by_one_number_each_and_by_grouping_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(8)
    last = draw.integers(1, 40, 3_000)
    frame = pd.DataFrame({"tenure_months": last, "left": draw.random(3_000) < 0.4, "since": draw.integers(0, last)})
    frame["group"] = pd.Categorical(draw.choice(["b", "a", "c"], 3_000))
    frame["why"] = draw.choice(["price", "moved", None], 3_000)
    # whole numbers as floats, short and signless ones are counted alike
    others = [frame.assign(tenure_months=last.astype(kind)) for kind in (np.float64, np.int16, np.uint32)]
    options = [{"entered": "since", "by": "group"}, {"window": 3}, {}]
    told = [retention.life_table(frame, **more) for more in options]
    why = retention.causes_of_leaving(frame, cause="why", entered="since")
    test = retention.compare_retention(frame, by="group", entered="since")
    for other in others:
        pd.testing.assert_frame_equal(retention.life_table(other, **options[0]), told[0])
    monkeypatch.setattr(counting, "_MOST_COMBINATIONS", 0)
    for more, before in zip(options, told, strict=True):
        pd.testing.assert_frame_equal(retention.life_table(frame, **more), before)
    pd.testing.assert_frame_equal(retention.causes_of_leaving(frame, cause="why", entered="since"), why)
    assert retention.compare_retention(frame, by="group", entered="since").chi_squared == test.chi_squared


def subscribers(draw: np.random.Generator, chance_to_leave: np.ndarray, cohorts: int, each: int) -> pd.DataFrame:
    """Return who is seen in the last month by a firm that won so many customers in each month before it."""
    age = np.repeat(np.arange(1, cohorts + 1), each)
    leaves = draw.geometric(chance_to_leave[draw.integers(0, len(chance_to_leave), len(age))])
    there = leaves >= age
    return pd.DataFrame({"tenure_months": age[there], "left": (leaves == age)[there]})


def test_a_table_of_last_months_leavers_needs_its_window() -> None:
    """Two kinds of customers; half leave with 30% a month, half with 2%: the truth is known in every month."""
    kinds = np.array([0.3, 0.02])
    months = np.arange(1, 25)
    truth = ((1 - kinds) ** months[:, None]).mean(1)
    seen = subscribers(np.random.default_rng(5), kinds, cohorts=24, each=4_000)
    right = retention.life_table(seen, window=1)
    naive = retention.life_table(seen)
    assert right["retention"].to_numpy() == pytest.approx(truth, abs=0.02)
    # tenure taken for a lifetime: those who left before the last month are not in the table
    assert (naive["retention"].to_numpy() - truth)[5:].min() > 0.2
    # the hazard falls though nobody changes
    assert right["hazard"].iloc[0] > 2.5 * right["hazard"].iloc[-1]


def test_the_intervals_hold_the_truth_as_often_as_they_say() -> None:
    draw = np.random.default_rng(11)
    inside = {"hazard": 0, "retention": 0}
    truth = {"hazard": 0.1, "retention": 0.9**6}
    for _ in range(400):
        leaves = draw.geometric(0.1, 150)
        ends = draw.integers(4, 13, 150)
        frame = pd.DataFrame({"tenure_months": np.minimum(leaves, ends), "left": leaves <= ends})
        sixth = retention.life_table(frame).set_index("period").loc[6]
        for name, true in truth.items():
            inside[name] += sixth[f"{name}_low"] <= true <= sixth[f"{name}_high"]
    assert all(0.92 <= count / 400 <= 0.985 for count in inside.values()), inside


def test_the_telco_table_has_the_hazard_its_card_states() -> None:
    table = retention.life_table(datasets.load("telco"), left="left_last_month", window=1)
    first = table.iloc[0]
    assert (first["at_risk"], first["left"]) == (613, 380)
    assert first["hazard"] == pytest.approx(0.62, abs=0.005)
    assert table["at_risk"].sum() == 7_043 - 11 and table["left"].sum() == 1_869


def test_nobody_leaves_and_everybody_leaves() -> None:
    stays = pd.DataFrame({"tenure_months": [3] * 20, "left": [False] * 20})
    calm = retention.life_table(stays).iloc[-1]
    assert calm["retention"] == calm["retention_high"] == 1 and 0.8 < calm["retention_low"] < 0.9
    gone = retention.life_table(stays.assign(left=True)).iloc[-1]
    assert gone["retention"] == gone["retention_low"] == 0 and 0.1 < gone["retention_high"] < 0.2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"left": ["yes", "no"]}, "'left' holds .*must hold True"),
        ({"left": [1, 0]}, "'left' holds Int64"),
        ({"tenure_months": [1.5, 2]}, "holds 1.5 in 1 row; it must be a whole number"),
        ({"tenure_months": [-1, 2]}, "holds -1.0 in 1 row"),
        ({"tenure_months": [np.nan, 2]}, "'tenure_months' is empty in 1 row"),
        ({"tenure_months": [np.inf, 2]}, "infinite number in row 1"),
        ({"tenure_months": [0, 2]}, "1 customer has left with a tenure of 0"),
        ({"tenure_months": ["1", "2"]}, "holds String; it must hold numbers"),
        ({"since": [1, 0]}, "first seen .*after the last time"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(change: dict[str, object], said: str) -> None:
    stays = pd.DataFrame({"tenure_months": [1, 2], "left": [True, False], "since": [0, 0]}).assign(**change)
    with pytest.raises(CvmError, match=said):
        retention.life_table(stays, entered="since")


def test_since_when_customers_were_seen_is_said_once() -> None:
    stays = pd.DataFrame({"tenure_months": [1, 2], "left": [True, False], "since": [0, 0]})
    with pytest.raises(CvmError, match="not both"):
        retention.life_table(stays, entered="since", window=1)
    with pytest.raises(CvmError, match="no column 'since when'"):
        retention.life_table(stays, entered="since when")

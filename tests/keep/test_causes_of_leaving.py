"""Competing causes: equal to counting by hand, adding up to one, right where the truth is known, no leaver dropped."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, in_words, retention
from cvmlab.core.words import speaking

STAY = st.tuples(
    st.integers(0, 6), st.integers(0, 5), st.booleans(), st.sampled_from(["poached", "attracted", None])
).filter(lambda one: one[1] <= one[0] - one[2])


def frame_of(stays: list[tuple[int, int, bool, str | None]]) -> pd.DataFrame:
    return pd.DataFrame(stays, columns=["tenure_months", "since", "left", "why"]).astype({"left": bool})


@settings(max_examples=150, deadline=None)
@given(st.lists(STAY, min_size=1, max_size=40).filter(lambda stays: any(out for _, _, out, _ in stays)))
def test_it_counts_what_a_person_would_count_and_adds_up(stays: list[tuple[int, int, bool, str | None]]) -> None:
    found = retention.causes_of_leaving(frame_of(stays), cause="why", entered="since")
    named = {why or "unknown" for _, _, out, why in stays if out}
    assert set(found["cause"]) == named
    assert found["left"].sum() == sum(out for _, _, out, _ in stays)
    staying, lost = 1.0, dict.fromkeys(named, 0.0)
    for period, rows in found.groupby("period"):
        seen = sum(since < period <= last for last, since, _, _ in stays)
        if not seen:
            assert rows[["hazard", "share_lost", "retention"]].isna().all(axis=None)
            break
        gone = {
            one: sum(out and last == period and (why or "unknown") == one for last, _, out, why in stays)
            for one in named
        }
        for one in named:
            lost[one] += staying * gone[one] / seen
        staying *= 1 - sum(gone.values()) / seen
        told = rows.set_index("cause")
        assert told["at_risk"].tolist() == [seen] * len(named)
        assert told["share_lost"].to_dict() == pytest.approx(lost)
        assert told["share_lost"].sum() + told["retention"].iloc[0] == pytest.approx(1, abs=1e-12)
        assert (told["share_lost"] <= told["share_lost_if_alone"] + 1e-12).all()


def test_retention_is_that_of_the_life_table_whatever_the_causes() -> None:
    draw = np.random.default_rng(1)
    frame = pd.DataFrame({"tenure_months": draw.integers(1, 20, 800), "left": draw.random(800) < 0.4})
    frame["why"] = draw.choice(["a", "b"], 800)
    found = retention.causes_of_leaving(frame, cause="why", window=3)
    table = retention.life_table(frame, window=3)
    assert found.drop_duplicates("period")["retention"].tolist() == pytest.approx(table["retention"].tolist())
    assert found.groupby("period")["hazard"].sum().tolist() == pytest.approx(table["hazard"].tolist())
    alone = retention.causes_of_leaving(frame.assign(why="a"), cause="why", window=3)
    assert alone["share_lost"].tolist() == pytest.approx(alone["share_lost_if_alone"].tolist())


def test_one_minus_kaplan_meier_for_each_cause_overstates_the_loss() -> None:
    """5% are poached and 10% move away each month: of all a third is poached in the end, and the rest has moved."""
    draw = np.random.default_rng(2)
    poached, moved = draw.geometric(0.05, 40_000), draw.geometric(0.10, 40_000)
    ends = draw.integers(1, 41, 40_000)
    last = np.minimum(np.minimum(poached, moved), ends)
    # who would have moved in the same month was poached first
    why = np.where(poached <= moved, "poached", "forced")
    frame = pd.DataFrame({"tenure_months": last, "left": last >= np.minimum(poached, moved), "why": why})
    last_month = retention.causes_of_leaving(frame, cause="why").groupby("cause").last()
    rate = 1 - 0.95 * 0.9
    truth = 0.05 / rate * (1 - (1 - rate) ** 40)
    assert last_month.loc["poached", "share_lost"] == pytest.approx(truth, abs=0.015)
    assert last_month["share_lost"].sum() == pytest.approx(1 - last_month["retention"].iloc[0])
    assert last_month.loc["poached", "share_lost_if_alone"] > truth + 0.4
    assert last_month["share_lost_if_alone"].sum() > 1.5


def test_missing_and_blank_causes_of_leavers_are_one_cause() -> None:
    frame = pd.DataFrame({
        "tenure_months": [1, 1, 1, 2, 2, 2], "left": [True, True, True, True, False, False],
        "why": ["poached", None, "  ", "unknown", "whatever", None],
    })  # fmt: skip
    found = retention.causes_of_leaving(frame, cause="why")
    assert found.groupby("cause")["left"].sum().to_dict() == {"poached": 1, "unknown": 3}
    assert found["cause"].tolist()[-1] == "unknown"
    with speaking("zh"):
        assert "原因不明" in in_words(found).iloc[:, 1].tolist()
    nothing = retention.causes_of_leaving(frame.assign(why=None), cause="why")
    assert set(nothing["cause"]) == {"unknown"}


def test_every_engine_gives_the_same_table() -> None:
    draw = np.random.default_rng(4)
    frame = pd.DataFrame({"tenure_months": draw.integers(1, 9, 500), "left": draw.random(500) < 0.3})
    frame["why"] = draw.choice(["a", "b", None], 500)
    told = retention.causes_of_leaving(frame, cause="why")
    for other in (pl.from_pandas(frame), pl.from_pandas(frame).lazy(), duckdb.from_df(frame)):
        pd.testing.assert_frame_equal(retention.causes_of_leaving(other, cause="why"), told, check_dtype=False)
    categories = frame.assign(why=frame["why"].astype("category"))
    pd.testing.assert_frame_equal(retention.causes_of_leaving(categories, cause="why"), told)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"left": False}, "Nobody left"),
        ({"why": [1, 2, 3]}, "'why' holds 1, which is not text"),
        ({"tenure_months": [-1, 2, 3]}, "holds -1.0 in 1 row"),
        ({"tenure_months": 0, "left": False}, "No customer was seen for a whole period"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(change: dict[str, object], said: str) -> None:
    frame = pd.DataFrame({"tenure_months": [1, 2, 3], "left": [True, False, True], "why": ["a", None, "b"]})
    with pytest.raises(CvmError, match=said):
        retention.causes_of_leaving(frame.assign(**change), cause="why")


def test_reasons_in_everybodys_own_words_are_to_be_coded_first() -> None:
    frame = pd.DataFrame({"tenure_months": 1, "left": True, "why": [f"because {number}" for number in range(101)]})
    with pytest.raises(CvmError, match="101 different causes"):
        retention.causes_of_leaving(frame, cause="why")


def test_all_leave_at_once() -> None:
    frame = pd.DataFrame({"tenure_months": [3] * 4, "left": True, "why": ["a", "a", "b", None]})
    last = retention.causes_of_leaving(frame, cause="why").groupby("cause").last()
    assert last["share_lost"].to_dict() == {"a": 0.5, "b": 0.25, "unknown": 0.25}
    assert (last["retention"] == 0).all()

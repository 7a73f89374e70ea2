"""What keeping is worth: published figures of both readings, payback counted out, a programme that just pays."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, retention, value
from cvmlab.core.words import speaking

RATES = st.floats(0, 0.98)


@pytest.mark.parametrize(
    ("rate", "reading", "first", "published"),
    [
        (0.80, "points", "next", 0.275), (0.80, "points", "now", 0.200), (0.80, "percent", "next", 0.047),
        (0.90, "points", "next", 0.407),
    ],
)  # fmt: skip
def test_five_percent_fewer_defections_in_both_readings(
    rate: float, reading: str, first: str, published: float
) -> None:
    """From r/(1+i-r) at 10%, to a tenth of a percent; Reichheld & Sasser mean points."""
    found = retention.value_of_defections(rate, discount_rate=0.10, first=first)
    assert found["fewer_as"].tolist() == ["points", "percent"]
    row = found.set_index("fewer_as").loc[reading]
    assert round(row["change_share"], 3) == published
    alone = retention.value_of_defections(rate, discount_rate=0.10, first=first, fewer_as=reading)
    assert alone["change_share"].tolist() == [row["change_share"]]


@given(RATES, st.floats(0, 0.02), st.floats(0, 0.3), st.sampled_from(["now", "next"]), st.floats(0.1, 500))
def test_the_change_is_that_of_the_multiple(rate: float, fewer: float, d: float, first: str, profit: float) -> None:
    found = retention.value_of_defections(
        rate, fewer=fewer, discount_rate=d + 0.01, first=first, profit_per_period=profit, periods_per_year=4
    )
    for _, row in found.iterrows():
        for end in ("before", "after"):
            multiple = value.margin_multiple(row[f"retention_{end}"], d + 0.01, 4, first)
            assert row[f"customer_value_{end}"] == pytest.approx(profit * multiple)
    assert found["elasticity"].tolist() == [value.elasticity_of_multiple(rate, d + 0.01, 4, first)] * 2


def test_more_than_all_who_leave_cannot_stay() -> None:
    with pytest.raises(CvmError, match=r"A retention rate of 0\.97 cannot rise to 1\.02"):
        retention.value_of_defections(0.97, discount_rate=0.1)
    alone = retention.value_of_defections(0.97, discount_rate=0.1, fewer_as="percent")
    assert alone["retention_after"].tolist() == pytest.approx([0.9715])
    last = retention.value_of_defections(0.95, discount_rate=0.1, fewer_as="points")
    assert last["retention_after"].tolist() == [1.0]
    assert last["customer_value_after"].tolist() == pytest.approx([10.0])
    nothing = retention.value_of_defections(0.0, discount_rate=0.1)
    assert nothing["change_share"].isna().all() and (nothing["customer_value_change"] > 0).any()


@settings(max_examples=200, deadline=None)
@given(
    st.floats(0, 2_000), st.floats(-20, 300), RATES, st.sampled_from([0.0, 0.1, 0.4]), st.sampled_from(["now", "next"])
)
def test_payback_is_what_counting_period_by_period_gives(
    cost: float, profit: float, rate: float, d: float, first: str
) -> None:
    found = retention.payback(
        cost, profit_per_period=profit, retention_rate=rate, discount_rate=d, periods_per_year=12, first=first
    )
    start, earned, counted = int(first == "next"), 0.0, math.inf
    discount = (1 + d) ** (-1 / 12)
    for period in range(start, 3_000):
        earned += profit * (rate * discount) ** period
        if earned >= cost * (1 - 1e-9):
            counted = period
            break
    if cost == 0:
        counted = 0
    # where the last payment decides by a rounding, one period more is right too
    assert found.periods == counted or (cost and abs(earned / cost - 1) < 1e-6)
    curve = (rate * np.ones(400)) ** np.arange(start, 400 + start)
    seen = retention.payback(
        cost, profit_per_period=profit, survival=curve, discount_rate=d, periods_per_year=12, first=first
    )
    if counted < 390:
        assert seen.periods == found.periods
    else:
        assert not np.isfinite(seen.periods) or seen.periods >= 390


def test_never_and_not_yet_known_are_told_apart() -> None:
    never = retention.payback(300, profit_per_period=100, retention_rate=0.7)
    assert math.isinf(never.periods) and "never paid back: all profits to come cover 78%" in never.sentence
    curve = [0.7, 0.49, 0.343]
    unknown = retention.payback(300, profit_per_period=100, survival=curve)
    assert math.isnan(unknown.periods) and "within the 3 periods" in unknown.sentence
    gone = retention.payback(300, profit_per_period=100, survival=[*curve, 0])
    assert math.isinf(gone.periods) and "never" in gone.sentence
    loss = retention.payback(300, profit_per_period=-1, survival=curve)
    assert math.isinf(loss.periods)
    at_once = retention.payback(80, profit_per_period=100, retention_rate=0.5, first="now")
    assert (at_once.periods, at_once.sentence) == (0, "The acquisition cost is paid back at once.")
    said = [one.sentence for one in (never, unknown, gone, at_once)]
    with speaking("zh"):
        for one, english in itertools.zip_longest((never, unknown, gone, at_once), said):
            assert one.sentence != english and "获取成本" in one.sentence


def test_dividing_the_cost_by_the_profit_promises_too_much() -> None:
    assert retention.payback(600, profit_per_period=100, retention_rate=1).periods == 6
    assert retention.payback(600, profit_per_period=100, retention_rate=0.9).periods == 11
    assert retention.payback(600, profit_per_period=100, retention_rate=0.9, discount_rate=0.04).periods == 19


def test_how_many_stay_is_said_once() -> None:
    for given_both in ({}, {"retention_rate": 0.8, "survival": [0.8]}):
        with pytest.raises(CvmError, match="exactly one of them"):
            retention.payback(1, profit_per_period=1, **given_both)
    with pytest.raises(CvmError, match="give one curve"):
        retention.payback(1, profit_per_period=1, survival=np.ones((2, 2)))
    with pytest.raises(CvmError, match="Survival rises"):
        retention.payback(1, profit_per_period=1, survival=[0.5, 0.6])


@given(RATES, st.floats(0, 1), st.floats(0.01, 0.5), st.floats(1, 500))
def test_a_programme_at_its_break_even_leaves_the_value_as_it_was(
    before: float, step: float, d: float, profit: float
) -> None:
    after = before + step * (1 - before)
    found = retention.break_even_cost_of_keeping(before, after, profit_per_period=profit, discount_rate=d).iloc[0]
    # a cohort with the programme, its cost paid at the start of each period by all who are there
    there = after ** np.arange(6_000)
    discount = (1 + d) ** -np.arange(6_000.0)
    cost = found["cost_per_period"] * (there * discount).sum()
    assert found["value_gained"] == pytest.approx(cost, rel=1e-6, abs=1e-6)
    without = profit * value.margin_multiple(before, d)
    assert profit * value.margin_multiple(after, d) - cost == pytest.approx(without, rel=1e-6)


def test_a_programme_is_compared_by_the_year() -> None:
    found = retention.break_even_cost_of_keeping(
        0.98, [0.98, 0.985], profit_per_period=30, discount_rate=0.10, periods_per_year=12
    )
    assert found["cost_per_period"].iloc[0] == 0
    assert found["cost_per_year"].tolist() == pytest.approx((12 * found["cost_per_period"]).tolist())
    with pytest.raises(CvmError, match="retention_after"):
        retention.break_even_cost_of_keeping(0.8, 0.7, profit_per_period=1, discount_rate=0.1)

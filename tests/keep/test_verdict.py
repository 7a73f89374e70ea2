"""The book's verdict and its failure; the share of controllable loss with an interval that holds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, churn, datasets, speaking

REASONS = ["given_up", "left_on_own", "poached", "attracted", "forced_to_leave", "other_reason"]


def coding(*named: str, **more: object) -> pd.DataFrame:
    """Return a coding of customers who name reasons by their place in the book: "24" names two, "" none."""
    boxes = [[str(place) in one for place in range(1, 7)] for one in named]
    return pd.DataFrame(boxes, columns=REASONS).assign(no_rule=False, no_text=[not one for one in named], **more)


@pytest.mark.parametrize(
    ("named", "serious"),
    [(["1", "3", "5"], False), (["1", "35", ""], False), *((["135", one], True) for one in "246"), (["52"], True)],
)
def test_the_rule_of_the_book(named: list[str], serious: bool) -> None:
    assert churn.verdict(coding(*named)).serious is serious


def test_an_unread_text_makes_it_serious_by_the_letter_and_that_is_said() -> None:
    found = churn.verdict(churn.code_reasons(pd.DataFrame({"text": ["I lost my job", "Well", ""]})))
    assert (found.serious, found.serious_without_them) == (True, False)
    assert (found.leavers, found.controllable, found.no_rule, found.unknown) == (3, 1, 1, 1)
    with speaking("zh"):
        assert "问题严重" in found.sentence()


@pytest.mark.parametrize(("leavers", "rate"), [(20, 0.02), (100, 0.02), (300, 0.01)])
def test_with_real_numbers_the_verdict_is_serious_almost_surely(leavers: int, rate: float) -> None:
    draw = np.random.default_rng(7)
    serious = [churn.verdict(coding(*np.where(draw.random(leavers) < rate, "4", "5"))).serious for _ in range(150)]
    expected = churn.chance_of_serious(leavers, rate=rate)
    assert np.mean(serious) == pytest.approx(expected, abs=4 * np.sqrt(0.25 / 150))
    assert expected == pytest.approx(1 - (1 - rate) ** leavers)


def test_the_carrier_is_always_serious_however_small_the_sample() -> None:
    subscribers = datasets.load("carrier_subscribers")
    asked = subscribers[subscribers["stated_reason"].fillna("") != ""]
    coded = churn.code_reasons(asked, text=None, fields=["stated_reason"])
    rate = coded[["left_on_own", "attracted", "other_reason"]].any(axis=1).mean()
    verdicts = [churn.verdict(coded.sample(10, random_state=seed)).serious for seed in range(100)]
    assert np.mean(verdicts) == pytest.approx(churn.chance_of_serious(10, rate=rate), abs=0.05)
    assert np.mean(verdicts) > 0.95


@pytest.mark.parametrize(("leavers", "rate"), [(0, 0.1), (10, 1.1), (10, -0.1)])
def test_a_chance_that_cannot_be_is_refused(leavers: int, rate: float) -> None:
    with pytest.raises(CvmError, match="must be"):
        churn.chance_of_serious(leavers, rate=rate)
    assert churn.chance_of_serious(3, rate=1) == 1
    assert churn.chance_of_serious(3, rate=0) == 0


# --- the controllable share ------------------------------------------------------------------------


def test_the_share_by_hand() -> None:
    table = coding("2", "5", "24", "25", "", value=[10.0, 30.0, 20.0, 40.0, 100.0])
    found = churn.controllable_share(table, value="value")
    assert found.share == pytest.approx((10 + 20 + 40 / 2) / 100)
    assert (found.least, found.most) == (pytest.approx(50 / 200), pytest.approx(150 / 200))
    assert (found.known_value, found.unknown_value) == (100, 100)
    assert churn.controllable_share(table).share == pytest.approx((1 + 1 + 0.5) / 4)


def test_texts_that_no_rule_reads_are_unknown_and_not_other() -> None:
    coded = churn.code_reasons(pd.DataFrame({"text": ["cash", "cash", "Well", ""]}))
    found = churn.controllable_share(coded)
    assert (found.share, found.least, found.most) == (0, 0, 0.5)
    assert found.low == 0 < found.high < 1, "two customers prove nothing"


@pytest.mark.parametrize(("stated", "compared"), [(None, "none"), (0.3, "above"), (0.5, "undecided"), (0.8, "below")])
def test_it_is_compared_with_a_stated_benchmark(stated: float | None, compared: str) -> None:
    found = churn.controllable_share(coding(*["4"] * 50, *["5"] * 50), benchmark=stated)
    assert found.compared == compared
    assert "50%" in found.sentence()
    assert ("cannot be said" in found.sentence()) == (compared == "undecided")


WORLDS = [
    (size, share, spread, ties)
    for size in (30, 200)
    for share in (0.05, 0.4)
    for spread in (0.0, 1.5)
    for ties in (False, True)
]


@pytest.mark.parametrize(("size", "share", "spread", "ties"), WORLDS)
def test_the_interval_holds_whether_or_not_the_valuable_leave_for_other_reasons(
    size: int, share: float, spread: float, ties: bool
) -> None:
    draw = np.random.default_rng(size)

    def chance(value: np.ndarray) -> np.ndarray:
        return np.clip(share * (0.5 + (value > 1)), 0, 1) if ties else np.full(len(value), share)

    many = draw.lognormal(0, spread, 1_000_000)
    true, held, rounds = float(many @ chance(many) / many.sum()), 0, 160
    for _ in range(rounds):
        value = draw.lognormal(0, spread, size)
        table = coding(*np.where(draw.random(size) < chance(value), "4", "5"), value=value)
        found = churn.controllable_share(table, value="value")
        held += found.low <= true <= found.high
    assert held / rounds >= 0.90


def test_the_simpler_share_of_customers_misses_what_a_few_large_ones_mean() -> None:
    table = coding(*["5"] * 90, *["2"] * 10, value=[10.0] * 90 + [900.0] * 10)
    by_customer, by_value = churn.controllable_share(table), churn.controllable_share(table, value="value")
    assert by_customer.share == pytest.approx(0.1)
    assert by_value.share == pytest.approx(9_000 / 9_900)
    assert by_value.high - by_value.low > by_customer.high - by_customer.low, "ten customers carry it"


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["", "1", "2", "34", "6", "2456"]), st.floats(0, 1e6)), min_size=1, max_size=30)
)
def test_bounds_hold_the_share_and_counts_agree(customers: list[tuple[str, float]]) -> None:
    table = coding(*(named for named, _ in customers), value=[value for _, value in customers])
    if not any(named and value for named, value in customers):
        with pytest.raises(CvmError, match=r"known reason|is 0, so"):
            churn.controllable_share(table, value="value")
        return
    found = churn.controllable_share(table, value="value")
    assert 0 <= found.low <= found.share + 1e-9 and found.share <= found.high + 1e-9 <= 1 + 2e-9
    assert 0 <= found.least <= found.most <= 1
    counts = churn.count_reasons(table, value="value")
    assert counts.loc[counts["controllable"], "value_share"].sum() == pytest.approx(found.least, abs=1e-9)


@pytest.mark.parametrize(
    ("table", "options", "said"),
    [
        (coding("", ""), {}, "known reason"),
        (coding("4").head(0), {}, "no rows"),
        (coding("4").drop(columns="poached"), {}, "no column 'poached'"),
        (coding("4", value=[-1.0]), {"value": "value"}, "is -1 in row 1"),
        (coding("4"), {"value": "worth"}, "no column 'worth'"),
        (coding("4"), {"benchmark": 40.0}, "benchmark .*between 0 and 1"),
    ],
)
def test_shares_that_cannot_be_are_refused(table: pd.DataFrame, options: dict[str, object], said: str) -> None:
    with pytest.raises(CvmError, match=said):
        churn.controllable_share(table, **options)  # type: ignore[arg-type]
    if "value" not in options and "benchmark" not in options:
        with pytest.raises(CvmError):
            churn.verdict(table)

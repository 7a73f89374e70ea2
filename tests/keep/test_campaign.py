"""A campaign's profit: as by hand, near what one who knows every probability would earn, and above rules by risk."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, churn

COSTS = {"profit_if_kept": 100.0, "contact_cost": 1.0, "offer_cost": 10.0, "acceptance": 0.5}
FIGURE = st.floats(0, 200, allow_nan=False)


def scores(chance: object, **more: object) -> pd.DataFrame:
    chance = np.asarray(chance, dtype=float)
    ids = [f"c{place}" for place in range(len(chance))]
    return pd.DataFrame({"customer_id": ids, "churn_probability": chance, **more})


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.floats(-50, 300)), min_size=1, max_size=30),
    FIGURE, FIGURE, st.floats(0, 1), st.floats(0, 1),
)  # fmt: skip
def test_it_is_what_a_person_would_add_up(
    customers: list[tuple[float, bool, float]], contact: float, offer: float, acceptance: float, stayers: float
) -> None:
    frame = scores([p for p, _, _ in customers], left=[g for _, g, _ in customers], worth=[v for *_, v in customers])
    costs = {"contact_cost": contact, "offer_cost": offer, "acceptance": acceptance, "stayers_take": stayers}
    found = churn.campaign_profit(frame, profit_if_kept="worth", **costs)
    lost = stayers * offer
    expected = [p * acceptance * (v - offer) - (1 - p) * lost - contact for p, _, v in customers]
    actual = [(acceptance * (v - offer) if g else -lost) - contact for _, g, v in customers]
    assert found.customers["expected_profit"].tolist() == pytest.approx(expected)
    assert found.called == sum(found.customers["call"])
    rules = found.rules.set_index("rule")
    assert rules.loc["nobody", ["called", "profit"]].tolist() == [0, 0]
    assert rules.loc["everybody", "profit"] == pytest.approx(sum(actual))
    best = found.customers["call"]
    assert rules.loc["expected_profit", "expected_profit"] == pytest.approx(np.maximum(expected, 0).sum())
    assert rules.loc["expected_profit", "profit"] == pytest.approx(np.array(actual)[best].sum())
    # no number of calls is expected to bring more
    assert found.curve["expected_profit"].max() == pytest.approx(np.maximum(expected, 0).sum())
    at_best = found.curve.set_index("called").loc[found.called, "expected_profit"]
    assert at_best == pytest.approx(found.curve["expected_profit"].max())
    assert sorted(found.customers["place"]) == list(range(1, len(customers) + 1))


@settings(max_examples=60, deadline=None)
@given(FIGURE, FIGURE, st.floats(0.01, 1), st.floats(0, 1))
def test_break_evens_are_where_a_call_earns_nothing(
    contact: float, offer: float, accept: float, stayers: float
) -> None:
    costs = {"profit_if_kept": 150.0, "contact_cost": contact, "offer_cost": offer, "stayers_take": stayers}
    found = churn.campaign_profit(scores([0.9, 0.2]), acceptance=accept, **costs)
    point = found.break_even_probability
    if np.isnan(point):
        sure = churn.campaign_profit(scores([1.0]), acceptance=accept, **costs)
        assert sure.customers["expected_profit"][0] <= 1e-9
    else:
        there = churn.campaign_profit(scores([point]), acceptance=accept, **costs)
        assert there.customers["expected_profit"][0] == pytest.approx(0, abs=1e-9)
    least = found.break_even_acceptance
    if np.isnan(least):
        assert churn.campaign_profit(scores([0.9, 0.2]), acceptance=1.0, **costs).called == 0
    else:
        there = churn.campaign_profit(scores([0.9, 0.2]), acceptance=least, **costs)
        assert there.customers["expected_profit"].max() == pytest.approx(0, abs=1e-9)


def market(seed: int, size: int = 3_000) -> tuple[pd.DataFrame, np.ndarray]:
    """Return customers, of whom those who bring most leave least, and their true probabilities."""
    draw = np.random.default_rng(seed)
    tenure, calls = draw.gamma(2, 12, size), draw.poisson(1, size)
    truth = 1 / (1 + np.exp(1.2 + 0.05 * (tenure - 20) - 0.7 * calls))
    worth = (40 + 6 * tenure * draw.lognormal(0, 0.3, size)).round(2)
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{place:05d}" for place in range(size)],
            "tenure": tenure,
            "calls": calls,
            "worth": worth,
            "left": draw.random(size) < truth,
        }
    )
    return frame, truth


@pytest.mark.parametrize("seed", [1, 2])
def test_it_earns_nearly_what_one_who_knows_every_probability_would(seed: int) -> None:
    customers, truth = market(seed)
    scored = churn.score_churn(customers, exclude=["worth"]).scores
    found = churn.campaign_profit(
        scored.assign(worth=customers["worth"]), profit_if_kept="worth", contact_cost=5, offer_cost=40, acceptance=0.4
    )
    true = truth * 0.4 * (customers["worth"] - 40) - (1 - truth) * 40 - 5
    earned, most = true[found.customers["call"]].sum(), true[true > 0].sum()
    assert earned >= 0.95 * most > 0
    # held-out outcomes say about the same
    rules = found.rules.set_index("rule")
    ours = rules.loc["expected_profit"]
    assert ours["profit_low"] <= earned <= ours["profit_high"]
    # a cut-off for accuracy or F1 leaves money with the customers
    assert true[scored["churn_probability"] >= 0.5].sum() < 0.75 * earned
    f1 = rules.loc["best_f1", "called"]
    by_risk = true.to_numpy()[np.argsort(-scored["churn_probability"].to_numpy())[: int(f1)]].sum()
    assert by_risk < 0.75 * earned
    assert true.sum() < 0


def test_a_cut_off_for_f1_can_lose_money() -> None:
    customers, _ = market(3, 1_500)
    scored = churn.score_churn(customers, exclude=["worth"]).scores
    rules = churn.campaign_profit(scored, **COSTS | {"offer_cost": 60.0}).rules.set_index("rule")
    assert rules.loc["best_f1", "profit_high"] < 0 <= rules.loc["expected_profit", "expected_profit"]


def test_intervals_hold_what_such_customers_bring() -> None:
    inside = 0
    for seed in range(120):
        draw = np.random.default_rng(seed)
        chance = draw.beta(1, 3, 250)
        frame = scores(chance, left=draw.random(250) < chance)
        row = churn.campaign_profit(frame, **COSTS).rules.set_index("rule").loc["everybody"]
        # on average a quarter leave
        inside += row["profit_low"] <= 250 * (0.25 * 45 - 0.75 * 10 - 1) <= row["profit_high"]
    assert 0.88 <= inside / 120 <= 0.99


def test_without_outcomes_there_is_only_what_is_expected() -> None:
    found = churn.campaign_profit(scores([0.8, 0.3, 0.05]), **COSTS)
    assert "profit" not in found.curve and "best_f1" not in set(found.rules["rule"])
    assert found.break_even_probability == pytest.approx(11 / 55)
    assert found.break_even_acceptance == pytest.approx((1 + 0.2 * 10) / (0.8 * 90))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"acceptance": 1.2}, r"\(acceptance\) is 1.2; it must be between 0 and 1"),
        ({"offer_cost": -1.0}, r"\(offer_cost\) is -1; it must be at least 0"),
        ({"contact_cost": -1.0}, r"\(contact_cost\) is -1"),
        ({"profit_if_kept": "worth"}, "no column 'worth'"),
    ],
)
def test_what_cannot_be_is_said(change: dict[str, object], said: str) -> None:
    with pytest.raises(CvmError, match=said):
        churn.campaign_profit(scores([0.5]), **{**COSTS, **change})
    with pytest.raises(CvmError, match=r"holds 1\.2 in row 1"):
        churn.campaign_profit(scores([1.2]), **COSTS)
    with pytest.raises(CvmError, match="must hold True and False"):
        churn.campaign_profit(scores([0.2], left=["no"]), **COSTS)

"""Winning back: expected profits counted out one by one, the best offer for each, and nobody where none pays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, retention

OFFERS = pd.DataFrame({
    "offer": ["call", "gift", "rebate"], "acceptance": [0.05, 0.15, 0.25], "retention_rate": [0.9, 0.8, 0.7],
    "contact_cost": [4.0, 5.0, 4.0], "gift": [0.0, 15.0, 0.0], "rebate": [0.0, 0.0, 6.0], "rebate_periods": [0, 0, 3],
})  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(
    st.floats(-50, 500), st.floats(0, 1), st.floats(0, 0.97), st.floats(0, 20), st.floats(0, 30), st.floats(0, 10),
    st.integers(1, 40), st.sampled_from(["now", "next"]),
)  # fmt: skip
def test_expected_profit_is_what_adding_up_the_payments_gives(
    profit: float, accepts: float, rate: float, contact: float, gift: float, rebate: float, periods: int, first: str
) -> None:
    offer = pd.DataFrame({
        "offer": ["one"], "acceptance": accepts, "retention_rate": rate, "contact_cost": contact, "gift": gift,
        "rebate": rebate, "rebate_periods": periods,
    })  # fmt: skip
    lost = pd.DataFrame({"customer_id": ["a"], "profit_per_period": [profit]})
    found = retention.value_of_win_back(lost, offer, discount_rate=0.12, periods_per_year=12, first=first).iloc[0]
    start = int(first == "next")
    period = np.arange(start, 3_000)
    there = rate**period * 1.12 ** (-period / 12)
    paid = there * (period < periods + start)
    second, cost = profit * there.sum(), gift + rebate * paid.sum()
    close = {"rel": 1e-6, "abs": 1e-6}
    assert found["assumed_second_lifetime_value"] == pytest.approx(second, **close)
    assert found["offer_cost"] == pytest.approx(cost, **close)
    assert found["expected_profit"] == pytest.approx(accepts * (second - cost) - contact, **close)
    share = found["break_even_acceptance"]
    if np.isfinite(share):
        assert share * (second - cost) == pytest.approx(contact, **close)
    else:
        assert second - cost - contact < 1e-6


def test_whom_and_with_which_offer_is_what_trying_all_of_them_finds() -> None:
    draw = np.random.default_rng(6)
    lost = pd.DataFrame({
        "customer_id": [f"c{number:03}" for number in range(300)], "profit_per_period": draw.lognormal(2, 1, 300),
        "ready": draw.uniform(0.2, 3, 300),
    })  # fmt: skip
    values = retention.value_of_win_back(lost, OFFERS, discount_rate=0.1, acceptance_factor="ready")
    chosen = retention.whom_to_win_back(values)
    table = values.pivot_table(index="customer_id", columns="offer", values="expected_profit")
    best = table.max(axis=1)
    assert set(chosen["customer_id"]) == set(best.index[best > 0]) and 0 < len(chosen) < 300
    assert chosen["expected_profit"].is_monotonic_decreasing
    told = chosen.set_index("customer_id")
    assert told["offer"].to_dict() == table.idxmax(axis=1)[told.index].to_dict()
    assert len(set(told["offer"])) > 1
    offers = retention.compare_offers(values).set_index("offer")
    assert offers.index[0] == "best_for_each"
    assert offers.loc["best_for_each", "expected_profit"] == pytest.approx(chosen["expected_profit"].sum())
    for name in OFFERS["offer"]:
        assert offers.loc[name, "expected_profit"] == pytest.approx(table[name].clip(lower=0).sum())
        assert offers.loc[name, "customers"] == (table[name] > 0).sum()
        assert offers.loc[name, "profit_of_all"] == pytest.approx(table[name].sum())


def test_the_offer_that_most_accept_is_not_the_one_that_brings_most() -> None:
    """Many come back for the rebate, pay less and leave sooner."""
    lost = pd.DataFrame({"customer_id": ["a"], "profit_per_period": [80.0]})
    few = OFFERS.assign(acceptance=[0.08, 0.1, 0.12], rebate=[0.0, 0.0, 20.0])
    values = retention.value_of_win_back(lost, few, discount_rate=0.1)
    assert retention.whom_to_win_back(values)["offer"].tolist() == ["call"]
    # with the retention rate of customers who never left, the rebate would have been chosen
    hoped = retention.value_of_win_back(lost, few.assign(retention_rate=0.9), discount_rate=0.1)
    assert retention.whom_to_win_back(hoped)["offer"].tolist() == ["rebate"]


def test_nobody_is_called_where_nothing_pays() -> None:
    lost = pd.DataFrame({"customer_id": ["a", "b"], "profit_per_period": [0.5, -2.0]})
    values = retention.value_of_win_back(lost, OFFERS, discount_rate=0.1)
    chosen = retention.whom_to_win_back(values)
    assert len(chosen) == 0 and list(chosen) == list(values)
    offers = retention.compare_offers(values)
    assert (offers["customers"] == 0).all() and (offers["expected_profit"] == 0).all()
    assert (offers["profit_of_all"] < 0).all()


def test_an_offer_that_costs_nothing_breaks_even_at_nobody() -> None:
    lost = pd.DataFrame({"customer_id": ["a"], "profit_per_period": [5.0]})
    free = pd.DataFrame({"offer": ["x"], "acceptance": 0.1, "retention_rate": 0.5, "contact_cost": 0.0})
    assert retention.value_of_win_back(lost, free, discount_rate=0)["break_even_acceptance"].tolist() == [0.0]
    endless = free.assign(retention_rate=1.0, rebate=1.0, rebate_periods=4)
    found = retention.value_of_win_back(lost, endless, discount_rate=0.1, first="next")
    assert found["offer_cost"].iloc[0] == pytest.approx(sum(1.1**-k for k in (1, 2, 3, 4)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"acceptance": 1.2}, "'acceptance' of the table offers holds 1.2 in row 1"),
        ({"contact_cost": -1.0}, "'contact_cost' of the table offers holds -1"),
        ({"retention_rate": None}, "'retention_rate' of the table offers holds|empty cells"),
        ({"offer": "call"}, "The offer 'call' appears in more than one row"),
        ({"rebate_periods": 1.5}, "Row 1 of the table offers has 1.5 rebate periods"),
        ({"rebate": 1.0, "rebate_periods": 0}, "Row 1 of the table offers has 0 rebate periods"),
    ],
)
def test_offers_that_cannot_be_are_named(change: dict[str, object], said: str) -> None:
    lost = pd.DataFrame({"customer_id": ["a"], "profit_per_period": [5.0]})
    with pytest.raises(CvmError, match=said):
        retention.value_of_win_back(lost, OFFERS.assign(**change), discount_rate=0.1)


def test_customers_that_cannot_be_are_named() -> None:
    lost = pd.DataFrame({"customer_id": ["a", "a"], "profit_per_period": [5.0, 6.0], "ready": [1, 9]})
    with pytest.raises(CvmError, match="The customer 'a' appears in 2 rows"):
        retention.value_of_win_back(lost, OFFERS, discount_rate=0.1)
    apart = lost.assign(customer_id=["a", "b"])
    with pytest.raises(CvmError, match="'gift' would be accepted by more than all: customer 'b' has a factor of 9"):
        retention.value_of_win_back(apart, OFFERS, discount_rate=0.1, acceptance_factor="ready")
    with pytest.raises(CvmError, match="empty cells"):
        retention.value_of_win_back(apart.assign(profit_per_period=[None, 1.0]), OFFERS, discount_rate=0.1)
    values = retention.value_of_win_back(apart, OFFERS, discount_rate=0.1)
    for work in (retention.whom_to_win_back, retention.compare_offers):
        with pytest.raises(CvmError, match="Customer 'a' appears with the offer 'call' in more than one row"):
            work(pd.concat([values, values]))
    with pytest.raises(CvmError, match="best_for_each"):
        retention.compare_offers(values.assign(offer=values["offer"].replace("call", "best_for_each")))

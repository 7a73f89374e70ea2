"""The market engine: its frames, and bad input."""

import numpy as np
import pytest
from small_markets import BUSY, PAIR, THREE

from cvmlab import CvmError, market
from cvmlab.core.random import draws
from cvmlab.market import CAUSES, Carrier, Decision, MarketScenario, extend, simulate

# --- frames --------------------------------------------------------------------------------------


def test_frames_agree_with_the_arrays():
    result = simulate(None, THREE, BUSY, 800, 12, 2)
    frame = result.to_frame()
    assert len(frame) == 800 * 12
    assert frame["customer_id"].str.len().unique().tolist() == [3]
    assert frame["revenue"].sum() == pytest.approx(result.panel.revenue.sum() / 100)
    assert (frame["cause"] != "").sum() == (result.panel.cause > 0).sum()
    assert set(frame["reason"]) - {""} <= set(market.REASON_OF_CAUSE.values())
    truth = result.truth()
    assert len(truth) == 800
    assert (truth["carrier"].to_numpy() == frame[frame["period"] == 11]["carrier"].to_numpy()).all()


def test_every_relationship_has_its_pattern_once_it_has_ended():
    result = simulate(None, THREE, BUSY, 2000, 48, 2)
    spells = result.spells()
    assert spells["ended"].sum() == (result.panel.cause[1:] > 0).sum()
    assert (~spells["ended"]).sum() == 2000
    assert (spells["pattern"] != "")[spells["ended"]].all()
    assert set(spells["pattern"][~spells["ended"]]) == {"", "IV"}
    assert set(spells["pattern"]) == {"", "I", "II", "III", "IV"}
    assert (spells["last_period"] - spells["first_period"] + 1).sum() == 2000 * 48
    early = spells[spells["pattern"] == "I"]
    assert set(early["stage_reached"]) == {"exploration"}


def test_the_six_reasons_cover_every_cause():
    assert set(market.REASON_OF_CAUSE) == set(CAUSES)
    assert set(market.REASON_OF_CAUSE.values()) == {
        "given_up", "left_on_own", "poached", "attracted", "forced_to_leave", "other_reason",
    }  # fmt: skip


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("says", "options"),
    [
        ("0 carriers", {"carriers": {}}),
        ("only carrier", {"carriers": {"A": Carrier()}}),
        ("sum to 0.9", {"carriers": {"A": Carrier(share=0.5), "B": Carrier(share=0.4)}}),
        ("sum to 1.2", {"carriers": {"A": Carrier(share=0.8), "B": Carrier(share=0.4)}}),
        ("number of customers (customers) is 0", {"customers": 0}),
        ("customers=1.5", {"customers": 1.5}),
        ("number of customers (customers) is -3", {"customers": -3}),
        ("10,000,000 customers over 60 months need 15.9 GB", {"customers": 10_000_000, "periods": 60}),
        ("panel=False", {"customers": 10_000_000, "periods": 60}),
        ("even without the panel", {"customers": 100_000_000, "periods": 60, "panel": False}),
        ("(periods) is 0; it must be a whole number between 1 and 1200", {"periods": 0}),
        ("(threads) is 0", {"threads": 0}),
        ("seed=-1", {"seed": -1}),
        ("'D', but the carriers are: A, B, C", {"decisions": {"D": Decision()}}),
        ("has already passed", {"decisions": {"A": {-1: Decision()}}}),
        ("last period is 4", {"decisions": {"A": {5: Decision()}}}),
        ("give a Decision", {"decisions": {"A": 0.9}}),
        ("give a Decision", {"decisions": {"A": {"3": Decision()}}}),
    ],
)
def test_bad_input_is_told(says, options):
    with pytest.raises(CvmError) as caught:
        simulate(**{"carriers": THREE, "customers": 100, "periods": 5, **options})
    assert says in str(caught.value)


def test_ten_million_customers_fit_without_the_panel():
    assert market.memory_needed(10_000_000, 60, panel=False) < 2.5 * 2**30


def test_a_negative_price_and_an_unknown_force_are_told():
    with pytest.raises(CvmError, match="at least 0"):
        Decision(price=-0.1)
    with pytest.raises(CvmError, match="no force 'gravity'"):
        MarketScenario().with_forces("gravity")
    with pytest.raises(CvmError, match="no parameter 'gravity'"):
        MarketScenario().replace(gravity=True)


def test_a_past_decision_is_told_when_going_on():
    begun = simulate(None, THREE, None, 100, 6)
    with pytest.raises(CvmError, match="Decide for period 6 or later"):
        extend(begun, 3, {"A": {5: Decision()}})


def test_a_panel_that_was_not_kept_is_told():
    with pytest.raises(CvmError, match="panel=True"):
        simulate(None, THREE, None, 100, 2, panel=False).to_frame()


@pytest.mark.parametrize(
    ("says", "arrays"),
    [
        ("no parameter 'age'", {"age": 3}),
        ("shape", {"wallet": [1.0, 2.0]}),
        ("wallet", {"wallet": -1.0}),
        ("wallet", {"wallet": np.nan}),
        ("carrier", {"carrier": 4}),
        ("level", {"level": 1.1}),
        ("tenure", {"tenure": "long"}),
    ],
)
def test_bad_customers_are_told(says, arrays):
    with pytest.raises(CvmError, match=says):
        market.make_customers(MarketScenario(), THREE, 10, 0).replace(**arrays)


def test_customers_of_another_market_are_told():
    with pytest.raises(CvmError, match="made for 3 carriers"):
        simulate(None, PAIR, None, market.make_customers(MarketScenario(), THREE, 10, 0), 2)


def test_every_word_of_the_market_is_there_in_both_languages():
    from cvmlab import term

    for scenario in (MarketScenario, Carrier, Decision):
        for limits in scenario.limits().values():
            assert limits.label() != term(limits.word, language="zh")


def test_draws_are_keyed_by_the_customer():
    start = market.make_customers(MarketScenario(), THREE, 50, 9)
    u = draws.uniform(9, np.arange(50), 2**32 - 1, 0)
    assert (start.carrier == np.searchsorted([0.4, 0.75], u, side="right") + 1).all()

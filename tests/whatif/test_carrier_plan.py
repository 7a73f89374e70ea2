"""The what-if of the carrier's plan says what the market engine says of it."""

from __future__ import annotations

import pytest

import cvmlab as cvm
from cvmlab import CvmError
from cvmlab.market import try_measures
from cvmlab.whatif import CarrierPlan, WhatIf, carrier_plan


@pytest.fixture(scope="module")
def what_if() -> WhatIf:
    return carrier_plan(currency="¥")


@pytest.fixture(autouse=True)
def nothing_moved(what_if: WhatIf) -> None:
    what_if.reset()


SOLD = {"handset_offered": True, "contract_months": 24}


@pytest.mark.parametrize(
    ("moved", "fields"),
    [
        ({"network_quality": 1.6}, {"network_quality": 1.6}),
        ({"handset_subsidy": 600, "care": 3}, {"handset_subsidy": 600, "care": 3, **SOLD}),
        ({"handset_offered": True}, SOLD),
        (
            {"price": 0.9, "group_offer": 5, "win_back_offer": 60},
            {"price": 0.9, "group_offer": 5, "win_back_offer": 60},
        ),
    ],
)
def test_a_plan_brings_what_its_measures_bring(
    what_if: WhatIf, moved: dict[str, float], fields: dict[str, object]
) -> None:
    what_if.set(**moved)
    tried = try_measures({"plan": fields}, customers=2_000, seeds=4).iloc[0]
    names = {"profit": "profit_with", "gain": "difference", "gain_low": "low", "gain_high": "high", "cost": "cost"}
    for ours, theirs in names.items():
        assert what_if.result[ours] == pytest.approx(tried[theirs], rel=1e-3)
    now, before = what_if.result, what_if.baseline
    assert before["left"] - now["left"] == pytest.approx(tried["leavers_prevented"])
    assert now["came_back"] - before["came_back"] == pytest.approx(tried["came_back"])
    assert now["profit"] - before["profit"] == pytest.approx(now["gain"])


def test_nothing_new_brings_and_costs_nothing(what_if: WhatIf) -> None:
    assert {name: what_if.baseline[name] for name in ("gain", "gain_low", "gain_high", "cost")} == {
        "gain": 0, "gain_low": 0, "gain_high": 0, "cost": 0,
    }  # fmt: skip
    what_if.set(network_quality=1.6)
    what_if.pin()
    what_if.set(network_quality=1.0)
    assert "what the carrier did before" in what_if.sentence


@pytest.mark.parametrize(
    ("moved", "english", "chinese"),
    [
        ({"network_quality": 1.6}, "the plan adds ¥130k to profit", "：划算"),
        ({"price": 0.9}, "the plan lowers profit by ¥231k (95% interval ¥221k to ¥241k, 4 markets)", "不划算"),
        ({"win_back_offer": 40}, "4 markets cannot tell whether it pays", "尚不足以判断"),
    ],
)
def test_the_sentence_says_whether_it_pays_in_both_languages(
    what_if: WhatIf, moved: dict[str, float], english: str, chinese: str
) -> None:
    what_if.set(**moved)
    assert english in what_if.sentence
    with cvm.speaking("zh"):
        chinese_one = carrier_plan(currency="¥")
        chinese_one.set(**moved)
    assert chinese in chinese_one.sentence
    assert not chinese_one.trouble


def test_prevention_and_win_back_are_buttons_and_begin_with_the_baseline(what_if: WhatIf) -> None:
    labels = [button.description for button in what_if._presets]
    assert {"Prevention: three measures", "Win-back offer"} <= set(labels)
    what_if.set(price=0.8)
    what_if._presets[labels.index("Win-back offer")].click()
    assert what_if.scenario == CarrierPlan(win_back_offer=40)


def test_prevention_moves_only_what_is_shown(what_if: WhatIf) -> None:
    labels = [button.description for button in what_if._presets]
    what_if._presets[labels.index("Prevention: three measures")].click()
    assert what_if.scenario == CarrierPlan(network_quality=1.6, handset_offered=True, price=0.95)
    folded = ("group_offer", "care")
    assert all(getattr(what_if.scenario, name) == getattr(CarrierPlan(), name) for name in folded)


def test_it_plays_month_by_month(what_if: WhatIf) -> None:
    what_if.set(handset_subsidy=600)
    whole = what_if.picture
    what_if.unfold(3)
    assert what_if.picture != whole
    what_if.unfold(36)
    assert what_if.picture == whole


def test_a_wrong_number_of_customers_is_refused() -> None:
    with pytest.raises(CvmError, match="customers"):
        carrier_plan(customers=0)

"""The what-if of a win-back offer says whom to call, with which offer and what must come back."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import cvmlab as cvm
from cvmlab.whatif import WhatIf, win_back_offer

RANK = (np.arange(1_000) + 0.5) / 1_000
PROFIT = 300 * np.log(1 / (1 - RANK))
#: Without a cause removed all are alike but for their profit.
ALIKE = {"removed_share": 0}
#: A call with the gift: those who come back anyway take it, too.
WITH_GIFT = 15 + 0.44 * 150


def found(**moved: float | str) -> dict[str, object]:
    what_if = win_back_offer()
    what_if.set(**moved)
    return dict(what_if.result)


def worth(stay: float, rate: float = 0.1, first: int = 0) -> float:
    """Return the present value of 1 of yearly profit after coming back, summed year by year."""
    years = np.arange(first, 2_000)
    return float(((stay / (1 + rate)) ** years).sum())


@pytest.mark.parametrize(("first", "start"), [("now", 0), ("next", 1)])
def test_each_gets_the_offer_that_brings_most(first: str, start: int) -> None:
    result = found(**ALIKE, first=first)
    call = 0.05 * PROFIT * worth(0.75, first=start) - 15
    gift = 0.1 * (PROFIT * worth(0.65, first=start) - 150) - WITH_GIFT
    best = np.maximum(call, gift)
    assert result["called"] == (best > 0).sum()
    assert result["with_gift"] == ((gift > call) & (gift > 0)).sum()
    assert result["profit"] == pytest.approx(best[best > 0].sum())
    assert result["gift_to_all"] == pytest.approx(gift.sum())
    assert result["from_other"] == pytest.approx(PROFIT[best > 0].min()) and math.isinf(float(result["from_removed"]))


def test_the_curves_count_the_most_profitable_first_and_peak_at_what_is_said() -> None:
    for moved in ({}, {"contact_cost": 40}, {"removed_share": 0.65, "gift": 20}):
        result = found(**moved)
        best = result["curves"]["best_for_each"]
        assert len(best) == 1_001 and best[0] == 0
        assert best.argmax() == result["called"] and best.max() == pytest.approx(result["profit"])
        assert (np.diff(best, 2) <= 1e-6).all()
        # the best offer for each is never worse than one offer for all
        for single in ("call", "gift"):
            assert (best >= result["curves"][single] - 1e-6).all()
        assert result["curves"]["gift"][-1] == pytest.approx(result["gift_to_all"])


def test_with_as_many_as_must_come_back_nothing_is_won() -> None:
    result = found(**ALIKE)
    least = result["must_come_back"] / result["back_share"]
    call, gift = 0.05 * worth(0.75) * PROFIT, 0.1 * (worth(0.65) * PROFIT - 150)
    given = gift - WITH_GIFT > call - 15
    brought, cost = np.where(given, gift, call), np.where(given, WITH_GIFT, 15)
    called = brought > cost
    assert (least * brought - cost)[called].sum() == pytest.approx(0, abs=1e-6)
    assert result["back"] == pytest.approx(np.where(given, 0.1, 0.05)[called].sum())


def test_a_cause_that_was_removed_makes_smaller_customers_worth_a_call() -> None:
    result, all_removed = found(), found(removed_share=1)
    # twice as many come back, so half the profit pays for a call without a gift
    assert result["from_removed"] == pytest.approx(result["from_other"] / 2, abs=1)
    assert math.isinf(all_removed["from_other"]) and all_removed["called"] > result["called"]
    assert found(removed_share=0.3, removed_factor=1)["profit"] == pytest.approx(found(**ALIKE)["profit"])


def test_those_who_leave_again_soon_get_no_gift() -> None:
    assert found(back_anyway=0)["with_gift"] > 500
    assert found(back_anyway=0, retention_gift=0.4)["with_gift"] == 0


def test_who_comes_back_anyway_takes_the_gift_too() -> None:
    shares = [found(back_anyway=share) for share in (0, 0.44, 0.9)]
    assert [each["with_gift"] for each in shares] == sorted((each["with_gift"] for each in shares), reverse=True)
    assert shares[0]["gift_to_all"] - shares[1]["gift_to_all"] == pytest.approx(1_000 * 0.44 * 150)
    # a call alone gives nobody anything
    assert len({each["curves"]["call"][-1] for each in shares}) == 1


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        (
            {"contact_cost": 60},
            "Call 355 of the 1,000 who left: those who brought ¥382 per year or more, and from ¥192",
        ),
        (ALIKE, "those who brought ¥96 per year or more; 45 of them with the gift"),
        ({"removed_share": 1}, "those who brought ¥48 per year or more, and only if the cause is removed"),
        ({"acceptance_gift": 0, "acceptance_call": 0}, "Call nobody: at ¥15 per call, no offer brings more"),
        ({"contact_cost": 0, "back_anyway": 0}, "it pays if more than 0.0% come back"),
    ],
)
def test_a_sentence_says_whom_to_call(moved: dict[str, float], said: str) -> None:
    what_if = win_back_offer(currency="¥")
    what_if.set(**moved)
    assert said in what_if.sentence and what_if.trouble == ""


def pressed(what_if: WhatIf) -> list[int]:
    called = []
    for preset in what_if._presets:
        preset.click()
        assert what_if.trouble == "" and what_if.picture
        called.append(what_if.result["called"])
    return called


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_draws_in_both_languages_whatever_is_pressed(language: str) -> None:
    cvm.use(language)
    what_if = win_back_offer(currency="￥")
    once = pressed(what_if)
    # every preset starts from the baseline, whatever was pressed before
    assert pressed(what_if) == once and len(set(once)) > 2
    assert bool(re.search(r"[\u4e00-\u9fff]", what_if.sentence)) == (language == "zh")
    for control in what_if.controls.values():
        for end in ("min", "max"):
            if hasattr(control.widget, end):
                control.widget.value = getattr(control.widget, end)
                assert what_if.trouble == ""

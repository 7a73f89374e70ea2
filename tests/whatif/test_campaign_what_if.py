"""The what-if of a campaign says what calls bring, worked out again here."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import cvmlab as cvm
from cvmlab import CvmError, churn
from cvmlab.whatif import campaign_cut_off

CHANCES = np.round(0.02 + 0.6 * np.linspace(0, 1, 500) ** 3, 4)


@pytest.fixture
def scores() -> pd.DataFrame:
    shuffled = np.random.default_rng(3).permutation(CHANCES)
    ids = [f"c{number:03d}" for number in range(len(shuffled))]
    return pd.DataFrame({"customer_id": ids, "churn_probability": shuffled, "left": shuffled > 0.3})


def worth(calls: int, call: float, offer: float, acceptance: float, kept: float, take: float) -> float:
    """Return what the likeliest leavers bring, customer by customer."""
    chance = np.sort(CHANCES)[::-1][:calls]
    each = chance * acceptance * (kept - offer) - (1 - chance) * take * offer - call
    return float(each.sum())


@pytest.mark.parametrize("moved", [{}, {"offer_cost": 60}, {"stayers_take": 0.5}, {"profit_if_kept": 300}])
def test_profit_at_the_cut_off_is_that_of_the_customers_called(scores, moved) -> None:
    what_if = campaign_cut_off(scores)
    for share in (0, 0.01, 0.37, 1):
        what_if.reset()
        what_if.set(share_called=share, **moved)
        it, found = what_if.scenario, what_if.result
        settings = (it.contact_cost, it.offer_cost, it.acceptance, it.profit_if_kept, it.stayers_take)
        assert found["calls"] == round(500 * share)
        assert found["profit"] == pytest.approx(worth(found["calls"], *settings))
        every = [worth(calls, *settings) for calls in range(501)]
        assert found["best_calls"] == int(np.argmax(every)) and found["best_profit"] == pytest.approx(max(every))
        assert np.interp(found["best_calls"], found["called"], found["profits"]) == pytest.approx(found["best_profit"])
        assert found["break_even"] == pytest.approx(
            churn.campaign_profit(
                scores, profit_if_kept=it.profit_if_kept, contact_cost=it.contact_cost, offer_cost=it.offer_cost,
                acceptance=it.acceptance, stayers_take=it.stayers_take,
            ).break_even_probability
        )  # fmt: skip


def test_the_last_call_that_pays_is_at_the_break_even_chance(scores) -> None:
    found = campaign_cut_off(scores).result
    by_risk = np.sort(CHANCES)[::-1]
    assert by_risk[found["best_calls"] - 1] > found["break_even"] > by_risk[found["best_calls"]]
    assert found["break_even"] == pytest.approx((72 + 2) / (0.13 * 928 + 72))


def test_whom_it_keeps_and_what_it_gives_away(scores) -> None:
    what_if = campaign_cut_off(scores)
    what_if.set(share_called=1, stayers_take=0.5)
    found = what_if.result
    assert found["kept"] == pytest.approx(0.13 * CHANCES.sum())
    assert found["given_away"] == pytest.approx(0.5 * 72 * (1 - CHANCES).sum())


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ({"share_called": 1}, "500 of 500 calls, down to a chance of leaving of 2%: "),
        ({"share_called": 0}, "Nobody is called: no cost, and nobody kept."),
        ({"offer_cost": 200, "acceptance": 0.05}, "No call pays: it takes a chance of leaving of 84%, and the highest"),
        ({"profit_if_kept": 0, "stayers_take": 0}, "No call pays, however likely a customer is to leave."),
    ],
)
def test_a_sentence_says_whether_calls_pay(scores, moved, said) -> None:
    what_if = campaign_cut_off(scores, currency="¥")
    what_if.set(**moved)
    assert what_if.sentence.startswith(said)


def test_the_best_cut_off_is_said_when_it_is_found(scores) -> None:
    what_if = campaign_cut_off(scores, currency="¥")
    best = what_if.result["best_calls"]
    what_if.set(share_called=best / 500)
    assert what_if.sentence.startswith(f"{best} of 500 calls") and "bring the most: ¥" in what_if.sentence


def test_scores_that_cannot_be_read_are_refused(scores) -> None:
    with pytest.raises(CvmError, match="churn_probability"):
        campaign_cut_off(scores.drop(columns="churn_probability"))
    with pytest.raises(CvmError, match="churn_probability"):
        campaign_cut_off(scores.assign(churn_probability=2))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_draws_in_both_languages_whatever_is_pressed(scores, language) -> None:
    cvm.use(language)
    what_if = campaign_cut_off(scores, currency="￥")
    for preset in what_if._presets:
        preset.click()
        assert what_if.trouble == "" and what_if.sentence and what_if.picture
        assert bool(re.search(r"[\u4e00-\u9fff]", what_if.sentence)) == (language == "zh")
    for control in what_if.controls.values():
        for end in ("min", "max"):
            if hasattr(control.widget, end):
                control.widget.value = getattr(control.widget, end)
                assert what_if.picture

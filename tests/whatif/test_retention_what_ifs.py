"""The what-ifs of lesson 10 say what value and complaints come to, worked out again here."""

from __future__ import annotations

import re

import numpy as np
import pytest

import cvmlab as cvm
from cvmlab import retention
from cvmlab.whatif import complaints_resolved, fewer_defections


def worth(margin: float, stay: float, cost: float, rate: float = 0.1) -> float:
    """Return profit at the end of each year from those who stay, less the cost at its start for all there."""
    years = np.arange(3_000)
    there = stay**years / (1 + rate) ** years
    return float((there * (margin * stay / (1 + rate) - cost)).sum())


@pytest.mark.parametrize(("stay", "points", "cost"), [(0.8, 5, 40), (0.8, 1, 40), (0.9, 5, 0), (0.5, 10, 200)])
def test_value_is_the_sum_over_the_years(stay: float, points: float, cost: float) -> None:
    what_if = fewer_defections()
    what_if.set(retention_rate=stay, points=points, cost=cost)
    found = what_if.result
    before, after = worth(300, stay, 0), worth(300, stay + points / 100, cost)
    assert (found["value_before"], found["value_after"]) == pytest.approx((before, after))
    assert found["net_gain"] == pytest.approx(after / before - 1)
    assert found["gain"] == pytest.approx(worth(300, stay + points / 100, 0) / before - 1)


@pytest.mark.parametrize("first", ["now", "next"])
def test_at_the_break_even_cost_nothing_is_gained(first: str) -> None:
    for stay in (0.5, 0.78, 0.95):
        what_if = fewer_defections()
        what_if.set(retention_rate=stay, first=first, points=4, cost=0)
        what_if.set(cost=what_if.result["break_even"])
        assert what_if.result["net_gain"] == pytest.approx(0, abs=1e-9)
        assert what_if.result["gain"] > 0


def test_no_more_than_everybody_stays() -> None:
    what_if = fewer_defections()
    what_if.set(retention_rate=0.95, points=10)
    assert what_if.result["value_before"] * (1 + what_if.result["gain"]) == pytest.approx(300 / 0.1)
    assert what_if.result["break_even"] == pytest.approx(0.05 * 300 / 0.15)


def test_the_point_lies_on_its_line() -> None:
    found = fewer_defections().result
    for line, point in (("gross", "gain"), ("net", "net_gain")):
        assert np.interp(found["retention_rate"], found["rates"], found[line]) == pytest.approx(found[point])


def test_a_sentence_says_whether_it_pays() -> None:
    what_if = fewer_defections(currency="¥")
    what_if.set(points=4.5)
    assert what_if.sentence.startswith("The programme may cost up to ¥45 per customer and year. At ¥40, a customer")
    # exactly what it wins is nothing won
    what_if.set(points=4)
    assert "At ¥40 it does not pay: a customer is worth ¥800 instead of ¥800" in what_if.sentence


def test_complaints_are_those_of_the_subject_and_add_up() -> None:
    what_if = complaints_resolved()
    for moved in ({}, {"stay_unresolved": 0.65}, {"complaints": 5_000, "resolved_share": 0.9}, {"stay_resolved": 0}):
        what_if.set(**moved)
        found, it = what_if.result, what_if.scenario
        assert {name: found[name] for name in vars(retention.complaint_recovery(it))} == pytest.approx(
            vars(retention.complaint_recovery(it))
        )
        # one base: the same complaints, resolved quickly or not
        for parts in (("stayed", "left_resolved"), ("anyway", "left_unresolved")):
            assert sum(found[name] for name in parts) == pytest.approx(it.complaints * it.resolved_share)
        what_if.reset()


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ({"cost": 50}, "96 are kept because of it. Resolving one may cost up to ¥200; at ¥50 the gain is ¥72,000"),
        ({"stay_unresolved": 0.65}, "24 are kept because of it. Resolving one may cost up to ¥50; at ¥60 it loses"),
        ({"stay_resolved": 0.4}, "240 of the same would: 48 fewer stay because of it. At any cost it loses money"),
    ],
)
def test_a_sentence_says_what_answering_brings(moved: dict[str, float], said: str) -> None:
    what_if = complaints_resolved(currency="¥")
    what_if.set(**moved)
    assert said in what_if.sentence


@pytest.mark.parametrize("language", ["en", "zh"])
def test_they_draw_in_both_languages_whatever_is_pressed(language: str) -> None:
    cvm.use(language)
    for what_if in (fewer_defections(currency="￥"), complaints_resolved(currency="￥")):
        for preset in what_if._presets:
            preset.click()
            assert what_if.trouble == "" and what_if.sentence and what_if.picture
            assert bool(re.search(r"[\u4e00-\u9fff]", what_if.sentence)) == (language == "zh")
        for control in what_if.controls.values():
            for end in ("min", "max"):
                if hasattr(control.widget, end):
                    control.widget.value = getattr(control.widget, end)
                    assert what_if.trouble == ""

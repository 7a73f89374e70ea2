"""The what-ifs of lesson 10 say what value and complaints come to, worked out again here."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pytest

import cvmlab as cvm
from cvmlab import retention
from cvmlab.whatif import complaints_resolved, fewer_defections
from cvmlab.whatif.explorers import retention as explorers

#: A number in a sentence, but for percent.
AMOUNT = re.compile(r"−?\d[\d,]*(?:\.\d+)?(?![\d.,]*\d|%|\.\d)")


def worth(margin: float, stay: float, cost: float, rate: float = 0.1) -> float:
    """Return profit at the end of each year from those who stay, less the cost at its start for all there."""
    years = np.arange(3_000)
    there = stay**years / (1 + rate) ** years
    return float((there * (margin * stay / (1 + rate) - cost)).sum())


@pytest.mark.parametrize(("stay", "points", "cost"), [(0.8, 5, 40), (0.8, 1, 40), (0.9, 5, 0), (0.5, 5, 100)])
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
    limits = what_if.scenario.limits()
    highest = {name: limits[name].maximum for name in ("retention_rate", "points")}
    assert highest["retention_rate"] + highest["points"] / 100 == pytest.approx(1)
    what_if.set(**highest)
    assert what_if.result["value_before"] * (1 + what_if.result["gain"]) == pytest.approx(300 / 0.1)
    assert what_if.result["break_even"] == pytest.approx(0.05 * 300 / 0.15)


GRID = list(product((0.5, 0.78, 0.95), (0, 0.5, 4, 5), (0.02, 0.1, 0.3), (0, 40, 100), (100, 300), ("now", "next")))


def test_a_point_brings_most_where_most_stay_wherever_the_sliders_stand() -> None:
    start = fewer_defections().scenario
    for stay, points, rate, cost, margin, first in GRID:
        moved = {"retention_rate": stay, "points": points, "discount_rate": rate, "cost": cost, "margin": margin}
        found = explorers._worth_with(replace(start, **moved, first=first))
        assert max(found["gross"]) == pytest.approx(found["gross"][-1])


def test_the_sentence_is_true_wherever_the_sliders_stand() -> None:
    start = fewer_defections().scenario
    for stay, points, rate, cost, margin, first in GRID:
        moved = {"retention_rate": stay, "points": points, "discount_rate": rate, "cost": cost, "margin": margin}
        now = explorers._worth_with(replace(start, **moved, first=first))
        said = explorers._say_worth({}, now, currency="")
        most, paid, *worths = (float(text.replace(",", "").replace("−", "-")) for text in AMOUNT.findall(said))
        assert most == pytest.approx(points / 100 * margin / (1 + rate - stay), abs=0.0051) and paid == cost
        won = now["value_after"] - now["value_before"]
        if "breaks even" in said:
            assert won == pytest.approx(0, abs=1e-6) and most == paid
        elif "does not pay" in said:
            assert won < 0 and most < paid and worths[0] < worths[1]
        else:
            assert won > 0 and most > paid and worths[0] > worths[1]


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
    assert "At ¥40 it just breaks even: a customer is worth ¥800 with it as without it" in what_if.sentence


def test_complaints_are_those_of_the_subject_and_add_up() -> None:
    what_if = complaints_resolved()
    for moved in ({}, {"stay_unresolved": 0.65}, {"complaints": 5_000, "resolved_share": 0.9}, {"stay_resolved": 0}):
        what_if.set(**moved)
        found, it = what_if.result, what_if.scenario
        computed = vars(retention.complaint_recovery(it))
        assert {name: found[name] for name in computed} == pytest.approx(computed)
        # one base: the same complaints, resolved quickly or not
        for parts in (("stayed", "left_resolved"), ("anyway", "left_unresolved")):
            assert sum(found[name] for name in parts) == pytest.approx(it.complaints * it.resolved_share)
        what_if.reset()


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ({"cost": 50}, "96 are kept because of it. Resolving one may cost up to ¥200. At ¥50 the gain is ¥72,000"),
        ({"cost": 200}, "Resolving one may cost up to ¥200. At ¥200 nothing is gained or lost."),
        ({"stay_unresolved": 0.65}, "24 are kept because of it. Resolving one may cost up to ¥50. At ¥60 it loses"),
        ({"stay_unresolved": 0.7}, "just as many would: nobody is kept because of it. Resolving one brings no money."),
        ({"stay_resolved": 0.4}, "240 of the same would: 48 fewer stay because of it. Resolving one loses money even"),
        ({"resolved_share": 0}, "No complaint is resolved quickly. Resolving one may cost up to ¥200."),
    ],
)
def test_a_sentence_says_what_answering_brings(moved: dict[str, float], said: str) -> None:
    what_if = complaints_resolved(currency="¥")
    what_if.set(**moved)
    assert said in what_if.sentence


SHARES = (0, 0.05, 0.5, 0.7, 1)
COMPLAINTS = list(product(SHARES, SHARES, SHARES, (0, 0.8, 0.95), (0, 60, 400), (0, 300)))


def recovered(settings: tuple[float, ...]) -> dict[str, float]:
    names = ("resolved_share", "stay_resolved", "stay_unresolved", "retention_rate", "cost", "margin")
    return explorers._recovered(retention.Recovery(**dict(zip(names, settings, strict=True))))


def test_what_is_said_of_complaints_is_true_wherever_the_sliders_stand() -> None:
    for settings in COMPLAINTS:
        share, resolved, unresolved, _, cost, _ = settings
        now = recovered(settings)
        said = explorers._say_recovered({}, now, currency="")
        figures = [float(text.replace(",", "")) for text in AMOUNT.findall(said)]
        assert ("No complaint is resolved quickly" in said) == (share == 0)
        if share:
            assert ("are kept because of it" in said) == (resolved > unresolved)
            assert ("fewer stay because of it" in said) == (resolved < unresolved)
            assert ("nobody is kept" in said) == (resolved == unresolved)
            assert figures[:2] == pytest.approx([1_200 * share, 1_200 * share * resolved])
            won = (resolved - unresolved) * now["worth_each"] - cost
            assert ("the gain is" in said) == (won > 1e-6) and ("it loses" in said) == (won < -1e-6)
        assert ("may cost up to" in said) == (now["break_even"] > 1e-6)
        assert ("even if it costs nothing" in said) == (now["break_even"] < -1e-6)


def test_the_picture_names_only_those_there_are() -> None:
    for share, resolved, unresolved in product(SHARES, repeat=3):
        _, ax = plt.subplots()
        explorers._draw_complaints(ax, recovered((share, resolved, unresolved, 0.8, 60, 300)))
        named = {text.get_text() for text in ax.get_legend().get_texts()} if ax.get_legend() else set()
        expected = {
            "stay either way": min(resolved, unresolved) > 0,
            "kept because of it": resolved > unresolved,
            "lost because of it": resolved < unresolved,
            "leave": min(resolved, unresolved) < 1,
        }
        assert named == {name for name, there in expected.items() if there and share}
        plt.close()


def test_bars_longer_than_the_axis_widen_it() -> None:
    what_if = complaints_resolved()
    what_if.set(complaints=5_000, resolved_share=1)
    assert what_if._picture._ax.get_xlim()[1] > 5_000


def test_presets_move_only_what_is_seen() -> None:
    for what_if in (fewer_defections(), complaints_resolved()):
        seen = list(what_if.controls)[:5]
        start = what_if.scenario
        for preset in what_if._presets:
            preset.click()
            moved = {name for name in start.limits() if getattr(what_if.scenario, name) != getattr(start, name)}
            assert moved and moved <= set(seen)
            what_if.reset()


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

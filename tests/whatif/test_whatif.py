"""What-ifs without a page: pictures, figures, sentences, and what happens when something fails."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_what_ifs import Offer, curve, draw, modest, pixels, slider

from cvmlab import CvmError
from cvmlab.whatif import WhatIf


# the widget
def test_moving_a_slider_changes_picture_figures_and_sentence(what_if):
    picture, table = what_if.picture, what_if.table
    slider(what_if, "retention_rate").value = 90
    assert what_if.scenario.retention_rate == 0.9
    assert what_if.picture != picture and what_if.table != table
    assert what_if.sentence == "With retention rate 90% instead of 80%: total rises by 12.60 (54%) to 35.88."
    assert what_if.result["total"] == pytest.approx(5 * (1 - 0.9**12) / (1 - 0.9))


def test_set_from_code_moves_the_sliders_and_gives_the_same_picture(what_if):
    other = WhatIf(Offer(), curve, draw)
    what_if.set(retention_rate=0.9)
    slider(other, "retention_rate").value = 90
    assert slider(what_if, "retention_rate").value == 90
    assert what_if.picture == other.picture and what_if.table == other.table


def test_reset_brings_everything_back(what_if):
    picture, table, sentence = what_if.picture, what_if.table, what_if.sentence
    what_if.set(retention_rate=0.95, margin=50)
    what_if.pin()
    what_if.set(months=3)
    what_if.reset()
    assert what_if.scenario == Offer()
    assert (what_if.picture, what_if.table, what_if.sentence) == (picture, table, sentence)
    assert slider(what_if, "retention_rate").value == 80


def test_pin_makes_the_shown_result_the_baseline(what_if):
    what_if.set(retention_rate=0.9)
    what_if.pin()
    assert what_if.baseline is what_if.result
    assert "Nothing has been moved yet" in what_if.sentence
    what_if.set(retention_rate=0.8)
    assert what_if.sentence.startswith("With retention rate 80% instead of 90%: total falls by")


def test_the_baseline_stays_as_a_ghost(what_if):
    def grey(content):
        image = pixels(content).astype(int)
        # not the ticks and the grid, which never move
        return (np.abs(image - 128).max(axis=2) < 12).sum()

    alone = grey(what_if.picture)
    what_if.set(retention_rate=0.6)
    assert grey(what_if.picture) > alone + 100


def test_a_value_out_of_bounds_is_refused_and_nothing_moves(what_if):
    picture = what_if.picture
    with pytest.raises(CvmError, match="at most 1"):
        what_if.set(retention_rate=1.5)
    with pytest.raises(CvmError, match="no parameter 'retention'"):
        what_if.set(retention=0.5)
    assert what_if.scenario == Offer() and what_if.picture == picture


@modest
@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_the_last_value_always_counts(rates):
    what_if = WhatIf(Offer(), curve, draw, only=["retention_rate"])
    for rate in rates:
        what_if.set(retention_rate=rate)
    assert what_if.result["total"] == pytest.approx(curve(Offer(retention_rate=rates[-1]))["total"])


def test_draw_leaves_nothing_behind(what_if):
    before = len(what_if._picture._ax.get_children())
    for rate in np.linspace(0, 1, 30):
        what_if.set(retention_rate=rate)
    assert len(what_if._picture._ax.get_children()) == before


def test_axes_grow_for_a_result_that_does_not_fit(what_if):
    top = what_if._picture._ax.get_ylim()[1]
    what_if.set(margin=500)
    assert what_if._picture._ax.get_ylim()[1] > 500 > top


def test_limits_of_the_frame_are_kept():
    what_if = WhatIf(Offer(), curve, draw, frame=lambda ax, _: ax.set_ylim(0, 6))
    what_if.set(margin=500)
    assert what_if._picture._ax.get_ylim() == (0, 6)


def test_presets_set_several_fields_at_once():
    what_if = WhatIf(Offer(), curve, draw, presets={"bold": {"retention_rate": 0.5, "margin": 20.0}})
    what_if._presets[0].click()
    assert (what_if.scenario.retention_rate, what_if.scenario.margin) == (0.5, 20)


def with_presets(**options):
    presets = {
        "keep": {"retention_rate": 0.95},
        "earn": {"margin": 20.0},
        "wait": {"months": 3, "retention_rate": 0.62},
    }
    return WhatIf(Offer(), curve, draw, presets=presets, **options)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 1, 0)])
def test_presets_in_any_order_give_what_each_gives_alone(order):
    what_if = with_presets()
    what_if.set(retention_rate=0.3, certain=True)
    for place in order:
        alone = with_presets()
        alone._presets[place].click()
        what_if._presets[place].click()
        assert what_if.scenario == alone.scenario
        assert (what_if.picture, what_if.table, what_if.sentence) == (alone.picture, alone.table, alone.sentence)


def test_a_preset_starts_from_what_was_pinned():
    what_if = with_presets()
    what_if.set(margin=8.0)
    what_if.pin()
    what_if.set(margin=1.0)
    what_if._presets[0].click()
    assert what_if.scenario == Offer(margin=8.0, retention_rate=0.95)


def test_a_preset_leaves_what_it_is_to_keep_as_the_sliders_have_it():
    what_if = with_presets(keeps=["margin"])
    what_if.set(margin=8.0, months=5)
    what_if._presets[0].click()
    assert what_if.scenario == Offer(margin=8.0, retention_rate=0.95)
    # what it names it sets all the same
    what_if._presets[1].click()
    assert what_if.scenario == Offer(margin=20.0)
    with pytest.raises(CvmError, match="margins"):
        with_presets(keeps=["margins"])


def test_a_preset_may_set_a_field_without_a_slider_and_shows_exactly_what_it_sets():
    what_if = with_presets(only=["retention_rate"])
    what_if._presets[1].click()
    assert what_if.scenario.margin == 20
    what_if._presets[2].click()
    assert what_if.scenario == Offer(retention_rate=0.62, months=3)
    assert slider(what_if, "retention_rate").value == 62


def test_a_preset_out_of_bounds_says_so_and_moves_nothing():
    what_if = WhatIf(Offer(), curve, draw, presets={"too much": {"retention_rate": 1.2}})
    what_if._presets[0].click()
    assert "at most 1" in what_if.trouble and what_if.scenario == Offer()


def titles(what_if):
    """Return the labels on first sight and those folded away."""
    side = what_if._page.children[2].children[1].children
    folded = [part for part in what_if._page.children if hasattr(part, "titles")]
    inside = folded[0].children[0].children if folded else ()
    return [part.description for part in side if getattr(part, "description", "")], [
        part.description for part in inside
    ]


def test_five_settings_are_seen_and_the_rest_is_folded():
    seen, folded = titles(WhatIf(Offer(), curve, draw))
    assert len(seen) == 5 and folded == ["revenue"]
    assert list(WhatIf(Offer(), curve, draw).controls) == list(Offer.limits())
    seen, folded = titles(WhatIf(Offer(), curve, draw, only=["margin", "certain"], more=["months", "margin"]))
    assert seen == ["revenue"] and folded == ["revenue (months)", "profit (currency units)"]
    assert titles(WhatIf(Offer(), curve, draw, only=["margin"], currency="¥")) == (["profit (¥)"], [])


def test_the_callers_settings_of_matplotlib_are_left_alone(what_if):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    what_if.set(retention_rate=0.5)
    assert dict(mpl.rcParams) == before


# what fails
@pytest.mark.parametrize(
    ("fails", "said"),
    [
        (lambda offer: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda offer: {"kept": [math.nan] * 3, "total": 1.0}, "nothing to draw"),
        (lambda offer: {"kept": [math.inf] * 3, "total": 1.0}, "nothing to draw"),
        (lambda offer: {"kept": [], "total": 1.0}, "nothing to draw"),
        (lambda offer: {}, "KeyError"),
        (lambda offer: curve(offer.replace(margin=math.nan)), "a number is needed"),
    ],
)
def test_a_failure_is_told_keeps_the_last_good_picture_and_the_widget_lives(fails, said):
    what_if = WhatIf(Offer(), lambda o: fails(o) if o.retention_rate == 0.5 else curve(o), draw)
    what_if.set(retention_rate=0.9)
    good = what_if.picture, what_if.table, what_if.result
    slider(what_if, "retention_rate").value = 50
    assert said in what_if.trouble and "last settings that worked" in what_if.trouble
    assert said.split(":")[0] in what_if._words.value
    assert (what_if.picture, what_if.table, what_if.result) == good
    slider(what_if, "retention_rate").value = 60
    assert what_if.trouble == "" and what_if.picture != good[0]
    fresh = WhatIf(Offer(), curve, draw)
    fresh.set(retention_rate=0.6)
    assert what_if.picture == fresh.picture


def test_a_draw_that_fails_half_way_leaves_no_trace():
    def clumsy(ax, result):
        draw(ax, result)
        if result["total"] < 10:
            raise RuntimeError("oh")

    what_if = WhatIf(Offer(), curve, clumsy)
    before = len(what_if._picture._ax.get_children())
    what_if.set(retention_rate=0.1)
    assert "RuntimeError: oh" in what_if.trouble
    assert len(what_if._picture._ax.get_children()) == before


def test_a_baseline_that_fails_says_so_and_the_first_good_result_becomes_the_baseline():
    what_if = WhatIf(Offer(retention_rate=0.5), lambda o: 1 / 0 if o.retention_rate == 0.5 else curve(o), draw)
    assert "division by zero" in what_if.trouble and what_if.baseline is None
    assert "image/png" not in what_if._repr_mimebundle_()[0]
    what_if.set(retention_rate=0.9)
    assert what_if.trouble == "" and what_if.baseline is what_if.result and what_if.picture


def test_a_figure_that_is_no_number_is_named():
    what_if = WhatIf(Offer(), lambda o: curve(o) | {"multiple": math.inf if o.months == 1 else 2.0}, draw)
    what_if.set(months=1)
    assert "no finite number for: multiple" in what_if.trouble
    assert "<td>–</td>" in what_if.table


def test_points_left_out_are_counted():
    what_if = WhatIf(Offer(), lambda o: {"kept": [1, math.nan, 3.0][: o.months], "total": 1.0}, draw)
    assert "Points left out of the chart because they are not finite numbers: 1" in what_if.trouble


def test_a_text_that_is_no_number_is_told_in_the_widget(what_if):
    slider(what_if, "margin").value = "much"
    assert "a number is needed" in what_if.trouble and what_if.scenario.margin == 5
    slider(what_if, "margin").value = "7.5"
    assert what_if.trouble == "" and what_if.scenario.margin == 7.5

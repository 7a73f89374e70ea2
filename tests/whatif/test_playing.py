"""The Play button: the picture unfolds, never runs behind, and stands whole at the end."""

import base64

import pytest
from small_what_ifs import Offer, curve, pixels, slider

from cvmlab import CvmError, speaking
from cvmlab.core.words import term
from cvmlab.whatif import Unfold, WhatIf, guess


def draw(ax, result):
    kept = result["kept"][: result.get("until")]
    ax.plot(range(1, len(kept) + 1), kept, marker="o")


@pytest.fixture
def shown():
    return []


@pytest.fixture
def played(shown):
    def watched(ax, result):
        shown.append(result.get("until"))
        draw(ax, result)

    what_if = WhatIf(Offer(), curve, watched, play=Unfold(lambda result: len(result["kept"])))
    shown.clear()
    return what_if


def press(what_if, *, month=1):
    """Do what the page does when Play is pressed at the end: it starts again from the first month."""
    what_if._player.button.set_state({"playing": True, "value": month})


def tick(what_if, month):
    what_if._player.button.set_state({"value": month})


def test_playing_draws_month_by_month_and_ends_with_the_whole_picture(played, shown):
    whole, table, sentence = played.picture, played.table, played.sentence
    press(played)
    first = played.picture
    for month in range(2, 13):
        tick(played, month)
    played._player.button.set_state({"playing": False})
    assert shown[:12] == [*range(1, 12), None]
    assert first != whole and played.picture == whole
    assert played.table == table and played.sentence != sentence
    assert played._player.time.value == 12


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_sentence_says_what_play_did_until_something_is_moved(language):
    with speaking(language):
        what_if = WhatIf(Offer(), curve, draw, play=Unfold(12))
    unmoved = what_if.sentence
    press(what_if)
    tick(what_if, 7)
    assert term("whatif.played_so_far", language=language).partition("{")[0] in what_if._words.value
    assert unmoved not in what_if._words.value
    tick(what_if, 12)
    assert what_if.sentence in what_if._words.value and "12" in what_if.sentence
    assert unmoved not in what_if._words.value
    what_if.set(retention_rate=0.9)
    moved = what_if.sentence
    what_if.unfold(3)
    what_if.unfold(12)
    assert what_if.sentence == moved and moved in what_if._words.value
    what_if.reset()
    assert what_if.sentence == unmoved


def test_the_last_month_counts_even_if_it_comes_with_the_end(played):
    whole = played.picture
    press(played)
    played._player.button.set_state({"value": 12, "playing": False})
    assert played.picture == whole and played._player.time.value == 12


def test_a_slider_stops_it_and_months_that_still_come_are_not_shown(played, shown):
    press(played)
    tick(played, 3)
    slider(played, "retention_rate").value = 90
    assert not played._player.button.playing
    whole, seen = played.picture, len(shown)
    tick(played, 4)
    assert played.picture == whole and len(shown) == seen
    assert played._player.time.value == 12
    press(played)
    assert shown[-1] == 1


def test_the_slider_of_time_stops_it_and_play_goes_on_from_there(played, shown):
    press(played)
    played._player.time.value = 7
    assert shown[-1] == 7 and not played._player.button.playing and played._player.button.value == 7
    press(played, month=8)
    assert shown[-1] == 8


@pytest.mark.parametrize("act", ["reset", "pin"])
def test_reset_and_pin_show_the_whole_picture(played, act):
    whole = played.picture
    played.unfold(4)
    assert played.picture != whole
    getattr(played, act)()
    assert played.picture == whole and played._player.time.value == 12


def test_a_reader_without_a_kernel_sees_the_whole_picture(played):
    before = played._repr_mimebundle_()[0]["image/png"]
    played.unfold(2)
    assert played._repr_mimebundle_()[0]["image/png"] == before
    assert (pixels(base64.b64decode(before))[: pixels(played.picture).shape[0]] != pixels(played.picture)).any()


def test_a_result_of_another_length_moves_the_end():
    what_if = WhatIf(
        Offer(),
        lambda o: {"kept": curve(o)["kept"][: o.months], "total": 1.0},
        draw,
        play=Unfold(lambda r: len(r["kept"])),
    )
    for months in (5, 12, 3):
        what_if.set(months=months)
        time, button = what_if._player.time, what_if._player.button
        assert time.max == time.value == button.max == button.value == months
        assert time.min == button.min == 1


def test_steps_end_on_the_last_month():
    what_if = WhatIf(Offer(), curve, draw, play=Unfold(12, step=5))
    assert (what_if._player.time.min, what_if._player.time.max) == (2, 12)


def test_a_function_of_ones_own_slices_the_result():
    cut = Unfold(12, lambda result, month: {"kept": result["kept"][:month]})
    what_if = WhatIf(Offer(), curve, draw, play=cut)
    whole = what_if.picture
    what_if.unfold(6)
    assert what_if.picture != whole
    what_if.unfold(99)
    assert what_if.picture == whole


def test_a_draw_that_fails_on_the_way_stops_and_says_so():
    def clumsy(ax, result):
        if result.get("until") == 5:
            raise RuntimeError("oh")
        draw(ax, result)

    what_if = WhatIf(Offer(), curve, clumsy, play=Unfold(12))
    press(what_if)
    tick(what_if, 5)
    assert "RuntimeError: oh" in what_if.trouble and not what_if._player.button.playing
    what_if.set(retention_rate=0.5)
    assert what_if.trouble == ""


def test_what_cannot_unfold_says_so(what_if):
    with pytest.raises(CvmError, match="does not unfold in time"):
        what_if.unfold(3)
    with pytest.raises(CvmError, match=r"at\(result, month\)"):
        Unfold(3).at([1, 2, 3], 1)


def test_it_waits_for_the_guess_and_is_named_in_both_languages():
    asked = guess("what will play")
    with speaking("zh"):
        what_if = WhatIf(Offer(), curve, draw, play=Unfold(12), after=asked)
    button, time = what_if._player.widgets
    assert button.disabled and time.disabled
    assert (button.tooltip, time.description) == ("播放", "月份")
    asked.commit(1)
    assert not button.disabled and not time.disabled

"""What-ifs without a page: pictures, figures, sentences, guesses, and what happens when something fails."""

import base64
import io
import json
import math

import nbformat
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image

import cvmlab as cvm
from cvmlab import CvmError, matrix, portfolio, speaking
from cvmlab.core.scenario import Scenario, choice, dataclass, number, switch
from cvmlab.whatif import (
    Measure,
    WhatIf,
    forget_guesses,
    guess,
    guesses_summary,
    measures,
    static,
    strip_file,
    strip_views,
    value_matrix,
    whale_curve,
)
from cvmlab.whatif.controls import make_controls
from cvmlab.whatif.picture import Picture, check_points, png

modest = settings(max_examples=40, deadline=None)


@dataclass(frozen=True)
class Offer(Scenario):
    retention_rate: float = number(0.8, minimum=0, maximum=1, step=0.05, word="retention_rate", unit="share")
    months: int = number(12, minimum=1, maximum=36, step=1, word="revenue", unit="months", whole=True)
    margin: float = number(5.0, word="profit", unit="money")
    wanted: float | None = number(None, minimum=0, word="revenue", optional=True)
    rule: str = choice("stated", word="matrix.choice", choices=("stated", "median"))
    certain: bool = switch(False, word="revenue")


def curve(offer):
    kept = offer.margin * offer.retention_rate ** np.arange(12)
    return {"kept": kept, "total": float(kept.sum())}


def draw(ax, result):
    ax.plot(np.arange(len(result["kept"])), result["kept"])


@pytest.fixture
def what_if():
    return WhatIf(Offer(), curve, draw)


@pytest.fixture(autouse=True)
def no_guesses():
    forget_guesses()
    yield
    forget_guesses()


@pytest.fixture
def customers():
    generator = np.random.default_rng(7)
    revenue = generator.lognormal(5, 1, 400)
    return pd.DataFrame({
        "customer_id": [f"{i:03d}" for i in range(400)],
        "revenue": revenue,
        "profit": revenue * generator.normal(0.15, 0.3, 400),
        "current_value": revenue * 0.2,
        "headroom": generator.lognormal(4, 1, 400),
    })  # fmt: skip


def slider(what_if, name):
    return what_if.controls[name].widget


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


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
    with pytest.raises(CvmError, match="no field 'retention'"):
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


# controls


def test_every_kind_of_field_has_a_control_and_goes_there_and_back(what_if):
    made = make_controls(Offer())
    names = {name: type(control.widget).__name__ for name, control in made.items()}
    assert names == {
        "retention_rate": "FloatSlider",
        "months": "IntSlider",
        "margin": "Text",
        "wanted": "Text",
        "rule": "Dropdown",
        "certain": "Checkbox",
    }
    what_if.set(retention_rate=0.35, months=7, margin=1234567.0, wanted=3.5, rule="median", certain=True)
    shown = {name: control.read() for name, control in what_if.controls.items()}
    assert Offer().replace(**shown) == what_if.scenario
    what_if.set(wanted=None)
    assert slider(what_if, "wanted").value == ""


@modest
@given(st.floats(0, 1), st.floats(0, 1))
def test_a_slider_stands_on_a_step_so_that_the_page_does_not_move_it(first, second):
    control = make_controls(Offer(retention_rate=first))["retention_rate"]
    for value in (first, second):
        control.write(value)
        steps = (control.widget.value - control.widget.min) / control.widget.step
        assert steps == pytest.approx(round(steps), abs=1e-6)
        assert 0 <= control.widget.min <= control.widget.value <= control.widget.max <= 100 + 1e-6
        assert control.read() == pytest.approx(value, abs=1e-9)


def test_labels_units_and_tooltips_are_in_the_language_in_force():
    with speaking("zh"):
        made = make_controls(Offer(), only=["retention_rate", "months"])
    assert made["retention_rate"].widget.description == "客户保持率（%）"
    assert made["months"].widget.tooltip.endswith("：从 1 到 36")


def test_an_unknown_field_of_a_control_is_refused():
    with pytest.raises(CvmError, match="no field 'rate'"):
        make_controls(Offer(), only=["rate"])
    with pytest.raises(CvmError, match="no field 'rate'"):
        make_controls(Offer(), ranges={"rate": (0, 1)})


# language


def test_the_widget_keeps_the_language_it_was_made_in():
    with speaking("zh"):
        what_if = WhatIf(Offer(), curve, draw)
    slider(what_if, "retention_rate").value = 90
    assert what_if.sentence == "客户保持率由 80% 变为 90%后，total增加 12.60（54%），达到 35.88。"
    assert what_if._buttons[0].description == "重置"


# figures and words


@modest
@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.sampled_from(["", "money", "share", "customers"]))
def test_the_difference_shows_the_sign_of_the_change(before, after, unit):
    shown = Measure("x", unit=unit).difference(before, after)
    if shown == "=":
        assert abs(after - before) <= 0.5
    else:
        assert (shown[0] == "+") == (after > before) and (shown[0] == "−") == (after < before)


def test_shares_are_told_in_percent_and_percentage_points():
    share = Measure("share", "retention_rate", "share")
    assert share.heading() == "retention rate (%)"
    assert measures.change(share, {"share": 0.2}, {"share": 0.253}) == (
        "retention rate rises by 5.3 percentage points to 25.3%"
    )


def test_no_relative_change_across_zero():
    assert measures.change(Measure("x"), {"x": -2.0}, {"x": 3.0}) == "x rises by 5.00 to 3.00"


def test_names_in_the_table_are_escaped():
    assert "<b>" not in measures.table([Measure("x", "<b>x</b>")], {"x": 1}, {"x": 2})


# pictures


@modest
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_the_png_holds_the_pixels(rows, columns, seed):
    drawn = np.random.default_rng(seed).integers(0, 256, (rows, columns, 4), dtype=np.uint8)
    assert (pixels(png(drawn)) == drawn[..., :3]).all()


def test_blitting_gives_the_picture_that_drawing_anew_gives():
    def frame(ax, _):
        ax.set(xlim=(0, 11), ylim=(0, 6), xlabel="period")

    blitted = Picture(frame, draw)
    blitted.pin(curve(Offer()))
    for rate in (0.1, 0.9, 0.5):
        blitted.show(curve(Offer(retention_rate=rate)))
    anew = Picture(frame, draw)
    anew.pin(curve(Offer()))
    target = curve(Offer(retention_rate=0.7))
    assert blitted.show(target) == anew.show(target)


@pytest.mark.parametrize("kind", ["plot", "bar", "scatter", "fill_between", "step"])
def test_points_without_a_number_are_found_in_every_kind_of_artist(kind):
    ax = Figure().add_subplot()
    for y, unusable in (([1.0, 2.0], False), ([math.nan, math.nan], True)):
        before = list(ax.get_children())
        getattr(ax, kind)([0, 1], y)
        artists = [artist for artist in ax.get_children() if artist not in before]
        if unusable:
            with pytest.raises(CvmError, match="nothing to draw"):
                check_points(artists)
        else:
            assert check_points(artists) == 0


# notebooks


def test_the_bundle_has_fixed_text_a_stamped_picture_and_the_view(what_if):
    bundle, metadata = what_if._repr_mimebundle_()
    what_if.set(retention_rate=0.9)
    again, _ = what_if._repr_mimebundle_()
    assert bundle["text/plain"] == again["text/plain"] == "What-if: Offer · run this cell to move the sliders"
    assert static.VIEW in bundle and metadata["image/png"]["width"] == 560
    stamped = pixels(base64.b64decode(again["image/png"]))
    assert stamped.shape[0] > pixels(what_if.picture).shape[0]
    assert (stamped[: -stamped.shape[0] // 8] != 255).any()


def test_views_are_stripped_and_pictures_stay(tmp_path):
    output = {"output_type": "display_data", "metadata": {}, "data": {static.VIEW: {"model_id": "a"}, "image/png": "x"}}
    notebook = {"cells": [{"cell_type": "code", "outputs": [output]}], "metadata": {"widgets": {}, "a": 1}}
    file = tmp_path / "笔记 本.ipynb"
    file.write_text(json.dumps(notebook), encoding="utf-8")
    assert strip_file(file) and not strip_file(file)
    stripped = json.loads(file.read_text(encoding="utf-8"))
    assert stripped == strip_views(notebook)
    assert stripped["cells"][0]["outputs"][0]["data"] == {"image/png": "x"} and stripped["metadata"] == {"a": 1}
    assert static.VIEW in output["data"]
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize("content", ["", "[]", "{}", "no json"])
def test_what_is_no_notebook_is_refused_and_left_alone(tmp_path, content):
    file = tmp_path / "a.ipynb"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(CvmError, match=r"a\.ipynb is not a readable notebook"):
        strip_file(file)
    assert file.read_text(encoding="utf-8") == content


def test_a_notebook_runs_without_a_page(tmp_path):
    from nbclient import NotebookClient

    cells = [
        "from cvmlab import whatif\nfrom cvmlab.core.scenario import Scenario, dataclass, number",
        "@dataclass(frozen=True)\nclass Offer(Scenario):\n"
        "    rate: float = number(0.5, minimum=0, maximum=1, step=0.1, word='retention_rate')",
        "asked = whatif.guess('life', minimum=0, truth=2)\nasked",
        "w = whatif.WhatIf(Offer(), lambda o: {'life': 1 / (1 - o.rate)},"
        " lambda ax, r: ax.bar([0], r['life']), after=asked)\nw",
        "w.set(rate=0.9)\nw.sentence",
        "whatif.guesses_summary()",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [cell.outputs[0].data for cell in notebook.cells[2:]]
    assert shown[0]["text/plain"] == "Guess: life · run this cell to commit yours"
    assert base64.b64decode(shown[1]["image/png"])[:4] == b"\x89PNG"
    assert "life rises by 8.00 (400%) to 10.00" in shown[2]["text/plain"]
    assert shown[3]["text/plain"] == "Your guesses · run this cell to see them"


# guesses


def test_a_number_is_committed_once_and_stays_beside_the_truth():
    asked = guess("peak", truth=1.34, minimum=0, unit="share")
    asked._input.widget.value = "110"
    asked._button.click()
    assert asked.value == 1.1 and asked._button.disabled and asked._input.widget.disabled
    assert "your guess: 110% · truth: 134% · 24.0 percentage points too low" in asked._answer.value
    again = guess("peak", truth=1.34, minimum=0, unit="share")
    assert again.value == 1.1 and again._button.disabled


@pytest.mark.parametrize(
    ("typed", "said"), [("", "no guess yet"), ("much", "a number is needed"), ("-5", "at least 0")]
)
def test_what_is_no_guess_is_told_and_not_committed(typed, said):
    asked = guess("peak", minimum=0, unit="share")
    asked._input.widget.value = typed
    asked._button.click()
    assert not asked.committed and said in asked._answer.value and not asked._button.disabled


def test_a_share_beyond_its_bounds_is_told_in_percent():
    asked = guess("peak", minimum=0.01, maximum=1, unit="share")
    with pytest.raises(CvmError, match="120% is out of range: guess from 1% to 100%"):
        asked.commit("120%")
    assert not asked.committed


def test_a_choice_and_its_verdict():
    asked = guess("who wins", choices=["hope", "data"], truth="data")
    asked._button.click()
    assert not asked.committed
    asked._input.widget.value = "hope"
    asked._button.click()
    assert asked.verdict() == "not right"
    with pytest.raises(CvmError, match="choose one of"):
        guess("other", choices=["hope", "data"]).commit("luck")


def test_an_order_is_moved_by_buttons_and_compared_by_pairs():
    asked = guess("rank", order=["I", "II", "III"], truth=["III", "II", "I"])
    down = [button for button in asked._input._moves if button.icon == "arrow-down"]
    down[0].click()
    assert asked._input.read() == ["II", "I", "III"]
    asked._button.click()
    assert asked.value == ["II", "I", "III"] and asked.verdict() == "1 of 3 pairs in the right order"
    with pytest.raises(CvmError, match="each of these exactly once: a, b"):
        guess("rank 2", order=["a", "b"]).commit(["a", "a"])


@pytest.mark.parametrize("value", [1.5, None, [1, "a"], {"a": 1}])
def test_what_is_no_order_is_refused_and_can_be_read(value):
    asked = guess("rank 3", order=["a", "b"])
    with pytest.raises(CvmError) as caught:
        asked.commit(value)
    assert caught.value.key == "whatif.not_an_order"
    assert isinstance(asked.text(value), str)


@modest
@given(st.permutations("abcde"), st.permutations("abcde"))
def test_pairs_in_order_counts_as_kendall_does(given_order, right):
    from scipy.stats import kendalltau

    from cvmlab.whatif.guessing import pairs_in_order

    good, pairs = pairs_in_order(given_order, right)
    tau = kendalltau(range(5), [right.index(item) for item in given_order]).statistic
    assert 2 * good / pairs - 1 == pytest.approx(tau)


def test_sliders_unlock_when_the_guess_is_committed():
    asked = guess("total")
    what_if = WhatIf(Offer(), curve, draw, after=asked)
    assert slider(what_if, "retention_rate").disabled and "Commit your guess first" in what_if.trouble
    what_if.set(retention_rate=0.9)
    assert what_if.result["total"] > 30, "code is not locked: a run without a page goes through"
    asked.commit(30)
    assert not slider(what_if, "retention_rate").disabled and what_if.trouble == ""
    assert not slider(WhatIf(Offer(), curve, draw, after=asked), "retention_rate").disabled


def test_running_the_cell_of_a_guess_again_still_unlocks_who_waits():
    what_if = WhatIf(Offer(), curve, draw, after=guess("total"))
    guess("total").commit(30)
    assert not slider(what_if, "retention_rate").disabled


def test_the_truth_is_computed_only_when_it_is_shown_and_may_come_later():
    calls = []
    asked = guess("late", truth=lambda: calls.append(1) or 5.0)
    summary = guesses_summary()
    assert not calls
    asked.commit(4)
    assert calls == [1] and asked.verdict() == "1.00 too low"
    other = guess("later")
    other.commit(3)
    assert "truth" not in other._answer.value
    other.reveal(3)
    assert "right" in other._answer.value
    assert summary.text().splitlines() == [
        "late: 4 · truth: 5 · 1.00 too low",
        "later: 3 · truth: 3 · right",
    ]
    assert "1.00 too low" in summary._table.value


def test_the_summary_does_not_tell_the_answer_before_the_guess():
    guess("secret", truth=4242)
    summary = guesses_summary()
    assert "4242" not in summary.text() + summary._table.value
    assert "not committed" in summary.text()


def test_guesses_speak_chinese():
    with speaking("zh"):
        asked = guess("retention_rate", truth=0.8, unit="share")
        summary = guesses_summary()
    asked._input.widget.value = "70"
    asked._button.click()
    assert "你的估计：70% · 真实答案：80% · 低了 10.0 个百分点" in asked._answer.value
    assert "你的估计" in summary._table.value


# the finished what-ifs


def test_value_matrix_counts_as_the_matrix_module_does(customers):
    what_if = value_matrix(customers, matrix.Thresholds(40, 60), budget=1000)
    what_if.set(current_value=80)
    typed = matrix.classify(customers, matrix.Thresholds(80, 60))
    summary = matrix.summarise_types(typed).set_index("value_type")
    spent = matrix.budget(typed, 1000).set_index("value_type")
    for name in matrix.VALUE_TYPES:
        assert what_if.result[f"{name}_customers"] == summary.loc[name, "customers"]
        assert what_if.result[f"{name}_value"] == pytest.approx(summary.loc[name, "current_value"])
        assert what_if.result[f"{name}_budget"] == pytest.approx(spent.loc[name, "budget"])
    moved = (typed["value_type"] != matrix.classify(customers, matrix.Thresholds(40, 60))["value_type"]).sum()
    assert what_if.sentence.startswith(f"{moved} of 400 customers")


def test_whale_curve_says_what_after_acting_says(customers):
    what_if = whale_curve(customers)
    assert what_if.trouble == ""
    what_if._presets[0].click()
    assert what_if.scenario.stay_share == 0
    steps = portfolio.after_acting(customers, what_if.scenario).set_index("step")["profit"]
    assert {step: what_if.result[step] for step in steps.index} == pytest.approx(dict(steps))
    assert what_if.result["chance_evens_out"] < what_if.result["fixed_cost_stays"] < what_if.result["hoped"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_finished_what_ifs_draw_in_both_languages_without_a_missing_glyph(customers, language):
    cvm.use(language)
    for what_if in (whale_curve(customers, currency="$"), value_matrix(customers, currency="￥")):
        what_if.controls[next(iter(what_if.controls))].widget.value += 10
        assert what_if.trouble == "" and what_if.sentence
        assert what_if._repr_mimebundle_()[0]["image/png"]


def test_losses_and_equal_customers_do_not_break_the_finished_what_ifs(customers):
    poor = customers.assign(profit=-customers["revenue"], current_value=0.0, headroom=5.0)
    for what_if in (whale_curve(poor), value_matrix(poor)):
        assert what_if.trouble == "" and what_if.picture


def test_the_callers_frame_is_not_changed(customers):
    before = customers.copy()
    whale_curve(customers).set(share=0.1)
    value_matrix(customers).set(current_value=10.0)
    pd.testing.assert_frame_equal(customers, before)

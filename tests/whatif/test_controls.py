"""Controls, measures and pictures of a what-if, and what a notebook keeps of it."""

import base64
import json
import math

import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from small_what_ifs import Offer, curve, draw, modest, pixels, slider

from cvmlab import CvmError, speaking
from cvmlab.core.scenario import Scenario, dataclass, number
from cvmlab.whatif import Measure, WhatIf, measures, static, strip_file, strip_views
from cvmlab.whatif.controls import make_controls
from cvmlab.whatif.picture import Picture, check_points, png


# controls
def test_every_kind_of_field_has_a_control_and_goes_there_and_back(what_if):
    made = make_controls(Offer())
    names = {name: type(control.widget).__name__ for name, control in made.items()}
    assert names == {
        "retention_rate": "SteadyFloatSlider",
        "months": "SteadyIntSlider",
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


def test_money_is_in_the_currency_given_wherever_it_is_said():
    total = Measure("total", "profit", "money")
    what_if = WhatIf(Offer(), curve, draw, measures=[total], currency="¥")
    assert slider(what_if, "margin").description == "profit (¥)"
    what_if.set(margin=10.0)
    assert what_if.sentence == "With profit ¥10 instead of ¥5: profit rises by ¥23.28 (100%) to ¥46.56."
    assert "profit (¥)" in what_if.table
    what_if.set(margin=-10.0)
    assert "to −¥46.56" in what_if.sentence
    priced = WhatIf(Priced(), lambda o: {"price": o.price}, lambda ax, r: ax.plot([0, r["price"]]), currency="EUR")
    slider(priced, "price").value = "-1"
    assert "at least 0 EUR" in priced.trouble


@dataclass(frozen=True)
class Priced(Scenario):
    price: float = number(2.0, minimum=0, word="revenue", unit="money")
    decline_months: int = number(3, minimum=1, maximum=9, word="lifecycle.decline_months", unit="months", whole=True)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_unit_is_not_said_twice(language):
    with speaking(language):
        made = make_controls(Priced())
        assert made["decline_months"].widget.description == Priced.limits()["decline_months"].label()
        assert Measure("lived", "patterns.lived", "months").heading() == Measure("lived", "patterns.lived").label()


def test_an_unknown_field_of_a_control_is_refused():
    with pytest.raises(CvmError, match="no parameter 'rate'"):
        make_controls(Offer(), only=["rate"])
    with pytest.raises(CvmError, match="no parameter 'rate'"):
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
        assert abs(after - before) <= 1
    else:
        assert (shown[0] == "+") == (after > before) and (shown[0] == "−") == (after < before)


def test_the_difference_is_that_of_the_figures_as_they_are_shown():
    assert Measure("x", unit="share").difference(0.1887, 0.1374) == "−5.2"
    assert Measure("x", unit="money").difference(1_000.4, 2_000.6) == "+1,001"


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


@pytest.mark.parametrize("content", ["", "[]", "{}", "no json", '{"cells": 1}', '{"cells": [1]}', '{"cells": "a"}'])
def test_what_is_no_notebook_is_refused_and_left_alone(tmp_path, content):
    file = tmp_path / "a.ipynb"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(CvmError, match=r"a\.ipynb is not a readable notebook"):
        strip_file(file)
    assert file.read_text(encoding="utf-8") == content


@pytest.mark.parametrize("cells", [None, 1, "a lot", [1], [{"outputs": 1}], [{"outputs": [{"data": "x"}]}]])
def test_what_is_no_content_of_a_notebook_is_refused(cells):
    with pytest.raises(CvmError, match="not the content of a notebook"):
        strip_views({"cells": cells})


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

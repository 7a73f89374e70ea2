"""What holds for every chart, tested by its artists and never by pixels."""

from __future__ import annotations

import itertools
import subprocess
import sys
import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from chart_frames import CHARTS, Chart, base_frame, with_each_chart
from matplotlib.axes import Axes
from matplotlib.text import Text

import cvmlab as cvm
from cvmlab import charts

ALL = {**CHARTS, "base": (base_frame, lambda frame: charts.plot_base(frame)[1])}


with_all_charts = pytest.mark.parametrize("chart", ALL.values(), ids=ALL.keys())


in_each_language = pytest.mark.parametrize("language", ["en", "zh"])


def seen_texts(ax: Axes) -> list[Text]:
    """Return the texts on the figure of an Axes that a reader sees, after drawing it."""
    ax.figure.canvas.draw()
    texts = [text for text in ax.figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    limits = [{axis: sorted(axis.get_view_interval()) for axis in (a.xaxis, a.yaxis)} for a in ax.figure.axes]
    hidden = {
        label
        for views in limits
        for axis, (low, high) in views.items()
        for tick in axis.get_major_ticks()
        for label in (tick.label1, tick.label2)
        if not low <= tick.get_loc() <= high
    }
    return [text for text in texts if text not in hidden]


@with_all_charts
@in_each_language
def test_every_chart_draws_without_a_warning_in_both_languages(chart: Chart, language: str) -> None:
    frame, plot = chart
    with warnings.catch_warnings(), cvm.speaking(language):
        warnings.simplefilter("error")
        ax = plot(frame())
        ax.figure.canvas.draw()
    labels = [ax.get_xlabel(), ax.get_ylabel(), *(a.get_title(loc="left") for a in ax.figure.axes)]
    chinese = [any("\u4e00" <= sign <= "\u9fff" for sign in label) for label in labels if label]
    assert chinese
    assert all(chinese) if language == "zh" else not any(chinese)


@with_all_charts
@in_each_language
def test_no_text_is_cut_off_or_written_over_another(chart: Chart, language: str) -> None:
    frame, plot = chart
    with cvm.speaking(language):
        texts = seen_texts(plot(frame()))
    whole = texts[0].figure.bbox
    boxes = [(text.get_text(), Text.get_window_extent(text)) for text in texts]
    for name, box in boxes:
        assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= whole.x1 + 1 and box.y1 <= whole.y1 + 1, name
    for (one, first), (other, second) in itertools.combinations(boxes, 2):
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        down = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert not (across > 1 and down > 1), f"{one!r} over {other!r}"


@with_all_charts
def test_no_text_is_tiny(chart: Chart) -> None:
    frame, plot = chart
    assert min(text.get_fontsize() for text in seen_texts(plot(frame()))) >= 8


@with_all_charts
def test_a_chart_changes_neither_frame_nor_settings(chart: Chart) -> None:
    frame, plot = chart
    given_frame, settings_before = frame(), dict(mpl.rcParams)
    plot(given_frame)
    pd.testing.assert_frame_equal(given_frame, frame())
    assert dict(mpl.rcParams) == settings_before


@with_each_chart
def test_a_chart_draws_on_the_axes_it_is_given(chart: Chart) -> None:
    frame, plot = chart
    _, ax = plt.subplots()
    assert plot(frame(), ax=ax) is ax
    assert len(plt.get_fignums()) == 1
    assert not ax.spines["top"].get_visible()


def test_plot_base_draws_on_the_axes_it_is_given() -> None:
    _, axes = plt.subplots(2, 1)
    assert list(charts.plot_base(base_frame(), axes=axes)) == list(axes)
    assert len(plt.get_fignums()) == 1


@with_all_charts
def test_a_chart_names_the_column_that_is_missing(chart: Chart) -> None:
    frame, plot = chart
    with pytest.raises(cvm.CvmError, match="has no column"):
        plot(frame().drop(columns=frame().columns[0]).rename(columns=str.upper))


@pytest.mark.parametrize("chart", [c for name, c in ALL.items() if name != "calls"])
def test_a_chart_of_nothing_is_refused(chart: Chart) -> None:
    frame, plot = chart
    with pytest.raises(cvm.CvmError, match="has no rows"):
        plot(frame().head(0))


@with_all_charts
def test_a_chart_of_one_row_is_drawn(chart: Chart) -> None:
    frame, plot = chart
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot(frame().tail(1)).figure.canvas.draw()


def test_ticks_keep_the_language_of_the_chart() -> None:
    with cvm.speaking("zh"):
        above, below = charts.plot_base(base_frame())
    above.figure.canvas.draw()
    assert any("万" in label.get_text() for label in above.get_yticklabels())
    assert [label.get_text() for label in below.get_xticklabels()][:2] == ["7月\n2016年", "10月"]


def test_importing_charts_does_not_load_matplotlib() -> None:
    code = "import sys, cvmlab.charts; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""Charts of purchase factors: what their bars, points and words show."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from chart_frames import factor_weights_frame, first_factors_frame, headline, lightness

import cvmlab as cvm
from cvmlab import charts
from cvmlab.charts import factors


def test_bars_fill_the_whole_and_say_their_shares():
    frame = first_factors_frame()
    ax = charts.plot_first_factors(frame)
    widths = np.array([bar.get_width() for bar in ax.patches]).reshape(3, 3)
    assert np.allclose(widths.sum(axis=0), 1)
    assert [bar.get_x() for bar in ax.patches[3:6]] == pytest.approx(list(widths[0]))
    # 4% and 1% have no room for their figure
    shown = {text.get_text() for text in ax.texts}
    assert shown == {"70%", "16%", "14%", "57%", "18%", "25%", "95%"}
    assert headline(ax) == "Goes first for the most spend: trust (bakery, bakery chain); price (canteen)"
    many = frame.assign(segment=[f"s{row}" for row in range(len(frame))])
    assert headline(charts.plot_first_factors(many)) == "44% of spend goes first by trust"
    assert [text.get_text() for text in ax.get_yticklabels()] == ["bakery", "bakery chain", "canteen"]
    assert len({bar.get_hatch() for bar in ax.patches}) == 3


def test_a_group_may_lack_a_factor():
    frame = first_factors_frame().iloc[[0, 2, 3, 4, 5]]
    ax = charts.plot_first_factors(frame)
    assert [round(bar.get_x(), 2) for bar in ax.patches] == [0, 0, 0.7, 0.57, 0.82]


def test_points_lie_in_their_intervals_and_the_headline_names_who_goes_by_what():
    frame = factor_weights_frame()
    ax = charts.plot_factor_weights(frame)
    points = [line for line in ax.lines if len(line.get_xdata()) == 3]
    assert [list(line.get_xdata()) for line in points] == [
        list(frame.loc[frame["attribute"] == name, "effect"]) for name in ("trust", "price", "innovation")
    ]
    assert len({line.get_marker() for line in points}) == 3
    ends = np.concatenate([lines.get_segments() for lines in ax.collections])
    assert np.allclose(ends[:, 1, 0] - ends[:, 0, 0], 0.6)
    assert headline(ax) == "What decides most: trust (bakery, bakery chain); price (canteen)"
    with cvm.speaking("zh"):
        assert headline(charts.plot_factor_weights(frame)) == "最起作用的因素：信任（烘焙店，连锁面包房）；价格（食堂）"


def test_fills_differ_in_lightness_and_too_many_kinds_are_refused():
    shades = sorted(lightness(color) for color, _ in factors.FILLS)
    # a hatch goes with each, where two are near
    assert min(b - a for a, b in itertools.pairwise(shades[1:])) > 7
    many = first_factors_frame().iloc[[0] * 6].assign(first_factor=list("abcdef"))
    with pytest.raises(cvm.CvmError, match="'first_factor' holds 6 different values; this chart can show 5"):
        charts.plot_first_factors(many)
    with pytest.raises(cvm.CvmError, match="rows 1 and 2 hold the same: segment 'bakery', first_factor 'trust'"):
        charts.plot_first_factors(first_factors_frame().iloc[[0, 0]])

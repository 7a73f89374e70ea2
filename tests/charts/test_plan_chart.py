"""The chart of tried measures: bars in the order of the rows, the whole plan apart, what pays told by its look."""

from __future__ import annotations

import numpy as np
import pytest
from chart_frames import headline, tried_frame

from cvmlab import CvmError, charts
from cvmlab.core.words import speaking


def test_every_measure_has_its_bar_interval_and_amount() -> None:
    frame = tried_frame()
    ax = charts.plot_tried_measures(frame, currency="¥")
    widths = sorted(bar.get_width() for bar in ax.patches)
    assert widths == pytest.approx(sorted(frame["difference"]))
    assert [tick.get_text() for tick in ax.get_yticklabels()][-2:] == ["single effects, added up", "all at once"]
    gaps = np.diff(ax.get_yticks())
    assert gaps.tolist() == [1, 1, 1, 1.5, 1]
    texts = [text.get_text() for text in ax.texts]
    assert "¥300k" in texts and "−¥116k" in texts
    looks = {text.get_text() for text in ax.get_legend().get_texts()}
    assert looks == {"raises profit", "lowers profit", "either is possible"}


def test_the_headline_counts_measures_that_surely_pay_and_not_the_plan() -> None:
    frame = tried_frame()
    assert headline(charts.plot_tried_measures(frame)).startswith(
        "At these doses 2 of 4 measures pay for themselves; best: speed, 300k"
    )
    poor = frame.assign(difference=-1.0, low=-2.0, high=3.0)
    assert "None of the 4 measures" in headline(charts.plot_tried_measures(poor))
    with speaking("zh"):
        assert "4 项措施中有 2 项" in headline(charts.plot_tried_measures(frame))


def test_the_same_measure_twice_is_refused() -> None:
    with pytest.raises(CvmError, match="speed"):
        charts.plot_tried_measures(tried_frame().assign(measure="speed"))

"""The textbook's rule beside the expected present value: lines, errors and the finding in the title."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from chart_frames import headline, present_values_frame
from matplotlib.axes import Axes

import cvmlab as cvm
from cvmlab import charts
from cvmlab.worth.value import compare_present_values


def notes(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_both_lines_and_the_errors_between_them() -> None:
    frame = present_values_frame()
    ax = charts.plot_present_values(frame, currency="¥")
    rule, expected = (line.get_ydata() for line in ax.lines)
    assert np.allclose(rule, frame["textbook_value"]) and np.allclose(expected, frame["expected_present_value"])
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()
    assert [note for note in notes(ax) if note.endswith("%")] == ["+9%", "+11%", "+14%", "+23%", "+32%"]
    assert {"textbook rule", "expected present value"} <= set(notes(ax))
    assert ax.get_ylabel() == "present value (¥)"
    assert headline(ax) == "At a retention rate of 95% the textbook rule is 32% above the expected present value"


def test_the_title_follows_the_last_rate_whatever_the_order_of_rows() -> None:
    ax = charts.plot_present_values(present_values_frame().iloc[::-1])
    assert headline(ax).startswith("At a retention rate of 95%")


@pytest.mark.parametrize(
    ("profit", "overall", "said"), [(100, 0.3, "below"), (-100, None, "below"), (-100, 0.3, "above")]
)
def test_the_title_says_on_which_side_the_rule_lies(profit: float, overall: float | None, said: str) -> None:
    frame = compare_present_values(profit, [0.7, 0.9], discount_rate=0.1, overall_discount_rate=overall)
    off = frame["error"].iloc[-1]
    ax = charts.plot_present_values(frame)
    assert said == ("above" if off > 0 else "below")
    assert f" {said} the expected present value" in headline(ax)
    shown = [note for note in notes(ax) if note.endswith("%")][-1]
    assert shown.startswith("+" if off > 0 else "−")


def test_the_chart_speaks_chinese() -> None:
    with cvm.speaking("zh"):
        ax = charts.plot_present_values(present_values_frame())
    assert headline(ax) == "保持率为 95% 时，教材算法比期望现值高出 32%"


def test_a_rate_given_twice_is_refused() -> None:
    frame = present_values_frame()
    with pytest.raises(cvm.CvmError) as caught:
        charts.plot_present_values(pd.concat([frame, frame]))
    assert caught.value.key == "charts.repeated"

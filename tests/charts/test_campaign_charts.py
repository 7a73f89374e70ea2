"""Charts of keeping customers: what is drawn is what the frames hold, in both languages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from cvmlab import CvmError, charts, speaking

CURVE = pd.DataFrame({"called": [0, 100, 200, 300], "expected_profit": [0.0, 900, 1_000, -300]})
LIFT = pd.DataFrame(
    {"tenth": [1, 2], "customers": [50, 50], "left": [30.0, 10], "churn_rate": [0.6, 0.2], "captured": [0.75, 1]}
)
DRIVERS = pd.DataFrame(
    {
        "feature": ["contract", "contract", "age"],
        "level": ["monthly", "yearly", "30"],
        "churn_probability": [0.3, 0.1, 0.2],
        "customers": [60, 40, 100],
    }
)
GAIN = pd.DataFrame(
    {
        "order": np.repeat(["by_uplift", "by_risk", "random"], 3),
        "share": [0, 0.3, 1] * 3,
        "kept": [0, 0.06, 0.05, 0, 0.02, 0.05, 0, 0.015, 0.05],
        "low": 0.0,
        "high": 0.1,
    }
)


def headline(ax: Axes) -> str:
    return ax.get_title(loc="left").replace("\n", " ")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_chart_is_drawn_in_both_languages(language: str) -> None:
    with speaking(language):
        for ax in (
            charts.plot_campaign_profit(CURVE, currency="CNY"),
            charts.plot_churn_lift(LIFT),
            charts.plot_churn_drivers(DRIVERS, average=0.22),
            charts.plot_uplift_gain(GAIN),
        ):
            ax.figure.canvas.draw()
            assert headline(ax) and ax.get_xlabel()


def test_the_best_number_of_calls_is_marked() -> None:
    known = CURVE.assign(profit=[0, 800, 1_100, -200], profit_low=-400.0, profit_high=1_500.0)
    ax = charts.plot_campaign_profit(known.iloc[::-1])
    marked = next(line for line in ax.lines if line.get_marker() == "D")
    assert (marked.get_xdata()[0], marked.get_ydata()[0]) == (200, 1_000)
    assert any(list(line.get_ydata()) == [0, 800, 1_100, -200] for line in ax.lines)
    assert "200 calls: 1,000; calling all 300" in headline(ax)


def test_bars_start_at_zero_beside_the_average() -> None:
    ax = charts.plot_churn_lift(LIFT)
    assert [bar.get_height() for bar in ax.patches] == [0.6, 0.2] and ax.get_ylim()[0] == 0
    assert ax.lines[0].get_ydata()[0] == 0.4


def test_each_value_of_a_driver_has_its_place() -> None:
    ax = charts.plot_churn_drivers(DRIVERS, average=0.22)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["contract", "monthly", "yearly", "age", "30"]
    assert [dots.get_offsets()[:, 0].tolist() for dots in ax.collections[1::2]] == [[0.3, 0.1], [0.2]]
    assert ax.get_xlim()[0] == 0
    with pytest.raises(CvmError, match="`average` is 22"):
        charts.plot_churn_drivers(DRIVERS, average=22)


def test_three_orders_are_compared() -> None:
    ax = charts.plot_uplift_gain(GAIN)
    assert len({line.get_color() for line in ax.lines[:3]}) == 3
    assert "first 30%, the offer keeps 6% of all customers in the order of uplift and 2%" in headline(ax)
    with pytest.raises(CvmError, match="by_uplift, by_risk, random"):
        charts.plot_uplift_gain(GAIN.assign(order="by_age"))

"""Style of the charts: colours, short amounts, spread labels, axes of months."""

from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from chart_frames import Chart, headline, lightness, with_each_chart
from hypothesis import given, settings
from hypothesis import strategies as st

import cvmlab as cvm
from cvmlab import charts
from cvmlab.charts import lifecycle as life
from cvmlab.charts import style
from cvmlab.core import formats


def gaps(colors: list[str]) -> np.ndarray:
    return np.diff(sorted(lightness(color) for color in colors))


def test_colours_differ_in_lightness_so_that_grey_prints_read() -> None:
    assert gaps([mark.color for mark in style.TYPES.values()]).min() > 8
    # the first two series and the reference are all that a chart here puts side by side
    assert gaps([style.SERIES[0].color, style.SERIES[1].color, style.REFERENCE.color]).min() > 20


def test_colours_of_the_sources_of_profit_differ_in_lightness() -> None:
    shades = [lightness(color) for color, _ in life.SOURCES.values()]
    assert min(abs(a - b) for a, b in itertools.pairwise(shades)) > 8
    assert [round(lightness(color)) for color in ("#000000", "#FFFFFF", style.BLUE)] == [0, 100, 46]


def test_series_differ_by_more_than_colour() -> None:
    for marks in (list(style.TYPES.values()), list(style.SERIES)):
        assert len({mark.marker for mark in marks}) == len(marks)
        assert len({mark.line for mark in marks}) == len(marks)


@pytest.mark.parametrize(
    ("amount", "english", "chinese"),
    [
        (0, "0", "0"),
        (0.5, "0.5", "0.5"),
        (999, "999", "999"),
        (999.6, "1k", "1,000"),
        (1_250, "1.25k", "1,250"),
        (9_999, "10k", "1万"),
        (-82_000, "−82k", "−8.2万"),
        (999_999, "1M", "100万"),
        (34_000_000, "34M", "3,400万"),
        (340_000_000, "340M", "3.4亿"),
        (2.5e12, "2,500bn", "2.5万亿"),
        (float("nan"), "–", "–"),
    ],
)
def test_money_in_short(amount: float, english: str, chinese: str) -> None:
    assert formats.money(amount) == english
    with cvm.speaking("zh"):
        assert formats.money(amount) == chinese


@given(st.floats(min_value=0.01, max_value=1e13), st.sampled_from(["en", "zh"]))
@settings(max_examples=100, deadline=None)
def test_money_in_short_is_true_to_three_digits(amount: float, language: str) -> None:
    worth = {"k": 1e3, "M": 1e6, "bn": 1e9, "万": 1e4, "亿": 1e8, "万亿": 1e12}
    with cvm.speaking(language):
        text = formats.money(amount)
    digits = text.rstrip("kMbn万亿")
    read = float(digits.replace(",", "")) * worth.get(text[len(digits) :], 1)
    assert read == pytest.approx(amount, rel=0.0051)


@given(st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_labels_are_spread_in_order_within_their_limits(places: list[float]) -> None:
    gap = 0.1
    spots = style.spread(places, gap, 0, 1)
    assert all(-1e-9 <= spot <= 1 + 1e-9 for spot in spots)
    assert (np.diff(sorted(spots)) >= gap - 1e-9).all()
    order = sorted(range(len(places)), key=lambda i: places[i])
    assert (np.diff([spots[i] for i in order]) > 0).all()


def test_labels_that_have_room_stay_where_they_are() -> None:
    assert style.spread([0.9, 0.1, 0.5], 0.1, 0, 1) == [0.9, 0.1, 0.5]


@pytest.mark.parametrize(
    ("first", "periods", "labels"),
    [
        ("2017-11-01", 3, ["Nov\n2017", "Dec", "Jan\n2018"]),
        ("2017-03-01", 1, ["Mar\n2017"]),
        ("2010-01-01", 40, ["Jan\n2010", "Jul", "Jan\n2011"]),
        ("2001-01-01", 240, ["2003", "2006"]),
    ],
)
def test_month_axis_names_months_and_years(first: str, periods: int, labels: list[str]) -> None:
    _, ax = plt.subplots()
    style.month_axis(ax, np.arange(periods) + np.datetime64(first, "M"))
    shown = [label.get_text() for label in ax.get_xticklabels()]
    assert 1 <= len(shown) <= 9
    assert shown[: len(labels)] == labels


# What the subjects compute is what the charts take
def test_charts_take_the_frames_of_their_subjects() -> None:
    from cvmlab import matrix, portfolio
    from cvmlab.case import backtest

    draw = np.random.default_rng(3)
    customers = pd.DataFrame(
        {
            "customer_id": [f"{number:03d}" for number in range(60)],
            "current_value": draw.lognormal(5, 1, 60),
            "headroom": np.maximum(draw.normal(100, 90, 60), 0),
            "revenue": draw.lognormal(6, 1, 60),
            "profit": draw.normal(50, 80, 60),
        }
    )
    thresholds = matrix.Thresholds(150, 100)
    before = matrix.classify(customers, thresholds)
    after = matrix.classify(customers.assign(current_value=customers["current_value"][::-1].to_numpy()), thresholds)
    moves = matrix.migration_counts(matrix.migration(before, after))
    gains = backtest.gain_curves(customers, {"model": "current_value", "rival": "revenue"}, "profit")
    bands = backtest.calibration(draw.uniform(0, 1, 200), draw.uniform(0, 1, 200) < 0.5)
    for ax in (
        charts.plot_concentration(portfolio.concentration_curve(customers)),
        charts.plot_whale(portfolio.whale_curve(customers), profit_is_assumed=False),
        charts.plot_matrix(before, thresholds),
        charts.plot_sensitivity(matrix.sensitivity(customers, thresholds)),
        charts.plot_migration(moves),
        charts.plot_backtest(gains),
        charts.plot_calibration(bands),
    ):
        ax.figure.canvas.draw()
        assert headline(ax)


@with_each_chart
def test_a_chart_fits_a_small_part_of_a_figure_made_without_pyplot(chart: Chart) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    frame, plot = chart
    figure = Figure(figsize=(12, 5), layout="constrained")
    FigureCanvasAgg(figure)
    left, _ = figure.subfigures(1, 2)
    ax = plot(frame(), ax=left.subplots())
    figure.canvas.draw()
    assert headline(ax)
    assert plt.get_fignums() == []

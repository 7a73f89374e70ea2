"""Charts are tested by their artists: data of lines, words of labels, places of texts; never by pixels."""

from __future__ import annotations

import itertools
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.text import Text

import cvmlab as cvm
from cvmlab import charts
from cvmlab.charts import actions, style
from cvmlab.charts import lifecycle as life
from cvmlab.charts import matrix as value_types
from cvmlab.core import formats
from cvmlab.worth.matrix import Thresholds

THRESHOLDS = Thresholds(current_value=600.0, growth_potential=200.0)
TYPES = ["IV", "III", "II", "I"]


def base_frame() -> pd.DataFrame:
    periods = pd.date_range("2016-05-01", periods=20, freq="MS")
    active = np.arange(20) * 7 + 200
    return pd.DataFrame(
        {
            "period": periods,
            "revenue": active * 410.0,
            "active_customers": active,
            "new_customers": active // 9,
        }
    )


def concentration_frame() -> pd.DataFrame:
    amounts = 1 / np.arange(1, 1_001)
    return pd.DataFrame(
        {"customer_share": np.arange(1, 1_001) / 1_000, "cumulative_share": amounts.cumsum() / amounts.sum()}
    )


def whale_frame() -> pd.DataFrame:
    amounts = np.linspace(100, -50, 1_000)
    total = amounts.cumsum()
    return pd.DataFrame(
        {
            "customer_share": np.arange(1, 1_001) / 1_000,
            "cumulative": total,
            "cumulative_share": total / total[-1],
        }
    )


def customers_frame(size: int = 400) -> pd.DataFrame:
    draw = np.random.default_rng(5)
    value = draw.lognormal(6, 1.5, size) - 30
    headroom = np.maximum(draw.lognormal(5, 1.4, size) - 150, 0)
    high_value, high_potential = value > THRESHOLDS.current_value, headroom > THRESHOLDS.growth_potential
    types = np.select([high_value & high_potential, high_value, high_potential], TYPES[:3], "I")
    return pd.DataFrame({"current_value": value, "headroom": headroom, "value_type": types})


def sensitivity_frame() -> pd.DataFrame:
    factors = [0.5, 1.0, 2.0]
    counts = {"IV": [600, 410, 150], "III": [620, 400, 140], "II": [500, 420, 330], "I": [780, 1270, 1880]}
    return pd.concat(
        [pd.DataFrame({"factor": factors, "value_type": t, "customers": c}) for t, c in counts.items()],
        ignore_index=True,
    )


def migration_frame() -> pd.DataFrame:
    pairs = [*itertools.product(TYPES, TYPES), ("new", "II"), ("III", "gone")]
    return pd.DataFrame(
        [(a, b, 400 if a == b else 12, 0.0 if a == b else -1_500.0) for a, b in pairs],
        columns=["from_type", "to_type", "customers", "revenue_change"],
    )


def calls_frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_name": ["张三商贸有限公司", "$x$ & Co", "上海某某医疗器械科技股份有限公司第二分公司"],
            "usual_gap_days": [21, 9.5, 80],
            "silent_days": [74, 60, 84],
            "value_at_stake": [82_000, 41_000.5, 800],
        }
    )


def backtest_frame() -> pd.DataFrame:
    share = np.linspace(0, 1, 101)
    return pd.concat(
        [
            pd.DataFrame({"method": m, "customer_share": share, "captured_share": 1 - (1 - share) ** power})
            for m, power in {"model": 4, "rival": 3, "ideal": 6}.items()
        ],
        ignore_index=True,
    )


def calibration_frame() -> pd.DataFrame:
    predicted = np.linspace(0.05, 0.95, 10)
    observed = predicted + np.where(np.arange(10) == 3, 0.2, 0.01)
    return pd.DataFrame(
        {
            "predicted": predicted,
            "observed": observed,
            "low": observed - 0.05,
            "high": observed + 0.04,
            "customers": np.arange(10) * 30 + 20,
        }
    )


def forecast_frame() -> pd.DataFrame:
    actual = np.array([100.0, 120, 90, 110, np.nan, np.nan])
    expected = np.array([np.nan, np.nan, 100, 102, 104, 106])
    return pd.DataFrame(
        {
            "period": pd.date_range("2016-10-01", periods=6, freq="MS"),
            "actual": actual * 1_000,
            "expected": expected * 1_000,
            "low": expected * 900,
            "high": expected * 1_100,
        }
    )


Chart = tuple[Callable[[], pd.DataFrame], Callable[..., Any]]
CHARTS: dict[str, Chart] = {
    "concentration": (concentration_frame, charts.plot_concentration),
    "whale": (whale_frame, lambda frame, **more: charts.plot_whale(frame, profit_is_assumed=True, **more)),
    "matrix": (customers_frame, lambda frame, **more: charts.plot_matrix(frame, THRESHOLDS, **more)),
    "sensitivity": (sensitivity_frame, charts.plot_sensitivity),
    "migration": (migration_frame, charts.plot_migration),
    "calls": (calls_frame, charts.plot_calls),
    "backtest": (backtest_frame, charts.plot_backtest),
    "calibration": (calibration_frame, charts.plot_calibration),
    "forecast": (forecast_frame, charts.plot_forecast),
}
ALL = {**CHARTS, "base": (base_frame, lambda frame: charts.plot_base(frame)[1])}
with_each_chart = pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS.keys())
with_all_charts = pytest.mark.parametrize("chart", ALL.values(), ids=ALL.keys())
in_each_language = pytest.mark.parametrize("language", ["en", "zh"])


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def headline(ax: Axes) -> str:
    return ax.get_title(loc="left").replace("\n", " ")


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


# Every chart


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
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
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


# Each chart


def test_base_shows_revenue_as_bars_and_customers_as_a_line() -> None:
    frame = base_frame()
    above, below = charts.plot_base(frame, currency="¥")
    assert [bar.get_height() for bar in above.patches] == list(frame["revenue"])
    assert [bar.get_height() for bar in below.patches] == list(frame["new_customers"])
    assert list(below.lines[0].get_ydata()) == list(frame["active_customers"])
    assert above.get_ylabel() == "monthly revenue (¥)"
    assert {text.get_text() for text in below.texts} == {"all", "first time in the data"}
    assert below.patches[0].get_hatch()


@pytest.mark.parametrize(("months", "label"), [(3, "quarterly revenue"), (2, "revenue per 2 months")])
def test_base_names_the_length_of_its_periods(months: int, label: str) -> None:
    above, _ = charts.plot_base(base_frame(), months=months)
    assert above.get_ylabel() == f"{label} (currency units)"


def test_concentration_tells_what_the_top_brings() -> None:
    frame = concentration_frame()
    ax = charts.plot_concentration(frame, highlight=0.2)
    assert headline(ax) == "The top 20% of customers bring 79% of revenue"
    curve = ax.lines[0].get_xydata()
    assert curve[0].tolist() == [0, 0]
    assert np.allclose(curve[1:], frame[["customer_share", "cumulative_share"]])
    marked = ax.lines[-1].get_xydata()[0]
    assert marked == pytest.approx([0.2, frame["cumulative_share"][199]])


def test_concentration_without_a_total_says_so() -> None:
    frame = pd.DataFrame({"customer_share": [0.5, 1], "cumulative_share": [np.nan, np.nan]})
    assert headline(charts.plot_concentration(frame)) == "Total revenue is zero, so shares cannot be computed"


@pytest.mark.parametrize(("assumed", "word"), [(True, "assumed profit"), (False, "profit")])
def test_whale_marks_the_peak_and_says_whether_profit_is_assumed(assumed: bool, word: str) -> None:
    frame = whale_frame()
    ax = charts.plot_whale(frame, profit_is_assumed=assumed)
    peak = frame["cumulative_share"].idxmax()
    marked = ax.lines[-1].get_xydata()[0]
    assert marked == pytest.approx([frame["customer_share"][peak], frame["cumulative_share"][peak]])
    assert ax.get_ylabel() == f"cumulative share of net {word}"
    assert headline(ax) == f"The most profitable 67% of customers bring 133% of net {word}; the rest lose 33%"


def test_whale_of_a_net_loss_is_drawn_in_money() -> None:
    frame = whale_frame().assign(cumulative=lambda f: f["cumulative"] - 60_000, cumulative_share=np.nan)
    ax = charts.plot_whale(frame, profit_is_assumed=False, currency="¥")
    assert ax.get_ylabel() == "cumulative profit (¥)"
    assert "−35k" in headline(ax)
    assert np.allclose(ax.lines[0].get_ydata()[1:], frame["cumulative"])


def test_whale_without_losses_does_not_speak_of_them() -> None:
    ax = charts.plot_whale(concentration_frame(), profit_is_assumed=False)
    assert headline(ax) == "No group of customers reduces total profit"


def test_matrix_counts_and_shares_every_cell() -> None:
    customers = customers_frame()
    ax = charts.plot_matrix(customers, THRESHOLDS)
    labels = " ".join(text.get_text() for text in ax.texts)
    for name in TYPES:
        cell = customers[customers["value_type"] == name]
        share = cell["current_value"].sum() / customers["current_value"].sum()
        assert f"{name}: {len(cell)} customers\n{formats.percent(share)} of current value" in labels
    drawn = sum(len(points.get_offsets()) for points in ax.collections)
    assert drawn == len(customers)
    assert ax.get_ylabel().startswith("headroom")
    assert [ax.lines[0].get_xdata()[0], ax.lines[1].get_ydata()[0]] == [600, 200]
    markers = {tuple(map(tuple, points.get_paths()[0].vertices)) for points in ax.collections}
    assert len(markers) == 4


def test_matrix_says_growth_potential_only_where_it_is_one() -> None:
    customers = customers_frame().rename(columns={"headroom": "growth_potential"})
    ax = charts.plot_matrix(customers, THRESHOLDS, potential="growth_potential")
    assert ax.get_ylabel().startswith("growth potential")


def test_matrix_thins_a_million_customers_but_counts_them_all() -> None:
    ax = charts.plot_matrix(customers_frame(1_000_000), THRESHOLDS)
    drawn = sum(len(points.get_offsets()) for points in ax.collections)
    assert value_types.POINTS * 0.9 < drawn <= value_types.POINTS + 4
    texts = [text.get_text() for text in ax.texts]
    counts = [int(t.split(": ")[1].split(" ")[0].replace(",", "")) for t in texts if "customers\n" in t]
    assert sum(counts) == 1_000_000
    assert "one customer in 50 shown" in texts


@pytest.mark.parametrize(
    ("value", "headroom"),
    [
        ([0.0, 0.0], [0.0, 0.0]),
        ([-5.0, -9.0], [0.0, 1.0]),
        ([1e9, 0.001], [0.0, 1e12]),
        ([7.0, 7.0], [3.0, 3.0]),
    ],
)
def test_matrix_bears_zeros_losses_and_extremes(value: list[float], headroom: list[float]) -> None:
    customers = pd.DataFrame({"current_value": value, "headroom": headroom, "value_type": ["I", "IV"]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax = charts.plot_matrix(customers, Thresholds(current_value=0.0, growth_potential=0.0))
        ax.figure.canvas.draw()
    low, high = ax.get_xlim()
    assert low <= min(value) and max(value) <= high


def test_sensitivity_labels_its_lines_at_their_ends() -> None:
    frame = sensitivity_frame()
    ax = charts.plot_sensitivity(frame)
    for line, name in zip(ax.lines, TYPES, strict=False):
        assert list(line.get_ydata()) == list(frame.loc[frame["value_type"] == name, "customers"])
    assert {text.get_text() for text in ax.texts} == {"as chosen", *TYPES}
    assert len({str(line.get_linestyle()) + str(line.get_marker()) for line in ax.lines[:4]}) == 4


def test_migration_writes_every_cell_and_counts_the_movers() -> None:
    ax = charts.plot_migration(migration_frame(), currency="¥")
    # of 1,744 who were there twice 144 moved; new and gone customers did not change type
    assert headline(ax) == "144 of 1,744 customers changed type"
    cells = [text.get_text() for text in ax.texts]
    assert cells.count("400\n¥0") == 4
    assert cells.count("12\n−¥1.5k") == 14
    assert [label.get_text() for label in ax.get_xticklabels()] == [*TYPES, "gone"]
    assert [label.get_text() for label in ax.get_yticklabels()] == [*TYPES, "new"]


def test_migration_text_stands_out_from_its_cell() -> None:
    ax = charts.plot_migration(migration_frame())
    mesh = ax.collections[0]
    ax.figure.canvas.draw()
    shades = mesh.get_facecolors().reshape(5, 5, 4)
    for text in ax.texts:
        across, down = text.get_position()
        ground = lightness(mpl.colors.to_hex(shades[int(down), int(across)]).upper())
        ink = lightness(mpl.colors.to_hex(text.get_color()).upper())
        assert abs(ground - ink) > 45


def test_calls_show_names_as_they_are() -> None:
    ax = charts.plot_calls(calls_frame(), currency="$")
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["张三商贸有限公司", "$x$ & Co", "上海某某医疗器械科技股份…"]
    assert not any(label.get_parse_math() for label in ax.get_yticklabels())
    assert [text.get_text() for text in ax.texts] == ["$82,000 at stake", "$41,000 at stake", "$800 at stake"]
    silent = next(line for line in ax.lines if line.get_label() == "silent now")
    assert list(silent.get_xdata()) == [74, 60, 84]
    # the most urgent stands on top
    assert ax.yaxis_inverted()


def test_calls_are_limited_and_may_be_none() -> None:
    many = pd.concat([calls_frame()] * 10, ignore_index=True)
    assert len(charts.plot_calls(many, limit=7).get_yticklabels()) == 7
    assert charts.plot_calls(many.head(0)).texts[0].get_text() == "nobody to call"


@pytest.mark.parametrize("name", ["", "x", "abc" * 20, "客户" * 20, "a客" * 15])
def test_a_long_name_is_cut_to_its_width(name: str) -> None:
    from unicodedata import east_asian_width

    shown = actions._short(name)
    width = sum(2 if east_asian_width(sign) in "WF" else 1 for sign in shown.rstrip("…"))
    assert width <= actions.NAME_WIDTH
    assert shown == name or (shown.endswith("…") and name.startswith(shown[:-1]) and width > actions.NAME_WIDTH - 4)


def test_backtest_compares_model_and_rival_at_the_highlight() -> None:
    frame = backtest_frame()
    ax = charts.plot_backtest(frame)
    assert headline(ax) == (
        "The top 20% ranked by the model brought 59% of later revenue; ranked by last year's revenue, 49%"
    )
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "the model: top 20% bring 59%",
        "last year's revenue: top 20% bring 49%",
        "perfect foresight: top 20% bring 74%",
        "chance",
    ]
    curve = next(line for line in ax.lines if str(line.get_label()).startswith("the model"))
    model = frame[frame["method"] == "model"]
    assert np.allclose(curve.get_xydata(), model[["customer_share", "captured_share"]])


def test_backtest_takes_methods_it_has_no_word_for() -> None:
    frame = backtest_frame().replace({"method": {"model": "our own rule"}})
    assert headline(charts.plot_backtest(frame)).startswith("The top 20% ranked by our own rule brought 59%")


def test_calibration_counts_the_bands_that_hold() -> None:
    ax = charts.plot_calibration(calibration_frame())
    assert headline(ax) == "In 9 of 10 bands the prediction lies within the 95% interval"
    dots = ax.collections[1]
    assert np.allclose(dots.get_offsets(), calibration_frame()[["predicted", "observed"]])
    assert (np.diff(dots.get_sizes()) > 0).all()


def test_forecast_draws_actual_expected_and_interval() -> None:
    frame = forecast_frame()
    ax = charts.plot_forecast(frame, unit="¥")
    actual, expected = ax.lines[:2]
    assert np.array_equal(actual.get_ydata(), frame["actual"], equal_nan=True)
    assert np.array_equal(expected.get_ydata(), frame["expected"], equal_nan=True)
    assert actual.get_linestyle() != expected.get_linestyle()
    assert {text.get_text() for text in ax.texts} == {"actual", "expected", "interval"}
    assert len(charts.plot_forecast(frame.drop(columns=["low", "high"])).collections) == 0


# Style


def lightness(color: str) -> float:
    """Return CIE L* of a colour, 0 (black) to 100 (white): what is left of it on a grey printer."""
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ np.array([0.2126, 0.7152, 0.0722]))
    return 903.3 * luminance if luminance <= 0.008856 else 116 * luminance ** (1 / 3) - 16


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

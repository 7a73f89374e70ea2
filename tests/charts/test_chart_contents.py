"""What each chart shows: data of its lines, words of its labels."""

from __future__ import annotations

import warnings

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from chart_frames import (
    THRESHOLDS,
    TYPES,
    backtest_frame,
    base_frame,
    budgets_frame,
    calibration_frame,
    calls_frame,
    concentration_frame,
    customers_frame,
    forecast_frame,
    growth_frame,
    headline,
    lightness,
    migration_frame,
    sensitivity_frame,
    silence_frame,
    tiers_frame,
    whale_frame,
)

from cvmlab import charts, speaking
from cvmlab.charts import actions
from cvmlab.charts import matrix as value_types
from cvmlab.core import formats
from cvmlab.worth.matrix import Thresholds
from cvmlab.worth.portfolio import TierCutOffs


def test_base_shows_revenue_as_bars_and_customers_as_a_line() -> None:
    frame = base_frame()
    above, below = charts.plot_base(frame, currency="¥")
    assert [bar.get_height() for bar in above.patches] == list(frame["revenue"])
    assert [bar.get_height() for bar in below.patches] == list(frame["new_customers"])
    assert list(below.lines[0].get_ydata()) == list(frame["active_customers"])
    assert above.get_ylabel() == "monthly revenue (¥)"
    assert {text.get_text() for text in below.texts} == {"all", "first time in the data"}
    assert below.patches[0].get_hatch()


def test_base_shows_profit_and_what_is_expected_beside_revenue() -> None:
    frame = base_frame().assign(profit=lambda base: base["revenue"] * 0.2)
    ahead = pd.DataFrame({"period": pd.date_range("2018-01-01", periods=12, freq="MS"), "expected": 17_000.0})
    above, below = charts.plot_base(frame, ahead=ahead)
    profit, expected = above.lines
    assert list(profit.get_ydata()) == list(frame["profit"])
    assert list(expected.get_ydata()) == list(ahead["expected"])
    assert expected.get_xdata()[0] > profit.get_xdata()[-1]
    assert above.get_ylabel() == "revenue and profit per month\n(currency units)"
    assert {text.get_text() for text in above.texts} == {"revenue", "profit", "expected of today's customers"}
    assert below.get_xlim()[1] > expected.get_xdata()[-1]


def test_silence_marks_whom_to_call_and_leaves_out_who_has_no_rhythm() -> None:
    frame = silence_frame()
    ax = charts.plot_silence(frame, worth_from=200)
    others, held, to_call = (marks.get_offsets() for marks in ax.collections)
    rhythm = frame[frame["silent_gaps"] >= 0]
    assert len(to_call) == (rhythm["action"] == "win_back").sum() > 0
    assert len(held) == (rhythm["action"] == "held_out").sum() > 0
    assert len(others) + len(held) + len(to_call) == len(rhythm)
    silent = frame[frame["action"].isin(["win_back", "held_out"])]
    total = silent["yearly_contribution"].sum()
    assert headline(ax) == f"{len(silent)} customers worth keeping fell silent: {total:,.0f} in the year before"
    first = rhythm[rhythm["action"] == "win_back"].nlargest(6, "yearly_contribution")["customer_id"]
    assert {*first, "cost of keeping: 200"} <= {text.get_text() for text in ax.texts}


def test_silence_of_nobody_says_so() -> None:
    quiet = silence_frame().assign(action="maintain")
    assert headline(charts.plot_silence(quiet)) == "No customer worth keeping is on the call list"
    once = quiet.assign(silent_gaps=np.nan)
    assert headline(charts.plot_silence(once)) == "No customer worth keeping is on the call list"


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


def test_whale_marks_the_share_that_is_asked_for() -> None:
    frame = whale_frame()
    ax = charts.plot_whale(frame, profit_is_assumed=False, highlight=0.2)
    reached = np.interp(0.2, np.r_[0, frame["customer_share"]], np.r_[0, frame["cumulative_share"]])
    assert f"20% → {formats.percent(reached)}" in [text.get_text() for text in ax.texts]
    assert (0.2, reached) in [tuple(line.get_xydata()[0]) for line in ax.lines if len(line.get_xdata()) == 1]


def test_tiers_name_the_line_at_which_the_next_tier_begins() -> None:
    cut_offs = TierCutOffs(high_profit=4_000, top_profit=12_000)
    ax = charts.plot_tiers(tiers_frame(), cut_offs=cut_offs, currency="¥")
    said = [text.get_text().split("\n")[-1] for text in ax.texts]
    assert said == [
        "12 customers",
        "¥20k short of ¥12,000 (diamond) on average",
        "¥11k short of ¥12,000 (diamond) on average",
        "¥4k short of ¥4,000 on average",
        "¥5k short of ¥4,000 on average",
        "¥1.5k short of zero on average",
    ]
    assert headline(ax) == "12 diamond customers (1.3% of all): 53% of net profit"
    low = charts.plot_tiers(tiers_frame(), cut_offs=cut_offs.replace(problem_below=-500))
    assert low.texts[-1].get_text().endswith("short of −500 on average")
    assert charts.plot_tiers(tiers_frame()).texts[1].get_text().endswith("20k more profit each to the next tier")
    assert headline(charts.plot_tiers(tiers_frame().iloc[1:])) == "Customers and profit by tier"


def test_growth_names_the_points_asked_for() -> None:
    frame = growth_frame().assign(customer_id=[f"P{row}" for row in range(80)], product=["film", "bags"] * 40)
    ax = charts.plot_share_and_growth(frame, mark={"P10": "film", "P11": "film", "P0": "film"})
    # P11 buys no film, and nothing is known of the growth of P0
    assert [note.get_text() for note in ax.texts] == ["P10"]
    assert ax.texts[0].xy == pytest.approx(tuple(frame.loc[10, ["own_growth", "our_growth"]]))


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


@pytest.mark.parametrize(("language", "first"), [("en", "canteen"), ("zh", "食堂")])
def test_matrix_names_a_few_customers_and_no_name_covers_another(language: str, first: str) -> None:
    codes = ["canteen", "bakery", "kiosk", "butcher", "Zhang & Co."]
    values, headroom = [900.0, 910, 905, 890, 500], [300.0, 302, 299, 100, 190]
    customers = pd.DataFrame({"name": codes, "current_value": values, "headroom": headroom, "value_type": "IV"})
    with speaking(language):
        ax = charts.plot_matrix(customers, THRESHOLDS, names="name")
        many = charts.plot_matrix(customers_frame(50).assign(name="canteen"), THRESHOLDS, names="name")
    ax.figure.canvas.draw()
    named = [text for text in ax.texts if text.get_fontsize() == 8]
    assert [text.get_text() for text in named][::4] == [first, "Zhang & Co."]
    boxes = [text.get_window_extent() for text in named]
    assert not any(box.overlaps(other) for place, box in enumerate(boxes) for other in boxes[:place])
    assert not any(text.get_fontsize() == 8 for text in many.texts)


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


def test_sensitivity_says_where_the_most_customers_change_type() -> None:
    frame = sensitivity_frame().assign(moved_share=lambda rows: rows["factor"].map({0.5: 0.31, 1.0: 0.0, 2.0: 0.4}))
    assert headline(charts.plot_sensitivity(frame)) == "With the thresholds at ×2, 40% of all customers change type"
    assert headline(charts.plot_sensitivity(frame.assign(moved_share=0.0))).startswith("How the types change")


def test_budgets_write_both_splits_and_what_stays_unspent() -> None:
    frame = budgets_frame()
    ax = charts.plot_budgets(frame, currency="¥")
    heights = [bar.get_height() for bar in ax.patches]
    assert heights == [*frame["heuristic_budget"], *frame["optimal_budget"]]
    said = "Expected profit of the same budget: ¥13.3k if split by response, ¥10.3k by Table 3-2 with assumed weights"
    assert headline(ax) == said
    assert "optimal split: ¥500 unspent, it would not come back" in [text.get_text() for text in ax.texts]
    spent = charts.plot_budgets(frame.assign(optimal_budget=frame["heuristic_budget"]))
    assert not any("unspent" in text.get_text() for text in spent.texts)


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


def test_the_title_of_many_rankings_names_the_worst() -> None:
    reached = {"a": 0.5, "b": 0.45, "c": 0.3, "d": 0.4}
    rows = [(name, x, y) for name, top in reached.items() for x, y in ((0, 0), (0.2, top), (1, 1))]
    ax = charts.plot_backtest(pd.DataFrame(rows, columns=["method", "customer_share", "captured_share"]))
    assert headline(ax) == "The top 20% ranked by a brought 50% of later revenue, by b 45%; least by c: 30%"


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

"""The pictures and the what-if of the life curve, whether the long-lived are profitable, and lesson 01 filled in."""

import itertools
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import cvmlab as cvm
from cvmlab import charts, lifecycle
from cvmlab.charts import lifecycle as life
from cvmlab.charts import style
from cvmlab.core.words import read_table, speaking, term
from cvmlab.course import feedback
from cvmlab.relationship.lifecycle import Relationship
from cvmlab.whatif import life_curve

TEXTBOOK = Relationship()
HARD = Relationship(
    exploration_months=1, decline_months=1, fixed_cost=900, acquisition_cost=9_000, bad_word_of_mouth=2_000
)
REPAIRED = Relationship(repaired_after=5)
LIVES = {"textbook": TEXTBOOK, "hard": HARD, "repaired": REPAIRED}


def bands():
    lives = pd.DataFrame({
        "years": np.repeat([0.5, 1.5, 4, 12], 50), "profit_a_month": np.tile(np.linspace(-20, 80, 50), 4)
    })  # fmt: skip
    return lifecycle.summarise_years(lives)


CHARTS = {
    "curve": lambda it, **more: charts.plot_life_curve(lifecycle.life_curve(it), **more),
    "shares": lambda it, **more: charts.plot_life_curve(lifecycle.life_curve(it), as_share=True, **more),
    "variables": lambda it, **more: charts.plot_variables(lifecycle.life_curve(it), **more),
    "sources": lambda it, **more: charts.plot_profit_sources(lifecycle.profit_by_source(it), **more),
    "long_lived": lambda _, **more: charts.plot_long_lived(bands(), **more),
}
each_chart = pytest.mark.parametrize("plot", CHARTS.values(), ids=CHARTS.keys())
each_life = pytest.mark.parametrize("it", LIVES.values(), ids=LIVES.keys())


def headline(ax):
    return ax.get_title(loc="left").replace("\n", " ")


@each_chart
@each_life
@pytest.mark.parametrize("language", ["en", "zh"])
def test_charts_draw_in_both_languages_without_a_warning_and_no_text_over_another(plot, it, language):
    with warnings.catch_warnings(), speaking(language):
        warnings.simplefilter("error")
        figure = plot(it).figure
        figure.canvas.draw()
    # an annotation's own extent would include its leader line
    shown = [(text.get_text(), Text.get_window_extent(text)) for text in seen_texts(figure)]
    for (one, first), (other, second) in itertools.combinations(shown, 2):
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        down = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert not (across > 1 and down > 1), f"{one!r} over {other!r}"
    for name, box in shown:
        assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= figure.bbox.x1 + 1, name
        assert not (language == "zh" and name == "stability")


def seen_texts(figure):
    """Return the texts a reader sees: no ticks beyond the limits, none of axes that are switched off."""
    hidden = set()
    for axes in [*figure.axes, *(panel for whole in figure.axes for panel in whole.child_axes)]:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if not axes.axison or not low <= tick.get_loc() <= high:
                    hidden |= {tick.label1, tick.label2}
    texts = figure.findobj(Text)
    return [text for text in texts if text.get_visible() and text.get_text().strip() and text not in hidden]


@each_chart
def test_charts_draw_on_the_axes_they_are_given(plot):
    _, ax = plt.subplots()
    assert plot(TEXTBOOK, ax=ax) is ax
    assert len(plt.get_fignums()) == 1


def test_the_curve_shows_both_curves_and_names_the_stages():
    curve = lifecycle.life_curve(TEXTBOOK)
    ax = charts.plot_life_curve(curve, currency="¥")
    drawn = [line.get_ydata() for line in ax.lines if len(line.get_ydata()) == 96]
    assert [np.allclose(one, curve[name]) for one, name in zip(drawn, ("revenue", "profit"), strict=True)] == [
        True,
        True,
    ]
    assert [text.get_text() for text in ax.texts][:4] == ["exploration", "formation", "stability", "decline"]
    assert ax.get_ylabel() == "per month (¥)"
    assert headline(ax) == (
        "Revenue reaches 90% of its peak in month 23, profit only in month 45. "
        "In decline revenue falls by ¥9,418, profit by ¥3,538"
    )
    assert {"I · revenue", "II · profit"} <= {text.get_text() for text in ax.texts}
    (inset,) = ax.child_axes
    assert [line.get_ydata()[-1] for line in inset.lines] == pytest.approx([-9_418, -3_538], abs=1)
    styles = [line.get_linestyle() for line in ax.lines if len(line.get_ydata()) == 96]
    assert styles[0] != styles[1], "told apart in grey"


def test_as_shares_both_curves_reach_one():
    ax = charts.plot_life_curve(lifecycle.life_curve(TEXTBOOK), as_share=True)
    drawn = [line.get_ydata() for line in ax.lines if len(line.get_ydata()) == 96]
    assert [one.max() for one in drawn] == pytest.approx([1, 1])
    assert drawn[1][-1] > drawn[0][-1], "difference (b)"


def test_variables_have_a_panel_each():
    curve = lifecycle.life_curve(TEXTBOOK)
    ax = charts.plot_variables(curve)
    names = [panel.get_title(loc="left") for panel in ax.child_axes]
    assert names == ["volume", "price", "cost per unit", "indirect benefit", "revenue", "profit"]
    for panel, column in zip(ax.child_axes, life.VARIABLES, strict=True):
        assert panel.lines[0].get_ydata() == pytest.approx(curve[column].to_numpy())


def test_volume_is_counted_in_the_unit_that_is_asked_for():
    curve = lifecycle.life_curve(TEXTBOOK)
    units = [charts.plot_variables(curve, unit=unit).child_axes[0].texts[0].get_text() for unit in ("", "cartons")]
    assert units == ["units per month", "cartons per month"]


@pytest.mark.parametrize(
    ("medians", "level"),
    [([4, 6, 13, 24, 25], 3), ([1, 2, 3, 4], 0), ([-4, -3, -3], 0), ([5, 3, 5, 5], 0), ([1, 5, 1], 0), ([5], 0)],
)
def test_years_level_off_only_where_the_median_has_risen_and_stays(medians, level):
    assert life._levels_off(np.array(medians, dtype=float)) == level


def test_sources_stack_up_to_profit_and_losses_lie_below_zero():
    sources = lifecycle.profit_by_source(HARD)
    for name, lower, upper in life._stacked(sources):
        assert (upper >= lower).all()
        assert (lower >= 0).all() or (upper <= 0).all(), name
    stacked = sum(np.where(lower >= 0, upper - lower, lower - upper) for _, lower, upper in life._stacked(sources))
    profit = lifecycle.life_curve(HARD)["profit"].to_numpy()
    assert stacked == pytest.approx(profit)
    ax = charts.plot_profit_sources(sources)
    assert any(np.allclose(line.get_ydata(), profit) for line in ax.lines if len(line.get_ydata()) == len(profit))
    lived = sources[sources["stage"] != "decline"].groupby("stage")["cost_saved"].mean().round().astype(int)
    assert f"cost saved {lived['formation']:,} → {lived['stability']:,}" in headline(ax)
    alone = charts.plot_profit_sources(sources.query("stage == 'stability'"))
    assert "base profit is" in headline(alone), "nothing to compare with"
    hatches = {hatch for _, hatch in (life.SOURCES | life.COSTS).values()}
    assert len(hatches) == 6, "told apart in grey"


def test_names_stand_side_by_side_in_their_order():
    widths = np.array([0.2, 0.1, 0.1, 0.2])
    places = style.spread([0.02, 0.03, 0.5, 0.99], (widths[1:] + widths[:-1]) / 2, 0.1, 0.9)
    edges = [(place - width / 2, place + width / 2) for place, width in zip(places, widths, strict=True)]
    assert all(before[1] <= after[0] + 1e-9 for before, after in itertools.pairwise(edges))
    assert edges[0][0] >= -1e-9 and edges[-1][1] <= 1 + 1e-9
    assert places[2] == 0.5


def test_a_chart_names_the_column_that_is_missing():
    with pytest.raises(cvm.CvmError, match="no column 'profit'"):
        charts.plot_life_curve(lifecycle.life_curve(TEXTBOOK).drop(columns="profit"))
    with pytest.raises(cvm.CvmError, match="no rows"):
        charts.plot_profit_sources(lifecycle.profit_by_source(TEXTBOOK).head(0))


# Long-lived, so profitable?


def test_years_and_monthly_profit_of_each_relationship():
    bills = pd.DataFrame({
        "customer_id": ["a", "a", "b", "c"],
        "date": pd.to_datetime(["2020-01-01", "2021-01-01", "2020-06-01", "2020-06-01"]),
        "profit": [60.0, 60.0, -9.0, 5.0],
    })  # fmt: skip
    lives = pd.DataFrame({
        "customer_id": ["a", "b", "c", "c", "d"],
        "joined_date": pd.to_datetime(["2010-01-01", "2020-05-20", "2019-01-01", "2020-05-01", "2020-01-01"]),
        "left_date": pd.to_datetime([None, "2020-06-05", "2019-06-01", None, None]),
    })  # fmt: skip
    before = bills.copy()
    found = lifecycle.profit_by_relationship(bills, lives).set_index("customer_id")
    assert list(found.index) == ["a", "b"], "c came back, d never bought"
    assert found.loc["a", "years"] == pytest.approx(11, abs=0.01)
    assert found.loc["a", "profit_a_month"] == pytest.approx(10, abs=0.05)
    assert found.loc["b", ["months_seen", "profit_a_month", "ended"]].tolist() == [1, -9, True]
    pd.testing.assert_frame_equal(bills, before)


def test_bands_count_everybody_once():
    table = bands()
    assert table["relationships"].tolist() == [50, 50, 50, 50]
    assert table["years_from"].tolist() == [0, 1, 3, 10]
    assert table["years_to"].tolist()[:3] == [1, 2, 5] and np.isnan(table["years_to"].iloc[-1])
    assert table["losing_share"].tolist() == [0.2] * 4


def test_old_customers_of_the_carrier_may_lose_money_and_young_ones_bring_some():
    bills, subscribers = cvm.datasets.load("carrier"), cvm.datasets.load("carrier_subscribers")
    found = lifecycle.profit_by_relationship(bills, subscribers)
    old, young = found[found["years"] >= 10], found[found["years"] < 1]
    assert 0.1 < (old["profit_a_month"] < 0).mean() < 0.25
    assert (young["profit_a_month"] > 0).mean() > 0.4
    table = lifecycle.summarise_years(found)
    assert table["median"].is_monotonic_increasing
    assert table["relationships"].sum() == len(found)


@pytest.mark.parametrize("years", [[], [3, 1], [1, 1]])
def test_bands_that_do_not_increase_are_refused(years):
    with pytest.raises(cvm.CvmError, match="must increase"):
        lifecycle.summarise_years(pd.DataFrame({"years": [1.0], "profit_a_month": [1.0]}), years)


def test_a_log_without_profit_is_refused():
    bills = pd.DataFrame({"customer_id": ["a"], "date": pd.to_datetime(["2020-01-01"])})
    with pytest.raises(cvm.CvmError, match="no column 'profit'"):
        lifecycle.profit_by_relationship(bills, bills)


BILLS = pd.DataFrame({
    "customer_id": ["a", "b"], "date": pd.to_datetime(["2020-01-31", "2020-12-31"]), "profit": [4.0, 8.0]
})  # fmt: skip
SUBSCRIBERS = pd.DataFrame({
    "customer_id": ["x", "a", "b"],
    "joined_date": pd.to_datetime(["2019-01-01", "2019-01-01", "2019-06-01"]),
    "left_date": pd.to_datetime([None, "2020-06-01", None]),
})  # fmt: skip


def with_date(frame, row, column, date):
    return frame.assign(**{column: frame[column].where(frame.index != row, pd.Timestamp(date))})


@pytest.mark.parametrize(
    ("bills", "lives", "named"),
    [
        (BILLS, with_date(SUBSCRIBERS, 1, "joined_date", "2021-02-03"), "row 2 .*'a' left on 2020-06-01, before"),
        (BILLS, with_date(SUBSCRIBERS, 2, "joined_date", "2021-02-03"), r"row 3 .*'b' joins on 2021-02-03, after"),
        (BILLS, with_date(SUBSCRIBERS, 2, "joined_date", None), "'joined_date' of the table relationships .* row 3"),
        (with_date(BILLS, 1, "date", None), SUBSCRIBERS, "'date' of the table transactions has empty cells .* row 2"),
        (BILLS.assign(customer_id=[1, 2]), SUBSCRIBERS, "'customer_id' of the table transactions holds int64"),
        (BILLS, SUBSCRIBERS.assign(customer_id=[0, 1, 2]), "'customer_id' of the table relationships holds int64"),
        (BILLS.assign(customer_id=["01", "02"]), SUBSCRIBERS, "None of the customers .*'01'.* as text"),
        (BILLS.assign(date=["2020-01-31", "2020-12-31"]), SUBSCRIBERS, "'date' of the table transactions holds str"),
        (BILLS.assign(profit=[1.0, np.nan]), SUBSCRIBERS, "'profit' of the table transactions has empty .* row 2"),
        (BILLS.head(0), SUBSCRIBERS, "table transactions has no rows"),
    ],
)  # fmt: skip
def test_relationships_that_cannot_be_are_refused_with_their_row(bills, lives, named):
    assert len(lifecycle.profit_by_relationship(BILLS, SUBSCRIBERS)) == 2
    with pytest.raises(cvm.CvmError, match=named):
        lifecycle.profit_by_relationship(bills, lives)


def test_who_joins_after_the_log_without_a_transaction_does_no_harm():
    later = with_date(SUBSCRIBERS, 0, "joined_date", "2022-01-01")
    found = lifecycle.profit_by_relationship(BILLS, later)
    pd.testing.assert_frame_equal(found, lifecycle.profit_by_relationship(BILLS, SUBSCRIBERS))


def test_negative_years_are_refused_and_not_left_out():
    lives = pd.DataFrame({"years": [1.0, -0.5], "profit_a_month": [1.0, 1.0]})
    with pytest.raises(cvm.CvmError, match=r"row 2 has lasted -0\.5 years"):
        lifecycle.summarise_years(lives)
    assert lifecycle.summarise_years(lives.abs(), [0.8])["relationships"].tolist() == [1]


# The what-if


def test_the_what_if_starts_with_the_relationship_and_follows_the_sliders():
    what_if = life_curve(currency="¥")
    curve = lifecycle.life_curve(TEXTBOOK)
    assert what_if.result["profit"] == pytest.approx(curve["profit"].sum())
    assert what_if.result["early_loss"] == 0
    what_if.set(fixed_cost=1_000)
    assert what_if.result["profit"] == pytest.approx(curve["profit"].sum() - 96_000)
    assert what_if.result["loss_months"] > 0
    assert what_if.result["early_loss"] == pytest.approx(-(curve["profit"][:6].sum() - 6_000))
    assert f"¥{what_if.result['early_loss']:,.0f} are lost" in what_if.sentence
    what_if.reset()
    assert what_if.result["early_loss"] == 0


def test_help_with_the_test_costs_money_and_starts_from_the_baseline():
    what_if = life_curve(Relationship(acquisition_cost=8_000))
    helped, costly, _ = what_if._presets
    costly.click()
    helped.click()
    assert what_if.scenario.fixed_cost == 0
    assert what_if.scenario.acquisition_cost == 10_000
    assert len(what_if.result["curve"]) == len(what_if.baseline["curve"])
    assert what_if.result["payback_month"] < what_if.baseline["payback_month"]
    assert what_if.result["profit"] > what_if.baseline["profit"]


def test_a_longer_rise_takes_its_months_from_stability_on_the_sliders_too():
    what_if = life_curve(Relationship(acquisition_cost=8_000))
    stability = what_if.controls["stability_months"].widget
    what_if.controls["exploration_months"].widget.value = 9
    assert (what_if.scenario.stability_months, stability.value) == (57, 57)
    assert len(what_if.result["curve"]) == 96
    assert what_if.result["profit"] < what_if.baseline["profit"]
    what_if.set(formation_months=12)
    assert stability.value == 63
    stability.value = 40
    assert (what_if.scenario.exploration_months, what_if.scenario.formation_months) == (9, 12)
    assert "73 months" in what_if.sentence
    # asked for together, both are as asked
    what_if.set(exploration_months=6, stability_months=60)
    assert stability.value == 60
    # a month of stability is left
    what_if.set(stability_months=2, formation_months=36)
    what_if.set(exploration_months=18)
    assert stability.value == 1
    assert what_if.trouble == ""


def test_the_life_unfolds_month_by_month():
    what_if = life_curve()
    whole = what_if.picture
    what_if.unfold(12)
    assert what_if.picture != whole
    what_if.unfold(96)
    assert what_if.picture == whole


def test_a_shorter_exploration_pays_back_earlier_and_a_dear_customer_later():
    what_if = life_curve(Relationship(acquisition_cost=8_000))
    first = what_if.result["payback_month"]
    profit = lifecycle.life_curve(Relationship(acquisition_cost=8_000))["profit"].cumsum().to_numpy()
    assert profit[int(first) - 1] > 0 >= profit[int(first) - 2]
    what_if.set(exploration_months=3)
    assert what_if.result["payback_month"] < first
    what_if.set(exploration_months=6, acquisition_cost=20_000)
    assert what_if.result["payback_month"] > first


def test_a_customer_who_never_pays_back_is_told_so():
    what_if = life_curve(Relationship(stability_months=1, decline_months=1, formation_months=1))
    what_if.set(acquisition_cost=30_000)
    assert np.isnan(what_if.result["payback_month"])
    assert "never pays back" in what_if.sentence
    # one setting that pays back beside one that never does
    what_if = life_curve(Relationship(acquisition_cost=8_000))
    what_if.set(fixed_cost=2_000, stability_months=1)
    assert "never pays back" in what_if.sentence
    assert "–" in what_if.table
    assert "paid back after" in what_if.trouble


@pytest.mark.parametrize(("language", "said"), [("en", "nothing to pay back"), ("zh", "没有投入需要收回")])
def test_who_brings_profit_at_once_has_nothing_to_pay_back(language, said):
    with speaking(language):
        what_if = life_curve()
        what_if.set(exploration_months=5)
        assert what_if.result["payback_month"] == 0
        assert said in what_if.sentence
        what_if.set(acquisition_cost=6_000)
    paid = int(what_if.result["payback_month"])
    assert paid > 1
    assert f" {paid} " in what_if.sentence.replace(".", " ").replace("第", " ")


@pytest.mark.parametrize(("language", "said"), [("en", "months of decline before it: 11"), ("zh", "退化 11 个月")])
def test_a_slider_may_be_moved_past_another(language, said):
    with speaking(language):
        what_if = life_curve(REPAIRED, sliders=["decline_months", "repaired_after"])
        what_if.set(repaired_after=11, decline_months=1)
        assert said in what_if.sentence
    assert what_if.trouble == ""
    assert what_if.scenario.repaired_after == 11
    unrepaired = lifecycle.life_curve(REPAIRED.replace(decline_months=1, repaired_after=0))
    pd.testing.assert_frame_equal(what_if.result["curve"], unrepaired)
    what_if.set(decline_months=12)
    repaired = lifecycle.life_curve(REPAIRED.replace(repaired_after=11))
    pd.testing.assert_frame_equal(what_if.result["curve"], repaired)
    assert said not in what_if.sentence


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_preset_works_in_both_languages(language):
    with speaking(language):
        what_if = life_curve()
        for preset in ({"exploration_months": 3}, {"fixed_cost": 1_000}, {"bad_word_of_mouth": 2_000}):
            what_if.reset()
            before = what_if.picture
            what_if.set(**preset)
            assert what_if.trouble == ""
            assert what_if.picture != before
        assert term("lifecycle.life_profit") in what_if.table


def test_only_the_sliders_asked_for_are_there():
    what_if = life_curve(sliders=["fixed_cost"], more=[], discount_rate=0.05)
    assert list(what_if.controls) == ["fixed_cost"]
    assert "5% per year" in what_if.table


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"discount_rate": -1}, "discount_rate"), ({"discount_rate": "a"}, "discount_rate"), ({"sliders": ["x"]}, "'x'")],
)
def test_a_what_if_that_cannot_be_is_refused_at_once(settings, named):
    with pytest.raises(cvm.CvmError, match=named):
        life_curve(**settings)


# Lesson 01


@pytest.mark.parametrize("question", sorted({row["question"] for row in read_table("answers/several")}))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_questions_of_several_parts_are_answered_with_reasons_once_all_are_filled_in(question, language):
    rows = [row for row in read_table("answers/several") if row["question"] == question]
    right = {row["part"]: int(row["answer"]) for row in rows}
    with speaking(language):
        assert feedback.compare_each(question, dict.fromkeys(right)).text.count("|") == 0
        told = feedback.compare_each(question, {part: str(number) for part, number in right.items()}).text
        wrong = dict.fromkeys(right, 1)
        assert feedback.compare_each(question, wrong).text.count("\n| **") == len(right)
        assert len({line.rsplit("|", 2)[1] for line in told.splitlines()[2:-2]}) == len(right)
    assert f"**{len(right)} of {len(right)}**" in told or f"有 **{len(right)}** 项" in told


@pytest.mark.parametrize("answers", [None, 3, {}, {"A": 1}, dict.fromkeys("ABCDEFGHI", 1)])
def test_answers_of_the_wrong_shape_get_a_sentence(answers):
    assert "one number for each of A, B" in feedback.compare_each("lesson_01.scenes", answers).text


@pytest.mark.parametrize("answer", [0, 5, 2.5, "x", True])
def test_a_number_that_is_no_option_gets_a_sentence(answer):
    answers = dict.fromkeys("ABCDEFGH", 1) | {"C": answer}
    assert "for C is not one of the answers" in feedback.compare_each("lesson_01.scenes", answers).text


def test_a_question_that_does_not_exist_is_a_mistake_of_the_notebook():
    with pytest.raises(cvm.CvmError, match=r"lesson_01\.nothing"):
        feedback.compare_each("lesson_01.nothing", {})


def test_right_answers_of_the_exercises_are_what_the_model_gives():
    curve = lifecycle.life_curve(TEXTBOOK)
    best = curve["profit"].idxmax()
    benefit = 100 * lifecycle.profit_by_source(TEXTBOOK)["indirect_benefit"][best] / curve["profit"][best]
    assert feedback.check("lesson_01.benefit_share", round(benefit, 1)).right
    costly = lifecycle.life_curve(TEXTBOOK.replace(fixed_cost=1_000))["profit"]
    assert feedback.check("lesson_01.fixed_cost", round(100 * costly.iloc[-1] / costly.max(), 1)).right
    alone = lifecycle.life_curve(TEXTBOOK.replace(largest_benefit=0))
    left = {name: 100 * alone[name].iloc[-1] / alone[name].max() for name in ("profit", "revenue")}
    told = feedback.check("lesson_01.without_recommendations", round(left["profit"], 1))
    assert told.right
    share = curve["indirect_benefit"].sum() / curve["profit"].sum()
    assert f"{left['revenue']:.1f}%" in told.text and f"{share:.0%}" in told.text
    assert feedback.check("lesson_01.one_month", round(lifecycle.life_curve(TEXTBOOK)["profit"][23])).right


def test_texts_are_shown_in_full():
    frame = pd.DataFrame({"a": ["x" * 80], "b": [True], "c": ["p|q"]})
    shown = feedback.in_full(frame).text
    assert "x" * 80 in shown
    assert shown.splitlines()[-1].endswith("| yes | p/q |")
    assert feedback.in_full(frame, {"b": "volume"}).text.splitlines()[0] == "| volume |"
    closed = feedback.in_full(frame, folded=True).text
    assert closed == f"<details><summary>Answer first; then open this table.</summary>\n\n{shown}\n\n</details>"

"""The patterns shown: the lesson, charts and the what-if."""

from __future__ import annotations

import re

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from pattern_paths import texts

import cvmlab as cvm
from cvmlab import CvmError, feedback, stages
from cvmlab import patterns as p
from cvmlab import simulated as relationships
from cvmlab.core.words import read_table, speaking, term
from cvmlab.relationship.lifecycle import ENDED, STAGES
from cvmlab.whatif import pattern_explorer
from cvmlab.whatif.explorers import patterns as explorers

# --- the lesson -------------------------------------------------------------------------------------


def stated(question: str) -> tuple[float, float]:
    (row,) = [row for row in read_table("answers/single") if row["question"] == question]
    return float(row["answer"]), float(row["tolerance"])


def test_the_loss_despite_a_repair_is_what_model_and_explorer_say() -> None:
    chain = cvm.lifecycle.Relationship(acquisition_cost=8_000)
    repaired = p.live(p.Story(setback_month=30, repair_month=30), chain)["profit"].sum()
    undisturbed = p.live(p.Story(setback_month=0), chain)["profit"].sum()
    loss = 100 * (1 - repaired / undisturbed)
    assert abs(loss - stated("patterns.loss_despite_repair")[0]) < 0.05
    assert feedback.check("patterns.loss_despite_repair", loss).right
    what_if = pattern_explorer(relationship=chain)
    what_if.set(repair_month=30)
    shown = what_if.result
    assert 100 * shown["lost"] / (shown["lost"] + shown["profit"]) == pytest.approx(loss)


def test_likely_losses_despite_a_repair_are_named() -> None:
    """Without the cost of the repair, without that of winning the customer, without a repair, and the rest."""
    chain, plain = cvm.lifecycle.Relationship(acquisition_cost=8_000), cvm.lifecycle.Relationship()
    repaired, free = p.Story(repair_month=30), p.Story(repair_month=30, repair_cost=0)

    def loss(story: p.Story, relationship: cvm.lifecycle.Relationship) -> float:
        best = p.live(p.Story(setback_month=0), relationship)["profit"].sum()
        return float(100 * (1 - p.live(story, relationship)["profit"].sum() / best))

    wrong = {
        "no_cost": loss(free, chain),
        "no_acquisition": loss(repaired, plain),
        "unrepaired": loss(p.Story(), chain),
        "the_rest": 100 - loss(repaired, chain),
    }
    for mistake, answer in wrong.items():
        said = feedback.check("patterns.loss_despite_repair", round(answer, 1))
        assert not said.right
        assert term(f"patterns.loss_despite_repair_wrong_{mistake}") in said.text, mistake


def test_the_early_exit_brings_a_fifth_undiscounted_and_a_quarter_discounted() -> None:
    lost = p.lost_profit(cvm.lifecycle.Relationship(acquisition_cost=8_000), discount_rate=0.1, first="now")
    share = {name: 100 * lost[name][2] / lost[name][3] for name in ("profit", "present_value", "months")}
    assert feedback.check("patterns.early_exit_share", share["profit"]).right
    for name, mistake in (("present_value", "discounted"), ("months", "months")):
        said = feedback.check("patterns.early_exit_share", round(share[name], 1))
        assert term(f"patterns.early_exit_share_wrong_{mistake}") in said.text


def test_who_is_back_from_decline_is_what_the_truth_says() -> None:
    accounts = relationships.simulate_relationships(relationships.Population(), customers=600, periods=60, seed=2)
    declining = p.fate_of_the_living(accounts.stage, periods=24).set_index("stage").loc["decline"]
    share = 100 * declining["alive"] / declining["customers"]
    assert abs(share - stated("patterns.back_from_decline")[0]) < 0.05
    assert feedback.check("patterns.back_from_decline", share).right


def test_revenue_alone_cannot_tell_late_formation_from_stability() -> None:
    accounts = relationships.simulate_relationships(relationships.Population(), customers=600, periods=60, seed=2)
    late = p.late_formation(accounts.stage)
    named = {}
    for columns in (("revenue",), None):
        model = stages.fit(accounts.panel, columns=columns, seed=0)
        named[columns] = (stages.decode(accounts.panel, model).stage == 2)[late].mean()
    # measured: 44% and 61%
    assert named[None] > named[("revenue",)] + 0.05
    assert named[("revenue",)] < 0.6


def test_the_misconception_is_caught() -> None:
    assert [feedback.check("patterns.switching", letter).right for letter in "abc"] == [True, False, False]


# --- pictures and the what-if -----------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
def test_charts_speak_both_languages(language: str) -> None:
    with speaking(language):
        shares = p.pattern_shares(pd.DataFrame({"pattern": ["I", "", "", "IV"]})).assign(true_share=0.2)
        drawn = [
            cvm.charts.plot_patterns(p.typical_curves()),
            cvm.charts.plot_pattern_shares(shares),
            cvm.charts.plot_lost_profit(p.lost_profit()),
        ]
        for ax in drawn:
            for name in p.PATTERNS:
                assert term(f"patterns.pattern_{name}") in texts(ax)
            ax.figure.canvas.draw()


def test_unnamed_curves_give_nothing_away() -> None:
    ax = cvm.charts.plot_patterns(p.unnamed_curves(), named=False)
    for name in p.PATTERNS:
        assert term(f"patterns.pattern_{name}") not in texts(ax)
    for measured in (lambda line: line.get_xdata()[-1], lambda line: line.get_ydata().max()):
        sizes = [measured(panel.lines[0]) for panel in ax.child_axes]
        in_order = [f"patterns.curve_{'ABCD'[place]}" for place in np.argsort(sizes)]
        assert in_order != p.unnamed_in_order()
    scales = {(panel.get_xlim(), panel.get_ylim()) for panel in ax.child_axes}
    assert len(scales) == 1, "slow and fast can be compared"
    smallest = min(panel.lines[0].get_ydata().max() for panel in ax.child_axes)
    assert smallest > 0.2 * ax.child_axes[0].get_ylim()[1], "and none is flattened"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_wrong_order_of_the_curves_is_answered_by_their_shapes(language: str) -> None:
    left = {"I": "exploration", "II": "formation", "III": "early stability", "IV": "late stability"}
    with speaking(language):
        for curve, pattern in p.UNNAMED.items():
            assert term(f"{curve}_why").endswith(term(f"patterns.end_of_{pattern}"))
            assert language == "zh" or term(f"patterns.end_of_{pattern}") == left[pattern]


def test_by_its_shape_the_late_end_is_far_from_the_early_one() -> None:
    stable = p.unnamed_curves().query("stage == 'stability'").groupby("pattern")["period"].count()
    assert stable["IV"] > 5 * stable["III"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_stage_of_every_pattern_is_in_the_strip_and_the_legend(language: str) -> None:
    with speaking(language):
        ax = cvm.charts.plot_patterns(p.typical_curves())
        names = [text.get_text() for text in ax.get_legend().get_texts()]
        assert names == [term(stage) for stage in STAGES]
        assert [len(panel.patches) for panel in ax.child_axes] == [2, 3, 4, 4]
        assert term("patterns.end_of_III") in ax.child_axes[2].get_title(loc="left")


def test_the_undecided_are_hatched_and_the_others_not() -> None:
    ax = cvm.charts.plot_pattern_shares(p.pattern_shares(pd.DataFrame({"pattern": ["I", "", ""]})))
    shown = [bar for bar in ax.patches if bar.get_width() > 0]
    assert [(bool(bar.get_hatch()), round(bar.get_width(), 2)) for bar in shown] == [(False, 0.33), (True, 0.67)]
    assert "the others (67%) are active" in ax.get_title(loc="left").replace("\n", " ")


def test_lost_profit_fills_every_bar_up_to_pattern_iv() -> None:
    table = p.lost_profit()
    ax = cvm.charts.plot_lost_profit(table)
    ends = {round(bar.get_x() + bar.get_width(), 6) for bar in ax.patches[-4:]}
    assert ends == {round(float(table["present_value"].iloc[-1]), 6)}
    with pytest.raises(CvmError):
        cvm.charts.plot_lost_profit(table.head(0))


@pytest.fixture(scope="module")
def explorer():
    return pattern_explorer()


@pytest.fixture(autouse=True)
def nothing_moved(explorer):
    explorer.reset()


def test_the_explorer_says_what_the_model_says(explorer) -> None:
    for changes in ({}, {"setback_month": 3}, {"repair_month": 28}, {"switching_cost": 0}):
        explorer.reset()
        explorer.set(**changes)
        story = p.Story().replace(**changes)
        end = p.ending(story)
        assert explorer.result["ending"] == end
        assert explorer.result["lived"] == end.months
        assert explorer.result["profit"] == pytest.approx(p.live(story)["profit"].iloc[: end.months].sum())
        assert not explorer.trouble


def test_what_recommendations_bring_after_the_end_is_no_profit_of_the_relationship(explorer) -> None:
    life = p.live(p.Story())
    after = life["profit"][life["code"] == ENDED].sum()
    assert after > 1_000
    assert explorer.result["profit"] == pytest.approx(life["profit"].sum() - after)
    undisturbed = p.live(p.Story(setback_month=0))["profit"].sum()
    assert explorer.result["lost"] == pytest.approx(undisturbed - explorer.result["profit"])


def test_an_undisturbed_life_loses_nothing(explorer) -> None:
    explorer.set(setback_month=0)
    assert explorer.result["lost"] == pytest.approx(0)
    assert explorer.baseline["lost"] > 0


def test_every_preset_shows_its_pattern(explorer) -> None:
    found = []
    for button in explorer._presets:
        button.click()
        assert not explorer.trouble
        found.append(explorer.result["ending"].pattern)
    assert found == ["I", "II", "III", "III", "III", "IV"]


def test_the_sentence_names_pattern_cause_and_last_month(explorer) -> None:
    explorer.set(setback_month=36)
    last = p.last_month_to_repair(p.Story(setback_month=36))
    assert "pattern IV" in explorer.sentence or "pattern III" in explorer.sentence
    assert "nobody repaired" in explorer.sentence
    assert re.search(rf"by month {last}\.$", explorer.sentence)
    with speaking("zh"):
        chinese = pattern_explorer()
        chinese.set(setback_month=3)
        assert "早期流产型" in chinese.sentence
        assert "防患于未然" in chinese.sentence


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"setback_month": 36}, "and nobody repaired it. To save it"),
        ({"setback_month": 30, "repair_month": 33}, "and the repair came too late. To save it"),
        ({"setback_month": 30, "repair_month": 50}, "and the repair came too late. To save it"),
        ({"setback_month": 3, "repair_month": 3}, "came too late. A repair of 20 points is strong enough"),
        ({"setback_month": 0, "alternative_month": 15}, "in month 15 would come too late: 20 points more"),
        ({"setback_month": 0, "alternative_month": 15}, "appeared. A repair"),
        ({"setback_month": 0, "unfairness": 18}, "unfair. To save it"),
        ({"setback_month": 0, "repair_month": 20}, "without needing a repair"),
        ({"repair_month": 30}, "begun in month 30 holds"),
        ({"repair_month": 30}, "The last month to begin it was 31."),
        ({"setback_depth": 60, "repair_month": 20, "repair_strength": 5}, "was not enough. A repair of 5"),
        ({"setback_month": 0, "expectation_rise": 20, "added_value": 0}, "No repair would have saved it"),
    ],
)
def test_the_sentence_says_whether_a_repair_was_tried_and_in_time(explorer, changes, said) -> None:
    explorer.set(**changes)
    assert said in explorer.sentence


@pytest.mark.parametrize("setback_month", [3, 6, 10, 30])
@pytest.mark.parametrize("depth", [15, 25, 60])
def test_whoever_follows_the_advice_saves_the_relationship(setback_month: int, depth: int) -> None:
    chain = cvm.lifecycle.Relationship()
    for strength in range(0, 61, 5):
        story = p.Story(setback_month=setback_month, setback_depth=depth, repair_strength=strength)
        end = p.ending(story)
        if not end.ended:
            continue
        advice, figures = explorers._what_helps(story, end.last_repair, setback_month, chain)
        months = 0 if "faster" in advice else story.repair_months
        if advice == "none":
            assert p.last_month_to_repair(story.replace(repair_strength=60, repair_months=0), chain) is None
            continue
        better = story.replace(repair_strength=figures.get("needed", strength), repair_months=months)
        assert p.last_month_to_repair(better, chain) == figures["last"]
        if months:
            assert not p.ending(better.replace(repair_month=figures["last"])).ended
        if "stronger" in advice:
            assert better.repair_strength > strength
            weaker = better.replace(repair_strength=better.repair_strength - 1)
            assert p.last_month_to_repair(weaker, chain) is None, "no less would do"
        else:
            assert figures.get("needed") is None


def test_one_bad_purchase_asks_for_a_faster_repair_not_a_stronger_one(explorer) -> None:
    chosen = p.Story(setback_month=3)
    for strength in (20, 40, 60):
        explorer.set(setback_month=3, repair_month=3, repair_strength=strength)
        assert "strong enough but too slow" in explorer.sentence
        assert "stronger" not in explorer.sentence
        assert p.last_month_to_repair(chosen.replace(repair_strength=strength, repair_months=0)) == 3
    explorer.set(repair_strength=0)
    assert "too weak and too slow" in explorer.sentence


def test_the_preset_that_is_the_baseline_says_what_becomes_of_it(explorer) -> None:
    (button,) = [each for each in explorer._presets if each.description == term("patterns.unrepaired")]
    button.click()
    assert explorer.scenario == p.Story()
    assert explorer.sentence.startswith("This is the baseline")
    assert f"It ends in month {p.ending().months} as pattern III" in explorer.sentence


def test_standing_still_changes_the_added_value_only(explorer) -> None:
    (button,) = [each for each in explorer._presets if each.description == term("patterns.standing_still")]
    button.click()
    assert explorer.scenario == p.Story(setback_month=0, added_value=0)
    assert explorer.result["lived"] == 60


def test_what_a_repair_may_cost_comes_with_its_month(explorer) -> None:
    assert explorer.result["repair_begins"] == explorer.result["last_repair"] == 31
    explorer.set(repair_month=30)
    assert explorer.result["repair_begins"] == 30
    explorer.set(setback_month=3, repair_month=0)
    assert explorer.result["repair_begins"] == 0


def test_the_locked_explorer_does_not_show_the_month_of_the_end() -> None:
    asked = cvm.whatif.guess("how long?", truth=1, minimum=0, maximum=54, unit="months")
    locked = pattern_explorer(after=asked)
    hidden = (locked._image, locked._table, locked._player.row)
    assert [widget.layout.display for widget in hidden] == ["none"] * 3
    for seen in (locked._words.value, locked._still().html, locked._still().words):
        assert "37" not in seen
        assert term("whatif.guess_first") in seen
    asked.commit(6)
    assert [widget.layout.display for widget in hidden] == [None] * 3
    assert "37" in locked._still().html
    cvm.whatif.forget_guesses()


@pytest.mark.parametrize(("question", "impossible"), [("longest_wait", -15), ("midway_profit", "-15%")])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_guess_below_all_that_is_possible_is_refused_with_the_reason(question, impossible, language) -> None:
    unit = "months" if question == "longest_wait" else "share"
    bounds = {"minimum": 0, "maximum": 54} if unit == "months" else {"minimum": -0.04, "maximum": 1}
    with speaking(language):
        asked = cvm.whatif.guess(f"patterns.{question}", unit=unit, **bounds)
        with pytest.raises(CvmError) as refused:
            asked.commit(impossible)
    assert refused.value.key == f"patterns.{question}_below"
    assert not asked.committed
    cvm.whatif.forget_guesses()


def test_at_worst_four_percent_of_ivs_profit_are_lost() -> None:
    """The lowest guess of section 3 leaves room for whoever leaves at once, and for no more."""
    chain = cvm.lifecycle.Relationship(acquisition_cost=8_000)
    best = p.lost_profit(chain)["present_value"].iloc[-1]
    assert round(-8_000 / best, 2) == -0.04
    assert p.share_by_month_left(range(1, 85), chain)["share"].min() > -0.04


def test_the_month_that_is_played_is_that_of_the_axis_and_of_the_sentence(explorer) -> None:
    explorer.set(setback_month=29)
    ended = explorer.result["lived"]
    assert explorer._player.time.value == ended
    assert f"in month {ended} " in explorer.sentence
    life = explorer.result["life"]
    assert life["period"][life["code"] == ENDED].iloc[0] == ended


def test_what_a_repair_may_cost_needs_no_repair_that_is_planned(explorer) -> None:
    unplanned = explorer.result["repair_worth"]
    assert unplanned > 100_000
    explorer.set(repair_month=explorer.result["last_repair"])
    assert explorer.result["repair_worth"] == pytest.approx(unplanned)
    for useless in ({"repair_month": 35}, {"setback_month": 3}, {"setback_month": 0}):
        explorer.reset()
        explorer.set(**useless)
        assert explorer.result["repair_worth"] <= 0


def test_only_the_level_leaves_a_ghost(explorer) -> None:
    ax = explorer._picture._ax
    assert not [artist for artist in ax.get_children() if isinstance(artist, LineCollection)]
    assert len(ax.lines) >= 1


def test_values_beyond_the_axis_are_still_seen(explorer) -> None:
    explorer.set(setback_month=0, added_value=20)
    assert explorer._picture._ax.get_ylim()[1] > 190


def test_the_explorer_is_found_where_the_other_what_ifs_are() -> None:
    assert cvm.whatif.pattern_explorer is pattern_explorer


@pytest.mark.parametrize("language", ["en", "zh"])
def test_charts_change_neither_the_session_nor_the_frame_and_draw_where_they_are_told(language: str) -> None:
    import matplotlib.pyplot as plt

    shares = p.pattern_shares(pd.DataFrame({"pattern": ["I", "", "IV"]}))
    charts = cvm.charts
    cases = [
        (charts.plot_patterns, p.typical_curves()),
        (charts.plot_pattern_shares, shares),
        (charts.plot_lost_profit, p.lost_profit()),
    ]
    with speaking(language):
        for plot, frame in cases:
            before, settings_before = frame.copy(), dict(mpl.rcParams)
            _, ax = plt.subplots()
            assert plot(frame, ax=ax) is ax
            pd.testing.assert_frame_equal(frame, before)
            assert dict(mpl.rcParams) == settings_before
            with pytest.raises(CvmError):
                plot(frame.head(0))
            with pytest.raises(CvmError):
                plot(frame.drop(columns="pattern"))

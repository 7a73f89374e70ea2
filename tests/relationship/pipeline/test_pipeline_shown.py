"""The pipeline shown: charts, the what-if and the lesson."""

from __future__ import annotations

import itertools
import os
import re
import shutil
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient
from pipeline_logs import TRUTH

import cvmlab as cvm
from cvmlab import CvmError, charts, feedback, pipeline
from cvmlab.core.words import read_table, say, speaking, term
from cvmlab.relationship.pipeline import STEPS
from cvmlab.whatif import forget_guesses, guess, pipeline_step
from cvmlab.whatif.explorers import pipeline as better_step

# --- charts --------------------------------------------------------------------------------------


def texts_of(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_funnel_shows_every_customer_and_hatches_who_is_open(leads_stays, language):
    frame = pipeline.funnel(leads_stays)
    with speaking(language):
        ax = charts.plot_funnel(frame)
        assert ax.get_xlabel() == term("pipeline.funnel_x")
        assert [label.get_text() for label in ax.get_yticklabels()] == [term(state) for state in STEPS]
        legend = {text.get_text() for text in ax.get_legend().get_texts()}
        assert legend == {term(f"pipeline.part_{part}") for part in ("went_on", "kept", "open", "lost")}
    drawn = sum(bar.get_width() for bars in ax.containers for bar in bars)
    assert drawn == frame["reached"].sum()
    hatched = {bars.patches[0].get_hatch(): sum(bar.get_width() for bar in bars) for bars in ax.containers}
    assert hatched["////"] == frame["open"][:-1].sum()
    assert sum(f"{count:,}" in text for count, text in zip(frame["reached"], texts_of(ax), strict=True)) == 5


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_flows_say_every_way_that_was_gone(leads_stays, language):
    frame = pipeline.flows(leads_stays)
    with speaking(language):
        ax = charts.plot_flows(frame)
        ways = frame[(frame["from_state"] != "") & (frame["to_state"] != "")]
        for count in ways["count"]:
            assert f"{count:,}" in texts_of(ax)
        there = frame[frame["to_state"] == ""].set_index("from_state")["count"]
        for state in (*STEPS, "dormant"):
            assert say("pipeline.flows_node", state=term(state), still_there=f"{there[state]:,}") in texts_of(ax)
    # bands of one kind have one hatch: on, back, lost
    hatches = [patch.get_hatch() for patch in ax.patches if patch.get_zorder() == 2]
    assert len(hatches) == len(ways)
    assert sorted(map(str, set(hatches))) == ["", "///", "\\\\\\"]


def test_the_headline_of_the_funnel_counts_the_undecided_apart_from_those_who_await_delivery(leads_stays):
    frame = pipeline.funnel(leads_stays).set_index("state")
    title = charts.plot_funnel(frame.reset_index()).get_title(loc="left").replace("\n", " ")
    before = frame["open"][["target", "prospect", "opportunity"]].sum()
    assert f"({frame['open']['order']} await delivery); {before} are undecided" in title


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_orders_by_now_are_drawn_beside_those_seen(leads_stays, language):
    rates = pipeline.transition_rates(leads_stays)
    frame = pipeline.orders_by_now(rates, leads_stays[leads_stays["customer_id"] < "L0020"])
    with speaking(language):
        ax = charts.plot_orders_by_now(frame, seen=3)
        shown = {text.get_text() for text in ax.get_legend().get_texts()}
        assert shown == {term(f"pipeline.orders_{part}") for part in ("as_is", "halved", "seen")}
    for bars, way in zip(ax.containers, ("as_is", "halved"), strict=True):
        assert [bar.get_height() for bar in bars] == frame[way].iloc[: len(bars)].tolist()
        assert f"{100 * frame.loc[frame['orders'] >= 3, way].sum():.0f}" in ax.get_title(loc="left")


def test_bands_are_as_wide_as_the_number_of_moves():
    frame = pd.DataFrame({
        "from_state": ["", "target", "prospect"], "to_state": ["target", "prospect", "opportunity"],
        "count": [90, 60, 30],
    })  # fmt: skip
    ax = charts.plot_flows(frame)
    wide = [np.diff(sorted({round(y, 9) for y in patch.get_xy()[[0, -2], 1]}))[0] for patch in ax.patches
            if patch.get_zorder() == 2]  # fmt: skip
    assert wide[0] == pytest.approx(2 * wide[1])


def test_the_index_of_a_funnel_carries_no_meaning(leads_stays):
    frame = pipeline.funnel(leads_stays)
    title = charts.plot_funnel(frame).get_title(loc="left")
    assert charts.plot_funnel(frame.set_index(pd.Index(list("vwxyz")))).get_title(loc="left") == title


def test_a_chart_without_its_columns_or_rows_is_refused():
    with pytest.raises(CvmError, match="has no column 'reached'"):
        charts.plot_funnel(pd.DataFrame({"state": ["target"]}))
    with pytest.raises(CvmError, match="has no rows"):
        charts.plot_flows(pd.DataFrame({"from_state": [], "to_state": [], "count": []}))


# --- the what-if ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def what_if():
    return pipeline_step()


def test_the_what_if_starts_where_the_functions_are(what_if):
    what_if.reset()
    rates, rewards = TRUTH.frame(), TRUTH.rewards()
    worth = pipeline.value_of_prospect(rates, rewards, discount_rate=TRUTH.discount_rate, start="target")
    assert what_if.result["left_over"] == pytest.approx(100 * worth)
    soon = pipeline.expected_rewards(rates, rewards, discount_rate=TRUTH.discount_rate, months=48)["target"]
    assert what_if.result["left_soon"] == pytest.approx(100 * soon)
    ever = pipeline.chance_of_reaching(rates, "order").set_index("state")["chance"]
    assert what_if.result["order"] == pytest.approx(100 * ever["target"])
    later = pipeline.whereabouts(rates, {"target": 100}, months=60).set_index("state")["customers"]
    assert what_if.result["user_later"] == pytest.approx(later["user"])


def test_the_bars_of_the_what_if_are_what_each_part_brings(what_if):
    """Each part alone: the value with everything else at nothing."""
    what_if.reset()
    nothing = {"user_margin": 0.0, "device_margin": 0.0, "setup_cost": 0.0, "call_cost": 0.0}
    for part, kept in (("goods", "user_margin"), ("setup", "setup_cost"), ("device", "device_margin")):
        alone = TRUTH.replace(**nothing | {kept: getattr(TRUTH, kept)})
        worth = 100 * pipeline.value_of_prospect(alone.frame(), alone.rewards(), discount_rate=0.1, start="target")
        assert better_step._compute(alone)[part] == pytest.approx(worth)
    calls = better_step._compute(TRUTH.replace(**nothing | {"call_cost": TRUTH.call_cost}))
    assert calls["calls_before_order"] < calls["calls_on_users"] < 0
    parts = [part for part in better_step.PARTS if part != "left_over"]
    assert sum(what_if.result[part] for part in parts) == pytest.approx(what_if.result["left_over"])


@pytest.mark.parametrize("name", [*better_step.SLIDERS, *better_step.FOLDED])
def test_each_slider_moves_value_and_picture(what_if, name):
    what_if.reset()
    limits = TRUTH.limits()[name]
    up = min(getattr(TRUTH, name) + 3 * limits.step, limits.maximum)
    before = what_if.picture
    what_if.set(**{name: up})
    gain = what_if.result["left_over"] - what_if.baseline["left_over"]
    worse = name in ("user_dormant", "user_lost", "call_cost", "discount_rate", "action_cost")
    assert gain < 0 if worse else gain > 0
    assert what_if.picture != before
    assert what_if.trouble == ""


def test_the_sentence_says_what_an_improvement_may_cost(what_if):
    what_if.reset()
    effect = pipeline.effect_of_rate(TRUTH.frame(), TRUTH.rewards(), discount_rate=0.1, start="target")
    best = effect.iloc[0]
    assert (best["from_state"], best["to_state"]) == ("user", "dormant")
    worth = f"{round(100 * best['by_points'], -2):,.0f}"
    for cost, left in ((60_000, "left over"), (100_000, "too much")):
        what_if.set(user_dormant=TRUTH.user_dormant - 0.01, action_cost=cost)
        soon = what_if.result["left_soon"] + cost - what_if.baseline["left_soon"]
        assert f"worth {worth} " in what_if.sentence and f"costs {cost:,}" in what_if.sentence
        assert f"({round(soon, -2):,.0f} within four years)" in what_if.sentence
        assert what_if.sentence.endswith(f"{left}.")
    what_if.reset()
    what_if.set(device_margin=1_500, opportunity_order=0.09)
    assert "worth 1" in what_if.sentence and "less" in what_if.sentence
    # money alone improves nothing: that is neither a gain of 0 nor a loss of 0
    what_if.reset()
    what_if.set(action_cost=20_000)
    assert what_if.sentence.startswith("20,000 is spent and nothing has improved yet")


def test_the_buttons_improve_rates_of_different_size_by_the_same_share_at_the_same_price():
    start = TRUTH.replace(user_dormant=0.05)
    made = pipeline_step(start)
    steps = ["prospect_opportunity", "opportunity_order", "user_dormant", "dormant_user"]
    for button, name in zip(made._presets, steps, strict=False):
        made.reset()
        button.click()
        moved = getattr(made.scenario, name) / getattr(start, name)
        assert moved == pytest.approx(0.8 if name == "user_dormant" else 1.2)
        assert made.scenario.action_cost == better_step.PRICE
        effect = pipeline.effect_of_rate(
            start.frame(), start.rewards(), discount_rate=start.discount_rate, start="target", relative=0.2, months=48
        ).set_index("step")
        for figure, column in (("before_action", "by_share"), ("soon_before_action", "by_share_within")):
            gain = made.result[figure] - made.baseline[figure]
            assert gain == pytest.approx(100 * effect[column][name])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_preset_can_be_set_and_told_in_both_languages(language):
    with speaking(language):
        made = pipeline_step(currency="¥")
        said = []
        for button in made._presets:
            made.reset()
            button.click()
            assert made.trouble == "" and made.result != made.baseline
            assert made.sentence.count("¥") == (1 if made.scenario.device_margin > 1_000 else 4)
            said.append(made.sentence)
        # of the four buttons that spend the same one pays
        pays = {"en": "left over.", "zh": "净增"}[language]
    assert [pays in sentence for sentence in said] == [False, False, True, False, False]


def test_the_sliders_wait_for_the_guess():
    first = guess("which step?", choices=["a", "b"])
    locked = pipeline_step(after=first)
    assert locked.trouble == term("whatif.guess_first")
    first.commit("a")
    assert locked.trouble == ""
    forget_guesses()


# --- the lesson ----------------------------------------------------------------------------------


def test_answers_to_the_exercises_are_what_the_data_say(leads_stays):
    rates = pipeline.transition_rates(leads_stays)
    users = pipeline.chance_of_reaching(rates, "user").set_index("state")["chance"]["target"]
    no = rates["from_state"].eq("opportunity") & rates["to_state"].eq("prospect")
    struck = rates.assign(to_state=rates["to_state"].mask(no, "lost"))
    struck = struck.groupby(["from_state", "to_state"], as_index=False)["rate"].sum()
    old, new = (pipeline.chance_of_reaching(way, "order").set_index("state")["chance"]["target"]
                for way in (rates, struck))  # fmt: skip
    stated = {row["question"]: row["answer"] for row in read_table("answers/single")}
    assert f"{100 * users:.1f}" == stated["pipeline.ever_users"]
    assert f"{100 * (1 - new / old):.1f}" == stated["pipeline.second_tries"]
    assert feedback.check("pipeline.ever_users", 100 * users).right
    assert feedback.check("pipeline.second_tries", 100 * (1 - new / old)).right
    told = [feedback.check("pipeline.strike_off", letter).right for letter in "abc"]
    assert told == [False, False, True]
    year = pipeline.whereabouts(rates, {"user": 100}, months=12).set_index("state")["customers"]
    assert f"{year['user']:.1f}" == stated["pipeline.active_after_a_year"]
    assert feedback.check("pipeline.active_after_a_year", year["user"]).right
    # the likeliest wrong answers are those one gets by the mistakes that they name
    leaving = rates.query("from_state == 'user'")["rate"].sum()
    wrong = {
        "ever_users": {"orders": 100 * old, "so_far": 18.15, "of_orders": 100 * users / old},
        "second_tries": {
            "per_opportunity": 100 * 433 / 884, "so_far": 100 * 74 / 395,
            "points": 100 * (old - new), "left": 100 * new / old,
        },
        "active_after_a_year": {
            "never_stopped": 100 * np.exp(-12 * leaving), "subtracted": 100 - 1200 * leaving,
            "not_lost": year["user"] + year["dormant"],
        },
    }  # fmt: skip
    for question, mistakes in wrong.items():
        for mistake, number in mistakes.items():
            assert term(f"pipeline.{question}_wrong_{mistake}") in feedback.check(f"pipeline.{question}", number).text


def test_a_target_of_a_chain_is_worth_most_and_ten_of_them_more_than_forty_shops(leads, leads_stays):
    rates = pipeline.transition_rates(leads_stays)
    money = pipeline.money_by_state(leads, as_of="2025-12-31").set_index("state")["reward"].to_dict()

    def worth(sector: str, known: pd.DataFrame = rates) -> pd.Series:
        mine = pipeline.money_by_state(leads[leads["sector"] == sector], as_of="2025-12-31").set_index("state")
        rewards = money | {"user": mine["reward"]["user"]} if known is rates else mine["reward"].to_dict()
        return pipeline.value_by_state(known, rewards, discount_rate=0.10).set_index("state")["value"]

    targets = {sector: worth(sector)["target"] for sector in ("bakery_chain", "bakery", "canteen", "food_shop")}
    assert list(targets.values()) == sorted(targets.values(), reverse=True)
    own = pipeline.transition_rates(pipeline.spells(leads[leads["sector"] == "bakery_chain"], as_of="2025-12-31"))
    chains = pipeline.newcomers(leads, since="2025-01-01", region="Nanjing", sector="bakery_chain")
    chains = chains["customer_id"].nunique()
    assert chains * targets["bakery_chain"] > 2 * 40 * targets["food_shop"]
    told = feedback.check("pipeline.best_forty", targets["bakery_chain"])
    assert told.right
    for amount in targets.values():
        assert f"¥{amount:,.0f}" in told.text
    assert f"only {chains} chains" in told.text
    wrong = {
        "user": worth("bakery_chain")["user"], "bakeries": targets["bakery"],
        "all": pipeline.value_of_prospect(rates, money, discount_rate=0.10, start="target"),
        "own_rates": worth("bakery_chain", own)["target"],
    }  # fmt: skip
    for mistake, number in wrong.items():
        assert term(f"pipeline.best_forty_wrong_{mistake}") in feedback.check("pipeline.best_forty", number).text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_fold_of_the_what_if_says_what_it_shows(leads, leads_stays, language):
    rates, money = pipeline.transition_rates(leads_stays), pipeline.money_by_state(leads, as_of="2025-12-31")
    with speaking(language):
        made = pipeline_step(pipeline.PipelineRates.from_log(rates, money, decimals=3), currency="¥")
        notebooks = Path(__file__).parents[3] / "notebooks"
        path = (notebooks / "zh" if language == "zh" else notebooks) / "03_pipeline.ipynb"
        text = " ".join(" ".join(cell.source for cell in nbformat.read(path, as_version=4).cells).split())
        fold = text[text.index("<summary>What to find" if language == "en" else "<summary>你应当发现") :]
        gains, soon = [], []
        for button in made._presets:
            made.reset()
            button.click()
            assert f"*{button.description}*" in fold
            gains.append(made.result["before_action"] - made.baseline["before_action"])
            soon.append(made.result["soon_before_action"] - made.baseline["soon_before_action"])
    figures = (*np.round(gains[:4], -2), *np.round(soon[:4], -2), -np.round(gains[4], -3), better_step.PRICE)
    assert [amount for amount in map("{:,.0f}".format, figures) if amount not in fold] == []
    # in the long run two of the four pay, within four years none
    assert [sum(gain > better_step.PRICE for gain in each[:4]) for each in (gains, soon)] == [2, 0]
    made.reset()
    # from which rate on a margin on the machine pays, and how many orders are lost there
    even = made.scenario.replace(device_margin=better_step.DEVICE_MARGIN)
    tenths = [round(0.1 + step / 1000, 3) for step in range(60)]
    left = [better_step._compute(even.replace(opportunity_order=rate)) for rate in tenths]
    pays = next(place for place, result in enumerate(left) if result["left_over"] > made.baseline["left_over"])
    fewer = 1 - left[pays]["order"] / made.baseline["order"]
    assert f"{100 * tenths[pays]:.1f}%" in fold and f"{100 * made.scenario.opportunity_order:.1f}%" in fold
    assert f"{fewer:.0%}" in fold
    lower = even.replace(opportunity_order=made.scenario.opportunity_order * (1 - better_step.FEWER_WON))
    assert f"{1 - better_step._compute(lower)['order'] / made.baseline['order']:.0%}" in fold
    assert f"{better_step.DEVICE_MARGIN:,.0f}" in text


def test_winning_comes_first_for_new_targets_and_keeping_users_for_the_customers_of_today(leads, leads_stays):
    """What the lesson says of four years, and of the long run."""
    rates, money = pipeline.transition_rates(leads_stays), pipeline.money_by_state(leads, as_of="2025-12-31")
    as_is = pipeline.PipelineRates.from_log(rates, money, decimals=3)
    today = leads_stays.query("censored")["state"].value_counts()
    first = {}
    for name, start in (("new", {"target": 100}), ("today", today)):
        effect = pipeline.effect_of_rate(
            as_is.frame(), as_is.rewards(), discount_rate=0.1, start=start, relative=0.2, months=48
        ).set_index("step")
        first[name] = [effect[column].idxmax() for column in ("by_share_within", "by_share")]
    assert first == {"new": ["opportunity_order", "user_dormant"], "today": ["user_dormant", "user_dormant"]}
    assert today["user"] == 252


FILLED = {
    '"A": None, "B": None, "C": None, "D": None, "E": None': '"A": 3, "B": 7, "C": 4, "D": 6, "E": 5',
    'unit="share")\nwill_order': 'unit="share")\nwill_order.commit("5%")\nwill_order',
    ",\n])\nbest_step": (
        ',\n])\nbest_step.commit(["codes." + step for step in ("opportunity_order", "user_dormant",'
        ' "prospect_opportunity", "target_prospect")])\nbest_step'
    ),
    'unit="share")\nwakes': 'unit="share")\nwakes.commit("10%")\nwakes',
    "my_value = None": "my_value = rewards['user'] / (leaving.sum() + 0.008)",
    'my_answer = ""': 'my_answer = "c"',
    "my_users = None": "my_users = 37.4",
    "my_loss = None": "my_loss = 34",
    "my_active = None": "my_active = 69",
    "my_sector = None": "my_sector = 9391",
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_student_who_fills_the_lesson_in_is_answered(language, tmp_path):
    notebooks = Path(__file__).parents[3] / "notebooks"
    folder = tmp_path / "张 三" / ("zh" if language == "zh" else "notebooks")
    folder.mkdir(parents=True)
    source = (notebooks / "zh" if language == "zh" else notebooks) / "03_pipeline.ipynb"
    notebook = nbformat.read(shutil.copy(source, folder), as_version=4)
    filled = 0
    for cell, (empty, answer) in itertools.product(notebook.cells, FILLED.items()):
        if cell.cell_type == "code" and empty in cell.source:
            cell.source = cell.source.replace(empty, answer)
            filled += 1
    assert filled == len(FILLED)
    client = NotebookClient(notebook, kernel_name="python3", timeout=30, resources={"metadata": {"path": str(folder)}})
    client.execute(env={key: value for key, value in os.environ.items() if key != "MPLBACKEND"})
    feedback = [
        output.data["text/markdown"]
        for cell in notebook.cells if cell.cell_type == "code"
        for output in cell.outputs if "text/markdown" in output.get("data", {})
    ]  # fmt: skip
    right = term("feedback.number_right", language=language)
    assert [text.startswith(right) for text in feedback] == [False, True, False, True, True, True, True]
    assert term("pipeline.states_why_B", language=language) in feedback[0]
    assert feedback[2] == term("pipeline.strike_off_c", language=language)
    (saved,) = notebook.metadata.widgets.values()
    page = [str(model.state.value) for model in saved.state.values() if "value" in model.state]
    (summary,) = [text for text in page if "<tbody>" in text and "5%" in text and "39%" in text]
    assert len(re.findall("<tr>", summary)) == 4
    assert sum(cvm.term("whatif.guess_first", language=language) in text for text in page) == 0

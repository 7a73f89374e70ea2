"""Lesson 02 as a student meets it who fills it in, and the figures that its folds give beside the model's."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import cvmlab as cvm
from cvmlab import patterns as p

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NAME = "02_curves_and_patterns.ipynb"
CURVES = '["patterns.curve_B", "patterns.curve_D", "patterns.curve_C", "patterns.curve_A"]'
ANSWERS = {
    "my_shortfall = None": "my_shortfall = 60 - 45",
    "unnamed_in_order\n)\nends": f"unnamed_in_order\n)\nends.commit({CURVES})\nends",
    'unit="months",\n)\nrepair': 'unit="months",\n)\nrepair.commit("6")\nrepair',
    'unit="share")\nmidway': 'unit="share")\nmidway.commit("20%")\nmidway',
    'my_answer = ""': 'my_answer = "a"',
    "my_loss = None": "my_loss = 12.4",
    "my_share = None": "my_share = 33.3",
    "my_early_exit = None": "my_early_exit = 20.8",
}
RIGHT = {"en": ("**Right.**", "**Yes.**"), "zh": ("**正确**", "**对**")}
NUMBERS = ("shortfall", "loss_despite_repair", "back_from_decline", "early_exit_share")
ENGLISH, CHINESE = {2: "two", 5: "five", 10: "ten", 15: "fifteen"}, {5: "五", 15: "十五"}


def path_of(language: str) -> Path:
    return FOLDER / "zh" / NAME if language == "zh" else FOLDER / NAME


def prose(language: str) -> str:
    """Return the prose of the lesson on one line."""
    cells = nbformat.read(path_of(language), as_version=4).cells
    return " ".join(" ".join(cell.source for cell in cells if cell.cell_type == "markdown").split())


def quiet(**changes: float) -> p.Story:
    return p.Story(setback_month=0).replace(**changes)


def trouble_begins(story: p.Story) -> int:
    life = p.live(story)
    return int((life["standard"] > life["value"]).to_numpy().argmax())


def steady_months(story: p.Story) -> int:
    return int((p.live(story)["stage"] == "stability").sum())


def preset(name: str) -> p.Story:
    """Return the story behind a button of the explorer."""
    what_if = cvm.whatif.pattern_explorer()
    (button,) = [button for button in what_if._presets if button.description == cvm.term(f"patterns.{name}")]
    button.click()
    story: p.Story = what_if.scenario
    return story


def test_what_to_find_is_what_the_model_says() -> None:
    still, unfair = preset("standing_still"), preset("felt_unfair")
    last, ended = p.last_month_to_repair(), p.ending().months
    assert last is not None
    late_felt = unfair.replace(unfairness_month=18)
    offer = preset("better_offer")
    gained = p.ending(offer.replace(switching_cost=40)).months - p.ending(offer).months
    doubled = 2 * offer.added_value
    assert (p.ending(still).pattern, p.ending(unfair).pattern, p.ending(late_felt).pattern) == ("III", "III", "IV")
    assert 18 - unfair.unfairness_month == 12, "a year later"
    assert (last - p.Story().setback_month, last + 6) == (1, ended)
    assert not p.ending(offer.replace(added_value=doubled)).ended
    at_once = preset("one_bad_purchase").replace(repair_months=0, repair_month=3)
    assert not p.ending(at_once).ended
    begins, until = trouble_begins(still), p.ending(still).months
    late, steady = trouble_begins(late_felt), steady_months(late_felt)
    for told in (
        f"overtakes our value in month {begins}, and in month {until} the customer leaves: III",
        f"Month {last}, one month after the setback: the repair is felt in month {ended}",
        f"40 points of switching cost buy only {ENGLISH[gained]} months. Added value of {doubled:g} points",
        f"decline begins in month {late}, after {ENGLISH[steady]} steady months: so it is IV.",
    ):
        assert told in prose("en")
    for told in (
        f"第 {begins} 个月超过了我们的价值，客户在第 {until} 个月离开",
        f"第 {last} 个月，即挫折发生后一个月：修复到第 {ended} 个月才见效",
        f"转移成本即使有 40 分，也只多换来{CHINESE[gained]}个月；每年增值 {doubled:g} 分",
        f"退化从第 {late} 个月开始，此前已平稳了{CHINESE[steady]}个月",
    ):
        assert told in prose("zh")


def test_the_story_of_yucheng_and_its_button_agree() -> None:
    story = preset("felt_unfair").replace(unfairness_month=18)
    assert trouble_begins(story) > 36, "more than three years"
    assert f"more than three years, the last {ENGLISH[steady_months(story)]} months large and steady" in prose("en")
    assert f"三年多，最近{CHINESE[steady_months(story)]}个月" in prose("zh")


def test_the_guess_gives_its_answer_away_in_neither_language() -> None:
    """Who is told the month of the end and the months until a repair is felt subtracts one from the other."""
    ended = p.ending().months
    before_english = prose("en").partition("**Your guess.** In month 29")[0]
    before_chinese = prose("zh").partition("**猜一猜** 第 29 个月")[0]
    assert before_english != prose("en")
    assert before_chinese != prose("zh")
    assert f"month {ended}" not in before_english
    assert f"第 {ended} 个月" not in before_chinese


def test_the_last_month_for_a_repair_comes_before_clear_numbers_only_as_the_lesson_says() -> None:
    """With all three the fall is slight; where one of them is better it is plain, and where one is worse, too late."""
    assert p.longest_waits([{}])["fallen"].max() < 0.2
    easier = (
        {"switching_cost": 20},
        {"switching_cost": 40},
        {"setback_depth": 20},
        {"repair_months": 3},
        {"fall": 0.0025},
    )
    assert p.longest_waits(easier)["fallen"].min() > 0.35
    harder = p.longest_waits([{"setback_depth": 28}, {"fall": 0.01}])
    assert harder["wait"].max() < 0, "only a repair begun before the setback would do"


def test_the_guess_can_be_worked_out_from_the_text() -> None:
    life = p.live().set_index("period")
    level, hold = life.loc[29, ["level", "hold"]]
    fall, shortfall = p.Story().fall, life.loc[30, "standard"] - life.loc[30, "value"]
    lasted = (life["code"] == 4).sum()
    assert f"falls, each month by {100 * fall:g} percentage points per point of shortfall" in prose("en")
    assert f"In month 29 the level is {level:.0%}, and the two outweigh {hold:.0f} points" in prose("en")
    assert (
        f"take {100 * fall * shortfall:g} percentage points of level per month, that is 1.5 points of trust"
        in prose("en")
    )
    assert 20 * fall * shortfall == pytest.approx(1.5)
    assert (round(hold - shortfall), lasted) == (11, 7)
    assert f"每月下降 {100 * fall:g} 个百分点" in prose("zh")
    assert f"第 29 个月，关系水平为 {level:.0%}，两者合计抵得过 {hold:.0f} 分" in prose("zh")


def test_as_many_stable_months_fall_by_chance_as_the_lesson_says() -> None:
    for language, told in (
        ("en", "of the stable months of 600 simulated customers, 25% lie at least 16% below"),
        ("zh", "有 25% 比前三个月的均值低 16% 以上"),
    ):
        cells = nbformat.read(path_of(language), as_version=4).cells
        (cell,) = [cell for cell in cells if "patterns.low_by_chance" in cell.source]
        assert told in cell.outputs[-1].data["text/plain"]


def test_the_fates_in_the_text_are_those_of_the_table() -> None:
    known = cvm.simulated.simulate_relationships(cvm.simulated.Population(), customers=600, periods=60, seed=2)
    fates = p.fate_of_the_living(known.stage, periods=36).set_index("stage").loc["formation"]
    gone = fates["I"] + fates["II"] + fates["III"]
    told = fates["customers"], fates["IV"], fates["undecided"], gone
    assert "Of {} in formation, {} were IV two years later, {} undecided, {} gone".format(*told) in prose("en")
    assert "处于形成期的 {} 位，两年后 {} 位成为长久保持型，{} 位未定，{} 位已经离开".format(*told) in prose("zh")


def test_what_an_early_end_brings_is_what_the_model_says() -> None:
    chain = cvm.lifecycle.Relationship(acquisition_cost=8_000)
    midway, last = p.lost_profit(chain)["months"].iloc[[1, 3]]
    assert f"The midway end lives {midway} of the {last} months" in prose("en")
    assert f"中途夭折型持续 {midway} 个月，长久保持型 {last} 个月" in prose("zh")
    share = p.share_by_month_left(range(1, 85), chain).set_index("left_in")["share"]
    assert abs(share[15]) < 0.01, "about nothing"
    assert 1 / 7 < share[24] < 1 / 6, "more than a seventh"
    assert share.is_monotonic_increasing
    assert abs((share[36] - share[35]) - (share[35] - share[34])) < 0.001, "no break at our border"


def test_the_months_that_switching_cost_buys_are_those_of_the_model() -> None:
    months = {points: p.ending(p.Story(switching_cost=points)).months for points in (0, 10, 20, 40)}
    first, last = months[10] - months[0], months[40] - months[20]
    told = f"the first ten points buy {ENGLISH[first]} months, the twenty from 20 to 40 only {ENGLISH[last]}"
    assert told in prose("en")
    assert f"最初的 10 分多争取{CHINESE[first]}个月，从 20 分到 40 分只多" in prose("zh")
    setback = p.Story().setback_month
    wrong = {letter: cvm.term(f"patterns.switching_{letter}", "en") for letter in "bc"}
    assert f"buy {ENGLISH[months[40] - months[0]]} months more than none" in wrong["b"]
    assert f"ends the relationship after {ENGLISH[months[0] - setback]} months" in wrong["c"]
    assert f"with 20 points, after {ENGLISH[months[20] - setback]}." in wrong["c"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_student_who_fills_it_in_is_answered(language: str, tmp_path: Path) -> None:
    folder = tmp_path / "李 四" / ("zh" if language == "zh" else "notebooks")
    folder.mkdir(parents=True)
    notebook = nbformat.read(shutil.copy(path_of(language), folder), as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    filled = 0
    for cell in code:
        for empty, answer in ANSWERS.items():
            filled += empty in cell.source
            cell.source = cell.source.replace(empty, answer)
    assert filled == len(ANSWERS)
    environment = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"}
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, kernel_name="python3", timeout=90, resources=resources).execute(env=environment)
    number, choice = RIGHT[language]
    for question, sentence in {**dict.fromkeys(NUMBERS, number), "switching": choice}.items():
        (cell,) = [cell for cell in code if f'"patterns.{question}"' in cell.source and "feedback." in cell.source]
        assert cell.outputs[-1].data["text/markdown"].startswith(sentence), question
    (saved,) = notebook.metadata.widgets.values()
    page = [str(model.state.value) for model in saved.state.values() if "value" in model.state]
    assert sum("data:image/png" in text for text in page) == 2, "all pictures that waited are shown"
    assert sum("26%" in text for text in page) == 1, "and the table of the months"
    why = cvm.term("patterns.curve_C_why", language)
    assert [text for text in page if why in text], "two swapped curves are told apart"
    (summary,) = [text for text in page if "<tbody>" in text and "<td>20%</td>" in text]
    assert re.findall(r"<td>(\d+) (?:months?|个月)</td>", summary) == ["6", "1"]

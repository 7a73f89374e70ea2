"""Lesson 01 as a student meets it who fills it in: answered in both languages, guesses beside the truth."""

from __future__ import annotations

import ast
import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import cvmlab as cvm
from cvmlab.relationship.lifecycle import variables
from cvmlab.relationship.patterns.profit import _left

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NAME = "01_lifecycle.ipynb"
ANSWERS = {
    "my_profit = None": "my_profit = 95 * (107.5 - 81.1) + 572",
    '"A": None': '"A": 3', '"B": None': '"B": 1', '"C": None': '"C": 2', '"D": None': '"D": 4',
    '"E": None': '"E": 1', '"F": None': '"F": 2', '"G": None': '"G": 3', '"H": None': '"H": 4',
    '"price_formation": None': '"price_formation": 2', '"cost_stability": None': '"cost_stability": 4',
    '"cost_decline": None': '"cost_decline": 2', '"benefit_exploration": None': '"benefit_exploration": 1',
    '"revenue_stability": None': '"revenue_stability": 3', '"profit_stability": None': '"profit_stability": 2',
    '"exploration": None': '"exploration": 2', '"formation": None': '"formation": 4',
    '"stability": None': '"stability": 3', '"decline": None': '"decline": 6',
    'unit="share")\nearly': 'unit="share")\nearly.commit("25%")\nearly',
    'unit="yuan")\nfall': 'unit="yuan")\nfall.commit(9_000)\nfall',
    'unit="share")\nlosing': 'unit="share")\nlosing.commit("5%")\nlosing',
    'my_answer = ""': 'my_answer = "b"',
    "my_share_past = None": "my_share_past = 100 * 7_674 / (7_674 + 16_209)",
    "my_share = None": "my_share = 35.5",
    "my_end = None": "my_end = 10.3",
    "my_percent = None": "my_percent = 10.7",
}  # fmt: skip
CHAIN = cvm.lifecycle.Relationship(acquisition_cost=8_000)
both_languages = pytest.mark.parametrize("language", ["en", "zh"])


def path_of(language: str) -> Path:
    return FOLDER / "zh" / NAME if language == "zh" else FOLDER / NAME


def prose(language: str) -> str:
    cells = nbformat.read(path_of(language), as_version=4).cells
    return " ".join(" ".join(cell.source for cell in cells if cell.cell_type == "markdown").split())


def yuan(amount: float, language: str) -> str:
    return f"{amount:,.0f} 元" if language == "zh" else f"¥{amount:,.0f}"


def run_in(folder: Path, language: str, filled: dict[str, str]) -> nbformat.NotebookNode:
    """Run the lesson in a folder with its blanks filled in, each of them once."""
    folder.mkdir(parents=True)
    notebook = nbformat.read(shutil.copy(path_of(language), folder), as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert sum(empty in cell.source for cell in code for empty in filled) == len(filled)
    for cell in code:
        for empty, answer in filled.items():
            cell.source = cell.source.replace(empty, answer)
    environment = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"}
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, kernel_name="python3", timeout=60, resources=resources).execute(env=environment)
    return notebook


def on_the_page(notebook: nbformat.NotebookNode) -> list[str]:
    (saved,) = notebook.metadata.widgets.values()
    return [str(model.state.value) for model in saved.state.values() if "value" in model.state]


@both_languages
def test_the_figures_that_the_text_gives_are_those_of_the_model(language: str) -> None:
    """One month by hand comes before the machine, so its figures stand in the text."""
    life = cvm.lifecycle.life_curve(CHAIN)
    text = prose(language)
    for month in (6, 24):
        row = life.iloc[month - 1]
        volume, price, cost = f"{row['volume']:.0f}", f"{row['price']:.1f}", f"{row['cost']:.1f}"
        told = f"{volume} cartons at ¥{price}, each costs us ¥{cost}"
        assert (told if language == "en" else f"{volume} 箱，每箱 {price} 元，我们每箱的成本为 {cost} 元") in text
    saved, (high, low) = life["indirect_benefit"][23], life["revenue"].iloc[[83, -1]].round(-2)
    assert (f"¥{saved:.0f}" if language == "en" else f"{saved:.0f} 元") in text
    fallen = f"from about ¥{high:,.0f} to ¥{low:,.0f}" if language == "en" else f"从 {high:,.0f} 元降到 {low:,.0f} 元"
    assert fallen in text


@both_languages
def test_the_share_that_has_to_pass_comes_from_the_figures_in_the_question(language: str) -> None:
    profit = cvm.lifecycle.life_curve(CHAIN)["profit"]
    loss, after = -profit[: CHAIN.exploration_months].sum(), {years: profit[: 12 * years].sum() for years in (2, 3, 8)}
    assert yuan(loss, language) in prose(language)
    assert yuan(after[2], language) in prose(language)
    needed = {years: 100 * loss / (loss + brought) for years, brought in after.items()}
    with cvm.speaking(language):
        told = cvm.course.feedback.check("lesson_01.break_even", round(needed[2], 1))
    assert told.right
    assert all(f"{share:.1f}%" in told.text for share in needed.values())
    alone = cvm.lifecycle.life_curve(CHAIN.replace(largest_benefit=0))["profit"][:24].sum()
    fading = variables(_left(CHAIN, 24)[0], CHAIN)["profit"].sum()
    for brought in (alone, fading):
        assert yuan(brought, language) in told.text
        assert f"{100 * loss / (loss + brought):.1f}%" in told.text


@both_languages
def test_what_breaks_our_reading_in_percent_and_the_book_in_money(language: str) -> None:
    table = cvm.lifecycle.compare_declines(CHAIN, {str(cost): {"fixed_cost": cost} for cost in (685, 690)})
    assert table["holds"].tolist() == [True, False]
    assert yuan(685, language) in prose(language)
    breaking = '{"largest_benefit": 7_000, "benefit_lag": 0}'
    assert breaking in prose(language)
    assert cvm.lifecycle.compare_declines(CHAIN, {"": ast.literal_eval(breaking)}).at[0, "months_ahead_in_money"] == 0
    lags = [{}, dict.fromkeys(("price_lag", "cost_lag", "benefit_lag"), 0), {"largest_benefit": 400}]
    table = cvm.lifecycle.compare_declines(CHAIN, {str(place): fields for place, fields in enumerate(lags)})
    unit = "{} 元" if language == "zh" else "¥{}"
    assert all(unit.format(lost) in prose(language) for lost in table["profit_lost"][:2])
    assert table["months_ahead"].tolist() == [12, 0, 3]
    saved = [cvm.lifecycle.life_curve(CHAIN.replace(**fields))["indirect_benefit"].sum() for fields in lags]
    assert f"{saved[0] / 8_000:.1f}" in prose(language)
    assert round(saved[2] / 8_000) == 3
    costly = cvm.lifecycle.life_curve(CHAIN.replace(fixed_cost=1_000))[["profit", "revenue"]]
    with cvm.speaking(language):
        text = cvm.course.feedback.check("lesson_01.fixed_cost", 10.7).text
    assert all(yuan(fall, language) in text for fall in costly.iloc[83] - costly.iloc[-1])


@both_languages
def test_what_to_find_in_the_what_if_is_what_it_shows(language: str) -> None:
    what_if = cvm.whatif.life_curve(CHAIN)
    _, _, tried = prose(language).partition("**Try it.**" if language == "en" else "**试一试**")
    fold = re.findall(r"<details>.*?</details>", tried)[0]
    paid_back, profit = what_if.baseline["payback_month"], what_if.baseline["profit"]
    what_if.set(exploration_months=CHAIN.exploration_months + 3)
    assert len(what_if.result["curve"]) == len(what_if.baseline["curve"]) == 96
    assert what_if.result["payback_month"] == paid_back + 3
    assert yuan(profit - what_if.result["profit"], language) in fold
    what_if.reset()
    what_if.set(fixed_cost=1_000)
    assert what_if.result["payback_month"] == paid_back + 10
    assert what_if.result["loss_months"] >= CHAIN.exploration_months > what_if.baseline["loss_months"]
    what_if.reset()
    what_if._presets[0].click()
    assert what_if.scenario.stability_months == CHAIN.stability_months + 3
    gain = what_if.result["profit"] - profit
    assert yuan(gain, language) in fold
    assert f"{2_000 / (2_000 + gain):.0%}" in fold
    what_if.reset()
    what_if.set(benefit_lag=0)
    assert yuan(what_if.result["profit"] - profit, language) in fold


@both_languages
def test_the_picture_marks_the_beginning_and_the_month_that_has_paid_it_back(language: str) -> None:
    drawn: list[str] = []
    with cvm.speaking(language):
        what_if = cvm.whatif.life_curve(CHAIN, currency="¥")
        note = cvm.charts.style.note
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                cvm.charts.style,
                "note",
                lambda ax, text, *at, **looks: drawn.append(text) or note(ax, text, *at, **looks),
            )
            what_if.set(fixed_cost=1_000)
            before = list(drawn)
            drawn.clear()
            what_if.unfold(20)
        month = f"{what_if.result['payback_month']:.0f}"
    assert month == "28"
    assert sum(month in text for text in before) == 1 and sum("−¥8,989" in text for text in before) == 1
    assert not [text for text in drawn if month in text], "not yet paid back in month 20"


@both_languages
def test_every_row_of_the_table_can_be_practised_and_quotes_the_book(language: str) -> None:
    with cvm.speaking(language):
        claims = cvm.lifecycle.table_3_1().replace({"variable": {"indirect_benefit": "benefit"}})
        for variable, cells in claims.groupby("variable"):
            mine = dict.fromkeys(cells["stage"], 1)
            told = cvm.course.feedback.compare_each("lesson_01.table", mine, row=variable).text.lower()
            for claim in cells["claim"]:
                first = re.split("[,，；;]", claim)[0].lower()
                assert first in told, (variable, claim)
        assert "volume" in cvm.course.feedback.compare_each("lesson_01.table", {}, row="x").text


@both_languages
def test_the_minutes_of_the_sections_add_up(language: str) -> None:
    text = prose(language)
    core, deeper = (re.findall(rf"`{mark} · (\d+)", text) for mark in ("(?:core|核心)", "(?:deeper|选读)"))
    _, _, told = text.partition("**Minutes.**" if language == "en" else "**用时**")
    assert [int(minutes) for minutes in re.findall(r"\d+", told)[:2]] == [sum(map(int, core)), sum(map(int, deeper))]


def test_who_has_not_guessed_is_told_nothing(tmp_path: Path) -> None:
    page = on_the_page(run_in(tmp_path / "new", "en", {}))
    assert sum(cvm.term("feedback.text_waits", language="en") in text for text in page) == 1
    # the what-if has its figures ready, out of sight
    said = " ".join(text for text in page if "<tbody>" not in text)
    two_years = cvm.lifecycle.life_curve(CHAIN)["profit"][:24].sum()
    assert "is paid back in month" not in said
    assert f"{two_years:,.0f}" not in said
    assert "data:image/png" not in said


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "en",
            {
                "one_month": "**Right.**",
                "scenes": "**8 of 8**",
                "cells": "**6 of 6**",
                "table": "**4 of 4**",
                "long_lived": "**Yes.**",
                "break_even": "**Right.**",
                "without_recommendations": "**Right.**",
                "benefit_share": "**Right.**",
            },
        ),
        (
            "zh",
            {
                "one_month": "**正确**",
                "scenes": "**8** 项一致",
                "cells": "**6** 项一致",
                "table": "**4** 项一致",
                "long_lived": "**对**",
                "break_even": "**正确**",
                "without_recommendations": "**正确**",
                "benefit_share": "**正确**",
            },
        ),
    ],
)
def test_a_student_who_fills_it_in_is_answered(language: str, told: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "李 四" / ("zh" if language == "zh" else "notebooks")
    notebook = run_in(folder, language, ANSWERS)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for question, sentence in told.items():
        (cell,) = [cell for cell in code if f'"lesson_01.{question}"' in cell.source and "feedback." in cell.source]
        assert sentence in cell.outputs[-1].data["text/markdown"]
    page = on_the_page(notebook)
    assert not [text for text in page if cvm.term("feedback.text_waits", language=language) in text]
    assert sum("data:image/png" in text for text in page) == 2, "all pictures that waited are shown"
    (summary,) = [text for text in page if "<tbody>" in text and "<td>25%</td>" in text]
    assert re.findall(r"<td>(\d+%)</td>", summary) == ["25%", "5%", "5%", "16%"]

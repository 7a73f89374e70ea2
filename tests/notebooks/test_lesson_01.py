"""Lesson 01 as a student meets it who fills it in: answered in both languages, guesses beside the truth."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import cvmlab as cvm

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NAME = "01_lifecycle.ipynb"
ANSWERS = {
    "my_profit = None": "my_profit = 95 * (107.5 - 81.1) + 572",
    '"A": None': '"A": 3', '"B": None': '"B": 1', '"C": None': '"C": 2', '"D": None': '"D": 4',
    '"E": None': '"E": 1', '"F": None': '"F": 2', '"G": None': '"G": 3', '"H": None': '"H": 4',
    '"price_formation": None': '"price_formation": 2', '"cost_stability": None': '"cost_stability": 4',
    '"cost_decline": None': '"cost_decline": 2', '"benefit_exploration": None': '"benefit_exploration": 1',
    '"revenue_stability": None': '"revenue_stability": 3', '"profit_stability": None': '"profit_stability": 2',
    'unit="share")\nearly': 'unit="share")\nearly.commit("25%")\nearly',
    'unit="yuan")\nfall': 'unit="yuan")\nfall.commit(9_000)\nfall',
    'unit="share")\nlosing': 'unit="share")\nlosing.commit("5%")\nlosing',
    'my_answer = ""': 'my_answer = "b"',
    "my_share = None": "my_share = 35.5",
    "my_percent = None": "my_percent = 10.7",
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_figures_that_the_text_gives_are_those_of_the_model(language: str) -> None:
    """One month by hand comes before the machine, so its figures stand in the text."""
    life = cvm.lifecycle.life_curve(cvm.lifecycle.Relationship(acquisition_cost=8_000))
    path = FOLDER / "zh" / NAME if language == "zh" else FOLDER / NAME
    cells = nbformat.read(path, as_version=4).cells
    text = " ".join(" ".join(cell.source for cell in cells if cell.cell_type == "markdown").split())
    for month in (6, 24):
        row = life.iloc[month - 1]
        volume, price, cost = f"{row['volume']:.0f}", f"{row['price']:.1f}", f"{row['cost']:.1f}"
        told = f"{volume} cartons at ¥{price}, each costs us ¥{cost}"
        assert (told if language == "en" else f"{volume} 箱，每箱 {price} 元，我们每箱的成本为 {cost} 元") in text
    saved, (high, low) = life["indirect_benefit"][23], life["revenue"].iloc[[83, -1]].round(-2)
    assert (f"¥{saved:.0f}" if language == "en" else f"{saved:.0f} 元") in text
    fallen = f"from ¥{high:,.0f} to ¥{low:,.0f}" if language == "en" else f"从 {high:.0f} 元降到 {low:.0f} 元"
    assert fallen in text


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "en",
            {
                "one_month": "**Right.**",
                "scenes": "**8 of 8**",
                "cells": "**6 of 6**",
                "long_lived": "**Yes.**",
                "benefit_share": "**Right.**",
            },
        ),
        (
            "zh",
            {
                "one_month": "**正确**",
                "scenes": "**8** 项一致",
                "cells": "**6** 项一致",
                "long_lived": "**对**",
                "benefit_share": "**正确**",
            },
        ),
    ],
)
def test_a_student_who_fills_it_in_is_answered(language: str, told: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "李 四" / ("zh" if language == "zh" else "notebooks")
    folder.mkdir(parents=True)
    source = FOLDER / "zh" / NAME if language == "zh" else FOLDER / NAME
    notebook = nbformat.read(shutil.copy(source, folder), as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    filled = 0
    for cell in code:
        for empty, answer in ANSWERS.items():
            filled += empty in cell.source
            cell.source = cell.source.replace(empty, answer)
    assert filled == len(ANSWERS)
    environment = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"}
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, kernel_name="python3", timeout=60, resources=resources).execute(env=environment)
    for question, sentence in told.items():
        (cell,) = [cell for cell in code if f'"lesson_01.{question}"' in cell.source and "feedback." in cell.source]
        assert sentence in cell.outputs[-1].data["text/markdown"]
    (saved,) = notebook.metadata.widgets.values()
    page = [str(model.state.value) for model in saved.state.values() if "value" in model.state]
    assert sum("data:image/png" in text for text in page) == 2, "all pictures that waited are shown"
    (summary,) = [text for text in page if "<tbody>" in text and "<td>25%</td>" in text]
    assert re.findall(r"<td>(\d+%)</td>", summary) == ["25%", "5%", "5%", "16%"]

"""Exam cards on a page of JupyterLab.

Closed until something is written, kept while it is typed, low enough for one screen, readable in the saved notebook.
"""

from __future__ import annotations

import json

import nbformat
import pytest

from cvmlab.course.exam.questions import all_questions

from lab import open_notebook, run_all  # isort: skip

pytestmark = pytest.mark.browser

WRITTEN = "the whole course from the beginning of a relationship to its end"
#: Pixels that JupyterLab leaves for a cell on a screen of 1366 × 768; the way to the other cards and the sum take some.
SCREEN, AROUND = 640, 70


def shown(page, lab, name: str, *sources: str) -> str:
    """Open a notebook with these cells, run it, and return its name."""
    name = name.lstrip("/")
    cells = [nbformat.v4.new_code_cell(source) for source in ("import cvmlab as cvm\ncvm.use()", *sources)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), lab.folder / name)
    open_notebook(page, lab, name)
    run_all(page)
    return name


def kept(lab, name: str) -> list[str]:
    """Return what the saved notebook has of its cards for a reader without a kernel."""
    saved = json.loads((lab.folder / name).read_text(encoding="utf-8"))
    outputs = [output for cell in saved["cells"] for output in cell.get("outputs", [])]
    texts = ["".join(output["data"].get("text/html", "")) for output in outputs if "data" in output]
    return [text for text in texts if "cvm-kept" in text]


@pytest.mark.parametrize(
    ("folder", "show", "sentence", "marks"),
    [
        ("", "Show the points", "Write something first", "1 of 4 marks"),
        ("zh", "对照得分点", "先写一点", "得 1 分，满分 4 分"),
    ],
)
def test_a_card_opens_when_something_is_written_and_is_kept(page, lab, folder, show, sentence, marks) -> None:
    name = shown(page, lab, f"{folder}/exam.ipynb", 'cvm.exam.card("01.define_lifecycle")')
    card = page.locator(".cvm-exam")
    button = card.get_by_role("button", name=show)
    button.click()
    card.get_by_text(sentence).wait_for()
    assert card.locator("input[type=checkbox]").count() == 0
    card.locator("textarea").fill(WRITTEN)
    button.click()
    card.locator("input[type=checkbox]").first.check()
    card.get_by_text(marks).wait_for()
    page.wait_for_timeout(500)
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_timeout(1500)
    (still,) = kept(lab, name)
    assert WRITTEN in still
    assert marks in still


def test_what_is_typed_is_saved_without_leaving_the_box(page, lab) -> None:
    text, table = 'cvm.exam.card("01.short_stages")', 'cvm.exam.card("01.table_3_1")'
    name = shown(page, lab, "typed.ipynb", text, table)
    for place, box in ((0, "textarea"), (1, ".cvm-grid input[type=text] >> nth=2")):
        page.locator(".cvm-exam").nth(place).locator(box).click()
        page.keyboard.type(f"{WRITTEN} {place}", delay=20)
        page.keyboard.press("Control+s")
        for _ in range(20):
            page.wait_for_timeout(500)
            if f"{WRITTEN} {place}" in "".join(kept(lab, name)):
                break
        assert f"{WRITTEN} {place}" in kept(lab, name)[place]
    page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.sessionContext.shutdown(); }")
    open_notebook(page, lab, name)
    page.locator(".cvm-kept").get_by_text(f"{WRITTEN} 0").wait_for(timeout=30_000)
    # a fresh kernel has the words, too
    run_all(page)
    assert page.locator(".cvm-exam textarea").input_value() == f"{WRITTEN} 0"
    assert page.locator(".cvm-exam .cvm-grid input[type=text]").nth(2).input_value() == f"{WRITTEN} 1"


@pytest.mark.parametrize("folder", ["", "zh"])
def test_question_answer_and_points_are_on_one_screen(page, lab, folder: str) -> None:
    page.set_viewport_size({"width": 1366, "height": 768})
    cards = []
    for name, question in all_questions().items():
        written = {question.cells()[-1]: "falls"} if question.is_table else WRITTEN
        cards.append(f'card = cvm.exam.card("{name}")\ncard.write({written!r})\ncard')
    shown(page, lab, f"{folder}/heights.ipynb", *cards)
    # those below the screen are drawn when the browser has time
    page.wait_for_function("many => document.querySelectorAll('.cvm-exam').length === many", arg=len(cards))
    page.wait_for_timeout(1_000)
    heights = page.locator(".cvm-exam").evaluate_all("cards => cards.map(card => card.offsetHeight)")
    assert len(heights) == len(cards)
    assert all(height > 200 for height in heights)
    high = {name: height for name, height in zip(all_questions(), heights, strict=True) if height > SCREEN - AROUND}
    assert high == {}

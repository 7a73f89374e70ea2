"""Exam cards on a page of JupyterLab: closed until something is written, ticked, and readable in the saved notebook."""

from __future__ import annotations

import json

import nbformat
import pytest

from lab import open_notebook, run_all  # isort: skip

pytestmark = pytest.mark.browser

WRITTEN = "the whole course from the beginning of a relationship to its end"


@pytest.mark.parametrize(
    ("folder", "show", "sentence", "marks"),
    [
        ("", "Show the points", "Write something first", "1 of 4 marks"),
        ("zh", "对照得分点", "先写一点", "4 分中得 1 分"),
    ],
)
def test_a_card_opens_when_something_is_written_and_is_kept(page, lab, folder, show, sentence, marks) -> None:
    name = f"{folder}/exam.ipynb".lstrip("/")
    cells = [nbformat.v4.new_code_cell(f"import cvmlab as cvm\ncvm.use()\ncvm.exam.card({'01.define_lifecycle'!r})")]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), lab.folder / name)
    open_notebook(page, lab, name)
    run_all(page)
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
    saved = json.loads((lab.folder / name).read_text(encoding="utf-8"))
    texts = [
        "".join(output["data"].get("text/html", "")) for cell in saved["cells"] for output in cell.get("outputs", [])
    ]
    (still,) = [text for text in texts if "cvm-kept" in text]
    assert WRITTEN in still
    assert marks in still

"""What can be counted of the rules for lessons: their length, their guesses, their tables, the terms of the exam.

The rules are those of CONTRIBUTING ("Adding a notebook"). Appendices (A1, A2, …) are methods: only the rules for every
notebook hold for them, those of ``test_notebooks.py``.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
ENGLISH = sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))
CHINESE = [FOLDER / "zh" / path.name for path in ENGLISH]
MOST_SECTIONS, MOST_CELLS, MOST_WORDS, MOST_GUESSES, MOST_LINES = 5, 35, 1_300, 3, 8

#: Terms of the book that the exam asks for (DOMAIN, Part E), and the lesson whose core has them.
with (Path(__file__).parent / "exam_terms.csv").open(encoding="utf-8") as file:
    EXAM_TERMS = list(csv.DictReader(file))


def name(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


def core(path: Path, kind: str) -> list[nbformat.NotebookNode]:
    cells = nbformat.read(path, as_version=4).cells
    return [cell for cell in cells if cell.metadata.tags == ["core"] and cell.cell_type == kind]


def core_prose(path: Path) -> str:
    return "\n\n".join(cell.source for cell in core(path, "markdown"))


def tables(path: Path) -> str:
    """Return the tables that cells of the core have put out, as Markdown."""
    outputs = [output for cell in core(path, "code") for output in cell.outputs]
    return "\n".join(output.get("data", {}).get("text/markdown", "") for output in outputs)


every_lesson = pytest.mark.parametrize("path", [*ENGLISH, *CHINESE], ids=name)
every_english_lesson = pytest.mark.parametrize("path", ENGLISH, ids=name)


@every_lesson
def test_the_core_has_few_sections_cells_and_guesses(path: Path) -> None:
    assert len(re.findall(r"^## ", core_prose(path), re.M)) <= MOST_SECTIONS
    code = core(path, "code")
    assert len(core(path, "markdown")) + len(code) <= MOST_CELLS
    assert sum(cell.source.count("whatif.guess(") for cell in code) <= MOST_GUESSES


@every_english_lesson
def test_the_core_is_read_in_a_sitting(path: Path) -> None:
    assert len(re.findall(r"[A-Za-z][A-Za-z'’]*", read_by_everybody(core_prose(path)))) <= MOST_WORDS


def read_by_everybody(prose: str) -> str:
    """Return prose without lines of terms, folds, commands and addresses of links."""
    return re.sub(
        r"^\*\*Terms\*\*[^\n]*|<details>(?s:.)*?</details>|```(?s:.)*?```|\]\([^)]*\)", " ", prose, flags=re.M
    )


def test_words_after_the_terms_are_counted_too() -> None:
    prose = "one two\n\n**Terms** (English): a · b\n\n<details>hidden\n\nhere</details>\n\nthree [four](five.ipynb)"
    assert read_by_everybody(prose).replace("[", " ").split() == ["one", "two", "three", "four"]


@every_lesson
def test_no_cell_of_code_is_longer_than_eight_lines(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert not [cell.source for cell in cells if len(cell.source.splitlines()) > MOST_LINES]


@every_lesson
def test_a_guess_is_drawn_once(path: Path) -> None:
    shown = [cell.source.splitlines()[-1] for cell in core(path, "code")]
    asked = [source.split(" = ")[0] for source in shown_guesses(path)]
    assert all(shown.count(guess) == 1 for guess in asked)


def shown_guesses(path: Path) -> list[str]:
    return [cell.source for cell in core(path, "code") if "whatif.guess(" in cell.source]


@every_lesson
def test_something_is_computed_by_the_student_in_the_core(path: Path) -> None:
    asked = [cell.source for cell in core(path, "code") if re.search(r"^my_\w+ = None$", cell.source, re.M)]
    assert [source for source in asked if "feedback.check(" in source]


@every_lesson
def test_every_try_it_is_answered_in_a_fold(path: Path) -> None:
    text = core_prose(path)
    for tried in re.finditer(r"\*\*(?:Try it|试一试)", text):
        assert "<details>" in text[tried.end() :]


@every_lesson
def test_it_ends_with_the_cards_of_the_exam(path: Path) -> None:
    cards = f'cvm.exam.cards("{path.name[:2]}")'
    places = [place for place, cell in enumerate(core(path, "code")) if cards in cell.source]
    assert places
    assert places[0] >= len(core(path, "code")) - 2, "after everything else, but for the guesses"


@pytest.mark.parametrize("path", CHINESE, ids=name)
def test_every_term_of_the_exam_stands_in_the_core_of_the_chinese_twin(path: Path) -> None:
    text = re.sub(r"[*`\s]", "", core_prose(path) + tables(path))
    asked = [row["term"] for row in EXAM_TERMS if row["lesson"] == path.name[:2]]
    assert asked
    assert [term for term in asked if term not in text] == []


@pytest.mark.parametrize("path", CHINESE, ids=name)
def test_tables_have_chinese_heads(path: Path) -> None:
    for line in re.findall(r"^(\|.*\|)\n\|[-|]+\|$", tables(path), re.M):
        assert all(re.search(r"[\u4e00-\u9fff]", head) for head in line.strip("|").split("|") if head.strip())

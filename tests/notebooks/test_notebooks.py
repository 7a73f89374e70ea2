"""The course notebooks: how they are built, that twins agree, and what a student meets who fills them in.

That the committed outputs are what the code prints is checked by nbval, cell by cell.
"""

from __future__ import annotations

import ast
import io
import os
import re
import shutil
import time
import tokenize
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import cvmlab as cvm
from cvmlab import feedback
from cvmlab.core.words import keys, read_table

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
ENGLISH = sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))
CHINESE = sorted((FOLDER / "zh").glob("[0-9][0-9]_*.ipynb"))
LESSONS = [*ENGLISH, *CHINESE]
# methods behind the lessons: notebooks like the others, but no lessons
APPENDICES = sorted(FOLDER.glob("A[0-9]_*.ipynb"))
ALL = [*LESSONS, *APPENDICES, *sorted((FOLDER / "zh").glob("A[0-9]_*.ipynb"))]
SECONDS = 240
HAN = re.compile(r"[\u4e00-\u9fff]")
HEADINGS = {
    "en": ("Recap", "The misconception", "Exercises"),
    "zh": ("小结", "误区", "练习"),
}
OPENING = {"en": ("**Aims.**", "**Minutes.**"), "zh": ("**目标**", "**用时**")}
MARKS = {"en": {"core": "core", "deeper": "deeper"}, "zh": {"core": "核心", "deeper": "选读"}}
PATTERNS = ("I", "II", "III", "IV")
# heads that are the same in both languages: patterns, and the four customers of the case
LETTERS = (*PATTERNS, "Y", "S", "L", "H")
TERMS = {"en": "**Terms** (English · 中文): ", "zh": "**术语**（中文 · English）："}


def name(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


def language_of(path: Path) -> str:
    return "zh" if path.parent.name == "zh" else "en"


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def prose(path: Path) -> str:
    return "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")


def outputs(path: Path) -> list[nbformat.NotebookNode]:
    return [output for cell in code_cells(path) for output in cell.outputs]


every_notebook = pytest.mark.parametrize("path", ALL, ids=name)
every_lesson = pytest.mark.parametrize("path", LESSONS, ids=name)


def test_there_is_a_course() -> None:
    assert "00_start_here.ipynb" in [path.name for path in ENGLISH]


def test_every_notebook_has_its_chinese_twin() -> None:
    english = [name(path) for path in ALL if language_of(path) == "en"]
    assert [f"zh/{path}" for path in english] == [name(path) for path in ALL if language_of(path) == "zh"]


@every_notebook
def test_it_is_valid_and_names_a_kernel_that_every_jupyter_has(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    # the version of whoever ran it last is no part of the course
    assert notebook.metadata.language_info == {"name": "python"}


@every_notebook
def test_it_is_committed_as_run_from_top_to_bottom(path: Path) -> None:
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output for output in outputs(path) if output.output_type == "error"]
    assert not [output for output in outputs(path) if output.get("name") == "stderr"]


@every_notebook
def test_outputs_hold_nothing_that_differs_from_run_to_run(path: Path) -> None:
    for output in outputs(path):
        shown = output.get("data", {})
        assert "application/vnd.jupyter.widget-view+json" not in shown
        text = output.get("text", "") + "".join(shown.get(kind, "") for kind in ("text/plain", "text/html"))
        assert not re.search(r"\b0x[0-9a-f]{6,}|(?<![\w.])/(?:home|tmp|Users|root)/", text)
        assert "<style" not in text or "dataframe" in text, "no Styler: its ids are random"


@every_notebook
def test_code_cells_are_short_and_hold_no_prose(path: Path) -> None:
    for cell in code_cells(path):
        lines = cell.source.splitlines()
        assert 0 < len(lines) <= 15
        assert max(map(len, lines)) <= 110
        tokens = list(tokenize.generate_tokens(io.StringIO(cell.source).readline))
        assert not [token.string for token in tokens if token.type == tokenize.COMMENT]
        assert not HAN.search(cell.source)
        defined = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Try)
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, defined)]


@every_notebook
def test_heads_of_tables_are_in_the_readers_language_and_none_is_there_twice(path: Path) -> None:
    for output in outputs(path):
        for table in re.findall(r"<thead>.*?</thead>", output.get("data", {}).get("text/html", ""), re.S):
            heads = [head for head in re.findall(r"<th[^>]*>([^<]*)</th>", table) if head]
            assert len(set(heads)) == len(heads)
            assert not [head for head in heads if "_" in head], "show it with cvm.in_words"
            assert language_of(path) == "en" or all(HAN.search(head) for head in heads if head not in LETTERS)


@every_notebook
def test_the_first_cell_of_code_imports_cvmlab(path: Path) -> None:
    first = code_cells(path)[0].source
    assert first.startswith("import cvmlab as cvm\n")
    assert first.endswith("cvm.use()")


@every_notebook
def test_a_picture_is_the_last_thing_its_cell_makes(path: Path) -> None:
    for cell in code_cells(path):
        if ".plot_" in cell.source:
            last = ast.parse(cell.source).body[-1]
            # an expression would print an object with its address, but for a picture that waits for a guess
            waits = isinstance(last, ast.Expr) and ast.unparse(last).startswith("feedback.picture_after(")
            assert isinstance(last, ast.Assign) or waits
            assert any("image/png" in output.get("data", {}) for output in cell.outputs)


@every_notebook
def test_widgets_are_seen_without_a_kernel(path: Path) -> None:
    assert "widgets" not in read(path).metadata
    for cell in code_cells(path):
        if re.search(r"whatif\.(?!guess\()|whatif\.guess\(|picture_after", cell.source):
            (output,) = [output for output in cell.outputs if output.output_type == "execute_result"]
            assert re.search(r"run this cell|运行此单元格", output.data["text/plain"])


@every_notebook
def test_a_guess_is_asked_before_it_is_answered_and_summed_up_at_the_end(path: Path) -> None:
    sources = [cell.source for cell in code_cells(path)]
    asked = [place for place, source in enumerate(sources) if "whatif.guess(" in source]
    for place in asked:
        name = sources[place].split(" = ")[0]
        assert sources[place].splitlines()[-1] == name, "the guess is shown where it is made"
        answers = [number for number, source in enumerate(sources) if f"{name}.reveal(" in source]
        # either the question knows its answer, or a later cell gives it; a vote is neither right nor wrong
        assert "truth=" in sources[place] or answers or name.endswith("_vote")
        assert [number for number in answers if number > place] == answers
        (key,) = re.findall(r'whatif\.guess\(\s*"([^"]+)"', sources[place])
        assert key in keys()
    # the last of the core, or of an appendix, which has hardly any
    last = [cell.source for cell in code_cells(path) if path.name[0] == "A" or cell.metadata.tags == ["core"]][-1]
    assert ("whatif.guesses_summary()" in last) == bool(asked)


@pytest.mark.parametrize("path", [*ENGLISH, *APPENDICES], ids=name)
def test_twins_have_the_same_cells_the_same_code_and_the_same_marks(path: Path) -> None:
    english, chinese = read(path).cells, read(FOLDER / "zh" / path.name).cells
    assert [cell.cell_type for cell in english] == [cell.cell_type for cell in chinese]
    assert [cell.metadata.tags for cell in english] == [cell.metadata.tags for cell in chinese]
    for one, other in zip(english, chinese, strict=True):
        if one.cell_type == "code":
            assert one.source == other.source
        else:
            assert HAN.search(other.source)
            assert one.source.count("\n#") == other.source.count("\n#")


def sections(path: Path) -> list[tuple[str, str, int]]:
    """Title, mark and minutes of each section of the second level."""
    found = []
    for line in prose(path).splitlines():
        if line.startswith("## "):
            match = re.fullmatch(r"## (.+) `(\S+) · (\d+) (?:min|分钟)`", line)
            assert match, f"no mark or minutes: {line}"
            found.append((match[1], match[2], int(match[3])))
    return found


@every_notebook
def test_every_section_is_marked_core_or_deeper_and_so_are_its_cells(path: Path) -> None:
    marks = MARKS[language_of(path)]
    mark = "core"
    for cell in read(path).cells:
        heading = re.search(r"^## .+ `(\S+) ·", cell.source, re.M) if cell.cell_type == "markdown" else None
        if heading:
            mark = next(key for key, wording in marks.items() if wording == heading[1])
        assert cell.metadata.tags == [mark], cell.source[:60]


@every_lesson
def test_the_core_takes_25_to_40_minutes_and_the_opening_says_so(path: Path) -> None:
    marks = MARKS[language_of(path)]
    minutes = {key: sum(time for _, mark, time in sections(path) if mark == wording) for key, wording in marks.items()}
    assert 25 <= minutes["core"] <= 40
    opening = read(path).cells[0].source
    said = next(line for line in opening.splitlines() if OPENING[language_of(path)][1] in line)
    assert [int(number) for number in re.findall(r"\d+", said)] == [minutes["core"], minutes["deeper"]]


@every_lesson
def test_it_opens_with_aims_and_minutes_and_ends_with_recap_misconception_exercises(path: Path) -> None:
    opening = read(path).cells[0].source
    assert re.match(rf"# {path.name[:2]} · \S", opening)
    assert re.search(r"^> ", opening, re.M), "no question that someone has"
    assert all(part in opening for part in OPENING[language_of(path)])
    text = prose(path)
    places = [re.search(rf"^##+ {heading}\b", text, re.M) for heading in HEADINGS[language_of(path)]]
    assert None not in places
    assert [place.start() for place in places] == sorted(place.start() for place in places)


@every_notebook
def test_its_terms_are_worded_as_in_the_vocabulary(path: Path) -> None:
    language = language_of(path)
    pairs = {(row["en"], row["zh"]) for row in read_table("words/terms")}
    lines = [line for line in prose(path).splitlines() if line.startswith(TERMS[language])]
    assert lines
    for line in lines:
        for term in line.removeprefix(TERMS[language]).split(" | "):
            pair = tuple(term.split(" · "))
            assert (pair if language == "en" else pair[::-1]) in pairs


@every_lesson
def test_hints_are_closed_and_can_be_opened(path: Path) -> None:
    text = prose(path)
    assert text.count("<details><summary>") == text.count("</summary>") == text.count("</details>") > 0
    assert "<details open" not in text


@every_lesson
def test_something_is_to_be_done_within_three_minutes_of_reading(path: Path) -> None:
    read_so_far = ""
    for cell in read(path).cells:
        if cell.cell_type == "code" and ("None" in cell.source or "whatif.guess(" in cell.source):
            break
        read_so_far += cell.source if cell.cell_type == "markdown" else ""
    else:
        pytest.fail("nothing is to be done")
    # 200 English words or 350 Chinese characters a minute
    words = len(re.findall(r"[A-Za-z0-9']+", HAN.sub("", read_so_far)))
    assert words / 200 + len(HAN.findall(read_so_far)) / 350 <= 3


@pytest.mark.parametrize("path", CHINESE, ids=name)
def test_chinese_prose_has_no_stray_spaces_and_its_bold_is_closed(path: Path) -> None:
    text = re.sub(r"```.*?```|`[^`]*`", "x", prose(path), flags=re.S)
    assert not re.search(r"[\u4e00-\u9fff，。；：][ \n](?![\n*])[\u4e00-\u9fff，。；：]", text)
    # Markdown leaves the stars standing where a bold part ends in punctuation and text follows at once
    assert not re.search(r"\*\*[^*\n]+[，。；：！？”）]\*\*[\w\u4e00-\u9fff]", text)


# --- the language follows the folder ------------------------------------------------------------------------


def test_use_without_a_language_follows_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, wording in (("zh", "鲸鱼曲线"), ("notebooks", "whale curve"), ("zh-notes", "whale curve")):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        cvm.use()
        assert cvm.term("whale_curve") == wording
    monkeypatch.chdir(tmp_path / "zh")
    cvm.use("en")
    assert cvm.term("whale_curve") == "whale curve"


# --- the first notebook, filled in --------------------------------------------------------------------------

ANSWERS = {
    'my_reason = {"Y": None, "S": None, "L": None, "H": None}': ('my_reason = {"Y": 4, "S": 3, "L": 2, "H": 4}'),
    "i_would_fight_for = None": 'i_would_fight_for = "Y, l"',
    'unit="share")\ntop_fifth': 'unit="share")\ntop_fifth.commit("80%")\ntop_fifth',
    'my_answer = ""': 'my_answer = "a"',
    "my_households = None": "my_households = 41.7",
    "my_half = None": "my_half = 17",
    "my_overlap = None": "my_overlap = 64.7",
}


def run(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Run a notebook as JupyterLab does, in its own folder; give up after four minutes, as a machine may be busy."""
    end = time.monotonic() + SECONDS
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout_func=lambda _: max(1, int(end - time.monotonic())),
        resources={"metadata": {"path": str(folder)}},
    )
    # the tests draw without a window; a notebook draws into itself
    env = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"}
    client.execute(env=env)


def on_the_page(notebook: nbformat.NotebookNode) -> list[str]:
    """What stands in the widgets of a notebook that was run, in no order."""
    (saved,) = notebook.metadata.widgets.values()
    return [str(model.state.value) for model in saved.state.values() if "value" in model.state]


@pytest.mark.parametrize(
    ("path", "told", "beside_the_truth"),
    [
        (
            FOLDER / "00_start_here.ipynb",
            {
                "compare_judges": "**3 of 4** customers and agreed on whether to win them back for **4 of 4**",
                "for_eighty": "**Right.**",
                "what_is_crm": "**Yes.**",
                "half_the_revenue": "**Right.**",
                "busiest": "**Right.**",
            },
            "Your guess: 80% · answer: 55% · 25 percentage points too high",
        ),
        (
            FOLDER / "zh" / "00_start_here.ipynb",
            {
                "compare_judges": "有 **3** 位选了同样的原因，有 **4** 位",
                "for_eighty": "**正确**。",
                "what_is_crm": "**对**。",
                "half_the_revenue": "**正确**。",
                "busiest": "**正确**。",
            },
            "你的估计：80% · 答案：55% · 高了 25 个百分点",
        ),
    ],
    ids=["en", "zh"],
)
def test_a_student_who_fills_it_in_is_answered(
    path: Path, told: dict[str, str], beside_the_truth: str, tmp_path: Path
) -> None:
    folder = tmp_path / "张 三" / path.parent.name
    folder.mkdir(parents=True)
    notebook = read(Path(shutil.copy(path, folder)))
    filled = 0
    for cell in notebook.cells:
        for empty, answer in ANSWERS.items():
            if cell.cell_type == "code" and empty in cell.source:
                cell.source = cell.source.replace(empty, answer)
                filled += 1
    assert filled == len(ANSWERS)
    run(notebook, folder)
    for call, sentence in told.items():
        (cell,) = [cell for cell in notebook.cells if cell.cell_type == "code" and call in cell.source]
        assert sentence in cell.outputs[-1].data["text/markdown"]
    page = on_the_page(notebook)
    # in the form, and in the line of the later cell
    assert sum(beside_the_truth in text for text in page) == 2
    assert sum("data:image/png" in text for text in page) == 1
    (summary,) = [text for text in page if "<tbody>" in text]
    assert re.findall(r"<td>(\d+%)</td>", summary) == ["80%", "55%"]
    assert (folder / "cvmlab-answers.json").exists()


def test_who_has_not_guessed_is_told_nothing(tmp_path: Path) -> None:
    notebook = read(Path(shutil.copy(FOLDER / "00_start_here.ipynb", tmp_path)))
    run(notebook, tmp_path)
    page = on_the_page(notebook)
    assert "55%" not in "".join(page)
    assert "data:image/png" not in "".join(page)
    assert sum(cvm.term("feedback.picture_waits", language="en") in text for text in page) == 1
    assert sum(cvm.term("whatif.not_committed", language="en") in text for text in page) == 1


def test_answers_to_the_first_exercises_are_what_the_data_say() -> None:
    households = cvm.aggregate.summarise_customers(cvm.datasets.load("grocery"))
    curve = cvm.portfolio.concentration_curve(households)
    half = 100 * cvm.portfolio.customers_for(curve, 0.5)
    fifth = len(households) // 5
    busiest = set(households.nlargest(fifth, "orders")["customer_id"])
    overlap = 100 * len(busiest & set(households.nlargest(fifth, "revenue")["customer_id"])) / fifth
    stated = {row["question"]: row["answer"] for row in read_table("answers/single")}
    assert f"{half:.1f}" == stated["start_here.half_the_revenue"]
    assert f"{overlap:.1f}" == stated["start_here.busiest"]
    assert feedback.check("start_here.half_the_revenue", half).right
    assert feedback.check("start_here.busiest", overlap).right

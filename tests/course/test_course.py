"""The student's copy of the course: complete, renewed, and never at the expense of the student's work."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cvmlab as cvm
from cvmlab import course
from cvmlab.core import paths
from cvmlab.core.words import CvmError
from cvmlab.course import copying, lab
from cvmlab.course.handout import without_answers

NOTEBOOK = "notebooks/00_start_here.ipynb"


@pytest.fixture
def source(tmp_path):
    """A small course."""
    folder = tmp_path / "source"
    _lay(folder, {
        NOTEBOOK: "one",
        "notebooks/zh/00_start_here.ipynb": "一",
        "notebooks/.ipynb_checkpoints/00_start_here-checkpoint.ipynb": "hidden",
        "exercises/01_lifecycle.ipynb": "task",
        "exercises/instructor/01_lifecycle.ipynb": "solution",
        "datasets/grocery.parquet": "data",
        "datasets/grocery.md": "card",
        "datasets/make_grocery.py": "script",
    })  # fmt: skip
    return folder


@pytest.fixture
def target(tmp_path):
    """A working folder with a blank and Chinese characters in its name."""
    return tmp_path / "张 三" / "cvmlab-course"


def _lay(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def _held(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8")
        for file in folder.rglob("*")
        if file.is_file() and file.name != copying.MANIFEST
    }


def test_a_copy_has_the_course_without_solutions_scripts_and_hidden_files(source, target):
    copy = course.copy_course(target, source=source)
    assert _held(target) == {
        NOTEBOOK: "one",
        "notebooks/zh/00_start_here.ipynb": "一",
        "exercises/01_lifecycle.ipynb": "task",
        "datasets/grocery.parquet": "data",
        "datasets/grocery.md": "card",
    }
    assert set(copy.written) == set(_held(target))


def test_copying_again_changes_nothing(source, target):
    course.copy_course(target, source=source)
    before = {file: file.stat().st_mtime_ns for file in target.rglob("*.ipynb")}
    again = course.copy_course(target, source=source)
    assert (again.written, again.kept, dict(again.beside)) == ((), (), {})
    assert {file: file.stat().st_mtime_ns for file in target.rglob("*.ipynb")} == before
    assert again.lines() == [f"The course in {target} is up to date."]


def test_a_changed_file_is_kept_while_the_course_stands_still(source, target):
    course.copy_course(target, source=source)
    _lay(target, {NOTEBOOK: "mine"})
    again = course.copy_course(target, source=source)
    assert again.kept == (NOTEBOOK,)
    assert _held(target)[NOTEBOOK] == "mine"
    assert any(NOTEBOOK in sentence for sentence in again.lines())


def test_an_unchanged_file_is_renewed(source, target):
    course.copy_course(target, source=source)
    _lay(source, {NOTEBOOK: "two"})
    assert course.copy_course(target, source=source).written == (NOTEBOOK,)
    assert _held(target)[NOTEBOOK] == "two"


def test_a_new_version_of_a_changed_file_is_laid_beside_once(source, target):
    course.copy_course(target, source=source)
    _lay(target, {NOTEBOOK: "mine"})
    _lay(source, {NOTEBOOK: "two"})
    second = course.copy_course(target, source=source)
    beside = "notebooks/00_start_here.new.ipynb"
    assert dict(second.beside) == {NOTEBOOK: beside}
    assert (_held(target)[NOTEBOOK], _held(target)[beside]) == ("mine", "two")
    assert any(beside in sentence for sentence in second.lines())

    (target / beside).unlink()
    third = course.copy_course(target, source=source)
    assert (third.kept, dict(third.beside)) == ((NOTEBOOK,), {})
    assert beside not in _held(target)


def test_work_in_the_file_laid_beside_is_not_overwritten_either(source, target):
    course.copy_course(target, source=source)
    _lay(target, {NOTEBOOK: "mine"})
    _lay(source, {NOTEBOOK: "two"})
    course.copy_course(target, source=source)
    _lay(target, {"notebooks/00_start_here.new.ipynb": "mine too"})
    _lay(source, {NOTEBOOK: "three"})
    course.copy_course(target, source=source)
    held = _held(target)
    assert held["notebooks/00_start_here.new.ipynb"] == "mine too"
    assert held["notebooks/00_start_here.new2.ipynb"] == "three"


def test_a_deleted_file_comes_back_fresh(source, target):
    course.copy_course(target, source=source)
    (target / NOTEBOOK).unlink()
    assert course.copy_course(target, source=source).written == (NOTEBOOK,)


@pytest.mark.parametrize("manifest", ["", "{", "[]", "\x00", None])
def test_a_lost_or_broken_manifest_costs_the_student_nothing(source, target, manifest):
    course.copy_course(target, source=source)
    _lay(target, {NOTEBOOK: "mine"})
    if manifest is None:
        (target / copying.MANIFEST).unlink()
    else:
        (target / copying.MANIFEST).write_text(manifest, encoding="utf-8")
    course.copy_course(target, source=source)
    assert _held(target)[NOTEBOOK] == "mine"
    assert json.loads((target / copying.MANIFEST).read_text(encoding="utf-8"))


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["student", "course", "copy"]), st.sampled_from("ab"), st.integers(0, 3)),
        max_size=12,
    )
)
def test_nothing_a_student_wrote_is_ever_lost(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("course")
    source, target = folder / "source", folder / "target"
    _lay(source, {"notebooks/a.ipynb": "course 0", "notebooks/b.ipynb": "course 0"})
    course.copy_course(target, source=source)
    work: dict[str, str] = {}
    for who, name, version in steps:
        notebook = f"notebooks/{name}.ipynb"
        if who == "student":
            work[notebook] = f"student {version}"
            _lay(target, {notebook: work[notebook]})
        elif who == "course":
            _lay(source, {notebook: f"course {version}"})
        else:
            course.copy_course(target, source=source)
            for edited, content in work.items():
                assert _held(target)[edited] == content
    course.copy_course(target, source=source)
    held = _held(target)
    for notebook, content in _held(source).items():
        assert notebook in work or held[notebook] == content


def test_a_write_that_fails_leaves_the_old_file_and_no_debris(source, target, monkeypatch):
    course.copy_course(target, source=source)
    before = _held(target)
    _lay(source, {NOTEBOOK: "two"})

    def full(self, to):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CvmError, match="No space left on device"):
        course.copy_course(target, source=source)
    assert _held(target) == before


def test_a_target_that_is_a_file_is_refused(source, tmp_path):
    file = tmp_path / "taken"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(CvmError, match="is a file"):
        course.copy_course(file, source=source)
    assert file.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("place", ["", "notebooks", "datasets/copy"])
def test_the_course_is_not_copied_into_itself(source, place):
    with pytest.raises(CvmError, match="inside the course"):
        course.copy_course(source / place, source=source)


def test_the_lines_are_chinese_when_chinese_is_spoken(source, target):
    copy = course.copy_course(target, source=source)
    cvm.use("zh")
    assert copy.lines() == [f"课程已复制到 {target}，共 5 个文件。"]


def test_the_real_course_holds_the_datasets_and_no_solutions(target):
    copy = course.copy_course(target)
    assert "datasets/grocery.parquet" in copy.written
    assert not [name for name in copy.written if "instructor" in name or name.endswith(".py")]


def _code_cells(notebook: Path) -> list[dict[str, Any]]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def _first_guess(cells: list[dict[str, Any]]) -> int:
    """Return the place of the first guess; an appendix asks none, and nothing of it is hidden."""
    asking = (place for place, cell in enumerate(cells) if "guess(" in "".join(cell["source"]))
    return next(asking, len(cells))


def test_no_answer_of_the_real_course_is_seen_before_its_guess(target):
    origin = paths.course_folder()
    course.copy_course(target)
    lessons = sorted(origin.glob("notebooks/**/[0-9]*.ipynb"))
    assert len(lessons) >= 8
    for lesson in lessons:
        committed, copied = _code_cells(lesson), _code_cells(target / lesson.relative_to(origin))
        first = _first_guess(committed)
        assert copied[:first] == committed[:first]
        assert not [cell for cell in copied[first:] if cell["outputs"] or cell["execution_count"] is not None]
        # whoever reads the course without a kernel still sees the pictures
        assert any("image/png" in out.get("data", {}) for cell in committed[first:] for out in cell["outputs"])


def test_a_copy_differs_from_the_course_in_nothing_but_what_is_not_to_be_seen_yet(target):
    course.copy_course(target)
    for lesson in sorted(paths.course_folder().glob("notebooks/**/[0-9A][0-9]_*.ipynb")):
        expected = json.loads(lesson.read_text(encoding="utf-8"))
        code = [cell for cell in expected["cells"] if cell["cell_type"] == "code"]
        for cell in code[_first_guess(code) :]:
            cell.update(outputs=[], execution_count=None)
        copied = target / lesson.relative_to(paths.course_folder())
        assert json.loads(copied.read_text(encoding="utf-8")) == expected


def test_a_notebook_without_a_guess_is_copied_byte_for_byte(target):
    course.copy_course(target)
    report = "notebooks/reports/case_report.ipynb"
    assert (target / report).read_bytes() == (paths.course_folder() / report).read_bytes()


ANSWERED = json.dumps({
    "cells": [{"cell_type": "code", "source": ["cvm.whatif.", 'guess("x")'], "outputs": ["7"], "execution_count": 1}]
})  # fmt: skip
UNSEEN = without_answers(ANSWERED.encode()).decode()


def test_a_copy_laid_with_answers_loses_them_unless_the_student_worked_in_it(source, target):
    def lay_as_before():
        _lay(source, {NOTEBOOK: ANSWERED})
        _lay(target, {NOTEBOOK: ANSWERED})
        manifest = {NOTEBOOK: hashlib.sha256(ANSWERED.encode()).hexdigest()}
        (target / copying.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")

    lay_as_before()
    assert NOTEBOOK in course.copy_course(target, source=source).written
    assert _held(target)[NOTEBOOK] == UNSEEN

    lay_as_before()
    _lay(target, {NOTEBOOK: "mine"})
    assert dict(course.copy_course(target, source=source).beside) == {NOTEBOOK: "notebooks/00_start_here.new.ipynb"}
    assert (_held(target)[NOTEBOOK], _held(target)["notebooks/00_start_here.new.ipynb"]) == ("mine", UNSEEN)


def test_a_notebook_the_student_has_run_keeps_its_outputs(source, target):
    _lay(source, {NOTEBOOK: ANSWERED})
    course.copy_course(target, source=source)
    assert _held(target)[NOTEBOOK] == UNSEEN
    # after a run it may even be, to the letter, what the course has committed
    _lay(target, {NOTEBOOK: ANSWERED})
    again = course.copy_course(target, source=source)
    assert (again.written, again.kept) == ((), (NOTEBOOK,))
    assert _held(target)[NOTEBOOK] == ANSWERED

    _lay(source, {NOTEBOOK: ANSWERED.replace("7", "8")})
    # only an output is new, and that the student does not get
    assert course.copy_course(target, source=source).kept == (NOTEBOOK,)
    assert _held(target)[NOTEBOOK] == ANSWERED


def test_lab_opens_at_the_first_notebook_of_the_language(source, target):
    course.copy_course(target, source=source)
    english = course.lab_command(target, language="en")
    chinese = course.lab_command(target, language="zh", browser=False, port=8899)
    assert english[:3] == [sys.executable, "-m", "jupyterlab"]
    assert english[-1].endswith("/lab/tree/notebooks/00_start_here.ipynb")
    assert chinese[-1].endswith("/lab/tree/notebooks/zh/00_start_here.ipynb")
    assert "--no-browser" in chinese
    assert "--ServerApp.port=8899" in chinese
    assert f"--ServerApp.root_dir={target}" in chinese


def test_lab_without_jupyterlab_says_how_to_get_it(target, monkeypatch):
    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    with pytest.raises(CvmError, match="pip install jupyterlab"):
        course.open_lab(target)


def test_a_missing_language_pack_is_told_only_to_who_wants_chinese(monkeypatch):
    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    assert course.missing_language_pack("en") is None
    assert "cvmlab[zh]" in (course.missing_language_pack("zh") or "")


def _open_a_lab_that(program, compiling, target, monkeypatch):
    """Open a stand-in for JupyterLab beside a stand-in for the compiler; return the exit code and the compiler."""
    started = []

    def start():
        started.append(background())
        return started[-1]

    background = lab._compile_in_background
    monkeypatch.setattr(lab, "lab_command", lambda *_, **__: [sys.executable, "-c", program])
    monkeypatch.setattr(lab, "_COMPILE", compiling)
    monkeypatch.setattr(lab, "_compile_in_background", start)
    target.mkdir(parents=True)
    return course.open_lab(target), started[0]


def test_the_compiler_works_beside_the_lab_at_low_priority_and_ends_with_it(target, monkeypatch):
    note = target / "priority"
    compiling = (
        f"import os, pathlib, time\npath = pathlib.Path({str(note)!r})\n"
        "part = path.with_suffix('.part')\n"
        "part.write_text(str(os.nice(0)) if hasattr(os, 'nice') else '19')\npart.replace(path)\ntime.sleep(600)"
    ).replace("import", lab._COMPILE.split("from cvmlab")[0] + "import", 1)
    program = f"import pathlib, time\nwhile not pathlib.Path({str(note)!r}).exists(): time.sleep(0.05)"
    code, compiler = _open_a_lab_that(program, compiling, target, monkeypatch)
    assert code == 0
    assert note.read_text() == "19"
    assert compiler.poll() not in (None, 0)


def test_a_server_that_fails_is_told_with_the_file_that_says_why(target, monkeypatch, capfd):
    monkeypatch.setattr(lab, "lab_command", lambda *_, **__: [sys.executable, "-c", "raise SystemExit('no port')"])
    monkeypatch.setattr(lab, "_compile_in_background", lambda: None)
    target.mkdir(parents=True)
    told: list[str] = []
    assert course.open_lab(target, tell=told.append) == 1
    assert told == [f"JupyterLab has stopped because of an error. Its log is in {target / lab.LOG}."]
    assert "no port" in (target / lab.LOG).read_text(encoding="utf-8")
    assert capfd.readouterr() == ("", "")


def test_a_compiler_that_fails_does_not_disturb_the_lab(target, monkeypatch, capfd):
    program = "import time; time.sleep(1); raise SystemExit(5)"
    code, compiler = _open_a_lab_that(program, "print('x'); raise ValueError('broken')", target, monkeypatch)
    assert (code, compiler.poll()) == (5, 1)
    assert capfd.readouterr() == ("", "")


def test_a_compiler_that_cannot_be_started_does_not_disturb_the_lab(monkeypatch):
    monkeypatch.setattr(sys, "executable", str(Path("nowhere") / "python"))
    assert lab._compile_in_background() is None


def test_the_program_in_the_background_compiles_the_engine():
    subprocess.run([sys.executable, "-P", "-c", lab._COMPILE], check=True)
    from cvmlab import market

    assert market.is_compiled()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX terminal and its Ctrl-C")
def test_lab_serves_the_folder_in_chinese_and_ends_cleanly_on_ctrl_c(source, target):
    import pty

    course.copy_course(target, source=source)
    program = (
        "import functools, sys; from cvmlab.course import open_lab; "
        "tell = functools.partial(print, file=sys.stderr, flush=True); "
        "sys.exit(open_lab(sys.argv[1], language='zh', browser=False, tell=tell))"
    )
    terminal, keyboard = pty.openpty()
    server = subprocess.Popen(
        [sys.executable, "-c", program, str(target)],
        stdin=keyboard,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    told: list[str] = []
    try:
        address, token = _address(server, told)
        names = [entry["name"] for entry in _asked(address, token, "api/contents/")["content"]]
        menus = _asked(address, token, "lab/api/settings/@jupyterlab/translation-extension:plugin")
        os.killpg(server.pid, signal.SIGINT)
        assert server.stderr is not None
        told += server.stderr.readlines()
        assert server.wait(60) == 0, "".join(told)
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
        os.close(terminal)
        os.close(keyboard)
    assert sorted(names) == ["datasets", "exercises", "notebooks"]
    assert menus["settings"] == {"locale": "zh_CN"}
    assert len(told) == 1, "only the address: what the server says is in its log"
    log = (target / lab.LOG).read_text(encoding="utf-8")
    assert "张 三" in log and "Traceback" not in log


def _address(server: subprocess.Popen[str], told: list[str]) -> tuple[str, str]:
    assert server.stderr is not None
    for line in server.stderr:
        told.append(line)
        found = re.search(r"(http://localhost:\d+/)\S*token=(\w+)", line)
        if found:
            return found[1], found[2]
    raise AssertionError("JupyterLab told no address:\n" + "".join(told))


def _asked(address: str, token: str, path: str) -> dict[str, Any]:
    request = Request(address + path, headers={"Authorization": f"token {token}"})
    for _ in range(120):
        try:
            with urlopen(request, timeout=30) as answer:
                return dict(json.load(answer))
        except URLError as error:
            # the address is told a moment before the server listens
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.25)
    raise AssertionError(f"{address} does not answer")


def test_links_from_lesson_to_lesson_lead_somewhere_in_the_copy(target):
    course.copy_course(target)
    followed = 0
    for notebook in sorted((target / "notebooks").glob("**/[0A]*.ipynb")):
        told = "".join("".join(cell["source"]) for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"])
        for link in re.findall(r"\]\(([0A][^)#:]+\.ipynb)\)", told):
            assert (notebook.parent / link).is_file(), f"{notebook.name}: {link}"
            followed += 1
    assert followed >= 6, "each lesson leads to the next, in both languages"

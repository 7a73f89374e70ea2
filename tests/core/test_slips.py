"""Slips at the keyboard, in a real IPython: explained in a sentence, and still the error they are."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cvmlab import speaking
from cvmlab.core.slips import CURLY, slip_in

SESSION = """
import contextlib, io, json, sys
from IPython.core.interactiveshell import InteractiveShell

shell, told = InteractiveShell.instance(), []
for cell in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
        result = shell.run_cell(cell)
    error = result.error_before_exec or result.error_in_exec
    told.append([type(error).__name__, out.getvalue()])
print(json.dumps(told))
"""
CELLS = [
    "import cvmlab as cvm; cvm.use()",
    "my_answer = c",
    "my_answer = “c”",
    'my_answer = "c”',
    "my_answer = curve",
    "my_answer = (c",
    "1 / 0",
    "def f():\n    return g\nf()",
    "cvm.use('zh')",
    "my_answer = c",
    "my_answer = “c”",
    "my_answer = 'c'; print(my_answer)",
]


def session(*cells: str) -> list[list[str]]:
    """Run cells in an IPython of their own and return the error and the output of each."""
    ran = subprocess.run(
        [sys.executable, "-c", SESSION, json.dumps(cells)], capture_output=True, text=True, check=True, timeout=120
    )
    found: list[list[str]] = json.loads(ran.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def told() -> list[list[str]]:
    return session(*CELLS)


def test_every_error_stays_the_error_it_is(told: list[list[str]]) -> None:
    expected = "NoneType NameError SyntaxError SyntaxError NameError SyntaxError ZeroDivisionError NameError"
    assert [kind for kind, _ in told] == [*expected.split(), "NoneType", "NameError", "SyntaxError", "NoneType"]
    for kind, said in told:
        # Python's own message is there as well
        assert kind == "NoneType" or kind in said


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        (1, 'Is `c` your answer? Then put it in quotation marks: `"c"`.'),
        (2, "`“` is not a quotation mark to Python."),
        (3, "`”` is not a quotation mark to Python."),
        (7, "Is `g` your answer?"),
        (9, "`c` 是你的答案吗？请加上英文引号"),
        (10, "Python 不认识 `“` 这样的引号"),
    ],
)
def test_a_slip_is_explained_before_the_error(told: list[list[str]], cell: int, sentence: str) -> None:
    kind, said = told[cell]
    assert 0 <= said.find(sentence) < said.find(kind)


@pytest.mark.parametrize("cell", [0, 4, 5, 6, 8, 11])
def test_nothing_else_is_explained(told: list[list[str]], cell: int) -> None:
    said = told[cell][1]
    assert "quotation mark" not in said
    assert "引号" not in said


def test_a_handler_of_somebody_else_stays() -> None:
    own = "def mine(shell, kind, error, trace, tb_offset=None): print('mine')"
    told = session(own, "get_ipython().set_custom_exc((NameError,), mine)", "import cvmlab as cvm; cvm.use()", "x = c")
    assert told[-1] == ["NameError", "mine\n"]


@pytest.mark.parametrize("sign", CURLY)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_such_mark_is_named(sign: str, language: str) -> None:
    with pytest.raises(SyntaxError) as raised:
        compile(f"x = {sign}c{sign}", "cell", "exec")
    with speaking(language):
        assert f"`{sign}`" in slip_in(raised.value)


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("x = 10 ×（100.4 − 89.5）", "`*`"),
        ("x = 10 * （100.4 - 89.5)", "`(`"),
        ("x = 100.4 − 89.5", "`-`"),
        ("x = 41.7%", "41.7"),
        ("x = 41.7％", "41.7"),
        ("x = ¥3080", "`¥`"),
        ("x = 1，5", "`,`"),
        ("x = 3,080", "`3080`"),
        ("x = 3，080", "`3080`"),
        ("x = 3080元", "`3080元`"),
        ("x = 95x(107.5-81.1)", "`95x`"),
    ],
)
@pytest.mark.parametrize("chosen", ["en", "zh"])
def test_a_sign_of_the_chinese_keyboard_is_named_with_the_one_to_write(typed: str, right: str, chosen: str) -> None:
    with pytest.raises(SyntaxError) as raised:
        compile(typed, "cell", "exec")
    with speaking(chosen):
        assert right in slip_in(raised.value)


def test_a_number_before_a_bracket_is_told_to_write_the_sign_of_times() -> None:
    assert "`*`" in slip_in(TypeError("'int' object is not callable"))
    assert slip_in(TypeError("'str' object is not callable")) == ""


@pytest.mark.parametrize(
    "typed", ['print("第 3课"', 'x = "3080元" y', "f(a, '12abc(' b)", "x = (1  # 3课", '"3,080" 080']
)
def test_what_stands_in_quotation_marks_or_a_remark_is_no_slip(typed: str) -> None:
    with pytest.raises(SyntaxError) as raised:
        compile(typed, "cell", "exec")
    assert slip_in(raised.value) == ""


def test_letters_without_quotation_marks_are_asked_about_and_a_remainder_is_not() -> None:
    assert "YL" in slip_in(NameError("name 'YL' is not defined", name="YL"))
    with pytest.raises(SyntaxError) as raised:
        compile("x = (7 % 3", "cell", "exec")
    assert slip_in(raised.value) == ""

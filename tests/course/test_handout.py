"""Answers are left out of a student's notebook from the first guess on, and nothing else is."""

import json

import pytest

from cvmlab.course.handout import without_answers

SHOWN = [{"output_type": "display_data", "data": {"image/png": "…"}, "metadata": {}}]


def code(source, count=1):
    return {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "source": source,
        "outputs": SHOWN,
        "execution_count": count,
    }


def notebook(*cells):
    return (json.dumps({"cells": list(cells), "nbformat": 4}, ensure_ascii=False, indent=1) + "\n").encode()


def cells(content):
    return json.loads(content)["cells"]


TEXT = {"cell_type": "markdown", "id": "t", "metadata": {}, "source": ["Guess( first. 先猜。"]}


@pytest.mark.parametrize(
    "asks",
    [
        'peak = cvm.whatif.guess("peak", truth=1.34)\npeak',
        'guess("peak")',
        ["from cvmlab.whatif import guess\n", "peak = guess(\n", '    "peak")'],
    ],
)
def test_outputs_go_from_the_first_guess_on(asks):
    before, asking, after = code("cvm.use()"), code(asks, 2), code("curve", 3)
    copied = cells(without_answers(notebook(TEXT, before, TEXT, asking, TEXT, after)))
    assert copied[:3] == [TEXT, before, TEXT]
    unseen = {"outputs": [], "execution_count": None}
    assert copied[3:] == [asking | unseen, TEXT, after | unseen]


@pytest.mark.parametrize("source", ["cvm.whatif.guesses_summary()", 'second_guess("x")', "guess", "x = 1"])
def test_a_notebook_that_asks_for_no_guess_comes_back_byte_for_byte(source):
    content = notebook(TEXT, code(source)).replace(b"\n", b"\r\n")
    assert without_answers(content) == content


@pytest.mark.parametrize("content", [b"", b"\xff guess(", b"guess(", b"[]", b"3", b'{"cells": []}', b"{}"])
def test_what_is_no_notebook_comes_back_byte_for_byte(content):
    assert without_answers(content) == content


def test_it_is_written_as_jupyter_writes_it():
    content = notebook(TEXT, code("guess(1)"))
    again = without_answers(content)
    assert again == notebook(TEXT, code("guess(1)") | {"outputs": [], "execution_count": None})
    assert without_answers(again) == again

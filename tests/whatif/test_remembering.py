"""The file beside the notebook: what a person committed is there after a restart, and nothing else is."""

import json
import os

import numpy as np
import pytest
from small_what_ifs import Offer, curve, draw, slider

from cvmlab.whatif import WhatIf, forget_guesses, guess, guessing, remembered, remembering


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Be in a notebook of an empty folder."""
    monkeypatch.setattr(remembering, "_file", lambda: tmp_path / remembering.FILE)
    monkeypatch.setenv("JPY_SESSION_NAME", "notebooks/00_start_here.ipynb")
    forget_guesses()
    yield tmp_path
    guessing.guesses.clear()


@pytest.fixture
def file(folder):
    return folder / remembering.FILE


def restart():
    guessing.guesses.clear()


def test_a_committed_guess_is_there_after_a_restart_and_unlocks_what_waits(file):
    guess("half", unit="share", truth=0.123456).commit(np.float64(0.25))
    (entry,) = json.loads(file.read_text(encoding="utf-8"))
    assert entry.pop("date").count("-") == 2
    assert entry == {
        "notebook": "00_start_here",
        "name": "half",
        "value": 0.25,
        "kind": "guess",
        "question": "half",
        "text": "25%",
        "answer": "12.3%",
    }
    restart()
    again = guess("half", unit="share", truth=0.123456)
    assert again.value == 0.25 and again._button.disabled
    assert not slider(WhatIf(Offer(), curve, draw, after=again), "retention_rate").disabled


def test_without_a_commit_nothing_is_written(file):
    asked = guess("half", truth=0.5)
    WhatIf(Offer(), curve, draw, after=asked).set(retention_rate=0.9)
    asked.reveal(0.6)
    assert not file.exists()


def test_outside_a_notebook_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    guess("half").commit(1)
    guessing.guesses.clear()
    assert not list(tmp_path.iterdir())


def test_an_answer_given_later_is_added_and_a_restart_changes_nothing(file):
    guess("half").commit(3)
    assert "answer" not in json.loads(file.read_text(encoding="utf-8"))[0]
    guess("half").reveal(4)
    assert json.loads(file.read_text(encoding="utf-8"))[0]["answer"] == "4"
    written = file.stat().st_mtime_ns
    restart()
    guess("half").reveal(4)
    assert file.stat().st_mtime_ns == written


def test_another_lesson_asks_anew_but_can_look_back(folder, monkeypatch):
    guess("order", order=["a", "b"]).commit(["b", "a"])
    restart()
    monkeypatch.setenv("JPY_SESSION_NAME", "notebooks/13_switching.ipynb")
    assert not guess("order", order=["a", "b"]).committed
    assert remembered("order").value == ["b", "a"] and repr(remembered("order")) == "b → a"
    missing = remembered("never asked")
    assert missing.value is None and missing.text == "Nothing has been answered in this folder yet: never asked."


def test_a_value_that_no_longer_fits_the_question_is_asked_anew(folder):
    guess("half", maximum=100).commit(60)
    restart()
    assert not guess("half", maximum=1).committed


def test_forgetting_leaves_what_is_no_guess(file):
    guess("half").commit(3)
    remembering.remember("judges.carrier", {"Y": 4}, kind="judgement")
    forget_guesses()
    assert [entry["name"] for entry in json.loads(file.read_text(encoding="utf-8"))] == ["judges.carrier"]


@pytest.mark.parametrize("content", ["{", "[1]", "{}", ""])
def test_a_broken_file_is_told_in_one_sentence_and_left_as_it_is(file, content):
    file.write_text(content, encoding="utf-8")
    asked = guess("half", truth=2)
    asked.commit(3)
    assert "The file cvmlab-answers.json cannot be read" in asked._answer.value and asked.value == 3
    assert "cannot be read" in remembered("half").text
    forget_guesses()
    assert file.read_text(encoding="utf-8") == content


def test_a_folder_that_cannot_be_written_is_told_in_one_sentence(folder, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(remembering, "write_whole", refuse)
    asked = guess("half", truth=2)
    asked.commit(3)
    assert "cvmlab-answers.json cannot be written (Permission denied)" in asked._answer.value and asked.value == 3

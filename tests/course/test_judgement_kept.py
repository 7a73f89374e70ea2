"""The first judgement of lesson 00 is there for a later lesson, if a person gave it."""

import pytest

from cvmlab.course.feedback import compare_judges
from cvmlab.whatif import kept, remembered, remembering

REASONS = {"Y": 4, "S": "3", "L": 2, "H": 4}


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(remembering, "_file", lambda: tmp_path / remembering.FILE)
    return tmp_path / remembering.FILE


def test_a_finished_judgement_is_kept_and_can_be_compared_again(file, monkeypatch):
    monkeypatch.setattr(kept, "on_a_page", lambda: True)
    compare_judges({**REASONS, "H": None}, "LY")
    assert not file.exists(), "it is not finished"
    told = compare_judges(REASONS, "LY")
    first = remembered("judges.carrier")
    assert first.value == {"reasons": {"Y": 4, "S": 3, "L": 2, "H": 4}, "fight_for": "LY"}
    assert first.text.startswith("Y: 4 ") and first.text.endswith("Would win back: L, Y.")
    assert compare_judges(first.value["reasons"], first.value["fight_for"]) == told


def test_a_notebook_filled_in_by_a_program_keeps_nothing(file):
    compare_judges(REASONS, "LY")
    assert not file.exists()


def test_a_broken_file_does_not_stop_the_comparison(file, monkeypatch):
    monkeypatch.setattr(kept, "on_a_page", lambda: True)
    file.write_text("{", encoding="utf-8")
    text = compare_judges(REASONS, "LY").text
    assert "second judge" in text and "cvmlab-answers.json cannot be read" in text.splitlines()[-1]

"""The worksheet of a group's plan: it answers what is missing, and makes the report of what is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cvmlab import report, speaking
from cvmlab.core.words import CvmError
from cvmlab.course.feedback import export_plan

FULL = {
    "group": "Group 3", "background": "Four left.", "analysis": "Slow data.", "solutions": "Speed.", "insights": "Ask.",
}  # fmt: skip
ALL_PARTS = "Background, Analysis of the problems, Solutions, Insights"
SPEED = {"speed": {"network_quality": 1.4}}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Try the measures in small markets; return what the reports were asked for."""
    asked: list[dict[str, Any]] = []
    whole = report.plan

    def small(*args: Any, **options: Any) -> report.Result:
        asked.append(options)
        return whole(*args, **options, customers=200, months=4, seeds=2)

    monkeypatch.setattr(report, "plan", small)
    return asked


@pytest.mark.parametrize(
    ("plan", "measures", "missing"),
    [
        ({**FULL, "group": " "}, SPEED, "name of the group"),
        (FULL, {}, "measures"),
        (dict.fromkeys(FULL, ""), SPEED, f"name of the group, {ALL_PARTS}"),
        (dict.fromkeys(FULL), {}, f"name of the group, {ALL_PARTS}, measures"),
    ],
)
def test_nothing_is_made_of_an_empty_worksheet(plan: Any, measures: Any, missing: str, tmp_path: Path) -> None:
    with speaking("en"):
        answer = export_plan(plan, measures, folder=tmp_path)
    assert f"Still to fill in: {missing}. Then" in answer.text
    assert answer.right is None and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("plan", "measures"),
    [(None, SPEED), ({"group": "a"}, SPEED), ({**FULL, "x": ""}, SPEED), (FULL, [1])],
)
def test_another_shape_is_answered_not_raised(plan: Any, measures: Any, tmp_path: Path) -> None:
    with speaking("en"):
        assert "needs the texts `group`" in export_plan(plan, measures, folder=tmp_path).text
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("measures", "said"),
    [
        ({"a": 2}, '`"A": {"network_quality": 1.4}`'),
        ({"a": {1: 2}}, '`"A": {"network_quality": 1.4}`'),
        ({"a": {"network_qality": 1.6}}, "`network_quality`"),
        ({"a": {"handset_subsidy": 300}}, '`"handset_offered": True`'),
        ({"a": {"handset_subsidy": 300, "handset_offered": False}}, '`"handset_offered": True`'),
        ({"a": {"price": 5}}, "0.95"),
    ],
)
def test_what_is_surely_not_meant_is_named_before_the_report(
    measures: Any, said: str, language: str, tmp_path: Path
) -> None:
    with speaking(language):
        assert said in export_plan(FULL, measures, folder=tmp_path).text
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("fields", [{}, {"care": 1}, {"price": 1.0, "win_back_offer": 0}])
def test_a_measure_that_changes_nothing_is_not_tried(fields: Any, tmp_path: Path) -> None:
    with speaking("en"):
        assert export_plan(FULL, {**SPEED, "b": fields}, folder=tmp_path).text.startswith("“b” changes nothing")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("measures", "said"),
    [
        ({"speed": {"tempo": 2}}, "There is no parameter 'tempo'"),
        ({"a": {"price": 0.9}, "b": {"price": 0.8}}, "both change price"),
    ],
)
def test_what_is_wrong_with_a_measure_is_said(measures: Any, said: str, tmp_path: Path, few: list[Any]) -> None:
    with speaking("en"):
        assert said in export_plan(FULL, measures, folder=tmp_path).text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_full_worksheet_becomes_a_report(language: str, tmp_path: Path, few: list[dict[str, Any]]) -> None:
    with speaking(language):
        answer = export_plan({**FULL, "group": "小组 3"}, SPEED, folder=tmp_path / "plans")
    page = tmp_path / "plans" / "小组 3" / "report.html"
    assert all(text in page.read_text(encoding="utf-8") for text in list(FULL.values())[1:])
    assert json.loads((page.parent / "case.json").read_text(encoding="utf-8"))["measures"] == SPEED
    assert ("ready" if language == "en" else "已生成") in answer.text
    # a link with a space or a Chinese name is none
    assert "/%E5%B0%8F%E7%BB%84%203/report.html)" in answer.text
    # nobody watches a test
    assert [options["progress"] for options in few] == [None]


def test_a_part_without_a_text_is_named(tmp_path: Path, few: list[Any]) -> None:
    with speaking("en"):
        answer = export_plan({**FULL, "insights": "", "analysis": None}, SPEED, folder=tmp_path)
    assert "Still without a text: Analysis of the problems, Insights." in answer.text


def test_what_the_report_refuses_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise CvmError("feedback.plan_shape")

    monkeypatch.setattr(report, "plan", refuses)
    with speaking("en"):
        assert export_plan(FULL, SPEED, folder=tmp_path).text.startswith("The plan needs")

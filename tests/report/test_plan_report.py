"""A group's plan becomes a report: the book's four parts, each measure tried, and what is missing is named."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from cvmlab import CvmError
from cvmlab.core.paths import course_folder
from cvmlab.core.words import speaking
from cvmlab.market import try_measures
from cvmlab.market.carrier import LATE_ANSWER
from cvmlab.report import plan, plan_pages

MEASURES = {
    "faster <network>": {"network_quality": 1.6},
    "handset": {"handset_offered": True, "handset_subsidy": 600, "contract_months": 24},
    "offer": {"win_back_offer": 40},
}
SMALL = {"customers": 1_000, "months": 12, "seeds": 2}


def text_of(pieces: list[object]) -> str:
    return "".join(piece.text for piece in pieces)  # type: ignore[attr-defined]


def test_the_four_parts_stand_in_the_order_of_the_book() -> None:
    cells = json.loads((course_folder() / "notebooks" / "reports" / "plan_report.ipynb").read_text(encoding="utf-8"))
    code = "\n".join("".join(cell["source"]) for cell in cells["cells"])
    places = [code.index(f'part("{name}"') for name in ("background", "analysis", "solutions", "insights")]
    assert places == sorted(places)
    with speaking("zh"):
        titles = [text_of(plan_pages.part(name, "x")) for name in ("background", "analysis", "solutions", "insights")]
    for title, chinese in zip(titles, ("背景", "问题分析", "解决方案", "启示"), strict=True):
        assert f"<h2>{chinese}</h2>" in title


def test_the_template_is_committed_without_outputs_and_says_its_parameters() -> None:
    path = course_folder() / "notebooks" / "reports" / "plan_report.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
    assert cells[0]["metadata"]["tags"] == ["parameters"]


def test_a_part_without_a_text_is_named_and_texts_are_escaped() -> None:
    assert "“Insights” has no text yet" in text_of(plan_pages.part("insights", " \n\n "))
    page = text_of(plan_pages.part("background", "One.\n\n<b>Two</b> & three."))
    assert "<p>One.</p>" in page
    assert "<p>&lt;b&gt;Two&lt;/b&gt; &amp; three.</p>" in page


def test_prevention_and_win_back_stand_apart_and_the_missing_one_is_named() -> None:
    tried = try_measures(MEASURES, **SMALL)
    page = text_of(plan_pages.tried_measures(tried, MEASURES, "¥")[:1])
    prevention, win_back, whole = (page.index(title) for title in ("Prevention:", "Win-back:", "The plan as a whole"))
    assert prevention < page.rindex("faster &lt;network&gt;") < win_back < page.rindex(">offer<") < whole
    assert "handset subsidy: ¥600; length of the contract: 24 months" in page
    assert "no win-back measure" not in page
    one = {"speed": {"network_quality": 1.6}}
    alone = text_of(plan_pages.tried_measures(try_measures(one, **SMALL), one, "¥")[:1])
    assert "no win-back measure" in alone and "The plan as a whole" not in alone
    offer = {"offer": {"win_back_offer": 40}}
    assert "no prevention measure" in text_of(plan_pages.tried_measures(try_measures(offer, **SMALL), offer, "¥")[:1])


def test_the_figures_of_the_table_are_those_tried() -> None:
    tried = try_measures(MEASURES, **SMALL)
    page = text_of(plan_pages.tried_measures(tried, MEASURES, "¥")[:1])
    for name in ("cost", "profit_without", "profit_with", "difference", "low", "high"):
        for amount in tried[name]:
            assert f"{amount:,.0f}".replace("-", "−") in page


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_worksheet_becomes_a_folder_with_a_page(language: str, tmp_path: Path) -> None:
    steps: list[str] = []
    made = plan(
        "第三组", MEASURES, background="The week.", analysis="Slow.", solutions="Speed.", base="late_answer",
        folder=tmp_path, language=language, progress=lambda done, all_steps, what: steps.append(what), **SMALL,
    )  # fmt: skip
    assert made.folder == tmp_path / "第三组"
    assert {path.name for path in made.folder.iterdir()} >= {"report.html", "report.ipynb", "measures.csv", "case.json"}
    page = re.sub(r"base64,[^\"']+", "", made.html.read_text(encoding="utf-8"))
    assert not re.search(r"\{[a-z_]+\}|plan\.[a-z]|\bnan\b|Traceback", page)
    assert ("What the trial assumes" if language == "en" else "试行所依据的假定") in page
    assert str(tmp_path) not in (made.folder / "report.ipynb").read_text(encoding="utf-8")
    kept = pd.read_csv(made.folder / "measures.csv", encoding="utf-8-sig")
    tried = try_measures(MEASURES, base=LATE_ANSWER, **SMALL)
    assert kept["difference"].tolist() == pytest.approx(tried["difference"].tolist(), abs=1e-3)
    assert json.loads((made.folder / "case.json").read_text(encoding="utf-8"))["kind"] == "plan"
    assert len(steps) > 5


@pytest.mark.parametrize(
    ("measures", "options", "says"),
    [
        ({"x": {"prize": 1}}, {}, "prize"),
        ({"x": {"price": -1}}, {}, "at least 0"),
        ({"x": {"price": 0.9}}, {"name": "a/b"}, "a/b"),
        ({"x": {"price": 0.9}}, {"base": "nothing"}, "nothing"),
    ],
)
def test_a_wrong_worksheet_is_refused_before_anything_is_made(
    measures: dict[str, dict[str, object]], options: dict[str, str], says: str, tmp_path: Path
) -> None:
    with pytest.raises(CvmError, match=says):
        plan("Group", measures, folder=tmp_path / "reports", **options)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_plan_that_the_market_refuses_leaves_nothing_behind(tmp_path: Path) -> None:
    twice = {"x": {"price": 0.9}, "y": {"price": 0.8}}
    with pytest.raises(CvmError, match="both change price"):
        plan("Group", twice, folder=tmp_path / "reports", **SMALL)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
